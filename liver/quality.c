#include "liver/quality.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/filter.h"
#include "image/resample.h"
#include "image/stats.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LOW_SD 2.0       /* 95 % of the liver's own signals differ less */
#define CUT_MM2 100.0    /* a square centimetre: less may be the rounding of a border */
#define BORDER_SHARE 0.3 /* voxels with this to 1 - this of liver lie on the border */
/* A volume beyond its limits is no liver's at 0.4 of the lower and 1.6 of the upper one: a segment
 * alone, and liver with heart or spleen. */
#define NO_LIVER_BELOW 0.4
#define NO_LIVER_ABOVE 1.6
#define MASK_SIGMA_MM 2.0 /* of the smoothing of a given mask: makes its stairs a surface */
#define END_SHARE 0.01    /* of the volume: a tip of the liver, or a leak of a few voxels */
/* A measure that takes more than a quarter of the credit is said to be doubtful. */
#define CREDIT_MIN 0.75

static const char *const methods[] = { "none", "hepatobiliary", "t1", "t2_diffusion" };

const char *hep_liver_method_name(enum hep_liver_method m)
{
    return methods[m];
}

/* Gradient of the share at a voxel [1/mm]. */
static void gradient(double g[3], const struct hep_volume *v, const size_t c[3], size_t i)
{
    const size_t *n = v->grid.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };

    for (int a = 0; a < 3; a++) {
        const size_t up = c[a] + 1 < n[a] ? i + stride[a] : i;
        const size_t down = c[a] > 0 ? i - stride[a] : i;

        g[a] = up > down ? ((double)v->data[up] - (double)v->data[down]) /
                               (v->grid.to_world[a][a] * (up - down == 2 * stride[a] ? 2.0 : 1.0))
                         : 0.0;
    }
}

/* Where the liver goes on beyond the images: it fills at least CUT_MM2 of their outermost layer. */
static void find_cut(struct hep_liver_quality *q, const struct hep_labels *liver)
{
    static const char *const words[3][2] = { { "left", "right" },
                                             { "back", "front" },
                                             { "bottom", "top" } };
    const size_t *n = liver->grid.n;
    double spacing[3];
    size_t used = 0;

    hep_grid_spacing(spacing, &liver->grid);
    q->cut_at[0] = '\0';
    for (int w = 2; w >= 0; w--) {
        size_t touching[2] = { 0 };
        int axis, sign;

        hep_grid_axis_of(&axis, &sign, &liver->grid, w);
        for (size_t i = 0; i < hep_grid_voxels(&liver->grid); i++) {
            size_t c[3];

            if (liver->data[i] == 0)
                continue;
            hep_grid_place(c, &liver->grid, i);
            touching[sign > 0 ? 0 : 1] += c[axis] == 0;
            touching[sign > 0 ? 1 : 0] += c[axis] + 1 == n[axis];
        }
        for (int end = 1; end >= 0; end--) {
            if ((double)touching[end] * hep_grid_voxel_mm3(&liver->grid) / spacing[axis] < CUT_MM2)
                continue;
            used += (size_t)snprintf(q->cut_at + used, sizeof q->cut_at - used, "%s%s",
                                     used > 0 ? ", " : "", words[w][end]);
        }
    }
    q->cropped = used > 0;
}

/* Surface: integral of |grad share| (coarea formula). Border on low gradient: where the reference
 * changes little from HEP_LIVER_MIXED_MM inside to HEP_LIVER_MIXED_MM outside. */
static void border(struct hep_liver_quality *q, const struct hep_volume *share,
                   const struct hep_volume *reference, double sd)
{
    const double voxel = hep_grid_voxel_mm3(&share->grid);
    double area = 0.0, volume = 0.0;
    size_t low = 0, known = 0;

    for (size_t i = 0; i < hep_grid_voxels(&share->grid); i++) {
        double g[3], length, p[3], in[3], out[3], change;
        size_t c[3];

        hep_grid_place(c, &share->grid, i);
        volume += (double)share->data[i] * voxel;
        if (share->data[i] <= 0.0F || share->data[i] >= 1.0F)
            continue;
        gradient(g, share, c, i);
        length = sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]);
        area += length * voxel;
        if (reference == NULL || share->data[i] < (float)BORDER_SHARE ||
            share->data[i] > (float)(1.0 - BORDER_SHARE) || length <= 0.0)
            continue;
        hep_grid_world_of(p, &share->grid, i);
        for (int a = 0; a < 3; a++) {
            in[a] = p[a] + HEP_LIVER_MIXED_MM * g[a] / length;
            out[a] = p[a] - HEP_LIVER_MIXED_MM * g[a] / length;
        }
        change = fabs(hep_sample_world(reference, 0, in, HEP_INTERP_LINEAR) -
                      hep_sample_world(reference, 0, out, HEP_INTERP_LINEAR));
        if (isnan(change))
            continue;
        known++;
        low += change < LOW_SD * sd;
    }
    q->roughness =
        volume > 0.0 ? area / (pow(HEP_PI * 36.0 * volume * volume, 1.0 / 3.0)) : (double)NAN;
    q->low_border_frac = known > 0 ? (double)low / (double)known : (double)NAN;
}

