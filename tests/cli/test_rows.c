/* What a row of the dictionary gives, listed by hand: member of lesions.json, column of lesions.tsv
 * and entry of its data dictionary, row of measures.tsv, line of the reference. A form that forgets a
 * row fails. */
#include "support/support.h"

#include "base/file.h"
#include "cli/manual.h"
#include "report/lesions_tsv.h"
#include "terms/finding_json.h"

struct forms {
    struct hep_json *document, *dictionary;
    struct hep_str reference;
    struct hep_table measures;
};

/* All forms of a finding that has every measure and every flag. */
static void make(struct forms *to)
{
    struct hep_error e = { 0 };
    struct hep_put put = { HEP_OK, &e };
    struct hep_finding one = { .id = 1, .lesion_class = HEP_CLASS_CYST };
    const struct hep_findings findings = { .list = &one, .n = 1 };
    const struct hep_study_findings study = { "sub-1", &findings };
    struct hep_table table = { 0 };

    for (int m = 0; m < HEP_MEASURE_COUNT; m++)
        hep_measures_set(&one.measures, (enum hep_measure)m, 1.0);
    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        hep_flag_cannot(&one.flag[i], "no image");
    *to = (struct forms){ .document = hep_json_new_object() };
    hep_put(&put, to->document, "lesions", hep_findings_json(&put, &findings));
    assert_ok(hep_lesions_table(&table, &study, 1, true, &e), e);
    to->dictionary = hep_table_dictionary(&put, &table);
    hep_table_release(&table);
    assert_ok(hep_measures_table(&to->measures, &findings, &e), e);
    hep_manual_measures(&to->reference);
    assert_ok(put.rc, e);
    assert_false(to->reference.failed);
}

static void release(struct forms *f)
{
    hep_table_release(&f->measures);
    hep_json_free(f->document);
    hep_json_free(f->dictionary);
    hep_str_release(&f->reference);
}

static bool has_line(const struct forms *f, const char *name)
{
    char line[96];

    (void)snprintf(line, sizeof line, "\n| `%s` | ", name);
    return strstr(f->reference.s, line) != NULL;
}

static bool is_at(const struct hep_table *t, size_t row, const struct hep_measure_place *place)
{
    const char *map = hep_table_value(t, &t->columns[2], row).text;

    return strcmp(hep_table_value(t, &t->columns[1], row).text, place->region) == 0 &&
           strcmp(map, place->map) == 0 &&
           strcmp(hep_table_value(t, &t->columns[3], row).text, place->statistic) == 0;
}

static void test_measures(void **state)
{
    struct forms f;
    struct hep_measure_place place;
    const struct hep_json *lesion;
    size_t in_rows;

    (void)state;
    make(&f);
    lesion = hep_json_at(hep_json_get(f.document, "lesions"), 0);
    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;
        const struct hep_measure_row *row = hep_measure_row(m);
        const struct hep_json *in =
            row->form == HEP_FORM_VALUE ? hep_json_get(lesion, "measurements") : lesion;

        if (!has_line(&f, row->name))
            fail_msg("%s has no line in the reference", row->name);
        if (row->subject != HEP_SUBJECT_LESION)
            continue;
        if (hep_json_get(in, hep_measure_name(m)) == NULL)
            fail_msg("%s is no member of lesions.json", hep_measure_name(m));
        if (row->is_main != (hep_json_get(f.dictionary, hep_measure_column(m)) != NULL))
            fail_msg("%s: main or not, and its column is not so", hep_measure_column(m));
        place = hep_measure_place(m);
        in_rows = 0;
        for (size_t k = 0; k < f.measures.n; k++)
            in_rows += is_at(&f.measures, k, &place);
        if (in_rows != (strcmp(place.statistic, "n") != 0 && strcmp(place.statistic, "se") != 0))
            fail_msg("%s has %zu rows of measures.tsv", hep_measure_name(m), in_rows);
    }
    release(&f);
}

static void test_flags(void **state)
{
    struct forms f;
    const struct hep_json *flags;

    (void)state;
    make(&f);
    flags = hep_json_get(hep_json_at(hep_json_get(f.document, "lesions"), 0), "flags");
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const char *name = hep_flag_name((enum hep_flag)i);

        if (hep_json_get(flags, name) == NULL || hep_json_get(f.dictionary, name) == NULL ||
            !has_line(&f, name))
            fail_msg("%s lacks its member, its column or its line", name);
    }
    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        assert_true(has_line(&f, hep_class_name((enum hep_lesion_class)c)));
    release(&f);
}

/* Of one measure, all its words. */
static void test_entry(void **state)
{
    struct forms f;
    const struct hep_json *adc;

    (void)state;
    make(&f);
    adc = hep_json_get(f.dictionary, "adc_mm2_per_s");
    assert_string_equal(hep_json_string(hep_json_get(adc, "LongName")), "ADC");
    assert_string_equal(hep_json_string(hep_json_get(adc, "Units")), "mm2/s");
    assert_non_null(strstr(hep_json_string(hep_json_get(adc, "Description")), "local signal loss"));
    assert_non_null(strstr(f.reference.s, "DCM 113041"));
    release(&f);
}

/* docs/reference-measures.md is what the program prints; HEP_UPDATE writes it. */
static void test_reference(void **state)
{
    static const char path[] = HEP_CONFIGS "/../docs/reference-measures.md";
    struct hep_error e = { 0 };
    struct hep_str want = { 0 };
    char *have = NULL;
    size_t n = 0;

    (void)state;
    hep_manual_measures(&want);
    if (getenv("HEP_UPDATE"))
        assert_ok(hep_file_write(path, want.s, want.len, &e), e);
    assert_ok(hep_file_read(&have, &n, path, (size_t)1 << 20, &e), e);
    assert_string_equal(have, want.s);
    free(have);
    hep_str_release(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_entry),
        cmocka_unit_test(test_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
