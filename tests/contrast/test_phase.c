/* Times to phases: windows and their edges (Maino 2023 nominal times; windows of the agent file).
 */
#include "support/support.h"

#include "contrast/phase.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define UNKNOWN ((double)NAN)

static int setup(void **state)
{
    struct hep_error e = { 0 };
    struct hep_agents *set = NULL;

    if (hep_agents_read(&set, HEP_CONFIGS "/agents.yml", &e) != HEP_OK)
        return -1;
    *state = set;
    return 0;
}

static int teardown(void **state)
{
    hep_agents_free(*state);
    return 0;
}

static const struct hep_agent *agent(void **state, const char *name)
{
    const struct hep_agent *a = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_agents_find(&a, *state, name, &e), e);
    return a;
}

static const struct {
    const char *name, *agent;
    enum hep_phase named;
    double time_s;
    enum hep_phase phase;
    enum hep_phase_grade grade;
    const char *reason;
} cases[] = {
    { "arterial nominal", "EOB", HEP_PHASE_ARTERIAL, 35, HEP_PHASE_ARTERIAL, HEP_GRADE_NOMINAL,
      "35 s" },
    { "lower edge of window", "EOB", HEP_PHASE_ARTERIAL, 20, HEP_PHASE_ARTERIAL, HEP_GRADE_INSIDE,
      "20-45 s" },
    { "below", "EOB", HEP_PHASE_ARTERIAL, 19.99, HEP_PHASE_ARTERIAL, HEP_GRADE_OUTSIDE, "19.99 s" },
    { "upper edge", "EOB", HEP_PHASE_ARTERIAL, 45, HEP_PHASE_ARTERIAL, HEP_GRADE_INSIDE, "45 s" },
    { "above", "EOB", HEP_PHASE_ARTERIAL, 45.01, HEP_PHASE_ARTERIAL, HEP_GRADE_OUTSIDE, "45.01 s" },
    { "nominal edges", "EOB", HEP_PHASE_ARTERIAL, 30, HEP_PHASE_ARTERIAL, HEP_GRADE_NOMINAL, NULL },
    { "nominal edges", "EOB", HEP_PHASE_ARTERIAL, 40, HEP_PHASE_ARTERIAL, HEP_GRADE_NOMINAL, NULL },
    { "portal venous", "ECA", HEP_PHASE_PORTAL_VENOUS, 70, HEP_PHASE_PORTAL_VENOUS,
      HEP_GRADE_NOMINAL, NULL },
    { "3 min with ECA", "ECA", HEP_PHASE_COUNT, 180, HEP_PHASE_DELAYED, HEP_GRADE_NOMINAL,
      "delayed" },
    { "3 min with EOB", "EOB", HEP_PHASE_COUNT, 180, HEP_PHASE_TRANSITIONAL, HEP_GRADE_NOMINAL,
      "transitional" },
    { "3 min with BOPTA", "BOPTA", HEP_PHASE_COUNT, 180, HEP_PHASE_DELAYED, HEP_GRADE_NOMINAL,
      "delayed" },
    { "called delayed, EOB", "EOB", HEP_PHASE_DELAYED, 200, HEP_PHASE_TRANSITIONAL,
      HEP_GRADE_NOMINAL, "transitional" },
    { "called transitional, ECA", "ECA", HEP_PHASE_TRANSITIONAL, 320, HEP_PHASE_DELAYED,
      HEP_GRADE_INSIDE, "delayed" },
    { "HBP 10 min", "EOB", HEP_PHASE_HEPATOBILIARY, 600, HEP_PHASE_HEPATOBILIARY, HEP_GRADE_INSIDE,
      "600-1800 s" },
    { "HBP 20 min", "EOB", HEP_PHASE_HEPATOBILIARY, 1200, HEP_PHASE_HEPATOBILIARY,
      HEP_GRADE_NOMINAL, "1200 s" },
    { "HBP 20 min with BOPTA", "BOPTA", HEP_PHASE_HEPATOBILIARY, 1200, HEP_PHASE_HEPATOBILIARY,
      HEP_GRADE_OUTSIDE, "3600" },
    { "HBP 2 h with BOPTA", "BOPTA", HEP_PHASE_HEPATOBILIARY, 7200, HEP_PHASE_HEPATOBILIARY,
      HEP_GRADE_NOMINAL, "7200 s" },
    { "HBP with ECA", "ECA", HEP_PHASE_HEPATOBILIARY, 1200, HEP_PHASE_HEPATOBILIARY,
      HEP_GRADE_OUTSIDE, "has no hepatobiliary phase" },
    { "named only", "EOB", HEP_PHASE_ARTERIAL, UNKNOWN, HEP_PHASE_ARTERIAL, HEP_GRADE_ASSUMED,
      "timing assumed" },
    { "nothing known", "EOB", HEP_PHASE_COUNT, UNKNOWN, HEP_PHASE_COUNT, HEP_GRADE_UNKNOWN,
      "neither" },
    { "before", "EOB", HEP_PHASE_COUNT, -60, HEP_PHASE_PRECONTRAST, HEP_GRADE_NOMINAL, "-60 s" },
    { "at the injection, no name", "EOB", HEP_PHASE_COUNT, 0, HEP_PHASE_PRECONTRAST,
      HEP_GRADE_NOMINAL, NULL },
    { "at the injection", "EOB", HEP_PHASE_PRECONTRAST, 0, HEP_PHASE_PRECONTRAST, HEP_GRADE_NOMINAL,
      NULL },
    { "pre after injection", "EOB", HEP_PHASE_PRECONTRAST, 30, HEP_PHASE_PRECONTRAST,
      HEP_GRADE_OUTSIDE, "after the start" },
    { "between windows", "EOB", HEP_PHASE_COUNT, 48, HEP_PHASE_ARTERIAL, HEP_GRADE_OUTSIDE,
      "outside" },
    { "between windows, later", "EOB", HEP_PHASE_COUNT, 53, HEP_PHASE_PORTAL_VENOUS,
      HEP_GRADE_OUTSIDE, "outside" },
    { "infinite", "EOB", HEP_PHASE_COUNT, (double)INFINITY, HEP_PHASE_COUNT, HEP_GRADE_UNKNOWN,
      NULL },
};

