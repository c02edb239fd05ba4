# hepar followup: two sessions of one simulated person with given lesions, matched by label and by place, response and
# files; every kind of bad input.
. "$HEP_SOURCE/tests/e2e/lib.sh"

# Two studies of one body (one seed): the first lesion, of 22 and 30 mm, has another place in each, the second and third stay,
# the fourth is new. The truth of the lesions is given, so that nothing is left to detection.
session() { # session N LESIONS
    expect 0 "" "$HEPAR" simulate amri-hbp "$work/s$1" --fast --seed 7 --lesions "$2" --degrade noise -q
    mkdir -p "$work/bids/sub-01"
    cp -r "$work/s$1/sub-01" "$work/bids/sub-01/ses-$1"
    find "$work/bids/sub-01/ses-$1" -type f | while read -r f; do
        mv "$f" "$(dirname "$f")/$(basename "$f" | sed "s/^sub-01_/sub-01_ses-$1_/")"
    done
    find "$work/bids/sub-01/ses-$1" -name '*.json' -exec sed -i "s#sub-01/#sub-01/ses-$1/#g; s#sub-01_#sub-01_ses-$1_#g" {} +
    truth=$work/s$1/derivatives/truth/sub-01/anat/sub-01_label
    expect 0 "" "$HEPAR" run "$work/bids/sub-01/ses-$1" -o "$work/out" --no-align --set report.html=false --lesions "${truth}-lesions_dseg.nii.gz" \
        --liver-mask "${truth}-liver_mask.nii.gz" -q
}
session 1 met:14mm,met:22mm,cyst:12mm
session 2 met:14mm,met:30mm,cyst:12mm,met:12mm
cp "$work/s1/dataset_description.json" "$work/bids/"
dates() { printf 'session_id\tacq_time\nses-1\t%s\nses-2\t%s\n' "$1" "$2" >"$work/bids/sub-01/sub-01_sessions.tsv"; }
dates 2024-01-10 2024-03-06T09:30:00

