/* Settings: what is read, what is refused and with which words, and that files print back exactly.
 */
#include "support/support.h"

#include "base/file.h"
#include "base/yaml.h"
#include "fitting/iron.h"
#include "cli/manual.h"
#include "pipeline/config/config.h"
#include "sequences/fat_spectrum.h"
#include "terms/flag.h"

#include <math.h>
#include <stdlib.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- bad protocols
 * ------------------------------------------------------------------------------- */

struct bad_case {
    const char *name, *text, *part; /* part of the message, with its position */
};

static const struct bad_case bad_cases[] = {
    { "empty", "", "the protocol is empty" },
    { "not a mapping", "- a\n", "p.yml:1:1: protocol: met a" },
    { "unknown key", "nmae: x\n", "p.yml:1:1: unknown key 'nmae'; did you mean name?" },
    { "every unknown key is told",
      "nmae: x\nseries: {t2: {foo: 1}, hbp: {}}\nlesions: {bogus: 1}\n",
      "p.yml:1:1: unknown key 'nmae'; did you mean name?; unknown as well: 'series.t2.foo' in line "
      "2, 'series.hbp' in line 2 (hepatobiliary?), 'lesions.bogus' in line 3" },
    { "unknown key deep", "diffusion:\n  adc:\n    methd: ols\n",
      "p.yml:3:5: unknown key 'diffusion.adc.methd'; did you mean method?" },
    { "unknown group", "difusion: {}\n", "did you mean diffusion?" },
    { "unknown dotted key", "diffusion.adc.methd: ols\n", "did you mean diffusion.adc.method?" },
    { "unknown key far from any", "zzzzzzzz: 1\n", "unknown key 'zzzzzzzz'" },
    { "unit forgotten in the key", "series:\n  arterial: {window: [20, 45]}\n",
      "p.yml:2:14: unknown key 'series.arterial.window'; did you mean window_s?" },
    { "unknown series", "series:\n  hepatobilary: {}\n", "did you mean hepatobiliary?" },
    { "series by role", "series:\n  in_phase: {}\n", "did you mean in_opposed?" },
    { "series by nickname", "series:\n  hbp: {}\n", "did you mean hepatobiliary?" },
    { "series without mapping", "series:\n  t2: true\n", "t2: met a" },
    { "series empty", "series:\n  t2:\n", "t2: met a" },
    { "group as scalar", "diffusion: 3\n", "diffusion: met a" },
    { "trailing text", "acquisition: {recovery_s: 15x}\n",
      "p.yml:1:27: acquisition.recovery_s: met '15x'" },
    { "unit s", "acquisition: {recovery_s: 30 s}\n",
      "leave the unit out, it is always s: write 30" },
    { "unit ms", "series: {dwi: {tr_s: 6000 ms}}\n",
      "leave the unit out, it is always s: write 6" },
    { "unit min", "series: {hepatobiliary: {window_s: [10 min, 30 min]}}\n", "write 600" },
    { "unit mm2/s", "lesions.restriction.adc_max_mm2_per_s: 0.05 mm2/s\n",
      "leave the unit out, it is always mm2/s: write 0.05" },
    { "unit um2/ms", "lesions.restriction.adc_max_mm2_per_s: 1.1 um2/ms\n", "write 0.0011" },
    { "unit percent", "lesions.ring.cover_min: 75 %\n", "always a fraction: write 0.75" },
    { "unit cm", "lesions.shells.shell_mm: 0.2cm\n", "always mm: write 2" },
    { "foreign unit", "lesions.shells.shell_mm: 2 T\n", "its unit is mm" },
    { "nan", "acquisition: {field_t: .nan}\n", "acquisition.field_t: met '.nan'" },
    { "nan as word", "acquisition: {field_t: nan}\n", "acquisition.field_t: met 'nan'" },
    { "infinity", "acquisition: {field_t: .inf}\n", "acquisition.field_t: met '.inf'" },
    { "infinity as word", "acquisition: {field_t: inf}\n", "met 'inf'" },
    { "overflow", "acquisition: {field_t: 1e999}\n", "acquisition.field_t" },
    { "hexadecimal", "acquisition: {field_t: 0x3}\n", "met '0x3'" },
    { "comma as decimal point", "acquisition.field_t: 1,5\n", "met '1,5'" },
    { "number as text", "acquisition: {field_t: '3'}\n", "met the text '3'" },
    { "below range", "acquisition: {field_t: 0.1}\n", "a number from 0.2 to 12 T" },
    { "above range", "acquisition: {field_t: 12.5}\n", "met '12.5'" },
    { "integer wanted", "align: {bins: 32.5}\n", "align.bins: met 32.5; wanted is a whole number" },
    { "none where a value is needed", "acquisition: {field_t: none}\n", "met 'none'" },
    { "boolean as number", "diffusion: {robust: 1}\n", "true or false" },
    { "boolean as yes", "diffusion: {robust: yes}\n", "true or false" },
    { "boolean as text", "diffusion: {robust: 'true'}\n", "true or false" },
    { "choice", "diffusion: {adc: {method: iwsl}}\n", "one of ols, wls, iwls; did you mean iwls?" },
    { "choice of an index", "fat: {method: dual_eco}\n", "did you mean dual_echo?" },
    { "span of one", "liver: {volume_ml: [800]}\n", "met 1 number;" },
    { "span of three", "liver: {volume_ml: [1, 2, 3]}\n", "met 3 entries, at most 2 fit" },
    { "span falling", "liver: {volume_ml: [900, 800]}\n", "met [900, 800], which falls" },
    { "span as number", "liver: {volume_ml: 800}\n", "two rising numbers" },
    { "list as number", "series: {dwi: {b_values_s_per_mm2: 800}}\n", "a list of numbers" },
    { "negative b-value", "series: {dwi: {b_values_s_per_mm2: [0, -50]}}\n", "met '-50'" },
    { "list of lists", "series: {dwi: {b_values_s_per_mm2: [[0]]}}\n", "met a" },
    { "list too long",
      "series: {dwi: {b_values_s_per_mm2: [0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,"
      "8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4]}}\n",
      "at most 64 fit" },
    { "text as list", "name: [a]\n", "name: met a" },
    { "repeated key", "name: a\nname: b\n", "p.yml:2:1" },
    { "repeated, nested and dotted", "fat: {method: auto}\nfat.method: auto\n",
      "fat.method is given twice" },
    { "repeated series", "series:\n  t2: {}\n  t2: {}\n", "p.yml:3:3" },
    { "tab as indentation", "fat:\n\tmethod: auto\n", "p.yml:2" },
    { "alias", "name: &a x\ntitle: *a\n", "p.yml:1" },
    { "alias bomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "p.yml:1" },
    { "alias to itself", "a: &a [*a]\n", "p.yml:1" },
    { "tag", "name: !!str x\n", "p.yml:1" },
    { "two documents", "name: a\n---\nname: b\n", "p.yml" },
    { "too deep", "a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n", "p.yml:1" },
    { "half a flow", "series: {t2: {required: true}\n", "p.yml" },
};

static void test_bad(void **state)
{
    const struct bad_case *c = *state;
    struct hep_config cfg, untouched;
    struct hep_error e = { 0 };
    int rc;

    (void)memset(&cfg, 0x5a, sizeof cfg);
    (void)memset(&untouched, 0x5a, sizeof untouched);
    rc = hep_config_parse(&cfg, c->text, strlen(c->text), "p.yml", &e);
    assert_fails(rc, e, HEP_ECONFIG, c->part);
    assert_memory_equal(&cfg, &untouched, sizeof cfg);
}

/* ---- good protocols
 * ------------------------------------------------------------------------------ */

static void parse(struct hep_config *cfg, const char *text)
{
    struct hep_error e = { 0 };

    assert_ok(hep_config_parse(cfg, text, strlen(text), "p.yml", &e), e);
}

/* Design, section 5: the example and what it leaves out. */
static void test_values(void **state)
{
    struct hep_config cfg;
    const struct hep_plan *dwi = &cfg.series[HEP_SERIES_DWI];

    (void)state;
    parse(&cfg, "name: mine\ntitle: \"a: b # c\"\nagent: gadoxetate\nseries:\n"
                "  dwi: {required: true, b_values_s_per_mm2: [0, 50, 400, 800]}\n"
                "  hepatobiliary: {window_s: [600, 1800], nominal_s: [900, 1200]}\n"
                "diffusion: {adc: {method: ols}, robust: true}\nfat.method: multi_echo\n"
                "liver: {label: 5}\n");
    assert_string_equal(cfg.name.s, "mine");
    assert_string_equal(cfg.title.s, "a: b # c");
    assert_true(dwi->expected && dwi->required);
    assert_int_equal(dwi->b_values_s_per_mm2.n, 4);
    assert_close(dwi->b_values_s_per_mm2.v[3], 800, 0, 0);
    assert_true(cfg.series[HEP_SERIES_HEPATOBILIARY].expected);
    assert_false(cfg.series[HEP_SERIES_HEPATOBILIARY].required);
    assert_close(cfg.series[HEP_SERIES_HEPATOBILIARY].nominal_s.hi, 1200, 0, 0);
    assert_false(cfg.series[HEP_SERIES_T2].expected);
    assert_string_equal(cfg.diffusion.adc_method.s, "ols");
    assert_true(cfg.diffusion.robust);
    assert_int_equal(cfg.fat.method, HEP_FAT_CHOICE_MULTI_ECHO);
    assert_close(cfg.liver_label, 5, 0, 0);
    /* Not given: documented defaults. */
    assert_close(cfg.diffusion.adc_b_min_s_per_mm2, 50, 0, 0);
    assert_close(cfg.lesions.flag.restriction_adc_max_mm2_per_s, 1.1e-3, 1e-15, 0);
    assert_true(isnan(cfg.diffusion.sigma));
    assert_true(isnan(dwi->window_s.lo));
}

/* The words of the schema are those that the lower rooms read. */
static void test_names_are_known_below(void **state)
{
    struct hep_error e = { 0 };

    (void)state;
    for (const struct hep_field *f = hep_config_fields(); f->key; f++) {
        for (size_t i = 0; f->type == HEP_FIELD_TEXT && f->choices && f->choices[i]; i++) {
            const char *word = f->choices[i];
            struct hep_fat_spectrum spectrum;
            const struct hep_iron_calibration *iron;
            enum hep_fit_solver solver;
            enum hep_diffusion_rician rician;
            enum hep_diffusion_method method;

            if (strcmp(word, "auto") == 0)
                continue;
            if (strcmp(f->key, "fat.spectrum") == 0)
                assert_ok(hep_fat_spectrum_get(&spectrum, word, &e), e);
            if (strcmp(f->key, "fat.iron_calibration") == 0)
                assert_ok(hep_iron_find(&iron, word, &e), e);
            if (strcmp(f->key, "diffusion.solver") == 0)
                assert_ok(hep_fit_solver_parse(&solver, word, &e), e);
            if (strcmp(f->key, "diffusion.rician") == 0)
                assert_ok(hep_diffusion_rician_parse(&rician, word, &e), e);
            if (hep_ends_with(f->key, ".method") && strcmp(word, "default") != 0)
                assert_ok(hep_diffusion_method_parse(&method, word, &e), e);
        }
    }
}

/* The defaults of the schema are the defaults of the fits (fitting/diffusion.h). */
static void test_diffusion_settings(void **state)
{
    struct hep_diffusion_settings got, want;
    struct hep_error e = { 0 };
    struct hep_config cfg;

    (void)state;
    assert_ok(hep_config_defaults(&cfg, &e), e);
    assert_ok(hep_config_diffusion(&got, &cfg, HEP_DIFFUSION_IVIM, &e), e);
    hep_diffusion_settings_init(&want, HEP_DIFFUSION_IVIM);
    assert_close(got.bounds.d_min, want.bounds.d_min, 1e-12, 0);
    assert_close(got.bounds.d_max, want.bounds.d_max, 1e-12, 0);
    assert_close(got.bounds.f_max, want.bounds.f_max, 1e-12, 0);
    assert_close(got.bounds.dstar_min, want.bounds.dstar_min, 1e-12, 0);
    assert_close(got.bounds.dstar_max, want.bounds.dstar_max, 1e-12, 0);
    assert_close(got.bounds.k_max, want.bounds.k_max, 1e-12, 0);
    assert_close(got.b_split_s_per_mm2, 200, 0, 0);
    assert_int_equal(got.method, HEP_METHOD_DEFAULT);
    assert_ok(hep_config_set(&cfg, "diffusion.ivim.method=segmented", &e), e);
    assert_ok(hep_config_set(&cfg, "diffusion.solver=gsl", &e), e);
    assert_ok(hep_config_diffusion(&got, &cfg, HEP_DIFFUSION_IVIM, &e), e);
    assert_int_equal(got.method, HEP_METHOD_SEGMENTED);
    assert_int_equal(got.fit.solver, HEP_SOLVER_GSL);
    assert_ok(hep_config_diffusion(&got, &cfg, HEP_DIFFUSION_ADC, &e), e);
    assert_close(got.b_min_s_per_mm2, 50, 0, 0);
    assert_int_equal(got.method, HEP_METHOD_IWLS);
}

/* ---- overlays
 * ------------------------------------------------------------------------------------ */

static const struct bad_case bad_sets[] = {
    { "no equals sign", "diffusion.robust", "is no assignment" },
    { "no key", "=3", "is no assignment" },
    { "unknown", "diffusion.robst=true", "did you mean diffusion.robust?" },
    { "unknown series key", "series.dwi.requird=true", "did you mean series.dwi.required?" },
    { "unknown series", "series.dw.required=true", "did you mean series.dwi.required?" },
    { "wrong value", "acquisition.field_t=3T", "leave the unit out, it is always T: write 3" },
    { "no value", "acquisition.field_t=", "acquisition.field_t: no value" },
    { "structure for a number", "acquisition.field_t={a: 1}", "met a block of keys" },
};

static void test_bad_set(void **state)
{
    const struct bad_case *c = *state;
    struct hep_config cfg, before;
    struct hep_error e = { 0 };

    assert_ok(hep_config_defaults(&cfg, &e), e);
    before = cfg;
    assert_fails(hep_config_set(&cfg, c->text, &e), e, HEP_ECONFIG, c->part);
    assert_memory_equal(&cfg, &before, sizeof cfg);
}

static void test_set(void **state)
{
    struct hep_config cfg;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_config_defaults(&cfg, &e), e);
    assert_ok(hep_config_set(&cfg, "acquisition.field_t=1.5", &e), e);
    assert_close(cfg.acquisition.field_t, 1.5, 0, 0);
    assert_ok(hep_config_set(&cfg, "series.dwi.b_values_s_per_mm2=[0, 600]", &e), e);
    assert_true(cfg.series[HEP_SERIES_DWI].expected);
    assert_close(cfg.series[HEP_SERIES_DWI].b_values_s_per_mm2.v[1], 600, 0, 0);
    assert_ok(hep_config_set(&cfg, "series.dwi.expected=false", &e), e);
    assert_false(cfg.series[HEP_SERIES_DWI].expected);
    assert_ok(hep_config_set(&cfg, "title=quotes \" and \\ and {braces}", &e), e);
    assert_string_equal(cfg.title.s, "quotes \" and \\ and {braces}");
    assert_ok(hep_config_set(&cfg, "liver.label=5", &e), e);
    assert_ok(hep_config_set(&cfg, "liver.label=none", &e), e);
    assert_true(isnan(cfg.liver_label));
}

