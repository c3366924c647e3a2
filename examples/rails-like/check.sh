# The page is served, and a changed source reaches it.
set -e
curl -fsS "localhost:$GANGER_PORT_WEB" | grep 'Hello from web.1'
echo 'p { color: red }' >>app/site.css
until curl -fsS "localhost:$GANGER_PORT_WEB/site.css" | grep 'p { color: red }'; do sleep 0.1; done
