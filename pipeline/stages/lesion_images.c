#include "pipeline/stages/lesion_images.h"

#include "base/alloc.h"
#include "base/text.h"
#include "fitting/t2.h"
#include "pipeline/config/config.h"
#include "pipeline/results/dwi_order.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/regions.h"
#include "sequences/inventory.h"

#include <math.h>

#define B_LOW_MAX_S_PER_MM2 100.0 /* black blood: low enough to keep the signal of tissue */

/* Images that are a product as it is; the first one that the study has counts. */
static const struct {
    enum hep_image image;
    const char *product, *series; /* series: in whose space it lies, NULL for its own */
} sources[] = {
    { HEP_IMAGE_OPPOSED, "opposed", NULL },
    { HEP_IMAGE_IN_PHASE, "in_phase", NULL },
    { HEP_IMAGE_T2, "t2", NULL },
    { HEP_IMAGE_ADC, "adc", "dwi" },
    { HEP_IMAGE_ADC_SE, "adc_se", "dwi" },
    { HEP_IMAGE_IVIM_D, "ivim_d", "dwi" },
    { HEP_IMAGE_IVIM_F, "ivim_f", "dwi" },
    { HEP_IMAGE_DKI_K, "dki_k", "dwi" },
    { HEP_IMAGE_FAT_FRACTION, "pdff", "echoes" },
    { HEP_IMAGE_FAT_FRACTION, "ff", "opposed" },
    { HEP_IMAGE_R2STAR, "r2star", "echoes" },
    { HEP_IMAGE_PRECONTRAST, "precontrast", NULL },
    { HEP_IMAGE_ARTERIAL, "arterial", NULL },
    { HEP_IMAGE_PORTAL_VENOUS, "portal_venous", NULL },
    { HEP_IMAGE_TRANSITIONAL, "transitional", NULL },
    { HEP_IMAGE_DELAYED, "delayed", NULL },
    { HEP_IMAGE_HEPATOBILIARY, "hepatobiliary", NULL },
};

static bool wanted(unsigned only, enum hep_image image)
{
    return (only >> (unsigned)image & 1U) != 0;
}

/* The series in whose space a map of several possible ones lies. */
static const char *space_of(const struct hep_run *run, const char *product, const char *series)
{
    if (series == NULL)
        return product;
    return strcmp(product, "ff") == 0 ? hep_fat_series(run) : series;
}

static void describe(struct hep_lesion_images *out, struct hep_run *run, enum hep_image image,
                     const char *series)
{
    struct hep_lesion_image *o = &out->study.image[image];
    const struct hep_alignment_row *row = hep_alignment_of(run, series);
    const char *reference = hep_reference_name(run);

    o->volume = out->owned[image];
    hep_grid_spacing(o->native_mm, &hep_run_series(run, series)->grid);
    o->registration_mm = strcmp(series, reference) == 0 ? 0.0 : (double)NAN;
    o->moved = row != NULL && row->accepted;
    if (row != NULL && isfinite(row->expected_residual_mm))
        o->registration_mm = row->expected_residual_mm;
}

static int take(struct hep_lesion_images *out, struct hep_run *run, enum hep_image image,
                const struct hep_volume *v, const char *series, struct hep_error *err)
{
    int rc = hep_aligned_volume(&out->owned[image], run, v, series, hep_reference_name(run),
                                &out->study.grid, err);

    if (rc == HEP_OK)
        describe(out, run, image, series);
    return rc;
}

static void absent(struct hep_lesion_image *o, const struct hep_run *run, const char *product)
{
    o->absent_reason = hep_run_reason(run, product);
    o->withheld = hep_run_withheld(run, product) != NULL;
}

static int take_products(struct hep_lesion_images *out, struct hep_run *run, unsigned only,
                         struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof sources / sizeof sources[0]; i++) {
        enum hep_image image = sources[i].image;
        const struct hep_volume *v = NULL;

        if (!wanted(only, image) || out->owned[image] != NULL || out->study.image[image].withheld)
            continue;
        rc = hep_run_volume(run, sources[i].product, &v, err);
        if (rc == HEP_OK && v != NULL)
            rc =
                take(out, run, image, v, space_of(run, sources[i].product, sources[i].series), err);
        else if (rc == HEP_OK)
            absent(&out->study.image[image], run, sources[i].product);
    }
    return rc;
}

/* Mean of the volumes of one b-value, in the space of the series. */
static int mean_of_b(struct hep_volume **out, const struct hep_volume *dwi,
                     const struct hep_gradients *g, const struct hep_dwi_order *order, double b,
                     struct hep_error *err)
{
    size_t n = hep_grid_voxels(&dwi->grid), count = 0;
    int rc = hep_volume_new(out, &dwi->grid, 1, err);

    for (size_t t = 0; rc == HEP_OK && t < dwi->nt; t++) {
        const float *v = hep_volume_at(dwi, t);

        if (fabs(g->b_s_per_mm2[t] - b) > 0.5 || hep_dwi_leaves_out(order, t))
            continue;
        count++;
        for (size_t i = 0; i < n; i++)
            (*out)->data[i] += v[i];
    }
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        (*out)->data[i] /= (float)count;
    return rc;
}

static int take_b(struct hep_lesion_images *out, struct hep_run *run, enum hep_image image,
                  const struct hep_volume *dwi, const struct hep_series *series,
                  const struct hep_dwi_order *order, double b, struct hep_error *err)
{
    struct hep_volume *mean = NULL;
    int rc;

    if (!isfinite(b)) {
        out->study.image[image].absent_reason = "the diffusion series has no such b-value";
        return HEP_OK;
    }
    rc = mean_of_b(&mean, dwi, &series->gradients, order, b, err);
    if (rc == HEP_OK)
        rc = take(out, run, image, mean, "dwi", err);
    hep_volume_free(mean);
    return rc;
}

