/**
 * @file  pipeline/stages/lesion_images.h
 * @brief Every series and map of a study on the reference grid, as the lesion code wants them.
 *
 * Stages that use it declare HEP_LESION_IMAGE_INPUTS among their inputs.
 */
#ifndef HEP_PIPELINE_STAGES_LESION_IMAGES_H
#define HEP_PIPELINE_STAGES_LESION_IMAGES_H

#include "contrast/gain.h"
#include "liver/study.h"
#include "pipeline/run.h"

struct hep_lesion_images {
    struct hep_lesion_study study; /* borrows from `owned`, from the run and from its settings */
    struct hep_volume *owned[HEP_IMAGE_COUNT];
};

/**
 * Fill everything but liver and anatomy. Start with `{ 0 }`.
 * @param[in] only  bit i set: make image i; HEP_LESION_IMAGES_ALL for all
 */
#define HEP_LESION_IMAGES_ALL (~0U)
int hep_lesion_images_fill(struct hep_lesion_images *out, struct hep_run *run, unsigned only,
                           struct hep_error *err) HEP_MUST_CHECK;
/** Bring the image of a phase, where there is one, to the gain of the precontrast series. */
void hep_lesion_images_apply_gain(struct hep_lesion_images *images, enum hep_phase phase,
                                  const struct hep_gain *gain);
void hep_lesion_images_release(struct hep_lesion_images *images);

/* Slots, to be placed in a list of inputs. */
#define HEP_LESION_IMAGE_INPUTS                                                                    \
    HEP_READS_SERIES("opposed"), HEP_READS_SERIES("in_phase"),                                     \
        HEP_READS_SERIES_4D("echoes", "xyze"), HEP_READS_SERIES("t2"),                             \
        HEP_READS_SERIES_4D("dwi", "xyzb"), HEP_READS_SERIES("precontrast"),                       \
        HEP_READS_SERIES("arterial"), HEP_READS_SERIES("portal_venous"),                           \
        HEP_READS_SERIES("delayed"), HEP_READS_SERIES("transitional"),                             \
        HEP_READS_SERIES("hepatobiliary"), HEP_READS_MAP("adc", HEP_UNIT_MM2_PER_S),               \
        HEP_READS_MAP("adc_se", HEP_UNIT_MM2_PER_S), HEP_READS_MAP("ivim_d", HEP_UNIT_MM2_PER_S),  \
        HEP_READS_MAP("ivim_f", HEP_UNIT_FRACTION), HEP_READS_MAP("dki_k", HEP_UNIT_FRACTION),     \
        HEP_READS_MAP("ff", HEP_UNIT_FRACTION), HEP_READS_MAP("pdff", HEP_UNIT_FRACTION),          \
        HEP_READS_MAP("r2star", HEP_UNIT_PER_S), HEP_READS_STRUCT("dwi_order"),                    \
        HEP_READS_ALIGNMENT

#endif
