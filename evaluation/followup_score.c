#include "evaluation/followup_score.h"

#include "base/alloc.h"
#include "evaluation/kappa.h"
#include "evaluation/proportion.h"

#include <math.h>
#include <string.h>

static const char *const change_names[HEP_CHANGE_COUNT] = {
    [HEP_CHANGE_STABLE] = "stable",
    [HEP_CHANGE_GROWN] = "grown",
    [HEP_CHANGE_SHRUNK] = "shrunk",
    [HEP_CHANGE_VANISHED] = "vanished",
    [HEP_CHANGE_NEW] = "new",
    [HEP_CHANGE_ABLATED] = "ablated",
    [HEP_CHANGE_RESIDUE] = "residue",
    [HEP_CHANGE_MERGED] = "merged",
    [HEP_CHANGE_SPLIT] = "split",
    [HEP_CHANGE_NOT_COVERED] = "not_covered",
    [HEP_CHANGE_NOT_ASSESSABLE] = "not_assessable",
    [HEP_CHANGE_OTHER] = "none",
};

const char *hep_change_name(enum hep_change change)
{
    return (unsigned)change < HEP_CHANGE_COUNT ? change_names[change] : "?";
}

enum hep_change hep_change_of(const char *name)
{
    for (int i = 0; name != NULL && i < (int)HEP_CHANGE_COUNT; i++)
        if (strcmp(name, change_names[i]) == 0)
            return (enum hep_change)i;
    return HEP_CHANGE_OTHER;
}

/* ---- shares ---------------------------------------------------------------------------------- */

/* Shares that are counted over lesions, then over visits; events follow. */
enum share {
    SHARE_IDENTITY,
    SHARE_IDENTITY_8MM,
    SHARE_NEW_FOUND_8MM,
    SHARE_NEW_8MM,
    SHARE_EVENT,
    SHARE_CATEGORY = SHARE_EVENT + HEP_CHANGE_TRUE,
    SHARE_STABLE_SD,
    N_SHARES
};

static bool is_kept(const struct hep_followed_lesion *l)
{
    return l->truth == HEP_CHANGE_STABLE || l->truth == HEP_CHANGE_GROWN ||
           l->truth == HEP_CHANGE_SHRUNK;
}

/* Was it seen where its event can be told: a new one later, a vanished one first, others at both? */
static bool is_found(const struct hep_followed_lesion *l)
{
    return (l->found_first || l->truth == HEP_CHANGE_NEW || l->truth == HEP_CHANGE_RESIDUE) &&
           (l->found_later || l->truth == HEP_CHANGE_VANISHED);
}

static bool lesion_counts(const struct hep_followed_lesion *l, int share)
{
    const bool is_new_8mm = l->truth == HEP_CHANGE_NEW && l->long_later_mm >= HEP_FOLLOWED_FROM_MM;

    switch (share) {
    case SHARE_IDENTITY:
        return is_kept(l) && is_found(l);
    case SHARE_IDENTITY_8MM:
        return is_kept(l) && is_found(l) && l->long_first_mm >= HEP_FOLLOWED_FROM_MM &&
               l->long_later_mm >= HEP_FOLLOWED_FROM_MM;
    case SHARE_NEW_FOUND_8MM:
        return is_new_8mm && l->found_later;
    case SHARE_NEW_8MM:
        return is_new_8mm;
    default:
        return (int)l->truth == share - SHARE_EVENT && is_found(l);
    }
}

static bool lesion_is_right(const struct hep_followed_lesion *l, int share)
{
    if (share == SHARE_IDENTITY || share == SHARE_IDENTITY_8MM)
        return l->is_same;
    return l->called == l->truth;
}

static bool visit_counts(const struct hep_followed_visit *v, int share)
{
    return !v->is_first && v->truth < HEP_RESPONSE_COUNT &&
           (share == SHARE_CATEGORY || v->is_stable);
}

static bool visit_is_right(const struct hep_followed_visit *v, int share)
{
    return v->called == (share == SHARE_CATEGORY ? v->truth : HEP_RESPONSE_SD);
}

