#include "visits/visits.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "visits/markers.h"
#include "visits/page.h"
#include "visits/tables.h"
#include "visits/zones.h"

#include <stdlib.h>

/* A table as a member of the document, freed here. */
static void
put_table(struct hep_put *put, struct hep_json *o, const char *key, const struct hep_followed *f,
          int (*make)(struct hep_table *out, const struct hep_followed *f, struct hep_error *err))
{
    struct hep_table t = { 0 };

    if (put->rc == HEP_OK)
        put->rc = make(&t, f, put->err);
    if (put->rc == HEP_OK)
        hep_put(put, o, key, hep_table_json(put, &t));
    hep_table_release(&t);
}

static struct hep_json *session_of_lesion(struct hep_put *put, const struct hep_followed *f,
                                          size_t i, size_t v)
{
    const struct hep_track_visit *at = &f->tracks.list[i].visit[v];
    struct hep_json *o = hep_json_new_object(), *ids = hep_json_new_array(),
                    *measures = hep_json_new_object();

    hep_put_text(put, o, "session", f->places.list[v].session);
    for (size_t k = 0; k < at->n; k++) {
        const struct hep_visit_lesion *l = &f->visits[v].lesions[at->lesion[k]];

        if (l->kept)
            hep_put_item(put, ids, hep_json_new_integer(l->finding->id));
    }
    hep_put(put, o, "lesion_ids", ids);
    hep_put_text(put, o, "state", hep_event_name(at->state));
    hep_put_text(put, o, "reason", at->reason);
    hep_put_number(put, o, "long_axis_mm", at->long_axis_mm);
    hep_put_number(put, o, "volume_ml", at->volume_ml);
    hep_put_bool(put, o, "shared", at->shared);
    if (at->n > 0) {
        const struct hep_visit_lesion *l = &f->visits[v].lesions[at->lesion[0]];

        hep_put_numbers(put, o, "centre_mm", l->finding->centre_mm, 3);
        hep_put_numbers(put, o, "baseline_mm", l->place_mm, 3);
    }
    for (size_t k = 0; at->n > 0 && k < HEP_CHANGE_N; k++)
        hep_put_number(put, measures, hep_change_key((enum hep_change_of)k),
                       f->values[(i * f->n + v) * HEP_CHANGE_N + k]);
    hep_put(put, o, "measures", measures);
    return o;
}

static struct hep_json *lesions_json(struct hep_put *put, const struct hep_followed *f)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < f->tracks.n; i++) {
        const struct hep_track *track = &f->tracks.list[i];
        struct hep_json *o = hep_json_new_object(), *sessions = hep_json_new_array();

        hep_put_text(put, o, "identity", track->identity);
        hep_put_text(put, o, "event", hep_event_name(track->event));
        hep_put_text(put, o, "reason", track->reason);
        hep_put_text(put, o, "first_session", f->places.list[track->first].session);
        hep_put_bool(put, o, "target", hep_followed_is_target(f, i));
        hep_put_bool(put, o, "treated", track->treated);
        for (size_t v = 0; v < f->n; v++)
            hep_put_item(put, sessions, session_of_lesion(put, f, i, v));
        hep_put(put, o, "sessions", sessions);
        hep_put_item(put, list, o);
    }
    return list;
}

static struct hep_json *response_json(struct hep_put *put, const struct hep_followed *f)
{
    struct hep_json *o = hep_json_new_object();

    for (int k = 0; k < 3; k++) {
        struct hep_table t = { 0 };

        if (put->rc == HEP_OK)
            put->rc = hep_followed_response(&t, f, (enum hep_response_of)k, put->err);
        if (put->rc == HEP_OK)
            hep_put(put, o, hep_response_of_name((enum hep_response_of)k), hep_table_json(put, &t));
        hep_table_release(&t);
    }
    return o;
}

int hep_followed_json(struct hep_json **out, const struct hep_followed *f, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object();

    hep_put_text(&put, o, "version", HEP_VERSION);
    hep_put_text(&put, o, "participant", f->places.participant);
    hep_put_text(&put, o, "note",
                 "research use only: numbers with their reasons, never a diagnosis");
    hep_put_text(&put, o, "left_out", f->places.left_out);
    put_table(&put, o, "sessions", f, hep_followed_sessions);
    hep_put(&put, o, "lesions", lesions_json(&put, f));
    put_table(&put, o, "targets", f, hep_followed_targets);
    hep_put(&put, o, "response", response_json(&put, f));
    put_table(&put, o, "changes", f, hep_followed_changes);
    put_table(&put, o, "predictors", f, hep_followed_markers);
    put_table(&put, o, "ablation", f, hep_followed_zones);
    put_table(&put, o, "patterns", f, hep_followed_patterns);
    return hep_put_done(&put, out, o);
}

int hep_followed_text(struct hep_str *out, const struct hep_followed *f, struct hep_error *err)
{
    int (*const tables[])(struct hep_table *, const struct hep_followed *,
                          struct hep_error *) = { hep_followed_sessions, hep_followed_lesions,
                                                  hep_followed_targets };
    struct hep_table t = { 0 };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof tables / sizeof tables[0]; i++) {
        rc = tables[i](&t, f, err);
        if (rc == HEP_OK)
            hep_table_text(out, &t);
        hep_table_release(&t);
    }
    for (int k = 0; rc == HEP_OK && k < 3; k++) {
        rc = hep_followed_response(&t, f, (enum hep_response_of)k, err);
        if (rc == HEP_OK)
            hep_table_text(out, &t);
        hep_table_release(&t);
    }
    return rc;
}

static int write_table(const struct hep_followed *f, struct hep_json *document,
                       struct hep_error *err)
{
    struct hep_table rows = { 0 };
    struct hep_str tsv = { 0 };
    struct hep_put put = { HEP_OK, err };
    char *name = hep_asprintf(err, "%s_followup.tsv", f->places.participant);
    int rc = name == NULL ? HEP_ENOMEM : hep_followed_rows(&rows, f, err);

    if (rc == HEP_OK) {
        hep_put(&put, document, "columns", hep_table_dictionary(&put, &rows));
        rc = put.rc;
    }
    if (rc == HEP_OK) {
        hep_table_tsv(&tsv, &rows);
        rc = hep_str_write(&tsv, f->out_dir, name, err);
    }
    hep_str_release(&tsv);
    hep_table_release(&rows);
    free(name);
    return rc;
}

int hep_followed_write(const struct hep_followed *f, struct hep_error *err)
{
    struct hep_json *json = NULL;
    struct hep_str page = { 0 };
    char *name = hep_asprintf(err, "%s_followup.json", f->places.participant),
         *html = hep_asprintf(err, "%s_followup.html", f->places.participant);
    int rc = name == NULL || html == NULL ? HEP_ENOMEM : hep_followed_json(&json, f, err);

    if (rc == HEP_OK)
        rc = write_table(f, json, err);
    if (rc == HEP_OK)
        rc = hep_json_write_in(f->out_dir, name, json, err);
    if (rc == HEP_OK && f->config->report.html)
        rc = hep_followed_page(&page, f, err);
    if (rc == HEP_OK && f->config->report.html)
        rc = hep_str_write(&page, f->out_dir, html, err);
    hep_str_release(&page);
    hep_json_free(json);
    free(name);
    free(html);
    return rc;
}
