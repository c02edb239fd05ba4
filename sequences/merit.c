#include "sequences/merit.h"

#include "base/text.h"
#include "image/png.h"
#include "sequences/lines.h"
#include "sequences/series_build.h"
#include "sequences/words.h"

#include <math.h>

/* Points. A plane across the other series or half of the liver missing outweighs all else; the
 * others are in the order in which guidelines for liver MRI ask for them (fat-saturated T2-weighted
 * fast spin echo, slices of at most 8 mm with gaps of at most a fifth, TE 60 to 120 ms). */
static const double other_plane = -40.0, nothing_covered = -80.0, fat_saturated = 10.0,
                    single_shot = -15.0, good_te = 5.0, per_te_ms = -0.5, worst_te = -25.0,
                    per_mm_above = -3.0, worst_distance = -30.0, all_gap = -30.0;
static const double te_from_ms = 60.0, te_to_ms = 120.0, usual_distance_mm = 5.0, usual_gap = 0.2,
                    enough_covered = 0.95;
/* A name surer than this says nothing more about how well a series serves. */
static const double sure_score = 60.0;
/* Echoes after one excitation: fast spin echoes of several shots have 4 to 40. */
static const double longest_train = 64.0;

static const char single_shot_words[] = "haste|ssfse|ss fse|ss tse|sshtse|ssh|single shot|sshot";
static const char fat_saturated_words[] =
    "fs|fatsat|fat sat|fat sup*|fatsup*|spair|spir|stir|tirm|chess|frfsefs";

static bool any_text(const struct hep_series *s, const char *patterns)
{
    return hep_words_match(s->acquisition.series_description, patterns) ||
           hep_words_match(s->acquisition.protocol_name, patterns) ||
           hep_words_match(s->name, patterns);
}

static bool is_image(const struct hep_series *s)
{
    return s->role != HEP_ROLE_UNKNOWN && !hep_role_is_mask(s->role) && s->nt > 0 &&
           s->left_out == NULL;
}

static int add(struct hep_series *s, double points, struct hep_error *err, const char *reason)
{
    s->merit += points;
    return hep_lines_addf(&s->reasons, err, "for the choice: %+.0f %s", points, reason);
}

/** The plane of most series of other roles; false where there are none, or as many of two planes. */
static bool plane_of_others(enum hep_plane *plane, const struct hep_inventory *inv,
                            enum hep_role role)
{
    size_t count[3] = { 0 };
    unsigned best = 0;

    for (size_t i = 0; i < inv->n_series; i++)
        if (is_image(&inv->series[i]) && inv->series[i].role != role)
            count[hep_plane_of_slices(&inv->series[i].grid)]++;
    for (unsigned p = 1; p < 3; p++)
        if (count[p] > count[best])
            best = p;
    for (unsigned p = 0; p < 3; p++)
        if (p != best && count[p] == count[best])
            return false;
    *plane = (enum hep_plane)best;
    return true;
}

static int judge_plane(struct hep_series *s, const struct hep_inventory *inv, struct hep_error *err)
{
    const enum hep_plane own = hep_plane_of_slices(&s->grid);
    enum hep_plane others;
    char reason[64];

    if (!plane_of_others(&others, inv, s->role) || own == others)
        return HEP_OK;
    (void)snprintf(reason, sizeof reason, "%s, most other series are %s", hep_plane_name(own),
                   hep_plane_name(others));
    return add(s, other_plane, err, reason);
}

/** Share of the inner region of another grid that lies within this one: of its height without a
 * tenth at either end, and across it without a quarter at each side, where no liver is. */
static double covered_share(const struct hep_grid *g, const struct hep_grid *other)
{
    enum { STEPS = 12 };
    int height, sign;
    size_t within = 0, all = 0, ignored;

    hep_grid_axis_of(&height, &sign, other, 2);
    for (int k = 0; k < STEPS * STEPS * STEPS; k++) {
        const int step[3] = { k % STEPS, k / STEPS % STEPS, k / (STEPS * STEPS) };
        double voxel[3], world[3];

        for (int a = 0; a < 3; a++) {
            const double from = a == height ? 0.1 : 0.25;
            const double share = from + (1.0 - 2.0 * from) * step[a] / (STEPS - 1);

            voxel[a] = share * (double)(other->n[a] - 1);
        }
        hep_grid_to_world(world, other, voxel);
        within += hep_grid_voxel_at(&ignored, g, world);
        all++;
    }
    return (double)within / (double)all;
}

static int judge_coverage(struct hep_series *s, const struct hep_inventory *inv,
                          struct hep_error *err)
{
    const struct hep_series *other = NULL;
    char reason[96];
    double share;

