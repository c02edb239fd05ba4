#include "sequences/series_build.h"

#include "base/text.h"
#include "sequences/lines.h"
#include "sequences/merit.h"

#include <math.h>

static const double same_field_t = 0.15; /* 2.89 and 3.0 T are one scanner */
static const double same_te_s = 1e-6;

static struct hep_series *choose(struct hep_inventory *inv, enum hep_role role,
                                 const struct hep_grid *grid)
{
    struct hep_series *best = NULL;

    for (size_t i = 0; i < inv->n_series; i++) {
        struct hep_series *s = &inv->series[i];

        if (s->role == role && s->nt > 0 && s->left_out == NULL &&
            (grid == NULL || hep_grid_same(grid, &s->grid, HEP_GRID_TOL_MM)) &&
            (best == NULL || hep_series_is_better(s, best)))
            best = s;
    }
    return best;
}

/** Two T2-weighted series that serve equally well are said aloud, with what decided. */
static int say_not_used(struct hep_inventory *inv, struct hep_series *s,
                        const struct hep_series *best, struct hep_error *err)
{
    const char *why = best->given              ? ", as study.yml says"
                      : best->merit > s->merit ? ", which serves better"
                      : hep_time_off_nominal(best) < hep_time_off_nominal(s)
                          ? ", nearer to its nominal time"
                      : best->run > s->run ? ", the later run"
                                           : "";
    int rc = hep_lines_addf(&s->warnings, err, "not used: \"%s\" is taken as %s%s", best->name,
                            hep_role_words(s->role), why);

    if (rc != HEP_OK || s->role != HEP_ROLE_T2 || best->given ||
        best->merit - s->merit >= HEP_MERIT_TIE)
        return rc;
    return hep_lines_addf(&inv->warnings, err,
                          "\"%s\" and \"%s\" serve equally well as t2: the first is taken%s; "
                          "study.yml can say otherwise",
                          best->name, s->name, why);
}

static int select_role(struct hep_inventory *inv, enum hep_role role, const struct hep_grid *grid,
                       struct hep_error *err)
{
    struct hep_series *best = choose(inv, role, grid);
    int rc = HEP_OK;

    if (best == NULL)
        best = choose(inv, role, NULL);
    if (best == NULL)
        return HEP_OK;
    best->selected = true;
    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++) {
        struct hep_series *s = &inv->series[i];

        if (s->role == HEP_ROLE_LESION_MASK && s->left_out == NULL)
            s->selected = true; /* each of them holds lesions */
        if (s->role == HEP_ROLE_LESION_MASK)
            continue;
        if (s->role == role && s != best && s->left_out == NULL)
            rc = say_not_used(inv, s, best, err);
    }
    return rc;
}

static int compare(const void *pa, const void *pb)
{
    const struct hep_series *a = pa, *b = pb;
    bool ua = a->role == HEP_ROLE_UNKNOWN, ub = b->role == HEP_ROLE_UNKNOWN;

    if (ua != ub)
        return ua ? 1 : -1;
    if (a->role != b->role)
        return a->role < b->role ? -1 : 1;
    if (!isnan(a->time_since_injection_s) && !isnan(b->time_since_injection_s) &&
        a->time_since_injection_s != b->time_since_injection_s)
        return a->time_since_injection_s < b->time_since_injection_s ? -1 : 1;
    return hep_natural_cmp(a->name, b->name);
}

/** Phases in the order in which they follow one another; delayed and transitional are the same
 * time. */
static int check_phase_order(struct hep_inventory *inv, struct hep_error *err)
{
    static const enum hep_role order[] = { HEP_ROLE_PRECONTRAST,   HEP_ROLE_ARTERIAL,
                                           HEP_ROLE_PORTAL_VENOUS, HEP_ROLE_DELAYED,
                                           HEP_ROLE_TRANSITIONAL,  HEP_ROLE_HEPATOBILIARY };
    const struct hep_series *before = NULL;
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof order / sizeof order[0]; i++) {
        const struct hep_series *s = hep_inventory_find(inv, order[i]);

        if (s == NULL || isnan(s->time_since_injection_s))
            continue;
        if (before != NULL && s->time_since_injection_s <= before->time_since_injection_s &&
            !(before->role == HEP_ROLE_DELAYED && s->role == HEP_ROLE_TRANSITIONAL))
            rc = hep_lines_addf(
                &inv->warnings, err,
                "contradiction: \"%s\" at %.0f s does not come after \"%s\" at %.0f s",
                hep_role_words(s->role), s->time_since_injection_s, hep_role_words(before->role),
                before->time_since_injection_s);
        before = s;
    }
    return rc;
}

