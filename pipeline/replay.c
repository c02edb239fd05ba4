#include "pipeline/replay.h"

#include "base/alloc.h"
#include "image/resample.h"
#include "pipeline/replay_transform.h"

#include <math.h>

/* A scanner that was asked for b = 50 may write 49 or 55. */
#define B_TOL_S_PER_MM2 10.0
#define B_TOL_RELATIVE 0.02

void hep_replay_release(struct hep_replay *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->list[i].view.frame);
        hep_gradients_release(&r->list[i].view.gradients);
    }
    free(r->list);
    *r = (struct hep_replay){ 0 };
}

static bool expected(const struct hep_config *cfg, enum hep_planned planned)
{
    return planned != HEP_SERIES_COUNT && cfg->series[planned].expected;
}

static enum hep_planned planned_phase(const struct hep_config *cfg, const struct hep_agent *agent,
                                      enum hep_phase phase)
{
    for (int i = 0; i < HEP_SERIES_COUNT; i++) {
        enum hep_phase own = hep_planned_phase((enum hep_planned)i);

        if (own == HEP_PHASE_COUNT || !expected(cfg, (enum hep_planned)i))
            continue;
        if (own == phase || (agent != NULL && hep_agent_phase(agent, own) == phase))
            return (enum hep_planned)i;
    }
    return HEP_SERIES_COUNT;
}

enum hep_planned hep_replay_planned(const struct hep_config *cfg, const struct hep_agent *agent,
                                    const struct hep_inventory *inventory, enum hep_role role)
{
    enum hep_phase phase = hep_phase_of_role(role);
    bool pair = hep_inventory_find(inventory, HEP_ROLE_IN_PHASE) != NULL &&
                hep_inventory_find(inventory, HEP_ROLE_OPPOSED) != NULL;
    enum hep_planned planned;
    bool stands_in;

    if (phase != HEP_PHASE_COUNT)
        return planned_phase(cfg, agent, phase);
    stands_in = role == HEP_ROLE_ECHOES && !expected(cfg, HEP_SERIES_ECHOES) && !pair;
    planned = role == HEP_ROLE_IN_PHASE || role == HEP_ROLE_OPPOSED || stands_in
                  ? HEP_SERIES_IN_OPPOSED
                  : hep_planned_from_name(hep_role_name(role));
    return expected(cfg, planned) ? planned : HEP_SERIES_COUNT;
}

static bool same_b(double a, double b)
{
    return fabs(a - b) <= fmax(B_TOL_S_PER_MM2, B_TOL_RELATIVE * b);
}

static bool in_list(const struct hep_list *list, double value)
{
    for (size_t i = 0; i < list->n; i++)
        if (fabs(list->v[i] - value) < 0.5)
            return true;
    return false;
}

/* The planned b-value that is nearest, when it is near. */
static bool is_planned_b(const struct hep_list *b, double value)
{
    if (!isfinite(value))
        return true;
    for (size_t i = 0; i < b->n; i++)
        if (same_b(value, b->v[i]))
            return true;
    return b->n == 0;
}

bool hep_replay_has_b(const struct hep_series *dwi, double b_s_per_mm2)
{
    for (size_t t = 0; t < dwi->nt; t++)
        if (same_b(dwi->frame[t].b_s_per_mm2, b_s_per_mm2))
            return true;
    return false;
}

static int check_b_values(const struct hep_series *s, const struct hep_list *b, const char *label,
                          struct hep_error *err)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!hep_replay_has_b(s, b->v[i]))
            return HEP_FAIL(err, HEP_EDATA,
                            "%s: %s: the protocol plans b = %g s/mm2, which the study does not "
                            "have: a replay cannot make up a b-value",
                            label, s->name, b->v[i]);
    }
    return HEP_OK;
}

/* Deep copies of what the view has less of. */
static int copy_kept(struct hep_series *view, const struct hep_series *s, const bool *keep,
                     size_t n, struct hep_error *err)
{
    struct hep_gradients *to = &view->gradients;
    const struct hep_gradients *from = &s->gradients;
    bool tables = from->n == s->nt;

    *view = *s;
    *to = (struct hep_gradients){ .trace_weighted = from->trace_weighted };
    view->frame = hep_calloc(n, sizeof *view->frame, err);
    if (tables)
        to->b_s_per_mm2 = hep_calloc(n, sizeof *to->b_s_per_mm2, err);
    if (tables && from->direction != NULL)
        to->direction = hep_calloc(n, sizeof *to->direction, err);
    if (view->frame == NULL || (tables && to->b_s_per_mm2 == NULL) ||
        (tables && from->direction != NULL && to->direction == NULL))
        return HEP_ENOMEM;
    view->nt = 0;
    for (size_t t = 0; t < s->nt; t++) {
        if (!keep[t])
            continue;
        if (tables)
            to->b_s_per_mm2[view->nt] = from->b_s_per_mm2[t];
        for (size_t k = 0; from->direction != NULL && to->direction != NULL && k < 3; k++)
            to->direction[view->nt][k] = from->direction[t][k];
        view->frame[view->nt++] = s->frame[t];
    }
    to->n = tables ? view->nt : 0;
    view->whole = view->whole && view->nt == s->nt;
    return HEP_OK;
}

