#include "lesions/series.h"

#include "image/stats.h"
#include "lesions/series_share.h"
#include "lesions/series_solve.h"

#include <math.h>

#define SHIFT_MAX_MM 3.0
#define SHIFT_ROUNDS 4
#define SHIFT_ROUNDS_MORE 2 /* from the shifts of a draft */
#define MEDIAN_LENGTH 1.538 /* of three normal values, in SD (Maxwell's distribution) */
#define BORDER_SD 0.3       /* voxels of the reference grid: the outline's error */
#define FOREIGN_MAX 0.5     /* share of what is neither lesion nor liver */
#define LIVER_OUTLIER 4.0   /* SD: a vessel */

/* ---- parts ----------------------------------------------------------------------------------- */

enum hep_image hep_series_leader(const struct hep_series_set *s, enum hep_image image)
{
    /* Members of one acquisition, the one that tells the lesion's place best first. */
    static const enum hep_image groups[][8] = {
        { HEP_IMAGE_B_HIGH, HEP_IMAGE_B_LOW, HEP_IMAGE_B_ZERO, HEP_IMAGE_ADC, HEP_IMAGE_ADC_SE,
          HEP_IMAGE_IVIM_D, HEP_IMAGE_IVIM_F, HEP_IMAGE_DKI_K },
        { HEP_IMAGE_IN_PHASE, HEP_IMAGE_OPPOSED, HEP_IMAGE_FAT_FRACTION, HEP_IMAGE_R2STAR,
          HEP_IMAGE_COUNT },
        { HEP_IMAGE_T2, HEP_IMAGE_T2_MAP, HEP_IMAGE_COUNT },
    };

    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        enum hep_image first = HEP_IMAGE_COUNT;

        for (int k = 0; k < 8 && groups[g][k] != HEP_IMAGE_COUNT; k++) {
            if (first == HEP_IMAGE_COUNT && s->of[groups[g][k]].signal != NULL)
                first = groups[g][k];
            if (groups[g][k] == image)
                return first == HEP_IMAGE_COUNT ? image : first;
        }
    }
    return image;
}

/* Columns of the least squares, in this order; the parts come first. */
enum { FOREIGN = HEP_PART_COUNT, SHIFT, BORDER = SHIFT + 3, CORE_BORDER, BLUR, N_COLUMNS };

struct view {
    const struct hep_lesion_image *image;
    const struct hep_shells *box;
    const struct hep_parts *parts;
    float *column[N_COLUMNS], *used, *scratch, *foreign, *weight; /* [voxels of the box] */
    bool third;                                                   /* there is a third part */
    enum hep_series_effort effort;
    double blur_max;
};

/** What the voxels hold of every part with this shift and point spread. */
static void set_shares(struct view *v, const double shift_mm[3], double blur)
{
    const struct hep_grid *g = &v->box->grid;
    const size_t n = hep_grid_voxels(g);

    for (int p = 0; p < HEP_LESION_PARTS; p++) {
        if (p == HEP_PART_OTHER && !v->third)
            memset(v->column[p], 0, n * sizeof *v->column[p]);
        else
            hep_series_share(v->column[p], v->parts->share[p], g, v->image, shift_mm, blur,
                             v->scratch);
    }
    hep_series_share(v->column[FOREIGN], v->foreign, g, v->image, shift_mm, blur, v->scratch);
    for (size_t i = 0; i < n; i++)
        v->column[HEP_PART_LIVER][i] = 1.0F - v->column[HEP_PART_RIM][i] -
                                       v->column[HEP_PART_CORE][i] - v->column[HEP_PART_OTHER][i] -
                                       v->column[FOREIGN][i];
}

