# Ticks once a second. After the last tick it ends with status 0, and with it the stack.

trap 'kill "$!" 2>/dev/null; echo "$PS goodbye"; exit 0' TERM INT

echo "$GREETING from $PS, port $PORT"
tick=1
while [ "$tick" -le "$TICKS" ]; do
    sleep 1 &
    wait "$!" 2>/dev/null
    echo "$PS tick $tick of $TICKS"
    tick=$((tick + 1))
done
echo "$PS done"
