/* What makes a candidate a lesion. */
#include "base/alloc.h"
#include "batch/calibrate.h"
#include "evaluation/logistic.h"

#include <math.h>
#include <stdlib.h>

#define CANDIDATES_MIN 20 /* of either kind: more than there are features */
#define SD_MIN 0.05       /* of features that are all alike: a spread of nothing is no scale */
#define N_COEFFICIENTS (HEP_FEATURE_COUNT + 1)
static const double penalties[] = { 1.0, 3.0, 10.0, 30.0, 100.0, 300.0 };
#define N_PENALTIES (sizeof penalties / sizeof *penalties)

/* Every candidate that is on a lesion or on none. */
struct candidates {
    struct hep_eval_candidate *list;
    size_t n;
    double *x;        /* standardised, shape [n][HEP_FEATURE_COUNT] */
    double *strength; /* cross-validated */
    double *before;   /* strength by the table before */
    double *weight;   /* the lesions of a patient weigh together as those of another, and so do the
                         others: one liver full of nodules is one liver */
    bool *is_lesion;
};

static void release(struct candidates *c)
{
    free(c->list);
    free(c->x);
    free(c->strength);
    free(c->before);
    free(c->weight);
    free(c->is_lesion);
}

static int add(struct candidates *out, const struct hep_eval_candidate *c, struct hep_error *err)
{
    if (c->fate == HEP_FATE_EXTRA)
        return HEP_OK;
    if (HEP_GROW(out->list, out->n, err) != HEP_OK)
        return HEP_ENOMEM;
    out->list[out->n++] = *c;
    return HEP_OK;
}

/* Weights with a mean of 1 in either kind. */
static int weigh_patients(struct candidates *c, const struct hep_evaluated *e,
                          struct hep_error *err)
{
    size_t *n = NULL, patients[2] = { 0 }, all[2] = { 0 };
    int rc = HEP_NEW(n, 2 * e->n_patients + 2, err);

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        const size_t kind = c->is_lesion[i] ? 1 : 0;
        size_t *of = &n[2 * e->study[c->list[i].study].patient + kind];

        patients[kind] += *of == 0;
        *of += 1;
        all[kind]++;
    }
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        const size_t kind = c->is_lesion[i] ? 1 : 0;

        c->weight[i] = (double)all[kind] /
                       (double)(patients[kind] * n[2 * e->study[c->list[i].study].patient + kind]);
    }
    free(n);
    return rc;
}

static int gather(struct candidates *out, const struct hep_evaluated *e,
                  const struct hep_detection_table *before, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < e->n_findings; i++) {
        struct hep_eval_candidate c = { .study = e->finding[i].study,
                                        .lesion = e->finding[i].lesion,
                                        .fate = e->finding[i].fate,
                                        .strength = e->finding[i].detection_score };

        if (!e->full[i].has_features || !isfinite(c.strength))
            continue;
        memcpy(c.feature, e->full[i].feature, sizeof c.feature);
        rc = add(out, &c, err);
    }
    for (size_t i = 0; rc == HEP_OK && i < e->n_rejected; i++)
        rc = add(out, &e->rejected[i], err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->x, (out->n + 1) * HEP_FEATURE_COUNT, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->strength, out->n + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->before, out->n + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->weight, out->n + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->is_lesion, out->n + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < out->n; i++) {
        out->is_lesion[i] = out->list[i].fate == HEP_FATE_TRUE;
        out->before[i] = hep_detection_strength(before, out->list[i].feature);
    }
    return rc == HEP_OK ? weigh_patients(out, e, err) : rc;
}

