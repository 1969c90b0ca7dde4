-- Moves what is due from a set to the ready list: promote for scheduled tasks, requeue for failed
-- ones. Returns how many.
local function take_due(set, limit)
  local due = call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, limit)
  if #due > 0 then
    unlock()
    chunked('ZREM', set, due)
    enter_all(due, false)
  end
  return #due
end

-- Milliseconds until something falls due; -1 if nothing waits.
local function next_due()
  local soonest = -1
  for _, set in ipairs({ K.scheduled, K.failed }) do
    local head = call('ZRANGE', set, 0, 0, 'WITHSCORES')
    if head[2] then
      local left = math.max(0, math.ceil(tonumber(head[2]) - now))
      if soonest < 0 or left < soonest then
        soonest = left
      end
    end
  end
  return soonest
end
