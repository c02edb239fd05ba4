#include "pipeline/stages/stages.h"

#include "contrast/adequacy.h"
#include "contrast/enhancement.h"
#include "contrast/motion.h"
#include "contrast/phase.h"
#include "contrast/same_sequence.h"
#include "pipeline/config/config.h"
#include "base/json_put.h"
#include "image/mask.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/map_io.h"
#include "pipeline/stages/phase_gain.h"
#include "sequences/inventory.h"

#include <math.h>

static const struct hep_slot inputs[] = { HEP_READS_SERIES("precontrast"),
                                          HEP_READS_SERIES("arterial"),
                                          HEP_READS_SERIES("portal_venous"),
                                          HEP_READS_SERIES("delayed"),
                                          HEP_READS_SERIES("transitional"),
                                          HEP_READS_SERIES("hepatobiliary"),
                                          HEP_READS_LABELS("liver"),
                                          HEP_READS_LABELS("anatomy"),
                                          HEP_READS_ALIGNMENT,
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_MAP("re_art", HEP_UNIT_FRACTION, "anat/%s_desc-art_REmap",
                  "relative enhancement, arterial phase"),
    HEP_MAKES_MAP("re_pv", HEP_UNIT_FRACTION, "anat/%s_desc-pv_REmap",
                  "relative enhancement, portal venous phase"),
    HEP_MAKES_MAP("re_del", HEP_UNIT_FRACTION, "anat/%s_desc-del_REmap",
                  "relative enhancement, delayed phase"),
    HEP_MAKES_MAP("re_trans", HEP_UNIT_FRACTION, "anat/%s_desc-trans_REmap",
                  "relative enhancement, transitional phase"),
    HEP_MAKES_MAP("re_hbp", HEP_UNIT_FRACTION, "anat/%s_desc-hbp_REmap",
                  "relative enhancement, hepatobiliary phase"),
    HEP_MAKES_JSON("enhancement", "phases, gates, adequacy, and the signals of organs"),
    { 0 }
};

struct phase_row {
    enum hep_phase phase;
    const char *series, *map;
};
static const struct phase_row phase_rows[] = {
    { HEP_PHASE_ARTERIAL, "arterial", "re_art" },
    { HEP_PHASE_PORTAL_VENOUS, "portal_venous", "re_pv" },
    { HEP_PHASE_DELAYED, "delayed", "re_del" },
    { HEP_PHASE_TRANSITIONAL, "transitional", "re_trans" },
    { HEP_PHASE_HEPATOBILIARY, "hepatobiliary", "re_hbp" },
};
#define N_PHASES (sizeof phase_rows / sizeof phase_rows[0])

static struct hep_t1w_protocol parameters(const struct hep_series *s)
{
    struct hep_t1w_protocol p = { .flip_rad = s->acquisition.flip_rad,
                                  .tr_s = s->acquisition.tr_s,
                                  .te_s = s->acquisition.te_s };

    p.fat = HEP_FAT_UNKNOWN;
    return p;
}

static void put_timing(struct hep_put *put, struct hep_json *o, const struct hep_run *run,
                       const struct phase_row *row)
{
    const struct hep_series *s = hep_run_series(run, row->series);
    struct hep_phase_timing timing;

    hep_put_number(put, o, "time_s", s->time_since_injection_s);
    if (hep_run_agent(run) == NULL)
        return;
    hep_phase_judge(&timing, hep_run_agent(run), row->phase, s->time_since_injection_s);
    hep_put_text(put, o, "phase", hep_phase_name(timing.phase));
    hep_put_text(put, o, "grade", hep_phase_grade_name(timing.grade));
    hep_put_text(put, o, "timing_reason", timing.reason);
}

/* How the two series of a map came together. */
static void put_alignment(struct hep_put *put, struct hep_json *o, struct hep_run *run,
                          const char *series)
{
    struct hep_json *methods = hep_json_new_object();

    if (hep_run_series(run, "precontrast") != NULL)
        hep_put_text(put, methods, "precontrast",
                     hep_align_method_name(hep_alignment_method(run, "precontrast")));
    hep_put_text(put, methods, series, hep_align_method_name(hep_alignment_method(run, series)));
    hep_put(put, o, "alignment", methods);
}

/* A phase against the series before contrast. */
struct comparison {
    struct hep_same_sequence gate;
    struct hep_gain gain;
    const char *why_not; /* NULL when they may be compared; borrowed from one of the two */
};

