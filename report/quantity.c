#include "report/quantity.h"

#include "report/html.h"

#include <math.h>

struct hep_quantity hep_quantity_of_unit(enum hep_unit unit)
{
    const struct hep_unit_row *row = hep_unit_row(unit);

    return (struct hep_quantity){
        .words = "", .plain = row->shown, .scale = row->shown_scale, .digits = 2
    };
}

struct hep_quantity hep_quantity_of_measure(enum hep_measure m)
{
    const struct hep_measure_row *row = hep_measure_row(m);
    struct hep_quantity q = hep_quantity_of_unit(hep_measure_unit(m));

    q.words = hep_measure_words(m);
    q.product = hep_measure_product(m);
    q.digits = row->digits == HEP_DIGITS_HIDDEN ? 0 : row->digits;
    q.lo = row->lo;
    q.hi = row->hi;
    /* Rates and enhancement have other colours than what is a property of water and fat. */
    q.map = row->first == HEP_M_LIVER_R2STAR || row->first == HEP_M_LIVER_RE ? HEP_CMAP_CIVIDIS
                                                                             : HEP_CMAP_VIRIDIS;
    return q;
}

void hep_quantity_add_unit(struct hep_str *out, const struct hep_quantity *q)
{
    hep_str_add_html(out, q->plain);
}

void hep_quantity_add(struct hep_str *out, const struct hep_quantity *q, double stored)
{
    hep_html_number(out, stored * q->scale, q->digits);
    if (!isfinite(stored) || q->plain[0] == '\0')
        return;
    hep_str_add(out, "\xc2\xa0"); /* no-break space */
    hep_quantity_add_unit(out, q);
}
