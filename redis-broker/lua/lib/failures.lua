-- A task's failures, the newest first: entries of length (4 bytes), time (8), attempt (4) and the
-- failure. Five are kept; all but the newest are cut at 256 bytes.
local KEPT, EARLIER_BYTES = 5, 256

local function cut_entry(entry)
  local size = 16 + EARLIER_BYTES
  if #entry <= size then
    return entry
  end
  -- Not inside a UTF-8 character: step back over continuation bytes.
  while size > 16 and string.byte(entry, size + 1) >= 128 and string.byte(entry, size + 1) < 192 do
    size = size - 1
  end
  return struct.pack('>I4', size - 4) .. string.sub(entry, 5, size)
end

local function add_failure(id, attempt, failure)
  local old = call('HGET', K.failures, id) or ''
  local entries = { struct.pack('>I4I8I4', 12 + #failure, now, attempt) .. failure }
  local at = 1
  while at + 3 <= #old and #entries < KEPT do
    local size = 4 + struct.unpack('>I4', old, at)
    local entry = string.sub(old, at, at + size - 1)
    entries[#entries + 1] = at == 1 and cut_entry(entry) or entry
    at = at + size
  end
  call('HSET', K.failures, id, table.concat(entries))
end
