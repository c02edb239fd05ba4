#include "lesions/finding.h"

#include <assert.h>
#include <math.h>

void hep_findings_release(struct hep_findings *f)
{
    free(f->list);
    *f = (struct hep_findings){ 0 };
}

static size_t find_measure(const struct hep_finding *f, const char *name)
{
    size_t i = 0;

    while (i < f->n_measures && strcmp(f->measure[i].name, name) != 0)
        i++;
    return i;
}

double hep_finding_measure(const struct hep_finding *f, const char *name)
{
    size_t i = find_measure(f, name);

    return i < f->n_measures ? f->measure[i].value : (double)NAN;
}

void hep_finding_set(struct hep_finding *f, const char *name, const char *unit, double value)
{
    size_t i = find_measure(f, name);

    if (i == f->n_measures) {
        assert(f->n_measures < HEP_MEASURES_MAX);
        f->n_measures++;
        (void)snprintf(f->measure[i].name, sizeof f->measure[i].name, "%s", name);
    }
    f->measure[i].unit = unit;
    f->measure[i].value = value;
}
