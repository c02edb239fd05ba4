"""Small studies as hospitals make them, with known answers. Python's own library alone.

make.py CASE FOLDER       writes the case
make.py median FILE [Z]   prints the median of the finite values of a map, or of its slice Z
make.py row FILE Y       prints the whole numbers of a row of the body
"""
import gzip
import json
import math
import os
import random
import struct
import sys

SIZE = (24, 24, 6)
D, F, DSTAR = 1.2e-3, 0.2, 0.06


def write(path, volumes, size=SIZE, codes=(1, 1), dims=None):
    """float32 NIfTI-1; volumes: lists of voxels, x fastest."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    dim = dims or ([4, *size, len(volumes), 1, 1, 1] if len(volumes) > 1 else [3, *size, 1, 1, 1, 1])
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, *dim)
    struct.pack_into("<2h", head, 70, 16, 32)
    struct.pack_into("<8f", head, 76, 1, 8, 8, 10, 1, 1, 1, 1)
    struct.pack_into("<f", head, 108, 352)
    struct.pack_into("<f", head, 112, 1)
    head[123] = 2
    struct.pack_into("<2h", head, 252, *codes)
    struct.pack_into("<3f", head, 268, -96, -96, -30)
    for row, at in enumerate((280, 296, 312)):
        line = [0.0] * 4
        line[row] = (8, 8, 10)[row]
        line[3] = (-96, -96, -30)[row]
        struct.pack_into("<4f", head, at, *line)
    head[344:348] = b"n+1\0"
    data = bytes(head) + b"".join(struct.pack(f"<{len(v)}f", *v) for v in volumes)
    with (gzip.open(path, "wb", 1) if path.endswith(".gz") else open(path, "wb")) as f:
        f.write(data)


def read(path):
    data = gzip.open(path).read()
    nx, ny, nz = struct.unpack_from("<3h", data, 42)
    kind, start = struct.unpack_from("<h", data, 70)[0], int(struct.unpack_from("<f", data, 108)[0])
    form = {2: "B", 4: "h", 8: "i", 16: "f"}[kind]
    return struct.unpack_from(f"<{nx * ny * nz}{form}", data, start), nx * ny


def text(path, content):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(content if isinstance(content, str) else json.dumps(content))


def in_body(i, size=SIZE):
    x, y = i % size[0] - size[0] / 2 + 0.5, i // size[0] % size[1] - size[1] / 2 + 0.5
    return x * x + y * y < (0.42 * size[0]) ** 2


def tissue(i):
    """Two tissues side by side, so that a map has contrast: S0, D."""
    return (1000, D) if i % SIZE[0] < SIZE[0] // 2 else (1400, 0.8 * D)


def magnitude(a, sd, r):
    return math.hypot(a + r.gauss(0, sd), r.gauss(0, sd))


def volumes(b, f=F, sd=10.0, s0=1.0, d_scale=1.0, seed=1):
    r, out = random.Random(seed), []
    for x in b:
        v = []
        for i in range(SIZE[0] * SIZE[1] * SIZE[2]):
            m0, d = tissue(i)
            a = s0 * m0 * ((1 - f) * math.exp(-x * d * d_scale) + f * math.exp(-x * DSTAR))
            v.append(magnitude(a if in_body(i) else 0.0, sd, r))
        out.append(v)
    return out


def dwi(folder, v, b):
    write(f"{folder}/sub-01/dwi/sub-01_dwi.nii.gz", v)
    text(f"{folder}/sub-01/dwi/sub-01_dwi.bval", " ".join(f"{x:g}" for x in b) + "\n")
    text(f"{folder}/sub-01/dwi/sub-01_dwi.json", {"MagneticFieldStrength": 3, "EchoTime": 0.06})


REPEATED = [0, 50, 50, 50, 400, 400, 400, 800, 800, 800]


def appended(folder, b, make):
    v = volumes(REPEATED)
    dwi(folder, v + [[make(v, i) for i in range(len(v[0]))]], REPEATED + [b])


def trace(v, i):
    return (v[7][i] * v[8][i] * v[9][i]) ** (1 / 3)


def adc(_, i):
    return 1e6 * tissue(i)[1] if in_body(i) else 0.0


def lost(folder):
    b = [0] * 4 + [400] * 6 + [800] * 6
    v, slice_ = volumes(b, f=0.0), SIZE[0] * SIZE[1]
    for volume, z, left in ((4, 1, 0.1), (8, 3, 0.5), (11, 3, 0.1), (14, 5, 0.3)):
        for i in range(z * slice_, (z + 1) * slice_):
            v[volume][i] *= left
    dwi(folder, v, b)


def wrapped(folder):
    """Rows 10 to 13 of b = 0: as int16 beyond 32767, zero, not finite; row 14 is whole."""
    b = [0, 50, 200, 400, 800]
    v = volumes(b)
    for i in range(len(v[0])):
        row = i // SIZE[0] % SIZE[1]
        if row in (10, 11, 12, 13):
            v[0][i] = (v[0][i] - 65536, 0.0, math.nan, math.inf)[row - 10]
    dwi(folder, v, b)


def study(folder):
    """T2, precontrast and arterial T1, DWI: enough for a report."""
    b = [0, 50, 400, 800]
    dwi(folder, volumes(b), b)
    for name, sidecar in (
        ("acq-fatsat_T2w", {"EchoTime": 0.085, "RepetitionTime": 4, "FlipAngle": 90}),
        ("acq-pre_T1w", {"EchoTime": 0.0013, "RepetitionTime": 0.004, "FlipAngle": 12}),
        ("acq-art_ce-gadoxetate_T1w", {"EchoTime": 0.0013, "RepetitionTime": 0.004, "FlipAngle": 12,
                                       "TimeSinceInjection": 34.4}),
    ):
        write(f"{folder}/sub-01/anat/sub-01_{name}.nii.gz", volumes([0], seed=len(name)))
        text(f"{folder}/sub-01/anat/sub-01_{name}.json", {"MagneticFieldStrength": 3, **sidecar})


def labels(folder):
    text(f"{folder}/dataset_description.json", {"Name": "x", "BIDSVersion": "1.8.0"})
    for sub in ("01", "02", "a-b", "ab", "a_b"):
        write(f"{folder}/sub-{sub}/anat/sub-{sub}_T2w.nii.gz", volumes([0]))


def six_axes(folder):
    write(f"{folder}/sub-01/anat/sub-01_task-x_bold.nii", [[1.0] * 8] * 10, (2, 2, 2), dims=[6, 2, 2, 2, 1, 1, 10, 1])


def unplaced(folder):
    """Diffusion and a mask without orientation, and the same mask with one."""
    b = [0, 200, 400, 800]
    dwi(folder, volumes(b, f=0.0), b)
    write(f"{folder}/sub-01/dwi/sub-01_dwi.nii.gz", volumes(b, f=0.0), codes=(0, 0))
    body = [float(in_body(i)) for i in range(SIZE[0] * SIZE[1] * SIZE[2])]
    write(f"{folder}/unplaced.nii.gz", [body], codes=(0, 0))
    write(f"{folder}/placed.nii.gz", [body])


CASES = {
    "trace": lambda p: appended(p, 800, trace),
    "adc_b0": lambda p: appended(p, 0, adc),
    "adc_b800": lambda p: appended(p, 800, adc),
    "shuffled": lambda p: dwi(p, volumes([800, 0, 400, 50]), [0, 50, 400, 800]),
    "sorted": lambda p: dwi(p, volumes([0, 50, 400, 800] * 3), sorted([0, 50, 400, 800] * 3)),
    "rounded": lambda p: dwi(p, volumes([0, 5, 10, 20, 30, 50, 100, 200, 400, 800]), [0, 0, 0, 0, 50, 50, 100, 200, 400, 800]),
    "low125": lambda p: dwi(p, volumes([1.25, 1.25, 50, 100, 200, 400, 800]), [1.25, 1.25, 50, 100, 200, 400, 800]),
    "low10": lambda p: dwi(p, volumes([10, 10, 50, 100, 200, 400, 800]), [10, 10, 50, 100, 200, 400, 800]),
    "floor": lambda p: dwi(p, volumes([0, 0, 200, 400, 600, 800, 1000], f=0.0, sd=12, s0=0.08, d_scale=1.5), [0, 0, 200, 400, 600, 800, 1000]),
    "lost": lost,
    "wrapped": wrapped,
    "study": study,
    "labels": labels,
    "six_axes": six_axes,
    "unplaced": unplaced,
}


def main():
    if sys.argv[1] == "median":
        v, slice_ = read(sys.argv[2])
        if len(sys.argv) > 3:
            v = v[int(sys.argv[3]) * slice_:(int(sys.argv[3]) + 1) * slice_]
        v = sorted(x for i, x in enumerate(v) if math.isfinite(x) and x != 0 and i % SIZE[0] < SIZE[0] // 2)
        print(f"{v[len(v) // 2]:.6g}" if v else "none")
    elif sys.argv[1] == "row":
        v, _ = read(sys.argv[2])
        print(sorted({round(x) for i, x in enumerate(v) if i // SIZE[0] % SIZE[1] == int(sys.argv[3]) and in_body(i)}))
    else:
        CASES[sys.argv[1]](sys.argv[2])


main()
