#include "lesions/joint_border.h"

#include "base/alloc.h"
#include "image/mask.h"
#include "image/stats.h"
#include "lesions/series_solve.h"

#include <math.h>
#include <stdlib.h>

/* Images as acquired; maps hold nothing that these do not. */
static const enum hep_image acquired[HEP_SPD_MAX] = {
    HEP_IMAGE_OPPOSED,       HEP_IMAGE_IN_PHASE,     HEP_IMAGE_T2,          HEP_IMAGE_B_ZERO,
    HEP_IMAGE_B_LOW,         HEP_IMAGE_B_HIGH,       HEP_IMAGE_PRECONTRAST, HEP_IMAGE_ARTERIAL,
    HEP_IMAGE_PORTAL_VENOUS, HEP_IMAGE_TRANSITIONAL, HEP_IMAGE_DELAYED,     HEP_IMAGE_HEPATOBILIARY,
};

enum { CORE = 1, ZONE = 2, RING = 4 };

/* A box of the reference grid around the lesion, and what is known of its voxels. */
struct region {
    const struct hep_lesion_study *study;
    const struct hep_extent *own;
    struct hep_grid grid;
    size_t lo[3], voxels, n_core, n_ring;
    unsigned char *kind;
    float *rho, *sum, *work;      /* [voxels] */
    float *x[HEP_SPD_MAX];        /* [voxels] each; NULL where the image tells nothing */
    double contrast[HEP_SPD_MAX]; /* m */
};

static double share_of_axes(double *distance_mm, const struct hep_extent *e, const double at[3])
{
    double rho2 = 0.0;

    for (int k = 0; k < 3; k++)
        rho2 +=
            (at[k] - e->centre_mm[k]) * (at[k] - e->centre_mm[k]) / (e->half_mm[k] * e->half_mm[k]);
    *distance_mm = sqrt(hep_distance2(at, e->centre_mm));
    return sqrt(rho2);
}

/* How many half axes away the lesion ends at the furthest. */
static double furthest(const struct region *r)
{
    return r->own->box ? 1.0 : r->study->limits->point_height_frac;
}

static void set_box(struct region *r)
{
    const struct hep_grid *g = &r->study->grid;
    double inverse[4][4], mm[3], middle[3], half = 0.0;
    struct hep_error none = { 0 };

    r->grid = *g;
    r->voxels = 0;
    if (hep_grid_inverse(inverse, g, &none) != HEP_OK)
        return;
    hep_grid_spacing(mm, g);
    hep_affine_apply(middle, HEP_AFFINE(inverse), r->own->centre_mm);
    for (int k = 0; k < 3; k++)
        half = fmax(half, r->own->half_mm[k]);
    half = furthest(r) * half + r->study->limits->ring_outer_mm;
    for (int k = 0; k < 3; k++) {
        const double last = (double)g->n[k] - 1.0, lo = fmax(ceil(middle[k] - half / mm[k]), 0.0),
                     hi = fmin(floor(middle[k] + half / mm[k]), last);

        if (!(hi >= lo))
            return;
        r->lo[k] = (size_t)lo;
        r->grid.n[k] = (size_t)hi - r->lo[k] + 1;
    }
    r->voxels = hep_grid_voxels(&r->grid);
}

static size_t whole_index(const struct region *r, size_t i)
{
    const size_t *n = r->study->grid.n;
    size_t at[3];

    hep_grid_place(at, &r->grid, i);
    return r->lo[0] + at[0] + n[0] * (r->lo[1] + at[1] + n[1] * (r->lo[2] + at[2]));
}

/* A long axis is measured in a slice, and bounds the lesion there; a box bounds it everywhere. */
static bool in_extent(const struct region *r, const double at[3])
{
    const struct hep_extent *e = r->own;
    double d[3];

    for (int k = 0; k < 3; k++)
        d[k] = fabs(at[k] - e->centre_mm[k]);
    return d[2] <= furthest(r) * e->half_mm[2] &&
           (e->box ? d[0] <= e->half_mm[0] && d[1] <= e->half_mm[1]
                   : hypot(d[0], d[1]) <= e->half_mm[0]);
}

static bool is_parenchyma(const struct hep_lesion_study *study, size_t i)
{
    return study->liver->data[i] != 0 &&
           (study->anatomy == NULL || study->anatomy->data[i] <= HEP_ANATOMY_LIVER);
}

