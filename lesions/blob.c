#include "lesions/blob.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/eigen3.h"
#include "image/filter.h"
#include "image/resample.h"
#include "image/stats.h"
#include "image/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From this many voxels of sigma on, every second voxel holds as much: at the Nyquist frequency of
 * the halved grid, pi / 2 per voxel, a Gaussian has exp(-pi^2 / 2) = 0.7 % left. */
#define HALVE_AT_VOXELS 2.0
/* A difference over h of a radial function acts like smoothing by h^2 / 10 per axis: the fourth
 * derivatives along the axes are 3/5 of the squared Laplacian. */
#define DIFFERENCE_VARIANCE 0.1
/* Every third voxel gives the same SD; from 100 of them it has a standard error of 12 %. */
#define NOISE_STEP 3
#define NOISE_MIN 100
/* The image is in robust SDs of liver: an SD of responses below 0.2 has no noise in it, as in
 * noise-free images, and shall not make everything strong. */
#define NOISE_FLOOR 0.2
/* A blob is part of the border of a larger one when that has 1.5 times its radius and half its
 * strength; of two lesions that overlap, neither is. */
#define PART_RADII 1.5
#define PART_STRENGTH 0.5

/* One scale on the grid of its octave. */
struct scale {
    struct hep_volume *smooth, *response;
    double t_mm2;
    double noise; /* robust SD of the response over the reference tissue */
};

/* The scales of one grid: first..last, of which own_first..own_last give blobs here; the others are
 * only neighbours. */
struct octave {
    const struct hep_blob_search *how;
    const struct hep_labels *where;
    struct hep_grid original;          /* of the result */
    struct hep_volume *smooth;         /* running; owned */
    uint8_t *where_here, *tissue_here; /* `where` and the reference tissue on its grid; owned */
    double sigma_mm;                   /* of it so far */
    double extra_mm2;                  /* variance from elsewhere */
    long first, last, own_first, own_last;
    struct hep_blob_list *found;
};

static int list_add(struct hep_blob_list *l, const struct hep_blob *b, struct hep_error *err)
{
    if (HEP_GROW(l->item, l->n, err) != HEP_OK)
        return HEP_ENOMEM;
    l->item[l->n++] = *b;
    return HEP_OK;
}

void hep_blob_list_release(struct hep_blob_list *l)
{
    free(l->item);
    *l = (struct hep_blob_list){ 0 };
}

double hep_blob_blur_mm2(const double native_mm[3], double mm)
{
    double sum = 0.0;

    for (int k = 0; k < 3; k++) {
        const double h = fmax(native_mm[k], 0.0);

        /* Box of width h: h^2 / 12. Linear interpolation at a fraction f: f (1 - f) h^2, on average
         * h^2 / 6, unless the grids share their spacing (to 1 %). */
        sum += h * h / 12.0 + (h > 1.01 * mm ? h * h / 6.0 : 0.0);
    }
    return sum / 3.0;
}

static double sigma_of(const struct hep_blob_search *how, double step)
{
    const double ratio = how->sigma_max_mm / how->sigma_min_mm;

    if (how->steps < 2)
        return how->sigma_min_mm;
    return how->sigma_min_mm * pow(ratio, step / (double)(how->steps - 1));
}

static void scale_release(struct scale *s)
{
    hep_volume_free(s->smooth);
    hep_volume_free(s->response);
    *s = (struct scale){ 0 };
}

static size_t neighbour(size_t i, int step, size_t n)
{
    if (step < 0)
        return i == 0 ? 0 : i - 1;
    return i + 1 < n ? i + 1 : i;
}

