/**
 * @file  dicom/ledger.h
 * @brief What was imported into a dataset, for whom, and the secret that hides who it was.
 *
 * BIDS_DIR/.hepar-import, readable by its owner only, holds a random secret and for each study the
 * participant, the session and keyed hashes of patient and study: enough to know them again, not to
 * name them. Dates move by a number of days that follows from the secret and the patient, so that
 * intervals between sessions of one participant stay true. Whoever is given the dataset without this
 * folder can undo none of it.
 */
#ifndef HEP_DICOM_LEDGER_H
#define HEP_DICOM_LEDGER_H

#include "base/sha256.h"
#include "pipeline/lock.h"

#define HEP_LABEL_BYTES 64
#define HEP_DATE_TIME 96 /* room for a date and time of any numbers */

struct hep_ledger_study {
    char participant[HEP_LABEL_BYTES], session[HEP_LABEL_BYTES];
    char patient[HEP_SHA256_HEX], study[HEP_SHA256_HEX]; /* keyed hashes */
    char images[HEP_SHA256_HEX]; /* of every object's UID; "" while the import is not complete */
};
/** Start with `{ 0 }`. */
struct hep_ledger {
    char *folder; /* BIDS_DIR/.hepar-import; owned */
    char secret[HEP_LOCK_TOKEN];
    struct hep_ledger_study *study;
    size_t n;
    struct hep_lock lock;
};

/** Lock and read, or begin. HEP_ETEMP while another import runs; HEP_EFORMAT, HEP_ECREAT, HEP_EIO. */
int hep_ledger_open(struct hep_ledger *l, const char *bids_dir,
                    struct hep_error *err) HEP_MUST_CHECK;
int hep_ledger_save(const struct hep_ledger *l, struct hep_error *err) HEP_MUST_CHECK;
/** Unlock and release; saves nothing. */
void hep_ledger_close(struct hep_ledger *l);

/** Keyed hash of a text. */
int hep_ledger_hash(char hex[HEP_SHA256_HEX], const struct hep_ledger *l, const char *text,
                    struct hep_error *err) HEP_MUST_CHECK;
/** Days by which dates of a patient move back, 40,000 to 43,652: into the years before 1925, by which
 * BIDS tells that a date is not the true one. @param[in] patient hash */
long hep_ledger_shift_days(const char *patient);

/** Borrowed; NULL when there is none. */
struct hep_ledger_study *hep_ledger_find(const struct hep_ledger *l, const char *study);
/** Any study of a patient, or of a participant. */
const struct hep_ledger_study *hep_ledger_find_patient(const struct hep_ledger *l,
                                                       const char *patient);
const struct hep_ledger_study *hep_ledger_find_label(const struct hep_ledger *l,
                                                     const char *participant);
/** Append; the entry is borrowed until the next call. */
int hep_ledger_add(struct hep_ledger_study **out, struct hep_ledger *l,
                   struct hep_error *err) HEP_MUST_CHECK;

/** DICOM date and seconds of the day as "2024-03-17T10:20:34.800000", moved back by days; false for
 * no date. */
bool hep_dicom_date_time(char out[HEP_DATE_TIME], const char *date, double clock_s, long days_back);

#endif
