#include "validation/facts.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/tsv.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum hep_role expected[] = {
    HEP_ROLE_OPPOSED,       HEP_ROLE_IN_PHASE,    HEP_ROLE_T2,
    HEP_ROLE_DWI,           HEP_ROLE_PRECONTRAST, HEP_ROLE_ARTERIAL,
    HEP_ROLE_PORTAL_VENOUS, HEP_ROLE_DELAYED,     HEP_ROLE_TRANSITIONAL,
    HEP_ROLE_HEPATOBILIARY,
};

void hep_set_facts_release(struct hep_set_facts *f)
{
    hep_json_free(f->truth);
    free(f->type);
    free(f->excluded);
    free(f->seconds);
    *f = (struct hep_set_facts){ 0 };
}

bool hep_set_judges(const struct hep_set_facts *f, const char *what)
{
    return hep_json_bool(hep_json_get(hep_json_get(f->truth, "judged"), what), f->truth == NULL);
}

static const char *text_of(const struct hep_json *o, const char *key)
{
    const char *text = hep_json_string(hep_json_get(o, key));

    return text != NULL ? text : "";
}

/* OUT/sub-01[/ses-1] of a label. */
static char *folder_of(const char *root, const char *label, struct hep_error *err)
{
    const size_t n = strcspn(label, "_");

    return label[n] == '\0' ? hep_asprintf(err, "%s/%s", root, label)
                            : hep_asprintf(err, "%s/%.*s/%s", root, (int)n, label, label + n + 1);
}

/* ---- series ---------------------------------------------------------------------------------- */

static void count_series(struct hep_set_facts *f, const struct hep_json *record)
{
    const struct hep_json *series = hep_json_get(hep_json_get(record, "inventory"), "series");

    for (size_t k = 0; k < f->n_series; k++) {
        struct hep_series_count *c = &f->series[k];
        const char *reason = NULL;
        bool used = false;

        for (size_t i = 0; i < hep_json_size(series); i++) {
            const struct hep_json *s = hep_json_at(series, i);

            if (strcmp(text_of(s, "role"), c->role) != 0)
                continue;
            used = used || hep_json_bool(hep_json_get(s, "selected"), false);
            if (hep_json_string(hep_json_get(s, "left_out")) != NULL)
                reason = hep_json_string(hep_json_get(s, "left_out"));
        }
        c->used += used;
        c->left_out += !used && reason != NULL;
        c->missing += !used && reason == NULL;
        if (!used && reason != NULL && c->reason[0] == '\0') {
            /* Behind the file's name: the reason is that of all. */
            const char *after = strstr(reason, ": ");

            (void)snprintf(c->reason, sizeof c->reason, "%.150s",
                           after != NULL ? after + 2 : reason);
        }
    }
}

/* ---- types of series ------------------------------------------------------------------------- */

/* The role that the inventory finds by itself for a file; NULL where study.yml has told it, which is no test. */
static const char *role_found(const struct hep_inventory *inv, const char *file)
{
    for (size_t i = 0; i < inv->n_series; i++)
        for (size_t k = 0; k < inv->series[i].n_paths; k++)
            if (hep_ends_with(inv->series[i].path[k], file))
                return inv->series[i].given ? NULL : hep_role_name(inv->series[i].role);
    return "unknown";
}

static int count_type(struct hep_set_facts *f, const char *type, const char *role,
                      const char *found, struct hep_error *err)
{
    size_t i = 0;
    int rc;

    /* A type that the description of the set does not know is shown, and is neither right nor wrong. */
    f->n_typed += role[0] != '\0';
    f->n_type_right += strcmp(role, found) == 0;
    while (i < f->n_types &&
           (strcmp(f->type[i].type, type) != 0 || strcmp(f->type[i].found, found) != 0))
        i++;
    if (i < f->n_types) {
        f->type[i].n++;
        return HEP_OK;
    }
    rc = HEP_GROW(f->type, f->n_types, err);
    if (rc != HEP_OK)
        return rc;
    (void)snprintf(f->type[i].type, sizeof f->type[i].type, "%.47s", type);
    (void)snprintf(f->type[i].role, sizeof f->type[i].role, "%.23s",
                   role[0] != '\0' ? role : "not compared");
    (void)snprintf(f->type[i].found, sizeof f->type[i].found, "%.23s", found);
    f->type[i].n = 1;
    f->n_types++;
    return HEP_OK;
}

