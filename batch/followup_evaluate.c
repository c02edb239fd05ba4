#include "batch/followup_evaluate.h"

#include "base/alloc.h"
#include "base/file.h"

#include <math.h>

void hep_followup_evaluated_release(struct hep_followup_evaluated *e)
{
    free(e->lesion);
    free(e->visit);
    *e = (struct hep_followup_evaluated){ 0 };
}

/* One person while the files are read. */
struct person {
    struct hep_followup_evaluated *out;
    const struct hep_evaluated *sessions; /* every session of everybody, matched with the truth */
    char name[64];
    size_t number;
    struct hep_json *course, *followup; /* owned; the latter NULL without one */
    const char *reason;                 /* why there is no follow-up */
    bool *counted; /* [followup lesions]: called new and really new, or told already; owned */
};

/* ---- JSON ------------------------------------------------------------------------------------ */

static const struct hep_json *list_of(const struct hep_json *object, const char *key)
{
    const struct hep_json *list = hep_json_get(object, key);

    return list != NULL && hep_json_type(list) == HEP_JSON_ARRAY ? list : NULL;
}

static size_t length(const struct hep_json *list)
{
    return list != NULL ? hep_json_size(list) : 0;
}

static const char *text_of(const struct hep_json *object, const char *key)
{
    return hep_json_string(hep_json_get(object, key));
}

static double number_of(const struct hep_json *object, const char *key)
{
    return hep_json_number(hep_json_get(object, key));
}

/* Sessions are named with or without "ses-". */
static const char *bare(const char *session)
{
    return session != NULL && strncmp(session, "ses-", 4) == 0 ? session + 4 : session;
}

/* The entry of a session in a list of objects that each have "session"; NULL. */
static const struct hep_json *at_session(const struct hep_json *list, const char *session)
{
    for (size_t i = 0; i < length(list); i++) {
        const char *name = bare(text_of(hep_json_at(list, i), "session"));

        if (name != NULL && session != NULL && strcmp(name, bare(session)) == 0)
            return hep_json_at(list, i);
    }
    return NULL;
}

/* ---- found lesions --------------------------------------------------------------------------- */

static const struct hep_eval_entry *entry_of(const struct person *p, const char *session)
{
    char label[128];

    (void)snprintf(label, sizeof label, "%s_ses-%s", p->name, bare(session));
    for (size_t i = 0; i < p->sessions->n_studies; i++)
        if (strcmp(p->sessions->entry[i].label, label) == 0)
            return &p->sessions->entry[i];
    return NULL;
}

/* Index of the true lesion with this number in a session; HEP_NO_MATCH. */
static size_t lesion_with_id(const struct person *p, const struct hep_eval_entry *entry, double id)
{
    for (size_t i = 0; entry != NULL && i < entry->n_lesions; i++)
        if ((double)p->sessions->lesion_note[entry->first_lesion + i].id == id)
            return entry->first_lesion + i;
    return HEP_NO_MATCH;
}

/* Index of the true lesion that the finding with this number lies on; HEP_NO_MATCH. */
static size_t lesion_below(const struct person *p, const struct hep_eval_entry *entry, double id)
{
    for (size_t i = 0; entry != NULL && i < entry->n_findings; i++)
        if ((double)p->sessions->finding_note[entry->first_finding + i].id == id)
            return p->sessions->finding[entry->first_finding + i].lesion;
    return HEP_NO_MATCH;
}

/* A true lesion in one session. */
struct sight {
    const char *session;
    const struct hep_json *truth; /* its entry of the course; NULL: not there */
    const struct hep_eval_entry *entry;
    size_t lesion; /* HEP_NO_MATCH: not there */
    bool is_found;
};

static struct sight look_at(const struct person *p, const struct hep_json *lesion,
                            const char *session)
{
    struct sight s = { session, at_session(list_of(lesion, "sessions"), session),
                       entry_of(p, session), HEP_NO_MATCH, false };

    s.lesion = lesion_with_id(p, s.entry, number_of(s.truth, "id"));
    s.is_found = s.lesion != HEP_NO_MATCH && p->sessions->lesion[s.lesion].finding != HEP_NO_MATCH;
    return s;
}

static double adc_of(const struct person *p, const struct sight *s)
{
    return s->is_found ? hep_finding_get(&p->sessions->full[p->sessions->lesion[s->lesion].finding],
                                         HEP_M_ADC)
                       : (double)NAN;
}

