#include "validation/report.h"

#include "batch/evaluated_figures.h"

#include <math.h>

/* ---- detection ------------------------------------------------------------------------------- */

struct size_row {
    const char *size;
    struct hep_proportion found;
};
static const struct hep_column size_columns[] = {
    { "size", HEP_TEXT(struct size_row, size), "Long axis", "mm" },
    { "found", HEP_SHARE(struct size_row, found), "Found", HEP_PERCENT(1) },
    { 0 },
};
static const struct hep_column rate_columns[] = {
    { "rate", HEP_NUMBER(struct hep_eval_rate, false_per_study), "False findings per study",
      HEP_SIGNIFICANT(3) },
    { "sensitivity", HEP_BOOTSTRAP(struct hep_eval_rate, sensitivity), "Sensitivity",
      HEP_PERCENT(1) },
    { 0 },
};
static const struct hep_column detection_columns[] = {
    { "found", HEP_SHARE(struct hep_eval_result, sensitivity[HEP_TASK_DETECTION]), "Found",
      HEP_PERCENT(1) },
    { "false", HEP_BOOTSTRAP(struct hep_eval_result, number[HEP_NUMBER_FALSE_PER_STUDY]),
      "False findings per study", HEP_SIGNIFICANT(3) },
    { "mean", HEP_BOOTSTRAP(struct hep_eval_result, number[HEP_NUMBER_CPM]),
      "Mean sensitivity at 0.125, 0.25, ... 8 false findings per study", HEP_SIGNIFICANT(3) },
    { "split", HEP_COUNT(struct hep_eval_result, n_extra), "Split detections" },
    { 0 },
};

void hep_validation_detection(struct hep_document *d, const struct hep_validation *v)
{
    const struct hep_eval_result *r = &v->e->result;
    struct size_row rows[HEP_SIZE_COUNT];
    struct hep_table sizes, rates;
    size_t n = 0;

    hep_document_section(d, "detection", "Detection");
    if (v->q->given) {
        hep_document_text(
            d,
            "The lesions were given to the runs, so nothing is said of detection: %zu of %zu were "
            "kept and measured.",
            r->sensitivity[HEP_TASK_DETECTION].k, r->sensitivity[HEP_TASK_DETECTION].n);
        return;
    }
    if (!hep_set_judges(v->facts, "lesions") || v->e->n_lesions == 0) {
        hep_document_text(
            d, "%s",
            hep_set_judges(v->facts, "lesions")
                ? "The truth holds no lesion: every finding is a false one."
                : "The truth says nothing of lesions: findings are neither true nor false.");
        if (!hep_set_judges(v->facts, "lesions"))
            return;
    }
    for (int i = 0; i < HEP_SIZE_COUNT; i++)
        if (r->by_size[HEP_TASK_DETECTION][i].n > 0)
            rows[n++] = (struct size_row){ hep_size_class_name((enum hep_size_class)i),
                                           r->by_size[HEP_TASK_DETECTION][i] };
    sizes = (struct hep_table)HEP_TABLE("By long axis of the true lesion", size_columns, rows, n);
    rates = (struct hep_table)HEP_TABLE("Free response, lesions of any kind", rate_columns,
                                        r->at[HEP_TASK_DETECTION], HEP_FROC_N);
    hep_document_row(d, "Lesions of any kind", detection_columns, r);
    hep_document_table(d, &sizes, "There is no true lesion.");
    hep_document_table(d, &rates, "");
}

/* ---- classes --------------------------------------------------------------------------------- */

struct published_row {
    const char *what, *here_name, *source;
    struct hep_interval here;
    double range[2];
};
static const struct hep_column published_columns[] = {
    { "what", HEP_TEXT(struct published_row, what), "Published" },
    { "range", HEP_PAIR(struct published_row, range[0]), "Range", HEP_DECIMALS(3) },
    { "here", HEP_BOOTSTRAP(struct published_row, here), "Here", HEP_DECIMALS(3) },
    { "name", HEP_TEXT(struct published_row, here_name), "which is" },
    { "source", HEP_TEXT(struct published_row, source), "Source" },
    { 0 },
};

static const char *text_of(const struct hep_json *o, const char *key)
{
    const char *text = hep_json_string(hep_json_get(o, key));

    return text != NULL ? text : "";
}

