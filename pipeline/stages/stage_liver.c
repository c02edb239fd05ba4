#include "pipeline/stages/stages.h"

#include "image/stats.h"
#include "pipeline/config/config.h"
#include "pipeline/results/liver_quality.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/command.h"
#include "pipeline/stages/lesion_images.h"
#include "pipeline/stages/plausible.h"
#include "sequences/inventory.h"

#include <math.h>

static const struct hep_slot inputs[] = { HEP_READS_SERIES("hepatobiliary"),
                                          HEP_READS_SERIES("portal_venous"),
                                          HEP_READS_SERIES("delayed"),
                                          HEP_READS_SERIES("transitional"),
                                          HEP_READS_SERIES("arterial"),
                                          HEP_READS_SERIES("precontrast"),
                                          HEP_READS_SERIES("in_phase"),
                                          HEP_READS_SERIES("opposed"),
                                          HEP_READS_SERIES_4D("echoes", "xyze"),
                                          HEP_READS_SERIES("t2"),
                                          HEP_READS_SERIES_4D("dwi", "xyzb"),
                                          HEP_JUDGED_INPUTS,
                                          HEP_READS_SERIES("liver_mask"),
                                          HEP_READS_SERIES("labels"),
                                          HEP_READS_LABELS("drawn_liver"),
                                          HEP_READS_ALIGNMENT,
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_LABELS("liver", "anat/%s_label-liver_mask", "the liver on the reference grid"),
    HEP_MAKES_LABELS("anatomy", "anat/%s_label-anatomy_dseg",
                     "organs and vessels that rules compare with"),
    HEP_MAKES_STRUCT(liver_quality, "where the liver mask comes from, and how good it is"),
    HEP_MAKES_STRUCT(plausibility, "medians of the liver that judge the maps they were taken of"),
    { 0 }
};

static void keep_label(struct hep_labels *mask, int32_t label)
{
    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++)
        mask->data[i] = mask->data[i] == label;
}

/* The mask that the user gave: a liver mask, or the organ called liver of a label map. */
static int given_liver(struct hep_labels **out, enum hep_liver_source *source, struct hep_run *run,
                       struct hep_error *err)
{
    const struct hep_labels *mask = NULL, *labels = NULL, *drawn = NULL;
    const struct hep_series *named = hep_run_series(run, "labels");
    const char *path = hep_run_given_mask(run, HEP_ROLE_LIVER_MASK);
    int rc = hep_run_labels(run, "liver_mask", &mask, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "labels", &labels, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "drawn_liver", &drawn, err);
    if (rc == HEP_OK && drawn != NULL) {
        const char *reference = hep_reference_name(run);

        *source = HEP_LIVER_OF_COMMAND;
        rc = hep_aligned_labels(out, run, drawn,
                                hep_command_series(run, &hep_run_config(run)->liver_command),
                                reference, &hep_run_series(run, reference)->grid, err);
    } else if (rc == HEP_OK && mask != NULL) {
        const struct hep_series *s = hep_run_series(run, "liver_mask");

        *source = path != NULL ? HEP_LIVER_OF_COMMAND_LINE : HEP_LIVER_OF_STUDY;
        rc = hep_aligned_mask(out, run, mask, inputs, path != NULL ? path : s->name, err);
    } else if (rc == HEP_OK && labels != NULL && hep_series_label_value(named, "liver") > 0) {
        *source = HEP_LIVER_OF_LABEL_MAP;
        rc = hep_aligned_mask(out, run, labels, inputs, named->name, err);
        if (rc == HEP_OK)
            keep_label(*out, hep_series_label_value(named, "liver"));
    }
    return rc;
}

