"""differences.py OLD NEW: images byte for byte, numbers of lesions.json one by one; prints what differs.

Exit code 1 when an image differs or is missing, or when a number or text that the old lesions.json holds is another one
in the new. What only the new result holds is counted, not refused.
"""
import json
import math
import pathlib
import sys


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


def same(a, b):
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return a == b


def compare(old, new):
    bad, added, images, numbers = [], 0, 0, 0
    files = {p.relative_to(old) for p in old.rglob("*") if p.is_file()}
    more = {p.relative_to(new) for p in new.rglob("*") if p.is_file()}
    added += len(more - files)
    for path in sorted(files):
        if path.name.endswith(".nii.gz"):
            images += 1
            if path not in more:
                bad.append(f"{path}: missing")
            elif (old / path).read_bytes() != (new / path).read_bytes():
                bad.append(f"{path}: other bytes")
        elif path.name.endswith("_lesions.json"):
            if path not in more:
                bad.append(f"{path}: missing")
                continue
            a = dict(walk(json.loads((old / path).read_text())))
            b = dict(walk(json.loads((new / path).read_text())))
            added += len(b.keys() - a.keys())
            for key, value in a.items():
                numbers += isinstance(value, (int, float))
                if key not in b:
                    bad.append(f"{path}: {'.'.join(map(str, key))} is missing")
                elif not same(value, b[key]):
                    bad.append(f"{path}: {'.'.join(map(str, key))}: {value!r} became {b[key]!r}")
    return bad, added, images, numbers


def main():
    old, new = map(pathlib.Path, sys.argv[1:3])
    failed = False
    for study in sorted(p.name for p in old.iterdir() if p.is_dir()):
        bad, added, images, numbers = compare(old / study, new / study)
        print(f"{study}: {images} images, {numbers} numbers, {added} additions, {len(bad)} differences")
        for line in bad[:20]:
            print("   " + line)
        failed = failed or bool(bad) or images == 0
    sys.exit(1 if failed else 0)


main()
