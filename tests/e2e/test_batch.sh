# slow: some twenty batches. Filters, failures that cost one study only, nothing twice, and the same bytes after kill -9 and TERM.
. "$HEP_SOURCE/tests/e2e/lib.sh"
bids=$work/bids
mkdir -p "$bids"
printf '{"Name": "volunteers", "BIDSVersion": "1.10.0"}\n' >"$bids/dataset_description.json"
printf 'participant_id\n' >"$bids/participants.tsv"
for v in 1 2 3 4; do
    mkdir -p "$bids/sub-0$v/dwi"
    cp "$data/volunteers/volunteer-$v/dwi_flowcomp.nii.gz" "$bids/sub-0$v/dwi/sub-0${v}_dwi.nii.gz"
    cp "$data/volunteers/volunteer-$v/dwi_flowcomp.bval" "$bids/sub-0$v/dwi/sub-0${v}_dwi.bval"
    printf '{"MagneticFieldStrength": 1.5}\n' >"$bids/sub-0$v/dwi/sub-0${v}_dwi.json"
    printf 'sub-0%s\n' $v >>"$bids/participants.tsv"
done
chmod -R u+w "$bids"
sums() { (cd "$1" && find . -type f ! -path './logs/*' | sort | xargs sha256sum); }

expect 0 "" "$HEPAR" batch "$bids" "$work/ref" participant --jobs 2 --reproducible --no-align
same "$(tail -n 1 "$work/stdout")" "4 studies: 4 done (0 unchanged), 0 failed, 0 not started" "first batch"
expect 0 "" "$HEPAR" batch "$bids" "$work/ref" participant --jobs 2 --reproducible --no-align
same "$(tail -n 1 "$work/stdout")" "4 studies: 4 done (4 unchanged), 0 failed, 0 not started" "second batch"
expect 0 "" "$HEPAR" batch "$bids" "$work/ref" group
same "$(wc -l <"$work/ref/studies.tsv")" 5 "rows of studies.tsv"
there "$work/ref/lesions.tsv"
for table in studies lesions; do there "$work/ref/$table.json"; done
rm -f "$work/ref"/studies.* "$work/ref"/lesions.* "$work/ref"/regions.* "$work/ref"/group.html

# Selections and levels.
expect 0 "" "$HEPAR" batch "$bids" "$work/dry" participant --dry-run --participant-label 02 sub-04
same "$(cut -f 1 "$work/stdout" | tr '\n' ' ')" "sub-02 sub-04 " "dry run"
absent "$work/dry"
expect 17 "unknown analysis level" "$HEPAR" batch "$bids" "$work/x" everything
expect 18 "no study matches" "$HEPAR" batch "$bids" "$work/x" participant --participant-label 77
expect 16 "dataset_description.json" "$HEPAR" batch "$data" "$work/x" participant
expect 66 "no such folder" "$HEPAR" batch "$work/nowhere" "$work/x" participant
ln -s "$HEPAR" "$work/hepar-bids"
mem=(--mem 4G)
grep -q __asan_init "$HEPAR" && mem=() # it reserves terabytes of addresses, and the limit is one of addresses
expect 0 "" "$work/hepar-bids" "$bids" "$work/app" participant --participant-label 03 --nthreads 1 "${mem[@]}" -w "$work" --no-align
there "$work/app/sub-03/sub-03_run.json"
# The group stage counts the whole dataset, also what no run has touched.
expect 0 "" "$work/hepar-bids" "$bids" "$work/app" group
same "$(tail -n 1 "$work/stdout")" "4 studies: 1 done, 0 failed, 0 running, 3 missing: $work/app" "group of one"

# Every setting reaches the studies, however many there are.
sets=(); for _ in $(seq 40); do sets+=(--set diffusion.adc.method=iwls); done
expect 0 "" "$HEPAR" batch "$bids" "$work/sets" participant --participant-label 03 --no-align "${sets[@]}" --set diffusion.adc.method=ols
grep -q '"diffusion.adc.method": "ols"' "$work/sets/sub-03/sub-03_run.json" || fail "the last of 41 settings is lost"

