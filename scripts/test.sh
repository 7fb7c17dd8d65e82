#!/bin/bash
# test.sh [ARGUMENT...]: the tests, on fresh copies of the template database.
#
# Without arguments: the whole suite by pytest, the tests of the module's life cycle, then the suite again by
# Odoo's own runner, which must find the same tests. Warnings and errors in a server's log fail the run.
# With arguments (paths and options of pytest; or, without any of these, an expression for its -k): those
# tests only, by pytest alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$CC_ROOT"

scripts/setup.sh
scripts/db.sh template

database=cc_test_$$
trap 'scripts/db.sh drop $database ${database}_odoo' EXIT
python=$VENV/bin/python
problems=()
passed=0
failed=0

# what tests that start programs of their own need to know
export CC_ODOO_CMD="$python -m odoo --config=$ODOO_RC"
export CC_CHECK_LOG="$python $CC_ROOT/scripts/check_log.py"
export CC_BASE_TEMPLATE=$BASE_TEMPLATE

count() { grep -oP "\d+(?= $1)" <<<"$closing" || echo 0; }

# by_pytest NAME TAGS [ARGUMENT...]
by_pytest() {
    local log=$LOGS/$1.log tags=$2 closing status=0
    shift 2
    CC_TEST_TAGS=$tags PGDATABASE=$database "$python" -m pytest --color=no "$@" 2>&1 | tee "$log" || status=$?
    closing=$(tail -1 "$log")
    passed=$((passed + $(count passed)))
    failed=$((failed + $(count failed) + $(count 'errors?\b')))
    closings+=("$closing")
    case $status in
        0 | 1) ;;
        5) problems+=("no test ran with the tags $tags") ;;
        *) problems+=("pytest broke off, see $log") ;;
    esac
    if [ $status = 1 ] && ! grep -qP '\d+ (failed|error)' <<<"$closing"; then
        problems+=("unexpected warnings or errors in the server's log, see $log")
    fi
}

by_odoo() {
    local log=$LOGS/odoo-runner.log port
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    say "the same tests by Odoo's own runner (log: $log)"
    rm -f "$log"
    odoo -d ${database}_odoo --test-tags /credit_collection --http-port="$port" --logfile="$log" </dev/null ||
        problems+=("Odoo's runner failed, see $log")
    "$python" scripts/compare_runs.py "$CC_COLLECTED" "$log" ||
        problems+=("Odoo's runner and pytest do not agree, see above")
    "$python" scripts/check_log.py "$log" || problems+=("unexpected warnings or errors in $log")
}

scripts/db.sh copy $database
closings=()
if [ $# -gt 0 ]; then
    if [[ $1 != -* && ! -e ${1%%::*} ]]; then set -- -k "$*"; fi
    by_pytest pytest standard,credit_collection_lifecycle "$@"
else
    "$python" scripts/check_log.py "$LOGS/$TEMPLATE.log" ||
        problems+=("unexpected warnings or errors when the module was installed")
    CC_COLLECTED=$LOGS/collected.txt
    CC_COLLECTED=$CC_COLLECTED by_pytest pytest standard
    say "install, upgrade, uninstall, neutralize"
    by_pytest pytest-lifecycle credit_collection_lifecycle
    scripts/db.sh copy ${database}_odoo
    by_odoo
fi

echo
printf '%s\n' "${closings[@]}"
for problem in "${problems[@]}"; do echo "PROBLEM: $problem"; done
echo "$passed passed, $((failed + ${#problems[@]})) failed"
[ $((failed + ${#problems[@]})) = 0 ]