/* Mean and SD of every feature over the candidates that have it. */
static void standardise(struct hep_detection_table *t, struct candidates *c)
{
    for (int f = 0; f < HEP_FEATURE_COUNT; f++) {
        double sum = 0.0, squares = 0.0, n = 0.0;

        for (size_t i = 0; i < c->n; i++)
            if (isfinite(c->list[i].feature[f])) {
                sum += c->list[i].feature[f];
                n += 1.0;
            }
        t->of[f].mean = n > 0.0 ? sum / n : 0.0;
        for (size_t i = 0; i < c->n; i++)
            if (isfinite(c->list[i].feature[f]))
                squares += pow(c->list[i].feature[f] - t->of[f].mean, 2.0);
        t->of[f].sd = fmax(n > 1.0 ? sqrt(squares / (n - 1.0)) : 0.0, SD_MIN);
        for (size_t i = 0; i < c->n; i++)
            c->x[i * HEP_FEATURE_COUNT + (size_t)f] =
                isfinite(c->list[i].feature[f])
                    ? (c->list[i].feature[f] - t->of[f].mean) / t->of[f].sd
                    : 0.0;
    }
}

/* The coefficients of a table with the standardisation of another one. */
static void translate(double out[N_COEFFICIENTS], const struct hep_detection_table *from,
                      const struct hep_detection_table *to)
{
    out[0] = from->intercept;
    for (int f = 0; f < HEP_FEATURE_COUNT; f++) {
        out[0] += from->of[f].coefficient * (to->of[f].mean - from->of[f].mean) / from->of[f].sd;
        out[f + 1] = from->of[f].coefficient * to->of[f].sd / from->of[f].sd;
    }
}

#define HELD 1e9 /* a penalty that nothing moves against */

/* A feature that would say the opposite of what it does by physics stays at the table before, and the others are
 * fitted again. False when there is none. */
static bool hold_turned(double pull[N_COEFFICIENTS], const double b[N_COEFFICIENTS])
{
    bool any = false;

    for (int f = 0; f < HEP_FEATURE_COUNT; f++)
        if (b[f + 1] * (double)hep_feature_row((enum hep_feature)f)->sense < -1e-6 &&
            pull[f + 1] < HELD) {
            pull[f + 1] = HELD;
            any = true;
        }
    return any;
}

