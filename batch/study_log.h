/**
 * @file  batch/study_log.h
 * @brief The log of one study's run, among the results of its batch.
 *
 * Each run has a file OUT/logs/LABEL_YYYYMMDDTHHMMSS.UUUUUU.jsonl (UTC), of which the last ten of a study are kept. A run that
 * found nothing to do leaves none: the log of the run that did the work is the one to look at. The newest also has
 * the name OUT/logs/LABEL.jsonl.
 */
#ifndef HEP_BATCH_STUDY_LOG_H
#define HEP_BATCH_STUDY_LOG_H

#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>

#define HEP_STUDY_LOGS_KEPT 10

/** Start with `{ 0 }`. */
struct hep_study_log {
    FILE *stream;        /* borrowed: write here; NULL: there is no log */
    char *path, *newest; /* owned */
};

/** @return HEP_ECREAT when it cannot be written */
int hep_study_log_open(struct hep_study_log *log, const char *out_dir, const char *label,
                       struct hep_error *err) HEP_MUST_CHECK;
/** @param[in] keep false: the run did nothing, and its log goes. Harmless on { 0 }. */
void hep_study_log_close(struct hep_study_log *log, bool keep);

#endif
