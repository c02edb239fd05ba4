/* Findings through JSON and back; rows of flags, limits and classes. What a damaged file is told is
 * tested with the files, in batch/test_evaluate_files.c. */
#include "support/support.h"

#include "base/alloc.h"
#include "terms/finding_json.h"
#include "terms/flag_limits.h"

#include <math.h>

static struct hep_finding finding(void)
{
    struct hep_finding f = { .id = 3, .key = "R10P0S40", .centre_mm = { 10.5, -2, 37.25 } };

    f.lesion_class = HEP_CLASS_FNH_LIKE;
    f.class_probability[HEP_CLASS_FNH_LIKE] = 0.75;
    f.class_probability[HEP_CLASS_METASTASIS] = 0.25;
    hep_measures_set(&f.measures, HEP_M_VOLUME, 2.385);
    hep_measures_set(&f.measures, HEP_M_LONG_AXIS, 17.5);
    hep_measures_set(&f.measures, HEP_M_P_METASTASIS, 0.25);
    hep_measures_set(&f.measures, HEP_M_ADC, 1.07e-3);
    hep_measures_set(&f.measures, HEP_M_RTE_MUSCLE, (double)NAN);
    hep_measures_set(&f.measures, hep_measure_of_phase(HEP_MF_RATIO, HEP_PHASE_ARTERIAL), 1.3);
    hep_flag_set(&f.flag[HEP_FLAG_WASHOUT], HEP_FLAG_ABSENT, 0.97, 0.9, "%.2f of liver", 0.97);
    hep_flag_set_probability(&f.flag[HEP_FLAG_WASHOUT], 0.04);
    f.flag[HEP_FLAG_WASHOUT].se = 0.02;
    f.flag[HEP_FLAG_WASHOUT].margin = -0.075;
    f.flag[HEP_FLAG_WASHOUT].margin_se = 0.021;
    f.flag[HEP_FLAG_WASHOUT].size_voxels = 4.5;
    hep_flag_cannot(&f.flag[HEP_FLAG_FAT], "no %s", "fat fraction");
    f.evidence[0] = (struct hep_evidence_item){ HEP_EVIDENCE_PRIOR, "prior", -0.5, 0.1, "why" };
    f.evidence[1] = (struct hep_evidence_item){ "adc", "water", 1.25, (double)NAN, "low" };
    f.n_evidence = 2;
    return f;
}

/* The documented members of a flag. */
static const char *const flag_members[] = { "state", "probability", "certain", "value",
                                            "se",    "limit",       "unit",    "reason" };
#define N_FLAG_MEMBERS (sizeof flag_members / sizeof flag_members[0])

static double number(const struct hep_json *o, const char *a, const char *b)
{
    return hep_json_number(b == NULL ? hep_json_get(o, a) : hep_json_get(hep_json_get(o, a), b));
}

static const char *text(const struct hep_json *o, const char *a, const char *b)
{
    return hep_json_string(hep_json_get(hep_json_get(o, a), b));
}

/* The members of every lesion are there also where a lesion was found and has no label of the user's. */
static void test_members(void **state)
{
    static const char *const members[] = { "id",
                                           "origin",
                                           "given_label",
                                           "given_name",
                                           "centre_mm",
                                           "measurements",
                                           "flags",
                                           "class",
                                           "evidence",
                                           "class_probabilities",
                                           "volume_ml",
                                           "long_axis_mm",
                                           "probability_metastasis" };
    struct hep_finding f = finding();
    struct hep_error e = { 0 };
    struct hep_put put = { HEP_OK, &e };
    struct hep_json *found = hep_finding_json(&put, &f), *given;

    (void)state;
    f.origin = HEP_ORIGIN_GIVEN;
    f.given_label = 7;
    (void)snprintf(f.given_name, sizeof f.given_name, "segment 4");
    given = hep_finding_json(&put, &f);
    assert_ok(put.rc, e);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (hep_json_type(hep_json_get(found, members[i])) == HEP_JSON_MISSING)
            fail_msg("a found lesion has no member %s", members[i]);
    assert_int_equal(hep_json_type(hep_json_get(found, "given_label")), HEP_JSON_NULL);
    assert_int_equal(hep_json_type(hep_json_get(found, "given_name")), HEP_JSON_NULL);
    assert_close(number(given, "given_label", NULL), 7.0, 0.0, 0.0);
    assert_string_equal(hep_json_string(hep_json_get(given, "given_name")), "segment 4");
    hep_json_free(found);
    hep_json_free(given);
}

