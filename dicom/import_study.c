#include "dicom/import_study.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "dicom/convert.h"
#include "dicom/frame_times.h"
#include "dicom/naming.h"
#include "pipeline/late_phase.h"
#include "sequences/bids_name.h"
#include "sequences/lines.h"

#include <math.h>
#include <unistd.h>

enum { MOST_PHASES = 64 };

void hep_import_work_release(struct hep_import_work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->file[i].path);
        free(w->file[i].target);
        free(w->file[i].reason);
    }
    for (size_t i = 0; w->messages != NULL && i < w->study->n; i++)
        hep_lines_release(&w->messages[i]);
    for (size_t i = 0; w->segmentations != NULL && i < w->study->n; i++)
        hep_lines_release(&w->segmentations[i]);
    for (size_t i = 0; w->failed != NULL && i < w->study->n; i++)
        free(w->failed[i]);
    free(w->file);
    free(w->messages);
    free(w->segmentations);
    free(w->failed);
    free(w->converter);
    *w = (struct hep_import_work){ 0 };
}

const char *hep_import_reason(const struct hep_import_work *w, size_t series)
{
    if (w->failed[series] != NULL)
        return w->failed[series];
    return w->segmentations[series].n > 0 ? NULL : w->study->series[series].reason;
}

int hep_import_work_init(struct hep_import_work *w, struct hep_error *err)
{
    int rc = HEP_NEW(w->messages, w->study->n, err);

    (void)snprintf(w->begin, sizeof w->begin, "sub-%s_ses-%s", w->study->participant,
                   w->study->session);
    if (rc == HEP_OK)
        rc = HEP_NEW(w->segmentations, w->study->n, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(w->failed, w->study->n, err);
    return rc;
}

/* ---- one converted image -------------------------------------------------------------------- */

/* The b-value that the headers of all images of a series agree on, above 0; NaN otherwise. Siemens
 * and GE write it to private elements; GE as the first of several numbers, on top of 10^9 in newer
 * versions. A b-value of 0 also stands in images that are no diffusion. */
static double b_value(const struct hep_dicom_series *s)
{
    static const enum hep_dicom_tag tags[] = { HEP_DICOM_B_VALUE, HEP_DICOM_B_VALUE_SIEMENS,
                                               HEP_DICOM_B_VALUE_GE };

    for (size_t t = 0; t < sizeof tags / sizeof tags[0]; t++) {
        const char *text = hep_dicom_text(s->object[0], tags[t]);
        double b = fmod(strtod(text, NULL), 1e9);
        bool agree = b > 0.0 && b <= 10000.0;

        for (size_t i = 1; agree && i < s->n; i++)
            agree = strcmp(hep_dicom_text(s->object[i], tags[t]), text) == 0;
        if (agree)
            return b;
    }
    return (double)NAN;
}

static bool is_of_echo_planar_or_spin_echo(const struct hep_json *sidecar)
{
    const char *text = hep_json_string(hep_json_get(sidecar, "ScanningSequence"));

    return text != NULL && (strstr(text, "EP") != NULL || strstr(text, "SE") != NULL);
}

static int copy_table(const char *stem, const char *to, const char *extension,
                      struct hep_error *err)
{
    enum { MOST_BYTES = 16 << 20 };
    char *from = hep_asprintf(err, "%s%s", stem, extension),
         *target = hep_asprintf(err, "%s%s", to, extension), *text = NULL;
    size_t n = 0;
    int rc = from != NULL && target != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK && hep_is_file(from)) {
        rc = hep_file_read(&text, &n, from, MOST_BYTES, err);
        if (rc == HEP_OK)
            rc = hep_file_write(target, text, n, err);
    }
    free(from);
    free(target);
    free(text);
    return rc;
}

/* dcm2niix 1.0.20220720 writes 2000 for every trace image of an enhanced object: a b-value that no
 * image of the series has by its header is wrong. The headers' own take its place where they are the
 * same for all images of each volume. */
