#include "image/register.h"

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "image/nifti.h"
#include "image/register_bspline.h"
#include "image/register_log.h"

#include <math.h>
#include <stdlib.h>

#define MAX_PARAMETER_BYTES ((size_t)1 << 20)
#define MAX_TRANSFORM_BYTES ((size_t)64 << 20)
#define MAX_LOG_BYTES ((size_t)64 << 20)
/* Further than this no part of a body moves between two series of one examination. */
#define MAX_DISPLACEMENT_MM 150.0
#define ORTHOGONAL_TOL 1e-3

/* The files of one registration. */
enum file {
    FIXED,
    MOVING,
    MASK,
    RIGID,
    BSPLINE,
    OUT,
    OUT_RIGID,
    OUT_BSPLINE,
    OUT_LOG,
    CONSOLE,
    N_FILES
};
static const char *const names[N_FILES] = { "fixed.nii",
                                            "moving.nii",
                                            "mask.nii",
                                            "rigid.txt",
                                            "bspline.txt",
                                            "out",
                                            "out/TransformParameters.0.txt",
                                            "out/TransformParameters.1.txt",
                                            "out/elastix.log",
                                            "console.txt" };

struct files {
    char *path[N_FILES];
};

static int files_new(struct files *f, const char *folder, struct hep_error *err)
{
    for (int i = 0; i < N_FILES; i++) {
        f->path[i] = hep_path_join(folder, names[i], err);
        if (f->path[i] == NULL)
            return HEP_ENOMEM;
    }
    return hep_mkdir_p(f->path[OUT], err);
}

static void files_release(struct files *f)
{
    for (int i = 0; i < N_FILES; i++)
        free(f->path[i]);
}

bool hep_register_available(void)
{
    char *elastix = hep_process_find("elastix");
    bool there = elastix != NULL;

    free(elastix);
    return there;
}

void hep_registration_release(struct hep_registration *r)
{
    hep_volume_free(r->displacement);
    free(r->log);
    *r = (struct hep_registration){ 0 };
}

static int check_axes(const struct hep_grid *g, const char *what, struct hep_error *err)
{
    double mm[3];

    hep_grid_spacing(mm, g);
    for (int a = 0; a < 3; a++) {
        int b = (a + 1) % 3;
        double dot = 0.0;

        for (int k = 0; k < 3; k++)
            dot += g->to_world[k][a] * g->to_world[k][b];
        if (!(fabs(dot) <= ORTHOGONAL_TOL * mm[a] * mm[b]))
            return HEP_FAIL(err, HEP_EGEOM, "the axes of the %s volume are not orthogonal", what);
    }
    return HEP_OK;
}

/* Voxel i of a grid as coordinates. */
static void voxel_of(double voxel[3], const size_t n[3], size_t i)
{
    const size_t at[3] = { i % n[0], i / n[0] % n[1], i / n[0] / n[1] };

    for (int k = 0; k < 3; k++)
        voxel[k] = (double)at[k];
}

/* Does any voxel of the mask, moved by the start, lie in the moving volume? */
static int check_overlap(const struct hep_labels *mask, const struct hep_grid *moving,
                         const double start_mm[3], struct hep_error *err)
{
    const size_t *n = mask->grid.n;
    double inverse[4][4];
    size_t set = 0, inside = 0;
    int rc = hep_grid_inverse(inverse, moving, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&mask->grid); i++) {
        double voxel[3];
        double p[3];
        bool in = true;

        if (mask->data[i] == 0)
            continue;
        set++;
        voxel_of(voxel, n, i);
        hep_grid_to_world(p, &mask->grid, voxel);
        for (int k = 0; k < 3; k++)
            p[k] += start_mm[k];
        hep_affine_apply(p, HEP_AFFINE(inverse), (const double[3]){ p[0], p[1], p[2] });
        for (int k = 0; k < 3; k++)
            in = in && p[k] >= -0.5 && p[k] <= (double)moving->n[k] - 0.5;
        inside += in;
    }
    if (rc == HEP_OK && set == 0)
        return HEP_FAIL(err, HEP_EINVAL, "the mask of the registration is empty");
    if (rc == HEP_OK && inside == 0)
        return HEP_FAIL(err, HEP_EGEOM, "the two volumes do not overlap");
    return rc;
}

/* The B-spline starts from what the rigid step left, less than the distance of its control points: the finest level
 * is enough. Levels are asked of the rigid step. */
#define BSPLINE_LEVELS 1L
#define MAX_LEVELS 8

/* Coarse levels are images smoothed as voxels 2^level times as large would be, by a Gaussian of half their width; the
 * finest level is the image as it is. None has fewer voxels: only those that are drawn cost time. */
static void write_schedules(struct hep_str *rescaling, struct hep_str *smoothing_mm, long levels,
                            double voxel_mm)
{
    for (long level = levels - 1; level >= 0; level--) {
        const double mm = level > 0 ? 0.5 * (double)(1L << level) * voxel_mm : 0.0;

        hep_str_add(rescaling, "1 1 1 ");
        hep_str_addf(smoothing_mm, "%.9g %.9g %.9g ", mm, mm, mm);
    }
}

