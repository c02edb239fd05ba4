#include "pipeline/stages/stages.h"

#include "lesions/anatomy.h"
#include "pipeline/config/config.h"
#include "pipeline/put.h"
#include "pipeline/stages/aligned.h"
#include "sequences/inventory.h"

#include <math.h>

static const struct hep_slot inputs[] = { HEP_READS_SERIES("hepatobiliary"),
                                          HEP_READS_SERIES("portal_venous"),
                                          HEP_READS_SERIES("delayed"),
                                          HEP_READS_SERIES("transitional"),
                                          HEP_READS_SERIES("arterial"),
                                          HEP_READS_SERIES("precontrast"),
                                          HEP_READS_SERIES("in_phase"),
                                          HEP_READS_SERIES("opposed"),
                                          HEP_READS_SERIES_4D("echoes", "xyze"),
                                          HEP_READS_SERIES("t2"),
                                          HEP_READS_SERIES_4D("dwi", "xyzb"),
                                          HEP_READS_SERIES("liver_mask"),
                                          HEP_READS_SERIES("labels"),
                                          HEP_READS_JSON("alignment"),
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_LABELS("liver", "anat/%s_label-liver_mask", "the liver on the reference grid"),
    HEP_MAKES_LABELS("anatomy", "anat/%s_label-anatomy_dseg",
                     "organs and vessels that rules compare with"),
    HEP_MAKES_JSON("liver_quality", "where the liver mask comes from, and how good it is"),
    { 0 }
};

/* A mask from elsewhere lies on the grid of some series of the study; any other grid is a mistake.
 */
static const char *series_of_grid(struct hep_run *run, const struct hep_grid *grid)
{
    for (const struct hep_slot *s = inputs; s->name != NULL; s++) {
        const struct hep_series *series = hep_run_series(run, s->name);

        if (s->kind == HEP_SLOT_SERIES && series != NULL && strcmp(s->name, "liver_mask") != 0 &&
            strcmp(s->name, "labels") != 0 && hep_grid_same(&series->grid, grid, HEP_GRID_TOL_MM))
            return s->name;
    }
    return NULL;
}

static void keep_label(struct hep_labels *mask, double label)
{
    size_t n = hep_grid_voxels(&mask->grid);

    for (size_t i = 0; i < n; i++)
        mask->data[i] = isfinite(label) ? mask->data[i] == (int32_t)label : mask->data[i] != 0;
}

static int to_reference(struct hep_labels **out, struct hep_run *run,
                        const struct hep_labels *given, const char *name, struct hep_error *err)
{
    const char *reference = hep_reference_name(run), *from = series_of_grid(run, &given->grid);

    if (from == NULL)
        return HEP_FAIL(
            err, HEP_EGEOM,
            "%s: the grid of the mask (%zu x %zu x %zu) is that of no series of the study", name,
            given->grid.n[0], given->grid.n[1], given->grid.n[2]);
    return hep_aligned_labels(out, run, given, from, reference,
                              &hep_run_series(run, reference)->grid, err);
}

/* The mask that the user gave: a liver mask, or the organ called liver of a label map. */
static int given_liver(struct hep_labels **out, const char **source, struct hep_run *run,
                       struct hep_error *err)
{
    const struct hep_labels *mask = NULL, *labels = NULL;
    const struct hep_series *named = hep_run_series(run, "labels");
    const char *path = hep_run_given_mask(run);
    int rc = hep_run_labels(run, "liver_mask", &mask, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "labels", &labels, err);
    if (rc == HEP_OK && mask != NULL) {
        const struct hep_series *s = hep_run_series(run, "liver_mask");

        *source = path != NULL ? "command line" : "study";
        rc = to_reference(out, run, mask, path != NULL ? path : s->name, err);
        if (rc == HEP_OK)
            keep_label(*out, path != NULL ? hep_run_config(run)->liver.label : (double)NAN);
    } else if (rc == HEP_OK && labels != NULL && hep_series_label_value(named, "liver") > 0) {
        *source = "label map of the study";
        rc = to_reference(out, run, labels, named->name, err);
        if (rc == HEP_OK)
            keep_label(*out, (double)hep_series_label_value(named, "liver"));
    }
    return rc;
}

