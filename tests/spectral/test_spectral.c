/* CT numbers of a drawn liver with a lesion: mu(E) of water and iodine as straight lines, so that every slope, ratio and
 * mean is known. */
#include "support/support.h"

#include "base/alloc.h"
#include "spectral/spectral.h"

#include <math.h>

static struct hep_error e;
enum { SIDE = 24 };

/* HU of iodine per mg/mL, falling with energy: 40 at 60 keV, 15 at 100 keV. */
static double hu(double iodine, double kev)
{
    return 50.0 + iodine * (40.0 - (kev - 60.0) * 25.0 / 40.0);
}

struct drawn {
    struct hep_volume *energy[3], *iodine;
    struct hep_labels *lesions, *liver, *aorta;
};
static const double kev[3] = { 60.0, 80.0, 100.0 };

/* A liver of 2 mg/mL with a ball of 8 mm radius: 1 mg/mL in its centre, 3 within 3 mm of its surface; aorta 5. */
static void draw(struct drawn *d)
{
    struct hep_grid grid = { .n = { SIDE, SIDE, SIDE } };
    const double centre[3] = { 12.0, 12.0, 12.0 };

    for (int k = 0; k < 4; k++)
        grid.to_world[k][k] = 1.0;
    for (int k = 0; k < 3; k++)
        assert_ok(hep_volume_new(&d->energy[k], &grid, 1, &e), e);
    assert_ok(hep_volume_new(&d->iodine, &grid, 1, &e), e);
    assert_ok(hep_labels_new(&d->lesions, &grid, &e), e);
    assert_ok(hep_labels_new(&d->liver, &grid, &e), e);
    assert_ok(hep_labels_new(&d->aorta, &grid, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        size_t at[3];
        double x[3];
        double r = 0.0;
        double iodine = 2.0;

        hep_grid_place(at, &grid, i);
        for (int a = 0; a < 3; a++)
            x[a] = (double)at[a];
        r = sqrt(hep_distance2(x, centre));
        d->aorta->data[i] = at[0] == 0;
        d->liver->data[i] = at[0] > 0;
        d->lesions->data[i] = r <= 8.0 ? 4 : 0;
        if (r <= 8.0)
            iodine = r <= 4.0 ? 1.0 : 3.0;
        if (at[0] == 0)
            iodine = 5.0;
        d->iodine->data[i] = (float)iodine;
        for (int k = 0; k < 3; k++)
            d->energy[k]->data[i] = (float)hu(iodine, kev[k]);
    }
}

static void release(struct drawn *d)
{
    for (int k = 0; k < 3; k++)
        hep_volume_free(d->energy[k]);
    hep_volume_free(d->iodine);
    hep_labels_free(d->lesions);
    hep_labels_free(d->liver);
    hep_labels_free(d->aorta);
}

static struct hep_spectral_input input_of(const struct drawn *d)
{
    return (struct hep_spectral_input){
        .energy = (const struct hep_volume *const *)d->energy,
        .kev = kev,
        .n_energies = 3,
        .low = 0,
        .high = 2,
        .denominator = NAN,
        .iodine = d->iodine,
        .lesions = d->lesions,
        .liver = d->liver,
        .aorta = d->aorta,
        .edge_mm = 3.0,
        .margin_mm = 2.0,
    };
}

static void test_known_values(void **state)
{
    struct drawn d;
    struct hep_spectral s;
    struct hep_spectral_input in;

    (void)state;
    draw(&d);
    in = input_of(&d);
    assert_ok(hep_spectral_measure(&s, &in, &e), e);
    assert_int_equal(s.n, 5);
    assert_close(s.denominator, 40.0, 1e-12, 0);
    assert_int_equal(s.rows[1].region, HEP_SPECTRAL_CENTRE);
    assert_int_equal(s.rows[1].lesion, 4);
    assert_int_equal(s.rows[3].region, HEP_SPECTRAL_LIVER);
    /* Slope of iodine: 25 HU over 40 keV for each mg/mL. */
    assert_close(s.rows[3].slope.mean, 2.0 * 25.0 / 40.0, 1e-5, 0);
    assert_close(s.rows[3].iodine.sd, 0.0, 0, 1e-6);
    assert_close(s.rows[4].slope.mean, 5.0 * 25.0 / 40.0, 1e-5, 0);
    assert_close(s.rows[3].hu[1].mean, hu(2.0, 80.0), 1e-6, 0);
    assert_close(s.rows[3].normalised_iodine, 0.4, 1e-6, 0);
    /* The centre is deeper than 3 mm; the drawn one ends at 4 mm from the middle, 4 mm deep. */
    assert_true(s.rows[1].iodine.mean < 2.0 && s.rows[2].iodine.mean > 2.9);
    assert_close(s.rows[2].iodine_to_liver, 1.5, 0.01, 0);
    assert_int_equal(s.rows[1].n + s.rows[2].n, s.rows[0].n);
    hep_spectral_release(&s);
    in.denominator = 60.0;
    assert_ok(hep_spectral_measure(&s, &in, &e), e);
    assert_close(s.rows[3].slope.mean, 2.0 * 25.0 / 60.0, 1e-5, 0);
    hep_spectral_release(&s);
    release(&d);
}

static void test_refused(void **state)
{
    struct drawn d;
    struct hep_spectral s;
    struct hep_spectral_input in;
    int rc = HEP_ENOMEM;

    (void)state;
    draw(&d);
    in = input_of(&d);
    in.high = 0;
    assert_fails(hep_spectral_measure(&s, &in, &e), e, HEP_EDATA, "two energies");
    in = input_of(&d);
    d.liver->grid.to_world[0][3] += 1.0;
    assert_fails(hep_spectral_measure(&s, &in, &e), e, HEP_EGEOM, "liver mask");
    d.liver->grid.to_world[0][3] -= 1.0;
    in.edge_mm = 40.0; /* no centre is left: said, not invented */
    assert_ok(hep_spectral_measure(&s, &in, &e), e);
    assert_int_equal(s.rows[1].n, 0);
    assert_string_equal(s.rows[1].reason, "no voxel");
    assert_true(isnan(s.rows[1].slope.mean));
    hep_spectral_release(&s);
    in = input_of(&d);
    for (long k = 1; k < 200 && rc == HEP_ENOMEM; k++) {
        hep_alloc_fail_at(k);
        e = (struct hep_error){ 0 };
        rc = hep_spectral_measure(&s, &in, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
    }
    hep_alloc_fail_at(0);
    assert_int_equal(rc, HEP_OK);
    hep_spectral_release(&s);
    for (size_t i = 0; i < hep_grid_voxels(&d.lesions->grid); i++)
        d.lesions->data[i] = 0;
    e = (struct hep_error){ 0 };
    assert_fails(hep_spectral_measure(&s, &in, &e), e, HEP_EDATA, "empty");
    release(&d);
}

static void test_names(void **state)
{
    (void)state;
    assert_close(hep_spectral_kev_of_name("sub-01_acq-60keV_ct.nii.gz"), 60.0, 0, 0);
    assert_close(hep_spectral_kev_of_name("mono_100_KEV.nii"), 100.0, 0, 0);
    assert_close(hep_spectral_kev_of_name("keV-70.nii"), 70.0, 0, 0);
    assert_true(isnan(hep_spectral_kev_of_name("portal_120kVp.nii")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
