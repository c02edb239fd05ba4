#include "contrast/t1_vfa.h"

#include "base/number.h"

#include <math.h>
#include <omp.h>

#define LINEAR_ITERATIONS 4
#define MAX_ITERATIONS 50
#define MAX_HALVINGS 20
#define TOLERANCE 1e-9 /* of 1 - E1, which is TR/T1 */
#define FIRST_E1 0.99
#define LOWEST_E1 1e-6
#define HIGHEST_E1 (1 - 1e-7)
/* Actual over nominal flip angle: body coils at 3 T give 0.6 to 1.4; beyond these limits a map holds no B1. */
#define LOWEST_B1 0.2
#define HIGHEST_B1 2.0

struct angles {
    size_t n;
    double sine[HEP_VFA_MAX_ANGLES], cosine[HEP_VFA_MAX_ANGLES];
};

/** Slope of y over x by weighted least squares. */
static double slope(const double *x, const double *y, const double *w, size_t n)
{
    double sw = 0, sx = 0, sxx = 0, sxy = 0;

    for (size_t i = 0; i < n; i++) {
        sw += w[i];
        sx += w[i] * x[i];
    }
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - sx / sw;
        sxx += w[i] * d * d;
        sxy += w[i] * d * y[i];
    }
    return sxy / sxx;
}

/** Start: the linear form, weighted for the E1 of the last round. */
static double linear_start(const double *signal, const struct angles *a)
{
    double x[HEP_VFA_MAX_ANGLES];
    double y[HEP_VFA_MAX_ANGLES];
    double w[HEP_VFA_MAX_ANGLES];
    double e1 = FIRST_E1;

    for (size_t i = 0; i < a->n; i++) {
        y[i] = signal[i] / a->sine[i];
        x[i] = y[i] * a->cosine[i];
    }
    for (int it = 0; it < LINEAR_ITERATIONS; it++) {
        for (size_t i = 0; i < a->n; i++) {
            double z = a->sine[i] / (1 - e1 * a->cosine[i]);
            w[i] = z * z;
        }
        e1 = fmin(fmax(slope(x, y, w, a->n), LOWEST_E1), HIGHEST_E1);
    }
    return e1;
}

/** For an E1: the best M0, the sum of squares, and the Gauss-Newton step of E1 with M0 along. */
struct state {
    double m0, sum, step;
    double information; /* of E1, with M0 free: 1 / its variance in units of the noise's */
};

static struct state evaluate(double e1, const double *signal, const struct angles *a)
{
    double f[HEP_VFA_MAX_ANGLES] = { 0 };
    double ff = 0, fs = 0, gg = 0, fg = 0, rg = 0, det;
    struct state s = { 0, 0, 0, 0 };

    for (size_t i = 0; i < a->n; i++) {
        f[i] = a->sine[i] * (1 - e1) / (1 - a->cosine[i] * e1);
        ff += f[i] * f[i];
        fs += f[i] * signal[i];
    }
    s.m0 = fs / ff;
    for (size_t i = 0; i < a->n; i++) {
        double q = 1 - a->cosine[i] * e1;
        double g = s.m0 * a->sine[i] * (a->cosine[i] - 1) / (q * q); /* dS/dE1 */
        double r = signal[i] - s.m0 * f[i];
        s.sum += r * r;
        gg += g * g;
        fg += f[i] * g;
        rg += r * g;
    }
    det = gg - fg * fg / ff; /* r is orthogonal to f */
    s.step = det > 0 ? rg / det : 0;
    s.information = det;
    return s;
}

/** E1 and M0 of one voxel: Gauss-Newton with halved steps. */
static enum hep_vfa_status fit(double *e1, struct state *out, const double *signal,
                               const struct angles *a)
{
    struct state now;
    double x;

    for (size_t i = 0; i < a->n; i++)
        if (!isfinite(signal[i]) || signal[i] <= 0)
            return HEP_VFA_BAD_INPUT;
    x = linear_start(signal, a);
    now = evaluate(x, signal, a);
    for (int it = 0; it < MAX_ITERATIONS && fabs(now.step) > TOLERANCE * (1 - x); it++) {
        struct state next = now;
        double step = now.step;
        double trial = x;
        for (int half = 0; half < MAX_HALVINGS; half++) {
            trial = fmin(fmax(x + step, LOWEST_E1), HIGHEST_E1);
            next = evaluate(trial, signal, a);
            if (next.sum < now.sum)
                break;
            step *= 0.5;
        }
        if (!(next.sum < now.sum))
            break;
        x = trial;
        now = next;
    }
    if (x <= LOWEST_E1 || x >= HIGHEST_E1)
        return HEP_VFA_OUT_OF_RANGE;
    *e1 = x;
    *out = now;
    return HEP_VFA_OK;
}