/** out = factor |grad share|: what the signal gains when the part's border moves outwards by 1 mm. */
static void set_border(struct view *v, float *out, const float *share, double factor)
{
    const struct hep_grid *g = &v->box->grid;
    const size_t n = hep_grid_voxels(g);

    memset(out, 0, n * sizeof *out);
    for (int k = 0; k < 3; k++) {
        hep_series_slope(v->scratch, share, g, k);
        for (size_t i = 0; i < n; i++)
            out[i] += v->scratch[i] * v->scratch[i];
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(factor * sqrt((double)out[i]));
}

/** Change of the predicted signal with the shift, the places of both borders and the point spread. */
static void set_nuisances(struct view *v, const double m[N_COLUMNS])
{
    const struct hep_grid *g = &v->box->grid;
    const size_t n = hep_grid_voxels(g);
    float *predicted = v->scratch;

    set_border(v, v->column[BORDER], v->column[HEP_PART_LIVER],
               m[HEP_PART_RIM] - m[HEP_PART_LIVER]);
    set_border(v, v->column[CORE_BORDER], v->column[HEP_PART_CORE],
               m[HEP_PART_CORE] - m[HEP_PART_RIM]);
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;

        for (int c = 0; c <= FOREIGN; c++)
            sum += m[c] * (double)v->column[c][i];
        predicted[i] = (float)sum;
    }
    for (int k = 0; k < 3; k++) {
        hep_series_slope(v->column[SHIFT + k], predicted, g, k);
        for (size_t i = 0; i < n; i++)
            v->column[SHIFT + k][i] = -v->column[SHIFT + k][i];
    }
    hep_series_curvature(v->column[BLUR], predicted, g, v->image);
}

/** Lesion, liver that its blur may reach, and the ring without its vessels. */
static void set_used(struct view *v, const struct hep_series *s)
{
    size_t at = 0;

    for (size_t i = 0; i < hep_grid_voxels(&v->box->grid); i++) {
        const bool ring = hep_shells_has(v->box, i, HEP_SHELL_RING);
        const double r = ring ? (double)s->residual[at++] : 0.0;
        const bool liver =
            ring ? fabs(r) <= LIVER_OUTLIER : hep_shells_has(v->box, i, HEP_SHELL_NEAR);

        v->used[i] = (hep_shells_has(v->box, i, HEP_SHELL_WHOLE) || liver) &&
                             (double)v->column[FOREIGN][i] < FOREIGN_MAX
                         ? s->signal[i]
                         : NAN;
    }
}

/* What is known of a series' shift and point spread. */
struct place {
    double shift_mm[3], shift_sd_mm[3], blur, blur_sd;
};

static struct place place_known_before(const struct hep_lesion_image *image)
{
    const double mm = isfinite(image->registration_mm) ? image->registration_mm : SHIFT_MAX_MM;
    const double sd = fmin(mm, SHIFT_MAX_MM) / MEDIAN_LENGTH;

    return (struct place){ { 0.0 }, { sd, sd, sd }, HEP_BLUR_MEAN, HEP_BLUR_SD };
}

static struct place place_of(const struct hep_series *s)
{
    struct place p = { .blur = s->blur, .blur_sd = s->blur_sd };

    memcpy(p.shift_mm, s->shift_mm, sizeof p.shift_mm);
    memcpy(p.shift_sd_mm, s->shift_sd_mm, sizeof p.shift_sd_mm);
    return p;
}

/** What is known before: rim and core alike within the lesion's own signal, a foreign signal within
 * the liver's of liver, shift and point spread, the border's place. The columns of shift and point
 * spread are their changes. */