#define IMAGE(i) (1U << (unsigned)(i))
#define IMAGES                                                                                     \
    (IMAGE(HEP_IMAGE_OPPOSED) | IMAGE(HEP_IMAGE_IN_PHASE) | IMAGE(HEP_IMAGE_T2) |                  \
     IMAGE(HEP_IMAGE_B_LOW) | IMAGE(HEP_IMAGE_B_ZERO) | IMAGE(HEP_IMAGE_B_HIGH) |                  \
     IMAGE(HEP_IMAGE_ADC) | IMAGE(HEP_IMAGE_PRECONTRAST) | IMAGE(HEP_IMAGE_ARTERIAL) |             \
     IMAGE(HEP_IMAGE_PORTAL_VENOUS) | IMAGE(HEP_IMAGE_TRANSITIONAL) | IMAGE(HEP_IMAGE_DELAYED) |   \
     IMAGE(HEP_IMAGE_HEPATOBILIARY))

/* A study that has no T1 images but echoes: their mean serves as one. */
static int add_echoes(struct hep_lesion_images *images, struct hep_run *run, struct hep_error *err)
{
    struct hep_lesion_image *o = &images->study.image[HEP_IMAGE_IN_PHASE];
    const char *reference = hep_reference_name(run);
    const struct hep_volume *v = NULL;
    int rc = hep_run_volume(run, "echoes", &v, err);

    if (rc != HEP_OK || v == NULL || o->volume != NULL)
        return rc;
    rc = hep_aligned_volume(&images->owned[HEP_IMAGE_IN_PHASE], run, v, "echoes", reference,
                            &images->study.grid, err);
    o->volume = images->owned[HEP_IMAGE_IN_PHASE];
    o->registration_mm = strcmp(reference, "echoes") == 0 ? 0.0 : (double)NAN;
    return rc;
}

/* Image behind the name of a series. */
static enum hep_image image_of(const char *series)
{
    if (strcmp(series, "echoes") == 0)
        return HEP_IMAGE_IN_PHASE;
    for (int i = 0; i < (int)HEP_IMAGE_COUNT; i++) {
        if (strcmp(hep_image_name((enum hep_image)i), series) == 0)
            return (enum hep_image)i;
    }
    return HEP_IMAGE_COUNT;
}

static int fill_input(struct hep_liver_input *in, struct hep_lesion_images *images,
                      struct hep_run *run, struct hep_error *err)
{
    int rc = hep_lesion_images_fill(images, run, IMAGES, err);

    if (rc == HEP_OK)
        rc = add_echoes(images, run, err);
    if (rc != HEP_OK)
        return rc;
    in->grid = images->study.grid;
    memcpy(in->image, images->study.image, sizeof in->image);
    in->reference = image_of(hep_reference_name(run));
    in->nthreads = hep_run_nthreads(run);
    return HEP_OK;
}

/* Organs that a label map of the study names take the place of those that were found. */
static int given_anatomy(struct hep_labels *anatomy, struct hep_run *run, struct hep_error *err)
{
    const struct hep_series *named = hep_run_series(run, "labels");
    const struct hep_labels *labels = NULL;
    struct hep_labels *here = NULL;
    bool given[HEP_ANATOMY_COUNT] = { false };
    int rc = hep_run_labels(run, "labels", &labels, err);

    if (rc != HEP_OK || labels == NULL)
        return rc;
    for (size_t k = 0; k < named->n_labels; k++)
        given[hep_anatomy_from_name(named->labels[k].name)] = true;
    rc = hep_aligned_mask(&here, run, labels, inputs, named->name, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&anatomy->grid); i++) {
        enum hep_anatomy organ = HEP_ANATOMY_NONE;

        for (size_t k = 0; here->data[i] != 0 && k < named->n_labels; k++) {
            if (named->labels[k].value == here->data[i])
                organ = hep_anatomy_from_name(named->labels[k].name);
        }
        if (organ == HEP_ANATOMY_LIVER)
            continue;
        if (organ != HEP_ANATOMY_NONE)
            anatomy->data[i] = (int32_t)organ;
        else if (given[anatomy->data[i]] && anatomy->data[i] != HEP_ANATOMY_LIVER)
            anatomy->data[i] = HEP_ANATOMY_NONE;
    }
    hep_labels_free(here);
    return rc;
}

