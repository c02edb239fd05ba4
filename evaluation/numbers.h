/**
 * @file  evaluation/numbers.h
 * @brief Places of the main numbers in the list that the bootstrap resamples by patient: those of
 *        each task one after the other, then those of the whole.
 */
#ifndef HEP_EVALUATION_NUMBERS_H
#define HEP_EVALUATION_NUMBERS_H

#include "evaluation/cases.h"
#include "evaluation/froc.h"

/** Of one task. */
enum hep_eval_number {
    HEP_NUMBER_SENSITIVITY,     /* of a task, all findings (called metastases) counted */
    HEP_NUMBER_FALSE_PER_STUDY, /* at that operating point */
    HEP_NUMBER_CPM,             /* mean over the rates */
    HEP_NUMBER_AT_RATE,         /* HEP_FROC_N of them */
    HEP_NUMBER_SIZE = HEP_NUMBER_AT_RATE + HEP_FROC_N, /* HEP_SIZE_COUNT of them */
    HEP_NUMBERS_PER_TASK = HEP_NUMBER_SIZE + HEP_SIZE_COUNT
};
/** Of the whole. */
enum hep_eval_whole {
    HEP_WHOLE_PATIENT_SENSITIVITY = (int)HEP_TASK_COUNT * HEP_NUMBERS_PER_TASK,
    HEP_WHOLE_PATIENT_SPECIFICITY,
    HEP_WHOLE_AUC_LESIONS,  /* of detected lesions: metastasis against benign */
    HEP_WHOLE_AUC_FINDINGS, /* false positives among the negatives */
    HEP_WHOLE_BRIER,
    HEP_WHOLE_ECE,
    HEP_WHOLE_LIVER_DICE,
    HEP_WHOLE_LIVER_MEAN_SURFACE,
    HEP_WHOLE_LIVER_HD95,
    HEP_WHOLE_LIVER_VOLUME_ERROR,
    HEP_EVAL_N_NUMBERS
};

#endif
