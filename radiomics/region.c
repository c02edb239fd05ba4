#include "radiomics/region.h"

#include "base/alloc.h"
#include "image/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const int hep_direction[HEP_DIRECTIONS_3D][3] = {
    { 1, 0, 0 }, { 0, 1, 0 },  { 1, 1, 0 }, { -1, 1, 0 }, { 0, 0, 1 },  { 1, 0, 1 },   { -1, 0, 1 },
    { 0, 1, 1 }, { 0, -1, 1 }, { 1, 1, 1 }, { -1, 1, 1 }, { 1, -1, 1 }, { -1, -1, 1 },
};
/* Spacings that differ by less are equal: slices then lie across inferior-superior. */
#define EQUAL_SPACING 1.05
/* Auto takes whole intensities as levels up to here: more is a picture, not a discretised one. */
#define AUTO_LEVELS 256

void hep_region_release(struct hep_region *r)
{
    free(r->value);
    free(r->shape);
    free(r->inside);
    free(r->level);
    free(r->sorted);
    free(r->voxel);
    free(r->slice);
    *r = (struct hep_region){ 0 };
}

/* Isotropic grid over the same field of view, centres aligned (manual, 2.4.1). */
static void resampled_grid(struct hep_grid *out, const struct hep_grid *in, double mm)
{
    double spacing[3];
    double first[3];

    hep_grid_spacing(spacing, in);
    *out = *in;
    for (int a = 0; a < 3; a++) {
        out->n[a] = (size_t)ceil((double)in->n[a] * spacing[a] / mm - 1e-9);
        out->n[a] = out->n[a] > 0 ? out->n[a] : 1;
        first[a] =
            ((double)in->n[a] - 1.0) / 2.0 - ((double)out->n[a] - 1.0) / 2.0 * mm / spacing[a];
        for (int w = 0; w < 3; w++)
            out->to_world[w][a] = in->to_world[w][a] * mm / spacing[a];
    }
    for (int w = 0; w < 3; w++) {
        for (int a = 0; a < 3; a++)
            out->to_world[w][3] += in->to_world[w][a] * first[a];
    }
}

