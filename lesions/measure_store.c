/* From what was measured to the measures of the dictionary. */
#include "lesions/measure.h"

#include "base/alloc.h"
#include "contrast/enhancement.h"
#include "image/stats.h"
#include "lesions/series.h"

#include <math.h>
#include <stdlib.h>

#define FAT_MAX 0.5    /* dual echo is ambiguous beyond */
#define SOLID_GAIN 0.2 /* of the liver's signal before contrast: below it is fluid or nearly so */
/* T2-weighted signal of spleen over liver, T2 near 61 over 34 ms at an echo time of 80 to 90 ms;
 * stands in where the spleen is not known. Expert value. */
#define SPLEEN_OVER_LIVER_T2 3.0

/** Median, spread and count of every shell of every image the study has. */
static void store_images(struct hep_measures *f, const struct hep_lesion_measures *m)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        const enum hep_image image = (enum hep_image)i;
        const struct hep_image_stats *s = &m->image[i];

        if (m->study->image[i].volume == NULL)
            continue;
        for (int k = 0; k < HEP_SHELL_COUNT; k++) {
            const enum hep_shell shell = (enum hep_shell)k;
            const bool told_apart = shell == HEP_SHELL_WHOLE || shell == HEP_SHELL_RING;
            const bool shown = told_apart || s->resolved;
            const struct hep_zone_stats *z = &s->zone[k];

            hep_measures_set(f, hep_measure_of_shell(HEP_MF_ZONE_MEDIAN, image, shell),
                             shown ? z->median : (double)NAN);
            hep_measures_set(f, hep_measure_of_shell(HEP_MF_ZONE_MAD, image, shell),
                             shown ? z->mad : (double)NAN);
            hep_measures_set(f, hep_measure_of_shell(HEP_MF_ZONE_N, image, shell), (double)z->n);
        }
        hep_measures_set(f, hep_measure_of_image(HEP_MF_CORRECTED, image), s->lesion);
    }
}

static void store_diffusion(struct hep_measures *f, const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *b = &m->image[HEP_IMAGE_B_HIGH];

    hep_measures_set(f, HEP_M_ADC, m->adc);
    hep_measures_set(f, HEP_M_ADC_SE, m->adc_se);
    hep_measures_set(f, HEP_M_ADC_RIM, m->adc_rim);
    hep_measures_set(f, HEP_M_ADC_CORE, m->adc_core);
    hep_measures_set(f, HEP_M_ADC_RIM_SE, m->adc_rim_se);
    hep_measures_set(f, HEP_M_ADC_CORE_SE, m->adc_core_se);
    hep_measures_set(f, HEP_M_ADC_LOWEST, m->adc_lowest);
    hep_measures_set(f, HEP_M_ADC_LOWEST_SE, m->adc_lowest_se);
    hep_measures_set(f, HEP_M_ADC_LIVER, m->adc_liver);
    hep_measures_set(f, HEP_M_ADC_LOCAL_EXCESS, m->adc_local_excess);
    hep_measures_set(f, HEP_M_ADC_LIVER_RATIO, m->adc / m->adc_liver);
    hep_measures_set(f, HEP_M_B_HIGH_Z, m->b_high_z);
    hep_measures_set(f, HEP_M_B_HIGH_Z_RIM, m->b_high_z_rim);
    hep_measures_set(f, HEP_M_B_HIGH_Z_CORE, m->b_high_z_core);
    hep_measures_set(f, HEP_M_B_HIGH_RATIO,
                     hep_contrast_ratio(b->zone[HEP_SHELL_RING].median, b->lesion));
}

/** T2-weighted signal against organs, by way of the liver so that receive fields cancel nearby. */
static void store_t2(struct hep_measures *f, const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *t2 = &m->image[HEP_IMAGE_T2];
    const double *organ = m->references->organ[HEP_IMAGE_T2];
    const double ratio = hep_contrast_ratio(t2->zone[HEP_SHELL_RING].median, t2->lesion);

    hep_measures_set(f, HEP_M_T2_LIVER_RATIO, ratio);
    hep_measures_set(f, HEP_M_T2_SPLEEN_RATIO,
                     ratio * organ[HEP_ANATOMY_LIVER] / organ[HEP_ANATOMY_SPLEEN]);
    hep_measures_set(f, HEP_M_T2_SIGNAL_RATIO,
                     isfinite(organ[HEP_ANATOMY_SPLEEN])
                         ? ratio * organ[HEP_ANATOMY_LIVER] / organ[HEP_ANATOMY_SPLEEN]
                         : ratio / SPLEEN_OVER_LIVER_T2);
    hep_measures_set(f, HEP_M_T2_MUSCLE_RATIO,
                     ratio * organ[HEP_ANATOMY_LIVER] / organ[HEP_ANATOMY_MUSCLE]);
    hep_measures_set(f, HEP_M_T2, m->image[HEP_IMAGE_T2_MAP].lesion);
}

