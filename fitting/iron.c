#include "fitting/iron.h"

#include "base/text.h"

#include <math.h>

#define HERNANDO "Hernando et al., Radiology 2022, doi:10.1148/radiol.213256, abstract"

static const struct hep_iron_calibration calibrations[] = {
    { "hernando-1.5t", HERNANDO, 1.5, -0.16, 0.02603, 1.0, true },
    { "hernando-2.89t", HERNANDO, 2.89, -0.03, 0.01400, 1.0, false },
    { "hernando-3t", HERNANDO, 3.0, -0.03, 0.01349, 1.0, false },
    { "wood-1.5t", "Wood et al., Blood 2005;106:1460-1465", 1.5, 0.202, 0.0254, 1.0, true },
    { "garbowski-1.5t", "Garbowski et al., J Cardiovasc Magn Reson 2014;16:40", 1.5, 0.0, 0.0290,
      1.014, true },
};

enum { n_calibrations = sizeof calibrations / sizeof calibrations[0] };

int hep_iron_find(const struct hep_iron_calibration **out, const char *name, struct hep_error *err)
{
    const char *names[n_calibrations];
    size_t found = 0;
    int rc;

    for (size_t i = 0; i < n_calibrations; i++)
        names[i] = calibrations[i].name;
    rc = hep_find_name(&found, name, names, n_calibrations, "iron calibration", HEP_EINVAL, err);
    if (rc == HEP_OK)
        *out = &calibrations[found];
    return rc;
}

static bool field_matches(const struct hep_iron_calibration *c, double b0_t)
{
    return fabs(b0_t - c->b0_t) <= HEP_IRON_FIELD_TOLERANCE_T;
}

int hep_iron_for_field(const struct hep_iron_calibration **out, double b0_t, struct hep_error *err)
{
    for (size_t i = 0; i < n_calibrations; i++) {
        if (field_matches(&calibrations[i], b0_t)) {
            *out = &calibrations[i];
            return HEP_OK;
        }
    }
    return HEP_FAIL(err, HEP_EINVAL,
                    "no iron calibration for %g T, there are some for 1.5, 2.89 and 3 T", b0_t);
}

int hep_iron_lic(double *lic_mg_per_g, const struct hep_iron_calibration *calibration,
                 double r2star_per_s, double b0_t, double te_first_s, struct hep_error *err)
{
    if (!(r2star_per_s >= 0.0 && isfinite(r2star_per_s)))
        return HEP_FAIL(err, HEP_EINVAL, "R2* is %g /s, allowed 0 and above", r2star_per_s);
    if (!(te_first_s > 0.0 && isfinite(te_first_s)) || !(b0_t > 0.0 && isfinite(b0_t)))
        return HEP_FAIL(err, HEP_EINVAL,
                        "first echo time %g s and field %g T must both be positive", te_first_s,
                        b0_t);
    if (!field_matches(calibration, b0_t))
        return HEP_FAIL(err, HEP_EDATA, "calibration %s holds at %g T, the measurement is at %g T",
                        calibration->name, calibration->b0_t, b0_t);
    if (r2star_per_s * te_first_s > 1.0)
        return HEP_FAIL(
            err, HEP_EDATA,
            "R2* of %.4g /s decays before the first echo at %.4g ms, LIC would be a guess",
            r2star_per_s, 1e3 * te_first_s);
    *lic_mg_per_g = calibration->offset_mg_per_g +
                    calibration->scale_mg_per_g * pow(r2star_per_s, calibration->power);
    return HEP_OK;
}