/* Coefficients from all patients but those of a part (SIZE_MAX: all). */
static int fit(double b[N_COEFFICIENTS], const struct candidates *c, const struct hep_evaluated *e,
               const double centre[N_COEFFICIENTS], double penalty, size_t n_folds, size_t left_out,
               struct hep_error *err)
{
    double pull[N_COEFFICIENTS] = { 0.0 }, *weight = NULL;
    const struct hep_logistic_pull towards = { centre, pull };
    struct hep_logistic_cases cases = {
        .x = c->x, .is_true = c->is_lesion, .n = c->n, .k = HEP_FEATURE_COUNT
    };
    int rc = HEP_NEW(weight, c->n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
        weight[i] = hep_fold_of(e->study[c->list[i].study].patient, n_folds) == left_out
                        ? 0.0
                        : c->weight[i];
    /* The constant as well: one that differs from part to part would mix up the ranks. */
    for (int f = 0; f < N_COEFFICIENTS; f++)
        pull[f] = penalty;
    cases.weight = weight;
    do {
        if (rc == HEP_OK)
            rc = hep_logistic_fit(b, &cases, &towards, err);
    } while (rc == HEP_OK && hold_turned(pull, b));
    free(weight);
    return rc;
}

/* Strength of every candidate by the other patients, and the loss. */
static int cross_validate(double *strength, double *loss, const struct candidates *c,
                          const struct hep_evaluated *e, const double centre[N_COEFFICIENTS],
                          double penalty, size_t n_folds, struct hep_error *err)
{
    const struct hep_logistic_cases cases = { .x = c->x, .n = c->n, .k = HEP_FEATURE_COUNT };
    int rc = HEP_OK;

    *loss = 0.0;
    for (size_t fold = 0; rc == HEP_OK && fold < n_folds; fold++) {
        double b[N_COEFFICIENTS];

        rc = fit(b, c, e, centre, penalty, n_folds, fold, err);
        for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
            if (hep_fold_of(e->study[c->list[i].study].patient, n_folds) == fold) {
                strength[i] = hep_logistic_log_odds(b, &cases, i);
                *loss += c->weight[i] * hep_logistic_loss(strength[i], c->is_lesion[i]);
            }
    }
    return rc;
}

/* Candidates by strength, the strongest first. */
static int rank(struct hep_froc_mark **out, const struct candidates *c, const double *strength,
                struct hep_error *err)
{
    if (HEP_NEW(*out, c->n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < c->n; i++)
        (*out)[i] = (struct hep_froc_mark){ strength[i], 0, c->is_lesion[i] };
    hep_froc_sort(*out, c->n);
    return HEP_OK;
}

/* Is the mean sensitivity over the rates of false candidates no lower than by the table before, and at
 * no rate more than one lesion less? */
static int is_as_good(bool *out, const struct candidates *c, const struct hep_evaluated *e,
                      const double *strength, struct hep_error *err)
{
    double now[HEP_FROC_N], before[HEP_FROC_N], mean, mean_before;
    const double one = 1.0001 / (double)e->n_lesions;
    struct hep_froc_mark *a = NULL, *b = NULL;
    int rc = rank(&a, c, strength, err);

    if (rc == HEP_OK)
        rc = rank(&b, c, c->before, err);
    if (rc == HEP_OK) {
        hep_froc_at(now, &mean, a, c->n, NULL, (double)e->n_lesions, (double)e->n_studies);
        hep_froc_at(before, &mean_before, b, c->n, NULL, (double)e->n_lesions,
                    (double)e->n_studies);
        *out = mean >= mean_before;
        for (int i = 0; i < HEP_FROC_N; i++)
            *out = *out && now[i] >= before[i] - one;
    }
    free(a);
    free(b);
    return rc;
}

/* The penalty with the least cross-validated loss among those that are as good as the table before; its strengths go to c->strength. NaN, and the strengths before, when there is
 * none. */
static int choose_penalty(double *penalty, struct candidates *c, const struct hep_evaluated *e,
                          const double centre[N_COEFFICIENTS], size_t n_folds,
                          struct hep_error *err)
{
    double least = INFINITY, loss = 0.0, *strength = NULL;
    int rc = HEP_NEW(strength, c->n + 1, err);

