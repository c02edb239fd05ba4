#include "sequences/series_build.h"

#include "base/alloc.h"
#include "base/text.h"
#include "image/magnitude.h"
#include "sequences/lines.h"

#include <math.h>

static const double margin = 5.0; /* a role must lead by this */
static const double longest_echo_s =
    0.06;                                /* of a gradient-echo train: R2* of the liver and kidney */
static const double pair_echo_s = 0.015; /* of an opposed and in-phase pair */

enum { LONGEST_PATH = 4096 };

static bool all_digits(const char *s, const char *end)
{
    for (; s < end; s++)
        if (*s < '0' || *s > '9')
            return false;
    return true;
}

/** Part of a name that tells echoes or images of one acquisition apart: e1, e2a, ph, phMag, phMaga,
 * echo-1. */
static bool is_echo_tag(const char *s, size_t len)
{
    const char *end = s + len;

    if (len >= 2 && *s == 'e' && s[1] >= '0' && s[1] <= '9') {
        if (end[-1] >= 'a' && end[-1] <= 'z')
            end--;
        return all_digits(s + 1, end);
    }
    return (len == 2 && strncmp(s, "ph", 2) == 0) ||
           ((len == 5 || len == 6) && strncmp(s, "phMag", 5) == 0) ||
           (len > 5 && strncmp(s, "echo-", 5) == 0);
}

/** Write the path without echo tags; `out` has room for the whole path. */
static void strip_echo(char *out, const char *path)
{
    const char *s = path;
    size_t n = 0;

    while (*s != '\0') {
        size_t len = strcspn(s, "_./");

        if (n == 0 || out[n - 1] != '_' || !is_echo_tag(s, len)) {
            (void)memcpy(out + n, s, len);
            n += len;
        } else {
            n--; /* the underscore before the tag */
        }
        s += len;
        if (*s != '\0')
            out[n++] = *s++;
    }
    out[n] = '\0';
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool same_number(double a, double b, double tolerance)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance;
}

static bool same_stripped_name(const char *a, const char *b)
{
    char x[LONGEST_PATH], y[LONGEST_PATH];

    if (strlen(a) >= sizeof x || strlen(b) >= sizeof y)
        return false;
    strip_echo(x, a);
    strip_echo(y, b);
    return strcmp(x, y) == 0;
}

bool hep_same_acquisition(const struct hep_study_file *a, const struct hep_study_file *b)
{
    const struct hep_acquisition *p = &a->acquisition, *q = &b->acquisition;

    if (a->fault != NULL || b->fault != NULL || a->info.nt != b->info.nt ||
        !hep_grid_same(&a->info.grid, &b->info.grid, HEP_GRID_TOL_MM))
        return false;
    if (same_stripped_name(a->rel, b->rel))
        return true;
    return a->bids.suffix[0] == '\0' && b->bids.suffix[0] == '\0' &&
           same_text(p->series_description, q->series_description) &&
           !isnan(p->acquisition_time_s) &&
           same_number(p->acquisition_time_s, q->acquisition_time_s, 1.0) &&
           same_number(p->trigger_delay_s, q->trigger_delay_s, 0.5);
}

static bool maybe_echo(const struct hep_study_file *c, double longest_s)
{
    const char *sequence = c->acquisition.scanning_sequence;

    return c->fault == NULL && c->bval == NULL && c->info.nt == 1 &&
           c->acquisition.te_s <= longest_s &&
           (sequence == NULL || (strstr(sequence, "SE") == NULL && strstr(sequence, "EP") == NULL));
}

void hep_group_relate(struct hep_study_files *c, double field_t)
{
    double field = field_t;

    for (size_t i = 0; i < c->n && isnan(field); i++)
        field = c->item[i].acquisition.field_t;
    for (size_t i = 0; i < c->n; i++)
        if (!isnan(field_t) || isnan(c->item[i].acquisition.field_t))
            c->item[i].acquisition.field_t = field;
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = i + 1; k < c->n; k++) {
            struct hep_study_file *a = &c->item[i], *b = &c->item[k];

            if (!maybe_echo(a, longest_echo_s) || !maybe_echo(b, longest_echo_s) ||
                same_number(a->acquisition.te_s, b->acquisition.te_s, 1e-6) ||
                !hep_same_acquisition(a, b))
                continue;
            a->echo_train = b->echo_train = true;
            if (a->acquisition.te_s <= pair_echo_s && b->acquisition.te_s <= pair_echo_s)
                a->echo_pair = b->echo_pair = true;
        }
}

/* ---- magnitudes and complex parts ---- */

