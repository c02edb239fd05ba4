# The liver stage: automatic against truth, a mask file in its place, a mirrored reference, threads, and a study in which
# no liver can be found.
. "$HEP_SOURCE/tests/e2e/lib.sh"

run() { "$HEPAR" run "$@" -p amri-hbp --reproducible -q --set align.engine=none >"$work/stdout" 2>"$work/stderr"; }
field() { sed -n 's/.*"'"$2"'": *\([^,}]*\).*/\1/p' "$1" | head -n 1; }

"$HEPAR" simulate amri-hbp "$work/sim" --fast --seed 5 --degrade noise,bias -q >"$work/stdout" 2>&1 || fail "simulate"
study=$work/sim/sub-01
truth=$work/sim/derivatives/truth/sub-01/anat/sub-01_label-liver_mask.nii.gz

run "$study" -o "$work/auto" --nthreads 2
same $? 0 "automatic liver"
liver=$work/auto/sub-01/anat/sub-01_label-liver_mask.nii.gz
there "$liver"
there "$work/auto/sub-01/anat/sub-01_label-anatomy_dseg.nii.gz"
auto_ml=$(field "$work/auto/sub-01/sub-01_run.json" volume_ml)
grep -q '"source": *"automatic"' "$work/auto/sub-01/sub-01_run.json" || fail "the source of the mask is not recorded"

# Parity: the truth as a mask file gives about the same liver, and says where it comes from.
run "$study" -o "$work/given" --liver-mask "$truth"
same $? 0 "liver mask from a file"
given_ml=$(field "$work/given/sub-01/sub-01_run.json" volume_ml)
between "$(awk -v a="$auto_ml" -v b="$given_ml" 'BEGIN {print a / b}')" 0.93 1.07 "automatic over given volume"
grep -q '"source": *"command line"' "$work/given/sub-01/sub-01_run.json" || fail "the given mask is not recorded"

# What an operation would remove: the patient's right of a plane. The remnant is what is left of the liver without
# lesions; the same mask in the study's folder under its BIDS name gives the same.
cut=$work/resection.nii.gz
/usr/bin/python3 - "$truth" "$cut" <<'EOF'
import sys
import nibabel as nib
import numpy as np
m = nib.load(sys.argv[1])
x = nib.affines.apply_affine(m.affine, np.indices(m.shape).reshape(3, -1).T)[:, 0].reshape(m.shape)
inside = np.asarray(m.dataobj) > 0
right = x > np.quantile(x[inside], 0.6)
nib.save(nib.Nifti1Image(right.astype(np.uint8), m.affine), sys.argv[2])
EOF
run "$study" -o "$work/cut" --liver-mask "$truth" --resection-mask "$cut"
same $? 0 "resection mask from a file"
/usr/bin/python3 - "$work/cut/sub-01" "$cut" <<'EOF' || fail "the remnant is not what numpy finds"
import json
import sys
import nibabel as nib
import numpy as np
out = sys.argv[1]
load = lambda p: np.asarray(nib.load(p).dataobj)
liver, lesions, cut = (load(p) > 0 for p in (f"{out}/anat/sub-01_label-liver_mask.nii.gz",
                                             f"{out}/anat/sub-01_label-lesions_dseg.nii.gz", sys.argv[2]))
ml = abs(np.linalg.det(nib.load(sys.argv[2]).affine[:3, :3])) / 1000
keep = (liver & ~lesions & ~cut).sum()
got = json.load(open(f"{out}/sub-01_lesions.json"))["liver"]
want = 100 * keep / (liver & ~lesions).sum()
assert abs(got["remnant_ml"] - keep * ml) < 0.01, (got["remnant_ml"], keep * ml)
assert abs(got["flr_percent"] - want) < 1e-3 and 50 < want < 70 and got["flr_line_percent"] == 40, (got, want)
EOF
grep -q flr_percent "$work/given/sub-01/sub-01_lesions.json" && fail "a remnant without a resection mask"
cp -r "$study" "$work/sub-01"
cp "$cut" "$work/sub-01/anat/sub-01_label-resection_mask.nii.gz"
run "$work/sub-01" -o "$work/bids" --liver-mask "$truth"
same "$(field "$work/bids/sub-01/sub-01_lesions.json" flr_percent)" "$(field "$work/cut/sub-01/sub-01_lesions.json" flr_percent)" "remnant by a BIDS name"

run "$study" -o "$work/one" --nthreads 1
same "$(sha256sum <"$work/one/sub-01/anat/sub-01_label-liver_mask.nii.gz")" "$(sha256sum <"$liver")" "liver with 1 and 2 threads"
same "$(sha256sum <"$work/one/sub-01/anat/sub-01_label-anatomy_dseg.nii.gz")" \
    "$(sha256sum <"$work/auto/sub-01/anat/sub-01_label-anatomy_dseg.nii.gz")" "anatomy with 1 and 2 threads"

# Nothing large enough: the run goes on, the mask is absent with its reason.
"$HEPAR" run "$study" -o "$work/none" -p amri-hbp --set align.engine=none --set liver.seed_min_ml=5000 >"$work/stdout" 2>"$work/stderr"
same $? 0 "a run without a liver goes on"
absent "$work/none/sub-01/anat/sub-01_label-liver_mask.nii.gz"
grep -q "mask needed" "$work/none/sub-01/sub-01_run.json" || fail "run.json does not say that a mask is needed"
grep -q "mask needed" "$work/stderr" || fail "no warning that a mask is needed"
finish
