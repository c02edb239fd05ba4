#include "fitting/diffusion.h"

#include <math.h>

#define SAME_B 0.5 /* s/mm2 */
/* Normal liver, configs/tissues.yml (Li et al., QIMS 2017;7:59). A lowest b-value at which it has
 * lost less than LOSS of its signal to perfusion is practically 0; one at which half of the
 * perfusion signal is left lets the model find S0. */
#define LIVER_F 0.22
#define LIVER_DSTAR 0.060 /* mm2/s */
#define LOSS 0.02
#define KURTOSIS_NEEDS                                                                             \
    1500.0 /* s/mm2, Jensen & Helpern, NMR Biomed 2010;23:698: b of 2000 usual                     \
            */

static const char *const model_names[] = { "adc", "mono", "ivim", "kurtosis" };
static const char *const method_names[] = {
    "default", "ols", "wls", "iwls", "nlls", "segmented", "segmented-fixed-d", "sivim", "bayes"
};
static const char *const rician_names[] = { "none", "corrected", "mean" };
#define N_OF(a) (sizeof(a) / sizeof(a)[0])

/* Bit (1 << method) for each model; the first in the enumeration that is not DEFAULT is not
 * special. */
#define BIT(m) (1u << (m))
static const struct {
    enum hep_diffusion_method preset;
    unsigned allowed;
    size_t n_param;
} model_rules[] = {
    [HEP_DIFFUSION_ADC] = { HEP_METHOD_IWLS,
                            BIT(HEP_METHOD_OLS) | BIT(HEP_METHOD_WLS) | BIT(HEP_METHOD_IWLS), 2 },
    [HEP_DIFFUSION_MONO] = { HEP_METHOD_NLLS, BIT(HEP_METHOD_NLLS), 2 },
    [HEP_DIFFUSION_IVIM] = { HEP_METHOD_NLLS,
                             BIT(HEP_METHOD_NLLS) | BIT(HEP_METHOD_SEGMENTED) |
                                 BIT(HEP_METHOD_SEGMENTED_FIXED_D) | BIT(HEP_METHOD_SIVIM) |
                                 BIT(HEP_METHOD_BAYES),
                             4 },
    [HEP_DIFFUSION_KURTOSIS] = { HEP_METHOD_NLLS, BIT(HEP_METHOD_WLS) | BIT(HEP_METHOD_NLLS), 3 },
};

const char *hep_diffusion_model_name(enum hep_diffusion_model model)
{
    return (unsigned)model < N_OF(model_names) ? model_names[model] : "?";
}

const char *hep_diffusion_method_name(enum hep_diffusion_method method)
{
    return (unsigned)method < N_OF(method_names) ? method_names[method] : "?";
}

const char *hep_diffusion_rician_name(enum hep_diffusion_rician rician)
{
    return (unsigned)rician < N_OF(rician_names) ? rician_names[rician] : "?";
}

int hep_diffusion_method_parse(enum hep_diffusion_method *out, const char *text,
                               struct hep_error *err)
{
    for (unsigned i = 0; i < N_OF(method_names); i++) {
        if (strcmp(text, method_names[i]) == 0) {
            *out = (enum hep_diffusion_method)i;
            return HEP_OK;
        }
    }
    return HEP_FAIL(err, HEP_EINVAL,
                    "unknown method '%s': default, ols, wls, iwls, nlls, segmented, "
                    "segmented-fixed-d, sivim or bayes",
                    text);
}

int hep_diffusion_rician_parse(enum hep_diffusion_rician *out, const char *text,
                               struct hep_error *err)
{
    for (unsigned i = 0; i < N_OF(rician_names); i++) {
        if (strcmp(text, rician_names[i]) == 0) {
            *out = (enum hep_diffusion_rician)i;
            return HEP_OK;
        }
    }
    return HEP_FAIL(err, HEP_EINVAL, "unknown Rician mode '%s': none, corrected or mean", text);
}

