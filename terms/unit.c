#include "terms/unit.h"

/* 10 to the minus 3 and mm2 in superscript characters. */
#define DIFFUSIVITY "10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s"

const struct hep_unit_row *hep_unit_row(enum hep_unit unit)
{
    static const struct hep_unit_row rows[HEP_UNIT_N] = {
        [HEP_UNIT_ARBITRARY] = { "arbitrary", "[arb'U]", "arbitrary", 1.0 },
        [HEP_UNIT_FRACTION] = { "1", "1", "%", 100.0 },
        [HEP_UNIT_MM2_PER_S] = { "mm2/s", "mm2/s", DIFFUSIVITY, 1000.0 },
        [HEP_UNIT_PER_S] = { "1/s", "/s", "1/s", 1.0 },
        [HEP_UNIT_S] = { "s", "s", "s", 1.0 },
        [HEP_UNIT_MM] = { "mm", "mm", "mm", 1.0 },
        [HEP_UNIT_ML] = { "mL", "mL", "mL", 1.0 },
        [HEP_UNIT_PERCENT] = { "%", "%", "%", 1.0 },
        [HEP_UNIT_MG_PER_G] = { "mg/g dry", "mg/g", "mg/g dry", 1.0 },
        [HEP_UNIT_COUNT] = { "1", "1", "", 1.0 },
        [HEP_UNIT_YES_NO] = { "1", "1", "", 1.0 },
        [HEP_UNIT_DIMENSIONLESS] = { "1", "1", "", 1.0 },
    };

    return &rows[unit];
}

const char *hep_unit_text(enum hep_unit unit)
{
    return hep_unit_row(unit)->text;
}
