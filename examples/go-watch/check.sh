# A changed source is served.
set -e
curl -fsS "127.0.0.1:$GANGER_PORT_WEB" | grep 'version one'
sed -i 's/"one"/"two"/' main.go
until curl -fsS "127.0.0.1:$GANGER_PORT_WEB" 2>/dev/null | grep 'version two'; do sleep 0.1; done
