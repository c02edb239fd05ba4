# Lesions of the user's own: label map, mask, probability map, points; on the grid of any series; by option, study.yml,
# BIDS name and folder of derivatives; and what cannot be taken.
. "$HEP_SOURCE/tests/e2e/lib.sh"
quick="-p eob-full --no-align -q --nthreads 2 --set report.pictures=false"

"$HEPAR" simulate eob-full "$work/sim" --fast --seed 21 --degrade noise,bias -q >"$work/stdout" 2>&1 || fail "simulate"
s=$work/sim/sub-01
truth=$work/sim/derivatives/truth/sub-01
map=$truth/anat/sub-01_label-lesions_dseg.nii.gz
/usr/bin/python3 - "$s" "$truth" "$work" <<'PY' || fail "the files to be given could not be made"
import glob, json, sys
import nibabel as nib
import numpy as np
study, truth, work = sys.argv[1:]
img = nib.load(f"{truth}/anat/sub-01_label-lesions_dseg.nii.gz")
m = np.asarray(img.dataobj).astype(np.int16)
lesions = json.load(open(f"{truth}/sub-01_lesions.json"))["lesions"]
save = lambda a, name, affine=img.affine: nib.save(nib.Nifti1Image(a, affine), f"{work}/{name}.nii.gz")
save((m > 0).astype(np.uint8), "mask")
save(np.where(m > 0, 0.8, 0.1).astype(np.float32), "probability")
save((m * 0.9997).astype(np.float32), "rounded")
save(np.where(m > 0, m + 0.4, 0).astype(np.float32), "broken")
save(np.zeros_like(m), "empty")
save(np.where(m == 1, 7, 0).astype(np.int16)[::-1], "flipped", img.affine @ np.diag([-1, 1, 1, 1]) + np.outer(
    np.r_[img.affine[:3, 0] * (m.shape[0] - 1), 0], [0, 0, 0, 1]))
shifted = img.affine.copy()
shifted[0, 3] += 55.3
save(m, "elsewhere", shifted)
off = img.affine.copy()
off[:3, 3] += 0.15 * np.abs(np.diag(img.affine)[:3])  # another program's rounding of the origin
save(m, "off", off)
apart = np.zeros_like(m)
apart[:2, :2, :2] = apart[-3:, -2:, -2:] = 3
save(apart, "organs")
open(f"{work}/organs.tsv", "w").write("index\tname\n3\ttwo_parts\n")
# On the grid of the diffusion series, by the nearest voxel.
dwi = nib.load(glob.glob(f"{study}/dwi/*_dwi.nii.gz")[0])
ijk = np.indices(dwi.shape[:3]).reshape(3, -1).T
at = np.rint(nib.affines.apply_affine(np.linalg.inv(img.affine) @ dwi.affine, ijk)).astype(int)
ok = ((at >= 0) & (at < m.shape)).all(1)
on = np.zeros(len(at), np.int16)
on[ok] = m[tuple(at[ok].T)]
save(on.reshape(dwi.shape[:3]), "on_dwi", dwi.affine)
with open(f"{work}/points.tsv", "w") as f:
    f.write("x\ty\tz\tdiameter_mm\tname\n")
    for l in lesions:
        f.write("\t".join(str(v) for v in l["centre_mm"]) + f"\t{l['long_axis_mm']}\tT{l['id']}\n")
with open(f"{work}/lps.tsv", "w") as f:
    f.write("x\ty\tz\tdiameter_mm\n")
    for l in lesions:
        x, y, z = l["centre_mm"]
        f.write(f"{-x}\t{-y}\t{z}\t{l['long_axis_mm']}\n")
open(f"{work}/far.tsv", "w").write("x\ty\tz\n1\t2\t900\n")
PY

# look OUT EXPRESSION: a Python truth about the result: d is lesions.json, m the label map, t the true one.
look() {
    cases=$((cases + 1))
    /usr/bin/python3 - "$1/sub-01" "$map" "$2" "$work/on_dwi.nii.gz" <<'PY' || fail "$1: not so: $2"
import json, sys
import nibabel as nib
import numpy as np
out, true, expression = sys.argv[1:4]
d = json.load(open(f"{out}/sub-01_lesions.json"))["lesions"]
m = np.asarray(nib.load(f"{out}/anat/sub-01_label-lesions_dseg.nii.gz").dataobj)
t = np.asarray(nib.load(true).dataobj)
def near(shape):  # the mask on the grid of diffusion, at the nearest voxel of each voxel of the reference
    g, ref = nib.load(sys.argv[4]), nib.load(true)
    ijk = np.indices(shape).reshape(3, -1).T
    at = np.floor(nib.affines.apply_affine(np.linalg.inv(g.affine) @ ref.affine, ijk) + 0.5).astype(int)
    ok = ((at >= 0) & (at < g.shape)).all(1)
    out = np.zeros(len(at), int)
    out[ok] = np.asarray(g.dataobj)[tuple(at[ok].T)]
    return out.reshape(shape)
dice = lambda a, b: 2 * (a & b).sum() / max(1, a.sum() + b.sum())
sys.exit(0 if eval(expression) else 1)
PY
}

