#include "liver/segment_liver.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/mask.h"
#include "image/resample.h"
#include "image/stats.h"
#include "liver/model.h"
#include "liver/quality.h"
#include "liver/seed.h"
#include "liver/shape.h"
#include "liver/walk.h"
#include "liver/organs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PASSES 2 /* the second knows the liver that the first found, a third changes little */
/* Images shorter than a liver see less of it: a liver has 140 mm, SD 17 mm, in the midclavicular
 * line, Kratzer et al., J Ultrasound Med 2003;22:1155, and rises a little more beside it. */
#define LIVER_HEIGHT_MM 150.0
/* A border inside a voxel thicker than this is smoother than any signal can tell; slices of the
 * liver have 3 to 8 mm (Maino et al., World J Gastroenterol 2023;29:5180). */
#define BAND_MAX_MM 8.0
#define EDGE_NOISE_MIN 0.005 /* of log signal: half a per cent is rounding of integer images */

/* SD of differences between neighbours inside the known liver. */
static int edge_noise(double *sd, const struct hep_volume *v, const struct hep_labels *coarse,
                      struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&v->grid), nx = v->grid.n[0], ny = v->grid.n[1];
    float *d = hep_alloc_aligned(n, sizeof *d, err);
    size_t m = 0;

    if (d == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i + nx < n; i++) {
        if (i / nx % ny + 1 < ny &&
            coarse->data[hep_liver_coarse_of(&coarse->grid, &v->grid, i)] != 0 &&
            !isnan(v->data[i]) && !isnan(v->data[i + nx]))
            d[m++] = fabsf(v->data[i + nx] - v->data[i]);
    }
    *sd = m > 0 ? fmax(HEP_MAD_TO_SD * hep_quantile(d, m, 0.5), EDGE_NOISE_MIN) : 1.0;
    free(d);
    return HEP_OK;
}

static int walk(struct hep_volume **x, const struct hep_liver_images *im,
                const struct hep_liver_model *model, const struct hep_labels *known,
                struct hep_error *err)
{
    const struct hep_volume *edge[HEP_LIVER_CHANNELS];
    double sd[HEP_LIVER_CHANNELS];
    size_t n = 0;
    int rc = HEP_OK;

    for (size_t k = 0; rc == HEP_OK && k < im->n; k++) {
        if (!im->channel[k].exact || im->channel[k].image == HEP_IMAGE_ADC)
            continue;
        edge[n] = im->channel[k].fine;
        rc = edge_noise(&sd[n++], im->channel[k].fine, known, err);
    }
    return rc == HEP_OK ? hep_liver_walk(x, im, model->odds, edge, sd, n, err) : rc;
}

/* The fine mask's core on the coarse grid. */
static int known_from(struct hep_labels *known, const struct hep_labels *fine, double depth_mm,
                      int nthreads, struct hep_error *err)
{
    for (size_t i = 0; i < hep_grid_voxels(&known->grid); i++) {
        known->data[i] = 1;
        for (size_t c = 0; c < 8; c++)
            known->data[i] &= fine->data[hep_liver_fine_of(&fine->grid, &known->grid, i, c)] != 0;
    }
    return hep_mask_erode(known, depth_mm, nthreads, err);
}

/* The liver grown from a known part of it. */
struct grown {
    struct hep_liver_model model;
    struct hep_volume *x;
    struct hep_labels *mask;
};

static void grown_release(struct grown *g)
{
    hep_liver_model_release(&g->model);
    hep_volume_free(g->x);
    hep_labels_free(g->mask);
    *g = (struct grown){ .x = NULL };
}

static int grow(struct grown *g, const struct hep_liver_images *im, const struct hep_labels *known,
                double opening_mm, struct hep_error *err)
{
    struct hep_volume *distance = NULL;
    int rc = hep_mask_distance(&distance, known, false, im->nthreads, err);

    grown_release(g);
    if (rc == HEP_OK)
        rc = hep_liver_model_init(&g->model, im, known, distance, err);
    if (rc == HEP_OK)
        rc = walk(&g->x, im, &g->model, known, err);
    if (rc == HEP_OK)
        rc = hep_liver_cut(&g->mask, g->x, opening_mm, im->nthreads, err);
    hep_volume_free(distance);
    return rc;
}

struct found {
    struct hep_liver_images im;
    struct hep_liver_seed seed;
    struct grown liver;
    struct hep_volume *share;
};

static void found_release(struct found *f)
{
    hep_liver_images_release(&f->im);
    hep_labels_free(f->seed.mask);
    grown_release(&f->liver);
    hep_volume_free(f->share);
}

/* A liver is one tissue with a border of its own: its inside, which no thin organ that leaked in
 * reaches, grows into the same liver again, also where wider bridges are cut. */
