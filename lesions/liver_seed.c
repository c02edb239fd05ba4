#include "lesions/liver_seed.h"

#include "base/alloc.h"
#include "image/mask.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>

#define CLUSTERS 6
#define ROUNDS 12
#define REFINEMENTS 4
#define LIKE_SD 2.2    /* a voxel is like a region within this many of its MAD */
#define SCALE_MIN 0.06 /* of a logarithm: texture below it says nothing */
#define OUTLIER_SD 4.0 /* one image counts no more than this */
#define SCALE_MAX 0.16 /* beyond it a region is no single organ, even under a receive field */
#define OUTSIDE_WEIGHT                                                                             \
    (-0.4)           /* an organ that reaches out of its place may, one of two organs may not */
#define FAT_MM 12.0  /* outer part of the body: skin and fat under it */
#define FAT_LIKE 0.3 /* in every image: the region is fat */

/* Right of the spine, further in than skin, fat and the muscles of the wall. */
const struct hep_seed_place hep_seed_liver = { .right_min_mm = 10.0,
                                               .right_max_mm = 1e4,
                                               .front_min_mm = -1e4,
                                               .front_max_mm = 1e4,
                                               .deep_mm = 18.0 };

struct scene {
    const struct hep_seed_place *place;
    const struct hep_liver_images *im;
    size_t n;
    const float *x[HEP_LIVER_CHANNELS];
    double fat[HEP_LIVER_CHANNELS]; /* median of the outer part of the body */
    float *scratch;                 /* n */
};

static bool in_place(const struct scene *s, size_t i)
{
    const struct hep_liver_images *im = s->im;
    const struct hep_seed_place *p = s->place;
    const size_t *n = im->coarse.n;
    const double x =
        im->coarse.to_world[0][3] + HEP_LIVER_COARSE_MM * (double)(i % n[0]) - im->middle_x;
    const double y =
        im->coarse.to_world[1][3] + HEP_LIVER_COARSE_MM * (double)(i / n[0] % n[1]) - im->back_y;

    return im->body->data[i] == 2 && (double)im->depth->data[i] > p->deep_mm &&
           x > p->right_min_mm && x < p->right_max_mm && y > p->front_min_mm &&
           y < p->front_max_mm && (p->taken == NULL || p->taken->data[i] == 0);
}

static double median_where(const struct scene *s, size_t k, const int32_t *mask, double *mad)
{
    size_t m = 0;
    double median;

    for (size_t i = 0; i < s->n; i++) {
        if (mask[i] != 0 && !isnan(s->x[k][i]))
            s->scratch[m++] = s->x[k][i];
    }
    median = hep_quantile(s->scratch, m, 0.5);
    for (size_t i = 0; i < m; i++)
        s->scratch[i] = (float)fabs((double)s->scratch[i] - median);
    *mad = 1.4826 * hep_quantile(s->scratch, m, 0.5);
    return median;
}

/* Squared distance in standard deviations, mean over the images that know the voxel. */
static double distance2(const struct scene *s, size_t i, const double *centre, const double *scale)
{
    double sum = 0.0;
    size_t known = 0;

    for (size_t k = 0; k < s->im->n; k++) {
        const double x = (double)s->x[k][i];

        if (!isnan(x) && !isnan(centre[k])) {
            sum += (x - centre[k]) * (x - centre[k]) / (scale[k] * scale[k]);
            known++;
        }
    }
    return known > 0 ? sum / (double)known : (double)INFINITY;
}

/* Like a region in every image of the reference's breath-hold, and in the others on average: a
 * shifted or distorted one may be wrong at a place. */