/* *v stays NULL for a file that cannot be read: it says so when it is used. */
static int read_to_look(struct hep_volume **v, const struct hep_study_file *c,
                        struct hep_error *err)
{
    struct hep_error unusable = { 0 };

    return hep_nifti_read_unplaced(v, c->path, false, &unusable) == HEP_ENOMEM
               ? HEP_FAIL(err, HEP_ENOMEM, "%s", unusable.msg)
               : HEP_OK;
}

static int look_for_parts(bool *parts, const struct hep_study_file *c, struct hep_error *err)
{
    struct hep_volume *v = NULL;
    int rc = HEP_OK;

    *parts = false;
    if (c->fault == NULL && c->bval == NULL && c->acquisition.n_te_list == 0 && c->info.nt >= 2 &&
        c->info.nt <= HEP_COMPLEX_PARTS_MAX && !c->info.is_complex)
        rc = read_to_look(&v, c, err);
    if (v != NULL) {
        const float *volume[HEP_COMPLEX_PARTS_MAX];

        for (size_t t = 0; t < v->nt; t++)
            volume[t] = hep_volume_at(v, t);
        *parts = hep_is_magnitude_with_parts(volume, v->nt, &v->grid);
    }
    hep_volume_free(v);
    return rc;
}

int hep_group_take_magnitudes(struct hep_study_files *c, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        struct hep_study_file *one = &c->item[i];
        bool parts = false;

        rc = look_for_parts(&parts, one, err);
        if (!parts)
            continue;
        rc = hep_lines_addf(&one->warnings, err,
                            "complex parts in one file: of its %zu volumes the first is the "
                            "magnitude, which alone is used",
                            one->info.nt);
        one->info.nt = 1;
        one->parts_follow = true;
    }
    return rc;
}

static int look_if_part(bool *part, const struct hep_study_file *c, struct hep_error *err)
{
    char reason[HEP_NO_MAGNITUDE_REASON];
    struct hep_volume *v = NULL;
    int rc = c->info.is_complex ? HEP_OK : read_to_look(&v, c, err);

    *part = v != NULL && hep_is_no_magnitude(reason, v->data, &v->grid);
    hep_volume_free(v);
    return rc;
}

/* An echo that only its name, or nothing, calls a magnitude. The names of BIDS say which part a file
 * holds. */
int hep_group_find_parts(struct hep_study_files *c, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        struct hep_study_file *one = &c->item[i];

        one->hidden_part = false;
        if (one->echo_pair && one->bids.suffix[0] == '\0' && !one->parts_follow)
            rc = look_if_part(&one->hidden_part, one, err);
    }
    return rc;
}

/* ---- three or more echoes ---- */

static int by_te(const void *pa, const void *pb)
{
    const struct hep_study_file *const *a = pa;
    const struct hep_study_file *const *b = pb;
    double x = (*a)->acquisition.te_s, y = (*b)->acquisition.te_s;

    return x != y ? (x < y ? -1 : 1) : hep_natural_cmp((*a)->rel, (*b)->rel);
}

static bool is_free_echo(const struct hep_study_file *c)
{
    return !c->used && !c->derivative && c->kind == HEP_KIND_PLAIN &&
           maybe_echo(c, longest_echo_s) && hep_study_file_is_dixon(c);
}

/** Echoes of one acquisition from file i on, by TE; of files with one TE only the first. */
static size_t collect_echoes(struct hep_study_file **part, struct hep_study_files *c, size_t i)
{
    size_t n = 0, kept = 0;

    for (size_t k = i; k < c->n; k++)
        if (is_free_echo(&c->item[k]) && (k == i || hep_same_acquisition(&c->item[i], &c->item[k])))
            part[n++] = &c->item[k];
    qsort(part, n, sizeof(struct hep_study_file *), by_te);
    for (size_t k = 0; k < n; k++)
        if (kept == 0 || part[k]->acquisition.te_s - part[kept - 1]->acquisition.te_s > 1e-6)
            part[kept++] = part[k];
    return kept;
}

static int build_echoes(struct hep_inventory *inv, struct hep_study_file *const *part, size_t n,
                        struct hep_error *err)
{
    bool bids = strcmp(part[0]->bids.suffix, "MEGRE") == 0;
    struct hep_series *s;
    int rc = hep_series_append(&s, inv, err);

    if (rc == HEP_OK)
        rc = hep_series_fill(s, HEP_ROLE_ECHOES, part, n, err);
    if (rc != HEP_OK)
        return rc;
    s->score = bids ? 100.0 : 70.0;
    return hep_lines_addf(&s->reasons, err, "%+.0f %zu gradient echoes%s, TE %.4g to %.4g ms",
                          s->score, n, bids ? ", BIDS name MEGRE" : " of one acquisition",
                          1e3 * part[0]->acquisition.te_s, 1e3 * part[n - 1]->acquisition.te_s);
}

