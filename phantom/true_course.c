#include "phantom/true_course.h"

#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "phantom/bids.h"
#include "phantom/disease.h"
#include "phantom/session.h"

#include <math.h>

#define TARGET_MM 10.0
#define PARTIAL_SHARE 0.7
#define PROGRESS_SHARE 1.2
#define PROGRESS_MM 5.0
#define AXIS_MM 3.0

const struct hep_true_state *hep_true_state_of(const struct hep_true_session *session,
                                               unsigned identity)
{
    for (size_t i = 0; i < session->n; i++)
        if (session->state[i].identity == identity)
            return &session->state[i];
    return NULL;
}

/* As it was when it was first there, in sessions up to this one; NULL: it is not yet there. */
static const struct hep_true_state *first_state(const struct hep_true_session *sessions,
                                                size_t session, unsigned identity)
{
    const struct hep_true_state *first = NULL;

    for (size_t k = 0; k <= session && first == NULL; k++)
        first = hep_true_state_of(&sessions[k], identity);
    return first;
}

static const char *change_of(const struct hep_true_state *now, const struct hep_true_state *first)
{
    const double ratio = now->volume_ml / first->volume_ml;

    if (fabs(now->long_mm - first->long_mm) < AXIS_MM)
        return "stable";
    if (ratio >= PROGRESS_SHARE * PROGRESS_SHARE * PROGRESS_SHARE)
        return "grown";
    return ratio <= PARTIAL_SHARE * PARTIAL_SHARE * PARTIAL_SHARE ? "shrunk" : "stable";
}

const char *hep_true_event(const struct hep_true_session *sessions, size_t session,
                           unsigned identity)
{
    const struct hep_true_state *now = hep_true_state_of(&sessions[session], identity);
    const struct hep_true_state *first = first_state(sessions, session, identity);

    if (now == NULL || first == NULL)
        return "absent";
    if (now->id == 0)
        return "vanished";
    if (now->fate == HEP_SIM_FATE_ABLATED)
        return "ablated";
    if (now->fate == HEP_SIM_FATE_RESIDUE)
        return "residue";
    if (first == now)
        return session == 0 ? "baseline" : "new";
    return change_of(now, first);
}

static bool is_metastasis(const struct hep_true_state *s)
{
    return hep_sim_lesion_class(s->type) == HEP_CLASS_METASTASIS;
}

/* Is it, or is it going to be, a zone of ablation? */
static bool is_treated(const struct hep_true_session *sessions, size_t n, unsigned identity)
{
    for (size_t k = 0; k < n; k++) {
        const struct hep_true_state *s = hep_true_state_of(&sessions[k], identity);

        if (s != NULL && s->fate == HEP_SIM_FATE_ABLATED)
            return true;
    }
    return false;
}

void hep_true_targets(unsigned target[HEP_TRUE_TARGETS], const struct hep_true_session *sessions,
                      size_t n)
{
    for (int t = 0; t < HEP_TRUE_TARGETS; t++) {
        double longest = TARGET_MM;

        target[t] = 0;
        for (size_t i = 0; i < sessions[0].n; i++) {
            const struct hep_true_state *s = &sessions[0].state[i];

            if (is_metastasis(s) && s->long_mm >= longest && (t == 0 || s->identity != target[0]) &&
                !is_treated(sessions, n, s->identity)) {
                longest = s->long_mm;
                target[t] = s->identity;
            }
        }
    }
}

static double sum_of(const struct hep_true_session *session, const unsigned *target)
{
    double sum = 0.0;

    for (int t = 0; t < HEP_TRUE_TARGETS; t++) {
        const struct hep_true_state *s = hep_true_state_of(session, target[t]);

        if (target[t] > 0 && s != NULL)
            sum += s->long_mm;
    }
    return target[0] > 0 ? sum : (double)NAN;
}

/* Metastases that are there, and of these the new ones. */
static void count_metastases(size_t *present, size_t *fresh,
                             const struct hep_true_session *sessions, size_t session)
{
    *present = *fresh = 0;
    for (size_t i = 0; i < sessions[session].n; i++) {
        const struct hep_true_state *s = &sessions[session].state[i];

        if (!is_metastasis(s) || s->id == 0)
            continue;
        ++*present;
        *fresh += s->part_of == 0 && hep_true_state_of(&sessions[0], s->identity) == NULL;
    }
}

