-- When the first member of a set falls due; never if it is empty.
local function head_of(set)
  return tonumber(call('ZRANGE', set, '0', '0', 'WITHSCORES')[2] or 'inf')
end

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
  local soonest = math.min(head_of(K.scheduled), head_of(K.failed))
  return soonest < math.huge and math.max(0, math.ceil(soonest - now)) or -1
end
