#!/usr/bin/env python3
"""Run every fit on the data sets of make_data.py and print a Markdown table.

usage: compare.py BENCH_FIT DIR
Voxels/s are per second of processor time, the best of several runs for every program, so that a busy machine does
not distort them; for dwi2adc those of the whole program. RMSE and CRLB in 1e-3 mm2/s for rates.
"""
import os
import resource
import shutil
import subprocess
import sys
import time

import nibabel
import numpy as np

BENCH, DIR = sys.argv[1], sys.argv[2]
SIGMA = 1 / 30


def truth(name, n):
    return np.fromfile(f"{DIR}/{name}_truth.f32", np.float32).reshape(n, -1).astype(float)


def bvals(name):
    return np.loadtxt(f"{DIR}/{name}.bval")


def signals(name):
    return np.fromfile(f"{DIR}/{name}.f32", np.float32).reshape(len(bvals(name)), -1)


def crlb_ivim():
    """Root mean square over the voxels of the Cramer-Rao bounds, Gaussian noise, S0 free."""
    b = bvals("ivim")
    s0, f, d, dstar = truth("ivim", 4)
    s0, f, d, dstar = np.ones_like(f)[:, None], f[:, None], d[:, None], dstar[:, None]
    slow, fast = np.exp(-b * d), np.exp(-b * dstar)
    jac = np.stack([(1 - f) * slow + f * fast, fast - slow, -b * (1 - f) * slow, -b * f * fast], -1)
    cov = np.linalg.inv(np.einsum("vki,vkj->vij", jac, jac)) * SIGMA**2
    return {"f": np.sqrt(cov[:, 1, 1].mean()), "D": 1e3 * np.sqrt(cov[:, 2, 2].mean()),
            "Dstar": 1e3 * np.sqrt(cov[:, 3, 3].mean())}


def hepar(name, model, *options):
    out = subprocess.run([BENCH, f"{DIR}/{name}", model, *options], capture_output=True, text=True, check=False)
    if out.returncode != 0:
        return None
    cells = out.stdout.strip().split("\t")
    result = {"speed": float(cells[0])}
    for i, cell in enumerate(cells):
        if cell in ("f", "D", "Dstar", "K"):
            scale = 1e3 if cell in ("D", "Dstar") else 1.0
            result[cell] = tuple(scale * float(v) for v in cells[i + 1:i + 4])
        elif "=" in cell:
            key, value = cell.split("=")
            result[key] = value
    return result


def errors(found, true, scale):
    e = scale * (found - true)
    e = e[np.isfinite(e)]
    return float(np.sqrt(np.mean(e**2))), float(np.median(np.abs(e))), float(np.mean(e))


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def dwi2adc():
    if shutil.which("dwi2adc") is None:
        return None
    b = bvals("mono")
    grad = f"{DIR}/mono.b"
    np.savetxt(grad, np.c_[(b > 0).astype(float), np.zeros((len(b), 2)), b], fmt="%g")
    spent = np.inf
    for _ in range(20):
        before = children_seconds()
        subprocess.run(["dwi2adc", "-quiet", "-force", "-nthreads", "0", "-grad", grad, f"{DIR}/mono.nii",
                        f"{DIR}/mono_adc.nii"], check=True)
        spent = min(spent, children_seconds() - before)
    found = nibabel.load(f"{DIR}/mono_adc.nii").get_fdata()[..., 1].ravel(order="F")
    return {"speed": found.size / spent, "D": errors(found, truth("mono", 2)[1], 1e3)}


def dipy(n):
    try:
        from dipy.core.gradients import gradient_table
        from dipy.reconst.ivim import IvimModel
    except ImportError:
        return None
    b = bvals("ivim")
    table = gradient_table(b, np.tile([1.0, 0, 0], (len(b), 1)) * (b > 0)[:, None], b0_threshold=0)
    data = signals("ivim")[:, :n].T.astype(float)
    spent = np.inf
    for _ in range(3):
        start = time.process_time()
        fit = IvimModel(table).fit(data)
        spent = min(spent, time.process_time() - start)
    s0, f, d, dstar = truth("ivim", 4)
    return {"speed": n / spent, "f": errors(fit.perfusion_fraction, f[:n], 1.0),
            "D": errors(fit.D, d[:n], 1e3), "Dstar": errors(fit.D_star, dstar[:n], 1e3)}


