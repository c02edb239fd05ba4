/**
 * @file  liver/parenchyma.h
 * @brief Diffuse disease of the liver: signs with evidence, three states each.
 *
 * Nodularity:    mean distance [mm] of the mask's surface voxels from the surface of the mask smoothed by a
 *                Gaussian of 8 mm, about its median (after the liver surface nodularity of Smith et al., Radiology
 *                2016;280:771, there on CT and along a drawn edge).
 * Heterogeneity: the signal smoothed over 2.5 mm divided by the signal smoothed over 12 mm, less 1; its robust spread in
 *                the parenchyma. Division takes the receive field out. The same spread before contrast is noise and
 *                vessels, and its square is subtracted.
 * Valid:         slices of at most 5 mm for nodularity: thicker ones are steps themselves
 */
#ifndef HEP_LIVER_PARENCHYMA_H
#define HEP_LIVER_PARENCHYMA_H

#include "image/volume.h"
#include "liver/settings.h"

enum hep_diffuse_sign {
    HEP_DIFFUSE_STEATOSIS,
    HEP_DIFFUSE_IRON,
    HEP_DIFFUSE_FUNCTION,      /* reduced hepatobiliary function */
    HEP_DIFFUSE_HETEROGENEITY, /* of the hepatobiliary phase */
    HEP_DIFFUSE_NODULARITY,
    HEP_DIFFUSE_CAUDATE, /* caudate over right lobe */
    HEP_DIFFUSE_SPLEEN,
    HEP_DIFFUSE_INFILTRATION, /* without a nodule */
    HEP_DIFFUSE_COUNT
};
/** "steatosis", "iron", ...; static. */
const char *hep_diffuse_name(enum hep_diffuse_sign sign);
/** For people. */
const char *hep_diffuse_words(enum hep_diffuse_sign sign);
const char *hep_diffuse_source(enum hep_diffuse_sign sign);

#define HEP_DIFFUSE_REASON 320
struct hep_diffuse_judgement {
    int state; /* enum hep_flag_state */
    int grade; /* 0 to 3; -1: has none */
    double value, se, limit;
    char reason[HEP_DIFFUSE_REASON];
};

/** Not assessable, for this reason. */
void hep_diffuse_unknown(struct hep_diffuse_judgement *out, const char *reason);
/**
 * @param[in] pdff       median of a multi-echo fit, NaN without
 * @param[in] two_points median of two echoes, NaN without
 * @param[in] why_not    where both are NaN
 */
void hep_diffuse_steatosis(struct hep_diffuse_judgement *out, double pdff, double two_points,
                           const char *why_not, const struct hep_liver_settings *s);
/** @param[in] se of the iron; 0 when it was measured by R2* */
void hep_diffuse_iron(struct hep_diffuse_judgement *out, double mg_per_g, double se,
                      const char *method, const struct hep_liver_settings *s);
/** Parts -1 when not known. */
void hep_diffuse_function(struct hep_diffuse_judgement *out, int enhancement, int excretion,
                          int portal_sign, const struct hep_liver_settings *s);
void hep_diffuse_heterogeneity(struct hep_diffuse_judgement *out, double after, double before,
                               const struct hep_liver_settings *s);
void hep_diffuse_nodularity(struct hep_diffuse_judgement *out, double mm, double slice_mm,
                            bool is_cut, const struct hep_liver_settings *s);
/** @param[in] is_whole the volume is that of the organ, not of its sure inside alone */
void hep_diffuse_spleen(struct hep_diffuse_judgement *out, double ml, bool is_whole,
                        const struct hep_liver_settings *s);

/** NaN for an empty mask. HEP_ENOMEM. */
int hep_surface_nodularity(double *mm, const struct hep_labels *liver, int nthreads,
                           struct hep_error *err) HEP_MUST_CHECK;
/** Spread of v where inside is not 0; NaN with fewer than 1000 voxels. Grids must agree: HEP_EGEOM; HEP_ENOMEM. */
int hep_parenchyma_spread(double *spread, const struct hep_volume *v,
                          const struct hep_labels *inside, int nthreads,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
