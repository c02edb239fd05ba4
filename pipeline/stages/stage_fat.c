#include "pipeline/stages/stages.h"

#include "base/alloc.h"
#include "image/magnitude.h"
#include "image/mask.h"
#include "image/resample.h"
#include "image/same_place.h"
#include "pipeline/config/config.h"
#include "pipeline/results/fits.h"
#include "pipeline/stages/map_io.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

static const struct hep_slot inputs[] = { HEP_READS_SERIES("opposed"),
                                          HEP_READS_SERIES("in_phase"),
                                          HEP_READS_SERIES_4D("echoes", "xyze"),
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_MAP(
        "ff", HEP_UNIT_FRACTION, "anat/%s_desc-dualecho_FFmap",
        "fat fraction of an opposed and an in-phase echo; negative values are a sign of iron"),
    HEP_MAKES_CODES("ff_status", "anat/%s_desc-dualecho_statusmap", "status of each voxel"),
    HEP_MAKES_MAP("pdff", HEP_UNIT_FRACTION, "anat/%s_desc-multiecho_PDFFmap",
                  "proton density fat fraction of the six-peak magnitude fit"),
    HEP_MAKES_ERROR("pdff_se", HEP_UNIT_FRACTION, "anat/%s_desc-multiecho_PDFFstderrmap",
                    "standard error of the fat fraction"),
    HEP_MAKES_MAP("r2star", HEP_UNIT_PER_S, "anat/%s_R2starmap",
                  "effective transverse relaxation rate"),
    HEP_MAKES_ERROR("r2star_se", HEP_UNIT_PER_S, "anat/%s_desc-multiecho_R2starstderrmap",
                    "standard error of R2*"),
    HEP_MAKES_QUALITY("fat_rmse", HEP_UNIT_ARBITRARY, "anat/%s_desc-multiecho_rmsemap",
                      "root mean square residual"),
    HEP_MAKES_CODES("fat_status", "anat/%s_desc-multiecho_statusmap", "status of each voxel's fit"),
    HEP_MAKES_STRUCT(fat, "echo times, methods and fit quality"),
    { 0 }
};

static const char *const dual_products[] = { "ff", "ff_status", NULL };
static const char *const multi_products[] = { "pdff",     "pdff_se",    "r2star", "r2star_se",
                                              "fat_rmse", "fat_status", NULL };

/* Echoes of one field strength on one grid; volumes borrowed. */
struct echoes {
    const float *data[HEP_MULTIECHO_MAX_ECHOES];
    double te_s[HEP_MULTIECHO_MAX_ECHOES];
    size_t n;
    const struct hep_grid *grid;
    double b0_t;
    const char *series[HEP_MULTIECHO_MAX_ECHOES]; /* of each echo */
    bool water_fat;                               /* no echoes: the water and the fat image */
    struct hep_volume *opposed_here; /* owned: the opposed series on the grid of the other one */
    char lacks[384]; /* what of the acquisition is not known, without which there is no map */
};

/* Public images often come without a sidecar: the study goes on, and its fat maps are absent with this reason. */
static bool are_times_known(struct echoes *e, const struct hep_series *s)
{
    for (size_t i = 0; e->lacks[0] == '\0' && i < s->nt; i++)
        if (!isfinite(s->frame[i].te_s))
            (void)snprintf(
                e->lacks, sizeof e->lacks,
                "%.250s: EchoTime is missing: fat and water cannot be told apart without it",
                s->name);
    if (e->lacks[0] == '\0' && !isfinite(e->b0_t))
        (void)snprintf(e->lacks, sizeof e->lacks, "%.250s: MagneticFieldStrength is missing",
                       s->name);
    return e->lacks[0] == '\0';
}

static double field_of(const struct hep_run *run, const struct hep_series *s)
{
    return isfinite(s->acquisition.field_t) ? s->acquisition.field_t
                                            : hep_run_inventory(run)->field_t;
}

