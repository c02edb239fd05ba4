#include "batch/evaluate.h"

#include "base/alloc.h"
#include "base/file.h"
#include "batch/dataset.h"
#include "batch/lesion_file.h"
#include "batch/liver_truth.h"
#include "batch/maps.h"
#include "batch/truth_forms.h"
#include "batch/reading.h"
#include "batch/truth_list.h"
#include "batch/truth_space.h"
#include "batch/status.h"

#include <math.h>

const char *hep_eval_state_name(enum hep_eval_state state)
{
    static const char *const names[] = { "evaluated", "failed", "missing" };

    return names[state];
}

void hep_evaluated_release(struct hep_evaluated *e)
{
    for (size_t i = 0; i < e->n_studies; i++)
        free(e->entry[i].label);
    for (size_t i = 0; i < e->n_without_truth; i++)
        free(e->without_truth[i]);
    free(e->entry);
    free(e->study);
    free(e->lesion);
    free(e->lesion_note);
    free(e->finding);
    free(e->finding_note);
    free(e->pair);
    free(e->full);
    free(e->rejected);
    free(e->without_truth);
    hep_eval_release(&e->result);
    *e = (struct hep_evaluated){ 0 };
}

struct hep_eval_data hep_evaluated_data(const struct hep_evaluated *e)
{
    return (struct hep_eval_data){ e->study,   e->n_studies,  e->lesion,    e->n_lesions,
                                   e->finding, e->n_findings, e->n_patients };
}

size_t hep_evaluated_nearest(double *distance_mm, const struct hep_evaluated *e,
                             const struct hep_eval_entry *entry, size_t lesion)
{
    const double *at = e->lesion_note[lesion].centre_mm;
    size_t nearest = HEP_NO_MATCH;

    *distance_mm = (double)INFINITY;
    for (size_t k = 0; k < entry->n_findings; k++) {
        const double *c = e->finding_note[entry->first_finding + k].centre_mm;
        const double d = sqrt((c[0] - at[0]) * (c[0] - at[0]) + (c[1] - at[1]) * (c[1] - at[1]) +
                              (c[2] - at[2]) * (c[2] - at[2]));

        if (d < *distance_mm) {
            *distance_mm = d;
            nearest = entry->first_finding + k;
        }
    }
    return nearest;
}

#define NO_OVERLAP                                                                                 \
    {                                                                                              \
        (double)NAN, (double)NAN, (double)NAN, (double)NAN                                         \
    }

/* ---- lists ----------------------------------------------------------------------------------- */

static struct hep_eval_note note_of(const struct hep_finding *r)
{
    return (
        struct hep_eval_note){ .id = r->id,
                               .centre_mm = { r->centre_mm[0], r->centre_mm[1], r->centre_mm[2] },
                               .diameter_mm = hep_finding_diameter_mm(r),
                               .distance_mm = (double)NAN,
                               .iou = (double)NAN,
                               .nearest = HEP_NO_MATCH,
                               .nearest_mm = (double)NAN };
}

static struct hep_eval_flags flags_of(const struct hep_flag_result of[])
{
    struct hep_eval_flags flags;

    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        flags.given[i] = of[i].given;
        flags.state[i] = of[i].state;
        flags.margin[i] = hep_flag_margin((enum hep_flag)i, of[i].value, of[i].limit);
        flags.probability[i] = of[i].given ? of[i].probability : (double)NAN;
    }
    return flags;
}

static int add_lesions(struct hep_evaluated *e, const struct hep_lesion_file *f, size_t study,
                       struct hep_error *err)
{
    for (size_t i = 0; i < f->findings.n; i++) {
        const struct hep_finding *r = &f->findings.list[i];

        if (HEP_GROW(e->lesion, e->n_lesions, err) != HEP_OK ||
            HEP_GROW(e->lesion_note, e->n_lesions, err) != HEP_OK)
            return HEP_ENOMEM;
        e->lesion_note[e->n_lesions] = note_of(r);
        hep_truth_given_class(e->lesion_note[e->n_lesions].given_class, f->root, i);
        e->lesion[e->n_lesions++] =
            (struct hep_eval_lesion){ study,
                                      HEP_NO_MATCH,
                                      hep_finding_diameter_mm(r),
                                      r->lesion_class,
                                      { flags_of(r->flag), flags_of(r->visible) } };
    }
    return HEP_OK;
}