static int add_view(const struct hep_series **out, struct hep_replay *r,
                    const struct hep_plan *plan, const struct hep_series *s, const bool *keep,
                    size_t n, const char *label, struct hep_error *err)
{
    struct hep_replayed *entry;
    int rc;

    /* Stages keep pointers to views: the list never moves. */
    if (r->list == NULL)
        r->list = hep_calloc(HEP_ROLE_COUNT, sizeof *r->list, err);
    if (r->list == NULL || r->n == HEP_ROLE_COUNT)
        return HEP_ENOMEM;
    entry = &r->list[r->n++];
    *entry = (struct hep_replayed){ .original = s, .change = &plan->transform };
    rc = copy_kept(&entry->view, s, keep, n, err);
    if (rc == HEP_OK)
        rc = hep_replay_grid(&entry->view.grid, &s->grid, &plan->transform, err);
    if (rc == HEP_EDATA)
        (void)hep_error_prefix(err, "%s: %s", label, s->name);
    *out = &entry->view;
    return rc;
}

static int view_of(const struct hep_series **out, struct hep_replay *r, const struct hep_plan *plan,
                   const struct hep_series *s, bool *keep, const char *label, struct hep_error *err)
{
    const struct hep_replay_change *c = &plan->transform;
    size_t n = 0;

    for (size_t i = 0; i < c->drop_volumes.n; i++)
        if (c->drop_volumes.v[i] >= (double)s->nt)
            return HEP_FAIL(err, HEP_EDATA, "%s: %s: volume %g is to be left out of %zu", label,
                            s->name, c->drop_volumes.v[i], s->nt);
    for (size_t t = 0; t < s->nt; t++) {
        keep[t] = !in_list(&c->drop_volumes, (double)t) &&
                  (s->role != HEP_ROLE_DWI ||
                   is_planned_b(&plan->b_values_s_per_mm2, s->frame[t].b_s_per_mm2));
        n += keep[t];
    }
    if (n == 0)
        return HEP_FAIL(err, HEP_EDATA, "%s: %s: nothing is left of the series", label, s->name);
    if (n == s->nt && !hep_replay_is_coarser(c) && hep_replay_snr(c) >= 1.0) {
        *out = s;
        return HEP_OK;
    }
    return add_view(out, r, plan, s, keep, n, label, err);
}

int hep_replay_series(const struct hep_series **out, struct hep_replay *r,
                      const struct hep_config *cfg, const struct hep_agent *agent,
                      const struct hep_inventory *inventory, const struct hep_series *series,
                      enum hep_role role, const char *label, struct hep_error *err)
{
    enum hep_planned planned = hep_replay_planned(cfg, agent, inventory, role);
    bool *keep;
    int rc = HEP_OK;

    *out = NULL;
    if (planned == HEP_SERIES_COUNT)
        return HEP_OK;
    if (series->role == HEP_ROLE_DWI)
        rc = check_b_values(series, &cfg->series[planned].b_values_s_per_mm2, label, err);
    if (rc != HEP_OK)
        return rc;
    if (HEP_NEW(keep, series->nt, err) != HEP_OK)
        return HEP_ENOMEM;
    rc = view_of(out, r, &cfg->series[planned], series, keep, label, err);
    free(keep);
    return rc;
}

const struct hep_replayed *hep_replay_find(const struct hep_replay *r,
                                           const struct hep_series *series)
{
    for (size_t i = 0; i < r->n; i++)
        if (&r->list[i].view == series)
            return &r->list[i];
    return NULL;
}

void hep_replay_describe(struct hep_str *out, const struct hep_replayed *entry)
{
    const struct hep_series *v = &entry->view;
    const char *between = "";

    if (v->nt != entry->original->nt) {
        hep_str_addf(out, "%zu of %zu volumes", v->nt, entry->original->nt);
        between = "; ";
    }
    for (const struct hep_field *f = hep_planned_fields(); f->key != NULL; f++) {
        struct hep_str value = { 0 };

        /* Rows count from the plan, which holds the change. */
        if (!hep_starts_with(f->key, "transform."))
            continue;
        hep_field_print(&value, (const char *)entry->change - offsetof(struct hep_plan, transform),
                        f);
        if (strcmp(hep_str_part(out, &value), "none") != 0) {
            hep_str_addf(out, "%s%s %s", between, f->key + strlen("transform."),
                         hep_str_part(out, &value));
            between = "; ";
        }
        hep_str_release(&value);
    }
}

int hep_replay_labels(struct hep_labels **labels, const struct hep_replay *r, struct hep_error *err)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct hep_grid *to = &r->list[i].view.grid;
        struct hep_labels *moved = NULL;
        int rc;

        if (!hep_grid_same(&r->list[i].original->grid, &(*labels)->grid, HEP_GRID_TOL_MM) ||
            hep_grid_same(to, &(*labels)->grid, HEP_GRID_TOL_MM))
            continue;
        rc = hep_resample_labels(&moved, *labels, to, NULL, err);
        if (rc == HEP_OK) {
            hep_labels_free(*labels);
            *labels = moved;
        }
        return rc;
    }
    return HEP_OK;
}