static int put_quality(struct hep_run *run, const struct hep_liver_quality *q,
                       enum hep_liver_source source, struct hep_error *err)
{
    struct hep_liver_report *report = hep_liver_quality_new(err);

    if (report == NULL)
        return HEP_ENOMEM;
    *report = (struct hep_liver_report){ source, *q };
    if (q->mask_needed) {
        report->quality.volume_ml = (double)NAN;
        report->quality.volume_plausible = false;
    }
    if (q->cropped && !q->mask_needed)
        hep_log_write(hep_run_log(run), HEP_LOG_INFO, "liver-cut",
                      "liver (%s): at least %.0f mL: cut by the end of the images (%s)",
                      hep_liver_source_name(source), q->volume_ml, q->cut_at);
    if (q->reason[0] != '\0')
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING,
                      q->mask_needed ? "liver-mask-needed" : "liver-doubtful", "liver (%s): %s",
                      hep_liver_source_name(source), q->reason);
    return hep_run_put_liver_quality(run, report, err);
}

static int put_liver(struct hep_run *run, struct hep_liver *found, struct hep_error *err)
{
    int rc;

    if (found->quality.mask_needed) {
        hep_run_put_absent(run, "liver", "%s", found->quality.reason);
        hep_run_put_absent(run, "anatomy", "%s", found->quality.reason);
        return HEP_OK;
    }
    rc = given_anatomy(found->anatomy, run, err);
    if (rc == HEP_OK) {
        rc = hep_run_put_labels(run, "liver", found->liver, NULL, err);
        found->liver = NULL;
    }
    if (rc == HEP_OK) {
        rc = hep_run_put_labels(run, "anatomy", found->anatomy, NULL, err);
        found->anatomy = NULL;
    }
    return rc;
}

/* Without any image a given liver is all that is known of the anatomy. */
static int liver_alone(struct hep_labels **anatomy, const struct hep_labels *liver,
                       struct hep_error *err)
{
    int rc = hep_labels_new(anatomy, &liver->grid, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&liver->grid); i++)
        (*anatomy)->data[i] = liver->data[i] != 0 ? (int32_t)HEP_ANATOMY_LIVER : 0;
    return rc;
}

static bool any_image(const struct hep_liver_input *in)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        if (in->image[i].volume != NULL)
            return true;
    }
    return false;
}

/* R2* of the liver by the T2-weighted images. */
static int estimate_iron(struct hep_iron_estimate *out, struct hep_run *run,
                         const struct hep_lesion_images *images, const struct hep_labels *anatomy,
                         struct hep_error *err)
{
    static const struct {
        enum hep_image image;
        const char *series;
    } of[] = { { HEP_IMAGE_T2, "t2" }, { HEP_IMAGE_B_ZERO, "dwi" } };
    struct hep_iron_signals signals[sizeof of / sizeof of[0]];
    struct hep_stats s[HEP_ANATOMY_COUNT];
    size_t n = 0;
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof of / sizeof of[0]; i++) {
        const struct hep_volume *v = images->study.image[of[i].image].volume;
        const struct hep_series *series = hep_run_series(run, of[i].series);

        if (v == NULL || series == NULL)
            continue;
        rc = hep_stats_by_label(s, HEP_ANATOMY_COUNT, v, anatomy, hep_run_nthreads(run), err);
        signals[n++] =
            (struct hep_iron_signals){ series->acquisition.te_s, s[HEP_ANATOMY_LIVER].median,
                                       s[HEP_ANATOMY_MUSCLE].median, s[HEP_ANATOMY_SPLEEN].median };
    }
    if (rc == HEP_OK)
        hep_iron_estimate(out, signals, n, hep_run_inventory(run)->field_t);
    return rc;
}

