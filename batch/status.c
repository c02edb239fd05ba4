#include "batch/status.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "pipeline/origin.h"
#include "pipeline/outdir.h"
#include "base/table.h"

#include <unistd.h>

/* A file for each study that a batch has been asked for, so that batches at the same time cannot lose each
 * other's: its name is where the study lies, with a comma for the slash. */
#define EXPECTED_FOLDER ".hepar-studies"
/* Written by version 0.1 only. */
#define EXPECTED_FILE ".hepar-studies.json"

const char *hep_state_name(enum hep_state state)
{
    static const char *const names[] = { "done", "failed", "running", "missing" };

    return names[state];
}

void hep_status_release(struct hep_out_status *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->list[i].label);
        free(s->list[i].relative);
    }
    free(s->list);
    *s = (struct hep_out_status){ 0 };
}

static bool known(const struct hep_out_status *s, const char *relative)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->list[i].relative, relative) == 0)
            return true;
    }
    return false;
}

/* "sub-01/ses-1" gives the label "sub-01_ses-1". */
static int add_study(struct hep_out_status *s, const char *relative, struct hep_error *err)
{
    struct hep_study_status *study;
    char *slash;

    if (known(s, relative))
        return HEP_OK;
    if (HEP_GROW(s->list, s->n, err) != HEP_OK)
        return HEP_ENOMEM;
    study = &s->list[s->n++];
    study->label = hep_strdup(relative, err);
    study->relative = hep_strdup(relative, err);
    if (study->label == NULL || study->relative == NULL)
        return HEP_ENOMEM;
    slash = strchr(study->label, '/');
    if (slash != NULL)
        *slash = '_';
    return HEP_OK;
}

static bool tame(const char *relative)
{
    return relative != NULL && hep_starts_with(relative, "sub-") && strstr(relative, "..") == NULL;
}

static int add_listed(struct hep_out_status *s, const char *out_dir, struct hep_error *err)
{
    char *path = hep_path_join(out_dir, EXPECTED_FILE, err);
    struct hep_json *json = NULL;
    const struct hep_json *list;
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && hep_is_file(path))
        rc = hep_json_read(&json, path, err);
    list = hep_json_get(json, "studies");
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(list); i++) {
        const char *relative = hep_json_string(hep_json_at(list, i));

        if (tame(relative))
            rc = add_study(s, relative, err);
    }
    hep_json_free(json);
    free(path);
    return rc;
}

static int add_expected(struct hep_out_status *s, const char *out_dir, struct hep_error *err)
{
    char *path = hep_path_join(out_dir, EXPECTED_FOLDER, err);
    struct hep_listing list = { 0 };
    int rc = path == NULL ? HEP_ENOMEM : add_listed(s, out_dir, err);

    if (rc == HEP_OK && hep_is_dir(path))
        rc = hep_listing_read(&list, path, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        char *comma = strchr(list.names[i], ',');

        if (comma != NULL)
            *comma = '/';
        if (!list.is_dir[i] && tame(list.names[i]))
            rc = add_study(s, list.names[i], err);
    }
    hep_listing_release(&list);
    free(path);
    return rc;
}

static int add_sessions(struct hep_out_status *s, const char *out_dir, const char *subject,
                        struct hep_error *err)
{
    char *path = hep_path_join(out_dir, subject, err), *relative = NULL;
    struct hep_listing list = { 0 };
    bool sessions = false;
    int rc = path == NULL ? HEP_ENOMEM : hep_listing_read(&list, path, err);

    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        if (!list.is_dir[i] || !hep_starts_with(list.names[i], "ses-"))
            continue;
        sessions = true;
        relative = hep_asprintf(err, "%s/%s", subject, list.names[i]);
        rc = relative == NULL ? HEP_ENOMEM : add_study(s, relative, err);
        free(relative);
    }
    if (rc == HEP_OK && !sessions)
        rc = add_study(s, subject, err);
    hep_listing_release(&list);
    free(path);
    return rc;
}

static int by_label(const void *a, const void *b)
{
    const struct hep_study_status *x = a, *y = b;

    return hep_natural_cmp(x->label, y->label);
}

static void read_failure(struct hep_study_status *s, const struct hep_json *json)
{
    const char *reason = hep_json_string(hep_json_get(json, "error")),
               *stage = hep_json_string(hep_json_get(json, "failed_stage"));
    double code = hep_json_number(hep_json_get(json, "exit_code"));

    s->state = HEP_STATE_FAILED;
    s->exit_code = code >= 0.0 && code <= 255.0 ? (int)code : 1;
    (void)snprintf(s->reason, sizeof s->reason, "%s",
                   reason != NULL ? reason : "no reason recorded");
    (void)snprintf(s->failed_stage, sizeof s->failed_stage, "%s", stage != NULL ? stage : "");
}

