/* Names of measurements as they stand in lesions.json. */
#include "lesions/measure.h"

#include "base/alloc.h"
#include "contrast/enhancement.h"
#include "image/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME 40
#define FAT_MAX 0.5    /* dual echo is ambiguous beyond */
#define SOLID_GAIN 0.2 /* of the liver's signal before contrast: below it is fluid or nearly so */
/* T2-weighted signal of spleen over liver, T2 near 61 over 34 ms at an echo time of 80 to 90 ms;
 * stands in where the spleen is not known. Expert value. */
#define SPLEEN_OVER_LIVER_T2 3.0

/** Name: the parts with '_' between them; the last one may be NULL. */
static void set_parts(struct hep_finding *f, const char *unit, double value, const char *a,
                      const char *b, const char *c)
{
    char name[NAME];

    (void)snprintf(name, sizeof name, "%s_%s%s%s", a, b, c != NULL ? "_" : "", c != NULL ? c : "");
    hep_finding_set(f, name, unit, value);
}

static void set(struct hep_finding *f, const char *unit, double value, const char *a, const char *b)
{
    set_parts(f, unit, value, a, b, NULL);
}

static const char *unit_of(enum hep_image image)
{
    switch ((int)image) {
    case HEP_IMAGE_ADC:
    case HEP_IMAGE_ADC_SE:
    case HEP_IMAGE_IVIM_D:
        return "mm2/s";
    case HEP_IMAGE_R2STAR:
        return "1/s";
    case HEP_IMAGE_T2_MAP:
        return "s";
    case HEP_IMAGE_IVIM_F:
    case HEP_IMAGE_DKI_K:
    case HEP_IMAGE_FAT_FRACTION:
        return "1";
    default:
        return "arbitrary";
    }
}

/** Median, spread and count of every shell of every image the study has. */
static void store_images(struct hep_finding *f, const struct hep_lesion_measures *m)
{
    static const enum hep_shell shells[] = { HEP_SHELL_WHOLE, HEP_SHELL_RIM, HEP_SHELL_CORE,
                                             HEP_SHELL_RING };

    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        const struct hep_image_stats *s = &m->image[i];
        const char *unit = unit_of((enum hep_image)i), *image = hep_image_name((enum hep_image)i);

        if (m->study->image[i].volume == NULL)
            continue;
        for (size_t k = 0; k < sizeof shells / sizeof shells[0]; k++) {
            const enum hep_shell shell = shells[k];
            const bool told_apart = shell == HEP_SHELL_WHOLE || shell == HEP_SHELL_RING;
            const struct hep_zone_stats *z = &s->zone[shell];
            const bool shown = told_apart || s->resolved;
            const char *name = hep_shell_name(shell);

            set_parts(f, unit, shown ? z->median : (double)NAN, image, name, "median");
            set_parts(f, unit, shown ? z->mad : (double)NAN, image, name, "mad");
            set_parts(f, "1", (double)z->n, image, name, "n");
        }
        set(f, unit, s->lesion, image, "corrected");
    }
}

static void store_diffusion(struct hep_finding *f, const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *b = &m->image[HEP_IMAGE_B_HIGH];

    hep_finding_set(f, "adc_mm2_per_s", "mm2/s", m->adc);
    hep_finding_set(f, "adc_ci_low_mm2_per_s", "mm2/s", m->adc - 1.96 * m->adc_se);
    hep_finding_set(f, "adc_ci_high_mm2_per_s", "mm2/s", m->adc + 1.96 * m->adc_se);
    hep_finding_set(f, "adc_rim_mm2_per_s", "mm2/s", m->adc_rim);
    hep_finding_set(f, "adc_core_mm2_per_s", "mm2/s", m->adc_core);
    hep_finding_set(f, "adc_lowest_mm2_per_s", "mm2/s",
                    fmin(m->adc, fmin(m->adc_rim, m->adc_core)));
    hep_finding_set(f, "adc_liver_mm2_per_s", "mm2/s", m->adc_liver);
    hep_finding_set(f, "adc_local_excess_mm2_per_s", "mm2/s", m->adc_local_excess);
    hep_finding_set(f, "adc_liver_ratio", "1", m->adc / m->adc_liver);
    hep_finding_set(f, "b_high_z", "1", m->b_high_z);
    hep_finding_set(f, "b_high_z_rim", "1", m->b_high_z_rim);
    hep_finding_set(f, "b_high_z_core", "1", m->b_high_z_core);
    hep_finding_set(f, "b_high_ratio", "1",
                    hep_contrast_ratio(b->zone[HEP_SHELL_RING].median, b->lesion));
}

