#!/bin/bash
# The script has something to do after its child: bash runs the trap when the child has ended.
trap 'echo stopping' TERM INT
python3 job.py child
[ -f child-finished ] && touch finished
