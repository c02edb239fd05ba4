#include "pipeline/stages/stages.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "lesions/assess.h"
#include "lesions/given.h"
#include "pipeline/config/config.h"
#include "lesions/liver_measures.h"
#include "pipeline/results/findings.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/given_lesions.h"
#include "pipeline/stages/lesion_study.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

static const struct hep_slot inputs[] = { HEP_LESION_STUDY_INPUTS,
                                          HEP_READS_SERIES("resection_mask"),
                                          HEP_READS_SERIES("lesion_mask"),
                                          HEP_READS_LABELS("drawn_lesions"),
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_LABELS("lesions", "anat/%s_label-lesions_dseg",
                     "findings on the reference grid; the values are their ids"),
    HEP_MAKES_STRUCT(findings,
                     "findings with measurements, flags and evidence, and the liver's uptake"),
    { 0 }
};

static int put_dseg_table(struct hep_run *run, const struct hep_findings *f, struct hep_error *err)
{
    char *path = hep_asprintf(err, "anat/%s_label-lesions_dseg.tsv", hep_run_label(run));
    struct hep_str text = { 0 };
    int rc;

    hep_str_add(&text, "index\tname\n");
    for (size_t i = 0; i < f->n; i++)
        hep_str_addf(&text, "%d\tlesion-%d %s\n", (int)f->list[i].id, (int)f->list[i].id,
                     hep_class_name(f->list[i].lesion_class));
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK)
        rc = path == NULL ? HEP_ENOMEM : hep_run_put_file(run, path, text.s, text.len, err);
    hep_str_release(&text);
    free(path);
    return rc;
}

/* What stays of the liver; NULL without a resection mask. */
static int remnant_of(struct hep_labels **out, struct hep_run *run,
                      const struct hep_lesion_study *study, struct hep_error *err)
{
    const struct hep_series *series = hep_run_series(run, "resection_mask");
    const char *path = hep_run_given_mask(run, HEP_ROLE_RESECTION_MASK);
    const struct hep_labels *mask = NULL;
    const size_t n = hep_grid_voxels(&study->grid);
    int rc = hep_run_labels(run, "resection_mask", &mask, err);

    *out = NULL;
    if (rc != HEP_OK || mask == NULL)
        return rc;
    rc = hep_aligned_mask(out, run, mask, inputs, path != NULL ? path : series->name, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        (*out)->data[i] = study->liver->data[i] != 0 && (*out)->data[i] == 0;
    return rc;
}

/** The tables of data that findings are chosen and judged by. */
struct tables {
    struct hep_evidence_table *evidence;
    struct hep_flag_table *flags;
    struct hep_detection_table *detection;
};

static int assess(struct hep_found *out, struct hep_run *run, const struct hep_lesion_study *study,
                  const struct hep_candidates *candidates, const struct hep_baseline *baseline,
                  const struct tables *tables, struct hep_error *err)
{
    struct hep_labels *remnant = NULL;
    int rc = hep_assess(&out->findings, study, candidates, baseline, tables->evidence,
                        tables->flags, err);

    if (rc == HEP_OK)
        rc = hep_list_rejected(&out->rejected, candidates, err);
    if (rc == HEP_OK)
        rc = remnant_of(&remnant, run, study, err);
    if (rc == HEP_OK)
        rc = hep_liver_measure(&out->liver, study, candidates, baseline, remnant, err);
    hep_labels_free(remnant);
    out->arterial_weight = hep_json_rounded(study->arterial_weight);
    hep_findings_settle(&out->findings);
    hep_findings_set_keys(&out->findings);
    hep_findings_settle(&out->rejected);
    hep_measures_settle(&out->liver.measures);
    if (rc == HEP_OK && out->liver.diffuse_reason[0] != '\0')
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "diffuse", "%s",
                      out->liver.diffuse_reason);
    return rc;
}

static void tables_release(struct tables *t)
{
    hep_evidence_free(t->evidence);
    hep_flag_table_free(t->flags);
    hep_detection_free(t->detection);
}

/** Where the table of this name lies; its name without folders, and its hash, are noted. */
static int find_table(char **path, char *name, size_t room, char sha256[HEP_SHA256_HEX],
                      const char *given, struct hep_error *err)
{
    const int rc = hep_config_find_file(path, given, err);

    (void)snprintf(name, room, "%s", hep_path_base(given));
    return rc == HEP_OK ? hep_sha256_file(sha256, *path, err) : rc;
}

