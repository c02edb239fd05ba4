#include "pipeline/save.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "image/nifti.h"
#include "pipeline/products.h"
#include "pipeline/writer.h"
#include "sequences/inventory.h"
#include "terms/flag.h"

#include <omp.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A file's place in the list; its size and hash follow. */
static int add_written(size_t *index, struct hep_run *run, const char *relative,
                       struct hep_error *err)
{
    struct hep_written *w;
    int rc = HEP_GROW(run->written, run->n_written, err);

    if (rc != HEP_OK)
        return rc;
    w = &run->written[run->n_written];
    w->stage = run->current;
    w->path = hep_strdup(relative, err);
    if (w->path == NULL)
        return HEP_ENOMEM;
    *index = run->n_written++;
    return HEP_OK;
}

int hep_save_note(struct hep_run *run, const char *relative, const char *sha256,
                  struct hep_error *err)
{
    char *path = hep_path_join(run->out.tmp, relative, err);
    size_t index = 0;
    struct stat st;
    int rc = path != NULL ? add_written(&index, run, relative, err) : HEP_ENOMEM;

    if (rc == HEP_OK && stat(path, &st) != 0)
        rc = HEP_FAIL(err, HEP_EIO, "%s: vanished while it was being written", path);
    if (rc == HEP_OK) {
        struct hep_written *w = &run->written[index];

        w->bytes = (size_t)st.st_size;
        if (sha256 != NULL)
            (void)snprintf(w->sha256, sizeof w->sha256, "%s", sha256);
        else
            rc = hep_sha256_file(w->sha256, path, err);
    }
    free(path);
    return rc;
}

int hep_run_put_file(struct hep_run *run, const char *path, const void *data, size_t n,
                     struct hep_error *err)
{
    char *full = hep_outdir_path(&run->out, path, err);
    int rc;

    if (full == NULL)
        return err != NULL ? (int)err->code : HEP_ENOMEM;
    rc = hep_file_write(full, data, n, err);
    if (rc == HEP_OK)
        rc = hep_save_note(run, path, NULL, err);
    free(full);
    return rc;
}

/* "anat/sub-01_desc-x_FFmap" + extension; heap. */
static char *product_file(const struct hep_run *run, const struct hep_product *p, const char *ext,
                          struct hep_error *err)
{
    const char *pattern = p->slot->file, *mark = strstr(pattern, "%s");

    if (mark == NULL)
        return hep_asprintf(err, "%s%s", pattern, ext);
    return hep_asprintf(err, "%.*s%s%s%s", (int)(mark - pattern), pattern, run->label, mark + 2,
                        ext);
}

/* What a product was made of, as files: series relative to the study, masks from elsewhere by their
 * names, products of this dataset as BIDS URIs. */
static int add_sources(struct hep_json *sources, const struct hep_run *run,
                       const struct hep_product *in, struct hep_error *err)
{
    const struct hep_series *series = in->series;
    char *file = NULL, *uri = NULL;
    int rc = HEP_OK;

    for (size_t i = 0; series != NULL && rc == HEP_OK && i < series->n_paths; i++)
        rc = hep_json_append(sources,
                             hep_json_new_string(series->n_paths > 1
                                                     ? hep_run_relative(run, series->path[i])
                                                     : series->name),
                             err);
    if (series != NULL)
        return rc;
    if (in->left_out)
        return HEP_OK; /* there is no file to point to */
    if (in->slot->file == NULL)
        return in->path == NULL
                   ? HEP_OK
                   : hep_json_append(sources, hep_json_new_string(hep_run_relative(run, in->path)),
                                     err);
    file = product_file(run, in, ".nii.gz", err);
    uri = file != NULL
              ? hep_asprintf(err, "bids::sub-%s%s%s/%s", run->inventory->subject,
                             run->inventory->session != NULL ? "/ses-" : "",
                             run->inventory->session != NULL ? run->inventory->session : "", file)
              : NULL;
    rc = uri == NULL ? HEP_ENOMEM : hep_json_append(sources, hep_json_new_string(uri), err);
    free(file);
    free(uri);
    return rc;
}

