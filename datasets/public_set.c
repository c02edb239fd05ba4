#include "datasets/public_set.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/table.h"
#include "base/text.h"
#include "datasets/study.h"
#include "sequences/bids_name.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#define MARK "derivatives/truth/truth.json"

/* One row of participants.tsv. */
struct person {
    char label[80];
    const char *source; /* borrowed */
    size_t series, lesions, missing;
    char notes[400];
};

struct making {
    const struct hep_public_request *q;
    struct hep_cases cases;
    struct person *person; /* as many as cases; those without a label are excluded */
    size_t n_persons;
    struct hep_public_made *made;
};

/* ---- before anything is written -------------------------------------------------------------- */

/* "MR-400851" is sub-MR400851: BIDS labels have letters and digits only. */
static void label_of(char out[80], const char *name)
{
    size_t n = (size_t)snprintf(out, 80, "sub-");

    for (; *name != '\0' && n + 1 < 80; name++)
        if (isalnum((unsigned char)*name))
            out[n++] = *name;
    out[n] = '\0';
}

static int check_labels(const struct hep_cases *c, struct hep_error *err)
{
    for (size_t i = 0; i < c->n; i++) {
        char a[80], b[80];

        label_of(a, c->list[i].name);
        if (strlen(a) == 4)
            return HEP_FAIL(err, HEP_EDATASET, "%s: a case named '%.60s' gives no label of BIDS",
                            c->root, c->list[i].name);
        for (size_t k = 0; k < i; k++) {
            label_of(b, c->list[k].name);
            if (strcmp(a, b) == 0)
                return HEP_FAIL(err, HEP_EDATASET,
                                "%s: the cases '%.60s' and '%.60s' would both be %s", c->root,
                                c->list[k].name, c->list[i].name, a);
        }
    }
    return HEP_OK;
}

/* The headers of all images beside the sizes of voxels that the file of boxes states. */
static int check_spacing(const struct making *m, struct hep_error *err)
{
    size_t n = 0, n_checked = 0;
    char first[420] = "";

    for (size_t i = 0; m->q->spacing == HEP_SPACING_CHECK && i < m->cases.n; i++)
        for (size_t s = 0; s < m->cases.list[i].n_series; s++) {
            const struct hep_case_series *one = &m->cases.list[i].series[s];
            struct hep_grid grid;
            double mm[3];
            char differs[200];

            if (!isfinite(one->spacing_mm[0]) ||
                hep_stated_grid(&grid, mm, differs, one, HEP_SPACING_CHECK, NULL) != HEP_OK)
                continue;
            n_checked++;
            if (differs[0] != '\0' && n++ == 0)
                (void)snprintf(first, sizeof first, "%.160s, %.40s: %s", m->cases.list[i].name,
                               one->row->phase != NULL ? one->row->phase : "", differs);
        }
    if (n == 0)
        return HEP_OK;
    return HEP_FAIL(err, HEP_EDATASET,
                    "%.180s (%zu of %zu images; --spacing header or annotation says which counts)",
                    first, n, n_checked);
}

/* A folder that another set, or something else, fills is left alone. */
static int check_target(const struct hep_public_request *q, struct hep_error *err)
{
    char *mark = hep_path_join(q->bids_dir, MARK, err);
    struct hep_listing there = { 0 };
    struct hep_json *json = NULL;
    const char *set;
    int rc = mark != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK && hep_is_dir(q->bids_dir))
        rc = hep_listing_read(&there, q->bids_dir, err);
    if (rc == HEP_OK && there.n > 0 && !hep_is_file(mark))
        rc = HEP_FAIL(err, HEP_ECREAT,
                      "%s: holds something else than a public data set; give an empty folder",
                      q->bids_dir);
    else if (rc == HEP_OK && there.n > 0)
        rc = hep_json_read(&json, mark, err);
    set = hep_json_string(hep_json_get(json, "set"));
    if (rc == HEP_OK && json != NULL && (set == NULL || strcmp(set, q->set->name) != 0))
        rc = HEP_FAIL(err, HEP_ECREAT, "%s: holds the data set %s; give another folder",
                      q->bids_dir, set != NULL ? set : "of an unknown name");
    hep_json_free(json);
    hep_listing_release(&there);
    free(mark);
    return rc;
}

