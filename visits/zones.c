#include "visits/zones.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "image/mask.h"
#include "image/nifti.h"
#include "sequences/study_yml.h"
#include "visits/way.h"

#include <math.h>
#include <stdlib.h>

#define TREATED_SHARE 0.5 /* of a lesion inside a zone: the zone is its own */
#define ZONES_MAX 16      /* labels of a mask */
#define LIVER_STEP 7      /* every seventh voxel of the liver tells its median */

/* ---- which lesions were treated ---------------------------------------------------------------- */

/* DIR/sub-01/ses-2/anat/sub-01_ses-2_label-ablation_dseg.nii.gz, or the same below the study's own folder. */
static int find_mask(char **found, const struct hep_session *s, const char *dir,
                     const char *participant, struct hep_error *err)
{
    static const char *const endings[] = { ".nii.gz", ".nii" };

    for (size_t i = 0; i < 2; i++) {
        char *path = dir == NULL ? hep_asprintf(err, "%s/anat/%s_label-ablation_dseg%s",
                                                s->place->study, s->opened.run.label, endings[i])
                                 : hep_asprintf(err, "%s/%s/%s/anat/%s_label-ablation_dseg%s", dir,
                                                participant, s->place->session, s->opened.run.label,
                                                endings[i]);

        if (path == NULL)
            return HEP_ENOMEM;
        if (hep_is_file(path)) {
            *found = path;
            return HEP_OK;
        }
        free(path);
    }
    return HEP_OK;
}

/* "NAME=DIR" or "DIR". */
static const char *folder_of(const char *word)
{
    const char *equals = strchr(word, '=');
    const char *slash = strchr(word, '/');

    return equals != NULL && (slash == NULL || equals < slash) ? equals + 1 : word;
}

static int read_mask(struct hep_session *s, const struct hep_grid *grid, const char *const *folders,
                     size_t n, const char *participant, struct hep_error *err)
{
    char *path = NULL;
    struct hep_labels *own = NULL;
    int rc = s->place->study != NULL ? find_mask(&path, s, NULL, participant, err) : HEP_OK;

    for (size_t i = 0; rc == HEP_OK && path == NULL && i < n; i++)
        rc = find_mask(&path, s, folder_of(folders[i]), participant, err);
    if (rc == HEP_OK && path != NULL)
        rc = hep_nifti_read_labels(&own, path, err);
    if (rc == HEP_OK && path != NULL)
        rc = hep_resample_labels(&s->zone, own, grid, &s->from_baseline, err);
    hep_labels_free(own);
    free(path);
    return rc;
}

/* Labels of the user's lesions that study.yml calls treated. */
static int read_treated(struct hep_session *s, struct hep_error *err)
{
    char *path = s->place->study != NULL ? hep_path_join(s->place->study, "study.yml", err) : NULL,
         *text = NULL;
    struct hep_study_yml *yml = NULL;
    size_t n = 0;
    int rc = HEP_OK;

    if (path != NULL && hep_is_file(path)) {
        rc = hep_file_read(&text, &n, path, (size_t)1 << 20, err);
        if (rc == HEP_OK)
            rc = hep_study_yml_parse(&yml, text, n, path, err);
    }
    for (size_t k = 0; yml != NULL && k < yml->treated.n; k++) {
        for (size_t i = 0; i < s->visit.n; i++)
            s->lesions[i].treated =
                s->lesions[i].treated ||
                (double)s->lesions[i].finding->given_label == yml->treated.value[k];
    }
    hep_study_yml_free(yml);
    free(text);
    free(path);
    return rc;
}

/* Lesions outside a zone that touch it, at its visit and later: residual tumour or local progression and no new lesions
 * (Ahmed et al., Radiology 2014;273:241). They touch from the gap on below which two lesions do. */
