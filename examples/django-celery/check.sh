# Web hands a sum to the worker, through Redis.
curl -fsS "localhost:$GANGER_PORT_WEB/total?x=40&y=2" | grep '"total": 42'
