#include "liver/images.h"

#include "image/mask.h"
#include "image/resample.h"

#include <math.h>
#include <stdio.h>

static void shares(double *left, double *outside, const struct hep_labels *liver,
                   const struct hep_liver_images *im)
{
    const size_t *n = liver->grid.n;
    size_t all = 0, n_left = 0, n_outside = 0;

    for (size_t i = 0; i < hep_grid_voxels(&liver->grid); i++) {
        const size_t c[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };
        const double at[3] = { (double)c[0], (double)c[1], (double)c[2] };
        double world[3];

        if (liver->data[i] == 0)
            continue;
        hep_grid_to_world(world, &liver->grid, at);
        n_left += world[0] < im->middle_x;
        n_outside += hep_sample_label(im->body, world) == 0;
        all++;
    }
    *left = all > 0 ? (double)n_left / (double)all : (double)NAN;
    *outside = all > 0 ? (double)n_outside / (double)all : (double)NAN;
}

/* No liver is that large, nor does one fill the trunk. */
static int check_size(double volume_ml, double outside, const struct hep_liver_images *im,
                      const struct hep_liver_settings *settings, struct hep_error *err)
{
    const double body_ml =
        (double)hep_labels_count(im->body, -1) * hep_grid_voxel_mm3(&im->body->grid) / 1000.0;
    const double of_body = body_ml > 0.0 ? (1.0 - outside) * volume_ml / body_ml : 0.0;

    if (volume_ml > settings->given_volume_max_ml)
        return HEP_FAIL(err, HEP_EDATA,
                        "the liver mask has %.1f L, no liver has more than %.3g: it is the body or "
                        "the whole image",
                        volume_ml / 1000.0, settings->given_volume_max_ml / 1000.0);
    if (of_body > settings->given_of_body_max)
        return HEP_FAIL(
            err, HEP_EDATA,
            "the liver mask (%.0f mL) fills %.0f %% of the body in the images, no liver "
            "more than %.0f %%: it is the body or the whole image",
            volume_ml, 100.0 * of_body, 100.0 * settings->given_of_body_max);
    return HEP_OK;
}

/* The mask with one index axis reversed, as by a program that lost the direction of an axis. */
static int mirrored(struct hep_labels **out, const struct hep_labels *m, int axis,
                    struct hep_error *err)
{
    const size_t *n = m->grid.n;
    int rc = hep_labels_new(out, &m->grid, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&m->grid); i++) {
        size_t c[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };

        c[axis] = n[axis] - 1 - c[axis];
        (*out)->data[i] = m->data[(c[2] * n[1] + c[1]) * n[0] + c[0]];
    }
    return rc;
}

/* Dice of the mask with the liver that the images show, and with the axis reversed that makes it
 * agree best (-1: none does). NaN where the images do not show it with confidence. */
static int compare(double *dice, double *reversed, int *axis, const struct hep_labels *liver,
                   const struct hep_liver_input *in, const struct hep_liver_settings *settings,
                   struct hep_error *err)
{
    struct hep_liver found = { 0 };
    int rc = hep_liver_find(&found, in, settings, err);

    *dice = (double)NAN;
    *axis = -1;
    if (rc == HEP_OK && found.liver != NULL && found.quality.score >= settings->given_sure_score)
        *dice = hep_mask_dice(liver, found.liver);
    *reversed = *dice;
    for (int a = 0;
         rc == HEP_OK && found.liver != NULL && *dice < settings->given_dice_min && a < 3; a++) {
        struct hep_labels *turned = NULL;

        rc = mirrored(&turned, liver, a, err);
        if (rc == HEP_OK &&
            hep_mask_dice(turned, found.liver) > fmax(*reversed, settings->given_dice_min)) {
            *reversed = hep_mask_dice(turned, found.liver);
            *axis = a;
        }
        hep_labels_free(turned);
    }
    hep_liver_release(&found);
    return rc;
}

static void add_reason(struct hep_liver_quality *q, const char *text)
{
    const size_t used = strlen(q->reason);

    (void)snprintf(q->reason + used, sizeof q->reason - used, "%s%s", used > 0 ? "; " : "", text);
}

int hep_liver_judge_given(struct hep_liver_quality *out, const struct hep_labels *liver,
                          const struct hep_liver_input *in,
                          const struct hep_liver_settings *settings, struct hep_error *err)
{
    struct hep_liver_images im = { 0 };
    double outside = (double)NAN, dice = (double)NAN, reversed = (double)NAN;
    char text[160];
    int axis = -1, rc = hep_liver_judge_mask(out, liver, settings, err);

    if (rc == HEP_OK)
        rc = hep_liver_images_init(&im, in, settings, err);
    if (rc == HEP_OK)
        shares(&out->left_right, &outside, liver, &im);
    if (rc == HEP_OK && outside > settings->given_outside.hi)
        rc =
            HEP_FAIL(err, HEP_EDATA,
                     "%.0f %% of the liver mask lies outside the body, at most %.0f %%: it belongs "
                     "to other images",
                     100.0 * outside, 100.0 * settings->given_outside.hi);
    if (rc == HEP_OK)
        rc = check_size(out->volume_ml, outside, &im, settings, err);
    if (rc == HEP_OK)
        rc = compare(&dice, &reversed, &axis, liver, in, settings, err);
    if (rc == HEP_OK && axis >= 0)
        rc = HEP_FAIL(
            err, HEP_EDATA,
            "the liver mask is stored mirrored: it overlaps with the liver that the images "
            "show by %.2f (Dice), and by %.2f when reversed along its %s axis",
            dice, reversed,
            axis == 0   ? "first"
            : axis == 1 ? "second"
                        : "third");
    if (rc != HEP_OK)
        goto out;
    if (outside > settings->given_outside.lo) {
        (void)snprintf(text, sizeof text, "%.0f %% of the mask lies outside the body",
                       100.0 * outside);
        add_reason(out, text);
    }
    if (out->left_right > settings->given_left_max) {
        (void)snprintf(text, sizeof text, "%.0f %% of the mask lies left of the body's middle",
                       100.0 * out->left_right);
        add_reason(out, text);
    }
    if (dice < settings->given_dice_min) {
        (void)snprintf(text, sizeof text,
                       "the mask and the liver that the images show overlap by %.2f (Dice), less "
                       "than %.1f",
                       dice, settings->given_dice_min);
        add_reason(out, text);
        out->score = fmin(out->score, dice);
    }
out:
    hep_liver_images_release(&im);
    return rc;
}
