#include "protocols/compared_tables.h"

#include "base/alloc.h"
#include "report/html_table.h"

#include <math.h>

static const char *flag_name(size_t i)
{
    return hep_flag_name((enum hep_flag)i);
}

const char *hep_compared_reference(const struct hep_compared *c)
{
    return c->has_truth ? "the truth"
                        : "the findings of the first protocol, which finds all of them by "
                          "definition";
}

/* ---- sizes and tasks ------------------------------------------------------------------------- */

/* Columns of a struct that holds a struct hep_paired_size. */
#define COUNTS(strct, member)                                                                      \
    { "lesions", HEP_COUNT(strct, member n), "Lesions", .meaning = "True lesions" },               \
        { "found_full", HEP_COUNT(strct, member full.k), "Full",                                   \
          .meaning = FOUND "the full one" },                                                       \
        { "found", HEP_COUNT(strct, member variant.k), "Variant", .meaning = FOUND "this one" },   \
    {                                                                                              \
        "difference", HEP_INTERVAL(strct, member difference), "Difference", "1", HEP_PERCENT(1),   \
            "Sensitivity of this protocol minus that of the full one; bootstrap by patient"        \
    }
#define FOUND                                                                                      \
    "True lesions that are found, in the task metastasis also called so, by the protocol: "
#define SIZE_MEANING "Class of the long axis of the lesions; all: of any size"

static const struct hep_column size_columns[] = {
    { "size_mm", HEP_TEXT(struct hep_paired_size, size_mm) },
    COUNTS(struct hep_paired_size, ),
    { 0 },
};

HEP_GETTER(size_with_lesions, struct hep_paired_size,
           hep_value_of_text(r->n > 0 ? r->size_mm : NULL));

struct hep_table hep_compared_sizes(const struct hep_paired_task *t, const char *caption)
{
    static const struct hep_column columns[] = {
        { NULL, .cell = HEP_CELL_TEXT, .words = "Long axis", .unit = "mm",
          .get = size_with_lesions },
        COUNTS(struct hep_paired_size, ),
        { 0 },
    };
    struct hep_table sizes = HEP_TABLE_GAPS(caption, columns, t->size, HEP_SIZE_COUNT);

    return sizes;
}

#define S struct hep_paired_task
static const struct hep_column task_columns[] = {
    { "both", HEP_COUNT(S, both) },
    { "only_full", HEP_COUNT(S, only_full) },
    { "only_variant", HEP_COUNT(S, only_variant) },
    { "neither", HEP_COUNT(S, neither) },
    { "mcnemar_p", HEP_NUMBER(S, p) },
    { "sensitivity", HEP_INTERVAL(S, variant) },
    { "sensitivity_full", HEP_INTERVAL(S, full) },
    { "difference", HEP_INTERVAL(S, difference) },
    { "false_per_study", HEP_INTERVAL(S, false_variant) },
    { "false_per_study_full", HEP_INTERVAL(S, false_full) },
    { "false_per_study_difference", HEP_INTERVAL(S, false_difference) },
    { "sensitivity_at_2_false_per_study", HEP_INTERVAL(S, at_two) },
    { "sensitivity_at_2_false_per_study_full", HEP_INTERVAL(S, at_two_full) },
    { "by_size", HEP_EACH(S, size, size_columns) },
    { 0 },
};
#undef S

#define S struct hep_compare_protocol
#define OVERVIEW(t)                                                                                \
    { NULL, HEP_CHARS(S, config.name.s), "Protocol" },                                             \
        { NULL, HEP_INTERVAL(S, paired.task[t].variant), "Sensitivity", HEP_PERCENT(1) },          \
        { NULL, HEP_INTERVAL(S, paired.task[t].difference), "Difference", HEP_PERCENT(1) },        \
        { NULL, HEP_COUNT(S, paired.task[t].only_full), "Lost" },                                  \
        { NULL, HEP_COUNT(S, paired.task[t].only_variant), "Gained" },                             \
        { NULL, HEP_NUMBER(S, paired.task[t].p), "McNemar p", HEP_SIGNIFICANT(2) },                \
        { NULL, HEP_INTERVAL(S, paired.task[t].false_variant), "False positives per study",        \
          HEP_DECIMALS(2) },                                                                       \
        { NULL, HEP_INTERVAL(S, paired.task[t].at_two), "Sensitivity at 2 of them",                \
          HEP_PERCENT(1) },                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

