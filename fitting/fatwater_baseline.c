/* Multi-echo kernels, for what the compiler targets. */
#define HEP_LANES 2
#define HEP_KERNELS hep_fatwater_kernels_baseline
#include "fitting/fatwater_kernels.h"
