/* Receive gain of a phase: what muscle shows, what is corrected, what is withheld. The expected
 * enhancement of muscle (agents.yml): gadoxetate 0.09 to 0.15 arterial (middle 0.12), 0.12 to 0.19
 * portal venous (0.155), 0.13 to 0.20 transitional (0.165), 0.045 to 0.065 hepatobiliary (0.055);
 * gadobenate 0.42 to 0.62 delayed (0.52). */
#include "support/support.h"

#include "contrast/enhancement.h"
#include "contrast/gain.h"

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

/* NULL for no name. */
static const struct hep_agent *agent(void **state, const char *name)
{
    const struct hep_agent *a = NULL;
    struct hep_error e = { 0 };

    if (name != NULL)
        assert_ok(hep_agents_find(&a, *state, name, &e), e);
    return a;
}

static const struct hep_gain_limits usual = { .re = { -0.10, 0.70 },
                                              .equal = { 0.8, 1.25 },
                                              .margin = 0.10,
                                              .spread_max = 0.15,
                                              .body_min_ml = 100.0,
                                              .correct = true };

/* A tissue with this signal, whose parts lie alternately above and below it by exp(+-scatter). */
static struct hep_gain_tissue tissue(double signal, int parts, double scatter)
{
    struct hep_gain_tissue t;

    hep_gain_tissue_none(&t);
    t.median = signal;
    t.n = isfinite(signal) ? 20 * (size_t)parts : 0;
    for (int k = 0; k < parts; k++)
        t.part[k] = signal * exp(k % 2 ? scatter : -scatter);
    return t;
}

static struct hep_gain_evidence muscle(double before, double after, int parts, double scatter)
{
    return (struct hep_gain_evidence){ .muscle_before = tissue(before, parts, 0.0),
                                       .muscle_after = tissue(after, parts, scatter),
                                       .body_ratio = NONE };
}

struct muscle_case {
    const char *name, *agent;
    enum hep_phase phase;
    double before, after;
    int parts;
    double scatter;
    enum hep_gain_state want;
    double factor, ratio;
    const char *reason;
};

