#include "cli/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "fitting/dualecho.h"
#include "fitting/echo_pair.h"
#include "fitting/multiecho.h"
#include "image/magnitude.h"
#include "image/mask.h"
#include "image/nifti.h"
#include "image/same_place.h"
#include "cli/fit_io.h"
#include "pipeline/results/fits.h"
#include "base/json_put.h"
#include "pipeline/study.h"

#include <math.h>

struct fat_options {
    struct hep_common_options common;
    struct hep_args echoes, te;
    struct hep_fit_output output;
    const char *mask, *solver, *spectrum;
    double field, r2star, sigma;
    long nthreads;
    bool verify;
};

#define S struct fat_options
/* What is asked of any series of echoes. */
#define ECHO_ROWS                                                                                  \
    HEP_FIT_OUTPUT_OPTIONS(S),                                                                     \
        HEP_OPT(FILE_IN, S, mask, "mask", 'm', "FILE", NULL,                                       \
                "fit where it is not 0; on the grid of the data"),                                 \
        HEP_OPT_LIST(S, te, "te", 0, "S",                                                          \
                     "echo times [s], one per volume; without it from the sidecars"),              \
        HEP_OPT_NUMBER(S, field, "field", 0, "T", 0.2, 12, NULL,                                   \
                       "field strength; without it from the sidecars")
