#include "cli/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/table.h"
#include "base/tsv.h"
#include "cli/print.h"
#include "cli/spectral_page.h"
#include "evaluation/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct group_options {
    struct hep_common_options common;
    const char *table, *by, *out;
    struct hep_args values, where;
    bool json;
};

#define S struct group_options
static const struct hep_option options[] = {
    HEP_OPT(TEXT, S, by, "by", 'b', "COLUMN", NULL,
            "column of the groups, such as the primary tumour (required)"),
    HEP_OPT_LIST(
        S, values, "values", 0, "COLUMN",
        "columns to compare; without it every column of numbers but that of the lesion's label"),
    HEP_OPT_REPEAT(S, where, "where", 'w', "COLUMN=TEXT",
                   "only rows with this text, such as region=edge"),
    HEP_OPT(DIR_OUT, S, out, "out", 'o', "DIR", NULL,
            "write groups.tsv, tests.tsv, pairs.tsv, roc.tsv, each with its .json, and "
            "comparison.html"),
    HEP_OPT_FLAG(S, json, "json", 0, "print JSON"),
    { 0 },
};
static const struct hep_positional positionals[] = {
    HEP_POS(FILE_IN, S, table, "table", "tab-separated, one line per lesion or region"),
    { 0 },
};
static const char *const examples[] = {
    "hepar spectral-group lesions.tsv --by primary --where region=edge --values slope_hu_per_kev",
    NULL
};
#undef S

#define S struct hep_group_row
static const struct hep_column group_columns[] = {
    { "measure", HEP_TEXT(S, measure), "Measure", .meaning = "Column of the table that was given" },
    { "group", HEP_TEXT(S, group), "Group", .meaning = "Group" },
    { "n", HEP_COUNT(S, n), "n", .meaning = "Values" },
    { "mean", HEP_NUMBER(S, mean), "Mean", "1", HEP_SIGNIFICANT(4),
      .meaning = "Mean, in the unit of the measure" },
    { "sd", HEP_NUMBER(S, sd), "SD", "1", HEP_SIGNIFICANT(4),
      .meaning = "Standard deviation (n - 1)" },
    { "median", HEP_NUMBER(S, median), "Median", "1", HEP_SIGNIFICANT(4), .meaning = "Median" },
    { 0 },
};
#undef S
#define S struct hep_group_test_row
static const struct hep_column test_columns[] = {
    { "measure", HEP_TEXT(S, measure), "Measure", .meaning = "Column of the table that was given" },
    { "test", HEP_TEXT(S, test), "Test",
      .meaning = "Levene tests equal spread; Welch does without it" },
    { "f", HEP_NUMBER(S, f.f), "F", "1", HEP_SIGNIFICANT(4), .meaning = "Statistic" },
    { "df_between", HEP_NUMBER(S, f.df_between), "df", "1", HEP_SIGNIFICANT(4),
      .meaning = "Degrees of freedom between groups" },
    { "df_within", HEP_NUMBER(S, f.df_within), "df within", "1", HEP_SIGNIFICANT(4),
      .meaning = "Degrees of freedom within groups" },
    { "p", HEP_NUMBER(S, f.p), "p", "1", HEP_SIGNIFICANT(3), .meaning = "p-value" },
    { 0 },
};
#undef S
#define S struct hep_group_pair_row
static const struct hep_column pair_columns[] = {
    { "measure", HEP_TEXT(S, measure), "Measure", .meaning = "Column of the table that was given" },
    { "a", HEP_TEXT(S, a), "Group", .meaning = "Group" },
    { "b", HEP_TEXT(S, b), "against", .meaning = "The other group" },
    { "difference", HEP_NUMBER(S, pair.difference), "Difference", "1", HEP_SIGNIFICANT(4),
      .meaning = "Difference of means" },
    { "lo", HEP_NUMBER(S, pair.lo), "from", "1", HEP_SIGNIFICANT(4),
      .meaning = "95 % interval, not corrected: lower end" },
    { "hi", HEP_NUMBER(S, pair.hi), "to", "1", HEP_SIGNIFICANT(4),
      .meaning = "95 % interval, not corrected: upper end" },
    { "p_lsd", HEP_NUMBER(S, pair.p_lsd), "p (LSD)", "1", HEP_SIGNIFICANT(3),
      .meaning = "Least significant difference" },
    { "p_bonferroni", HEP_NUMBER(S, pair.p_bonferroni), "p (Bonferroni)", "1", HEP_SIGNIFICANT(3),
      .meaning = "p-value times the number of pairs, at most 1" },
    { 0 },
};
#undef S
#define S struct hep_group_roc_row
static const struct hep_column roc_columns[] = {
    { "measure", HEP_TEXT(S, measure), "Measure", .meaning = "Column of the table that was given" },
    { "group", HEP_TEXT(S, group), "Group", .meaning = "Group, against all others" },
    { "n", HEP_COUNT(S, n), "n", .meaning = "Values of the group" },
    { "n_others", HEP_COUNT(S, n_others), "others", .meaning = "Values of the others" },
    { "area", HEP_NUMBER(S, area), "Area", "1", HEP_DECIMALS(3),
      .meaning = "Area under the ROC curve" },
    { "area_lo", HEP_NUMBER(S, lo), "from", "1", HEP_DECIMALS(3),
      .meaning = "95 % interval (DeLong): lower end" },
    { "area_hi", HEP_NUMBER(S, hi), "to", "1", HEP_DECIMALS(3),
      .meaning = "95 % interval (DeLong): upper end" },
    { "side", HEP_TEXT(S, side), "Side",
      .meaning = "above: the group's values lie above those of the others" },
    { "cut_off", HEP_NUMBER(S, cut.value), "Cut-off", "1", HEP_SIGNIFICANT(4),
      .meaning = "With the largest sum of sensitivity and specificity, on the same data" },
    { "sensitivity", HEP_NUMBER(S, cut.sensitivity), "Sensitivity", "1", HEP_DECIMALS(2),
      .meaning = "At the cut-off" },
    { "specificity", HEP_NUMBER(S, cut.specificity), "Specificity", "1", HEP_DECIMALS(2),
      .meaning = "At the cut-off" },
    { 0 },
};
#undef S

