#include "pipeline/stages/regions.h"

#include "image/stats.h"
#include "pipeline/stages/aligned.h"

#include <math.h>

/* `here` is the anatomy on the grid of the series; the muscle is cut where its voxels on the grid
 * of the anatomy say, so that each part is the same tissue in every series. */
static int medians(struct hep_regions *out, const struct hep_volume *v,
                   const struct hep_labels *anatomy, const struct hep_labels *here, int nthreads,
                   struct hep_error *err)
{
    struct hep_stats s[HEP_ANATOMY_COUNT];
    struct hep_gain_split split;
    int rc = hep_stats_by_label(s, HEP_ANATOMY_COUNT, v, here, nthreads, err);

    if (rc == HEP_OK)
        rc = hep_gain_split_of(&split, anatomy, HEP_ANATOMY_MUSCLE, err);
    if (rc == HEP_OK)
        rc = hep_gain_tissue_of(&out->muscle, &split, v, here, HEP_ANATOMY_MUSCLE, err);

    for (int organ = 1; rc == HEP_OK && organ < HEP_ANATOMY_COUNT; organ++) {
        if (s[organ].n >= HEP_REGION_MIN_VOXELS)
            out->median[organ] = s[organ].median;
        out->n[organ] = s[organ].n;
    }
    return rc;
}

int hep_regions_of(struct hep_regions *out, struct hep_run *run, const char *series,
                   struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    const struct hep_labels *anatomy = NULL;
    struct hep_labels *here = NULL;
    struct hep_volume *mean = NULL;
    int rc;

    for (int i = 0; i < HEP_ANATOMY_COUNT; i++) {
        out->median[i] = (double)NAN;
        out->n[i] = 0;
    }
    hep_gain_tissue_none(&out->muscle);
    rc = hep_run_volume(run, series, &v, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "anatomy", &anatomy, err);
    if (rc != HEP_OK || v == NULL || anatomy == NULL)
        return rc;
    rc = hep_aligned_labels(&here, run, anatomy, hep_reference_name(run), series, &v->grid, err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&mean, run, v, series, series, &v->grid, err);
    if (rc == HEP_OK)
        rc = medians(out, mean, anatomy, here, hep_run_nthreads(run), err);
    hep_labels_free(here);
    hep_volume_free(mean);
    return rc;
}

const char *hep_fat_series(const struct hep_run *run)
{
    return hep_run_series(run, "echoes") != NULL ? "echoes" : "opposed";
}

int hep_map_stats(struct hep_stats *out, struct hep_run *run, const struct hep_volume *map,
                  const char *map_space, const struct hep_labels *region, const char *region_space,
                  int32_t value, struct hep_error *err)
{
    struct hep_labels *here = NULL;
    int rc = hep_aligned_labels(&here, run, region, region_space, map_space, &map->grid, err);

    if (rc == HEP_OK)
        rc = hep_stats_masked(out, map, 0, here, value, err);
    hep_labels_free(here);
    return rc;
}
