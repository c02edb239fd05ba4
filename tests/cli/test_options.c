/* Command lines: what is read, what is refused with which words, help and manual from the same
 * table. */
#include "support/support.h"

#include "base/file.h"
#include "terms/exit_codes.h"
#include "cli/manual.h"
#include "cli/options.h"

#include <math.h>
#include <stdlib.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))
#define WORDS_MAX 16

enum { MODEL_ADC, MODEL_IVIM };
static const char *const models[] = { "adc", "ivim", NULL };

struct fit_options {
    struct hep_common_options common;
    const char *protocol, *out, *mask;
    long nthreads;
    double sigma, level;
    int solver, model;
    bool force;
    struct hep_args labels, sets, dwi;
};
#define F struct fit_options

static const struct hep_option fit_options[] = {
    HEP_OPT(TEXT, F, protocol, "protocol", 'p', "PROTOCOL", "default", "shipped name or path"),
    HEP_OPT(DIR_OUT, F, out, "out", 'o', "DIR", NULL, "folder of the results"),
    HEP_OPT(FILE_IN, F, mask, "liver-mask", 0, "FILE", NULL, "mask of the liver"),
    HEP_OPT_INTEGER(F, nthreads, "nthreads", 'n', "N", 1, 64, "2", "threads"),
    HEP_OPT_NUMBER(F, sigma, "sigma", 0, "S", 0, 100, NULL, "noise"),
    HEP_OPT_NUMBER(F, level, "level", 0, "L", -1, 1, "0.5", "level"),
    HEP_OPT_CHOICE(F, solver, "solver", 0, "S", models, NULL, "solver"),
    HEP_OPT_FLAG(F, force, "force", 'f', "compute anew"),
    HEP_OPT_LIST(F, labels, "participant-label", 0, "LABEL", "participants"),
    HEP_OPT_REPEAT(F, sets, "set", 0, "KEY=VALUE", "setting"),
    { 0 },
};
static const struct hep_positional fit_positionals[] = {
    HEP_POS_CHOICE(F, model, "MODEL", models, "model"),
    HEP_POS_MANY(TEXT, F, dwi, "DWI", "volumes"),
    { 0 },
};
static const char *const fit_examples[] = { "hepar fit adc dwi.nii.gz -o out", NULL };
static const struct hep_command table[] = {
    { "fit", "Fit one model to a file", "First paragraph.\n\nSecond paragraph.", fit_options,
      fit_positionals, sizeof(F), NULL, fit_examples },
    { "protocol check", "Check a protocol", NULL, NULL, NULL, sizeof(struct hep_common_options),
      NULL, NULL },
    { "protocol show", "Show a protocol", NULL, NULL, NULL, sizeof(struct hep_common_options), NULL,
      NULL },
};
static const struct hep_command *const commands[] = { &table[0], &table[1], &table[2], NULL };

struct words {
    int n;
    char *v[WORDS_MAX + 1];
    char text[WORDS_MAX][64];
};

/* The words of a line, split at blanks, as argv is: writable and ended by NULL. */
static struct words *split(const char *line)
{
    static struct words w;

    w.n = 0;
    while (*line && w.n < WORDS_MAX) {
        size_t n = strcspn(line, " ");

        (void)snprintf(w.text[w.n], sizeof w.text[0], "%.*s", (int)n, line);
        w.v[w.n] = w.text[w.n];
        w.n++;
        line += n + (line[n] == ' ');
    }
    w.v[w.n] = NULL;
    return &w;
}

static int parse(F *out, const char *line, struct hep_error *e)
{
    struct words *w = split(line);

    return hep_options_parse(out, commands[0], w->n, w->v, e);
}

/* ---- refused
 * ------------------------------------------------------------------------------------- */

struct bad_case {
    const char *name, *line;
    enum hep_status code;
    const char *part;
};

