-- At maxmemory only a script whose first write cannot grow may go on: so the first one is a
-- removal, of nothing (B2).
local function unlock()
  call('HDEL', K.queue, '-')
end
