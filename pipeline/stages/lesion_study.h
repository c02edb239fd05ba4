/**
 * @file  pipeline/stages/lesion_study.h
 * @brief Everything that the lesion code wants to know of a study: its images on the reference grid, liver and organs, and
 *        which phases can be compared.
 */
#ifndef HEP_PIPELINE_STAGES_LESION_STUDY_H
#define HEP_PIPELINE_STAGES_LESION_STUDY_H

#include "pipeline/stages/lesion_images.h"

/** Start with `{ 0 }`. study.liver is NULL, and nothing else filled, where no liver is known.
 * @param[out] out hep_lesion_images_release(), also on failure */
int hep_lesion_study_open(struct hep_lesion_images *out, struct hep_run *run,
                          struct hep_error *err) HEP_MUST_CHECK;

/* Slots, to be placed in a list of inputs. */
#define HEP_LESION_STUDY_INPUTS                                                                    \
    HEP_LESION_IMAGE_INPUTS, HEP_READS_LABELS("liver"), HEP_READS_LABELS("anatomy"),               \
        HEP_READS_STRUCT("enhancement")

#endif
