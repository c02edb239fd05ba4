"""Segmentations as other programs write them, and label maps compared.

segments.py make SEG.dcm FOLDER   FOLDER/{fractional,labelmap,rle,srt,off,short,jpeg,unnamed}/seg.dcm
segments.py same A.nii.gz B.nii.gz [...]: prints what differs from the first and ends with 1
"""
import copy
import os
import sys

import nibabel as nib
import numpy as np
import pydicom
from pydicom.sequence import Sequence
from pydicom.uid import RLELossless


def save(d, folder, name):
    os.makedirs(f"{folder}/{name}")
    d.save_as(f"{folder}/{name}/seg.dcm", write_like_original=False)


def make(path, folder):
    def new():
        return copy.deepcopy(pydicom.dcmread(path))

    d = new()
    pixels = d.Rows * d.Columns
    bits = np.unpackbits(np.frombuffer(d.PixelData, np.uint8), bitorder="little")[: d.NumberOfFrames * pixels]
    # probabilities: below half of the maximum is outside
    d.SegmentationType, d.SegmentationFractionalType, d.MaximumFractionalValue = "FRACTIONAL", "PROBABILITY", 200
    d.BitsAllocated, d.BitsStored, d.HighBit = 8, 8, 7
    shares = np.where(bits == 1, 100, 99).astype(np.uint8).tobytes()
    d.PixelData = shares + b"\0" * (len(shares) % 2)
    save(d, folder, "fractional")
    d.compress(RLELossless)
    save(d, folder, "rle")
    # a label map of the lesions: one frame for each plane, the pixel is the number of the segment
    d = new()
    lesions = [s.SegmentNumber for s in d.SegmentSequence if s.SegmentLabel.startswith("Lesion")]
    planes = {}
    for frame, image in zip(d.PerFrameFunctionalGroupsSequence, bits.reshape(-1, pixels)):
        number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        if number not in lesions:
            continue
        at = tuple(frame.PlanePositionSequence[0].ImagePositionPatient)
        kept, drawn = planes.setdefault(at, (frame, np.zeros(pixels, np.uint8)))
        drawn[image == 1] = number
    for frame, _ in planes.values():
        del frame.SegmentIdentificationSequence
    d.PerFrameFunctionalGroupsSequence = Sequence([f for f, _ in planes.values()])
    d.NumberOfFrames, d.SegmentationType = len(planes), "LABELMAP"
    d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.7"
    d.BitsAllocated, d.BitsStored, d.HighBit = 8, 8, 7
    d.PixelData = b"".join(x.tobytes() for _, x in planes.values())
    save(d, folder, "labelmap")
    # codes of the older scheme, and labels that say nothing; and neither codes nor labels
    d = new()
    for s in d.SegmentSequence:
        code = s.SegmentedPropertyCategoryCodeSequence[0]
        code.CodeValue, code.CodingSchemeDesignator = ("M-01000" if s.SegmentLabel.startswith("Lesion") else "T-D000A"), "SRT"
        s.SegmentLabel = f"Segment_{s.SegmentNumber}"
    save(d, folder, "srt")
    for s in d.SegmentSequence:
        s.SegmentedPropertyCategoryCodeSequence[0].CodeValue = "T-D000A"
        s.SegmentedPropertyTypeCodeSequence[0].CodeValue = "T-D0050"
    save(d, folder, "unnamed")
    # not on the voxels of any image; too few pixels; another compression
    d = new()
    for frame in d.PerFrameFunctionalGroupsSequence:
        position = frame.PlanePositionSequence[0]
        position.ImagePositionPatient = [float(position.ImagePositionPatient[0]) + 1.0, *position.ImagePositionPatient[1:]]
    save(d, folder, "off")
    d = new()
    d.PixelData = d.PixelData[:100]
    save(d, folder, "short")
    d = new()
    d.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"])
    d["PixelData"].is_undefined_length = True
    d.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    save(d, folder, "jpeg")


def same(first, *others):
    a = nib.load(first)
    x = np.asarray(a.dataobj)
    differ = 0
    for path in others:
        b = nib.load(path)
        y = np.asarray(b.dataobj)
        if x.shape != y.shape or not np.allclose(a.affine, b.affine, atol=1e-4) or not np.array_equal(x, y):
            differ += 1
            print(path, x.shape, y.shape, (x != y).sum() if x.shape == y.shape else "")
    print(f"{int((x > 0).sum())} voxels of {len(np.unique(x)) - 1} labels")
    return differ > 0 or not x.any()


if sys.argv[1] == "make":
    make(*sys.argv[2:])
else:
    sys.exit(same(*sys.argv[2:]))
