# One bad series is one bad series: each kind of broken file costs its series alone, with the reason in the log, the
# inventory, run.json and the report; --strict makes it exit code 65.
. "$HEP_SOURCE/tests/e2e/lib.sh"
make() { /usr/bin/python3 "$HEP_SOURCE/tests/cases/make.py" "$@"; }
make study "$work/good"
t2=anat/sub-01_acq-fatsat_T2w
# spoil: a fresh copy in $work/s
spoil() {
    rm -rf "$work/s" "$work/o"
    cp -r "$work/good" "$work/s"
}
# left_out TEXT: of the series that was spoiled
left_out() {
    local place
    "$HEPAR" run "$work/s/sub-01" -o "$work/o" --no-align --nthreads 2 >"$work/stdout" 2>"$work/stderr"
    same $? 0 "$1: exit code"
    "$HEPAR" inventory "$work/s/sub-01" >"$work/inventory" 2>&1
    for place in "$work/stderr" "$work/inventory" "$work/o/sub-01/sub-01_run.json" "$work/o/sub-01/sub-01_report.html"; do
        cases=$((cases + 1))
        grep -qF -- "left out: $1" "$place" || fail "no 'left out: $1' in ${place#"$work"/}"
    done
    there "$work/o/sub-01/dwi/sub-01_desc-mono_ADC.nii.gz"
    expect 65 "which --strict does not allow: $1" "$HEPAR" run "$work/s/sub-01" -o "$work/o2" --no-align -q --strict
}
spoil; head -c 5000 "$work/good/sub-01/$t2.nii.gz" >"$work/s/sub-01/$t2.nii.gz"; left_out "$t2.nii.gz: gzip: truncated"
spoil; gunzip -c "$work/good/sub-01/$t2.nii.gz" | head -c 5000 | gzip >"$work/s/sub-01/$t2.nii.gz"; left_out "$t2.nii.gz: the header asks for"
spoil; : >"$work/s/sub-01/$t2.json"; left_out "$t2.json:1:1"
spoil; echo '{"EchoTime": 0.085,}' >"$work/s/sub-01/$t2.json"; left_out "$t2.json:1:"
spoil; rm "$work/s/sub-01/$t2.nii.gz"; ln -s nowhere.nii.gz "$work/s/sub-01/$t2.nii.gz"; left_out "$t2.nii.gz: a link to a file that is not there"
spoil; rm "$work/s/sub-01/$t2.json"; ln -s nowhere.json "$work/s/sub-01/$t2.json"; left_out "$t2.json: a link to a file that is not there"
spoil; make six_axes "$work/s"; left_out "anat/sub-01_task-x_bold.nii: axis 6 has 10 steps"
# A T1-weighted image under the name of T2: on the grid of another phase it is what that name says, and T2 alone goes.
spoil; cp "$work/good/sub-01/anat/sub-01_acq-pre_T1w.nii.gz" "$work/s/sub-01/$t2.nii.gz"
expect 0 "left out: $t2.nii.gz: the same image as anat/sub-01_acq-pre_T1w.nii.gz, which lies on the grid of other T1-weighted series" "$HEPAR" run "$work/s/sub-01" -o "$work/o" --no-align
same "$(grep -c "left out: anat/sub-01_acq-pre" "$work/o/sub-01/sub-01_run.json")" 0 "the precontrast series stays"
rm "$work/s/sub-01/anat/sub-01_acq-art_ce-gadoxetate_T1w."*
expect 0 "left out: anat/sub-01_acq-pre_T1w.nii.gz: the same image as $t2.nii.gz, and which of the two names is true is not known" "$HEPAR" run "$work/s/sub-01" -o "$work/o" --no-align
# Form codes 0: bytes 252 to 255 of the header.
spoil; /usr/bin/python3 -c 'import gzip, sys
p = sys.argv[1]; d = bytearray(gzip.open(p).read()); d[252:256] = bytes(4); gzip.open(p, "wb").write(bytes(d))' "$work/s/sub-01/$t2.nii.gz"
left_out "$t2.nii.gz: no orientation"
# A fit of one grid needs none, says so, and gives its maps none; a mask that has one is on another grid.
make unplaced "$work/u"; u=$work/u/sub-01/dwi/sub-01_dwi
expect 0 "no orientation (sform_code and qform_code 0)" "$HEPAR" fit adc "$u.nii.gz" --bvals "$u.bval" -o "$work/u/fit" -m "$work/u/unplaced.nii.gz"
same "$(gunzip -c "$work/u/fit/ADC.nii.gz" | od -An -t d2 -j 252 -N 4 | tr -d ' ')" 00 "form codes of the map"
same "$(make median "$work/u/fit/ADC.nii.gz" | cut -c 1-5)" 0.001 "ADC without orientation"
expect 65 "the mask's grid is not that of" "$HEPAR" fit adc "$u.nii.gz" --bvals "$u.bval" -o "$work/u/fit" -m "$work/u/placed.nii.gz"
# Damage inside shows when the file is read: the run begins again without it.
spoil; /usr/bin/python3 -c 'import sys
p = sys.argv[1]; d = bytearray(open(p, "rb").read()); n = len(d) // 2; d[n:n + 60] = bytes(x ^ 90 for x in d[n:n + 60]); open(p, "wb").write(bytes(d))' "$work/s/sub-01/$t2.nii.gz"
expect 0 "begun again without this series" "$HEPAR" run "$work/s/sub-01" -o "$work/o" --no-align
expect 0 "" "$HEPAR" run "$work/s/sub-01" -o "$work/o" --no-align
same "$(cat "$work/stdout")" "sub-01: nothing has changed: $work/o/sub-01" "a second run of a damaged study"
# What can be understood is no reason to leave anything out.
spoil; sed -i 's/0.085/85/' "$work/s/sub-01/$t2.json"
expect 0 "EchoTime 85 cannot be in s: taken as ms" "$HEPAR" run "$work/s/sub-01" -o "$work/o" --no-align --strict -p amri-noncontrast --set series.in_opposed.required=false
# Nothing is left.
spoil; rm -r "$work/s/sub-01/anat"; rm "$work/s/sub-01/dwi/sub-01_dwi.bval"
expect 65 "no series is left: dwi/sub-01_dwi.nii.gz: no b-values" "$HEPAR" run "$work/s/sub-01" -o "$work/o" -q
mkdir -p "$work/s/sub-01/anat"; cp "$work/good/sub-01/$t2.nii.gz" "$work/s/sub-01/anat/sub-01_T1w.nii.gz"
expect 65 "; anat/sub-01_T1w.nii.gz: nothing says what this is" "$HEPAR" run "$work/s/sub-01" -o "$work/o" -q
# Required by the protocol and not there: a warning, and an error under --strict.
spoil; rm "$work/s/sub-01/dwi/"*
expect 0 "requires the series dwi" "$HEPAR" run "$work/s/sub-01" -o "$work/o" --no-align -p amri-noncontrast
expect 65 "requires the series" "$HEPAR" run "$work/s/sub-01" -o "$work/o" --no-align -p amri-noncontrast --strict -q