static void test_judge(void **state)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hep_phase_timing t;
        hep_phase_judge(&t, agent(state, cases[i].agent), cases[i].named, cases[i].time_s);
        if (t.phase != cases[i].phase || t.grade != cases[i].grade ||
            (cases[i].reason && !strstr(t.reason, cases[i].reason)))
            fail_msg("%s: phase %d, %s, '%s'", cases[i].name, (int)t.phase,
                     hep_phase_grade_name(t.grade), t.reason);
        assert_true(t.reason[0] != '\0');
    }
    assert_true(hep_phase_grade_usable(HEP_GRADE_NOMINAL));
    assert_true(hep_phase_grade_usable(HEP_GRADE_INSIDE));
    assert_true(hep_phase_grade_usable(HEP_GRADE_ASSUMED));
    assert_false(hep_phase_grade_usable(HEP_GRADE_OUTSIDE));
    assert_false(hep_phase_grade_usable(HEP_GRADE_UNKNOWN));
}

/** Five breath-holds with gadoxetate, clock of the scanner; the injection starts at 100 s. */
static void test_five_phases(void **state)
{
    static const double times[] = { 70, 118, 138, 172, 290 };
    struct hep_phase_timing v[5];
    struct hep_phase_choice c[HEP_PHASE_COUNT];
    struct hep_error e = { 0 };

    assert_ok(hep_phase_assign(v, c, agent(state, "EOB"), times, 5, 100, &e), e);
    assert_int_equal(v[0].phase, HEP_PHASE_PRECONTRAST);
    assert_int_equal(v[1].grade, HEP_GRADE_OUTSIDE); /* 18 s */
    assert_int_equal(v[2].grade, HEP_GRADE_NOMINAL); /* 38 s */
    assert_int_equal(c[HEP_PHASE_PRECONTRAST].index, 0);
    assert_int_equal(c[HEP_PHASE_ARTERIAL].index, 2);
    assert_int_equal(c[HEP_PHASE_ARTERIAL].first, 2);
    assert_int_equal(c[HEP_PHASE_ARTERIAL].last, 2);
    assert_int_equal(c[HEP_PHASE_PORTAL_VENOUS].index, 3);
    assert_int_equal(c[HEP_PHASE_TRANSITIONAL].index, 4);
    assert_close(c[HEP_PHASE_TRANSITIONAL].timing.time_s, 190, 0, 1e-9);
    assert_false(c[HEP_PHASE_DELAYED].found);
    assert_int_equal(c[HEP_PHASE_DELAYED].index, SIZE_MAX);
    assert_false(c[HEP_PHASE_HEPATOBILIARY].found);
    assert_int_equal(c[HEP_PHASE_HEPATOBILIARY].index, 4); /* the nearest, and it says so */
    assert_int_equal(c[HEP_PHASE_HEPATOBILIARY].timing.grade, HEP_GRADE_OUTSIDE);
    assert_non_null(strstr(c[HEP_PHASE_HEPATOBILIARY].timing.reason, "190 s"));
}

