#include "validation/validate.h"

#include "base/file.h"
#include "base/json_put.h"
#include "validation/report.h"
#include "validation/share.h"

#include <math.h>
#include <stdlib.h>

void hep_validated_release(struct hep_validated *v)
{
    hep_str_release(&v->summary);
    free(v->report);
    free(v->archive);
    *v = (struct hep_validated){ 0 };
}

void hep_validate_links(char out[16], const char *bids_dir)
{
    char *path = hep_path_join(bids_dir, "derivatives/truth/truth.json", NULL);
    struct hep_json *json = NULL;
    const char *text;

    out[0] = '\0';
    if (path != NULL && hep_is_file(path) && hep_json_read(&json, path, NULL) == HEP_OK) {
        text = hep_json_string(hep_json_get(json, "links"));
        (void)snprintf(out, 16, "%.15s", text != NULL ? text : "");
    }
    hep_json_free(json);
    free(path);
}

/* Pictures of an earlier report, of which there may have been more. */
static void remove_pictures(const char *dir)
{
    for (int i = 1; i <= 10; i++) {
        char *path = hep_asprintf(NULL, "%s/worst-%d.png", dir, i);

        if (path != NULL)
            (void)remove(path);
        free(path);
    }
}

static int write_report(struct hep_validated *out, const struct hep_validation *v,
                        struct hep_error *err)
{
    struct hep_document d = { 0 };
    int rc;

    remove_pictures(v->dir);
    rc = hep_validation_write(&d, v, err);
    if (rc == HEP_OK)
        rc = hep_str_write(&d.page, v->dir, "report.html", err);
    if (rc == HEP_OK)
        rc = hep_str_write(&d.markdown, v->dir, "report.md", err);
    if (rc == HEP_OK) {
        out->report = hep_path_join(v->dir, "report.html", err);
        rc = out->report != NULL ? HEP_OK : HEP_ENOMEM;
    }
    hep_document_release(&d);
    return rc;
}

/* ---- figures for programs -------------------------------------------------------------------- */

/* The evaluation's figures without the list of studies, with what the runs say of themselves. */
static int figures_json(struct hep_json **out, const struct hep_validation *v,
                        struct hep_error *err)
{
    const struct hep_set_facts *f = v->facts;
    struct hep_json *root = hep_json_new_object(), *whole = NULL, *flags = hep_json_new_object();
    static const char *const kept[] = { "detection",
                                        "metastasis",
                                        "patients",
                                        "confusion",
                                        "classes_of_the_set",
                                        "classes_of_persons",
                                        "calibration",
                                        "liver",
                                        "bootstrap",
                                        "match",
                                        "flags" };
    struct hep_put p = { hep_evaluated_json(&whole, v->e, err), err };
    const char *set = hep_json_string(hep_json_get(f->truth, "set"));

    hep_put_text(&p, root, "set", set);
    hep_put_bool(&p, root, "given", v->q->given);
    hep_put_text(&p, root, "version", f->version);
    hep_put_count(&p, root, "studies", v->e->n_studies);
    hep_put_count(&p, root, "persons", v->e->n_patients);
    hep_put_count(&p, root, "lesions", v->e->n_lesions);
    hep_put_count(&p, root, "excluded", f->n_excluded);
    hep_put_text(&p, root, "inputs_sha256", f->inputs_sha256);
    hep_put_number(&p, root, "flags_assessable", f->flag_fraction);
    hep_put_number(&p, root, "seconds_median", f->n_seconds > 0 ? f->seconds_median : (double)NAN);
    hep_put_number(&p, root, "peak_memory_bytes", f->peak_bytes);
    hep_put_number(&p, root, "result_bytes", f->bytes_out);
    hep_put_count(&p, root, "series_typed", f->n_typed);
    hep_put_count(&p, root, "series_type_right", f->n_type_right);
    for (int k = 0; k < HEP_FLAG_COUNT; k++)
        hep_put_number(&p, flags, f->flag[k].flag, f->flag[k].fraction);
    hep_put(&p, root, "flag_assessable", flags);
    for (size_t i = 0; p.rc == HEP_OK && i < sizeof kept / sizeof kept[0]; i++)
        if (hep_json_get(whole, kept[i]) != NULL)
            hep_put(&p, root, kept[i], hep_json_copy(hep_json_get(whole, kept[i])));
    hep_json_free(whole);
    return hep_put_done(&p, out, root);
}

