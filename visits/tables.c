#include "visits/tables.h"

#include "base/alloc.h"
#include "report/html.h"
#include "report/html_table.h"
#include "terms/unit.h"

#include <math.h>
#include <stdlib.h>

const char *hep_response_of_name(enum hep_response_of of)
{
    static const char *const names[] = { "recist", "volume", "mrecist" };

    return names[of];
}

bool hep_followed_is_target(const struct hep_followed *f, size_t track)
{
    for (size_t i = 0; i < f->targets.n_chosen; i++) {
        if (f->targets.list[i].track == track)
            return true;
    }
    return false;
}

static const struct hep_level events[] = {
    { "stable", "neither grown nor shrunk" },
    { "grown", "larger than where it was smallest, beyond the limits of followup.event" },
    { "shrunk", "smaller than where it was seen first, beyond the limits of followup.event" },
    { "vanished", "its place is shown and nothing is found there" },
    { "new", "unequivocal, at a place where earlier images show nothing" },
    { "merged", "two former lesions inside one" },
    { "split", "several lesions inside one former" },
    { "not_covered", "the images do not show its place" },
    { "not_assessable", "cannot be told; the reason says why" },
    { "baseline", "seen at the baseline" },
    { "absent", "before a lesion that came later: nothing at its place" },
    { NULL, NULL },
};

/* ---- one row per lesion and session ---------------------------------------------------------- */

struct lesion_row {
    const char *identity, *session, *date, *event, *state, *reason, *target;
    double days, long_axis_mm, volume_ml, value[HEP_CHANGE_N];
    char ids[96], lesion_class[32];
};

#define S struct lesion_row
static const struct hep_column lesion_columns[] = {
    { "identity", HEP_TEXT(S, identity), "Lesion", .meaning = "The same name at every session" },
    { "session", HEP_TEXT(S, session), "Session",
      .meaning = "Session, or the folder of the study" },
    { "date", HEP_TEXT(S, date), "Date", .meaning = "Date of the session in the dataset's tables" },
    { "days", HEP_NUMBER(S, days), "Days", "d", HEP_DECIMALS(0), "Days since the baseline" },
    { "event", HEP_TEXT(S, event), "Event",
      .meaning = "What became of the lesion over all sessions", .levels = events },
    { "state", HEP_TEXT(S, state), "State", .meaning = "What it is at this session",
      .levels = events },
    { "target", HEP_TEXT(S, target), "Target",
      .meaning = "Whether it is a target lesion: yes or no" },
    { "lesion_ids", HEP_CHARS(S, ids), "Label",
      .meaning = "Its values in the session's label map of lesions; empty for a candidate that was "
                 "not kept" },
    { "class", HEP_CHARS(S, lesion_class), "Class",
      .meaning = "Class that it is most like at this session" },
    { "long_axis_mm", HEP_NUMBER(S, long_axis_mm), "Long axis", "mm", HEP_DECIMALS(1),
      "Longest diameter on an axial slice, summed over the parts of a split lesion; 0 where "
      "vanished" },
    { "size_ml", HEP_NUMBER(S, volume_ml), "Volume", "mL", HEP_DECIMALS(2),
      "Volume of all its parts; 0 where vanished" },
};
#undef S
#define N_LESION_COLUMNS (sizeof lesion_columns / sizeof lesion_columns[0])

/* The fixed columns, one per compared value, and the reason. */
static const struct hep_column *all_columns(void)
{
    static struct hep_column columns[N_LESION_COLUMNS + HEP_CHANGE_N + 2];

    if (columns[0].id != NULL)
        return columns;
    for (size_t k = 0; k < HEP_CHANGE_N; k++)
        columns[N_LESION_COLUMNS + k] =
            (struct hep_column){ .id = hep_change_key((enum hep_change_of)k),
                                 .cell = HEP_CELL_NUMBER,
                                 .offset = offsetof(struct lesion_row, value) + k * sizeof(double),
                                 .unit = hep_unit_text(hep_change_unit((enum hep_change_of)k)),
                                 .meaning = hep_change_meaning((enum hep_change_of)k) };
    columns[N_LESION_COLUMNS + HEP_CHANGE_N] =
        (struct hep_column){ "reason", HEP_TEXT(struct lesion_row, reason), "Reason",
                             .meaning = "Why the state is what it is" };
    (void)memcpy(columns, lesion_columns, sizeof lesion_columns);
    return columns;
}

