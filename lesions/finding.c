#include "lesions/finding.h"

#include <assert.h>
#include <math.h>

const char *hep_flag_state_name(enum hep_flag_state state)
{
    static const char *const names[] = { "not_assessable", "absent", "present" };

    return names[state];
}

const char *hep_flag_name(enum hep_flag flag)
{
    static const char *const names[HEP_FLAG_COUNT] = {
        [HEP_FLAG_RESTRICTED_DIFFUSION] = "restricted_diffusion",
        [HEP_FLAG_T2_SHINE_THROUGH] = "t2_shine_through",
        [HEP_FLAG_RING_ENHANCEMENT] = "ring_enhancement",
        [HEP_FLAG_ARTERIAL_HYPERENHANCEMENT] = "arterial_hyperenhancement",
        [HEP_FLAG_WASHOUT] = "washout",
        [HEP_FLAG_PERIPHERAL_WASHOUT] = "peripheral_washout",
        [HEP_FLAG_HBP_HYPOINTENSITY] = "hbp_hypointensity",
        [HEP_FLAG_TARGETOID_DWI] = "targetoid_dwi",
        [HEP_FLAG_TARGETOID_HBP] = "targetoid_hbp",
        [HEP_FLAG_T2_TARGET] = "t2_target",
        [HEP_FLAG_FAT] = "fat",
        [HEP_FLAG_BLOOD_POOL] = "blood_pool",
        [HEP_FLAG_T1_HYPERINTENSITY] = "t1_hyperintensity",
    };

    return names[flag];
}

static const char *const class_names[HEP_CLASS_COUNT] = {
    [HEP_CLASS_METASTASIS] = "metastasis",
    [HEP_CLASS_CYST] = "cyst",
    [HEP_CLASS_HAEMANGIOMA] = "haemangioma",
    [HEP_CLASS_FNH_LIKE] = "fnh_like",
    [HEP_CLASS_FOCAL_FAT] = "focal_fat",
    [HEP_CLASS_FAT_SPARING] = "fat_sparing",
    [HEP_CLASS_OTHER] = "other",
};

const char *hep_class_name(enum hep_lesion_class c)
{
    return class_names[c];
}

enum hep_lesion_class hep_class_from_name(const char *name)
{
    int c = 0;

    while (c < HEP_CLASS_COUNT && strcmp(name, class_names[c]) != 0)
        c++;
    return (enum hep_lesion_class)c;
}

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
