#include "support/support.h"

#include "base/alloc.h"
#include "image/mask.h"
#include "evaluation/evaluation.h"

#include <math.h>

/* ---- balls ------------------------------------------------------------------------------------
 */

static void test_ball_iou(void **state)
{
    (void)state;
    /* two unit balls at distance 1: the lens is 5/16 of a ball; IoU = 5 / 27 */
    assert_close(hep_ball_iou(2.0, 2.0, 1.0), 5.0 / 27.0, 1e-12, 0.0);
    assert_close(hep_ball_iou(10.0, 5.0, 0.0), 0.125, 1e-12, 0.0);
    assert_close(hep_ball_iou(10.0, 5.0, 2.4), 0.125, 1e-12, 0.0);
    assert_close(hep_ball_iou(4.0, 6.0, 5.0), 0.0, 0.0, 0.0);
}

/* ---- rules: one lesion, one finding at a distance along x -------------------------------------
 */

struct rule_case {
    const char *name;
    double lesion_mm, finding_mm, away_mm;
    enum hep_match_rule rule;
    bool match;
};
static struct rule_case rule_cases[] = {
    { "8 mm lesion: 6.9 mm is within 4 + 3", 8, (double)NAN, 6.9, HEP_MATCH_CENTRE, true },
    { "8 mm lesion: 7.1 mm is not", 8, (double)NAN, 7.1, HEP_MATCH_CENTRE, false },
    { "40 mm lesion: 29.9 mm is within 20 + 10", 40, 5, 29.9, HEP_MATCH_CENTRE, true },
    { "40 mm lesion: 30.1 mm is not", 40, 5, 30.1, HEP_MATCH_CENTRE, false },
    { "big finding off centre: overlap counts", 20, 30, 13, HEP_MATCH_MASK, true },
    { "its centre alone is too far out", 4, 40, 11, HEP_MATCH_CENTRE, false },
    { "small finding inside: overlap is too small", 20, 9, 0, HEP_MATCH_MASK, false },
    { "but its centre counts", 20, 9, 0, HEP_MATCH_BOTH, true },
    { "no diameter, no overlap", 20, (double)NAN, 0, HEP_MATCH_MASK, false },
    { "neither", 12, 30, 22, HEP_MATCH_BOTH, false },
};

static void test_rule(void **state)
{
    const struct rule_case *c = *state;
    const struct hep_match_object lesion = { { 1, 2, 3 }, c->lesion_mm, 1 };
    const struct hep_match_object finding = { { 1 + c->away_mm, 2, 3 }, c->finding_mm, 1 };
    struct hep_matching m;
    struct hep_error e = { 0 };

    assert_ok(hep_match(&m, &(struct hep_match_side){ &lesion, 1, NULL },
                        &(struct hep_match_side){ &finding, 1, NULL }, c->rule, &e),
              e);
    assert_int_equal(m.finding_of[0] != HEP_NO_MATCH, c->match);
    assert_int_equal(m.found[0].fate, c->match ? HEP_FATE_TRUE : HEP_FATE_FALSE);
    assert_int_equal(m.found[0].nearest, 0);
    assert_close(m.found[0].nearest_mm, c->away_mm, 1e-12, 0.0);
    hep_matching_release(&m);
}

/* ---- one to one -------------------------------------------------------------------------------
 */

/* Two findings on lesion 0, the nearer one is true; a third between two lesions serves the second
 * because the first has a nearer one; a fourth is far from everything. */
static void test_split_and_false(void **state)
{
    const struct hep_match_object lesions[] = { { { 0, 0, 0 }, 20, 4 }, { { 16, 0, 0 }, 10, 9 } };
    const struct hep_match_object findings[] = {
        { { -6, 0, 0 }, 5, 1 }, { { 2, 0, 0 }, 5, 2 }, { { 9, 0, 0 }, 5, 3 }, { { 60, 0, 0 }, 5, 4 }
    };
    struct hep_matching m;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_match(&m, &(struct hep_match_side){ lesions, 2, NULL },
                        &(struct hep_match_side){ findings, 4, NULL }, HEP_MATCH_BOTH, &e),
              e);
    assert_int_equal(m.finding_of[0], 1);
    assert_int_equal(m.finding_of[1], 2);
    assert_int_equal(m.found[0].fate, HEP_FATE_EXTRA);
    assert_int_equal(m.found[0].lesion, 0);
    assert_int_equal(m.found[1].fate, HEP_FATE_TRUE);
    assert_int_equal(m.found[2].lesion, 1);
    assert_close(m.found[2].distance_mm, 7.0, 1e-12, 0.0);
    assert_int_equal(m.found[3].fate, HEP_FATE_FALSE);
    assert_int_equal(m.found[3].nearest, 1);
    assert_close(m.found[3].nearest_mm, 44.0, 1e-12, 0.0);
    hep_matching_release(&m);
}

