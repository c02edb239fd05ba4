#include "batch/evaluate.h"

#include "base/file.h"

static int write_text(const char *dir, const char *name, struct hep_str *text,
                      struct hep_error *err)
{
    char *path = hep_path_join(dir, name, err);
    int rc = path == NULL ? HEP_ENOMEM : hep_str_check(text, err);

    if (rc == HEP_OK)
        rc = hep_file_write(path, text->s, text->len, err);
    hep_str_release(text);
    free(path);
    return rc;
}

static int write_json(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    char *path = hep_path_join(dir, "evaluation.json", err);
    struct hep_json *json = NULL;
    int rc = path == NULL ? HEP_ENOMEM : hep_evaluated_json(&json, e, err);

    if (rc == HEP_OK)
        rc = hep_json_write(path, json, err);
    hep_json_free(json);
    free(path);
    return rc;
}

int hep_evaluated_write(const struct hep_evaluated *e, const char *dir, struct hep_error *err)
{
    struct hep_str studies = { 0 }, lesions = { 0 };
    int rc = hep_mkdir_p(dir, err);

    if (rc == HEP_OK)
        rc = write_json(e, dir, err);
    if (rc == HEP_OK) {
        hep_evaluated_studies_tsv(&studies, e);
        rc = write_text(dir, "evaluation.tsv", &studies, err);
    }
    if (rc == HEP_OK) {
        hep_evaluated_lesions_tsv(&lesions, e);
        rc = write_text(dir, "lesions_matched.tsv", &lesions, err);
    }
    return rc == HEP_OK ? hep_evaluated_plots(e, dir, err) : rc;
}
