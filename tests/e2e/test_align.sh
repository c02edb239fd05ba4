# Registration of a simulated study: its modes, its traces, and its absence.
. "$HEP_SOURCE/tests/e2e/lib.sh"
command -v elastix >/dev/null && command -v transformix >/dev/null || exit 77
expect 0 "" "$HEPAR" simulate amri-hbp "$work/bids" --fast --lesions none --seed 5 --degrade noise,shift=1.5,deform=2 -q
s=$work/bids/sub-01

# way RUN SERIES RAW SPACE_REFERENCE: the file of the transform alone brings the series to the reference, by numpy and
# by a program of ITK, to 0.02 mm of what Hepar wrote.
way() {
    local x=$(ls "$1"/sub-01/xfm/sub-01_from-"$2"_to-reference_mode-image_xfm.{nii.gz,txt} 2>/dev/null) itk=""
    if [ "$2" != dwi ] && command -v plastimatch >/dev/null; then
        itk=$work/itk-$2.nii.gz
        plastimatch warp --input "$s/$3" --fixed "$1/sub-01/$4" --xf "$x" --interpolation linear --output-img "$itk" \
            --output-type float >"$work/plastimatch.log" 2>&1 || fail "plastimatch does not read $x"
    fi
    /usr/bin/python3 "$HEP_SOURCE/tests/e2e/check_transform.py" "$x" "$s/$3" "$1/sub-01/$4" $itk || fail "transform of $2"
}

expect 0 "mutual information rises" "$HEPAR" run "$s" -p amri-hbp -o "$work/one" --nthreads 2 --set outputs.aligned=true
way "$work/one" t2 anat/sub-01_acq-fatsat_T2w.nii.gz anat/sub-01_space-reference_T2w.nii.gz
way "$work/one" dwi dwi/sub-01_dwi.nii.gz dwi/sub-01_space-reference_dwi.nii.gz
there "$work/one/sub-01/anat/sub-01_space-reference_desc-hepatobiliary_T1w.nii.gz"
there "$work/one/sub-01/dwi/sub-01_space-reference_dwi.bval"
# The viewer shows the series under the outlines.
mkdir "$work/viewer"
echo 'var niivue = {};' >"$work/viewer/niivue.umd.js"
echo BSD >"$work/viewer/LICENSE"
expect 0 "" env HEPAR_VIEWER="$work/viewer" "$HEPAR" report "$work/one/sub-01" --study "$s" --viewer -o "$work/viewer.html"
same "$(grep -c 'id="v-t2"' "$work/viewer.html")" 1 "T2 on the reference in the viewer"
same "$(find "$work/one/sub-01/xfm" -name "*_to-reference_mode-image_xfm.nii.gz" | wc -l)" "$(grep -c '"displacement": "xfm_' "$work/one/sub-01/sub-01_run.json")" "fields as run.json names them"
there "$work/one/sub-01/xfm/sub-01_registration.log"
grep -q "$work\|$(hostname)" "$work/one/sub-01/xfm/sub-01_registration.log" && fail "the log names a path or a host"
grep -q '"method": "deformable"' "$work/one/sub-01/sub-01_run.json" || fail "no deformable transform in run.json"
same "$(find "$work/one" -name 'registration' -o -name 'deformationField*' | wc -l)" 0 "files left by elastix"

# A run that takes the transforms over from their files gives the numbers of one that makes them.
cp -a "$work/one" "$work/again"
other="--set lesions.ring.index_min=0.31 --set outputs.aligned=true"
expect 0 "" "$HEPAR" run "$s" -p amri-hbp -o "$work/again" --nthreads 2 -q $other
expect 0 "" "$HEPAR" run "$s" -p amri-hbp -o "$work/fresh" --nthreads 2 -q $other
for f in $(cd "$work/fresh/sub-01" && find . -name '*_lesions.json' -o -name '*.nii.gz'); do
    cmp -s "$work/fresh/sub-01/$f" "$work/again/sub-01/$f" || fail "$f differs when the alignment is taken over"
done

expect 0 "" "$HEPAR" run "$s" -p amri-hbp -o "$work/rigid" --align rigid -q --set outputs.aligned=true
same "$(find "$work/rigid/sub-01/xfm" -name "*.nii.gz" | wc -l)" 0 "fields of a rigid alignment"
grep -q '"method": "rigid"' "$work/rigid/sub-01/sub-01_run.json" || fail "no rigid transform in run.json"
way "$work/rigid" t2 anat/sub-01_acq-fatsat_T2w.nii.gz anat/sub-01_space-reference_T2w.nii.gz
way "$work/rigid" dwi dwi/sub-01_dwi.nii.gz dwi/sub-01_space-reference_dwi.nii.gz
expect 0 "alignment is switched off" "$HEPAR" run "$s" -p amri-hbp -o "$work/none" --no-align
absent "$work/none/sub-01/xfm"
expect 64 "exclude each other" "$HEPAR" run "$s" -o "$work/none" --no-align --align rigid

# Without elastix, or with one that fails: results in scanner geometry, which say so.
mkdir "$work/bin"
expect 0 "elastix is not installed" env PATH="$work/bin" "$HEPAR" run "$s" -p amri-hbp -o "$work/without"
grep -q "elastix is not installed" "$work/without/sub-01/sub-01_run.json" || fail "run.json does not say that elastix is missing"
# Once it is there, the series are aligned: the results made without it are not taken for current.
expect 0 "mutual information rises" "$HEPAR" run "$s" -p amri-hbp -o "$work/without" --nthreads 2
expect 66 "asks for elastix" env PATH="$work/bin" "$HEPAR" run "$s" -p amri-hbp -o "$work/demanded" --set align.engine=elastix
printf '#!/bin/sh\nexit 9\n' >"$work/bin/elastix"
cp "$work/bin/elastix" "$work/bin/transformix"
chmod +x "$work/bin/elastix" "$work/bin/transformix"
expect 0 "elastix failed with exit code 9" env PATH="$work/bin:/usr/bin:/bin" "$HEPAR" run "$s" -p amri-hbp -o "$work/broken"
# One that cannot be executed is a fault as any other.
printf '#!/no/such/interpreter\n' >"$work/bin/elastix"
expect 0 "cannot start elastix" env PATH="$work/bin:/usr/bin:/bin" "$HEPAR" run "$s" -p amri-hbp -o "$work/stopped"
grep -q '"failed": true' "$work/broken/sub-01/sub-01_run.json" || fail "run.json does not say that a registration failed"
finish
