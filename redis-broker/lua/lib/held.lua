-- What a worker holds: the hash running:WORKER has one field a claim (its number -> the ids joined)
-- and two more: `last`, the last claim executed, and `alone`, the claim of a suspect.
local FORGET_WORKER_MS = 600000

-- One script takes no more claims back than these, nor goes on after so many ids (B7).
local CLAIMS_AT_ONCE, IDS_AT_ONCE = 1000, 2000

-- Whether a field is a claim's number; anything else that somebody may have written is left alone.
local NUMBERS_END = 9007199254740992 -- 2^53
local function is_claim(field)
  return #field < 17 and string.find(field, '^[1-9]%d*$') ~= nil and tonumber(field) < NUMBERS_END
end

-- The claims that are to be taken back, as fields, the newest first: pushed to the front in this
-- order the oldest is out first. Numbers are below 2^53, so a field and its number are the same.
local function claims_newest_first(wanted)
  local numbers, fields = {}, {}
  for _, field in ipairs(call('HKEYS', K.running)) do
    local number = is_claim(field) and tonumber(field)
    if number and (not wanted or wanted(number, field)) then
      numbers[#numbers + 1] = number
    end
  end
  table.sort(numbers)
  for at = #numbers, 1, -1 do
    fields[#fields + 1] = string.format('%.0f', numbers[at])
  end
  return fields
end

-- Ends a worker in this queue; its last claim number is remembered for ten minutes (B4).
local function unregister(worker)
  call('ZREM', K.leases, worker)
  call('HDEL', K.running, 'alone')
  call('PEXPIRE', K.running, FORGET_WORKER_MS)
  if settings[4] == worker then
    call('HDEL', K.queue, 'turn')
  end
end
