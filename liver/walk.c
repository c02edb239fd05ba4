#include "liver/walk.h"

#include "base/alloc.h"
#include "image/threads.h"

#include <math.h>
#include <stdlib.h>

#define CONDUCTANCE_MIN 1e-4F /* keeps the system connected, and its condition bounded */
/* Conjugate gradients end when the residual is 0.2 % of the first: x is rounded at 1/2 only. */
#define ITERATIONS_MAX 120
#define RESIDUAL 2e-3
/* Where the odds are below exp(-10) = 5e-5 there is no liver: evidence of this weight leaves the
 * walker no choice. */
#define OUTSIDE_ODDS (-10.0F)
#define FIXED 100.0F

struct walk {
    size_t lo[3], n[3]; /* box of the voxels that take part, in the grid */
    size_t all, slice;
    float *memory;   /* of all arrays of voxels below; owned */
    float *w[3];     /* conductance towards the next voxel along each axis; 0 at the end */
    float *diagonal; /* of the system */
    float *x, *r, *p, *q, *b;
    double *partial; /* owned; one per slice: sums do not depend on the number of threads */
    int nthreads;
};

static int find_box(struct walk *k, const struct hep_volume *odds)
{
    const size_t *n = odds->grid.n;
    size_t hi[3] = { 0, 0, 0 };

    for (int a = 0; a < 3; a++)
        k->lo[a] = n[a];
    for (size_t i = 0; i < hep_grid_voxels(&odds->grid); i++) {
        size_t c[3];

        if (odds->data[i] < OUTSIDE_ODDS)
            continue;
        hep_grid_place(c, &odds->grid, i);
        for (int a = 0; a < 3; a++) {
            k->lo[a] = c[a] < k->lo[a] ? c[a] : k->lo[a];
            hi[a] = c[a] > hi[a] ? c[a] : hi[a];
        }
    }
    if (k->lo[0] == n[0])
        return 0;
    for (int a = 0; a < 3; a++)
        k->n[a] = hi[a] - k->lo[a] + 1;
    k->slice = k->n[0] * k->n[1];
    k->all = k->slice * k->n[2];
    return 1;
}

static int allocate(struct walk *k, struct hep_error *err)
{
    float **const arrays[] = { &k->w[0], &k->w[1], &k->w[2], &k->diagonal, &k->x,
                               &k->r,    &k->p,    &k->q,    &k->b };
    const size_t count = sizeof arrays / sizeof arrays[0];

    k->memory = hep_alloc_aligned(k->all, count * sizeof *k->memory, err);
    if (k->memory == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < count; i++)
        *arrays[i] = k->memory + i * k->all;
    return HEP_NEW(k->partial, k->n[2], err);
}

static size_t in_grid(const struct walk *k, const size_t *n, size_t x, size_t y, size_t z)
{
    return ((z + k->lo[2]) * n[1] + y + k->lo[1]) * n[0] + x + k->lo[0];
}

static void conduct(struct walk *k, const struct hep_volume *odds,
                    const struct hep_volume *const *edge, const double *edge_sd, size_t n_edge,
                    double steps)
{
    const size_t *n = odds->grid.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };

#pragma omp parallel for num_threads(hep_threads(k->nthreads)) schedule(static)
    for (size_t z = 0; z < k->n[2]; z++) {
        for (size_t y = 0; y < k->n[1]; y++) {
            for (size_t x = 0; x < k->n[0]; x++) {
                const size_t i = (z * k->n[1] + y) * k->n[0] + x;
                const size_t g = in_grid(k, n, x, y, z);
                const size_t c[3] = { x, y, z };

                for (int a = 0; a < 3; a++) {
                    float d2 = 0.0F;

                    k->w[a][i] = 0.0F;
                    if (c[a] + 1 == k->n[a])
                        continue;
                    for (size_t e = 0; e < n_edge; e++) {
                        const float d = (edge[e]->data[g + stride[a]] - edge[e]->data[g]) /
                                        (float)(steps * edge_sd[e]);

                        d2 += isnan(d) ? 0.0F : d * d;
                    }
                    k->w[a][i] = expf(-0.5F * d2) + CONDUCTANCE_MIN;
                }
            }
        }
    }
}

/* q = A p with A = L + diag(evidence), and sum p q. */
static double multiply(const struct walk *k, float *q, const float *p)
{
    const size_t nx = k->n[0], ny = k->n[1], nz = k->n[2];
    double sum = 0.0;

#pragma omp parallel for num_threads(hep_threads(k->nthreads)) schedule(static)
    for (size_t z = 0; z < nz; z++) {
        double part = 0.0;

        for (size_t y = 0; y < ny; y++) {
            const size_t row = (z * ny + y) * nx;

            for (size_t x = 0; x < nx; x++) {
                const size_t i = row + x;
                float v = k->diagonal[i] * p[i];

                if (x > 0)
                    v -= k->w[0][i - 1] * p[i - 1];
                if (x + 1 < nx)
                    v -= k->w[0][i] * p[i + 1];
                if (y > 0)
                    v -= k->w[1][i - nx] * p[i - nx];
                if (y + 1 < ny)
                    v -= k->w[1][i] * p[i + nx];
                if (z > 0)
                    v -= k->w[2][i - k->slice] * p[i - k->slice];
                if (z + 1 < nz)
                    v -= k->w[2][i] * p[i + k->slice];
                q[i] = v;
                part += (double)v * (double)p[i];
            }
        }
        k->partial[z] = part;
    }
    for (size_t z = 0; z < nz; z++)
        sum += k->partial[z];
    return sum;
}

