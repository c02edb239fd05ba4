# The tables of a study and of a group as others read them: pandas and R find numbers, BIDS its data dictionaries, and
# every study has the same columns.
. "$HEP_SOURCE/tests/e2e/lib.sh"
run() { expect 0 "" "$HEPAR" run "$work/bids/$1" -o "$work/out" --no-align --set report.html=false -q "${@:2}"; }

expect 0 "" "$HEPAR" simulate eob-full "$work/bids" --fast --degrade none --lesions met:14mm,cyst:16mm --seed 3 -q
expect 0 "" "$HEPAR" simulate amri-noncontrast "$work/bids" --fast --degrade none --lesions met:14mm --seed 4 --first 2 -q
run sub-01
run sub-02 -p amri-noncontrast --liver-mask "$work/bids/derivatives/truth/sub-02/anat/sub-02_label-liver_mask.nii.gz"
expect 0 "" "$HEPAR" batch "$work/bids" "$work/out" group -q

# the maps of the same study: one policy for all
cases=$((cases + 1))
/usr/bin/python3 "$HEP_SOURCE/tests/e2e/check_maps.py" "$work/bids/sub-01" "$work/out/sub-01" || fail "policy of maps"

# one table whatever the protocol, and a dictionary beside each
same "$(head -1 "$work/out/sub-01/sub-01_lesions.tsv")" "$(head -1 "$work/out/sub-02/sub-02_lesions.tsv")" "columns"
same "$(head -1 "$work/out/sub-01/sub-01_measures.tsv")" \
    "$(printf 'lesion_id\tregion\tmap\tstatistic\tvalue\tunit\tn\tse\tstatus')" "columns of measures.tsv"
between "$(head -1 "$work/out/sub-01/sub-01_lesions.tsv" | tr '\t' '\n' | wc -l)" 30 50 "number of columns"
/usr/bin/python3 - "$work/out" "$work/bids" <<'PY' || fail "what pandas reads is not what lesions.json says"
import glob, json, math, sys
import pandas
wrong = []
tables = sorted(glob.glob(sys.argv[1] + "/**/*.tsv", recursive=True)) + sorted(
    glob.glob(sys.argv[2] + "/derivatives/truth/*/*_lesions.tsv")) + [sys.argv[2] + "/participants.tsv"]
for path in tables:
    if path.endswith("_dseg.tsv"): # its .json is the sidecar of the image
        continue
    table = pandas.read_csv(path, sep="\t", na_values="n/a", keep_default_na=False)
    about = json.load(open(path[:-4] + ".json"))
    for name, column in table.items():
        entry = about.get(name)
        if not isinstance(entry, dict) or not entry.get("Description"):
            wrong.append(f"{path}: {name} has no description")
        elif "Units" in entry and column.notna().any() and column.dtype == object:
            wrong.append(f"{path}: {name} holds no numbers: {column.iloc[0]}")
        elif "Levels" in entry and not set(column.dropna()) <= set(entry["Levels"]):
            wrong.append(f"{path}: {name}: {set(column.dropna())}")
    if len(set(table.columns)) != len(table.columns):
        wrong.append(f"{path}: a column stands twice")
if len(tables) < 16:
    wrong.append(f"only {tables}")
n = 0
for study in ("sub-01", "sub-02"):
    base = f"{sys.argv[1]}/{study}/{study}_"
    lesions = pandas.read_csv(base + "lesions.tsv", sep="\t", na_values="n/a", keep_default_na=False)
    tidy = pandas.read_csv(base + "measures.tsv", sep="\t", na_values="n/a", keep_default_na=False)
    if tidy.duplicated(["lesion_id", "region", "map", "statistic"]).any():
        wrong.append(f"{study}: two rows of one measure")
    for lesion in json.load(open(base + "lesions.json"))["lesions"]:
        row = lesions[lesions.lesion_id == lesion["id"]].iloc[0]
        mine = tidy[tidy.lesion_id == lesion["id"]].set_index(["region", "map", "statistic"])
        m = {k: v["value"] for k, v in lesion["measurements"].items()}
        pairs = [(row.volume_ml, lesion["volume_ml"]), (row.x_mm, lesion["centre_mm"][0]),
                 (row.adc_mm2_per_s, m["adc_mm2_per_s"]),
                 (mine.loc[("whole", "adc", "estimate"), "value"], m["adc_mm2_per_s"]),
                 (mine.loc[("whole", "adc", "estimate"), "se"], m["adc_standard_error_mm2_per_s"]),
                 (mine.loc[("ring", "t2", "median"), "value"], m["t2_ring_median"]),
                 (mine.loc[("ring", "t2", "median"), "n"], m["t2_ring_n"])]
        if study == "sub-01":
            pairs += [(row.hepatobiliary_ratio, m["hepatobiliary_ratio"]),
                      (mine.loc[("whole", "arterial", "enhancement"), "value"], m["arterial_re"])]
        elif not math.isnan(row.hepatobiliary_ratio):
            wrong.append("a hepatobiliary phase without contrast")
        for got, want in pairs:
            n += 1
            if want is not None and not math.isclose(got, want, rel_tol=1e-8):
                wrong.append(f"{study} {lesion['id']}: {got}, {want}")
        flags = pandas.read_csv(base + "flags.tsv", sep="\t", na_values="n/a", keep_default_na=False)
        for _, f in flags[flags.lesion_id == lesion["id"]].iterrows():
            want = lesion["flags"][f.flag]
            for key in ("state", "unit", "reason"):
                if f[key] != want[key]:
                    wrong.append(f"{f.flag}.{key}: {f[key]}, {want[key]}")
            for key in ("probability", "value", "se", "limit"):
                n += 1
                if (want[key] is None) != math.isnan(f[key]) or (
                        want[key] is not None and not math.isclose(f[key], want[key], rel_tol=1e-8)):
                    wrong.append(f"{f.flag}.{key}: {f[key]}, {want[key]}")
        if row["class"] != lesion["class"] or row.washout != lesion["flags"]["washout"]["state"]:
            wrong.append(f"{study} {lesion['id']}: another class or flag")
        if ((mine.value.isna()) != (mine.status == "not_assessable")).any():
            wrong.append(f"{study} {lesion['id']}: status")
