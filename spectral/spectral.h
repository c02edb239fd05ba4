/**
 * @file  spectral/spectral.h
 * @brief Spectral CT of liver metastases: CT numbers at two photon energies, the slope between them, iodine.
 *
 * slope = (HU_low - HU_high) / denominator. The source of the measure takes HU at 60 and 100 keV and prints a
 * denominator of 60, while its figure draws the chord, whose denominator is 40 keV: the default here is the energy
 * difference, and results name the denominator that was used. Values of that paper are the default's times 40/60.
 * Source:  spectral CT of liver metastases below 3 cm from five primaries: centre, edge, normal liver; normalised iodine
 *          (to the aorta) and lesion-to-liver ratio (docs/spectral.md).
 */
#ifndef HEP_SPECTRAL_SPECTRAL_H
#define HEP_SPECTRAL_SPECTRAL_H

#include "image/volume.h"

/** Volumes and masks are borrowed and lie on one grid. */
struct hep_spectral_input {
    const struct hep_volume *const *energy; /* n_energies, CT numbers [HU] */
    const double *kev;                      /* of each */
    size_t n_energies;
    size_t low, high;                /* the two of the slope: places in the list */
    double denominator;              /* [keV]; NaN: the energy difference */
    const struct hep_volume *iodine; /* [mg/mL]; NULL */
    const struct hep_labels
        *lesions; /* each value one lesion; or, with are_regions, 1 centre 2 edge 3 liver */
    bool are_regions;
    const struct hep_labels *liver, *aorta; /* not 0 inside; NULL */
    double edge_mm;   /* the outermost part of a lesion this deep is its edge; > 0 */
    double margin_mm; /* normal liver keeps this distance from lesions; >= 0 */
};

struct hep_moments {
    double mean, sd; /* NaN without voxels; SD with fewer than two */
};
enum hep_spectral_region {
    HEP_SPECTRAL_WHOLE,
    HEP_SPECTRAL_CENTRE,
    HEP_SPECTRAL_EDGE,
    HEP_SPECTRAL_LIVER,
    HEP_SPECTRAL_AORTA
};
/** "centre"; static. */
const char *hep_spectral_region_word(enum hep_spectral_region region);

struct hep_spectral_row {
    int32_t lesion; /* 0: liver, aorta */
    enum hep_spectral_region region;
    size_t n;                               /* voxels */
    struct hep_moments *hu;                 /* of each energy; heap */
    struct hep_moments slope, iodine;       /* [HU/keV], [mg/mL] */
    double normalised_iodine;               /* over that of the aorta; NaN without */
    double iodine_to_liver, slope_to_liver; /* over those of normal liver; NaN without */
    const char *reason;                     /* why there is no number; static, NULL when there is */
};
struct hep_spectral {
    struct hep_spectral_row *rows;
    size_t n;
    struct hep_volume *slope; /* map [HU/keV] */
    double denominator;       /* that was used */
};
void hep_spectral_release(struct hep_spectral *s);

/**
 * Rows of every lesion (whole, centre, edge), of normal liver and of the aorta where they are given.
 * @return HEP_OK; HEP_EGEOM (grids differ), HEP_EDATA (energies equal, no lesion), HEP_EINVAL (settings), HEP_ENOMEM
 */
int hep_spectral_measure(struct hep_spectral *out, const struct hep_spectral_input *in,
                         struct hep_error *err) HEP_MUST_CHECK;

/** Photon energy in a file name ("_60keV", "mono60kev", "keV-100"); NaN when there is none. */
double hep_spectral_kev_of_name(const char *name);

#endif