/* ---- one case -------------------------------------------------------------------------------- */

static size_t missing_roles(const struct hep_set *set, const struct hep_study_work *w)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n_series; i++) {
        const enum hep_role role = set->series[i].role;
        bool seen = role == HEP_ROLE_UNKNOWN;

        for (size_t k = 0; !seen && k < i; k++)
            seen = set->series[k].role == role;
        for (size_t k = 0; !seen && k < w->n_placed; k++)
            seen = w->placed[k].from->row->role == role;
        n += !seen;
    }
    return n;
}

static void note_person(struct person *p, const struct hep_set *set, const struct hep_study_work *w)
{
    size_t n = 0;

    (void)snprintf(p->label, sizeof p->label, "%s", w->label);
    p->series = w->n_placed;
    p->lesions = w->c->n_lesions;
    p->missing = missing_roles(set, w);
    for (size_t i = 0; i < w->c->notes.n && n < sizeof p->notes; i++) {
        /* Notes tell files by their names: where the data lie is nobody's business. */
        const char *line = w->c->notes.line[i], *root = strstr(line, w->q->source);

        n += (size_t)snprintf(p->notes + n, sizeof p->notes - n, "%s%.*s%s", i > 0 ? "; " : "",
                              root != NULL ? (int)(root - line) : (int)strlen(line), line,
                              root != NULL ? root + strlen(w->q->source) : "");
    }
}

static int remove_folder(const char *path, struct hep_error *err)
{
    return hep_is_dir(path) ? hep_remove_tree(path, err) : HEP_OK;
}

/* What an earlier call left of the study goes first, so that the same command gives the same files. */
static int start_over(const struct hep_study_work *w, struct hep_error *err)
{
    int rc = remove_folder(w->study, err);

    if (rc == HEP_OK)
        rc = remove_folder(w->truth, err);
    return rc == HEP_OK ? remove_folder(w->given, err) : rc;
}

static int make_study(struct making *m, size_t i, struct hep_error *err)
{
    struct hep_case *c = &m->cases.list[i];
    struct person *p = &m->person[i];
    struct hep_study_work w = { .q = m->q, .cases = &m->cases, .c = c, .way = HEP_CARRY_HARD };
    int rc = HEP_OK;

    p->source = c->name;
    if (c->excluded[0] != '\0')
        return HEP_OK;
    label_of(w.label, c->name);
    w.study = hep_path_join(m->q->bids_dir, w.label, err);
    w.truth = hep_asprintf(err, "%s/derivatives/truth/%s", m->q->bids_dir, w.label);
    w.given = hep_asprintf(err, "%s/derivatives/given/%s", m->q->bids_dir, w.label);
    rc = w.study != NULL && w.truth != NULL && w.given != NULL ? start_over(&w, err) : HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_study_place(&w, err);
    if (rc == HEP_OK && c->excluded[0] == '\0')
        rc = hep_study_truth(&w, err);
    if (rc == HEP_OK && c->excluded[0] != '\0')
        rc = remove_folder(w.study, err);
    else if (rc == HEP_OK)
        note_person(p, m->q->set, &w);
    m->made->way = w.way > m->made->way ? w.way : m->made->way;
    hep_study_work_release(&w);
    return rc;
}

/* ---- the dataset's own files ----------------------------------------------------------------- */

