/* From margins to probabilities. Expected values are the normal distribution function by its table:
 * Phi(0) 0.5, Phi(1) 0.8413447, Phi(1.2815516) 0.9, Phi(2) 0.9772499. */
#include "support/support.h"

#include "base/alloc.h"
#include "lesions/flag.h"

#include <math.h>
#include <string.h>

struct probability_case {
    const char *name;
    double margin, se, size;
    double p;
    enum hep_flag_state state;
    bool certain;
    const char *said;
};

/* bias 0.02 - 0.1 / d, error 0.03 + 0.2 / d: at d = 5 voxels 0 and 0.07, at 2 voxels -0.03 and 0.13,
 * at a million 0.02 and 0.03. */
static const struct hep_flag_model model = {
    .bias = 0.02, .bias_small = -0.1, .error = 0.03, .error_small = 0.2
};
static const struct probability_case probability_cases[] = {
    { "on the limit", 0.0, 0.05, 5, 0.5, HEP_FLAG_PRESENT, false, "; probably present, P 0.50" },
    { "one error above", 0.07, 0.0, 5, 0.8413447, HEP_FLAG_PRESENT, false,
      "; probably present, P 0.84" },
    { "one error below", -0.07, 0.0, 5, 0.1586553, HEP_FLAG_ABSENT, false,
      "; too little; probably absent, P 0.16" },
    { "both errors, 0.07 and 0.24", 0.25, 0.24, 5, 0.8413447, HEP_FLAG_PRESENT, false,
      "; probably present, P 0.84" },
    { "two errors above", 0.14, 0.0, 5, 0.9772499, HEP_FLAG_PRESENT, true, "; present, P 0.98" },
    { "just certain", 0.0898, 0.0, 5, 0.90022, HEP_FLAG_PRESENT, true, "; present, P 0.90" },
    { "not quite certain", 0.0895, 0.0, 5, 0.89947, HEP_FLAG_PRESENT, false,
      "; probably present, P 0.90" },
    { "two errors below", -0.14, 0.0, 5, 0.0227501, HEP_FLAG_ABSENT, true,
      "; too little; absent, P 0.02" },
    { "small: biased by -0.03", 0.03, 0.0, 2, 0.5, HEP_FLAG_PRESENT, false,
      "; probably present, P 0.50" },
    { "small: one error of 0.13", 0.16, 0.0, 2, 0.8413447, HEP_FLAG_PRESENT, false,
      "; probably present, P 0.84" },
    { "large: one error of 0.03", 0.01, 0.0, 1e6, 0.8413447, HEP_FLAG_PRESENT, false,
      "; probably present, P 0.84" },
};

static void test_probability_case(void **state)
{
    const struct probability_case *c = *state;
    const struct hep_lesion_limits limits = { 0 };
    const struct hep_lesion_study study = { .limits = &limits };
    const struct hep_lesion_measures m = { .study = &study };
    const struct hep_flag_case judged = { &m, NULL, &model, c->size, NULL };
    struct hep_flag_result flag = { 0 };

    assert_close(hep_flag_probability(&model, c->margin, c->se, c->size), c->p, 2e-5, 0);
    hep_flag_decide(&flag, &judged, (struct hep_margin){ c->margin, c->se, "too little" },
                    (struct hep_estimate_se){ 1.25, 0.04 }, 1.1, "signal %.2f of liver", 1.25);
    assert_int_equal(flag.state, c->state);
    assert_int_equal(flag.certain, c->certain);
    assert_close(flag.probability, c->p, 2e-5, 0);
    assert_close(flag.value, 1.25, 0, 0);
    assert_close(flag.se, 0.04, 0, 0);
    assert_close(flag.limit, 1.1, 0, 0);
    assert_close(flag.margin, c->margin, 0, 0);
    assert_close(flag.size_voxels, c->size, 0, 0);
    assert_int_equal(strncmp(flag.reason, "signal 1.25 of liver", 20), 0);
    assert_string_equal(flag.reason + 20, c->said);
}

/* One of ten is missed and two of ten are mistaken: P runs from 0.1 to 0.8, and is 0.1 + 0.7 / 2 on the limit. */
static void test_rates(void **state)
{
    struct hep_flag_model rated = model;

    (void)state;
    rated.missed = 0.1;
    rated.mistaken = 0.2;
    assert_close(hep_flag_probability(&rated, -5.0, 0.0, 5.0), 0.1, 1e-12, 0);
    assert_close(hep_flag_probability(&rated, 0.0, 0.0, 5.0), 0.45, 1e-12, 0);
    assert_close(hep_flag_probability(&rated, 5.0, 0.0, 5.0), 0.8, 1e-12, 0);
}

