#include "dicom/import_study.h"

#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "base/tsv.h"
#include "dicom/frame_times.h"
#include "sequences/bids_name.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

enum { MAX_TABLE_BYTES = 16 << 20 };

/* ---- moving files --------------------------------------------------------------------------- */

/* "FROM.nii.gz" and what stands beside it to "BIDS_DIR/TARGET.nii.gz". */
static int move_file(const struct hep_import_work *w, const struct hep_import_file *f,
                     struct hep_error *err)
{
    static const char *const extensions[] = { ".nii.gz", ".json", ".bval", ".bvec" };
    char *stem = hep_nifti_base(f->path, err);
    int rc = stem != NULL ? HEP_OK : HEP_ENOMEM;

    for (size_t i = 0; rc == HEP_OK && i < sizeof extensions / sizeof extensions[0]; i++) {
        char *from = hep_asprintf(err, "%s%s", stem, extensions[i]);
        char *to = hep_asprintf(err, "%s/%s%s", w->settings->bids_dir, f->target, extensions[i]);

        rc = from != NULL && to != NULL ? HEP_OK : HEP_ENOMEM;
        if (rc == HEP_OK && hep_is_file(from)) {
            rc = hep_import_make_parent(to, err);
            if (rc == HEP_OK && rename(from, to) != 0)
                rc = HEP_FAIL(err, HEP_EIO, "%s: cannot be moved into place: %s", to,
                              strerror(errno));
        }
        free(from);
        free(to);
    }
    free(stem);
    return rc;
}

static bool is_a_target(const struct hep_import_work *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->file[i].target != NULL && strcmp(w->file[i].target, name) == 0)
            return true;
    return false;
}

/* What an earlier import of the same study wrote and this one does not. */
static int remove_earlier(const struct hep_import_work *w, const char *provenance,
                          struct hep_error *err)
{
    static const char *const extensions[] = { ".nii.gz", ".json", ".bval", ".bvec", ".tsv" };
    struct hep_json *root = NULL;
    int rc = hep_is_file(provenance) ? hep_json_read(&root, provenance, err) : HEP_OK;
    const struct hep_json *series = hep_json_get(root, "Series");

    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(series); i++) {
        const struct hep_json *files = hep_json_get(hep_json_at(series, i), "Files");

        for (size_t k = 0; rc == HEP_OK && k < hep_json_size(files); k++) {
            const char *name = hep_json_string(hep_json_at(files, k));

            if (name == NULL || strstr(name, "..") != NULL || is_a_target(w, name))
                continue;
            for (size_t e = 0; rc == HEP_OK && e < sizeof extensions / sizeof extensions[0]; e++) {
                char *path =
                    hep_asprintf(err, "%s/%s%s", w->settings->bids_dir, name, extensions[e]);

                rc = path != NULL ? HEP_OK : HEP_ENOMEM;
                if (rc == HEP_OK)
                    (void)unlink(path);
                free(path);
            }
        }
    }
    hep_json_free(root);
    return rc;
}

/* ---- tables --------------------------------------------------------------------------------- */

static long days_back(const struct hep_import_work *w)
{
    return w->settings->keep_dates ? 0 : hep_ledger_shift_days(w->study->patient);
}

static bool date_time(char out[HEP_DATE_TIME], const struct hep_import_work *w,
                      const struct hep_dicom_object *o, double clock_s)
{
    const char *date = hep_dicom_text(o, HEP_DICOM_ACQUISITION_DATE);

    if (*date == '\0')
        date = hep_dicom_text(o, HEP_DICOM_ACQUISITION_DATE_TIME);
    if (*date == '\0')
        date = hep_dicom_text(o, HEP_DICOM_STUDY_DATE);
    return hep_dicom_date_time(out, date, clock_s, days_back(w));
}

static int write_scans(const struct hep_import_work *w, struct hep_error *err)
{
    struct hep_str text = { 0 };
    char prefix[2 * HEP_LABEL_BYTES + 16], name[2 * HEP_LABEL_BYTES + 32];
    char *folder = hep_import_folder(w->settings->bids_dir, w->study, err);
    int n =
        snprintf(prefix, sizeof prefix, "sub-%s/ses-%s/", w->study->participant, w->study->session);

    hep_str_add(&text, "filename\tacq_time\n");
    for (size_t i = 0; i < w->n; i++) {
        const struct hep_import_file *f = &w->file[i];
        char when[HEP_DATE_TIME];

        if (f->target == NULL || !hep_starts_with(f->target, prefix))
            continue;
        hep_str_addf(&text, "%s.nii.gz\t%s\n", f->target + n,
                     date_time(when, w, w->study->series[f->series].object[0], f->clock_s) ? when
                                                                                           : "n/a");
    }
    (void)snprintf(name, sizeof name, "%s_scans.tsv", w->begin);
    if (folder == NULL) {
        hep_str_release(&text);
        return HEP_ENOMEM;
    }
    n = hep_mkdir_p(folder, err);
    if (n == HEP_OK)
        n = hep_str_write(&text, folder, name, err);
    hep_str_release(&text);
    free(folder);
    return n;
}

