"""Runs its arguments and waits for them, as launchers of Python do."""
import subprocess, sys

sys.exit(subprocess.call(sys.argv[1:]))
