#include "phantom/lesion.h"

#include "base/number.h"
#include "base/rng.h"

#include <math.h>

/* Share of each type among lesions that are drawn; sparing only in fatty livers. */
static const double type_share[HEP_SIM_N_LESION_TYPES] = {
    [HEP_SIM_MET_FIBROUS] = 0.32, [HEP_SIM_MET_NECROTIC] = 0.12, [HEP_SIM_NET] = 0.10,
    [HEP_SIM_MUCINOUS] = 0.07,    [HEP_SIM_MELANOMA] = 0.04,     [HEP_SIM_HAEMANGIOMA] = 0.10,
    [HEP_SIM_CYST] = 0.12,        [HEP_SIM_FNH_LIKE] = 0.05,     [HEP_SIM_ABSCESS] = 0.02,
    [HEP_SIM_FOCAL_FAT] = 0.04,   [HEP_SIM_SPARING] = 0.02,
};
#define MAX_DRAWN 15

double hep_lesions_min_liver_ff(const struct hep_sim_settings *s)
{
    for (size_t i = 0; i < s->n_wishes; i++)
        if (s->wishes[i].type == HEP_SIM_SPARING)
            return 0.2;
    return 0.0;
}

static double clearance(const struct hep_lesion_ground *g, const double p[3], double min_radius)
{
    return fmin(hep_tree_clearance(g->portal, p, min_radius),
                hep_tree_clearance(g->hepatic, p, min_radius));
}

/* i-th of n directions spread over the sphere. */
static void spread_direction(double dir[3], int i, int n)
{
    const double z = 1.0 - 2.0 * (i + 0.5) / n, phi = HEP_PI * (1.0 + sqrt(5.0)) * i;
    const double s = sqrt(1.0 - z * z);

    dir[0] = s * cos(phi);
    dir[1] = s * sin(phi);
    dir[2] = z;
}

bool hep_lesion_is_inside(const struct hep_lesion_ground *g, const struct hep_lesion *l,
                          double margin_mm)
{
    enum { N = 120 };

    for (int i = 0; i < N; i++) {
        double dir[3], p[3], r;

        spread_direction(dir, i, N);
        for (int k = 0; k < 3; k++)
            p[k] = l->centre_mm[k] + dir[k];
        r = 1.0 / hep_lesion_rho(l, p) + margin_mm;
        for (int k = 0; k < 3; k++)
            p[k] = l->centre_mm[k] + r * dir[k];
        if (hep_shape_label(g->shape, p) != HEP_LABEL_LIVER)
            return false;
    }
    return true;
}

static bool free_of_others(const struct hep_lesion_ground *g, const struct hep_lesion *l,
                           size_t self)
{
    const double reach = hep_lesion_reach_mm(l);

    for (size_t i = 0; i < g->list->n; i++) {
        const struct hep_lesion *o = &g->list->item[i];
        const double d =
            hypot(hypot(l->centre_mm[0] - o->centre_mm[0], l->centre_mm[1] - o->centre_mm[1]),
                  l->centre_mm[2] - o->centre_mm[2]);

        if (i != self && d < reach + hep_lesion_reach_mm(o) + 2.0)
            return false;
    }
    return true;
}

bool hep_lesion_has_room(const struct hep_lesion_ground *g, const struct hep_lesion *l, size_t self)
{
    if (!free_of_others(g, l, self))
        return false;
    if (!hep_lesion_is_inside(g, l, l->subcapsular ? 0.6 : 1.5))
        return false;
    if (hep_shape_label(g->shape, l->centre_mm) != HEP_LABEL_LIVER)
        return false;
    return !l->mass || clearance(g, l->centre_mm, 2.5) > 0.5 * l->diameter_mm;
}

static void random_point(double p[3], struct hep_rng *rng)
{
    const struct hep_box box = hep_shape_box();

    for (int k = 0; k < 3; k++)
        p[k] = hep_rng_next_range(rng, box.lo[k], box.hi[k]);
}

