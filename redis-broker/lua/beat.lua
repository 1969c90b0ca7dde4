-- beat: what operators see: which queues are in use and which workers live.
-- KEYS: queues, workers, worker-info
-- ARGV: worker, lease in ms (0 to leave; -1 to name queues only), what it tells, then its queues
-- Returns: 1
local worker, lease = ARGV[1], tonumber(ARGV[2])

-- No lease reaches further, unless the clock went back (B6).
local LONGEST_LEASE_MS = 300000
call('ZCARD', K.queues)
call('ZCARD', K.workers)
call('HDEL', K['worker-info'], '-')
for at = 4, #ARGV do
  call('ZADD', K.queues, now, ARGV[at])
end
if lease < 0 then
  return 1
end
local gone = call('ZRANGEBYSCORE', K.workers, '-inf', now, 'LIMIT', 0, 100)
if lease == 0 then
  gone[#gone + 1] = worker
end
if #gone > 0 then
  call('ZREM', K.workers, unpack(gone))
  call('HDEL', K['worker-info'], unpack(gone))
end
local longest = now + LONGEST_LEASE_MS
for _, far in ipairs(call('ZRANGEBYSCORE', K.workers, '(' .. longest, '+inf', 'LIMIT', 0, 100)) do
  call('ZADD', K.workers, longest, far)
end
if lease > 0 then
  call('ZADD', K.workers, now + lease, worker)
  call('HSET', K['worker-info'], worker, ARGV[3])
end
return 1
