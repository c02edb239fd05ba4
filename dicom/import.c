#include "dicom/import.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "dicom/import_study.h"
#include "dicom/source.h"
#include "sequences/bids_name.h"
#include "sequences/lines.h"

#include <limits.h>

void hep_import_release(struct hep_import *done)
{
    for (size_t i = 0; i < done->n; i++)
        free(done->study[i].folder);
    free(done->study);
    *done = (struct hep_import){ 0 };
}

static int check_labels(const struct hep_import_settings *s, struct hep_error *err)
{
    if (s->participant != NULL && !hep_bids_is_label(s->participant))
        return HEP_FAIL(
            err, HEP_EUSAGE,
            "--participant %s: a label has 1 to 63 letters and digits, without \"sub-\"",
            s->participant);
    if (s->session != NULL && !hep_bids_is_label(s->session))
        return HEP_FAIL(err, HEP_EUSAGE,
                        "--session %s: a label has 1 to 63 letters and digits, without \"ses-\"",
                        s->session);
    return HEP_OK;
}

/* ---- who is who ----------------------------------------------------------------------------- */

static bool label_is_taken(const struct hep_ledger *l, const struct hep_dicom_studies *planned,
                           size_t n_planned, const char *bids_dir, const char *label)
{
    char folder[PATH_MAX];
    const int n = snprintf(folder, sizeof folder, "%s/sub-%s", bids_dir, label);
    bool taken = hep_ledger_find_label(l, label) != NULL || n >= PATH_MAX || hep_is_dir(folder);

    for (size_t i = 0; i < n_planned; i++)
        taken = taken || strcmp(planned->item[i].participant, label) == 0;
    return taken;
}

static int plan_participant(struct hep_dicom_studies *studies, size_t i, const struct hep_ledger *l,
                            const struct hep_import_settings *s, struct hep_error *err)
{
    struct hep_dicom_study *study = &studies->item[i];
    const struct hep_ledger_study *known = hep_ledger_find_patient(l, study->patient);
    const struct hep_dicom_study *before = i > 0 ? &studies->item[i - 1] : NULL;
    const char *label = known != NULL ? known->participant
                        : before != NULL && strcmp(before->patient, study->patient) == 0
                            ? before->participant
                            : s->participant;

    if (label != NULL && s->participant != NULL && strcmp(label, s->participant) != 0)
        return HEP_FAIL(err, HEP_EDATA, "this patient is sub-%s of the dataset, not sub-%s", label,
                        s->participant);
    if (label != NULL && known == NULL && label == s->participant &&
        label_is_taken(l, studies, i, s->bids_dir, label))
        return HEP_FAIL(err, HEP_EDATA,
                        "sub-%s is there already and is not known to be this patient", label);
    if (label != NULL) {
        (void)snprintf(study->participant, sizeof study->participant, "%s", label);
        return HEP_OK;
    }
    for (unsigned number = 1; study->participant[0] == '\0'; number++) {
        char next[16];

        (void)snprintf(next, sizeof next, "%02u", number);
        if (!label_is_taken(l, studies, i, s->bids_dir, next))
            (void)snprintf(study->participant, sizeof study->participant, "%s", next);
    }
    return HEP_OK;
}

static bool session_is_taken(const struct hep_ledger *l, const struct hep_dicom_studies *studies,
                             size_t i, const char *bids_dir, const char *label)
{
    const struct hep_dicom_study *s = &studies->item[i];
    char folder[PATH_MAX];
    const int n =
        snprintf(folder, sizeof folder, "%s/sub-%s/ses-%s", bids_dir, s->participant, label);
    bool taken = n >= PATH_MAX || hep_is_dir(folder);

    for (size_t k = 0; k < l->n; k++)
        taken = taken || (strcmp(l->study[k].participant, s->participant) == 0 &&
                          strcmp(l->study[k].session, label) == 0);
    for (size_t k = 0; k < i; k++)
        taken = taken || (strcmp(studies->item[k].participant, s->participant) == 0 &&
                          strcmp(studies->item[k].session, label) == 0);
    return taken;
}

