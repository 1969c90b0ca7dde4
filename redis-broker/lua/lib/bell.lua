-- One ring wakes one waiter and carries no data (B14). A ring nobody waits for is kept, once.
local rung = call('LLEN', K.bell) > 0
local function ring()
  if not rung then
    call('LPUSH', K.bell, '1')
    rung = true
  end
end
