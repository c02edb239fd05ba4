/* The tissue table, the draws of one study, contrast courses and signals against published cells.
 */
#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "phantom/true_flag.h"

#include <math.h>

static struct hep_tissue_table table;

static int setup(void **state)
{
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_tissue_table_read(&table, HEP_CONFIGS "/tissues.yml", &e), e);
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct edit_case {
    const char *name, *find, *put, *part;
};
static const struct edit_case edits[] = {
    { "unknown tissue", "  spleen:", "  spleeen:", "did you mean 'spleen'?" },
    { "unknown key", "pd: 0.90", "pdd: 0.90", "unknown key 'pdd'; did you mean 'pd'?" },
    { "pair expected", "t1_ms: [586, 809]", "t1_ms: 586", "two values" },
    { "out of range", "t2_ms: [46, 34]", "t2_ms: [46000, 34]", "allowed" },
    { "not a number", "ff: 0.03", "ff: little", "" },
    { "unknown contrast", "contrast: portal", "contrast: porthole", "known are none, tissue" },
    { "missing tissue", "  cord:", "  # cord:", "" },
    { "no table", "tissues:", "tissue:", "did you mean 'tissues'?" },
    { "flow without space", "ve: 0.24", "ve: 0", "no extracellular" },
};
#define N_EDITS (sizeof edits / sizeof edits[0])

static void test_edit(void **state)
{
    const struct edit_case *c = *state;
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "t.yml", NULL), *text = NULL, *at;
    struct hep_tissue_table *t = calloc(1, sizeof *t);
    struct hep_str edited = { 0 };
    struct hep_error e = { 0 };
    size_t n;

    assert_ok(hep_file_read(&text, &n, HEP_CONFIGS "/tissues.yml", 1 << 20, &e), e);
    at = strstr(text, c->find);
    assert_non_null(at);
    hep_str_addn(&edited, text, (size_t)(at - text));
    hep_str_add(&edited, c->put);
    hep_str_add(&edited, at + strlen(c->find));
    assert_ok(hep_file_write(path, edited.s, edited.len, &e), e);
    assert_fails(hep_tissue_table_read(t, path, &e), e, HEP_ECONFIG, c->part);
    hep_str_release(&edited);
    free(text);
    free(path);
    free(t);
    hep_test_rmdir(dir);
}

static void test_no_file(void **state)
{
    struct hep_tissue_table *t = calloc(1, sizeof *t);
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_tissue_table_read(t, HEP_CONFIGS "/none.yml", &e), e, HEP_ENOENT, "none.yml");
    free(t);
}

/* ---- draws ----------------------------------------------------------------------------------- */

/* Without variation: the table at its fields, linear between them, R2* linear in the field. */
static void test_table_values(void **state)
{
    struct hep_study_tissues t;
    const struct hep_tissue_values *liver = &t.row[HEP_TISSUE_LIVER];

    (void)state;
    hep_study_tissues_draw(&t, &table, 1.5, 0.0, 1.0, 0.0, 1);
    assert_close(liver->t1_s, 0.586, 1e-12, 0.0);
    assert_close(liver->t2_s, 0.046, 1e-12, 0.0);
    assert_close(hep_tissue_r2star(liver), 1.0 / 0.034, 1e-9, 0.0);
    assert_close(liver->pd, 0.90, 1e-12, 0.0);         /* the first column */
    assert_close(liver->texture_sd, 0.05, 1e-12, 0.0); /* and the last */
    assert_int_equal(liver->contrast, HEP_CONTRAST_TISSUE);
    hep_study_tissues_draw(&t, &table, 3.0, 0.0, 1.0, 0.0, 1);
    assert_close(liver->t1_s, 0.809, 1e-12, 0.0);
    assert_close(liver->pd, 0.90, 1e-12, 0.0);
    assert_close(liver->ff, 0.03, 1e-12, 0.0);
    assert_close(liver->ki_per_min, 0.06, 1e-12, 0.0);
    assert_close(t.row[HEP_TISSUE_MET_RIM].d_mm2_per_s, 0.9e-3, 1e-12, 0.0);
    hep_study_tissues_draw(&t, &table, 2.25, 0.0, 1.0, 0.0, 1);
    assert_close(liver->t1_s, 0.6975, 1e-12, 0.0);
    assert_close(hep_tissue_r2star(liver), 0.5 / 0.034 + 0.5 / 0.020, 1e-9, 0.0);
    hep_study_tissues_draw(&t, &table, 3.0, 0.0, 3.0, 0.25, 1);
    assert_close(hep_tissue_r2star(liver), 150.0, 1e-9, 0.0);
    assert_close(liver->ff, 0.25, 1e-12, 0.0);
}

