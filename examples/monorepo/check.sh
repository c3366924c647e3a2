# Both stacks run beside each other, in the background; web asks the API.
set -e
trap 'ganger down -d web; ganger down -d api' EXIT
ganger start -d api -D --wait
ganger start -d web -D --wait
curl -fsS "127.0.0.1:$(ganger port -d web web)" | grep 'web got: hello from the API'