static int write_parameters(const char *to, const char *from, const struct hep_register_settings *s,
                            double voxel_mm, struct hep_error *err)
{
    const bool is_bspline = from == s->bspline_path;
    const long levels = is_bspline ? BSPLINE_LEVELS : s->resolutions;
    static const char *const keys[] = { "NumberOfResolutions",
                                        "MaximumNumberOfIterations",
                                        "NumberOfHistogramBins",
                                        "NumberOfSpatialSamples",
                                        "ImagePyramidRescaleSchedule",
                                        "ImagePyramidSmoothingSchedule",
                                        "FinalGridSpacingInPhysicalUnits" };
    char number[5][32];
    struct hep_str rescaling = { 0 }, smoothing = { 0 };
    size_t n = sizeof keys / sizeof keys[0], length = 0;
    char *text = NULL, *own = NULL;
    int rc = hep_file_read(&text, &length, from, MAX_PARAMETER_BYTES, err);

    if (rc != HEP_OK)
        return rc;
    (void)snprintf(number[0], sizeof number[0], "%ld", levels);
    (void)snprintf(number[1], sizeof number[1], "%ld",
                   is_bspline ? s->iterations : s->rigid_iterations);
    (void)snprintf(number[2], sizeof number[2], "%ld", s->bins);
    (void)snprintf(number[3], sizeof number[3], "%ld", s->samples);
    (void)snprintf(number[4], sizeof number[4], "%.9g", s->bspline_mm);
    write_schedules(&rescaling, &smoothing, levels, voxel_mm);
    rc = hep_str_check(&rescaling, err);
    if (rc == HEP_OK)
        rc = hep_str_check(&smoothing, err);
    if (rc == HEP_OK) {
        const char *values[] = { number[0],   number[1],   number[2], number[3],
                                 rescaling.s, smoothing.s, number[4] };

        rc = hep_register_parameters(&own, text, keys, values, is_bspline ? n : n - 1, err);
    }
    if (rc == HEP_OK)
        rc = hep_file_write(to, own, strlen(own), err);
    hep_str_release(&rescaling);
    hep_str_release(&smoothing);
    free(own);
    free(text);
    return rc;
}

static int write_moving(const char *path, const struct hep_volume *moving, const double start_mm[3],
                        struct hep_error *err)
{
    struct hep_volume shifted = *moving; /* borrows the values */

    /* elastix starts at the identity: what lies at x + start is put at x. */
    for (int k = 0; k < 3; k++)
        shifted.grid.to_world[k][3] -= start_mm[k];
    shifted.nt = 1;
    return hep_nifti_write(path, &shifted, NULL, err);
}

static int write_inputs(const struct files *f, const struct hep_volume *fixed,
                        const struct hep_volume *moving, const struct hep_labels *mask,
                        const double start_mm[3], const struct hep_register_settings *s,
                        struct hep_error *err)
{
    const double voxel_mm = cbrt(hep_grid_voxel_mm3(&fixed->grid));
    struct hep_volume first = *fixed;
    int rc;

    first.nt = 1;
    rc = hep_nifti_write(f->path[FIXED], &first, NULL, err);
    if (rc == HEP_OK)
        rc = write_moving(f->path[MOVING], moving, start_mm, err);
    if (rc == HEP_OK)
        rc = hep_nifti_write_labels(f->path[MASK], mask, NULL, err);
    if (rc == HEP_OK)
        rc = write_parameters(f->path[RIGID], s->rigid_path, s, voxel_mm, err);
    if (rc == HEP_OK && s->bspline_path != NULL)
        rc = write_parameters(f->path[BSPLINE], s->bspline_path, s, voxel_mm, err);
    return rc;
}

static int run_program(const char *const *argv, const char *console, double timeout_s,
                       struct hep_error *err)
{
    static const char *const env[] = { "LC_ALL=C", "OMP_NUM_THREADS=1",
                                       "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1", NULL };
    struct hep_process_opts opts = { .output = console, .set_env = env, .own_group = true };
    struct hep_process process = { 0 };
    struct hep_process_end end;
    struct hep_error why = { 0 };
    int rc = hep_process_start(&process, argv, &opts, &why);

    /* A program that has vanished or cannot be executed is a fault of its own, as any other that it has. */
    if (rc != HEP_OK)
        return HEP_FAIL(err, rc == HEP_ENOENT ? HEP_EDATA : why.code, "%s", why.msg);
    hep_process_wait(&process, &end, timeout_s, NULL);
    if (end.timed_out)
        return HEP_FAIL(err, HEP_EDATA, "%s was stopped after %g s", argv[0], timeout_s);
    if (!end.exited)
        return HEP_FAIL(err, HEP_EDATA, "%s was ended by signal %d", argv[0], end.signal);
    if (end.code != 0) {
        char reason[160];

        hep_register_last_words(reason, sizeof reason, console);
        return HEP_FAIL(err, HEP_EDATA, "%s failed with exit code %d%s%s", argv[0], end.code,
                        reason[0] != '\0' ? ": " : "", reason);
    }
    return HEP_OK;
}