static void test_nothing_to_match(void **state)
{
    const struct hep_match_object one = { { 0, 0, 0 }, 5, 1 };
    struct hep_matching m;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_match(&m, &(struct hep_match_side){ NULL, 0, NULL },
                        &(struct hep_match_side){ &one, 1, NULL }, HEP_MATCH_BOTH, &e),
              e);
    assert_int_equal(m.found[0].fate, HEP_FATE_FALSE);
    assert_true(m.found[0].nearest == HEP_NO_MATCH && isnan(m.found[0].nearest_mm));
    hep_matching_release(&m);
    assert_ok(hep_match(&m, &(struct hep_match_side){ &one, 1, NULL },
                        &(struct hep_match_side){ NULL, 0, NULL }, HEP_MATCH_BOTH, &e),
              e);
    assert_true(m.finding_of[0] == HEP_NO_MATCH);
    hep_matching_release(&m);
}

/* ---- masks ------------------------------------------------------------------------------------
 */

static void cube(struct hep_labels *l, size_t x0, size_t side, int32_t label)
{
    for (size_t z = 2; z < 2 + side; z++)
        for (size_t y = 2; y < 2 + side; y++)
            for (size_t x = x0; x < x0 + side; x++)
                l->data[(z * l->grid.n[1] + y) * l->grid.n[0] + x] = label;
}

/* Cubes of 10 voxels shifted by 4: 600 of 1000 in common. */
static void test_masks(void **state)
{
    const struct hep_grid grid = hep_test_grid(40, 16, 16, 2.0, 2.0, 2.0);
    struct hep_match_object lesion = { { 0, 0, 0 }, 20, 5 }, finding = { { 0, 0, 0 }, 20, 7 };
    struct hep_labels *truth = NULL, *got = NULL;
    const double centre[3] = { 20.5, 6.5, 6.5 };
    struct hep_overlap overlap;
    struct hep_matching m;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_labels_new(&truth, &grid, &e), e);
    assert_ok(hep_labels_new(&got, &grid, &e), e);
    cube(truth, 4, 10, 5);
    cube(got, 8, 10, 7);
    hep_grid_to_world(finding.centre_mm, &grid, centre);
    assert_ok(hep_match(&m, &(struct hep_match_side){ &lesion, 1, truth },
                        &(struct hep_match_side){ &finding, 1, got }, HEP_MATCH_MASK, &e),
              e);
    assert_int_equal(m.found[0].fate, HEP_FATE_TRUE);
    assert_close(m.found[0].iou, 600.0 / 1400.0, 1e-12, 0.0);
    hep_matching_release(&m);
    assert_ok(hep_mask_overlap(&overlap, truth, got, &e), e);
    assert_close(overlap.dice, 0.6, 1e-12, 0.0);
    assert_close(overlap.volume_error_frac, 0.0, 0.0, 1e-12);
    /* the last voxel box of the cube ends at index 13.5; 20.5 is 7 voxels of 2 mm away */
    lesion.diameter_mm = 55.9;
    assert_ok(hep_match(&m, &(struct hep_match_side){ &lesion, 1, truth },
                        &(struct hep_match_side){ &finding, 1, NULL }, HEP_MATCH_CENTRE, &e),
              e);
    assert_int_equal(m.found[0].fate, HEP_FATE_FALSE);
    hep_matching_release(&m);
    lesion.diameter_mm = 56.1;
    assert_ok(hep_match(&m, &(struct hep_match_side){ &lesion, 1, truth },
                        &(struct hep_match_side){ &finding, 1, NULL }, HEP_MATCH_CENTRE, &e),
              e);
    assert_int_equal(m.found[0].fate, HEP_FATE_TRUE);
    hep_matching_release(&m);
    hep_labels_free(truth);
    hep_labels_free(got);
}

