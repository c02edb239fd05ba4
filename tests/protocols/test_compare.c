/* Comparison of protocols: three hand-made studies with known losses, and the published figures. */
#include "support/support.h"

#include "base/file.h"
#include "protocols/compare.h"

#include <math.h>
#include <stdlib.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- paired statistics ----------------------------------------------------------------------- */

/* Three patients; lesions: class, size, and whether the full and the variant protocol find them and
 * call them metastasis. */
static const struct {
    size_t study;
    double mm;
    enum hep_lesion_class class;
    bool full, full_called, variant, variant_called;
} lesions[] = {
    { 0, 6.0, HEP_CLASS_METASTASIS, true, true, false, false },
    { 0, 15.0, HEP_CLASS_METASTASIS, true, true, true, true },
    { 0, 25.0, HEP_CLASS_CYST, true, false, true, true },
    { 1, 8.0, HEP_CLASS_METASTASIS, true, true, true, false },
    { 1, 12.0, HEP_CLASS_METASTASIS, true, true, true, true },
    { 1, 4.0, HEP_CLASS_METASTASIS, false, false, false, false },
    { 2, 7.0, HEP_CLASS_METASTASIS, true, true, false, false },
    { 2, 30.0, HEP_CLASS_HAEMANGIOMA, false, false, true, false },
};
#define N_LESIONS N_OF(lesions)

struct hand_made {
    struct hep_eval_study studies[3];
    struct hep_eval_lesion lesions[N_LESIONS];
    struct hep_eval_finding findings[N_LESIONS + 2];
    struct hep_eval_data data;
};

/* The full protocol has one false positive in study 2; the variant two in study 0. */
static void make_side(struct hand_made *h, bool variant)
{
    size_t n = 0;

    (void)memset(h, 0, sizeof *h);
    for (size_t s = 0; s < 3; s++)
        h->studies[s] = (struct hep_eval_study){ .patient = s, .has_findings = true };
    for (size_t l = 0; l < N_LESIONS; l++) {
        bool found = variant ? lesions[l].variant : lesions[l].full;
        bool called = variant ? lesions[l].variant_called : lesions[l].full_called;

        h->lesions[l] = (struct hep_eval_lesion){ .study = lesions[l].study,
                                                  .finding = found ? n : HEP_NO_MATCH,
                                                  .diameter_mm = lesions[l].mm,
                                                  .class = lesions[l].class };
        if (found)
            h->findings[n++] =
                (struct hep_eval_finding){ .study = lesions[l].study,
                                           .lesion = l,
                                           .fate = HEP_FATE_TRUE,
                                           .class = called ? HEP_CLASS_METASTASIS : HEP_CLASS_OTHER,
                                           .probability = called ? 0.9 : 0.1 };
    }
    for (size_t k = 0; k < (variant ? 2 : 1); k++)
        h->findings[n++] = (struct hep_eval_finding){ .study = variant ? 0 : 2,
                                                      .lesion = HEP_NO_MATCH,
                                                      .fate = HEP_FATE_FALSE,
                                                      .class = HEP_CLASS_OTHER,
                                                      .probability = 0.2 };
    h->data = (struct hep_eval_data){ h->studies, 3, h->lesions, N_LESIONS, h->findings, n, 3 };
}

