-- remove: takes tasks away that no worker holds.
-- KEYS: queue, ready, tasks, history, failures, names, scheduled, failed, dead, done, kept, suspects,
--   leases, then running of every worker that the caller saw in leases
-- ARGV: how many workers the caller saw, those workers, then the ids
-- Returns: '' if other workers have come since (ask again), else for each id 'R' (removed),
--   'M' (missing) or 'H' (held by a worker)
local workers = tonumber(ARGV[1])
call('LLEN', K.ready)
call('LLEN', K.suspects)
call('HLEN', K.history)
call('HLEN', K.failures)
call('HLEN', K.names)
for _, set in ipairs({ K.scheduled, K.failed, K.dead, K.done, K.kept }) do
  call('ZCARD', set)
end
if call('ZCARD', K.leases) ~= workers then
  return ''
end
local held = {}
for at = 1, workers do
  if not call('ZSCORE', K.leases, ARGV[at + 1]) then
    return ''
  end
  local fields = call('HGETALL', KEYS[RUNNING_FROM + at - 1])
  for field = 1, #fields, 2 do
    if tonumber(fields[field]) then
      for _, id in ipairs(split_ids(fields[field + 1])) do
        held[id] = true
      end
    end
  end
end

unlock()
local answers = {}
for at = workers + 2, #ARGV do
  local id = ARGV[at]
  if call('HEXISTS', K.tasks, id) == 0 then
    answers[#answers + 1] = 'M'
  elseif held[id] then
    answers[#answers + 1] = 'H'
  else
    local failed = call('ZREM', K.failed, id)
    if failed > 0 then
      hide_all({ id })
    end
    local found = failed + call('ZREM', K.scheduled, id) + call('ZREM', K.dead, id)
      + call('ZREM', K.done, id)
    call('ZREM', K.kept, id)
    if found == 0 then
      found = call('LREM', K.suspects, 1, id)
    end
    if found == 0 then
      -- It stands somewhere in the ready list: its id stays there as a ghost until a claim meets
      -- it, for looking through a long list would hold the store.
      call('HINCRBY', K.queue, 'ghosts', 1)
    end
    forget({ id })
    answers[#answers + 1] = 'R'
  end
end
return table.concat(answers)