/* 1 where x is good, 0 where it is bad; an unknown measure takes no credit. */
static double credit(double x, double good, double bad)
{
    return isnan(x) ? 1.0 : fmin(fmax((x - bad) / (good - bad), 0.0), 1.0);
}

static double credit_below(double x, struct hep_span s)
{
    return credit(x, s.lo, s.hi);
}

static double credit_above(double x, struct hep_span s)
{
    return credit(x, s.hi, s.lo);
}

/* One measure: the credit that it leaves, and what is said of it when that is little. */
HEP_PRINTF(3, 4)
static void count(struct hep_liver_quality *q, double left, const char *format, ...)
{
    size_t used = strlen(q->reason);
    va_list args;

    q->score *= left;
    if (left >= CREDIT_MIN)
        return;
    if (used > 0)
        used += (size_t)snprintf(q->reason + used, sizeof q->reason - used, "; ");
    va_start(args, format);
    if (used < sizeof q->reason)
        (void)vsnprintf(q->reason + used, sizeof q->reason - used, format, args);
    va_end(args);
}

/* Regrowing alone does not refuse a liver whose border has contrast all round: what it leaves out is then a lobe that it
 * could not reach more often than a leak. An unknown border is not clear, nor is one of which a part lies beyond the
 * images: bowel that they cut below has contrast wherever it is seen. */
static double agreement_credit(const struct hep_liver_quality *q,
                               const struct hep_liver_settings *s)
{
    const double clear = q->cropped || isnan(q->low_border_frac)
                             ? 0.0
                             : credit_below(q->low_border_frac, s->quality_clear_border_frac);

    return fmax(credit_above(q->agreement, s->quality_agreement), s->quality_clear_credit * clear);
}

static void conclude(struct hep_liver_quality *q, const struct hep_liver_settings *s)
{
    const double lo = s->volume_ml.lo, hi = s->volume_ml.hi, least = q->cropped ? 0.0 : lo;

    q->volume_plausible = q->volume_ml >= lo && q->volume_ml <= hi;
    q->score = credit(q->volume_ml, least, NO_LIVER_BELOW * least - 1.0) *
               credit(q->volume_ml, hi, NO_LIVER_ABOVE * hi);
    q->reason[0] = '\0';
    if (!q->volume_plausible)
        (void)snprintf(q->reason, sizeof q->reason, "volume %.0f mL outside %.0f-%.0f mL%s",
                       q->volume_ml, lo, hi,
                       q->cropped ? "; the liver is cut by the end of the images" : "");
    count(q, agreement_credit(q, s), "grown again from its inside it overlaps by %.2f only (Dice)",
          q->agreement);
    count(q, credit_below(q->above_dome, s->quality_above_dome),
          "%.0f %% of the volume above the right dome, as a heart is", 100.0 * q->above_dome);
    count(q, credit_below(q->height_mm, s->quality_height_mm), "%.0f mm high", q->height_mm);
    count(q, credit_below(q->roughness, s->quality_roughness),
          "surface %.1f times that of a sphere", q->roughness);
    count(q, credit_below(q->low_border_frac, s->quality_low_border_frac),
          "%.0f %% of the border without contrast", 100.0 * q->low_border_frac);
    count(q, credit_below(q->left_right, s->quality_left_right),
          "%.0f %% of the volume left of the middle", 100.0 * q->left_right);
    count(q, credit_above(q->contrast, s->quality_contrast),
          "half of its voxels look like liver with log-odds below %.1f", q->contrast);
}

/* What of the liver lies in a slice across the body: all of it, and the part of the right dome. */
struct slice {
    double all, right;
};

/* The highest slice below which all but 1 % of the liver, or of its right part, lies. */
static size_t top_of(const struct slice *slice, size_t n, bool right)
{
    double total = 0.0, above = 0.0;
    size_t z = n;

    for (size_t k = 0; k < n; k++)
        total += right ? slice[k].right : slice[k].all;
    while (z > 1 && above + (right ? slice[z - 1].right : slice[z - 1].all) <= END_SHARE * total) {
        z--;
        above += right ? slice[z].right : slice[z].all;
    }
    return z - 1;
}

