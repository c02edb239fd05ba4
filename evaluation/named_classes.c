#include "evaluation/named_classes.h"

#include "evaluation/bootstrap.h"
#include "evaluation/kappa.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CLASSES = HEP_CLASS_COUNT + 1, WORDS = HEP_NAMED_MAX + 1 };
enum { ACCURACY, MERGED_F1, MERGED_KAPPA, APART_F1, APART_KAPPA, N_STATS };

struct counting {
    const struct hep_named_classes *all;
    const struct hep_named_case *cases;
    size_t n;
};

static size_t row_of(const struct hep_named_classes *all, const char *word)
{
    size_t i = 0;

    while (i < all->n_rows && strcmp(all->row[i].word, word) != 0)
        i++;
    return i;
}

/* The word that a called class stands for; the last place for none. */
static size_t word_for(const struct hep_named_classes *all, enum hep_lesion_class called)
{
    size_t best = HEP_NAMED_MAX, n = 0;

    for (size_t i = 0; called != HEP_CLASS_COUNT && i < all->n_rows; i++)
        if (all->row[i].class == called && all->row[i].n > n) {
            best = i;
            n = all->row[i].n;
        }
    return best;
}

/* Mean F1 over the categories that the truth has; rows are the truth. */
static double mean_f1(const double *table, size_t n)
{
    double sum = 0.0, count = 0.0;

    for (size_t c = 0; c < n; c++) {
        double of_truth = 0.0, called = 0.0;

        for (size_t k = 0; k < n; k++) {
            of_truth += table[c * n + k];
            called += table[k * n + c];
        }
        if (!(of_truth > 0.0))
            continue;
        sum += 2.0 * table[c * n + c] / (of_truth + called);
        count += 1.0;
    }
    return count > 0.0 ? sum / count : (double)NAN;
}

static void measure(double *out, const double *weight, const void *data)
{
    const struct counting *c = data;
    double merged[CLASSES * CLASSES] = { 0 }, apart[WORDS * WORDS] = { 0 }, right = 0.0, sum = 0.0;

    for (size_t i = 0; i < c->n; i++) {
        const struct hep_named_case *one = &c->cases[i];
        const double w = weight[one->patient];

        if (!one->found || one->class == HEP_CLASS_COUNT)
            continue;
        merged[(size_t)one->class * CLASSES + (size_t)one->called] += w;
        apart[row_of(c->all, one->word) * WORDS + word_for(c->all, one->called)] += w;
        right += one->class == one->called ? w : 0.0;
        sum += w;
    }
    out[ACCURACY] = sum > 0.0 ? right / sum : (double)NAN;
    out[MERGED_F1] = mean_f1(merged, CLASSES);
    out[MERGED_KAPPA] = hep_kappa(merged, CLASSES);
    out[APART_F1] = mean_f1(apart, WORDS);
    out[APART_KAPPA] = hep_kappa(apart, WORDS);
}

static int count_rows(struct hep_named_classes *out, const struct hep_named_case *cases, size_t n,
                      struct hep_error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct hep_named_row *row;
        size_t at;

        if (cases[i].class == HEP_CLASS_COUNT)
            continue;
        at = row_of(out, cases[i].word);
        if (at == HEP_NAMED_MAX)
            return HEP_FAIL(err, HEP_EDATA, "more than %d classes of lesions", HEP_NAMED_MAX);
        row = &out->row[at];
        if (at == out->n_rows) {
            (void)snprintf(row->word, sizeof row->word, "%.*s", HEP_NAMED_TEXT - 1, cases[i].word);
            row->class = cases[i].class;
            out->n_rows++;
        }
        row->n++;
        row->found += cases[i].found ? 1 : 0;
        if (cases[i].found)
            row->called[cases[i].called]++;
        out->n++;
        out->n_found += cases[i].found ? 1 : 0;
    }
    return HEP_OK;
}

int hep_named_classes_of(struct hep_named_classes *out, const struct hep_named_case *cases,
                         size_t n, size_t n_patients, size_t replicates, uint64_t seed,
                         struct hep_error *err)
{
    const struct counting c = { out, cases, n };
    struct hep_interval stats[N_STATS];
    int rc;

    *out = (struct hep_named_classes){ 0 };
    rc = count_rows(out, cases, n, err);
    if (rc == HEP_OK)
        rc = hep_bootstrap(stats, N_STATS, measure, &c, n_patients, replicates, seed, err);
    if (rc == HEP_OK) {
        out->accuracy = stats[ACCURACY];
        out->merged_f1 = stats[MERGED_F1];
        out->merged_kappa = stats[MERGED_KAPPA];
        out->apart_f1 = stats[APART_F1];
        out->apart_kappa = stats[APART_KAPPA];
    }
    return rc;
}