/** 75 volumes 5 s apart, injection at volume 7 (35 s): nearest to the nominal middle, 35 s and 70
 * s. */
static void test_dense_dynamic(void **state)
{
    double times[75];
    struct hep_phase_choice c[HEP_PHASE_COUNT];
    struct hep_error e = { 0 };

    for (size_t i = 0; i < 75; i++)
        times[i] = 5.0 * (double)i;
    assert_ok(hep_phase_assign(NULL, c, agent(state, "ECA"), times, 75, 35, &e), e);
    assert_int_equal(c[HEP_PHASE_PRECONTRAST].index, 7);
    assert_int_equal(c[HEP_PHASE_PRECONTRAST].first, 0);
    assert_int_equal(c[HEP_PHASE_ARTERIAL].index, 14);
    assert_int_equal(c[HEP_PHASE_ARTERIAL].first, 11); /* 20 s */
    assert_int_equal(c[HEP_PHASE_ARTERIAL].last, 16);  /* 45 s */
    assert_int_equal(c[HEP_PHASE_PORTAL_VENOUS].index, 21);
    assert_int_equal(c[HEP_PHASE_DELAYED].index, 55); /* 240 s */
}

static void test_nothing_before_or_after(void **state)
{
    static const double times[] = { 0, 30 };
    struct hep_phase_choice c[HEP_PHASE_COUNT];
    struct hep_error e = { 0 };

    assert_ok(hep_phase_assign(NULL, c, agent(state, "ECA"), times, 2, -10, &e), e);
    assert_false(c[HEP_PHASE_PRECONTRAST].found);
    assert_non_null(strstr(c[HEP_PHASE_PRECONTRAST].timing.reason, "no volume before"));
    assert_ok(hep_phase_assign(NULL, c, agent(state, "ECA"), times, 2, 60, &e), e);
    assert_false(c[HEP_PHASE_ARTERIAL].found);
    assert_int_equal(c[HEP_PHASE_ARTERIAL].index, SIZE_MAX);
    assert_int_equal(c[HEP_PHASE_PRECONTRAST].index, 1);
}

static void test_bad_times(void **state)
{
    static const double falling[] = { 0, 30, 20 };
    static const double nan_time[] = { 0, UNKNOWN };
    struct hep_phase_choice c[HEP_PHASE_COUNT];
    struct hep_error e = { 0 };
    const struct hep_agent *a = agent(state, "EOB");

    assert_fails(hep_phase_assign(NULL, c, a, falling, 3, 0, &e), e, HEP_EDATA, "volume 2");
    assert_fails(hep_phase_assign(NULL, c, a, nan_time, 2, 0, &e), e, HEP_EDATA, "volume 1");
    assert_fails(hep_phase_assign(NULL, c, a, falling, 0, 0, &e), e, HEP_EINVAL, NULL);
    assert_fails(hep_phase_assign(NULL, c, a, falling, 1, UNKNOWN, &e), e, HEP_EDATA, "injection");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),         cmocka_unit_test(test_five_phases),
        cmocka_unit_test(test_dense_dynamic), cmocka_unit_test(test_nothing_before_or_after),
        cmocka_unit_test(test_bad_times),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
