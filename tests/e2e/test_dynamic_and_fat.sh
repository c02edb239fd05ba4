# A real dynamic series split by time, and a real dual echo whose opposed echo comes first.
. "$HEP_SOURCE/tests/e2e/lib.sh"
expect 0 "arterial: volumes 12-16" "$HEPAR" run "$data/dce-abdomen" -p eca-full -o "$work/out"
t=$work/out/sub-dceabdomen/sub-dceabdomen_regions.tsv
between "$(median "$t" aorta re_arterial)" 1.2 3.5 "aorta, arterial phase"
between "$(median "$t" tumour re_portal_venous)" 0.8 2.5 "tumour, portal venous phase"
between "$(median "$t" aorta re_delayed)" 0.5 "$(median "$t" aorta re_arterial)" "the aorta washes out"
there "$work/out/sub-dceabdomen/anat/sub-dceabdomen_desc-del_REmap.nii.gz"
expect 0 "outside the" "$HEPAR" run "$data/dce-abdomen" -p eca-full -o "$work/late" --set series.delayed.window_s=[350,500] --set series.delayed.nominal_s=[360,490]

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
