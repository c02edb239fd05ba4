#include "batch/group.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "batch/group_followup.h"
#include "batch/group_page.h"
#include "pipeline/record.h"
#include "report/lesions_tsv.h"
#include "report/measure.h"

#include <stdlib.h>

static int write_lesions(const char *out_dir, const struct hep_group_table *t,
                         struct hep_error *err)
{
    struct hep_study_findings *studies = hep_calloc(t->status->n + 1, sizeof *studies, err);
    struct hep_table lesions = { 0 };
    int rc = studies == NULL ? HEP_ENOMEM : HEP_OK;

    for (size_t i = 0; studies != NULL && i < t->status->n; i++)
        studies[i] = (struct hep_study_findings){ t->status->list[i].label, &t->files[i].findings };
    if (rc == HEP_OK)
        rc = hep_lesions_table(&lesions, studies, t->status->n, true, err);
    if (rc == HEP_OK)
        rc = hep_table_write(out_dir, "lesions", &lesions, err);
    hep_table_release(&lesions);
    free(studies);
    return rc;
}

/* The measures of a study out of its run.json; NULL where an earlier version wrote others. */
static int read_measures(struct hep_map_measures **out, const char *out_dir,
                         const struct hep_study_status *s, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s/%s_run.json", out_dir, s->relative, s->label);
    struct hep_map_measures *m = hep_measures_new(err);
    struct hep_json *record = NULL;
    const struct hep_json *products;
    struct hep_error other = { 0 };
    int rc = path == NULL || m == NULL ? HEP_ENOMEM : hep_json_read(&record, path, err);

    products = hep_json_get(hep_record_stage(record, "report"), "products");
    if (rc == HEP_OK && hep_struct_read(m, &hep_measures_type,
                                        hep_json_get(hep_json_get(products, "measures"), "results"),
                                        &other) == HEP_OK) {
        *out = m;
        m = NULL;
    }
    if (other.code == HEP_ENOMEM)
        rc = HEP_FAIL(err, HEP_ENOMEM, "%s", other.msg);
    hep_json_free(record);
    free(m);
    free(path);
    return rc;
}

static int write_regions(const char *out_dir, const struct hep_out_status *status,
                         struct hep_error *err)
{
    struct hep_map_measures **all = hep_calloc(status->n + 1, sizeof(void *), err);
    struct hep_study_measures *studies = hep_calloc(status->n + 1, sizeof *studies, err);
    struct hep_table regions = { 0 };
    int rc = all == NULL || studies == NULL ? HEP_ENOMEM : HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < status->n; i++) {
        if (status->list[i].state == HEP_STATE_DONE)
            rc = read_measures(&all[i], out_dir, &status->list[i], err);
        studies[i] = (struct hep_study_measures){ status->list[i].label, all[i] };
    }
    if (rc == HEP_OK)
        rc = hep_regions_table(&regions, studies, status->n, true, err);
    if (rc == HEP_OK)
        rc = hep_table_write(out_dir, "regions", &regions, err);
    hep_table_release(&regions);
    for (size_t i = 0; all != NULL && i < status->n; i++) {
        if (all[i] != NULL)
            hep_struct_release(all[i], &hep_measures_type);
        free(all[i]);
    }
    free((void *)all);
    free(studies);
    return rc;
}

/* followup.tsv, where somebody has been followed up. */
static int write_followups(const char *out_dir, const struct hep_out_status *status,
                           struct hep_error *err)
{
    struct hep_table t = { 0 };
    int rc = hep_group_followups(&t, out_dir, status, err);

    if (rc == HEP_OK && t.n > 0)
        rc = hep_table_write(out_dir, "followup", &t, err);
    hep_table_release(&t);
    return rc;
}

int hep_group_write(const char *out_dir, const struct hep_out_status *status, struct hep_error *err)
{
    struct hep_table studies = { 0 };
    struct hep_group_table t;
    struct hep_str text = { 0 };
    int rc = hep_group_gather(&t, out_dir, status, err);

    if (rc != HEP_OK)
        return rc;
    rc = hep_group_studies(&studies, &t, err);
    if (rc == HEP_OK)
        rc = hep_table_write(out_dir, "studies", &studies, err);
    if (rc == HEP_OK)
        rc = write_lesions(out_dir, &t, err);
    if (rc == HEP_OK)
        rc = write_regions(out_dir, status, err);
    if (rc == HEP_OK)
        rc = write_followups(out_dir, status, err);
    if (rc == HEP_OK)
        rc = hep_group_page(&text, &t, out_dir, err);
    if (rc == HEP_OK)
        rc = hep_str_write(&text, out_dir, "group.html", err);
    hep_str_release(&text);
    hep_table_release(&studies);
    hep_group_release(&t);
    return rc;
}