static int add_findings(struct hep_evaluated *e, const struct hep_lesion_file *f, size_t study,
                        struct hep_error *err)
{
    for (size_t i = 0; i < f->findings.n; i++) {
        const struct hep_finding *r = &f->findings.list[i];

        if (HEP_GROW(e->finding, e->n_findings, err) != HEP_OK ||
            HEP_GROW(e->finding_note, e->n_findings, err) != HEP_OK ||
            (e->keeps_findings && HEP_GROW(e->full, e->n_findings, err) != HEP_OK))
            return HEP_ENOMEM;
        if (e->keeps_findings)
            e->full[e->n_findings] = *r;
        e->finding_note[e->n_findings] = note_of(r);
        e->finding[e->n_findings++] =
            (struct hep_eval_finding){ study,
                                       HEP_NO_MATCH,
                                       HEP_FATE_FALSE,
                                       r->lesion_class,
                                       hep_finding_get(r, HEP_M_P_METASTASIS),
                                       hep_finding_get(r, HEP_M_DETECTION_SCORE),
                                       flags_of(r->flag),
                                       hep_finding_prior(r) };
    }
    return HEP_OK;
}

/* ---- matching -------------------------------------------------------------------------------- */

static int objects_of(struct hep_match_object **out, const struct hep_findings *f,
                      struct hep_error *err)
{
    if (HEP_NEW(*out, f->n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < f->n; i++) {
        const struct hep_finding *r = &f->list[i];

        (*out)[i] = (struct hep_match_object){
            { r->centre_mm[0], r->centre_mm[1], r->centre_mm[2] }, hep_finding_diameter_mm(r), r->id
        };
    }
    return HEP_OK;
}

static void take_over(struct hep_evaluated *e, const struct hep_eval_entry *entry,
                      const struct hep_matching *m)
{
    for (size_t i = 0; i < entry->n_lesions; i++)
        if (m->finding_of[i] != HEP_NO_MATCH)
            e->lesion[entry->first_lesion + i].finding = entry->first_finding + m->finding_of[i];
    for (size_t i = 0; i < entry->n_findings; i++) {
        const struct hep_match_found *found = &m->found[i];
        struct hep_eval_finding *f = &e->finding[entry->first_finding + i];
        struct hep_eval_note *note = &e->finding_note[entry->first_finding + i];

        f->fate = found->fate;
        if (found->lesion != HEP_NO_MATCH)
            f->lesion = entry->first_lesion + found->lesion;
        if (found->nearest != HEP_NO_MATCH)
            note->nearest = entry->first_lesion + found->nearest;
        note->nearest_mm = found->nearest_mm;
        note->distance_mm = found->distance_mm;
        note->iou = found->iou;
    }
}

static int match_study(struct hep_evaluated *e, const struct hep_eval_entry *entry,
                       const struct hep_reading *r, struct hep_error *err)
{
    struct hep_match_object *lesions = NULL, *findings = NULL;
    const struct hep_match_box **boxes = NULL;
    struct hep_matching m = { 0 };
    int rc = objects_of(&lesions, &r->wanted.findings, err);

    if (rc == HEP_OK)
        rc = objects_of(&findings, &r->got.findings, err);
    if (rc == HEP_OK)
        rc = hep_truth_forms_boxes(&boxes, &r->forms, r->wanted.findings.n, r->got.reference, err);
    if (rc == HEP_OK)
        rc = hep_match_boxes(
            &m, &(struct hep_match_side){ lesions, r->wanted.findings.n, r->true_lesions }, boxes,
            &(struct hep_match_side){ findings, r->got.findings.n, r->lesions }, e->rule, err);
    if (rc == HEP_OK)
        take_over(e, entry, &m);
    hep_matching_release(&m);
    free((void *)boxes);
    free(lesions);
    free(findings);
    return rc;
}

/* Candidates that were not kept, by their centres alone: one lies on a lesion that was missed, on one
 * that was found (then it is an extra), or on none. */
static int match_rejected(struct hep_evaluated *e, const struct hep_eval_entry *entry,
                          const struct hep_reading *r, size_t study, struct hep_error *err)
{
    const struct hep_findings *list = &r->got.rejected;
    struct hep_match_object *lesions = NULL, *candidates = NULL;
    const struct hep_match_box **boxes = NULL;
    struct hep_matching m = { 0 };
    int rc = objects_of(&lesions, &r->wanted.findings, err);

    if (rc == HEP_OK)
        rc = objects_of(&candidates, list, err);
    if (rc == HEP_OK)
        rc = hep_truth_forms_boxes(&boxes, &r->forms, r->wanted.findings.n, r->got.reference, err);
    if (rc == HEP_OK)
        rc = hep_match_boxes(
            &m, &(struct hep_match_side){ lesions, r->wanted.findings.n, r->true_lesions }, boxes,
            &(struct hep_match_side){ candidates, list->n, NULL }, HEP_MATCH_CENTRE, err);
    for (size_t i = 0; rc == HEP_OK && i < list->n; i++) {
        const struct hep_match_found *found = &m.found[i];
        struct hep_eval_candidate c = { .study = study,
                                        .lesion = HEP_NO_MATCH,
                                        .fate = found->fate,
                                        .strength = hep_finding_get(&list->list[i],
                                                                    HEP_M_DETECTION_SCORE) };

        memcpy(c.feature, list->list[i].feature, sizeof c.feature);
        if (found->lesion != HEP_NO_MATCH)
            c.lesion = entry->first_lesion + found->lesion;
        if (c.lesion != HEP_NO_MATCH && e->lesion[c.lesion].finding != HEP_NO_MATCH)
            c.fate = HEP_FATE_EXTRA;
        rc = HEP_GROW(e->rejected, e->n_rejected, err);
        if (rc == HEP_OK)
            e->rejected[e->n_rejected++] = c;
    }
    hep_matching_release(&m);
    free((void *)boxes);
    free(lesions);
    free(candidates);
    return rc;
}

/* ---- one study ------------------------------------------------------------------------------- */

/* What became of a study: its state, and a reason where there is nothing to evaluate. */
static int find_state(struct hep_eval_entry *entry, struct hep_reading *r, const char *out_dir,
                      const struct hep_dataset_study *d, const char *path, struct hep_error *err)
{
    struct hep_study_status s = { .label = d->label, .relative = d->relative };
    int rc = hep_status_of(&s, out_dir, err);

    if (rc != HEP_OK)
        return rc;
    entry->state = HEP_EVAL_MISSING;
    if (s.state == HEP_STATE_FAILED) {
        entry->state = HEP_EVAL_FAILED;
        (void)snprintf(entry->reason, sizeof entry->reason, "%.250s", s.reason);
    } else if (s.state == HEP_STATE_RUNNING) {
        (void)snprintf(entry->reason, sizeof entry->reason, "a run of it is in progress");
    } else if (hep_is_file(path)) {
        entry->state = HEP_EVAL_DONE;
        r->has_output = true;
    } else if (hep_is_dir(r->output.path)) {
        (void)snprintf(entry->reason, sizeof entry->reason, "its output has no lesions.json");
        r->has_output = true;
    } else {
        (void)snprintf(entry->reason, sizeof entry->reason, "no output");
    }
    return HEP_OK;
}

static int measure_maps(struct hep_evaluated *e, const struct hep_reading *r, size_t study,
                        int nthreads, struct hep_error *err)
{
    const struct hep_eval_regions regions = { &r->truth,
                                              &r->output,
                                              &r->wanted,
                                              r->true_lesions,
                                              r->true_liver,
                                              study,
                                              e->entry[study].first_lesion,
                                              nthreads };

    /* A reader knows no true values: the measures beside the answers are Hepar's own. */
    return hep_reading_truth_grid(r) != NULL && r->truth.desc == NULL
               ? hep_eval_add_maps(e, &regions, err)
               : HEP_OK;
}

static int read_output(struct hep_evaluated *e, struct hep_reading *r, const char *out_dir,
                       const struct hep_dataset_study *d, size_t study, int nthreads,
                       struct hep_error *err)
{
    struct hep_eval_entry *entry = &e->entry[study];
    char *path = hep_eval_path(&r->output, "", "lesions.json", err);
    int rc = path != NULL ? find_state(entry, r, out_dir, d, path, err) : HEP_ENOMEM;

