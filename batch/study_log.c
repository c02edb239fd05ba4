#include "batch/study_log.h"

#include "base/file.h"
#include "base/text.h"

#include <ctype.h>
#include <time.h>
#include <unistd.h>

#define STAMP_BYTES 16 /* "20260102T030405" and a terminator */

/* Named by the microsecond, so that names sort as the runs did. Sets log->path. */
static int make_path(struct hep_study_log *log, const char *dir, const char *label,
                     struct hep_error *err)
{
    struct timespec now = { 0 };
    char stamp[STAMP_BYTES] = "";
    struct tm utc;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", gmtime_r(&now.tv_sec, &utc));
    log->path = hep_asprintf(err, "%s/%s_%s.%06ld.jsonl", dir, label, stamp, now.tv_nsec / 1000);
    return log->path == NULL ? HEP_ENOMEM : HEP_OK;
}

int hep_study_log_open(struct hep_study_log *log, const char *out_dir, const char *label,
                       struct hep_error *err)
{
    char *dir = hep_path_join(out_dir, "logs", err);
    int fd = -1, rc = dir == NULL ? HEP_ENOMEM : hep_mkdir_p(dir, err);

    *log = (struct hep_study_log){ 0 };
    if (rc == HEP_OK && (log->newest = hep_asprintf(err, "%s/%s.jsonl", dir, label)) == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && hep_is_dir(log->newest))
        rc = HEP_FAIL(err, HEP_ECREAT, "cannot create %s: a folder has its name", log->newest);
    if (rc == HEP_OK)
        rc = make_path(log, dir, label, err);
    if (rc == HEP_OK)
        rc = hep_file_create(&fd, log->path, err);
    if (rc == HEP_OK && (log->stream = fdopen(fd, "w")) == NULL) {
        (void)close(fd);
        (void)unlink(log->path);
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for %s", log->path);
    }
    free(dir);
    if (rc != HEP_OK)
        hep_study_log_close(log, true);
    return rc;
}

/* "LABEL_20260102T030405.678901.jsonl" */
static bool is_log_of(const char *name, const char *label, size_t label_n)
{
    const char *stamp = name + label_n + 1;

    if (strncmp(name, label, label_n) != 0 || name[label_n] != '_' || strlen(stamp) < STAMP_BYTES)
        return false;
    for (int i = 0; i < STAMP_BYTES - 1; i++) {
        if (i == 8 ? stamp[i] != 'T' : !isdigit((unsigned char)stamp[i]))
            return false;
    }
    return hep_ends_with(stamp, ".jsonl");
}

/* Names sort by their time. What cannot be removed stays. */
static void remove_oldest(const struct hep_study_log *log)
{
    const char *label = hep_path_base(log->newest);
    const size_t label_n = strlen(label) - strlen(".jsonl");
    char *dir = hep_asprintf(NULL, "%.*s", (int)(label - log->newest), log->newest);
    struct hep_listing list = { 0 };
    struct hep_error none = { 0 };
    size_t n = 0;

    if (dir == NULL || hep_listing_read(&list, dir, &none) != HEP_OK)
        goto out;
    for (size_t i = 0; i < list.n; i++)
        n += is_log_of(list.names[i], label, label_n);
    for (size_t i = 0; i < list.n && n > HEP_STUDY_LOGS_KEPT; i++) {
        char *path = hep_path_join(dir, list.names[i], NULL);

        if (path != NULL && is_log_of(list.names[i], label, label_n)) {
            (void)unlink(path);
            n--;
        }
        free(path);
    }
out:
    hep_listing_release(&list);
    free(dir);
}

void hep_study_log_close(struct hep_study_log *log, bool keep)
{
    if (log->stream != NULL && log->path != NULL && log->newest != NULL) {
        (void)fclose(log->stream);
        if (!keep) {
            (void)unlink(log->path);
        } else {
            /* The name may be a planted link: it goes, and what it leads to stays. */
            (void)unlink(log->newest);
            (void)!link(log->path, log->newest);
            remove_oldest(log);
        }
    }
    free(log->path);
    free(log->newest);
    *log = (struct hep_study_log){ 0 };
}
