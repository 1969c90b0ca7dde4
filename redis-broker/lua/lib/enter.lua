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

-- Lets ids enter in order, each by its own history.
local function enter_all(ids, front)
  if #ids == 0 then
    return
  end
  if call('HLEN', K.history) == 0 then
    chunked(front and 'RPUSH' or 'LPUSH', K.ready, ids)
    return
  end
  for first = 1, #ids, 1000 do
    local last = math.min(first + 999, #ids)
    local records = call('HMGET', K.history, unpack(ids, first, last))
    for at = first, last do
      local history = read_history(records[at - first + 1])
      enter(ids[at], history, front or history.flags % 2 == FRONT)
    end
  end
end