static int load_echoes(struct echoes *e, struct hep_run *run, struct hep_error *err)
{
    const struct hep_series *s = hep_run_series(run, "echoes");
    const struct hep_volume *v = NULL;
    int rc = hep_run_volume(run, "echoes", &v, err);

    if (rc != HEP_OK || v == NULL)
        return rc;
    e->b0_t = field_of(run, s);
    e->water_fat = s->water_fat;
    if (!e->water_fat && !are_times_known(e, s))
        return HEP_OK;
    if (v->nt > HEP_MULTIECHO_MAX_ECHOES) {
        (void)snprintf(e->lacks, sizeof e->lacks, "%.250s: %zu echoes, at most %d are used",
                       s->name, v->nt, HEP_MULTIECHO_MAX_ECHOES);
        return HEP_OK;
    }
    e->grid = &v->grid;
    for (e->n = 0; e->n < v->nt; e->n++) {
        e->data[e->n] = hep_volume_at(v, e->n);
        e->te_s[e->n] = s->frame[e->n].te_s;
        e->series[e->n] = "echoes";
    }
    return HEP_OK;
}

/* Opposed first, in phase second, whichever was acquired first. */
static int load_pair(struct echoes *e, struct hep_run *run, struct hep_error *err)
{
    const struct hep_series *op = hep_run_series(run, "opposed"),
                            *ip = hep_run_series(run, "in_phase");
    const struct hep_volume *vo = NULL, *vi = NULL;
    int rc = hep_run_volume(run, "opposed", &vo, err);

    if (rc == HEP_OK)
        rc = hep_run_volume(run, "in_phase", &vi, err);
    if (rc != HEP_OK || vo == NULL || vi == NULL)
        return rc;
    e->b0_t = field_of(run, op);
    if (!are_times_known(e, op) || !are_times_known(e, ip))
        return HEP_OK;
    if (!hep_grid_same(&vo->grid, &vi->grid, HEP_GRID_TOL_MM)) {
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "other-grid",
                      "%s and %s have different grids: the first is resampled by world "
                      "coordinates, and there is no fat fraction where it does not reach",
                      op->name, ip->name);
        rc = hep_resample(&e->opposed_here, vo, &vi->grid, NULL, HEP_INTERP_LINEAR, NAN,
                          hep_run_nthreads(run), err);
        if (rc != HEP_OK)
            return rc;
        vo = e->opposed_here;
    }
    e->grid = &vi->grid;
    e->data[0] = vo->data;
    e->data[1] = vi->data;
    e->te_s[0] = op->frame[0].te_s;
    e->te_s[1] = ip->frame[0].te_s;
    e->series[0] = "opposed";
    e->series[1] = "in_phase";
    e->n = 2;
    return rc;
}

/* Opposed, in phase and, when there is one, a later echo of either position: indices into e. */
static bool pick_pair(size_t pick[3], size_t *n, const struct echoes *e)
{
    size_t op = e->n, ip = e->n, third = e->n;

    for (size_t i = 0; i < e->n; i++) {
        enum hep_echo_phase phase = hep_dualecho_phase(e->te_s[i], e->b0_t);

        if (phase == HEP_ECHO_OPPOSED && op == e->n)
            op = i;
        else if (phase == HEP_ECHO_IN_PHASE && ip == e->n)
            ip = i;
        else if (phase != HEP_ECHO_BETWEEN && third == e->n)
            third = i;
    }
    pick[0] = op;
    pick[1] = ip;
    pick[2] = third;
    *n = third < e->n ? 3 : 2;
    return op < e->n && ip < e->n;
}

