/**
 * @file  image/itk_transform.h
 * @brief Transforms as ITK, ANTs and 3D Slicer read them: whole, and in LPS millimetres.
 *
 * A transform maps a world point of the target to the world point of the source whose value belongs
 * there: x -> A x + d(x) in RAS, image/resample.h. ITK asks for the same mapping, with the signs of
 * the first two axes reversed. A displacement field of ITK holds the whole way, T(x) - x, and outside
 * it nothing is moved.
 * Source: ITK Software Guide, book 2, section 3.9 (transforms) and itkTxtTransformIO (text form).
 */
#ifndef HEP_IMAGE_ITK_TRANSFORM_H
#define HEP_IMAGE_ITK_TRANSFORM_H

#include "image/resample.h"

struct hep_str;

/** A linear transform as "Insight Transform File V1.0", AffineTransform_double_3_3. */
void hep_itk_affine_text(struct hep_str *out, const double affine[4][4]);

/** Put the affine part of a transform into its displacement, which then says all; the affine part
 * becomes the identity. Exact for linear interpolation, for the affine part is linear.
 * @param[in,out] displacement what t->displacement points to */
void hep_transform_fold(struct hep_transform *t, struct hep_volume *displacement);

/** Reverse the first two components: RAS to LPS and back. nt = 3. */
void hep_flip_vectors(struct hep_volume *v);

#endif
