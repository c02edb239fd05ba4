#include "terms/unit.h"

const char *hep_unit_text(enum hep_unit unit)
{
    switch (unit) {
    case HEP_UNIT_ARBITRARY:
        return "arbitrary";
    case HEP_UNIT_FRACTION:
    case HEP_UNIT_DIMENSIONLESS:
        return "1";
    case HEP_UNIT_MM2_PER_S:
        return "mm2/s";
    case HEP_UNIT_PER_S:
        return "1/s";
    case HEP_UNIT_S:
        return "s";
    case HEP_UNIT_MM:
        return "mm";
    }
    return "?";
}
