#include "lesions/blob.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>

int hep_blob_list_add(struct hep_blob_list *l, const struct hep_blob *b, struct hep_error *err)
{
    if (HEP_GROW(l->item, l->n, err) != HEP_OK)
        return HEP_ENOMEM;
    l->item[l->n++] = *b;
    return HEP_OK;
}

void hep_blob_list_release(struct hep_blob_list *l)
{
    free(l->item);
    *l = (struct hep_blob_list){ 0 };
}

double hep_blob_blur_mm2(const double native_mm[3], double mm)
{
    double sum = 0.0;

    for (int k = 0; k < 3; k++) {
        const double h = fmax(native_mm[k], 0.0);

        /* Box of width h: h^2 / 12. Linear interpolation at a fraction f: f (1 - f) h^2, on average
         * h^2 / 6, unless the grids share their spacing. */
        sum += h * h / 12.0 + (h > 1.01 * mm ? h * h / 6.0 : 0.0);
    }
    return sum / 3.0;
}
