/* Likelihoods, slope and intercept. */
#include "base/alloc.h"
#include "batch/calibrate.h"
#include "evaluation/bootstrap.h"
#include "evaluation/logistic.h"

#include <math.h>
#include <stdlib.h>

#define NO_FOLD SIZE_MAX
/* Towards no correction at all: a slope of 1 with an SD of 1, an intercept of 0 with an SD of 3. */
#define SLOPE_PENALTY 1.0
#define INTERCEPT_PENALTY (1.0 / 9.0)
#define LARGE_MM 8.0 /* lesions that most series show with several voxels */

static double logit(double p)
{
    return log(p / (1.0 - p));
}

/* A finding that is counted: the first one on a lesion, or one on none. */
static bool is_case(const struct hep_evaluated *e, size_t i)
{
    return e->finding[i].fate != HEP_FATE_EXTRA;
}

/* True class; HEP_CLASS_COUNT on no lesion, or where the truth does not say. */
static enum hep_lesion_class true_class(const struct hep_evaluated *e, size_t i)
{
    return e->finding[i].fate == HEP_FATE_TRUE ? e->lesion[e->finding[i].lesion].class
                                               : HEP_CLASS_COUNT;
}

static size_t fold_of(const struct hep_evaluated *e, size_t i, size_t n_folds)
{
    return hep_fold_of(e->study[e->finding[i].study].patient, n_folds);
}

static double arterial_weight(const struct hep_evaluated *e, size_t i)
{
    const double w = e->entry[e->finding[i].study].arterial_weight;

    return isfinite(w) ? w : 1.0;
}

static void count(double counts[HEP_EVIDENCE_MAX_OUTCOMES][HEP_CLASS_COUNT],
                  const struct hep_evaluated *e, const struct hep_evidence_rule *rule,
                  size_t n_folds, size_t left_out)
{
    for (size_t i = 0; i < e->n_findings; i++) {
        const enum hep_lesion_class class = true_class(e, i);
        const double w = rule->arterial ? arterial_weight(e, i) : 1.0;
        double share[HEP_EVIDENCE_MAX_OUTCOMES];

        if (class == HEP_CLASS_COUNT || fold_of(e, i, n_folds) == left_out ||
            !hep_evidence_shares(share, &e->full[i], rule))
            continue;
        for (size_t k = 0; k < rule->n_outcomes; k++)
            counts[k][class] += w * share[k];
    }
}

/* Likelihoods from all patients but those of a part. */
static void fit_likelihoods(struct hep_evidence_table *t, const struct hep_evidence_table *before,
                            const struct hep_evaluated *e, double weight, size_t n_folds,
                            size_t left_out)
{
    for (size_t r = 0; r < t->n; r++) {
        double counts[HEP_EVIDENCE_MAX_OUTCOMES][HEP_CLASS_COUNT] = { { 0.0 } };
        const size_t n = t->rule[r].n_outcomes;

        count(counts, e, &before->rule[r], n_folds, left_out);
        for (int c = 0; c < HEP_CLASS_COUNT; c++) {
            double now[HEP_EVIDENCE_MAX_OUTCOMES], prior[HEP_EVIDENCE_MAX_OUTCOMES],
                of[HEP_EVIDENCE_MAX_OUTCOMES];

            for (size_t k = 0; k < n; k++) {
                now[k] = counts[k][c];
                prior[k] = before->rule[r].outcome[k].likelihood[c];
            }
            hep_dirichlet_mean(of, now, prior, weight, n);
            for (size_t k = 0; k < n; k++)
                t->rule[r].outcome[k].likelihood[c] = of[k];
        }
    }
}

/* Class and probability of a finding by a table, and the log-odds that its evidence alone gives. */
static double weigh(struct hep_finding *f, const struct hep_evidence_table *t, double prior,
                    double arterial)
{
    struct hep_lesion_limits limits = hep_lesion_limits_default;
    double sum = 0.0;

    limits.context = HEP_CONTEXT_UNKNOWN;
    limits.prior_unknown = prior;
    hep_evidence_weigh(f, t, &limits, arterial);
    for (size_t i = 0; i < f->n_evidence; i++)
        sum += f->evidence[i].log_lr;
    return sum - logit(prior);
}

