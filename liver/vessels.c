#include "liver/vessels.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/filter_smooth.h"
#include "image/mask.h"
#include "image/stats.h"
#include "liver/vessel_names.h"

#include <math.h>
#include <stdlib.h>

#define MAX_SPOTS 4096 /* room: 40 spots in each of 100 slices */
/* Aorta and vena cava have 15 to 30 mm: spots of 9 to 37 mm across, with partial volume. */
#define SPOT_MIN_MM2 60.0
#define SPOT_MAX_MM2 1100.0
#define SPOT_RATIO_MAX 2.0 /* of the areas in neighbouring slices: a merged spot is no vessel */
#define STEP_MM 5.0        /* a trunk leans less than 60 degrees from the body's axis */
#define LENGTH_MIN_MM 45.0 /* of a trunk; spots of the bowel and of branches are shorter */
/* Least ratio of the axes of a spot: the aorta is round and hardly oblique, the cava flattened. */
#define AORTA_ROUND 0.6
#define CAVA_ROUND 0.4
#define SOLID 0.75 /* area over that of the ellipse with its moments: less has a waist or a hole */
/* Trunks as bright as half of the way from ordinary tissue to the brightest blood, 0.35 of it where
 * none is; the brightest 1.5 % of the corridor are blood, since an aorta fills more of it. */
#define BLOOD_QUANTILE 0.985
static const double blood_shares[] = { 0.5, 0.35 };
/* Left and right of the middle, in front of the back, where the aorta runs before the spine [mm]. */
#define AORTA_CORRIDOR -45.0, 20.0, 40.0, 120.0
/* The cava runs to the right of the aorta, beside the spine, not where the mesenteric and portal
 * veins are. */
#define CAVA_RIGHT_FROM_MM 12.0
#define CAVA_RIGHT_TO_MM 60.0
#define CAVA_BEHIND_MM 24.0
#define CAVA_BEFORE_MM 14.0
#define LIVER_EDGE_MM 6.0 /* from the border of the liver, for the same reason */
#define LOCAL_MM 20.0     /* sigma of the liver's local mean: wider than any vessel */
#define TEXTURE_MIN 0.03  /* of log signal: what is less unlike liver is not seen as a vessel */
/* The portal vein has up to 13 mm (Weinreb et al., AJR 1982;139:497): what holds a ball of 15 mm is
 * no vessel, nor what holds one of 8 mm, unless such balls line up over 20 mm as in a trunk. What
 * is left is part of a tree when it reaches 30 mm. */
#define THICK_MM 7.5
#define TRUNK_MM 4.0
#define TRUNK_LONG_MM 20.0
#define LONG_MM 30.0
/* Fat so far below the liver in log signal is told from blood by what lies beyond 0.65 of the way
 * to it: blood is at about half (a ratio of 2.4 between liver and vessel). */
#define FAT_DARK 1.2
#define FAT_SHARE 0.65

/* A connected spot in one axial slice. */
struct spot {
    double x, y, area_mm2;
    size_t z;
    int32_t label;
    bool round;
    long before; /* of the chain; -1 at its start */
    size_t length;
};

struct chain {
    struct spot *spot; /* MAX_SPOTS */
    size_t n;
    struct hep_labels *labels; /* spots of all slices, numbered from 1 */
};

/* Where a vessel may run, and how round it is at least. */
struct corridor {
    struct hep_liver_box box;
    double min_round;
};

static void moments(struct spot *s, const double m[6], double min_round)
{
    const double cx = m[1] / m[0], cy = m[2] / m[0];
    const double xx = m[3] / m[0] - cx * cx + 1.0 / 12.0, yy = m[4] / m[0] - cy * cy + 1.0 / 12.0;
    const double xy = m[5] / m[0] - cx * cy;
    const double mean = 0.5 * (xx + yy), d = sqrt(0.25 * (xx - yy) * (xx - yy) + xy * xy);
    const double ellipse = 4.0 * HEP_PI * sqrt(fmax(mean * mean - d * d, 1e-9));

    s->x = cx;
    s->y = cy;
    s->round = sqrt(fmax(mean - d, 0.0) / (mean + d)) >= min_round && m[0] / ellipse >= SOLID;
}

