#include "batch/followup_evaluate.h"

#include "base/file.h"
#include "base/table.h"

#include <math.h>

/* ---- figures --------------------------------------------------------------------------------- */

#define S struct hep_followup_agreement
static const struct hep_column agreement_columns[] = {
    { "what", HEP_NAME, "Agreement" },
    { "n", HEP_COUNT(S, n), "n" },
    { "bias", HEP_BOOTSTRAP(S, bias), "Bias", HEP_SIGNIFICANT(3) },
    { "lower_limit", HEP_BOOTSTRAP(S, lower), "Lower limit", HEP_SIGNIFICANT(3) },
    { "upper_limit", HEP_BOOTSTRAP(S, upper), "Upper limit", HEP_SIGNIFICANT(3) },
    { 0 },
};
#undef S

static const char *agreement_name(size_t i)
{
    static const char *const names[] = { "sum_mm", "sum_change_percent", "adc_change_percent" };

    return names[i];
}

#define S struct hep_followup_score
static const struct hep_column score_columns[] = {
    { "pairs", HEP_COUNT(S, n_pairs), "Pairs of sessions" },
    { "identity_8mm", HEP_SHARE(S, identity_8mm), "Identity right, found at both, 8 mm or more",
      HEP_PERCENT(1) },
    { "identity", HEP_SHARE(S, identity), "Identity right, found at both, any size",
      HEP_PERCENT(1) },
    { "new_found_8mm", HEP_SHARE(S, new_found_8mm), "New ones called new, found, 8 mm or more",
      HEP_PERCENT(1) },
    { "new_8mm", HEP_SHARE(S, new_8mm), "New ones called new, all, 8 mm or more", HEP_PERCENT(1) },
    { "false_new_per_pair", HEP_BOOTSTRAP(S, false_new_per_pair), "False new ones per pair",
      HEP_DECIMALS(2) },
    { "category", HEP_SHARE(S, category), "Response category right", HEP_PERCENT(1) },
    { "stable_sd", HEP_SHARE(S, stable_sd), "Unchanged persons called SD", HEP_PERCENT(1) },
    { "kappa", HEP_BOOTSTRAP(S, kappa), "Cohen's kappa of the category", HEP_DECIMALS(2) },
    { 0 },
};
#undef S

/* One true event, or one true category, with what it was called. */
struct counts {
    const char *truth;
    size_t called[HEP_CHANGE_COUNT];
};
#define S struct counts
#define CALLED(word, i)                                                                            \
    {                                                                                              \
        word, HEP_COUNT(S, called[i]), word                                                        \
    }
static const struct hep_column event_columns[] = {
    { "truth", HEP_TEXT(S, truth), "Truth, called" },
    CALLED("stable", HEP_CHANGE_STABLE),
    CALLED("grown", HEP_CHANGE_GROWN),
    CALLED("shrunk", HEP_CHANGE_SHRUNK),
    CALLED("vanished", HEP_CHANGE_VANISHED),
    CALLED("new", HEP_CHANGE_NEW),
    CALLED("merged", HEP_CHANGE_MERGED),
    CALLED("split", HEP_CHANGE_SPLIT),
    CALLED("not_covered", HEP_CHANGE_NOT_COVERED),
    CALLED("not_assessable", HEP_CHANGE_NOT_ASSESSABLE),
    CALLED("none", HEP_CHANGE_OTHER),
    { 0 },
};
static const struct hep_column category_columns[] = {
    { "truth", HEP_TEXT(S, truth), "Truth, called" },
    CALLED("CR", HEP_RESPONSE_CR),
    CALLED("PR", HEP_RESPONSE_PR),
    CALLED("SD", HEP_RESPONSE_SD),
    CALLED("PD", HEP_RESPONSE_PD),
    CALLED("NE", HEP_RESPONSE_NE),
    { 0 },
};
#undef S

struct figures {
    struct hep_followup_agreement agreement[3];
    struct counts event[HEP_CHANGE_TRUE], category[HEP_RESPONSE_COUNT];
};