static double prior_of(const struct hep_finding *f)
{
    const double prior = hep_finding_prior(f);

    return prior > 0.0 && prior < 1.0 ? prior : hep_evidence_prior(&hep_lesion_limits_default);
}

/* ---- slope and intercept --------------------------------------------------------------------- */

/* What a finding on no lesion weighs: those of a patient together as those of another, since one liver
 * full of nodules is one liver; 1 for findings on lesions, and on average. */
static double weight_of(const struct hep_evaluated *e, size_t i)
{
    const size_t patient = e->study[e->finding[i].study].patient;
    size_t all = 0, here = 0, patients = 0, last = SIZE_MAX;

    if (e->finding[i].fate != HEP_FATE_FALSE)
        return 1.0;
    for (size_t k = 0; k < e->n_findings; k++) {
        const size_t of = e->study[e->finding[k].study].patient;

        if (e->finding[k].fate != HEP_FATE_FALSE)
            continue;
        all++;
        here += of == patient;
        patients += of != last; /* findings of a patient follow one another */
        last = of;
    }
    return (double)all / (double)(patients * here);
}

/* Fit to the evidence of every case but those of a part. */
static int fit_slope(double out[2], const struct hep_evaluated *e, const double *evidence,
                     size_t n_folds, size_t left_out, struct hep_error *err)
{
    static const double centre[2] = { 0.0, 1.0 }, penalty[2] = { INTERCEPT_PENALTY, SLOPE_PENALTY };
    struct hep_logistic_cases cases = { .k = 1 };
    double *x = NULL, *offset = NULL, *weight = NULL, hits = 0.0;
    bool *is_true = NULL;
    size_t n = 0;
    int rc = HEP_NEW(x, e->n_findings + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(offset, e->n_findings + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(is_true, e->n_findings + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(weight, e->n_findings + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < e->n_findings; i++) {
        if (!is_case(e, i) || fold_of(e, i, n_folds) == left_out)
            continue;
        x[n] = evidence[i];
        weight[n] = weight_of(e, i);
        is_true[n] = true_class(e, i) == HEP_CLASS_METASTASIS;
        hits += is_true[n++];
    }
    if (rc == HEP_OK && (hits <= 0.0 || hits >= (double)n))
        rc = HEP_FAIL(err, HEP_EDATA, "one class only among the patients of a cross-validation");
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        offset[i] = logit(hits / (double)n);
    cases.x = x;
    cases.offset = offset;
    cases.weight = weight;
    cases.is_true = is_true;
    cases.n = n;
    if (rc == HEP_OK)
        rc = hep_logistic_fit(out, &cases, &(struct hep_logistic_pull){ centre, penalty }, err);
    free(x);
    free(offset);
    free(weight);
    free(is_true);
    return rc;
}

/* ---- figures --------------------------------------------------------------------------------- */

/* What large metastases are called: with agents that hepatocytes take up, with others, and where nobody knows the agent. */
enum {
    CALLED_BENIGN_SPECIFIC,
    CALLED_BENIGN_EXTRACELLULAR,
    CALLED_BENIGN_UNKNOWN,
    CALLED_METASTASIS,
    CALLED_ONE_PRIOR
};
#define CALLED_COUNT                                                                               \
    ((size_t)2 * CALLED_ONE_PRIOR) /* with the prior as run, with the share in the set */
static const char *const called_words[CALLED_COUNT] = {
    "metastases >= 8 mm called cyst, haemangioma or FNH-like, liver-specific agent",
    "metastases >= 8 mm called cyst, haemangioma or FNH-like, extracellular agent",
    "metastases >= 8 mm called cyst, haemangioma or FNH-like, agent not known",
    "metastases >= 8 mm most likely metastasis",
    "the same with the set's own prior: benign, liver-specific agent",
    "benign, extracellular agent, the set's own prior",
    "benign, agent not known, the set's own prior",
    "most likely metastasis, the set's own prior"
};

struct called {
    const struct hep_evaluated *e;
    const enum hep_lesion_class *class[2]; /* of each finding, with either prior */
};

static int kind_of_agent(const char *agent)
{
    if (strcmp(agent, "extracellular") == 0)
        return CALLED_BENIGN_EXTRACELLULAR;
    return agent[0] == '\0' || strcmp(agent, "unknown") == 0 ? CALLED_BENIGN_UNKNOWN
                                                             : CALLED_BENIGN_SPECIFIC;
}

static void count_called(double *out, const double *weight, const void *data)
{
    const struct called *d = data;
    double hit[CALLED_COUNT] = { 0.0 }, all[CALLED_COUNT] = { 0.0 };

    for (size_t j = 0; j < 2 * d->e->n_findings; j++) {
        const size_t i = j / 2;
        const int first = j % 2 == 0 ? 0 : CALLED_ONE_PRIOR;
        const double w = weight[d->e->study[d->e->finding[i].study].patient];
        const enum hep_lesion_class c = d->class[j % 2][i];
        const bool benign =
            c == HEP_CLASS_CYST || c == HEP_CLASS_HAEMANGIOMA || c == HEP_CLASS_FNH_LIKE;
        const int kind = kind_of_agent(d->e->entry[d->e->finding[i].study].agent);

        if (true_class(d->e, i) != HEP_CLASS_METASTASIS ||
            !(d->e->lesion[d->e->finding[i].lesion].diameter_mm >= LARGE_MM))
            continue;
        all[first + kind] += w;
        hit[first + kind] += benign ? w : 0.0;
        all[first + CALLED_METASTASIS] += w;
        hit[first + CALLED_METASTASIS] += c == HEP_CLASS_METASTASIS ? w : 0.0;
    }
    for (size_t k = 0; k < CALLED_COUNT; k++)
        out[k] = all[k] > 0.0 ? hit[k] / all[k] : (double)NAN;
}

/* Two results of the same cases. */
struct sides {
    struct hep_eval_result result[2]; /* before, after */
    struct hep_interval called[2][CALLED_COUNT];
};

static void add_figures(struct hep_calibrated *c, const char *part, const struct sides *s)
{
    static const struct {
        const char *what;
        int number;
    } rows[] = { { "Brier score, prior as run", HEP_WHOLE_BRIER },
                 { "calibration error, prior as run", HEP_WHOLE_ECE },
                 { "ROC area, metastasis against other lesions", HEP_WHOLE_AUC_LESIONS },
                 { "ROC area, metastasis against all findings", HEP_WHOLE_AUC_FINDINGS },
                 { "sensitivity for patients with metastases", HEP_WHOLE_PATIENT_SENSITIVITY },
                 { "specificity for patients without", HEP_WHOLE_PATIENT_SPECIFICITY } };
    const struct hep_calibration *a = &s->result[0].at_prevalence, *b = &s->result[1].at_prevalence;
    const double none = (double)NAN;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        hep_calibrate_add(c, part, rows[i].what, s->result[0].number[rows[i].number],
                          s->result[1].number[rows[i].number]);
    hep_calibrate_add(c, part, "Brier score, the set's own prior",
                      (struct hep_interval){ a->brier, none, none },
                      (struct hep_interval){ b->brier, none, none });
    hep_calibrate_add(c, part, "calibration error, the set's own prior",
                      (struct hep_interval){ a->ece, none, none },
                      (struct hep_interval){ b->ece, none, none });
    hep_calibrate_add(c, part, "that of exact probabilities, by chance, the set's own prior",
                      (struct hep_interval){ a->ece_chance, none, none },
                      (struct hep_interval){ b->ece_chance, none, none });
    for (size_t k = 0; k < CALLED_COUNT; k++)
        hep_calibrate_add(c, part, called_words[k], s->called[0][k], s->called[1][k]);
    for (int side = 0; side < 2; side++)
        memcpy(c->confusion[side], s->result[side].confusion, sizeof c->confusion[side]);
}

/* Share of metastases among the cases. */
static double own_prior(const struct hep_evaluated *e)
{
    double hits = 0.0, n = 0.0;

    for (size_t i = 0; i < e->n_findings; i++) {
        n += is_case(e, i) ? 1.0 : 0.0;
        hits += is_case(e, i) && true_class(e, i) == HEP_CLASS_METASTASIS ? 1.0 : 0.0;
    }
    return hits / n;
}

/* The most probable class with another prior: the others keep their proportions. */
static enum hep_lesion_class class_at(const struct hep_finding *f, double prior)
{
    const double p = f->class_probability[HEP_CLASS_METASTASIS];
    const double now = hep_sigmoid(logit(p) - logit(prior_of(f)) + logit(prior));
    enum hep_lesion_class best = HEP_CLASS_METASTASIS;
    double most = now;

    for (int c = HEP_CLASS_CYST; c < HEP_CLASS_COUNT; c++)
        if (f->class_probability[c] * (1.0 - now) / (1.0 - p) > most) {
            most = f->class_probability[c] * (1.0 - now) / (1.0 - p);
            best = (enum hep_lesion_class)c;
        }
    return best;
}

/* Figures of one side, by these findings. */
static int judge(struct sides *s, int side, const struct hep_evaluated *e,
                 const struct hep_finding *findings, const struct hep_calibrate_request *q,
                 struct hep_error *err)
{
    struct hep_eval_finding *list = NULL;
    enum hep_lesion_class *class = NULL, *class_own = NULL;
    const double prior = own_prior(e);
    struct hep_eval_data data = hep_evaluated_data(e);
    int rc = HEP_NEW(list, e->n_findings + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(class, e->n_findings + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(class_own, e->n_findings + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < e->n_findings; i++) {
        list[i] = e->finding[i];
        class_own[i] = class_at(&findings[i], prior);
        list[i].class = class[i] = findings[i].lesion_class;
        list[i].probability = hep_finding_get(&findings[i], HEP_M_P_METASTASIS);
        list[i].prior = hep_finding_prior(&findings[i]);
    }
    data.findings = list;
    if (rc == HEP_OK)
        rc = hep_evaluate(&s->result[side], &data, q->replicates, q->seed, err);
    if (rc == HEP_OK)
        rc = hep_bootstrap(s->called[side], CALLED_COUNT, count_called,
                           &(struct called){ e, { class, class_own } }, e->n_patients,
                           q->replicates, q->seed, err);
    free(list);
    free(class);
    free(class_own);
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* The evidence of every finding by the likelihoods of the other patients. */
static int cross_validate(double *evidence, struct hep_finding *findings,
                          struct hep_evidence_table *t, const struct hep_calibrated *c,
                          const struct hep_calibrate_request *q, struct hep_error *err)
{
    const struct hep_evaluated *e = &c->cases;
    int rc = HEP_OK;

    t->calibration.slope = 1.0;
    t->calibration.intercept = 0.0;
    for (size_t fold = 0; fold < q->n_folds; fold++) {
        fit_likelihoods(t, c->evidence_before, e, q->weight, q->n_folds, fold);
        for (size_t i = 0; i < e->n_findings; i++)
            if (fold_of(e, i, q->n_folds) == fold)
                evidence[i] = weigh(&findings[i], t, prior_of(&e->full[i]), arterial_weight(e, i));
    }
    for (size_t fold = 0; rc == HEP_OK && fold < q->n_folds; fold++) {
        double of[2];

        rc = fit_slope(of, e, evidence, q->n_folds, fold, err);
        if (rc != HEP_OK)
            break;
        fit_likelihoods(t, c->evidence_before, e, q->weight, q->n_folds, fold);
        t->calibration.intercept = of[0];
        t->calibration.slope = fmax(of[1], 0.01);
        for (size_t i = 0; i < e->n_findings; i++)
            if (fold_of(e, i, q->n_folds) == fold)
                (void)weigh(&findings[i], t, prior_of(&e->full[i]), arterial_weight(e, i));
    }
    return rc;
}

/* Rules that enough lesions could be judged by are no choice of an expert any more. */
static void mark_fitted(struct hep_evidence_table *t, const struct hep_evaluated *e)
{
    for (size_t r = 0; r < t->n; r++) {
        double counts[HEP_EVIDENCE_MAX_OUTCOMES][HEP_CLASS_COUNT] = { { 0.0 } }, sum = 0.0;

        count(counts, e, &t->rule[r], 1, NO_FOLD);
        for (size_t k = 0; k < t->rule[r].n_outcomes; k++)
            for (int c = 0; c < HEP_CLASS_COUNT; c++)
                sum += counts[k][c];
        for (size_t k = 0; sum >= HEP_CALIBRATE_CASES_MIN && k < t->rule[r].n_outcomes; k++)
            t->rule[r].outcome[k].mark = HEP_MARK_FITTED;
    }
}

static int fit_all(struct hep_calibrated *c, double *evidence, struct hep_finding *findings,
                   struct sides *s, const struct hep_calibrate_request *q, struct hep_error *err)
{
    const struct hep_evaluated *e = &c->cases;
    double of[2];
    int rc = cross_validate(evidence, findings, c->evidence, c, q, err);

    if (rc == HEP_OK)
        rc = judge(s, 1, e, findings, q, err);
    if (rc == HEP_OK)
        rc = fit_slope(of, e, evidence, q->n_folds, NO_FOLD, err);
    if (rc != HEP_OK)
        return rc;
    fit_likelihoods(c->evidence, c->evidence_before, e, q->weight, q->n_folds, NO_FOLD);
    mark_fitted(c->evidence, e);
    hep_evidence_set_ratios(c->evidence);
    c->evidence->calibration = (struct hep_evidence_calibration){
        .slope = fmax(of[1], 0.01),
        .intercept = of[0],
        .date = q->date,
        .trained_on = c->trained_on,
        .tested_on = q->tested_on,
        .brier = s->result[1].at_prevalence.brier,
        .ece = s->result[1].at_prevalence.ece,
        .n_trained = s->result[1].calibration.n,
        .n_tested = s->result[1].calibration.n,
    };
    return HEP_OK;
}

int hep_calibrate_evidence(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                           struct hep_error *err)
{
    const struct hep_evaluated *e = &c->cases;
    struct hep_finding *findings = NULL;
    double *evidence = NULL;
    struct sides *s = NULL;
    int rc = HEP_NEW(findings, e->n_findings + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(evidence, e->n_findings + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(s, 1, err);
    if (rc == HEP_OK)
        rc = hep_evidence_copy(&c->evidence, c->evidence_before, err);
    for (size_t i = 0; rc == HEP_OK && i < e->n_findings; i++) {
        findings[i] = e->full[i];
        (void)weigh(&findings[i], c->evidence_before, prior_of(&e->full[i]), arterial_weight(e, i));
    }
    if (rc == HEP_OK)
        rc = judge(s, 0, e, findings, q, err);
    if (rc == HEP_OK)
        rc = fit_all(c, evidence, findings, s, q, err);
    if (rc == HEP_OK)
        add_figures(c, "evidence", s);
    for (int side = 0; s != NULL && side < 2; side++)
        hep_eval_release(&s->result[side]);
    free(s);
    free(evidence);
    free(findings);
    return rc;
}

int hep_calibrate_test_evidence(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                                struct hep_error *err)
{
    const struct hep_evidence_table *const tables[2] = { c->evidence_before, c->evidence };
    const struct hep_evaluated *e = &c->tests;
    struct hep_finding *findings = NULL;
    struct sides *s = NULL;
    int rc = HEP_NEW(findings, e->n_findings + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(s, 1, err);
    for (int side = 0; rc == HEP_OK && side < 2; side++) {
        for (size_t i = 0; i < e->n_findings; i++) {
            findings[i] = e->full[i];
            (void)weigh(&findings[i], tables[side], prior_of(&e->full[i]), arterial_weight(e, i));
        }
        rc = judge(s, side, e, findings, q, err);
    }
    if (rc == HEP_OK) {
        add_figures(c, "evidence, unseen", s);
        c->evidence->calibration.tested_on = q->tested_on;
        c->evidence->calibration.brier = s->result[1].at_prevalence.brier;
        c->evidence->calibration.ece = s->result[1].at_prevalence.ece;
        c->evidence->calibration.n_tested = s->result[1].calibration.n;
    }
    for (int side = 0; s != NULL && side < 2; side++)
        hep_eval_release(&s->result[side]);
    free(s);
    free(findings);
    return rc;
}
