-- The first stage of a search: pages of everything that can be looked up by id. Records of tasks that
-- are gone go, ids without an envelope leave their set, a task in two sets leaves one; ids of tasks
-- in no set, and ghosts, are noted as `lost` until they are met.
local PARTS = {
  'history', 'failures', 'names', 'scheduled', 'failed', 'dead', 'done', 'kept', 'suspects',
  'ghosts', 'tasks',
}
local PAGE = 250

-- A kept task whose end was lost is kept for an hour more.
local KEPT_AGAIN_MS = 3600000

local function side_page(part)
  local page = call('HSCAN', K[part], state.cursor, 'COUNT', PAGE / 5)
  local gone = {}
  for at = 1, #page[2], 2 do
    local field, value = page[2][at], page[2][at + 1]
    if not lives(part == 'names' and value or field) then
      gone[#gone + 1] = field
    end
  end
  chunked('HDEL', K[part], gone)
  note('leftovers', #gone)
  return page[1]
end

local function set_page(set)
  local page = call('ZSCAN', K[set], state.cursor, 'COUNT', PAGE)
  local empty = {}
  for at = 1, #page[2], 2 do
    if not lives(page[2][at]) then
      empty[#empty + 1] = page[2][at]
    end
  end
  take_out(set, empty)
  note(set == 'kept' and 'untimed' or 'empty', #empty)
  return page[1]
end

-- A ghost is an id without a task: with one it would be passed over.
local function ghost_page()
  local page = call('SSCAN', K.ghosts, state.cursor, 'COUNT', PAGE)
  for _, id in ipairs(page[2]) do
    if lives(id) then
      note('ghosts', call('SREM', K.ghosts, id))
    end
  end
  chunked('SADD', K.lost, page[2])
  return page[1]
end

-- The ids of a page of tasks. Later servers give them without the envelopes; of others a page is
-- so small that it does not hold the store up, however large the envelopes are.
local FEW_BYTES, MANY_BYTES = 262144, 1048576

local function ids_page()
  if not state.count then
    local page = redis.pcall('HSCAN', K.tasks, state.cursor, 'COUNT', PAGE, 'NOVALUES')
    if not page.err then
      return page[1], page[2]
    end
  end
  local count = tonumber(state.count or (settings[3] and 1 or PAGE))
  local page = call('HSCAN', K.tasks, state.cursor, 'COUNT', count)
  local ids, bytes = {}, 0
  for at = 1, #page[2], 2 do
    ids[#ids + 1] = page[2][at]
    bytes = bytes + #page[2][at + 1]
  end
  if bytes > MANY_BYTES then
    count = math.max(1, math.floor(count / 4))
  elseif bytes < FEW_BYTES then
    count = math.min(PAGE, count * 2)
  end
  state.count = count
  return page[1], ids
end

-- Tasks of which only the end or only the mark of being kept is left.
local function mend_kept(id, done, kept, place)
  if place == 'done' and done and not kept then
    call('ZADD', K.kept, now + KEPT_AGAIN_MS, id)
    note('untimed', 1)
  elseif place and place ~= 'done' and kept then
    note('untimed', call('ZREM', K.kept, id))
  end
end

local function task_page()
  local cursor, ids = ids_page()
  for at, id in ipairs(ids) do
    if #id ~= 16 then
      ids[at] = rename(id)
      note('malformed', 1)
    end
  end
  local scores, kept, unplaced = {}, scores_in('kept', ids), {}
  for _, set in ipairs(SETS) do
    scores[set] = scores_in(set, ids)
  end
  for at, id in ipairs(ids) do
    local place
    for _, set in ipairs(SETS) do
      if scores[set][at] and place then
        -- The set that is looked at first brings it back, or keeps it from view no longer.
        take_out(set, { id })
        note('doubled', 1)
      elseif scores[set][at] then
        place = set
      end
    end
    mend_kept(id, scores.done[at], kept[at], place)
    if not place then
      unplaced[#unplaced + 1] = id
    end
  end
  chunked('SADD', K.lost, unplaced)
  return cursor
end

local function collect()
  local part = PARTS[tonumber(state.part)]
  local cursor
  if part == 'tasks' then
    cursor = task_page()
  elseif part == 'ghosts' then
    cursor = ghost_page()
  elseif part == 'history' or part == 'failures' or part == 'names' then
    cursor = side_page(part)
  else
    cursor = set_page(part)
  end
  state.cursor = cursor
  if cursor == '0' then
    state.part = tonumber(state.part) + 1
  end
  if not PARTS[tonumber(state.part)] then
    state.collected = '1'
    begin_list()
  elseif call('SCARD', K.lost) >= IDS_SOUGHT then
    begin_list()
  end
end
