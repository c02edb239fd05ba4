/* Echoes that do not follow each other: scaled, exchanged. */
#include "fitting/multiecho_bench.h"

enum { n_voxels = 512 };

/* Fractions and rates of a body: lean, fatty, iron, under the skin. */
static struct bench *body(double sigma)
{
    static const double pdff[] = { 0.0, 0.03, 0.3, 0.9 }, rate[] = { 30.0, 50.0, 90.0, 40.0 };
    struct bench *b = bench_new(3.0, 1.15, 1.1, n_voxels);
    struct hep_rng rng = { 11, hep_rng_stream("misfit"), 0 };

    for (size_t i = 0; i < n_voxels; i++)
        bench_set(b, i, pdff[i % 4], rate[i % 4], sigma, &rng);
    return b;
}

static struct hep_echo_misfit misfit_of(struct bench *b)
{
    struct hep_multiecho_options opt = hep_multiecho_defaults();
    struct hep_multiecho_summary sum = { 0 };
    struct hep_error e = { 0 };

    opt.fit.nthreads = 2;
    assert_ok(hep_multiecho_map(&b->maps, &sum, &b->data, NULL, &opt, &e), e);
    return sum.misfit;
}

struct damage {
    const char *name;
    size_t echo;   /* that is damaged */
    double scale;  /* of it; 0: exchanged */
    size_t source; /* with which */
};
static const struct damage damages[] = {
    { "first scaled by 1.2", 0, 1.2, 0 },   { "second scaled by 1.3", 1, 1.3, 0 },
    { "last scaled by 2.7", 5, 2.7, 0 },    { "second and third exchanged", 1, 0.0, 2 },
    { "two opposed exchanged", 0, 0.0, 2 },
};

static void test_damage(void **state)
{
    const struct damage *d = *state;
    struct bench *b = body(0.0);
    char reason[HEP_ECHO_MISFIT_REASON];
    struct hep_echo_misfit misfit = misfit_of(b);

    assert_true(fabs(misfit.share) < 1e-3);
    assert_false(hep_multiecho_contradicts(reason, &misfit, 0.04));
    for (size_t i = 0; i < n_voxels; i++) {
        const float was = b->signal[d->echo][i];

        if (d->scale > 0.0) {
            b->signal[d->echo][i] *= (float)d->scale;
        } else {
            b->signal[d->echo][i] = b->signal[d->source][i];
            b->signal[d->source][i] = was;
        }
    }
    misfit = misfit_of(b);
    assert_true(hep_multiecho_contradicts(reason, &misfit, 0.04));
    free(b);
}

/* R2* alone of echoes in which fat beats: the model lacks the fat, and nothing is said of the echoes. */
static void test_beating(void **state)
{
    struct bench *b = body(0.0);
    struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
    struct hep_multiecho_summary sum = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    opt.no_fat = true;
    assert_ok(hep_multiecho_map(&b->maps, &sum, &b->data, NULL, &opt, &e), e);
    assert_true(isnan(sum.misfit.share));
    free(b);
}

/* Noise of 30 of 1000 moves a median of some hundred voxels by less than a hundredth. */
static void test_noise(void **state)
{
    struct bench *b = body(30.0);
    const struct hep_echo_misfit misfit = misfit_of(b);

    (void)state;
    assert_true(fabs(misfit.share) < 0.01);
    free(b);
}

/*
 * By hand: three echoes of equal spacing and signals 1, 1 + d, 1. By symmetry the decay that fits best is
 * none, its amplitude is their mean, 1 + d/3, and the middle one lies 2d/3 above it: with d = 0.3 0.2 of
 * the largest signal, 1.3.
 */
static void test_by_hand(void **state)
{
    struct bench *b = bench_new(3.0, 2.3, 2.3, n_voxels);
    struct hep_multiecho_options opt = solver(HEP_SOLVER_BATCHED);
    struct hep_echo_misfit misfit;
    struct hep_error e = { 0 };
    char reason[HEP_ECHO_MISFIT_REASON];

    (void)state;
    opt.no_fat = true;
    b->data.n_echoes = 3;
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < n_voxels; i++)
            b->signal[k][i] = k == 1 ? 1300.0F : 1000.0F;
    assert_ok(hep_multiecho_misfit(&misfit, &b->data, NULL, &opt, &e), e);
    assert_close(misfit.share, 0.2 / 1.3, 0.0, 1e-4);
    assert_close(misfit.te_s, 4.6e-3, 1e-12, 0.0);
    assert_true(hep_multiecho_contradicts(reason, &misfit, 0.04));
    assert_non_null(strstr(reason, "the echo at 4.60 ms lies 15.4 % above"));
    /* As many unknowns as echoes say nothing of each other. */
    opt.no_fat = false;
    assert_ok(hep_multiecho_misfit(&misfit, &b->data, NULL, &opt, &e), e);
    assert_true(isnan(misfit.share));
    assert_false(hep_multiecho_contradicts(reason, &misfit, 0.04));
    free(b);
}

int main(void)
{
    struct CMUnitTest tests[COUNT(damages) + 3];
    size_t k = 0;

    for (; k < COUNT(damages); k++)
        tests[k] = (struct CMUnitTest){ .name = damages[k].name,
                                        .test_func = test_damage,
                                        .initial_state = (void *)(uintptr_t)&damages[k] };
    tests[k++] = (struct CMUnitTest)cmocka_unit_test(test_beating);
    tests[k++] = (struct CMUnitTest)cmocka_unit_test(test_noise);
    tests[k] = (struct CMUnitTest)cmocka_unit_test(test_by_hand);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
