-- The queue's own record. A layout newer than this program's is refused before anything is done.
local LAYOUT = 1
local settings = call('HMGET', K.queue, 'layout', 'paused', 'big', 'turn')
if settings[1] and (tonumber(settings[1]) or math.huge) > LAYOUT then
  return redis.error_reply('LAYOUT ' .. settings[1])
end