void hep_diffusion_settings_init(struct hep_diffusion_settings *s, enum hep_diffusion_model model)
{
    *s = (struct hep_diffusion_settings){
        .model = model,
        .bounds = { 0.1e-3, 4e-3, 0.0, 0.8, 5e-3, 300e-3, 0.0, 3.0 },
        .b_min_s_per_mm2 = model == HEP_DIFFUSION_ADC ? 50.0 : 0.0,
        .b_max_s_per_mm2 = 1e5,
        .b_split_s_per_mm2 = 200.0,
    };
}

static bool box_ok(double lo, double hi)
{
    return isfinite(lo) && isfinite(hi) && lo >= 0.0 && lo < hi;
}

static int check_bounds(const struct hep_diffusion_bounds *b, struct hep_error *err)
{
    if (!box_ok(b->d_min, b->d_max))
        return HEP_FAIL(err, HEP_ECONFIG, "bounds of D %g to %g mm2/s are empty or not finite",
                        b->d_min, b->d_max);
    if (!box_ok(b->f_min, b->f_max) || b->f_max > 1.0)
        return HEP_FAIL(err, HEP_ECONFIG, "bounds of f %g to %g are not within 0 to 1", b->f_min,
                        b->f_max);
    if (!box_ok(b->dstar_min, b->dstar_max))
        return HEP_FAIL(err, HEP_ECONFIG, "bounds of D* %g to %g mm2/s are empty or not finite",
                        b->dstar_min, b->dstar_max);
    if (b->d_max >= b->dstar_min)
        return HEP_FAIL(err, HEP_ECONFIG,
                        "the upper bound of D, %g mm2/s, must be below the lower bound of D*, %g",
                        b->d_max, b->dstar_min);
    if (!box_ok(b->k_min, b->k_max))
        return HEP_FAIL(err, HEP_ECONFIG, "bounds of K %g to %g are empty or not finite", b->k_min,
                        b->k_max);
    return HEP_OK;
}

static int no_such_method(const struct hep_diffusion_settings *s, struct hep_error *err)
{
    char known[128] = "";
    size_t n = 0;

    for (unsigned i = 0; i < N_OF(method_names) && n < sizeof known; i++)
        if (model_rules[s->model].allowed & BIT(i))
            n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n > 0 ? ", " : "",
                                  method_names[i]);
    return HEP_FAIL(err, HEP_EINVAL, "the model %s has no method %s, but %s", model_names[s->model],
                    method_names[s->method], known);
}

static int check_settings(const struct hep_diffusion_settings *s, struct hep_error *err)
{
    if ((unsigned)s->model >= N_OF(model_rules) || (unsigned)s->method >= N_OF(method_names) ||
        (unsigned)s->rician >= N_OF(rician_names))
        return HEP_FAIL(err, HEP_EINVAL, "unknown model, method or Rician mode");
    if (s->method != HEP_METHOD_DEFAULT && !(model_rules[s->model].allowed & BIT(s->method)))
        return no_such_method(s, err);
    if (s->rician == HEP_RICIAN_MEAN &&
        (s->model == HEP_DIFFUSION_ADC || s->method == HEP_METHOD_WLS ||
         s->method == HEP_METHOD_SEGMENTED || s->method == HEP_METHOD_SEGMENTED_FIXED_D))
        return HEP_FAIL(err, HEP_EINVAL,
                        "the Rician mode mean needs non-linear least squares, not %s",
                        s->model == HEP_DIFFUSION_ADC ? "adc (use mono)" : method_names[s->method]);
    if (s->method == HEP_METHOD_BAYES && (s->robust || s->rician == HEP_RICIAN_MEAN))
        return HEP_FAIL(err, HEP_EINVAL, "the method bayes cannot be %s",
                        s->robust ? "robust" : "fitted to the Rician mean");
    if (s->robust && (s->fixed_s0 || s->method == HEP_METHOD_SEGMENTED ||
                      s->method == HEP_METHOD_SEGMENTED_FIXED_D))
        return HEP_FAIL(err, HEP_EINVAL, "a robust fit cannot have %s",
                        s->fixed_s0 ? "a fixed S0" : "a segmented method");
    if (s->fixed_s0 && s->model == HEP_DIFFUSION_KURTOSIS && s->method == HEP_METHOD_WLS)
        return HEP_FAIL(err, HEP_EINVAL, "a fixed S0 needs the method nlls, not wls");
    if (!isfinite(s->sigma) || s->sigma < 0.0)
        return HEP_FAIL(err, HEP_ECONFIG, "sigma %g must be 0 (estimated) or positive", s->sigma);
    if (!(s->b_min_s_per_mm2 <= s->b_max_s_per_mm2) || !(s->b_split_s_per_mm2 > 0.0))
        return HEP_FAIL(err, HEP_ECONFIG,
                        "b subset %g to %g s/mm2 or split %g s/mm2 makes no sense",
                        s->b_min_s_per_mm2, s->b_max_s_per_mm2, s->b_split_s_per_mm2);
    return check_bounds(&s->bounds, err);
}

