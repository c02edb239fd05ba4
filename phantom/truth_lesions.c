#include "phantom/truth.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "phantom/bids.h"
#include "phantom/true_flag.h"

#include <math.h>

static int set_number(struct hep_json *o, const char *key, double value, struct hep_error *err)
{
    return hep_json_set(o, key, hep_json_new_number(value), err);
}

static int set_text(struct hep_json *o, const char *key, const char *text, struct hep_error *err)
{
    return hep_json_set(o, key, hep_json_new_string(text), err);
}

/* Hand a finished child over, or drop it when an earlier step failed. */
static int give(int rc, struct hep_json *o, const char *key, struct hep_json *child,
                struct hep_error *err)
{
    if (rc == HEP_OK)
        return hep_json_set(o, key, child, err);
    hep_json_free(child);
    return rc;
}

static int flag_json(struct hep_json *flags, enum hep_true_flag f, const struct hep_true_value *v,
                     struct hep_error *err)
{
    struct hep_json *o = hep_json_new_object();
    int rc = set_text(o, "state", hep_true_state_name(v->state), err);

    if (rc == HEP_OK)
        rc = set_number(o, "value", v->value, err);
    if (rc == HEP_OK)
        rc = set_number(o, "limit", v->limit, err);
    if (rc == HEP_OK)
        rc = set_text(o, "unit", v->unit, err);
    if (rc == HEP_OK)
        rc = set_text(o, "reason", v->reason, err);
    return give(rc, flags, hep_true_flag_name(f), o, err);
}

static int measures_json(struct hep_json *lesion, const struct hep_true_measures *m,
                         struct hep_error *err)
{
    static const char *const zones[HEP_N_ZONES] = { "rim", "core", "whole" };
    struct hep_json *o = hep_json_new_object();
    int rc = set_number(o, "fat_fraction", m->ff, err);

    for (int z = 0; z < (int)HEP_N_ZONES && rc == HEP_OK; z++) {
        struct hep_json *zone = hep_json_new_object();

        rc = set_number(zone, "adc_mm2_per_s", m->adc[z], err);
        if (rc == HEP_OK)
            rc = set_number(zone, "b800_over_liver", m->b800[z], err);
        if (rc == HEP_OK)
            rc = set_number(zone, "t2_over_liver", m->t2[z], err);
        for (int p = 0; p < (int)HEP_PHASE_COUNT && rc == HEP_OK; p++) {
            char key[64];

            if (!m->phase[p])
                continue;
            (void)snprintf(key, sizeof key, "%s_over_liver", hep_phase_name((enum hep_phase)p));
            rc = set_number(zone, key, m->ratio[z][p], err);
            (void)snprintf(key, sizeof key, "%s_enhancement", hep_phase_name((enum hep_phase)p));
            if (rc == HEP_OK && p != (int)HEP_PHASE_PRECONTRAST)
                rc = set_number(zone, key, m->re[z][p], err);
        }
        rc = give(rc, o, zones[z], zone, err);
    }
    return give(rc, lesion, "measurements", o, err);
}

static int tissue_json(struct hep_json *layers, const char *name, const struct hep_tissue_values *t,
                       struct hep_error *err)
{
    struct hep_json *o = hep_json_new_object();
    int rc = set_number(o, "t1_s", t->t1_s, err);

    if (rc == HEP_OK)
        rc = set_number(o, "t2_s", t->t2_s, err);
    if (rc == HEP_OK)
        rc = set_number(o, "r2star_per_s", hep_tissue_r2star(t), err);
    if (rc == HEP_OK)
        rc = set_number(o, "fat_fraction", t->ff, err);
    if (rc == HEP_OK)
        rc = set_number(o, "d_mm2_per_s", t->d_mm2_per_s, err);
    if (rc == HEP_OK)
        rc = set_number(o, "f", t->f, err);
    if (rc == HEP_OK)
        rc = set_number(o, "dstar_mm2_per_s", t->dstar_mm2_per_s, err);
    if (rc == HEP_OK)
        rc = set_number(o, "k", t->k, err);
    if (rc == HEP_OK)
        rc = set_number(o, "flow_per_min", t->flow_per_min, err);
    if (rc == HEP_OK)
        rc = set_number(o, "ve", t->ve, err);
    if (rc == HEP_OK)
        rc = set_number(o, "ki_per_min", t->ki_per_min, err);
    return give(rc, layers, name, o, err);
}

static int layers_json(struct hep_json *lesion, const struct hep_anatomy *a, size_t i,
                       struct hep_error *err)
{
    static const char *const names[HEP_N_LAYERS] = { "halo", "rim", "mid", "core" };
    const struct hep_lesion *l = &a->lesions.item[i];
    struct hep_json *o = hep_json_new_object();
    int rc = HEP_OK;

