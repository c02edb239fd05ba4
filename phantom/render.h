/**
 * @file  phantom/render.h
 * @brief Labels to voxels: each voxel of an acquisition is the mean over points spread evenly
 *        through its box, looked up in the anatomy as it lay at that moment.
 * Model:   a point q in the scanner shows the anatomy's point p with q = p + shift + bend(p); EPI
 *          moves signal along phase encoding by d(p) and thins it by 1 - dd/dy
 * Differs: points of one voxel move together (the bend is smooth over a voxel)
 * Threads: slices in parallel; results do not depend on the number of threads
 */
#ifndef HEP_PHANTOM_RENDER_H
#define HEP_PHANTOM_RENDER_H

#include "phantom/lut.h"

/** Where the anatomy lay during one series. */
struct hep_motion {
    double shift_mm[3];
    const struct hep_field *bend; /* 3 components, SD 1; NULL for none; borrowed */
    double bend_mm;
};
/** Displacement of an anatomical point [mm]. */
void hep_motion_displacement(double d[3], const struct hep_motion *m, const double p[3]);
/** Anatomical point that lies at a scanner point. */
void hep_motion_undo(double p[3], const struct hep_motion *m, const double q[3]);

/** Distortion of an echo-planar series along its phase encoding. */
struct hep_epi {
    const struct hep_field *offset_hz; /* in anatomical space; NULL for none; borrowed */
    double mm_per_hz;                  /* voxel size times readout time */
    double fat_shift_mm;               /* added for this part of the signal */
    double direction[3];               /* unit, world */
};

struct hep_render {
    const struct hep_anatomy *anatomy;
    const struct hep_grid *grid;
    const struct hep_lut *lut;
    const struct hep_motion *motion; /* NULL: none */
    const struct hep_epi *epi;       /* NULL: none */
    double texture;                  /* level */
    double slice_share;              /* thickness / slice distance, 1 without gap */
    int nthreads;
    const double (*slice_mm)[3]; /* where each slice lay, further; NULL: none; borrowed */
    double drift_mm[3];          /* way during the series, of which each sample sees its moment */
};

/**
 * @param[out] out magnitudes, nt = values of the lut (half as many when complex); the caller's
 * @return HEP_EGEOM (singular affine), HEP_ENOMEM
 */
int hep_render_volume(struct hep_volume **out, const struct hep_render *r,
                      struct hep_error *err) HEP_MUST_CHECK;
/** Share of each voxel taken by labels with wanted[label] not 0, motion ignored. */
int hep_render_share(struct hep_volume **out, const struct hep_render *r,
                     const uint8_t wanted[HEP_N_LABELS], struct hep_error *err) HEP_MUST_CHECK;

#endif