/* Give one spot of a slice its number and collect its moments; the stack holds voxels of the slice.
 */
static void flood(double m[6], struct hep_labels *labels, const struct hep_labels *mask,
                  size_t start, int32_t number, size_t *stack)
{
    const size_t nx = mask->grid.n[0], ny = mask->grid.n[1];
    size_t top = 0;

    stack[top++] = start;
    labels->data[start] = number;
    while (top > 0) {
        const size_t i = stack[--top], x = i % nx, y = i / nx % ny;
        const size_t next[4] = { x > 0 ? i - 1 : i, x + 1 < nx ? i + 1 : i, y > 0 ? i - nx : i,
                                 y + 1 < ny ? i + nx : i };
        const double add[6] = {
            1.0, (double)x, (double)y, (double)(x * x), (double)(y * y), (double)(x * y)
        };

        for (int k = 0; k < 6; k++)
            m[k] += add[k];
        for (int k = 0; k < 4; k++) {
            if (mask->data[next[k]] != 0 && labels->data[next[k]] == 0) {
                labels->data[next[k]] = number;
                stack[top++] = next[k];
            }
        }
    }
}

static int find_spots(struct chain *c, const struct hep_labels *mask, double min_round,
                      struct hep_error *err)
{
    const size_t slice = mask->grid.n[0] * mask->grid.n[1];
    const double mm2 = HEP_LIVER_FINE_MM * HEP_LIVER_FINE_MM;
    size_t *stack = hep_calloc(slice, sizeof *stack, err);

    if (stack == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < hep_grid_voxels(&mask->grid) && c->n < MAX_SPOTS; i++) {
        struct spot *s = &c->spot[c->n];
        double m[6] = { 0.0 };

        if (mask->data[i] == 0 || c->labels->data[i] != 0)
            continue;
        flood(m, c->labels, mask, i, (int32_t)c->n + 1, stack);
        *s = (struct spot){ .area_mm2 = m[0] * mm2,
                            .z = i / slice,
                            .label = (int32_t)c->n + 1,
                            .before = -1,
                            .length = 1 };
        moments(s, m, min_round);
        c->n++;
    }
    free(stack);
    return HEP_OK;
}

static bool usable(const struct spot *s)
{
    return s->round && s->area_mm2 >= SPOT_MIN_MM2 && s->area_mm2 <= SPOT_MAX_MM2;
}

/* Longest chain; its last spot, or -1. Spots come in order of their slices. */
static long longest(struct chain *c)
{
    long best = -1;

    for (size_t i = 0; i < c->n; i++) {
        struct spot *s = &c->spot[i];

        if (!usable(s))
            continue;
        for (size_t j = i; j-- > 0 && c->spot[j].z + 1 >= s->z;) {
            const struct spot *t = &c->spot[j];
            const double step = hypot(s->x - t->x, s->y - t->y) * HEP_LIVER_FINE_MM;
            const double ratio = fmax(s->area_mm2 / t->area_mm2, t->area_mm2 / s->area_mm2);

            if (t->z + 1 == s->z && usable(t) && step <= STEP_MM && ratio < SPOT_RATIO_MAX &&
                t->length + 1 > s->length) {
                s->length = t->length + 1;
                s->before = (long)j;
            }
        }
        if (best < 0 || s->length > c->spot[best].length)
            best = (long)i;
    }
    return best;
}

/* A vessel of the map that is brighter than `threshold` in an image; its middle [mm] right of the
 * body's and in front of its back, NaN when there is none. */
