/*
 * Best b-values for a budget. With u_k the share of the budget at candidate k, the objective is
 * convex in u and homogeneous of degree -1/2, so with d_k = -d(objective)/d(u_k) objective -
 * optimum <= max_k d_k - sum_k u_k d_k = max_k d_k - objective / 2, which is the proof of
 * optimality that comes with the result. Shares move from the support point with the smallest d to
 * the candidate with the largest (vertex exchange: Boehning, Metrika 1986;33:337-347).
 */
#include "fitting/precision.h"

#include "base/alloc.h"
#include "fitting/precision_information.h"

#include <math.h>

enum { most = HEP_PRECISION_PARAMS_MAX, max_exchanges = 20000, section_steps = 60 };
static const double wanted_gap = 1e-6, least_share = 1e-9;

struct search {
    const struct hep_precision_aim *aim;
    size_t n, np, nt;
    double
        *root; /* [nt][n][most]: information of one average, parameters relative to their value */
    double *information;   /* [nt][most * most]: of the current design */
    double *shares, *gain; /* [n]: d_k above */
    double *averages;      /* [n] */
};

static const double *root_at(const struct search *s, size_t tissue, size_t k)
{
    return s->root + (tissue * s->n + k) * most;
}

static double cost_of(const struct hep_precision_aim *aim, size_t k)
{
    return aim->cost != NULL ? aim->cost[k] : 1.0;
}

static void add_information(double *information, const double *root, double averages, size_t np)
{
    for (size_t i = 0; i < np; i++) {
        for (size_t j = 0; j < np; j++)
            information[i * np + j] += averages * root[i] * root[j];
    }
}

/* Weighted sum of relative errors of one tissue; infinite when undetermined. */
static double tissue_objective(const struct search *s, size_t tissue, const double *information,
                               double *inverse)
{
    double sum = 0.0;

    if (!hep_precision_invert(inverse, information, s->np))
        return (double)INFINITY;
    for (size_t i = 0; i < s->np; i++) {
        if (s->aim->importance[i] > 0.0)
            sum += s->aim->importance[i] * sqrt(inverse[i * s->np + i]);
    }
    return s->aim->tissues[tissue].weight * sum;
}

/* Objective of a whole design: averages per candidate, fractions allowed. */
static double objective_of(const struct search *s, const double *averages)
{
    double total = 0.0, inverse[most * most];

    for (size_t t = 0; t < s->nt; t++) {
        double information[most * most] = { 0 };

        for (size_t k = 0; k < s->n; k++) {
            if (averages[k] > 0.0)
                add_information(information, root_at(s, t, k), averages[k], s->np);
        }
        total += tissue_objective(s, t, information, inverse);
    }
    return total;
}

static double averages_per_share(const struct search *s, size_t k)
{
    return s->aim->budget / cost_of(s->aim, k);
}

/* gain[] and information[] of s->shares; returns the objective. */
static double gains(struct search *s)
{
    double total = 0.0, inverse[most * most];
    size_t np = s->np;

    memset(s->gain, 0, s->n * sizeof *s->gain);
    for (size_t t = 0; t < s->nt; t++) {
        double *information = s->information + t * most * most;

        memset(information, 0, (size_t)most * most * sizeof *information);
        for (size_t k = 0; k < s->n; k++)
            add_information(information, root_at(s, t, k), s->shares[k] * averages_per_share(s, k),
                            np);
        total += tissue_objective(s, t, information, inverse);
        if (!isfinite(total))
            return total;
        for (size_t k = 0; k < s->n; k++) {
            const double *root = root_at(s, t, k);

            for (size_t i = 0; i < np; i++) {
                double projected = 0.0;

                for (size_t j = 0; j < np; j++)
                    projected += inverse[i * np + j] * root[j];
                if (s->aim->importance[i] > 0.0)
                    s->gain[k] += s->aim->tissues[t].weight * s->aim->importance[i] * projected *
                                  projected / (2.0 * sqrt(inverse[i * np + i])) *
                                  averages_per_share(s, k);
            }
        }
    }
    return total;
}

