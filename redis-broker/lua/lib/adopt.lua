-- An adopted queue: its tasks come from a plain list, and its failed ones are to be seen in a plain
-- set, by programs that know nothing else. Equal bodies fold in a set, so `plain` keeps for each
-- body, by its hash: the attempts and crashes that equal bodies share, and how many of ours wait
-- behind the one member. In a queue of our own these keys do not exist and nothing here does anything.
local ATTEMPTS_KEPT_MS = 7 * 24 * 3600 * 1000

if K.failedset then
  -- Reading every key by its type comes before any write: a wrong type ends the script here.
  call('SCARD', K.failedset)
  call('LLEN', K.list)
  for _, hash in ipairs({ K.plain, K.names, K.failures }) do
    call('HLEN', hash)
  end
end

-- The body of a task that may return to the plain list; nothing for one that was pushed natively and
-- has more to it: a type, headers, options or an id of the user's own.
local function plain_body(id)
  local envelope = call('HGET', K.tasks, id)
  if envelope and string.sub(envelope, 1, 4) == '\1\0\0\0' then
    local record = call('HGET', K.history, id)
    if not record or #record <= 19 then
      return string.sub(envelope, 5)
    end
  end
end

-- How many of the first ids have bodies that one script may read (B7): all of them in a queue of our
-- own, where none is read.
local BODIES_A_CALL = 4 * 1024 * 1024
local function with_bodies_that_fit(ids)
  local bytes = 0
  for at = 1, K.failedset and #ids or 0 do
    bytes = bytes + call('HSTRLEN', K.tasks, ids[at])
    if at > 1 and bytes > BODIES_A_CALL then
      return at - 1
    end
  end
  return #ids
end

local function read_plain(body)
  local hash = redis.sha1hex(body)
  local record = call('HGET', K.plain, hash)
  local attempts, waiting, crashes, lone = 0, 0, 0, 0
  if record and #record == 12 then
    attempts, waiting, crashes, lone = struct.unpack('>I4I4I2I2', record)
  end
  return { hash = hash, attempts = attempts, waiting = waiting, crashes = crashes, lone = lone }
end

-- While one of ours waits behind a member the key holds its only record, and must not end.
local function write_plain(plain)
  local record = struct.pack(
    '>I4I4I2I2', plain.attempts, math.max(0, plain.waiting), plain.crashes, plain.lone)
  call('HSET', K.plain, plain.hash, record)
  if plain.waiting > 0 or call('ZCARD', K.failed) > 0 then
    call('PERSIST', K.plain)
  else
    call('PEXPIRE', K.plain, ATTEMPTS_KEPT_MS)
  end
end

-- What equal bodies have been through; nothing if none has failed.
local function history_before(body)
  local plain = K.plain and call('HLEN', K.plain) > 0 and read_plain(body)
  if not plain or plain.attempts + plain.crashes == 0 then
    return nil
  end
  local history = read_history(nil)
  history.attempts, history.crashes, history.lone = plain.attempts, plain.crashes, plain.lone
  return history
end

local function show_failed(id, history)
  local body = K.failedset and plain_body(id)
  if body then
    local plain = read_plain(body)
    plain.attempts = math.max(plain.attempts, history.attempts)
    plain.crashes = math.max(plain.crashes, history.crashes)
    plain.lone = math.max(plain.lone, history.lone)
    -- Where nothing of ours has failed, nothing waits, whatever a record says that was damaged.
    local waits = plain.waiting > 0 and call('ZCARD', K.failed) > 0
    local there = call('SISMEMBER', K.failedset, body) == 1
    if there and not waits then
      -- The member is somebody else's, and ours would fold into it: theirs goes back, as by a sweep.
      -- Should it be ours after all, its record lost, the one that returns stands for both.
      call('LPUSH', K.list, body)
    end
    if not waits then
      plain.waiting = 1
    elseif there then
      -- A member that is away while one of ours waits behind it was taken, and this may be what it
      -- came back as: it takes the place of the one that was taken.
      plain.waiting = plain.waiting + 1
    end
    write_plain(plain)
    call('SADD', K.failedset, body)
  end
end

-- One of ours leaves the set. Returns whether its member was still there: if not, somebody else
-- took it, and what is ours behind it is shown again. The attempts of its body are kept while it
-- may come back by itself.
local function hide_failed(body, comes_back)
  local plain = read_plain(body)
  plain.waiting = plain.waiting - 1
  local there = call('SISMEMBER', K.failedset, body) == 1
  if plain.waiting > 0 or comes_back then
    write_plain(plain)
  else
    call('HDEL', K.plain, plain.hash)
    if call('ZCARD', K.failed) == 0 then
      call('PEXPIRE', K.plain, ATTEMPTS_KEPT_MS)
    end
  end
  if plain.waiting <= 0 then
    call('SREM', K.failedset, body)
  elseif not there then
    call('SADD', K.failedset, body)
  end
  return there
end

-- Tasks that leave the failed set by an operator's hand, their attempts forgotten. Returns those
-- that are still ours, and those that somebody else has taken.
local function hide_all(ids)
  if not K.failedset then
    return ids, {}
  end
  local ours, taken = {}, {}
  for _, id in ipairs(ids) do
    local body = plain_body(id)
    local there = not body or hide_failed(body, false)
    local kind = there and ours or taken
    kind[#kind + 1] = id
  end
  return ours, taken
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