static int plan_session(struct hep_dicom_studies *studies, size_t i, const struct hep_ledger *l,
                        const struct hep_import_settings *s, struct hep_error *err)
{
    struct hep_dicom_study *study = &studies->item[i];
    const struct hep_ledger_study *known = hep_ledger_find(l, study->study);

    if (known != NULL && strcmp(known->patient, study->patient) != 0)
        return HEP_FAIL(err, HEP_EDATA,
                        "sub-%s/ses-%s holds this study under another patient identifier",
                        known->participant, known->session);
    if (known != NULL && s->session != NULL && strcmp(known->session, s->session) != 0)
        return HEP_FAIL(err, HEP_EDATA, "this study is ses-%s of sub-%s, not ses-%s",
                        known->session, known->participant, s->session);
    if (known != NULL) {
        (void)snprintf(study->session, sizeof study->session, "%s", known->session);
        return HEP_OK;
    }
    if (s->session != NULL && session_is_taken(l, studies, i, s->bids_dir, s->session))
        return HEP_FAIL(err, HEP_EDATA, "sub-%s/ses-%s is another study", study->participant,
                        s->session);
    if (s->session != NULL)
        (void)snprintf(study->session, sizeof study->session, "%s", s->session);
    for (unsigned number = 1; study->session[0] == '\0'; number++) {
        char next[16];

        (void)snprintf(next, sizeof next, "%u", number);
        if (!session_is_taken(l, studies, i, s->bids_dir, next))
            (void)snprintf(study->session, sizeof study->session, "%s", next);
    }
    return HEP_OK;
}

static int plan(struct hep_dicom_studies *studies, const struct hep_ledger *l,
                const struct hep_import_settings *s, struct hep_error *err)
{
    int rc = HEP_OK;

    if (studies->n_patients > 1 && !s->split)
        return HEP_FAIL(err, HEP_EDATA,
                        "%s: holds images of %zu patients; --split makes each a participant",
                        s->source, studies->n_patients);
    if (studies->n_patients > 1 && s->participant != NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "--participant names one patient, %s holds %zu", s->source,
                        studies->n_patients);
    if (studies->n > 1 && s->session != NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "--session names one study, %s holds %zu", s->source,
                        studies->n);
    for (size_t i = 0; rc == HEP_OK && i < studies->n; i++) {
        rc = plan_participant(studies, i, l, s, err);
        if (rc == HEP_OK)
            rc = plan_session(studies, i, l, s, err);
    }
    return rc;
}

/* ---- studies -------------------------------------------------------------------------------- */

/* Are all files that the provenance lists still there? Counts them and what was left out. */
static bool is_whole(struct hep_imported *out, const char *bids_dir,
                     const struct hep_dicom_study *study)
{
    char *name = hep_import_provenance(study, NULL), *path = NULL;
    struct hep_json *root = NULL;
    struct hep_error none = { 0 };
    bool whole = false;

    if (name != NULL)
        path = hep_path_join(bids_dir, name, NULL);
    if (path != NULL && hep_is_file(path) && hep_json_read(&root, path, &none) == HEP_OK) {
        const struct hep_json *series = hep_json_get(root, "Series");

        whole = hep_json_size(series) > 0;
        for (size_t i = 0; i < hep_json_size(series); i++) {
            const struct hep_json *files = hep_json_get(hep_json_at(series, i), "Files");

            out->n_left_out += hep_json_size(files) == 0;
            for (size_t k = 0; k < hep_json_size(files); k++) {
                const char *file = hep_json_string(hep_json_at(files, k));
                char *image =
                    hep_asprintf(NULL, "%s/%s.nii.gz", bids_dir, file != NULL ? file : "");

                whole = whole && image != NULL && hep_is_file(image);
                out->n_files += file != NULL && hep_starts_with(file, "sub-");
                free(image);
            }
        }
    }
    hep_json_free(root);
    free(name);
    free(path);
    return whole;
}