static int mark_beside(struct hep_followed *f, size_t z, double gap_mm, struct hep_error *err)
{
    const struct hep_labels *zone = f->sessions[z].zone;
    struct hep_volume *distance = NULL;
    struct hep_labels *wider = NULL;
    int rc = hep_mask_distance(&distance, zone, false, 1, err);

    if (rc == HEP_OK)
        rc = hep_labels_new(&wider, &zone->grid, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&zone->grid); i++)
        wider->data[i] = zone->data[i] != 0 || (double)distance->data[i] <= gap_mm ? 1 : 0;
    for (size_t v = z; rc == HEP_OK && v < f->n; v++) {
        for (size_t i = 0; i < f->visits[v].n; i++)
            f->sessions[v].lesions[i].beside_zone =
                f->sessions[v].lesions[i].beside_zone ||
                (!f->sessions[v].lesions[i].treated &&
                 hep_visit_share_of(&f->visits[v], i, wider) > 0.0);
    }
    hep_labels_free(wider);
    hep_volume_free(distance);
    return rc;
}

int hep_zones_read(struct hep_followed *f, const char *const *folders, size_t n_folders,
                   struct hep_error *err)
{
    const struct hep_grid *grid = hep_session_grid(&f->sessions[0]);
    int rc = HEP_OK;

    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        struct hep_session *s = &f->sessions[v];

        if (s->visit.cannot != NULL)
            continue;
        rc = read_mask(s, grid, folders, n_folders, f->places.participant, err);
        if (rc == HEP_OK)
            rc = read_treated(s, err);
    }
    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        for (size_t z = 0; z < f->n; z++) {
            for (size_t i = 0; f->sessions[z].zone != NULL && i < f->visits[v].n; i++)
                f->sessions[v].lesions[i].treated =
                    f->sessions[v].lesions[i].treated ||
                    hep_visit_share_of(&f->visits[v], i, f->sessions[z].zone) >= TREATED_SHARE;
        }
    }
    for (size_t z = 0; rc == HEP_OK && z < f->n; z++) {
        if (f->sessions[z].zone != NULL)
            rc = mark_beside(f, z, f->config->followup.target_gap_mm, err);
    }
    return rc;
}

/* ---- what the images show ---------------------------------------------------------------------- */

struct box {
    double lo[3], hi[3];
};

static void box_of(struct box *b, const struct hep_labels *zone, double margin_mm)
{
    *b = (struct box){ { INFINITY, INFINITY, INFINITY }, { -INFINITY, -INFINITY, -INFINITY } };
    for (size_t i = 0; i < hep_grid_voxels(&zone->grid); i++) {
        double at[3];

        if (zone->data[i] == 0)
            continue;
        hep_grid_world_of(at, &zone->grid, i);
        for (int k = 0; k < 3; k++) {
            b->lo[k] = fmin(b->lo[k], at[k] - margin_mm);
            b->hi[k] = fmax(b->hi[k], at[k] + margin_mm);
        }
    }
}

static bool is_in(const struct box *b, const double at[3])
{
    return at[0] >= b->lo[0] && at[0] <= b->hi[0] && at[1] >= b->lo[1] && at[1] <= b->hi[1] &&
           at[2] >= b->lo[2] && at[2] <= b->hi[2];
}

/* An image on the baseline's grid, around the zone and at some voxels of the liver; NULL where the session has none. */
static int bring_image(struct hep_volume **out, struct hep_session *s,
                       const struct hep_labels *zone, const char *product, const char *series,
                       bool is_map, double margin_mm, struct hep_error *err)
{
    struct hep_way w = { 0 };
    struct box box;
    size_t seen = 0;
    int rc = hep_way_open(&w, s, product, series, is_map, err);

    *out = NULL;
    if (rc == HEP_OK && w.v != NULL)
        rc = hep_volume_new(out, &zone->grid, 1, err);
    box_of(&box, zone, margin_mm);
    for (size_t i = 0; rc == HEP_OK && w.v != NULL && i < hep_grid_voxels(&zone->grid); i++) {
        const bool liver = s->visit.liver != NULL && s->visit.liver->data[i] != 0;
        double at[3];

        hep_grid_world_of(at, &zone->grid, i);
        (*out)->data[i] = is_in(&box, at) || (liver && seen++ % LIVER_STEP == 0)
                              ? (float)hep_way_value(&w, at, true, HEP_INTERP_LINEAR)
                              : NAN;
    }
    hep_way_release(&w);
    return rc;
}

/* ---- measuring --------------------------------------------------------------------------------- */

