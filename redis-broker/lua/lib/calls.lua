-- Numbered calls (B3, B5): the answers that a caller may still ask for again, one field a call,
-- and the mark below which it has them all. The key ends ten minutes after the caller's last call.
local REPEAT_WINDOW_MS = 600000
local CALLS = K.pushes or K.settles

local function recall(number)
  return call('HMGET', CALLS, 'answered', number)
end

local function forget_calls(before, answered)
  local old = {}
  if answered - before <= 100 then
    for number = before + 1, answered do
      old[#old + 1] = string.format('%.0f', number)
    end
  else
    for _, field in ipairs(call('HKEYS', CALLS)) do
      local number = tonumber(field)
      if number and number <= answered then
        old[#old + 1] = field
      end
    end
  end
  chunked('HDEL', CALLS, old)
end

local function remember(number, answered, before, answer)
  before = tonumber(before or '0')
  local mark = math.max(before, tonumber(answered))
  if mark > before then
    forget_calls(before, mark)
  end
  call('HSET', CALLS, 'answered', string.format('%.0f', mark), number, answer)
  call('PEXPIRE', CALLS, REPEAT_WINDOW_MS)
end
