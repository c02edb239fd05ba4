#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "pipeline/origin.h"
#include "pipeline/record.h"
#include "report/stage_table.h"

/* run.json of an earlier run: may its result be replaced, and which of its stages serve again? */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_record mine = { 0 };
    struct hep_json *earlier = NULL;
    struct hep_record_of of;
    struct hep_error e = { 0 };
    size_t n_stages = 0;
    const struct hep_stage *const *stages = hep_stages(&n_stages);
    char study[256], folder[256];

    fuzz_mkdir("study");
    fuzz_mkdir("out");
    (void)snprintf(study, sizeof study, "%s", fuzz_path("study"));
    (void)snprintf(folder, sizeof folder, "%s", fuzz_path("out"));
    if (!fuzz_put("out/sub-1_run.json", data, n))
        return 0;
    (void)memset(mine.study_folder_sha256, 'a', sizeof mine.study_folder_sha256 - 1);
    fuzz_check(hep_origin_check(&earlier, &mine, study, folder, "sub-1", n % 2 == 0, &e), &e);
    hep_record_look(&of, earlier, folder, "sub-1");
    for (size_t i = 0; earlier != NULL && i < n_stages; i++) {
        const struct hep_json *entry = hep_record_stage(earlier, stages[i]->name);
        const char *key = hep_json_string(hep_json_get(entry, "key"));

        if (key != NULL)
            (void)hep_record_reusable(&of, stages[i], key, n % 3 == 0);
    }
    hep_json_free(earlier);
    return 0;
}
