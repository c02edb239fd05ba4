# Four real volunteers fitted by both solvers: within a hundredth of the standard error of each other in 99.9 % of the
# voxels that both settle, air included in one; the same maps for every instruction set; the method bayes.
. "$HEP_SOURCE/tests/e2e/lib.sh"
ivim() { "$HEPAR" fit ivim "$dwi.nii.gz" --bvals "$dwi.bval" "$@"; }
agreement() { between "$(awk '/^verified:/ {print $2 / $4}' "$work/stdout")" 0.999 1 "agreement, $1"; }

for v in 1 2 3 4; do
    dwi=$data/volunteers/volunteer-$v/dwi_flowcomp
    expect 0 "" ivim --mask "$data/volunteers/volunteer-$v/rois.nii.gz" --verify -o "$work/m"
    agreement "organs of volunteer $v"
done
dwi=$data/volunteers/volunteer-2/dwi_flowcomp
expect 0 "" ivim --verify -o "$work/m"
agreement "whole slice"
between "$(awk '/^verified:/ {print $4}' "$work/stdout")" 7000 8000 "voxels settled"

dwi=$data/volunteers/volunteer-1/dwi_flowcomp
for isa in baseline avx2 avx512; do
    ivim --isa $isa -o "$work/$isa" >"$work/stdout" 2>&1 || continue # this processor may not have it
    same "$(sha256sum <"$work/$isa/D.nii.gz")$(sha256sum <"$work/$isa/Dstar.nii.gz")" \
        "$(sha256sum <"$work/baseline/D.nii.gz")$(sha256sum <"$work/baseline/Dstar.nii.gz")" "maps by $isa"
done

expect 0 "" ivim --mask "$data/volunteers/volunteer-1/rois.nii.gz" --method bayes --verify -o "$work/bayes"
agreement bayes
grep -q '^prior of D\*: median' "$work/stdout" || fail "the prior is not told"
grep -q '"PriorDstarMedian"' "$work/bayes/Dstar.json" || fail "the prior is not in the sidecar"
# Only what was asked for: maps by name and group, one file as the peers write it, plain or gzip.
list() { (cd "$1" && ls | grep -v json | tr '\n' ' '); }
roi=(--mask "$data/volunteers/volunteer-1/rois.nii.gz")
expect 0 "" ivim "${roi[@]}" -o "$work/few"
same "$(list "$work/few")" "D.nii.gz Dstar.nii.gz S0.nii.gz f.nii.gz status.nii.gz " "parameters and status"
expect 0 "" ivim "${roi[@]}" --maps errors,rmse --format nii -o "$work/named"
same "$(list "$work/named")" "D_stderr.nii Dstar_stderr.nii f_stderr.nii rmse.nii " "group and name"
expect 0 "" ivim "${roi[@]}" --maps all -o "$work/all"
same "$(list "$work/all" | wc -w)" 11 "all maps"
cmp "$work/all/f.nii.gz" "$work/few/f.nii.gz" || fail "a map depends on which others are asked for"
expect 0 "" ivim "${roi[@]}" --maps f -o "$work/one/perfusion.nii.gz"
cmp "$work/one/perfusion.nii.gz" "$work/few/f.nii.gz" || fail "one file differs from the folder's"
grep -q '"Units": "1"' "$work/one/perfusion.json" || fail "no sidecar beside one file"
expect 0 "" "$HEPAR" fit adc "$dwi.nii.gz" --bvals "$dwi.bval" "${roi[@]}" -o "$work/adc.nii"
expect 0 "" "$HEPAR" fit adc "$dwi.nii.gz" --bvals "$dwi.bval" "${roi[@]}" -o "$work/adc"
cmp "$work/adc.nii" <(gzip -cd "$work/adc/ADC.nii.gz") || fail "the first map of fit adc is not ADC"
expect 64 "did you mean 'errors'" ivim --maps error -o "$work/bad"
expect 64 "are 4 maps: give a folder" ivim --maps parameters -o "$work/bad.nii"
expect 64 "is not of --format nii.gz" ivim --format nii.gz -o "$work/bad.nii"
expect 64 "-o DIR is needed" ivim
there_not() { [ ! -e "$1" ] || fail "$1 was written"; }
there_not "$work/bad"
there_not "$work/bad.nii"
finish