static const struct hep_option dual_options[] = {
    ECHO_ROWS,
    HEP_OPT_NUMBER(S, r2star, "r2star", 0, "RATE", 0, 2000, NULL,
                   "R2* [1/s] for two echoes; without it the fraction is not corrected"),
    HEP_OPT_NUMBER(S, sigma, "sigma", 0, "SD", 0, 1e12, NULL, "noise SD: dark voxels are marked"),
    HEP_OPT_INTEGER(S, nthreads, "nthreads", 0, "N", 1, 4096, NULL, "threads"),
    { 0 },
};
static const struct hep_option multi_options[] = {
    ECHO_ROWS,
    HEP_OPT(TEXT, S, solver, "solver", 0, "S", "batched", "batched or gsl (the reference)"),
    HEP_OPT(TEXT, S, spectrum, "spectrum", 0, "NAME", HEP_FAT_SPECTRUM_DEFAULT,
            "fat spectrum: hamilton2011, hamilton2011-liver, single"),
    HEP_OPT_NUMBER(S, sigma, "sigma", 0, "SD", 0, 1e12, NULL,
                   "noise SD of one channel; without it measured in the residuals of the fit. The "
                   "noise floor is part of the model"),
    HEP_OPT_INTEGER(S, nthreads, "nthreads", 0, "N", 1, 4096, NULL, "threads"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS_MANY(FILE_IN, S, echoes, "echo", "one magnitude file per echo, or one 4-D file"),
    { 0 },
};

/* Echo volumes with their times, sorted by time. */
struct echo_set {
    struct hep_volume *volume[HEP_MULTIECHO_MAX_ECHOES];
    size_t n_volumes;
    const float *data[HEP_MULTIECHO_MAX_ECHOES];
    double te_s[HEP_MULTIECHO_MAX_ECHOES];
    const char *path[HEP_MULTIECHO_MAX_ECHOES];
    size_t n, n_parts; /* echoes; volumes left out, which are phases or parts of the others */
    double field_t;
};

static void release(struct echo_set *e)
{
    for (size_t i = 0; i < e->n_volumes; i++)
        hep_volume_free(e->volume[i]);
}

static int add_volumes(struct echo_set *e, const char *path, const struct hep_volume *v,
                       const struct hep_acquisition *a, struct hep_error *err)
{
    const float *volume[HEP_COMPLEX_PARTS_MAX];
    size_t n = v->nt;

    if (n >= 2 && n <= HEP_COMPLEX_PARTS_MAX && a->n_te_list == 0) {
        for (size_t t = 0; t < n; t++)
            volume[t] = hep_volume_at(v, t);
        n = hep_is_magnitude_with_parts(volume, n, &v->grid) ? 1 : n;
    }
    e->n_parts += v->nt - n;
    for (size_t t = 0; t < n; t++) {
        if (e->n == HEP_MULTIECHO_MAX_ECHOES)
            return HEP_FAIL(err, HEP_EDATA, "%s: more than %d echoes", path,
                            HEP_MULTIECHO_MAX_ECHOES);
        e->data[e->n] = hep_volume_at(v, t);
        e->path[e->n] = path;
        e->te_s[e->n] = a->n_te_list == v->nt ? a->te_list_s[t] : n == 1 ? a->te_s : (double)NAN;
        e->n++;
    }
    return HEP_OK;
}

static int read_echo(struct echo_set *e, const char *path, struct hep_cli *cli,
                     struct hep_error *err)
{
    struct hep_acquisition a;
    struct hep_volume *v = NULL;
    int rc = HEP_OK;

    hep_acquisition_init(&a);
    rc = hep_fit_sidecar(&a, path, cli, err);
    if (rc == HEP_OK)
        rc = hep_fit_read(&v, path, true, cli, err);
    if (rc != HEP_OK)
        goto out;
    e->volume[e->n_volumes++] = v;
    if (!hep_grid_same(&v->grid, &e->volume[0]->grid, HEP_GRID_TOL_MM)) {
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: its grid is not that of %s", path, e->path[0]);
        goto out;
    }
    if (isnan(e->field_t))
        e->field_t = a.field_t;
    rc = add_volumes(e, path, v, &a, err);
out:
    hep_acquisition_release(&a);
    return rc;
}

static int times_from_options(struct echo_set *e, const struct fat_options *o,
                              struct hep_error *err)
{
    if (o->te.n > 0 && o->te.n != e->n)
        return HEP_FAIL(err, HEP_EUSAGE, "--te has %zu times for %zu echoes", o->te.n, e->n);
    for (size_t i = 0; i < o->te.n; i++) {
        int rc = hep_parse_double(&e->te_s[i], o->te.items[i], err);

        if (rc != HEP_OK)
            return rc;
    }
    for (size_t i = 0; i < e->n; i++) {
        if (!isfinite(e->te_s[i]) || e->te_s[i] <= 0.0)
            return HEP_FAIL(err, HEP_EDATA,
                            "%s: no EchoTime in its sidecar: give --te, or the sidecar",
                            e->path[i]);
    }
    if (!isfinite(e->field_t))
        return HEP_FAIL(err, HEP_EDATA, "%s: no MagneticFieldStrength in its sidecar: give --field",
                        e->path[0]);
    return HEP_OK;
}

static void sort_by_time(struct echo_set *e)
{
    for (size_t i = 1; i < e->n; i++) {
        for (size_t k = i; k > 0 && e->te_s[k] < e->te_s[k - 1]; k--) {
            double te = e->te_s[k];
            const float *data = e->data[k];
            const char *path = e->path[k];

            e->te_s[k] = e->te_s[k - 1];
            e->data[k] = e->data[k - 1];
            e->path[k] = e->path[k - 1];
            e->te_s[k - 1] = te;
            e->data[k - 1] = data;
            e->path[k - 1] = path;
        }
    }
}

/* Volumes of one echo time in a row may be a magnitude and its parts: the magnitude stays. */
static void drop_parts(struct echo_set *e)
{
    size_t kept = 0;

    for (size_t i = 0, n; i < e->n; i += n) {
        for (n = 1; i + n < e->n && e->te_s[i + n] == e->te_s[i]; n++)
            ;
        const bool parts = hep_is_magnitude_with_parts(e->data + i, n, &e->volume[0]->grid);

        e->n_parts += parts ? n - 1 : 0;
        for (size_t k = 0; k < (parts ? 1 : n); k++, kept++) {
            e->data[kept] = e->data[i + k];
            e->path[kept] = e->path[i + k];
            e->te_s[kept] = e->te_s[i + k];
        }
    }
    e->n = kept;
}

static int check_magnitudes(const struct echo_set *e, struct hep_error *err)
{
    char why[HEP_NO_MAGNITUDE_REASON];

    for (size_t i = 0; i < e->n; i++) {
        if (hep_is_no_magnitude(why, e->data[i], &e->volume[0]->grid))
            return HEP_FAIL(err, HEP_EDATA, "%s: %s", e->path[i], why);
    }
    return HEP_OK;
}

/* By the default limits, of three or more: two may be of two breath-holds. */
static int check_places(const struct echo_set *e, struct hep_error *err)
{
    char why[HEP_SAME_PLACE_REASON] = "";
    struct hep_config config;
    size_t k = 0;
    int rc = hep_config_defaults(&config, err);
    const struct hep_same_place_limits limits = { config.align.other_place_gain,
                                                  config.enhancement.one_image_rms };

    if (rc == HEP_OK && e->n > 2)
        rc = hep_same_place_check_all(why, &k, e->data, e->n, &e->volume[0]->grid, &limits, err);
    return why[0] == '\0' ? rc : HEP_FAIL(err, HEP_EDATA, "%s: %s", e->path[k], why);
}

static int read_echoes(struct echo_set *e, const struct fat_options *o, struct hep_cli *cli,
                       struct hep_error *err)
{
    int rc = HEP_OK;

    e->field_t = o->field;
    if (o->echoes.n > HEP_MULTIECHO_MAX_ECHOES)
        return HEP_FAIL(err, HEP_EUSAGE, "at most %d echoes", HEP_MULTIECHO_MAX_ECHOES);
    for (size_t i = 0; rc == HEP_OK && i < o->echoes.n; i++)
        rc = read_echo(e, o->echoes.items[i], cli, err);
    if (rc == HEP_OK)
        rc = times_from_options(e, o, err);
    if (rc == HEP_OK)
        drop_parts(e);
    if (rc == HEP_OK && e->n_parts > 0)
        hep_log_write(cli->log, HEP_LOG_WARNING, "fit",
                      "%s: complex parts: %zu volumes beside the magnitudes are left out",
                      e->path[0], e->n_parts);
    if (rc == HEP_OK)
        rc = check_magnitudes(e, err);
    if (rc == HEP_OK)
        sort_by_time(e);
    return rc == HEP_OK ? check_places(e, err) : rc;
}

/* Mask as bytes; NULL without a mask. */
static int read_mask(uint8_t **out, const struct fat_options *o, const struct echo_set *e,
                     struct hep_error *err)
{
    const struct hep_grid *grid = &e->volume[0]->grid;
    struct hep_labels *mask = NULL;
    size_t n = hep_grid_voxels(grid);
    int rc = hep_fit_mask(&mask, o->mask, grid, o->echoes.items[0], err);

    if (rc != HEP_OK || mask == NULL)
        return rc;
    *out = hep_calloc(n, 1, err);
    if (*out == NULL)
        rc = HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        (*out)[i] = mask->data[i] != 0;
    hep_labels_free(mask);
    return rc;
}

/* `to` NULL: nobody asked for the map. */
static void store_status(float *to, const uint8_t *status, size_t n)
{
    for (size_t i = 0; to != NULL && i < n; i++)
        to[i] = status[i];
}

static int threads(const struct fat_options *o)
{
    return o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
}

static int settle_pair(struct hep_dualecho_options *opt, struct hep_dualecho_signals *sig,
                       const struct echo_set *e, struct hep_error *err)
{
    size_t op = e->n, ip = e->n, third = e->n;

    if (e->n != 2 && e->n != 3)
        return HEP_FAIL(err, HEP_EDATA, "dual echo takes two or three echoes, got %zu", e->n);
    for (size_t i = 0; i < e->n; i++) {
        enum hep_echo_phase phase = hep_dualecho_phase(e->te_s[i], e->field_t);

        if (phase == HEP_ECHO_OPPOSED && op == e->n)
            op = i;
        else if (phase == HEP_ECHO_IN_PHASE && ip == e->n)
            ip = i;
        else
            third = i;
    }
    if (op == e->n || ip == e->n)
        return HEP_FAIL(
            err, HEP_EDATA,
            "echo times %.3f and %.3f ms are not one opposed and one in-phase echo at %.2f T",
            e->te_s[0] * 1e3, e->te_s[1] * 1e3, e->field_t);
    opt->te_opposed_s = e->te_s[op];
    opt->te_in_phase_s = e->te_s[ip];
    sig->opposed = e->data[op];
    sig->in_phase = e->data[ip];
    if (third < e->n) {
        opt->te_third_s = e->te_s[third];
        sig->third = e->data[third];
    }
    return HEP_OK;
}

static struct hep_json *dual_sidecar(struct hep_put *put, const struct echo_set *e,
                                     const struct hep_dualecho_options *opt,
                                     const struct hep_dualecho_summary *sum)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_numbers(put, o, "EchoTimes", e->te_s, e->n);
    hep_put_number(put, o, "EchoTimeOpposed", opt->te_opposed_s);
    hep_put_number(put, o, "EchoTimeInPhase", opt->te_in_phase_s);
    hep_put_number(put, o, "MagneticFieldStrength", e->field_t);
    hep_put_bool(put, o, "OpposedIsLater", sum->opposed_is_later);
    hep_put_bool(put, o, "R2starCorrected", opt->te_third_s > 0.0 || isfinite(opt->r2star_per_s));
    hep_put_count(put, o, "VoxelsAmbiguous", sum->n_ambiguous);
    hep_put_count(put, o, "VoxelsIronSuspected", sum->n_iron);
    hep_put(put, o, "Voxels", hep_counts_json(put, &sum->counts));
    return o;
}

