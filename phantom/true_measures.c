#include "phantom/true_flag.h"

#include <math.h>

/* A centre of less than this share of the volume is a scar, and what surrounds it no rim: a radius
 * of 0.35; expert value. */
#define CORE_SHARE_MIN 0.043
/* The ADC of flags: from b = 50, without perfusion, to 1000, where kurtosis begins [s/mm2]. */
#define ADC_B_MIN 50.0
#define ADC_B_MAX 1000.0

/* ---- the study ------------------------------------------------------------------------------- */

static const struct hep_sim_series *find(const struct hep_sim_settings *s, enum hep_role role)
{
    for (size_t i = 0; i < s->n_series; i++)
        if (s->series[i].role == role)
            return &s->series[i];
    return NULL;
}

static int usual_series(struct hep_truth_study *out, const struct hep_sim_settings *s,
                        struct hep_error *err)
{
    static const enum hep_role roles[3] = { HEP_ROLE_PRECONTRAST, HEP_ROLE_T2, HEP_ROLE_DWI };
    struct hep_sim_series *const to[3] = { &out->t1, &out->t2, &out->dwi };
    static const double b[4] = { 0.0, 50.0, 400.0, 800.0 };
    struct hep_sim_settings usual;

    hep_sim_defaults(&usual);
    usual.field_t = s->field_t;
    for (int k = 0; k < 3; k++) {
        const struct hep_sim_series *own = find(s, roles[k]);
        const int rc = hep_sim_add_role(&usual, roles[k], (double)NAN, err);

        if (rc != HEP_OK)
            return rc;
        *to[k] = own != NULL ? *own : usual.series[k];
    }
    memcpy(out->dwi.b_s_per_mm2, b, sizeof b);
    out->dwi.n_b = 4;
    return HEP_OK;
}

int hep_truth_study_init(struct hep_truth_study *out, const struct hep_sim_settings *s,
                         const struct hep_anatomy *a, const struct hep_event *e,
                         struct hep_error *err)
{
    int rc;

    memset(out, 0, sizeof *out);
    out->anatomy = a;
    out->settings = s;
    out->event = e;
    out->agent = s->agent;
    out->field_t = s->field_t;
    rc = usual_series(out, s, err);
    if (rc != HEP_OK)
        return rc;
    for (int p = 0; p < (int)HEP_PHASE_COUNT; p++)
        out->course[p].time_s = (double)NAN;
    for (int p = (int)HEP_PHASE_ARTERIAL; s->agent != NULL && p < (int)HEP_PHASE_COUNT; p++) {
        const struct hep_window *w = &s->agent->windows[p];

        out->phase[p] = w->defined;
        if (w->defined)
            out->course[p].time_s = 0.5 * (w->nominal_s[0] + w->nominal_s[1]);
    }
    for (size_t i = 0; i < s->n_series; i++) {
        const enum hep_phase p = hep_phase_of_role(s->series[i].role);

        if (p != HEP_PHASE_COUNT && p != HEP_PHASE_PRECONTRAST) {
            out->phase[p] = true;
            out->course[p].time_s = e->series[i].time_s;
        }
    }
    out->phase[HEP_PHASE_PRECONTRAST] = true;
    return hep_course_solve(out->course, HEP_PHASE_COUNT, a, s->agent, s->field_t, &e->bolus, err);
}

/* ---- measurements ---------------------------------------------------------------------------- */

double hep_truth_label_signal(const struct hep_truth_study *t, const struct hep_sim_series *r,
                              uint8_t label, enum hep_phase phase, size_t v)
{
    const struct hep_course *c = &t->course[phase];

    return hep_tissue_signal(r, hep_anatomy_tissue(t->anatomy, label), &t->anatomy->tissues,
                             c->t1_s[label], c->r2star_added_per_s[label], v, false, HEP_LUT_ALL);
}

bool hep_truth_has_core(const struct hep_anatomy *a, size_t lesion)
{
    double n = 0.0;

    for (int layer = 0; layer < (int)HEP_N_LAYERS; layer++)
        n += (double)a->count[lesion][layer];
    return (double)a->count[lesion][HEP_LAYER_CORE] > CORE_SHARE_MIN * n;
}

/* Signal of the rim's or the core's tissue, NaN in a lesion of one tissue; of the whole the mean. */
static double zone_signal(const struct hep_truth_study *t, const struct hep_sim_series *r,
                          size_t lesion, int zone, enum hep_phase phase, size_t v)
{
    const size_t *counts = t->anatomy->count[lesion];
    const int layer_of[HEP_N_ZONES] = { HEP_LAYER_RIM, HEP_LAYER_CORE, HEP_LAYER_RIM };
    double sum = 0.0, n = 0.0;

    if (zone != (int)HEP_ZONE_WHOLE && !hep_truth_has_core(t->anatomy, lesion))
        return (double)NAN;
    for (int layer = 0; zone == (int)HEP_ZONE_WHOLE && layer < (int)HEP_N_LAYERS; layer++) {
        const double count = (double)counts[layer];

        if (count > 0.0)
            sum += count * hep_truth_label_signal(t, r, hep_lesion_label(lesion, layer), phase, v);
        n += count;
    }
    if (n > 0.0)
        return sum / n;
    return hep_truth_label_signal(t, r, hep_lesion_label(lesion, layer_of[zone]), phase, v);
}

