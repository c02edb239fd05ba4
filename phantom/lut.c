#include "phantom/lut.h"

#include "sequences/signal.h"

#include <math.h>

#define BLOOD_LEFT_T2 0.12
/* Spleen enhances in stripes during the first pass. */
#define SPLEEN_ARTERIAL_SD 0.16

static bool uses_kurtosis(const struct hep_sim_series *s)
{
    for (size_t i = 0; i < s->n_b; i++)
        if (s->b_s_per_mm2[i] >= HEP_KURTOSIS_FROM_B)
            return true;
    return false;
}

static double diffusion_weight(const struct hep_tissue_values *t, double b, bool kurtosis)
{
    const double slow = kurtosis ? hep_signal_kurtosis(NULL, 1.0, t->d_mm2_per_s, t->k, b)
                                 : hep_signal_mono(NULL, 1.0, t->d_mm2_per_s, b);
    const double fast = hep_signal_mono(NULL, 1.0, t->dstar_mm2_per_s, b);

    return (1.0 - t->f) * slow + t->f * fast;
}

/* One T1 phase: water and what saturation leaves of fat, in phase. */
static double t1_signal(const struct hep_sim_series *s, const struct hep_tissue_values *t,
                        const struct hep_study_tissues *study, double t1_s, double r2star,
                        double water, double fat)
{
    const double left = s->fat_saturated ? HEP_FAT_LEFT : 1.0;
    const double t2star = 1.0 / r2star, te = s->te_s[0];

    (void)t;
    return hep_signal_spgr(water, t1_s, t2star, s->tr_s, te, s->flip_rad) +
           hep_signal_spgr(left * fat, study->fat_t1_s, t2star, s->tr_s, te, s->flip_rad);
}

double hep_tissue_signal(const struct hep_sim_series *s, const struct hep_tissue_values *t,
                         const struct hep_study_tissues *study, double t1_s, double r2star_added,
                         size_t v, bool blood, enum hep_lut_part part)
{
    const double water = part == HEP_LUT_FAT ? 0.0 : t->pd * (1.0 - t->ff);
    const double fat = part == HEP_LUT_WATER ? 0.0 : t->pd * t->ff;
    const double te = s->te_s[0];
    double b, left;

    if (s->role == HEP_ROLE_DWI) {
        b = s->b_s_per_mm2[v];
        return hep_signal_spin_echo(water, t1_s, t->t2_s, s->tr_s, te) *
                   diffusion_weight(t, b, uses_kurtosis(s)) +
               hep_signal_spin_echo(HEP_FAT_LEFT * fat, study->fat_t1_s, study->fat_t2_s, s->tr_s,
                                    te) *
                   hep_signal_mono(NULL, 1.0, 1e-4, b);
    }
    if (s->role == HEP_ROLE_T2) {
        left = s->fat_saturated ? HEP_FAT_LEFT : 1.0;
        return (blood ? BLOOD_LEFT_T2 : 1.0) *
                   hep_signal_spin_echo(water, t1_s, t->t2_s, s->tr_s, te) +
               /* refocused J-coupling makes fat brighter in a fast spin echo */
               hep_signal_spin_echo(left * fat, study->fat_t1_s, 1.6 * study->fat_t2_s, s->tr_s,
                                    te);
    }
    return t1_signal(s, t, study, t1_s, hep_tissue_r2star(t) + r2star_added, water, fat);
}

double hep_tissue_adc(const struct hep_tissue_values *t)
{
    static const double b[3] = { 50.0, 400.0, 800.0 };
    double sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;

    for (int i = 0; i < 3; i++) {
        const double y = log(fmax(diffusion_weight(t, b[i], false), 1e-12));

        sx += b[i];
        sy += y;
        sxx += b[i] * b[i];
        sxy += b[i] * y;
    }
    return -(3.0 * sxy - sx * sy) / (3.0 * sxx - sx * sx);
}

static bool is_blood(int label)
{
    return (label >= (int)HEP_LABEL_AORTA && label <= (int)HEP_LABEL_PORTAL_VEIN) ||
           label == (int)HEP_LABEL_HEART;
}

static bool is_gradient_echo(enum hep_role role)
{
    return role == HEP_ROLE_OPPOSED || role == HEP_ROLE_IN_PHASE || role == HEP_ROLE_ECHOES;
}

static void echo_values(float *value, const struct hep_sim_series *s,
                        const struct hep_tissue_values *t, const struct hep_study_tissues *study,
                        double t1_s, const struct hep_fat_spectrum *spectrum, double field_t)
{
    const struct hep_fat_water voxel = {
        .water = t->pd * (1.0 - t->ff) * hep_spgr_weight(t1_s, s->tr_s, s->flip_rad),
        .fat = t->pd * t->ff * hep_spgr_weight(study->fat_t1_s, s->tr_s, s->flip_rad),
        .r2star_per_s = hep_tissue_r2star(t),
    };

    for (size_t e = 0; e < s->n_te; e++) {
        double out[2];

        hep_signal_fat_water(out, &voxel, spectrum, field_t, s->te_s[e]);
        value[2 * e] = (float)out[0];
        value[2 * e + 1] = (float)out[1];
    }
}

int hep_lut_signal(struct hep_lut *out, const struct hep_sim_series *series,
                   const struct hep_anatomy *a, const struct hep_course *course, double field_t,
                   enum hep_lut_part part, struct hep_error *err)
{
    const bool gradient_echo = is_gradient_echo(series->role);
    struct hep_fat_spectrum spectrum;
    int rc;

    rc = hep_fat_spectrum_get(&spectrum, HEP_FAT_SPECTRUM_DEFAULT, err);
    if (rc != HEP_OK)
        return rc;
    memset(out, 0, sizeof *out);
    out->is_complex = gradient_echo;
    out->n_values = gradient_echo                  ? 2 * series->n_te
                    : series->role == HEP_ROLE_DWI ? series->n_b
                                                   : 1;
    for (int label = 1; label < HEP_N_LABELS; label++) {
        const struct hep_tissue_values *t = hep_anatomy_tissue(a, (uint8_t)label);

        if (t == NULL)
            continue;
        out->texture_sd[label] = (float)t->texture_sd;
        if (label == (int)HEP_LABEL_SPLEEN && series->role == HEP_ROLE_ARTERIAL)
            out->texture_sd[label] = (float)SPLEEN_ARTERIAL_SD;
        if (gradient_echo) {
            echo_values(out->value[label], series, t, &a->tissues, course->t1_s[label], &spectrum,
                        field_t);
            continue;
        }
        for (size_t v = 0; v < out->n_values; v++)
            out->value[label][v] = (float)hep_tissue_signal(
                series, t, &a->tissues, course->t1_s[label], course->r2star_added_per_s[label], v,
                is_blood(label), part);
    }
    return HEP_OK;
}