/* Lognormal of median 0.04 and log-SD 0.3, 7 % at 0.01; fat in 2-5 % (70 %) or 6-35 %. */
static void test_population(void **state)
{
    enum { N = 2000 };
    size_t impaired = 0, fatty = 0;
    double log_sum = 0.0, log_sq = 0.0;

    (void)state;
    for (uint64_t seed = 0; seed < N; seed++) {
        struct hep_study_tissues t;
        const struct hep_tissue_values *liver = &t.row[HEP_TISSUE_LIVER];

        hep_study_tissues_draw(&t, &table, 3.0, 1.0, 1.0, 0.0, seed);
        fatty += liver->ff > 0.055;
        assert_true(liver->ff >= 0.02 && liver->ff <= 0.35);
        assert_close(liver->t1_s, 0.809, 0.1001, 0.0);
        assert_close(t.row[HEP_TISSUE_FNH_LIKE].ki_per_min, liver->ki_per_min * 0.065 / 0.06, 1e-9,
                     0.0);
        if (t.impaired) {
            impaired++;
            assert_close(liver->ki_per_min, 0.01, 1e-12, 0.0);
            continue;
        }
        log_sum += log(liver->ki_per_min / 0.04);
        log_sq += pow(log(liver->ki_per_min / 0.04), 2.0);
    }
    /* four standard errors of a binomial share and of a mean */
    assert_close((double)impaired / N, 0.07, 0.0, 0.023);
    assert_close((double)fatty / N, 0.30, 0.0, 0.041);
    assert_close(log_sum / (double)(N - impaired), 0.0, 0.0, 0.028);
    assert_close(sqrt(log_sq / (double)(N - impaired)), 0.3, 0.07, 0.0);
}

static void test_mix(void **state)
{
    struct hep_tissue_values a = table.at_3t[HEP_TISSUE_MET_RIM];
    struct hep_tissue_values b = table.at_3t[HEP_TISSUE_CYST];
    const struct hep_tissue_values m = hep_tissue_mix(&a, &b, 0.75);

    (void)state;
    assert_close(m.t1_s, 0.25 * 1.150 + 0.75 * 3.2, 1e-12, 0.0);
    assert_close(m.d_mm2_per_s, 0.25 * 0.9e-3 + 0.75 * 2.7e-3, 1e-12, 0.0);
    assert_int_equal(m.contrast, HEP_CONTRAST_TISSUE);
}

/* ---- ADC of section 3: liver 1.36 from (0, 800), 1.07 from (50, 400, 800): D 1.05, f 0.22, D* 60:
 * ln 0.78 e^-0.84 / -800 = 1.361e-3. Within 0.02e-3, K silent below b = 1500. */
