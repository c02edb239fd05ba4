/**
 * @file  dicom/frame_times.h
 * @brief When each volume of a series was acquired and how it was weighted, from its images' headers.
 */
#ifndef HEP_DICOM_FRAME_TIMES_H
#define HEP_DICOM_FRAME_TIMES_H

#include "dicom/studies.h"

/**
 * Images are put in order of temporal position, then of time, and cut into volumes of nz images. The
 * clock of a volume is that of its first image.
 * @param[out] clock_s  time of day of each volume [s], shape t, rising; over midnight it goes on beyond 24 h
 * @param[in]  nz, nt   slices and volumes of the converted image
 * @return false, with clock_s undefined, when the images are not nz * nt, one has no time, or two
 *         volumes have the same
 */
bool hep_dicom_volume_clocks(double *clock_s, const struct hep_dicom_series *series, size_t nz,
                             size_t nt);
/**
 * The b-value of each volume by the standard attribute of its images (0018,9087), in order of temporal
 * position.
 * @return false, with b undefined, when an image has none, or the images of a volume disagree
 */
bool hep_dicom_volume_b(double *b_s_per_mm2, const struct hep_dicom_series *series, size_t nz,
                        size_t nt);
/** Has an image of the series this b-value, within 1 s/mm2? True where no header has any. */
bool hep_dicom_has_b(const struct hep_dicom_series *series, double b_s_per_mm2);
/** Time of day of an object [s]; NaN unknown. */
double hep_dicom_clock(const struct hep_dicom_object *o);
/** The same of a frame, counted from 0, of an object of several; of the object where its frames have none. */
double hep_dicom_frame_clock(const struct hep_dicom_object *o, size_t frame);
/** Time of a frame after injection [s]; NaN where the header does not tell it. */
double hep_dicom_since_injection(const struct hep_dicom_object *o, size_t frame);

#endif
