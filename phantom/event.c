#include "phantom/event.h"

#include "base/json_put.h"
#include "base/number.h"
#include "base/rng.h"
#include "base/text.h"

#include <math.h>

/* A sequence for one degradation, and one series if named. */
static struct hep_rng stream(uint64_t seed, const char *what, const char *series)
{
    uint64_t s = hep_rng_stream(what);

    if (series != NULL)
        s ^= hep_rng_stream(series) * 0x9E3779B97F4A7C15ULL;
    return (struct hep_rng){ seed, s, 0 };
}

uint64_t hep_event_person(const struct hep_sim_settings *s)
{
    uint32_t w[4];

    hep_philox(w, s->seed, hep_rng_stream("subject"), s->subject);
    return ((uint64_t)w[0] << 32) | w[1];
}

uint64_t hep_event_seed(const struct hep_sim_settings *s)
{
    const uint64_t person = hep_event_person(s);
    uint32_t w[4];

    if (s->session < 2)
        return person;
    hep_philox(w, person, hep_rng_stream("session"), s->session);
    return ((uint64_t)w[0] << 32) | w[1];
}

double hep_event_iron(const struct hep_sim_settings *s, uint64_t seed)
{
    struct hep_rng rng = stream(seed, "iron", NULL);
    const double u = hep_rng_next(&rng), factor = hep_rng_next_range(&rng, 2.0, 4.0);

    return u < 0.1 * s->degrade[HEP_SIM_IRON] ? factor : 1.0;
}

static size_t role_rank(enum hep_role role)
{
    static const enum hep_role order[] = {
        HEP_ROLE_HEPATOBILIARY, HEP_ROLE_PORTAL_VENOUS, HEP_ROLE_DELAYED, HEP_ROLE_TRANSITIONAL,
        HEP_ROLE_ARTERIAL,      HEP_ROLE_PRECONTRAST,   HEP_ROLE_T2,      HEP_ROLE_DWI
    };
    const size_t n = sizeof order / sizeof order[0];

    for (size_t i = 0; i < n; i++)
        if (role == order[i])
            return i;
    return n;
}

size_t hep_event_reference(const struct hep_sim_settings *s)
{
    size_t best = 0;

    for (size_t i = 1; i < s->n_series; i++)
        if (role_rank(s->series[i].role) < role_rank(s->series[best].role))
            best = i;
    return best;
}

/* Name of the breath-hold of a series: series of one name move together. */
static const char *breath_hold(enum hep_role role)
{
    return role == HEP_ROLE_OPPOSED || role == HEP_ROLE_IN_PHASE ? "dual echo"
                                                                 : hep_role_name(role);
}

static int draw_motion(struct hep_series_event *e, const struct hep_sim_settings *s,
                       enum hep_role role, uint64_t seed, struct hep_error *err)
{
    static const double sd_mm[3] = { 1.0, 2.0, 6.0 }; /* LR, AP, SI */
    struct hep_rng rng = stream(seed, "shift", breath_hold(role));
    const struct hep_box box = hep_shape_box();
    int rc;

    for (int k = 0; k < 3; k++)
        e->motion.shift_mm[k] =
            s->degrade[HEP_SIM_SHIFT] * sd_mm[k] * fmin(fmax(hep_rng_next_normal(&rng), -2.5), 2.5);
    if (!(s->degrade[HEP_SIM_DEFORM] > 0.0))
        return HEP_OK;
    rng = stream(seed, "deform", breath_hold(role));
    rc = hep_field_new(&e->bend, &box, 60.0, 3, seed ^ rng.stream, "deform field", err);
    if (rc != HEP_OK)
        return rc;
    e->motion.bend = e->bend;
    /* SD 1.5 mm: 3 mm at two standard deviations */
    e->motion.bend_mm = fmin(1.5 * s->degrade[HEP_SIM_DEFORM], 6.0);
    return HEP_OK;
}

static double noise_of(enum hep_role role)
{
    if (role == HEP_ROLE_DWI)
        return 1.0 / 30.0;
    return role == HEP_ROLE_T2 ? 1.0 / 40.0 : 1.0 / 50.0;
}

static bool is_2d(enum hep_role role)
{
    return role == HEP_ROLE_T2 || role == HEP_ROLE_DWI;
}