/* The baseline's lesion that fills most of the zone. */
static size_t former_of(const struct hep_followed *f, const struct hep_labels *zone)
{
    size_t best = SIZE_MAX;
    double most = 0.0;

    for (size_t i = 0; i < f->tracks.n; i++) {
        const struct hep_track *t = &f->tracks.list[i];
        double share;

        if (t->first > 0 || !f->visits[0].lesions[t->visit[0].lesion[0]].kept)
            continue;
        share =
            hep_visit_share_of(&f->visits[0], t->visit[0].lesion[0], zone) * t->visit[0].volume_ml;
        if (share > most) {
            most = share;
            best = i;
        }
    }
    return best;
}

static int explain(struct hep_zone *z, const struct hep_followup_settings *s, double t1_limit,
                   struct hep_error *err)
{
    const struct hep_ablation *m = &z->measured;
    const bool thin = m->margin_mm < s->ablation_margin_mm,
               restricted = m->rim_adc_lowest < s->ablation_adc_ratio * m->liver_adc;
    const bool grown = z->growth > s->ablation_growth_share, bright = m->t1_ratio >= t1_limit;
    const bool uneven = m->rim_cv > s->ablation_even_cv,
               nodule = m->nodule_ratio >= s->ablation_nodule_ratio;
    struct hep_str text = { 0 };
    int rc;

    z->rim = !isfinite(m->rim_cv) ? "unknown" : uneven || nodule ? "nodular" : "even";
    z->state = thin || grown || nodule || (uneven && restricted) ? "conspicuous" : "inconspicuous";
    if (isfinite(m->margin_mm))
        hep_str_addf(&text,
                     "least margin %.1f mm at (%.0f, %.0f, %.0f) mm, %.0f %% of the former surface "
                     "below %.0f mm",
                     m->margin_mm, m->at_mm[0], m->at_mm[1], m->at_mm[2], 100.0 * m->below_share,
                     s->ablation_margin_mm);
    else
        hep_str_add(&text, "no former lesion is known inside it");
    if (isfinite(m->rim_cv))
        hep_str_addf(&text, "; rim %s: enhancement %+.0f %%, highest sector %+.0f %%", z->rim,
                     100.0 * m->rim_enhancement, 100.0 * m->rim_highest);
    if (nodule)
        hep_str_addf(&text,
                     "; nodular enhancement at (%.0f, %.0f, %.0f) mm: %.1f times that of liver and "
                     "rim (limit %.1f), with %.0f %% of the liver's hepatobiliary enhancement "
                     "(limit %.0f %%): neither liver nor coagulum nor both together",
                     m->nodule_mm[0], m->nodule_mm[1], m->nodule_mm[2], m->nodule_ratio,
                     s->ablation_nodule_ratio, 100.0 * m->nodule_uptake,
                     100.0 * s->ablation_uptake);
    if (isfinite(m->rim_adc_lowest))
        hep_str_addf(&text, "; lowest ADC of a sector %.2f, liver %.2f e-3 mm2/s%s",
                     1000.0 * m->rim_adc_lowest, 1000.0 * m->liver_adc,
                     restricted ? " (restricted)" : "");
    if (isfinite(z->growth))
        hep_str_addf(&text, "; volume %+.0f %% since the visit before", 100.0 * z->growth);
    if (bright)
        hep_str_addf(
            &text,
            "; bright before contrast (%.2f of the liver): enhancement is that of the subtraction",
            m->t1_ratio);
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK)
        (void)snprintf(z->reason, sizeof z->reason, "%s", text.s);
    hep_str_release(&text);
    return rc;
}

static void set_growth(struct hep_zone *z, const struct hep_followed *f)
{
    z->growth = (double)NAN;
    for (size_t i = f->n_zones; i-- > 0;) {
        const struct hep_zone *before = &f->zones[i];

        if (before->visit < z->visit && before->label == z->label && before->track == z->track) {
            z->growth = z->measured.zone_ml / before->measured.zone_ml - 1.0;
            return;
        }
    }
}

