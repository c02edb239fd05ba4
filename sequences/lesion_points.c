#include "sequences/lesion_points.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "base/tsv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A position beyond 10 m from the isocentre is no position in a scanner. */
#define FARTHEST_MM 1e4
#define LARGEST_MM 500.0

/* What a row says before it is checked. NaN: not given. */
struct row {
    double centre[3], corner[2][3], diameter;
    const char *name;
    char where[300]; /* for messages */
};

bool hep_is_lesion_points(const char *path)
{
    return hep_ends_with(path, ".tsv") || hep_ends_with(path, ".json");
}

static void row_clear(struct row *r)
{
    r->diameter = (double)NAN;
    r->name = NULL;
    for (int k = 0; k < 3; k++)
        r->centre[k] = r->corner[0][k] = r->corner[1][k] = (double)NAN;
}

static bool all_known(const double x[3])
{
    return !isnan(x[0]) && !isnan(x[1]) && !isnan(x[2]);
}

static int settle(struct hep_lesion_point *p, const struct row *r, bool lps, struct hep_error *err)
{
    const bool box = all_known(r->corner[0]) && all_known(r->corner[1]);
    double side = 0.0;

    if (!box && !all_known(r->centre))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: neither a position x, y, z nor a box", r->where);
    if (!isnan(r->diameter) && !(r->diameter > 0.0 && r->diameter <= LARGEST_MM))
        return HEP_FAIL(err, HEP_EFORMAT,
                        "%s: a diameter of %g mm; above 0 and at most %g are allowed", r->where,
                        r->diameter, LARGEST_MM);
    for (int k = 0; k < 3; k++) {
        const double flip = lps && k < 2 ? -1.0 : 1.0;

        p->centre_mm[k] = flip * (box ? 0.5 * (r->corner[0][k] + r->corner[1][k]) : r->centre[k]);
        p->half_mm[k] = box ? 0.5 * fabs(r->corner[1][k] - r->corner[0][k]) : (double)NAN;
        side += 2.0 * p->half_mm[k] / 3.0;
        if (!(fabs(p->centre_mm[k]) <= FARTHEST_MM))
            return HEP_FAIL(err, HEP_EFORMAT,
                            "%s: a position of %g mm; at most %g from the centre of the scanner",
                            r->where, p->centre_mm[k], FARTHEST_MM);
        if (box && !(p->half_mm[k] > 0.0 && 2.0 * p->half_mm[k] <= LARGEST_MM))
            return HEP_FAIL(err, HEP_EFORMAT,
                            "%s: a box with a side of %g mm; above 0 and at most %g are allowed",
                            r->where, 2.0 * p->half_mm[k], LARGEST_MM);
    }
    p->diameter_mm = box && isnan(r->diameter) ? side : r->diameter;
    (void)snprintf(p->name, sizeof p->name, "%s", r->name != NULL ? r->name : "");
    return HEP_OK;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static int read_cell(double *out, const struct hep_tsv *t, size_t row, const char *name,
                     const char *where, struct hep_error *err)
{
    const char *text = hep_tsv_cell(t, row, hep_tsv_column(t, name));
    struct hep_error local = { 0 };

    if (*text == '\0')
        return HEP_OK;
    if (hep_parse_double(out, text, &local) != HEP_OK || !isfinite(*out))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: %s is '%.40s', which is no number", where, name,
                        text);
    return HEP_OK;
}

static int read_table_row(struct row *r, const struct hep_tsv *t, size_t i, struct hep_error *err)
{
    static const char *const centre[] = { "x", "y", "z" };
    static const char *const corner[] = { "x1", "y1", "z1", "x2", "y2", "z2" };
    int rc = read_cell(&r->diameter, t, i, "diameter_mm", r->where, err);

    for (size_t k = 0; rc == HEP_OK && k < 3; k++)
        rc = read_cell(&r->centre[k], t, i, centre[k], r->where, err);
    for (size_t k = 0; rc == HEP_OK && k < 6; k++)
        rc = read_cell(&r->corner[k / 3][k % 3], t, i, corner[k], r->where, err);
    r->name = hep_tsv_cell(t, i, hep_tsv_column(t, "name"));
    return rc;
}