/* Position of b among the points, or the place where it must go; *found tells which. */
static size_t find_point(const struct hep_diffusion_scheme *c, double b, bool *found)
{
    size_t i = 0;

    while (i < c->n_b && c->b_s_per_mm2[i] < b - SAME_B)
        i++;
    *found = i < c->n_b && fabs(c->b_s_per_mm2[i] - b) <= SAME_B;
    return i;
}

static double perfusion_loss(double b)
{
    return 1.0 - exp(-b * LIVER_DSTAR);
}

/* Up to where the b-values that are used count as 0. */
static double zero_up_to(const double *b, size_t nb, const struct hep_diffusion_settings *s)
{
    double lowest = HUGE_VAL;

    for (size_t v = 0; v < nb; v++)
        if (b[v] >= s->b_min_s_per_mm2)
            lowest = fmin(lowest, b[v]);
    return lowest > SAME_B && LIVER_F * perfusion_loss(lowest) < LOSS ? lowest + SAME_B : SAME_B;
}

static bool is_in_subset(double b, const struct hep_diffusion_settings *s,
                         enum hep_diffusion_method method, double zero)
{
    if (method == HEP_METHOD_SIVIM && b > zero && b < s->b_split_s_per_mm2)
        return false;
    return b >= s->b_min_s_per_mm2 && b <= s->b_max_s_per_mm2;
}

/* IVIM with S0 as a parameter takes every b-value as it is; what is defined by the signal at b = 0
 * takes the practically zero for it. */
static bool finds_s0(enum hep_diffusion_method method)
{
    return method == HEP_METHOD_NLLS || method == HEP_METHOD_BAYES;
}

/* Points in ascending order first: one per distinct b, or in robust fits one per volume, since an
 * average would hide the corrupted one. Then who belongs where. */
static int group_volumes(struct hep_diffusion_scheme *c, const double *b, size_t nb,
                         const struct hep_diffusion_settings *s, struct hep_error *err)
{
    const double zero = finds_s0(c->method) ? SAME_B : zero_up_to(b, nb, s);
    bool found;

    c->n_b = 0;
    c->n_volumes = nb;
    for (size_t v = 0; v < nb; v++) {
        const double x = b[v] <= zero ? 0.0 : b[v];
        size_t at = find_point(c, x, &found);

        if ((found && !s->robust) || !is_in_subset(b[v], s, c->method, zero))
            continue;
        if (c->n_b == HEP_DIFFUSION_MAX_B)
            return HEP_FAIL(err, HEP_EDATA, "more than %d %s", HEP_DIFFUSION_MAX_B,
                            s->robust ? "volumes for a robust fit" : "distinct b-values");
        (void)memmove(&c->b_s_per_mm2[at + 1], &c->b_s_per_mm2[at],
                      (c->n_b - at) * sizeof c->b_s_per_mm2[0]);
        c->b_s_per_mm2[at] = found ? c->b_s_per_mm2[at + 1] : x;
        c->n_b++;
    }
    (void)memset(c->n_averages, 0, sizeof c->n_averages);
    for (size_t v = 0; v < nb; v++) {
        size_t at = find_point(c, b[v] <= zero ? 0.0 : b[v], &found);
        bool use = found && is_in_subset(b[v], s, c->method, zero);

        while (use && s->robust && c->n_averages[at] > 0)
            at++;
        c->point[v] = -1;
        if (use) {
            c->point[v] = (int16_t)at;
            c->n_averages[at]++;
        }
    }
    return HEP_OK;
}

