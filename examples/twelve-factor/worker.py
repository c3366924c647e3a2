"""Factor VIII, concurrency: more work is more of these, `worker=3`, and nothing else changes.

A job moves from the list `jobs` to a list of this instance and leaves that only when its result is
written. So a worker may die at any moment (factor IX): its next start finds the job and does it again,
and doing it twice changes nothing.
"""

import json
import os
import time

from lifecycle import Stop, farewell, say
from resources import Gone, migrated_database, queue, wait_for
from settings import NAME, seconds

HERE = f"working:{NAME}"
JOB_SECONDS = seconds("JOB_SECONDS")


def work(job, database):
    """The job itself: squaring a number, at leisure."""
    time.sleep(JOB_SECONDS)
    result = job["number"] ** 2
    with database:
        database.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", (job["id"], result, NAME))
    say(f"job {job['id']}: {job['number']} squared is {result}")


def main():
    stop = Stop()
    database = migrated_database()
    redis = queue()
    say(f"{NAME} {os.getpid()}: waiting for jobs")
    while wait_for(redis, stop):
        try:
            while redis.lmove(HERE, "jobs", "LEFT", "RIGHT"):
                say("took back a job that was not finished")
            while not stop.asked:
                if text := redis.blmove("jobs", HERE, 1, "RIGHT", "LEFT"):
                    work(json.loads(text), database)
                    redis.lrem(HERE, 1, text)
        except Gone:
            if not stop.asked:
                say("lost Redis, waiting for it to come back")
    farewell()


main()
