/**
 * @file  report/quantity.h
 * @brief How a quantity is shown to people: its words, its display unit, the scale from the stored
 * unit, decimals, and the range of its colour map. Conversions happen here and nowhere else.
 */
#ifndef HEP_REPORT_QUANTITY_H
#define HEP_REPORT_QUANTITY_H

#include "image/png.h"

struct hep_quantity {
    const char *key;     /* as in lesions.json: "adc_mm2_per_s" */
    const char *product; /* the map that it is measured in; NULL when there is none */
    const char *words;   /* "ADC" */
    const char *unit;    /* HTML, "10<sup>-3</sup> mm<sup>2</sup>/s"; NULL: only `plain` is known */
    const char *plain;   /* the unit as plain text, unescaped; "" for pure numbers */
    double scale;        /* shown = stored * scale */
    int digits;
    double lo, hi; /* shown units, of the colour map and of histograms */
    enum hep_colormap map;
};

/** Every quantity with a map, and the liver's volume and iron; the last has a NULL key. */
const struct hep_quantity *hep_quantities(void);
/** By key; NULL when unknown. */
const struct hep_quantity *hep_quantity_find(const char *key);
/** For any measurement: the row of the table, else words and scale from the ending of the name and
 * from its unit. `words` of the result may be `name` itself, with underscores. */
struct hep_quantity hep_quantity_of(const char *name, const char *stored_unit);

struct hep_str;
/** "1.02 10-3 mm2/s": a stored value in display units; an en dash when it is not finite. */
void hep_quantity_add(struct hep_str *out, const struct hep_quantity *q, double stored);
/** The display unit as HTML; nothing for pure numbers. */
void hep_quantity_add_unit(struct hep_str *out, const struct hep_quantity *q);

#endif
