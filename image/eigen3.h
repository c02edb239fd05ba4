/**
 * @file  image/eigen3.h
 * @brief Eigenvalues of symmetric 3x3 matrices in closed form, for Hessians of every voxel.
 * Source:  Smith, Commun ACM 1961;4:168 (trigonometric solution of the characteristic polynomial).
 * Differs: GSL's iterative solver would need a work space per thread, and this room does not link
 *          GSL.
 * Valid:   errors are relative to the largest eigenvalue; eigenvalues that almost coincide lose
 *          half the digits.
 */
#ifndef HEP_IMAGE_EIGEN3_H
#define HEP_IMAGE_EIGEN3_H

/** @param[out] out ascending  @param[in] m xx, yy, zz, xy, xz, yz. Pure. */
void hep_eigen3(double out[3], const double m[6]);

#endif