    for (int r = HEP_ROLE_DWI; other == NULL && r <= HEP_ROLE_HEPATOBILIARY; r++)
        for (size_t i = 0; other == NULL && i < inv->n_series; i++)
            if (is_image(&inv->series[i]) && inv->series[i].role == (enum hep_role)r)
                other = &inv->series[i];
    if (other == NULL)
        return HEP_OK;
    share = covered_share(&s->grid, &other->grid);
    if (share >= enough_covered)
        return HEP_OK;
    (void)snprintf(reason, sizeof reason,
                   "covers %.0f %% of the inner region of another series (%s)", 100.0 * share,
                   hep_role_words(other->role));
    return add(s, nothing_covered * (1.0 - share), err, reason);
}

static double slice_distance_mm(const struct hep_grid *g)
{
    double mm[3];

    hep_grid_spacing(mm, g);
    return fmax(fmax(mm[0], mm[1]), mm[2]);
}

static int judge_slices(struct hep_series *s, struct hep_error *err)
{
    const double mm = slice_distance_mm(&s->grid);
    const double gap = (mm - s->acquisition.slice_thickness_mm) / mm;
    char reason[64];
    int rc = HEP_OK;

    if (mm > usual_distance_mm) {
        (void)snprintf(reason, sizeof reason, "slices %.3g mm apart", mm);
        rc = add(s, fmax(per_mm_above * (mm - usual_distance_mm), worst_distance), err, reason);
    }
    if (rc == HEP_OK && gap > usual_gap) {
        (void)snprintf(reason, sizeof reason, "gaps are %.0f %% of it", 100.0 * gap);
        rc = add(s, all_gap * gap, err, reason);
    }
    return rc;
}

static int judge_echo_time(struct hep_series *s, struct hep_error *err)
{
    const double ms = 1e3 * s->acquisition.te_s;
    const double off = fmax(fmax(te_from_ms - ms, ms - te_to_ms), 0.0);
    char reason[96];

    if (isnan(ms))
        return HEP_OK;
    (void)snprintf(reason, sizeof reason, "TE %.4g ms, of use for the liver are %g to %g", ms,
                   te_from_ms, te_to_ms);
    return add(s, off > 0.0 ? fmax(per_te_ms * off, worst_te) : good_te, err, reason);
}

static int judge_t2(struct hep_series *s, const struct hep_inventory *inv, struct hep_error *err)
{
    int rc = judge_coverage(s, inv, err);

    if (rc == HEP_OK)
        rc = judge_slices(s, err);
    if (rc == HEP_OK)
        rc = judge_echo_time(s, err);
    if (rc == HEP_OK &&
        (s->acquisition.echo_train > longest_train || any_text(s, single_shot_words)))
        rc = add(s, single_shot, err, "single shot");
    if (rc == HEP_OK && (s->acquisition.fat_saturated || any_text(s, fat_saturated_words)))
        rc = add(s, fat_saturated, err, "fat-saturated");
    s->merit += fmin(s->score, sure_score);
    return rc;
}

static bool has_rival(const struct hep_inventory *inv, const struct hep_series *s)
{
    for (size_t i = 0; i < inv->n_series; i++)
        if (&inv->series[i] != s && is_image(&inv->series[i]) && inv->series[i].role == s->role)
            return true;
    return false;
}

int hep_merit_fill(struct hep_inventory *inv, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++) {
        struct hep_series *s = &inv->series[i];

        if (!is_image(s) || !has_rival(inv, s))
            continue;
        rc = judge_plane(s, inv, err);
        if (rc == HEP_OK && s->role == HEP_ROLE_T2)
            rc = judge_t2(s, inv, err);
    }
    return rc;
}

static bool has_parameters(const struct hep_series *s)
{
    const struct hep_acquisition *a = &s->acquisition;

    return !isnan(a->te_s) || !isnan(a->tr_s) || !isnan(a->acquisition_time_s);
}

bool hep_series_is_better(const struct hep_series *a, const struct hep_series *b)
{
    const double x = hep_time_off_nominal(a), y = hep_time_off_nominal(b);
    const double ta = a->time_since_injection_s, tb = b->time_since_injection_s;

    if (a->given != b->given)
        return a->given;
    if (a->merit != b->merit)
        return a->merit > b->merit;
    if (!isnan(x) && !isnan(y) && x != y)
        return x < y;
    if (a->score != b->score)
        return a->score > b->score;
    if (isnan(ta) != isnan(tb))
        return isnan(tb);
    if (has_parameters(a) != has_parameters(b))
        return has_parameters(a);
    if (a->run != b->run)
        return a->run > b->run;
    if (a->role == HEP_ROLE_DWI && a->nt != b->nt)
        return a->nt > b->nt;
    if (!isnan(ta) && !isnan(tb) && ta != tb)
        return ta < tb;
    if (hep_grid_voxel_mm3(&a->grid) != hep_grid_voxel_mm3(&b->grid))
        return hep_grid_voxel_mm3(&a->grid) < hep_grid_voxel_mm3(&b->grid);
    return hep_natural_cmp(a->name, b->name) < 0;
}