/* Images of a series whose ADC contradicts physics show something else than their b-values say: no
 * ADC, no images. */
static int take_diffusion(struct hep_lesion_images *out, struct hep_run *run, unsigned only,
                          struct hep_error *err)
{
    static const enum hep_image images[] = { HEP_IMAGE_B_ZERO, HEP_IMAGE_B_LOW, HEP_IMAGE_B_HIGH };
    double b[3] = { (double)NAN, (double)NAN, (double)NAN };
    const struct hep_series *series = hep_run_series(run, "dwi");
    const struct hep_volume *dwi = NULL, *adc = NULL;
    const struct hep_dwi_order *order = NULL;
    int rc = hep_run_volume(run, "dwi", &dwi, err);

    if (rc == HEP_OK)
        rc = hep_run_dwi_order(run, &order, err);
    for (size_t i = 0; rc == HEP_OK && dwi != NULL && i < series->gradients.n; i++) {
        double x = series->gradients.b_s_per_mm2[i];

        if (hep_dwi_leaves_out(order, i))
            continue;

        if (x <= 0.5)
            b[0] = x;
        else if (x <= B_LOW_MAX_S_PER_MM2 && !(x >= b[1]))
            b[1] = x;
        if (x > B_LOW_MAX_S_PER_MM2 && !(x <= b[2]))
            b[2] = x;
    }
    out->study.b_low_s_per_mm2 = b[1];
    out->study.b_high_s_per_mm2 = b[2];
    if (rc == HEP_OK && dwi != NULL)
        rc = hep_run_volume(run, "adc", &adc, err);
    for (size_t i = 0; rc == HEP_OK && i < 3; i++) {
        if (adc == NULL)
            absent(&out->study.image[images[i]], run, dwi == NULL ? "dwi" : "adc");
        else if (wanted(only, images[i]))
            rc = take_b(out, run, images[i], dwi, series, order, b[i], err);
    }
    return rc;
}

/* T2 where the T2 series has several echoes. */
static int take_t2_map(struct hep_lesion_images *out, struct hep_run *run, struct hep_error *err)
{
    const struct hep_series *series = hep_run_series(run, "t2");
    const struct hep_volume *v = NULL;
    const float *echo[HEP_DECAY_MAX_ECHOES];
    double te[HEP_DECAY_MAX_ECHOES];
    struct hep_volume *map = NULL;
    int rc = hep_run_volume(run, "t2", &v, err);

    out->study.image[HEP_IMAGE_T2_MAP].absent_reason = "the T2 series has a single echo";
    if (rc != HEP_OK || v == NULL || v->nt < 2 || v->nt > HEP_DECAY_MAX_ECHOES)
        return rc;
    for (size_t i = 0; i < v->nt; i++) {
        echo[i] = hep_volume_at(v, i);
        te[i] = series->frame[i].te_s;
    }
    if (!hep_t2_times_rise(te, v->nt))
        return HEP_OK;
    rc = hep_volume_new(&map, &v->grid, 1, err);
    if (rc == HEP_OK)
        rc = hep_t2_of_echoes(map->data, echo, te, v->nt, hep_grid_voxels(&v->grid),
                              hep_run_nthreads(run), err);
    if (rc == HEP_OK)
        rc = take(out, run, HEP_IMAGE_T2_MAP, map, "t2", err);
    hep_volume_free(map);
    return rc;
}

static void judge_phases(struct hep_lesion_study *s, const struct hep_run *run)
{
    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        const struct hep_series *series = hep_run_series(run, hep_phase_name((enum hep_phase)p));

        s->timing[p] = (struct hep_phase_timing){ .phase = (enum hep_phase)p,
                                                  .grade = HEP_GRADE_UNKNOWN,
                                                  .time_s = (double)NAN };
        if (s->agent != NULL && series != NULL)
            hep_phase_judge(&s->timing[p], s->agent, (enum hep_phase)p,
                            series->time_since_injection_s);
    }
}

int hep_lesion_images_fill(struct hep_lesion_images *out, struct hep_run *run, unsigned only,
                           struct hep_error *err)
{
    struct hep_lesion_study *s = &out->study;
    const char *reference = hep_reference_name(run);
    int rc;

    s->grid = hep_run_series(run, reference)->grid;
    s->agent = hep_run_agent(run);
    s->field_t = hep_run_inventory(run)->field_t;
    s->limits = &hep_run_config(run)->lesions;
    s->nthreads = hep_run_nthreads(run);
    s->arterial_weight = 1.0;
    judge_phases(s, run);
    rc = take_products(out, run, only, err);
    if (rc == HEP_OK)
        rc = take_diffusion(out, run, only, err);
    if (rc == HEP_OK && wanted(only, HEP_IMAGE_T2_MAP))
        rc = take_t2_map(out, run, err);
    return rc;
}

void hep_lesion_images_apply_gain(struct hep_lesion_images *images, enum hep_phase phase,
                                  const struct hep_gain *gain)
{
    struct hep_volume *v = images->owned[hep_phase_image(phase)];

    if (v != NULL)
        hep_gain_apply(gain, v->data, hep_grid_voxels(&v->grid));
}

void hep_lesion_images_release(struct hep_lesion_images *images)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        hep_volume_free(images->owned[i]);
    *images = (struct hep_lesion_images){ 0 };
}