static void laplacian(struct hep_volume *out, const struct hep_volume *v, double factor,
                      int nthreads)
{
    const size_t *n = v->grid.n;

#pragma omp parallel for collapse(2) schedule(static) num_threads(nthreads)
    for (size_t k = 0; k < n[2]; k++) {
        for (size_t j = 0; j < n[1]; j++) {
            const size_t row = n[0] * (j + n[1] * k);
            const float *c = v->data + row;
            const float *south = v->data + n[0] * (neighbour(j, -1, n[1]) + n[1] * k);
            const float *north = v->data + n[0] * (neighbour(j, 1, n[1]) + n[1] * k);
            const float *below = v->data + n[0] * (j + n[1] * neighbour(k, -1, n[2]));
            const float *above = v->data + n[0] * (j + n[1] * neighbour(k, 1, n[2]));
            float *to = out->data + row;

            for (size_t i = 0; i < n[0]; i++)
                to[i] = south[i] + north[i] + below[i] + above[i];
            for (size_t i = 0; i < n[0]; i++) {
                const float along = c[neighbour(i, -1, n[0])] + c[neighbour(i, 1, n[0])];

                to[i] = (float)factor * (to[i] + along - 6.0F * c[i]);
            }
        }
    }
}

/* For each voxel of one axis of a grid the voxel of the result's grid that holds it; both grids
 * share their centre. */
static void nearest(size_t *out, size_t n, size_t of, double step)
{
    for (size_t i = 0; i < n; i++) {
        const double x = step * ((double)i - 0.5 * (double)(n - 1)) + 0.5 * (double)(of - 1);

        out[i] = (size_t)fmin(fmax(floor(x + 0.5), 0.0), (double)(of - 1));
    }
}

/* Is a label set at each voxel of this octave's grid? */
static int mask_here(uint8_t **out, const struct octave *o, const struct hep_labels *l,
                     struct hep_error *err)
{
    const size_t *n = o->smooth->grid.n, *of = o->original.n;
    const double step = n[0] == of[0] && n[1] == of[1] && n[2] == of[2] ? 1.0 : 2.0;
    uint8_t *mask = NULL;
    size_t *at = NULL;
    int rc = HEP_NEW(at, n[0] + n[1] + n[2], err);

    if (rc == HEP_OK)
        rc = HEP_NEW(mask, n[0] * n[1] * n[2], err);
    if (rc != HEP_OK)
        goto out;
    nearest(at, n[0], of[0], step);
    nearest(at + n[0], n[1], of[1], step);
    nearest(at + n[0] + n[1], n[2], of[2], step);
    for (size_t k = 0; k < n[2]; k++) {
        for (size_t j = 0; j < n[1]; j++) {
            const int32_t *row = l->data + of[0] * (at[n[0] + j] + of[1] * at[n[0] + n[1] + k]);
            uint8_t *to = mask + n[0] * (j + n[1] * k);

            for (size_t i = 0; i < n[0]; i++)
                to[i] = row[at[i]] != 0;
        }
    }
out:
    free(at);
    *out = mask;
    return rc;
}

static void masks_release(struct octave *o)
{
    free(o->where_here);
    free(o->tissue_here);
    o->where_here = o->tissue_here = NULL;
}

static int masks_make(struct octave *o, struct hep_error *err)
{
    int rc = HEP_OK;

    masks_release(o);
    if (o->where != NULL)
        rc = mask_here(&o->where_here, o, o->where, err);
    if (rc == HEP_OK && o->how->tissue != NULL)
        rc = mask_here(&o->tissue_here, o, o->how->tissue, err);
    return rc;
}

/* Robust SD of the response over reference tissue: every third voxel will do. */
static int measure_noise(struct scale *s, const struct octave *o, struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&s->response->grid);
    size_t n = 0;
    float *x;

    s->noise = 1.0;
    if (o->tissue_here == NULL)
        return HEP_OK;
    x = hep_alloc_aligned(voxels / NOISE_STEP + 1, sizeof *x, err);
    if (x == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < voxels; i += NOISE_STEP) {
        if (o->tissue_here[i] != 0)
            x[n++] = fabsf(s->response->data[i]);
    }
    s->noise = n < NOISE_MIN ? 1.0 : fmax(HEP_MAD_TO_SD * hep_quantile(x, n, 0.5), NOISE_FLOOR);
    free(x);
    return HEP_OK;
}

