# Bad input: one clear line, the documented exit code, nothing half-written, no earlier result lost.
. "$HEP_SOURCE/tests/e2e/lib.sh"
good=$data/volunteers/volunteer-1

# A copy of the volunteer that a case may spoil.
study() {
    rm -rf "$work/s"
    cp -r "$good" "$work/s"
    chmod -R u+w "$work/s"
}
run() { expect "$1" "$2" "$HEPAR" run "$work/s" -o "$work/o" -q; absent "$work/o/sub-s/dwi"; }

study; head -c 100000 "$good/dwi_flowcomp.nii.gz" >"$work/s/dwi_flowcomp.nii.gz"; run 65 "dwi_flowcomp.nii.gz"
study; printf '1 2 3\n' >"$work/s/dwi_flowcomp.bval"; run 65 "dwi_flowcomp.bval"
study; sed -i 's/^0 /-5 /' "$work/s/dwi_flowcomp.bval"; run 65 "dwi_flowcomp.bval"
study; sed -i 's/^0 /zero /' "$work/s/dwi_flowcomp.bval"; run 65 "dwi_flowcomp.bval"
study; sed -i 's/[0-9][0-9]*/500/g' "$work/s/dwi_flowcomp.bval"; run 65 "dwi_flowcomp.nii.gz"
study; sed -i 's/role: dwi/role: dwy/' "$work/s/study.yml"; run 65 "did you mean"
study; rm "$work/s/dwi_flowcomp.nii.gz"; run 66 "dwi_flowcomp.nii.gz"
rm -rf "$work/s"; mkdir "$work/s"; run 65 "$work/s"
rm -rf "$work/s"; run 66 "$work/s"

# Sidecars.
dual() {
    rm -rf "$work/s"
    cp -r "$data/dual-echo-coronal" "$work/s"
    chmod -R u+w "$work/s"
}
# broken TEXT: what TEXT names is left out, the rest goes on; --strict does not allow it
broken() {
    expect 0 "left out: $1" "$HEPAR" run "$work/s" -o "$work/o" --no-align
    there "$work/o/sub-s/sub-s_report.html"
    cases=$((cases + 1)); grep -q "left out: $1" "$work/o/sub-s/sub-s_report.html" || fail "the report does not say what is left out"
    expect 65 "left out, which --strict does not allow: $1" "$HEPAR" run "$work/s" -o "$work/o" -q --strict
    rm -r "$work/o"
}
dual; sed -i 's/"EchoTime": 0.005756/"EchoTime": "short"/' "$work/s/opposed_phase.json"; broken "opposed_phase.json: EchoTime"
dual; sed -i 's/"EchoTime": 0.005756,/"EchoTime": 0.005756, "EchoTime": 0.001,/' "$work/s/opposed_phase.json"; broken "opposed_phase.json"
# a pair whose echo times nobody tells: no fat fraction, with the reason, and the rest goes on
dual; sed -i '/"EchoTime"/d' "$work/s/opposed_phase.json"
expect 0 "EchoTime" "$HEPAR" run "$work/s" -o "$work/o" --no-align
absent "$work/o/sub-s/anat/sub-s_desc-dualecho_FFmap.nii.gz"
rm -r "$work/o"
dual; sed -i 's/0.006907/0.005756/' "$work/s/in_phase.json"
expect 65 "echo" "$HEPAR" fit dualecho "$work/s/in_phase.nii.gz" "$work/s/opposed_phase.nii.gz" -o "$work/f"
absent "$work/f"
expect 65 "grid" "$HEPAR" fit dualecho "$data/dual-echo-coronal/in_phase.nii.gz" "$data/abdomen-labels/mr.nii.gz" --te 0.0069 0.00575 --field 3 -o "$work/f"

# A pipe, a socket or a device costs itself: one line names it, nothing waits, the study goes on.
study; sed -i '/others: ignore/d' "$work/s/study.yml"; mkfifo "$work/s/x.nii.gz"; ln -s /dev/zero "$work/s/y.nii"
timeout 120 "$HEPAR" run "$work/s" -o "$work/pipe" >"$work/stdout" 2>"$work/stderr"
same "$?" 0 "exit code with a pipe in the study"
for name in x.nii.gz y.nii; do
    same "$(grep -c "$name is not a regular file: left out" "$work/stderr")" 1 "lines about $name"
