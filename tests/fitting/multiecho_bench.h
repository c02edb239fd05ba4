/* Echoes of many voxels, made from the signal equation, and room for their maps. */
#ifndef HEP_TESTS_MULTIECHO_BENCH_H
#define HEP_TESTS_MULTIECHO_BENCH_H

#include "fitting/multiecho.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "fitting/fatwater_model.h"
#include "fitting/precision.h"
#include "sequences/signal.h"
#include "support/support.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { ne = 6, n_max = 8192 };

struct bench {
    float signal[ne][n_max];
    const float *echo[ne];
    double te_s[ne];
    struct hep_fat_spectrum spectrum;
    struct hep_multiecho_data data;
    float pdff[n_max], r2star[n_max], water[n_max], fat[n_max], pdff_se[n_max], r2star_se[n_max],
        rmse[n_max];
    uint8_t status[n_max], ambiguous[n_max];
    struct hep_multiecho_maps maps;
};

static inline struct bench *bench_new(double b0_t, double first_ms, double spacing_ms, size_t n)
{
    struct bench *b = calloc(1, sizeof *b);
    struct hep_error e = { 0 };

    assert_non_null(b);
    assert_ok(hep_fat_spectrum_get(&b->spectrum, HEP_FAT_SPECTRUM_DEFAULT, &e), e);
    for (size_t k = 0; k < ne; k++) {
        b->te_s[k] = 1e-3 * (first_ms + spacing_ms * (double)k);
        b->echo[k] = b->signal[k];
    }
    b->data = (struct hep_multiecho_data){ b->echo, b->te_s, ne, n, b0_t, &b->spectrum };
    b->maps =
        (struct hep_multiecho_maps){ b->pdff,      b->r2star, b->water,  b->fat,      b->pdff_se,
                                     b->r2star_se, b->rmse,   b->status, b->ambiguous };
    return b;
}

/* Voxel i; sigma > 0 adds Rician noise. */
static inline void bench_set(struct bench *b, size_t i, double pdff, double r2star_per_s,
                             double sigma, struct hep_rng *rng)
{
    const struct hep_fat_water v = { .water = 1000.0 * (1.0 - pdff),
                                     .fat = 1000.0 * pdff,
                                     .r2star_per_s = r2star_per_s };

    for (size_t k = 0; k < ne; k++) {
        double s[2], m;

        hep_signal_fat_water(s, &v, &b->spectrum, b->data.b0_t, b->te_s[k]);
        m = hypot(s[0], s[1]);
        if (sigma > 0.0)
            m = hypot(m + sigma * hep_rng_next_normal(rng), sigma * hep_rng_next_normal(rng));
        b->signal[k][i] = (float)m;
    }
}

static inline struct hep_multiecho_options solver(enum hep_fit_solver which)
{
    struct hep_multiecho_options opt = hep_multiecho_defaults();

    opt.fit.solver = which;
    opt.fit.nthreads = 2;
    opt.noise = HEP_MULTIECHO_NOISE_IGNORE;
    opt.se_max_frac = 0.0; /* both valleys are looked at */
    return opt;
}

#endif
