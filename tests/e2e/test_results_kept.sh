# Nothing lost: what is already in an output folder, and what links beside it lead to, is never overwritten unasked.
. "$HEP_SOURCE/tests/e2e/lib.sh"

# A BIDS dataset of one volunteer.
bids() {
    mkdir -p "$1/sub-01/dwi"
    printf '{"Name": "volunteers", "BIDSVersion": "1.10.0"}\n' >"$1/dataset_description.json"
    cp "$data/volunteers/volunteer-$2/dwi_flowcomp.nii.gz" "$1/sub-01/dwi/sub-01_dwi.nii.gz"
    cp "$data/volunteers/volunteer-$2/dwi_flowcomp.bval" "$1/sub-01/dwi/sub-01_dwi.bval"
    printf '{"MagneticFieldStrength": 1.5}\n' >"$1/sub-01/dwi/sub-01_dwi.json"
    chmod -R u+w "$1"
}

# A link, or a second name of a file, where a log of a study goes: the name gets a new file, the other file stays.
bids "$work/one" 1
mkdir -p "$work/o/logs"
printf 'precious\n' >"$work/precious"
ln -s "$work/precious" "$work/o/logs/sub-01.jsonl"
expect 0 "" "$HEPAR" batch "$work/one" "$work/o" participant --no-align
same "$(cat "$work/precious")" precious "the target of a link in logs"
[ -f "$work/o/logs/sub-01.jsonl" ] && [ ! -L "$work/o/logs/sub-01.jsonl" ] || fail "the log is no file of its own"
grep -q '"event": *"stage-start"' "$work/o/logs/sub-01.jsonl" || fail "the log says nothing"
ln -f "$work/precious" "$work/o/logs/sub-01.jsonl"
expect 0 "" "$HEPAR" batch "$work/one" "$work/o" participant --no-align
same "$(cat "$work/precious")" precious "the other name of a log"
# A log that cannot be had costs the log alone, with a line that says so.
rm "$work/o/logs/sub-01.jsonl"; mkdir "$work/o/logs/sub-01.jsonl"
expect 0 "sub-01: no log: cannot create" "$HEPAR" batch "$work/one" "$work/o" participant --no-align

# A run is held still while it writes, something happens to what it holds, and it goes on.
out=$work/o result=$work/o/sub-01
sums() { (cd "$1" && find . -type f ! -name '*_failed.json' | sort | xargs sha256sum) | sha256sum; }
hold() {
    "$HEPAR" run "$work/one/sub-01" -o "$out" -q --no-align --force "$@" >"$work/held.out" 2>"$work/held.err" &
    held=$!
    for _ in $(seq 2000); do
        hidden=$(find "$out" -maxdepth 1 -name '.sub-01.new-*' 2>/dev/null)
        [ -n "$hidden" ] && [ -n "$(find "$hidden" -name '*.nii.gz' ! -name '.*' 2>/dev/null)" ] && break
        sleep 0.01
    done
    kill -STOP $held || fail "the run was over before it could be held"
}
# let_go TEXT: it ends with 75 and one line that holds TEXT.
let_go() {
    kill -CONT $held
    wait $held
    same "$?" 75 "exit code: $1"
    same "$(wc -l <"$work/held.err")" 1 "lines: $1"
    grep -q "$1" "$work/held.err" || fail "no '$1' in: $(cat "$work/held.err")"
}
before=$(sums "$result")

hold
rm "$(find "$hidden" -name '*.nii.gz' ! -name '.*' | head -n 1)"
let_go "is no longer there"
same "$(sums "$result")" "$before" "the result after a run that lost a file"

hold
rm -r "$hidden"
let_go "hidden folder of this run was removed"
same "$(sums "$result")" "$before" "the result after a run that lost its folder"

# Silent for an hour on another host: the next run takes the study over, with other settings.
hold
sed -i 's/^[^ ]*/elsewhere.example/' "$out/.sub-01.lock/owner"
touch -d '1 hour ago' "$out/.sub-01.lock/owner"
expect 0 "" "$HEPAR" run "$work/one/sub-01" -o "$out" -q --no-align --set diffusion.adc.method=ols
other=$(sums "$result")
[ "$other" != "$before" ] || fail "the other run has changed nothing"
let_go "the lock of this run is gone"
same "$(sums "$result")" "$other" "the result of the run that took over"

hold
mv "$out/.sub-01.lock" "$work/lock"
let_go "the lock of this run is gone"
same "$(sums "$result")" "$other" "the result after a run that lost its lock"
same "$(find "$out" -maxdepth 1 -name '.sub-01.*' | wc -l)" 0 "remains"

hold
rm -r "$out"
let_go "gone"
absent "$result"

# An owner file that says nothing does not hold a study for ever.
mkdir -p "$out/.sub-01.lock"; : >"$out/.sub-01.lock/owner"
expect 75 "another run is writing this study" "$HEPAR" run "$work/one/sub-01" -o "$out" -q --no-align
touch -d '1 hour ago' "$out/.sub-01.lock/owner"
expect 0 "" "$HEPAR" run "$work/one/sub-01" -o "$out" -q --no-align

# A mistyped setting does not cost the record of an earlier result.
before=$(sums "$result")
expect 65 "did you mean" "$HEPAR" run "$work/one/sub-01" -o "$out" -q --set difusion.adc.method=ols
same "$(sums "$result")" "$before" "the result after a mistyped setting"
there "$result/sub-01_failed.json"
expect 0 "" "$HEPAR" run "$work/one/sub-01" -o "$out" -q --no-align
same "$(cat "$work/stdout")" "sub-01: nothing has changed: $result" "the run after a mistyped setting"
absent "$result/sub-01_failed.json"

finish