/* RECIST measures no zone: what stands out at it is said beside the category and does not decide it. */
static void tell_response(struct hep_followed *f, const struct hep_zone *z)
{
    const struct hep_followup_settings *s = &f->config->followup;

    if (!(z->measured.nodule_ratio >= s->ablation_nodule_ratio))
        return;
    for (size_t k = 0; k < 3; k++) {
        char *reason = f->response[k][z->visit].reason;
        const size_t n = strlen(reason), room = sizeof f->response[k][z->visit].reason;

        (void)snprintf(reason + n, room - n,
                       "; nodular enhancement at a treated zone, %.1f times that of liver and rim "
                       "(limit %.1f), is for a reader",
                       z->measured.nodule_ratio, s->ablation_nodule_ratio);
    }
}

static int measure_zone(struct hep_followed *f, size_t v, struct hep_labels *zone, int32_t label,
                        size_t track, struct hep_error *err)
{
    const struct hep_followup_settings *s = &f->config->followup;
    struct hep_session *session = &f->sessions[v];
    struct hep_volume *re = NULL, *adc = NULL, *pre = NULL, *uptake = NULL;
    struct hep_zone z = { .visit = v, .track = track, .label = label };
    struct hep_ablation_images m = { .zone = zone, .liver = f->visits[v].liver };
    const double margin = s->ablation_rim_mm;
    int rc = bring_image(&re, session, zone, "re_art", "arterial", true, margin, err);

    if (rc == HEP_OK)
        rc = bring_image(&adc, session, zone, "adc", "dwi", true, margin, err);
    if (rc == HEP_OK)
        rc = bring_image(&pre, session, zone, "precontrast", "precontrast", false, margin, err);
    if (rc == HEP_OK)
        rc = bring_image(&uptake, session, zone, "re_hbp", "hepatobiliary", true, margin, err);
    if (track != SIZE_MAX) {
        m.lesion = f->visits[0].labels;
        m.lesion_label = f->visits[0].lesions[f->tracks.list[track].visit[0].lesion[0]].finding->id;
    }
    m.enhancement = session->file.arterial_weight < s->arterial_weight_min ? NULL : re;
    m.uptake = uptake;
    m.adc = adc;
    m.precontrast = pre;
    if (rc == HEP_OK)
        rc = hep_ablation_measure(&z.measured, &m, s, err);
    if (rc == HEP_OK)
        rc = HEP_GROW(f->zones, f->n_zones, err);
    if (rc == HEP_OK && f->zones != NULL) {
        set_growth(&z, f);
        rc = explain(&z, s, f->config->lesions.flag.t1_bright_ratio_min, err);
        tell_response(f, &z);
        f->zones[f->n_zones++] = z;
    }
    hep_volume_free(re);
    hep_volume_free(adc);
    hep_volume_free(pre);
    hep_volume_free(uptake);
    return rc;
}

/* One label of a map as a mask; its number of voxels. */
static size_t only(struct hep_labels *out, const struct hep_labels *map, int32_t label)
{
    size_t n = 0;

    for (size_t i = 0; i < hep_grid_voxels(&map->grid); i++) {
        out->data[i] = map->data[i] == label ? 1 : 0;
        n += map->data[i] == label ? 1 : 0;
    }
    return n;
}

static int measure_visit(struct hep_followed *f, size_t v, struct hep_labels *mask,
                         struct hep_error *err)
{
    int rc = HEP_OK;

    for (int32_t label = 1; rc == HEP_OK && f->sessions[v].zone != NULL && label <= ZONES_MAX;
         label++) {
        if (only(mask, f->sessions[v].zone, label) > 0)
            rc = measure_zone(f, v, mask, label, former_of(f, mask), err);
    }
    /* A lesion that is called treated and has no mask of its own: its outline is the zone. */
    for (size_t i = 0; rc == HEP_OK && f->sessions[v].zone == NULL && i < f->tracks.n; i++) {
        const struct hep_track *t = &f->tracks.list[i];
        const struct hep_visit_lesion *l =
            t->visit[v].n > 0 ? &f->visits[v].lesions[t->visit[v].lesion[0]] : NULL;

        if (l != NULL && t->treated && t->first == 0 && l->kept && f->visits[v].labels != NULL &&
            only(mask, f->visits[v].labels, l->finding->id) > 0)
            rc = measure_zone(f, v, mask, 0, i, err);
    }
    return rc;
}

