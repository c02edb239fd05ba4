/* Adequacy of phases: limits of Bashir 2014 (1.8), and the arterial rules at and around their
 * limits. */
#include "support/support.h"

#include "contrast/adequacy.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE ((double)NAN)

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

static const struct {
    const char *agent;
    double liver, vessel;
    enum hep_adequacy_grade want;
    double value, limit;
} hbp_cases[] = {
    { "EOB", 240, 100, HEP_ADEQUATE, 2.4, 1.8 },
    { "EOB", 181, 100, HEP_ADEQUATE, 1.81, 1.8 },
    { "EOB", 225, 125, HEP_SUBOPTIMAL, 1.8, 1.8 },
    { "EOB", 121, 100, HEP_SUBOPTIMAL, 1.21, 1.8 },
    { "EOB", 150, 125, HEP_INADEQUATE, 1.2, 1.2 },
    { "EOB", 90, 100, HEP_INADEQUATE, 0.9, 1.2 },
    { "BOPTA", 170, 100, HEP_ADEQUATE, 1.7, 1.3 },
    { "BOPTA", 125, 100, HEP_SUBOPTIMAL, 1.25, 1.3 },
    { "BOPTA", 110, 100, HEP_INADEQUATE, 1.1, 1.2 },
    { "ECA", 240, 100, HEP_ADEQUACY_NOT_ASSESSABLE, NONE, NONE },
    { "EOB", NONE, 100, HEP_ADEQUACY_NOT_ASSESSABLE, NONE, NONE },
    { "EOB", 240, NONE, HEP_ADEQUACY_NOT_ASSESSABLE, NONE, NONE },
    { "EOB", 240, 0, HEP_ADEQUACY_NOT_ASSESSABLE, NONE, NONE },
};

static void test_hepatobiliary(void **state)
{
    for (size_t i = 0; i < COUNT(hbp_cases); i++) {
        const struct hep_agent *a = NULL;
        struct hep_adequacy out;
        struct hep_error e = { 0 };
        assert_ok(hep_agents_find(&a, *state, hbp_cases[i].agent, &e), e);
        hep_adequacy_hepatobiliary(&out, a, hbp_cases[i].liver, hbp_cases[i].vessel, "portal vein");
        if (out.grade != hbp_cases[i].want)
            fail_msg("row %zu: %s, %s", i, hep_adequacy_name(out.grade), out.reason);
        assert_close(out.value, hbp_cases[i].value, 1e-12, 0);
        assert_close(out.limit, hbp_cases[i].limit, 1e-12, 0);
        assert_string_equal(out.unit, "1");
        assert_true(out.reason[0] != '\0');
        if (out.grade != HEP_ADEQUACY_NOT_ASSESSABLE)
            assert_non_null(strstr(out.reason, "portal vein"));
        if (out.grade == HEP_ADEQUATE && i < 2)
            assert_non_null(strstr(out.source, "Bashir"));
    }
}

/* pre, arterial, portal venous. The first row is the phantom model's liver at 35 s (EOB): RE 30 of
 * 58 %. */
#define ABSENT                                                                                     \
    {                                                                                              \
        NONE, NONE, NONE                                                                           \
    }
