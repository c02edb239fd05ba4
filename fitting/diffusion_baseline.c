/* Diffusion kernels, two voxels per step, for what the compiler targets. */
#define HEP_LANES 2
#define HEP_KERNELS hep_diffusion_kernels_baseline
#define HEP_NEAR hep_diffusion_near_baseline
#include "fitting/diffusion_kernels.h"
