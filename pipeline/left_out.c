#include "pipeline/record.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>

static bool is_read_by(const struct hep_stage *stage, const char *name)
{
    for (const struct hep_slot *s = stage->inputs; s->name != NULL; s++)
        if (strcmp(s->name, name) == 0)
            return true;
    return false;
}

bool hep_product_is_read(const struct hep_run *run, const char *name)
{
    for (size_t i = 0; i < run->n_stages; i++)
        if (is_read_by(run->stages[i], name))
            return true;
    return false;
}

int hep_products_leave_out(struct hep_run *run, struct hep_error *err)
{
    struct hep_map_name *names = NULL;
    bool *chosen = hep_calloc(run->n_products + 1, sizeof *chosen, err);
    size_t n = 0;
    int rc = HEP_NEW(names, run->n_products + 1, err);

    if (chosen == NULL)
        rc = HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < run->n_products; i++)
        if (run->products[i].slot->group != HEP_MAP_NO_CHOICE)
            names[n++] =
                (struct hep_map_name){ run->products[i].slot->name, run->products[i].slot->group };
    if (rc == HEP_OK)
        rc = hep_map_list_read(chosen, run->cfg->outputs.maps.s, names, n,
                               "map of the setting outputs.maps", HEP_ECONFIG, err);
    n = 0;
    for (size_t i = 0; rc == HEP_OK && i < run->n_products; i++)
        if (run->products[i].slot->group != HEP_MAP_NO_CHOICE)
            run->products[i].left_out = !chosen[n++];
    free(names);
    free(chosen);
    return rc;
}

bool hep_run_wants(const struct hep_run *run, const char *name)
{
    const struct hep_product *p = hep_product_find(run, name);

    return p != NULL && (!p->left_out || hep_product_is_read(run, name));
}

/* Does a stage that will run read a map of this stage that the earlier result has no file of? */
static bool lacks_a_map(const struct hep_run *run, size_t maker, const bool *reusable,
                        const struct hep_json *earlier)
{
    const struct hep_json *products =
        hep_json_get(hep_record_stage(earlier, run->stages[maker]->name), "products");

    for (const struct hep_slot *s = run->stages[maker]->outputs; s->name != NULL; s++) {
        if (!hep_json_bool(hep_json_get(hep_json_get(products, s->name), "left_out"), false))
            continue;
        for (size_t i = 0; i < run->n_stages; i++)
            if (!reusable[i] && is_read_by(run->stages[i], s->name))
                return true;
    }
    return false;
}

void hep_record_make_left_out(bool *reusable, const struct hep_run *run,
                              const struct hep_json *earlier)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < run->n_stages; i++)
            if (reusable[i] && lacks_a_map(run, i, reusable, earlier)) {
                reusable[i] = false;
                changed = true;
            }
    }
}
