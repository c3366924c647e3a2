"""A service that finishes the job in hand when it is asked to end, and nothing else does it end for.

usage: job.py [NAME]     writes NAME-begun, after a second of work NAME-finished
"""
import signal, sys, time

name = sys.argv[1] + "-" if sys.argv[1:] else ""
asked = []
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, _: asked.append(number))

end = time.monotonic() + 1
open(name + "begun", "w").close()
while time.monotonic() < end:
    time.sleep(0.01)
open(name + "finished", "w").close()
print("finished", flush=True)
while not asked:
    time.sleep(0.01)