/* The figure of this evaluation that a published one stands beside. False: it belongs to another section. */
static bool find_figure(struct published_row *row, const char *measure,
                        const struct hep_evaluated *e, bool liver)
{
    const struct {
        const char *measure, *words;
        bool liver;
        struct hep_interval here;
    } figures[] = {
        { "macro_f1", "mean F1 over the classes of the set, lesions that were found", false,
          e->named.apart_f1 },
        { "kappa", "kappa over the classes of the set, lesions that were found", false,
          e->named.apart_kappa },
        { "liver_dice", "Dice of the liver beside the consensus", true,
          e->result.number[HEP_WHOLE_LIVER_DICE] },
    };

    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        if (figures[i].liver == liver && strcmp(figures[i].measure, measure) == 0) {
            row->here = figures[i].here;
            row->here_name = figures[i].words;
            return true;
        }
    return false;
}

static void beside_published(struct hep_document *d, const struct hep_validation *v, bool liver)
{
    const struct hep_json *list = hep_json_get(v->facts->truth, "published");
    struct published_row rows[16];
    struct hep_table table;
    size_t n = 0;

    for (size_t i = 0; i < hep_json_size(list) && n < 16; i++) {
        const struct hep_json *o = hep_json_at(list, i);

        if (!find_figure(&rows[n], text_of(o, "measure"), v->e, liver))
            continue;
        rows[n].what = text_of(o, "what");
        rows[n].source = text_of(o, "source");
        rows[n].range[0] = hep_json_number(hep_json_get(o, "from"));
        rows[n].range[1] = hep_json_number(hep_json_get(o, "to"));
        n++;
    }
    table = (struct hep_table)HEP_TABLE("Beside what others published", published_columns, rows, n);
    if (n > 0)
        hep_document_table(d, &table, "");
}

/* Malignant and benign words apart, as a reader asks: was a malignant lesion called benign? */
static void malignant_text(struct hep_document *d, const struct hep_validation *v)
{
    const struct hep_json *list = hep_json_get(v->facts->truth, "classes");
    static const enum hep_lesion_class benign[] = { HEP_CLASS_CYST, HEP_CLASS_HAEMANGIOMA,
                                                    HEP_CLASS_FNH_LIKE, HEP_CLASS_FOCAL_FAT,
                                                    HEP_CLASS_FAT_SPARING };
    size_t n = 0, called_benign = 0, other = 0, called_metastasis = 0;

    for (size_t i = 0; i < hep_json_size(list); i++) {
        const struct hep_json *o = hep_json_at(list, i);

        for (size_t k = 0;
             hep_json_bool(hep_json_get(o, "malignant"), false) && k < v->e->named.n_rows; k++) {
            const struct hep_named_row *row = &v->e->named.row[k];

            if (strcmp(row->word, text_of(o, "name")) != 0)
                continue;
            n += row->found;
            for (size_t b = 0; b < sizeof benign / sizeof benign[0]; b++)
                called_benign += row->called[benign[b]];
            if (row->class != HEP_CLASS_METASTASIS) {
                other += row->found;
                called_metastasis += row->called[HEP_CLASS_METASTASIS];
            }
        }
    }
    if (n > 0)
        hep_document_text(
            d,
            "Of %zu malignant lesions that were found, %zu are called a benign class. Of %zu "
            "malignant "
            "lesions other than metastases, which Hepar has no class of their own for, %zu are "
            "called metastasis.",
            n, called_benign, other, called_metastasis);
}

void hep_validation_classes(struct hep_document *d, const struct hep_validation *v)
{
    const struct hep_named_classes *named = &v->e->named;
    struct hep_table rows = hep_evaluated_named(named),
                     persons = hep_evaluated_named(&v->e->persons);

    hep_document_section(d, "classes", "Classes");
    rows.caption = "What the lesions of each class of the set are called";
    persons.caption = "What persons are called, by their largest finding";
    if (named->n_rows == 0) {
        hep_document_text(d, "%s", "The truth has no class of lesions by words of its own.");
    } else {
        hep_document_table(d, &rows, "");
        hep_document_row(d, "Agreement", hep_evaluated_agreement_columns(), named);
        hep_document_text(
            d, "%s",
            "Merged: words of the set that share a class of Hepar are one. Classes of the set: "
            "every "
            "word for itself; a called class stands for the most frequent word that has it, so "
            "a tool of fewer classes cannot reach 1. Published figures are of other lesions, of "
            "boxes that were given, and of methods that were trained on the set: a range to look "
            "at, not a competition.");
        malignant_text(d, v);
        beside_published(d, v, false);
    }
    if (v->e->persons.n_rows > 0) {
        hep_document_table(d, &persons, "");
        hep_document_row(d, "Agreement, persons", hep_evaluated_agreement_columns(),
                         &v->e->persons);
    }
}

/* ---- flags ----------------------------------------------------------------------------------- */

