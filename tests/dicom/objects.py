"""Exported DICOM objects beside the results that they were made from.

objects.py SEG.dcm SR.dcm STUDY_OUT ORIGINAL_DIR [MAP.dcm ...]: prints what differs and ends with 1.
Every voxel of every segment is compared with the label maps through the world: plane positions of the object (LPS) against
the affine of the NIfTI file (RAS).
"""
import csv
import glob
import json
import os
import sys

import nibabel as nib
import numpy as np
import pydicom

seg_path, sr_path, out, original_dir = sys.argv[1:5]
wrong = []


def expect(is_true, *words):
    if not is_true:
        wrong.append(words)


def labels(pattern):
    path = glob.glob(os.path.join(out, "anat", pattern))
    return nib.load(path[0]) if path else None


seg, sr = pydicom.dcmread(seg_path), pydicom.dcmread(sr_path)
originals = {}
for root, _, names in os.walk(original_dir):
    for name in names:
        d = pydicom.dcmread(os.path.join(root, name), stop_before_pixels=True)
        originals[d.SOPInstanceUID] = d
bits = np.unpackbits(np.frombuffer(seg.PixelData, np.uint8), bitorder="little")
pixels = seg.Rows * seg.Columns
frames = bits[: seg.NumberOfFrames * pixels].reshape(seg.NumberOfFrames, seg.Rows, seg.Columns)
spacing = [float(x) for x in seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing]
axes = np.array([float(x) for x in seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient])
maps = {"lesion": labels("*label-lesions_dseg.nii.gz"), "liver": labels("*label-liver_mask.nii.gz"),
        "organ": labels("*label-anatomy_dseg.nii.gz")}
organs = {"Aorta": 2, "Portal vein": 3, "Inferior vena cava": 4, "Hepatic vein": 5, "Blood vessel": 6, "Spleen": 7,
          "Skeletal muscle": 8, "Kidney": 9, "Gallbladder": 10, "Bile duct": 11}
got = {k: {} for k in maps}
where, farthest = {}, 0.0
for s in seg.SegmentSequence:
    if s.SegmentLabel.startswith("Lesion"):
        where[s.SegmentNumber] = ("lesion", int(s.TrackingID.split("-")[1]))
    else:
        where[s.SegmentNumber] = ("liver", 1) if s.SegmentLabel == "Liver" else ("organ", organs[s.SegmentLabel])
