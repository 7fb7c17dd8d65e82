#!/bin/bash
# db.sh base            make sure of the template with Odoo alone ...
# db.sh template        ... and of the one with our module, up to date
# db.sh copy NAME       a fresh database NAME, made from the template (half a second)
# db.sh drop NAME...    away with it, whoever is connected
# db.sh mark NAME [FILE...]   note what NAME was made of: module, Odoo, requirements, and these files;
# db.sh state NAME [FILE...]  prints `current` as long as none of them changed
#
# Neither template has demo data; both hold their attachments and the bundles of the web client inside the
# database, so that `createdb -T` copies everything. Nobody can connect to a template: connections would
# keep others from copying it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

LANGUAGES=fr_FR,nl_NL,de_DE
BASE_MODULES=account_payment,base_automation,l10n_be,account_qr_code_sepa

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d postgres -c "$1"; }

# what a template is made of, as one short word
base_fingerprint() {
    {
        cat "$CC_ODOO_PATH/odoo/release.py" "$CC_ROOT/requirements/odoo.txt" "$CC_ROOT/scripts/prepare_template.py"
        if [ -e "$CC_ODOO_PATH/.git" ]; then git -C "$CC_ODOO_PATH" rev-parse HEAD; fi
        echo "$CC_ODOO_PATH $BASE_MODULES $LANGUAGES"
    } | sha256sum | cut -c1-16
}
module_fingerprint() {
    {
        base_fingerprint
        # tests/ is a link: find does not follow it, and a changed test needs no new template
        (cd "$CC_ROOT" && find credit_collection -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 -r sha256sum)
        cat /dev/null "$@"
    } | sha256sum | cut -c1-16
}

# the fingerprint is kept as the database's comment
fingerprint_of() { sql "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$1'"; }
mark() { sql "COMMENT ON DATABASE \"$1\" IS '$2'"; }

drop() {
    local name
    for name; do
        if [ -n "$(sql "SELECT 1 FROM pg_database WHERE datname = '$name'")" ]; then
            sql "ALTER DATABASE \"$name\" WITH IS_TEMPLATE false"
            dropdb --force "$name"
        fi
        rm -rf "$CACHE/data/filestore/$name"
    done
}

# install NAME MODULES [OPTION...]
install() {
    odoo -d "$1" -i "$2" "${@:3}" --stop-after-init --no-http &&
        "$VENV/bin/python" "$CC_ROOT/scripts/run_in_odoo.py" "$1" "$CC_ROOT/scripts/prepare_template.py"
}

# build NAME FINGERPRINT FROM MODULES [OPTION...]: under another name first, so that NAME is always complete
build() {
    local name=$1 fingerprint=$2 from=$3 modules=$4 log=$LOGS/$1.log new=$1_new
    if [ "$(fingerprint_of "$name")" = "$fingerprint" ] && [ -e "$log" ]; then return; fi
    say "building the template database $name (log: $log)"
    drop "$new"
    createdb -T "$from" "$new"
    if ! install "$new" "$modules" "${@:5}" >"$log" 2>&1; then
        tail -30 "$log" >&2
        die "Odoo cannot install $modules: see $log"
    fi
    psql -X -q -A -t -d "$new" -c "SELECT name FROM ir_module_module WHERE state = 'installed'" >"$log.modules"
    for module in ${modules//,/ }; do
        grep -qx "$module" "$log.modules" || die "$module was not installed: see $log"
    done
    drop "$name"
    sql "ALTER DATABASE \"$new\" RENAME TO \"$name\""
    rm -rf "$CACHE/data/filestore/$new" "$log.modules"
    sql "ALTER DATABASE \"$name\" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false"
    mark "$name" "$fingerprint"
}

base() { build $BASE_TEMPLATE "$(base_fingerprint)" template0 $BASE_MODULES --load-language=$LANGUAGES; }
template() {
    base
    [ -e "$CC_ROOT/credit_collection/__manifest__.py" ] || die "there is no credit_collection/__manifest__.py to install"
    build $TEMPLATE "$(module_fingerprint)" $BASE_TEMPLATE credit_collection
}

copy() {
    drop "$1"
    createdb -T $TEMPLATE "$1"
}

# one at a time: nobody copies what another one is building
locked() {
    exec 9>"$CACHE/template.lock"
    flock 9
    "$@"
}

case "${1:-}" in
    base | template) locked "$1" ;;
    copy) locked copy "$2" ;;
    drop) drop "${@:2}" ;;
    mark) mark "$2" "$(module_fingerprint "${@:3}")" ;;
    state) if [ "$(fingerprint_of "$2")" = "$(module_fingerprint "${@:3}")" ]; then echo current; fi ;;
    *) die "usage: db.sh base|template|copy NAME|drop NAME...|mark NAME [FILE...]|state NAME [FILE...]" ;;
esac
