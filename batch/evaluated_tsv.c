#include "batch/evaluate.h"

#include <math.h>

static void cell_number(struct hep_str *out, double v)
{
    hep_str_add(out, "\t");
    hep_str_add_number(out, v);
}

static void cell_text(struct hep_str *out, const char *text)
{
    hep_str_add(out, "\t");
    hep_str_add_tsv(out, text);
}

static const char *class_text(enum hep_lesion_class c)
{
    return c < HEP_CLASS_COUNT ? hep_class_name(c) : "n/a";
}

/* ---- studies --------------------------------------------------------------------------------- */

struct study_count {
    size_t found, metastases, called, false_positives, false_called, split, mimics;
};

static struct study_count count_study(const struct hep_evaluated *e,
                                      const struct hep_eval_entry *entry)
{
    struct study_count c = { 0 };

    for (size_t i = 0; i < entry->n_lesions; i++) {
        const struct hep_eval_lesion *l = &e->lesion[entry->first_lesion + i];
        const bool is_metastasis = l->class == HEP_CLASS_METASTASIS;
        bool called = false;

        for (size_t k = 0; k < entry->n_findings; k++) {
            const struct hep_eval_finding *f = &e->finding[entry->first_finding + k];

            called = called || (f->lesion == entry->first_lesion + i && hep_eval_is_called(f));
        }
        c.found += l->finding != HEP_NO_MATCH;
        c.metastases += is_metastasis;
        c.called += is_metastasis && called;
        c.mimics += !is_metastasis && called;
    }
    for (size_t k = 0; k < entry->n_findings; k++) {
        const struct hep_eval_finding *f = &e->finding[entry->first_finding + k];

        c.false_positives += f->fate == HEP_FATE_FALSE;
        c.false_called += f->fate == HEP_FATE_FALSE && hep_eval_is_called(f);
        c.split += f->fate == HEP_FATE_EXTRA;
    }
    return c;
}

void hep_evaluated_studies_tsv(struct hep_str *out, const struct hep_evaluated *e)
{
    hep_str_add(out, "study\tstate\treason\tlesions\tfound\tmetastases\tmetastases_called\t"
                     "findings\tfalse_positives\tfalse_positives_called\tmimics_called\t"
                     "split_detections\tliver_dice\tliver_mean_surface_mm\tliver_hd95_mm\t"
                     "liver_volume_error\n");
    for (size_t s = 0; s < e->n_studies; s++) {
        const struct hep_eval_entry *entry = &e->entry[s];
        const struct study_count c = count_study(e, entry);
        const struct hep_overlap *o = &e->study[s].liver;
        const bool has = e->study[s].has_liver;

        hep_str_add_tsv(out, entry->label);
        cell_text(out, hep_eval_state_name(entry->state));
        cell_text(out, entry->reason);
        hep_str_addf(out, "\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu", entry->n_lesions,
                     c.found, c.metastases, c.called, entry->n_findings, c.false_positives,
                     c.false_called, c.mimics, c.split);
        cell_number(out, has ? o->dice : (double)NAN);
        cell_number(out, has ? o->mean_surface_mm : (double)NAN);
        cell_number(out, has ? o->hd95_mm : (double)NAN);
        cell_number(out, has ? o->volume_error_frac : (double)NAN);
        hep_str_add(out, "\n");
    }
}

/* ---- lesions --------------------------------------------------------------------------------- */

static void lesion_cells(struct hep_str *out, const struct hep_evaluated *e, size_t lesion)
{
    const struct hep_eval_note *note;

    if (lesion == HEP_NO_MATCH) {
        hep_str_add(out, "\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a");
        return;
    }
    note = &e->lesion_note[lesion];
    hep_str_addf(out, "\t%d", note->id);
    cell_text(out, class_text(e->lesion[lesion].class));
    cell_number(out, note->diameter_mm);
    cell_text(out, hep_size_class_name(hep_size_class(note->diameter_mm)));
    for (size_t k = 0; k < 3; k++)
        cell_number(out, note->centre_mm[k]);
}

static void finding_cells(struct hep_str *out, const struct hep_evaluated *e, size_t finding)
{
    const struct hep_eval_finding *f;
    const struct hep_eval_note *note;

    if (finding == HEP_NO_MATCH) {
        hep_str_add(out, "\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a");
        return;
    }
    f = &e->finding[finding];
    note = &e->finding_note[finding];
    hep_str_addf(out, "\t%d", note->id);
    cell_text(out, class_text(f->class));
    cell_number(out, f->probability);
    cell_number(out, f->detection_score);
    for (size_t k = 0; k < 3; k++)
        cell_number(out, note->centre_mm[k]);
    cell_number(out, note->distance_mm);
    cell_number(out, note->iou);
}

