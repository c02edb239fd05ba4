#include "fuzz/fuzz.h"

#include "image/nifti_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_volume *re = NULL;
    struct hep_volume *im = NULL;
    struct hep_labels *labels = NULL;
    double inverse[4][4];

    if (hep_nifti_from_bytes(&re, NULL, NULL, data, n, NULL) == HEP_OK &&
        hep_grid_inverse(inverse, &re->grid, NULL) != HEP_OK)
        abort();
    hep_volume_free(re);
    re = NULL;
    if (hep_nifti_from_bytes(&re, &im, NULL, data, n, NULL) != HEP_OK && (re != NULL || im != NULL))
        abort();
    hep_volume_free(re);
    hep_volume_free(im);
    if (hep_nifti_from_bytes(NULL, NULL, &labels, data, n, NULL) != HEP_OK && labels != NULL)
        abort();
    hep_labels_free(labels);
    return 0;
}
