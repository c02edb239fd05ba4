# What contradicts physics is no result: b-values in another unit cost the series, and nothing else; maps whose median
# in the liver cannot be true are withheld with the number and the likely causes, wherever they would be read.
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
json() { /usr/bin/python3 -c "import json, sys; d = json.load(open(sys.argv[1])); print(($2))" "$1"; }

product='{k: v for s in d["stages"] for k, v in s["products"].items()}'

# ---- b-values in another unit: 1 ms/um2 is 1000 s/mm2, 1 s/m2 is 1e-6 s/mm2 --------------------
study unit
echo "0 0.05 0.4 0.8" >"$work/unit/sub-01/dwi/sub-01_dwi.bval"
run unit
out=$work/o-unit/sub-01
for place in "$work/stderr" "$out/sub-01_run.json" "$out/sub-01_report.html"; do
    holds "$place" "left out: dwi/sub-01_dwi.bval: b-values 0 0.05 0.4 0.8: the largest is 0.8 s/mm2" "unit"
    holds "$place" "likely in ms/um2, multiply by 1000" "unit"
done
same "$(json "$out/sub-01_run.json" "$product['adc']['state']")" absent "ADC of another unit"
same "$(json "$out/sub-01_run.json" "$product['roles']['results']['left_out'][0]['role']")" dwi "what is left out"
same "$(json "$out/sub-01_lesions.json" 'd["liver"]["adc_mm2_per_s"]["median"]')" None "liver ADC of another unit"
same "$(json "$out/sub-01_lesions.json" 'd["liver"]["fat_fraction"]["median"] is not None')" True "fat beside it"
same "$(json "$out/sub-01_lesions.json" '{l["flags"]["restricted_diffusion"]["state"] for l in d["lesions"]}')" "{'not_assessable'}" "restriction"
absent "$out/dwi"
# left_out VALUES TEXT: of the b-values, by the inventory and by a fit
left_out() {
    study values
    echo "$1" >"$work/values/sub-01/dwi/sub-01_dwi.bval"
    "$HEPAR" inventory "$work/values/sub-01" >"$work/stdout" 2>&1
    holds "$work/stdout" "! left out: dwi/sub-01_dwi.bval: $2" "$1"
    same "$(awk '$1 == "yes" && $2 == "t2"' "$work/stdout" | wc -l)" 1 "the series beside $1"
    expect 65 "$2" "$HEPAR" fit adc "$good/dwi/sub-01_dwi.nii.gz" --bvals "$work/values/sub-01/dwi/sub-01_dwi.bval" -o "$work/f"
    absent "$work/f"
}
left_out "0 0.05 0.4 0.8" "b-values 0 0.05 0.4 0.8: the largest is 0.8 s/mm2, must be 10 to 100000: likely in ms/um2, multiply by 1000"
left_out "0 50000000 400000000 800000000" "b-values 0 5e+07 4e+08 8e+08: the largest is 8e+08 s/mm2, must be 10 to 100000: likely in s/m2, multiply by 1e-6"
left_out "0 50 400 800 1000" "5 b-values for 4 volumes"
# Nothing is left of a study whose only series is refused.
study only
rm -r "$work/only/sub-01/anat"
echo "0 0.05 0.4 0.8" >"$work/only/sub-01/dwi/sub-01_dwi.bval"
expect 65 "dwi/sub-01_dwi.bval: b-values 0 0.05 0.4 0.8" "$HEPAR" run "$work/only/sub-01" -o "$work/o-only" -q

