#include "review/apply.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "image/mask.h"
#include "image/nifti.h"
#include "pipeline/results/findings.h"
#include "pipeline/stages/aligned.h"
#include "report/review_page.h"
#include "review/remeasure.h"
#include "review/reviewed.h"

#include <stdlib.h>
#include <string.h>

/* The work of one file, everything of one result. */
struct work {
    const struct hep_review_request *request;
    struct hep_run *run;
    const struct hep_findings *findings; /* of the result */
    const struct hep_labels *labels;     /* of the result; NULL: it has none */
    const struct hep_labels *liver;
    const struct hep_grid *grid;
    char labels_sha256[HEP_SHA256_HEX];
    char *scratch; /* a folder beside the result's files */
    struct hep_answers answers;
    struct hep_labels *kept; /* the reader's label map */
    struct hep_reviewed *list;
    size_t n;
    struct hep_findings again;
    struct hep_json *again_liver; /* of the liver that the reader drew; NULL */
    struct hep_error *err;
};

static void release(struct work *w)
{
    hep_answers_release(&w->answers);
    hep_labels_free(w->kept);
    hep_findings_release(&w->again);
    hep_json_free(w->again_liver);
    free(w->list);
    if (w->scratch != NULL) {
        struct hep_error ignored = { 0 };

        (void)!hep_remove_tree(w->scratch, &ignored);
    }
    free(w->scratch);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int open_result(struct work *w)
{
    static const struct hep_findings none = { 0 };
    const struct hep_found *found = NULL;
    int rc = hep_run_findings(w->run, &found, w->err);

    w->findings = found != NULL ? &found->findings : &none;
    if (rc == HEP_OK)
        rc = hep_run_labels(w->run, "lesions", &w->labels, w->err);
    if (rc == HEP_OK)
        rc = hep_run_labels(w->run, "liver", &w->liver, w->err);
    if (rc == HEP_OK)
        rc = hep_review_labels_hash(w->labels_sha256, w->run, w->err);
    if (rc != HEP_OK)
        return rc;
    w->grid = w->labels != NULL ? &w->labels->grid : w->liver != NULL ? &w->liver->grid : NULL;
    if (w->grid == NULL)
        return HEP_FAIL(w->err, HEP_EDATA, "%s: neither a liver nor lesions to review",
                        w->request->result->folder);
    w->scratch = hep_asprintf(w->err, "%s/.review-XXXXXX", w->request->result->folder);
    if (w->scratch == NULL)
        return HEP_ENOMEM;
    if (mkdtemp(w->scratch) == NULL) {
        free(w->scratch);
        w->scratch = NULL;
        return HEP_FAIL(w->err, HEP_ECREAT, "%s: cannot be written to", w->request->result->folder);
    }
    return HEP_OK;
}

static int read_answers(struct work *w)
{
    const struct hep_answers_of of = {
        .study = w->run->label,
        .version = hep_json_string(hep_json_get(w->request->result->record, "version")),
        .labels_sha256 = w->labels_sha256,
        .grid = w->grid,
        .findings = w->findings,
        .scratch = w->scratch,
    };

    return hep_answers_read(&w->answers, w->request->answers, &of, w->err);
}

/* ---- outlines -------------------------------------------------------------------------------- */

static int32_t label_at(const struct hep_labels *l, size_t i)
{
    return l != NULL ? l->data[i] : 0;
}

static bool differs(const struct work *w, int32_t id)
{
    const struct hep_labels *drawn = w->answers.lesions;

    for (size_t i = 0; drawn != NULL && i < hep_grid_voxels(w->grid); i++) {
        if ((drawn->data[i] == id) != (label_at(w->labels, i) == id))
            return true;
    }
    return false;
}

static bool has_answer(const struct hep_answer *a)
{
    bool any = a->lesion_class != HEP_CLASS_COUNT || a->confidence > 0 || a->comment != NULL;

    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        any = any || a->flag[i] != HEP_NO_REPLY;
    return any;
}

static enum hep_review_verdict verdict_of(const struct hep_answer *a, bool changed)
{
    if (a->decision == HEP_REJECTED)
        return HEP_VERDICT_REJECTED;
    return a->decision == HEP_ACCEPTED || changed || has_answer(a) ? HEP_VERDICT_ACCEPTED
                                                                   : HEP_VERDICT_OPEN;
}

static int add_row(struct work *w, const struct hep_answer *a, const struct hep_finding *hepar)
{
    struct hep_reviewed r = { .answer = *a, .hepar = hepar };
    int rc = HEP_GROW(w->list, w->n, w->err);

    r.changed = a->decision != HEP_REJECTED && (a->added || differs(w, a->id));
    r.verdict = verdict_of(a, r.changed);
    /* Who accepts a finding and sees its class accepts that class; under --blind it was not seen. */
    if (hepar != NULL && !w->answers.blind && r.verdict == HEP_VERDICT_ACCEPTED &&
        a->lesion_class == HEP_CLASS_COUNT)
        r.answer.lesion_class = hepar->lesion_class;
    if (rc == HEP_OK)
        w->list[w->n++] = r;
    return rc;
}

/* Every lesion of the result, then those that the reader added. */
static int list_lesions(struct work *w)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < w->findings->n; i++) {
        const struct hep_finding *f = &w->findings->list[i];
        const struct hep_answer untouched = { .id = f->id, .lesion_class = HEP_CLASS_COUNT },
                                *a = hep_answer_of(&w->answers, f->id);

        rc = add_row(w, a != NULL ? a : &untouched, f);
    }
    for (size_t i = 0; rc == HEP_OK && i < w->answers.n; i++) {
        if (w->answers.list[i].added)
            rc = add_row(w, &w->answers.list[i], NULL);
    }
    return rc;
}