/** T2-weighted signal against organs, by way of the liver so that receive fields cancel nearby. */
static void store_t2(struct hep_finding *f, const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *t2 = &m->image[HEP_IMAGE_T2];
    const double *organ = m->references->organ[HEP_IMAGE_T2];
    const double ratio = hep_contrast_ratio(t2->zone[HEP_SHELL_RING].median, t2->lesion);

    hep_finding_set(f, "t2_liver_ratio", "1", ratio);
    hep_finding_set(f, "t2_spleen_ratio", "1",
                    ratio * organ[HEP_ANATOMY_LIVER] / organ[HEP_ANATOMY_SPLEEN]);
    hep_finding_set(f, "t2_signal_ratio", "1",
                    isfinite(organ[HEP_ANATOMY_SPLEEN])
                        ? ratio * organ[HEP_ANATOMY_LIVER] / organ[HEP_ANATOMY_SPLEEN]
                        : ratio / SPLEEN_OVER_LIVER_T2);
    hep_finding_set(f, "t2_muscle_ratio", "1",
                    ratio * organ[HEP_ANATOMY_LIVER] / organ[HEP_ANATOMY_MUSCLE]);
    hep_finding_set(f, "t2_s", "s", m->image[HEP_IMAGE_T2_MAP].lesion);
}

static void store_fat(struct hep_finding *f, const struct hep_lesion_measures *m)
{
    const struct hep_image_stats *ff = &m->image[HEP_IMAGE_FAT_FRACTION];

    hep_finding_set(f, "fat_fraction", "1", ff->lesion);
    hep_finding_set(f, "fat_liver", "1", ff->zone[HEP_SHELL_RING].median);
    hep_finding_set(f, "fat_excess", "1", ff->lesion - ff->zone[HEP_SHELL_RING].median);
    hep_finding_set(f, "r2star_per_s", "1/s", m->image[HEP_IMAGE_R2STAR].lesion);
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

static void store_t1(struct hep_finding *f, const struct hep_lesion_measures *m)
{
    const struct hep_agent *agent = m->study->agent;
    const double gain = gain_of_liver(m);
    const bool uptake = agent != NULL && agent->windows[HEP_PHASE_HEPATOBILIARY].defined;

    hep_finding_set(f, "enhancement_liver_units", "1", gain);
    /* How much a solid lesion enhances tells its kind only next to hepatocytes that take up. */
    hep_finding_set(f, "enhancement_judged", "1", uptake || gain < SOLID_GAIN ? gain : (double)NAN);
    hep_finding_set(f, "t1_water_ratio", "1", m->ratio[HEP_PHASE_PRECONTRAST] * liver_water(m));
}

static void store_phases(struct hep_finding *f, const struct hep_lesion_measures *m)
{
    double strongest = (double)NAN, furthest = (double)NAN;

    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        const char *phase = hep_phase_name((enum hep_phase)p);
        const struct hep_ring_pattern *r = &m->ring[p];

        if (m->study->image[hep_phase_image((enum hep_phase)p)].volume == NULL)
            continue;
        set(f, "1", m->ratio[p], phase, "ratio");
        if (p == HEP_PHASE_PRECONTRAST)
            continue;
        set(f, "1", m->re[p], phase, "re");
        set(f, "1", m->re_gain_free[p], phase, "re_by_muscle");
        set(f, "1", m->pool[p], phase, "pool_ratio");
        set(f, "1", m->pool_bright[p], phase, "pool_ratio_brightest");
        set(f, "1", r->re_rim, phase, "re_rim");
        set(f, "1", r->re_core, phase, "re_core");
        set(f, "1", r->re_liver, phase, "re_liver");
        set(f, "1", r->index, phase, "ring_index");
        set(f, "1", r->cover, phase, "ring_cover");
        set(f, "1", r->asymmetry, phase, "ring_asymmetry");
        set(f, "1", r->gap, phase, "ring_gap");
        set(f, "1", r->reliability, phase, "ring_reliability");
        if (p != HEP_PHASE_ARTERIAL && p != HEP_PHASE_HEPATOBILIARY)
            furthest = fmax(furthest, fabs(m->pool_bright[p] - 1.0));
        strongest = fmax(strongest, isfinite(m->re_gain_free[p]) ? m->re_gain_free[p] : m->re[p]);
    }
    hep_finding_set(f, "enhancement_max", "1", strongest);
    store_t1(f, m);
    hep_finding_set(f, "pool_brightest_off", "1", furthest);
}

