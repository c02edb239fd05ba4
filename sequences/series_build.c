#include "sequences/series_build.h"

#include "base/alloc.h"
#include "base/text.h"
#include "sequences/lines.h"

#include <math.h>

int hep_series_append(struct hep_series **out, struct hep_inventory *inv, struct hep_error *err)
{
    if (HEP_GROW(inv->series, inv->n_series, err) != HEP_OK)
        return HEP_ENOMEM;
    *out = &inv->series[inv->n_series++];
    **out = (struct hep_series){ .time_since_injection_s = (double)NAN, .label = -1 };
    hep_acquisition_init(&(*out)->acquisition);
    return HEP_OK;
}

void hep_series_release(struct hep_series *s)
{
    for (size_t i = 0; i < s->n_paths; i++)
        free(s->path[i]);
    for (size_t i = 0; i < s->n_labels; i++)
        free(s->labels[i].name);
    free(s->name);
    free(s->left_out);
    free(s->path);
    free(s->frame);
    free(s->labels);
    hep_acquisition_release(&s->acquisition);
    hep_lines_release(&s->reasons);
    hep_lines_release(&s->warnings);
    hep_gradients_release(&s->gradients);
}

int hep_series_leave_out(struct hep_series *s, const char *reason, struct hep_error *err)
{
    if (s->left_out != NULL)
        return HEP_OK;
    s->left_out = hep_strdup(reason, err);
    return s->left_out != NULL ? HEP_OK : HEP_ENOMEM;
}

/** A message that begins with a file's path begins with its name in the study. */
static const char *in_study(const char *message, const struct hep_study_file *c)
{
    size_t folder = strlen(c->path) - strlen(c->rel);

    return strlen(c->path) >= strlen(c->rel) && strncmp(message, c->path, folder) == 0
               ? message + folder
               : message;
}

/** b-values of one file into its frames; directions are kept for a series of one file. */
static int fill_b(struct hep_series *s, struct hep_frame *frame, const struct hep_study_file *c,
                  bool only_part, struct hep_error *err)
{
    const struct hep_acquisition *a = &c->acquisition;
    size_t nt = c->info.nt;
    struct hep_gradients g = { 0 };
    struct hep_error unusable = { 0 };
    int rc;

    if (c->bval == NULL) {
        for (size_t t = 0; t < nt; t++)
            frame[t].b_s_per_mm2 = a->n_b_list == nt ? a->b_list_s_per_mm2[t]
                                   : nt == 1         ? a->b_s_per_mm2
                                                     : (double)NAN;
        return HEP_OK;
    }
    rc = hep_gradients_read(&g, c->bval, c->bvec, nt, &unusable);
    /* No map needs the directions: a table of them that cannot be read costs itself alone. */
    if (rc != HEP_OK && rc != HEP_ENOMEM && c->bvec != NULL &&
        hep_gradients_read(&g, c->bval, NULL, nt, NULL) == HEP_OK)
        rc = hep_lines_addf(&s->warnings, &unusable, "directions are not used: %s",
                            in_study(unusable.msg, c));
    if (rc == HEP_ENOMEM) {
        hep_gradients_release(&g);
        return HEP_FAIL(err, HEP_ENOMEM, "%s", unusable.msg);
    }
    if (rc != HEP_OK)
        return hep_series_leave_out(s, in_study(unusable.msg, c), err);
    for (size_t t = 0; t < nt; t++)
        frame[t].b_s_per_mm2 = g.b_s_per_mm2[t];
    if (only_part)
        s->gradients = g;
    else
        hep_gradients_release(&g);
    return HEP_OK;
}

int hep_series_gradients_from_frames(struct hep_series *s, struct hep_error *err)
{
    if (s->nt == 0 || s->gradients.n == s->nt)
        return HEP_OK;
    for (size_t t = 0; t < s->nt; t++)
        if (isnan(s->frame[t].b_s_per_mm2))
            return HEP_OK;
    hep_gradients_release(&s->gradients);
    if (HEP_NEW(s->gradients.b_s_per_mm2, s->nt, err) != HEP_OK)
        return HEP_ENOMEM;
    s->gradients.n = s->nt;
    for (size_t t = 0; t < s->nt; t++)
        s->gradients.b_s_per_mm2[t] = s->frame[t].b_s_per_mm2;
    return HEP_OK;
}