static void draw_frame(struct hep_series_event *e, const struct hep_sim_settings *s,
                       const struct hep_sim_series *r, uint64_t seed)
{
    const char *name = hep_role_name(r->role);
    struct hep_rng rng = stream(seed, "gap", name);
    double u = hep_rng_next(&rng), amount = hep_rng_next_range(&rng, 0.1, 0.3);
    size_t end;

    e->slice_share = is_2d(r->role) && u < 0.3 * s->degrade[HEP_SIM_GAP] ? 1.0 - amount : 1.0;
    rng = stream(seed, "crop", name);
    u = hep_rng_next(&rng);
    amount = hep_rng_next_range(&rng, 0.12, 0.25);
    end = hep_rng_next(&rng) < 0.5 ? 0 : 1;
    if (is_2d(r->role) && u < 0.1 * s->degrade[HEP_SIM_CROP])
        e->crop[end] = (size_t)(amount * (double)r->n[2]);
    rng = stream(seed, "partial", name);
    u = hep_rng_next(&rng);
    amount = hep_rng_next_range(&rng, 0.12, 0.25);
    end = hep_rng_next(&rng) < 0.5 ? 0 : 1;
    if (hep_role_is_t1_phase(r->role) && u < 0.1 * s->degrade[HEP_SIM_PARTIAL])
        e->crop[end] = (size_t)(amount * (double)r->n[2]);
}

static void draw_receive(struct hep_series_event *e, const struct hep_sim_settings *s,
                         const struct hep_sim_series *r, uint64_t seed)
{
    const char *name = hep_role_name(r->role);
    struct hep_rng rng = stream(seed, "gain", name);
    const double jump = hep_rng_next_range(&rng, log(0.8), log(1.25));
    double u;

    e->gain = hep_role_is_post_contrast(r->role) ? exp(s->degrade[HEP_SIM_GAIN] * jump) : 1.0;
    rng = stream(seed, "transient", NULL);
    u = hep_rng_next(&rng);
    e->transient = r->role == HEP_ROLE_ARTERIAL && s->agent != NULL &&
                   strcmp(s->agent->name, "gadoxetate") == 0 &&
                   u < 0.11 * s->degrade[HEP_SIM_TRANSIENT];
    rng = stream(seed, "missing", name);
    e->missing = hep_rng_next(&rng) < 0.1 * s->degrade[HEP_SIM_MISSING];
    rng = stream(seed, "cardiac", name);
    for (size_t v = 0; v < r->n_b; v++) {
        const double loss = hep_rng_next_range(&rng, 0.1, 0.5);

        e->cardiac_loss[v] = r->role == HEP_ROLE_DWI && r->b_s_per_mm2[v] >= 400.0
                                 ? fmin(loss * s->degrade[HEP_SIM_CARDIAC], 0.9)
                                 : 0.0;
    }
    e->noise_sd_of_liver = s->degrade[HEP_SIM_NOISE] * noise_of(r->role);
    rng = stream(seed, "time", name);
    e->time_s = r->time_s;
    u = hep_rng_next_range(&rng, -1.0, 1.0);
    if (hep_role_is_post_contrast(r->role))
        e->time_s =
            fmax(round(10.0 * (r->time_s + u * s->variation * r->time_jitter_s)) / 10.0, 0.0);
}

/* Second-order log polynomial scaled so that its extremes over the body lie near +-30 %. */
static void draw_bias(struct hep_event *e, const struct hep_sim_settings *s, uint64_t seed)
{
    struct hep_rng rng = stream(seed, "bias", NULL);

    e->bias_level = s->degrade[HEP_SIM_BIAS];
    for (int k = 0; k < 9; k++)
        e->bias[k] = 0.12 * hep_rng_next_range(&rng, -1.0, 1.0);
    for (int k = 0; k < 2; k++)
        e->hot[k] = hep_rng_next_range(&rng, 0.1, 0.35);
}

