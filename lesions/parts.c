#include "lesions/parts.h"

#include "base/alloc.h"
#include "lesions/part_field.h"

#include <math.h>
#include <stdlib.h>

#define DEPTH_WEIGHT 1.0 /* log prior from border to centre */
#define SWEEPS 10
/* Share of the depth that a rim takes where it is not seen: a core of half the lesion's volume, and
 * one of an eighth, (1 - u)^3. */
#define THIN_RIM 0.206
#define THICK_RIM 0.5
#define SHARE_SD 0.2   /* of a voxel at a border: what another blur or shift does to it */
#define NOISE_SD 1.5   /* of the liver's voxels: means of parts are surer than that */
#define VOXELS_MIN 8.0 /* independent ones for two parts */

/* One model with k parts. */
struct mixture {
    size_t k;
    double mean[HEP_PARTS_MAX][HEP_PART_CHANNELS];
    float *q; /* [n][HEP_PARTS_MAX] */
    double log_l;
};

/* ---- parts by depth -------------------------------------------------------------------------- */

void hep_parts_release(struct hep_parts *p)
{
    for (int k = 0; k < HEP_LESION_PARTS; k++)
        free(p->share[k]);
    *p = (struct hep_parts){ 0 };
}

static void count_voxels(struct hep_parts *p, size_t n)
{
    for (int k = 0; k < HEP_LESION_PARTS; k++) {
        p->voxels[k] = 0.0;
        for (size_t i = 0; i < n; i++)
            p->voxels[k] += (double)p->share[k][i];
    }
}

int hep_parts_by_depth(struct hep_parts *out, const struct hep_shells *box, double rim_depth_frac,
                       struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&box->grid);
    double h[3], half;

    *out = (struct hep_parts){ .n = 1 };
    for (int k = 0; k < HEP_LESION_PARTS; k++)
        if (HEP_NEW(out->share[k], n, err) != HEP_OK) {
            hep_parts_release(out);
            return HEP_ENOMEM;
        }
    hep_grid_spacing(h, &box->grid);
    half = 0.5 * fmin(h[0], fmin(h[1], h[2]));
    for (size_t i = 0; i < n; i++) {
        const double limit = rim_depth_frac * box->depth_max_mm;
        double core;

        if (!hep_shells_has(box, i, HEP_SHELL_WHOLE))
            continue;
        core = 0.5 + ((double)box->depth_mm[i] - limit) / (2.0 * half);
        core = fmax(0.0, fmin(1.0, core));
        out->share[HEP_PART_CORE][i] = (float)core;
        out->share[HEP_PART_RIM][i] = (float)(1.0 - core);
    }
    count_voxels(out, n);
    return HEP_OK;
}

/* ---- mixture --------------------------------------------------------------------------------- */

static void set_means(struct mixture *m, const struct hep_part_field *f)
{
    for (size_t k = 0; k < m->k; k++)
        for (size_t c = 0; c < f->n_channels; c++) {
            double up = 0.0, down = 1e-12;

            for (size_t v = 0; v < f->n; v++) {
                const size_t at = v * f->n_channels + c;
                const double w =
                    (double)(m->q[v * HEP_PARTS_MAX + k] * f->trust[at] * f->trust[at]);

                up += w * (double)(f->share[at] * f->z[at]);
                down += w * (double)(f->share[at] * f->share[at]);
            }
            m->mean[k][c] = up / down;
        }
}

/** What a blurred series shows at a voxel comes by `blur` from its neighbours, whose parts are not
 * known: a spread of up to half the parts' difference. */
static void set_sharp_trust(struct hep_part_field *f, const struct mixture *m)
{
    for (size_t c = 0; c < f->n_channels; c++) {
        double lo = m->mean[0][c], hi = m->mean[0][c], spread;

        for (size_t k = 1; k < m->k; k++) {
            lo = fmin(lo, m->mean[k][c]);
            hi = fmax(hi, m->mean[k][c]);
        }
        spread = 0.5 * f->blur[c] * (hi - lo);
        f->sharp_trust[c] = 1.0 / sqrt(1.0 + spread * spread);
    }
}