static int check_b_values(const struct hep_import_work *w, size_t series, const char *bval,
                          const struct hep_plain_nifti *nifti, char **reason, struct hep_error *err)
{
    const struct hep_dicom_series *s = &w->study->series[series];
    struct hep_gradients g = { 0 };
    struct hep_str text = { 0 };
    double *b = hep_calloc(nifti->nt, sizeof *b, err);
    struct hep_error unusable = { 0 };
    bool is_known = false, is_same = true;
    int rc = b != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_gradients_read(&g, bval, NULL, nifti->nt, &unusable);
    if (unusable.code == HEP_ENOMEM) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "%s", unusable.msg);
    } else if (unusable.code != HEP_OK) {
        rc = HEP_OK;
    } else if (rc == HEP_OK) {
        is_known = hep_dicom_volume_b(b, s, nifti->nz, nifti->nt);
        for (size_t t = 0; t < nifti->nt; t++)
            is_same = is_same && hep_dicom_has_b(s, g.b_s_per_mm2[t]);
    }
    if (rc == HEP_OK && !is_same && !is_known) {
        *reason = hep_strdup("the b-values that dcm2niix gives are not those of the headers", err);
        rc = *reason != NULL ? HEP_OK : HEP_ENOMEM;
    }
    for (size_t t = 0; rc == HEP_OK && !is_same && is_known && t < nifti->nt; t++)
        hep_str_addf(&text, "%s%g", t > 0 ? " " : "", b[t]);
    if (rc == HEP_OK && !is_same && is_known) {
        hep_str_add(&text, "\n");
        rc = hep_str_check(&text, err);
        if (rc == HEP_OK)
            rc = hep_file_write(bval, text.s, text.len, err);
    }
    hep_str_release(&text);
    hep_gradients_release(&g);
    free(b);
    return rc;
}

/* Image, sidecar and tables of one volume, or of all (volume < 0), in WORK/study. */
static int keep_image(struct hep_import_work *w, size_t series, const char *stem,
                      const struct hep_plain_nifti *nifti, long volume, double clock_s,
                      double b_s_per_mm2, struct hep_error *err)
{
    const struct hep_dicom_object *first = w->study->series[series].object[0];
    const struct hep_sidecar_more more = { first->text[HEP_DICOM_CONTRAST_AGENT],
                                           first->text[HEP_DICOM_CONTRAST_START], b_s_per_mm2,
                                           volume < 0 ? (double)NAN : clock_s, volume >= 0 };
    char *to = volume < 0 ? hep_asprintf(err, "%s/study/%s", w->folder, hep_path_base(stem))
                          : hep_asprintf(err, "%s/study/%s_v%02ld", w->folder, hep_path_base(stem),
                                         volume + 1),
         *image = NULL, *json = NULL, *sidecar = hep_asprintf(err, "%s.json", stem);
    struct hep_json *o = NULL;
    int rc = to != NULL && sidecar != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK) {
        image = hep_asprintf(err, "%s.nii.gz", to);
        json = hep_asprintf(err, "%s.json", to);
        rc = image != NULL && json != NULL ? HEP_GROW(w->file, w->n, err) : HEP_ENOMEM;
    }
    if (rc == HEP_OK)
        rc = hep_plain_nifti_write(nifti, volume, image, err);
    if (rc == HEP_OK)
        rc = hep_clean_sidecar(&o, sidecar, &more, &w->study->personal, err);
    if (rc == HEP_OK)
        rc = hep_json_write(json, o, err);
    if (rc == HEP_OK)
        rc = copy_table(stem, to, ".bval", err);
    if (rc == HEP_OK)
        rc = copy_table(stem, to, ".bvec", err);
    if (rc == HEP_OK) {
        w->file[w->n++] =
            (struct hep_import_file){ .path = image, .series = series, .clock_s = clock_s };
        image = NULL;
    }
    hep_json_free(o);
    free(to);
    free(image);
    free(json);
    free(sidecar);
    return rc;
}

/* Phases that were acquired one after the other in one series become files of their own, as BIDS asks
 * of a T1w: not what has b-values, nor spin echoes, nor volumes of which the times are unknown. */