/* ---- archive --------------------------------------------------------------------------------- */

static int write_archive(struct hep_validated *out, const struct hep_validation *v,
                         const struct hep_json *figures, struct hep_error *err)
{
    struct hep_validation shared = *v;
    struct hep_document d = { 0 };
    struct hep_str lesions = { 0 };
    char *json = NULL;
    int rc;

    shared.anonymous = true;
    rc = hep_validation_write(&d, &shared, err);
    if (rc == HEP_OK)
        rc = hep_share_lesions(&lesions, v->e, err);
    if (rc == HEP_OK)
        rc = hep_json_dump(&json, figures, err);
    if (rc == HEP_OK) {
        const struct hep_shared_file files[] = {
            { "hepar-validation/report.md", d.markdown.s, d.markdown.len },
            { "hepar-validation/validation.json", json, strlen(json) },
            { "hepar-validation/lesions.tsv", lesions.s, lesions.len },
        };

        out->archive = hep_path_join(v->dir, "share.tar.gz", err);
        rc = out->archive != NULL
                 ? hep_share_write(out->archive, files, sizeof files / sizeof files[0], err)
                 : HEP_ENOMEM;
    }
    hep_document_release(&d);
    hep_str_release(&lesions);
    free(json);
    return rc;
}

int hep_validate(struct hep_validated *out, const struct hep_validate_request *request,
                 struct hep_error *err)
{
    const struct hep_evaluate_opts opts = { .rule = HEP_MATCH_BOTH,
                                            .replicates = HEP_BOOTSTRAP_REPLICATES,
                                            .seed = request->seed,
                                            .nthreads = request->nthreads,
                                            .log = request->log };
    struct hep_evaluated e = { 0 };
    struct hep_set_facts facts = { 0 };
    struct hep_json *figures = NULL;
    char *truth = request->truth != NULL
                      ? hep_strdup(request->truth, err)
                      : hep_path_join(request->bids_dir, "derivatives/truth", err),
         *dir = hep_path_join(request->out_dir, "validation", err);
    struct hep_validation v = { .q = request,
                                .e = &e,
                                .facts = &facts,
                                .dir = dir,
                                .where = { request->bids_dir, request->out_dir, truth } };
    int rc = truth != NULL && dir != NULL
                 ? hep_evaluate_folders(&e, request->out_dir, truth, &opts, err)
                 : HEP_ENOMEM;

    *out = (struct hep_validated){ 0 };
    if (rc == HEP_OK)
        rc = hep_evaluated_write(&e, dir, err);
    if (rc == HEP_OK)
        rc = hep_set_facts_read(&facts, &e, &v.where, err);
    if (rc == HEP_OK)
        rc = write_report(out, &v, err);
    if (rc == HEP_OK)
        rc = figures_json(&figures, &v, err);
    if (rc == HEP_OK)
        rc = hep_json_write_in(dir, "validation.json", figures, err);
    if (rc == HEP_OK && request->share)
        rc = write_archive(out, &v, figures, err);
    if (rc == HEP_OK)
        hep_evaluated_text(&out->summary, &e);
    out->n_studies = e.n_studies;
    for (size_t s = 0; s < e.n_studies; s++)
        out->n_done += e.entry[s].state == HEP_EVAL_DONE;
    hep_json_free(figures);
    hep_set_facts_release(&facts);
    hep_evaluated_release(&e);
    free(truth);
    free(dir);
    return rc;
}
