#include "followup/visit.h"

#include "base/number.h"
#include "image/resample.h"

#include <math.h>

/* Long axis; of a candidate the diameter that it was judged by. */
double hep_visit_long_axis_mm(const struct hep_visit_lesion *lesion)
{
    const double mm = hep_finding_diameter_mm(lesion->finding);

    return isfinite(mm) || !lesion->finding->has_features
               ? mm
               : exp(lesion->finding->feature[HEP_FEATURE_SIZE]);
}

double hep_visit_volume_ml(const struct hep_visit_lesion *lesion)
{
    const double volume = hep_finding_get(lesion->finding, HEP_M_VOLUME);

    return isfinite(volume) ? volume : hep_ball_volume(hep_visit_long_axis_mm(lesion)) / 1000.0;
}

double hep_visit_diameter_mm(const struct hep_visit_lesion *lesion)
{
    return hep_ball_diameter(1000.0 * hep_visit_volume_ml(lesion));
}

static const struct hep_labels *outline_of(const struct hep_visit *v, size_t i)
{
    return v->lesions[i].kept ? v->labels : NULL;
}

/* Is a place inside lesion b? */
static bool inside(const struct hep_visit *in, size_t b, const double place_mm[3])
{
    const struct hep_visit_lesion *l = &in->lesions[b];
    const double radius = 0.5 * hep_visit_diameter_mm(l);

    if (outline_of(in, b) != NULL)
        return hep_sample_label(in->labels, place_mm) == l->finding->id;
    return hep_distance2(place_mm, l->place_mm) <= radius * radius;
}

/* Calls `test` for the places of a lesion's voxels, or where it has none for its centre; the share that passes. */
static double share_where(const struct hep_visit *of, size_t a,
                          bool (*test)(const void *what, size_t b, const double place_mm[3]),
                          const void *what, size_t b)
{
    const struct hep_labels *own = outline_of(of, a);
    size_t n = 0, hits = 0;

    for (size_t i = 0; own != NULL && i < hep_grid_voxels(&own->grid); i++) {
        double place[3];

        if (own->data[i] != of->lesions[a].finding->id)
            continue;
        hep_grid_world_of(place, &own->grid, i);
        n++;
        hits += test(what, b, place) ? 1 : 0;
    }
    if (n == 0)
        return test(what, b, of->lesions[a].place_mm) ? 1.0 : 0.0;
    return (double)hits / (double)n;
}

static bool in_lesion(const void *what, size_t b, const double place_mm[3])
{
    return inside(what, b, place_mm);
}

static bool in_mask(const void *what, size_t b, const double place_mm[3])
{
    (void)b;
    return hep_sample_label(what, place_mm) != 0;
}

double hep_visit_share_inside(const struct hep_visit *of, size_t a, const struct hep_visit *in,
                              size_t b)
{
    return share_where(of, a, in_lesion, in, b);
}

double hep_visit_share_of(const struct hep_visit *of, size_t a, const struct hep_labels *mask)
{
    return mask == NULL ? 1.0 : share_where(of, a, in_mask, mask, 0);
}