/* Core, zone and ring; false when there is nothing to compare, or nothing of it lies in the liver. */
static bool classify(struct region *r, const struct hep_labels *labels,
                     const struct hep_extent *others, size_t n_others)
{
    const struct hep_lesion_limits *limits = r->study->limits;
    size_t centre = SIZE_MAX, in_liver = 0;
    const bool placed = hep_grid_voxel_at(&centre, &r->study->grid, r->own->centre_mm);

    for (size_t i = 0; i < r->voxels; i++) {
        const size_t j = whole_index(r, i);
        double at[3], d, other_d, rho, beyond;
        bool free_voxel = labels->data[j] == 0, rival = false;

        hep_grid_world_of(at, &r->study->grid, j);
        rho = share_of_axes(&d, r->own, at);
        beyond = rho > furthest(r) ? d * (1.0 - furthest(r) / rho) : 0.0;
        for (size_t o = 0; o < n_others; o++) {
            const double theirs = share_of_axes(&other_d, &others[o], at);

            free_voxel = free_voxel && !(theirs < rho && theirs <= 1.0);
            rival = rival || theirs <= 1.0;
        }
        r->rho[i] = (float)rho;
        if (free_voxel && (rho <= limits->point_core_frac || (placed && j == centre)))
            r->kind[i] = CORE | ZONE;
        else if (free_voxel && in_extent(r, at))
            r->kind[i] = ZONE;
        else if (free_voxel && !rival && beyond > limits->ring_inner_mm &&
                 beyond <= limits->ring_outer_mm && is_parenchyma(r->study, j))
            r->kind[i] = RING;
        r->n_core += (r->kind[i] & CORE) != 0;
        r->n_ring += r->kind[i] == RING;
        in_liver += (r->kind[i] & CORE) != 0 && r->study->liver->data[j] != 0;
    }
    return in_liver > 0 && r->n_ring >= (size_t)limits->point_ring_voxels;
}

/* Values of one kind of voxel; how many. */
static size_t collect(struct region *r, const float *from, unsigned kind)
{
    size_t n = 0;

    for (size_t i = 0; i < r->voxels; i++)
        if ((r->kind[i] & kind) != 0)
            r->work[n++] = from[i];
    return n;
}

/* The image in robust SDs from the liver around, and its contrast; no image when it does not cover both. */
static int read_image(struct region *r, size_t k, struct hep_error *err)
{
    const struct hep_volume *v = r->study->image[acquired[k]].volume;
    struct hep_stats liver;
    int rc;

    if (v == NULL)
        return HEP_OK;
    rc = HEP_NEW(r->x[k], r->voxels, err);
    for (size_t i = 0; rc == HEP_OK && i < r->voxels; i++)
        r->x[k][i] = v->data[whole_index(r, i)];
    if (rc == HEP_OK)
        rc = hep_stats_of(&liver, r->work, collect(r, r->x[k], RING), err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < r->voxels; i++)
        r->x[k][i] = (float)(((double)r->x[k][i] - liver.median) / liver.mad);
    for (size_t i = 0; i < r->voxels && liver.mad > 0.0; i++) {
        if ((r->kind[i] & (CORE | RING)) != 0 && !isfinite(r->x[k][i]))
            liver.mad = 0.0;
    }
    r->contrast[k] = hep_quantile(r->work, collect(r, r->x[k], CORE), 0.5);
    if (!(liver.mad > 0.0) || !isfinite(r->contrast[k])) {
        free(r->x[k]);
        r->x[k] = NULL;
    }
    return HEP_OK;
}

static double longest_mm(const double native[3])
{
    return fmax(native[0], fmax(native[1], native[2]));
}

/* Squares of what the place of the border leaves open in an image, as a share of its contrast. */
static double border_error2(const struct hep_lesion_study *study, enum hep_image image)
{
    const struct hep_lesion_image *of = &study->image[image];
    const double residual =
        isnan(of->registration_mm) ? study->limits->shift_mm : of->registration_mm;
    const double h = longest_mm(of->native_mm);
    double mm[3], width2, here;

    hep_grid_spacing(mm, &study->grid);
    width2 = (mm[0] * mm[0] + mm[1] * mm[1] + mm[2] * mm[2]) / 3.0;
    here = longest_mm(mm);
    return (residual * residual / 3.0 + fmax(h * h - here * here, 0.0) / 12.0) / width2;
}

