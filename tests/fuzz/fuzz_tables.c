#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "base/tsv.h"
#include "sequences/lesion_points.h"

#include <math.h>

static void as_points(const char *path, bool lps)
{
    struct hep_lesion_point *points = NULL;
    struct hep_error e = { 0 };
    size_t n = 0;
    int rc = hep_lesion_points_read(&points, &n, path, lps, &e);

    fuzz_check(rc, &e);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        if (!isfinite(points[i].centre_mm[0] + points[i].centre_mm[1] + points[i].centre_mm[2]))
            abort();
    free(points);
}

/* A TSV, and the same bytes as a table of points in either form. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_error e = { 0 };
    struct hep_tsv t = { 0 };
    int rc;

    if (!fuzz_put("t.tsv", data, n))
        return 0;
    rc = hep_tsv_read(&t, fuzz_path("t.tsv"), &e);
    fuzz_check(rc, &e);
    for (size_t i = 0; rc == HEP_OK && i < t.n_rows; i++)
        for (size_t k = 0; k <= t.n_columns; k++)
            if (strlen(hep_tsv_cell(&t, i, k)) > n)
                abort();
    hep_tsv_release(&t);
    as_points(fuzz_path("t.tsv"), n % 2 == 1);
    if (fuzz_put("t.json", data, n))
        as_points(fuzz_path("t.json"), n % 2 == 1);
    return 0;
}
