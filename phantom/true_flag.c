#include "phantom/true_flag.h"

#include "terms/flag_limits.h"

#include <math.h>

#define LIVER_SNR 10.0 /* at b = 800, usual: turns the z of restriction into a ratio */
/* A smaller centre is a scar, and what surrounds it no ring; share of the radius. */
#define RING_CORE_RHO_MIN 0.35
/* Smaller lesions are not asked for a rim and a core; expert value. */
#define SMALLEST_WITH_SHELLS_MM 6.0

static const struct hep_flag_limits *const limits = &hep_flag_limits_default;

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

static double label_signal(const struct hep_truth_study *t, const struct hep_sim_series *r,
                           uint8_t label, enum hep_phase phase, size_t v)
{
    const struct hep_course *c = &t->course[phase];

    return hep_tissue_signal(r, hep_anatomy_tissue(t->anatomy, label), &t->anatomy->tissues,
                             c->t1_s[label], c->r2star_added_per_s[label], v, false, HEP_LUT_ALL);
}

/* Mean over the voxels of a zone; the whole lesion where the zone holds none. */
static double zone_signal(const struct hep_truth_study *t, const struct hep_sim_series *r,
                          size_t lesion, int zone, enum hep_phase phase, size_t v)
{
    const size_t *counts = t->anatomy->count[lesion][zone];
    double sum = 0.0, n = 0.0;

    if (counts[HEP_LAYER_RIM] + counts[HEP_LAYER_MID] + counts[HEP_LAYER_CORE] == 0)
        counts = t->anatomy->count[lesion][HEP_ZONE_WHOLE];
    for (int layer = 0; layer < (int)HEP_N_LAYERS; layer++) {
        const double count = (double)counts[layer];

        if (count > 0.0)
            sum += count * label_signal(t, r, hep_lesion_label(lesion, layer), phase, v);
        n += count;
    }
    if (n > 0.0)
        return sum / n;
    return label_signal(t, r, hep_lesion_label(lesion, HEP_LAYER_RIM), phase, v);
}

static double adc_of(const double s[4])
{
    static const double b[4] = { 0.0, 50.0, 400.0, 800.0 };
    double sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;

    for (int i = 1; i < 4; i++) {
        const double y = log(fmax(s[i], 1e-30));

        sx += b[i];
        sy += y;
        sxx += b[i] * b[i];
        sxy += b[i] * y;
    }
    return -(3.0 * sxy - sx * sy) / (3.0 * sxx - sx * sx);
}

static void measure_diffusion(struct hep_true_measures *m, const struct hep_truth_study *t,
                              size_t lesion)
{
    double liver[4], s[4];

    for (size_t v = 0; v < 4; v++)
        liver[v] = label_signal(t, &t->dwi, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, v);
    m->adc_liver = adc_of(liver);
    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        for (size_t v = 0; v < 4; v++)
            s[v] = zone_signal(t, &t->dwi, lesion, zone, HEP_PHASE_PRECONTRAST, v);
        m->adc[zone] = adc_of(s);
        m->b800[zone] = s[3] / liver[3];
        m->t2[zone] = zone_signal(t, &t->t2, lesion, zone, HEP_PHASE_PRECONTRAST, 0) /
                      label_signal(t, &t->t2, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, 0);
    }
}

static void measure_phase(struct hep_true_measures *m, const struct hep_truth_study *t,
                          size_t lesion, enum hep_phase p)
{
    const double liver = label_signal(t, &t->t1, HEP_LABEL_LIVER, p, 0);
    const double liver_pre = label_signal(t, &t->t1, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, 0);

    m->phase[p] = t->phase[p];
    m->re_liver[p] = t->phase[p] ? liver / liver_pre - 1.0 : (double)NAN;
    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        const double s = zone_signal(t, &t->t1, lesion, zone, p, 0);
        const double pre = zone_signal(t, &t->t1, lesion, zone, HEP_PHASE_PRECONTRAST, 0);

        m->ratio[zone][p] = t->phase[p] ? s / liver : (double)NAN;
        m->re[zone][p] = t->phase[p] ? s / pre - 1.0 : (double)NAN;
        if (zone == (int)HEP_ZONE_WHOLE)
            m->over_portal[p] = t->phase[p]
                                    ? s / label_signal(t, &t->t1, HEP_LABEL_PORTAL_VEIN, p, 0)
                                    : (double)NAN;
    }
}