static int put_codes(struct hep_run *run, const char *product, const struct hep_grid *grid,
                     const uint8_t *status, const struct hep_json *sidecar, struct hep_error *err)
{
    struct hep_volume *v = NULL;
    size_t n = hep_grid_voxels(grid);
    int rc = hep_volume_new(&v, grid, 1, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        v->data[i] = status[i];
    if (rc == HEP_OK)
        rc = hep_maps_put_status(run, product, v, sidecar, err);
    hep_volume_free(v);
    return rc;
}

static void fill_dual(struct hep_dualecho_facts *out, const struct hep_dualecho_options *opt,
                      const struct hep_dualecho_summary *sum)
{
    *out = (struct hep_dualecho_facts){ .present = true,
                                        .te_opposed_s = opt->te_opposed_s,
                                        .te_in_phase_s = opt->te_in_phase_s,
                                        .te_third_s = (double)NAN,
                                        .r2star_given_per_s = opt->r2star_per_s,
                                        .field_t = opt->b0_t,
                                        .opposed_is_later = sum->opposed_is_later,
                                        .voxels = sum->counts,
                                        .n_ambiguous = sum->n_ambiguous,
                                        .n_iron = sum->n_iron };
    if (isfinite(opt->r2star_per_s))
        out->correction = HEP_DUALECHO_GIVEN;
    if (opt->te_third_s > 0.0) {
        out->correction = HEP_DUALECHO_THIRD;
        out->te_third_s = opt->te_third_s;
    }
}

/* Nothing is measured in air: the body is that of this signal. */
static int clear_air(struct hep_fit_counts *counts, struct hep_labels **body, struct hep_map *maps,
                     uint8_t *status, const float *signal, const struct hep_grid *grid,
                     struct hep_error *err)
{
    int rc = hep_maps_body(body, signal, grid, err);

    hep_maps_clear_air(maps, status, *body);
    hep_maps_count(counts, status, hep_grid_voxels(grid));
    return rc;
}

/* Echoes that cannot be what they are called cost their maps and no more. */
static int without(struct hep_run *run, const char *const *products, const char *series,
                   const struct hep_error *why)
{
    hep_maps_absent(run, products, why->msg);
    hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "echoes", "%s: %s",
                  hep_run_series(run, series)->name, why->msg);
    return HEP_OK;
}

static int dual_maps(struct hep_run *run, const struct echoes *e, const size_t pick[3], size_t n,
                     struct hep_fat_results *results, struct hep_error *err)
{
    const struct hep_config *cfg = hep_run_config(run);
    struct hep_dualecho_options opt = hep_dualecho_defaults();
    struct hep_error why = { 0 };
    struct hep_dualecho_signals signals = { e->data[pick[0]], e->data[pick[1]],
                                            n == 3 ? e->data[pick[2]] : NULL,
                                            hep_grid_voxels(e->grid) };
    struct hep_dualecho_summary sum = { 0 };
    struct hep_map maps[] = { { "ff", NULL }, { 0 } };
    struct hep_json *json = NULL;
    struct hep_labels *body = NULL;
    uint8_t *status;
    bool corrected;
    int rc;

    opt.b0_t = e->b0_t;
    opt.te_opposed_s = e->te_s[pick[0]];
    opt.te_in_phase_s = e->te_s[pick[1]];
    opt.te_third_s = n == 3 ? e->te_s[pick[2]] : 0.0;
    opt.r2star_per_s = n == 3 ? (double)NAN : cfg->fat.r2star_per_s;
    opt.sigma = isfinite(cfg->fat.sigma) ? cfg->fat.sigma : 0.0;
    opt.nthreads = hep_run_nthreads(run);
    if (hep_dualecho_check(&opt, &why) != HEP_OK)
        return without(run, dual_products, e->series[pick[0]], &why);
    status = hep_calloc(signals.n, 1, err);
    rc = status == NULL ? HEP_ENOMEM : hep_maps_new(maps, e->grid, err);
    corrected = n == 3 || isfinite(opt.r2star_per_s);
    if (rc == HEP_OK)
        rc = hep_dualecho_map(
            &(struct hep_dualecho_maps){ .ff_raw_frac = corrected ? NULL : maps[0].volume->data,
                                         .ff_frac = corrected ? maps[0].volume->data : NULL,
                                         .status = status },
            &sum, &signals, NULL, &opt, err);
    if (rc != HEP_OK)
        goto out;
    fill_dual(&results->dualecho, &opt, &sum);
    rc = clear_air(&results->dualecho.voxels, &body, maps, status, signals.in_phase, e->grid, err);
    if (rc == HEP_OK)
        rc = hep_echo_pair_of(&results->dualecho.pair, signals.opposed, signals.in_phase,
                              body != NULL ? body->data : NULL, signals.n, err);
    if (rc == HEP_OK)
        rc = hep_struct_json(&json, &results->dualecho, &hep_dualecho_facts_type, false, err);
    if (rc == HEP_OK)
        rc = hep_maps_put(run, maps, json, err);
    if (rc == HEP_OK)
        rc = put_codes(run, "ff_status", e->grid, status, json, err);
out:
    hep_json_free(json);
    hep_maps_free(maps);
    hep_labels_free(body);
    free(status);
    return rc;
}

