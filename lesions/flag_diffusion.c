/* Restricted diffusion against T2 shine-through, and the targetoid pattern of diffusion. */
#include "lesions/flag.h"

#include <math.h>

#define Z_95 1.96
#define PER_1000 1000.0 /* ADC is told in 1e-3 mm2/s */

const char *hep_restriction_name(enum hep_restriction r)
{
    static const char *const names[] = { "unknown",      "restricted",   "shine-through",
                                         "dark-through", "intermediate", "uncertain" };

    return names[r];
}

void hep_restriction_limits(double *restricted_max, double *shine_min, double adc_liver_mm2_per_s,
                            const struct hep_lesion_limits *limits)
{
    /* fmin and fmax leave an unknown liver out. */
    *restricted_max = fmin(limits->flag.restriction_adc_max_mm2_per_s,
                           limits->flag.restriction_adc_liver_ratio_max * adc_liver_mm2_per_s);
    *shine_min = fmax(limits->flag.shine_adc_min_mm2_per_s,
                      limits->flag.shine_adc_liver_ratio_min * adc_liver_mm2_per_s);
}

enum hep_restriction hep_restriction_of(const struct hep_restriction_input *in,
                                        const struct hep_lesion_limits *limits)
{
    const double half = isfinite(in->adc_se_mm2_per_s) ? Z_95 * in->adc_se_mm2_per_s : 0.0;
    const double adc = in->adc_mm2_per_s;
    double restricted_max, shine_min;

    if (!isfinite(in->b_high_z) || !isfinite(adc))
        return HEP_RESTRICTION_UNKNOWN;
    hep_restriction_limits(&restricted_max, &shine_min, in->adc_liver_mm2_per_s, limits);
    if (in->b_high_z < limits->flag.restriction_z_min)
        return adc <= restricted_max && in->b_zero_z < 0.0 ? HEP_DARK_THROUGH : HEP_INTERMEDIATE;
    if (adc + half <= restricted_max)
        return HEP_RESTRICTED;
    if (adc - half >= shine_min)
        return HEP_SHINE_THROUGH;
    if (adc - half <= restricted_max || adc + half >= shine_min)
        return HEP_UNCERTAIN;
    return HEP_INTERMEDIATE;
}

/* ---- the two flags --------------------------------------------------------------------------- */

enum { N_REGIONS = 3 };

/* A rim of a few millimetres holds up to this share of its neighbour by the blur of a series. */
#define MIXED_SHARE 0.25

struct regions {
    bool resolved, unmixed; /* rim and core: by shells, by a fit of both */
    struct hep_restriction_input in[N_REGIONS];
    enum hep_restriction state[N_REGIONS];
    double restricted_max, shine_min, z_min;
};

static const char *const region_names[N_REGIONS] = { "whole lesion", "rim", "core" };

static void regions_of(struct regions *r, const struct hep_lesion_measures *m)
{
    const enum hep_image zero =
        m->study->image[HEP_IMAGE_B_ZERO].volume != NULL ? HEP_IMAGE_B_ZERO : HEP_IMAGE_B_LOW;
    const struct hep_image_stats *b0 = &m->image[zero];
    const double b0_z =
        (b0->lesion - b0->zone[HEP_SHELL_RING].median) / b0->zone[HEP_SHELL_RING].mad;
    const double z[N_REGIONS] = { m->b_high_z, m->b_high_z_rim, m->b_high_z_core };
    const double adc[N_REGIONS] = { m->adc, m->adc_rim, m->adc_core };
    const double se[N_REGIONS] = { m->adc_se, m->adc_rim_se, m->adc_core_se };

    hep_restriction_limits(&r->restricted_max, &r->shine_min, m->adc_liver, m->study->limits);
    r->z_min = m->study->limits->flag.restriction_z_min;
    r->unmixed = m->adc_unmixed;
    r->resolved = m->image[HEP_IMAGE_ADC].resolved;
    for (int i = 0; i < N_REGIONS; i++) {
        r->in[i] = (struct hep_restriction_input){ z[i], b0_z, adc[i], se[i], m->adc_liver };
        r->state[i] = hep_restriction_of(&r->in[i], m->study->limits);
    }
}

/** The region that decides: one in the wanted state, else an uncertain one whose interval reaches
 * the limit, else the region with the most extreme ADC. */
static int deciding(const struct regions *r, enum hep_restriction wanted, double limit,
                    enum hep_flag_state *state)
{
    int extreme = 0;

