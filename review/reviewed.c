#include "review/reviewed.h"

#include "base/alloc.h"
#include "report/lesions_tsv.h"
#include "terms/finding_json.h"

#include <math.h>
#include <string.h>

const char *hep_review_verdict_name(enum hep_review_verdict verdict)
{
    static const char *const names[] = { "accepted", "rejected", "not_reviewed" };

    return names[verdict];
}

static enum hep_flag_state state_of(enum hep_reply reply)
{
    return reply == HEP_REPLY_PRESENT  ? HEP_FLAG_PRESENT
           : reply == HEP_REPLY_ABSENT ? HEP_FLAG_ABSENT
                                       : HEP_FLAG_NOT_ASSESSABLE;
}

void hep_reviewed_settle(struct hep_reviewed *r, const char *reader)
{
    const struct hep_finding *of = r->again != NULL ? r->again : r->hepar;
    const struct hep_answer *a = &r->answer;
    struct hep_finding *now = &r->now;

    if (of != NULL)
        *now = *of;
    now->id = a->id;
    now->lesion_class = a->lesion_class;
    memset(now->class_probability, 0, sizeof now->class_probability);
    memset(now->class_reason, 0, sizeof now->class_reason);
    memset(now->visible, 0, sizeof now->visible);
    now->n_evidence = 0;
    now->has_features = false;
    now->measures.has[HEP_M_P_METASTASIS] = false;
    now->measures.has[HEP_M_DETECTION_SCORE] = false;
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        struct hep_flag_result *flag = &now->flag[i];

        *flag = (struct hep_flag_result){ 0 };
        if (a->flag[i] != HEP_NO_REPLY)
            hep_flag_set(flag, state_of(a->flag[i]), (double)NAN, (double)NAN, "reader %s: %s",
                         reader, hep_reply_name(a->flag[i]));
    }
}

static struct hep_json *reader_json(struct hep_put *put, const struct hep_reviewed *r)
{
    const struct hep_answer *a = &r->answer;
    struct hep_json *o = hep_json_new_object(), *flags = hep_json_new_object();

    hep_put_text(put, o, "decision", hep_decision_name(a->decision));
    hep_put_text(put, o, "class",
                 a->lesion_class == HEP_CLASS_COUNT ? NULL : hep_class_name(a->lesion_class));
    hep_put(put, o, "confidence",
            a->confidence > 0 ? hep_json_new_integer(a->confidence) : hep_json_new_null());
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        if (a->flag[i] != HEP_NO_REPLY)
            hep_put_text(put, flags, hep_flag_name((enum hep_flag)i), hep_reply_name(a->flag[i]));
    }
    hep_put(put, o, "flags", flags);
    hep_put_text(put, o, "comment", a->comment);
    hep_put_number(put, o, "seconds", a->seconds);
    hep_put_bool(put, o, "added", a->added);
    hep_put_bool(put, o, "outline_changed", r->changed);
    return o;
}

static void put_finding(struct hep_put *put, struct hep_json *o, const char *key,
                        const struct hep_finding *f)
{
    if (f != NULL)
        hep_put(put, o, key, hep_finding_json(put, f));
}

struct hep_json *hep_reviewed_json(struct hep_put *put, const struct hep_reviewed *list, size_t n,
                                   enum hep_review_verdict verdict)
{
    struct hep_json *all = hep_json_new_array();