/** Voxels of the lesion before contrast and in the hepatobiliary phase. */
static int store_sdr(struct hep_finding *f, const struct hep_lesion_measures *m,
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
        if ((s->zone[i] & 1U << HEP_SHELL_WHOLE) == 0)
            continue;
        pre[count] = (float)hep_measure_signal(m->study, s, HEP_IMAGE_PRECONTRAST, i);
        hbp[count++] = (float)hep_measure_signal(m->study, s, HEP_IMAGE_HEPATOBILIARY, i);
    }
    hep_finding_set(f, "sdr_a", "1", hep_sdr_a(pre, hbp, count));
    hep_finding_set(f, "sdr_b", "1", hep_sdr_b(pre, hbp, count));
out:
    free(pre);
    free(hbp);
    return rc;
}

static int store_hepatobiliary(struct hep_finding *f, const struct hep_lesion_measures *m,
                               const struct hep_shells *s, struct hep_error *err)
{
    const struct hep_image_stats *pre = &m->image[HEP_IMAGE_PRECONTRAST],
                                 *hbp = &m->image[HEP_IMAGE_HEPATOBILIARY];
    const double(*organ)[HEP_ANATOMY_COUNT] = m->references->organ;
    const bool both = m->study->image[HEP_IMAGE_PRECONTRAST].volume != NULL &&
                      m->study->image[HEP_IMAGE_HEPATOBILIARY].volume != NULL &&
                      m->study->comparable[HEP_PHASE_HEPATOBILIARY];

    hep_finding_set(f, "hbp_ratio", "1", m->ratio[HEP_PHASE_HEPATOBILIARY]);
    hep_finding_set(f, "hbp_llc", "1", hep_llc(hbp->zone[HEP_SHELL_RING].median, hbp->lesion));
    hep_finding_set(f, "rte", "1", m->re[HEP_PHASE_HEPATOBILIARY]);
    hep_finding_set(f, "rte_muscle", "1",
                    both ? hep_rte_muscle(pre->lesion, hbp->lesion,
                                          organ[HEP_IMAGE_PRECONTRAST][HEP_ANATOMY_MUSCLE],
                                          organ[HEP_IMAGE_HEPATOBILIARY][HEP_ANATOMY_MUSCLE])
                         : (double)NAN);
    return both ? store_sdr(f, m, s, err) : HEP_OK;
}

static void store_targetoid(struct hep_finding *f, const struct hep_lesion_measures *m)
{
    static const enum hep_image images[] = { HEP_IMAGE_T2,      HEP_IMAGE_B_HIGH,
                                             HEP_IMAGE_ADC,     HEP_IMAGE_ARTERIAL,
                                             HEP_IMAGE_DELAYED, HEP_IMAGE_HEPATOBILIARY };

    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        set(f, "1", m->targetoid[images[i]], hep_image_name(images[i]), "targetoid_index");
}

int hep_measures_store(struct hep_finding *f, const struct hep_lesion_measures *m,
                       const struct hep_shells *shells, struct hep_error *err)
{
    store_images(f, m);
    store_diffusion(f, m);
    store_t2(f, m);
    store_fat(f, m);
    store_phases(f, m);
    store_targetoid(f, m);
    hep_finding_set(f, "depth_mm", "mm", shells->depth_max_mm);
    return store_hepatobiliary(f, m, shells, err);
}
