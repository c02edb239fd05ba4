#!/usr/bin/env bash
# Install the viewer that `hepar report --viewer` puts into a report: NiiVue at a pinned version, by npm.
# Into the folder HEPAR_VIEWER, else $XDG_DATA_HOME/hepar/viewer (~/.local/share/hepar/viewer).
set -euo pipefail
version=0.69.0
sha256=47b896b77ec4a5be3ef1949c33ad393b6f45629921f326c279000bcf51bdb4af
target=${HEPAR_VIEWER:-${XDG_DATA_HOME:-$HOME/.local/share}/hepar/viewer}
here=$(cd "$(dirname "$0")" && pwd)

command -v npm >/dev/null || { echo "install.sh: npm is not installed (Debian: apt install npm)" >&2; exit 66; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "@niivue/niivue@$version" >/dev/null && tar xzf niivue-niivue-"$version".tgz package/dist/niivue.umd.js)
echo "$sha256  $work/package/dist/niivue.umd.js" | sha256sum --check --quiet ||
    { echo "install.sh: niivue.umd.js $version is not the file that was examined" >&2; exit 65; }
mkdir -p "$target"
cp "$work/package/dist/niivue.umd.js" "$target/niivue.umd.js"
cp "$here/LICENSE.niivue" "$target/LICENSE" # the package has none; this is that of its repository
echo "NiiVue $version: $target"