/* Does a lesion of the follow-up hold, in this session, a finding on the true one? */
static bool holds(const struct person *p, const struct hep_json *followed, const struct sight *s)
{
    const struct hep_json *at = at_session(list_of(followed, "sessions"), s->session);
    const struct hep_json *ids = list_of(at, "lesion_ids");

    for (size_t i = 0; s->lesion != HEP_NO_MATCH && i < length(ids); i++)
        if (lesion_below(p, s->entry, hep_json_number(hep_json_at(ids, i))) == s->lesion)
            return true;
    return false;
}

/* ---- what the follow-up says ----------------------------------------------------------------- */

static bool has_ids(const struct hep_json *at)
{
    return length(list_of(at, "lesion_ids")) > 0;
}

/* Called new at a session: there, and new in the first session that has it. */
static bool is_called_new(const struct hep_json *followed, const char *session)
{
    const struct hep_json *list = list_of(followed, "sessions");
    const char *event = text_of(followed, "event"), *state = NULL;

    if (!has_ids(at_session(list, session)))
        return false;
    for (size_t i = 0; i < length(list) && state == NULL; i++)
        if (has_ids(hep_json_at(list, i)))
            state = text_of(hep_json_at(list, i), "state");
    return hep_change_of(event) == HEP_CHANGE_NEW || hep_change_of(state) == HEP_CHANGE_NEW;
}

static enum hep_change called_of(const struct hep_json *followed, const char *session)
{
    const struct hep_json *at = at_session(list_of(followed, "sessions"), session);
    const char *state = text_of(at, "state");

    if (is_called_new(followed, session))
        return HEP_CHANGE_NEW;
    return hep_change_of(state != NULL ? state : text_of(followed, "event"));
}

/* ---- a pair ---------------------------------------------------------------------------------- */

static int add_lesion_row(struct person *p, const struct hep_followed_lesion_row *row,
                          struct hep_error *err)
{
    int rc = HEP_GROW(p->out->lesion, p->out->n_lesions, err);

    if (rc == HEP_OK)
        p->out->lesion[p->out->n_lesions++] = *row;
    return rc;
}

static struct hep_followed_lesion_row new_row(const struct person *p, const char *session)
{
    struct hep_followed_lesion_row row = { .lesion = { .patient = p->number,
                                                       .truth = HEP_CHANGE_OTHER,
                                                       .called = HEP_CHANGE_OTHER,
                                                       .long_first_mm = (double)NAN,
                                                       .long_later_mm = (double)NAN,
                                                       .adc_change_true_percent = (double)NAN,
                                                       .adc_change_percent = (double)NAN } };

    (void)snprintf(row.participant, sizeof row.participant, "%s", p->name);
    (void)snprintf(row.session, sizeof row.session, "%s", session);
    return row;
}

/* Find the lesion of the follow-up that is this true one: by the first session, else the later. */
static void recognise(struct person *p, struct hep_followed_lesion_row *row,
                      const struct sight *first, const struct sight *later)
{
    const struct hep_json *list = list_of(p->followup, "lesions");
    const struct hep_json *chosen = NULL;

    for (size_t i = 0; i < length(list); i++) {
        const struct hep_json *followed = hep_json_at(list, i);
        const bool at_first = holds(p, followed, first), at_later = holds(p, followed, later);
        const bool is_known =
            row->lesion.truth != HEP_CHANGE_NEW && row->lesion.truth != HEP_CHANGE_RESIDUE;

        row->lesion.is_same = row->lesion.is_same || (at_first && at_later);
        if (at_later && !is_known)
            p->counted[i] = true;
        if ((at_first && at_later) || (chosen == NULL && (at_first || (at_later && !is_known))))
            chosen = followed;
    }
    if (chosen == NULL)
        return;
    row->lesion.called = called_of(chosen, later->session);
    (void)snprintf(row->called_as, sizeof row->called_as, "%.15s",
                   text_of(chosen, "identity") != NULL ? text_of(chosen, "identity") : "");
}

static int add_lesion(struct person *p, const struct hep_json *lesion, const char *first_session,
                      const char *session, struct hep_error *err)
{
    const struct sight first = look_at(p, lesion, first_session);
    const struct sight later = look_at(p, lesion, session);
    struct hep_followed_lesion_row row = new_row(p, session);
    struct hep_followed_lesion *l = &row.lesion;
    const char *identity = text_of(lesion, "identity");

    l->truth = hep_change_of(text_of(later.truth, "event"));
    if (first.lesion == HEP_NO_MATCH && later.lesion == HEP_NO_MATCH)
        return HEP_OK; /* not yet there, or gone before */
    /* What came after the first session is new to it, also where it has grown since. */
    if (first.lesion == HEP_NO_MATCH && l->truth != HEP_CHANGE_RESIDUE)
        l->truth = HEP_CHANGE_NEW;
    (void)snprintf(row.identity, sizeof row.identity, "%.15s", identity != NULL ? identity : "");
    l->found_first = first.is_found;
    l->found_later = later.is_found;
    if (first.lesion != HEP_NO_MATCH)
        l->long_first_mm = number_of(first.truth, "long_axis_mm");
    if (later.lesion != HEP_NO_MATCH)
        l->long_later_mm = number_of(later.truth, "long_axis_mm");
    recognise(p, &row, &first, &later);
    if (l->is_same && l->truth != HEP_CHANGE_ABLATED) {
        l->adc_change_true_percent = number_of(later.truth, "adc_change_percent");
        l->adc_change_percent = 100.0 * (adc_of(p, &later) / adc_of(p, &first) - 1.0);
    }
    return add_lesion_row(p, &row, err);
}

