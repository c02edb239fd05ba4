# hepar fit uptake on the curves of a healthy control and of a patient on two visits (tests/data/gadoxetate), and what is
# refused. The model is tested in tests/contrast.
. "$HEP_SOURCE/tests/e2e/lib.sh"
curves=$data/gadoxetate

# rate WHO: khe [1/min]
rate() { "$HEPAR" fit uptake "$curves/$1_scan1.tsv" -p "$curves/$1_parameters.tsv" --json 2>/dev/null | awk -F'[:,]' '/"khe_per_min"/ { print $2 }'; }
between "$(rate 2_control)" 0.03 0.10 "uptake of a healthy liver (Georgiou 2017, Sourbron 2012)"
between "$(rate 001_control)" 0.001 0.02 "uptake of the patient's liver"
expect 0 "" "$HEPAR" fit uptake "$curves/2_control_scan1.tsv" -p "$curves/2_control_parameters.tsv" --input aorta
cases=$((cases + 1)); grep -q "arterial input .*aorta" "$work/stdout" || fail "the input is not said"

expect 65 "give --parameters, or --tr" "$HEPAR" fit uptake "$curves/2_control_scan1.tsv"
expect 65 "T1 of the liver" "$HEPAR" fit uptake "$curves/2_control_scan1.tsv" --tr 0.004 --flip 15
printf 'time_s\taorta\n0\t1\n' >"$work/few.tsv"
given="--tr 0.004 --flip 15 --t1-liver 0.8 --baseline 5"
# shellcheck disable=SC2086
expect 65 'no column "liver"' "$HEPAR" fit uptake "$work/few.tsv" $given
printf 'time_s\taorta\tliver\n0\t1\t1\n5\t1\t1\n3\t1\t1\n' >"$work/few.tsv"
# shellcheck disable=SC2086
expect 65 "does not follow" "$HEPAR" fit uptake "$work/few.tsv" $given
printf 'time_s\taorta\tliver\n0\t1\t1\n5\t1\t1\n' >"$work/few.tsv"
# shellcheck disable=SC2086
expect 65 "samples after it are needed" "$HEPAR" fit uptake "$work/few.tsv" $given
# shellcheck disable=SC2086
expect 64 "--agent" "$HEPAR" fit uptake "$curves/2_control_scan1.tsv" $given --agent iodine
finish
