#include "lesions/evidence.h"

#include <math.h>
#include <stdio.h>

double hep_evidence_prior(const struct hep_lesion_limits *limits)
{
    if (limits->context == HEP_CONTEXT_COLORECTAL)
        return limits->prior_colorectal;
    return limits->context == HEP_CONTEXT_OTHER_CANCER ? limits->prior_other_cancer
                                                       : limits->prior_unknown;
}

/** A rule that applied: its ratios for metastasis against each class, before and after the cap. */
struct used {
    const struct hep_evidence_rule *rule;
    const struct hep_evidence_outcome *outcome;           /* the most probable one */
    double value, probability;                            /* of that outcome, 1 of a measure's */
    double share[HEP_EVIDENCE_MAX_OUTCOMES];              /* probability of each outcome */
    double raw[HEP_CLASS_COUNT], capped[HEP_CLASS_COUNT]; /* ln(L_met / L_c) */
};

bool hep_evidence_shares(double share[HEP_EVIDENCE_MAX_OUTCOMES], const struct hep_finding *f,
                         const struct hep_evidence_rule *rule)
{
    const double value =
        rule->is_flag ? f->flag[rule->flag].probability : hep_finding_get(f, rule->measure);
    size_t i = 0;

    for (size_t k = 0; k < HEP_EVIDENCE_MAX_OUTCOMES; k++)
        share[k] = 0.0;
    if (!isfinite(value) || (rule->is_flag && !f->flag[rule->flag].given))
        return false;
    if (rule->is_flag) {
        share[0] = value;
        share[1] = 1.0 - value;
        return true;
    }
    while (i + 1 < rule->n_outcomes && value >= rule->outcome[i].below)
        i++;
    share[i] = 1.0;
    return true;
}

/** The outcomes of a rule; false when it cannot be assessed. */
static bool find_outcome(struct used *u, const struct hep_finding *f,
                         const struct hep_evidence_rule *rule)
{
    size_t best = 0;

    *u = (struct used){ .rule = rule };
    if (!hep_evidence_shares(u->share, f, rule))
        return false;
    for (size_t i = 1; i < rule->n_outcomes; i++)
        best = u->share[i] > u->share[best] ? i : best;
    u->value = rule->is_flag ? f->flag[rule->flag].value : hep_finding_get(f, rule->measure);
    u->outcome = &rule->outcome[best];
    u->probability = u->share[best];
    return true;
}

/** P(what was seen | class): of a flag the mean over both outcomes, weighted with how probable each
 * is, so that a flag of probability one half tells the classes apart no more than chance. */
static double likelihood_of(const struct used *u, int class)
{
    double sum = 0.0;

    for (size_t i = 0; i < u->rule->n_outcomes; i++)
        sum += u->share[i] * u->rule->outcome[i].likelihood[class];
    return sum;
}

static size_t gather(struct used *used, const struct hep_finding *f,
                     const struct hep_evidence_table *table, double arterial_weight)
{
    size_t n = 0;

    for (size_t i = 0; i < table->n; i++) {
        const double weight = table->rule[i].arterial ? arterial_weight : 1.0;
        struct used *u = &used[n];

        if (weight <= 0.0 || !find_outcome(u, f, &table->rule[i]))
            continue;
        for (int c = 0; c < HEP_CLASS_COUNT; c++)
            u->raw[c] = weight * log(likelihood_of(u, HEP_CLASS_METASTASIS) / likelihood_of(u, c));
        n++;
    }
    return n;
}

/** Is a stronger than b? Among equals the one towards metastasis, so that order does not matter. */
static bool stronger(double a, double b)
{
    return fabs(a) > fabs(b) || (!(fabs(a) < fabs(b)) && a > b);
}

/** Of the rules of one mechanism the strongest counts whole, the next by a share, others nothing.
 */
static void cap(struct used *used, size_t n, int c, double share)
{
    for (size_t i = 0; i < n; i++) {
        size_t before = 0;

        for (size_t k = 0; k < n; k++)
            if (k != i && strcmp(used[k].rule->group, used[i].rule->group) == 0 &&
                (stronger(used[k].raw[c], used[i].raw[c]) ||
                 (!stronger(used[i].raw[c], used[k].raw[c]) && k < i)))
                before++;
        used[i].capped[c] =
            before == 0 ? used[i].raw[c] : (before == 1 ? share : 0.0) * used[i].raw[c];
    }
}

static double logit(double p)
{
    return log(p / (1.0 - p));
}

/** ln(1 + e^x) and so on stay finite: the odds are kept as logarithms until here. */
static double sigmoid(double x)
{
    return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
}

