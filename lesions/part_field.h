/**
 * @file  lesions/part_field.h
 * @brief A lesion's voxels in every series, as the mixture of lesions/parts.h sees them.
 */
#ifndef HEP_LESIONS_PART_FIELD_H
#define HEP_LESIONS_PART_FIELD_H

#include "lesions/series.h"
#include "lesions/series_solve.h"

enum { HEP_PARTS_MAX = 3, HEP_PART_CHANNELS = HEP_SPD_MAX };

/** The lesion's voxels in every channel, in SD of the liver. */
struct hep_part_field {
    const struct hep_shells *box;
    enum hep_image used[HEP_PART_CHANNELS];
    size_t n, n_channels; /* voxels, channels */
    size_t *voxel;        /* of the box */
    size_t (*near)[6];    /* neighbours in this list; n: none */
    double near_weight[3];
    float *z, *share, *trust; /* [n][n_channels]: signal less liver; lesion's share; 0: not used */
    double precision[HEP_PART_CHANNELS][HEP_PART_CHANNELS];
    double per_voxel[HEP_PART_CHANNELS]; /* independent samples in a voxel */
    double blur[HEP_PART_CHANNELS], sharp_trust[HEP_PART_CHANNELS];
    bool settled;          /* the trust of blurred series stays */
    double widen, samples; /* of the covariance; independent voxels of the lesion */
    float *next;           /* [n][HEP_PARTS_MAX]: a round's result */
};
/** Without channels where none shows enough of the lesion. Release also after a failure.
 * HEP_ENOMEM. */
int hep_part_field_init(struct hep_part_field *f, const struct hep_series_set *set,
                        const struct hep_lesion_study *study, const struct hep_shells *box,
                        struct hep_error *err) HEP_MUST_CHECK;
void hep_part_field_release(struct hep_part_field *f);

/** Square distance of voxel v from a part with these signals, in SD. */
double hep_part_distance(const struct hep_part_field *f, size_t v,
                         const double mean[HEP_PART_CHANNELS]);

/** Do rim and core differ by more than a second part costs? The differences of their signals in all
 * series, with their covariance and with what one outline too wide or too narrow does to all of them,
 * are Wald's chi square; a signal for each series costs log(independent
 * voxels), as in a BIC, and at least 2. */
bool hep_parts_differ(const struct hep_parts *parts, const struct hep_series_set *set,
                      const struct hep_shells *box, const struct hep_lesion_limits *limits);

#endif
