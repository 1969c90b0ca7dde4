-- One ring wakes one waiter and carries no data (B14). A ring nobody waits for is kept, once.
local function ring()
  if call('LLEN', K.bell) == 0 then
    call('LPUSH', K.bell, '1')
  end
end
