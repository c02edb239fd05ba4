#include "fitting/fat_swap.h"

#include "base/alloc.h"
#include "image/mask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEAMS_MIN 0.5 /* of the faces between two regions */
/* Of where the fraction of one of them ends: organs beside fat meet it in mixed voxels. */
#define BORDER_MIN 0.05
#define SKIN_RATIO 3.0 /* one side over the other; people are about symmetric */
#define SKIN_FAT_SOME 0.3
#define SKIN_FROM_MM 3.0 /* beneath the skin itself */

/* A pair of regions that touch, by their roots. */
struct touch {
    size_t a, b;
    bool seam;
    float area_mm2;
};

struct scene {
    const struct hep_grid *grid;
    const float *fraction, *signal;
    size_t n;
    size_t *root;             /* of each voxel of the body, itself outside */
    size_t *count, *skin;     /* of a root: voxels of its region, and those under the skin */
    float *border_mm2;        /* and its faces to another fraction */
    struct hep_volume *depth; /* mm below the air; 0 outside the body */
    struct touch *touch;
    size_t n_touch;
};

static size_t root_of(struct scene *s, size_t i)
{
    while (s->root[i] != i) {
        s->root[i] = s->root[s->root[i]];
        i = s->root[i];
    }
    return i;
}

static bool in_body(const struct scene *s, size_t i)
{
    return s->depth->data[i] > 0.0F && s->signal[i] > 0.0F && isfinite(s->fraction[i]);
}

static bool goes_on(const struct scene *s, size_t i, size_t k)
{
    return fabs(log((double)s->signal[i] / (double)s->signal[k])) < HEP_SWAP_SIGNAL;
}

static bool is_level(const struct scene *s, size_t i, size_t k)
{
    return fabs((double)s->fraction[i] - (double)s->fraction[k]) < HEP_SWAP_SAME;
}

/* Mixed voxels belong to no region: through them one would reach across every border. */
static bool is_mixed(const struct scene *s, size_t i)
{
    return fabs((double)s->fraction[i] - 0.5) < HEP_SWAP_MIXED;
}

static bool is_same(const struct scene *s, size_t i, size_t k)
{
    return !is_mixed(s, i) && !is_mixed(s, k) && is_level(s, i, k) && goes_on(s, i, k);
}

static bool is_seam(const struct scene *s, size_t i, size_t k)
{
    const double x = (double)s->fraction[i], y = (double)s->fraction[k];

    return fabs(x - y) > HEP_SWAP_JUMP && fabs(x + y - 1.0) < HEP_SWAP_SAME && goes_on(s, i, k);
}

typedef int face_function(struct scene *s, size_t i, size_t k, int axis, struct hep_error *err);

/* Every pair of neighbours that share a face, both in the body. */
static int each_face(struct scene *s, face_function *f, struct hep_error *err)
{
    const size_t *n = s->grid->n, step[3] = { 1, n[0], n[0] * n[1] };
    size_t at[3], i = 0;
    int rc = HEP_OK;

    for (at[2] = 0; at[2] < n[2]; at[2]++)
        for (at[1] = 0; at[1] < n[1]; at[1]++)
            for (at[0] = 0; at[0] < n[0]; at[0]++, i++)
                for (int a = 0; rc == HEP_OK && a < 3; a++)
                    if (at[a] + 1 < n[a] && in_body(s, i) && in_body(s, i + step[a]))
                        rc = f(s, i, i + step[a], a, err);
    return rc;
}

static int join(struct scene *s, size_t i, size_t k, int axis, struct hep_error *err)
{
    (void)axis;
    (void)err;
    if (is_same(s, i, k)) {
        const size_t a = root_of(s, i), b = root_of(s, k);

        s->root[a < b ? b : a] = a < b ? a : b;
    }
    return HEP_OK;
}

static bool is_large(const struct scene *s, size_t root)
{
    return (double)s->count[root] * hep_grid_voxel_mm3(s->grid) >= 1000.0 * HEP_SWAP_REGION_ML;
}

