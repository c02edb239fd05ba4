#include "sequences/gradients.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>

enum { MAX_TABLE_BYTES = 4 * 1024 * 1024, SHOWN_B_VALUES = 12 };

struct table {
    double *value;
    size_t n, rows, cols;
    bool ragged;
};

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\r' || c == '\n';
}

static int table_push(struct table *t, double value, struct hep_error *err)
{
    if (HEP_GROW(t->value, t->n, err) != HEP_OK)
        return HEP_ENOMEM;
    t->value[t->n++] = value;
    return HEP_OK;
}

static int table_number(struct table *t, const char *token, size_t len, const char *name,
                        size_t line, struct hep_error *err)
{
    char text[64];
    double value;

    if (len < sizeof text && memchr(token, '\0', len) == NULL) {
        struct hep_error ignored = { 0 };

        (void)memcpy(text, token, len);
        text[len] = '\0';
        if (hep_parse_double(&value, text, &ignored) == HEP_OK)
            return table_push(t, value, err);
    }
    return HEP_FAIL(err, HEP_EFORMAT, "%s:%zu: \"%.*s\" is not a number", name, line,
                    (int)(len < 40 ? len : 40), token);
}

static void table_end_row(struct table *t, size_t in_row)
{
    if (in_row == 0)
        return;
    if (t->rows == 0)
        t->cols = in_row;
    else if (in_row != t->cols)
        t->ragged = true;
    t->rows++;
}

static int table_parse(struct table *t, const char *text, size_t len, const char *name,
                       struct hep_error *err)
{
    size_t i = hep_byte_order_mark(text, len), line = 1, in_row = 0;

    while (i < len) {
        size_t from = i;

        if (is_separator(text[i])) {
            if (text[i] == '\n') {
                table_end_row(t, in_row);
                in_row = 0;
                line++;
            }
            i++;
            continue;
        }
        while (i < len && !is_separator(text[i]))
            i++;
        if (table_number(t, text + from, i - from, name, line, err) != HEP_OK)
            return err ? (int)err->code : HEP_EFORMAT;
        in_row++;
    }
    table_end_row(t, in_row);
    if (t->n == 0)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: holds no numbers", name);
    return HEP_OK;
}

static double largest(const double *b, size_t n)
{
    double max = 0.0;

    for (size_t i = 0; i < n; i++)
        max = fmax(max, b[i]);
    return max;
}

static bool differ(const double *b, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (b[i] != b[0])
            return true;
    return false;
}

int hep_b_unit_check(const double *b_s_per_mm2, size_t n, const char *name, struct hep_error *err)
{
    const double max = largest(b_s_per_mm2, n);
    const bool too_small = max > 0.0 && max < HEP_B_LARGEST_MIN_S_PER_MM2;
    struct hep_str list = { 0 };
    int rc;

    if (!too_small && !(max > HEP_B_MAX_S_PER_MM2))
        return HEP_OK;
    for (size_t i = 0; i < n && i < SHOWN_B_VALUES; i++)
        hep_str_addf(&list, "%s%.6g", i > 0 ? " " : "", b_s_per_mm2[i]);
    hep_str_add(&list, n > SHOWN_B_VALUES ? " ..." : "");
    rc = hep_str_check(&list, err);
    if (rc == HEP_OK)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: b-values %s: the largest is %g s/mm2, must be %g to %g: likely in %s, "
                      "multiply by %s",
                      name, list.s, max, HEP_B_LARGEST_MIN_S_PER_MM2, HEP_B_MAX_S_PER_MM2,
                      too_small ? "ms/um2" : "s/m2", too_small ? "1000" : "1e-6");
    hep_str_release(&list);
    return rc;
}

int hep_bval_parse(double **b, size_t *n, const char *text, size_t len, const char *name,
                   struct hep_error *err)
{
    struct table t = { 0 };
    struct hep_error local = { 0 };
    int rc;

