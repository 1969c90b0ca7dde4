-- list: a page of tasks of one state.
-- KEYS: queue, ready, tasks, history, scheduled, failed, dead, done, suspects, then running of
--   workers (for the running state)
-- ARGV: state, cursor, most tasks, most bytes
-- Returns: where the next page starts (-1: nowhere), then id, time (or nothing), envelope (or
--   nothing), history (or nothing) of each task
local state, cursor, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local room = tonumber(ARGV[4])
local ids, times, total = {}, {}, 0

if state == 'ready' then
  local ready, apart = call('LLEN', K.ready), call('ZCARD', K.suspects)
  total = ready + apart
  if cursor < ready then
    local page = call('LRANGE', K.ready, -(cursor + limit), -(cursor + 1))
    for at = #page, 1, -1 do
      ids[#ids + 1] = page[at]
    end
  end
  if #ids < limit and apart > 0 then
    local from = math.max(0, cursor - ready)
    for _, id in ipairs(call('ZRANGE', K.suspects, from, from + limit - #ids - 1)) do
      ids[#ids + 1] = id
    end
  end
elseif state == 'running' then
  for at = RUNNING_FROM, #KEYS do
    local fields = call('HGETALL', KEYS[at])
    for field = 1, #fields, 2 do
      if tonumber(fields[field]) then
        local joined = fields[field + 1]
        local count = #joined / 16
        for index = math.max(0, cursor - total), count - 1 do
          if #ids == limit then
            break
          end
          ids[#ids + 1] = string.sub(joined, 16 * index + 1, 16 * index + 16)
        end
        total = total + count
      end
    end
  end
else
  total = call('ZCARD', K[state])
  local page = call('ZRANGE', K[state], cursor, cursor + limit - 1, 'WITHSCORES')
  for at = 1, #page, 2 do
    ids[#ids + 1] = page[at]
    times[#ids] = page[at + 1]
  end
end

local page, seen = {}, 0
for at, id in ipairs(ids) do
  room = room - call('HSTRLEN', K.tasks, id)
  if room < 0 and seen > 0 then
    break
  end
  seen = at
  local envelope = call('HGET', K.tasks, id)
  if envelope or state ~= 'ready' then
    page[#page + 1] = id
    page[#page + 1] = times[at] or false
    page[#page + 1] = envelope
    page[#page + 1] = call('HGET', K.history, id)
  end
end
local next_page = cursor + seen
return { next_page < total and seen > 0 and next_page or -1, page }