expect 0 "" "$HEPAR" run "$s" -o "$work/map" $quick --lesions "$map"
shared="$quick --share $work/map" # what the lesions do not change is taken from the first run
look "$work/map" "np.array_equal(m, t) and len(d) == len(np.unique(t)) - 1"
look "$work/map" "all(l['origin'] == 'given' and l['outlined_by'] == 'user' and l['given_label'] == l['id'] for l in d)"
look "$work/map" "all('flags' in l and 'class_probabilities' in l for l in d)"
for f in mask probability rounded off; do
    expect 0 "" "$HEPAR" run "$s" -o "$work/$f" $shared --lesions "$work/$f.nii.gz"
    look "$work/$f" "np.array_equal(m > 0, t > 0) and len(d) == len(np.unique(t)) - 1"
done
expect 0 "" "$HEPAR" run "$s" -o "$work/on_dwi" $shared --lesions "$work/on_dwi.nii.gz"
look "$work/on_dwi" "len(d) == near(t.shape).max() and np.array_equal(m, near(t.shape))"
expect 0 "" "$HEPAR" run "$s" -o "$work/points" $shared --lesions "$work/points.tsv"
look "$work/points" "len(d) == len(np.unique(t)) - 1 and all(l['outlined_by'] == 'hepar' for l in d)"
look "$work/points" "sorted(l['given_name'] for l in d) == sorted('T%d' % i for i in np.unique(t) if i)"
look "$work/points" "sum(dice(m == i, t == i) > 0.6 for i in range(1, 4)) == 3"
expect 0 "" "$HEPAR" run "$s" -o "$work/lps" $shared --lesions "$work/lps.tsv" --set lesions.given_lps=true
same "$(gzip -cd "$work/lps/sub-01/anat/sub-01_label-lesions_dseg.nii.gz" | sha256sum)" \
    "$(gzip -cd "$work/points/sub-01/anat/sub-01_label-lesions_dseg.nii.gz" | sha256sum)" "the same points in both conventions"
expect 0 "" "$HEPAR" run "$s" -o "$work/add" $shared --lesions "$work/flipped.nii.gz" --set lesions.given=add
look "$work/add" "np.array_equal(m == 1, t == 1) and d[[l['id'] for l in d].index(1)]['given_label'] == 7"
look "$work/add" "any(l['origin'] == 'found' for l in d) and sum(l['origin'] == 'given' for l in d) == 1"

# Numbers alone: every map's statistics over a label map on the reference, a mask drawn on diffusion, organs and points,
# against numpy. Where a region was drawn on the map's own series it is read voxel by voxel as it was drawn.
expect 0 "" "$HEPAR" measure "$s" -o "$work/numbers" --share "$work/map" ${quick/--set report.pictures=false/} --lesions "$map" \
    --lesions "$work/on_dwi.nii.gz" --lesions "$work/points.tsv" --organs "$work/organs.nii.gz"
cases=$((cases + 1))
/usr/bin/python3 - "$work/numbers/sub-01" "$map" "$work/on_dwi.nii.gz" <<'PY' || fail "measure: not the numbers of numpy"
import csv, json, sys
import nibabel as nib
import numpy as np
out, on_reference, on_dwi = sys.argv[1:]
rows = list(csv.DictReader(open(f"{out}/sub-01_labels.tsv"), delimiter="\t"))
doc = json.load(open(f"{out}/sub-01_labels.json"))
assert set(rows[0]) <= set(doc), "columns without a description"
load = lambda path: np.asarray(nib.load(path).dataobj)
maps = {"adc_mm2_per_s": load(f"{out}/dwi/sub-01_desc-mono_ADC.nii.gz"),
        "re_hepatobiliary": load(f"{out}/anat/sub-01_desc-hbp_REmap.nii.gz")}
