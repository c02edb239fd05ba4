# hepar calibrate: likelihoods as by hand, the same bytes twice, truth as a folder and as a table, and what it refuses in
# one line without writing anything.
. "$HEP_SOURCE/tests/e2e/lib.sh"

# 24 studies with three lesions each and two candidates that were not kept. Metastases restrict diffusion with
# probabilities of 0.55 to 0.95, cysts with 0.05 to 0.45; candidates on lesions have more support than those on none. By
# chance they lie deeper as well and look more like tubes, which no fit may take as a sign of a lesion.
cat >"$work/make.py" <<'PY'
import json, os, random, sys
random.seed(7)
FEATURES = [l.split("(")[1].split(",")[1].strip() for l in open(sys.argv[2]) if l.startswith("FEATURE(")]
def features(support):
    return {f: support + random.gauss(0, 0.4) if f == "support" else
            random.gauss(support if f in ("depth", "tubeness") else 0, 1) for f in FEATURES}
def put(kind, name, document):
    os.makedirs(os.path.join(sys.argv[1], kind, name))
    json.dump(document, open(os.path.join(sys.argv[1], kind, name, name + "_lesions.json"), "w"))
rows = ["participant_id\tlabel\tclass"]
for s in range(24):
    name, out, truth = f"sub-{s + 1:02d}", [], []
    for k in range(3):
        met = (s + k) % 2 == 0
        p = random.uniform(0.55, 0.95) if met else random.uniform(0.05, 0.45)
        place = {"id": k + 1, "centre_mm": [50.0 * k, 0.0, 0.0], "long_axis_mm": 12.0, "volume_ml": 0.9}
        c = "metastasis" if met else "cyst"
        out.append({**place, "class": "other", "detection_score": 1.0, "detection_features": features(2.0), "probability_metastasis": 0.3,
                    "flags": {"restricted_diffusion": {"state": "present" if p >= 0.5 else "absent", "probability": p}},
                    "evidence": [{"name": "prior", "group": "prior", "log_lr": 0, "value": 0.1, "reason": ""}]})
        truth.append({**place, "class": c})
        rows.append(f"{name}\t{k + 1}\t{c}")
    rejected = [{"id": k + 1, "centre_mm": [50.0 * k, 60.0, 0.0], "detection_score": -1.0, "measurements": {},
                 "detection_features": features(0.8)} for k in range(2)]
    put("out", name, {"study": name, "agent": "gadoxetate", "arterial_weight": 1, "lesions": out, "rejected_candidates": rejected})
    put("truth", name, {"study": name, "lesions": truth})
open(os.path.join(sys.argv[1], "truth.tsv"), "w").write("\n".join(rows) + "\n")
PY
/usr/bin/python3 "$work/make.py" "$work" "$HEP_SOURCE/terms/features.def"
expert=(--from-evidence "$HEP_SOURCE/configs/expert/evidence.yml" --from-detection "$HEP_SOURCE/configs/expert/detection.yml")
fit() { # NAME [OPTIONS]
    local name=$1
    shift
    expect 0 "" "$HEPAR" calibrate "$work/out" "${truth:-$work/truth}" --date 2026-11-28 "${expert[@]}" --weight 8 -o "$work/$name.yml" "$@"
}
fit one --detection "$work/one-detection.yml" --json
cp "$work/stdout" "$work/one.json"
fit two --detection "$work/two-detection.yml"
same "$(cat "$work"/one{,-detection}.yml | sha256sum)" "$(cat "$work"/two{,-detection}.yml | sha256sum)" "the same input gives the same tables"

# A part of the persons held out: nobody is in both, the card says who was fitted on and who is the test.
fit held --hold-out 0.4 --card "$work/card.md"
fitted=$(sed -n 's/.*Fitted on.*: \([0-9]*\) patients.*/\1/p' "$work/card.md") tested=$(sed -n 's/.*Tested on.*: \([0-9]*\) studies.*/\1/p' "$work/card.md")
same "$((fitted + tested))" 24 "persons that are fitted on and held out"
between "$tested" 5 15 "about two in five are held out"
grep -q "40 % of the same persons, held out" "$work/card.md" || fail "the card does not say how the tests were chosen"
expect 64 "exclude each other" "$HEPAR" calibrate "$work/out" "$work/truth" --date 2026-11-28 -o "$work/no.yml" --hold-out 0.4 --test-out "$work/out" --test-truth "$work/truth"

