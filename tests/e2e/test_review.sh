# The reading room in a real browser: a study is read, saved, loaded, applied, and compared voxel by voxel; then what is
# refused. Needs scripts/browser/install.sh.
. "$HEP_SOURCE/tests/e2e/lib.sh"
export HEPAR_BROWSER=${HEPAR_BROWSER:-${XDG_DATA_HOME:-$HOME/.local/share}/hepar/browser}
export HEPAR_VIEWER=$HEPAR_BROWSER/viewer
if ! [ -d "$HEPAR_BROWSER/node_modules/playwright-core" ] || ! command -v chromium >/dev/null || ! command -v node >/dev/null; then
    echo "skipped: no browser to test with: run scripts/browser/install.sh once"
    [ -z "${HEP_CI:-}" ] || fail "continuous integration runs every test"
    [ -z "${HEP_CI:-}" ] || finish
    exit 77
fi
expect 0 "" "$HEPAR" simulate eob-full "$work/bids" --fast --seed 5 --degrade none --lesions met:14mm,cyst:9mm,haemangioma:22mm
study=$work/bids/sub-01
result=$work/out/sub-01
expect 0 "" "$HEPAR" run "$study" -o "$work/out" --no-align -q --nthreads 2 --set report.pictures=false
cp -r "$result" "$work/before"
expect 0 "" "$HEPAR" review "$result" --study "$study" --reader R1 --blind -o "$work/page.html"
grep -q "$work" "$work/page.html" && fail "the page names a path or a host"
expect 0 "" "$HEPAR" review "$result" --study "$study" --reader R3 --timed -o "$work/timed.html"
cases=$((cases + 1))
node "$HEP_SOURCE/tests/e2e/review.mjs" "$work/page.html" "$work" "$work/timed.html" >"$work/log" 2>&1 || fail "$(cat "$work/log")"

# what was done in the page is what is applied
apply() { "$HEPAR" review "$result" --apply "$1" --study "$study" -q; }
expect 0 "" apply "$work/review.json"
cat "$work/stdout"
/usr/bin/python3 - "$work" <<'PY' || fail "what was applied is not what was done"
import csv, json, sys
import nibabel as nib
import numpy as np
work = sys.argv[1]
out = f"{work}/out/sub-01"
done = json.load(open(f"{work}/done.json"))
before = nib.load(f"{work}/before/anat/sub-01_label-lesions_dseg.nii.gz")
after = nib.load(f"{out}/anat/sub-01_label-lesions_desc-R1_dseg.nii.gz")
assert np.allclose(before.affine, after.affine, atol=1e-3)
old, new = (np.asarray(i.dataobj).astype(int) for i in (before, after))
grid = np.stack(np.meshgrid(*map(np.arange, old.shape), indexing="ij"), -1)
mm = grid @ before.affine[:3, :3].T + before.affine[:3, 3]
voxel = lambda place: np.rint(np.linalg.solve(before.affine[:3, :3], np.array(place) - before.affine[:3, 3])).astype(int)
added = max(json.load(open(f"{work}/before/sub-01_lesions.json"))["lesions"], key=lambda l: l["id"])["id"] + 1
# by hand: an erased disc of 5 mm in the slice at the centre of lesion 2, then a painted one; then a ball of 12 mm
drawn = old.copy()
def disc(place):
    c = voxel(place)
    d = np.linalg.norm((mm - mm[tuple(c)])[..., :2], axis=-1)
    return (grid[..., 2] == c[2]) & (d <= 5)
drawn[disc(done["centre"]) & (drawn == 2)] = 0
drawn[disc(done["pen"]) & (drawn == 0)] = 2
c = voxel(done["ball"])
ball = np.linalg.norm(mm - mm[tuple(c)], axis=-1) <= 6
drawn[ball & (drawn == 0)] = added
kept = drawn * np.isin(drawn, [2, added])
assert (kept == new).all(), f"{(kept != new).sum()} voxels differ"
assert (old == 2).sum() != (new == 2).sum() and (new == added).sum() > 3
r = json.load(open(f"{out}/sub-01_desc-R1_lesions.json"))
assert [l["id"] for l in r["lesions"]] == [2, added] and [l["id"] for l in r["rejected"]] == [1]
two, ball_ = r["lesions"]
was = {l["id"]: l["class"] for l in json.load(open(f"{work}/before/sub-01_lesions.json"))["lesions"]}
assert two["class"] == "metastasis" and two["hepar"]["class"] == was[2] and ball_["class"] == "cyst"
assert {k: f["state"] for k, f in two["flags"].items()} == {"ring_enhancement": "present", "washout": "not_assessable"}
assert two["reader"]["flags"] == {"ring_enhancement": "present", "washout": "cannot_say"} and two["reader"]["confidence"] == 4
assert two["reader"]["comment"].startswith("</script><img") and two["reader"]["seconds"] is None
voxel_ml = abs(np.linalg.det(before.affine[:3, :3])) / 1000
for l in r["lesions"]:
    assert abs(l["volume_ml"] - (new == l["id"]).sum() * voxel_ml) < 1e-3 * l["volume_ml"], l["volume_ml"]
