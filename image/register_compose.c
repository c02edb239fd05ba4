#include "image/register_compose.h"

#include <math.h>

#define LATTICE_MM 5.0
#define MAX_STEPS 100

/* A transform with what it needs for each point. */
struct prepared {
    double affine[4][4], inverse[4][4];
    const struct hep_volume *d; /* or NULL */
    double to_field[4][4];
};

static const double identity[4][4] = {
    { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 }
};

static int prepare(struct prepared *p, const struct hep_transform *t, struct hep_error *err)
{
    int rc;

    (void)memcpy(p->affine, t != NULL ? t->affine : identity, sizeof p->affine);
    p->d = t != NULL ? t->displacement : NULL;
    if (p->d != NULL && p->d->nt != 3)
        return HEP_FAIL(err, HEP_EINVAL, "a displacement has 3 components, this has %zu", p->d->nt);
    rc = hep_affine_inverse(p->inverse, HEP_AFFINE(p->affine), err);
    if (rc == HEP_OK && p->d != NULL)
        rc = hep_grid_inverse(p->to_field, &p->d->grid, err);
    return rc;
}

/* Trilinear; beyond the grid the value at its border. */
static void displacement_at(double d[3], const struct prepared *p, const double world[3])
{
    const size_t *n = p->d->grid.n;
    double voxel[3], f[3];
    size_t lo[3], hi[3];

    hep_affine_apply(voxel, HEP_AFFINE(p->to_field), world);
    for (int k = 0; k < 3; k++) {
        double x = fmin(fmax(voxel[k], 0.0), (double)(n[k] - 1));

        lo[k] = (size_t)x;
        hi[k] = lo[k] + 1 < n[k] ? lo[k] + 1 : lo[k];
        f[k] = x - (double)lo[k];
    }
    for (size_t c = 0; c < 3; c++) {
        const float *v = hep_volume_at(p->d, c);

        d[c] = 0.0;
        for (unsigned corner = 0; corner < 8; corner++) {
            size_t x = corner & 1U ? hi[0] : lo[0], y = corner & 2U ? hi[1] : lo[1],
                   z = corner & 4U ? hi[2] : lo[2];
            double w = (corner & 1U ? f[0] : 1.0 - f[0]) * (corner & 2U ? f[1] : 1.0 - f[1]) *
                       (corner & 4U ? f[2] : 1.0 - f[2]);

            d[c] += w * (double)v[x + n[0] * (y + n[1] * z)];
        }
    }
}

static void forward(double out[3], const struct prepared *p, const double in[3])
{
    double d[3] = { 0.0, 0.0, 0.0 };

    if (p->d != NULL)
        displacement_at(d, p, in);
    hep_affine_apply(out, HEP_AFFINE(p->affine), in);
    for (int k = 0; k < 3; k++)
        out[k] += d[k];
}

/* y with A y + d(y) = x, by y <- A^-1 (x - d(y)). */
static bool backward(double y[3], const struct prepared *p, const double x[3])
{
    double step = INFINITY;

    hep_affine_apply(y, HEP_AFFINE(p->inverse), x);
    for (int i = 0; p->d != NULL && i < MAX_STEPS && step > HEP_INVERSE_TOL_MM; i++) {
        double d[3], from[3], next[3];

        displacement_at(d, p, y);
        for (int k = 0; k < 3; k++)
            from[k] = x[k] - d[k];
        hep_affine_apply(next, HEP_AFFINE(p->inverse), from);
        step = 0.0;
        for (int k = 0; k < 3; k++) {
            step = fmax(step, fabs(next[k] - y[k]));
            y[k] = next[k];
        }
    }
    return p->d == NULL || step <= HEP_INVERSE_TOL_MM;
}

int hep_transform_apply(double out[3], const struct hep_transform *t, const double in[3],
                        struct hep_error *err)
{
    struct prepared p;
    int rc = prepare(&p, t, err);

    if (rc == HEP_OK)
        forward(out, &p, in);
    return rc;
}

void hep_transform_lattice(struct hep_grid *lattice, const struct hep_grid *target)
{
    hep_grid_isotropic(lattice, target, LATTICE_MM);
}

int hep_transform_chain(struct hep_transform *out, struct hep_volume **displacement,
                        const struct hep_transform *a, const struct hep_transform *b,
                        const struct hep_grid *target, struct hep_error *err)
{
    struct prepared pa, pb;
    struct hep_grid lattice;
    struct hep_volume *v = NULL;
    size_t unsettled = 0, n;
    int rc = prepare(&pa, a, err);

    *displacement = NULL;
    if (rc == HEP_OK)
        rc = prepare(&pb, b, err);
    if (rc != HEP_OK)
        return rc;
    hep_affine_mul(out->affine, HEP_AFFINE(pa.affine), HEP_AFFINE(pb.inverse));
    out->displacement = NULL;
    if (pa.d == NULL && pb.d == NULL)
        return HEP_OK;
    hep_transform_lattice(&lattice, target);
    rc = hep_volume_new_unset(&v, &lattice, 3, err);
    if (rc != HEP_OK)
        return rc;
    n = hep_grid_voxels(&lattice);
#pragma omp parallel for schedule(static) reduction(+ : unsettled)
    for (size_t i = 0; i < n; i++) {
        const size_t at[3] = { i % lattice.n[0], i / lattice.n[0] % lattice.n[1],
                               i / lattice.n[0] / lattice.n[1] };
        const double voxel[3] = { (double)at[0], (double)at[1], (double)at[2] };
        double x[3], y[3], z[3], affine[3];

        hep_grid_to_world(x, &lattice, voxel);
        unsettled += !backward(y, &pb, x);
        forward(z, &pa, y);
        hep_affine_apply(affine, HEP_AFFINE(out->affine), x);
        for (size_t c = 0; c < 3; c++)
            hep_volume_at(v, c)[i] = (float)(z[c] - affine[c]);
    }
    if (unsettled > 0) {
        hep_volume_free(v);
        return HEP_FAIL(err, HEP_EGEOM, "a deformation has no inverse at %zu of %zu points",
                        unsettled, n);
    }
    *displacement = v;
    out->displacement = v;
    return HEP_OK;
}
