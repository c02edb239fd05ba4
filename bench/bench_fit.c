/*
 * One diffusion fit of a raw data set, timed without file I/O, with its errors against the truth.
 *
 * usage: bench_fit SET adc|mono|ivim|kurtosis [key=value ...]
 *   keys: method, solver, isa, threads, repeat, b_min, f_max, sigma, robust, verify, rician,
 *         clock=cpu|wall, scaling=ROUNDS, voxels=N
 *
 * SET.f32, SET_truth.f32 and SET.bval come from make_data.py. One line of TSV on standard output:
 * voxels/s (best of the repeats), then for each parameter name, RMSE, median absolute error and
 * bias, then counts per status and fallbacks.
 *
 * With scaling: the first N voxels on one thread and on two, and a loop that only computes
 * likewise, in turns with pauses. The shortest wall times count, because a busy machine leaves
 * windows of some milliseconds: voxels/s of one and two threads, their ratio, and the ratio of the
 * loop, which is what the machine can give.
 */
#include "fitting/diffusion.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct bench {
    float *signal, *truth;
    double b[HEP_DIFFUSION_MAX_VOLUMES];
    size_t nb, nvox;
    struct hep_diffusion_settings set;
    int repeat, scaling;
    size_t voxels;
    bool wall;     /* otherwise processor time */
    float *map[8]; /* s0, f, d, dstar, k, status, d_se, f_se */
    int32_t *mask; /* everything */
};

static int read_set(struct bench *t, const char *name, struct hep_error *err)
{
    char *path = NULL, *data = NULL, *text = NULL;
    size_t n;
    int rc = HEP_OK;

    path = hep_asprintf(NULL, "%s.bval", name);
    rc = hep_file_read(&text, &n, path, 1u << 20, err);
    free(path);
    if (rc != HEP_OK)
        return rc;
    for (char *end, *at = text; t->nb < HEP_DIFFUSION_MAX_VOLUMES; at = end) {
        double b = strtod(at, &end);

        if (end == at)
            break;
        t->b[t->nb++] = b;
    }
    free(text);
    path = hep_asprintf(NULL, "%s.f32", name);
    rc = hep_file_read(&data, &n, path, (size_t)1 << 34, err);
    free(path);
    if (rc != HEP_OK)
        return rc;
    t->signal = (float *)(void *)data;
    t->nvox = n / sizeof(float) / t->nb;
    path = hep_asprintf(NULL, "%s_truth.f32", name);
    rc = hep_file_read(&data, &n, path, (size_t)1 << 34, err);
    free(path);
    t->truth = (float *)(void *)data;
    return rc;
}

