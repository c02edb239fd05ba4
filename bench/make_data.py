#!/usr/bin/env python3
"""Make the benchmark's data sets: raw float32 signals (volume after volume), raw truth, b-values, NIfTI.

usage: make_data.py DIR [NX NY NZ]
Each set S gives S.f32, S_truth.f32 (parameter after parameter), S.bval and S.nii; sets: ivim, mono, kurtosis.
"""
import sys
import nibabel
import numpy as np

B_BODY = [0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 400, 600, 800]
B_KURTOSIS = [0, 50, 100, 200, 400, 600, 800, 1000, 1250, 1500, 1750, 2000]


def rician(signal, sigma, rng):
    real = signal + sigma[:, None] * rng.standard_normal(signal.shape)
    imaginary = sigma[:, None] * rng.standard_normal(signal.shape)
    return np.hypot(real, imaginary)


def ivim(rng, n):
    s0, d = rng.uniform(800, 1200, n), rng.uniform(1.0e-3, 1.3e-3, n)
    f, dstar = rng.uniform(0.1, 0.3, n), rng.uniform(20e-3, 100e-3, n)
    b = np.array(B_BODY, float)
    clean = s0[:, None] * ((1 - f[:, None]) * np.exp(-np.outer(d, b)) + f[:, None] * np.exp(-np.outer(dstar, b)))
    return b, rician(clean, s0 / 30, rng), [s0, f, d, dstar]


def mono(rng, n):
    s0, d = rng.uniform(800, 1200, n), rng.uniform(1.0e-3, 1.3e-3, n)
    b = np.array(B_BODY, float)
    return b, rician(s0[:, None] * np.exp(-np.outer(d, b)), s0 / 30, rng), [s0, d]


def kurtosis(rng, n):
    s0, d, k = rng.uniform(800, 1200, n), rng.uniform(1.2e-3, 1.8e-3, n), rng.uniform(0.6, 1.1, n)
    b = np.array(B_KURTOSIS, float)
    x = np.outer(d, b)
    return b, rician(s0[:, None] * np.exp(-x + x**2 * k[:, None] / 6), s0 / 30, rng), [s0, d, k]


def main():
    out = sys.argv[1]
    shape = tuple(int(a) for a in sys.argv[2:5]) or (64, 64, 16)
    for seed, make in enumerate((ivim, mono, kurtosis)):
        b, signal, truth = make(np.random.default_rng(20260000 + seed), int(np.prod(shape)))
        name = f"{out}/{make.__name__}"
        volumes = signal.T.astype(np.float32)
        volumes.tofile(name + ".f32")
        np.array(truth, np.float32).tofile(name + "_truth.f32")
        with open(name + ".bval", "w", encoding="ascii") as f:
            f.write(" ".join(f"{v:g}" for v in b) + "\n")
        image = volumes.reshape((len(b),) + shape[::-1]).transpose()
        nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(image), np.diag([2.0, 2.0, 5.0, 1.0])), name + ".nii")


main()
