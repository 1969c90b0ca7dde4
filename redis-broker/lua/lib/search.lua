-- A search through a whole queue, a step a call (B17). What its callers share is in `search`; the ids
-- that no place has shown yet are in `lost`. Both end ten minutes after the last step: a search
-- that nobody goes on with has mended what it mended and leaves nothing.
--
-- An id in `lost` had an envelope (or was a ghost) and stood in no set. Then the ready list is read
-- from its left end to its right one, and every claim; what is met leaves `lost`. Pushes move
-- what is unread to the right, claims take from the right end: nothing unread is passed by. What could have
-- evaded entered the list again meanwhile: `entered` counts that, and `behind` what of it did so at the
-- left end, and so the last step, which is atomic, knows how much of either end it has to look at once
-- more; where that is much of the left end, it is read in steps first, as the list was. An id that is in no place then
-- cannot have been in one: nothing brings such an id back but a search, or a push of one that had
-- ended, which stands among the pushed.
local SEARCH_MS = 600000

-- So many ids are looked for at a time: it bounds the memory of a search.
local IDS_SOUGHT = 200000

-- Ends of the ready list that one step reads at most; a list up to this is read whole.
local SHORT = 2000

local state = {}
local fields_of_state = call('HGETALL', K.search)
for at = 1, #fields_of_state, 2 do
  state[fields_of_state[at]] = fields_of_state[at + 1]
end

local function begin_search()
  call('DEL', K.search, K.lost)
  call('HSET', K.queue, 'searching', '1')
  state = { stage = 'collect', part = 1, cursor = '0', scanned = '', collected = '' }
end

local function save_search()
  local words = {}
  for field, value in pairs(state) do
    words[#words + 1] = field
    words[#words + 1] = value
  end
  call('HSET', K.search, unpack(words))
  call('PEXPIRE', K.search, SEARCH_MS)
  call('PEXPIRE', K.lost, SEARCH_MS)
end

-- One that could not be sure of all, unless the numbers say that nothing is off, leaves none: the next
-- look at them begins another. Where there are too many claims to know them, the earlier ones stay, and
-- there is no look but the daily search until there are fewer.
local ended_unsure = false
local function end_search(running)
  local off = running and off_by(running)
  ended_unsure = state.unsure ~= nil and off ~= '0:0:0'
  call('DEL', K.search, K.lost)
  call('HDEL', K.queue, 'searching')
  call('HSET', K.queue, 'searched', now)
  if off or ended_unsure then
    call('HSET', K.queue, 'off', ended_unsure and '' or off)
  end
  state = {}
end

-- How many ids have entered the ready list so far, pushed or coming back, how many of them in front of
-- all others, and how many were taken out of its middle.
local function movements()
  local counters = call('HMGET', K.queue, 'pushed', 'entered', 'behind', 'shifted')
  local function counter(at)
    return tonumber(counters[at] or '0')
  end
  return counter(1) + counter(2), counter(2) - counter(3), counter(4)
end

-- Reads the list anew: all of it, or so many ids at its left end.
local function begin_list(upto)
  state.stage, state.at, state.upto = 'ready', 0, upto or ''
  state.entered, state.in_front, state.shifted = movements()
end

-- What is met is not lost.
local function met(ids)
  if call('SCARD', K.lost) > 0 then
    chunked('SREM', K.lost, ids)
  end
end
