# What the simulator writes: read by nibabel, valid BIDS, the same bytes for any number of threads; bad arguments refused.
. "$HEP_SOURCE/tests/e2e/lib.sh"
sums() { (cd "$1" && find . -type f | sort | xargs sha256sum); }
expect 0 "" "$HEPAR" simulate eob-full "$work/one" --subjects 4 --seed 9 --fast --nthreads 1
expect 0 "" "$HEPAR" simulate eob-full "$work/two" --first 3 --subjects 2 --seed 9 --fast --nthreads 2
expect 0 "" "$HEPAR" simulate eob-full "$work/two" --subjects 3 --seed 9 --fast --nthreads 2
[ "$(sums "$work/one")" = "$(sums "$work/two")" ] || fail "bytes differ between 1 and 2 threads, or in parts"
expect 0 "" "$HEPAR" simulate eob-full "$work/other" --subjects 1 --seed 10 --fast
[ "$(sha256sum <"$work/one/sub-01/dwi/sub-01_dwi.nii.gz")" != "$(sha256sum <"$work/other/sub-01/dwi/sub-01_dwi.nii.gz")" ] || fail "another seed gives the same study"
expect 64 "lesion" "$HEPAR" simulate eob-full "$work/bad" --lesions unicorn:5mm
expect 64 "" "$HEPAR" simulate eob-full "$work/bad" --degrade rust
expect 64 "" "$HEPAR" simulate eob-full "$work/bad" --subjects 0
expect 66 "no-such" "$HEPAR" simulate no-such "$work/bad"
absent "$work/bad/sub-01"

if /usr/bin/python3 -c 'import nibabel' 2>/dev/null; then
    cases=$((cases + 1))
    /usr/bin/python3 - "$work/one" <<'PY' || fail "nibabel"
import glob, sys
import nibabel as nib
import numpy as np
files = glob.glob(sys.argv[1] + "/**/*.nii.gz", recursive=True)
assert len(files) > 40, len(files)
codes = set()
for f in files:
    image = nib.load(f)
    data = np.asanyarray(image.dataobj)
    assert data.ndim in (3, 4) and data.size, f
    assert np.isfinite(image.affine).all() and abs(np.linalg.det(image.affine[:3, :3])) > 0, f
    assert image.header.get_xyzt_units()[0] == "mm", f
    codes.add("".join(nib.aff2axcodes(image.affine)))
assert {"RAS", "LAS"} <= codes, codes
# Truth lies where the image shows it: the hepatobiliary phase is darker in metastases than in the liver around.
for sub in ("sub-01", "sub-02", "sub-03", "sub-04"):
    truth = sys.argv[1] + "/derivatives/truth/" + sub + "/anat/" + sub
    image = nib.load(glob.glob(sys.argv[1] + "/" + sub + "/anat/*hbp*T1w.nii.gz")[0])
    liver = nib.load(truth + "_label-liver_mask.nii.gz")
    assert np.allclose(image.affine, liver.affine, atol=1e-3), sub
    signal, mask = image.get_fdata(), np.asanyarray(liver.dataobj) > 0
    assert np.median(signal[mask]) > 1.3 * np.median(signal[~mask & (signal > np.percentile(signal, 50))]), sub
PY
fi

# The validator is an npm package: installed once below the build folder when npm is here, never committed.
tool=${HEP_NPM:-$HOME/.cache/hepar-npm}
if command -v npm >/dev/null && { [ -x "$tool/node_modules/.bin/bids-validator" ] ||
    npm install --silent --no-audit --no-fund --prefix "$tool" bids-validator@1.15.0 >/dev/null 2>&1; }; then
    for dataset in "$work/one"; do
        cases=$((cases + 1))
        "$tool/node_modules/.bin/bids-validator" "$dataset" --json >"$work/bids.json" 2>/dev/null
        /usr/bin/python3 - "$work/bids.json" <<'PY' || fail "bids-validator finds errors in $dataset"
import json, sys
errors = json.load(open(sys.argv[1]))["issues"]["errors"]
for e in errors:
    print(e["key"], e["reason"], e["files"][0]["file"]["relativePath"] if e["files"] and e["files"][0].get("file") else "")
sys.exit(bool(errors))
PY
    done
else
    printf 'bids-validator skipped: npm or its registry is not here\n'
fi
finish