assert ball_["hepar_on_outline"]["flags"] and "hepar" not in ball_
assert r["review"]["blind"] and r["review"]["liver"] == "right" and len(r["review"]["distances"]) == 1
d = r["review"]["distances"][0]
want = np.subtract(*done["distance"])
assert abs(np.linalg.norm(np.subtract(d["from_mm"], d["to_mm"])) - np.linalg.norm(want)) < 0.2
rows = {x["lesion_id"]: x for x in csv.DictReader(open(f"{out}/sub-01_desc-R1_lesions.tsv"), delimiter="\t", quoting=csv.QUOTE_NONE)}
assert rows["2"]["class"] == "metastasis" and rows["2"]["ring_enhancement"] == "present" and rows["1"]["verdict"] == "rejected" and rows["3"]["verdict"] == "not_reviewed"
assert rows["2"]["hepar_ring_enhancement"] == two["hepar"]["flags"]["ring_enhancement"]["state"] and "\n" not in rows["2"]["comment"]
PY
same "$(ls "$result" "$result"/* | grep -v desc-R1 | grep -c .)" "$(ls "$work/before" "$work"/before/* | grep -c .)" "files of the result"
(cd "$work/before" && find . -type f -exec cmp -s {} "$result/{}" \; -o -type f -print) | while read -r f; do echo "FAILED: $f was changed"; done
rm -rf "$work/applied" && cp -r "$result" "$work/applied"
expect 0 "" apply "$work/review.json"
diff -r "$work/applied" "$result" || fail "applied twice it is not the same"

# refused, each in one line
change() { # FILE: the review, changed by the Python of standard input
    /usr/bin/python3 -c "
import base64, gzip, json, sys
import numpy as np
work = '$work'
r = json.load(open(work + '/review.json'))
exec(sys.stdin.read())
json.dump(r, open('$1', 'w'))"
}
refused() { # CODE TEXT, the change on standard input
    change "$work/bad.json"
    expect "$1" "$2" apply "$work/bad.json"
}
refused 64 "letters and digits only" <<<'r["reader"] = "Anna Zwiebelfisch"'
refused 64 "letters and digits only" <<<'r["reader"] = "../../x"'
refused 65 "of the study sub-02, the result is of sub-01" <<<'r["study"] = "sub-02"'
refused 65 "of Hepar 0.1.0, the result is of" <<<'r["version"] = "0.1.0"'
refused 65 "label map with SHA-256 00" <<<'r["labels_sha256"] = "00"'
refused 65 "not a file that the page of hepar review saved" <<<'r["format"] = "x"'
refused 65 "class 'tumour' is not known" <<<'r["lesions"][1]["class"] = "tumour"'
refused 65 "flag 'ringing' is not known" <<<'r["lesions"][1]["flags"]["ringing"] = "present"'
refused 65 "lesion 77: is not in the result" <<<'r["lesions"][2]["id"] = 77'
refused 65 "confidence 9 is none of 1 to 5" <<<'r["lesions"][1]["confidence"] = 9'
refused 65 "the drawing of the lesions" <<<'r["drawing"]["lesions"] = r["drawing"]["lesions"][:400]'
refused 65 "the drawing of the lesions" <<<'r["drawing"]["lesions"] = "!!!!"'
refused 65 "a comment of" <<<'r["comment"] = "x" * 100000'
refused 65 "drawn outside the body, of lesion" <<'PY'
b = bytearray(gzip.decompress(base64.b64decode(r["drawing"]["lesions"])))
b[352:356] = int(r["lesions"][-1]["id"]).to_bytes(2, "little") * 2
r["drawing"]["lesions"] = base64.b64encode(gzip.compress(bytes(b))).decode()
PY
refused 65 "lesion 500 that is not listed" <<'PY'
b = bytearray(gzip.decompress(base64.b64decode(r["drawing"]["lesions"])))
b[352:354] = (500).to_bytes(2, "little")
r["drawing"]["lesions"] = base64.b64encode(gzip.compress(bytes(b))).decode()
PY
head -c 3000 "$work/review.json" >"$work/bad.json"
expect 65 "bad.json" apply "$work/bad.json"
expect 64 "give --study" "$HEPAR" review "$result" --apply "$work/review.json"
expect 64 "letters and digits only" "$HEPAR" review "$result" --reader "Dr X" -o "$work/no.html"
expect 64 "belong to the page" "$HEPAR" review "$result" --apply "$work/review.json" --blind
absent "$work/no.html"
same "$(find "$result" -name '.*' | grep -c .)" 0 "folders that were left"
diff -r "$work/applied" "$result" || fail "a refused file changed something"

