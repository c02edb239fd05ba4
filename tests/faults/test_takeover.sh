# Two containers over one folder: the same host name, and process numbers that mean nothing to the other. A run that is
# taken over commits nothing. Then clocks that jump, and disks that are really full.
. "$HEP_SOURCE/tests/faults/lib.sh"
inside=(unshare --user --map-root-user --pid --fork --mount --mount-proc --uts)
"${inside[@]}" hostname box >/dev/null 2>&1 || { echo "skipped: no namespaces here"; exit 77; }
make_study "$work/bids"
arguments=(run "$work/bids/sub-01" --no-align -q)
box() { "${inside[@]}" sh -c 'hostname box; exec "$@"' sh "$HEPAR" "${arguments[@]}" -o "$work/o" "$@"; }
# hold FOLDER PATTERN: stop the run that has the lock of FOLDER
hold() {
    held=
    for _ in $(seq 3000); do
        [ -e "$1/.sub-01.lock/owner" ] && held=$(pgrep -n -f "^$HEPAR $2") && [ -n "$held" ] && break
        sleep 0.005
    done
    [ -n "$held" ] && kill -STOP "$held" || fail "the run was over before it could be held"
}

expect 0 "" box
box --force >"$work/first" 2>&1 & first=$!
hold "$work/o" "run $work/bids/sub-01 .*--force"
# The second sees a lock of its own host name and of its own process number, but of another start.
expect 0 "" box --set diffusion.adc.method=ols
after=$(sums "$work/o")
kill -CONT "$held"
wait $first
same "$?" 75 "exit code of the run that was taken over: $(cat "$work/first")"
same "$(sums "$work/o")" "$after" "the result of the run that took over"
whole "$work/o" 2>"$work/torn" || fail "$(cat "$work/torn")"
expect 0 "" box
same "$(find "$work/o" -maxdepth 1 -name '.sub-01*' | wc -l)" 0 "remains"

# A clock that jumps by a year in either direction does not make the lock of a living owner old.
"$HEPAR" "${arguments[@]}" -o "$work/c" --force >/dev/null 2>&1 & first=$!
hold "$work/c" "run $work/bids/sub-01 .*-o $work/c"
for when in '1 year ago' 'now + 1 year'; do
    touch -d "$when" "$work/c/.sub-01.lock/owner"
    expect 75 "another run is writing this study" "$HEPAR" "${arguments[@]}" -o "$work/c"
done
kill -CONT "$held"
wait $first
same "$?" 0 "exit code of the run whose clock jumped"

# Disks of growing size, in kB: the result is there and whole, or it is not there.
mkdir "$work/disk"
for kb in $(times "60 600" "$(seq -s ' ' 20 40 4000)"); do
    "${inside[@]}" bash -c 'mount -t tmpfs -o size="$1"k none "$2" || exit 99
        "${@:3}"; code=$?
        if [ $code = 0 ]; then [ -s "$2/out/sub-01/sub-01_run.json" ] || exit 98
        else [ ! -e "$2/out/sub-01/dwi" ] && [ ! -e "$2/out/sub-01/anat" ] || exit 98; fi
        exit $code' disk "$kb" "$work/disk" "$HEPAR" "${arguments[@]}" -o "$work/disk/out" >"$work/said" 2>&1
    allowed $? "a disk of $kb kB: $(tail -n 1 "$work/said")" 0 73 74
done
finish
