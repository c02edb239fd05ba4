/**
 * @file  image/register_bspline.h
 * @brief The B-spline that elastix writes as text: read, and evaluated on a grid.
 *
 * Model:   u(x) = sum over control points of c b((x - x_c) / h) along the three axes, b the B-spline of order 2 or 3
 * Source:  Rueckert et al., IEEE TMI 1999;18:712-721; Unser, IEEE Signal Process Mag 1999;16(6):22-38 (b of each order)
 * Differs: beyond the control points the sum goes on, so that u fades to 0 within two of their distances; elastix cuts
 *          it to 0 at the border of the image
 * Convention: RAS in and out, mm
 */
#ifndef HEP_IMAGE_REGISTER_BSPLINE_H
#define HEP_IMAGE_REGISTER_BSPLINE_H

#include "image/resample.h"

struct hep_bspline {
    int order;             /* 2 or 3 */
    size_t n[3];           /* control points */
    double to_index[4][4]; /* world to index of control points */
    double *coefficient;   /* [3][n[2]][n[1]][n[0]], mm; owned */
};
/** u at a world point. */
void hep_bspline_at(double u[3], const struct hep_bspline *b, const double world[3]);
void hep_bspline_release(struct hep_bspline *b);

/**
 * Of an elastix file of transform parameters.
 * @param[in] text ends with a zero byte; RecursiveBSplineTransform or BSplineTransform in three dimensions that is
 *                 composed with the initial transform which it names
 * @param[in] name for messages
 * @return HEP_EFORMAT: another transform, numbers missing or not finite, too few or too many control points
 */
int hep_register_parse_bspline(struct hep_bspline *out, const char *text, const char *name,
                               struct hep_error *err) HEP_MUST_CHECK;

#endif
