#!/usr/bin/env bash
# Echoes as scanners give them: lost ones, short T2*, all in phase. Signals are made from the equation with known fractions.
. "$HEP_SOURCE/tests/e2e/lib.sh"
python=/usr/bin/python3
$python -c 'import nibabel, numpy' 2>/dev/null || exit 77

$python - "$work" <<'P'
import json
import sys
import nibabel as nib
import numpy as np

work = sys.argv[1]
r = np.random.default_rng(4)
# Hamilton et al., NMR Biomed 2011;24:784
ppm = np.array([-3.80, -3.40, -2.60, -1.94, -0.39, 0.60])
amplitude = np.array([0.087, 0.693, 0.128, 0.004, 0.039, 0.048])
amplitude /= amplitude.sum()


def signal(te, fat, r2star, field=3.0):
    phasor = (np.exp(2j * np.pi * 42.577 * field * ppm[:, None] * te) * amplitude[:, None]).sum(0)
    return 1000 * np.abs(1 - fat + fat * phasor) * np.exp(-te * r2star)


def magnitude(s, sd):
    return np.abs(s + r.normal(0, sd, s.shape) + 1j * r.normal(0, sd, s.shape))


def save(name, a):
    nib.save(nib.Nifti1Image(a.astype(np.float32), np.diag([3, 3, 5, 1.0])), f"{work}/{name}.nii.gz")


te = 1.15e-3 * np.arange(1, 13)
save("short", np.stack([magnitude(np.ones((20, 20, 1)) * signal(te, 0.15, rate), 30) for rate in (500.0, 100.0)], 2))
te = np.array([1.2, 2.3, 3.5, 4.6, 5.8, 6.9]) * 1e-3
lost = magnitude(np.ones((10, 10, 4, 1)) * signal(te, 0.2, 50.0), 2)
lost[0, ..., 2] = 0
lost[1, ..., 3] = -100
lost[2, ..., 5] = np.nan
save("lost", lost)
for name, ms in (("ms1", 1.15), ("ms2", 2.3)):
    save(name, np.ones((8, 8, 4)) * signal(1e-3 * ms, 0.2, 40.0))
    json.dump({"EchoTime": ms, "MagneticFieldStrength": 3}, open(f"{work}/{name}.json", "w"))
te = 4.606e-3 / 2 * np.arange(1, 9)
save("inphase", magnitude(np.ones((10, 10, 4, 1)) * signal(te, 0.0, 80.0), 10))
P

# check MAP AXIS INDEX LOW HIGH LEAST: median of the finite values of one slab lies in LOW..HIGH, and LEAST of it is finite.
check() {
    cases=$((cases + 1))
    $python - "$work" "$@" <<'P' || fail "$*"
import sys
import nibabel as nib
import numpy as np

work, map_, axis, index, low, high, least = sys.argv[1:8]
a = np.take(np.asarray(nib.load(f"{work}/{map_}.nii.gz").dataobj, float), int(index), int(axis))
finite = a[np.isfinite(a)]
if finite.size < float(least) * a.size:
    sys.exit(f"{finite.size} of {a.size} values")
if finite.size and not float(low) <= np.median(finite) <= float(high):
    sys.exit(f"median {np.median(finite)}")
P
}

times() {
    $python -c "import sys; print(*['%.6f' % (float(sys.argv[1]) * k) for k in range(1, int(sys.argv[2]) + 1)])" "$@"
}

# shellcheck disable=SC2046
expect 0 '' "$HEPAR" fit multiecho "$work/short.nii.gz" --te $(times .00115 12) --field 3 -o "$work/s"
check s/PDFF 2 0 .05 .25 0       # T2* 2 ms: no number rather than .96
check s/R2star 2 0 450 550 .9
check s/PDFF 2 1 .14 .16 .9
check s/R2star 2 1 97 103 .9
same "$($python -c "import nibabel,numpy;print(int((numpy.asarray(nibabel.load('$work/s/status.nii.gz').dataobj)[:,:,0]==1).sum()<20))")" 1 \
    'status ok at T2* 2 ms'
expect 0 '' "$HEPAR" fit multiecho "$work/lost.nii.gz" --te .0012 .0023 .0035 .0046 .0058 .0069 --field 3 -o "$work/l"
for x in 0 1 2 3; do
    check l/PDFF 0 "$x" .19 .21 1
    check l/R2star 0 "$x" 48 52 1
done
# shellcheck disable=SC2046
expect 0 '' "$HEPAR" fit multiecho "$work/inphase.nii.gz" --te $(times .002303 8) --field 3 -o "$work/i"
check i/R2star 0 3 78 82 1
absent "$work/i/PDFF.nii.gz"
same "$(grep -c 'R2\* alone' "$work/stdout")" 1 'the output says that there is no fraction'

