# What is on record is true, nothing hangs, and nobody is named: whole commands under attack.
. "$HEP_SOURCE/tests/e2e/lib.sh"
jane=$work/DOE_JANE
mkdir -p "$jane/bids/sub-01/dwi"
bids=$jane/bids dest=$jane/out result=$jane/out/sub-01
printf '{"Name": "volunteers", "BIDSVersion": "1.10.0"}\n' >"$bids/dataset_description.json"
cp "$data/volunteers/volunteer-1/dwi_flowcomp.nii.gz" "$bids/sub-01/dwi/sub-01_dwi.nii.gz"
cp "$data/volunteers/volunteer-1/dwi_flowcomp.bval" "$bids/sub-01/dwi/sub-01_dwi.bval"
chmod -R u+w "$bids"
quick="-q --no-align"

# Forty personal data where a scanner, a person or a path may put them: none is in any byte of any output, packed or not.
words=(ZZDoe ZZJane ZZBirth19700203 ZZ0815 ZZHospital ZZDrSmith ZZStreet ZZAccession ZZStudyID ZZUID1.2.840.99 ZZOperator ZZStation
    ZZDevice ZZWard ZZReferring ZZPhysician ZZRequest ZZComment ZZHistory ZZEthnic ZZInsurance ZZPhone ZZMother ZZOccupation
    ZZAddress ZZCity ZZSeriesUID ZZProtocol ZZProcedure ZZWeight)
keys=(PatientName PatientGivenName PatientBirthDate PatientID InstitutionName PerformingPhysicianName InstitutionAddress
    AccessionNumber StudyID StudyInstanceUID OperatorsName StationName DeviceSerialNumber InstitutionalDepartmentName
    ReferringPhysicianName RequestingPhysician RequestAttributes PatientComments AdditionalPatientHistory EthnicGroup
    InsurancePlanIdentification PatientTelephoneNumbers PatientMotherBirthName Occupation PatientAddress City SeriesInstanceUID
    ProcedureStepDescription RequestedProcedureDescription PatientWeightText)
{
    printf '{"MagneticFieldStrength": 1.5'
    for i in "${!words[@]}"; do printf ', "%s": "%s"' "${keys[$i]}" "${words[$i]}"; done
    printf '}\n'
} >"$bids/sub-01/dwi/sub-01_dwi.json"
mkdir -p "$work/ZZmasks" "$work/ZZproto"
sed 's/^title:.*/title: a protocol  # ZZremark/' "$HEP_SOURCE/configs/amri-noncontrast.yml" >"$work/ZZproto/ZZfile.yml"
printf 'participant_id\tname\nsub-01\tZZParticipant\n' >"$bids/participants.tsv"
printf '{"PatientName": "ZZInherited"}\n' >"$bids/dwi.json"
mkdir "$bids/sub-01/ZZfolder"; printf 'no image' >"$bids/sub-01/ZZfolder/sub-01_T2w.nii.gz"
mv "$bids/sub-01/ZZfolder" "$bids/sub-01/anat"
words+=(ZZmasks ZZproto ZZfile ZZremark ZZParticipant ZZInherited DOE_JANE "${work#/tmp/}" "$work")
HEP_USER_NAME=ZZEnvironment expect 0 "" "$HEPAR" batch "$bids" --skip-bids-validation "$dest" participant --no-align --protocol="$work/ZZproto/ZZfile.yml" -d "$work/ZZmasks"
words+=(ZZEnvironment)
same "${#words[@]}" 40 "planted words"
expect 0 "" "$HEPAR" run "$bids/sub-01" --out="$jane/alone" $quick
head -c 1000 "$data/volunteers/volunteer-1/dwi_flowcomp.nii.gz" >"$work/short.nii.gz"
mkdir -p "$jane/broken/sub-02/dwi"; cp "$work/short.nii.gz" "$jane/broken/sub-02/dwi/sub-02_dwi.nii.gz"
expect 65 "" "$HEPAR" run "$jane/broken/sub-02" -o "$jane/alone" $quick
expect 3 "" "$HEPAR" batch "$jane/broken" --skip-bids-validation "$dest" participant --no-align
expect 0 "" "$HEPAR" batch "$bids" "$dest" group
there "$dest/group.html"
printf '%s\n' "${words[@]}" >"$work/words"
cases=$((cases + 1))
/usr/bin/env python3 - "$work/words" "$dest" "$jane/alone" <<'PYTHON' >"$work/said" || fail "personal data: $(cat "$work/said")"
import base64, gzip, os, re, sys
words = [w.encode() for w in open(sys.argv[1]).read().split('\n') if w]
found = 0
def look(name, data):
    global found
    for w in words:
        if w in data:
            print(name, 'holds', w.decode()); found += 1
for top in sys.argv[2:]:
    for folder, _, files in os.walk(top):
        for f in files:
            path = os.path.join(folder, f)
            data = open(path, 'rb').read()
            look(path, data)
            look(path + ' (its name)', os.path.relpath(path, top).encode())
            if data[:2] == b'\x1f\x8b':
                look(path + ' (unpacked)', gzip.decompress(data))
            for code in re.findall(rb'base64,([A-Za-z0-9+/=]{8,})', data):
                look(path + ' (base64)', base64.b64decode(code + b'=' * (-len(code) % 4)))
sys.exit(found > 0)
PYTHON