    for (int layer = 0; layer < (int)HEP_N_LAYERS && rc == HEP_OK; layer++)
        if (a->count[i][HEP_ZONE_WHOLE][layer] > 0 ||
            (layer == (int)HEP_LAYER_HALO && l->halo_mm > 0.0))
            rc = tissue_json(o, names[layer], &l->layer[layer], err);
    return give(rc, lesion, "layers", o, err);
}

static int place_json(struct hep_json *o, const struct hep_anatomy *a, size_t i,
                      struct hep_error *err)
{
    const struct hep_lesion *l = &a->lesions.item[i];
    struct hep_json *centre = hep_json_new_array();
    double long_mm, short_mm;
    int rc = HEP_OK;

    for (int k = 0; k < 3 && rc == HEP_OK; k++)
        rc = hep_json_append(centre, hep_json_new_number(l->centre_mm[k]), err);
    rc = give(rc, o, "centre_mm", centre, err);
    hep_lesion_axes_mm(&long_mm, &short_mm, l);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "id", hep_json_new_integer((long long)i + 1), err);
    if (rc == HEP_OK)
        rc = set_number(o, "volume_ml", hep_anatomy_lesion_ml(a, i), err);
    if (rc == HEP_OK)
        rc = set_number(o, "long_axis_mm", long_mm, err);
    if (rc == HEP_OK)
        rc = set_number(o, "short_axis_mm", short_mm, err);
    if (rc == HEP_OK)
        rc = set_number(o, "diameter_mm", l->diameter_mm, err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "subcapsular", hep_json_new_bool(l->subcapsular), err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "at_vessel", hep_json_new_bool(l->at_vessel), err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "halo", hep_json_new_bool(l->halo_mm > 0.0), err);
    return rc;
}

static int class_json(struct hep_json *o, const struct hep_lesion *l, struct hep_error *err)
{
    const char *name = hep_lesion_class(l->type);
    struct hep_json *share = hep_json_new_object();
    int rc = set_number(share, name, 1.0, err);

    rc = give(rc, o, "class_probabilities", share, err);
    if (rc == HEP_OK)
        rc = set_text(o, "class", name, err);
    if (rc == HEP_OK)
        rc = set_text(o, "type", hep_sim_lesion_type_name(l->type), err);
    if (rc == HEP_OK)
        rc = set_number(o, "probability_metastasis", strcmp(name, "metastasis") == 0 ? 1.0 : 0.0,
                        err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "evidence", hep_json_new_array(), err);
    return rc;
}

static int lesion_json(struct hep_json *list, struct hep_str *tsv, const struct hep_truth_study *t,
                       size_t i, struct hep_error *err)
{
    const struct hep_anatomy *a = t->anatomy;
    const struct hep_lesion *l = &a->lesions.item[i];
    struct hep_json *o = hep_json_new_object(), *flags = hep_json_new_object();
    struct hep_true_value value[HEP_TRUE_N_FLAGS];
    struct hep_true_measures m;
    int rc = HEP_OK;

    hep_true_measure(&m, t, i);
    hep_true_flags(value, t, &m, l);
    for (int f = 0; f < (int)HEP_TRUE_N_FLAGS && rc == HEP_OK; f++)
        rc = flag_json(flags, (enum hep_true_flag)f, &value[f], err);
    rc = give(rc, o, "flags", flags, err);
    if (rc == HEP_OK)
        rc = place_json(o, a, i, err);
    if (rc == HEP_OK)
        rc = class_json(o, l, err);
    if (rc == HEP_OK)
        rc = measures_json(o, &m, err);
    if (rc == HEP_OK)
        rc = layers_json(o, a, i, err);
    if (rc != HEP_OK) {
        hep_json_free(o);
        return rc;
    }
    hep_str_addf(tsv, "%zu\t%s\t%s", i + 1, hep_lesion_class(l->type),
                 hep_sim_lesion_type_name(l->type));
    for (int k = 0; k < 3; k++) {
        hep_str_add(tsv, "\t");
        hep_str_add_number(tsv, l->centre_mm[k]);
    }
    hep_str_add(tsv, "\t");
    hep_str_add_number(tsv, l->diameter_mm);
    hep_str_add(tsv, "\t");
    hep_str_add_number(tsv, hep_anatomy_lesion_ml(a, i));
    for (int f = 0; f < (int)HEP_TRUE_N_FLAGS; f++)
        hep_str_addf(tsv, "\t%s", hep_true_state_name(value[f].state));
    hep_str_add(tsv, "\n");
    return hep_json_append(list, o, err);
}