#define P struct person
static const struct hep_column person_columns[] = {
    { "participant_id", HEP_CHARS(P, label), .meaning = "Label of the person" },
    { "source_id", HEP_TEXT(P, source), .meaning = "Name of the case in the public set" },
    { "series", HEP_COUNT(P, series), .meaning = "Images of the case that are there" },
    { "missing", HEP_COUNT(P, missing),
      .meaning = "Kinds of series that the set describes and the case lacks" },
    { "lesions", HEP_COUNT(P, lesions), .meaning = "Lesions of the file of boxes" },
    { "notes", HEP_CHARS(P, notes), .meaning = "What was left out, and why" },
    { 0 },
};
#undef P

static void put_list(struct hep_put *p, struct hep_json *o, const char *key,
                     const char *const *texts, size_t n)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < n; i++)
        hep_put_item(p, list, hep_json_new_string(texts[i]));
    hep_put(p, o, key, list);
}

static struct hep_json *classes_json(struct hep_put *p, const struct hep_set *s)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < s->n_classes; i++) {
        struct hep_json *o = hep_json_new_object();

        if (s->class[i].lesion_class == HEP_CLASS_COUNT) {
            hep_json_free(o);
            continue;
        }
        hep_put_text(p, o, "name", s->class[i].name);
        hep_put_text(p, o, "title", s->class[i].title);
        hep_put_text(p, o, "class", hep_class_name(s->class[i].lesion_class));
        hep_put_bool(p, o, "malignant", s->class[i].malignant);
        hep_put_item(p, list, o);
    }
    return list;
}

static struct hep_json *published_json(struct hep_put *p, const struct hep_set *s)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < s->n_published; i++) {
        struct hep_json *o = hep_json_new_object();

        hep_put_text(p, o, "measure", s->published[i].measure);
        hep_put_text(p, o, "what", s->published[i].what);
        hep_put_text(p, o, "source", s->published[i].source);
        hep_put_number(p, o, "from", s->published[i].from);
        hep_put_number(p, o, "to", s->published[i].to);
        hep_put_item(p, list, o);
    }
    return list;
}

static struct hep_json *excluded_json(struct hep_put *p, const struct hep_cases *c)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < c->n; i++) {
        struct hep_json *o;

        if (c->list[i].excluded[0] == '\0')
            continue;
        o = hep_json_new_object();
        hep_put_text(p, o, "case", c->list[i].name);
        hep_put_text(p, o, "reason", c->list[i].excluded);
        hep_put_item(p, list, o);
    }
    return list;
}

static struct hep_json *judged_json(struct hep_put *p, const struct hep_set_judged *j)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_bool(p, o, "liver", j->liver);
    hep_put_bool(p, o, "lesions", j->lesions);
    hep_put_bool(p, o, "classes", j->classes);
    hep_put_bool(p, o, "inventory", j->inventory);
    return o;
}

static int write_truth_json(const struct making *m, struct hep_error *err)
{
    const struct hep_set *s = m->q->set;
    struct hep_json *o = hep_json_new_object();
    char *dir = hep_path_join(m->q->bids_dir, "derivatives/truth", err);
    struct hep_put p = { dir != NULL ? hep_mkdir_p(dir, err) : HEP_ENOMEM, err };

    hep_put_text(&p, o, "set", s->name);
    hep_put_text(&p, o, "title", s->title);
    hep_put_text(&p, o, "citation", s->citation);
    hep_put_text(&p, o, "terms", s->terms);
    hep_put_text(&p, o, "links", hep_carry_name(m->made->way));
    put_list(&p, o, "stated", s->stated, s->n_stated);
    put_list(&p, o, "unknown", s->unknown, s->n_unknown);
    hep_put(&p, o, "judged", judged_json(&p, &s->judged));
    hep_put(&p, o, "classes", classes_json(&p, s));
    hep_put(&p, o, "published", published_json(&p, s));
    hep_put(&p, o, "excluded", excluded_json(&p, &m->cases));
    if (p.rc == HEP_OK)
        p.rc = hep_json_write_in(dir, "truth.json", o, err);
    hep_json_free(o);
    free(dir);
    return p.rc;
}

