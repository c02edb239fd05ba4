#include "pipeline/stages/stages.h"

#include "pipeline/products.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/given_map.h"
#include "sequences/inventory.h"

/* Masks of the user are looked at before anything is computed, so that one which cannot be used does
 * not cost the time of the alignment first. What is found here is found again where they are used. */

static const struct hep_slot inputs[] = {
    HEP_READS_SERIES("hepatobiliary"),     HEP_READS_SERIES("portal_venous"),
    HEP_READS_SERIES("delayed"),           HEP_READS_SERIES("transitional"),
    HEP_READS_SERIES("arterial"),          HEP_READS_SERIES("precontrast"),
    HEP_READS_SERIES("in_phase"),          HEP_READS_SERIES("opposed"),
    HEP_READS_SERIES_4D("echoes", "xyze"), HEP_READS_SERIES("t2"),
    HEP_READS_SERIES_4D("dwi", "xyzb"),    HEP_READS_SERIES("liver_mask"),
    HEP_READS_SERIES("resection_mask"),    HEP_READS_SERIES("labels"),
    HEP_READS_SERIES("lesion_mask"),       { 0 }
};

static const struct hep_slot outputs[] = { { 0 } };

/* Readable, of one label, and over the images. */
static int check_mask(struct hep_run *run, const char *product, enum hep_role role,
                      struct hep_error *err)
{
    const struct hep_series *reference = hep_products_series_on(run, inputs, NULL),
                            *series = hep_run_series(run, product);
    const char *path = hep_run_given_mask(run, role);
    const struct hep_labels *mask = NULL;
    int rc = hep_run_labels(run, product, &mask, err);

    if (rc != HEP_OK || mask == NULL || reference == NULL)
        return rc;
    if (hep_products_series_on(run, inputs, &mask->grid) != NULL)
        return HEP_OK;
    return hep_mask_reaches(NULL, mask, hep_role_name(reference->role), &reference->grid,
                            path != NULL     ? path
                            : series != NULL ? series->name
                                             : product,
                            err);
}

/* Lesions: their values, their names, and on which series they were drawn. What has to be
 * said of one that can be used is said where it is. */
static int check_regions(struct hep_run *run, struct hep_error *err)
{
    const struct hep_derivative *file;
    struct hep_log *log = run->log;
    int rc = HEP_OK;

    run->log = NULL;
    for (size_t i = 0; rc == HEP_OK && (file = hep_run_given_region(run, i)) != NULL; i++) {
        struct hep_given_map map = { 0 };

        if (file->role == HEP_ROLE_LESION_MASK)
            rc = hep_given_map_read(&map, run, file, inputs, err);
        hep_given_map_release(&map);
    }
    run->log = log;
    return rc;
}

static int run_masks(struct hep_run *run, struct hep_error *err)
{
    int rc = check_mask(run, "liver_mask", HEP_ROLE_LIVER_MASK, err);

    if (rc == HEP_OK)
        rc = check_mask(run, "resection_mask", HEP_ROLE_RESECTION_MASK, err);
    if (rc == HEP_OK)
        rc = check_mask(run, "labels", HEP_ROLE_LABELS, err);
    return rc == HEP_OK ? check_regions(run, err) : rc;
}

static const char *const settings[] = { "liver.label", "lesions.given", NULL };

const struct hep_stage hep_stage_masks = {
    .name = "masks",
    .summary = "masks of the user looked at before anything is computed",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_masks,
};
