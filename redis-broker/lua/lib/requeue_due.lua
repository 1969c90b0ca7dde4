-- Requeues failed tasks that are due. In an adopted queue the raw body returns to the plain list,
-- unless somebody else has taken its member from the set: then it is no longer ours.
-- Returns how many.
local function requeue_due(limit)
  if not K.failedset then
    return take_due(K.failed, limit)
  end
  local due = call('ZRANGEBYSCORE', K.failed, '-inf', now, 'LIMIT', 0, limit)
  due = { unpack(due, 1, with_bodies_that_fit(due)) }
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
  return #due
end
