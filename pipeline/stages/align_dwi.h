/**
 * @file  pipeline/stages/align_dwi.h
 * @brief Volumes of a diffusion series by b-value, each group brought to the lowest b, and the
 *        series put together again.
 *
 * Source:  Mazaheri et al., Acad Radiol 2012;19:1573-1580 (registration lowers the residual of IVIM
 *          fits).
 * Differs: the volumes of one b move together, since a single one of high b is too noisy.
 */
#ifndef HEP_PIPELINE_STAGES_ALIGN_DWI_H
#define HEP_PIPELINE_STAGES_ALIGN_DWI_H

#include "image/align_pair.h"
#include "sequences/gradients.h"

#include <stdint.h>

/**
 * Each volume where its group's transform puts it, on the grid of the series; cubic interpolation,
 * negative overshoot set to 0, NaN outside. Groups that stay are copied.
 * @param[in] pairs of shells 1 .. shells->n - 1 to shell 0
 */
int hep_align_dwi_join(struct hep_volume **out, const struct hep_volume *dwi,
                       const struct hep_b_shells *shells, const struct hep_align_pair *pairs,
                       int nthreads, struct hep_error *err) HEP_MUST_CHECK;

#endif
