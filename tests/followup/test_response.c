/* Response by sums over targets: every category is worked by hand from the diameters beside it. */
#include "followup/response.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_LESIONS 5
#define N_VISITS 4

/* Long axes [mm] by lesion and visit; 0: vanished, NaN: not assessable. Negative at the baseline: not there. */
struct course {
    const char *name;
    size_t n_lesions, n_visits;
    double axis_mm[N_LESIONS][N_VISITS];
    enum hep_response expected[N_VISITS];
    double sum_mm[N_VISITS];
};
#define X ((double)NAN)
#define B HEP_RESPONSE_COUNT
static const struct course courses[] = {
    { "RECIST 1.1: 40 to 28 is -30 %",
      2,
      2,
      { { 25, 18 }, { 15, 10 } },
      { B, HEP_RESPONSE_PR },
      { 40, 28 } },
    { "-29 % is stable", 2, 2, { { 25, 18.4 }, { 15, 10 } }, { B, HEP_RESPONSE_SD }, { 40, 28.4 } },
    { "+20 % of 40 is 48 and 8 mm more",
      2,
      2,
      { { 25, 30 }, { 15, 18 } },
      { B, HEP_RESPONSE_PD },
      { 40, 48 } },
    { "+25 % of 16 is 4 mm only", 1, 2, { { 16, 20 } }, { B, HEP_RESPONSE_SD }, { 16, 20 } },
    { "from the lowest, not from the baseline: 40, 20, 26",
      2,
      3,
      { { 25, 12, 16 }, { 15, 8, 10 } },
      { B, HEP_RESPONSE_PR, HEP_RESPONSE_PD },
      { 40, 20, 26 } },
    { "all gone", 2, 2, { { 25, 0 }, { 15, 0 } }, { B, HEP_RESPONSE_CR }, { 40, 0 } },
    { "targets gone, another lesion left",
      3,
      2,
      { { 25, 0 }, { 15, 0 }, { 12, 12 } },
      { B, HEP_RESPONSE_PR },
      { 40, 0 } },
    { "a new lesion", 2, 2, { { 25, 10 }, { -1, 12 } }, { B, HEP_RESPONSE_PD }, { 25, 10 } },
    { "a target not assessable",
      2,
      2,
      { { 25, 10 }, { 15, X } },
      { B, HEP_RESPONSE_NE },
      { 40, X } },
    { "not assessable, but the other has progressed alone",
      2,
      2,
      { { 25, 60 }, { 15, X } },
      { B, HEP_RESPONSE_PD },
      { 40, X } },
    { "three lesions, two targets",
      3,
      2,
      { { 12, 30 }, { 25, 25 }, { 18, 18 } },
      { B, HEP_RESPONSE_SD },
      { 43, 43 } },
    { "none of 10 mm", 1, 2, { { 9, 20 } }, { B, HEP_RESPONSE_NE }, { X, X } },
};

static void test_course(void **state)
{
    const struct course *c = *state;
    struct hep_finding finding[N_LESIONS] = { { 0 } };
    struct hep_visit_lesion lesion[N_VISITS][N_LESIONS] = { { { 0 } } };
    struct hep_visit visits[N_VISITS] = { { 0 } };
    struct hep_track track[N_LESIONS] = { { .first = 0 } };
    struct hep_track_visit at[N_LESIONS][N_VISITS] = { { { .n = 0 } } };
    const struct hep_tracks tracks = { track, c->n_lesions, c->n_visits };
    struct hep_targets targets;
    struct hep_response_visit r[N_VISITS];

    for (size_t i = 0; i < c->n_lesions; i++) {
        hep_measures_set(&finding[i].measures, HEP_M_LONG_AXIS, fabs(c->axis_mm[i][0]));
        track[i].visit = at[i];
        track[i].first = c->axis_mm[i][0] < 0.0 ? 1 : 0;
        for (size_t v = 0; v < c->n_visits; v++) {
            const double mm = c->axis_mm[i][v];

            visits[v] = (struct hep_visit){
                .session = "x", .lesions = lesion[v], .n = c->n_lesions, .slice_mm = 3.0
            };
            lesion[v][i] = (struct hep_visit_lesion){ .finding = &finding[i], .kept = true };
            lesion[v][i].place_mm[0] = 100.0 * (double)i;
            at[i][v].long_axis_mm = mm;
            at[i][v].volume_ml = 0.00052359877559829887 * mm * mm * mm;
            at[i][v].n = mm > 0.0 ? 1 : 0;
            at[i][v].lesion[0] = i;
            at[i][v].state = mm > 0.0    ? HEP_EVENT_STABLE
                             : mm < 0.0  ? HEP_EVENT_ABSENT
                             : isnan(mm) ? HEP_EVENT_NOT_ASSESSABLE
                                         : HEP_EVENT_VANISHED;
        }
        if (track[i].first == 1)
            at[i][1].state = HEP_EVENT_NEW;
    }
    assert_int_equal(
        hep_targets_choose(&targets, &tracks, visits, &hep_followup_settings_default, NULL),
        HEP_OK);
    hep_response_judge(r, &targets, &tracks, visits, HEP_RESPONSE_OF_DIAMETER, NULL,
                       &hep_followup_settings_default);
    for (size_t v = 0; v < c->n_visits; v++) {
        assert_int_equal(r[v].category, c->expected[v]);
        if (isnan(c->sum_mm[v]))
            assert_true(isnan(r[v].sum));
        else
            assert_close(r[v].sum, c->sum_mm[v], 1e-12, 0.0);
        assert_true(strlen(r[v].reason) > 0);
    }
    hep_targets_release(&targets);
}

