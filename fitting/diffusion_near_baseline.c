/* Near the solution, four voxels per step, for what the compiler targets. */
#define HEP_SINGLE
#define HEP_LANES 4
#define HEP_NEAR hep_diffusion_near_baseline
#include "fitting/diffusion_near.h"
