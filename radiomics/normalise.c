#include "radiomics/radiomics.h"

#include "image/mask.h"

#include <math.h>

int hep_texture_normalise(struct hep_volume *image, const struct hep_labels *over,
                          struct hep_error *err)
{
    struct hep_labels *body = NULL;
    size_t n = hep_grid_voxels(&image->grid);
    double mean = 0.0;
    double squares = 0.0;
    double count = 0.0;
    int rc = HEP_OK;

    if (over != NULL && !hep_grid_same(&image->grid, &over->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM,
                        "image and the mask of its normalisation are not on the same grid");
    if (over == NULL) {
        rc = hep_body_mask(&body, image, 0, err);
        over = body;
    }
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (over->data[i] != 0 && isfinite(image->data[i])) {
            mean += (double)image->data[i];
            count += 1.0;
        }
    }
    mean /= count;
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        double d = (double)image->data[i] - mean;

        if (over->data[i] != 0 && isfinite(image->data[i]))
            squares += d * d;
    }
    hep_labels_free(body);
    if (rc != HEP_OK)
        return rc;
    if (!(squares > 0.0))
        return HEP_FAIL(err, HEP_EDATA, "nothing to normalise by: %.0f voxels, all alike", count);
    for (size_t i = 0; i < n; i++)
        image->data[i] = (float)(((double)image->data[i] - mean) / sqrt(squares / count));
    return HEP_OK;
}
