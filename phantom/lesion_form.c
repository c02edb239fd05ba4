#include "phantom/lesion.h"

#include "base/number.h"
#include "base/rng.h"

#include <math.h>

#define CONFLUENT_SHARE 0.2 /* of lobulated outlines: two nodules grown into one */
#define LOBULATED_SHARE 0.75
#define BLURRED_SHARE 0.7 /* of metastases and abscesses */
#define RIM_FROM_MM 6.0 /* smaller lesions are of one tissue, and neuroendocrine ones below 14 mm */

/* Balls that all hold the centre, so that a ray leaves their union once: two far apart where nodules
 * grew together, else three to five around it. */
static void draw_lobes(struct hep_lesion *l, double level, struct hep_rng *rng)
{
    const double u = hep_rng_next(rng);
    const bool confluent = u < CONFLUENT_SHARE;
    const double apart = fmin(level, 1.2);
    double dir[3];

    l->n_lobes = confluent ? 2 : 3 + (int)(3.0 * hep_rng_next(rng));
    hep_rng_next_direction(dir, rng);
    for (int k = 0; k < l->n_lobes; k++) {
        const double far = apart * (confluent ? hep_rng_next_range(rng, 0.6, 0.75)
                                              : hep_rng_next_range(rng, 0.3, 0.65));
        const double radius = hep_rng_next_range(rng, 0.75, 1.0);

        if (confluent && k == 1)
            for (int c = 0; c < 3; c++)
                dir[c] = -dir[c];
        else if (k > 0)
            hep_rng_next_direction(dir, rng);
        for (int c = 0; c < 3; c++)
            l->lobe[k][c] = far * dir[c];
        l->lobe[k][3] = fmax(radius, far + 0.1);
    }
}

/* Log-uniform from 1 to 8 mm, at most 0.7 of the radius; its logarithm varies round the lesion. */
static void draw_rim(struct hep_lesion *l, double level, struct hep_rng *rng)
{
    const double radius = 0.5 * l->diameter_mm;
    const double usual = l->mid_rho > 0.0 ? radius * (1.0 - l->mid_rho) : 0.24 * radius;
    const double drawn = exp(hep_rng_next_range(rng, log(1.0), log(8.0)));
    const double share = fmin(level, 1.0);

    l->rim_mm = fmin(pow(usual, 1.0 - share) * pow(drawn, share), 0.7 * radius);
    l->rim_unevenness = fmin(level, 2.0) * hep_rng_next_range(rng, 0.1, 0.5);
}

/* One core off the centre, or two to four, or branches from a middle: capsules within the rim. */
static void draw_cores(struct hep_lesion *l, double level, struct hep_rng *rng)
{
    const double u = hep_rng_next(rng), off = fmin(level, 1.3);
    double dir[3];

    if (u < 0.45) {
        const double size = hep_rng_next_range(rng, 0.55, 0.8);

        hep_rng_next_direction(dir, rng);
        l->n_cores = 1;
        for (int c = 0; c < 3; c++)
            l->core[0].a[c] = l->core[0].b[c] = off * (1.0 - size) * dir[c];
        l->core[0].radius = size;
        return;
    }
    l->n_cores = u < 0.75 ? 2 + (int)(3.0 * hep_rng_next(rng)) : 3 + (int)(3.0 * hep_rng_next(rng));
    for (int k = 0; k < l->n_cores; k++) {
        const double reach = hep_rng_next_range(rng, 0.45, 0.7);

        hep_rng_next_direction(dir, rng);
        for (int c = 0; c < 3; c++) {
            l->core[k].b[c] = (u < 0.75 ? 1.0 : 1.3) * reach * dir[c];
            l->core[k].a[c] = u < 0.75 ? l->core[k].b[c] : 0.0;
        }
        l->core[k].radius =
            u < 0.75 ? hep_rng_next_range(rng, 0.25, 0.5) : hep_rng_next_range(rng, 0.15, 0.3);
    }
}

static bool has_rim(const struct hep_lesion *l)
{
    return l->type == HEP_SIM_MET_FIBROUS || l->type == HEP_SIM_MET_NECROTIC ||
           l->type == HEP_SIM_NET || l->type == HEP_SIM_ABSCESS;
}

static bool may_blur(const struct hep_lesion *l)
{
    return has_rim(l) || l->type == HEP_SIM_MUCINOUS || l->type == HEP_SIM_MELANOMA || !l->mass;
}

void hep_lesion_form(struct hep_lesion *l, const struct hep_sim_settings *s, uint64_t seed,
                     size_t number)
{
    const uint64_t at = (uint64_t)number << 32;
    struct hep_rng outline = { seed, hep_rng_stream("lesion outline"), at };
    struct hep_rng rims = { seed, hep_rng_stream("lesion rim"), at };
    struct hep_rng cores = { seed, hep_rng_stream("lesion cores"), at };
    struct hep_rng margins = { seed, hep_rng_stream("lesion margin"), at };
    const double *level = s->degrade;
    const bool layered = has_rim(l) && (l->mid_rho > 0.0 ||
                                        (l->type != HEP_SIM_NET && l->diameter_mm >= RIM_FROM_MM));

    if (level[HEP_SIM_OUTLINE] > 0.0 && hep_rng_next(&outline) < LOBULATED_SHARE) {
        draw_lobes(l, level[HEP_SIM_OUTLINE], &outline);
        hep_lesion_fit_volume(l);
    }
    if (level[HEP_SIM_RIMS] > 0.0 && layered)
        draw_rim(l, level[HEP_SIM_RIMS], &rims);
    if (level[HEP_SIM_CORES] > 0.0 && layered) {
        if (!(l->rim_mm > 0.0))
            l->rim_mm = 0.5 * l->diameter_mm * (l->mid_rho > 0.0 ? 1.0 - l->mid_rho : 0.3);
        draw_cores(l, level[HEP_SIM_CORES], &cores);
    }
    if (level[HEP_SIM_MARGINS] > 0.0 && may_blur(l) && hep_rng_next(&margins) < BLURRED_SHARE)
        l->margin_mm = fmin(level[HEP_SIM_MARGINS] * hep_rng_next_range(&margins, 1.0, 4.0),
                            0.4 * l->diameter_mm);
}
