#include "liver/seed.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/mask.h"
#include "image/stats.h"
#include "image/threads.h"

#include <math.h>
#include <stdlib.h>

/* Tissues of the abdomen that fill a cube of 15 mm: liver, spleen, kidneys, heart, stomach, bowel,
 * muscle and bone marrow. */
#define STARTS 8
#define BLOCK 3 /* coarse voxels: 15 mm fit into a paraspinal muscle, the smallest organ wanted */
#define BLOCK_VOXELS ((size_t)BLOCK * BLOCK * BLOCK)
#define BLOCK_STEP 2 /* blocks overlap, so that one lies inside a muscle whatever its place */
/* Two starts that differ by 1.5 of the largest texture are two tissues, and an organ varies up to
 * 1.5 times as much as a block of it: what a vessel or two adds to the SD. */
#define START_SD 1.5
#define START_MIN 0.10 /* receive field over an organ, as log signal, that a block does not see */
#define OUTLIER_SD 4.0 /* one image counts no more than this: winsorised beyond any normal noise */
/* Moves of a start towards its organ; they mostly settle at the second. */
#define REFINEMENTS 4
#define SETTLED 0.002 /* relative change of a region's score: a few voxels */
/* A region cut at like_sd around another guess looks narrower than its organ is. */
#define NARROWED 1.15
/* Fat is at most exp(-1) of the brightest tenth of the body where it is suppressed; in T1 images
 * that do not suppress it, it is among the brightest. */
#define SUPPRESSED_LOG 1.0
/* Skin, and muscle beside thin fat, are darker than fat that is not suppressed: fat is its upper fifth
 * of what lies under the skin. */
#define BRIGHT_FAT_QUANTILE 0.8
#define WALL_SHARE 0.6 /* an organ comes this much nearer to the skin than it is looked for */

/* Right of the spine's middle, further in than skin, fat and the muscles of the wall, which together
 * have 15 to 30 mm; expert values. */
const struct hep_seed_place hep_seed_liver = { { 10, 1e4, -1e4, 1e4 }, 18, false, NULL };

struct scene {
    const struct hep_seed_place *place;
    const struct hep_liver_images *im;
    size_t n;
    const float *x[HEP_LIVER_CHANNELS];
    double fat[HEP_LIVER_CHANNELS]; /* level in the outer part of the body */
    bool dark_fat[HEP_LIVER_CHANNELS];
    float *scratch; /* n */
};

static bool in_place(const struct scene *s, size_t i)
{
    const struct hep_seed_place *p = s->place;

    return s->im->body->data[i] == 2 && (double)s->im->depth->data[i] > p->deep_mm &&
           hep_liver_in_box(s->im, &s->im->coarse, &p->box, i) &&
           (p->taken == NULL || p->taken->data[i] == 0);
}

/* Suppressed fat has next to no signal at high b: what noise makes of its diffusion says nothing.
 */
static bool tells_fat(const struct scene *s, size_t k)
{
    const enum hep_image image = s->im->channel[k].image;

    return k == 0 || (image != HEP_IMAGE_ADC && image != HEP_IMAGE_B_HIGH);
}

/* As fat under the skin looks; what is darker than fat that is suppressed shows no organ either. */
static bool like_fat(const struct scene *s, size_t k, double x)
{
    const double d = x - s->fat[k], like = s->im->settings->fat_like_log;
    const double limit = s->im->channel[k].exact ? like : 2.0 * like;

    return s->dark_fat[k] ? d < limit : fabs(d) < limit;
}

static bool is_fat(const struct scene *s, const double *level)
{
    for (size_t k = 0; k < s->im->n; k++) {
        if (tells_fat(s, k) && !like_fat(s, k, level[k]))
            return false;
    }
    return true;
}

static bool fat_here(const struct scene *s, size_t i)
{
    double level[HEP_LIVER_CHANNELS];

    for (size_t k = 0; k < s->im->n; k++)
        level[k] = (double)s->x[k][i];
    return is_fat(s, level);
}

/* Known values of an image where the mask is at least `least`, into the scratch. */
static size_t gather(const struct scene *s, size_t k, const int32_t *mask, int32_t least)
{
    size_t m = 0;

    for (size_t i = 0; i < s->n; i++) {
        if (mask[i] >= least && !isnan(s->x[k][i]))
            s->scratch[m++] = s->x[k][i];
    }
    return m;
}

static double quantile_where(const struct scene *s, size_t k, const int32_t *mask, int32_t least,
                             double q)
{
    return hep_quantile(s->scratch, gather(s, k, mask, least), q);
}

static double median_where(const struct scene *s, size_t k, const int32_t *mask, double *mad)
{
    const size_t m = gather(s, k, mask, 1);
    const double median = hep_quantile(s->scratch, m, 0.5);

    for (size_t i = 0; i < m; i++)
        s->scratch[i] = (float)fabs((double)s->scratch[i] - median);
    *mad = HEP_MAD_TO_SD * hep_quantile(s->scratch, m, 0.5);
    return median;
}

