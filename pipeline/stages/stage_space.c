#include "pipeline/stages/stages.h"

#include "base/json.h"
#include "base/text.h"
#include "pipeline/config/config.h"
#include "pipeline/products.h"
#include "pipeline/stages/aligned.h"
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
                                          HEP_SLOT("dwi_aligned", HEP_SLOT_VOLUME, "xyzb",
                                                   HEP_UNIT_ARBITRARY, ),
                                          HEP_READS_ALIGNMENT,
                                          { 0 } };

#define SPACE(series, shape, ...)                                                                  \
    HEP_SLOT("space_" series, HEP_SLOT_VOLUME, shape, HEP_UNIT_ARBITRARY, __VA_ARGS__,             \
             .doc =                                                                                \
                 "the series on the grid of the reference, interpolated once; NaN where it does "  \
                 "not reach")
static const struct hep_slot outputs[] = {
    SPACE("hepatobiliary", "xyz", .file = "anat/%s_space-reference_desc-hepatobiliary_T1w"),
    SPACE("portal_venous", "xyz", .file = "anat/%s_space-reference_desc-portalvenous_T1w"),
    SPACE("delayed", "xyz", .file = "anat/%s_space-reference_desc-delayed_T1w"),
    SPACE("transitional", "xyz", .file = "anat/%s_space-reference_desc-transitional_T1w"),
    SPACE("arterial", "xyz", .file = "anat/%s_space-reference_desc-arterial_T1w"),
    SPACE("precontrast", "xyz", .file = "anat/%s_space-reference_desc-precontrast_T1w"),
    SPACE("in_phase", "xyz", .file = "anat/%s_space-reference_desc-inphase_MEGRE"),
    SPACE("opposed", "xyz", .file = "anat/%s_space-reference_desc-opposed_MEGRE"),
    SPACE("echoes", "xyze", .file = "anat/%s_space-reference_desc-echoes_MEGRE"),
    SPACE("t2", "xyz", .file = "anat/%s_space-reference_T2w"),
    SPACE("dwi", "xyzb", .file = "dwi/%s_space-reference_dwi"),
    { 0 }
};

/* The diffusion series with its b-values brought together, where that was done. */
static int volume_of(const struct hep_volume **out, struct hep_run *run, const char *name,
                     struct hep_error *err)
{
    int rc = HEP_OK;

    *out = NULL;
    if (strcmp(name, "dwi") == 0)
        rc = hep_run_volume(run, "dwi_aligned", out, err);
    return rc == HEP_OK && *out == NULL ? hep_run_volume(run, name, out, err) : rc;
}

/* The b-values beside the diffusion series, as BIDS asks. */
static int put_b_values(struct hep_run *run, struct hep_error *err)
{
    const struct hep_series *dwi = hep_run_series(run, "dwi");
    struct hep_str text = { 0 };
    char *file;
    int rc;

    if (dwi->gradients.n == 0)
        return HEP_OK;
    file = hep_asprintf(err, "dwi/%s_space-reference_dwi.bval", hep_run_label(run));
    for (size_t t = 0; t < dwi->gradients.n; t++)
        hep_str_addf(&text, "%s%g", t > 0 ? " " : "", dwi->gradients.b_s_per_mm2[t]);
    hep_str_add(&text, "\n");
    rc = file == NULL ? HEP_ENOMEM : hep_str_check(&text, err);
    if (rc == HEP_OK)
        rc = hep_run_put_file(run, file, text.s, text.len, err);
    hep_str_release(&text);
    free(file);
    return rc;
}

/* The series alone is the source; the transform stands beside it in xfm. */
static int make_sidecar(struct hep_json **out, const struct hep_run *run,
                        const struct hep_series *series, struct hep_error *err)
{
    struct hep_json *sources = hep_json_new_array();
    int rc = HEP_OK;

    *out = hep_json_new_object();
    for (size_t i = 0; rc == HEP_OK && i < series->n_paths; i++)
        rc = hep_json_append(sources,
                             hep_json_new_string(series->n_paths > 1
                                                     ? hep_run_relative(run, series->path[i])
                                                     : series->name),
                             err);
    if (rc == HEP_OK)
        return hep_json_set(*out, "Sources", sources, err);
    hep_json_free(sources);
    return rc;
}

static int put_series(struct hep_run *run, const char *name, const char *product,
                      const char *reference, struct hep_error *err)
{
    const struct hep_series *series = hep_run_series(run, name);
    const struct hep_volume *v = NULL;
    struct hep_volume *here = NULL;
    struct hep_json *sidecar = NULL;
    int rc;

    if (series == NULL) {
        hep_run_put_absent(run, product, "%s: not in the study", name);
        return HEP_OK;
    }
    rc = volume_of(&v, run, name, err);
    if (rc == HEP_OK)
        rc = hep_aligned_series(&here, run, v, name, reference,
                                &hep_run_series(run, reference)->grid, err);
    if (rc == HEP_OK)
        rc = make_sidecar(&sidecar, run, series, err);
    if (rc == HEP_OK) {
        rc = hep_run_put_volume(run, product, here, sidecar, err);
        here = NULL;
        sidecar = NULL;
    }
    hep_volume_free(here);
    hep_json_free(sidecar);
    return rc == HEP_OK && strcmp(name, "dwi") == 0 ? put_b_values(run, err) : rc;
}

static int run_space(struct hep_run *run, struct hep_error *err)
{
    const char *reference = hep_reference_name(run);
    int rc = HEP_OK;

    for (const struct hep_slot *s = outputs; rc == HEP_OK && s->name != NULL; s++) {
        if (!hep_run_config(run)->outputs.aligned)
            hep_run_put_absent(run, s->name, "outputs.aligned is off");
        else if (reference == NULL)
            hep_run_put_absent(run, s->name, "the study has no reference series");
        else
            rc = put_series(run, s->name + strlen("space_"), s->name, reference, err);
    }
    return rc;
}

static const char *const settings[] = { "outputs.", NULL };

const struct hep_stage hep_stage_space = {
    .name = "space",
    .summary = "every series on the grid of the reference, where outputs.aligned asks for it",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_space,
};
