/* How far the margin of a flag can be believed. */
#include "base/alloc.h"
#include "base/number.h"
#include "batch/calibrate.h"
#include "evaluation/flag_figures.h"
#include "evaluation/logistic.h"
#include "evaluation/roc.h"
#include "lesions/flag_fit.h"

#include <math.h>
#include <stdlib.h>

/* Diameters [voxels] at which lesions are parted; a class with fewer of either kind than AREA_CASES joins
 * the next larger one. */
static const double edges[] = { 2.0, 3.0, 4.0, 6.0 };
#define N_EDGES (sizeof edges / sizeof *edges)
#define AREA_CASES 15

/* The lesions that were found, of which truth and measurement give one flag. */
struct cases {
    struct hep_flag_sample *sample;
    size_t *finding; /* of each sample */
    double *p;       /* by the other patients */
    size_t n;
};

static void release(struct cases *c)
{
    free(c->sample);
    free(c->finding);
    free(c->p);
}

static int gather(struct cases *out, const struct hep_evaluated *e, enum hep_flag flag,
                  struct hep_error *err)
{
    if (HEP_NEW(out->sample, e->n_findings + 1, err) != HEP_OK ||
        HEP_NEW(out->finding, e->n_findings + 1, err) != HEP_OK ||
        HEP_NEW(out->p, e->n_findings + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < e->n_findings; i++) {
        const struct hep_flag_result *f = &e->full[i].flag[flag];
        const struct hep_eval_flags *truth;

        if (e->finding[i].fate != HEP_FATE_TRUE)
            continue;
        truth = &e->lesion[e->finding[i].lesion].flags[HEP_TRUTH_TISSUE];
        if (!truth->given[flag] || truth->state[flag] == HEP_FLAG_NOT_ASSESSABLE || !f->given ||
            !isfinite(f->margin) || !isfinite(f->margin_se) || !isfinite(f->size_voxels))
            continue;
        out->finding[out->n] = i;
        out->sample[out->n++] =
            (struct hep_flag_sample){ .margin = f->margin,
                                      .se = f->margin_se,
                                      .size_voxels = f->size_voxels,
                                      .is_present = truth->state[flag] == HEP_FLAG_PRESENT };
    }
    return HEP_OK;
}

static double probability(const struct hep_flag_model *m, const struct hep_flag_sample *s)
{
    return hep_flag_probability(m, s->margin, s->se, s->size_voxels);
}

/* Every lesion by the model of the patients of the other parts. */
static int cross_validate(struct cases *c, const struct hep_flag_model *before,
                          const struct hep_evaluated *e, size_t n_folds, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t fold = 0; rc == HEP_OK && fold < n_folds; fold++) {
        struct hep_flag_model m = *before;

        for (size_t i = 0; i < c->n; i++)
            c->sample[i].left_out =
                hep_fold_of(e->study[e->finding[c->finding[i]].study].patient, n_folds) == fold;
        rc = hep_flag_model_fit(&m, c->sample, c->n, err);
        for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
            if (c->sample[i].left_out)
                c->p[i] = probability(&m, &c->sample[i]);
    }
    for (size_t i = 0; i < c->n; i++)
        c->sample[i].left_out = false;
    return rc;
}