    if (rc == HEP_OK && entry->state == HEP_EVAL_DONE)
        rc = hep_reading_findings(r, path, err);
    if (rc == HEP_OK && r->got.findings.n == 0 && r->got.absent_reason != NULL) {
        entry->state = HEP_EVAL_MISSING;
        (void)snprintf(entry->reason, sizeof entry->reason, "no lesion was looked for: %.200s",
                       r->got.absent_reason);
    }
    if (rc == HEP_OK && r->forms.lesions_known)
        rc = add_findings(e, &r->got, study, err);
    entry->n_findings = e->n_findings - entry->first_finding;
    entry->has_masks = r->true_lesions != NULL && r->lesions != NULL;
    entry->lesions_unknown = !r->forms.lesions_known;
    hep_eval_person(entry, &r->forms, &r->got.findings);
    (void)snprintf(entry->truth, sizeof entry->truth, "%s",
                   entry->lesions_unknown ? "none of lesions"
                   : r->forms.n_boxes > 0 ? "boxes"
                   : entry->has_masks     ? "masks"
                                          : "centres");
    e->study[study].has_findings = entry->state == HEP_EVAL_DONE && r->forms.lesions_known;
    if (rc == HEP_OK && r->forms.lesions_known)
        rc = match_study(e, entry, r, err);
    if (rc == HEP_OK && e->keeps_findings && r->forms.lesions_known) {
        (void)snprintf(entry->agent, sizeof entry->agent, "%s",
                       r->got.agent != NULL ? r->got.agent : "");
        entry->arterial_weight = r->got.arterial_weight;
        rc = match_rejected(e, entry, r, study, err);
        free(path);
        return rc;
    }
    if (rc == HEP_OK && r->has_output)
        rc = hep_eval_livers(&e->study[study], entry, &r->liver, &r->truth, &r->output,
                             r->true_liver, r->moved, err);
    if (rc == HEP_OK && r->has_output)
        rc = measure_maps(e, r, study, nthreads, err);
    free(path);
    return rc;
}

static int add_study(struct hep_evaluated *e, const char *out_dir,
                     const struct hep_dataset_study *d, const struct hep_evaluate_opts *opts,
                     struct hep_error *err)
{
    const size_t study = e->n_studies;
    struct hep_eval_entry *entry = &e->entry[study];
    char *output = hep_path_join(out_dir, d->relative, err);
    struct hep_reading r = { .truth = { d->path, d->label, opts->truth_desc },
                             .output = { output, d->label, NULL } };
    int rc = HEP_OK;