static int check(const double *flip_rad, size_t n, double tr_s, double t1_max_s,
                 struct hep_error *err)
{
    if (n < 2 || n > HEP_VFA_MAX_ANGLES)
        return HEP_FAIL(err, HEP_EDATA, "T1 needs 2 to %d flip angles, got %zu", HEP_VFA_MAX_ANGLES,
                        n);
    if (!(tr_s > 0) || !isfinite(tr_s) || !(t1_max_s > 0))
        return HEP_FAIL(err, HEP_EINVAL, "TR %g s and longest T1 %g s must be > 0", tr_s, t1_max_s);
    for (size_t i = 0; i < n; i++) {
        if (!(flip_rad[i] > 0 && flip_rad[i] <= 1.5707963267948968))
            return HEP_FAIL(err, HEP_EINVAL, "flip angle %g rad is not in (0, pi/2]", flip_rad[i]);
        for (size_t k = 0; k < i; k++)
            if (fabs(flip_rad[i] - flip_rad[k]) < 1e-6)
                return HEP_FAIL(err, HEP_EDATA, "flip angle %g rad stands twice", flip_rad[i]);
    }
    return HEP_OK;
}

/* Angles of a voxel; false when B1 there is none. */
static bool scale_angles(struct angles *a, const double *flip_rad, size_t n, double b1)
{
    a->n = n;
    if (!(b1 > LOWEST_B1 && b1 < HIGHEST_B1))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (flip_rad[i] * b1 > HEP_PI / 2)
            return false;
        a->sine[i] = sin(flip_rad[i] * b1);
        a->cosine[i] = cos(flip_rad[i] * b1);
    }
    return true;
}

static void fit_voxel(const struct hep_vfa_maps *maps, const double *signal, const struct angles *a,
                      bool usable, double tr_s, double t1_max_s, size_t v)
{
    struct state s = { 0, 0, 0, 0 };
    double e1 = 0;
    double t1 = (double)NAN;
    double noise = (double)NAN;
    enum hep_vfa_status status = usable ? fit(&e1, &s, signal, a) : HEP_VFA_BAD_INPUT;

    if (status == HEP_VFA_OK)
        t1 = -tr_s / log(e1);
    if (status == HEP_VFA_OK && !(t1 <= t1_max_s))
        status = HEP_VFA_OUT_OF_RANGE;
    if (a->n > 2)
        noise = sqrt(s.sum / (double)(a->n - 2));
    if (maps->t1_s != NULL)
        maps->t1_s[v] = status == HEP_VFA_OK ? (float)t1 : NAN;
    if (maps->m0 != NULL)
        maps->m0[v] = status == HEP_VFA_OK ? (float)s.m0 : NAN;
    if (maps->t1_se_s != NULL) /* dT1/dE1 = T1^2 / (TR E1) */
        maps->t1_se_s[v] = status == HEP_VFA_OK
                               ? (float)(noise / sqrt(s.information) * t1 * t1 / (tr_s * e1))
                               : NAN;
    if (maps->status != NULL)
        maps->status[v] = (uint8_t)status;
}

int hep_t1_vfa(const struct hep_vfa_maps *maps, const float *const *signal, const double *flip_rad,
               size_t n_angles, const float *b1, double tr_s, double t1_max_s, size_t n,
               int nthreads, struct hep_error *err)
{
    struct angles nominal = { .n = 0 };
    int rc = check(flip_rad, n_angles, tr_s, t1_max_s, err);

    if (rc != HEP_OK)
        return rc;
    (void)scale_angles(&nominal, flip_rad, n_angles, 1.0);
#pragma omp parallel for num_threads(nthreads > 0 ? nthreads : 1) schedule(static)
    for (size_t v = 0; v < n; v++) {
        struct angles own = nominal;
        double s[HEP_VFA_MAX_ANGLES];
        bool usable = b1 == NULL || scale_angles(&own, flip_rad, n_angles, (double)b1[v]);

        for (size_t i = 0; i < n_angles; i++)
            s[i] = (double)signal[i][v];
        fit_voxel(maps, s, &own, usable, tr_s, t1_max_s, v);
    }
    return HEP_OK;
}