struct hep_table hep_compared_task(const struct hep_compared *c, enum hep_eval_task task)
{
    static const struct hep_column detection[] = { OVERVIEW(HEP_TASK_DETECTION) };
    static const struct hep_column metastasis[] = { OVERVIEW(HEP_TASK_METASTASIS) };
    const bool any = task == HEP_TASK_DETECTION;
    struct hep_table t = HEP_TABLE(any ? "Lesions of any kind" : "Metastases, found and called so",
                                   any ? detection : metastasis, c->list, c->n);

    return t;
}

/* ---- what a variant loses -------------------------------------------------------------------- */

#define L struct hep_loss
#define LOST                                                                                       \
    { "study", HEP_TEXT(L, label), "Study", .meaning = "Label of the study" },                     \
        { "lesion", HEP_INTEGER(L, id), "Lesion", .meaning = "Id of the lesion" },                 \
        { "lesion_class",          HEP_TEXT(L, class),    "Class",                                 \
          .meaning = "True class", .flags = HEP_NOT_JSON, .html = hep_html_cell_words },           \
        { "class", HEP_TEXT(L, class), .flags = HEP_OPTIONAL | HEP_NOT_TSV },                      \
        { "long_axis_mm",  HEP_NUMBER(L, long_axis_mm), "Long axis", "mm",                         \
          HEP_DECIMALS(0), "Long axis of the lesion" },                                            \
        { "loss", HEP_TEXT(L, words), "Loss", .meaning = "What is lost", .levels = kinds },        \
    {                                                                                              \
        "reason", HEP_TEXT(L, reason), "Reason",                                                   \
            .meaning = "What there was to see, what of it is missing, and what was left"           \
    }
static const struct hep_level kinds[] = {
    { "not found", "Found by the full protocol only" },
    { "no longer called metastasis",
      "A metastasis that both find and only the full protocol calls so" },
    { NULL, NULL },
};
static const struct hep_column lost_columns[] = { LOST, { 0 } };
static const struct hep_column all_lost_columns[] = {
    { "protocol", HEP_TEXT(L, protocol), "Protocol", .meaning = "Name of the variant" }, LOST, { 0 }
};

struct hep_table hep_compared_lost(const struct hep_losses *l)
{
    struct hep_table t = HEP_TABLE("Lost lesions", lost_columns, l->list, l->n);

    return t;
}

#define F struct hep_flag_loss
static const struct hep_column flag_columns[] = {
    { "lesions", HEP_COUNT(F, both) },
    { "assessable_full", HEP_COUNT(F, assessable) },
    { "no_longer_assessable", HEP_COUNT(F, lost) },
    { "reason", HEP_CHARS(F, reason), .flags = HEP_OPTIONAL },
    { 0 },
};

HEP_GETTER(lost_share, F, hep_value_of_count(r->lost, r->lost > 0 ? r->assessable : 0));

struct hep_table hep_compared_flags(const struct hep_losses *l)
{
    static const struct hep_column columns[] = {
        { NULL, HEP_NAME, "Flag" },
        { NULL, .cell = HEP_CELL_PROPORTION, .words = "Lesions", HEP_K_OF_N, .get = lost_share },
        { NULL, HEP_CHARS(F, reason), "First reason" },
        { 0 },
    };
    struct hep_table t =
        HEP_TABLE_NAMED("Flags no longer assessable", columns, l->flag, HEP_FLAG_COUNT, flag_name);

    return t;
}

#define M struct hep_measure_change
static const struct hep_column change_columns[] = {
    { "name", HEP_TEXT(M, name), "Measurement", .html = hep_html_cell_words },
    { "unit", HEP_TEXT(M, unit), "Unit" },
    { "lesions", HEP_COUNT(M, agreement.agreement.n), "Lesions" },
    { "mean_full", HEP_NUMBER(M, agreement.agreement.mean_reference), "Mean, full",
      HEP_SIGNIFICANT(3), .flags = HEP_NOT_TERMINAL },
    { "bias", HEP_INTERVAL(M, agreement.bias), "Bias", HEP_SIGNIFICANT(3) },
    { "limit_lower", HEP_NUMBER(M, agreement.agreement.lower) },
    { "limit_upper", HEP_NUMBER(M, agreement.agreement.upper) },
    { NULL, HEP_PAIR(M, agreement.agreement.lower), "Limits of agreement", HEP_SIGNIFICANT(3) },
    { 0 },
};

struct hep_table hep_compared_changes(const struct hep_losses *l)
{
    struct hep_table t = HEP_TABLE("Measurements of the lesions that both find: variant minus full",
                                   change_columns, l->change, l->n_changes);

    return t;
}

/* ---- protocols ------------------------------------------------------------------------------- */

HEP_GETTER(satisfied, S, hep_value_of_count(r->against.n_satisfied, r->against.n));