/* *json is NULL where there is no such record, or none that is JSON. */
static int read_record(struct hep_json **json, const char *out_dir,
                       const struct hep_study_status *s, const char *suffix, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s/%s_%s.json", out_dir, s->relative, s->label, suffix);
    struct hep_error damaged = { 0 };
    int rc = path != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK && hep_is_file(path))
        rc = hep_json_read(json, path, &damaged);
    free(path);
    if (damaged.code == HEP_EFORMAT || damaged.code == HEP_ENOENT)
        return HEP_OK;
    return damaged.code == HEP_OK ? rc : HEP_FAIL(err, damaged.code, "%s", damaged.msg);
}

static void copy_text(char *out, size_t n, const struct hep_json *record, const char *key)
{
    const char *text = hep_json_string(hep_json_get(record, key));

    (void)snprintf(out, n, "%s", text != NULL ? text : "");
}

static void read_run(struct hep_study_status *s, const struct hep_json *record)
{
    const struct hep_json *warnings = hep_json_get(record, "warnings");

    copy_text(s->version, sizeof s->version, record, "version");
    copy_text(s->started, sizeof s->started, record, "started");
    copy_text(s->protocol, sizeof s->protocol, record, "protocol");
    s->seconds = hep_json_number(hep_json_get(record, "seconds"));
    s->peak_bytes = hep_json_number(hep_json_get(record, "peak_memory_bytes"));
    s->n_warnings = warnings != NULL && hep_json_size(warnings) < 1000000
                        ? (int)hep_json_size(warnings)
                        : HEP_NO_INTEGER;
}

int hep_status_of(struct hep_study_status *s, const char *out_dir, struct hep_error *err)
{
    struct hep_json *failed = NULL, *run = NULL;
    const char *state;
    int rc = read_record(&failed, out_dir, s, "failed", err);

    if (rc == HEP_OK)
        rc = read_record(&run, out_dir, s, "run", err);
    if (rc != HEP_OK)
        goto out;
    state = hep_json_string(hep_json_get(run, "state"));
    s->state = HEP_STATE_MISSING;
    s->exit_code = 0;
    s->reason[0] = s->failed_stage[0] = '\0';
    if (hep_outdir_in_use(out_dir, s->relative))
        s->state = HEP_STATE_RUNNING;
    else if (failed != NULL)
        read_failure(s, failed);
    else if (state != NULL && strcmp(state, "done") == 0)
        s->state = HEP_STATE_DONE;
    else if (run != NULL)
        read_failure(s, run);
    read_run(s, s->state == HEP_STATE_FAILED && failed != NULL ? failed : run);
out:
    hep_json_free(failed);
    hep_json_free(run);
    return rc;
}

int hep_status_read(struct hep_out_status *out, const char *out_dir, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    int rc = hep_listing_read(&list, out_dir, err);

    *out = (struct hep_out_status){ 0 };
    if (rc == HEP_OK)
        rc = add_expected(out, out_dir, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        if (list.is_dir[i] && hep_starts_with(list.names[i], "sub-"))
            rc = add_sessions(out, out_dir, list.names[i], err);
    }
    hep_listing_release(&list);
    if (rc != HEP_OK) {
        hep_status_release(out);
        return rc;
    }
    if (out->n > 0)
        qsort(out->list, out->n, sizeof out->list[0], by_label);
    for (size_t i = 0; rc == HEP_OK && i < out->n; i++) {
        rc = hep_status_of(&out->list[i], out_dir, err);
        out->count[out->list[i].state]++;
    }
    if (rc != HEP_OK)
        hep_status_release(out);
    return rc;
}

static int expect_study(const char *folder, const char *relative, struct hep_error *err)
{
    char *path = hep_path_join(folder, relative, err), *name;
    int rc = HEP_OK, fd = -1;

    if (path == NULL)
        return HEP_ENOMEM;
    name = path + strlen(path) - strlen(relative);
    name[strcspn(name, "/")] = strchr(name, '/') != NULL ? ',' : '\0';
    if (!hep_is_file(path))
        rc = hep_file_create(&fd, path, err);
    if (fd >= 0)
        (void)close(fd);
    /* Another batch may have made it between the look and the attempt. */
    if (rc != HEP_OK && hep_is_file(path)) {
        *err = (struct hep_error){ 0 };
        rc = HEP_OK;
    }
    free(path);
    return rc;
}

static const char *type_of(const struct hep_json *description)
{
    const char *type = hep_json_string(hep_json_get(description, "DatasetType"));

    return type != NULL ? type : "";
}