static void figures_of(struct figures *f, const struct hep_followup_score *s)
{
    *f = (struct figures){ .agreement = { s->sum_mm, s->change_percent, s->adc_change_percent } };
    for (int t = 0; t < (int)HEP_CHANGE_TRUE; t++) {
        f->event[t].truth = hep_change_name((enum hep_change)t);
        memcpy(f->event[t].called, s->events[t], sizeof f->event[t].called);
    }
    for (int t = 0; t < (int)HEP_RESPONSE_COUNT; t++) {
        f->category[t].truth = hep_response_name((enum hep_response)t);
        memcpy(f->category[t].called, s->categories[t], sizeof s->categories[t]);
    }
}

static struct hep_table agreements(const struct figures *f)
{
    return (struct hep_table)HEP_TABLE_NAMED("Measured minus true, limits of agreement",
                                             agreement_columns, f->agreement, 3, agreement_name);
}

static struct hep_table events(const struct figures *f)
{
    return (struct hep_table)HEP_TABLE("What became of the lesions that were found", event_columns,
                                       f->event, HEP_CHANGE_TRUE);
}

static struct hep_table categories(const struct figures *f)
{
    return (struct hep_table)HEP_TABLE("Response category", category_columns, f->category,
                                       HEP_RESPONSE_COUNT);
}

int hep_followup_evaluated_json(struct hep_json **out, const struct hep_followup_evaluated *e,
                                struct hep_error *err)
{
    struct hep_put p = { HEP_OK, err };
    struct hep_json *root = hep_json_new_object();
    struct figures f;
    struct hep_table t;

    figures_of(&f, &e->score);
    hep_put_count(&p, root, "persons", e->n_patients);
    hep_put_count(&p, root, "persons_without_followup", e->n_missing);
    hep_row_put(&p, root, score_columns, &e->score);
    t = agreements(&f);
    hep_put(&p, root, "agreement", hep_table_json(&p, &t));
    t = events(&f);
    hep_put(&p, root, "events", hep_table_json(&p, &t));
    t = categories(&f);
    hep_put(&p, root, "categories", hep_table_json(&p, &t));
    hep_put_count(&p, root, "bootstrap_seed", (size_t)e->seed);
    hep_put_text(&p, root, "hepar_version", HEP_VERSION);
    return hep_put_done(&p, out, root);
}

