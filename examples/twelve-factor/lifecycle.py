"""Factors IX and XI, disposability and logs: how a process speaks, and how it ends."""

import os
import select
import signal
import socket
import sys

from settings import NAME


def say(text):
    """One event, one line of stdout, at once. Where it goes from there is the runner's business.

    And one write: with PYTHONUNBUFFERED, `print` writes the end of the line by itself, and between the
    two another process of this instance (gunicorn has some) may speak.
    """
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def farewell():
    """The last line of a process that ends because it was told to."""
    say(f"{NAME} {os.getpid()}: graceful shutdown")


class Stop:
    """The wish that this process ends. It is looked at between two jobs, never in one."""

    def __init__(self):
        self.asked = False
        # The interpreter writes a byte here when a signal comes, so that `wait` ends at once.
        self._wake, write = socket.socketpair()
        self._write = write
        write.setblocking(False)
        signal.set_wakeup_fd(write.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number, _frame):
        self.asked = True

    def wait(self, seconds):
        """Waits that long, or until a stop is asked for; says whether it is."""
        if not self.asked:
            select.select([self._wake], [], [], seconds)
        return self.asked
