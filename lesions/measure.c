#include "lesions/measure.h"

#include "base/alloc.h"
#include "contrast/enhancement.h"
#include "image/stats.h"
#include "lesions/series.h"

#include <math.h>
#include <stdlib.h>

#define LESION_SHARE_MIN 0.3   /* of one voxel at least, or the lesion is too small */
#define LOCAL_EXCESS_FRAC 0.05 /* of the liver's ADC: heterogeneity that is no signal loss */
#define BRIGHT_PART_MIN 0.1    /* of the lesion: the least part that may be its brightest */

static const double none = (double)NAN;

/* ---- one image ------------------------------------------------------------------------------- */

/** Weights of the parts in a zone: w[zone][part]. */
static void zone_weights(double w[HEP_SHELL_COUNT][HEP_PART_COUNT], const struct hep_parts *parts)
{
    double all = 0.0;

    memset(w, 0, HEP_SHELL_COUNT * sizeof w[0]);
    for (int p = 0; p < HEP_LESION_PARTS; p++)
        all += parts->voxels[p];
    for (int p = 0; p < HEP_LESION_PARTS; p++)
        w[HEP_SHELL_WHOLE][p] = parts->voxels[p] / all;
    w[HEP_SHELL_RIM][HEP_PART_RIM] = 1.0;
    w[HEP_SHELL_CORE][HEP_PART_CORE] = 1.0;
    w[HEP_SHELL_RING][HEP_PART_LIVER] = 1.0;
}

/** Values of the zones and their covariance from those of the parts. */
static void zones_of(struct hep_image_stats *out, const struct hep_series *s,
                     const struct hep_parts *parts)
{
    double w[HEP_SHELL_COUNT][HEP_PART_COUNT], value[HEP_SHELL_COUNT] = { 0 };

    zone_weights(w, parts);
    for (int a = 0; a < HEP_SHELL_COUNT; a++) {
        for (int b = 0; b < HEP_SHELL_COUNT; b++) {
            out->cov[a][b] = 0.0;
            for (int p = 0; p < HEP_PART_COUNT; p++)
                for (int q = 0; q < HEP_PART_COUNT; q++)
                    out->cov[a][b] += w[a][p] * w[b][q] * s->cov[p][q];
        }
        for (int p = 0; p < HEP_PART_COUNT; p++)
            value[a] += w[a][p] * s->value[p];
        out->zone[a].median = value[a];
        out->zone[a].se = sqrt(out->cov[a][a]);
    }
    out->share_max = s->share_max;
    out->resolved = isfinite(value[HEP_SHELL_RIM]) && s->share_max >= LESION_SHARE_MIN;
    if (s->share_max >= LESION_SHARE_MIN) {
        out->lesion = value[HEP_SHELL_WHOLE];
        out->lesion_se = out->zone[HEP_SHELL_WHOLE].se;
    }
}

static void image_absent(struct hep_image_stats *out)
{
    for (int a = 0; a < HEP_SHELL_COUNT; a++) {
        out->zone[a] = (struct hep_zone_stats){ none, none, 0, none };
        for (int b = 0; b < HEP_SHELL_COUNT; b++)
            out->cov[a][b] = none;
    }
    out->lesion = out->lesion_se = out->share_max = none;
    out->resolved = false;
}

/** Median and spread of the lesion's voxels as they are, and how many there are of each zone. */
static int count_zones(struct hep_image_stats *out, const struct hep_series *s,
                       const struct hep_shells *box, const struct hep_parts *parts, float *buffer,
                       struct hep_error *err)
{
    struct hep_stats whole;
    size_t n = 0, count[HEP_SHELL_COUNT] = { 0 };
    int rc;

