#include "phantom/true_flag.h"

#include <math.h>

/* Limits; see the header for their sources. */
#define B800_OVER_LIVER 1.2
#define RESTRICTED_ADC_MAX 1.1e-3
#define RESTRICTED_ADC_LIVER_SHARE 0.95
#define SHINE_ADC_MIN 1.5e-3
#define SHINE_ADC_LIVER_SHARE 1.1
#define RING_INDEX_MIN 0.3
#define RING_LIVER_RE_FLOOR 0.20
/* a smaller centre is a scar, and what surrounds it no ring */
#define RING_CORE_RHO_MIN 0.35
#define HYPERENHANCEMENT_MIN 1.10
#define WASHOUT_MAX 0.90
#define WASHOUT_DROP_MIN 0.10
#define RIM_WASHOUT_LIVER_MAX 0.92
#define RIM_WASHOUT_CORE_MAX 0.95
#define RIM_WASHOUT_DROP_MIN 0.08
#define HBP_RATIO_MAX 0.90
#define TARGET_CONTRAST_MIN 0.10
#define FAT_EXCESS_MIN 0.05
#define BLOOD_POOL_TOLERANCE 0.15
#define T1_BRIGHT_MIN 1.10
#define SMALLEST_WITH_SHELLS_MM 6.0

static const char *const flag_names[HEP_TRUE_N_FLAGS] = {
    [HEP_TRUE_RESTRICTED_DIFFUSION] = "restricted_diffusion",
    [HEP_TRUE_T2_SHINE_THROUGH] = "t2_shine_through",
    [HEP_TRUE_RING_ENHANCEMENT] = "ring_enhancement",
    [HEP_TRUE_ARTERIAL_HYPERENHANCEMENT] = "arterial_hyperenhancement",
    [HEP_TRUE_WASHOUT] = "washout",
    [HEP_TRUE_PERIPHERAL_WASHOUT] = "peripheral_washout",
    [HEP_TRUE_HBP_HYPOINTENSITY] = "hbp_hypointensity",
    [HEP_TRUE_TARGETOID_DWI] = "targetoid_dwi",
    [HEP_TRUE_TARGETOID_HBP] = "targetoid_hbp",
    [HEP_TRUE_T2_TARGET] = "t2_target",
    [HEP_TRUE_FAT] = "fat",
    [HEP_TRUE_BLOOD_POOL] = "blood_pool",
    [HEP_TRUE_T1_HYPERINTENSITY] = "t1_hyperintensity",
};

const char *hep_true_flag_name(enum hep_true_flag flag)
{
    return (unsigned)flag < HEP_TRUE_N_FLAGS ? flag_names[flag] : "?";
}

const char *hep_true_state_name(enum hep_true_state state)
{
    if (state == HEP_TRUE_NOT_ASSESSABLE)
        return "not_assessable";
    return state == HEP_TRUE_PRESENT ? "present" : "absent";
}

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

static void put(struct hep_true_value *v, bool present, double value, double limit,
                const char *unit, const char *reason)
{
    v->state = present ? HEP_TRUE_PRESENT : HEP_TRUE_ABSENT;
    v->value = value;
    v->limit = limit;
    v->unit = unit;
    v->reason = reason;
}

static void cannot(struct hep_true_value *v, const char *reason)
{
    put(v, false, (double)NAN, (double)NAN, "1", reason);
    v->state = HEP_TRUE_NOT_ASSESSABLE;
}

