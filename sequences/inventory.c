#include "sequences/inventory.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "sequences/lines.h"
#include "sequences/locate.h"
#include "sequences/series_build.h"

#include <math.h>

enum { MAX_STUDY_YML_BYTES = 1024 * 1024 };

const char *hep_time_source_name(enum hep_time_source source)
{
    static const char *const names[] = {
        [HEP_TIME_UNKNOWN] = "unknown",     [HEP_TIME_ASSUMED] = "assumed",
        [HEP_TIME_STUDY_YML] = "study.yml", [HEP_TIME_SIDECAR] = "sidecar",
        [HEP_TIME_CLOCK] = "clock",         [HEP_TIME_FRAMES] = "frames"
    };
    unsigned i = (unsigned)source;

    return i < sizeof names / sizeof names[0] ? names[i] : names[0];
}

void hep_inventory_free(struct hep_inventory *inv)
{
    if (inv == NULL)
        return;
    for (size_t i = 0; i < inv->n_series; i++)
        hep_series_release(&inv->series[i]);
    free(inv->series);
    free(inv->study);
    free(inv->subject);
    free(inv->session);
    free(inv->agent_text);
    hep_lines_release(&inv->warnings);
    hep_lines_release(&inv->lesion_points);
    free(inv);
}

int32_t hep_series_label_value(const struct hep_series *series, const char *name)
{
    for (size_t i = 0; i < series->n_labels; i++)
        if (strlen(series->labels[i].name) == strlen(name) &&
            hep_contains_nocase(series->labels[i].name, name))
            return series->labels[i].value;
    return -1;
}

static int read_study_yml(struct hep_study_yml **out, const char *study, struct hep_error *err)
{
    char *path = hep_path_join(study, "study.yml", err);
    char *text = NULL;
    size_t n = 0;
    int rc = HEP_OK;

    if (path == NULL)
        return HEP_ENOMEM;
    if (hep_is_file(path) || hep_is_special(path)) {
        rc = hep_file_read(&text, &n, path, MAX_STUDY_YML_BYTES, err);
        if (rc == HEP_OK)
            rc = hep_study_yml_parse(out, text, n, path, err);
    }
    free(text);
    free(path);
    return rc;
}

static int note_agent(struct hep_inventory *inv, const char *text, const char *source,
                      struct hep_error *err)
{
    if (text == NULL || *text == '\0')
        return HEP_OK;
    if (inv->agent_text == NULL) {
        inv->agent_text = hep_strdup(text, err);
        inv->agent_source = source;
        return inv->agent_text ? HEP_OK : HEP_ENOMEM;
    }
    if (strcmp(inv->agent_source, source) == 0 && strcmp(inv->agent_text, text) != 0)
        return hep_lines_addf(&inv->warnings, err,
                              "contradiction: contrast agent \"%s\" and \"%s\" in one study",
                              inv->agent_text, text);
    return HEP_OK;
}

/** study.yml first, then the names, then the sidecars. */
static int find_agent(struct hep_inventory *inv, const struct hep_study_yml *study,
                      const struct hep_study_files *c, struct hep_error *err)
{
    int rc = study ? note_agent(inv, study->agent, "study.yml", err) : HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
        rc = note_agent(inv, c->item[i].bids.ce, "name", err);
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
        rc = note_agent(inv, c->item[i].acquisition.agent_text, "sidecar", err);
    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++)
        rc = note_agent(inv, inv->series[i].acquisition.agent_text, "sidecar", err);
    return rc;
}

static int collect(struct hep_study_files *c, const struct hep_inventory *inv, const char *root,
                   struct hep_error *err)
{
    int rc = hep_study_files_collect(c, inv->study, err);

    if (rc == HEP_OK && root != NULL)
        rc = hep_study_files_collect_derivatives(c, root, inv->subject, inv->session, err);
    if (rc == HEP_OK && inv->session != NULL)
        rc = hep_study_files_note_beside(c, inv->study, err);
    return rc;
}

static int score_all(struct hep_study_files *c, const struct hep_inventory *inv,
                     struct hep_error *err)
{
    int rc = HEP_OK;

    rc = hep_group_take_magnitudes(c, err);
    hep_group_relate(c, inv->field_t);
    if (rc == HEP_OK)
        rc = hep_group_find_parts(c, err);
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
        rc = hep_study_file_score(&c->item[i], err);
    return rc == HEP_OK ? hep_order_score(c, inv->injection_time_s, err) : rc;
}