# ---- labels, participants, inheritance -----------------------------------------------------------
make labels "$work/bids"
for l in a-b a_b; do expect 65 "rename the folder" "$HEPAR" run "$work/bids/sub-$l" -o "$work/l" -q; done
expect 0 "" "$HEPAR" run "$work/bids/sub-ab" -o "$work/l" --no-align -q
same "$(ls "$work/l" | grep -c '^sub-')" 1 "folders of sub-a-b, sub-a_b and sub-ab"
expect 0 "no sub-nothere in this dataset" "$HEPAR" batch "$work/bids" "$work/b" participant -n --participant-label 01 nothere
same "$(cut -f 1 "$work/stdout")" sub-01 "the participant that is there"
expect 18 "sub-nothere is not there" "$HEPAR" batch "$work/bids" "$work/b" participant -n --participant-label nothere
spoil; mv "$work/s/sub-01/dwi/sub-01_dwi.bval" "$work/s/dwi.bval"; mv "$work/s/sub-01/$t2.json" "$work/s/T2w.json"
"$HEPAR" inventory "$work/s/sub-01" >"$work/stdout" 2>&1
same "$(grep -c 'b-values \[s/mm2\]: 0 50 400 800' "$work/stdout")" 1 "b-values of the root"
same "$(grep -c 'spin echo with TE 85 ms\|TE in the range used for the liver' "$work/stdout" | grep -vc '^0')" 1 "echo time of the root"
finish
