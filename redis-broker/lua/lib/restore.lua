-- The last stage of a search: one atomic look at all that an id could be in. What is in no place now
-- is lost, and is ready again.
local RESTORED_A_STEP, HELD_CHECKED = 1000, 20000

-- How often the list is read again, all of it, or what has entered behind the others during the reading
-- before: that becomes less each time.
local LISTS_READ, PARTS_READ = 3, 20

-- Whether the caller knew every worker, so that all claims are at hand.
local function knows_all(first)
  local known = {}
  for at = first, #ARGV do
    known[ARGV[at]] = true
  end
  for _, worker in ipairs(call('ZRANGE', K.leases, 0, -1)) do
    if #worker == 16 and not known[worker] then
      return false
    end
  end
  return true
end

-- How many ids all claims hold, by their length alone: no id is read. Nothing where there are more claims
-- than one step may ask for (B7), of one task each in a fleet that has much to do.
local CLAIMS_SUMMED = 10000
local function sum_of_held()
  local fields, count = 0, 0
  for at = RUNNING_FROM, #KEYS do
    fields = fields + call('HLEN', KEYS[at])
  end
  if fields > CLAIMS_SUMMED then
    return nil
  end
  for at = RUNNING_FROM, #KEYS do
    for _, field in ipairs(call('HKEYS', KEYS[at])) do
      if is_claim(field) then
        -- What is left at the end of a damaged one is no id.
        count = count + math.floor(call('HSTRLEN', KEYS[at], field) / 16)
      end
    end
  end
  return count
end

-- The claimed ids, those of large fleets in part; one that two claims hold leaves the second one. None
-- that is held stays of interest.
local function all_held(ids_of_interest)
  local held, count = {}, 0
  for at = RUNNING_FROM, #KEYS do
    if count > HELD_CHECKED and not next(ids_of_interest) then
      return held
    end
    local fields = call('HGETALL', KEYS[at])
    for field = 1, #fields, 2 do
      if is_claim(fields[field]) then
        local ids = split_ids(fields[field + 1])
        count = count + #ids
        local left = {}
        for _, id in ipairs(ids) do
          ids_of_interest[id] = nil
          if count <= HELD_CHECKED and not held[id] then
            held[id] = true
            left[#left + 1] = id
          end
        end
        if count <= HELD_CHECKED and #left < #ids then
          note('doubled', #ids - #left)
          write_claim(KEYS[at], fields[field], left)
          count = count - #ids + #left
        end
      end
    end
  end
  return held
end

-- A place in the middle of the list cannot be taken away in short time: an id that is nobody's takes
-- it, and is passed over.
local tombstones = 0
local function bury_place(index)
  local stone
  repeat
    tombstones = tombstones + 1
    stone = struct.pack('>I8I8', now, tombstones)
  until call('SADD', K.ghosts, stone) == 1
  call('LSET', K.ready, index, stone)
end

-- Ids that stand in a short list twice, or are held besides: one place is enough.
local function mend_doubled(list, held)
  local seen = {}
  for at = #list, 1, -1 do
    local id = list[at]
    if seen[id] or held[id] then
      bury_place(at - 1)
      note('doubled', 1)
    end
    seen[id] = true
  end
end

-- Reads what has entered the list since its reading was begun: at the right end, which no further part
-- shows, and at the left one if it is not too much. Returns whether that could be read, and how many ids
-- at the left end are still to be read.
local function look_at_ends()
  local entered, in_front = movements()
  local left = entered - tonumber(state.entered)
  local right = in_front - (tonumber(state.in_front) or -math.huge)
  if left < 0 or right < 0 or right > SHORT then
    return false, 0
  end
  if right > 0 then
    met(call('LRANGE', K.ready, -right, -1))
  end
  if left > SHORT then
    return true, left
  end
  if left > 0 then
    met(call('LRANGE', K.ready, 0, left - 1))
  end
  return true, 0
end

local function in_no_set(sought)
  local ids = {}
  for id in pairs(sought) do
    ids[#ids + 1] = id
  end
  -- In an order that does not depend on the store's hashing: the oldest ids first.
  table.sort(ids)
  for _, set in ipairs(SETS) do
    local scores, rest = scores_in(set, ids), {}
    for at, id in ipairs(ids) do
      rest[#rest + 1] = not scores[at] and id or nil
    end
    ids = rest
  end
  return ids
end

-- Nothing is known of when a lost task was to run, so it overtakes nobody. Its crashes and attempts
-- stay; none is added.
local function restore(ids)
  local lost = {}
  for _, id in ipairs(ids) do
    if not lives(id) then
      note('ghosts', call('SREM', K.ghosts, id))
    elseif call('ZSCORE', K.kept, id) then
      call('ZADD', K.done, now, id)
      note('untimed', 1)
    else
      lost[#lost + 1] = id
    end
  end
  enter_behind(lost)
  note('lost', #lost)
  if #lost > 0 then
    -- They too are to be read at the left end before the next ones, and that is no sign of haste.
    state.parts = 0
    ring()
  end
end

-- Goes on with the reading, unless it was done so often already: too much comes and goes to be sure, and
-- what is lost is found by the next search.
local function read_again(upto)
  local kind, most = upto and 'parts' or 'lists', upto and PARTS_READ or LISTS_READ
  state[kind] = tonumber(state[kind] or '0') + 1
  if state[kind] <= most then
    begin_list(upto)
    return true
  end
  state.unsure = '1'
  call('DEL', K.lost)
  return false
end

local function any_lives(ids)
  for _, id in ipairs(ids) do
    if lives(id) then
      return true
    end
  end
  return false
end

local function finish(first)
  if not knows_all(first) then
    return
  end
  local length, list, unread = call('LLEN', K.ready), nil, 0
  if length <= SHORT then
    list = call('LRANGE', K.ready, 0, -1)
    met(list)
  elseif call('SCARD', K.lost) > 0 then
    local read
    read, unread = look_at_ends()
    if not read and read_again() then
      return
    end
  end
  local sought = {}
  for _, id in ipairs(call('SPOP', K.lost, RESTORED_A_STEP)) do
    sought[id] = true
  end
  local held = all_held(sought)
  if list then
    mend_doubled(list, held)
  end
  local placeless = in_no_set(sought)
  if unread > 0 and any_lives(placeless) then
    chunked('SADD', K.lost, placeless)
    if read_again(unread) then
      return
    end
    placeless = {}
  end
  restore(placeless)
  if call('SCARD', K.lost) > 0 then
    return
  end
  if state.collected == '1' then
    end_search(sum_of_held())
  else
    state.stage, state.parts, state.lists = 'collect', 0, 0
  end
end
