"""Factor XII, admin processes: one-off, but with the same code, config and resources as the rest.

usage: admin.py results          how many results there are, and how many jobs wait
       admin.py requeue          puts the jobs that no worker finished back into the queue
"""

import sys

from resources import Gone, migrated_database, queue


def results(redis):
    done = migrated_database().execute("SELECT count(*) FROM results").fetchone()[0]
    working = sum(redis.llen(key) for key in redis.scan_iter("working:*"))
    print(f"results: {done}, queued: {redis.llen('jobs')}, at hand: {working}")


def requeue(redis):
    """For lists whose worker will not come back, after a scale down say. A job that is being done
    at this moment is done twice, which changes nothing."""
    moved = 0
    for key in redis.scan_iter("working:*"):
        while redis.lmove(key, "jobs", "LEFT", "RIGHT"):
            moved += 1
    print(f"requeued: {moved}")


commands = {"results": results, "requeue": requeue}
if len(sys.argv) != 2 or sys.argv[1] not in commands:
    sys.exit(__doc__.strip())
try:
    commands[sys.argv[1]](queue())
except Gone:
    sys.exit("admin: Redis does not answer; is the stack running?")