/* More margin never lowers P, more error never takes it away from one half, at any size. */
static void test_monotone(void **state)
{
    (void)state;
    for (double size = 0.2; size < 40.0; size *= 1.7) {
        for (double margin = -1.0; margin < 1.0; margin += 0.01) {
            double before = 1.0;

            assert_true(hep_flag_probability(&model, margin + 0.01, 0.05, size) >=
                        hep_flag_probability(&model, margin, 0.05, size));
            for (double se = 0.0; se < 1.0; se += 0.1) {
                const double off = fabs(hep_flag_probability(&model, margin, se, size) - 0.5);

                assert_true(off <= before);
                before = off;
            }
        }
    }
}

/* Both: the more doubtful; either: the less doubtful. A condition that is not asked limits nothing,
 * and twice the same is as probable as once. */
static void test_conditions(void **state)
{
    const struct hep_flag_case c = { NULL, NULL, &model, 5, NULL };
    const struct hep_margin sure = { 0.3, 0.05, "sure" }, near = { 0.05, 0.01, "near" },
                            noisy = { 0.3, 3.0, "noisy" };

    (void)state;
    assert_string_equal(hep_margin_both(&c, sure, near).what, "near");
    assert_string_equal(hep_margin_either(&c, sure, near).what, "sure");
    assert_string_equal(hep_margin_both(&c, sure, noisy).what, "noisy");
    assert_string_equal(hep_margin_both(&c, hep_margin_none, near).what, "near");
    assert_string_equal(hep_margin_both(&c, near, hep_margin_not(hep_margin_none)).what, "near");
    assert_close(hep_margin_z(&c, hep_margin_both(&c, near, near)), hep_margin_z(&c, near), 0, 0);
    /* ln(1.21 / 1.1), se 0.0121 of 1.21; below is its negative; a value of 0 is far below. */
    assert_close(hep_margin_above((struct hep_estimate_se){ 1.21, 0.0121 }, 1.1).by, 0.0953102,
                 1e-6, 0);
    assert_close(hep_margin_above((struct hep_estimate_se){ 1.21, 0.0121 }, 1.1).se, 0.01, 1e-12,
                 0);
    assert_close(hep_margin_below((struct hep_estimate_se){ 1.21, 0.0121 }, 1.1).by, -0.0953102,
                 1e-6, 0);
    assert_true(hep_margin_above((struct hep_estimate_se){ 0.0, 0.1 }, 1.1).by < -6.0);
    assert_true(isinf(hep_margin_above((struct hep_estimate_se){ (double)NAN, 0.1 }, 1.1).by));
    /* 3 +- 0.3 over 2 +- 0.1: 1.5, relative errors of 10 and 5 %. */
    assert_close(
        hep_measured_ratio((struct hep_estimate_se){ 3, 0.3 }, (struct hep_estimate_se){ 2, 0.1 })
            .se,
        1.5 * sqrt(0.01 + 0.0025), 1e-12, 0);
}

/* ---- the file --------------------------------------------------------------------------------- */

#define HEAD "date: 2026-11-28\nfitted_on: none\ntested_on: none\nflags:\n"
#define NUMBERS "bias: 0.01, bias_small: -0.1, error: 0.03, error_small: 0.2, "
#define FIRST(what) "  restricted_diffusion: {" what "}\n"
#define REST                                                                                       \
    ROW("t2_shine_through")                                                                        \
    ROW("ring_enhancement")                                                                        \
    ROW("arterial_hyperenhancement")                                                               \
    ROW("washout")                                                                                 \
    ROW("peripheral_washout")                                                                      \
    ROW("hbp_hypointensity")                                                                       \
    ROW("targetoid_dwi") ROW("targetoid_hbp") ROW("t2_target") ROW("fat") ROW("blood_pool") LAST
#define ROW(name) "  " name ": {" NUMBERS "sizes: [{lesions: 0}]}\n"
#define LAST ROW("t1_hyperintensity")
#define SIZES                                                                                      \
    "sizes: [{below: 3, lesions: 40, area: 0.65}, {below: 6, lesions: 50, area: 0.9}, "            \
    "{lesions: 5}]"
#define GOOD HEAD FIRST(NUMBERS SIZES) REST

static void test_sizes(void **state)
{
    const struct hep_lesion_limits limits = { 0 };
    const struct hep_lesion_study study = { .limits = &limits };
    const struct hep_lesion_measures m = { .study = &study };
    struct hep_flag_table *t = NULL;
    struct hep_flag_result flag = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_flag_table_parse(&t, GOOD, strlen(GOOD), "flags.yml", &e), e);
    assert_close(t->model[HEP_FLAG_RESTRICTED_DIFFUSION].error_small, 0.2, 0, 0);
    assert_close(t->model[HEP_FLAG_T1_HYPERINTENSITY].bias_small, -0.1, 0, 0);
    /* Below 3 voxels the area is 0.65: nothing is said. At 3 it is 0.9; without an area it is. */
    for (int k = 0; k < 3; k++) {
        static const double sizes[] = { 2.9, 3.0, 8.0 };
        const struct hep_flag_case c = { &m, t, &t->model[0], sizes[k], NULL };

        hep_flag_decide(&flag, &c, (struct hep_margin){ 1.0, 0.0, NULL },
                        (struct hep_estimate_se){ 1.0, 0.1 }, 1.1, "%s", "low");
        assert_int_equal(flag.state, k == 0 ? HEP_FLAG_NOT_ASSESSABLE : HEP_FLAG_PRESENT);
        assert_int_equal(isnan(flag.probability), k == 0);
        assert_close(flag.margin, 1.0, 0, 0);
        if (k == 0)
            assert_non_null(strstr(flag.reason, "2.9 voxels across: lesions of this size with and "
                                                "without it could not be told apart"));
    }
    hep_flag_table_free(t);
}

