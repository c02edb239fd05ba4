#include "datasets/study.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* The series that findings are made on comes first (the reference of a run), then the others by how much they show. */
static const enum hep_role by_preference[] = {
    HEP_ROLE_HEPATOBILIARY, HEP_ROLE_PORTAL_VENOUS, HEP_ROLE_DELAYED, HEP_ROLE_TRANSITIONAL,
    HEP_ROLE_ARTERIAL,      HEP_ROLE_PRECONTRAST,   HEP_ROLE_T2,      HEP_ROLE_DWI,
    HEP_ROLE_IN_PHASE,      HEP_ROLE_OPPOSED,
};

/* A box in world space: its centre, and its sides as vectors. */
struct world_box {
    const char *series;
    double centre_mm[3], side_mm[3][3], voxel_mm[3];
};

static void to_world(struct world_box *out, const struct hep_placed_series *p,
                     const struct hep_case_box *b)
{
    double voxel[3];

    *out = (struct world_box){ .series = hep_role_name(p->from->row->role) };
    hep_grid_spacing(out->voxel_mm, &p->grid);
    for (int k = 0; k < 3; k++) {
        voxel[k] = 0.5 * (b->low[k] + b->high[k]) - (k == 2 ? 0.5 : 0.0);
        for (int i = 0; i < 3; i++)
            out->side_mm[k][i] = p->grid.to_world[i][k] * (b->high[k] - b->low[k]);
    }
    hep_grid_to_world(out->centre_mm, &p->grid, voxel);
}

static double length(const double v[3])
{
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

/* The series of a box where it stands in the dataset; NULL when it is left out, or the box is not in its image. */
static const struct hep_placed_series *placed_of(const struct hep_study_work *w,
                                                 const struct hep_case_box *b)
{
    for (size_t i = 0; i < w->n_placed; i++) {
        const struct hep_placed_series *p = &w->placed[i];

        if (p->from != &w->c->series[b->series])
            continue;
        return b->low[0] < (double)p->grid.n[0] && b->low[1] < (double)p->grid.n[1] &&
                       b->high[2] <= (double)p->grid.n[2]
                   ? p
                   : NULL;
    }
    return NULL;
}

static int rank_of(enum hep_role role)
{
    int i = 0;

    while (i < (int)(sizeof by_preference / sizeof by_preference[0]) && by_preference[i] != role)
        i++;
    return i;
}

/* The boxes of a lesion in world space, the one of the preferred series first. @return how many */
static size_t boxes_of(struct world_box *out, size_t max, const struct hep_study_work *w,
                       size_t lesion)
{
    size_t n = 0, best = 0;
    int rank = INT32_MAX;

    for (size_t i = 0; i < w->c->n_boxes && n < max; i++) {
        const struct hep_case_box *b = &w->c->box[i];
        const struct hep_placed_series *p = b->lesion == lesion ? placed_of(w, b) : NULL;

        if (p == NULL)
            continue;
        to_world(&out[n], p, b);
        if (rank_of(p->from->row->role) < rank) {
            rank = rank_of(p->from->row->role);
            best = n;
        }
        n++;
    }
    if (best > 0) {
        const struct world_box first = out[0];

        out[0] = out[best];
        out[best] = first;
    }
    return n;
}

/* ---- lesions.json ---------------------------------------------------------------------------- */

static void put_class(struct hep_put *p, struct hep_json *o, const struct hep_set_class *class)
{
    if (class == NULL)
        return;
    hep_put_text(p, o, "given_class", class->name);
    if (class->lesion_class != HEP_CLASS_COUNT)
        hep_put_text(p, o, "class", hep_class_name(class->lesion_class));
}

static struct hep_json *box_json(struct hep_put *p, const struct world_box *b)
{
    struct hep_json *o = hep_json_new_object(), *sides = hep_json_new_array();

    hep_put_text(p, o, "series", b->series);
    hep_put_numbers(p, o, "centre_mm", b->centre_mm, 3);
    for (int k = 0; k < 3; k++) {
        struct hep_json *side = hep_json_new_array();

        for (int i = 0; i < 3; i++)
            hep_put_item(p, side, hep_json_new_number(b->side_mm[k][i]));
        hep_put_item(p, sides, side);
    }
    hep_put(p, o, "sides_mm", sides);
    hep_put_numbers(p, o, "voxel_mm", b->voxel_mm, 3);
    return o;
}

/* Long axis: the longer side within the slice, as lesions are measured; volume: that of the ellipsoid in the box. */
static struct hep_json *boxed_lesion(struct hep_put *p, const struct hep_case_lesion *l, size_t id,
                                     const struct world_box *boxes, size_t n)
{
    struct hep_json *o = hep_json_new_object(), *list = hep_json_new_array();
    const double a = length(boxes[0].side_mm[0]), b = length(boxes[0].side_mm[1]),
                 c = length(boxes[0].side_mm[2]);

    hep_put_count(p, o, "id", id);
    hep_put(p, o, "given_index", hep_json_new_integer(l->index));
    put_class(p, o, l->class);
    hep_put_numbers(p, o, "centre_mm", boxes[0].centre_mm, 3);
    hep_put_number(p, o, "long_axis_mm", fmax(a, b));
    hep_put_number(p, o, "volume_ml", HEP_PI / 6.0 * a * b * c / 1000.0);
    for (size_t i = 0; i < n; i++)
        hep_put_item(p, list, box_json(p, &boxes[i]));
    hep_put(p, o, "boxes", list);
    return o;
}

/* Two opposite corners, along the axes of the world: sides of oblique boxes are those around them. */
static void given_line(struct hep_str *out, const struct world_box *b, const char *name)
{
    for (int end = -1; end <= 1; end += 2)
        for (int i = 0; i < 3; i++) {
            const double half =
                0.5 * (fabs(b->side_mm[0][i]) + fabs(b->side_mm[1][i]) + fabs(b->side_mm[2][i]));

            hep_str_addf(out, "%.9g\t", b->centre_mm[i] + end * half);
        }
    hep_str_addf(out, "%s\n", name);
}

static int write_given(const struct hep_study_work *w, struct hep_str *rows, struct hep_error *err)
{
    struct hep_str text = { 0 };
    char *dir = hep_path_join(w->given, "anat", err),
         *name = hep_asprintf(err, "%s_label-lesions_boxes.tsv", w->label);
    int rc = dir != NULL && name != NULL ? hep_mkdir_p(dir, err) : HEP_ENOMEM;

    hep_str_add(&text, "x1\ty1\tz1\tx2\ty2\tz2\tname\n");
    hep_str_add(&text, rows->s != NULL ? rows->s : "");
    if (rc == HEP_OK)
        rc = hep_str_write(&text, dir, name, err);
    else
        hep_str_release(&text);
    free(dir);
    free(name);
    return rc;
}

static int add_boxed(struct hep_put *p, struct hep_json *list, struct hep_study_work *w,
                     struct hep_error *err)
{
    struct world_box boxes[HEP_ROLE_COUNT];
    struct hep_str given = { 0 };
    size_t id = 0;

    for (size_t i = 0; p->rc == HEP_OK && i < w->c->n_lesions; i++) {
        const struct hep_case_lesion *l = &w->c->lesion[i];
        const size_t n = boxes_of(boxes, HEP_ROLE_COUNT, w, i);
        char name[32];

        if (n == 0) {
            p->rc = hep_lines_addf(&w->c->notes, err,
                                   "lesion %ld has no box in an image that is there", l->index);
            continue;
        }
        hep_put_item(p, list, boxed_lesion(p, l, ++id, boxes, n));
        (void)snprintf(name, sizeof name, "lesion %zu", id);
        given_line(&given, &boxes[0], name);
    }
    if (p->rc == HEP_OK && id > 0)
        p->rc = write_given(w, &given, err);
    hep_str_release(&given);
    return p->rc;
}

static void add_masked(struct hep_put *p, struct hep_json *list, const struct hep_study_work *w,
                       size_t n, const char *class_name)
{
    for (size_t i = 1; i <= n; i++) {
        struct hep_json *o = hep_json_new_object();

        hep_put_count(p, o, "id", i);
        put_class(p, o, hep_set_class_named(w->q->set, class_name));
        hep_put_item(p, list, o);
    }
}

static struct hep_json *types_json(struct hep_put *p, const struct hep_study_work *w)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < w->n_placed; i++) {
        const struct hep_placed_series *s = &w->placed[i];
        struct hep_json *o;

