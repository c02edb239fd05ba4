# hepar fit uptake on a series made by another solver, on the curves of a healthy control and of a patient on two visits (tests/data/gadoxetate), and what is
# refused. The model is tested in tests/contrast.
. "$HEP_SOURCE/tests/e2e/lib.sh"
curves=$data/gadoxetate

# rate WHO: khe [1/min]
rate() { "$HEPAR" fit uptake "$curves/$1_scan1.tsv" -p "$curves/$1_parameters.tsv" --json 2>/dev/null | awk -F'[:,]' '/"khe_per_min"/ { print $2 }'; }
between "$(rate 2_control)" 0.03 0.10 "uptake of a healthy liver (Georgiou 2017, Sourbron 2012)"
between "$(rate 001_control)" 0.001 0.02 "uptake of the patient's liver"
expect 0 "" "$HEPAR" fit uptake "$curves/2_control_scan1.tsv" -p "$curves/2_control_parameters.tsv" --input aorta
cases=$((cases + 1)); grep -q "arterial input .*aorta" "$work/stdout" || fail "the input is not said"

expect 65 "give --parameters, or --tr" "$HEPAR" fit uptake "$curves/2_control_scan1.tsv"
expect 65 "T1 of the liver" "$HEPAR" fit uptake "$curves/2_control_scan1.tsv" --tr 0.004 --flip 15
printf 'time_s\taorta\n0\t1\n' >"$work/few.tsv"
given="--tr 0.004 --flip 15 --t1-liver 0.8 --baseline 5"
# shellcheck disable=SC2086
expect 65 'no column "liver"' "$HEPAR" fit uptake "$work/few.tsv" $given
printf 'time_s\taorta\tliver\n0\t1\t1\n5\t1\t1\n3\t1\t1\n' >"$work/few.tsv"
# shellcheck disable=SC2086
expect 65 "does not follow" "$HEPAR" fit uptake "$work/few.tsv" $given
printf 'time_s\taorta\tliver\n0\t1\t1\n5\t1\t1\n' >"$work/few.tsv"
# shellcheck disable=SC2086
expect 65 "samples after it are needed" "$HEPAR" fit uptake "$work/few.tsv" $given
# shellcheck disable=SC2086
expect 64 "--agent" "$HEPAR" fit uptake "$curves/2_control_scan1.tsv" $given --agent iodine

# A series of two tissues, khe 0.06 and 0.03 /min, solved by Euler steps; concentrations of the inlets given.
PATH=/usr/bin:$PATH python3 - "$work" <<'PYTHON'
import json
import sys
import nibabel
import numpy
work, tr, flip, dt = sys.argv[1], 0.004, numpy.radians(15), 0.1
times = numpy.concatenate([numpy.arange(0, 120, 5.0), numpy.arange(120, 1230, 30.0)])
fine = numpy.arange(0, 1230, dt)
since = numpy.clip(fine - 30, 0, None)
artery = 3 * (since / 8) ** 2 * numpy.exp(2 - since / 4) + 0.4 * (1 - numpy.exp(-since / 8)) * numpy.exp(-since / 900)
portal = numpy.interp(fine - 25, fine, artery)
def spoiled(t1):
    e = numpy.exp(-tr / t1)
    return 1000 * numpy.sin(flip) * (1 - e) / (1 - numpy.cos(flip) * e)
def tissue(flow, fa, ve, khe, kbh):
    ce = ch = 0.0
    out = numpy.zeros_like(fine)
    for i in range(1, len(fine)):
        u = fa * artery[i - 1] + (1 - fa) * portal[i - 1]
        ce, ch = ce + dt / 60 * (flow * (u - ce) - khe * ce) / ve, ch + dt / 60 * (khe * ce - kbh * ch)
        out[i] = 6.5 * ve * ce + 9.8 * ch
    return numpy.interp(times, fine, out)
series = numpy.zeros((4, 3, 2, len(times)), "f4")
regions = numpy.zeros((4, 3, 2), "u1")
regions[0], regions[1] = 1, 2
series[0] = spoiled(1 / (1 / 0.809 + tissue(0.9, 0.2, 0.24, 0.06, 0.012)))
series[1] = spoiled(1 / (1 / 0.809 + tissue(1.1, 0.3, 0.28, 0.03, 0.02)))
for x, curve in ((2, artery), (3, portal)):
    series[x] = spoiled(1 / (1 / 1.664 + numpy.interp(times, fine, curve) * 0.58 * 6.5))
