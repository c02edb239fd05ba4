#include "contrast/gain.h"

#include <math.h>
#include <stdio.h>

/* Fewer voxels say nothing about a share of two in a hundred. */
#define CORE_MIN_VOXELS 200

/* A correlation that much higher is no noise of some ten thousand voxels. */
#define CORRELATION_STEP 0.02

/* Correlation of the last quarter of the slices of a with those of b `apart` further on. */
static double correlation(const struct hep_volume *a, const struct hep_volume *b, size_t apart)
{
    const size_t slice = a->grid.n[0] * a->grid.n[1], nz = a->grid.n[2], from = nz - nz / 4;
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;

    for (size_t i = from * slice; i < nz * slice; i++) {
        const double p = (double)a->data[i], q = (double)b->data[i + apart * slice];

        if (!isfinite(p) || !isfinite(q))
            continue;
        n += 1.0;
        x += p;
        y += q;
        xx += p * p;
        yy += q * q;
        xy += p * q;
    }
    return (n * xy - x * y) / sqrt((n * xx - x * x) * (n * yy - y * y));
}

void hep_gain_check_slices(struct hep_gain *gain, const struct hep_volume *before,
                           const struct hep_volume *after)
{
    const bool fewer = after->grid.n[2] < before->grid.n[2];
    const struct hep_volume *few = fewer ? after : before, *many = fewer ? before : after;
    struct hep_grid same = few->grid;
    size_t apart;

    same.n[2] = many->grid.n[2];
    if (few->grid.n[2] == many->grid.n[2] || few->grid.n[2] < 8 ||
        !hep_grid_same(&same, &many->grid, HEP_GRID_TOL_MM))
        return;
    apart = many->grid.n[2] - few->grid.n[2];
    if (!(correlation(few, many, apart) > correlation(few, many, 0) + CORRELATION_STEP))
        return;
    gain->state = HEP_GAIN_NOT_ASSESSABLE;
    gain->factor = 1.0;
    (void)snprintf(
        gain->reason, sizeof gain->reason,
        "%zu of %zu slices are missing %s: its last slices show what lies %zu further in "
        "the other series",
        apart, many->grid.n[2], fewer ? "in it" : "in the series before contrast", apart);
}

bool hep_gain_agent_before(char reason[320], double liver, double fat_frac,
                           const double vessel[HEP_GAIN_VESSELS],
                           const char *const name[HEP_GAIN_VESSELS])
{
    const double water = liver / (1.0 - (fat_frac > 0.0 && fat_frac < 1.0 ? fat_frac : 0.0));
    size_t n_bright = 0, n_dark = 0;
    int at = snprintf(reason, 320, "contrast agent is already in the series before contrast:");

    for (int v = 0; v < HEP_GAIN_VESSELS; v++) {
        const double ratio = vessel[v] / water;

        if (!(ratio > 0.0) || !isfinite(ratio))
            continue;
        n_bright += ratio > 1.0;
        n_dark += ratio <= 1.0;
        at += snprintf(reason + at, (size_t)(320 - at), "%s %s %.1f", n_bright > 1 ? "," : "",
                       name[v], ratio);
    }
    (void)snprintf(reason + at, (size_t)(320 - at),
                   " times as bright as liver%s, where blood without agent is darker",
                   fat_frac > 0.0 ? " without its fat" : "");
    if (n_bright >= 2 && n_dark == 0)
        return true;
    reason[0] = '\0';
    return false;
}

void hep_gain_check_signal(struct hep_gain *gain, const struct hep_volume *before,
                           const struct hep_volume *after, const struct hep_labels *core,
                           const struct hep_gain_limits *limits)
{
    size_t n = 0, lost = 0, gained = 0;
    double share;

    for (size_t i = 0; i < hep_grid_voxels(&core->grid); i++) {
        const double b = (double)before->data[i], a = gain->factor * (double)after->data[i];

        if (core->data[i] == 0 || !isfinite(a) || !isfinite(b))
            continue;
        n++;
        lost += a < limits->possible[0] * b;
        gained += a > limits->possible[1] * b;
    }
    share = (double)(lost > gained ? lost : gained) / (double)n;
    if (n < CORE_MIN_VOXELS || share <= limits->impossible_max)
        return;
    gain->state = HEP_GAIN_NOT_ASSESSABLE;
    gain->factor = 1.0;
    (void)snprintf(gain->reason, sizeof gain->reason,
                   "%.0f %% of the liver's inner voxels have %s %.2g times their signal before "
                   "contrast, which no agent does: slices without signal, water and fat exchanged, "
                   "or other slices%s",
                   100.0 * share, lost > gained ? "less than" : "more than",
                   lost > gained ? limits->possible[0] : limits->possible[1],
                   lost > gained ? "" : ", in the series before contrast");
}
