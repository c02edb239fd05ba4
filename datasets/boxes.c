#include "datasets/cases.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

/*
 * {"Annotation_info": {"MR1": [{"studyUID", "seriesUID", "phase", "pixel_spacing": [x, y], "slice_thickness", "annotation":
 * {"lesion": {"0": {"category", "bbox": {"3D_box": {"x_min", "y_min", "z_min", "x_max", "y_max", "z_max"}}}}}}]}}. The box of a
 * lesion has the same key in every series.
 */
struct reading {
    struct hep_cases *cases;
    const struct hep_set *set;
    const char *path; /* of the file */
    size_t n_missing; /* images that it names and that are not there */
    struct hep_error *err;
};

#define BAD(r, c, ...) bad((r), (c)->name, __VA_ARGS__)
static int HEP_PRINTF(3, 4) bad(struct reading *r, const char *name, const char *fmt, ...)
{
    char text[160];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return HEP_FAIL(r->err, HEP_EDATASET, "%s: %s: %s", r->path, name, text);
}

/* A number, or one that is written as text. */
static double number_of(const struct hep_json *node)
{
    double x = hep_json_number(node);
    const char *text = hep_json_string(node);

    if (text != NULL && hep_parse_double(&x, text, NULL) != HEP_OK)
        x = (double)NAN;
    return x;
}

static const struct hep_set_series *row_of(const struct hep_set *set, const char *phase)
{
    for (size_t i = 0; i < set->n_series; i++)
        if (strcmp(set->series[i].phase, phase) == 0)
            return &set->series[i];
    return NULL;
}

static const struct hep_set_class *class_of(const struct hep_set *set, double value)
{
    for (size_t i = 0; i < set->n_classes; i++)
        if (set->class[i].value == value)
            return &set->class[i];
    return NULL;
}

/* The lesion of this key, which all series of a case share, and one class. */
static int lesion_of(size_t *out, struct reading *r, struct hep_case *c, const char *key,
                     double category)
{
    const struct hep_set_class *class = class_of(r->set, category);
    long index = 0;
    size_t i = 0;
    int rc;

    if (hep_parse_long(&index, key, NULL) != HEP_OK)
        return BAD(r, c, "lesion '%.20s': a number is wanted", key);
    if (class == NULL)
        return BAD(r, c, "lesion %ld: category %g is none of %s", index, category, r->set->name);
    while (i < c->n_lesions && c->lesion[i].index != index)
        i++;
    *out = i;
    if (i < c->n_lesions)
        return c->lesion[i].class == class ? HEP_OK
                                           : BAD(r, c,
                                                 "lesion %ld is %s in one series and %s in another",
                                                 index, c->lesion[i].class->name, class->name);
    rc = HEP_GROW(c->lesion, c->n_lesions, r->err);
    if (rc == HEP_OK)
        c->lesion[c->n_lesions++] = (struct hep_case_lesion){ index, class };
    return rc;
}

static int read_box(struct reading *r, struct hep_case *c, size_t series, const char *key,
                    const struct hep_json *node)
{
    static const char *const names[2][3] = { { "x_min", "y_min", "z_min" },
                                             { "x_max", "y_max", "z_max" } };
    const struct hep_json *corners = hep_json_get(hep_json_get(node, "bbox"), "3D_box");
    struct hep_case_box box = { .series = series };
    int rc = lesion_of(&box.lesion, r, c, key, number_of(hep_json_get(node, "category")));

    for (int k = 0; rc == HEP_OK && k < 3; k++) {
        box.low[k] = number_of(hep_json_get(corners, names[0][k]));
        box.high[k] = number_of(hep_json_get(corners, names[1][k])) + (k == 2 ? 1.0 : 0.0);
        if (!(box.low[k] >= 0.0 && box.high[k] >= box.low[k] && box.high[k] < 1e6))
            rc = BAD(r, c, "lesion %.20s: no box with %s and %s", key, names[0][k], names[1][k]);
    }
    if (rc == HEP_OK)
        rc = HEP_GROW(c->box, c->n_boxes, r->err);
    if (rc == HEP_OK)
        c->box[c->n_boxes++] = box;
    return rc;
}

static void read_spacing(struct hep_case_series *s, const struct hep_json *item)
{
    const struct hep_json *plane = hep_json_get(item, "pixel_spacing");

    for (size_t k = 0; k < 2; k++)
        s->spacing_mm[k] = hep_json_type(plane) == HEP_JSON_ARRAY ? number_of(hep_json_at(plane, k))
                                                                  : number_of(plane);
    s->spacing_mm[2] = number_of(hep_json_get(item, "slice_thickness"));
}

/* Path of the image that an entry names; NULL with err set, or when there is none. */
static char *image_of(struct reading *r, const struct hep_case *c, const char *study,
                      const char *series)
{
    struct hep_captures words = { 0 };
    struct hep_places found = { 0 };
    char *path = NULL;

    if (!hep_captures_set(&words, "case", c->name) || !hep_captures_set(&words, "study", study) ||
        !hep_captures_set(&words, "series", series)) {
        (void)BAD(r, c, "a name of more than %d characters", HEP_WORD_TEXT - 1);
        return NULL;
    }
    if (hep_pattern_find(&found, r->cases->root, r->set->image, &words, r->err) == HEP_OK &&
        found.n > 0)
        path = hep_strdup(found.list[0].path, r->err);
    hep_places_release(&found);
    return path;
}

