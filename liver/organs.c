#include "liver/organs.h"

#include "image/mask.h"
#include "image/resample.h"
#include "image/stats.h"
#include "liver/seed.h"
#include "liver/vessels.h"

#include <math.h>

#define RULES_MIN 2 /* one image alone is not enough where there are more */

#define RULES_WITH_IRON 4 /* of the six and seven, two or three of them after contrast */

struct scene {
    const struct hep_liver_images *im;
    struct hep_labels *liver;         /* coarse */
    struct hep_labels *near;          /* coarse: the liver and HEP_LIVER_MIXED_MM around it */
    struct hep_labels *map;           /* fine: enum hep_anatomy */
    double level[HEP_LIVER_CHANNELS]; /* median log signal of the liver */
};

/* How an organ's log signal must differ from the liver's in one image. */
struct rule {
    enum hep_image image;
    double lo, hi;
};

/* 1.5 and 3 T values of de Bazelaire et al., Radiology 2004 (T1, T2); ADC and enhancement as in any
 * textbook: the spleen is brighter than liver on T2 and b = 800, its diffusion is slower than that
 * of a kidney, it enhances first and takes up no hepatobiliary agent. */
static const struct rule spleen_rules[] = { { HEP_IMAGE_B_HIGH, 0.10, 3.0 },
                                            { HEP_IMAGE_ADC, -1.0, 0.20 },
                                            { HEP_IMAGE_T2, 0.12, 1.5 },
                                            { HEP_IMAGE_ARTERIAL, 0.0, 2.0 },
                                            { HEP_IMAGE_HEPATOBILIARY, -3.0, -0.05 },
                                            { HEP_IMAGE_PRECONTRAST, -1.5, 0.05 },
                                            { HEP_IMAGE_IN_PHASE, -1.5, 0.05 } };
/* Muscle has a short T2, little flow and little extracellular space; bone and suppressed fat are
 * darker still, fat that is not suppressed is brighter. */
static const struct rule muscle_rules[] = { { HEP_IMAGE_T2, -1.6, 0.25 },
                                            { HEP_IMAGE_ADC, -0.6, 0.6 },
                                            { HEP_IMAGE_HEPATOBILIARY, -1.4, -0.05 },
                                            { HEP_IMAGE_PORTAL_VENOUS, -1.1, -0.05 },
                                            { HEP_IMAGE_ARTERIAL, -0.9, 0.2 },
                                            { HEP_IMAGE_PRECONTRAST, -0.6, 0.35 },
                                            { HEP_IMAGE_IN_PHASE, -0.6, 0.3 },
                                            { HEP_IMAGE_B_HIGH, -1.5, 0.7 } };

/* Iron darkens the liver where T2 weighs, so that everything else is brighter than it. */
static bool darkened_by_iron(const struct rule *r, double d)
{
    return d > r->hi && (r->image == HEP_IMAGE_T2 || r->image == HEP_IMAGE_B_HIGH);
}

/* False when a rule that can be judged is broken, or fewer than two can be judged although the
 * study has that many images. What iron may do breaks no rule where RULES_WITH_IRON others hold. */
static bool plausible(const struct scene *s, const double *centre, const struct rule *rule,
                      size_t n_rules)
{
    size_t judged = 0;
    bool iron = false;

    for (size_t r = 0; r < n_rules; r++) {
        for (size_t k = 0; k < s->im->n; k++) {
            const double d = centre[k] - s->level[k];

            if (s->im->channel[k].image != rule[r].image || isnan(d))
                continue;
            if (darkened_by_iron(&rule[r], d)) {
                iron = true;
                continue;
            }
            if (d < rule[r].lo || d > rule[r].hi)
                return false;
            judged++;
        }
    }
    if (iron)
        return judged >= RULES_WITH_IRON;
    return judged >= RULES_MIN || (judged == 1 && s->im->n == 1);
}

static int coarse_liver(struct scene *s, const struct hep_labels *liver, struct hep_error *err)
{
    struct hep_labels *core = NULL;
    int rc = hep_resample_labels(&s->liver, liver, &s->im->coarse, NULL, err);

    if (rc == HEP_OK)
        rc = hep_labels_copy(&s->near, s->liver, err);
    if (rc == HEP_OK)
        rc = hep_mask_dilate(s->near, HEP_LIVER_MIXED_MM, s->im->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&core, s->liver, err);
    if (rc == HEP_OK)
        rc = hep_mask_erode(core, 2.0 * HEP_LIVER_COARSE_MM, s->im->nthreads, err);
    for (size_t k = 0; rc == HEP_OK && k < s->im->n; k++) {
        struct hep_stats stats;

        rc = hep_stats_masked(&stats, s->im->channel[k].coarse, 0, core, -1, err);
        s->level[k] = stats.median;
    }
    hep_labels_free(core);
    return rc;
}

