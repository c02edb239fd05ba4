#include "report/review_pack.h"

#include "base/alloc.h"
#include "base/gz.h"
#include "image/stats.h"
#include "report/html.h"

#include <math.h>

#define GZIP_LEVEL 6
#define SAMPLES_MIN 100    /* fewer say nothing of a noise */
#define SAMPLES_MAX 400000 /* quantiles of as many values stand within 0.02 % of their rank */

static size_t crop_voxels(const struct hep_crop *c)
{
    return c->n[0] * c->n[1] * c->n[2];
}

/* Place in the whole grid of voxel i of the crop. */
static size_t place_of(const struct hep_grid *g, const struct hep_crop *c, size_t i)
{
    const size_t x = i % c->n[0], y = i / c->n[0] % c->n[1], z = i / (c->n[0] * c->n[1]);

    return c->from[0] + x + g->n[0] * (c->from[1] + y + g->n[1] * (c->from[2] + z));
}

void hep_crop_of(struct hep_crop *out, const struct hep_labels *mask, size_t margin)
{
    const struct hep_grid *g = &mask->grid;
    size_t lo[3] = { g->n[0], g->n[1], g->n[2] }, hi[3] = { 0 }, at[3];

    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        if (mask->data[i] == 0)
            continue;
        hep_grid_place(at, g, i);
        for (int k = 0; k < 3; k++) {
            lo[k] = at[k] < lo[k] ? at[k] : lo[k];
            hi[k] = at[k] > hi[k] ? at[k] : hi[k];
        }
    }
    for (int k = 0; k < 3; k++) {
        const bool empty = lo[k] > hi[k];
        const size_t from = empty || lo[k] < margin ? 0 : lo[k] - margin;
        const size_t end = empty || hi[k] + margin >= g->n[k] ? g->n[k] : hi[k] + margin + 1;

        out->from[k] = from;
        out->n[k] = end - from;
    }
}

/* ---- range and noise ------------------------------------------------------------------------- */

/* Second differences along x leave a slope alone; of white noise theirs is sqrt(6) times as large (1 + 4 + 1), and 1.4826
 * makes a median of magnitudes a standard deviation. Taken where the signal is above its median, since the noise of
 * magnitudes shrinks in air (Gudbjartsson and Patz, Magn Reson Med 1995;34:910-914). */
int hep_pack_noise(double *noise, const struct hep_volume *v, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&v->grid), step = n / SAMPLES_MAX + 1, nx = v->grid.n[0];
    float *room = NULL;
    size_t used = 0;
    double median;
    int rc = HEP_NEW(room, n / step + 1, err);

    *noise = (double)NAN;
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i += step) {
        if (isfinite(v->data[i]))
            room[used++] = v->data[i];
    }
    median = hep_quantile(room, used, 0.5);
    used = 0;
    for (size_t i = 0; i < n; i += step) {
        if (i % nx > 0 && i % nx + 1 < nx && (double)v->data[i] > median) {
            const float d = fabsf(v->data[i - 1] - 2.0f * v->data[i] + v->data[i + 1]);

            if (isfinite(d))
                room[used++] = d;
        }
    }
    if (used >= SAMPLES_MIN)
        *noise = 1.4826 * hep_quantile(room, used, 0.5) / sqrt(6.0);
    free(room);
    return HEP_OK;
}

/* The extremes of a crop, and its 0.1th and 99.9th percentile. */
struct spread {
    double lowest, highest, lo, hi;
};

static int spread_of(struct spread *out, const struct hep_volume *v, const struct hep_crop *c,
                     struct hep_error *err)
{
    const size_t n = crop_voxels(c), step = n / SAMPLES_MAX + 1;
    float *room = NULL;
    size_t used = 0;
    int rc = HEP_NEW(room, n / step + 1, err);

    *out = (struct spread){ .lowest = HUGE_VAL, .highest = -HUGE_VAL };
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const float value = v->data[place_of(&v->grid, c, i)];