    for (size_t i = 0; i < hep_grid_voxels(&box->grid); i++) {
        const unsigned zone = box->zone[i];

        if (!isfinite(s->signal[i]))
            continue;
        count[HEP_SHELL_RING] += (zone & 1U << HEP_SHELL_RING) != 0;
        if ((zone & 1U << HEP_SHELL_WHOLE) == 0)
            continue;
        buffer[n++] = s->signal[i];
        count[HEP_SHELL_RIM] += (double)parts->share[HEP_PART_RIM][i] >= 0.5;
        count[HEP_SHELL_CORE] += (double)parts->share[HEP_PART_CORE][i] >= 0.5;
    }
    rc = hep_stats_of(&whole, buffer, n, err);
    count[HEP_SHELL_WHOLE] = n;
    /* A part that fills no voxel by half still has a value, with its error. */
    count[HEP_SHELL_RIM] += out->resolved && count[HEP_SHELL_RIM] == 0;
    count[HEP_SHELL_CORE] += out->resolved && count[HEP_SHELL_CORE] == 0;
    for (int k = 0; rc == HEP_OK && k < HEP_SHELL_COUNT; k++)
        out->zone[k].n = count[k];
    if (rc != HEP_OK)
        return rc;
    out->zone[HEP_SHELL_WHOLE].median = whole.median;
    out->zone[HEP_SHELL_WHOLE].mad = whole.mad;
    out->zone[HEP_SHELL_RIM].mad = s->spread[HEP_PART_RIM];
    out->zone[HEP_SHELL_CORE].mad = s->spread[HEP_PART_CORE];
    out->zone[HEP_SHELL_RING].mad = s->sd;
    return HEP_OK;
}

static int measure_images(struct hep_lesion_measures *m, const struct hep_shells *box,
                          const struct hep_series_set *series, const struct hep_parts *parts,
                          struct hep_error *err)
{
    float *buffer = hep_calloc(hep_grid_voxels(&box->grid), sizeof *buffer, err);
    int rc = buffer == NULL ? HEP_ENOMEM : HEP_OK;

    for (int i = 0; rc == HEP_OK && i < HEP_IMAGE_COUNT; i++) {
        struct hep_image_stats *out = &m->image[i];

        image_absent(out);
        if (series->of[i].signal == NULL)
            continue;
        zones_of(out, &series->of[i], parts);
        rc = count_zones(out, &series->of[i], box, parts, buffer, err);
    }
    free(buffer);
    return rc;
}

struct hep_estimate_se hep_zone_ratio(const struct hep_image_stats *s, enum hep_shell a,
                                      enum hep_shell b)
{
    const double x = a == HEP_SHELL_WHOLE ? s->lesion : s->zone[a].median;
    const double y = b == HEP_SHELL_WHOLE ? s->lesion : s->zone[b].median;
    const double ratio = x / y;
    const double variance =
        s->cov[a][a] - 2.0 * ratio * s->cov[a][b] + ratio * ratio * s->cov[b][b];

    return (struct hep_estimate_se){ ratio, sqrt(fmax(variance, 0.0)) / fabs(y) };
}

/* ---- what follows from two images ------------------------------------------------------------ */

double hep_log_ratio_se(double x, double x_se, double y, double y_se, double correlation)
{
    const double a = x_se / x, b = y_se / y;

    return sqrt(fmax(a * a + b * b - 2.0 * correlation * a * b, 0.0));
}

/** Signal of the brightest part over that of the liver. */
static struct hep_estimate_se brightest(const struct hep_series *s, const struct hep_parts *parts)
{
    const double liver = s->value[HEP_PART_LIVER];
    struct hep_estimate_se best = { none, none };
    double all = 0.0;

    for (int p = 0; p < HEP_LESION_PARTS; p++)
        all += parts->voxels[p];
    for (int p = 0; p < HEP_LESION_PARTS; p++) {
        const double x = s->value[p] / liver;

        if (parts->voxels[p] < BRIGHT_PART_MIN * all || x <= best.value || !isfinite(x))
            continue;
        best.value = x;
        best.se = sqrt(s->cov[p][p]) / liver;
    }
    return best;
}

