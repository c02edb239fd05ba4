# The report of a study and of a group: sections, escapes, no network, the same bytes made again, speed of nothing
# recomputed.
. "$HEP_SOURCE/tests/e2e/lib.sh"

section() { grep -q "<section id=\"$2\"" "$1" || fail "$1: no section $2"; cases=$((cases + 1)); }

# hostile STUDY names and texts: a folder that is a script, and the same in sidecars
evil="$work/<script>alert(1)<"
mkdir -p "$evil"
cp -r "$data/volunteers/volunteer-1" "$evil/script>"
study="$evil/script>"
expect 0 "" "$HEPAR" run "$study" -o "$work/out" --set align.engine=none
html=$(ls "$work"/out/*/*_report.html)
there "$html"
for s in images maps series quality methods provenance; do section "$html" "$s"; done
grep -q 'id="summary"' "$html" || fail "no summary"
grep -qi '<script' "$html" && fail "a script in the report"
grep -q 'alert(1)' "$html" && ! grep -q '&lt;script' "$html" && fail "markup from a name"
grep -q 'Research use only' "$html" || fail "no research-use notice"
# nothing from a network: links are within the page
grep -oE '(href|src|action|url)(=|\()["'"'"']?[a-z]+:[^"'"'"' )>]{0,40}' "$html" | grep -v '="data:image/png;base64' | head -1 | grep . && fail "an address outside the page"
grep -q '@import' "$html" && fail "an import"
# Every picture has the sides of the patient, a bar, and can be enlarged without a script; a paragraph for a paper.
same "$(grep -o 'class="mk"' "$html" | wc -l)" "$(grep -o '<figure class="pic" id="fig-[0-9]*"><a class="zoom" href="#fig-' "$html" | wc -l)" "marks and links of pictures"
grep -q '<path d="M[0-9. ]*h[0-9.]*"/><text[^>]*>[15]0 mm</text>' "$html" || fail "no bar of 10 or 50 mm"
grep -q 'id="methods-text"' "$html" || fail "no text for a paper"
# identifiers are unique, and every link within the page has its target
dup=$(grep -oE ' id="[^"]*"' "$html" | sort | uniq -d)
same "$dup" "" "ids that stand twice"
grep -oE 'href="#[^"]*"' "$html" | sed 's/href="#//; s/"//' | sort -u | while read -r id; do
    grep -q " id=\"$id\"" "$html" || echo "$id"
done >"$work/dangling"
same "$(cat "$work/dangling")" "" "links without a target"
[ "$(wc -c <"$html")" -lt 5000000 ] || fail "the report is larger than 5 MB"
# every picture has words
pictures=$(grep -o '<svg[^>]*>' "$html" | grep -vcE 'aria-label=|aria-hidden=|class="hp-svg"')
same "$pictures" 0 "pictures without words"

# without pictures a page of tables
expect 0 "" "$HEPAR" run "$study" -o "$work/plain" --set align.engine=none --set report.pictures=false
same "$(cat "$work"/plain/*/*_report.html | grep -c 'image/png')" 0 "pictures that were turned off"
grep -q 'turned off' "$work"/plain/*/*_report.html || fail "not said that pictures are turned off"

# made again from the results, the same bytes; without the study a page all the same
cp "$html" "$work/first.html"
sub=$(dirname "$html")
expect 0 "" "$HEPAR" report "$sub" --study "$study"
cmp -s "$html" "$work/first.html" || fail "made again, the report differs"
expect 0 "" "$HEPAR" report "$work/out" -o "$work/bare.html"
there "$work/bare.html"
section "$work/bare.html" maps
expect 66 "no *_run.json" "$HEPAR" report "$data" --study "$study"
printf '0 10 20 30 40 50 75 100 200 300 400 500\n' >"$study/changed.txt"
f=$(find "$study" -name '*.nii.gz' | head -1)
cp "$f" "$work/keep.nii.gz"
gzip -dc "$work/keep.nii.gz" | gzip -1 >"$f"
expect 65 "has changed since the run" "$HEPAR" report "$sub" --study "$study" -o "$work/no.html"
absent "$work/no.html"
cp "$work/keep.nii.gz" "$f"

# reproducible: no host, no path, no time
expect 0 "" "$HEPAR" run "$study" -o "$work/other/deep" --set align.engine=none --reproducible
cmp -s "$work"/other/deep/*/*_report.html "$work/first.html" || fail "the report depends on where it is made"
grep -q "$work" "$html" && fail "a path in the report"

# the viewer is not part of the program
expect 66 "scripts/viewer/install.sh" env HEPAR_VIEWER="$work/none" "$HEPAR" report "$sub" --viewer

# switched off
expect 0 "" "$HEPAR" run "$study" -o "$work/off" --set align.engine=none --set report.html=false
absent "$(ls "$work"/off/*/*_report.html 2>/dev/null || echo "$work/none.html")"

# the group: a failure on top, with its reason escaped
mkdir -p "$work/out/sub-02"
printf '{"version": "0", "state": "failed", "exit_code": 65, "study": "sub-02", "error": "<script>alert(2)</script>"}\n' >"$work/out/sub-02/sub-02_run.json"
mkdir -p "$work/bids/sub-01"
expect 0 "" "$HEPAR" batch "$work/bids" "$work/out" group --skip-bids-validation
group="$work/out/group.html"
there "$group"
for s in failures outliers liver lesions studies found; do section "$group" "$s"; done
same "$(grep -ci '<script' "$group")" 1 "scripts of the group page: the one that sorts"
grep -q '&lt;script&gt;alert(2)' "$group" || fail "the failure's reason is missing"
link=$(grep -oE 'href="sub-[^"]*_report.html"' "$group" | head -1 | sed 's/href="//; s/"//')
there "$work/out/${link:-missing}"
same "$(grep -oE ' id="[^"]*"' "$group" | sort | uniq -d)" "" "ids of the group page"
finish
