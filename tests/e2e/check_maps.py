#!/usr/bin/python3
"""One policy for all maps of a study: NaN outside the body and status 0 ("background") there, no map
without a value, and sidecars whose Sources and SpatialReference are files.

usage: check_maps.py STUDY STUDY_OUT"""
import glob
import json
import os
import sys

import nibabel as nib
import numpy as np

study, out = sys.argv[1:]
root = out[: out.rindex("/sub-")]


def is_file(name):
    return os.path.exists(f"{root}/{name[6:]}" if name.startswith("bids::") else f"{study}/{name}")


maps = [f for kind in ("map", "ADC") for f in glob.glob(f"{out}/*/*{kind}.nii.gz")]
assert len(maps) > 10, maps
for path in sorted(glob.glob(f"{out}/*/*.nii.gz")):
    name = os.path.basename(path)
    image = nib.load(path)
    values = np.asarray(image.dataobj, dtype=float)
    sidecar = json.load(open(path.replace(".nii.gz", ".json")))
    assert sidecar["Units"], name
    assert sidecar["Sources"] and all(is_file(s) for s in sidecar["Sources"]), (name, sidecar["Sources"])
    assert is_file(sidecar["SpatialReference"]), name
    assert np.isfinite(values).any(), f"{name}: every voxel is NaN"
    if path not in maps:
        continue
    reference = nib.load(f"{study}/{sidecar['SpatialReference']}")
    assert np.allclose(reference.affine, image.affine, atol=1e-3), name
    # The air of the simulator is at the sides of the first slices: far darker than any tissue.
    signal = np.asarray(reference.dataobj, dtype=float)
    signal = signal if signal.ndim == 3 else signal[..., 0]
    air = np.zeros(signal.shape, bool)
    air[:2], air[-2:] = True, True
    air &= signal < 0.04 * np.percentile(signal, 99)
    air = np.broadcast_to(air.reshape(air.shape + (1,) * (values.ndim - 3)), values.shape)
    assert air.sum() > 100, name
    if "status" in name or "choice" in name:
        assert (values[air] != 0).mean() < 0.001, name
        if "status" in name:
            assert sidecar["StatusCodes"]["0"] == "background", name
    else:
        # A speck of noise that is as bright as tissue may stand alone.
        assert np.isfinite(values[air]).mean() < 0.001, (name, np.isfinite(values[air]).mean())
