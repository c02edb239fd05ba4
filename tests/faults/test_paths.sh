# Each way in which a command gets to an allocation, an open, a read, a write, a flush, a rename or a creation, with that
# call failing (tests/faults/every_path.c): the documented exit code and one clear line, or the bytes of the undisturbed
# run; no torn file; and no signal. The short form takes a few ways of each command, the long form all.
. "$HEP_SOURCE/tests/e2e/lib.sh"
export OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=$work/libraries
printf 'leak:libfyaml.so\n' >"$work/libraries" # loses a kilobyte where a text is no YAML
few=$([ -n "${HEP_FAULTS_LONG:-}" ] && echo 0 || echo "${HEP_FAULTS_WAYS:-2}")
make() { /usr/bin/python3 "$HEP_SOURCE/tests/cases/make.py" "$@"; }
declare -A codes=([memory]=71,75 [json]=71,75 [write]=73,74 [sync]=74 [rename]=73,74 [create]=73,74 [open]=65,66,73,74 [read]=65,66,74)
# ways KINDS OUT WORD...: of `hepar WORD...`, which writes OUT
ways() {
    local kinds=$1 out=$2 kind
    shift 2
    [ "$kinds" = all ] && kinds="memory json write sync rename create open read"
    for kind in $kinds; do
        cases=$((cases + 1))
        "$EVERY_PATH" "$kind" "${codes[$kind]}" "$out" "$few" -- "$@" >"$work/ways" 2>&1 || fail "$*: $(cat "$work/ways")"
        tail -n 1 "$work/ways"
    done
}
o=$work/o

# Fits, of one slice and of small volumes.
dwi=$data/volunteers/volunteer-1/dwi_flowcomp
organs=(--bvals "$dwi.bval" --mask "$data/volunteers/volunteer-1/rois.nii.gz" --nthreads 1)
ways all "$o" fit adc "$dwi.nii.gz" "${organs[@]}" -o "$o"
ways "memory json" "$o" fit ivim "$dwi.nii.gz" "${organs[@]}" -o "$o" --maps all --method bayes
echoes=$data/dual-echo-coronal
ways "memory json open read" "$o" fit dualecho "$echoes/in_phase.nii.gz" "$echoes/opposed_phase.nii.gz" -o "$o" --nthreads 1
flips=$data/t1-flip-angles
ways "memory json" "$o" fit t1 "$flips"/vfa_{2,10,20}deg.nii.gz --tr 0.005 -m "$flips/tumour_mask.nii.gz" -o "$o" --nthreads 1
ways "memory open read" "$work/none" fit uptake "$data/gadoxetate/2_control_scan1.tsv" -p "$data/gadoxetate/2_control_parameters.tsv" --json

# A study of four series through all stages, its inventory, its pages and tables, and what is made of them.
make study "$work/bids"
printf '{"Name": "small", "BIDSVersion": "1.10.0"}\n' >"$work/bids/dataset_description.json"
body=$work/body.nii.gz
/usr/bin/python3 - "$work/bids/sub-01/anat/sub-01_acq-pre_T1w.nii.gz" "$body" "$work/spot.nii.gz" <<'PYTHON'
import gzip, struct, sys
data = bytearray(gzip.open(sys.argv[1]).read())
values = struct.unpack_from(f"<{(len(data) - 352) // 4}f", data, 352)
def save(path, inside):
    struct.pack_into(f"<{len(values)}f", data, 352, *[float(inside(i, v)) for i, v in enumerate(values)])
    gzip.open(path, "wb").write(bytes(data))
save(sys.argv[2], lambda i, v: v > 200 and i % 24 > 10)
save(sys.argv[3], lambda i, v: 15 <= i % 24 < 18 and 8 <= i // 24 % 24 < 11 and 2 <= i // 576 < 4)
PYTHON
given=(--liver-mask "$body" --lesions "$work/spot.nii.gz")
small=(--no-align -q --reproducible --nthreads 1)
# A file that cannot be read costs its series alone, with the reason: no failed read or open there.
ways "memory json" "$work/none" inventory "$work/bids/sub-01"
ways "memory json" "$work/none" run "$work/bids/sub-01" -o "$o" --dry-run
few_of_others=$few few=$([ -n "${HEP_FAULTS_LONG:-}" ] && echo 0 || echo 1) # seconds a run
ways "memory json write sync rename create" "$o" run "$work/bids/sub-01" "${small[@]}" -o "$o"
ways "memory json" "$o" run "$work/bids/sub-01" "${small[@]}" "${given[@]}" --radiomics -o "$o"
expect 0 "" "$HEPAR" run "$work/bids/sub-01" "${small[@]}" "${given[@]}" -o "$work/done"
few=$few_of_others
ways "memory open read" "$work/none" status "$work/done" # jansson takes a text that it has no memory for to be no JSON
ways memory "$work/page.html" report "$work/done/sub-01" -o "$work/page.html"
ways memory "$o" evaluate "$work/done" "$work/done" -o "$o" --nthreads 1
ways "memory" "$work/none" stages
ways memory "$work/none" protocol show eob-full
ways memory "$work/none" protocol check eob-full
ways memory "$work/none" manual settings
for file in phantom mask; do cp "$data/ibsi/$file.nii.gz" "$work/"; done
ways "memory write sync rename create" "$work/all.tsv" radiomics "$work/phantom.nii.gz" "$work/mask.nii.gz" -o "$work/all.tsv" --levels count --bins 4

finish
