#include "dicom/naming.h"

#include "base/text.h"
#include "sequences/bids_name.h"

#include <math.h>
#include <stdlib.h>

enum { LONGEST_ACQ = 32 };

struct naming {
    const struct hep_inventory *inv;
    const char *begin, *agent;
    bool has_pair; /* opposed and in phase */
};

static const struct hep_series *series_of(const struct hep_inventory *inv, const char *path,
                                          size_t *part)
{
    for (size_t i = 0; i < inv->n_series; i++)
        for (size_t k = 0; k < inv->series[i].n_paths; k++)
            if (strcmp(inv->series[i].path[k], path) == 0) {
                *part = k;
                return &inv->series[i];
            }
    return NULL;
}

static bool is_by_order_only(const struct hep_series *s)
{
    for (size_t i = 0; i < s->warnings.n; i++)
        if (strstr(s->warnings.line[i], "order of acquisition only") != NULL)
            return true;
    return false;
}

/* "acq-" from the description, with letters and digits only. */
static char *described(const struct hep_series *s, struct hep_error *err)
{
    const char *text = s->acquisition.series_description;
    char *label = hep_bids_make_label(text != NULL ? text : "", err);

    if (label != NULL && strlen(label) > LONGEST_ACQ)
        label[LONGEST_ACQ] = '\0';
    return label;
}

/* Number of the echo among the dual or multiple echoes, by echo time. */
static size_t echo_number(const struct naming *n, const struct hep_series *s, size_t part)
{
    size_t number = part + 1;

    if (s->role == HEP_ROLE_ECHOES)
        return number;
    for (size_t i = 0; i < n->inv->n_series; i++) {
        const struct hep_series *o = &n->inv->series[i];

        if (o != s && o->selected &&
            (o->role == HEP_ROLE_OPPOSED || o->role == HEP_ROLE_IN_PHASE) &&
            o->acquisition.te_s < s->acquisition.te_s)
            number++;
    }
    return number;
}

static char *phase_name(const struct naming *n, const struct hep_series *s, struct hep_error *err)
{
    const char *acq = hep_role_acq(s->role);
    bool is_after = hep_role_is_post_contrast(s->role);
    char *label = NULL, *name;

    if (acq == NULL || is_by_order_only(s)) {
        label = described(s, err);
        acq = label;
        is_after = false;
    }
    if (acq == NULL)
        return NULL;
    name = hep_asprintf(err, "anat/%s_acq-%s%s%s_T1w", n->begin, acq,
                        is_after && n->agent != NULL ? "_ce-" : "",
                        is_after && n->agent != NULL ? n->agent : "");
    free(label);
    return name;
}

static bool is_fat_saturated(const struct hep_series *s)
{
    static const char *const words[] = {
        "fatsat", "fat sat", "_fs", " fs", "spair", "stir", "spir"
    };
    const char *text = s->acquisition.series_description;

    for (size_t i = 0; text != NULL && i < sizeof words / sizeof words[0]; i++)
        if (hep_contains_nocase(text, words[i]))
            return true;
    return false;
}

static int leave_out(struct hep_named_file *f, const struct hep_series *s, struct hep_error *err)
{
    const char *reason = s->left_out != NULL ? s->left_out
                         : s->reasons.n > 0  ? s->reasons.line[0]
                                             : "nothing says what this is";

    if (s->left_out == NULL && s->warnings.n > 0 && s->alternative[0].score > 0.0)
        reason = s->warnings.line[s->warnings.n - 1];
    f->reason = hep_strdup(reason, err);
    return f->reason != NULL ? HEP_OK : HEP_ENOMEM;
}

static int name_one(struct hep_named_file *f, const struct naming *n, struct hep_error *err)
{
    size_t part = 0;
    const struct hep_series *s = series_of(n->inv, f->path, &part);

    if (s == NULL) {
        f->reason = hep_strdup("another file of the same acquisition is used", err);
        return f->reason != NULL ? HEP_OK : HEP_ENOMEM;
    }
    if (s->role == HEP_ROLE_UNKNOWN || s->left_out != NULL || hep_role_is_mask(s->role))
        return leave_out(f, s, err);
    if (s->role == HEP_ROLE_DWI) {
        f->b_s_per_mm2 = s->nt == s->n_paths ? s->frame[part].b_s_per_mm2 : (double)NAN;
        f->name = s->n_paths > 1 && isfinite(f->b_s_per_mm2)
                      ? hep_asprintf(err, "dwi/%s_acq-b%.0f_dwi", n->begin, f->b_s_per_mm2)
                      : hep_asprintf(err, "dwi/%s_dwi", n->begin);
    } else if (s->role == HEP_ROLE_T2) {
        f->name =
            hep_asprintf(err, "anat/%s%s_T2w", n->begin, is_fat_saturated(s) ? "_acq-fatsat" : "");
    } else if (s->role == HEP_ROLE_OPPOSED || s->role == HEP_ROLE_IN_PHASE ||
               s->role == HEP_ROLE_ECHOES) {
        f->name = hep_asprintf(err, "anat/%s_acq-%s_echo-%zu_MEGRE", n->begin,
                               s->role == HEP_ROLE_ECHOES && n->has_pair ? "multi" : "dixon",
                               echo_number(n, s, part));
    } else if (s->role == HEP_ROLE_DYNAMIC) {
        f->name = hep_asprintf(err, "anat/%s_acq-dynamic_T1w", n->begin);
    } else {
        f->name = phase_name(n, s, err);
    }
    return f->name != NULL ? HEP_OK : HEP_ENOMEM;
}

/* Where a name is given more than once, run-1, run-2 before the suffix (and before echo-, as BIDS
 * orders the entities). */
static int add_runs(struct hep_named_file *files, size_t n, struct hep_error *err)
{
    for (size_t i = 0; i < n; i++) {
        char *first = files[i].name != NULL ? hep_strdup(files[i].name, err) : NULL;
        size_t same = 0;

        if (files[i].name != NULL && first == NULL)
            return HEP_ENOMEM;
        for (size_t k = i + 1; first != NULL && k < n; k++)
            same += files[k].name != NULL && strcmp(files[k].name, first) == 0;
        for (size_t k = i, run = 1; same > 0 && k < n; k++) {
            char *tail, *name;

            if (files[k].name == NULL || strcmp(files[k].name, first) != 0)
                continue;
            tail = strstr(files[k].name, "_echo-");
            tail = tail != NULL ? tail : strrchr(files[k].name, '_');
            name = hep_asprintf(err, "%.*s_run-%zu%s", (int)(tail - files[k].name), files[k].name,
                                run++, tail);
            free(files[k].name);
            files[k].name = name;
            if (name == NULL) {
                free(first);
                return HEP_ENOMEM;
            }
        }
        free(first);
    }
    return HEP_OK;
}

int hep_name_files(struct hep_named_file *files, size_t n, const struct hep_inventory *inv,
                   const char *begin, const char *agent, struct hep_error *err)
{
    const struct naming naming = { inv, begin, agent,
                                   hep_inventory_find(inv, HEP_ROLE_OPPOSED) != NULL };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        files[i].b_s_per_mm2 = (double)NAN;
        rc = name_one(&files[i], &naming, err);
    }
    return rc == HEP_OK ? add_runs(files, n, err) : rc;
}

void hep_named_files_release(struct hep_named_file *files, size_t n)
{
    for (size_t i = 0; files != NULL && i < n; i++) {
        free(files[i].name);
        free(files[i].reason);
    }
    free(files);
}