/* Add a row to a table whose first column names it, unless it is there; columns that others have added
 * become n/a. `more` is the value of the column `column`, or NULL. */
static int add_row(const char *path, const char *key_column, const char *key, const char *column,
                   const char *more, struct hep_error *err)
{
    struct hep_tsv table = { 0 };
    struct hep_str text = { 0 };
    char *old = NULL;
    size_t n = 0;
    int rc = HEP_OK;

    if (hep_is_file(path)) {
        rc = hep_file_read(&old, &n, path, MAX_TABLE_BYTES, err);
        if (rc == HEP_OK)
            rc = hep_tsv_read(&table, path, err);
    }
    for (size_t i = 0; rc == HEP_OK && i < table.n_rows; i++)
        if (strcmp(hep_tsv_cell(&table, i, hep_tsv_column(&table, key_column)), key) == 0)
            goto out;
    if (rc != HEP_OK)
        goto out;
    if (old == NULL)
        hep_str_addf(&text, "%s%s%s\n", key_column, column != NULL ? "\t" : "",
                     column != NULL ? column : "");
    else
        hep_str_addf(&text, "%s%s", old, n > 0 && old[n - 1] != '\n' ? "\n" : "");
    if (old == NULL) {
        hep_str_addf(&text, "%s%s%s\n", key, column != NULL ? "\t" : "", more != NULL ? more : "");
    } else {
        for (size_t c = 0; c < table.n_columns; c++)
            hep_str_addf(&text, "%s%s", c > 0 ? "\t" : "",
                         strcmp(table.cell[c], key_column) == 0                 ? key
                         : column != NULL && strcmp(table.cell[c], column) == 0 ? more
                                                                                : "n/a");
        hep_str_add(&text, "\n");
    }
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, text.s, text.len, err);
out:
    hep_str_release(&text);
    hep_tsv_release(&table);
    free(old);
    return rc;
}

static int write_tables(const struct hep_import_work *w, struct hep_error *err)
{
    const struct hep_dicom_study *s = w->study;
    char key[HEP_LABEL_BYTES + 8], when[HEP_DATE_TIME];
    const struct hep_dicom_object *first = s->series[0].object[0];
    char *participants = hep_path_join(w->settings->bids_dir, "participants.tsv", err),
         *sessions = hep_asprintf(err, "%s/sub-%s/sub-%s_sessions.tsv", w->settings->bids_dir,
                                  s->participant, s->participant);
    int rc = participants != NULL && sessions != NULL ? HEP_OK : HEP_ENOMEM;

    (void)snprintf(key, sizeof key, "sub-%s", s->participant);
    if (rc == HEP_OK)
        rc = add_row(participants, "participant_id", key, NULL, NULL, err);
    (void)snprintf(key, sizeof key, "ses-%s", s->session);
    if (!date_time(when, w, first, hep_dicom_clock(first)))
        (void)snprintf(when, sizeof when, "n/a");
    if (rc == HEP_OK)
        rc = add_row(sessions, "session_id", key, "acq_time", when, err);
    free(participants);
    free(sessions);
    return rc;
}

static bool has_generator(const struct hep_json *list, const char *name)
{
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const char *own = hep_json_string(hep_json_get(hep_json_at(list, i), "Name"));

        if (own != NULL && strcmp(own, name) == 0)
            return true;
    }
    return false;
}

static void add_generator(struct hep_put *put, struct hep_json *list, const char *name,
                          const char *version, const char *what)
{
    struct hep_json *o;

    if (has_generator(list, name))
        return;
    o = hep_json_new_object();
    hep_put_text(put, o, "Name", name);
    if (version != NULL)
        hep_put_text(put, o, "Version", version);
    hep_put_text(put, o, "Description", what);
    hep_put_item(put, list, o);
}

/* A description that is there keeps what it says and learns of the conversion. */
static int write_description(const struct hep_import_work *w, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *root = NULL, *list;
    char *path = hep_path_join(w->settings->bids_dir, "dataset_description.json", err);
    bool is_new = path != NULL && !hep_is_file(path);

    if (path == NULL)
        return HEP_ENOMEM;
    if (!is_new)
        put.rc = hep_json_read(&root, path, err);
    else
        root = hep_json_new_object();
    if (put.rc == HEP_OK && is_new) {
        hep_put_text(&put, root, "Name", "Liver MRI");
        hep_put_text(&put, root, "BIDSVersion", HEP_BIDS_VERSION);
        hep_put_text(&put, root, "DatasetType", "raw");
    }
    if (put.rc == HEP_OK && !has_generator(hep_json_get(root, "GeneratedBy"), "dcm2niix")) {
        const struct hep_json *old = hep_json_get(root, "GeneratedBy");

        list = old != NULL ? hep_json_copy(old) : hep_json_new_array();
        add_generator(&put, list, "Hepar", HEP_VERSION,
                      "hepar import: names, tables, removal of personal data");
        add_generator(&put, list, "dcm2niix", w->converter, "conversion from DICOM");
        hep_put(&put, root, "GeneratedBy", list);
        if (put.rc == HEP_OK)
            put.rc = hep_json_write(path, root, err);
    }
    hep_json_free(root);
    free(path);
    return put.rc;
}