static void test_adc(void **state)
{
    const struct hep_tissue_values *liver = &table.at_3t[HEP_TISSUE_LIVER];
    struct hep_study_tissues study;
    struct hep_sim_settings s;
    struct hep_error e = { 0 };
    double s0, s800;

    (void)state;
    hep_sim_defaults(&s);
    hep_study_tissues_draw(&study, &table, 3.0, 0.0, 1.0, 0.0, 1);
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_DWI, (double)NAN, &e), e);
    assert_close(hep_tissue_adc(liver), 1.07e-3, 0.0, 0.02e-3);
    s0 = hep_tissue_signal(&s.series[0], liver, &study, liver->t1_s, 0.0, 0, false, HEP_LUT_WATER);
    s800 =
        hep_tissue_signal(&s.series[0], liver, &study, liver->t1_s, 0.0, 3, false, HEP_LUT_WATER);
    assert_close(log(s0 / s800) / 800.0, 1.36e-3, 0.0, 0.02e-3);
    /* PD (1 - ff) (1 - e^(-TR/T1)) e^(-TE/T2) by hand: 0.9 x 0.97 x 0.99793 x e^(-62/34) */
    assert_close(s0, 0.873 * (1.0 - exp(-5.0 / 0.809)) * exp(-62.0 / 34.0), 1e-9, 0.0);
}

/* ---- reference enhancement --------------------------------------------------------------------
 */

/* Relative enhancement [%] by an independent solution (explicit Euler, dt 0.5 s) of the same model:
 * SPGR TR 4 ms, FA 12 degrees, T2* left out, without fat. 9 %: a step of 0.5 s on the steepest
 * slope of the portal vein is 8 % of its value at 30 s; everything else agrees within 3 %. */
struct cell {
    const char *tissue;
    double re_percent[6];
};
static const double eob_s[6] = { 30.0, 35.0, 70.0, 180.0, 300.0, 1200.0 };
static const struct cell eob_3t[] = {
    { "liver", { 22, 30, 58, 60, 66, 90 } },
    { "met_rim", { 116, 105, 70, 45, 32, 13 } },
    { "met_fibrous", { 28, 30, 44, 60, 61, 27 } },
    { "met_necrotic", { 5, 6, 10, 17, 23, 31 } },
    { "net", { 148, 118, 64, 45, 32, 13 } },
    { "net_core", { 80, 83, 98, 93, 72, 27 } },
    { "haemangioma_edge", { 228, 219, 180, 121, 88, 37 } },
    { "haemangioma_centre", { 42, 46, 68, 94, 95, 42 } },
    { "fnh_like", { 123, 102, 74, 80, 87, 119 } },
    { "cyst", { 0, 0, 0, 0, 0, 0 } },
    { "portal_blood", { 135, 290, 225, 143, 104, 44 } },
};
static const double eca_s[4] = { 35.0, 70.0, 180.0, 300.0 };
static const struct cell eca_1p5t[] = {
    { "liver", { 46, 74, 48, 35 } },         { "met_rim", { 162, 115, 80, 60 } },
    { "met_fibrous", { 55, 77, 104, 107 } }, { "net", { 181, 109, 81, 60 } },
    { "net_core", { 136, 157, 152, 125 } },  { "haemangioma_edge", { 311, 270, 200, 156 } },
    { "fnh_like", { 141, 90, 66, 50 } },     { "portal_blood", { 426, 356, 255, 200 } },
};

static enum hep_tissue row_named(const char *name)
{
    for (int t = 0; t < (int)HEP_TISSUE_COUNT; t++)
        if (strcmp(name, hep_tissue_name((enum hep_tissue)t)) == 0)
            return (enum hep_tissue)t;
    fail_msg("no tissue %s", name);
    return HEP_TISSUE_COUNT;
}

