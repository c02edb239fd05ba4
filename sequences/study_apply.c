#include "sequences/series_build.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "sequences/lines.h"

#include <math.h>

enum { SCORE_GIVEN = 1000, MAX_TIMES_BYTES = 1024 * 1024 };

/** Without a leading "./". */
static const char *tidy(const char *path)
{
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    return path;
}

int hep_study_remove_listed(struct hep_study_files *c, const struct hep_study_yml *study,
                            struct hep_error *err)
{
    (void)err;
    if (study->ignore_others)
        hep_study_files_release(c);
    for (size_t i = 0; i < study->n_entries; i++)
        for (size_t k = 0; k < study->entry[i].n_paths; k++)
            hep_study_files_drop(c, tidy(study->entry[i].path[k]));
    return HEP_OK;
}

static int resolve(char **out, const struct hep_inventory *inv, const char *path, size_t line,
                   struct hep_error *err)
{
    char *full = hep_path_join(inv->study, tidy(path), err);

    if (full == NULL)
        return HEP_ENOMEM;
    if (hep_is_special(full)) {
        free(full);
        return HEP_FAIL(err, HEP_EFORMAT, "%s/study.yml:%zu: \"%s\" is not a regular file",
                        inv->study, line, path);
    }
    if (!hep_is_file(full)) {
        free(full);
        return HEP_FAIL(err, HEP_ENOENT, "%s/study.yml:%zu: \"%s\" is not there", inv->study, line,
                        path);
    }
    *out = full;
    return HEP_OK;
}

static int collect_entry(struct hep_study_files *c, const struct hep_inventory *inv,
                         const struct hep_study_entry *e, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < e->n_paths; i++) {
        char *full = NULL;

        rc = resolve(&full, inv, e->path[i], e->line, err);
        if (rc == HEP_OK)
            rc = hep_study_files_add(c, full, tidy(e->path[i]), false, err);
        free(full);
    }
    return rc;
}

static int unused_series(struct hep_series *s, const struct hep_study_entry *e,
                         struct hep_error *err)
{
    s->name = hep_strdup(tidy(e->path[0]), err);
    if (s->name == NULL)
        return HEP_ENOMEM;
    return hep_lines_addf(&s->reasons, err, "study.yml: not used");
}

/** Numbers of study.yml are per volume of the series, per chosen volume, or one for all. */
static int check_count(const struct hep_inventory *inv, const struct hep_study_entry *e,
                       const struct hep_numbers *x, size_t nt, const char *key, bool one_for_all,
                       struct hep_error *err)
{
    if (x->n == 0 || x->n == nt || (one_for_all && x->n == 1) ||
        (e->n_volumes > 0 && x->n == e->n_volumes))
        return HEP_OK;
    return HEP_FAIL(err, HEP_ECONFIG, "%s/study.yml:%zu: %s has %zu values for %zu volumes",
                    inv->study, e->line, key, x->n, nt);
}

/** Value for the i-th chosen volume, which is volume t of all nt. */
static double value_for(const struct hep_numbers *x, size_t nt, size_t i, size_t t)
{
    if (x->n == 1)
        return x->value[0];
    return x->n == nt ? x->value[t] : x->value[i];
}

