#include "image/mask.h"
#include "image/stats.h"

#include <math.h>

/* Otsu's threshold lies between air and tissue; liver with iron or at high b is darker than that.
 */
#define BODY_OTSU_SHARE 0.35

int hep_body_mask(struct hep_labels **out, const struct hep_volume *v, size_t t,
                  struct hep_error *err)
{
    size_t n = hep_grid_voxels(&v->grid);
    const float *s = hep_volume_at(v, t);
    double threshold = 0.0;
    int axis = 2, sign = 1, rc = hep_otsu_tissue(&threshold, NULL, s, n, err);

    if (rc == HEP_OK)
        rc = hep_labels_new(out, &v->grid, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        (*out)->data[i] = isfinite(s[i]) && (double)s[i] > BODY_OTSU_SHARE * threshold;
    hep_grid_axis_of(&axis, &sign, &v->grid, 2);
    rc = hep_mask_fill_holes_slices(*out, axis, err);
    if (rc != HEP_OK) {
        hep_labels_free(*out);
        *out = NULL;
    }
    return rc;
}