/* Weights of the images; w.m, 0 when there is none. */
static double weigh(double w[HEP_SPD_MAX], const struct region *r)
{
    const struct hep_lesion_limits *limits = r->study->limits;
    const double clip = limits->point_clip_sd;
    double s[HEP_SPD_MAX][HEP_SPD_MAX] = { { 0 } }, inverse[HEP_SPD_MAX][HEP_SPD_MAX], unused;
    double evidence = 0.0;

    for (size_t a = 0; a < HEP_SPD_MAX; a++)
        for (size_t b = 0; b <= a; b++) {
            double both = 0.0, first = 0.0, second = 0.0;

            for (size_t i = 0; r->x[a] != NULL && r->x[b] != NULL && i < r->voxels; i++) {
                if (r->kind[i] != RING)
                    continue;
                const double x = fmin(fmax((double)r->x[a][i], -clip), clip),
                             y = fmin(fmax((double)r->x[b][i], -clip), clip);

                both += x * y;
                first += x;
                second += y;
            }
            s[a][b] = s[b][a] =
                (both - first * second / (double)r->n_ring) / ((double)r->n_ring - 1.0);
        }
    for (size_t a = 0; a < HEP_SPD_MAX; a++)
        s[a][a] += r->x[a] == NULL
                       ? 1.0
                       : 1.0 - limits->correlation_max +
                             r->contrast[a] * r->contrast[a] * border_error2(r->study, acquired[a]);
    if (!hep_spd_inverse(inverse, &unused, s, HEP_SPD_MAX))
        return 0.0;
    for (size_t a = 0; a < HEP_SPD_MAX; a++) {
        w[a] = 0.0;
        for (size_t b = 0; b < HEP_SPD_MAX; b++)
            w[a] += inverse[a][b] * (r->x[b] == NULL ? 0.0 : r->contrast[b]);
        evidence += w[a] * (r->x[a] == NULL ? 0.0 : r->contrast[a]);
    }
    return evidence;
}

/* The weighted sum, 1 in the core; false when the core does not differ. */
static bool add_images(struct region *r, const double w[HEP_SPD_MAX])
{
    double level;

    for (size_t k = 0; k < HEP_SPD_MAX; k++)
        for (size_t i = 0; r->x[k] != NULL && i < r->voxels; i++)
            r->sum[i] += isfinite(r->x[k][i]) ? (float)(w[k] * (double)r->x[k][i]) : 0.0F;
    level = hep_quantile(r->work, collect(r, r->sum, CORE), 0.5);
    for (size_t i = 0; i < r->voxels && level > 0.0; i++)
        r->sum[i] = (float)((double)r->sum[i] / level);
    return level > 0.0;
}

/* Even odds or better, together with the core, without holes. */
static int outline(size_t *count, struct hep_labels *labels, int32_t id, const struct region *r,
                   double evidence, struct hep_error *err)
{
    const struct hep_lesion_limits *limits = r->study->limits;
    const double strength = fmin(evidence, limits->point_evidence_max),
                 fill = r->own->box ? 1.0 : limits->point_fill_frac;
    struct hep_labels *likely = NULL, *parts = NULL;
    unsigned char *has_core = NULL;
    size_t n = 0;
    int rc = hep_labels_new(&likely, &r->grid, err);

    for (size_t i = 0; rc == HEP_OK && i < r->voxels; i++)
        likely->data[i] = (r->kind[i] & ZONE) != 0 &&
                          strength * ((double)r->sum[i] - 0.5) +
                                  (fill - (double)r->rho[i]) / limits->point_fill_spread >=
                              0.0;
    if (rc == HEP_OK)
        rc = hep_mask_components(&parts, &n, likely, 6, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(has_core, n + 1, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < r->voxels; i++)
        has_core[parts->data[i]] |= (r->kind[i] & CORE) != 0;
    for (size_t i = 0; i < r->voxels; i++)
        likely->data[i] = parts->data[i] != 0 && has_core[parts->data[i]];
    rc = hep_mask_fill_holes(likely, err);
    for (size_t i = 0; rc == HEP_OK && i < r->voxels; i++) {
        if (likely->data[i] != 0 && (r->kind[i] & ZONE) != 0) {
            labels->data[whole_index(r, i)] = id;
            (*count)++;
        }
    }
out:
    hep_labels_free(likely);
    hep_labels_free(parts);
    free(has_core);
    return rc;
}

int hep_joint_border(size_t *voxels, struct hep_labels *labels, int32_t id,
                     const struct hep_extent *own, const struct hep_extent *others, size_t n_others,
                     const struct hep_lesion_study *study, struct hep_error *err)
{
    struct region r = { .study = study, .own = own };
    double w[HEP_SPD_MAX], evidence;
    int rc;

    *voxels = 0;
    set_box(&r);
    if (r.voxels == 0)
        return HEP_OK;
    rc = HEP_NEW(r.kind, r.voxels, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(r.rho, r.voxels, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(r.sum, r.voxels, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(r.work, r.voxels, err);
    if (rc != HEP_OK || !classify(&r, labels, others, n_others))
        goto out;
    for (size_t k = 0; rc == HEP_OK && k < HEP_SPD_MAX; k++)
        rc = read_image(&r, k, err);
    if (rc != HEP_OK)
        goto out;
    evidence = weigh(w, &r);
    if (evidence >= study->limits->shown_z.hi * study->limits->shown_z.hi && add_images(&r, w))
        rc = outline(voxels, labels, id, &r, evidence, err);
out:
    for (size_t k = 0; k < HEP_SPD_MAX; k++)
        free(r.x[k]);
    free(r.kind);
    free(r.rho);
    free(r.sum);
    free(r.work);
    return rc;
}
