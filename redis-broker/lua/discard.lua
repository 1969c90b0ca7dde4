-- discard: takes away a queue that holds nothing and that no live worker serves.
-- KEYS: queue, ready, tasks, history, failures, names, scheduled, failed, dead, done, kept, suspects,
--   leases, inbox, bell, ghosts, search, lost, then running of every worker that the caller saw in leases
-- ARGV: those workers
-- Returns: 1 if it is gone, 0 if it holds something, -1 if other workers have come since (ask again)
local FORGET_WORKER_MS = 600000

-- Reading every key by its type: what is not ours is not deleted.
for _, list in ipairs({ K.ready, K.bell }) do
  call('LLEN', list)
end
for _, hash in ipairs({ K.history, K.failures, K.names, K.search }) do
  call('HLEN', hash)
end
for _, set in ipairs({ K.scheduled, K.failed, K.dead, K.done, K.kept, K.suspects }) do
  call('ZCARD', set)
end
call('SCARD', K.ghosts)
call('SCARD', K.lost)
call('ZCARD', K.leases)
if call('HLEN', K.tasks) + call('LLEN', K.inbox) > 0 then
  return 0
end
if call('ZCOUNT', K.leases, '(' .. now, '+inf') > 0 then
  return 0
end
local known = {}
for _, worker in ipairs(ARGV) do
  known[worker] = true
end
for _, worker in ipairs(call('ZRANGE', K.leases, 0, -1)) do
  if #worker == 16 and not known[worker] then
    return -1
  end
end
-- Without tasks no other key holds anything that could be lost. A worker that is taken for dead may
-- still send a copy of an old claim: its last number stays for a while (B4).
call('DEL', unpack(KEYS, 1, RUNNING_FROM - 1))
for at = RUNNING_FROM, #KEYS do
  call('PEXPIRE', KEYS[at], FORGET_WORKER_MS)
end
return 1
