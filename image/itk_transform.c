#include "image/itk_transform.h"

#include "base/text.h"

#include <assert.h>

static const double lps[3] = { -1.0, -1.0, 1.0 };

void hep_itk_affine_text(struct hep_str *out, const double affine[4][4])
{
    hep_str_add(out, "#Insight Transform File V1.0\n#Transform 0\n"
                     "Transform: AffineTransform_double_3_3\nParameters:");
    for (int r = 0; r < 3; r++) {
        for (int c = 0; c < 3; c++)
            hep_str_addf(out, " %.17g", lps[r] * affine[r][c] * lps[c] + 0.0);
    }
    for (int r = 0; r < 3; r++)
        hep_str_addf(out, " %.17g", lps[r] * affine[r][3] + 0.0);
    hep_str_add(out, "\nFixedParameters: 0 0 0\n");
}

void hep_transform_fold(struct hep_transform *t, struct hep_volume *displacement)
{
    const struct hep_grid *g = &displacement->grid;

    assert(displacement->nt == 3);
    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        double x[3], y[3];

        hep_grid_world_of(x, g, i);
        hep_affine_apply(y, HEP_AFFINE(t->affine), x);
        for (size_t k = 0; k < 3; k++) {
            float *d = &hep_volume_at(displacement, k)[i];

            *d = (float)((double)*d + y[k] - x[k]);
        }
    }
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 4; c++)
            t->affine[r][c] = r == c ? 1.0 : 0.0;
}

void hep_flip_vectors(struct hep_volume *v)
{
    const size_t n = hep_grid_voxels(&v->grid);

    assert(v->nt == 3);
    for (size_t i = 0; i < 2 * n; i++)
        v->data[i] = -v->data[i];
}
