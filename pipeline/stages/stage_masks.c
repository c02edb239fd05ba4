#include "pipeline/stages/stages.h"

#include "pipeline/config/config.h"
#include "pipeline/products.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/given_map.h"
#include "sequences/inventory.h"

#include <math.h>
#include <string.h>

/* Masks of the user are looked at before anything is computed, so that one which cannot be used does
 * not cost the time of the alignment first. What is found here is found again where they are used.
 * So are phases, for one image that stands under two names. */

static const char *const phases[] = { "precontrast", "arterial",     "portal_venous",
                                      "delayed",     "transitional", "hepatobiliary" };
#define N_PHASES (sizeof phases / sizeof phases[0])

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

/* Is the first volume of both the same, voxel by voxel? */
static bool is_twice(const struct hep_volume *a, const struct hep_volume *b, double rms_max)
{
    double square = 0.0, apart = 0.0;

    if (!hep_grid_same(&a->grid, &b->grid, HEP_GRID_TOL_MM))
        return false;
    for (size_t i = 0; i < hep_grid_voxels(&a->grid); i++) {
        const double x = (double)a->data[i], y = (double)b->data[i];

        if (!isfinite(x) || !isfinite(y))
            continue;
        square += x * x;
        apart += (x - y) * (x - y);
    }
    return square > 0.0 && apart <= rms_max * rms_max * square;
}

static bool are_two_files(const struct hep_run *run, const char *a, const char *b)
{
    return strcmp(hep_run_series(run, a)->name, hep_run_series(run, b)->name) != 0;
}

/* @return HEP_EDATA, for the stage to return */
static int leave_out_twice(struct hep_run *run, const char *phase, const char *other,
                           struct hep_error *err)
{
    struct hep_error why = { 0 };
    int rc;

    (void)HEP_FAIL(&why, HEP_EDATA,
                   "%s: the same image as %s: no two phases are one image, and which of the two "
                   "names is true is not known",
                   hep_run_series(run, phase)->name, hep_run_series(run, other)->name);
    rc = hep_run_leave_out(run, phase, &why);
    return HEP_FAIL(err, rc != HEP_OK ? rc : HEP_EDATA, "%s", why.msg);
}

/* Of one image under two names both are left out, and the run begins again. Volumes of one file are not looked at: they
 * would cost the file. */
static int check_phases(struct hep_run *run, struct hep_error *err)
{
    const struct hep_volume *v[N_PHASES] = { NULL };
    const double rms_max = hep_run_config(run)->enhancement.one_image_rms;
    int rc = HEP_OK, left_out = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < N_PHASES; i++)
        rc = hep_run_volume(run, phases[i], &v[i], err);
    for (size_t i = 0; rc == HEP_OK && i < N_PHASES; i++) {
        size_t k = 0;

        while (k < N_PHASES &&
               !(k != i && v[i] != NULL && v[k] != NULL &&
                 are_two_files(run, phases[i], phases[k]) && is_twice(v[i], v[k], rms_max)))
            k++;
        if (k < N_PHASES)
            left_out = leave_out_twice(run, phases[i], phases[k], err);
    }
    return rc == HEP_OK ? left_out : rc;
}

static int run_masks(struct hep_run *run, struct hep_error *err)
{
    int rc = check_phases(run, err);

    if (rc == HEP_OK)
        rc = check_mask(run, "liver_mask", HEP_ROLE_LIVER_MASK, err);

    if (rc == HEP_OK)
        rc = check_mask(run, "resection_mask", HEP_ROLE_RESECTION_MASK, err);
    if (rc == HEP_OK)
        rc = check_mask(run, "labels", HEP_ROLE_LABELS, err);
    return rc == HEP_OK ? check_regions(run, err) : rc;
}

static const char *const settings[] = { "liver.label", "lesions.given", "enhancement.one_image_rms",
                                        NULL };

const struct hep_stage hep_stage_masks = {
    .name = "masks",
    .summary = "masks of the user, and one image under two names, looked at before anything is "
               "computed",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_masks,
};
