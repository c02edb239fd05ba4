#include "visits/find.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "base/tsv.h"
#include "batch/status.h"

#include <math.h>
#include <stdlib.h>

void hep_sessions_release(struct hep_session_places *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->list[i].folder);
        free(p->list[i].study);
    }
    free(p->list);
    *p = (struct hep_session_places){ 0 };
}

/* Digits of a fixed number of places; -1 for anything else. */
static long digits(const char *s, int n)
{
    long value = 0;

    for (int i = 0; i < n; i++) {
        if (!hep_is_digit(s[i]))
            return -1;
        value = 10 * value + (s[i] - '0');
    }
    return value;
}

/* Howard Hinnant, chrono-compatible low-level date algorithms: years that begin in March. */
double hep_days_of_date(const char *date)
{
    static const long month_days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    long y, m, d, leap;

    if (strlen(date) < 10 || date[4] != '-' || date[7] != '-' ||
        (date[10] != '\0' && date[10] != 'T' && date[10] != ' '))
        return (double)NAN;
    y = digits(date, 4);
    m = digits(date + 5, 2);
    d = digits(date + 8, 2);
    if (y < 0 || m < 1 || m > 12 || d < 1 || d > month_days[m - 1])
        return (double)NAN;
    leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (m == 2 && d > 28 + leap)
        return (double)NAN;
    y -= m <= 2 ? 1 : 0;
    m += m > 2 ? -3 : 9;
    d += 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 - 1;
    return (double)d;
}

/* ---- folders --------------------------------------------------------------------------------- */

static void leave_out(struct hep_session_places *p, struct hep_log *log, const char *session,
                      const char *reason)
{
    const size_t n = strlen(p->left_out);

    (void)snprintf(p->left_out + n, sizeof p->left_out - n, "%s%s: %.200s", n > 0 ? "; " : "",
                   session, reason);
    hep_log_write(log, HEP_LOG_WARNING, "followup", "%s is left out: %s", session, reason);
}

static int add_place(struct hep_session_places *p, const char *folder, const char *session,
                     struct hep_error *err)
{
    struct hep_session_place *s;

    if (HEP_GROW(p->list, p->n, err) != HEP_OK)
        return HEP_ENOMEM;
    s = &p->list[p->n++];
    s->days = (double)NAN;
    s->folder = hep_strdup(folder, err);
    (void)snprintf(s->session, sizeof s->session, "%s", session);
    return s->folder != NULL ? HEP_OK : HEP_ENOMEM;
}

/* Is a label, with or without its prefix, this one? */
static bool is_label(const char *label, const char *prefix, const char *wanted)
{
    if (hep_starts_with(wanted, prefix))
        wanted += strlen(prefix);
    return hep_starts_with(label, prefix) && strcmp(label + strlen(prefix), wanted) == 0;
}

static const struct hep_study_status *status_of(const struct hep_out_status *status,
                                                const struct hep_session_query *q,
                                                const char *session)
{
    for (size_t i = 0; i < status->n; i++) {
        const char *slash = strchr(status->list[i].relative, '/');
        char subject[256];

        if (slash == NULL)
            continue;
        (void)snprintf(subject, sizeof subject, "%.*s", (int)(slash - status->list[i].relative),
                       status->list[i].relative);
        if (is_label(subject, "sub-", q->participant) && is_label(slash + 1, "ses-", session))
            return &status->list[i];
    }
    return NULL;
}

static int add_session(struct hep_session_places *p, const struct hep_session_query *q,
                       const struct hep_study_status *s, struct hep_log *log, struct hep_error *err)
{
    char *folder;
    int rc;

    if (s->state != HEP_STATE_DONE) {
        leave_out(p, log, strchr(s->relative, '/') + 1,
                  s->state == HEP_STATE_FAILED    ? s->reason
                  : s->state == HEP_STATE_RUNNING ? "its run has not ended"
                                                  : "it has no result");
        return HEP_OK;
    }
    folder = hep_path_join(q->out_dir, s->relative, err);
    rc = folder == NULL ? HEP_ENOMEM : add_place(p, folder, strchr(s->relative, '/') + 1, err);
    free(folder);
    return rc;
}

static int find_wanted(struct hep_session_places *p, const struct hep_session_query *q,
                       const struct hep_out_status *status, struct hep_log *log,
                       struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < q->n_sessions; i++) {
        const struct hep_study_status *s = status_of(status, q, q->sessions[i]);

        if (s == NULL || s->state == HEP_STATE_MISSING)
            return HEP_FAIL(err, HEP_ENOENT, "%s has no session %s of %s", q->out_dir,
                            q->sessions[i], p->participant);
        rc = add_session(p, q, s, log, err);
    }
    return rc;
}