static bool is_echo_stack(const struct hep_study_file *c)
{
    return !c->used && c->fault == NULL && c->kind == HEP_KIND_PLAIN && c->info.nt >= 3 &&
           c->acquisition.n_te_list == c->info.nt;
}

static int group_echoes(struct hep_inventory *inv, struct hep_study_files *c,
                        struct hep_study_file **part, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        struct hep_study_file *one = &c->item[i];
        size_t n;

        if (is_echo_stack(one)) {
            struct hep_series *s;

            rc = hep_series_append(&s, inv, err);
            if (rc == HEP_OK)
                rc = hep_series_fill(s, HEP_ROLE_ECHOES, &one, 1, err);
            if (rc == HEP_OK) {
                s->score = 90.0;
                rc = hep_lines_addf(&s->reasons, err, "+90 EchoTime lists %zu echoes", s->nt);
            }
            continue;
        }
        if (!is_free_echo(one))
            continue;
        n = collect_echoes(part, c, i);
        if (n >= 3)
            rc = build_echoes(inv, part, n, err);
    }
    return rc;
}

/* ---- water and fat images without their echoes ---- */

static bool is_free_image(const struct hep_study_file *c, enum hep_contrast_kind kind)
{
    return !c->used && !c->derivative && c->fault == NULL && c->kind == kind && c->info.nt == 1 &&
           hep_study_file_best(c) == HEP_ROLE_UNKNOWN &&
           !(c->acquisition.time_since_injection_s > 0.0);
}

static bool has_echoes(const struct hep_inventory *inv, const struct hep_study_files *c)
{
    for (size_t i = 0; i < inv->n_series; i++)
        if (inv->series[i].role == HEP_ROLE_ECHOES)
            return true;
    for (size_t i = 0; i < c->n; i++)
        if (hep_study_file_best(&c->item[i]) == HEP_ROLE_OPPOSED ||
            hep_study_file_best(&c->item[i]) == HEP_ROLE_IN_PHASE)
            return true;
    return false;
}

static int build_water_fat(struct hep_inventory *inv, struct hep_study_file *const part[2],
                           struct hep_error *err)
{
    struct hep_series *s;
    int rc = hep_series_append(&s, inv, err);

    if (rc == HEP_OK)
        rc = hep_series_fill(s, HEP_ROLE_ECHOES, part, 2, err);
    if (rc != HEP_OK)
        return rc;
    hep_lines_release(&s->warnings); /* that neither is an echo */
    s->water_fat = true;
    s->score = 60.0;
    return hep_lines_addf(&s->reasons, err,
                          "+60 water and fat images of one acquisition, and no echoes: the fat "
                          "fraction is F / (W + F)");
}

static int group_water_fat(struct hep_inventory *inv, struct hep_study_files *c,
                           struct hep_error *err)
{
    if (has_echoes(inv, c))
        return HEP_OK;
    for (size_t i = 0; i < c->n; i++) {
        struct hep_study_file *water = &c->item[i];

        for (size_t k = 0; is_free_image(water, HEP_KIND_WATER) && k < c->n; k++) {
            struct hep_study_file *fat = &c->item[k];

            if (is_free_image(fat, HEP_KIND_FAT) &&
                hep_grid_same(&water->info.grid, &fat->info.grid, HEP_GRID_TOL_MM) &&
                same_number(water->acquisition.acquisition_time_s,
                            fat->acquisition.acquisition_time_s, 1.0))
                return build_water_fat(inv, (struct hep_study_file *[]){ water, fat }, err);
        }
    }
    return HEP_OK;
}

/* ---- diffusion in single-b files ---- */

/** The one b-value of a file, from its .bval or its sidecar; NaN when it has several, or none that
 * can be read: such a file is a series of its own, which says what is wrong. */
static double only_b(const struct hep_study_file *c)
{
    struct hep_gradients g = { 0 };
    struct hep_error ignored = { 0 };
    double b = c->info.nt == 1 ? c->acquisition.b_s_per_mm2 : (double)NAN;

    if (c->bval == NULL)
        return b;
    if (hep_gradients_read(&g, c->bval, NULL, c->info.nt, &ignored) != HEP_OK)
        return (double)NAN;
    b = g.b_s_per_mm2[0];
    for (size_t t = 1; t < g.n; t++)
        if (g.b_s_per_mm2[t] != b)
            b = (double)NAN;
    hep_gradients_release(&g);
    return b;
}

