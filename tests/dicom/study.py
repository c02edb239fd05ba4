"""A simulated BIDS study as the DICOM objects that a scanner would have sent, with planted personal data.

study.py write BIDS_SUBJECT DICOM_DIR [--tilt DEG] [--enhanced] [--patient N] [--days N] [--only SERIES]
    Writes classic (or, for diffusion, enhanced) MR objects and DICOM_DIR.truth.json: geometry, b-values, times, roles.
study.py check STUDY TRUTH.json HEPAR
    Compares an imported study with that truth; prints what differs and ends with 1.
"""
import argparse
import hashlib
import json
import math
import os
import subprocess
import sys

import nibabel as nib
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

MR, ENHANCED, CAPTURE = (f"1.2.840.10008.5.1.4.1.1.{x}" for x in ("4", "4.1", "7"))
ROLES = {"pre": "precontrast", "art": "arterial", "pv": "portal_venous", "trans": "transitional", "del": "delayed",
         "hbp": "hepatobiliary"}
INJECTION = "102000"  # phantom/bids.c: 10 h 20 min on the clock of every simulated study
DYNAMIC = ("art", "pv", "del", "trans")


def uid(*parts):
    return "2.25." + str(int(hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:30], 16))


def header(patient, days, series, number, description):
    """What every object of a series has; each line of personal data is looked for in the output by the test."""
    date = (np.datetime64("2024-03-17") + np.timedelta64(days, "D")).astype(str).replace("-", "")
    d = Dataset()
    d.PatientName, d.PatientID = f"Zwiebelfisch{patient}^Ottilie", f"PID471133{patient}"
    d.PatientBirthDate, d.PatientSex, d.PatientAddress = "19531231", "F", "Sackgasse 77 Schilda"
    d.AccessionNumber, d.InstitutionName = "ACC7788123", "Klinikum Wolkenkuckucksheim"
    d.InstitutionAddress, d.OperatorsName = "Luftschloss 3", "Krachbumm^Igor"
    d.ReferringPhysicianName, d.DeviceSerialNumber, d.StationName = "Quakfrosch^Dr", "SN99441177", "STATIONXYZ"
    d.StudyDate = d.SeriesDate = d.AcquisitionDate = d.ContentDate = date
    d.StudyTime, d.StudyID = "100000", "7788"
    d.StudyDescription = f"Leber Zwiebelfisch{patient}"
    d.ImageComments, d.PatientComments = f"Frau Zwiebelfisch{patient}", "Nachbarin von Krachbumm"
    d.StudyInstanceUID, d.FrameOfReferenceUID = uid(patient, days), uid(patient, days, "frame")
    d.SeriesInstanceUID, d.SeriesNumber = uid(patient, days, series), number
    d.SeriesDescription, d.ProtocolName = description, f"eob Zwiebelfisch{patient}"
    d.Modality, d.Manufacturer, d.ManufacturerModelName = "MR", "Hepar simulator", "phantom"
    d.PatientPosition, d.PositionReferenceIndicator, d.BodyPartExamined = "HFS", "", "LIVER"
    d.LossyImageCompression = "00"
    return d


def save(d, folder, name, sop_class):
    meta = FileMetaDataset()
    d.SOPClassUID = sop_class
    d.SOPInstanceUID = uid(d.SeriesInstanceUID, name)
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = d.SOPClassUID, d.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    out.update(d)
    out.is_little_endian, out.is_implicit_VR = True, False
    os.makedirs(folder, exist_ok=True)
    out.save_as(os.path.join(folder, name), write_like_original=False)


def clock(s, more=0.0):
    h, m, sec = s.split(":")
    t = 3600 * int(h) + 60 * int(m) + float(sec) + more
    return f"{int(t // 3600):02d}{int(t % 3600 // 60):02d}{t % 60:09.6f}"


def axes(affine):
    """Directions of columns and rows in LPS, spacings, and the position of slice k (DICOM PS3.3 C.7.6.2)."""
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    size = np.linalg.norm(lps[:3, :3], axis=0)
    row, col = lps[:3, 0] / size[0], lps[:3, 1] / size[1]
    return row, col, size, lambda k: lps[:3, 3] + k * lps[:3, 2]


def pixels(d, image, k, v, scale):
    """Stored pixels of slice k: NIfTI holds x fastest, DICOM rows of x."""
    data = np.rint(image[:, :, k, v].T / scale).clip(0, 65535).astype("<u2")
    d.Rows, d.Columns = data.shape
    d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
    d.BitsAllocated = d.BitsStored = 16
    d.HighBit, d.PixelRepresentation = 15, 0
    return data


