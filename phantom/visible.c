#include "phantom/true_flag.h"

#include "base/alloc.h"
#include "image/stats.h"
#include "phantom/degrade.h"
#include "phantom/truth.h"
#include "terms/flag_limits.h"

#include <math.h>

/* A part of a lesion is seen when this many voxels are mostly of it: two by two in a slice. */
#define PART_VOXELS_MIN 4
/* Around the lesion, so that a point spread finds what it needs. */
#define MARGIN_MM 8.0
#define PERIPHERY_RHO (2.0 / 3.0) /* from this share of the radius on */

/* One lesion in one series: noise-free, at rest. */
struct view {
    struct hep_grid grid;
    struct hep_volume *share;  /* owned: lesion, rim, core */
    struct hep_volume *signal; /* owned */
    struct hep_lut *lut;       /* owned, scratch */
    uint8_t *zones;            /* owned: bits 1 << enum hep_zone of each voxel */
    size_t n[HEP_N_ZONES];     /* voxels; 0 for a part that is not seen */
};

static void view_release(struct view *v)
{
    hep_volume_free(v->share);
    hep_volume_free(v->signal);
    free(v->lut);
    free(v->zones);
}

/* The middle layer is half rim, half core. */
static void share_lut(struct hep_lut *lut, size_t lesion)
{
    static const float of_layer[HEP_N_LAYERS][3] = { [HEP_LAYER_RIM] = { 1.0F, 1.0F, 0.0F },
                                                     [HEP_LAYER_MID] = { 1.0F, 0.5F, 0.5F },
                                                     [HEP_LAYER_CORE] = { 1.0F, 0.0F, 1.0F } };

    memset(lut, 0, sizeof *lut);
    lut->n_values = 3;
    for (int layer = 0; layer < (int)HEP_N_LAYERS; layer++)
        memcpy(lut->value[hep_lesion_label(lesion, layer)], of_layer[layer], sizeof of_layer[0]);
}

/* Voxels that are mostly lesion, or the one that holds most of it; of these the parts. */
static void find_zones(struct view *v, bool has_core)
{
    const size_t n = hep_grid_voxels(&v->grid);
    const float *lesion = v->share->data, *rim = lesion + n, *core = rim + n;
    size_t fullest = 0;

    for (size_t i = 0; i < n; i++)
        fullest = lesion[i] > lesion[fullest] ? i : fullest;
    for (size_t i = 0; i < n; i++) {
        const bool inside = lesion[i] >= 0.5F || (i == fullest && lesion[i] > 0.0F);

        if (!inside)
            continue;
        v->zones[i] = 1U << HEP_ZONE_WHOLE;
        if (has_core && rim[i] >= 0.5F)
            v->zones[i] |= 1U << HEP_ZONE_RIM;
        else if (has_core && core[i] >= 0.5F)
            v->zones[i] |= 1U << HEP_ZONE_CORE;
        for (int z = 0; z < (int)HEP_N_ZONES; z++)
            v->n[z] += (v->zones[i] & 1U << z) != 0;
    }
}

/* Of the voxels that are mostly of a part, only the purer half counts, as a reader sets a region
 * well inside; a part with too few voxels is not seen. */
static int keep_pure(struct view *v, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&v->grid);
    float *shares = hep_calloc(n, sizeof *shares, err);

    if (shares == NULL)
        return HEP_ENOMEM;
    for (int z = 0; z < (int)HEP_ZONE_WHOLE; z++) {
        const float *share = v->share->data + n * (z == (int)HEP_ZONE_RIM ? 1 : 2);
        const bool is_seen = v->n[z] >= PART_VOXELS_MIN;
        size_t k = 0;
        double least;

        for (size_t i = 0; i < n; i++)
            if ((v->zones[i] & 1U << z) != 0)
                shares[k++] = share[i];
        least = is_seen ? hep_quantile(shares, k, 0.5) : 2.0;
        v->n[z] = 0;
        for (size_t i = 0; i < n; i++)
            if ((v->zones[i] & 1U << z) != 0 && (double)share[i] < least)
                v->zones[i] &= (uint8_t) ~(1U << z);
        for (size_t i = 0; i < n; i++)
            v->n[z] += (v->zones[i] & 1U << z) != 0;
    }
    free(shares);
    return HEP_OK;
}