static void fill_lesion(struct lesion_row *r, const struct hep_followed *f, size_t i, size_t v)
{
    const struct hep_track *track = &f->tracks.list[i];
    const struct hep_track_visit *at = &track->visit[v];
    size_t n = 0;

    *r = (struct lesion_row){ .identity = track->identity,
                              .session = f->places.list[v].session,
                              .date = f->places.list[v].date,
                              .event = hep_event_name(track->event),
                              .state = hep_event_name(at->state),
                              .reason = at->reason,
                              .target = hep_followed_is_target(f, i) ? "yes" : "no",
                              .days = f->places.list[v].days,
                              .long_axis_mm = at->long_axis_mm,
                              .volume_ml = at->volume_ml };
    for (size_t k = 0; k < at->n; k++) {
        const struct hep_visit_lesion *l = &f->visits[v].lesions[at->lesion[k]];

        if (l->kept && n < sizeof r->ids)
            n += (size_t)snprintf(r->ids + n, sizeof r->ids - n, "%s%d", n > 0 ? "," : "",
                                  l->finding->id);
        if (k == 0 && l->finding->lesion_class < HEP_CLASS_COUNT)
            (void)snprintf(r->lesion_class, sizeof r->lesion_class, "%s",
                           hep_class_name(l->finding->lesion_class));
    }
    for (size_t k = 0; k < HEP_CHANGE_N; k++)
        r->value[k] = f->values[(i * f->n + v) * HEP_CHANGE_N + k];
}

int hep_followed_rows(struct hep_table *out, const struct hep_followed *f, struct hep_error *err)
{
    struct lesion_row *rows = NULL;
    int rc = HEP_NEW(rows, f->tracks.n * f->n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < f->tracks.n * f->n; i++)
        fill_lesion(&rows[i], f, i / f->n, i % f->n);
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Lesions by session", all_columns(), rows,
                                                 f->tracks.n * f->n);
    return rc;
}

/* ---- one row per lesion ----------------------------------------------------------------------- */

/* A word that must not break. */
static void whole_word(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const struct hep_value v = hep_column_value(column, row);

    hep_str_add(out, "<span class=\"mark\">");
    hep_html_words(out, v.text != NULL ? v.text : "");
    hep_str_add(out, "</span>");
}

struct event_row {
    const char *identity, *event, *reason, *target, *first;
    double before_mm, after_mm, before_ml, after_ml;
};
#define S struct event_row
static const struct hep_column event_columns[] = {
    { "identity", HEP_TEXT(S, identity), "Lesion" },
    { "event", HEP_TEXT(S, event), "Event", .html = whole_word },
    { "target", HEP_TEXT(S, target), "Target" },
    { "first", HEP_TEXT(S, first), "First seen" },
    { "before_mm", HEP_NUMBER(S, before_mm), "First long axis", "mm", HEP_DECIMALS(1) },
    { "after_mm", HEP_NUMBER(S, after_mm), "Last long axis", "mm", HEP_DECIMALS(1) },
    { "before_ml", HEP_NUMBER(S, before_ml), "First volume", "mL", HEP_DECIMALS(2) },
    { "after_ml", HEP_NUMBER(S, after_ml), "Last volume", "mL", HEP_DECIMALS(2) },
    { "reason", HEP_TEXT(S, reason), "Why" },
    { 0 },
};
#undef S

int hep_followed_lesions(struct hep_table *out, const struct hep_followed *f, struct hep_error *err)
{
    struct event_row *rows = NULL;
    int rc = HEP_NEW(rows, f->tracks.n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < f->tracks.n; i++) {
        const struct hep_track *t = &f->tracks.list[i];
        const struct hep_track_visit *first = &t->visit[t->first], *last = &t->visit[f->n - 1];

        rows[i] = (struct event_row){ t->identity,
                                      hep_event_name(t->event),
                                      t->reason,
                                      hep_followed_is_target(f, i) ? "target" : NULL,
                                      f->places.list[t->first].session,
                                      first->long_axis_mm,
                                      last->long_axis_mm,
                                      first->volume_ml,
                                      last->volume_ml };
    }
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Lesions", event_columns, rows, f->tracks.n);
    return rc;
}

/* ---- response --------------------------------------------------------------------------------- */

struct response_row {
    const char *session, *category, *reason;
    double sum, change, nadir_change, nadir;
    size_t n_new;
};
#define S struct response_row
#define RESPONSE_COLUMNS(sum_key, sum_words, unit_text, decimals)                                  \
    {                                                                                              \
        { "session", HEP_TEXT(S, session), "Session" },                                            \
            { sum_key, HEP_NUMBER(S, sum), sum_words, unit_text, HEP_DECIMALS(decimals) },         \
            { "change_percent", HEP_NUMBER(S, change), "Since baseline", "%", HEP_DECIMALS(0) },   \
            { "nadir_change_percent", HEP_NUMBER(S, nadir_change), "Since lowest", "%",            \
              HEP_DECIMALS(0) },                                                                   \
            { "category", HEP_TEXT(S, category), "Category" },                                     \
            { "new_lesions", HEP_COUNT(S, n_new), "New lesions" },                                 \
            { "reason", HEP_TEXT(S, reason), "Why" }, { 0 },                                       \
    }
