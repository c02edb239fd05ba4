#!/usr/bin/env bash
# test_circles.sh BUILD: in these rooms no file needs one that needs it in turn, neither directly nor by way of others.
# The needs are those of the linker: a file that calls a function needs the file that defines it.
set -eu
build=$1
failures=0

needs() { # needs ROOM: a line "USER DEFINER" for each pair of object files of its library
    nm -A "$build/libhep_$1.a" 2>/dev/null | awk '
        { sub(/^[^:]*:/, ""); object = $1; sub(/:.*/, "", object) }
        NF >= 3 && $(NF - 1) ~ /^[TDRB]$/ { home[$NF] = object }
        NF >= 2 && $(NF - 1) ~ /U$/ { user[++n] = object; wanted[n] = $NF }
        END { for (i = 1; i <= n; i++) if (wanted[i] in home && home[wanted[i]] != user[i]) print user[i], home[wanted[i]] }'
}

for room in base terms image sequences fitting contrast liver lesions phantom radiomics spectral evaluation followup pipeline report batch visits protocols dicom review datasets validation cli; do
    pairs=$(needs "$room")
    [ -n "$pairs" ] || [ "$(ar t "$build/libhep_$room.a" | wc -l)" -le 1 ] || { echo "FAILED: no file of $room needs another: $build/libhep_$room.a"; failures=$((failures + 1)); }
    loops=$(echo "$pairs" | tsort 2>&1 >/dev/null || true)
    [ -z "$loops" ] || { echo "FAILED: a circle in $room:"; echo "$loops"; failures=$((failures + 1)); }
done
exit $((failures > 0))
