/* Texture of the liver and of each lesion, as sub-XX_radiomics.tsv. */
#include "report/report_radiomics.h"

#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "radiomics/feature_table.h"
#include "report/put_files.h"

#include <stdlib.h>

#define LIVER 0 /* label of the liver in the table: lesions have theirs, from 1 */

/* Images that are looked at, where the study has them; the reference series comes first. */
static const char *const maps[] = { "adc", "re_hbp" };
static const char *const map_space[] = { "dwi", "hepatobiliary" };

struct job {
    struct hep_run *run;
    const struct hep_labels *liver, *lesions;
    struct hep_texture_settings settings;
    struct hep_feature_rows rows;
};

static int32_t largest(const struct hep_labels *l)
{
    int32_t most = 0;

    for (size_t i = 0; l != NULL && i < hep_grid_voxels(&l->grid); i++)
        most = l->data[i] > most ? l->data[i] : most;
    return most;
}

/* A region that leaves the field of view, or has no voxel on the grid, is left out with its reason. */
static int add_region(struct job *j, const struct hep_volume *v, const struct hep_labels *mask,
                      int32_t label, int32_t shown, const char *image, struct hep_error *err)
{
    struct hep_texture t = { 0 };
    struct hep_error own = { 0 };
    int rc;

    if (hep_labels_count(mask, label) == 0)
        return HEP_OK;
    rc = hep_texture_compute(&t, v, mask, label, &j->settings, &own);
    if (rc == HEP_EDATA) {
        hep_log_write(hep_run_log(j->run), HEP_LOG_INFO, "radiomics", "%s, region %d: %s", image,
                      (int)shown, own.msg);
        return HEP_OK;
    }
    if (rc == HEP_OK)
        rc = hep_feature_rows_add(&j->rows, &t, image, shown, "none", &j->settings, err);
    else
        rc = HEP_FAIL(err, (enum hep_status)rc, "%s", own.msg);
    hep_texture_release(&t);
    return rc;
}

static int add_image(struct job *j, const struct hep_volume *image, const char *name,
                     const char *space, struct hep_error *err)
{
    const int32_t n_lesions = largest(j->lesions);
    struct hep_volume *here = NULL;
    struct hep_labels *whole = NULL;
    int rc = hep_aligned_volume(&here, j->run, image, space, hep_reference_name(j->run),
                                &j->liver->grid, err);

    if (rc == HEP_OK)
        rc = hep_labels_copy(&whole, j->liver, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&whole->grid); i++)
        whole->data[i] = whole->data[i] != 0;
    if (rc == HEP_OK)
        rc = add_region(j, here, whole, 1, LIVER, name, err);
    for (int32_t id = 1; rc == HEP_OK && id <= n_lesions; id++)
        rc = add_region(j, here, j->lesions, id, id, name, err);
    hep_volume_free(here);
    hep_labels_free(whole);
    return rc;
}

int hep_put_radiomics(struct hep_run *run, struct hep_error *err)
{
    struct job j = { .run = run };
    const char *reference = hep_reference_name(run);
    const struct hep_volume *v = NULL;
    int rc = hep_run_labels(run, "liver", &j.liver, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "lesions", &j.lesions, err);
    if (rc != HEP_OK || j.liver == NULL)
        return rc;
    hep_texture_settings_default(&j.settings);
    j.settings.levels =
        HEP_LEVELS_COUNT; /* a count of bins does not depend on the scale of MR signals */
    j.settings.n_bins = (int)hep_run_config(run)->outputs.radiomics_bins;
    rc = hep_run_volume(run, reference, &v, err);
    if (rc == HEP_OK && v != NULL)
        rc = add_image(&j, v, reference, reference, err);
    for (size_t i = 0; rc == HEP_OK && i < sizeof maps / sizeof maps[0]; i++) {
        rc = hep_run_volume(run, maps[i], &v, err);
        if (rc == HEP_OK && v != NULL)
            rc = add_image(&j, v, maps[i], map_space[i], err);
    }
    if (rc == HEP_OK) {
        const struct hep_table table =
            HEP_TABLE(NULL, hep_feature_columns_of_image, j.rows.list, j.rows.n);

        rc = hep_put_table(run, "radiomics", &table, err);
    }
    free(j.rows.list);
    return rc;
}