/* ---- round trip, hash, shipped files
 * ------------------------------------------------------------- */

static char *print(const struct hep_config *cfg, enum hep_config_form form)
{
    struct hep_str s = { 0 };

    hep_config_print(&s, cfg, form);
    assert_false(s.failed);
    return s.s;
}

static void check_round_trip(const struct hep_config *cfg, enum hep_config_form form)
{
    char first[HEP_SHA256_HEX], second[HEP_SHA256_HEX];
    struct hep_error e = { 0 };
    struct hep_config again;
    char *text = print(cfg, form);

    parse(&again, text);
    assert_ok(hep_config_hash(first, cfg, NULL, &e), e);
    assert_ok(hep_config_hash(second, &again, NULL, &e), e);
    assert_string_equal(first, second);
    free(text);
}

static void test_round_trip(void **state)
{
    static const char *const sets[] = {
        "name=true",
        "title=a \"quoted\" \\ one: # {x} \xc2\xb5",
        "acquisition.field_t=2.8936249999999999",
        "lesions.restriction.adc_max_mm2_per_s=0.00106600001",
        "series.dwi.b_values_s_per_mm2=[0, 33.333333333333336, 1e3]",
        "series.arterial.window_s=[20.1, 45]",
        "diffusion.sigma=1e-7",
        "report.pictures=false",
        "fat.noise=floor",
    };
    struct hep_config cfg;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_config_defaults(&cfg, &e), e);
    for (size_t i = 0; i < N_OF(sets); i++)
        assert_ok(hep_config_set(&cfg, sets[i], &e), e);
    check_round_trip(&cfg, HEP_CONFIG_PLAIN);
    check_round_trip(&cfg, HEP_CONFIG_DOCUMENTED);
    check_round_trip(&cfg, HEP_CONFIG_CHANGED);
}

