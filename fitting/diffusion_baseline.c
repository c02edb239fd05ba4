/* Diffusion kernels, eight voxels per step, for what the compiler targets. */
#define HEP_LANES
#define HEP_KERNELS hep_diffusion_kernels_baseline
#include "fitting/diffusion_kernels.h"
