#include "pipeline/stages/aligned.h"

#include <math.h>

const char *hep_reference_name(struct hep_run *run)
{
    const struct hep_json *alignment = NULL;

    if (hep_run_json(run, "alignment", &alignment, NULL) != HEP_OK)
        return NULL;
    return hep_json_string(hep_json_get(alignment, "reference"));
}

static int mean_over_t(struct hep_volume **out, const struct hep_volume *v, struct hep_error *err)
{
    size_t n = hep_grid_voxels(&v->grid);
    int rc = hep_volume_new(out, &v->grid, 1, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;

        for (size_t t = 0; t < v->nt; t++)
            sum += (double)hep_volume_at(v, t)[i];
        (*out)->data[i] = (float)(sum / (double)v->nt);
    }
    return HEP_OK;
}

int hep_aligned_volume(struct hep_volume **out, struct hep_run *run,
                       const struct hep_volume *volume, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err)
{
    struct hep_volume *mean = NULL;
    const struct hep_volume *source = volume;
    int rc = HEP_OK;

    (void)from;
    (void)to;
    if (volume->nt > 1) {
        rc = mean_over_t(&mean, volume, err);
        source = mean;
    }
    if (rc == HEP_OK && hep_grid_same(&source->grid, grid, HEP_GRID_TOL_MM)) {
        if (mean != NULL) {
            *out = mean;
            return HEP_OK;
        }
        return hep_volume_copy(out, source, err);
    }
    if (rc == HEP_OK)
        rc = hep_resample(out, source, grid, NULL, HEP_INTERP_LINEAR, NAN, hep_run_nthreads(run),
                          err);
    hep_volume_free(mean);
    return rc;
}

int hep_aligned_labels(struct hep_labels **out, struct hep_run *run,
                       const struct hep_labels *labels, const char *from, const char *to,
                       const struct hep_grid *grid, struct hep_error *err)
{
    (void)run;
    (void)from;
    (void)to;
    if (hep_grid_same(&labels->grid, grid, HEP_GRID_TOL_MM))
        return hep_labels_copy(out, labels, err);
    return hep_resample_labels(out, labels, grid, NULL, err);
}