static void log_left_out(const struct hep_import_work *w)
{
    for (size_t k = 0; k < w->study->n; k++) {
        const struct hep_dicom_series *s = &w->study->series[k];
        const char *reason = hep_import_reason(w, k);
        const char *number = hep_dicom_text(s->object[0], HEP_DICOM_SERIES_NUMBER);

        if (reason != NULL)
            hep_log_write(w->log, w->failed[k] != NULL ? HEP_LOG_WARNING : HEP_LOG_INFO, "left-out",
                          "%s: series %s is left out: %s", w->begin, number, reason);
        for (size_t i = 0; i < w->n; i++)
            if (w->file[i].series == k && w->file[i].reason != NULL)
                hep_log_write(w->log, HEP_LOG_INFO, "left-out", "%s: series %s is %s: %s", w->begin,
                              number,
                              w->file[i].target != NULL ? "kept under sourcedata" : "left out",
                              w->file[i].reason);
    }
}

static int note_study(struct hep_ledger *l, const struct hep_dicom_study *study, const char *images,
                      struct hep_error *err)
{
    struct hep_ledger_study *entry = hep_ledger_find(l, study->study);
    int rc = entry != NULL ? HEP_OK : hep_ledger_add(&entry, l, err);

    if (rc != HEP_OK)
        return rc;
    *entry = (struct hep_ledger_study){ 0 };
    (void)snprintf(entry->participant, sizeof entry->participant, "%s", study->participant);
    (void)snprintf(entry->session, sizeof entry->session, "%s", study->session);
    (void)snprintf(entry->patient, sizeof entry->patient, "%s", study->patient);
    (void)snprintf(entry->study, sizeof entry->study, "%s", study->study);
    (void)snprintf(entry->images, sizeof entry->images, "%s", images);
    return hep_ledger_save(l, err);
}

/* Segmentations without the images that they were drawn on? */
static bool is_segmentations_only(const struct hep_dicom_study *study)
{
    size_t n = 0;

    for (size_t k = 0; k < study->n; k++) {
        if (study->series[k].reason == NULL)
            return false;
        n += hep_is_segmentation(hep_dicom_text(study->series[k].object[0], HEP_DICOM_SOP_CLASS));
    }
    return n > 0;
}

/* Segmentations that come after their images. */
static int add_segmentations(struct hep_imported *out, struct hep_import_work *w, bool is_known,
                             struct hep_error *err)
{
    size_t n = 0;
    int rc;

    if (!is_known)
        return HEP_FAIL(err, HEP_EDATA,
                        "%s: holds segmentations of a study that is not in the dataset: import its "
                        "images first",
                        w->settings->source);
    (void)is_whole(out, w->settings->bids_dir, w->study);
    rc = hep_import_segmentations(w, true, err);
    for (size_t k = 0; rc == HEP_OK && k < w->study->n; k++)
        n += w->segmentations[k].n;
    for (size_t k = 0; rc == HEP_OK && n == 0 && k < w->study->n; k++)
        if (hep_import_reason(w, k) != NULL)
            rc = HEP_FAIL(err, HEP_EDATA, "%s: %s", w->settings->source, hep_import_reason(w, k));
    return rc;
}

static int import_images(struct hep_import_work *w, struct hep_ledger *l, struct hep_error *err)
{
    int rc = hep_import_convert(w, err);

    if (rc == HEP_OK) /* not complete: an import that is cut off is done again */
        rc = note_study(l, w->study, "", err);
    if (rc == HEP_OK)
        rc = hep_import_write(w, err);
    return rc == HEP_OK ? note_study(l, w->study, w->study->images, err) : rc;
}

