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

/* An entity before the suffix: "anat/sub-01_echo-1_MEGRE" becomes "anat/sub-01_echo-1_part-mag_MEGRE". */
static int insert(char **name, const char *entity, struct hep_error *err)
{
    const char *suffix = strrchr(*name, '_');
    char *more = hep_asprintf(err, "%.*s_%s%s", (int)(suffix - *name), *name, entity, suffix);

    if (more == NULL)
        return HEP_ENOMEM;
    free(*name);
    *name = more;
    return HEP_OK;
}

/* ---- phase images --------------------------------------------------------------------------- */

static bool is_phase_image(const struct hep_series *s)
{
    for (size_t i = 0; i < s->acquisition.n_image_type; i++)
        if (strcmp(s->acquisition.image_type[i], "P") == 0 ||
            strcmp(s->acquisition.image_type[i], "PHASE MAP") == 0)
            return s->role == HEP_ROLE_UNKNOWN;
    return false;
}

static double echo_time(const struct hep_series *s, size_t part)
{
    return s->role == HEP_ROLE_ECHOES && part < s->nt ? s->frame[part].te_s : s->acquisition.te_s;
}

/* Two images of one excitation: voxels, echo time and time of acquisition are the same. */
static bool is_same_echo(const struct hep_series *a, size_t part_a, const struct hep_series *b,
                         size_t part_b)
{
    const double clock_s = a->acquisition.acquisition_time_s - b->acquisition.acquisition_time_s;

    return hep_grid_same(&a->grid, &b->grid, HEP_GRID_TOL_MM) && fabs(clock_s) < 1.0 &&
           fabs(echo_time(a, part_a) - echo_time(b, part_b)) < 1e-5;
}

/* A phase image has the name of its magnitude, part-phase and part-mag; without a single magnitude it is left out. */
static int name_phases(struct hep_named_file *files, size_t n, const struct naming *naming,
                       struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        size_t part_i = 0, part_k = 0, found = n, count = 0;
        const struct hep_series *phase = series_of(naming->inv, files[i].path, &part_i);

        if (files[i].name != NULL || phase == NULL || !is_phase_image(phase))
            continue;
        for (size_t k = 0; k < n; k++) {
            const struct hep_series *s = series_of(naming->inv, files[k].path, &part_k);

            if (files[k].name != NULL && s != NULL && strstr(files[k].name, "_part-") == NULL &&
                is_same_echo(phase, part_i, s, part_k)) {
                found = k;
                count++;
            }
        }
        if (count != 1)
            continue;
        files[i].name = hep_strdup(files[found].name, err);
        rc = files[i].name != NULL ? insert(&files[i].name, "part-phase", err) : HEP_ENOMEM;
        if (rc == HEP_OK)
            rc = insert(&files[found].name, "part-mag", err);
        free(files[i].reason);
        files[i].reason = NULL;
    }
    return rc;
}

/* ---- the same name again -------------------------------------------------------------------- */

/* Two slabs of one stack: the same voxels in all but one direction, along which neither reaches into the other. */
static bool are_chunks(const struct hep_grid *a, const struct hep_grid *b)
{
    static const double same = 0.05; /* of a voxel */
    double inverse[4][4], m[4][4];
    size_t apart = 0, aligned = 0;

    if (hep_grid_inverse(inverse, a, NULL) != HEP_OK)
        return false;
    hep_affine_mul(m, HEP_AFFINE(inverse), b->to_world);
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++)
            if (fabs(m[i][k] - (i == k ? 1.0 : 0.0)) > same / (double)b->n[k])
                return false;
        if (fabs(m[i][3]) < same && a->n[i] == b->n[i])
            aligned++;
        else
            apart += m[i][3] > (double)a->n[i] - 0.5 || m[i][3] + (double)b->n[i] < 0.5;
    }
    return aligned == 2 && apart == 1;
}

static bool all_are_chunks(const struct hep_named_file *files, size_t n, size_t first,
                           const struct hep_inventory *inv)
{
    size_t part = 0;

    for (size_t i = first; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            const struct hep_series *a = series_of(inv, files[i].path, &part),
                                    *b = series_of(inv, files[k].path, &part);

            if (files[i].name == NULL || files[k].name == NULL ||
                strcmp(files[i].name, files[first].name) != 0 ||
                strcmp(files[k].name, files[first].name) != 0)
                continue;
            if (a == NULL || b == NULL || !are_chunks(&a->grid, &b->grid))
                return false;
        }
    return true;
}

/* Where a name is given more than once, run-1, run-2 before the suffix (and before echo- and part-, as BIDS orders the
 * entities); chunk-1, chunk-2 where they are slabs of one stack. */
static int add_runs(struct hep_named_file *files, size_t n, const struct hep_inventory *inv,
                    struct hep_error *err)
{
    for (size_t i = 0; i < n; i++) {
        char *first = files[i].name != NULL ? hep_strdup(files[i].name, err) : NULL;
        const bool chunks = first != NULL && all_are_chunks(files, n, i, inv);
        size_t same = 0;

        if (files[i].name != NULL && first == NULL)
            return HEP_ENOMEM;
        for (size_t k = i + 1; first != NULL && k < n; k++)
            same += files[k].name != NULL && strcmp(files[k].name, first) == 0;
        for (size_t k = i, run = 1; same > 0 && k < n; k++) {
            char *tail, *name;

            if (files[k].name == NULL || strcmp(files[k].name, first) != 0)
                continue;
            tail = chunks ? NULL : strstr(files[k].name, "_echo-");
            tail = tail != NULL || chunks ? tail : strstr(files[k].name, "_part-");
            tail = tail != NULL ? tail : strrchr(files[k].name, '_');
            name = hep_asprintf(err, "%.*s_%s-%zu%s", (int)(tail - files[k].name), files[k].name,
                                chunks ? "chunk" : "run", run++, tail);
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
    if (rc == HEP_OK)
        rc = name_phases(files, n, &naming, err);
    return rc == HEP_OK ? add_runs(files, n, inv, err) : rc;
}

void hep_named_files_release(struct hep_named_file *files, size_t n)
{
    for (size_t i = 0; files != NULL && i < n; i++) {
        free(files[i].name);
        free(files[i].reason);
    }
    free(files);
}