# ---- volumes not in the order of the b-values, a scaled echo ------------------------------------
# scale FILE FACTOR: by the slope of its header, as another receive gain would.
scale() {
    /usr/bin/python3 - "$1" "$2" <<'EOF'
import gzip, struct, sys
path, factor = sys.argv[1], float(sys.argv[2])
data = bytearray(gzip.open(path).read())
slope, offset = struct.unpack_from("<ff", data, 112)
struct.pack_into("<ff", data, 112, (slope or 1) * factor, offset * factor)
gzip.open(path, "wb", 1).write(bytes(data))
EOF
}
# withheld NAME KEY PRODUCT TEXT: a median of the liver, wherever it would be read; TEXT stands in its reason
withheld() {
    local name=$1 key=$2 map=$3 reason out=$work/o-$1/sub-01
    reason=$(json "$out/sub-01_lesions.json" "d['liver']['$key']['reason']")
    case "$reason" in "liver median "*"$4"*) ;; *) fail "$name: the reason is: $reason" ;; esac
    same "$(json "$out/sub-01_lesions.json" "d['liver']['$key']['state'], d['liver']['$key']['median'], d['liver']['$key']['n']")" \
        "('not_assessable', None, 0)" "$name: lesions.json"
    same "$(awk -F '\t' -v k="$key" '$1 == "liver" && $2 == k {print $4 "|" $11 "|" $12}' "$out/sub-01_regions.tsv")" \
        "n/a|not_assessable|$reason" "$name: regions.tsv"
    same "$(json "$out/sub-01_run.json" "[$product['$map'][k] for k in ('state', 'withheld_by', 'reason')]")" \
        "['withheld', 'liver', '$reason']" "$name: run.json"
    same "$(json "$out/sub-01_run.json" "$product['plausibility']['results']['$key']['state']")" not_assessable "$name: plausibility"
    holds "$out/sub-01_report.html" "is withheld, its file holds no result: $reason" "$name: maps of the report"
    holds "$out/sub-01_report.html" "not assessable</span> $reason" "$name: first page of the report"
    holds "$work/stderr" "$reason" "$name: log"
    "$HEPAR" batch "$work/$name" "$work/o-$name" group --skip-bids-validation -q >"$work/stdout" 2>&1
    same $? 0 "$name: group"
    same "$(awk -F '\t' -v c="liver_$key" 'NR == 1 {for (i = 1; i <= NF; i++) {if ($i == c) m = i; if ($i == "not_assessable") w = i}}
        NR == 2 {print $m "|" (index($w, c ": ") > 0)}' "$work/o-$name/studies.tsv")" "n/a|1" "$name: studies.tsv"
    holds "$work/o-$name/group.html" "$reason" "$name: group.html"
}
# flags NAME FLAG...: not assessable in every finding, and for that reason
flags() {
    local name=$1 flag
    shift
    for flag; do
        same "$(json "$work/o-$name/sub-01/sub-01_lesions.json" "{(l['flags']['$flag']['state'], ' is withheld: liver median ' in l['flags']['$flag']['reason']) for l in d['lesions']}")" \
            "{('not_assessable', True)}" "$name: $flag"
    done
}
evidence='{e["name"] for l in d["lesions"] for e in l["evidence"]}'
places='[l["centre_mm"] for l in d["lesions"]]'

study order
echo "800 0 400 50" >"$work/order/sub-01/dwi/sub-01_dwi.bval"
run order
withheld order adc_mm2_per_s adc "ADC -"
out=$work/o-order/sub-01
holds "$out/sub-01_lesions.json" "signal rises " "the evidence"
holds "$out/sub-01_lesions.json" "volumes not in the order of the b-values" "the likely cause"
for key in adc_all_mm2_per_s ivim_d_mm2_per_s ivim_f ivim_dstar_mm2_per_s; do
    same "$(json "$out/sub-01_lesions.json" "d['liver']['$key']['state'], d['liver']['$key']['median']")" "('not_assessable', None)" "order: $key"
done
for map in mono_ADC monoall_ADC ivim_Dmap; do
    same "$(json "$out/dwi/sub-01_desc-$map.json" 'd["Status"], "liver median" in d["StatusReason"]')" "('not_assessable', True)" "sidecar of $map"
