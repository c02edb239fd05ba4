"""Small folders laid out as public sets of patients are, made of simulated studies whose truth is known.

layouts.py SET BIDS FOLDER [KEY=VALUE ...]

SET: lld-mmri, chaos, amos, liverhccseg, atlas, cirrmri, duke, totalsegmentator. BIDS is what `hepar simulate` made. Prints the
answers that a reader of the folder must come to, one "NAME VALUE" a line. KEY=VALUE bends the layout on purpose:
spacing=FACTOR states voxels of another size, missing=PHASE leaves an image out.
"""
import csv
import json
import os
import sys

import nibabel as nib
import numpy as np

SET, BIDS, TO = sys.argv[1:4]
BENT = dict(a.split("=", 1) for a in sys.argv[4:])
TRUTH = os.path.join(BIDS, "derivatives", "truth")
SUBJECTS = sorted(d for d in os.listdir(BIDS) if d.startswith("sub-"))
SERIES = {  # of an extracellular protocol
    "Out Phase": "anat/{}_acq-dixon_echo-1_MEGRE", "In Phase": "anat/{}_acq-dixon_echo-2_MEGRE",
    "T2WI": "anat/{}_acq-fatsat_T2w", "C-pre": "anat/{}_acq-pre_T1w", "C+A": "anat/{}_acq-art_ce-extracellular_T1w",
    "C+V": "anat/{}_acq-pv_ce-extracellular_T1w", "C+Delay": "anat/{}_acq-del_ce-extracellular_T1w", "DWI": "dwi/{}_dwi",
}
CATEGORY = {"haemangioma": 0, "metastasis": 3, "cyst": 4, "fnh_like": 5, "other": 6}


def image(subject, phase):
    return nib.load(os.path.join(BIDS, subject, SERIES[phase].format(subject) + ".nii.gz"))


