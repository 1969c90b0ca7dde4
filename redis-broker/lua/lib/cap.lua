-- Drops the oldest members of a set of dead or kept tasks that is over its cap (B12). Returns how
-- many; what is over a thousand waits for the next call.
local function drop_over(set, cap)
  local over = math.min(call('ZCARD', set) - cap, 1000)
  if over <= 0 then
    return 0
  end
  local ids = call('ZRANGE', set, 0, over - 1)
  call('ZREMRANGEBYRANK', set, 0, over - 1)
  if set == K.done then
    call('ZREM', K.kept, unpack(ids))
  end
  forget(ids)
  call('HINCRBY', K.queue, 'dropped', over)
  return over
end