static bool like(const struct scene *s, size_t i, const double *centre, const double *scale)
{
    double sum = 0.0;
    size_t known = 0;
    bool seen = false;

    for (size_t k = 0; k < s->im->n; k++) {
        const double d = fabs((double)s->x[k][i] - centre[k]) / scale[k];

        if (isnan(d))
            continue;
        if (s->im->channel[k].exact) {
            if (d > LIKE_SD)
                return false;
            seen = true;
        } else {
            sum += fmin(d * d, OUTLIER_SD * OUTLIER_SD);
            known++;
        }
    }
    return seen && sum <= LIKE_SD * LIKE_SD * (double)known;
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Starts: means over equal shares of the voxels by the signal of the reference; then Lloyd's
 * rounds. */
static void k_means(double centre[CLUSTERS][HEP_LIVER_CHANNELS], const double *scale,
                    const struct scene *s, const size_t *voxel, size_t m)
{
    const size_t channels = s->im->n;
    float cut[CLUSTERS];

    for (size_t j = 0; j < m; j++)
        s->scratch[j] = s->x[0][voxel[j]];
    qsort(s->scratch, m, sizeof *s->scratch, compare_floats);
    for (size_t c = 0; c < CLUSTERS; c++)
        cut[c] = s->scratch[(c + 1) * (m - 1) / CLUSTERS];
    for (int round = 0; round < ROUNDS; round++) {
        double sum[CLUSTERS][HEP_LIVER_CHANNELS] = { { 0.0 } };
        size_t count[CLUSTERS][HEP_LIVER_CHANNELS] = { { 0 } };

        for (size_t j = 0; j < m; j++) {
            const size_t i = voxel[j];
            size_t best = 0;
            double nearest = (double)INFINITY;

            while (round == 0 && best < CLUSTERS - 1 && s->x[0][i] > cut[best])
                best++;
            for (size_t c = 0; round > 0 && c < CLUSTERS; c++) {
                const double d = distance2(s, i, centre[c], scale);

                if (d < nearest) {
                    nearest = d;
                    best = c;
                }
            }
            for (size_t k = 0; k < channels; k++) {
                if (!isnan(s->x[k][i])) {
                    sum[best][k] += (double)s->x[k][i];
                    count[best][k]++;
                }
            }
        }
        for (size_t c = 0; c < CLUSTERS; c++) {
            for (size_t k = 0; k < channels; k++) {
                if (count[c][k] > 0)
                    centre[c][k] = sum[c][k] / (double)count[c][k];
                else if (round == 0)
                    centre[c][k] = (double)NAN;
            }
        }
    }
}

/* The component with the largest sum of depths of what is like the centre. */
static int thickest_region(struct hep_labels *mask, double *score, const struct scene *s,
                           const double *centre, const double *scale, double erosion_mm,
                           struct hep_error *err)
{
    const struct hep_liver_images *im = s->im;
    struct hep_volume *depth = NULL;
    struct hep_labels *parts = NULL;
    double *weight = NULL;
    size_t count = 0, best = 0;
    int rc;

    *score = 0.0;
    for (size_t i = 0; i < s->n; i++)
        mask->data[i] = im->body->data[i] == 2 &&
                        (double)im->depth->data[i] > 0.6 * s->place->deep_mm &&
                        (s->place->taken == NULL || s->place->taken->data[i] == 0) &&
                        (!s->place->only_here || in_place(s, i)) && like(s, i, centre, scale);
    rc = hep_mask_erode(mask, fmax(erosion_mm, HEP_LIVER_COARSE_MM), im->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_distance(&depth, mask, true, im->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_components(&parts, &count, mask, 6, err);
    if (rc != HEP_OK)
        goto out;
    weight = hep_calloc(count + 1, sizeof *weight);
    if (weight == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for %zu regions", count);
        goto out;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (parts->data[i] > 0)
            weight[parts->data[i]] +=
                fmin((double)depth->data[i], 40.0) * (in_place(s, i) ? 1.0 : 0.2);
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

static bool is_fat(const struct scene *s, const double *centre)
{
    for (size_t k = 0; k < s->im->n; k++) {
        if (!(fabs(centre[k] - s->fat[k]) < FAT_LIKE))
            return false;
    }
    return true;
}

/* Move a start to the organ it lies in. */
static int settle(struct hep_labels *mask, double *score, const struct scene *s, double *centre,
                  double *scale, double erosion_mm, struct hep_error *err)
{
    int rc = HEP_OK;

    for (int r = 0; rc == HEP_OK && r < REFINEMENTS; r++) {
        rc = thickest_region(mask, score, s, centre, scale, erosion_mm, err);
        if (rc != HEP_OK || *score <= 0.0 || r == REFINEMENTS - 1)
            break;
        for (size_t k = 0; k < s->im->n; k++) {
            double mad;

            centre[k] = median_where(s, k, mask->data, &mad);
            /* a region cut at +-2.2 SD of another guess looks narrower than the organ is */
            scale[k] = fmin(fmax(1.15 * mad, SCALE_MIN), SCALE_MAX);
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
    s->scratch = hep_alloc_aligned(s->n, sizeof *s->scratch);
    if (s->scratch == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for %zu values", s->n);
    for (size_t i = 0; i < s->n; i++)
        mask->data[i] = im->body->data[i] != 0 && (double)im->depth->data[i] > 4.0 &&
                        (double)im->depth->data[i] < FAT_MM;
    for (size_t k = 0; k < im->n; k++) {
        double mad;

        s->x[k] = im->channel[k].coarse->data;
        s->fat[k] = median_where(s, k, mask->data, &mad);
    }
    return HEP_OK;
}

static int best_start(struct hep_liver_seed *out, struct scene *s, struct hep_labels *trial,
                      double centre[CLUSTERS][HEP_LIVER_CHANNELS], const double *spread,
                      double erosion_mm, struct hep_error *err)
{
    double best = 0.0;
    int rc = HEP_OK;

    for (size_t c = 0; rc == HEP_OK && c < CLUSTERS; c++) {
        double scale[HEP_LIVER_CHANNELS], score;

        for (size_t k = 0; k < s->im->n; k++)
            scale[k] = fmin(0.4 * spread[k], SCALE_MAX);
        rc = settle(trial, &score, s, centre[c], scale, erosion_mm, err);
        if (rc != HEP_OK || score <= best)
            continue;
        best = score;
        memcpy(out->mask->data, trial->data, s->n * sizeof *trial->data);
        memcpy(out->centre, centre[c], sizeof out->centre);
        memcpy(out->scale, scale, sizeof out->scale);
    }
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
    double centre[CLUSTERS][HEP_LIVER_CHANNELS], spread[HEP_LIVER_CHANNELS];
    struct hep_labels *trial = NULL;
    struct scene s = { 0 };
    size_t *voxel = NULL, m = 0;
    int rc;

    memset(out, 0, sizeof *out);
    rc = hep_labels_new(&out->mask, &im->coarse, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&trial, &im->coarse, err);
    if (rc == HEP_OK)
        rc = scene_init(&s, im, place, trial, err);
    if (rc != HEP_OK)
        goto out;
    voxel = hep_calloc(s.n, sizeof *voxel);
    if (voxel == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for %zu voxels", s.n);
        goto out;
    }
    for (size_t i = 0; i < s.n; i++) {
        trial->data[i] = in_place(&s, i) && !isnan(s.x[0][i]);
        if (trial->data[i] != 0)
            voxel[m++] = i;
    }
    if (m < 10 * CLUSTERS)
        goto out;
    for (size_t k = 0; k < im->n; k++) {
        (void)median_where(&s, k, trial->data, &spread[k]);
        spread[k] = fmax(spread[k], SCALE_MIN);
    }
    k_means(centre, spread, &s, voxel, m);
    rc = best_start(out, &s, trial, centre, spread, erosion_mm, err);
    if (rc == HEP_OK)
        rc = opened_volume(out, &s, trial, err);
out:
    free(voxel);
    free(s.scratch);
    hep_labels_free(trial);
    return rc;
}