    *entry = (struct hep_eval_entry){ .label = hep_strdup(d->label, err),
                                      .first_lesion = e->n_lesions,
                                      .first_finding = e->n_findings,
                                      .rater = { NO_OVERLAP, NO_OVERLAP, NO_OVERLAP } };
    e->n_studies++;
    if (output == NULL || entry->label == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_reading_truth(&r, err);
    if (rc == HEP_OK)
        rc = add_lesions(e, &r.wanted, study, err);
    entry->n_lesions = e->n_lesions - entry->first_lesion;
    if (rc == HEP_OK)
        rc = read_output(e, &r, out_dir, d, study, opts->nthreads, err);
    if (rc == HEP_OK && entry->state != HEP_EVAL_DONE)
        hep_log_write(opts->log, HEP_LOG_WARNING, "study-without-findings",
                      "%s: %s: %s; its %zu lesions count as missed", entry->label,
                      hep_eval_state_name(entry->state), entry->reason, entry->n_lesions);
    hep_reading_release(&r);
    free(output);
    return rc;
}

/* ---- all studies ----------------------------------------------------------------------------- */

static bool same_subject(const char *a, const char *b)
{
    const size_t n = strcspn(a, "/");

    return n == strcspn(b, "/") && strncmp(a, b, n) == 0;
}

/* Sessions of one subject follow one another. */
static void number_patients(struct hep_evaluated *e, const struct hep_dataset *truth)
{
    for (size_t i = 0; i < truth->n; i++) {
        if (i == 0 || !same_subject(truth->list[i].relative, truth->list[i - 1].relative))
            e->n_patients++;
        e->study[i].patient = e->n_patients - 1;
    }
}

static bool in_truth(const struct hep_dataset *truth, const char *label)
{
    for (size_t i = 0; i < truth->n; i++)
        if (strcmp(truth->list[i].label, label) == 0)
            return true;
    return false;
}

static int note_without_truth(struct hep_evaluated *e, const char *out_dir,
                              const struct hep_dataset *truth, struct hep_log *log,
                              struct hep_error *err)
{
    const struct hep_dataset_filter all = { .skip_validation = true };
    struct hep_dataset out = { 0 };
    struct hep_error mine = { 0 };
    int rc = hep_dataset_list(&out, out_dir, &all, &mine);