/* Parenchyma has one value: the spread of the tissue itself is nought. */
static int liver_value(struct hep_json *liver, const char *key, double value, double n,
                       struct hep_error *err)
{
    struct hep_json *o = hep_json_new_object();
    int rc = set_number(o, "median", value, err);

    if (rc == HEP_OK)
        rc = set_number(o, "iqr", 0.0, err);
    if (rc == HEP_OK)
        rc = set_number(o, "n", n, err);
    return give(rc, liver, key, o, err);
}

static int liver_json(struct hep_json *root, const struct hep_anatomy *a, struct hep_error *err)
{
    const struct hep_tissue_values *t = &a->tissues.row[HEP_TISSUE_LIVER];
    const size_t voxels = hep_grid_voxels(&a->grid);
    struct hep_json *liver = hep_json_new_object();
    double n = 0.0;
    int rc;

    for (size_t i = 0; i < voxels; i++)
        n += a->label[i] == HEP_LABEL_LIVER;
    rc = set_number(liver, "volume_ml", hep_anatomy_liver_ml(a), err);
    if (rc == HEP_OK)
        rc = liver_value(liver, "fat_fraction", t->ff, n, err);
    if (rc == HEP_OK)
        rc = liver_value(liver, "adc_mm2_per_s", hep_tissue_adc(t), n, err);
    if (rc == HEP_OK)
        rc = liver_value(liver, "r2star_per_s", hep_tissue_r2star(t), n, err);
    if (rc == HEP_OK)
        rc = set_number(liver, "t1_s", t->t1_s, err);
    if (rc == HEP_OK)
        rc = set_number(liver, "ki_per_min", t->ki_per_min, err);
    if (rc == HEP_OK)
        rc = hep_json_set(liver, "impaired_uptake", hep_json_new_bool(a->tissues.impaired), err);
    return give(rc, root, "liver", liver, err);
}

static int write_both(const char *dir, unsigned subject, const struct hep_json *root,
                      const struct hep_str *tsv, struct hep_error *err)
{
    char label[HEP_SUBJECT_LABEL];
    char *json_path, *tsv_path;
    int rc;

    hep_bids_subject(label, subject);
    json_path = hep_asprintf(err, "%s/%s_lesions.json", dir, label);
    tsv_path = hep_asprintf(err, "%s/%s_lesions.tsv", dir, label);
    if (json_path == NULL || tsv_path == NULL)
        rc = HEP_ENOMEM;
    else
        rc = hep_str_check(tsv, err);
    if (rc == HEP_OK)
        rc = hep_json_write(json_path, root, err);
    if (rc == HEP_OK)
        rc = hep_file_write(tsv_path, tsv->s, tsv->len, err);
    free(json_path);
    free(tsv_path);
    return rc;
}

static void tsv_head(struct hep_str *tsv)
{
    hep_str_add(tsv, "id\tclass\ttype\tx_mm\ty_mm\tz_mm\tdiameter_mm\tvolume_ml");
    for (int f = 0; f < (int)HEP_TRUE_N_FLAGS; f++)
        hep_str_addf(tsv, "\t%s", hep_true_flag_name((enum hep_true_flag)f));
    hep_str_add(tsv, "\n");
}

int hep_truth_write_lesions(const char *dir, const struct hep_sim_settings *s,
                            const struct hep_anatomy *a, const struct hep_event *e,
                            struct hep_error *err)
{
    struct hep_truth_study *t = hep_calloc(1, sizeof *t, err);
    struct hep_json *root = hep_json_new_object(), *list = hep_json_new_array();
    struct hep_str tsv = { 0 };
    char label[HEP_SUBJECT_LABEL];
    int rc;

    hep_bids_subject(label, s->subject);
    tsv_head(&tsv);
    if (t == NULL)
        rc = HEP_ENOMEM;
    else
        rc = hep_truth_study_init(t, s, a, e, err);
    for (size_t i = 0; rc == HEP_OK && i < a->lesions.n; i++)
        rc = lesion_json(list, &tsv, t, i, err);
    rc = give(rc, root, "lesions", list, err);
    if (rc == HEP_OK)
        rc = set_text(root, "study", label, err);
    if (rc == HEP_OK)
        rc = set_text(root, "protocol", s->protocol, err);
    if (rc == HEP_OK)
        rc = hep_json_set(
            root, "agent",
            s->agent != NULL ? hep_json_new_string(s->agent->name) : hep_json_new_null(), err);
    if (rc == HEP_OK)
        rc = set_text(root, "reference", hep_role_name(s->series[e->reference].role), err);
    if (rc == HEP_OK)
        rc = liver_json(root, a, err);
    if (rc == HEP_OK)
        rc = write_both(dir, s->subject, root, &tsv, err);
    hep_str_release(&tsv);
    hep_json_free(root);
    free(t);
    return rc;
}
