#include "visits/visits.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "visits/look.h"
#include "visits/markers.h"
#include "visits/measure.h"
#include "visits/zones.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

void hep_followed_release(struct hep_followed *f)
{
    for (size_t i = 0; i < 3; i++)
        free(f->response[i]);
    if (f->markers != NULL)
        hep_markers_release(f->markers);
    free(f->markers);
    free(f->zones);
    free(f->traces);
    free(f->patterns);
    hep_changes_release(&f->changes);
    hep_targets_release(&f->targets);
    hep_tracks_release(&f->tracks);
    for (size_t i = 0; f->sessions != NULL && i < f->n; i++)
        hep_session_release(&f->sessions[i]);
    free(f->sessions);
    free(f->visits);
    free(f->values);
    free(f->acquisitions);
    free(f->out_dir);
    hep_sessions_release(&f->places);
    *f = (struct hep_followed){ 0 };
}

/* Whose study is it? NULL where the run did not know. */
static const char *subject_of(const struct hep_session *s)
{
    const struct hep_json *inventory = hep_json_get(s->opened.record, "inventory");

    return hep_json_string(hep_json_get(inventory, "subject"));
}

/* Studies that were given as folders are called by the session that their run knew, else by the folder; two of one name by
 * their place in time. */
static void name_sessions(struct hep_followed *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct hep_json *inventory = hep_json_get(f->sessions[i].opened.record, "inventory");
        const char *session = hep_json_string(hep_json_get(inventory, "session"));

        if (session != NULL)
            (void)snprintf(f->places.list[i].session, sizeof f->places.list[i].session, "ses-%s",
                           session);
    }
    for (size_t i = 1; i < f->n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(f->places.list[i].session, f->places.list[k].session) == 0)
                (void)snprintf(f->places.list[i].session, sizeof f->places.list[i].session,
                               "visit-%zu", i + 1);
        }
    }
}

static int check_person(const struct hep_followed *f, struct hep_error *err)
{
    const char *first = subject_of(&f->sessions[0]);

    for (size_t i = 1; i < f->n; i++) {
        const char *other = subject_of(&f->sessions[i]);

        if (first != NULL && other != NULL && strcmp(first, other) != 0)
            return HEP_FAIL(err, HEP_EDATA, "%s and %s are of two people: sub-%s and sub-%s",
                            f->places.list[0].folder, f->places.list[i].folder, first, other);
    }
    if (f->sessions[0].cannot[0] != '\0')
        return HEP_FAIL(err, HEP_EDATA, "the baseline %s cannot be followed: %s",
                        f->places.list[0].session, f->sessions[0].cannot);
    return HEP_OK;
}

static int open_sessions(struct hep_followed *f, const struct hep_followup_request *r,
                         struct hep_error *err)
{
    int rc = HEP_NEW(f->sessions, f->places.n, err);

    if (rc != HEP_OK)
        return rc;
    f->n = f->places.n;
    for (size_t i = 0; rc == HEP_OK && i < f->n; i++)
        rc = hep_session_open(&f->sessions[i], &f->places.list[i], r->reader, r->nthreads, r->log,
                              err);
    name_sessions(f);
    if (rc == HEP_OK)
        rc = check_person(f, err);
    for (size_t i = 0; rc == HEP_OK && i < f->n; i++) {
        if (f->sessions[i].cannot[0] == '\0')
            continue;
        f->is_partial = true;
        hep_log_write(r->log, HEP_LOG_WARNING, "followup", "%s: %s", f->places.list[i].session,
                      f->sessions[i].cannot);
    }
    return rc;
}

/* Two participants may differ; the place of results is that of the person. */
static int choose_folder(struct hep_followed *f, const struct hep_followup_request *r,
                         struct hep_error *err)
{
    const char *subject = subject_of(&f->sessions[0]);

    if (f->places.participant[0] == '\0')
        (void)snprintf(f->places.participant, sizeof f->places.participant, "sub-%s",
                       subject != NULL ? subject : "unknown");
    f->out_dir = r->out_dir != NULL ? hep_strdup(r->out_dir, err)
                                    : hep_path_join(r->query.out_dir, f->places.participant, err);
    return f->out_dir != NULL ? hep_mkdir_p(f->out_dir, err) : HEP_ENOMEM;
}

static int align_sessions(struct hep_followed *f, const struct hep_followup_request *r,
                          struct hep_error *err)
{
    int rc = HEP_NEW(f->visits, f->n, err);

    for (size_t i = 0; rc == HEP_OK && i < f->n; i++) {
        struct hep_session *s = &f->sessions[i];
        const bool was_left_out = s->cannot[0] != '\0';
        char *folder = hep_asprintf(err, "%s/.followup-%ld-%zu", f->out_dir, (long)getpid(), i);

        rc = folder == NULL ? HEP_ENOMEM
                            : hep_session_align(s, &f->sessions[0], r->config, folder, err);
        free(folder);
        if (rc == HEP_OK && !was_left_out && s->visit.cannot != NULL) {
            f->is_partial = true;
            hep_log_write(r->log, HEP_LOG_WARNING, "followup", "%s: %s", s->place->session,
                          s->visit.cannot);
        }
        if (rc == HEP_OK && i > 0 && s->visit.cannot == NULL)
            hep_log_write(r->log, HEP_LOG_INFO, "followup",
                          "%s: %s by %s, livers overlap by %.2f (Dice), surfaces %.1f mm apart: %s",
                          s->place->session, hep_align_method_name(s->method),
                          s->images == HEP_IMAGES_SERIES ? "the reference series"
                                                         : "the outline of the liver",
                          s->liver_dice, s->surface_mm, s->quality);
        f->visits[i] = s->visit;
    }
    return rc;
}

