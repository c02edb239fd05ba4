/* The table of likelihoods and what is made of it. Expected values are Bayes' rule by hand. */
#include "support/support.h"

#include "base/alloc.h"
#include "lesions/evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHARES                                                                                     \
    "shares: {cyst: 0.3, haemangioma: 0.3, fnh_like: 0.1, focal_fat: 0.1, fat_sparing: 0.1, "      \
    "other: 0.1}\n"
#define CALIBRATION                                                                                \
    "calibration: {slope: 1, intercept: 0, date: 2026-11-20, trained_on: none, tested_on: none, "  \
    "n_trained: 0, n_tested: 0}\n"
#define TAIL "source: by hand, mark: general}\n"

/* One outcome: metastasis m, cyst c, all others o. */
#define OUTCOME(name, below, m, c, o)                                                              \
    "      - {name: " name ", " below "likelihood: {metastasis: " m ", cyst: " c                   \
    ", haemangioma: " o ", fnh_like: " o ", focal_fat: " o ", fat_sparing: " o ", other: " o       \
    "}, " TAIL
#define RULE(name, group, what)                                                                    \
    "  - name: " name "\n    group: " group "\n    " what "\n    outcomes:\n"

#define RING                                                                                       \
    RULE("ring", "contrast", "flag: ring_enhancement\n    arterial: true")                         \
    OUTCOME("present", "", "0.8", "0.1", "0.2") OUTCOME("absent", "", "0.2", "0.9", "0.8")
#define WASHOUT                                                                                    \
    RULE("washout", "contrast", "flag: washout")                                                   \
    OUTCOME("present", "", "0.4", "0.1", "0.1") OUTCOME("absent", "", "0.6", "0.9", "0.9")
#define ADC                                                                                        \
    RULE("adc", "water", "measure: adc_mm2_per_s")                                                 \
    OUTCOME("low", "below: 0.001, ", "0.6", "0.01", "0.3")                                         \
    OUTCOME("middle", "below: 0.002, ", "0.3", "0.09", "0.6")                                      \
    OUTCOME("high", "", "0.1", "0.9", "0.1")

static void parse(struct hep_evidence_table **t, const char *text)
{
    struct hep_error e = { 0 };

    assert_ok(hep_evidence_parse(t, text, strlen(text), "evidence.yml", &e), e);
}

static struct hep_lesion_limits limits_of(double prior)
{
    return (struct hep_lesion_limits){ .context = HEP_CONTEXT_UNKNOWN,
                                       .prior_unknown = prior,
                                       .prior_other_cancer = 0.4,
                                       .prior_colorectal = 0.5,
                                       .correlated_weight = 0.5 };
}

static double weigh(struct hep_finding *f, const char *text, double prior, double arterial)
{
    const struct hep_lesion_limits limits = limits_of(prior);
    struct hep_evidence_table *t = NULL;
    double p;

    parse(&t, text);
    hep_evidence_weigh(f, t, &limits, arterial);
    p = hep_finding_get(f, HEP_M_P_METASTASIS);
    hep_evidence_free(t);
    return p;
}

static double logit(double p)
{
    return log(p / (1.0 - p));
}

static void know(struct hep_finding *f, enum hep_flag flag, double probability)
{
    f->flag[flag].given = true;
    hep_flag_set_probability(&f->flag[flag], probability);
}

static void test_nothing_known(void **state)
{
    struct hep_finding f = { 0 };

    (void)state;
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING WASHOUT ADC, 0.37, 1.0), 0.37, 1e-12,
                 0);
    assert_close(f.class_probability[HEP_CLASS_CYST], 0.63 * 0.3, 1e-12, 0);
    assert_int_equal(f.n_evidence, 2); /* prior and other classes */
}

/* A class that cannot be told is no rival, and the others share what it leaves: with the cyst's 0.3
 * out, P(met | present) = 0.37 x 0.8 / (0.37 x 0.8 + 0.63 x 0.2), and nothing known is the prior.
 */
static void test_class_that_cannot_be_told(void **state)
{
    struct hep_finding f = { 0 };
    double sum = 0.0;

    (void)state;
    (void)snprintf(f.class_reason[HEP_CLASS_CYST], sizeof f.class_reason[0], "withheld");
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0), 0.37, 1e-12, 0);
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 1.0);
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0),
                 0.37 * 0.8 / (0.37 * 0.8 + 0.63 * 0.2), 1e-12, 0);
    assert_true(isnan(f.class_probability[HEP_CLASS_CYST]));
    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        sum += c != HEP_CLASS_CYST ? f.class_probability[c] : 0.0;
    assert_close(sum, 1.0, 1e-12, 0);
}

