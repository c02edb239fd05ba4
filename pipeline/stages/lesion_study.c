#include "pipeline/stages/lesion_study.h"

#include "contrast/same_sequence.h"
#include "pipeline/results/enhancement.h"
#include "pipeline/stages/phase_gain.h"

#include <math.h>

/* May a phase be compared with precontrast, and at which gain? */
static void read_phase(struct hep_lesion_images *images, const struct hep_enhancement *e,
                       enum hep_phase phase)
{
    struct hep_lesion_study *s = &images->study;
    const struct hep_enhancement_phase *o = e != NULL ? &e->phase[phase] : NULL;
    const struct hep_enhancement_gain *g = e != NULL ? &e->gain[phase] : NULL;
    const bool judged = g != NULL && g->present;
    const bool same = o != NULL && o->present && o->same_sequence != HEP_NOT_COMPARABLE;
    const struct hep_gain gain = judged ? g->of : hep_gain_none();

    hep_lesion_images_apply_gain(images, phase, &gain);
    s->comparable[phase] = same && hep_gain_known(&gain);
    if (same)
        s->incomparable_reason[phase] = judged ? g->of.reason : NULL;
    else
        s->incomparable_reason[phase] = o != NULL && o->present ? o->same_sequence_reason : NULL;
    s->gain_unknown[phase] =
        s->image[HEP_IMAGE_PRECONTRAST].volume != NULL && !hep_gain_known(&gain);
}

/* What the enhancement stage found out about the phases; NULL: nothing. */
static void read_phases(struct hep_lesion_images *images, const struct hep_enhancement *e)
{
    struct hep_lesion_study *s = &images->study;

    s->comparable[HEP_PHASE_PRECONTRAST] = s->image[HEP_IMAGE_PRECONTRAST].volume != NULL;
    for (int p = HEP_PHASE_ARTERIAL; p < HEP_PHASE_COUNT; p++)
        read_phase(images, e, (enum hep_phase)p);
    s->arterial = hep_judgement_read(e != NULL ? &e->arterial : NULL);
    s->hepatobiliary = hep_judgement_read(e != NULL ? &e->hepatobiliary : NULL);
    s->motion = hep_judgement_read(e != NULL ? &e->motion.verdict : NULL);
    s->arterial_weight = e != NULL && isfinite(e->motion.weight) ? e->motion.weight : 1.0;
}

int hep_lesion_study_open(struct hep_lesion_images *out, struct hep_run *run, struct hep_error *err)
{
    const struct hep_enhancement *enhancement = NULL;
    struct hep_lesion_study *s = &out->study;
    int rc = hep_run_labels(run, "liver", &s->liver, err);

    if (rc != HEP_OK || s->liver == NULL)
        return rc;
    rc = hep_run_labels(run, "anatomy", &s->anatomy, err);
    if (rc == HEP_OK)
        rc = hep_run_enhancement(run, &enhancement, err);
    if (rc == HEP_OK)
        rc = hep_lesion_images_fill(out, run, HEP_LESION_IMAGES_ALL, err);
    if (rc == HEP_OK)
        read_phases(out, enhancement);
    return rc;
}
