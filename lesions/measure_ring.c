/* Enhancement of the outer layer by sector: how strong, how much of the way round, and whether one
 * side gains what the other loses. */
#include "lesions/measure.h"

#include "base/alloc.h"
#include "base/number.h"
#include "contrast/enhancement.h"
#include "image/stats.h"
#include "lesions/parts.h"
#include "lesions/series_share.h"
#include "lesions/series_solve.h"

#include <math.h>
#include <stdlib.h>

#define LAYER_SHARE_MIN 0.2 /* of the outer layer in a voxel that counts */
#define FOREIGN_SHARE_MAX 0.2
#define SECTOR_WEIGHT_MIN 0.1 /* squared shares in a sector: less has seen nothing of it */
#define GAP_QUANTILE 0.1
/* How far sectors of a ring differ from its mean, as known before: half of it. */
#define SECTOR_SPREAD 0.5
#define SECTOR_SPREAD_MIN 0.15

struct sector {
    double sum[2], weight[2]; /* before contrast and after: share x signal, share^2 */
    double direction[3], n;   /* sum of unit vectors */
};
struct rim {
    struct sector *sector; /* owned */
    size_t n;
    double reliability, n_voxels;
};

/** Sector of a direction from the lesion's centre: equal steps of azimuth around the head-foot
 * axis, equal steps of its height. */
static size_t sector_of(const double d[3], const struct hep_lesion_limits *limits)
{
    const double azimuth = (atan2(d[1], d[0]) + HEP_PI) / (2.0 * HEP_PI);
    const double height = 0.5 * (d[2] + 1.0);
    const long a = (long)(azimuth * (double)limits->sectors_azimuth) % limits->sectors_azimuth;
    const long p =
        (long)fmin(height * (double)limits->sectors_polar, (double)limits->sectors_polar - 1.0);

    return (size_t)(p * limits->sectors_azimuth + a);
}

/** World direction from the lesion's centre, as it lies in the series, to voxel i. */
static bool unit_from_centre(double d[3], const struct hep_shells *s, const double shift_mm[3],
                             size_t i)
{
    const size_t *n = s->grid.n;
    const size_t at[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };
    double h[3], voxel[3], length;

    hep_grid_spacing(h, &s->grid);
    for (int k = 0; k < 3; k++)
        voxel[k] = (double)at[k] - shift_mm[k] / h[k];
    hep_grid_to_world(d, &s->grid, voxel);
    for (int k = 0; k < 3; k++)
        d[k] -= s->centre_mm[k];
    length = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    for (int k = 0; k < 3; k++)
        d[k] /= length;
    return length > 0.0;
}

/* What the voxels of one image hold, [voxels of the box] each. */
struct blurred {
    float *layer, *whole, *inside, *foreign, *map, *scratch;
};

static void fill_map(float *map, const struct hep_shells *box, unsigned bit)
{
    for (size_t i = 0; i < hep_grid_voxels(&box->grid); i++)
        map[i] = hep_shells_has(box, i, bit) ? 1.0F : 0.0F;
}

/** The outer layer's share, the lesion's, and the signal that comes from deeper. */
static void blur(struct blurred *b, const struct hep_lesion_measures *m,
                 const struct hep_shells *box, const struct hep_parts *layers,
                 const struct hep_series *s, enum hep_image image)
{
    const struct hep_lesion_image *of = &m->study->image[image];
    const double core = m->image[image].zone[HEP_SHELL_CORE].median;

    hep_series_share(b->layer, layers->share[HEP_PART_RIM], &box->grid, of, s->shift_mm, s->blur,
                     b->scratch);
    fill_map(b->map, box, HEP_SHELL_FOREIGN);
    hep_series_share(b->foreign, b->map, &box->grid, of, s->shift_mm, s->blur, b->scratch);
    fill_map(b->map, box, HEP_SHELL_WHOLE);
    hep_series_share(b->whole, b->map, &box->grid, of, s->shift_mm, s->blur, b->scratch);
    for (size_t i = 0; i < hep_grid_voxels(&box->grid); i++)
        b->inside[i] = (float)(core * ((double)b->whole[i] - (double)b->layer[i]));
}

