"""Factor IV, backing services: a resource is a URL, and another one is another URL."""

import sqlite3
import sys

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from settings import required

SCHEMA = 2  # The version that this code works with; migrate.py gets there.

# What a lost connection looks like.
Gone = (redis.ConnectionError, redis.TimeoutError)


def queue():
    """A client of the Redis at REDIS_URL. It connects when it is used first, and fails at once:
    whether and how long to wait is for the process to say."""
    return redis.Redis.from_url(
        required("REDIS_URL"), decode_responses=True, socket_timeout=5, retry=Retry(NoBackoff(), 0)
    )


def wait_for(client, stop, attempts=50):
    """Waits until Redis answers, 10 s at most. False when a stop was asked for meanwhile."""
    for _ in range(attempts):
        if stop.asked:
            return False
        try:
            return client.ping()
        except Gone:
            stop.wait(0.2)
    sys.exit(f"resources: no answer from Redis after {attempts} attempts; see REDIS_URL")


def database():
    """A connection to the database at DATABASE_URL. This example knows SQLite; a path with three
    slashes is relative to the folder that the process runs in, one with four is absolute."""
    scheme, _, path = required("DATABASE_URL").partition(":///")
    if scheme != "sqlite" or not path:
        sys.exit("resources: DATABASE_URL must be like sqlite:///file.sqlite3")
    return sqlite3.connect(path, timeout=10)


def schema_version(connection):
    """The version of the schema; 0 in a database that is new."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def migrated_database():
    """The database, or the end of the process when its release step has not been run."""
    connection = database()
    version = schema_version(connection)
    if version != SCHEMA:
        sys.exit(f"resources: the schema is at {version}, not {SCHEMA}; run the release step first")
    return connection
