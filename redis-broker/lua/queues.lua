-- queues: the names of the queues that are or were in use.
-- KEYS: queues
-- ARGV: most names
-- Returns: how many there are, the names, the last used first. The names are nested because one client library takes a
--   plain array whose first string is `message` for a published one.
return { call('ZCARD', K.queues), call('ZRANGE', K.queues, 0, ARGV[1] - 1, 'REV') }