static void test_masks_on_two_grids(void **state)
{
    const struct hep_grid a = hep_test_grid(4, 4, 4, 2.0, 2.0, 2.0),
                          b = hep_test_grid(4, 4, 4, 2.0, 2.0, 2.5);
    const struct hep_match_object one = { { 0, 0, 0 }, 5, 1 };
    struct hep_labels *la = NULL, *lb = NULL;
    struct hep_matching m;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_labels_new(&la, &a, &e), e);
    assert_ok(hep_labels_new(&lb, &b, &e), e);
    assert_fails(hep_match(&m, &(struct hep_match_side){ &one, 1, la },
                           &(struct hep_match_side){ &one, 1, lb }, HEP_MATCH_BOTH, &e),
                 e, HEP_EGEOM, "grids");
    for (long k = 1; k <= 9; k++) {
        hep_alloc_fail_at(k);
        assert_fails(hep_match(&m, &(struct hep_match_side){ &one, 1, la },
                               &(struct hep_match_side){ &one, 1, la }, HEP_MATCH_BOTH, &e),
                     e, HEP_ENOMEM, NULL);
    }
    hep_alloc_fail_at(0);
    hep_labels_free(la);
    hep_labels_free(lb);
}

/* ---- sizes ------------------------------------------------------------------------------------
 */

static void test_size_classes(void **state)
{
    (void)state;
    assert_int_equal(hep_size_class(2.99), HEP_SIZE_BELOW_3);
    assert_int_equal(hep_size_class(3.0), HEP_SIZE_3_5);
    assert_int_equal(hep_size_class(5.0), HEP_SIZE_5_10);
    assert_int_equal(hep_size_class(10.0), HEP_SIZE_10_20);
    assert_int_equal(hep_size_class(20.0), HEP_SIZE_10_20);
    assert_int_equal(hep_size_class(20.01), HEP_SIZE_ABOVE_20);
    assert_int_equal(hep_size_class((double)NAN), HEP_SIZE_UNKNOWN);
}

/* ---- three studies by hand --------------------------------------------------------------------
 * Patient 0: metastasis 12 mm found and called (p 0.9), metastasis 4 mm missed, a false positive
 * called metastasis (p 0.7), a split detection of the first.
 * Patient 1: cyst 8 mm found and called metastasis (p 0.6): a mimic. No metastasis.
 * Patient 2: no lesion, output with a false positive called cyst (p 0.1).
 * Patient 3: metastasis 25 mm, no output.
 */
static const struct hep_eval_study studies[] = {
    { 0, true, true, { 0.9, 1.0, 4.0, 0.1 } },
    { 1, true, true, { 0.7, 2.0, 8.0, -0.3 } },
    { 2, true, false, { 0, 0, 0, 0 } },
    { 3, false, false, { 0, 0, 0, 0 } },
};

static struct hep_eval_flags flag(enum hep_flag_state state)
{
    struct hep_eval_flags f = { .given = { false } };

    f.given[HEP_FLAG_WASHOUT] = true;
    f.state[HEP_FLAG_WASHOUT] = state;
    return f;
}

static void fill(struct hep_eval_lesion lesions[4], struct hep_eval_finding findings[5])
{
    const struct hep_eval_flags present = flag(HEP_FLAG_PRESENT), absent = flag(HEP_FLAG_ABSENT);

    lesions[0] = (struct hep_eval_lesion){ 0, 0, 12.0, HEP_CLASS_METASTASIS, { present } };
    lesions[1] =
        (struct hep_eval_lesion){ 0, HEP_NO_MATCH, 4.0, HEP_CLASS_METASTASIS, { present } };
    lesions[2] = (struct hep_eval_lesion){ 1, 3, 7.5, HEP_CLASS_CYST, { absent } };
    lesions[3] =
        (struct hep_eval_lesion){ 3, HEP_NO_MATCH, 25.0, HEP_CLASS_METASTASIS, { present } };
    findings[0] = (struct hep_eval_finding){ 0,   0, HEP_FATE_TRUE, HEP_CLASS_METASTASIS,
                                             0.9, 5, present,       0.1 };
    findings[1] = (struct hep_eval_finding){
        0, HEP_NO_MATCH, HEP_FATE_FALSE, HEP_CLASS_METASTASIS, 0.7, 6, absent, 0.1
    };
    findings[2] =
        (struct hep_eval_finding){ 0, 0, HEP_FATE_EXTRA, HEP_CLASS_OTHER, 0.95, 7, absent, 0.1 };
    findings[3] = (struct hep_eval_finding){
        1, 2, HEP_FATE_TRUE, HEP_CLASS_METASTASIS, 0.6, 4, flag(HEP_FLAG_NOT_ASSESSABLE), 0.1
    };
    findings[4] =
        (struct hep_eval_finding){ 2,      HEP_NO_MATCH, HEP_FATE_FALSE, HEP_CLASS_CYST, 0.1, 3,
                                   absent, 0.1 };
}