def row(label, result, keys, base=None):
    if result is None:
        return
    ratio = f"{result['speed'] / base:.3g}" if base else ""
    cells = []
    for key in keys:
        rmse, median, bias = result.get(key, (np.nan,) * 3)
        cells.append(f"{rmse:.4g} | {median:.4g} | {bias:.2g}")
    fallback = result.get("fallback", "")
    print(f"| {label} | {result['speed']:.3g} | {ratio} | " + " | ".join(cells) + f" | {fallback} |")


def head(title, keys):
    print(f"\n**{title}**\n")
    cells = " | ".join(f"RMSE {k} | median error | bias" for k in keys)
    print(f"| fit | voxels/s | ratio | {cells} | to GSL |")
    print("|" + "---|" * (4 + 3 * len(keys)))


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as f:
        lines = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    print(f"{lines[0]}, {len(lines)} processors, load {os.getloadavg()[0]:.1f}")


def main():
    machine()
    isas = ["avx512", "avx2", "baseline"]
    head("ADC, mono-exponential set (ratio to dwi2adc)", ["D"])
    reference = dwi2adc()
    base = reference["speed"] if reference else None
    row("MRtrix3 dwi2adc (with its file I/O)", reference, ["D"], base)
    for isa in isas:
        row(f"Hepar iwls, {isa}", hepar("mono", "adc", "b_min=0", "repeat=15", f"isa={isa}"), ["D"], base)
    row("Hepar wls", hepar("mono", "adc", "b_min=0", "repeat=9", "method=wls"), ["D"], base)
    row("Hepar ols", hepar("mono", "adc", "b_min=0", "repeat=9", "method=ols"), ["D"], base)
    row("Hepar mono nlls", hepar("mono", "mono", "repeat=5"), ["D"], base)

    keys = ["f", "D", "Dstar"]
    bound = crlb_ivim()
    head("IVIM, SNR 30 (ratio to GSL); CRLB " + ", ".join(f"{k} {v:.4g}" for k, v in bound.items()), keys)
    gsl = hepar("ivim", "ivim", "solver=gsl", "repeat=3")
    row("DIPY, defaults, 500 voxels", dipy(500), keys, gsl["speed"])
    row("Hepar, GSL", gsl, keys, gsl["speed"])
    for isa in isas:
        row(f"Hepar nlls, {isa}", hepar("ivim", "ivim", "repeat=7", f"isa={isa}"), keys, gsl["speed"])
    for method in ("segmented", "segmented-fixed-d", "sivim", "bayes"):
        row(f"Hepar {method}", hepar("ivim", "ivim", "repeat=5", f"method={method}"), keys, gsl["speed"])

    head("Kurtosis, b 0-2000 (ratio to GSL)", ["D", "K"])
    gsl = hepar("kurtosis", "kurtosis", "solver=gsl", "repeat=3")
    row("Hepar, GSL", gsl, ["D", "K"], gsl["speed"])
    for isa in isas:
        row(f"Hepar nlls, {isa}", hepar("kurtosis", "kurtosis", "repeat=5", f"isa={isa}"), ["D", "K"], gsl["speed"])
    row("Hepar wls", hepar("kurtosis", "kurtosis", "repeat=5", "method=wls"), ["D", "K"], gsl["speed"])

    print("\n**Two threads, wall time, shortest of many short runs**\n")
    print("| fit | voxels | 1 thread, voxels/s | 2 threads | ratio | ratio of a loop that only computes |")
    print("|---|---|---|---|---|---|")
    for name, model, voxels, rounds in (("mono", "adc", 65536, 600), ("ivim", "ivim", 10080, 400),
                                        ("kurtosis", "kurtosis", 12096, 400)):
        out = subprocess.run([BENCH, f"{DIR}/{name}", model, "b_min=0", f"voxels={voxels}", f"scaling={rounds}"],
                             capture_output=True, text=True, check=True).stdout.split()
        print(f"| {model} | {voxels} | {float(out[0]):.3g} | {float(out[1]):.3g} | {out[2]} | {out[3]} |")

    print()
    for name, model in (("mono", "mono"), ("ivim", "ivim"), ("kurtosis", "kurtosis")):
        r = hepar(name, model, "verify=1")
        print(f"verify {name}: {r['agree']} of {r['verified']} within 0.01 standard errors of GSL")


main()
