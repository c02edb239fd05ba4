#include "report/put_files.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int hep_put_text_file(struct hep_run *run, const char *name, const char *text,
                      struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s_%s", hep_run_label(run), name);
    int rc = path == NULL ? HEP_ENOMEM : hep_run_put_file(run, path, text, strlen(text), err);

    free(path);
    return rc;
}

int hep_put_json_file(struct hep_run *run, const char *name, const struct hep_json *json,
                      struct hep_error *err)
{
    char *text = NULL;
    int rc = hep_json_dump(&text, json, err);

    if (rc == HEP_OK)
        rc = hep_put_text_file(run, name, text, err);
    free(text);
    return rc;
}

int hep_put_tsv_file(struct hep_run *run, const char *name, const struct hep_table *table,
                     struct hep_error *err)
{
    struct hep_str text = { 0 };
    int rc;

    hep_table_tsv(&text, table);
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK)
        rc = hep_put_text_file(run, name, text.s, err);
    hep_str_release(&text);
    return rc;
}

int hep_put_table(struct hep_run *run, const char *name, const struct hep_table *table,
                  struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *dictionary = hep_table_dictionary(&put, table);
    char tsv[64], json[64];
    int rc = put.rc;

    (void)snprintf(tsv, sizeof tsv, "%s.tsv", name);
    (void)snprintf(json, sizeof json, "%s.json", name);
    if (rc == HEP_OK)
        rc = hep_put_tsv_file(run, tsv, table, err);
    if (rc == HEP_OK)
        rc = hep_put_json_file(run, json, dictionary, err);
    hep_json_free(dictionary);
    return rc;
}
