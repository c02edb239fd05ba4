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

/* A body that changes from slice to slice; the signal after contrast is 1.4 times that before. */
static struct hep_volume *slices(size_t nz, size_t lost_from, size_t lost, double times)
{
    struct hep_grid grid = hep_test_grid(16, 16, 24, 3, 3, 3);
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    grid.n[2] = nz; /* on the same first slice */

    assert_ok(hep_volume_new(&v, &grid, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        const size_t at = i / 256, z = at < lost_from ? at : at + lost;
        const double x = (double)(i % 16), y = (double)(i / 16 % 16);

        v->data[i] = (float)(times * (500.0 + 100.0 * sin(0.8 * x + 0.7 * (double)z) +
                                      100.0 * cos(0.5 * y - 0.9 * (double)z)));
    }
    return v;
}

struct slice_row {
    size_t n_before, n_after, lost_from, lost; /* lost: of the series after contrast */
    enum hep_gain_state state;
};

/* Three slices lost out of the middle; the same number at the end, where nothing slides; none. */
static void test_slices(void **state)
{
    static const struct slice_row cases[] = { { 24, 21, 9, 3, HEP_GAIN_NOT_ASSESSABLE },
                                              { 24, 23, 9, 1, HEP_GAIN_NOT_ASSESSABLE },
                                              { 24, 21, 99, 0, HEP_GAIN_PLAUSIBLE },
                                              { 24, 24, 99, 0, HEP_GAIN_PLAUSIBLE } };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct hep_volume *before = slices(cases[k].n_before, 99, 0, 1.0);
        struct hep_volume *after = slices(cases[k].n_after, cases[k].lost_from, cases[k].lost, 1.4);
        struct hep_gain gain = { .state = HEP_GAIN_PLAUSIBLE, .factor = 1.0 };

        hep_gain_check_slices(&gain, before, after);
        assert_int_equal(gain.state, cases[k].state);
        if (k == 0)
            assert_non_null(strstr(gain.reason, "3 of 24 slices are missing in it"));
        gain = (struct hep_gain){ .state = HEP_GAIN_PLAUSIBLE, .factor = 1.0 };
        hep_gain_check_slices(&gain, after, before);
        assert_int_equal(gain.state, cases[k].state);
        hep_volume_free(before);
        hep_volume_free(after);
    }
}

/* Spoiled gradient echo of 4 ms and 12 degrees at 3 T, by hand: liver (T1 0.81 s, PD 0.9) 100, blood
 * without agent (1.66 s, PD 1) 57. */
static void test_agent_before(void **state)
{
    static const char *const name[HEP_GAIN_VESSELS] = { "aorta", "portal vein", "cava", "veins" };
    static const double none = (double)NAN, free_of_it[] = { 57, 57, none, 58 },
                        inflow[] = { 130, 57, 60, none }, first_pass[] = { 310, 180, none, 150 },
                        one[] = { 310, none, none, none }, steatosis[] = { 85, 78, 80, none };
    char reason[320];

    (void)state;
    assert_false(hep_gain_agent_before(reason, 100, none, free_of_it, name));
    assert_string_equal(reason, "");
    assert_false(hep_gain_agent_before(reason, 100, none, inflow, name));
    assert_false(hep_gain_agent_before(reason, 100, none, one, name));
    assert_false(hep_gain_agent_before(reason, none, none, first_pass, name));
    assert_true(hep_gain_agent_before(reason, 100, none, first_pass, name));
    assert_non_null(strstr(reason, "aorta 3.1, portal vein 1.8, veins 1.5 times as bright"));
    /* A third of fat, suppressed, and bright inflow: 1.3 and 1.2 times the liver's water without it. */
    assert_true(hep_gain_agent_before(reason, 65, none, steatosis, name));
    assert_false(hep_gain_agent_before(reason, 65, 0.35, steatosis, name));
    assert_true(hep_gain_agent_before(reason, 65, 0.35, first_pass, name));
    assert_non_null(strstr(reason, "as bright as liver without its fat"));
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0] + 2];
    enum { N = sizeof rows / sizeof rows[0] };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = test_row,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    tests[N] = (struct CMUnitTest)cmocka_unit_test(test_slices);
    tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(test_agent_before);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
