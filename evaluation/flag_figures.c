#include "evaluation/flag_figures.h"

#include "base/alloc.h"
#include "evaluation/bootstrap.h"
#include "evaluation/calibration.h"
#include "evaluation/proportion.h"
#include "evaluation/roc.h"

#include <math.h>

/* What is resampled by patient, of each row. */
enum {
    NOT_ASSESSABLE,
    SENSITIVITY,
    SPECIFICITY,
    AREA,
    ORACLE_AREA,
    CALIBRATION_ERROR,
    N_STATISTICS
};

/* Rank of a lesion whose images show no such part. */
#define NOTHING_SEEN (-1e30)

struct judged {
    size_t patient;
    bool is_present; /* truly */
    enum hep_flag_state state;
};

/* The lesions of one row of figures. */
struct cell {
    struct judged *judged;
    size_t n_judged;
    struct hep_auc_case *scored; /* the worst score first */
    size_t n_scored;
    struct hep_auc_case *oracle; /* ranked by the visible truth */
    size_t n_oracle;
    struct hep_forecast *forecast;
    size_t n_forecasts;
};

size_t hep_flag_figures_at(enum hep_flag flag, enum hep_flag_truth truth, enum hep_flag_size size)
{
    return ((size_t)flag * HEP_TRUTH_COLUMNS + (size_t)truth) * HEP_FLAG_SIZES + (size_t)size;
}

static bool has_size(enum hep_flag_size size, double mm)
{
    static const double from[HEP_FLAG_SIZES] = { 5.0, 8.0, 15.0, 8.0, 0.0 };
    static const double to[HEP_FLAG_SIZES] = { 8.0, 15.0, INFINITY, INFINITY, INFINITY };

    return size == HEP_FLAG_SIZE_ALL || (mm >= from[size] && mm < to[size]);
}

static int add_to_cell(struct cell *c, const struct hep_eval_flags *truth,
                       const struct hep_eval_flags *got, double seen, size_t flag, size_t patient,
                       struct hep_error *err)
{
    const bool is_present = truth->state[flag] == HEP_FLAG_PRESENT;
    const double p = got->probability[flag], score = isfinite(p) ? p : got->margin[flag];

    if (HEP_GROW(c->judged, c->n_judged, err) != HEP_OK ||
        HEP_GROW(c->scored, c->n_scored, err) != HEP_OK ||
        HEP_GROW(c->oracle, c->n_oracle, err) != HEP_OK ||
        HEP_GROW(c->forecast, c->n_forecasts, err) != HEP_OK)
        return HEP_ENOMEM;
    c->judged[c->n_judged++] = (struct judged){ patient, is_present, got->state[flag] };
    if (isfinite(seen))
        c->oracle[c->n_oracle++] = (struct hep_auc_case){ seen, patient, is_present };
    if (got->state[flag] == HEP_FLAG_NOT_ASSESSABLE)
        return HEP_OK;
    if (isfinite(score))
        c->scored[c->n_scored++] = (struct hep_auc_case){ score, patient, is_present };
    if (isfinite(p))
        c->forecast[c->n_forecasts++] =
            (struct hep_forecast){ p, patient, is_present, (double)NAN };
    return HEP_OK;
}

static int add_lesion(struct cell *cells, const struct hep_eval_data *d,
                      const struct hep_eval_lesion *l, struct hep_error *err)
{
    const struct hep_eval_flags *got = &d->findings[l->finding].flags;
    const struct hep_eval_flags *visible = &l->flags[HEP_TRUTH_VISIBLE];
    double seen[HEP_FLAG_COUNT];
    const size_t patient = d->studies[l->study].patient;

    /* A part that the images do not show is as absent as a value can be. */
    for (int f = 0; f < (int)HEP_FLAG_COUNT; f++)
        seen[f] = !visible->given[f] || visible->state[f] == HEP_FLAG_NOT_ASSESSABLE ? (double)NAN
                  : isfinite(visible->margin[f]) ? visible->margin[f]
                                                 : NOTHING_SEEN;
    for (int f = 0; f < (int)HEP_FLAG_COUNT; f++)
        for (int t = 0; t < (int)HEP_TRUTH_COLUMNS; t++)
            for (int s = 0; s < (int)HEP_FLAG_SIZES; s++) {
                struct cell *c = &cells[hep_flag_figures_at(
                    (enum hep_flag)f, (enum hep_flag_truth)t, (enum hep_flag_size)s)];

                if (!l->flags[t].given[f] || !got->given[f] ||
                    l->flags[t].state[f] == HEP_FLAG_NOT_ASSESSABLE ||
                    !has_size((enum hep_flag_size)s, l->diameter_mm))
                    continue;
                if (add_to_cell(c, &l->flags[t], got, seen[f], (size_t)f, patient, err) != HEP_OK)
                    return HEP_ENOMEM;
            }
    return HEP_OK;
}

