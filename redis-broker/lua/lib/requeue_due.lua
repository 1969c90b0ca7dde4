-- Requeues failed tasks that are due. In an adopted queue the raw body returns to the plain list,
-- unless somebody else has taken its member from the set: then it is no longer ours.
local function requeue_due(limit)
  if not K.failedset then
    return take_due(K.failed, limit)
  end
  local due = call('ZRANGEBYSCORE', K.failed, '-inf', now, 'LIMIT', 0, limit)
  local native, ended = {}, {}
  if #due > 0 then
    unlock()
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
    chunked('ZREM', K.failed, due)
    enter_all(native, false)
    forget(ended)
  end
  return #due
end