/* The documented form. */
static void test_written(void **state)
{
    const struct hep_finding f = finding();
    struct hep_error e = { 0 };
    struct hep_put put = { HEP_OK, &e };
    struct hep_json *o = hep_finding_json(&put, &f);
    const struct hep_json *m = hep_json_get(o, "measurements"), *flags = hep_json_get(o, "flags");

    (void)state;
    assert_ok(put.rc, e);
    assert_close(number(o, "volume_ml", NULL), 2.385, 0, 0);
    assert_close(number(m, "adc_mm2_per_s", "value"), 1.07e-3, 0, 0);
    assert_string_equal(text(m, "adc_mm2_per_s", "unit"), "mm2/s");
    assert_close(number(m, "arterial_ratio", "value"), 1.3, 0, 0);
    assert_int_equal(hep_json_type(hep_json_get(hep_json_get(m, "rte_muscle"), "value")),
                     HEP_JSON_NULL);
    assert_int_equal(hep_json_size(m), 3);
    assert_int_equal(hep_json_size(flags), 2);
    assert_string_equal(text(flags, "washout", "state"), "absent");
    assert_string_equal(text(flags, "washout", "reason"), "0.97 of liver");
    assert_int_equal(hep_json_size(hep_json_get(flags, "washout")), N_FLAG_MEMBERS);
    for (size_t i = 0; i < N_FLAG_MEMBERS; i++)
        assert_int_not_equal(
            hep_json_type(hep_json_get(hep_json_get(flags, "washout"), flag_members[i])),
            HEP_JSON_MISSING);
    assert_close(number(flags, "washout", "probability"), 0.04, 0, 0);
    assert_true(hep_json_bool(hep_json_get(hep_json_get(flags, "washout"), "certain"), false));
    assert_close(number(flags, "washout", "se"), 0.02, 0, 0);
    assert_int_equal(hep_json_size(hep_json_get(o, "flag_margins")), 1);
    assert_close(number(hep_json_get(o, "flag_margins"), "washout", "size_voxels"), 4.5, 0, 0);
    assert_int_equal(hep_json_type(hep_json_get(hep_json_get(flags, "fat"), "probability")),
                     HEP_JSON_NULL);
    assert_string_equal(text(flags, "fat", "state"), "not_assessable");
    assert_string_equal(text(flags, "fat", "unit"), "1");
    assert_string_equal(hep_json_string(hep_json_get(o, "class")), "fnh_like");
    assert_close(number(o, "class_probabilities", "fnh_like"), 0.75, 0, 0);
    hep_json_free(o);
}

static void test_read_back(void **state)
{
    struct hep_finding one = finding();
    const struct hep_findings written = { .list = &one, .n = 1 };
    struct hep_findings read = { 0 };
    struct hep_error e = { 0 };
    struct hep_put put = { HEP_OK, &e };
    struct hep_json *root = hep_json_new_object();
    const struct hep_finding *f;

    (void)state;
    /* The second truth of a simulated lesion: all flags or none. */
    for (int k = 0; k < HEP_FLAG_COUNT; k++)
        hep_flag_set(&one.visible[k], k % 2 ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, 0.5, 0.9, "seen");
    hep_put(&put, root, "lesions", hep_findings_json(&put, &written));
    assert_ok(put.rc, e);
    assert_ok(hep_findings_read(&read, hep_json_get(root, "lesions"), "x.json", &e), e);
    assert_int_equal(read.n, 1);
    f = &read.list[0];
    assert_int_equal(f->id, 3);
    assert_string_equal(f->key, "R10P0S40");
    assert_close(f->centre_mm[2], 37.25, 0, 0);
    for (int m = 0; m < HEP_MEASURE_COUNT; m++) {
        assert_int_equal(f->measures.has[m], one.measures.has[m]);
        if (one.measures.has[m])
            assert_close(f->measures.value[m], one.measures.value[m], 0, 0);
    }
    for (int k = 0; k < HEP_FLAG_COUNT; k++) {
        assert_int_equal(f->flag[k].given, one.flag[k].given);
        assert_int_equal(f->flag[k].state, one.flag[k].state);
        assert_int_equal(f->flag[k].certain, one.flag[k].certain);
        assert_string_equal(f->flag[k].reason, one.flag[k].reason);
        assert_true(f->visible[k].given);
        assert_int_equal(f->visible[k].state, k % 2 ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT);
    }
    assert_close(f->flag[HEP_FLAG_WASHOUT].probability, 0.04, 0, 0);
    assert_close(f->flag[HEP_FLAG_WASHOUT].se, 0.02, 0, 0);
    assert_close(f->flag[HEP_FLAG_WASHOUT].margin, -0.075, 0, 0);
    assert_close(f->flag[HEP_FLAG_WASHOUT].margin_se, 0.021, 0, 0);
    assert_close(f->flag[HEP_FLAG_WASHOUT].size_voxels, 4.5, 0, 0);
    assert_true(isnan(f->flag[HEP_FLAG_FAT].probability));
    assert_int_equal(f->lesion_class, HEP_CLASS_FNH_LIKE);
    assert_close(f->class_probability[HEP_CLASS_METASTASIS], 0.25, 0, 0);
    assert_int_equal(f->n_evidence, 2);
    assert_string_equal(f->evidence[1].group, "water");
    assert_close(hep_finding_prior(f), 0.1, 0, 0);
    assert_close(hep_finding_diameter_mm(f), 17.5, 0, 0);
    hep_findings_release(&read);
    hep_json_free(root);
}

