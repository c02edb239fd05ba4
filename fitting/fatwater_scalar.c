#define HEP_KERNELS hep_fatwater_kernels_scalar
#include "fitting/fatwater_kernels.h"

const struct hep_lm_model hep_fatwater_models[2] = {
    { HEP_FATWATER_NP, model_fatwater },
    { HEP_FATWATER_NP + 1, model_fatwater_floor },
};
