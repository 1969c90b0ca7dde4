-- Takes the side records of tasks: history, failures and own ids. A finished task leaves nothing
-- behind (B12); what was never written costs one look.
local function forget_sides(ids)
  if #ids == 0 then
    return
  end
  if call('HLEN', K.history) > 0 then
    for first = 1, #ids, 1000 do
      local last = math.min(first + 999, #ids)
      local records = call('HMGET', K.history, unpack(ids, first, last))
      for at = first, last do
        local record = records[at - first + 1]
        local own = record and string.sub(record, 20) or ''
        if own ~= '' and call('HGET', K.names, own) == ids[at] then
          call('HDEL', K.names, own)
        end
      end
    end
    chunked('HDEL', K.history, ids)
  end
  if call('HLEN', K.failures) > 0 then
    chunked('HDEL', K.failures, ids)
  end
end

local function forget(ids)
  chunked('HDEL', K.tasks, ids)
  forget_sides(ids)
end