static int scale_make(struct scale *s, struct octave *o, long step, struct hep_error *err)
{
    const double sigma = sigma_of(o->how, (double)step);
    const double add = sqrt(fmax(sigma * sigma - o->sigma_mm * o->sigma_mm, 0.0));
    double mm[3];
    int rc;

    hep_grid_spacing(mm, &o->smooth->grid);
    rc = hep_filter_gauss(o->smooth, add, o->how->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_volume_copy(&s->smooth, o->smooth, err);
    if (rc == HEP_OK)
        rc = hep_volume_new_unset(&s->response, &o->smooth->grid, 1, err);
    if (rc != HEP_OK)
        return rc;
    o->sigma_mm = sigma;
    s->t_mm2 = sigma * sigma + o->extra_mm2 + DIFFERENCE_VARIANCE * mm[0] * mm[0];
    laplacian(s->response, s->smooth, -s->t_mm2 / (mm[0] * mm[0]), hep_threads(o->how->nthreads));
    return measure_noise(s, o, err);
}

/* Is the response at `at` the largest (of sign * response) of its 3x3x3 neighbours in one scale?
 * Ties go to the lower index. */
static bool tops(const struct hep_volume *r, size_t at, float value, float sign, bool same_scale)
{
    const size_t sx = 1, sy = r->grid.n[0], sz = r->grid.n[0] * r->grid.n[1];

    for (size_t c = 0; c < 3; c++) {
        for (size_t b = 0; b < 3; b++) {
            for (size_t a = 0; a < 3; a++) {
                const size_t other = at + a * sx + b * sy + c * sz - sx - sy - sz;
                const float x = sign * r->data[other];

                if (same_scale && other == at)
                    continue;
                if (x > value || (x == value && (!same_scale || other < at)))
                    return false;
            }
        }
    }
    return true;
}

static double vertex(double below, double here, double above)
{
    const double curve = below - 2.0 * here + above;

    return curve < 0.0 ? fmin(fmax(0.5 * (below - above) / curve, -0.5), 0.5) : 0.0;
}

static double roundness(const struct hep_volume *v, size_t at, double sign)
{
    const size_t s[3] = { 1, v->grid.n[0], v->grid.n[0] * v->grid.n[1] };
    const float *f = v->data;
    double h[6];
    double l[3];
    int mixed = 3;

    for (int a = 0; a < 3; a++) {
        h[a] = -sign * ((double)f[at - s[a]] - 2.0 * (double)f[at] + (double)f[at + s[a]]);
        for (int b = a + 1; b < 3; b++)
            h[mixed++] = -sign * 0.25 *
                         ((double)f[at + s[a] + s[b]] - (double)f[at + s[a] - s[b]] -
                          (double)f[at - s[a] + s[b]] + (double)f[at - s[a] - s[b]]);
    }
    hep_eigen3(l, h);
    if (!(l[0] > 0.0))
        return 0.0;
    return l[0] / sqrt(l[1] * l[2]);
}

static int keep(struct octave *o, const struct scale triple[3], long step, size_t at, float sign,
                struct hep_error *err)
{
    const struct hep_volume *r = triple[1].response;
    const size_t s[3] = { 1, r->grid.n[0], r->grid.n[0] * r->grid.n[1] };
    const double here = (double)(sign * r->data[at]);
    struct hep_blob b = { .response = here,
                          .strength = here / triple[1].noise,
                          .polarity = sign > 0.0F ? 1 : -1 };
    double inverse[4][4];
    double fine[3], world[3];
    double shift = 0.0;
    double sigma;
    size_t index[3];
    int rc;

    hep_grid_place(index, &r->grid, at);
    for (int k = 0; k < 3; k++)
        fine[k] = (double)index[k] + vertex((double)(sign * r->data[at - s[k]]), here,
                                            (double)(sign * r->data[at + s[k]]));
    if (triple[0].response != NULL && triple[2].response != NULL)
        shift = vertex((double)(sign * triple[0].response->data[at]), here,
                       (double)(sign * triple[2].response->data[at]));
    sigma = sigma_of(o->how, (double)step + shift);
    b.radius_mm = sqrt(3.0 * (sigma * sigma + triple[1].t_mm2 -
                              sigma_of(o->how, (double)step) * sigma_of(o->how, (double)step)));
    b.roundness = roundness(triple[1].smooth, at, (double)sign);
    rc = hep_grid_inverse(inverse, &o->original, err);
    if (rc != HEP_OK)
        return rc;
    hep_grid_to_world(world, &r->grid, fine);
    hep_affine_apply(b.voxel, HEP_AFFINE(inverse), world);
    return list_add(o->found, &b, err);
}

static int collect_at(struct octave *o, const struct scale triple[3], long step, size_t at,
                      struct hep_error *err)
{
    const float response = triple[1].response->data[at];
    const float sign = response > 0.0F ? 1.0F : -1.0F;
    const float value = sign * response;

    if (!((double)value >= o->how->strength_min * triple[1].noise) ||
        !(sign > 0.0F ? o->how->bright : o->how->dark))
        return HEP_OK;
    if (!tops(triple[1].response, at, value, sign, true))
        return HEP_OK;
    for (int other = 0; other < 3; other += 2) {
        if (triple[other].response != NULL && !tops(triple[other].response, at, value, sign, false))
            return HEP_OK;
    }
    return keep(o, triple, step, at, sign, err);
}

static int collect(struct octave *o, const struct scale triple[3], long step, struct hep_error *err)
{
    const size_t *n = triple[1].response->grid.n;
    int rc = HEP_OK;

    for (size_t k = 1; k + 1 < n[2]; k++) {
        for (size_t j = 1; j + 1 < n[1]; j++) {
            const size_t row = n[0] * (j + n[1] * k);

            for (size_t i = 1; i + 1 < n[0] && rc == HEP_OK; i++) {
                if (o->where_here == NULL || o->where_here[row + i] != 0)
                    rc = collect_at(o, triple, step, row + i, err);
            }
        }
    }
    return rc;
}

/* Slide a window of three scales over the octave. */
static int run_octave(struct octave *o, struct hep_error *err)
{
    struct scale triple[3] = { { 0 }, { 0 }, { 0 } };
    int rc = masks_make(o, err);

    if (rc == HEP_OK)
        rc = scale_make(&triple[2], o, o->first, err);
    for (long step = o->first; step <= o->last && rc == HEP_OK; step++) {
        scale_release(&triple[0]);
        triple[0] = triple[1];
        triple[1] = triple[2];
        triple[2] = (struct scale){ 0 };
        if (step < o->last)
            rc = scale_make(&triple[2], o, step + 1, err);
        if (rc == HEP_OK && triple[1].response != NULL && step >= o->own_first &&
            step <= o->own_last)
            rc = collect(o, triple, step, err);
    }
    for (int i = 0; i < 3; i++)
        scale_release(&triple[i]);
    return rc;
}

static int compare(const void *pa, const void *pb)
{
    const struct hep_blob *a = pa;
    const struct hep_blob *b = pb;

    if (a->strength != b->strength)
        return a->strength < b->strength ? 1 : -1;
    for (int k = 2; k >= 0; k--) {
        if (a->voxel[k] != b->voxel[k])
            return a->voxel[k] < b->voxel[k] ? -1 : 1;
    }
    return 0;
}

/* The border of a ball without inner detail is curved too: small weaker responses in a circle
 * around the centre. They may be further above the noise than the centre is, since noise falls
 * slower with the scale than lesions do where there are many of them. */
static bool is_part(const struct hep_blob *b, const struct hep_blob *of, double mm)
{
    const double reach = of->radius_mm / mm;

    return of->polarity == b->polarity && of->radius_mm >= PART_RADII * b->radius_mm &&
           of->response > b->response && of->strength >= PART_STRENGTH * b->strength &&
           hep_distance2(of->voxel, b->voxel) < reach * reach;
}

static void drop_parts(struct hep_blob_list *l, double mm)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->n; i++) {
        bool part = false;

        for (size_t j = 0; j < kept && !part; j++)
            part = is_part(&l->item[i], &l->item[j], mm);
        for (size_t j = i + 1; j < l->n && !part; j++)
            part = is_part(&l->item[i], &l->item[j], mm);
        if (!part)
            l->item[kept++] = l->item[i];
    }
    l->n = kept;
}

