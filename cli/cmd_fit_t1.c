#include "cli/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/number.h"
#include "cli/fit_io.h"
#include "sequences/sidecar.h"
#include "contrast/t1_recovery.h"
#include "image/nifti.h"
#include "image/resample.h"
#include "pipeline/study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct t1_options {
    struct hep_common_options common;
    struct hep_args images, flip, ti;
    struct hep_fit_output output;
    const char *mask, *b1;
    double tr, t1_max;
    long nthreads;
    int method;
    bool is_signed;
};
enum { METHOD_FLIP_ANGLES, METHOD_RECOVERY, METHOD_LOOK_LOCKER };
enum { MAX_VOLUMES = HEP_RECOVERY_MAX_TIMES };

#define S struct t1_options
static const char *const methods[] = { "vfa", "ir", "look-locker", NULL };
static const struct hep_option options[] = {
    HEP_FIT_OUTPUT_OPTIONS(S),
    HEP_OPT_CHOICE(S, method, "method", 0, "HOW", methods, NULL,
                   "flip angles, inversion recovery, or a Look-Locker readout (MOLLI) whose T1* is "
                   "corrected; without it "
                   "by what the sidecars hold: several FlipAngle or several InversionTime"),
    HEP_OPT_LIST(S, flip, "flip", 0, "DEG",
                 "flip angle of each volume; without it from the sidecars, or names (_15deg)"),
    HEP_OPT_LIST(S, ti, "ti", 0, "S",
                 "inversion time of each volume; without it from the sidecars"),
    HEP_OPT_NUMBER(S, tr, "tr", 0, "S", 1e-4, 60, NULL,
                   "repetition time of vfa; without it from the sidecar"),
    HEP_OPT(
        FILE_IN, S, b1, "b1", 0, "FILE", NULL,
        "map of actual over nominal flip angle, as a ratio or in per cent, on any grid; of vfa"),
    HEP_OPT_FLAG(S, is_signed, "signed", 0, "samples have their sign (real part); else magnitudes"),
    HEP_OPT_NUMBER(S, t1_max, "t1-max", 0, "S", 0.2, 20, "5", "longest T1 accepted"),
    HEP_OPT(FILE_IN, S, mask, "mask", 'm', "FILE", NULL,
            "fit where it is not 0; on the grid of the data"),
    HEP_OPT_INTEGER(S, nthreads, "nthreads", 0, "N", 1, 4096, NULL, "threads"),
    { 0 },
};
static const struct hep_positional positionals[] = {
    HEP_POS_MANY(FILE_IN, S, images, "image",
                 "one file per flip angle or inversion time, or one 4-D file"),
    { 0 },
};
static const char *const examples[] = {
    "hepar fit t1 fa-2.nii.gz fa-10.nii.gz fa-20.nii.gz --b1 b1.nii.gz -o t1",
    "hepar fit t1 molli.nii.gz --method look-locker -o t1", NULL
};
#undef S

/* The volumes with their settings; NaN where the sidecar has none. */
struct t1_input {
    struct hep_volume *file[MAX_VOLUMES];
    size_t n_files, n;
    const float *signal[MAX_VOLUMES];
    const char *path[MAX_VOLUMES];
    double flip_rad[MAX_VOLUMES], ti_s[MAX_VOLUMES], tr_s;
    float *b1;
    bool b1_in_percent;
};

static void release(struct t1_input *in)
{
    for (size_t i = 0; i < in->n_files; i++)
        hep_volume_free(in->file[i]);
    free(in->b1);
}

/* The number before "deg" in a name; NaN when there is none. */
static double degrees_of_name(const char *name)
{
    const char *unit = strstr(name, "deg");
    double value = 0.0;
    double place = 1.0;
    const char *at = unit;

    for (; at != NULL && at > name && hep_is_digit(at[-1]); at--) {
        value += place * (at[-1] - '0');
        place *= 10.0;
    }
    return value > 0.0 ? value : (double)NAN;
}

/* InversionTime of the sidecar: a number, or a list with one for each volume; in ms where it is above 20, since no
 * inversion waits that many seconds. */
