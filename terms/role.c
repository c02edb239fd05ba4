#include "terms/role.h"

#include "base/text.h"

static const struct role_row {
    const char *name, *words, *acq;
} role_rows[HEP_ROLE_COUNT] = {
    [HEP_ROLE_UNKNOWN] = { "unknown", "unknown", NULL },
    [HEP_ROLE_OPPOSED] = { "opposed", "opposed phase", NULL },
    [HEP_ROLE_IN_PHASE] = { "in_phase", "in phase", NULL },
    [HEP_ROLE_ECHOES] = { "echoes", "multi-echo", NULL },
    [HEP_ROLE_T2] = { "t2", "T2", NULL },
    [HEP_ROLE_DWI] = { "dwi", "diffusion", NULL },
    [HEP_ROLE_PRECONTRAST] = { "precontrast", "before contrast", "pre" },
    [HEP_ROLE_ARTERIAL] = { "arterial", "arterial", "art" },
    [HEP_ROLE_PORTAL_VENOUS] = { "portal_venous", "portal venous", "pv" },
    [HEP_ROLE_DELAYED] = { "delayed", "delayed", "del" },
    [HEP_ROLE_TRANSITIONAL] = { "transitional", "transitional", "trans" },
    [HEP_ROLE_HEPATOBILIARY] = { "hepatobiliary", "hepatobiliary", "hbp" },
    [HEP_ROLE_DYNAMIC] = { "dynamic", "several phases in one series", NULL },
    [HEP_ROLE_LIVER_MASK] = { "liver_mask", "liver mask", NULL },
    [HEP_ROLE_RESECTION_MASK] = { "resection_mask", "resection mask", NULL },
    [HEP_ROLE_LESION_MASK] = { "lesion_mask", "lesion mask", NULL },
    [HEP_ROLE_LABELS] = { "labels", "organ labels", NULL },
    [HEP_ROLE_T1_MAP] = { "t1_map", "T1 map before contrast", NULL },
    [HEP_ROLE_T1_MAP_AFTER] = { "t1_map_after", "T1 map after contrast", NULL },
};

const char *hep_role_name(enum hep_role role)
{
    unsigned i = (unsigned)role;

    return i < HEP_ROLE_COUNT ? role_rows[i].name : role_rows[HEP_ROLE_UNKNOWN].name;
}

const char *hep_role_words(enum hep_role role)
{
    unsigned i = (unsigned)role;

    return i < HEP_ROLE_COUNT ? role_rows[i].words : role_rows[HEP_ROLE_UNKNOWN].words;
}

int hep_role_from_name(enum hep_role *role, const char *name, struct hep_error *err)
{
    const char *names[HEP_ROLE_COUNT];
    size_t found = 0;
    int rc;

    if (name == NULL)
        return HEP_FAIL(err, HEP_EINVAL, "no role given");
    for (int i = 0; i < HEP_ROLE_COUNT; i++)
        names[i] = role_rows[i].name;
    rc = hep_find_name(&found, name, names, HEP_ROLE_COUNT, "role", HEP_EINVAL, err);
    if (rc == HEP_OK)
        *role = (enum hep_role)found;
    return rc;
}

int hep_read_role(const struct hep_reader *r, const struct hep_yaml *node,
                  const struct hep_key *key, void *to)
{
    struct hep_error local = { 0 };
    int rc = hep_want_type(r, node, HEP_YAML_SCALAR, key->name);

    if (rc == HEP_OK && hep_role_from_name(to, hep_yaml_text(node), &local) != HEP_OK)
        rc = hep_yaml_fail(r->doc, node, r->err, "%s", local.msg);
    return rc;
}

bool hep_role_is_t1_phase(enum hep_role role)
{
    return role >= HEP_ROLE_PRECONTRAST && role <= HEP_ROLE_HEPATOBILIARY;
}

bool hep_role_is_post_contrast(enum hep_role role)
{
    return role >= HEP_ROLE_ARTERIAL && role <= HEP_ROLE_HEPATOBILIARY;
}

bool hep_role_is_mask(enum hep_role role)
{
    return role >= HEP_ROLE_LIVER_MASK && role <= HEP_ROLE_LABELS;
}

const char *hep_role_acq(enum hep_role role)
{
    unsigned i = (unsigned)role;

    return i < HEP_ROLE_COUNT ? role_rows[i].acq : NULL;
}

enum hep_role hep_role_from_acq(const char *acq)
{
    for (int i = 0; acq != NULL && i < HEP_ROLE_COUNT; i++)
        if (role_rows[i].acq != NULL && strcmp(acq, role_rows[i].acq) == 0)
            return (enum hep_role)i;
    return HEP_ROLE_UNKNOWN;
}
