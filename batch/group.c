#include "batch/group.h"

#include "base/alloc.h"
#include "base/file.h"
#include "batch/group_page.h"
#include "report/lesions_tsv.h"

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
        rc = hep_group_page(&text, &t, err);
    if (rc == HEP_OK)
        rc = hep_str_write(&text, out_dir, "group.html", err);
    hep_str_release(&text);
    hep_table_release(&studies);
    hep_group_release(&t);
    return rc;
}