    *penalty = (double)NAN;
    memcpy(c->strength, c->before, c->n * sizeof *c->strength);
    for (size_t i = 0; rc == HEP_OK && i < N_PENALTIES; i++) {
        bool good = false;

        rc = cross_validate(strength, &loss, c, e, centre, penalties[i], n_folds, err);
        if (rc == HEP_OK)
            rc = is_as_good(&good, c, e, strength, err);
        if (rc == HEP_OK && good && loss < least) {
            least = loss;
            *penalty = penalties[i];
            memcpy(c->strength, strength, c->n * sizeof *strength);
        }
    }
    free(strength);
    return rc;
}

/* The probability of the weakest lesion that is kept: with no more than so many false candidates, or
 * as long as fewer lesions are kept than by the table before; at most one half, since what is more
 * likely a lesion than not is kept in any case. */
static int choose_limit(double *out, const struct candidates *c, double allowed,
                        double limit_before, struct hep_error *err)
{
    struct hep_froc_mark *mark = NULL;
    size_t wrong = 0, hits = 0, wanted = 0;
    double limit = 0.5;
    int rc = rank(&mark, c, c->strength, err);

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
        wanted += c->is_lesion[i] && c->before[i] >= limit_before;
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        if (!mark[i].is_true) {
            wrong++;
            continue;
        }
        hits++;
        if ((double)wrong <= allowed || hits <= wanted)
            limit = hep_sigmoid(mark[i].score);
    }
    free(mark);
    /* Rounded down to two decimals: the weakest lesion that may be kept is. */
    *out = fmin(fmax(floor(limit * 100.0) / 100.0, 0.02), 0.5);
    return rc;
}

/* ---- figures --------------------------------------------------------------------------------- */

/* Free response of all candidates, ranked by these strengths; kept from a limit on. */
static int judge(struct hep_eval_result *out, const struct candidates *c,
                 const struct hep_evaluated *e, const double *strength, double limit,
                 const struct hep_calibrate_request *q, struct hep_error *err)
{
    struct hep_eval_data data = hep_evaluated_data(e);
    struct hep_eval_finding *finding = NULL;
    struct hep_eval_lesion *lesion = NULL;
    size_t n = 0;
    int rc = HEP_NEW(finding, c->n + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(lesion, e->n_lesions + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < e->n_lesions; i++) {
        lesion[i] = e->lesion[i];
        lesion[i].finding = HEP_NO_MATCH;
    }
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        const struct hep_eval_candidate *k = &c->list[i];

        if (strength[i] < limit)
            continue;
        finding[n] = (struct hep_eval_finding){ .study = k->study,
                                                .lesion = k->lesion,
                                                .fate = k->fate,
                                                .class = HEP_CLASS_COUNT,
                                                .probability = (double)NAN,
                                                .detection_score = strength[i],
                                                .prior = (double)NAN };
        if (k->fate == HEP_FATE_TRUE)
            lesion[k->lesion].finding = n;
        n++;
    }
    data.lesions = lesion;
    data.findings = finding;
    data.n_findings = n;
    if (rc == HEP_OK)
        rc = hep_evaluate(out, &data, q->replicates, q->seed, err);
    free(finding);
    free(lesion);
    return rc;
}

static void add_figures(struct hep_calibrated *c, const char *part,
                        const struct hep_eval_result *all, const struct hep_eval_result *kept)
{
    static const char *const rates[HEP_FROC_N] = { "sensitivity at 0.125 false a study",
                                                   "sensitivity at 0.25",
                                                   "sensitivity at 0.5",
                                                   "sensitivity at 1",
                                                   "sensitivity at 2",
                                                   "sensitivity at 4",
                                                   "sensitivity at 8" };
    static const struct {
        const char *what;
        int number;
    } rows[] = { { "false candidates kept a study", HEP_NUMBER_FALSE_PER_STUDY },
                 { "sensitivity, kept", HEP_NUMBER_SENSITIVITY },
                 { "sensitivity, kept, 3-5 mm", HEP_NUMBER_SIZE + HEP_SIZE_3_5 },
                 { "sensitivity, kept, 5-10 mm", HEP_NUMBER_SIZE + HEP_SIZE_5_10 },
                 { "sensitivity, kept, 10-20 mm", HEP_NUMBER_SIZE + HEP_SIZE_10_20 },
                 { "sensitivity, kept, > 20 mm", HEP_NUMBER_SIZE + HEP_SIZE_ABOVE_20 } };

    for (int i = 0; i < HEP_FROC_N; i++)
        hep_calibrate_add(c, part, rates[i], all[0].number[HEP_NUMBER_AT_RATE + i],
                          all[1].number[HEP_NUMBER_AT_RATE + i]);
    hep_calibrate_add(c, part, "mean of these", all[0].number[HEP_NUMBER_CPM],
                      all[1].number[HEP_NUMBER_CPM]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        hep_calibrate_add(c, part, rows[i].what, kept[0].number[rows[i].number],
                          kept[1].number[rows[i].number]);
}

/* Before: the strengths by the table before. */
static int judge_all(struct hep_calibrated *c, const char *part, const struct hep_evaluated *e,
                     const struct candidates *k, const struct hep_calibrate_request *q,
                     struct hep_error *err)
{
    struct hep_eval_result *r = NULL;
    int rc = HEP_NEW(r, 4, err);

    if (rc == HEP_OK)
        rc = judge(&r[0], k, e, k->before, -INFINITY, q, err);
    if (rc == HEP_OK)
        rc = judge(&r[1], k, e, k->strength, -INFINITY, q, err);
    if (rc == HEP_OK)
        rc = judge(&r[2], k, e, k->before, hep_detection_limit(c->detection_before), q, err);
    if (rc == HEP_OK)
        rc = judge(&r[3], k, e, k->strength, hep_detection_limit(c->detection), q, err);
    if (rc == HEP_OK)
        add_figures(c, part, &r[0], &r[2]);
    for (int i = 0; r != NULL && i < 4; i++)
        hep_eval_release(&r[i]);
    free(r);
    return rc;
}

static int check(struct hep_calibrated *c, const struct candidates *k, struct hep_error *err)
{
    for (size_t i = 0; i < k->n; i++)
        *(k->is_lesion[i] ? &c->n_lesions : &c->n_others) += 1;
    if (c->n_lesions >= CANDIDATES_MIN && c->n_others >= CANDIDATES_MIN)
        return HEP_OK;
    return HEP_FAIL(err, HEP_EDATA,
                    "%zu candidates with features on a lesion and %zu on none; detection needs %d "
                    "of each: results of this version of hepar, lesions found and not given",
                    c->n_lesions, c->n_others, CANDIDATES_MIN);
}

static int fit_table(struct hep_calibrated *c, struct candidates *k,
                     const struct hep_calibrate_request *q, struct hep_error *err)
{
    struct hep_detection_table *t = c->detection;
    double centre[N_COEFFICIENTS], b[N_COEFFICIENTS];
    int rc;

    standardise(t, k);
    translate(centre, c->detection_before, t);
    rc = choose_penalty(&t->penalty, k, &c->cases, centre, q->n_folds, err);
    memcpy(b, centre, sizeof b);
    if (rc == HEP_OK && !isnan(t->penalty))
        rc = fit(b, k, &c->cases, centre, t->penalty, q->n_folds, SIZE_MAX, err);
    if (rc == HEP_OK)
        rc = choose_limit(&t->probability_min, k, q->false_per_study * (double)c->cases.n_studies,
                          hep_detection_limit(c->detection_before), err);
    if (rc != HEP_OK)
        return rc;
    t->penalty = isnan(t->penalty) ? 1e6 : t->penalty; /* so strong that nothing moves */
    t->intercept = b[0];
    for (int f = 0; f < HEP_FEATURE_COUNT; f++)
        t->of[f].coefficient = b[f + 1];
    t->date = q->date;
    t->trained_on = c->trained_on;
    t->tested_on = q->tested_on;
    t->n_lesions = (double)c->n_lesions;
    t->n_others = (double)c->n_others;
    return HEP_OK;
}

int hep_calibrate_detection(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                            struct hep_error *err)
{
    struct candidates k = { 0 };
    int rc = HEP_NEW(c->detection, 1, err);

    if (rc == HEP_OK)
        rc = gather(&k, &c->cases, c->detection_before, err);
    if (rc == HEP_OK)
        rc = check(c, &k, err);
    if (rc == HEP_OK)
        rc = fit_table(c, &k, q, err);
    if (rc == HEP_OK)
        rc = judge_all(c, "detection", &c->cases, &k, q, err);
    release(&k);
    return rc;
}

int hep_calibrate_test_detection(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                                 struct hep_error *err)
{
    struct candidates k = { 0 };
    int rc = gather(&k, &c->tests, c->detection_before, err);

    for (size_t i = 0; rc == HEP_OK && i < k.n; i++)
        k.strength[i] = hep_detection_strength(c->detection, k.list[i].feature);
    if (rc == HEP_OK)
        rc = judge_all(c, "detection, unseen", &c->tests, &k, q, err);
    if (rc == HEP_OK)
        c->detection->tested_on = q->tested_on;
    release(&k);
    return rc;
}
