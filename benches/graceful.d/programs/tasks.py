import os, time

from celery import Celery, signals

# Redis, not a folder: it is the broker that is used in production.
app = Celery("tasks", broker=os.environ["BROKER"])


@app.task
def slow():
    open("begun", "w").close()
    time.sleep(1)
    open("finished", "w").close()


@signals.worker_ready.connect
def enqueue(**_):
    if not os.path.exists("begun"):
        slow.delay()
