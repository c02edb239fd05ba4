#include "protocols/compare.h"

#include <math.h>

/* "82.0 % (69-90)" */
static void percent(struct hep_str *out, const struct hep_interval *v)
{
    if (!isfinite(v->value)) {
        hep_str_add(out, "n/a");
        return;
    }
    hep_str_addf(out, "%.1f %%", 100.0 * v->value);
    if (isfinite(v->lo))
        hep_str_addf(out, " (%.1f to %.1f)", 100.0 * v->lo, 100.0 * v->hi);
}

static void protocols(struct hep_str *out, const struct hep_compared *c)
{
    hep_str_add(out, "protocol            scan s   table s  visits  satisfied  runs failed\n");
    for (size_t i = 0; i < c->n; i++) {
        const struct hep_compare_protocol *p = &c->list[i];

        hep_str_addf(out, "%-18s %7.0f   %7.0f  %6ld  %4zu of %-3zu %8zu\n", p->config.name.s,
                     p->timeline.scan_s, p->timeline.table_s, p->timeline.visits,
                     p->against.n_satisfied, p->against.n, p->n_failed);
    }
}

/* What of the studies does not fit the protocol, once per series. */
static void misfits(struct hep_str *out, const struct hep_compare_protocol *p)
{
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        size_t off = 0, other = 0;
        double sum = 0.0;

        for (size_t i = 0; i < p->against.n; i++)
            for (size_t k = 0; k < p->against.list[i].n; k++) {
                const struct hep_against_series *x = &p->against.list[i].series[k];

                if ((int)x->planned != s)
                    continue;
                off += x->state == HEP_AGAINST_OFF;
                other += x->state > HEP_AGAINST_OFF;
                sum += x->state == HEP_AGAINST_OFF ? x->off_s : 0.0;
            }
        if (off > 0)
            hep_str_addf(out,
                         "  %s lies outside the window in %zu of %zu studies, by %+.0f s on "
                         "average: a replay keeps the study's own time\n",
                         hep_planned_name((enum hep_planned)s), off, p->against.n,
                         sum / (double)off);
        if (other > 0)
            hep_str_addf(out, "  %s is missing or lacks b-values in %zu of %zu studies\n",
                         hep_planned_name((enum hep_planned)s), other, p->against.n);
    }
    if (p->against.n > 0 && p->against.list[0].reason[0] != '\0')
        hep_str_addf(out, "  %s: %s\n", p->against.list[0].label, p->against.list[0].reason);
}

static void task(struct hep_str *out, const struct hep_compared *c, size_t i, int which,
                 const char *title)
{
    const struct hep_paired_task *t = &c->list[i].paired.task[which];

    hep_str_addf(out, "  %s\n    sensitivity            ", title);
    percent(out, &t->variant);
    hep_str_add(out, ", full ");
    percent(out, &t->full);
    hep_str_add(out, "\n    difference             ");
    percent(out, &t->difference);
    hep_str_addf(out, "\n    lesions: both %zu, full only %zu, variant only %zu, neither %zu; ",
                 t->both, t->only_full, t->only_variant, t->neither);
    hep_str_addf(out, "McNemar p = %.3g\n", t->p);
    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++) {
        const struct hep_paired_size *z = &t->size[s];

        if (z->n == 0)
            continue;
        hep_str_addf(out, "    %-7s mm             %zu of %zu, full %zu; difference ",
                     hep_size_class_name((enum hep_size_class)s), z->variant.k, z->n, z->full.k);
        percent(out, &z->difference);
        hep_str_add(out, "\n");
    }
    hep_str_addf(out, "    false positives/study  %.2f, full %.2f, difference %.2f",
                 t->false_variant.value, t->false_full.value, t->false_difference.value);
    if (isfinite(t->false_difference.lo))
        hep_str_addf(out, " (%.2f to %.2f)", t->false_difference.lo, t->false_difference.hi);
    hep_str_add(out, "\n    sensitivity at 2 of them ");
    percent(out, hep_compared_at_two(&c->list[i], (enum hep_eval_task)which));
    hep_str_add(out, ", full ");
    percent(out, hep_compared_at_two(&c->list[0], (enum hep_eval_task)which));
    hep_str_add(out, "\n");
}