static bool is_free_single_b(const struct hep_study_file *c)
{
    return !c->used && c->fault == NULL && c->kind == HEP_KIND_PLAIN &&
           hep_study_file_best(c) == HEP_ROLE_DWI && !isnan(only_b(c));
}

static int by_b(const void *pa, const void *pb)
{
    const struct hep_study_file *const *a = pa;
    const struct hep_study_file *const *b = pb;
    double x = only_b(*a), y = only_b(*b);

    return x != y ? (x < y ? -1 : 1) : hep_natural_cmp((*a)->rel, (*b)->rel);
}

static int group_single_b(struct hep_inventory *inv, struct hep_study_files *c,
                          struct hep_study_file **part, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        struct hep_study_file *first = &c->item[i];
        struct hep_series *s;
        size_t n = 0;

        if (!is_free_single_b(first))
            continue;
        for (size_t k = i; k < c->n; k++)
            if (is_free_single_b(&c->item[k]) && first->bids.run == c->item[k].bids.run &&
                hep_grid_same(&first->info.grid, &c->item[k].info.grid, HEP_GRID_TOL_MM) &&
                same_number(first->acquisition.te_s, c->item[k].acquisition.te_s, 1e-4))
                part[n++] = &c->item[k];
        if (n < 2)
            continue;
        qsort(part, n, sizeof(struct hep_study_file *), by_b);
        if (only_b(part[0]) == only_b(part[n - 1]))
            continue; /* the same weighting again: no joint series */
        rc = hep_series_append(&s, inv, err);
        if (rc == HEP_OK)
            rc = hep_series_fill(s, HEP_ROLE_DWI, part, n, err);
        if (rc == HEP_OK)
            rc = hep_series_take_score(s, part[0], err);
        if (rc == HEP_OK)
            rc = hep_lines_addf(&s->reasons, err, "joined from %zu files of one b-value each", n);
    }
    return rc;
}

/* ---- one file, one series ---- */

static enum hep_role decide_role(const struct hep_study_file *c, enum hep_role *rival)
{
    enum hep_role best = hep_study_file_best(c);

    *rival = HEP_ROLE_UNKNOWN;
    for (int r = HEP_ROLE_UNKNOWN + 1; best != HEP_ROLE_UNKNOWN && r < HEP_ROLE_COUNT; r++)
        if ((enum hep_role)r != best && c->score[r] > c->score[best] - margin)
            *rival = (enum hep_role)r;
    return *rival == HEP_ROLE_UNKNOWN ? best : HEP_ROLE_UNKNOWN;
}

static int warn_rivals(struct hep_series *s, const struct hep_study_file *c, enum hep_role rival,
                       struct hep_error *err)
{
    enum hep_role best = hep_study_file_best(c);

    if (rival != HEP_ROLE_UNKNOWN)
        return hep_lines_addf(&s->warnings, err, "as likely %s as %s: give its role in study.yml",
                              hep_role_name(rival), hep_role_name(best));
    if (s->n_alternatives > 0 && s->alternative[0].score >= 45.0 &&
        s->alternative[0].role != HEP_ROLE_UNKNOWN)
        return hep_lines_addf(&s->warnings, err, "contradiction: %s (%.0f), but also %s (%.0f)",
                              hep_role_name(s->role), s->score,
                              hep_role_name(s->alternative[0].role), s->alternative[0].score);
    return HEP_OK;
}

static int build_single(struct hep_inventory *inv, struct hep_study_file *c, struct hep_error *err)
{
    enum hep_role rival, role = decide_role(c, &rival);
    struct hep_series *s;
    int rc = hep_series_append(&s, inv, err);

    if (rc == HEP_OK)
        rc = hep_series_fill(s, role, &c, 1, err);
    if (rc == HEP_OK)
        rc = hep_series_take_score(s, c, err);
    if (rc == HEP_OK && s->reasons.n == 0)
        rc = hep_lines_addf(&s->reasons, err, "nothing says what this is");
    return rc == HEP_OK ? warn_rivals(s, c, rival, err) : rc;
}

int hep_group_build(struct hep_inventory *inv, struct hep_study_files *c, struct hep_error *err)
{
    struct hep_study_file **part =
        hep_calloc(c->n ? c->n : 1, sizeof(struct hep_study_file *), err);
    int rc;

    if (part == NULL)
        return HEP_ENOMEM;
    rc = group_echoes(inv, c, part, err);
    if (rc == HEP_OK)
        rc = group_water_fat(inv, c, err);
    if (rc == HEP_OK)
        rc = group_single_b(inv, c, part, err);
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
        if (!c->item[i].used)
            rc = build_single(inv, &c->item[i], err);
    free(part);
    return rc;
}
