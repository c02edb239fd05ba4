#include "pipeline/adc_subset.h"

int hep_prepare_subset(struct hep_diffusion_scheme *out, bool *widened, const double *b_s_per_mm2,
                       size_t nb, struct hep_diffusion_settings *settings, struct hep_error *err)
{
    struct hep_error first = { 0 };
    int rc = hep_diffusion_prepare(out, b_s_per_mm2, nb, settings, &first);

    if (widened != NULL)
        *widened = false;
    if (rc == HEP_EDATA && settings->model == HEP_DIFFUSION_ADC &&
        settings->b_min_s_per_mm2 > 0.0) {
        double b_min = settings->b_min_s_per_mm2;

        settings->b_min_s_per_mm2 = 0.0;
        rc = hep_diffusion_prepare(out, b_s_per_mm2, nb, settings, NULL);
        if (rc == HEP_OK && widened != NULL)
            *widened = true;
        if (rc != HEP_OK)
            settings->b_min_s_per_mm2 = b_min;
    }
    return rc == HEP_OK ? HEP_OK : hep_fail(err, first.code, first.where, "%s", first.msg);
}
