#include "lesions/candidate_frame.h"

#include "base/alloc.h"
#include "image/mask.h"
#include "image/resample.h"
#include "image/stats.h"
#include "image/threads.h"
#include "lesions/candidate_channel.h"
#include "lesions/zscore.h"

#include <math.h>
#include <stdlib.h>

#define MARGIN_MM 1.0 /* of the frame beyond what the closing of the mask reaches */
/* The first pass looks 4 windows wide, 100 mm, so that a large lesion is not its own normal. */
#define FIRST_WINDOW 4.0
/* Every third voxel is looked at: the median of n/3 values has a standard error of 1.25 SD / sqrt(n/3), below 0.7 % of an
 * SD for the hundred thousand voxels of a body, and takes a third of the time. */
#define SAMPLE_STEP 3
/* Air fills more than 1 % of every field of view that holds a body, so that this quantile is its level. */
#define DARK_QUANTILE 0.01
/* Linear interpolation reads two voxels along an axis: from 4/3 of a voxel on, their mean over the frame's voxel has less
 * noise than the interpolated value, and no detail is lost. */
#define FINER 0.75

bool hep_candidate_image_used(enum hep_image image, const struct hep_lesion_study *study)
{
    static const bool used[HEP_IMAGE_COUNT] = {
        [HEP_IMAGE_OPPOSED] = true,
        [HEP_IMAGE_IN_PHASE] = true,
        [HEP_IMAGE_T2] = true,
        [HEP_IMAGE_B_LOW] = true,
        [HEP_IMAGE_B_ZERO] = true,
        [HEP_IMAGE_B_HIGH] = true,
        [HEP_IMAGE_ADC] = true,
        [HEP_IMAGE_FAT_FRACTION] = true,
        [HEP_IMAGE_PRECONTRAST] = true,
        [HEP_IMAGE_ARTERIAL] = true,
        [HEP_IMAGE_PORTAL_VENOUS] = true,
        [HEP_IMAGE_TRANSITIONAL] = true,
        [HEP_IMAGE_DELAYED] = true,
        [HEP_IMAGE_HEPATOBILIARY] = true,
    };

    /* In phase says of T1 what the precontrast series says better. */
    if (image == HEP_IMAGE_IN_PHASE && study->image[HEP_IMAGE_PRECONTRAST].volume != NULL)
        return false;
    return used[image] && study->image[image].volume != NULL;
}

double hep_candidate_slack_mm(const struct hep_candidate_frame *f,
                              const struct hep_lesion_image *image)
{
    return isnan(image->registration_mm) ? f->limits->shift_mm : image->registration_mm;
}

double hep_candidate_native_mm(const struct hep_lesion_image *image, double frame_mm)
{
    double largest = frame_mm;

    for (int k = 0; k < 3; k++)
        largest = image->native_mm[k] > largest ? image->native_mm[k] : largest;
    return largest;
}

/* Smallest box of voxels around the mask; false when it is empty. */
static bool bounding_box(size_t lo[3], size_t hi[3], const struct hep_labels *mask)
{
    bool any = false;

    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++) {
        size_t at[3];

        if (mask->data[i] == 0)
            continue;
        hep_grid_place(at, &mask->grid, i);
        for (int a = 0; a < 3; a++) {
            lo[a] = !any || at[a] < lo[a] ? at[a] : lo[a];
            hi[a] = !any || at[a] > hi[a] ? at[a] : hi[a];
        }
        any = true;
    }
    return any;
}

/* The margin may reach beyond the reference grid: images are NaN there. */
static void grid_around(struct hep_grid *out, const struct hep_grid *g, const size_t lo[3],
                        const size_t hi[3], double mm, double margin_mm)
{
    struct hep_grid box = *g;
    double spacing[3];
    double first[3];
    double world[3];

    hep_grid_spacing(spacing, g);
    for (int k = 0; k < 3; k++) {
        const double margin = ceil(margin_mm / spacing[k]);

        first[k] = (double)lo[k] - margin;
        box.n[k] = hi[k] - lo[k] + 1 + 2 * (size_t)margin;
    }
    hep_grid_to_world(world, g, first);
    for (int k = 0; k < 3; k++)
        box.to_world[k][3] = world[k];
    hep_grid_isotropic(out, &box, mm);
}

