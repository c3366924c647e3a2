"""Factor V, build, release, run: brings the database to this code's schema, before the code runs.

It needs the database only, so it works before anything else is up; run again, it changes nothing.
"""

from lifecycle import say
from resources import SCHEMA, database, schema_version

# The n-th one leads from version n to n+1. Never edit one that was released: add another.
MIGRATIONS = [
    "CREATE TABLE results (job TEXT PRIMARY KEY, result INTEGER NOT NULL)",
    "ALTER TABLE results ADD COLUMN worker TEXT NOT NULL DEFAULT ''",
]
assert len(MIGRATIONS) == SCHEMA


def main():
    connection = database()
    connection.isolation_level = None  # The transaction is ours: PRAGMA takes part in it too.
    connection.execute("BEGIN IMMEDIATE")
    version = schema_version(connection)
    for step in MIGRATIONS[version:]:
        connection.execute(step)
    connection.execute(f"PRAGMA user_version = {max(version, SCHEMA)}")
    connection.execute("COMMIT")
    say(f"schema: {version} -> {SCHEMA}" if version < SCHEMA else f"schema: already at {version}")


main()