/* The measures that are compared, with the values of each group. */
struct measures {
    struct hep_spectral_measure_groups *list;
    size_t n;
};

static void measures_release(struct measures *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->list[i].groups);
        free(m->list[i].values);
    }
    free(m->list);
}

static bool is_number(double *value, const char *text)
{
    return text[0] != '\0' && hep_parse_double(value, text, NULL) == HEP_OK;
}

/* Does a row have the texts of every --where? */
static int row_counts(bool *counts, const struct hep_tsv *t, size_t row,
                      const struct group_options *o, struct hep_error *err)
{
    *counts = true;
    for (size_t i = 0; i < o->where.n; i++) {
        const char *text = o->where.items[i];
        const char *equals = strchr(text, '=');
        char name[256];
        size_t column = 0;

        if (equals == NULL || (size_t)(equals - text) >= sizeof name)
            return HEP_FAIL(err, HEP_EUSAGE, "--where %s: wanted COLUMN=TEXT", text);
        memcpy(name, text, (size_t)(equals - text));
        name[equals - text] = '\0';
        column = hep_tsv_column(t, name);
        if (column == HEP_TSV_NONE)
            return HEP_FAIL(err, HEP_EDATA, "%s: no column \"%s\"", o->table, name);
        if (strcmp(hep_tsv_cell(t, row, column), equals + 1) != 0)
            *counts = false;
    }
    return HEP_OK;
}

/* A value of a row with its group. */
struct grouped {
    const char *group;
    double value;
    size_t row;
};