/* Lesions that are called new and are not. */
static int add_false_new(struct person *p, size_t *n, const char *session, struct hep_error *err)
{
    const struct hep_json *list = list_of(p->followup, "lesions");
    int rc = HEP_OK;

    *n = 0;
    for (size_t i = 0; rc == HEP_OK && i < length(list); i++) {
        const struct hep_json *followed = hep_json_at(list, i);
        struct hep_followed_lesion_row row = new_row(p, session);
        const char *identity = text_of(followed, "identity");

        if (p->counted[i] || !is_called_new(followed, session))
            continue;
        ++*n;
        row.lesion.called = HEP_CHANGE_NEW;
        row.lesion.found_later = true;
        (void)snprintf(row.called_as, sizeof row.called_as, "%.15s",
                       identity != NULL ? identity : "");
        rc = add_lesion_row(p, &row, err);
    }
    return rc;
}

static int add_visit(struct person *p, const struct hep_json *truth, bool is_first,
                     size_t false_new, struct hep_error *err)
{
    const char *session = text_of(truth, "session"), *course = text_of(p->course, "course");
    const struct hep_json *said =
        at_session(list_of(hep_json_get(p->followup, "response"), "recist"), session);
    const char *reason = p->reason != NULL ? p->reason : text_of(said, "reason");
    struct hep_followed_visit_row row = { .visit = { .patient = p->number } };
    struct hep_followed_visit *v = &row.visit;
    int rc = HEP_GROW(p->out->visit, p->out->n_visits, err);

    if (rc != HEP_OK)
        return rc;
    (void)snprintf(row.participant, sizeof row.participant, "%s", p->name);
    (void)snprintf(row.session, sizeof row.session, "%.31s", session != NULL ? session : "");
    (void)snprintf(row.course, sizeof row.course, "%.31s", course != NULL ? course : "");
    (void)snprintf(row.reason, sizeof row.reason, "%.255s", reason != NULL ? reason : "");
    v->is_first = is_first;
    v->is_stable = course != NULL && strcmp(course, "stable") == 0;
    v->false_new = false_new;
    v->sum_true_mm = number_of(truth, "sum_mm");
    v->sum_mm = number_of(said, "sum_mm");
    v->change_true_percent = is_first ? (double)NAN : number_of(truth, "change_percent");
    v->change_percent = is_first ? (double)NAN : number_of(said, "change_percent");
    v->truth = is_first ? HEP_RESPONSE_COUNT : hep_response_parse(text_of(truth, "category"));
    v->called = is_first ? HEP_RESPONSE_COUNT : hep_response_parse(text_of(said, "category"));
    p->out->visit[p->out->n_visits++] = row;
    return HEP_OK;
}

static int add_pairs(struct person *p, struct hep_error *err)
{
    const struct hep_json *visits = list_of(p->course, "sessions"),
                          *lesions = list_of(p->course, "lesions");
    const char *first = text_of(hep_json_at(visits, 0), "session");
    int rc = HEP_OK;

    for (size_t k = 0; rc == HEP_OK && k < length(visits); k++) {
        const struct hep_json *truth = hep_json_at(visits, k);
        const char *session = text_of(truth, "session");
        size_t false_new = 0;

        for (size_t i = 0; i < length(list_of(p->followup, "lesions")); i++)
            p->counted[i] = false;
        for (size_t i = 0; k > 0 && rc == HEP_OK && i < length(lesions); i++)
            rc = add_lesion(p, hep_json_at(lesions, i), first, session, err);
        if (rc == HEP_OK && k > 0)
            rc = add_false_new(p, &false_new, session, err);
        if (rc == HEP_OK)
            rc = add_visit(p, truth, k == 0, false_new, err);
    }
    return rc;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* DIR/sub-01/sub-01_REST; *out stays NULL where there is no such file. */
static int read_beside(struct hep_json **out, const char *dir, const char *name, const char *rest,
                       struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s/%s_%s", dir, name, name, rest);
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && hep_is_file(path))
        rc = hep_json_read(out, path, err);
    free(path);
    return rc;
}