/* Move along the surface distance's gradient until the border almost touches the capsule. */
static void move_to_capsule(const struct hep_lesion_ground *g, struct hep_lesion *l)
{
    const double want = -(0.5 * l->diameter_mm + 1.5);

    for (int it = 0; it < 12; it++) {
        const double f = hep_shape_liver(g->shape, l->centre_mm);
        double slope[3], n = 0.0;

        for (int k = 0; k < 3; k++) {
            double p[3] = { l->centre_mm[0], l->centre_mm[1], l->centre_mm[2] };

            p[k] += 1.0;
            slope[k] = hep_shape_liver(g->shape, p) - f;
            n += slope[k] * slope[k];
        }
        if (!(n > 1e-6))
            return;
        for (int k = 0; k < 3; k++)
            l->centre_mm[k] += 0.7 * (want - f) * slope[k] / n;
    }
}

/* Move a lesion beside a vessel of 2 to 5 mm radius; false when there is no room beside any. */
static bool move_to_vessel(const struct hep_lesion_ground *g, struct hep_lesion *l,
                           struct hep_rng *rng)
{
    const struct hep_tree *t = hep_rng_next(rng) < 0.5 ? g->portal : g->hepatic;
    const struct hep_branch *b;
    double dir[3];

    if (t->n == 0)
        return false;
    b = &t->branch[(size_t)(hep_rng_next(rng) * (double)t->n)];
    if (b->cut || b->radius_mm < 2.0 || b->radius_mm > 5.0)
        return false;
    hep_rng_next_direction(dir, rng);
    for (int k = 0; k < 3; k++)
        l->centre_mm[k] =
            0.5 * (b->a[k] + b->b[k]) + dir[k] * (b->radius_mm + 0.5 * l->diameter_mm + 1.0);
    return true;
}

bool hep_lesion_place(const struct hep_lesion_ground *g, struct hep_lesion *l, struct hep_rng *rng)
{
    const double habit = hep_rng_next(rng);

    for (int tries = 0; tries < 6000; tries++) {
        /* a habit that finds no room is given up half-way */
        const bool keep = tries < 3000;

        l->subcapsular = keep && habit < 0.2;
        l->at_vessel = keep && l->mass && habit >= 0.2 && habit < 0.4;
        if (l->at_vessel) {
            if (!move_to_vessel(g, l, rng))
                continue;
        } else {
            random_point(l->centre_mm, rng);
            if (hep_shape_liver(g->shape, l->centre_mm) > -0.3 * l->diameter_mm)
                continue;
            if (l->subcapsular)
                move_to_capsule(g, l);
        }
        if (hep_lesion_has_room(g, l, g->list->n))
            return true;
    }
    return false;
}

static double share_of(int type, const struct hep_study_tissues *tissues)
{
    const bool fatty = tissues->row[HEP_TISSUE_LIVER].ff > 0.16;

    return type == (int)HEP_SIM_SPARING && !fatty ? 0.0 : type_share[type];
}

static enum hep_sim_lesion_type draw_type(double u, const struct hep_study_tissues *tissues)
{
    double total = 0.0, sum = 0.0;

    for (int t = 0; t < (int)HEP_SIM_N_LESION_TYPES; t++)
        total += share_of(t, tissues);
    for (int t = 0; t < (int)HEP_SIM_N_LESION_TYPES; t++) {
        sum += share_of(t, tissues);
        if (u * total < sum)
            return (enum hep_sim_lesion_type)t;
    }
    return HEP_SIM_MET_FIBROUS;
}

/* The next type after this one that this liver can have. */
static enum hep_sim_lesion_type next_type(enum hep_sim_lesion_type type,
                                          const struct hep_study_tissues *tissues)
{
    int t = (int)type;

    do
        t = (t + 1) % (int)HEP_SIM_N_LESION_TYPES;
    while (!(share_of(t, tissues) > 0.0));
    return (enum hep_sim_lesion_type)t;
}

