#include "batch/group_followup.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

struct person {
    char participant[128], best[8], last[8], volume[8];
    size_t n_sessions, n_lesions, n_new, n_grown, n_shrunk, n_vanished;
    double followed_days, progression_days, baseline_mm, last_change, best_change;
};

static const struct hep_level categories[] = {
    { "CR", "complete response" },   { "PR", "partial response" },    { "SD", "stable disease" },
    { "PD", "progressive disease" }, { "NE", "cannot be evaluated" }, { NULL, NULL },
};

#define S struct person
static const struct hep_column columns[] = {
    { "participant_id", HEP_CHARS(S, participant), "Person",
      .meaning = "The person who was followed up" },
    { "sessions", HEP_COUNT(S, n_sessions), "Sessions", .meaning = "Sessions that were compared" },
    { "followed_days", HEP_NUMBER(S, followed_days), "Followed", "d", HEP_DECIMALS(0),
      "Days from the baseline to the last session: where no progression was seen, time to "
      "progression is longer" },
    { "best_response", HEP_CHARS(S, best), "Best response",
      .meaning = "Best RECIST 1.1 category of the liver at any session before progression",
      .levels = categories },
    { "last_response", HEP_CHARS(S, last), "Last response",
      .meaning = "RECIST 1.1 category of the last session", .levels = categories },
    { "volume_response", HEP_CHARS(S, volume), "By volume",
      .meaning = "Category of the last session by volumes", .levels = categories },
    { "progression_days", HEP_NUMBER(S, progression_days), "Progression", "d", HEP_DECIMALS(0),
      "Days from the baseline to the first session with progression; absent where there was none" },
    { "baseline_sum_mm", HEP_NUMBER(S, baseline_mm), "Sum at baseline", "mm", HEP_DECIMALS(1),
      "Sum of diameters of the target lesions at the baseline" },
    { "best_change_percent", HEP_NUMBER(S, best_change), "Best change", "%", HEP_DECIMALS(0),
      "Lowest change of the sum of diameters since the baseline" },
    { "last_change_percent", HEP_NUMBER(S, last_change), "Last change", "%", HEP_DECIMALS(0),
      "Change of the sum of diameters since the baseline at the last session" },
    { "lesions", HEP_COUNT(S, n_lesions), "Lesions", .meaning = "Lesions at any session" },
    { "new_lesions", HEP_COUNT(S, n_new), "New", .meaning = "Lesions that are new" },
    { "grown", HEP_COUNT(S, n_grown), "Grown", .meaning = "Lesions that have grown" },
    { "shrunk", HEP_COUNT(S, n_shrunk), "Shrunk", .meaning = "Lesions that have shrunk" },
    { "vanished", HEP_COUNT(S, n_vanished), "Vanished", .meaning = "Lesions that have vanished" },
    { 0 },
};
#undef S

/* 0 best; 9: no category that tells. */
static int rank(const char *category)
{
    static const char *const order[] = { "CR", "PR", "SD", "PD" };

    for (int i = 0; category != NULL && i < 4; i++) {
        if (strcmp(category, order[i]) == 0)
            return i;
    }
    return 9;
}

static void take(char to[8], const char *category)
{
    (void)snprintf(to, 8, "%s", category != NULL ? category : "");
}

static double days_of(const struct hep_json *document, size_t session)
{
    return hep_json_number(
        hep_json_get(hep_json_at(hep_json_get(document, "sessions"), session), "days"));
}

static void read_response(struct person *p, const struct hep_json *document)
{
    const struct hep_json *response = hep_json_get(document, "response"),
                          *recist = hep_json_get(response, "recist"),
                          *volume = hep_json_get(response, "volume");
    const size_t n = hep_json_size(recist);
    int best = 9;
    bool progressed = false;

    p->progression_days = p->best_change = (double)NAN;
    p->baseline_mm = hep_json_number(hep_json_get(hep_json_at(recist, 0), "sum_mm"));
    for (size_t v = 1; v < n; v++) {
        const struct hep_json *r = hep_json_at(recist, v);
        const char *category = hep_json_string(hep_json_get(r, "category"));
        const double change = hep_json_number(hep_json_get(r, "change_percent"));

        if (!progressed && rank(category) < best) {
            best = rank(category);
            take(p->best, category);
        }
        if (!progressed && rank(category) == 3) {
            progressed = true;
            p->progression_days = days_of(document, v);
        }
        p->best_change = isfinite(change) && !(change >= p->best_change) ? change : p->best_change;
        p->last_change = change;
        take(p->last, category);
    }
    if (best == 9)
        take(p->best, "NE");
    take(p->volume,
         hep_json_string(hep_json_get(hep_json_at(volume, hep_json_size(volume) - 1), "category")));
}

static void read_lesions(struct person *p, const struct hep_json *lesions)
{
    p->n_lesions = hep_json_size(lesions);
    for (size_t i = 0; i < p->n_lesions; i++) {
        const char *event = hep_json_string(hep_json_get(hep_json_at(lesions, i), "event"));

        if (event == NULL)
            continue;
        p->n_new += strcmp(event, "new") == 0 ? 1 : 0;
        p->n_grown += strcmp(event, "grown") == 0 ? 1 : 0;
        p->n_shrunk += strcmp(event, "shrunk") == 0 ? 1 : 0;
        p->n_vanished += strcmp(event, "vanished") == 0 ? 1 : 0;
    }
}

/* False where the person has no follow-up. */
static int read_person(struct person *p, bool *is_there, const char *out_dir, const char *name,
                       struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s/%s_followup.json", out_dir, name, name);
    struct hep_json *document = NULL;
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    *is_there = rc == HEP_OK && hep_is_file(path);
    if (*is_there)
        rc = hep_json_read(&document, path, err);
    if (rc == HEP_OK && *is_there) {
        *p = (struct person){ .n_sessions = hep_json_size(hep_json_get(document, "sessions")),
                              .last_change = (double)NAN };
        (void)snprintf(p->participant, sizeof p->participant, "%s", name);
        p->followed_days = p->n_sessions > 0 ? days_of(document, p->n_sessions - 1) : (double)NAN;
        read_response(p, document);
        read_lesions(p, hep_json_get(document, "lesions"));
    }
    hep_json_free(document);
    free(path);
    return rc;
}

int hep_group_followups(struct hep_table *out, const char *out_dir,
                        const struct hep_out_status *status, struct hep_error *err)
{
    struct person *people = NULL;
    char name[128] = "";
    size_t n = 0;
    int rc = HEP_NEW(people, status->n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < status->n; i++) {
        const size_t length = strcspn(status->list[i].relative, "/");
        bool is_there = false;

        if (length >= sizeof name ||
            (strlen(name) == length && strncmp(name, status->list[i].relative, length) == 0))
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)length, status->list[i].relative);
        rc = read_person(&people[n], &is_there, out_dir, name, err);
        n += is_there ? 1 : 0;
    }
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Follow-ups", columns, people, n);
    else
        free(people);
    return rc;
}
