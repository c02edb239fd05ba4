#include "protocols/compare.h"

#include <math.h>

static void number(struct hep_str *out, double v)
{
    hep_str_add(out, "\t");
    hep_str_add_number(out, v);
}

static void interval(struct hep_str *out, const struct hep_interval *v)
{
    number(out, v->value);
    number(out, v->lo);
    number(out, v->hi);
}

static void row(struct hep_str *out, const struct hep_compare_protocol *p, int t, int size)
{
    const struct hep_paired_task *k = &p->paired.task[t];
    const struct hep_paired_size *z = size >= 0 ? &k->size[size] : NULL;
    size_t n = k->both + k->only_full + k->only_variant + k->neither;

    hep_str_addf(out, "%s\t%s\t%s\t%zu\t%zu\t%zu", p->config.name.s,
                 hep_eval_task_name((enum hep_eval_task)t),
                 z != NULL ? hep_size_class_name((enum hep_size_class)size) : "all",
                 z != NULL ? z->n : n, z != NULL ? z->full.k : k->both + k->only_full,
                 z != NULL ? z->variant.k : k->both + k->only_variant);
    interval(out, z != NULL ? &z->difference : &k->difference);
    number(out, z != NULL ? (double)NAN : k->p);
    number(out, z != NULL ? (double)NAN : k->false_full.value);
    number(out, z != NULL ? (double)NAN : k->false_variant.value);
    number(out, p->timeline.scan_s);
    number(out, p->timeline.table_s);
    hep_str_add(out, "\n");
}

void hep_compared_tsv(struct hep_str *out, const struct hep_compared *c)
{
    hep_str_add(out, "protocol\ttask\tsize_mm\tlesions\tfound_full\tfound\tdifference\t"
                     "difference_lo\tdifference_hi\tmcnemar_p\tfalse_per_study_full\t"
                     "false_per_study\tscan_s\ttable_s\n");
    for (size_t i = 1; i < c->n; i++)
        for (int t = 0; t < (int)HEP_TASK_COUNT; t++) {
            row(out, &c->list[i], t, -1);
            for (int s = 0; s < (int)HEP_SIZE_COUNT; s++)
                if (c->list[i].paired.task[t].size[s].n > 0)
                    row(out, &c->list[i], t, s);
        }
}

void hep_compared_lost_tsv(struct hep_str *out, const struct hep_compared *c)
{
    const struct hep_evaluated *e = &c->list[0].evaluated;

    hep_str_add(out, "protocol\tstudy\tlesion\tlesion_class\tlong_axis_mm\tloss\treason\n");
    for (size_t i = 1; i < c->n; i++)
        for (size_t k = 0; k < c->list[i].losses.n; k++) {
            const struct hep_loss *l = &c->list[i].losses.list[k];
            const struct hep_eval_lesion *lesion = &e->lesion[l->lesion];

            hep_str_addf(out, "%s\t%s\t%d\t%s", c->list[i].config.name.s, e->entry[l->study].label,
                         e->lesion_note[l->lesion].id,
                         lesion->class < HEP_CLASS_COUNT ? hep_class_name(lesion->class) : "n/a");
            number(out, lesion->diameter_mm);
            hep_str_addf(out, "\t%s\t", hep_loss_kind_name(l->kind));
            hep_str_add_tsv(out, l->reason);
            hep_str_add(out, "\n");
        }
}