# two readers: R1 accepts the others and rejects lesion 1; R2 adds nothing, takes the lower half of the liver away, rejects 1 and 3, and calls 2 a cyst
expect 65 "lesions that the reader has not reviewed" "$HEPAR" evaluate "$work/out" "$work/out" --truth-desc R1 -o "$work/ev" -q
expect 66 "no study that both R1 and R2 have read" "$HEPAR" review "$work/out" --agreement R1,R2
change "$work/r1.json" <<'PY'
for l in r["lesions"]:
    l["decision"] = l["decision"] or "accept"
PY
change "$work/r2.json" <<'PY'
import nibabel as nib
img = nib.load(work + "/before/anat/sub-01_label-liver_mask.nii.gz")
liver = np.asarray(img.dataobj).astype(np.uint16)
liver[..., : liver.shape[2] // 2] = 0
drawing = {"liver": base64.b64encode(gzip.compress(nib.Nifti1Image(liver, img.affine).to_bytes())).decode()}
r.update(reader="R2", liver="wrong", drawing=drawing, lesions=[l for l in r["lesions"] if l["origin"] == "found"])
for l in r["lesions"]:
    l["decision"] = "reject" if l["id"] in (1, 3) else "accept"
r["lesions"][1].update({"class": "cyst", "flags": {"ring_enhancement": "absent", "washout": "absent"}})
PY
expect 0 "" apply "$work/r1.json"
expect 0 "" apply "$work/r2.json"
expect 0 "" "$HEPAR" review "$work/out" --agreement R1,R2
cat "$work/stdout"
/usr/bin/python3 - "$work" <<'PY' || fail "the agreement is not that of the two readers"
import json, sys
import nibabel as nib
import numpy as np
work = sys.argv[1]
out = f"{work}/out/sub-01"
a = json.load(open(f"{work}/out/agreement_R1_R2/agreement.json"))
# of 11 lesions both keep 8, neither keeps 1, R1 alone 2: po = 9 / 11, pe = (10 * 8 + 1 * 3) / 121, kappa = 16 / 38
rows = {x["what"]: x for x in a["agreement"]}
assert a["lesions"] == 11 and a["kept_by_both"] == 8 and abs(rows["lesion"]["kappa"]["value"] - 16 / 38) < 1e-6, rows["lesion"]
assert rows["ring_enhancement"]["n"] == 1 and rows["ring_enhancement"]["same"] == 0 and rows["washout"]["n"] == 0 and rows["washout"]["left_out"] == 8
one, two = (np.asarray(nib.load(f"{out}/anat/sub-01_label-lesions_desc-R{k}_dseg.nii.gz").dataobj).astype(int) for k in (1, 2))
con = np.asarray(nib.load(f"{out}/anat/sub-01_label-lesions_desc-consensus_dseg.nii.gz").dataobj).astype(int)
assert set(np.unique(one)) == {0, *range(2, 12)} and set(np.unique(two)) == {0, 2, *range(4, 11)}
both = (one == two) & (one > 0)
assert ((con > 0) == both).all()
img = nib.load(f"{out}/anat/sub-01_label-liver_desc-R2_mask.nii.gz")
half = np.asarray(img.dataobj) > 0
whole = np.asarray(nib.load(f"{out}/anat/sub-01_label-liver_mask.nii.gz").dataobj) > 0
assert half.sum() < whole.sum() and not half[..., : half.shape[2] // 2].any()
ml = json.load(open(f"{out}/sub-01_desc-R2_lesions.json"))["liver"]["volume_ml"]
assert abs(ml - half.sum() * abs(np.linalg.det(img.affine[:3, :3])) / 1000) < 0.001 * ml, ml
c = json.load(open(f"{out}/sub-01_desc-consensus_lesions.json"))
first = c["lesions"][0]
assert len(c["lesions"]) == 8 and first["class"] is None and not first["flags"]
assert sorted(o["what"] for o in c["open"]) == ["class", "lesion", "lesion", "ring_enhancement", "washout"], c["open"]
PY
expect 0 "" "$HEPAR" evaluate "$work/out" "$work/out" --truth-desc R1 -o "$work/ev" -q
same "$(grep -c '9 of 10' "$work/stdout" | sed 's/[1-9][0-9]*/yes/')" yes "nine of the ten lesions of R1 are found"
# a study that is computed anew keeps what its readers said, and refuses their files of the result before
rm -rf "$work/applied" && cp -r "$result" "$work/applied"
expect 0 "" "$HEPAR" run "$study" -o "$work/out" --no-align -q --nthreads 2 --set report.html=false --set lesions.candidates.diameter_min_mm=14
for f in sub-01_desc-R1_lesions.json sub-01_desc-R2_lesions.tsv anat/sub-01_label-lesions_desc-R1_dseg.nii.gz sub-01_desc-consensus_lesions.json; do
    cmp -s "$work/applied/$f" "$result/$f" || fail "$f was not kept"
done
expect 65 "the result is of" apply "$work/r1.json"
expect 66 "no study has a" "$HEPAR" evaluate "$work/out" "$work/out" --truth-desc R9 -o "$work/ev" -q
expect 64 "two readers with a comma" "$HEPAR" review "$work/out" --agreement R1
finish