static double depth_of(const struct hep_part_field *f, size_t v)
{
    return (double)f->box->depth_mm[f->voxel[v]] / f->box->depth_max_mm;
}

static double mean_depth(const struct mixture *m, const struct hep_part_field *f, size_t k)
{
    double sum = 0.0, count = 1e-12;

    for (size_t v = 0; v < f->n; v++) {
        sum += (double)m->q[v * HEP_PARTS_MAX + k] * depth_of(f, v);
        count += (double)m->q[v * HEP_PARTS_MAX + k];
    }
    return sum / count;
}

/** One round of the mean field, all voxels at once so that their order does not matter, halfway to
 * its result; the log likelihood of the round. */
static void sweep(struct mixture *m, struct hep_part_field *f)
{
    double depth[HEP_PARTS_MAX] = { 0 }, middle = 0.0;

    set_means(m, f);
    if (m->k > 1 && !f->settled)
        set_sharp_trust(f, m);
    for (size_t k = 0; k < m->k; k++) {
        depth[k] = mean_depth(m, f, k);
        middle += depth[k] / (double)m->k;
    }
    m->log_l = 0.0;
    for (size_t v = 0; v < f->n; v++) {
        double prior[HEP_PARTS_MAX], both[HEP_PARTS_MAX], prior_sum = 0.0, sum = 0.0,
                                                          top = -INFINITY, least = INFINITY;

        for (size_t k = 0; k < m->k; k++) {
            double a = DEPTH_WEIGHT * (depth_of(f, v) - 0.5) * (depth[k] > middle ? 0.5 : -0.5);

            for (int j = 0; j < 6; j++)
                if (f->near[v][j] < f->n)
                    a += f->near_weight[j / 2] * (double)m->q[f->near[v][j] * HEP_PARTS_MAX + k];
            prior[k] = a;
            both[k] = hep_part_distance(f, v, m->mean[k]);
            top = fmax(top, a);
            least = fmin(least, both[k]);
        }
        for (size_t k = 0; k < m->k; k++) {
            prior[k] = exp(prior[k] - top);
            prior_sum += prior[k];
            both[k] = prior[k] * exp(-0.5 * (both[k] - least));
            sum += both[k];
        }
        for (size_t k = 0; k < m->k; k++)
            f->next[v * HEP_PARTS_MAX + k] = (float)(both[k] / sum);
        m->log_l += log(sum / prior_sum) - 0.5 * least;
    }
    for (size_t i = 0; i < f->n * HEP_PARTS_MAX; i++)
        m->q[i] = 0.5F * (m->q[i] + f->next[i]);
}

static void run(struct mixture *m, struct hep_part_field *f)
{
    for (int round = 0; round < SWEEPS; round++)
        sweep(m, f);
}

/** Layers of equal numbers of voxels by depth. */
static void start_by_depth(struct mixture *m, const struct hep_part_field *f)
{
    for (size_t v = 0; v < f->n; v++) {
        const size_t k = (size_t)fmin(depth_of(f, v) * (double)m->k, (double)m->k - 1.0);

        for (size_t j = 0; j < m->k; j++)
            m->q[v * HEP_PARTS_MAX + j] = j == k ? 1.0F : 0.0F;
    }
}

/** The residual of voxel v in one part along an axis of the channels. */
static double along(const struct hep_part_field *f, size_t v, const double *mean,
                    const double *axis)
{
    double sum = 0.0;

    for (size_t c = 0; c < f->n_channels; c++) {
        const size_t at = v * f->n_channels + c;

        sum += axis[c] * (double)f->trust[at] *
               ((double)f->z[at] - (double)f->share[at] * mean[c]) * sqrt(f->per_voxel[c]);
    }
    return sum;
}

