/**
 * @file  fitting/isa_avx512.h
 * @brief The functions that follow, up to isa_end.h, are compiled for AVX-512. Only
 * hep_fit_isa_resolve() may let them be called. System headers must have been included before.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw"))),        \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,prefer-vector-width=512")
#endif