static const struct hep_column flag_columns[] = {
    { "flag", HEP_TEXT(struct hep_flag_count, flag), "Flag" },
    { "n", HEP_COUNT(struct hep_flag_count, n), "Lesions" },
    { "fraction", HEP_NUMBER(struct hep_flag_count, fraction), "Assessable", HEP_PERCENT(0) },
    { "present", HEP_COUNT(struct hep_flag_count, present), "Present" },
    { "reason", HEP_CHARS(struct hep_flag_count, reason), "A reason where it is not" },
    { 0 },
};
static const struct hep_column truth_columns[] = {
    { "flag", HEP_TEXT(struct hep_flag_figures, flag), "Flag" },
    { "n", HEP_COUNT(struct hep_flag_figures, n), "n" },
    { "sensitivity", HEP_SHARE(struct hep_flag_figures, sensitivity), "Sensitivity",
      HEP_PERCENT(0) },
    { "specificity", HEP_SHARE(struct hep_flag_figures, specificity), "Specificity",
      HEP_PERCENT(0) },
    { "area", HEP_BOOTSTRAP(struct hep_flag_figures, area), "Area", HEP_SIGNIFICANT(3) },
    { 0 },
};

void hep_validation_flags(struct hep_document *d, const struct hep_validation *v)
{
    struct hep_flag_count counts[HEP_FLAG_COUNT];
    struct hep_table table =
        HEP_TABLE("Flags of findings on true lesions", flag_columns, counts, HEP_FLAG_COUNT);
    struct hep_flag_figures all[HEP_FLAG_COUNT];
    size_t n = 0;

    hep_document_section(d, "flags", "Flags");
    if (!isfinite(v->facts->flag_fraction)) {
        hep_document_text(d, "%s", "No finding lies on a true lesion.");
        return;
    }
    hep_document_text(d,
                      "%.0f %% of all flags of findings on true lesions can be judged with the "
                      "series of this set.",
                      100.0 * v->facts->flag_fraction);
    for (int k = 0; k < HEP_FLAG_COUNT; k++) {
        counts[k] = v->facts->flag[k];
        if (v->anonymous) /* a reason may name a file */
            counts[k].reason[0] = '\0';
    }
    hep_document_table(d, &table, "");
    for (int k = 0; k < HEP_FLAG_COUNT; k++) {
        const struct hep_flag_figures *f = &v->e->result.flag[hep_flag_figures_at(
            (enum hep_flag)k, (enum hep_flag_truth)0, HEP_FLAG_SIZE_ALL)];

        if (f->n > 0)
            all[n++] = *f;
    }
    table = (struct hep_table)HEP_TABLE("Beside the truth", truth_columns, all, n);
    hep_document_table(d, &table, "The truth says nothing of flags.");
}

/* ---- liver, inventory ------------------------------------------------------------------------ */

void hep_validation_liver(struct hep_document *d, const struct hep_validation *v)
{
    size_t n = 0;

    hep_document_section(d, "liver", "Liver");
    for (size_t s = 0; s < v->e->n_studies; s++)
        n += v->e->study[s].has_liver;
    if (n == 0) {
        hep_document_text(d, "%s", "The truth holds no liver that a result stands beside.");
        return;
    }
    hep_document_text(d, "%zu livers beside a true one.", n);
    hep_document_row(d, "Liver", hep_evaluated_liver_columns(), &v->e->result);
    if (isfinite(v->e->rater[HEP_RATER_BOTH].dice.value))
        hep_document_row(d, "Beside two raters, and these beside one another",
                         hep_evaluated_rater_columns(), v->e);
    beside_published(d, v, true);
}

static const struct hep_column type_columns[] = {
    { "type", HEP_CHARS(struct hep_type_count, type), "Type that readers gave" },
    { "role", HEP_CHARS(struct hep_type_count, role), "Role" },
    { "found", HEP_CHARS(struct hep_type_count, found), "Found by the inventory" },
    { "n", HEP_COUNT(struct hep_type_count, n), "Series" },
    { 0 },
};

void hep_validation_inventory(struct hep_document *d, const struct hep_validation *v)
{
    const struct hep_table table =
        HEP_TABLE("Types of series", type_columns, v->facts->type, v->facts->n_types);

    hep_document_section(d, "inventory", "Inventory");
    if (v->facts->n_typed > 0)
        hep_document_text(d, "%zu of %zu series have the role that their type says (%.1f %%).",
                          v->facts->n_type_right, v->facts->n_typed,
                          100.0 * (double)v->facts->n_type_right / (double)v->facts->n_typed);
    hep_document_table(
        d, &table,
        "The truth names no type of a series that the inventory had to find: roles were told.");
}
