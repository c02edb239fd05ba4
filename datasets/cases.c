#include "datasets/cases.h"

#include "base/file.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* ---- where the layout begins ----------------------------------------------------------------- */

/* What of `needs` is not in a folder; NULL when all is there. */
static const char *missing_in(const char *root, const struct hep_set *set)
{
    for (size_t i = 0; i < set->n_needs; i++) {
        char *path = hep_path_join(root, set->need[i], NULL);
        const bool there = path != NULL && (hep_is_file(path) || hep_is_dir(path));

        free(path);
        if (!there)
            return set->need[i];
    }
    return NULL;
}

/* Does some series of the set lie below this folder? */
static bool has_series(const char *root, const struct hep_set *set)
{
    bool has = set->boxes != NULL;

    for (size_t i = 0; !has && i < set->n_series; i++) {
        struct hep_places found = { 0 };

        has = hep_pattern_find(&found, root, set->series[i].path, NULL, NULL) == HEP_OK &&
              found.n > 0;
        hep_places_release(&found);
    }
    return has;
}

static int find_root(struct hep_cases *out, const struct hep_set *set, const char *source,
                     struct hep_error *err)
{
    const char *lacks = NULL;

    if (!hep_is_dir(source))
        return HEP_FAIL(err, HEP_ENOENT, "%s: no such folder", source);
    for (size_t i = 0; i < set->n_roots; i++) {
        char *root = strcmp(set->root[i], ".") == 0 ? hep_strdup(source, err)
                                                    : hep_path_join(source, set->root[i], err);
        const char *missing;

        if (root == NULL)
            return HEP_ENOMEM;
        missing = hep_is_dir(root) ? missing_in(root, set) : set->root[i];
        if (missing == NULL && has_series(root, set)) {
            out->root = root;
            return HEP_OK;
        }
        if (i == 0)
            lacks = missing != NULL ? missing : set->series[0].path;
        free(root);
    }
    return HEP_FAIL(err, HEP_EDATASET, "%s: not the layout of %s: there is no %s", source,
                    set->name, lacks != NULL ? lacks : "image");
}

/* ---- cases by the names of their files ------------------------------------------------------- */

static struct hep_case *case_named(struct hep_cases *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->list[i].name, name) == 0)
            return &c->list[i];
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return hep_natural_cmp(((const struct hep_case *)a)->name, ((const struct hep_case *)b)->name);
}

/* Cases with a lower number belong to another part of the set. */
static bool is_of_part(const struct hep_set *set, const char *name)
{
    double number = 0.0;

    return isnan(set->case_from) ||
           (hep_parse_double(&number, name, NULL) == HEP_OK && number >= set->case_from);
}

/* A role that is told has one series: the first row of the set that finds one counts. */
static bool has_role(const struct hep_case *c, enum hep_role role)
{
    for (size_t i = 0; role != HEP_ROLE_UNKNOWN && i < c->n_series; i++)
        if (c->series[i].row->role == role)
            return true;
    return false;
}

static int take_place(struct hep_cases *out, const struct hep_set *set,
                      const struct hep_set_series *row, const struct hep_place_found *place,
                      struct hep_error *err)
{
    const char *name = hep_captures_get(&place->words, "case");
    struct hep_case *c = name != NULL ? case_named(out, name) : NULL;
    struct hep_case_series *s;
    int rc = HEP_OK;

    if (name == NULL)
        return HEP_FAIL(err, HEP_ECONFIG, "%s: the path of a series has no {case}", set->name);
    if (!is_of_part(set, name))
        return HEP_OK;
    if (c == NULL) {
        rc = hep_cases_add(&c, out, name, err);
        if (rc == HEP_OK)
            c->words = place->words;
    }
    if (rc == HEP_OK && has_role(c, row->role))
        return hep_lines_addf(&c->notes, err, "a second %s series is left out: %s",
                              hep_role_name(row->role), place->path + strlen(out->root) + 1);
    if (rc == HEP_OK)
        rc = hep_case_add_series(&s, c, row, place->path, err);
    if (rc == HEP_OK)
        s->words = place->words;
    return rc;
}

static int cases_of_files(struct hep_cases *out, const struct hep_set *set, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < set->n_series; i++) {
        struct hep_places found = { 0 };

        rc = hep_pattern_find(&found, out->root, set->series[i].path, NULL, err);
        for (size_t k = 0; rc == HEP_OK && k < found.n; k++)
            rc = take_place(out, set, &set->series[i], &found.list[k], err);
        hep_places_release(&found);
    }
    return rc;
}

int hep_cases_find(struct hep_cases *out, const struct hep_set *set, const char *source,
                   struct hep_error *err)
{
    int rc;

    *out = (struct hep_cases){ 0 };
    rc = find_root(out, set, source, err);
    if (rc == HEP_OK)
        rc = set->boxes != NULL ? hep_cases_of_boxes(out, set, err) : cases_of_files(out, set, err);
    if (rc == HEP_OK && out->n == 0)
        rc = HEP_FAIL(err, HEP_EDATASET, "%s: not the layout of %s: no case of it is there",
                      out->root, set->name);
    if (rc == HEP_OK) {
        qsort(out->list, out->n, sizeof *out->list, by_name);
        rc = hep_cases_read_tables(out, set, err);
    }
    return rc;
}