for f, pixel in zip(seg.PerFrameFunctionalGroupsSequence, frames):
    kind, value = where[f.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
    at = np.array([float(x) for x in f.PlanePositionSequence[0].ImagePositionPatient])
    source = originals.get(f.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID)
    expect(source is not None, "a source image is not among the originals")
    if source is not None:
        expect(np.allclose([float(x) for x in source.ImagePositionPatient], at, atol=1e-6), "a plane is not its source's")
        expect(source.FrameOfReferenceUID == seg.FrameOfReferenceUID, "frame of reference")
        expect(source.StudyInstanceUID == seg.StudyInstanceUID and source.PatientID == seg.PatientID, "study or patient")
    r, c = np.nonzero(pixel)
    lps = at + np.outer(c * spacing[1], axes[:3]) + np.outer(r * spacing[0], axes[3:])
    affine = maps[kind].affine
    voxel = nib.affines.apply_affine(np.linalg.inv(affine), lps * [-1, -1, 1])
    whole = np.rint(voxel).astype(int)
    farthest = max(farthest, float(np.abs((voxel - whole) @ affine[:3, :3].T).max(initial=0)))
    grid = got[kind].setdefault(value, np.zeros(maps[kind].shape[:3], bool))
    grid[tuple(whole.T)] = True
for kind, image in maps.items():
    if image is None:
        continue
    data = np.rint(np.asarray(image.dataobj)).astype(int)
    for value in sorted(set(np.unique(data)) - {0} - ({1} if kind == "organ" else set())):
        same = value in got[kind] and np.array_equal(got[kind][value], data == value)
        expect(same, kind, value, "is not the segment")
    expect(set(got[kind]) <= set(np.unique(data)), kind, "has segments that are no labels")
expect(farthest < 0.01, "voxels lie off by mm:", farthest)

# the report: a measurement group for each lesion, with the numbers of lesions.tsv in their units
def items(d):
    for x in d.get("ContentSequence", []):
        yield x
        yield from items(x)


groups = [x for x in items(sr) if x.ConceptNameCodeSequence[0].CodeValue == "125007"]
table = list(csv.DictReader(open(glob.glob(os.path.join(out, "*_lesions.tsv"))[0]), delimiter="\t"))
lesions = json.load(open(glob.glob(os.path.join(out, "*_lesions.json"))[0]))["lesions"]
expect(len(groups) == len(lesions) + 1, "groups", len(groups), len(lesions))
concepts = {"103339001": ("long_axis_mm", "mm"), "103340004": ("short_axis_mm", "mm"), "118565006": ("volume_ml", "mL"),
            "113041": ("adc_mm2_per_s", "mm2/s")}
n_numbers = n_flags = 0
for g in groups:
    inside = list(items(g))
    name = next(x.TextValue for x in inside if x.ConceptNameCodeSequence[0].CodeValue == "112039")
    uid = next(x.UID for x in inside if x.ConceptNameCodeSequence[0].CodeValue == "112040")
    if not name.startswith("lesion-"):
        continue
    number = int(name.split("-")[1])
    row = next(r for r in table if int(r["lesion_id"]) == number)
    expect(uid == next(s.TrackingUID for s in seg.SegmentSequence if s.get("TrackingID") == name), name, "tracking UID")
    for x in inside:
        code = x.ConceptNameCodeSequence[0].CodeValue
        if code in concepts and x.ValueType == "NUM":
            column, unit = concepts[code]
            value = x.MeasuredValueSequence[0]
            n_numbers += 1
            expect(abs(float(value.NumericValue) - float(row[column])) <= 1e-6 * abs(float(row[column])), name, column)
            expect(value.MeasurementUnitsCodeSequence[0].CodeValue == unit, name, column, "unit")
        n_flags += x.ValueType == "CODE" and code.startswith("flag-")
    flags = next(x for x in lesions if x["id"] == number)["flags"]
    present = sorted(x.ConceptCodeSequence[0].CodeMeaning for x in inside
                     if x.ValueType == "CODE" and x.ConceptNameCodeSequence[0].CodeValue.startswith("flag-"))
    words = {"present": "Present", "absent": "Absent", "not_assessable": "Not assessable"}
    expect(present == sorted(words[f["state"]] for f in flags.values()), name, "flags")
expect(n_numbers >= 3 * len(lesions), "numbers", n_numbers)
# maps: every voxel, those without a value as padding
files = {"adc": "dwi/*_desc-mono_ADC", "ivim_d": "dwi/*_desc-ivim_Dmap", "ivim_f": "dwi/*_desc-ivim_fmap",
         "ff": "anat/*_desc-dualecho_FFmap", "re_art": "anat/*_desc-art_REmap", "re_hbp": "anat/*_desc-hbp_REmap"}
n_maps = 0
for path in sys.argv[5:]:
    name = os.path.basename(path)[:-4].split("_", 2)[2]
    if name not in files:
        continue
    n_maps += 1
    d = pydicom.dcmread(path)
    image = nib.load(glob.glob(os.path.join(out, files[name] + ".nii.gz"))[0])
    data = np.asarray(image.dataobj, dtype=np.float32)
    shared = d.SharedFunctionalGroupsSequence[0]
    spacing = [float(x) for x in shared.PixelMeasuresSequence[0].PixelSpacing]
    axes = np.array([float(x) for x in shared.PlaneOrientationSequence[0].ImageOrientationPatient])
    stored = np.frombuffer(d.FloatPixelData, np.float32).reshape(d.NumberOfFrames, d.Rows, d.Columns)
    r, c = np.indices((d.Rows, d.Columns)).reshape(2, -1)
    n = 0
    for f, pixel in zip(d.PerFrameFunctionalGroupsSequence, stored):
        at = np.array([float(x) for x in f.PlanePositionSequence[0].ImagePositionPatient])
        lps = at + np.outer(c * spacing[1], axes[:3]) + np.outer(r * spacing[0], axes[3:])
        voxel = np.rint(nib.affines.apply_affine(np.linalg.inv(image.affine), lps * [-1, -1, 1])).astype(int)
        want = data[tuple(voxel.T)]
        named = f.DerivationImageSequence[0].SourceImageSequence[0]
        source = originals[named.ReferencedSOPInstanceUID]
        if "ReferencedFrameNumber" in named:  # a frame of an enhanced object
            source = source.PerFrameFunctionalGroupsSequence[int(named.ReferencedFrameNumber) - 1].PlanePositionSequence[0]
        expect(np.allclose([float(x) for x in source.ImagePositionPatient], at, atol=1e-6), name, "a plane is not its source's")
        n += len(want)
        want = np.where(np.isfinite(want), want, np.float32(d.FloatPixelPaddingValue))
        expect(np.array_equal(pixel.reshape(-1), want), name, "values")
    expect(n == data.size, name, "voxels", n, data.size)
for w in wrong:
    print(*w)
print(f"{len(seg.SegmentSequence)} segments, {seg.NumberOfFrames} frames, farthest {farthest:.2g} mm; "
      f"{len(groups)} groups, {n_numbers} numbers with a concept, {n_flags} flags; {n_maps} maps; {len(wrong)} differences")
sys.exit(bool(wrong))
