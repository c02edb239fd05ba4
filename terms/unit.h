/**
 * @file  terms/unit.h
 * @brief Units of maps and measures.
 */
#ifndef HEP_TERMS_UNIT_H
#define HEP_TERMS_UNIT_H

/** Unit of a map's values; conversions to display units happen where data leave. */
enum hep_unit {
    HEP_UNIT_ARBITRARY,    /* signal: "arbitrary" */
    HEP_UNIT_FRACTION,     /* 0..1, sidecar Units "1" */
    HEP_UNIT_MM2_PER_S,    /* "mm2/s" */
    HEP_UNIT_PER_S,        /* "1/s" */
    HEP_UNIT_S,            /* "s" */
    HEP_UNIT_MM,           /* "mm" */
    HEP_UNIT_DIMENSIONLESS /* "1": kurtosis, ratios, codes, labels */
};
const char *hep_unit_text(enum hep_unit unit);

#endif