static int resample(struct hep_volume **image, struct hep_labels **mask,
                    const struct hep_volume *from, const struct hep_labels *region, int32_t label,
                    double mm, struct hep_error *err)
{
    struct hep_volume *share = NULL;
    struct hep_volume *moved = NULL;
    struct hep_grid grid;
    size_t n = hep_grid_voxels(&region->grid);
    int rc = HEP_OK;

    resampled_grid(&grid, &from->grid, mm);
    rc = hep_volume_new(&share, &region->grid, 1, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        share->data[i] = region->data[i] == label ? 1.0F : 0.0F;
    rc = hep_resample(&moved, share, &grid, NULL, HEP_INTERP_LINEAR, 0.0F, 1, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(mask, &grid, err);
    if (rc == HEP_OK)
        rc = hep_resample(image, from, &grid, NULL, HEP_INTERP_LINEAR, NAN, 1, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&grid); i++)
        (*mask)->data[i] = moved->data[i] >= 0.5F ? label : 0;
    hep_volume_free(share);
    hep_volume_free(moved);
    return rc;
}

/* Axis across which slices lie: the widest spacing, or inferior-superior. */
static int slice_axis(const struct hep_grid *g)
{
    double mm[3];
    int up = 2;
    int sign = 1;
    int widest = 0;

    hep_grid_spacing(mm, g);
    hep_grid_axis_of(&up, &sign, g, 2);
    for (int a = 1; a < 3; a++)
        widest = mm[a] > mm[widest] ? a : widest;
    return mm[widest] > EQUAL_SPACING * mm[up] ? widest : up;
}

/* Lowest and highest place of the label along each axis; false when it is nowhere. */
static bool bounds(size_t lo[3], size_t hi[3], const struct hep_labels *mask, int32_t label)
{
    size_t n = hep_grid_voxels(&mask->grid);
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        size_t at[3];

        if (mask->data[i] != label)
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

/* Copy the box around lo..hi, with a margin that holds the sphere of peaks, axes in `order`. */
static int cut(struct hep_region *r, const struct hep_volume *image, const struct hep_labels *mask,
               int32_t label, const size_t lo[3], const size_t hi[3], const int order[3],
               struct hep_error *err)
{
    const size_t *n = mask->grid.n;
    long from[3];
    double mm[3];
    size_t i = 0;

    hep_grid_spacing(mm, &mask->grid);
    for (int a = 0; a < 3; a++) {
        long margin = (long)ceil(HEP_PEAK_RADIUS_MM / mm[order[a]]);

        from[a] = (long)lo[order[a]] - margin;
        r->n[a] = hi[order[a]] - lo[order[a]] + 1 + 2 * (size_t)margin;
        r->mm[a] = mm[order[a]];
    }
    r->total = r->n[0] * r->n[1] * r->n[2];
    if (HEP_NEW(r->value, r->total, err) != HEP_OK || HEP_NEW(r->shape, r->total, err) != HEP_OK ||
        HEP_NEW(r->inside, r->total, err) != HEP_OK || HEP_NEW(r->level, r->total, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t z = 0; z < r->n[2]; z++) {
        for (size_t y = 0; y < r->n[1]; y++) {
            for (size_t x = 0; x < r->n[0]; x++, i++) {
                size_t at[3];
                size_t k = 0;

                at[order[0]] = (size_t)(from[0] + (long)x); /* below 0 it wraps, and lies outside */
                at[order[1]] = (size_t)(from[1] + (long)y);
                at[order[2]] = (size_t)(from[2] + (long)z);
                k = at[0] + n[0] * (at[1] + n[1] * at[2]);
                if (at[0] >= n[0] || at[1] >= n[1] || at[2] >= n[2]) {
                    r->value[i] = NAN;
                    continue;
                }
                r->value[i] = image->data[k];
                r->shape[i] = mask->data[k] == label;
                if (r->shape[i] && !isfinite(r->value[i]))
                    return HEP_FAIL(err, HEP_EDATA,
                                    "voxel (%zu, %zu, %zu) of the region has no finite intensity",
                                    at[0], at[1], at[2]);
            }
        }
    }
    return HEP_OK;
}

static void mean_and_sd(double *mean, double *sd, const struct hep_region *r)
{
    double sum = 0.0;
    double squares = 0.0;
    size_t n = 0;

    for (size_t i = 0; i < r->total; i++) {
        if (r->inside[i]) {
            sum += (double)r->value[i];
            n++;
        }
    }
    *mean = n > 0 ? sum / (double)n : 0.0;
    for (size_t i = 0; i < r->total; i++) {
        if (r->inside[i])
            squares += ((double)r->value[i] - *mean) * ((double)r->value[i] - *mean);
    }
    *sd = n > 0 ? sqrt(squares / (double)n) : 0.0;
}

/* The intensity mask: range first, then outliers of what is left (manual, 2.6). */
static void resegment(struct hep_region *r, const struct hep_texture_settings *s)
{
    double mean = 0.0;
    double sd = 0.0;

    for (size_t i = 0; i < r->total; i++)
        r->inside[i] = r->shape[i] && !((double)r->value[i] < s->range[0]) &&
                       !((double)r->value[i] > s->range[1]);
    if (s->outlier_sd > 0.0) {
        mean_and_sd(&mean, &sd, r);
        for (size_t i = 0; i < r->total; i++) {
            if (fabs((double)r->value[i] - mean) > s->outlier_sd * sd)
                r->inside[i] = 0;
        }
    }
    for (size_t i = 0; i < r->total; i++)
        r->n_voxels += r->inside[i];
}

/* Bits of a float in the order of its value. */
static uint32_t key_of(float x)
{
    uint32_t bits;

    (void)memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 3 };

/* Radix sort: finite values, least digit first. */
static void sort_floats(float *x, float *other, size_t n)
{
    for (int pass = 0; pass < PASSES; pass++) {
        const int shift = pass * DIGIT_BITS;
        size_t at[DIGITS] = { 0 };
        size_t sum = 0;
        float *swap = x;

        for (size_t i = 0; i < n; i++)
            at[key_of(x[i]) >> shift & (DIGITS - 1)]++;
        for (size_t k = 0; k < DIGITS; k++) {
            const size_t count = at[k];

            at[k] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            other[at[key_of(x[i]) >> shift & (DIGITS - 1)]++] = x[i];
        x = other;
        other = swap;
    }
}

/* After three passes the sorted values stand in the second array. */
static int sort_values(struct hep_region *r, struct hep_error *err)
{
    float *values = NULL;
    size_t k = 0;

    if (HEP_NEW(values, r->n_voxels, err) != HEP_OK ||
        HEP_NEW(r->sorted, r->n_voxels, err) != HEP_OK ||
        HEP_NEW(r->voxel, r->n_voxels, err) != HEP_OK ||
        HEP_NEW(r->slice, r->n[2] + 1, err) != HEP_OK) {
        free(values);
        return HEP_ENOMEM;
    }
    for (size_t i = 0; i < r->total; i++) {
        if (!r->inside[i])
            continue;
        values[k] = r->value[i];
        r->voxel[k++] = i;
        r->slice[i / (r->n[0] * r->n[1]) + 1] = k;
    }
    for (size_t z = 0; z < r->n[2]; z++)
        r->slice[z + 1] = r->slice[z + 1] > r->slice[z] ? r->slice[z + 1] : r->slice[z];
    sort_floats(values, r->sorted, r->n_voxels);
    free(values);
    return HEP_OK;
}

/* Are all intensities whole numbers from 1 to `most`? */
static bool are_levels(const struct hep_region *r, double most)
{
    for (size_t i = 0; i < r->n_voxels; i++) {
        double x = (double)r->sorted[i];

        if (x < 1.0 || x > most || fabs(x - round(x)) > HEP_LABEL_TOL)
            return false;
    }
    return true;
}

static enum hep_discretisation chosen(const struct hep_region *r,
                                      const struct hep_texture_settings *s)
{
    if (s->levels != HEP_LEVELS_AUTO)
        return s->levels;
    return are_levels(r, AUTO_LEVELS) ? HEP_LEVELS_ASIS : HEP_LEVELS_COUNT;
}

static int check_levels(const struct hep_region *r, enum hep_discretisation how,
                        const struct hep_texture_settings *s, struct hep_error *err)
{
    double lo = (double)r->sorted[0];
    double hi = (double)r->sorted[r->n_voxels - 1];
    double low = isnan(s->range[0]) ? lo : s->range[0];

    if (how == HEP_LEVELS_ASIS && !are_levels(r, HEP_TEXTURE_MAX_LEVELS))
        return HEP_FAIL(
            err, HEP_EDATA,
            "intensities from %g to %g are no grey levels (whole numbers from 1 to %d): "
            "choose a number or a width of bins",
            lo, hi, HEP_TEXTURE_MAX_LEVELS);
    if (how == HEP_LEVELS_WIDTH && (hi - low) / s->bin_width >= HEP_TEXTURE_MAX_LEVELS)
        return HEP_FAIL(
            err, HEP_EDATA,
            "bins of %g give %.0f grey levels between %g and %g, at most %d are allowed",
            s->bin_width, floor((hi - low) / s->bin_width) + 1.0, low, hi, HEP_TEXTURE_MAX_LEVELS);
    return HEP_OK;
}

/* Grey levels (manual, 2.7.1 and 2.7.2). A region of one intensity has one level. */
static int discretise(struct hep_region *r, struct hep_texture *said,
                      const struct hep_texture_settings *s, struct hep_error *err)
{
    double lo = (double)r->sorted[0];
    double hi = (double)r->sorted[r->n_voxels - 1];
    int rc = HEP_OK;

    said->levels = chosen(r, s);
    rc = check_levels(r, said->levels, s, err);
    if (rc != HEP_OK)
        return rc;
    if (said->levels == HEP_LEVELS_WIDTH && !isnan(s->range[0]))
        lo = s->range[0];
    said->bin_width = said->levels == HEP_LEVELS_WIDTH   ? s->bin_width
                      : said->levels == HEP_LEVELS_COUNT ? (hi - lo) / s->n_bins
                                                         : (double)NAN;
    for (size_t i = 0; i < r->total; i++) {
        double x = (double)r->value[i];

        if (!r->inside[i])
            continue;
        if (said->levels == HEP_LEVELS_ASIS)
            r->level[i] = (int32_t)lround(x);
        else if (said->bin_width > 0.0)
            r->level[i] = (int32_t)floor((x - lo) / said->bin_width) + 1;
        else
            r->level[i] = 1;
        if (said->levels == HEP_LEVELS_COUNT && r->level[i] > s->n_bins)
            r->level[i] = s->n_bins; /* the maximum belongs to the last bin */
        r->n_levels = (size_t)r->level[i] > r->n_levels ? (size_t)r->level[i] : r->n_levels;
    }
    return HEP_OK;
}

static int make(struct hep_region *r, struct hep_texture *said, const struct hep_volume *image,
                const struct hep_labels *mask, int32_t label, const struct hep_texture_settings *s,
                struct hep_error *err)
{
    size_t lo[3] = { 0 };
    size_t hi[3] = { 0 };
    int across = slice_axis(&mask->grid);
    const int order[3] = { across == 0 ? 1 : 0, across == 2 ? 1 : 2, across };
    int rc = HEP_OK;

    if (!bounds(lo, hi, mask, label))
        return HEP_FAIL(err, HEP_EDATA, "no voxel has label %d%s", (int)label,
                        s->resample_mm > 0.0 ? " after resampling" : "");
    rc = cut(r, image, mask, label, lo, hi, order, err);
    if (rc != HEP_OK)
        return rc;
    resegment(r, s);
    if (r->n_voxels == 0)
        return HEP_FAIL(err, HEP_EDATA, "no voxel of label %d lies in the range %g to %g",
                        (int)label, s->range[0], s->range[1]);
    rc = sort_values(r, err);
    if (rc == HEP_OK)
        rc = discretise(r, said, s, err);
    said->slice_axis = across;
    said->n_voxels = r->n_voxels;
    said->n_levels = r->n_levels;
    hep_grid_spacing(said->spacing_mm, &mask->grid);
    return rc;
}

int hep_region_make(struct hep_region *r, struct hep_texture *said, const struct hep_volume *image,
                    const struct hep_labels *mask, int32_t label,
                    const struct hep_texture_settings *settings, struct hep_error *err)
{
    struct hep_volume *moved = NULL;
    struct hep_labels *moved_mask = NULL;
    int rc = HEP_OK;

    if (!hep_grid_same(&image->grid, &mask->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "image and mask are not on the same grid");
    if (settings->resample_mm > 0.0) {
        rc = resample(&moved, &moved_mask, image, mask, label, settings->resample_mm, err);
        image = moved;
        mask = moved_mask;
    }
    if (rc == HEP_OK)
        rc = make(r, said, image, mask, label, settings, err);
    hep_volume_free(moved);
    hep_labels_free(moved_mask);
    return rc;
}