/* One rule: P(met | present) = 0.37 x 0.8 / (0.37 x 0.8 + 0.63 (0.3 x 0.1 + 0.7 x 0.2)). */
static void test_one_rule(void **state)
{
    struct hep_finding f = { 0 };
    const double met = 0.37 * 0.8, cyst = 0.63 * 0.3 * 0.1, rest = 0.63 * 0.7 * 0.2;

    (void)state;
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 1.0);
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0),
                 met / (met + cyst + rest), 1e-12, 0);
    assert_close(f.class_probability[HEP_CLASS_CYST], cyst / (met + cyst + rest), 1e-12, 0);
    assert_int_equal(f.lesion_class, HEP_CLASS_METASTASIS);
    /* Half the weight of the arterial phase: square roots of the ratios. Without it the prior. */
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 0.5),
                 0.37 / (0.37 + 0.63 * (0.3 * sqrt(0.1 / 0.8) + 0.7 * sqrt(0.2 / 0.8))), 1e-12, 0);
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 0.0), 0.37, 1e-12, 0);
}

/* A flag of probability q: its likelihood in a class is q L(present) + (1 - q) L(absent). With
 * q = 0.75 that is 0.65 in metastasis, 0.3 in a cyst, 0.35 in the others; with q = 0.5 it is 0.5
 * everywhere, and nothing is learnt. */
static void test_uncertain_flag(void **state)
{
    struct hep_finding f = { 0 };
    const double met = 0.37 * 0.65, cyst = 0.63 * 0.3 * 0.3, rest = 0.63 * 0.7 * 0.35;

    (void)state;
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 0.75);
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0),
                 met / (met + cyst + rest), 1e-12, 0);
    assert_non_null(
        strstr(f.evidence[1].reason, "probably present: ratio 1.86 against haemangioma"));
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 0.25);
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0),
                 0.37 * 0.35 / (0.37 * 0.35 + 0.63 * (0.3 * 0.7 + 0.7 * 0.65)), 1e-12, 0);
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 0.5);
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0), 0.37, 1e-12, 0);
    /* An uncertain flag that is not assessable by the cautious reading still weighs. */
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 0.75);
    f.flag[HEP_FLAG_RING_ENHANCEMENT].state = HEP_FLAG_NOT_ASSESSABLE;
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0),
                 met / (met + cyst + rest), 1e-12, 0);
    hep_flag_cannot(&f.flag[HEP_FLAG_RING_ENHANCEMENT], "no image");
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0), 0.37, 1e-12, 0);
}

/* Two rules of one mechanism: the strongest whole, the next by half. Of another: whole. */
static void test_capped_groups(void **state)
{
    struct hep_finding f = { 0 };
    double cyst, rest, odds;

    (void)state;
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 1.0);
    know(&f, HEP_FLAG_WASHOUT, 1.0);
    hep_measures_set(&f.measures, HEP_M_ADC, 0.0009);
    /* against cyst: 8 and 4 of one group, 60 of the other; against the rest: 4 and 4, 2 */
    cyst = 0.3 / (8.0 * sqrt(4.0) * 60.0);
    rest = 0.7 / (4.0 * sqrt(4.0) * 2.0);
    odds = 0.37 / 0.63 / (cyst + rest);
    assert_close(weigh(&f, SHARES CALIBRATION "rules:\n" RING WASHOUT ADC, 0.37, 1.0),
                 odds / (1.0 + odds), 1e-12, 0);
}

static void test_order_and_sum(void **state)
{
    static const char *const orders[] = { SHARES CALIBRATION "rules:\n" RING WASHOUT ADC,
                                          SHARES CALIBRATION "rules:\n" ADC WASHOUT RING,
                                          CALIBRATION "rules:\n" WASHOUT ADC RING SHARES };
    struct hep_finding f = { 0 };
    double first = 0.0;

    (void)state;
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 1.0);
    know(&f, HEP_FLAG_WASHOUT, 0.0);
    hep_measures_set(&f.measures, HEP_M_ADC, 0.0015);
    for (size_t i = 0; i < 3; i++) {
        const double p = weigh(&f, orders[i], 0.37, 1.0);
        double sum = 0.0;

        first = i == 0 ? p : first;
        assert_close(p, first, 1e-12, 0);
        for (size_t k = 0; k < f.n_evidence; k++)
            sum += f.evidence[k].log_lr;
        assert_close(sum, logit(p), 1e-9, 1e-12);
    }
}