static void judge(struct hep_true_response *r, double nadir_mm, size_t present)
{
    if (r->new_lesions > 0) {
        r->category = "PD";
        (void)snprintf(r->reason, sizeof r->reason, "%zu new", r->new_lesions);
    } else if (isnan(r->sum_mm)) {
        r->category = "NE";
        (void)snprintf(r->reason, sizeof r->reason, "no metastasis of %g mm or more", TARGET_MM);
    } else if (r->sum_mm >= PROGRESS_SHARE * nadir_mm && r->sum_mm - nadir_mm >= PROGRESS_MM) {
        r->category = "PD";
        (void)snprintf(r->reason, sizeof r->reason, "%.1f mm above the least sum of %.1f mm",
                       r->sum_mm - nadir_mm, nadir_mm);
    } else if (present == 0) {
        r->category = "CR";
        (void)snprintf(r->reason, sizeof r->reason, "no metastasis is left");
    } else {
        r->category = r->change_percent <= 100.0 * (PARTIAL_SHARE - 1.0) ? "PR" : "SD";
        (void)snprintf(r->reason, sizeof r->reason, "%.1f %% from the first sum",
                       r->change_percent);
    }
}

void hep_true_responses(struct hep_true_response *out, const struct hep_true_session *sessions,
                        size_t n)
{
    unsigned target[HEP_TRUE_TARGETS];
    double nadir;

    hep_true_targets(target, sessions, n);
    nadir = sum_of(&sessions[0], target);
    out[0] = (struct hep_true_response){ nadir, (double)NAN, (double)NAN, 0, "", "" };
    for (size_t k = 1; k < n; k++) {
        struct hep_true_response *r = &out[k];
        size_t present;

        memset(r, 0, sizeof *r);
        count_metastases(&present, &r->new_lesions, sessions, k);
        r->sum_mm = sum_of(&sessions[k], target);
        r->change_percent = 100.0 * (r->sum_mm / out[0].sum_mm - 1.0);
        r->nadir_change_percent = nadir > 0.0 ? 100.0 * (r->sum_mm / nadir - 1.0) : (double)NAN;
        judge(r, nadir, present);
        nadir = fmin(nadir, r->sum_mm);
    }
}

/* ---- the file -------------------------------------------------------------------------------- */

static struct hep_json *response_json(struct hep_put *put, const struct hep_sim_settings *s,
                                      const struct hep_true_response *r, unsigned session,
                                      uint64_t person)
{
    struct hep_json *o = hep_json_new_object();
    char label[16], date[HEP_SESSION_DATE];

    (void)snprintf(label, sizeof label, "ses-%u", session);
    hep_session_date(date, s, session, person);
    hep_put_text(put, o, "session", label);
    hep_put_text(put, o, "date", date);
    hep_put_number(put, o, "days", hep_sim_session_day(s, session));
    hep_put_number(put, o, "sum_mm", r->sum_mm);
    hep_put_number(put, o, "change_percent", r->change_percent);
    hep_put_number(put, o, "nadir_change_percent", r->nadir_change_percent);
    hep_put_count(put, o, "new_lesions", r->new_lesions);
    hep_put_text(put, o, "category", r->category[0] != '\0' ? r->category : NULL);
    hep_put_text(put, o, "reason", r->reason[0] != '\0' ? r->reason : NULL);
    return o;
}

static struct hep_json *state_json(struct hep_put *put, const struct hep_true_session *sessions,
                                   size_t k, unsigned identity)
{
    const struct hep_true_state *s = hep_true_state_of(&sessions[k], identity);
    const struct hep_true_state *first = first_state(sessions, k, identity);
    struct hep_json *o = hep_json_new_object();
    char label[16];

    (void)snprintf(label, sizeof label, "ses-%zu", k + 1);
    hep_put_text(put, o, "session", label);
    hep_put_text(put, o, "event", hep_true_event(sessions, k, identity));
    if (s == NULL || first == NULL)
        return o;
    if (s->id > 0)
        hep_put_count(put, o, "id", (size_t)s->id);
    hep_put_number(put, o, "long_axis_mm", s->long_mm);
    hep_put_number(put, o, "volume_ml", s->volume_ml);
    hep_put_number(put, o, "adc_mm2_per_s", s->adc_mm2_per_s);
    hep_put_number(put, o, "adc_change_percent",
                   s != first ? 100.0 * (s->adc_mm2_per_s / first->adc_mm2_per_s - 1.0)
                              : (double)NAN);
    hep_put_numbers(put, o, "centre_mm", s->centre_mm, 3);
    return o;
}