static void diffusion_flags(struct hep_true_value out[], const struct hep_true_measures *m)
{
    const double restricted_max =
        fmin(RESTRICTED_ADC_MAX, RESTRICTED_ADC_LIVER_SHARE * m->adc_liver);
    const double shine_min = fmax(SHINE_ADC_MIN, SHINE_ADC_LIVER_SHARE * m->adc_liver);
    double lowest = (double)INFINITY, highest = 0.0;
    bool restricted = false, shine = false;

    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        const bool bright = m->b800[zone] >= B800_OVER_LIVER;

        restricted = restricted || (bright && m->adc[zone] <= restricted_max);
        shine = shine || (bright && m->adc[zone] >= shine_min);
        lowest = fmin(lowest, m->adc[zone]);
        highest = fmax(highest, m->adc[zone]);
    }
    put(&out[HEP_TRUE_RESTRICTED_DIFFUSION], restricted, lowest, restricted_max, "mm2/s",
        "lowest ADC of rim, core and whole; b = 800 at least 1.2 of liver there");
    put(&out[HEP_TRUE_T2_SHINE_THROUGH], shine, highest, shine_min, "mm2/s",
        "highest ADC of rim, core and whole; b = 800 at least 1.2 of liver there");
    put(&out[HEP_TRUE_TARGETOID_DWI],
        m->b800[HEP_ZONE_RIM] > (1.0 + TARGET_CONTRAST_MIN) * m->b800[HEP_ZONE_CORE] &&
            m->adc[HEP_ZONE_RIM] < m->adc[HEP_ZONE_CORE],
        m->b800[HEP_ZONE_RIM] / m->b800[HEP_ZONE_CORE], 1.0 + TARGET_CONTRAST_MIN, "1",
        "b = 800 signal of rim over core, with the lower ADC in the rim");
    put(&out[HEP_TRUE_T2_TARGET],
        fabs(log(m->t2[HEP_ZONE_RIM] / m->t2[HEP_ZONE_CORE])) > log(1.0 + TARGET_CONTRAST_MIN),
        m->t2[HEP_ZONE_RIM] / m->t2[HEP_ZONE_CORE], 1.0 + TARGET_CONTRAST_MIN, "1",
        "T2-weighted signal of rim over core, either way");
}

static void ring_flag(struct hep_true_value *v, const struct hep_true_measures *m,
                      const struct hep_lesion *l)
{
    double best = -(double)INFINITY;

    for (int p = (int)HEP_PHASE_ARTERIAL; p <= (int)HEP_PHASE_PORTAL_VENOUS; p++)
        if (m->phase[p])
            best = fmax(best, (m->re[HEP_ZONE_RIM][p] - m->re[HEP_ZONE_CORE][p]) /
                                  fmax(m->re_liver[p], RING_LIVER_RE_FLOOR));
    put(v, best > RING_INDEX_MIN && !l->nodular && l->core_rho > RING_CORE_RHO_MIN, best,
        RING_INDEX_MIN, "1",
        l->nodular ? "enhancement of the rim in separate nodules"
                   : "rim minus core enhancement over the liver's, arterial or portal venous");
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
            present = present || (now < RIM_WASHOUT_LIVER_MAX && drop >= RIM_WASHOUT_DROP_MIN &&
                                  now < RIM_WASHOUT_CORE_MAX * m->ratio[HEP_ZONE_CORE][p]);
        else
            present = present || (now < WASHOUT_MAX && drop >= WASHOUT_DROP_MIN);
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
    return n > 0 && *worst < BLOOD_POOL_TOLERANCE;
}

static void contrast_flags(struct hep_true_value out[], const struct hep_truth_study *t,
                           const struct hep_true_measures *m, const struct hep_lesion *l)
{
    double value;
    const bool pool = blood_pool(m, &value);
    bool washout;

    put(&out[HEP_TRUE_BLOOD_POOL], pool, value, BLOOD_POOL_TOLERANCE, "1",
        "largest difference from the portal vein after the arterial phase");
    ring_flag(&out[HEP_TRUE_RING_ENHANCEMENT], m, l);
    value = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_ARTERIAL];
    put(&out[HEP_TRUE_ARTERIAL_HYPERENHANCEMENT],
        value > HYPERENHANCEMENT_MIN &&
            m->re[HEP_ZONE_WHOLE][HEP_PHASE_ARTERIAL] > m->re_liver[HEP_PHASE_ARTERIAL],
        value, HYPERENHANCEMENT_MIN, "1", "arterial signal over liver, and enhancing more");
    washout = washed_out(t, m, false, &value) && !pool;
    put(&out[HEP_TRUE_WASHOUT], washout, value, WASHOUT_MAX, "1",
        "lesion over liver in a phase where the agent allows it, after a drop of 0.10");
    washout = washed_out(t, m, true, &value) && l->core_rho > 0.0 && !pool;
    put(&out[HEP_TRUE_PERIPHERAL_WASHOUT], washout, value, RIM_WASHOUT_LIVER_MAX, "1",
        "rim over liver and core in a phase where the agent allows it, after a drop of 0.08");
}

