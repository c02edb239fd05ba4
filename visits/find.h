/**
 * @file  visits/find.h
 * @brief The finished studies of one person, in order of time: which folders, which dates.
 *
 * Dates are those of SUB_sessions.tsv (column acq_time), else the earliest acq_time of the session's SUB_SES_scans.tsv,
 * below the dataset that the studies were made of; nothing else tells them. Where one is not known the caller must have
 * given the order.
 */
#ifndef HEP_VISITS_FIND_H
#define HEP_VISITS_FIND_H

#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_session_place {
    char *folder;      /* that holds *_run.json; owned */
    char *study;       /* in the dataset; NULL: not found; owned */
    char session[128]; /* "ses-1"; of studies without sessions the folder's name */
    char date[16];     /* ISO; "" not known */
    double days;       /* since the first; NaN: not known */
};
struct hep_session_places {
    struct hep_session_place *list; /* owned */
    size_t n;
    char participant[128]; /* "sub-01" */
    char left_out[512];    /* sessions whose run failed or is missing, with the reason; "" */
};

struct hep_session_query {
    const char *out_dir, *participant, *baseline; /* first form; baseline may be NULL */
    const char *const *sessions;                  /* wanted, in their order; n_sessions 0: all */
    size_t n_sessions;
    const char *const *folders; /* second form, in order; n_folders 0: first form */
    size_t n_folders;
    const char *bids_dir; /* NULL: looked for beside out_dir */
};

/**
 * @return HEP_ENOENT (no such person or session), HEP_EDATA (one session only, of one date, of two people, dates not
 *         known and no order given), HEP_EFORMAT (a date that is none), HEP_ENOMEM. Release in any case.
 */
int hep_sessions_find(struct hep_session_places *out, const struct hep_session_query *query,
                      struct hep_log *log, struct hep_error *err) HEP_MUST_CHECK;
void hep_sessions_release(struct hep_session_places *p);

/** Days since 1 March of the year 0 of a date "2024-03-06", with or without a time behind it; NaN for what is no date. */
double hep_days_of_date(const char *date);

#endif