static void compare(struct comparison *c, const struct hep_run *run, const char *series)
{
    const struct hep_series *before = hep_run_series(run, "precontrast"),
                            *after = hep_run_series(run, series);

    c->gate = (struct hep_same_sequence){ .state = HEP_NOT_COMPARABLE };
    if (before != NULL && after != NULL) {
        struct hep_t1w_protocol a = parameters(before), b = parameters(after);

        hep_same_sequence(&c->gate, &a, &b);
    } else {
        (void)snprintf(c->gate.reason, sizeof c->gate.reason, "the study has no %s series",
                       before == NULL ? "precontrast" : series);
    }
    c->why_not = c->gate.state == HEP_NOT_COMPARABLE ? c->gate.reason
                 : !hep_gain_known(&c->gain)         ? c->gain.reason
                                                     : NULL;
}

/* Signals as they were acquired; what compares them with precontrast counts the gain. */
static void put_regions(struct hep_put *put, struct hep_json *o, const struct hep_regions *pre,
                        const struct hep_regions *post, const struct comparison *c)
{
    struct hep_json *signals = hep_json_new_object(), *re = hep_json_new_object();

    for (int i = 1; i < HEP_ANATOMY_COUNT; i++) {
        const char *name = hep_anatomy_name((enum hep_anatomy)i);

        if (isnan(post->median[i]))
            continue;
        hep_put_number(put, signals, name, post->median[i]);
        if (c->why_not == NULL)
            hep_put_number(
                put, re, name,
                hep_relative_enhancement(pre->median[i], c->gain.factor * post->median[i]));
    }
    hep_put(put, o, "signal", signals);
    hep_put(put, o, "relative_enhancement", re);
}

/* The map of one phase on that phase's own grid. */
static int make_map(struct hep_run *run, const struct phase_row *row, const struct hep_gain *gain,
                    struct hep_json *sidecar, struct hep_error *err)
{
    const struct hep_volume *pre = NULL, *post = NULL;
    struct hep_volume *pre_here = NULL, *re = NULL;
    int nthreads = hep_run_nthreads(run);
    int rc = hep_run_volume(run, "precontrast", &pre, err);

    if (rc == HEP_OK)
        rc = hep_run_volume(run, row->series, &post, err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&re, run, post, row->series, row->series, &post->grid, err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&pre_here, run, pre, "precontrast", row->series, &post->grid, err);
    if (rc == HEP_OK)
        hep_gain_apply(gain, re->data, hep_grid_voxels(&re->grid));
    if (rc == HEP_OK)
        rc = hep_enhancement_map(re->data, pre_here->data, re->data, hep_grid_voxels(&re->grid),
                                 hep_run_config(run)->enhancement.pre_floor, nthreads, err);
    if (rc == HEP_OK) {
        rc = hep_run_put_volume(run, row->map, re, hep_json_copy(sidecar), err);
        re = NULL;
    }
    hep_volume_free(re);
    hep_volume_free(pre_here);
    return rc;
}

static void warn(const struct hep_run *run, const char *series, const struct comparison *c)
{
    const struct hep_gain *g = &c->gain;

    if (c->gate.state == HEP_NOT_COMPARABLE)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "not-comparable", "%s: %s", series,
                      c->gate.reason);
    if (g->state != HEP_GAIN_PLAUSIBLE && hep_run_series(run, "precontrast") != NULL)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "gain", "%s: %s%s", series, g->reason,
                      hep_gain_known(g) ? "" : ": enhancement is not assessable");
}

static int do_phase(struct hep_run *run, const struct phase_row *row,
                    const struct hep_regions *region, const struct comparison *c,
                    struct hep_json *results, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object();
    int rc;

    put_timing(&put, o, run, row);
    hep_put_text(&put, o, "same_sequence", hep_comparable_name(c->gate.state));
    hep_put_text(&put, o, "same_sequence_reason", c->gate.reason);
    put_alignment(&put, o, run, row->series);
    put_regions(&put, o, &region[HEP_PHASE_PRECONTRAST], &region[row->phase], c);
    if (c->gain.state == HEP_GAIN_CORRECTED)
        hep_put(&put, o, "gain", hep_gain_json(&put, &c->gain));
    rc = put.rc;
    if (rc == HEP_OK && c->why_not == NULL)
        rc = make_map(run, row, &c->gain, o, err);
    else if (rc == HEP_OK)
        hep_run_put_absent(run, row->map, "%s", c->why_not);
    warn(run, row->series, c);
    hep_put(&put, results, row->series, o);
    return rc != HEP_OK ? rc : put.rc;
}

