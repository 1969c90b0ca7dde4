-- purge: takes away tasks of one state, the oldest first.
-- KEYS: queue, ready, tasks, history, failures, names, scheduled, failed, dead, done, kept,
--   suspects, ghosts
-- ARGV: 'ready', 'scheduled', 'failed', 'dead' or 'done', most tasks
-- Returns: removed, whether the state holds more
local state, limit = ARGV[1], tonumber(ARGV[2])
call('LLEN', K.ready)
call('ZCARD', K.suspects)
call('HLEN', K.tasks)
call('HLEN', K.history)
call('HLEN', K.failures)
call('HLEN', K.names)
call('SCARD', K.ghosts)
for _, set in ipairs({ K.scheduled, K.failed, K.dead, K.done, K.kept }) do
  call('ZCARD', set)
end

-- Those that are out next, which of a list are at its end.
local function next_ready()
  local ids, turned = call('LRANGE', K.ready, -limit, -1), {}
  for at = #ids, 1, -1 do
    turned[#turned + 1] = ids[at]
  end
  local apart = #turned < limit and call('ZRANGE', K.suspects, 0, limit - #turned - 1) or {}
  for _, id in ipairs(apart) do
    turned[#turned + 1] = id
  end
  return turned
end

unlock()
local ids, more = {}, 0
if K.failedset then
  limit = math.max(1, with_bodies_that_fit(
    state == 'ready' and next_ready() or call('ZRANGE', K[state], 0, limit - 1)))
end
if state == 'ready' then
  local popped = call('RPOP', K.ready, limit) or {}
  if #popped < limit then
    local apart = call('ZRANGE', K.suspects, 0, limit - #popped - 1)
    chunked('ZREM', K.suspects, apart)
    for _, id in ipairs(apart) do
      popped[#popped + 1] = id
    end
  end
  for _, id in ipairs(popped) do
    if call('SREM', K.ghosts, id) == 0 then
      ids[#ids + 1] = id
    end
  end
  more = call('LLEN', K.ready) + call('ZCARD', K.suspects)
else
  ids = call('ZRANGE', K[state], 0, limit - 1)
  chunked('ZREM', K[state], ids)
  if state == 'done' then
    chunked('ZREM', K.kept, ids)
  end
  if state == 'failed' then
    hide_all(ids)
  end
  more = call('ZCARD', K[state])
end
end_attempts(ids)
forget(ids)
return { #ids, more > 0 and 1 or 0 }
