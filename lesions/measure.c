#include "lesions/measure.h"

#include "base/alloc.h"
#include "contrast/enhancement.h"
#include "contrast/gain.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>

#define SHELL_SHARE_MIN 0.75   /* rim and core: least lesion share of a voxel */
#define LESION_SHARE_MIN 0.3   /* whole: a voxel must reach this, or the lesion is too small */
#define BRIGHT_QUANTILE 0.9    /* middle of the brightest fifth */
#define LOCAL_EXCESS_FRAC 0.05 /* of the liver's ADC: heterogeneity that is no signal loss */
#define UNMIXED_SE_MAX                                                                             \
    0.15e-3 /* mm2/s: an interval as wide as from restricted to shine-through                      \
             */
/* What remains of scatter in large simulated lesions, whose layers are not thirds of their depth.
 */
#define UNMIXED_MODEL_FRAC 0.02
#define MEDIAN_SE 1.2533 /* standard error of a median over that of a mean, normal values */

double hep_measure_signal(const struct hep_lesion_study *study, const struct hep_shells *shells,
                          enum hep_image image, size_t i)
{
    const size_t *n = study->grid.n, *box = shells->grid.n;
    const size_t in_box[3] = { i % box[0], i / box[0] % box[1], i / (box[0] * box[1]) };
    size_t at = 0, stride = 1;

    for (int k = 0; k < 3; k++) {
        const long x = (long)(shells->lo[k] + in_box[k]) + shells->shift[image][k];

        if (x < 0 || x >= (long)n[k])
            return (double)NAN;
        at += stride * (size_t)x;
        stride *= n[k];
    }
    return (double)study->image[image].volume->data[at];
}

/* ---- one image ------------------------------------------------------------------------------- */

static int stats_of(struct hep_zone_stats *out, const float *x, size_t n, struct hep_error *err)
{
    struct hep_stats s;
    int rc = hep_stats_of(&s, x, n, err);

    if (rc == HEP_OK)
        *out = (struct hep_zone_stats){ s.median, s.mad, s.n };
    return rc;
}

double hep_measure_voxels_per_sample(const struct hep_lesion_study *study, enum hep_image image)
{
    const double *h = study->image[image].native_mm;

    return fmax(1.0, h[0] * h[1] * h[2] / hep_grid_voxel_mm3(&study->grid));
}

static void whole_value(struct hep_image_stats *out, const struct hep_lesion_study *study,
                        const struct hep_shells *s, const float *share, enum hep_image image)
{
    const size_t n = hep_grid_voxels(&s->grid);
    const double ring = out->zone[HEP_SHELL_RING].median;
    double sum = 0.0, sum2 = 0.0;

    out->share_max = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double p = (double)share[i];
        double x;

        if ((s->zone[i] & 1U << HEP_SHELL_WHOLE) == 0)
            continue;
        x = hep_measure_signal(study, s, image, i);
        if (!isfinite(x))
            continue;
        out->share_max = fmax(out->share_max, p);
        sum += p * (x - ring);
        sum2 += p * p;
    }
    out->lesion = out->lesion_se = (double)NAN;
    if (out->share_max < LESION_SHARE_MIN)
        return;
    out->lesion = ring + sum / sum2;
    out->lesion_se =
        out->zone[HEP_SHELL_RING].mad * sqrt(hep_measure_voxels_per_sample(study, image) / sum2);
}

/** Values of one shell into `buffer`: as they are for whole and ring, freed of liver for rim and
 * core. */
static size_t gather(float *buffer, const struct hep_lesion_study *study,
                     const struct hep_shells *s, const float *share, enum hep_image image,
                     enum hep_shell shell, double ring)
{
    const bool plain = shell == HEP_SHELL_WHOLE || shell == HEP_SHELL_RING;
    const size_t n = hep_grid_voxels(&s->grid);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        double x;

        if ((s->zone[i] & 1U << shell) == 0 || (!plain && (double)share[i] < SHELL_SHARE_MIN))
            continue;
        x = hep_measure_signal(study, s, image, i);
        if (isfinite(x))
            buffer[count++] = (float)(plain ? x : ring + (x - ring) / (double)share[i]);
    }
    return count;
}

static int measure_image(struct hep_image_stats *out, const struct hep_lesion_study *study,
                         const struct hep_shells *s, const float *share, float *buffer,
                         enum hep_image image, struct hep_error *err)
{
    int rc = HEP_OK;

    out->resolved = hep_shells_resolved(&out->depth_voxels, s, &study->image[image], study->limits);
    /* The ring comes last in the enumeration and is needed first. */
    for (int shell = HEP_SHELL_COUNT - 1; rc == HEP_OK && shell >= 0; shell--) {
        const size_t count = gather(buffer, study, s, share, image, (enum hep_shell)shell,
                                    out->zone[HEP_SHELL_RING].median);

        rc = stats_of(&out->zone[shell], buffer, count, err);
    }
    if (rc == HEP_OK)
        whole_value(out, study, s, share, image);
    return rc;
}