static struct hep_json *adequacy_json(struct hep_put *put, const struct hep_adequacy *a)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_text(put, o, "grade", hep_adequacy_name(a->grade));
    hep_put_number(put, o, "value", a->value);
    hep_put_number(put, o, "limit", a->limit);
    hep_put_text(put, o, "unit", a->unit);
    hep_put_text(put, o, "reason", a->reason);
    hep_put_text(put, o, "source", a->source);
    return o;
}

/* Motion of the arterial phase, all on the grid of the precontrast series as it was acquired. */
static int put_motion(struct hep_put *put, struct hep_json *results, struct hep_run *run)
{
    const struct hep_volume *pre = NULL, *art = NULL, *pv = NULL;
    struct hep_volume *base = NULL, *a = NULL, *p = NULL;
    struct hep_labels *body = NULL;
    struct hep_motion_input m;
    struct hep_adequacy grade;
    struct hep_json *o;
    double weight = 1.0;
    int rc = hep_run_volume(run, "precontrast", &pre, put->err);

    if (rc == HEP_OK)
        rc = hep_run_volume(run, "arterial", &art, put->err);
    if (rc == HEP_OK)
        rc = hep_run_volume(run, "portal_venous", &pv, put->err);
    if (rc != HEP_OK || pre == NULL || art == NULL)
        return rc;
    rc = hep_aligned_volume(&base, run, pre, "precontrast", "precontrast", &pre->grid, put->err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&a, run, art, "arterial", "precontrast", &pre->grid, put->err);
    if (rc == HEP_OK && pv != NULL)
        rc = hep_aligned_volume(&p, run, pv, "portal_venous", "precontrast", &pre->grid, put->err);
    if (rc == HEP_OK) {
        rc = hep_body_mask(&body, base, 0, put->err);
        if (rc != HEP_OK)
            (void)hep_error_prefix(put->err, "%s", hep_run_series(run, "precontrast")->name);
    }
    if (rc == HEP_OK)
        rc = hep_motion_measure(&m, base, a, p, body, put->err);
    if (rc == HEP_OK) {
        hep_adequacy_motion(&grade, &weight, &m);
        o = adequacy_json(put, &grade);
        hep_put_number(put, o, "ghost_ratio", m.ghost_ratio);
        hep_put_number(put, o, "ncc_drop", m.ncc_drop);
        hep_put_number(put, o, "weight", weight);
        hep_put(put, results, "arterial_motion", o);
    }
    hep_volume_free(base);
    hep_volume_free(a);
    hep_volume_free(p);
    hep_labels_free(body);
    return rc;
}

/* Signals of an organ at the gain of the precontrast series; NaN in a phase that must not be
 * compared with it. */
static struct hep_three_phase three(const struct hep_regions *region, const struct comparison *c,
                                    enum hep_anatomy organ)
{
    double signal[HEP_PHASE_COUNT];

    for (int p = HEP_PHASE_ARTERIAL; p <= HEP_PHASE_PORTAL_VENOUS; p++)
        signal[p] = c[p].why_not == NULL ? c[p].gain.factor * region[p].median[organ] : (double)NAN;
    return (struct hep_three_phase){ region[HEP_PHASE_PRECONTRAST].median[organ],
                                     signal[HEP_PHASE_ARTERIAL], signal[HEP_PHASE_PORTAL_VENOUS] };
}

static void put_arterial(struct hep_put *put, struct hep_json *results, const struct hep_run *run,
                         const struct hep_regions *region, const struct comparison *c)
{
    struct hep_three_phase aorta = three(region, c, HEP_ANATOMY_AORTA),
                           portal = three(region, c, HEP_ANATOMY_PORTAL_VEIN),
                           veins = three(region, c, HEP_ANATOMY_HEPATIC_VEINS),
                           liver = three(region, c, HEP_ANATOMY_LIVER);
    struct hep_adequacy a;

    hep_adequacy_arterial(&a, &aorta, &portal, &veins, &liver);
    for (int p = HEP_PHASE_PORTAL_VENOUS; p >= HEP_PHASE_ARTERIAL; p--) {
        const char *series = hep_phase_name((enum hep_phase)p);

        if (a.grade == HEP_ADEQUACY_NOT_ASSESSABLE && c[p].why_not != NULL &&
            hep_run_series(run, series) != NULL && hep_run_series(run, "precontrast") != NULL)
            (void)snprintf(a.reason, sizeof a.reason, "%s: %s", series, c[p].why_not);
    }
    hep_put(put, results, "arterial_adequacy", adequacy_json(put, &a));
}