/* Organs of a label map of the study, in our numbering, on the reference grid. */
static int given_anatomy(struct hep_labels **out, struct hep_run *run,
                         const struct hep_labels *liver, struct hep_error *err)
{
    const struct hep_series *named = hep_run_series(run, "labels");
    const struct hep_labels *labels = NULL;
    size_t n;
    int rc = hep_run_labels(run, "labels", &labels, err);

    if (rc != HEP_OK)
        return rc;
    rc = labels != NULL ? to_reference(out, run, labels, named->name, err)
                        : hep_labels_new(out, &liver->grid, err);
    if (rc != HEP_OK)
        return rc;
    n = hep_grid_voxels(&(*out)->grid);
    for (size_t i = 0; i < n; i++) {
        enum hep_anatomy organ = HEP_ANATOMY_NONE;

        for (size_t k = 0; labels != NULL && k < named->n_labels; k++) {
            if (named->labels[k].value == (*out)->data[i])
                organ = hep_anatomy_from_name(named->labels[k].name);
        }
        if (organ == HEP_ANATOMY_NONE && liver != NULL && liver->data[i] != 0)
            organ = HEP_ANATOMY_LIVER;
        (*out)->data[i] = (int32_t)organ;
    }
    return HEP_OK;
}

static int put_quality(struct hep_run *run, const struct hep_labels *liver, const char *source,
                       struct hep_error *err)
{
    const struct hep_cfg_liver *cfg = &hep_run_config(run)->liver;
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object();
    double ml = (double)hep_labels_count(liver, -1) * hep_grid_voxel_mm3(&liver->grid) / 1000.0;
    bool inside = ml >= cfg->volume_ml.lo && ml <= cfg->volume_ml.hi;

    hep_put_text(&put, o, "source", source);
    hep_put_number(&put, o, "volume_ml", ml);
    hep_put_bool(&put, o, "volume_plausible", inside);
    if (!inside)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "liver-volume",
                      "the liver mask (%s) has %.0f mL, outside %.0f-%.0f mL", source, ml,
                      cfg->volume_ml.lo, cfg->volume_ml.hi);
    if (put.rc != HEP_OK) {
        hep_json_free(o);
        return put.rc;
    }
    return hep_run_put_json(run, "liver_quality", o, err);
}

static int run_liver(struct hep_run *run, struct hep_error *err)
{
    struct hep_labels *liver = NULL, *anatomy = NULL;
    const char *source = NULL;
    int rc = given_liver(&liver, &source, run, err);

    if (rc != HEP_OK)
        return rc;
    if (liver == NULL) {
        static const char reason[] = "mask needed: the study has no liver mask";

        hep_run_put_absent(run, "liver", reason);
        hep_run_put_absent(run, "anatomy", reason);
        hep_run_put_absent(run, "liver_quality", reason);
        return HEP_OK;
    }
    if (hep_labels_count(liver, -1) == 0) {
        hep_labels_free(liver);
        return HEP_FAIL(err, HEP_EDATA, "the liver mask (%s) is empty", source);
    }
    rc = given_anatomy(&anatomy, run, liver, err);
    if (rc == HEP_OK)
        rc = put_quality(run, liver, source, err);
    if (rc == HEP_OK) {
        rc = hep_run_put_labels(run, "liver", liver, NULL, err);
        liver = NULL;
    }
    if (rc == HEP_OK) {
        rc = hep_run_put_labels(run, "anatomy", anatomy, NULL, err);
        anatomy = NULL;
    }
    hep_labels_free(liver);
    hep_labels_free(anatomy);
    return rc;
}

static const char *const settings[] = { "liver.", NULL };

const struct hep_stage hep_stage_liver = {
    .name = "liver",
    .summary = "The liver mask, and the organs and vessels around it.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_liver,
};