const struct hep_column hep_compared_protocol_columns[] = {
    { "name", HEP_CHARS(S, config.name.s), "Protocol" },
    { "title", HEP_CHARS(S, config.title.s) },
    { "scan_s", HEP_NUMBER(S, timeline.scan_s), "Scan", "s", HEP_DECIMALS(0) },
    { "table_s", HEP_NUMBER(S, timeline.table_s), "On the table", "s", HEP_DECIMALS(0) },
    { "visits", HEP_LONG(S, timeline.visits), "Visits" },
    { NULL, .cell = HEP_CELL_PROPORTION, .words = "Studies that satisfy it", HEP_K_OF_N,
      .get = satisfied },
    { "runs_failed", HEP_COUNT(S, n_failed), "Runs failed" },
    { "against.protocol", HEP_CHARS(S, config.name.s) },
    { "against.satisfied", HEP_COUNT(S, against.n_satisfied) },
    { "against.studies", HEP_LIST(S, against.list, against.n, hep_against_study_columns) },
    { 0 },
};
const struct hep_column hep_compared_variant_columns[] = {
    { "detection", HEP_OBJECT(S, paired.task[HEP_TASK_DETECTION], task_columns) },
    { "metastasis", HEP_OBJECT(S, paired.task[HEP_TASK_METASTASIS], task_columns) },
    { "lost_lesions", HEP_LIST(S, losses.list, losses.n, lost_columns) },
    { "flags", HEP_KEYED(S, losses.flag, flag_columns, flag_name) },
    { "measurements", HEP_KEYED(S, losses.change, change_columns, NULL) },
    { 0 },
};
#undef S

struct hep_table hep_compared_protocols(const struct hep_compared *c)
{
    struct hep_table t = HEP_TABLE("Protocols", hep_compared_protocol_columns, c->list, c->n);

    return t;
}

/* Append what in the studies does not fit the protocol, once per series. */
void hep_compared_misfits(struct hep_str *out, const struct hep_compare_protocol *p)
{
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        const char *name = hep_planned_name((enum hep_planned)s);
        size_t off = 0, other = 0;
        double sum = 0.0;

        for (size_t i = 0; i < p->against.n; i++)
            for (size_t k = 0; k < p->against.list[i].n; k++) {
                const struct hep_against_series *x = &p->against.list[i].series[k];

                if ((int)x->planned != s)
                    continue;
                off += x->state == HEP_AGAINST_OFF;
                other += x->state > HEP_AGAINST_OFF;
                sum += x->state == HEP_AGAINST_OFF ? x->off_s : 0.0;
            }
        if (off > 0)
            hep_str_addf(out,
                         "  %s lies outside the window in %zu of %zu studies, by %+.0f s on "
                         "average: a replay keeps the study's own time\n",
                         name, off, p->against.n, sum / (double)off);
        if (other > 0)
            hep_str_addf(out, "  %s is missing or lacks b-values in %zu of %zu studies\n", name,
                         other, p->against.n);
    }
    if (p->against.n > 0 && p->against.list[0].reason[0] != '\0')
        hep_str_addf(out, "  %s: %s\n", p->against.list[0].label, p->against.list[0].reason);
}

void hep_compared_refusal(struct hep_str *out, const struct hep_compared *c,
                          const struct hep_compare_protocol *p)
{
    const size_t n = c->list[0].evaluated.n_patients;

    if (p->against.n_satisfied == 0)
        hep_str_addf(
            out,
            "  Not compared: none of the %zu studies satisfies %s, so what a replay of them "
            "finds says nothing about it\n",
            p->against.n, p->config.name.s);
    else if (n < HEP_PAIRED_LEAST_PATIENTS)
        hep_str_addf(out, "  No test and no interval: %zu patients, at least %d are needed\n", n,
                     HEP_PAIRED_LEAST_PATIENTS);
}

/* ---- published ------------------------------------------------------------------------------- */

#define P struct hep_published_study
/* The name of a member cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define SPAN(id, member, words)                                                                    \
    {                                                                                              \
        id, HEP_PAIR(P, member.lo), words, HEP_PERCENT(1), .flags = HEP_OPTIONAL                   \
    }
/* NOLINTEND(bugprone-macro-parentheses) */
static const struct hep_column published_columns[] = {
    { "source", HEP_TEXT(P, source), "Source" },
    { "finding", HEP_TEXT(P, finding), "Finding" },
    SPAN("variant_sensitivity", variant_sensitivity, "Sensitivity"),
    SPAN("reference_sensitivity", reference_sensitivity, "of the reference"),
    SPAN("variant_below_10_mm", variant_small, "Below 10 mm"),
    SPAN("reference_below_10_mm", reference_small, "of the reference"),
    { "patients", HEP_NUMBER(P, patients), "Patients", HEP_DECIMALS(0) },
    { "lesions", HEP_NUMBER(P, lesions), "Lesions", HEP_DECIMALS(0) },
    { "mark", HEP_TEXT(P, mark), "Mark" },
    { "variant", HEP_TEXT(P, variant), "Variant" },
    { "reference", HEP_TEXT(P, reference), "Reference" },
    { 0 },
};

