#!/bin/bash
# serve.sh: serve the database DB on PORT (8069) of HOST (127.0.0.1; 0.0.0.0 for the whole network).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
DB=${DB:-credit_collection_demo}
PORT=${PORT:-8069}
HOST=${HOST:-127.0.0.1}

"$CC_ROOT/scripts/setup.sh"
psql -X -d "$DB" -c '' >/dev/null 2>&1 || die "there is no database $DB: \`make demo\` makes the demo's."
"$VENV/bin/python" -c 'import socket, sys; socket.create_server((sys.argv[1], int(sys.argv[2])))' "$HOST" "$PORT" 2>/dev/null ||
    die "port $PORT is taken: choose another one with PORT=8070"
say "http://localhost:$PORT  login admin, password admin; Ctrl-C ends it"
exec "$VENV/bin/python" -m odoo -d "$DB" --db-filter="^$DB\$" --no-database-list \
    --http-interface="$HOST" --http-port="$PORT" --max-cron-threads=1