/* The liver in the images that are not withheld, or the organs around the one that was given. */
static int find_liver(struct hep_liver *found, struct hep_iron_estimate *iron, struct hep_run *run,
                      struct hep_error *err)
{
    const struct hep_liver_settings *settings = &hep_run_config(run)->liver;
    struct hep_lesion_images images = { 0 };
    struct hep_liver_input in = { 0 };
    int rc = fill_input(&in, &images, run, err);

    if (rc == HEP_OK && found->liver == NULL && !any_image(&in)) {
        found->quality = (struct hep_liver_quality){ .mask_needed = true };
        (void)snprintf(found->quality.reason, sizeof found->quality.reason,
                       "mask needed: no series is left that shows a liver");
    } else if (rc == HEP_OK && found->liver == NULL) {
        rc = hep_liver_find(found, &in, settings, err);
    } else if (rc == HEP_OK) {
        rc = any_image(&in)
                 ? hep_liver_judge_given(&found->quality, found->liver, &in, settings, err)
                 : hep_liver_judge_mask(&found->quality, found->liver, settings, err);
        if (rc == HEP_OK)
            rc = any_image(&in)
                     ? hep_liver_anatomy(&found->anatomy, &in, found->liver, settings, err)
                     : liver_alone(&found->anatomy, found->liver, err);
    }
    if (rc == HEP_OK && found->anatomy != NULL)
        rc = estimate_iron(iron, run, &images, found->anatomy, err);
    hep_lesion_images_release(&images);
    return rc;
}

/* The liver judges the maps, and what is withheld no longer shows the liver: then it is looked for
 * again without, and judges again. */
static int find_and_judge(struct hep_liver *found, struct hep_run *run, bool given,
                          struct hep_error *err)
{
    struct hep_judging j;
    bool had_diffusion;
    int rc = hep_judging_open(&j, run, err);

    if (rc == HEP_OK)
        rc = hep_judging_run(&j, run, NULL, NULL, err);
    had_diffusion = j.map[HEP_JUDGED_ADC] != NULL && hep_run_withheld(run, "adc") == NULL;
    if (rc == HEP_OK)
        rc = find_liver(found, &j.iron, run, err);
    if (rc == HEP_OK && found->liver != NULL)
        rc = hep_judging_run(&j, run, found->liver, found->anatomy, err);
    if (rc == HEP_OK && had_diffusion && hep_run_withheld(run, "adc") != NULL) {
        hep_labels_free(found->anatomy);
        found->anatomy = NULL;
        if (!given) {
            hep_labels_free(found->liver);
            found->liver = NULL;
        }
        rc = find_liver(found, &j.iron, run, err);
        if (rc == HEP_OK && found->liver != NULL)
            rc = hep_judging_run(&j, run, found->liver, found->anatomy, err);
    }
    return rc == HEP_OK ? hep_judging_put(&j, run, err) : rc;
}

static int run_liver(struct hep_run *run, struct hep_error *err)
{
    struct hep_liver found = { 0 };
    enum hep_liver_source source = HEP_LIVER_AUTOMATIC;
    int rc = given_liver(&found.liver, &source, run, err);

    if (rc == HEP_OK && found.liver != NULL && hep_labels_count(found.liver, -1) == 0)
        rc =
            HEP_FAIL(err, HEP_EDATA, "the liver mask (%s) is empty", hep_liver_source_name(source));
    if (rc == HEP_OK)
        rc = find_and_judge(&found, run, found.liver != NULL, err);
    if (rc == HEP_OK)
        rc = put_quality(run, &found.quality, source, err);
    if (rc == HEP_OK)
        rc = put_liver(run, &found, err);
    hep_liver_release(&found);
    return rc;
}

static const char *const settings[] = { "liver.", NULL };

const struct hep_stage hep_stage_liver = {
    .name = "liver",
    .typical_share = 4,
    .summary = "The liver mask, the organs and vessels around it, and which maps its medians "
               "contradict.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_liver,
};
