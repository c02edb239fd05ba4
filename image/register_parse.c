#include "image/register.h"

#include "base/alloc.h"
#include "base/text.h"
#include "image/register_bspline.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

/* No series of one examination is turned or shifted this much against another. */
#define MAX_ANGLE_RAD 1.6
#define MAX_SHIFT_MM 1000.0
/* Control points along an axis: 4 mm apart, which is the least that can be asked for, they span two metres. */
#define MAX_POINTS 512.0

/* The words after "(KEY " up to ")"; false when the text has no such line. */
static bool find_values(const char **values, size_t *length, const char *text, const char *key)
{
    size_t n = strlen(key);

    for (const char *line = text; *line != '\0';) {
        size_t all = strcspn(line, "\n");
        const char *p = line + strspn(line, " \t");

        if (*p == '(' && strncmp(p + 1, key, n) == 0 && (p[1 + n] == ' ' || p[1 + n] == '\t')) {
            *values = p + 2 + n;
            *length = strcspn(*values, ")\n");
            return (*values)[*length] == ')';
        }
        line += all + (line[all] == '\n');
    }
    return false;
}

/* Are the values of a line this one word in double quotes? */
static bool is_quoted(const char *values, size_t length, const char *word)
{
    size_t n = strlen(word);

    return length == n + 2 && values[0] == '"' && strncmp(values + 1, word, n) == 0 &&
           values[n + 1] == '"';
}

static bool find_word(const char *text, const char *key, const char *word)
{
    const char *values = NULL;
    size_t length = 0;

    return find_values(&values, &length, text, key) && is_quoted(values, length, word);
}

static int find_numbers(double *out, size_t n, const char *text, const char *key, const char *name,
                        struct hep_error *err)
{
    const char *values = NULL;
    size_t length = 0, count = 0;

    if (!find_values(&values, &length, text, key))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: no complete line (%s ...)", name, key);
    for (size_t at = 0; at < length;) {
        char word[64];
        size_t blank = strspn(values + at, " \t\r"), k;

        at += blank;
        if (at >= length)
            break;
        k = strcspn(values + at, " \t\r)");
        if (k >= sizeof word || count >= n)
            return HEP_FAIL(err, HEP_EFORMAT, "%s: %s holds more than %zu numbers", name, key, n);
        (void)memcpy(word, values + at, k);
        word[k] = '\0';
        if (hep_parse_double(&out[count], word, NULL) != HEP_OK)
            return HEP_FAIL(err, HEP_EFORMAT, "%s: %s holds '%s', which is no number", name, key,
                            word);
        count++;
        at += k;
    }
    if (count != n)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: %s holds %zu numbers, needed: %zu", name, key, count,
                        n);
    return HEP_OK;
}

/* elastix 5.0 names the key InitialTransformParametersFileName, 5.2
 * InitialTransformParameterFileName (github.com/SuperElastix/elastix, pull request 903); a missing
 * key and an empty name mean no initial transform to its own reader (TransformBase::ReadFromFile).
 * Hence every key that begins with InitialTransform is checked, and none is required. */
static int check_no_initial_transform(const char *text, const char *name, struct hep_error *err)
{
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *p = line + strspn(line, " \t");

        if (hep_starts_with(p, "(InitialTransform")) {
            const char *values = p + strcspn(p, " \t)\n");
            size_t n;

            values += strspn(values, " \t");
            n = strcspn(values, ")\n");
            if (!is_quoted(values, n, "NoInitialTransform") && !is_quoted(values, n, ""))
                return HEP_FAIL(err, HEP_EFORMAT,
                                "%s: has an initial transform, needed: NoInitialTransform", name);
        }
        line += length + (line[length] == '\n');
    }
    return HEP_OK;
}

static void rotation_about(double r[3][3], int axis, double angle)
{
    int i = (axis + 1) % 3, k = (axis + 2) % 3;

    (void)memset(r, 0, 9 * sizeof r[0][0]);
    r[axis][axis] = 1.0;
    r[i][i] = r[k][k] = cos(angle);
    r[i][k] = -sin(angle);
    r[k][i] = sin(angle);
}

