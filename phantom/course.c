#include "phantom/course.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "contrast/kinetics.h"

#include <math.h>

#define VEIN_MEAN_S 20.0
#define BILE_T1_SHARE 0.9
#define BILE_T1_LATER 0.05
#define GOOD_UPTAKE_PER_MIN 0.03

struct hep_bolus hep_bolus_draw(double variation, uint64_t seed)
{
    struct hep_rng rng = { seed, hep_rng_stream("bolus"), 0 };
    const double arrival = hep_rng_next_range(&rng, -5.0, 5.0);
    const double bolus = hep_rng_next_range(&rng, 6.0, 10.0);

    if (!(variation > 0.0))
        return (struct hep_bolus){ 12.0, 0.0 };
    return (struct hep_bolus){ 12.0 + variation * arrival, bolus };
}

struct solver {
    const struct hep_anatomy *a;
    const struct hep_agent *agent;
    struct hep_relaxivity relax;
    struct hep_inputs *inputs;
    double *vein_mM, *ce_mM, *ch_mM;
    double bile_fill; /* share of the full shortening that this liver reaches */
};

static void before_injection(struct hep_course *c, const struct hep_anatomy *a)
{
    for (int label = 0; label < HEP_N_LABELS; label++) {
        const struct hep_tissue_values *t = hep_anatomy_tissue(a, (uint8_t)label);

        c->t1_s[label] = t != NULL ? t->t1_s : 1.0;
        c->r2star_added_per_s[label] = 0.0;
    }
}

static void make_vein(struct solver *v)
{
    const double keep = exp(-v->inputs->dt_s / VEIN_MEAN_S);

    v->vein_mM[0] = 0.0;
    for (size_t i = 1; i < v->inputs->n; i++)
        v->vein_mM[i] =
            keep * v->vein_mM[i - 1] +
            (1.0 - keep) * 0.5 * (v->inputs->portal_mM[i] + v->inputs->portal_mM[i - 1]);
}

static void add_blood(struct hep_course *c, int label, const struct solver *v, const double *plasma,
                      double t1_s)
{
    const double mM =
        (1.0 - v->inputs->hct) * hep_curve_at(plasma, v->inputs->n, v->inputs->dt_s, c->time_s);

    c->t1_s[label] = hep_t1_with_contrast_s(t1_s, v->relax.r1_blood * mM);
    c->r2star_added_per_s[label] = v->relax.r2_blood * mM;
}

static void add_bile(struct hep_course *c, int label, const struct solver *v, double t1_s)
{
    const struct hep_window *hbp = &v->agent->windows[HEP_PHASE_HEPATOBILIARY];
    double along, beyond, fill;

    if (!hbp->defined)
        return;
    along = (c->time_s / hbp->nominal_s[0] - 0.25) / 0.75;
    along = fmin(fmax(along, 0.0), 1.0);
    beyond = (c->time_s - hbp->nominal_s[0]) / (hbp->nominal_s[1] - hbp->nominal_s[0] + 1e-9);
    beyond = fmin(fmax(beyond, 0.0), 1.0);
    fill = along * along * (3.0 - 2.0 * along) * v->bile_fill;
    if (label == (int)HEP_LABEL_GALLBLADDER)
        fill *= 0.8;
    c->t1_s[label] = t1_s * (1.0 - (BILE_T1_SHARE + BILE_T1_LATER * beyond) * fill);
    c->r2star_added_per_s[label] = 12.0 * fill;
}

static int add_tissue(struct hep_course *course, size_t n, int label, struct solver *v,
                      const struct hep_tissue_values *t, struct hep_error *err)
{
    const struct hep_tissue_kinetics k = {
        .flow_per_s = HEP_PER_MIN(t->flow_per_min),
        .arterial_frac = t->arterial,
        .ve = t->ve,
        .uptake_per_s = HEP_PER_MIN(t->ki_per_min * v->agent->uptake_relative.value),
        .efflux_per_s = HEP_PER_MIN(t->kb_per_min),
    };
    const struct hep_inputs *in = v->inputs;
    int rc;

    rc = hep_tissue_solve(v->ce_mM, v->ch_mM, in, &k, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        double outside, within;

        if (isnan(course[i].time_s))
            continue;
        outside = t->ve * hep_curve_at(v->ce_mM, in->n, in->dt_s, course[i].time_s);
        within = hep_curve_at(v->ch_mM, in->n, in->dt_s, course[i].time_s);
        course[i].t1_s[label] = hep_t1_with_contrast_s(
            t->t1_s, v->relax.r1_blood * outside + v->relax.r1_hepatocyte * within);
        course[i].r2star_added_per_s[label] = v->relax.r2_blood * (outside + within);
    }
    return HEP_OK;
}

