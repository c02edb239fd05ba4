#include "liver/images.h"

#include "base/alloc.h"
#include "image/filter.h"
#include "image/mask.h"
#include "image/resample.h"
#include "image/stats.h"
#include "image/threads.h"

#include <math.h>
#include <stdlib.h>

/* Logarithms need a floor: a tenth of the threshold between air and tissue, far below any tissue,
 * and an ADC of a tenth of that of liver, which is noise. */
#define SIGNAL_FLOOR_OF_OTSU 0.1
#define ADC_FLOOR_MM2_PER_S 1e-4
#define T1_IMAGES 3 /* T1 images show one property of tissue: a fourth adds nothing */

static const enum hep_image reference_order[] = { HEP_IMAGE_HEPATOBILIARY,
                                                  HEP_IMAGE_PORTAL_VENOUS,
                                                  HEP_IMAGE_DELAYED,
                                                  HEP_IMAGE_TRANSITIONAL,
                                                  HEP_IMAGE_ARTERIAL,
                                                  HEP_IMAGE_PRECONTRAST,
                                                  HEP_IMAGE_IN_PHASE,
                                                  HEP_IMAGE_OPPOSED,
                                                  HEP_IMAGE_T2,
                                                  HEP_IMAGE_B_ZERO,
                                                  HEP_IMAGE_B_LOW,
                                                  HEP_IMAGE_B_HIGH,
                                                  HEP_IMAGE_ADC };

enum hep_image hep_liver_reference(const struct hep_liver_input *in)
{
    if ((unsigned)in->reference < HEP_IMAGE_COUNT && in->image[in->reference].volume != NULL)
        return in->reference;
    for (size_t i = 0; i < sizeof reference_order / sizeof reference_order[0]; i++) {
        if (in->image[reference_order[i]].volume != NULL)
            return reference_order[i];
    }
    return HEP_IMAGE_COUNT;
}

/* What kind of acquisition an image comes from: images of one acquisition lie alike. */
static int acquisition(enum hep_image image)
{
    if (image == HEP_IMAGE_OPPOSED || image == HEP_IMAGE_IN_PHASE)
        return 1;
    if (image >= HEP_IMAGE_B_LOW && image <= HEP_IMAGE_ADC)
        return 2;
    return 100 + (int)image;
}

static void add(struct hep_liver_images *im, const struct hep_liver_input *in, enum hep_image image)
{
    const struct hep_lesion_image *from = &in->image[image];
    struct hep_liver_channel *c = &im->channel[im->n];
    const double shift = from->registration_mm;

    if (from->volume == NULL || im->n == HEP_LIVER_CHANNELS ||
        hep_liver_channel_of(im, image) != NULL)
        return;
    c->image = image;
    /* registration brings organs together, not edges: what is left at a border is not known */
    c->exact = im->n == 0 || acquisition(image) == acquisition(im->channel[0].image);
    c->slack_mm = c->exact          ? 0.0
                  : isfinite(shift) ? fmin(shift, im->settings->shift_max_mm)
                                    : im->settings->shift_unknown_mm;
    im->n++;
}

/* The reference, then whatever tells organs apart by another property of theirs. */
static void choose(struct hep_liver_images *im, const struct hep_liver_input *in)
{
    static const enum hep_image others[] = { HEP_IMAGE_T2, HEP_IMAGE_B_HIGH, HEP_IMAGE_ADC,
                                             HEP_IMAGE_ARTERIAL, HEP_IMAGE_PORTAL_VENOUS };
    static const enum hep_image fillers[] = { HEP_IMAGE_HEPATOBILIARY, HEP_IMAGE_DELAYED,
                                              HEP_IMAGE_TRANSITIONAL, HEP_IMAGE_PRECONTRAST,
                                              HEP_IMAGE_IN_PHASE };
    const enum hep_image reference = hep_liver_reference(in);
    size_t t1 = 0;

    add(im, in, reference);
    if (reference == HEP_IMAGE_IN_PHASE)
        add(im, in, HEP_IMAGE_OPPOSED);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        add(im, in, others[i]);
    for (size_t i = 0; i < im->n; i++)
        t1 += im->channel[i].image >= HEP_IMAGE_PRECONTRAST;
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0] && t1 < T1_IMAGES; i++, t1++)
        add(im, in, fillers[i]);
    if (hep_liver_channel_of(im, HEP_IMAGE_ADC) == NULL &&
        hep_liver_channel_of(im, HEP_IMAGE_B_HIGH) == NULL)
        add(im, in, HEP_IMAGE_B_ZERO);
}