static double distance(const struct hep_eval_note *a, const struct hep_eval_note *b)
{
    double sum = 0.0;

    for (size_t k = 0; k < 3; k++)
        sum += (a->centre_mm[k] - b->centre_mm[k]) * (a->centre_mm[k] - b->centre_mm[k]);
    return sqrt(sum);
}

static void why_missed(struct hep_str *why, const struct hep_evaluated *e,
                       const struct hep_eval_entry *entry, size_t lesion)
{
    size_t nearest = HEP_NO_MATCH;
    double least = (double)INFINITY;

    for (size_t k = 0; k < entry->n_findings; k++) {
        const size_t f = entry->first_finding + k;
        const double d = distance(&e->finding_note[f], &e->lesion_note[lesion]);

        if (d < least) {
            least = d;
            nearest = f;
        }
    }
    if (entry->state != HEP_EVAL_DONE)
        hep_str_addf(why, "%s: %s", hep_eval_state_name(entry->state), entry->reason);
    else if (nearest == HEP_NO_MATCH)
        hep_str_add(why, "the study has no finding");
    else if (e->finding[nearest].fate == HEP_FATE_FALSE)
        hep_str_addf(why, "nearest finding %d is %.1f mm away", e->finding_note[nearest].id, least);
    else
        hep_str_addf(why, "nearest finding %d, %.1f mm away, belongs to lesion %d",
                     e->finding_note[nearest].id, least,
                     e->lesion_note[e->finding[nearest].lesion].id);
}

static void row(struct hep_str *out, const struct hep_evaluated *e,
                const struct hep_eval_entry *entry, const char *kind, size_t lesion, size_t finding,
                const char *reason)
{
    hep_str_add_tsv(out, entry->label);
    cell_text(out, kind);
    lesion_cells(out, e, lesion);
    finding_cells(out, e, finding);
    cell_text(out, reason);
    hep_str_add(out, "\n");
}

static void finding_row(struct hep_str *out, const struct hep_evaluated *e,
                        const struct hep_eval_entry *entry, size_t finding, struct hep_str *why)
{
    const struct hep_eval_finding *f = &e->finding[finding];
    const struct hep_eval_note *note = &e->finding_note[finding];

    if (f->fate == HEP_FATE_TRUE)
        return;
    hep_str_clear(why);
    if (f->fate == HEP_FATE_EXTRA)
        hep_str_addf(why, "lesion %d was found by a nearer or better fitting finding",
                     e->lesion_note[f->lesion].id);
    else if (note->nearest == HEP_NO_MATCH)
        hep_str_add(why, "the study has no lesion");
    else
        hep_str_addf(why, "nearest lesion %d is %.1f mm away", e->lesion_note[note->nearest].id,
                     note->nearest_mm);
    row(out, e, entry, f->fate == HEP_FATE_EXTRA ? "split_detection" : "false_positive", f->lesion,
        finding, why->s != NULL ? why->s : "");
}

void hep_evaluated_lesions_tsv(struct hep_str *out, const struct hep_evaluated *e)
{
    struct hep_str why = { 0 };

    hep_str_add(out, "study\tkind\tlesion\tlesion_class\tlong_axis_mm\tsize_mm\tlesion_x_mm\t"
                     "lesion_y_mm\tlesion_z_mm\tfinding\tfinding_class\tprobability_metastasis\t"
                     "detection_score\tfinding_x_mm\tfinding_y_mm\tfinding_z_mm\tdistance_mm\t"
                     "iou\treason\n");
    for (size_t s = 0; s < e->n_studies; s++) {
        const struct hep_eval_entry *entry = &e->entry[s];

        for (size_t i = 0; i < entry->n_lesions; i++) {
            const size_t lesion = entry->first_lesion + i, f = e->lesion[lesion].finding;

            hep_str_clear(&why);
            if (f == HEP_NO_MATCH)
                why_missed(&why, e, entry, lesion);
            row(out, e, entry, f == HEP_NO_MATCH ? "missed" : "found", lesion, f,
                why.s != NULL ? why.s : "");
        }
        for (size_t k = 0; k < entry->n_findings; k++)
            finding_row(out, e, entry, entry->first_finding + k, &why);
    }
    out->failed = out->failed || why.failed;
    hep_str_release(&why);
}
