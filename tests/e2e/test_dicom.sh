# DICOM in and out: a simulated study as a scanner would have sent it comes back with its geometry, values, b-values, times
# and roles, without a word of the planted personal data; its results go back as objects that validators, pydicom and an
# archive accept; every kind of bad input is one line with its code.
# slow: writes three studies as DICOM and runs one
. "$HEP_SOURCE/tests/e2e/lib.sh"

for program in dcm2niix dcmdump dump2dcm bsdtar; do
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

# ---- and back: segmentation and report of the oblique study
out=$work/res/sub-01/ses-2
objects() { /usr/bin/python3 "$HEP_SOURCE/tests/dicom/objects.py" "$1/sub-01_ses-2_seg.dcm" "$1/sub-01_ses-2_sr.dcm" "$out" "$work/cd/b" "$1"/*.dcm; }
expect 0 "" "$HEPAR" run "$work/bids/sub-01/ses-2" -o "$work/res" --no-align --set report.html=false -q
expect 0 "" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/ex" --what seg,sr,maps -q
objects "$work/ex" >"$work/compared" || fail "the objects are not the results: $(cat "$work/compared")"
cases=$((cases + 1))
grep -q " 6 maps" "$work/compared" || fail "maps are missing: $(cat "$work/compared")"
expect 0 "" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/again" --what seg,sr,maps -q
same "$(tree "$work/again")" "$(tree "$work/ex")" "a second export"
for object in "$work"/ex/*.dcm; do
    command -v dciodvfy >/dev/null || { echo "dciodvfy (dicom3tools) is not installed: objects are not validated"; break; }
    cases=$((cases + 1))
    dciodvfy "$object" 2>&1 | grep -q "^Error" && fail "$object: $(dciodvfy "$object" 2>&1 | grep "^Error" | head -3)"
done
# segmentations as input: ours comes back with every voxel, also as other programs would have written it
segments() { /usr/bin/python3 "$HEP_SOURCE/tests/dicom/segments.py" "$@"; }
drawn=$work/bids/derivatives/dicom-seg/sub-01/ses-2/anat/sub-01_ses-2_label
mkdir "$work/seg"
cp "$work/ex/sub-01_ses-2_seg.dcm" "$work/seg"
expect 0 "" import "$work/seg" "$work/bids" -q
expect 0 "" "$HEPAR" run "$work/bids/sub-01/ses-2" -o "$work/res2" -d "$work/bids/derivatives/dicom-seg" --no-align --set report.html=false -q
for what in lesions_dseg liver_mask; do
    cases=$((cases + 1))
    segments same "$out/anat/sub-01_ses-2_label-$what.nii.gz" "$drawn-$what.nii.gz" \
        "$work/res2/sub-01/ses-2/anat/sub-01_ses-2_label-$what.nii.gz" >"$work/same" || fail "$what after the round trip: $(cat "$work/same")"
done
grep -q '"given_name": "Lesion 1"' "$work/res2/sub-01/ses-2/sub-01_ses-2_lesions.json" || fail "a segment has lost its name"
segments make "$work/ex/sub-01_ses-2_seg.dcm" "$work/other-seg"
for kind in fractional rle labelmap srt; do
    expect 0 "" import "$work/other-seg/$kind" "$work/bids" -q
    cases=$((cases + 1))
    segments same "$out/anat/sub-01_ses-2_label-lesions_dseg.nii.gz" "$drawn-lesions_dseg.nii.gz" >"$work/same" ||
        fail "a $kind segmentation: $(cat "$work/same")"
done
expect 65 "lie on no image of the study" import "$work/other-seg/off" "$work/bids" -q
expect 65 "100 bytes of pixels" import "$work/other-seg/short" "$work/bids" -q
expect 65 "JPEG 2000 lossless" import "$work/other-seg/jpeg" "$work/bids" -q
expect 65 "without a lesion or organ" import "$work/other-seg/unnamed" "$work/bids" -q
expect 65 "import its images first" import "$work/seg" "$work/no"
expect 65 "hepar import makes label maps" "$HEPAR" run "$work/bids/sub-01/ses-2" -o "$work/no" --lesions "$work/seg/sub-01_ses-2_seg.dcm"
# derived MR images, read again by the converter
expect 0 "" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/mr" --what mr -q
dcm2niix -b n -z n -x i -g i -f ff -o "$work/mr" "$work/mr/sub-01_ses-2_mr-ff" >/dev/null
cases=$((cases + 2))
/usr/bin/python3 "$HEP_SOURCE/tests/dicom/read_back.py" "$work/mr/ff.nii" "$out"/anat/*_desc-dualecho_FFmap.nii.gz >"$work/read" ||
    fail "derived MR images: $(cat "$work/read")"
# every series that was measured is in the library: two echoes, T2, diffusion, precontrast, dynamic, hepatobiliary; and the segmentation
same "$(dcmdump -q +p +P 0020,000e "$work/ex/sub-01_ses-2_sr.dcm" | grep -c '(0040,a375).(0008,1115)')" 8 "series that the report names"
dciodvfy "$work/mr/sub-01_ses-2_mr-ff/IM00010.dcm" 2>&1 | grep -q "^Error" && fail "derived MR images have errors"
expect 0 "" dsrdump "$work/ex/sub-01_ses-2_sr.dcm"
expect 65 "not the images that the study was made from" "$HEPAR" export "$out" --dicom "$work/cd/a" -o "$work/no"
cp -r "$work/cd/b" "$work/gap" # another phase lies in the same place: its slice is none of the reference
rm "$work/gap/h/IM00003"
expect 65 "slices of the series that the result was made from are missing" "$HEPAR" export "$out" --dicom "$work/gap" -o "$work/no"
expect 66 "no-such" "$HEPAR" export "$out" --dicom "$work/no-such" -o "$work/no"
expect 64 "AET@HOST:PORT" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/no" --send archive
expect 64 "seg, sr, maps and mr are allowed" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/no" --what pictures
expect 66 "install the Debian package dcmtk" env PATH="$work/none" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/no"
# what a reader said instead: one lesion rejected, the others kept as cysts
/usr/bin/python3 - "$out" "$work/answers.json" <<'PY'
import hashlib, json, sys
base = sys.argv[1] + "/sub-01_ses-2_"
ids = [l["id"] for l in json.load(open(base + "lesions.json"))["lesions"]]
answers = [{"id": i, "origin": "found", "decision": "reject" if i == ids[0] else "accept", **({} if i == ids[0] else {"class": "cyst"})} for i in ids]
with open(sys.argv[1] + "/anat/sub-01_ses-2_label-lesions_dseg.nii.gz", "rb") as f:
    digest = hashlib.sha256(f.read()).hexdigest()
json.dump({"format": "hepar-review", "format_version": 1, "study": "sub-01_ses-2", "version": json.load(open(base + "run.json"))["version"],
           "labels_sha256": digest, "reader": "R1", "blind": False, "liver": "right", "comment": "", "distances": [],
           "lesions": answers, "drawing": None}, open(sys.argv[2], "w"))
PY
expect 0 "" "$HEPAR" review "$out" --apply "$work/answers.json" -q
expect 0 "" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/read1" --what seg,sr --truth-desc R1 -q
lesions_of() { dcmdump +P 0062,0005 "$1/sub-01_ses-2_seg.dcm" | grep -c "Lesion"; }
same "$(lesions_of "$work/read1")" "$(($(lesions_of "$work/ex") - 1))" "segments of a reader who rejected one lesion"
expect 66 "R9" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/no" --truth-desc R9
expect 75 "cannot be reached" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/kept" --send "ARCHIVE@127.0.0.1:9"
there "$work/kept/sub-01_ses-2_seg.dcm"

# a real archive on the loopback: the objects lie beside the original study, and come back as they were sent
archive() {
    mkdir "$work/archive"
    printf '{"StorageDirectory": "%s/db", "IndexDirectory": "%s/db", "DicomAet": "ARCHIVE", "DicomCheckCalledAet": true,
        "DicomPort": 24242, "HttpPort": 28042, "RemoteAccessAllowed": false, "Plugins": []}' "$work/archive" "$work/archive" >"$work/archive.json"
    Orthanc "$work/archive.json" >"$work/archive.log" 2>&1 &
    server=$!
    for _ in $(seq 40); do
        sleep 0.25
        /usr/bin/python3 -c 'import urllib.request; urllib.request.urlopen("http://127.0.0.1:28042/system")' 2>/dev/null && return 0
    done
    kill "$server"
    return 1
}
if ! command -v Orthanc >/dev/null; then
    echo "orthanc is not installed: sending to an archive is not tested"
elif ! archive; then
    echo "orthanc does not start: sending to an archive is not tested: $(tail -1 "$work/archive.log")"
else
    storescu -R -aec ARCHIVE 127.0.0.1 24242 "$work"/cd/b/h/* >/dev/null || fail "the original cannot be stored"
    expect 0 "" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/sent" --send ARCHIVE@127.0.0.1:24242
    expect 75 "refuses" "$HEPAR" export "$out" --dicom "$work/cd/b" -o "$work/sent" --send OTHER@127.0.0.1:24242
    same "$(/usr/bin/python3 - "$work/sent/sub-01_ses-2_seg.dcm" <<'PY'
import io, json, sys, urllib.request, pydicom
get = lambda path: urllib.request.urlopen("http://127.0.0.1:28042" + path).read()
own = pydicom.dcmread(sys.argv[1])
studies = [json.loads(get("/studies/" + s)) for s in json.loads(get("/studies"))]
found = {}
for s in studies[0]["Series"]:
    series = json.loads(get("/series/" + s))
    found[series["MainDicomTags"]["Modality"]] = pydicom.dcmread(io.BytesIO(get(f"/instances/{series['Instances'][0]}/file")))
print(len(studies), sorted(found), found["SEG"].PixelData == own.PixelData, found["SEG"].SOPInstanceUID == own.SOPInstanceUID,
      studies[0]["MainDicomTags"]["StudyInstanceUID"] == own.StudyInstanceUID)
PY
)" "1 ['MR', 'SEG', 'SR'] True True True" "what the archive holds"
    kill "$server"
    wait "$server" 2>/dev/null
fi
finish