/* Distance below the surface: half a voxel lies between the centre of the last voxel and it. */
static int depth_of(struct hep_volume **out, const struct hep_labels *mask, double mm, int nthreads,
                    struct hep_error *err)
{
    const int rc = hep_mask_distance(out, mask, true, nthreads, err);

    if (rc == HEP_OK) {
        const size_t n = hep_grid_voxels(&mask->grid);

        for (size_t i = 0; i < n; i++)
            (*out)->data[i] -= (float)(0.5 * mm);
    }
    return rc;
}

static int make_masks(struct hep_candidate_frame *f, const struct hep_lesion_study *study,
                      struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&f->grid);
    int rc = hep_resample_labels(&f->liver, study->liver, &f->grid, NULL, err);

    if (rc == HEP_OK && study->anatomy != NULL)
        rc = hep_resample_labels(&f->anatomy, study->anatomy, &f->grid, NULL, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&f->domain, f->liver, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        f->domain->data[i] = f->domain->data[i] != 0;
    if (rc == HEP_OK)
        rc = hep_mask_close(f->domain, f->limits->notch_radius_mm, study->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_fill_holes(f->domain, err);
    if (rc == HEP_OK)
        rc = depth_of(&f->depth, f->domain, f->mm, study->nthreads, err);
    return rc;
}

static bool is_parenchyma(const struct hep_candidate_frame *f, size_t i)
{
    if (f->liver->data[i] == 0)
        return false;
    return f->anatomy == NULL || f->anatomy->data[i] <= HEP_ANATOMY_LIVER;
}

static int make_tissue(struct hep_candidate_frame *f, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&f->grid);
    const int rc = hep_labels_new(&f->tissue, &f->grid, err);
    size_t count = 0;

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        const bool set =
            is_parenchyma(f, i) && f->depth->data[i] > (float)f->limits->tissue_depth_mm;

        f->tissue->data[i] = set;
        count += set;
    }
    for (size_t i = 0; count < HEP_ROBUST_MIN && i < n; i++)
        f->tissue->data[i] = is_parenchyma(f, i);
    return HEP_OK;
}

static int on_frame(struct hep_volume **out, const struct hep_candidate_frame *f,
                    const struct hep_volume *v, int nthreads, struct hep_error *err)
{
    double mm[3];

    hep_grid_spacing(mm, &v->grid);
    if (fmin(fmin(mm[0], mm[1]), mm[2]) < FINER * f->mm)
        return hep_resample_area(out, v, &f->grid, nthreads, err);
    return hep_resample(out, v, &f->grid, NULL, HEP_INTERP_LINEAR, NAN, nthreads, err);
}

static int zscore_copy(struct hep_volume **z, const struct hep_volume *raw,
                       const struct hep_labels *tissue, double window_mm, int nthreads,
                       struct hep_error *err)
{
    int rc;

    hep_volume_free(*z);
    *z = NULL;
    rc = hep_volume_copy(z, raw, err);
    return rc == HEP_OK ? hep_zscore_local(*z, tissue, window_mm, nthreads, err) : rc;
}

static bool darkened_by_iron(int image)
{
    return image == HEP_IMAGE_B_LOW || image == HEP_IMAGE_B_HIGH;
}

/* Finite values of every third voxel where the mask is set, or is not. */
static size_t sample(float *x, const struct hep_volume *v, const struct hep_labels *mask, bool set)
{
    const size_t voxels = hep_grid_voxels(&v->grid);
    size_t n = 0;

    for (size_t i = 0; i < voxels; i += SAMPLE_STEP) {
        if ((mask->data[i] != 0) == set && isfinite(v->data[i]))
            x[n++] = v->data[i];
    }
    return n;
}

/* Median of what has signal outside the liver, most of it muscle, and the level of no signal there;
 * NaN when nothing has. Levels count from that of no signal, so that an offset changes nothing. */
static double body_median(double *dark, float *x, const struct hep_volume *v,
                          const struct hep_labels *liver)
{
    struct hep_error e = { 0 };
    size_t n = sample(x, v, liver, false), lit = 0;
    double air;

    *dark = hep_quantile(x, n, DARK_QUANTILE);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((double)x[i] - *dark);
    if (hep_otsu_tissue(&air, NULL, x, n, &e) != HEP_OK)
        return (double)NAN;
    for (size_t i = 0; i < n; i++) {
        if ((double)x[i] > air)
            x[lit++] = x[i];
    }
    return *dark + hep_quantile(x, lit, 0.5);
}

