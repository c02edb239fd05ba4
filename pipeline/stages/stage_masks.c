#include "pipeline/stages/stages.h"

#include "image/same_place.h"
#include "pipeline/config/config.h"
#include "pipeline/products.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/given_map.h"
#include "sequences/inventory.h"

#include <math.h>
#include <string.h>

/* Masks of the user are looked at before anything is computed, so that one which cannot be used does
 * not cost the time of the alignment first. What is found here is found again where they are used.
 * So are phases, for one image that stands under two names, and all series, for those that are stored mirrored. */

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

static bool is_twice(const struct hep_volume *a, const struct hep_volume *b, double rms_max)
{
    return hep_grid_same(&a->grid, &b->grid, HEP_GRID_TOL_MM) &&
           hep_is_one_image(a->data, b->data, hep_grid_voxels(&a->grid), rms_max);
}

static bool are_two_files(const struct hep_run *run, const char *a, const char *b)
{
    return strcmp(hep_run_series(run, a)->name, hep_run_series(run, b)->name) != 0;
}

/* @return HEP_EDATA, for the stage to return */
static int leave_out(struct hep_run *run, const char *product, const char *text,
                     struct hep_error *err)
{
    struct hep_error why = { 0 };
    int rc;

    (void)HEP_FAIL(&why, HEP_EDATA, "%s: %s", hep_run_series(run, product)->name, text);
    rc = hep_run_leave_out(run, product, &why);
    return HEP_FAIL(err, rc != HEP_OK ? rc : HEP_EDATA, "%s", why.msg);
}

static int leave_out_twice(struct hep_run *run, const char *phase, const char *other,
                           struct hep_error *err)
{
    char text[256];

    (void)snprintf(text, sizeof text,
                   "the same image as %s: no two phases are one image, and which of the two names "
                   "is true is not known",
                   hep_run_series(run, other)->name);
    return leave_out(run, phase, text, err);
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

/* A T2-weighted series that is a phase once more: on the grid of another phase the image is T1-weighted, and costs the
 * name T2 alone; otherwise both. */
static int check_t2(struct hep_run *run, struct hep_error *err)
{
    const struct hep_volume *v[N_PHASES] = { NULL }, *t2 = NULL;
    const double rms_max = hep_run_config(run)->enhancement.one_image_rms;
    size_t twin = 0, n_alike = 0;
    char text[256];
    int rc = hep_run_volume(run, "t2", &t2, err);

    for (size_t i = 0; rc == HEP_OK && i < N_PHASES; i++)
        rc = hep_run_volume(run, phases[i], &v[i], err);
    while (rc == HEP_OK && t2 != NULL && twin < N_PHASES &&
           !(v[twin] != NULL && are_two_files(run, "t2", phases[twin]) &&
             is_twice(t2, v[twin], rms_max)))
        twin++;
    if (rc != HEP_OK || t2 == NULL || twin == N_PHASES)
        return rc;
    for (size_t i = 0; i < N_PHASES; i++)
        n_alike += i != twin && v[i] != NULL &&
                   hep_grid_same(&v[i]->grid, &v[twin]->grid, HEP_GRID_TOL_MM);
    (void)snprintf(text, sizeof text, "the same image as %s, %s",
                   hep_run_series(run, phases[twin])->name,
                   n_alike > 0 ? "which lies on the grid of other T1-weighted series"
                               : "and which of the two names is true is not known");
    rc = leave_out(run, "t2", text, err);
    if (n_alike > 0)
        return rc;
    (void)snprintf(text, sizeof text,
                   "the same image as %s, and which of the two names is true is not known",
                   hep_run_series(run, "t2")->name);
    return leave_out(run, phases[twin], text, err);
}

/* ---- series that are stored mirrored --------------------------------------------------------- */

#define N_INPUTS (sizeof inputs / sizeof inputs[0] - 1)

/* A series against the reference. */
struct side {
    const struct hep_volume *v; /* NULL: no image, or one without a place */
    struct hep_mirror mirror;
};

static bool is_image(const char *product)
{
    return strstr(product, "mask") == NULL && strcmp(product, "labels") != 0;
}

/* @param[out] ref index of the first series; N_INPUTS without one. @param[out] n of either kind, without the first */
static int look_at_sides(struct side side[], size_t *ref, size_t *n_same, size_t *n_mirrored,
                         struct hep_run *run, struct hep_error *err)
{
    const double gain = hep_run_config(run)->align.other_place_gain;
    int rc = HEP_OK;