# (sum of P + 8 * L before) / (36 + 8), and what was never seen keeps the expert's number.
/usr/bin/python3 - "$work" <<'PY' || fail "likelihoods are not those of a calculation by hand"
import glob, json, re, sys
def likelihood(path, rule, outcome):
    text = open(path).read().split(f"- name: {rule}\n")[1]
    text = re.split(r"- name: \"?%s\"?\n" % outcome, text)[1]
    return {k: float(v) for k, v in re.findall(r"(\w+): ([0-9.e-]+)", re.search(r"likelihood: \{([^}]*)\}", text).group(1))}
sums, n = {"metastasis": 0.0, "cyst": 0.0}, {"metastasis": 0, "cyst": 0}
for path in glob.glob(sys.argv[1] + "/out/*/*.json"):
    truth = json.load(open(path.replace("/out/", "/truth/")))["lesions"]
    for lesion, true in zip(json.load(open(path))["lesions"], truth):
        sums[true["class"]] += lesion["flags"]["restricted_diffusion"]["probability"]
        n[true["class"]] += 1
got = likelihood(sys.argv[1] + "/one.yml", "restricted_diffusion", "present")
before = {"metastasis": 0.65, "cyst": 0.01, "haemangioma": 0.03}
assert n == {"metastasis": 36, "cyst": 36}, n
for c in sums:
    want = (sums[c] + 8 * before[c]) / (n[c] + 8)
    assert abs(got[c] - want) < 1e-4, (c, got[c], want)
assert got["haemangioma"] == 0.03, got
j = json.load(open(sys.argv[1] + "/one.json"))
assert j["patients"] == 24 and j["candidates_on_lesions"] == 72 and j["candidates_on_none"] == 48
area = {f["figure"]: f for f in j["figures"]}["ROC area, metastasis against other lesions"]
assert area["after"]["value"] == 1.0, area # the flag separates them without error
text = open(sys.argv[1] + "/one-detection.yml").read()
coefficient = {k: float(v) for k, v in re.findall(r"(\w+): \{mean: .*coefficient: ([0-9.e-]+)\}", text)}
assert abs(coefficient["tubeness"]) < 1e-6 and coefficient["depth"] > 0.01 and coefficient["support"] > 0.5, coefficient
PY

# The table of known lesions gives the same likelihoods; nothing is known of candidates on none.
truth=$work/truth.tsv fit table
same "$(sed '/^calibration/,/^rules/d' "$work/one.yml")" "$(sed '/^calibration/,/^rules/d' "$work/table.yml")" "a table of truth gives the likelihoods of the folder"


refuse() { # CODE TEXT TRUTH [OUT]
    expect "$1" "$2" "$HEPAR" calibrate "${4:-$work/out}" "$3" --date 2026-11-28 "${expert[@]}" -o "$work/no.yml" --detection "$work/no-detection.yml"
    [ ! -e "$work/no.yml" ] && [ ! -e "$work/no-detection.yml" ] || fail "something was written although: $2"
}
{ cat "$work/truth.tsv"; printf 'sub-01\t1\tcyst\n'; } >"$work/twice.tsv"
refuse 65 "line 74: a second truth for finding 1 of sub-01" "$work/twice.tsv"
sed 's/cyst/metastasis/' "$work/truth.tsv" >"$work/one-class.tsv"
refuse 65 "72 metastases and 0 other lesions" "$work/one-class.tsv"
sed 's/cyst/zyst/' "$work/truth.tsv" >"$work/word.tsv"
refuse 65 "unknown class 'zyst'" "$work/word.tsv"
sed 's/^sub-01\t1/sub-01\t9/' "$work/truth.tsv" >"$work/lost.tsv"
refuse 65 "no finding of sub-01 is this lesion" "$work/lost.tsv"
sed 's/^sub-24/sub-99/' "$work/truth.tsv" >"$work/absent.tsv"
refuse 66 "sub-99_lesions.json" "$work/absent.tsv"
head -13 "$work/truth.tsv" >"$work/few.tsv"
refuse 65 "4 patients" "$work/few.tsv"
mkdir "$work/empty"
refuse 65 "no study of the truth" "$work/truth" "$work/empty"
cut -f 1,3 "$work/truth.tsv" >"$work/columns.tsv"
refuse 65 "needs the column label, or x, y and z" "$work/columns.tsv"
expect 64 "-o FILE is needed" "$HEPAR" calibrate "$work/out" "$work/truth"

# Without a date the tables are the same but for it.
expect 0 "" "$HEPAR" calibrate "$work/out" "$work/truth" "${expert[@]}" --weight 8 -o "$work/undated.yml"
same "$(diff "$work/one.yml" "$work/undated.yml" | grep -c '^[<>]')" 2 "lines that a date changes"
same "$(grep -c 'date: "not stated"' "$work/undated.yml")" 1 "the date that is not stated"
finish