/* How much brighter than liver the body is, in robust SDs of the liver: 0 where it is not by
 * iron_ratio, as beside a liver without iron. */
static int measure_body(struct hep_candidate_frame *f, struct hep_volume *const *raw,
                        const struct hep_lesion_study *study, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&study->grid), here = hep_grid_voxels(&f->grid);
    float *x = hep_alloc_aligned(n > here ? n : here, sizeof *x, err);
    int rc = HEP_OK;

    if (x == NULL)
        return HEP_ENOMEM;
    for (int i = 0; rc == HEP_OK && i < HEP_IMAGE_COUNT; i++) {
        struct hep_stats liver;
        double body, dark;

        if (raw[i] == NULL || !darkened_by_iron(i))
            continue;
        body = body_median(&dark, x, study->image[i].volume, study->liver);
        rc = hep_stats_of(&liver, x, sample(x, raw[i], f->tissue, true), err);
        if (rc == HEP_OK && body - dark > f->limits->iron_ratio * (liver.median - dark) &&
            liver.mad > 0.0)
            f->body_z[i] = (body - liver.median) / liver.mad;
    }
    free(x);
    return rc;
}

/* Reference voxels stay reference only where no image finds them unlike liver. */
static int trim_tissue(struct hep_candidate_frame *f, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&f->grid);
    struct hep_labels *kept = NULL;
    size_t count = 0;
    int rc = hep_labels_copy(&kept, f->tissue, err);

    if (rc != HEP_OK)
        return rc;
    for (int image = 0; image < HEP_IMAGE_COUNT; image++) {
        for (size_t i = 0; f->z[image] != NULL && i < n; i++) {
            if (fabsf(f->z[image]->data[i]) > (float)f->limits->shown_z.hi)
                kept->data[i] = 0;
        }
    }
    for (size_t i = 0; i < n; i++)
        count += kept->data[i] != 0;
    if (count < HEP_ROBUST_MIN) {
        hep_labels_free(kept);
        return HEP_OK;
    }
    hep_labels_free(f->tissue);
    f->tissue = kept;
    return HEP_OK;
}

/* The first pass only finds what is no reference tissue: the images that are searched suffice. */
static bool in_pass(const struct hep_lesion_study *study, int image, bool wide)
{
    struct hep_channel channels[HEP_MECHANISM_COUNT];
    bool searched = false;

    hep_channels_of(channels, study);
    for (int m = 0; m < HEP_MECHANISM_COUNT; m++)
        searched = searched || (int)channels[m].image == image;
    return searched || !wide;
}

static int make_z(struct hep_candidate_frame *f, struct hep_volume *const *raw,
                  const struct hep_lesion_study *study, struct hep_error *err)
{
    const struct hep_lesion_limits *limits = study->limits;
    const int within = hep_threads_within(study->nthreads);
    struct hep_error e[HEP_IMAGE_COUNT] = { { 0 } };
    int rc = HEP_OK;

    for (long pass = 0; pass < limits->z_passes && rc == HEP_OK; pass++) {
        const bool wide = pass == 0 && limits->z_passes > 1;
        const double window = limits->z_window_mm * (wide ? FIRST_WINDOW : 1.0);

#pragma omp parallel for schedule(dynamic) num_threads(hep_threads_aside(study->nthreads))
        for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
            if (raw[i] != NULL && in_pass(study, i, wide))
                (void)zscore_copy(&f->z[i], raw[i], f->tissue, window, within, &e[i]);
        }
        for (int i = 0; i < HEP_IMAGE_COUNT && rc == HEP_OK; i++) {
            if (e[i].code != HEP_OK)
                rc = HEP_FAIL(err, e[i].code, "%s", e[i].msg);
        }
        if (rc == HEP_OK && pass + 1 < limits->z_passes)
            rc = trim_tissue(f, err);
    }
    return rc;
}

int hep_candidate_frame_init(struct hep_candidate_frame *out, const struct hep_lesion_study *study,
                             struct hep_error *err)
{
    struct hep_candidate_frame f = { .limits = study->limits, .mm = study->limits->grid_mm };
    struct hep_volume *raw[HEP_IMAGE_COUNT] = { 0 };
    size_t lo[3], hi[3];
    int rc;

