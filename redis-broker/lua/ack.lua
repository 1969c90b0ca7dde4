-- ack: a worker says that tasks are done. The settle that carries nothing but plain acks.
-- KEYS: queue, tasks, history, failures, names, running, settles
-- ARGV: call number, answered mark, then for each claim its number and the ids, joined
-- Returns: as settle
local seen = call('HMGET', K.settles, 'answered', ARGV[1], 'cleared')
if seen[2] then
  return seen[2]
end
if seen[1] and tonumber(ARGV[1]) <= tonumber(seen[1]) then
  return redis.error_reply('STALE')
end

-- Reading every key by its type comes before any write: a wrong type ends the script here.
local marks = call('HMGET', K.running, 'alone', ARGV[3] or '-')
local lone, first_joined = marks[1], marks[2]
local with_sides = call('HLEN', K.history) + call('HLEN', K.failures) > 0
call('HLEN', K.names)

-- The usual ack: one whole claim, with nothing beside the envelopes, by a worker with at
-- most one answer to clear away. It ends here, before the pieces: what they define costs more than what
-- it does. Envelopes go first: that is the first time that their key is touched, and a removal.
local cleared, mark = tonumber(seen[3] or ''), tonumber(ARGV[2])
local heard = cleared and tonumber(seen[1] or '0') <= mark and (mark == cleared or mark == cleared + 1)
local whole = first_joined == ARGV[4] and #ARGV == 4 and lone ~= ARGV[3]
if whole and heard and not (with_sides or K.failedset) and #first_joined <= 16 * 1000 then
  local count = #first_joined / 16
  local ids = { struct.unpack(string.rep('c16', count), first_joined) }
  call('HDEL', K.tasks, unpack(ids, 1, count))
  call('HDEL', K.running, ARGV[3])
  call('HINCRBY', K.queue, 'done', count)
  if mark > cleared then
    call('HDEL', K.settles, ARGV[2])
  end
  call('HSET', K.settles, 'answered', ARGV[2], 'cleared', ARGV[2], ARGV[1], '0:')
  call('PEXPIRE', K.settles, '600000')
  return '0:'
end
call('HLEN', K.tasks)

-- The pieces stand here.

-- What a claim still holds of some ids: those, and what is left of the claim; and the letters of
-- the answer.
local function held_of(joined, wanted)
  local held, acked, left, letters = {}, {}, {}, {}
  local ids = split_ids(joined)
  for _, id in ipairs(ids) do
    held[id] = true
  end
  for _, id in ipairs(wanted) do
    letters[#letters + 1] = held[id] and 'A' or 'L'
    if held[id] then
      acked[#acked + 1] = id
      held[id] = nil
    end
  end
  for _, id in ipairs(ids) do
    if held[id] then
      left[#left + 1] = id
    end
  end
  return acked, left, table.concat(letters)
end

local function forget_done(ids)
  end_attempts(ids)
  call('HDEL', K.tasks, unpack(ids))
  if with_sides then
    forget_sides(ids)
  end
end

local done, letters, all_applied = 0, {}, true
for at = 3, #ARGV, 2 do
  local number, ids = ARGV[at], split_ids(ARGV[at + 1])
  local joined = first_joined
  if at > 3 then
    joined = call('HGET', K.running, number)
  end
  local emptied = false
  if joined == ARGV[at + 1] then
    -- The usual case: a whole claim at once, with no work for each id.
    forget_done(ids)
    letters[#letters + 1] = string.rep('A', #ids)
    done, emptied = done + #ids, true
  else
    local acked, left, answer = held_of(joined or '', ids)
    if #acked > 0 then
      forget_done(acked)
      emptied = #left == 0
      if not emptied then
        call('HSET', K.running, number, table.concat(left))
      end
    end
    letters[#letters + 1] = answer
    done, all_applied = done + #acked, all_applied and #acked == #ids
  end
  if emptied then
    call('HDEL', K.running, number)
    if number == lone then
      call('HDEL', K.running, 'alone')
    end
  end
end
if done > 0 then
  call('HINCRBY', K.queue, 'done', done)
else
  unlock()
end
local result = '0:' .. (all_applied and '' or table.concat(letters))
remember(ARGV[1], ARGV[2], seen, result)
return result
