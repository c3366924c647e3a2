"""Factor VII, port binding: the app brings its own server, on the PORT that it is given."""

import os

from lifecycle import farewell, say
from settings import NAME, required

bind = f"{required('HOST')}:{required('PORT')}"

# Factor IX: what is being answered may be finished, for less than the grace of the runner.
graceful_timeout = 4

# Factor XI: every log goes to stdout (gunicorn's own would be stderr), and without the time: whoever
# collects the lines knows when they came.
accesslog = "-"
access_log_format = "%(r)s %(s)s"
logconfig_dict = {
    "formatters": {"generic": {"format": "%(message)s"}},
    "loggers": {
        name: {"level": "INFO", "handlers": ["console"], "propagate": False}
        for name in ("gunicorn.error", "gunicorn.access")
    },
}

# One socket in the home directory for all instances together: it would join what is apart.
control_socket_disable = True


def when_ready(_server):
    say(f"{NAME} {os.getpid()}: listening on {bind}")


def post_worker_init(_worker):
    say(f"{NAME} {os.getpid()}: ready to answer")


def worker_exit(_server, _worker):
    farewell()


def on_exit(_server):
    farewell()
