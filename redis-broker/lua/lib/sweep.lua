-- Members of the plain set that are not ours go back to the plain list once an interval, some a call:
-- an old program may still put its failed bodies there.

-- So many members, and bytes of theirs, are brought in by one call, in pages that begin small: how
-- large the bodies are is known only once they are here. A sparse set has many pages without any.
local MEMBERS_READ, BYTES_READ, PAGES_READ = 500, 4 * 1024 * 1024, 50

-- Moves what is not ours. Returns whether all fitted: what is left is met again, with its page.
local function sweep_page(bodies, done, any_failed)
  for _, body in ipairs(bodies) do
    done.read, done.bytes = done.read + 1, done.bytes + #body
    done.largest = math.max(done.largest, #body)
    -- Where nothing of ours has failed, nothing waits, whatever a record says that was damaged.
    if not any_failed or read_plain(body).waiting <= 0 then
      if done.taken > 0 and done.moved + #body > BYTES_READ then
        return false
      end
      call('SREM', K.failedset, body)
      call('LPUSH', K.list, body)
      done.taken, done.moved = done.taken + 1, done.moved + #body
    end
  end
  return true
end

-- Returns how many were moved, and where to go on: nowhere at the end.
local function sweep_pages(cursor)
  local done = { taken = 0, moved = 0, read = 0, bytes = 0, largest = 1 }
  local any_failed = call('ZCARD', K.failed) > 0
  local count, pages = 1, 0
  repeat
    local page = call('SSCAN', K.failedset, cursor, 'COUNT', count)
    if not sweep_page(page[2], done, any_failed) then
      return done.taken, cursor
    end
    cursor, pages = page[1], pages + 1
    local fitting = math.floor((BYTES_READ - done.bytes) / done.largest)
    count = math.min(count * 2, MEMBERS_READ - done.read, fitting)
  until cursor == '0' or count < 1 or pages == PAGES_READ
  return done.taken, cursor ~= '0' and cursor
end

-- Returns how many were moved, and whether it is to go on.
local function sweep(every)
  local marks = call('HMGET', K.queue, 'swept', 'sweep')
  unlock()
  if not marks[1] then
    call('HSET', K.queue, 'swept', now)
    return 0, false
  end
  -- A mark of the future is of a clock that was set back since.
  local ago = now - tonumber(marks[1])
  if not marks[2] and ago >= 0 and ago < every then
    return 0, false
  end
  local taken, cursor = sweep_pages(marks[2] or '0')
  if cursor then
    call('HSET', K.queue, 'sweep', cursor)
  else
    call('HDEL', K.queue, 'sweep')
    call('HSET', K.queue, 'swept', now)
  end
  return taken, cursor and true or false
end
