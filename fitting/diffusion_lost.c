#include "fitting/diffusion_sample.h"
#include "fitting/diffusion_screen.h"

#include "base/alloc.h"
#include "base/number.h"

#include <math.h>

/* Slices need this many bright voxels, volumes this many slices, and a b-value this many volumes to
 * be compared with each other. */
enum { LEAST_IN_SLICE = 20, LEAST_SLICES = 3, LEAST_OF_B = 3, NEIGHBOURS = 3, ROUNDS = 4 };
static const double sds = 5.0, same_b_s_per_mm2 = 0.5, mad_of_normal = 0.6744897501960817;
/* Slices whose brighter half has less than this of the body's signal show air or suppressed fat. */
#define DARK 0.25F
/* A slice without any signal: beyond every other loss. */
static const double nothing = 20.0;

struct table {
    size_t nz, n;   /* slices, volumes in use */
    double *m;      /* [n][nz]: median ln S over the slice's bright voxels, NaN: too few */
    double *level;  /* [n][nz]: m less that of the slice in comparable volumes */
    double *dip;    /* [n][nz]: level less that of the volume's other slices */
    double *middle; /* [n]: median of m over the slices */
    double *work;
    uint8_t *out; /* [n][nz] */
};

static double median_of(double *x, size_t n)
{
    if (n == 0)
        return (double)NAN;
    qsort(x, n, sizeof *x, hep_compare_doubles);
    return n % 2 != 0 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

static void release(struct table *t)
{
    free(t->m);
    free(t->level);
    free(t->dip);
    free(t->middle);
    free(t->work);
    free(t->out);
}

static int allocate(struct table *t, struct hep_error *err)
{
    const size_t cells = t->n * t->nz;

    if (HEP_NEW(t->m, cells, err) != HEP_OK || HEP_NEW(t->level, cells, err) != HEP_OK ||
        HEP_NEW(t->dip, cells, err) != HEP_OK || HEP_NEW(t->work, cells, err) != HEP_OK ||
        HEP_NEW(t->middle, t->n, err) != HEP_OK || HEP_NEW(t->out, cells, err) != HEP_OK)
        return HEP_ENOMEM;
    return HEP_OK;
}

/* The brighter half of the body in a slice, by the mean over the volumes; none where even that is dark beside
 * the rest. */
static size_t list_bright(size_t *list, float *values, const struct hep_diffusion_sample *s,
                          size_t first, size_t slice)
{
    size_t n = 0, kept = 0;
    float middle;

    for (size_t i = 0; i < slice; i++)
        if (isfinite(s->mean[first + i]))
            values[n++] = s->mean[first + i];
    middle = (float)hep_quantile(values, n, 0.5);
    if (!(middle >= DARK * s->bright))
        return 0;
    for (size_t i = 0; i < slice; i++)
        if (s->mean[first + i] >= middle)
            list[kept++] = first + i;
    return kept;
}

static int fill(struct table *t, const struct hep_diffusion_sample *s,
                const struct hep_diffusion_input *in, struct hep_error *err)
{
    const size_t slice = in->nvox / t->nz;
    float *values = NULL;
    size_t *list = NULL;
    int rc = HEP_NEW(values, slice, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(list, slice, err);
    for (size_t z = 0; rc == HEP_OK && z < t->nz; z++) {
        const size_t n = list_bright(list, values, s, z * slice, slice);

        for (size_t k = 0; k < t->n; k++) {
            double middle;

            for (size_t i = 0; i < n; i++)
                values[i] = in->signal[s->kept[k] * in->nvox + list[i]];
            middle = n < LEAST_IN_SLICE ? (double)NAN : hep_quantile(values, n, 0.5);
            t->m[k * t->nz + z] = middle > 0.0         ? log(middle)
                                  : n < LEAST_IN_SLICE ? middle
                                                       : -nothing;
        }
    }
    free(values);
    free(list);
    return rc;
}

/* Volumes of the same b-value where there are enough, else all. */
static bool compares(const struct hep_diffusion_sample *s, size_t a, size_t b, size_t n_of_b)
{
    return n_of_b < LEAST_OF_B || fabs(s->b[s->kept[a]] - s->b[s->kept[b]]) <= same_b_s_per_mm2;
}

/* Each volume by its own middle, so that a slice that no longer counts does not move the others. */
static void set_middles(struct table *t)
{
    for (size_t k = 0; k < t->n; k++) {
        size_t n = 0;

        for (size_t z = 0; z < t->nz; z++)
            if (isfinite(t->m[k * t->nz + z]) && t->out[k * t->nz + z] == 0)
                t->work[n++] = t->m[k * t->nz + z];
        t->middle[k] = median_of(t->work, n);
    }
}

/* How many volumes in use have the b-value of volume k. */
static size_t count_of_b(const struct table *t, const struct hep_diffusion_sample *s, size_t k)
{
    size_t n = 0;

    for (size_t j = 0; j < t->n; j++)
        n += fabs(s->b[s->kept[k]] - s->b[s->kept[j]]) <= same_b_s_per_mm2;
    return n;
}

static void set_levels(struct table *t, const struct hep_diffusion_sample *s)
{
    for (size_t k = 0; k < t->n; k++) {
        const size_t n_of_b = count_of_b(t, s, k);

        for (size_t z = 0; z < t->nz; z++) {
            size_t n = 0;

            for (size_t j = 0; j < t->n; j++)
                if (compares(s, k, j, n_of_b) && isfinite(t->m[j * t->nz + z]) &&
                    t->out[j * t->nz + z] == 0)
                    t->work[n++] = t->m[j * t->nz + z] - t->middle[j];
            t->level[k * t->nz + z] = t->m[k * t->nz + z] - t->middle[k] - median_of(t->work, n);
        }
    }
}

/* Levels of the slices from `from` to `to` but z, into the work space from place n on. */
static size_t list_levels(struct table *t, size_t k, size_t z, size_t from, size_t to, size_t n)
{
    for (size_t y = from; y <= to && y < t->nz; y++)
        if (y != z && isfinite(t->level[k * t->nz + y]) && t->out[k * t->nz + y] == 0)
            t->work[n++] = t->level[k * t->nz + y];
    return n;
}

/*
 * What slice z of volume k should have: the middle of its neighbours. Repeats of one b-value differ
 * in nothing else. Volumes of different b-values also differ by the ADC of what a slice shows, which
 * steps where another organ begins (heart over liver): then the lower of both sides, for a lost
 * slice lies below both and a step between them. At the ends of the stack a step cannot be told from
 * a loss; such a slice is left to the robust weights.
 */
static double expected_level(struct table *t, const struct hep_diffusion_sample *s, size_t k,
                             size_t z)
{
    const size_t first = z > NEIGHBOURS ? z - NEIGHBOURS : 0, last = z + NEIGHBOURS;
    size_t n = list_levels(t, k, z, first, last, 0);
    double below;

    if (n < LEAST_SLICES - 1)
        return (double)NAN;
    if (count_of_b(t, s, k) >= LEAST_OF_B)
        return median_of(t->work, n);
    n = list_levels(t, k, z, first, z, 0);
    below = median_of(t->work, n);
    n = list_levels(t, k, z, z, last, 0);
    return isnan(below) || n == 0 ? (double)NAN : fmin(below, median_of(t->work, n));
}

static void set_dips(struct table *t, const struct hep_diffusion_sample *s)
{
    for (size_t k = 0; k < t->n; k++)
        for (size_t z = 0; z < t->nz; z++)
            t->dip[k * t->nz + z] = t->level[k * t->nz + z] - expected_level(t, s, k, z);
}

/* New ones among the slices; what is lost no longer counts in the next round. */
static size_t mark(struct table *t)
{
    const size_t cells = t->n * t->nz;
    size_t n = 0, found = 0;
    double limit;

    for (size_t i = 0; i < cells; i++)
        if (isfinite(t->dip[i]) && t->out[i] == 0)
            t->work[n++] = fabs(t->dip[i]);
    limit = fmax(sds * median_of(t->work, n) / mad_of_normal, -log(1.0 - HEP_SCREEN_LOSS_MIN));
    for (size_t i = 0; i < cells; i++) {
        if (t->out[i] == 0 && t->dip[i] < -limit) {
            t->out[i] = 1;
            found++;
        }
    }
    return found;
}

int hep_sample_lost(uint8_t **lost, size_t *n_lost, const struct hep_diffusion_sample *s,
                    const struct hep_diffusion_input *in, const size_t n[3], struct hep_error *err)
{
    struct table t = { .nz = n[2], .n = s->n_kept };
    size_t found = 1;
    int rc;

    *lost = NULL;
    *n_lost = 0;
    if (t.nz < LEAST_SLICES || t.n < 2)
        return HEP_OK;
    rc = allocate(&t, err);
    if (rc == HEP_OK)
        rc = fill(&t, s, in, err);
    for (int round = 0; rc == HEP_OK && found > 0 && round < ROUNDS; round++) {
        set_middles(&t);
        set_levels(&t, s);
        set_dips(&t, s);
        found = mark(&t);
        *n_lost += found;
    }
    if (rc == HEP_OK && *n_lost > 0)
        rc = HEP_NEW(*lost, in->nb * t.nz, err);
    for (size_t k = 0; rc == HEP_OK && *n_lost > 0 && k < t.n; k++)
        (void)memcpy(*lost + s->kept[k] * t.nz, t.out + k * t.nz, t.nz);
    release(&t);
    return rc;
}