static int find_trunk(double at[2], struct hep_labels *map, const struct hep_liver_images *im,
                      const struct hep_volume *v, double threshold, const struct corridor *k,
                      enum hep_anatomy organ, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&map->grid);
    struct hep_labels *mask = NULL;
    struct chain c = { 0 };
    double sum[2] = { 0.0, 0.0 };
    long last;
    int rc = hep_labels_new(&mask, &map->grid, err);

    at[0] = at[1] = (double)NAN;
    if (rc == HEP_OK)
        rc = hep_labels_new(&c.labels, &map->grid, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(c.spot, MAX_SPOTS, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        mask->data[i] = (double)v->data[i] > threshold && map->data[i] == HEP_ANATOMY_NONE &&
                        hep_liver_in_box(im, &im->fine, &k->box, i);
    if (rc == HEP_OK)
        rc = find_spots(&c, mask, k->min_round, err);
    if (rc != HEP_OK)
        goto out;
    last = longest(&c);
    if (last < 0 || (double)c.spot[last].length * HEP_LIVER_FINE_MM < LENGTH_MIN_MM)
        goto out;
    memset(mask->data, 0, n * sizeof *mask->data);
    for (long s = last; s >= 0; s = c.spot[s].before) {
        const size_t slice = map->grid.n[0] * map->grid.n[1], z = c.spot[s].z;

        sum[0] += c.spot[s].x / (double)c.spot[last].length;
        sum[1] += c.spot[s].y / (double)c.spot[last].length;
        for (size_t i = z * slice; i < (z + 1) * slice; i++) {
            if (c.labels->data[i] == c.spot[s].label)
                mask->data[i] = 1;
        }
    }
    rc = hep_mask_erode(mask, HEP_LIVER_MIXED_MM, im->nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (mask->data[i] != 0)
            map->data[i] = (int32_t)organ;
    }
    at[0] = im->fine.to_world[0][3] + HEP_LIVER_FINE_MM * sum[0] - im->middle_x;
    at[1] = im->fine.to_world[1][3] + HEP_LIVER_FINE_MM * sum[1] - im->back_y;
out:
    hep_labels_free(mask);
    hep_labels_free(c.labels);
    free(c.spot);
    return rc;
}

/* A share of the way, in logarithms, from ordinary tissue to the brightest blood of a corridor. */
static int blood_threshold(double *out, const struct hep_liver_images *im,
                           const struct hep_volume *v, const struct corridor *k, double share,
                           struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&im->fine);
    float *x = hep_alloc_aligned(n, sizeof *x, err);
    size_t m = 0;

    if (x == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (hep_liver_in_box(im, &im->fine, &k->box, i) && !isnan(v->data[i]))
            x[m++] = v->data[i];
    }
    *out = (1.0 - share) * hep_quantile(x, m, 0.5) + share * hep_quantile(x, m, BLOOD_QUANTILE);
    free(x);
    return HEP_OK;
}

/* The first image and the highest threshold that show the vessel. */
static int search(double at[2], struct hep_labels *map, const struct hep_liver_images *im,
                  const enum hep_image *images, size_t n, const struct corridor *bright,
                  const struct corridor *k, enum hep_anatomy organ, struct hep_error *err)
{
    int rc = HEP_OK;

    at[0] = at[1] = (double)NAN;
    for (size_t i = 0; rc == HEP_OK && isnan(at[0]) && i < n; i++) {
        const struct hep_liver_channel *c = hep_liver_channel_of(im, images[i]);

        for (size_t s = 0; rc == HEP_OK && c != NULL && isnan(at[0]) && s < 2; s++) {
            double threshold;

            rc = blood_threshold(&threshold, im, c->fine, bright, blood_shares[s], err);
            if (rc == HEP_OK)
                rc = find_trunk(at, map, im, c->fine, threshold, k, organ, err);
        }
    }
    return rc;
}