/* The body in the volume that these signals are of; *body is NULL where none is seen. */
static int find_body(struct hep_labels **body, const struct echo_set *e, const float *signal,
                     struct hep_error *err)
{
    struct hep_error none = { 0 };
    int rc = HEP_OK;

    for (size_t i = 0; i < e->n_volumes; i++)
        for (size_t t = 0; rc == HEP_OK && *body == NULL && t < e->volume[i]->nt; t++)
            if (hep_volume_at(e->volume[i], t) == signal)
                rc = hep_body_mask(body, e->volume[i], t, &none);
    return rc == HEP_OK || rc == HEP_EDATA ? HEP_OK : HEP_FAIL(err, none.code, "%s", none.msg);
}

/* Says so when the two echoes cannot be what their times call them, by the default limits. */
static int check_pair(const struct echo_set *e, const struct hep_dualecho_signals *sig,
                      struct hep_cli *cli, struct hep_error *err)
{
    struct hep_labels *body = NULL;
    char reason[HEP_ECHO_PAIR_REASON];
    struct hep_config config;
    struct hep_echo_pair pair;
    int rc = hep_config_defaults(&config, err);

    if (rc == HEP_OK)
        rc = find_body(&body, e, sig->in_phase, err);
    if (rc == HEP_OK && body != NULL) {
        const struct hep_echo_pair_limits limits = { config.liver.plausible_pair_excess,
                                                     config.liver.plausible_pair_apart,
                                                     config.liver.plausible_pair_water };

        rc = hep_echo_pair_of(&pair, sig->opposed, sig->in_phase, body->data, sig->n, err);
        if (rc == HEP_OK && hep_echo_pair_contradicts(reason, &pair, &limits))
            hep_log_write(cli->log, HEP_LOG_WARNING, "fit",
                          "%s: %s: echoes scaled differently or exchanged, or iron", e->path[0],
                          reason);
    }
    hep_labels_free(body);
    return rc;
}

