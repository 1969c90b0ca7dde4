-- An adopted queue: its tasks come from a plain list, and its failed ones are to be seen in a plain
-- set, by programs that know nothing else. Equal bodies fold in a set, so `plain` keeps for each
-- body, by its hash: the attempts that equal bodies share, and how many of ours wait behind the one
-- member. In a queue of our own these keys do not exist and nothing here does anything.
local ATTEMPTS_KEPT_MS = 7 * 24 * 3600 * 1000

if K.failedset then
  -- Reading every key by its type comes before any write: a wrong type ends the script here.
  call('SCARD', K.failedset)
  call('LLEN', K.list)
  for _, hash in ipairs({ K.plain, K.names, K.failures }) do
    call('HLEN', hash)
  end
end

-- The body of a task that came from the plain list; nothing for one that was pushed natively.
local function plain_body(id)
  local envelope = call('HGET', K.tasks, id)
  if envelope and string.sub(envelope, 1, 4) == '\1\0\0\0' then
    return string.sub(envelope, 5)
  end
end

local function read_plain(body)
  local hash = redis.sha1hex(body)
  local record = call('HGET', K.plain, hash)
  local attempts, waiting = 0, 0
  if record and #record == 8 then
    attempts, waiting = struct.unpack('>I4I4', record)
  end
  return { hash = hash, attempts = attempts, waiting = waiting }
end

local function write_plain(plain)
  call('HSET', K.plain, plain.hash, struct.pack('>I4I4', plain.attempts, math.max(0, plain.waiting)))
  call('PEXPIRE', K.plain, ATTEMPTS_KEPT_MS)
end

-- How often equal bodies were tried before.
local function attempts_before(body)
  return K.plain and call('HLEN', K.plain) > 0 and read_plain(body).attempts or 0
end

local function show_failed(id, attempts)
  local body = K.failedset and plain_body(id)
  if body then
    local plain = read_plain(body)
    plain.attempts = math.max(plain.attempts, attempts)
    plain.waiting = plain.waiting + 1
    write_plain(plain)
    call('SADD', K.failedset, body)
  end
end

-- One of ours leaves the set. Returns whether its member was still there: if not, somebody else
-- took it, and what is ours behind it is shown again.
local function hide_failed(body)
  local plain = read_plain(body)
  plain.waiting = plain.waiting - 1
  write_plain(plain)
  local there = call('SISMEMBER', K.failedset, body) == 1
  if plain.waiting <= 0 then
    call('SREM', K.failedset, body)
  elseif not there then
    call('SADD', K.failedset, body)
  end
  return there
end

-- Tasks that leave the failed set by an operator's hand.
local function hide_all(ids)
  if K.failedset then
    for _, id in ipairs(ids) do
      local body = plain_body(id)
      if body then
        hide_failed(body)
      end
    end
  end
end

-- Tasks that ended: the attempts of their bodies are forgotten, unless equal bodies still wait.
local function end_attempts(ids)
  if K.plain and call('HLEN', K.plain) > 0 then
    for _, id in ipairs(ids) do
      local body = plain_body(id)
      local plain = body and read_plain(body)
      if plain and plain.waiting <= 0 then
        call('HDEL', K.plain, plain.hash)
      end
    end
  end
end
