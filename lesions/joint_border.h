/**
 * @file  lesions/joint_border.h
 * @brief The outline of a lesion whose place and size are known, from all images of a study at once.
 *
 * Model:   image k differs from the liver around the lesion by x_k, in robust SDs of that liver, and by m_k in the lesion's
 *          core. Of all weighted sums, w = (S + T)^-1 m tells the two apart best (Fisher, Ann Eugenics 1936;7:179-188): S is
 *          the covariance of x in the liver, its diagonal larger by 1 - series.correlation_max so that images that are all but
 *          alike do not cancel, T = diag(m_k^2 t_k^2) what the place of the border in image k leaves open:
 *          t_k^2 = (r_k^2 / 3 + (h_k^2 - h^2)+ / 12) / b^2 with the residual r_k of the registration, of which a third of the
 *          square is across the border, the longest side h_k of its voxel, h that of the reference, and the width b of a border
 *          on the reference, the root mean square of its voxel's sides. The border is where the sum D, 1 in the core, is
 *          half: the log odds of lesion against liver are min(w.m, points.evidence_max) (D - 1/2), the difference of two normal
 *          distributions with one covariance. To these come the odds of the size: a voxel at the share rho of the half axes
 *          from the centre has (points.fill_frac - rho) / points.fill_spread. The outline is what has even odds, hangs
 *          together with the core over faces, and has its holes filled.
 * Differs: a box tells all three axes, so that its lesion fills them: (1 - rho) takes the place of (points.fill_frac - rho).
 * Valid:   the core lies in the lesion and is of one tissue; liver lies around it.
 */
#ifndef HEP_LESIONS_JOINT_BORDER_H
#define HEP_LESIONS_JOINT_BORDER_H

#include "lesions/limits.h"
#include "liver/study.h"

struct hep_extent {
    double centre_mm[3]; /* RAS on the reference */
    double half_mm[3];   /* half the long axis three times, or half the sides of a box */
    bool box;
};

/**
 * @param[out]    voxels  of the outline; 0 when the images do not surely show a lesion there, then labels are unchanged
 * @param[in,out] labels  on the reference grid; voxels that have a label keep it
 * @param[in]     others  shape [n_others]: a voxel that is nearer to one of these, in units of its half axes, is not taken
 * @return HEP_ENOMEM
 */
int hep_joint_border(size_t *voxels, struct hep_labels *labels, int32_t id,
                     const struct hep_extent *own, const struct hep_extent *others, size_t n_others,
                     const struct hep_lesion_study *study, struct hep_error *err) HEP_MUST_CHECK;

#endif