/** One image's signals of the outer layer, freed of liver and of what lies deeper, by sector. */
static void add_image(struct rim *rim, const struct blurred *b, const struct hep_lesion_measures *m,
                      const struct hep_shells *box, const struct hep_series *s, int which)
{
    for (size_t i = 0; i < hep_grid_voxels(&box->grid); i++) {
        const double share = (double)b->layer[i];
        struct sector *to;
        double d[3], signal;

        if (share < LAYER_SHARE_MIN || (double)b->foreign[i] > FOREIGN_SHARE_MAX ||
            !isfinite(s->signal[i]) || !unit_from_centre(d, box, s->shift_mm, i))
            continue;
        to = &rim->sector[sector_of(d, m->study->limits)];
        signal = (double)s->signal[i] - (double)b->inside[i] -
                 s->value[HEP_PART_LIVER] * (1.0 - (double)b->whole[i]);
        to->sum[which] += share * signal;
        to->weight[which] += share * share;
        to->n += 1.0;
        for (int k = 0; k < 3; k++)
            to->direction[k] += d[k];
    }
}

/** How far differences can be believed where the image before contrast is steep. */
static void add_reliability(struct rim *rim, const struct blurred *b, const struct hep_shells *box,
                            const struct hep_series *pre, const struct hep_series *post)
{
    const double *sd = post->shift_sd_mm;
    const double sigma_mm = sqrt((sd[0] * sd[0] + sd[1] * sd[1] + sd[2] * sd[2]) / 3.0);

    memset(b->map, 0, hep_grid_voxels(&box->grid) * sizeof *b->map);
    for (int k = 0; k < 3; k++) {
        hep_series_slope(b->scratch, pre->signal, &box->grid, k);
        for (size_t i = 0; i < hep_grid_voxels(&box->grid); i++)
            b->map[i] += b->scratch[i] * b->scratch[i];
    }
    for (size_t i = 0; i < hep_grid_voxels(&box->grid); i++) {
        if ((double)b->layer[i] < LAYER_SHARE_MIN || !isfinite(b->map[i]))
            continue;
        rim->reliability += exp(-sqrt((double)b->map[i]) * sigma_mm / pre->sd);
        rim->n_voxels += 1.0;
    }
}

