-- The ids that one field of running:WORKER holds: joined, 16 bytes each.
local function split_ids(joined)
  local count = #joined / 16
  local ids = { struct.unpack(string.rep('c16', count), joined) }
  -- Behind the ids stands where they end.
  ids[count + 1] = nil
  return ids
end
