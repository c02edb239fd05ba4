#include "batch/dataset.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"

#define LABEL_FILE_MAX (1 << 20)
#define TSV_MAX (64 << 20)

/* ---- wanted labels -------------------------------------------------------------------------- */

struct words {
    char **list;
    bool *found;
    size_t n;
};

static void words_release(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->list[i]);
    free(w->list);
    free(w->found);
    *w = (struct words){ 0 };
}

static int add_word(struct words *w, const char *text, size_t n, const char *prefix,
                    struct hep_error *err)
{
    if (HEP_GROW(w->list, w->n, err) != HEP_OK)
        return HEP_ENOMEM;
    if (n >= strlen(prefix) && strncmp(text, prefix, strlen(prefix)) == 0)
        prefix = "";
    w->list[w->n] = hep_asprintf(err, "%s%.*s", prefix, (int)n, text);
    if (w->list[w->n] == NULL)
        return HEP_ENOMEM;
    w->n++;
    return HEP_OK;
}

static int words_from_file(struct words *w, const char *path, const char *prefix,
                           struct hep_error *err)
{
    char *text = NULL;
    size_t n = 0;
    int rc = hep_file_read(&text, &n, path, LABEL_FILE_MAX, err);

    for (char *p = text; rc == HEP_OK && p != NULL && *p != '\0';) {
        size_t len = strcspn(p, " \t\r\n,");

        if (len > 0)
            rc = add_word(w, p, len, prefix, err);
        p += len + strspn(p + len, " \t\r\n,");
    }
    free(text);
    return rc;
}

static int collect(struct words *w, const char *const *given, size_t n, const char *prefix,
                   struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = hep_is_file(given[i]) ? words_from_file(w, given[i], prefix, err)
                                   : add_word(w, given[i], strlen(given[i]), prefix, err);
    return rc == HEP_OK ? HEP_NEW(w->found, w->n > 0 ? w->n : 1, err) : rc;
}

static bool wanted(struct words *w, const char *name)
{
    bool found = w->n == 0;

    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->list[i], name) == 0)
            found = w->found[i] = true;
    }
    return found;
}

/* List the labels that were asked for and match no study, each once. */
static int list_absent(struct hep_dataset *d, const struct words *w, struct hep_error *err)
{
    for (size_t i = 0; i < w->n; i++) {
        bool known = w->found[i];

        for (size_t k = 0; k < i && !known; k++)
            known = strcmp(w->list[k], w->list[i]) == 0;
        if (known)
            continue;
        if (HEP_GROW(d->absent, d->n_absent, err) != HEP_OK ||
            (d->absent[d->n_absent] = hep_strdup(w->list[i], err)) == NULL)
            return HEP_ENOMEM;
        d->n_absent++;
    }
    return HEP_OK;
}

/* ---- protocols of participants.tsv ----------------------------------------------------------- */

/* n-th cell of a TSV line; its length. */
static const char *cell(const char *line, size_t n, size_t *len)
{
    for (; n > 0; n--) {
        line += strcspn(line, "\t\r\n");
        if (*line != '\t') {
            *len = 0;
            return line;
        }
        line++;
    }
    *len = strcspn(line, "\t\r\n");
    return line;
}

static bool is_cell(const char *line, size_t n, const char *text)
{
    size_t len;
    const char *c = cell(line, n, &len);

    return len == strlen(text) && strncmp(c, text, len) == 0;
}

static size_t column(const char *header, const char *name)
{
    size_t len, n = 0;

    while (*cell(header, n, &len) != '\0' && len > 0) {
        if (is_cell(header, n, name))
            return n;
        n++;
    }
    return SIZE_MAX;
}

static char *protocol_of(const char *table, const char *subject)
{
    size_t id, protocol, len;
    const char *line = table, *value;

    if (table == NULL)
        return NULL;
    id = column(table, "participant_id");
    protocol = column(table, "protocol");
    if (id == SIZE_MAX || protocol == SIZE_MAX)
        return NULL;
    while ((line = strchr(line, '\n')) != NULL) {
        line++;
        if (!is_cell(line, id, subject))
            continue;
        value = cell(line, protocol, &len);
        return len == 0 || is_cell(line, protocol, "n/a")
                   ? NULL
                   : hep_asprintf(NULL, "%.*s", (int)len, value);
    }
    return NULL;
}

/* ---- the list -------------------------------------------------------------------------------- */

static int add_study(struct hep_dataset *d, const char *bids_dir, const char *subject,
                     const char *session, const char *table, struct hep_error *err)
{
    struct hep_dataset_study *s;

    if (HEP_GROW(d->list, d->n, err) != HEP_OK)
        return HEP_ENOMEM;
    s = &d->list[d->n++];
    s->protocol = protocol_of(table, subject);
    s->relative =
        session != NULL ? hep_asprintf(err, "%s/%s", subject, session) : hep_strdup(subject, err);
    s->label =
        session != NULL ? hep_asprintf(err, "%s_%s", subject, session) : hep_strdup(subject, err);
    s->path = s->relative != NULL ? hep_path_join(bids_dir, s->relative, err) : NULL;
    if (s->path == NULL || s->label == NULL)
        return HEP_ENOMEM;
    return HEP_OK;
}