int hep_vessels_trunks(struct hep_labels *map, const struct hep_liver_images *im,
                       struct hep_error *err)
{
    static const enum hep_image first[] = { HEP_IMAGE_ARTERIAL, HEP_IMAGE_PORTAL_VENOUS,
                                            HEP_IMAGE_DELAYED, HEP_IMAGE_TRANSITIONAL };
    static const enum hep_image venous[] = { HEP_IMAGE_PORTAL_VENOUS, HEP_IMAGE_DELAYED,
                                             HEP_IMAGE_TRANSITIONAL };
    const struct corridor aorta = { { AORTA_CORRIDOR }, AORTA_ROUND };
    struct corridor cava;
    double at[2], cava_at[2];
    int rc = search(at, map, im, first, 4, &aorta, &aorta, HEP_ANATOMY_AORTA, err);

    if (rc != HEP_OK || isnan(at[0]))
        return rc;
    cava = (struct corridor){ { at[0] + CAVA_RIGHT_FROM_MM, at[0] + CAVA_RIGHT_TO_MM,
                                at[1] - CAVA_BEHIND_MM, at[1] + CAVA_BEFORE_MM },
                              CAVA_ROUND };
    return search(cava_at, map, im, venous, 3, &aorta, &cava, HEP_ANATOMY_IVC, err);
}

/* ---- inside the liver ------------------------------------------------------------------------ */

/* Sign of blood against liver: -1 darker, +1 brighter, 0 not known. */
static const struct hep_liver_channel *blood_image(const struct hep_liver_images *im, double *sign)
{
    const struct hep_liver_channel *c = &im->channel[0];

    *sign = c->image == HEP_IMAGE_HEPATOBILIARY ? -1.0 : 1.0;
    return c->image == HEP_IMAGE_HEPATOBILIARY || c->image == HEP_IMAGE_PORTAL_VENOUS ||
                   c->image == HEP_IMAGE_DELAYED
               ? c
               : NULL;
}

/* Suppressed fat of the porta and of fissures is darker than blood ever is: it goes, with the mixed
 * voxels around it, which look like blood. */
static int drop_fat(struct hep_labels *mask, const struct hep_liver_images *im,
                    const struct hep_liver_channel *c, const struct hep_volume *mean,
                    struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&mask->grid);
    struct hep_labels *fat = NULL;
    double level = (double)NAN;
    int rc = hep_liver_fat_level(&level, im, err);

    if (rc == HEP_OK)
        rc = hep_labels_new(&fat, &mask->grid, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const double below = (double)mean->data[i] - level;

        fat->data[i] = below > FAT_DARK &&
                       (double)mean->data[i] - (double)c->fine->data[i] > FAT_SHARE * below;
    }
    if (rc == HEP_OK)
        rc = hep_mask_dilate(fat, HEP_LIVER_MIXED_MM, im->nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        mask->data[i] = mask->data[i] != 0 && fat->data[i] == 0;
    hep_labels_free(fat);
    return rc;
}