const struct hep_liver_channel *hep_liver_channel_of(const struct hep_liver_images *im,
                                                     enum hep_image image)
{
    for (size_t i = 0; i < im->n; i++) {
        if (im->channel[i].image == image)
            return &im->channel[i];
    }
    return NULL;
}

/* Box around the voxel centres, along the world axes; its middle is the same for every order in
 * which the voxels may be stored. */
void hep_liver_world_grid(struct hep_grid *fine, const struct hep_grid *g)
{
    double lo[3] = { INFINITY, INFINITY, INFINITY }, hi[3] = { -INFINITY, -INFINITY, -INFINITY };

    memset(fine, 0, sizeof *fine);
    for (int corner = 0; corner < 8; corner++) {
        double v[3], w[3];

        for (int a = 0; a < 3; a++)
            v[a] = (corner >> a & 1) != 0 ? (double)(g->n[a] - 1) : 0.0;
        hep_grid_to_world(w, g, v);
        for (int a = 0; a < 3; a++) {
            lo[a] = fmin(lo[a], w[a]);
            hi[a] = fmax(hi[a], w[a]);
        }
    }
    for (int a = 0; a < 3; a++) {
        size_t pairs = (size_t)ceil((hi[a] - lo[a] + 1e-3) / (2.0 * HEP_LIVER_FINE_MM));

        pairs = pairs < 2 ? 2 : pairs;
        fine->n[a] = 2 * pairs;
        fine->to_world[a][a] = HEP_LIVER_FINE_MM;
        fine->to_world[a][3] =
            0.5 * (lo[a] + hi[a]) - 0.5 * HEP_LIVER_FINE_MM * (double)(2 * pairs - 1);
    }
    fine->to_world[3][3] = 1.0;
}

static void coarse_grid(struct hep_grid *coarse, const struct hep_grid *fine)
{
    *coarse = *fine;
    for (int a = 0; a < 3; a++) {
        coarse->n[a] = fine->n[a] / 2;
        coarse->to_world[a][a] = HEP_LIVER_COARSE_MM;
        coarse->to_world[a][3] += 0.5 * HEP_LIVER_FINE_MM;
    }
}

/* 0 when all values are alike. */
static int dark_and_bright(double *otsu, double *darkest, const struct hep_volume *v,
                           struct hep_error *err)
{
    const int rc = hep_otsu_tissue(otsu, darkest, v->data, hep_grid_voxels(&v->grid), err);

    if (rc != HEP_EDATA)
        return rc;
    *otsu = *darkest = 0.0;
    if (err != NULL)
        *err = (struct hep_error){ 0 };
    return HEP_OK;
}

static double smoothing_mm(const struct hep_liver_settings *s, const struct hep_liver_channel *c)
{
    if (c->image == HEP_IMAGE_B_HIGH || c->image == HEP_IMAGE_ADC)
        return s->smooth_diffusion_mm;
    return c->exact ? s->smooth_same_mm : s->smooth_other_mm;
}

/* An ADC of 0 or less was not fitted, or to noise: there diffusion is not known. */
static int known_diffusion(struct hep_volume **out, const struct hep_volume *adc,
                           struct hep_error *err)
{
    int rc = hep_volume_copy(out, adc, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&adc->grid); i++) {
        if (!(adc->data[i] > 0.0F))
            (*out)->data[i] = NAN;
    }
    return rc;
}

