#include "pipeline/stages/stages.h"

#include "contrast/adequacy.h"
#include "contrast/enhancement.h"
#include "contrast/motion.h"
#include "contrast/phase.h"
#include "contrast/same_sequence.h"
#include "pipeline/config/config.h"
#include "pipeline/results/enhancement.h"
#include "image/mask.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/map_io.h"
#include "pipeline/stages/phase_gain.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

static const struct hep_slot inputs[] = { HEP_READS_SERIES("precontrast"),
                                          HEP_READS_SERIES("arterial"),
                                          HEP_READS_SERIES("portal_venous"),
                                          HEP_READS_SERIES("delayed"),
                                          HEP_READS_SERIES("transitional"),
                                          HEP_READS_SERIES("hepatobiliary"),
                                          HEP_READS_LABELS("liver"),
                                          HEP_READS_LABELS("anatomy"),
                                          HEP_READS_MAP("ff", HEP_UNIT_FRACTION),
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
    HEP_MAKES_STRUCT(enhancement, "phases, gates, adequacy, and the signals of organs"),
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

static void fill_timing(struct hep_enhancement_phase *e, const struct hep_run *run,
                        const struct phase_row *row)
{
    struct hep_phase_timing timing;

    e->time_s = hep_run_series(run, row->series)->time_since_injection_s;
    if (hep_run_agent(run) == NULL)
        return;
    hep_phase_judge(&timing, hep_run_agent(run), row->phase, e->time_s);
    e->timing = (struct hep_enhancement_timing){ .present = true,
                                                 .phase = timing.phase,
                                                 .grade = timing.grade };
    (void)memcpy(e->timing.reason, timing.reason, sizeof e->timing.reason);
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
static void fill_regions(struct hep_enhancement_phase *e, const struct hep_regions *pre,
                         const struct hep_regions *post, const struct comparison *c)
{
    for (int i = 1; i < HEP_ANATOMY_COUNT; i++) {
        e->signal[i] = post->median[i];
        if (c->why_not == NULL)
            e->relative_enhancement[i] =
                hep_relative_enhancement(pre->median[i], c->gain.factor * post->median[i]);
    }
}

/* The map of one phase on that phase's own grid. */
static int make_map(struct hep_run *run, const struct phase_row *row, const struct hep_gain *gain,
                    const struct hep_enhancement_phase *facts, struct hep_error *err)
{
    const struct hep_volume *pre = NULL, *post = NULL;
    struct hep_volume *pre_here = NULL, *re = NULL;
    struct hep_labels *body = NULL;
    struct hep_json *sidecar = NULL;
    int nthreads = hep_run_nthreads(run);
    int rc = hep_run_volume(run, "precontrast", &pre, err);

    if (rc == HEP_OK)
        rc = hep_run_volume(run, row->series, &post, err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&re, run, post, row->series, row->series, &post->grid, err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&pre_here, run, pre, "precontrast", row->series, &post->grid, err);
    if (rc == HEP_OK)
        rc = hep_maps_body(&body, re->data, &re->grid, err);
    if (rc == HEP_OK)
        hep_gain_apply(gain, re->data, hep_grid_voxels(&re->grid));
    if (rc == HEP_OK)
        rc = hep_enhancement_map(re->data, pre_here->data, re->data, hep_grid_voxels(&re->grid),
                                 hep_run_config(run)->enhancement.pre_floor, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_struct_json(&sidecar, facts, &hep_enhancement_phase_type, false, err);
    if (rc == HEP_OK)
        rc = hep_json_set(sidecar, "SpatialReference",
                          hep_json_new_string(hep_run_series(run, row->series)->name), err);
    if (rc == HEP_OK) {
        struct hep_map maps[] = { { row->map, re }, { 0 } };

        re = NULL;
        hep_maps_clear_air(maps, NULL, body);
        rc = hep_maps_put(run, maps, sidecar, err);
    }
    hep_json_free(sidecar);
    hep_labels_free(body);
    hep_volume_free(re);
    hep_volume_free(pre_here);
    return rc;
}

static void warn(const struct hep_run *run, enum hep_phase phase, const struct comparison *c)
{
    const char *words = hep_phase_words(phase);
    const struct hep_gain *g = &c->gain;

    if (c->gate.state == HEP_NOT_COMPARABLE)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "not-comparable", "%s: %s", words,
                      c->gate.reason);
    if (g->state != HEP_GAIN_PLAUSIBLE && hep_run_series(run, "precontrast") != NULL)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "gain", "%s: %s%s", words, g->reason,
                      hep_gain_known(g) ? "" : ": enhancement is not assessable");
}

static int do_phase(struct hep_run *run, const struct phase_row *row,
                    const struct hep_regions *region, const struct comparison *c,
                    struct hep_enhancement_phase *e, struct hep_error *err)
{
    int rc = HEP_OK;

    e->present = true;
    fill_timing(e, run, row);
    e->same_sequence = c->gate.state;
    (void)memcpy(e->same_sequence_reason, c->gate.reason, sizeof e->same_sequence_reason);
    if (hep_run_series(run, "precontrast") != NULL)
        e->alignment[HEP_PHASE_PRECONTRAST] = hep_alignment_method(run, "precontrast");
    e->alignment[row->phase] = hep_alignment_method(run, row->series);
    fill_regions(e, &region[HEP_PHASE_PRECONTRAST], &region[row->phase], c);
    if (c->gain.state == HEP_GAIN_CORRECTED)
        e->corrected = (struct hep_enhancement_gain){ true, c->gain };
    if (c->why_not == NULL)
        rc = make_map(run, row, &c->gain, e, err);
    else
        hep_run_put_absent(run, row->map, "%s", c->why_not);
    warn(run, row->phase, c);
    return rc;
}

/* Motion of the arterial phase, all on the grid of the precontrast series as it was acquired. */
static int judge_motion(struct hep_motion_judgement *out, struct hep_run *run,
                        struct hep_error *err)
{
    const struct hep_volume *pre = NULL, *art = NULL, *pv = NULL;
    struct hep_volume *base = NULL, *a = NULL, *p = NULL;
    struct hep_labels *body = NULL;
    struct hep_motion_input m;
    struct hep_adequacy grade;

    int rc = hep_run_volume(run, "precontrast", &pre, err);

    if (rc == HEP_OK)
        rc = hep_run_volume(run, "arterial", &art, err);
    if (rc == HEP_OK)
        rc = hep_run_volume(run, "portal_venous", &pv, err);
    if (rc != HEP_OK || pre == NULL || art == NULL)
        return rc;
    rc = hep_aligned_volume(&base, run, pre, "precontrast", "precontrast", &pre->grid, err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&a, run, art, "arterial", "precontrast", &pre->grid, err);
    if (rc == HEP_OK && pv != NULL)
        rc = hep_aligned_volume(&p, run, pv, "portal_venous", "precontrast", &pre->grid, err);
    if (rc == HEP_OK) {
        rc = hep_body_mask(&body, base, 0, err);
        if (rc != HEP_OK)
            (void)hep_error_prefix(err, "%s", hep_run_series(run, "precontrast")->name);
    }
    if (rc == HEP_OK)
        rc = hep_motion_measure(&m, base, a, p, body, err);
    if (rc == HEP_OK) {
        hep_adequacy_motion(&grade, &out->weight, &m);
        out->present = true;
        out->ghost_ratio = m.ghost_ratio;
        out->ncc_drop = m.ncc_drop;
        rc = hep_judgement_fill(&out->verdict, &grade, err);
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

static int judge_arterial(struct hep_judgement *out, const struct hep_run *run,
                          const struct hep_regions *region, const struct comparison *c,
                          struct hep_error *err)
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
            (void)snprintf(a.reason, sizeof a.reason, "%s: %s", hep_phase_words((enum hep_phase)p),
                           c[p].why_not);
    }
    return hep_judgement_fill(out, &a, err);
}

static int judge_adequacy(struct hep_enhancement *e, const struct hep_run *run,
                          const struct hep_regions *region, const struct comparison *c,
                          struct hep_error *err)
{
    const struct hep_agent *agent = hep_run_agent(run);
    const struct hep_regions *hbp = &region[HEP_PHASE_HEPATOBILIARY];
    bool ivc = isfinite(hbp->median[HEP_ANATOMY_IVC]);
    struct hep_adequacy a;
    int rc;

    if (agent == NULL)
        return HEP_OK;
    rc = judge_arterial(&e->arterial, run, region, c, err);
    if (rc != HEP_OK)
        return rc;
    hep_adequacy_hepatobiliary(&a, agent, hbp->median[HEP_ANATOMY_LIVER],
                               hbp->median[ivc ? HEP_ANATOMY_IVC : HEP_ANATOMY_PORTAL_VEIN],
                               ivc ? "inferior vena cava" : "portal vein");
    return hep_judgement_fill(&e->hepatobiliary, &a, err);
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

static int measure_phases(struct hep_enhancement *e, struct hep_run *run, struct hep_error *err)
{
    struct hep_regions region[HEP_PHASE_COUNT];
    struct comparison c[HEP_PHASE_COUNT];
    int rc = HEP_OK;

    for (int p = 0; rc == HEP_OK && p < HEP_PHASE_COUNT; p++)
        rc = hep_regions_of(&region[p], run, hep_phase_name((enum hep_phase)p), err);
    if (rc == HEP_OK)
        rc = compare_phases(c, run, region, err);
    for (size_t i = 0; rc == HEP_OK && i < N_PHASES; i++) {
        const struct phase_row *row = &phase_rows[i];

        if (hep_run_series(run, row->series) != NULL) {
            e->gain[row->phase] = (struct hep_enhancement_gain){ true, c[row->phase].gain };
            rc = do_phase(run, row, region, &c[row->phase], &e->phase[row->phase], err);
        } else {
            hep_run_put_absent(run, row->map, "the study has no %s series",
                               hep_phase_words(row->phase));
        }
    }
    if (rc == HEP_OK)
        rc = judge_adequacy(e, run, region, c, err);
    return rc == HEP_OK ? judge_motion(&e->motion, run, err) : rc;
}

static int run_enhancement(struct hep_run *run, struct hep_error *err)
{
    struct hep_enhancement *e;
    size_t n_post = 0;
    int rc;

    for (size_t i = 0; i < N_PHASES; i++)
        n_post += hep_run_series(run, phase_rows[i].series) != NULL;
    if (n_post == 0) {
        all_absent(run, "no series after contrast");
        return HEP_OK;
    }
    e = hep_enhancement_new(err);
    if (e == NULL)
        return HEP_ENOMEM;
    rc = measure_phases(e, run, err);
    if (rc == HEP_OK)
        return hep_run_put_enhancement(run, e, err);
    hep_struct_release(e, &hep_enhancement_type);
    free(e);
    return rc;
}

static const char *const settings[] = { "outputs.maps", "enhancement.", "agent", "series.", NULL };

static const char *const files[] = { "agents.yml", NULL };

const struct hep_stage hep_stage_enhancement = {
    .name = "enhancement",
    .typical_share = 2,
    .summary = "Relative enhancement of each phase, and whether the phases can be judged.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_enhancement,
    .files = files,
};
