/**
 * @file  pipeline/replay_transform.h
 * @brief A worse image from a better one: noise, thicker slices, coarser voxels.
 * Model:   noise of a magnitude M of noise SD s: |M + n|, n complex normal with SD
 *          s sqrt(1/q^2 - 1) in each channel, q = snr_factor sqrt(averages_share). M is
 *          |A + n1|, and complex normal noise has no preferred phase, so the result is Rician of SD
 *          s / q exactly.
 *          Larger voxels are the mean over their box, slices along the third index axis.
 * Source:  Gudbjartsson and Patz, MRM 1995;34:910-914 (Rician magnitudes); the noise that the image
 *          has is measured by fitting/noise.h
 * Valid:   one coil, or uniform noise; magnitudes are averaged, so the noise floor of a thick slice
 *          stays that of the thin ones. An image interpolated by the scanner shows less noise than
 *          it has: the setting noise_sd gives it by hand.
 * Threads: the result does not depend on their number
 */
#ifndef HEP_PIPELINE_REPLAY_TRANSFORM_H
#define HEP_PIPELINE_REPLAY_TRANSFORM_H

#include "image/volume.h"
#include "pipeline/config/config.h"

#include <stdint.h>

/** True when the voxels become larger. */
bool hep_replay_is_coarser(const struct hep_replay_change *c);
/** q as above; 1 when no noise is added. */
double hep_replay_snr(const struct hep_replay_change *c);

/**
 * The grid after the transform: whole new voxels, centred on the old extent.
 * @return HEP_EDATA: voxels smaller than they are, or larger than the whole image; the message has
 * both sizes
 */
int hep_replay_grid(struct hep_grid *out, const struct hep_grid *in,
                    const struct hep_replay_change *c, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Apply noise and grid.
 * @param[in,out] v      replaced by a new volume where its grid changes
 * @param[in]     seed, stream of the noise: the same give the same bytes
 * @return the errors of the functions above
 */
int hep_replay_transform(struct hep_volume **v, const struct hep_replay_change *c, uint64_t seed,
                         uint64_t stream, int nthreads, struct hep_error *err) HEP_MUST_CHECK;

#endif
