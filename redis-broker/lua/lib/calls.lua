-- Numbered calls (B3, B5): the answers that a caller may still ask for again, one field a call,
-- and the mark below which it has them all. The key ends ten minutes after the caller's last call.
local REPEAT_WINDOW_MS = 600000
local CALLS = K.pushes or K.settles

local CLEARED_A_CALL = 1000

local function recall(number)
  return call('HMGET', CALLS, 'answered', number, 'cleared')
end

-- Takes the answers that nobody will ask for, a bounded number a call, counting up from the last
-- one taken.
local function clear(cleared, answered)
  local old = {}
  local last = math.min(answered, cleared + CLEARED_A_CALL)
  for number = cleared + 1, last do
    old[#old + 1] = string.format('%.0f', number)
  end
  chunked('HDEL', CALLS, old)
  return last
end

local function remember(number, answered, seen, answer)
  local mark = math.max(tonumber(seen[1] or '0'), tonumber(answered))
  local cleared = tonumber(seen[3] or tonumber(number) - 1)
  if mark > cleared then
    cleared = clear(cleared, mark)
  end
  call('HSET', CALLS, 'answered', string.format('%.0f', mark), 'cleared',
    string.format('%.0f', cleared), number, answer)
  call('PEXPIRE', CALLS, REPEAT_WINDOW_MS)
end
