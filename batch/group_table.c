#include "batch/group_table.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/stats.h"
#include "report/html.h"
#include "report/html_table.h"
#include "report/measure.h"
#include "terms/measure.h"

#include <math.h>

/* ---- gathering ------------------------------------------------------------------------------- */

static double median_of(const double *x, size_t n, float *scratch, double centre)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]))
            scratch[m++] = (float)(isfinite(centre) ? fabs(x[i] - centre) : x[i]);
    }
    return hep_quantile(scratch, m, 0.5);
}

static int settle(struct hep_group_measure *m, size_t n, struct hep_error *err)
{
    float *scratch = hep_calloc(n + 1, sizeof *scratch, err);

    if (scratch == NULL)
        return HEP_ENOMEM;
    m->median = median_of(m->values, n, scratch, (double)NAN);
    m->mad = HEP_MAD_TO_SD * median_of(m->values, n, scratch, m->median);
    free(scratch);
    return HEP_OK;
}

static bool counts_lesions(enum hep_measure m)
{
    return m == HEP_M_N_LESIONS || m == HEP_M_N_METASTASES;
}

/* Why nobody looked for lesions in a study: it has not none of them, their number is not known. NULL: they were looked for. */
static const char *no_search(const struct hep_lesion_file *f)
{
    return f->findings.n == 0 ? f->absent_reason : NULL;
}

static double value_of(const struct hep_lesion_file *f, enum hep_measure m)
{
    double n = 0.0;

    if (f->root == NULL || (counts_lesions(m) && no_search(f) != NULL))
        return (double)NAN;
    if (m == HEP_M_N_LESIONS)
        return (double)f->findings.n;
    if (m != HEP_M_N_METASTASES)
        return hep_measures_get(&f->liver, m);
    for (size_t i = 0; i < f->findings.n; i++)
        n += f->findings.list[i].lesion_class == HEP_CLASS_METASTASIS;
    return n;
}

/* Why a measure of the liver is not assessable although its map was made, or lesions were not looked for; NULL when it is, or
 * when there was nothing to make it from. */
static const char *withheld_reason(const struct hep_group_table *t, size_t m, size_t i)
{
    if (t->measures[m].measure == HEP_M_N_LESIONS)
        return no_search(&t->files[i]);
    return t->files[i].withheld[t->measures[m].measure];
}

static int add_measure(struct hep_group_table *t, enum hep_measure measure, struct hep_error *err)
{
    struct hep_group_measure *m;
    size_t n = t->status->n;

    if (HEP_GROW(t->measures, t->n_measures, err) != HEP_OK)
        return HEP_ENOMEM;
    m = &t->measures[t->n_measures++];
    *m = (struct hep_group_measure){ .measure = measure,
                                     .column = hep_measure_as_column(measure),
                                     .values = hep_calloc(n + 1, sizeof *m->values, err) };
    if (m->values == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        m->values[i] = value_of(&t->files[i], measure);
    return settle(m, n, err);
}

static int read_files(struct hep_group_table *t, const char *out_dir, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < t->status->n; i++) {
        const struct hep_study_status *s = &t->status->list[i];
        char *path;

        if (s->state != HEP_STATE_DONE)
            continue;
        path = hep_asprintf(err, "%s/%s/%s_lesions.json", out_dir, s->relative, s->label);
        rc = path == NULL ? HEP_ENOMEM : hep_lesion_file_read(&t->files[i], path, err);
        free(path);
    }
    return rc;
}

bool hep_group_outlier(const struct hep_group_table *t, size_t m, size_t i)
{
    const struct hep_group_measure *g = &t->measures[m];
    size_t n = 0;

    for (size_t k = 0; k < t->status->n; k++)
        n += isfinite(g->values[k]) ? 1 : 0;
    return n >= HEP_OUTLIER_MIN && isfinite(g->values[i]) && g->mad > 0.0 &&
           fabs(g->values[i] - g->median) > HEP_OUTLIER_Z * g->mad;
}

/* ---- tables ---------------------------------------------------------------------------------- */