static const struct muscle_case muscle_cases[] = {
    { "as expected", "EOB", HEP_PHASE_HEPATOBILIARY, 120, 126.6, 6, 0, HEP_GAIN_PLAUSIBLE, 1, 1,
      "muscle enhances by 5.5 %, expected 4.5 to 6.5 %: receive gain 1.00 times" },
    { "x 2.7", "EOB", HEP_PHASE_ARTERIAL, 100, 2.7 * 112, 6, 0, HEP_GAIN_CORRECTED, 1 / 2.7, 2.7,
      "receive gain 2.70 (standard error 0.072) times that before contrast, corrected" },
    { "x 1/2.7", "EOB", HEP_PHASE_ARTERIAL, 100, 112 / 2.7, 6, 0, HEP_GAIN_CORRECTED, 2.7, 1 / 2.7,
      "corrected" },
    { "x 2, portal venous", "EOB", HEP_PHASE_PORTAL_VENOUS, 100, 231, 6, 0.05, HEP_GAIN_CORRECTED,
      0.5, 2, "corrected" },
    { "x 0.7, hepatobiliary", "EOB", HEP_PHASE_HEPATOBILIARY, 120, 126.6 * 0.7, 6, 0,
      HEP_GAIN_CORRECTED, 1 / 0.7, 0.7, "corrected" },
    { "x 1.2, hepatobiliary", "EOB", HEP_PHASE_HEPATOBILIARY, 120, 126.6 * 1.2, 6, 0,
      HEP_GAIN_CORRECTED, 1 / 1.2, 1.2, "corrected" },
    { "x 0.85", "EOB", HEP_PHASE_HEPATOBILIARY, 120, 126.6 * 0.85, 6, 0, HEP_GAIN_CORRECTED,
      1 / 0.85, 0.85, "corrected" },
    /* Half of gadobenate's range is .10 / 1.52 = 6.6 %: two of them are 1.14. */
    { "x 1.22: +85.4 %", "BOPTA", HEP_PHASE_DELAYED, 100, 152 * 1.22, 6, 0, HEP_GAIN_CORRECTED,
      1 / 1.22, 1.22, "corrected" },
    { "x 1.12, within two SE", "BOPTA", HEP_PHASE_DELAYED, 100, 152 * 1.12, 6, 0, HEP_GAIN_SUSPECT,
      1, 1.12, "left as it is" },
    { "x 1.44", "BOPTA", HEP_PHASE_DELAYED, 100, 152 * 1.44, 6, 0, HEP_GAIN_CORRECTED, 1 / 1.44,
      1.44, "corrected" },
    { "+69.9 %", "EOB", HEP_PHASE_ARTERIAL, 100, 169.9, 6, 0, HEP_GAIN_CORRECTED, 112 / 169.9,
      169.9 / 112, "corrected" },
    { "-9.9 %", "EOB", HEP_PHASE_ARTERIAL, 100, 90.1, 6, 0, HEP_GAIN_CORRECTED, 112 / 90.1,
      90.1 / 112, "corrected" },
    { "+45 % of gadobenate", "BOPTA", HEP_PHASE_DELAYED, 100, 145, 6, 0, HEP_GAIN_PLAUSIBLE, 1,
      145.0 / 152, "as good as equal" },
    { "+45 % of gadoxetate", "EOB", HEP_PHASE_TRANSITIONAL, 100, 145, 6, 0, HEP_GAIN_CORRECTED,
      116.5 / 145, 145.0 / 116.5, "corrected" },
    { "nine points off", "EOB", HEP_PHASE_ARTERIAL, 100, 124, 6, 0, HEP_GAIN_PLAUSIBLE, 1,
      124.0 / 112, "as good as equal" },
    /* +-.2 over six parts: SD .2 sqrt(6/5) = 21.9 %. */
    { "parts disagree", "EOB", HEP_PHASE_ARTERIAL, 100, 2.7 * 112, 6, 0.2, HEP_GAIN_NOT_ASSESSABLE,
      1, 2.7,
      "6 samples of muscle disagree about the receive gain: standard deviation 21.9 %, at most "
      "15" },
    { "one part only", "EOB", HEP_PHASE_ARTERIAL, 100, 2.7 * 112, 1, 0, HEP_GAIN_NOT_ASSESSABLE, 1,
      2.7, "too few voxels" },
    { "one part, equal", "EOB", HEP_PHASE_ARTERIAL, 100, 112, 1, 0, HEP_GAIN_PLAUSIBLE, 1, 1,
      "as good as equal" },
    { "no range, x 2.7", "ECA", HEP_PHASE_HEPATOBILIARY, 100, 283.5, 6, 0, HEP_GAIN_NOT_ASSESSABLE,
      1, NONE, "not known" },
    { "no agent, x 2.7", NULL, HEP_PHASE_ARTERIAL, 100, 283.5, 6, 0, HEP_GAIN_NOT_ASSESSABLE, 1,
      NONE, "muscle enhances by 184 %" },
    { "no agent, +30 %", NULL, HEP_PHASE_ARTERIAL, 100, 130, 6, 0, HEP_GAIN_PLAUSIBLE, 1, NONE,
      "muscle enhances by 30 %" },
    { "no muscle", "EOB", HEP_PHASE_ARTERIAL, NONE, 105, 6, 0, HEP_GAIN_NOT_ASSESSABLE, 1, NONE,
      "no muscle was found, and 0 mL of other tissue outside the liver (100 mL needed)" },
    { "dark muscle", "EOB", HEP_PHASE_ARTERIAL, 0, 105, 6, 0, HEP_GAIN_NOT_ASSESSABLE, 1, NONE,
      "no muscle" },
    { "nothing left", "EOB", HEP_PHASE_ARTERIAL, 100, 0, 6, 0, HEP_GAIN_NOT_ASSESSABLE, 1, NONE,
      "no muscle" },
};

static void check(const char *name, const struct hep_gain *g, enum hep_gain_state want,
                  double factor, double ratio, const char *reason)
{
    if (g->state != want || strstr(g->reason, reason) == NULL)
        fail_msg("%s: %s, %s", name, hep_gain_name(g->state), g->reason);
    assert_close(g->factor, factor, 1e-12, 0);
    assert_close(g->ratio, ratio, 1e-12, 0);
    assert_int_equal(hep_gain_known(g), want != HEP_GAIN_NOT_ASSESSABLE);
}

