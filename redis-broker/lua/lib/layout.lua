-- The queue's own record. A layout newer than this program's is refused before anything is done.
local LAYOUT = 1
local settings = call('HMGET', K.queue, 'layout', 'paused', 'big', 'turn')
if settings[1] and (tonumber(settings[1]) or math.huge) > LAYOUT then
  return redis.error_reply('LAYOUT ' .. settings[1])
end
-- Whose turn it is (B11): the worker's id, then since when.
local turns_worker = settings[4] and string.sub(settings[4], 1, 16)
