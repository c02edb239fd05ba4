#include "contrast/gain.h"
#include "support/support.h"

#include <math.h>

enum { n = 1000 };

struct row {
    const char *name;
    float before, after, before_elsewhere, after_elsewhere; /* in `share` of the voxels */
    double factor;
    size_t elsewhere;
    enum hep_gain_state state;
    const char *says;
};
static const struct row rows[] = {
    { "enhances by half", 100, 150, 100, 150, 1, 0, HEP_GAIN_PLAUSIBLE, "" },
    { "one slice in a hundred lost", 100, 150, 100, 0, 1, 10, HEP_GAIN_PLAUSIBLE, "" },
    { "three slices in a hundred lost", 100, 150, 100, 0, 1, 30, HEP_GAIN_NOT_ASSESSABLE,
      "3 % of the liver's inner voxels have less than 0.5" },
    { "water image swapped in half", 100, 150, 100, 5, 1, 500, HEP_GAIN_NOT_ASSESSABLE, "50 %" },
    { "swapped before contrast", 100, 150, 5, 150, 1, 500, HEP_GAIN_NOT_ASSESSABLE,
      "before contrast" },
    { "lost before contrast", 100, 150, 0, 150, 1, 500, HEP_GAIN_NOT_ASSESSABLE, "more than 6" },
    { "scaled and corrected", 100, 405, 100, 405, 1 / 2.7, 0, HEP_GAIN_CORRECTED, "" },
    { "scaled down and corrected", 100, 30, 100, 30, 5, 0, HEP_GAIN_CORRECTED, "" },
    { "outside the field of view", 100, 150, 100, NAN, 1, 500, HEP_GAIN_PLAUSIBLE, "" },
};

static void test_row(void **state)
{
    const struct row *r = *state;
    const struct hep_grid grid = hep_test_grid(10, 10, 10, 3, 3, 3);
    const struct hep_gain_limits limits = { .possible = { 0.5, 6.0 }, .impossible_max = 0.02 };
    struct hep_gain gain = { .state = r->factor == 1.0 ? HEP_GAIN_PLAUSIBLE : HEP_GAIN_CORRECTED,
                             .factor = r->factor };
    struct hep_volume *before = NULL, *after = NULL;
    struct hep_labels *core = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_volume_new(&before, &grid, 1, &e), e);
    assert_ok(hep_volume_new(&after, &grid, 1, &e), e);
    assert_ok(hep_labels_new(&core, &grid, &e), e);
    for (size_t i = 0; i < n; i++) {
        core->data[i] = 1;
        before->data[i] = i < r->elsewhere ? r->before_elsewhere : r->before;
        after->data[i] = i < r->elsewhere ? r->after_elsewhere : r->after;
    }
    hep_gain_check_signal(&gain, before, after, core, &limits);
    assert_int_equal(gain.state, r->state);
    assert_non_null(strstr(gain.reason, r->says));
    hep_volume_free(before);
    hep_volume_free(after);
    hep_labels_free(core);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0]];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = test_row,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
