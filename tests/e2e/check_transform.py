#!/usr/bin/python3
"""A series brought to the reference by its transform file alone must be the series that Hepar wrote there.

usage: check_transform.py XFM SERIES SPACE_REFERENCE [RESAMPLED_BY_ITK]

XFM is a displacement field (.nii.gz, vectors in LPS) or an ITK text file of a linear transform. Nothing
of Hepar is used: the way of every voxel is followed with numpy, and values are interpolated by scipy.
A way that is 0.02 mm off changes a value by 0.02 mm times the gradient there, which is the tolerance; a
way shifted by 0.1 mm on purpose must break it."""
import sys

import nibabel as nib
import numpy as np
from scipy.ndimage import map_coordinates

TOLERANCE_MM = 0.02
LPS = np.diag([-1.0, -1.0, 1.0])


def way(path, points):
    """Where points (RAS, mm) of the reference lie in the series."""
    if path.endswith(".txt"):
        text = open(path).read().split("\n")
        assert text[0] == "#Insight Transform File V1.0", text[0]
        assert text[2] == "Transform: AffineTransform_double_3_3", text[2]
        numbers = np.array([float(x) for x in text[3].split(":")[1].split()])
        assert text[4].split() == ["FixedParameters:", "0", "0", "0"], text[4]
        return (numbers[:9].reshape(3, 3) @ (points @ LPS).T).T @ LPS + numbers[9:] @ LPS
    field = nib.load(path)
    assert field.header["intent_code"] == 1007 and field.shape[3:] == (1, 3), field.shape
    voxels = nib.affines.apply_affine(np.linalg.inv(field.affine), points).T
    values = np.asarray(field.dataobj)[:, :, :, 0, :]
    d = np.stack([map_coordinates(values[..., k], voxels, order=1, mode="nearest") for k in range(3)], 1)
    return points + d @ LPS


def sampled(image, points):
    voxels = nib.affines.apply_affine(np.linalg.inv(image.affine), points).T
    n = np.array(image.shape[:3])[:, None]
    values = np.asarray(image.dataobj, dtype=float)
    values = values if values.ndim == 3 else values[..., 0]
    inside = np.all((voxels >= 0) & (voxels <= n - 1), axis=0)
    return map_coordinates(values, voxels, order=1, mode="nearest"), inside


def share_off(series, points, want):
    """Share of the voxels whose value asks for more than the tolerance."""
    got, inside = sampled(series, points)
    slope = np.zeros(len(points))
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 0.25
        slope += np.abs(sampled(series, points + step)[0] - sampled(series, points - step)[0]) / 0.5
    use = inside & np.isfinite(want) & (slope > np.percentile(slope[inside], 50))
    return np.mean(np.abs(got - want)[use] > TOLERANCE_MM * slope[use] + 1e-5 * np.ptp(want[use])), use.sum()


def main(xfm, series_path, space_path, itk_path=None):
    series, space = nib.load(series_path), nib.load(space_path)
    index = np.stack(np.meshgrid(*[np.arange(n) for n in space.shape[:3]], indexing="ij"), -1).reshape(-1, 3)
    points = way(xfm, nib.affines.apply_affine(space.affine, index.astype(float)))
    want = np.asarray(space.dataobj, dtype=float)
    want = (want if want.ndim == 3 else want[..., 0]).reshape(-1)
    off, n = share_off(series, points, want)
    shifted, _ = share_off(series, points + 0.1 / np.sqrt(3), want)
    print(f"{xfm}: {100 * off:.3f} % of {n} voxels off, {100 * shifted:.0f} % when shifted by 0.1 mm")
    assert n > 1000 and off < 0.001 and shifted > 0.3
    if itk_path:
        itk = nib.load(itk_path)
        assert np.allclose(itk.affine, space.affine, atol=1e-3)
        off, _ = share_off(series, points, np.asarray(itk.dataobj, dtype=float).reshape(-1))
        print(f"ITK: {100 * off:.3f} % off")
        assert off < 0.001


main(*sys.argv[1:])
