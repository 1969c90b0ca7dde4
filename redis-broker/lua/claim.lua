-- claim: a worker takes tasks under a number of its own choice.
-- KEYS: queue, ready, tasks, history, running, leases, scheduled, failed, suspects, bell, inbox,
--   ghosts
-- ARGV: worker, claim number, lease in ms, most tasks, 'shared' or 'alone', an id to make ids for
--   the inbox from (or ''), most tasks to move on the way, most bytes, size from which an envelope
--   is large
-- Returns: now, more, ms to the next due task (-1: none), suspects, your turn, paused, promoted and
--   requeued on the way, the ids joined, the envelopes, the histories (empty if no task of the queue
--   has one)
local worker, number = ARGV[1], ARGV[2]
local lease, most, alone = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == 'alone'
local seed, move, bytes = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])

-- Reading every key by its type comes before any write: a wrong type ends the script here.
local last = call('HGET', K.running, 'last')
local leased = call('ZSCORE', K.leases, worker)
local ready = call('LLEN', K.ready)
local suspects = call('ZCARD', K.suspects)
local inbox = call('LLEN', K.inbox)
local ghosts = call('SCARD', K.ghosts)
local with_histories = call('HLEN', K.history) > 0
call('HLEN', K.tasks)
local rings = call('LLEN', K.bell) == 0
local soonest_scheduled = tonumber(call('ZRANGE', K.scheduled, '0', '0', 'WITHSCORES')[2] or 'inf')
local soonest_failed = tonumber(call('ZRANGE', K.failed, '0', '0', 'WITHSCORES')[2] or 'inf')
local soonest = math.min(soonest_scheduled, soonest_failed)
local repeated = last and tonumber(number) <= tonumber(last)

-- The usual claim: tasks wait, nothing else is to be looked after, and all of them have envelopes.
-- It ends here, before the pieces: what they define costs more than what it does.
local popped
local nothing_else = leased and suspects + ghosts == 0 and not with_histories and soonest > now
  and not (settings[2] or settings[3] or settings[4])
local enough = ready >= most or (ready > 0 and (inbox == 0 or seed == ''))
if nothing_else and enough and most > 0 and not (repeated or alone or K.failedset) then
  popped = call('RPOP', K.ready, ARGV[4])
  local envelopes = call('HMGET', K.tasks, unpack(popped))
  local whole = true
  for at = 1, #popped do
    whole = whole and envelopes[at] and #popped[at] == 16
  end
  if whole then
    local ids = table.concat(popped)
    call('HSET', K.running, 'last', number, number, ids)
    call('ZADD', K.leases, now + lease, worker)
    local waits = ready > #popped
    if waits and rings then
      call('LPUSH', K.bell, '1')
    end
    return {
      now,
      (waits or (seed ~= '' and inbox > 0)) and 1 or 0,
      soonest < math.huge and math.max(0, math.ceil(soonest - now)) or -1,
      0, 0, 0, 0, 0, ids, envelopes, {},
    }
  end
end

-- The pieces stand here.

local promoted, requeued = 0, 0
if soonest_scheduled <= now or soonest_failed <= now then
  promoted = take_due(K.scheduled, move)
  requeued = requeue_due(move)
  ready, suspects = call('LLEN', K.ready), call('ZCARD', K.suspects)
  inbox = call('LLEN', K.inbox)
  soonest_scheduled, soonest_failed = head_of(K.scheduled), head_of(K.failed)
end

