#include "review/pairs.h"

#include "base/alloc.h"
#include "base/text.h"
#include "evaluation/match.h"
#include "image/nifti.h"
#include "terms/finding_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void release(struct hep_read *r)
{
    hep_lesion_file_release(&r->file);
    hep_findings_release(&r->rejected);
    hep_labels_free(r->labels);
    free(r->added);
    *r = (struct hep_read){ 0 };
}

void hep_read_study_release(struct hep_read_study *s)
{
    release(&s->by[0]);
    release(&s->by[1]);
    free(s->pair);
    *s = (struct hep_read_study){ 0 };
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_labels(struct hep_read *r, const struct hep_dataset_study *study,
                       const char *reader, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/anat/%s_label-lesions_desc-%s_dseg.nii.gz", study->path,
                              study->label, reader);
    int rc = path == NULL ? HEP_ENOMEM : hep_nifti_read_labels(&r->labels, path, err);

    free(path);
    return rc;
}

static int read_one(struct hep_read *r, const struct hep_dataset_study *study, const char *reader,
                    struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s_desc-%s_lesions.json", study->path, study->label, reader);
    const struct hep_json *list;
    size_t open;
    int rc = path == NULL ? HEP_ENOMEM : hep_lesion_file_read(&r->file, path, err);

    if (rc == HEP_OK)
        rc = hep_findings_read(&r->rejected, hep_json_get(r->file.root, "rejected"), path, err);
    open = hep_json_size(hep_json_get(r->file.root, "not_reviewed"));
    if (rc == HEP_OK && open > 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: %zu lesions that the reader has not reviewed", path,
                      open);
    if (rc == HEP_OK)
        rc = HEP_NEW(r->added, r->file.findings.n + 1, err);
    list = hep_json_get(r->file.root, "lesions");
    for (size_t i = 0; rc == HEP_OK && i < r->file.findings.n; i++)
        r->added[i] = hep_json_bool(
            hep_json_get(hep_json_get(hep_json_at(list, i), "reader"), "added"), false);
    if (rc == HEP_OK)
        rc = read_labels(r, study, reader, err);
    free(path);
    return rc;
}

static const char *result_of(const struct hep_read *r)
{
    const char *hash =
        hep_json_string(hep_json_get(hep_json_get(r->file.root, "review"), "labels_sha256"));

    return hash != NULL ? hash : "";
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static double dice_of(const struct hep_labels *a, int32_t in_a, const struct hep_labels *b,
                      int32_t in_b)
{
    size_t n_a = 0, n_b = 0, both = 0;

    for (size_t i = 0; i < hep_grid_voxels(&a->grid); i++) {
        n_a += a->data[i] == in_a;
        n_b += b->data[i] == in_b;
        both += a->data[i] == in_a && b->data[i] == in_b;
    }
    return n_a + n_b > 0 ? 2.0 * (double)both / (double)(n_a + n_b) : (double)NAN;
}

static int add_pair(struct hep_read_study *s, const struct hep_finding *a,
                    const struct hep_finding *b, struct hep_error *err)
{
    int rc = HEP_GROW(s->pair, s->n, err);

    if (rc != HEP_OK)
        return rc;
    s->pair[s->n++] =
        (struct hep_read_pair){ { a, b },
                                a != NULL && b != NULL
                                    ? dice_of(s->by[0].labels, a->id, s->by[1].labels, b->id)
                                    : (double)NAN };
    return HEP_OK;
}

/* The lesion of Hepar with this number, as a reader kept it; NULL. */
static const struct hep_finding *kept(const struct hep_read *r, int32_t id)
{
    for (size_t i = 0; i < r->file.findings.n; i++) {
        if (!r->added[i] && r->file.findings.list[i].id == id)
            return &r->file.findings.list[i];
    }
    return NULL;
}

/* Every lesion of Hepar once: those that the first reader kept, then those that he rejected. */
static int pair_found(struct hep_read_study *s, struct hep_error *err)
{
    const struct hep_read *a = &s->by[0], *b = &s->by[1];
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < a->file.findings.n; i++) {
        if (!a->added[i])
            rc = add_pair(s, &a->file.findings.list[i], kept(b, a->file.findings.list[i].id), err);
    }
    for (size_t i = 0; rc == HEP_OK && i < a->rejected.n; i++)
        rc = add_pair(s, NULL, kept(b, a->rejected.list[i].id), err);
    return rc;
}

/* The lesions that a reader added: as the matching wants them, and their places in the reader's list. */
struct added {
    struct hep_match_object *object;
    size_t *place, n;
};

static int list_added(struct added *out, const struct hep_read *r, struct hep_error *err)
{
    int rc = HEP_NEW(out->object, r->file.findings.n + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(out->place, r->file.findings.n + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < r->file.findings.n; i++) {
        const struct hep_finding *f = &r->file.findings.list[i];
        struct hep_match_object o = { .diameter_mm = hep_finding_diameter_mm(f), .label = f->id };

        if (!r->added[i])
            continue;
        memcpy(o.centre_mm, f->centre_mm, sizeof o.centre_mm);
        out->object[out->n] = o;
        out->place[out->n++] = i;
    }
    return rc;
}

static const struct hep_finding *added_at(const struct hep_read *r, const struct added *a, size_t i)
{
    return i == HEP_NO_MATCH ? NULL : &r->file.findings.list[a->place[i]];
}

static int pair_added(struct hep_read_study *s, struct hep_error *err)
{
    const struct hep_read *first = &s->by[0], *second = &s->by[1];
    struct added a = { 0 }, b = { 0 };
    struct hep_matching m = { 0 };
    int rc = list_added(&a, first, err);

    if (rc == HEP_OK)
        rc = list_added(&b, second, err);
    if (rc == HEP_OK)
        rc = hep_match(&m, &(struct hep_match_side){ a.object, a.n, first->labels },
                       &(struct hep_match_side){ b.object, b.n, second->labels }, HEP_MATCH_BOTH,
                       err);
    for (size_t i = 0; rc == HEP_OK && i < a.n; i++)
        rc = add_pair(s, added_at(first, &a, i), added_at(second, &b, m.finding_of[i]), err);
    for (size_t i = 0; rc == HEP_OK && i < b.n; i++) {
        if (m.found[i].fate != HEP_FATE_TRUE)
            rc = add_pair(s, NULL, added_at(second, &b, i), err);
    }
    hep_matching_release(&m);
    free(a.object);
    free(a.place);
    free(b.object);
    free(b.place);
    return rc;
}

int hep_read_study_open(struct hep_read_study *out, const struct hep_dataset_study *study,
                        const char *const readers[2], struct hep_error *err)
{
    int rc = HEP_OK;

    out->label = study->label;
    out->path = study->path;
    for (int k = 0; rc == HEP_OK && k < 2; k++)
        rc = read_one(&out->by[k], study, readers[k], err);
    if (rc == HEP_OK && strcmp(result_of(&out->by[0]), result_of(&out->by[1])) != 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: %s and %s have read different results", study->label,
                      readers[0], readers[1]);
    if (rc == HEP_OK &&
        !hep_grid_same(&out->by[0].labels->grid, &out->by[1].labels->grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: the label maps of %s and %s are on different grids",
                      study->label, readers[0], readers[1]);
    if (rc == HEP_OK)
        rc = pair_found(out, err);
    return rc == HEP_OK ? pair_added(out, err) : rc;
}
