/**
 * @file  fitting/diffusion_support.h
 * @brief Volumes of simulated diffusion signals and maps to fit them into.
 */
#ifndef HEP_TESTS_FITTING_DIFFUSION_SUPPORT_H
#define HEP_TESTS_FITTING_DIFFUSION_SUPPORT_H

#include "fitting/diffusion.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "support/support.h"

#include <math.h>

#define N_MAPS 14

/** A volume, its settings and its maps; map[] in the order of struct hep_diffusion_maps. */
struct rig {
    float *signal;
    size_t nvox, nb;
    double b[64];
    struct hep_diffusion_input in;
    struct hep_diffusion_settings set;
    float *map[N_MAPS];
    struct hep_diffusion_maps maps;
    struct hep_diffusion_report report;
};

static inline void rig_init(struct rig *r, enum hep_diffusion_model model, size_t nvox,
                            const double *b, size_t nb)
{
    *r = (struct rig){ .nvox = nvox, .nb = nb };
    r->signal = calloc(nvox * nb, sizeof(float));
    assert_non_null(r->signal);
    for (size_t k = 0; k < nb; k++)
        r->b[k] = b[k];
    for (size_t m = 0; m < N_MAPS; m++) {
        r->map[m] = calloc(nvox, sizeof(float));
        assert_non_null(r->map[m]);
    }
    r->maps = (struct hep_diffusion_maps){ r->map[0],  r->map[1],  r->map[2],  r->map[3], r->map[4],
                                           r->map[5],  r->map[6],  r->map[7],  r->map[8], r->map[9],
                                           r->map[10], r->map[11], r->map[12], r->map[13] };
    r->in = (struct hep_diffusion_input){ r->signal, nvox, nb, r->b, NULL };
    hep_diffusion_settings_init(&r->set, model);
    r->set.fit.nthreads = 2;
}

static inline void rig_release(struct rig *r)
{
    free(r->signal);
    for (size_t m = 0; m < N_MAPS; m++)
        free(r->map[m]);
}

/* Of every map. */
static inline void rig_hash(const struct rig *r, char hex[HEP_SHA256_HEX])
{
    struct hep_error e = { 0 };
    struct hep_sha256 *h = NULL;

    assert_ok(hep_sha256_new(&h, &e), e);
    for (size_t m = 0; m < N_MAPS; m++)
        assert_ok(hep_sha256_add(h, r->map[m], r->nvox * sizeof(float), &e), e);
    assert_ok(hep_sha256_end(h, hex, &e), e);
    hep_sha256_free(h);
}

static inline void rig_fit(struct rig *r)
{
    struct hep_error e = { 0 };

    assert_ok(hep_diffusion_fit(&r->maps, &r->report, &r->in, &r->set, &e), e);
}

/** Equations of diffusion.h, written out again. */
static inline double ivim_signal(double b, double s0, double f, double d, double dstar)
{
    return s0 * ((1.0 - f) * exp(-b * d) + f * exp(-b * dstar));
}

static inline double kurtosis_signal(double b, double s0, double d, double k)
{
    return s0 * exp(-b * d + b * b * d * d * k / 6.0);
}

/** Magnitude of a complex signal with noise of SD sigma in each part. */
static inline double rician(double signal, double sigma, struct hep_rng *rng)
{
    double re = signal + sigma * hep_rng_next_normal(rng);

    return hypot(re, sigma * hep_rng_next_normal(rng));
}

#endif