struct study_row {
    const struct hep_group_table *table;
    size_t i;
    const char *study, *state, *reason, *protocol, *agent, *reference;
    const char *version, *started;
    double seconds, peak_bytes;
    int exit_code, n_warnings;
    char outliers[1024]; /* names of measures between commas */
    char withheld[4096]; /* "measure: reason" between bars */
};
#define S struct study_row

void hep_group_link(struct hep_str *out, const struct hep_study_status *s, const char *fragment)
{
    if (s->state != HEP_STATE_DONE) {
        hep_html_text(out, s->label);
        return;
    }
    hep_str_add(out, "<a href=\"");
    hep_html_url(out, s->relative);
    hep_str_add(out, "/");
    hep_html_url(out, s->label);
    hep_str_addf(out, "_report.html%s\">", fragment);
    hep_html_text(out, s->label);
    hep_str_add(out, "</a>");
}

static void study_link(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const S *r = row;

    (void)column;
    hep_group_link(out, &r->table->status->list[r->i], "");
}

static struct hep_value measure_value(const struct hep_column *column, const void *row)
{
    const S *r = row;

    return hep_value_of_number(r->table->measures[column->offset].values[r->i]);
}

static void measure_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const S *r = row;

    hep_html_number(out, measure_value(column, row).number * column->look.scale,
                    column->look.digits);
    if (hep_group_outlier(r->table, column->offset, r->i))
        hep_str_add(out, "<b class=\"odd\" title=\"outlier\">&#160;!</b>");
}

static const struct hep_level states[] = { { "done", "It has results" },
                                           { "failed", "Its run failed" },
                                           { "running", "A run of it is in progress" },
                                           { "missing", "It is expected and has no output" },
                                           { NULL, NULL } };
static const struct hep_column first_columns[] = {
    { "study", HEP_TEXT(S, study), "Study", .meaning = "Label of the study", .html = study_link },
    { "state", HEP_TEXT(S, state), "State", .meaning = "What became of it", .levels = states,
      .html = hep_html_cell_mark },
    { "exit_code", HEP_INTEGER(S, exit_code), .meaning = "Exit code of its run; 0: none" },
    { "reason", HEP_TEXT(S, reason), .meaning = "Why its run failed" },
    { "protocol", HEP_TEXT(S, protocol), "Protocol", .meaning = "Name of its protocol" },
    { "version", HEP_TEXT(S, version), .meaning = "Version of Hepar that made its results" },
    { "start_time", HEP_TEXT(S, started), .meaning = "When its run began, UTC" },
    { "duration_s", HEP_NUMBER(S, seconds), .unit = "s", .meaning = "How long its run took" },
    { "peak_memory_bytes", HEP_NUMBER(S, peak_bytes), .unit = "byte",
      .meaning = "Largest memory of its run" },
    { "warnings", HEP_INTEGER(S, n_warnings), .meaning = "Number of warnings of its run" },
    { "agent", HEP_TEXT(S, agent), .meaning = "Contrast agent; none without" },
    { "reference", HEP_TEXT(S, reference), .meaning = "Series on whose grid findings are made" },
};
static const struct hep_column outlier_column = {
    "outliers", HEP_CHARS(S, outliers),
    .meaning = "Measures in which the study lies further than 3.5 robust standard deviations from "
               "the median of all"
};
static const struct hep_column withheld_column = {
    "not_assessable", HEP_CHARS(S, withheld),
    .meaning = "Measures that the study's own images contradict, each with the number and the "
               "likely causes"
};
#define N_FIRST (sizeof first_columns / sizeof first_columns[0])

static int make_columns(struct hep_group_table *t, struct hep_error *err)
{
    struct hep_column *c = t->columns = hep_calloc(N_FIRST + t->n_measures + 3, sizeof *c, err);

    if (c == NULL)
        return HEP_ENOMEM;
    memcpy(c, first_columns, sizeof first_columns);
    for (size_t m = 0; m < t->n_measures; m++) {
        c[N_FIRST + m] = t->measures[m].column;
        c[N_FIRST + m].offset = m;
        c[N_FIRST + m].get = measure_value;
        c[N_FIRST + m].html = measure_cell;
    }
    c[N_FIRST + t->n_measures] = outlier_column;
    c[N_FIRST + t->n_measures + 1] = withheld_column;
    return HEP_OK;
}

