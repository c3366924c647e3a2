# Vite serves the page, and passes on what is asked of the API.
set -e
curl -fsS "127.0.0.1:$GANGER_PORT_WEB" | grep '<title>vite-api'
curl -fsS "127.0.0.1:$GANGER_PORT_WEB/api/world" | grep '{"hello":"/api/world"}'
