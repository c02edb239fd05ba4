# hepar evaluate: three studies worked by hand, a foreign program's file, simulated truth against itself, bad input.
. "$HEP_SOURCE/tests/e2e/lib.sh"

study() { # FOLDER SUBJECT LESIONS
    mkdir -p "$1/$2"
    printf '{"lesions": [%s]}\n' "$3" >"$1/$2/$2_lesions.json"
}
json() { /usr/bin/python3 -c 'import json, sys
o = json.load(open(sys.argv[1]))
for k in sys.argv[2].split("/"): o = o[int(k) if isinstance(o, list) else k]
print(o)' "$1" "$2"; }

# Two metastases (one found and called so, one taken for a cyst), a cyst called metastasis, a false positive, an empty
# study, and a study without output.
m='"class": "metastasis"' c='"class": "cyst"'
study "$work/truth" sub-01 "{\"centre_mm\": [0,0,0], \"long_axis_mm\": 12, $m}, {\"centre_mm\": [50,0,0], \"long_axis_mm\": 6, $m}"
study "$work/truth" sub-02 "{\"centre_mm\": [0,0,0], \"long_axis_mm\": 15, $c}"
study "$work/truth" sub-03 ""
study "$work/truth" sub-04 "{\"centre_mm\": [0,0,0], \"long_axis_mm\": 30, $m}"
study "$work/out" sub-01 "{\"centre_mm\": [3,0,0], $m, \"probability_metastasis\": 0.9}, {\"centre_mm\": [52,0,0], $c, \"probability_metastasis\": 0.3}"
study "$work/out" sub-02 "{\"centre_mm\": [0,5,0], $m, \"probability_metastasis\": 0.6}, {\"centre_mm\": [0,80,0], $m, \"probability_metastasis\": 0.8}"
study "$work/out" sub-03 ""
expect 0 "sub-04: missing: no output; its 1 lesions count as missed" "$HEPAR" evaluate "$work/out" "$work/truth"
grep -q '4 studies of 4 patients: 3 evaluated, 0 failed, 1 missing' "$work/stdout" || fail "summary: $(head -1 "$work/stdout")"
e=$work/out/evaluation/evaluation.json
same "$(json "$e" detection/sensitivity/k)/$(json "$e" detection/sensitivity/n)" 3/4 "lesions found"
same "$(json "$e" detection/false_positives)" 1 "false positives"
same "$(json "$e" metastasis/sensitivity/k)/$(json "$e" metastasis/sensitivity/n)" 1/3 "metastases called so"
same "$(json "$e" metastasis/mimics_called_metastasis)" 1 "mimics"
same "$(json "$e" patients/sensitivity/k)/$(json "$e" patients/sensitivity/n)" 1/2 "patients with metastases"
same "$(json "$e" patients/specificity/k)/$(json "$e" patients/specificity/n)" 1/2 "patients without"
between "$(json "$e" metastasis/false_positives_per_study/value)" 0.66666 0.66667 "false positives per study with output"
# scores 0.9 T, 0.8 F, 0.6 T, 0.3 T: one false positive in three studies
between "$(json "$e" detection/froc/at/1/sensitivity)" 0.25 0.25 "sensitivity at 0.25"
between "$(json "$e" detection/froc/at/2/sensitivity)" 0.75 0.75 "sensitivity at 0.5"
same "$(json "$e" confusion/metastasis/cyst)" 1 "confusion"
same "$(wc -l <"$work/out/evaluation/lesions_matched.tsv")" 6 "rows of lesions_matched.tsv"
same "$(wc -l <"$work/out/evaluation/evaluation.tsv")" 5 "rows of evaluation.tsv"
for plot in froc sensitivity_by_size reliability confusion; do
    /usr/bin/python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$work/out/evaluation/$plot.svg" || fail "$plot.svg"
done

# The same bytes again, elsewhere, and as JSON on standard output.
expect 0 "" "$HEPAR" evaluate "$work/out" "$work/truth" -o "$work/again" --json --nthreads 1
cmp -s "$work/stdout" "$e" || fail "--json differs from evaluation.json"
diff -r "$work/again" "$work/out/evaluation" >/dev/null || fail "a second run gives other bytes"
expect 0 "" "$HEPAR" evaluate "$work/out" "$work/truth" -o "$work/mask" --match mask
same "$(json "$work/mask/evaluation.json" detection/sensitivity/k)" 0 "findings without size overlap nothing"

# Another program's least: only places.
study "$work/least" sub-01 '{"centre_mm": [1,1,1]}'
expect 0 "" "$HEPAR" evaluate "$work/least" "$work/truth" -q
grep -q 'No finding has a class or a probability' "$work/stdout" || fail "nothing is said of metastases"
same "$(json "$work/least/evaluation/evaluation.json" metastasis)" None "no judgement of metastases"

# One clear line for what is wrong.
study "$work/bad" sub-01 '{"centre_mm": [1,1]}'
expect 65 "sub-01_lesions.json: lesions[0].centre_mm" "$HEPAR" evaluate "$work/bad" "$work/truth" -q
mkdir -p "$work/notruth/sub-01"
expect 66 "sub-01_lesions.json: no such file" "$HEPAR" evaluate "$work/out" "$work/notruth" -q
expect 66 "nowhere" "$HEPAR" evaluate "$work/nowhere" "$work/truth"
expect 64 "match" "$HEPAR" evaluate "$work/out" "$work/truth" --match nearest
mkdir -p "$work/empty"
expect 18 "no study" "$HEPAR" evaluate "$work/out" "$work/empty" -q

# Simulated truth against itself: everything is found, nothing else is, and every outline is right.
expect 0 "" "$HEPAR" simulate eob-full "$work/bids" --subjects 2 --fast --seed 5 --degrade none --lesions met:14mm,cyst:9mm,haemangioma:22mm
truth=$work/bids/derivatives/truth
expect 0 "" "$HEPAR" evaluate "$truth" "$truth" -o "$work/self" -q
s=$work/self/evaluation.json
between "$(json "$s" detection/froc/mean/value)" 1 1 "FROC of the truth"
between "$(json "$s" metastasis/froc/at/0/sensitivity)" 1 1 "FROC of metastases"
same "$(json "$s" detection/false_positives)" 0 "false positives of the truth"
between "$(json "$s" liver/dice/value)" 1 1 "Dice of the truth"
between "$(json "$s" liver/hd95_mm/value)" 0 0 "surface distance of the truth"
between "$(json "$s" metastasis/auc_findings/value)" 1 1 "AUC of the truth"
same "$(json "$s" studies/list/0/geometry)" masks "masks are used"
expect 66 "derivatives/truth" "$HEPAR" evaluate "$truth" "$work/bids" -o "$work/self" -q
finish