static void test_hash(void **state)
{
    static const char *const fat[] = { "fat.", NULL };
    char a[HEP_SHA256_HEX], b[HEP_SHA256_HEX];
    struct hep_config cfg;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_config_defaults(&cfg, &e), e);
    assert_ok(hep_config_hash(a, &cfg, fat, &e), e);
    assert_ok(hep_config_set(&cfg, "diffusion.robust=true", &e), e);
    assert_ok(hep_config_hash(b, &cfg, fat, &e), e);
    assert_string_equal(a, b);
    assert_ok(hep_config_set(&cfg, "fat.snr_min=4", &e), e);
    assert_ok(hep_config_hash(b, &cfg, fat, &e), e);
    assert_string_not_equal(a, b);
    assert_ok(hep_config_hash(a, &cfg, NULL, &e), e);
    assert_ok(hep_config_set(&cfg, "series.t2.required=true", &e), e);
    assert_ok(hep_config_hash(b, &cfg, NULL, &e), e);
    assert_string_not_equal(a, b);
}

/* Generated files stand in the tree as they would be generated now; HEP_UPDATE=1 writes them anew.
 */
static void check_generated(const char *path, const struct hep_str *want)
{
    struct hep_error e = { 0 };
    char *have = NULL;
    size_t n = 0;

    assert_false(want->failed);
    if (getenv("HEP_UPDATE"))
        assert_ok(hep_file_write(path, want->s, want->len, &e), e);
    assert_ok(hep_file_read(&have, &n, path, (size_t)1 << 20, &e), e);
    assert_string_equal(have, want->s);
    free(have);
}