static void put_adequacy(struct hep_put *put, struct hep_json *results, const struct hep_run *run,
                         const struct hep_regions *region, const struct comparison *c)
{
    const struct hep_agent *agent = hep_run_agent(run);
    const struct hep_regions *hbp = &region[HEP_PHASE_HEPATOBILIARY];
    bool ivc = isfinite(hbp->median[HEP_ANATOMY_IVC]);
    struct hep_adequacy a;

    if (agent == NULL)
        return;
    put_arterial(put, results, run, region, c);
    hep_adequacy_hepatobiliary(&a, agent, hbp->median[HEP_ANATOMY_LIVER],
                               hbp->median[ivc ? HEP_ANATOMY_IVC : HEP_ANATOMY_PORTAL_VEIN],
                               ivc ? "inferior vena cava" : "portal vein");
    hep_put(put, results, "hepatobiliary_adequacy", adequacy_json(put, &a));
}

static void put_gains(struct hep_put *put, struct hep_json *results, const struct hep_run *run,
                      const struct comparison *c)
{
    struct hep_json *all = hep_json_new_object();

    for (size_t i = 0; i < N_PHASES; i++) {
        if (hep_run_series(run, phase_rows[i].series) != NULL)
            hep_put(put, all, phase_rows[i].series,
                    hep_gain_json(put, &c[phase_rows[i].phase].gain));
    }
    hep_put(put, results, "gain", all);
}

static void all_absent(struct hep_run *run, const char *reason)
{
    for (size_t i = 0; i < N_PHASES; i++)
        hep_run_put_absent(run, phase_rows[i].map, "%s", reason);
    hep_run_put_absent(run, "enhancement", "%s", reason);
}

/* Every phase against the series before contrast. */
static int compare_phases(struct comparison *c, struct hep_run *run,
                          const struct hep_regions *region, struct hep_error *err)
{
    struct hep_gain gain[HEP_PHASE_COUNT];
    int rc = hep_phase_gains_find(gain, run, region, err);

    for (int p = 0; rc == HEP_OK && p < HEP_PHASE_COUNT; p++) {
        c[p].gain = gain[p];
        compare(&c[p], run, hep_phase_name((enum hep_phase)p));
    }
    return rc;
}

static int measure_phases(struct hep_json *results, struct hep_run *run, struct hep_error *err)
{
    struct hep_regions region[HEP_PHASE_COUNT];
    struct comparison c[HEP_PHASE_COUNT];
    struct hep_put put = { HEP_OK, err };
    int rc = HEP_OK;

    for (int p = 0; rc == HEP_OK && p < HEP_PHASE_COUNT; p++)
        rc = hep_regions_of(&region[p], run, hep_phase_name((enum hep_phase)p), err);
    if (rc == HEP_OK)
        rc = compare_phases(c, run, region, err);
    for (size_t i = 0; rc == HEP_OK && i < N_PHASES; i++) {
        const struct phase_row *row = &phase_rows[i];

        if (hep_run_series(run, row->series) != NULL)
            rc = do_phase(run, row, region, &c[row->phase], results, err);
        else
            hep_run_put_absent(run, row->map, "the study has no %s series", row->series);
    }
    if (rc != HEP_OK)
        return rc;
    put_adequacy(&put, results, run, region, c);
    put_gains(&put, results, run, c);
    rc = put_motion(&put, results, run);
    return rc != HEP_OK ? rc : put.rc;
}

static int run_enhancement(struct hep_run *run, struct hep_error *err)
{
    struct hep_json *results;
    size_t n_post = 0;
    int rc;

    for (size_t i = 0; i < N_PHASES; i++)
        n_post += hep_run_series(run, phase_rows[i].series) != NULL;
    if (n_post == 0) {
        all_absent(run, "no series after contrast");
        return HEP_OK;
    }
    results = hep_json_new_object();
    rc = measure_phases(results, run, err);
    if (rc == HEP_OK)
        return hep_run_put_json(run, "enhancement", results, err);
    hep_json_free(results);
    return rc;
}

static const char *const settings[] = { "enhancement.", "agent", "series.", NULL };

static const char *const files[] = { "agents.yml", NULL };

const struct hep_stage hep_stage_enhancement = {
    .name = "enhancement",
    .summary = "Relative enhancement of each phase, and whether the phases can be judged.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_enhancement,
    .files = files,
};
