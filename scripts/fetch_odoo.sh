#!/bin/bash
# fetch_odoo.sh: Odoo 19 from Debian into $CACHE/odoo/root, without installing anything on the machine.
#
# The package exists in Debian's unstable distribution only, so it comes through an apt configuration of
# our own: same mirror as the machine's, signatures verified, the machine's own sources untouched.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

PACKAGE=odoo-19
VERSION=19.0.0+dfsg-1
SHA256=9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf
SUITE=sid
# fonts and JavaScript that the package links to; without jquery there is no web client.
# From Debian 12, where Font Awesome still is the version that Odoo wants ...
LINKED_SUITE=bookworm
LINKED=(fonts-font-awesome fonts-inconsolata fonts-ocr-b fonts-roboto-unhinted
        libjs-jquery libjs-jquery-form libjs-underscore)
# ... but for what is only in the newer ones
LINKED_NEW=(fonts-montserrat)

HOME_=$CACHE/odoo
DEBS=$HOME_/debs
STAMP=$HOME_/root/.unpacked
DEB=$DEBS/${PACKAGE}_${VERSION}_all.deb
OTHERWISE="Put that file into $DEBS yourself (the sha256 is checked),
or use Odoo 19 from elsewhere: make ... ODOO_SRC=/folder/that/holds/odoo"

if [ "$(cat "$STAMP" 2>/dev/null)" = "$SHA256" ]; then exit 0; fi

configure_apt() {
    local apt=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror
    [ -e $keyring ] || die "this is not a Debian with debian-archive-keyring: ${DEB##*/} cannot be fetched." "$OTHERWISE"
    # shellcheck disable=SC2016  # the dollars are apt's
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(RELEASE)' 'Created-By: Packages' |
        awk '$2 == "main" && $3 !~ /security|updates|backports/ {print $1; exit}')
    [ -n "$mirror" ] || die "apt knows no Debian mirror on this machine: ${DEB##*/} cannot be fetched." "$OTHERWISE"
    rm -rf "$apt"
    mkdir -p "$apt"/{lists/partial,archives/partial,state}
    touch "$apt/state/status"
    for suite in $SUITE $LINKED_SUITE; do
        echo "deb [arch=amd64 signed-by=$keyring] $mirror $suite main"
    done >"$apt/sources.list"
    # Check-Valid-Until: a frozen mirror's index is past its date; signatures are still checked.
    # Proxies and the like are not ours to know: the machine's own settings stay in force.
    cat >"$apt/apt.conf" <<APT
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt/state";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
APT::Sandbox::User "";
APT::Architecture "amd64";
APT::Update::Post-Invoke-Success "";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
APT
    export APT_CONFIG=$apt/apt.conf
}

download() {
    local apt
    apt=$(mktemp -d)
    # shellcheck disable=SC2064  # expanded now: the variable is local
    trap "rm -rf '$apt'" EXIT
    configure_apt "$apt"
    say "fetching $PACKAGE $VERSION and what it links to (140 MB)"
    apt-get update -qq || die "apt cannot read the package lists of Debian $SUITE: is the network up?" "$OTHERWISE"
    cd "$DEBS"
    [ -e "$DEB" ] || apt-get download -qq "$PACKAGE=$VERSION" ||
        die "${DEB##*/} is gone from the mirror, which now has: $(apt-cache madison $PACKAGE | cut -d'|' -f2 | xargs)." "$OTHERWISE"
    apt-get download -qq "${LINKED[@]/%//$LINKED_SUITE}" "${LINKED_NEW[@]/%//$SUITE}" ||
        die "a package that Odoo links to is gone from the mirror (see above)." "$OTHERWISE"
}

have_all() {
    local package
    for package in "$PACKAGE" "${LINKED[@]}" "${LINKED_NEW[@]}"; do
        compgen -G "$DEBS/${package}_*.deb" >/dev/null || return 1
    done
    [ -e "$DEB" ]
}

mkdir -p "$DEBS"
have_all || download
echo "$SHA256  $DEB" | sha256sum --check --status ||
    die "${DEB##*/} is not the file this project was tested with (its sha256 should be $SHA256)." \
        "Remove it and try again. $OTHERWISE"
for deb in "$DEBS"/*.deb; do dpkg -x "$deb" "$HOME_/root"; done

# Debian strips this file (background blur in video calls) while the web client's bundle still names it:
# every page would log an error, on which every browser test fails
stub=$CC_ODOO_PATH/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js
if [ ! -s "$stub" ]; then
    mkdir -p "$(dirname "$stub")"
    echo '/* removed by Debian; only used to blur the background of video calls */' >"$stub"
fi
dangling=$(find "$HOME_/root" -xtype l | head -3)
[ -z "$dangling" ] || die "links in the Odoo package lead nowhere: $dangling ... (a package in $DEBS is the wrong one)"
echo "$SHA256" >"$STAMP"