static void test_default_file(void **state)
{
    struct hep_str s = { 0 };
    struct hep_config cfg;

    (void)state;
    hep_config_print_default(&s);
    check_generated(HEP_CONFIGS "/default.yml", &s);
    parse(&cfg, s.s);
    for (int i = 0; i < HEP_SERIES_COUNT; i++)
        assert_true(cfg.series[i].expected && !cfg.series[i].required);
    hep_str_release(&s);
}

static void test_settings_manual(void **state)
{
    struct hep_str s = { 0 };

    (void)state;
    hep_manual_settings(&s);
    check_generated(HEP_CONFIGS "/../docs/reference-settings.md", &s);
    hep_str_release(&s);
}

/* What a room has as its default is what the table says, and every row takes part in the keys. */
static void test_rooms_defaults(void **state)
{
    static const char *const groups[] = { "liver.", "lesions.", "followup.", NULL };
    char table[HEP_SHA256_HEX], rooms[HEP_SHA256_HEX], other[HEP_SHA256_HEX];
    struct hep_error e = { 0 };
    struct hep_config cfg;

    (void)state;
    assert_ok(hep_config_defaults(&cfg, &e), e);
    assert_ok(hep_config_hash(table, &cfg, groups, &e), e);
    cfg.liver = hep_liver_settings_default;
    cfg.followup = hep_followup_settings_default;
    cfg.lesions = hep_lesion_limits_default;
    assert_ok(hep_config_hash(rooms, &cfg, groups, &e), e);
    assert_string_equal(table, rooms);
    assert_ok(hep_liver_settings_check(&cfg.liver, &e), e);
    assert_ok(hep_config_set(&cfg, "lesions.advanced.ties=[0.02, 0.2]", &e), e);
    assert_ok(hep_config_hash(other, &cfg, groups, &e), e);
    assert_string_not_equal(table, other);
    cfg.lesions = hep_lesion_limits_default;
    assert_ok(hep_config_set(&cfg, "liver.advanced.like_sd=2.5", &e), e);
    assert_ok(hep_config_hash(other, &cfg, groups, &e), e);
    assert_string_not_equal(table, other);
}