/* A coarse mask into the fine map, where that is still free. */
static void mark(const struct scene *s, const struct hep_labels *coarse, enum hep_anatomy organ)
{
    for (size_t i = 0; i < hep_grid_voxels(&s->map->grid); i++) {
        if (s->map->data[i] == HEP_ANATOMY_NONE &&
            coarse->data[hep_liver_coarse_of(&coarse->grid, &s->map->grid, i)] != 0)
            s->map->data[i] = (int32_t)organ;
    }
}

struct organ {
    enum hep_anatomy organ;
    struct hep_seed_place place;
    double erosion_mm, min_ml, max_ml; /* of the sure inside */
    const struct rule *rule;
    size_t n_rules;
};

/* Places from the middle and the back of the body of an adult; sure insides of a tenth of a small
 * spleen (150 mL) to a very large one, and of a few centimetres of a paraspinal muscle; expert
 * values. */
#define RULES(rules) (rules), sizeof(rules) / sizeof(rules)[0]
static const struct organ organs[] = {
    { HEP_ANATOMY_SPLEEN,
      { { -1e4, -40, 20, 110 }, 12, false, NULL },
      5,
      15,
      900,
      RULES(spleen_rules) },
    { HEP_ANATOMY_MUSCLE, { { 18, 62, 0, 60 }, 9, true, NULL }, 5, 3, 200, RULES(muscle_rules) },
    { HEP_ANATOMY_MUSCLE, { { -62, -18, 0, 60 }, 9, true, NULL }, 5, 3, 200, RULES(muscle_rules) }
};

/* The thickest region of its place that looks as it must: what does not is set aside, and the next
 * one is tried. */
#define TRIES 4 /* as many other organs of one place may be thicker: stomach, kidney, bowel */
static int find_organ(const struct scene *s, const struct organ *o, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&s->im->coarse);
    struct hep_seed_place place = o->place;
    struct hep_labels *taken = NULL;
    bool found = false;
    int rc = hep_labels_copy(&taken, s->near, err);

    place.taken = taken;
    for (int t = 0; rc == HEP_OK && !found && t < TRIES; t++) {
        struct hep_liver_seed seed;

        rc = hep_liver_seed_find(&seed, s->im, &place, o->erosion_mm, err);
        found = rc == HEP_OK && seed.volume_ml >= o->min_ml && seed.volume_ml <= o->max_ml &&
                plausible(s, seed.centre, o->rule, o->n_rules);
        if (found)
            mark(s, seed.mask, o->organ);
        if (rc == HEP_OK && (found || seed.volume_ml <= 0.0))
            t = TRIES;
        if (rc == HEP_OK && !found)
            rc = hep_mask_dilate(seed.mask, HEP_LIVER_COARSE_MM, s->im->nthreads, err);
        for (size_t i = 0; rc == HEP_OK && i < n; i++)
            taken->data[i] |= seed.mask->data[i];
        hep_labels_free(seed.mask);
    }
    hep_labels_free(taken);
    return rc;
}

int hep_organs_find(struct hep_labels **anatomy, const struct hep_liver_images *im,
                    const struct hep_grid *grid, const struct hep_labels *liver,
                    struct hep_error *err)
{
    struct scene s = { .im = im };
    struct hep_labels *out = NULL;
    int rc = hep_labels_new(&s.map, &im->fine, err);

    if (rc == HEP_OK)
        rc = coarse_liver(&s, liver, err);
    for (size_t i = 0; rc == HEP_OK && i < sizeof organs / sizeof organs[0]; i++)
        rc = find_organ(&s, &organs[i], err);
    if (rc == HEP_OK)
        rc = hep_vessels_trunks(s.map, im, err);
    if (rc == HEP_OK)
        rc = hep_vessels_inside(s.map, im, s.liver, err);
    if (rc == HEP_OK)
        rc = hep_resample_labels(&out, s.map, grid, NULL, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(grid); i++) {
        const int32_t o = out->data[i];
        const bool vessel = o == HEP_ANATOMY_VESSELS || o == HEP_ANATOMY_PORTAL_VEIN ||
                            o == HEP_ANATOMY_HEPATIC_VEINS;

        if (liver->data[i] != 0 && !vessel)
            out->data[i] = HEP_ANATOMY_LIVER;
        else if (liver->data[i] == 0 && vessel)
            out->data[i] = HEP_ANATOMY_NONE;
    }
    hep_labels_free(s.liver);
    hep_labels_free(s.near);
    hep_labels_free(s.map);
    if (rc == HEP_OK)
        *anatomy = out;
    else
        hep_labels_free(out);
    return rc;
}
