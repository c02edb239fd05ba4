/* Diffusion kernels, eight voxels per step, for CPUs with AVX-512. */
#include "fitting/diffusion_work.h"

#if defined(__x86_64__)
#include "fitting/isa_avx512.h"
#define HEP_LANES 8
#define HEP_KERNELS hep_diffusion_kernels_avx512
#define HEP_NEAR hep_diffusion_near_avx512
#include "fitting/diffusion_kernels.h"
#include "fitting/isa_end.h"
#endif
