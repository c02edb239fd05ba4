/**
 * @file  fitting/diffusion_sample.h
 * @brief Logarithms of a diffusion series in voxels spread over the bright half of the body. Private
 *        to this folder.
 */
#ifndef HEP_FITTING_DIFFUSION_SAMPLE_H
#define HEP_FITTING_DIFFUSION_SAMPLE_H

#include "fitting/diffusion.h"
#include "image/stats.h"

/** Volumes of a b-value of which the spread is taken. */
#define HEP_SAMPLE_COMPARED 64

struct hep_diffusion_sample {
    float *mean; /* [nvox]: over the volumes, of a voxel of the mask; NaN elsewhere and in rows that
                      * are not looked at */
    size_t n, nb;    /* voxels, volumes */
    size_t *voxel;   /* [n] */
    float *ln;       /* [nb][n], NaN where the signal is not positive */
    float *next;     /* [nb][n]: of the neighbour along the first axis, NaN at the end */
    const double *b; /* [nb], borrowed */
    size_t *kept, *members, n_kept; /* volumes in use, and the same by b-value */
    float *work, *line, *sorted;    /* [n] */
    double noise;                   /* usual MAD of ln S within a b-value, NaN: no repeats */
    double roughness;               /* usual median of |ln S - ln S of the neighbour| */
    float bright;                   /* least mean signal of the region */
};

int hep_sample_take(struct hep_diffusion_sample *s, const struct hep_diffusion_input *in,
                    const size_t n[3], struct hep_error *err) HEP_MUST_CHECK;
void hep_sample_release(struct hep_diffusion_sample *s);
static inline const float *hep_sample_at(const struct hep_diffusion_sample *s, size_t volume)
{
    return s->ln + volume * s->n;
}
void hep_sample_drop(struct hep_diffusion_sample *s, size_t volume);
/** Of the finite values of x [n]; NaN for none. */
double hep_sample_median(const struct hep_diffusion_sample *s, const float *x);
/** Median absolute deviation from the median. */
double hep_sample_mad(const struct hep_diffusion_sample *s, const float *x);
/** Median of ln of one volume over another. */
double hep_sample_over(struct hep_diffusion_sample *s, size_t volume, size_t other);
double hep_sample_roughness(const struct hep_diffusion_sample *s, size_t volume);
/** Set noise and roughness from the b-values [n], of which members first..first+count-1. */
void hep_sample_noise(struct hep_diffusion_sample *s, const size_t *first, const size_t *count,
                      size_t n);
/** Slices that are lost in single volumes. @param[out] lost [nb][nz] heap, NULL when n_lost is 0 */
int hep_sample_lost(uint8_t **lost, size_t *n_lost, const struct hep_diffusion_sample *s,
                    const struct hep_diffusion_input *in, const size_t n[3],
                    struct hep_error *err) HEP_MUST_CHECK;

struct hep_diffusion_screen;
/** Leave volumes out that lie two slices or more away from that of the lowest b-value, or are stored mirrored; where most
 * do, it is that one. Stacks of less than 16 slices are not looked at. */
void hep_sample_leave_out_moved(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s,
                                const struct hep_diffusion_input *in, const size_t n[3]);

#endif
