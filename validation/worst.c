#include "validation/worst.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "image/mask.h"
#include "image/nifti.h"
#include "image/png.h"
#include "image/resample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pixels of a picture and the part of the body that it shows [mm]: a liver is 150 to 250 mm wide. */
enum { SIDE = 320 };
#define FIELD_MM 288.0
/* Findings this near to the slice are shown in it [mm]. */
#define REACH_MM 10.0

/* ---- which ----------------------------------------------------------------------------------- */

static void add(struct hep_worst_case out[HEP_WORST], size_t *n, const struct hep_worst_case *c)
{
    size_t at = *n;

    if (!(c->weight > 0.0))
        return;
    while (at > 0 && out[at - 1].weight < c->weight)
        at--;
    if (at == HEP_WORST)
        return;
    *n += *n < HEP_WORST;
    for (size_t i = *n - 1; i > at; i--)
        out[i] = out[i - 1];
    out[at] = *c;
}

static void add_lesion(struct hep_worst_case out[HEP_WORST], size_t *n,
                       const struct hep_evaluated *e, size_t l)
{
    const struct hep_eval_lesion *lesion = &e->lesion[l];
    const struct hep_eval_note *note = &e->lesion_note[l];
    const double d = isfinite(note->diameter_mm) ? note->diameter_mm : 0.0;
    const char *word = note->given_class[0] != '\0'       ? note->given_class
                       : lesion->class != HEP_CLASS_COUNT ? hep_class_name(lesion->class)
                                                          : "lesion";
    struct hep_worst_case c = { .study = lesion->study, .lesion = l };

    if (lesion->finding == HEP_NO_MATCH) {
        c.kind = HEP_WORST_MISSED;
        c.weight = d;
        (void)snprintf(c.words, sizeof c.words, "%.40s of %.0f mm is missed", word, d);
    } else if (lesion->class != HEP_CLASS_COUNT &&
               e->finding[lesion->finding].class != lesion->class &&
               e->finding[lesion->finding].class != HEP_CLASS_COUNT) {
        c.kind = HEP_WORST_CLASS;
        c.weight = 0.5 * d;
        (void)snprintf(c.words, sizeof c.words, "%.40s of %.0f mm is called %s", word, d,
                       hep_class_name(e->finding[lesion->finding].class));
    }
    add(out, n, &c);
}

