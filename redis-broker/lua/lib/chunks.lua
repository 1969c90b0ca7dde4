-- Calls a variadic command in pieces that Lua's stack can take.
local function chunked(command, key, words)
  for first = 1, #words, 1000 do
    call(command, key, unpack(words, first, math.min(first + 999, #words)))
  end
end