# A damaged file of the right size: found by its time, or by its hash when asked, and never handed on to a new result.
map=$(find "$result" -name '*_ADC.nii.gz' | head -n 1) sum=$(sha256sum <"$map")
spoil() { printf 'X' | dd of="$map" bs=1 seek=500 conv=notrunc status=none; }
run() { "$HEPAR" run "$bids/sub-01" -o "$dest" $quick -p "$work/ZZproto/ZZfile.yml" -d "$work/ZZmasks" "$@"; }
expect 0 "" run
same "$(cat "$work/stdout")" "sub-01: nothing has changed: $result" "a result that holds"
spoil
expect 0 "" run
same "$(sha256sum <"$map")" "$sum" "a map written to after the record"
spoil; touch -d '2001-01-01' "$map"
expect 0 "" run --verify
same "$(sha256sum <"$map")" "$sum" "a damaged map with --verify"
spoil; touch -d '2001-01-01' "$map"
expect 0 "" run --set lesions.ring.index_min=0.31
same "$(sha256sum <"$map")" "$sum" "a damaged map beside a changed setting"

# What would be computed, and why: nothing is written, nothing locked.
before=$(cd "$dest" && find . -type f -printf '%p %T@\n' | sort | sha256sum)
plan() { expect 0 "" run --dry-run "$@"; cat "$work/stdout"; }
set -- --set lesions.ring.index_min=0.31
same "$(plan "$@")" "sub-01: nothing has changed: $result" "a plan of nothing"
case "$(plan)" in "sub-01: would be computed: changed setting lesions.ring.index_min (0.31, now "*"(stages: "*"lesions"*) ;; *) fail "plan: $(plan)" ;; esac
case "$(plan "$@" --force)" in "sub-01: would be computed: everything is asked for again (stages: inventory, "*) ;; *) fail "plan: $(plan "$@" --force)" ;; esac
cp "$bids/sub-01/dwi/sub-01_dwi.bval" "$work/bval"; sed -i 's/^0 /1 /' "$bids/sub-01/dwi/sub-01_dwi.bval"
case "$(plan "$@")" in *"computed: sidecars, b-values or study.yml say something else of the series (stages"*) ;; *) fail "plan: $(plan "$@")" ;; esac
cp "$work/bval" "$bids/sub-01/dwi/sub-01_dwi.bval"
expect 0 "" "$HEPAR" batch "$jane/broken" --skip-bids-validation "$work/nothing" participant --dry-run
same "$(cut -f 1,3 "$work/stdout" | cut -c 1-19)" "$(printf 'sub-02\twould fail: ')" "the plan of a batch"
absent "$work/nothing"
same "$(cd "$dest" && find . -type f -printf '%p %T@\n' | sort | sha256sum)" "$before" "files after plans"
sed -i 's/"version": "[^"]*"/"version": "0.1.0"/' "$result/sub-01_run.json"
same "$("$HEPAR" status "$dest" | head -n 1)" "$(printf '%-24s done with 0.1.0' sub-01)" "status of an older result"
case "$(plan "$@")" in *"made by version 0.1.0, this is "*) ;; *) fail "plan: $(plan "$@")" ;; esac
"$HEPAR" batch "$bids" "$dest" group >/dev/null
same "$(head -n 1 "$dest/studies.tsv" | cut -f 1-10 | tr '\t' ' ')" "study state exit_code reason protocol version start_time duration_s peak_memory_bytes warnings" "columns of studies.tsv"
sed -i 's/"Version": "[^"]*"/"Version": "0.1.0"/' "$dest/dataset_description.json"
expect 0 "" run "$@"
same "$(grep -c '"Version"' "$dest/dataset_description.json")" 2 "versions that made the dataset"

# Eight batches of one subject each at once: all are expected afterwards.
for i in 1 2 3 4 5 6 7 8; do
    mkdir -p "$work/eight/sub-0$i/dwi"; cp "$work/short.nii.gz" "$work/eight/sub-0$i/dwi/sub-0${i}_dwi.nii.gz"
done
for round in 1 2 3; do
    rm -rf "$work/list"; pids=()
    for i in 1 2 3 4 5 6 7 8; do
        "$HEPAR" batch "$work/eight" --skip-bids-validation "$work/list" participant --participant-label 0$i >/dev/null 2>&1 &
        pids+=($!)
    done
    wait "${pids[@]}"
    rm -rf "$work/list"/sub-*
    same "$("$HEPAR" status "$work/list" | tail -n 1)" "0 done, 0 failed, 0 running, 8 missing" "studies of eight batches, round $round"
done

# A parent that ignores SIGCHLD hands that on: a batch ends all the same.
expect 3 "studies failed" timeout 60 /usr/bin/env python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$HEPAR" batch "$work/eight" --skip-bids-validation "$work/chld" participant --participant-label 01

# A folder link to / is not walked; a link out of the study is left out, and read when that is allowed.
mkdir "$work/linked"; ln -s / "$work/linked/all"; ln -s "$bids/sub-01/dwi/sub-01_dwi.nii.gz" "$work/linked/dwi.nii.gz"
ln -s "$bids/sub-01/dwi/sub-01_dwi.bval" "$work/linked/dwi.bval"
expect 65 "is a link that leads out of the study: left out" timeout 20 "$HEPAR" inventory "$work/linked"
rm "$work/linked/all"
expect 0 "" timeout 60 "$HEPAR" run "$work/linked" --follow-links -o "$work/followed" $quick
# A file of 96 GB that is no such image, with little memory.
mkdir "$work/huge"; gunzip -c "$bids/sub-01/dwi/sub-01_dwi.nii.gz" | head -c 1000 >"$work/huge/dwi.nii"; truncate -s 96G "$work/huge/dwi.nii"
expect 65 "the file has 103079215104" timeout 10 "$HEPAR" run "$work/huge" -o "$work/o" $quick
finish