    if (study->liver == NULL || !hep_grid_same(&study->grid, &study->liver->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the liver mask is not on the reference grid");
    if (!bounding_box(lo, hi, study->liver))
        return HEP_FAIL(err, HEP_EDATA, "the liver mask is empty");
    grid_around(&f.grid, &study->grid, lo, hi, f.mm, f.limits->notch_radius_mm + MARGIN_MM);
    rc = make_masks(&f, study, err);
    if (rc == HEP_OK)
        rc = make_tissue(&f, err);
    for (int i = 0; i < HEP_IMAGE_COUNT && rc == HEP_OK; i++) {
        if (hep_candidate_image_used((enum hep_image)i, study))
            rc = on_frame(&raw[i], &f, study->image[i].volume, study->nthreads, err);
    }
    if (rc == HEP_OK)
        rc = measure_body(&f, raw, study, err);
    if (rc == HEP_OK)
        rc = make_z(&f, raw, study, err);
    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        hep_volume_free(raw[i]);
    if (rc != HEP_OK) {
        hep_candidate_frame_release(&f);
        return rc;
    }
    *out = f;
    return HEP_OK;
}

void hep_candidate_frame_release(struct hep_candidate_frame *f)
{
    hep_labels_free(f->liver);
    hep_labels_free(f->domain);
    hep_volume_free(f->depth);
    hep_labels_free(f->anatomy);
    hep_labels_free(f->tissue);
    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        hep_volume_free(f->z[i]);
    *f = (struct hep_candidate_frame){ 0 };
}

double hep_frame_value(const struct hep_volume *v, const double voxel[3])
{
    const size_t *n = v->grid.n;
    size_t low[3];
    double w[3];
    double sum = 0.0;

    for (int k = 0; k < 3; k++) {
        if (!(voxel[k] >= 0.0 && voxel[k] <= (double)(n[k] - 1)))
            return (double)NAN;
        low[k] = (size_t)voxel[k];
        low[k] = low[k] + 1 < n[k] ? low[k] : n[k] - 2;
        w[k] = voxel[k] - (double)low[k];
    }
    for (size_t c = 0; c < 8; c++) {
        const size_t b[3] = { c & 1, c >> 1 & 1, c >> 2 };
        const double share =
            (b[0] ? w[0] : 1.0 - w[0]) * (b[1] ? w[1] : 1.0 - w[1]) * (b[2] ? w[2] : 1.0 - w[2]);

        if (share > 0.0)
            sum += share *
                   (double)v->data[low[0] + b[0] + n[0] * (low[1] + b[1] + n[1] * (low[2] + b[2]))];
    }
    return sum;
}

int32_t hep_frame_label(const struct hep_labels *l, const double voxel[3])
{
    const size_t *n = l->grid.n;
    size_t at[3];

    for (int k = 0; k < 3; k++) {
        const double x = floor(voxel[k] + 0.5);

        if (!(x >= 0.0 && x < (double)n[k]))
            return 0;
        at[k] = (size_t)x;
    }
    return l->data[at[0] + n[0] * (at[1] + n[1] * at[2])];
}

/* All signs and orders of (1,0,0), (1,1,0), (1,1,1), (2,1,0), (2,1,1) and (2,2,1): those whole
 * numbers from -2 to 2 that are not a multiple of others. */
void hep_frame_direction(double out[3], int i)
{
    /* Numbers x + 2 + 5 (y + 2) + 25 (z + 2) of those with an odd coordinate. */
    static const unsigned char codes[HEP_DIRECTIONS] = {
        1,   3,   5,   6,   7,   8,   9,   11,  13,  15,  16,  17,  18, 19, 21,  23,  25,
        26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38, 39, 40,  41,  42,
        43,  44,  45,  46,  47,  48,  49,  51,  53,  55,  56,  57,  58, 59, 61,  63,  65,
        66,  67,  68,  69,  71,  73,  75,  76,  77,  78,  79,  80,  81, 82, 83,  84,  85,
        86,  87,  88,  89,  90,  91,  92,  93,  94,  95,  96,  97,  98, 99, 101, 103, 105,
        106, 107, 108, 109, 111, 113, 115, 116, 117, 118, 119, 121, 123
    };
    const int code = codes[i];
    const int d[3] = { code % 5 - 2, code / 5 % 5 - 2, code / 25 - 2 };
    const double length = sqrt((double)(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));

    for (int k = 0; k < 3; k++)
        out[k] = d[k] / length;
}
