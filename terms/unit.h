/**
 * @file  terms/unit.h
 * @brief Units of maps and measures: as they are stored, as UCUM writes them, and as people read
 *        them. Values change unit here and nowhere else: shown = stored * shown_scale.
 * Source: Unified Code for Units of Measure 2.1, ucum.org
 */
#ifndef HEP_TERMS_UNIT_H
#define HEP_TERMS_UNIT_H

enum hep_unit {
    HEP_UNIT_ARBITRARY, /* signal of a series */
    HEP_UNIT_FRACTION,  /* part of a whole, or a change over a base: shown in % */
    HEP_UNIT_MM2_PER_S,
    HEP_UNIT_PER_S,
    HEP_UNIT_S,
    HEP_UNIT_MM,
    HEP_UNIT_ML,
    HEP_UNIT_PERCENT,  /* stored in % already */
    HEP_UNIT_MG_PER_G, /* of dry tissue */
    HEP_UNIT_COUNT,    /* whole numbers: voxels, lesions, codes */
    HEP_UNIT_YES_NO,   /* 1 or 0; true or false in JSON */
    HEP_UNIT_DIMENSIONLESS,
    HEP_UNIT_N
};

struct hep_unit_row {
    const char *text;  /* as stored in sidecars and results: "mm2/s"; "1" for pure numbers */
    const char *ucum;  /* code of DICOM and FHIR */
    const char *shown; /* UTF-8, for people; "" for pure numbers */
    double shown_scale;
};
/** Static. */
const struct hep_unit_row *hep_unit_row(enum hep_unit unit);
/** The text of the row. */
const char *hep_unit_text(enum hep_unit unit);

#endif
