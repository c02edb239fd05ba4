# A real dynamic series split by time, and a real dual echo whose opposed echo comes first.
. "$HEP_SOURCE/tests/e2e/lib.sh"
expect 0 "arterial: volumes 12-16" "$HEPAR" run "$data/dce-abdomen" -p eca-full -o "$work/out"
t=$work/out/sub-dceabdomen/sub-dceabdomen_regions.tsv
between "$(median "$t" aorta re_arterial)" 1.2 3.5 "aorta, arterial phase"
between "$(median "$t" tumour re_portal_venous)" 0.8 2.5 "tumour, portal venous phase"
between "$(median "$t" aorta re_delayed)" 0.5 "$(median "$t" aorta re_arterial)" "the aorta washes out"
there "$work/out/sub-dceabdomen/anat/sub-dceabdomen_desc-del_REmap.nii.gz"
expect 0 "outside the" "$HEPAR" run "$data/dce-abdomen" -p eca-full -o "$work/late" --set series.delayed.window_s=[350,500] --set series.delayed.nominal_s=[360,490]

# Uptake from the series itself: inlets from its aorta, a block of tissue as liver. The agent of these images is none that
# hepatocytes take up, and is called so here to have the stage run; as it is, the stage says why it does not.
PATH=/usr/bin:$PATH python3 -c "
import nibabel, sys
i = nibabel.load(sys.argv[1]); m = i.get_fdata().astype('u1') * 0; m[15:30, 30:50] = 1
nibabel.save(nibabel.Nifti1Image(m, i.affine), sys.argv[2])" "$data/dce-abdomen/labels.nii.gz" "$work/block.nii.gz"
expect 0 "" "$HEPAR" run "$data/dce-abdomen" -p eca-full -o "$work/block" --liver-mask "$work/block.nii.gz"
grep -q "hepatocytes do not take up" "$work/block/sub-dceabdomen/sub-dceabdomen_run.json" || fail "uptake of an extracellular agent"
expect 0 "" "$HEPAR" run "$data/dce-abdomen" -p eca-full -o "$work/block" --liver-mask "$work/block.nii.gz" --set agent=gadoxetate
there "$work/block/sub-dceabdomen/anat/sub-dceabdomen_desc-uptake_khemap.nii.gz"
grep -q "dynamic series of 75 volumes" "$work/block/sub-dceabdomen/sub-dceabdomen_lesions.json" || fail "uptake of a dynamic series"
grep -q '"nodular_contour"' "$work/block/sub-dceabdomen/sub-dceabdomen_lesions.json" || fail "no signs of diffuse disease"
grep -q "Diffuse disease" "$work/block/sub-dceabdomen/sub-dceabdomen_report.html" || fail "no section of diffuse disease"
grep -q "Liver function" "$work/block/sub-dceabdomen/sub-dceabdomen_report.html" || fail "no section of function"

expect 0 "" "$HEPAR" run "$data/dual-echo-coronal" -o "$work/out"
j=$work/out/sub-dualechocoronal/anat/sub-dualechocoronal_desc-dualecho_FFmap.json
there "$j"
grep -q '"EchoTimeOpposed": 0.005756' "$j" || fail "opposed echo time not from the sidecar"
grep -q '"OpposedIsLater": false' "$j" || fail "the opposed echo is the earlier one"
expect 0 "" "$HEPAR" fit dualecho "$data/dual-echo-coronal/in_phase.nii.gz" "$data/dual-echo-coronal/opposed_phase.nii.gz" -o "$work/fit"
there "$work/fit/FF.nii.gz"

# A receive gain that jumps between phases is named, and only where it does: this seed multiplies the transitional phase
# by 1.17, the other phases by 0.94 to 1.06.
for degrade in noise,bias noise,bias,gain; do
    expect 0 "" "$HEPAR" simulate eob-full "$work/$degrade" --seed 6100 --field 3 --fast --degrade $degrade
    expect 0 "" "$HEPAR" run "$work/$degrade/sub-01" -o "$work/out-$degrade" --no-align --set report.html=false
    grep -o "[a-z_]*: muscle enhances by" "$work/out-$degrade/sub-01/sub-01_run.json" | sort -u >"$work/gains-$degrade"
done
same "$(cat "$work/gains-noise,bias")" "" "gains named where none changed"
same "$(cat "$work/gains-noise,bias,gain")" "transitional: muscle enhances by" "the gain that jumped"
finish