size_t hep_worst_cases(struct hep_worst_case out[HEP_WORST], const struct hep_evaluated *e,
                       const struct hep_set_facts *facts)
{
    size_t n = 0;

    for (size_t l = 0; hep_set_judges(facts, "lesions") && l < e->n_lesions; l++)
        add_lesion(out, &n, e, l);
    for (size_t s = 0; hep_set_judges(facts, "liver") && s < e->n_studies; s++) {
        struct hep_worst_case c = { .kind = HEP_WORST_LIVER, .study = s, .lesion = HEP_NO_MATCH };

        if (!e->study[s].has_liver || !isfinite(e->study[s].liver.dice))
            continue;
        c.weight = 100.0 * (1.0 - e->study[s].liver.dice);
        (void)snprintf(c.words, sizeof c.words, "liver with Dice %.3f, surfaces %.1f mm apart",
                       e->study[s].liver.dice, e->study[s].liver.mean_surface_mm);
        add(out, &n, &c);
    }
    return n;
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* BIDS/sub-01[/ses-1] */
static char *below(const char *root, const char *label, struct hep_error *err)
{
    const size_t n = strcspn(label, "_");

    return label[n] == '\0' ? hep_asprintf(err, "%s/%s", root, label)
                            : hep_asprintf(err, "%s/%.*s/%s", root, (int)n, label, label + n + 1);
}

/* The file of the series that the findings were made on, as run.json has it; NULL when it is not there. */
static char *reference_file(const struct hep_set_folders *where, const char *label,
                            struct hep_error *err)
{
    char *out = below(where->out, label, err), *study = below(where->bids, label, err);
    char *record_path = out != NULL ? hep_asprintf(err, "%s/%s_run.json", out, label) : NULL,
         *findings_path = out != NULL ? hep_asprintf(err, "%s/%s_lesions.json", out, label) : NULL;
    struct hep_json *record = NULL, *findings = NULL;
    const struct hep_json *inputs;
    const char *reference;
    char *path = NULL;

    if (record_path != NULL && findings_path != NULL && study != NULL &&
        hep_json_read(&record, record_path, NULL) == HEP_OK &&
        hep_json_read(&findings, findings_path, NULL) == HEP_OK) {
        reference = hep_json_string(hep_json_get(findings, "reference"));
        inputs = hep_json_get(record, "inputs");
        for (size_t i = 0; path == NULL && reference != NULL && i < hep_json_size(inputs); i++) {
            const struct hep_json *one = hep_json_at(inputs, i);
            const char *role = hep_json_string(hep_json_get(one, "role")),
                       *file = hep_json_string(hep_json_get(one, "path"));

            if (role != NULL && file != NULL && strcmp(role, reference) == 0 &&
                (hep_ends_with(file, ".nii.gz") || hep_ends_with(file, ".nii")))
                path = hep_path_join(study, file, err);
        }
    }
    if (path != NULL && !hep_is_file(path)) {
        free(path);
        path = NULL;
    }
    hep_json_free(record);
    hep_json_free(findings);
    free(out);
    free(study);
    free(record_path);
    free(findings_path);
    return path;
}

static int by_size(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Grey from the 2nd to the 99th percentile of what is not 0. */
static int draw_slice(struct hep_canvas *c, const struct hep_volume *v, const double centre[3],
                      struct hep_error *err)
{
    const size_t n = (size_t)SIDE * SIDE;
    float *value = NULL, *sorted = NULL;
    size_t seen = 0;
    double lo = 0.0, hi = 1.0;
    int rc = HEP_NEW(value, n, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(sorted, n, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const size_t column = i % SIDE, row = i / SIDE;
        const double x = ((double)column + 0.5) / SIDE - 0.5, y = ((double)row + 0.5) / SIDE - 0.5;
        const double at[3] = { centre[0] - x * FIELD_MM, centre[1] - y * FIELD_MM, centre[2] };
        const double s = hep_sample_world(v, 0, at, HEP_INTERP_LINEAR);

        value[i] = isfinite(s) ? (float)s : 0.0F;
        if (value[i] != 0.0F)
            sorted[seen++] = value[i];
    }
    if (rc == HEP_OK && seen > 0) {
        qsort(sorted, seen, sizeof *sorted, by_size);
        lo = (double)sorted[seen / 50];
        hi = (double)sorted[seen - 1 - seen / 100];
    }
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        c->px[i] = hep_colormap(HEP_CMAP_GREY, hi > lo ? ((double)value[i] - lo) / (hi - lo) : 0.0);
    free(value);
    free(sorted);
    return rc;
}

static void dot(struct hep_canvas *c, double x, double y, struct hep_rgb colour)
{
    if (x >= 0.0 && y >= 0.0 && x < SIDE && y < SIDE)
        c->px[(size_t)y * SIDE + (size_t)x] = colour;
}

/* Where a point of the world lies in the picture. */
static void on_picture(double out[2], const double at[3], const double centre[3])
{
    for (int k = 0; k < 2; k++)
        out[k] = (0.5 - (at[k] - centre[k]) / FIELD_MM) * SIDE;
}

static void draw_marks(struct hep_canvas *c, const struct hep_worst_case *w,
                       const struct hep_evaluated *e, const double centre[3])
{
    static const struct hep_rgb truth = { 255, 176, 0 }, finding = { 100, 200, 255 };
    const struct hep_eval_entry *entry = &e->entry[w->study];
    const double d =
        w->lesion != HEP_NO_MATCH ? e->lesion_note[w->lesion].diameter_mm : (double)NAN;

    for (int i = 0; isfinite(d) && i < 720; i++) {
        const double r = (0.5 * d + 2.0) / FIELD_MM * SIDE, a = i * 3.14159265358979 / 360.0;

        dot(c, 0.5 * SIDE + r * cos(a), 0.5 * SIDE + r * sin(a), truth);
    }
    for (size_t k = 0; k < entry->n_findings; k++) {
        const double *at = e->finding_note[entry->first_finding + k].centre_mm;
        double p[2];

        if (!(fabs(at[2] - centre[2]) <= REACH_MM))
            continue;
        on_picture(p, at, centre);
        for (int i = -5; i <= 5; i++) {
            dot(c, p[0] + i, p[1], finding);
            dot(c, p[0], p[1] + i, finding);
        }
    }
}

/* The middle of the true liver, for a liver; the lesion's centre else. False: there is none. */
static bool centre_of(double centre[3], const struct hep_worst_case *c,
                      const struct hep_evaluated *e, const struct hep_set_folders *where)
{
    const char *label = e->entry[c->study].label;
    struct hep_labels *liver = NULL;
    char *folder, *path;
    bool ok;

    if (c->lesion != HEP_NO_MATCH) {
        memcpy(centre, e->lesion_note[c->lesion].centre_mm, 3 * sizeof *centre);
        return true;
    }
    folder = below(where->truth, label, NULL);
    path = folder != NULL ? hep_asprintf(NULL, "%s/anat/%s_label-liver_mask.nii.gz", folder, label)
                          : NULL;
    ok = path != NULL && hep_nifti_read_labels(&liver, path, NULL) == HEP_OK;
    if (ok)
        hep_mask_centre(centre, liver);
    hep_labels_free(liver);
    free(folder);
    free(path);
    return ok;
}

int hep_worst_picture(unsigned char **png, size_t *n, const struct hep_worst_case *c,
                      const struct hep_evaluated *e, const struct hep_set_folders *where,
                      struct hep_error *err)
{
    char *path = reference_file(where, e->entry[c->study].label, err);
    struct hep_volume *v = NULL;
    struct hep_canvas *canvas = NULL;
    double centre[3];
    int rc = HEP_OK;

    *png = NULL;
    if (path == NULL || !centre_of(centre, c, e, where) || hep_nifti_read(&v, path, NULL) != HEP_OK)
        goto out;
    rc = hep_canvas_new(&canvas, SIDE, SIDE, err);
    if (rc == HEP_OK)
        rc = draw_slice(canvas, v, centre, err);
    if (rc == HEP_OK) {
        draw_marks(canvas, c, e, centre);
        rc = hep_canvas_png(png, n, canvas, err);
    }
out:
    hep_canvas_free(canvas);
    hep_volume_free(v);
    free(path);
    return rc;
}