static void hepatobiliary_flags(struct hep_true_value out[], const struct hep_true_measures *m,
                                const struct hep_lesion *l)
{
    const double whole = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_HEPATOBILIARY];
    const double rim = m->ratio[HEP_ZONE_RIM][HEP_PHASE_HEPATOBILIARY];
    const double core = m->ratio[HEP_ZONE_CORE][HEP_PHASE_HEPATOBILIARY];

    if (!m->phase[HEP_PHASE_HEPATOBILIARY]) {
        cannot(&out[HEP_TRUE_HBP_HYPOINTENSITY], "the agent has no hepatobiliary phase");
        cannot(&out[HEP_TRUE_TARGETOID_HBP], "the agent has no hepatobiliary phase");
        return;
    }
    put(&out[HEP_TRUE_HBP_HYPOINTENSITY], whole < HBP_RATIO_MAX, whole, HBP_RATIO_MAX, "1",
        "hepatobiliary signal over liver");
    put(&out[HEP_TRUE_TARGETOID_HBP],
        rim < HBP_RATIO_MAX && core > (1.0 + TARGET_CONTRAST_MIN) * rim && l->core_rho > 0.0,
        core / rim, 1.0 + TARGET_CONTRAST_MIN, "1",
        "hepatobiliary signal of core over rim, the rim below liver");
}

void hep_true_flags(struct hep_true_value out[HEP_TRUE_N_FLAGS], const struct hep_truth_study *t,
                    const struct hep_true_measures *m, const struct hep_lesion *l)
{
    static const enum hep_true_flag shells[] = { HEP_TRUE_RING_ENHANCEMENT,
                                                 HEP_TRUE_PERIPHERAL_WASHOUT,
                                                 HEP_TRUE_TARGETOID_DWI, HEP_TRUE_TARGETOID_HBP,
                                                 HEP_TRUE_T2_TARGET };
    const double excess = m->ff - m->ff_liver;
    const double bright = m->ratio[HEP_ZONE_WHOLE][HEP_PHASE_PRECONTRAST];

    diffusion_flags(out, m);
    put(&out[HEP_TRUE_FAT], excess > FAT_EXCESS_MIN, excess, FAT_EXCESS_MIN, "1",
        "fat fraction above the liver's");
    put(&out[HEP_TRUE_T1_HYPERINTENSITY], bright > T1_BRIGHT_MIN, bright, T1_BRIGHT_MIN, "1",
        "signal over liver before contrast");
    if (t->agent == NULL) {
        for (int f = (int)HEP_TRUE_RING_ENHANCEMENT; f <= (int)HEP_TRUE_HBP_HYPOINTENSITY; f++)
            cannot(&out[f], "no contrast agent");
        cannot(&out[HEP_TRUE_TARGETOID_HBP], "no contrast agent");
        cannot(&out[HEP_TRUE_BLOOD_POOL], "no contrast agent");
    } else {
        contrast_flags(out, t, m, l);
        hepatobiliary_flags(out, m, l);
    }
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
        if (l->diameter_mm < SMALLEST_WITH_SHELLS_MM && out[shells[i]].state == HEP_TRUE_PRESENT) {
            out[shells[i]].state = HEP_TRUE_ABSENT;
            out[shells[i]].reason = "too small for a rim and a core";
        }
}