/* Objective when `share` moves from candidate `from` to candidate `to`. */
static double moved(const struct search *s, size_t from, size_t to, double share)
{
    double total = 0.0, inverse[most * most], information[most * most];

    for (size_t t = 0; t < s->nt; t++) {
        memcpy(information, s->information + t * most * most, sizeof information);
        add_information(information, root_at(s, t, from), -share * averages_per_share(s, from),
                        s->np);
        add_information(information, root_at(s, t, to), share * averages_per_share(s, to), s->np);
        total += tissue_objective(s, t, information, inverse);
    }
    return total;
}

/* Share to move for the lowest objective: golden section, or all of it when that is better. */
static double best_move(const struct search *s, size_t from, size_t to)
{
    const double golden = 0.5 * (sqrt(5.0) - 1.0);
    double lo = 0.0, hi = s->shares[from];
    double x1 = hi - golden * (hi - lo), x2 = lo + golden * (hi - lo);
    double y1 = moved(s, from, to, x1), y2 = moved(s, from, to, x2);
    double all = moved(s, from, to, hi);

    for (int i = 0; i < section_steps; i++) {
        if (y1 <= y2) {
            hi = x2;
            x2 = x1;
            y2 = y1;
            x1 = hi - golden * (hi - lo);
            y1 = moved(s, from, to, x1);
        } else {
            lo = x1;
            x1 = x2;
            y1 = y2;
            x2 = lo + golden * (hi - lo);
            y2 = moved(s, from, to, x2);
        }
    }
    return all <= fmin(y1, y2) ? s->shares[from] : 0.5 * (lo + hi);
}

/* Optimal shares; returns the relative gap that is left. */
static double optimise_shares(struct search *s, double *objective)
{
    for (size_t k = 0; k < s->n; k++)
        s->shares[k] = 1.0 / (double)s->n;
    for (int step = 0;; step++) {
        size_t best = 0, worst = s->n;
        double gap, share;

        *objective = gains(s);
        if (!isfinite(*objective))
            return (double)INFINITY;
        for (size_t k = 0; k < s->n; k++) {
            if (s->gain[k] > s->gain[best])
                best = k;
            if (s->shares[k] > 0.0 && (worst == s->n || s->gain[k] < s->gain[worst]))
                worst = k;
        }
        gap = s->gain[best] / *objective - 0.5;
        if (gap <= wanted_gap || worst == best || step == max_exchanges)
            return fmax(gap, 0.0);
        share = best_move(s, worst, best);
        s->shares[best] += share;
        s->shares[worst] -= share;
        if (s->shares[worst] < least_share) {
            s->shares[best] += s->shares[worst];
            s->shares[worst] = 0.0;
        }
    }
}

static double cost_of_design(const struct search *s, const double *averages)
{
    double cost = 0.0;

    for (size_t k = 0; k < s->n; k++)
        cost += averages[k] * cost_of(s->aim, k);
    return cost;
}

/* The change of one average (+1 at `to`, -1 at `from`, s->n: none) that is best; false if none
 * fits. */
struct change {
    size_t from, to;
    double objective;
};

static void try_change(struct search *s, struct change *best, size_t from, size_t to)
{
    const double slack = 1.0 + 1e-12;
    double objective;

    if (from < s->n)
        s->averages[from] -= 1.0;
    if (to < s->n)
        s->averages[to] += 1.0;
    if (to == s->n || cost_of_design(s, s->averages) <= s->aim->budget * slack) {
        objective = objective_of(s, s->averages);
        if (objective < best->objective)
            *best = (struct change){ from, to, objective };
    }
    if (from < s->n)
        s->averages[from] += 1.0;
    if (to < s->n)
        s->averages[to] -= 1.0;
}

static void apply_change(struct search *s, const struct change *c)
{
    if (c->from < s->n)
        s->averages[c->from] -= 1.0;
    if (c->to < s->n)
        s->averages[c->to] += 1.0;
}