done
there "$work/pipe/sub-s/dwi"
mkfifo "$work/s/dwi_flowcomp.json"
expect 65 "dwi_flowcomp.json is not a regular file" timeout 20 "$HEPAR" run "$work/s" -o "$work/o" -q
mkdir "$work/tubes"; mkfifo "$work/tubes/x.nii.gz"
expect 65 "x.nii.gz is not a regular file" timeout 20 "$HEPAR" run "$work/tubes" -o "$work/o" -q
study; rm "$work/s/dwi_flowcomp.nii.gz"; mkfifo "$work/s/dwi_flowcomp.nii.gz"
expect 65 '"dwi_flowcomp.nii.gz" is not a regular file' timeout 20 "$HEPAR" run "$work/s" -o "$work/o" -q
expect 65 "is not a regular file" timeout 20 "$HEPAR" fit adc "$work/s/dwi_flowcomp.nii.gz" --bvals "$work/s/dwi_flowcomp.bval" -o "$work/f"
study; rm "$work/s/study.yml"; mkfifo "$work/s/study.yml"; expect 65 "study.yml is not a regular file" timeout 20 "$HEPAR" run "$work/s" -o "$work/o" -q

# Masks, protocols, outputs.
study
expect 65 "liver.label" "$HEPAR" run "$work/s" -o "$work/o" -q --liver-mask "$data/abdomen-labels/labels.nii.gz"
expect 65 "grid" "$HEPAR" fit adc "$work/s/dwi_flowcomp.nii.gz" --bvals "$work/s/dwi_flowcomp.bval" --mask "$data/abdomen-labels/labels.nii.gz" -o "$work/f"
printf 'name: x\nagnet: gadoxetate\n' >"$work/p.yml"
expect 65 "did you mean" "$HEPAR" protocol check "$work/p.yml"
printf 'name: x\nagent: gadoxetate\nseries:\n  arterial: {window_s: [20 s, 45]}\n' >"$work/p.yml"
expect 65 "p.yml:4:" "$HEPAR" protocol check "$work/p.yml"
printf 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n' >"$work/p.yml"
expect 65 "p.yml:1:" "$HEPAR" protocol check "$work/p.yml"
expect 66 "no-such" "$HEPAR" protocol check no-such
expect 64 "did you mean" "$HEPAR" rnu
expect 64 "--bvals" "$HEPAR" fit adc "$work/s/dwi_flowcomp.nii.gz" -o "$work/f"
expect 64 "--mask" "$HEPAR" fit ivim "$work/s/dwi_flowcomp.nii.gz" --bvals "$work/s/dwi_flowcomp.bval" --method bayes -o "$work/f"
expect 65 "1500" "$HEPAR" fit kurtosis "$work/s/dwi_flowcomp.nii.gz" --bvals "$work/s/dwi_flowcomp.bval" -o "$work/f"
absent "$work/f"
printf 'x' >"$work/file"
expect 73 "$work/file" "$HEPAR" run "$work/s" -o "$work/file/out" -q

# A series that holds nothing is named.
study
gunzip -c "$good/dwi_flowcomp.nii.gz" >"$work/full.nii"
{ head -c 352 "$work/full.nii"; tail -c +353 "$work/full.nii" | tr '\000-\377' '\377'; } | gzip >"$work/s/dwi_flowcomp.nii.gz"
expect 65 "dwi_flowcomp.nii.gz: volume 0 shows no body" "$HEPAR" run "$work/s" -o "$work/o" -q

study
# An earlier result outlives a failure, and its reason is on record beside it.
expect 0 "" "$HEPAR" run "$work/s" -o "$work/keep" -q
before=$(cd "$work/keep/sub-s" && find . -type f ! -name '*_failed.json' | sort | xargs sha256sum)
head -c 1000 "$good/dwi_flowcomp.nii.gz" >"$work/s/dwi_flowcomp.nii.gz"
expect 65 "dwi_flowcomp.nii.gz" "$HEPAR" run "$work/s" -o "$work/keep" -q
same "$(cd "$work/keep/sub-s" && find . -type f ! -name '*_failed.json' | sort | xargs sha256sum)" "$before" "the earlier result"

# A full disk: no output file may be larger than 20 kB.
study
(ulimit -f 20; "$HEPAR" run "$work/s" -o "$work/full" -q >"$work/stdout" 2>"$work/stderr")
same "$?" 74 "exit code on a full disk"
same "$(wc -l <"$work/stderr")" 1 "lines on a full disk"
absent "$work/full/sub-s/dwi"
same "$(find "$work/full" -name '*.new-*' | wc -l)" 0 "temporary folders on a full disk"
if [ "$(id -u)" -ne 0 ]; then
    mkdir "$work/readonly"; chmod a-w "$work/readonly"
    expect 73 "readonly" "$HEPAR" run "$work/s" -o "$work/readonly/out" -q
fi
(: >/dev/full) 2>/dev/null && { "$HEPAR" stages >/dev/full 2>"$work/stderr"; same "$?" 74 "standard output on a full disk"; }
finish
