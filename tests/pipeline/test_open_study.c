/* Which shipped protocol a study gets when none is named. */
#include "support/support.h"

#include "pipeline/open_study.h"

#include <math.h>

/* hbp_s: 0 for no hepatobiliary phase, NaN for one at an unknown time. */
static const struct choice {
    const char *agent, *protocol;
    bool dynamic;
    double hbp_s;
} choices[] = {
    { "gadoxetate", "eob-full", true, 1200.0 },
    { "gadobenate", "bopta-full", true, 0.0 },
    { "extracellular", "eca-full", true, 0.0 },
    { NULL, "eca-full", true, 0.0 },
    /* uptake by hepatocytes: no extracellular agent, whose delayed phase may be judged */
    { NULL, "eob-full", true, (double)NAN },
    { NULL, "eob-full", true, 1200.0 },
    { NULL, "bopta-full", true, 5400.0 },
    { NULL, "amri-hbp", false, 1200.0 },
    { NULL, "amri-noncontrast", false, 0.0 },
};

static void test_choice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        const struct choice *c = &choices[i];
        struct hep_series series[2] = {
            { .role = HEP_ROLE_ARTERIAL, .selected = true },
            { .role = HEP_ROLE_HEPATOBILIARY, .selected = true, .time_since_injection_s = c->hbp_s }
        };
        struct hep_inventory inv = { .series = c->dynamic ? series : series + 1,
                                     .n_series = (size_t)c->dynamic + (size_t)(c->hbp_s != 0.0) };
        struct hep_agent agent = { .name = c->agent };
        char why[160];

        assert_string_equal(
            hep_choose_protocol(why, sizeof why, &inv, c->agent != NULL ? &agent : NULL),
            c->protocol);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_choice) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
