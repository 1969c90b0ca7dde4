"""A program that knows nothing of tireless: a list to push to, a set to look at.

    python producer.py push BODY..      one LPUSH a body
    python producer.py tick COUNT       pushes the time, COUNT times, five times a second
    python producer.py failed           shows what failed and waits to be tried again
    python producer.py forget BODY      takes a failed body out of the set: it is not tried again

Environment: REDIS_URL (redis://localhost:6379), TASK_LIST (task_queue), FAILED_SET (fled_task).
"""

import os
import sys
import time

import redis

r = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379"))
task_queue = os.environ.get("TASK_LIST", "task_queue")
fled_task = os.environ.get("FAILED_SET", "fled_task")


def main(command, *bodies):
    if command == "push":
        for body in bodies:
            r.lpush(task_queue, os.fsencode(body))
    elif command == "tick":
        for _ in range(int(bodies[0])):
            time.sleep(0.2)
            r.lpush(task_queue, repr(time.time()))
    elif command == "failed":
        for body in sorted(r.smembers(fled_task)):
            sys.stdout.buffer.write(body + b"\n")
    elif command == "forget":
        r.srem(fled_task, *map(os.fsencode, bodies))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["help"]))
