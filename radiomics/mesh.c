#include "radiomics/mesh.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Corner c of a cube lies at bits 0, 1 and 2 of c. An edge is its two corners. */
static const int edge_corner[12][2] = {
    { 0, 1 }, { 2, 3 }, { 4, 5 }, { 6, 7 }, { 0, 2 }, { 1, 3 },
    { 4, 6 }, { 5, 7 }, { 0, 4 }, { 1, 5 }, { 2, 6 }, { 3, 7 }
};
/* Corners of each face, counter-clockwise seen from outside the cube. */
static const int face_corner[6][4] = { { 0, 4, 6, 2 }, { 1, 3, 7, 5 }, { 0, 1, 5, 4 },
                                       { 2, 6, 7, 3 }, { 0, 2, 3, 1 }, { 4, 5, 7, 6 } };

void hep_mesh_release(struct hep_mesh *m)
{
    free(m->vertex);
    *m = (struct hep_mesh){ 0 };
}

static int edge_between(int a, int b)
{
    for (int e = 0; e < 12; e++) {
        if ((edge_corner[e][0] == a && edge_corner[e][1] == b) ||
            (edge_corner[e][0] == b && edge_corner[e][1] == a))
            return e;
    }
    return -1;
}

/* Going round a face, the surface leads from where the boundary leaves the region back to where it entered it; two
 * opposite corners of a face are two pieces. Fills the edge that follows each crossed edge; -1 for the others. */
static void follow_faces(int next[12], unsigned inside)
{
    for (int e = 0; e < 12; e++)
        next[e] = -1;
    for (int f = 0; f < 6; f++) {
        for (int k = 0; k < 4; k++) {
            const int *c = face_corner[f];
            int start = 0;

            if (!(inside >> c[k] & 1U) || (inside >> c[(k + 1) % 4] & 1U))
                continue; /* the boundary leaves the region between corners k and k + 1 */
            for (start = k; inside >> c[(start + 3) % 4] & 1U; start = (start + 3) % 4) {
            }
            next[edge_between(c[k], c[(k + 1) % 4])] = edge_between(c[(start + 3) % 4], c[start]);
        }
    }
}

static void middle(double v[3], const struct hep_region *r, const size_t at[3], int edge)
{
    for (int a = 0; a < 3; a++) {
        int bits = (edge_corner[edge][0] >> a & 1) + (edge_corner[edge][1] >> a & 1);

        v[a] = ((double)at[a] + 0.5 * bits) * r->mm[a];
    }
}

/* Four cubes share an edge: the one whose first corner it begins at keeps its vertex. The margin of the box has them all. */
static bool is_kept_by(int edge)
{
    return edge_corner[edge][0] == 0 || edge_corner[edge][1] == 0;
}

static void cross(double out[3], const double a[3], const double b[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static void add_triangle(struct hep_mesh *m, const double a[3], const double b[3],
                         const double c[3])
{
    double ab[3];
    double ac[3];
    double n[3];

    for (int k = 0; k < 3; k++) {
        ab[k] = b[k] - a[k];
        ac[k] = c[k] - a[k];
    }
    cross(n, ab, ac);
    m->area_mm2 += 0.5 * sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    m->volume_mm3 += (a[0] * n[0] + a[1] * n[1] + a[2] * n[2]) / 6.0;
}

static void add_polygon(struct hep_mesh *m, const double (*v)[3], int n)
{
    double centre[3] = { 0 };

    for (int i = 0; i < n; i++) {
        for (int a = 0; a < 3; a++)
            centre[a] += v[i][a] / n;
    }
    for (int i = 0; i < n; i++)
        add_triangle(m, centre, v[i], v[(i + 1) % n]);
}

static int add_cube(struct hep_mesh *m, const struct hep_region *r, const size_t at[3],
                    unsigned inside, struct hep_error *err)
{
    int next[12];

    follow_faces(next, inside);
    for (int first = 0; first < 12; first++) {
        double v[12][3];
        int n = 0;

        for (int e = first; next[e] >= 0;) {
            int after = next[e];

            middle(v[n], r, at, e);
            if (is_kept_by(e)) {
                if (HEP_GROW(m->vertex, m->n_vertices, err) != HEP_OK)
                    return HEP_ENOMEM;
                (void)memcpy(m->vertex[m->n_vertices++], v[n], sizeof v[n]);
            }
            n++;
            next[e] = -1;
            e = after;
        }
        if (n > 0)
            add_polygon(m, (const double(*)[3])v, n);
    }
    return HEP_OK;
}

int hep_mesh_make(struct hep_mesh *m, const struct hep_region *r, struct hep_error *err)
{
    size_t at[3];

    *m = (struct hep_mesh){ 0 };
    for (at[2] = 0; at[2] + 1 < r->n[2]; at[2]++) {
        for (at[1] = 0; at[1] + 1 < r->n[1]; at[1]++) {
            for (at[0] = 0; at[0] + 1 < r->n[0]; at[0]++) {
                unsigned inside = 0;

                for (unsigned c = 0; c < 8; c++) {
                    size_t i =
                        at[0] + (c & 1U) +
                        r->n[0] * (at[1] + (c >> 1U & 1U) + r->n[1] * (at[2] + (c >> 2U & 1U)));

                    inside |= (unsigned)r->shape[i] << c;
                }
                if (inside == 0 || inside == 255)
                    continue;
                if (add_cube(m, r, at, inside, err) != HEP_OK)
                    return HEP_ENOMEM;
            }
        }
    }
    m->volume_mm3 = fabs(m->volume_mm3);
    return HEP_OK;
}