static int find_all(struct hep_session_places *p, const struct hep_session_query *q,
                    const struct hep_out_status *status, struct hep_log *log, struct hep_error *err)
{
    bool known = false;
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < status->n; i++) {
        const char *slash = strchr(status->list[i].relative, '/');
        const size_t n = slash != NULL ? (size_t)(slash - status->list[i].relative)
                                       : strlen(status->list[i].relative);

        if (strlen(p->participant) != n ||
            strncmp(status->list[i].relative, p->participant, n) != 0)
            continue;
        known = true;
        if (slash != NULL)
            rc = add_session(p, q, &status->list[i], log, err);
        else
            return HEP_FAIL(err, HEP_EDATA, "%s: %s has one study without sessions", q->out_dir,
                            p->participant);
    }
    return rc == HEP_OK && !known
               ? HEP_FAIL(err, HEP_ENOENT, "%s has no results of %s", q->out_dir, p->participant)
               : rc;
}

static int find_in_output(struct hep_session_places *p, const struct hep_session_query *q,
                          struct hep_log *log, struct hep_error *err)
{
    struct hep_out_status status = { 0 };
    int rc = hep_status_read(&status, q->out_dir, err);

    (void)snprintf(p->participant, sizeof p->participant, "%s%s",
                   hep_starts_with(q->participant, "sub-") ? "" : "sub-", q->participant);
    if (rc == HEP_OK)
        rc = q->n_sessions > 0 ? find_wanted(p, q, &status, log, err)
                               : find_all(p, q, &status, log, err);
    hep_status_release(&status);
    return rc;
}

/* Each holds one study at or below it, which opening it finds (report/reopen.h). */
static int find_folders(struct hep_session_places *p, const struct hep_session_query *q,
                        struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < q->n_folders; i++)
        rc = add_place(p, q->folders[i], hep_path_base(q->folders[i]), err);
    return rc;
}

/* ---- dates ----------------------------------------------------------------------------------- */

static int cell_date(char date[16], const struct hep_tsv *t, size_t row, const char *path,
                     struct hep_error *err)
{
    const char *cell = hep_tsv_cell(t, row, hep_tsv_column(t, "acq_time"));

    if (*cell == '\0')
        return HEP_OK;
    if (isnan(hep_days_of_date(cell)))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: acq_time \"%.40s\" is no date like 2024-03-06", path,
                        cell);
    if (*date == '\0' || strncmp(cell, date, 10) < 0)
        (void)snprintf(date, 16, "%.10s", cell);
    return HEP_OK;
}

/* The dates of a table: of the row whose session_id is the session's, or the earliest of all. */
static int read_dates(char date[16], const char *path, const char *session, struct hep_error *err)
{
    struct hep_tsv t = { 0 };
    int rc;

    if (!hep_is_file(path))
        return HEP_OK;
    rc = hep_tsv_read(&t, path, err);
    for (size_t i = 0; rc == HEP_OK && i < t.n_rows; i++) {
        if (session == NULL ||
            strcmp(hep_tsv_cell(&t, i, hep_tsv_column(&t, "session_id")), session) == 0)
            rc = cell_date(date, &t, i, path, err);
    }
    hep_tsv_release(&t);
    return rc;
}

static int date_of(struct hep_session_place *s, const char *dir, const char *participant,
                   struct hep_error *err)
{
    char *sessions = hep_asprintf(err, "%s/%s/%s_sessions.tsv", dir, participant, participant);
    char *scans = hep_asprintf(err, "%s/%s/%s/%s_%s_scans.tsv", dir, participant, s->session,
                               participant, s->session);
    char *study = hep_asprintf(err, "%s/%s/%s", dir, participant, s->session);
    int rc = sessions == NULL || scans == NULL || study == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && s->date[0] == '\0')
        rc = read_dates(s->date, sessions, s->session, err);
    if (rc == HEP_OK && s->date[0] == '\0')
        rc = read_dates(s->date, scans, NULL, err);
    if (rc == HEP_OK && s->study == NULL && hep_is_dir(study)) {
        s->study = study;
        study = NULL;
    }
    free(sessions);
    free(scans);
    free(study);
    return rc;
}

/* A folder that may be the dataset which the output was made of. */
static int look_in(struct hep_session_places *p, const char *dir, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < p->n; i++)
        rc = date_of(&p->list[i], dir, p->participant, err);
    return rc;
}

