-- The ids that one field of running:WORKER holds: joined, 16 bytes each. What is left at the end of
-- a damaged field is no id.
local IDS_UNPACKED = 1000

local function split_ids(joined)
  local count = math.floor(#joined / 16)
  if count <= IDS_UNPACKED then
    local ids = { struct.unpack(string.rep('c16', count), joined) }
    -- Behind the ids stands where they end.
    ids[count + 1] = nil
    return ids
  end
  -- No claim of ours is so large; the stack would not take it at once.
  local ids = {}
  for at = 1, 16 * count, 16 do
    ids[#ids + 1] = string.sub(joined, at, at + 15)
  end
  return ids
end
