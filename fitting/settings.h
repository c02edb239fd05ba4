/**
 * @file  fitting/settings.h
 * @brief What all fits can be told: solver, instruction set, threads, checks.
 */
#ifndef HEP_FITTING_SETTINGS_H
#define HEP_FITTING_SETTINGS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum hep_fit_solver {
    HEP_SOLVER_BATCHED, /* several voxels per step; what it cannot settle goes to GSL */
    HEP_SOLVER_GSL      /* every voxel by gsl_multifit_nlinear: the reference */
};

/** Instruction set of the batched solver. All of them give the same bits. */
enum hep_fit_isa {
    HEP_ISA_AUTO,     /* the widest that this CPU has */
    HEP_ISA_BASELINE, /* what the compiler targets: SSE2 on x86-64, plain C elsewhere */
    HEP_ISA_AVX2,
    HEP_ISA_AVX512
};

struct hep_fit_settings {
    enum hep_fit_solver solver;
    enum hep_fit_isa isa;
    int nthreads; /* 0: as many as OpenMP offers */
    bool verify;  /* fit with both solvers and report the disagreement */
};

/** Short names as on the command line: "batched", "gsl"; "auto", "baseline", "avx2", "avx512". */
const char *hep_fit_solver_name(enum hep_fit_solver solver);
const char *hep_fit_isa_name(enum hep_fit_isa isa);
/** @return HEP_EINVAL with the names that exist */
int hep_fit_solver_parse(enum hep_fit_solver *out, const char *text,
                         struct hep_error *err) HEP_MUST_CHECK;
int hep_fit_isa_parse(enum hep_fit_isa *out, const char *text,
                      struct hep_error *err) HEP_MUST_CHECK;

/** True when this CPU and this build can run it. */
bool hep_fit_isa_supported(enum hep_fit_isa isa);
/**
 * Replace HEP_ISA_AUTO by the widest set that is supported.
 * @return HEP_EINVAL when a named set is not supported here
 */
int hep_fit_isa_resolve(enum hep_fit_isa *out, enum hep_fit_isa wanted,
                        struct hep_error *err) HEP_MUST_CHECK;

/** Threads to ask OpenMP for: `requested` when positive, otherwise what OpenMP offers; at least 1.
 */
int hep_fit_threads(int requested);

/** Voxels per unit of OpenMP work: fixed, so that results do not depend on the number of threads; a
 * multiple of sixteen lanes; not a power of two, because rows 4096 bytes apart compete for the same
 * cache sets. */
#define HEP_FIT_BLOCK 496

#endif
