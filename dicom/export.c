#include "dicom/export.h"

#include "base/alloc.h"
#include "base/file.h"
#include "dicom/export_parts.h"
#include "dicom/program.h"
#include "image/volume.h"
#include "pipeline/results/alignment.h"
#include "pipeline/results/findings.h"
#include "pipeline/results/roles.h"
#include "pipeline/stages/aligned.h"
#include "report/reopen.h"
#include "terms/finding_json.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

struct results {
    struct hep_reopened reopened;
    const struct hep_labels *liver, *anatomy, *lesions; /* borrowed from the run; NULL absent */
    const struct hep_found *found;
    const struct hep_grid *grid;
    double time_s; /* of the reference series after injection; NaN */
};

static int read_results(struct results *r, const struct hep_export_settings *s, struct hep_log *log,
                        struct hep_error *err)
{
    struct hep_run *run = &r->reopened.run;
    const struct hep_roles *roles = NULL;
    int rc = hep_reopen(&r->reopened, s->study_out, NULL, s->nthreads, log, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "liver", &r->liver, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "anatomy", &r->anatomy, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "lesions", &r->lesions, err);
    if (rc == HEP_OK)
        rc = hep_run_findings(run, &r->found, err);
    if (rc == HEP_OK)
        rc = hep_run_roles(run, &roles, err);
    if (rc != HEP_OK)
        return rc;
    r->grid = r->liver != NULL ? &r->liver->grid : r->lesions != NULL ? &r->lesions->grid : NULL;
    r->time_s = (double)NAN;
    for (size_t i = 0; roles != NULL && i < roles->n_series; i++)
        if (strcmp(hep_role_name(roles->series[i].role), hep_reference_name(run)) == 0)
            r->time_s = roles->series[i].time_since_injection_s;
    if (r->grid == NULL)
        return HEP_FAIL(err, HEP_EDATA, "%s: there is neither a liver nor a lesion to export",
                        s->study_out);
    return HEP_OK;
}

/* The liver, the organs beside it, then the lesions. */
static int list_segments(struct hep_export_source *out, const struct results *r,
                         struct hep_error *err)
{
    const size_t n_lesions = r->lesions != NULL && r->found != NULL ? r->found->findings.n : 0;
    int rc = HEP_NEW(out->segment, (size_t)HEP_ANATOMY_COUNT + n_lesions, err);

    if (rc != HEP_OK)
        return rc;
    if (r->liver != NULL)
        out->segment[out->n_segments++] =
            (struct hep_segment){ r->liver, 1, HEP_ANATOMY_LIVER, NULL };
    for (int organ = HEP_ANATOMY_AORTA; r->anatomy != NULL && organ < HEP_ANATOMY_COUNT; organ++) {
        const size_t n = hep_grid_voxels(&r->anatomy->grid);
        size_t i = 0;

        while (i < n && r->anatomy->data[i] != organ)
            i++;
        if (i < n)
            out->segment[out->n_segments++] =
                (struct hep_segment){ r->anatomy, organ, (enum hep_anatomy)organ, NULL };
    }
    for (size_t i = 0; i < n_lesions; i++)
        out->segment[out->n_segments++] =
            (struct hep_segment){ r->lesions, r->found->findings.list[i].id, HEP_ANATOMY_NONE,
                                  &r->found->findings.list[i] };
    return HEP_OK;
}

/* Every number that the report may hold, as text. */
static int write_numbers(struct hep_str *text, const struct results *r, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *findings =
        r->found != NULL ? hep_findings_json(&put, &r->found->findings) : hep_json_new_array();
    char *line = NULL;

    if (put.rc == HEP_OK)
        put.rc = hep_json_dump_line(&line, findings, err);
    if (put.rc == HEP_OK)
        hep_str_add(text, line);
    for (int m = 0; m < (int)HEP_MEASURE_COUNT; m++)
        if (hep_measure_row((enum hep_measure)m)->subject == HEP_SUBJECT_LIVER)
            hep_str_addf(
                text, " %.9g",
                hep_liver_value_of(r->reopened.measures, r->found, (enum hep_measure)m).value);
    hep_json_free(findings);
    free(line);
    return put.rc == HEP_OK ? hep_str_check(text, err) : put.rc;
}

/* Hash of what the objects are made of: the label maps and the numbers. */
static int hash_content(char hex[HEP_SHA256_HEX], const struct results *r, struct hep_error *err)
{
    const struct hep_labels *maps[] = { r->liver, r->anatomy, r->lesions };
    struct hep_str text = { 0 };
    struct hep_sha256 *h = NULL;
    int rc = hep_sha256_new(&h, err);

    for (size_t i = 0; rc == HEP_OK && i < sizeof maps / sizeof maps[0]; i++)
        if (maps[i] != NULL)
            rc = hep_sha256_add(h, maps[i]->data,
                                hep_grid_voxels(&maps[i]->grid) * sizeof maps[i]->data[0], err);
    if (rc == HEP_OK)
        rc = write_numbers(&text, r, err);
    if (rc == HEP_OK)
        rc = hep_sha256_add(h, text.s, text.len, err);
    if (rc == HEP_OK)
        rc = hep_sha256_end(h, hex, err);
    hep_sha256_free(h);
    hep_str_release(&text);
    return rc;
}

