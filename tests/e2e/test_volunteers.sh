# Four real volunteers through `hepar run`: values of the literature, reuse, bytes that do not depend on threads.
. "$HEP_SOURCE/tests/e2e/lib.sh"
for v in 1 2 3 4; do
    expect 0 "" "$HEPAR" run "$data/volunteers/volunteer-$v" -o "$work/out" --reproducible
    t=$work/out/sub-volunteer$v/sub-volunteer${v}_regions.tsv
    there "$work/out/sub-volunteer$v/dwi/sub-volunteer${v}_desc-mono_ADC.nii.gz"
    there "$work/out/sub-volunteer$v/dwi/sub-volunteer${v}_desc-ivim_Dstarmap.nii.gz"
    liver=$(median "$t" liver ivim_d_mm2_per_s)
    between "$liver" 1.0e-3 1.9e-3 "liver D of volunteer $v"
    between "$(median "$t" kidney ivim_d_mm2_per_s)" "$liver" 4e-3 "kidney D of volunteer $v is above the liver's"
    between "$(median "$t" spleen ivim_d_mm2_per_s)" 0.1e-3 "$liver" "spleen D of volunteer $v is below the liver's"
done
absent "$work/out/sub-volunteer1/dwi/sub-volunteer1_desc-dki_Kmap.nii.gz"

# Outside the body nothing is measured: a mask that reaches there takes nothing from it.
if /usr/bin/python3 -c 'import nibabel' 2>/dev/null; then
    cases=$((cases + 1))
    /usr/bin/python3 - "$work/out/sub-volunteer1/dwi/sub-volunteer1" "$data/volunteers/volunteer-1/rois.nii.gz" "$work/reaching.nii.gz" <<'PY' || fail "values outside the body"
import sys
import nibabel as nib
import numpy as np
made, rois, reaching = sys.argv[1:]
load = lambda path: np.asanyarray(nib.load(path).dataobj)
status = load(made + "_desc-mono_statusmap.nii.gz")
assert 0.1 < np.mean(status == 0) < 0.9
for name in ("mono_ADC", "mono_ADCstderrmap", "monoall_ADC", "ivim_Dmap", "ivim_fmap", "ivim_Dstarmap", "ivim_rmsemap"):
    assert np.isnan(load(f"{made}_desc-{name}.nii.gz")[status == 0]).all(), name
assert np.isfinite(load(made + "_desc-mono_ADC.nii.gz")[status == 1]).all()
image = nib.load(rois)
labels = np.asanyarray(image.dataobj).copy()
outside = np.flatnonzero((status == 0) & (labels == 0))
# 2 is the label of the liver; a mask of which more than half lies outside the body is refused
labels.flat[outside[: int(0.6 * np.sum(labels == 2))]] = 2
nib.save(nib.Nifti1Image(labels, image.affine, image.header), reaching)
PY
    for mask in "$data/volunteers/volunteer-1/rois.nii.gz" "$work/reaching.nii.gz"; do
        expect 0 "" "$HEPAR" run "$data/volunteers/volunteer-1" -o "$work/$(basename "$mask" .nii.gz)" --liver-mask "$mask" --set liver.label=2 --set liver.volume_ml=[1,10000]
    done
    same "$(median "$work/reaching/sub-volunteer1/sub-volunteer1_regions.tsv" liver adc_mm2_per_s)" \
        "$(median "$work/rois/sub-volunteer1/sub-volunteer1_regions.tsv" liver adc_mm2_per_s)" "ADC of a mask that leaves the body"
fi
expect 0 "" "$HEPAR" run "$data/volunteers/volunteer-1" -o "$work/out" --reproducible
same "$(cat "$work/stdout")" "sub-volunteer1: nothing has changed: $work/out/sub-volunteer1" "second run"
expect 0 "" "$HEPAR" run "$data/volunteers/volunteer-1" -o "$work/out" --reproducible --timings --json
python3 - "$work/stdout" <<'PYTHON' || fail "timings as JSON"
import json, sys
t = json.load(open(sys.argv[1]))
parts = {p["part"]: p["seconds"] for p in t["parts"]}
assert t["unchanged"] and t["study"] == "sub-volunteer1" and {"reading", "writing", "total"} <= parts.keys(), t
PYTHON
expect 64 "--json belongs to --timings" "$HEPAR" run "$data/volunteers/volunteer-1" -o "$work/out" --reproducible --json

for n in 1 2 4; do
    "$HEPAR" run "$data/volunteers/volunteer-1" -o "$work/threads$n" --reproducible --nthreads $n -q >"$work/stdout" 2>&1
done
for n in 2 4; do
    same "$(cd "$work/threads$n" && find . -type f | sort | xargs sha256sum)" \
        "$(cd "$work/threads1" && find . -type f | sort | xargs sha256sum)" "bytes with $n threads"
done

# Only what depends on a changed setting is computed again, and the result is that of an undisturbed run.
expect 0 "diffusion (unchanged)" "$HEPAR" run "$data/volunteers/volunteer-1" -o "$work/threads2" --reproducible --set liver.volume_ml=[1,3000]
expect 0 "" "$HEPAR" run "$data/volunteers/volunteer-1" -o "$work/fresh" --reproducible --set liver.volume_ml=[1,3000]
same "$(cd "$work/threads2" && find . -type f | sort | xargs sha256sum)" "$(cd "$work/fresh" && find . -type f | sort | xargs sha256sum)" "partly reused result"

# A mask from the command line overrides; the label map's liver has the value 2.
expect 0 "" "$HEPAR" run "$data/volunteers/volunteer-2" -o "$work/masked" --liver-mask "$data/volunteers/volunteer-2/rois.nii.gz" --set liver.label=4
between "$(median "$work/masked/sub-volunteer2/sub-volunteer2_regions.tsv" liver ivim_d_mm2_per_s)" 0.5e-3 1.0e-3 "spleen taken for the liver by liver.label"
finish
