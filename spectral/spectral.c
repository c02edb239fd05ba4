#include "spectral/spectral.h"

#include "base/alloc.h"
#include "image/mask.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A centre of fewer voxels says nothing of its own: it is left without a number. */
#define LEAST_VOXELS 4

const char *hep_spectral_region_word(enum hep_spectral_region region)
{
    static const char *const words[] = { "whole", "centre", "edge", "liver", "aorta" };

    return words[region];
}

void hep_spectral_release(struct hep_spectral *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->rows[i].hu);
    free(s->rows);
    hep_volume_free(s->slope);
    *s = (struct hep_spectral){ 0 };
}

/* Does "kev" stand here, in any case? */
static bool is_unit(const char *at)
{
    return tolower((unsigned char)at[0]) == 'k' && tolower((unsigned char)at[1]) == 'e' &&
           tolower((unsigned char)at[2]) == 'v';
}

double hep_spectral_kev_of_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        const char *digit = at;
        double after = 0.0;
        double before = 0.0;
        double place = 1.0;

        if (at[1] == '\0' || at[2] == '\0' || !is_unit(at))
            continue;
        if (digit > name && (digit[-1] == '-' || digit[-1] == '_'))
            digit--;
        for (; digit > name && isdigit((unsigned char)digit[-1]); digit--) {
            before += place * (digit[-1] - '0');
            place *= 10.0;
        }
        if (before > 0.0)
            return before;
        digit = at[3] == '-' || at[3] == '_' ? at + 4 : at + 3;
        for (; isdigit((unsigned char)*digit); digit++)
            after = 10.0 * after + (*digit - '0');
        if (after > 0.0)
            return after;
    }
    return NAN;
}

