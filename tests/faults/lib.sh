# Sourced by the tests of faults. The short form is sized for every change; HEP_FAULTS_LONG=1 takes hours less than a
# night and is what `scripts/check --full` runs.
# shellcheck shell=bash
. "$HEP_SOURCE/tests/e2e/lib.sh"
long=${HEP_FAULTS_LONG:-}
# times SHORT LONG
times() { [ -n "$long" ] && echo "$2" || echo "$1"; }
# The address sanitizer comes before every other library and has allocations of its own.
grep -q __asan_init "$HEPAR" && { echo "skipped: not under the address sanitizer"; exit 77; }

# The smallest study of which each kind of stage has something to do.
make_study() {
    mkdir -p "$1/sub-01/dwi"
    printf '{"Name": "volunteers", "BIDSVersion": "1.10.0"}\n' >"$1/dataset_description.json"
    cp "$data/volunteers/volunteer-1/dwi_flowcomp.nii.gz" "$1/sub-01/dwi/sub-01_dwi.nii.gz"
    cp "$data/volunteers/volunteer-1/dwi_flowcomp.bval" "$1/sub-01/dwi/sub-01_dwi.bval"
    printf '{"MagneticFieldStrength": 1.5}\n' >"$1/sub-01/dwi/sub-01_dwi.json"
    chmod -R u+w "$1"
}

# Bytes of a result, without what a failure leaves beside it.
sums() { (cd "$1" 2>/dev/null && find . -type f ! -name '*_failed.json' ! -path './logs/*' ! -path '*/.*' | LC_ALL=C sort | xargs -r sha256sum) | sha256sum; }

# whole OUT: every study of it is complete, each file with the hash that its record gives, or absent.
whole() {
    python3 - "$1" <<'PYTHON'
import hashlib, json, os, sys
for top, dirs, files in os.walk(sys.argv[1]):
    dirs[:] = [d for d in dirs if not d.startswith('.')]
    for f in files:
        path = os.path.join(top, f)
        if f.startswith('.'):
            continue
        if f.endswith('.json'):
            json.load(open(path))
        if not f.endswith('_run.json'):
            continue
        record = json.load(open(path))
        if record['state'] != 'done':
            if [x for x in os.listdir(top) if x != f and not x.startswith('.')]:
                sys.exit(path + ': failed, with files beside it')
            continue
        for o in record['outputs']:
            data = open(os.path.join(top, o['path']), 'rb').read()
            if len(data) != o['bytes'] or hashlib.sha256(data).hexdigest() != o['sha256']:
                sys.exit(path + ': ' + o['path'] + ' is torn')
PYTHON
}

# allowed CODE WHAT CODE...: the exit code is one of those that are documented for it
allowed() {
    local got=$1 what=$2 code
    shift 2
    cases=$((cases + 1))
    for code in "$@"; do [ "$got" = "$code" ] && return; done
    fail "$what: exit code $got"
}
