/* Where the lesion really lies in a series: the residual of registration, found at the lesion. */
#include "lesions/measure.h"

#include <math.h>
#include <stdlib.h>

#define SEARCH_MAX_MM 5.0
#define ROUNDING_MM 0.5 /* whole voxels are tried a little beyond the reach */
#define GAIN_MIN 0.03   /* explained share that a shift must add to be believed */
#define NEAR_SHARE 0.02 /* voxels outside that the lesion's blur still reaches */

enum { NOT_USED, NEAR, RIM, MIDDLE, CORE, N_CLASSES };

/** One series speaks for all that were acquired with it. */
static enum hep_image leader_of(enum hep_image image)
{
    switch ((int)image) {
    case HEP_IMAGE_B_LOW:
    case HEP_IMAGE_B_ZERO:
    case HEP_IMAGE_ADC:
    case HEP_IMAGE_ADC_SE:
    case HEP_IMAGE_IVIM_D:
    case HEP_IMAGE_IVIM_F:
    case HEP_IMAGE_DKI_K:
        return HEP_IMAGE_B_HIGH;
    case HEP_IMAGE_FAT_FRACTION:
    case HEP_IMAGE_R2STAR:
    case HEP_IMAGE_OPPOSED:
        return HEP_IMAGE_IN_PHASE;
    case HEP_IMAGE_T2_MAP:
        return HEP_IMAGE_T2;
    default:
        return image;
    }
}

static int class_of(const struct hep_shells *s, const float *share, size_t i)
{
    const unsigned zone = s->zone[i];

    if ((zone & 1U << HEP_SHELL_WHOLE) == 0)
        return (double)share[i] > NEAR_SHARE || (zone & 1U << HEP_SHELL_RING) != 0 ? NEAR
                                                                                   : NOT_USED;
    if ((zone & 1U << HEP_SHELL_RIM) != 0)
        return RIM;
    return (zone & 1U << HEP_SHELL_CORE) != 0 ? CORE : MIDDLE;
}

/** Share of the variance that depth explains, with the image moved by the shift in s->shift. */
static double explained(const struct hep_lesion_study *study, const struct hep_shells *s,
                        const float *share, enum hep_image image)
{
    const size_t n = hep_grid_voxels(&s->grid);
    double sum[N_CLASSES] = { 0 }, count[N_CLASSES] = { 0 }, total = 0.0, total2 = 0.0, all = 0.0;
    double between = 0.0;

    for (size_t i = 0; i < n; i++) {
        const int c = class_of(s, share, i);
        double x;

        if (c == NOT_USED)
            continue;
        x = hep_measure_signal(study, s, image, i);
        if (!isfinite(x))
            continue;
        sum[c] += x;
        count[c] += 1.0;
        total += x;
        total2 += x * x;
        all += 1.0;
    }
    for (int c = NEAR; c < N_CLASSES; c++)
        if (count[c] > 0.0)
            between += sum[c] * sum[c] / count[c];
    total = all > 0.0 ? total * total / all : 0.0;
    return total2 > total ? (between - total) / (total2 - total) : 0.0;
}

/** The shift of one series, within its own uncertainty. */
static void find_shift(long out[3], struct hep_shells *s, const struct hep_lesion_study *study,
                       const float *share, enum hep_image image)
{
    const double reach = fmin(study->image[image].registration_mm, SEARCH_MAX_MM);
    long *shift = s->shift[image], most[3];
    double spacing[3], best;

    hep_grid_spacing(spacing, &s->grid);
    for (int k = 0; k < 3; k++) {
        most[k] = reach > 0.0 ? (long)floor(reach / spacing[k] + 0.5) : 0;
        out[k] = shift[k] = 0;
    }
    best = explained(study, s, share, image);
    best += GAIN_MIN * (1.0 - best);
    for (shift[2] = -most[2]; shift[2] <= most[2]; shift[2]++)
        for (shift[1] = -most[1]; shift[1] <= most[1]; shift[1]++)
            for (shift[0] = -most[0]; shift[0] <= most[0]; shift[0]++) {
                const double mm = sqrt(pow((double)shift[0] * spacing[0], 2.0) +
                                       pow((double)shift[1] * spacing[1], 2.0) +
                                       pow((double)shift[2] * spacing[2], 2.0));
                double now;

                if (mm > reach + ROUNDING_MM)
                    continue;
                now = explained(study, s, share, image);
                if (now > best) {
                    best = now;
                    memcpy(out, shift, 3 * sizeof *out);
                }
            }
}

int hep_measure_shifts(struct hep_shells *shells, const struct hep_lesion_study *study,
                       struct hep_error *err)
{
    long found[HEP_IMAGE_COUNT][3] = { 0 };

    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        const enum hep_image image = (enum hep_image)i;
        float *share = NULL;
        int rc;

        if (study->image[i].volume == NULL || leader_of(image) != image ||
            !(study->image[i].registration_mm > 0.0))
            continue;
        rc = hep_shells_share(&share, shells, &study->image[i], err);
        if (rc != HEP_OK)
            return rc;
        find_shift(found[i], shells, study, share, image);
        free(share);
    }
    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        memcpy(shells->shift[i], found[leader_of((enum hep_image)i)], sizeof shells->shift[i]);
    return HEP_OK;
}