static bool has_row(const struct hep_case *c, const struct hep_set_series *row)
{
    for (size_t i = 0; i < c->n_series; i++)
        if (c->series[i].row == row)
            return true;
    return false;
}

static int read_entry(struct reading *r, struct hep_case *c, const struct hep_json *item)
{
    const char *study = hep_json_string(hep_json_get(item, "studyUID")),
               *series = hep_json_string(hep_json_get(item, "seriesUID")),
               *phase = hep_json_string(hep_json_get(item, "phase"));
    const struct hep_json *lesions = hep_json_get(hep_json_get(item, "annotation"), "lesion");
    const struct hep_set_series *row = phase != NULL ? row_of(r->set, phase) : NULL;
    struct hep_case_series *s;
    char *path;
    int rc;

    if (study == NULL || series == NULL || phase == NULL)
        return BAD(r, c, "an entry without studyUID, seriesUID or phase");
    if (row == NULL)
        return BAD(r, c, "phase '%.40s' is none of %s", phase, r->set->name);
    if (has_row(c, row))
        return hep_lines_addf(&c->notes, r->err, "a second series of phase %s is left out", phase);
    path = image_of(r, c, study, series);
    if (path == NULL) {
        r->n_missing++;
        return r->err->code != HEP_OK
                   ? (int)r->err->code
                   : hep_lines_addf(&c->notes, r->err, "the image of phase %s is not there", phase);
    }
    rc = hep_case_add_series(&s, c, row, path, r->err);
    free(path);
    if (rc != HEP_OK)
        return rc;
    read_spacing(s, item);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(lesions); i++) {
        const struct hep_json *node = NULL;
        const char *key = hep_json_key_at(lesions, i, &node);

        rc = key != NULL ? read_box(r, c, c->n_series - 1, key, node)
                         : BAD(r, c, "the lesions of phase %s are no object", phase);
    }
    return rc;
}

static int read_case(struct reading *r, const char *name, const struct hep_json *entries)
{
    struct hep_case *c = NULL;
    int rc = hep_cases_add(&c, r->cases, name, r->err);

    if (rc == HEP_OK && hep_json_type(entries) != HEP_JSON_ARRAY)
        return BAD(r, c, "a list of series is wanted");
    if (rc == HEP_OK && !hep_captures_set(&c->words, "case", name))
        return BAD(r, c, "a name of more than %d characters", HEP_WORD_TEXT - 1);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(entries); i++)
        rc = read_entry(r, c, hep_json_at(entries, i));
    if (rc == HEP_OK && c->n_series == 0)
        (void)snprintf(c->excluded, sizeof c->excluded, "none of its %zu images is there",
                       hep_json_size(entries));
    return rc;
}

/* Folders of images that the file does not name: nothing is known of these patients. */
static int note_unknown(struct reading *r)
{
    const char *at = strstr(r->set->image, "{case}");
    char *pattern =
        at == NULL ? NULL
                   : hep_asprintf(r->err, "%.*s", (int)(at - r->set->image) + 6, r->set->image);
    struct hep_places found = { 0 };
    const size_t n = r->cases->n;
    int rc =
        pattern == NULL ? HEP_OK : hep_pattern_find(&found, r->cases->root, pattern, NULL, r->err);

    for (size_t i = 0; rc == HEP_OK && i < found.n; i++) {
        const char *name = hep_captures_get(&found.list[i].words, "case");
        struct hep_case *c = NULL;
        size_t k = 0;

        while (k < n && strcmp(r->cases->list[k].name, name) != 0)
            k++;
        if (k < n || !hep_is_dir(found.list[i].path))
            continue;
        rc = hep_cases_add(&c, r->cases, name, r->err);
        if (rc == HEP_OK)
            (void)snprintf(c->excluded, sizeof c->excluded, "%.200s does not name it",
                           r->set->boxes);
    }
    hep_places_release(&found);
    free(pattern);
    return rc;
}

/* Are there images of none of the patients? Then these are another set's. */
static int check_images(const struct reading *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->cases->n; i++)
        n += r->cases->list[i].n_series > 0;
    if (n > 0)
        return HEP_OK;
    return HEP_FAIL(r->err, HEP_EDATASET,
                    "%s: not the layout of %s: it names %zu patients, and none has an image %s",
                    r->path, r->set->name, r->cases->n, r->set->image);
}

int hep_cases_of_boxes(struct hep_cases *out, const struct hep_set *set, struct hep_error *err)
{
    char *path = hep_path_join(out->root, set->boxes, err);
    struct reading r = { .cases = out, .set = set, .path = path, .err = err };
    struct hep_json *root = NULL;
    const struct hep_json *info;
    const char **keys = NULL;
    size_t n = 0;
    int rc = path == NULL ? HEP_ENOMEM : hep_json_read(&root, path, err);

    info = hep_json_get(root, "Annotation_info");
    if (rc == HEP_OK && hep_json_type(info) != HEP_JSON_OBJECT)
        rc = HEP_FAIL(err, HEP_EDATASET,
                      "%s: not the layout of %s: there is no object \"Annotation_info\"", path,
                      set->name);
    if (rc == HEP_OK)
        rc = hep_json_keys(&keys, &n, info, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = read_case(&r, keys[i], hep_json_get(info, keys[i]));
    if (rc == HEP_OK)
        rc = check_images(&r);
    if (rc == HEP_OK)
        rc = note_unknown(&r);
    free((void *)keys);
    hep_json_free(root);
    free(path);
    return rc;
}
