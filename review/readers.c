#include "review/readers.h"

#include "base/alloc.h"
#include "base/file.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CATEGORIES_MAX HEP_CLASS_COUNT

/* ---- studies --------------------------------------------------------------------------------- */

/* 0, 1 or 2 readers have a file of it. */
static int count_files(int *n, const struct hep_dataset_study *study, const char *const readers[2],
                       struct hep_error *err)
{
    *n = 0;
    for (int k = 0; k < 2; k++) {
        char *path =
            hep_asprintf(err, "%s/%s_desc-%s_lesions.json", study->path, study->label, readers[k]);

        if (path == NULL)
            return HEP_ENOMEM;
        *n += hep_is_file(path);
        free(path);
    }
    return HEP_OK;
}

static int find_studies(struct hep_readers *r, const char *out_dir, struct hep_error *err)
{
    const struct hep_dataset_filter all = { .skip_validation = true };
    int rc = hep_dataset_list(&r->studies, out_dir, &all, err);

    for (size_t i = r->studies.n; rc == HEP_OK && i-- > 0;) {
        int n = 0;

        rc = count_files(&n, &r->studies.list[i], r->names, err);
        if (rc == HEP_OK && n < 2)
            hep_dataset_drop(&r->studies, i);
    }
    if (rc == HEP_OK && r->studies.n == 0)
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: no study that both %s and %s have read", out_dir,
                      r->names[0], r->names[1]);
    return rc;
}

/* ---- figures --------------------------------------------------------------------------------- */

/* Category of a lesion by a reader; -1: none. */
typedef int category_of(const struct hep_finding *f, int flag);

static int class_category(const struct hep_finding *f, int flag)
{
    (void)flag;
    return f->lesion_class == HEP_CLASS_COUNT ? -1 : (int)f->lesion_class;
}

static int flag_category(const struct hep_finding *f, int flag)
{
    const struct hep_flag_result *r = &f->flag[flag];

    return !r->given || r->state == HEP_FLAG_NOT_ASSESSABLE ? -1 : r->state == HEP_FLAG_PRESENT;
}

/* Agreement over the lesions that both kept. */
static void agree(struct hep_agreed *out, const struct hep_readers *r, const char *what,
                  category_of *category, int flag, size_t k)
{
    double count[CATEGORIES_MAX * CATEGORIES_MAX] = { 0 };

    *out = (struct hep_agreed){ .what = what };
    for (size_t s = 0; s < r->n; s++) {
        for (size_t i = 0; i < r->study[s].n; i++) {
            const struct hep_read_pair *p = &r->study[s].pair[i];
            int a, b;

            if (p->of[0] == NULL || p->of[1] == NULL)
                continue;
            a = category(p->of[0], flag);
            b = category(p->of[1], flag);
            if (a < 0 || b < 0)
                out->left_out++;
            else
                count[(size_t)a * k + (size_t)b] += 1.0;
        }
    }
    hep_rated_of(&out->rated, count, k);
}

/* Is it a lesion? Over all that were found or added. */
static void agree_on_lesions(struct hep_readers *r)
{
    double count[4] = { 0 };

    for (size_t s = 0; s < r->n; s++) {
        for (size_t i = 0; i < r->study[s].n; i++) {
            const struct hep_read_pair *p = &r->study[s].pair[i];
            const bool a = p->of[0] != NULL, b = p->of[1] != NULL;

            count[2 * (size_t)a + (size_t)b] += 1.0;
            r->n_pairs++;
            r->n_both += a && b;
        }
    }
    r->agreed[0] = (struct hep_agreed){ .what = "lesion" };
    hep_rated_of(&r->agreed[0].rated, count, 2);
}

static int measure_outlines(struct hep_readers *r, struct hep_error *err)
{
    float *dice = NULL;
    double *first = NULL, *second = NULL;
    size_t n = 0;
    int rc = HEP_NEW(dice, r->n_both + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(first, r->n_both + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(second, r->n_both + 1, err);
    for (size_t s = 0; rc == HEP_OK && s < r->n; s++) {
        for (size_t i = 0; i < r->study[s].n; i++) {
            const struct hep_read_pair *p = &r->study[s].pair[i];

            if (p->of[0] == NULL || p->of[1] == NULL)
                continue;
            dice[n] = (float)p->dice;
            first[n] = hep_finding_diameter_mm(p->of[0]);
            second[n++] = hep_finding_diameter_mm(p->of[1]);
        }
    }
    for (int q = 0; rc == HEP_OK && q < 3; q++)
        r->dice[q] = hep_quantile(dice, n, q == 0 ? 0.5 : q == 1 ? 0.25 : 0.75);
    if (rc == HEP_OK)
        hep_agreement_of(&r->diameter, second, first, n);
    free(dice);
    free(first);
    free(second);
    return rc;
}

int hep_readers_compare(struct hep_readers *out, const char *out_dir, const char *const readers[2],
                        struct hep_error *err)
{
    int rc;

    out->names[0] = readers[0];
    out->names[1] = readers[1];
    if (strcmp(readers[0], readers[1]) == 0)
        return HEP_FAIL(err, HEP_EUSAGE, "%s is one reader, two are compared", readers[0]);
    rc = find_studies(out, out_dir, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->study, out->studies.n, err);
    for (size_t i = 0; rc == HEP_OK && i < out->studies.n; i++) {
        out->n = i + 1;
        rc = hep_read_study_open(&out->study[i], &out->studies.list[i], out->names, err);
    }
    if (rc != HEP_OK)
        return rc;
    agree_on_lesions(out);
    agree(&out->agreed[1], out, "class", class_category, 0, HEP_CLASS_COUNT);
    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        agree(&out->agreed[i + 2], out, hep_flag_name((enum hep_flag)i), flag_category, i, 2);
    return measure_outlines(out, err);
}

void hep_readers_release(struct hep_readers *r)
{
    for (size_t i = 0; i < r->n; i++)
        hep_read_study_release(&r->study[i]);
    free(r->study);
    hep_dataset_release(&r->studies);
    *r = (struct hep_readers){ 0 };
}