bool hep_is_output(const char *out_dir)
{
    char *expected = hep_path_join(out_dir, EXPECTED_FOLDER, NULL),
         *former = hep_path_join(out_dir, EXPECTED_FILE, NULL),
         *path = hep_path_join(out_dir, "dataset_description.json", NULL);
    struct hep_json *json = NULL;
    bool ours =
        (expected != NULL && hep_is_dir(expected)) || (former != NULL && hep_is_file(former));

    if (!ours && path != NULL && hep_is_file(path) && hep_json_read(&json, path, NULL) == HEP_OK &&
        strcmp(type_of(json), "derivative") == 0) {
        const struct hep_json *by = hep_json_get(json, "GeneratedBy");

        for (size_t i = 0; i < hep_json_size(by); i++) {
            const char *name = hep_json_string(hep_json_get(hep_json_at(by, i), "Name"));

            ours = ours || (name != NULL && strcmp(name, "Hepar") == 0);
        }
    }
    hep_json_free(json);
    free(expected);
    free(former);
    free(path);
    return ours;
}

int hep_status_expect(const char *out_dir, const struct hep_dataset *d, struct hep_error *err)
{
    char *folder = hep_path_join(out_dir, EXPECTED_FOLDER, err);
    int rc = folder == NULL ? HEP_ENOMEM : hep_mkdir_p(folder, err);

    for (size_t i = 0; rc == HEP_OK && i < d->n; i++)
        rc = expect_study(folder, d->list[i].relative, err);
    free(folder);
    return rc;
}

int hep_status_record_failure(const char *out_dir, const struct hep_study_status *failure,
                              struct hep_error *err)
{
    char *folder = hep_path_join(out_dir, failure->relative, err);
    char *path = folder != NULL ? hep_origin_failure_path(folder, failure->label) : NULL;
    struct hep_json *json = hep_json_new_object();
    struct hep_put put = { HEP_OK, err };

    if (folder == NULL)
        put.rc = HEP_ENOMEM;
    else if (path == NULL)
        put.rc =
            HEP_FAIL(err, HEP_ECREAT,
                     "%s: the failure is not recorded in a folder that is none of Hepar's", folder);
    hep_put_text(&put, json, "state", "failed");
    hep_put_text(&put, json, "study", failure->label);
    hep_put_text(&put, json, "error", failure->reason);
    hep_put(&put, json, "exit_code", hep_json_new_integer(failure->exit_code));
    if (failure->failed_stage[0] != '\0')
        hep_put_text(&put, json, "failed_stage", failure->failed_stage);
    if (put.rc == HEP_OK)
        put.rc = hep_mkdir_p(folder, err);
    if (put.rc == HEP_OK)
        put.rc = hep_json_write(path, json, err);
    hep_json_free(json);
    free(folder);
    free(path);
    return put.rc;
}

#define S struct hep_study_status
HEP_GETTER(state, S, hep_value_of_text(hep_state_name(r->state)));

HEP_GETTER(exit_code, S, hep_value_of_whole(r->exit_code, r->state != HEP_STATE_FAILED));

static const struct hep_column study_columns[] = {
    { "study", HEP_TEXT(S, label) },
    { "state", HEP_CELL(TEXT, 0), .get = state },
    { "exit_code", HEP_CELL(INTEGER, 0), .flags = HEP_OPTIONAL, .get = exit_code },
    { "reason", HEP_CHARS(S, reason), .flags = HEP_OPTIONAL },
    { "failed_stage", HEP_CHARS(S, failed_stage), .flags = HEP_OPTIONAL },
    { "version", HEP_CHARS(S, version), .flags = HEP_OPTIONAL },
    { "start_time", HEP_CHARS(S, started), .flags = HEP_OPTIONAL },
    { "duration_s", HEP_NUMBER(S, seconds), .flags = HEP_OPTIONAL },
    { "peak_memory_bytes", HEP_NUMBER(S, peak_bytes), .flags = HEP_OPTIONAL },
    { "warnings", HEP_INTEGER(S, n_warnings), .flags = HEP_OPTIONAL },
    { "protocol", HEP_CHARS(S, protocol), .flags = HEP_OPTIONAL },
    { 0 },
};
#undef S
#define S struct hep_out_status
static const struct hep_column columns[] = {
    { "done", HEP_COUNT(S, count[HEP_STATE_DONE]) },
    { "failed", HEP_COUNT(S, count[HEP_STATE_FAILED]) },
    { "running", HEP_COUNT(S, count[HEP_STATE_RUNNING]) },
    { "missing", HEP_COUNT(S, count[HEP_STATE_MISSING]) },
    { "studies", HEP_LIST(S, list, n, study_columns) },
    { 0 },
};
#undef S

int hep_status_json(struct hep_json **out, const struct hep_out_status *s, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_row_json(&put, columns, s);

    return hep_put_done(&put, out, o);
}