-- How many of the next tasks fit: sizes are looked up only if the queue ever held a large one.
local function fitting(count, room, least)
  if not settings[3] then
    return count
  end
  local next_out = call('LRANGE', K.ready, -count, -1)
  for at = #next_out, 1, -1 do
    room = room - call('HSTRLEN', K.tasks, next_out[at])
    if room < 0 then
      return math.max(least, #next_out - at)
    end
  end
  return count
end

local function pop_ready(wanted, room, least)
  if popped then
    local ids = popped
    ready, popped = ready - #ids, nil
    return ids
  end
  local count = fitting(math.min(wanted, ready), room, least)
  if count == 0 then
    return {}
  end
  ready = ready - count
  return call('RPOP', K.ready, count)
end

local function envelopes_of(ids)
  if #ids == 0 then
    return ids, {}, {}
  end
  local values = call('HMGET', K.tasks, unpack(ids))
  local found, envelopes, missing = {}, {}, {}
  for at = 1, #ids do
    if not values[at] then
      missing[#missing + 1] = ids[at]
    elseif #ids[at] ~= 16 then
      ids[at] = rename(ids[at])
    end
  end
  if #missing == 0 then
    return ids, values, missing
  end
  for at, id in ipairs(ids) do
    if values[at] then
      found[#found + 1] = id
      envelopes[#envelopes + 1] = values[at]
    end
  end
  return found, envelopes, missing
end

-- Ids whose task was removed while they waited, or damaged by somebody, stop nothing (B9): they are
-- passed over, and what stands behind them fills the claim up.
local GHOSTS_A_CLAIM, WINDOW = 10000, 1000
local passed = 0

-- Takes the ghosts that stand at the very end, a window at a time.
local function pass_ghosts()
  while ghosts > 0 and ready > 0 and passed < GHOSTS_A_CLAIM do
    local window = call('LRANGE', K.ready, -WINDOW, -1)
    local is_ghost = call('SMISMEMBER', K.ghosts, unpack(window))
    local live = #window
    while live > 0 and is_ghost[live] == 1 do
      live = live - 1
    end
    local count = #window - live
    if count > 0 then
      call('RPOP', K.ready, count)
      call('SREM', K.ghosts, unpack(window, live + 1))
      ready, ghosts, passed = ready - count, ghosts - count, passed + count
    end
    if live > 0 then
      return
    end
  end
end

-- Ids without a task that are no ghosts: somebody took their envelopes, or wrote them here.
local function pass_missing()
  while ready > 0 and passed < GHOSTS_A_CLAIM do
    local window = call('LRANGE', K.ready, -WINDOW, -1)
    local live = #window
    while live > 0 and call('HEXISTS', K.tasks, window[live]) == 0 do
      live = live - 1
    end
    local count = #window - live
    if count > 0 then
      call('RPOP', K.ready, count)
      ghosts = ghosts - call('SREM', K.ghosts, unpack(window, live + 1))
      ready, passed = ready - count, passed + count
    end
    if live > 0 then
      return
    end
  end
end

local function take_ready()
  pass_ghosts()
  local ids, envelopes, room, tries = {}, {}, bytes, 0
  while ready > 0 and #ids < most and tries < 10 and passed < GHOSTS_A_CLAIM do
    local found, values, missing =
      envelopes_of(pop_ready(most - #ids, room, #ids == 0 and 1 or 0))
    if #missing == 0 and #ids == 0 then
      return found, values
    end
    for at, id in ipairs(found) do
      ids[#ids + 1], envelopes[#envelopes + 1] = id, values[at]
      room = room - #values[at]
    end
    if #missing == 0 then
      break
    end
    tries = tries + 1
    if ghosts > 0 then
      ghosts = ghosts - call('SREM', K.ghosts, unpack(missing))
    end
    if #found == 0 then
      pass_missing()
    end
  end
  return ids, envelopes
end

-- What taking a body in sends, in forms that do nothing: a right that is missing ends the claim here.
-- Found out further on it would leave a body in two places, or take it out for nobody.
local function may_take_inbox()
  call('RPOP', K.inbox, 0)
  call('HINCRBY', K.queue, 'pushed', 0)
  call('ZADD', K.leases, 'XX', 0, '-')
  call('PERSIST', K.queue)
end

-- Bodies that any program pushed: they get an id and the shortest envelope. What is known of equal
-- bodies comes with them; one that is a suspect waits apart, for which the bell is rung.
local apart = false
local function take_inbox(ids, envelopes)
  local room, before, taken = bytes, #ids, {}
  for _, envelope in ipairs(envelopes) do
    room = room - #envelope
  end
  for index = 1, most - before do
    local body = call('LINDEX', K.inbox, -index)
    if not body or (before + #taken > 0 and #body + 4 > room) then
      break
    end
    room = room - #body - 4
    local id = string.sub(seed, 1, 14) .. struct.pack('>I2', index)
    local envelope = '\1\0\0\0' .. body
    taken[index] = { id, envelope, body }
    call('HSET', K.tasks, id, envelope)
  end
  if #taken > 0 then
    -- At once: whatever comes in between, each body is in one place.
    call('RPOP', K.inbox, #taken)
    call('HINCRBY', K.queue, 'pushed', #taken)
    inbox = inbox - #taken
  end
  for _, entry in ipairs(taken) do
    local id, envelope, body = unpack(entry)
    if #envelope > tonumber(ARGV[9]) and not settings[3] then
      call('HSET', K.queue, 'big', '1')
    end
    local history = history_before(body)
    if history then
      write_history(id, history)
      with_histories = true
    end
    if history and history.crashes >= SUSPECT_FROM then
      enter(id, history, false)
      suspects, apart = suspects + 1, true
    else
      ids[#ids + 1] = id
      envelopes[#envelopes + 1] = envelope
    end
  end
end

-- The number is spent whatever it took: a late copy of this claim takes nothing (B4).
local function record(ids)
  if #ids == 0 then
    call('HSET', K.running, 'last', number)
  elseif alone then
    call('HSET', K.running, 'last', number, number, table.concat(ids), 'alone', number)
  else
    call('HSET', K.running, 'last', number, number, table.concat(ids))
  end
  call('ZADD', K.leases, now + lease, worker)
  if not leased then
    call('PERSIST', K.running)
  end
end

local ids, envelopes = {}, {}
local takes = not repeated and not settings[2] and most > 0
if not repeated and not (takes and not alone and ready > 0) then
  unlock()
end
local from_inbox = takes and not alone and not popped and seed ~= '' and inbox > 0
if from_inbox then
  may_take_inbox()
end
if repeated then
  local held = call('HGET', K.running, number)
  ids, envelopes = envelopes_of(held and split_ids(held) or {})
elseif takes then
  if alone then
    local id = suspects > 0 and call('ZPOPMIN', K.suspects)[1]
    if id then
      suspects = suspects - 1
      ids, envelopes = envelopes_of({ id })
      if settings[4] == worker then
        call('HDEL', K.queue, 'turn')
        settings[4] = false
      end
    end
  else
    ids, envelopes = take_ready()
    -- What did not fit into the call is before it.
    if from_inbox and #ids < most and ready == 0 then
      take_inbox(ids, envelopes)
    end
  end
end
if not repeated then
  record(ids)
end

local histories = {}
if #ids > 0 and with_histories then
  histories = call('HMGET', K.history, unpack(ids))
end

-- Whose turn it is to keep itself empty for a suspect: one live worker a queue, and not for long, since
-- it may not become empty. Between two turns all work.
local TURN_MS = 10000
local your_turn = 0
if suspects > 0 and not alone and not settings[2] then
  local holder = settings[4]
  -- A late copy moves no lease: its worker may have left, or be dead.
  local is_live = not repeated or (leased and tonumber(leased) > now)
  local since = holder and tonumber(call('HGET', K.queue, 'turn_since') or '')
  local had_for = since and now - since or math.huge
  local lease = holder and call('ZSCORE', K.leases, holder)
  local lives = (holder == worker and is_live) or (lease and tonumber(lease) > now)
  local is_over = not lives or had_for < 0 or had_for >= (holder == worker and 3 or 2) * TURN_MS
  if is_over and is_live then
    unlock()
    call('HSET', K.queue, 'turn', worker, 'turn_since', string.format('%.0f', now))
    holder, had_for = worker, 0
  end
  your_turn = holder == worker and is_live and had_for < TURN_MS and 1 or 0
elseif suspects == 0 and settings[4] == worker then
  call('HDEL', K.queue, 'turn')
end

local waiting = math.max(0, ready - ghosts)
local took = #ids > 0 and not repeated
if (promoted + requeued > 0 or apart or took) and waiting + suspects > 0 then
  ring()
end
soonest = math.min(soonest_scheduled, soonest_failed)
return {
  now,
  (waiting > 0 or (seed ~= '' and inbox > 0)) and 1 or 0,
  soonest < math.huge and math.max(0, math.ceil(soonest - now)) or -1,
  suspects, your_turn, settings[2] and 1 or 0, promoted, requeued, table.concat(ids), envelopes,
  histories,
}