void hep_true_measure(struct hep_true_measures *out, const struct hep_truth_study *t, size_t lesion)
{
    double n = 0.0;

    memset(out, 0, sizeof *out);
    measure_diffusion(out, t, lesion);
    for (int p = 0; p < (int)HEP_PHASE_COUNT; p++)
        measure_phase(out, t, lesion, (enum hep_phase)p);
    for (int layer = 0; layer < (int)HEP_N_LAYERS; layer++) {
        const double count = (double)t->anatomy->count[lesion][HEP_ZONE_WHOLE][layer];

        out->ff += count * t->anatomy->lesions.item[lesion].layer[layer].ff;
        n += count;
    }
    out->ff = n > 0.0 ? out->ff / n : t->anatomy->lesions.item[lesion].layer[HEP_LAYER_RIM].ff;
    out->ff_liver = t->anatomy->tissues.row[HEP_TISSUE_LIVER].ff;
}

/* ---- flags ----------------------------------------------------------------------------------- */

/* Present or absent. */
static enum hep_flag_state state_of(bool present)
{
    return present ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT;
}

static void diffusion_flags(struct hep_flag_result out[], const struct hep_true_measures *m)
{
    const double restricted_max = fmin(limits->restriction_adc_max_mm2_per_s,
                                       limits->restriction_adc_liver_ratio_max * m->adc_liver);
    const double shine_min =
        fmax(limits->shine_adc_min_mm2_per_s, limits->shine_adc_liver_ratio_min * m->adc_liver);
    const double bright_min = 1.0 + limits->restriction_z_min / LIVER_SNR;
    const double target_min = 1.0 + limits->targetoid_contrast_min;
    const double b800 = m->b800[HEP_ZONE_RIM] / m->b800[HEP_ZONE_CORE];
    const double t2 = m->t2[HEP_ZONE_RIM] / m->t2[HEP_ZONE_CORE];
    double lowest = (double)INFINITY, highest = 0.0;
    bool restricted = false, shine = false;

    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        const bool bright = m->b800[zone] >= bright_min;

        restricted = restricted || (bright && m->adc[zone] <= restricted_max);
        shine = shine || (bright && m->adc[zone] >= shine_min);
        lowest = fmin(lowest, m->adc[zone]);
        highest = fmax(highest, m->adc[zone]);
    }
    hep_flag_set(&out[HEP_FLAG_RESTRICTED_DIFFUSION], state_of(restricted), lowest, restricted_max,
                 "lowest ADC of rim, core and whole; b = 800 at least %g of liver there",
                 bright_min);
    hep_flag_set(&out[HEP_FLAG_T2_SHINE_THROUGH], state_of(shine), highest, shine_min,
                 "highest ADC of rim, core and whole; b = 800 at least %g of liver there",
                 bright_min);
    hep_flag_set(&out[HEP_FLAG_TARGETOID_DWI],
                 state_of(b800 > target_min && m->adc[HEP_ZONE_RIM] < m->adc[HEP_ZONE_CORE]), b800,
                 target_min, "b = 800 signal of rim over core, with the lower ADC in the rim");
    hep_flag_set(&out[HEP_FLAG_T2_TARGET], state_of(fabs(log(t2)) > log(target_min)), t2,
                 target_min, "T2-weighted signal of rim over core, either way");
}