/* Voxel v of the block whose corner is voxel `first`. */
static size_t in_block(const size_t *n, size_t first, size_t v)
{
    const size_t z = v / BLOCK / BLOCK, y = v / BLOCK % BLOCK;

    return first + (z * n[1] + y) * n[0] + v % BLOCK;
}

/* Difference from a value at a voxel or one beside it, whichever is least: what a vessel, noise or
 * a shift of the image moves by a voxel. NaN where nothing is known. */
static double least_difference(const struct scene *s, size_t k, size_t i, double value)
{
    const size_t *n = s->im->coarse.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };
    double least = fabs((double)s->x[k][i] - value);

    for (int a = 0; a < 3; a++) {
        const size_t at = i / stride[a] % n[a];

        if (at > 0)
            least = fmin(least, fabs((double)s->x[k][i - stride[a]] - value));
        if (at + 1 < n[a])
            least = fmin(least, fabs((double)s->x[k][i + stride[a]] - value));
    }
    return least;
}

/* Like a region in every image of the reference's breath-hold, and in the others on average: a
 * shifted or distorted one may be wrong at a place. */
static bool like(const struct scene *s, size_t i, const double *centre, const double *scale)
{
    const double limit = s->im->settings->like_sd;
    double sum = 0.0;
    size_t known = 0;
    bool seen = false;

    for (size_t k = 0; k < s->im->n; k++) {
        const double d = fabs((double)s->x[k][i] - centre[k]) / scale[k];

        if (!s->im->channel[k].exact || isnan(d))
            continue;
        if (d > limit)
            return false;
        seen = true;
    }
    for (size_t k = 0; seen && k < s->im->n; k++) {
        double d;

        if (s->im->channel[k].exact)
            continue;
        d = least_difference(s, k, i, centre[k]) / scale[k];
        if (isnan(d))
            continue;
        sum += fmin(d * d, OUTLIER_SD * OUTLIER_SD);
        known++;
    }
    return seen && sum <= limit * limit * (double)known;
}

/* A cube of BLOCK coarse voxels that lies in the place. */
struct block {
    double mean[HEP_LIVER_CHANNELS], sd[HEP_LIVER_CHANNELS]; /* NaN where an image shows little */
    double rough;  /* mean square of the SDs over the largest texture; infinite: to be left out */
    size_t middle; /* voxel */
};

static void describe_block(struct block *b, const struct scene *s, const int32_t *usable,
                           size_t first)
{
    const double texture = s->im->settings->texture_log.hi;
    const size_t *n = s->im->coarse.n;
    size_t inside = 0, known = 0;
    double sum = 0.0;

    b->rough = (double)INFINITY;
    b->middle = in_block(n, first, BLOCK_VOXELS / 2);
    for (size_t v = 0; v < BLOCK_VOXELS; v++)
        inside += usable[in_block(n, first, v)] != 0;
    for (size_t k = 0; k < s->im->n && inside == BLOCK_VOXELS; k++) {
        double m1 = 0.0, m2 = 0.0;
        size_t count = 0;

        for (size_t v = 0; v < BLOCK_VOXELS; v++) {
            const double x = (double)s->x[k][in_block(n, first, v)];

            if (!isnan(x)) {
                m1 += x;
                m2 += x * x;
                count++;
            }
        }
        b->mean[k] = b->sd[k] = (double)NAN;
        if (2 * count < BLOCK_VOXELS)
            continue;
        b->mean[k] = m1 / (double)count;
        b->sd[k] = sqrt(fmax(m2 / (double)count - b->mean[k] * b->mean[k], 0.0));
        sum += fmin(b->sd[k] / texture, OUTLIER_SD) * fmin(b->sd[k] / texture, OUTLIER_SD);
        known++;
    }
    if (known > 0 && !isnan(b->mean[0]))
        b->rough = sum / (double)known;
}

/* Another tissue than those of all starts so far? */
static bool is_new(const struct block *b, const struct block *start, size_t n_start,
                   const struct hep_liver_images *im)
{
    for (size_t c = 0; c < n_start; c++) {
        double sum = 0.0;
        size_t known = 0;

        for (size_t k = 0; k < im->n; k++) {
            const double d = fabs(b->mean[k] - start[c].mean[k]) / im->settings->texture_log.hi;

            if (!isnan(d)) {
                sum += fmin(d, OUTLIER_SD) * fmin(d, OUTLIER_SD);
                known++;
            }
        }
        if (sum < START_SD * START_SD * (double)known)
            return false;
    }
    return true;
}

