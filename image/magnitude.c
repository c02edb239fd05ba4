#include "image/magnitude.h"

#include <math.h>
#include <stdio.h>

enum { n_tenths = 10, FRAME = 2 };
#define NEGATIVE_MAX 0.15 /* share of the voxels; interpolation leaves a few, a lost slice some */
#define NEGATIVE_SIZE                                                                              \
    0.02 /* of the largest absolute value, below which a negative value is rounding or ringing */
#define TENTH_MIN 0.03 /* share of the voxels in each tenth of the range */
#define EVEN_MIN 0.15  /* share of the frame in the lowest and in the highest 0.3 of the range */
#define JUMPS_MIN                                                                                  \
    0.03 /* share of neighbours in the frame that lie 0.3 of the range and more apart */
#define FRAME_VOXELS 500
#define FEW_NEGATIVE                                                                               \
    0.01              /* share of the voxels of a magnitude that rounding and ringing may reach */
#define ROOT_OFF 0.02 /* share of the voxels that may differ from the root of the squares */

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

/* The shortest axis is that of the slices. */
static int slice_axis(const size_t n[3])
{
    return n[2] <= n[0] && n[2] <= n[1] ? 2 : n[1] <= n[0] ? 1 : 0;
}

/* Is a voxel within two of the edge of its slice? */
static bool is_in_frame(const size_t n[3], const size_t at[3], int slices)
{
    for (int a = 0; a < 3; a++) {
        if (a != slices && (at[a] < FRAME || at[a] + FRAME >= n[a]))
            return true;
    }
    return false;
}

struct frame {
    size_t all, dark, bright, jumps;
};

static void add_voxel(struct frame *f, const float *s, size_t next, bool has_next,
                      const struct range *r)
{
    const float third = 0.3F * (r->hi - r->lo);

    if (!isfinite(*s) || *s == 0.0F)
        return;
    f->all++;
    f->dark += *s < r->lo + third;
    f->bright += *s > r->hi - third;
    f->jumps += has_next && fabsf(s[next] - *s) > third;
}

/* Is the frame, where most is air, as often bright as dark, and is that noise? */
static bool has_even_frame(const float *s, const size_t n[3], const struct range *r)
{
    const int slices = slice_axis(n), along = slices == 0 ? 1 : 0;
    struct frame f = { 0 };
    size_t at[3], i = 0;

    for (at[2] = 0; at[2] < n[2]; at[2]++)
        for (at[1] = 0; at[1] < n[1]; at[1]++)
            for (at[0] = 0; at[0] < n[0]; at[0]++, i++)
                if (is_in_frame(n, at, slices))
                    add_voxel(&f, s + i, along == 0 ? 1 : n[0], at[along] + 1 < n[along], r);
    return f.all >= FRAME_VOXELS && (double)f.dark > EVEN_MIN * (double)f.all &&
           (double)f.bright > EVEN_MIN * (double)f.all &&
           (double)f.jumps > JUMPS_MIN * (double)f.all;
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

/* Share of the voxels with a signal that lie below 0. */
static double share_below(const float *s, size_t n)
{
    size_t below = 0, all = 0;

    for (size_t i = 0; i < n; i++) {
        below += s[i] < 0.0F;
        all += s[i] != 0.0F;
    }
    return all > 0 ? (double)below / (double)all : 0.0;
}

/* Is the first volume the root of the squares of the other two? Rounding aside. */
static bool is_root_of_squares(const float *const volume[3], size_t n)
{
    size_t off = 0, all = 0;

    for (size_t i = 0; i < n; i++) {
        const double root = hypot((double)volume[1][i], (double)volume[2][i]);

        all += root > 0.0;
        off += root > 0.0 && fabs((double)volume[0][i] - root) > 2.0 + 0.01 * root;
    }
    return all > 0 && (double)off < ROOT_OFF * (double)all;
}

/* Does it swing about 0, or show one value everywhere, as phases and parts may and no image does? */
static bool is_part(const float *s, const struct hep_grid *grid)
{
    char ignored[HEP_NO_MAGNITUDE_REASON];
    const size_t n = hep_grid_voxels(grid);
    const struct range r = range_of(s, n);

    return share_below(s, n) > NEGATIVE_MAX || (r.n == n && r.lo == r.hi) ||
           hep_is_no_magnitude(ignored, s, grid);
}

bool hep_is_magnitude_with_parts(const float *const volume[], size_t n, const struct hep_grid *grid)
{
    const size_t voxels = hep_grid_voxels(grid);

    if (n < 2 || n > HEP_COMPLEX_PARTS_MAX || share_below(volume[0], voxels) >= FEW_NEGATIVE ||
        is_part(volume[0], grid))
        return false;
    if (n == 3 && is_root_of_squares(volume, voxels))
        return true;
    for (size_t t = 1; t < n; t++) {
        if (!is_part(volume[t], grid))
            return false;
    }
    return true;
}