static int apply(struct bench *t, const char *arg, struct hep_error *err)
{
    const char *value = strchr(arg, '=');

    if (value == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "'%s' is not key=value", arg);
    value++;
    if (hep_starts_with(arg, "method="))
        return hep_diffusion_method_parse(&t->set.method, value, err);
    if (hep_starts_with(arg, "rician="))
        return hep_diffusion_rician_parse(&t->set.rician, value, err);
    if (hep_starts_with(arg, "solver="))
        return hep_fit_solver_parse(&t->set.fit.solver, value, err);
    if (hep_starts_with(arg, "isa="))
        return hep_fit_isa_parse(&t->set.fit.isa, value, err);
    if (hep_starts_with(arg, "threads="))
        t->set.fit.nthreads = (int)strtol(value, NULL, 10);
    else if (hep_starts_with(arg, "repeat="))
        t->repeat = (int)strtol(value, NULL, 10);
    else if (hep_starts_with(arg, "scaling="))
        t->scaling = (int)strtol(value, NULL, 10);
    else if (hep_starts_with(arg, "voxels="))
        t->voxels = (size_t)strtoul(value, NULL, 10);
    else if (hep_starts_with(arg, "b_min="))
        t->set.b_min_s_per_mm2 = strtod(value, NULL);
    else if (hep_starts_with(arg, "f_max="))
        t->set.bounds.f_max = strtod(value, NULL);
    else if (hep_starts_with(arg, "sigma="))
        t->set.sigma = strtod(value, NULL);
    else if (hep_starts_with(arg, "robust="))
        t->set.robust = value[0] == '1';
    else if (hep_starts_with(arg, "clock="))
        t->wall = strcmp(value, "wall") == 0;
    else if (hep_starts_with(arg, "verify="))
        t->set.fit.verify = value[0] == '1';
    else
        return HEP_FAIL(err, HEP_EUSAGE, "unknown key '%s'", arg);
    return HEP_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Over the voxels where the map has a value. */
static void print_errors(const char *name, const float *map, const float *truth, double *work,
                         size_t nvox)
{
    double sum = 0.0, square = 0.0;
    size_t n = 0;

    for (size_t i = 0; i < nvox; i++) {
        double e = (double)map[i] - (double)truth[i];

        if (!isfinite(e))
            continue;
        sum += e;
        square += e * e;
        work[n++] = fabs(e);
    }
    if (n == 0)
        return;
    qsort(work, n, sizeof *work, by_value);
    printf("\t%s\t%.4g\t%.4g\t%.4g\t%zu", name, sqrt(square / (double)n), work[n / 2],
           sum / (double)n, n);
}

static double seconds(bool wall)
{
    struct timespec t;

    (void)clock_gettime(wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int run(struct bench *t, struct hep_error *err)
{
    struct hep_diffusion_input in = { .signal = t->signal,
                                      .nvox = t->nvox,
                                      .nb = t->nb,
                                      .b_s_per_mm2 = t->b,
                                      .mask = t->set.method == HEP_METHOD_BAYES ? t->mask : NULL };
    struct hep_diffusion_maps maps = { .s0 = t->map[0],
                                       .f = t->map[1],
                                       .d = t->map[2],
                                       .dstar = t->map[3],
                                       .k = t->map[4],
                                       .status = t->map[5] };
    struct hep_diffusion_report report = { 0 };
    double best = HUGE_VAL;
    double *work;
    size_t n = t->nvox;

    for (int i = 0; i < t->repeat; i++) {
        double start = seconds(t->wall);
        int rc = hep_diffusion_fit(&maps, &report, &in, &t->set, err);

        if (rc != HEP_OK)
            return rc;
        best = fmin(best, seconds(t->wall) - start);
    }
    work = hep_calloc(n, sizeof *work, NULL);
    if (work == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory");
    printf("%.4g", (double)n / best);
    if (report.model == HEP_DIFFUSION_IVIM) {
        print_errors("f", maps.f, t->truth + n, work, n);
        print_errors("D", maps.d, t->truth + 2 * n, work, n);
        print_errors("Dstar", maps.dstar, t->truth + 3 * n, work, n);
    } else {
        print_errors("D", maps.d, t->truth + n, work, n);
        if (report.model == HEP_DIFFUSION_KURTOSIS)
            print_errors("K", maps.k, t->truth + 2 * n, work, n);
    }
    for (int s = 1; s < HEP_FIT_STATUS_COUNT; s++)
        printf("\t%s=%zu", hep_fit_status_name((enum hep_fit_status)s), report.counts.n[s]);
    printf("\tfallback=%zu\tisa=%s\tsigma=%.4g", report.n_gsl_fallback,
           hep_fit_isa_name(report.isa), report.sigma);
    if (t->set.fit.verify)
        printf("\tverified=%zu\tagree=%zu\tworst=%.3g", report.n_verified, report.n_agree,
               report.worst_disagreement_se);
    printf("\n");
    free(work);
    return HEP_OK;
}

/* Registers only. */
static double compute(void)
{
    double a[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, sum = 0.0;

    for (int i = 0; i < 500000; i++) {
        for (int k = 0; k < 8; k++)
            a[k] = a[k] * 0.999999 + 1e-9;
    }
    for (int k = 0; k < 8; k++)
        sum += a[k];
    return sum;
}

static double time_loop(int threads)
{
    double start = seconds(true), sum = 0.0;

#pragma omp parallel for num_threads(threads) schedule(static, 1) reduction(+ : sum)
    for (int i = 0; i < threads; i++)
        sum += compute();
    return sum > 0.0 ? seconds(true) - start : 0.0;
}

static int time_fit(double *out, struct bench *t, int threads, struct hep_error *err)
{
    struct hep_diffusion_input in = {
        .signal = t->signal, .nvox = t->nvox, .nb = t->nb, .b_s_per_mm2 = t->b, .mask = t->mask
    };
    struct hep_diffusion_maps maps = {
        .s0 = t->map[0], .f = t->map[1], .d = t->map[2], .dstar = t->map[3], .status = t->map[5]
    };
    double start = seconds(true);
    int rc;

    t->set.fit.nthreads = threads;
    rc = hep_diffusion_fit(&maps, NULL, &in, &t->set, err);
    *out = seconds(true) - start;
    return rc;
}

static int run_scaling(struct bench *t, struct hep_error *err)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    double fit[2] = { HUGE_VAL, HUGE_VAL }, loop[2] = { HUGE_VAL, HUGE_VAL }, spent = 0.0, n = 0.0;

    for (size_t i = 0; i < t->nvox; i++) {
        t->mask[i] = t->voxels == 0 || i < t->voxels;
        n += t->mask[i];
    }
    for (int round = 0; round < t->scaling; round++) {
        for (int threads = 1; threads <= 2; threads++) {
            int rc = time_fit(&spent, t, threads, err);

            if (rc != HEP_OK)
                return rc;
            fit[threads - 1] = fmin(fit[threads - 1], spent);
            (void)nanosleep(&pause, NULL);
            loop[threads - 1] = fmin(loop[threads - 1], time_loop(threads));
            (void)nanosleep(&pause, NULL);
        }
    }
    printf("%.4g\t%.4g\t%.3f\t%.3f\n", n / fit[0], n / fit[1], fit[0] / fit[1],
           2.0 * loop[0] / loop[1]);
    return HEP_OK;
}

int main(int argc, char **argv)
{
    static const char *const models[] = { "adc", "mono", "ivim", "kurtosis" };
    static struct bench t;
    struct hep_error err = { 0 };
    unsigned model = 0;
    int rc = HEP_OK;

    while (argc >= 3 && model < 4 && strcmp(argv[2], models[model]) != 0)
        model++;
    if (argc < 3 || model == 4) {
        (void)fprintf(stderr, "usage: bench_fit SET adc|mono|ivim|kurtosis [key=value ...]\n");
        return 64;
    }
    hep_diffusion_settings_init(&t.set, (enum hep_diffusion_model)model);
    t.set.fit.nthreads = 1;
    t.repeat = 1;
    for (int i = 3; rc == HEP_OK && i < argc; i++)
        rc = apply(&t, argv[i], &err);
    if (rc == HEP_OK)
        rc = read_set(&t, argv[1], &err);
    for (size_t i = 0; rc == HEP_OK && i < 8; i++) {
        t.map[i] = hep_calloc(t.nvox, sizeof(float), NULL);
        if (t.map[i] == NULL)
            rc = HEP_FAIL(&err, HEP_ENOMEM, "no memory for %zu voxels", t.nvox);
    }
    if (rc == HEP_OK) {
        t.mask = hep_calloc(t.nvox, sizeof *t.mask, NULL);
        if (t.mask == NULL)
            rc = HEP_FAIL(&err, HEP_ENOMEM, "no memory for %zu voxels", t.nvox);
    }
    for (size_t i = 0; rc == HEP_OK && i < t.nvox; i++)
        t.mask[i] = 1;
    if (rc == HEP_OK)
        rc = t.scaling > 0 ? run_scaling(&t, &err) : run(&t, &err);
    free(t.mask);
    for (size_t i = 0; i < 8; i++)
        free(t.map[i]);
    free(t.signal);
    free(t.truth);
    if (rc != HEP_OK)
        (void)fprintf(stderr, "bench_fit: %s\n", err.msg);
    return rc == HEP_OK ? 0 : 1;
}