static void measure_phase(struct hep_lesion_measures *m, enum hep_phase phase,
                          const struct hep_shells *box, const struct hep_series_set *series,
                          const struct hep_parts *parts)
{
    const enum hep_image image = hep_phase_image(phase);
    const struct hep_image_stats *now = &m->image[image], *pre = &m->image[HEP_IMAGE_PRECONTRAST];
    const double portal =
        m->references->organ[image][HEP_ANATOMY_PORTAL_VEIN] / m->references->portal_liver[image];
    const struct hep_estimate_se ratio = hep_zone_ratio(now, HEP_SHELL_WHOLE, HEP_SHELL_RING);
    const struct hep_estimate_se bright = brightest(&series->of[image], parts);

    m->ratio[phase] = ratio.value;
    m->ratio_se[phase] = ratio.se;
    m->pool[phase] = ratio.value / portal;
    m->pool_se[phase] = ratio.se / portal;
    m->pool_bright[phase] = bright.value / portal;
    m->pool_bright_se[phase] = bright.se / portal;
    m->re[phase] = m->re_gain_free[phase] = m->re_se[phase] = none;
    if (phase == HEP_PHASE_PRECONTRAST || !m->study->comparable[phase] || m->study->agent == NULL)
        return;
    m->re[phase] = hep_relative_enhancement(pre->lesion, now->lesion);
    m->re_se[phase] =
        (1.0 + m->re[phase]) *
        hep_log_ratio_se(
            now->lesion, now->lesion_se, pre->lesion, pre->lesion_se,
            hep_series_correlation(&series->of[image], &series->of[HEP_IMAGE_PRECONTRAST], box));
    m->re_gain_free[phase] = (1.0 + m->re[phase]) * hep_measure_muscle_gain(m, phase) - 1.0;
}

/* ---- diffusion ------------------------------------------------------------------------------- */

static double z_of(const struct hep_image_stats *s, double value)
{
    return (value - s->zone[HEP_SHELL_RING].median) / s->zone[HEP_SHELL_RING].mad;
}

static double zone_value(const struct hep_image_stats *s, enum hep_shell zone)
{
    return zone == HEP_SHELL_WHOLE ? s->lesion : s->resolved ? s->zone[zone].median : none;
}

/** ADC of a zone from its signals at the lowest and highest b, else from the map. */
static struct hep_estimate_se zone_adc(const struct hep_lesion_measures *m,
                                       const struct hep_shells *box,
                                       const struct hep_series_set *series, enum hep_shell zone)
{
    const struct hep_image_stats *lo = &m->image[HEP_IMAGE_B_LOW],
                                 *hi = &m->image[HEP_IMAGE_B_HIGH];
    const double step = m->study->b_high_s_per_mm2 - m->study->b_low_s_per_mm2;
    const double x = zone_value(lo, zone), y = zone_value(hi, zone);
    const double both =
        hep_series_correlation(&series->of[HEP_IMAGE_B_LOW], &series->of[HEP_IMAGE_B_HIGH], box);

    if (!(step > 0.0) || !isfinite(x) || !isfinite(y)) {
        const double mapped = zone_value(&m->image[HEP_IMAGE_ADC], zone);

        return (struct hep_estimate_se){ mapped, isfinite(mapped)
                                                     ? m->image[HEP_IMAGE_ADC].zone[zone].se
                                                     : none };
    }
    if (!(x > 0.0 && y > 0.0))
        return (struct hep_estimate_se){ none, none };
    return (struct hep_estimate_se){
        log(x / y) / step, hep_log_ratio_se(x, lo->zone[zone].se, y, hi->zone[zone].se, both) / step
    };
}

/** The zone whose ADC is most surely low. */
static void find_lowest(struct hep_lesion_measures *m)
{
    const struct hep_estimate_se adc[3] = { { m->adc, m->adc_se },
                                            { m->adc_rim, m->adc_rim_se },
                                            { m->adc_core, m->adc_core_se } };
    const double z[3] = { m->b_high_z, m->b_high_z_rim, m->b_high_z_core };
    double least = (double)INFINITY;

    m->adc_lowest = m->adc_lowest_se = m->b_high_z_lowest = none;
    for (int k = 0; k < 3; k++) {
        if (!(adc[k].value + adc[k].se < least))
            continue;
        least = adc[k].value + adc[k].se;
        m->adc_lowest = adc[k].value;
        m->adc_lowest_se = adc[k].se;
        m->b_high_z_lowest = z[k];
    }
}