def save(volume, *path):
    path = os.path.join(TO, *path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    nib.save(volume, path)


def truth(subject, rest):
    return nib.load(os.path.join(TRUTH, subject, "anat", f"{subject}_{rest}.nii.gz"))


def lesions(subject):
    with open(os.path.join(TRUTH, subject, f"{subject}_lesions.json"), encoding="utf-8") as f:
        return json.load(f)["lesions"]


def mask(like, values):
    """What of the voxels of an image is inside a mask of the truth, by the scanner's coordinates."""
    source = np.asanyarray(like.dataobj)
    return np.isin(source, values)


def single(volume):
    """One volume without a fourth axis: the last of a diffusion series."""
    return volume if volume.ndim == 3 else volume.slicer[..., volume.shape[3] - 1]


def to_grid(labels, target):
    """A label map on the grid of another image, nearest neighbour."""
    ijk = np.indices(target.shape[:3]).reshape(3, -1)
    to = np.linalg.inv(labels.affine) @ target.affine
    at = np.rint(to[:3, :3] @ ijk + to[:3, 3:]).astype(int)
    data = np.asanyarray(labels.dataobj)
    inside = np.all((at >= 0) & (at < np.array(data.shape)[:, None]), axis=0)
    out = np.zeros(ijk.shape[1], data.dtype)
    out[inside] = data[tuple(at[:, inside])]
    return out.reshape(target.shape[:3])


def lld_mmri():
    info, n_boxes = {}, 0
    for k, subject in enumerate(SUBJECTS):
        patient = f"MR-{1001 + k}"
        # The set has no class for focal fat and its sparing: they have no box.
        known = {one["id"]: one for one in lesions(subject) if one["class"] in CATEGORY}
        labels = truth(subject, "label-lesions_dseg")
        info[patient] = []
        for phase in SERIES:
            volume = single(image(subject, phase))
            series, zooms = f"1.2.{k}.{len(info[patient])}", [float(z) for z in volume.header.get_zooms()[:3]]
            if BENT.get("missing") != phase or k > 0:
                save(volume, "images", patient, f"1.2.{k}", f"{series}.nii.gz")
            found, own = {}, to_grid(labels, volume)
            for i, (number, one) in enumerate(sorted(known.items())):
                where = np.argwhere(own == number)
                if len(where) == 0:
                    continue
                low, high = where.min(axis=0), where.max(axis=0)
                found[str(i)] = {"category": CATEGORY[one["class"]], "bbox": {"3D_box": dict(zip(
                    ("x_min", "y_min", "z_min", "x_max", "y_max", "z_max"),
                    [int(low[0]), int(low[1]), int(low[2]), int(high[0]) + 1, int(high[1]) + 1, int(high[2])]))}}
                n_boxes += 1
            factor = float(BENT.get("spacing", 1))
            info[patient].append({"studyUID": f"1.2.{k}", "seriesUID": series, "phase": phase,
                                  "pixel_spacing": [zooms[0] * factor, zooms[1] * factor], "slice_thickness": zooms[2],
                                  "annotation": {"lesion": found}})
    os.makedirs(os.path.join(TO, "labels"), exist_ok=True)
    with open(os.path.join(TO, "labels", "Annotation.json"), "w", encoding="utf-8") as f:
        json.dump({"Annotation_info": info}, f)
    print("boxes", n_boxes)


def write_dicom(volume, folder, echo_s, suffix, one_series, description=None):
    """Slices of a volume, head first; with a series UID of its own each unless they are one series."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    os.makedirs(os.path.join(TO, folder), exist_ok=True)
    data = np.clip(np.rint(np.asanyarray(volume.dataobj)), 0, 32767).astype(np.uint16)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine  # LPS
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    along = affine[:3, :3] / spacing
    flip = [-1.0 if along[0, 0] < 0 else 1.0, -1.0 if along[1, 1] < 0 else 1.0]
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    for k in range(data.shape[2]):
        plane = data[:, :, k].T  # rows are y, columns x
        origin = affine @ np.array([0 if flip[0] > 0 else data.shape[0] - 1, 0 if flip[1] > 0 else data.shape[1] - 1, k, 1])
        plane = plane[:, ::-1] if flip[0] < 0 else plane
        plane = plane[::-1] if flip[1] < 0 else plane
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = generate_uid(), ExplicitVRLittleEndian
        d = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        d.StudyInstanceUID = study if one_series else generate_uid()
        d.SeriesInstanceUID = series if one_series else generate_uid()
        d.FrameOfReferenceUID = frame if one_series else generate_uid()
        d.Modality, d.Manufacturer, d.SeriesNumber, d.InstanceNumber = "MR", "Philips Medical Systems", 7, k + 1
        d.ImageType = ["ORIGINAL", "PRIMARY", "M", "FFE", "M"]
        if description:
            d.SeriesDescription = description
        d.EchoTime, d.RepetitionTime, d.MagneticFieldStrength = 1000.0 * echo_s, 5.0, 1.5
        d.ImagePositionPatient = [float(x) for x in origin[:3]]
        d.ImageOrientationPatient = [float(x) for x in (*(along[:, 0] * flip[0]), *(along[:, 1] * flip[1]))]
        d.PixelSpacing, d.SliceThickness = [float(spacing[1]), float(spacing[0])], float(spacing[2])
        d.SpacingBetweenSlices = float(spacing[2])
        d.Rows, d.Columns = plane.shape
        d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
        d.BitsAllocated, d.BitsStored, d.HighBit = 16, 16, 15
        d.PixelData = np.ascontiguousarray(plane).tobytes()
        pydicom.dcmwrite(os.path.join(TO, folder, f"IMG-{k + 1:05d}{suffix}"), d, write_like_original=False)


def write_stack(labels, folder):
    """PNG slices as a reader of the pictures sees them, the first at the head."""
    import zlib

    os.makedirs(os.path.join(TO, folder), exist_ok=True)
    data = nib.as_closest_canonical(nib.Nifti1Image(labels.astype(np.uint8), AFFINE)).get_fdata().astype(np.uint8)
    for k in range(data.shape[2]):
        plane = data[::-1, ::-1, data.shape[2] - 1 - k].T  # columns to the left, rows to the back
        raw = b"".join(b"\0" + bytes(row) for row in np.ascontiguousarray(plane))

        def chunk(tag, body):
            return len(body).to_bytes(4, "big") + tag + body + zlib.crc32(tag + body).to_bytes(4, "big")

        head = plane.shape[1].to_bytes(4, "big") + plane.shape[0].to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
        with open(os.path.join(TO, folder, f"IMG-{k + 1:05d}.png"), "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def chaos():
    global AFFINE
    for k, subject in enumerate(SUBJECTS):
        base = f"Train_Sets/MR/{k + 1}"
        out, inside, t2 = (image(subject, p) for p in ("Out Phase", "In Phase", "T2WI"))
        write_dicom(out, f"{base}/T1DUAL/DICOM_anon/OutPhase", 0.0023, ".dcm", False)
        write_dicom(inside, f"{base}/T1DUAL/DICOM_anon/InPhase", 0.0046, ".dcm", False)
        write_dicom(t2, f"{base}/T2SPIR/DICOM_anon", 0.07, ".dcm", False)
        AFFINE = out.affine
        liver = to_grid(truth(subject, "label-liver_mask"), out)
        write_stack(np.where(liver > 0, 63, np.where(to_grid(truth(subject, "label-lesions_dseg"), out) > 0, 252, 0)),
                    f"{base}/T1DUAL/Ground")
        print(f"liver_{k + 1}", int((liver > 0).sum()))


def amos():
    for k, subject in enumerate(SUBJECTS):
        name = f"amos_{507 + k:04d}.nii.gz"
        volume, liver = image(subject, "C+V"), truth(subject, "label-liver_mask")
        save(volume, "imagesTr", name)
        labels = np.where(mask(liver, [1]), 6, 0).astype(np.uint8)
        labels[:3, :3, :3] = 1
        save(nib.Nifti1Image(labels, volume.affine), "labelsTr", name)
        print(f"liver_{507 + k:04d}", int((labels == 6).sum()))
    save(image(SUBJECTS[0], "C+V"), "imagesTr", "amos_0001.nii.gz")
    save(nib.Nifti1Image(np.zeros(volume.shape, np.uint8), volume.affine), "labelsTr", "amos_0001.nii.gz")
    with open(os.path.join(TO, "dataset.json"), "w", encoding="utf-8") as f:
        json.dump({"labels": {"0": "background", "1": "spleen", "6": "liver"}}, f)


def liverhccseg():
    for k, subject in enumerate(SUBJECTS):
        for phase, name in (("C-pre", "art_pre"), ("C+A", "art"), ("C+V", "art_pv"), ("C+Delay", "art_del")):
            save(image(subject, phase), f"TCGA-{k:02d}", "2001-01-01", name + ".nii.gz")
        like, liver = image(subject, "C+A"), mask(truth(subject, "label-liver_mask"), [1])
        second = liver.copy()
        second[:, :, np.argwhere(liver.any(axis=(0, 1)))[0]] = False  # the second rater begins a slice higher
        labels = np.asanyarray(truth(subject, "label-lesions_dseg").dataobj)
        numbers = [n for n in np.unique(labels) if n > 0]
        for name, data in [("rater1_liver", liver), ("rater2_liver", second)] + [
                (f"rater1_tumor{i + 1}", labels == n) for i, n in enumerate(numbers)]:
            save(nib.Nifti1Image(data.astype(np.uint8), like.affine), f"TCGA-{k:02d}", "2001-01-01", name + ".nii.gz")
        print(f"dice_{k}", 2.0 * (liver & second).sum() / (liver.sum() + second.sum()))
        print(f"tumours_{k}", len(numbers))


def atlas():
    for k, subject in enumerate(SUBJECTS):
        like, labels = image(subject, "C+V"), np.asanyarray(truth(subject, "label-lesions_dseg").dataobj)
        liver = mask(truth(subject, "label-liver_mask"), [1])
        save(like, "train", "imagesTr", f"im{k}.nii.gz")
        save(nib.Nifti1Image(np.where(labels > 0, 2, liver).astype(np.uint8), like.affine), "train", "labelsTr", f"lb{k}.nii.gz")
        print(f"liver_{k}", int((liver | (labels > 0)).sum()))


def cirrmri():
    for k, subject in enumerate(SUBJECTS):
        split = ("train", "test")[k % 2]
        for folder, phase in (("Cirrhosis_T1_3D", "C-pre"), ("Cirrhosis_T2_3D", "T2WI")):
            like = image(subject, phase)
            save(like, folder, f"{split}_images", f"{k + 11}.nii.gz")
            save(nib.Nifti1Image(to_grid(truth(subject, "label-liver_mask"), like).astype(np.uint8), like.affine),
                 folder, f"{split}_masks", f"{k + 11}.nii.gz")


def duke():
    rows = []
    # The second person's first series is described as another phase than the readers saw, his second not at all.
    # The first person has two series more: a phase between two others, and a type that no row of the description knows.
    words = [("T1 vibe arterial", "T2 HASTE axial", "T1 vibe transitional", None), ("T1 vibe portal venous", None)]
    for k, subject in enumerate(SUBJECTS):
        for i, (phase, label) in enumerate((("C+A", 2), ("T2WI", 9), ("C+Delay", 6), ("C-pre", 16))[:len(words[k % 2])]):
            like, folder = image(subject, phase), f"Segmentation/{k + 1:04d}/{i + 3}"
            write_dicom(like, f"{folder}/images", 0.002, ".dicom", True, words[k % 2][i])
            liver = to_grid(truth(subject, "label-liver_mask"), like).astype(np.uint8)
            write_dicom(nib.Nifti1Image(liver, like.affine), f"{folder}/masks", 0.002, ".dicom", True)
            rows.append([k + 1, i + 3, label])
    for name, head, body in (("SegmentationKey.csv", ["DLDS", "Series", "Label"], rows),
                             ("SequenceTypes.csv", ["Label", "SeriesMap"], [[2, "Arterial T1w"], [6, "Transitional T1w"], [9, "Axial T2w"],
                                                                                  [16, "Quality assurance"]])):
        with open(os.path.join(TO, name), "w", encoding="utf-8", newline="") as f:
            csv.writer(f).writerows([head] + body)


def totalsegmentator():
    for k, subject in enumerate(SUBJECTS):
        like = image(subject, "T2WI")
        save(like, f"s{k + 5:04d}", "mri.nii.gz")
        save(nib.Nifti1Image(to_grid(truth(subject, "label-liver_mask"), like).astype(np.uint8), like.affine),
             f"s{k + 5:04d}", "segmentations", "liver.nii.gz")


AFFINE = np.eye(4)
{"lld-mmri": lld_mmri, "chaos": chaos, "amos": amos, "liverhccseg": liverhccseg, "atlas": atlas, "cirrmri": cirrmri,
 "duke": duke, "totalsegmentator": totalsegmentator}[SET]()