static const struct hep_reviewed *row_of(const struct work *w, int32_t id)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->list[i].answer.id == id)
            return &w->list[i];
    }
    return NULL;
}

/* The label map of the lesions that the reader kept. */
static int keep_labels(struct work *w)
{
    const struct hep_labels *from = w->answers.lesions != NULL ? w->answers.lesions : w->labels;
    const struct hep_reviewed *row = NULL;
    int rc = hep_labels_new(&w->kept, w->grid, w->err);

    for (size_t i = 0; rc == HEP_OK && from != NULL && i < hep_grid_voxels(w->grid); i++) {
        const int32_t id = from->data[i];

        if (id == 0)
            continue;
        if (row == NULL || row->answer.id != id)
            row = row_of(w, id);
        if (row != NULL && row->verdict == HEP_VERDICT_ACCEPTED)
            w->kept->data[i] = id;
    }
    return rc;
}

/* Where a reader drew there must be body: bright on the reference, or what the result calls liver or lesion. */
static int check_body(struct work *w)
{
    const char *reference = hep_reference_name(w->run);
    const struct hep_volume *v = NULL;
    struct hep_labels *body = NULL;
    size_t outside = 0;
    int32_t first = 0;
    int rc = reference != NULL ? hep_run_volume(w->run, reference, &v, w->err) : HEP_OK;

    if (rc != HEP_OK || v == NULL)
        return rc;
    rc = hep_body_mask(&body, v, 0, w->err);
    if (rc == HEP_OK)
        rc = hep_mask_keep_largest(body, 6, w->err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(w->grid); i++) {
        const bool drawn = w->kept->data[i] != 0 || label_at(w->answers.liver_mask, i) != 0;

        if (!drawn || body->data[i] != 0 || label_at(w->liver, i) != 0 ||
            label_at(w->labels, i) != 0)
            continue;
        if (outside++ == 0)
            first = w->kept->data[i];
    }
    hep_labels_free(body);
    if (rc == HEP_OK && outside > 0 && first > 0)
        rc = HEP_FAIL(w->err, HEP_EDATA, "%s: %zu voxels are drawn outside the body, of lesion %d",
                      w->request->answers, outside, (int)first);
    else if (rc == HEP_OK && outside > 0)
        rc = HEP_FAIL(w->err, HEP_EDATA, "%s: %zu voxels of the liver are drawn outside the body",
                      w->request->answers, outside);
    return rc;
}

/* ---- measuring again ------------------------------------------------------------------------- */

static const struct hep_finding *finding_of(const struct hep_findings *all, int32_t id)
{
    const struct hep_finding *best = NULL;

    for (size_t i = 0; i < all->n; i++) { /* parts of the only lesion of a map: the largest */
        const struct hep_finding *f = &all->list[i];

        if (f->id == id && (best == NULL ||
                            hep_finding_get(f, HEP_M_VOLUME) > hep_finding_get(best, HEP_M_VOLUME)))
            best = f;
    }
    return best;
}

