-- remove: takes tasks away that no worker holds.
-- KEYS: queue, ready, tasks, history, failures, names, scheduled, failed, dead, done, kept, suspects,
--   leases, ghosts, then running of every worker that the caller saw in leases
-- ARGV: how many workers the caller saw, those workers, then the ids
-- Returns: '' if other workers have come since (ask again), else for each id 'R' (removed),
--   'M' (missing) or 'H' (held by a worker)
local workers = tonumber(ARGV[1])
call('LLEN', K.ready)
call('ZCARD', K.suspects)
call('HLEN', K.history)
call('HLEN', K.failures)
call('HLEN', K.names)
call('HLEN', K.tasks)
call('SCARD', K.ghosts)
for _, set in ipairs({ K.scheduled, K.failed, K.dead, K.done, K.kept }) do
  call('ZCARD', set)
end
call('ZCARD', K.leases)

-- What workers hold is read only for those that may be held: that have an envelope and stand in no set.
local function may_be_held(id)
  if call('HEXISTS', K.tasks, id) == 0 then
    return false
  end
  for _, set in ipairs({ K.scheduled, K.failed, K.dead, K.done, K.suspects }) do
    if call('ZSCORE', set, id) then
      return false
    end
  end
  return true
end

-- Which of these ids the workers hold that the caller saw.
local function held_of(wanted)
  local held = {}
  for at = 1, workers do
    local fields = call('HGETALL', KEYS[RUNNING_FROM + at - 1])
    for field = 1, #fields, 2 do
      local joined = tonumber(fields[field]) and fields[field + 1] or ''
      for first = 1, #joined, 16 do
        local id = string.sub(joined, first, first + 15)
        held[id] = wanted[id]
      end
    end
  end
  return held
end

local wanted, held = {}, {}
for at = workers + 2, #ARGV do
  wanted[ARGV[at]] = may_be_held(ARGV[at]) or nil
end
if next(wanted) then
  local known = {}
  for at = 1, workers do
    known[ARGV[at + 1]] = true
  end
  for _, worker in ipairs(call('ZRANGE', K.leases, 0, -1)) do
    -- What is no worker's id was written by somebody else, and holds nothing.
    if #worker == 16 and not known[worker] then
      return ''
    end
  end
  held = held_of(wanted)
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
    if found + call('ZREM', K.suspects, id) == 0 then
      -- It stands somewhere in the ready list: its id stays there as a ghost until a claim meets
      -- it, for looking through a long list would hold the store.
      call('SADD', K.ghosts, id)
    end
    end_attempts({ id })
    forget({ id })
    answers[#answers + 1] = 'R'
  end
end
return table.concat(answers)