/* ---- sending -------------------------------------------------------------------------------- */

struct archive {
    char aet[17], host[256], port[8];
};

static int parse_archive(struct archive *a, const char *text, struct hep_error *err)
{
    const char *at = strchr(text, '@'), *colon = strrchr(text, ':');
    long port = 0;

    if (at == NULL || colon == NULL || colon < at || at == text || at - text > 16 ||
        colon - at < 2 || colon - at > 255 || hep_parse_long(&port, colon + 1, NULL) != HEP_OK ||
        port < 1 || port > 65535)
        return HEP_FAIL(err, HEP_EUSAGE, "--send %s: AET@HOST:PORT is wanted, as PACS@10.0.0.5:104",
                        text);
    (void)snprintf(a->aet, sizeof a->aet, "%.*s", (int)(at - text), text);
    (void)snprintf(a->host, sizeof a->host, "%.*s", (int)(colon - at - 1), at + 1);
    (void)snprintf(a->port, sizeof a->port, "%ld", port);
    return HEP_OK;
}

static int send_objects(const struct archive *a, const char *const *paths, size_t n,
                        const char *work, struct hep_error *err)
{
    char *console = hep_path_join(work, "storescu.txt", err);
    const char *argv[20] = {
        "storescu", "-q", "-R", "-to", "30", "-aec", a->aet, a->host, a->port
    };
    struct hep_process_end end;
    size_t k = 9;
    int rc = console != NULL ? HEP_OK : HEP_ENOMEM;

    for (size_t i = 0; i < n; i++)
        argv[k++] = paths[i];
    if (rc == HEP_OK)
        rc = hep_program_run(&end, argv, console, "dcmtk", err);
    if (rc == HEP_OK && end.code != 0)
        rc = HEP_FAIL(
            err, HEP_ETEMP,
            "%s@%s:%s: the archive cannot be reached or refuses the objects, which stay in "
            "their folder",
            a->aet, a->host, a->port);
    free(console);
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int write_object(struct hep_export_source *s, const char *folder, const char *what,
                        int (*write)(const struct hep_export_source *, struct hep_error *),
                        char **path, struct hep_error *err)
{
    int rc;

    *path = hep_asprintf(err, "%s/%s_%s.dcm", folder, s->label, what);
    if (*path == NULL)
        return HEP_ENOMEM;
    s->path = *path;
    rc = write(s, err);
    return rc;
}

static int write_all(struct hep_export_source *source, const struct hep_export_settings *s,
                     struct hep_error *err)
{
    static const struct {
        const char *what;
        int (*write)(const struct hep_export_source *, struct hep_error *);
    } kinds[] = { { "seg", hep_export_seg }, { "sr", hep_export_sr } };
    const bool wanted[] = { s->seg, s->sr };
    struct archive archive;
    char *path[2] = { NULL };
    size_t n = 0;
    int rc = s->send != NULL ? parse_archive(&archive, s->send, err) : HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < 2; i++)
        if (wanted[i])
            rc = write_object(source, s->folder, kinds[i].what, kinds[i].write, &path[n++], err);
    if (rc == HEP_OK && s->send != NULL)
        rc = send_objects(&archive, (const char *const *)path, n, source->work, err);
    for (size_t i = 0; i < n; i++)
        free(path[i]);
    return rc;
}

int hep_dicom_export(const struct hep_export_settings *settings, struct hep_log *log,
                     struct hep_error *err)
{
    struct results r = { .liver = NULL };
    struct hep_original original = { .n = 0 };
    struct hep_export_source source = { 0 };
    char content[HEP_SHA256_HEX], *work = NULL;
    int rc = read_results(&r, settings, log, err);

    if (rc == HEP_OK)
        rc = hash_content(content, &r, err);
    if (rc == HEP_OK)
        rc = hep_mkdir_p(settings->folder, err);
    if (rc == HEP_OK) {
        work = hep_asprintf(err, "%s/.export-%ld", settings->folder, (long)getpid());
        rc = work != NULL ? hep_mkdir_p(work, err) : HEP_ENOMEM;
    }
    if (rc == HEP_OK)
        rc = hep_original_find(&original, settings->dicom, r.grid, r.time_s, work, err);
    if (rc == HEP_OK)
        rc = list_segments(&source, &r, err);
    if (rc == HEP_OK) {
        source.label = r.reopened.run.label;
        source.original = &original;
        source.grid = r.grid;
        source.found = r.found;
        source.measures = r.reopened.measures;
        source.content = content;
        source.work = work;
        rc = write_all(&source, settings, err);
    }
    if (work != NULL && hep_is_dir(work) &&
        hep_remove_tree(work, rc == HEP_OK ? err : NULL) != HEP_OK && rc == HEP_OK)
        rc = HEP_EIO;
    free(source.segment);
    free(work);
    hep_original_release(&original);
    hep_reopened_release(&r.reopened);
    return rc;
}