static void test_muscle(void **state)
{
    for (size_t i = 0; i < COUNT(muscle_cases); i++) {
        const struct muscle_case *c = &muscle_cases[i];
        const struct hep_gain_evidence e = muscle(c->before, c->after, c->parts, c->scatter);
        struct hep_gain g;

        hep_gain_judge(&g, agent(state, c->agent), c->phase, &e, &usual);
        check(c->name, &g, c->want, c->factor, c->ratio, c->reason);
    }
}

/* Six parts at +-.1: SD of ln k .1 sqrt(6/5) = .109545; SE of their mean / sqrt 6 = .0447214; of
 * the range .03 / 1.12 = .0267857; together .0521298. In the hepatobiliary phase .01 / 1.055 =
 * .0094787 with equal parts. */
static void test_error(void **state)
{
    struct hep_gain_evidence e = muscle(100, 2.7 * 112, 6, 0.1);
    struct hep_gain g;

    hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &usual);
    assert_int_equal(g.basis, HEP_GAIN_FROM_MUSCLE);
    assert_int_equal(g.n_parts, 6);
    assert_int_equal(g.n_voxels, 120);
    assert_close(g.spread, 0.1095445, 1e-6, 0);
    assert_close(g.ratio_se, 0.0521298, 1e-5, 0);
    assert_close(g.re, 2.7 * 1.12 - 1.0, 1e-12, 0);
    e = muscle(100, 2.7 * 105.5, 6, 0.0);
    hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_HEPATOBILIARY, &e, &usual);
    assert_close(g.ratio_se, 0.0094787, 1e-5, 0);
}

/* A gain just beyond the limits is corrected only when it was measured well: for x 0.75
 * ln(.8 / .75) = .0645, against two SE: .0536, and with parts at +-.13 2 hypot(.0581, .0268) =
 * .1280. */
static void test_noise_is_not_corrected(void **state)
{
    struct hep_gain_evidence e = muscle(100, 0.88 * 112, 6, 0.0);
    struct hep_gain g;

    hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &usual);
    assert_int_equal(g.state, HEP_GAIN_CORRECTED);
    e = muscle(100, 0.88 * 112, 6, 0.135);
    hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &usual);
    assert_int_equal(g.state, HEP_GAIN_SUSPECT);
}

static void test_without_muscle(void **state)
{
    static const struct {
        const char *name;
        double body_ratio, body_ml;
        bool one_series;
        enum hep_gain_state want;
        enum hep_gain_basis basis;
        const char *reason;
    } cases[] = {
        { "body equal", 1.12, 900, false, HEP_GAIN_PLAUSIBLE, HEP_GAIN_FROM_BODY,
          "no muscle was found; the body outside the liver enhances by 12 %, expected 0 to 15 %" },
        { "fat only", 1.00, 900, false, HEP_GAIN_PLAUSIBLE, HEP_GAIN_FROM_BODY, "by 0 %" },
        { "body x 1.2", 1.34, 900, false, HEP_GAIN_SUSPECT, HEP_GAIN_FROM_BODY, "by 34 %" },
        { "body x 2.7", 3.02, 900, false, HEP_GAIN_NOT_ASSESSABLE, HEP_GAIN_FROM_BODY, "by 202 %" },
        { "body x 1/2.7", 0.41, 900, false, HEP_GAIN_NOT_ASSESSABLE, HEP_GAIN_FROM_BODY,
          "by -59 %" },
        { "little of it", 1.12, 40, false, HEP_GAIN_NOT_ASSESSABLE, HEP_GAIN_FROM_NOTHING,
          "40 mL of other tissue outside the liver (100 mL needed)" },
        { "one file", 3.02, 900, true, HEP_GAIN_PLAUSIBLE, HEP_GAIN_FROM_ONE_SERIES, "one file" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hep_gain_evidence e = muscle(NONE, NONE, 0, 0);
        struct hep_gain g;

        e.body_ratio = cases[i].body_ratio;
        e.body_ml = cases[i].body_ml;
        e.one_series = cases[i].one_series;
        hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &usual);
        check(cases[i].name, &g, cases[i].want, 1, g.ratio, cases[i].reason);
        assert_int_equal(g.basis, cases[i].basis);
    }
}

