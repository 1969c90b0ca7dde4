-- Where a task that becomes ready belongs: a suspect waits apart until somebody runs it alone
-- (B11), any other enters the ready list at the front or the back (B8).
local SUSPECT_FROM = 2

-- What comes back to the ready list is counted, and what does so behind all others apart, so that a
-- search knows what may have passed it by.
local function came_back(count, front)
  if count > 0 then
    call('HINCRBY', K.queue, 'entered', count)
    if not front then
      call('HINCRBY', K.queue, 'behind', count)
    end
  end
end

-- Suspects are in a set, in the order of their turns, so that one can be taken out by its id.
local function enter_suspects(ids, front)
  local at = front and 0 or -1
  local turn = tonumber(call('ZRANGE', K.suspects, at, at, 'WITHSCORES')[2] or '0')
  for _, id in ipairs(ids) do
    turn = turn + (front and -1 or 1)
    call('ZADD', K.suspects, turn, id)
  end
end

local function enter(id, history, front)
  if history.crashes >= SUSPECT_FROM then
    enter_suspects({ id }, front)
    return
  end
  call(front and 'RPUSH' or 'LPUSH', K.ready, id)
  came_back(1, front)
end

local function reversed(ids)
  local back = {}
  for at = #ids, 1, -1 do
    back[#back + 1] = ids[at]
  end
  return back
end

-- Lets ids with these histories enter in order, in few calls: what goes to one end of one list keeps
-- its order however the others are served.
local function enter_grouped(ids, histories, front)
  local first, last, suspects_first, suspects_last = {}, {}, {}, {}
  for at, id in ipairs(ids) do
    local history = histories[at]
    local suspect = history.crashes >= SUSPECT_FROM
    local group
    if front or history.flags % 2 == FRONT then
      group = suspect and suspects_first or first
    else
      group = suspect and suspects_last or last
    end
    group[#group + 1] = id
  end
  if not front then
    -- What comes to the front by its own wish is out in the order in which it comes.
    first, suspects_first = reversed(first), reversed(suspects_first)
  end
  chunked('RPUSH', K.ready, first)
  chunked('LPUSH', K.ready, last)
  came_back(#first, true)
  came_back(#last, false)
  if #suspects_first > 0 then
    enter_suspects(suspects_first, true)
  end
  if #suspects_last > 0 then
    enter_suspects(suspects_last, false)
  end
end

-- Histories of ids, in their order; nothing was written for most.
local function histories_of(ids)
  local histories, none = {}, read_history(nil)
  for first = 1, #ids, 1000 do
    local last = math.min(first + 999, #ids)
    local records = call('HMGET', K.history, unpack(ids, first, last))
    for at = first, last do
      local record = records[at - first + 1]
      histories[at] = record and read_history(record) or none
    end
  end
  return histories
end

-- Lets ids enter behind all that wait, whatever they were told; a suspect stays one.
local function enter_behind(ids)
  local histories, behind = histories_of(ids), {}
  for at, id in ipairs(ids) do
    if histories[at].crashes >= SUSPECT_FROM then
      enter_suspects({ id }, false)
    else
      behind[#behind + 1] = id
    end
  end
  chunked('LPUSH', K.ready, behind)
  came_back(#behind, false)
end

-- Lets ids enter in order, each by its own history.
local function enter_all(ids, front)
  if #ids == 0 then
    return
  end
  if call('HLEN', K.history) == 0 then
    chunked(front and 'RPUSH' or 'LPUSH', K.ready, ids)
    came_back(#ids, front)
  else
    enter_grouped(ids, histories_of(ids), front)
  end
end