int hep_zones_measure(struct hep_followed *f, struct hep_error *err)
{
    struct hep_labels *mask = NULL;
    int rc = hep_labels_new(&mask, hep_session_grid(&f->sessions[0]), err);

    for (size_t v = 1; rc == HEP_OK && v < f->n; v++) {
        if (f->visits[v].cannot == NULL)
            rc = measure_visit(f, v, mask, err);
    }
    hep_labels_free(mask);
    return rc;
}

/* ---- as a table -------------------------------------------------------------------------------- */

struct zone_row {
    const char *session, *identity, *state, *rim, *reason;
    double zone_ml, lesion_ml, margin_mm, below, uncovered_ml, enhancement, highest, nodule, uptake,
        adc, liver_adc, growth, t1_ratio;
};
#define S struct zone_row
static const struct hep_column columns[] = {
    { "session", HEP_TEXT(S, session), "Session" },
    { "identity", HEP_TEXT(S, identity), "Former lesion" },
    { "state", HEP_TEXT(S, state), "State" },
    { "zone_ml", HEP_NUMBER(S, zone_ml), "Zone", "mL", HEP_DECIMALS(1) },
    { "lesion_ml", HEP_NUMBER(S, lesion_ml), "Former lesion", "mL", HEP_DECIMALS(1) },
    { "margin_mm", HEP_NUMBER(S, margin_mm), "Least margin", "mm", HEP_DECIMALS(1) },
    { "below_percent", HEP_NUMBER(S, below), "Surface below the margin", "%", HEP_DECIMALS(0) },
    { "uncovered_ml", HEP_NUMBER(S, uncovered_ml), "Outside the zone", "mL", HEP_DECIMALS(2) },
    { "rim", HEP_TEXT(S, rim), "Rim" },
    { "rim_enhancement_percent", HEP_NUMBER(S, enhancement), "Rim enhancement", "%",
      HEP_DECIMALS(0) },
    { "rim_highest_percent", HEP_NUMBER(S, highest), "Highest sector", "%", HEP_DECIMALS(0) },
    { "nodule_enhancement_ratio", HEP_NUMBER(S, nodule), "Nodule over liver and rim", "1",
      HEP_DECIMALS(1) },
    { "nodule_uptake_percent", HEP_NUMBER(S, uptake), "Its uptake of liver's", "%",
      HEP_DECIMALS(0) },
    { "rim_adc_lowest_mm2_per_s", HEP_NUMBER(S, adc), "Lowest ADC", "mm2/s", HEP_SIGNIFICANT(3) },
    { "liver_adc_mm2_per_s", HEP_NUMBER(S, liver_adc), "ADC of liver", "mm2/s",
      HEP_SIGNIFICANT(3) },
    { "growth_percent", HEP_NUMBER(S, growth), "Growth", "%", HEP_DECIMALS(0) },
    { "t1_liver_ratio", HEP_NUMBER(S, t1_ratio), "Before contrast over liver", "1",
      HEP_DECIMALS(2) },
    { "reason", HEP_TEXT(S, reason), "Why" },
    { 0 },
};
#undef S

int hep_followed_zones(struct hep_table *out, const struct hep_followed *f, struct hep_error *err)
{
    struct zone_row *rows = NULL;
    int rc = HEP_NEW(rows, f->n_zones + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < f->n_zones; i++) {
        const struct hep_zone *z = &f->zones[i];
        const struct hep_ablation *m = &z->measured;

        rows[i] =
            (struct zone_row){ f->places.list[z->visit].session,
                               z->track != SIZE_MAX ? f->tracks.list[z->track].identity : NULL,
                               z->state,
                               z->rim,
                               z->reason,
                               m->zone_ml,
                               m->lesion_ml,
                               m->margin_mm,
                               100.0 * m->below_share,
                               m->uncovered_ml,
                               100.0 * m->rim_enhancement,
                               100.0 * m->rim_highest,
                               m->nodule_ratio,
                               100.0 * m->nodule_uptake,
                               m->rim_adc_lowest,
                               m->liver_adc,
                               100.0 * z->growth,
                               m->t1_ratio };
    }
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Zones of ablation", columns, rows, f->n_zones);
    return rc;
}