static void swap_labels(struct hep_event *e, const struct hep_sim_settings *s, uint64_t seed)
{
    struct hep_rng rng = stream(seed, "swap", NULL);
    const double u = hep_rng_next(&rng);
    size_t art = s->n_series, pv = s->n_series;

    for (size_t i = 0; i < s->n_series; i++) {
        e->series[i].labelled_as = s->series[i].role;
        if (s->series[i].role == HEP_ROLE_ARTERIAL)
            art = i;
        if (s->series[i].role == HEP_ROLE_PORTAL_VENOUS)
            pv = i;
    }
    if (u < 0.05 * s->degrade[HEP_SIM_SWAP] && art < s->n_series && pv < s->n_series) {
        e->series[art].labelled_as = HEP_ROLE_PORTAL_VENOUS;
        e->series[pv].labelled_as = HEP_ROLE_ARTERIAL;
    }
}

int hep_event_draw(struct hep_event *e, const struct hep_sim_settings *s, uint64_t seed,
                   struct hep_error *err)
{
    int rc;

    memset(e, 0, sizeof *e);
    e->iron_factor = hep_event_iron(s, hep_event_person(s));
    e->bolus = hep_bolus_draw(s->variation, seed);
    e->reference = hep_event_reference(s);
    e->epi = s->degrade[HEP_SIM_EPI] > 0.0;
    e->epi_readout_s = 0.035;
    e->epi_peak_hz = s->degrade[HEP_SIM_EPI] * 60.0 * s->field_t / 3.0;
    /* storage goes round with the subject's number, so that a few subjects show every kind */
    e->las = s->subject % 2 == 0;
    e->oblique = s->subject % 3 == 0;
    e->int16 = s->subject % 4 >= 2;
    e->qform_only = s->subject % 4 == 0;
    draw_bias(e, s, seed);
    for (size_t i = 0; i < s->n_series; i++) {
        draw_frame(&e->series[i], s, &s->series[i], seed);
        draw_receive(&e->series[i], s, &s->series[i], seed);
        rc = hep_event_draw_image(&e->series[i], s, &s->series[i], seed, err);
        if (rc != HEP_OK)
            return rc;
        if (i == e->reference) {
            e->series[i].missing = false;
            if (hep_role_is_t1_phase(s->series[i].role))
                e->series[i].crop[0] = e->series[i].crop[1] = 0;
            continue;
        }
        rc = draw_motion(&e->series[i], s, s->series[i].role, seed, err);
        if (rc != HEP_OK)
            return rc;
    }
    swap_labels(e, s, seed);
    return HEP_OK;
}

void hep_event_release(struct hep_event *e)
{
    for (size_t i = 0; i < HEP_SIM_MAX_SERIES; i++) {
        hep_field_free(e->series[i].bend);
        hep_field_free(e->series[i].fat_field);
        e->series[i].bend = e->series[i].fat_field = NULL;
        e->series[i].motion.bend = NULL;
    }
}

/* ---- grids ----------------------------------------------------------------------------------- */

static void rotation(double m[3][3], double about_x, double about_z)
{
    const double cx = cos(about_x), sx = sin(about_x), cz = cos(about_z), sz = sin(about_z);
    const double r[3][3] = { { cz, -sz * cx, sz * sx },
                             { sz, cz * cx, -cz * sx },
                             { 0.0, sx, cx } };

    memcpy(m, r, sizeof r);
}

void hep_event_grid(struct hep_grid *out, const struct hep_event *e,
                    const struct hep_sim_settings *s, size_t series, uint64_t seed)
{
    const struct hep_sim_series *r = &s->series[series];
    const struct hep_series_event *se = &e->series[series];
    /* series of one kind share their geometry */
    const char *kind = is_2d(r->role)                  ? hep_role_name(r->role)
                       : hep_role_is_t1_phase(r->role) ? "t1"
                                                       : "echoes";
    struct hep_rng rng = stream(seed, "geometry", kind);
    const double dx = hep_rng_next_range(&rng, -3.0, 3.0);
    const double dy = hep_rng_next_range(&rng, -7.0, -1.0);
    const double dz = hep_rng_next_range(&rng, -4.0, 4.0);
    const double centre[3] = { dx, dy, dz };
    const double tilt = hep_rng_next_range(&rng, 2.0, 6.0) * HEP_PI / 180.0;
    const double turn = hep_rng_next_range(&rng, -4.0, 4.0) * HEP_PI / 180.0;
    double rot[3][3], first[3];

    rotation(rot, e->oblique ? tilt : 0.0, e->oblique ? turn : 0.0);
    memset(out, 0, sizeof *out);
    memcpy(out->n, r->n, sizeof out->n);
    for (int c = 0; c < 3; c++) {
        const double sign = c == 0 && e->las ? -1.0 : 1.0;

        first[c] = -0.5 * ((double)r->n[c] - 1.0);
        for (int k = 0; k < 3; k++)
            out->to_world[k][c] = sign * rot[k][c] * r->spacing_mm[c];
    }
    first[2] += (double)se->crop[0];
    out->n[2] -= se->crop[0] + se->crop[1];
    for (int k = 0; k < 3; k++)
        out->to_world[k][3] = centre[k] + out->to_world[k][0] * first[0] +
                              out->to_world[k][1] * first[1] + out->to_world[k][2] * first[2];
    out->to_world[3][3] = 1.0;
}

