-- The stages in which a search reads the ready list and the claims: what is met there is not lost.
local WINDOW, CLAIMED_A_STEP = 500, 2000

-- What stands in the list without a task is passed over like one that was removed.
local function mend_window(ids)
  local living = {}
  for _, id in ipairs(ids) do
    if lives(id) then
      living[#living + 1] = id
    else
      note('empty', call('SADD', K.ghosts, id))
    end
  end
  leave_sets(living)
end

-- Where the reading ends: what was to be read is moved to the right by what is pushed meanwhile.
local function list_ends_at(entered)
  if (state.upto or '') == '' then
    return math.huge
  end
  return state.upto + entered - state.entered
end

local function seek_in_list()
  local entered, _, shifted = movements()
  local at = math.max(0, tonumber(state.at) - math.max(0, shifted - tonumber(state.shifted)))
  local window = call('LRANGE', K.ready, at, at + WINDOW - 1)
  met(window)
  if state.scanned == '' then
    mend_window(window)
  end
  state.at, state.shifted = at + #window, shifted
  if #window < WINDOW or state.at >= list_ends_at(entered) then
    state.stage, state.after, state.scanned = 'held', '', '1'
  end
end

local function write_claim(key, field, ids)
  if #ids > 0 then
    call('HSET', key, field, table.concat(ids))
    return
  end
  if call('HGET', key, 'alone') == field then
    call('HDEL', key, 'alone')
  end
  call('HDEL', key, field)
end

local function mend_claim(key, field, joined)
  local ids, living = split_ids(joined), {}
  for _, id in ipairs(ids) do
    living[#living + 1] = lives(id) and id or nil
  end
  note('empty', #ids - #living)
  note('malformed', #joined % 16 > 0 and 1 or 0)
  if 16 * #living < #joined or joined == '' then
    write_claim(key, field, living)
  end
  met(living)
  leave_sets(living)
  return #ids
end

-- The claims of one worker; '' when there is none left.
local function seek_in_claims(worker)
  if worker == '' then
    state.stage, state.scan = call('SCARD', K.lost) > 0 and 'holders' or 'end', '0'
    return
  end
  local fields, seen = call('HGETALL', KEYS[RUNNING_FROM]), 0
  for at = 1, #fields, 2 do
    if is_claim(fields[at]) and seen < CLAIMED_A_STEP then
      seen = seen + mend_claim(KEYS[RUNNING_FROM], fields[at], fields[at + 1])
    end
  end
  state.after = worker
end

-- Workers that hold tasks without a lease, found by the names of their keys: they are given one.
-- Who lives renews it; who does not is reclaimed from when it has ended.
local function lease_holders(scan, grace)
  for at = 4, #ARGV do
    local key, worker = KEYS[RUNNING_FROM + at - 4], ARGV[at]
    local marks = call('HMGET', key, 'last', 'alone')
    local claims = call('HLEN', key) - (marks[1] and 1 or 0) - (marks[2] and 1 or 0)
    if claims > 0 and not call('ZSCORE', K.leases, worker) then
      call('ZADD', K.leases, now + grace, worker)
      call('PERSIST', key)
      note('unleased', 1)
    end
  end
  state.scan = scan
  if scan == '0' then
    state.stage = 'end'
  end
end
