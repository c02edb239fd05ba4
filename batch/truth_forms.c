#include "batch/truth_forms.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hep_truth_forms_release(struct hep_truth_forms *f)
{
    free(f->box);
    *f = (struct hep_truth_forms){ 0 };
}

static void copy_text(char *out, size_t size, const struct hep_json *node)
{
    const char *text = hep_json_string(node);

    (void)snprintf(out, size, "%.*s", (int)size - 1, text != NULL ? text : "");
}

void hep_truth_given_class(char out[HEP_GIVEN_CLASS], const struct hep_json *root, size_t lesion)
{
    copy_text(out, HEP_GIVEN_CLASS,
              hep_json_get(hep_json_at(hep_json_get(root, "lesions"), lesion), "given_class"));
}

static bool read_three(double out[3], const struct hep_json *node)
{
    for (size_t k = 0; k < 3; k++) {
        out[k] = hep_json_number(hep_json_at(node, k));
        if (!isfinite(out[k]))
            return false;
    }
    return hep_json_size(node) == 3;
}

/* Three sides as vectors, of which none is of no length. */
static bool read_sides(struct hep_match_box *box, const struct hep_json *node)
{
    for (size_t k = 0; k < 3; k++) {
        double side[3], length;

        if (!read_three(side, hep_json_at(node, k)))
            return false;
        length = sqrt(side[0] * side[0] + side[1] * side[1] + side[2] * side[2]);
        if (!(length > 0.0))
            return false;
        box->half_mm[k] = 0.5 * length;
        for (int i = 0; i < 3; i++)
            box->axis[k][i] = side[i] / length;
    }
    return hep_json_size(node) == 3;
}

static int read_box(struct hep_truth_forms *f, const struct hep_json *node, size_t lesion,
                    const char *path, struct hep_error *err)
{
    struct hep_truth_box *b;
    int rc = HEP_GROW(f->box, f->n_boxes, err);

    if (rc != HEP_OK)
        return rc;
    b = &f->box[f->n_boxes];
    b->lesion = lesion;
    copy_text(b->series, sizeof b->series, hep_json_get(node, "series"));
    if (!read_three(b->box.centre_mm, hep_json_get(node, "centre_mm")) ||
        !read_three(b->box.voxel_mm, hep_json_get(node, "voxel_mm")) ||
        !read_sides(&b->box, hep_json_get(node, "sides_mm")))
        return HEP_FAIL(err, HEP_EFORMAT,
                        "%s: lesions[%zu].boxes: centre_mm, voxel_mm and three sides_mm of three "
                        "numbers are wanted",
                        path, lesion);
    f->n_boxes++;
    return HEP_OK;
}

int hep_truth_forms_read(struct hep_truth_forms *out, const struct hep_json *root, const char *path,
                         struct hep_error *err)
{
    const struct hep_json *lesions = hep_json_get(root, "lesions");
    char word[HEP_GIVEN_CLASS];
    int rc = HEP_OK;

    *out = (struct hep_truth_forms){ .lesions_known =
                                         hep_json_bool(hep_json_get(root, "lesions_known"), true) };
    copy_text(word, sizeof word, hep_json_get(root, "patient_class"));
    out->patient_class = hep_class_from_name(word);
    copy_text(out->patient_word, sizeof out->patient_word,
              hep_json_get(root, "patient_given_class"));
    if (out->patient_word[0] == '\0')
        memcpy(out->patient_word, word, sizeof word);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(lesions); i++) {
        const struct hep_json *boxes = hep_json_get(hep_json_at(lesions, i), "boxes");

        for (size_t k = 0; rc == HEP_OK && k < hep_json_size(boxes); k++)
            rc = read_box(out, hep_json_at(boxes, k), i, path, err);
    }
    return rc;
}

int hep_truth_forms_boxes(const struct hep_match_box ***out, const struct hep_truth_forms *f,
                          size_t n, const char *series, struct hep_error *err)
{
    const struct hep_match_box **list;
    int rc;

    *out = NULL;
    if (f->n_boxes == 0)
        return HEP_OK;
    list = hep_calloc(n + 1, sizeof(struct hep_match_box *), err);
    rc = list != NULL ? HEP_OK : HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < f->n_boxes; i++) {
        const struct hep_truth_box *b = &f->box[i];
        const bool is_reference = series != NULL && strcmp(b->series, series) == 0;

        if (b->lesion < n && (list[b->lesion] == NULL || is_reference))
            list[b->lesion] = &b->box;
    }
    *out = list;
    return rc;
}