/* Which maps are wanted; none may replace an echo. */
static int choose_maps(struct hep_fit_file *files, const struct fat_options *o,
                       struct hep_error *err)
{
    int rc = hep_fit_files_choose(files, &o->output, err);

    return rc == HEP_OK ? hep_fit_keep_inputs(&o->output, files, o->echoes.items, o->echoes.n, err)
                        : rc;
}

static int run_dual(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct fat_options *o = given;
    struct echo_set e = { .n = 0 };
    struct hep_fit_file files[4] = { HEP_FIT_FILE("FF", FRACTION, PARAMETER),
                                     HEP_FIT_FILE("status", DIMENSIONLESS, QUALITY) };
    struct hep_dualecho_options opt = hep_dualecho_defaults();
    struct hep_dualecho_signals sig = { 0 };
    struct hep_dualecho_summary sum = { 0 };
    struct hep_dualecho_maps maps = { 0 };
    struct hep_put put = { HEP_OK, err };
    struct hep_json *sidecar = NULL;
    uint8_t *mask = NULL, *status = NULL;
    int rc = read_echoes(&e, o, cli, err);

    if (rc == HEP_OK)
        rc = settle_pair(&opt, &sig, &e, err);
    if (rc == HEP_OK && sig.third != NULL)
        files[2] = (struct hep_fit_file)HEP_FIT_FILE("R2star", PER_S, PARAMETER);
    if (rc == HEP_OK)
        rc = choose_maps(files, o, err);
    if (rc == HEP_OK)
        rc = read_mask(&mask, o, &e, err);
    if (rc == HEP_OK)
        rc = hep_fit_files_new(files, &e.volume[0]->grid, err);
    if (rc != HEP_OK)
        goto out;
    sig.n = hep_grid_voxels(&e.volume[0]->grid);
    status = hep_calloc(sig.n, 1, err);
    opt.b0_t = e.field_t;
    opt.r2star_per_s = sig.third != NULL ? (double)NAN : o->r2star;
    opt.sigma = isfinite(o->sigma) ? o->sigma : 0.0;
    opt.nthreads = threads(o);
    if (sig.third != NULL || isfinite(o->r2star))
        maps.ff_frac = hep_fit_files_data(files, "FF");
    else
        maps.ff_raw_frac = hep_fit_files_data(files, "FF");
    maps.r2star_per_s = hep_fit_files_data(files, "R2star");
    maps.status = status;
    rc = status == NULL ? HEP_ENOMEM : hep_dualecho_map(&maps, &sum, &sig, mask, &opt, err);
    if (rc == HEP_OK)
        rc = check_pair(&e, &sig, cli, err);
    if (rc == HEP_OK) {
        store_status(hep_fit_files_data(files, "status"), status, sig.n);
        sidecar = dual_sidecar(&put, &e, &opt, &sum);
        rc = put.rc;
    }
    if (rc == HEP_OK)
        rc = hep_fit_write(&o->output, files, sidecar, opt.nthreads, err);
    if (rc == HEP_OK) {
        (void)fprintf(cli->out, "%s: dual echo: ", o->output.out);
        hep_fit_print_counts(cli->out, &sum.counts);
    }
out:
    hep_json_free(sidecar);
    hep_fit_files_free(files);
    free(mask);
    free(status);
    release(&e);
    return rc;
}