/* Regions where water and fat are exchanged have no fraction; each map may be NULL. */
static int leave_exchanged_out(struct hep_swap *out, struct hep_run *run, const char *series,
                               const struct hep_grid *grid, const float *signal, float *fraction,
                               float *error, uint8_t *status, struct hep_error *err)
{
    const char *name = hep_run_series(run, series)->name;
    char text[HEP_SWAP_TEXT];
    uint8_t *exchanged = hep_calloc(hep_grid_voxels(grid), 1, err);
    int rc =
        exchanged == NULL ? HEP_ENOMEM : hep_swap_find(exchanged, out, fraction, signal, grid, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(grid); i++) {
        if (exchanged[i] == 0)
            continue;
        fraction[i] = NAN;
        status[i] = HEP_FIT_EXCHANGED;
        if (error != NULL)
            error[i] = NAN;
    }
    if (rc == HEP_OK && out->n_voxels > 0)
        hep_log_write(
            hep_run_log(run), HEP_LOG_WARNING, "exchanged",
            "%s: water and fat are exchanged (swap) in %zu regions of %.0f mL, which have "
            "no fat fraction: across %.0f cm2 it jumps to its complement inside a tissue",
            name, out->n_regions, (double)out->n_voxels * hep_grid_voxel_mm3(grid) / 1000.0,
            out->seam_cm2);
    if (rc == HEP_OK && hep_swap_skin_text(text, out))
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "exchanged", "%s: %s", name, text);
    free(exchanged);
    return rc;
}

/* F / (W + F) of the scanner's own images. */
static void divide(float *fraction, float *sum, uint8_t *status, const struct echoes *e)
{
    for (size_t i = 0; i < hep_grid_voxels(e->grid); i++) {
        const float water = e->data[0][i], fat = e->data[1][i];
        const bool ok = water >= 0.0F && fat >= 0.0F && isfinite(water + fat) && water + fat > 0.0F;

        sum[i] = ok ? water + fat : 0.0F;
        fraction[i] = ok ? fat / sum[i] : NAN;
        status[i] = ok ? HEP_FIT_OK : HEP_FIT_BAD_INPUT;
    }
}