static struct hep_json *lesion_json(struct hep_put *put, const struct hep_true_session *sessions,
                                    size_t n, const unsigned *target, unsigned identity)
{
    struct hep_json *o = hep_json_new_object(), *list = hep_json_new_array();
    const struct hep_true_state *s = first_state(sessions, n - 1, identity);
    char name[HEP_IDENTITY_LABEL];

    if (s == NULL)
        return o;
    hep_sim_identity(name, identity);
    hep_put_text(put, o, "identity", name);
    hep_put_text(put, o, "class", hep_class_name(hep_sim_lesion_class(s->type)));
    hep_put_text(put, o, "type", hep_sim_lesion_type_name(s->type));
    hep_put_bool(put, o, "target", identity == target[0] || identity == target[1]);
    if (s->part_of > 0) {
        hep_sim_identity(name, s->part_of);
        hep_put_text(put, o, "part_of", name);
    }
    for (size_t k = 0; k < n; k++)
        hep_put_item(put, list, state_json(put, sessions, k, identity));
    hep_put(put, o, "sessions", list);
    return o;
}

static unsigned last_identity(const struct hep_true_session *sessions, size_t n)
{
    unsigned last = 0;

    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < sessions[k].n; i++)
            last = sessions[k].state[i].identity > last ? sessions[k].state[i].identity : last;
    return last;
}

static struct hep_json *course_json(struct hep_put *put, const struct hep_sim_settings *s,
                                    const struct hep_true_session *sessions, uint64_t person)
{
    struct hep_true_response response[HEP_SIM_MAX_SESSIONS];
    struct hep_json *o = hep_json_new_object(), *responses = hep_json_new_array(),
                    *lesions = hep_json_new_array(), *targets = hep_json_new_array();
    char name[HEP_IDENTITY_LABEL];
    unsigned target[HEP_TRUE_TARGETS];

    hep_bids_subject(name, s->subject);
    hep_put_text(put, o, "participant", name);
    hep_put_text(put, o, "course", hep_sim_course_name(s->course));
    hep_put_number(put, o, "interval_days", s->interval_days);
    hep_true_targets(target, sessions, s->sessions);
    for (int t = 0; t < HEP_TRUE_TARGETS && target[t] > 0; t++) {
        hep_sim_identity(name, target[t]);
        hep_put_item(put, targets, hep_json_new_string(name));
    }
    hep_put(put, o, "targets", targets);
    hep_true_responses(response, sessions, s->sessions);
    for (unsigned k = 1; k <= s->sessions; k++)
        hep_put_item(put, responses, response_json(put, s, &response[k - 1], k, person));
    hep_put(put, o, "sessions", responses);
    for (unsigned i = 1; i <= last_identity(sessions, s->sessions); i++)
        hep_put_item(put, lesions, lesion_json(put, sessions, s->sessions, target, i));
    hep_put(put, o, "lesions", lesions);
    return o;
}

int hep_true_course_write(const char *bids_dir, const struct hep_sim_settings *s,
                          const struct hep_true_session *sessions, uint64_t person,
                          struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_sim_settings subject = *s;
    char label[HEP_SUBJECT_LABEL];
    char *dir = NULL, *path = NULL;
    struct hep_json *root;
    int rc;

    subject.session = 0;
    hep_bids_subject(label, s->subject);
    rc = hep_bids_truth_dir(&dir, bids_dir, &subject, "", err);
    if (rc != HEP_OK)
        return rc;
    path = hep_asprintf(err, "%s/%s_course.json", dir, label);
    root = course_json(&put, s, sessions, person);
    rc = path == NULL ? HEP_ENOMEM : put.rc;
    if (rc == HEP_OK)
        rc = hep_json_write(path, root, err);
    hep_json_free(root);
    free(dir);
    free(path);
    return rc;
}
