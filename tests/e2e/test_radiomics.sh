# hepar radiomics on the digital phantom of IBSI: tables, parameters, bad input. The values are compared with the
# reference in tests/radiomics.
. "$HEP_SOURCE/tests/e2e/lib.sh"
image=$data/ibsi/phantom.nii.gz mask=$data/ibsi/mask.nii.gz

expect 0 "" "$HEPAR" radiomics "$image" "$mask"
same "$(awk -F'\t' '$2 == "cm_joint_max_3D_comb" { printf "%.3f", $6 }' "$work/stdout")" 0.509 "joint maximum"
same "$(wc -l <"$work/stdout")" 483 "lines of the table"
expect 0 "" "$HEPAR" radiomics "$image" "$mask" -o "$work/all.tsv" --levels count --bins 4 --outliers 3
there "$work/all.tsv"
there "$work/all.json"
same "$(sed -n 2p "$work/all.tsv" | cut -f 8,9,17)" "$(printf 'count\t4\t3')" "parameters beside a value"
expect 0 "" "$HEPAR" radiomics "$image" "$mask" --families ngt --json
same "$(grep -c '"feature"' "$work/stdout")" 15 "values of one family"
expect 0 "" "$HEPAR" radiomics "$image" "$mask" --normalise zscore --normalise-mask "$mask" --families statistics
same "$(awk -F'\t' '$2 == "stat_var" { printf "%.4f", $6 }' "$work/stdout")" 1.0000 "variance of z-scores"

expect 64 "known are" "$HEPAR" radiomics "$image" "$mask" --families shape
expect 64 "--bin-width" "$HEPAR" radiomics "$image" "$mask" --levels width
expect 64 ".tsv or .json" "$HEPAR" radiomics "$image" "$mask" -o "$work/x.csv"
absent "$work/x.csv"
expect 65 "label 3" "$HEPAR" radiomics "$image" "$mask" --label 3
expect 65 "range" "$HEPAR" radiomics "$image" "$mask" --low 50
expect 65 "no grey levels" "$HEPAR" radiomics "$image" "$mask" --levels as-is --normalise zscore
expect 65 "grid" "$HEPAR" radiomics "$image" "$data/abdomen-labels/labels.nii.gz"
expect 66 "none.nii.gz" "$HEPAR" radiomics "$image" "$work/none.nii.gz"

# In a run: the liver and each lesion in the reference series, as `hepar radiomics` has them.
PATH=/usr/bin:$PATH python3 -c "
import nibabel, sys
i = nibabel.load(sys.argv[1]); m = i.get_fdata().astype('u1') * 0; m[15:30, 30:50] = 1
nibabel.save(nibabel.Nifti1Image(m, i.affine), sys.argv[2])" "$data/dce-abdomen/labels.nii.gz" "$work/block.nii.gz"
expect 0 "" "$HEPAR" run "$data/dce-abdomen" -p eca-full -o "$work/run" --liver-mask "$work/block.nii.gz" --radiomics --no-align
table=$work/run/sub-dceabdomen/sub-dceabdomen_radiomics
there "$table.tsv"
there "$table.json"
same "$(awk -F '\t' '$2 == 0 { n++ } END { print n }' "$table.tsv")" 482 "values of the liver"
finish