static void test_paired(void **state)
{
    struct hand_made full, variant;
    const struct hep_paired_task *t;
    struct hep_paired p, again;
    struct hep_error e = { 0 };

    (void)state;
    make_side(&full, false);
    make_side(&variant, true);
    assert_ok(hep_paired(&p, &full.data, &variant.data, 500, 7, &e), e);
    t = &p.task[HEP_TASK_DETECTION];
    assert_int_equal(t->both, 4);
    assert_int_equal(t->only_full, 2);
    assert_int_equal(t->only_variant, 1);
    assert_int_equal(t->neither, 1);
    assert_close(t->p, 1.0, 1e-12, 0.0); /* two against one of three */
    assert_close(t->full.value, 6.0 / 8.0, 1e-12, 0.0);
    assert_close(t->variant.value, 5.0 / 8.0, 1e-12, 0.0);
    assert_close(t->difference.value, -1.0 / 8.0, 1e-12, 0.0);
    assert_close(t->false_full.value, 1.0 / 3.0, 1e-12, 0.0);
    assert_close(t->false_variant.value, 2.0 / 3.0, 1e-12, 0.0);
    assert_int_equal(t->size[HEP_SIZE_5_10].n, 3);
    assert_int_equal(t->size[HEP_SIZE_5_10].full.k, 3);
    assert_int_equal(t->size[HEP_SIZE_5_10].variant.k, 1);
    assert_close(t->size[HEP_SIZE_5_10].difference.value, -2.0 / 3.0, 1e-12, 0.0);
    t = &p.task[HEP_TASK_METASTASIS];
    assert_int_equal(t->both, 2);
    assert_int_equal(t->only_full, 3);
    assert_int_equal(t->only_variant, 0);
    assert_int_equal(t->neither, 1);
    assert_close(t->p, 0.25, 1e-12, 0.0); /* 2 / 2^3 */
    assert_close(t->difference.value, -3.0 / 6.0, 1e-12, 0.0);
    assert_close(t->false_full.value, 0.0, 0.0, 0.0);
    assert_close(t->false_variant.value, 1.0 / 3.0, 1e-12, 0.0); /* the cyst */
    /* Per patient: 1/2, 1/3 and 1/1 are lost: any draw of patients lies between. */
    assert_true(t->difference.lo >= -1.0 && t->difference.hi <= -1.0 / 3.0 + 1e-12);
    assert_true(t->difference.lo < t->difference.value && t->difference.value < t->difference.hi);
    assert_ok(hep_paired(&again, &full.data, &variant.data, 500, 7, &e), e);
    assert_memory_equal(&p, &again, sizeof p);
    variant.data.n_lesions--;
    assert_fails(hep_paired(&p, &full.data, &variant.data, 500, 7, &e), e, HEP_EINVAL, "lesions");
}

static void test_same_protocol(void **state)
{
    struct hand_made full;
    struct hep_paired p;
    struct hep_error e = { 0 };

    (void)state;
    make_side(&full, false);
    assert_ok(hep_paired(&p, &full.data, &full.data, 200, 1, &e), e);
    for (int t = 0; t < (int)HEP_TASK_COUNT; t++) {
        assert_int_equal(p.task[t].only_full + p.task[t].only_variant, 0);
        assert_close(p.task[t].p, 1.0, 0.0, 0.0);
        assert_close(p.task[t].difference.value, 0.0, 0.0, 0.0);
        assert_close(p.task[t].difference.lo, 0.0, 0.0, 0.0);
        assert_close(p.task[t].difference.hi, 0.0, 0.0, 0.0);
    }
}

/* Three patients are no sample: counts stay, tests and intervals go; where no study satisfies the
 * protocol, its shares go as well. */
static void test_settled(void **state)
{
    struct hand_made full, variant;
    struct hep_paired p;
    struct hep_error e = { 0 };
    const struct hep_paired_task *t = &p.task[HEP_TASK_METASTASIS];

    (void)state;
    make_side(&full, false);
    make_side(&variant, true);
    assert_ok(hep_paired(&p, &full.data, &variant.data, 500, 7, &e), e);
    hep_paired_settle(&p, HEP_PAIRED_LEAST_PATIENTS, true);
    assert_close(t->p, 0.25, 1e-12, 0.0);
    assert_true(isfinite(t->difference.lo));
    assert_true(isnan(t->false_full.lo) && t->false_full.value == 0.0); /* of no width */
    hep_paired_settle(&p, HEP_PAIRED_LEAST_PATIENTS - 1, true);
    assert_true(isnan(t->p) && isnan(t->difference.lo));
    assert_close(t->difference.value, -3.0 / 6.0, 1e-12, 0.0);
    assert_int_equal(t->only_full, 3);
    hep_paired_settle(&p, 100, false);
    assert_true(isnan(t->difference.value) && isnan(t->variant.value));
}

/* ---- folders --------------------------------------------------------------------------------- */

static void put(const char *root, const char *path, const char *text)
{
    char *full = hep_path_join(root, path, NULL), *end;
    struct hep_error e = { 0 };

    end = strrchr(full, '/');
    *end = '\0';
    assert_ok(hep_mkdir_p(full, &e), e);
    *end = '/';
    assert_ok(hep_file_write(full, text, strlen(text), &e), e);
    free(full);
}

#define TRUTH_LESION(id, x, mm)                                                                    \
    "{\"id\": " id ", \"centre_mm\": [" x ", 0, 0], \"long_axis_mm\": " mm                         \
    ", \"class\": \"metastasis\"}"