        if (!isfinite(value))
            continue;
        out->lowest = fmin(out->lowest, (double)value);
        out->highest = fmax(out->highest, (double)value);
        if (i % step == 0)
            room[used++] = value;
    }
    if (out->lowest > out->highest)
        out->lowest = out->highest = 0.0;
    out->lo = used > 0 ? hep_quantile(room, used, 0.001) : out->lowest;
    out->hi = used > 0 ? hep_quantile(room, used, 0.999) : out->highest;
    free(room);
    return rc;
}

static void choose_codes(struct hep_packed *out, const struct spread *s,
                         const struct hep_pack_range *wanted)
{
    const double first = isfinite(wanted->lo) ? wanted->lo : s->lo,
                 last = isfinite(wanted->hi) ? wanted->hi : s->hi;
    const double lo = fmax(s->lowest, first - (last - first)),
                 hi = fmin(s->highest, last + (last - first));
    const double range = hi > lo ? hi - lo : 1.0;

    out->bits = range / 254.0 <= 0.5 * wanted->noise ? 8 : 16;
    out->slope = range / (out->bits == 8 ? 254.0 : 65534.0);
    out->intercept = lo - out->slope; /* code 1 */
    out->cut_low = s->lowest < lo;
    out->cut_high = s->highest > hi;
}

static unsigned code_of(const struct hep_packed *p, double value)
{
    const double last = p->bits == 8 ? 255.0 : 65535.0;

    if (!isfinite(value))
        return 0;
    return (unsigned)fmin(fmax(round((value - p->intercept) / p->slope), 1.0), last);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static int add_deflated(struct hep_str *text, const unsigned char *bytes, size_t n, int nthreads,
                        struct hep_error *err)
{
    unsigned char *gz = NULL;
    size_t n_gz = 0;
    int rc = hep_gz_deflate(&gz, &n_gz, bytes, n, GZIP_LEVEL, nthreads, err);

    if (rc == HEP_OK)
        hep_html_base64(text, gz, n_gz);
    free(gz);
    return rc;
}

/* Put code i of n, whose predecessor along x was `before`. */
static void put_difference(unsigned char *bytes, size_t i, size_t n, int bits, unsigned code,
                           unsigned before)
{
    const unsigned d = code - before;

    bytes[i] = (unsigned char)(d & 0xffU);
    if (bits == 16)
        bytes[n + i] = (unsigned char)(d >> 8 & 0xffU);
}

int hep_pack_volume(struct hep_str *text, struct hep_packed *out, const struct hep_volume *v,
                    const struct hep_crop *crop, const struct hep_pack_range *range, int nthreads,
                    struct hep_error *err)
{
    const size_t n = crop_voxels(crop);
    unsigned char *bytes = NULL;
    struct spread spread;
    unsigned before = 0;
    int rc = spread_of(&spread, v, crop, err);

    if (rc == HEP_OK) {
        choose_codes(out, &spread, range);
        rc = HEP_NEW(bytes, n * (size_t)(out->bits / 8), err);
    }
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const unsigned code = code_of(out, (double)v->data[place_of(&v->grid, crop, i)]);

        put_difference(bytes, i, n, out->bits, code, before);
        before = code;
    }
    if (rc == HEP_OK)
        rc = add_deflated(text, bytes, n * (size_t)(out->bits / 8), nthreads, err);
    free(bytes);
    return rc;
}

int hep_pack_labels(struct hep_str *text, const struct hep_labels *l, const struct hep_crop *crop,
                    int nthreads, struct hep_error *err)
{
    const size_t n = crop_voxels(crop);
    unsigned char *bytes = NULL;
    unsigned before = 0;
    int rc = HEP_NEW(bytes, 2 * n, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const int32_t label = l->data[place_of(&l->grid, crop, i)];

        if (label > 65535)
            rc = HEP_FAIL(err, HEP_EINVAL, "label %d: a page holds labels up to 65535", (int)label);
        put_difference(bytes, i, n, 16, (unsigned)label, before);
        before = (unsigned)label;
    }
    if (rc == HEP_OK)
        rc = add_deflated(text, bytes, 2 * n, nthreads, err);
    free(bytes);
    return rc;
}