static int count_types(struct hep_set_facts *f, const char *bids_dir, const char *truth_dir,
                       const char *label, struct hep_error *err)
{
    char *folder = folder_of(truth_dir, label, err), *study = folder_of(bids_dir, label, err);
    char *path = folder != NULL ? hep_asprintf(err, "%s/%s_lesions.json", folder, label) : NULL;
    struct hep_inventory *inv = NULL;
    struct hep_json *truth = NULL;
    const struct hep_json *series;
    int rc = path != NULL && study != NULL ? hep_json_read(&truth, path, err) : HEP_ENOMEM;

    series = hep_json_get(truth, "series");
    if (rc == HEP_OK && hep_json_size(series) > 0 && hep_is_dir(study))
        rc = hep_inventory_scan_links(&inv, study, true, err);
    for (size_t i = 0; rc == HEP_OK && inv != NULL && i < hep_json_size(series); i++) {
        const struct hep_json *s = hep_json_at(series, i);
        const char *found = role_found(inv, text_of(s, "file"));

        if (found != NULL)
            rc = count_type(f, text_of(s, "type"), text_of(s, "role"), found, err);
    }
    hep_inventory_free(inv);
    hep_json_free(truth);
    free(folder);
    free(study);
    free(path);
    return rc;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static int add_run(struct hep_set_facts *f, struct hep_sha256 *inputs,
                   const struct hep_json *record, struct hep_error *err)
{
    const struct hep_json *list = hep_json_get(record, "inputs"),
                          *outputs = hep_json_get(record, "outputs");
    const double seconds = hep_json_number(hep_json_get(record, "seconds")),
                 peak = hep_json_number(hep_json_get(record, "peak_memory_bytes"));
    const char *version = text_of(record, "version");
    int rc = HEP_OK;

    if (isfinite(seconds)) {
        rc = HEP_GROW(f->seconds, f->n_seconds, err);
        if (rc == HEP_OK)
            f->seconds[f->n_seconds++] = seconds;
    }
    f->peak_bytes = fmax(f->peak_bytes, isfinite(peak) ? peak : 0.0);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(list); i++) {
        const char *hash = text_of(hep_json_at(list, i), "sha256");

        rc = hep_sha256_add(inputs, hash, strlen(hash), err);
    }
    for (size_t i = 0; i < hep_json_size(outputs); i++) {
        const double bytes = hep_json_number(hep_json_get(hep_json_at(outputs, i), "bytes"));

        f->bytes_out += isfinite(bytes) ? bytes : 0.0;
    }
    f->several_versions =
        f->several_versions || (f->version[0] != '\0' && strcmp(f->version, version) != 0);
    (void)snprintf(f->version, sizeof f->version, "%.31s", version);
    count_series(f, record);
    return rc;
}

static int read_runs(struct hep_set_facts *f, const struct hep_evaluated *e,
                     const struct hep_set_folders *where, struct hep_error *err)
{
    struct hep_sha256 *inputs = NULL;
    int rc = hep_sha256_new(&inputs, err);

    for (size_t i = 0; rc == HEP_OK && i < e->n_studies; i++) {
        const char *label = e->entry[i].label;
        char *folder = folder_of(where->out, label, err);
        char *path = folder != NULL ? hep_asprintf(err, "%s/%s_run.json", folder, label) : NULL;
        struct hep_json *record = NULL;

        rc = path == NULL        ? HEP_ENOMEM
             : hep_is_file(path) ? hep_json_read(&record, path, err)
                                 : HEP_OK;
        if (rc == HEP_OK && record != NULL)
            rc = add_run(f, inputs, record, err);
        if (rc == HEP_OK)
            rc = count_types(f, where->bids, where->truth, label, err);
        hep_json_free(record);
        free(folder);
        free(path);
    }
    if (rc == HEP_OK)
        rc = hep_sha256_end(inputs, f->inputs_sha256, err);
    hep_sha256_free(inputs);
    return rc;
}

/* ---- flags ----------------------------------------------------------------------------------- */