static int water_fat_maps(struct hep_run *run, const struct echoes *e,
                          struct hep_fat_results *results, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(e->grid);
    struct hep_dualecho_facts *facts = &results->dualecho;
    struct hep_map maps[] = { { "ff", NULL }, { 0 } };
    struct hep_volume *sum = NULL;
    struct hep_labels *body = NULL;
    struct hep_json *json = NULL;
    uint8_t *status = hep_calloc(n, 1, err);
    const double none = (double)NAN;
    int rc = status == NULL ? HEP_ENOMEM : hep_maps_new(maps, e->grid, err);

    hep_maps_absent(run, multi_products, "the study has water and fat images instead of echoes");
    if (rc == HEP_OK)
        rc = hep_volume_new(&sum, e->grid, 1, err);
    if (rc != HEP_OK)
        goto out;
    *facts = (struct hep_dualecho_facts){ .present = true,
                                          .correction = HEP_DUALECHO_WATER_FAT,
                                          .te_opposed_s = none,
                                          .te_in_phase_s = none,
                                          .te_third_s = none,
                                          .r2star_given_per_s = none,
                                          .field_t = e->b0_t,
                                          .pair = { .water_ratio = none } };
    divide(maps[0].volume->data, sum->data, status, e);
    rc = leave_exchanged_out(&facts->swap, run, "echoes", e->grid, sum->data, maps[0].volume->data,
                             NULL, status, err);
    if (rc == HEP_OK)
        rc = clear_air(&facts->voxels, &body, maps, status, sum->data, e->grid, err);
    if (rc == HEP_OK)
        rc = hep_struct_json(&json, facts, &hep_dualecho_facts_type, false, err);
    if (rc == HEP_OK)
        rc = hep_maps_put(run, maps, json, err);
    if (rc == HEP_OK)
        rc = put_codes(run, "ff_status", e->grid, status, json, err);
out:
    hep_json_free(json);
    hep_maps_free(maps);
    hep_volume_free(sum);
    hep_labels_free(body);
    free(status);
    return rc;
}

static void fill_multi(struct hep_multiecho_facts *out, const struct echoes *e,
                       const struct hep_cfg_fat *cfg, bool r2star_alone,
                       const struct hep_multiecho_summary *sum)
{
    *out = (struct hep_multiecho_facts){ .present = true,
                                         .solver = (enum hep_fit_solver)cfg->solver,
                                         .n_echoes = e->n,
                                         .field_t = e->b0_t,
                                         .r2star_max_per_s = cfg->r2star_max_per_s,
                                         .sigma = sum->sigma > 0.0 ? sum->sigma : (double)NAN,
                                         .r2star_alone = r2star_alone,
                                         .n_ambiguous = sum->n_ambiguous,
                                         .voxels = sum->counts,
                                         .n_to_gsl = sum->n_to_gsl,
                                         .misfit = sum->misfit };
    (void)memcpy(out->spectrum, cfg->spectrum.s, sizeof out->spectrum);
    (void)memcpy(out->te_s, e->te_s, sizeof out->te_s);
}

static void say_r2star_alone(struct hep_run *run, const struct echoes *e)
{
    static const char *const fractions[] = { "pdff", "pdff_se", NULL };
    char reason[160];

    (void)snprintf(
        reason, sizeof reason,
        "%zu echoes from %.3f to %.3f ms cannot tell water from fat at %g T: R2* alone is "
        "fitted",
        e->n, 1e3 * e->te_s[0], 1e3 * e->te_s[e->n - 1], e->b0_t);
    hep_maps_absent(run, fractions, reason);
    hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "no-fat-fraction", "%s: %s",
                  hep_run_series(run, "echoes")->name, reason);
}

enum { N_WITHOUT_FAT = 3 }; /* the first maps of multi_maps() */

static struct hep_multiecho_options multi_options(const struct hep_run *run)
{
    const struct hep_cfg_fat *cfg = &hep_run_config(run)->fat;
    struct hep_multiecho_options opt = hep_multiecho_defaults();

    opt.fit.solver = (enum hep_fit_solver)cfg->solver;
    opt.noise = (enum hep_multiecho_noise)cfg->noise;
    opt.sigma = isfinite(cfg->sigma) ? cfg->sigma : 0.0;
    opt.snr_min = cfg->snr_min;
    opt.se_max_frac = cfg->se_max_frac;
    opt.r2star_max_per_s = cfg->r2star_max_per_s;
    opt.fit.nthreads = hep_run_nthreads(run);
    return opt;
}

