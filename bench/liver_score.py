#!/usr/bin/env python3
"""How far the score of the automatic liver says how good its mask is.

usage: liver_score.py HEPAR DIR SEED...
Simulates a coarse gadoxetate study for each seed, every degradation but motion and field of view (the true mask lies
on the reference), and finds the liver in single images and in all of them, whatever its score. Prints a row for each
liver, the rank correlation of score and Dice, and the score at which half of the livers reach a Dice of GOOD: the
place of a logistic curve, with the 95 % interval of a bootstrap over studies. `liver.advanced.quality.score_min`
belongs into that interval. Seeds that a limit was chosen on say nothing about it.
"""
import glob
import json
import os
import shutil
import subprocess
import sys

import nibabel
import numpy as np

HEPAR, DIR, SEEDS = sys.argv[1], sys.argv[2], sys.argv[3:]
GOOD = 0.85
IMAGES = {
    "precontrast": ["anat/*acq-pre_T1w.*"],
    "in and opposed": ["anat/*MEGRE.*"],
    "T2": ["anat/*T2w.*"],
    "b = 0": ["dwi/*"],
    "all": ["anat/*", "dwi/*"],
}


def quality(node):
    """The liver's quality, wherever run.json keeps it."""
    if isinstance(node, dict):
        if "score" in node and "roughness" in node:
            return node
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        found = quality(child)
        if found:
            return found
    return None


def dice(mask, truth):
    """On the grid of `mask`, by nearest positions."""
    found = np.asarray(mask.dataobj) > 0
    to = np.linalg.inv(truth.affine) @ mask.affine
    at = np.rint(nibabel.affines.apply_affine(to, np.indices(found.shape).reshape(3, -1).T)).astype(int)
    inside = np.all((at >= 0) & (at < truth.shape), axis=1)
    there = np.zeros(len(at), bool)
    there[inside] = np.asarray(truth.dataobj)[tuple(at[inside].T)] > 0
    there = there.reshape(found.shape)
    return 2.0 * (found & there).sum() / max(found.sum() + there.sum(), 1)


def liver(bids, name, patterns, seed):
    study, out = f"{DIR}/one/sub-01", f"{DIR}/out"
    for folder in (f"{DIR}/one", out):
        shutil.rmtree(folder, ignore_errors=True)
    for pattern in patterns:
        for path in glob.glob(f"{bids}/sub-01/{pattern}"):
            to = path.replace(bids, f"{DIR}/one")
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copy(path, to)
    subprocess.run([HEPAR, "run", study, "-o", out, "--no-align", "-q", "--set",
                    "liver.advanced.quality.score_min=0"], check=True)
    with open(f"{out}/sub-01/sub-01_run.json", encoding="utf-8") as f:
        found = quality(json.load(f))
    mask = glob.glob(f"{out}/sub-01/anat/*label-liver_mask.nii.gz")
    truth = nibabel.load(f"{bids}/derivatives/truth/sub-01/anat/sub-01_label-liver_mask.nii.gz")
    value = dice(nibabel.load(mask[0]), truth) if mask else float("nan")
    score = found["score"] if mask and found else 0.0
    print(f"{seed} {name:15s} dice {value:.3f} score {score:.3f}", flush=True)
    return seed, score, value


def half(score, good):
    """Where a logistic curve in the score is 1/2 (Newton, ridge of 0.01 on the slope)."""
    x, b = np.c_[np.ones_like(score), score], np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ b, -30, 30)))
        step = x.T @ (good - p) - 0.01 * np.array([0, b[1]])
        b = b + np.linalg.solve((x.T * (p * (1 - p))) @ x + np.diag([1e-9, 0.01]), step)
    return -b[0] / b[1]


def main():
    rows = []
    for seed in SEEDS:
        bids = f"{DIR}/bids"
        shutil.rmtree(bids, ignore_errors=True)
        subprocess.run([HEPAR, "simulate", "eob-full", bids, "--fast", "--seed", seed, "-q", "--degrade",
                        "noise,bias,epi,cardiac,iron,gain"], check=True)
        rows += [liver(bids, name, patterns, seed) for name, patterns in IMAGES.items()]
    rows = [r for r in rows if np.isfinite(r[2])]
    score, value = (np.array([r[k] for r in rows]) for k in (1, 2))
    rank = [np.argsort(np.argsort(v)) for v in (score, value)]
    good = (value >= GOOD).astype(float)
    print(f"{len(rows)} livers, rank correlation {np.corrcoef(*rank)[0, 1]:.2f}")
    rng, places = np.random.default_rng(0), []
    for _ in range(500):
        pick = np.concatenate([[i for i, r in enumerate(rows) if r[0] == s] for s in rng.choice(SEEDS, len(SEEDS))])
        if 0 < good[pick].mean() < 1:
            places.append(half(score[pick], good[pick]))
    low, high = np.quantile(places, [0.025, 0.975]) if places else (float("nan"),) * 2
    print(f"half of them reach a Dice of {GOOD} at a score of {half(score, good):.2f} ({low:.2f} to {high:.2f})")


main()