    *ref = N_INPUTS;
    *n_same = *n_mirrored = 0;
    for (size_t i = 0; rc == HEP_OK && i < N_INPUTS; i++) {
        side[i] = (struct side){ NULL, { -1, (double)NAN, (double)NAN } };
        if (!is_image(inputs[i].name))
            continue;
        rc = hep_run_volume(run, inputs[i].name, &side[i].v, err);
        if (rc != HEP_OK || side[i].v == NULL || side[i].v->grid.unplaced) {
            side[i].v = NULL;
            continue;
        }
        if (*ref == N_INPUTS) {
            *ref = i;
            continue;
        }
        rc = hep_mirror_find(&side[i].mirror, side[*ref].v, side[i].v, gain, err);
        *n_mirrored += side[i].mirror.axis >= 0;
        *n_same += side[i].mirror.axis < 0 && isfinite(side[i].mirror.as_it_lies);
    }
    return rc;
}

/* The first series and those that lie as it does are fewer than the others: they are the ones that are mirrored. */
static int leave_out_mirrored(struct hep_run *run, const char *product, const struct side *s,
                              const struct side *ref, size_t n_against, struct hep_error *err)
{
    const struct side *told = s->mirror.axis >= 0 ? s : ref;
    char text[256];

    if (told->mirror.axis >= 0)
        (void)snprintf(
            text, sizeof text,
            "stored mirrored (%s) against %zu other series: reversed it tells %.1f times "
            "as much of the first of them as it does as it lies",
            hep_mirror_words(&told->v->grid, told->mirror.axis), n_against,
            told->mirror.mirrored / told->mirror.as_it_lies);
    else
        (void)snprintf(text, sizeof text, "stored mirrored against %zu other series", n_against);
    return leave_out(run, product, text, err);
}

/* Series that are stored mirrored against most others; of two series the one that is not the reference. */
static int check_sides(struct hep_run *run, struct hep_error *err)
{
    struct side side[N_INPUTS];
    size_t ref, n_same, n_mirrored;
    bool reference_is_mirrored;
    int left_out = HEP_OK, rc = look_at_sides(side, &ref, &n_same, &n_mirrored, run, err);

    if (rc != HEP_OK || n_mirrored == 0)
        return rc;
    reference_is_mirrored = n_mirrored > n_same + 1;
    for (size_t i = 0; i < N_INPUTS; i++) {
        const bool known = side[i].v != NULL && (i == ref || isfinite(side[i].mirror.as_it_lies));

        if (known && (side[i].mirror.axis >= 0) != reference_is_mirrored)
            left_out = leave_out_mirrored(run, inputs[i].name, &side[i], &side[ref],
                                          reference_is_mirrored ? n_mirrored : n_same + 1, err);
    }
    return left_out;
}

static int run_masks(struct hep_run *run, struct hep_error *err)
{
    int rc = check_phases(run, err);

    if (rc == HEP_OK)
        rc = check_t2(run, err);
    if (rc == HEP_OK)
        rc = check_sides(run, err);
    if (rc == HEP_OK)
        rc = check_mask(run, "liver_mask", HEP_ROLE_LIVER_MASK, err);

    if (rc == HEP_OK)
        rc = check_mask(run, "resection_mask", HEP_ROLE_RESECTION_MASK, err);
    if (rc == HEP_OK)
        rc = check_mask(run, "labels", HEP_ROLE_LABELS, err);
    return rc == HEP_OK ? check_regions(run, err) : rc;
}

static const char *const settings[] = { "liver.label", "lesions.given", "enhancement.one_image_rms",
                                        "align.other_place_gain", NULL };

const struct hep_stage hep_stage_masks = {
    .name = "masks",
    .summary = "masks of the user, one image under two names and series that are stored mirrored, "
               "looked at before anything is computed",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_masks,
};
