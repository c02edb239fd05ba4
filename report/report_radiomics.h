/**
 * @file  report/report_radiomics.h
 * @brief Texture of the liver and of each lesion as a table of the study.
 */
#ifndef HEP_REPORT_REPORT_RADIOMICS_H
#define HEP_REPORT_REPORT_RADIOMICS_H

#include "pipeline/run.h"

/** LABEL_radiomics.tsv and its data dictionary: of the reference series, ADC and hepatobiliary enhancement, each on
 * the reference grid; label 0 is the liver, the others are lesions by id. Nothing without a liver. */
int hep_put_radiomics(struct hep_run *run, struct hep_error *err) HEP_MUST_CHECK;

#endif