static void add_item(struct hep_finding *f, const char *name, const char *group, double log_lr,
                     double value)
{
    struct hep_evidence_item *item = &f->evidence[f->n_evidence++];

    (void)snprintf(item->name, sizeof item->name, "%s", name);
    (void)snprintf(item->group, sizeof item->group, "%s", group);
    item->log_lr = log_lr;
    item->value = value;
    item->reason[0] = '\0';
}

static char *reason_of(struct hep_finding *f)
{
    return f->evidence[f->n_evidence - 1].reason;
}

#define REASON sizeof(((struct hep_evidence_item *)NULL)->reason)

static void list_evidence(struct hep_finding *f, const struct used *used, size_t n, int rival,
                          double prior, double share, double others)
{
    const char *against = hep_class_name((enum hep_lesion_class)rival);

    f->n_evidence = 0;
    add_item(f, HEP_EVIDENCE_PRIOR, "prior", logit(prior) - log(share), prior);
    (void)snprintf(reason_of(f), REASON, "prior probability %.2f of metastasis, %.2f of %s", prior,
                   (1.0 - prior) * share, against);
    for (size_t i = 0; i < n; i++) {
        const struct used *u = &used[i];

        add_item(f, u->rule->name, u->rule->group, u->capped[rival], u->value);
        (void)snprintf(reason_of(f), REASON, "%s%s: ratio %.3g against %s%s; %s",
                       u->probability < HEP_FLAG_CERTAIN ? "probably " : "", u->outcome->name,
                       exp(u->raw[rival]), against,
                       fabs(u->capped[rival] - u->raw[rival]) > 0.0 ? ", reduced: same mechanism"
                                                                    : "",
                       u->outcome->source);
    }
    add_item(f, "other_classes", "other_classes", -others, (double)NAN);
    (void)snprintf(reason_of(f), REASON, "classes other than %s together", against);
}

static void set_class(struct hep_finding *f)
{
    int best = 0;

    for (int c = 1; c < HEP_CLASS_COUNT; c++)
        if (f->class_probability[c] > f->class_probability[best])
            best = c;
    f->lesion_class = (enum hep_lesion_class)best;
    hep_measures_set(&f->measures, HEP_M_P_METASTASIS, f->class_probability[HEP_CLASS_METASTASIS]);
}

/** Of the classes that can be told; all of them share 1. */
static double shares_left(const struct hep_finding *f, const struct hep_evidence_table *table)
{
    double sum = 0.0;

    for (int c = HEP_CLASS_CYST; c < HEP_CLASS_COUNT; c++)
        sum += f->class_reason[c][0] == '\0' ? table->share[c] : 0.0;
    return sum;
}

void hep_evidence_weigh(struct hep_finding *f, const struct hep_evidence_table *table,
                        const struct hep_lesion_limits *limits, double arterial_weight)
{
    const double prior = hep_evidence_prior(limits);
    struct used used[HEP_EVIDENCE_MAX];
    const size_t n = gather(used, f, table, arterial_weight);
    const double shares = shares_left(f, table);
    double odds[HEP_CLASS_COUNT]; /* ln(P_c / P_met) */
    double sum = 0.0, evidence;
    int rival = HEP_CLASS_CYST;

    for (int c = HEP_CLASS_CYST; c < HEP_CLASS_COUNT; c++) {
        cap(used, n, c, limits->correlated_weight);
        odds[c] = f->class_reason[c][0] == '\0' ? log(table->share[c] / shares) - logit(prior)
                                                : -(double)INFINITY;
        for (size_t i = 0; i < n; i++)
            odds[c] -= used[i].capped[c];
        rival = odds[c] > odds[rival] ? c : rival;
    }
    for (int c = HEP_CLASS_CYST; c < HEP_CLASS_COUNT; c++)
        sum += exp(odds[c] - odds[rival]);
    evidence = -odds[rival] - log(sum) - logit(prior);
    list_evidence(f, used, n, rival, prior, table->share[rival] / shares, log(sum));
    f->class_probability[HEP_CLASS_METASTASIS] =
        sigmoid(logit(prior) + table->calibration.slope * evidence + table->calibration.intercept);
    for (int c = HEP_CLASS_CYST; c < HEP_CLASS_COUNT; c++)
        f->class_probability[c] = f->class_reason[c][0] == '\0'
                                      ? (1.0 - f->class_probability[HEP_CLASS_METASTASIS]) *
                                            exp(odds[c] - odds[rival]) / sum
                                      : (double)NAN;
    set_class(f);
}