/* Everyday settings come first, by themselves. */
static void test_advanced_apart(void **state)
{
    struct hep_str s = { 0 };
    const char *heading, *first, *key;

    (void)state;
    hep_manual_settings(&s);
    heading = strstr(s.s, "\n## Advanced settings\n");
    first = strstr(s.s, ".advanced.");
    key = strstr(s.s, "`lesions.candidates.score_min`");
    assert_non_null(heading);
    assert_true(key != NULL && key < heading);
    assert_true(first != NULL && first > heading);
    assert_null(strstr(heading, "`lesions.candidates."));
    hep_str_release(&s);
}

static void test_shipped(void **state)
{
    static const char *const names[] = { "eob-full",     "bopta-full",       "eca-full",
                                         "amri-hbp",     "amri-noncontrast", "amri-dynamic",
                                         "amri-hbp-dwi", "amri-hbp-early",   "bopta-two-visits",
                                         "default" };

    (void)state;
    for (size_t i = 0; i < N_OF(names); i++) {
        struct hep_config cfg;
        struct hep_error e = { 0 };

        assert_ok(hep_config_load(&cfg, names[i], NULL, &e), e);
        assert_string_equal(cfg.name.s, names[i]);
        check_round_trip(&cfg, HEP_CONFIG_CHANGED);
    }
}

