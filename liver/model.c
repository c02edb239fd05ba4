#include "liver/model.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/filter_smooth.h"
#include "image/stats.h"
#include "image/threads.h"

#include <math.h>
#include <stdlib.h>

/* Histogram of differences from the liver, in its SD: bins of a quarter SD to either side, as far as
 * anything in a body lies. */
#define BINS 121
#define RANGE_SD 15.0
#define SMOOTH_BINS 1.5 /* kernel of a density from some thousand voxels */
/* SD of the liver's log signal: below 2 % an image has no noise to speak of, above 40 % no liver. */
#define SD_MIN 0.02
#define SD_MAX 0.4
#define SEED_SD 1.1    /* the seed is the smoothest part of the liver */
#define LIVER_SD 1.2   /* and its border varies more: in SD of the known part */
#define OUTLIER_SD 6.0 /* vessels and lesions: a normal wide enough to reach them all */
/* Share of the surroundings of which no example lies within reach, spread over all signals; and the
 * least density, so that no single voxel decides. */
#define UNSEEN 0.03
#define DENSITY_MIN 1e-4
#define EXCLUDED_ODDS (-40.0) /* beyond any evidence, and below where the random walk ends */
/* Between breath-holds the liver moves along the body, and sideways less than half as far: 5 to
 * 25 mm, 1 to 12 mm to the front and 1 to 3 mm sideways, Clifford et al., Comput Aided Surg
 * 2002;7:291. */
#define SIDEWAYS 0.5

/* Log-odds against the liver by position alone: `odds` for each `per` beyond `from`, `most` times at
 * most. Expert values: enough to settle what signals leave open. */
struct penalty {
    double from, per, most, odds;
};
static const struct penalty in_wall = { -14.0, 8.0, 1.5, 4.0 }; /* mm above the depth of 14 mm */
static const struct penalty far_off = { 10.0, 25.0, 2.0, 1.0 }; /* mm from what is known */
static const struct penalty on_left = { 0.35, 1.0, 0.5, 6.0 };  /* of the body's half width */

static double against(const struct penalty *p, double x)
{
    return p->odds * fmin(fmax((x - p->from) / p->per, 0.0), p->most);
}

struct density {
    double log_odds[BINS];
};

static double weight_of(const struct hep_liver_images *im, size_t k)
{
    const enum hep_image image = im->channel[k].image;
    const struct hep_liver_settings *s = im->settings;

    if (k == 0)
        return 1.0;
    if (im->channel[k].exact)
        return s->weight_same;
    return image == HEP_IMAGE_B_HIGH || image == HEP_IMAGE_ADC ? s->weight_diffusion
                                                               : s->weight_other;
}

/* Mean of the known liver around every voxel; its median beyond reach. */
static int local_mean(struct hep_volume **out, const struct hep_volume *coarse,
                      const struct hep_labels *known, double block_mm, int nthreads,
                      struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&coarse->grid);
    struct hep_stats all;
    int rc = hep_volume_copy(out, coarse, err);

    if (rc == HEP_OK)
        rc = hep_stats_masked(&all, coarse, 0, known, -1, err);
    if (rc == HEP_OK)
        rc = hep_smooth_fill(*out, known->data, 0.5 * block_mm, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (isnan((*out)->data[i]))
            (*out)->data[i] = (float)all.median;
    }
    return rc;
}

static int spread(double *sd, const struct hep_volume *v, const struct hep_volume *mean,
                  const struct hep_labels *known, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&v->grid);
    float *x = hep_alloc_aligned(n, sizeof *x, err);
    size_t m = 0;

    if (x == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (known->data[i] != 0 && !isnan(v->data[i]))
            x[m++] = (float)fabs((double)v->data[i] - (double)mean->data[i]);
    }
    *sd = m > 0 ? HEP_MAD_TO_SD * hep_quantile(x, m, 0.5) : SD_MAX;
    *sd = fmin(fmax(SEED_SD * *sd, SD_MIN), SD_MAX);
    free(x);
    return HEP_OK;
}

#define SQRT_2PI 2.5066282746310002
static double normal(double z, double sd)
{
    return exp(-0.5 * z * z / (sd * sd)) / (sd * SQRT_2PI);
}

static double z_of_bin(int b)
{
    return RANGE_SD * (2.0 * b / (BINS - 1) - 1.0);
}

