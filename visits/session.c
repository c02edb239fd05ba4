#include "visits/session.h"

#include "base/alloc.h"
#include "base/file.h"
#include "pipeline/stages/aligned.h"

#include <math.h>
#include <stdlib.h>

void hep_session_release(struct hep_session *s)
{
    for (size_t i = 0; i < 3; i++)
        hep_labels_free(s->on_baseline[i]);
    hep_labels_free(s->zone);
    hep_volume_free(s->displacement);
    free(s->lesions);
    hep_lesion_file_release(&s->file);
    hep_reopened_release(&s->opened);
    *s = (struct hep_session){ 0 };
}

const struct hep_grid *hep_session_grid(const struct hep_session *s)
{
    return s->liver != NULL ? &s->liver->grid : s->image != NULL ? &s->image->grid : NULL;
}

/* With its series where the study is there and unchanged, else without. */
static int reopen(struct hep_session *s, int nthreads, struct hep_log *log, struct hep_error *err)
{
    struct hep_error e = { 0 };

    if (s->place->study != NULL) {
        if (hep_reopen(&s->opened, s->place->folder, s->place->study, nthreads, log, &e) == HEP_OK)
            return HEP_OK;
        hep_reopened_release(&s->opened);
        if (e.code == HEP_ENOMEM)
            return HEP_FAIL(err, HEP_ENOMEM, "%s", e.msg);
        hep_log_write(log, HEP_LOG_WARNING, "followup", "%s: its images are not used: %s",
                      s->place->session, e.msg);
    }
    return hep_reopen(&s->opened, s->place->folder, NULL, nthreads, log, err);
}

static int read_images(struct hep_session *s, struct hep_error *err)
{
    struct hep_run *run = &s->opened.run;
    const struct hep_volume *v = NULL;
    int rc = HEP_OK;

    s->reference = hep_reference_name(run);
    if (s->reference != NULL && hep_run_series(run, s->reference) != NULL)
        rc = hep_run_volume(run, s->reference, &v, err);
    s->image = v;
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "liver", &s->liver, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "lesions", &s->labels, err);
    return rc;
}

static void find_reason(struct hep_session *s)
{
    if (s->liver == NULL || hep_labels_count(s->liver, -1) == 0)
        (void)snprintf(s->cannot, sizeof s->cannot, "no liver was found: %.250s",
                       hep_run_reason(&s->opened.run, "liver"));
    else if (s->labels == NULL && s->file.findings.n == 0 && s->file.absent_reason != NULL)
        (void)snprintf(s->cannot, sizeof s->cannot, "no lesions were looked for: %.250s",
                       s->file.absent_reason);
}

int hep_session_open(struct hep_session *s, const struct hep_session_place *place,
                     const char *reader, int nthreads, struct hep_log *log, struct hep_error *err)
{
    char *path = NULL;
    int rc;

    s->place = place;
    s->residual_mm = s->liver_dice = s->surface_mm = s->motion_mm = (double)NAN;
    rc = reopen(s, nthreads, log, err);
    if (rc == HEP_OK && reader != NULL)
        rc = hep_reopened_as_read(&s->opened, reader, err);
    if (rc == HEP_OK)
        path = hep_asprintf(err, "%s/%s%s%s_lesions.json", s->opened.folder, s->opened.run.label,
                            reader != NULL ? "_desc-" : "", reader != NULL ? reader : "");
    if (rc == HEP_OK)
        rc = path == NULL ? HEP_ENOMEM : hep_lesion_file_read(&s->file, path, err);
    if (rc == HEP_OK)
        rc = read_images(s, err);
    if (rc == HEP_OK)
        rc = hep_lesion_file_place(&s->file, s->labels, path, err);
    if (rc == HEP_OK)
        find_reason(s);
    free(path);
    return rc;
}