static void flags(struct hep_str *out, const struct hep_losses *l)
{
    for (int i = 0; i < (int)HEP_FLAG_COUNT; i++) {
        const struct hep_flag_loss *f = &l->flag[i];

        if (f->lost > 0)
            hep_str_addf(out, "  %s no longer assessable in %zu of %zu lesions: %s\n",
                         hep_flag_name((enum hep_flag)i), f->lost, f->assessable, f->reason);
    }
}

static void changes(struct hep_str *out, const struct hep_losses *l)
{
    for (size_t i = 0; i < l->n_changes; i++) {
        const struct hep_agreement *a = &l->change[i].agreement.agreement;

        hep_str_addf(out, "  %-24s n %3zu  bias %+.3g (%.3g to %.3g), limits %.3g to %.3g %s\n",
                     l->change[i].name, a->n, a->bias, l->change[i].agreement.bias.lo,
                     l->change[i].agreement.bias.hi, a->lower, a->upper, l->change[i].unit);
    }
}

static void losses(struct hep_str *out, const struct hep_compared *c,
                   const struct hep_compare_protocol *p)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;

    for (size_t i = 0; i < p->losses.n; i++) {
        const struct hep_loss *l = &p->losses.list[i];
        const struct hep_eval_lesion *lesion = &e->lesion[l->lesion];

        hep_str_addf(out, "  %s lesion %d (%s, %.0f mm) %s: %s\n", e->entry[l->study].label,
                     e->lesion_note[l->lesion].id,
                     lesion->class < HEP_CLASS_COUNT ? hep_class_name(lesion->class) : "no class",
                     lesion->diameter_mm, hep_loss_kind_name(l->kind), l->reason);
    }
}

static void published(struct hep_str *out, const struct hep_compared *c, const char *name)
{
    hep_str_add(out, "  ");
    hep_published_verdict(out, &c->published, name);
    hep_str_add(out, "\n");
    for (size_t i = 0; i < c->published.n; i++) {
        const struct hep_published_study *s = &c->published.list[i];

        if (!hep_published_is_about(s, name))
            continue;
        hep_str_addf(out, "    %s: ", s->source);
        hep_published_figures(out, s);
        hep_str_addf(out, "; %s against %s [%s]\n", s->variant, s->reference, s->mark);
    }
}

void hep_compared_text(struct hep_str *out, const struct hep_compared *c)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;

    hep_str_addf(out, "%zu studies of %zu patients, %zu lesions; reference: %s\n\n", e->n_studies,
                 e->n_patients, e->n_lesions,
                 c->has_truth ? "the truth"
                              : "the findings of the first protocol, which finds all of them by "
                                "definition");
    protocols(out, c);
    for (size_t i = 1; i < c->n; i++) {
        const struct hep_compare_protocol *p = &c->list[i];

        hep_str_addf(out, "\n%s against %s: scan %+.0f s, table %+.0f s\n", p->config.name.s,
                     c->list[0].config.name.s, p->timeline.scan_s - c->list[0].timeline.scan_s,
                     p->timeline.table_s - c->list[0].timeline.table_s);
        misfits(out, p);
        task(out, c, i, HEP_TASK_DETECTION, "lesions of any kind");
        task(out, c, i, HEP_TASK_METASTASIS, "metastases, found and called so");
        flags(out, &p->losses);
        changes(out, &p->losses);
        losses(out, c, p);
        published(out, c, p->config.name.s);
    }
    hep_str_add(out, "\nIntervals: 95 %, bootstrap by patient; p: exact, lesions held to be "
                     "independent\n");
}