/* Of the body alone, where one stands out: air has neither fat nor water, and its noise takes the solver longest. */
static int fit_body(struct hep_labels **body, const struct hep_map *maps, uint8_t *status,
                    struct hep_multiecho_summary *sum, const struct hep_multiecho_data *data,
                    const struct hep_multiecho_options *opt, const struct hep_grid *grid,
                    struct hep_error *err)
{
    const bool fat = !opt->no_fat;
    const struct hep_multiecho_maps to = { .r2star_per_s = maps[0].volume->data,
                                           .r2star_se_per_s = maps[1].volume->data,
                                           .rmse = maps[2].volume->data,
                                           .pdff_frac = fat ? maps[3].volume->data : NULL,
                                           .pdff_se_frac = fat ? maps[4].volume->data : NULL,
                                           .status = status };
    uint8_t *mask = NULL;
    int rc = hep_maps_body(body, data->echo[0], grid, err);

    if (rc == HEP_OK && *body != NULL)
        rc = HEP_NEW(mask, data->n_voxels, err);
    for (size_t i = 0; mask != NULL && i < data->n_voxels; i++)
        mask[i] = (*body)->data[i] != 0;
    if (rc == HEP_OK)
        rc = hep_multiecho_map(&to, sum, data, mask, opt, err);
    free(mask);
    return rc;
}

static int multi_maps(struct hep_run *run, const struct echoes *e, struct hep_fat_results *results,
                      struct hep_error *err)
{
    const struct hep_cfg_fat *cfg = &hep_run_config(run)->fat;
    struct hep_multiecho_options opt = multi_options(run);
    struct hep_multiecho_summary sum = { 0 };
    struct hep_fat_spectrum spectrum;
    struct hep_multiecho_data data = { e->data, e->te_s,  e->n, hep_grid_voxels(e->grid),
                                       e->b0_t, &spectrum };
    struct hep_map maps[] = { { "r2star", NULL }, { "r2star_se", NULL }, { "fat_rmse", NULL },
                              { "pdff", NULL },   { "pdff_se", NULL },   { 0 } };
    struct hep_labels *body = NULL;
    struct hep_json *json = NULL;
    struct hep_error why = { 0 };
    uint8_t *status = hep_calloc(data.n_voxels, 1, err);
    int rc = status == NULL ? HEP_ENOMEM : hep_fat_spectrum_get(&spectrum, cfg->spectrum.s, err);

    opt.no_fat = rc == HEP_OK && !hep_multiecho_separable(&data);
    if (opt.no_fat)
        maps[N_WITHOUT_FAT] = (struct hep_map){ 0 };
    if (rc == HEP_OK && hep_multiecho_check(&data, &opt, &why) != HEP_OK) {
        rc = without(run, multi_products, "echoes", &why);
        goto out;
    }
    if (rc == HEP_OK)
        rc = hep_maps_new(maps, e->grid, err);
    if (rc == HEP_OK)
        rc = fit_body(&body, maps, status, &sum, &data, &opt, e->grid, err);
    if (rc != HEP_OK)
        goto out;
    fill_multi(&results->multiecho, e, cfg, opt.no_fat, &sum);
    if (!opt.no_fat)
        rc = leave_exchanged_out(&results->multiecho.swap, run, "echoes", e->grid, e->data[0],
                                 maps[3].volume->data, maps[4].volume->data, status, err);
    if (rc != HEP_OK)
        goto out;
    hep_maps_clear_air(maps, status, body);
    hep_maps_count(&results->multiecho.voxels, status, data.n_voxels);
    rc = hep_struct_json(&json, &results->multiecho, &hep_multiecho_facts_type, false, err);
    if (rc == HEP_OK)
        rc = hep_maps_put(run, maps, json, err);
    if (rc == HEP_OK)
        rc = put_codes(run, "fat_status", e->grid, status, json, err);
    if (rc == HEP_OK && opt.no_fat)
        say_r2star_alone(run, e);
out:
    hep_json_free(json);
    hep_labels_free(body);
    hep_maps_free(maps);
    free(status);
    return rc;
}

static int make_maps(struct hep_run *run, const struct echoes *e, struct hep_fat_results *results,
                     struct hep_error *err)
{
    int method = hep_run_config(run)->fat.method;
    size_t pick[3] = { 0, 1, 0 }, n = 2;
    bool pair = e->n == 2 || pick_pair(pick, &n, e);
    int rc = HEP_OK;