static int add_subject(struct hep_dataset *d, const char *bids_dir, const char *subject,
                       struct words *sessions, const char *table, struct hep_error *err)
{
    char *path = hep_path_join(bids_dir, subject, err);
    struct hep_listing list = { 0 };
    bool has_sessions = false;
    int rc = path == NULL ? HEP_ENOMEM : hep_listing_read(&list, path, err);

    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        if (!list.is_dir[i] || !hep_starts_with(list.names[i], "ses-"))
            continue;
        has_sessions = true;
        if (wanted(sessions, list.names[i]))
            rc = add_study(d, bids_dir, subject, list.names[i], table, err);
    }
    if (rc == HEP_OK && !has_sessions && sessions->n == 0)
        rc = add_study(d, bids_dir, subject, NULL, table, err);
    hep_listing_release(&list);
    free(path);
    return rc;
}

static int check_dataset(const char *bids_dir, bool skip, struct hep_error *err)
{
    char *description = hep_path_join(bids_dir, "dataset_description.json", err);
    bool is_dataset = description != NULL && hep_is_file(description);

    free(description);
    if (!hep_is_dir(bids_dir))
        return HEP_FAIL(err, HEP_ENOENT, "%s: no such folder", bids_dir);
    if (!is_dataset && !skip)
        return HEP_FAIL(err, HEP_EDATASET,
                        "%s: no dataset_description.json: not a BIDS dataset "
                        "(--skip-bids-validation accepts it)",
                        bids_dir);
    return HEP_OK;
}

/* *text is NULL without one, or with one that is longer than any table of participants. */
static int read_participants(char **text, const char *bids_dir, struct hep_error *err)
{
    char *path = hep_path_join(bids_dir, "participants.tsv", err);
    struct hep_error too_long = { 0 };
    size_t n = 0;
    int rc = path != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK && hep_is_file(path))
        rc = hep_file_read(text, &n, path, TSV_MAX, &too_long);
    free(path);
    if (too_long.code == HEP_EFORMAT)
        return HEP_OK;
    return too_long.code == HEP_OK ? rc : HEP_FAIL(err, too_long.code, "%s", too_long.msg);
}

int hep_dataset_list(struct hep_dataset *out, const char *bids_dir,
                     const struct hep_dataset_filter *filter, struct hep_error *err)
{
    struct words subjects = { 0 }, sessions = { 0 };
    struct hep_listing list = { 0 };
    char *table = NULL;
    int rc = check_dataset(bids_dir, filter->skip_validation, err);

    *out = (struct hep_dataset){ 0 };
    if (rc == HEP_OK)
        rc = collect(&subjects, filter->subjects, filter->n_subjects, "sub-", err);
    if (rc == HEP_OK)
        rc = collect(&sessions, filter->sessions, filter->n_sessions, "ses-", err);
    if (rc == HEP_OK)
        rc = hep_listing_read(&list, bids_dir, err);
    if (rc == HEP_OK)
        rc = read_participants(&table, bids_dir, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        if (list.is_dir[i] && hep_starts_with(list.names[i], "sub-") &&
            wanted(&subjects, list.names[i]))
            rc = add_subject(out, bids_dir, list.names[i], &sessions, table, err);
    }
    if (rc == HEP_OK)
        rc = list_absent(out, &subjects, err);
    if (rc == HEP_OK)
        rc = list_absent(out, &sessions, err);
    if (rc == HEP_OK && out->n == 0)
        rc = HEP_FAIL(err, HEP_EFILTER, "%s: no study matches%s%s%s", bids_dir,
                      out->n_absent > 0 ? ": " : "", out->n_absent > 0 ? out->absent[0] : "",
                      out->n_absent > 0 ? " is not there" : "");
    free(table);
    hep_listing_release(&list);
    words_release(&subjects);
    words_release(&sessions);
    if (rc != HEP_OK)
        hep_dataset_release(out);
    return rc;
}

static void study_release(struct hep_dataset_study *s)
{
    free(s->path);
    free(s->relative);
    free(s->label);
    free(s->protocol);
    *s = (struct hep_dataset_study){ 0 };
}

void hep_dataset_drop(struct hep_dataset *d, size_t i)
{
    study_release(&d->list[i]);
    d->n--;
    memmove(&d->list[i], &d->list[i + 1], (d->n - i) * sizeof d->list[0]);
}

int hep_dataset_keep_part(struct hep_dataset *d, double from, double to, struct hep_error *err)
{
    const size_t before = d->n;
    size_t kept = 0;

    for (size_t i = 0; i < before; i++) {
        char person[128];
        double number;

        (void)snprintf(person, sizeof person, "%.*s", (int)strcspn(d->list[i].relative, "/"),
                       d->list[i].relative);
        number = hep_rng_uniform(0, hep_rng_stream(person), 0);
        if (number >= from && number < to) {
            const struct hep_dataset_study one = d->list[kept];

            d->list[kept++] = d->list[i];
            d->list[i] = one;
        }
    }
    for (size_t i = kept; i < d->n; i++)
        study_release(&d->list[i]);
    d->n = kept;
    return kept > 0
               ? HEP_OK
               : HEP_FAIL(err, HEP_EFILTER,
                          "of %zu studies none is of a person in the part from %g to %g, which is "
                          "drawn by labels: take another share, or more persons",
                          before, from, to);
}

void hep_dataset_release(struct hep_dataset *d)
{
    for (size_t i = 0; i < d->n; i++)
        study_release(&d->list[i]);
    for (size_t i = 0; i < d->n_absent; i++)
        free(d->absent[i]);
    free(d->absent);
    free(d->list);
    *d = (struct hep_dataset){ 0 };
}