static double number(const struct hep_eval_result *r, int task, int which)
{
    return r->number[(size_t)task * HEP_NUMBERS_PER_TASK + (size_t)which].value;
}

static void check_detection(const struct hep_eval_result *r)
{
    assert_int_equal(r->sensitivity[0].k, 2);
    assert_int_equal(r->sensitivity[0].n, 4);
    assert_int_equal(r->n_false, 2);
    assert_int_equal(r->n_extra, 1);
    assert_int_equal(r->n_with_findings, 3);
    assert_int_equal(r->by_size[0][HEP_SIZE_3_5].n, 1);
    assert_int_equal(r->by_size[0][HEP_SIZE_3_5].k, 0);
    assert_int_equal(r->by_size[0][HEP_SIZE_10_20].k, 1);
    assert_int_equal(r->by_size[0][HEP_SIZE_ABOVE_20].n, 1);
    assert_int_equal(r->found[HEP_CLASS_CYST].k, 1);
    assert_int_equal(r->found[HEP_CLASS_METASTASIS].n, 3);
    assert_close(number(r, 0, HEP_NUMBER_FALSE_PER_STUDY), 2.0 / 3.0, 1e-12, 0.0);
    /* scores: lesion 0 gets 7 from its split detection, then 6 false, 4 cyst, 3 false: up to one
     * false positive in three studies the sensitivity is 1/4, then 2/4 */
    assert_close(number(r, 0, HEP_NUMBER_AT_RATE + 1), 0.25, 1e-12, 0.0);
    assert_close(number(r, 0, HEP_NUMBER_AT_RATE + 2), 0.5, 1e-12, 0.0);
    assert_close(number(r, 0, HEP_NUMBER_CPM), (2 * 0.25 + 5 * 0.5) / 7.0, 1e-12, 0.0);
    assert_int_equal(r->score, HEP_SCORE_DETECTION);
}

static void check_metastasis(const struct hep_eval_result *r)
{
    assert_int_equal(r->sensitivity[1].k, 1);
    assert_int_equal(r->sensitivity[1].n, 3);
    assert_int_equal(r->n_false_called, 1);
    assert_int_equal(r->n_mimics_called, 1);
    assert_close(number(r, 1, HEP_NUMBER_FALSE_PER_STUDY), 2.0 / 3.0, 1e-12, 0.0);
    /* 0.95 true, 0.7 false, 0.6 mimic, 0.1 false: 1/3 without any false positive */
    assert_close(number(r, 1, HEP_NUMBER_AT_RATE), 1.0 / 3.0, 1e-12, 0.0);
    assert_close(number(r, 1, HEP_NUMBER_AT_RATE + 6), 1.0 / 3.0, 1e-12, 0.0);
    assert_int_equal(r->called[HEP_CLASS_CYST].k, 1);
    assert_int_equal(r->called[HEP_CLASS_METASTASIS].n, 1);
    assert_int_equal(r->patient_sensitivity.k, 1);
    assert_int_equal(r->patient_sensitivity.n, 2);
    assert_int_equal(r->patient_specificity.k, 1);
    assert_int_equal(r->patient_specificity.n, 2);
    assert_close(r->auc_lesions.value, 1.0, 0.0, 0.0);
    assert_close(r->auc_findings.value, 1.0, 0.0, 0.0);
    assert_int_equal(r->auc_findings.n_negative, 3);
    assert_close(r->number[HEP_WHOLE_BRIER].value, (0.01 + 0.49 + 0.36 + 0.01) / 4.0, 1e-12, 0.0);
}