static double normal_probability(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

/** How far sectors differ from the rim's index. */
static double sector_spread(double index)
{
    return fmax(SECTOR_SPREAD * fabs(index), SECTOR_SPREAD_MIN);
}

/** Index of a sector and its standard error, drawn to that of the rim; false when the sector was
 * not seen. */
static bool sector_index(double *index, double *se, const struct hep_ring_pattern *r,
                         const struct sector *s, const double noise[2], double gain, double divisor)
{
    const double spread = sector_spread(r->index);
    const double before = s->sum[0] / s->weight[0], after = gain * s->sum[1] / s->weight[1];
    const double a = noise[0] / (sqrt(s->weight[0]) * before),
                 b = gain * noise[1] / (sqrt(s->weight[1]) * after);
    const double error = fabs(after / before) * sqrt(a * a + b * b) / divisor;
    const double trust = spread * spread / (spread * spread + error * error);

    if (s->weight[0] < SECTOR_WEIGHT_MIN || s->weight[1] < SECTOR_WEIGHT_MIN)
        return false;
    *index = r->index;
    *se = spread;
    if (!isfinite(trust))
        return true;
    *index += trust * ((hep_relative_enhancement(before, after) - r->re_core) / divisor - r->index);
    *se = sqrt(trust) * error;
    return true;
}

/** Probability that a sector's index exceeds the limit. */
static double covered_probability(double index, double se, double limit)
{
    return se > 0.0 ? normal_probability((index - limit) / se) : (index > limit ? 1.0 : 0.0);
}

/** Cover, asymmetry and gap from the indices of the sectors; `indices` holds one per sector. */
static void judge_sectors(struct hep_ring_pattern *out, const struct rim *rim,
                          const double noise[2], double gain, double divisor, double limit,
                          double aorta, float *indices)
{
    double covered = 0.0, variance = 0.0, mean = 0.0, moment[3] = { 0 }, gained = 0.0, count;
    size_t n = 0;

    for (size_t i = 0; i < rim->n; i++) {
        const struct sector *s = &rim->sector[i];
        double index, se, p;

        if (!sector_index(&index, &se, out, s, noise, gain, divisor))
            continue;
        indices[n++] = (float)index;
        mean += index;
        p = covered_probability(index, se, limit);
        covered += p;
        variance += p * (1.0 - p);
        gained += p * (gain * s->sum[1] / s->weight[1] - s->sum[0] / s->weight[0]);
        for (int k = 0; k < 3; k++)
            moment[k] += index * s->direction[k] / s->n;
    }
    if (n == 0) { /* too small for sectors: any one is the rim's index and how far sectors differ */
        const double p = covered_probability(out->index, sector_spread(out->index), limit);

        out->cover = p;
        out->cover_se = sqrt(p * (1.0 - p));
        out->gap = 1.0;
        return;
    }
    count = (double)n;
    out->cover = covered / count;
    out->cover_se = sqrt(variance) / count;
    out->gap =
        hep_quantile(indices, n, GAP_QUANTILE) / hep_quantile(indices, n, 1.0 - GAP_QUANTILE);
    out->rim_over_aorta = covered > 0.0 ? gained / covered / aorta : (double)NAN;
    out->asymmetry = 3.0 *
                     sqrt(moment[0] * moment[0] + moment[1] * moment[1] + moment[2] * moment[2]) /
                     fabs(mean);
}

/** Enhancement of one zone, and what its error is made of: the changes with the signal after and
 * before contrast. */
static double zone_enhancement(double change[2], const struct hep_image_stats *pre,
                               const struct hep_image_stats *post, enum hep_shell zone, double gain)
{
    const double before = pre->zone[zone].median, after = gain * post->zone[zone].median;

    change[1] = gain / before;
    change[0] = -after / (before * before);
    return hep_relative_enhancement(before, after);
}

/** Variance of a x + b y of two zones whose changes are given, both images and their common noise
 * together. */
static double variance_of(const struct hep_image_stats *pre, const struct hep_image_stats *post,
                          double both, const double x[2], const double y[2])
{
    const struct hep_image_stats *of[2] = { pre, post };
    const enum hep_shell a = HEP_SHELL_RIM, b = HEP_SHELL_CORE;
    double sum = 0.0;

    for (int k = 0; k < 2; k++)
        sum += x[k] * x[k] * of[k]->cov[a][a] + y[k] * y[k] * of[k]->cov[b][b] +
               2.0 * x[k] * y[k] * of[k]->cov[a][b];
    sum += 2.0 * both *
           (x[0] * x[1] * pre->zone[a].se * post->zone[a].se +
            y[0] * y[1] * pre->zone[b].se * post->zone[b].se);
    return fmax(sum, 0.0);
}

static void measure_index(struct hep_ring_pattern *out, const struct hep_image_stats *pre,
                          const struct hep_image_stats *post, double both, double gain,
                          double floor)
{
    static const double still[2] = { 0 };
    double rim[2], core[2], liver[2], minus[2], divisor, liver_se;

    out->re_rim = zone_enhancement(rim, pre, post, HEP_SHELL_RIM, gain);
    out->re_core = zone_enhancement(core, pre, post, HEP_SHELL_CORE, gain);
    out->re_liver = zone_enhancement(liver, pre, post, HEP_SHELL_RING, gain);
    divisor = fmax(out->re_liver, floor);
    out->index = (out->re_rim - out->re_core) / divisor;
    minus[0] = -core[0];
    minus[1] = -core[1];
    out->re_rim_se = sqrt(variance_of(pre, post, both, rim, still));
    out->re_core_se = sqrt(variance_of(pre, post, both, still, core));
    liver_se = out->re_liver > floor ? hypot(liver[0] * pre->zone[HEP_SHELL_RING].se,
                                             liver[1] * post->zone[HEP_SHELL_RING].se)
                                     : 0.0;
    out->index_se =
        hypot(sqrt(variance_of(pre, post, both, rim, minus)), out->index * liver_se) / divisor;
}

static void pattern_absent(struct hep_ring_pattern *r)
{
    const double no = (double)NAN;

    *r = (struct hep_ring_pattern){ no, no, no, no, no, no, no, no, no, no, no, no, no };
}

/** Both images' sectors. */
static void add_images(struct rim *rim, struct blurred *b, const struct hep_lesion_measures *m,
                       const struct hep_shells *box, const struct hep_parts *layers,
                       const struct hep_series_set *series, enum hep_image image)
{
    const struct hep_series *of[2] = { &series->of[image], &series->of[HEP_IMAGE_PRECONTRAST] };
    const enum hep_image images[2] = { image, HEP_IMAGE_PRECONTRAST };

    for (int k = 0; k < 2; k++) {
        blur(b, m, box, layers, of[k], images[k]);
        add_image(rim, b, m, box, of[k], k == 0);
    }
    add_reliability(rim, b, box, of[1], of[0]);
}

static int measure_sectors(struct hep_ring_pattern *out, const struct hep_lesion_measures *m,
                           const struct hep_shells *box, const struct hep_series_set *series,
                           enum hep_image image, double gain, double aorta, struct hep_error *err)
{
    const struct hep_lesion_limits *limits = m->study->limits;
    const size_t n = hep_grid_voxels(&box->grid);
    const struct hep_series *pre = &series->of[HEP_IMAGE_PRECONTRAST], *post = &series->of[image];
    const double noise[2] = { pre->sd * sqrt(hep_voxels_per_sample(pre->rho, pre->noise_share)),
                              post->sd *
                                  sqrt(hep_voxels_per_sample(post->rho, post->noise_share)) };
    struct rim rim = { .n = (size_t)(limits->sectors_azimuth * limits->sectors_polar) };
    struct hep_parts layers = { 0 };
    struct blurred b;
    float *work = hep_alloc_aligned(6 * n, sizeof *work, err),
          *indices = hep_calloc(rim.n, sizeof *indices, err);
    int rc = work == NULL || indices == NULL ? HEP_ENOMEM : HEP_NEW(rim.sector, rim.n, err);

    if (rc == HEP_OK)
        rc = hep_parts_by_depth(&layers, box, limits->rim_depth_frac, err);
    if (rc == HEP_OK) {
        b = (struct blurred){
            work, work + n, work + 2 * n, work + 3 * n, work + 4 * n, work + 5 * n
        };
        add_images(&rim, &b, m, box, &layers, series, image);
        judge_sectors(out, &rim, noise, gain, fmax(out->re_liver, limits->flag.ring_liver_re_floor),
                      fmax(limits->flag.ring_index_min, 0.5 * out->index), aorta, indices);
        out->reliability = rim.n_voxels > 0.0 ? rim.reliability / rim.n_voxels : 1.0;
    }
    hep_parts_release(&layers);
    free(rim.sector);
    free(indices);
    free(work);
    return rc;
}

int hep_ring_pattern_of(struct hep_ring_pattern *out, const struct hep_lesion_measures *m,
                        const struct hep_shells *shells, const struct hep_series_set *series,
                        enum hep_phase phase, struct hep_error *err)
{
    const enum hep_image image = hep_phase_image(phase);
    const struct hep_image_stats *pre = &m->image[HEP_IMAGE_PRECONTRAST], *post = &m->image[image];
    const double(*organ)[HEP_ANATOMY_COUNT] = m->references->organ;
    const double by_muscle = hep_measure_muscle_gain(m, phase);
    const double gain = isfinite(by_muscle) ? by_muscle : 1.0;
    const double aorta =
        gain * organ[image][HEP_ANATOMY_AORTA] - organ[HEP_IMAGE_PRECONTRAST][HEP_ANATOMY_AORTA];

    pattern_absent(out);
    if (phase == HEP_PHASE_PRECONTRAST || !pre->resolved || !post->resolved ||
        !m->study->comparable[phase])
        return HEP_OK;
    measure_index(
        out, pre, post,
        hep_series_correlation(&series->of[HEP_IMAGE_PRECONTRAST], &series->of[image], shells),
        gain, m->study->limits->flag.ring_liver_re_floor);
    return measure_sectors(out, m, shells, series, image, gain, aorta, err);
}
