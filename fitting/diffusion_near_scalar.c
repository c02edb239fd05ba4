/* Start values for one voxel per step. */
#define HEP_NEAR hep_diffusion_near_scalar
#include "fitting/diffusion_near.h"