static int load(struct hep_liver_images *im, struct hep_liver_channel *c,
                const struct hep_volume *v, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&im->fine);
    const bool adc = c->image == HEP_IMAGE_ADC;
    struct hep_volume *known = NULL;
    const int threads = hep_threads_within(im->nthreads);
    double otsu = 0.0, darkest, floor_value;
    int rc = adc ? known_diffusion(&known, v, err) : HEP_OK;

    if (rc == HEP_OK)
        rc = hep_resample_area(&c->fine, adc ? known : v, &im->fine, threads, err);
    hep_volume_free(known);
    if (rc == HEP_OK && !adc)
        rc = dark_and_bright(&otsu, &darkest, c->fine, err);
    if (rc == HEP_OK)
        rc = hep_filter_gauss(c->fine, smoothing_mm(im->settings, c), threads, err);
    if (rc != HEP_OK)
        return rc;
    floor_value = adc ? ADC_FLOOR_MM2_PER_S : fmax(SIGNAL_FLOOR_OF_OTSU * otsu, 1e-30);
#pragma omp parallel for num_threads(hep_threads(threads)) schedule(static)
    for (size_t i = 0; i < n; i++) {
        float x = c->fine->data[i];

        c->fine->data[i] = isnan(x) ? x : logf(fmaxf(x, (float)floor_value));
    }
    return hep_liver_halve(&c->coarse, &im->coarse, c->fine, threads, err);
}

