#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "review/answers.h"

/* A reader's file for a result of two lesions on a grid of 2 x 2 x 2. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct hep_grid grid = {
        .n = { 2, 2, 2 },
        .to_world = { { 2, 0, 0, 0 }, { 0, 2, 0, 0 }, { 0, 0, 2, 0 }, { 0, 0, 0, 1 } }
    };
    struct hep_finding found[2] = { { .id = 1 }, { .id = 2 } };
    const struct hep_findings findings = { found, 2 };
    const struct hep_answers_of of = { "sub-01", "0", "0", &grid, &findings, fuzz_dir() };
    struct hep_answers answers = { 0 };
    struct hep_error e = { 0 };

    if (!fuzz_put("review.json", data, n))
        return 0;
    fuzz_check(hep_answers_read(&answers, fuzz_path("review.json"), &of, &e), &e);
    hep_answers_release(&answers);
    return 0;
}
