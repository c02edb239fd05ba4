#include "contrast/t1_vfa.h"

#include <math.h>
#include <omp.h>

#define MAX_ITERATIONS 50
#define TOLERANCE 1e-10 /* of E1 */

struct angles {
    size_t n;
    double sine[HEP_VFA_MAX_ANGLES], cosine[HEP_VFA_MAX_ANGLES];
};

/** Slope and intercept of y = e1 x + c by weighted least squares. */
static void line(double *slope, double *intercept, const double *x, const double *y,
                 const double *w, size_t n)
{
    double sw = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;

    for (size_t i = 0; i < n; i++) {
        sw += w[i];
        sx += w[i] * x[i];
        sy += w[i] * y[i];
    }
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - sx / sw;
        sxx += w[i] * d * d;
        sxy += w[i] * d * y[i];
    }
    *slope = sxy / sxx;
    *intercept = (sy - *slope * sx) / sw;
}

/** E1 and M0 of one voxel. */
static enum hep_vfa_status fit(double *e1, double *m0, const double *signal, const struct angles *a)
{
    double x[HEP_VFA_MAX_ANGLES];
    double y[HEP_VFA_MAX_ANGLES];
    double w[HEP_VFA_MAX_ANGLES];
    double slope = 0, intercept = 0, last = -1;

    for (size_t i = 0; i < a->n; i++) {
        if (!isfinite(signal[i]) || signal[i] <= 0)
            return HEP_VFA_BAD_INPUT;
        y[i] = signal[i] / a->sine[i];
        x[i] = y[i] * a->cosine[i];
        w[i] = a->sine[i] * a->sine[i];
    }
    for (int it = 0; it < MAX_ITERATIONS && !(fabs(slope - last) < TOLERANCE); it++) {
        last = slope;
        line(&slope, &intercept, x, y, w, a->n);
        if (!(slope > 0 && slope < 1))
            return HEP_VFA_OUT_OF_RANGE;
        for (size_t i = 0; i < a->n; i++) {
            double z = a->sine[i] / (1 - slope * a->cosine[i]);
            w[i] = z * z;
        }
    }
    *e1 = slope;
    *m0 = intercept / (1 - slope);
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

int hep_t1_vfa(float *t1_s, float *m0, uint8_t *status, const float *const *signal,
               const double *flip_rad, size_t n_angles, double tr_s, double t1_max_s, size_t n,
               int nthreads, struct hep_error *err)
{
    struct angles a = { .n = n_angles };
    int rc = check(flip_rad, n_angles, tr_s, t1_max_s, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n_angles; i++) {
        a.sine[i] = sin(flip_rad[i]);
        a.cosine[i] = cos(flip_rad[i]);
    }
#pragma omp parallel for num_threads(nthreads > 0 ? nthreads : 1) schedule(static)
    for (size_t v = 0; v < n; v++) {
        double s[HEP_VFA_MAX_ANGLES];
        double e1 = 0, pd = 0, t1 = (double)NAN;
        enum hep_vfa_status st;
        for (size_t i = 0; i < n_angles; i++)
            s[i] = (double)signal[i][v];
        st = fit(&e1, &pd, s, &a);
        if (st == HEP_VFA_OK)
            t1 = -tr_s / log(e1);
        if (st == HEP_VFA_OK && !(t1 <= t1_max_s))
            st = HEP_VFA_OUT_OF_RANGE;
        t1_s[v] = st == HEP_VFA_OK ? (float)t1 : NAN;
        if (m0)
            m0[v] = st == HEP_VFA_OK ? (float)pd : NAN;
        if (status)
            status[v] = (uint8_t)st;
    }
    return HEP_OK;
}