static void set_priors(struct hep_series_problem *p, const struct hep_series *s,
                       const double m[N_COLUMNS], const struct place *known, const double h[3])
{
    const double level = fmax(fabs(m[HEP_PART_RIM]) + fabs(m[HEP_PART_CORE]), s->sd);
    const double alike = 4.0 / (level * level), foreign = 1.0 / (s->liver * s->liver + 1e-30);
    const double border = BORDER_SD * sqrt((h[0] * h[0] + h[1] * h[1] + h[2] * h[2]) / 3.0);

    memset(p->precision, 0, sizeof p->precision);
    memset(p->pull, 0, sizeof p->pull);
    for (int a = HEP_PART_CORE; a < HEP_LESION_PARTS; a++) {
        p->precision[a][a] += alike;
        p->precision[HEP_PART_RIM][HEP_PART_RIM] += alike;
        p->precision[a][HEP_PART_RIM] -= alike;
        p->precision[HEP_PART_RIM][a] -= alike;
    }
    p->precision[FOREIGN][FOREIGN] = foreign;
    p->pull[FOREIGN] = foreign * s->liver;
    for (int k = 0; k < 3; k++) {
        const double sd = fmax(known->shift_sd_mm[k], 1e-3), precision = 1.0 / (sd * sd);

        p->precision[SHIFT + k][SHIFT + k] = precision;
        p->pull[SHIFT + k] = precision * (known->shift_mm[k] - s->shift_mm[k]);
    }
    p->precision[BORDER][BORDER] = 1.0 / (border * border);
    p->precision[CORE_BORDER][CORE_BORDER] = 1.0 / (border * border);
    p->precision[BLUR][BLUR] = 1.0 / (known->blur_sd * known->blur_sd);
    p->pull[BLUR] = p->precision[BLUR][BLUR] * (known->blur - s->blur);
}

static void problem_of(struct hep_series_problem *p, const struct view *v,
                       const struct hep_series *s)
{
    *p = (struct hep_series_problem){ .signal = v->used, .weight = v->weight, .sd = s->sd };
    memcpy(p->box, v->box->grid.n, sizeof p->box);
    memcpy(p->rho, s->rho, sizeof p->rho);
    p->noise_share = s->noise_share;
    for (int c = 0; c < N_COLUMNS; c++)
        p->column[c] = v->column[c];
}

/** A map of whole voxels knows a border to a voxel's width: what a voxel holds of a part is
 * uncertain by |grad share| times that width over sqrt(12), independently of its neighbours; at the
 * border with liver and at the core's. */
static void set_weights(struct view *v, const struct hep_series *s, const double m[N_COLUMNS],
                        const double h[3])
{
    const struct hep_grid *g = &v->box->grid;
    const size_t n = hep_grid_voxels(g);
    const double outer = fmax(fabs(m[HEP_PART_RIM] - m[HEP_PART_LIVER]),
                              fabs(m[HEP_PART_CORE] - m[HEP_PART_LIVER])),
                 inner = fabs(m[HEP_PART_CORE] - m[HEP_PART_RIM]);

    memset(v->weight, 0, n * sizeof *v->weight);
    for (int border = 0; border < 2; border++) {
        const double contrast = (border == 0 ? outer : inner) / s->sd;

        for (int k = 0; k < 3; k++) {
            const double doubt = contrast * contrast * h[k] * h[k] / 12.0;

            hep_series_slope(v->scratch, v->column[border == 0 ? HEP_PART_LIVER : HEP_PART_CORE], g,
                             k);
            for (size_t i = 0; i < n; i++)
                v->weight[i] += (float)(doubt * (double)(v->scratch[i] * v->scratch[i]));
        }
    }
    for (size_t i = 0; i < n; i++)
        v->weight[i] = (float)(1.0 / sqrt(1.0 + (double)v->weight[i]));
}

/** Values without nuisances: where the iterations of the shift begin. */
static int first_values(double m[N_COLUMNS], struct view *v, const struct hep_series *s,
                        const double h[3], struct hep_error *err)
{
    const struct place known = place_known_before(v->image);
    struct hep_series_problem p;
    struct hep_series_solution solution;
    int rc = HEP_OK;

    for (int c = 0; c < N_COLUMNS; c++)
        m[c] = s->liver;
    for (int round = 0; rc == HEP_OK && round < 2; round++) {
        set_weights(v, s, m, h);
        problem_of(&p, v, s);
        set_priors(&p, s, m, &known, h);
        p.n = SHIFT;
        p.white = true;
        rc = hep_series_solve(&solution, &p, err);
        if (rc == HEP_OK)
            memcpy(m, solution.value, sizeof solution.value);
    }
    set_weights(v, s, m, h);
    return rc;
}