/* ---- files
 * ---------------------------------------------------------------------------------------- */

static void test_load_failures(void **state)
{
    struct hep_config cfg;
    struct hep_error e = { 0 };
    struct hep_str caret = { 0 };
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "mine.yml", NULL);
    const char text[] = "name: x\nagent: gadoxetat\n";

    (void)state;
    assert_fails(hep_config_load(&cfg, "eob-ful", NULL, &e), e, HEP_ENOENT,
                 "did you mean eob-full?");
    assert_fails(hep_config_load(&cfg, "agents", NULL, &e), e, HEP_ENOENT, "no protocol 'agents'");
    assert_fails(hep_config_load(&cfg, "./nothing.yml", NULL, &e), e, HEP_ENOENT, "nothing.yml");
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    assert_fails(hep_config_load(&cfg, path, &caret, &e), e, HEP_ECONFIG,
                 "did you mean 'gadoxetate'");
    assert_non_null(strstr(caret.s, "agent: gadoxetat\n       ^"));
    hep_str_release(&caret);
    hep_test_rmdir(dir);
    free(path);
}

/* HEPAR_CONFIGS comes before the folders of the build. */
static void test_search_order(void **state)
{
    struct hep_error e = { 0 };
    char *dir = hep_test_mkdir(), *mine = hep_path_join(dir, "eob-full.yml", NULL), *found = NULL;

    (void)state;
    assert_ok(hep_file_write(mine, "name: x\n", 8, &e), e);
    assert_int_equal(setenv("HEPAR_CONFIGS", dir, 1), 0);
    assert_ok(hep_config_find(&found, "eob-full.yml", &e), e);
    assert_string_equal(found, mine);
    free(found);
    assert_ok(hep_config_find(&found, "agents.yml", &e), e);
    assert_true(hep_ends_with(found, "configs/agents.yml"));
    free(found);
    assert_fails(hep_config_find(&found, "nothing.yml", &e), e, HEP_ENOENT, dir);
    assert_int_equal(unsetenv("HEPAR_CONFIGS"), 0);
    hep_test_rmdir(dir);
    free(mine);
}

/* ---- agents
 * --------------------------------------------------------------------------------------- */

