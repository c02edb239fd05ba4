#include "protocols/compare.h"

#include "base/json_put.h"

#include <math.h>

static struct hep_json *interval_json(struct hep_put *put, const struct hep_interval *v)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_number(put, o, "value", v->value);
    hep_put_number(put, o, "lo", v->lo);
    hep_put_number(put, o, "hi", v->hi);
    return o;
}

static struct hep_json *task_json(struct hep_put *put, const struct hep_paired_task *t)
{
    struct hep_json *o = hep_json_new_object(), *sizes = hep_json_new_array();

    hep_put_count(put, o, "both", t->both);
    hep_put_count(put, o, "only_full", t->only_full);
    hep_put_count(put, o, "only_variant", t->only_variant);
    hep_put_count(put, o, "neither", t->neither);
    hep_put_number(put, o, "mcnemar_p", t->p);
    hep_put(put, o, "sensitivity", interval_json(put, &t->variant));
    hep_put(put, o, "sensitivity_full", interval_json(put, &t->full));
    hep_put(put, o, "difference", interval_json(put, &t->difference));
    hep_put(put, o, "false_per_study", interval_json(put, &t->false_variant));
    hep_put(put, o, "false_per_study_full", interval_json(put, &t->false_full));
    hep_put(put, o, "false_per_study_difference", interval_json(put, &t->false_difference));
    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++) {
        struct hep_json *e = hep_json_new_object();

        hep_put_text(put, e, "size_mm", hep_size_class_name((enum hep_size_class)s));
        hep_put_count(put, e, "lesions", t->size[s].n);
        hep_put_count(put, e, "found", t->size[s].variant.k);
        hep_put_count(put, e, "found_full", t->size[s].full.k);
        hep_put(put, e, "difference", interval_json(put, &t->size[s].difference));
        hep_put_item(put, sizes, e);
    }
    hep_put(put, o, "by_size", sizes);
    return o;
}

static struct hep_json *lost_json(struct hep_put *put, const struct hep_compared *c,
                                  const struct hep_losses *l)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < l->n; i++) {
        const struct hep_eval_lesion *lesion = &e->lesion[l->list[i].lesion];
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "study", e->entry[l->list[i].study].label);
        hep_put(put, o, "lesion", hep_json_new_integer(e->lesion_note[l->list[i].lesion].id));
        hep_put_number(put, o, "long_axis_mm", lesion->diameter_mm);
        if (lesion->class < HEP_CLASS_COUNT)
            hep_put_text(put, o, "class", hep_class_name(lesion->class));
        hep_put_text(put, o, "loss", hep_loss_kind_name(l->list[i].kind));
        hep_put_text(put, o, "reason", l->list[i].reason);
        hep_put_item(put, list, o);
    }
    return list;
}

static struct hep_json *flags_json(struct hep_put *put, const struct hep_losses *l)
{
    struct hep_json *all = hep_json_new_object();

    for (int i = 0; i < (int)HEP_FLAG_COUNT; i++) {
        const struct hep_flag_loss *f = &l->flag[i];
        struct hep_json *o = hep_json_new_object();

        hep_put_count(put, o, "lesions", f->both);
        hep_put_count(put, o, "assessable_full", f->assessable);
        hep_put_count(put, o, "no_longer_assessable", f->lost);
        if (f->lost > 0)
            hep_put_text(put, o, "reason", f->reason);
        hep_put(put, all, hep_flag_name((enum hep_flag)i), o);
    }
    return all;
}

static struct hep_json *changes_json(struct hep_put *put, const struct hep_losses *l)
{
    struct hep_json *all = hep_json_new_object();

    for (size_t i = 0; i < l->n_changes; i++) {
        const struct hep_agreement *a = &l->change[i].agreement.agreement;
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "unit", l->change[i].unit);
        hep_put_count(put, o, "lesions", a->n);
        hep_put_number(put, o, "mean_full", a->mean_reference);
        hep_put(put, o, "bias", interval_json(put, &l->change[i].agreement.bias));
        hep_put_number(put, o, "limit_lower", a->lower);
        hep_put_number(put, o, "limit_upper", a->upper);
        hep_put(put, all, l->change[i].name, o);
    }
    return all;
}

