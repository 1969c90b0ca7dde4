-- Where a task that becomes ready belongs: a suspect waits apart until somebody runs it alone
-- (B11), any other enters the ready list at the front or the back (B8).
local SUSPECT_FROM = 2

local function enter(id, history, front)
  if history.crashes >= SUSPECT_FROM then
    call(front and 'RPUSH' or 'LPUSH', K.suspects, id)
  elseif front then
    call('RPUSH', K.ready, id)
  else
    call('LPUSH', K.ready, id)
  end
end

-- Lets ids with these histories enter in order, in few calls: what goes to one end of one list keeps
-- its order however the others are served.
local function enter_grouped(ids, histories, front)
  local ends = { { 'RPUSH', K.suspects, {} }, { 'LPUSH', K.suspects, {} }, { 'RPUSH', K.ready, {} },
    { 'LPUSH', K.ready, {} } }
  for at, id in ipairs(ids) do
    local history = histories[at]
    local place = history.crashes >= SUSPECT_FROM and 1 or 3
    if not (front or history.flags % 2 == FRONT) then
      place = place + 1
    end
    local group = ends[place][3]
    group[#group + 1] = id
  end
  for _, group in ipairs(ends) do
    chunked(group[1], group[2], group[3])
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

-- Lets ids enter in order, each by its own history.
local function enter_all(ids, front)
  if #ids == 0 then
    return
  end
  if call('HLEN', K.history) == 0 then
    chunked(front and 'RPUSH' or 'LPUSH', K.ready, ids)
  else
    enter_grouped(ids, histories_of(ids), front)
  end
end