/** Keep the volumes that study.yml chooses, in its order, with their gradient directions; drop the others. */
static int choose_volumes(struct hep_series *s, const struct hep_inventory *inv,
                          const struct hep_study_entry *e, struct hep_error *err)
{
    struct hep_frame *frame;

    if (e->n_volumes == 0)
        return HEP_OK;
    if (HEP_NEW(frame, e->n_volumes, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < e->n_volumes; i++) {
        if (e->volume[i] >= s->nt) {
            free(frame);
            return HEP_FAIL(err, HEP_ECONFIG,
                            "%s/study.yml:%zu: volume %zu of \"%s\", which has 0 to %zu",
                            inv->study, e->line, e->volume[i], e->path[0], s->nt - 1);
        }
        frame[i] = s->frame[e->volume[i]];
    }
    free(s->frame);
    s->frame = frame;
    s->nt = e->n_volumes;
    s->whole = false;
    hep_gradients_release(&s->gradients);
    return s->role == HEP_ROLE_DWI ? hep_series_gradients_from_frames(s, err) : HEP_OK;
}

static int read_times(struct hep_numbers *out, const struct hep_inventory *inv,
                      const struct hep_study_entry *e, struct hep_error *err)
{
    char *path = NULL, *text = NULL, *save = NULL;
    size_t n = 0;
    struct hep_error local = { 0 };
    int rc = resolve(&path, inv, e->times_path, e->line, err);

    if (rc == HEP_OK)
        rc = hep_file_read(&text, &n, path, MAX_TIMES_BYTES, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->value, n / 2 + 1, err);
    for (char *word = rc == HEP_OK ? strtok_r(text, " \t\r\n,", &save) : NULL;
         rc == HEP_OK && word != NULL; word = strtok_r(NULL, " \t\r\n,", &save))
        if (hep_parse_double(&out->value[out->n++], word, &local) != HEP_OK)
            rc = HEP_FAIL(err, HEP_EFORMAT, "%s: time %zu: %s", path, out->n, local.msg);
    free(path);
    free(text);
    return rc;
}

static void set_b(struct hep_series *s, const struct hep_study_entry *e, size_t nt)
{
    for (size_t i = 0; e->b_s_per_mm2.n > 0 && i < s->nt; i++)
        s->frame[i].b_s_per_mm2 =
            value_for(&e->b_s_per_mm2, nt, i, e->n_volumes ? e->volume[i] : i);
}

static int set_times(struct hep_series *s, const struct hep_inventory *inv,
                     const struct hep_study_entry *e, size_t nt, struct hep_error *err)
{
    struct hep_numbers from_file = { 0 };
    const struct hep_numbers *x = e->times_path ? &from_file : &e->frame_times_s;
    int rc = e->times_path ? read_times(&from_file, inv, e, err) : HEP_OK;

    if (rc == HEP_OK)
        rc = check_count(inv, e, x, nt, "frame_times_s", false, err);
    for (size_t i = 0; rc == HEP_OK && x->n > 0 && i < s->nt; i++) {
        s->frame[i].time_s = value_for(x, nt, i, e->n_volumes ? e->volume[i] : i) - e->injection_s;
        s->time_source = HEP_TIME_FRAMES;
    }
    for (size_t i = 0; rc == HEP_OK && !isnan(e->time_since_injection_s) && i < s->nt; i++) {
        s->frame[i].time_s = e->time_since_injection_s;
        s->time_source = HEP_TIME_STUDY_YML;
    }
    free(from_file.value);
    return rc;
}

static int by_frame_te(const void *pa, const void *pb)
{
    const struct hep_frame *a = pa, *b = pb;

    if (a->te_s != b->te_s)
        return a->te_s < b->te_s ? -1 : 1;
    return (a->path > b->path) - (a->path < b->path);
}

/** Files of one volume each follow the order of the echoes. */
static int sort_echoes(struct hep_series *s, const struct hep_inventory *inv, struct hep_error *err)
{
    char **path;
    char *name;

    qsort(s->frame, s->nt, sizeof *s->frame, by_frame_te);
    if (s->n_paths != s->nt)
        return HEP_OK;
    path = hep_calloc(s->nt, sizeof *path, err);
    name = s->path[s->frame[0].path] + strlen(inv->study);
    name = hep_strdup(name + (*name == '/'), err);
    if (path == NULL || name == NULL) {
        free(path);
        free(name);
        return HEP_ENOMEM;
    }
    for (size_t i = 0; i < s->nt; i++) {
        path[i] = s->path[s->frame[i].path];
        s->frame[i].path = i;
    }
    free(s->path);
    free(s->name);
    s->path = path;
    s->name = name;
    return HEP_OK;
}

static int set_acquisition(struct hep_series *s, const struct hep_inventory *inv,
                           const struct hep_study_entry *e, double field_t, size_t nt,
                           struct hep_error *err)
{
    struct hep_acquisition *a = &s->acquisition;
    int rc = check_count(inv, e, &e->te_s, nt, "te_s", true, err);

    if (rc == HEP_OK)
        rc = check_count(inv, e, &e->b_s_per_mm2, nt, "b_values", false, err);
    if (rc != HEP_OK)
        return rc;
    if (!isnan(e->tr_s))
        a->tr_s = e->tr_s;
    if (!isnan(e->flip_rad))
        a->flip_rad = e->flip_rad;
    if (!isnan(field_t))
        a->field_t = field_t;
    if (!isnan(e->field_t))
        a->field_t = e->field_t;
    for (size_t i = 0; e->te_s.n > 0 && i < s->nt; i++)
        s->frame[i].te_s = value_for(&e->te_s, nt, i, e->n_volumes ? e->volume[i] : i);
    if (s->role == HEP_ROLE_ECHOES)
        rc = sort_echoes(s, inv, err);
    a->te_s = s->frame[0].te_s;
    return rc;
}

/** A file that cannot be used leaves the series out, and `g` empty. */
static int read_bval(struct hep_gradients *g, struct hep_series *s, const struct hep_inventory *inv,
                     const char *path, size_t nt, struct hep_error *err)
{
    struct hep_error unusable = { 0 };
    const char *reason = unusable.msg;
    int rc = hep_gradients_read(g, path, NULL, nt, &unusable);

    if (rc == HEP_OK)
        return HEP_OK;
    if (rc == HEP_ENOMEM)
        return HEP_FAIL(err, HEP_ENOMEM, "%s", unusable.msg);
    if (hep_starts_with(reason, inv->study))
        reason += strlen(inv->study);
    return hep_series_leave_out(s, reason + strspn(reason, "/"), err);
}

/** study.yml's own b-values, or its .bval file, take the place of a file found beside the image. */
static int set_gradients(struct hep_series *s, const struct hep_inventory *inv,
                         const struct hep_study_entry *e, size_t nt, struct hep_error *err)
{
    char *path = NULL;
    int rc = HEP_OK;

    if (s->role != HEP_ROLE_DWI)
        return HEP_OK;
    if (e->bval_path != NULL) {
        struct hep_gradients g = { 0 };

        rc = resolve(&path, inv, e->bval_path, e->line, err);
        if (rc == HEP_OK)
            rc = read_bval(&g, s, inv, path, nt, err);
        for (size_t i = 0; rc == HEP_OK && g.n > 0 && i < s->nt; i++)
            s->frame[i].b_s_per_mm2 = g.b_s_per_mm2[e->n_volumes ? e->volume[i] : i];
        hep_gradients_release(&g);
        free(path);
    }
    set_b(s, e, nt);
    if (rc == HEP_OK && (e->bval_path != NULL || e->b_s_per_mm2.n > 0))
        hep_gradients_release(&s->gradients);
    return rc == HEP_OK ? hep_series_gradients_from_frames(s, err) : rc;
}

/* Headers round: only a size that differs by more than a hundredth is another one. */
static int set_spacing(struct hep_series *s, const struct hep_study_entry *e, struct hep_error *err)
{
    double header[3];
    bool differs = false;

    hep_grid_spacing(header, &s->grid);
    for (size_t k = 0; k < e->spacing_mm.n; k++)
        differs = differs || fabs(e->spacing_mm.value[k] / header[k] - 1.0) > 0.01;
    if (!differs)
        return HEP_OK;
    for (size_t k = 0; k < 3; k++)
        s->spacing_mm[k] = e->spacing_mm.value[k];
    hep_series_true_spacing(&s->grid, s);
    return hep_lines_addf(&s->warnings, err,
                          "%s: voxels of %.3g x %.3g x %.3g mm by study.yml, %.3g x %.3g x %.3g by "
                          "the header",
                          s->name, s->spacing_mm[0], s->spacing_mm[1], s->spacing_mm[2], header[0],
                          header[1], header[2]);
}

static int set_labels(struct hep_series *s, const struct hep_study_entry *e, struct hep_error *err)
{
    int rc = HEP_OK;

    s->label = e->label;
    for (size_t i = 0; rc == HEP_OK && i < e->n_labels; i++)
        rc = hep_label_names_add(s, e->label_name[i], e->label_value[i], err);
    return rc;
}

static int used_series(struct hep_series *s, const struct hep_inventory *inv,
                       const struct hep_study_entry *e, struct hep_study_files *c, double field_t,
                       struct hep_error *err)
{
    struct hep_study_file **part = hep_calloc(c->n, sizeof(struct hep_study_file *), err);
    bool own_b = e->bval_path != NULL || e->b_s_per_mm2.n > 0;
    size_t nt;
    int rc;

    if (part == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < c->n; i++) {
        part[i] = &c->item[i];
        if (own_b) {
            free(part[i]->bval);
            part[i]->bval = NULL;
        }
    }
    rc = hep_series_fill(s, e->role, part, c->n, err);
    nt = s->nt;
    s->score = SCORE_GIVEN;
    if (rc == HEP_OK)
        rc = hep_lines_addf(&s->reasons, err, "study.yml line %zu", e->line);
    if (rc != HEP_OK || s->left_out != NULL)
        goto out;
    if (rc == HEP_OK)
        rc = choose_volumes(s, inv, e, err);
    if (rc == HEP_OK)
        rc = set_acquisition(s, inv, e, field_t, nt, err);
    if (rc == HEP_OK)
        rc = set_gradients(s, inv, e, nt, err);
    if (rc == HEP_OK)
        rc = set_times(s, inv, e, nt, err);
    if (rc == HEP_OK)
        rc = set_labels(s, e, err);
    if (rc == HEP_OK)
        rc = set_spacing(s, e, err);
out:
    free(part);
    return rc;
}

int hep_study_apply(struct hep_inventory *inv, const struct hep_study_yml *study,
                    struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < study->n_points; i++)
        rc = hep_lines_addf(&inv->lesion_points, err, "%s/%s", inv->study, tidy(study->points[i]));
    for (size_t i = 0; rc == HEP_OK && i < study->n_entries; i++) {
        const struct hep_study_entry *e = &study->entry[i];
        struct hep_study_files c = { 0 };
        struct hep_series *s = NULL;

        rc = collect_entry(&c, inv, e, err);
        if (rc == HEP_OK && e->role != HEP_ROLE_UNKNOWN)
            rc = hep_study_files_inspect(&c, err);
        if (rc == HEP_OK)
            rc = hep_lines_add_all(&inv->warnings, &c.left_out, err);
        if (rc == HEP_OK)
            rc = hep_series_append(&s, inv, err);
        if (rc == HEP_OK) {
            s->given = true;
            rc = e->role == HEP_ROLE_UNKNOWN ? unused_series(s, e, err)
                                             : used_series(s, inv, e, &c, study->field_t, err);
        }
        hep_study_files_release(&c);
    }
    return rc;
}
