/* Multi-echo kernels, for CPUs with AVX-512. */
#include "fitting/fatwater_work.h"

#if defined(__x86_64__)
#include "fitting/isa_avx512.h"
#define HEP_LANES 8
#define HEP_KERNELS hep_fatwater_kernels_avx512
#include "fitting/fatwater_kernels.h"
#include "fitting/isa_end.h"
#endif
