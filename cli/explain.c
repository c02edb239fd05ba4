#include "cli/explain.h"

#include "batch/lesion_file.h"
#include "base/file.h"
#include "base/sha256.h"
#include "cli/print.h"
#include "lesions/detection.h"
#include "pipeline/config/config.h"

#include <math.h>
#include <stdlib.h>

/* The shipped table that the result was made with; NULL when it was another one. */
static int find_table(struct hep_detection_table **out, const struct hep_lesion_file *f,
                      struct hep_error *err)
{
    const char *name = hep_json_string(hep_json_get(f->root, "detection_table"));
    const char *hash = hep_json_string(hep_json_get(f->root, "detection_table_sha256"));
    char sha256[HEP_SHA256_HEX], *path = NULL;
    struct hep_error none = { 0 };
    int rc = HEP_OK;

    if (name != NULL && hash != NULL && hep_config_find(&path, name, &none) == HEP_OK) {
        rc = hep_sha256_file(sha256, path, err);
        if (rc == HEP_OK && strcmp(sha256, hash) == 0)
            rc = hep_detection_read(out, path, err);
    }
    free(path);
    return rc;
}

static void add_candidate(struct hep_str *text, const struct hep_finding *f, bool kept,
                          const struct hep_detection_table *table)
{
    const double strength = hep_finding_get(f, HEP_M_DETECTION_SCORE);

    hep_str_addf(text, "%s %d at %.1f %.1f %.1f mm, %.1f mm: log-odds %.2f\n",
                 kept ? "lesion" : "rejected", (int)f->id, f->centre_mm[0], f->centre_mm[1],
                 f->centre_mm[2], hep_finding_get(f, HEP_M_DIAMETER), strength);
    for (int i = 0; i < HEP_FEATURE_COUNT; i++) {
        const struct hep_feature_row *row = hep_feature_row((enum hep_feature)i);

        if (!isfinite(f->feature[i]))
            hep_str_addf(text, "    %-20s not measured\n", row->name);
        else if (table != NULL)
            hep_str_addf(text, "    %-20s %8.3f  adds %+.2f\n", row->name, f->feature[i],
                         hep_detection_share(table, (enum hep_feature)i, f->feature[i]));
        else
            hep_str_addf(text, "    %-20s %8.3f\n", row->name, f->feature[i]);
    }
}

static void add_all(struct hep_str *text, const struct hep_findings *list, bool kept,
                    const struct hep_detection_table *table)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->list[i].has_features)
            add_candidate(text, &list->list[i], kept, table);
}

int hep_print_explained(FILE *out, const char *folder, const char *label, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s_lesions.json", folder, label);
    struct hep_detection_table *table = NULL;
    struct hep_lesion_file f = { 0 };
    struct hep_str text = { 0 };
    int rc = path != NULL ? hep_lesion_file_read(&f, path, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = find_table(&table, &f, err);
    if (rc == HEP_OK) {
        if (table != NULL)
            hep_str_addf(&text, "log-odds = %.2f + what features add; kept from %.2f on\n",
                         table->intercept, hep_detection_limit(table));
        add_all(&text, &f.findings, true, table);
        add_all(&text, &f.rejected, false, table);
        rc = hep_print_text(out, &text, err);
    }
    hep_lesion_file_release(&f);
    hep_detection_free(table);
    free(path);
    return rc;
}
