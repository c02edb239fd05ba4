# Killed at random moments, over run, batch and group: nothing torn, and the same command again ends with the bytes of an
# undisturbed run.
. "$HEP_SOURCE/tests/faults/lib.sh"
make_study "$work/bids"
cp -r "$work/bids/sub-01" "$work/bids/sub-02"
for f in "$work/bids/sub-02/dwi"/*; do mv "$f" "${f//sub-01_/sub-02_}"; done
run() { "$HEPAR" run "$work/bids/sub-01" --no-align -q --reproducible -o "$1"; }
batch() { "$HEPAR" batch "$work/bids" "$1" participant --jobs 2 --no-align --reproducible -q; }
both() { batch "$1" && "$HEPAR" batch "$work/bids" "$1" group -q; }
RANDOM=11
# kill_often COMMAND TIMES
kill_often() {
    local command=$1 i begun took group
    rm -rf "$work/want"
    begun=$(date +%s%N)
    expect 0 "" "$command" "$work/want"
    took=$((($(date +%s%N) - begun) / 1000000 + 1))
    for i in $(seq "$2"); do
        [ $((i % 5)) = 1 ] && rm -rf "$work/o" # the others go on where the last one was killed
        set -m
        "$command" "$work/o" >/dev/null 2>&1 &
        group=$!
        set +m
        sleep "$(awk -v r=$RANDOM -v t=$took 'BEGIN {print r / 32768 * t / 1000}')"
        kill -9 -- "-$group" 2>/dev/null
        wait "$group" 2>/dev/null
        cases=$((cases + 1))
        [ ! -d "$work/o" ] || whole "$work/o" 2>"$work/torn" || fail "$command, kill $i: $(cat "$work/torn")"
        if [ $((i % 5)) = 0 ]; then
            expect 0 "" "$command" "$work/o"
            same "$(sums "$work/o")" "$(sums "$work/want")" "$command after kill $i"
        fi
    done
    expect 0 "" "$command" "$work/o"
    same "$(sums "$work/o")" "$(sums "$work/want")" "$command after all kills"
    same "$(find "$work/o" -name '.sub-*' -o -name '*.tmp' | wc -l)" 0 "what $command left"
    rm -rf "$work/o"
}
kill_often run "$(times 6 500)"
kill_often batch "$(times 3 300)"
kill_often both "$(times 2 200)"

# Stopped for a while and continued: the same result.
run "$work/s" & pid=$!
sleep 0.3; kill -STOP $pid 2>/dev/null; sleep 0.5; kill -CONT $pid 2>/dev/null
wait $pid
same "$?" 0 "exit code of a run that was stopped for a while"
finish
