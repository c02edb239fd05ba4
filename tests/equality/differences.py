"""differences.py OLD NEW [RELATIVE]: images byte for byte, numbers of lesions.json one by one; prints what differs.

Exit code 1 when an image differs or is missing, or when a number that the old lesions.json holds is another one in the
new, by more than RELATIVE (0 without it) of its size. The text of a NIfTI header that names the program's version is not
compared. Texts that differ, and what only the new result holds, are counted, not refused.
"""
import gzip
import json
import math
import pathlib
import sys

import numpy as np

DESCRIPTION = slice(148, 228)  # "descrip" of a NIfTI-1 header


def walk(node, path=()):
    """Every leaf of a JSON document with its path; lists by position."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, path + (key,))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from walk(value, path + (i,))
    else:
        yield path, node


def is_number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def same(a, b, relative):
    if is_number(a) and is_number(b):
        if math.isnan(a) and math.isnan(b):
            return True
        return abs(a - b) <= relative * max(abs(a), abs(b))
    return a == b


def image_difference(old, new):
    """None for the same bytes, else what differs."""
    a, b = (bytearray(gzip.decompress(p.read_bytes())) for p in (old, new))
    a[DESCRIPTION] = b[DESCRIPTION]
    if a == b:
        return None
    if len(a) != len(b):
        return "another size"
    if a[:352] != b[:352]:
        return "another header"
    x, y = (np.frombuffer(bytes(v[352:len(v) // 4 * 4]), np.float32) for v in (a, b))
    with np.errstate(invalid="ignore", over="ignore"):
        return f"voxels differ, at most by {np.nanmax(np.abs(x.astype(float) - y)):.3g}"


def compare(old, new, relative):
    bad, added, images, numbers, texts = [], 0, 0, 0, 0
    files = {p.relative_to(old) for p in old.rglob("*") if p.is_file()}
    more = {p.relative_to(new) for p in new.rglob("*") if p.is_file()}
    added += len(more - files)
    for path in sorted(files):
        if path.name.endswith(".nii.gz"):
            images += 1
            if path not in more:
                bad.append(f"{path}: missing")
            elif (difference := image_difference(old / path, new / path)) is not None:
                bad.append(f"{path}: {difference}")
        elif path.name.endswith("_lesions.json"):
            if path not in more:
                bad.append(f"{path}: missing")
                continue
            a = dict(walk(json.loads((old / path).read_text())))
            b = dict(walk(json.loads((new / path).read_text())))
            added += len(b.keys() - a.keys())
            for key, value in a.items():
                numbers += is_number(value)
                if key in b and not is_number(value) and value is not None:
                    texts += b[key] != value
                elif key not in b:
                    bad.append(f"{path}: {'.'.join(map(str, key))} is missing")
                elif not same(value, b[key], relative):
                    bad.append(f"{path}: {'.'.join(map(str, key))}: {value!r} became {b[key]!r}")
    return bad, added, images, numbers, texts


def main():
    old, new = map(pathlib.Path, sys.argv[1:3])
    relative = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    failed = False
    for study in sorted(p.name for p in old.iterdir() if p.is_dir()):
        bad, added, images, numbers, texts = compare(old / study, new / study, relative)
        print(f"{study}: {images} images, {numbers} numbers, {len(bad)} differences; {added} additions, {texts} texts")
        for line in bad[:20]:
            print("   " + line)
        failed = failed or bool(bad) or images == 0
    sys.exit(1 if failed else 0)


main()
