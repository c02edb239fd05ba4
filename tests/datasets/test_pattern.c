#include "support/support.h"

#include "datasets/pattern.h"

struct fit_case {
    const char *name, *part, *text, *word, *value; /* value NULL: it does not fit */
};
static struct fit_case fit_cases[] = {
    { "number between texts", "amos_{case}.nii.gz", "amos_0507.nii.gz", "case", "0507" },
    { "another beginning", "amos_{case}.nii.gz", "amas_0507.nii.gz", "case", NULL },
    { "another end", "amos_{case}.nii.gz", "amos_0507.nii", "case", NULL },
    { "a word takes a character at least", "im{case}.nii.gz", "im.nii.gz", "case", NULL },
    { "the whole name", "{case}", "MR-400851", "case", "MR-400851" },
    { "the last text is the end", "{case}.nii.gz", "1.2.nii.gz.nii.gz", "case", "1.2.nii.gz" },
    { "two words", "rater1_tumor{n}_{m}.nii", "rater1_tumor2_b.nii", "m", "b" },
    { "a word that stands twice", "{case}_{case}", "a_a", "case", "a" },
    { "a word that stands twice for two texts", "{case}_{case}", "a_b", "case", NULL },
    { "any characters", "*_mask.nii.gz", "anything_mask.nii.gz", "case", "" },
};

static void test_fit(void **state)
{
    const struct fit_case *c = *state;
    struct hep_captures words = { 0 };
    const char *value;

    assert_int_equal(hep_pattern_fits(&words, c->part, c->text), c->value != NULL);
    value = hep_captures_get(&words, c->word);
    if (c->value != NULL && *c->value != '\0') {
        assert_non_null(value);
        assert_string_equal(value, c->value);
    }
}

#define N (sizeof fit_cases / sizeof fit_cases[0])

int main(void)
{
    struct CMUnitTest tests[N];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = fit_cases[i].name,
                                        .test_func = test_fit,
                                        .initial_state = &fit_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