static size_t count_distinct(const struct hep_diffusion_scheme *c)
{
    size_t n = c->n_b > 0;

    for (size_t i = 1; i < c->n_b; i++)
        n += c->b_s_per_mm2[i] > c->b_s_per_mm2[i - 1];
    return n;
}

static size_t count_between(const struct hep_diffusion_scheme *c, double lo, double hi)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_b; i++)
        n += c->b_s_per_mm2[i] >= lo && c->b_s_per_mm2[i] < hi;
    return n;
}

/* D* needs four b-values, one of them where blood still gives signal. */
static void choose_ivim(struct hep_diffusion_scheme *c, double zero,
                        const struct hep_diffusion_settings *s)
{
    size_t distinct = count_distinct(c);
    bool possible = distinct >= 4 && count_between(c, zero, s->b_split_s_per_mm2) >= 1;

    if (c->method != HEP_METHOD_SIVIM && !possible) {
        (void)snprintf(c->note, sizeof c->note,
                       "%zu distinct b-values, %zu of them between 0 and %g s/mm2: D* is not "
                       "determined, only D and f are fitted (sivim)",
                       distinct, count_between(c, zero, s->b_split_s_per_mm2),
                       s->b_split_s_per_mm2);
        c->method = HEP_METHOD_SIVIM;
    }
    c->dstar_fitted = c->method != HEP_METHOD_SIVIM;
}

/* S0 is a parameter of the model, and enough of the perfusion signal is left to tell it. */
static bool can_extrapolate(const struct hep_diffusion_scheme *c)
{
    return finds_s0(c->method) && c->n_b > 0 && perfusion_loss(c->b_s_per_mm2[0]) <= 0.5;
}

/* What is done about a lowest b-value that is not 0. */
static void note_lowest(struct hep_diffusion_scheme *c, const double *b, size_t nb,
                        const struct hep_diffusion_settings *s)
{
    const size_t used = strlen(c->note);
    double lowest = HUGE_VAL;

    for (size_t v = 0; v < nb; v++)
        if (c->point[v] >= 0)
            lowest = fmin(lowest, b[v]);
    if (c->b_s_per_mm2[0] <= 0.0 && lowest > SAME_B)
        (void)snprintf(c->note + used, sizeof c->note - used,
                       "%sb = %g s/mm2 counts as 0: the liver has lost %.1f %% to perfusion there",
                       used > 0 ? "; " : "", lowest, 100.0 * LIVER_F * perfusion_loss(lowest));
    else if (c->b_s_per_mm2[0] > 0.0 && s->model == HEP_DIFFUSION_IVIM)
        (void)snprintf(c->note + used, sizeof c->note - used,
                       "%sno b = 0: S0 is extrapolated by the model from b = %g s/mm2",
                       used > 0 ? "; " : "", lowest);
}

