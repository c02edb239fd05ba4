# hepar fit t1: flip angles, recoveries, B1, what is refused. The estimators are tested in tests/contrast.
. "$HEP_SOURCE/tests/e2e/lib.sh"

PATH=/usr/bin:$PATH python3 - "$work" <<'PYTHON'
import json
import sys
import nibabel
import numpy
t1 = numpy.linspace(0.2, 2.0, 64).reshape(4, 4, 4)
def save(name, data, **sidecar):
    nibabel.save(nibabel.Nifti1Image(data.astype("f4"), numpy.diag([2, 2, 2, 1])), f"{sys.argv[1]}/{name}.nii.gz")
    if sidecar:
        json.dump(sidecar, open(f"{sys.argv[1]}/{name}.json", "w"))
def spoiled(flip, tr, b1):
    a, e = numpy.radians(flip) * b1, numpy.exp(-tr / t1)
    return 1000 * numpy.sin(a) * (1 - e) / (1 - numpy.cos(a) * e)
for flip in (2, 8, 15):
    save(f"fa{flip}", spoiled(flip, 0.005, 1), FlipAngle=flip, RepetitionTime=0.005)
    save(f"b1_{flip}deg", spoiled(flip, 0.005, 0.8))
save("b1", numpy.full(t1.shape, 80.0))
times = [0.1, 0.3, 0.6, 1.0, 1.6, 2.5, 4.0]
ir = numpy.stack([numpy.abs(1000 - 1900 * numpy.exp(-t / t1)) for t in times], -1)
save("ir", ir, InversionTime=times)
save("t1", t1)
PYTHON

# off DIR: largest error of a map [%]
off() { PATH=/usr/bin:$PATH python3 -c "
import nibabel, numpy, sys
a, b = (nibabel.load(p).get_fdata() for p in sys.argv[1:])
print('%.1f' % (100 * numpy.abs(a / b - 1).max()))" "$1/T1.nii.gz" "$work/t1.nii.gz"; }

expect 0 "" "$HEPAR" fit t1 "$work"/fa2.nii.gz "$work"/fa8.nii.gz "$work"/fa15.nii.gz -o "$work/vfa"
same "$(off "$work/vfa")" 0.0 "T1 from flip angles"
expect 0 "" "$HEPAR" fit t1 "$work"/b1_2deg.nii.gz "$work"/b1_8deg.nii.gz "$work"/b1_15deg.nii.gz --tr 0.005 --b1 "$work/b1.nii.gz" -o "$work/vfa"
same "$(off "$work/vfa")" 0.0 "T1 with a B1 map in per cent and angles from names"
expect 0 "" "$HEPAR" fit t1 "$work/ir.nii.gz" -o "$work/ir-out"
[ "$(cd "$work/ir-out" && echo *.nii.gz)" = "M0.nii.gz T1.nii.gz status.nii.gz" ] || fail "not the parameters and status alone"
expect 0 "" "$HEPAR" fit t1 "$work/ir.nii.gz" --maps all -o "$work/ir-out"
same "$(off "$work/ir-out")" 0.0 "T1 from inversion times of the sidecar"
for map in T1 T1_stderr M0 inversion rmse status; do there "$work/ir-out/$map.nii.gz"; there "$work/ir-out/$map.json"; done

expect 65 "--flip or --ti" "$HEPAR" fit t1 "$work/t1.nii.gz" "$work/b1.nii.gz" -o "$work/none"
expect 65 "give --tr" "$HEPAR" fit t1 "$work"/b1_2deg.nii.gz "$work"/b1_8deg.nii.gz -o "$work/none"
expect 65 "twice" "$HEPAR" fit t1 "$work"/fa2.nii.gz "$work"/fa8.nii.gz "$work"/fa8.nii.gz -o "$work/none"
expect 64 "2 values for 7" "$HEPAR" fit t1 "$work/ir.nii.gz" --ti 0.1 0.2 -o "$work/none"
expect 64 "--b1" "$HEPAR" fit t1 "$work/ir.nii.gz" --b1 "$work/b1.nii.gz" -o "$work/none"
expect 64 "-o DIR" "$HEPAR" fit t1 "$work/ir.nii.gz"
absent "$work/none"
finish