/* The smoothest blocks of different tissues. */
static int find_starts(struct block *start, size_t *n_start, const struct scene *s,
                       const int32_t *usable, struct hep_error *err)
{
    const size_t *n = s->im->coarse.n;
    struct block *all = NULL;
    size_t count[3], blocks, m = 0;

    *n_start = 0;
    if (n[0] < BLOCK || n[1] < BLOCK || n[2] < BLOCK)
        return HEP_OK;
    for (int k = 0; k < 3; k++)
        count[k] = (n[k] - BLOCK) / BLOCK_STEP + 1;
    blocks = count[0] * count[1] * count[2];
    if (HEP_NEW(all, blocks, err) != HEP_OK)
        return HEP_ENOMEM;
#pragma omp parallel for schedule(static) num_threads(hep_threads(s->im->nthreads))
    for (size_t b = 0; b < blocks; b++) {
        const size_t x = b % count[0], y = b / count[0] % count[1], z = b / (count[0] * count[1]);

        describe_block(&all[b], s, usable, BLOCK_STEP * ((z * n[1] + y) * n[0] + x));
    }
    for (size_t b = 0; b < blocks; b++) {
        if (isfinite(all[b].rough))
            all[m++] = all[b];
    }
    while (*n_start < STARTS) {
        const struct block *best = NULL;

        for (size_t b = 0; b < m; b++) {
            if ((best == NULL || all[b].rough < best->rough) &&
                is_new(&all[b], start, *n_start, s->im))
                best = &all[b];
        }
        if (best == NULL)
            break;
        start[(*n_start)++] = *best;
    }
    free(all);
    return HEP_OK;
}

static void keep_deep(struct hep_labels *mask, const struct hep_volume *depth, double mm,
                      int nthreads)
{
    const size_t n = hep_grid_voxels(&mask->grid);

#pragma omp parallel for schedule(static) num_threads(hep_threads(nthreads))
    for (size_t i = 0; i < n; i++)
        mask->data[i] = (double)depth->data[i] > mm;
}

/* The component with the largest sum of depths of what is like the centre. */
static int thickest_region(struct hep_labels *mask, double *score, const struct scene *s,
                           const double *centre, const double *scale, double erosion_mm,
                           struct hep_error *err)
{
    const struct hep_liver_images *im = s->im;
    const double radius = fmax(erosion_mm, HEP_LIVER_COARSE_MM);
    struct hep_volume *depth = NULL;
    struct hep_labels *parts = NULL;
    double *weight = NULL;
    size_t count = 0, best = 0;
    int rc;

    *score = 0.0;
#pragma omp parallel for schedule(static) num_threads(hep_threads(im->nthreads))
    for (size_t i = 0; i < s->n; i++)
        mask->data[i] = im->body->data[i] == 2 &&
                        (double)im->depth->data[i] > WALL_SHARE * s->place->deep_mm &&
                        (s->place->taken == NULL || s->place->taken->data[i] == 0) &&
                        (!s->place->only_here || in_place(s, i)) && like(s, i, centre, scale);
    rc = hep_mask_distance(&depth, mask, true, im->nthreads, err);
    if (rc == HEP_OK)
        keep_deep(mask, depth, radius + 1e-3, im->nthreads);
    if (rc == HEP_OK)
        rc = hep_mask_components(&parts, &count, mask, 6, err);
    if (rc != HEP_OK)
        goto out;
    rc = HEP_NEW(weight, count + 1, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < s->n; i++) {
        if (parts->data[i] > 0)
            weight[parts->data[i]] +=
                fmin((double)depth->data[i] - radius, im->settings->depth_max_mm) *
                (in_place(s, i) ? 1.0 : im->settings->out_of_place_share);
    }
    for (size_t c = 1; c <= count; c++) {
        if (weight[c] > weight[best])
            best = c;
    }
    *score = weight[best];
    for (size_t i = 0; i < s->n; i++)
        mask->data[i] = best > 0 && parts->data[i] == (int32_t)best;
out:
    free(weight);
    hep_labels_free(parts);
    hep_volume_free(depth);
    return rc;
}

/* An image with more noise than an organ has texture counts less: its scale is at least the noise of
 * the block. */
static double least_scale(const struct scene *s, const struct block *start, size_t k)
{
    const double least = s->im->settings->texture_log.lo;

    return s->im->channel[k].exact || isnan(start->sd[k]) ? least : fmax(start->sd[k], least);
}

/* Move a start to the organ it lies in. */
static int settle(struct hep_labels *mask, double *score, const struct scene *s,
                  const struct block *start, double *centre, double *scale, double erosion_mm,
                  struct hep_error *err)
{
    double before = 0.0;
    int rc = HEP_OK;

