# A seed keeps its voxels: those of the usual degradations are what they were before the others came. A change here changes
# every simulated study, so that figures measured on them no longer hold: say so where they stand.
. "$HEP_SOURCE/tests/e2e/lib.sh"
voxels() { zcat "$1" | tail -c +353 | sha256sum | cut -d' ' -f1; }
expect 0 "" "$HEPAR" simulate eob-full "$work/kept" --fast --seed 7 --lesions met:24mm,cyst:12mm,net:16mm -q
while read -r sum file; do
    same "$(voxels "$work/kept/sub-01/$file.nii.gz")" "$sum" "voxels of $file"
done <<'SUMS'
9a9ba31885b24177c85189fab4e4d06ecc659a830daf018d6f24bc784ea80142 anat/sub-01_acq-art_ce-gadoxetate_T1w
457c25444631c046e5621e536814bb10047484fc859b67caa01223187a3968d1 anat/sub-01_acq-dixon_echo-1_MEGRE
d9b5888ed994444ea960130eb4d82366e62e297d9259bd580471ba2fc394f642 anat/sub-01_acq-fatsat_T2w
eccc1206c3a9ea0f26522392d0734e106f9197ea140a6163add2300b106a322d anat/sub-01_acq-hbp_ce-gadoxetate_T1w
fc517f3204e6b0c8783ba9c8f34794a52cd2f40dce33938e06ef333e9280f7f7 dwi/sub-01_dwi
SUMS

# Everything at once gives other voxels, the same for any number of threads, and both truths of every flag.
for threads in 1 2; do
    expect 0 "" "$HEPAR" simulate eob-full "$work/all$threads" --fast --seed 7 --lesions met:24mm,cyst:12mm,net:16mm \
        --degrade all --nthreads $threads -q
done
sums() { (cd "$1" && find . -type f | sort | xargs sha256sum); }
[ "$(sums "$work/all1")" = "$(sums "$work/all2")" ] || fail "bytes differ between 1 and 2 threads"
[ "$(voxels "$work/all1/sub-01/anat/sub-01_acq-fatsat_T2w.nii.gz")" != \
    d9b5888ed994444ea960130eb4d82366e62e297d9259bd580471ba2fc394f642 ] || fail "all degradations change nothing"
truth=$work/all1/derivatives/truth/sub-01/sub-01_lesions.tsv
head -1 "$truth" | grep -q "ring_enhancement_tissue.ring_enhancement_visible" || fail "two truths in $truth"
expect 64 "did you mean" "$HEPAR" simulate eob-full "$work/bad" --degrade outlines
finish
