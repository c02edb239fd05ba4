#include "evaluation/assign.h"

#include "base/alloc.h"

#include <math.h>
#include <stdbool.h>

/* Square problem with one extra row and column 0, as the augmenting path wants it. */
struct square {
    size_t n;
    const double *cost;
    size_t rows, columns;
    double forbidden; /* more than all allowed costs together */
    double *u, *v, *reach;
    size_t *row_of, *way;
    bool *done;
};

static double entry(const struct square *s, size_t i, size_t j)
{
    double c;

    if (i > s->rows || j > s->columns)
        return s->forbidden;
    c = s->cost[(i - 1) * s->columns + j - 1];
    return isfinite(c) ? c : s->forbidden;
}

static void square_release(struct square *s)
{
    free(s->u);
    free(s->v);
    free(s->reach);
    free(s->row_of);
    free(s->way);
    free(s->done);
}

static int square_init(struct square *s, struct hep_error *err)
{
    s->n = s->rows > s->columns ? s->rows : s->columns;
    if (HEP_NEW(s->u, s->n + 1, err) != HEP_OK || HEP_NEW(s->v, s->n + 1, err) != HEP_OK ||
        HEP_NEW(s->reach, s->n + 1, err) != HEP_OK || HEP_NEW(s->row_of, s->n + 1, err) != HEP_OK ||
        HEP_NEW(s->way, s->n + 1, err) != HEP_OK || HEP_NEW(s->done, s->n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    return HEP_OK;
}

/* Reach further columns from the row that holds column j0; the nearest new one. */
static size_t extend(struct square *s, size_t j0)
{
    const size_t i0 = s->row_of[j0];
    double delta = (double)INFINITY;
    size_t next = 0;

    for (size_t j = 1; j <= s->n; j++) {
        double reduced;

        if (s->done[j])
            continue;
        reduced = entry(s, i0, j) - s->u[i0] - s->v[j];
        if (reduced < s->reach[j]) {
            s->reach[j] = reduced;
            s->way[j] = j0;
        }
        if (s->reach[j] < delta) {
            delta = s->reach[j];
            next = j;
        }
    }
    for (size_t j = 0; j <= s->n; j++) {
        if (s->done[j]) {
            s->u[s->row_of[j]] += delta;
            s->v[j] -= delta;
        } else {
            s->reach[j] -= delta;
        }
    }
    return next;
}

static void add_row(struct square *s, size_t i)
{
    size_t j = 0;

    s->row_of[0] = i;
    for (size_t k = 0; k <= s->n; k++) {
        s->reach[k] = (double)INFINITY;
        s->done[k] = false;
    }
    do {
        s->done[j] = true;
        j = extend(s, j);
    } while (s->row_of[j] != 0);
    while (j != 0) {
        const size_t before = s->way[j];

        s->row_of[j] = s->row_of[before];
        j = before;
    }
}

int hep_assign(size_t *column_of_row, const double *cost, size_t rows, size_t columns,
               struct hep_error *err)
{
    struct square s = { .cost = cost, .rows = rows, .columns = columns };
    double largest = 0.0;
    int rc;

    for (size_t i = 0; i < rows; i++)
        column_of_row[i] = HEP_UNASSIGNED;
    for (size_t k = 0; k < rows * columns; k++) {
        if (!(cost[k] >= 0.0))
            return HEP_FAIL(err, HEP_EINVAL, "cost %g is not >= 0", cost[k]);
        if (isfinite(cost[k]) && cost[k] > largest)
            largest = cost[k];
    }
    if (rows == 0 || columns == 0)
        return HEP_OK;
    s.forbidden = 1.0 + 2.0 * largest * (double)(rows + columns);
    rc = square_init(&s, err);
    for (size_t i = 1; rc == HEP_OK && i <= s.n; i++)
        add_row(&s, i);
    for (size_t j = 1; rc == HEP_OK && j <= columns; j++) {
        const size_t i = s.row_of[j];

        if (i <= rows && isfinite(cost[(i - 1) * columns + j - 1]))
            column_of_row[i - 1] = j - 1;
    }
    square_release(&s);
    return rc;
}