static int render_signal(struct hep_volume **out, struct view *v, const struct hep_truth_study *t,
                         size_t series, enum hep_phase phase, struct hep_error *err)
{
    const struct hep_render r = { .anatomy = t->anatomy,
                                  .grid = &v->grid,
                                  .lut = v->lut,
                                  .slice_share = t->event->series[series].slice_share,
                                  .nthreads = t->settings->nthreads };
    int rc = hep_lut_signal(v->lut, &t->settings->series[series], t->anatomy, &t->course[phase],
                            t->field_t, HEP_LUT_ALL, err);

    if (rc == HEP_OK)
        rc = hep_render_volume(out, &r, err);
    return rc == HEP_OK ? hep_degrade_psf(*out, t->event->series[series].psf_sd_voxels,
                                          t->settings->nthreads, err)
                        : rc;
}

/* List the voxels of the lesion on the grid of this series, with their share of lesion; none where the series ends
 * before it. */
static int view_lesion(struct view *v, const struct hep_truth_study *t, size_t series,
                       size_t lesion, enum hep_phase phase, struct hep_error *err)
{
    struct hep_render r = { .anatomy = t->anatomy,
                            .grid = &v->grid,
                            .slice_share = t->event->series[series].slice_share,
                            .nthreads = t->settings->nthreads };
    struct hep_grid whole;
    double inverse[4][4];
    size_t first[3];
    int rc;

    hep_event_grid(&whole, t->event, t->settings, series, hep_event_seed(t->settings));
    rc = hep_grid_inverse(inverse, &whole, err);
    if (rc != HEP_OK || !hep_truth_box(&v->grid, first, &whole, (const double(*)[4])inverse,
                                       &t->anatomy->lesions.item[lesion], MARGIN_MM))
        return rc;
    if (HEP_NEW(v->lut, 1, err) != HEP_OK ||
        HEP_NEW(v->zones, hep_grid_voxels(&v->grid), err) != HEP_OK)
        return HEP_ENOMEM;
    share_lut(v->lut, lesion);
    r.lut = v->lut;
    rc = hep_render_volume(&v->share, &r, err);
    if (rc == HEP_OK)
        rc = render_signal(&v->signal, v, t, series, phase, err);
    if (rc == HEP_OK)
        find_zones(v, hep_truth_has_core(t->anatomy, lesion));
    return rc == HEP_OK ? keep_pure(v, err) : rc;
}

/* Mean over a zone; NaN when it is not seen. */
static double mean_of(const struct view *v, const struct hep_volume *signal, int zone, size_t t)
{
    const size_t n = hep_grid_voxels(&v->grid);
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        if ((v->zones[i] & 1U << zone) != 0)
            sum += (double)signal->data[t * n + i];
    return v->n[zone] > 0 ? sum / (double)v->n[zone] : (double)NAN;
}

static void see_diffusion(struct hep_true_measures *m, const struct view *v,
                          const struct hep_truth_study *t, const struct hep_sim_series *r)
{
    double liver[HEP_SIM_MAX_VOLUMES] = { 0 }, s[HEP_SIM_MAX_VOLUMES] = { 0 };
    size_t top = 0;

    for (size_t b = 0; b < r->n_b; b++) {
        liver[b] = hep_truth_label_signal(t, r, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, b);
        top = r->b_s_per_mm2[b] > r->b_s_per_mm2[top] ? b : top;
    }
    m->images |= 1U << HEP_IMAGE_B_HIGH | (r->n_b > 1 ? 1U << HEP_IMAGE_ADC : 0);
    m->adc_liver = hep_truth_adc(liver, r->b_s_per_mm2, r->n_b);
    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        for (size_t b = 0; b < r->n_b; b++)
            s[b] = mean_of(v, v->signal, zone, b);
        m->adc[zone] = v->n[zone] > 0 ? hep_truth_adc(s, r->b_s_per_mm2, r->n_b) : (double)NAN;
        m->b_high[zone] = s[top] / liver[top];
    }
}

static void see_t2(struct hep_true_measures *m, const struct view *v,
                   const struct hep_truth_study *t, const struct hep_sim_series *r)
{
    m->images |= 1U << HEP_IMAGE_T2;
    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++)
        m->t2[zone] = mean_of(v, v->signal, zone, 0) /
                      hep_truth_label_signal(t, r, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, 0);
}