static int check(const struct hep_spectral_input *in, struct hep_error *err)
{
    const struct hep_grid *grid = &in->energy[0]->grid;
    const struct hep_labels *masks[3] = { in->lesions, in->liver, in->aorta };
    static const char *const names[3] = { "lesions", "liver mask", "aorta mask" };

    for (size_t i = 1; i < in->n_energies; i++) {
        if (!hep_grid_same(grid, &in->energy[i]->grid, HEP_GRID_TOL_MM))
            return HEP_FAIL(err, HEP_EGEOM, "the volumes of %g and %g keV are not on one grid",
                            in->kev[0], in->kev[i]);
    }
    for (int m = 0; m < 3; m++) {
        if (masks[m] != NULL && !hep_grid_same(grid, &masks[m]->grid, HEP_GRID_TOL_MM))
            return HEP_FAIL(err, HEP_EGEOM, "the %s %s not on the grid of the CT", names[m],
                            m == 0 ? "are" : "is");
    }
    if (in->iodine != NULL && !hep_grid_same(grid, &in->iodine->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the iodine map is not on the grid of the CT");
    if (!(in->kev[in->high] > in->kev[in->low]))
        return HEP_FAIL(err, HEP_EDATA,
                        "the slope needs two energies, the lower one first: got %g and %g keV",
                        in->kev[in->low], in->kev[in->high]);
    if (in->denominator <= 0.0 || !(in->edge_mm > 0.0) || !(in->margin_mm >= 0.0))
        return HEP_FAIL(err, HEP_EINVAL,
                        "denominator %g keV and edge %g mm are above 0, margin %g mm from 0",
                        in->denominator, in->edge_mm, in->margin_mm);
    return HEP_OK;
}

static int make_slope(struct hep_spectral *out, const struct hep_spectral_input *in,
                      struct hep_error *err)
{
    const struct hep_volume *low = in->energy[in->low];
    const struct hep_volume *high = in->energy[in->high];
    size_t n = hep_grid_voxels(&low->grid);
    int rc = hep_volume_new_unset(&out->slope, &low->grid, 1, err);

    out->denominator =
        isnan(in->denominator) ? in->kev[in->high] - in->kev[in->low] : in->denominator;
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        out->slope->data[i] =
            (float)(((double)low->data[i] - (double)high->data[i]) / out->denominator);
    return rc;
}

/* Over the finite values of the listed voxels. */
static struct hep_moments moments(const struct hep_volume *v, const size_t *voxels, size_t n)
{
    struct hep_moments m = { NAN, NAN };
    double sum = 0.0;
    double squares = 0.0;
    double count = 0.0;

    for (size_t k = 0; k < n; k++) {
        if (isfinite(v->data[voxels[k]])) {
            sum += (double)v->data[voxels[k]];
            count += 1.0;
        }
    }
    if (count < 1.0)
        return m;
    m.mean = sum / count;
    for (size_t k = 0; k < n; k++) {
        double d = (double)v->data[voxels[k]] - m.mean;

        squares += isfinite(d) ? d * d : 0.0;
    }
    m.sd = count > 1.0 ? sqrt(squares / (count - 1.0)) : (double)NAN;
    return m;
}

/* Voxels in the order of the array. */
struct voxel_list {
    size_t *at, n;
};

static int add_row(struct hep_spectral *out, const struct hep_spectral_input *in, int32_t lesion,
                   enum hep_spectral_region region, const struct voxel_list *v,
                   struct hep_error *err)
{
    struct hep_spectral_row *row = NULL;

    if (HEP_GROW(out->rows, out->n, err) != HEP_OK)
        return HEP_ENOMEM;
    row = &out->rows[out->n++];
    *row = (struct hep_spectral_row){ .lesion = lesion, .region = region, .n = v->n };
    row->slope = row->iodine = (struct hep_moments){ NAN, NAN };
    row->normalised_iodine = row->iodine_to_liver = row->slope_to_liver = NAN;
    if (HEP_NEW(row->hu, in->n_energies, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t e = 0; e < in->n_energies; e++)
        row->hu[e] = (struct hep_moments){ NAN, NAN };
    if (v->n < LEAST_VOXELS) {
        row->reason = v->n == 0 ? "no voxel" : "fewer than 4 voxels";
        return HEP_OK;
    }
    for (size_t e = 0; e < in->n_energies; e++)
        row->hu[e] = moments(in->energy[e], v->at, v->n);
    row->slope = moments(out->slope, v->at, v->n);
    if (in->iodine != NULL)
        row->iodine = moments(in->iodine, v->at, v->n);
    return HEP_OK;
}

/* A box of the label map with one voxel around the label, so that distances need not cross the whole image. */
struct box {
    size_t lo[3];
    struct hep_labels *mask; /* 1 where the label is */
};

static int box_of(struct box *b, const struct hep_labels *labels, int32_t label,
                  struct hep_error *err)
{
    struct hep_grid grid = labels->grid;
    size_t hi[3] = { 0, 0, 0 };
    size_t n = hep_grid_voxels(&labels->grid);
    int rc = HEP_OK;

    for (int a = 0; a < 3; a++)
        b->lo[a] = grid.n[a];
    for (size_t i = 0; i < n; i++) {
        size_t at[3];

        if (labels->data[i] != label)
            continue;
        hep_grid_place(at, &labels->grid, i);
        for (int a = 0; a < 3; a++) {
            b->lo[a] = at[a] < b->lo[a] ? at[a] : b->lo[a];
            hi[a] = at[a] > hi[a] ? at[a] : hi[a];
        }
    }
    for (int a = 0; a < 3; a++) {
        b->lo[a] -= b->lo[a] > 0;
        hi[a] += hi[a] + 1 < labels->grid.n[a];
        grid.n[a] = hi[a] - b->lo[a] + 1;
    }
    rc = hep_labels_new(&b->mask, &grid, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&grid); i++) {
        size_t at[3];

        hep_grid_place(at, &grid, i);
        b->mask->data[i] =
            labels->data[at[0] + b->lo[0] +
                         labels->grid.n[0] *
                             (at[1] + b->lo[1] + labels->grid.n[1] * (at[2] + b->lo[2]))] == label;
    }
    return rc;
}

/* Whole, centre and edge of one lesion: the edge is what lies within edge_mm of the surface, which is taken half a
 * voxel beyond the outermost centres: distances are to the nearest centre outside. */
static int add_lesion(struct hep_spectral *out, const struct hep_spectral_input *in, int32_t lesion,
                      struct hep_error *err)
{
    struct box b = { .mask = NULL };
    struct hep_volume *depth = NULL;
    struct voxel_list part[3] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    const struct hep_grid *grid = &in->lesions->grid;
    double mm[3];
    double half = 0.0;
    size_t n = 0;
    int rc = box_of(&b, in->lesions, lesion, err);

    hep_grid_spacing(mm, grid);
    half = fmin(mm[0], fmin(mm[1], mm[2])) / 2.0;
    if (rc == HEP_OK)
        rc = hep_mask_distance(&depth, b.mask, true, 1, err);
    n = rc == HEP_OK ? hep_grid_voxels(&b.mask->grid) : 0;
    for (int p = 0; rc == HEP_OK && p < 3; p++)
        rc = HEP_NEW(part[p].at, n, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        size_t at[3];
        size_t voxel = 0;
        struct voxel_list *to = NULL;

        if (b.mask->data[i] == 0)
            continue;
        hep_grid_place(at, &b.mask->grid, i);
        voxel = at[0] + b.lo[0] + grid->n[0] * (at[1] + b.lo[1] + grid->n[1] * (at[2] + b.lo[2]));
        to = (double)depth->data[i] - half > in->edge_mm ? &part[HEP_SPECTRAL_CENTRE]
                                                         : &part[HEP_SPECTRAL_EDGE];
        part[HEP_SPECTRAL_WHOLE].at[part[HEP_SPECTRAL_WHOLE].n++] = voxel;
        to->at[to->n++] = voxel;
    }
    for (int p = 0; rc == HEP_OK && p < 3; p++)
        rc = add_row(out, in, lesion, (enum hep_spectral_region)p, &part[p], err);
    for (int p = 0; p < 3; p++)
        free(part[p].at);
    hep_labels_free(b.mask);
    hep_volume_free(depth);
    return rc;
}

/* A row of the voxels where `where` holds `value` (not 0: any) and `without` is 0. */
static int add_masked(struct hep_spectral *out, const struct hep_spectral_input *in,
                      const struct hep_labels *where, int32_t value,
                      const struct hep_labels *without, int32_t lesion,
                      enum hep_spectral_region region, struct hep_error *err)
{
    struct voxel_list v = { NULL, 0 };
    size_t n = hep_grid_voxels(&where->grid);
    int rc = HEP_OK;

    for (size_t i = 0; i < n; i++)
        v.n += value == 0 ? where->data[i] != 0 : where->data[i] == value;
    rc = HEP_NEW(v.at, v.n + 1, err);
    v.n = 0;
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if ((value == 0 ? where->data[i] != 0 : where->data[i] == value) &&
            (without == NULL || without->data[i] == 0))
            v.at[v.n++] = i;
    }
    if (rc == HEP_OK)
        rc = add_row(out, in, lesion, region, &v, err);
    free(v.at);
    return rc;
}

static int add_liver(struct hep_spectral *out, const struct hep_spectral_input *in,
                     struct hep_error *err)
{
    struct hep_labels *near = NULL;
    int rc = hep_labels_copy(&near, in->lesions, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&near->grid); i++)
        near->data[i] = near->data[i] != 0;
    if (rc == HEP_OK && in->margin_mm > 0.0)
        rc = hep_mask_dilate(near, in->margin_mm, 1, err);
    if (rc == HEP_OK)
        rc = add_masked(out, in, in->liver, 0, near, 0, HEP_SPECTRAL_LIVER, err);
    hep_labels_free(near);
    return rc;
}

