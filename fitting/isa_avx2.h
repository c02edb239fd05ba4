/**
 * @file  fitting/isa_avx2.h
 * @brief The functions that follow, up to isa_end.h, are compiled for AVX2. Only
 * hep_fit_isa_resolve() may let them be called. System headers must have been included before.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
