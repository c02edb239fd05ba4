/**
 * @file  phantom/degrade.h
 * @brief What the receiver and the patient do to a rendered series: bias, ghosts, signal loss,
 *        gain, noise. Rendering itself takes care of motion, distortion, gaps and cropping.
 * Model:   in this order: residual fat, ghosts of the aorta, point spread, signal loss near the
 *          heart, ghosts and blur of transient motion, receive field, Rician noise
 *          |S + n1 + i n2|, gain
 * Source:  Gudbjartsson and Patz, MRM 1995;34:910-914 (Rician noise)
 * Threads: slices in parallel; noise depends on seed, series, volume and voxel alone
 */
#ifndef HEP_PHANTOM_DEGRADE_H
#define HEP_PHANTOM_DEGRADE_H

#include "phantom/event.h"

/** Off-resonance near gas [Hz] on a lattice of 6 mm; its largest value is peak_hz. */
int hep_offset_field_new(struct hep_field **out, const struct hep_anatomy *a, double peak_hz,
                         struct hep_error *err) HEP_MUST_CHECK;

/** Receive sensitivity at a world point; 1 on average. */
double hep_bias_at(const struct hep_event *e, const double p[3]);
void hep_degrade_bias(struct hep_volume *v, const struct hep_event *e, int nthreads);

/** Gaussian of this SD along each index axis; 0 leaves an axis alone. HEP_ENOMEM. */
int hep_degrade_psf(struct hep_volume *v, const double sd_voxels[3], int nthreads,
                    struct hep_error *err) HEP_MUST_CHECK;
/** More fat where its suppression fails, in an image of fat alone. */
void hep_degrade_fat(struct hep_volume *fat, const struct hep_series_event *e, int nthreads);
/** Three pairs of ghosts of an image of the aorta along index axis 1, with fold-over.
 * @param[in] aorta one volume on the grid of v
 * @param[in] ghost amplitude of the first pair; shift: its distance over the field of view */
void hep_degrade_pulsation(struct hep_volume *v, const float *aorta, double ghost, double shift,
                           int nthreads);

/** Signal of volume t times 1 - loss[t], and less by the heart's exponent, near its underside. */
void hep_degrade_cardiac(struct hep_volume *v, const struct hep_shape *shape,
                         const struct hep_series_event *e, int nthreads);

/** Three to five ghosts along index axis 1 and 30 % of a blurred image. HEP_ENOMEM. */
int hep_degrade_transient(struct hep_volume *v, uint64_t seed, int nthreads,
                          struct hep_error *err) HEP_MUST_CHECK;

/** Rician noise; the name picks the stream. */
void hep_degrade_noise(struct hep_volume *v, double sd, uint64_t seed, const char *name,
                       int nthreads);

void hep_degrade_gain(struct hep_volume *v, double gain);

#endif