/* Take averages away, the least missed first, until the budget holds. */
static bool shrink_to_budget(struct search *s)
{
    while (cost_of_design(s, s->averages) > s->aim->budget * (1.0 + 1e-12)) {
        struct change best = { s->n, s->n, (double)INFINITY };

        for (size_t k = 0; k < s->n; k++) {
            if (s->averages[k] > 0.0)
                try_change(s, &best, k, s->n);
        }
        if (best.from == s->n)
            return false;
        apply_change(s, &best);
    }
    return true;
}

/* Whole averages near the shares, improved by adding and exchanging single ones. */
static double optimise_averages(struct search *s)
{
    double objective;

    for (size_t k = 0; k < s->n; k++) {
        double wanted = s->shares[k] * averages_per_share(s, k);

        s->averages[k] = s->shares[k] > 1e-3 ? fmax(1.0, floor(wanted)) : 0.0;
    }
    if (!isfinite(objective_of(s, s->averages))) {
        for (size_t k = 0; k < s->n; k++)
            s->averages[k] = s->shares[k] > 0.0 ? fmax(1.0, s->averages[k]) : 0.0;
    }
    if (!shrink_to_budget(s))
        return (double)INFINITY;
    objective = objective_of(s, s->averages);
    for (;;) {
        struct change best = { s->n, s->n, objective * (1.0 - 1e-9) };

        for (size_t to = 0; to < s->n; to++) {
            try_change(s, &best, s->n, to);
            for (size_t from = 0; from < s->n; from++) {
                if (s->averages[from] > 0.0 && from != to)
                    try_change(s, &best, from, to);
            }
        }
        if (best.to == s->n)
            return objective;
        apply_change(s, &best);
        objective = best.objective;
    }
}

static int check_tissues(const struct hep_precision_aim *aim, size_t np, struct hep_error *err)
{
    if (aim->tissues == NULL || aim->n_tissues == 0)
        return HEP_FAIL(err, HEP_EINVAL, "no tissue to optimise for");
    for (size_t t = 0; t < aim->n_tissues; t++) {
        const struct hep_precision_tissue *tissue = &aim->tissues[t];

        if (!(tissue->weight > 0.0 && isfinite(tissue->weight)))
            return HEP_FAIL(err, HEP_EINVAL, "tissue %zu has weight %g, it must be positive", t + 1,
                            tissue->weight);
        for (size_t i = 0; i < np; i++) {
            if (!(tissue->theta[i] > 0.0 && isfinite(tissue->theta[i])))
                return HEP_FAIL(err, HEP_EINVAL,
                                "tissue %zu has %s = %g, relative errors need a positive value",
                                t + 1, hep_precision_param_name(aim->model, i), tissue->theta[i]);
        }
    }
    return HEP_OK;
}

static int check_aim(const struct hep_precision_aim *aim, struct hep_error *err)
{
    size_t np = hep_precision_param_count(aim->model);
    double importance = 0.0;

    if (np == 0 || aim->model == HEP_PRECISION_MULTIECHO)
        return HEP_FAIL(err, HEP_EINVAL, "b-values can be optimised for the diffusion models only");
    if (!(aim->sigma > 0.0 && isfinite(aim->sigma)) ||
        !(aim->budget > 0.0 && isfinite(aim->budget)))
        return HEP_FAIL(err, HEP_EINVAL, "noise %g and budget %g must be positive", aim->sigma,
                        aim->budget);
    for (size_t i = 0; i < np; i++) {
        if (!(aim->importance[i] >= 0.0 && isfinite(aim->importance[i])))
            return HEP_FAIL(err, HEP_EINVAL, "importance of %s is %g, allowed 0 and above",
                            hep_precision_param_name(aim->model, i), aim->importance[i]);
        importance += aim->importance[i];
    }
    if (!(importance > 0.0))
        return HEP_FAIL(err, HEP_EINVAL, "no parameter has any importance");
    if (aim->b_s_per_mm2 == NULL || aim->n_candidates < 2 ||
        aim->n_candidates > HEP_PRECISION_POINTS_MAX)
        return HEP_FAIL(err, HEP_EINVAL, "%zu b-values to choose from, allowed 2 to %d",
                        aim->n_candidates, HEP_PRECISION_POINTS_MAX);
    for (size_t k = 0; k < aim->n_candidates; k++) {
        double b = aim->b_s_per_mm2[k];

        if (!(b >= 0.0 && isfinite(b)) || (k > 0 && !(b > aim->b_s_per_mm2[k - 1])))
            return HEP_FAIL(err, HEP_EINVAL,
                            "b-value %zu is %g, they must increase from 0 or above", k + 1, b);
        if (!(cost_of(aim, k) > 0.0 && isfinite(cost_of(aim, k))))
            return HEP_FAIL(err, HEP_EINVAL, "b = %g costs %g, it must be positive", b,
                            cost_of(aim, k));
    }
    return check_tissues(aim, np, err);
}