static void multiply(double out[3][3], double a[3][3], double b[3][3])
{
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            out[i][k] = a[i][0] * b[0][k] + a[i][1] * b[1][k] + a[i][2] * b[2][k];
    }
}

/* itk::Euler3DTransform: x' = R (x - c) + c + t, with R = Rz Rx Ry, or Rz Ry Rx for ComputeZYX. */
static void euler_to_ras(double ras[4][4], const double p[6], const double c[3], bool zyx)
{
    static const double flip[3] = { -1.0, -1.0, 1.0 };
    double rx[3][3], ry[3][3], rz[3][3], inner[3][3], r[3][3];

    rotation_about(rx, 0, p[0]);
    rotation_about(ry, 1, p[1]);
    rotation_about(rz, 2, p[2]);
    if (zyx)
        multiply(inner, ry, rx);
    else
        multiply(inner, rx, ry);
    multiply(r, rz, inner);
    (void)memset(ras, 0, 16 * sizeof ras[0][0]);
    for (int i = 0; i < 3; i++) {
        double offset = c[i] + p[3 + i];

        for (int k = 0; k < 3; k++) {
            offset -= r[i][k] * c[k];
            ras[i][k] = flip[i] * r[i][k] * flip[k];
        }
        ras[i][3] = flip[i] * offset;
    }
    ras[3][3] = 1.0;
}

/* Of a text that ends with a zero byte. */
static int parse_euler(double ras[4][4], const char *text, const char *name, struct hep_error *err)
{
    double p[6], c[3];
    int rc;

    if (!find_word(text, "Transform", "EulerTransform"))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: not an EulerTransform", name);
    rc = check_no_initial_transform(text, name, err);
    if (rc == HEP_OK)
        rc = find_numbers(p, 6, text, "TransformParameters", name, err);
    if (rc == HEP_OK)
        rc = find_numbers(c, 3, text, "CenterOfRotationPoint", name, err);
    for (int k = 0; rc == HEP_OK && k < 3; k++) {
        if (fabs(p[k]) > MAX_ANGLE_RAD || fabs(p[3 + k]) > MAX_SHIFT_MM ||
            fabs(c[k]) > 1e3 * MAX_SHIFT_MM)
            rc = HEP_FAIL(err, HEP_EFORMAT, "%s: a rotation of %g rad and shift of %g mm", name,
                          p[k], p[3 + k]);
    }
    if (rc == HEP_OK)
        euler_to_ras(ras, p, c, find_word(text, "ComputeZYX", "true"));
    return rc;
}

int hep_register_parse_euler(double ras[4][4], const char *text, size_t n, const char *name,
                             struct hep_error *err)
{
    char *ended;
    int rc;

    if (n > 0 && memchr(text, '\0', n) != NULL)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: not a text", name);
    ended = hep_asprintf(err, "%.*s", (int)n, n > 0 ? text : "");
    if (ended == NULL)
        return HEP_ENOMEM;
    rc = parse_euler(ras, ended, name, err);
    free(ended);
    return rc;
}

/* Numbers that must be whole and within a range. */
static int find_whole(double *out, size_t n, const char *text, const char *key, double lo,
                      double hi, const char *name, struct hep_error *err)
{
    int rc = find_numbers(out, n, text, key, name, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (!(out[i] >= lo && out[i] <= hi && out[i] == floor(out[i])))
            rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %s holds %g, allowed: whole numbers from %g to %g",
                          name, key, out[i], lo, hi);
    }
    return rc;
}

