# shellcheck shell=bash disable=SC2034  # the variables are for those who source this
# Where everything is. Sourced by the other scripts, and by people: `source scripts/env.sh`, then
# `odoo shell -d credit_collection_demo`, `psql`, `createdb` find the project's own Odoo and database.
#
# Read from the environment, all optional:
#   CACHE    the folder that holds everything that is not in git  (default: .cache)
#   ODOO_SRC a folder holding Odoo 19, as `odoo/`                 (default: the Debian package, fetched)
#   PYTHON   the Python that makes the virtual environments       (default: python3)
#   PGHOST, PGPORT, PGUSER, PGPASSWORD: a PostgreSQL of yours instead of the private one

CC_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=$(realpath -m "${CACHE:-$CC_ROOT/.cache}")
PYTHON=${PYTHON:-python3}
VENV=$CACHE/venv
LOGS=$CACHE/log
BASE_TEMPLATE=odoo_base_tpl          # Odoo without our module
TEMPLATE=credit_collection_tpl       # and with it
export CC_ROOT CACHE PYTHON ODOO_RC="$CACHE/odoo.conf" HYPOTHESIS_STORAGE_DIRECTORY="$CACHE/hypothesis"

say() { printf '>>> %s\n' "$*" >&2; }
die() { printf '\nERROR: %s\n' "$*" >&2; exit 1; }

# --- Odoo -------------------------------------------------------------------------------------

CC_ODOO_PATH=$CACHE/odoo/root/usr/lib/python3/dist-packages
if [ -n "${ODOO_SRC:-}" ]; then CC_ODOO_PATH=$(realpath -m "$ODOO_SRC"); fi
CC_ADDONS_PATH=$CC_ROOT,$CC_ODOO_PATH/odoo/addons
# a source tree keeps all but `base` beside odoo/
if [ ! -d "$CC_ODOO_PATH/odoo/addons/account" ]; then CC_ADDONS_PATH+=,$CC_ODOO_PATH/addons; fi

odoo() { "$VENV/bin/python" -m odoo "$@"; }

# --- PostgreSQL -------------------------------------------------------------------------------

# can the user of the private server (root may not be it) walk down to this folder?
cc_reachable() {
    [ "$(id -u)" = 0 ] || return 0
    local folder=$1
    while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
    setpriv --reuid=nobody --regid="$(id -gn nobody)" --clear-groups test -x "$folder"
}

cc_id=$(printf %s "$CACHE" | cksum | cut -d' ' -f1)
CC_PGROOT=$CACHE/pg
cc_reachable "$CC_PGROOT" || CC_PGROOT=/var/tmp/credit_collection-$cc_id
CC_SOCKET=$CC_PGROOT/sock
# the path of a unix socket may have 107 bytes; the server adds "/.s.PGSQL.5432.lock" to it
if [ ${#CC_SOCKET} -gt 85 ]; then CC_SOCKET=/tmp/credit_collection-$cc_id; fi

if [ -z "${PGHOST:-}" ] || [ "$PGHOST" = "$CC_SOCKET" ]; then
    CC_PRIVATE_PG=yes
    # Odoo refuses the role `postgres`; nothing listens on TCP, the port is but a part of the socket's name
    export PGHOST=$CC_SOCKET PGPORT=5432 PGUSER=odoo
    unset PGPASSWORD
else
    CC_PRIVATE_PG=
    export PGHOST PGPORT="${PGPORT:-5432}" PGUSER="${PGUSER:-$(id -un)}"
fi

# the server's programs, and psql, createdb, ... of the same version
CC_PGBIN=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -1 || true)
CC_PGBIN=$(dirname "${CC_PGBIN:-$(command -v initdb || echo /)}")
case ":$PATH:" in *":$CC_PGBIN:"*) ;; *) PATH=$CC_PGBIN:$PATH ;; esac
export PATH