static int write_description(const struct making *m, const char *below, const char *type,
                             struct hep_error *err)
{
    const struct hep_set *s = m->q->set;
    struct hep_json *o = hep_json_new_object(), *list = hep_json_new_array(),
                    *by = hep_json_new_object();
    char *dir = hep_path_join(m->q->bids_dir, below, err);
    struct hep_put p = { dir != NULL ? hep_mkdir_p(dir, err) : HEP_ENOMEM, err };

    hep_put_text(&p, o, "Name", s->title);
    hep_put_text(&p, o, "BIDSVersion", HEP_BIDS_VERSION);
    hep_put_text(&p, o, "DatasetType", type);
    hep_put_text(&p, o, "License", s->terms);
    hep_put_text(&p, o, "HowToAcknowledge", s->citation);
    hep_put_text(&p, by, "Name", "Hepar");
    hep_put_text(&p, by, "Version", HEP_VERSION);
    hep_put_text(&p, by, "Description", "hepar dataset");
    hep_put_item(&p, list, by);
    hep_put(&p, o, "GeneratedBy", list);
    if (p.rc == HEP_OK)
        p.rc = hep_json_write_in(dir, "dataset_description.json", o, err);
    hep_json_free(o);
    free(dir);
    return p.rc;
}

static int write_dataset(struct making *m, struct hep_error *err)
{
    struct hep_table persons;
    struct hep_str ignore = { 0 };
    int rc = write_description(m, ".", "raw", err);

    if (rc == HEP_OK)
        rc = write_description(m, "derivatives/truth", "derivative", err);
    if (rc == HEP_OK)
        rc = write_description(m, "derivatives/given", "derivative", err);
    persons = (struct hep_table)HEP_TABLE_GAPS(NULL, person_columns, m->person, m->cases.n);
    if (rc == HEP_OK)
        rc = hep_table_write(m->q->bids_dir, "participants", &persons, err);
    hep_str_add(&ignore, "**/study.yml\n**/anat/series*\n");
    if (rc == HEP_OK)
        rc = hep_str_write(&ignore, m->q->bids_dir, ".bidsignore", err);
    else
        hep_str_release(&ignore);
    return rc == HEP_OK ? write_truth_json(m, err) : rc;
}

static void count(struct making *m)
{
    struct hep_public_made *made = m->made;

    made->n_cases = m->cases.n;
    for (size_t i = 0; i < m->cases.n; i++) {
        const struct person *p = &m->person[i];

        made->n_studies += p->label[0] != '\0';
        made->n_excluded += p->label[0] == '\0';
        made->n_series += p->series;
        made->n_missing += p->missing;
        made->n_lesions += p->lesions;
    }
}

int hep_public_set_make(struct hep_public_made *out, const struct hep_public_request *request,
                        struct hep_error *err)
{
    struct making m = { .q = request, .made = out };
    int rc = check_target(request, err);

    *out = (struct hep_public_made){ .way = HEP_CARRY_HARD };
    if (rc == HEP_OK)
        rc = hep_cases_find(&m.cases, request->set, request->source, err);
    if (rc == HEP_OK)
        rc = check_labels(&m.cases, err);
    if (rc == HEP_OK)
        rc = check_spacing(&m, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(m.person, m.cases.n + 1, err);
    if (rc == HEP_OK) /* an interrupted call can go on: the folder says whose it is */
        rc = write_truth_json(&m, err);
    for (size_t i = 0; rc == HEP_OK && i < m.cases.n; i++) {
        rc = make_study(&m, i, err);
        hep_log_progress(request->log, "dataset", (double)(i + 1) / (double)m.cases.n);
    }
    if (rc == HEP_OK)
        rc = write_dataset(&m, err);
    if (rc == HEP_OK)
        count(&m);
    free(m.person);
    hep_cases_release(&m.cases);
    return rc;
}