/** Principal axis of the residuals of part k, by the power method from the channels' sum. */
static void principal_axis(double axis[HEP_PART_CHANNELS], const struct mixture *m,
                           const struct hep_part_field *f, size_t k)
{
    for (size_t c = 0; c < f->n_channels; c++)
        axis[c] = 1.0 + 0.01 * (double)c;
    for (int round = 0; round < 20; round++) {
        double next[HEP_PART_CHANNELS] = { 0 }, length = 1e-30;

        for (size_t v = 0; v < f->n; v++) {
            const double a = (double)m->q[v * HEP_PARTS_MAX + k] * along(f, v, m->mean[k], axis);

            for (size_t c = 0; c < f->n_channels; c++) {
                const size_t at = v * f->n_channels + c;

                next[c] += a * (double)f->trust[at] *
                           ((double)f->z[at] - (double)f->share[at] * m->mean[k][c]) *
                           sqrt(f->per_voxel[c]);
            }
        }
        for (size_t c = 0; c < f->n_channels; c++)
            length += next[c] * next[c];
        for (size_t c = 0; c < f->n_channels; c++)
            axis[c] = next[c] / sqrt(length);
    }
}

/** The part with the largest sum of squares is cut in two along its principal axis. */
static void start_by_split(struct mixture *m, const struct mixture *fewer,
                           const struct hep_part_field *f)
{
    double axis[HEP_PART_CHANNELS], most = -1.0;
    size_t widest = 0;

    for (size_t k = 0; k < fewer->k; k++) {
        double sum = 0.0;

        for (size_t v = 0; v < f->n; v++)
            sum +=
                (double)fewer->q[v * HEP_PARTS_MAX + k] * hep_part_distance(f, v, fewer->mean[k]);
        if (sum > most) {
            most = sum;
            widest = k;
        }
    }
    principal_axis(axis, fewer, f, widest);
    for (size_t v = 0; v < f->n; v++) {
        const float q = fewer->q[v * HEP_PARTS_MAX + widest];
        const bool cut = along(f, v, fewer->mean[widest], axis) > 0.0;

        memcpy(m->q + v * HEP_PARTS_MAX, fewer->q + v * HEP_PARTS_MAX,
               HEP_PARTS_MAX * sizeof *m->q);
        m->q[v * HEP_PARTS_MAX + widest] = cut ? 0.0F : q;
        m->q[v * HEP_PARTS_MAX + m->k - 1] = cut ? q : 0.0F;
    }
}

/** The likelier of both starts; `spare` is overwritten. */
static void fit(struct mixture *m, struct mixture *spare, const struct mixture *fewer,
                struct hep_part_field *f)
{
    start_by_depth(m, f);
    run(m, f);
    if (fewer == NULL)
        return;
    spare->k = m->k;
    start_by_split(spare, fewer, f);
    run(spare, f);
    if (spare->log_l > m->log_l) {
        float *q = m->q;

        *m = *spare;
        spare->q = q;
    }
}

static double bic(const struct mixture *m, const struct hep_part_field *f)
{
    const double parameters = (double)m->k * (double)f->n_channels + (double)m->k - 1.0;

    return -2.0 * m->log_l + parameters * log(fmax(2.0, f->samples));
}

/** Spread within the parts over that of the liver. */
static double within(const struct mixture *m, const struct hep_part_field *f)
{
    double sum = 0.0, count = 1e-12;

    for (size_t v = 0; v < f->n; v++) {
        for (size_t k = 0; k < m->k; k++)
            sum += (double)m->q[v * HEP_PARTS_MAX + k] * hep_part_distance(f, v, m->mean[k]);
        for (size_t c = 0; c < f->n_channels; c++)
            count += f->trust[v * f->n_channels + c] > 0.0F ? f->per_voxel[c] : 0.0;
    }
    return fmax(1.0, sum / count);
}

/* ---- roles ----------------------------------------------------------------------------------- */

/** Share of a in `mixed`, a mixture of a and b: the mean of all series, each with the weight of its
 * noise and of what another blur or shift does to the share. */