/* A probability decides: present from one half, certain from nine tenths either way. */
static void test_probability(void **state)
{
    static const struct {
        double probability;
        enum hep_flag_state state;
        bool certain;
    } cases[] = { { 0.0, HEP_FLAG_ABSENT, true },    { 0.1, HEP_FLAG_ABSENT, true },
                  { 0.101, HEP_FLAG_ABSENT, false }, { 0.499, HEP_FLAG_ABSENT, false },
                  { 0.5, HEP_FLAG_PRESENT, false },  { 0.899, HEP_FLAG_PRESENT, false },
                  { 0.9, HEP_FLAG_PRESENT, true },   { 1.0, HEP_FLAG_PRESENT, true } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hep_flag_result flag = { 0 };

        hep_flag_set_probability(&flag, cases[i].probability);
        assert_int_equal(flag.state, cases[i].state);
        assert_int_equal(flag.certain, cases[i].certain);
    }
}

/* Measures that are no number name themselves. */
static void test_bad_measure(void **state)
{
    static const char doc[] = "{\"lesions\": [{}, {\"measurements\": {\"rte_muscle\": {\"value\": "
                              "\"much\"}}}]}";
    struct hep_findings read = { 0 };
    struct hep_json *root = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_json_parse(&root, doc, sizeof doc - 1, "x.json", &e), e);
    assert_fails(hep_findings_read(&read, hep_json_get(root, "lesions"), "x.json", &e), e,
                 HEP_EFORMAT, "x.json: lesions[1].rte_muscle: a text instead of a number");
    assert_null(read.list);
    for (long at = 1; at <= 2; at++) {
        hep_alloc_fail_at(at);
        assert_int_not_equal(hep_findings_read(&read, hep_json_get(root, "lesions"), "x.json", &e),
                             HEP_OK);
        hep_alloc_fail_at(0);
        assert_null(read.list);
        e = (struct hep_error){ 0 };
    }
    hep_json_free(root);
}