static void test_windows(void **state)
{
    static const char *const sets[] = { "series.arterial.window_s=[22, 38]",
                                        "series.portal_venous.washout=off",
                                        "series.transitional.required=true" };
    struct hep_config_bundle b = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_config_open(&b, "eob-full", sets, N_OF(sets), NULL, &e), e);
    assert_string_equal(b.agent.name, "gadoxetate");
    /* The protocol's window, with the agent's nominal 30-40 s cut to it (Maino 2023). */
    assert_close(b.agent.windows[HEP_PHASE_ARTERIAL].window_s[0], 22, 0, 0);
    assert_close(b.agent.windows[HEP_PHASE_ARTERIAL].nominal_s[0], 30, 0, 0);
    assert_close(b.agent.windows[HEP_PHASE_ARTERIAL].nominal_s[1], 38, 0, 0);
    assert_false(b.agent.washout[HEP_PHASE_PORTAL_VENOUS]);
    hep_config_close(&b);

    /* Hepatobiliary window of gadobenate: 60-180 min, nominal 90-120 min. */
    assert_ok(
        hep_config_open(&b, "default", (const char *const[]){ "agent=gadobenate" }, 1, NULL, &e),
        e);
    assert_close(b.config.series[HEP_SERIES_HEPATOBILIARY].window_s.lo, 3600, 0, 0);
    assert_close(b.config.series[HEP_SERIES_HEPATOBILIARY].nominal_s.hi, 7200, 0, 0);
    hep_config_close(&b);
    assert_ok(hep_config_open(&b, "amri-noncontrast", NULL, 0, NULL, &e), e);
    assert_string_equal(b.agent.name, "none");
    assert_false(b.agent.windows[HEP_PHASE_ARTERIAL].defined);
    hep_config_close(&b);
    assert_fails(
        hep_config_open(&b, "eob-full", (const char *const[]){ "agent=gadoxetat" }, 1, NULL, &e), e,
        HEP_ECONFIG, "gadoxetate");
}

/* Every row: a preset that keeps its own rule (hep_config_defaults fails else), a sentence, a
 * range. */
static void test_table(void **state)
{
    const struct hep_field *tables[2] = { hep_config_fields(), hep_planned_fields() };
    struct hep_config cfg;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_config_defaults(&cfg, &e), e);
    for (size_t t = 0; t < 2; t++) {
        for (const struct hep_field *f = tables[t]; f->key; f++) {
            assert_true(strlen(f->doc) > 10);
            assert_true(f->min <= f->max);
            assert_ptr_equal(hep_field_find(tables[t], f->key), f);
        }
    }
}

/* The settings that a flag's row names are settings. */
static void test_flag_settings(void **state)
{
    (void)state;
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const char *key = hep_flag_row((enum hep_flag)i)->settings;

        while (*key != '\0') {
            const size_t n = strcspn(key, " ");
            char name[96];

            (void)snprintf(name, sizeof name, "%.*s", (int)n, key);
            if (hep_field_find(hep_config_fields(), name) == NULL)
                fail_msg("%s: no setting '%s'", hep_flag_name((enum hep_flag)i), name);
            key += n + strspn(key + n, " ");
        }
    }
}

int main(void)
{
    static struct CMUnitTest tests[N_OF(bad_cases) + N_OF(bad_sets) + 16];
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_names_are_known_below),
        cmocka_unit_test(test_diffusion_settings),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_default_file),
        cmocka_unit_test(test_flag_settings),
        cmocka_unit_test(test_settings_manual),
        cmocka_unit_test(test_rooms_defaults),
        cmocka_unit_test(test_advanced_apart),
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_load_failures),
        cmocka_unit_test(test_search_order),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_table),
    };
    size_t n = 0;

    for (size_t i = 0; i < N_OF(bad_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = bad_cases[i].name,
                                          .test_func = test_bad,
                                          .initial_state = (void *)(uintptr_t)&bad_cases[i] };
    for (size_t i = 0; i < N_OF(bad_sets); i++)
        tests[n++] = (struct CMUnitTest){ .name = bad_sets[i].name,
                                          .test_func = test_bad_set,
                                          .initial_state = (void *)(uintptr_t)&bad_sets[i] };
    for (size_t i = 0; i < N_OF(plain); i++)
        tests[n++] = plain[i];
    return _cmocka_run_group_tests("config", tests, n, NULL, NULL);
}