static int note_touch(struct scene *s, size_t i, size_t k, int axis, struct hep_error *err)
{
    const size_t a = root_of(s, i), b = root_of(s, k);
    double step[3];
    float area_mm2;
    int rc;

    if (a == b || is_level(s, i, k))
        return HEP_OK;
    hep_grid_spacing(step, s->grid);
    area_mm2 = (float)(hep_grid_voxel_mm3(s->grid) / step[axis]);
    s->border_mm2[a] += area_mm2;
    s->border_mm2[b] += area_mm2;
    if (!is_large(s, a) || !is_large(s, b))
        return HEP_OK;
    rc = HEP_GROW(s->touch, s->n_touch, err);
    if (rc == HEP_OK)
        s->touch[s->n_touch++] =
            (struct touch){ a < b ? a : b, a < b ? b : a, is_seam(s, i, k), area_mm2 };
    return rc;
}

static int by_pair(const void *pa, const void *pb)
{
    const struct touch *x = pa, *y = pb;

    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return x->b != y->b ? (x->b < y->b ? -1 : 1) : 0;
}

static double mean_fraction(const struct scene *s, size_t root)
{
    double sum = 0.0;

    for (size_t i = 0; i < s->n; i++)
        if (in_body(s, i) && s->root[i] == root)
            sum += (double)s->fraction[i];
    return sum / (double)s->count[root];
}

/* Which of two regions of one tissue is exchanged. */
static size_t exchanged_of(const struct scene *s, size_t a, size_t b)
{
    const bool a_is_fat = mean_fraction(s, a) > mean_fraction(s, b),
               skin = 2 * (s->skin[a] + s->skin[b]) > s->count[a] + s->count[b];

    return a_is_fat == skin ? b : a;
}

static void mark_region(uint8_t *exchanged, struct hep_swap *out, const struct scene *s,
                        size_t root)
{
    bool before = false;

    for (size_t i = 0; i < s->n; i++) {
        if (!in_body(s, i) || s->root[i] != root)
            continue;
        before = before || exchanged[i] != 0;
        out->n_voxels += exchanged[i] == 0;
        exchanged[i] = 1;
    }
    out->n_regions += !before;
}

static void judge_pairs(uint8_t *exchanged, struct hep_swap *out, struct scene *s)
{
    qsort(s->touch, s->n_touch, sizeof *s->touch, by_pair);
    for (size_t i = 0, k; i < s->n_touch; i = k) {
        double seam_mm2 = 0.0, all_mm2 = 0.0;

        for (k = i; k < s->n_touch && by_pair(&s->touch[i], &s->touch[k]) == 0; k++) {
            all_mm2 += (double)s->touch[k].area_mm2;
            seam_mm2 += s->touch[k].seam ? (double)s->touch[k].area_mm2 : 0.0;
        }
        if (seam_mm2 < 100.0 * HEP_SWAP_SEAM_CM2 || seam_mm2 < SEAMS_MIN * all_mm2 ||
            seam_mm2 < BORDER_MIN * (double)fminf(s->border_mm2[s->touch[i].a],
                                                  s->border_mm2[s->touch[i].b]))
            continue;
        out->seam_cm2 += seam_mm2 / 100.0;
        mark_region(exchanged, out, s, exchanged_of(s, s->touch[i].a, s->touch[i].b));
    }
}

/* What reads as fat and hangs together with an exchanged organ is as likely exchanged as true fat. */
static int spread(uint8_t *exchanged, struct hep_swap *out, struct scene *s, struct hep_error *err)
{
    const size_t *n = s->grid->n, step[3] = { 1, n[0], n[0] * n[1] };
    size_t *waiting = NULL, n_waiting = 0;
    int rc = HEP_NEW(waiting, s->n, err);

    for (size_t i = 0; rc == HEP_OK && i < s->n; i++)
        if (exchanged[i] != 0 && s->fraction[i] > 0.5F)
            waiting[n_waiting++] = i;
    while (n_waiting > 0) {
        const size_t i = waiting[--n_waiting];
        const size_t at[3] = { i % n[0], i / n[0] % n[1], i / step[2] };

        for (int k = 0; k < 6; k++) {
            const int a = k / 2;
            const size_t next = k % 2 == 0 ? i + step[a] : i - step[a];

            if ((k % 2 == 0 ? at[a] + 1 >= n[a] : at[a] == 0) || !in_body(s, next) ||
                exchanged[next] != 0 || !((double)s->fraction[next] > 0.5 + HEP_SWAP_MIXED))
                continue;
            exchanged[next] = 1;
            out->n_voxels++;
            waiting[n_waiting++] = next;
        }
    }
    free(waiting);
    return rc;
}