static void suppress_neighbours(struct hep_blob_list *l, double mm, double suppression)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->n; i++) {
        const struct hep_blob *b = &l->item[i];
        bool near = false;

        for (size_t j = 0; j < kept && !near; j++) {
            const struct hep_blob *a = &l->item[j];
            const double reach = suppression * (a->radius_mm + b->radius_mm) / mm;

            near = a->polarity == b->polarity && hep_distance2(a->voxel, b->voxel) < reach * reach;
        }
        if (!near)
            l->item[kept++] = *b;
    }
    l->n = kept;
}

/* Number of the first scale that is searched on the halved grid; steps when there is none. */
static long first_halved(const struct hep_blob_search *how, double mm)
{
    long step = 1;

    while (step < how->steps && sigma_of(how, (double)(step - 1)) < HALVE_AT_VOXELS * mm)
        step++;
    return step;
}

/* The running image is that of `v` again, without smoothing and with 0 for what is missing. */
static int restart(struct octave *o, const struct hep_volume *v, struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&v->grid);
    int rc;

    hep_volume_free(o->smooth);
    o->smooth = NULL;
    o->sigma_mm = 0.0;
    rc = hep_volume_copy(&o->smooth, v, err);
    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        if (isnan(o->smooth->data[i]))
            o->smooth->data[i] = 0.0F;
    }
    return rc;
}