    for (int r = 0; rc == HEP_OK && r < REFINEMENTS; r++) {
        rc = thickest_region(mask, score, s, centre, scale, erosion_mm, err);
        if (rc != HEP_OK || fabs(*score - before) <= SETTLED * before || r == REFINEMENTS - 1)
            break;
        before = *score;
        for (size_t k = 0; k < s->im->n; k++) {
            double mad;

            centre[k] = median_where(s, k, mask->data, &mad);
            scale[k] = fmax(fmin(NARROWED * mad, s->im->settings->texture_log.hi),
                            least_scale(s, start, k));
        }
    }
    if (rc == HEP_OK && is_fat(s, centre))
        *score = 0.0;
    return rc;
}

static int scene_init(struct scene *s, const struct hep_liver_images *im,
                      const struct hep_seed_place *place, struct hep_labels *mask,
                      struct hep_error *err)
{
    memset(s, 0, sizeof *s);
    s->place = place;
    s->im = im;
    s->n = hep_grid_voxels(&im->coarse);
    s->scratch = hep_alloc_aligned(s->n, sizeof *s->scratch, err);
    if (s->scratch == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < s->n; i++)
        mask->data[i] = hep_liver_under_skin(im, i);
    for (size_t k = 0; k < im->n; k++) {
        s->x[k] = im->channel[k].coarse->data;
        s->dark_fat[k] = quantile_where(s, k, mask->data, 1, 0.5) <
                         quantile_where(s, k, im->body->data, 2, 0.9) - SUPPRESSED_LOG;
        s->fat[k] = quantile_where(s, k, mask->data, 1, s->dark_fat[k] ? 0.5 : BRIGHT_FAT_QUANTILE);
    }
    return HEP_OK;
}

/* The start whose organ has the highest score; starts inside an organ that is known already are left
 * out. */
static int best_start(struct hep_liver_seed *out, struct scene *s, struct hep_labels *trial,
                      const struct block *start, size_t n_start, double erosion_mm,
                      struct hep_error *err)
{
    const double most = s->im->settings->texture_log.hi;
    struct hep_labels *known = NULL;
    double best = 0.0;
    int rc = hep_labels_new(&known, &s->im->coarse, err);

    for (size_t c = 0; rc == HEP_OK && c < n_start; c++) {
        double centre[HEP_LIVER_CHANNELS] = { 0.0 }, scale[HEP_LIVER_CHANNELS] = { 0.0 }, score;

        if (known->data[start[c].middle] != 0)
            continue;
        for (size_t k = 0; k < s->im->n; k++) {
            centre[k] = start[c].mean[k];
            scale[k] = fmax(fmin(fmax(START_SD * start[c].sd[k], START_MIN), most),
                            least_scale(s, &start[c], k));
        }
        rc = settle(trial, &score, s, &start[c], centre, scale, erosion_mm, err);
        for (size_t i = 0; rc == HEP_OK && i < s->n; i++)
            known->data[i] |= trial->data[i];
        if (rc != HEP_OK || score <= best)
            continue;
        best = score;
        memcpy(out->mask->data, trial->data, s->n * sizeof *trial->data);
        memcpy(out->centre, centre, sizeof out->centre);
        memcpy(out->scale, scale, sizeof out->scale);
    }
    hep_labels_free(known);
    return rc;
}

/* The seed with what lies around it and is like it. */
static int opened_volume(struct hep_liver_seed *out, const struct scene *s,
                         struct hep_labels *trial, struct hep_error *err)
{
    size_t count = 0;
    int rc;

    memcpy(trial->data, out->mask->data, s->n * sizeof *trial->data);
    rc = hep_mask_dilate(trial, HEP_LIVER_COARSE_MM, s->im->nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < s->n; i++)
        count +=
            out->mask->data[i] != 0 || (trial->data[i] != 0 && like(s, i, out->centre, out->scale));
    out->volume_ml = (double)count * hep_grid_voxel_mm3(&s->im->coarse) / 1000.0;
    return rc;
}

int hep_liver_seed_find(struct hep_liver_seed *out, const struct hep_liver_images *im,
                        const struct hep_seed_place *place, double erosion_mm,
                        struct hep_error *err)
{
    struct block start[STARTS];
    struct hep_labels *trial = NULL;
    struct scene s = { 0 };
    size_t n_start = 0;
    int rc;

    memset(out, 0, sizeof *out);
    rc = hep_labels_new(&out->mask, &im->coarse, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&trial, &im->coarse, err);
    if (rc == HEP_OK)
        rc = scene_init(&s, im, place, trial, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < s.n; i++)
        trial->data[i] = in_place(&s, i) && !fat_here(&s, i);
    rc = find_starts(start, &n_start, &s, trial->data, err);
    if (rc == HEP_OK)
        rc = best_start(out, &s, trial, start, n_start, erosion_mm, err);
    if (rc == HEP_OK)
        rc = opened_volume(out, &s, trial, err);
out:
    free(s.scratch);
    hep_labels_free(trial);
    return rc;
}
