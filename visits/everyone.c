#include "visits/everyone.h"

#include "base/text.h"
#include "batch/status.h"

#include <stdio.h>
#include <string.h>

static bool is_wanted(const char *name, const char *const *subjects, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *label = hep_starts_with(subjects[i], "sub-") ? subjects[i] + 4 : subjects[i];

        if (strcmp(name + 4, label) == 0)
            return true;
    }
    return n == 0;
}

/* Studies of the same person, which are neighbours in the list. */
static size_t sessions_from(const struct hep_out_status *status, size_t i, char name[128])
{
    const char *relative = status->list[i].relative;
    const size_t length = strcspn(relative, "/");
    size_t n = 0;

    (void)snprintf(name, 128, "%.*s", (int)length, relative);
    while (i + n < status->n && strncmp(status->list[i + n].relative, relative, length) == 0 &&
           (status->list[i + n].relative[length] == '/' ||
            status->list[i + n].relative[length] == '\0'))
        n++;
    return n;
}

static int follow_one(struct hep_everyone *out, const struct hep_followup_request *request,
                      const char *name, struct hep_error *err)
{
    struct hep_followup_request r = *request;
    struct hep_followed f = { 0 };
    struct hep_error e = { 0 };
    int rc;

    r.query = (struct hep_session_query){ .out_dir = request->query.out_dir,
                                          .participant = name,
                                          .bids_dir = request->query.bids_dir };
    rc = hep_followup(&f, &r, &e);
    if (rc == HEP_OK)
        rc = hep_followed_write(&f, &e);
    if (rc == HEP_OK) {
        out->n_done++;
        out->n_partial += f.is_partial ? 1 : 0;
    } else if (rc != HEP_ENOMEM) {
        out->n_failed++;
        hep_log_write(request->log, HEP_LOG_WARNING, "followup", "%s has no follow-up: %s", name,
                      e.msg);
        rc = HEP_OK;
    } else {
        rc = HEP_FAIL(err, HEP_ENOMEM, "%s", e.msg);
    }
    hep_followed_release(&f);
    return rc;
}

int hep_followup_everyone(struct hep_everyone *out, const struct hep_followup_request *request,
                          const char *const *subjects, size_t n_subjects, struct hep_error *err)
{
    struct hep_out_status status = { 0 };
    int rc = hep_status_read(&status, request->query.out_dir, err);

    *out = (struct hep_everyone){ 0 };
    for (size_t i = 0, n = 0; rc == HEP_OK && i < status.n; i += n) {
        char name[128];

        n = sessions_from(&status, i, name);
        if (!is_wanted(name, subjects, n_subjects))
            continue;
        if (n < 2)
            out->n_single++;
        else
            rc = follow_one(out, request, name, err);
    }
    hep_status_release(&status);
    if (rc == HEP_OK && out->n_failed + out->n_partial > 0)
        rc = HEP_FAIL(err, HEP_EPARTIAL, "of %zu follow-ups %zu failed and %zu left a session out",
                      out->n_done + out->n_failed, out->n_failed, out->n_partial);
    return rc;
}