    if (rc == HEP_EFILTER)
        return HEP_OK;
    if (rc != HEP_OK)
        return hep_fail(err, mine.code, mine.where, "%s", mine.msg);
    e->without_truth = hep_calloc(out.n + 1, sizeof *e->without_truth, err);
    if (e->without_truth == NULL)
        rc = HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < out.n; i++) {
        if (in_truth(truth, out.list[i].label))
            continue;
        e->without_truth[e->n_without_truth] = out.list[i].label;
        out.list[i].label = NULL;
        hep_log_write(log, HEP_LOG_WARNING, "study-without-truth",
                      "%s: the truth does not know it; left out",
                      e->without_truth[e->n_without_truth++]);
    }
    hep_dataset_release(&out);
    return rc;
}

int hep_evaluate_folders(struct hep_evaluated *out, const char *out_dir, const char *truth_dir,
                         const struct hep_evaluate_opts *opts, struct hep_error *err)
{
    return hep_evaluate_part(out, out_dir, truth_dir, opts, 0.0, 0.0, err);
}

int hep_evaluate_part(struct hep_evaluated *out, const char *out_dir, const char *truth_dir,
                      const struct hep_evaluate_opts *opts, double from, double to,
                      struct hep_error *err)
{
    struct hep_dataset truth = { 0 };
    struct hep_evaluated *e = out;
    int rc;

    *e = (struct hep_evaluated){ .rule = opts->rule,
                                 .seed = opts->seed,
                                 .replicates = opts->replicates,
                                 .keeps_findings = opts->keeps_findings };
    rc = hep_truth_list(&truth, truth_dir, opts->truth_desc, err);
    if (rc == HEP_OK && to > from)
        rc = hep_dataset_keep_part(&truth, from, to, err);
    if (rc == HEP_OK && !hep_is_dir(out_dir))
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: no such folder", out_dir);
    e->entry = hep_calloc(truth.n + 1, sizeof *e->entry, err);
    e->study = hep_calloc(truth.n + 1, sizeof *e->study, err);
    if (rc == HEP_OK && (e->entry == NULL || e->study == NULL))
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        number_patients(e, &truth);
    for (size_t i = 0; rc == HEP_OK && i < truth.n; i++) {
        rc = add_study(e, out_dir, &truth.list[i], opts, err);
        hep_log_progress(opts->log, "evaluate", (double)(i + 1) / (double)truth.n);
    }
    if (rc == HEP_OK && !(to > from))
        rc = note_without_truth(e, out_dir, &truth, opts->log, err);
    if (rc == HEP_OK && !e->keeps_findings) {
        const struct hep_eval_data data = hep_evaluated_data(e);

        rc = hep_evaluate(&e->result, &data, e->replicates, e->seed, err);
        if (rc == HEP_OK)
            rc = hep_eval_name_classes(e, err);
        if (rc == HEP_OK)
            rc = hep_eval_raters(e, err);
    }
    if (rc == HEP_OK && !e->keeps_findings)
        rc = hep_eval_agree(e, err);
    hep_dataset_release(&truth);
    return rc;
}