static const struct bad_case bad_cases[] = {
    { "nothing", "", HEP_EUSAGE, "MODEL is missing" },
    { "one positional of two", "adc", HEP_EUSAGE, "DWI is missing (see hepar fit --help)" },
    { "unknown long", "adc x --protocl y", HEP_EUSAGE,
      "unknown option '--protocl'; did you mean --protocol?" },
    { "unknown long with value", "adc x --sgma=3", HEP_EUSAGE, "did you mean --sigma?" },
    { "unknown long, first word", "--xyzzyx", HEP_EUSAGE, "unknown option '--xyzzyx'" },
    { "unknown short", "adc x -z", HEP_EUSAGE, "unknown option '-z'" },
    { "unknown short in a bunch", "adc x -fz", HEP_EUSAGE, "unknown option '-z'" },
    { "missing value", "adc x --sigma", HEP_EUSAGE, "option '--sigma' needs S" },
    { "missing value, short", "adc x -o", HEP_EUSAGE, "option '-o' needs DIR" },
    { "value for a flag", "adc x --force=1", HEP_EUSAGE, "option --force takes no value" },
    { "ambiguous", "adc x --l", HEP_EUSAGE, "ambiguous" },
    { "choice", "adc x --solver ivm", HEP_EUSAGE,
      "--solver: met 'ivm'; wanted is one of adc, ivim; did you mean ivim?" },
    { "positional choice", "acd x", HEP_EUSAGE, "MODEL: met 'acd'; wanted is one of adc, ivim" },
    { "not a number", "adc x --sigma 3x", HEP_EUSAGE, "--sigma: met '3x'" },
    { "nan", "adc x --sigma nan", HEP_EUSAGE, "--sigma: met 'nan'" },
    { "infinite", "adc x --sigma inf", HEP_EUSAGE, "--sigma: met 'inf'" },
    { "above range", "adc x --sigma 100.5", HEP_EUSAGE, "from 0 to 100" },
    { "below range", "adc x -n 0", HEP_EUSAGE, "whole number from 1 to 64" },
    { "not whole", "adc x --nthreads 1.5", HEP_EUSAGE, "whole number" },
    { "missing file", "adc x --liver-mask /nonexistent/m.nii", HEP_ENOENT,
      "--liver-mask: no file '/nonexistent/m.nii'" },
    { "folder for a file", "adc x --liver-mask /", HEP_ENOENT, "not a file '/'" },
};

static void test_bad(void **state)
{
    const struct bad_case *c = *state;
    struct hep_error e = { 0 };
    F f;

    assert_fails(parse(&f, c->line, &e), e, c->code, c->part);
    hep_options_release(&f, commands[0]);
}

/* ---- read
 * ---------------------------------------------------------------------------------------- */

static void test_presets(void **state)
{
    struct hep_error e = { 0 };
    F f;

    (void)state;
    assert_ok(parse(&f, "ivim a.nii", &e), e);
    assert_int_equal(f.model, MODEL_IVIM);
    assert_int_equal(f.dwi.n, 1);
    assert_string_equal(f.dwi.items[0], "a.nii");
    assert_string_equal(f.protocol, "default");
    assert_null(f.out);
    assert_int_equal(f.nthreads, 2);
    assert_true(isnan(f.sigma));
    assert_close(f.level, 0.5, 0, 0);
    assert_int_equal(f.solver, -1);
    assert_false(f.force || f.common.help || f.common.quiet);
    assert_int_equal(f.labels.n, 0);
    hep_options_release(&f, commands[0]);
}

struct good_case {
    const char *name, *line;
};
/* All of these say the same. */
static const struct good_case good_cases[] = {
    { "options last", "adc a b -o out -n 4 --sigma 2.5 -f --level -0.5" },
    { "options first", "-o out -n 4 --sigma 2.5 -f --level -0.5 adc a b" },
    { "options between", "adc -o out a -f -n4 b --sigma=2.5 --level=-0.5" },
    { "abbreviated", "adc a b --ou out --nt 4 --sig 2.5 --fo --lev -0.5" },
    { "bunched", "adc a b -fn4 -oout --sigma 2.5 --level -0.5" },
    { "double dash", "-o out -n 4 --sigma 2.5 -f --level -0.5 -- adc a b" },
};

