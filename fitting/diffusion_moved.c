#include "fitting/diffusion_sample.h"
#include "fitting/diffusion_screen.h"

#include <math.h>

/** Where a volume fits another one better than where it lies. */
struct place {
    int slices;   /* moved up by so many */
    int reversed; /* or with this axis reversed; -1: none */
};

/* Slices up and down that are tried, of a stack that is at least four times as high. */
#define REACH 4
/* Fewer are motion, which the alignment is for. */
#define SLICES_MIN 2
/* Spread of ln of one volume over the other at the better place, over that where it lies. No volume of
 * 32 simulated studies (scripts/study-set, seeds 8100 and 9100), as acquired, comes below it; one that is three slices
 * away has 0.63. Expert value. */
#define BETTER 0.8

static float ln_at(const struct hep_diffusion_input *in, size_t volume, size_t voxel)
{
    const float signal = in->signal[volume * in->nvox + voxel];

    return signal > 0.0F && isfinite(signal) ? logf(signal) : NAN;
}

/* A volume over another with its slices moved up by `slices`, or with one axis reversed. */
static double spread(struct hep_diffusion_sample *s, const struct hep_diffusion_input *in,
                     const size_t n[3], size_t volume, size_t other, int slices, int reversed)
{
    const float *ln = hep_sample_at(s, other);

    for (size_t i = 0; i < s->n; i++) {
        size_t c[3] = { s->voxel[i] % n[0], s->voxel[i] / n[0] % n[1], s->voxel[i] / n[0] / n[1] };
        const bool inside = c[2] >= REACH && c[2] + REACH < n[2];

        if (reversed >= 0)
            c[reversed] = n[reversed] - 1 - c[reversed];
        else if (inside)
            c[2] = (size_t)((ptrdiff_t)c[2] + slices);
        s->work[i] = reversed >= 0 || inside
                         ? ln_at(in, volume, (c[2] * n[1] + c[1]) * n[0] + c[0]) - ln[i]
                         : NAN;
    }
    return hep_sample_mad(s, s->work);
}

/* Does it lie two slices or more away, or is it stored mirrored? */
static bool is_moved(struct place *out, struct hep_diffusion_sample *s,
                     const struct hep_diffusion_input *in, const size_t n[3], size_t volume,
                     size_t other)
{
    double best;

    *out = (struct place){ 0, -1 };
    if (n[2] < (size_t)4 * REACH)
        return false;
    best = BETTER * spread(s, in, n, volume, other, 0, -1);
    for (int k = -REACH; k <= REACH; k++) {
        const double there = spread(s, in, n, volume, other, k, -1);

        if (there < best) {
            best = there;
            out->slices = k;
        }
    }
    for (int axis = 0; axis < 3; axis++) {
        const double there = spread(s, in, n, volume, other, 0, axis);

        if (there < best) {
            best = there;
            *out = (struct place){ 0, axis };
        }
    }
    return out->slices <= -SLICES_MIN || out->slices >= SLICES_MIN || out->reversed >= 0;
}

static size_t lowest_kept(const struct hep_diffusion_sample *s)
{
    size_t lowest = s->kept[0];

    for (size_t k = 1; k < s->n_kept; k++)
        if (s->b[s->kept[k]] < s->b[lowest])
            lowest = s->kept[k];
    return lowest;
}

/* Volumes that lie in another place than that of the lowest b-value; where most do, it is that one. */
void hep_sample_leave_out_moved(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s,
                                const struct hep_diffusion_input *in, const size_t n[3])
{
    struct hep_screen_volume found[HEP_SCREEN_MAX_LEFT_OUT];
    const size_t lowest = lowest_kept(s), room = HEP_SCREEN_MAX_LEFT_OUT - out->n_left_out;
    struct place place;
    size_t n_found = 0, n_moved = 0;

    for (size_t k = 0; k < s->n_kept; k++) {
        const size_t v = s->kept[k];

        if (v == lowest || !is_moved(&place, s, in, n, v, lowest))
            continue;
        if (n_moved++ < room)
            found[n_found++] =
                (struct hep_screen_volume){ v,           HEP_SCREEN_MOVED, s->b[v],
                                            (double)NAN, place.slices,     place.reversed };
    }
    if (2 * n_moved > s->n_kept - 1 && n_found > 0) {
        found[0].volume = lowest;
        found[0].b_s_per_mm2 = s->b[lowest];
        found[0].slices = -found[0].slices;
        n_found = s->n_kept > 2 ? 1 : 0;
    }
    for (size_t i = 0; i < n_found; i++) {
        out->left_out[out->n_left_out++] = found[i];
        hep_sample_drop(s, found[i].volume);
    }
}
