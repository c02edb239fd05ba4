"""read_back.py CONVERTED.nii MAP.nii.gz: are the values of a map those that dcm2niix reads from its derived MR images?

Within half a step of 16 bits over the largest value; voxels without a value must not look like one: below every value.
"""
import sys

import nibabel as nib
import numpy as np

got, want = (nib.load(x) for x in sys.argv[1:])
values, true = np.asarray(got.dataobj), np.asarray(want.dataobj, dtype=np.float64)
index = np.indices(true.shape).reshape(3, -1).T
place = nib.affines.apply_affine(np.linalg.inv(got.affine) @ want.affine, index)
moved = values[tuple(np.rint(place).astype(int).T)].reshape(true.shape)
known = np.isfinite(true)
largest = np.abs(true[known]).max()
error = np.abs(moved - true)[known].max() / largest
off = np.abs(place - np.rint(place)).max()
good = error <= 0.5 / 32767 * 1.01 and off < 1e-3 and (moved[~known] < -largest * 0.9999).all()
print(f"largest error {error:.3g} of the largest value, positions off by {off:.2g} voxels")
sys.exit(not good)