/** Read the tables, and note in `found` which ones they are. */
static int read_tables(struct tables *t, struct hep_found *found, const struct hep_config *cfg,
                       struct hep_error *err)
{
#define FIND(path, which, given)                                                                   \
    find_table(path, found->which, sizeof found->which, found->which##_sha256, (given), err)
    char *evidence = NULL, *flags = NULL, *detection = NULL;
    int rc = FIND(&evidence, evidence_table, cfg->lesions.evidence_table.s);

    if (rc == HEP_OK)
        rc = hep_evidence_read(&t->evidence, evidence, err);
    if (rc == HEP_OK)
        rc = FIND(&flags, flag_table, cfg->lesions.flags_table.s);
    if (rc == HEP_OK)
        rc = hep_flag_table_read(&t->flags, flags, err);
    if (rc == HEP_OK)
        rc = FIND(&detection, detection_table, cfg->lesions.detection_table.s);
    if (rc == HEP_OK)
        rc = hep_detection_read(&t->detection, detection, err);
#undef FIND
    free(evidence);
    free(flags);
    free(detection);
    return rc;
}

/* Found lesions, and with given ones as the setting wants. HEP_EDATA: no image can show a lesion. */
static int find_candidates(struct hep_candidates *out, struct hep_given *given, struct hep_run *run,
                           const struct hep_lesion_study *study,
                           const struct hep_detection_table *table, struct hep_error *err)
{
    const bool any = hep_given_any(run);
    const bool only = any && hep_run_config(run)->lesions_given.mode == HEP_GIVEN_ONLY;
    struct hep_candidates found = { 0 };
    int rc = HEP_OK;

    if (!any)
        return hep_candidates_find(out, study, table, err);
    rc = hep_given_lesions(given, &found, !only, run, study, table, inputs, err);
    if (rc == HEP_OK)
        rc = hep_given_candidates(out, given, study, only ? NULL : &found, err);
    hep_candidates_release(&found);
    return rc;
}

static void set_origin(struct hep_finding *f, const struct hep_given_lesion *l)
{
    f->origin = HEP_ORIGIN_GIVEN;
    f->given_label = l->label;
    f->given_point = l->is_point;
    (void)snprintf(f->given_name, sizeof f->given_name, "%s", l->name);
    (void)snprintf(f->given_note, sizeof f->given_note, "%s", l->note);
}

/* Say where the findings come from, and keep the given ones that have no voxel to measure. */
static int add_origins(struct hep_findings *findings, const struct hep_given *given,
                       struct hep_error *err)
{
    struct hep_finding *all = NULL;
    size_t n = findings->n;

    if (given->n == 0)
        return HEP_OK;
    if (HEP_NEW(all, n + given->n, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        all[i] = findings->list[i];
        if ((size_t)all[i].id <= given->n)
            set_origin(&all[i], &given->list[all[i].id - 1]);
    }
    for (size_t i = 0; i < given->n; i++) {
        const struct hep_given_lesion *l = &given->list[i];

        if (l->voxels > 0)
            continue;
        all[n].id = (int32_t)i + 1;
        all[n].lesion_class = HEP_CLASS_OTHER;
        memcpy(all[n].centre_mm, l->centre_mm, sizeof l->centre_mm);
        set_origin(&all[n], l);
        for (int k = 0; k < HEP_FLAG_COUNT; k++)
            hep_flag_cannot(&all[n].flag[k], "%s", l->note);
        n++;
    }
    free(findings->list);
    findings->list = all;
    findings->n = n;
    return HEP_OK;
}

static int put_all(struct hep_run *run, const struct hep_lesion_study *study,
                   struct hep_candidates *candidates, const struct hep_given *given,
                   const struct tables *tables, struct hep_found *found, struct hep_error *err)
{
    struct hep_baseline baseline = { 0 };
    struct hep_labels *labels;
    int rc = hep_baseline_init(&baseline, study, candidates->labels, err);

    if (rc == HEP_OK)
        rc = assess(found, run, study, candidates, &baseline, tables, err);
    if (rc == HEP_OK)
        rc = add_origins(&found->findings, given, err);
    if (rc == HEP_OK)
        rc = put_dseg_table(run, &found->findings, err);
    if (rc == HEP_OK) {
        labels = candidates->labels;
        candidates->labels = NULL;
        rc = hep_run_put_labels(run, "lesions", labels, NULL, err);
    }
    hep_baseline_release(&baseline);
    return rc;
}

static int find_lesions(struct hep_run *run, const struct hep_lesion_study *study,
                        struct hep_error *err)
{
    struct hep_candidates candidates = { 0 };
    struct hep_given given = { 0 };
    struct tables tables = { 0 };
    struct hep_found *found = hep_findings_new(err);
    struct hep_error none = { 0 };
    int rc = found != NULL ? read_tables(&tables, found, hep_run_config(run), &none) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = find_candidates(&candidates, &given, run, study, tables.detection, &none);
    if (rc == HEP_EDATA && none.code == HEP_EDATA) {
        hep_run_put_absent(run, "lesions", "%s", none.msg);
        hep_run_put_absent(run, "findings", "%s", none.msg);
        rc = HEP_OK;
    } else if (rc != HEP_OK) {
        rc = hep_fail(err, (enum hep_status)rc, __func__, "%s", none.msg);
    } else {
        rc = put_all(run, study, &candidates, &given, &tables, found, err);
        if (rc == HEP_OK) {
            rc = hep_run_put_findings(run, found, err);
            found = NULL;
        }
    }
    if (found != NULL)
        hep_struct_release(found, &hep_findings_type);
    free(found);
    tables_release(&tables);
    hep_given_release(&given);
    hep_candidates_release(&candidates);
    return rc;
}

static int run_lesions(struct hep_run *run, struct hep_error *err)
{
    struct hep_lesion_images images = { 0 };
    int rc = hep_lesion_study_open(&images, run, err);

    if (rc == HEP_OK && images.study.liver == NULL) {
        hep_run_put_absent(run, "lesions", "%s", hep_run_reason(run, "liver"));
        hep_run_put_absent(run, "findings", "%s", hep_run_reason(run, "liver"));
    } else if (rc == HEP_OK) {
        rc = find_lesions(run, &images.study, err);
    }
    hep_lesion_images_release(&images);
    return rc;
}

static const char *const settings[] = { "lesions.", "enhancement.", "series.", "agent", NULL };
static const char *const files[] = { "agents.yml", "lesions.evidence.table", "lesions.flags.table",
                                     "lesions.detection.table", NULL };

const struct hep_stage hep_stage_lesions = {
    .name = "lesions",
    .typical_share = 6,
    .summary = "Finds focal lesions, measures them, and weighs the evidence.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_lesions,
    .files = files,
};