static const struct hep_flag_figures *washout(const struct hep_eval_result *r,
                                              enum hep_flag_truth truth, enum hep_flag_size size)
{
    return &r->flag[hep_flag_figures_at(HEP_FLAG_WASHOUT, truth, size)];
}

/* Found: one lesion of 12 mm that is called present, and one of 7.5 mm that is not assessable. */
static void check_washout(const struct hep_eval_result *r)
{
    const struct hep_flag_figures *all = washout(r, HEP_TRUTH_TISSUE, HEP_FLAG_SIZE_ALL);

    assert_int_equal(all->sensitivity.k, 1);
    assert_int_equal(all->sensitivity.n, 1);
    assert_int_equal(all->specificity.n, 0);
    assert_int_equal(all->not_assessable.k, 1);
    assert_int_equal(all->not_assessable.n, 2);
    assert_int_equal(washout(r, HEP_TRUTH_TISSUE, HEP_FLAG_SIZE_FROM_8)->n, 1);
    assert_int_equal(washout(r, HEP_TRUTH_TISSUE, HEP_FLAG_SIZE_8_15)->n, 1);
    assert_int_equal(washout(r, HEP_TRUTH_TISSUE, HEP_FLAG_SIZE_5_8)->n, 1);
    assert_int_equal(washout(r, HEP_TRUTH_TISSUE, HEP_FLAG_SIZE_FROM_15)->n, 0);
    assert_int_equal(washout(r, HEP_TRUTH_VISIBLE, HEP_FLAG_SIZE_ALL)->n, 0);
}

/* Six lesions of 10 mm in three patients, by hand. Probabilities 0.95 0.8 0.4 of those that have
 * the flag, 0.6 0.2 of those that have not; one that has it has no probability, but a margin that
 * would rank among the others' scores were scales alike: 0.5. Pairs: 0.95, 0.8 and 0.5 above both
 * or one, 0.4 above one: (2 + 2 + 1 + 1) / 8. Calibration: each probability is alone in its bin,
 * (0.05 + 0.2 + 0.6 + 0.6 + 0.2) / 5. */
static void test_flag_figures(void **state)
{
    static const struct hep_eval_study three[] = {
        { 0, true, false, { 0, 0, 0, 0 } },
        { 1, true, false, { 0, 0, 0, 0 } },
        { 2, true, false, { 0, 0, 0, 0 } },
    };
    static const double probability[6] = { 0.95, 0.8, 0.4, NAN, 0.6, 0.2 };
    static const double oracle[6] = { 0.3, 0.2, 0.1, NAN, -0.1, 0.15 };
    struct hep_eval_lesion lesions[6] = { { 0 } };
    struct hep_eval_finding findings[6] = { { 0 } };
    const struct hep_eval_data data = { three, 3, lesions, 6, findings, 6, 3 };
    struct hep_flag_figures *out = calloc(HEP_FLAG_FIGURES, sizeof *out);
    const struct hep_flag_figures *f =
        &out[hep_flag_figures_at(HEP_FLAG_FAT, HEP_TRUTH_VISIBLE, HEP_FLAG_SIZE_8_15)];
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct hep_eval_flags *truth = &lesions[i].flags[HEP_TRUTH_VISIBLE],
                              *got = &findings[i].flags;

        lesions[i].study = findings[i].study = i % 3;
        lesions[i].finding = findings[i].lesion = i;
        lesions[i].diameter_mm = 10.0;
        truth->given[HEP_FLAG_FAT] = got->given[HEP_FLAG_FAT] = true;
        truth->state[HEP_FLAG_FAT] = i < 4 ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT;
        got->probability[HEP_FLAG_FAT] = probability[i];
        got->margin[HEP_FLAG_FAT] = 0.5;
        truth->margin[HEP_FLAG_FAT] = oracle[i];
        got->state[HEP_FLAG_FAT] =
            i == 2 || i == 5 ? HEP_FLAG_ABSENT : HEP_FLAG_PRESENT; /* by 0.5 */
    }
    assert_ok(hep_flag_figures_of(out, &data, 100, 1, &e), e);
    assert_int_equal(f->n, 6);
    assert_int_equal(f->n_present, 4);
    assert_int_equal(f->sensitivity.k, 3);
    assert_int_equal(f->specificity.k, 1);
    assert_int_equal(f->specificity.n, 2);
    assert_close(f->area.value, 6.0 / 8.0, 1e-12, 0.0);
    /* 0.3 and 0.2 above both, 0.1 above one; the fourth shows nothing and lies below both */
    assert_close(f->oracle_area.value, 5.0 / 8.0, 1e-12, 0.0);
    assert_int_equal(f->n_probability, 5);
    assert_close(f->calibration_error.value, 1.65 / 5.0, 1e-12, 0.0);
    assert_true(f->area.lo <= f->area.value && f->area.value <= f->area.hi);
    assert_string_equal(f->size, "8-15");
    assert_int_equal(out[hep_flag_figures_at(HEP_FLAG_FAT, HEP_TRUTH_TISSUE, HEP_FLAG_SIZE_ALL)].n,
                     0);
    free(out);
}

