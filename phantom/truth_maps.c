#include "phantom/truth.h"

#include <math.h>

/* ---- masks ----------------------------------------------------------------------------------- */

struct inverse {
    double m[4][4]; /* world to voxel */
};

static void mark_lesion(struct hep_labels *lesions, const struct hep_volume *share, size_t i,
                        const struct hep_lesion *l, const struct inverse *inverse)
{
    const size_t *n = lesions->grid.n;
    const size_t voxels = hep_grid_voxels(&lesions->grid);
    bool any = false;

    for (size_t k = 0; k < voxels; k++) {
        if (share->data[k] >= 0.5F) {
            lesions->data[k] = (int32_t)i + 1;
            any = true;
        }
    }
    if (!any) {
        double v[3];
        size_t c[3];

        hep_affine_apply(v, inverse->m, l->centre_mm);
        for (int k = 0; k < 3; k++) {
            if (!(v[k] > -0.5) || v[k] >= (double)n[k] - 0.5)
                return;
            c[k] = (size_t)(v[k] + 0.5);
        }
        lesions->data[(c[2] * n[1] + c[1]) * n[0] + c[0]] = (int32_t)i + 1;
    }
}

bool hep_truth_box(struct hep_grid *sub, size_t first[3], const struct hep_grid *grid,
                   const double inverse[4][4], const struct hep_lesion *l, double margin_mm)
{
    const double reach = hep_lesion_reach_mm(l) + margin_mm;
    double centre[3], spacing[3], at[3];

    hep_affine_apply(centre, inverse, l->centre_mm);
    hep_grid_spacing(spacing, grid);
    *sub = *grid;
    for (int k = 0; k < 3; k++) {
        const double top = (double)grid->n[k] - 1.0;
        const double lo = fmax(floor(centre[k] - reach / spacing[k]), 0.0);
        const double hi = fmin(ceil(centre[k] + reach / spacing[k]), top);

        if (hi < lo)
            return false;
        first[k] = (size_t)lo;
        sub->n[k] = (size_t)(hi - lo) + 1;
        at[k] = lo;
    }
    hep_grid_to_world(centre, grid, at);
    for (int k = 0; k < 3; k++)
        sub->to_world[k][3] = centre[k];
    return true;
}

static int mark_one(struct hep_labels *lesions, const struct hep_render *whole, size_t i,
                    const struct inverse *inverse, struct hep_error *err)
{
    const struct hep_lesion *l = &whole->anatomy->lesions.item[i];
    const size_t *n = lesions->grid.n;
    uint8_t wanted[HEP_N_LABELS] = { 0 };
    struct hep_volume *share = NULL;
    struct hep_labels *part = NULL;
    struct hep_render r = *whole;
    struct hep_grid sub;
    struct inverse sub_inverse;
    size_t first[3];
    int rc;

    if (!hep_truth_box(&sub, first, whole->grid, inverse->m, l, 1.0))
        return HEP_OK;
    for (int layer = (int)HEP_LAYER_RIM; layer < (int)HEP_N_LAYERS; layer++)
        wanted[hep_lesion_label(i, layer)] = 1;
    r.grid = &sub;
    rc = hep_grid_inverse(sub_inverse.m, &sub, err);
    if (rc == HEP_OK)
        rc = hep_render_share(&share, &r, wanted, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&part, &sub, err);
    if (rc == HEP_OK) {
        mark_lesion(part, share, i, l, &sub_inverse);
        for (size_t z = 0, k = 0; z < sub.n[2]; z++)
            for (size_t y = 0; y < sub.n[1]; y++)
                for (size_t x = 0; x < sub.n[0]; x++, k++)
                    if (part->data[k] != 0)
                        lesions
                            ->data[((first[2] + z) * n[1] + first[1] + y) * n[0] + first[0] + x] =
                            part->data[k];
    }
    hep_volume_free(share);
    hep_labels_free(part);
    return rc;
}

