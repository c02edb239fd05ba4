# The table that turns margins of flags into probabilities: fitted to finished folders by `hepar calibrate`, used by a
# run, recorded with its hash, and refused in one line when it is wrong.
. "$HEP_SOURCE/tests/e2e/lib.sh"

# Margins whose truth follows a known table: 120 studies with 20 lesions each, of 2 to 12 voxels. The truth is drawn with
# P = Phi((m + 0.06 - 0.3 / d) / sqrt(s^2 + (0.05 + 0.2 / d)^2)); m is what was measured.
cat >"$work/make.py" <<'PY'
import json, math, os, random, sys
random.seed(int(sys.argv[2]))
for study in range(120):
    name = f"sub-{study + 1:02d}"
    lesions = {"out": [], "truth": []}
    for k in range(20):
        d, s, m = random.uniform(2, 12), random.uniform(0.01, 0.1), random.uniform(-0.5, 0.5)
        z = (m + 0.06 - 0.3 / d) / math.hypot(s, 0.05 + 0.2 / d)
        present = random.random() < 0.5 * math.erfc(-z / math.sqrt(2))
        place = {"id": k + 1, "centre_mm": [40.0 * (k % 5) + int(sys.argv[2]), 40.0 * (k // 5), 0.0], "long_axis_mm": 3 * d, "volume_ml": 1.0}
        flag = {"state": "present" if m > 0 else "absent", "probability": 0.5}
        lesions["out"].append({**place, "flags": {"washout": flag},
                               "flag_margins": {"washout": {"margin": m, "se": s, "size_voxels": d}}})
        lesions["truth"].append({**place, "class": ("metastasis", "cyst")[k % 2], "flags": {"washout": {"state": "present" if present else "absent"}}})
    for kind, list_ in lesions.items():
        folder = os.path.join(sys.argv[1], kind, name)
        os.makedirs(folder)
        with open(os.path.join(folder, name + "_lesions.json"), "w") as f:
            json.dump({"study": name, "lesions": list_}, f)
PY
/usr/bin/python3 "$work/make.py" "$work/a" 1
/usr/bin/python3 "$work/make.py" "$work/b" 2
fit() {
    expect 0 "" "$HEPAR" calibrate "$work/a/out" "$work/a/truth" --test-out "$work/b/out" --test-truth "$work/b/truth" \
        --trained-on "seed 1" --tested-on "seed 2" --date 2026-11-28 --from-flags "$HEP_SOURCE/configs/expert/flags.yml" --flags "$1" \
        -o "$work/evidence.yml"
}
fit "$work/one.yml"
fit "$work/two.yml"
same "$(sha256sum <"$work/one.yml")" "$(sha256sum <"$work/two.yml")" "the same input gives the same table"
/usr/bin/python3 - "$work/one.yml" <<'PY' || fail "the fit does not find the table that the truth was drawn with"
import math, sys
text = open(sys.argv[1]).read().split("  washout:\n")[1].split("    sizes:")[0]
got = {k: float(v) for k, v in (line.strip().split(": ") for line in text.splitlines() if line.startswith("    ")
                                and ": " in line and not line.strip().startswith("-"))}
wrong = []
phi = lambda z: 0.5 * math.erfc(-z / math.sqrt(2))
for d in (2.5, 4, 8, 12):
    for m in (-0.2, -0.1, 0.0, 0.1, 0.2):
        p = phi((m + got["bias"] + got["bias_small"] / d) / math.hypot(0.05, got["error"] + got["error_small"] / d))
        want = phi((m + 0.06 - 0.3 / d) / math.hypot(0.05, 0.05 + 0.2 / d))
        # 2400 lesions of which some 180 lie near each point: a binomial error of 0.04, and the penalty
        if abs(p - want) > 0.12:
            wrong.append((d, m, p, want))
if got["calibration_error"] > 0.07 or got["area"] < 0.9 or got["lesions"] != 2400:
    wrong.append(got)
print(wrong)
sys.exit(bool(wrong))
PY
cases=$((cases + 1))
# Margins that say nothing, and 24 lesions with the flag, 12 of them of 6 voxels and more: too few of that size to know. All
# together rank badly, which is said of the smaller ones alone.
/usr/bin/python3 - "$work/a" "$work/c" <<'PY'
import glob, json, os, sys
for path in sorted(glob.glob(sys.argv[1] + "/*/sub-0[1-9]/*.json") + glob.glob(sys.argv[1] + "/*/sub-10/*.json")):
    document = json.load(open(path))
    study = int(document["study"][4:])
    for k, lesion in enumerate(document["lesions"]):
        n = 20 * (study - 1) + k
        if "flag_margins" in lesion:
            lesion["flag_margins"]["washout"] = {"margin": 0.1 * ((7 * n) % 11 - 5), "se": 0.05, "size_voxels": 4.0 if n % 2 else 8.0}
        else:
            lesion["flags"]["washout"]["state"] = "present" if n % 8 < 2 and n < 96 else "absent"
    to = path.replace(sys.argv[1], sys.argv[2])
    os.makedirs(os.path.dirname(to))
    json.dump(document, open(to, "w"))
PY
expect 0 "" "$HEPAR" calibrate "$work/c/out" "$work/c/truth" --from-flags "$HEP_SOURCE/configs/expert/flags.yml" \
    --flags "$work/few.yml" -o "$work/evidence.yml"
same "$(sed -n '/^  washout:/,/^  [a-z_]*:$/p' "$work/few.yml" | grep -A 2 'sizes:' | tail -n 2 | sed 's/area: 0\.[0-6][0-9]*/area: low/')" \
    "      - {below: 6, lesions: 100, area: low}
      - {lesions: 100}" "the largest are not judged by the smaller ones"
# a flag without cases keeps the model before, and a truth without flags is said
same "$(grep -A 6 '^  fat:' "$work/one.yml")" "$(grep -A 6 '^  fat:' "$HEP_SOURCE/configs/expert/flags.yml")" "no case of fat"
cp -r "$work/a/truth" "$work/plain"
sed -i 's/"flags": {[^}]*}}/"flags": {}/g' "$work"/plain/*/*_lesions.json
expect 65 "no lesion has both a flag in the truth" "$HEPAR" calibrate "$work/a/out" "$work/plain" \
    --flags "$work/none.yml" -o "$work/none-evidence.yml"
same "$(ls "$work" | grep -c none)" 0 "nothing is written then"

# a run with a table of one's own
expect 0 "" "$HEPAR" simulate eob-full "$work/bids" --fast --degrade none --lesions met:16mm --seed 3 -q
run() { "$HEPAR" run "$work/bids/sub-01" -o "$work/res" --no-align --set report.html=false -q "$@"; }
json() { /usr/bin/python3 -c "import json,sys; d=json.load(open('$work/res/sub-01/sub-01_lesions.json')); print($1)"; }
sed 's/^    error: .*/    error: 9/' "$HEP_SOURCE/configs/flags.yml" >"$work/vague.yml"
expect 0 "" run
same "$(json "d['flag_table'], d['flag_table_sha256']")" \
    "flags.yml $(sha256sum <"$HEP_SOURCE/configs/flags.yml" | cut -d' ' -f1)" "shipped table"
expect 0 "" run --set "lesions.flags.table=$work/vague.yml"
same "$(json "d['flag_table'], d['flag_table_sha256']")" \
    "vague.yml $(sha256sum <"$work/vague.yml" | cut -d' ' -f1)" "own table"
same "$(json "sorted({f['certain'] for l in d['lesions'] for f in l['flags'].values() if f['probability'] is not None})")" \
    "[False]" "nothing is certain with an error of 9"
# another content under the same name is seen
cp "$HEP_SOURCE/configs/flags.yml" "$work/vague.yml"
expect 0 "" run --set "lesions.flags.table=$work/vague.yml"
same "$(json "any(f['certain'] for l in d['lesions'] for f in l['flags'].values())")" True "the changed table is read"
expect 0 "" run --set lesions.flags.require_certain=true
same "$(json "[(l['id'], n) for l in d['lesions'] for n, f in l['flags'].items() if f['state'] != 'not_assessable' and not f['certain']]")" \
    "[]" "what is not certain is not assessable"
sed 's/^    error: .*/    error: none/' "$HEP_SOURCE/configs/flags.yml" >"$work/bad.yml"
expect 65 "bad.yml:" run --set "lesions.flags.table=$work/bad.yml"
expect 66 "no-such.yml" run --set "lesions.flags.table=$work/no-such.yml"
finish