def check(row, inside):
    x = maps[row["map"]][inside].astype(float)
    x = x[np.isfinite(x)]
    if len(x) < 2:  # no spread
        return row["n"] == str(len(x)) and row["sd"] == row["skewness"] == "n/a"
    d = x - x.mean()
    want = dict(mean=x.mean(), sd=x.std(ddof=1), median=np.median(x), q25=np.quantile(x, .25), q75=np.quantile(x, .75),
                q05=np.quantile(x, .05), q95=np.quantile(x, .95), skewness=(d**3).mean() / (d**2).mean()**1.5,
                kurtosis=(d**4).mean() / (d**2).mean()**2 - 3, n=len(x))
    for key, value in want.items():
        assert abs(float(row[key]) - value) <= 1e-5 * abs(value) + 1e-9, (row["map"], key, row[key], value)
    return True
t, dwi = load(on_reference), load(on_dwi)
one = lambda kind, **match: [r for r in rows if r["kind"] == kind and all(r[k] == v for k, v in match.items())]
spacing = np.abs(np.linalg.det(nib.load(on_reference).affine[:3, :3]))
for label in np.unique(t[t > 0]):
    row, = one("lesion", file=on_reference.split("/")[-1], given_label=str(label), map="re_hepatobiliary")
    assert check(row, t == label)
    assert row["drawn_on"] == "hepatobiliary" and abs(float(row["volume_ml"]) - (t == label).sum() * spacing / 1e3) < 1e-4
for label in np.unique(dwi[dwi > 0]):
    row, = one("lesion", file="on_dwi.nii.gz", given_label=str(label), map="adc_mm2_per_s")
    assert row["drawn_on"] == "dwi" and int(row["voxels"]) == (dwi == label).sum()
    assert check(row, dwi == label)
organ, = one("organ", map="re_hepatobiliary")
assert organ["name"] == "two_parts" and organ["given_label"] == "3"  # one organ, though it does not hang together
assert check(organ, load(f"{out}/../../organs.nii.gz") == 3)
points = one("lesion", file="points.tsv", map="re_hepatobiliary")
assert len(points) == len(np.unique(t)) - 1 and all(r["drawn_on"] == "hepatobiliary" and int(r["n"]) > 0 for r in points)
given = load(f"{out}/anat/sub-01_label-given_dseg.nii.gz")
assert (given[t > 0] == t[t > 0]).all()
missing = one("lesion", map="re_delayed")
assert missing and all(r["status"] == "not_assessable" and r["median"] == "n/a" and "delayed" in r["reason"] for r in missing)
PY
absent "$work/numbers/sub-01/sub-01_lesions.json"
absent "$work/numbers/sub-01/sub-01_report.html"
expect 65 "nothing to measure" "$HEPAR" measure "$s" -o "$work/nothing" $quick --share "$work/map"
expect 73 "result of another command" "$HEPAR" measure "$s" -o "$work/map" $quick --organs "$map"
expect 66 "no such file of organs" "$HEPAR" measure "$s" -o "$work/nothing" $quick --organs "$work/none.nii.gz"

# A program of the user draws: without a shell, with the geometry alone, once; and all that can go wrong with it.
cat >"$work/draw.py" <<'PY'
import os, subprocess, sys, time
import nibabel as nib
import numpy as np
mode, image, output, source = sys.argv[1:]
print("drawing", mode)
open(os.path.join(os.path.dirname(source), "drawn"), "a").write(mode + "\n")
img = nib.load(image)
assert os.path.basename(image) == "input.nii.gz" and img.header["db_name"].tobytes().strip(b"\0") == b""
assert img.ndim == 3 and not img.header.extensions
m = np.asarray(nib.load(source).dataobj)
if mode == "fail":
    sys.exit(3)
if mode == "hang":
    subprocess.run(["sleep", "600.14"])
if mode != "nothing":
    affine = img.affine.copy()
    if mode == "grid":
        affine[1, 3] += 200
    if mode == "folder":
        output = os.path.join(output, "deep.nii.gz")
    nib.save(nib.Nifti1Image((m * (mode != "empty")).astype(np.uint8), affine), output)
PY
cp "$map" "$work/lesions.nii.gz"
cp "$truth/anat/sub-01_label-liver_mask.nii.gz" "$work/liver.nii.gz"
draw() { printf '[/usr/bin/python3, %s, %s, "{input}", "{%s}", %s]' "$work/draw.py" "$1" "$2" "$work/$3.nii.gz"; }
drawn=("$HEPAR" run "$s" -o "$work/drawn-out" $quick --share "$work/map" --set "liver.command=$(draw draw output liver)"
    --set "lesions.command=$(draw folder output_dir lesions)" --set lesions.command_output=deep.nii.gz)