static int run_elastix(const struct files *f, const struct hep_register_settings *s,
                       struct hep_error *err)
{
    const char *argv[] = { "elastix",
                           "-f",
                           f->path[FIXED],
                           "-m",
                           f->path[MOVING],
                           "-fMask",
                           f->path[MASK],
                           "-out",
                           f->path[OUT],
                           "-threads",
                           "1",
                           "-p",
                           f->path[RIGID],
                           s->bspline_path != NULL ? "-p" : NULL,
                           f->path[BSPLINE],
                           NULL };

    return run_program(argv, f->path[CONSOLE], s->timeout_s, err);
}

/* A file that elastix wrote; the caller frees it. */
static int read_output(char **text, size_t *n, const struct files *f, enum file which,
                       struct hep_error *err)
{
    struct hep_error why = { 0 };
    int rc = hep_file_read(text, n, f->path[which], MAX_TRANSFORM_BYTES, &why);

    if (rc == HEP_ENOENT)
        return HEP_FAIL(err, HEP_EFORMAT, "elastix wrote no %s", names[which]);
    return rc == HEP_OK ? HEP_OK : HEP_FAIL(err, why.code, "%s", why.msg);
}

static int read_rigid(struct hep_registration *out, const struct files *f, struct hep_error *err)
{
    char *text = NULL;
    size_t n = 0;
    int rc = read_output(&text, &n, f, OUT_RIGID, err);

    if (rc == HEP_OK)
        rc = hep_register_parse_euler(out->rigid, text, n, hep_path_base(names[OUT_RIGID]), err);
    free(text);
    return rc;
}

/* The B-spline is composed: it moves the point that the rigid step leads to. */
static int bend(struct hep_volume *field, const struct hep_bspline *b, const double rigid[4][4],
                struct hep_error *err)
{
    for (size_t i = 0; i < hep_grid_voxels(&field->grid); i++) {
        double voxel[3], x[3], y[3], u[3];

        voxel_of(voxel, field->grid.n, i);
        hep_grid_to_world(x, &field->grid, voxel);
        hep_affine_apply(y, rigid, x);
        hep_bspline_at(u, b, y);
        for (size_t c = 0; c < 3; c++) {
            if (!(fabs(u[c]) <= MAX_DISPLACEMENT_MM))
                return HEP_FAIL(err, HEP_EFORMAT,
                                "elastix found a displacement of %g mm, at most %g is possible",
                                u[c], MAX_DISPLACEMENT_MM);
            hep_volume_at(field, c)[i] = (float)u[c];
        }
    }
    return HEP_OK;
}

static int read_field(struct hep_registration *out, const struct files *f,
                      const struct hep_grid *lattice, struct hep_error *err)
{
    struct hep_bspline b = { .coefficient = NULL };
    char *text = NULL;
    size_t n = 0;
    int rc = read_output(&text, &n, f, OUT_BSPLINE, err);

    if (rc == HEP_OK)
        rc = hep_register_parse_bspline(&b, text, hep_path_base(names[OUT_BSPLINE]), err);
    if (rc == HEP_OK)
        rc = hep_volume_new_unset(&out->displacement, lattice, 3, err);
    if (rc == HEP_OK)
        rc = bend(out->displacement, &b, HEP_AFFINE(out->rigid), err);
    hep_bspline_release(&b);
    free(text);
    return rc;
}

int hep_register(struct hep_registration *out, const struct hep_volume *fixed,
                 const struct hep_volume *moving, const struct hep_labels *mask,
                 const double start_mm[3], const struct hep_register_settings *settings,
                 const struct hep_grid *lattice, const char *folder, struct hep_error *err)
{
    struct files f = { 0 };
    int rc = check_axes(&fixed->grid, "fixed", err);

    if (rc == HEP_OK)
        rc = check_axes(&moving->grid, "moving", err);
    if (rc != HEP_OK)
        return rc;
    if (settings->resolutions < 1 || settings->resolutions > MAX_LEVELS)
        return HEP_FAIL(err, HEP_EINVAL, "%ld resolutions, allowed: 1 to %d", settings->resolutions,
                        MAX_LEVELS);
    if (!hep_grid_same(&mask->grid, &fixed->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "mask and fixed volume are on different grids");
    rc = check_overlap(mask, &moving->grid, start_mm, err);
    if (rc == HEP_OK)
        rc = files_new(&f, folder, err);
    if (rc == HEP_OK)
        rc = write_inputs(&f, fixed, moving, mask, start_mm, settings, err);
    if (rc == HEP_OK) {
        rc = run_elastix(&f, settings, err);
        out->log = hep_register_log(f.path[OUT_LOG], MAX_LOG_BYTES);
    }
    if (rc == HEP_OK)
        rc = read_rigid(out, &f, err);
    if (rc == HEP_OK && settings->bspline_path != NULL)
        rc = read_field(out, &f, lattice, err);
    for (int k = 0; rc == HEP_OK && k < 3; k++)
        out->rigid[k][3] += start_mm[k];
    files_release(&f);
    return rc;
}
