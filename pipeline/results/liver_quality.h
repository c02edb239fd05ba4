/**
 * @file  pipeline/results/liver_quality.h
 * @brief Product "liver_quality": where the liver mask comes from, and how good it is.
 */
#ifndef HEP_PIPELINE_RESULTS_LIVER_QUALITY_H
#define HEP_PIPELINE_RESULTS_LIVER_QUALITY_H

#include "liver/segment_liver.h"
#include "pipeline/run.h"

enum hep_liver_source {
    HEP_LIVER_AUTOMATIC,
    HEP_LIVER_OF_COMMAND_LINE,
    HEP_LIVER_OF_STUDY,
    HEP_LIVER_OF_LABEL_MAP, /* the organ called liver in a label map of the study */
    HEP_LIVER_OF_COMMAND,   /* drawn by liver.command */
    HEP_LIVER_SOURCE_COUNT
};
/** "automatic", "command line", "study", "label map of the study", "liver.command". */
const char *hep_liver_source_name(enum hep_liver_source source);

struct hep_liver_report {
    enum hep_liver_source source;
    struct hep_liver_quality quality; /* volume NaN and not plausible when a mask is needed */
};
HEP_PRODUCT(liver_quality, hep_liver_report);

#endif