static double at(const struct density *d, double z)
{
    const double pos = 0.5 * (fmin(fmax(z, -RANGE_SD), RANGE_SD) / RANGE_SD + 1.0) * (BINS - 1);
    const int b = pos >= BINS - 1 ? BINS - 2 : (int)pos;

    return d->log_odds[b] + (pos - b) * (d->log_odds[b + 1] - d->log_odds[b]);
}

/* Histogram of the surroundings against the normal of the liver. */
static void learn(struct density *d, const struct hep_liver_images *im, const struct hep_volume *v,
                  const struct hep_volume *mean, double sd, const struct hep_volume *distance)
{
    const size_t n = hep_grid_voxels(&v->grid);
    const double rare = im->settings->outlier_frac;
    double count[BINS] = { 0.0 }, smooth[BINS], total = 0.0;

    for (size_t i = 0; i < n; i++) {
        const double far = (double)distance->data[i];
        double z;

        if (im->body->data[i] == 0 || far < im->settings->unsure_mm ||
            far > im->settings->reach_mm || isnan(v->data[i]))
            continue;
        z = fmin(fmax(((double)v->data[i] - (double)mean->data[i]) / sd, -RANGE_SD), RANGE_SD);
        count[(int)lround(0.5 * (z / RANGE_SD + 1.0) * (BINS - 1))] += 1.0;
        total += 1.0;
    }
    for (int b = 0; b < BINS; b++) {
        smooth[b] = 0.0;
        for (int s = -4; s <= 4; s++) {
            const int from = b + s < 0 ? 0 : b + s >= BINS ? BINS - 1 : b + s;

            smooth[b] += count[from] * normal(s, SMOOTH_BINS);
        }
    }
    for (int b = 0; b < BINS; b++) {
        const double z = z_of_bin(b), width = 2.0 * RANGE_SD / (BINS - 1);
        const double liver = (1.0 - rare) * normal(z, LIVER_SD) + rare * normal(z, OUTLIER_SD);
        const double other = total > 0.0 ? smooth[b] / (total * width) : 0.0;

        d->log_odds[b] =
            log((liver + DENSITY_MIN) / ((1.0 - UNSEEN) * other + UNSEEN / (2.0 * RANGE_SD)));
    }
}

/* Largest value of a neighbourhood, so that a shifted image rejects only what it would reject
 * wherever it lay. */
static int best_within(struct hep_volume *v, double radius_mm, int nthreads, struct hep_error *err)
{
    const size_t *n = v->grid.n, voxels = hep_grid_voxels(&v->grid);
    const long r = lround(radius_mm / HEP_LIVER_COARSE_MM);
    const long side = lround(SIDEWAYS * radius_mm / HEP_LIVER_COARSE_MM);
    struct hep_volume *from = NULL;
    int rc;

    if (r == 0)
        return HEP_OK;
    rc = hep_volume_copy(&from, v, err);
    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for num_threads(hep_threads(nthreads)) schedule(static)
    for (size_t i = 0; i < voxels; i++) {
        float best = -INFINITY;
        size_t c[3];

        hep_grid_place(c, &v->grid, i);
        for (long dz = -r; dz <= r; dz++) {
            for (long dy = -side; dy <= side; dy++) {
                for (long dx = -side; dx <= side; dx++) {
                    const size_t p[3] = { c[0] + (size_t)dx, c[1] + (size_t)dy, c[2] + (size_t)dz };

                    /* A place before the first voxel wraps to a large number. */
                    if (dx * dx + dy * dy <= side * side && p[0] < n[0] && p[1] < n[1] &&
                        p[2] < n[2])
                        best = fmaxf(best, from->data[(p[2] * n[1] + p[1]) * n[0] + p[0]]);
                }
            }
        }
        v->data[i] = best;
    }
    hep_volume_free(from);
    return HEP_OK;
}

/* Evidence of an image of another breath-hold, on the coarse grid: it may reject, not claim. */
static int add_vote(struct hep_volume *votes, const struct hep_liver_images *im, size_t k,
                    const struct density *d, const struct hep_volume *mean, double sd,
                    struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&im->coarse);
    const struct hep_liver_channel *c = &im->channel[k];
    const double most = im->settings->odds_max;
    struct hep_volume *vote = NULL;
    int rc = hep_volume_new(&vote, &im->coarse, 1, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const double x = (double)c->coarse->data[i];

        vote->data[i] =
            isnan(x) ? 0.0F
                     : (float)fmin(fmax(at(d, (x - (double)mean->data[i]) / sd), -most), 0.0);
    }
    if (rc == HEP_OK)
        rc = best_within(vote, c->slack_mm, im->nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        votes->data[i] += (float)weight_of(im, k) * vote->data[i];
    hep_volume_free(vote);
    return rc;
}

