# Registration of a simulated study: its modes, its traces, and its absence.
. "$HEP_SOURCE/tests/e2e/lib.sh"
command -v elastix >/dev/null && command -v transformix >/dev/null || exit 77
expect 0 "" "$HEPAR" simulate amri-hbp "$work/bids" --fast --lesions none --seed 5 --degrade noise,shift=1.5,deform=2 -q
s=$work/bids/sub-01
quick="--set align.iterations=100"

expect 0 "mutual information rises" "$HEPAR" run "$s" -p amri-hbp -o "$work/one" --nthreads 2 $quick
same "$(find "$work/one/sub-01/xfm" -name "*_to-reference_xfm.nii.gz" | wc -l)" "$(grep -c '"displacement": "xfm_' "$work/one/sub-01/sub-01_run.json")" "fields as run.json names them"
there "$work/one/sub-01/xfm/sub-01_registration.log"
grep -q "$work\|$(hostname)" "$work/one/sub-01/xfm/sub-01_registration.log" && fail "the log names a path or a host"
grep -q '"method": "deformable"' "$work/one/sub-01/sub-01_run.json" || fail "no deformable transform in run.json"
same "$(find "$work/one" -name 'registration' -o -name 'deformationField*' | wc -l)" 0 "files left by elastix"

# A run that takes the transforms over from their files gives the numbers of one that makes them.
cp -a "$work/one" "$work/again"
other="--set lesions.ring.index_min=0.31"
expect 0 "" "$HEPAR" run "$s" -p amri-hbp -o "$work/again" --nthreads 2 -q $quick $other
expect 0 "" "$HEPAR" run "$s" -p amri-hbp -o "$work/fresh" --nthreads 2 -q $quick $other
for f in $(cd "$work/fresh/sub-01" && find . -name '*_lesions.json' -o -name '*.nii.gz'); do
    cmp -s "$work/fresh/sub-01/$f" "$work/again/sub-01/$f" || fail "$f differs when the alignment is taken over"
done

expect 0 "" "$HEPAR" run "$s" -p amri-hbp -o "$work/rigid" --align rigid -q $quick
same "$(find "$work/rigid/sub-01/xfm" -name "*.nii.gz" | wc -l)" 0 "fields of a rigid alignment"
grep -q '"method": "rigid"' "$work/rigid/sub-01/sub-01_run.json" || fail "no rigid transform in run.json"
expect 0 "alignment is switched off" "$HEPAR" run "$s" -p amri-hbp -o "$work/none" --no-align
absent "$work/none/sub-01/xfm"
expect 64 "exclude each other" "$HEPAR" run "$s" -o "$work/none" --no-align --align rigid

# Without elastix, or with one that fails: results in scanner geometry, which say so.
mkdir "$work/bin"
expect 0 "elastix is not installed" env PATH="$work/bin" "$HEPAR" run "$s" -p amri-hbp -o "$work/without"
grep -q "elastix is not installed" "$work/without/sub-01/sub-01_run.json" || fail "run.json does not say that elastix is missing"
# Once it is there, the series are aligned: the results made without it are not taken for current.
expect 0 "mutual information rises" "$HEPAR" run "$s" -p amri-hbp -o "$work/without" --nthreads 2 $quick
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