static const struct {
    const char *name;
    struct hep_three_phase aorta, portal, veins, liver;
    enum hep_adequacy_grade want;
    double value, limit;
} arterial_cases[] = {
    { "late arterial",
      { 100, 500, 300 },
      { 100, 250, 325 },
      { 100, 105, 300 },
      { 100, 130, 158 },
      HEP_ADEQUATE,
      30.0 / 58,
      .6 },
    { "no hepatic veins",
      { 100, 500, 300 },
      { 100, 250, 325 },
      ABSENT,
      { 100, 130, 158 },
      HEP_ADEQUATE,
      30.0 / 58,
      .6 },
    { "no aorta",
      ABSENT,
      { 100, 250, 325 },
      ABSENT,
      { 100, 130, 158 },
      HEP_ADEQUATE,
      30.0 / 58,
      .6 },
    { "no portal vein",
      { 100, 500, 300 },
      ABSENT,
      ABSENT,
      { 100, 130, 158 },
      HEP_ADEQUATE,
      30.0 / 58,
      .6 },
    { "too early",
      { 100, 400, 300 },
      { 100, 140, 325 },
      ABSENT,
      { 100, 105, 158 },
      HEP_TOO_EARLY,
      40.0 / 225,
      .2 },
    { "portal at 20 %",
      { 100, 400, 300 },
      { 100, 145, 325 },
      ABSENT,
      { 100, 105, 158 },
      HEP_ADEQUATE,
      5.0 / 58,
      .6 },
    { "too late",
      { 100, 350, 300 },
      { 100, 320, 325 },
      ABSENT,
      { 100, 150, 158 },
      HEP_TOO_LATE,
      50.0 / 58,
      .8 },
    { "rather late",
      { 100, 500, 300 },
      { 100, 250, 325 },
      ABSENT,
      { 100, 140, 160 },
      HEP_SUBOPTIMAL,
      40.0 / 60,
      .6 },
    { "portal above aorta",
      { 100, 300, 300 },
      { 100, 320, 325 },
      ABSENT,
      { 100, 130, 158 },
      HEP_SUBOPTIMAL,
      2.2,
      2.0 },
    { "veins filled",
      { 100, 500, 300 },
      { 100, 250, 325 },
      { 100, 220, 300 },
      { 100, 130, 158 },
      HEP_SUBOPTIMAL,
      .6,
      .5 },
    { "no liver",
      { 100, 500, 300 },
      { 100, 250, 325 },
      ABSENT,
      ABSENT,
      HEP_ADEQUACY_NOT_ASSESSABLE,
      NONE,
      NONE },
    { "no vessel",
      ABSENT,
      ABSENT,
      ABSENT,
      { 100, 130, 158 },
      HEP_ADEQUACY_NOT_ASSESSABLE,
      NONE,
      NONE },
    { "no portal venous phase",
      { 100, 500, NONE },
      { 100, 250, NONE },
      ABSENT,
      { 100, 130, NONE },
      HEP_ADEQUACY_NOT_ASSESSABLE,
      NONE,
      NONE },
    { "liver never enhances",
      { 100, 500, 300 },
      { 100, 250, 325 },
      ABSENT,
      { 100, 99, 98 },
      HEP_ADEQUACY_NOT_ASSESSABLE,
      NONE,
      NONE },
};

static void test_arterial(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(arterial_cases); i++) {
        struct hep_adequacy out;
        hep_adequacy_arterial(&out, &arterial_cases[i].aorta, &arterial_cases[i].portal,
                              &arterial_cases[i].veins, &arterial_cases[i].liver);
        if (out.grade != arterial_cases[i].want)
            fail_msg("%s: %s, %s", arterial_cases[i].name, hep_adequacy_name(out.grade),
                     out.reason);
        assert_close(out.value, arterial_cases[i].value, 1e-9, 0);
        assert_close(out.limit, arterial_cases[i].limit, 1e-9, 0);
        assert_true(out.reason[0] != '\0');
    }
}

static void test_motion(void **state)
{
    static const struct {
        struct hep_motion_input in;
        enum hep_adequacy_grade want;
        double weight;
    } cases[] = {
        { { 1.0, 0.01 }, HEP_ADEQUATE, 1 },
        { { 2.0, 0.01 }, HEP_SUBOPTIMAL, 0.5 },
        { { 1.0, 0.10 }, HEP_SUBOPTIMAL, 0.5 },
        { { 4.0, 0.01 }, HEP_INADEQUATE, 0 },
        { { 1.0, 0.30 }, HEP_INADEQUATE, 0 },
        { { NONE, 0.30 }, HEP_INADEQUATE, 0 },
        { { 1.0, NONE }, HEP_ADEQUATE, 1 },
        { { NONE, 0.0 }, HEP_ADEQUATE, 1 },
        { { NONE, NONE }, HEP_ADEQUACY_NOT_ASSESSABLE, 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hep_adequacy out;
        double weight = -1;
        hep_adequacy_motion(&out, &weight, &cases[i].in);
        assert_int_equal(out.grade, cases[i].want);
        assert_close(weight, cases[i].weight, 0, 0);
        hep_adequacy_motion(&out, NULL, &cases[i].in);
        assert_true(out.reason[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hepatobiliary),
        cmocka_unit_test(test_arterial),
        cmocka_unit_test(test_motion),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
