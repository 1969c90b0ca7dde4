-- discard: takes away a queue that holds nothing and that no live worker serves.
-- KEYS: queue, ready, tasks, history, failures, names, scheduled, failed, dead, done, kept, suspects,
--   leases, inbox, bell, ghosts, search, lost
-- ARGV: none
-- Returns: 1 if it is gone, 0 if it holds something
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
-- Without tasks no other key holds anything that could be lost.
call('DEL', unpack(KEYS))
return 1