static void search_release(struct search *s)
{
    free(s->root);
    free(s->information);
    free(s->shares);
    free(s->gain);
    free(s->averages);
}

static int search_init(struct search *s, const struct hep_precision_aim *aim, struct hep_error *err)
{
    const struct hep_precision_protocol noise = { .noise = aim->noise, .sigma = aim->sigma };

    *s = (struct search){ .aim = aim, .n = aim->n_candidates, .nt = aim->n_tissues };
    s->np = hep_precision_param_count(aim->model);
    s->root = hep_calloc(s->nt, s->n * most * sizeof *s->root, err);
    s->information = hep_calloc(s->nt, (size_t)most * most * sizeof *s->information, err);
    s->shares = hep_calloc(s->n, sizeof *s->shares, err);
    s->gain = hep_calloc(s->n, sizeof *s->gain, err);
    s->averages = hep_calloc(s->n, sizeof *s->averages, err);
    if (s->root == NULL || s->information == NULL || s->shares == NULL || s->gain == NULL ||
        s->averages == NULL) {
        search_release(s);
        return HEP_ENOMEM;
    }
    for (size_t t = 0; t < s->nt; t++) {
        const double *theta = aim->tissues[t].theta;

        for (size_t k = 0; k < s->n; k++) {
            double *root = s->root + (t * s->n + k) * most;

            hep_precision_root_information(root, aim->model, theta, aim->b_s_per_mm2[k], &noise);
            for (size_t i = 0; i < s->np; i++)
                root[i] *= theta[i];
        }
    }
    return HEP_OK;
}

static void report(struct hep_precision_design *out, const struct search *s)
{
    out->n_b = 0;
    out->cost = cost_of_design(s, s->averages);
    for (size_t k = 0; k < s->n; k++) {
        out->shares[k] = s->shares[k];
        out->averages[k] = (unsigned)s->averages[k];
        out->n_b += s->averages[k] > 0.0;
    }
}

int hep_precision_optimise(struct hep_precision_design *out, const struct hep_precision_aim *aim,
                           struct hep_error *err)
{
    struct search s;
    double by_shares, by_averages, gap;
    int rc = check_aim(aim, err);

    if (rc != HEP_OK)
        return rc;
    rc = search_init(&s, aim, err);
    if (rc != HEP_OK)
        return rc;
    gap = optimise_shares(&s, &by_shares);
    if (!isfinite(gap)) {
        rc = HEP_FAIL(err, HEP_EDATA, "the b-values to choose from do not determine the %s model",
                      hep_precision_model_name(aim->model));
        goto out;
    }
    by_averages = optimise_averages(&s);
    if (!isfinite(by_averages)) {
        rc = HEP_FAIL(err, HEP_EDATA, "a budget of %g is too small for the %zu parameters of %s",
                      aim->budget, s.np, hep_precision_model_name(aim->model));
        goto out;
    }
    report(out, &s);
    out->objective_shares = by_shares;
    out->objective = by_averages;
    out->gap = gap;
out:
    search_release(&s);
    return rc;
}