/* The next label above this one; 0 when there is none. */
static int32_t next_label(const struct hep_labels *labels, int32_t after)
{
    int32_t next = 0;

    for (size_t i = 0; i < hep_grid_voxels(&labels->grid); i++) {
        if (labels->data[i] > after && (next == 0 || labels->data[i] < next))
            next = labels->data[i];
    }
    return next;
}

static int add_regions(struct hep_spectral *out, const struct hep_spectral_input *in,
                       struct hep_error *err)
{
    static const enum hep_spectral_region region[] = { HEP_SPECTRAL_CENTRE, HEP_SPECTRAL_EDGE,
                                                       HEP_SPECTRAL_LIVER };
    int rc = HEP_OK;

    for (int32_t value = 1; rc == HEP_OK && value <= 3; value++)
        rc = add_masked(out, in, in->lesions, value, NULL, value < 3, region[value - 1], err);
    return rc;
}

static const struct hep_spectral_row *row_of(const struct hep_spectral *s,
                                             enum hep_spectral_region region)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->rows[i].region == region && s->rows[i].lesion == 0)
            return &s->rows[i];
    }
    return NULL;
}

/* Ratios to the aorta and to normal liver; those need values above 0. */
static void put_ratios(struct hep_spectral *s)
{
    const struct hep_spectral_row *liver = row_of(s, HEP_SPECTRAL_LIVER);
    const struct hep_spectral_row *aorta = row_of(s, HEP_SPECTRAL_AORTA);

    for (size_t i = 0; i < s->n; i++) {
        struct hep_spectral_row *r = &s->rows[i];

        if (aorta != NULL && aorta->iodine.mean > 0.0)
            r->normalised_iodine = r->iodine.mean / aorta->iodine.mean;
        if (liver != NULL && liver->iodine.mean > 0.0)
            r->iodine_to_liver = r->iodine.mean / liver->iodine.mean;
        if (liver != NULL && liver->slope.mean > 0.0)
            r->slope_to_liver = r->slope.mean / liver->slope.mean;
    }
}

int hep_spectral_measure(struct hep_spectral *out, const struct hep_spectral_input *in,
                         struct hep_error *err)
{
    int rc = HEP_OK;
    int32_t label = 0;

    *out = (struct hep_spectral){ 0 };
    rc = check(in, err);
    if (rc == HEP_OK)
        rc = make_slope(out, in, err);
    label = rc == HEP_OK ? next_label(in->lesions, 0) : 0;
    if (rc == HEP_OK && label == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "the lesion map is empty");
    if (rc == HEP_OK && in->are_regions)
        rc = add_regions(out, in, err);
    for (; rc == HEP_OK && !in->are_regions && label != 0; label = next_label(in->lesions, label))
        rc = add_lesion(out, in, label, err);
    if (rc == HEP_OK && !in->are_regions && in->liver != NULL)
        rc = add_liver(out, in, err);
    if (rc == HEP_OK && in->aorta != NULL)
        rc = add_masked(out, in, in->aorta, 0, NULL, 0, HEP_SPECTRAL_AORTA, err);
    if (rc == HEP_OK)
        put_ratios(out);
    else
        hep_spectral_release(out);
    return rc;
}
