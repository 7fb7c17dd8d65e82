#!/bin/bash
# lint.sh: everything that is checked without running the module. No message means that all is well.
# lint.sh --fix: formats and repairs what can be repaired by itself.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$CC_ROOT"

scripts/setup.sh --lint
lint=$CACHE/venv-lint/bin
node=$CACHE/node/node_modules

# --- formatting of XML, JavaScript and style sheets, where node is there ------------------------

# the templates of letters and mails are left alone: white space matters in them
formatted() {
    git ls-files --cached --others --exclude-standard 'credit_collection/*.'{xml,js,css,scss} |
        grep -vE '^credit_collection/(i18n|static/(lib|description))/|(_templates|mail_template_data|_reports)\.xml$'
}
prettier() {
    local files
    mapfile -t files < <(formatted)
    if [ ${#files[@]} = 0 ]; then return; fi
    NODE_PATH=$node "$node/.bin/prettier" "$@" "${files[@]}"
}
install_prettier() {
    command -v npm >/dev/null || return 1
    cmp -s requirements/package.json "$CACHE/node/package.json" && return
    mkdir -p "$CACHE/node"
    cp requirements/package.json "$CACHE/node/package.json.new"
    rm -f "$CACHE/node/package.json"
    (cd "$CACHE/node" && cp package.json.new package.json && npm install --silent --no-fund --no-audit) ||
        { rm -f "$CACHE/node/package.json"; return 1; }
}
has_prettier=yes
install_prettier || has_prettier=

if [ "${1:-}" = --fix ]; then
    "$lint/ruff" format -q .
    "$lint/ruff" check -q --fix . || true
    if [ -n "$has_prettier" ]; then prettier --write --log-level warn; fi
    exit 0
fi

# --- the checks: each prints what it finds ------------------------------------------------------

failed=()
check() {
    local name=$1 output
    shift
    if ! output=$("$@" 2>&1) || [ -n "$output" ]; then
        printf -- '--- %s\n%s\n' "$name" "$output"
        failed+=("$name")
    fi
}

# Odoo's own checkers, on our module alone
odoo_pylint() {
    PYTHONPATH=$CC_ODOO_PATH/odoo/addons/test_lint/tests:$CC_ODOO_PATH ADDONS_PATH=$CC_ADDONS_PATH \
        "$VENV-lint/bin/pylint" --rcfile=/dev/null --score=n --disable=all \
        --enable=sql-injection,missing-gettext,gettext-variable,gettext-placeholders,gettext-repr,raise-unlink-override \
        --enable=used-before-assignment,undefined-variable,eval-used,unreachable,function-redefined \
        --load-plugins=_pylint_path_setup,_odoo_checker_sql_injection,_odoo_checker_gettext,_odoo_checker_unlink_override \
        credit_collection
}

# Odoo's tests of code, on every module of a database with ours. TestPyLint is done above; TestESLint needs
# a set-up of its own and knows Odoo's sources only. One test reads all that lies in the addons folders,
# without following links: so it gets a copy of our module, tests included, in a folder of its own.
odoo_test_lint() {
    local database=cc_lint_$$ log=$LOGS/test_lint.log addons=$CACHE/lint_addons status=0
    rm -rf "$addons" && mkdir "$addons" && cp -rL credit_collection "$addons"
    scripts/db.sh copy $database
    odoo -d $database --addons-path="$addons,${CC_ADDONS_PATH#*,}" -i test_lint --no-http \
        --test-tags '/test_lint,-/test_lint:TestPyLint,-/test_lint:TestESLint' >"$log" 2>&1 </dev/null || status=$?
    scripts/db.sh drop $database
    rm -rf "$addons"
    grep -E ' (ERROR|CRITICAL) ' -A15 "$log" || true
    grep -qE 'tests.result: 0 failed, 0 error\(s\) of [1-9]' "$log" || echo "Odoo's test_lint failed, see $log"
    return $status
}

check "ruff check" "$lint/ruff" check -q .
check "ruff format (repaired by: make format)" "$lint/ruff" format -q --check .
check "pylint-odoo" "$lint/pylint" --rcfile=.pylintrc --disable=missing-readme credit_collection
check "oca-checks-odoo-module" "$lint/oca-checks-odoo-module" credit_collection
if [ -d credit_collection/tools ]; then
    check "mypy" "$lint/mypy" --no-error-summary
    check "doctests of tools/" "$VENV/bin/python" scripts/doctests.py
fi
if [ -n "$has_prettier" ]; then
    check "prettier (repaired by: make format)" prettier --list-different
else
    echo "prettier was skipped: it needs npm and its registry."
fi
if command -v shellcheck >/dev/null; then
    check "shellcheck" shellcheck -x -P scripts scripts/*.sh .ci/run
else
    echo "shellcheck was skipped: apt-get install shellcheck"
fi
check "Odoo's pylint checkers" odoo_pylint
if scripts/db.sh template; then check "Odoo's test_lint" odoo_test_lint; else failed+=("installation"); fi

if [ ${#failed[@]} -gt 0 ]; then
    printf '\nlint failed:'
    printf ' [%s]' "${failed[@]}"
    echo
    exit 1
fi