/* The gain amplifies the noise of the air as it does the body: 2.7 and 1.12 x 2.7. Where the body
 * after it would enhance by 202 or -59 %, both cannot be true. */
static void test_noise(void **state)
{
    static const struct {
        const char *name;
        double noise_ratio, body_ratio;
        enum hep_gain_state want;
        double factor;
        const char *reason;
    } cases[] = {
        { "x 2.7", 2.7, 2.7 * 1.12, HEP_GAIN_CORRECTED, 1 / 2.7,
          "noise of the air is 2.70 times that before contrast, and the body outside the liver "
          "then "
          "enhances by 12 %: receive gain corrected" },
        { "x 1/2.7", 1 / 2.7, 1.05 / 2.7, HEP_GAIN_CORRECTED, 2.7, "corrected" },
        { "equal", 1.03, 1.12, HEP_GAIN_PLAUSIBLE, 1, "as good as equal" },
        { "the body contradicts", 1.0, 3.02, HEP_GAIN_NOT_ASSESSABLE, 1, "the body contradicts" },
        { "the noise contradicts", 2.7, 1.12, HEP_GAIN_NOT_ASSESSABLE, 1, "the body contradicts" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hep_gain_evidence e = muscle(NONE, NONE, 0, 0);
        struct hep_gain g;

        e.noise_ratio = cases[i].noise_ratio;
        e.body_ratio = cases[i].body_ratio;
        e.body_ml = 900;
        hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &usual);
        check(cases[i].name, &g, cases[i].want, cases[i].factor, cases[i].noise_ratio,
              cases[i].reason);
        assert_int_equal(g.basis, HEP_GAIN_FROM_NOISE);
    }
}

/* Told not to correct, nothing is changed and nothing is withheld, and both are said. */
static void test_no_correction(void **state)
{
    struct hep_gain_limits limits = usual;
    struct hep_gain_evidence e = muscle(100, 2.7 * 112, 6, 0);
    struct hep_gain g;

    limits.correct = false;
    hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &limits);
    check("x 2.7", &g, HEP_GAIN_SUSPECT, 1, 2.7, "left as it is");
    e = muscle(NONE, NONE, 0, 0);
    hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &limits);
    check("no muscle", &g, HEP_GAIN_ASSUMED, 1, NONE, "enhancement.gain_correction");
    e = muscle(100, 2.7 * 112, 6, 0.2);
    hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &limits);
    check("parts disagree", &g, HEP_GAIN_ASSUMED, 1, 2.7, "taken as equal");
}

/* Liver 230 -> 299 (+30 %) in a phase that came out 2.7 times too bright: the map after the gain
 * says +30 % again, and the muscle what it should, whichever way the gain went. */
static void test_map_after_gain(void **state)
{
    static const double gains[] = { 2.7, 1 / 2.7, 1.0 };
    const float pre[] = { 230, 100 };

    for (size_t i = 0; i < COUNT(gains); i++) {
        float post[] = { (float)(299 * gains[i]), (float)(112 * gains[i]) }, re[2];
        const struct hep_gain_evidence e =
            muscle((double)pre[1], (double)post[1], HEP_GAIN_PARTS, 0);
        struct hep_error err = { 0 };
        struct hep_gain g;

        hep_gain_judge(&g, agent(state, "EOB"), HEP_PHASE_ARTERIAL, &e, &usual);
        hep_gain_apply(&g, post, 2);
        assert_ok(hep_enhancement_map(re, pre, post, 2, 0, 1, &err), err);
        assert_close(re[0], 0.30, 1e-5, 0);
        assert_close(re[1], 0.12, 1e-5, 0);
        if (gains[i] == 1.0)
            assert_true(post[0] == 299.0F); /* untouched, to the last bit */
    }
}

/* (1 + .12) / (1 + .25) and so on: always, not only far outside. */
static void test_by_muscle(void **state)
{
    const struct hep_agent *eob = agent(state, "EOB");

    assert_close(hep_gain_muscle_expected(eob, HEP_PHASE_ARTERIAL), 0.12, 1e-12, 0);
    assert_close(hep_gain_muscle_expected(eob, HEP_PHASE_HEPATOBILIARY), 0.055, 1e-12, 0);
    assert_true(isnan(hep_gain_muscle_expected(NULL, HEP_PHASE_ARTERIAL)));
    assert_close(hep_gain_by_muscle(eob, HEP_PHASE_ARTERIAL, 100, 125), 1.12 / 1.25, 1e-12, 0);
    assert_true(isnan(hep_gain_by_muscle(eob, HEP_PHASE_ARTERIAL, NONE, 125)));
    assert_true(isnan(hep_gain_by_muscle(NULL, HEP_PHASE_ARTERIAL, 100, 125)));
}