static int add_exact(struct hep_liver_model *m, const struct hep_liver_images *im, size_t k,
                     const struct density *d, const struct hep_volume *mean, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&im->fine);
    const float *x = im->channel[k].fine->data;
    const double weight = weight_of(im, k), most = im->settings->odds_max;
    struct hep_volume *fine = NULL;
    int rc = hep_liver_double(&fine, &im->fine, mean, im->nthreads, err);

    if (rc != HEP_OK)
        return rc;
#pragma omp parallel for num_threads(hep_threads(im->nthreads)) schedule(static)
    for (size_t i = 0; i < n; i++) {
        const double z = ((double)x[i] - (double)fine->data[i]) / m->sd[k];

        if (!isnan(z))
            m->odds->data[i] += (float)(weight * fmin(fmax(at(d, z), -most), most));
    }
    if (k == 0)
        m->mean = fine;
    else
        hep_volume_free(fine);
    return HEP_OK;
}

/* What position alone says: not in the wall of the body, not far from what is known, not far left.
 */
static void add_prior(struct hep_volume *votes, const struct hep_liver_images *im,
                      const struct hep_volume *distance)
{
    const size_t n = hep_grid_voxels(&im->coarse);

    for (size_t i = 0; i < n; i++) {
        const double depth = (double)im->depth->data[i], far = (double)distance->data[i];
        const double x =
            im->coarse.to_world[0][3] + HEP_LIVER_COARSE_MM * (double)(i % im->coarse.n[0]);
        const double left = (im->middle_x - x) / im->half_width;
        double p = 0.0;

        if (im->body->data[i] == 0 || far > im->settings->reach_mm)
            p = EXCLUDED_ODDS;
        p -= against(&in_wall, -depth);
        p -= against(&far_off, far);
        p -= against(&on_left, left);
        votes->data[i] += (float)p;
    }
}

/* Votes of the coarse grid into the odds of the fine one. */
static int add_votes(struct hep_volume *odds, const struct hep_volume *votes, int nthreads,
                     struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&odds->grid);
    struct hep_volume *fine = NULL;
    int rc = hep_liver_double(&fine, &odds->grid, votes, nthreads, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        odds->data[i] += fine->data[i];
    hep_volume_free(fine);
    return rc;
}

int hep_liver_model_init(struct hep_liver_model *out, const struct hep_liver_images *im,
                         const struct hep_labels *known, const struct hep_volume *distance,
                         struct hep_error *err)
{
    struct hep_volume *votes = NULL;
    int rc;

    memset(out, 0, sizeof *out);
    rc = hep_volume_new(&out->odds, &im->fine, 1, err);
    if (rc == HEP_OK)
        rc = hep_volume_new(&votes, &im->coarse, 1, err);
    for (size_t k = 0; rc == HEP_OK && k < im->n; k++) {
        const struct hep_volume *coarse = im->channel[k].coarse;
        struct hep_volume *mean = NULL;
        struct density d;

        rc = local_mean(&mean, coarse, known, im->settings->block_mm, im->nthreads, err);
        if (rc == HEP_OK)
            rc = spread(&out->sd[k], coarse, mean, known, err);
        if (rc == HEP_OK) {
            learn(&d, im, coarse, mean, out->sd[k], distance);
            rc = im->channel[k].exact ? add_exact(out, im, k, &d, mean, err)
                                      : add_vote(votes, im, k, &d, mean, out->sd[k], err);
        }
        hep_volume_free(mean);
    }
    if (rc == HEP_OK) {
        add_prior(votes, im, distance);
        rc = add_votes(out->odds, votes, im->nthreads, err);
    }
    hep_volume_free(votes);
    return rc;
}

void hep_liver_model_release(struct hep_liver_model *m)
{
    hep_volume_free(m->odds);
    hep_volume_free(m->mean);
    memset(m, 0, sizeof *m);
}
