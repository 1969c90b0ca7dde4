-- requeue: an operator makes failed or dead tasks ready, their attempts and crashes forgotten.
-- KEYS: queue, ready, tasks, history, failed, dead, bell
-- ARGV: 'failed', 'dead' or 'ids', most tasks (or 0), then the ids
-- Returns: moved, whether the state holds more, or some that were named were not looked at
call('LLEN', K.ready)
call('HLEN', K.tasks)
call('HLEN', K.history)
call('ZCARD', K.failed)
call('ZCARD', K.dead)

unlock()
local named, failed, more = {}, {}, 0

-- Whether the body of this one, which is read if it is failed, is too much for this call (B7).
local bytes = 0
local function goes_too_far(id)
  if K.failedset and call('ZSCORE', K.failed, id) then
    bytes = bytes + call('HSTRLEN', K.tasks, id)
  end
  return #failed > 0 and bytes > BODIES_A_CALL
end

if ARGV[1] == 'ids' then
  for at = 3, #ARGV do
    local id = ARGV[at]
    if goes_too_far(id) then
      more = 1
      break
    end
    if call('ZREM', K.failed, id) == 1 then
      named[#named + 1] = id
      failed[#failed + 1] = id
    elseif call('ZREM', K.dead, id) == 1 then
      named[#named + 1] = id
    end
  end
else
  named = call('ZRANGE', K[ARGV[1]], 0, tonumber(ARGV[2]) - 1)
  named = { unpack(named, 1, with_bodies_that_fit(named)) }
  chunked('ZREM', K[ARGV[1]], named)
  failed = ARGV[1] == 'failed' and named or {}
end
-- A failed body that another program took from the plain set is not ours to bring back.
local _, taken = hide_all(failed)
local ids, gone = {}, {}
for _, id in ipairs(taken) do
  gone[id] = true
end
for _, id in ipairs(named) do
  if not gone[id] then
    ids[#ids + 1] = id
  end
end
if #taken > 0 then
  forget(taken)
end
if #ids > 0 then
  local records = call('HMGET', K.history, unpack(ids))
  for at, id in ipairs(ids) do
    local own = read_history(records[at]).own
    if own ~= '' then
      local fresh = read_history(nil)
      fresh.own = own
      write_history(id, fresh)
    elseif records[at] then
      call('HDEL', K.history, id)
    end
  end
  chunked('LPUSH', K.ready, ids)
  call('HINCRBY', K.queue, 'entered', #ids)
  call('HINCRBY', K.queue, 'behind', #ids)
  ring()
end
if ARGV[1] ~= 'ids' and call('ZCARD', K[ARGV[1]]) > 0 then
  more = 1
end
return { #ids, more }