int hep_compared_published(struct hep_table *out, const struct hep_compared *c, const char *name,
                           struct hep_error *err)
{
    P *rows = hep_calloc(c->published.n + 1, sizeof *rows, err);
    size_t n = 0;

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < c->published.n; i++)
        if (hep_published_is_about(&c->published.list[i], name))
            rows[n++] = c->published.list[i];
    *out = (struct hep_table)HEP_TABLE_OWNED("Published comparisons", published_columns, rows, n);
    return HEP_OK;
}

/* ---- TSV ------------------------------------------------------------------------------------- */

struct size_row {
    const char *protocol, *task;
    struct hep_paired_size size;
    double p, false_full, false_variant, scan_s, table_s;
};
#define R struct size_row
static const struct hep_level tasks[] = {
    { "detection", "Lesions of any kind are found" },
    { "metastasis", "Metastases are found and called so" },
    { NULL, NULL },
};
static const struct hep_column row_columns[] = {
    { "protocol", HEP_TEXT(R, protocol), .meaning = "Name of the variant" },
    { "task", HEP_TEXT(R, task), .meaning = "What is asked of a protocol", .levels = tasks },
    { "size_mm", HEP_TEXT(R, size.size_mm), .unit = "mm", .meaning = SIZE_MEANING },
    COUNTS(R, size.),
    { "mcnemar_p", HEP_NUMBER(R, p), .unit = "1",
      .meaning = "McNemar's exact test of lesions that only one protocol finds; all sizes" },
    { "false_per_study_full", HEP_NUMBER(R, false_full), .unit = "1",
      .meaning = "False positives per study of the full protocol; all sizes" },
    { "false_per_study", HEP_NUMBER(R, false_variant), .unit = "1",
      .meaning = "False positives per study of this protocol; all sizes" },
    { "scan_s", HEP_NUMBER(R, scan_s), .unit = "s", .meaning = "Time of scanning and rest" },
    { "table_s", HEP_NUMBER(R, table_s), .unit = "s", .meaning = "Time on the table" },
    { 0 },
};

/* All sizes together, then each that has lesions. @return the place after them */
static R *add_task(R *r, const struct hep_compare_protocol *p, enum hep_eval_task task)
{
    const struct hep_paired_task *t = &p->paired.task[task];
    R row = { .protocol = p->config.name.s,
              .task = hep_eval_task_name(task),
              .size = { .size_mm = "all",
                        .n = t->both + t->only_full + t->only_variant + t->neither,
                        .full.k = t->both + t->only_full,
                        .variant.k = t->both + t->only_variant,
                        .difference = t->difference },
              .p = t->p,
              .false_full = t->false_full.value,
              .false_variant = t->false_variant.value,
              .scan_s = p->timeline.scan_s,
              .table_s = p->timeline.table_s };

    *r++ = row;
    row.p = row.false_full = row.false_variant = (double)NAN;
    for (int s = 0; s < (int)HEP_SIZE_COUNT; s++) {
        row.size = t->size[s];
        if (t->size[s].n > 0)
            *r++ = row;
    }
    return r;
}

int hep_compared_rows(struct hep_table *out, const struct hep_compared *c, struct hep_error *err)
{
    R *rows = hep_calloc(c->n * HEP_TASK_COUNT * (HEP_SIZE_COUNT + 1), sizeof *rows, err),
      *end = rows;

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 1; i < c->n; i++)
        for (int t = 0; t < (int)HEP_TASK_COUNT; t++)
            end = add_task(end, &c->list[i], (enum hep_eval_task)t);
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, row_columns, rows, (size_t)(end - rows));
    return HEP_OK;
}

int hep_compared_all_lost(struct hep_table *out, const struct hep_compared *c,
                          struct hep_error *err)
{
    size_t n = 0;
    L *rows;

    for (size_t i = 1; i < c->n; i++)
        n += c->list[i].losses.n;
    rows = hep_calloc(n + 1, sizeof *rows, err);
    if (rows == NULL)
        return HEP_ENOMEM;
    n = 0;
    for (size_t i = 1; i < c->n; i++)
        for (size_t k = 0; k < c->list[i].losses.n; k++)
            rows[n++] = c->list[i].losses.list[k];
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, all_lost_columns, rows, n);
    return HEP_OK;
}
