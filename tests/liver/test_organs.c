#include "support/abdomen.h"

#include <stdlib.h>

static const enum hep_image images[] = { HEP_IMAGE_HEPATOBILIARY, HEP_IMAGE_PORTAL_VENOUS,
                                         HEP_IMAGE_ARTERIAL,      HEP_IMAGE_T2,
                                         HEP_IMAGE_B_HIGH,        HEP_IMAGE_ADC };

struct organ {
    const char *name;
    enum hep_anatomy organ;
    enum abdomen_tissue tissue;
    double min_ml; /* of the sure inside */
};
static const struct organ organs[] = {
    { "liver", HEP_ANATOMY_LIVER, LIVER, 1000.0 },  { "spleen", HEP_ANATOMY_SPLEEN, SPLEEN, 40.0 },
    { "muscle", HEP_ANATOMY_MUSCLE, MUSCLE, 10.0 }, { "aorta", HEP_ANATOMY_AORTA, AORTA, 8.0 },
    { "cava", HEP_ANATOMY_IVC, CAVA, 8.0 },
};

static struct hep_labels *anatomy_of(const struct abdomen *a, const struct hep_grid *grid, size_t n)
{
    struct hep_error e = { 0 };
    struct hep_labels *liver = abdomen_truth(a, grid, LIVER), *out = NULL;
    struct hep_liver_input in;

    abdomen_fill(&in, a, grid, images, n);
    assert_ok(hep_liver_anatomy(&out, &in, liver, &hep_liver_settings_default, &e), e);
    hep_labels_free(liver);
    abdomen_release(&in);
    return out;
}

/* What is labelled is that organ: at least 95 % of its voxels, and enough of them to measure in. */
static void organs_are_what_they_say(void **state)
{
    const struct abdomen a = { .lesion_mm = 30.0 };
    const struct hep_grid grid = hep_test_grid(120, 88, 50, 3.0, 3.0, 4.0);
    struct hep_labels *got = anatomy_of(&a, &grid, 6);

    (void)state;
    for (size_t k = 0; k < sizeof organs / sizeof organs[0]; k++) {
        struct hep_labels *truth = abdomen_truth(&a, &grid, organs[k].tissue);
        size_t right = 0, all = hep_labels_count(got, (int32_t)organs[k].organ);

        for (size_t i = 0; i < hep_grid_voxels(&grid); i++)
            right += got->data[i] == (int32_t)organs[k].organ && truth->data[i] != 0;
        if ((double)all * hep_grid_voxel_mm3(&grid) / 1000.0 < organs[k].min_ml ||
            (double)right < 0.95 * (double)all)
            fail_msg("%s: %zu of %zu voxels are right", organs[k].name, right, all);
        hep_labels_free(truth);
    }
    hep_labels_free(got);
}

/* A missing organ stays missing: nothing else takes its name. */
static void no_spleen_is_no_spleen(void **state)
{
    const struct abdomen a = { .no_spleen = true };
    const struct hep_grid grid = hep_test_grid(92, 66, 42, 4.0, 4.0, 5.0);
    struct hep_labels *got = anatomy_of(&a, &grid, 6);

    (void)state;
    assert_int_equal(hep_labels_count(got, HEP_ANATOMY_SPLEEN), 0);
    hep_labels_free(got);
}

/* Without a phase that shows blood there are no trunks. */
static void no_blood_no_trunks(void **state)
{
    const struct abdomen a = { 0 };
    const struct hep_grid grid = hep_test_grid(92, 66, 42, 4.0, 4.0, 5.0);
    struct hep_labels *got = anatomy_of(&a, &grid, 1);

    (void)state;
    assert_int_equal(hep_labels_count(got, HEP_ANATOMY_AORTA), 0);
    assert_int_equal(hep_labels_count(got, HEP_ANATOMY_IVC), 0);
    assert_true(hep_labels_count(got, HEP_ANATOMY_LIVER) > 0);
    hep_labels_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(organs_are_what_they_say),
                                        cmocka_unit_test(no_spleen_is_no_spleen),
                                        cmocka_unit_test(no_blood_no_trunks) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
