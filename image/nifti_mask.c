#include "image/nifti.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>

/* Values between 0 and 1 that are not 0 or 1 are probabilities or shares; NaN is outside. */
static void settle_values(struct hep_mask_reading *r, struct hep_volume *v, double threshold)
{
    const size_t n = hep_grid_voxels(&v->grid);
    float lowest = 0.0F, highest = 0.0F;
    bool fractions = false;

    for (size_t i = 0; i < n; i++) {
        int32_t label;

        if (isnan(v->data[i])) {
            v->data[i] = 0.0F;
            r->n_nan++;
        }
        lowest = fminf(lowest, v->data[i]);
        highest = fmaxf(highest, v->data[i]);
        fractions = fractions || !hep_label_from(&label, (double)v->data[i]);
    }
    r->probabilities = fractions && lowest >= 0.0F && highest <= 1.0F;
    for (size_t i = 0; r->probabilities && i < n; i++)
        v->data[i] = (double)v->data[i] >= threshold ? 1.0F : 0.0F;
}

static void note_value(struct hep_mask_reading *r, int32_t value)
{
    size_t at = 0;

    while (at < r->n_values && at < HEP_MASK_VALUES && r->value[at] < value)
        at++;
    if (at < r->n_values && at < HEP_MASK_VALUES && r->value[at] == value)
        return;
    for (size_t k = HEP_MASK_VALUES - 1; k > at; k--)
        r->value[k] = r->value[k - 1];
    if (at < HEP_MASK_VALUES)
        r->value[at] = value;
    r->n_values += r->n_values <= HEP_MASK_VALUES;
}

static int read_mask(struct hep_labels **out, struct hep_mask_reading *reading, const char *path,
                     double threshold, bool unplaced_too, struct hep_error *err)
{
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };
    int rc = unplaced_too
                 ? hep_nifti_read_labels_unplaced(out, path, &e)
                 : hep_nifti_read_labels(out, path, &e); /* exact for integers beyond float */

    *reading = (struct hep_mask_reading){ 0 };
    if (rc == HEP_EFORMAT &&
        (unplaced_too ? hep_nifti_read_unplaced(&v, path, false, NULL)
                      : hep_nifti_read(&v, path, NULL)) == HEP_OK &&
        v->nt == 1) {
        settle_values(reading, v, threshold);
        rc = hep_labels_from_volume(out, v, NULL);
    }
    hep_volume_free(v);
    if (rc != HEP_OK)
        return hep_fail(err, (enum hep_status)rc, __func__, "%s", e.msg);
    for (size_t i = 0; i < hep_grid_voxels(&(*out)->grid); i++) {
        if ((*out)->data[i] != 0 && (i == 0 || (*out)->data[i] != (*out)->data[i - 1]))
            note_value(reading, (*out)->data[i]);
    }
    return HEP_OK;
}

int hep_nifti_read_mask(struct hep_labels **out, struct hep_mask_reading *reading, const char *path,
                        double threshold, struct hep_error *err)
{
    return read_mask(out, reading, path, threshold, false, err);
}

int hep_nifti_read_mask_unplaced(struct hep_labels **out, struct hep_mask_reading *reading,
                                 const char *path, double threshold, struct hep_error *err)
{
    return read_mask(out, reading, path, threshold, true, err);
}

int hep_mask_one_label(struct hep_labels *mask, const struct hep_mask_reading *reading,
                       double label, const char *name, struct hep_error *err)
{
    char values[96] = "";
    size_t used = 0;

    if (!isfinite(label) && reading->n_values > 1) {
        for (size_t k = 0; k < reading->n_values && k < HEP_MASK_VALUES; k++)
            used += (size_t)snprintf(values + used, sizeof values - used, "%s%d", k > 0 ? ", " : "",
                                     (int)reading->value[k]);
        return HEP_FAIL(err, HEP_EDATA,
                        "%s: holds the labels %s%s: which of them is the liver is not said: set "
                        "liver.label, or label in study.yml",
                        name, values, reading->n_values > HEP_MASK_VALUES ? ", ..." : "");
    }
    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++)
        mask->data[i] = isfinite(label) ? mask->data[i] == (int32_t)label : mask->data[i] != 0;
    return HEP_OK;
}