static const struct hep_column by_diameter[] =
    RESPONSE_COLUMNS("sum_mm", "Sum of diameters", "mm", 1);
static const struct hep_column by_volume[] = RESPONSE_COLUMNS("sum_ml", "Sum of volumes", "mL", 2);
#undef S

int hep_followed_response(struct hep_table *out, const struct hep_followed *f,
                          enum hep_response_of of, struct hep_error *err)
{
    static const char *const captions[] = { "RECIST 1.1, liver", "Volume",
                                            "mRECIST-like: enhancing diameter" };
    struct response_row *rows = NULL;
    int rc = HEP_NEW(rows, f->n, err);

    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        const struct hep_response_visit *r = &f->response[of][v];

        rows[v] = (struct response_row){
            f->places.list[v].session, hep_response_name(r->category), r->reason, r->sum,
            100.0 * r->change,         100.0 * r->nadir_change,        r->nadir,  r->n_new
        };
    }
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED(
            captions[of], of == HEP_RESPONSE_OF_VOLUME ? by_volume : by_diameter, rows, f->n);
    return rc;
}

/* ---- targets, sessions, changes --------------------------------------------------------------- */

struct target_row {
    const char *identity, *chosen, *reason;
    double long_axis_mm;
};
#define S struct target_row
static const struct hep_column target_columns[] = {
    { "identity", HEP_TEXT(S, identity), "Lesion" },
    { "target", HEP_TEXT(S, chosen), "Target" },
    { "long_axis_mm", HEP_NUMBER(S, long_axis_mm), "Long axis", "mm", HEP_DECIMALS(1) },
    { "reason", HEP_TEXT(S, reason), "Why" },
    { 0 },
};
#undef S

int hep_followed_targets(struct hep_table *out, const struct hep_followed *f, struct hep_error *err)
{
    struct target_row *rows = NULL;
    int rc = HEP_NEW(rows, f->targets.n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < f->targets.n; i++)
        rows[i] = (struct target_row){ f->tracks.list[f->targets.list[i].track].identity,
                                       f->targets.list[i].chosen ? "yes" : "no",
                                       f->targets.list[i].reason, f->targets.list[i].long_axis_mm };
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Target lesions of the baseline", target_columns,
                                                 rows, f->targets.n);
    return rc;
}

struct session_row {
    const char *session, *date, *reference, *method, *images, *agent, *reason;
    double days, dice, surface_mm, residual_mm, motion_mm, field_t;
};
#define S struct session_row
static const struct hep_column session_columns[] = {
    { "session", HEP_TEXT(S, session), "Session" },
    { "date", HEP_TEXT(S, date), "Date" },
    { "days", HEP_NUMBER(S, days), "Days", "d", HEP_DECIMALS(0) },
    { "agent", HEP_TEXT(S, agent), "Agent" },
    { "field_t", HEP_NUMBER(S, field_t), "Field", "T", HEP_SIGNIFICANT(3) },
    { "reference", HEP_TEXT(S, reference), "Reference" },
    { "method", HEP_TEXT(S, method), "Aligned" },
    { "images", HEP_TEXT(S, images), "By" },
    { "motion_mm", HEP_NUMBER(S, motion_mm), "Moved by", "mm", HEP_DECIMALS(1) },
    { "liver_dice", HEP_NUMBER(S, dice), "Livers overlap (Dice)", "1", HEP_DECIMALS(2) },
    { "surface_mm", HEP_NUMBER(S, surface_mm), "Surfaces apart", "mm", HEP_DECIMALS(1) },
    { "residual_mm", HEP_NUMBER(S, residual_mm), "Residual", "mm", HEP_DECIMALS(1) },
    { "reason", HEP_TEXT(S, reason), "Why" },
    { 0 },
};
#undef S

int hep_followed_sessions(struct hep_table *out, const struct hep_followed *f,
                          struct hep_error *err)
{
    static const char *const images[] = { NULL, "outline of the liver", "reference series" };
    struct session_row *rows = NULL;
    int rc = HEP_NEW(rows, f->n, err);