static char *path_in(const struct work *w, const char *kind, const char *ending)
{
    return hep_asprintf(w->err, "%s/%s_%s%s", w->request->result->folder, w->run->label, kind,
                        ending);
}

/* The liver to measure with: as drawn, else that of the result. */
static int liver_file(char **out, struct work *w)
{
    const struct hep_labels *liver =
        w->answers.liver_mask != NULL ? w->answers.liver_mask : w->liver;

    *out = NULL;
    if (liver == NULL)
        return HEP_OK;
    *out = hep_path_join(w->scratch, "liver_mask.nii.gz", w->err);
    return *out == NULL ? HEP_ENOMEM : hep_nifti_write_labels(*out, liver, NULL, w->err);
}

static int measure_again(struct work *w)
{
    const struct hep_review_request *q = w->request;
    bool changed = w->answers.liver_mask != NULL;
    struct hep_remeasure what = { .result = q->result,
                                  .study = q->study,
                                  .scratch = w->scratch,
                                  .lesions = w->kept,
                                  .nthreads = q->nthreads,
                                  .log = q->log };
    char *liver = NULL;
    int rc;

    for (size_t i = 0; i < w->n; i++)
        changed = changed || (w->list[i].changed && w->list[i].verdict == HEP_VERDICT_ACCEPTED);
    if (!changed)
        return HEP_OK;
    if (q->study == NULL)
        return HEP_FAIL(w->err, HEP_EUSAGE,
                        "%s: outlines were drawn: give --study, so that they can be measured again",
                        q->answers);
    rc = check_body(w);
    if (rc != HEP_OK || hep_labels_count(w->kept, -1) == 0)
        return rc;
    rc = liver_file(&liver, w);
    what.liver = liver;
    if (rc == HEP_OK)
        rc = hep_remeasure(&w->again, &w->again_liver, &what, w->err);
    for (size_t i = 0; rc == HEP_OK && i < w->n; i++) {
        struct hep_reviewed *r = &w->list[i];

        if (r->verdict != HEP_VERDICT_ACCEPTED || (!r->changed && w->answers.liver_mask == NULL))
            continue;
        r->again = finding_of(&w->again, r->answer.id);
        if (r->again == NULL)
            rc = HEP_FAIL(w->err, HEP_EDATA, "%s: lesion %d was drawn and could not be measured",
                          q->answers, (int)r->answer.id);
    }
    free(liver);
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static struct hep_json *review_json(struct hep_put *put, const struct work *w)
{
    struct hep_json *o = hep_json_new_object();
    const struct hep_json *distances = hep_json_get(w->answers.root, "distances");

    hep_put_text(put, o, "reader", w->answers.reader);
    hep_put_bool(put, o, "blind", w->answers.blind);
    hep_put_text(put, o, "version",
                 hep_json_string(hep_json_get(w->request->result->record, "version")));
    hep_put_text(put, o, "labels_sha256", w->labels_sha256);
    hep_put_text(put, o, "liver", w->answers.liver);
    hep_put_bool(put, o, "liver_changed", w->answers.liver_mask != NULL);
    hep_put_text(put, o, "comment", w->answers.comment);
    hep_put(put, o, "distances",
            hep_json_type(distances) == HEP_JSON_ARRAY ? hep_json_copy(distances)
                                                       : hep_json_new_array());
    return o;
}

/* The measures of the liver that the outlines lie in; nothing where the reader drew another and no lesion is left, since
 * then nothing was measured. */
static struct hep_json *liver_json(const struct work *w, const struct hep_json *original)
{
    const struct hep_json *liver =
        w->answers.liver_mask != NULL ? w->again_liver : hep_json_get(original, "liver");

    return liver != NULL ? hep_json_copy(liver) : hep_json_new_null();
}

static int make_document(struct hep_json **out, const struct work *w, const struct hep_table *table)
{
    static const char *const copied[] = { "protocol", "agent", "reference" };
    struct hep_put put = { HEP_OK, w->err };
    struct hep_json *o = hep_json_new_object(), *original = NULL;
    char *path = path_in(w, "lesions", ".json");

    put.rc = path == NULL ? HEP_ENOMEM : hep_json_read(&original, path, w->err);
    hep_put_text(&put, o, "study", w->run->label);
    for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++) {
        const struct hep_json *node = hep_json_get(original, copied[i]);

        if (node != NULL)
            hep_put(&put, o, copied[i], hep_json_copy(node));
    }
    hep_put(&put, o, "liver", liver_json(w, original));
    hep_put(&put, o, "review", review_json(&put, w));
    hep_put(&put, o, "lesions", hep_reviewed_json(&put, w->list, w->n, HEP_VERDICT_ACCEPTED));
    hep_put(&put, o, "rejected", hep_reviewed_json(&put, w->list, w->n, HEP_VERDICT_REJECTED));
    hep_put(&put, o, "not_reviewed", hep_reviewed_json(&put, w->list, w->n, HEP_VERDICT_OPEN));
    hep_table_describe(&put, o, table);
    free(path);
    hep_json_free(original);
    return hep_put_done(&put, out, o);
}

