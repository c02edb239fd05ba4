#include "pipeline/results/dwi_order.h"

HEP_NAMES(sources, hep_noise_source, HEP_NOISE_RESIDUALS + 1, hep_noise_source_name);

#define ORDER struct hep_dwi_order
static const struct hep_member rows[] = {
    { HEP_IS_NUMBER(ORDER, rise.ratio, "rise", "1",
                    "largest ratio of the median signal to that at a lower b-value") },
    { HEP_IS_NUMBER(ORDER, limit, "limit", "1", "diffusion.rise_max") },
    { HEP_IS_NUMBER(ORDER, rise.from_b_s_per_mm2, "from_b_s_per_mm2", "s/mm2", "lower b-value") },
    { HEP_IS_NUMBER(ORDER, rise.to_b_s_per_mm2, "to_b_s_per_mm2", "s/mm2", "higher b-value") },
    { HEP_IS_COUNT(ORDER, rise.from_volume, "from_volume", "first of the lower b-value, from 0") },
    { HEP_IS_COUNT(ORDER, rise.to_volume, "to_volume", "first of the higher b-value, from 0") },
    { HEP_IS_NUMBER(ORDER, rise.bump, "bump", "1",
                    "largest ratio of the median signal to what lies between other b-values") },
    { HEP_IS_NUMBER(ORDER, decay_mm2_per_s, "decay", "mm2/s",
                    "from the lowest to the highest b-value, which a tenth of the body exceeds") },
    { HEP_IS_BOOL(ORDER, contradicts, "contradicts", "the b-values") },
    { HEP_IS_TEXT(ORDER, evidence, "evidence", "all of it in words") },
    { HEP_IS_TEXT(ORDER, left_out, "left_out", "volumes that are no diffusion-weighted images"),
      .optional = true },
    { HEP_IS_COUNT(ORDER, left_out_volume[0], "left_out_volumes", "the same, from 0"),
      HEP_COUNTED(ORDER, left_out_volume, n_left_out) },
    { HEP_IS_COUNT(ORDER, n_lost, "lost_slices", "slices of single volumes, without weight") },
    { HEP_IS_COUNT(ORDER, n_slices, "slices", "of all volumes") },
    { HEP_IS_NUMBER(ORDER, lowest_error, "lowest_b_error", "1",
                    "relative standard error of the mean signal of the lowest b-value") },
    { HEP_IS_NUMBER(ORDER, sigma, "sigma", "arbitrary", "median noise SD of the volumes") },
    { HEP_IS_NUMBER(ORDER, sigma_least, "sigma_least", "arbitrary", "of the quietest volume") },
    { HEP_IS_NUMBER(ORDER, sigma_most, "sigma_most", "arbitrary", "of the noisiest volume") },
    { HEP_IS_ENUM(ORDER, enum hep_noise_source, source, "sigma_source", sources,
                  "where the noise was measured") },
    { HEP_IS_BOOL(ORDER, background_cut, "background_cut", "the air tells nothing of the noise") },
    { 0 }
};
const struct hep_struct_type hep_dwi_order_type = HEP_STRUCT_TYPE(ORDER, rows);

bool hep_dwi_leaves_out(const struct hep_dwi_order *order, size_t volume)
{
    for (size_t i = 0; order != NULL && i < order->n_left_out; i++)
        if (order->left_out_volume[i] == volume)
            return true;
    return false;
}