/* Weights of the cases that count, and of those that are right. */
static void count_share(double *k, double *n, const struct hep_followup_data *d, int share,
                        const double *weight)
{
    *k = *n = 0.0;
    for (size_t i = 0; share < SHARE_CATEGORY && i < d->n_lesions; i++) {
        const struct hep_followed_lesion *l = &d->lesions[i];

        if (lesion_counts(l, share)) {
            *n += weight[l->patient];
            *k += lesion_is_right(l, share) ? weight[l->patient] : 0.0;
        }
    }
    for (size_t i = 0; share >= SHARE_CATEGORY && i < d->n_visits; i++) {
        const struct hep_followed_visit *v = &d->visits[i];

        if (visit_counts(v, share)) {
            *n += weight[v->patient];
            *k += visit_is_right(v, share) ? weight[v->patient] : 0.0;
        }
    }
}

/* ---- differences ----------------------------------------------------------------------------- */

enum difference { DIFF_SUM, DIFF_CHANGE, DIFF_ADC, N_DIFFS };
enum { PER_DIFF = 3 };

static double difference_of(size_t *patient, const struct hep_followup_data *d, int which, size_t i)
{
    if (which == DIFF_ADC) {
        *patient = d->lesions[i].patient;
        return d->lesions[i].is_same
                   ? d->lesions[i].adc_change_percent - d->lesions[i].adc_change_true_percent
                   : (double)NAN;
    }
    *patient = d->visits[i].patient;
    return which == DIFF_SUM ? d->visits[i].sum_mm - d->visits[i].sum_true_mm
                             : d->visits[i].change_percent - d->visits[i].change_true_percent;
}

/* Bias and limits of weighted differences; weights count cases. */
static size_t agree(double out[PER_DIFF], const struct hep_followup_data *d, int which,
                    const double *weight)
{
    const size_t n = which == DIFF_ADC ? d->n_lesions : d->n_visits;
    double sw = 0.0, sum = 0.0, square = 0.0, sd;
    size_t patient, cases = 0;

    for (size_t i = 0; i < n; i++) {
        const double x = difference_of(&patient, d, which, i);

        if (!isfinite(x))
            continue;
        cases++;
        sw += weight[patient];
        sum += weight[patient] * x;
    }
    for (size_t i = 0; i < n; i++) {
        const double x = difference_of(&patient, d, which, i);

        if (isfinite(x))
            square += weight[patient] * (x - sum / sw) * (x - sum / sw);
    }
    sd = sw > 1.0 ? sqrt(square / (sw - 1.0)) : (double)NAN;
    out[0] = sw > 0.0 ? sum / sw : (double)NAN;
    out[1] = out[0] - 1.96 * sd;
    out[2] = out[0] + 1.96 * sd;
    return cases;
}

/* ---- all ------------------------------------------------------------------------------------- */

enum { AT_FALSE = N_SHARES, AT_KAPPA, AT_DIFF, N_STATS = AT_DIFF + N_DIFFS * PER_DIFF };

static void compute(double *out, const double *weight, const void *data)
{
    const struct hep_followup_data *d = data;
    double table[HEP_RESPONSE_COUNT * HEP_RESPONSE_COUNT] = { 0.0 }, pairs = 0.0, wrong = 0.0;

    for (int s = 0; s < N_SHARES; s++) {
        double k, n;

        count_share(&k, &n, d, s, weight);
        out[s] = n > 0.0 ? k / n : (double)NAN;
    }
    for (size_t i = 0; i < d->n_visits; i++) {
        const struct hep_followed_visit *v = &d->visits[i];

        if (v->is_first)
            continue;
        pairs += weight[v->patient];
        wrong += weight[v->patient] * (double)v->false_new;
        if (v->truth < HEP_RESPONSE_COUNT && v->called < HEP_RESPONSE_COUNT)
            table[(size_t)v->truth * HEP_RESPONSE_COUNT + (size_t)v->called] += weight[v->patient];
    }
    out[AT_FALSE] = pairs > 0.0 ? wrong / pairs : (double)NAN;
    out[AT_KAPPA] = hep_kappa(table, HEP_RESPONSE_COUNT);
    for (int which = 0; which < N_DIFFS; which++)
        (void)agree(out + AT_DIFF + (ptrdiff_t)PER_DIFF * which, d, which, weight);
}