static int agree(double *dice, const struct found *f, struct hep_error *err)
{
    const struct hep_liver_settings *s = f->im.settings;
    struct hep_labels *inside = NULL;
    struct grown again = { .x = NULL };
    int rc = hep_labels_new(&inside, &f->im.coarse, err);

    *dice = 0.0;
    if (rc == HEP_OK)
        rc = known_from(inside, f->liver.mask, s->regrow_depth_mm, f->im.nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_keep_largest(inside, 6, err);
    if (rc == HEP_OK && hep_labels_count(inside, -1) > 0) {
        rc = grow(&again, &f->im, inside, s->regrow_opening_mm, err);
        if (rc == HEP_OK)
            *dice = hep_mask_dice(f->liver.mask, again.mask);
    }
    hep_labels_free(inside);
    grown_release(&again);
    return rc;
}

/* Air, what lies outside the body, and fat between organs never fill a gap of the liver. Fluid that
 * is as dark as suppressed fat is bright on T2. */
static int refused_places(struct hep_labels **out, const struct found *f, struct hep_error *err)
{
    const struct hep_liver_images *im = &f->im;
    const struct hep_liver_channel *t2 = hep_liver_channel_of(im, HEP_IMAGE_T2);
    const float *x = im->channel[0].fine->data;
    const double like = im->settings->fat_like_log;
    double fat = (double)NAN, t2_liver = (double)NAN;
    struct hep_stats s;
    int rc = hep_labels_new(out, &im->fine, err);

    if (rc == HEP_OK)
        rc = hep_liver_fat_level(&fat, im, err);
    if (rc == HEP_OK && t2 != NULL) {
        rc = hep_stats_masked(&s, t2->coarse, 0, f->seed.mask, -1, err);
        t2_liver = s.median;
    }
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&im->fine); i++) {
        const size_t j = hep_liver_coarse_of(&im->coarse, &im->fine, i);
        const bool like_fat = fabs((double)x[i] - fat) < like &&
                              fabs((double)f->liver.model.mean->data[i] - fat) > 2.0 * like;
        const bool fluid =
            t2 != NULL && (double)t2->coarse->data[j] > t2_liver + im->settings->fluid_t2_log;

        (*out)->data[i] = im->body->data[j] != 2 || (like_fat && !fluid);
    }
    return rc;
}

/* Largest size of a voxel, within reason. */
static double voxel_mm(const struct hep_grid *g)
{
    double spacing[3];

    hep_grid_spacing(spacing, g);
    return fmin(fmax(fmax(spacing[0], spacing[1]), fmax(spacing[2], HEP_LIVER_FINE_MM)),
                BAND_MAX_MM);
}

static int finish(struct hep_liver *out, struct found *f, const struct hep_liver_input *in,
                  struct hep_error *err)
{
    const struct hep_liver_settings *s = f->im.settings;
    struct hep_labels *refused = NULL, *before = NULL;
    int rc = refused_places(&refused, f, err);

