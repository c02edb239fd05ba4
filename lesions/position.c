#include "lesions/position.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>

#define RAD_PER_DEG (HEP_PI / 180.0)
/* Angles of position.h, and what stands in for landmarks that are not known; expert values. */
#define FISSURE_DEG 45.0       /* umbilical fissure, left of the Cantlie line */
#define LATERAL_DEG 110.0      /* right border of the liver */
#define USUAL_CANTLIE_DEG 35.0 /* without a gallbladder */
#define CAUDATE_REACH_MM 25.0
#define USUAL_CAVA_FROM_RIGHT 0.6 /* share of the liver's width from its right end */
#define USUAL_CAVA_FROM_BACK 0.2  /* share of its depth from its back */

struct centroid {
    double sum[3], n;
};

/** Liver centroid and box, and centroids of organs, in one walk over the grid. */
struct walk {
    struct centroid liver, organ[HEP_ANATOMY_COUNT];
    double lo[3], hi[3];
};

static void add(struct centroid *c, const double w[3])
{
    for (int k = 0; k < 3; k++)
        c->sum[k] += w[k];
    c->n += 1.0;
}

static void walk_study(struct walk *walk, const struct hep_lesion_study *study)
{
    const size_t n = hep_grid_voxels(&study->grid);

    *walk = (struct walk){ .lo = { (double)INFINITY, (double)INFINITY, (double)INFINITY },
                           .hi = { -(double)INFINITY, -(double)INFINITY, -(double)INFINITY } };
    for (size_t i = 0; i < n; i++) {
        const int32_t organ = study->anatomy ? study->anatomy->data[i] : (int32_t)HEP_ANATOMY_NONE;
        double w[3];

        if (study->liver->data[i] == 0 && organ == HEP_ANATOMY_NONE)
            continue;
        hep_grid_world_of(w, &study->grid, i);
        if (organ > 0 && organ < HEP_ANATOMY_COUNT)
            add(&walk->organ[organ], w);
        if (study->liver->data[i] == 0)
            continue;
        add(&walk->liver, w);
        for (int k = 0; k < 3; k++) {
            walk->lo[k] = fmin(walk->lo[k], w[k]);
            walk->hi[k] = fmax(walk->hi[k], w[k]);
        }
    }
}

static double angle(const double cava[2], double right, double anterior)
{
    return atan2(right - cava[0], anterior - cava[1]);
}

void hep_liver_landmarks_of(struct hep_liver_landmarks *out, const struct hep_lesion_study *study)
{
    struct walk w;
    const struct centroid *cava = &w.organ[HEP_ANATOMY_IVC],
                          *bladder = &w.organ[HEP_ANATOMY_GALLBLADDER],
                          *portal = &w.organ[HEP_ANATOMY_PORTAL_VEIN];

    walk_study(&w, study);
    out->cava_mm[0] = cava->n > 0.0 ? cava->sum[0] / cava->n
                                    : w.hi[0] - USUAL_CAVA_FROM_RIGHT * (w.hi[0] - w.lo[0]);
    out->cava_mm[1] = cava->n > 0.0 ? cava->sum[1] / cava->n
                                    : w.lo[1] + USUAL_CAVA_FROM_BACK * (w.hi[1] - w.lo[1]);
    out->cantlie_rad = bladder->n > 0.0 ? angle(out->cava_mm, bladder->sum[0] / bladder->n,
                                                bladder->sum[1] / bladder->n)
                                        : USUAL_CANTLIE_DEG * RAD_PER_DEG;
    out->portal_mm[0] =
        portal->n > 0.0 ? portal->sum[1] / portal->n : out->cava_mm[1] + CAUDATE_REACH_MM;
    out->portal_mm[1] = portal->n > 0.0 ? portal->sum[2] / portal->n : w.liver.sum[2] / w.liver.n;
    (void)snprintf(out->source, sizeof out->source, "approximate: %s, %s, %s",
                   cava->n > 0.0 ? "inferior vena cava" : "vena cava assumed from the liver's box",
                   bladder->n > 0.0 ? "gallbladder" : "Cantlie line assumed at 35 degrees",
                   portal->n > 0.0 ? "portal vein" : "portal height assumed at the liver's middle");
}

int hep_couinaud(const struct hep_liver_landmarks *l, const double point_mm[3])
{
    const double a = angle(l->cava_mm, point_mm[0], point_mm[1]);
    const double right_vein = 0.5 * (l->cantlie_rad + LATERAL_DEG * RAD_PER_DEG);
    const bool upper = point_mm[2] >= l->portal_mm[1];

    if (hypot(point_mm[0] - l->cava_mm[0], point_mm[1] - l->cava_mm[1]) < CAUDATE_REACH_MM &&
        point_mm[1] < l->portal_mm[0] && a < l->cantlie_rad)
        return 1;
    if (a >= right_vein)
        return upper ? 7 : 6;
    if (a >= l->cantlie_rad)
        return upper ? 8 : 5;
    if (a >= l->cantlie_rad - FISSURE_DEG * RAD_PER_DEG)
        return 4;
    return upper ? 2 : 3;
}

void hep_lesion_position(struct hep_lesion_position *out, const struct hep_shells *shells,
                         const struct hep_lesion_study *study,
                         const struct hep_surroundings *around,
                         const struct hep_liver_landmarks *landmarks)
{
    const size_t n = hep_grid_voxels(&shells->grid);
    double vessel = (double)INFINITY;

    out->segment = hep_couinaud(landmarks, shells->centre_mm);
    out->capsule_mm = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        const size_t j = hep_shells_index(shells, &study->grid, i);

        if (!hep_shells_has(shells, i, HEP_SHELL_WHOLE))
            continue;
        out->capsule_mm = fmin(out->capsule_mm, (double)around->liver_mm->data[j]);
        if (around->vessel_mm != NULL)
            vessel = fmin(vessel, (double)around->vessel_mm->data[j]);
    }
    if (!isfinite(out->capsule_mm))
        out->capsule_mm = (double)NAN;
    out->vessel_mm = isfinite(vessel) ? vessel : (double)NAN;
}