static int solve(struct hep_series_solution *solution, struct view *v, const struct hep_series *s,
                 double m[N_COLUMNS], const struct place *known, bool white, struct hep_error *err)
{
    struct hep_series_problem p;
    double h[3];
    int rc;

    hep_grid_spacing(h, &v->box->grid);
    set_nuisances(v, m);
    problem_of(&p, v, s);
    set_priors(&p, s, m, known, h);
    p.n = N_COLUMNS;
    p.white = white;
    rc = hep_series_solve(solution, &p, err);
    if (rc == HEP_OK)
        memcpy(m, solution->value, sizeof solution->value);
    return rc;
}

/** Gauss-Newton for shift and point spread of one series. */
static int find_place(struct hep_series *s, struct view *v, struct hep_error *err)
{
    const struct place known = place_known_before(v->image);
    const int rounds = v->effort == HEP_SERIES_ALL ? SHIFT_ROUNDS_MORE : SHIFT_ROUNDS;
    double m[N_COLUMNS], h[3];
    int rc = HEP_OK;

    hep_grid_spacing(h, &v->box->grid);
    for (int round = 0; rc == HEP_OK && round <= rounds; round++) {
        struct hep_series_solution solution;
        double length = 0.0;

        set_shares(v, s->shift_mm, s->blur);
        if (round == 0) {
            set_used(v, s);
            rc = first_values(m, v, s, h, err);
        }
        if (rc != HEP_OK || v->effort == HEP_SERIES_VALUES)
            return rc;
        if (round < rounds)
            rc = solve(&solution, v, s, m, &known, true, err);
        if (rc == HEP_OK && round < rounds)
            s->blur = fmax(0.0, fmin(s->blur + solution.value[BLUR], v->blur_max));
        for (int k = 0; rc == HEP_OK && round < rounds && k < 3; k++) {
            s->shift_mm[k] += solution.value[SHIFT + k];
            length += s->shift_mm[k] * s->shift_mm[k];
        }
        for (int k = 0; length > SHIFT_MAX_MM * SHIFT_MAX_MM && k < 3; k++)
            s->shift_mm[k] *= SHIFT_MAX_MM / sqrt(length);
    }
    return rc;
}

/** Robust spread of the residuals in each part; mean square of all in the lesion over what noise and
 * the border's width explain. */
static int measure_residuals(double *misfit, struct hep_series *s, struct view *v,
                             const double m[N_COLUMNS], struct hep_error *err)
{
    double sum = 0.0, all = 0.0;
    int rc = HEP_OK;

    for (int p = 0; rc == HEP_OK && p < HEP_LESION_PARTS; p++) {
        struct hep_stats stats;
        size_t count = 0;

        for (size_t i = 0; i < hep_grid_voxels(&v->box->grid); i++) {
            double r = (double)v->used[i];

            if (!hep_shells_has(v->box, i, HEP_SHELL_WHOLE) || v->parts->share[p][i] < 0.5F ||
                !isfinite(r))
                continue;
            for (int c = 0; c < N_COLUMNS; c++)
                r -= m[c] * (double)v->column[c][i];
            v->scratch[count++] = (float)r;
            sum += pow(r * (double)v->weight[i] / s->sd, 2.0);
            all += 1.0;
        }
        rc = hep_stats_of(&stats, v->scratch, count, err);
        s->spread[p] = stats.mad;
    }
    *misfit = all > 0.0 ? fmax(1.0, sum / all) : 1.0;
    return rc;
}