static struct hep_json *multi_sidecar(struct hep_put *put, const struct echo_set *e,
                                      const struct fat_options *o,
                                      const struct hep_multiecho_options *opt,
                                      const struct hep_multiecho_summary *sum)
{
    struct hep_json *json = hep_json_new_object();

    hep_put_text(put, json, "Method",
                 opt->no_fat ? "magnitude fit of one R2*: the echo times cannot tell fat"
                             : "magnitude fit of water, fat and one R2*");
    hep_put_text(put, json, "FatSpectrum", o->spectrum);
    hep_put_text(put, json, "Solver", o->solver);
    hep_put_numbers(put, json, "EchoTimes", e->te_s, e->n);
    hep_put_number(put, json, "MagneticFieldStrength", e->field_t);
    if (sum->sigma > 0.0)
        hep_put_number(put, json, "NoiseSD", sum->sigma);
    hep_put_count(put, json, "VoxelsAmbiguous", sum->n_ambiguous);
    hep_put_number(put, json, "EchoMisfit", sum->misfit.share);
    hep_put_number(put, json, "EchoMisfitTime", sum->misfit.te_s);
    hep_put(put, json, "Voxels", hep_counts_json(put, &sum->counts));
    return json;
}

static const struct hep_fit_file multi_files[] = { HEP_FIT_FILE("PDFF", FRACTION, PARAMETER),
                                                   HEP_FIT_FILE("PDFF_stderr", FRACTION, ERROR),
                                                   HEP_FIT_FILE("R2star", PER_S, PARAMETER),
                                                   HEP_FIT_FILE("R2star_stderr", PER_S, ERROR),
                                                   HEP_FIT_FILE("rmse", ARBITRARY, QUALITY),
                                                   HEP_FIT_FILE("status", DIMENSIONLESS, QUALITY),
                                                   { 0 } };
enum { n_multi_files = sizeof multi_files / sizeof multi_files[0], n_of_fat = 2 };

/* Allocates the maps: without PDFF when the echo times cannot tell water from fat. */
static int fit_multi(struct hep_fit_file *files, struct hep_multiecho_summary *sum,
                     const struct echo_set *e, const struct fat_options *o, const uint8_t *mask,
                     struct hep_multiecho_options *opt, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&e->volume[0]->grid);
    struct hep_fit_file *next = files;
    struct hep_fat_spectrum spectrum;
    uint8_t *status = hep_calloc(n, 1, err);
    const struct hep_multiecho_data data = { e->data, e->te_s, e->n, n, e->field_t, &spectrum };
    int rc = status == NULL ? HEP_ENOMEM : hep_fat_spectrum_get(&spectrum, o->spectrum, err);

    if (rc == HEP_OK) {
        opt->no_fat = !hep_multiecho_separable(&data);
        for (size_t i = opt->no_fat ? n_of_fat : 0; i < n_multi_files; i++)
            *next++ = multi_files[i];
        rc = hep_fit_files_choose(files, &o->output, err);
        if (rc == HEP_OK)
            rc = hep_fit_keep_inputs(&o->output, files, o->echoes.items, o->echoes.n, err);
    }
    if (rc == HEP_OK)
        rc = hep_fit_files_new(files, &e->volume[0]->grid, err);
    if (rc == HEP_OK) {
        struct hep_multiecho_maps maps = { .pdff_frac = hep_fit_files_data(files, "PDFF"),
                                           .r2star_per_s = hep_fit_files_data(files, "R2star"),
                                           .pdff_se_frac = hep_fit_files_data(files, "PDFF_stderr"),
                                           .r2star_se_per_s =
                                               hep_fit_files_data(files, "R2star_stderr"),
                                           .rmse = hep_fit_files_data(files, "rmse"),
                                           .status = status };

        rc = hep_multiecho_map(&maps, sum, &data, mask, opt, err);
    }
    if (rc == HEP_OK)
        store_status(hep_fit_files_data(files, "status"), status, n);
    free(status);
    return rc;
}