/* Voxels of the liver that differ from its local mean in one direction. */
static int different(struct hep_labels **out, const struct hep_liver_images *im,
                     const struct hep_liver_channel *c, double sign, const struct hep_labels *liver,
                     struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&im->fine);
    struct hep_labels *inside = NULL;
    struct hep_volume *mean = NULL, *fine = NULL, *gap = NULL;
    struct hep_stats s = { 0 };
    int rc = hep_labels_copy(&inside, liver, err);

    if (rc == HEP_OK)
        rc = hep_mask_erode(inside, LIVER_EDGE_MM, im->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_volume_copy(&mean, c->coarse, err);
    if (rc == HEP_OK)
        rc = hep_smooth_fill(mean, inside->data, LOCAL_MM, im->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_volume_copy(&gap, c->coarse, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&im->coarse); i++)
        gap->data[i] -= mean->data[i];
    if (rc == HEP_OK)
        rc = hep_stats_masked(&s, gap, 0, inside, -1, err);
    if (rc == HEP_OK)
        rc = hep_liver_double(&fine, &im->fine, mean, im->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(out, &im->fine, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const double d = sign * ((double)c->fine->data[i] - (double)fine->data[i] - s.median);

        (*out)->data[i] = inside->data[hep_liver_coarse_of(&im->coarse, &im->fine, i)] != 0 &&
                          d > im->settings->like_sd * fmax(s.mad, TEXTURE_MIN);
    }
    if (rc == HEP_OK && sign < 0.0)
        rc = drop_fat(*out, im, c, fine, err);
    hep_labels_free(inside);
    hep_volume_free(mean);
    hep_volume_free(fine);
    hep_volume_free(gap);
    return rc;
}

/* Parts of a mask that reach less far than length_mm are cleared. */
static int keep_long(struct hep_labels *mask, double length_mm, struct hep_error *err)
{
    const size_t all = hep_grid_voxels(&mask->grid);
    struct hep_labels *parts = NULL;
    struct extent {
        size_t lo[3], hi[3], count;
    } *e = NULL;
    size_t count = 0;
    int rc = hep_mask_components(&parts, &count, mask, 26, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(e, count + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < all; i++) {
        struct extent *p = &e[parts->data[i]];
        size_t c[3];

        hep_grid_place(c, &mask->grid, i);
        for (int a = 0; parts->data[i] > 0 && a < 3; a++) {
            p->lo[a] = p->count == 0 || c[a] < p->lo[a] ? c[a] : p->lo[a];
            p->hi[a] = p->count == 0 || c[a] > p->hi[a] ? c[a] : p->hi[a];
        }
        p->count++;
    }
    for (size_t i = 0; rc == HEP_OK && i < all; i++) {
        const struct extent *p = &e[parts->data[i]];
        double reach2 = 0.0;

        if (parts->data[i] == 0)
            continue;
        for (int a = 0; a < 3; a++)
            reach2 += (double)((p->hi[a] - p->lo[a] + 1) * (p->hi[a] - p->lo[a] + 1));
        mask->data[i] = sqrt(reach2) * HEP_LIVER_FINE_MM >= length_mm;
    }
    free(e);
    hep_labels_free(parts);
    return rc;
}

/* Without what holds a ball of this radius, unless the balls line up over length_mm: lesions. */
static int drop_thick(struct hep_labels *mask, double radius_mm, double length_mm, int nthreads,
                      struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&mask->grid);
    struct hep_labels *thick = NULL, *lined = NULL;
    int rc = hep_labels_copy(&thick, mask, err);

    if (rc == HEP_OK)
        rc = hep_mask_erode(thick, radius_mm, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&lined, thick, err);
    if (rc == HEP_OK)
        rc = keep_long(lined, length_mm, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        thick->data[i] = thick->data[i] != 0 && lined->data[i] == 0;
    if (rc == HEP_OK)
        rc = hep_mask_dilate(thick, radius_mm + 2.0 * HEP_LIVER_FINE_MM, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        mask->data[i] = mask->data[i] != 0 && thick->data[i] == 0;
    hep_labels_free(thick);
    hep_labels_free(lined);
    return rc;
}

int hep_vessels_inside(struct hep_labels *map, const struct hep_liver_images *im,
                       const struct hep_labels *liver, struct hep_error *err)
{
    double sign;
    const struct hep_liver_channel *c = blood_image(im, &sign);
    struct hep_labels *mask = NULL;
    int rc;

    if (c == NULL)
        return HEP_OK;
    rc = different(&mask, im, c, sign, liver, err);
    if (rc == HEP_OK)
        rc = drop_thick(mask, THICK_MM, (double)INFINITY, im->nthreads, err);
    if (rc == HEP_OK)
        rc = drop_thick(mask, TRUNK_MM, TRUNK_LONG_MM, im->nthreads, err);
    if (rc == HEP_OK)
        rc = keep_long(mask, LONG_MM, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&map->grid); i++) {
        if (mask->data[i] != 0)
            map->data[i] = HEP_ANATOMY_VESSELS;
    }
    if (rc == HEP_OK)
        rc = hep_vessels_name(map, mask, im, liver, err);
    hep_labels_free(mask);
    return rc;
}
