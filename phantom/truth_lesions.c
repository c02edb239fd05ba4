#include "phantom/truth.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "phantom/bids.h"
#include "phantom/disease.h"
#include "phantom/true_flag.h"
#include "phantom/truth_table.h"
#include "terms/finding_json.h"

#include <math.h>

/* Of rim, core or whole: names that only the truth has. */
static struct hep_json *zone_json(struct hep_put *put, const struct hep_true_measures *m, int z)
{
    struct hep_json *zone = hep_json_new_object();

    hep_put_number(put, zone, "adc_mm2_per_s", m->adc[z]);
    hep_put_number(put, zone, "b_high_over_liver", m->b_high[z]);
    hep_put_number(put, zone, "t2_over_liver", m->t2[z]);
    for (int p = 0; p < (int)HEP_PHASE_COUNT; p++) {
        const char *phase = hep_phase_name((enum hep_phase)p);
        char key[64];

        if ((m->images & 1U << hep_phase_image((enum hep_phase)p)) == 0)
            continue;
        (void)snprintf(key, sizeof key, "%s_over_liver", phase);
        hep_put_number(put, zone, key, m->ratio[z][p]);
        (void)snprintf(key, sizeof key, "%s_enhancement", phase);
        if (p != (int)HEP_PHASE_PRECONTRAST)
            hep_put_number(put, zone, key, m->re[z][p]);
    }
    return zone;
}

static void add_zones(struct hep_put *put, struct hep_json *o, const struct hep_true_measures *m)
{
    static const char *const zones[HEP_N_ZONES] = { "rim", "core", "whole" };

    for (int z = 0; z < (int)HEP_N_ZONES; z++)
        hep_put(put, o, zones[z], zone_json(put, m, z));
}

/* Add the measures of rim, core and whole by tissue, and those of the visible truth in a member "visible". */
static struct hep_json *measures_json(struct hep_put *put, const struct hep_finding *f,
                                      const struct hep_true_measures m[HEP_TRUTH_COLUMNS])
{
    struct hep_json *o = hep_json_new_object(), *visible = hep_json_new_object();

    hep_measures_put(put, o, HEP_SUBJECT_LESION, HEP_FORM_VALUE, NULL, &f->measures);
    add_zones(put, o, &m[HEP_TRUTH_TISSUE]);
    add_zones(put, visible, &m[HEP_TRUTH_VISIBLE]);
    hep_put(put, o, hep_flag_truth_name(HEP_TRUTH_VISIBLE), visible);
    return o;
}

static struct hep_json *tissue_json(struct hep_put *put, const struct hep_tissue_values *t)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_number(put, o, "t1_s", t->t1_s);
    hep_put_number(put, o, "t2_s", t->t2_s);
    hep_put_number(put, o, "r2star_per_s", hep_tissue_r2star(t));
    hep_put_number(put, o, "fat_fraction", t->ff);
    hep_put_number(put, o, "d_mm2_per_s", t->d_mm2_per_s);
    hep_put_number(put, o, "f", t->f);
    hep_put_number(put, o, "dstar_mm2_per_s", t->dstar_mm2_per_s);
    hep_put_number(put, o, "k", t->k);
    hep_put_number(put, o, "flow_per_min", t->flow_per_min);
    hep_put_number(put, o, "ve", t->ve);
    hep_put_number(put, o, "ki_per_min", t->ki_per_min);
    return o;
}

static struct hep_json *layers_json(struct hep_put *put, const struct hep_anatomy *a, size_t i)
{
    static const char *const names[HEP_N_LAYERS] = { "halo", "rim", "mid", "core" };
    const struct hep_lesion *l = &a->lesions.item[i];
    struct hep_json *o = hep_json_new_object();

    for (int layer = 0; layer < (int)HEP_N_LAYERS; layer++)
        if (a->count[i][layer] > 0 || (layer == (int)HEP_LAYER_HALO && l->halo_mm > 0.0))
            hep_put(put, o, names[layer], tissue_json(put, &l->layer[layer]));
    return o;
}