#define FLAGS(hbp)                                                                                 \
    "\"flags\": {\"hbp_hypointensity\": {\"state\": \"" hbp "\", \"reason\": \"why " hbp           \
    "\"}, \"restricted_diffusion\": {\"state\": \"present\", "                                     \
    "\"reason\": \"seen\"}}"
#define FINDING(id, x, class, p, hbp, more, adc)                                                   \
    "{\"id\": " id ", \"centre_mm\": [" x ", 0, 0], \"long_axis_mm\": 12, \"class\": \"" class     \
        "\", \"detection_score\": 6.5, \"probability_metastasis\": " p                             \
        ", " FLAGS(hbp) ", \"measurements\": {\"hepatobiliary_ratio\": {\"value\": 0.55, "         \
                        "\"unit\": \"1\"}, "                                                       \
                        "\"b_high_ratio\": {\"value\": 1.8, \"unit\": \"1\"}, \"adc_mm2_per_s\": " \
                        "{\"value\": " adc ", \"unit\": \"mm2/s\"}}, \"evidence\": [{\"name\": "   \
                        "\"adc\", \"log_lr\": 1.0}" more "]}"
#define HBP_EVIDENCE ", {\"name\": \"hbp_hypointensity\", \"log_lr\": 0.6931472}"
#define FILE_OF(list) "{\"lesions\": [" list "]}"

/* Study 1: lesion 1 is found by the full protocol only; lesion 2 by both, but no longer called.
 * Study 2: one lesion, both alike, ADC 1.0 and 1.1e-3. Study 3: the variant's run failed. */
static void make_folders(const char *root)
{
    put(root, "bids/sub-01/anat/x.txt", "x");
    put(root, "bids/sub-02/anat/x.txt", "x");
    put(root, "bids/sub-03/anat/x.txt", "x");
    put(root, "truth/sub-01/sub-01_lesions.json",
        FILE_OF(TRUTH_LESION("1", "0", "8") "," TRUTH_LESION("2", "60", "14")));
    put(root, "truth/sub-02/sub-02_lesions.json", FILE_OF(TRUTH_LESION("1", "0", "12")));
    put(root, "truth/sub-03/sub-03_lesions.json", FILE_OF(TRUTH_LESION("1", "0", "22")));
    put(root, "out/eob-full/sub-01/sub-01_lesions.json",
        FILE_OF(FINDING("1", "1", "metastasis", "0.9", "present", HBP_EVIDENCE,
                        "0.0009") "," FINDING("2", "60", "metastasis", "0.8", "present",
                                              HBP_EVIDENCE, "0.0009")));
    put(root, "out/eob-full/sub-02/sub-02_lesions.json",
        FILE_OF(FINDING("1", "0", "metastasis", "0.9", "present", HBP_EVIDENCE, "0.0010")));
    put(root, "out/eob-full/sub-03/sub-03_lesions.json",
        FILE_OF(FINDING("1", "0", "metastasis", "0.9", "present", HBP_EVIDENCE, "0.0010")));
    put(root, "out/amri-noncontrast/sub-01/sub-01_lesions.json",
        FILE_OF(FINDING("1", "60", "cyst", "0.2", "not_assessable", "", "0.0009") "," FINDING(
            "2", "150", "cyst", "0.2", "not_assessable", "", "0.0009")));
    put(root, "out/amri-noncontrast/sub-02/sub-02_lesions.json",
        FILE_OF(FINDING("1", "0", "metastasis", "0.9", "not_assessable", "", "0.0011")));
    put(root, "out/amri-noncontrast/sub-03/sub-03_run.json",
        "{\"state\": \"failed\", \"exit_code\": 65, \"error\": \"no b = 0\"}");
    for (int i = 0; i < 2; i++)
        for (int s = 1; s <= (i == 0 ? 3 : 2); s++) {
            char path[80];

            (void)snprintf(path, sizeof path, "out/%s/sub-0%d/sub-0%d_run.json",
                           i == 0 ? "eob-full" : "amri-noncontrast", s, s);
            put(root, path, "{\"state\": \"done\"}");
        }
}

static void compare(struct hep_compared *c, const char *root, bool truth, struct hep_error *e)
{
    static const char *const protocols[] = { "eob-full", "amri-noncontrast" };
    char *studies = hep_path_join(root, "bids", NULL),
         *truth_dir = hep_path_join(root, "truth", NULL), *out = hep_path_join(root, "out", NULL);
    const struct hep_compare_request q = { .protocols = protocols,
                                           .n_protocols = 2,
                                           .studies = studies,
                                           .truth = truth ? truth_dir : NULL,
                                           .out = out,
                                           .replicates = 200,
                                           .seed = 1,
                                           .nthreads = 1 };

    assert_ok(hep_compare(c, &q, NULL, NULL, e), *e);
    free(studies);
    free(truth_dir);
    free(out);
}

