-- The store's time in milliseconds, read once a script (B6).
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