static void fill_system(struct walk *k, const struct hep_volume *odds, double evidence)
{
    const size_t nx = k->n[0], ny = k->n[1], nz = k->n[2];

#pragma omp parallel for num_threads(hep_threads(k->nthreads)) schedule(static)
    for (size_t z = 0; z < nz; z++) {
        for (size_t y = 0; y < ny; y++) {
            for (size_t x = 0; x < nx; x++) {
                const size_t i = (z * ny + y) * nx + x;
                const float o = odds->data[in_grid(k, odds->grid.n, x, y, z)];
                const float p = 1.0F / (1.0F + expf(-fminf(fmaxf(o, -30.0F), 30.0F)));
                const float g = o < OUTSIDE_ODDS ? FIXED : (float)evidence;
                float d = g;

                d += k->w[0][i] + (x > 0 ? k->w[0][i - 1] : 0.0F);
                d += k->w[1][i] + (y > 0 ? k->w[1][i - nx] : 0.0F);
                d += k->w[2][i] + (z > 0 ? k->w[2][i - k->slice] : 0.0F);
                k->diagonal[i] = d;
                k->b[i] = g * (o < OUTSIDE_ODDS ? 0.0F : p);
                k->x[i] = p;
            }
        }
    }
}

/* r += a q (or r = b - q when first), x += -a p; returns sum r^2 / diagonal. */
static double step(struct walk *k, double a, bool first)
{
    double sum = 0.0;

#pragma omp parallel for num_threads(hep_threads(k->nthreads)) schedule(static)
    for (size_t z = 0; z < k->n[2]; z++) {
        double part = 0.0;

        for (size_t i = z * k->slice; i < (z + 1) * k->slice; i++) {
            if (first) {
                k->r[i] = k->b[i] - k->q[i];
            } else {
                k->x[i] += (float)a * k->p[i];
                k->r[i] -= (float)a * k->q[i];
            }
            part += (double)k->r[i] * (double)k->r[i] / (double)k->diagonal[i];
        }
        k->partial[z] = part;
    }
    for (size_t z = 0; z < k->n[2]; z++)
        sum += k->partial[z];
    return sum;
}

static void solve(struct walk *k)
{
    double rz, first, beta = 0.0;

    (void)multiply(k, k->q, k->x);
    rz = first = step(k, 0.0, true);
    for (int it = 0; it < ITERATIONS_MAX && rz > RESIDUAL * RESIDUAL * first && rz > 0.0; it++) {
        double pq, next;

#pragma omp parallel for num_threads(hep_threads(k->nthreads)) schedule(static)
        for (size_t i = 0; i < k->all; i++)
            k->p[i] = k->r[i] / k->diagonal[i] + (it > 0 ? (float)beta * k->p[i] : 0.0F);
        pq = multiply(k, k->q, k->p);
        if (!(pq > 0.0))
            break;
        next = step(k, rz / pq, false);
        beta = next / rz;
        rz = next;
    }
}

int hep_liver_walk(struct hep_volume **out, const struct hep_liver_images *im,
                   const struct hep_volume *odds, const struct hep_volume *const *edge,
                   const double *edge_sd, size_t n, struct hep_error *err)
{
    struct walk k = { .nthreads = im->nthreads };
    int rc = hep_volume_new(out, &odds->grid, 1, err);

    if (rc != HEP_OK || !find_box(&k, odds))
        return rc;
    rc = allocate(&k, err);
    if (rc == HEP_OK) {
        conduct(&k, odds, edge, edge_sd, n, im->settings->walk_edge_sd);
        fill_system(&k, odds, im->settings->walk_evidence);
        solve(&k);
        for (size_t z = 0; z < k.n[2]; z++) {
            for (size_t y = 0; y < k.n[1]; y++) {
                for (size_t x = 0; x < k.n[0]; x++) {
                    const float v = k.x[(z * k.n[1] + y) * k.n[0] + x];

                    (*out)->data[in_grid(&k, odds->grid.n, x, y, z)] = fminf(fmaxf(v, 0.0F), 1.0F);
                }
            }
        }
    } else {
        hep_volume_free(*out);
        *out = NULL;
    }
    free(k.memory);
    free(k.partial);
    return rc;
}