/* Says so when the echoes do not follow each other, by the default limit. */
static int check_echoes(const struct echo_set *e, const struct hep_echo_misfit *misfit,
                        struct hep_cli *cli, struct hep_error *err)
{
    char reason[HEP_ECHO_MISFIT_REASON];
    struct hep_config config;
    int rc = hep_config_defaults(&config, err);

    if (rc == HEP_OK &&
        hep_multiecho_contradicts(reason, misfit, config.liver.plausible_echo_misfit))
        hep_log_write(cli->log, HEP_LOG_WARNING, "fit", "%s: %s", e->path[0], reason);
    return rc;
}

static int run_multi(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct fat_options *o = given;
    struct echo_set e = { .n = 0 };
    struct hep_fit_file files[n_multi_files] = { 0 };
    struct hep_multiecho_options opt = hep_multiecho_defaults();
    struct hep_multiecho_summary sum = { 0 };
    struct hep_put put = { HEP_OK, err };
    struct hep_json *sidecar = NULL;
    uint8_t *mask = NULL;
    int rc = read_echoes(&e, o, cli, err);

    opt.sigma = isfinite(o->sigma) ? o->sigma : 0.0;
    opt.fit.nthreads = threads(o);
    if (rc == HEP_OK && e.n < 3)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%zu echoes: R2* and fat fraction need three or more; of an opposed and an "
                      "in-phase echo hepar fit dualecho gives the fat fraction",
                      e.n);
    if (rc == HEP_OK)
        rc = hep_fit_solver_parse(&opt.fit.solver, o->solver, err);
    if (rc == HEP_OK)
        rc = read_mask(&mask, o, &e, err);
    if (rc == HEP_OK)
        rc = fit_multi(files, &sum, &e, o, mask, &opt, err);
    if (rc == HEP_OK)
        rc = check_echoes(&e, &sum.misfit, cli, err);
    if (rc == HEP_OK) {
        sidecar = multi_sidecar(&put, &e, o, &opt, &sum);
        rc = put.rc;
    }
    if (rc == HEP_OK)
        rc = hep_fit_write(&o->output, files, sidecar, opt.fit.nthreads, err);
    if (rc == HEP_OK) {
        (void)fprintf(cli->out, "%s: multi echo: ", o->output.out);
        hep_fit_print_counts(cli->out, &sum.counts);
        if (opt.no_fat)
            (void)fprintf(cli->out,
                          "these echo times cannot tell water from fat: R2* alone, no PDFF\n");
    }
    hep_json_free(sidecar);
    hep_fit_files_free(files);
    free(mask);
    release(&e);
    return rc;
}

static const char *const dual_examples[] = {
    "hepar fit dualecho opposed.nii.gz in_phase.nii.gz -o maps", NULL
};
const struct hep_command hep_cmd_fit_dualecho = {
    "fit dualecho",
    "fat fraction of an opposed and an in-phase echo",
    "Which echo is which follows from the echo times and the field, not from the order. Maps FF "
    "and status, and R2star with a third echo.",
    dual_options,
    positionals,
    sizeof(S),
    run_dual,
    dual_examples
};

static const char *const multi_examples[] = {
    "hepar fit multiecho echo-1.nii.gz echo-2.nii.gz echo-3.nii.gz echo-4.nii.gz -o maps", NULL
};
const struct hep_command hep_cmd_fit_multiecho = {
    "fit multiecho",
    "proton density fat fraction and R2* of three or more echoes",
    "Maps PDFF and R2star with errors, rmse, status; R2star alone where all echoes are in phase.",
    multi_options,
    positionals,
    sizeof(S),
    run_multi,
    multi_examples
};