static int from_table(struct hep_lesion_point **out, size_t *n, const char *path, bool lps,
                      struct hep_error *err)
{
    struct hep_tsv t = { 0 };
    struct row r;
    int rc = hep_tsv_read(&t, path, err);

    if (rc == HEP_OK &&
        (hep_tsv_column(&t, "x") == HEP_TSV_NONE || hep_tsv_column(&t, "y") == HEP_TSV_NONE ||
         hep_tsv_column(&t, "z") == HEP_TSV_NONE) &&
        hep_tsv_column(&t, "x1") == HEP_TSV_NONE)
        rc = HEP_FAIL(err, HEP_EFORMAT,
                      "%s: lesions need the columns x, y, z (or x1, y1, z1, x2, y2, z2), in mm",
                      path);
    for (size_t i = 0; rc == HEP_OK && i < t.n_rows; i++) {
        row_clear(&r);
        (void)snprintf(r.where, sizeof r.where, "%.240s: row %zu", path, i + 1);
        rc = read_table_row(&r, &t, i, err);
        if (rc == HEP_OK)
            rc = HEP_GROW(*out, *n, err);
        if (rc == HEP_OK)
            rc = settle(&(*out)[(*n)++], &r, lps, err);
    }
    hep_tsv_release(&t);
    return rc;
}

/* ---- JSON -------------------------------------------------------------------------------------- */

static void read_three(double x[3], const struct hep_json *list)
{
    for (size_t k = 0; k < 3 && hep_json_size(list) == 3; k++)
        x[k] = hep_json_number(hep_json_at(list, k));
}

static void read_object(struct row *r, const struct hep_json *o)
{
    static const char *const axis[] = { "x", "y", "z" };
    const struct hep_json *box = hep_json_get(o, "box_mm"), *given = hep_json_get(o, "name");

    read_three(r->centre, hep_json_get(o, "centre_mm"));
    for (int k = 0; k < 3; k++)
        if (hep_json_type(hep_json_get(o, axis[k])) == HEP_JSON_NUMBER)
            r->centre[k] = hep_json_number(hep_json_get(o, axis[k]));
    if (hep_json_size(box) == 2) {
        read_three(r->corner[0], hep_json_at(box, 0));
        read_three(r->corner[1], hep_json_at(box, 1));
    }
    r->diameter = hep_json_number(hep_json_get(o, "diameter_mm"));
    if (isnan(r->diameter))
        r->diameter = hep_json_number(hep_json_get(o, "long_axis_mm"));
    r->name = hep_json_string(given);
}

static int from_json(struct hep_lesion_point **out, size_t *n, const char *path, bool lps,
                     struct hep_error *err)
{
    struct hep_json *root = NULL;
    const struct hep_json *list;
    struct row r;
    int rc = hep_json_read(&root, path, err);

    list = hep_json_type(root) == HEP_JSON_OBJECT ? hep_json_get(root, "lesions") : root;
    if (rc == HEP_OK && hep_json_type(list) != HEP_JSON_ARRAY)
        rc = HEP_FAIL(err, HEP_EFORMAT,
                      "%s: neither a list of lesions nor an object with one as \"lesions\"", path);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(list); i++) {
        row_clear(&r);
        (void)snprintf(r.where, sizeof r.where, "%.240s: lesion %zu", path, i + 1);
        if (hep_json_type(hep_json_at(list, i)) == HEP_JSON_OBJECT)
            read_object(&r, hep_json_at(list, i));
        rc = HEP_GROW(*out, *n, err);
        if (rc == HEP_OK)
            rc = settle(&(*out)[(*n)++], &r, lps, err);
    }
    hep_json_free(root);
    return rc;
}

int hep_lesion_points_read(struct hep_lesion_point **out, size_t *n, const char *path, bool lps,
                           struct hep_error *err)
{
    int rc;

    *out = NULL;
    *n = 0;
    rc = hep_ends_with(path, ".json") ? from_json(out, n, path, lps, err)
                                      : from_table(out, n, path, lps, err);
    if (rc != HEP_OK) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    return rc;
}