value() { /usr/bin/python3 -c 'import json,sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/$1" "$2"; }
follow() { expect "$1" "$2" "$HEPAR" followup "$work/out" --participant-label 01 --set align.engine=none "${@:3}"; }

# by label: one lesion each for the labels 1 to 3 wherever they lie (the first grows from 22 to 30 mm), and 4 is new
follow 0 ""
j=out/sub-01/sub-01_followup.json
for suffix in json tsv html; do there "$work/out/sub-01/sub-01_followup.$suffix"; done
same "$(value $j '[s["days"] for s in d["sessions"]]')" "[0.0, 56.0]" "days"
same "$(value $j 'sorted(l["event"] for l in d["lesions"])')" "['grown', 'new', 'stable', 'stable']" "events by label"
same "$(value $j 'd["response"]["recist"][1]["category"]')" PD "a new lesion is progression"
same "$(wc -l <"$work/out/sub-01/sub-01_followup.tsv")" 9 "one row per lesion and session"
grep -qi '<script' "$work/out/sub-01/sub-01_followup.html" && fail "a script in the page"
grep -q 'Research use only' "$work/out/sub-01/sub-01_followup.html" || fail "no research-use notice"

# by place: the largest lesion has vanished, the one elsewhere is new
follow 0 "" --rematch
same "$(value $j 'sorted(l["event"] for l in d["lesions"])')" "['new', 'new', 'stable', 'stable', 'vanished']" "events by place"
cp "$work/$j" "$work/first.json"
follow 0 "" --rematch
cmp "$work/$j" "$work/first.json" || fail "the same command gives other bytes"
# and the other way round in time; the baseline may be named
dates 2024-03-06 2024-01-10
follow 0 "" --rematch
same "$(value $j 'd["sessions"][0]["session"]')" ses-2 "the earlier session is the baseline"
follow 65 "two finished sessions, there is 1; left out: ses-2: older than the baseline" --baseline 1
# ADC measured with other b-values is not compared
dates 2024-01-10 2024-03-06
cp "$work/out/sub-01/ses-2/sub-01_ses-2_run.json" "$work/kept.json"
/usr/bin/python3 - "$work/out/sub-01/ses-2/sub-01_ses-2_run.json" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
fit = next(s for s in d["stages"] if s["name"] == "diffusion")["products"]["diffusion"]["results"]["mono"]
fit["BValues"][-1] = 600.0
json.dump(d, open(sys.argv[1], "w"))
PY
follow 0 "" --rematch
same "$(value $j 'sorted({c["verdict"] for c in d["changes"] if c["measure"] == "adc_mm2_per_s"})')" "['refused']" "other b-values"
cp "$work/kept.json" "$work/out/sub-01/ses-2/sub-01_ses-2_run.json"

# nor is enhancement with another agent
sed -i.kept 's/"gadoxetate"/"gadobenate"/' "$work/out/sub-01/ses-2/sub-01_ses-2_lesions.json"
follow 0 "" --rematch
same "$(value $j 'sorted({c["verdict"] for c in d["changes"] if c["measure"] == "hepatobiliary_ratio"})')" "['refused']" "another agent"
same "$(value $j 'any("contrast agents differ: gadoxetate and gadobenate" in c["reason"] for c in d["changes"])')" True "and why"
mv "$work/out/sub-01/ses-2/sub-01_ses-2_lesions.json.kept" "$work/out/sub-01/ses-2/sub-01_ses-2_lesions.json"

# a lesion that study.yml calls treated is no target, and its later outline is the zone
echo 'treated: [1]' >"$work/bids/sub-01/ses-2/study.yml"
follow 0 ""
same "$(value $j '[l["treated"] for l in d["lesions"] if l["event"] == "grown"]')" "[True]" "label 1 is treated"
same "$(value $j '[l["target"] for l in d["lesions"] if l["treated"]]')" "[False]" "and no target"
rm "$work/bids/sub-01/ses-2/study.yml"

# several folders
expect 0 "" "$HEPAR" followup "$work/out/sub-01/ses-1" "$work/out/sub-01/ses-2" -o "$work/change" --set align.engine=none
there "$work/change/sub-01_followup.html"
same "$(value change/sub-01_followup.json 'd["sessions"][1]["days"]')" None "no dates, no days"

# one page for both visits; what it is drawn with does not matter here
mkdir -p "$work/viewer"
echo 'var niivue = {};' >"$work/viewer/niivue.umd.js"
echo terms >"$work/viewer/LICENSE"
expect 0 "" env HEPAR_VIEWER="$work/viewer" "$HEPAR" followup "$work/out" --participant-label 01 --bids "$work/bids" --set align.engine=none --viewer
for title in 'ses-1: Hepatobiliary' 'ses-2: Hepatobiliary' 'ses-2: ADC'; do
    grep -q "$title" "$work/out/sub-01/sub-01_followup_viewer.html" || fail "the page has no $title"
done
expect 66 "scripts/viewer/install.sh" env HEPAR_VIEWER="$work/none" "$HEPAR" followup "$work/out" --participant-label 01 --viewer

# bad input: one line and its code
dates 2024-01-10 2024-01-10
follow 65 "have one date"
follow 0 "" --sessions 1 2
dates 2024-01-10 2024-13-01
follow 65 "is no date"
rm "$work/bids/sub-01/sub-01_sessions.tsv"
follow 65 "give them in order with --sessions"
follow 0 "" --sessions 1 2
follow 66 "has no session 7" --sessions 1 7
dates 2024-01-10 2024-03-06
expect 66 "no results of sub-02" "$HEPAR" followup "$work/out" --participant-label 02
expect 64 "participant-label" "$HEPAR" followup "$work/out"
expect 64 "-o says where" "$HEPAR" followup "$work/out/sub-01/ses-1" "$work/out/sub-01/ses-2"
# a session in which no liver was found is left out: NE, its lesions are not assessable, exit code 3
cp -r "$work/out" "$work/liverless"
/usr/bin/python3 - "$work/liverless/sub-01/ses-2/sub-01_ses-2_run.json" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
liver = next(s for s in d["stages"] if s["name"] == "liver")["products"]
liver["liver"] = {"state": "absent", "reason": "nothing looks like a liver"}
json.dump(d, open(sys.argv[1], "w"))
PY
expect 3 "no liver was found: nothing looks like a liver" "$HEPAR" followup "$work/liverless" --participant-label 01 --bids "$work/bids" --set align.engine=none
j=liverless/sub-01/sub-01_followup.json
same "$(value $j 'd["response"]["recist"][1]["category"]')" NE "no liver, no category"
same "$(value $j 'sorted({l["event"] for l in d["lesions"]})')" "['not_assessable']" "no liver, no event"
cp -r "$work/out" "$work/spoilt"
out=$work/spoilt/sub-01/ses-2
sed -i 's/"subject": "01"/"subject": "02"/' "$out/sub-01_ses-2_run.json"
expect 65 "two people" "$HEPAR" followup "$work/spoilt/sub-01/ses-1" "$out" -o "$work/two"
sed -i 's/"state": "done"/"state": "failed"/; s/"exit_code": 0/"exit_code": 65, "error": "nothing worked"/' "$out/sub-01_ses-2_run.json"
expect 65 "left out: ses-2: nothing worked" "$HEPAR" followup "$work/spoilt" --participant-label 01 --bids "$work/bids"
finish
