#!/bin/bash
# run_script.sh DATABASE SCRIPT [ARGUMENT...]: run SCRIPT (see run_in_odoo.py) in a database.
# DATABASE `fresh` is a copy of the template, dropped afterwards (KEEP=1 keeps it).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

database=$1
"$CC_ROOT/scripts/setup.sh"
if [ "$database" = fresh ]; then
    database=cc_$(basename "$2" .py)_$$
    "$CC_ROOT/scripts/db.sh" template
    "$CC_ROOT/scripts/db.sh" copy "$database"
    if [ -n "${KEEP:-}" ]; then say "the database $database stays"
    else trap '"$CC_ROOT/scripts/db.sh" drop "$database"' EXIT; fi
elif ! psql -X -d "$database" -c '' >/dev/null 2>&1; then
    die "there is no database $database: \`make demo SERVE=0\` makes the demo's, DB=name takes another one."
fi
# scripts print what they have to say; of Odoo, only its warnings
ODOO_LOG_LEVEL=${ODOO_LOG_LEVEL:-warn} "$VENV/bin/python" "$CC_ROOT/scripts/run_in_odoo.py" "$database" "${@:2}"
