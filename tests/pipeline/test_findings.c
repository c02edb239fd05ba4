/* The product "findings": what is written to run.json and read back is the same struct. */
#include "support/support.h"

#include "pipeline/results/findings.h"

#include <math.h>
#include <stdlib.h>

/* Two findings with numbers that no decimal of nine digits is. */
static struct hep_found *made(void)
{
    struct hep_error e = { 0 };
    struct hep_found *f = hep_findings_new(&e);

    assert_non_null(f);
    f->findings.list = calloc(2, sizeof *f->findings.list);
    f->findings.n = 2;
    for (size_t i = 0; i < 2; i++) {
        struct hep_finding *one = &f->findings.list[i];

        one->id = (int32_t)i + 1;
        one->centre_mm[0] = 100.0 / 3.0;
        one->lesion_class = HEP_CLASS_CYST;
        one->class_probability[HEP_CLASS_CYST] = 1.0 / 7.0;
        one->class_probability[HEP_CLASS_FOCAL_FAT] = (double)NAN;
        (void)snprintf(one->class_reason[HEP_CLASS_FOCAL_FAT], 16, "no fat map");
        hep_measures_set(&one->measures, HEP_M_ADC, 1e-3 / 3.0);
        hep_measures_set(&one->measures, HEP_M_T2, HUGE_VAL);
        hep_flag_set(&one->flag[HEP_FLAG_WASHOUT], HEP_FLAG_PRESENT, 2.0 / 3.0, 0.9, "%s", "low");
        hep_flag_set_probability(&one->flag[HEP_FLAG_WASHOUT], 5.0 / 7.0);
        one->flag[HEP_FLAG_WASHOUT].se = one->flag[HEP_FLAG_WASHOUT].margin = 1.0 / 9.0;
        one->n_evidence = 1;
        one->evidence[0] = (struct hep_evidence_item){ "adc", "water", 1.0 / 3.0, 1e-3 / 7.0, "r" };
    }
    hep_measures_set(&f->liver.measures, HEP_M_Q_LSC, 11.0 / 9.0);
    hep_measures_set(&f->liver.measures, HEP_M_FLIS_TOTAL, 4.0);
    (void)snprintf(f->liver.sir_vessel, sizeof f->liver.sir_vessel, "portal vein");
    hep_findings_settle(&f->findings);
    hep_measures_settle(&f->liver.measures);
    return f;
}

static void assert_same(double a, double b)
{
    assert_true((isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0);
}

static void assert_same_measures(const struct hep_measures *a, const struct hep_measures *b)
{
    for (int m = 0; m < HEP_MEASURE_COUNT; m++) {
        assert_int_equal(a->has[m], b->has[m]);
        if (a->has[m])
            assert_same(a->value[m], b->value[m]);
    }
}

static void test_same_struct(void **state)
{
    struct hep_error e = { 0 };
    struct hep_found *a = made(), *b = hep_findings_new(&e);
    struct hep_json *o = NULL;

    (void)state;
    assert_ok(hep_struct_json(&o, a, &hep_findings_type, true, &e), e);
    assert_ok(hep_struct_read(b, &hep_findings_type, o, &e), e);
    hep_json_free(o); /* nothing is borrowed from it */
    assert_int_equal(b->findings.n, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct hep_finding *x = &a->findings.list[i], *y = &b->findings.list[i];

        assert_int_equal(x->id, y->id);
        assert_same(x->centre_mm[0], y->centre_mm[0]);
        assert_same_measures(&x->measures, &y->measures);
        for (int c = 0; c < HEP_CLASS_COUNT; c++) {
            assert_same(x->class_probability[c], y->class_probability[c]);
            assert_string_equal(x->class_reason[c], y->class_reason[c]);
        }
        assert_same(x->flag[HEP_FLAG_WASHOUT].value, y->flag[HEP_FLAG_WASHOUT].value);
        assert_same(x->flag[HEP_FLAG_WASHOUT].probability, y->flag[HEP_FLAG_WASHOUT].probability);
        assert_same(x->flag[HEP_FLAG_WASHOUT].se, y->flag[HEP_FLAG_WASHOUT].se);
        assert_same(x->flag[HEP_FLAG_WASHOUT].margin, y->flag[HEP_FLAG_WASHOUT].margin);
        assert_same(x->evidence[0].log_lr, y->evidence[0].log_lr);
        assert_same(x->evidence[0].value, y->evidence[0].value);
        assert_string_equal(x->evidence[0].name, y->evidence[0].name);
    }
    assert_true(isnan(hep_finding_get(&b->findings.list[0], HEP_M_T2)));
    assert_same_measures(&a->liver.measures, &b->liver.measures);
    assert_string_equal(b->liver.sir_vessel, "portal vein");
    hep_struct_release(a, &hep_findings_type);
    hep_struct_release(b, &hep_findings_type);
    free(a);
    free(b);
}

/* What cannot be a finding is refused with its place, so that the stage runs again. */
static void test_refused(void **state)
{
    static const char text[] = "{\"flag_table\": \"f\", \"flag_table_sha256\": \"0\", "
                               "\"evidence_table\": \"e\", \"evidence_table_sha256\": \"0\", "
                               "\"detection_table\": \"d\", \"detection_table_sha256\": \"0\", "
                               "\"arterial_weight\": 1, \"rejected_candidates\": [], "
                               "\"lesions\": [{\"id\": 1}, {\"id\": 1}], \"liver\": {}}";
    struct hep_error e = { 0 };
    struct hep_found *f = hep_findings_new(&e);
    struct hep_json *o = NULL;

    (void)state;
    assert_ok(hep_json_parse(&o, text, sizeof text - 1, "x", &e), e);
    assert_fails(hep_struct_read(f, &hep_findings_type, o, &e), e, HEP_EFORMAT,
                 "two lesions have the id 1");
    assert_null(f->findings.list);
    hep_json_free(o);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_same_struct),
                                        cmocka_unit_test(test_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