/* The start of the injection by the sidecars (ContrastBolusStartTime), where study.yml gives none and
 * they agree within a minute: the first of them. */
static int find_injection(struct hep_inventory *inv, const struct hep_study_files *c,
                          struct hep_error *err)
{
    const double most_apart_s = 60.0;
    double first = (double)NAN;

    for (size_t i = 0; isnan(inv->injection_time_s) && i < c->n; i++) {
        const double s = c->item[i].acquisition.injection_clock_s;

        if (!isnan(first) && fabs(s - first) > most_apart_s)
            return hep_lines_addf(&inv->warnings, err,
                                  "the sidecars give different times of injection "
                                  "(ContrastBolusStartTime): none is used");
        first = isnan(first) ? s : fmin(first, isnan(s) ? first : s);
    }
    if (isnan(inv->injection_time_s))
        inv->injection_time_s = first;
    return HEP_OK;
}

static int build(struct hep_inventory *inv, const char *root, const char *bounds,
                 struct hep_error *err)
{
    struct hep_study_files c = { .bounds = bounds };
    struct hep_study_yml *study = NULL;
    size_t found;
    int rc = read_study_yml(&study, inv->study, err);

    if (rc == HEP_OK)
        rc = collect(&c, inv, root, err);
    found = c.n;
    if (rc == HEP_OK && study != NULL) {
        inv->has_study_yml = true;
        inv->others_ignored = study->ignore_others;
        inv->injection_time_s = study->injection_time_s;
        inv->field_t = study->field_t;
        rc = hep_study_remove_listed(&c, study, err);
        if (rc == HEP_OK)
            rc = hep_study_apply(inv, study, err);
    }
    if (rc == HEP_OK && found == 0 && inv->n_series == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: holds no NIfTI file (.nii, .nii.gz)%s%s%s", inv->study,
                      c.left_out.n > 0 ? ": " : "", c.left_out.n > 0 ? c.left_out.line[0] : "",
                      hep_holds_dicom(inv->study)
                          ? "; it holds DICOM files: hepar import makes a BIDS dataset of them"
                          : "");
    if (rc == HEP_OK)
        rc = hep_study_files_inspect(&c, err);
    inv->places_assumed = c.places_assumed;
    if (rc == HEP_OK)
        rc = hep_lines_add_all(&inv->warnings, &c.left_out, err);
    if (rc == HEP_OK)
        rc = find_injection(inv, &c, err);
    if (rc == HEP_OK)
        rc = score_all(&c, inv, err);
    if (rc == HEP_OK)
        rc = hep_group_build(inv, &c, err);
    if (rc == HEP_OK)
        rc = find_agent(inv, study, &c, err);
    if (rc == HEP_OK)
        rc = hep_label_names_fill(inv, err);
    if (rc == HEP_OK)
        rc = hep_times_fill(inv, err);
    if (rc == HEP_OK)
        rc = hep_select(inv, err);
    hep_study_files_release(&c);
    hep_study_yml_free(study);
    return rc;
}

int hep_inventory_scan(struct hep_inventory **out, const char *study, struct hep_error *err)
{
    return hep_inventory_scan_links(out, study, false, err);
}

int hep_inventory_scan_links(struct hep_inventory **out, const char *study, bool follow_links,
                             struct hep_error *err)
{
    struct hep_error local = { 0 };
    struct hep_inventory *inv = hep_calloc(1, sizeof *inv, err);
    char *root = NULL, *bounds = NULL;
    int rc;

    if (err == NULL)
        err = &local;
    if (inv == NULL)
        return HEP_ENOMEM;
    inv->injection_time_s = (double)NAN;
    inv->field_t = (double)NAN;
    rc = hep_study_locate(inv, &root, study, err);
    if (rc == HEP_OK && !follow_links &&
        (bounds = realpath(root != NULL ? root : inv->study, NULL)) == NULL)
        rc = HEP_FAIL(err, HEP_EIO, "%s: cannot be resolved", inv->study);
    if (rc == HEP_OK)
        rc = build(inv, root, bounds, err);
    if (rc == HEP_OK) {
        *out = inv;
        inv = NULL;
    }
    free(root);
    free(bounds);
    hep_inventory_free(inv);
    return rc;
}