static int by_group(const void *a, const void *b)
{
    const struct grouped *x = a;
    const struct grouped *y = b;
    int order = strcmp(x->group, y->group);

    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

/* Groups of values that are sorted by group. */
static int split(struct hep_spectral_measure_groups *m, const struct grouped *all, size_t n,
                 struct hep_error *err)
{
    if (HEP_NEW(m->values, n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        m->values[i] = all[i].value;
        if (i == 0 || strcmp(all[i].group, all[i - 1].group) != 0) {
            if (HEP_GROW(m->groups, m->n, err) != HEP_OK)
                return HEP_ENOMEM;
            m->groups[m->n++] = (struct hep_named_group){ all[i].group, { &m->values[i], 0 } };
        }
        m->groups[m->n - 1].values.n++;
    }
    return HEP_OK;
}

static int collect(struct hep_spectral_measure_groups *m, const struct hep_tsv *t, size_t column,
                   size_t by, const struct group_options *o, struct hep_error *err)
{
    struct grouped *all = NULL;
    size_t n = 0;
    int rc = HEP_NEW(all, t->n_rows + 1, err);

    for (size_t row = 0; rc == HEP_OK && row < t->n_rows; row++) {
        bool counts = false;

        rc = row_counts(&counts, t, row, o, err);
        all[n] = (struct grouped){ hep_tsv_cell(t, row, by), 0.0, row };
        n += rc == HEP_OK && counts && all[n].group[0] != '\0' &&
             is_number(&all[n].value, hep_tsv_cell(t, row, column));
    }
    if (rc == HEP_OK) {
        qsort(all, n, sizeof *all, by_group);
        rc = split(m, all, n, err);
    }
    free(all);
    return rc;
}

static int add_measure(struct measures *m, const struct hep_tsv *t, size_t column, size_t by,
                       const struct group_options *o, struct hep_error *err)
{
    if (HEP_GROW(m->list, m->n, err) != HEP_OK)
        return HEP_ENOMEM;
    m->list[m->n].measure = t->cell[column];
    return collect(&m->list[m->n++], t, column, by, o, err);
}

/* Is every value of the column that is there a number that differs between rows? */
static bool holds_numbers(const struct hep_tsv *t, size_t column)
{
    double first = NAN;
    bool varies = false;

    for (size_t row = 0; row < t->n_rows; row++) {
        const char *text = hep_tsv_cell(t, row, column);
        double value = 0.0;

        if (text[0] == '\0')
            continue;
        if (!is_number(&value, text))
            return false;
        varies = varies || (isfinite(first) && (value > first || value < first));
        first = isfinite(first) ? first : value;
    }
    return varies;
}

static int choose(struct measures *m, const struct hep_tsv *t, size_t by,
                  const struct group_options *o, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < o->values.n; i++) {
        size_t column = hep_tsv_column(t, o->values.items[i]);

        rc = column == HEP_TSV_NONE
                 ? HEP_FAIL(err, HEP_EDATA, "%s: no column \"%s\"", o->table, o->values.items[i])
                 : add_measure(m, t, column, by, o, err);
    }
    for (size_t c = 0; rc == HEP_OK && o->values.n == 0 && c < t->n_columns; c++) {
        if (c != by && strcmp(t->cell[c], "lesion") != 0 && holds_numbers(t, c))
            rc = add_measure(m, t, c, by, o, err);
    }
    if (rc == HEP_OK && m->n == 0)
        rc = HEP_FAIL(
            err, HEP_EDATA,
            "%s: no column of numbers that differ between rows: nothing varies, nothing can be "
            "compared",
            o->table);
    return rc;
}

static int write_all(const struct group_options *o, const struct measures *m,
                     const struct hep_table tables[4], struct hep_error *err)
{
    static const char *const names[4] = { "groups", "tests", "pairs", "roc" };
    struct hep_str page = { 0 };
    int rc = hep_mkdir_p(o->out, err);

    for (int i = 0; rc == HEP_OK && i < 4; i++)
        rc = hep_table_write(o->out, names[i], &tables[i], err);
    if (rc == HEP_OK)
        rc = hep_spectral_page(&page, m->list, m->n, tables, 4, err);
    if (rc == HEP_OK)
        return hep_str_write(&page, o->out, "comparison.html", err);
    hep_str_release(&page);
    return rc;
}

static int print(FILE *out, bool as_json, const struct hep_table tables[4], struct hep_error *err)
{
    static const char *const names[4] = { "groups", "tests", "pairs", "roc" };
    struct hep_put put = { HEP_OK, err };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };

    for (int i = 0; !as_json && i < 4; i++)
        hep_table_text(&text, &tables[i]);
    if (!as_json)
        return hep_print_text(out, &text, err);
    json = hep_json_new_object();
    for (int i = 0; i < 4; i++)
        hep_put(&put, json, names[i], hep_table_json(&put, &tables[i]));
    if (put.rc != HEP_OK) {
        hep_json_free(json);
        return put.rc;
    }
    return hep_print_json(out, json, err);
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct group_options *o = given;
    struct hep_tsv t = { 0 };
    struct measures m = { 0 };
    struct hep_group_comparison c = { 0 };
    size_t by = 0;
    int rc = o->by == NULL ? HEP_FAIL(err, HEP_EUSAGE, "--by COLUMN is needed")
                           : hep_tsv_read(&t, o->table, err);

    by = rc == HEP_OK ? hep_tsv_column(&t, o->by) : 0;
    if (rc == HEP_OK && by == HEP_TSV_NONE)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: no column \"%s\"", o->table, o->by);
    if (rc == HEP_OK)
        rc = choose(&m, &t, by, o, err);
    for (size_t i = 0; rc == HEP_OK && i < m.n; i++)
        rc = hep_group_compare(&c, m.list[i].measure, m.list[i].groups, m.list[i].n, err);
    if (rc == HEP_OK) {
        const struct hep_table tables[4] = {
            HEP_TABLE("Groups", group_columns, c.groups, c.n_groups),
            HEP_TABLE("Do they differ?", test_columns, c.tests, c.n_tests),
            HEP_TABLE("Pairs", pair_columns, c.pairs, c.n_pairs),
            HEP_TABLE("Each group against the others", roc_columns, c.rocs, c.n_rocs),
        };

        rc = o->out != NULL ? write_all(o, &m, tables, err) : HEP_OK;
        if (rc == HEP_OK)
            rc = print(cli->out, o->json, tables, err);
    }
    hep_group_comparison_release(&c);
    measures_release(&m);
    hep_tsv_release(&t);
    return rc;
}

const struct hep_command hep_cmd_spectral_group = {
    "spectral-group",
    "do measures differ between groups? Analysis of variance, pairs, ROC",
    "One-way analysis of variance with Levene's test and Welch's form, "
    "least-significant-difference and Bonferroni "
    "comparisons of pairs, and the ROC curve of each group against the others with DeLong's "
    "interval.",
    options,
    positionals,
    sizeof(struct group_options),
    run,
    examples
};
