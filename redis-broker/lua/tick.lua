-- tick: promote and requeue what is due, cut leases that reach too far, drop kept tasks whose time
-- is over, and name the workers whose lease has ended.
-- KEYS: queue, ready, tasks, history, failures, names, scheduled, failed, suspects, leases, done, kept, bell
-- ARGV: most tasks of each set, the longest lease in ms, ms between two sweeps of an adopted set, '1'
--   if the caller may reconcile, the caller's beat in ms, '1' if the row starts anew
-- Returns: now, promoted, requeued, dropped, more, ms to the next due task (-1: none), the workers,
--   whether to look if the numbers add up, or to go on with a search; whether the row is steady; whether
--   more leases may have ended than those of the workers named
local limit, longest = tonumber(ARGV[1]), tonumber(ARGV[2])

-- Reading every key by its type comes before any write: a wrong type ends the script here.
call('LLEN', K.ready)
call('ZCARD', K.suspects)
call('HLEN', K.tasks)
call('HLEN', K.history)
call('HLEN', K.failures)
call('HLEN', K.names)
call('ZCARD', K.scheduled)
call('ZCARD', K.failed)
local ahead = call('ZRANGEBYSCORE', K.leases, '(' .. now + longest, '+inf', 'LIMIT', 0, 100)
local over = call('ZRANGEBYSCORE', K.kept, '-inf', now, 'LIMIT', 0, limit)
call('ZCARD', K.done)
local held = call('ZCARD', K.leases) > 0

local promoted = take_due(K.scheduled, limit)
local requeued, sweeps_on = requeue_due(limit), false
if K.failedset then
  local swept
  swept, sweeps_on = sweep(tonumber(ARGV[3]))
  requeued = requeued + swept
end
if promoted + requeued > 0 then
  ring()
end
if #ahead + #over > 0 then
  unlock()
end
for _, worker in ipairs(ahead) do
  call('ZADD', K.leases, now + longest, worker)
end
if #over > 0 then
  chunked('ZREM', K.kept, over)
  chunked('ZREM', K.done, over)
  forget(over)
end
local WORKERS_NAMED = 100
local ended = call('ZRANGEBYSCORE', K.leases, '-inf', now, 'LIMIT', 0, WORKERS_NAMED + 1)
local more_ended = #ended > WORKERS_NAMED
ended[WORKERS_NAMED + 1] = nil
local expired, no_workers = {}, {}
for _, worker in ipairs(ended) do
  local ours = #worker == 16
  expired[#expired + 1] = ours and worker or nil
  no_workers[#no_workers + 1] = not ours and worker or nil
end
if #no_workers > 0 then
  -- Written by somebody else: they would stand before the leases of workers for ever.
  unlock()
  call('ZREM', K.leases, unpack(no_workers))
end

-- Whether it is time to look if the numbers add up: once a minute, by one of all that tick.
local CHECK_MS = 60000
local function look_after()
  local marks = call('HMGET', K.queue, 'checked', 'searching')
  local ago = now - (tonumber(marks[1] or '') or 0)
  if marks[1] and ago >= 0 and ago < CHECK_MS then
    return marks[2]
  end
  unlock()
  call('HSET', K.queue, 'checked', now)
  return marks[1] or marks[2]
end

-- Whether ticks of this beat, by anybody, have been answered for a beat without a pause (B16). The
-- row is kept only while there is somebody to judge.
local function is_steady(beat, anew)
  local row = call('HGET', K.queue, 'row')
  if not held then
    if row then
      unlock()
      call('HDEL', K.queue, 'row')
    end
    return false
  end
  local of, first, last = string.match(row or '', '^(%d+) (%d+) (%d+)$')
  local pause = of == beat and now - last or math.huge
  if anew or pause < 0 or pause > tonumber(beat) then
    first = now
  end
  unlock()
  call('HSET', K.queue, 'row', string.format('%s %.0f %.0f', beat, first, now))
  return now - first >= tonumber(beat)
end
local steady = is_steady(ARGV[5], ARGV[6] == '1')
local looks = ARGV[4] == '1' and call('HLEN', K.queue) > 0 and look_after()
local function is_due(set)
  return head_of(set) <= now
end
local more = is_due(K.scheduled) or is_due(K.failed) or is_due(K.kept) or sweeps_on
  or (more_ended and #no_workers > 0)
return { now, promoted, requeued, #over, more and 1 or 0, next_due(), expired, looks and 1 or 0,
  steady and 1 or 0, more_ended and 1 or 0 }