/* Height along the body, and the share above the right dome; the fine grid has its z up. */
static int heights(struct hep_liver_quality *q, const struct hep_volume *share,
                   const struct hep_liver_images *im, struct hep_error *err)
{
    const size_t n = share->grid.n[2], per_slice = share->grid.n[0] * share->grid.n[1];
    const double dome_x = im->middle_x + im->settings->dome_half_widths * im->half_width;
    double all = 0.0, above = 0.0, below = 0.0;
    struct slice *slice = NULL;
    size_t dome, bottom = 0;
    int rc = HEP_NEW(slice, n, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n * per_slice; i++) {
        const double x =
            share->grid.to_world[0][3] + HEP_LIVER_FINE_MM * (double)(i % share->grid.n[0]);
        struct slice *at = &slice[i / per_slice];

        at->all += (double)share->data[i];
        at->right += x > dome_x ? (double)share->data[i] : 0.0;
        all += (double)share->data[i];
    }
    dome =
        top_of(slice, n, true) + (size_t)lround(im->settings->dome_margin_mm / HEP_LIVER_FINE_MM);
    for (size_t z = dome + 1; z < n; z++)
        above += slice[z].all - slice[z].right;
    while (bottom + 1 < n && below + slice[bottom].all <= END_SHARE * all)
        below += slice[bottom++].all;
    q->above_dome = all > 0.0 ? above / all : (double)NAN;
    q->height_mm = HEP_LIVER_FINE_MM * ((double)top_of(slice, n, false) - (double)bottom + 1.0);
    free(slice);
    return HEP_OK;
}

static int share_of_mask(struct hep_volume **share, const struct hep_labels *liver,
                         const struct hep_grid *fine, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&liver->grid);
    struct hep_volume *v = NULL;
    int rc = hep_volume_new(&v, &liver->grid, 1, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        v->data[i] = liver->data[i] != 0 ? 1.0F : 0.0F;
    if (rc == HEP_OK)
        rc = hep_resample_area(share, v, fine, 1, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(fine); i++) {
        if (isnan((*share)->data[i]))
            (*share)->data[i] = 0.0F;
    }
    if (rc == HEP_OK)
        rc = hep_filter_gauss(*share, MASK_SIGMA_MM, 1, err);
    hep_volume_free(v);
    return rc;
}

int hep_liver_judge(struct hep_liver_quality *q, const struct hep_labels *liver,
                    const struct hep_volume *share, const struct hep_volume *odds,
                    const struct hep_liver_images *im, double sd, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&share->grid);
    struct hep_labels *inside = NULL;
    struct hep_stats stats;
    double left = 0.0, all = 0.0;
    int rc = hep_labels_new(&inside, &share->grid, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const double x =
            share->grid.to_world[0][3] + HEP_LIVER_FINE_MM * (double)(i % share->grid.n[0]);

        inside->data[i] = share->data[i] > 0.5F;
        all += (double)share->data[i];
        left += x < im->middle_x ? (double)share->data[i] : 0.0;
    }
    if (rc == HEP_OK)
        rc = hep_stats_masked(&stats, odds, 0, inside, -1, err);
    if (rc == HEP_OK)
        rc = heights(q, share, im, err);
    if (rc == HEP_OK) {
        q->volume_ml =
            (double)hep_labels_count(liver, -1) * hep_grid_voxel_mm3(&liver->grid) / 1000.0;
        q->left_right = all > 0.0 ? left / all : (double)NAN;
        q->contrast = stats.median;
        border(q, share, im->channel[0].fine, sd);
        find_cut(q, liver);
        conclude(q, im->settings);
    }
    hep_labels_free(inside);
    return rc;
}

int hep_liver_judge_mask(struct hep_liver_quality *out, const struct hep_labels *liver,
                         const struct hep_liver_settings *settings, struct hep_error *err)
{
    struct hep_grid fine;
    struct hep_volume *share = NULL;
    int rc;

    memset(out, 0, sizeof *out);
    hep_liver_world_grid(&fine, &liver->grid);
    rc = share_of_mask(&share, liver, &fine, err);
    if (rc == HEP_OK) {
        out->volume_ml =
            (double)hep_labels_count(liver, -1) * hep_grid_voxel_mm3(&liver->grid) / 1000.0;
        out->left_right = out->contrast = out->seed_ml = (double)NAN;
        out->agreement = out->above_dome = out->height_mm = (double)NAN;
        border(out, share, NULL, 0.0);
        find_cut(out, liver);
        conclude(out, settings);
    }
    hep_volume_free(share);
    return rc;
}