/* The liver: whole numbers, yes and no, a part of its own, and the median of statistics. */
static void test_liver(void **state)
{
    static const char maps[] = "{\"re_arterial\": {\"median\": 0.5, \"iqr\": 0.1}}";
    struct hep_measures m = { 0 }, back = { 0 };
    struct hep_error e = { 0 };
    struct hep_put put = { HEP_OK, &e };
    struct hep_json *o = hep_json_new_object(), *flis = hep_json_new_object(), *stats = NULL;

    (void)state;
    hep_measures_set(&m, HEP_M_DIFFUSE_ALARM, 1.0);
    hep_measures_set(&m, HEP_M_FLIS_TOTAL, 4.0);
    hep_measures_set(&m, HEP_M_FLIS_EXCRETION, (double)NAN);
    hep_measures_put(&put, o, HEP_SUBJECT_LIVER, HEP_FORM_MEMBER, NULL, &m);
    hep_measures_put(&put, flis, HEP_SUBJECT_LIVER, HEP_FORM_MEMBER, "flis_proxy", &m);
    hep_put(&put, o, "flis_proxy", flis);
    assert_ok(put.rc, e);
    assert_true(hep_json_bool(hep_json_get(o, "diffuse_alarm"), false));
    assert_int_equal(hep_json_size(o), 2);
    assert_close(number(o, "flis_proxy", "total"), 4, 0, 0);
    assert_ok(hep_measures_read(&back, HEP_SUBJECT_LIVER, HEP_FORM_MEMBER, o, "x", &e), e);
    assert_close(hep_measures_get(&back, HEP_M_DIFFUSE_ALARM), 1, 0, 0);
    assert_close(hep_measures_get(&back, HEP_M_FLIS_TOTAL), 4, 0, 0);
    assert_true(back.has[HEP_M_FLIS_EXCRETION] && !back.has[HEP_M_Q_LSC]);
    assert_ok(hep_json_parse(&stats, maps, sizeof maps - 1, "x", &e), e);
    assert_ok(hep_measures_read(&back, HEP_SUBJECT_LIVER, HEP_FORM_STATISTICS, stats, "x", &e), e);
    assert_close(hep_measures_get(&back, hep_measure_of_phase(HEP_M_LIVER_RE, HEP_PHASE_ARTERIAL)),
                 0.5, 0, 0);
    hep_json_free(stats);
    hep_json_free(o);
}

static void test_rows(void **state)
{
    (void)state;
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const struct hep_flag_row *row = hep_flag_row((enum hep_flag)i);

        assert_true((row->needs | row->needs_one_of) != 0 && row->settings[0] != '\0');
        assert_int_equal(row->meaning[strlen(row->meaning) - 1], '.');
        assert_int_equal(row->truth[strlen(row->truth) - 1], '.');
    }
    assert_int_equal(hep_flag_row(HEP_FLAG_RESTRICTED_DIFFUSION)->needs,
                     1U << HEP_IMAGE_B_HIGH | 1U << HEP_IMAGE_ADC);
    assert_int_equal(hep_flag_state_from_name("present"), HEP_FLAG_PRESENT);
    assert_int_equal(hep_flag_state_from_name("yes"), HEP_FLAG_STATES);
    /* Mungai et al., Medicine 2014: 1.066e-3; the shine-through limit 1.5e-3. */
    assert_close(hep_flag_limits_default.restriction_adc_max_mm2_per_s, 1.1e-3, 0, 0);
    assert_close(hep_flag_limits_default.shine_adc_min_mm2_per_s, 1.5e-3, 0, 0);
    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        assert_int_equal(hep_class_from_name(hep_class_name((enum hep_lesion_class)c)), c);
    assert_string_equal(hep_class_row(HEP_CLASS_METASTASIS)->many, "metastases");
    assert_string_equal(hep_class_did_you_mean("hemangioma"), "haemangioma");
}

/* By hand: halves round away from 0; of two in one cell the first of the list keeps the plain key, whatever their ids. */
static void test_keys(void **state)
{
    struct hep_finding list[] = {
        { .id = 1, .centre_mm = { 82.4, -14.9, 1034.0 } },
        { .id = 2, .centre_mm = { -3.0, 25.0, -96.0 } },
        { .id = 3, .centre_mm = { 78.0, -9.0, 1026.0 } },
        { .id = 4, .centre_mm = { (double)NAN, 0.0, 0.0 } },
        { .id = 5, .centre_mm = { 80.0, -10.0, 1030.0 } },
        { .id = 6, .centre_mm = { (double)NAN, 0.0, 0.0 } },
        { .id = 7, .centre_mm = { -99999.0, -99999.0, -99999.0 } },
    };
    static const char *const keys[] = { "R80P10S1030",   "R0A30I100", "R80P10S1030-2",        "",
                                        "R80P10S1030-3", "",          "L100000P100000I100000" };
    struct hep_findings all = { list, 7 }, without_second = { &list[2], 5 };

    (void)state;
    hep_findings_set_keys(&all);
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(list[i].key, keys[i]);
    /* Ids are others and two lesions are gone; a change of half a millimetre is none of the key. */
    for (size_t i = 2; i < 7; i++) {
        list[i].id -= 2;
        list[i].centre_mm[1] += 0.5;
    }
    hep_findings_set_keys(&without_second);
    assert_string_equal(list[2].key, "R80P10S1030");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),     cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_bad_measure), cmocka_unit_test(test_liver),
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_probability),
        cmocka_unit_test(test_keys),        cmocka_unit_test(test_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