static void test_intervals(void **state)
{
    static const struct {
        double adc;
        double ratio; /* of metastasis against cyst */
    } cases[] = {
        { 0.00099, 60.0 }, { 0.001, 0.3 / 0.09 }, { 0.0019, 0.3 / 0.09 }, { 0.002, 1.0 / 9.0 }
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hep_finding f = { 0 };

        hep_measures_set(&f.measures, HEP_M_ADC, cases[i].adc);
        (void)weigh(&f, SHARES CALIBRATION "rules:\n" ADC, 0.37, 1.0);
        assert_close(f.class_probability[HEP_CLASS_METASTASIS] /
                         f.class_probability[HEP_CLASS_CYST],
                     0.37 / (0.63 * 0.3) * cases[i].ratio, 1e-9, 0);
    }
}

static void test_calibration(void **state)
{
    struct hep_finding f = { 0 };
    double plain, evidence;

    (void)state;
    know(&f, HEP_FLAG_RING_ENHANCEMENT, 1.0);
    plain = weigh(&f, SHARES CALIBRATION "rules:\n" RING, 0.37, 1.0);
    evidence = logit(plain) - logit(0.37);
    assert_close(logit(weigh(&f,
                             SHARES "calibration: {slope: 0.7, intercept: 0.25, date: 2026-11-20, "
                                    "trained_on: none, tested_on: none, n_trained: 0, n_tested: "
                                    "0, brier: 0.1, ece: 0.02}\nrules:\n" RING,
                             0.37, 1.0)),
                 logit(0.37) + 0.7 * evidence + 0.25, 1e-12, 0);
}

static void test_prior(void **state)
{
    struct hep_lesion_limits limits = limits_of(0.1);

    (void)state;
    assert_close(hep_evidence_prior(&limits), 0.1, 0, 0);
    limits.context = HEP_CONTEXT_OTHER_CANCER;
    assert_close(hep_evidence_prior(&limits), 0.4, 0, 0);
    limits.context = HEP_CONTEXT_COLORECTAL;
    assert_close(hep_evidence_prior(&limits), 0.5, 0, 0);
}

/* The table that is shipped: ratios that were read in their source lie within a factor of 3 of
 * those that its likelihoods imply, where these were chosen and not counted. */
static void test_shipped_table(void **state)
{
    struct hep_evidence_table *t = NULL;
    struct hep_error e = { 0 };
    size_t compared = 0;

    (void)state;
    assert_ok(hep_evidence_read(&t, HEP_CONFIGS "/evidence.yml", &e), e);
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->rule[i].n_outcomes; k++) {
            const struct hep_evidence_outcome *o = &t->rule[i].outcome[k];

            if (isnan(o->published_lr) || o->mark != HEP_MARK_VERIFIED)
                continue;
            compared++;
            if (fabs(log(o->lr / o->published_lr)) > log(3.0))
                fail_msg("%s %s: ratio %.3g, published %.3g", t->rule[i].name, o->name, o->lr,
                         o->published_lr);
        }
    assert_true(compared >= 8 || t->rule[0].outcome[0].mark == HEP_MARK_FITTED);
    hep_evidence_free(t);
    assert_fails(hep_evidence_read(&t, HEP_CONFIGS "/no-such-file.yml", &e), e, HEP_ENOENT,
                 "no-such-file");
}

/* A table with one likelihood and the calibration changed, written and read again. */
static void test_written(void **state)
{
    struct hep_evidence_table *t = NULL, *copy = NULL, *back = NULL;
    struct hep_error e = { 0 };
    struct hep_str text = { 0 };

    (void)state;
    assert_ok(hep_evidence_read(&t, HEP_CONFIGS "/evidence.yml", &e), e);
    assert_ok(hep_evidence_copy(&copy, t, &e), e);
    copy->rule[0].outcome[0].likelihood[HEP_CLASS_CYST] += 0.001;
    copy->rule[0].outcome[0].mark = HEP_MARK_FITTED;
    copy->calibration.slope = 0.75;
    hep_evidence_print(&text, copy, "# a table\n");
    assert_ok(hep_evidence_parse(&back, text.s, text.len, "t.yml", &e), e);
    assert_int_equal(back->n, t->n);
    assert_close(back->calibration.slope, 0.75, 0, 0);
    assert_int_equal(back->rule[0].outcome[0].mark, HEP_MARK_FITTED);
    for (size_t i = 0; i < t->n; i++) {
        assert_string_equal(back->rule[i].name, t->rule[i].name);
        assert_int_equal(back->rule[i].is_flag, t->rule[i].is_flag);
        assert_int_equal(back->rule[i].measure, t->rule[i].measure);
        assert_int_equal(back->rule[i].arterial, t->rule[i].arterial);
        for (size_t k = 0; k < t->rule[i].n_outcomes; k++) {
            const struct hep_evidence_outcome *a = &copy->rule[i].outcome[k],
                                              *b = &back->rule[i].outcome[k];

            assert_string_equal(b->name, a->name);
            assert_string_equal(b->source, a->source);
            assert_true(isinf(a->below) ? isinf(b->below) : fabs(a->below - b->below) < 1e-9);
            for (int c = 0; c < HEP_CLASS_COUNT; c++)
                assert_close(b->likelihood[c], a->likelihood[c], 1e-3, 0);
        }
    }
    hep_evidence_free(back);
    hep_evidence_free(copy);
    hep_evidence_free(t);
    hep_str_release(&text);
}