static void ring_flag(struct hep_flag_result *flag, const struct hep_true_measures *m,
                      const struct hep_lesion *l)
{
    double best = -(double)INFINITY;

    for (int p = (int)HEP_PHASE_ARTERIAL; p <= (int)HEP_PHASE_PORTAL_VENOUS; p++)
        if (m->phase[p])
            best = fmax(best, (m->re[HEP_ZONE_RIM][p] - m->re[HEP_ZONE_CORE][p]) /
                                  fmax(m->re_liver[p], limits->ring_liver_re_floor));
    hep_flag_set(
        flag,
        state_of(best > limits->ring_index_min && !l->nodular && l->core_rho > RING_CORE_RHO_MIN),
        best, limits->ring_index_min, "%s",
        l->nodular ? "enhancement of the rim in separate nodules"
                   : "rim minus core enhancement over the liver's, arterial or portal "
                     "venous");
}

static bool washed_out(const struct hep_truth_study *t, const struct hep_true_measures *m,
                       bool peripheral, double *value)
{
    const int zone = peripheral ? (int)HEP_ZONE_RIM : (int)HEP_ZONE_WHOLE;
    bool present = false;

    *value = (double)INFINITY;
    for (int p = (int)HEP_PHASE_PORTAL_VENOUS; p < (int)HEP_PHASE_COUNT; p++) {
        const double now = m->ratio[zone][p];
        const double drop = m->ratio[zone][HEP_PHASE_ARTERIAL] - now;

        if (!m->phase[p] || !hep_agent_washout_allowed(t->agent, (enum hep_phase)p, NULL, 0))
            continue;
        *value = fmin(*value, now);
        if (peripheral)
            present =
                present || (now < limits->rim_washout_liver_ratio_max &&
                            drop >= limits->rim_washout_drop_min &&
                            now < limits->rim_washout_core_ratio_max * m->ratio[HEP_ZONE_CORE][p]);
        else
            present =
                present || (now < limits->washout_ratio_max && drop >= limits->washout_drop_min);
    }
    return present;
}

static bool blood_pool(const struct hep_true_measures *m, double *worst)
{
    int n = 0;

    *worst = 0.0;
    for (int p = (int)HEP_PHASE_PORTAL_VENOUS; p < (int)HEP_PHASE_COUNT; p++) {
        if (!m->phase[p])
            continue;
        *worst = fmax(*worst, fabs(m->over_portal[p] - 1.0));
        n++;
    }
    return n > 0 && *worst < limits->blood_pool_tolerance;
}

static void contrast_flags(struct hep_flag_result out[], const struct hep_truth_study *t,
                           const struct hep_true_measures *m, const struct hep_lesion *l)
{
    double value;
    const bool pool = blood_pool(m, &value);
    bool washout;

    hep_flag_set(&out[HEP_FLAG_BLOOD_POOL], state_of(pool), value, limits->blood_pool_tolerance,
                 "largest difference from the portal vein after the arterial phase");
    ring_flag(&out[HEP_FLAG_RING_ENHANCEMENT], m, l);
    value = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_ARTERIAL];
    hep_flag_set(
        &out[HEP_FLAG_ARTERIAL_HYPERENHANCEMENT],
        state_of(value > limits->arterial_ratio_min &&
                 m->re[HEP_ZONE_WHOLE][HEP_PHASE_ARTERIAL] > m->re_liver[HEP_PHASE_ARTERIAL]),
        value, limits->arterial_ratio_min, "arterial signal over liver, and enhancing more");
    washout = washed_out(t, m, false, &value) && !pool;
    hep_flag_set(&out[HEP_FLAG_WASHOUT], state_of(washout), value, limits->washout_ratio_max,
                 "lesion over liver in a phase where the agent allows it, after a drop of %g",
                 limits->washout_drop_min);
    washout = washed_out(t, m, true, &value) && l->core_rho > 0.0 && !pool;
    hep_flag_set(&out[HEP_FLAG_PERIPHERAL_WASHOUT], state_of(washout), value,
                 limits->rim_washout_liver_ratio_max,
                 "rim over liver and core in a phase where the agent allows it, after a drop of %g",
                 limits->rim_washout_drop_min);
}

