#include "lesions/candidate_spot.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/filter.h"
#include "image/resample.h"
#include "image/stats.h"
#include "image/threads.h"
#include "lesions/blob.h"
#include "lesions/maxtree.h"

#include <math.h>
#include <stdlib.h>

/* The component tree works on every second voxel, smoothed by two thirds of one of those; its levels
 * are half an SD apart, up to where nothing in a liver is. */
#define LARGE_SMOOTH_MM 2.0
#define LARGE_LEVEL_STEP 0.5
#define LARGE_LEVEL_MAX 20.0
/* Of large_diameter_mm: components begin where blobs still do well. */
#define LARGE_SHARE 0.7
#define SURROUNDINGS 1.3 /* radii: the spot, and a third of a radius of what surrounds it */

void hep_spot_list_release(struct hep_spot_list *l)
{
    free(l->item);
    *l = (struct hep_spot_list){ 0 };
}

static int add(struct hep_spot_list *l, const struct hep_spot *s, struct hep_error *err)
{
    if (HEP_GROW(l->item, l->n, err) != HEP_OK)
        return HEP_ENOMEM;
    l->item[l->n++] = *s;
    return HEP_OK;
}

/* z of one channel, fading towards the surface of the liver as far as voxels there hold something
 * else: over half a voxel and half of what the series may be displaced. */
static int faded(struct hep_volume **out, const struct hep_candidate_frame *f,
                 const struct hep_lesion_image *image, const struct hep_volume *z,
                 struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&f->grid);
    const float reach = (float)(0.5 * (hep_candidate_native_mm(image, f->mm) + f->mm) +
                                0.5 * hep_candidate_slack_mm(f, image));
    const int rc = hep_volume_copy(out, z, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const float share = fminf(fmaxf(f->depth->data[i] / reach, 0.0F), 1.0F);

        (*out)->data[i] = isnan(z->data[i]) ? 0.0F : share * z->data[i];
    }
    return rc;
}

static int add_blobs(struct hep_spot_list *l, const struct hep_candidate_frame *f,
                     const struct hep_lesion_study *study, const struct hep_channel *channel,
                     enum hep_mechanism mechanism, const struct hep_volume *z,
                     struct hep_error *err)
{
    const struct hep_lesion_limits *limits = study->limits;
    const struct hep_blob_search how = {
        .sigma_min_mm = limits->scale_min_mm,
        .sigma_max_mm = limits->scale_max_mm,
        .steps = limits->scale_steps,
        .blur_mm2 = hep_blob_blur_mm2(study->image[channel->image].native_mm, f->mm),
        .suppression = limits->suppression,
        .strength_min = limits->blob_strength_min,
        .tissue = f->tissue,
        .bright = channel->bright,
        .dark = channel->dark,
        .nthreads = hep_threads_within(study->nthreads),
    };
    struct hep_blob_list blobs = { 0 };
    int rc = hep_blob_find(&blobs, z, f->domain, &how, err);

    for (size_t i = 0; i < blobs.n && rc == HEP_OK; i++) {
        const struct hep_blob *b = &blobs.item[i];
        const struct hep_spot s = { .voxel = { b->voxel[0], b->voxel[1], b->voxel[2] },
                                    .radius_mm = b->radius_mm,
                                    .strength = b->strength,
                                    .roundness = b->roundness,
                                    .mechanism = mechanism,
                                    .polarity = b->polarity };

        rc = add(l, &s, err);
    }
    hep_blob_list_release(&blobs);
    return rc;
}

