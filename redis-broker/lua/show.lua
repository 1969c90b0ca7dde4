-- show: all there is to know about one task.
-- KEYS: queue, tasks, history, failures, scheduled, failed, dead, done, leases, then running of
--   every worker that the caller saw in leases
-- ARGV: id, then those workers
-- Returns: nothing if there is no such task, else its state, time (or nothing), the worker that
--   holds it (or nothing), envelope, history (or nothing), failures (or nothing)
local id = ARGV[1]
local envelope = call('HGET', K.tasks, id)
if not envelope then
  return false
end
local function found(state, time, worker)
  return {
    state, time or false, worker or false, envelope,
    call('HGET', K.history, id), call('HGET', K.failures, id),
  }
end
for _, state in ipairs({ 'scheduled', 'failed', 'dead', 'done' }) do
  local time = call('ZSCORE', K[state], id)
  if time then
    return found(state, time)
  end
end
for at = 2, #ARGV do
  local fields = call('HGETALL', KEYS[RUNNING_FROM + at - 2])
  for field = 1, #fields, 2 do
    if tonumber(fields[field]) then
      local joined = fields[field + 1]
      local start = string.find(joined, id, 1, true)
      while start do
        if start % 16 == 1 then
          return found('running', false, ARGV[at])
        end
        start = string.find(joined, id, start + 1, true)
      end
    end
  end
end
return found('ready')
