# DICOM to BIDS: a simulated study as a scanner would have sent it comes back with its geometry, values, b-values, times and
# roles, without a word of the planted personal data, and every kind of bad input is one line with its code.
. "$HEP_SOURCE/tests/e2e/lib.sh"

for program in dcm2niix dcmdump bsdtar; do
    command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 77; }
done
/usr/bin/python3 -c 'import pydicom, nibabel' 2>/dev/null || { echo "skipped: python3-pydicom is not installed"; exit 77; }
study() { /usr/bin/python3 "$HEP_SOURCE/tests/dicom/study.py" "$@"; }
import() { "$HEPAR" import "$@"; }
tree() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum); }

expect 0 "" "$HEPAR" simulate eob-full "$work/sim" --fast --degrade none --lesions met:16mm --seed 3 -q
# two studies of one patient, 90 days apart: axial classic objects, and oblique ones with enhanced diffusion
study write "$work/sim/sub-01" "$work/cd/a" || fail "cannot write DICOM"
study write "$work/sim/sub-01" "$work/cd/b" --tilt 14 --enhanced --days 90 || fail "cannot write DICOM"
expect 0 "" import "$work/cd" "$work/bids"
grep -q "^yes *arterial.* 34.8 s" "$work/stdout" || fail "the table of the inventory is not printed"
for i in 1 2; do
    [ "$i" = 1 ] && truth=$work/cd/a.truth.json || truth=$work/cd/b.truth.json
    cases=$((cases + 1))
    study check "$work/bids/sub-01/ses-$i" "$truth" "$HEPAR" >"$work/closed" || fail "session $i does not close: $(cat "$work/closed")"
done

# nobody is named: not in a byte of a file, nor in a name; dates have moved, the 90 days between them have not
personal='zwiebelfisch|ottilie|pid4711|19531231|1953-12-31|sackgasse|schilda|acc7788123|wolkenkuck|luftschloss|krachbumm|igor|quakfrosch|sn99441177|stationxyz|nachbarin|20240317|2024-03-17|20240615|2024-06-15'
cases=$((cases + 2))
find "$work/bids" | grep -iqE "$personal" && fail "a name holds personal data"
while IFS= read -r file; do
    case "$file" in *.gz) zcat "$file" ;; *) cat "$file" ;; esac | grep -aiqE "$personal" && fail "$file holds personal data"
done < <(find "$work/bids" -type f)
same "$(stat -c %a "$work/bids/.hepar-import")" 700 "the ledger is private"
same "$(/usr/bin/python3 - "$work/bids/sub-01/sub-01_sessions.tsv" <<'PY'
import datetime, sys
rows = [line.split("\t")[1].strip()[:10] for line in open(sys.argv[1])][1:]
d = [datetime.date.fromisoformat(x) for x in rows]
print((d[1] - d[0]).days, d[1].year < 1925)
PY
)" "90 True" "shifted dates"

# again: nothing changes, not even from an archive; what was lost is made again
before=$(tree "$work/bids")
expect 0 "" import "$work/cd" "$work/bids" -q
same "$(tree "$work/bids")" "$before" "a second import"
(cd "$work/cd" && bsdtar -a -cf "$work/one.zip" a)
expect 0 "" import "$work/one.zip" "$work/bids" -q
rm "$work/bids/sub-01/ses-1/anat/sub-01_ses-1_acq-hbp_ce-gadoxetate_T1w.nii.gz"
expect 0 "" import "$work/one.zip" "$work/bids" -q
same "$(tree "$work/bids")" "$before" "an import of an archive over a loss"

# who is who
study write "$work/sim/sub-01" "$work/other/a" --patient 2 --only t2
expect 65 "sub-01 is there already" import "$work/other" "$work/bids" --participant 01
expect 65 "not sub-07" import "$work/cd/a" "$work/bids" --participant 07
mkdir "$work/both"
cp -r "$work/cd/a/d" "$work/both/1"
cp -r "$work/other/a/d" "$work/both/2"
expect 65 "2 patients; --split" import "$work/both" "$work/new"
expect 0 "" import "$work/both" "$work/new" --split -q
there "$work/new/sub-01/ses-1/anat/sub-01_ses-1_acq-fatsat_T2w.nii.gz"
there "$work/new/sub-02/ses-1/anat/sub-02_ses-1_acq-fatsat_T2w.nii.gz"
expect 64 "letters and digits" import "$work/cd" "$work/new" --participant sub-01
expect 64 "exclude" import "$work/cd" "$work/new" --anonymise --keep-dates
expect 0 "" import "$work/cd/a/d" "$work/dates" --keep-dates -q
grep -q "2024-03-17T10:04" "$work/dates/sub-01/ses-1/sub-01_ses-1_scans.tsv" || fail "dates are not kept"

# bad input
mkdir "$work/empty" "$work/cut" "$work/bad"
expect 65 "holds no DICOM file" import "$work/empty" "$work/no"
echo text >"$work/text.zip"
expect 65 "neither a folder nor a zip or tar" import "$work/text.zip" "$work/no"
expect 66 "no-such" import "$work/no-such" "$work/no"
cp -r "$work/cd/a/d" "$work/cut/t2"
head -c 3000 "$work/cd/a/d/IM00010" >"$work/cut/t2/IM00010"
expect 65 "slices are missing" import "$work/cut" "$work/no" -q
head -c 3000 "$work/cd/a/d/IM00010" >"$work/bad/one"
expect 65 "truncated or damaged" import "$work/bad" "$work/no" -q
mkdir "$work/jls"
for f in "$work/cd/a/d/"*; do dcmcjpls "$f" "$work/jls/${f##*/}"; done
expect 65 "transfer syntax JPEG-LS lossless" import "$work/jls" "$work/no" -q
mkdir "$work/bin"
ln -s "$(command -v dcmdump)" "$work/bin/dcmdump"
expect 66 "install the Debian package dcm2niix" env PATH="$work/bin" "$HEPAR" import "$work/cd" "$work/no"
finish