static void image_absent(struct hep_image_stats *out)
{
    const struct hep_zone_stats none = { (double)NAN, (double)NAN, 0 };

    for (int shell = 0; shell < HEP_SHELL_COUNT; shell++)
        out->zone[shell] = none;
    out->lesion = out->lesion_se = out->share_max = out->depth_voxels = (double)NAN;
    out->resolved = false;
}

/* ---- what follows from the images ------------------------------------------------------------ */

static void ring_absent(struct hep_ring_pattern *r)
{
    const double none = (double)NAN;

    *r = (struct hep_ring_pattern){ none, none, none, none, none, none, none, none, none };
}

double hep_measure_muscle_gain(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    const double(*organ)[HEP_ANATOMY_COUNT] = m->references->organ;

    return hep_gain_by_muscle(m->study->agent, phase,
                              organ[HEP_IMAGE_PRECONTRAST][HEP_ANATOMY_MUSCLE],
                              organ[hep_phase_image(phase)][HEP_ANATOMY_MUSCLE]);
}

static void measure_phase(struct hep_lesion_measures *m, enum hep_phase phase)
{
    const enum hep_image image = hep_phase_image(phase);
    const struct hep_image_stats *now = &m->image[image], *pre = &m->image[HEP_IMAGE_PRECONTRAST];
    const double portal =
        m->references->organ[image][HEP_ANATOMY_PORTAL_VEIN] / m->references->portal_liver[image];
    const double ring = now->zone[HEP_SHELL_RING].median;
    const double bright = m->pool_bright[phase]; /* signal so far */

    m->ratio[phase] = hep_contrast_ratio(ring, now->lesion);
    m->pool[phase] = m->ratio[phase] / portal;
    m->pool_bright[phase] = bright / ring / portal;
    m->re[phase] = m->re_gain_free[phase] = (double)NAN;
    if (phase == HEP_PHASE_PRECONTRAST || !m->study->comparable[phase] || m->study->agent == NULL)
        return;
    m->re[phase] = hep_relative_enhancement(pre->lesion, now->lesion);
    m->re_gain_free[phase] = (1.0 + m->re[phase]) * hep_measure_muscle_gain(m, phase) - 1.0;
}

static double z_of(const struct hep_image_stats *s, double value)
{
    return (value - s->zone[HEP_SHELL_RING].median) / s->zone[HEP_SHELL_RING].mad;
}

static double zone_or_nan(const struct hep_image_stats *s, enum hep_shell shell)
{
    return s->resolved ? s->zone[shell].median : (double)NAN;
}

/** Rim and core by the fit of both where it is precise enough, else by the medians of shells that
 * the series resolves. */
static void measure_zones(struct hep_lesion_measures *m, const struct hep_unmixed *u)
{
    const struct hep_image_stats *adc = &m->image[HEP_IMAGE_ADC], *b = &m->image[HEP_IMAGE_B_HIGH];
    const double zone_se = MEDIAN_SE * m->adc_se *
                           sqrt((double)adc->zone[HEP_SHELL_WHOLE].n /
                                fmax(1.0, fmin((double)adc->zone[HEP_SHELL_RIM].n,
                                               (double)adc->zone[HEP_SHELL_CORE].n)));

    m->adc_unmixed = u->adc_rim_se <= UNMIXED_SE_MAX;
    m->adc_rim = zone_or_nan(adc, HEP_SHELL_RIM) - m->adc_local_excess;
    m->adc_core = zone_or_nan(adc, HEP_SHELL_CORE) - m->adc_local_excess;
    m->adc_rim_se = m->adc_core_se = zone_se;
    m->b_high_z_rim = z_of(b, zone_or_nan(b, HEP_SHELL_RIM));
    m->b_high_z_core = z_of(b, zone_or_nan(b, HEP_SHELL_CORE));
    if (!m->adc_unmixed)
        return;
    m->adc_rim = u->adc_rim - m->adc_local_excess;
    m->adc_rim_se = hypot(u->adc_rim_se, UNMIXED_MODEL_FRAC * m->adc_rim);
    m->b_high_z_rim = z_of(b, u->b_high_rim);
    /* Where the core is not told apart as well it is left out. */
    m->adc_core =
        u->adc_core_se <= UNMIXED_SE_MAX ? u->adc_core - m->adc_local_excess : (double)NAN;
    m->adc_core_se = hypot(u->adc_core_se, UNMIXED_MODEL_FRAC * m->adc_core);
    m->b_high_z_core = z_of(b, u->b_high_core);
}