    for (size_t v = 0; rc == HEP_OK && v < f->n; v++) {
        const struct hep_session *s = &f->sessions[v];
        const bool judged = s->visit.cannot == NULL;

        rows[v] = (struct session_row){ s->place->session,
                                        s->place->date,
                                        s->reference,
                                        judged && v > 0 ? hep_align_method_name(s->method) : NULL,
                                        images[s->images],
                                        f->acquisitions[v].agent,
                                        judged ? s->quality : s->cannot,
                                        s->place->days,
                                        s->liver_dice,
                                        s->surface_mm,
                                        v > 0 ? s->residual_mm : (double)NAN,
                                        s->motion_mm,
                                        f->acquisitions[v].field_t };
    }
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Sessions", session_columns, rows, f->n);
    return rc;
}

struct change_row {
    const char *identity, *session, *measure, *words, *unit, *verdict, *reason;
    double before, after, change, share, coefficient;
};
#define S struct change_row
static const struct hep_column change_columns[] = {
    { "identity", HEP_TEXT(S, identity), "Lesion" },
    { "session", HEP_TEXT(S, session), "Session" },
    { "measure", HEP_TEXT(S, measure) },
    { NULL, HEP_TEXT(S, words), "Value" },
    { "unit", HEP_TEXT(S, unit), "Unit" },
    { "before", HEP_NUMBER(S, before), "Before", "1", HEP_SIGNIFICANT(3) },
    { "after", HEP_NUMBER(S, after), "After", "1", HEP_SIGNIFICANT(3) },
    { "change", HEP_NUMBER(S, change), "Change", "1", HEP_SIGNIFICANT(3) },
    { "change_percent", HEP_NUMBER(S, share), "Change", "%", HEP_DECIMALS(0) },
    { "repeatability", HEP_NUMBER(S, coefficient), "Repeatability", "1", HEP_SIGNIFICANT(2) },
    { "verdict", HEP_TEXT(S, verdict), "Verdict", .html = whole_word },
    { "reason", HEP_TEXT(S, reason), "Why" },
    { 0 },
};
#undef S

int hep_followed_changes(struct hep_table *out, const struct hep_followed *f, struct hep_error *err)
{
    struct change_row *rows = NULL;
    int rc = HEP_NEW(rows, f->changes.n + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < f->changes.n; i++) {
        const struct hep_change *c = &f->changes.list[i];

        rows[i] = (struct change_row){ f->tracks.list[c->track].identity,
                                       f->places.list[c->visit].session,
                                       hep_change_key(c->of),
                                       hep_change_words(c->of),
                                       hep_unit_text(hep_change_unit(c->of)),
                                       hep_change_verdict_name(c->verdict),
                                       c->reason,
                                       c->before,
                                       c->after,
                                       c->change,
                                       100.0 * c->share,
                                       c->coefficient };
    }
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Changes", change_columns, rows, f->changes.n);
    return rc;
}

struct pattern_row {
    const char *session, *pattern, *words, *state, *unit, *reason, *source;
    double value, limit;
};
#define S struct pattern_row
static const struct hep_column pattern_columns[] = {
    { "session", HEP_TEXT(S, session), "Session" },
    { "pattern", HEP_TEXT(S, pattern) },
    { NULL, HEP_TEXT(S, words), "Pattern" },
    { "state", HEP_TEXT(S, state), "State", .html = hep_html_cell_mark },
    { "value", HEP_NUMBER(S, value), "Value", "1", HEP_SIGNIFICANT(3) },
    { "limit", HEP_NUMBER(S, limit), "Limit", "1", HEP_SIGNIFICANT(3) },
    { "unit", HEP_TEXT(S, unit), "Unit" },
    { "reason", HEP_TEXT(S, reason), "Why" },
    { "source", HEP_TEXT(S, source), "Source" },
    { 0 },
};
#undef S

int hep_followed_patterns(struct hep_table *out, const struct hep_followed *f,
                          struct hep_error *err)
{
    const size_t n = (f->n - 1) * HEP_PATTERN_N;
    struct pattern_row *rows = NULL;
    int rc = HEP_NEW(rows, n, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const struct hep_pattern *p = &f->patterns[i];

        rows[i] = (struct pattern_row){ f->places.list[p->visit].session,
                                        hep_pattern_name(p->of),
                                        hep_pattern_words(p->of),
                                        hep_flag_state_name(p->state),
                                        p->unit,
                                        p->reason,
                                        hep_pattern_source(p->of),
                                        p->value,
                                        p->limit };
    }
    if (rc == HEP_OK)
        *out = (struct hep_table)HEP_TABLE_OWNED("Patterns", pattern_columns, rows, n);
    return rc;
}
