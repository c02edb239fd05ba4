#include "batch/group.h"

#include "base/file.h"
#include "batch/group_page.h"
#include "report/lesions_tsv.h"

int hep_group_write(const char *out_dir, const struct hep_out_status *status, struct hep_error *err)
{
    struct hep_table studies = { 0 }, lesions = { 0 };
    struct hep_group_table t;
    struct hep_str text = { 0 };
    int rc = hep_group_gather(&t, out_dir, status, err);

    if (rc != HEP_OK)
        return rc;
    rc = hep_group_studies(&studies, &t, err);
    if (rc == HEP_OK)
        rc = hep_table_write(out_dir, "studies", &studies, err);
    if (rc == HEP_OK) {
        const struct hep_json **documents = (const struct hep_json **)(void *)t.documents;

        rc = hep_lesions_table(&lesions, documents, status->n, true, err);
    }
    if (rc == HEP_OK)
        rc = hep_table_write(out_dir, "lesions", &lesions, err);
    if (rc == HEP_OK)
        rc = hep_group_page(&text, &t, err);
    if (rc == HEP_OK)
        rc = hep_str_write(&text, out_dir, "group.html", err);
    hep_str_release(&text);
    hep_table_release(&studies);
    hep_table_release(&lesions);
    hep_group_release(&t);
    return rc;
}