/* The lesions to place: those that the settings name, or random ones. */
static size_t list_wishes(struct hep_sim_wish *wish, const struct hep_sim_settings *s,
                          const struct hep_study_tissues *tissues, uint64_t seed)
{
    struct hep_rng rng = { seed, hep_rng_stream("lesion list"), 0 };
    const double ratio = s->max_diameter_mm / s->min_diameter_mm;
    enum hep_sim_lesion_type type = HEP_SIM_MET_FIBROUS;
    size_t n;

    if (s->no_lesions)
        return 0;
    if (s->n_wishes > 0) {
        memcpy(wish, s->wishes, s->n_wishes * sizeof *wish);
        return s->n_wishes;
    }
    n = s->even_kinds ? (size_t)lround(s->mean_lesions)
                      : hep_rng_next_poisson(&rng, s->mean_lesions);
    n = n < MAX_DRAWN ? n : MAX_DRAWN;
    for (size_t i = 0; i < n; i++) {
        type = s->even_kinds && i > 0 ? next_type(type, tissues)
                                      : draw_type(hep_rng_next(&rng), tissues);
        wish[i].type = type;
        wish[i].diameter_mm = s->min_diameter_mm * pow(ratio, hep_rng_next(&rng));
        /* focal fat and sparing are seen as areas, not as dots */
        if (wish[i].type == HEP_SIM_FOCAL_FAT || wish[i].type == HEP_SIM_SPARING)
            wish[i].diameter_mm = fmin(fmax(wish[i].diameter_mm, 10.0), 30.0);
    }
    return n;
}

#define TARGET_FROM_MM 12.0 /* RECIST 1.1 wants 10 mm of a target lesion */
#define ADDED_TARGET_MM 15.0

/* Of a person who comes again the largest lesions are metastases that can be measured, for it is
 * they who are followed: two, and a third that may be ablated. Expects the largest first. */
static size_t want_targets(struct hep_sim_wish *wish, size_t n, const struct hep_sim_settings *s)
{
    const size_t wanted = s->course == HEP_SIM_COURSE_ABLATION ? 3 : 2;

    if (s->sessions == 0 || s->n_wishes > 0 || s->no_lesions)
        return n;
    for (size_t i = 0; i < wanted; i++) {
        if (i >= n)
            wish[n++] = (struct hep_sim_wish){ HEP_SIM_MET_FIBROUS, ADDED_TARGET_MM };
        if (hep_sim_lesion_class(wish[i].type) != HEP_CLASS_METASTASIS)
            wish[i].type = HEP_SIM_MET_FIBROUS;
        wish[i].diameter_mm = fmax(wish[i].diameter_mm, TARGET_FROM_MM);
    }
    return n;
}

static void sort_by_size(struct hep_sim_wish *wish, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct hep_sim_wish w = wish[i];
        size_t j = i;

        for (; j > 0 && wish[j - 1].diameter_mm < w.diameter_mm; j--)
            wish[j] = wish[j - 1];
        wish[j] = w;
    }
}

int hep_lesions_plan(struct hep_lesion_list *out, const struct hep_sim_settings *s,
                     const struct hep_shape *shape, const struct hep_tree *portal,
                     const struct hep_tree *hepatic, const struct hep_study_tissues *tissues,
                     uint64_t seed, struct hep_error *err)
{
    const struct hep_lesion_ground ground = { shape, portal, hepatic, out };
    struct hep_sim_wish wish[HEP_SIM_MAX_LESIONS];
    size_t n = list_wishes(wish, s, tissues, seed);

    out->n = out->n_unplaced = 0;
    sort_by_size(wish, n);
    n = want_targets(wish, n, s);
    sort_by_size(wish, n);
    for (size_t i = 0; i < n; i++) {
        struct hep_rng rng = { seed, hep_rng_stream("lesion"), (uint64_t)i << 32 };
        struct hep_lesion *l = &out->item[out->n];

        hep_lesion_make(l, wish[i].type, wish[i].diameter_mm, tissues, s->variation, &rng);
        hep_lesion_form(l, s, seed, i);
        if (hep_lesion_place(&ground, l, &rng))
            out->n++;
        else if (s->n_wishes > 0)
            return HEP_FAIL(err, HEP_EDATA, "no room in the liver for %s of %g mm",
                            hep_sim_lesion_type_name(wish[i].type), wish[i].diameter_mm);
        else
            out->n_unplaced++;
    }
    return HEP_OK;
}