static void put_span(struct hep_put *put, struct hep_json *o, const char *key, struct hep_span s)
{
    const double both[2] = { s.lo, s.hi };

    if (isfinite(s.lo))
        hep_put_numbers(put, o, key, both, 2);
}

static struct hep_json *published_json(struct hep_put *put, const struct hep_compared *c,
                                       const char *name)
{
    struct hep_json *o = hep_json_new_object(), *list = hep_json_new_array();
    struct hep_str verdict = { 0 };

    hep_published_verdict(&verdict, &c->published, name);
    hep_put_text(put, o, "verdict", verdict.s);
    hep_str_release(&verdict);
    for (size_t i = 0; i < c->published.n; i++) {
        const struct hep_published_study *s = &c->published.list[i];
        struct hep_json *e;

        if (!hep_published_is_about(s, name))
            continue;
        e = hep_json_new_object();
        hep_put_text(put, e, "variant", s->variant);
        hep_put_text(put, e, "reference", s->reference);
        hep_put_text(put, e, "finding", s->finding);
        hep_put_text(put, e, "source", s->source);
        hep_put_text(put, e, "mark", s->mark);
        hep_put_number(put, e, "patients", s->patients);
        hep_put_number(put, e, "lesions", s->lesions);
        put_span(put, e, "variant_sensitivity", s->variant_sensitivity);
        put_span(put, e, "reference_sensitivity", s->reference_sensitivity);
        put_span(put, e, "variant_below_10_mm", s->variant_small);
        put_span(put, e, "reference_below_10_mm", s->reference_small);
        hep_put_item(put, list, e);
    }
    hep_put(put, o, "studies", list);
    return o;
}

static struct hep_json *protocol_json(struct hep_put *put, const struct hep_compared *c, size_t i)
{
    const struct hep_compare_protocol *p = &c->list[i];
    struct hep_json *o = hep_json_new_object(), *against = NULL;

    hep_put_text(put, o, "name", p->config.name.s);
    hep_put_text(put, o, "title", p->config.title.s);
    hep_put_number(put, o, "scan_s", p->timeline.scan_s);
    hep_put_number(put, o, "table_s", p->timeline.table_s);
    hep_put_count(put, o, "visits", (size_t)p->timeline.visits);
    hep_put_count(put, o, "runs_failed", p->n_failed);
    if (put->rc == HEP_OK)
        put->rc = hep_against_json(&against, &p->config, &p->against, put->err);
    hep_put(put, o, "against", against);
    if (i == 0)
        return o;
    for (int t = 0; t < (int)HEP_TASK_COUNT; t++) {
        struct hep_json *task = task_json(put, &p->paired.task[t]);

        hep_put(put, task, "sensitivity_at_2_false_per_study",
                interval_json(put, hep_compared_at_two(p, (enum hep_eval_task)t)));
        hep_put(put, task, "sensitivity_at_2_false_per_study_full",
                interval_json(put, hep_compared_at_two(&c->list[0], (enum hep_eval_task)t)));
        hep_put(put, o, hep_eval_task_name((enum hep_eval_task)t), task);
    }
    hep_put(put, o, "lost_lesions", lost_json(put, c, &p->losses));
    hep_put(put, o, "flags", flags_json(put, &p->losses));
    hep_put(put, o, "measurements", changes_json(put, &p->losses));
    hep_put(put, o, "published", published_json(put, c, p->config.name.s));
    return o;
}

int hep_compared_json(struct hep_json **out, const struct hep_compared *c, struct hep_error *err)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object(), *list = hep_json_new_array();

    hep_put_text(&put, o, "reference", c->has_truth ? "truth" : "findings of the first protocol");
    hep_put_count(&put, o, "studies", e->n_studies);
    hep_put_count(&put, o, "patients", e->n_patients);
    hep_put_count(&put, o, "lesions", e->n_lesions);
    for (size_t i = 0; i < c->n; i++)
        hep_put_item(&put, list, protocol_json(&put, c, i));
    hep_put(&put, o, "protocols", list);
    if (put.rc == HEP_OK)
        *out = o;
    else
        hep_json_free(o);
    return put.rc;
}
