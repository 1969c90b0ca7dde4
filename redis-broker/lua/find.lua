-- find: which task lives under a user's own id.
-- KEYS: queue, tasks, names
-- ARGV: own id
-- Returns: the id of the task, or nothing if none lives under it
local id = call('HGET', K.names, ARGV[1])
-- A push would not take a name for taken whose task somebody took away past the operations.
if not id or call('HEXISTS', K.tasks, id) == 0 then
  return false
end
return id