static double mixture_share(const struct hep_part_field *f, const double mixed[HEP_PART_CHANNELS],
                            const double a[HEP_PART_CHANNELS], const double b[HEP_PART_CHANNELS])
{
    double up = 0.0, down = 1e-30;

    for (size_t c = 0; c < f->n_channels; c++) {
        const double length = a[c] - b[c],
                     weight = 1.0 / (NOISE_SD * NOISE_SD + pow(SHARE_SD * length, 2.0));

        up += weight * (mixed[c] - b[c]) * length;
        down += weight * length * length;
    }
    return up / down;
}

/** Is `mixed` what voxels at the border of a and b show? Every series has to say so: one in which its
 * means lie off the line between a and b by more than noise, and by more than another blur or shift
 * does to the share, shows a tissue of its own. With `each`, a share of its own for every series. */
static bool is_mixture(double *share, const struct hep_part_field *f,
                       const double mixed[HEP_PART_CHANNELS], const double a[HEP_PART_CHANNELS],
                       const double b[HEP_PART_CHANNELS], bool each)
{
    *share = mixture_share(f, mixed, a, b);
    for (size_t c = 0; c < f->n_channels; c++) {
        const double length = a[c] - b[c], x = mixed[c] - b[c];
        const double most = each ? fmax(length, 0.0) : *share * length,
                     least = each ? fmin(length, 0.0) : *share * length;

        if (fmax(x - most, least - x) > hypot(NOISE_SD, SHARE_SD * length))
            return false;
    }
    return *share > -SHARE_SD && *share < 1.0 + (each ? SHARE_SD : 0.0);
}

/* What one part of a mixture means: shares of the lesion's parts, the rest liver. */
struct meaning {
    double of[HEP_PARTS_MAX][HEP_LESION_PARTS];
    size_t n;
};

/** Share of lesion that the voxels of a border with liver count as: what is more liver than lesion
 * was let in by an outline too wide; the rest is what blur makes of a border, which the series'
 * shares hold already. */
static double border_share(double share)
{
    return share >= 0.5 ? 1.0 : fmax(share, 0.0);
}

/** Is part k the lesion's border with liver, a mixture of it and of a deeper part? */
static bool is_border(double *share, const struct mixture *m, const struct hep_part_field *f,
                      size_t k)
{
    static const double liver[HEP_PART_CHANNELS] = { 0 };

    for (size_t j = 0; j < m->k; j++)
        if (j != k && mean_depth(m, f, k) < mean_depth(m, f, j) &&
            is_mixture(share, f, m->mean[k], m->mean[j], liver, false))
            return true;
    return false;
}

/** How many open faces of the lesion's voxels part k has: a rim lies round the rest, and a core that
 * reaches the border on one side is no rim. */
static double surface_of(const struct mixture *m, const struct hep_part_field *f, size_t k)
{
    double sum = 0.0;

    for (size_t v = 0; v < f->n; v++) {
        int open = 0;

        for (int j = 0; j < 6; j++)
            open += f->near[v][j] == f->n;
        sum += (double)m->q[v * HEP_PARTS_MAX + k] * (double)open;
    }
    return sum;
}

/** Square distance of the signals of two parts, in SD of a voxel. */
static double apart(const struct hep_part_field *f, const double a[HEP_PART_CHANNELS],
                    const double b[HEP_PART_CHANNELS])
{
    double sum = 0.0;

    for (size_t c = 0; c < f->n_channels; c++)
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    return sum;
}

/** Two parts beside the rim: the one that differs most from it is the core; the other is their
 * border, which moves from series to series, or a third tissue. */
static void read_inner(struct meaning *out, const struct mixture *m, const struct hep_part_field *f,
                       size_t rim, const size_t inner[2])
{
    const bool turned =
        apart(f, m->mean[rim], m->mean[inner[0]]) > apart(f, m->mean[rim], m->mean[inner[1]]);
    const size_t core = inner[turned ? 0 : 1], between = inner[turned ? 1 : 0];
    double share;

    out->of[core][HEP_PART_CORE] = 1.0;
    if (is_mixture(&share, f, m->mean[between], m->mean[rim], m->mean[core], true)) {
        share = fmin(fmax(share, 0.0), 1.0);
        out->of[between][HEP_PART_RIM] = share;
        out->of[between][HEP_PART_CORE] = 1.0 - share;
    } else {
        out->of[between][HEP_PART_OTHER] = 1.0;
        out->n = 3;
    }
}