static void store_fat(struct hep_measures *f, const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *ff = &m->image[HEP_IMAGE_FAT_FRACTION];

    hep_measures_set(f, HEP_M_FAT, ff->lesion);
    hep_measures_set(f, HEP_M_FAT_EXCESS, ff->lesion - ff->zone[HEP_SHELL_RING].median);
    hep_measures_set(f, HEP_M_R2STAR, m->image[HEP_IMAGE_R2STAR].lesion);
}

/** Water share of the liver over that of the lesion, 1 when fat is not known. */
static double liver_water(const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *ff = &m->image[HEP_IMAGE_FAT_FRACTION];
    const double liver = 1.0 - fmin(fmax(ff->zone[HEP_SHELL_RING].median, 0.0), FAT_MAX);
    const double lesion = 1.0 - fmin(fmax(ff->lesion, 0.0), FAT_MAX);

    return isfinite(ff->lesion) && isfinite(ff->zone[HEP_SHELL_RING].median) ? liver / lesion : 1.0;
}

/** Signal gained since before contrast, in units of the liver's then without its fat, which
 * fat-suppressed series do not show: what little signal fluid has does not make its noise an
 * enhancement. Median of the phases, so that one bad one does not decide. */
static double gain_of_liver(const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *pre = &m->image[HEP_IMAGE_PRECONTRAST];
    float gain[HEP_PHASE_COUNT];
    size_t n = 0;

    for (int p = HEP_PHASE_ARTERIAL; p < HEP_PHASE_COUNT; p++) {
        const double by_muscle = hep_measure_muscle_gain(m, (enum hep_phase)p);
        const double x = (isfinite(by_muscle) ? by_muscle : 1.0) *
                             m->image[hep_phase_image((enum hep_phase)p)].lesion -
                         pre->lesion;

        if (isfinite(m->re[p]))
            gain[n++] = (float)(x / pre->zone[HEP_SHELL_RING].median * liver_water(m));
    }
    return n == 0 ? (double)NAN : hep_quantile(gain, n, 0.5);
}

static void store_t1(struct hep_measures *f, const struct hep_lesion_measures *m)
{
    const struct hep_agent *agent = m->study->agent;
    const double gain = gain_of_liver(m);
    const bool uptake = agent != NULL && agent->windows[HEP_PHASE_HEPATOBILIARY].defined;

    hep_measures_set(f, HEP_M_ENHANCEMENT_LIVER_UNITS, gain);
    /* How much a solid lesion enhances tells its kind only next to hepatocytes that take up. */
    hep_measures_set(f, HEP_M_ENHANCEMENT_JUDGED, uptake || gain < SOLID_GAIN ? gain : (double)NAN);
    hep_measures_set(f, HEP_M_T1_WATER_RATIO, m->ratio[HEP_PHASE_PRECONTRAST] * liver_water(m));
}

