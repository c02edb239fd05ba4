# Sourced by the end-to-end tests: each case is one line, what is expected first.
# shellcheck shell=bash
set -u
data=$HEP_SOURCE/tests/data
work=$(mktemp -d)
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
failures=0 cases=0

fail() {
    printf 'FAILED: %s\n' "$*"
    failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: exit code, and a last line on standard error that holds TEXT (when the code is not 0 the
# line must be alone: one clear line).
expect() {
    local code=$1 text=$2 got out
    shift 2
    cases=$((cases + 1))
    out=$("$@" 2>&1 >"$work/stdout")
    got=$?
    [ "$got" = "$code" ] || fail "$* : exit code $got, expected $code: $out"
    case "$out" in *"$text"*) ;; *) fail "$* : no '$text' in: $out" ;; esac
}

same() {
    cases=$((cases + 1))
    [ "$1" = "$2" ] || fail "$3: '$1' is not '$2'"
}

there() {
    cases=$((cases + 1))
    [ -e "$1" ] || fail "$1 is missing"
}

absent() {
    cases=$((cases + 1))
    [ ! -e "$1" ] || fail "$1 should not be there"
}

# median FILE REGION MAP: the median of a row of a regions.tsv
median() { awk -F '\t' -v r="$2" -v m="$3" '$1 == r && $2 == m {print $4}' "$1"; }

# between VALUE LO HI WHAT
between() {
    cases=$((cases + 1))
    awk -v v="$1" -v lo="$2" -v hi="$3" 'BEGIN {exit !(v != "" && v + 0 >= lo && v + 0 <= hi)}' || fail "$4: $1 is not in $2..$3"
}

finish() {
    printf '%d cases, %d failed\n' "$cases" "$failures"
    [ "$failures" = 0 ]
    exit
}
