/**
 * @file  radiomics/mesh.h
 * @brief The surface of a region: a closed mesh through the middle between voxels inside and outside.
 */
#ifndef HEP_RADIOMICS_MESH_H
#define HEP_RADIOMICS_MESH_H

#include "radiomics/region.h"

struct hep_mesh {
    double volume_mm3, area_mm2;
    double (*vertex)[3]; /* mm from the first voxel of the box; heap */
    size_t n_vertices;   /* each once */
};
void hep_mesh_release(struct hep_mesh *m);
/**
 * Marching cubes at level 0.5 (Lorensen and Cline, SIGGRAPH 1987). The polygon of a cube is found by going round its
 * faces, and is split into triangles from its centre of gravity, so that flipped and permuted images give the same mesh.
 */
int hep_mesh_make(struct hep_mesh *m, const struct hep_region *r,
                  struct hep_error *err) HEP_MUST_CHECK;

struct hep_hull {
    double volume_mm3, area_mm2;
    double diameter_mm; /* largest distance of two points */
};
/** Convex hull of points by Qhull (Barber et al., ACM Trans Math Softw 1996;22:469). HEP_EDATA when it has no volume. */
int hep_hull_of(struct hep_hull *h, double (*points)[3], size_t n,
                struct hep_error *err) HEP_MUST_CHECK;

/** Moran's I and Geary's C with weights 1/distance (manual, 3.1.27 and 3.1.28), over all pairs of voxels, by Fourier
 * transforms. NaN for a single voxel or intensity. */
int hep_spatial_correlation(double *moran, double *geary, const struct hep_region *r,
                            struct hep_error *err) HEP_MUST_CHECK;

#endif
