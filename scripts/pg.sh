#!/bin/bash
# pg.sh start|stop|status: the project's private PostgreSQL (own data, unix socket only, throwaway).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

if [ -z "$CC_PRIVATE_PG" ]; then
    pg_isready -q || die "no PostgreSQL answers at PGHOST=$PGHOST PGPORT=$PGPORT:" \
        "start it, or unset PGHOST to use the project's own."
    exit 0
fi

# run a program of the server as the user who owns the cluster, from a folder which that user may enter
server() {
    local as=()
    if [ "$(id -u)" = 0 ]; then
        as=(setpriv --reuid=nobody "--regid=$(id -gn nobody)" --clear-groups)
    fi
    (cd / && env -u PGHOST -u PGPORT HOME="$CC_PGROOT" \
        "${as[@]}" "$CC_PGBIN/$1" -D "$CC_PGROOT/data" "${@:2}")
}

running() { server pg_ctl status >/dev/null 2>&1; }

start() {
    if running; then return; fi
    mkdir -p "$CC_PGROOT/log" "$CC_SOCKET"
    if [ "$(id -u)" = 0 ]; then chown nobody "$CC_PGROOT" "$CC_PGROOT/log" "$CC_SOCKET"; fi
    [ -O "$CC_SOCKET" ] || [ "$(id -u)" = 0 ] || die "$CC_SOCKET belongs to somebody else: remove it."
    chmod 700 "$CC_SOCKET"
    if [ ! -s "$CC_PGROOT/data/PG_VERSION" ]; then
        say "creating a PostgreSQL cluster in $CC_PGROOT"
        server initdb -U odoo -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$CC_PGROOT/log/initdb.log" 2>&1 ||
            die "initdb failed, see $CC_PGROOT/log/initdb.log"
    fi
    # nothing here is worth a disk's flush: a crash may lose everything, and everything can be built again
    local options=(
        -h "''" -k "'$CC_SOCKET'" -p "$PGPORT" -c unix_socket_permissions=0700
        -c max_connections=120 -c shared_buffers=512MB -c work_mem=32MB -c maintenance_work_mem=256MB
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal
        -c max_wal_senders=0 -c max_wal_size=4GB -c checkpoint_timeout=1h -c jit=off
        -c log_min_messages=error
    )
    # close what we inherited: a lock held by the caller would stay held as long as the server runs
    server pg_ctl -w -s -l "$CC_PGROOT/log/pg.log" -o "${options[*]}" start </dev/null 9>&- ||
        die "PostgreSQL does not start, see $CC_PGROOT/log/pg.log (a fresh cluster: make clean)"
}

case "${1:-}" in
    start) start ;;
    stop) if running; then server pg_ctl -m fast -s stop; fi ;;
    status) server pg_ctl status ;;
    *) die "usage: pg.sh start|stop|status" ;;
esac
