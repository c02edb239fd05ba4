#include "pipeline/stages/stages.h"

#include "base/alloc.h"
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

static int assess(struct hep_found *out, struct hep_run *run, const struct hep_lesion_study *study,
                  const struct hep_candidates *candidates, const struct hep_baseline *baseline,
                  const struct hep_evidence_table *evidence, const struct hep_flag_table *flags,
                  struct hep_error *err)
{
    struct hep_labels *remnant = NULL;
    int rc = hep_assess(&out->findings, study, candidates, baseline, evidence, flags, err);

    if (rc == HEP_OK)
        rc = remnant_of(&remnant, run, study, err);
    if (rc == HEP_OK)
        rc = hep_liver_measure(&out->liver, study, candidates, baseline, remnant, err);
    hep_labels_free(remnant);
    hep_findings_settle(&out->findings);
    hep_measures_settle(&out->liver.measures);
    if (rc == HEP_OK && out->liver.diffuse_reason[0] != '\0')
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "diffuse", "%s",
                      out->liver.diffuse_reason);
    return rc;
}

/** Read the two tables of data that findings are judged by, and note which one the flags' is. */
static int read_tables(struct hep_evidence_table **evidence, struct hep_flag_table **flags,
                       struct hep_found *found, const struct hep_config *cfg, struct hep_error *err)
{
    const char *name = cfg->lesions.flags_table.s, *slash = strrchr(name, '/');
    char *evidence_path = NULL, *flags_path = NULL;
    int rc = hep_config_find(&evidence_path, "evidence.yml", err);

    if (rc == HEP_OK)
        rc = hep_evidence_read(evidence, evidence_path, err);
    if (rc == HEP_OK)
        rc = hep_config_find_file(&flags_path, name, err);
    if (rc == HEP_OK)
        rc = hep_flag_table_read(flags, flags_path, err);
    if (rc == HEP_OK)
        rc = hep_sha256_file(found->flag_table_sha256, flags_path, err);
    (void)snprintf(found->flag_table, sizeof found->flag_table, "%s",
                   slash != NULL ? slash + 1 : name);
    free(evidence_path);
    free(flags_path);
    return rc;
}

/* Found lesions, and with given ones as the setting wants. HEP_EDATA: no image can show a lesion. */
static int find_candidates(struct hep_candidates *out, struct hep_given *given, struct hep_run *run,
                           const struct hep_lesion_study *study, struct hep_error *err)
{
    const bool any = hep_given_any(run);
    const bool only = any && hep_run_config(run)->lesions_given.mode == HEP_GIVEN_ONLY;
    struct hep_candidates found = { 0 };
    int rc = HEP_OK;

    if (!any)
        return hep_candidates_find(out, study, err);
    rc = hep_given_lesions(given, &found, !only, run, study, inputs, err);
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
                   struct hep_error *err)
{
    struct hep_baseline baseline = { 0 };
    struct hep_found *found = hep_findings_new(err);
    struct hep_evidence_table *evidence = NULL;
    struct hep_flag_table *flags = NULL;
    struct hep_labels *labels;
    int rc = found == NULL ? HEP_ENOMEM
                           : read_tables(&evidence, &flags, found, hep_run_config(run), err);

    if (rc == HEP_OK)
        rc = hep_baseline_init(&baseline, study, candidates->labels, err);
    if (rc == HEP_OK)
        rc = assess(found, run, study, candidates, &baseline, evidence, flags, err);
    if (rc == HEP_OK)
        rc = add_origins(&found->findings, given, err);
    if (rc == HEP_OK)
        rc = put_dseg_table(run, &found->findings, err);
    if (rc == HEP_OK) {
        rc = hep_run_put_findings(run, found, err);
        found = NULL;
    }
    if (rc == HEP_OK) {
        labels = candidates->labels;
        candidates->labels = NULL;
        rc = hep_run_put_labels(run, "lesions", labels, NULL, err);
    }
    if (found != NULL)
        hep_findings_release(&found->findings);
    free(found);
    hep_baseline_release(&baseline);
    hep_evidence_free(evidence);
    hep_flag_table_free(flags);
    return rc;
}

static int find_lesions(struct hep_run *run, const struct hep_lesion_study *study,
                        struct hep_error *err)
{
    struct hep_candidates candidates = { 0 };
    struct hep_given given = { 0 };
    struct hep_error none = { 0 };
    int rc = find_candidates(&candidates, &given, run, study, &none);

    if (rc == HEP_EDATA && none.code == HEP_EDATA) {
        hep_run_put_absent(run, "lesions", "%s", none.msg);
        hep_run_put_absent(run, "findings", "%s", none.msg);
        rc = HEP_OK;
    } else if (rc != HEP_OK) {
        rc = hep_fail(err, (enum hep_status)rc, __func__, "%s", none.msg);
    } else {
        rc = put_all(run, study, &candidates, &given, err);
    }
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
static const char *const files[] = { "agents.yml", "evidence.yml", "lesions.flags.table", NULL };

const struct hep_stage hep_stage_lesions = {
    .name = "lesions",
    .summary = "Finds focal lesions, measures them, and weighs the evidence.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_lesions,
    .files = files,
};