static void test_good(void **state)
{
    const struct good_case *c = *state;
    struct hep_error e = { 0 };
    F f;

    assert_ok(parse(&f, c->line, &e), e);
    assert_int_equal(f.model, MODEL_ADC);
    assert_int_equal(f.dwi.n, 2);
    assert_string_equal(f.dwi.items[0], "a");
    assert_string_equal(f.dwi.items[1], "b");
    assert_string_equal(f.out, "out");
    assert_int_equal(f.nthreads, 4);
    assert_close(f.sigma, 2.5, 0, 0);
    assert_close(f.level, -0.5, 0, 0);
    assert_true(f.force);
    hep_options_release(&f, commands[0]);
}

/* BIDS-Apps: --participant-label 01 02, repeated, and spelled with an underscore. */
static void test_lists(void **state)
{
    struct hep_error e = { 0 };
    F f;

    (void)state;
    assert_ok(parse(&f, "adc a --participant-label 01 02 -f --participant_label 03", &e), e);
    assert_int_equal(f.labels.n, 3);
    assert_string_equal(f.labels.items[0], "01");
    assert_string_equal(f.labels.items[2], "03");
    assert_int_equal(f.dwi.n, 1);
    hep_options_release(&f, commands[0]);
    assert_null(f.labels.items);
}

/* One value each time, so that a positional may follow. */
static void test_repeated(void **state)
{
    struct hep_error e = { 0 };
    F f;

    (void)state;
    assert_ok(parse(&f, "--set a=1 adc --set=b=2 x", &e), e);
    assert_int_equal(f.sets.n, 2);
    assert_string_equal(f.sets.items[1], "b=2");
    assert_int_equal(f.dwi.n, 1);
    hep_options_release(&f, commands[0]);
    assert_null(f.sets.items);
}

static void test_help_needs_nothing_else(void **state)
{
    struct hep_error e = { 0 };
    F f;

    (void)state;
    assert_ok(parse(&f, "-h", &e), e);
    assert_true(f.common.help);
    hep_options_release(&f, commands[0]);
    assert_ok(parse(&f, "--help", &e), e);
    assert_true(f.common.help);
    hep_options_release(&f, commands[0]);
}

/* An option value may be the name of an existing file. */
static void test_existing_file(void **state)
{
    char *dir = hep_test_mkdir(), *file = hep_path_join(dir, "mask.nii", NULL);
    char model[] = "adc", dwi[] = "x", option[] = "--liver-mask";
    char *argv[] = { model, dwi, option, file, NULL };
    struct hep_error e = { 0 };
    F f;

    (void)state;
    assert_ok(hep_file_write(file, "x", 1, &e), e);
    assert_ok(hep_options_parse(&f, commands[0], 4, argv, &e), e);
    assert_ptr_equal(f.mask, file);
    hep_options_release(&f, commands[0]);
    hep_test_rmdir(dir);
    free(file);
}

/* ---- commands
 * ------------------------------------------------------------------------------------ */

static int find(const struct hep_command **c, int *used, const char *line, struct hep_error *e)
{
    struct words *w = split(line);

    return hep_command_find(c, used, commands, w->n, w->v, e);
}

static void test_commands(void **state)
{
    const struct hep_command *c = NULL;
    struct hep_error e = { 0 };
    int used = 0;

    (void)state;
    assert_ok(find(&c, &used, "hepar fit adc", &e), e);
    assert_ptr_equal(c, commands[0]);
    assert_int_equal(used, 1);
    assert_ok(find(&c, &used, "hepar protocol show x", &e), e);
    assert_ptr_equal(c, commands[2]);
    assert_int_equal(used, 2);
    assert_fails(find(&c, &used, "hepar", &e), e, HEP_EUSAGE, "no command given");
    assert_fails(find(&c, &used, "hepar fti x", &e), e, HEP_EUSAGE, "did you mean fit?");
    assert_fails(find(&c, &used, "hepar protocol chek x", &e), e, HEP_EUSAGE,
                 "did you mean protocol check?");
    assert_fails(find(&c, &used, "hepar protocol", &e), e, HEP_EUSAGE, "show follows");
    assert_fails(find(&c, &used, "hepar protocol -x", &e), e, HEP_EUSAGE, "show follows");
}