static void measure_diffusion(struct hep_lesion_measures *m, const struct hep_unmixed *unmixed)
{
    const struct hep_image_stats *adc = &m->image[HEP_IMAGE_ADC], *se = &m->image[HEP_IMAGE_ADC_SE],
                                 *b = &m->image[HEP_IMAGE_B_HIGH];
    const double liver = m->references->organ[HEP_IMAGE_ADC][HEP_ANATOMY_LIVER];
    const double ring = adc->zone[HEP_SHELL_RING].median;
    const double excess = ring - liver;
    const double samples = (double)adc->zone[HEP_SHELL_WHOLE].n /
                           hep_measure_voxels_per_sample(m->study, HEP_IMAGE_ADC);
    const double of_fit = se->zone[HEP_SHELL_WHOLE].median / sqrt(fmax(1.0, samples));

    m->adc_local_excess = excess > LOCAL_EXCESS_FRAC * liver ? excess : 0.0;
    m->adc_liver = isfinite(ring) ? ring - m->adc_local_excess : liver;
    m->adc = adc->lesion - m->adc_local_excess;
    m->adc_se = isfinite(of_fit) ? fmax(of_fit, adc->lesion_se) : adc->lesion_se;
    m->b_high_z = z_of(b, b->lesion);
    measure_zones(m, unmixed);
}

static void measure_targetoid(struct hep_lesion_measures *m)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        const struct hep_zone_stats *rim = &m->image[i].zone[HEP_SHELL_RIM],
                                    *core = &m->image[i].zone[HEP_SHELL_CORE];
        const double n = (double)(rim->n + core->n);
        const double pooled = sqrt(
            ((double)rim->n * rim->mad * rim->mad + (double)core->n * core->mad * core->mad) / n);

        m->targetoid[i] = m->image[i].resolved && pooled > 0.0
                              ? (rim->median - core->median) / pooled
                              : (double)NAN;
    }
}

/** Share map of an image; made anew only when its voxels mix otherwise than the last one's. */
static int share_for(float **share, const struct hep_lesion_image **last,
                     const struct hep_shells *s, const struct hep_lesion_image *image,
                     struct hep_error *err)
{
    double differs = 0.0;

    for (int k = 0; *last != NULL && k < 3; k++)
        differs += fabs((*last)->native_mm[k] - image->native_mm[k]);
    if (*last != NULL && !(differs > 0.0) && (*last)->moved == image->moved)
        return HEP_OK;
    free(*share);
    *share = NULL;
    *last = image;
    return hep_shells_share(share, s, image, err);
}

/** Signal that the brightest fifth of the lesion has in a phase. */
static double bright_of(float *buffer, const struct hep_lesion_measures *m,
                        const struct hep_shells *s, const float *share, enum hep_image image)
{
    const double ring = m->image[image].zone[HEP_SHELL_RING].median;
    const size_t n = hep_grid_voxels(&s->grid);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        double x;

        if ((s->zone[i] & 1U << HEP_SHELL_WHOLE) == 0 || (double)share[i] < SHELL_SHARE_MIN)
            continue;
        x = hep_measure_signal(m->study, s, image, i);
        if (isfinite(x))
            buffer[count++] = (float)(ring + (x - ring) / (double)share[i]);
    }
    return count > 0 ? hep_quantile(buffer, count, BRIGHT_QUANTILE) : (double)NAN;
}

static int measure_images(struct hep_lesion_measures *m, const struct hep_shells *s, float *buffer,
                          struct hep_error *err)
{
    float *share = NULL;
    const struct hep_lesion_image *last = NULL;
    int rc = HEP_OK;

    for (int i = 0; rc == HEP_OK && i < HEP_IMAGE_COUNT; i++) {
        const enum hep_image image = (enum hep_image)i;
        const enum hep_phase phase = hep_image_phase(image);

        if (m->study->image[i].volume == NULL) {
            image_absent(&m->image[i]);
            continue;
        }
        rc = share_for(&share, &last, s, &m->study->image[i], err);
        if (rc == HEP_OK)
            rc = measure_image(&m->image[i], m->study, s, share, buffer, image, err);
        if (rc == HEP_OK && phase != HEP_PHASE_COUNT) {
            m->pool_bright[phase] = bright_of(buffer, m, s, share, image);
            rc = hep_ring_pattern_of(&m->ring[phase], m, s, share, phase, err);
        }
    }
    free(share);
    return rc;
}

int hep_measure_lesion(struct hep_lesion_measures *out, const struct hep_lesion_study *study,
                       const struct hep_references *references, const struct hep_shells *shells,
                       struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&shells->grid);
    float *buffer = hep_calloc(n, sizeof *buffer, err);
    struct hep_unmixed unmixed;
    int rc;

    if (buffer == NULL)
        return HEP_ENOMEM;
    *out = (struct hep_lesion_measures){ .study = study, .references = references };
    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        ring_absent(&out->ring[p]);
        out->pool_bright[p] = (double)NAN;
    }
    rc = measure_images(out, shells, buffer, err);
    for (int p = 0; rc == HEP_OK && p < HEP_PHASE_COUNT; p++)
        measure_phase(out, (enum hep_phase)p);
    if (rc == HEP_OK)
        rc = hep_measure_unmix(&unmixed, out, shells, err);
    if (rc == HEP_OK) {
        measure_diffusion(out, &unmixed);
        measure_targetoid(out);
    }
    free(buffer);
    return rc;
}