/* An ADC of 0.9e-3 lies 0.2e-3 below a limit of 1.1e-3; targets count either way. */
static void test_flag_margin(void **state)
{
    (void)state;
    assert_close(hep_flag_margin(HEP_FLAG_RESTRICTED_DIFFUSION, 0.9e-3, 1.1e-3), 0.2e-3, 1e-9, 0.0);
    assert_close(hep_flag_margin(HEP_FLAG_RING_ENHANCEMENT, 0.5, 0.3), 0.2, 1e-9, 0.0);
    assert_close(hep_flag_margin(HEP_FLAG_T2_TARGET, -1.5, 1.0), 0.5, 1e-9, 0.0);
}

static void test_three_studies_by_hand(void **state)
{
    struct hep_eval_lesion lesions[4];
    struct hep_eval_finding findings[5];
    const struct hep_eval_data data = { studies, 4, lesions, 4, findings, 5, 4 };
    struct hep_eval_result r;
    struct hep_error e = { 0 };

    (void)state;
    fill(lesions, findings);
    assert_ok(hep_evaluate(&r, &data, 200, 1, &e), e);
    check_detection(&r);
    check_metastasis(&r);
    assert_int_equal(r.confusion[HEP_CLASS_METASTASIS][HEP_CLASS_METASTASIS], 1);
    assert_int_equal(r.confusion[HEP_CLASS_METASTASIS][HEP_CLASS_COUNT + 1], 2);
    assert_int_equal(r.confusion[HEP_CLASS_CYST][HEP_CLASS_METASTASIS], 1);
    assert_int_equal(r.confusion[HEP_CLASS_COUNT][HEP_CLASS_CYST], 1);
    check_washout(&r);
    assert_close(r.number[HEP_WHOLE_LIVER_DICE].value, 0.8, 1e-12, 0.0);
    assert_close(r.number[HEP_WHOLE_LIVER_HD95].value, 6.0, 1e-12, 0.0);
    assert_close(r.number[HEP_WHOLE_LIVER_VOLUME_ERROR].value, -0.1, 1e-12, 0.0);
    hep_eval_release(&r);
}

static void test_same_seed_same_numbers(void **state)
{
    struct hep_eval_lesion lesions[4];
    struct hep_eval_finding findings[5];
    const struct hep_eval_data data = { studies, 4, lesions, 4, findings, 5, 4 };
    struct hep_eval_result a, b;
    struct hep_error e = { 0 };

    (void)state;
    fill(lesions, findings);
    assert_ok(hep_evaluate(&a, &data, 200, 9, &e), e);
    assert_ok(hep_evaluate(&b, &data, 200, 9, &e), e);
    for (size_t i = 0; i < HEP_EVAL_N_NUMBERS; i++) {
        assert_close(a.number[i].lo, b.number[i].lo, 0.0, 0.0);
        assert_close(a.number[i].hi, b.number[i].hi, 0.0, 0.0);
        if (isfinite(a.number[i].lo))
            assert_true(a.number[i].lo <= a.number[i].hi);
    }
    hep_eval_release(&a);
    hep_eval_release(&b);
}

