#include "batch/lesion_file.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>

/* Where in which file: for messages. */
struct place {
    const char *path;
    size_t lesion;
    struct hep_error *err;
};

static bool is_given(const struct hep_json *node)
{
    return hep_json_type(node) != HEP_JSON_MISSING && hep_json_type(node) != HEP_JSON_NULL;
}

static int wrong_type(const struct place *at, const char *key, const struct hep_json *node,
                      const char *want)
{
    return HEP_FAIL(at->err, HEP_EFORMAT, "%s: lesions[%zu].%s: %s instead of %s", at->path,
                    at->lesion, key, hep_json_type_name(hep_json_type(node)), want);
}

/* A number in lo..hi; NaN when not given. */
static int read_number(double *out, const struct place *at, const struct hep_json *lesion,
                       const char *key, double lo, double hi)
{
    const struct hep_json *node = hep_json_get(lesion, key);

    *out = (double)NAN;
    if (!is_given(node))
        return HEP_OK;
    if (hep_json_type(node) != HEP_JSON_NUMBER)
        return wrong_type(at, key, node, "a number");
    *out = hep_json_number(node);
    if (!(*out >= lo) || !(*out <= hi))
        return HEP_FAIL(at->err, HEP_EFORMAT, "%s: lesions[%zu].%s: %g is outside %g..%g", at->path,
                        at->lesion, key, *out, lo, hi);
    return HEP_OK;
}

static int read_centre(struct hep_lesion_record *r, const struct place *at)
{
    const struct hep_json *node = hep_json_get(r->json, "centre_mm");

    for (size_t k = 0; k < 3; k++)
        r->centre_mm[k] = (double)NAN;
    if (!is_given(node))
        return HEP_OK;
    if (hep_json_type(node) != HEP_JSON_ARRAY || hep_json_size(node) != 3)
        return wrong_type(at, "centre_mm", node, "three numbers in mm");
    for (size_t k = 0; k < 3; k++) {
        const double v = hep_json_number(hep_json_at(node, k));

        if (!isfinite(v) || fabs(v) > 1e5)
            return HEP_FAIL(at->err, HEP_EFORMAT,
                            "%s: lesions[%zu].centre_mm[%zu]: not a position in mm", at->path,
                            at->lesion, k);
        r->centre_mm[k] = v;
    }
    return HEP_OK;
}

static int read_id(struct hep_lesion_record *r, const struct place *at)
{
    double id;
    int rc = read_number(&id, at, r->json, "id", 1.0, INT32_MAX);

    if (rc != HEP_OK)
        return rc;
    if (isnan(id))
        id = (double)at->lesion + 1.0;
    if (floor(id) != id)
        return HEP_FAIL(at->err, HEP_EFORMAT, "%s: lesions[%zu].id: %g is not a whole number",
                        at->path, at->lesion, id);
    r->id = (int32_t)id;
    return HEP_OK;
}

static int read_size(struct hep_lesion_record *r, const struct place *at)
{
    double volume_ml;
    int rc = read_number(&r->diameter_mm, at, r->json, "long_axis_mm", 0.0, 1e4);

    if (rc == HEP_OK)
        rc = read_number(&volume_ml, at, r->json, "volume_ml", 0.0, 1e5);
    if (rc == HEP_OK && isnan(r->diameter_mm))
        r->diameter_mm = hep_ball_diameter(1000.0 * volume_ml);
    return rc;
}

static int read_class(struct hep_lesion_record *r, const struct place *at)
{
    const struct hep_json *node = hep_json_get(r->json, "class");
    const char *names[HEP_CLASS_COUNT], *near, *text = hep_json_string(node);

    r->class = HEP_CLASS_COUNT;
    if (!is_given(node))
        return HEP_OK;
    if (text == NULL)
        return wrong_type(at, "class", node, "a name");
    r->class = hep_class_from_name(text);
    if (r->class != HEP_CLASS_COUNT)
        return HEP_OK;
    for (int c = 0; c < (int)HEP_CLASS_COUNT; c++)
        names[c] = hep_class_name((enum hep_lesion_class)c);
    near = hep_did_you_mean(text, names, HEP_CLASS_COUNT);
    return HEP_FAIL(at->err, HEP_EFORMAT,
                    "%s: lesions[%zu].class: unknown '%.60s'%s%s (metastasis, cyst, haemangioma, "
                    "fnh_like, focal_fat, fat_sparing, other)",
                    at->path, at->lesion, text, near != NULL ? ", did you mean " : "",
                    near != NULL ? near : "");
}

static int read_flag(struct hep_lesion_record *r, const struct place *at,
                     const struct hep_json *flags, enum hep_flag flag)
{
    const struct hep_json *node = hep_json_get(flags, hep_flag_name(flag));
    const struct hep_json *state = hep_json_get(node, "state");
    const char *text = hep_json_string(state);

    if (!is_given(node))
        return HEP_OK;
    for (int s = 0; text != NULL && s <= (int)HEP_FLAG_PRESENT; s++) {
        if (strcmp(text, hep_flag_state_name((enum hep_flag_state)s)) != 0)
            continue;
        r->flags.given[flag] = true;
        r->flags.state[flag] = (enum hep_flag_state)s;
        return HEP_OK;
    }
    return HEP_FAIL(at->err, HEP_EFORMAT,
                    "%s: lesions[%zu].flags.%s.state: '%.60s' is none of present, absent, "
                    "not_assessable",
                    at->path, at->lesion, hep_flag_name(flag), text != NULL ? text : "");
}

