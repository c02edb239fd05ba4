#include "fitting/settings.h"
#include "fitting/status.h"

#include <omp.h>

static const char *const status_names[HEP_FIT_STATUS_COUNT] = {
    "background", "ok", "at bound", "not identifiable", "no convergence", "bad input", "exchanged",
};
static const char *const solver_names[] = { "batched", "gsl" };
static const char *const isa_names[] = { "auto", "baseline", "avx2", "avx512" };

const char *hep_fit_status_name(enum hep_fit_status status)
{
    return (unsigned)status < HEP_FIT_STATUS_COUNT ? status_names[status] : "?";
}

const char *hep_fit_solver_name(enum hep_fit_solver solver)
{
    return (unsigned)solver < 2 ? solver_names[solver] : "?";
}

const char *hep_fit_isa_name(enum hep_fit_isa isa)
{
    return (unsigned)isa < 4 ? isa_names[isa] : "?";
}

int hep_fit_solver_parse(enum hep_fit_solver *out, const char *text, struct hep_error *err)
{
    for (unsigned i = 0; i < 2; i++) {
        if (strcmp(text, solver_names[i]) == 0) {
            *out = (enum hep_fit_solver)i;
            return HEP_OK;
        }
    }
    return HEP_FAIL(err, HEP_EINVAL, "unknown solver '%s': batched or gsl", text);
}

int hep_fit_isa_parse(enum hep_fit_isa *out, const char *text, struct hep_error *err)
{
    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(text, isa_names[i]) == 0) {
            *out = (enum hep_fit_isa)i;
            return HEP_OK;
        }
    }
    return HEP_FAIL(err, HEP_EINVAL, "unknown instruction set '%s': auto, baseline, avx2 or avx512",
                    text);
}

bool hep_fit_isa_supported(enum hep_fit_isa isa)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (isa == HEP_ISA_AVX2)
        return __builtin_cpu_supports("avx2") != 0;
    if (isa == HEP_ISA_AVX512)
        return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
               __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bw") != 0;
#endif
    return isa == HEP_ISA_AUTO || isa == HEP_ISA_BASELINE;
}

int hep_fit_isa_resolve(enum hep_fit_isa *out, enum hep_fit_isa wanted, struct hep_error *err)
{
    if (!hep_fit_isa_supported(wanted))
        return HEP_FAIL(err, HEP_EINVAL, "this CPU or build has no %s", hep_fit_isa_name(wanted));
    if (wanted == HEP_ISA_AUTO)
        wanted = hep_fit_isa_supported(HEP_ISA_AVX512) ? HEP_ISA_AVX512
                 : hep_fit_isa_supported(HEP_ISA_AVX2) ? HEP_ISA_AVX2
                                                       : HEP_ISA_BASELINE;
    *out = wanted;
    return HEP_OK;
}

int hep_fit_threads(int requested)
{
    int n = requested > 0 ? requested : omp_get_max_threads();

    return n > 0 ? n : 1;
}
