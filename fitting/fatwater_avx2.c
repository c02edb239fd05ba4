/* Multi-echo kernels, for CPUs with AVX2. */
#include "fitting/fatwater_work.h"

#if defined(__x86_64__)
#include "fitting/isa_avx2.h"
#define HEP_LANES 4
#define HEP_KERNELS hep_fatwater_kernels_avx2
#include "fitting/fatwater_kernels.h"
#include "fitting/isa_end.h"
#endif