static int check_course(const struct person *p, struct hep_error *err)
{
    const struct hep_json *visits = list_of(p->course, "sessions");

    if (list_of(p->course, "lesions") == NULL || length(visits) < 2)
        return HEP_FAIL(err, HEP_EFORMAT,
                        "%s_course.json: wants \"lesions\" and two or more \"sessions\"", p->name);
    for (size_t k = 0; k < length(visits); k++)
        if (text_of(hep_json_at(visits, k), "session") == NULL)
            return HEP_FAIL(err, HEP_EFORMAT, "%s_course.json: session %zu has no name", p->name,
                            k + 1);
    return HEP_OK;
}

static int add_person(struct person *p, const char *out_dir, const char *truth_dir,
                      struct hep_log *log, struct hep_error *err)
{
    int rc = read_beside(&p->course, truth_dir, p->name, "course.json", err);

    if (rc != HEP_OK || p->course == NULL)
        return rc;
    p->number = p->out->n_patients++;
    rc = check_course(p, err);
    if (rc == HEP_OK)
        rc = read_beside(&p->followup, out_dir, p->name, "followup.json", err);
    if (rc == HEP_OK && p->followup == NULL) {
        p->reason = "there is no follow-up of this person";
        p->out->n_missing++;
        hep_log_write(log, HEP_LOG_WARNING, "no-followup", "%s: %s", p->name, p->reason);
    }
    if (rc == HEP_OK)
        rc = HEP_NEW(p->counted, length(list_of(p->followup, "lesions")) + 1, err);
    return rc == HEP_OK ? add_pairs(p, err) : rc;
}

/* Everybody of the truth, once: sessions of one person stand side by side. */
static int add_everybody(struct hep_followup_evaluated *out, const struct hep_evaluated *sessions,
                         const char *out_dir, const char *truth_dir, struct hep_log *log,
                         struct hep_error *err)
{
    char last[64] = "";
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sessions->n_studies; i++) {
        struct person p = { .out = out, .sessions = sessions };
        const char *label = sessions->entry[i].label;

        (void)snprintf(p.name, sizeof p.name, "%.*s", (int)strcspn(label, "_"), label);
        if (strcmp(p.name, last) == 0)
            continue;
        (void)snprintf(last, sizeof last, "%s", p.name);
        rc = add_person(&p, out_dir, truth_dir, log, err);
        hep_json_free(p.course);
        hep_json_free(p.followup);
        free(p.counted);
    }
    return rc;
}

static int score(struct hep_followup_evaluated *e, size_t replicates, struct hep_error *err)
{
    struct hep_followed_lesion *lesions = NULL;
    struct hep_followed_visit *visits = NULL;
    int rc = HEP_NEW(lesions, e->n_lesions + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(visits, e->n_visits + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < e->n_lesions; i++)
        lesions[i] = e->lesion[i].lesion;
    for (size_t i = 0; rc == HEP_OK && i < e->n_visits; i++)
        visits[i] = e->visit[i].visit;
    if (rc == HEP_OK) {
        const struct hep_followup_data data = { lesions, e->n_lesions, visits, e->n_visits,
                                                e->n_patients };

        rc = hep_followup_score(&e->score, &data, replicates, e->seed, err);
    }
    free(lesions);
    free(visits);
    return rc;
}

int hep_followup_evaluate(struct hep_followup_evaluated *out, const char *out_dir,
                          const char *truth_dir, const struct hep_evaluate_opts *opts,
                          struct hep_error *err)
{
    struct hep_evaluate_opts own = *opts;
    struct hep_evaluated sessions = { 0 };
    int rc;

    *out = (struct hep_followup_evaluated){ .seed = opts->seed };
    own.keeps_findings = true;
    rc = hep_evaluate_folders(&sessions, out_dir, truth_dir, &own, err);
    if (rc == HEP_OK)
        rc = add_everybody(out, &sessions, out_dir, truth_dir, opts->log, err);
    if (rc == HEP_OK && out->n_patients == 0)
        rc = HEP_FAIL(err, HEP_ENOENT,
                      "%s: no sub-*/sub-*_course.json: the truth has no person at several sessions",
                      truth_dir);
    if (rc == HEP_OK && out->n_missing == out->n_patients)
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: no sub-*/sub-*_followup.json: run hepar followup first",
                      out_dir);
    if (rc == HEP_OK)
        rc = score(out, opts->replicates, err);
    hep_evaluated_release(&sessions);
    return rc;
}