static int check_dixon_pair(struct hep_inventory *inv, struct hep_error *err)
{
    const struct hep_series *op = hep_inventory_find(inv, HEP_ROLE_OPPOSED);
    const struct hep_series *ip = hep_inventory_find(inv, HEP_ROLE_IN_PHASE);
    int rc = HEP_OK;

    if (op == NULL || ip == NULL)
        return HEP_OK;
    if (!hep_grid_same(&op->grid, &ip->grid, HEP_GRID_TOL_MM))
        rc = hep_lines_addf(
            &inv->warnings, err,
            "\"%s\" and \"%s\" have different grids: one is resampled for the fat fraction",
            op->name, ip->name);
    if (rc == HEP_OK && fabs(op->acquisition.te_s - ip->acquisition.te_s) < same_te_s)
        rc = hep_lines_addf(&inv->warnings, err,
                            "contradiction: \"%s\" and \"%s\" have the same EchoTime, %.4g ms",
                            op->name, ip->name, 1e3 * op->acquisition.te_s);
    if (rc == HEP_OK && (isnan(op->acquisition.te_s) || isnan(ip->acquisition.te_s)))
        rc = hep_lines_addf(&inv->warnings, err, "\"%s\" or \"%s\" has no EchoTime", op->name,
                            ip->name);
    return rc;
}

static int check_field(struct hep_inventory *inv, struct hep_error *err)
{
    double given = inv->field_t, field = given;

    for (size_t i = 0; i < inv->n_series; i++) {
        double other = inv->series[i].acquisition.field_t;

        if (isnan(field))
            field = other;
        if (!isnan(given) || isnan(other) || fabs(other - field) <= same_field_t)
            continue;
        return hep_lines_addf(&inv->warnings, err,
                              "contradiction: series at %.4g T and at %.4g T in one study", field,
                              other);
    }
    inv->field_t = field;
    for (size_t i = 0; i < inv->n_series; i++)
        if (isnan(inv->series[i].acquisition.field_t))
            inv->series[i].acquisition.field_t = field;
    return HEP_OK;
}

/** What no diffusion can be fitted to: series without b-values, or with one only, and those in
 * another unit. */
static int judge_b_values(struct hep_series *s, struct hep_error *err)
{
    const double *b = s->gradients.b_s_per_mm2;
    struct hep_error unusable = { 0 };
    int rc = HEP_OK;

    if (s->gradients.n == 0)
        rc = HEP_FAIL(&unusable, HEP_EDATA, "%s: no b-values: no .bval file, and none named",
                      s->name);
    if (rc == HEP_OK)
        rc = hep_b_unit_check(b, s->gradients.n, s->name, &unusable);
    for (size_t t = 1; rc == HEP_OK && t < s->gradients.n; t++)
        if (b[t] != b[0])
            return HEP_OK;
    if (rc == HEP_OK)
        (void)HEP_FAIL(&unusable, HEP_EDATA,
                       "%s: every volume has b = %g s/mm2, diffusion needs two b-values", s->name,
                       b[0]);
    return rc == HEP_ENOMEM ? HEP_FAIL(err, HEP_ENOMEM, "%s", unusable.msg)
                            : hep_series_leave_out(s, unusable.msg, err);
}

static int say_left_out(struct hep_inventory *inv, struct hep_series *s, struct hep_error *err)
{
    int rc = hep_lines_addf(&s->warnings, err, "left out: %s", s->left_out);

    return rc == HEP_OK ? hep_lines_addf(&inv->warnings, err, "left out: %s", s->left_out) : rc;
}

int hep_inventory_leave_out(struct hep_inventory *inv, const char *name, const char *reason,
                            struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++) {
        struct hep_series *s = &inv->series[i], *next;

        if (strcmp(s->name, name) != 0 || s->left_out != NULL)
            continue;
        rc = hep_series_leave_out(s, reason, err);
        if (rc == HEP_OK)
            rc = say_left_out(inv, s, err);
        next = s->selected ? choose(inv, s->role, NULL) : NULL;
        s->selected = false;
        if (next != NULL)
            next->selected = true;
    }
    return rc;
}

static int leave_out(struct hep_inventory *inv, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++) {
        struct hep_series *s = &inv->series[i];

        if (s->role == HEP_ROLE_DWI && s->nt > 0 && s->left_out == NULL)
            rc = judge_b_values(s, err);
        if (rc == HEP_OK && s->left_out != NULL)
            rc = say_left_out(inv, s, err);
    }
    return rc;
}

int hep_select(struct hep_inventory *inv, struct hep_error *err)
{
    const struct hep_series *opposed;
    int rc = HEP_OK;

    if (inv->n_series > 1)
        qsort(inv->series, inv->n_series, sizeof *inv->series, compare);
    rc = leave_out(inv, err);
    if (rc == HEP_OK)
        rc = hep_merit_fill(inv, err);
    for (int r = HEP_ROLE_OPPOSED; rc == HEP_OK && r < HEP_ROLE_COUNT; r++) {
        opposed = r == HEP_ROLE_IN_PHASE ? hep_inventory_find(inv, HEP_ROLE_OPPOSED) : NULL;
        rc = select_role(inv, (enum hep_role)r, opposed ? &opposed->grid : NULL, err);
    }
    if (rc == HEP_OK)
        rc = check_phase_order(inv, err);
    if (rc == HEP_OK)
        rc = check_dixon_pair(inv, err);
    return rc == HEP_OK ? check_field(inv, err) : rc;
}
