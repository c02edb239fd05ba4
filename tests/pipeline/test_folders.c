/* Folders name people: what of a path and of a command line may stand in a result. Expected texts by hand. */
#include "support/support.h"

#include "pipeline/folders.h"

static const char *const command[] = { "/opt/bin/hepar",
                                       "run",
                                       "/x/DOE_JANE/sub-01/",
                                       "-o",
                                       "out JANE/results",
                                       "--liver-mask=masks/DOE/m.nii.gz",
                                       "-pmy/DOE.yml",
                                       "--protocol",
                                       "doe.yml",
                                       "--set",
                                       "align.iterations=100",
                                       "--set",
                                       "diffusion.adc.method=ols",
                                       "--set",
                                       "liver.command=/srv/doe/seg --name JANE",
                                       "-d",
                                       "DOE=/y/JANE",
                                       "--nthreads",
                                       "2",
                                       "--te",
                                       "0.0023,0.0046",
                                       "--force",
                                       NULL };

struct text_case {
    const char *name, *text, *want;
};
static const struct text_case cases[] = {
    { "folder of the study", "/x/DOE_JANE/sub-01/dwi/a.bval: 1 b-values",
      "dwi/a.bval: 1 b-values" },
    { "the study itself", "/x/DOE_JANE/sub-01: holds no NIfTI file",
      "sub-01: holds no NIfTI file" },
    { "a folder with a blank", "cannot create out JANE/results/sub-01/x (full)",
      "cannot create sub-01/x (full)" },
    { "a relative file", "masks/DOE/m.nii.gz: empty", "m.nii.gz: empty" },
    { "after an option of one letter", "my/DOE.yml:4:2: no", "my/DOE.yml:4:2: no" },
    { "an absolute path of no word", "see \"/srv/doe/log.txt\", and (/tmp/doe/b): end",
      "see \"log.txt\", and (b): end" },
    { "units and fractions", "mm2/s, 3 / 4, n/a, ms/um2", "mm2/s, 3 / 4, n/a, ms/um2" },
    { "nothing", "", "" },
};

static void test_text(void **state)
{
    const struct text_case *c = *state;
    struct hep_str out = { 0 };

    hep_str_add(&out, "");
    hep_folders_hide(&out, c->text, command);
    assert_string_equal(out.s, c->want);
    hep_str_release(&out);
}

static void test_without_command(void **state)
{
    struct hep_str out = { 0 };

    (void)state;
    hep_folders_hide(&out, "/x/DOE/a.nii: broken", NULL);
    assert_string_equal(out.s, "a.nii: broken");
    hep_str_release(&out);
}

static void test_command_line(void **state)
{
    struct hep_error e = { 0 };
    struct hep_put put = { HEP_OK, &e };
    struct hep_json *a = hep_folders_command(&put, command, "sub-01_ses-2");
    char *text = NULL;

    (void)state;
    assert_ok(put.rc, e);
    assert_ok(hep_json_dump_line(&text, a, &e), e);
    assert_string_equal(
        text, "[\"hepar\", \"run\", \"...\", \"-o\", \"...\", \"--liver-mask=...\", "
              "\"-p...\", \"--protocol\", \"...\", \"--set\", \"align.iterations=100\", "
              "\"--set\", \"diffusion.adc.method=ols\", \"--set\", \"...\", \"-d\", "
              "\"...\", \"--nthreads\", \"2\", \"--te\", \"0.0023,0.0046\", \"--force\"]");
    free(text);
    hep_json_free(a);
}

int main(void)
{
    enum { N = sizeof cases / sizeof *cases };
    struct CMUnitTest tests[N + 2] = { cmocka_unit_test(test_without_command),
                                       cmocka_unit_test(test_command_line) };

    for (size_t i = 0; i < N; i++)
        tests[i + 2] = (struct CMUnitTest){ .name = cases[i].name,
                                            .test_func = test_text,
                                            .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