static int read_flags(struct hep_lesion_record *r, const struct place *at)
{
    const struct hep_json *flags = hep_json_get(r->json, "flags");
    int rc = HEP_OK;

    if (!is_given(flags))
        return HEP_OK;
    if (hep_json_type(flags) != HEP_JSON_OBJECT)
        return wrong_type(at, "flags", flags, "an object");
    for (int f = 0; rc == HEP_OK && f < (int)HEP_FLAG_COUNT; f++)
        rc = read_flag(r, at, flags, (enum hep_flag)f);
    return rc;
}

/* The prior stands among the evidence. */
static int read_prior(struct hep_lesion_record *r, const struct place *at)
{
    const struct hep_json *evidence = hep_json_get(r->json, "evidence");
    int rc = HEP_OK;

    r->prior = (double)NAN;
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(evidence); i++) {
        const struct hep_json *item = hep_json_at(evidence, i);
        const char *name = hep_json_string(hep_json_get(item, "name"));

        if (name != NULL && strcmp(name, "prior") == 0)
            rc = read_number(&r->prior, at, item, "value", 0.0, 1.0);
    }
    return rc;
}

static int read_record(struct hep_lesion_record *r, const struct place *at)
{
    int rc;

    if (hep_json_type(r->json) != HEP_JSON_OBJECT)
        return HEP_FAIL(at->err, HEP_EFORMAT, "%s: lesions[%zu]: %s instead of an object", at->path,
                        at->lesion, hep_json_type_name(hep_json_type(r->json)));
    rc = read_id(r, at);
    if (rc == HEP_OK)
        rc = read_centre(r, at);
    if (rc == HEP_OK)
        rc = read_size(r, at);
    if (rc == HEP_OK)
        rc = read_class(r, at);
    if (rc == HEP_OK)
        rc = read_number(&r->probability, at, r->json, "probability_metastasis", 0.0, 1.0);
    if (rc == HEP_OK)
        rc = read_number(&r->detection_score, at, r->json, "detection_score", -1e30, 1e30);
    if (rc == HEP_OK)
        rc = read_prior(r, at);
    return rc == HEP_OK ? read_flags(r, at) : rc;
}

static int by_id(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

static int check_ids(const struct hep_lesion_file *f, const char *path, struct hep_error *err)
{
    int32_t *ids = hep_calloc(f->n + 1, sizeof *ids, err);
    int rc = HEP_OK;

    if (ids == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < f->n; i++)
        ids[i] = f->list[i].id;
    qsort(ids, f->n, sizeof *ids, by_id);
    for (size_t i = 1; rc == HEP_OK && i < f->n; i++)
        if (ids[i] == ids[i - 1])
            rc = HEP_FAIL(err, HEP_EFORMAT, "%s: two lesions have the id %d", path, ids[i]);
    free(ids);
    return rc;
}

static int read_list(struct hep_lesion_file *f, const char *path, struct hep_error *err)
{
    const struct hep_json *list = hep_json_get(f->root, "lesions");
    int rc = HEP_OK;

    if (hep_json_type(list) != HEP_JSON_ARRAY)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: no list \"lesions\" (%s)", path,
                        hep_json_type_name(hep_json_type(list)));
    f->reference = hep_json_string(hep_json_get(f->root, "reference"));
    f->absent_reason = hep_json_string(hep_json_get(f->root, "lesions_absent_reason"));
    f->n = hep_json_size(list);
    if (HEP_NEW(f->list, f->n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < f->n; i++) {
        const struct place at = { path, i, err };

        f->list[i].json = hep_json_at(list, i);
        rc = read_record(&f->list[i], &at);
    }
    return rc == HEP_OK ? check_ids(f, path, err) : rc;
}

int hep_lesion_file_read(struct hep_lesion_file *out, const char *path, struct hep_error *err)
{
    struct hep_lesion_file f = { 0 };
    int rc = hep_json_read(&f.root, path, err);

    if (rc == HEP_OK)
        rc = read_list(&f, path, err);
    if (rc == HEP_OK)
        *out = f;
    else
        hep_lesion_file_release(&f);
    return rc;
}

void hep_lesion_file_release(struct hep_lesion_file *f)
{
    hep_json_free(f->root);
    free(f->list);
    *f = (struct hep_lesion_file){ 0 };
}

/* ---- place ----------------------------------------------------------------------------------- */

static bool has_place(const struct hep_lesion_record *r)
{
    return isfinite(r->centre_mm[0]);
}

static void place_one(struct hep_lesion_record *r, const struct hep_labels *mask)
{
    const size_t *n = mask->grid.n, voxels = hep_grid_voxels(&mask->grid);
    double sum[3] = { 0 }, count = 0.0;

    for (size_t i = 0; i < voxels; i++) {
        const size_t at[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };

        if (mask->data[i] != r->id)
            continue;
        for (size_t k = 0; k < 3; k++)
            sum[k] += (double)at[k];
        count += 1.0;
    }
    if (count == 0.0)
        return;
    for (size_t k = 0; k < 3; k++)
        sum[k] /= count;
    if (!has_place(r))
        hep_grid_to_world(r->centre_mm, &mask->grid, sum);
    if (isnan(r->diameter_mm))
        r->diameter_mm = hep_ball_diameter(count * hep_grid_voxel_mm3(&mask->grid));
}

int hep_lesion_file_place(struct hep_lesion_file *f, const struct hep_labels *mask,
                          const char *path, struct hep_error *err)
{
    for (size_t i = 0; i < f->n; i++) {
        struct hep_lesion_record *r = &f->list[i];

        if (mask != NULL && (!has_place(r) || isnan(r->diameter_mm)))
            place_one(r, mask);
        if (!has_place(r))
            return HEP_FAIL(err, HEP_EFORMAT,
                            "%s: lesions[%zu]: neither centre_mm nor voxels of id %d in a mask",
                            path, i, r->id);
    }
    return HEP_OK;
}
