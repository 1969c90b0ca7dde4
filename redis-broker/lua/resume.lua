-- resume: ends a pause and wakes a worker.
-- KEYS: queue, bell
-- ARGV: none
-- Returns: 1
unlock()
call('HDEL', K.queue, 'paused')
ring()
return 1