static int inversion_times(double *ti, size_t n, const char *path, struct hep_error *err)
{
    struct hep_json *sidecar = NULL;
    const struct hep_json *time = NULL;
    char *beside = NULL;
    int rc = hep_sidecar_best(&beside, path, ".json", err);

    if (rc == HEP_OK && beside != NULL)
        rc = hep_json_read(&sidecar, beside, err);
    time = hep_json_get(sidecar, "InversionTime");
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        ti[i] = hep_json_size(time) == n ? hep_json_number(hep_json_at(time, i))
                : n == 1                 ? hep_json_number(time)
                                         : (double)NAN;
        ti[i] = ti[i] > 20.0 ? ti[i] / 1000.0 : ti[i];
    }
    hep_json_free(sidecar);
    free(beside);
    return rc;
}

static int add_file(struct t1_input *in, const char *path, struct hep_cli *cli,
                    struct hep_error *err)
{
    struct hep_acquisition a;
    struct hep_volume *v = NULL;
    int rc = HEP_OK;

    hep_acquisition_init(&a);
    rc = hep_fit_sidecar(&a, path, cli, err);
    if (rc == HEP_OK)
        rc = hep_fit_read(&v, path, false, cli, err);
    if (rc == HEP_OK && in->n + v->nt > MAX_VOLUMES) {
        rc = HEP_FAIL(err, HEP_EDATA, "%s: more than %d volumes", path, (int)MAX_VOLUMES);
        hep_volume_free(v);
    } else if (rc == HEP_OK) {
        in->file[in->n_files++] = v;
        if (!hep_grid_same(&v->grid, &in->file[0]->grid, HEP_GRID_TOL_MM))
            rc = HEP_FAIL(err, HEP_EGEOM, "%s: its grid is not that of %s", path, in->path[0]);
        else
            rc = inversion_times(&in->ti_s[in->n], v->nt, path, err);
        in->tr_s = isfinite(in->tr_s) ? in->tr_s : a.tr_s;
    }
    for (size_t t = 0; rc == HEP_OK && t < v->nt; t++, in->n++) {
        in->signal[in->n] = hep_volume_at(v, t);
        in->path[in->n] = path;
        in->flip_rad[in->n] = a.flip_rad;
        if (!isfinite(a.flip_rad))
            in->flip_rad[in->n] = degrees_of_name(hep_path_base(path)) * HEP_PI / 180.0;
    }
    hep_acquisition_release(&a);
    return rc;
}

static int take_list(double *to, const struct hep_args *list, size_t n, double scale,
                     const char *option, struct hep_error *err)
{
    int rc = HEP_OK;

    if (list->n > 0 && list->n != n)
        return HEP_FAIL(err, HEP_EUSAGE, "%s has %zu values for %zu volumes", option, list->n, n);
    for (size_t i = 0; rc == HEP_OK && i < list->n; i++) {
        rc = hep_parse_double(&to[i], list->items[i], err);
        to[i] *= scale;
    }
    return rc;
}

static bool differ(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return false;
    }
    for (size_t i = 1; i < n; i++) {
        if (fabs(x[i] - x[0]) > 1e-6)
            return true;
    }
    return false;
}

/* What is varied says how T1 is found. */
static int choose_method(int *method, const struct t1_input *in, const struct t1_options *o,
                         struct hep_error *err)
{
    bool angles = differ(in->flip_rad, in->n);
    bool times = differ(in->ti_s, in->n);

    *method = o->method >= 0 ? o->method : times ? METHOD_RECOVERY : METHOD_FLIP_ANGLES;
    if (*method == METHOD_FLIP_ANGLES && !angles)
        return HEP_FAIL(
            err, HEP_EDATA,
            "%s: neither flip angles nor inversion times that differ in the sidecars: give "
            "--flip or --ti",
            in->path[0]);
    if (*method == METHOD_FLIP_ANGLES && !isfinite(in->tr_s))
        return HEP_FAIL(err, HEP_EDATA, "%s: no RepetitionTime in its sidecar: give --tr",
                        in->path[0]);
    if (*method != METHOD_FLIP_ANGLES && !times)
        return HEP_FAIL(err, HEP_EDATA,
                        "%s: no inversion times that differ in the sidecars: give --ti",
                        in->path[0]);
    return HEP_OK;
}

