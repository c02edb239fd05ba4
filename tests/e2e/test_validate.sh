# hepar validate: a small copy of LLD-MMRI from its folder to the report, lesions given; livers of two raters without a run;
# what is sent back names nobody.
. "$HEP_SOURCE/tests/e2e/lib.sh"

/usr/bin/python3 -c 'import nibabel' 2>/dev/null || { echo "skipped: python3-nibabel is not installed"; exit 77; }
layout() { rm -rf "$work/src"; mkdir "$work/src"; /usr/bin/python3 "$HEP_SOURCE/tests/datasets/layouts.py" "$1" "$work/sim" "$work/src" >"$work/answers"; }
json() { /usr/bin/python3 -c 'import json, sys
o = json.load(open(sys.argv[1]))
for k in sys.argv[2].split("/"): o = o[int(k) if isinstance(o, list) else k]
print(o)' "$1" "$2"; }

expect 0 "" "$HEPAR" simulate eca-full "$work/sim" --fast --seed 5 --degrade none --lesions met:18mm,cyst:14mm,haemangioma:24mm -q
layout lld-mmri
expect 0 "" "$HEPAR" dataset lld-mmri "$work/src" "$work/lld" --links symbolic -q
expect 0 "" "$HEPAR" validate "$work/lld" "$work/out" --given --share --no-align --jobs 1 -q
v=$work/out/validation
for f in report.html report.md validation.json evaluation.json share.tar.gz; do there "$v/$f"; done
grep -q "The lesions were given to the runs, so nothing is said of detection: 3 of 3 were kept" "$v/report.md" || fail "lesions were not given"
grep -q "| haemangioma | haemangioma | 1 | 1 |" "$v/report.md" || fail "classes by the words of the set"
grep -q "macro F1 over seven classes.*0.256 to 0.832" "$v/report.md" || fail "the published range"
grep -q "| kappa\|Cohen's kappa.*0.184 to 0.780" "$v/report.md" || fail "the published kappa"
grep -q "| dwi | 0 | 1 | 0 | no b-values" "$v/report.md" || fail "a series that is left out is not told"
# Of 13 flags the seven that need diffusion, fat or a hepatobiliary phase cannot be judged: 7 remain at most.
between "$(json "$v/validation.json" flags_assessable)" 0.3 0.54 "share of flags that can be judged"
for flag in restricted_diffusion fat hbp_hypointensity targetoid_dwi; do
    same "$(json "$v/validation.json" "flag_assessable/$flag")" 0.0 "$flag without its series"
done
same "$(json "$v/validation.json" flag_assessable/t1_hyperintensity)" 1.0 "a flag whose series are there"

# What is sent back: three files, in which nobody and no place is named.
same "$(tar tzf "$v/share.tar.gz" | tr '\n' ' ')" "hepar-validation/report.md hepar-validation/validation.json hepar-validation/lesions.tsv " "files of the archive"
mkdir "$work/shared"
tar xzf "$v/share.tar.gz" -C "$work/shared"
cases=$((cases + 1))
grep -rqE "sub-|MR-?1001|$work|_mm\": \[" "$work/shared" && fail "the archive names a study or a place: $(grep -rEo "sub-.{20}|MR-?1001" "$work/shared" | head -2)"
same "$(wc -l <"$work/shared/hepar-validation/lesions.tsv")" 4 "rows of lesions"
cp "$v/report.md" "$work/report.md"
expect 0 "" "$HEPAR" validate "$work/lld" "$work/out" --given --no-run -q
cmp -s "$v/report.md" "$work/report.md" || fail "the same results give another report"

# Two raters and a published figure, without a run: the truth stands as its own result.
layout liverhccseg
expect 0 "" "$HEPAR" dataset liverhccseg "$work/src" "$work/lhs" -q
cp -r "$work/lhs/derivatives/truth" "$work/self"
expect 0 "" "$HEPAR" validate "$work/lhs" "$work/self" --no-run -q
m=$work/self/validation/report.md
grep -q "| Dice, beside rater 2 | 1 " "$m" || fail "the consensus is the smaller of two livers"
grep -q "| 0.950 | 1.000 .*Dice of the liver beside the consensus" "$m" || fail "the agreement of raters that was published"
grep -q "| Found | 3 of 3" "$m" || fail "lesions of masks"

# A set that says nothing of lesions: findings are neither true nor false.
layout amos
expect 0 "" "$HEPAR" dataset amos "$work/src" "$work/amos" -q
mkdir -p "$work/none/sub-0507"
printf '{"lesions": [{"centre_mm": [1, 2, 3], "class": "cyst"}]}' >"$work/none/sub-0507/sub-0507_lesions.json"
expect 0 "" "$HEPAR" validate "$work/amos" "$work/none" --no-run -q
grep -q "findings are neither true nor false" "$work/none/validation/report.md" || fail "lesions that are not known"
grep -q "0 true lesions, 0 findings" "$work/none/validation/report.md" || fail "findings count where nothing is known of lesions"
expect 66 "no folder" "$HEPAR" validate "$work/amos" "$work/none" --no-run --truth "$work/nowhere" -q
finish
