/* Lists of maps by name and group; the answers are read off the list by eye. */
#include "support/support.h"

#include "terms/map_group.h"

static const struct hep_map_name maps[] = {
    { "adc", HEP_MAP_PARAMETER },      { "adc_se", HEP_MAP_ERROR },
    { "adc_status", HEP_MAP_QUALITY }, { "r2star", HEP_MAP_PARAMETER },
    { "liver", HEP_MAP_NO_CHOICE },
};
enum { N_MAPS = sizeof maps / sizeof maps[0] };

struct list_case {
    const char *name, *list, *chosen; /* one letter for each map: y or n */
};
static struct list_case cases[] = {
    { "everything", "all", "yyyyy" },
    { "a group", "parameters", "ynnyn" },
    { "two groups", "errors,quality", "nyynn" },
    { "a name beside a group", "r2star,errors", "nynyn" },
    { "blanks, as people write YAML", " adc , quality ", "ynynn" },
    { "twice is once", "adc,adc,parameters", "ynnyn" },
};

static void test_list(void **state)
{
    const struct list_case *c = *state;
    bool chosen[N_MAPS];
    struct hep_error e = { 0 };

    assert_ok(hep_map_list_read(chosen, c->list, maps, N_MAPS, "map", HEP_EINVAL, &e), e);
    for (size_t i = 0; i < N_MAPS; i++)
        assert_int_equal(chosen[i], c->chosen[i] == 'y');
}

static void test_unknown(void **state)
{
    static const char *const bad[] = { "adc,r2sta", "adc,,r2star", "", "ADC" };
    bool chosen[N_MAPS];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hep_error e = { 0 };

        assert_fails(hep_map_list_read(chosen, bad[i], maps, N_MAPS, "map", HEP_ECONFIG, &e), e,
                     HEP_ECONFIG, i == 0 ? "did you mean 'r2star'" : "unknown map");
    }
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N + 1];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_list,
                                        .initial_state = &cases[i] };
    tests[N] = (struct CMUnitTest)cmocka_unit_test(test_unknown);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