# One broken study costs that study only, is on record with its reason, and is not lost in the group.
cp -r "$bids" "$work/broken"
head -c 500 "$bids"/sub-02/dwi/sub-02_dwi.nii.gz >"$work/broken/sub-02/dwi/sub-02_dwi.nii.gz"
expect 3 "1 of 4 studies failed" "$HEPAR" batch "$work/broken" "$work/b" participant --jobs 2 --no-align
expect 0 "" "$HEPAR" status "$work/b"
grep -q "sub-02 .*failed: .*sub-02_dwi.nii.gz" "$work/stdout" || fail "status lacks the reason: $(cat "$work/stdout")"
cp "$bids/sub-02/dwi/sub-02_dwi.nii.gz" "$work/broken/sub-02/dwi/"
expect 0 "" "$HEPAR" batch "$work/broken" "$work/b" participant --only-failed --no-align
same "$(tail -n 1 "$work/stdout")" "1 studies: 1 done (0 unchanged), 0 failed, 0 not started" "only the failed one again"
expect 0 "" "$HEPAR" status "$work/b"
same "$(tail -n 1 "$work/stdout")" "4 done, 0 failed, 0 running, 0 missing" "status after the repair"

# A study that takes too long, and the protocol column of participants.tsv.
expect 3 "studies failed" "$HEPAR" batch "$bids" "$work/slow" participant --participant-label 01 --time-limit 0.001 --no-align
"$HEPAR" status "$work/slow" | grep -q "time limit" || fail "time limit not on record"
cp -r "$bids" "$work/cols"
printf 'participant_id\tprotocol\nsub-01\tamri-hbp\nsub-02\tn/a\n' >"$work/cols/participants.tsv"
expect 0 "" "$HEPAR" batch "$work/cols" "$work/dry" participant --dry-run --participant-label 01 02 -p eca-full
same "$(cut -f 2 "$work/stdout" | tr '\n' ' ')" "amri-hbp eca-full " "protocols"

# kill -9 at random moments, of the batch or of one study, then the same command again: the bytes of an undisturbed run.
RANDOM=7
for i in $(seq 20); do
    rm -rf "$work/k"
    "$HEPAR" batch "$bids" "$work/k" participant --jobs 2 --reproducible --no-align >/dev/null 2>&1 &
    batch=$!
    sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
    if [ $((i % 2)) = 0 ]; then
        kill -9 $batch 2>/dev/null
    else
        pkill -9 -P $batch 2>/dev/null
    fi
    wait $batch 2>/dev/null
    expect 0 "" "$HEPAR" batch "$bids" "$work/k" participant --jobs 2 --reproducible --no-align
    [ "$(sums "$work/k")" = "$(sums "$work/ref")" ] || fail "bytes differ after kill -9 number $i"
    same "$(find "$work/k" -name '*.new-*' -o -name '*.lock' -o -name '*.tmp' | wc -l)" 0 "leftovers after kill -9 number $i"
done

# Killed after its result was in place, before the lock was given back: done, and tidied by the next run.
mkdir "$work/ref/.sub-02.lock"
printf '%s 999999999 1\n' "$(uname -n)" >"$work/ref/.sub-02.lock/owner"
same "$("$HEPAR" status "$work/ref" | tail -n 1)" "4 done, 0 failed, 0 running, 0 missing" "status with a dead run's lock"
expect 0 "" "$HEPAR" batch "$bids" "$work/ref" participant --jobs 2 --reproducible --no-align
same "$(tail -n 1 "$work/stdout")" "4 studies: 4 done (4 unchanged), 0 failed, 0 not started" "batch over a dead run's lock"
absent "$work/ref/.sub-02.lock"

# TERM: abandons cleanly with 75.
"$HEPAR" batch "$bids" "$work/t" participant --jobs 2 --reproducible --no-align --force >/dev/null 2>&1 &
batch=$!
sleep 0.1
kill -TERM $batch
wait $batch
same "$?" 75 "exit code after TERM"
expect 0 "" "$HEPAR" batch "$bids" "$work/t" participant --jobs 2 --reproducible --no-align
[ "$(sums "$work/t")" = "$(sums "$work/ref")" ] || fail "bytes differ after TERM"

# Two batches on one folder do not clash.
"$HEPAR" batch "$bids" "$work/two" participant --jobs 2 --reproducible --no-align --retries 50 >/dev/null 2>&1 &
first=$!
"$HEPAR" batch "$bids" "$work/two" participant --jobs 2 --reproducible --no-align --retries 50 >/dev/null 2>&1
wait $first
expect 0 "" "$HEPAR" batch "$bids" "$work/two" participant --reproducible --no-align
[ "$(sums "$work/two")" = "$(sums "$work/ref")" ] || fail "bytes differ after two batches at once"
finish