double hep_truth_adc(const double *s, const double *b, size_t n)
{
    double sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0, m = 0.0;
    size_t inside = 0;

    for (size_t i = 0; i < n; i++)
        inside += b[i] >= ADC_B_MIN && b[i] <= ADC_B_MAX;
    for (size_t i = 0; i < n; i++) {
        const double y = log(fmax(s[i], 1e-30));

        if (inside >= 2 && !(b[i] >= ADC_B_MIN && b[i] <= ADC_B_MAX))
            continue;
        m += 1.0;
        sx += b[i];
        sy += y;
        sxx += b[i] * b[i];
        sxy += b[i] * y;
    }
    return -(m * sxy - sx * sy) / (m * sxx - sx * sx);
}

static void measure_diffusion(struct hep_true_measures *m, const struct hep_truth_study *t,
                              size_t lesion)
{
    const double *b = t->dwi.b_s_per_mm2;
    double liver[4], s[4];

    for (size_t v = 0; v < 4; v++)
        liver[v] = hep_truth_label_signal(t, &t->dwi, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, v);
    m->adc_liver = hep_truth_adc(liver, b, 4);
    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        for (size_t v = 0; v < 4; v++)
            s[v] = zone_signal(t, &t->dwi, lesion, zone, HEP_PHASE_PRECONTRAST, v);
        m->adc[zone] = isfinite(s[0]) ? hep_truth_adc(s, b, 4) : (double)NAN;
        m->b_high[zone] = s[3] / liver[3];
        m->t2[zone] = zone_signal(t, &t->t2, lesion, zone, HEP_PHASE_PRECONTRAST, 0) /
                      hep_truth_label_signal(t, &t->t2, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, 0);
    }
}

void hep_true_measures_clear(struct hep_true_measures *m)
{
    *m = (struct hep_true_measures){ .adc_liver = (double)NAN,
                                     .ff = (double)NAN,
                                     .ff_liver = (double)NAN };
    for (int p = 0; p < (int)HEP_PHASE_COUNT; p++)
        m->re_liver[p] = m->over_portal[p] = m->ring_cover[p] = (double)NAN;
    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        m->adc[zone] = m->b_high[zone] = m->t2[zone] = (double)NAN;
        for (int p = 0; p < (int)HEP_PHASE_COUNT; p++)
            m->ratio[zone][p] = m->re[zone][p] = (double)NAN;
    }
}

static void measure_phase(struct hep_true_measures *m, const struct hep_truth_study *t,
                          size_t lesion, enum hep_phase p)
{
    const double liver = hep_truth_label_signal(t, &t->t1, HEP_LABEL_LIVER, p, 0);
    const double liver_pre =
        hep_truth_label_signal(t, &t->t1, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, 0);

    if (!t->phase[p])
        return;
    m->images |= 1U << hep_phase_image(p);
    m->re_liver[p] = liver / liver_pre - 1.0;
    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        const double s = zone_signal(t, &t->t1, lesion, zone, p, 0);

        m->ratio[zone][p] = s / liver;
        m->re[zone][p] = s / zone_signal(t, &t->t1, lesion, zone, HEP_PHASE_PRECONTRAST, 0) - 1.0;
    }
    m->over_portal[p] = zone_signal(t, &t->t1, lesion, HEP_ZONE_WHOLE, p, 0) /
                        hep_truth_label_signal(t, &t->t1, HEP_LABEL_PORTAL_VEIN, p, 0);
}

/* Share of the lesion's outermost millimetre that the rim takes. */
static double surface_cover(const struct hep_anatomy *a, size_t lesion)
{
    const size_t *n = a->surface[lesion];
    double all = 0.0;

    for (int layer = 0; layer < (int)HEP_N_LAYERS; layer++)
        all += (double)n[layer];
    return all > 0.0 ? (double)n[HEP_LAYER_RIM] / all : (double)NAN;
}

void hep_true_measure(struct hep_true_measures *out, const struct hep_truth_study *t, size_t lesion)
{
    double n = 0.0;

    hep_true_measures_clear(out);
    out->images = 1U << HEP_IMAGE_B_HIGH | 1U << HEP_IMAGE_ADC | 1U << HEP_IMAGE_T2 |
                  1U << HEP_IMAGE_FAT_FRACTION;
    measure_diffusion(out, t, lesion);
    for (int p = 0; p < (int)HEP_PHASE_COUNT; p++) {
        measure_phase(out, t, lesion, (enum hep_phase)p);
        out->ring_cover[p] = surface_cover(t->anatomy, lesion);
    }
    out->ff = 0.0;
    for (int layer = 0; layer < (int)HEP_N_LAYERS; layer++) {
        const double count = (double)t->anatomy->count[lesion][layer];

        out->ff += count * t->anatomy->lesions.item[lesion].layer[layer].ff;
        n += count;
    }
    out->ff = n > 0.0 ? out->ff / n : t->anatomy->lesions.item[lesion].layer[HEP_LAYER_RIM].ff;
    out->ff_liver = t->anatomy->tissues.row[HEP_TISSUE_LIVER].ff;
}
