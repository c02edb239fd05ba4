#include "pipeline/stages/align_dwi.h"

#include <math.h>

static int move_volume(struct hep_volume *out, const struct hep_volume *dwi, size_t t,
                       const struct hep_transform *transform, int nthreads, struct hep_error *err)
{
    size_t voxels = hep_grid_voxels(&dwi->grid);
    struct hep_volume *one = NULL, *moved = NULL;
    int rc = hep_volume_pick(&one, dwi, t, err);

    if (rc == HEP_OK)
        rc = hep_resample(&moved, one, &dwi->grid, transform, HEP_INTERP_CUBIC, NAN, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < voxels; i++)
        hep_volume_at(out, t)[i] = moved->data[i] < 0.0F ? 0.0F : moved->data[i];
    hep_volume_free(one);
    hep_volume_free(moved);
    return rc;
}

int hep_align_dwi_join(struct hep_volume **out, const struct hep_volume *dwi,
                       const struct hep_b_shells *shells, const struct hep_align_pair *pairs,
                       int nthreads, struct hep_error *err)
{
    struct hep_volume *v = NULL;
    int rc = hep_volume_copy(&v, dwi, err);

    for (size_t s = 1; rc == HEP_OK && s < shells->n; s++) {
        const struct hep_align_pair *p = &pairs[s - 1];

        for (size_t k = 0; rc == HEP_OK && k < shells->count[s] && p->method != HEP_ALIGN_SCANNER;
             k++)
            rc = move_volume(v, dwi, shells->order[shells->first[s] + k], &p->transform, nthreads,
                             err);
    }
    if (rc == HEP_OK)
        *out = v;
    else
        hep_volume_free(v);
    return rc;
}
