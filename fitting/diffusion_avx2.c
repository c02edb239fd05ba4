/* Diffusion kernels, four voxels per step, for CPUs with AVX2. */
#include "fitting/diffusion_work.h"

#if defined(__x86_64__)
#include "fitting/isa_avx2.h"
#define HEP_LANES 4
#define HEP_KERNELS hep_diffusion_kernels_avx2
#define HEP_NEAR hep_diffusion_near_avx2
#include "fitting/diffusion_kernels.h"
#include "fitting/isa_end.h"
#endif