/* The file in whose space a product lies: what its stage says, else the first series on its grid that
 * the stage reads, in the order in which a series becomes the reference. */
static int add_space(struct hep_json *sidecar, const struct hep_run *run,
                     const struct hep_product *p, struct hep_error *err)
{
    const struct hep_grid *grid = p->volume != NULL   ? &p->volume->grid
                                  : p->labels != NULL ? &p->labels->grid
                                                      : NULL;
    const struct hep_series *series =
        grid != NULL ? hep_products_series_on(run, run->stages[run->current]->inputs, grid) : NULL;

    if (series == NULL ||
        hep_json_type(hep_json_get(sidecar, "SpatialReference")) != HEP_JSON_MISSING)
        return HEP_OK;
    return hep_json_set(sidecar, "SpatialReference", hep_json_new_string(series->name), err);
}

/* Sidecar keys that every map has; Sources may be narrowed by the stage. */
static int finish_sidecar(const struct hep_run *run, const struct hep_product *p,
                          struct hep_json *sidecar, struct hep_error *err)
{
    struct hep_json *sources = hep_json_new_array();
    int rc = HEP_OK;

    for (const struct hep_slot *s = run->stages[run->current]->inputs;
         rc == HEP_OK && s->name != NULL; s++) {
        const struct hep_product *in = hep_product_find(run, s->name);

        if (in != NULL && hep_product_usable(in) && s->kind != HEP_SLOT_STRUCT)
            rc = add_sources(sources, run, in, err);
    }
    if (rc == HEP_OK && hep_json_type(hep_json_get(sidecar, "Sources")) == HEP_JSON_MISSING)
        rc = hep_json_set(sidecar, "Sources", hep_json_copy(sources), err);
    hep_json_free(sources);
    if (rc == HEP_OK)
        rc = hep_json_set(sidecar, "SkullStripped", hep_json_new_bool(false), err);
    if (rc == HEP_OK)
        rc = hep_json_set(sidecar, "Units", hep_json_new_string(hep_unit_text(p->slot->unit)), err);
    if (rc == HEP_OK)
        rc = add_space(sidecar, run, p, err);
    if (rc == HEP_OK && p->slot->doc != NULL)
        rc = hep_json_set(sidecar, "Description", hep_json_new_string(p->slot->doc), err);
    return rc;
}

static int save_sidecar(struct hep_run *run, struct hep_product *p, struct hep_json *sidecar,
                        struct hep_error *err)
{
    struct hep_json *own = sidecar == NULL ? hep_json_new_object() : NULL;
    struct hep_json *use = sidecar == NULL ? own : sidecar;
    char *file = product_file(run, p, ".json", err), *text = NULL;
    int rc = file == NULL ? HEP_ENOMEM : finish_sidecar(run, p, use, err);

    if (rc == HEP_OK)
        rc = hep_json_dump(&text, use, err);
    if (rc == HEP_OK)
        rc = hep_run_put_file(run, file, text, strlen(text), err);
    free(text);
    free(file);
    hep_json_free(own);
    return rc;
}

int hep_save_product(struct hep_run *run, struct hep_product *p, struct hep_json *sidecar,
                     struct hep_error *err)
{
    struct hep_write_job job = { .volume = p->volume, .labels = p->labels };
    char *file = product_file(run, p, ".nii.gz", err);
    double start = omp_get_wtime();
    int rc = HEP_OK;

