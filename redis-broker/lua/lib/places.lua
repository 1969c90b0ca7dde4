-- The places of tasks as a search sees them (B17): membership by id, each look O(1), and what was
-- found and mended.
local SETS = { 'scheduled', 'failed', 'dead', 'done', 'suspects' }
local found = {
  lost = 0, empty = 0, doubled = 0, unleased = 0, leftovers = 0, untimed = 0, ghosts = 0,
  malformed = 0,
}

-- Reading every key by its type comes before any write: a wrong type ends the script here.
call('LLEN', K.ready)
for _, hash in ipairs({ K.tasks, K.history, K.failures, K.names, K.search }) do
  call('HLEN', hash)
end
for _, set in ipairs(SETS) do
  call('ZCARD', K[set])
end
call('ZCARD', K.kept)
call('ZCARD', K.leases)
call('SCARD', K.ghosts)
call('SCARD', K.lost)
for at = RUNNING_FROM, #KEYS do
  call('HLEN', KEYS[at])
end

local function note(class, count)
  found[class] = found[class] + count
end

local function lives(id)
  return call('HEXISTS', K.tasks, id) == 1
end

-- Scores of ids in one set, in their order; nothing where it does not hold them.
local function scores_in(set, ids)
  local scores = {}
  for first = 1, call('ZCARD', K[set]) > 0 and #ids or 0, 1000 do
    local page = call('ZMSCORE', K[set], unpack(ids, first, math.min(first + 999, #ids)))
    for at = 1, #page do
      scores[first + at - 1] = page[at]
    end
  end
  return scores
end

local function take_out(set, ids)
  chunked('ZREM', K[set], ids)
  if set == 'failed' then
    hide_all(ids)
  elseif set == 'done' then
    chunked('ZREM', K.kept, ids)
  end
end

-- Ids that stand in the ready list or in a claim, and so in no set: a due time or an end that was
-- left there would move or drop a task under its holder.
local function leave_sets(ids)
  for _, set in ipairs(SETS) do
    local scores, doubled = scores_in(set, ids), {}
    for at, id in ipairs(ids) do
      doubled[#doubled + 1] = scores[at] and id or nil
    end
    take_out(set, doubled)
    note('doubled', #doubled)
  end
  for first = 1, call('ZCARD', K.kept) > 0 and #ids or 0, 1000 do
    note('untimed', call('ZREM', K.kept, unpack(ids, first, math.min(first + 999, #ids))))
  end
end

-- What the numbers are off by: 0 where every task is in one place and nothing else is there.
local function off_by(running)
  local placed = call('LLEN', K.ready) - call('SCARD', K.ghosts) + running
  for _, set in ipairs(SETS) do
    placed = placed + call('ZCARD', K[set])
  end
  local tasks, history = call('HLEN', K.tasks), call('HLEN', K.history)
  local over = math.max(0, history - tasks) + math.max(0, call('HLEN', K.failures) - tasks)
    + math.max(0, call('HLEN', K.names) - history)
  return string.format('%d:%d:%d', tasks - placed, call('ZCARD', K.kept) - call('ZCARD', K.done), over)
end
