/* The method bayes: what it gains, what it costs small lesions, what it learns. */
#include "fitting/diffusion_support.h"

#include "base/sha256.h"

static const double b_body[] = { 0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 400, 600, 800 };
#define N_BODY 13
#define N_LIVER 6000
#define N_LESION 60 /* 10 mm across in voxels of 2 x 2 x 2.2 mm */

struct tissue {
    const char *name;
    double f, d, dstar, log_sd; /* f and D vary by a tenth */
};

/* A liver, then lesions that differ from it in everything. */
static const struct tissue tissues[] = {
    { "liver", 0.22, 1.1e-3, 60e-3, 0.35 },    { "metastasis", 0.10, 1.4e-3, 40e-3, 0.2 },
    { "dense", 0.15, 0.85e-3, 60e-3, 0.2 },    { "cyst", 0.03, 2.7e-3, 30e-3, 0.2 },
    { "slow blood", 0.2, 1.4e-3, 15e-3, 0.2 }, { "fast blood", 0.3, 0.95e-3, 150e-3, 0.2 },
    { "stroma", 0.15, 1.6e-3, 25e-3, 0.2 },
};
#define N_TISSUES 7
#define N_ALL (N_LIVER + (N_TISSUES - 1) * N_LESION)

struct truth {
    double f, d, dstar;
    size_t tissue;
};

static void make(struct rig *r, struct truth *t, int32_t *mask, double snr, const char *stream)
{
    struct hep_rng rng = { 20261120, hep_rng_stream(stream), 0 };

    for (size_t i = 0; i < r->nvox; i++) {
        const struct tissue *k;

        t[i].tissue = i < N_LIVER ? 0 : 1 + (i - N_LIVER) / N_LESION;
        k = &tissues[t[i].tissue];
        t[i].f = k->f * fmax(1.0 + 0.1 * hep_rng_next_normal(&rng), 0.1);
        t[i].d = k->d * (1.0 + 0.1 * hep_rng_next_normal(&rng));
        t[i].dstar = k->dstar * exp(k->log_sd * hep_rng_next_normal(&rng));
        for (size_t b = 0; b < r->nb; b++)
            r->signal[b * r->nvox + i] = (float)rician(
                ivim_signal(r->b[b], 1000.0, t[i].f, t[i].d, t[i].dstar), 1000.0 / snr, &rng);
        mask[i] = 1;
    }
    r->in.mask = mask;
}

struct spread {
    double rmse, bias, n;
};

/* member: 0 f, 1 D, 2 D*, in the order of struct truth */
static struct spread spread_of(const float *map, const struct truth *t, size_t member,
                               size_t tissue)
{
    struct spread s = { 0.0, 0.0, 0.0 };

    for (size_t i = 0; i < N_ALL; i++) {
        double e = (double)map[i] - ((const double *)&t[i])[member];

        if (t[i].tissue != tissue || !isfinite(e))
            continue;
        s.rmse += e * e;
        s.bias += e;
        s.n += 1.0;
    }
    s.rmse = sqrt(s.rmse / s.n);
    s.bias /= s.n;
    return s;
}

/* The liver gains a twentieth in f, a tenth in D and two fifths in D*. No lesion loses, and the
 * bias of none grows by more than its error shrinks. */