static int fill_frames(struct hep_series *s, const struct hep_study_file *c, size_t part, size_t at,
                       bool only_part, struct hep_error *err)
{
    const struct hep_acquisition *a = &c->acquisition;

    for (size_t t = 0; t < c->info.nt; t++)
        s->frame[at + t] =
            (struct hep_frame){ .path = part,
                                .volume = t,
                                .te_s = a->n_te_list == c->info.nt ? a->te_list_s[t] : a->te_s,
                                .b_s_per_mm2 = (double)NAN,
                                .time_s = (double)NAN };
    if (s->role != HEP_ROLE_DWI || c->fault != NULL)
        return HEP_OK;
    return fill_b(s, s->frame + at, c, only_part, err);
}

/* What holds for every part is said once. */
static int add_new(struct hep_lines *lines, const struct hep_lines *more, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < more->n; i++) {
        bool known = false;

        for (size_t k = 0; k < lines->n; k++)
            known = known || strcmp(lines->line[k], more->line[i]) == 0;
        if (!known)
            rc = hep_lines_addf(lines, err, "%s", more->line[i]);
    }
    return rc;
}

int hep_series_fill(struct hep_series *s, enum hep_role role, struct hep_study_file *const *part,
                    size_t n, struct hep_error *err)
{
    size_t nt = 0, at = 0;
    int rc = HEP_OK;

    for (size_t i = 0; i < n; i++)
        nt += part[i]->info.nt;
    s->role = role;
    s->whole = true;
    s->grid = part[0]->info.grid;
    s->is_complex = part[0]->info.is_complex;
    s->run = part[0]->bids.run;
    s->name = hep_strdup(part[0]->rel, err);
    s->path = hep_calloc(n, sizeof *s->path, err);
    s->frame = hep_calloc(nt > 0 ? nt : 1, sizeof *s->frame, err);
    if (s->name == NULL || s->path == NULL || s->frame == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        s->path[i] = hep_strdup(part[i]->path, err);
        if (s->path[i] == NULL)
            return HEP_ENOMEM;
        s->n_paths = i + 1;
        rc = fill_frames(s, part[i], i, at, n == 1, err);
        at += part[i]->info.nt;
        s->nt = at;
        part[i]->used = true;
        s->whole = s->whole && !part[i]->parts_follow;
        if (rc == HEP_OK && part[i]->fault != NULL)
            rc = hep_series_leave_out(s, part[i]->fault, err);
        if (rc == HEP_OK)
            rc = hep_lines_add_all(&s->warnings, &part[i]->acquisition.notes, err);
        if (rc == HEP_OK)
            rc = add_new(&s->warnings, &part[i]->warnings, err);
    }
    if (rc == HEP_OK)
        rc = hep_acquisition_copy(&s->acquisition, &part[0]->acquisition, err);
    if (rc == HEP_OK && role == HEP_ROLE_DWI)
        rc = hep_series_gradients_from_frames(s, err);
    return rc;
}

static void add_alternative(struct hep_series *s, enum hep_role role, double score)
{
    size_t i = s->n_alternatives++;

    for (; i > 0 && s->alternative[i - 1].score < score; i--)
        s->alternative[i] = s->alternative[i - 1];
    s->alternative[i] = (struct hep_role_score){ role, score };
}

int hep_series_take_score(struct hep_series *s, const struct hep_study_file *c,
                          struct hep_error *err)
{
    s->score = c->score[s->role];
    for (int r = HEP_ROLE_UNKNOWN + 1; r < HEP_ROLE_COUNT; r++)
        if ((enum hep_role)r != s->role && c->score[r] > 0.0)
            add_alternative(s, (enum hep_role)r, c->score[r]);
    return hep_lines_add_all(&s->reasons, &c->reasons[s->role], err);
}