expect 0 "" "${drawn[@]}"
look "$work/drawn-out" "np.array_equal(m, t) and all(l['origin'] == 'given' for l in d)"
grep -q '"source": *"liver.command"' "$work/drawn-out/sub-01/sub-01_run.json" || fail "the liver is not the drawn one"
grep -q drawing "$work/drawn-out/logs/sub-01_liver.command.log" || fail "no log of the program"
expect 0 "" "${drawn[@]}" --set lesions.given=add
same "$(cat "$work/drawn")" "$(printf 'draw\nfolder')" "a program is not run again for what it has drawn"
# wrong MODE EXPECTED TEXT: exit code 65, one line
wrong() { expect 65 "$2" "$HEPAR" run "$s" -o "$work/wrong" $quick --share "$work/map" --set "liver.command=$(draw "$1" output liver)" \
    --set liver.command_timeout_s=4; }
wrong fail "failed with exit code 3; its log: $work/wrong/logs/sub-01_liver.command.log"
wrong hang "was stopped after 4 s"
pgrep -f 'sleep 600.14' >/dev/null && fail "what the program started outlives it"
wrong nothing "wrote no output.nii.gz"
wrong grid "is not on the grid of its input hepatobiliary"
wrong empty "the mask that was drawn is empty"
absent "$work/wrong/sub-01/sub-01_lesions.json"
expect 66 "no such program" "$HEPAR" run "$s" -o "$work/wrong" $quick --share "$work/map" --set 'liver.command=[nosuch, "{input}", "{output}"]'
expect 65 "must hold {input}" "$HEPAR" run "$s" -o "$work/wrong" $quick --share "$work/map" --set 'liver.command=[cp, a, "{output}"]'
expect 65 "a list of at most" "$HEPAR" run "$s" -o "$work/wrong" $quick --share "$work/map" --set 'liver.command=cp {input} {output}'

# Nothing given is dropped without a word.
expect 0 "lesion 1: no image shows a lesion" "$HEPAR" run "$s" -o "$work/far" ${shared/-q/} --lesions "$work/far.tsv"
look "$work/far" "len(d) == 1 and d[0]['flags']['fat']['state'] == 'not_assessable' and 'not outlined' in d[0]['given_note']"
expect 0 "empty.nii.gz holds no lesion" "$HEPAR" run "$s" -o "$work/empty" ${shared/-q/} --lesions "$work/empty.nii.gz"
look "$work/empty" "len(d) == 0 and m.max() == 0"

# Ways to give them: study.yml, the study's own folder, a folder of derivatives; the option counts before all.
mkdir -p "$work/deriv/sub-01/anat"
cp "$map" "$work/deriv/sub-01/anat/sub-01_label-lesions_dseg.nii.gz"
expect 0 "" "$HEPAR" run "$s" -o "$work/deriv-out" $shared -d "$work/deriv"
look "$work/deriv-out" "np.array_equal(m, t)"
cp -r "$s" "$work/sub-01"
cp "$work/flipped.nii.gz" "$work/sub-01/anat/sub-01_label-lesion_mask.nii.gz"
expect 0 "" "$HEPAR" run "$work/sub-01" -o "$work/bids-out" $quick
look "$work/bids-out" "len(d) == 1 and np.array_equal(m == 1, t == 1)"
expect 0 "" "$HEPAR" run "$work/sub-01" -o "$work/both-out" $quick --share "$work/bids-out" --lesions "$map"
look "$work/both-out" "np.array_equal(m, t)"
cp "$work/points.tsv" "$work/sub-01/points.tsv"
printf 'lesions: [points.tsv, anat/sub-01_label-lesion_mask.nii.gz]\n' >"$work/sub-01/study.yml"
expect 0 "" "$HEPAR" run "$work/sub-01" -o "$work/yml-out" $quick --share "$work/bids-out"
look "$work/yml-out" "len(d) == len(np.unique(t)) and any(l['outlined_by'] == 'user' for l in d)"

expect 65 "a label is an integer" "$HEPAR" run "$s" -o "$work/bad" $quick --lesions "$work/broken.nii.gz"
expect 66 "no such file" "$HEPAR" run "$s" -o "$work/bad" $quick --lesions "$work/none.tsv"
expect 66 "no such folder of derivatives" "$HEPAR" run "$s" -o "$work/bad" $quick -d "$work/none"
expect 65 "its voxels are those of no series; nearest by corners and axes" "$HEPAR" run "$s" -o "$work/bad" $quick --lesions "$work/elsewhere.nii.gz"
expect 65 "lesions.given_series: the study has no series" "$HEPAR" run "$s" -o "$work/bad" $quick --lesions "$map" \
    --set lesions.given_series=nosuch
absent "$work/bad/sub-01/sub-01_lesions.json"
finish
