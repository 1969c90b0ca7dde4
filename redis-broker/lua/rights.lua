-- rights: which commands the user who asks may not send.
-- KEYS: queue
-- ARGV: command lines, their words separated by spaces; `@` stands for the key
-- Returns: the places of those that are refused; nothing where the server cannot say (before 7.0)
if not redis.acl_check_cmd then
  return false
end
local refused = {}
for at, line in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(line, '%S+') do
    words[#words + 1] = word == '@' and K.queue or word
  end
  -- A command that the server does not have raises an error.
  local known, allowed = pcall(redis.acl_check_cmd, unpack(words))
  if not (known and allowed) then
    refused[#refused + 1] = at
  end
end
return refused
