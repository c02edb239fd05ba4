# hepar spectral and spectral-group: files, numbers known from how the volumes are drawn, bad input.
. "$HEP_SOURCE/tests/e2e/lib.sh"

PATH=/usr/bin:$PATH python3 - "$work" <<'PYTHON'
import sys
import nibabel
import numpy
x, y, z = numpy.mgrid[:20, :20, :20]
r = numpy.sqrt((x - 10) ** 2 + (y - 10) ** 2 + (z - 10) ** 2)
iodine = numpy.where(r <= 6, 3.0, 2.0)
def save(name, data):
    nibabel.save(nibabel.Nifti1Image(data, numpy.eye(4)), sys.argv[1] + "/" + name)
for kev, hu in ((60, 40.0), (100, 15.0)):  # HU of 1 mg/mL
    save(f"pv_{kev}keV.nii.gz", (50 + iodine * hu).astype("f4"))
save("lesions.nii.gz", (r <= 6).astype("u1"))
save("liver.nii.gz", numpy.ones(r.shape, "u1"))
save("iodine.nii.gz", (iodine * 10).astype("f4"))
with open(sys.argv[1] + "/groups.tsv", "w") as f:
    f.write("lesion\tprimary\tslope\n")
    for i, (p, v) in enumerate([("a", 1.1), ("a", 2.3), ("a", 1.9), ("a", 2.8), ("a", 1.4), ("b", 2.2), ("b", 3.9),
                                ("b", 3.1), ("b", 4.4), ("c", 1.7), ("c", 2.0), ("c", 2.9), ("c", 3.3), ("c", 2.5), ("c", 2.1)]):
        f.write(f"{i}\t{p}\t{v}\n")
PYTHON
ct="$work/pv_60keV.nii.gz $work/pv_100keV.nii.gz"

# cell FILE REGION COLUMN
cell() { awk -F'\t' -v r="$2" -v c="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) k = i } $3 == r { printf "%.4f", $k }' "$1"; }
# shellcheck disable=SC2086
expect 0 "" "$HEPAR" spectral $ct --lesions "$work/lesions.nii.gz" --liver-mask "$work/liver.nii.gz" \
    --iodine "$work/iodine.nii.gz" --iodine-scale 0.1 -o "$work/out"
same "$(cell "$work/out/spectral.tsv" liver slope_hu_per_kev)" 1.2500 "slope of liver: 2 mg/mL x 25 HU / 40 keV"
same "$(cell "$work/out/spectral.tsv" whole slope_to_liver)" 1.5000 "slope of the lesion over the liver"
same "$(cell "$work/out/spectral.tsv" edge iodine_mg_per_ml)" 3.0000 "iodine of the edge"
for file in slope.nii.gz slope.json spectral.json spectrum.tsv spectrum.json; do there "$work/out/$file"; done
# shellcheck disable=SC2086
expect 0 "" "$HEPAR" spectral $ct --lesions "$work/lesions.nii.gz" --liver-mask "$work/liver.nii.gz" --denominator 60 -o "$work/out"
same "$(cell "$work/out/spectral.tsv" liver slope_hu_per_kev)" 0.8333 "slope by the paper's denominator"

expect 0 "" "$HEPAR" spectral-group "$work/groups.tsv" --by primary -o "$work/groups"
same "$(awk -F'\t' '$2 == "analysis of variance" { printf "%.6f", $3 }' "$work/groups/tests.tsv")" 4.727733 "F as scipy has it"
there "$work/groups/comparison.html"
expect 64 "--by" "$HEPAR" spectral-group "$work/groups.tsv"
expect 65 "no column" "$HEPAR" spectral-group "$work/groups.tsv" --by organ
expect 65 'group "5"' "$HEPAR" spectral-group "$work/groups.tsv" --by lesion --where primary=b --values slope
# shellcheck disable=SC2086
expect 65 "70 keV" "$HEPAR" spectral $ct --lesions "$work/lesions.nii.gz" --low-kev 70 -o "$work/none"
# shellcheck disable=SC2086
expect 65 "two energies" "$HEPAR" spectral $ct --lesions "$work/lesions.nii.gz" --low-kev 100 -o "$work/none"
expect 65 "energy" "$HEPAR" spectral "$work/iodine.nii.gz" --lesions "$work/lesions.nii.gz" -o "$work/none"
# shellcheck disable=SC2086
expect 65 "are both of 60 keV" "$HEPAR" spectral $ct --energies 60 60 --lesions "$work/lesions.nii.gz" -o "$work/none"
# shellcheck disable=SC2086
expect 64 "3 values for 2" "$HEPAR" spectral $ct --energies 60 80 100 --lesions "$work/lesions.nii.gz" -o "$work/none"
absent "$work/none"

# What cannot be compared is one line, and nothing is written.
printf 'primary\tslope\ncolon\t1\ncolon\t1\nbreast\t2\nbreast\t2\n' >"$work/flat.tsv"
expect 65 "no group has any variance" "$HEPAR" spectral-group "$work/flat.tsv" --by primary --values slope -o "$work/flat"
absent "$work/flat"
printf 'primary\tslope\ncolon\t1\ncolon\t2\nbreast\t2\n' >"$work/one.tsv"
expect 65 'group "breast" has 1 value' "$HEPAR" spectral-group "$work/one.tsv" --by primary -o "$work/flat"
absent "$work/flat"
finish
