"""Factor VIII again: what happens at a time is a process too. Exactly one: `clock=1`."""

import itertools
import json
import os
import uuid

from lifecycle import Stop, farewell, say
from resources import Gone, queue, wait_for
from settings import NAME, seconds


def main():
    pause = seconds("CLOCK_SECONDS")
    stop = Stop()
    redis = queue()
    if wait_for(redis, stop):
        say(f"{NAME} {os.getpid()}: ticking")
    for number in itertools.cycle(range(100)):
        if stop.wait(pause):
            break
        try:
            redis.lpush("jobs", json.dumps({"id": uuid.uuid4().hex, "number": number}))
            say(f"tick {number}")
        except Gone:
            say(f"tick {number} is lost: Redis does not answer")
    farewell()


main()