    for (int i = 0; i < N_REGIONS; i++) {
        if (r->state[i] == wanted) {
            *state = HEP_FLAG_PRESENT;
            return i;
        }
    }
    for (int i = 0; i < N_REGIONS; i++) {
        const double gap = fabs(r->in[i].adc_mm2_per_s - limit);

        if (r->state[i] == HEP_UNCERTAIN && gap <= Z_95 * r->in[i].adc_se_mm2_per_s) {
            *state = HEP_FLAG_NOT_ASSESSABLE;
            return i;
        }
        if (gap < fabs(r->in[extreme].adc_mm2_per_s - limit))
            extreme = i;
    }
    *state = HEP_FLAG_ABSENT;
    return extreme;
}

/** What mixing within voxels may hide; NULL when nothing. Rim and core that the series cannot tell
 * apart may lie on either side of a limit; a rim that is told apart still holds some core. */
static const char *hidden(const struct regions *r, enum hep_restriction wanted)
{
    const struct hep_restriction_input *rim = &r->in[1], *core = &r->in[2];
    const double unmixed = rim->adc_mm2_per_s - MIXED_SHARE / (1.0 - MIXED_SHARE) *
                                                    (core->adc_mm2_per_s - rim->adc_mm2_per_s);

    if (r->unmixed)
        return NULL;
    if (!r->resolved && (r->state[0] == HEP_INTERMEDIATE || r->state[0] == HEP_UNCERTAIN) &&
        !(r->in[0].b_high_z < r->z_min))
        return ", and rim and core are not resolved";
    if (r->resolved && wanted == HEP_RESTRICTED && r->state[1] == HEP_INTERMEDIATE &&
        !(rim->b_high_z < r->z_min) && core->adc_mm2_per_s > rim->adc_mm2_per_s &&
        unmixed <= r->restricted_max)
        return ", and the rim may hold some of the core";
    return NULL;
}

static void judge(struct hep_flag_result *flag, const struct regions *r,
                  enum hep_restriction wanted, double limit, const struct hep_lesion_measures *m)
{
    enum hep_flag_state state;
    const int i = deciding(r, wanted, limit, &state);
    const struct hep_restriction_input *in = &r->in[i];
    const double half = isfinite(in->adc_se_mm2_per_s) ? Z_95 * in->adc_se_mm2_per_s : 0.0;

    const char *what = state == HEP_FLAG_NOT_ASSESSABLE ? ", the interval spans the limit" : "";

    if (state == HEP_FLAG_ABSENT && hidden(r, wanted) != NULL) {
        state = HEP_FLAG_NOT_ASSESSABLE;
        what = hidden(r, wanted);
    }
    hep_flag_set(
        flag, state, in->adc_mm2_per_s, limit,
        "%s: b = %g signal %.1f robust SD above liver (%g needed), ADC %.2f (%.2f to %.2f) "
        "against %.2f e-3 mm2/s: %s%s",
        region_names[i], m->study->b_high_s_per_mm2, in->b_high_z,
        m->study->limits->flag.restriction_z_min, PER_1000 * in->adc_mm2_per_s,
        PER_1000 * (in->adc_mm2_per_s - half), PER_1000 * (in->adc_mm2_per_s + half),
        PER_1000 * limit, hep_restriction_name(r->state[i]), what);
}

void hep_judge_targetoid_dwi(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    const double limit = m->study->limits->flag.targetoid_index_min;
    const double ti = m->targetoid[HEP_IMAGE_B_HIGH];
    const double adc = m->targetoid[HEP_IMAGE_ADC];

    if (!hep_flag_needs_shells(flag, m, HEP_IMAGE_B_HIGH))
        return;
    if (!isfinite(ti) || !isfinite(adc))
        hep_flag_cannot(flag, "rim and core show no spread to compare with");
    else
        hep_flag_set(flag,
                     ti > limit && adc < 0.0 && hep_target_contrast(m, HEP_IMAGE_B_HIGH)
                         ? HEP_FLAG_PRESENT
                         : HEP_FLAG_ABSENT,
                     ti, limit,
                     "b = %g rim minus core %+.1f pooled SD (above %g needed), ADC %+.1f (below 0 "
                     "needed): rim %s",
                     m->study->b_high_s_per_mm2, ti, limit, adc, ti > 0.0 ? "brighter" : "darker");
}

void hep_judge_restricted_diffusion(struct hep_flag_result *flag,
                                    const struct hep_lesion_measures *m)
{
    struct regions r;

    regions_of(&r, m);
    judge(flag, &r, HEP_RESTRICTED, r.restricted_max, m);
}

void hep_judge_t2_shine_through(struct hep_flag_result *flag, const struct hep_lesion_measures *m)
{
    struct regions r;

    regions_of(&r, m);
    judge(flag, &r, HEP_SHINE_THROUGH, r.shine_min, m);
}
