#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "batch/dataset.h"
#include "batch/status.h"

/* Bytes up to the first zero byte are participants.tsv, those behind it a list of labels; both may be anything. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *zero = n > 0 ? memchr(data, 0, n) : NULL;
    const size_t first = zero != NULL ? (size_t)(zero - data) : n;
    char labels[256], dir[256];
    const char *const wanted[] = { labels };
    struct hep_dataset_filter filter = { 0 };
    struct hep_dataset d = { 0 };
    struct hep_error e = { 0 };

    fuzz_mkdir("bids");
    fuzz_mkdir("bids/sub-01");
    fuzz_mkdir("bids/sub-02");
    fuzz_mkdir("bids/sub-02/ses-1");
    if (!fuzz_put("bids/dataset_description.json", (const uint8_t *)"{}", 2))
        return 0;
    (void)fuzz_put("bids/participants.tsv", data, first);
    (void)snprintf(dir, sizeof dir, "%s", fuzz_path("bids"));
    (void)snprintf(labels, sizeof labels, "%s", fuzz_path("labels.txt"));
    if (zero != NULL && fuzz_put("labels.txt", zero + 1, n - first - 1)) {
        filter.subjects = wanted;
        filter.n_subjects = 1;
    }
    fuzz_check(hep_dataset_list(&d, dir, &filter, &e), &e);
    for (size_t i = 0; i < d.n; i++)
        if (d.list[i].label == NULL || strncmp(d.list[i].label, "sub-0", 5) != 0)
            abort();
    hep_dataset_release(&d);
    return 0;
}
