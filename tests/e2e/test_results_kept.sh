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
dest=$work/o result=$work/o/sub-01
sums() { (cd "$1" && find . -type f ! -name '*_failed.json' | sort | xargs sha256sum) | sha256sum; }
# A run that is over before it can be held has made the same bytes again, and another one is tried.
hold() {
    local file
    for _ in 1 2 3 4 5 6; do
        "$HEPAR" run "$work/one/sub-01" -o "$dest" -q --no-align --force "$@" >"$work/held.out" 2>"$work/held.err" &
        held=$!
        file=
        while [ -z "$file" ] && kill -0 $held 2>/dev/null; do
            file=$(compgen -G "$dest/.sub-01.new-*/*/*.nii.gz" | head -n 1)
        done
        hidden=$(dirname "$(dirname "${file:-none/none/none}")")
        kill -STOP $held 2>/dev/null
        for _ in $(seq 100); do
            grep -q '^State:.*stopped' /proc/$held/status 2>/dev/null && [ -e "$file" ] && return
            grep -q '^State:.*zombie' /proc/$held/status 2>/dev/null && break
            sleep 0.01
        done
        kill -CONT $held 2>/dev/null
        wait $held
    done
    fail "no run could be held"
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
sed -i 's/^[^ ]*/elsewhere.example/' "$dest/.sub-01.lock/owner"
touch -d '1 hour ago' "$dest/.sub-01.lock/owner"
expect 0 "" "$HEPAR" run "$work/one/sub-01" -o "$dest" -q --no-align --set diffusion.adc.method=ols
other=$(sums "$result")
[ "$other" != "$before" ] || fail "the other run has changed nothing"
let_go "the lock of this run is gone"
same "$(sums "$result")" "$other" "the result of the run that took over"

hold --set diffusion.adc.method=ols
mv "$dest/.sub-01.lock" "$work/lock"
let_go "the lock of this run is gone"
same "$(sums "$result")" "$other" "the result after a run that lost its lock"
same "$(find "$dest" -maxdepth 1 -name '.sub-01.*' | wc -l)" 0 "remains"

hold
rm -r "$dest"
let_go "gone"
absent "$result"

# An owner file that says nothing does not hold a study for ever.
mkdir -p "$dest/.sub-01.lock"; : >"$dest/.sub-01.lock/owner"
expect 75 "another run is writing this study" "$HEPAR" run "$work/one/sub-01" -o "$dest" -q --no-align
touch -d '1 hour ago' "$dest/.sub-01.lock/owner"
expect 0 "" "$HEPAR" run "$work/one/sub-01" -o "$dest" -q --no-align

# A mistyped setting does not cost the record of an earlier result.
before=$(sums "$result")
expect 65 "did you mean" "$HEPAR" run "$work/one/sub-01" -o "$dest" -q --set difusion.adc.method=ols
same "$(sums "$result")" "$before" "the result after a mistyped setting"
there "$result/sub-01_failed.json"
expect 0 "" "$HEPAR" run "$work/one/sub-01" -o "$dest" -q --no-align
same "$(cat "$work/stdout")" "sub-01: nothing has changed: $result" "the run after a mistyped setting"
absent "$result/sub-01_failed.json"

# Two studies of one label: the second does not take the place of the first, and one line names both.
for v in 1 2; do
    mkdir -p "$work/$v/siemens"
    cp "$data/volunteers/volunteer-$v/"* "$work/$v/siemens"
    chmod -R u+w "$work/$v"
done
dest=$work/p result=$work/p/sub-siemens
run() { "$HEPAR" run "$@" -o "$dest" -q --no-align; }
for mode in "" --reproducible; do
    rm -rf "$dest"
    expect 0 "" run "$work/1/siemens" $mode
    before=$(sums "$result")
    expect 73 "$result holds the result of another study (dwi_flowcomp.nii.gz " run "$work/2/siemens" $mode
    expect 73 "$work/2/siemens" run "$work/2/siemens" $mode --force
    same "$(sums "$result")" "$before" "the result of the first study $mode"
    same "$(find "$dest" -name '.sub-*' -o -name '*_failed.json' | wc -l)" 0 "remains of the refused study $mode"
    expect 0 "" run "$work/1/siemens" $mode
    same "$(cat "$work/stdout")" "sub-siemens: nothing has changed: $result" "the first study again $mode"
    expect 0 "" run "$work/2/siemens" $mode --replace
    expect 73 "another study" run "$work/1/siemens" $mode
    expect 0 "" run "$work/1/siemens" $mode --replace
done
same "$(sums "$result")" "$before" "the bytes of the first study, replaced twice"
grep -q study_folder "$result/sub-siemens_run.json" && fail "a trace of the folder with --reproducible"

# A name of its own keeps both.
expect 0 "" run "$work/2/siemens" --label other
there "$dest/sub-other/sub-other_run.json"
expect 0 "" run "$work/1/siemens"
same "$(cat "$work/stdout")" "sub-siemens: nothing has changed: $result" "the first study beside a second of another name"
expect 73 "another study" run "$work/1/siemens" --label sub-other
expect 64 "letters and digits" run "$work/2/siemens" --label "an_other"

# The same study: corrected, moved, with fewer files, by another name of its folder, with other images in it.
rm -rf "$dest"
done_again() {
    expect 0 "" run "$1"
    same "$(cat "$work/stdout")" "sub-siemens: done: $result" "$2"
}
done_again "$work/1/siemens" "the first run"
grep -q '"study_folder_sha256"' "$result/sub-siemens_run.json" || fail "run.json does not know the folder"
grep -q "$work" "$result/sub-siemens_run.json" && fail "run.json holds the path of the folder"
sed -i 's/role: dwi/role: dwi\n    field_t: 1.5/' "$work/1/siemens/study.yml"
done_again "$work/1/siemens" "a correction"
mkdir "$work/moved" "$work/again" "$work/3"
mv "$work/1/siemens" "$work/moved/"
expect 0 "" run "$work/moved/siemens"
same "$(cat "$work/stdout")" "sub-siemens: nothing has changed: $result" "a moved folder"
sed -i '/^labels:/d' "$work/moved/siemens/study.yml"
mv "$work/moved/siemens" "$work/again/"
done_again "$work/again/siemens" "without its label map, in a moved folder"
ln -s "$work/again/siemens" "$work/siemens"
cp "$work/2/siemens/"* "$work/again/siemens/"
done_again "$work/siemens" "other images in the same folder, by a link"
cp -r "$data/volunteers/volunteer-3" "$work/3/siemens"
expect 73 "another study" run "$work/3/siemens"

# What Hepar has not written is not replaced, nor the study itself, nor sessions below a subject.
mkdir -p "$work/f/sub-siemens"; printf 'mine\n' >"$work/f/sub-siemens/notes.txt"
expect 73 "holds files (notes.txt) and no result of Hepar" "$HEPAR" run "$work/siemens" -o "$work/f" -q
same "$(find "$work/f" -type f)" "$work/f/sub-siemens/notes.txt" "files in the foreign folder"
expect 0 "" "$HEPAR" run "$work/siemens" -o "$work/f" -q --no-align --replace
absent "$work/f/sub-siemens/notes.txt"
: >"$work/f/sub-siemens/sub-siemens_run.json"
expect 73 "sub-siemens_run.json cannot be read" "$HEPAR" run "$work/siemens" -o "$work/f" -q --no-align
before=$(sums "$work/one")
for more in "" --replace; do expect 73 "holds the study itself" "$HEPAR" run "$work/one/sub-01" -o "$work/one" -q $more; done
expect 65 "did you mean" "$HEPAR" run "$work/one/sub-01" -o "$work/one" -q --set difusion.adc.method=ols
same "$(sums "$work/one")" "$before" "a dataset taken for an output folder"

# A batch over the results of another dataset: each study costs itself; moved datasets and --replace work.
bids "$work/two" 2
dest=$work/b result=$work/b/sub-01
expect 0 "" "$HEPAR" batch "$work/one" "$dest" participant --no-align
before=$(sums "$result")
expect 3 "1 of 1 studies failed" "$HEPAR" batch "$work/two" "$dest" participant --no-align
same "$(sums "$result")" "$before" "the result after a batch of another dataset"
"$HEPAR" status "$dest" | grep -q "sub-01 .*failed: .*another study" || fail "status does not say why"
mv "$work/one" "$work/elsewhere"
expect 0 "" "$HEPAR" batch "$work/elsewhere" "$dest" participant --no-align
same "$(tail -n 1 "$work/stdout")" "1 studies: 1 done (1 unchanged), 0 failed, 0 not started" "a moved dataset"
"$HEPAR" status "$dest" | grep -q "^1 done" || fail "status after the moved dataset"
expect 0 "" "$HEPAR" batch "$work/two" "$dest" participant --no-align --replace
[ "$(sums "$result")" != "$before" ] || fail "--replace has replaced nothing"
# A subject that is no longer divided into sessions does not take the place of its sessions.
cp -r "$work/two" "$work/t"; mkdir "$work/t/sub-01/ses-1"
mv "$work/t/sub-01/dwi" "$work/t/sub-01/ses-1/"
expect 0 "" "$HEPAR" batch "$work/t" "$work/u" participant --no-align
expect 3 "1 of 1 studies failed" "$HEPAR" batch "$work/two" "$work/u" participant --no-align --replace
there "$work/u/sub-01/ses-1/sub-01_ses-1_run.json"
absent "$work/u/sub-01/sub-01_run.json"

finish