/* ---- provenance ----------------------------------------------------------------------------- */

static void put_uid(struct hep_put *put, struct hep_json *o, const char *key,
                    const struct hep_import_work *w, const char *uid)
{
    char text[HEP_SHA256_HEX + 8];

    if (put->rc == HEP_OK)
        put->rc = hep_import_hide_uid(text, w, uid, put->err);
    if (put->rc == HEP_OK)
        hep_put_text(put, o, key, text);
}

static void put_clean(struct hep_put *put, struct hep_json *o, const char *key,
                      const struct hep_import_work *w, const char *text)
{
    char *copy = hep_strdup(text, put->err);

    if (copy == NULL) {
        put->rc = HEP_ENOMEM;
        return;
    }
    hep_personal_remove(&w->study->personal, copy);
    hep_put_text(put, o, key, copy);
    free(copy);
}

static struct hep_json *series_json(struct hep_put *put, const struct hep_import_work *w, size_t k)
{
    const struct hep_dicom_series *s = &w->study->series[k];
    struct hep_json *o = hep_json_new_object(), *files = hep_json_new_array(),
                    *left_out = hep_json_new_array(), *messages = hep_json_new_array();
    const char *reason = hep_import_reason(w, k);

    put_uid(put, o, "SeriesInstanceUID", w, hep_dicom_text(s->object[0], HEP_DICOM_SERIES_UID));
    hep_put_text(put, o, "SeriesNumber", hep_dicom_text(s->object[0], HEP_DICOM_SERIES_NUMBER));
    put_clean(put, o, "SeriesDescription", w,
              hep_dicom_text(s->object[0], HEP_DICOM_SERIES_DESCRIPTION));
    hep_put_count(put, o, "Objects", s->n);
    if (reason != NULL)
        hep_put_item(put, left_out, hep_json_new_string(reason));
    for (size_t i = 0; i < w->n; i++) {
        const struct hep_import_file *f = &w->file[i];

        if (f->series == k && f->target != NULL)
            hep_put_item(put, files, hep_json_new_string(f->target));
        if (f->series == k && f->reason != NULL)
            hep_put_item(put, left_out, hep_json_new_string(f->reason));
    }
    for (size_t i = 0; i < w->segmentations[k].n; i++)
        hep_put_item(put, files, hep_json_new_string(w->segmentations[k].line[i]));
    for (size_t i = 0; i < w->messages[k].n; i++)
        hep_put_item(put, messages, hep_json_new_string(w->messages[k].line[i]));
    hep_put(put, o, "Files", files);
    hep_put(put, o, "LeftOut", left_out);
    hep_put(put, o, "Messages", messages);
    return o;
}

static int write_provenance(const struct hep_import_work *w, const char *path,
                            struct hep_error *err)
{
    struct hep_json *root = hep_json_new_object(), *series = hep_json_new_array();
    struct hep_put put = { HEP_OK, err };

    put_uid(&put, root, "StudyInstanceUID", w,
            hep_dicom_text(w->study->series[0].object[0], HEP_DICOM_STUDY_UID));
    hep_put_text(&put, root, "Converter", "dcm2niix");
    hep_put_text(&put, root, "ConverterVersion", w->converter != NULL ? w->converter : "");
    for (size_t k = 0; k < w->study->n; k++)
        hep_put_item(&put, series, series_json(&put, w, k));
    hep_put(&put, root, "Series", series);
    if (put.rc == HEP_OK)
        put.rc = hep_import_make_parent(path, err);
    if (put.rc == HEP_OK)
        put.rc = hep_json_write(path, root, err);
    hep_json_free(root);
    return put.rc;
}

int hep_import_write(struct hep_import_work *w, struct hep_error *err)
{
    char *name = hep_import_provenance(w->study, err), *path = NULL;
    int rc = HEP_ENOMEM;

    if (name != NULL)
        path = hep_path_join(w->settings->bids_dir, name, err);
    if (path != NULL)
        rc = remove_earlier(w, path, err);
    for (size_t i = 0; rc == HEP_OK && i < w->n; i++)
        if (w->file[i].target != NULL)
            rc = move_file(w, &w->file[i], err);
    if (rc == HEP_OK)
        rc = hep_import_segmentations(w, false, err);
    if (rc == HEP_OK)
        rc = write_scans(w, err);
    if (rc == HEP_OK)
        rc = write_tables(w, err);
    if (rc == HEP_OK)
        rc = write_description(w, err);
    if (rc == HEP_OK)
        rc = write_provenance(w, path, err);
    free(name);
    free(path);
    return rc;
}