    if (err == NULL)
        err = &local;
    rc = table_parse(&t, text, len, name, err);
    if (rc != HEP_OK)
        goto out;
    if (t.rows != 1 && (t.ragged || t.cols != 1)) {
        rc = HEP_FAIL(err, HEP_EFORMAT,
                      "%s: %zu rows of numbers, one row or one column of b-values is wanted", name,
                      t.rows);
        goto out;
    }
    for (size_t i = 0; i < t.n; i++) {
        if (t.value[i] < 0.0) {
            rc = HEP_FAIL(err, HEP_EDATA, "%s: b-value %zu is %g, must be 0 to %g s/mm2", name,
                          i + 1, t.value[i], HEP_B_MAX_S_PER_MM2);
            goto out;
        }
    }
    if (largest(t.value, t.n) > HEP_B_MAX_S_PER_MM2) {
        rc = hep_b_unit_check(t.value, t.n, name, err);
        goto out;
    }
    *b = t.value;
    *n = t.n;
    t.value = NULL;
out:
    free(t.value);
    return rc;
}

static void normalise(double v[3])
{
    double size = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);

    for (int k = 0; k < 3; k++)
        v[k] = size > 1e-6 ? v[k] / size : 0.0;
}

int hep_bvec_parse(double (**direction)[3], const char *text, size_t len, size_t n_expected,
                   const char *name, struct hep_error *err)
{
    struct table t = { 0 };
    struct hep_error local = { 0 };
    double(*out)[3] = NULL;
    bool by_row;
    int rc;

    if (err == NULL)
        err = &local;
    rc = table_parse(&t, text, len, name, err);
    if (rc != HEP_OK)
        goto out;
    by_row = t.rows == 3 && t.cols == n_expected;
    if (t.ragged || (!by_row && (t.cols != 3 || t.rows != n_expected))) {
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %zu x %zu numbers%s, 3 x %zu are wanted", name, t.rows,
                      t.cols, t.ragged ? " in rows of different length" : "", n_expected);
        goto out;
    }
    rc = HEP_NEW(out, n_expected, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < n_expected; i++) {
        for (size_t k = 0; k < 3; k++)
            out[i][k] = by_row ? t.value[k * n_expected + i] : t.value[3 * i + k];
        normalise(out[i]);
    }
    *direction = out;
out:
    free(t.value);
    return rc;
}

static int read_bvec(struct hep_gradients *g, const char *path, struct hep_error *err)
{
    char *text = NULL;
    size_t len = 0;
    bool any_b = false;
    int rc = hep_file_read(&text, &len, path, MAX_TABLE_BYTES, err);

    if (rc == HEP_OK)
        rc = hep_bvec_parse(&g->direction, text, len, g->n, path, err);
    free(text);
    if (rc != HEP_OK)
        return rc;
    g->trace_weighted = true;
    for (size_t i = 0; i < g->n; i++) {
        const double *v = g->direction[i];

        any_b = any_b || g->b_s_per_mm2[i] > 0.0;
        if (g->b_s_per_mm2[i] > 0.0 && fabs(v[0]) + fabs(v[1]) + fabs(v[2]) > 0.0)
            g->trace_weighted = false;
    }
    g->trace_weighted = g->trace_weighted && any_b;
    return HEP_OK;
}

int hep_gradients_read(struct hep_gradients *out, const char *bval_path, const char *bvec_path,
                       size_t n_volumes, struct hep_error *err)
{
    struct hep_gradients g = { 0 };
    char *text = NULL;
    size_t len = 0;
    int rc = hep_file_read(&text, &len, bval_path, MAX_TABLE_BYTES, err);

    if (rc == HEP_OK)
        rc = hep_bval_parse(&g.b_s_per_mm2, &g.n, text, len, bval_path, err);
    if (rc == HEP_OK && n_volumes != 0 && g.n != n_volumes)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: %zu b-values for %zu volumes%s", bval_path, g.n,
                      n_volumes,
                      g.n + 1 == n_volumes ? ": likely a map that the scanner appended" : "");
    if (rc == HEP_OK && differ(g.b_s_per_mm2, g.n))
        rc = hep_b_unit_check(g.b_s_per_mm2, g.n, bval_path, err);
    if (rc == HEP_OK && bvec_path != NULL)
        rc = read_bvec(&g, bvec_path, err);
    free(text);
    if (rc == HEP_OK)
        *out = g;
    else
        hep_gradients_release(&g);
    return rc;
}

void hep_gradients_release(struct hep_gradients *g)
{
    if (g == NULL)
        return;
    free(g->b_s_per_mm2);
    free(g->direction);
    *g = (struct hep_gradients){ 0 };
}
