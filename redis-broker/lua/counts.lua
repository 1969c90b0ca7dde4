-- counts: how much of everything a queue holds; all of it O(1).
-- KEYS: queue, ready, tasks, scheduled, failed, dead, done, suspects, leases, inbox,
--   ghosts
-- ARGV: none
-- Returns: now, ready, suspects, tasks, scheduled, failed, dead, kept, inbox, live workers, paused,
--   done, dropped, pushed, the id that is out next (or nothing)
local numbers = call('HMGET', K.queue, 'done', 'dropped', 'pushed')
local function number(at)
  return tonumber(numbers[at] or '0')
end
return {
  now,
  math.max(0, call('LLEN', K.ready) - call('SCARD', K.ghosts)),
  call('ZCARD', K.suspects),
  call('HLEN', K.tasks),
  call('ZCARD', K.scheduled),
  call('ZCARD', K.failed),
  call('ZCARD', K.dead),
  call('ZCARD', K.done),
  call('LLEN', K.inbox),
  call('ZCOUNT', K.leases, '(' .. now, '+inf'),
  settings[2] and 1 or 0,
  number(1),
  number(2),
  number(3),
  call('LINDEX', K.ready, -1),
}
