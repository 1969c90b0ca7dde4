-- requeue: an operator makes failed or dead tasks ready, their attempts and crashes forgotten.
-- KEYS: queue, ready, tasks, history, failed, dead, bell
-- ARGV: 'failed', 'dead' or 'ids', most tasks (or 0), then the ids
-- Returns: moved, whether the state holds more
call('LLEN', K.ready)
call('LLEN', K.bell)
call('HLEN', K.tasks)
call('HLEN', K.history)
call('ZCARD', K.failed)
call('ZCARD', K.dead)

unlock()
local ids = {}
if ARGV[1] == 'ids' then
  for at = 3, #ARGV do
    local failed = call('ZREM', K.failed, ARGV[at])
    if failed > 0 then
      hide_all({ ARGV[at] })
    end
    if failed + call('ZREM', K.dead, ARGV[at]) > 0 then
      ids[#ids + 1] = ARGV[at]
    end
  end
else
  ids = call('ZRANGE', K[ARGV[1]], 0, tonumber(ARGV[2]) - 1)
  chunked('ZREM', K[ARGV[1]], ids)
  if ARGV[1] == 'failed' then
    hide_all(ids)
  end
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
  ring()
end
local more = ARGV[1] ~= 'ids' and call('ZCARD', K[ARGV[1]]) > 0 and 1 or 0
return { #ids, more }
