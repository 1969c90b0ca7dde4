-- The ids that one field of running:WORKER holds: joined, 16 bytes each.
local function split_ids(joined)
  local ids = {}
  for at = 1, #joined, 16 do
    ids[#ids + 1] = string.sub(joined, at, at + 15)
  end
  return ids
end
