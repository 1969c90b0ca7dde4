-- settle: a worker says what became of tasks that it holds: a mixed batch of outcomes.
-- KEYS: queue, tasks, history, failures, running, ready, scheduled, failed, dead, done, kept,
--   suspects, names, bell, settles
-- ARGV: call number, answered mark, cap of dead and kept tasks, then five words an outcome: claim,
--   id, verb (with ^ to enter at the front), ms, bytes
-- Returns: tasks dropped at a cap, ':', then '' if all were applied, else 'A' or 'L' (lease lost)
--   for each outcome
local seen = recall(ARGV[1])
if seen[1] and tonumber(ARGV[1]) <= tonumber(seen[1]) then
  return redis.error_reply('STALE')
end
if seen[2] then
  -- A repeat tells what its caller knows of the other calls by now. What is written first grows
  -- nothing: at the memory limit the rest passes behind it.
  if tonumber(ARGV[2]) > tonumber(seen[1] or '0') then
    call('PEXPIRE', K.settles, '600000')
    call('HSET', K.settles, 'answered', ARGV[2])
  end
  return seen[2]
end
local cap = tonumber(ARGV[3])

-- Reading every key by its type comes before any write: a wrong type ends the script here.
call('HLEN', K.tasks)
call('HLEN', K.history)
call('HLEN', K.failures)
call('HLEN', K.names)
call('LLEN', K.ready)
call('ZCARD', K.suspects)
call('ZCARD', K.dead)
call('ZCARD', K.done)
call('ZCARD', K.kept)
local soonest = math.min(head_of(K.scheduled), head_of(K.failed))
local lone = call('HGET', K.running, 'alone')

-- Claims that were touched: their ids as a set that outcomes take from, and in order.
local claims = {}
local function claim_of(number)
  local claim = claims[number]
  if not claim then
    local joined = call('HGET', K.running, number) or ''
    claim = { ids = split_ids(joined), held = {} }
    for _, id in ipairs(claim.ids) do
      claim.held[id] = true
    end
    claims[number] = claim
  end
  return claim
end

local answers, all_applied, emptied, outcomes = {}, true, {}, {}
for first = 4, #ARGV, 5 do
  local claim, id = claim_of(ARGV[first]), ARGV[first + 1]
  local held = claim.held[id] == true
  claim.held[id] = nil
  answers[#answers + 1] = held and 'A' or 'L'
  all_applied = all_applied and held
  if held then
    outcomes[#outcomes + 1] = first
  end
end

-- Writes begin here, with a removal.
unlock()
for number, claim in pairs(claims) do
  local left = {}
  for _, id in ipairs(claim.ids) do
    if claim.held[id] then
      left[#left + 1] = id
    end
  end
  if #left == 0 then
    emptied[#emptied + 1] = number
    if number == lone then
      emptied[#emptied + 1] = 'alone'
    end
  elseif #left < #claim.ids then
    call('HSET', K.running, number, table.concat(left))
  end
end
chunked('HDEL', K.running, emptied)

local rings, done, died, kept, acked = false, 0, false, false, {}
local function at_time(set, id, ms)
  local due = now + ms
  call('ZADD', set, due, id)
  rings = rings or due < soonest
end

local verbs = {}
function verbs.ack(id)
  acked[#acked + 1] = id
  done = done + 1
end
function verbs.keep(id, _, ms)
  end_attempts({ id })
  forget_sides({ id })
  call('ZADD', K.done, now, id)
  call('ZADD', K.kept, now + ms, id)
  done, kept = done + 1, true
end
function verbs.fail(id, front, ms, failure)
  local history = read_history(call('HGET', K.history, id))
  history.attempts = history.attempts + 1
  history.flags = front
  write_history(id, history)
  add_failure(id, history.attempts, failure)
  show_failed(id, history)
  at_time(K.failed, id, ms)
end
function verbs.bury(id, _, _, failure)
  local history = read_history(call('HGET', K.history, id))
  history.attempts = history.attempts + 1
  write_history(id, history)
  add_failure(id, history.attempts, failure)
  call('ZADD', K.dead, now, id)
  end_attempts({ id })
  died = true
end
function verbs.release(id, front, ms)
  local record = call('HGET', K.history, id)
  local history = read_history(record)
  if ms > 0 then
    if history.flags ~= front then
      history.flags = front
      write_history(id, history)
    end
    at_time(K.scheduled, id, ms)
  else
    enter(id, history, front == FRONT)
    rings = true
  end
end
function verbs.unknown(id, front, ms)
  local history = read_history(call('HGET', K.history, id))
  history.returns = history.returns + 1
  if history.since == 0 then
    history.since = now
  end
  write_history(id, history)
  verbs.release(id, front, ms)
end
function verbs.snooze(id, _, ms)
  local record = call('HGET', K.history, id)
  if record then
    local history = read_history(record)
    history.flags = 0
    write_history(id, history)
  end
  at_time(K.scheduled, id, ms)
end

-- Ids that enter the front do so in reverse, so that the first one named is the first one out.
local later = {}
for step = #outcomes, 1, -1 do
  local first = outcomes[step]
  local verb, to_front = string.gsub(ARGV[first + 2], '%^$', '')
  local ms = tonumber(ARGV[first + 3])
  if to_front == 1 and ms == 0 and (verb == 'release' or verb == 'unknown') then
    verbs[verb](ARGV[first + 1], FRONT, ms)
  else
    later[#later + 1] = { verb, ARGV[first + 1], to_front, ms, ARGV[first + 4] }
  end
end
for step = #later, 1, -1 do
  local verb, id, to_front, ms, bytes = unpack(later[step])
  verbs[verb](id, to_front, ms, bytes)
end

end_attempts(acked)
forget(acked)
local dropped = 0
if died then
  dropped = drop_over(K.dead, cap)
end
if kept then
  dropped = dropped + drop_over(K.done, cap)
end
if done > 0 then
  call('HINCRBY', K.queue, 'done', done)
end
if rings then
  ring()
end
local result = dropped .. ':' .. (all_applied and '' or table.concat(answers))
remember(ARGV[1], ARGV[2], seen, result)
return result