static S row_of(const struct hep_group_table *t, size_t i)
{
    const struct hep_study_status *s = &t->status->list[i];
    S row = { .table = t,
              .i = i,
              .study = s->label,
              .state = hep_state_name(s->state),
              .reason = s->reason,
              .protocol = t->files[i].protocol != NULL ? t->files[i].protocol : s->protocol,
              .version = s->version,
              .started = s->started,
              .seconds = s->seconds,
              .peak_bytes = s->peak_bytes,
              .n_warnings = s->n_warnings,
              .agent = t->files[i].agent,
              .reference = t->files[i].reference,
              .exit_code = s->exit_code };
    size_t used = 0;

    for (size_t m = 0; m < t->n_measures && used < sizeof row.outliers; m++)
        if (hep_group_outlier(t, m, i))
            used += (size_t)snprintf(row.outliers + used, sizeof row.outliers - used, "%s%s",
                                     used > 0 ? "," : "", t->measures[m].column.id);
    used = 0;
    for (size_t m = 0; m < t->n_measures && used < sizeof row.withheld; m++)
        if (withheld_reason(t, m, i) != NULL)
            used += (size_t)snprintf(row.withheld + used, sizeof row.withheld - used, "%s%s: %s",
                                     used > 0 ? " | " : "", t->measures[m].column.id,
                                     withheld_reason(t, m, i));
    return row;
}

int hep_group_studies(struct hep_table *out, const struct hep_group_table *t, struct hep_error *err)
{
    S *rows = hep_calloc(t->status->n + 1, sizeof *rows, err);

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < t->status->n; i++)
        rows[i] = row_of(t, i);
    *out = (struct hep_table)HEP_TABLE_OWNED(
        "All studies; an exclamation mark is an outlier. The same numbers stand in studies.tsv",
        t->columns, rows, t->status->n);
    return HEP_OK;
}

int hep_group_not_done(struct hep_table *out, const struct hep_group_table *t,
                       struct hep_error *err)
{
    static const struct hep_column columns[] = {
        { NULL, HEP_TEXT(S, study), "Study" },
        { NULL, HEP_TEXT(S, state), "State", .html = hep_html_cell_mark },
        { NULL, HEP_INTEGER(S, exit_code), "Exit code" },
        { NULL, HEP_TEXT(S, reason), "Reason" },
        { 0 },
    };
    int rc = hep_group_studies(out, t, err);
    S *rows = out->owned;

    if (rc != HEP_OK)
        return rc;
    out->caption = "Studies that failed, are running, or are missing";
    out->columns = columns;
    out->n = 0;
    for (size_t i = 0; i < t->status->n; i++) {
        if (t->status->list[i].state == HEP_STATE_DONE)
            continue;
        rows[out->n] = rows[i];
        if (t->status->list[i].state != HEP_STATE_FAILED)
            rows[out->n].exit_code = HEP_NO_INTEGER;
        out->n++;
    }
    return HEP_OK;
}
#undef S

struct outlier_row {
    const struct hep_study_status *study;
    const struct hep_group_measure *measure;
    const char *words;
    double value, z;
};
#define S struct outlier_row

static void outlier_link(struct hep_str *out, const struct hep_column *column, const void *row)
{
    (void)column;
    hep_group_link(out, ((const S *)row)->study, "");
}

HEP_GETTER(outlier_value, S,
           hep_value_of_number(column->offset == 0 ? r->value : r->measure->median));

/* A cell of the table of outliers: its number has the unit of the row's measure. */
static void outlier_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const struct hep_look *look = &((const S *)row)->measure->column.look;

    hep_html_number(out, outlier_value(column, row).number * look->scale, look->digits);
    hep_str_add(out, look->unit[0] != '\0' ? "\xc2\xa0" : ""); /* no-break space */
    hep_str_add_html(out, look->unit);
}