    if (e->water_fat)
        return water_fat_maps(run, e, results, err);
    if (method == HEP_FAT_CHOICE_MULTI_ECHO || !pair)
        hep_maps_absent(run, dual_products, "no opposed and in-phase pair was asked for or found");
    else
        rc = dual_maps(run, e, pick, n, results, err);
    if (rc != HEP_OK)
        return rc;
    if (method == HEP_FAT_CHOICE_DUAL_ECHO || e->n < HEP_MULTIECHO_MIN_ECHOES)
        hep_maps_absent(run, multi_products, "fewer than three echoes");
    else
        rc = multi_maps(run, e, results, err);
    return rc;
}

/* Why these images are no echoes; empty when they may be. */
static int doubt(char *reason, size_t size, const struct hep_run *run, const struct echoes *e,
                 struct hep_error *err)
{
    const struct hep_same_place_limits limits = { hep_run_config(run)->align.other_place_gain,
                                                  hep_run_config(run)->enhancement.one_image_rms };
    char why[HEP_NO_MAGNITUDE_REASON + HEP_SAME_PLACE_REASON] = "";
    size_t k = 0;
    int rc = HEP_OK;

    while (k < e->n && !hep_is_no_magnitude(why, e->data[k], e->grid))
        k++;
    if (k == e->n && e->n > 2) /* two may be of two breath-holds */
        rc = hep_same_place_check_all(why, &k, e->data, e->n, e->grid, &limits, err);
    reason[0] = '\0';
    if (rc == HEP_OK && why[0] != '\0')
        (void)snprintf(reason, size, "%s, echo at %.3f ms: %s",
                       hep_run_series(run, e->series[k])->name, 1e3 * e->te_s[k], why);
    return rc;
}

static int make_all(struct hep_run *run, const struct echoes *e, struct hep_error *err)
{
    struct hep_fat_results *results = hep_fat_new(err);
    int rc = results == NULL ? HEP_ENOMEM : make_maps(run, e, results, err);

    if (rc == HEP_OK && (results->dualecho.present || results->multiecho.present))
        return hep_run_put_fat(run, results, err);
    if (rc == HEP_OK)
        hep_run_put_absent(run, "fat", "no map of fat could be made");
    hep_struct_release(results, &hep_fat_type);
    free(results);
    return rc;
}

static int run_fat(struct hep_run *run, struct hep_error *err)
{
    struct echoes e = { .n = 0 };
    char reason[320] = "";
    int rc = load_echoes(&e, run, err);

    if (rc == HEP_OK && e.n == 0)
        rc = load_pair(&e, run, err);
    if (rc == HEP_OK)
        rc = doubt(reason, sizeof reason, run, &e, err);
    if (rc != HEP_OK)
        goto out;
    if (e.n == 0 && e.lacks[0] == '\0') {
        hep_maps_absent(run, dual_products, "no in-phase and opposed series");
        hep_maps_absent(run, multi_products, "no multi-echo series");
        hep_run_put_absent(run, "fat", "no in-phase and opposed or multi-echo series");
    } else if (e.n == 0 || reason[0] != '\0') {
        const char *why = e.n == 0 ? e.lacks : reason;

        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "echoes", "%s", why);
        hep_maps_absent(run, dual_products, why);
        hep_maps_absent(run, multi_products, why);
        hep_run_put_absent(run, "fat", "%s", why);
    } else {
        rc = make_all(run, &e, err);
    }
out:
    hep_volume_free(e.opposed_here);
    return rc;
}

static const char *const settings[] = { "outputs.maps", "fat.", "align.other_place_gain",
                                        "enhancement.one_image_rms", NULL };

const struct hep_stage hep_stage_fat = {
    .name = "fat",
    .typical_share = 2,
    .summary = "Fat fraction and R2* from gradient echoes.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_fat,
};
