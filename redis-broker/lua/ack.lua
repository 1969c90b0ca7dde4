-- ack: a worker says that tasks are done. The settle that carries nothing but plain acks.
-- KEYS: queue, tasks, history, failures, names, running, settles
-- ARGV: call number, answered mark, then for each claim, named once, its number and the ids, joined
-- Returns: as settle
local seen = call('HMGET', K.settles, 'answered', ARGV[1], 'cleared')
if seen[1] and tonumber(ARGV[1]) <= tonumber(seen[1]) then
  return redis.error_reply('STALE')
end
if seen[2] then
  -- A repeat tells what its caller knows of the other calls by now. What is written first grows
  -- nothing: at the memory limit the rest passes behind it.
  if tonumber(ARGV[2]) > tonumber(seen[1] or '0') then
    call('PEXPIRE', K.settles, '600000')
    call('HSET', K.settles, 'answered', ARGV[2])
  end
  return seen[2]
end

-- Reading every key by its type comes before any write: a wrong type ends the script here.
local claims, wanted = {}, {}
for at = 3, #ARGV, 2 do
  claims[#claims + 1], wanted[#wanted + 1] = ARGV[at], ARGV[at + 1]
end
local marks = call('HMGET', K.running, 'alone', unpack(claims))
local lone = marks[1]
local with_sides = call('HLEN', K.history) + call('HLEN', K.failures) > 0
call('HLEN', K.names)

-- The usual ack: whole claims, with nothing beside the envelopes, by a worker with few answers to
-- clear away. It ends here, before the pieces: what they define costs more than what it does. Envelopes
-- go first: that is the first time that their key is touched, and a removal.
local cleared, mark = tonumber(seen[3] or ''), tonumber(ARGV[2])
local heard = cleared and tonumber(seen[1] or '0') <= mark and mark >= cleared and mark <= cleared + 8
local whole = not lone and #claims > 0
for at = 1, #claims do
  whole = whole and marks[at + 1] == wanted[at]
end
if whole and heard and not (with_sides or K.failedset) then
  local joined = table.concat(wanted)
  local count = #joined / 16
  if count <= 1000 then
    local ids = { struct.unpack(string.rep('c16', count), joined) }
    call('HDEL', K.tasks, unpack(ids, 1, count))
    call('HDEL', K.running, unpack(claims))
    call('HINCRBY', K.queue, 'done', count)
    for number = cleared + 1, mark do
      call('HDEL', K.settles, string.format('%.0f', number))
    end
    call('HSET', K.settles, 'answered', ARGV[2], 'cleared', ARGV[2], ARGV[1], '0:')
    call('PEXPIRE', K.settles, '600000')
    return '0:'
  end
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
for at, number in ipairs(claims) do
  local ids, joined, emptied = split_ids(wanted[at]), marks[at + 1], false
  if joined == wanted[at] then
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
