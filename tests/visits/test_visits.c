/* Dates, and markers as places on their scale. */
#include "support/support.h"
#include "visits/find.h"
#include "visits/markers.h"
#include "visits/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Days between dates, by the calendar: 2024 is a leap year, 2100 is none. */
static void days_between_dates(void **state)
{
    static const struct {
        const char *from, *to;
        double days;
    } cases[] = {
        { "2024-01-10", "2024-03-06", 56 }, { "2024-02-28", "2024-03-01", 2 },
        { "2023-02-28", "2023-03-01", 1 },  { "2100-02-28", "2100-03-01", 1 },
        { "1999-12-31", "2000-01-01", 1 },  { "2024-01-10T23:59:00", "2025-01-10", 366 }
    };
    static const char *const wrong[] = { "",         "soon",       "2024-13-01", "2023-02-29",
                                         "2024-1-1", "2024-04-31", "2024-01-10x" };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_close(hep_days_of_date(cases[i].to) - hep_days_of_date(cases[i].from), cases[i].days,
                     0.0, 1e-9);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_true(isnan(hep_days_of_date(wrong[i])));
}

/* RTE: 37.2 % of responders, 17.9 % of others: 27.55 % lies in the middle. ADC falls towards responders. */
static void markers_on_one_scale(void **state)
{
    struct hep_markers m;
    struct hep_error e = { 0 };
    size_t seen = 0;

    (void)state;
    assert_int_equal(hep_markers_read(&m, HEP_CONFIGS "/markers.yml", &e), HEP_OK);
    for (size_t i = 0; i < m.n; i++) {
        if (strcmp(m.list[i].value, "hepatobiliary_re") == 0) {
            assert_close(hep_marker_place(&m.list[i], 0.2755), 0.5, 1e-9, 0.0);
            seen++;
        } else if (strcmp(m.list[i].value, "adc_mm2_per_s") == 0) {
            assert_close(hep_marker_place(&m.list[i], 0.00115), 1.0, 1e-9, 0.0);
            assert_close(hep_marker_place(&m.list[i], 0.00148), -0.5, 1e-9, 0.0);
            seen++;
        } else if (strcmp(m.list[i].value, "dki_k") == 0) {
            assert_true(isnan(hep_marker_place(&m.list[i], 1.0)));
            seen++;
        }
    }
    assert_int_equal(seen, 3);
    hep_markers_release(&m);
    assert_int_equal(hep_markers_read(&m, HEP_CONFIGS "/agents.yml", &e), HEP_ECONFIG);
}

/* ---- alignment by the livers alone ------------------------------------------------------------- */

/* A ball of liver in voxels of 4 mm: centre and radius in mm, of a grid whose slices begin at z. */
static struct hep_labels *liver_of(size_t slices, double x, double z, double centre_z,
                                   double radius_x_mm, double radius_z_mm)
{
    const struct hep_grid g = {
        .n = { 40, 40, slices },
        .to_world = { { 4, 0, 0, x - 80 }, { 0, 4, 0, -80 }, { 0, 0, 4, z }, { 0, 0, 0, 1 } }
    };
    struct hep_labels *l = NULL;

    assert_int_equal(hep_labels_new(&l, &g, NULL), HEP_OK);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        double at[3];

        hep_grid_world_of(at, &g, i);
        at[0] = (at[0] - x) / radius_x_mm;
        at[1] /= 60.0;
        at[2] = (at[2] - centre_z) / radius_z_mm;
        l->data[i] = at[0] * at[0] + at[1] * at[1] + at[2] * at[2] <= 1.0 ? 1 : 0;
    }
    return l;
}

/* The baseline shows a liver of 120 mm from z = -60 to 60 mm, whole. The other session shows it whole and elsewhere on the
 * table; its lower part from the same scanner coordinates, up to z = 0; the same 500 mm away, where its centre is that
 * of a part; a flat organ where the centres coincide. */
static void livers_are_aligned_where_both_are_shown(void **state)
{
    static const struct {
        const char *what;
        size_t slices;
        double x, z, centre_z, radius_x, radius_z;
        double shift_x, shift_z, seen;
        int rc;
        bool cannot;
    } rows[] = {
        { "elsewhere", 40, 2000, -80, 0, 60, 60, 2000, 0, 1.0, HEP_OK, false },
        { "half", 20, 0, -80, 0, 60, 60, 0, 0, 0.5, HEP_OK, false },
        { "half elsewhere", 20, 500, -80, 0, 60, 60, 0, 0, 0.0, HEP_EGEOM, false },
        { "another organ", 40, 500, -80, 0, 75, 8, 500, 0, 1.0, HEP_OK, true },
    };
    static const struct hep_session_place first = { .session = "ses-1" },
                                          second = { .session = "ses-2" };
    struct hep_config config;
    struct hep_error e = { 0 };

    (void)state;
    assert_int_equal(hep_config_defaults(&config, &e), HEP_OK);
    config.align.engine = HEP_ALIGN_NONE;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hep_labels *a = liver_of(40, 0, -80, 0, 60, 60),
                          *b = liver_of(rows[i].slices, rows[i].x, rows[i].z, rows[i].centre_z,
                                        rows[i].radius_x, rows[i].radius_z);
        struct hep_session baseline = { .place = &first, .liver = a },
                           s = { .place = &second, .liver = b };
        size_t seen = 0;

        assert_int_equal(hep_session_align(&baseline, &baseline, &config, "unused", &e), HEP_OK);
        assert_int_equal(hep_session_align(&s, &baseline, &config, "unused", &e), rows[i].rc);
        assert_close(s.from_baseline.affine[0][3], rows[i].shift_x, 0.0, 4.0);
        assert_close(s.from_baseline.affine[2][3], rows[i].shift_z, 0.0, 4.0);
        if (rows[i].rc == HEP_OK) {
            assert_int_equal(s.visit.cannot != NULL, rows[i].cannot);
            for (size_t k = 0; k < hep_grid_voxels(&a->grid); k++)
                seen += a->data[k] != 0 && s.visit.seen->data[k] != 0 ? 1 : 0;
            assert_close((double)seen / (double)hep_labels_count(a, -1), rows[i].seen, 0.0, 0.04);
            if (!rows[i].cannot)
                assert_close(s.liver_dice, 1.0, 0.0, 0.02);
        }
        for (size_t k = 0; k < 3; k++) {
            hep_labels_free(baseline.on_baseline[k]);
            hep_labels_free(s.on_baseline[k]);
        }
        free(baseline.lesions);
        free(s.lesions);
        hep_labels_free(a);
        hep_labels_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_between_dates),
        cmocka_unit_test(markers_on_one_scale),
        cmocka_unit_test(livers_are_aligned_where_both_are_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