static void test_losses(void **state)
{
    char *root = hep_test_mkdir();
    struct hep_compared c = { 0 };
    struct hep_error e = { 0 };
    const struct hep_losses *l;
    const struct hep_paired_task *t;

    (void)state;
    make_folders(root);
    compare(&c, root, true, &e);
    l = &c.list[1].losses;
    t = &c.list[1].paired.task[HEP_TASK_DETECTION];
    assert_int_equal(t->both, 2);
    assert_int_equal(t->only_full, 2);
    t = &c.list[1].paired.task[HEP_TASK_METASTASIS];
    assert_int_equal(t->both, 1);
    assert_int_equal(t->only_full, 3);
    assert_int_equal(l->n, 3);
    assert_int_equal(l->list[0].kind, HEP_LOSS_NOT_FOUND);
    assert_non_null(strstr(l->list[0].reason, "detection score 6.5 in eob-full"));
    assert_non_null(strstr(l->list[0].reason, "missing: hepatobiliary (0.55 of liver)"));
    assert_non_null(strstr(l->list[0].reason, "left: dwi (1.80 of liver at the highest b)"));
    assert_non_null(strstr(l->list[0].reason, "nearest finding 60 mm away"));
    assert_int_equal(l->list[1].kind, HEP_LOSS_NOT_CALLED);
    assert_non_null(strstr(l->list[1].reason, "called cyst, probability of metastasis 0.20, 0.80"));
    assert_non_null(strstr(l->list[1].reason, "missing: hbp_hypointensity (ratio 2)"));
    assert_non_null(strstr(l->list[2].reason, "failed: no b = 0"));
    assert_int_equal(l->flag[HEP_FLAG_HBP_HYPOINTENSITY].both, 2);
    assert_int_equal(l->flag[HEP_FLAG_HBP_HYPOINTENSITY].assessable, 2);
    assert_int_equal(l->flag[HEP_FLAG_HBP_HYPOINTENSITY].lost, 2);
    assert_string_equal(l->flag[HEP_FLAG_HBP_HYPOINTENSITY].reason, "why not_assessable");
    assert_int_equal(l->flag[HEP_FLAG_RESTRICTED_DIFFUSION].lost, 0);
    for (size_t i = 0; i < l->n_changes; i++) {
        const struct hep_agreement *a = &l->change[i].agreement.agreement;

        if (strcmp(l->change[i].name, "adc_mm2_per_s") != 0)
            continue;
        assert_int_equal(a->n, 2); /* differences 0 and 1e-4: mean 5e-5, SD 7.07e-5 */
        assert_close(a->bias, 5e-5, 1e-9, 0.0);
        assert_close(a->upper, 5e-5 + 1.96 * 7.0710678e-5, 1e-3, 0.0);
    }
    hep_compared_release(&c);
    hep_test_rmdir(root);
}

/* Without truth the full protocol finds everything, its lesions being the reference. */
static void test_without_truth(void **state)
{
    char *root = hep_test_mkdir();
    struct hep_compared c = { 0 };
    struct hep_error e = { 0 };
    struct hep_str text = { 0 };

    (void)state;
    make_folders(root);
    compare(&c, root, false, &e);
    assert_close(c.list[1].paired.task[HEP_TASK_DETECTION].full.value, 1.0, 0.0, 0.0);
    assert_int_equal(c.list[1].paired.task[HEP_TASK_DETECTION].only_full, 2);
    hep_compared_text(&text, &c);
    assert_non_null(strstr(text.s, "finds all of them by definition"));
    assert_non_null(strstr(text.s, "Published results conflict: 2 report no loss, 1 a loss."));
    hep_str_release(&text);
    hep_compared_release(&c);
    hep_test_rmdir(root);
}