    if (rc == HEP_OK)
        rc = hep_labels_copy(&before, f->liver.mask, err);
    if (rc == HEP_OK)
        rc = hep_liver_fill(f->liver.mask, refused, s->hole_mm, s->enclosed_share, in->nthreads,
                            err);
    if (rc == HEP_OK)
        rc = hep_liver_cap(f->liver.mask, before, refused, 2.0 * s->hole_mm, in->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_liver_soften(&f->share, f->liver.mask, f->liver.x, &f->im, f->liver.model.mean,
                              voxel_mm(&in->grid), err);
    if (rc == HEP_OK)
        rc = hep_liver_to_grid(&out->liver, f->share, &in->grid, in->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_liver_judge(&out->quality, out->liver, f->share, f->liver.model.odds, &f->im,
                             f->liver.model.sd[0], err);
    hep_labels_free(refused);
    hep_labels_free(before);
    return rc;
}

static void need_mask(struct hep_liver *out, const char *why)
{
    char text[sizeof out->quality.reason];

    (void)snprintf(text, sizeof text, "mask needed: %s", why);
    memcpy(out->quality.reason, text, sizeof text);
    out->quality.mask_needed = true;
    out->quality.method = HEP_LIVER_NONE;
    out->quality.score = 0.0;
    hep_labels_free(out->liver);
    hep_labels_free(out->anatomy);
    out->liver = out->anatomy = NULL;
}

/* Height of the images along the body. */
static double height_mm(const struct hep_grid *g)
{
    double mm = 0.0;

    for (int a = 0; a < 3; a++)
        mm += fabs(g->to_world[2][a]) * (double)g->n[a];
    return mm;
}

/* Share of a liver's height that the images cover. */
static double height_share(const struct hep_liver_images *im)
{
    return fmin((double)im->fine.n[2] * HEP_LIVER_FINE_MM / LIVER_HEIGHT_MM, 1.0);
}

static enum hep_liver_method method_of(const struct hep_liver_images *im)
{
    const enum hep_image image = im->channel[0].image;

    if (image == HEP_IMAGE_HEPATOBILIARY)
        return HEP_LIVER_HEPATOBILIARY;
    return image >= HEP_IMAGE_PRECONTRAST || image <= HEP_IMAGE_IN_PHASE ? HEP_LIVER_T1
                                                                         : HEP_LIVER_T2_DIFFUSION;
}

/* The seed in all images, or, where they do not show one organ together (no signal left in a liver
 * full of iron, ghosts, distortion), in those of the reference's breath-hold. */
static int find_seed(struct found *f, double least_ml, double erosion_mm, struct hep_error *err)
{
    struct hep_liver_images alone = f->im; /* borrows */
    int rc = hep_liver_seed_find(&f->seed, &f->im, &hep_seed_liver, erosion_mm, err);

    alone.n = 0;
    for (size_t k = 0; k < f->im.n; k++) {
        if (f->im.channel[k].exact)
            alone.channel[alone.n++] = f->im.channel[k];
    }
    if (rc != HEP_OK || f->seed.volume_ml >= least_ml || alone.n == f->im.n)
        return rc;
    hep_labels_free(f->seed.mask);
    return hep_liver_seed_find(&f->seed, &alone, &hep_seed_liver, erosion_mm, err);
}

int hep_liver_find(struct hep_liver *out, const struct hep_liver_input *in,
                   const struct hep_liver_settings *settings, struct hep_error *err)
{
    struct found f = { 0 };
    char why[sizeof out->quality.reason - 16]; /* "mask needed: " comes before */
    int rc;

    memset(out, 0, sizeof *out);
    rc = hep_liver_images_init(&f.im, in, settings, err);
    if (rc == HEP_OK)
        rc = find_seed(&f, settings->seed_min_ml * height_share(&f.im), settings->erosion_mm, err);
    if (rc != HEP_OK)
        goto out;
    out->quality.seed_ml = f.seed.volume_ml;
    if (height_mm(&in->grid) < settings->height_min_mm) {
        (void)snprintf(why, sizeof why,
                       "the images show %.0f mm of the body's height, less than %.0f mm",
                       height_mm(&in->grid), settings->height_min_mm);
        need_mask(out, why);
        goto out;
    }
    if (f.seed.volume_ml < settings->seed_min_ml * height_share(&f.im)) {
        (void)snprintf(why, sizeof why,
                       "the largest homogeneous region of the right upper abdomen has %.0f mL, "
                       "less than %.0f mL",
                       f.seed.volume_ml, settings->seed_min_ml * height_share(&f.im));
        need_mask(out, why);
        goto out;
    }
    for (int pass = 0; rc == HEP_OK && pass < PASSES; pass++) {
        rc = grow(&f.liver, &f.im, f.seed.mask, settings->opening_mm, err);
        if (rc == HEP_OK && pass + 1 < PASSES)
            rc = known_from(f.seed.mask, f.liver.mask, settings->known_depth_mm, in->nthreads, err);
        if (rc == HEP_OK && hep_labels_count(f.seed.mask, -1) == 0) {
            need_mask(out, "the liver does not stand out from its surroundings");
            goto out;
        }
    }
    if (rc == HEP_OK)
        rc = agree(&out->quality.agreement, &f, err);
    if (rc == HEP_OK)
        rc = finish(out, &f, in, err);
    if (rc != HEP_OK)
        goto out;
    out->quality.method = method_of(&f.im);
    if (out->quality.score < settings->score_min) {
        (void)snprintf(why, sizeof why, "the liver found scores %.2f, less than %.2f%s%.300s",
                       out->quality.score, settings->score_min,
                       out->quality.reason[0] != '\0' ? ": " : "", out->quality.reason);
        need_mask(out, why);
        goto out;
    }
    rc = hep_organs_find(&out->anatomy, &f.im, &in->grid, out->liver, err);
out:
    found_release(&f);
    if (rc != HEP_OK)
        hep_liver_release(out);
    return rc;
}

int hep_liver_anatomy(struct hep_labels **anatomy, const struct hep_liver_input *in,
                      const struct hep_labels *liver, const struct hep_liver_settings *settings,
                      struct hep_error *err)
{
    struct hep_liver_images im;
    int rc;

    if (!hep_grid_same(&in->grid, &liver->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the liver mask is not on the reference grid");
    rc = hep_liver_images_init(&im, in, settings, err);
    if (rc == HEP_OK)
        rc = hep_organs_find(anatomy, &im, &in->grid, liver, err);
    hep_liver_images_release(&im);
    return rc;
}

void hep_liver_release(struct hep_liver *l)
{
    hep_labels_free(l->liver);
    hep_labels_free(l->anatomy);
    l->liver = l->anatomy = NULL;
}
