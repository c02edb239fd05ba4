#!/usr/bin/env bash
# Take the pictures of docs/pictures again: screenshots of reports of a simulated study and of a group, by headless
# Chromium. Needs chromium and python3-pil.
#   scripts/screenshots.sh STUDY_OUT_DIR BIDS_STUDY GROUP_HTML
# STUDY_OUT_DIR and BIDS_STUDY as for `hepar report`; HEPAR names the program (without it: hepar).
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64; }
out=$1 study=$2 group=$(realpath "$3")
hepar=${HEPAR:-hepar}
pictures=$(cd "$(dirname "$0")/.." && pwd)/docs/pictures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$pictures"
"$hepar" report "$out" --study "$study" -o "$work/report.html" >/dev/null

# shot NAME PAGE WIDTH HEIGHT [FROM_ID [OPTION...]]: the page from the element with that id on
shot() {
    local name=$1 page=$2 width=$3 height=$4 from=${5:-}
    shift $(($# > 4 ? 5 : 4))
    if [ -n "$from" ]; then # what stands above is left out, so that the element is on top
        sed "s|</head>|<style>header,nav,main>:not(:has(#$from)):not(#$from),section:has(>#$from)>:not(#$from):not(h2){display:none}</style></head>|" \
            "$page" >"$work/part.html"
        page=$work/part.html
    fi
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size="$width,$height" "$@" \
        --screenshot="$work/$name.png" "file://$page" >/dev/null 2>&1
    keep "$name"
}

# keep NAME: the picture with few colours, in docs/pictures
keep() {
    local name=$1
    /usr/bin/python3 - "$work/$name.png" "$pictures/$name.png" <<'PY'
import sys
from PIL import Image
image = Image.open(sys.argv[1]).convert("RGB")
colours = 256 if image.size[0] * image.size[1] < 1.3e6 else 128
image.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(sys.argv[2], optimize=True)
PY
}

dark=--blink-settings=preferredColorScheme=0
shot report-desktop "$work/report.html" 1280 1000
shot report-dark "$work/report.html" 1280 1000 "" $dark
shot report-phone "$work/report.html" 390 1600
shot report-lesion "$work/report.html" 1280 640 lesion-1
shot report-images "$work/report.html" 1280 640 images
shot simulated-series "$work/report.html" 1280 500 every-series
shot report-maps "$work/report.html" 1280 1000 maps
shot report-series "$work/report.html" 1280 1300 series
shot report-quality "$work/report.html" 1280 1700 quality
shot group "$group" 1280 1300
shot group-dark "$group" 1280 900 "" $dark
export HEPAR_BROWSER=${HEPAR_BROWSER:-${XDG_DATA_HOME:-$HOME/.local/share}/hepar/browser} # scripts/browser/install.sh
if HEPAR_VIEWER=$HEPAR_BROWSER/viewer "$hepar" review "$out" --study "$study" --reader R1 --blind -o "$work/review.html" >/dev/null; then
    node "$(dirname "$0")/browser/pictures.mjs" "$work/review.html" "$work"
    keep review-desktop
    keep review-tablet
fi
ls -la "$pictures"
