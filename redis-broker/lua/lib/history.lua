-- A task's history record: attempts (4 bytes), crashes (2), lone crashes (2), returns (2),
-- returned since (8), flags (1), then the user's own id. Stands only for tasks that need one.
local HISTORY = '>I4I2I2I2I8B'
local FRONT = 1

local function read_history(record)
  if not record or #record < 19 then
    return { attempts = 0, crashes = 0, lone = 0, returns = 0, since = 0, flags = 0, own = '' }
  end
  local attempts, crashes, lone, returns, since, flags = struct.unpack(HISTORY, record)
  return {
    attempts = attempts, crashes = crashes, lone = lone, returns = returns,
    since = since, flags = flags, own = string.sub(record, 20),
  }
end

local function pack_history(h)
  local fixed = struct.pack(
    HISTORY, h.attempts, math.min(h.crashes, 65535), math.min(h.lone, 65535),
    math.min(h.returns, 65535), h.since, h.flags)
  return fixed .. h.own
end

local function write_history(id, h)
  call('HSET', K.history, id, pack_history(h))
end
