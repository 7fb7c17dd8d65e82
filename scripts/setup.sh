#!/bin/bash
# setup.sh: everything that is needed, into $CACHE. Again and again: done at once when there is nothing to do.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# --- programs of the system -------------------------------------------------------------------

missing_packages() {
    if [ -n "$CC_PRIVATE_PG" ]; then
        [ -x "$CC_PGBIN/initdb" ] || echo postgresql
    else
        command -v psql >/dev/null || echo postgresql-client
    fi
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    command -v chromium google-chrome >/dev/null || echo chromium
    command -v wkhtmltopdf >/dev/null || echo wkhtmltopdf
    command -v pdftotext >/dev/null || echo poppler-utils
    # the letters' fonts, by the folders of their Debian packages
    compgen -G '/usr/share/fonts/truetype/liberation*' >/dev/null || echo fonts-liberation
    [ -d /usr/share/fonts/truetype/dejavu ] || echo fonts-dejavu-core
}

install_packages() {
    local sudo=() command=(apt-get install -y --no-install-recommends "$@")
    command -v apt-get >/dev/null || die "install these (by their Debian names), then try again: $*"
    if [ "$(id -u)" != 0 ]; then
        # ask for a password only where somebody can type it
        { command -v sudo && { sudo -n true || [ -t 0 ]; }; } >/dev/null 2>&1 ||
            die "programs are missing and we are not root; ask for: ${command[*]}"
        sudo=(sudo)
    fi
    say "installing $*"
    sudo+=(env DEBIAN_FRONTEND=noninteractive)
    # Debian's package starts a cluster of its own, which we have no use for
    local no_cluster=/etc/postgresql-common/createcluster.d/credit_collection.conf
    "${sudo[@]}" apt-get update -qq || say "apt-get update failed, going on with the lists that are there"
    if [[ " $* " = *" postgresql "* ]]; then
        "${sudo[@]}" apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
        "${sudo[@]}" sh -c "mkdir -p '${no_cluster%/*}' && echo 'create_main_cluster = false' >'$no_cluster'"
    fi
    "${sudo[@]}" "${command[@]}" -qq >/dev/null || die "apt cannot install what is missing; try: ${command[*]}"
    "${sudo[@]}" rm -f "$no_cluster"
}

# --- Python -----------------------------------------------------------------------------------

# venv FOLDER REQUIREMENTS: made anew when the requirements or the Python change
venv() {
    local folder=$1 requirements=$2 stamp
    stamp="$("$PYTHON" -c 'import sys; print(sys.version)') $(sha256sum <"$requirements")"
    if [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    say "building $folder from ${requirements#"$CC_ROOT/"}"
    "$PYTHON" -m venv --clear "$folder"
    "$folder/bin/pip" install -qq --disable-pip-version-check -r "$requirements" ||
        die "pip cannot install ${requirements#"$CC_ROOT/"} with $("$PYTHON" -V):" \
            "check that it reaches a package index, or use another Python: make ... PYTHON=python3.11"
    echo "$stamp" >"$folder/.stamp"
}

# --- Odoo -------------------------------------------------------------------------------------

find_odoo() {
    local pth
    if [ -z "${ODOO_SRC:-}" ]; then "$CC_ROOT/scripts/fetch_odoo.sh"; fi
    grep -qs 'version_info = (19, 0' "$CC_ODOO_PATH/odoo/release.py" ||
        die "no Odoo 19 in $CC_ODOO_PATH: ODOO_SRC must be the folder that holds odoo/release.py of Odoo 19.0."
    pth=$(echo "$VENV"/lib/python3*/site-packages)/odoo.pth
    update_file "$pth" <<<"$CC_ODOO_PATH"
}

write_configuration() {
    # no password: Odoo takes it from PGPASSWORD, like psql does
    update_file "$ODOO_RC" <<CONF
[options]
addons_path = $CC_ADDONS_PATH
data_dir = $CACHE/data
screenshots = $LOGS/screenshots
http_interface = 127.0.0.1
db_host = $PGHOST
db_port = $PGPORT
db_user = $PGUSER
CONF
}

update_file() {
    local content
    content=$(cat)
    [ "$(cat "$1" 2>/dev/null)" = "$content" ] || echo "$content" >"$1"
}

# ----------------------------------------------------------------------------------------------

mkdir -p "$CACHE" "$LOGS" "$CACHE/data"
exec 9>"$CACHE/setup.lock"      # two at a time would tread on each other
flock 9

command -v "$PYTHON" >/dev/null || die "no $PYTHON: apt-get install python3, or say where it is: make ... PYTHON=/path/to/python3"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "$("$PYTHON" -V) is too old for Odoo 19: make ... PYTHON=python3.11"
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
    install_packages "${missing[@]}"
    source "$(dirname "${BASH_SOURCE[0]}")/env.sh"      # PostgreSQL has a place now
fi
[ "$PGUSER" != postgres ] || die "Odoo refuses to work as the PostgreSQL user 'postgres': create another one and give it as PGUSER."
venv "$VENV" "$CC_ROOT/requirements/odoo.txt"
if [ "${1:-}" = --lint ]; then venv "$CACHE/venv-lint" "$CC_ROOT/requirements/lint.txt"; fi
find_odoo
write_configuration
"$CC_ROOT/scripts/pg.sh" start
