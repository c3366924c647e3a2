# Factor X, dev/prod parity: in development, too, it is a real Redis.
# Its port comes from REDIS_URL and not from PORT: the URL is the one place that says where Redis is.

authority=${REDIS_URL#redis://}
authority=${authority%%/*}
case $authority in
127.0.0.1:* | localhost:*) ;;
*)
    echo "redis.sh: REDIS_URL names another host: run this line 0 times (redis=0)"
    exit 1
    ;;
esac

# Nothing is kept: no snapshot, no log, no file.
exec redis-server --bind 127.0.0.1 --port "${authority##*:}" --save '' --appendonly no