/* Without scores every finding ranks alike; without classes the probability decides. */
static void test_less_is_given(void **state)
{
    struct hep_eval_lesion lesions[4];
    struct hep_eval_finding findings[5];
    const struct hep_eval_data data = { studies, 4, lesions, 4, findings, 5, 4 };
    struct hep_eval_result r;
    struct hep_error e = { 0 };

    (void)state;
    fill(lesions, findings);
    for (size_t i = 0; i < 5; i++) {
        findings[i].class = HEP_CLASS_COUNT;
        findings[i].detection_score = (double)NAN;
    }
    assert_ok(hep_evaluate(&r, &data, 10, 1, &e), e);
    assert_int_equal(r.score, HEP_SCORE_PROBABILITY);
    assert_int_equal(r.n_mimics_called, 1);
    assert_true(r.has_calls);
    assert_int_equal(r.confusion[HEP_CLASS_METASTASIS][HEP_CLASS_COUNT], 1);
    hep_eval_release(&r);
    for (size_t i = 0; i < 5; i++)
        findings[i].probability = (double)NAN;
    assert_ok(hep_evaluate(&r, &data, 10, 1, &e), e);
    assert_int_equal(r.score, HEP_SCORE_NONE);
    assert_false(r.has_calls);
    assert_int_equal(r.n_curve[0], 1);
    assert_close(number(&r, 0, HEP_NUMBER_AT_RATE + 2), 0.0, 0.0, 0.0);
    assert_close(number(&r, 0, HEP_NUMBER_AT_RATE + 3), 0.5, 1e-12, 0.0);
    assert_true(isnan(r.number[HEP_WHOLE_BRIER].value));
    hep_eval_release(&r);
}

static void test_no_lesions_at_all(void **state)
{
    const struct hep_eval_data data = { studies, 3, NULL, 0, NULL, 0, 3 };
    struct hep_eval_result r;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_evaluate(&r, &data, 10, 1, &e), e);
    assert_true(isnan(number(&r, 0, HEP_NUMBER_SENSITIVITY)));
    assert_close(number(&r, 0, HEP_NUMBER_FALSE_PER_STUDY), 0.0, 0.0, 0.0);
    assert_int_equal(r.patient_specificity.k, 3);
    hep_eval_release(&r);
}

static void test_errors(void **state)
{
    struct hep_eval_lesion lesions[4];
    struct hep_eval_finding findings[5];
    struct hep_eval_data data = { studies, 4, lesions, 4, findings, 5, 3 };
    struct hep_eval_result r;
    struct hep_error e = { 0 };

    (void)state;
    fill(lesions, findings);
    assert_fails(hep_evaluate(&r, &data, 10, 1, &e), e, HEP_EINVAL, "patient 3 of 3");
    data.n_patients = 4;
    lesions[2].study = 4;
    assert_fails(hep_evaluate(&r, &data, 10, 1, &e), e, HEP_EINVAL, "lesion 2");
    lesions[2].study = 1;
    findings[1].lesion = 1;
    assert_fails(hep_evaluate(&r, &data, 10, 1, &e), e, HEP_EINVAL, "finding 1");
    findings[1].lesion = HEP_NO_MATCH;
    for (long k = 1; k <= 15; k++) {
        hep_alloc_fail_at(k);
        assert_fails(hep_evaluate(&r, &data, 10, 1, &e), e, HEP_ENOMEM, NULL);
    }
    hep_alloc_fail_at(0);
}

#define N_RULES (sizeof rule_cases / sizeof rule_cases[0])

int main(void)
{
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_ball_iou),
        cmocka_unit_test(test_split_and_false),
        cmocka_unit_test(test_nothing_to_match),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_masks_on_two_grids),
        cmocka_unit_test(test_size_classes),
        cmocka_unit_test(test_flag_figures),
        cmocka_unit_test(test_flag_margin),
        cmocka_unit_test(test_three_studies_by_hand),
        cmocka_unit_test(test_same_seed_same_numbers),
        cmocka_unit_test(test_less_is_given),
        cmocka_unit_test(test_no_lesions_at_all),
        cmocka_unit_test(test_errors),
    };
    struct CMUnitTest tests[N_RULES + sizeof fixed / sizeof fixed[0]];
    size_t n = 0;

    for (size_t i = 0; i < N_RULES; i++)
        tests[n++] = (struct CMUnitTest){ .name = rule_cases[i].name,
                                          .test_func = test_rule,
                                          .initial_state = &rule_cases[i] };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        tests[n++] = fixed[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