static int import_study(struct hep_import *done, struct hep_ledger *l,
                        const struct hep_dicom_study *study, const struct hep_import_settings *s,
                        const char *work, struct hep_log *log, struct hep_error *err)
{
    const struct hep_ledger_study *known = hep_ledger_find(l, study->study);
    struct hep_import_work w = {
        .settings = s, .ledger = l, .study = study, .log = log, .folder = work
    };
    struct hep_imported out = { .folder = hep_import_folder(s->bids_dir, study, err) };
    int rc = out.folder != NULL ? HEP_GROW(done->study, done->n, err) : HEP_ENOMEM;

    if (rc == HEP_OK && known != NULL && strcmp(known->images, study->images) == 0 &&
        is_whole(&out, s->bids_dir, study)) {
        done->study[done->n++] = out;
        return HEP_OK;
    }
    out = (struct hep_imported){ .folder = out.folder, .is_new = true };
    if (rc == HEP_OK)
        rc = hep_import_work_init(&w, err);
    if (rc == HEP_OK && is_segmentations_only(study)) {
        rc = add_segmentations(&out, &w, known != NULL, err);
    } else if (rc == HEP_OK) {
        rc = import_images(&w, l, err);
        (void)is_whole(&out, s->bids_dir, study);
    }
    if (rc == HEP_OK) {
        log_left_out(&w);
        done->study[done->n++] = out;
        out.folder = NULL;
    }
    hep_import_work_release(&w);
    free(out.folder);
    return rc;
}

static int check_converter(struct hep_error *err)
{
    char *program = hep_process_find("dcm2niix");

    if (program == NULL)
        return HEP_FAIL(err, HEP_ENOENT,
                        "dcm2niix: no such program: install the Debian package dcm2niix");
    free(program);
    return HEP_OK;
}

int hep_dicom_import(struct hep_import *done, const struct hep_import_settings *settings,
                     struct hep_log *log, struct hep_error *err)
{
    struct hep_ledger ledger = { 0 };
    struct hep_lines paths = { 0 };
    struct hep_dicom_objects objects = { 0 };
    struct hep_dicom_studies studies = { 0 };
    char *work = NULL;
    int rc = check_labels(settings, err);

    if (rc == HEP_OK)
        rc = check_converter(err);
    if (rc == HEP_OK)
        rc = hep_ledger_open(&ledger, settings->bids_dir, err);
    if (rc != HEP_OK)
        goto out;
    work = hep_path_join(ledger.folder, "work", err);
    if (work == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && hep_is_dir(work))
        rc = hep_remove_tree(work, err); /* of an import that was killed */
    if (rc == HEP_OK)
        rc = hep_mkdir_p(work, err);
    if (rc == HEP_OK)
        rc = hep_dicom_find_files(&paths, settings->source, work, err);
    if (rc == HEP_OK)
        rc = hep_dicom_read_headers(&objects, &paths, work, err);
    for (size_t i = 0; i < objects.unreadable.n; i++)
        hep_log_write(log, HEP_LOG_WARNING, "unreadable", "%s: is truncated or damaged: left out",
                      objects.unreadable.line[i]);
    if (rc == HEP_OK && objects.n == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: holds no DICOM image that can be read%s",
                      settings->source,
                      objects.unreadable.n > 0 ? ": its files are truncated or damaged" : "");
    if (rc == HEP_OK)
        rc = hep_dicom_group(&studies, &objects, &ledger, err);
    if (rc == HEP_OK)
        rc = plan(&studies, &ledger, settings, err);
    for (size_t i = 0; rc == HEP_OK && i < studies.n; i++)
        rc = import_study(done, &ledger, &studies.item[i], settings, work, log, err);
    if (work != NULL && hep_is_dir(work) &&
        hep_remove_tree(work, rc == HEP_OK ? err : NULL) != HEP_OK && rc == HEP_OK)
        rc = HEP_EIO;
out:
    free(work);
    hep_dicom_studies_release(&studies);
    hep_dicom_objects_release(&objects);
    hep_lines_release(&paths);
    hep_ledger_close(&ledger);
    return rc;
}
