-- push: tasks enter a queue.
-- KEYS: queue, ready, tasks, history, scheduled, names, bell, pushes,
--   ghosts
-- ARGV: call number, answered mark, '1' if an envelope is large, details, then id and envelope of
--   each task. Details are empty when every task is plain (ready at once, no own id, no id twice),
--   else for each task: when (1 byte: 0 now, 1 after, 2 at), ms (8), size of own id (2), own id.
-- Returns: '' if all were accepted, else for each task 'A' or 'E' and the id of the one that lives.
local FIRST = 5
local seen = call('HMGET', K.pushes, 'answered', ARGV[1], 'cleared')
if seen[1] and tonumber(ARGV[1]) <= tonumber(seen[1]) then
  return redis.error_reply('STALE')
end
if seen[2] then
  -- A write of this connection: what waits for replicas or the disk behind it waits for this one.
  call('PEXPIRE', K.pushes, '600000')
  -- A repeat tells what its caller knows of the other calls by now.
  if tonumber(ARGV[2]) > tonumber(seen[1] or '0') then
    call('HSET', K.pushes, 'answered', ARGV[2])
  end
  return seen[2]
end

local ids = {}
for at = FIRST, #ARGV, 2 do
  ids[#ids + 1] = ARGV[at]
end
local living = call('HMGET', K.tasks, unpack(ids))
local ghosts = call('SCARD', K.ghosts)

local any_living = false
for at = 1, #ids do
  if living[at] then
    any_living = true
    break
  end
end

-- The usual push: plain tasks, none of them there before, of a caller with few answers to clear away.
-- It ends here, before the pieces: what they define costs more than what it does. It looks at the keys
-- that it uses and at no others, which would cost it a twentieth of its time. The one key of its own whose
-- type was not read is written first: a wrong type ends the script there.
if not string.find(call('HMGET', K.queue, 'pushed')[1] or '0', '^%d+$') then
  -- Somebody damaged it. Found out by counting, the tasks would be there already.
  return redis.error_reply('ERR hash value is not an integer')
end
local cleared, mark = tonumber(seen[3] or ''), tonumber(ARGV[2])
local heard = cleared and tonumber(seen[1] or '0') <= mark and mark >= cleared and mark <= cleared + 8
local plain = ARGV[4] == '' and not any_living and ghosts == 0
if plain and heard and settings[1] and (ARGV[3] == '0' or settings[3]) then
  local rings = call('LLEN', K.bell) == 0
  call('LPUSH', K.ready, unpack(ids))
  call('HSET', K.tasks, unpack(ARGV, FIRST))
  if rings then
    call('LPUSH', K.bell, '1')
  end
  call('HINCRBY', K.queue, 'pushed', #ids)
  for number = cleared + 1, mark do
    call('HDEL', K.pushes, string.format('%.0f', number))
  end
  call('HSET', K.pushes, 'answered', ARGV[2], 'cleared', ARGV[2], ARGV[1], '')
  call('PEXPIRE', K.pushes, '600000')
  return ''
end

-- The pieces stand here.

-- Reading every key by its type comes before any write: a wrong type ends the script here.
call('LLEN', K.ready)
call('HLEN', K.history)
call('HLEN', K.names)
local head = call('ZRANGE', K.scheduled, '0', '0', 'WITHSCORES')
local soonest = tonumber(head[2] or 'inf')

-- Ids that were removed while they waited, and are pushed again, must not stand there twice. The place
-- of each is looked for from the end where what is oldest stands, as long as that may be done in one
-- script (B7), but of one in any case.
local PLACES_LOOKED_AT = 300000

-- Which of the new ids still stand in the list: those to look for, and those that keep their place, as
-- what is ready now may. The third is the most that may be looked for, where that is too few for the rest.
local function standing(ready, later)
  local asked = {}
  for _, entry in ipairs(later) do
    asked[#asked + 1] = entry[2]
  end
  for _, id in ipairs(ready) do
    asked[#asked + 1] = id
  end
  local most = math.max(1, math.floor(PLACES_LOOKED_AT / math.max(1, call('LLEN', K.ready))))
  local sought, keeps = {}, {}
  for at, is_ghost in ipairs(call('SMISMEMBER', K.ghosts, unpack(asked))) do
    local id = asked[at]
    if is_ghost == 1 and at <= #later and #sought == most then
      return sought, keeps, most
    elseif is_ghost == 1 and #sought == most then
      keeps[id] = true
    elseif is_ghost == 1 then
      sought[#sought + 1] = id
    end
  end
  return sought, keeps
end

-- Takes ids out of their old places. Returns what is ready and is still to be placed.
local function leave_places(sought, keeps, ready)
  for _, id in ipairs(sought) do
    call('SREM', K.ghosts, id)
    call('HINCRBY', K.queue, 'shifted', call('LREM', K.ready, -1, id))
    call('HINCRBY', K.queue, 'entered', 1)
  end
  local rest = {}
  for _, id in ipairs(ready) do
    if keeps[id] then
      call('SREM', K.ghosts, id)
    else
      rest[#rest + 1] = id
    end
  end
  return rest
end

local accepted, answer = #ids, ''
if plain then
  call('HSET', K.tasks, unpack(ARGV, FIRST))
  chunked('LPUSH', K.ready, ids)
  ring()
else
  local details, at = ARGV[4], 1
  local fields, ready, later, named, answers = {}, {}, {}, {}, {}
  local new_ids, new_names = {}, {}
  accepted = 0
  for index, id in ipairs(ids) do
    local kind, ms, own = 0, 0, ''
    if details ~= '' then
      local size
      kind, ms, size, at = struct.unpack('>BI8I2', details, at)
      own = string.sub(details, at, at + size - 1)
      at = at + size
    end
    local owner = nil
    if living[index] or new_ids[id] then
      owner = id
    elseif own ~= '' then
      owner = new_names[own] or call('HGET', K.names, own)
      if owner and not new_names[own] and call('HEXISTS', K.tasks, owner) == 0 then
        owner = nil
      end
    end
    if owner then
      answers[index] = 'E' .. owner
    else
      answers[index] = 'A'
      accepted = accepted + 1
      new_ids[id] = true
      fields[#fields + 1] = id
      fields[#fields + 1] = ARGV[FIRST + 2 * index - 1]
      if own ~= '' then
        new_names[own] = id
        named[#named + 1] = { own, id }
      end
      local due = kind == 1 and now + ms or kind == 2 and ms or now
      if due > now then
        later[#later + 1] = { due, id }
      else
        ready[#ready + 1] = id
      end
    end
  end
  answer = table.concat(answers)
  if accepted > 0 then
    local sought, keeps, most = {}, {}, nil
    if ghosts > 0 then
      sought, keeps, most = standing(ready, later)
    end
    if most then
      return redis.error_reply('TOOLARGE ' .. most .. ' at most')
    end
    call('HSET', K.tasks, unpack(fields))
    if ghosts > 0 then
      ready = leave_places(sought, keeps, ready)
    end
    if #ready > 0 then
      chunked('LPUSH', K.ready, ready)
    end
    local earlier = false
    for _, entry in ipairs(later) do
      call('ZADD', K.scheduled, entry[1], entry[2])
      earlier = earlier or entry[1] < soonest
    end
    for _, entry in ipairs(named) do
      call('HSET', K.names, entry[1], entry[2])
      local history = read_history(nil)
      history.own = entry[1]
      write_history(entry[2], history)
    end
    if accepted > #later or earlier then
      ring()
    end
  end
end

if accepted > 0 then
  if not settings[1] then
    call('HSET', K.queue, 'layout', LAYOUT)
  end
  if ARGV[3] == '1' and not settings[3] then
    call('HSET', K.queue, 'big', '1')
  end
  call('HINCRBY', K.queue, 'pushed', accepted)
end
remember(ARGV[1], ARGV[2], seen, answer)
return answer
