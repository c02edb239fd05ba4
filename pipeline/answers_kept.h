/**
 * @file  pipeline/answers_kept.h
 * @brief What readers said of a study stays when the study is computed anew: their lesions are true of the person whatever
 *        the program finds next. Internal to the runner.
 */
#ifndef HEP_PIPELINE_ANSWERS_KEPT_H
#define HEP_PIPELINE_ANSWERS_KEPT_H

#include "pipeline/outdir.h"

/**
 * Take LABEL_desc-READER_lesions.json, its table and its label maps from the earlier result into the new folder, for every
 * reader. Links are left alone.
 * @return as hep_outdir_reuse(); HEP_OK without an earlier result
 */
int hep_answers_keep(const struct hep_outdir *d, const char *label,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