static int keep_stem(struct hep_import_work *w, size_t series, const char *stem, bool is_alone,
                     struct hep_error *err)
{
    const struct hep_dicom_series *s = &w->study->series[series];
    struct hep_plain_nifti nifti = { 0 };
    struct hep_json *sidecar = NULL;
    double clock[MOST_PHASES], b = (double)NAN;
    char *image = hep_asprintf(err, "%s.nii", stem), *json = hep_asprintf(err, "%s.json", stem),
         *bval = hep_asprintf(err, "%s.bval", stem);
    bool has_b = true;
    int rc = image != NULL && json != NULL && bval != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_plain_nifti_read(&nifti, image, err);
    if (rc == HEP_OK && hep_is_file(json))
        rc = hep_json_read(&sidecar, json, err);
    if (rc == HEP_OK) {
        has_b = hep_is_file(bval);
        if (!has_b && nifti.nt == 1)
            b = b_value(s);
    }
    if (rc == HEP_OK && has_b && is_alone)
        rc = check_b_values(w, series, bval, &nifti, &w->failed[series], err);
    if (rc == HEP_OK && w->failed[series] != NULL)
        goto out;
    if (rc == HEP_OK && is_alone && !has_b && nifti.nt > 1 && nifti.nt <= MOST_PHASES &&
        !is_of_echo_planar_or_spin_echo(sidecar) &&
        hep_dicom_volume_clocks(clock, s, nifti.nz, nifti.nt)) {
        for (size_t v = 0; rc == HEP_OK && v < nifti.nt; v++)
            rc = keep_image(w, series, stem, &nifti, (long)v, clock[v], b, err);
    } else if (rc == HEP_OK) {
        rc = keep_image(w, series, stem, &nifti, -1, hep_dicom_clock(s->object[0]), b, err);
    }
out:
    hep_plain_nifti_release(&nifti);
    hep_json_free(sidecar);
    free(image);
    free(json);
    free(bval);
    return rc;
}

/* ---- a series ------------------------------------------------------------------------------- */

static int explain_failure(char **out, const struct hep_import_work *w, size_t series,
                           struct hep_error *err)
{
    const struct hep_dicom_object *first = w->study->series[series].object[0];
    const struct hep_lines *messages = &w->messages[series];

    *out = hep_asprintf(err, "dcm2niix cannot read it, transfer syntax %s%s%s",
                        hep_transfer_syntax_name(hep_dicom_text(first, HEP_DICOM_TRANSFER_SYNTAX)),
                        messages->n > 0 ? ": " : "",
                        messages->n > 0 ? messages->line[messages->n - 1] : "");
    return *out != NULL ? HEP_OK : HEP_ENOMEM;
}

/* Slices at unequal distances have no affine: an image is missing, or several stacks are mixed. What
 * dcm2niix then writes has voxels in wrong places. */
static bool is_uneven(const struct hep_lines *messages)
{
    for (size_t i = 0; i < messages->n; i++)
        if (strstr(messages->line[i], "Interslice distance varies") != NULL)
            return true;
    return false;
}