static int check_scheme(const struct hep_diffusion_scheme *c,
                        const struct hep_diffusion_settings *s, struct hep_error *err)
{
    size_t distinct = count_distinct(c);
    bool has_zero = c->n_b > 0 && c->b_s_per_mm2[0] <= 0.0;
    bool segmented = c->method == HEP_METHOD_SEGMENTED || c->method == HEP_METHOD_SEGMENTED_FIXED_D;
    size_t need = model_rules[s->model].n_param - (c->method == HEP_METHOD_SIVIM) - s->fixed_s0;

    if (distinct < 2)
        return HEP_FAIL(err, HEP_EDATA,
                        "%zu distinct b-value%s between %g and %g s/mm2: at least 2 are needed",
                        distinct, distinct == 1 ? "" : "s", s->b_min_s_per_mm2, s->b_max_s_per_mm2);
    if (!has_zero && (s->fixed_s0 || (s->model == HEP_DIFFUSION_IVIM && !can_extrapolate(c))))
        return HEP_FAIL(err, HEP_EDATA,
                        "no b = 0 among the b-values used, which %s needs: the lowest is %g s/mm2",
                        s->fixed_s0 ? "a fixed S0" : "the perfusion fraction", c->b_s_per_mm2[0]);
    if (s->model == HEP_DIFFUSION_KURTOSIS && c->b_s_per_mm2[c->n_b - 1] < KURTOSIS_NEEDS)
        return HEP_FAIL(err, HEP_EDATA,
                        "kurtosis is not assessable: the highest b is %g s/mm2, and below %g the "
                        "error of K exceeds K itself",
                        c->b_s_per_mm2[c->n_b - 1], KURTOSIS_NEEDS);
    if ((segmented || c->method == HEP_METHOD_SIVIM) &&
        count_between(c, s->b_split_s_per_mm2, HUGE_VAL) < 2)
        return HEP_FAIL(err, HEP_EDATA, "%s needs two b-values of at least %g s/mm2",
                        method_names[c->method], s->b_split_s_per_mm2);
    if (c->method == HEP_METHOD_BAYES && c->n_b == HEP_DIFFUSION_MAX_B)
        return HEP_FAIL(err, HEP_EDATA, "more than %d distinct b-values for bayes",
                        HEP_DIFFUSION_MAX_B - 1);
    if (distinct < need)
        return HEP_FAIL(err, HEP_EDATA, "%zu distinct b-values for %zu parameters of the model %s",
                        distinct, need, model_names[s->model]);
    return HEP_OK;
}

int hep_diffusion_prepare(struct hep_diffusion_scheme *out, const double *b_s_per_mm2, size_t nb,
                          const struct hep_diffusion_settings *settings, struct hep_error *err)
{
    struct hep_diffusion_scheme c = { 0 };
    int rc = check_settings(settings, err);

    if (rc != HEP_OK)
        return rc;
    if (b_s_per_mm2 == NULL || nb == 0 || nb > HEP_DIFFUSION_MAX_VOLUMES)
        return HEP_FAIL(err, HEP_EINVAL, "%zu volumes: 1 to %d are allowed", nb,
                        HEP_DIFFUSION_MAX_VOLUMES);
    for (size_t v = 0; v < nb; v++) {
        if (!isfinite(b_s_per_mm2[v]) || b_s_per_mm2[v] < 0.0)
            return HEP_FAIL(err, HEP_EDATA, "b-value %zu is %g s/mm2", v + 1, b_s_per_mm2[v]);
    }
    c.method = settings->method == HEP_METHOD_DEFAULT ? model_rules[settings->model].preset
                                                      : settings->method;
    rc = group_volumes(&c, b_s_per_mm2, nb, settings, err);
    if (rc == HEP_OK && settings->model == HEP_DIFFUSION_IVIM) {
        choose_ivim(&c, zero_up_to(b_s_per_mm2, nb, settings), settings);
        rc = group_volumes(&c, b_s_per_mm2, nb, settings, err);
    }
    if (rc == HEP_OK)
        rc = check_scheme(&c, settings, err);
    if (rc == HEP_OK) {
        note_lowest(&c, b_s_per_mm2, nb, settings);
        *out = c;
    }
    return rc;
}