/* Two columns of 2 x 2 x 9 voxels of 5 mm, left and right of the middle; each part holds 2 x 2 x 3
 * = 12 voxels. The signal is 100 x (number of the part + 1). */
static void test_parts(void **state)
{
    const struct hep_grid grid = hep_test_grid(12, 4, 9, 5, 5, 5);
    struct hep_volume *v = NULL;
    struct hep_labels *map = NULL;
    struct hep_gain_split split;
    struct hep_gain_tissue t;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_volume_new(&v, &grid, 1, &e), e);
    assert_ok(hep_labels_new(&map, &grid, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        const size_t x = i % 12, y = i / 12 % 4, z = i / 48;

        map->data[i] = y < 2 && (x < 2 || x >= 10) ? 8 : 0;
        v->data[i] = (float)(100 * ((x >= 6 ? 3 : 0) + z / 3 + 1));
    }
    assert_ok(hep_gain_split_of(&split, map, 8, &e), e);
    assert_ok(hep_gain_tissue_of(&t, &split, v, map, 8, &e), e);
    assert_int_equal(t.n, 72);
    assert_close(t.median, 350, 1e-6, 0);
    for (int k = 0; k < HEP_GAIN_PARTS; k++)
        assert_close(t.part[k], 100 * (k + 1), 1e-6, 0);
    /* With three voxels of a part outside the field of view, nine are left: too few. */
    for (size_t i = 0; i < 2; i++)
        v->data[i] = NAN;
    v->data[12] = NAN;
    assert_ok(hep_gain_tissue_of(&t, &split, v, map, 8, &e), e);
    assert_true(isnan(t.part[0]));
    assert_close(t.part[1], 200, 1e-6, 0);
    assert_ok(hep_gain_tissue_of(&t, &split, v, map, 9, &e), e);
    assert_true(isnan(t.median));
    hep_volume_free(v);
    hep_labels_free(map);
}

/* Six voxels of muscle at 1.12, three of vessel at 3, one that is dark before contrast, and air
 * outside the body that doubles. */
static void test_body_ratio(void **state)
{
    const struct hep_grid grid = hep_test_grid(12, 1, 1, 5, 5, 5);
    struct hep_volume *before = NULL, *after = NULL;
    struct hep_labels *body = NULL;
    struct hep_error e = { 0 };
    double ratio;
    size_t n;

    (void)state;
    assert_ok(hep_volume_new(&before, &grid, 1, &e), e);
    assert_ok(hep_volume_new(&after, &grid, 1, &e), e);
    assert_ok(hep_labels_new(&body, &grid, &e), e);
    for (size_t i = 0; i < 12; i++) {
        before->data[i] = i == 9 ? 0.0F : (float)(100 + i);
        after->data[i] = (i < 6 ? 1.12F : i < 9 ? 3.0F : 2.0F) * (float)(100 + i);
        body->data[i] = i < 10;
    }
    assert_ok(hep_gain_body_ratio(&ratio, &n, before, after, body, &e), e);
    assert_int_equal(n, 9);
    assert_close(ratio, 1.12, 1e-6, 0);
    for (size_t i = 0; i < 12; i++)
        body->data[i] = 0;
    assert_ok(hep_gain_body_ratio(&ratio, &n, before, after, body, &e), e);
    assert_int_equal(n, 0);
    assert_true(isnan(ratio));
    hep_volume_free(before);
    hep_volume_free(after);
    hep_labels_free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise),          cmocka_unit_test(test_muscle),
        cmocka_unit_test(test_error),          cmocka_unit_test(test_noise_is_not_corrected),
        cmocka_unit_test(test_without_muscle), cmocka_unit_test(test_no_correction),
        cmocka_unit_test(test_map_after_gain), cmocka_unit_test(test_by_muscle),
        cmocka_unit_test(test_parts),          cmocka_unit_test(test_body_ratio),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