static int write_labels(const struct work *w)
{
    const char *reader = w->answers.reader;
    char *folder = hep_path_join(w->request->result->folder, "anat", w->err),
         *lesions = hep_asprintf(w->err, "%s/anat/%s_label-lesions_desc-%s_dseg.nii.gz",
                                 w->request->result->folder, w->run->label, reader),
         *liver = hep_asprintf(w->err, "%s/anat/%s_label-liver_desc-%s_mask.nii.gz",
                               w->request->result->folder, w->run->label, reader);
    int rc = folder == NULL || lesions == NULL || liver == NULL ? HEP_ENOMEM
                                                                : hep_mkdir_p(folder, w->err);

    if (rc == HEP_OK)
        rc = hep_nifti_write_labels(lesions, w->kept, NULL, w->err);
    if (rc == HEP_OK && w->answers.liver_mask != NULL)
        rc = hep_nifti_write_labels(liver, w->answers.liver_mask, NULL, w->err);
    free(folder);
    free(lesions);
    free(liver);
    return rc;
}

static int write_all(struct hep_review_outcome *out, const struct work *w)
{
    struct hep_table table = { 0 };
    struct hep_json *doc = NULL;
    struct hep_str tsv = { 0 };
    char *kind = hep_asprintf(w->err, "desc-%s_lesions", w->answers.reader), *path = NULL;
    int rc = kind == NULL ? HEP_ENOMEM : hep_reviewed_table(&table, w->list, w->n, w->err);

    if (rc == HEP_OK)
        rc = make_document(&doc, w, &table);
    if (rc == HEP_OK) {
        hep_table_tsv(&tsv, &table);
        path = path_in(w, kind, ".tsv");
        out->json = path_in(w, kind, ".json");
        rc = path == NULL || out->json == NULL ? HEP_ENOMEM : hep_str_check(&tsv, w->err);
    }
    if (rc == HEP_OK)
        rc = write_labels(w);
    if (rc == HEP_OK)
        rc = hep_file_write(path, tsv.s, tsv.len, w->err);
    if (rc == HEP_OK)
        rc = hep_json_write(out->json, doc, w->err);
    hep_table_release(&table);
    hep_str_release(&tsv);
    hep_json_free(doc);
    free(kind);
    free(path);
    return rc;
}

static void count(struct hep_review_outcome *out, const struct work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct hep_reviewed *r = &w->list[i];
        const bool kept = r->verdict == HEP_VERDICT_ACCEPTED;

        out->accepted += kept;
        out->added += kept && r->answer.added;
        out->changed += kept && r->changed && !r->answer.added;
        out->rejected += r->verdict == HEP_VERDICT_REJECTED;
        out->not_reviewed += r->verdict == HEP_VERDICT_OPEN;
    }
}

int hep_review_apply(struct hep_review_outcome *out, const struct hep_review_request *request,
                     struct hep_error *err)
{
    struct work w = { .request = request, .run = &request->result->run, .err = err };
    int rc = open_result(&w);

    if (rc == HEP_OK)
        rc = read_answers(&w);
    if (rc == HEP_OK)
        rc = list_lesions(&w);
    if (rc == HEP_OK)
        rc = keep_labels(&w);
    if (rc == HEP_OK)
        rc = measure_again(&w);
    for (size_t i = 0; rc == HEP_OK && i < w.n; i++)
        hep_reviewed_settle(&w.list[i], w.answers.reader);
    if (rc == HEP_OK)
        rc = write_all(out, &w);
    if (rc == HEP_OK)
        count(out, &w);
    release(&w);
    return rc;
}
