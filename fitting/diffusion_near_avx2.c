/* Near the solution, eight voxels per step, for CPUs with AVX2. */
#include "fitting/diffusion_work.h"

#if defined(__x86_64__)
#include "fitting/isa_avx2.h"
#define HEP_SINGLE
#define HEP_LANES 8
#define HEP_NEAR hep_diffusion_near_avx2
#include "fitting/diffusion_near.h"
#include "fitting/isa_end.h"
#endif
