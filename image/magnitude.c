#include "image/magnitude.h"

#include <math.h>
#include <stdio.h>

enum { n_tenths = 10, FRAME = 2 };
#define NEGATIVE_MAX 0.15 /* share of the voxels; interpolation leaves a few, a lost slice some */
#define NEGATIVE_SIZE                                                                              \
    0.02 /* of the largest absolute value, below which a negative value is rounding or ringing */
#define TENTH_MIN 0.03 /* share of the voxels in each tenth of the range */
#define EVEN_MIN 0.15  /* share of the frame in the lowest and in the highest 0.3 of the range */
#define FRAME_VOXELS 500

struct range {
    float lo, hi;
    size_t n;
};

static struct range range_of(const float *s, size_t n)
{
    struct range r = { INFINITY, -INFINITY, 0 };

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(s[i]) || s[i] == 0.0F)
            continue;
        r.lo = fminf(r.lo, s[i]);
        r.hi = fmaxf(r.hi, s[i]);
        r.n++;
    }
    return r;
}

/* Share of the voxels with a value in the least populated tenth of the range. */
static double least_tenth(const float *s, size_t n, const struct range *r)
{
    size_t count[n_tenths] = { 0 }, least;

    for (size_t i = 0; i < n; i++) {
        if (isfinite(s[i]) && s[i] != 0.0F) {
            size_t k = (size_t)((double)n_tenths * (double)((s[i] - r->lo) / (r->hi - r->lo)));

            count[k < n_tenths ? k : n_tenths - 1]++;
        }
    }
    least = count[0];
    for (size_t k = 1; k < n_tenths; k++)
        least = count[k] < least ? count[k] : least;
    return (double)least / (double)r->n;
}

/* Is voxel i within two of the edge of its slice? The shortest axis is that of the slices. */
static bool is_in_frame(const size_t n[3], size_t i)
{
    const size_t c[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };
    const int slices = n[2] <= n[0] && n[2] <= n[1] ? 2 : n[1] <= n[0] ? 1 : 0;

    for (int a = 0; a < 3; a++) {
        if (a != slices && (c[a] < FRAME || c[a] + FRAME >= n[a]))
            return true;
    }
    return false;
}

/* Is the frame, where most is air, as often bright as dark? */
static bool has_even_frame(const float *s, const size_t n[3], const struct range *r)
{
    const float third = 0.3F * (r->hi - r->lo);
    size_t all = 0, dark = 0, bright = 0;

    for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        if (!isfinite(s[i]) || s[i] == 0.0F || !is_in_frame(n, i))
            continue;
        all++;
        dark += s[i] < r->lo + third;
        bright += s[i] > r->hi - third;
    }
    return all >= FRAME_VOXELS && (double)dark > EVEN_MIN * (double)all &&
           (double)bright > EVEN_MIN * (double)all;
}

static double negative_share(const float *s, size_t n, const struct range *r)
{
    const double least = -NEGATIVE_SIZE * (double)fmaxf(-r->lo, r->hi);
    size_t below = 0;

    for (size_t i = 0; i < n; i++)
        below += (double)s[i] < least;
    return (double)below / (double)r->n;
}

bool hep_is_no_magnitude(char reason[HEP_NO_MAGNITUDE_REASON], const float *signal,
                         const struct hep_grid *grid)
{
    const size_t n = hep_grid_voxels(grid);
    const struct range r = range_of(signal, n);
    double negative;

    reason[0] = '\0';
    if (r.n == 0 || !(r.hi > r.lo))
        return false;
    negative = negative_share(signal, n, &r);
    if (negative > NEGATIVE_MAX) {
        (void)snprintf(reason, HEP_NO_MAGNITUDE_REASON,
                       "%.0f %% of its values are negative (%g to %g): a phase, a real or an "
                       "imaginary part, not a magnitude",
                       100.0 * negative, (double)r.lo, (double)r.hi);
        return true;
    }
    if (least_tenth(signal, n, &r) < TENTH_MIN || !has_even_frame(signal, grid->n, &r))
        return false;
    (void)snprintf(reason, HEP_NO_MAGNITUDE_REASON,
                   "its values fill their range %g to %g evenly, as those of a phase do, not of a "
                   "magnitude",
                   (double)r.lo, (double)r.hi);
    return true;
}