# Two echoes, an opposed and an in-phase one: what fat takes from the first would be read as R2*.
expect 0 '' "$HEPAR" simulate amri-noncontrast "$work/bids" --fast --seed 1 --degrade none -q
expect 65 'need three or more' "$HEPAR" fit multiecho "$work"/bids/sub-01/anat/*echo-[12]_MEGRE.nii.gz -o "$work/two"
absent "$work/two"
# A map does not take the place of an image that is read, nor its sidecar that of the image's.
mkdir "$work/own" && cp "$work/bids/sub-01/anat/sub-01_acq-dixon_echo-1_MEGRE.nii.gz" "$work/own/FF.nii.gz"
before=$(sha256sum <"$work/own/FF.nii.gz")
for to in "$work/own" "$work/own/../own/FF.nii"; do
    expect 64 'would replace' "$HEPAR" fit dualecho "$work/own/FF.nii.gz" "$work"/bids/sub-01/anat/*echo-2_MEGRE.nii.gz \
        --te .00115 .0023 --field 3 -o "$to"
done
same "$(sha256sum <"$work/own/FF.nii.gz")" "$before" 'the image that was read'
same "$(ls "$work/own")" FF.nii.gz 'the folder of that image'

# Echoes exchanged in their sidecars, and a phase named like a magnitude, in a simulated study.
$python - "$work" <<'P'
import json
import os
import shutil
import sys
import nibabel as nib
import numpy as np

work = sys.argv[1]
source = f"{work}/bids/sub-01/anat/sub-01_acq-dixon_echo-%d_MEGRE"
meta = [json.load(open(source % k + ".json")) for k in (1, 2)]
for name in "right", "exchanged", "phase", "beside", "parts":
    os.makedirs(f"{work}/{name}")
    for k in 0, 1:
        to = f"{work}/{name}/gre_e{k + 1}"
        keys = ("MagneticFieldStrength", "ScanningSequence", "RepetitionTime", "FlipAngle")
        sidecar = {key: meta[k][key] for key in keys}
        sidecar["EchoTime"] = meta[1 - k if name == "exchanged" else k]["EchoTime"]
        json.dump(sidecar, open(to + ".json", "w"))
        if name == "parts":  # magnitude, real and imaginary part in one file
            image = nib.load(source % (k + 1) + ".nii.gz")
            a = np.asarray(image.dataobj, float)
            turn = np.linspace(-2, 2, a.shape[0])[:, None, None]
            parts = np.stack([a, a * np.cos(turn), a * np.sin(turn)], -1).astype(np.float32)
            nib.save(nib.Nifti1Image(parts, image.affine), to + ".nii.gz")
            continue
        if name != "phase":
            shutil.copy(source % (k + 1) + ".nii.gz", to + ".nii.gz")
        if name == "beside":  # a phase with the same times beside each magnitude, sorted first
            to = f"{work}/{name}/a_e{k + 1}"
            json.dump(sidecar, open(to + ".json", "w"))
        elif name != "phase":
            continue
        image = nib.load(source % (k + 1) + ".nii.gz")
        a = np.asarray(image.dataobj, float)
        phase = np.random.default_rng(k).normal(0, 3, a.shape) * (a < 0.3 * a.mean()) + 0.7 * k
        phase = np.angle(np.exp(1j * (phase + np.linspace(-2, 2, a.shape[0])[:, None, None])))
        nib.save(nib.Nifti1Image((2048 + phase * 2047 / np.pi).astype(np.int16), image.affine), to + ".nii.gz")
P
fraction() {
    "$HEPAR" run "$work/$1" -o "$work/o-$1" --no-align --set report.html=false "${@:2}" >"$work/stdout" 2>&1
    same $? 0 "$1"
    awk -F '\t' '$1 == "liver" && $2 == "fat_fraction" {print $4}' "$work/o-$1"/sub-*/*_regions.tsv
}
between "$(fraction right)" -.02 .05 'fat fraction of the true pair'
# Water and fat images alone, and the same with water and fat exchanged from the middle on: made from the pair.
$python - "$work" <<'P'
import json
import os
import sys
import nibabel as nib
import numpy as np

work = sys.argv[1]
o, i = (nib.load(f"{work}/right/gre_e{k}.nii.gz") for k in (1, 2))
affine = i.affine
o, i = (np.asarray(x.dataobj, float) for x in (o, i))
water, fat = (i + o) / 2, (i - o).clip(0) / 2
swap = np.zeros(o.shape, bool)
swap[o.shape[0] // 2:] = True
for name, w, f in (("pair", water, fat), ("swap", np.where(swap, fat, water), np.where(swap, water, fat))):
    os.makedirs(f"{work}/{name}")
    for part, a in (("W", w), ("F", f)):
        nib.save(nib.Nifti1Image(a.astype(np.float32), affine), f"{work}/{name}/dixon_{part}.nii.gz")
        json.dump({"MagneticFieldStrength": 3, "SeriesDescription": f"t1_vibe_dixon_{part}",
                   "ImageType": ["M", "DIXON", {"W": "WATER", "F": "FAT"}[part]]},
                  open(f"{work}/{name}/dixon_{part}.json", "w"))
P
# The liver is given: one noisy water image alone does not show it surely.
liver="$(echo "$work"/bids/derivatives/truth/sub-*/anat/sub-*_label-liver_mask.nii.gz)"
between "$(fraction pair --liver-mask "$liver")" 0 .05 'fat fraction of water and fat images'
fraction swap >/dev/null
grep -q 'water and fat are exchanged (swap) in' "$work/stdout" || fail 'exchanged water and fat are not said'
between "$(fraction parts)" -.02 .05 'fat fraction of magnitudes with their parts'
grep -q 'complex parts in one file' "$work/stdout" || fail 'parts are not said'
between "$(fraction beside)" -.02 .05 'fat fraction of magnitudes beside their phases'
same "$(fraction exchanged)" n/a 'fat fraction of exchanged echoes'
grep -q 'opposed echo exceeds the in-phase one' "$work/stdout" || fail 'exchanged echoes are not said'
expect 65 'phase or complex part: only magnitudes' "$HEPAR" run "$work/phase" -o "$work/out" --no-align
expect 0 'EchoTime 1.15' "$HEPAR" fit dualecho "$work/ms1.nii.gz" "$work/ms2.nii.gz" -o "$work/ms"
expect 65 'as those of a phase' "$HEPAR" fit dualecho "$work/phase/gre_e1.nii.gz" "$work/phase/gre_e2.nii.gz" -o "$work/p"
finish
