# Recipes of containers: their scripts pass shellcheck where it is installed, every file that they copy or start is there,
# and they name no package that scripts/setup.sh does not.
set -u
top=$1
failures=0
fail() { printf 'FAILED: %s\n' "$*"; failures=$((failures + 1)); }
for script in build install; do
    [ -x "$top/containers/$script" ] || fail "containers/$script is no program"
    sh -n "$top/containers/$script" || fail "containers/$script is no shell"
    if command -v shellcheck >/dev/null; then shellcheck "$top/containers/$script" || fail "shellcheck of $script"; fi
done
for recipe in Dockerfile hepar.def; do
    for file in $(grep -o 'containers/[a-z]*' "$top/containers/$recipe" | sort -u); do
        [ -e "$top/$file" ] || [ -e "$top/$file.def" ] || [ "$file" = containers/hepar ] || fail "$recipe: no $file"
    done
done
[ "$(grep -c '^FROM debian:' "$top/containers/Dockerfile")" = 2 ] || fail "Dockerfile: one stage builds, another runs"
grep -q '^USER nobody' "$top/containers/Dockerfile" || fail "Dockerfile: runs as root"
grep -q '^ENTRYPOINT \["/usr/bin/hepar-bids"\]' "$top/containers/Dockerfile" || fail "Dockerfile: no BIDS App"
for section in %files %post %runscript %test; do
    grep -qx "$section" "$top/containers/hepar.def" || fail "hepar.def: no $section"
done
for p in elastix dcm2niix dcmtk libarchive-tools; do
    grep -q "packages_run=.*$p" "$top/scripts/setup.sh" || fail "$p is none of packages_run"
done
[ "$failures" = 0 ]
