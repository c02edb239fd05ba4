# The n-th write, flush, rename, creation, read or allocation fails, for a sample of n over the whole of a run: the result
# is the earlier one or the new one and never torn, the exit code is the documented one, and the same command without the
# fault ends with the bytes of an undisturbed run.
. "$HEP_SOURCE/tests/faults/lib.sh"
export OMP_NUM_THREADS=1
make_study "$work/bids"
study=$work/bids/sub-01
quick=(--no-align -q --reproducible --nthreads 1)
run() { "$HEPAR" run "$study" "${quick[@]}" -o "$@"; }
expect 0 "" run "$work/want"
want=$(sums "$work/want")
cp -a "$work/want" "$work/start"
faulty() { env HEP_FAULT="$1" HEP_FAULT_PROGRAM="$(readlink -f "$HEPAR")" ${count:+HEP_FAULT_COUNT="$count"} LD_PRELOAD="$HEP_FAULTY" \
    "$HEPAR" run "$study" "${quick[@]}" -o "$work/o" --force >"$work/said" 2>&1; }
# The sample is evenly spread over all calls, the first and the last included.
sample() { awk -v n="$1" -v k="$2" 'BEGIN {for (i = 0; i < k; i++) {m = k > 1 ? 1 + int(i * (n - 1) / (k - 1)) : 1; if (m != last) print m; last = m}}'; }
# fault KIND[:ERROR] SHORT LONG CODE...: of so many calls each alone, and a tenth of them with all that follow
fault() {
    local kind=${1%%:*} error=${1#*:} points n at kept old crashes=0
    [ "$error" = "$1" ] && error=
    points=$(times "$2" "$3")
    shift 3
    rm -rf "$work/o"; cp -a "$work/start" "$work/o"
    count=$work/count faulty "$kind:0${error:+:$error}" || fail "counting $kind: $(cat "$work/said")"
    n=$(cat "$work/count")
    cases=$((cases + 1)); [ "$n" -gt 0 ] || fail "no call of $kind"
    for at in $(sample "$n" "$points") $(sample "$n" $((points / 10 + 1)) | sed 's/$/+/'); do
        rm -rf "$work/o"; cp -a "$work/start" "$work/o"
        faulty "$kind:$at${error:+:$error}"
        kept=$?
        if [ $kept -ge 128 ] && [ "$kind" = memory ]; then
            crashes=$((crashes + 1)) # a library that does not look at what it is given
        else
            allowed $kept "$kind $at of $n $error: $(tail -n 1 "$work/said")" 0 "$@"
        fi
        old=$(sums "$work/o")
        same "$old" "$want" "the result after $kind $at of $n $error (exit code $kept)"
        whole "$work/o" 2>"$work/torn" || fail "after $kind $at of $n $error: $(cat "$work/torn")"
    done
    printf '%s%s: %d calls, %d faults, %d crashes of libraries\n' "$kind" "${error:+ $error}" "$n" "$points" "$crashes"
    expect 0 "" run "$work/o"
    same "$(sums "$work/o")" "$want" "the run after faults of $kind"
}
fault write 5 400 74 75
fault write:EIO 3 200 74 75
fault write:SHORT 3 200 74 75
fault sync 3 100 74 75
fault rename 5 100 73 74 75
fault create 4 100 73 74 75
fault read 3 200 65 66 74 75
fault memory 8 1000 1 65 66 71 73 74 75
finish