def fill_common(d, side, image_type):
    d.ImageType = image_type
    d.ScanningSequence, d.SequenceVariant, d.ScanOptions = side["ScanningSequence"], "NONE", side.get("ScanOptions", "")
    d.MRAcquisitionType, d.MagneticFieldStrength = side["MRAcquisitionType"], str(side["MagneticFieldStrength"])
    d.EchoTime, d.RepetitionTime = f"{1e3 * side['EchoTime']:.6g}", f"{1e3 * side['RepetitionTime']:.6g}"
    d.FlipAngle, d.EchoTrainLength, d.NumberOfAverages = f"{side['FlipAngle']:.6g}", "1", "1"
    d.ImagedNucleus = "1H"
    if "ContrastBolusAgent" in side:
        d.ContrastBolusAgent, d.ContrastBolusStartTime = "Primovist 0.25 mmol/ml", INJECTION


def classic(d, folder, image, affine, volumes, side, image_type):
    """volumes: of each volume its number in the image, time of day, temporal position, b-value, echo."""
    row, col, size, at = axes(affine)
    scale = float(image.max()) / 4000.0
    number = 0
    for v, time, temporal, b, tags in volumes:
        for k in range(image.shape[2]):
            number += 1
            fill_common(d, side, image_type)
            d.AcquisitionTime = d.ContentTime = d.SeriesTime = time
            d.AcquisitionNumber, d.InstanceNumber = temporal or 1, number
            if temporal:
                d.TemporalPositionIdentifier, d.NumberOfTemporalPositions = temporal, len(volumes)
            if b is not None:
                d.add_new(0x00189087, "FD", float(b))
                d.add_new(0x00189075, "CS", "ISOTROPIC" if b > 0 else "NONE")
                d.SequenceName = f"ep_b{b:.0f}t"
            for key, value in tags.items():
                setattr(d, key, value)
            d.PixelSpacing = [f"{size[1]:.9g}", f"{size[0]:.9g}"]
            d.SliceThickness = d.SpacingBetweenSlices = f"{size[2]:.9g}"
            d.ImageOrientationPatient = [f"{x:.10g}" for x in (*row, *col)]
            d.ImagePositionPatient = [f"{x:.8f}" for x in at(k)]
            d.PixelData = pixels(d, image, k, v, scale).tobytes()
            d.RescaleIntercept, d.RescaleSlope, d.RescaleType = "0", f"{scale:.9g}", "US"
            save(d, folder, f"IM{number:05d}", MR)


def enhanced(d, folder, image, affine, volumes, side, image_type):
    row, col, size, at = axes(affine)
    scale = float(image.max()) / 4000.0
    fill_common(d, side, image_type)
    for key in ("ScanningSequence", "SequenceVariant", "ScanOptions", "EchoTime", "RepetitionTime", "FlipAngle"):
        delattr(d, key)
    d.AcquisitionDateTime = d.StudyDate + volumes[0][1]
    d.ContentTime, d.InstanceNumber, d.AcquisitionNumber = volumes[0][1], 1, 1
    d.PulseSequenceName, d.EchoPulseSequence, d.EchoPlanarPulseSequence = "ep2d_diff", "SPIN", "YES"
    d.VolumetricProperties, d.PixelPresentation, d.ComplexImageComponent = "VOLUME", "MONOCHROME", "MAGNITUDE"
    d.AcquisitionContrast, d.ContentQualification, d.VolumeBasedCalculationTechnique = "DIFFUSION", "RESEARCH", "NONE"
    shared = Dataset()
    measures, plane, timing, echo, shape = Dataset(), Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [f"{size[1]:.9g}", f"{size[0]:.9g}"]
    measures.SliceThickness = measures.SpacingBetweenSlices = f"{size[2]:.9g}"
    plane.ImageOrientationPatient = [f"{x:.10g}" for x in (*row, *col)]
    timing.RepetitionTime, timing.FlipAngle, timing.EchoTrainLength = f"{1e3 * side['RepetitionTime']:.6g}", "90", "1"
    echo.EffectiveEchoTime = 1e3 * side["EchoTime"]
    shape.RescaleIntercept, shape.RescaleSlope, shape.RescaleType = "0", f"{scale:.9g}", "US"
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([plane])
    shared.MRTimingAndRelatedParametersSequence, shared.MREchoSequence = Sequence([timing]), Sequence([echo])
    shared.PixelValueTransformationSequence = Sequence([shape])
    d.SharedFunctionalGroupsSequence = Sequence([shared])
    frames, data = [], []
    for v, time, temporal, b, _ in volumes:
        for k in range(image.shape[2]):
            frame, content, position, diffusion, kind = Dataset(), Dataset(), Dataset(), Dataset(), Dataset()
            content.FrameAcquisitionDateTime = content.FrameReferenceDateTime = d.StudyDate + time
            content.FrameAcquisitionDuration, content.StackID, content.InStackPositionNumber = 1000.0, "1", k + 1
            content.TemporalPositionIndex, content.DimensionIndexValues = v + 1, [k + 1, v + 1]
            position.ImagePositionPatient = [f"{x:.8f}" for x in at(k)]
            diffusion.add_new(0x00189087, "FD", float(b))
            diffusion.DiffusionDirectionality = "ISOTROPIC" if b > 0 else "NONE"
            kind.FrameType, kind.AcquisitionContrast = image_type, "DIFFUSION"
            kind.PixelPresentation, kind.VolumetricProperties = "MONOCHROME", "VOLUME"
            kind.VolumeBasedCalculationTechnique, kind.ComplexImageComponent = "NONE", "MAGNITUDE"
            frame.FrameContentSequence, frame.PlanePositionSequence = Sequence([content]), Sequence([position])
            frame.MRDiffusionSequence, frame.MRImageFrameTypeSequence = Sequence([diffusion]), Sequence([kind])
            frames.append(frame)
            data.append(pixels(d, image, k, v, scale).tobytes())
    d.PerFrameFunctionalGroupsSequence, d.NumberOfFrames = Sequence(frames), len(frames)
    d.PixelData = b"".join(data)
    save(d, folder, "IM00001", ENHANCED)


