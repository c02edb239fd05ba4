#include "visits/markers.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void hep_markers_release(struct hep_markers *m)
{
    hep_yaml_free(m->doc);
    *m = (struct hep_markers){ .n = 0 };
}

static int read_direction(const struct hep_reader *r, const struct hep_yaml *node,
                          const struct hep_key *key, void *to)
{
    static const char *const words[] = { "lower", "higher" };
    size_t index = 0;
    int rc = hep_find_word(&index, r, node, key->name, words, 2);

    *(const char **)to = words[index];
    return rc;
}

#define ROW(member, reader, ...) HEP_KEY(struct hep_marker, member, #member, reader, __VA_ARGS__)
static const struct hep_key marker_keys[] = {
    ROW(value, hep_read_text, .required = true),
    ROW(words, hep_read_text, .required = true),
    ROW(favourable, read_direction, .required = true),
    ROW(source, hep_read_text, .required = true),
    ROW(mark, hep_read_text, .required = true),
    ROW(responders, hep_read_number, .min = -1e6, .max = 1e6),
    ROW(responders_sd, hep_read_number, .min = 0.0, .max = 1e6),
    ROW(non_responders, hep_read_number, .min = -1e6, .max = 1e6),
    ROW(non_responders_sd, hep_read_number, .min = 0.0, .max = 1e6),
    { 0 },
};
#undef ROW

static int read_markers(const struct hep_reader *r, const struct hep_yaml *list,
                        const struct hep_key *key, void *to)
{
    struct hep_markers *m = to;
    int rc = hep_want_list(r, list, key->name, 1, HEP_MARKERS_MAX);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(list); i++) {
        struct hep_marker *one = &m->list[m->n++];

        one->responders = one->responders_sd = one->non_responders = one->non_responders_sd =
            (double)NAN;
        rc = hep_read_mapping(r, hep_yaml_at(list, i), "a marker", marker_keys, one);
    }
    return rc;
}

static const struct hep_key file_keys[] = {
    { .name = "markers", .read = read_markers, .required = true },
    { 0 },
};

int hep_markers_read(struct hep_markers *out, const char *path, struct hep_error *err)
{
    struct hep_markers m = { .n = 0 };
    int rc = hep_yaml_read(&m.doc, path, err);

    if (rc == HEP_OK)
        rc = hep_read_mapping(&(struct hep_reader){ m.doc, err }, hep_yaml_root(m.doc), "the file",
                              file_keys, &m);
    if (rc == HEP_OK)
        *out = m;
    else
        hep_markers_release(&m);
    return rc;
}

double hep_marker_place(const struct hep_marker *m, double value)
{
    const double span = m->responders - m->non_responders;

    return span > 0.0 || span < 0.0 ? (value - m->non_responders) / span : (double)NAN;
}

/* Of a lesion at the baseline: a compared value, or a measure of the dictionary. */
static double value_of(const struct hep_followed *f, size_t track, const char *name)
{
    const struct hep_track_visit *at = &f->tracks.list[track].visit[0];
    enum hep_measure m;

    for (size_t k = 0; k < HEP_CHANGE_N; k++) {
        if (strcmp(hep_change_key((enum hep_change_of)k), name) == 0)
            return f->values[track * f->n * HEP_CHANGE_N + k];
    }
    m = hep_measure_find(HEP_SUBJECT_LESION, name);
    return m == HEP_MEASURE_COUNT ? (double)NAN
                                  : hep_finding_get(f->visits[0].lesions[at->lesion[0]].finding, m);
}

struct marker_row {
    const char *identity, *value, *words, *favourable, *source;
    double measured, responders, non_responders, place;
};
#define S struct marker_row
static const struct hep_column columns[] = {
    { "identity", HEP_TEXT(S, identity), "Lesion" },
    { "value", HEP_TEXT(S, value) },
    { NULL, HEP_TEXT(S, words), "At the baseline" },
    { "measured", HEP_NUMBER(S, measured), "Measured", "1", HEP_SIGNIFICANT(3) },
    { "responders", HEP_NUMBER(S, responders), "Mean of responders", "1", HEP_SIGNIFICANT(3) },
    { "non_responders", HEP_NUMBER(S, non_responders), "Mean of non-responders", "1",
      HEP_SIGNIFICANT(3) },
    { "place", HEP_NUMBER(S, place), "Place: 0 non-responders, 1 responders", "1",
      HEP_DECIMALS(2) },
    { "favourable", HEP_TEXT(S, favourable), "Published as favourable" },
    { "source", HEP_TEXT(S, source), "Source" },
    { 0 },
};
#undef S

int hep_followed_markers(struct hep_table *out, const struct hep_followed *f, struct hep_error *err)
{
    const struct hep_markers *m = f->markers;
    struct marker_row *rows = NULL;
    size_t n = 0;
    int rc = HEP_NEW(rows, f->tracks.n * m->n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < f->tracks.n; i++) {
        if (f->tracks.list[i].visit[0].n == 0 || f->tracks.list[i].benign)
            continue;
        for (size_t k = 0; k < m->n; k++) {
            const struct hep_marker *one = &m->list[k];
            const double measured = value_of(f, i, one->value);

            if (isfinite(measured))
                rows[n++] = (struct marker_row){ f->tracks.list[i].identity,
                                                 one->value,
                                                 one->words,
                                                 one->favourable,
                                                 one->source,
                                                 measured,
                                                 one->responders,
                                                 one->non_responders,
                                                 hep_marker_place(one, measured) };
        }
    }
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Predictors at the baseline", columns, rows, n);
    return rc;
}
