-- Members of the plain set that are not ours go back to the plain list once an interval, page by
-- page: an old program may still put its failed bodies there.
local PAGE = 500

-- So many bytes go back in one call: what is left of a page is met again.
local BYTES_SWEPT = 4 * 1024 * 1024

local function sweep(every)
  local marks = call('HMGET', K.queue, 'swept', 'sweep')
  unlock()
  if not marks[1] then
    call('HSET', K.queue, 'swept', now)
    return 0
  end
  -- A mark of the future is of a clock that was set back since.
  local ago = now - tonumber(marks[1])
  if not marks[2] and ago >= 0 and ago < every then
    return 0
  end
  local page = call('SSCAN', K.failedset, marks[2] or '0', 'COUNT', PAGE)
  local taken, bytes, all = 0, 0, true
  -- Where nothing of ours has failed, nothing waits, whatever a record says that was damaged.
  local any_failed = call('ZCARD', K.failed) > 0
  for _, body in ipairs(page[2]) do
    if not any_failed or read_plain(body).waiting <= 0 then
      if taken > 0 and bytes + #body > BYTES_SWEPT then
        all = false
        break
      end
      call('SREM', K.failedset, body)
      call('LPUSH', K.list, body)
      taken, bytes = taken + 1, bytes + #body
    end
  end
  if not all then
    call('HSET', K.queue, 'sweep', marks[2] or '0')
  elseif page[1] == '0' then
    call('HDEL', K.queue, 'sweep')
    call('HSET', K.queue, 'swept', now)
  else
    call('HSET', K.queue, 'sweep', page[1])
  end
  return taken
end