/* Spheres of 20 mm: 14 mm is 34.3 % of the volume, partial response; 24 mm 172.8 %, progression. */
static void volumes_as_spheres(void **state)
{
    static const struct {
        double mm;
        enum hep_response expected;
    } cases[] = { { 13.9, HEP_RESPONSE_PR },
                  { 14.1, HEP_RESPONSE_SD },
                  { 23.9, HEP_RESPONSE_SD },
                  { 24.1, HEP_RESPONSE_PD } };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct hep_finding finding = { 0 };
        struct hep_visit_lesion lesion = { .finding = &finding, .kept = true };
        const struct hep_visit visits[2] = {
            { .session = "a", .lesions = &lesion, .n = 1, .slice_mm = 3.0 },
            { .session = "b", .lesions = &lesion, .n = 1, .slice_mm = 3.0 }
        };
        struct hep_track_visit at[2] = {
            { .n = 1, .state = HEP_EVENT_BASELINE, .long_axis_mm = 20, .volume_ml = pow(20, 3) },
            { .n = 1, .long_axis_mm = cases[i].mm, .volume_ml = pow(cases[i].mm, 3) }
        };
        struct hep_track track = { .visit = at };
        const struct hep_tracks tracks = { &track, 1, 2 };
        struct hep_targets targets;
        struct hep_response_visit r[2];

        hep_measures_set(&finding.measures, HEP_M_LONG_AXIS, 20.0);
        assert_int_equal(
            hep_targets_choose(&targets, &tracks, visits, &hep_followup_settings_default, NULL),
            HEP_OK);
        hep_response_judge(r, &targets, &tracks, visits, HEP_RESPONSE_OF_VOLUME, NULL,
                           &hep_followup_settings_default);
        assert_int_equal(r[1].category, cases[i].expected);
        hep_targets_release(&targets);
    }
}

/* Of 30, 20, 15 and 12 mm two are targets. What has one reservation comes after what has none, whatever its size; a lesion
 * most like no tumour and not found again is none. */
static void targets_are_ranked(void **state)
{
    static const struct {
        double later_mm[4]; /* NaN: not measured */
        bool benign[4], sure[4];
        size_t want[2], n;
    } rows[] = {
        { { 30, 20, 15, 12 }, { 0 }, { 0 }, { 0, 1 }, 2 },
        { { X, 20, 15, 12 }, { 0 }, { 0 }, { 1, 2 }, 2 },
        { { X, X, X, 12 }, { 0 }, { 0 }, { 3, 0 }, 2 },
        { { 30, 20, 15, 12 }, { true }, { 0 }, { 0, 1 }, 2 },
        { { 30, 20, 15, 12 }, { true }, { true }, { 1, 2 }, 2 },
        { { 30, 20, 15, 12 }, { true, false, true, true }, { true }, { 1, 2 }, 2 },
        { { X, 20, 15, 12 }, { true, false, true, true }, { false, false, true, true }, { 1 }, 1 },
    };

    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        static const double first_mm[4] = { 30, 20, 15, 12 };
        struct hep_finding finding[4] = { { 0 } };
        struct hep_visit_lesion lesion[4];
        struct hep_track_visit at[4][2] = { { { .n = 1 } } };
        struct hep_track track[4] = { { .first = 0 } };
        const struct hep_tracks tracks = { track, 4, 2 };
        const struct hep_visit visits[2] = {
            { .session = "a", .lesions = lesion, .n = 4, .slice_mm = 3.0 },
            { .session = "b", .slice_mm = 3.0 }
        };
        struct hep_targets targets;

        for (size_t i = 0; i < 4; i++) {
            lesion[i] = (struct hep_visit_lesion){ .finding = &finding[i], .kept = true };
            lesion[i].place_mm[0] = 100.0 * (double)i;
            at[i][0] =
                (struct hep_track_visit){ .n = 1, .lesion = { i }, .long_axis_mm = first_mm[i] };
            at[i][1] = (struct hep_track_visit){ .long_axis_mm = rows[k].later_mm[i] };
            track[i] = (struct hep_track){ .benign = rows[k].benign[i],
                                           .surely_benign = rows[k].sure[i],
                                           .visit = at[i] };
        }
        assert_int_equal(
            hep_targets_choose(&targets, &tracks, visits, &hep_followup_settings_default, NULL),
            HEP_OK);
        assert_int_equal(targets.n_chosen, rows[k].n);
        for (size_t i = 0; i < targets.n_chosen; i++)
            assert_int_equal(targets.list[i].track, rows[k].want[i]);
        hep_targets_release(&targets);
    }
}

int main(void)
{
    struct CMUnitTest tests[sizeof courses / sizeof courses[0] + 2];
    const size_t n = sizeof courses / sizeof courses[0];

    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){ .name = courses[i].name,
                                        .test_func = test_course,
                                        .initial_state = (void *)(uintptr_t)&courses[i] };
    tests[n] = (struct CMUnitTest)cmocka_unit_test(volumes_as_spheres);
    tests[n + 1] = (struct CMUnitTest)cmocka_unit_test(targets_are_ranked);
    return _cmocka_run_group_tests("response", tests, n + 2, NULL, NULL);
}