static void look_at_skin(struct hep_swap *out, const struct scene *s)
{
    size_t n[2] = { 0 }, fat[2] = { 0 };
    double middle = 0.0, all = 0.0;

    for (size_t i = 0; i < s->n; i++) {
        if (in_body(s, i)) {
            middle += (double)(i % s->grid->n[0]);
            all += 1.0;
        }
    }
    for (size_t i = 0; i < s->n; i++) {
        const float depth = s->depth->data[i];
        const int half = (double)(i % s->grid->n[0]) * all > middle;

        if (!in_body(s, i) || depth < (float)SKIN_FROM_MM || depth > (float)HEP_SWAP_SKIN_MM)
            continue;
        n[half]++;
        fat[half] += s->fraction[i] > 0.5F;
    }
    for (int half = 0; half < 2; half++)
        out->skin_fat_frac[half] = n[half] > 0 ? (double)fat[half] / (double)n[half] : (double)NAN;
}

/* The body, its depth, and the regions in it. */
static int open_scene(struct scene *s, const struct hep_grid *grid, struct hep_error *err)
{
    struct hep_volume *signal = NULL;
    struct hep_labels *body = NULL;
    int rc = hep_volume_new(&signal, grid, 1, err);

    if (rc == HEP_OK) {
        (void)memcpy(signal->data, s->signal, s->n * sizeof *s->signal);
        rc = hep_body_mask(&body, signal, 0, err);
    }
    if (rc == HEP_OK)
        rc = hep_mask_distance(&s->depth, body, true, 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(s->root, s->n, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(s->count, s->n, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(s->skin, s->n, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(s->border_mm2, s->n, err);
    for (size_t i = 0; rc == HEP_OK && i < s->n; i++)
        s->root[i] = i;
    if (rc == HEP_OK)
        rc = each_face(s, join, err);
    for (size_t i = 0; rc == HEP_OK && i < s->n; i++) {
        s->root[i] = root_of(s, i);
        if (in_body(s, i)) {
            s->count[s->root[i]]++;
            s->skin[s->root[i]] += (double)s->depth->data[i] < HEP_SWAP_SKIN_MM;
        }
    }
    hep_volume_free(signal);
    hep_labels_free(body);
    return rc;
}

int hep_swap_find(uint8_t *exchanged, struct hep_swap *out, const float *fraction,
                  const float *signal, const struct hep_grid *grid, struct hep_error *err)
{
    struct scene s = {
        .grid = grid, .fraction = fraction, .signal = signal, .n = hep_grid_voxels(grid)
    };
    struct hep_error none = { 0 };
    int rc = open_scene(&s, grid, &none);

    *out = (struct hep_swap){ .skin_fat_frac = { (double)NAN, (double)NAN } };
    (void)memset(exchanged, 0, s.n);
    if (rc == HEP_OK)
        rc = each_face(&s, note_touch, &none);
    if (rc == HEP_OK) {
        judge_pairs(exchanged, out, &s);
        look_at_skin(out, &s);
        rc = spread(exchanged, out, &s, &none);
    }
    free(s.root);
    free(s.count);
    free(s.skin);
    free(s.border_mm2);
    free(s.touch);
    hep_volume_free(s.depth);
    return rc == HEP_ENOMEM ? HEP_FAIL(err, HEP_ENOMEM, "%s", none.msg) : HEP_OK;
}

bool hep_swap_skin_text(char text[HEP_SWAP_TEXT], const struct hep_swap *s)
{
    const double lo = fmin(s->skin_fat_frac[0], s->skin_fat_frac[1]),
                 hi = fmax(s->skin_fat_frac[0], s->skin_fat_frac[1]);

    text[0] = '\0';
    if (!(SKIN_RATIO * lo < hi && hi > SKIN_FAT_SOME))
        return false;
    (void)snprintf(
        text, HEP_SWAP_TEXT,
        "%.0f %% of the tissue under the skin reads as fat on one side and %.0f %% on the "
        "other: water and fat are exchanged there (swap)",
        100.0 * lo, 100.0 * hi);
    return true;
}