static const struct hep_column outlier_columns[] = {
    { NULL, HEP_TEXT(S, words), "Study", .html = outlier_link },
    { NULL, HEP_TEXT(S, words), "Measure" },
    { NULL, HEP_CELL(NUMBER, 0), "Value", .get = outlier_value, .html = outlier_cell },
    { NULL, HEP_CELL(NUMBER, 1), "Median of all", .get = outlier_value, .html = outlier_cell },
    { NULL, HEP_NUMBER(S, z), "Robust z", HEP_DECIMALS(1) },
    { 0 },
};

int hep_group_outliers(struct hep_table *out, const struct hep_group_table *t,
                       struct hep_error *err)
{
    S *rows = hep_calloc(t->status->n * t->n_measures + 1, sizeof *rows, err);
    size_t n = 0;

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < t->status->n; i++)
        for (size_t m = 0; m < t->n_measures; m++) {
            const struct hep_group_measure *g = &t->measures[m];

            if (hep_group_outlier(t, m, i))
                rows[n++] = (S){ &t->status->list[i], g, g->column.words, g->values[i],
                                 (g->values[i] - g->median) / g->mad };
        }
    *out = (struct hep_table)HEP_TABLE_OWNED(
        "Robust z: distance from the median in units of 1.4826 MAD", outlier_columns, rows, n);
    return HEP_OK;
}

#undef S

struct withheld_row {
    const struct hep_study_status *study;
    const char *label, *words, *reason;
};
#define S struct withheld_row

static void withheld_link(struct hep_str *out, const struct hep_column *column, const void *row)
{
    (void)column;
    hep_group_link(out, ((const S *)row)->study, "");
}

static const struct hep_column withheld_columns[] = {
    { NULL, HEP_TEXT(S, label), "Study", .html = withheld_link },
    { NULL, HEP_TEXT(S, words), "Measure" },
    { NULL, HEP_TEXT(S, reason), "Why" },
    { 0 },
};

int hep_group_withheld(struct hep_table *out, const struct hep_group_table *t,
                       struct hep_error *err)
{
    S *rows = hep_calloc(t->status->n * t->n_measures + 1, sizeof *rows, err);
    size_t n = 0;

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < t->status->n; i++)
        for (size_t m = 0; m < t->n_measures; m++)
            if (withheld_reason(t, m, i) != NULL)
                rows[n++] = (S){ &t->status->list[i], t->status->list[i].label,
                                 t->measures[m].column.words, withheld_reason(t, m, i) };
    *out = (struct hep_table)HEP_TABLE_OWNED("What could not be judged, and why", withheld_columns,
                                             rows, n);
    return HEP_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

void hep_group_release(struct hep_group_table *t)
{
    for (size_t i = 0; t->files != NULL && i < t->status->n; i++)
        hep_lesion_file_release(&t->files[i]);
    for (size_t i = 0; i < t->n_measures; i++)
        free(t->measures[i].values);
    free(t->files);
    free(t->measures);
    free(t->columns);
    *t = (struct hep_group_table){ 0 };
}

int hep_group_gather(struct hep_group_table *out, const char *out_dir,
                     const struct hep_out_status *status, struct hep_error *err)
{
    int rc;

    *out = (struct hep_group_table){ .status = status,
                                     .files = hep_calloc(status->n + 1, sizeof *out->files, err) };
    rc = out->files == NULL ? HEP_ENOMEM : read_files(out, out_dir, err);
    for (int i = 0; rc == HEP_OK && i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;
        const struct hep_measure_row *row = hep_measure_row(m);

        /* Grades and codes stay in lesions.json. */
        if (row->subject == HEP_SUBJECT_STUDY ||
            (row->subject == HEP_SUBJECT_LIVER && hep_measure_unit(m) != HEP_UNIT_COUNT &&
             row->digits != HEP_DIGITS_HIDDEN))
            rc = add_measure(out, m, err);
    }
    if (rc == HEP_OK)
        rc = make_columns(out, err);
    if (rc != HEP_OK)
        hep_group_release(out);
    return rc;
}