/* Smooth up to the smallest scale and go to a grid of twice the spacing with the same centre. */
static int halve(struct octave *o, double mm, struct hep_error *err)
{
    const double sigma = sigma_of(o->how, 0.0);
    struct hep_grid half;
    int even = 0;
    int rc;

    hep_grid_isotropic(&half, &o->original, 2.0 * mm);
    for (int k = 0; k < 3; k++)
        even += half.n[k] * 2 == o->original.n[k];
    /* Along an axis with an even number of voxels the new centres lie between two old ones. */
    o->extra_mm2 += (double)even / 3.0 * mm * mm / 4.0;
    rc = hep_filter_gauss(o->smooth, sigma, o->how->nthreads, err);
    if (rc == HEP_OK) {
        struct hep_volume *coarse = NULL;

        rc = hep_resample(&coarse, o->smooth, &half, NULL, HEP_INTERP_LINEAR, 0.0F,
                          o->how->nthreads, err);
        hep_volume_free(o->smooth);
        o->smooth = coarse;
    }
    o->sigma_mm = sigma;
    return rc;
}

int hep_blob_find(struct hep_blob_list *out, const struct hep_volume *v,
                  const struct hep_labels *where, const struct hep_blob_search *how,
                  struct hep_error *err)
{
    struct hep_blob_list found = { 0 };
    struct octave o = { .how = how, .where = where, .original = v->grid, .found = &found };
    double mm[3];
    long half;
    int rc;

    if (!(how->sigma_min_mm > 0.0 && how->sigma_max_mm >= how->sigma_min_mm && how->steps >= 1))
        return HEP_FAIL(err, HEP_EINVAL, "blob scales %g to %g mm in %ld steps", how->sigma_min_mm,
                        how->sigma_max_mm, how->steps);
    hep_grid_spacing(mm, &v->grid);
    half = first_halved(how, mm[0]);
    o.extra_mm2 = how->blur_mm2;
    o.last = half < how->steps ? half : how->steps - 1;
    o.own_last = half < how->steps ? half - 1 : how->steps - 1;
    rc = restart(&o, v, err);
    if (rc == HEP_OK)
        rc = run_octave(&o, err);
    if (rc == HEP_OK && half < how->steps) {
        /* The scale before belongs to both: what the two grids see a little differently shall not
         * be a maximum of neither. */
        o.own_first = half > 1 ? half - 1 : half;
        o.first = o.own_first - 1;
        o.last = o.own_last = how->steps - 1;
        rc = restart(&o, v, err);
        if (rc == HEP_OK)
            rc = halve(&o, mm[0], err);
        if (rc == HEP_OK)
            rc = run_octave(&o, err);
    }
    hep_volume_free(o.smooth);
    masks_release(&o);
    if (rc != HEP_OK) {
        hep_blob_list_release(&found);
        return rc;
    }
    if (found.n > 0)
        qsort(found.item, found.n, sizeof *found.item, compare);
    drop_parts(&found, mm[0]);
    suppress_neighbours(&found, mm[0], how->suppression);
    *out = found;
    return HEP_OK;
}