static void test_written(void **state)
{
    static const char *const names[] = { "comparison.json", "comparison.tsv", "lost_lesions.tsv",
                                         "comparison.svg", "comparison.html" };
    char *root = hep_test_mkdir(), *text = NULL;
    struct hep_compared c = { 0 };
    struct hep_error e = { 0 };
    size_t n = 0;

    (void)state;
    make_folders(root);
    compare(&c, root, true, &e);
    assert_ok(hep_compared_write(&c, root, &e), e);
    for (size_t i = 0; i < N_OF(names); i++) {
        char *path = hep_path_join(root, names[i], NULL);

        assert_true(hep_is_file(path));
        assert_ok(hep_file_read(&text, &n, path, (size_t)1 << 20, &e), e);
        assert_true(n > 100);
        if (i == 4) {
            assert_non_null(strstr(text, "Published results conflict"));
            assert_non_null(strstr(text, "Granata et al., PLoS ONE 2020"));
        }
        free(text);
        free(path);
    }
    hep_compared_release(&c);
    hep_test_rmdir(root);
}

static void test_bad_requests(void **state)
{
    static const char *const same[] = { "eob-full", "eob-full" };
    static const char *const unknown[] = { "eob-full", "amri-nothing" };
    static const char *const good[] = { "eob-full", "amri-hbp" };
    static const char *const other[] = { "amri-hbpx=x" };
    struct hep_compare_request q = { .protocols = same, .n_protocols = 2, .out = "x" };
    struct hep_compared c = { 0 };
    struct hep_error e = { 0 };
    char *root = hep_test_mkdir();

    (void)state;
    q.studies = root;
    assert_fails(hep_compare(&c, &q, NULL, NULL, &e), e, HEP_EUSAGE, "two protocols are called");
    hep_compared_release(&c);
    q.protocols = unknown;
    assert_fails(hep_compare(&c, &q, NULL, NULL, &e), e, HEP_ENOENT, "amri-nothing");
    hep_compared_release(&c);
    q.protocols = good;
    q.studies_of = other;
    q.n_studies_of = 1;
    assert_fails(hep_compare(&c, &q, NULL, NULL, &e), e, HEP_EUSAGE, "--studies-of amri-hbpx=x");
    hep_compared_release(&c);
    q.n_studies_of = 0;
    q.n_protocols = 1;
    assert_fails(hep_compare(&c, &q, NULL, NULL, &e), e, HEP_EUSAGE, "at least one");
    hep_compared_release(&c);
    hep_test_rmdir(root);
}

/* ---- published ------------------------------------------------------------------------------- */

#define STUDY(finding, more)                                                                       \
    "  - {variant: v, reference: r, protocols: [a], source: s, mark: general, finding: " finding   \
        more "}\n"

static int published(struct hep_published *p, const char *root, const char *text,
                     struct hep_error *e)
{
    char *path = hep_path_join(root, "published.yml", NULL);
    int rc;

    put(root, "published.yml", text);
    rc = hep_published_read(p, path, e);
    free(path);
    return rc;
}

static void test_published(void **state)
{
    static const struct {
        const char *text, *part;
    } bad[] = {
        { "studies: 3\n", "studies" },
        { "studies:\n  - {variant: v}\n", "reference" },
        { "studies:\n" STUDY("great", ""), "no loss" },
        { "studies:\n" STUDY("loss", ", variant_sensitivity: [0.9, 0.8]"), "lower one first" },
        { "studies:\n" STUDY("loss", ", variant_sensitivity: 95"), "fractions" },
    };
    char *root = hep_test_mkdir();
    struct hep_published p = { 0 };
    struct hep_str text = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(published(&p, root,
                        "studies:\n" STUDY("loss", ", patients: 44, lesions: 123, "
                                                   "variant_sensitivity: [0.72, 0.73], "
                                                   "reference_sensitivity: 0.95"),
                        &e),
              e);
    hep_published_verdict(&text, &p, "a");
    assert_string_equal(text.s, "1 published comparison: loss.");
    hep_str_clear(&text);
    hep_published_verdict(&text, &p, "b");
    assert_string_equal(text.s, "No published comparison of b is known.");
    hep_str_release(&text);
    hep_published_release(&p);
    for (size_t i = 0; i < N_OF(bad); i++) {
        assert_fails(published(&p, root, bad[i].text, &e), e, HEP_ECONFIG, bad[i].part);
        hep_published_release(&p);
    }
    hep_test_rmdir(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paired),        cmocka_unit_test(test_same_protocol),
        cmocka_unit_test(test_settled),       cmocka_unit_test(test_losses),
        cmocka_unit_test(test_without_truth), cmocka_unit_test(test_written),
        cmocka_unit_test(test_bad_requests),  cmocka_unit_test(test_published),
    };

    (void)setenv("HEPAR_CONFIGS", HEP_CONFIGS, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
