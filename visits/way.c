#include "visits/way.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/register_compose.h"
#include "pipeline/stages/aligned.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 4000 /* voxels of the liver that its brightness is the median of */

double hep_way_value(const struct hep_way *w, const double place[3], bool from_baseline,
                     enum hep_interp how)
{
    double a[3] = { place[0], place[1], place[2] }, b[3];

    if ((from_baseline &&
         hep_transform_apply(a, &w->session->from_baseline, place, NULL) != HEP_OK) ||
        hep_transform_apply(b, &w->to_series, a, NULL) != HEP_OK)
        return (double)NAN;
    return hep_sample_world(w->v, w->t, b, how);
}

/* The volume of the highest b; the last where they are not told. */
static size_t brightest_b(const struct hep_session *s, const struct hep_volume *v)
{
    const struct hep_series *dwi = hep_run_series(&s->opened.run, "dwi");
    size_t best = v->nt - 1;

    for (size_t t = 0; dwi != NULL && dwi->gradients.n == v->nt && t < v->nt; t++) {
        if (dwi->gradients.b_s_per_mm2[t] > dwi->gradients.b_s_per_mm2[best])
            best = t;
    }
    return best;
}

int hep_way_open(struct hep_way *out, struct hep_session *s, const char *product,
                 const char *series, bool is_map, struct hep_error *err)
{
    struct hep_run *run = &s->opened.run;
    int rc = HEP_OK;

    *out = (struct hep_way){ .session = s };
    if (s->cannot[0] != '\0' ||
        (is_map ? !hep_run_has(run, product) : hep_run_series(run, product) == NULL))
        return HEP_OK;
    rc = hep_run_volume(run, product, &out->v, err);
    if (rc == HEP_OK && out->v != NULL)
        rc = hep_alignment_transform(&out->to_series, &out->bend, run, series, s->reference,
                                     hep_session_grid(s), err);
    if (rc == HEP_OK && out->v != NULL && !is_map && strcmp(product, "dwi") == 0)
        out->t = brightest_b(s, out->v);
    return rc;
}

int hep_way_sample(struct hep_volume **out, const struct hep_way *w, const struct hep_grid *g,
                   struct hep_error *err)
{
    int rc = hep_volume_new(out, g, 1, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(g); i++) {
        double place[3];

        hep_grid_world_of(place, g, i);
        (*out)->data[i] = (float)hep_way_value(w, place, true, HEP_INTERP_LINEAR);
    }
    return rc;
}

int hep_way_liver(double *out, const struct hep_way *w, struct hep_error *err)
{
    const struct hep_labels *liver = w->session->liver;
    const size_t all = hep_labels_count(liver, -1), step = all / SAMPLES + 1;
    double *x = NULL;
    size_t n = 0, seen = 0;
    int rc = HEP_NEW(x, SAMPLES + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&liver->grid); i++) {
        double place[3], value;

        if (liver->data[i] == 0 || seen++ % step != 0 || n >= SAMPLES)
            continue;
        hep_grid_world_of(place, &liver->grid, i);
        value = hep_way_value(w, place, false, HEP_INTERP_NEAREST);
        if (isfinite(value))
            x[n++] = value;
    }
    *out = (double)NAN;
    if (n > 0) {
        qsort(x, n, sizeof *x, hep_compare_doubles);
        *out = hep_quantile_sorted(x, n, 0.5);
    }
    free(x);
    return rc;
}

void hep_way_release(struct hep_way *w)
{
    hep_volume_free(w->bend);
    *w = (struct hep_way){ 0 };
}