static void cell_numbers(double *out, const struct cell *c, const double *weight)
{
    double n = 0.0, blind = 0.0, sick = 0.0, hits = 0.0, healthy = 0.0, cleared = 0.0;
    struct hep_calibration calibration;

    for (size_t i = 0; i < c->n_judged; i++) {
        const struct judged *j = &c->judged[i];
        const double w = weight[j->patient];

        n += w;
        blind += j->state == HEP_FLAG_NOT_ASSESSABLE ? w : 0.0;
        if (j->state == HEP_FLAG_NOT_ASSESSABLE)
            continue;
        sick += j->is_present ? w : 0.0;
        hits += j->is_present && j->state == HEP_FLAG_PRESENT ? w : 0.0;
        healthy += j->is_present ? 0.0 : w;
        cleared += !j->is_present && j->state == HEP_FLAG_ABSENT ? w : 0.0;
    }
    out[NOT_ASSESSABLE] = blind / n;
    out[SENSITIVITY] = hits / sick;
    out[SPECIFICITY] = cleared / healthy;
    out[AREA] = hep_auc_weighted(c->scored, c->n_scored, weight);
    out[ORACLE_AREA] = hep_auc_weighted(c->oracle, c->n_oracle, weight);
    hep_calibration_of(&calibration, c->forecast, c->n_forecasts, weight);
    out[CALIBRATION_ERROR] = calibration.ece;
}

static void all_numbers(double *out, const double *weight, const void *cells)
{
    const struct cell *c = cells;

    for (size_t i = 0; i < HEP_FLAG_FIGURES; i++)
        cell_numbers(out + i * N_STATISTICS, &c[i], weight);
}

static struct hep_proportion share(const struct cell *c, bool (*counts)(const struct judged *),
                                   bool (*hits)(const struct judged *),
                                   const struct hep_interval *by_patient)
{
    struct hep_proportion p;
    size_t k = 0, n = 0;

    for (size_t i = 0; i < c->n_judged; i++) {
        n += counts(&c->judged[i]);
        k += counts(&c->judged[i]) && hits(&c->judged[i]);
    }
    p = hep_wilson(k, n);
    p.by_patient[0] = by_patient->lo;
    p.by_patient[1] = by_patient->hi;
    return p;
}

static bool any(const struct judged *j)
{
    (void)j;
    return true;
}

static bool is_blind(const struct judged *j)
{
    return j->state == HEP_FLAG_NOT_ASSESSABLE;
}

static bool is_sick(const struct judged *j)
{
    return !is_blind(j) && j->is_present;
}

static bool is_healthy(const struct judged *j)
{
    return !is_blind(j) && !j->is_present;
}

static bool is_called(const struct judged *j)
{
    return j->state == HEP_FLAG_PRESENT;
}

static bool is_cleared(const struct judged *j)
{
    return j->state == HEP_FLAG_ABSENT;
}

static void settle(struct hep_flag_figures *out, const struct cell *c,
                   const struct hep_interval *number)
{
    out->n = c->n_judged;
    for (size_t i = 0; i < c->n_judged; i++)
        out->n_present += c->judged[i].is_present;
    out->not_assessable = share(c, any, is_blind, &number[NOT_ASSESSABLE]);
    out->sensitivity = share(c, is_sick, is_called, &number[SENSITIVITY]);
    out->specificity = share(c, is_healthy, is_cleared, &number[SPECIFICITY]);
    out->area = number[AREA];
    out->oracle_area = number[ORACLE_AREA];
    out->n_probability = c->n_forecasts;
    out->calibration_error = number[CALIBRATION_ERROR];
}

static void name_rows(struct hep_flag_figures *out)
{
    static const char *const sizes[HEP_FLAG_SIZES] = { "5-8", "8-15", ">=15", ">=8", "all" };

    for (size_t i = 0; i < HEP_FLAG_FIGURES; i++) {
        const size_t size = i % HEP_FLAG_SIZES, truth = i / HEP_FLAG_SIZES % HEP_TRUTH_COLUMNS;
        const size_t flag = i / ((size_t)HEP_FLAG_SIZES * HEP_TRUTH_COLUMNS);

        out[i] =
            (struct hep_flag_figures){ .flag = hep_flag_name((enum hep_flag)flag),
                                       .truth = hep_flag_truth_name((enum hep_flag_truth)truth),
                                       .size = sizes[size],
                                       .size_class = (enum hep_flag_size)size };
    }
}

int hep_flag_figures_of(struct hep_flag_figures *out, const struct hep_eval_data *data,
                        size_t replicates, uint64_t seed, struct hep_error *err)
{
    struct cell *cells = NULL;
    struct hep_interval *number = NULL;
    int rc = HEP_OK;

    name_rows(out);
    if (HEP_NEW(cells, HEP_FLAG_FIGURES, err) != HEP_OK ||
        HEP_NEW(number, HEP_FLAG_FIGURES * N_STATISTICS, err) != HEP_OK)
        rc = HEP_ENOMEM;
    for (size_t l = 0; rc == HEP_OK && l < data->n_lesions; l++)
        if (data->lesions[l].finding != HEP_NO_MATCH)
            rc = add_lesion(cells, data, &data->lesions[l], err);
    for (size_t i = 0; rc == HEP_OK && i < HEP_FLAG_FIGURES; i++) {
        hep_auc_sort(cells[i].scored, cells[i].n_scored);
        hep_auc_sort(cells[i].oracle, cells[i].n_oracle);
    }
    if (rc == HEP_OK)
        rc = hep_bootstrap(number, HEP_FLAG_FIGURES * N_STATISTICS, all_numbers, cells,
                           data->n_patients, replicates, seed, err);
    for (size_t i = 0; rc == HEP_OK && i < HEP_FLAG_FIGURES; i++)
        settle(&out[i], &cells[i], &number[i * N_STATISTICS]);
    for (size_t i = 0; cells != NULL && i < HEP_FLAG_FIGURES; i++) {
        free(cells[i].judged);
        free(cells[i].scored);
        free(cells[i].oracle);
        free(cells[i].forecast);
    }
    free(cells);
    free(number);
    return rc;
}
