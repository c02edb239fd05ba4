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

/* A lesion that the mask left out is a hole or a notch up to twice this wide. */
#define NOTCH_RADIUS_MM 8.0
#define MARGIN_MM 9.0
/* Statistics keep this far from the surface of the mask, where voxels hold something else too. */
#define TISSUE_DEPTH_MM 3.0
#define TISSUE_MIN_VOXELS 200
/* The first pass looks wider, so that a large lesion does not become its own normal. */
#define FIRST_WINDOW 4.0
/* Voxels beyond this in an earlier pass are no reference in the next one. */
#define TRIM_Z 3.0F
#define UNKNOWN_REGISTRATION_MM 4.0
#define SAMPLE_STEP 3
#define DARK_QUANTILE 0.01
/* A liver without iron is about as bright as the median of the body. */
#define IRON_RATIO 1.5

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

double hep_candidate_slack_mm(const struct hep_lesion_image *image)
{
    return isnan(image->registration_mm) ? UNKNOWN_REGISTRATION_MM : image->registration_mm;
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
    const size_t *n = mask->grid.n;
    bool any = false;

    for (size_t k = 0; k < n[2]; k++) {
        for (size_t j = 0; j < n[1]; j++) {
            for (size_t i = 0; i < n[0]; i++) {
                const size_t at[3] = { i, j, k };

                if (mask->data[i + n[0] * (j + n[1] * k)] == 0)
                    continue;
                for (int a = 0; a < 3; a++) {
                    lo[a] = !any || at[a] < lo[a] ? at[a] : lo[a];
                    hi[a] = !any || at[a] > hi[a] ? at[a] : hi[a];
                }
                any = true;
            }
        }
    }
    return any;
}

/* The margin may reach beyond the reference grid: images are NaN there. */
static void grid_around(struct hep_grid *out, const struct hep_grid *g, const size_t lo[3],
                        const size_t hi[3], double mm)
{
    struct hep_grid box = *g;
    double spacing[3];
    double first[3];
    double world[3];

    hep_grid_spacing(spacing, g);
    for (int k = 0; k < 3; k++) {
        const double margin = ceil(MARGIN_MM / spacing[k]);

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
        rc = hep_mask_close(f->domain, NOTCH_RADIUS_MM, study->nthreads, err);
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
        const bool set = is_parenchyma(f, i) && f->depth->data[i] > (float)TISSUE_DEPTH_MM;

        f->tissue->data[i] = set;
        count += set;
    }
    for (size_t i = 0; count < TISSUE_MIN_VOXELS && i < n; i++)
        f->tissue->data[i] = is_parenchyma(f, i);
    return HEP_OK;
}

static int on_frame(struct hep_volume **out, const struct hep_candidate_frame *f,
                    const struct hep_volume *v, int nthreads, struct hep_error *err)
{
    double mm[3];

    hep_grid_spacing(mm, &v->grid);
    if (fmin(fmin(mm[0], mm[1]), mm[2]) < 0.75 * f->mm)
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
 * IRON_RATIO, as beside a liver without iron. */
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
        if (rc == HEP_OK && body - dark > IRON_RATIO * (liver.median - dark) && liver.mad > 0.0)
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
            if (fabsf(f->z[image]->data[i]) > TRIM_Z)
                kept->data[i] = 0;
        }
    }
    for (size_t i = 0; i < n; i++)
        count += kept->data[i] != 0;
    if (count < TISSUE_MIN_VOXELS) {
        hep_labels_free(kept);
        return HEP_OK;
    }
    hep_labels_free(f->tissue);
    f->tissue = kept;
    return HEP_OK;
}

/* The first pass only finds what is no reference, for which the images that are searched do. */
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
    struct hep_candidate_frame f = { .mm = study->limits->grid_mm };
    struct hep_volume *raw[HEP_IMAGE_COUNT] = { 0 };
    size_t lo[3], hi[3];
    int rc;

    if (study->liver == NULL || !hep_grid_same(&study->grid, &study->liver->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the liver mask is not on the reference grid");
    if (!bounding_box(lo, hi, study->liver))
        return HEP_FAIL(err, HEP_EDATA, "the liver mask is empty");
    grid_around(&f.grid, &study->grid, lo, hi, f.mm);
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
