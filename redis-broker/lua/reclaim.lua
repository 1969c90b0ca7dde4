-- reclaim: takes back what a worker held whose lease has ended.
-- KEYS: queue, ready, tasks, history, failures, names, suspects, leases, running, dead, bell
-- ARGV: worker, store time after which nothing is done, crashes alone that bury, most tasks, the
--   failure of poison up to the number of its lone crashes, cap of dead tasks, whether the first
--   claim may be of more tasks than that
-- Returns: taken back, of those buried, dropped at the cap, whether the worker still holds tasks,
--   whether it is registered no more
local worker, not_after = ARGV[1], tonumber(ARGV[2])
local lone_limit, limit, cap = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local first_of_all = ARGV[7] == '1'

-- No claim of ours holds more; one that does, damaged, is taken in parts.
local A_WHOLE_CLAIM = 1000

-- Reading every key by its type comes before any write: a wrong type ends the script here.
call('LLEN', K.ready)
call('ZCARD', K.suspects)
call('HLEN', K.tasks)
call('HLEN', K.history)
call('HLEN', K.failures)
call('HLEN', K.names)
call('ZCARD', K.dead)
local lease = call('ZSCORE', K.leases, worker)
local lone = call('HGET', K.running, 'alone')
if now > not_after or not lease or tonumber(lease) > now then
  -- Somebody else may have been faster.
  return { 0, 0, 0, 0, lease and 0 or 1 }
end

unlock()
local taken, buried, more = 0, 0, 0

-- Crashed while alone: that counts to the limit, and at the limit it is buried.
local function crashed_alone(id)
  local history = read_history(call('HGET', K.history, id))
  history.crashes = history.crashes + 1
  history.lone = history.lone + 1
  if history.lone < lone_limit then
    write_history(id, history)
    return enter(id, history, true)
  end
  history.attempts = history.attempts + 1
  write_history(id, history)
  add_failure(id, history.attempts, ARGV[5] .. history.lone)
  call('ZADD', K.dead, now, id)
  end_attempts({ id })
  buried = buried + 1
end

-- Crashed in company: noted, not counted. The oldest is out first again.
local function crashed_together(ids)
  local histories, fields = histories_of(ids), {}
  for at, id in ipairs(ids) do
    local old = histories[at]
    local history = {
      attempts = old.attempts, crashes = old.crashes + 1, lone = old.lone, returns = old.returns,
      since = old.since, flags = old.flags, own = old.own,
    }
    histories[at] = history
    fields[#fields + 1] = id
    fields[#fields + 1] = pack_history(history)
  end
  chunked('HSET', K.history, fields)
  enter_grouped(ids, histories, true)
end

-- A claim is taken whole or waits (B16): of one that is gone in part its worker, should it come back, would
-- hear of nothing.
for count, field in ipairs(claims_newest_first()) do
  local ids = split_ids(call('HGET', K.running, field))
  local fits = limit - taken
  local may_exceed = first_of_all and taken == 0
  if fits <= 0 or count > CLAIMS_AT_ONCE or (#ids > fits and not may_exceed) then
    more = 1
    break
  end
  if #ids > A_WHOLE_CLAIM then
    -- The newest of it, so that the older ones, taken later, enter before them (B8).
    call('HSET', K.running, field, table.concat(ids, '', 1, #ids - fits))
    ids = { unpack(ids, #ids - fits + 1) }
    more = 1
  else
    call('HDEL', K.running, field)
  end
  if field == lone then
    for _, id in ipairs(ids) do
      crashed_alone(id)
    end
  else
    crashed_together(reversed(ids))
  end
  taken = taken + #ids
end
if more == 0 then
  unregister(worker)
end
local dropped = buried > 0 and drop_over(K.dead, cap) or 0
if taken > buried then
  ring()
end
return { taken, buried, dropped, more, 1 - more }