static void count_flags(struct hep_set_facts *f, const struct hep_evaluated *e)
{
    size_t n = 0, assessable = 0;

    for (int k = 0; k < HEP_FLAG_COUNT; k++) {
        struct hep_flag_count *c = &f->flag[k];

        c->flag = hep_flag_name((enum hep_flag)k);
        for (size_t i = 0; i < e->n_findings; i++) {
            const struct hep_eval_flags *flags = &e->finding[i].flags;

            if (e->finding[i].lesion == HEP_NO_MATCH || !flags->given[k])
                continue;
            c->n++;
            c->assessable += flags->state[k] != HEP_FLAG_NOT_ASSESSABLE;
            c->present += flags->state[k] == HEP_FLAG_PRESENT;
        }
        c->fraction = c->n > 0 ? (double)c->assessable / (double)c->n : (double)NAN;
        n += c->n;
        assessable += c->assessable;
    }
    f->flag_fraction = n > 0 ? (double)assessable / (double)n : (double)NAN;
}

/* Why a flag could not be judged, by the first finding of the runs that says so. */
static int read_reasons(struct hep_set_facts *f, const struct hep_evaluated *e, const char *out_dir,
                        struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < e->n_studies; i++) {
        const char *label = e->entry[i].label;
        char *folder = folder_of(out_dir, label, err);
        char *path = folder != NULL ? hep_asprintf(err, "%s/%s_flags.tsv", folder, label) : NULL;
        struct hep_tsv t = { 0 };

        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (hep_is_file(path))
            rc = hep_tsv_read(&t, path, err);
        for (size_t row = 0; rc == HEP_OK && row < t.n_rows; row++)
            for (int k = 0; k < HEP_FLAG_COUNT; k++) {
                struct hep_flag_count *c = &f->flag[k];

                if (c->reason[0] == '\0' &&
                    strcmp(hep_tsv_cell(&t, row, hep_tsv_column(&t, "flag")), c->flag) == 0 &&
                    strcmp(hep_tsv_cell(&t, row, hep_tsv_column(&t, "state")), "not_assessable") ==
                        0)
                    (void)snprintf(c->reason, sizeof c->reason, "%.190s",
                                   hep_tsv_cell(&t, row, hep_tsv_column(&t, "reason")));
            }
        hep_tsv_release(&t);
        free(folder);
        free(path);
    }
    return rc;
}

/* ---- the set --------------------------------------------------------------------------------- */

static int read_set(struct hep_set_facts *f, const char *truth_dir, struct hep_error *err)
{
    char *path = hep_path_join(truth_dir, "truth.json", err);
    const struct hep_json *list;
    int rc = path == NULL        ? HEP_ENOMEM
             : hep_is_file(path) ? hep_json_read(&f->truth, path, err)
                                 : HEP_OK;

    if (rc == HEP_OK && f->truth != NULL)
        rc = hep_sha256_file(f->truth_sha256, path, err);
    list = hep_json_get(f->truth, "excluded");
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(list); i++) {
        rc = HEP_GROW(f->excluded, f->n_excluded, err);
        if (rc != HEP_OK)
            break;
        (void)snprintf(f->excluded[f->n_excluded].name, sizeof f->excluded->name, "%.79s",
                       text_of(hep_json_at(list, i), "case"));
        (void)snprintf(f->excluded[f->n_excluded].reason, sizeof f->excluded->reason, "%.219s",
                       text_of(hep_json_at(list, i), "reason"));
        f->n_excluded++;
    }
    free(path);
    return rc;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int hep_set_facts_read(struct hep_set_facts *out, const struct hep_evaluated *e,
                       const struct hep_set_folders *where, struct hep_error *err)
{
    int rc;

    *out = (struct hep_set_facts){ 0 };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        out->series[out->n_series++].role = hep_role_name(expected[i]);
    rc = read_set(out, where->truth, err);
    if (rc == HEP_OK)
        rc = read_runs(out, e, where, err);
    count_flags(out, e);
    if (rc == HEP_OK)
        rc = read_reasons(out, e, where->out, err);
    if (out->n_seconds > 0) {
        qsort(out->seconds, out->n_seconds, sizeof *out->seconds, by_value);
        out->seconds_median =
            0.5 * (out->seconds[(out->n_seconds - 1) / 2] + out->seconds[out->n_seconds / 2]);
    }
    return rc;
}