static int add_label(struct hep_course *course, size_t n, int label, struct solver *v,
                     struct hep_error *err)
{
    const struct hep_tissue_values *t = hep_anatomy_tissue(v->a, (uint8_t)label);
    const double *plasma = NULL;

    if (t == NULL || t->contrast == HEP_CONTRAST_NONE)
        return HEP_OK;
    if (t->contrast == HEP_CONTRAST_TISSUE)
        return add_tissue(course, n, label, v, t, err);
    if (t->contrast == HEP_CONTRAST_ARTERY)
        plasma = v->inputs->arterial_mM;
    else if (t->contrast == HEP_CONTRAST_PORTAL)
        plasma = v->inputs->portal_mM;
    else if (t->contrast == HEP_CONTRAST_VEIN)
        plasma = v->vein_mM;
    for (size_t i = 0; i < n; i++) {
        if (isnan(course[i].time_s))
            continue;
        if (plasma != NULL)
            add_blood(&course[i], label, v, plasma, t->t1_s);
        else
            add_bile(&course[i], label, v, t->t1_s);
    }
    return HEP_OK;
}

static int prepare(struct solver *v, double end_s, double field_t, const struct hep_bolus *bolus,
                   struct hep_error *err)
{
    struct hep_injection injection = hep_injection_default(v->agent);
    const double hepatic = v->agent->hepatic_frac.value;
    const double uptake = v->a->tissues.row[HEP_TISSUE_LIVER].ki_per_min;
    int rc;

    injection.arrival_s = bolus->arrival_s;
    injection.bolus_s = bolus->bolus_s;
    rc = hep_agent_relaxivity(&v->relax, v->agent, field_t, err);
    if (rc != HEP_OK)
        return rc;
    rc = hep_inputs_new(&v->inputs, &injection, end_s, HEP_INPUTS_DT_S, err);
    if (rc != HEP_OK)
        return rc;
    if (HEP_NEW(v->vein_mM, v->inputs->n, err) != HEP_OK ||
        HEP_NEW(v->ce_mM, v->inputs->n, err) != HEP_OK ||
        HEP_NEW(v->ch_mM, v->inputs->n, err) != HEP_OK)
        return HEP_ENOMEM;
    make_vein(v);
    v->bile_fill = isfinite(hepatic) && hepatic > 0.0 ? pow(fmin(hepatic / 0.5, 1.0), 0.25) *
                                                            fmin(uptake / GOOD_UPTAKE_PER_MIN, 1.0)
                                                      : 0.0;
    return HEP_OK;
}

int hep_course_solve(struct hep_course *course, size_t n, const struct hep_anatomy *a,
                     const struct hep_agent *agent, double field_t, const struct hep_bolus *bolus,
                     struct hep_error *err)
{
    struct solver v = { .a = a, .agent = agent };
    double end_s = -1.0;
    int rc = HEP_OK;

    for (size_t i = 0; i < n; i++) {
        before_injection(&course[i], a);
        if (!isnan(course[i].time_s))
            end_s = fmax(end_s, course[i].time_s);
    }
    if (end_s < 0.0)
        return HEP_OK;
    if (agent == NULL)
        return HEP_FAIL(err, HEP_EINVAL, "a series at %g s after injection needs an agent", end_s);
    rc = prepare(&v, end_s, field_t, bolus, err);
    for (int label = 1; rc == HEP_OK && label < HEP_N_LABELS; label++)
        rc = add_label(course, n, label, &v, err);
    hep_inputs_free(v.inputs);
    free(v.vein_mM);
    free(v.ce_mM);
    free(v.ch_mM);
    return rc;
}
