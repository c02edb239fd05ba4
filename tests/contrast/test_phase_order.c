#include "contrast/phase_order.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

/* Signals with the courses of gadoxetate (Maino et al., World J Gastroenterol 2023;29:5180): the liver rises, the aorta
 * falls from the arterial phase on, muscle gains a tenth. */
static const struct hep_order_signals course[HEP_PHASE_COUNT] = {
    [HEP_PHASE_PRECONTRAST] = { 100, 80, 90 },
    [HEP_PHASE_ARTERIAL] = { 125, 240, 100 },
    [HEP_PHASE_PORTAL_VENOUS] = { 158, 210, 104 },
    [HEP_PHASE_TRANSITIONAL] = { 145, 165, 104 },
    [HEP_PHASE_DELAYED] = { (double)NAN, (double)NAN, (double)NAN },
    [HEP_PHASE_HEPATOBILIARY] = { 170, 115, 95 },
};

enum { PRE, ART, PV, TRANS, DEL, HBP };

struct order_case {
    const char *name;
    int image[HEP_PHASE_COUNT]; /* which image of the course stands at each phase */
    double scale[HEP_PHASE_COUNT];
    bool no_muscle;
    unsigned wrong; /* bits of the phases that cannot be compared */
    const char *says;
};
#define IN_ORDER                                                                                   \
    {                                                                                              \
        PRE, ART, PV, TRANS, DEL, HBP                                                              \
    }
#define EQUAL                                                                                      \
    {                                                                                              \
        1, 1, 1, 1, 1, 1                                                                           \
    }
#define BIT(p) (1U << (p))
#define ALL (BIT(ART) | BIT(PV) | BIT(TRANS) | BIT(DEL) | BIT(HBP))
static const struct order_case cases[] = {
    { "in order", IN_ORDER, EQUAL, false, 0, "" },
    { "in order, no muscle", IN_ORDER, EQUAL, true, 0, "" },
    { "a phase of another gain", IN_ORDER, { 1, 1.5, 1, 1, 1, 0.6 }, false, 0, "" },
    /* a ratio of 1 lies within the margin of 0.1 */
    { "as bright in the arterial phase", { PRE, PV, PV, TRANS, DEL, HBP }, EQUAL, false, 0, "" },
    /* by hand: 158 / 125 x 100 / 104 = 1.215 */
    { "arterial and portal venous exchanged",
      { PRE, PV, ART, TRANS, DEL, HBP },
      EQUAL,
      false,
      BIT(ART) | BIT(PV),
      "the liver is 1.22 times as bright in the arterial as in the portal venous phase" },
    /* 165 / 115 x 95 / 104 = 1.311 */
    { "transitional and hepatobiliary exchanged",
      { PRE, ART, PV, HBP, DEL, TRANS },
      EQUAL,
      false,
      BIT(TRANS) | BIT(HBP),
      "the aorta is 1.31 times as bright in the hepatobiliary as in the transitional phase" },
    { "all reversed",
      { HBP, TRANS, PV, ART, DEL, PRE },
      EQUAL,
      false,
      ALL,
      "darker than before contrast in 3 phases" },
    { "one phase is subtracted",
      IN_ORDER,
      { 1, 0.2, 1, 1, 1, 1 },
      true,
      BIT(ART),
      "the liver has 0.25 times its signal before contrast" },
};

static void test_order(void **state)
{
    const struct order_case *c = *state;
    struct hep_order_signals s[HEP_PHASE_COUNT];
    char reason[HEP_PHASE_COUNT][HEP_ORDER_REASON];
    bool said = false;

    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        s[p] = course[c->image[p]];
        s[p].liver *= c->scale[p];
        s[p].aorta *= c->scale[p];
        s[p].muscle *= c->no_muscle ? (double)NAN : c->scale[p];
    }
    hep_phase_order_judge(reason, s, 0.1, 0.15);
    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        assert_int_equal(reason[p][0] != '\0', (c->wrong & BIT(p)) != 0);
        said = said || strstr(reason[p], c->says) != NULL;
    }
    assert_true(said);
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_order,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