done
flags order restricted_diffusion t2_shine_through targetoid_dwi
same "$(json "$out/sub-01_lesions.json" "$evidence & {'adc', 'restricted_diffusion', 'targetoid_dwi'}")" "set()" "evidence without diffusion"
# Nothing is looked for in images that are withheld: the findings are those of the study without the series.
same "$(json "$out/sub-01_lesions.json" "$places")" "$(json "$work/o-unit/sub-01/sub-01_lesions.json" "$places")" "findings without diffusion"
# Every exchange of two volumes shows, also where the ADC does not.
for values in "800 0 400 50" "50 0 400 800" "0 400 50 800" "0 50 800 400" "0 800 400 50" "400 50 0 800" "800 50 400 0"; do
    echo "$values" >"$work/b"
    expect 65 "signal rises" "$HEPAR" fit adc "$good/dwi/sub-01_dwi.nii.gz" --bvals "$work/b" -o "$work/f"
    absent "$work/f"
done
expect 0 "" "$HEPAR" fit adc "$good/dwi/sub-01_dwi.nii.gz" --bvals "$work/b" --rise-max 1000 -o "$work/f"

# A tenth of every b-value: the signals are in order, the ADC of the liver is ten times too high.
study tenth
echo "0 5 40 80" >"$work/tenth/sub-01/dwi/sub-01_dwi.bval"
run tenth
withheld tenth adc_mm2_per_s adc "b-values in another unit"

study echo
scale "$work/echo/sub-01/anat/sub-01_acq-dixon_echo-1_MEGRE.nii.gz" 2.7
run echo
withheld echo fat_fraction ff "fat fraction -8"
out=$work/o-echo/sub-01
flags echo fat
same "$(json "$out/sub-01_lesions.json" "'fat' in $evidence")" False "evidence without fat"
same "$(json "$out/sub-01_lesions.json" "sorted({(c, l['class_probabilities'][c], 'fat fraction -8' in l['classes_not_assessable'][c]) for l in d['lesions'] for c in ('focal_fat', 'fat_sparing')})")" \
    "[('fat_sparing', None, True), ('focal_fat', None, True)]" "classes of fat"
same "$(json "$out/sub-01_lesions.json" 'd["liver"]["adc_mm2_per_s"]["median"] is not None')" True "ADC beside a scaled echo"
same "$(json "$out/anat/sub-01_desc-dualecho_FFmap.json" 'd["Status"]')" not_assessable "sidecar of the fat fraction"

# A page made again from the results says the same.
expect 0 "" "$HEPAR" report "$out" --study "$work/echo/sub-01" -o "$work/again.html"
holds "$work/again.html" "is withheld, its file holds no result: liver median fat fraction -8" "the page made again"

# Another limit: only what depends on it is made again, the sidecar takes its word back, and the bytes are those of a
# run that never had the first limit.
again() { "$HEPAR" run "$work/echo/sub-01" -o "$work/$1" --no-align --reproducible "${@:2}" >"$work/stdout" 2>"$work/stderr"; same $? 0 "$1 again"; }
wide=(--set=liver.plausible.fat_frac=[-2,2] --set=liver.plausible.pair_excess=1 --set=liver.plausible.pair_water=0 --set=liver.plausible.pair_apart=1 --set=liver.plausible.fat_elsewhere=1 --set=liver.plausible.iron_bias=1)
again o-echo "${wide[@]}"
holds "$work/stderr" "fat (unchanged)" "the fat stage is not run again"
same "$(json "$out/anat/sub-01_desc-dualecho_FFmap.json" '"Status" in d')" False "sidecar with another limit"
between "$(median "$out/sub-01_regions.tsv" liver fat_fraction)" -0.9 -0.7 "fat fraction with another limit"
again o-fresh "${wide[@]}"
same "$(cd "$out" && find . -type f | sort | xargs sha256sum)" "$(cd "$work/o-fresh/sub-01" && find . -type f | sort | xargs sha256sum)" "bytes of a fresh run"
finish
