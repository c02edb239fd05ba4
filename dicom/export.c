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
#include "sequences/lines.h"
#include "terms/finding_json.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

struct results {
    struct hep_reopened reopened;
    const struct hep_labels *liver, *anatomy, *lesions; /* borrowed from the run; NULL absent */
    const struct hep_found *found;
    const struct hep_roles *roles;
    const struct hep_grid *grid;
};

/* Of a series after injection, by its role; NaN unknown. */
static double time_of(const struct results *r, const char *role)
{
    for (size_t i = 0; role != NULL && r->roles != NULL && i < r->roles->n_series; i++)
        if (strcmp(hep_role_name(r->roles->series[i].role), role) == 0)
            return r->roles->series[i].time_since_injection_s;
    return (double)NAN;
}

static int read_results(struct results *r, const struct hep_export_settings *s, struct hep_log *log,
                        struct hep_error *err)
{
    struct hep_run *run = &r->reopened.run;
    int rc = hep_reopen(&r->reopened, s->study_out, NULL, s->nthreads, log, err);

    if (rc == HEP_OK && s->reader != NULL)
        rc = hep_reopened_as_read(&r->reopened, s->reader, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "liver", &r->liver, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "anatomy", &r->anatomy, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "lesions", &r->lesions, err);
    if (rc == HEP_OK)
        rc = hep_run_findings(run, &r->found, err);
    if (rc == HEP_OK)
        rc = hep_run_roles(run, &r->roles, err);
    if (rc != HEP_OK)
        return rc;
    r->grid = r->liver != NULL ? &r->liver->grid : r->lesions != NULL ? &r->lesions->grid : NULL;
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

static int hash_map(char hex[HEP_SHA256_HEX], const struct hep_volume *map, struct hep_error *err)
{
    return hep_sha256_memory(hex, map->data, hep_grid_voxels(&map->grid) * sizeof map->data[0],
                             err);
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

static int send_objects(const struct archive *a, const struct hep_lines *paths, const char *work,
                        struct hep_error *err)
{
    const char *const options[] = { "storescu", "-q",   "-R",    "-to",  "30",
                                    "-aec",     a->aet, a->host, a->port };
    enum { N_OPTIONS = sizeof options / sizeof options[0] };
    char *console = hep_path_join(work, "storescu.txt", err);
    const char **argv = hep_calloc(N_OPTIONS + paths->n + 1, sizeof(char *), err);
    struct hep_process_end end;
    int rc = console != NULL && argv != NULL ? HEP_OK : HEP_ENOMEM;

    for (size_t i = 0; rc == HEP_OK && i < N_OPTIONS; i++)
        argv[i] = options[i];
    for (size_t i = 0; rc == HEP_OK && i < paths->n; i++)
        argv[N_OPTIONS + i] = paths->line[i];
    if (rc == HEP_OK)
        rc = hep_program_run(&end, argv, console, "dcmtk", err);
    if (rc == HEP_OK && end.code != 0)
        rc = HEP_FAIL(err, HEP_ETEMP,
                      "%s@%s:%s: the archive cannot be reached or refuses the objects, which stay "
                      "in their folder",
                      a->aet, a->host, a->port);
    free((void *)argv);
    free(console);
    return rc;
}

/* ---- objects -------------------------------------------------------------------------------- */

/* FOLDER/LABEL_what.dcm is the next object. */
static int name_object(struct hep_export_source *s, struct hep_lines *paths, const char *folder,
                       const char *what, struct hep_error *err)
{
    int rc = hep_lines_addf(paths, err, "%s/%s_%s.dcm", folder, s->label, what);

    if (rc == HEP_OK)
        s->path = paths->line[paths->n - 1];
    return rc;
}

/* The series that was read for each map of which no time tells the series, where only one lies there. */
static int add_maps(struct hep_library *l, struct results *r, const struct hep_originals *originals,
                    struct hep_error *err)
{
    int rc = HEP_OK;

    for (int k = 0; rc == HEP_OK && k < HEP_MEASURE_MAPS; k++) {
        const enum hep_measure m = hep_measure_map(k);
        const struct hep_volume *map = NULL;
        struct hep_original original = { 0 };

        if (!hep_run_knows(&r->reopened.run, hep_measure_product(m)) ||
            isfinite(time_of(r, hep_measure_series(m))))
            continue;
        rc = hep_run_volume(&r->reopened.run, hep_measure_product(m), &map, err);
        if (rc == HEP_OK && map != NULL &&
            hep_original_find(&original, originals, &map->grid, (double)NAN, NULL) == HEP_OK &&
            !original.is_guess)
            rc = hep_library_add_original(l, &original, err);
        hep_original_release(&original);
    }
    return rc;
}

/* The reference, and every series of which the results tell when it was acquired, or which lies alone where a map does. */
static int collect_library(struct hep_library *l, struct results *r,
                           const struct hep_original *reference,
                           const struct hep_originals *originals, struct hep_error *err)
{
    int rc = hep_library_add_original(l, reference, err);

    for (size_t i = 0; rc == HEP_OK && r->roles != NULL && i < r->roles->n_series; i++)
        rc = hep_library_add_time(l, reference->study, r->roles->series[i].time_since_injection_s,
                                  err);
    return rc == HEP_OK ? add_maps(l, r, originals, err) : rc;
}

static int write_labels(const struct hep_export_source *common, struct hep_lines *paths,
                        struct results *r, const struct hep_originals *originals,
                        const struct hep_export_settings *settings, struct hep_error *err)
{
    struct hep_export_source s = *common;
    struct hep_original original = { 0 };
    struct hep_library library = { 0 };
    char content[HEP_SHA256_HEX];
    int rc = hash_content(content, r, err);

    if (rc == HEP_OK)
        rc = hep_original_find(&original, originals, r->grid,
                               time_of(r, hep_reference_name(&r->reopened.run)), err);
    if (rc == HEP_OK)
        rc = list_segments(&s, r, err);
    if (rc == HEP_OK)
        rc = collect_library(&library, r, &original, originals, err);
    s.library = &library;
    s.original = &original;
    s.grid = r->grid;
    s.content = content;
    if (rc == HEP_OK && settings->seg)
        rc = name_object(&s, paths, settings->folder, "seg", err);
    if (rc == HEP_OK && settings->seg)
        rc = hep_export_seg(&s, err);
    if (rc == HEP_OK && settings->sr)
        rc = name_object(&s, paths, settings->folder, "sr", err);
    if (rc == HEP_OK && settings->sr)
        rc = hep_export_sr(&s, err);
    free(s.segment);
    free((void *)library.series);
    hep_original_release(&original);
    return rc;
}

/* LABEL_mr-adc is a folder of images. */
static int write_mr(struct hep_export_source *s, struct hep_lines *paths, enum hep_measure m,
                    const struct hep_volume *map, const char *folder, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    char *path = hep_asprintf(err, "%s/%s_mr-%s", folder, s->label, hep_measure_product(m));
    int rc = path != NULL ? HEP_OK : HEP_ENOMEM;

    s->path = path;
    if (rc == HEP_OK)
        rc = hep_export_mr(s, m, map, err);
    if (rc == HEP_OK)
        rc = hep_listing_read(&list, path, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++)
        rc = hep_lines_addf(paths, err, "%s/%s", path, list.names[i]);
    hep_listing_release(&list);
    free(path);
    return rc;
}

static int write_map(const struct hep_export_source *common, struct hep_lines *paths,
                     enum hep_measure m, const struct hep_volume *map,
                     const struct hep_original *original,
                     const struct hep_export_settings *settings, struct hep_error *err)
{
    struct hep_export_source s = *common;
    char content[HEP_SHA256_HEX];
    int rc = hash_map(content, map, err);

    s.original = original;
    s.grid = &map->grid;
    s.content = content;
    if (rc == HEP_OK && settings->maps)
        rc = name_object(&s, paths, settings->folder, hep_measure_product(m), err);
    if (rc == HEP_OK && settings->maps)
        rc = hep_export_map(&s, m, map, err);
    if (rc == HEP_OK && settings->mr)
        rc = write_mr(&s, paths, m, map, settings->folder, err);
    return rc;
}

/* Maps of series whose originals are not there are left out with a warning; that no map can be written is a failure. */
static int write_maps(const struct hep_export_source *s, struct hep_lines *paths, struct results *r,
                      const struct hep_originals *originals,
                      const struct hep_export_settings *settings, struct hep_log *log,
                      struct hep_error *err)
{
    const size_t before = paths->n;
    int rc = HEP_OK;

    for (int k = 0; rc == HEP_OK && k < HEP_MEASURE_MAPS; k++) {
        const enum hep_measure m = hep_measure_map(k);
        const struct hep_volume *map = NULL;
        struct hep_original original = { 0 };
        struct hep_error unfit = { 0 };

        if (!hep_run_knows(&r->reopened.run, hep_measure_product(m)))
            continue;
        rc = hep_run_volume(&r->reopened.run, hep_measure_product(m), &map, err);
        if (rc != HEP_OK || map == NULL)
            continue;
        rc = hep_original_find(&original, originals, &map->grid, time_of(r, hep_measure_series(m)),
                               &unfit);
        if (rc == HEP_OK)
            rc = write_map(s, paths, m, map, &original, settings, err);
        else if (rc == HEP_EDATA)
            rc = HEP_OK;
        else
            rc = HEP_FAIL(err, unfit.code, "%s", unfit.msg);
        if (unfit.code == HEP_EDATA)
            hep_log_write(log, HEP_LOG_WARNING, "map-left-out", "%s is left out: %s",
                          hep_measure_words(m), unfit.msg);
        hep_original_release(&original);
    }
    if (rc == HEP_OK && paths->n == before)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: no map can be exported", settings->study_out);
    return rc;
}

int hep_dicom_export(const struct hep_export_settings *settings, struct hep_log *log,
                     struct hep_error *err)
{
    struct results r = { .liver = NULL };
    struct hep_originals originals = { .source = NULL };
    struct hep_export_source source = { 0 };
    struct hep_lines paths = { 0 };
    struct archive archive;
    char *work = NULL;
    int rc = settings->send != NULL ? parse_archive(&archive, settings->send, err) : HEP_OK;

    if (rc == HEP_OK)
        rc = read_results(&r, settings, log, err);
    if (rc == HEP_OK)
        rc = hep_mkdir_p(settings->folder, err);
    if (rc == HEP_OK) {
        work = hep_asprintf(err, "%s/.export-%ld", settings->folder, (long)getpid());
        rc = work != NULL ? hep_mkdir_p(work, err) : HEP_ENOMEM;
    }
    if (rc == HEP_OK)
        rc = hep_originals_open(&originals, settings->dicom, work, err);
    source.label = r.reopened.run.label;
    source.found = r.found;
    source.measures = r.reopened.measures;
    source.work = work;
    if (rc == HEP_OK && (settings->seg || settings->sr))
        rc = write_labels(&source, &paths, &r, &originals, settings, err);
    if (rc == HEP_OK && (settings->maps || settings->mr))
        rc = write_maps(&source, &paths, &r, &originals, settings, log, err);
    if (rc == HEP_OK && settings->send != NULL)
        rc = send_objects(&archive, &paths, work, err);
    if (work != NULL && hep_is_dir(work) &&
        hep_remove_tree(work, rc == HEP_OK ? err : NULL) != HEP_OK && rc == HEP_OK)
        rc = HEP_EIO;
    free(work);
    hep_lines_release(&paths);
    hep_originals_release(&originals);
    hep_reopened_release(&r.reopened);
    return rc;
}