    for (size_t i = 0; i < n; i++) {
        const struct hep_reviewed *r = &list[i];
        struct hep_json *o;

        if (r->verdict != verdict)
            continue;
        o = hep_finding_json(put, &r->now);
        hep_put(put, o, "reader", reader_json(put, r));
        put_finding(put, o, "hepar", r->hepar);
        put_finding(put, o, "hepar_on_outline", r->again);
        hep_put_item(put, all, o);
    }
    return all;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define S struct hep_reviewed
static double measure(const struct hep_finding *f, enum hep_measure m)
{
    return f != NULL ? hep_finding_get(f, m) : (double)NAN;
}
static const char *class_of(enum hep_lesion_class c)
{
    return c == HEP_CLASS_COUNT ? NULL : hep_class_name(c);
}
static const char *flag_of_hepar(const struct hep_finding *f, size_t i)
{
    return f != NULL && f->flag[i].given ? hep_flag_state_name(f->flag[i].state) : NULL;
}

HEP_GETTER(id_of, S, hep_value_of_whole(r->answer.id, false));
HEP_GETTER(origin_of, S, hep_value_of_text(r->answer.added ? "added" : "found"));
HEP_GETTER(verdict_of, S, hep_value_of_text(hep_review_verdict_name(r->verdict)));
HEP_GETTER(confidence_of, S, hep_value_of_whole(r->answer.confidence, r->answer.confidence == 0));
HEP_GETTER(reader_class, S, hep_value_of_text(class_of(r->now.lesion_class)));
HEP_GETTER(hepar_class, S,
           hep_value_of_text(r->hepar != NULL ? class_of(r->hepar->lesion_class) : NULL));
HEP_GETTER(seconds_of, S, hep_value_of_number(r->answer.seconds));
HEP_GETTER(comment_of, S, hep_value_of_text(r->answer.comment));
HEP_GETTER(place_of, S, hep_value_of_number(r->now.centre_mm[column->offset]));
HEP_GETTER(now_measure, S, hep_value_of_number(measure(&r->now, (enum hep_measure)column->offset)));
HEP_GETTER(hepar_measure, S,
           hep_value_of_number(measure(r->hepar, (enum hep_measure)column->offset)));
HEP_GETTER(reader_flag, S, hep_value_of_text(hep_reply_name(r->answer.flag[column->offset])));
HEP_GETTER(hepar_flag, S, hep_value_of_text(flag_of_hepar(r->hepar, column->offset)));

static const struct hep_level origins[] = { { "found", "By Hepar" },
                                            { "added", "By the reader" },
                                            { NULL, NULL } };
static const struct hep_level verdicts[] = {
    { "accepted", "By its decision, or by any other answer" },
    { "rejected", "The reader says that there is no lesion" },
    { "not_reviewed", "The reader has not answered anything of it" },
    { NULL, NULL },
};
static const struct hep_level replies[] = { { "present", "The reader sees it" },
                                            { "absent", "The reader does not see it" },
                                            { "cannot_say", "The reader cannot say" },
                                            { NULL, NULL } };

static const struct hep_column first_columns[] = {
    { "lesion_id", HEP_CELL(INTEGER, 0),
      .meaning = "Number of the lesion: its value in the label map of the reader", .get = id_of },
    { "origin", HEP_CELL(TEXT, 0), .meaning = "Who found it", .levels = origins, .get = origin_of },
    { "verdict", HEP_CELL(TEXT, 0), .meaning = "What the reader says of the finding",
      .levels = verdicts, .get = verdict_of },
    { "outline_changed", HEP_BOOL(S, changed), .meaning = "The reader drew on its outline" },
    { "confidence", HEP_CELL(INTEGER, 0), .meaning = "From 1, very unsure, to 5, very sure",
      .get = confidence_of },
    { "class", HEP_CELL(TEXT, 0), .meaning = "Class of the reader", .get = reader_class },
    { "hepar_class", HEP_CELL(TEXT, 0), .meaning = "Class that Hepar's evidence favours",
      .get = hepar_class },
};
#define SIZE(name, m, its_unit, what)                                                              \
    { name, HEP_CELL(NUMBER, m), .unit = (its_unit), .meaning = what " of the reader's outline",   \
      .get = now_measure },                                                                        \
    {                                                                                              \
        "hepar_" name, HEP_CELL(NUMBER, m),                                                        \
            .unit = (its_unit), .meaning = what " of Hepar's outline", .get = hepar_measure        \
    }
static const struct hep_column last_columns[] = {
    HEP_PLACE_COLUMN("x", 0, place_of),
    HEP_PLACE_COLUMN("y", 1, place_of),
    HEP_PLACE_COLUMN("z", 2, place_of),
    SIZE("volume_ml", HEP_M_VOLUME, "mL", "Volume"),
    SIZE("long_axis_mm", HEP_M_LONG_AXIS, "mm", "Longest axial diameter"),
    { "seconds", HEP_CELL(NUMBER, 0), .unit = "s",
      .meaning = "Time that the lesion was shown, where that was recorded", .get = seconds_of },
    { "comment", HEP_CELL(TEXT, 0), .meaning = "Of the reader", .get = comment_of },
};
#define N_FIRST (sizeof first_columns / sizeof first_columns[0])
#define N_LAST (sizeof last_columns / sizeof last_columns[0])

int hep_reviewed_table(struct hep_table *out, const struct hep_reviewed *list, size_t n,
                       struct hep_error *err)
{
    struct {
        char names[HEP_FLAG_COUNT][64];
        struct hep_column columns[N_FIRST + 2 * (size_t)HEP_FLAG_COUNT + N_LAST + 1];
    } *block = hep_calloc(1, sizeof *block, err);
    struct hep_column *c;

    if (block == NULL)
        return HEP_ENOMEM;
    c = block->columns;
    for (size_t k = 0; k < N_FIRST; k++)
        *c++ = first_columns[k];
    for (size_t f = 0; f < HEP_FLAG_COUNT; f++) {
        const struct hep_flag_row *row = hep_flag_row((enum hep_flag)f);

        (void)snprintf(block->names[f], sizeof block->names[f], "hepar_%s", row->name);
        *c++ = (struct hep_column){ .id = row->name,
                                    .cell = HEP_CELL_TEXT,
                                    .offset = f,
                                    .meaning = row->meaning,
                                    .levels = replies,
                                    .get = reader_flag };
        *c++ = (struct hep_column){ .id = block->names[f],
                                    .cell = HEP_CELL_TEXT,
                                    .offset = f,
                                    .meaning = "The same, as Hepar says",
                                    .get = hepar_flag };
    }
    for (size_t k = 0; k < N_LAST; k++)
        *c++ = last_columns[k];
    *out = (struct hep_table)HEP_TABLE_OF(NULL, block->columns, list, n, .owned = block);
    return HEP_OK;
}
#undef S
