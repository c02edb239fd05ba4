# Nothing lost: what is already in an output folder, and what links beside it lead to, is never overwritten unasked.
. "$HEP_SOURCE/tests/e2e/lib.sh"

# A BIDS dataset of one volunteer.
bids() {
    mkdir -p "$1/sub-01/dwi"
    printf '{"Name": "volunteers", "BIDSVersion": "1.10.0"}\n' >"$1/dataset_description.json"
    cp "$data/volunteers/volunteer-$2/dwi_flowcomp.nii.gz" "$1/sub-01/dwi/sub-01_dwi.nii.gz"
    cp "$data/volunteers/volunteer-$2/dwi_flowcomp.bval" "$1/sub-01/dwi/sub-01_dwi.bval"
    printf '{"MagneticFieldStrength": 1.5}\n' >"$1/sub-01/dwi/sub-01_dwi.json"
    chmod -R u+w "$1"
}

# A link, or a second name of a file, where a log of a study goes: the name gets a new file, the other file stays.
bids "$work/one" 1
mkdir -p "$work/o/logs"
printf 'precious\n' >"$work/precious"
ln -s "$work/precious" "$work/o/logs/sub-01.jsonl"
expect 0 "" "$HEPAR" batch "$work/one" "$work/o" participant --no-align
same "$(cat "$work/precious")" precious "the target of a link in logs"
[ -f "$work/o/logs/sub-01.jsonl" ] && [ ! -L "$work/o/logs/sub-01.jsonl" ] || fail "the log is no file of its own"
grep -q '"event": *"stage-start"' "$work/o/logs/sub-01.jsonl" || fail "the log says nothing"
ln -f "$work/precious" "$work/o/logs/sub-01.jsonl"
expect 0 "" "$HEPAR" batch "$work/one" "$work/o" participant --no-align
same "$(cat "$work/precious")" precious "the other name of a log"
# A log that cannot be had costs the log alone, with a line that says so.
rm "$work/o/logs/sub-01.jsonl"; mkdir "$work/o/logs/sub-01.jsonl"
expect 0 "sub-01: no log: cannot create" "$HEPAR" batch "$work/one" "$work/o" participant --no-align

finish
