# What contradicts physics is no result: b-values in another unit cost the series, and nothing else.
. "$HEP_SOURCE/tests/e2e/lib.sh"
expect 0 "" "$HEPAR" simulate amri-noncontrast "$work/bids" --fast --seed 1 --degrade none -q
good=$work/bids/sub-01

# study NAME: a copy of the simulated study that a case may spoil.
study() {
    rm -rf "$work/$1"
    mkdir -p "$work/$1"
    cp -r "$good" "$work/$1/sub-01"
}
run() { "$HEPAR" run "$work/$1/sub-01" -o "$work/o-$1" --no-align --nthreads 2 >"$work/stdout" 2>"$work/stderr"; same $? 0 "$1"; }

# holds FILE TEXT WHAT
holds() {
    cases=$((cases + 1))
    grep -qF -- "$2" "$1" || fail "$3: no '$2' in ${1#"$work"/}"
}

# json FILE EXPRESSION: of the document d, with numbers as they are
json() { /usr/bin/python3 -c "import json, sys; d = json.load(open(sys.argv[1])); print($2)" "$1"; }

product='{k: v for s in d["stages"] for k, v in s["products"].items()}'

# ---- b-values in another unit: 1 ms/um2 is 1000 s/mm2, 1 s/m2 is 1e-6 s/mm2 --------------------
for unit in "ms/um2, multiply by 1000:0 0.05 0.4 0.8" "s/m2, multiply by 1e-6:0 50000000 400000000 800000000"; do
    values=${unit##*:}
    study unit
    echo "$values" >"$work/unit/sub-01/dwi/sub-01_dwi.bval"
    run unit
    out=$work/o-unit/sub-01
    for place in "$work/stderr" "$out/sub-01_run.json" "$out/sub-01_report.html"; do
        holds "$place" "left out: dwi/sub-01_dwi.bval: b-values" "unit"
        holds "$place" "likely in ${unit%:*}" "unit"
    done
    holds "$work/stderr" "b-values $(printf '%.6g ' $values | sed 's/ $//'): the largest" "the values"
    same "$(json "$out/sub-01_run.json" "$product['adc']['state']")" absent "ADC of another unit"
    same "$(json "$out/sub-01_run.json" "$product['roles']['results']['left_out'][0]['role']")" dwi "what is left out"
    same "$(json "$out/sub-01_lesions.json" 'd["liver"]["adc_mm2_per_s"]["median"]')" None "liver ADC of another unit"
    same "$(json "$out/sub-01_lesions.json" 'd["liver"]["fat_fraction"]["median"] is not None')" True "fat beside it"
    same "$(json "$out/sub-01_lesions.json" '{l["flags"]["restricted_diffusion"]["state"] for l in d["lesions"]}')" "{'not_assessable'}" "restriction"
    absent "$out/dwi"
    expect 65 "likely in ${unit%:*}" "$HEPAR" fit adc "$good/dwi/sub-01_dwi.nii.gz" --bvals "$work/unit/sub-01/dwi/sub-01_dwi.bval" -o "$work/f"
    absent "$work/f"
done
# Other b-values that cannot be used cost no more.
study count
echo "0 50 400 800 1000" >"$work/count/sub-01/dwi/sub-01_dwi.bval"
run count
holds "$work/stderr" "left out: dwi/sub-01_dwi.bval: 5 b-values for 4 volumes" "another count"
there "$work/o-count/sub-01/sub-01_report.html"
# Nothing is left of a study whose only series is refused.
study only
rm -r "$work/only/sub-01/anat"
echo "0 0.05 0.4 0.8" >"$work/only/sub-01/dwi/sub-01_dwi.bval"
expect 65 "no series is left: dwi/sub-01_dwi.bval: b-values 0 0.05 0.4 0.8" "$HEPAR" run "$work/only/sub-01" -o "$work/o-only" -q
finish