static void test_gain(void **state)
{
    static const double part[] = { 0.95, 0.9, 0.6 };
    static struct truth t[N_ALL];
    static int32_t mask[N_ALL];
    struct rig plain, bayes;

    (void)state;
    rig_init(&plain, HEP_DIFFUSION_IVIM, N_ALL, b_body, N_BODY);
    rig_init(&bayes, HEP_DIFFUSION_IVIM, N_ALL, b_body, N_BODY);
    make(&plain, t, mask, 30.0, "gain");
    make(&bayes, t, mask, 30.0, "gain");
    bayes.set.method = HEP_METHOD_BAYES;
    rig_fit(&plain);
    rig_fit(&bayes);
    for (size_t k = 0; k < N_TISSUES; k++) {
        const float *const a[] = { plain.maps.f, plain.maps.d, plain.maps.dstar };
        const float *const b[] = { bayes.maps.f, bayes.maps.d, bayes.maps.dstar };

        for (size_t m = 0; m < 3; m++) {
            struct spread p = spread_of(a[m], t, m, k), q = spread_of(b[m], t, m, k);
            double margin = k == 0 ? 0.0 : 0.2 * p.rmse; /* 60 voxels: SE of a mean 0.13 */

            if (p.n < 0.5 * N_LESION || q.n < 0.5 * N_LESION)
                continue; /* D* of a cyst */
            if (m == 2 && k > 3)
                continue; /* D* itself is drawn to that of the mask where it is far from it */
            if (q.rmse > (k == 0 ? part[m] : 1.05) * p.rmse ||
                fabs(q.bias) - fabs(p.bias) > fmax(p.rmse - q.rmse, 0.0) + margin)
                fail_msg("%s, parameter %zu: RMSE %g, was %g; bias %g, was %g", tissues[k].name, m,
                         q.rmse, p.rmse, q.bias, p.bias);
        }
    }
    rig_release(&plain);
    rig_release(&bayes);
}

/* D* is lognormal with an SD of 1 about 40e-3 mm2/s, cut at the bounds of the fit: the prior is
 * that, and the posterior SDs are the errors that are made. */
static void test_learnt(void **state)
{
    struct hep_rng rng = { 20261120, hep_rng_stream("learnt"), 0 };
    double log_sum = 0.0, log_square = 0.0, in_d = 0.0, in_f = 0.0, n = 6000.0;
    static struct truth t[6000];
    static int32_t mask[6000];
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, 6000, b_body, N_BODY);
    for (size_t i = 0; i < r.nvox; i++) {
        t[i].f = hep_rng_next_range(&rng, 0.2, 0.4);
        t[i].d = hep_rng_next_range(&rng, 0.8e-3, 1.5e-3);
        do
            t[i].dstar = 40e-3 * exp(hep_rng_next_normal(&rng));
        while (t[i].dstar < 6e-3 || t[i].dstar > 250e-3);
        log_sum += log(t[i].dstar);
        log_square += log(t[i].dstar) * log(t[i].dstar);
        for (size_t b = 0; b < r.nb; b++)
            r.signal[b * r.nvox + i] =
                (float)rician(ivim_signal(r.b[b], 1000.0, t[i].f, t[i].d, t[i].dstar), 10.0, &rng);
        mask[i] = 1;
    }
    r.in.mask = mask;
    r.set.method = HEP_METHOD_BAYES;
    r.set.sigma = 10.0;
    rig_fit(&r);
    assert_int_equal(r.report.method, HEP_METHOD_BAYES);
    assert_close(log(r.report.prior_dstar_mm2_per_s), log_sum / n, 0.0, 0.05);
    assert_close(r.report.prior_log_sd, sqrt(log_square / n - pow(log_sum / n, 2.0)), 0.07, 0.0);
    for (size_t i = 0; i < r.nvox; i++) {
        in_d += fabs((double)r.maps.d[i] - t[i].d) < 1.96 * (double)r.maps.d_se[i];
        in_f += fabs((double)r.maps.f[i] - t[i].f) < 1.96 * (double)r.maps.f_se[i];
    }
    assert_close(in_d / n, 0.95, 0.0, 0.02);
    assert_close(in_f / n, 0.95, 0.0, 0.02);
    rig_release(&r);
}

/* Without noise to speak of the prior says nothing. */
static void test_certain(void **state)
{
    static struct truth t[N_ALL];
    static int32_t mask[N_ALL];
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, N_ALL, b_body, N_BODY);
    make(&r, t, mask, 1e6, "certain");
    r.set.method = HEP_METHOD_BAYES;
    rig_fit(&r);
    for (size_t i = 0; i < N_ALL; i += 97) {
        assert_close(r.maps.f[i], t[i].f, 1e-3, 0.0);
        assert_close(r.maps.d[i], t[i].d, 1e-3, 0.0);
        assert_close(r.maps.dstar[i], t[i].dstar, 5e-3, 0.0);
        assert_true((double)r.maps.rmse[i] < 0.01);
    }
    rig_release(&r);
}