/* Area under the curve of the lesions of a size; NaN with too few. */
static int area_of(struct hep_flag_ranking *out, const struct cases *c, double from, double below,
                   struct hep_error *err)
{
    struct hep_auc auc = { 0 };
    double *p[2] = { NULL, NULL };
    size_t n[2] = { 0 };
    int rc = HEP_NEW(p[0], c->n + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(p[1], c->n + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        const struct hep_flag_sample *s = &c->sample[i];

        if (s->size_voxels >= from && s->size_voxels < below)
            p[s->is_present][n[s->is_present]++] = c->p[i];
    }
    *out = (struct hep_flag_ranking){ below, (double)(n[0] + n[1]), (double)NAN };
    if (rc == HEP_OK && n[0] >= AREA_CASES && n[1] >= AREA_CASES) {
        rc = hep_auc_delong(&auc, p[1], n[1], p[0], n[0], err);
        out->area = auc.value;
    }
    free(p[0]);
    free(p[1]);
    return rc;
}

/* Where only all sizes together are enough, and rank badly, that is not said of the largest: they may be told, and are
 * too few to know. */
static int spare_largest(struct hep_flag_model *m, const struct cases *c, struct hep_error *err)
{
    struct hep_flag_ranking *last = &m->size[m->n_sizes - 1];
    const double area = last->area, from = m->n_sizes > 1 ? last[-1].below : 0.0;
    int rc;

    if (!(area < HEP_FLAG_AREA_MIN) || from >= edges[N_EDGES - 1])
        return HEP_OK;
    rc = area_of(last, c, from, edges[N_EDGES - 1], err);
    last->area = area;
    if (rc == HEP_OK)
        rc = area_of(last + 1, c, edges[N_EDGES - 1], (double)INFINITY, err);
    m->n_sizes++;
    return rc;
}

static int set_sizes(struct hep_flag_model *m, const struct cases *c, struct hep_error *err)
{
    double from = 0.0;
    int rc = HEP_OK;

    m->n_sizes = 0;
    for (size_t k = 0; rc == HEP_OK && k <= N_EDGES; k++) {
        const double below = k < N_EDGES ? edges[k] : (double)INFINITY;
        struct hep_flag_ranking *size = &m->size[m->n_sizes];

        rc = area_of(size, c, from, below, err);
        if (rc == HEP_OK && (isfinite(size->area) || k == N_EDGES)) {
            size->area = hep_round_significant(size->area, 3);
            m->n_sizes++;
            from = below;
        }
    }
    return rc == HEP_OK ? spare_largest(m, c, err) : rc;
}

/* ---- figures --------------------------------------------------------------------------------- */

static void set_flag(struct hep_eval_finding *f, enum hep_flag flag, double p, bool says_nothing)
{
    f->flags.probability[flag] = says_nothing ? (double)NAN : p;
    f->flags.state[flag] = says_nothing                 ? HEP_FLAG_NOT_ASSESSABLE
                           : p >= HEP_FLAG_PRESENT_FROM ? HEP_FLAG_PRESENT
                                                        : HEP_FLAG_ABSENT;
}

/* Findings as a table would judge them; the probabilities from `cases` where these are given. */
static int judge(struct hep_flag_figures *out, const struct hep_evaluated *e,
                 const struct hep_flag_table *table, const struct cases *cases,
                 const struct hep_calibrate_request *q, struct hep_error *err)
{
    struct hep_eval_data data = hep_evaluated_data(e);
    struct hep_eval_finding *finding = NULL;
    int rc = HEP_NEW(finding, e->n_findings + 1, err);

    if (rc == HEP_OK)
        memcpy(finding, e->finding, e->n_findings * sizeof *finding);
    for (int k = 0; rc == HEP_OK && k < HEP_FLAG_COUNT; k++) {
        const struct cases *c = &cases[k];
        const struct hep_flag_model *m = &table->model[k];

        for (size_t i = 0; i < c->n; i++)
            set_flag(&finding[c->finding[i]], (enum hep_flag)k, c->p[i],
                     hep_flag_says_nothing(m, c->sample[i].size_voxels));
    }
    data.findings = finding;
    if (rc == HEP_OK)
        rc = hep_flag_figures_of(out, &data, q->replicates, q->seed, err);
    free(finding);
    return rc;
}

static struct hep_interval interval_of(const struct hep_proportion *p)
{
    return (struct hep_interval){ p->value, p->lo, p->hi };
}

static void add_figures(struct hep_calibrated *c, const char *part,
                        const struct hep_flag_figures *before, const struct hep_flag_figures *after)
{
    static const char *const words[HEP_FLAG_COUNT][4] = {
#define FLAG(id, name, ...)                                                                        \
    [HEP_FLAG_##id] = { #name ": area", #name ": sensitivity", #name ": specificity",              \
                        #name ": calibration error" },
#include "terms/flags.def"
#undef FLAG
    };

    for (int k = 0; k < HEP_FLAG_COUNT; k++) {
        const size_t at =
            hep_flag_figures_at((enum hep_flag)k, HEP_TRUTH_TISSUE, HEP_FLAG_SIZE_ALL);

        hep_calibrate_add(c, part, words[k][0], before[at].area, after[at].area);
        hep_calibrate_add(c, part, words[k][1], interval_of(&before[at].sensitivity),
                          interval_of(&after[at].sensitivity));
        hep_calibrate_add(c, part, words[k][2], interval_of(&before[at].specificity),
                          interval_of(&after[at].specificity));
        hep_calibrate_add(c, part, words[k][3], before[at].calibration_error,
                          after[at].calibration_error);
    }
}

/* What the table says of its own quality. */
static void note_figures(struct hep_flag_table *t, const struct hep_flag_figures *of)
{
    for (int k = 0; k < HEP_FLAG_COUNT; k++) {
        const struct hep_flag_figures *f =
            &of[hep_flag_figures_at((enum hep_flag)k, HEP_TRUTH_TISSUE, HEP_FLAG_SIZE_ALL)];
        struct hep_flag_model *m = &t->model[k];

        m->lesions = (double)f->n;
        m->not_assessable = f->not_assessable.value;
        m->area = f->area.value;
        m->sensitivity = f->sensitivity.value;
        m->specificity = f->specificity.value;
        m->calibration_error = f->calibration_error.value;
    }
}

/* Before: by the table before; after: by the probabilities of `cases`, which are those of the table before then. */
static int compare(struct hep_calibrated *c, const char *part, const struct hep_evaluated *e,
                   struct cases *cases, const struct hep_calibrate_request *q,
                   struct hep_error *err)
{
    struct hep_flag_figures *figures = NULL;
    int rc = HEP_NEW(figures, 2 * HEP_FLAG_FIGURES, err);

    if (rc == HEP_OK)
        rc = judge(&figures[HEP_FLAG_FIGURES], e, c->flags, cases, q, err);
    for (int k = 0; rc == HEP_OK && k < HEP_FLAG_COUNT; k++)
        for (size_t i = 0; i < cases[k].n; i++)
            cases[k].p[i] = probability(&c->flags_before->model[k], &cases[k].sample[i]);
    if (rc == HEP_OK)
        rc = judge(figures, e, c->flags_before, cases, q, err);
    if (rc == HEP_OK) {
        add_figures(c, part, figures, &figures[HEP_FLAG_FIGURES]);
        note_figures(c->flags, &figures[HEP_FLAG_FIGURES]);
    }
    free(figures);
    return rc;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* The findings' own flags, as a run with the new table would have them. */
static void apply(struct hep_evaluated *e, const struct hep_flag_table *t)
{
    for (size_t i = 0; i < e->n_findings; i++)
        for (int k = 0; k < HEP_FLAG_COUNT; k++) {
            struct hep_flag_result *f = &e->full[i].flag[k];

            if (!f->given || !isfinite(f->margin) || !isfinite(f->margin_se))
                continue;
            hep_flag_set_probability(
                f, hep_flag_probability(&t->model[k], f->margin, f->margin_se, f->size_voxels));
            if (hep_flag_says_nothing(&t->model[k], f->size_voxels)) {
                f->state = HEP_FLAG_NOT_ASSESSABLE;
                f->probability = (double)NAN;
            }
            set_flag(&e->finding[i], (enum hep_flag)k, f->probability,
                     f->state == HEP_FLAG_NOT_ASSESSABLE);
        }
}

static int fit_flag(struct hep_flag_model *m, struct cases *c, const struct hep_evaluated *e,
                    size_t n_folds, struct hep_error *err)
{
    int rc = cross_validate(c, m, e, n_folds, err);

    if (rc == HEP_OK)
        rc = hep_flag_model_fit(m, c->sample, c->n, err);
    return rc == HEP_OK ? set_sizes(m, c, err) : rc;
}

int hep_calibrate_flags(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                        struct hep_error *err)
{
    struct cases cases[HEP_FLAG_COUNT] = { 0 };
    size_t n = 0;
    int rc = HEP_NEW(c->flags, 1, err);

    if (rc == HEP_OK) {
        *c->flags = *c->flags_before;
        c->flags->date = q->date;
        c->flags->fitted_on = c->trained_on;
        c->flags->tested_on = q->tested_on;
    }
    for (int k = 0; rc == HEP_OK && k < HEP_FLAG_COUNT; k++) {
        rc = gather(&cases[k], &c->cases, (enum hep_flag)k, err);
        n += cases[k].n;
        if (rc == HEP_OK)
            rc = fit_flag(&c->flags->model[k], &cases[k], &c->cases, q->n_folds, err);
    }
    if (rc == HEP_OK && n == 0)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "no lesion has both a flag in the truth %s and its margin in %s: results of "
                      "this version of hepar are needed, and a truth with \"flags\"",
                      q->truth, q->out_dir);
    if (rc == HEP_OK)
        rc = compare(c, "flags", &c->cases, cases, q, err);
    for (int k = 0; k < HEP_FLAG_COUNT; k++)
        release(&cases[k]);
    if (rc == HEP_OK)
        apply(&c->cases, c->flags);
    return rc;
}

int hep_calibrate_test_flags(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                             struct hep_error *err)
{
    struct cases cases[HEP_FLAG_COUNT] = { 0 };
    int rc = HEP_OK;

    for (int k = 0; rc == HEP_OK && k < HEP_FLAG_COUNT; k++) {
        rc = gather(&cases[k], &c->tests, (enum hep_flag)k, err);
        for (size_t i = 0; rc == HEP_OK && i < cases[k].n; i++)
            cases[k].p[i] = probability(&c->flags->model[k], &cases[k].sample[i]);
    }
    if (rc == HEP_OK)
        rc = compare(c, "flags, unseen", &c->tests, cases, q, err);
    for (int k = 0; k < HEP_FLAG_COUNT; k++)
        release(&cases[k]);
    if (rc == HEP_OK)
        apply(&c->tests, c->flags);
    return rc;
}