/* ---- the list for the truth ------------------------------------------------------------------ */

static struct hep_json *series_json(struct hep_put *put, const struct hep_series_event *e,
                                    const struct hep_sim_series *r)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_numbers(put, o, "shift_mm", e->motion.shift_mm, 3);
    hep_put_number(put, o, "deformation_sd_mm", e->motion.bend_mm);
    hep_put_number(put, o, "gain", e->gain);
    hep_put_number(put, o, "slice_thickness_share", e->slice_share);
    hep_put_number(put, o, "slices_cropped_low", (double)e->crop[0]);
    hep_put_number(put, o, "slices_cropped_high", (double)e->crop[1]);
    hep_put_number(put, o, "noise_sd_over_liver", e->noise_sd_of_liver);
    hep_put_number(put, o, "time_s", e->time_s);
    hep_put_bool(put, o, "transient_motion", e->transient);
    hep_put_bool(put, o, "missing", e->missing);
    hep_put_text(put, o, "labelled_as", hep_role_name(e->labelled_as));
    hep_put_numbers(put, o, "cardiac_loss", e->cardiac_loss, r->n_b);
    hep_put_numbers(put, o, "psf_sd_voxels", e->psf_sd_voxels, 3);
    hep_put_number(put, o, "fat_gain", e->fat_gain);
    hep_put_number(put, o, "artery_flow", e->artery_flow);
    hep_put_number(put, o, "vein_flow", e->vein_flow);
    hep_put_number(put, o, "aorta_ghost", e->ghost);
    hep_put_number(put, o, "aorta_ghost_shift", e->ghost_shift);
    hep_put_numbers(put, o, "heart_exponent", e->heart_exponent, r->n_b);
    hep_put_numbers(put, o, "drift_mm", e->drift_mm, 3);
    hep_put_numbers(put, o, "slice_sd_mm", e->slice_sd_mm, 3);
    hep_put_numbers(put, o, "b_s_per_mm2", r->b_s_per_mm2, r->n_b);
    return o;
}

int hep_event_json(struct hep_json **out, const struct hep_event *e,
                   const struct hep_sim_settings *s, struct hep_error *err)
{
    struct hep_json *o = hep_json_new_object(), *levels = hep_json_new_object(),
                    *series = hep_json_new_object();
    struct hep_put put = { HEP_OK, err };

    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++)
        hep_put_number(&put, levels, hep_sim_degradation_name((enum hep_sim_degradation)d),
                       s->degrade[d]);
    hep_put(&put, o, "levels", levels);
    for (size_t i = 0; i < s->n_series; i++)
        hep_put(&put, series, hep_role_name(s->series[i].role),
                series_json(&put, &e->series[i], &s->series[i]));
    hep_put(&put, o, "series", series);
    hep_put_number(&put, o, "iron_factor", e->iron_factor);
    hep_put_number(&put, o, "epi_peak_hz", e->epi ? e->epi_peak_hz : 0.0);
    hep_put_number(&put, o, "epi_readout_s", e->epi_readout_s);
    hep_put_number(&put, o, "bias_level", e->bias_level);
    hep_put_number(&put, o, "bolus_arrival_s", e->bolus.arrival_s);
    hep_put_number(&put, o, "bolus_duration_s", e->bolus.bolus_s);
    hep_put_text(&put, o, "reference", hep_role_name(s->series[e->reference].role));
    if (put.rc == HEP_OK)
        *out = o;
    else
        hep_json_free(o);
    return put.rc;
}
