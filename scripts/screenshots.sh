#!/bin/bash
# screenshots.sh [NAME...]: serve the demo for as long as scripts/screenshots.py takes its pictures of it
# (or some of them, by name).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$CC_ROOT"
export DB=${DB:-credit_collection_demo}
PORT=${PORT:-8099}
url=http://127.0.0.1:$PORT

SERVE=0 scripts/demo.sh
PORT=$PORT HOST=127.0.0.1 scripts/serve.sh >"$LOGS/screenshots.log" 2>&1 </dev/null &
server=$!
trap 'kill $server; wait $server || true' EXIT
for _ in {1..60}; do
    if (: </dev/tcp/127.0.0.1/"$PORT") 2>/dev/null; then break; fi
    kill -0 $server 2>/dev/null || die "the server did not start, see $LOGS/screenshots.log"
    sleep 0.5
done
mkdir -p docs/screenshots
"$VENV/bin/python" scripts/screenshots.py "$url" docs/screenshots "$@"