static void measure_diffusion(struct hep_lesion_measures *m, const struct hep_shells *box,
                              const struct hep_series_set *series)
{
    const struct hep_image_stats *map = &m->image[HEP_IMAGE_ADC], *b = &m->image[HEP_IMAGE_B_HIGH];
    const double liver = m->references->organ[HEP_IMAGE_ADC][HEP_ANATOMY_LIVER];
    const double ring = map->zone[HEP_SHELL_RING].median, excess = ring - liver;
    const struct hep_estimate_se whole = zone_adc(m, box, series, HEP_SHELL_WHOLE),
                                 rim = zone_adc(m, box, series, HEP_SHELL_RIM),
                                 core = zone_adc(m, box, series, HEP_SHELL_CORE);

    m->adc_local_excess = excess > LOCAL_EXCESS_FRAC * liver ? excess : 0.0;
    m->adc_liver = isfinite(ring) ? ring - m->adc_local_excess : liver;
    m->adc_liver_se = map->zone[HEP_SHELL_RING].se;
    m->adc = whole.value - m->adc_local_excess;
    m->adc_rim = rim.value - m->adc_local_excess;
    m->adc_core = core.value - m->adc_local_excess;
    m->adc_se = whole.se;
    m->adc_rim_se = rim.se;
    m->adc_core_se = core.se;
    m->b_high_z = z_of(b, b->lesion);
    m->b_high_z_rim = z_of(b, zone_value(b, HEP_SHELL_RIM));
    m->b_high_z_core = z_of(b, zone_value(b, HEP_SHELL_CORE));
    find_lowest(m);
}

static void measure_targets(struct hep_lesion_measures *m)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        const struct hep_zone_stats *rim = &m->image[i].zone[HEP_SHELL_RIM],
                                    *core = &m->image[i].zone[HEP_SHELL_CORE];
        const double n = (double)(rim->n + core->n);
        double(*cov)[HEP_SHELL_COUNT] = m->image[i].cov;
        const double spread =
            ((double)rim->n * rim->mad * rim->mad + (double)core->n * core->mad * core->mad) / n;
        const double pooled =
            sqrt(spread + cov[HEP_SHELL_RIM][HEP_SHELL_RIM] + cov[HEP_SHELL_CORE][HEP_SHELL_CORE] -
                 2.0 * cov[HEP_SHELL_RIM][HEP_SHELL_CORE]);

        m->targetoid[i] =
            m->image[i].resolved && pooled > 0.0 ? (rim->median - core->median) / pooled : none;
        m->rim_over_liver[i] = hep_zone_ratio(&m->image[i], HEP_SHELL_RIM, HEP_SHELL_RING);
        m->rim_over_core[i] = hep_zone_ratio(&m->image[i], HEP_SHELL_RIM, HEP_SHELL_CORE);
    }
}

int hep_measure_lesion(struct hep_lesion_measures *out, const struct hep_lesion_study *study,
                       const struct hep_references *references, const struct hep_shells *shells,
                       const struct hep_series_set *series, const struct hep_parts *parts,
                       struct hep_error *err)
{
    int rc;

    *out = (struct hep_lesion_measures){ .study = study,
                                         .references = references,
                                         .n_parts = parts->n };
    rc = measure_images(out, shells, series, parts, err);
    if (rc != HEP_OK)
        return rc;
    for (int p = 0; p < HEP_PHASE_COUNT; p++)
        measure_phase(out, (enum hep_phase)p, shells, series, parts);
    for (int p = 0; rc == HEP_OK && p < HEP_PHASE_COUNT; p++)
        rc = hep_ring_pattern_of(&out->ring[p], out, shells, series, (enum hep_phase)p, err);
    measure_diffusion(out, shells, series);
    measure_targets(out);
    return rc;
}
