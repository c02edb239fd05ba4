/**
 * @file  report/reopen.h
 * @brief A finished study opened again from its output folder, so that its report can be made
 * without computing anything.
 *
 * Maps, masks and results come from the folder, series from the study that it was made of; without
 * that study there are no series. A study whose files are not those that the run read is refused.
 */
#ifndef HEP_REPORT_REOPEN_H
#define HEP_REPORT_REOPEN_H

#include "pipeline/open_study.h"
#include "pipeline/products.h"
#include "report/measures.h"

/** Start with `{ 0 }`. */
struct hep_reopened {
    char *folder; /* that holds *_run.json; owned */
    struct hep_json *record;
    const struct hep_map_measures *measures; /* of the run; NULL when there are none */
    struct hep_open_study study;
    struct hep_run run;
};

/**
 * @param[in] folder OUT/sub-01[/ses-1], or OUT when it holds one study
 * @param[in] study  BIDS subject or folder that the run read; NULL: no series
 * @return HEP_ENOENT (no run.json), HEP_EDATA (the run failed; other input files), HEP_EFORMAT, ...
 */
int hep_reopen(struct hep_reopened *out, const char *folder, const char *study, int nthreads,
               struct hep_log *log, struct hep_error *err) HEP_MUST_CHECK;
/**
 * Let what a reader said (LABEL_desc-READER_lesions.json, its label maps) stand in the place of Hepar's lesions, and of
 * its liver where the reader drew one.
 * @return HEP_ENOENT when the reader has no file, HEP_EDATA when lesions are not reviewed; HEP_EFORMAT
 */
int hep_reopened_as_read(struct hep_reopened *r, const char *reader,
                         struct hep_error *err) HEP_MUST_CHECK;
/** "key=value" of every setting of a record that was in force. @param[out] out heap, with heap texts */
int hep_reopened_settings(char ***out, size_t *n, const struct hep_json *record,
                          struct hep_error *err) HEP_MUST_CHECK;
/** Harmless on { 0 } and after a failure. */
void hep_reopened_release(struct hep_reopened *r);

#endif