vessels = numpy.zeros((4, 3, 2), "u1")
vessels[2], vessels[3] = 1, 2
saturated = series.copy()
saturated[2, ..., 8:] = 1000
affine = numpy.diag([2, 2, 2, 1])
for name, data in (("series", series), ("regions", regions), ("vessels", vessels), ("flat", numpy.ones_like(series)),
                   ("saturated", saturated), ("few", series[..., :7]), ("other", numpy.ones((2, 2, 2), "u1")),
                   ("none", numpy.zeros_like(regions))):
    nibabel.save(nibabel.Nifti1Image(data, affine), f"{work}/{name}.nii.gz")
numpy.savetxt(f"{work}/times.txt", times)
numpy.savetxt(f"{work}/unsorted.txt", times[::-1])
numpy.savetxt(f"{work}/short.txt", times[:-1])
numpy.savetxt(f"{work}/few.txt", times[:7])
with open(f"{work}/inlets.tsv", "w") as f:
    f.write("time_s\tarterial_mM\tportal_mM\n")
    f.writelines(f"{t:.2f}\t{a:.6f}\t{p:.6f}\n" for t, a, p in zip(fine[::5], artery[::5], portal[::5]))
PYTHON
cell() { awk -F '\t' -v row="$2" -v name="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == row + 1 { print $c }' "$1"; }
series="$work/series.nii.gz --times $work/times.txt --tr 0.004 --flip 15 --field 3"
for aif in inlets.tsv vessels.nii.gz; do
    # shellcheck disable=SC2086
    expect 0 "" "$HEPAR" fit uptake $series --aif "$work/$aif" --mask "$work/regions.nii.gz" --maps all -o "$work/$aif.out"
    between "$(cell "$work/$aif.out/regions.tsv" 1 khe_per_min)" 0.058 0.062 "khe 0.06 with $aif"
    between "$(cell "$work/$aif.out/regions.tsv" 2 khe_per_min)" 0.029 0.031 "khe 0.03 with $aif"
    same "$(cell "$work/$aif.out/regions.tsv" 1 t1_source)" assumed "where T1 comes from"
done
for map in khe khe_stderr kbh ve F fa khe_patlak RE rmse model status; do there "$work/inlets.tsv.out/$map.nii.gz"; there "$work/inlets.tsv.out/$map.json"; done
refused() { # TEXT OPTIONS...: one line, nothing written
    local text=$1
    shift
    expect 65 "$text" "$HEPAR" fit uptake "$@" -o "$work/refused"
    absent "$work/refused"
}
given="--tr 0.004 --flip 15"
# shellcheck disable=SC2086
{
refused "no times of its 61 volumes" "$work/series.nii.gz" $given
refused "does not follow" "$work/series.nii.gz" --times "$work/unsorted.txt" $given
refused "60 times for 61 volumes" "$work/series.nii.gz" --times "$work/short.txt" $given
refused "7 volumes, a fit of 5 parameters needs 7 and a baseline" "$work/few.nii.gz" --times "$work/few.txt" $given
refused "no flip angle" "$work/series.nii.gz" --times "$work/times.txt" --tr 0.004
refused "the mask is empty" $series --aif "$work/none.nii.gz"
refused "before the rise of the artery" "$work/flat.nii.gz" --times "$work/times.txt" $given --aif "$work/vessels.nii.gz"
refused "is saturated" "$work/saturated.nii.gz" --times "$work/times.txt" $given --aif "$work/vessels.nii.gz"
expect 65 "grid is not that of" "$HEPAR" fit uptake $series --aif "$work/other.nii.gz" -o "$work/refused"
expect 65 "grid is not that of" "$HEPAR" fit uptake $series --mask "$work/other.nii.gz" -o "$work/refused"
expect 64 "not both" "$HEPAR" fit uptake $series --curves "$work/inlets.tsv" -o "$work/refused"
expect 64 "-o DIR" "$HEPAR" fit uptake $series
}
finish