/** Values of one series, with the columns and the shift of its acquisition. */
static int explain(struct hep_series *s, struct view *v, const struct hep_series *leader,
                   bool leads, struct hep_error *err)
{
    const struct place known = leads ? place_known_before(v->image) : place_of(leader);
    double m[N_COLUMNS], h[3], misfit;
    struct hep_series_solution solution;
    int rc;

    hep_grid_spacing(h, &v->box->grid);
    memcpy(s->shift_mm, leader->shift_mm, sizeof s->shift_mm);
    s->blur = leader->blur;
    set_used(v, s);
    rc = first_values(m, v, s, h, err);
    if (rc == HEP_OK)
        rc = solve(&solution, v, s, m, &known, v->effort != HEP_SERIES_ALL, err);
    if (rc == HEP_OK)
        rc = measure_residuals(&misfit, s, v, m, err);
    if (rc != HEP_OK)
        return rc;
    for (int k = 0; k < 3; k++)
        s->shift_sd_mm[k] = sqrt(solution.cov[SHIFT + k][SHIFT + k]);
    s->blur_sd = sqrt(solution.cov[BLUR][BLUR]);
    for (int i = 0; i < HEP_PART_COUNT; i++) {
        s->value[i] = solution.value[i];
        for (int j = 0; j < HEP_PART_COUNT; j++)
            s->cov[i][j] = misfit * solution.cov[i][j];
    }
    return HEP_OK;
}

static void measure_share(struct hep_series *s, const struct view *v)
{
    s->share_max = 0.0;
    for (size_t i = 0; i < hep_grid_voxels(&v->box->grid); i++)
        if (isfinite(v->used[i]) && hep_shells_has(v->box, i, HEP_SHELL_WHOLE))
            s->share_max = fmax(s->share_max, 1.0 - (double)v->column[HEP_PART_LIVER][i] -
                                                  (double)v->column[FOREIGN][i]);
}

/** One acquisition: its shift by the leader, then every image of it. */
static int explain_group(struct hep_series_set *set, struct view *v,
                         const struct hep_lesion_study *study, enum hep_image leader,
                         struct hep_error *err)
{
    int rc;

    v->image = &study->image[leader];
    rc = find_place(&set->of[leader], v, err);
    for (int pass = 0; rc == HEP_OK && pass < 2; pass++) {
        for (int k = 0; rc == HEP_OK && k < HEP_IMAGE_COUNT; k++) {
            struct hep_series *s = &set->of[k];
            const bool leads = (enum hep_image)k == leader;

            if (s->signal == NULL || hep_series_leader(set, (enum hep_image)k) != leader ||
                leads != (pass == 0))
                continue;
            rc = explain(s, v, &set->of[leader], leads, err);
            measure_share(s, v);
        }
    }
    return rc;
}

int hep_series_explain(struct hep_series_set *s, const struct hep_lesion_study *study,
                       const struct hep_shells *box, const struct hep_parts *parts,
                       enum hep_series_effort effort, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&box->grid);
    struct view v = { .box = box,
                      .parts = parts,
                      .effort = effort,
                      .blur_max = study->limits->blur_max_voxels2,
                      .third = parts->voxels[HEP_PART_OTHER] > 0.0 };
    int rc = HEP_OK;

    for (int c = 0; c < N_COLUMNS; c++)
        v.column[c] = s->work + (size_t)c * n;
    v.used = s->work + (size_t)N_COLUMNS * n;
    v.scratch = v.used + n;
    v.foreign = v.scratch + n;
    v.weight = v.foreign + n;
    for (size_t i = 0; i < n; i++)
        v.foreign[i] = hep_shells_has(box, i, HEP_SHELL_FOREIGN) ? 1.0F : 0.0F;
    for (int k = 0; rc == HEP_OK && k < HEP_IMAGE_COUNT; k++) {
        struct hep_error why = { 0 };

        if (s->of[k].signal == NULL || hep_series_leader(s, (enum hep_image)k) != (enum hep_image)k)
            continue;
        rc = explain_group(s, &v, study, (enum hep_image)k, &why);
        if (rc == HEP_EDATA) /* nothing of the lesion in the field of view: values stay NaN */
            rc = HEP_OK;
        else if (rc != HEP_OK)
            return HEP_FAIL(err, rc, "%s", why.msg);
    }
    return rc;
}