/* The lesion as a finding that is certain. */
static void true_finding(struct hep_finding *f, const struct hep_true_measures m[HEP_TRUTH_COLUMNS],
                         const struct hep_truth_study *t, size_t i)
{
    const struct hep_lesion *l = &t->anatomy->lesions.item[i];
    double long_mm, short_mm;

    *f = (struct hep_finding){ .id = hep_sim_lesion_id(&t->anatomy->lesions, i),
                               .lesion_class = hep_sim_lesion_class(l->type) };
    memcpy(f->centre_mm, l->centre_mm, sizeof f->centre_mm);
    hep_lesion_axes_mm(&long_mm, &short_mm, l);
    f->class_probability[f->lesion_class] = 1.0;
    hep_measures_set(&f->measures, HEP_M_VOLUME, hep_anatomy_lesion_ml(t->anatomy, i));
    hep_measures_set(&f->measures, HEP_M_LONG_AXIS, long_mm);
    hep_measures_set(&f->measures, HEP_M_SHORT_AXIS, short_mm);
    hep_measures_set(&f->measures, HEP_M_P_METASTASIS, f->class_probability[HEP_CLASS_METASTASIS]);
    hep_measures_set(&f->measures, HEP_M_FAT, m[HEP_TRUTH_TISSUE].ff);
    hep_true_flags(f->flag, t->agent, &m[HEP_TRUTH_TISSUE]);
    hep_true_flags(f->visible, t->agent, &m[HEP_TRUTH_VISIBLE]);
}

/* Who it is and what has become of it; nothing in a study without sessions. */
static void put_identity(struct hep_put *put, struct hep_json *o, const struct hep_lesion *l,
                         const struct hep_true_session *sessions, size_t session)
{
    char name[HEP_IDENTITY_LABEL];

    hep_sim_identity(name, l->identity);
    hep_put_text(put, o, "identity", name);
    hep_put_text(put, o, "event", hep_true_event(sessions, session, l->identity));
    if (l->part_of > 0) {
        hep_sim_identity(name, l->part_of);
        hep_put_text(put, o, "part_of", name);
    }
}

static void record_state(struct hep_true_session *session, const struct hep_lesion *l,
                         const struct hep_finding *f, double adc_mm2_per_s)
{
    struct hep_true_state *state = &session->state[session->n++];

    *state = (struct hep_true_state){ .identity = l->identity,
                                      .part_of = l->part_of,
                                      .fate = l->fate,
                                      .type = l->type,
                                      .id = f != NULL ? f->id : 0,
                                      .adc_mm2_per_s = adc_mm2_per_s };
    memcpy(state->centre_mm, l->centre_mm, sizeof state->centre_mm);
    if (f != NULL) {
        state->long_mm = hep_finding_get(f, HEP_M_LONG_AXIS);
        state->volume_ml = hep_finding_get(f, HEP_M_VOLUME);
    }
}

/* Lesions of an earlier session that are no longer there: no lesions of this one. */
static struct hep_json *vanished_json(struct hep_put *put, const struct hep_anatomy *a,
                                      struct hep_true_session *sessions, size_t session)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < a->gone.n; i++) {
        const struct hep_lesion *l = &a->gone.item[i];
        struct hep_json *o = hep_json_new_object();

        record_state(&sessions[session], l, NULL, (double)NAN);
        put_identity(put, o, l, sessions, session);
        hep_put_text(put, o, "class", hep_class_name(hep_sim_lesion_class(l->type)));
        hep_put_text(put, o, "type", hep_sim_lesion_type_name(l->type));
        hep_put_numbers(put, o, "centre_mm", l->centre_mm, 3);
        hep_put_number(put, o, "last_diameter_mm", l->diameter_mm);
        hep_put_item(put, list, o);
    }
    return list;
}

static void add_lesion(struct hep_put *put, struct hep_json *list, struct hep_truth_row *row,
                       const struct hep_truth_study *t, size_t i, struct hep_true_session *sessions)
{
    const struct hep_lesion *l = &t->anatomy->lesions.item[i];
    struct hep_true_measures m[HEP_TRUTH_COLUMNS];
    struct hep_json *o;

    hep_true_measure(&m[HEP_TRUTH_TISSUE], t, i);
    put->rc = hep_visible_measure(&m[HEP_TRUTH_VISIBLE], t, i, put->err);
    if (put->rc != HEP_OK)
        return;
    true_finding(&row->f, m, t, i);
    row->type = hep_sim_lesion_type_name(l->type);
    row->diameter_mm = l->diameter_mm;
    o = hep_finding_json(put, &row->f);
    if (sessions != NULL) {
        record_state(&sessions[t->settings->session - 1], l, &row->f,
                     m[HEP_TRUTH_TISSUE].adc[HEP_ZONE_WHOLE]);
        put_identity(put, o, l, sessions, t->settings->session - 1);
    }
    hep_put(put, o, "measurements", measures_json(put, &row->f, m));
    hep_put_text(put, o, "type", hep_sim_lesion_type_name(l->type));
    hep_put_number(put, o, "diameter_mm", l->diameter_mm);
    hep_put_bool(put, o, "subcapsular", l->subcapsular);
    hep_put_bool(put, o, "at_vessel", l->at_vessel);
    hep_put_bool(put, o, "halo", l->halo_mm > 0.0);
    hep_put(put, o, "layers", layers_json(put, t->anatomy, i));
    hep_put_item(put, list, o);
}

