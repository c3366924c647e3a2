# Greets, says its words every second, and leaves politely when it is told to.

trap 'kill "$!" 2>/dev/null; echo "$PS goodbye"; exit 0' TERM INT

echo "$GREETING from $PS, port $PORT"
while :; do
    # In the background, so that a signal is answered at once and not when the sleep is over.
    sleep 1 &
    wait "$!" 2>/dev/null
    echo "$PS $*"
done
