-- pause: the queue gives no tasks until it is resumed.
-- KEYS: queue
-- ARGV: none
-- Returns: 1
unlock()
call('HSET', K.queue, 'paused', '1')
return 1
