/* Dates, and markers as places on their scale. */
#include "support/support.h"
#include "visits/find.h"
#include "visits/markers.h"

#include <math.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_between_dates),
        cmocka_unit_test(markers_on_one_scale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