        if (s->from->type[0] == '\0')
            continue;
        o = hep_json_new_object();
        hep_put_text(p, o, "file", s->relative);
        hep_put_text(p, o, "type", s->from->type);
        if (s->from->type_role != HEP_ROLE_COUNT)
            hep_put_text(p, o, "role", hep_role_name(s->from->type_role));
        hep_put_item(p, list, o);
    }
    return list;
}

int hep_study_truth(struct hep_study_work *w, struct hep_error *err)
{
    const struct hep_set *set = w->q->set;
    struct hep_json *root = hep_json_new_object(), *list = hep_json_new_array();
    struct hep_put p = { HEP_OK, err };
    const char *class_name = NULL;
    char *name = hep_asprintf(err, "%s_lesions.json", w->label);
    size_t n_masked = 0;

    p.rc = name == NULL ? HEP_ENOMEM : hep_study_masks(w, &n_masked, &class_name, err);
    if (p.rc == HEP_OK)
        p.rc = hep_mkdir_p(w->truth, err);
    if (p.rc == HEP_OK)
        (void)add_boxed(&p, list, w, err);
    add_masked(&p, list, w, n_masked, class_name);
    hep_put_text(&p, root, "study", w->label);
    hep_put_bool(&p, root, "lesions_known", set->judged.lesions);
    if (w->c->class != NULL) {
        hep_put_text(&p, root, "patient_given_class", w->c->class->name);
        if (w->c->class->lesion_class != HEP_CLASS_COUNT)
            hep_put_text(&p, root, "patient_class", hep_class_name(w->c->class->lesion_class));
    }
    hep_put(&p, root, "lesions", list);
    hep_put(&p, root, "series", types_json(&p, w));
    if (p.rc == HEP_OK)
        p.rc = hep_json_write_in(w->truth, name, root, err);
    hep_json_free(root);
    free(name);
    return p.rc;
}
