#!/usr/bin/env bash
# test_sizes.sh SOURCE: a file of C has less than 600 lines, a function less than 60. The body of a function lies between
# a line of "{" and the next line of "}", as clang-format writes it.
set -eu
cd "$1"
failures=0 files=0

while read -r file; do
    files=$((files + 1))
    awk -v file="$file" '
        /^\{$/ { start = NR }
        /^\}/ && start {
            if (NR - start >= 60) { print "FAILED: " file ":" start ": a function of " NR - start " lines, at most 59"; bad = 1 }
            start = 0
        }
        END {
            if (NR >= 600) { print "FAILED: " file ": " NR " lines, at most 599"; bad = 1 }
            exit bad
        }' "$file" || failures=$((failures + 1))
done < <(find . -path './build*' -prune -o \( -name '*.c' -o -name '*.h' \) -print | sort)
printf '%d files, %d failed\n' "$files" "$failures"
[ "$files" -gt 0 ] && [ "$failures" = 0 ]