    job.opts = (struct hep_nifti_write_opts){ .unit = p->slot->unit,
                                              .gzip_level = run->gzip_level,
                                              .vectors = hep_slot_is_vectors(p->slot),
                                              .nthreads = 1 };
    if (file == NULL)
        rc = HEP_ENOMEM;
    else if ((p->path = hep_outdir_path(&run->out, file, err)) == NULL)
        rc = err != NULL ? (int)err->code : HEP_ENOMEM;
    job.path = p->path;
    if (rc == HEP_OK && run->writer == NULL)
        rc = hep_writer_new(&run->writer, run->nthreads, err);
    if (rc == HEP_OK)
        rc = add_written(&job.index, run, file, err);
    if (rc == HEP_OK)
        rc = hep_writer_put(run->writer, &job, err);
    if (rc == HEP_OK)
        rc = save_sidecar(run, p, sidecar, err);
    run->write_s += omp_get_wtime() - start;
    free(file);
    return rc;
}

static bool says_status(const char *key)
{
    return strcmp(key, "Status") == 0 || strcmp(key, "StatusReason") == 0;
}

/* The sidecar with another status. */
static int with_status(struct hep_json **out, const struct hep_json *sidecar, const char *reason,
                       struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object();
    const struct hep_json *value = NULL;

    for (size_t i = 0; i < hep_json_size(sidecar); i++) {
        const char *key = hep_json_key_at(sidecar, i, &value);

        if (!says_status(key))
            hep_put(&put, o, key, hep_json_copy(value));
    }
    if (reason != NULL) {
        hep_put_text(&put, o, "Status", hep_flag_state_name(HEP_FLAG_NOT_ASSESSABLE));
        hep_put_text(&put, o, "StatusReason", reason);
    }
    if (put.rc == HEP_OK)
        *out = o;
    else
        hep_json_free(o);
    return put.rc;
}

/* Put another content in the place of a file that is in the list. */
static int replace_file(struct hep_run *run, const char *relative, const char *path,
                        const struct hep_json *json, struct hep_error *err)
{
    char *text = NULL;
    int rc = hep_json_dump(&text, json, err);

    if (rc == HEP_OK)
        rc = hep_file_write(path, text, strlen(text), err);
    for (size_t i = 0; rc == HEP_OK && i < run->n_written; i++) {
        struct hep_written *w = &run->written[i];

        if (strcmp(w->path, relative) != 0)
            continue;
        w->bytes = strlen(text);
        rc = hep_sha256_file(w->sha256, path, err);
    }
    free(text);
    return rc;
}

int hep_save_status(struct hep_run *run, const struct hep_product *p, const char *reason,
                    struct hep_error *err)
{
    char *relative = p->slot->file != NULL ? product_file(run, p, ".json", err) : NULL;
    char *path = relative != NULL ? hep_outdir_path(&run->out, relative, err) : NULL;
    struct hep_json *now = NULL, *then = NULL;
    const char *said;
    int rc = HEP_OK;

    if (p->slot->file == NULL)
        return HEP_OK;
    rc = path == NULL ? HEP_ENOMEM : hep_json_read(&now, path, err);
    if (rc != HEP_OK)
        goto out;
    said = hep_json_string(hep_json_get(now, "StatusReason"));
    if (reason == NULL ? said == NULL : said != NULL && strcmp(said, reason) == 0)
        goto out;
    rc = with_status(&then, now, reason, err);
    if (rc == HEP_OK)
        rc = replace_file(run, relative, path, then, err);
out:
    hep_json_free(now);
    hep_json_free(then);
    free(relative);
    free(path);
    return rc;
}

int hep_save_settle(struct hep_run *run, struct hep_error *err)
{
    const struct hep_write_result *results = NULL;
    double start = omp_get_wtime();
    size_t n = 0;
    int rc = run->writer != NULL ? hep_writer_wait(run->writer, &results, &n, err) : HEP_OK;

    for (size_t i = 0; i < n; i++) {
        struct hep_written *w = &run->written[results[i].index];

        w->bytes = results[i].bytes;
        memcpy(w->sha256, results[i].sha256, sizeof w->sha256);
    }
    run->write_s += omp_get_wtime() - start;
    return rc;
}
