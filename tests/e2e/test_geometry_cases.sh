#!/usr/bin/env bash
# Masks and dynamic phases as hospitals make them: turned, cropped, of several labels; slices lost, water and fat exchanged.
. "$HEP_SOURCE/tests/e2e/lib.sh"
python=/usr/bin/python3
$python -c 'import nibabel, numpy' 2>/dev/null || exit 77

"$HEPAR" simulate eob-full "$work/bids" --fast --seed 1 --degrade none -q || fail "simulate"
$python - "$work" <<'P'
import glob
import sys
import nibabel as nib
import numpy as np

work = sys.argv[1]
truth = nib.load(glob.glob(f"{work}/bids/derivatives/truth/sub-01/anat/*label-liver_mask.nii.gz")[0])
mask, affine = np.asarray(truth.dataobj) > 0, truth.affine


def save(name, a, to=affine, kind=np.uint8):
    nib.save(nib.Nifti1Image(np.asarray(a).astype(kind), to), f"{work}/{name}.nii.gz")


def change(role, edit):
    path = glob.glob(f"{work}/bids/sub-01/anat/*acq-{role}_*T1w.nii.gz")[0]
    image = nib.load(path)
    a = np.asarray(image.dataobj, float).copy()
    edit(a)
    nib.save(nib.Nifti1Image(a.astype(np.float32), image.affine), path)


save("mirrored", mask[::-1])
save("whole", np.ones_like(mask))
low, high = np.argwhere(mask).min(0), np.argwhere(mask).max(0) + 1
to = affine.copy()
to[:3, 3] = (affine @ np.r_[low, 1])[:3]
save("cropped", mask[tuple(slice(l, h) for l, h in zip(low, high))], to)
to = np.column_stack([affine[:, 2], affine[:, 0], -affine[:, 1], affine @ [0, mask.shape[1] - 1, 0, 1]])
save("turned", np.transpose(mask, (2, 0, 1))[:, :, ::-1], to)
labels = mask * 5
labels[:10] = 1
save("labels", labels)
holes = np.where(mask, 1.0, np.nan)
save("holes", holes, kind=np.float32)
to = affine.copy()
to[:3, 3] += 500
save("elsewhere", mask, to)
np.savetxt(f"{work}/ml", [mask.sum() * abs(np.linalg.det(affine[:3, :3])) / 1000])


def lose(a):
    a[:, :, 18:21] = 0


def swap(a):
    a[a.shape[0] // 2 + 12:] *= 0.05


change("trans", lose)
change("pv", swap)
P
run() {
    "$HEPAR" run "$work/bids" -o "$work/o" --no-align --set report.html=false "$@" >"$work/stdout" 2>"$work/stderr"
}
liver() { awk -F '\t' -v m="$1" '$1 == "liver" && $2 == m {print $4}' "$work/o/sub-01/sub-01_regions.tsv"; }
said() {
    cases=$((cases + 1))
    grep -q "$1" "$work/stdout" "$work/stderr" || fail "not said: $1"
}
volume() { $python -c "import json,sys; print(json.load(open(sys.argv[1]))['liver']['volume_ml'])" "$work/o/sub-01/sub-01_lesions.json"; }
ml=$(cat "$work/ml")

for m in cropped turned holes; do
    run --liver-mask "$work/$m.nii.gz"
    same $? 0 "$m"
    between "$(volume)" "$($python -c "print($ml - .1)")" "$($python -c "print($ml + .1)")" "volume of $m"
done
# What no agent does: these phases give no enhancement, the others their own.
said 'transitional: .* less than 0.5 times their signal before contrast'
said 'portal venous: .* less than 0.5 times'
same "$(liver re_portal_venous)$(liver re_transitional)" '' 'enhancement of phases that lost signal'
between "$(liver re_arterial)" .25 .35 'arterial enhancement'
between "$(liver re_hepatobiliary)" .95 1.1 'hepatobiliary enhancement'

expect 65 'when reversed along its first axis' "$HEPAR" run "$work/bids" -o "$work/x" -q --no-align --liver-mask "$work/mirrored.nii.gz"
expect 65 'L, no liver has more than 12: it is the body or the whole image' "$HEPAR" run "$work/bids" -o "$work/x" -q --no-align --liver-mask "$work/whole.nii.gz"
expect 65 '% of the body in the images, no liver more than 70 %' "$HEPAR" run "$work/bids" -o "$work/x" -q --no-align --liver-mask "$work/whole.nii.gz" --set liver.given.volume_max_ml=100000 --set liver.given.outside_body=[0.9,0.9]
expect 65 'labels 1, 5' "$HEPAR" run "$work/bids" -o "$work/x" -q --no-align --liver-mask "$work/labels.nii.gz"
expect 65 'outside the images' "$HEPAR" run "$work/bids" -o "$work/x" --liver-mask "$work/elsewhere.nii.gz"
"$HEPAR" run "$work/bids" -o "$work/x" --liver-mask "$work/elsewhere.nii.gz" >"$work/stdout" 2>"$work/stderr"
same "$(grep -c ': inventory\|: align' "$work/stderr")" 1 'a mask is looked at before anything is computed'
finish
