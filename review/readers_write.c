#include "review/readers.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/table.h"

#include <math.h>
#include <stdlib.h>

#define S struct hep_agreed
static const struct hep_column agreed_columns[] = {
    { "what", HEP_TEXT(S, what), "Question",
      .meaning = "lesion: is it one? over all that were found or added; class and flags over those "
                 "that both kept" },
    { "n", HEP_COUNT(S, rated.n), "Lesions", .meaning = "Lesions with two answers" },
    { "left_out", HEP_COUNT(S, left_out), "Left out",
      .meaning = "Lesions that one reader did not answer or could not say" },
    { "same", HEP_COUNT(S, rated.same), "Same", .meaning = "Lesions with the same answer twice" },
    { "share", HEP_NUMBER(S, rated.share), "Share", "1", HEP_PERCENT(0),
      "Share of lesions with the same answer" },
    { "kappa", HEP_INTERVAL(S, rated.kappa), "Kappa (95 %)", "1", HEP_DECIMALS(2),
      "Cohen's kappa with its 95 % interval; none where both gave one answer throughout" },
    { 0 },
};
#undef S

struct row {
    const char *study;
    int id[2];
    const char *class_of[2];
    double dice, diameter_mm[2], volume_ml[2];
};
#define S struct row
static const struct hep_column row_columns[] = {
    { "study", HEP_TEXT(S, study), .meaning = "Label of the study" },
    { "first_id", HEP_INTEGER(S, id[0]),
      .meaning = "Number in the first reader's label map; none: not kept" },
    { "second_id", HEP_INTEGER(S, id[1]), .meaning = "The same of the second reader" },
    { "first_class", HEP_TEXT(S, class_of[0]), .meaning = "Class of the first reader" },
    { "second_class", HEP_TEXT(S, class_of[1]), .meaning = "Class of the second reader" },
    { "dice", HEP_NUMBER(S, dice), .unit = "1", .meaning = "Of the two outlines" },
    { "first_diameter_mm", HEP_NUMBER(S, diameter_mm[0]), .unit = "mm",
      .meaning = "Longest axial diameter of the first reader's outline" },
    { "second_diameter_mm", HEP_NUMBER(S, diameter_mm[1]), .unit = "mm",
      .meaning = "The same of the second reader" },
    { "first_volume_ml", HEP_NUMBER(S, volume_ml[0]), .unit = "mL",
      .meaning = "Volume of the first reader's outline" },
    { "second_volume_ml", HEP_NUMBER(S, volume_ml[1]), .unit = "mL",
      .meaning = "The same of the second reader" },
    { 0 },
};
#undef S

static struct hep_table agreed_table(const struct hep_readers *r)
{
    return (struct hep_table)HEP_TABLE("Agreement of the two readers", agreed_columns, r->agreed,
                                       HEP_AGREED_MAX);
}

void hep_readers_text(struct hep_str *out, const struct hep_readers *r)
{
    const struct hep_table t = agreed_table(r);
    const struct hep_agreement *d = &r->diameter;

    hep_str_addf(out, "%s and %s: %zu studies, %zu lesions, %zu kept by both\n", r->names[0],
                 r->names[1], r->n, r->n_pairs, r->n_both);
    hep_table_text(out, &t);
    if (isfinite(r->dice[0]))
        hep_str_addf(out, "Dice of outlines: median %.2f, quartiles %.2f to %.2f\n", r->dice[0],
                     r->dice[1], r->dice[2]);
    if (isfinite(d->upper))
        hep_str_addf(out,
                     "Long diameter, %s minus %s: bias %.1f mm (%.1f to %.1f), limits of "
                     "agreement %.1f to %.1f mm, n %zu\n",
                     r->names[1], r->names[0], d->bias, d->bias_lo, d->bias_hi, d->lower, d->upper,
                     d->n);
}

static void fill(struct row *row, const struct hep_read_study *s, const struct hep_read_pair *p)
{
    *row = (struct row){ .study = s->label, .dice = p->dice };
    for (int k = 0; k < 2; k++) {
        const struct hep_finding *f = p->of[k];

        row->id[k] = f != NULL ? (int)f->id : HEP_NO_INTEGER;
        row->class_of[k] = f != NULL && f->lesion_class != HEP_CLASS_COUNT
                               ? hep_class_name(f->lesion_class)
                               : NULL;
        row->diameter_mm[k] = f != NULL ? hep_finding_diameter_mm(f) : (double)NAN;
        row->volume_ml[k] = f != NULL ? hep_finding_get(f, HEP_M_VOLUME) : (double)NAN;
    }
}

static int make_document(struct hep_json **out, const struct hep_readers *r,
                         const struct hep_table *table, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object(), *d = hep_json_new_object(),
                    *names = hep_json_new_array();

    for (int k = 0; k < 2; k++)
        hep_put_item(&put, names, hep_json_new_string(r->names[k]));
    hep_put(&put, o, "readers", names);
    hep_put_count(&put, o, "studies", r->n);
    hep_put_count(&put, o, "lesions", r->n_pairs);
    hep_put_count(&put, o, "kept_by_both", r->n_both);
    hep_put(&put, o, "agreement", hep_table_json(&put, table));
    hep_put_numbers(&put, o, "dice_median_quartiles", r->dice, 3);
    hep_put_count(&put, d, "n", r->diameter.n);
    hep_put_number(&put, d, "bias_mm", r->diameter.bias);
    hep_put_numbers(&put, d, "bias_95",
                    (const double[]){ r->diameter.bias_lo, r->diameter.bias_hi }, 2);
    hep_put_numbers(&put, d, "limits_mm", (const double[]){ r->diameter.lower, r->diameter.upper },
                    2);
    hep_put(&put, o, "long_diameter", d);
    hep_table_describe(&put, o, table);
    return hep_put_done(&put, out, o);
}

static int write_lesions(const struct hep_readers *r, const char *folder, struct hep_error *err)
{
    struct row *rows = NULL;
    size_t n = 0;
    int rc = HEP_NEW(rows, r->n_pairs + 1, err);

    for (size_t s = 0; rc == HEP_OK && s < r->n; s++) {
        for (size_t i = 0; i < r->study[s].n; i++)
            fill(&rows[n++], &r->study[s], &r->study[s].pair[i]);
    }
    if (rc == HEP_OK) {
        const struct hep_table t = HEP_TABLE(NULL, row_columns, rows, n);

        rc = hep_table_write(folder, "readers_lesions", &t, err);
    }
    free(rows);
    return rc;
}

int hep_readers_write(const struct hep_readers *r, const char *folder, struct hep_error *err)
{
    const struct hep_table table = agreed_table(r);
    struct hep_json *doc = NULL;
    struct hep_str tsv = { 0 };
    int rc = hep_mkdir_p(folder, err);

    if (rc == HEP_OK)
        rc = make_document(&doc, r, &table, err);
    hep_table_tsv(&tsv, &table);
    if (rc == HEP_OK)
        rc = hep_str_write(&tsv, folder, "agreement.tsv", err);
    if (rc == HEP_OK)
        rc = hep_json_write_in(folder, "agreement.json", doc, err);
    if (rc == HEP_OK)
        rc = write_lesions(r, folder, err);
    hep_str_release(&tsv);
    hep_json_free(doc);
    return rc;
}