/* The simulated parenchyma has one value, so that the interquartile range of the truth is 0. */
static void add_liver_value(struct hep_put *put, struct hep_json *liver, enum hep_measure m,
                            double value, double n)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_number(put, o, "median", value);
    hep_put_number(put, o, "iqr", 0.0);
    hep_put_number(put, o, "n", n);
    hep_put(put, liver, hep_measure_name(m), o);
}

static struct hep_json *liver_json(struct hep_put *put, const struct hep_anatomy *a)
{
    const struct hep_tissue_values *t = &a->tissues.row[HEP_TISSUE_LIVER];
    const size_t voxels = hep_grid_voxels(&a->grid);
    struct hep_json *liver = hep_json_new_object();
    double n = 0.0;

    for (size_t i = 0; i < voxels; i++)
        n += a->label[i] == HEP_LABEL_LIVER;
    hep_put_number(put, liver, hep_measure_name(HEP_M_LIVER_VOLUME), hep_anatomy_liver_ml(a));
    add_liver_value(put, liver, HEP_M_LIVER_FAT, t->ff, n);
    add_liver_value(put, liver, HEP_M_LIVER_ADC, hep_tissue_adc(t), n);
    add_liver_value(put, liver, HEP_M_LIVER_R2STAR, hep_tissue_r2star(t), n);
    hep_put_number(put, liver, "t1_s", t->t1_s);
    hep_put_number(put, liver, "ki_per_min", t->ki_per_min);
    hep_put_bool(put, liver, "impaired_uptake", a->tissues.impaired);
    return liver;
}

static int write_both(const char *dir, const char *label, struct hep_json *root,
                      const struct hep_truth_row *rows, size_t n, struct hep_error *err)
{
    char *json_path, *tsv_path;
    int rc;

    json_path = hep_asprintf(err, "%s/%s_lesions.json", dir, label);
    tsv_path = hep_asprintf(err, "%s/%s_lesions.tsv", dir, label);
    rc = json_path == NULL || tsv_path == NULL
             ? HEP_ENOMEM
             : hep_truth_table_write(tsv_path, root, rows, n, err);
    if (rc == HEP_OK)
        rc = hep_json_write(json_path, root, err);
    free(json_path);
    free(tsv_path);
    return rc;
}

int hep_truth_write_lesions(const char *dir, const struct hep_sim_settings *s,
                            const struct hep_anatomy *a, const struct hep_event *e,
                            struct hep_true_session *sessions, struct hep_error *err)
{
    const size_t n = a->lesions.n;
    struct hep_truth_study *t = hep_calloc(1, sizeof *t, err);
    struct hep_truth_row *rows = hep_calloc(n + 1, sizeof *rows, err);
    struct hep_json *root = hep_json_new_object(), *list = hep_json_new_array();
    struct hep_put put = { .err = err };
    char label[HEP_STUDY_LABEL];

    hep_bids_label(label, s);
    put.rc = t == NULL || rows == NULL ? HEP_ENOMEM : hep_truth_study_init(t, s, a, e, err);
    for (size_t i = 0; put.rc == HEP_OK && i < n; i++)
        add_lesion(&put, list, &rows[i], t, i, sessions);
    hep_put(&put, root, "lesions", list);
    if (sessions != NULL)
        hep_put(&put, root, "vanished", vanished_json(&put, a, sessions, s->session - 1));
    hep_put_text(&put, root, "study", label);
    hep_put_text(&put, root, "protocol", s->protocol);
    hep_put_text(&put, root, "agent", s->agent != NULL ? s->agent->name : NULL);
    hep_put_text(&put, root, "reference", hep_role_name(s->series[e->reference].role));
    hep_put(&put, root, "liver", liver_json(&put, a));
    hep_put(&put, root, "mimics", hep_mimics_json(&put, &a->mimics));
    if (put.rc == HEP_OK)
        put.rc = write_both(dir, label, root, rows, n, err);
    hep_json_free(root);
    free(rows);
    free(t);
    return put.rc;
}