/* B1 on the grid of the data; per cent where its median says so. */
static int read_b1(struct t1_input *in, const char *path, int nthreads, struct hep_error *err)
{
    const struct hep_grid *grid = &in->file[0]->grid;
    struct hep_volume *map = NULL;
    struct hep_volume *here = NULL;
    size_t n = hep_grid_voxels(grid);
    size_t n_percent = 0;
    size_t n_ratio = 0;
    int rc = hep_nifti_read_unplaced(&map, path, false, err);

    if (rc == HEP_OK && (map->grid.unplaced || grid->unplaced) &&
        !hep_grid_same(&map->grid, grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM,
                      "%s: not on the grid of %s, and one of them has no orientation by which it "
                      "could be brought there",
                      path, in->path[0]);
    if (rc == HEP_OK)
        rc = hep_resample(&here, map, grid, NULL, HEP_INTERP_LINEAR, NAN, nthreads, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(in->b1, n, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        in->b1[i] = here->data[i];
        n_percent += here->data[i] > 20.0F;
        n_ratio += here->data[i] > 0.2F && here->data[i] < 2.0F;
    }
    in->b1_in_percent = n_percent > n_ratio;
    for (size_t i = 0; rc == HEP_OK && in->b1_in_percent && i < n; i++)
        in->b1[i] /= 100.0F;
    if (rc == HEP_OK && n_percent + n_ratio == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: no B1 on the grid of %s, neither ratios nor per cent",
                      path, in->path[0]);
    hep_volume_free(map);
    hep_volume_free(here);
    return rc;
}

static int read_all(struct t1_input *in, int *method, const struct t1_options *o, int nthreads,
                    struct hep_cli *cli, struct hep_error *err)
{
    int rc = HEP_OK;

    in->tr_s = o->tr;
    for (size_t i = 0; rc == HEP_OK && i < o->images.n; i++)
        rc = add_file(in, o->images.items[i], cli, err);
    if (rc == HEP_OK)
        rc = take_list(in->flip_rad, &o->flip, in->n, HEP_PI / 180.0, "--flip", err);
    if (rc == HEP_OK)
        rc = take_list(in->ti_s, &o->ti, in->n, 1.0, "--ti", err);
    if (rc == HEP_OK)
        rc = choose_method(method, in, o, err);
    if (rc == HEP_OK && o->b1 != NULL && *method != METHOD_FLIP_ANGLES)
        rc = HEP_FAIL(err, HEP_EUSAGE, "--b1 belongs to --method vfa: recovery does not need it");
    if (rc == HEP_OK && o->b1 != NULL)
        rc = read_b1(in, o->b1, nthreads, err);
    return rc;
}

static int fit(struct hep_fit_file *files, uint8_t *status, const struct t1_input *in, int method,
               const struct t1_options *o, int nthreads, struct hep_error *err)
{
    size_t n = hep_grid_voxels(&in->file[0]->grid);
    float *t1 = hep_fit_files_data(files, "T1");
    float *se = hep_fit_files_data(files, "T1_stderr");
    float *m0 = hep_fit_files_data(files, "M0");

    if (method == METHOD_FLIP_ANGLES) {
        const struct hep_vfa_maps maps = { t1, m0, se, status };

        return hep_t1_vfa(&maps, in->signal, in->flip_rad, in->n, in->b1, in->tr_s, o->t1_max, n,
                          nthreads, err);
    }
    {
        const struct hep_recovery_maps maps = { t1,
                                                se,
                                                m0,
                                                hep_fit_files_data(files, "inversion"),
                                                hep_fit_files_data(files, "rmse"),
                                                status };
        const struct hep_recovery_options opt = { o->is_signed, method == METHOD_LOOK_LOCKER,
                                                  o->t1_max, nthreads };

        return hep_t1_recovery(&maps, in->signal, in->ti_s, in->n, n, &opt, err);
    }
}

static struct hep_json *sidecar_of(struct hep_put *put, const struct t1_input *in, int method,
                                   const struct t1_options *o)
{
    static const char *const words[] = { "flip angles, least squares of the spoiled gradient echo",
                                         "inversion recovery",
                                         "inversion recovery with Look-Locker correction of T1*" };
    struct hep_json *json = hep_json_new_object();
    double degrees[MAX_VOLUMES];

    for (size_t i = 0; i < in->n; i++)
        degrees[i] = in->flip_rad[i] * 180.0 / HEP_PI;
    hep_put_text(put, json, "Method", words[method]);
    if (method == METHOD_FLIP_ANGLES) {
        hep_put_numbers(put, json, "FlipAngles", degrees, in->n);
        hep_put_number(put, json, "RepetitionTime", in->tr_s);
        hep_put_text(put, json, "B1",
                     in->b1 == NULL
                         ? "not corrected: T1 is off by about twice the error of the flip angle"
                     : in->b1_in_percent ? "corrected by a map in per cent"
                                         : "corrected by a map of ratios");
    } else {
        hep_put_numbers(put, json, "InversionTimes", in->ti_s, in->n);
        hep_put_bool(put, json, "Signed", o->is_signed);
    }
    hep_put_number(put, json, "LongestT1", o->t1_max);
    hep_put(put, json, "StatusCodes",
            hep_json_new_string("0 ok, 1 bad input, 2 out of range, 255 outside the mask"));
    return json;
}

/* Outside the mask nothing is said; counts what is within. */
static void finish_maps(struct hep_fit_file *files, const uint8_t *status,
                        const struct hep_labels *mask, size_t n, size_t counts[3])
{
    float *out = hep_fit_files_data(files, "status");

    for (size_t i = 0; i < n; i++) {
        bool inside = mask == NULL || mask->data[i] != 0;

        if (out != NULL)
            out[i] = inside ? (float)status[i] : 255.0F;
        if (inside && status[i] < 3)
            counts[status[i]]++;
        for (struct hep_fit_file *f = files; !inside && f->name != NULL; f++) {
            if (f->volume != NULL && f->volume->data != out)
                f->volume->data[i] = NAN;
        }
    }
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct t1_options *o = given;
    struct t1_input in = { .n = 0 };
    struct hep_fit_file files[7] = { HEP_FIT_FILE("T1", S, PARAMETER),
                                     HEP_FIT_FILE("T1_stderr", S, ERROR),
                                     HEP_FIT_FILE("M0", ARBITRARY, PARAMETER),
                                     HEP_FIT_FILE("status", DIMENSIONLESS, QUALITY) };
    struct hep_labels *mask = NULL;
    struct hep_put put = { HEP_OK, err };
    struct hep_json *sidecar = NULL;
    uint8_t *status = NULL;
    size_t counts[3] = { 0 };
    size_t n = 0;
    int nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    int method = METHOD_FLIP_ANGLES;
    int rc = read_all(&in, &method, o, nthreads, cli, err);

    if (rc != HEP_OK)
        goto out;
    if (method != METHOD_FLIP_ANGLES) {
        files[4] = (struct hep_fit_file)HEP_FIT_FILE("inversion", DIMENSIONLESS, QUALITY);
        files[5] = (struct hep_fit_file)HEP_FIT_FILE("rmse", ARBITRARY, QUALITY);
    }
    n = hep_grid_voxels(&in.file[0]->grid);
    rc = hep_fit_files_choose(files, &o->output, err);
    if (rc == HEP_OK)
        rc = hep_fit_keep_inputs(&o->output, files, in.path, in.n, err);
    if (rc == HEP_OK)
        rc = hep_fit_mask(&mask, o->mask, &in.file[0]->grid, in.path[0], err);
    if (rc == HEP_OK)
        rc = hep_fit_files_new(files, &in.file[0]->grid, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(status, n, err);
    if (rc == HEP_OK)
        rc = fit(files, status, &in, method, o, nthreads, err);
    if (rc != HEP_OK)
        goto out;
    finish_maps(files, status, mask, n, counts);
    sidecar = sidecar_of(&put, &in, method, o);
    rc = put.rc == HEP_OK ? hep_fit_write(&o->output, files, sidecar, nthreads, err) : put.rc;
    if (rc == HEP_OK)
        (void)fprintf(cli->out, "%s: T1 by %s: %zu ok, %zu out of range, %zu bad input\n",
                      o->output.out, methods[method], counts[HEP_VFA_OK],
                      counts[HEP_VFA_OUT_OF_RANGE], counts[HEP_VFA_BAD_INPUT]);
out:
    hep_json_free(sidecar);
    hep_fit_files_free(files);
    hep_labels_free(mask);
    free(status);
    release(&in);
    return rc;
}

const struct hep_command hep_cmd_fit_t1 = {
    "fit t1",
    "T1 from flip angles, inversion recovery or Look-Locker readouts",
    "Maps T1 [s], T1_stderr, M0 and status; of recoveries also inversion, the ratio of the "
    "inversion, "
    "and rmse.",
    options,
    positionals,
    sizeof(struct t1_options),
    run,
    examples
};