static int measure(struct hep_followed *f, struct hep_error *err)
{
    const struct hep_followup_settings *s = &f->config->followup;
    int rc = HEP_NEW(f->values, f->tracks.n * f->n * HEP_CHANGE_N + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(f->acquisitions, f->n, err);
    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        double *of_lesions = NULL;

        rc = HEP_NEW(of_lesions, f->visits[v].n * HEP_CHANGE_N + 1, err);
        if (rc == HEP_OK && f->visits[v].cannot == NULL)
            rc = hep_session_measure(of_lesions, &f->sessions[v], s, err);
        if (rc == HEP_OK)
            rc = hep_session_acquisition(&f->acquisitions[v], &f->sessions[v], err);
        for (size_t i = 0; rc == HEP_OK && i < f->tracks.n; i++) {
            const struct hep_track_visit *at = &f->tracks.list[i].visit[v];

            for (size_t k = 0; k < HEP_CHANGE_N; k++)
                f->values[(i * f->n + v) * HEP_CHANGE_N + k] =
                    at->n == 0 ? (double)NAN : of_lesions[at->lesion[0] * HEP_CHANGE_N + k];
        }
        free(of_lesions);
    }
    return rc;
}

/* Which lesion is which, and whether those that are not found are gone. */
static int match(struct hep_followed *f, const struct hep_followup_request *r,
                 struct hep_error *err)
{
    int rc = hep_tracks_make(&f->tracks, f->visits, f->n, &f->config->followup, r->rematch, err);

    if (rc == HEP_OK)
        rc = hep_followed_traces(&f->traces, &f->n_traces, f, err);
    if (rc == HEP_OK)
        hep_tracks_reconsider(&f->tracks, f->traces, f->n_traces);
    return rc;
}

static int judge(struct hep_followed *f, struct hep_error *err)
{
    const struct hep_followup_settings *s = &f->config->followup;
    double *enhancing = NULL;
    int rc = HEP_NEW(enhancing, f->tracks.n * f->n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < f->tracks.n * f->n; i++)
        enhancing[i] = f->values[i * HEP_CHANGE_N + HEP_CHANGE_ENHANCING_AXIS];
    if (rc == HEP_OK)
        rc = hep_targets_choose(&f->targets, &f->tracks, f->visits, s, err);
    for (size_t k = 0; rc == HEP_OK && k < 3; k++) {
        rc = HEP_NEW(f->response[k], f->n, err);
        if (rc == HEP_OK)
            hep_response_judge(f->response[k], &f->targets, &f->tracks, f->visits,
                               (enum hep_response_of)k, enhancing, s);
    }
    if (rc == HEP_OK)
        rc = hep_changes_make(&f->changes, &f->tracks, f->visits, f->values, f->acquisitions, s,
                              err);
    free(enhancing);
    return rc;
}

static int read_markers(struct hep_followed *f, struct hep_error *err)
{
    char *path = NULL;
    int rc = hep_config_find(&path, "markers.yml", err);

    if (rc == HEP_OK)
        rc = HEP_NEW(f->markers, 1, err);
    if (rc == HEP_OK)
        rc = hep_markers_read(f->markers, path, err);
    free(path);
    return rc;
}

static int find_patterns(struct hep_followed *f, struct hep_error *err)
{
    struct hep_visit_liver *livers = NULL;
    int rc = HEP_NEW(livers, f->n, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(f->patterns, (f->n - 1) * HEP_PATTERN_N, err);
    if (rc == HEP_OK)
        rc = hep_followed_livers(livers, f, err);
    if (rc == HEP_OK)
        hep_patterns_judge(f->patterns, &f->tracks, f->visits, &f->changes, livers, f->traces,
                           f->n_traces, &f->config->followup);
    free(livers);
    return rc;
}

int hep_followup(struct hep_followed *out, const struct hep_followup_request *request,
                 struct hep_error *err)
{
    int rc;

    *out = (struct hep_followed){ .config = request->config };
    rc = hep_sessions_find(&out->places, &request->query, request->log, err);
    out->is_partial = out->places.left_out[0] != '\0';
    if (rc == HEP_OK)
        rc = open_sessions(out, request, err);
    if (rc == HEP_OK)
        rc = choose_folder(out, request, err);
    if (rc == HEP_OK)
        rc = align_sessions(out, request, err);
    if (rc == HEP_OK)
        rc = hep_zones_read(out, request->derivatives, request->n_derivatives, err);
    if (rc == HEP_OK)
        rc = match(out, request, err);
    if (rc == HEP_OK)
        rc = measure(out, err);
    if (rc == HEP_OK)
        rc = judge(out, err);
    if (rc == HEP_OK)
        rc = read_markers(out, err);
    if (rc == HEP_OK)
        rc = hep_zones_measure(out, err);
    return rc == HEP_OK ? find_patterns(out, err) : rc;
}