static void hepatobiliary_flags(struct hep_flag_result out[], const struct hep_true_measures *m,
                                const struct hep_lesion *l)
{
    static const char *const none = "the agent has no hepatobiliary phase";
    const double target_min = 1.0 + limits->targetoid_contrast_min;
    const double whole = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_HEPATOBILIARY];
    const double rim = m->ratio[HEP_ZONE_RIM][HEP_PHASE_HEPATOBILIARY];
    const double core = m->ratio[HEP_ZONE_CORE][HEP_PHASE_HEPATOBILIARY];

    if (!m->phase[HEP_PHASE_HEPATOBILIARY]) {
        hep_flag_cannot(&out[HEP_FLAG_HBP_HYPOINTENSITY], "%s", none);
        hep_flag_cannot(&out[HEP_FLAG_TARGETOID_HBP], "%s", none);
        return;
    }
    hep_flag_set(&out[HEP_FLAG_HBP_HYPOINTENSITY], state_of(whole < limits->hbp_ratio_max), whole,
                 limits->hbp_ratio_max, "hepatobiliary signal over liver");
    hep_flag_set(
        &out[HEP_FLAG_TARGETOID_HBP],
        state_of(rim < limits->hbp_ratio_max && core > target_min * rim && l->core_rho > 0.0),
        core / rim, target_min, "hepatobiliary signal of core over rim, the rim below liver");
}

/* Does the flag need a phase after the agent? */
static bool needs_agent(enum hep_flag flag)
{
    const struct hep_flag_row *row = hep_flag_row(flag);
    uint32_t phases = 0;

    for (int p = (int)HEP_PHASE_ARTERIAL; p < (int)HEP_PHASE_COUNT; p++)
        phases |= 1U << hep_phase_image((enum hep_phase)p);
    return ((row->needs | row->needs_one_of) & phases) != 0;
}

void hep_true_flags(struct hep_flag_result out[HEP_FLAG_COUNT], const struct hep_truth_study *t,
                    const struct hep_true_measures *m, const struct hep_lesion *l)
{
    static const enum hep_flag shells[] = { HEP_FLAG_RING_ENHANCEMENT, HEP_FLAG_PERIPHERAL_WASHOUT,
                                            HEP_FLAG_TARGETOID_DWI, HEP_FLAG_TARGETOID_HBP,
                                            HEP_FLAG_T2_TARGET };
    const double excess = m->ff - m->ff_liver;
    const double bright = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_PRECONTRAST];

    diffusion_flags(out, m);
    hep_flag_set(&out[HEP_FLAG_FAT], state_of(excess > limits->focal_fat_min_frac), excess,
                 limits->focal_fat_min_frac, "fat fraction above the liver's");
    hep_flag_set(&out[HEP_FLAG_T1_HYPERINTENSITY], state_of(bright > limits->t1_bright_ratio_min),
                 bright, limits->t1_bright_ratio_min, "signal over liver before contrast");
    if (t->agent != NULL) {
        contrast_flags(out, t, m, l);
        hepatobiliary_flags(out, m, l);
    }
    for (int f = 0; f < (int)HEP_FLAG_COUNT; f++)
        if (t->agent == NULL && needs_agent((enum hep_flag)f))
            hep_flag_cannot(&out[f], "no contrast agent");
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        struct hep_flag_result *flag = &out[shells[i]];

        if (l->diameter_mm < SMALLEST_WITH_SHELLS_MM && flag->state == HEP_FLAG_PRESENT)
            hep_flag_set(flag, HEP_FLAG_ABSENT, flag->value, flag->limit,
                         "too small for a rim and a core");
    }
}