/* z times the polarity, smoothed, on every second voxel; and the domain there. */
static int coarse(struct hep_volume **v, struct hep_labels **where,
                  const struct hep_candidate_frame *f, const struct hep_volume *z, int polarity,
                  int nthreads, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&f->grid);
    struct hep_volume *smooth = NULL;
    struct hep_grid half;
    int rc = hep_volume_copy(&smooth, z, err);

    hep_grid_isotropic(&half, &f->grid, 2.0 * f->mm);
    for (size_t i = 0; rc == HEP_OK && polarity < 0 && i < n; i++)
        smooth->data[i] = -smooth->data[i];
    if (rc == HEP_OK)
        rc = hep_filter_gauss(smooth, LARGE_SMOOTH_MM, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_resample(v, smooth, &half, NULL, HEP_INTERP_LINEAR, NAN, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_resample_labels(where, f->domain, &half, NULL, err);
    hep_volume_free(smooth);
    return rc;
}

/* Volume of a region's voxels above half of its upper quartile: the tails of a blurred small lesion
 * are large and stable too. */
static int solid_mm3(double *out, const struct hep_volume *v, const struct hep_labels *labels,
                     int32_t id, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&labels->grid);
    const size_t room = hep_labels_count(labels, id);
    float *value = hep_calloc(room + 1, sizeof *value, err);
    size_t count = 0, above = 0;
    double half;

    if (value == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (labels->data[i] == id)
            value[count++] = v->data[i];
    half = 0.5 * hep_quantile(value, count, 0.75);
    for (size_t i = 0; i < count; i++)
        above += (double)value[i] > half;
    free(value);
    *out = (double)above * hep_grid_voxel_mm3(&labels->grid);
    return HEP_OK;
}

static int add_large(struct hep_spot_list *l, const struct hep_candidate_frame *f,
                     const struct hep_lesion_study *study, enum hep_mechanism mechanism,
                     int polarity, const struct hep_volume *z, struct hep_error *err)
{
    const struct hep_lesion_limits *limits = study->limits;
    struct hep_maxtree_search how = {
        .level_min = limits->large_z_min,
        .level_max = fmax(LARGE_LEVEL_MAX, limits->large_z_min),
        .level_step = LARGE_LEVEL_STEP,
        .volume_min_mm3 = hep_ball_volume(LARGE_SHARE * limits->large_diameter_mm),
        .stability_max = limits->large_stability_max,
        .compactness_min = limits->large_compactness_min,
    };
    struct hep_volume *v = NULL;
    struct hep_labels *where = NULL, *labels = NULL;
    struct hep_maxtree_region *region = NULL;
    size_t n = 0;
    int rc = coarse(&v, &where, f, z, polarity, hep_threads_within(study->nthreads), err);

    if (rc == HEP_OK) {
        how.volume_max_mm3 = limits->large_share_max * hep_grid_voxel_mm3(&where->grid) *
                             (double)hep_labels_count(where, -1);
        rc = hep_maxtree_stable(&labels, &region, &n, v, where, &how, err);
    }
    for (size_t i = 0; i < n && rc == HEP_OK; i++) {
        struct hep_spot s = { .strength = region[i].mean,
                              .roundness = fmin(region[i].compactness, 1.0),
                              .mechanism = mechanism,
                              .polarity = polarity,
                              .large = true };
        double volume = 0.0;

        rc = solid_mm3(&volume, v, labels, (int32_t)i + 1, err);
        if (volume < how.volume_min_mm3)
            continue;
        s.radius_mm = 0.5 * hep_ball_diameter(volume);

        /* The coarse grid shares its centre with the frame's. */
        for (int k = 0; k < 3; k++)
            s.voxel[k] = 2.0 * (region[i].voxel[k] - 0.5 * (double)(v->grid.n[k] - 1)) +
                         0.5 * (double)(f->grid.n[k] - 1);
        if (rc == HEP_OK)
            rc = add(l, &s, err);
    }
    free(region);
    hep_labels_free(labels);
    hep_labels_free(where);
    hep_volume_free(v);
    return rc;
}

/* Blobs and large regions of one mechanism. */
static int find_spots(struct hep_spot_list *l, const struct hep_candidate_frame *frame,
                      const struct hep_lesion_study *study, const struct hep_channel *c,
                      enum hep_mechanism m, struct hep_error *err)
{
    struct hep_volume *z = NULL;
    int rc = faded(&z, frame, &study->image[c->image], frame->z[c->image], err);

    if (rc == HEP_OK)
        rc = add_blobs(l, frame, study, c, m, z, err);
    if (rc == HEP_OK && c->bright)
        rc = add_large(l, frame, study, m, 1, z, err);
    if (rc == HEP_OK && c->dark)
        rc = add_large(l, frame, study, m, -1, z, err);
    hep_volume_free(z);
    return rc;
}

int hep_spots_find(struct hep_spot_list *out, const struct hep_candidate_frame *frame,
                   const struct hep_lesion_study *study,
                   const struct hep_channel channels[HEP_MECHANISM_COUNT], struct hep_error *err)
{
    struct hep_spot_list of[HEP_MECHANISM_COUNT] = { { 0 } }, l = { 0 };
    struct hep_error e[HEP_MECHANISM_COUNT] = { { 0 } };
    int rc = HEP_OK;

#pragma omp parallel for schedule(dynamic) num_threads(hep_threads_aside(study->nthreads))
    for (int m = 0; m < HEP_MECHANISM_COUNT; m++) {
        if (channels[m].image != HEP_IMAGE_COUNT &&
            find_spots(&of[m], frame, study, &channels[m], (enum hep_mechanism)m, &e[m]) != HEP_OK)
            hep_spot_list_release(&of[m]);
    }
    for (int m = 0; m < HEP_MECHANISM_COUNT; m++) {
        if (rc == HEP_OK && e[m].code != HEP_OK)
            rc = HEP_FAIL(err, e[m].code, "%s", e[m].msg);
        for (size_t i = 0; i < of[m].n && rc == HEP_OK; i++)
            rc = add(&l, &of[m].item[i], err);
        hep_spot_list_release(&of[m]);
    }
    if (rc != HEP_OK) {
        hep_spot_list_release(&l);
        return rc;
    }
    *out = l;
    return HEP_OK;
}

/* Centre, six points along the axes and eight along the diagonals, at this distance. */
#define POINTS 15
static void ball_point(double out[3], const double centre[3], int point, double reach)
{
    const double diagonal = reach / sqrt(3.0);

    for (int k = 0; k < 3; k++)
        out[k] = centre[k];
    if (point >= 1 && point <= 6)
        out[(point - 1) / 2] += point % 2 == 0 ? -reach : reach;
    for (int k = 0; k < 3 && point >= 7; k++)
        out[k] += (point - 7) >> k & 1 ? diagonal : -diagonal;
}

static double ball_mean(const struct hep_volume *v, const double centre[3], double reach)
{
    double sum = 0.0;
    int n = 0;

    for (int p = 0; p < POINTS; p++) {
        double at[3];
        double x;

        ball_point(at, centre, p, reach);
        x = hep_frame_value(v, at);
        if (!isnan(x)) {
            sum += x;
            n++;
        }
    }
    return n > POINTS / 2 ? sum / n : (double)NAN;
}

/* Best signed mean within `slack` of the place. */
static double best_mean(const struct hep_volume *z, const struct hep_candidate_frame *f,
                        const struct hep_spot *s, int sign, double slack_mm)
{
    const double mm = f->mm, reach = f->limits->inner_frac * s->radius_mm / mm;
    const double step = fmax(0.5 * slack_mm, 0.5 * mm);
    const int count = (int)floor(slack_mm / step + 1e-9);
    double best = (double)sign * ball_mean(z, s->voxel, reach);

    for (int c = -count; c <= count; c++) {
        for (int b = -count; b <= count; b++) {
            for (int a = -count; a <= count; a++) {
                const double d[3] = { a * step, b * step, c * step };
                double at[3];
                double x;

                if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] > slack_mm * slack_mm * 1.0001)
                    continue;
                for (int k = 0; k < 3; k++)
                    at[k] = s->voxel[k] + d[k] / mm;
                x = (double)sign * ball_mean(z, at, reach);
                if (x > best)
                    best = x;
            }
        }
    }
    return best;
}

