#include "phantom/shape.h"

#include "base/alloc.h"
#include "base/rng.h"

#include <math.h>

double hep_shape_liver(const struct hep_shape *s, const double p[3])
{
    double q[3];

    hep_shape_standard(q, s, p);
    return hep_organ_liver(s, q);
}

/* Liver volume on a coarse lattice [mL]. */
static double liver_volume_ml(const struct hep_shape *s)
{
    const struct hep_box box = hep_shape_box();
    const double step = 4.5;
    size_t n[3], count = 0;

    for (int k = 0; k < 3; k++)
        n[k] = (size_t)((box.hi[k] - box.lo[k]) / step);
    for (size_t z = 0; z < n[2]; z++)
        for (size_t y = 0; y < n[1]; y++)
            for (size_t x = 0; x < n[0]; x++) {
                const double p[3] = { box.lo[0] + step * (double)x, box.lo[1] + step * (double)y,
                                      box.lo[2] + step * (double)z };

                count += hep_shape_liver(s, p) < 0.0;
            }
    return (double)count * step * step * step / 1000.0;
}

static void solve_liver_volume(struct hep_shape *s)
{
    double lo = -24.0, hi = 24.0;

    for (int i = 0; i < 9; i++) {
        s->liver_grow_mm = 0.5 * (lo + hi);
        if (liver_volume_ml(s) < s->liver_ml)
            lo = s->liver_grow_mm;
        else
            hi = s->liver_grow_mm;
    }
}

int hep_shape_new(struct hep_shape **out, uint64_t seed, struct hep_error *err)
{
    const struct hep_box box = hep_shape_box();
    struct hep_rng rng = { seed, hep_rng_stream("person"), 0 };
    struct hep_shape *s = hep_calloc(1, sizeof *s, err);
    int rc;

    if (s == NULL)
        return HEP_ENOMEM;
    s->scale[0] = hep_rng_next_range(&rng, 0.92, 1.0);
    s->scale[1] = s->scale[0] * hep_rng_next_range(&rng, 0.95, 1.05);
    s->scale[2] = hep_rng_next_range(&rng, 0.95, 1.05);
    s->bend_mm = hep_rng_next_range(&rng, 2.0, 3.5);
    s->fat_mm = hep_rng_next_range(&rng, 9.0, 24.0);
    s->wall_mm = hep_rng_next_range(&rng, 9.0, 12.0);
    s->dome_mm = hep_rng_next_range(&rng, 74.0, 84.0);
    s->left_mm = hep_rng_next_range(&rng, 62.0, 96.0);
    s->stomach_mm[0] = hep_rng_next_range(&rng, 32.0, 44.0);
    s->stomach_mm[1] = hep_rng_next_range(&rng, 28.0, 38.0);
    s->stomach_mm[2] = hep_rng_next_range(&rng, 34.0, 46.0);
    s->spleen_scale = hep_rng_next_range(&rng, 0.9, 1.1);
    s->gallbladder_scale = hep_rng_next_range(&rng, 0.8, 1.15);
    s->rib_phase_mm = hep_rng_next_range(&rng, 0.0, 28.0);
    s->liver_ml =
        hep_rng_next_range(&rng, 1280.0, 1680.0) * s->scale[0] * s->scale[1] * s->scale[2];
    s->liver_ml = fmin(fmax(s->liver_ml, 1150.0), 1750.0);
    rc = hep_field_new(&s->bend, &box, 55.0, 3, seed, "bend", err);
    if (rc != HEP_OK)
        goto fail;
    rc = hep_field_new(&s->gut, &box, 22.0, 1, seed, "gut", err);
    if (rc != HEP_OK)
        goto fail;
    solve_liver_volume(s);
    *out = s;
    return HEP_OK;
fail:
    hep_shape_free(s);
    return rc;
}

void hep_shape_free(struct hep_shape *s)
{
    if (s == NULL)
        return;
    hep_field_free(s->bend);
    hep_field_free(s->gut);
    free(s);
}
