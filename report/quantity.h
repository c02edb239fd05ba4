/**
 * @file  report/quantity.h
 * @brief How a measure is shown to people: words, unit, scale and decimals of the dictionary
 *        (terms/measures.def), and the colours of its map.
 */
#ifndef HEP_REPORT_QUANTITY_H
#define HEP_REPORT_QUANTITY_H

#include "image/png.h"
#include "terms/measure.h"

struct hep_quantity {
    const char *words;   /* "ADC" */
    const char *product; /* the map that it is measured in; NULL when there is none */
    const char *plain;   /* the shown unit, unescaped; "" for pure numbers */
    double scale;        /* shown = stored * scale */
    int digits;
    double lo, hi; /* shown units, of the colour map and of histograms */
    enum hep_colormap map;
};
struct hep_quantity hep_quantity_of_measure(enum hep_measure m);
/** A number of this unit; no words. */
struct hep_quantity hep_quantity_of_unit(enum hep_unit unit);

struct hep_str;
/** "1.02 10-3 mm2/s": a stored value in display units; an en dash when it is not finite. */
void hep_quantity_add(struct hep_str *out, const struct hep_quantity *q, double stored);
/** The display unit as HTML; nothing for pure numbers. */
void hep_quantity_add_unit(struct hep_str *out, const struct hep_quantity *q);

#endif