static void store_phases(struct hep_measures *f, const struct hep_lesion_measures *m)
{
    double strongest = (double)NAN, furthest = (double)NAN;

    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        const enum hep_phase phase = (enum hep_phase)p;
        const struct hep_ring_pattern *r = &m->ring[p];

        if (m->study->image[hep_phase_image((enum hep_phase)p)].volume == NULL)
            continue;
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RATIO, phase), m->ratio[p]);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RATIO_SE, phase), m->ratio_se[p]);
        if (p == HEP_PHASE_PRECONTRAST)
            continue;
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RE, phase), m->re[p]);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RE_BY_MUSCLE, phase), m->re_gain_free[p]);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_POOL_RATIO, phase), m->pool[p]);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_POOL_BRIGHTEST, phase), m->pool_bright[p]);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RE_RIM, phase), r->re_rim);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RE_CORE, phase), r->re_core);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RE_LIVER, phase), r->re_liver);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RING_INDEX, phase), r->index);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RING_INDEX_SE, phase), r->index_se);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RING_COVER, phase), r->cover);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RING_ASYMMETRY, phase), r->asymmetry);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RING_GAP, phase), r->gap);
        hep_measures_set(f, hep_measure_of_phase(HEP_MF_RING_RELIABILITY, phase), r->reliability);
        if (p != HEP_PHASE_ARTERIAL && p != HEP_PHASE_HEPATOBILIARY)
            furthest = fmax(furthest, fabs(m->pool_bright[p] - 1.0));
        strongest = fmax(strongest, isfinite(m->re_gain_free[p]) ? m->re_gain_free[p] : m->re[p]);
    }
    hep_measures_set(f, HEP_M_ENHANCEMENT_MAX, strongest);
    store_t1(f, m);
    hep_measures_set(f, HEP_M_POOL_BRIGHTEST_OFF, furthest);
}

/** Voxels of the lesion before contrast and in the hepatobiliary phase. */
static int store_sdr(struct hep_measures *f, const struct hep_series_set *series,
                     const struct hep_shells *s, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&s->grid), room = s->n[HEP_SHELL_WHOLE];
    float *pre = hep_calloc(room, sizeof *pre, err), *hbp = hep_calloc(room, sizeof *hbp, err);
    size_t count = 0;
    int rc = HEP_OK;

    if (pre == NULL || hbp == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        if (!hep_shells_has(s, i, HEP_SHELL_WHOLE))
            continue;
        pre[count] = series->of[HEP_IMAGE_PRECONTRAST].signal[i];
        hbp[count++] = series->of[HEP_IMAGE_HEPATOBILIARY].signal[i];
    }
    hep_measures_set(f, HEP_M_SDR_A, hep_sdr_a(pre, hbp, count));
    hep_measures_set(f, HEP_M_SDR_B, hep_sdr_b(pre, hbp, count));
out:
    free(pre);
    free(hbp);
    return rc;
}

static int store_hepatobiliary(struct hep_measures *f, const struct hep_lesion_measures *m,
                               const struct hep_shells *s, const struct hep_series_set *series,
                               struct hep_error *err)
{
    const struct hep_image_stats *pre = &m->image[HEP_IMAGE_PRECONTRAST],
                                 *hbp = &m->image[HEP_IMAGE_HEPATOBILIARY];
    const double(*organ)[HEP_ANATOMY_COUNT] = m->references->organ;
    const bool both = series->of[HEP_IMAGE_PRECONTRAST].signal != NULL &&
                      series->of[HEP_IMAGE_HEPATOBILIARY].signal != NULL &&
                      m->study->comparable[HEP_PHASE_HEPATOBILIARY];

    hep_measures_set(f, HEP_M_HBP_LLC, hep_llc(hbp->zone[HEP_SHELL_RING].median, hbp->lesion));
    hep_measures_set(f, HEP_M_RTE_MUSCLE,
                     both ? hep_rte_muscle(pre->lesion, hbp->lesion,
                                           organ[HEP_IMAGE_PRECONTRAST][HEP_ANATOMY_MUSCLE],
                                           organ[HEP_IMAGE_HEPATOBILIARY][HEP_ANATOMY_MUSCLE])
                          : (double)NAN);
    return both ? store_sdr(f, series, s, err) : HEP_OK;
}

static void store_targetoid(struct hep_measures *f, const struct hep_lesion_measures *m)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        hep_measures_set(f, hep_measure_of_image(HEP_MF_TARGETOID, (enum hep_image)i),
                         m->targetoid[i]);
}

int hep_measures_store(struct hep_measures *f, const struct hep_lesion_measures *m,
                       const struct hep_shells *shells, const struct hep_series_set *series,
                       struct hep_error *err)
{
    store_images(f, m);
    store_diffusion(f, m);
    store_t2(f, m);
    store_fat(f, m);
    store_phases(f, m);
    store_targetoid(f, m);
    hep_measures_set(f, HEP_M_DEPTH, shells->depth_max_mm);
    return store_hepatobiliary(f, m, shells, series, err);
}
