#include "pipeline/lesions_json.h"

#include <math.h>

static struct hep_json *flag_json(struct hep_put *put, const struct hep_flag_result *f)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_text(put, o, "state", hep_flag_state_name(f->state));
    hep_put_number(put, o, "value", f->value);
    hep_put_number(put, o, "limit", f->limit);
    hep_put_text(put, o, "unit", f->unit);
    hep_put_text(put, o, "reason", f->reason);
    hep_put_text(put, o, "source", f->source);
    return o;
}

static struct hep_json *flags_json(struct hep_put *put, const struct hep_finding *f)
{
    struct hep_json *o = hep_json_new_object();

    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        hep_put(put, o, hep_flag_name((enum hep_flag)i), flag_json(put, &f->flag[i]));
    return o;
}

static struct hep_json *measures_json(struct hep_put *put, const struct hep_finding *f)
{
    struct hep_json *all = hep_json_new_object();

    for (size_t i = 0; i < f->n_measures; i++) {
        struct hep_json *o = hep_json_new_object();

        hep_put_number(put, o, "value", f->measure[i].value);
        hep_put_text(put, o, "unit", f->measure[i].unit);
        hep_put(put, all, f->measure[i].name, o);
    }
    return all;
}

static struct hep_json *evidence_json(struct hep_put *put, const struct hep_finding *f)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < f->n_evidence; i++) {
        const struct hep_evidence_item *e = &f->evidence[i];
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "name", e->name);
        hep_put_text(put, o, "group", e->group);
        hep_put_number(put, o, "log_lr", e->log_lr);
        hep_put_number(put, o, "value", e->value);
        hep_put_text(put, o, "reason", e->reason);
        hep_put_item(put, list, o);
    }
    return list;
}

static struct hep_json *finding_json(struct hep_put *put, const struct hep_finding *f)
{
    struct hep_json *o = hep_json_new_object(), *classes = hep_json_new_object();

    hep_put(put, o, "id", hep_json_new_integer(f->id));
    hep_put_numbers(put, o, "centre_mm", f->centre_mm, 3);
    hep_put_number(put, o, "volume_ml", f->volume_ml);
    hep_put_number(put, o, "long_axis_mm", f->long_axis_mm);
    hep_put_number(put, o, "short_axis_mm", f->short_axis_mm);
    hep_put_number(put, o, "detection_score", f->detection_score);
    hep_put(put, o, "segment", hep_json_new_integer(f->segment));
    hep_put(put, o, "measurements", measures_json(put, f));
    hep_put(put, o, "flags", flags_json(put, f));
    hep_put_text(put, o, "class", hep_class_name(f->lesion_class));
    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        hep_put_number(put, classes, hep_class_name((enum hep_lesion_class)c),
                       f->class_probability[c]);
    hep_put(put, o, "class_probabilities", classes);
    hep_put_number(put, o, "probability_metastasis", f->probability_metastasis);
    hep_put(put, o, "evidence", evidence_json(put, f));
    return o;
}

struct hep_json *hep_findings_json(struct hep_put *put, const struct hep_findings *findings)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < findings->n; i++)
        hep_put_item(put, list, finding_json(put, &findings->list[i]));
    return list;
}

static struct hep_json *flis_json(struct hep_put *put, const struct hep_flis_proxy *f)
{
    struct hep_json *o = hep_json_new_object();
    const int parts[] = { f->enhancement, f->excretion, f->portal_sign, f->total };
    static const char *const names[] = { "enhancement", "excretion", "portal_sign", "total" };

    for (size_t i = 0; i < 4; i++)
        hep_put(put, o, names[i],
                parts[i] < 0 ? hep_json_new_null() : hep_json_new_integer(parts[i]));
    hep_put_text(put, o, "note", "a proxy from region ratios, not a reader's score");
    return o;
}

struct hep_json *hep_liver_json(struct hep_put *put, const struct hep_liver_measures *m)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_number(put, o, "lesion_volume_ml", m->lesion_volume_ml);
    hep_put_number(put, o, "q_lsc", m->q_lsc);
    hep_put_number(put, o, "lsr", m->lsr);
    hep_put_number(put, o, "hui_ml", m->hui_ml);
    hep_put_number(put, o, "hui_classic_ml", m->hui_classic_ml);
    hep_put_number(put, o, "sir", m->sir);
    if (m->sir_vessel != NULL)
        hep_put_text(put, o, "sir_vessel", m->sir_vessel);
    hep_put(put, o, "flis_proxy", flis_json(put, &m->flis));
    if (isfinite(m->flr_percent)) {
        hep_put_number(put, o, "remnant_ml", m->remnant_ml);
        hep_put_number(put, o, "flr_percent", m->flr_percent);
        hep_put(put, o, "flr_line_percent", hep_json_new_integer(m->flr_line_percent));
    }
    hep_put_bool(put, o, "diffuse_alarm", m->diffuse_alarm);
    if (m->diffuse_alarm)
        hep_put_text(put, o, "diffuse_reason", m->diffuse_reason);
    return o;
}
