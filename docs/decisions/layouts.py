#!/usr/bin/env python3
"""Measures what layouts of a queue cost a Redis server: figures for 0001-layout.md.

    pip install redis; python3 docs/decisions/layouts.py redis://127.0.0.1:6379/9

Each layout is three small scripts (push, claim, ack) with none of the contract's further care. The
server's own time of each call is read from `INFO commandstats`, so the speed of this program does not
matter. The database is flushed: give it one of its own.
"""

import os
import sys

import redis

TASKS = 100_000
BODY = b"x" * 100

# ARGV of a push: id, body, .. of a claim: how many, token. Of an ack: token, id, .. Keys: ready, tasks,
# running, leases, counters.
COUNT = "redis.call('HINCRBY', KEYS[5], 'n', {n})\n"
PUSH_IDS = """
local ids = {}
for at = 1, #ARGV, 2 do ids[#ids + 1] = ARGV[at] end
redis.call('LPUSH', KEYS[1], unpack(ids))
redis.call('HSET', KEYS[2], unpack(ARGV))
"""
LAYOUTS = {
    "envelopes in the list, running: id -> envelope": (
        """
local list = {}
for at = 1, #ARGV, 2 do list[#list + 1] = ARGV[at] .. ARGV[at + 1] end
redis.call('LPUSH', KEYS[1], unpack(list))
""",
        """
local found = redis.call('RPOP', KEYS[1], ARGV[1])
local fields = {}
for _, one in ipairs(found) do
  fields[#fields + 1] = string.sub(one, 1, 16)
  fields[#fields + 1] = one
end
redis.call('HSET', KEYS[3], unpack(fields))
return found
""",
        "redis.call('HDEL', KEYS[3], unpack(ARGV, 2))\n",
    ),
    "ids in the list, one hash of envelopes, running: id -> token": (
        PUSH_IDS,
        """
local ids = redis.call('RPOP', KEYS[1], ARGV[1])
local fields = {}
for _, id in ipairs(ids) do
  fields[#fields + 1] = id
  fields[#fields + 1] = ARGV[2]
end
redis.call('HSET', KEYS[3], unpack(fields))
return { ids, redis.call('HMGET', KEYS[2], unpack(ids)) }
""",
        """
local tokens, ours = redis.call('HMGET', KEYS[3], unpack(ARGV, 2)), {}
for at, token in ipairs(tokens) do
  if token == ARGV[1] then ours[#ours + 1] = ARGV[at + 1] end
end
redis.call('HDEL', KEYS[3], unpack(ours))
redis.call('HDEL', KEYS[2], unpack(ours))
""",
    ),
    "the same, a lease a task in a sorted set": (
        PUSH_IDS,
        """
local ids = redis.call('RPOP', KEYS[1], ARGV[1])
local fields, leases = {}, {}
for _, id in ipairs(ids) do
  fields[#fields + 1] = id
  fields[#fields + 1] = ARGV[2]
  leases[#leases + 1] = '1000000000000'
  leases[#leases + 1] = id
end
redis.call('HSET', KEYS[3], unpack(fields))
redis.call('ZADD', KEYS[4], unpack(leases))
return { ids, redis.call('HMGET', KEYS[2], unpack(ids)) }
""",
        """
local tokens, ours = redis.call('HMGET', KEYS[3], unpack(ARGV, 2)), {}
for at, token in ipairs(tokens) do
  if token == ARGV[1] then ours[#ours + 1] = ARGV[at + 1] end
end
redis.call('HDEL', KEYS[3], unpack(ours))
redis.call('ZREM', KEYS[4], unpack(ours))
redis.call('HDEL', KEYS[2], unpack(ours))
""",
    ),
    "ids in the list, one hash of envelopes, running: claim -> ids": (
        PUSH_IDS,
        """
local ids = redis.call('RPOP', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[2], table.concat(ids))
return { ids, redis.call('HMGET', KEYS[2], unpack(ids)) }
""",
        """
local held = redis.call('HGET', KEYS[3], ARGV[1])
if held == table.concat(ARGV, '', 2) then
  redis.call('HDEL', KEYS[3], ARGV[1])
  redis.call('HDEL', KEYS[2], unpack(ARGV, 2))
end
""",
    ),
}
KEYS = ["{q}ready", "{q}tasks", "{q}running", "{q}leases", "{q}counters"]


def cost(server, script, calls, batch):
    """Runs the script with each of these arguments; microseconds of the server a task, and answers."""
    sha = server.script_load(script)
    server.config_resetstat()
    answers = []
    for start in range(0, len(calls), 50):
        pipe = server.pipeline(transaction=False)
        for args in calls[start:start + 50]:
            pipe.evalsha(sha, len(KEYS), *KEYS, *args)
        answers.extend(pipe.execute())
    stats = server.info("commandstats")["cmdstat_evalsha"]
    return stats["usec"] / len(calls) / batch, answers


def measure(server, scripts, batch, counted):
    """Push, claim and ack in microseconds a task, and bytes a waiting task."""
    server.flushdb()
    ids = [os.urandom(16) for _ in range(TASKS)]
    before = server.info("memory")["used_memory"]
    count = COUNT.format(n=batch) if counted else ""
    push, claim, ack = scripts
    pushes = [
        [word for one in ids[at:at + batch] for word in (one, BODY)] for at in range(0, TASKS, batch)
    ]
    pushed, _ = cost(server, count + push, pushes, batch)
    waiting = (server.info("memory")["used_memory"] - before) / TASKS
    claims = [[batch, f"token-{number}"] for number in range(TASKS // batch)]
    claimed, answers = cost(server, count + claim, claims, batch)
    acks = []
    for (_, token), answer in zip(claims, answers):
        found = answer[0] if isinstance(answer[0], list) else [one[:16] for one in answer]
        acks.append([token, *found])
    acked, _ = cost(server, count + ack, acks, batch)
    return pushed, claimed, acked, waiting


def show(server, name, scripts, counted):
    """Prints the medians of three rounds, at each number of tasks a call."""
    for batch in (100, 10):
        rounds = [measure(server, scripts, batch, counted) for _ in range(3)]
        row = [sorted(figures)[1] for figures in zip(*rounds)]
        cells = [f"{figure:.2f}" for figure in row[:3]] + [f"{row[3]:.0f}"]
        print(f"| {name} | {batch} | {' | '.join(cells)} |", flush=True)


def main():
    server = redis.Redis.from_url(sys.argv[1] if len(sys.argv) > 1 else "redis://127.0.0.1:6379/9")
    print("| layout | tasks a call | push | claim | ack | bytes |\n| --- | --- | --- | --- | --- | --- |")
    for name, scripts in LAYOUTS.items():
        show(server, name, scripts, False)
    show(server, "the last, with a counter in a hash", scripts, True)
    server.flushdb()


if __name__ == "__main__":
    main()