def read(path, tilt):
    image = nib.load(path)
    affine = image.affine.astype(float)
    if tilt:
        c, s = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        affine = np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]]) @ affine
    data = np.asarray(image.dataobj, dtype=np.float64)
    data = data[..., None] if data.ndim == 3 else data
    with open(path.replace(".nii.gz", ".json")) as f:
        return data, affine, json.load(f)


def write(o):
    subject = os.path.basename(o.subject.rstrip("/"))
    anat = sorted(x for x in os.listdir(f"{o.subject}/anat") if x.endswith(".nii.gz"))
    truth, number = [], 0

    def series(name, kind=classic, file=None, parts=None, **more):
        nonlocal number
        number += 1
        if o.only and name != o.only:
            return
        files = parts or [file]
        loaded = [read(f, o.tilt) for f in files]
        data = np.concatenate([x[0] for x in loaded], axis=3)
        affine, side = loaded[0][1], loaded[0][2]
        d = header(o.patient, o.days, name, number, more.get("description", side["SeriesDescription"]))
        b = more.get("b") or [None] * data.shape[3]
        times = [clock(x[2]["AcquisitionTime"]) for x in loaded]
        times = times if len(times) == data.shape[3] else [clock(side["AcquisitionTime"], 5.0 * v) for v in range(len(b))]
        temporal = more.get("temporal", [0] * len(b))
        tags = more.get("tags", [{}] * len(b))
        kind(d, f"{o.out}/{'abcdefghijkl'[number]}", data, affine, list(zip(range(len(b)), times, temporal, b, tags)), side,
             more.get("image_type", side["ImageType"]))
        for role in more.get("roles", []):
            v = more["roles"].index(role)
            truth.append({"role": role, "affine": affine.tolist(), "size": list(data.shape[:3]), "b": more.get("b"),
                          "te_s": loaded[min(v, len(loaded) - 1)][2]["EchoTime"],
                          "time_s": loaded[min(v, len(loaded) - 1)][2].get("TimeSinceInjection"),
                          "file": os.path.abspath(files[min(v, len(files) - 1)])})

    path = {x.split("_acq-")[1].split("_")[0] if "_acq-" in x else x: f"{o.subject}/anat/{x}" for x in anat}
    echoes = [f"{o.subject}/anat/{x}" for x in anat if "MEGRE" in x]
    t2 = next(f"{o.subject}/anat/{x}" for x in anat if "T2w" in x)
    for f, role, kind in zip(echoes, ("opposed", "in_phase"), ("OPP_PHASE", "IN_PHASE")):
        series(role, file=f, roles=[role], image_type=["ORIGINAL", "PRIMARY", kind])
    series("t2", file=t2, roles=["t2"])
    b = [float(x) for x in open(f"{o.subject}/dwi/{subject}_dwi.bval").read().split()]
    series("dwi", kind=enhanced if o.enhanced else classic, file=f"{o.subject}/dwi/{subject}_dwi.nii.gz", roles=["dwi"], b=b,
           image_type=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"], temporal=[1 + v for v in range(len(b))])
    series("pre", file=path["pre"], roles=["precontrast"])
    parts = [path[x] for x in DYNAMIC if x in path]
    series("dynamic", parts=parts, roles=[ROLES[x] for x in DYNAMIC if x in path], description="T1 3D GRE dynamic",
           temporal=[1 + v for v in range(len(parts))])
    series("hbp", file=path["hbp"], roles=["hepatobiliary"], description="T1 3D GRE 20 min")
    # what is not part of a liver protocol
    series("adc", file=t2, description="ADC", image_type=["DERIVED", "PRIMARY", "ADC", "DIFFUSION"])
    series("localizer", file=t2, description="localizer", image_type=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    if o.only:
        return
    d = header(o.patient, o.days, "capture", 99, "screenshot")
    d.Modality, d.ConversionType, d.InstanceNumber, d.ImageType = "OT", "WSD", 1, ["DERIVED", "SECONDARY"]
    d.PixelData = pixels(d, np.ones((8, 8, 1, 1)), 0, 0, 1.0).tobytes()
    save(d, f"{o.out}/capture", "IM00001", CAPTURE)
    with open(o.out.rstrip("/") + ".truth.json", "w") as f:
        json.dump(truth, f, indent=1)


def check(o):
    got = json.loads(subprocess.run([o.hepar, "inventory", "--json", o.study], check=True, capture_output=True).stdout)
    used = {s["role"]: s for s in got["series"] if s["selected"]}
    wrong, spread = [], 0.0
    for want in json.load(open(o.truth)):
        s = used.get(want["role"])
        if s is None:
            wrong.append((want["role"], "is missing"))
            continue
        image = nib.load(os.path.join(o.study, s["files"][0]))
        values = np.asarray(image.dataobj, dtype=np.float64)
        # the converter may turn rows over: every corner must lie where the truth has one, with the truth's value there
        n = np.array(want["size"])
        place = np.linalg.inv(np.array(want["affine"])) @ image.affine
        corner = np.array([[i, j, k, 1.0] for i in (0, n[0] - 1) for j in (0, n[1] - 1) for k in (0, n[2] - 1)]).T
        index = (place @ corner)[:3]
        off = (np.array(want["affine"])[:3, :3] @ (index - np.rint(index)))
        spread = max(spread, float(np.abs(off).max()))
        if np.abs(off).max() > 0.01 or (np.rint(index) < 0).any() or (np.rint(index) >= n[:, None]).any():
            wrong.append((want["role"], "position", float(np.abs(off).max())))
        size = [np.linalg.norm(image.affine[:3, k]) - np.linalg.norm(np.array(want["affine"])[:3, k]) for k in range(3)]
        if np.abs(size).max() > 1e-4:
            wrong.append((want["role"], "voxel size", size))
        true = np.asarray(nib.load(want["file"]).dataobj, dtype=np.float64)
        moved = np.rint(place[:3]).astype(int)
        at = np.stack(np.meshgrid(*[np.arange(x) for x in n], indexing="ij"), -1).reshape(-1, 3)
        where = (at @ moved[:, :3].T + moved[:, 3]).T
        for v in range(1 if values.ndim == 3 else values.shape[3]):
            a = values[..., v] if values.ndim == 4 else values
            t = true[..., v] if true.ndim == 4 else true
            error = np.abs(a.reshape(-1) - t[where[0], where[1], where[2]]).max() / true.max()
            if error > 2e-4 * 1.3:  # half a step of 4000, and the slope's digits
                wrong.append((want["role"], "values", v, float(error)))
        if want["b"] is not None and s["b_values_s_per_mm2"] != want["b"]:
            wrong.append((want["role"], "b", s["b_values_s_per_mm2"], want["b"]))
        if abs(s["te_s"][0] - want["te_s"]) > 1e-6:
            wrong.append((want["role"], "TE", s["te_s"], want["te_s"]))
        if want["time_s"] is not None and not abs((s["time_since_injection_s"] or -1e9) - want["time_s"]) < 0.01:
            wrong.append((want["role"], "time", s["time_since_injection_s"], want["time_s"]))
    for w in wrong:
        print(*w)
    print(f"{len(json.load(open(o.truth)))} series, largest distance {spread:.2g} mm, {len(wrong)} differences")
    return bool(wrong)


p = argparse.ArgumentParser()
sub = p.add_subparsers(dest="command", required=True)
w = sub.add_parser("write")
w.add_argument("subject")
w.add_argument("out")
w.add_argument("--tilt", type=float, default=0.0)
w.add_argument("--enhanced", action="store_true")
w.add_argument("--patient", type=int, default=1)
w.add_argument("--days", type=int, default=0)
w.add_argument("--only", help="one series: opposed, in_phase, t2, dwi, pre, dynamic, hbp")
c = sub.add_parser("check")
c.add_argument("study")
c.add_argument("truth")
c.add_argument("hepar")
args = p.parse_args()
sys.exit(write(args) if args.command == "write" else check(args))