every = pandas.read_csv(sys.argv[1] + "/regions.tsv", sep="\t", na_values="n/a", keep_default_na=False)
for study in ("sub-01", "sub-02"):
    own = pandas.read_csv(f"{sys.argv[1]}/{study}/{study}_regions.tsv", sep="\t", na_values="n/a", keep_default_na=False)
    if not every[every.study == study].drop(columns="study").reset_index(drop=True).equals(own) or len(own) == 0:
        wrong.append(f"{study}: other regions in the group's table")
print("\n".join(wrong))
sys.exit(bool(wrong) or n < 14)
PY
cases=$((cases + 1))

# R as its users read such files
cat >"$work/read.R" <<'R'
folder <- commandArgs(trailingOnly = TRUE)
lesions <- read.delim(file.path(folder, "sub-01_lesions.tsv"), na.strings = "n/a")
measures <- read.delim(file.path(folder, "sub-01_measures.tsv"), na.strings = "n/a")
stopifnot(is.numeric(lesions$adc_mm2_per_s), is.numeric(lesions$delayed_ratio) || all(is.na(lesions$delayed_ratio)),
          is.numeric(measures$value), is.numeric(measures$n), is.numeric(measures$se))
adc <- subset(measures, region == "whole" & map == "adc" & statistic == "estimate")
joined <- merge(lesions, adc, by = "lesion_id")
stopifnot(nrow(joined) == nrow(lesions), isTRUE(all.equal(joined$adc_mm2_per_s, joined$value)))
R
expect 0 "" Rscript --vanilla "$work/read.R" "$work/out/sub-01"
# Maps that nobody asked for: no file, the same measurements, and a later stage that runs again still sees them.
few() { expect 0 "" "$HEPAR" run "$work/bids/sub-02" -o "$work/$1" --no-align -p amri-noncontrast --reproducible -q --set report.html=false --liver-mask \
    "$work/bids/derivatives/truth/sub-02/anat/sub-02_label-liver_mask.nii.gz" "${@:2}"; }
few all
few few --set outputs.maps=ivim_f,errors
same "$(cd "$work/few/sub-02" && find . -name '*map.nii.gz' -o -name '*ADC.nii.gz' | sort | tr '\n' ' ')" \
    "./dwi/sub-02_desc-ivim_fmap.nii.gz ./dwi/sub-02_desc-mono_ADCstderrmap.nii.gz " "maps that were asked for"
there "$work/few/sub-02/anat/sub-02_label-lesions_dseg.nii.gz"
for file in lesions.json measures.tsv lesions.tsv; do
    cmp -s "$work/all/sub-02/sub-02_$file" "$work/few/sub-02/sub-02_$file" || fail "$file depends on the maps that are written"
done
cmp -s "$work"/{all,few}/sub-02/dwi/sub-02_desc-ivim_fmap.nii.gz || fail "a map depends on what is written beside it"
grep -q '"reason": "the setting outputs.maps does not name it"' "$work/few/sub-02/sub-02_run.json" || fail "no reason in run.json"
grep -q 'desc-mono_ADC.nii.gz' "$work/few/sub-02/anat/sub-02_label-lesions_dseg.json" && fail "Sources name a file that is not there"
few few --set outputs.maps=ivim_f,errors --set lesions.evidence.context=colorectal
few fresh --set outputs.maps=ivim_f,errors --set lesions.evidence.context=colorectal
diff -r "$work/few" "$work/fresh" >/dev/null || fail "a map without a file is not made again for a stage that runs again"
expect 65 "unknown map of the setting outputs.maps 'adk'; did you mean 'adc'?" "$HEPAR" run "$work/bids/sub-02" -o "$work/no" --set outputs.maps=adk
finish
