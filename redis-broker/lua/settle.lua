-- settle: a worker says what became of tasks that it holds.
-- KEYS: queue, tasks, history, failures, running, ready, scheduled, failed, dead, done, suspects,
--   names, bell, settles
-- ARGV: call number, answered mark, cap of dead and kept tasks, how many groups of acks, then each
--   group's claim number and joined ids, then five words an outcome: claim, id, verb, ms, bytes
-- Returns: tasks dropped at a cap, ':', then '' if all were applied, else 'A' or 'L' (lease lost)
--   for each acked id and then for each outcome
local seen = recall(ARGV[1])
if seen[2] then
  return seen[2]
end
if seen[1] and tonumber(ARGV[1]) <= tonumber(seen[1]) then
  return redis.error_reply('STALE')
end
local cap, groups = tonumber(ARGV[3]), tonumber(ARGV[4])

-- Reading every key by its type comes before any write: a wrong type ends the script here.
call('HLEN', K.tasks)
call('HLEN', K.history)
call('HLEN', K.failures)
call('HLEN', K.names)
call('LLEN', K.ready)
call('LLEN', K.suspects)
call('LLEN', K.bell)
call('ZCARD', K.dead)
call('ZCARD', K.done)
local function head_of(set)
  return tonumber(call('ZRANGE', set, 0, 0, 'WITHSCORES')[2] or 'inf')
end
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

local answers, all_applied, acked, emptied = {}, true, {}, {}
local function answer(applied)
  all_applied = all_applied and applied
  answers[#answers + 1] = applied and 'A' or 'L'
  return applied
end
local function take(number, id)
  local claim = claim_of(number)
  local held = claim.held[id]
  claim.held[id] = nil
  return answer(held == true)
end

local at = 5
for _ = 1, groups do
  local number, joined = ARGV[at], ARGV[at + 1]
  at = at + 2
  if not claims[number] and call('HGET', K.running, number) == joined then
    -- The usual case: a whole claim is acked at once.
    claims[number] = { ids = {}, held = {} }
    for _, id in ipairs(split_ids(joined)) do
      acked[#acked + 1] = id
      answer(true)
    end
  else
    for _, id in ipairs(split_ids(joined)) do
      if take(number, id) then
        acked[#acked + 1] = id
      end
    end
  end
end
local outcomes = {}
for first = at, #ARGV, 5 do
  if take(ARGV[first], ARGV[first + 1]) then
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
forget(acked)

local rings, done, died, kept = false, #acked, false, false
local function at_time(set, id, ms)
  local due = now + ms
  call('ZADD', set, due, id)
  rings = rings or due < soonest
end

local verbs = {}
function verbs.keep(id, _, ms)
  forget_sides({ id })
  call('ZADD', K.done, now + ms, id)
  done, kept = done + 1, true
end
function verbs.fail(id, front, ms, failure)
  local history = read_history(call('HGET', K.history, id))
  history.attempts = history.attempts + 1
  history.flags = front
  write_history(id, history)
  add_failure(id, history.attempts, failure)
  at_time(K.failed, id, ms)
end
function verbs.bury(id, _, _, failure)
  local history = read_history(call('HGET', K.history, id))
  history.attempts = history.attempts + 1
  write_history(id, history)
  add_failure(id, history.attempts, failure)
  call('ZADD', K.dead, now, id)
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

-- Released ids enter the front in reverse, so that the first one named is the first one out.
for step = #outcomes, 1, -1 do
  local first = outcomes[step]
  local verb, ms = ARGV[first + 2], tonumber(ARGV[first + 3])
  local front = string.sub(verb, -1) == '^' and FRONT or 0
  if front == FRONT and ms == 0 then
    verbs[string.sub(verb, 1, -2)](ARGV[first + 1], front, ms, ARGV[first + 4])
  end
end
for _, first in ipairs(outcomes) do
  local verb, ms = ARGV[first + 2], tonumber(ARGV[first + 3])
  local front = string.sub(verb, -1) == '^' and FRONT or 0
  if not (front == FRONT and ms == 0) then
    local name = front == FRONT and string.sub(verb, 1, -2) or verb
    verbs[name](ARGV[first + 1], front, ms, ARGV[first + 4])
  end
end

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
remember(ARGV[1], ARGV[2], seen[1], result)
return result
