-- counts: how much of everything a queue holds; all of it O(1).
-- KEYS: queue, ready, tasks, scheduled, failed, dead, done, suspects, leases, inbox,
--   ghosts
-- ARGV: none
-- Returns: now, ready, suspects, tasks, scheduled, failed, dead, kept, inbox, live workers, paused,
--   done, dropped, pushed, the oldest id of those that are out next (or nothing)
local numbers = call('HMGET', K.queue, 'done', 'dropped', 'pushed')
local function number(at)
  return tonumber(numbers[at] or '0')
end

-- Of the next ids of the ready list that were not removed, and the next suspect, the older one: ids
-- begin with the time at which they were made.
local LOOKED_AT = 1000
local function oldest()
  local ghosts = call('SCARD', K.ghosts)
  local next_out = call('LRANGE', K.ready, ghosts > 0 and -LOOKED_AT or -1, -1)
  local removed = ghosts > 0 and #next_out > 0 and call('SMISMEMBER', K.ghosts, unpack(next_out)) or {}
  local at = #next_out
  while at > 0 and removed[at] == 1 do
    at = at - 1
  end
  local ready, suspect = next_out[at], call('ZRANGE', K.suspects, 0, 0)[1]
  if ready and suspect then
    return ready < suspect and ready or suspect
  end
  return ready or suspect
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
  oldest(),
}
