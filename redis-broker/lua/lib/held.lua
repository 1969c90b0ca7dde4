-- What a worker holds: the hash running:WORKER has one field a claim (its number -> the ids joined)
-- and two more: `last`, the last claim executed, and `alone`, the claim of a suspect.
local FORGET_WORKER_MS = 600000

-- The claims held, the newest first: pushed to the front in this order the oldest is out first.
local function claims_newest_first()
  local claims = {}
  for _, field in ipairs(call('HKEYS', K.running)) do
    local number = tonumber(field)
    if number then
      claims[#claims + 1] = number
    end
  end
  table.sort(claims, function(a, b) return a > b end)
  return claims
end

local function reversed(ids)
  local back = {}
  for at = #ids, 1, -1 do
    back[#back + 1] = ids[at]
  end
  return back
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
