#!/bin/bash
# A child in the background, and a trap that passes the signal on.
python3 job.py child &
child=$!
trap 'kill -TERM $child' TERM INT
wait $child
wait $child
[ -f child-finished ] && touch finished
