-- Requeues failed tasks that are due. In an adopted queue the raw body returns to the plain list,
-- unless somebody else has taken its member from the set: then it is no longer ours.
local BODIES_A_CALL = 4 * 1024 * 1024

-- The first ones that are due, as many as have bodies that one script may move (B7).
local function due_bodies(limit)
  local due = call('ZRANGEBYSCORE', K.failed, '-inf', now, 'LIMIT', 0, limit)
  local bytes, fitting = 0, {}
  for _, id in ipairs(due) do
    bytes = bytes + call('HSTRLEN', K.tasks, id)
    if #fitting > 0 and bytes > BODIES_A_CALL then
      return fitting, true
    end
    fitting[#fitting + 1] = id
  end
  return fitting, #due == limit
end

-- Returns how many, and whether more may be due.
local function requeue_due(limit)
  if not K.failedset then
    local taken = take_due(K.failed, limit)
    return taken, taken == limit
  end
  local due, more = due_bodies(limit)
  local native, ended = {}, {}
  if #due > 0 then
    unlock()
    -- Before the attempts of their bodies are written, which last while anything is in the set.
    chunked('ZREM', K.failed, due)
  end
  for _, id in ipairs(due) do
    local body = plain_body(id)
    if not body then
      native[#native + 1] = id
    else
      if hide_failed(body, true) then
        call('LPUSH', K.list, body)
      end
      ended[#ended + 1] = id
    end
  end
  if #due > 0 then
    enter_all(native, false)
    forget(ended)
  end
  return #due, more
end
