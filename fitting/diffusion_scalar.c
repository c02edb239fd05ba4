#define HEP_KERNELS hep_diffusion_kernels_scalar
#define HEP_NEAR hep_diffusion_near_scalar
#include "fitting/diffusion_kernels.h"

const struct hep_lm_model hep_diffusion_models[HEP_KIND_COUNT] = {
    [HEP_KIND_MONO] = { 2, model_mono },
    [HEP_KIND_IVIM] = { 4, model_ivim },
    [HEP_KIND_SIVIM] = { 3, model_sivim },
    [HEP_KIND_KURTOSIS] = { 3, model_kurtosis },
};
