#include "liver/plausible.h"
#include "support/support.h"

#include <math.h>

static const double adc_limits[2] = { 0.2e-3, 3.2e-3 }, fat_limits[2] = { -0.1, 0.7 };

struct plausible_case {
    const char *name;
    enum hep_liver_quantity quantity;
    double median;
    const char *evidence, *reason; /* NULL: no contradiction */
};
static const struct plausible_case cases[] = {
    { "ADC of a liver", HEP_LIVER_ADC, 1.28e-3, NULL, NULL },
    { "ADC at the lower limit", HEP_LIVER_ADC, 0.2e-3, NULL, NULL },
    { "ADC at the upper limit", HEP_LIVER_ADC, 3.2e-3, NULL, NULL },
    { "nothing was measured", HEP_LIVER_ADC, (double)NAN, NULL, NULL },
    { "negative ADC", HEP_LIVER_ADC, -0.89e-3, NULL,
      "liver median ADC -0.89e-3 mm2/s, plausible 0.20e-3 to 3.20e-3: volumes not in the order of "
      "the b-values, scaled differently, or a derived map among them" },
    { "ADC without diffusion", HEP_LIVER_ADC, 0.19e-3, NULL,
      "liver median ADC 0.19e-3 mm2/s, plausible 0.20e-3 to 3.20e-3: volumes not in the order of "
      "the b-values, scaled differently, or a derived map among them" },
    { "ADC of another unit", HEP_LIVER_ADC, 0.945, NULL,
      "liver median ADC 945.00e-3 mm2/s, plausible 0.20e-3 to 3.20e-3: b-values in another unit, "
      "volumes scaled differently, or a mask beside the liver" },
    { "signals contradict, the ADC does not", HEP_LIVER_ADC, 0.48e-3, "signal rises 1.49-fold",
      "liver median ADC 0.48e-3 mm2/s; signal rises 1.49-fold: volumes not in the order of the "
      "b-values, scaled differently, or a derived map among them" },
    { "signals contradict without a liver", HEP_LIVER_ADC, (double)NAN, "signal rises 1.49-fold",
      "signal rises 1.49-fold: volumes not in the order of the b-values, scaled differently, or a "
      "derived map among them" },
    { "both contradict", HEP_LIVER_ADC, 9e-3, "signal rises 1.49-fold",
      "liver median ADC 9.00e-3 mm2/s, plausible 0.20e-3 to 3.20e-3; signal rises 1.49-fold: "
      "volumes not in the order of the b-values, scaled differently, or a derived map among "
      "them" },
    { "fat fraction of a liver", HEP_LIVER_FAT_FRACTION, 0.05, NULL, NULL },
    { "a little below 0 by noise", HEP_LIVER_FAT_FRACTION, -0.1, NULL, NULL },
    { "a scaled echo", HEP_LIVER_FAT_FRACTION, -0.83, NULL,
      "liver median fat fraction -83 %, plausible -10 % to 70 %: echoes scaled differently or "
      "exchanged, or iron not corrected for" },
    { "iron", HEP_LIVER_FAT_FRACTION, -0.05, "iron: R2* of the liver is about 150 /s",
      "liver median fat fraction -5 %; iron: R2* of the liver is about 150 /s" },
    { "more than all", HEP_LIVER_FAT_FRACTION, 1.2, NULL,
      "liver median fat fraction 120 %, plausible -10 % to 70 %: water and fat exchanged, or "
      "echoes scaled differently" },
};

static void test_plausible(void **state)
{
    const struct plausible_case *c = *state;
    const double *limits = c->quantity == HEP_LIVER_ADC ? adc_limits : fat_limits;
    char reason[HEP_IMPLAUSIBLE_REASON];
    bool contradicts = hep_liver_contradicts(reason, c->quantity, c->median, limits, c->evidence);

    assert_int_equal(contradicts, c->reason != NULL);
    assert_string_equal(reason, c->reason != NULL ? c->reason : "");
}

/* Fractions by hand: an opposed echo scaled by s turns 0 of fat into (1 - s) / 2, R2* of 25 /s at 3 T takes 0.014 more
 * where the opposed echo is the earlier. Iron in the spleen (300 /s): (1 - exp(0.345)) / 2 = -0.206. */
static const struct elsewhere_case {
    const char *name;
    struct hep_fat_elsewhere fat;
    const char *reason;
} elsewhere[] = {
    { "echoes as acquired", { -0.014, 0.02, -1 }, "" },
    { "opposed scaled by 0.8",
      { 0.086, 0.12, -1 },
      "the same images give 9 % in the spleen and 12 % in muscle, where there is no fat" },
    { "opposed scaled by 1.2",
      { -0.114, -0.08, -1 },
      "the same images give -11 % in the spleen and -8 % in muscle, where it cannot be below 0" },
    { "iron in the spleen", { -0.206, 0.02, -1 }, "" },
    { "iron in the spleen, in-phase echo first", { 0.206, 0.02, 1 }, "" },
    { "fat in muscle", { -0.014, 0.3, -1 }, "" },
    { "no muscle",
      { 0.09, (double)NAN, -1 },
      "the same images give 9 % in the spleen, where there is no fat" },
    { "no muscle, iron", { -0.206, (double)NAN, -1 }, "" },
    { "no muscle, iron, in-phase echo first", { 0.206, (double)NAN, 1 }, "" },
    { "no muscle, corrected",
      { -0.09, (double)NAN, 0 },
      "the same images give -9 % in the spleen, where it cannot be below 0" },
    { "no spleen",
      { (double)NAN, -0.08, -1 },
      "the same images give -8 % in muscle, where it cannot be below 0" },
    { "no spleen, fat in muscle", { (double)NAN, 0.3, -1 }, "" },
    { "neither", { (double)NAN, (double)NAN, -1 }, "" },
};

static void test_elsewhere(void **state)
{
    const struct elsewhere_case *c = *state;
    char reason[HEP_FAT_ELSEWHERE_REASON];

    assert_int_equal(hep_fat_elsewhere_contradicts(reason, &c->fat, 0.05), c->reason[0] != '\0');
    assert_string_equal(reason, c->reason);
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0], M = sizeof elsewhere / sizeof elsewhere[0] };
    struct CMUnitTest tests[N + M];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_plausible,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    for (size_t i = 0; i < M; i++)
        tests[N + i] = (struct CMUnitTest){ .name = elsewhere[i].name,
                                            .test_func = test_elsewhere,
                                            .initial_state = (void *)(uintptr_t)&elsewhere[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