/* Where the control points lie: from LPS, as it is written, to RAS. `direction` is written column by column. */
static int place_points(struct hep_bspline *b, const double spacing[3], const double origin[3],
                        const double direction[9], const char *name, struct hep_error *err)
{
    static const double flip[3] = { -1.0, -1.0, 1.0 };
    double to_world[4][4] = { [3] = { 0.0, 0.0, 0.0, 1.0 } };

    for (int r = 0; r < 3; r++) {
        for (int k = 0; k < 3; k++)
            to_world[r][k] = flip[r] * direction[3 * k + r] * spacing[k];
        to_world[r][3] = flip[r] * origin[r];
    }
    if (hep_affine_inverse(b->to_index, HEP_AFFINE(to_world), NULL) != HEP_OK)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: the control points lie in one plane", name);
    return HEP_OK;
}

static int read_coefficients(struct hep_bspline *b, const char *text, const char *name,
                             struct hep_error *err)
{
    const size_t points = b->n[0] * b->n[1] * b->n[2];
    int rc = HEP_NEW(b->coefficient, 3 * points, err);

    if (rc == HEP_OK)
        rc = find_numbers(b->coefficient, 3 * points, text, "TransformParameters", name, err);
    for (size_t i = 0; rc == HEP_OK && i < 3 * points; i++) {
        if (!(fabs(b->coefficient[i]) <= MAX_SHIFT_MM))
            rc = HEP_FAIL(err, HEP_EFORMAT, "%s: a control point moves by %g mm", name,
                          b->coefficient[i]);
        if (i < 2 * points) /* x and y in LPS */
            b->coefficient[i] = -b->coefficient[i];
    }
    return rc;
}

int hep_register_parse_bspline(struct hep_bspline *out, const char *text, const char *name,
                               struct hep_error *err)
{
    double size[3], index[3], order, spacing[3], origin[3], direction[9];
    int rc;

    *out = (struct hep_bspline){ 0 };
    if (!find_word(text, "Transform", "RecursiveBSplineTransform") &&
        !find_word(text, "Transform", "BSplineTransform"))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: not a BSplineTransform", name);
    if (!find_word(text, "HowToCombineTransforms", "Compose"))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: not composed with the transform before it", name);
    rc = find_whole(size, 3, text, "GridSize", 1.0, MAX_POINTS, name, err);
    if (rc == HEP_OK)
        rc = find_whole(index, 3, text, "GridIndex", 0.0, 0.0, name, err);
    if (rc == HEP_OK)
        rc = find_whole(&order, 1, text, "BSplineTransformSplineOrder", 2.0, 3.0, name, err);
    if (rc == HEP_OK)
        rc = find_numbers(spacing, 3, text, "GridSpacing", name, err);
    if (rc == HEP_OK)
        rc = find_numbers(origin, 3, text, "GridOrigin", name, err);
    if (rc == HEP_OK)
        rc = find_numbers(direction, 9, text, "GridDirection", name, err);
    if (rc == HEP_OK)
        rc = place_points(out, spacing, origin, direction, name, err);
    if (rc != HEP_OK)
        return rc;
    out->order = (int)order;
    for (int k = 0; k < 3; k++)
        out->n[k] = (size_t)size[k];
    rc = read_coefficients(out, text, name, err);
    if (rc != HEP_OK)
        hep_bspline_release(out);
    return rc;
}

static bool is_key(const char *line, size_t length, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = strlen(keys[i]);

        if (length > k + 1 && line[0] == '(' && strncmp(line + 1, keys[i], k) == 0 &&
            isspace((unsigned char)line[k + 1]))
            return true;
    }
    return false;
}

int hep_register_parameters(char **out, const char *text, const char *const *keys,
                            const char *const *values, size_t n, struct hep_error *err)
{
    struct hep_str own = { 0 };
    int rc;

    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        size_t blank = strspn(line, " \t");

        if (blank > length)
            blank = length;
        if (!is_key(line + blank, length - blank, keys, n)) {
            hep_str_addn(&own, line, length);
            hep_str_add(&own, "\n");
        }
        line += length + (line[length] == '\n');
    }
    for (size_t i = 0; i < n; i++)
        hep_str_addf(&own, "(%s %s)\n", keys[i], values[i]);
    rc = hep_str_check(&own, err);
    if (rc == HEP_OK)
        *out = own.s;
    else
        hep_str_release(&own);
    return rc;
}