/* How probable each outcome is: of a flag P and 1 - P, of a measure the interval that holds it. */
static void test_shares(void **state)
{
    const struct hep_evidence_rule flag = { .is_flag = true,
                                            .flag = HEP_FLAG_WASHOUT,
                                            .n_outcomes = 2 };
    const struct hep_evidence_rule measure = {
        .measure = HEP_M_VOLUME,
        .n_outcomes = 3,
        .outcome = { { .below = 1.0 }, { .below = 2.0 }, { .below = (double)INFINITY } }
    };
    struct hep_finding *f = calloc(1, sizeof *f);
    double share[HEP_EVIDENCE_MAX_OUTCOMES];

    (void)state;
    assert_non_null(f);
    assert_false(hep_evidence_shares(share, f, &flag));
    f->flag[HEP_FLAG_WASHOUT].given = true;
    f->flag[HEP_FLAG_WASHOUT].probability = 0.375;
    assert_true(hep_evidence_shares(share, f, &flag));
    assert_close(share[0], 0.375, 0, 0);
    assert_close(share[1], 0.625, 0, 0);
    assert_false(hep_evidence_shares(share, f, &measure));
    hep_measures_set(&f->measures, HEP_M_VOLUME, 1.0);
    assert_true(hep_evidence_shares(share, f, &measure));
    assert_true(share[0] == 0.0 && share[1] == 1.0 && share[2] == 0.0);
    free(f);
}