/* Share of the lesion's peripheral voxels that enhance by more than `least`. */
static double rim_cover(const struct view *v, const struct hep_volume *before,
                        const struct hep_lesion *l, double least)
{
    const size_t *n = v->grid.n;
    double covered = 0.0, all = 0.0;

    for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        const size_t x = i % n[0], y = i / n[0] % n[1], z = i / (n[0] * n[1]);
        double p[3];

        if (v->zones[i] == 0)
            continue;
        hep_grid_to_world(p, &v->grid, (const double[3]){ (double)x, (double)y, (double)z });
        if (hep_lesion_rho(l, p) < PERIPHERY_RHO)
            continue;
        all += 1.0;
        covered += (double)v->signal->data[i] > (1.0 + least) * (double)before->data[i] ? 1.0 : 0.0;
    }
    return all > 0.0 ? covered / all : (double)NAN;
}

static int see_phase(struct hep_true_measures *m, struct view *v, const struct hep_truth_study *t,
                     size_t series, size_t lesion, enum hep_phase p, struct hep_error *err)
{
    const struct hep_sim_series *r = &t->settings->series[series];
    const double liver = hep_truth_label_signal(t, r, HEP_LABEL_LIVER, p, 0);
    struct hep_volume *before = NULL;
    double least;
    /* Before contrast with the parameters of this series. */
    const int rc = render_signal(&before, v, t, series, HEP_PHASE_PRECONTRAST, err);

    if (rc != HEP_OK)
        return rc;
    m->images |= 1U << hep_phase_image(p);
    m->re_liver[p] =
        liver / hep_truth_label_signal(t, r, HEP_LABEL_LIVER, HEP_PHASE_PRECONTRAST, 0) - 1.0;
    for (int zone = 0; zone < (int)HEP_N_ZONES; zone++) {
        const double s = mean_of(v, v->signal, zone, 0);

        m->ratio[zone][p] = s / liver;
        m->re[zone][p] = s / mean_of(v, before, zone, 0) - 1.0;
    }
    m->over_portal[p] = mean_of(v, v->signal, HEP_ZONE_WHOLE, 0) /
                        hep_truth_label_signal(t, r, HEP_LABEL_PORTAL_VEIN, p, 0);
    least = m->re[HEP_ZONE_CORE][p] +
            hep_flag_limits_default.ring_index_min *
                fmax(m->re_liver[p], hep_flag_limits_default.ring_liver_re_floor);
    m->ring_cover[p] = rim_cover(v, before, &t->anatomy->lesions.item[lesion], least);
    hep_volume_free(before);
    return HEP_OK;
}

static int see_fat(struct hep_true_measures *m, const struct view *v,
                   const struct hep_truth_study *t, size_t series, struct hep_error *err)
{
    struct hep_volume *maps = NULL;
    const int rc = hep_truth_maps(&maps, t->anatomy, &v->grid, t->event->series[series].slice_share,
                                  t->settings->nthreads, err);

    if (rc != HEP_OK)
        return rc;
    m->images |= 1U << HEP_IMAGE_FAT_FRACTION;
    m->ff = mean_of(v, maps, HEP_ZONE_WHOLE, HEP_TRUTH_FF);
    m->ff_liver = t->anatomy->tissues.row[HEP_TISSUE_LIVER].ff;
    hep_volume_free(maps);
    return HEP_OK;
}

static int see_series(struct hep_true_measures *m, const struct hep_truth_study *t, size_t series,
                      size_t lesion, struct hep_error *err)
{
    const struct hep_sim_series *r = &t->settings->series[series];
    const enum hep_phase phase = hep_phase_of_role(r->role);
    const enum hep_phase when = phase != HEP_PHASE_COUNT ? phase : HEP_PHASE_PRECONTRAST;
    struct view v = { .share = NULL };
    int rc = view_lesion(&v, t, series, lesion, when, err);

    if (rc != HEP_OK || v.n[HEP_ZONE_WHOLE] == 0)
        goto out;
    if (phase != HEP_PHASE_COUNT)
        rc = see_phase(m, &v, t, series, lesion, phase, err);
    else if (r->role == HEP_ROLE_DWI)
        see_diffusion(m, &v, t, r);
    else if (r->role == HEP_ROLE_T2)
        see_t2(m, &v, t, r);
    else
        rc = see_fat(m, &v, t, series, err);
out:
    view_release(&v);
    return rc;
}

int hep_visible_measure(struct hep_true_measures *out, const struct hep_truth_study *t,
                        size_t lesion, struct hep_error *err)
{
    const struct hep_sim_settings *s = t->settings;
    int rc = HEP_OK;

    hep_true_measures_clear(out);
    for (size_t i = 0; rc == HEP_OK && i < s->n_series; i++)
        if (!t->event->series[i].missing)
            rc = see_series(out, t, i, lesion, err);
    return rc;
}
