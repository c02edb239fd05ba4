#include "datasets/cases.h"

#include "base/alloc.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

void hep_cases_release(struct hep_cases *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct hep_case *one = &c->list[i];

        for (size_t s = 0; s < one->n_series; s++)
            free(one->series[s].path);
        free(one->series);
        free(one->lesion);
        free(one->box);
        free(one->name);
        hep_lines_release(&one->notes);
    }
    free(c->list);
    free(c->root);
    *c = (struct hep_cases){ 0 };
}

int hep_cases_add(struct hep_case **out, struct hep_cases *all, const char *name,
                  struct hep_error *err)
{
    int rc = HEP_GROW(all->list, all->n, err);

    if (rc != HEP_OK)
        return rc;
    *out = &all->list[all->n];
    (*out)->name = hep_strdup(name, err);
    if ((*out)->name == NULL)
        return HEP_ENOMEM;
    all->n++;
    return HEP_OK;
}

int hep_case_add_series(struct hep_case_series **out, struct hep_case *c,
                        const struct hep_set_series *row, const char *path, struct hep_error *err)
{
    int rc = HEP_GROW(c->series, c->n_series, err);

    if (rc != HEP_OK)
        return rc;
    *out = &c->series[c->n_series];
    **out = (struct hep_case_series){ .row = row,
                                      .path = hep_strdup(path, err),
                                      .spacing_mm = { (double)NAN, (double)NAN, (double)NAN } };
    if ((*out)->path == NULL)
        return HEP_ENOMEM;
    c->n_series++;
    return HEP_OK;
}