/* The table that is shipped. */
static void test_shipped(void **state)
{
    struct hep_flag_table *t = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_flag_table_read(&t, HEP_CONFIGS "/flags.yml", &e), e);
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        /* A ratio twice over its limit, well measured, at ten voxels: no doubt is left but that no margin overcomes. */
        const struct hep_flag_model *m = &t->model[i];

        assert_close(hep_flag_probability(m, log(2.0), 0.02, 10.0), 1.0 - m->mistaken, 0.05, 0);
        assert_close(hep_flag_probability(m, -log(2.0), 0.02, 10.0), m->missed, 0.05, 0.05);
    }
    hep_flag_table_free(t);
    assert_fails(hep_flag_table_read(&t, HEP_CONFIGS "/no-such-file.yml", &e), e, HEP_ENOENT,
                 "no-such-file");
}

struct bad_case {
    const char *name, *text, *part;
};
static const struct bad_case bad_cases[] = {
    { "empty", "", "the file must be a block of keys" },
    { "no flags", "date: 2026-11-28\nfitted_on: none\ntested_on: none\n", "lacks the key 'flags'" },
    { "a flag is missing", HEAD REST, "lacks the key 'restricted_diffusion'" },
    { "unknown flag", GOOD "  ring_enhancment: {" NUMBERS SIZES "}\n",
      "did you mean 'ring_enhancement'" },
    { "no error", HEAD FIRST("bias: 0, bias_small: 0, error_small: 0, " SIZES) REST,
      "lacks the key 'error'" },
    { "error of 0", HEAD FIRST("bias: 0, bias_small: 0, error: 0, error_small: 0, " SIZES) REST,
      "error" },
    { "no number", HEAD FIRST("bias: much, bias_small: 0, error: 1, error_small: 0, " SIZES) REST,
      "flags.yml:5:" },
    { "negative error",
      HEAD FIRST("bias: 0, bias_small: 0, error: 1, error_small: -1, " SIZES) REST, "error_small" },
    { "unknown key", HEAD FIRST(NUMBERS "colour: 3, " SIZES) REST, "colour" },
    { "no sizes", HEAD FIRST(NUMBERS "sizes: []") REST, "sizes must be a list of 1 to 8" },
    { "sizes fall",
      HEAD FIRST(NUMBERS "sizes: [{below: 6, lesions: 1}, {below: 3, lesions: 1}, "
                         "{lesions: 1}]") REST,
      "'below' must rise" },
    { "last size has a bound", HEAD FIRST(NUMBERS "sizes: [{below: 6, lesions: 1}]") REST,
      "every size but the last" },
    { "area of 2", HEAD FIRST(NUMBERS "sizes: [{lesions: 1, area: 2}]") REST, "area" },
};

static void test_bad_case(void **state)
{
    const struct bad_case *c = *state;
    struct hep_flag_table *t = NULL;
    struct hep_error e = { 0 };

    assert_fails(hep_flag_table_parse(&t, c->text, strlen(c->text), "flags.yml", &e), e,
                 HEP_ECONFIG, c->part);
    assert_null(t);
}

static void test_memory(void **state)
{
    int rc = HEP_ENOMEM;

    (void)state;
    for (long at = 1; rc != HEP_OK && at < 100000; at++) {
        struct hep_flag_table *t = NULL;
        struct hep_error e = { 0 };

        hep_alloc_fail_at(at);
        rc = hep_flag_table_parse(&t, GOOD, strlen(GOOD), "flags.yml", &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        assert_int_equal(rc == HEP_OK, t != NULL);
        hep_flag_table_free(t);
    }
    assert_int_equal(rc, HEP_OK);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(test_monotone), cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_rates),    cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_shipped),  cmocka_unit_test(test_memory),
    };
    struct CMUnitTest tests[COUNT(probability_cases) + COUNT(bad_cases) + COUNT(single)];
    size_t n = 0;

    for (size_t i = 0; i < COUNT(probability_cases); i++)
        tests[n++] =
            (struct CMUnitTest){ .name = probability_cases[i].name,
                                 .test_func = test_probability_case,
                                 .initial_state = (void *)(uintptr_t)&probability_cases[i] };
    for (size_t i = 0; i < COUNT(bad_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = bad_cases[i].name,
                                          .test_func = test_bad_case,
                                          .initial_state = (void *)(uintptr_t)&bad_cases[i] };
    for (size_t i = 0; i < COUNT(single); i++)
        tests[n++] = single[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
