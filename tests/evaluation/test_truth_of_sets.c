#include "support/support.h"

#include "evaluation/match.h"
#include "evaluation/named_classes.h"

#include <math.h>

/* ---- boxes: a box of 10 x 6 x 12 mm about (10, 20, 30), voxels of 1 x 2 x 4 mm ----------------------------------- */

static const double root_half = 0.70710678118654752;

struct box_case {
    const char *name;
    double at[3];
    bool turned; /* by 45 degrees about z */
    bool match;
};
static struct box_case box_cases[] = {
    { "the centre", { 10, 20, 30 }, false, true },
    { "5.9 mm along x: within half a side and a voxel", { 15.9, 20, 30 }, false, true },
    { "6.1 mm along x", { 16.1, 20, 30 }, false, false },
    { "4.9 mm along y", { 10, 24.9, 30 }, false, true },
    { "5.1 mm along y", { 10, 25.1, 30 }, false, false },
    { "9.9 mm along z", { 10, 20, 20.1 }, false, true },
    { "10.1 mm along z", { 10, 20, 19.9 }, false, false },
    { "turned: 5.9 mm along its own x",
      { 10 + 5.9 * 0.70710678, 20 + 5.9 * 0.70710678, 30 },
      true,
      true },
    { "turned: 5.9 mm along its own y",
      { 10 - 5.9 * 0.70710678, 20 + 5.9 * 0.70710678, 30 },
      true,
      false },
};

static struct hep_match_box box_of(bool turned)
{
    struct hep_match_box b = { .centre_mm = { 10, 20, 30 },
                               .axis = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
                               .half_mm = { 5, 3, 6 },
                               .voxel_mm = { 1, 2, 4 } };

    if (turned) {
        b.axis[0][0] = b.axis[0][1] = b.axis[1][1] = root_half;
        b.axis[1][0] = -root_half;
    }
    return b;
}

static void test_box(void **state)
{
    const struct box_case *c = *state;
    const struct hep_match_box box = box_of(c->turned), *const boxes[] = { &box };
    const struct hep_match_object lesion = { { 10, 20, 30 }, 10, 1 };
    const struct hep_match_object finding = { { c->at[0], c->at[1], c->at[2] }, 3, 1 };
    struct hep_error e = { 0 };

    for (int rule = 0; rule < 3; rule++) {
        struct hep_matching m;

        assert_ok(hep_match_boxes(&m, &(struct hep_match_side){ &lesion, 1, NULL }, boxes,
                                  &(struct hep_match_side){ &finding, 1, NULL },
                                  (enum hep_match_rule)rule, &e),
                  e);
        assert_int_equal(m.finding_of[0] != HEP_NO_MATCH, c->match);
        hep_matching_release(&m);
    }
}

/* ---- classes, many to one: worked by hand ------------------------------------------------------------------------ */

/*
 * Truth: 3 cysts, 2 metastases, 4 hepatocellular and 1 cholangiocellular carcinoma ("other" both), of which one metastasis
 * is missed. Called: cysts cyst, cyst, metastasis; the metastasis metastasis; carcinomas other, other, other, metastasis;
 * the cholangiocarcinoma other.
 * Merged: cyst TP 2 FN 1 FP 0: F1 0.8; metastasis TP 1 FN 0 FP 2: 0.5; other TP 4 FN 1 FP 0: 8/9. Mean 0.7296296.
 *   po 7/9; margins truth 3 1 5, called 2 3 4: pe = (6 + 3 + 20) / 81; kappa = (63 - 29) / (81 - 29) = 34/52.
 * Apart: "other" stands for hepatocellular carcinoma: TP 3 FN 1 FP 1: 0.75; cholangiocarcinoma TP 0 FN 1: 0. Mean of 0.8,
 *   0.5, 0.75, 0: 0.5125. po 6/9; margins 3 1 4 1 and 2 3 4 0: pe = (6 + 3 + 16) / 81; kappa = (54 - 25) / (81 - 25).
 */
static void test_named_classes(void **state)
{
#define CASE(w, c, f, as, who)                                                                     \
    {                                                                                              \
        w, HEP_CLASS_##c, f, HEP_CLASS_##as, who                                                   \
    }
    static const struct hep_named_case cases[] = {
        CASE("cyst", CYST, true, CYST, 0),        CASE("cyst", CYST, true, CYST, 0),
        CASE("cyst", CYST, true, METASTASIS, 1),  CASE("met", METASTASIS, true, METASTASIS, 1),
        CASE("met", METASTASIS, false, COUNT, 2), CASE("hcc", OTHER, true, OTHER, 2),
        CASE("hcc", OTHER, true, OTHER, 3),       CASE("hcc", OTHER, true, OTHER, 3),
        CASE("hcc", OTHER, true, METASTASIS, 4),  CASE("icc", OTHER, true, OTHER, 4),
        CASE("withheld", COUNT, true, OTHER, 4),
    };
    struct hep_named_classes r;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_named_classes_of(&r, cases, sizeof cases / sizeof cases[0], 5, 200, 1, &e), e);
    assert_int_equal(r.n_rows, 4);
    assert_int_equal(r.n, 10);
    assert_int_equal(r.n_found, 9);
    assert_string_equal(r.row[2].word, "hcc");
    assert_int_equal(r.row[2].called[HEP_CLASS_METASTASIS], 1);
    assert_int_equal(r.row[1].found, 1);
    assert_close(r.accuracy.value, 7.0 / 9.0, 1e-12, 0.0);
    assert_close(r.merged_f1.value, (0.8 + 0.5 + 8.0 / 9.0) / 3.0, 1e-12, 0.0);
    assert_close(r.merged_kappa.value, 34.0 / 52.0, 1e-12, 0.0);
    assert_close(r.apart_f1.value, 0.5125, 1e-12, 0.0);
    assert_close(r.apart_kappa.value, 29.0 / 56.0, 1e-12, 0.0);
    assert_true(r.accuracy.lo <= r.accuracy.value && r.accuracy.hi >= r.accuracy.value);
}

static void test_no_named_class(void **state)
{
    struct hep_named_classes r;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_named_classes_of(&r, NULL, 0, 3, 10, 1, &e), e);
    assert_int_equal(r.n_rows, 0);
    assert_true(isnan(r.accuracy.value));
}

#define N_BOXES (sizeof box_cases / sizeof box_cases[0])

int main(void)
{
    struct CMUnitTest tests[N_BOXES + 2];
    size_t n = 0;

    for (size_t i = 0; i < N_BOXES; i++)
        tests[n++] = (struct CMUnitTest){ .name = box_cases[i].name,
                                          .test_func = test_box,
                                          .initial_state = &box_cases[i] };
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_named_classes);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_named_class);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