static struct hep_proportion share_of(const struct hep_followup_data *d, int share,
                                      const double *ones, const struct hep_interval *by_patient)
{
    struct hep_proportion p;
    double k, n;

    count_share(&k, &n, d, share, ones);
    p = hep_wilson((size_t)k, (size_t)n);
    p.by_patient[0] = by_patient[share].lo;
    p.by_patient[1] = by_patient[share].hi;
    return p;
}

static void take_over(struct hep_followup_score *out, const struct hep_followup_data *d,
                      const struct hep_interval *stat, const double *ones)
{
    struct hep_followup_agreement *const agreement[N_DIFFS] = { &out->sum_mm, &out->change_percent,
                                                                &out->adc_change_percent };

    out->identity = share_of(d, SHARE_IDENTITY, ones, stat);
    out->identity_8mm = share_of(d, SHARE_IDENTITY_8MM, ones, stat);
    out->new_found_8mm = share_of(d, SHARE_NEW_FOUND_8MM, ones, stat);
    out->new_8mm = share_of(d, SHARE_NEW_8MM, ones, stat);
    out->category = share_of(d, SHARE_CATEGORY, ones, stat);
    out->stable_sd = share_of(d, SHARE_STABLE_SD, ones, stat);
    for (int e = 0; e < (int)HEP_CHANGE_TRUE; e++)
        out->event[e] = share_of(d, SHARE_EVENT + e, ones, stat);
    out->false_new_per_pair = stat[AT_FALSE];
    out->kappa = stat[AT_KAPPA];
    for (int which = 0; which < N_DIFFS; which++) {
        const struct hep_interval *s = stat + AT_DIFF + (ptrdiff_t)PER_DIFF * which;
        double unused[PER_DIFF];

        *agreement[which] =
            (struct hep_followup_agreement){ agree(unused, d, which, ones), s[0], s[1], s[2] };
    }
}

static void count_tables(struct hep_followup_score *out, const struct hep_followup_data *d)
{
    for (size_t i = 0; i < d->n_lesions; i++) {
        const struct hep_followed_lesion *l = &d->lesions[i];

        if (l->truth < HEP_CHANGE_TRUE && is_found(l))
            out->events[l->truth][l->called]++;
    }
    for (size_t i = 0; i < d->n_visits; i++) {
        const struct hep_followed_visit *v = &d->visits[i];

        out->n_pairs += !v->is_first;
        if (!v->is_first && v->truth < HEP_RESPONSE_COUNT && v->called < HEP_RESPONSE_COUNT)
            out->categories[v->truth][v->called]++;
    }
}

int hep_followup_score(struct hep_followup_score *out, const struct hep_followup_data *data,
                       size_t replicates, uint64_t seed, struct hep_error *err)
{
    struct hep_interval stat[N_STATS];
    double *ones = NULL;
    int rc;

    for (size_t i = 0; i < data->n_lesions; i++)
        if (data->lesions[i].patient >= data->n_patients)
            return HEP_FAIL(err, HEP_EINVAL, "patient %zu of %zu", data->lesions[i].patient,
                            data->n_patients);
    for (size_t i = 0; i < data->n_visits; i++)
        if (data->visits[i].patient >= data->n_patients)
            return HEP_FAIL(err, HEP_EINVAL, "patient %zu of %zu", data->visits[i].patient,
                            data->n_patients);
    rc = HEP_NEW(ones, data->n_patients + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < data->n_patients; i++)
        ones[i] = 1.0;
    if (rc == HEP_OK)
        rc = hep_bootstrap(stat, N_STATS, compute, data, data->n_patients, replicates, seed, err);
    /* One patient drawn with replacement is the same patient: that is no interval. */
    for (int i = 0; rc == HEP_OK && data->n_patients < 2 && i < N_STATS; i++)
        stat[i].lo = stat[i].hi = (double)NAN;
    if (rc == HEP_OK) {
        memset(out, 0, sizeof *out);
        take_over(out, data, stat, ones);
        count_tables(out, data);
    }
    free(ones);
    return rc;
}