/* ---- help and manual
 * ----------------------------------------------------------------------------- */

static void test_help(void **state)
{
    struct hep_str s = { 0 };

    (void)state;
    hep_command_help(&s, commands[0]);
    assert_non_null(strstr(s.s, "usage: hepar fit {adc,ivim} DWI... [options]"));
    assert_non_null(strstr(s.s, "Second paragraph."));
    assert_non_null(strstr(s.s, "hepar fit adc dwi.nii.gz -o out"));
    for (const struct hep_option *o = fit_options; o->name; o++) {
        char name[64];

        (void)snprintf(name, sizeof name, "--%s", o->name);
        assert_non_null(strstr(s.s, name));
    }
    assert_non_null(strstr(s.s, "1 to 64; default 2"));
    for (const char *line = s.s; line && *line; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\n") <= 80);
    hep_str_clear(&s);
    hep_commands_help(&s, commands);
    assert_non_null(strstr(s.s, "protocol check"));
    assert_non_null(strstr(s.s, "75"));
    hep_str_clear(&s);
    assert_true(hep_group_help(&s, commands, "protocol"));
    assert_non_null(strstr(s.s, "protocol check"));
    assert_null(strstr(s.s, "fit"));
    hep_str_clear(&s);
    assert_false(hep_group_help(&s, commands, "fit"));
    hep_manual_commands(&s, commands);
    assert_non_null(strstr(s.s, "## protocol show"));
    assert_non_null(strstr(s.s, "| 66 | an input is missing |"));
    hep_str_release(&s);
}

/* BIDS execution specification 2.0 draft, and sysexits.h. */
static void test_exit_codes(void **state)
{
    static const struct {
        int status, code;
    } cases[] = {
        { HEP_OK, 0 },       { HEP_EPARTIAL, 3 }, { HEP_EDATASET, 16 }, { HEP_ELEVEL, 17 },
        { HEP_EFILTER, 18 }, { HEP_EUSAGE, 64 },  { HEP_EFORMAT, 65 },  { HEP_ECONFIG, 65 },
        { HEP_EGEOM, 65 },   { HEP_EDATA, 65 },   { HEP_ENOENT, 66 },   { HEP_ECREAT, 73 },
        { HEP_EIO, 74 },     { HEP_ETEMP, 75 },   { HEP_ENOMEM, 71 },   { HEP_EGRAPH, 1 },
        { -999, 1 },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(cases); i++) {
        bool described = false;

        assert_int_equal(hep_exit_code(cases[i].status), cases[i].code);
        for (const struct hep_exit_code *c = hep_exit_codes(); c->meaning; c++)
            described = described || c->code == cases[i].code;
        assert_true(described);
    }
}

int main(void)
{
    static struct CMUnitTest tests[N_OF(bad_cases) + N_OF(good_cases) + 16];
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(test_presets),       cmocka_unit_test(test_lists),
        cmocka_unit_test(test_repeated),      cmocka_unit_test(test_help_needs_nothing_else),
        cmocka_unit_test(test_existing_file), cmocka_unit_test(test_commands),
        cmocka_unit_test(test_help),          cmocka_unit_test(test_exit_codes),
    };
    size_t n = 0;

    for (size_t i = 0; i < N_OF(bad_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = bad_cases[i].name,
                                          .test_func = test_bad,
                                          .initial_state = (void *)(uintptr_t)&bad_cases[i] };
    for (size_t i = 0; i < N_OF(good_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = good_cases[i].name,
                                          .test_func = test_good,
                                          .initial_state = (void *)(uintptr_t)&good_cases[i] };
    for (size_t i = 0; i < N_OF(plain); i++)
        tests[n++] = plain[i];
    return _cmocka_run_group_tests("options", tests, n, NULL, NULL);
}
