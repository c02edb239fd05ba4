#include "review/readers.h"

#include "base/alloc.h"
#include "base/file.h"
#include "image/nifti.h"
#include "lesions/size.h"
#include "terms/finding_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One study's consensus while it is made. */
struct consensus {
    const struct hep_readers *readers;
    const struct hep_read_study *study;
    struct hep_labels *labels;
    struct hep_findings findings;
    struct hep_json *open; /* what a third reader has to decide */
    struct hep_put put;
};

static void put_open(struct consensus *c, int32_t id, const struct hep_read_pair *p,
                     const char *what, const char *first, const char *second)
{
    struct hep_json *o = hep_json_new_object();
    const char *const words[2] = { first, second };

    if (id > 0)
        hep_put(&c->put, o, "id", hep_json_new_integer(id));
    hep_put_text(&c->put, o, "what", what);
    for (int k = 0; k < 2; k++)
        hep_put_text(&c->put, o, c->readers->names[k], words[k]);
    hep_put_numbers(&c->put, o, "centre_mm", (p->of[0] != NULL ? p->of[0] : p->of[1])->centre_mm,
                    3);
    hep_put_item(&c->put, c->open, o);
}

/* Voxels that both drew; their number. */
static size_t draw(struct consensus *c, int32_t id, const struct hep_read_pair *p)
{
    const struct hep_labels *a = c->study->by[0].labels, *b = c->study->by[1].labels;
    size_t n = 0;

    for (size_t i = 0; i < hep_grid_voxels(&c->labels->grid); i++) {
        if (a->data[i] == p->of[0]->id && b->data[i] == p->of[1]->id) {
            c->labels->data[i] = id;
            n++;
        }
    }
    return n;
}

static int measure(struct hep_finding *f, const struct hep_labels *labels, struct hep_error *err)
{
    struct hep_lesion_size size;
    double sum[3] = { 0 }, world[3], n = 0.0;
    int rc = hep_label_size(&size, labels, f->id, err);

    for (size_t i = 0; i < hep_grid_voxels(&labels->grid); i++) {
        if (labels->data[i] != f->id)
            continue;
        hep_grid_world_of(world, &labels->grid, i);
        for (int k = 0; k < 3; k++)
            sum[k] += world[k];
        n += 1.0;
    }
    for (int k = 0; k < 3; k++)
        f->centre_mm[k] = sum[k] / n;
    hep_measures_set(&f->measures, HEP_M_VOLUME, size.volume_ml);
    hep_measures_set(&f->measures, HEP_M_LONG_AXIS, size.long_axis_mm);
    hep_measures_set(&f->measures, HEP_M_SHORT_AXIS, size.short_axis_mm);
    return rc;
}

static const char *class_words(const struct hep_finding *f)
{
    return f->lesion_class == HEP_CLASS_COUNT ? NULL : hep_class_name(f->lesion_class);
}

static const char *flag_words(const struct hep_flag_result *f)
{
    return f->given ? hep_flag_state_name(f->state) : NULL;
}

static void settle(struct consensus *c, struct hep_finding *f, const struct hep_read_pair *p)
{
    const struct hep_finding *a = p->of[0], *b = p->of[1];

    f->lesion_class = a->lesion_class == b->lesion_class ? a->lesion_class : HEP_CLASS_COUNT;
    if (a->lesion_class != b->lesion_class)
        put_open(c, f->id, p, "class", class_words(a), class_words(b));
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const struct hep_flag_result *x = &a->flag[i], *y = &b->flag[i];

        if (!x->given && !y->given)
            continue;
        if (x->given && y->given && x->state == y->state)
            hep_flag_set(&f->flag[i], x->state, (double)NAN, (double)NAN, "both readers: %s",
                         flag_words(x));
        else
            put_open(c, f->id, p, hep_flag_name((enum hep_flag)i), flag_words(x), flag_words(y));
    }
}

static int add_pair(struct consensus *c, const struct hep_read_pair *p, struct hep_error *err)
{
    const int32_t id = (int32_t)c->findings.n + 1;
    struct hep_finding *f;
    int rc;

    if (p->of[0] == NULL && p->of[1] == NULL)
        return HEP_OK;
    if (p->of[0] == NULL || p->of[1] == NULL || draw(c, id, p) == 0) {
        put_open(c, 0, p, p->of[0] != NULL && p->of[1] != NULL ? "outline" : "lesion",
                 p->of[0] != NULL ? "accept" : "reject", p->of[1] != NULL ? "accept" : "reject");
        return c->put.rc;
    }
    rc = HEP_GROW(c->findings.list, c->findings.n, err);
    if (rc != HEP_OK)
        return rc;
    f = &c->findings.list[c->findings.n++];
    f->id = id;
    settle(c, f, p);
    rc = measure(f, c->labels, err);
    return rc == HEP_OK ? c->put.rc : rc;
}

static int write_files(struct consensus *c, struct hep_error *err)
{
    const struct hep_read_study *s = c->study;
    const struct hep_read *first = &s->by[0];
    struct hep_json *o = hep_json_new_object();
    char *json = hep_asprintf(err, "%s/%s_desc-consensus_lesions.json", s->path, s->label),
         *map = hep_asprintf(err, "%s/anat/%s_label-lesions_desc-consensus_dseg.nii.gz", s->path,
                             s->label);
    int rc = json == NULL || map == NULL ? HEP_ENOMEM : HEP_OK;

    hep_put_text(&c->put, o, "study", s->label);
    hep_put_text(&c->put, o, "protocol", first->file.protocol);
    hep_put_text(&c->put, o, "agent", first->file.agent);
    hep_put_text(&c->put, o, "reference", first->file.reference);
    hep_put(&c->put, o, "lesions", hep_findings_json(&c->put, &c->findings));
    hep_put(&c->put, o, "open", c->open);
    c->open = NULL;
    rc = rc == HEP_OK ? c->put.rc : rc;
    if (rc == HEP_OK)
        rc = hep_nifti_write_labels(map, c->labels, NULL, err);
    if (rc == HEP_OK)
        rc = hep_json_write(json, o, err);
    hep_json_free(o);
    free(json);
    free(map);
    return rc;
}

int hep_readers_consensus(const struct hep_readers *r, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t s = 0; rc == HEP_OK && s < r->n; s++) {
        struct consensus c = { .readers = r,
                               .study = &r->study[s],
                               .open = hep_json_new_array(),
                               .put = { HEP_OK, err } };

        rc = hep_labels_new(&c.labels, &r->study[s].by[0].labels->grid, err);
        for (size_t i = 0; rc == HEP_OK && i < r->study[s].n; i++)
            rc = add_pair(&c, &r->study[s].pair[i], err);
        if (rc == HEP_OK)
            rc = write_files(&c, err);
        hep_labels_free(c.labels);
        hep_findings_release(&c.findings);
        hep_json_free(c.open);
    }
    return rc;
}