struct bad_case {
    const char *name, *text, *part;
};
static const struct bad_case bad_cases[] = {
    { "empty", "", "the file must be a block of keys" },
    { "unknown key", SHARES CALIBRATION "rulez: []\n", "did you mean 'rules'" },
    { "no rules", SHARES CALIBRATION, "lacks the key 'rules'" },
    { "empty list", SHARES CALIBRATION "rules: []\n", "rules must be a list of 1 to" },
    { "unknown class", "shares: {cist: 1}\n" CALIBRATION "rules:\n" RING, "did you mean 'cyst'" },
    { "share of metastasis", "shares: {metastasis: 0.1, cyst: 0.9}\n" CALIBRATION "rules:\n" RING,
      "take 'metastasis' out" },
    { "shares lack a class", "shares: {cyst: 1}\n" CALIBRATION "rules:\n" RING, "lack the class" },
    { "shares do not sum",
      "shares: {cyst: 0.3, haemangioma: 0.3, fnh_like: 0.1, focal_fat: 0.1, fat_sparing: 0.1, "
      "other: 0.3}\n" CALIBRATION "rules:\n" RING,
      "sum to 1.2" },
    { "slope not positive",
      SHARES "calibration: {slope: 0, intercept: 0, date: x, trained_on: x, tested_on: x, "
             "n_trained: 0, n_tested: 0}\nrules:\n" RING,
      "slope is 0" },
    { "calibration lacks its date",
      SHARES "calibration: {slope: 1, intercept: 0, trained_on: x, tested_on: x, n_trained: 0, "
             "n_tested: 0}\nrules:\n" RING,
      "lacks the key 'date'" },
    { "flag and measure",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "flag: washout\n    measure: hepatobiliary_re")
          OUTCOME("present", "", "0.5", "0.5", "0.5") OUTCOME("absent", "", "0.5", "0.5", "0.5"),
      "one of 'flag' and 'measure'" },
    { "unknown flag",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "flag: shine")
          OUTCOME("present", "", "0.5", "0.5", "0.5") OUTCOME("absent", "", "0.5", "0.5", "0.5"),
      "unknown flag 'shine'" },
    { "unknown measure",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "measure: adc")
          OUTCOME("a", "below: 2, ", "0.5", "0.5", "0.5") OUTCOME("b", "", "0.5", "0.5", "0.5"),
      "unknown measure 'adc'" },
    { "outcomes of a flag",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "flag: washout")
          OUTCOME("yes", "", "0.5", "0.5", "0.5") OUTCOME("no", "", "0.5", "0.5", "0.5"),
      "present and absent" },
    { "intervals that fall",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "measure: hepatobiliary_re")
          OUTCOME("a", "below: 2, ", "0.3", "0.3", "0.3")
              OUTCOME("b", "below: 1, ", "0.3", "0.3", "0.3") OUTCOME("c", "", "0.4", "0.4", "0.4"),
      "must rise" },
    { "last interval bounded",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "measure: hepatobiliary_re") OUTCOME(
          "a", "below: 2, ", "0.5", "0.5", "0.5") OUTCOME("b", "below: 3, ", "0.5", "0.5", "0.5"),
      "the last has none" },
    { "likelihoods do not sum",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "flag: washout")
          OUTCOME("present", "", "0.5", "0.5", "0.5") OUTCOME("absent", "", "0.5", "0.6", "0.5"),
      "cyst sum to 1.1" },
    { "likelihood above 1",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "flag: washout")
          OUTCOME("present", "", "1.5", "0.5", "0.5") OUTCOME("absent", "", "0.5", "0.5", "0.5"),
      "metastasis is 1.5" },
    { "two rules of one name", SHARES CALIBRATION "rules:\n" RING RING, "two rules named 'ring'" },
    { "class missing",
      SHARES CALIBRATION "rules:\n  - {name: x, group: g, flag: washout, outcomes: [{name: "
                         "present, likelihood: {cyst: 0.5}, source: s, mark: general}, {name: "
                         "absent, likelihood: {cyst: 0.5}, source: s, mark: general}]}\n",
      "lacks the class 'metastasis'" },
    { "mark",
      SHARES CALIBRATION "rules:\n  - {name: x, group: g, flag: washout, outcomes: [{name: "
                         "present, mark: sure, likelihood: {cyst: 0.5}, source: s}, {name: "
                         "absent, likelihood: {cyst: 0.5}, source: s, mark: general}]}\n",
      "unknown mark 'sure'; known are general, verified" },
    { "not a number",
      SHARES CALIBRATION "rules:\n" RULE("x", "g", "flag: washout")
          OUTCOME("present", "", "half", "0.5", "0.5") OUTCOME("absent", "", "0.5", "0.5", "0.5"),
      "half" },
};

static void test_bad_case(void **state)
{
    const struct bad_case *c = *state;
    struct hep_evidence_table *t = NULL;
    struct hep_error e = { 0 };

    assert_fails(hep_evidence_parse(&t, c->text, strlen(c->text), "evidence.yml", &e), e,
                 HEP_ECONFIG, c->part);
    assert_null(t);
}

static void test_no_memory(void **state)
{
    static const char text[] = SHARES CALIBRATION "rules:\n" RING ADC;

    (void)state;
    for (long at = 1;; at++) {
        struct hep_evidence_table *t = NULL;
        struct hep_error e = { 0 };
        int rc;

        hep_alloc_fail_at(at);
        rc = hep_evidence_parse(&t, text, sizeof text - 1, "evidence.yml", &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        if (rc == HEP_OK) {
            hep_evidence_free(t);
            assert_true(at > 2);
            break;
        }
        assert_int_equal(rc, HEP_ENOMEM);
        assert_null(t);
    }
    hep_evidence_free(NULL);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(test_nothing_known),  cmocka_unit_test(test_one_rule),
        cmocka_unit_test(test_uncertain_flag), cmocka_unit_test(test_class_that_cannot_be_told),
        cmocka_unit_test(test_capped_groups),  cmocka_unit_test(test_order_and_sum),
        cmocka_unit_test(test_intervals),      cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_prior),          cmocka_unit_test(test_shipped_table),
        cmocka_unit_test(test_written),        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_no_memory),
    };
    struct CMUnitTest tests[COUNT(bad_cases) + COUNT(single)];
    size_t n = 0;

    for (size_t i = 0; i < COUNT(bad_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = bad_cases[i].name,
                                          .test_func = test_bad_case,
                                          .initial_state = (void *)(uintptr_t)&bad_cases[i] };
    for (size_t i = 0; i < COUNT(single); i++)
        tests[n++] = single[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
