/* Enhancement of the rim by sector: how strong, how much of the way round, and whether one side
 * gains what the other loses. */
#include "lesions/measure.h"

#include "base/alloc.h"
#include "base/number.h"
#include "contrast/enhancement.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>

#define RIM_SHARE_MIN 0.75
#define GAP_QUANTILE 0.1

struct sector {
    double pre, post, n;
    double direction[3]; /* sum of unit vectors */
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

static bool unit_from_centre(double d[3], const struct hep_shells *s, size_t i)
{
    double length;

    hep_shells_world(d, s, i);
    for (int k = 0; k < 3; k++)
        d[k] -= s->centre_mm[k];
    length = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    for (int k = 0; k < 3; k++)
        d[k] /= length;
    return length > 0.0;
}

/** |grad S| before contrast at voxel i, by central differences along the index axes. */
static double gradient(const struct hep_lesion_study *study, const struct hep_shells *s, size_t i)
{
    const size_t stride[3] = { 1, s->grid.n[0], s->grid.n[0] * s->grid.n[1] };
    double spacing[3], sum = 0.0;

    hep_grid_spacing(spacing, &s->grid);
    for (int k = 0; k < 3; k++) {
        const size_t at = i / stride[k] % s->grid.n[k];
        double slope;

        if (at == 0 || at + 1 >= s->grid.n[k])
            continue;
        slope = (hep_measure_signal(study, s, HEP_IMAGE_PRECONTRAST, i + stride[k]) -
                 hep_measure_signal(study, s, HEP_IMAGE_PRECONTRAST, i - stride[k])) /
                (2.0 * spacing[k]);
        sum += slope * slope;
    }
    return sqrt(sum);
}

struct rim_sums {
    struct sector *sector;
    size_t n;
    double reliability, n_voxels;
};

static void add_rim(struct rim_sums *sums, const struct hep_lesion_measures *m,
                    const struct hep_shells *s, const float *share, enum hep_image image)
{
    const struct hep_image_stats *pre = &m->image[HEP_IMAGE_PRECONTRAST], *post = &m->image[image];
    const double ring_pre = pre->zone[HEP_SHELL_RING].median,
                 ring_post = post->zone[HEP_SHELL_RING].median;
    const double sigma_mm = 0.5 * m->study->image[image].registration_mm;
    const size_t n = hep_grid_voxels(&s->grid);

    for (size_t i = 0; i < n; i++) {
        double d[3], before, after;
        struct sector *to;

        if ((s->zone[i] & 1U << HEP_SHELL_RIM) == 0 || (double)share[i] < RIM_SHARE_MIN ||
            !unit_from_centre(d, s, i))
            continue;
        before = hep_measure_signal(m->study, s, HEP_IMAGE_PRECONTRAST, i);
        after = hep_measure_signal(m->study, s, image, i);
        if (!isfinite(before) || !isfinite(after))
            continue;
        to = &sums->sector[sector_of(d, m->study->limits)];
        to->pre += ring_pre + (before - ring_pre) / (double)share[i];
        to->post += ring_post + (after - ring_post) / (double)share[i];
        to->n += 1.0;
        for (int k = 0; k < 3; k++)
            to->direction[k] += d[k];
        sums->reliability +=
            exp(-gradient(m->study, s, i) * sigma_mm / pre->zone[HEP_SHELL_RING].mad);
        sums->n_voxels += 1.0;
    }
}

/** Cover, asymmetry and gap from the indices of the sectors; `indices` holds one per sector. */
static void judge_sectors(struct hep_ring_pattern *out, const struct rim_sums *sums, double gain,
                          double divisor, double limit, double aorta, float *indices)
{
    size_t count = 0;
    double covered = 0.0, mean = 0.0, moment[3] = { 0 }, gained = 0.0;

    for (size_t i = 0; i < sums->n; i++) {
        const struct sector *s = &sums->sector[i];
        double index;

        if (s->n < 1.0)
            continue;
        index = (hep_relative_enhancement(s->pre, gain * s->post) - out->re_core) / divisor;
        indices[count++] = (float)index;
        mean += index;
        if (index > limit) {
            covered += 1.0;
            gained += (gain * s->post - s->pre) / s->n;
        }
        for (int k = 0; k < 3; k++)
            moment[k] += index * s->direction[k] / s->n;
    }
    out->cover = count > 0 ? covered / (double)count : (double)NAN;
    out->gap = count > 0 ? hep_quantile(indices, count, GAP_QUANTILE) /
                               hep_quantile(indices, count, 1.0 - GAP_QUANTILE)
                         : (double)NAN;
    out->rim_over_aorta = covered > 0.0 ? gained / covered / aorta : (double)NAN;
    out->asymmetry = 3.0 *
                     sqrt(moment[0] * moment[0] + moment[1] * moment[1] + moment[2] * moment[2]) /
                     fabs(mean);
}

int hep_ring_pattern_of(struct hep_ring_pattern *out, const struct hep_lesion_measures *m,
                        const struct hep_shells *shells, const float *share, enum hep_phase phase,
                        struct hep_error *err)
{
    const struct hep_lesion_limits *limits = m->study->limits;
    const enum hep_image image = hep_phase_image(phase);
    const struct hep_zone_stats *pre = m->image[HEP_IMAGE_PRECONTRAST].zone,
                                *post = m->image[image].zone;
    const double(*organ)[HEP_ANATOMY_COUNT] = m->references->organ;
    const double by_muscle = hep_measure_muscle_gain(m, phase);
    const double gain = isfinite(by_muscle) ? by_muscle : 1.0;
    const double aorta =
        gain * organ[image][HEP_ANATOMY_AORTA] - organ[HEP_IMAGE_PRECONTRAST][HEP_ANATOMY_AORTA];
    struct rim_sums sums = { 0 };
    float *indices;
    double divisor;

    if (phase == HEP_PHASE_PRECONTRAST || m->study->image[HEP_IMAGE_PRECONTRAST].volume == NULL ||
        !m->study->comparable[phase] || !m->image[image].resolved ||
        !m->image[HEP_IMAGE_PRECONTRAST].resolved)
        return HEP_OK;
    sums.n = (size_t)(limits->sectors_azimuth * limits->sectors_polar);
    sums.sector = hep_calloc(sums.n, sizeof *sums.sector, err);
    indices = hep_calloc(sums.n, sizeof *indices, err);
    if (sums.sector == NULL || indices == NULL) {
        free(sums.sector);
        free(indices);
        return HEP_ENOMEM;
    }
    out->re_rim =
        hep_relative_enhancement(pre[HEP_SHELL_RIM].median, gain * post[HEP_SHELL_RIM].median);
    out->re_core =
        hep_relative_enhancement(pre[HEP_SHELL_CORE].median, gain * post[HEP_SHELL_CORE].median);
    out->re_liver =
        hep_relative_enhancement(pre[HEP_SHELL_RING].median, gain * post[HEP_SHELL_RING].median);
    divisor = fmax(out->re_liver, limits->flag.ring_liver_re_floor);
    out->index = (out->re_rim - out->re_core) / divisor;
    add_rim(&sums, m, shells, share, image);
    judge_sectors(out, &sums, gain, divisor, fmax(limits->flag.ring_index_min, 0.5 * out->index),
                  aorta, indices);
    out->reliability = sums.reliability / sums.n_voxels;
    free(sums.sector);
    free(indices);
    return HEP_OK;
}