/* A person of one voxel per tissue: the tissue stands in place of spleen, or of blood. */
static void check_cells(const char *agent_name, double field_t, const double *times, size_t n,
                        const struct cell *cells, size_t n_cells)
{
    struct hep_anatomy *a = calloc(1, sizeof *a);
    struct hep_course *course = calloc(n + 1, sizeof *course);
    const struct hep_bolus bolus = hep_bolus_draw(0.0, 1);
    const struct hep_agent *agent = NULL;
    struct hep_agents *agents = NULL;
    struct hep_sim_settings s;
    struct hep_error e = { 0 };

    assert_ok(hep_agents_read(&agents, HEP_CONFIGS "/agents.yml", &e), e);
    assert_ok(hep_agents_find(&agent, agents, agent_name, &e), e);
    hep_study_tissues_draw(&a->tissues, &table, field_t, 0.0, 1.0, 0.0, 1);
    hep_sim_defaults(&s);
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_PRECONTRAST, (double)NAN, &e), e);
    s.series[0].te_s[0] = 1e-9; /* T2* left out */
    for (size_t c = 0; c < n_cells; c++) {
        struct hep_tissue_values *spleen = &a->tissues.row[HEP_TISSUE_SPLEEN];
        double pre;

        *spleen = a->tissues.row[row_named(cells[c].tissue)];
        spleen->ff = 0.0;
        for (size_t i = 0; i <= n; i++)
            course[i].time_s = i < n ? times[i] : (double)NAN;
        assert_ok(hep_course_solve(course, n + 1, a, agent, field_t, &bolus, &e), e);
        pre = hep_tissue_signal(&s.series[0], spleen, &a->tissues, course[n].t1_s[HEP_LABEL_SPLEEN],
                                0.0, 0, false, HEP_LUT_ALL);
        for (size_t i = 0; i < n; i++) {
            const double post =
                hep_tissue_signal(&s.series[0], spleen, &a->tissues,
                                  course[i].t1_s[HEP_LABEL_SPLEEN], 0.0, 0, false, HEP_LUT_ALL);

            assert_close(100.0 * (post / pre - 1.0), cells[c].re_percent[i], 0.09, 1.5);
        }
    }
    hep_agents_free(agents);
    free(course);
    free(a);
}

static void test_eob(void **state)
{
    (void)state;
    check_cells("gadoxetate", 3.0, eob_s, 6, eob_3t, sizeof eob_3t / sizeof eob_3t[0]);
}

static void test_eca(void **state)
{
    (void)state;
    check_cells("extracellular", 1.5, eca_s, 4, eca_1p5t, sizeof eca_1p5t / sizeof eca_1p5t[0]);
}

/* Bile keeps its T1 until the agent arrives has a tenth of it by 15 min in a good liver, and half
 * of that by 20 min. */
static void test_bile(void **state)
{
    struct hep_anatomy *a = calloc(1, sizeof *a);
    struct hep_course *course = calloc(3, sizeof *course);
    const struct hep_bolus bolus = hep_bolus_draw(0.0, 1);
    const struct hep_agent *agent = NULL;
    struct hep_agents *agents = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_agents_read(&agents, HEP_CONFIGS "/agents.yml", &e), e);
    assert_ok(hep_agents_find(&agent, agents, "gadoxetate", &e), e);
    hep_study_tissues_draw(&a->tissues, &table, 3.0, 0.0, 1.0, 0.0, 1);
    course[0].time_s = 70.0;
    course[1].time_s = 900.0;
    course[2].time_s = 1200.0;
    assert_ok(hep_course_solve(course, 3, a, agent, 3.0, &bolus, &e), e);
    assert_close(course[0].t1_s[HEP_LABEL_BILE_DUCT], 3.0, 1e-9, 0.0);
    assert_close(course[1].t1_s[HEP_LABEL_BILE_DUCT], 0.3, 0.02, 0.0);
    assert_close(course[2].t1_s[HEP_LABEL_BILE_DUCT], 0.15, 0.02, 0.0);
    assert_true(course[2].t1_s[HEP_LABEL_GALLBLADDER] > 0.5);
    assert_fails(hep_course_solve(course, 3, a, NULL, 3.0, &bolus, &e), e, HEP_EINVAL, "agent");
    hep_agents_free(agents);
    free(course);
    free(a);
}

int main(void)
{
    struct CMUnitTest tests[N_EDITS + 8];
    size_t n = 0;

    for (size_t i = 0; i < N_EDITS; i++)
        tests[n++] = (struct CMUnitTest){ .name = edits[i].name,
                                          .test_func = test_edit,
                                          .initial_state = (void *)(uintptr_t)&edits[i] };
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_file);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_table_values);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_population);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_mix);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_adc);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_eob);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_eca);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_bile);
    return cmocka_run_group_tests(tests, setup, NULL);
}