void hep_followup_evaluated_text(struct hep_str *out, const struct hep_followup_evaluated *e)
{
    struct figures f;
    struct hep_table t;

    figures_of(&f, &e->score);
    hep_str_addf(out, "%zu persons", e->n_patients);
    if (e->n_missing > 0)
        hep_str_addf(out, ", %zu without a follow-up: none of their lesions is recognised",
                     e->n_missing);
    hep_str_add(out, "\n\n");
    hep_row_text(out, score_columns, &e->score);
    t = agreements(&f);
    hep_table_text(out, &t);
    t = events(&f);
    hep_table_text(out, &t);
    t = categories(&f);
    hep_table_text(out, &t);
    hep_str_add(out, "\nIntervals: 95 %; Wilson beside counts, bootstrap by patient elsewhere\n");
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define S struct hep_followed_lesion_row
HEP_GETTER(truth_of, S,
           hep_value_of_text(r->identity[0] != '\0' ? hep_change_name(r->lesion.truth) : NULL));
HEP_GETTER(called_of, S, hep_value_of_text(hep_change_name(r->lesion.called)));

static const struct hep_column lesion_columns[] = {
    { "participant_id", HEP_CHARS(S, participant), .meaning = "Label of the person" },
    { "session", HEP_CHARS(S, session),
      .meaning = "The later session of the pair; the other is the first" },
    { "identity", HEP_CHARS(S, identity),
      .meaning = "The true lesion; n/a: a lesion that is called new and is none" },
    { "followup_identity", HEP_CHARS(S, called_as), .meaning = "The lesion of the follow-up" },
    { "event", HEP_CELL(TEXT, 0), .meaning = "What became of it", .get = truth_of },
    { "event_called", HEP_CELL(TEXT, 0), .meaning = "What the follow-up says", .get = called_of },
    { "found_first", HEP_BOOL(S, lesion.found_first),
      .meaning = "A finding lies on it in the first session" },
    { "found_later", HEP_BOOL(S, lesion.found_later),
      .meaning = "A finding lies on it in the later session" },
    { "is_same", HEP_BOOL(S, lesion.is_same),
      .meaning = "The follow-up holds findings on it in both sessions for one lesion" },
    { "long_axis_first_mm", HEP_NUMBER(S, lesion.long_first_mm), .unit = "mm",
      .meaning = "True long axis in the first session" },
    { "long_axis_later_mm", HEP_NUMBER(S, lesion.long_later_mm), .unit = "mm",
      .meaning = "True long axis in the later session" },
    { "adc_change_true_percent", HEP_NUMBER(S, lesion.adc_change_true_percent), .unit = "%",
      .meaning = "True change of the ADC" },
    { "adc_change_percent", HEP_NUMBER(S, lesion.adc_change_percent), .unit = "%",
      .meaning = "Measured change of the ADC" },
    { 0 },
};
#undef S

#define S struct hep_followed_visit_row
HEP_GETTER(true_category, S, hep_value_of_text(hep_response_name(r->visit.truth)));
HEP_GETTER(called_category, S, hep_value_of_text(hep_response_name(r->visit.called)));

static const struct hep_column visit_columns[] = {
    { "participant_id", HEP_CHARS(S, participant), .meaning = "Label of the person" },
    { "session", HEP_CHARS(S, session), .meaning = "Label of the session" },
    { "course", HEP_CHARS(S, course), .meaning = "What was simulated" },
    { "sum_true_mm", HEP_NUMBER(S, visit.sum_true_mm), .unit = "mm",
      .meaning = "Sum of the true long axes of the true targets" },
    { "sum_mm", HEP_NUMBER(S, visit.sum_mm), .unit = "mm",
      .meaning = "Sum of diameters of the follow-up" },
    { "change_true_percent", HEP_NUMBER(S, visit.change_true_percent), .unit = "%",
      .meaning = "Change of the true sum from the first session" },
    { "change_percent", HEP_NUMBER(S, visit.change_percent), .unit = "%",
      .meaning = "Change of the follow-up's sum" },
    { "category", HEP_CELL(TEXT, 0), .meaning = "True response category (RECIST 1.1)",
      .get = true_category },
    { "category_called", HEP_CELL(TEXT, 0), .meaning = "That of the follow-up",
      .get = called_category },
    { "false_new", HEP_COUNT(S, visit.false_new),
      .meaning = "Lesions that are called new and are not" },
    { "reason", HEP_CHARS(S, reason), .meaning = "What the follow-up gives as its reason" },
    { 0 },
};
#undef S

int hep_followup_evaluated_write(const struct hep_followup_evaluated *e, const char *dir,
                                 struct hep_error *err)
{
    const struct hep_table lesions = HEP_TABLE(NULL, lesion_columns, e->lesion, e->n_lesions);
    const struct hep_table visits = HEP_TABLE(NULL, visit_columns, e->visit, e->n_visits);
    struct hep_json *json = NULL;
    int rc = hep_mkdir_p(dir, err);

    if (rc == HEP_OK)
        rc = hep_followup_evaluated_json(&json, e, err);
    if (rc == HEP_OK)
        rc = hep_json_write_in(dir, "followup_evaluation.json", json, err);
    if (rc == HEP_OK)
        rc = hep_table_write(dir, "followup_lesions", &lesions, err);
    if (rc == HEP_OK)
        rc = hep_table_write(dir, "followup_responses", &visits, err);
    hep_json_free(json);
    return rc;
}