static int convert_series(struct hep_import_work *w, size_t series, struct hep_error *err)
{
    const struct hep_dicom_series *s = &w->study->series[series];
    struct hep_conversion c = { 0 };
    struct hep_lines files = { 0 };
    char name[32];
    int rc = HEP_OK;

    (void)snprintf(name, sizeof name, "s%03zu", series + 1);
    for (size_t i = 0; rc == HEP_OK && i < s->n; i++)
        rc = hep_lines_addf(&files, err, "%s", s->object[i]->path);
    if (rc == HEP_OK)
        rc = hep_convert_series(&c, &files, name, w->folder, err);
    for (size_t i = 0; rc == HEP_OK && i < c.messages.n; i++)
        hep_personal_remove(&w->study->personal, c.messages.line[i]);
    if (rc == HEP_OK)
        rc = hep_lines_add_all(&w->messages[series], &c.messages, err);
    if (rc == HEP_OK && is_uneven(&c.messages)) {
        w->failed[series] = hep_strdup("slices are missing, or not at equal distances", err);
        rc = w->failed[series] != NULL ? HEP_OK : HEP_ENOMEM;
    } else if (rc == HEP_OK && c.stems.n == 0) {
        rc = explain_failure(&w->failed[series], w, series, err);
    }
    for (size_t i = 0; rc == HEP_OK && w->failed[series] == NULL && i < c.stems.n; i++)
        rc = keep_stem(w, series, c.stems.line[i], c.stems.n == 1, err);
    if (rc == HEP_OK && w->converter == NULL && c.version != NULL) {
        w->converter = c.version;
        c.version = NULL;
    }
    hep_conversion_release(&c);
    hep_lines_release(&files);
    return rc;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* A name below the dataset; a file that nothing names is kept beside the raw data, out of the way of
 * programs that read BIDS. */
static int set_target(struct hep_import_file *f, struct hep_named_file *named,
                      const struct hep_import_work *w, struct hep_error *err)
{
    const struct hep_dicom_study *s = w->study;
    const bool is_unknown =
        named->reason != NULL && (hep_starts_with(named->reason, "nothing says") ||
                                  hep_starts_with(named->reason, "as likely"));
    const char *base = hep_path_base(f->path);

    f->reason = named->reason;
    named->reason = NULL;
    if (named->name != NULL)
        f->target = hep_asprintf(err, "sub-%s/ses-%s/%s", s->participant, s->session, named->name);
    else if (is_unknown)
        f->target = hep_asprintf(err, "sourcedata/sub-%s/ses-%s/%s_%.*s", s->participant,
                                 s->session, w->begin, (int)strcspn(base, "."), base);
    return f->target != NULL || (named->name == NULL && !is_unknown) ? HEP_OK : HEP_ENOMEM;
}

static int write_b_table(const char *image, double b, struct hep_error *err)
{
    char *stem = hep_nifti_base(image, err), *bval = NULL, *bvec = NULL, text[48];
    int rc = HEP_ENOMEM;

    if (stem != NULL) {
        bval = hep_asprintf(err, "%s.bval", stem);
        bvec = hep_asprintf(err, "%s.bvec", stem);
    }
    (void)snprintf(text, sizeof text, "%g\n", b);
    if (bval != NULL && bvec != NULL) {
        rc = HEP_OK;
        if (!hep_is_file(bval))
            rc = hep_file_write(bval, text, strlen(text), err);
        if (rc == HEP_OK && !hep_is_file(bvec))
            rc = hep_file_write(bvec, "0\n0\n0\n", 6, err);
    }
    free(stem);
    free(bval);
    free(bvec);
    return rc;
}

static int name_all(struct hep_import_work *w, const char *folder, struct hep_error *err)
{
    struct hep_inventory *inv = NULL;
    struct hep_named_file *named = hep_calloc(w->n, sizeof *named, err);
    char agent[HEP_AGENT_NAME], *label = NULL;
    int rc = named != NULL ? hep_inventory_scan(&inv, folder, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_late_phases_name(inv, agent, w->log, err);
    if (rc == HEP_OK && agent[0] == '\0' && inv->agent_text != NULL) {
        label = hep_bids_make_label(inv->agent_text, err);
        rc = label != NULL ? HEP_OK : HEP_ENOMEM;
    }
    for (size_t i = 0; rc == HEP_OK && i < w->n; i++)
        named[i].path = w->file[i].path;
    if (rc == HEP_OK)
        rc = hep_name_files(named, w->n, inv, w->begin, agent[0] != '\0' ? agent : label, err);
    for (size_t i = 0; rc == HEP_OK && i < w->n; i++) {
        if (named[i].name != NULL && isfinite(named[i].b_s_per_mm2))
            rc = write_b_table(w->file[i].path, named[i].b_s_per_mm2, err);
        if (rc == HEP_OK)
            rc = set_target(&w->file[i], &named[i], w, err);
    }
    hep_named_files_release(named, named != NULL ? w->n : 0);
    hep_inventory_free(inv);
    free(label);
    return rc;
}

int hep_import_convert(struct hep_import_work *w, struct hep_error *err)
{
    char *folder = hep_path_join(w->folder, "study", err);
    int rc = folder != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK && hep_is_dir(folder))
        rc = hep_remove_tree(folder, err);
    if (rc == HEP_OK)
        rc = hep_mkdir_p(folder, err);
    for (size_t i = 0; rc == HEP_OK && i < w->study->n; i++) {
        hep_log_progress(w->log, w->begin, (double)i / (double)w->study->n);
        if (w->study->series[i].reason == NULL)
            rc = convert_series(w, i, err);
    }
    hep_log_progress(w->log, w->begin, 1.0);
    if (rc == HEP_OK && w->n == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "no series of the study could be converted: %s",
                      w->study->n == 0                     ? "it has none"
                      : w->failed[0] != NULL               ? w->failed[0]
                      : w->study->series[0].reason != NULL ? w->study->series[0].reason
                                                           : "see the log");
    if (rc == HEP_OK)
        rc = name_all(w, folder, err);
    free(folder);
    return rc;
}
