"""Factor III, config: read from the environment, here and nowhere else."""

import os
import sys


def required(name):
    """The value of a variable without which nothing works."""
    value = os.environ.get(name)
    if not value:
        sys.exit(f"settings: {name} is not set; .env shows every variable")
    return value


def seconds(name):
    """A variable that holds a number of seconds."""
    value = required(name)
    try:
        return float(value)
    except ValueError:
        sys.exit(f"settings: {name} must be a number of seconds")


# The name of this instance, as in `web.1`: given by the runner, for logs only.
NAME = os.environ.get("PS", "unnamed")
