# hepar dataset: every public set in a small folder of its layout, made of simulated studies whose truth is known; what is
# laid out otherwise is refused with what differs.
. "$HEP_SOURCE/tests/e2e/lib.sh"

/usr/bin/python3 -c 'import nibabel' 2>/dev/null || { echo "skipped: python3-nibabel is not installed"; exit 77; }
layout() { rm -rf "$work/src"; mkdir "$work/src"; /usr/bin/python3 "$HEP_SOURCE/tests/datasets/layouts.py" "$1" "$work/sim" "$work/src" "${@:2}" >"$work/answers"; }
answer() { awk -v k="$1" '$1 == k {print $2}' "$work/answers"; }
json() { /usr/bin/python3 -c 'import json, sys
o = json.load(open(sys.argv[1]))
for k in sys.argv[2].split("/"): o = o[int(k) if isinstance(o, list) else k]
print(o)' "$1" "$2"; }
voxels() { /usr/bin/python3 -c 'import nibabel, sys
print(int((nibabel.load(sys.argv[1]).get_fdata() > 0).sum()))' "$1"; }
# Share of a mask that lies inside the simulator's liver, by scanner coordinates.
inside() { /usr/bin/python3 -c 'import nibabel as nib, numpy as np, sys
m, t = nib.load(sys.argv[1]), nib.load(sys.argv[2])
at = np.rint(nib.affines.apply_affine(np.linalg.inv(t.affine) @ m.affine, np.argwhere(m.get_fdata() > 0))).astype(int)
print(np.mean(np.asanyarray(t.dataobj)[tuple(at.T)] > 0))' "$1" "$2"; }
put() { "$HEPAR" dataset "$@" -q; }

expect 0 "" "$HEPAR" simulate eca-full "$work/sim" --subjects 2 --fast --seed 5 --degrade none --lesions met:18mm,cyst:14mm,haemangioma:24mm -q
sim=$work/sim/derivatives/truth liver=anat/sub-01_label-liver_mask.nii.gz

# LLD-MMRI: boxes per series, roles by phase, hard links, classes many to one.
layout lld-mmri
expect 0 "" put "LLD MMRI" "$work/src" "$work/lld"
grep -q "2 studies of 2 cases, 0 left out; 16 images (hard links), 0 series missing, 6 lesions with boxes" "$work/stdout" || fail "summary: $(head -1 "$work/stdout")"
t=$work/lld/derivatives/truth/sub-MR1001/sub-MR1001_lesions.json
same "$(json "$t" lesions/0/given_class)/$(json "$t" lesions/1/class)/$(json "$t" lesions/2/given_class)" haemangioma/metastasis/cyst "classes"
same "$(stat -c %i "$work/src/images/MR-1001/1.2.0/1.2.0.5.nii.gz")" "$(stat -c %i "$work/lld/sub-MR1001/anat/sub-MR1001_acq-pv_T1w.nii.gz")" "hard link"
grep -A1 "acq-del_T1w" "$work/lld/sub-MR1001/study.yml" | grep -q "role: delayed" || fail "roles of study.yml"
grep -q "spacing_mm: \[3.5, 3.3, 6\]" "$work/lld/sub-MR1001/study.yml" || fail "spacing of study.yml"
for i in 0 1 2; do # the centre of the box is that of the lesion, to half a voxel
    for k in 0 1 2; do
        a=$(json "$t" "lesions/$i/centre_mm/$k") b=$(json "$sim/sub-01/sub-01_lesions.json" "lesions/$i/centre_mm/$k")
        between "$(awk -v a="$a" -v b="$b" 'BEGIN {print a - b}')" -3.3 3.3 "centre of box $i along $k"
    done
done
same "$(json "$t" lesions/0/boxes/0/series)" portal_venous "the reference's box comes first"
expect 0 "" "$HEPAR" inventory "$work/lld/sub-MR1001"
grep -q "yes *portal_venous" "$work/stdout" || fail "the inventory does not take the linked images"
cp -r "$work/lld" "$work/before"
expect 0 "" put lld-mmri "$work/src" "$work/lld"
diff -r "$work/before" "$work/lld" >/dev/null || fail "the same command gives other files"
expect 0 "" put lld-mmri "$work/src" "$work/linked" --links symbolic
[ -L "$work/linked/sub-MR1001/anat/sub-MR1001_T2w.nii.gz" ] || fail "no symbolic link"
same "$(json "$work/linked/derivatives/truth/truth.json" links)" symbolic "the dataset says how it is linked"

# A finding at a centre, one in the grown box, one outside: of the truth itself and of places moved by hand.
study() { mkdir -p "$work/out/$1"; printf '{"lesions": [%s], "reference": "portal_venous"}\n' "$2" >"$work/out/$1/$1_lesions.json"; }
place() { /usr/bin/python3 -c 'import json, sys
b = json.load(open(sys.argv[1]))["lesions"][int(sys.argv[2])]["boxes"][0]
by = float(sys.argv[3])
half, voxel = 0.5 * abs(b["sides_mm"][0][0]), b["voxel_mm"][0]
print([b["centre_mm"][0] + half + by * voxel, *b["centre_mm"][1:]])' "$t" "$1" "$2"; }
study sub-MR1001 "{\"centre_mm\": $(place 0 0.9), \"class\": \"haemangioma\"}, {\"centre_mm\": $(place 1 1.1), \"class\": \"metastasis\"}, {\"centre_mm\": $(place 2 0), \"class\": \"metastasis\"}"
study sub-MR1002 ""
expect 0 "" "$HEPAR" evaluate "$work/out" "$work/lld/derivatives/truth" -o "$work/scored" -q
e=$work/scored/evaluation.json
same "$(json "$e" detection/sensitivity/k)/$(json "$e" detection/sensitivity/n)" 2/6 "within a box grown by a voxel"
same "$(json "$e" detection/false_positives)" 1 "beyond it"
same "$(json "$e" studies/list/0/geometry)" boxes "boxes are used, and it is said"
same "$(json "$e" classes_of_the_set/found)/$(json "$e" classes_of_the_set/accuracy/value)" 2/0.5 "classes of the set"

# What is not as it should be is refused with what differs.
layout lld-mmri spacing=2
expect 16 "MR-1001, Out Phase: the header has voxels of 3.5 x 3.3 x 6 mm, the boxes' file 7 x 6.6 x 6 mm (16 of 16 images" put lld-mmri "$work/src" "$work/bad"
absent "$work/bad"
expect 0 "" put lld-mmri "$work/src" "$work/trusted" --spacing annotation
expect 0 "" "$HEPAR" inventory "$work/trusted/sub-MR1001"
grep -q "voxels of 7 x 6.6 x 6 mm by study.yml, 3.5 x 3.3 x 6 by the header" "$work/stdout" || fail "the true spacing is not taken"
layout lld-mmri "missing=DWI"
expect 0 "" put lld-mmri "$work/src" "$work/lacks"
grep -q "^sub-MR1001.*1	3	the image of phase DWI is not there" "$work/lacks/participants.tsv" || fail "a missing image is not told"
rm "$work/src/labels/Annotation.json"
expect 16 "not the layout of lld-mmri: there is no labels/Annotation.json" put lld-mmri "$work/src" "$work/bad"
layout lld-mmri
mv "$work/src/images/MR-1001" "$work/src/images/other"
mv "$work/src/images/MR-1002" "$work/src/images/another"
expect 16 "it names 2 patients, and none has an image" put lld-mmri "$work/src" "$work/bad"
printf '{}' >"$work/src/labels/Annotation.json"
expect 16 'no object "Annotation_info"' put lld-mmri "$work/src" "$work/bad"
expect 66 "unknown data set 'nosuch'; known are" put nosuch "$work/src" "$work/bad"
expect 73 "holds something else" put lld-mmri "$work/src" "$work/sim"

# One volume a case: the liver by its value in dataset.json, cases of the other part left out, lesions not known.
layout amos
expect 16 "not the layout of lld-mmri: there is no images" put lld-mmri "$work/src" "$work/bad"
expect 0 "" put amos22 "$work/src" "$work/amos"
absent "$work/amos/sub-0001"
same "$(voxels "$work/amos/derivatives/truth/sub-0507/anat/sub-0507_label-liver_mask.nii.gz")" "$(answer liver_0507)" "liver of AMOS"
same "$(json "$work/amos/derivatives/truth/sub-0507/sub-0507_lesions.json" lesions_known)" False "lesions are not known"
expect 73 "holds the data set amos22-mr" put lld-mmri "$work/src" "$work/amos"

# Two raters: the consensus is what both drew.
layout liverhccseg
expect 0 "" put liverhccseg "$work/src" "$work/lhs"
expect 0 "" "$HEPAR" evaluate "$work/lhs/derivatives/truth" "$work/lhs/derivatives/truth" -o "$work/raters" -q
r=$work/raters/evaluation.json dice=$(awk -v a="$(answer dice_0)" -v b="$(answer dice_1)" 'BEGIN {print (a + b) / 2}')
between "$(json "$r" liver/rater2/dice/value)" 1 1 "the consensus beside the second, who drew less"
between "$(json "$r" liver/rater1/dice/value)" "$(awk -v d="$dice" 'BEGIN {print d - 1e-5}')" "$(awk -v d="$dice" 'BEGIN {print d + 1e-5}')" "and beside the first"
between "$(json "$r" liver/between_raters/dice/value)" "$(awk -v d="$dice" 'BEGIN {print d - 1e-5}')" "$(awk -v d="$dice" 'BEGIN {print d + 1e-5}')" "between the raters"
same "$(json "$r" detection/sensitivity/n)" "$(($(answer tumours_0) + $(answer tumours_1)))" "tumours of rater 1"

layout atlas
expect 0 "" put atlas "$work/src" "$work/atlas"
same "$(voxels "$work/atlas/derivatives/truth/sub-0/anat/sub-0_label-liver_mask.nii.gz")" "$(answer liver_0)" "liver and tumour are the liver"
layout cirrmri
expect 0 "" put CirrMRI600+ "$work/src" "$work/cirr"
grep -q "role: t2" "$work/cirr/sub-12/study.yml" || fail "T1 and T2 of one person are not one study"
layout totalsegmentator
expect 0 "" put "TotalSegmentator MRI" "$work/src" "$work/total"
between "$(inside "$work/total/derivatives/truth/sub-0005/anat/sub-0005_label-liver_mask.nii.gz" "$sim/sub-01/$liver")" 0.99 1 "liver of TotalSegmentator"

# DICOM whose slices have series UIDs of their own, and PNG stacks from the head down; masks as DICOM, types of series.
if command -v dcm2niix >/dev/null && command -v dcmodify >/dev/null && /usr/bin/python3 -c 'import pydicom' 2>/dev/null; then
    layout chaos
    expect 0 "" put chaos "$work/src" "$work/chaos"
    m=$work/chaos/derivatives/truth/sub-1/anat/sub-1_label-liver_mask.nii.gz
    same "$(voxels "$m")" "$(answer liver_1)" "liver of CHAOS"
    between "$(inside "$m" "$sim/sub-01/$liver")" 1 1 "the stack lies where the liver is"
    rm "$work/src/Train_Sets/MR/2/T1DUAL/Ground/IMG-00001.png"
    expect 0 "" put chaos "$work/src" "$work/chaos"
    grep -q "a mask is left out: .*35 slices, its image has 36" "$work/chaos/participants.tsv" || fail "a stack without a slice is taken"
    layout duke
    expect 0 "" put "Duke Liver" "$work/src" "$work/duke"
    between "$(inside "$work/duke/derivatives/truth/sub-0001/anat/sub-0001_label-liver_mask.nii.gz" "$sim/sub-01/$liver")" 1 1 "liver of Duke"
    same "$(json "$work/duke/derivatives/truth/sub-0001/sub-0001_lesions.json" series/0/role)" arterial "type of a series"
    same "$(json "$work/duke/derivatives/truth/sub-0001/sub-0001_lesions.json" series/1/file)" anat/series4.nii.gz "a T2-weighted series whose name does not say T1w"
    # Types of series beside what the inventory finds, by hand: of the first person three right, and one whose type nobody
    # knows is not compared; the second is called portal venous for arterial, and nothing says what his other series is.
    mkdir -p "$work/typed"
    expect 0 "" "$HEPAR" validate "$work/duke" "$work/typed" --no-run -q
    v=$work/typed/validation
    same "$(json "$v/validation.json" series_typed)/$(json "$v/validation.json" series_type_right)" 5/3 "roles that the inventory finds"
    for row in "Arterial T1w | arterial | arterial | 1" "Arterial T1w | arterial | portal\\_venous | 1" "Axial T2w | t2 | t2 | 1" "Axial T2w | t2 | unknown | 1" \
        "Transitional T1w | transitional | transitional | 1" "Quality assurance | not compared | unknown | 1"; do
        grep -qF "| $row |" "$v/report.md" || fail "no row of types: $row"
    done
fi

# A set of usual form needs a description and nothing more.
cat >"$work/ours.yml" <<'END'
name: ours
title: Ours
citation: none
terms: ours
ask: us
stated: [one volume a case]
unknown: [all else]
roots: ["."]
judged: [liver]
series:
  - {path: "{case}/t1.nii.gz", role: precontrast}
masks:
  - {path: "{case}/liver.nii.gz", what: liver}
END
mkdir -p "$work/own/a"
cp "$work/sim/sub-01/anat/sub-01_acq-pre_T1w.nii.gz" "$work/own/a/t1.nii.gz"
cp "$sim/sub-01/$liver" "$work/own/a/liver.nii.gz"
expect 0 "" put "$work/ours.yml" "$work/own" "$work/ours"
there "$work/ours/derivatives/truth/sub-a/anat/sub-a_label-liver_mask.nii.gz"
# Classes of persons alone, from a table: by name, title or number, in any case; many words may be one class.
cat >>"$work/ours.yml" <<'END'
persons: {file: clinical.tsv, case: Patient ID, class: Diagnosis}
classes:
  - {name: hcc, title: hepatocellular carcinoma, value: 2, class: other, malignant: true}
  - {name: cyst, title: cyst, class: cyst}
END
cp -r "$work/own/a" "$work/own/b"
cp -r "$work/own/a" "$work/own/c"
printf 'Patient ID\tAge\tDiagnosis\na\t61\tHepatocellular Carcinoma\nb\t50\t2\nc\t40\t\n' >"$work/own/clinical.tsv"
expect 0 "" put "$work/ours.yml" "$work/own" "$work/ours"
for who in a b; do
    t=$work/ours/derivatives/truth/sub-$who/sub-${who}_lesions.json
    same "$(json "$t" patient_given_class)/$(json "$t" patient_class)/$(json "$t" lesions_known)" hcc/other/False "class of person $who"
done
grep -q patient_ "$work/ours/derivatives/truth/sub-c/sub-c_lesions.json" && fail "an empty cell gives a class"
study sub-a '{"centre_mm": [0, 0, 0], "class": "other", "long_axis_mm": 30}'
study sub-b '{"centre_mm": [0, 0, 0], "class": "cyst", "long_axis_mm": 30}'
expect 0 "" "$HEPAR" validate "$work/ours" "$work/out" --no-run -q
grep -qF "| hcc | other | 2 | 2 | 0 | 1 |" "$work/out/validation/report.md" || fail "persons by the words of the set: $(grep hcc "$work/out/validation/report.md")"
printf 'c\t40\tabscess\n' >>"$work/own/clinical.tsv"
expect 16 "clinical.tsv: c: 'abscess' is no row of the classes of ours" put "$work/ours.yml" "$work/own" "$work/ours"
sed -i '$d' "$work/own/clinical.tsv"
printf 'a\t61\tcyst\n' >>"$work/own/clinical.tsv"
expect 16 "clinical.tsv: a is of two classes, hcc and cyst" put "$work/ours.yml" "$work/own" "$work/ours"
sed -i 's/role: precontrast/role: precontrasd/' "$work/ours.yml"
expect 65 "ours.yml:11:38: unknown role" put "$work/ours.yml" "$work/own" "$work/ours"
finish
