"""Starts what the property lists in a folder say, as far as launchd would: words, environment, folder.

plistlib is an XML property list reader that is not ours. Stops all of it at SIGTERM.
"""

import os
import pathlib
import plistlib
import signal
import subprocess
import sys

children = []


def stop(*_):
    for child in children:
        child.kill()
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.plist")):
    with open(path, "rb") as file:
        job = plistlib.load(file)
    environment = {"PATH": os.environ["PATH"], **job["EnvironmentVariables"]}
    encoded = {name.encode(): value.encode() for name, value in environment.items()}
    words = [word.encode() for word in job["ProgramArguments"]]
    children.append(subprocess.Popen(words, env=encoded, cwd=job["WorkingDirectory"]))
while True:
    signal.pause()