static double share_inside(const struct hep_labels *mask, const double centre[3], double reach)
{
    int inside = 0;

    for (int p = 0; p < POINTS; p++) {
        double at[3];

        ball_point(at, centre, p, reach);
        inside += hep_frame_label(mask, at) != 0;
    }
    return (double)inside / POINTS;
}

/* Signed z of the spot in one image, where its series may be displaced; NaN without it. */
static double z_in(const struct hep_candidate_frame *f, const struct hep_lesion_study *study,
                   const struct hep_spot *s, int image, int sign)
{
    const double slack = hep_candidate_slack_mm(f, &study->image[image]);

    return f->z[image] == NULL || sign == 0
               ? (double)NAN
               : best_mean(f->z[image], f, s, sign, fmin(slack, f->limits->shift_mm));
}

void hep_spot_measure(struct hep_spot *s, const struct hep_candidate_frame *frame,
                      const struct hep_lesion_study *study)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        const bool fat = i == HEP_IMAGE_FAT_FRACTION && s->mechanism == HEP_MECHANISM_FAT;
        const int sign = fat ? s->polarity : hep_image_sign((enum hep_image)i);

        s->z[i] = z_in(frame, study, s, i, sign);
        s->body_z[i] = frame->body_z[i];
    }
    s->t1_bright_z = z_in(frame, study, s, HEP_IMAGE_PRECONTRAST, 1);
    if (isnan(s->t1_bright_z))
        s->t1_bright_z = z_in(frame, study, s, HEP_IMAGE_IN_PHASE, 1);
    s->depth_mm = hep_frame_value(frame->depth, s->voxel);
    s->inside_frac =
        share_inside(frame->liver, s->voxel, SURROUNDINGS * s->radius_mm / frame->mm + 1.0);
}
