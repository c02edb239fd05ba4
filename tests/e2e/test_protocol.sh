# slow: a dozen runs. Replay, comparison and design of protocols on simulated studies.
. "$HEP_SOURCE/tests/e2e/lib.sh"
bids=$work/bids truth=$work/bids/derivatives/truth
fast=(--reproducible --no-align --set report.html=false --nthreads 1 -q)
"$HEPAR" simulate eob-full "$bids" --subjects 2 --seed 31 --fast -q >/dev/null || fail "simulate"
mask=$truth/sub-01/anat/sub-01_label-liver_mask.nii.gz

# What show prints is a protocol, with the same settings.
"$HEPAR" protocol show amri-hbp >"$work/shown.yml"
grep -q '^#.*on the table' "$work/shown.yml" || fail "show without a timeline"
"$HEPAR" protocol show "$work/shown.yml" | cmp -s - "$work/shown.yml" || fail "show does not print a protocol with the same settings"

# All that the protocol plans is there: the replay is the run, byte for byte.
expect 0 "" "$HEPAR" run "$bids/sub-01" -p eob-full -o "$work/run" --liver-mask "$mask" "${fast[@]}"
expect 0 "" "$HEPAR" run "$bids/sub-01" -p eob-full -o "$work/replay" --only-planned --liver-mask "$mask" "${fast[@]}"
cases=$((cases + 1))
diff -r "$work/run" "$work/replay" >/dev/null || fail "the replay of the full protocol differs from the run"

# What is not planned is not there, with that reason, and the mask of another series serves.
expect 0 "" "$HEPAR" run "$bids/sub-01" -p amri-noncontrast -o "$work/plain" --only-planned --liver-mask "$mask" "${fast[@]}"
there "$work/plain/sub-01/dwi/sub-01_desc-mono_ADC.nii.gz"
absent "$work/plain/sub-01/anat/sub-01_desc-hbp_REmap.nii.gz"
grep -q '"agent": "none"' "$work/plain/sub-01/sub-01_run.json" || fail "an agent in a replay without contrast"

# Transforms: thicker slices in the map of that series, two b-values, more noise.
cat >"$work/thick.yml" <<'YML'
name: thick
agent: gadoxetate
series:
  dwi: {b_values_s_per_mm2: [0, 800], transform: {slice_thickness_mm: 16}}
  hepatobiliary: {transform: {averages_share: 0.25}}
diffusion: {adc: {b_min_s_per_mm2: 0}}
YML
expect 0 "" "$HEPAR" run "$bids/sub-01" -p "$work/thick.yml" -o "$work/thick" --only-planned --liver-mask "$mask" "${fast[@]}"
/usr/bin/python3 - "$work" <<'PY' || fail "the transforms are not in the maps"
import sys
try:
    import nibabel as nib
except ImportError:
    sys.exit(0)
name = "sub-01/dwi/sub-01_desc-mono_ADC.nii.gz"
thin, thick = (nib.load(f"{sys.argv[1]}/{d}/{name}").header.get_zooms() for d in ("run", "thick"))
sys.exit(not (abs(thick[2] - 16) < 1e-4 and abs(thin[2] - 8) < 1e-4 and abs(thick[0] - thin[0]) < 1e-4))
PY
sed 's/800\]/700]/' "$work/thick.yml" >"$work/b.yml"
expect 65 "b = 700 s/mm2, which the study does not have" "$HEPAR" run "$bids/sub-01" -p "$work/b.yml" -o "$work/x" --only-planned "${fast[@]}"
sed 's/mm: 16/mm: 4/' "$work/thick.yml" >"$work/thin.yml"
expect 65 "cannot make them smaller" "$HEPAR" run "$bids/sub-01" -p "$work/thin.yml" -o "$work/x" --only-planned "${fast[@]}"
sed 's/slice_thickness_mm/thickness/' "$work/thick.yml" >"$work/unknown.yml"
expect 65 "unknown key 'series.dwi.transform.thickness'" "$HEPAR" protocol check "$work/unknown.yml"

# Which studies satisfy a protocol.
expect 0 "" "$HEPAR" protocol check eob-full --against "$bids"
same "$(tail -n 1 "$work/stdout")" "2 of 2 studies satisfy eob-full" "against"
expect 65 "2 of 2 studies do not satisfy amri-hbp-early" "$HEPAR" protocol check amri-hbp-early --against "$bids"
grep -q "hepatobiliary .*outside the window: at .* s after it" "$work/stdout" || fail "no seconds: $(cat "$work/stdout")"
expect 65 "" "$HEPAR" protocol check amri-hbp-early --against "$bids" --json
grep -q '"off_s": [0-9]' "$work/stdout" || fail "no seconds in JSON"

# The comparison, twice: the second time nothing is computed.
compare=("$HEPAR" protocol compare eob-full amri-noncontrast "$work/thick.yml" --studies "$bids" --truth "$truth"
    --masks "$truth" -o "$work/c" --no-align --set report.html=false --jobs 2 --nthreads 2)
expect 0 "" "${compare[@]}"
grep -q "Published results conflict" "$work/stdout" || fail "no published figures: $(cat "$work/stdout")"
grep -q "hbp_hypointensity no longer assessable" "$work/stdout" || fail "no lost flag: $(cat "$work/stdout")"
for file in comparison.json comparison.tsv lost_lesions.tsv comparison.svg comparison.html; do there "$work/c/$file"; done
cp -r "$work/c" "$work/first"
expect 0 "" "${compare[@]}"
same "$(grep -c unchanged "$work/stdout")" 6 "runs that had nothing to do"
for file in comparison.json lost_lesions.tsv comparison.html; do
    cmp -s "$work/c/$file" "$work/first/$file" || fail "$file changes without a reason"
done
expect 0 "" "$HEPAR" protocol compare eob-full amri-noncontrast --studies "$bids" -o "$work/c" --no-run
grep -q "finds all of them by definition" "$work/stdout" || fail "reference without truth"
expect 64 "two protocols are called eob-full" "$HEPAR" protocol compare eob-full eob-full --studies "$bids" -o "$work/x"
expect 64 "--studies BIDS_DIR is needed" "$HEPAR" protocol compare eob-full amri-hbp -o "$work/x"

# The optimiser's answer is a protocol.
expect 0 "" "$HEPAR" protocol optimise amri-hbp --budget 240 --voxels 500
cp "$work/stdout" "$work/best.yml"
expect 0 "" "$HEPAR" protocol check "$work/best.yml" --set agent=none
expect 64 "did you mean 'liver'" "$HEPAR" protocol optimise amri-hbp --tissue livr
expect 65 "" "$HEPAR" protocol optimise amri-hbp --budget 10
expect 65 "neither a diffusion series nor" "$HEPAR" protocol optimise amri-dynamic
finish
