#include "pipeline/products.h"

#include "base/file.h"
#include "base/text.h"
#include "sequences/inventory.h"

#include <stdlib.h>

struct hep_product *hep_product_find(const struct hep_run *run, const char *name)
{
    for (size_t i = 0; i < run->n_products; i++) {
        if (strcmp(run->products[i].slot->name, name) == 0)
            return &run->products[i];
    }
    return NULL;
}

bool hep_product_usable(const struct hep_product *p)
{
    return p->state == HEP_PRODUCT_PRESENT && p->withheld == NULL;
}

const struct hep_series *hep_run_series(const struct hep_run *run, const char *name)
{
    const struct hep_product *p = hep_product_find(run, name);

    return p != NULL && p->state == HEP_PRODUCT_PRESENT ? p->series : NULL;
}

bool hep_run_has(const struct hep_run *run, const char *name)
{
    const struct hep_product *p = hep_product_find(run, name);

    return p != NULL && hep_product_usable(p);
}

const char *hep_run_reason(const struct hep_run *run, const char *name)
{
    const struct hep_product *p = hep_product_find(run, name);

    if (p != NULL && p->withheld != NULL)
        return p->withheld;
    return p != NULL && p->reason != NULL ? p->reason : "not made";
}

const char *hep_run_withheld(const struct hep_run *run, const char *name)
{
    const struct hep_product *p = hep_product_find(run, name);

    return p != NULL ? p->withheld : NULL;
}

const struct hep_config *hep_run_config(const struct hep_run *run)
{
    return run->cfg;
}

struct hep_log *hep_run_log(const struct hep_run *run)
{
    return run->log;
}

int hep_run_nthreads(const struct hep_run *run)
{
    return run->nthreads;
}

const char *hep_run_label(const struct hep_run *run)
{
    return run->label;
}

const struct hep_inventory *hep_run_inventory(const struct hep_run *run)
{
    return run->inventory;
}

const struct hep_agent *hep_run_agent(const struct hep_run *run)
{
    return run->agent;
}

const struct hep_derivative *hep_run_given_region(const struct hep_run *run, size_t i)
{
    return i < run->given.n_regions ? &run->given.regions[i] : NULL;
}

const char *hep_run_given_mask(const struct hep_run *run, enum hep_role role)
{
    return role == HEP_ROLE_LIVER_MASK       ? run->given.liver.path
           : role == HEP_ROLE_RESECTION_MASK ? run->given.resection
                                             : NULL;
}

const char *hep_run_folder(const struct hep_run *run)
{
    return run->out.tmp;
}

int hep_run_log_path(char **out, const struct hep_run *run, const char *name, struct hep_error *err)
{
    char *dir = hep_path_join(run->out.root, "logs", err);
    int rc = dir == NULL ? HEP_ENOMEM : hep_mkdir_p(dir, err);

    *out = rc == HEP_OK ? hep_asprintf(err, "%s/%s_%s.log", dir, run->label, name) : NULL;
    free(dir);
    return rc == HEP_OK && *out == NULL ? HEP_ENOMEM : rc;
}

void hep_run_keep(const struct hep_run *run)
{
    struct hep_error lost = { 0 };

    if (hep_outdir_keep(&run->out, &lost) != HEP_OK)
        hep_log_write(run->log, HEP_LOG_DEBUG, "lock", "%s", lost.msg);
}

const char *hep_run_relative(const struct hep_run *run, const char *path)
{
    const char *study = run->inventory->study;
    size_t n = strlen(study);

    if (strncmp(path, study, n) == 0) {
        path += n;
        while (*path == '/')
            path++;
        return path;
    }
    return hep_path_base(path);
}

static bool lists(const struct hep_slot *inputs, const char *name)
{
    for (; inputs != NULL && inputs->name != NULL; inputs++) {
        if (strcmp(inputs->name, name) == 0)
            return true;
    }
    return false;
}

const struct hep_series *hep_products_series_on(const struct hep_run *run,
                                                const struct hep_slot *inputs,
                                                const struct hep_grid *grid)
{
    static const char *const order[] = {
        "hepatobiliary", "portal_venous", "delayed", "transitional", "arterial", "precontrast",
        "in_phase",      "opposed",       "echoes",  "t2",           "dwi"
    };

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const struct hep_series *s = hep_run_series(run, order[i]);

        if (s != NULL && (inputs == NULL || lists(inputs, order[i])) &&
            (grid == NULL || hep_grid_same(&s->grid, grid, HEP_GRID_TOL_MM)))
            return s;
    }
    return NULL;
}
