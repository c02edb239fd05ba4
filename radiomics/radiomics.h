/**
 * @file  radiomics/radiomics.h
 * @brief Texture and shape of a region by the Image Biomarker Standardisation Initiative (IBSI-1).
 *
 * Source:  Zwanenburg et al., Radiology 2020;295:328-338, and the reference manual arXiv:1612.07003v11, whose section
 *          numbers the sources name. The features are the rows of radiomics/features.def.
 * Valid:   all 482 reference values of the digital phantom within their tolerance (tests/radiomics).
 * Differs: no minimum bounding box of free orientation and no minimum-volume ellipsoid: they have no reference value.
 */
#ifndef HEP_RADIOMICS_RADIOMICS_H
#define HEP_RADIOMICS_RADIOMICS_H

#include "image/volume.h"

/** How matrices of slices and directions are put together (manual, 3.6 and 3.7). Slices lie across the axis with the
 * largest voxel spacing; where spacings are equal within 5 %, across the one nearest to inferior-superior. */
enum hep_aggregation {
    HEP_AGG_2D_AVG,    /* mean over slices and directions */
    HEP_AGG_2D_COMB,   /* directions merged, mean over slices */
    HEP_AGG_2_5D_AVG,  /* slices merged, mean over directions */
    HEP_AGG_2_5D_COMB, /* slices and directions merged */
    HEP_AGG_3D_AVG,    /* mean over 13 directions */
    HEP_AGG_3D_COMB,   /* 13 directions merged */
    HEP_AGG_N
};

enum hep_texture_family {
    HEP_TEXTURE_MORPHOLOGY,
    HEP_TEXTURE_LOCAL,
    HEP_TEXTURE_STATISTICS,
    HEP_TEXTURE_HISTOGRAM,
    HEP_TEXTURE_VOLUME_HISTOGRAM,
    HEP_TEXTURE_COOCCURRENCE,
    HEP_TEXTURE_RUN_LENGTH,
    HEP_TEXTURE_SIZE_ZONE,
    HEP_TEXTURE_DISTANCE_ZONE,
    HEP_TEXTURE_NEIGHBOURHOOD,
    HEP_TEXTURE_DEPENDENCE,
    HEP_TEXTURE_FAMILIES
};

/** A row of features.def. */
struct hep_texture_feature {
    enum hep_texture_family family;
    const char *code, *tag, *words;
};
extern const struct hep_texture_feature hep_texture_features[];
size_t hep_texture_n_features(void);
/** "co-occurrence"; static. */
const char *hep_texture_family_words(enum hep_texture_family family);
/** Aggregations of a family: 6, 3 (2D, 2.5D, 3D) or 1. */
size_t hep_texture_n_aggregations(enum hep_texture_family family);
/** "_2_5D_comb", "_3D", ""; static. */
const char *hep_texture_suffix(enum hep_texture_family family, size_t aggregation);

enum hep_discretisation {
    HEP_LEVELS_AUTO, /* HEP_LEVELS_ASIS where that is possible with 256 levels or fewer, else HEP_LEVELS_COUNT */
    HEP_LEVELS_ASIS,  /* the intensities are whole numbers from 1 on, and are the grey levels */
    HEP_LEVELS_COUNT, /* fixed bin number between minimum and maximum of the region (2.7) */
    HEP_LEVELS_WIDTH  /* fixed bin size from the lower end of the range, or from the minimum */
};
/** More levels make matrices of more than 8 MB, and mean that nothing was discretised. */
#define HEP_TEXTURE_MAX_LEVELS 1024

struct hep_texture_settings {
    enum hep_discretisation levels;
    int n_bins;       /* 2 to HEP_TEXTURE_MAX_LEVELS; default 32 */
    double bin_width; /* > 0, in units of the image */
    double range
        [2]; /* re-segmentation (2.6): intensities outside leave the intensity mask; NaN: no limit */
    double
        outlier_sd; /* re-segmentation by mean +/- this many SD, after the range; 0: none; the manual has 3 */
    double
        resample_mm; /* isotropic voxels, linear interpolation of image and mask; 0: as acquired */
    bool family[HEP_TEXTURE_FAMILIES]; /* which to compute */
};
/** Auto, 32 bins, no re-segmentation, no resampling, all families. */
void hep_texture_settings_default(struct hep_texture_settings *s);

/** Results of one region. */
struct hep_texture {
    double (*value)
        [HEP_AGG_N]; /* by row of features.def and aggregation; NaN: not computed or not defined */
    size_t n_voxels; /* of the intensity mask */
    size_t n_levels; /* grey levels after discretisation */
    enum hep_discretisation levels; /* what was done: never AUTO */
    double bin_width;               /* of the image's units; NaN as is */
    double spacing_mm[3];           /* of the voxels that the features are of */
    int slice_axis;                 /* index axis across which slices lie */
};
void hep_texture_release(struct hep_texture *t);

/**
 * @param[out] out    released by the caller
 * @param[in]  image  first volume of it
 * @param[in]  mask   on the same grid
 * @param[in]  label  the region: voxels with this label
 * @return HEP_OK; HEP_EGEOM (grids differ), HEP_EDATA (empty region, NaN in it, one intensity where levels are wanted,
 *         intensities that are no levels, too many levels), HEP_EINVAL (settings), HEP_ENOMEM
 */
int hep_texture_compute(struct hep_texture *out, const struct hep_volume *image,
                        const struct hep_labels *mask, int32_t label,
                        const struct hep_texture_settings *settings,
                        struct hep_error *err) HEP_MUST_CHECK;

/**
 * z-scores, in place: (value - mean) / SD over the voxels of `over`, or over the body when it is NULL. Intensities of MRI
 * have no unit; without this, features that use them (statistics, bin widths) do not compare between examinations.
 * @return HEP_OK; HEP_EGEOM, HEP_EDATA (no voxels, or no spread), HEP_ENOMEM
 */
int hep_texture_normalise(struct hep_volume *image, const struct hep_labels *over,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
