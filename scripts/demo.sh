#!/bin/bash
# demo.sh: build the demo database (scripts/demo*.py), unless it is there and nothing has changed since.
# DB (its name), FRESH=1 (build it anyway), SERVE=0 (do not serve it), PORT, HOST: see serve.sh.
# TODAY=2026-11-25: as if it were that day; what people do depends on the days of the week.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$CC_ROOT"
export DB=${DB:-credit_collection_demo}

scripts/setup.sh
scripts/db.sh template
if [ -n "${FRESH:-}" ] || [ "$(scripts/db.sh state "$DB" scripts/demo*.py)" != current ]; then
    say "building the demo in the database $DB"
    scripts/db.sh copy "$DB"
    scripts/run_script.sh "$DB" scripts/demo.py
    scripts/db.sh mark "$DB" scripts/demo*.py
fi
if [ "${SERVE:-1}" = 0 ]; then
    say "the demo is ready in the database $DB; \`make serve\` serves it (login admin, password admin)"
else
    exec scripts/serve.sh
fi
