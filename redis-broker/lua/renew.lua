-- renew: a worker says that it lives and which claims it knows of.
-- KEYS: queue, ready, running, leases, suspects, history, bell
-- ARGV: worker, lease in ms (0 to leave), mark below which unnamed claims go back, then the numbers
--   of the claims that it knows
-- Returns: now, how many tasks went back, the claims that it does not hold any more, whether more
--   is to go back (send it again)
local worker, lease, below = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local FIRST = 4

-- Reading every key by its type comes before any write: a wrong type ends the script here.
call('LLEN', K.ready)
call('ZCARD', K.suspects)
call('HLEN', K.history)
local leased = call('ZSCORE', K.leases, worker)
local marks = call('HMGET', K.running, 'last', 'alone')
local claims_held = call('HLEN', K.running) - (marks[1] and 1 or 0) - (marks[2] and 1 or 0)

local lost, named, known = {}, {}, 0
for first = FIRST, #ARGV, 1000 do
  local last = math.min(first + 999, #ARGV)
  local held = call('HMGET', K.running, unpack(ARGV, first, last))
  for at = first, last do
    if held[at - first + 1] then
      known = known + (named[ARGV[at]] and 0 or 1)
      named[ARGV[at]] = true
    else
      lost[#lost + 1] = tonumber(ARGV[at])
    end
  end
end

-- What it does not know of goes back to the front, uncharged; a leaving worker knows of nothing.
local leaving, released, more = lease == 0, 0, 0
unlock()
if claims_held > known or (leaving and claims_held > 0) then
  local function given_back(number, field)
    return leaving or (number < below and not named[field])
  end
  for count, field in ipairs(claims_newest_first(given_back)) do
    if count > CLAIMS_AT_ONCE or released >= IDS_AT_ONCE then
      more = 1
      break
    end
    local ids = split_ids(call('HGET', K.running, field))
    call('HDEL', K.running, field)
    if marks[2] == field then
      call('HDEL', K.running, 'alone')
    end
    enter_all(reversed(ids), true)
    released = released + #ids
  end
end
if leaving and more == 0 then
  -- A claim of this worker that is still on its way finds its number spent.
  if below > 1 and below - 1 > tonumber(marks[1] or '0') then
    call('HSET', K.running, 'last', string.format('%.0f', below - 1))
  end
  unregister(worker)
elseif not leaving then
  call('ZADD', K.leases, now + lease, worker)
  if not leased then
    call('PERSIST', K.running)
  end
end
if released > 0 then
  ring()
end
return { now, released, lost, more }
