#!/usr/bin/env bash
# test_fence.sh CC SOURCE FENCE: does a forbidden include fail to compile?
# Every room may include its own headers, the doors of the rooms below it that CMakeLists.txt names, and the libraries
# that it links; each include that is not allowed is compiled here and must fail, each that is allowed must pass.
set -eu
cc=$1 source=$2 fence=$3
doors=$(dirname "$fence")/doors
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 cases=0

# The floors as docs/architecture.md draws them: a room may see the rooms before it, but not those in the same brackets.
order='base terms image sequences [fitting contrast] liver [lesions phantom radiomics spectral evaluation] followup pipeline report batch visits protocols dicom review datasets validation cli'

includes() { # includes ROOM HEADER: does HEADER preprocess with the folders of ROOM?
    local folders=() folder
    while read -r folder; do [ -n "$folder" ] && folders+=("-I$folder"); done <"$fence/hep_$1.txt"
    printf '#include "%s"\n' "$2" >"$work/try.c"
    "$cc" -E "${folders[@]}" "$work/try.c" >"$work/out" 2>"$work/err"
}

expect() { # expect yes|no ROOM HEADER
    local got=no
    cases=$((cases + 1))
    includes "$2" "$3" && got=yes
    [ "$got" = "$1" ] || {
        printf 'FAILED: %s includes %s: %s, expected %s\n' "$2" "$3" "$got" "$1"
        failures=$((failures + 1))
    }
}

# open_header ROOM, closed_header ROOM: a header that others may include, and one that they may not; nothing for none.
open_header() { for header in "$doors/$1/$1"/*.h; do [ -e "$header" ] && printf '%s/%s\n' "$1" "$(basename "$header")" && return; done; }
closed_header() {
    for header in "$source/$1"/*.h; do
        [ -e "$doors/$1/$1/$(basename "$header")" ] || { printf '%s/%s\n' "$1" "$(basename "$header")" && return; }
    done
}

level=0 inside=no
declare -A floor
for word in $order; do
    case $word in \[*) inside=yes level=$((level + 1)) ;; esac
    room=${word#[} room=${room%]}
    [ "$inside" = yes ] || level=$((level + 1))
    floor[$room]=$level
    case $word in *\]) inside=no ;; esac
done

for room in "${!floor[@]}"; do
    [ -e "$fence/hep_$room.txt" ] || { echo "FAILED: no room $room in the build" && failures=$((failures + 1)) && continue; }
    for other in "${!floor[@]}"; do
        open=$(open_header "$other") closed=$(closed_header "$other")
        if [ "$other" = "$room" ]; then
            expect yes "$room" "${closed:-$open}"
        else
            [ -z "$closed" ] || expect no "$room" "$closed"
            [ -z "$open" ] || [ "${floor[$other]}" -lt "${floor[$room]}" ] || expect no "$room" "$open"
        fi
    done
done
for made in "$fence"/hep_*.txt; do
    room=$(basename "$made" .txt) room=${room#hep_}
    [ -n "${floor[$room]:-}" ] || { echo "FAILED: room $room has no floor here" && failures=$((failures + 1)); }
done

expect yes base zlib.h
expect yes base jansson.h
expect yes base libfyaml.h
expect no image zlib.h
expect yes image png.h
expect yes fitting gsl/gsl_multifit_nlinear.h
for room in report batch protocols dicom review cli pipeline; do
    for header in zlib.h jansson.h libfyaml.h png.h openssl/evp.h gsl/gsl_math.h nifti2_io.h; do
        expect no "$room" "$header"
    done
done
printf '%d cases, %d failed\n' "$cases" "$failures"
[ "$failures" = 0 ]