/* The same bits for every instruction set and number of threads; the same place by GSL. */
static void test_same(void **state)
{
    static const enum hep_fit_isa isas[] = { HEP_ISA_BASELINE, HEP_ISA_AVX2, HEP_ISA_AVX512 };
    char first[HEP_SHA256_HEX] = "", hex[HEP_SHA256_HEX];
    static struct truth t[N_ALL];
    static int32_t mask[N_ALL];
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, N_ALL, b_body, N_BODY);
    make(&r, t, mask, 20.0, "same");
    r.set.method = HEP_METHOD_BAYES;
    for (size_t i = 0; i < 3; i++) {
        for (int threads = 1; threads <= 2 && hep_fit_isa_supported(isas[i]); threads++) {
            r.set.fit.isa = isas[i];
            r.set.fit.nthreads = threads;
            rig_fit(&r);
            rig_hash(&r, hex);
            if (first[0] == '\0')
                (void)memcpy(first, hex, sizeof first);
            assert_string_equal(hex, first);
        }
    }
    r.set.fit.verify = true;
    rig_fit(&r);
    assert_true(r.report.n_verified > (size_t)(0.99 * N_ALL));
    assert_true((double)r.report.n_agree >= 0.999 * (double)r.report.n_verified);
    rig_release(&r);
}

static void test_refused(void **state)
{
    double many[HEP_DIFFUSION_MAX_B];
    static const int32_t mask[1] = { 1 };
    struct hep_error e = { 0 };
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, 1, b_body, N_BODY);
    r.set.method = HEP_METHOD_BAYES;
#define REFUSED(code, part)                                                                        \
    assert_fails(hep_diffusion_fit(&r.maps, &r.report, &r.in, &r.set, &e), e, code, part)
    REFUSED(HEP_EINVAL, "needs a mask");
    r.in.mask = mask;
    REFUSED(HEP_EDATA, "sigma cannot be estimated for the method bayes");
    r.set.robust = true;
    REFUSED(HEP_EINVAL, "cannot be robust");
    r.set.robust = false;
    r.set.rician = HEP_RICIAN_MEAN;
    REFUSED(HEP_EINVAL, "Rician mean");
    rig_release(&r);

    for (size_t k = 0; k < HEP_DIFFUSION_MAX_B; k++)
        many[k] = 15.0 * (double)k;
    rig_init(&r, HEP_DIFFUSION_IVIM, 1, many, HEP_DIFFUSION_MAX_B);
    r.set.method = HEP_METHOD_BAYES;
    r.in.mask = mask;
    REFUSED(HEP_EDATA, "more than 63");
    rig_release(&r);
}

/* Every allocation may fail: an error, no leak. */
static void test_no_memory(void **state)
{
    static struct truth t[N_ALL];
    static int32_t mask[N_ALL];
    struct hep_error e = { 0 };
    int rc = HEP_ENOMEM;
    struct rig r;

    (void)state;
    rig_init(&r, HEP_DIFFUSION_IVIM, N_ALL, b_body, N_BODY);
    make(&r, t, mask, 30.0, "memory");
    r.set.method = HEP_METHOD_BAYES;
    r.set.fit.nthreads = 1;
    for (long n = 1; rc == HEP_ENOMEM && n < 100; n++) {
        hep_alloc_fail_at(n);
        rc = hep_diffusion_fit(&r.maps, &r.report, &r.in, &r.set, &e);
        hep_alloc_fail_at(0);
    }
    assert_int_equal(rc, HEP_OK);
    rig_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gain),    cmocka_unit_test(test_learnt),
        cmocka_unit_test(test_certain), cmocka_unit_test(test_same),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