/** Roles of the parts. Without the lesion's border, the rim is the part that takes most of the
 * surface; n is 1 where one part is left. */
static void read_parts(struct meaning *out, const struct mixture *m, const struct hep_part_field *f)
{
    size_t tissue[HEP_PARTS_MAX] = { 0 }, n = 0, rim = 0, inner[2], n_inner = 0;
    double share;

    *out = (struct meaning){ .n = 2 };
    for (size_t k = 0; k < m->k; k++) {
        if (is_border(&share, m, f, k))
            out->of[k][HEP_PART_RIM] = border_share(share);
        else
            tissue[n++] = k;
    }
    for (size_t i = 1; i < n; i++)
        if (surface_of(m, f, tissue[i]) > surface_of(m, f, tissue[rim]))
            rim = i;
    for (size_t i = 0; i < n; i++)
        if (i != rim)
            inner[n_inner++] = tissue[i];
    out->of[tissue[rim]][HEP_PART_RIM] = 1.0;
    if (n_inner == 0)
        out->n = 1;
    else if (n_inner == 1)
        out->of[inner[0]][HEP_PART_CORE] = 1.0;
    else
        read_inner(out, m, f, tissue[rim], inner);
}

/** One part within an outline too wide: the layers by depth hold what the mixture calls lesion. */
static void narrow_layers(struct hep_parts *out, const struct meaning *is, const struct mixture *m,
                          const struct hep_part_field *f)
{
    for (size_t v = 0; v < f->n; v++) {
        double lesion = 0.0;

        for (size_t k = 0; k < m->k; k++)
            lesion += (double)m->q[v * HEP_PARTS_MAX + k] *
                      (is->of[k][HEP_PART_RIM] + is->of[k][HEP_PART_CORE]);
        for (int p = 0; p < HEP_LESION_PARTS; p++)
            out->share[p][f->voxel[v]] *= (float)lesion;
    }
    count_voxels(out, hep_grid_voxels(&f->box->grid));
}

static void set_parts(struct hep_parts *out, const struct meaning *is, const struct mixture *m,
                      const struct hep_part_field *f)
{
    for (size_t v = 0; v < f->n; v++)
        for (int p = 0; p < HEP_LESION_PARTS; p++) {
            double sum = 0.0;

            for (size_t k = 0; k < m->k; k++)
                sum += (double)m->q[v * HEP_PARTS_MAX + k] * is->of[k][p];
            out->share[p][f->voxel[v]] = (float)sum;
        }
    out->n = is->n;
    count_voxels(out, hep_grid_voxels(&f->box->grid));
}

/** Of two and three parts the number with the lower BIC whose reading is more than a lesion and its
 * border; 0 without. */
static size_t likeliest(struct meaning *is, const struct mixture *model,
                        const struct hep_part_field *f)
{
    const size_t first = bic(&model[2], f) < bic(&model[1], f) ? 2 : 1;

    for (int round = 0; round < 2; round++) {
        const size_t k = round == 0 ? first : 3 - first;

        read_parts(is, &model[k], f);
        if (is->n > 1)
            return k;
    }
    return 0;
}

int hep_parts_find(struct hep_parts *parts, const struct hep_series_set *set,
                   const struct hep_lesion_study *study, const struct hep_shells *box,
                   struct hep_error *err)
{
    struct mixture model[HEP_PARTS_MAX + 1] = { { .k = 1 }, { .k = 2 }, { .k = 3 }, { .k = 0 } };
    struct meaning is;
    struct hep_part_field f = { 0 };
    size_t best;
    int rc = hep_part_field_init(&f, set, study, box, err);

