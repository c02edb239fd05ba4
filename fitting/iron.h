/**
 * @file  fitting/iron.h
 * @brief Liver iron concentration from R2* by named, published calibrations.
 * Model:   LIC [mg Fe / g dry liver] = offset + scale * R2*^power, R2* in 1/s
 * Source:  given per calibration
 * Differs: a calibration is refused at another field strength, and a value is refused where the
 *          decay is faster than the first echo can see (1 / R2* < first TE)
 * Valid:   before contrast; gadolinium raises R2*
 * Threads: pure functions, constant table
 */
#ifndef HEP_FITTING_IRON_H
#define HEP_FITTING_IRON_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/** A calibration holds within this distance of its field, so that 2.89 T and 3.0 T stay apart. */
#define HEP_IRON_FIELD_TOLERANCE_T 0.05

struct hep_iron_calibration {
    const char *name; /* "hernando-1.5t": the key used in settings */
    const char *citation;
    double b0_t;
    double offset_mg_per_g, scale_mg_per_g, power; /* scale per (1/s)^power */
    bool verified; /* the coefficients were compared with the publication itself */
};

/** By name; @return HEP_EINVAL with the known names, and "did you mean". */
int hep_iron_find(const struct hep_iron_calibration **out, const char *name,
                  struct hep_error *err) HEP_MUST_CHECK;

/** First calibration of the table whose field matches; @return HEP_EINVAL with the fields known. */
int hep_iron_for_field(const struct hep_iron_calibration **out, double b0_t,
                       struct hep_error *err) HEP_MUST_CHECK;

/**
 * Liver iron concentration.
 * @param[out] lic_mg_per_g  per gram of dry liver; may be slightly negative near 0 iron, kept
 * @param[in]  r2star_per_s  >= 0
 * @param[in]  b0_t          field of the measurement
 * @param[in]  te_first_s    first echo time of the measurement, > 0
 * @return HEP_EINVAL: R2* negative or not finite, echo time or field not positive;
 *         HEP_EDATA: field not that of the calibration, or 1 / R2* < te_first_s. `out` untouched
 * then.
 */
int hep_iron_lic(double *lic_mg_per_g, const struct hep_iron_calibration *calibration,
                 double r2star_per_s, double b0_t, double te_first_s,
                 struct hep_error *err) HEP_MUST_CHECK;

#endif