int hep_truth_masks(struct hep_labels **liver, struct hep_labels **lesions,
                    const struct hep_anatomy *a, const struct hep_grid *grid, double slice_share,
                    int nthreads, struct hep_error *err)
{
    const struct hep_render r = {
        .anatomy = a, .grid = grid, .slice_share = slice_share, .nthreads = nthreads
    };
    uint8_t wanted[HEP_N_LABELS];
    struct hep_volume *share = NULL;
    struct hep_labels *organ = NULL, *marks = NULL;
    struct inverse inverse;
    size_t voxels = hep_grid_voxels(grid);
    int rc;

    for (int label = 0; label < HEP_N_LABELS; label++)
        wanted[label] = hep_label_in_liver((uint8_t)label);
    rc = hep_grid_inverse(inverse.m, grid, err);
    if (rc == HEP_OK)
        rc = hep_render_share(&share, &r, wanted, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&organ, grid, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&marks, grid, err);
    for (size_t i = 0; rc == HEP_OK && i < a->lesions.n; i++)
        rc = mark_one(marks, &r, i, &inverse, err);
    if (rc != HEP_OK) {
        hep_labels_free(organ);
        hep_labels_free(marks);
        hep_volume_free(share);
        return rc;
    }
    for (size_t i = 0; i < voxels; i++)
        organ->data[i] = share->data[i] >= 0.5F || marks->data[i] != 0;
    hep_volume_free(share);
    *liver = organ;
    *lesions = marks;
    return HEP_OK;
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* After the maps: share of tissue, and proton density. */
#define AT_SHARE HEP_TRUTH_N_MAPS
#define AT_PD (HEP_TRUTH_N_MAPS + 1)

static void map_values(float value[HEP_LUT_MAX], const struct hep_tissue_values *t)
{
    value[HEP_TRUTH_FF] = (float)(t->pd * t->ff);
    value[HEP_TRUTH_R2STAR] = (float)hep_tissue_r2star(t);
    value[HEP_TRUTH_T1] = (float)t->t1_s;
    value[HEP_TRUTH_T2] = (float)t->t2_s;
    value[HEP_TRUTH_D] = (float)t->d_mm2_per_s;
    value[HEP_TRUTH_F] = (float)t->f;
    value[HEP_TRUTH_DSTAR] = (float)t->dstar_mm2_per_s;
    value[HEP_TRUTH_K] = (float)t->k;
    value[HEP_TRUTH_ADC] = (float)hep_tissue_adc(t);
    value[AT_SHARE] = 1.0F;
    value[AT_PD] = (float)t->pd;
}

int hep_truth_maps(struct hep_volume **out, const struct hep_anatomy *a,
                   const struct hep_grid *grid, double slice_share, int nthreads,
                   struct hep_error *err)
{
    struct hep_lut lut = { .n_values = AT_PD + 1 };
    const struct hep_render r = {
        .anatomy = a, .grid = grid, .lut = &lut, .slice_share = slice_share, .nthreads = nthreads
    };
    const size_t voxels = hep_grid_voxels(grid);
    struct hep_volume *v = NULL;
    int rc;

    for (int label = 1; label < HEP_N_LABELS; label++) {
        const struct hep_tissue_values *t = hep_anatomy_tissue(a, (uint8_t)label);

        if (t != NULL && t->pd > 0.0)
            map_values(lut.value[label], t);
    }
    rc = hep_render_volume(&v, &r, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < voxels; i++) {
        const float share = v->data[AT_SHARE * voxels + i], pd = v->data[AT_PD * voxels + i];

        for (size_t m = 0; m < HEP_TRUTH_N_MAPS; m++) {
            float *x = &v->data[m * voxels + i];
            const float norm = m == HEP_TRUTH_FF ? pd : share;

            *x = share >= 0.5F && norm > 0.0F ? *x / norm : 0.0F;
        }
    }
    v->nt = HEP_TRUTH_N_MAPS;
    *out = v;
    return HEP_OK;
}