/* Body: what has signal, with the lungs and gas that it surrounds in axial slices. */
static int find_body(struct hep_liver_images *im, struct hep_error *err)
{
    const struct hep_liver_settings *s = im->settings;
    const struct hep_volume *v = im->channel[0].coarse;
    const size_t n = hep_grid_voxels(&im->coarse);
    struct hep_volume *signal = NULL;
    double otsu = 0.0, darkest = 0.0, air;
    int rc = hep_labels_new(&im->body, &im->coarse, err);

    if (rc == HEP_OK)
        rc = hep_volume_copy(&signal, v, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < n; i++)
        signal->data[i] = expf(v->data[i]);
    rc = dark_and_bright(&otsu, &darkest, signal, err);
    if (rc != HEP_OK)
        goto out;
    air =
        fmin(fmax(s->air_of_darkest * darkest, s->air_of_otsu.lo * otsu), s->air_of_otsu.hi * otsu);
    for (size_t i = 0; i < n; i++)
        im->body->data[i] = air > 0.0 && (double)signal->data[i] > air;
    rc = hep_mask_open(im->body, HEP_LIVER_COARSE_MM, im->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_keep_largest(im->body, 6, err);
    if (rc == HEP_OK)
        rc = hep_mask_close(im->body, 2.0 * HEP_LIVER_COARSE_MM, im->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_fill_holes_slices(im->body, 2, err);
    if (rc == HEP_OK)
        rc = hep_mask_distance(&im->depth, im->body, true, im->nthreads, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < n; i++) {
        if (im->body->data[i] != 0 && (double)signal->data[i] > air)
            im->body->data[i] = 2;
        if (!isfinite(im->depth->data[i]))
            im->depth->data[i] = 1e3F;
    }
out:
    hep_volume_free(signal);
    return rc;
}

/* Positions along a world axis below which given shares of the body lie. */
static void body_quantiles(double *at, const double *q, int nq, const struct hep_liver_images *im,
                           int axis)
{
    const size_t *d = im->coarse.n;
    const size_t stride = axis == 0 ? 1 : axis == 1 ? d[0] : d[0] * d[1];
    const size_t n = hep_grid_voxels(&im->coarse);
    size_t total = 0, so_far = 0;
    int k = 0;

    for (size_t i = 0; i < n; i++)
        total += im->body->data[i] != 0;
    for (size_t c = 0; c < d[axis]; c++) {
        for (size_t i = 0; i < n; i++)
            so_far += i / stride % d[axis] == c && im->body->data[i] != 0;
        for (; k < nq && (double)so_far >= q[k] * (double)total; k++)
            at[k] = im->coarse.to_world[axis][3] + HEP_LIVER_COARSE_MM * (double)c;
    }
}

/* Sides, middle and back of the body: the outermost 2 % to each side are arms that touch it and
 * noise, and 1 % lies behind the muscles of the back. */
static void find_middle(struct hep_liver_images *im)
{
    static const double sides[3] = { 0.02, 0.5, 0.98 }, back = 0.01;
    double at[3] = { 0.0, 0.0, 0.0 };

    body_quantiles(at, sides, 3, im, 0);
    im->middle_x = 0.5 * (0.5 * (at[0] + at[2]) + at[1]);
    im->half_width = fmax(0.5 * (at[2] - at[0]), HEP_LIVER_COARSE_MM);
    body_quantiles(&im->back_y, &back, 1, im, 1);
}

int hep_liver_images_init(struct hep_liver_images *out, const struct hep_liver_input *in,
                          const struct hep_liver_settings *settings, struct hep_error *err)
{
    struct hep_error e[HEP_LIVER_CHANNELS] = { { 0 } };
    int rc = hep_liver_settings_check(settings, err);

    memset(out, 0, sizeof *out);
    if (rc != HEP_OK)
        return rc;
    out->settings = settings;
    out->nthreads = in->nthreads;
    if (hep_liver_reference(in) == HEP_IMAGE_COUNT)
        return HEP_FAIL(err, HEP_EINVAL, "the liver is looked for in no image");
    for (int i = 0; i < (int)HEP_IMAGE_COUNT; i++) {
        const struct hep_volume *v = in->image[i].volume;

        if (v != NULL && !hep_grid_same(&v->grid, &in->grid, HEP_GRID_TOL_MM))
            return HEP_FAIL(err, HEP_EGEOM, "the %s image is not on the reference grid",
                            hep_image_name((enum hep_image)i));
    }
    hep_liver_world_grid(&out->fine, &in->grid);
    coarse_grid(&out->coarse, &out->fine);
    choose(out, in);
#pragma omp parallel for schedule(dynamic) num_threads(hep_threads_aside(in->nthreads))
    for (size_t k = 0; k < out->n; k++)
        (void)load(out, &out->channel[k], in->image[out->channel[k].image].volume, &e[k]);
    for (size_t k = 0; rc == HEP_OK && k < out->n; k++) {
        if (e[k].code != HEP_OK)
            rc = HEP_FAIL(err, e[k].code, "%s", e[k].msg);
    }
    if (rc == HEP_OK)
        rc = find_body(out, err);
    if (rc == HEP_OK)
        find_middle(out);
    return rc;
}

bool hep_liver_in_box(const struct hep_liver_images *im, const struct hep_grid *grid,
                      const struct hep_liver_box *box, size_t i)
{
    double w[3];

    hep_grid_world_of(w, grid, i);
    w[0] -= im->middle_x;
    w[1] -= im->back_y;
    return w[0] > box->right_min_mm && w[0] < box->right_max_mm && w[1] > box->front_min_mm &&
           w[1] < box->front_max_mm;
}

bool hep_liver_under_skin(const struct hep_liver_images *im, size_t i)
{
    const double depth = (double)im->depth->data[i];

    return im->body->data[i] != 0 && depth > im->settings->fat_depth_mm.lo &&
           depth < im->settings->fat_depth_mm.hi;
}

int hep_liver_fat_level(double *out, const struct hep_liver_images *im, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&im->coarse);
    float *x = hep_alloc_aligned(n, sizeof *x, err);
    size_t m = 0;

    if (x == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const float v = im->channel[0].coarse->data[i];

        if (hep_liver_under_skin(im, i) && !isnan(v))
            x[m++] = v;
    }
    *out = hep_quantile(x, m, 0.5);
    free(x);
    return HEP_OK;
}

void hep_liver_images_release(struct hep_liver_images *im)
{
    for (size_t k = 0; k < im->n; k++) {
        hep_volume_free(im->channel[k].fine);
        hep_volume_free(im->channel[k].coarse);
    }
    hep_labels_free(im->body);
    hep_volume_free(im->depth);
    memset(im, 0, sizeof *im);
}