/* The output itself, the folders that hold it (BIDS/derivatives/hepar), and those beside it. */
static int look_around(struct hep_session_places *p, const char *out_dir, struct hep_error *err)
{
    static const char *const above[] = { "", "/..", "/../.." };
    char *beside = hep_asprintf(err, "%s/..", out_dir);
    struct hep_listing list = { 0 };
    int rc = beside == NULL ? HEP_ENOMEM : HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < 3; i++) {
        char *dir = hep_asprintf(err, "%s%s", out_dir, above[i]);

        rc = dir == NULL ? HEP_ENOMEM : look_in(p, dir, err);
        for (size_t k = 0; i == 0 && k < p->n; k++) { /* results are no studies */
            free(p->list[k].study);
            p->list[k].study = NULL;
        }
        free(dir);
    }
    if (rc == HEP_OK && hep_listing_read(&list, beside, NULL) == HEP_OK) {
        for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
            char *dir = list.is_dir[i] ? hep_path_join(beside, list.names[i], err) : NULL;
            char *record = dir != NULL ? hep_asprintf(err, "%s/.hepar-studies.json", dir) : NULL;

            if (record != NULL && !hep_is_file(record))
                rc = look_in(p, dir, err);
            free(record);
            free(dir);
        }
    }
    hep_listing_release(&list);
    free(beside);
    return rc;
}

/* Sessions of one date stay in the order in which they were given. */
static void sort_by_date(struct hep_session_places *p)
{
    for (size_t i = 1; i < p->n; i++) {
        const struct hep_session_place one = p->list[i];
        size_t k = i;

        for (; k > 0 && strcmp(p->list[k - 1].date, one.date) > 0; k--)
            p->list[k] = p->list[k - 1];
        p->list[k] = one;
    }
}

/* The baseline that the caller names stands first, and what is older is left out. */
static int begin_at(struct hep_session_places *p, const char *baseline, struct hep_log *log,
                    struct hep_error *err)
{
    size_t first = 0;

    while (first < p->n && !is_label(p->list[first].session, "ses-", baseline))
        first++;
    if (first == p->n)
        return HEP_FAIL(err, HEP_ENOENT, "no finished session %s of %s", baseline, p->participant);
    for (size_t i = 0; i < first; i++) {
        leave_out(p, log, p->list[i].session, "older than the baseline");
        free(p->list[i].folder);
        free(p->list[i].study);
    }
    (void)memmove(p->list, p->list + first, (p->n - first) * sizeof *p->list);
    p->n -= first;
    return HEP_OK;
}

static int order(struct hep_session_places *p, bool is_given, struct hep_error *err)
{
    bool dated = true;

    for (size_t i = 0; i < p->n; i++)
        dated = dated && p->list[i].date[0] != '\0';
    if (!dated && !is_given)
        return HEP_FAIL(
            err, HEP_EDATA,
            "%s: the dates of its sessions are not known (no acq_time in %s_sessions.tsv or "
            "scans.tsv; --bids names the dataset): give them in order with --sessions",
            p->participant, p->participant);
    if (dated)
        sort_by_date(p);
    for (size_t i = 1; dated && !is_given && i < p->n; i++) {
        if (strcmp(p->list[i].date, p->list[i - 1].date) == 0)
            return HEP_FAIL(err, HEP_EDATA,
                            "%s and %s have one date, %s: which came first? Give them in order "
                            "with --sessions",
                            p->list[i - 1].session, p->list[i].session, p->list[i].date);
    }
    return HEP_OK;
}

int hep_sessions_find(struct hep_session_places *out, const struct hep_session_query *query,
                      struct hep_log *log, struct hep_error *err)
{
    const bool is_given = query->n_sessions > 0 || query->n_folders > 0;
    int rc;

    *out = (struct hep_session_places){ 0 };
    rc =
        query->n_folders > 0 ? find_folders(out, query, err) : find_in_output(out, query, log, err);
    if (rc == HEP_OK && query->n_folders == 0)
        rc = query->bids_dir != NULL ? look_in(out, query->bids_dir, err)
                                     : look_around(out, query->out_dir, err);
    if (rc == HEP_OK)
        rc = order(out, is_given, err);
    if (rc == HEP_OK && query->baseline != NULL)
        rc = begin_at(out, query->baseline, log, err);
    if (rc == HEP_OK && out->n < 2)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: a follow-up needs two finished sessions, there is %zu%s%s",
                      query->n_folders > 0 ? query->folders[0] : out->participant, out->n,
                      out->left_out[0] != '\0' ? "; left out: " : "", out->left_out);
    for (size_t i = 0; rc == HEP_OK && i < out->n; i++)
        out->list[i].days =
            hep_days_of_date(out->list[i].date) - hep_days_of_date(out->list[0].date);
    return rc;
}