    for (size_t k = 0; rc == HEP_OK && k <= HEP_PARTS_MAX; k++)
        rc = HEP_NEW(model[k].q, f.n * HEP_PARTS_MAX, err);
    if (rc != HEP_OK || f.n_channels == 0 || f.samples < VOXELS_MIN)
        goto out;
    for (size_t k = 0; k < HEP_PARTS_MAX; k++)
        fit(&model[k], &model[HEP_PARTS_MAX], k > 0 ? &model[k - 1] : NULL, &f);
    set_sharp_trust(&f, &model[1]);
    f.settled = true;
    f.widen = within(&model[HEP_PARTS_MAX - 1], &f);
    for (size_t k = 0; k < HEP_PARTS_MAX; k++)
        run(&model[k], &f);
    best = likeliest(&is, model, &f);
    parts->samples = f.samples;
    if (best > 0) {
        set_parts(parts, &is, &model[best], &f);
        goto out;
    }
    best = bic(&model[2], &f) < bic(&model[1], &f) ? 2 : 1;
    if (bic(&model[best], &f) < bic(&model[0], &f)) {
        read_parts(&is, &model[best], &f);
        narrow_layers(parts, &is, &model[best], &f);
    }
out:
    for (size_t k = 0; k <= HEP_PARTS_MAX; k++)
        free(model[k].q);
    hep_part_field_release(&f);
    return rc;
}

/** Where the images tell no parts apart, a core may be larger or smaller than the layer inside: what
 * the parts' signals change by when it is adds to their covariance. */
static int add_hidden_core(struct hep_series_set *series, const struct hep_lesion_study *study,
                           const struct hep_shells *box, struct hep_error *err)
{
    int rc = HEP_OK;

    for (int which = 0; rc == HEP_OK && which < 2; which++) {
        struct hep_series_set other = *series; /* borrows the signals */
        struct hep_parts layers;

        rc = hep_parts_by_depth(&layers, box, which == 0 ? THIN_RIM : THICK_RIM, err);
        if (rc == HEP_OK)
            rc = hep_series_explain(&other, study, box, &layers, HEP_SERIES_VALUES, err);
        for (int k = 0; rc == HEP_OK && k < HEP_IMAGE_COUNT; k++) {
            struct hep_series *s = &series->of[k];
            double change[HEP_PART_COUNT];

            for (int p = 0; p < HEP_PART_COUNT; p++)
                change[p] = other.of[k].value[p] - s->value[p];
            for (int p = 0; p < HEP_PART_COUNT; p++)
                for (int q = 0; q < HEP_PART_COUNT; q++)
                    s->cov[p][q] += 0.5 * change[p] * change[q];
        }
        hep_parts_release(&layers);
    }
    return rc;
}

int hep_parts_and_series(struct hep_parts *parts, struct hep_series_set *series,
                         const struct hep_lesion_study *study, const struct hep_shells *box,
                         struct hep_error *err)
{
    int rc = hep_series_set_init(series, study, box, err);

    if (rc == HEP_OK)
        rc = hep_parts_by_depth(parts, box, study->limits->rim_depth_frac, err);
    if (rc == HEP_OK)
        rc = hep_series_explain(series, study, box, parts, HEP_SERIES_DRAFT, err);
    if (rc == HEP_OK)
        rc = hep_parts_find(parts, series, study, box, err);
    if (rc == HEP_OK)
        rc = hep_series_explain(series, study, box, parts, HEP_SERIES_ALL, err);
    if (rc == HEP_OK && parts->n > 1 && !hep_parts_differ(parts, series, box, study->limits)) {
        struct hep_parts layers;

        rc = hep_parts_by_depth(&layers, box, study->limits->rim_depth_frac, err);
        if (rc == HEP_OK) {
            hep_parts_release(parts);
            *parts = layers;
            rc = hep_series_explain(series, study, box, parts, HEP_SERIES_ALL, err);
        }
    }
    if (rc == HEP_OK && parts->n == 1)
        rc = add_hidden_core(series, study, box, err);
    return rc;
}
