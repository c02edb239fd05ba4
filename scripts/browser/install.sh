#!/usr/bin/env bash
# Install what tests/e2e/test_review.sh drives a real browser with: Debian's chromium, playwright-core and axe-core by npm,
# and NiiVue; at pinned versions, into the folder HEPAR_BROWSER, else $XDG_DATA_HOME/hepar/browser.
. "$(dirname "$0")/../setup.sh"
target=${HEPAR_BROWSER:-${XDG_DATA_HOME:-$HOME/.local/share}/hepar/browser}

fetch() { # NAME VERSION SHA256
    local folder=$target/node_modules/$1
    [ "$(cat "$folder/.sha256" 2>/dev/null)" = "$3" ] && return 0
    (cd "$work" && npm pack --silent "$1@$2" >/dev/null)
    echo "$3  $work/$1-$2.tgz" | sha256sum --check --quiet ||
        { echo "install.sh: $1 $2 is not the file that was examined" >&2; exit 65; }
    rm -rf "$folder"
    mkdir -p "$folder"
    tar xzf "$work/$1-$2.tgz" -C "$folder" --strip-components=1
    echo "$3" >"$folder/.sha256"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v chromium >/dev/null || need chromium
command -v npm >/dev/null || need nodejs npm
fetch playwright-core 1.60.0 8b1df81ba75e90a41eb5c996350ea7ecc1c915ea643ec55138f91c949c5a25bf
fetch axe-core 4.14.1 e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
[ -s "$target/viewer/niivue.umd.js" ] || HEPAR_VIEWER=$target/viewer "$top/scripts/viewer/install.sh"
say "browser tests: $target"
