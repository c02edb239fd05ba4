/* Registration: motions that are known recovered, elastix's files read as transformix reads them,
 * and an engine that is missing, slow, failing or lying. */
#include "register_scene.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "image/register.h"
#include "image/register_compose.h"
#include "image/register_metric.h"

#include <math.h>
#include <omp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct hep_register_settings usual(bool deformable)
{
    return (struct hep_register_settings){
        .rigid_path = HEP_CONFIGS "/registration/rigid.txt",
        .bspline_path = deformable ? HEP_CONFIGS "/registration/bspline.txt" : NULL,
        .bspline_mm = 32.0,
        .resolutions = 2,
        .bins = 32,
        .samples = 2048,
        .rigid_iterations = 30,
        .iterations = 60,
        .timeout_s = 120.0,
    };
}

/* ---- recovery */

enum axes { RAS, LAS, OBLIQUE };
struct recovery {
    const char *name;
    enum axes axes;
    bool inverted, deformable;
};

static const struct recovery recoveries[] = {
    { "rigid: axes R A S", RAS, false, false },
    { "rigid: axes L A S, contrast inverted", LAS, true, false },
    { "rigid: oblique", OBLIQUE, false, false },
    { "the chain with a B-spline recovers the same: axes L A S", LAS, false, true },
};

static struct hep_grid grid_with(enum axes axes)
{
    struct hep_grid g = hep_test_grid(54, 46, 40, 4.0, 4.0, 4.0);

    if (axes == LAS) {
        g.to_world[0][3] = -g.to_world[0][3];
        g.to_world[0][0] = -4.0;
    }
    if (axes == OBLIQUE) {
        double turn[4][4];

        skew_motion(turn, 25.0, 0.0);
        hep_affine_mul(g.to_world, HEP_AFFINE(turn), HEP_AFFINE(g.to_world));
    }
    return g;
}

static double worst_error(const struct hep_registration *r, const double truth[4][4],
                          const struct hep_labels *mask, double *mean)
{
    double worst = 0.0, sum = 0.0, n = 0.0;

    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++) {
        double x[3], got[3], want[3], length = 0.0;

        if (mask->data[i] == 0)
            continue;
        world_of(x, &mask->grid, i);
        hep_affine_apply(want, truth, x);
        hep_affine_apply(got, HEP_AFFINE(r->rigid), x);
        for (size_t k = 0; k < 3; k++) {
            double d = got[k] - want[k];

            if (r->displacement != NULL)
                d += (double)hep_volume_at(r->displacement, k)[i];
            length += d * d;
        }
        worst = fmax(worst, sqrt(length));
        sum += sqrt(length);
        n += 1.0;
    }
    *mean = sum / n;
    return worst;
}

static void test_recovery(void **state)
{
    const struct recovery *c = *state;
    struct hep_grid g = grid_with(c->axes), other = hep_test_grid(60, 50, 44, 3.8, 4.0, 4.2);
    double truth[4][4], mean = 0.0, worst;
    const double none[3] = { 0.0, 0.0, 0.0 };
    struct hep_register_settings settings = usual(c->deformable);
    struct hep_registration r = { .log = NULL };
    struct hep_volume *fixed, *moving;
    struct hep_labels *mask;
    char *folder = hep_test_mkdir();

    if (!hep_register_available())
        skip();
    skew_motion(truth, 5.0, 8.0);
    fixed = body_on(&g, identity, false);
    moving = body_on(&other, HEP_AFFINE(truth), c->inverted);
    mask = inner_body(&g);
    assert_ok(hep_register(&r, fixed, moving, mask, none, &settings, &g, folder, &e), e);
    worst = worst_error(&r, HEP_AFFINE(truth), mask, &mean);
    /* The rigid model holds everywhere. The B-spline's random samples leave about 1 mm where the
     * image is flat; what does not raise the metric is not taken (image/align_pair.h). */
    assert_true(c->deformable ? mean < 1.5 && worst < 8.0 : worst < 1.0);
    assert_true((r.displacement != NULL) == c->deformable);
    assert_non_null(strstr(r.log, "Final metric value"));
    assert_null(strstr(r.log, folder));
    hep_registration_release(&r);
    hep_volume_free(fixed);
    hep_volume_free(moving);
    hep_labels_free(mask);
    hep_test_rmdir(folder);
}

/* A start that is given is part of the result, and the result is the same bytes each time. */
static void test_start_and_repeat(void **state)
{
    struct hep_grid g = hep_test_grid(54, 46, 40, 4.0, 4.0, 4.0);
    double truth[4][4], start[3] = { 0.0, 0.0, 0.0 }, mean = 0.0;
    struct hep_register_settings settings = usual(true);
    struct hep_registration r[2] = { { .log = NULL }, { .log = NULL } };
    struct hep_volume *fixed, *moving;
    struct hep_labels *mask;
    char *folder[2] = { hep_test_mkdir(), hep_test_mkdir() };

    (void)state;
    if (!hep_register_available())
        skip();
    (void)memcpy(truth, identity, sizeof truth);
    truth[2][3] = 30.0;
    fixed = body_on(&g, identity, false);
    moving = body_on(&g, HEP_AFFINE(truth), true);
    mask = inner_body(&g);
    assert_ok(hep_register_search(start, fixed, moving, mask, 36.0, 6.0, 0.05, &e), e);
    assert_close(start[0], 0.0, 0.0, 0.0);
    assert_close(start[2], 30.0, 0.0, 6.0);
    for (int i = 0; i < 2; i++) {
        omp_set_num_threads(i + 1);
        assert_ok(hep_register(&r[i], fixed, moving, mask, start, &settings, &g, folder[i], &e), e);
    }
    (void)worst_error(&r[0], HEP_AFFINE(truth), mask, &mean);
    assert_true(mean < 1.0);
    assert_memory_equal(r[0].rigid, r[1].rigid, sizeof r[0].rigid);
    assert_memory_equal(r[0].displacement->data, r[1].displacement->data,
                        3 * hep_grid_voxels(&g) * sizeof(float));
    assert_string_equal(r[0].log, r[1].log);
    for (int i = 0; i < 2; i++) {
        hep_registration_release(&r[i]);
        hep_test_rmdir(folder[i]);
    }
    hep_volume_free(fixed);
    hep_volume_free(moving);
    hep_labels_free(mask);
}

/* ---- elastix's files */

#define EULER "(Transform \"EulerTransform\")\n"
#define NONE "(InitialTransformParametersFileName \"NoInitialTransform\")\n"
#define SIX "(TransformParameters 0.3 -0.2 0.5 4 -5 6)\n"
#define CENTRE "(CenterOfRotationPoint 10 20 30)\n"

struct euler {
    const char *name, *text;
    double out[3]; /* of the LPS point 17 -23 41, by transformix 5.0.1, in LPS */
    const char *fails;
};

static const struct euler eulers[] = {
    { "Rz Rx Ry",
      EULER NONE SIX CENTRE "(ComputeZYX \"false\")\n",
      { 39.521781, -21.965838, 34.920431 },
      NULL },
    { "Rz Ry Rx",
      EULER NONE SIX CENTRE "(ComputeZYX \"true\")\n",
      { 41.656986, -20.404903, 35.235845 },
      NULL },
    { "empty", "", { 0 }, "not an EulerTransform" },
    { "another transform",
      "(Transform \"AffineTransform\")\n" NONE SIX CENTRE,
      { 0 },
      "not an EulerTransform" },
    { "an initial transform",
      EULER "(InitialTransformParametersFileName \"/etc/passwd\")\n" SIX CENTRE,
      { 0 },
      "initial transform" },
    { "an initial transform, in the words of 5.2",
      EULER "(InitialTransformParameterFileName \"rigid.txt\")\n" SIX CENTRE,
      { 0 },
      "initial transform" },
    { "an initial transform beside none",
      EULER NONE "(InitialTransformParameterFileName \"NoInitialTransform2\")\n" SIX CENTRE,
      { 0 },
      "initial transform" },
    { "an initial transform without quotes",
      EULER "(InitialTransformParameterFileName NoInitialTransform)\n" SIX CENTRE,
      { 0 },
      "initial transform" },
    { "no word of an initial transform",
      EULER SIX CENTRE "(ComputeZYX \"false\")\n",
      { 39.521781, -21.965838, 34.920431 },
      NULL },
    { "an empty initial transform",
      EULER "(InitialTransformParameterFileName \"\")\n" SIX CENTRE "(ComputeZYX \"false\")\n",
      { 39.521781, -21.965838, 34.920431 },
      NULL },
    { "cut off", EULER NONE "(TransformParameters 0.3 -0.2 0.5 4", { 0 }, "no complete line" },
    { "five numbers",
      EULER NONE "(TransformParameters 0.3 -0.2 0.5 4 -5)\n" CENTRE,
      { 0 },
      "5 numbers" },
    { "seven numbers",
      EULER NONE "(TransformParameters 0.3 -0.2 0.5 4 -5 6 7)\n" CENTRE,
      { 0 },
      "more than 6" },
    { "NaN", EULER NONE "(TransformParameters nan -0.2 0.5 4 -5 6)\n" CENTRE, { 0 }, "'nan'" },
    { "no centre", EULER NONE SIX, { 0 }, "CenterOfRotationPoint" },
    { "a shift out of this world",
      EULER NONE "(TransformParameters 0 0 0 4e9 -5 6)\n" CENTRE,
      { 0 },
      "shift" },
    { "head over heels",
      EULER NONE "(TransformParameters 3 0 0 4 -5 6)\n" CENTRE,
      { 0 },
      "rotation" },
};

static void test_euler(void **state)
{
    const struct euler *c = *state;
    const double in[3] = { -17.0, 23.0, 41.0 }, lps[3] = { -1.0, -1.0, 1.0 };
    double ras[4][4], out[3];
    int rc = hep_register_parse_euler(ras, c->text, strlen(c->text), "file", &e);

    if (c->fails != NULL) {
        assert_fails(rc, e, HEP_EFORMAT, c->fails);
        return;
    }
    assert_ok(rc, e);
    hep_affine_apply(out, HEP_AFFINE(ras), in);
    for (int k = 0; k < 3; k++)
        assert_close(out[k], lps[k] * c->out[k], 0.0, 2e-6);
}

static void test_parameters(void **state)
{
    static const char text[] = "// A comment\n(KeyTwo 1)\n  (Key \"a\" \"b\")\n(Keys 3)\n";
    static const char *const keys[] = { "Key", "New" }, *const values[] = { "5 6", "\"x\"" };
    char *out = NULL;

    (void)state;
    assert_ok(hep_register_parameters(&out, text, keys, values, 2, &e), e);
    assert_string_equal(out, "// A comment\n(KeyTwo 1)\n(Keys 3)\n(Key 5 6)\n(New \"x\")\n");
    free(out);
}

/* ---- an engine that misbehaves: a script in the place of elastix */

#define TO_OUT "while [ $# -gt 1 ]; do [ \"$1\" = -out ] && out=$2; shift; done\n"
#define WRITE(n, text) "cat > \"$out/TransformParameters." #n ".txt\" <<'X'\n" text "X\n"
#define GOOD TO_OUT WRITE(0, EULER NONE SIX CENTRE)
#define BENT(size, order, how, numbers)                                                            \
    "(Transform \"RecursiveBSplineTransform\")\n(HowToCombineTransforms \"" how                    \
    "\")\n(GridSize " size ")\n(GridIndex 0 0 0)\n(BSplineTransformSplineOrder " order             \
    ")\n(GridSpacing 32 32 32)\n"                                                                  \
    "(GridOrigin 0 0 0)\n(GridDirection 1 0 0 0 1 0 0 0 1)\n(TransformParameters " numbers ")\n"

struct engine {
    const char *name, *elastix; /* NULL: not there */
    enum hep_status code;
    const char *part;
};

static const struct engine engines[] = {
    { "missing", NULL, HEP_EDATA, "elastix: no such program" },
    { "too slow", "exec sleep 60\n", HEP_EDATA, "stopped after" },
    { "fails, with its reason", "echo 'Description: itk::ERROR: no samples'; exit 3\n", HEP_EDATA,
      "exit code 3: Description: itk::ERROR: no samples" },
    { "dies", "kill -9 $$\n", HEP_EDATA, "signal 9" },
    { "writes nothing", "exit 0\n", HEP_EFORMAT, "wrote no" },
    { "writes garbage", TO_OUT "echo '(((' > \"$out/TransformParameters.0.txt\"\n", HEP_EFORMAT,
      "not an EulerTransform" },
    { "writes a file without end", TO_OUT "truncate -s 1G \"$out/TransformParameters.0.txt\"\n",
      HEP_EFORMAT, NULL },
    { "no B-spline", GOOD, HEP_EFORMAT, "elastix wrote no out/TransformParameters.1.txt" },
    { "another transform for the B-spline", GOOD WRITE(1, EULER NONE SIX CENTRE), HEP_EFORMAT,
      "not a BSplineTransform" },
    { "a B-spline that is added", GOOD WRITE(1, BENT("1 1 1", "3", "Add", "1 2 3")), HEP_EFORMAT,
      "not composed" },
    { "a B-spline of order 1", GOOD WRITE(1, BENT("1 1 1", "1", "Compose", "1 2 3")), HEP_EFORMAT,
      "from 2 to 3" },
    { "no control points", GOOD WRITE(1, BENT("0 1 1", "3", "Compose", "1 2 3")), HEP_EFORMAT,
      "GridSize holds 0" },
    { "control points without end", GOOD WRITE(1, BENT("1 1 1e9", "3", "Compose", "1 2 3")),
      HEP_EFORMAT, "GridSize holds 1e+09" },
    { "two numbers for one control point", GOOD WRITE(1, BENT("1 1 1", "3", "Compose", "1 2")),
      HEP_EFORMAT, "holds 2 numbers, needed: 3" },
    { "a control point out of this world", GOOD WRITE(1, BENT("1 1 1", "3", "Compose", "1 2 3e9")),
      HEP_EFORMAT, "moves by 3e+09 mm" },
    { "a displacement out of this body", GOOD WRITE(1, BENT("1 1 1", "3", "Compose", "1 2 900")),
      HEP_EFORMAT, "at most 150" },
};

static void write_script(const char *folder, const char *name, const char *body)
{
    char *path = hep_path_join(folder, name, NULL),
         *text = hep_asprintf(NULL, "#!/bin/sh\n%s", body);

    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    assert_int_equal(chmod(path, 0755), 0);
    free(text);
    free(path);
}

static void test_engine(void **state)
{
    const struct engine *c = *state;
    struct hep_grid g = hep_test_grid(12, 12, 12, 4.0, 4.0, 4.0);
    struct hep_volume *v = body_on(&g, identity, false);
    struct hep_labels *mask = inner_body(&g);
    struct hep_register_settings settings = usual(true);
    struct hep_registration r = { .log = NULL };
    const double none[3] = { 0.0, 0.0, 0.0 };
    char *bin = hep_test_mkdir(), *folder = hep_test_mkdir(), *path = NULL;
    char *before = hep_strdup(getenv("PATH"), NULL);
    int rc;

    settings.timeout_s = 1.0;
    path = c->elastix != NULL ? hep_asprintf(NULL, "%s:/usr/bin:/bin", bin) : hep_strdup(bin, NULL);
    if (c->elastix != NULL)
        write_script(bin, "elastix", c->elastix);
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_true(hep_register_available() == (c->elastix != NULL));
    rc = hep_register(&r, v, v, mask, none, &settings, &g, folder, &e);
    assert_int_equal(setenv("PATH", before, 1), 0);
    assert_fails(rc, e, c->code, c->part);
    hep_registration_release(&r);
    hep_volume_free(v);
    hep_labels_free(mask);
    hep_test_rmdir(bin);
    hep_test_rmdir(folder);
    free(path);
    free(before);
}

/* ---- what is refused before anything starts */

static void test_refusals(void **state)
{
    struct hep_grid g = hep_test_grid(20, 20, 20, 4.0, 4.0, 4.0), far = g, sheared = g;
    struct hep_volume *v = body_on(&g, identity, false), *away, *skew;
    struct hep_labels *mask = inner_body(&g), *none = NULL, *other;
    struct hep_register_settings settings = usual(false);
    struct hep_registration r = { .log = NULL };
    const double still[3] = { 0.0, 0.0, 0.0 };
    char *folder = hep_test_mkdir();
    struct rlimit before, small;

    (void)state;
    far.to_world[0][3] += 500.0;
    sheared.to_world[0][1] = 0.5;
    away = body_on(&far, identity, false);
    skew = body_on(&sheared, identity, false);
    other = inner_body(&far);
    assert_ok(hep_labels_new(&none, &g, &e), e);
    assert_fails(hep_register(&r, v, away, mask, still, &settings, &g, folder, &e), e, HEP_EGEOM,
                 "do not overlap");
    assert_fails(hep_register(&r, v, v, other, still, &settings, &g, folder, &e), e, HEP_EGEOM,
                 "different grids");
    assert_fails(hep_register(&r, v, v, none, still, &settings, &g, folder, &e), e, HEP_EINVAL,
                 "empty");
    assert_fails(hep_register(&r, skew, v, mask, still, &settings, &g, folder, &e), e, HEP_EGEOM,
                 "orthogonal");
    settings.resolutions = 9;
    assert_fails(hep_register(&r, v, v, mask, still, &settings, &g, folder, &e), e, HEP_EINVAL,
                 "9 resolutions");
    settings.resolutions = 2;
    settings.rigid_path = "/no/such/rigid.txt";
    assert_fails(hep_register(&r, v, v, mask, still, &settings, &g, folder, &e), e, HEP_ENOENT,
                 NULL);
    /* A disk that takes no more: a file may not grow. */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_not_equal(hep_register(&r, v, v, mask, still, &settings, &g, folder, &e), HEP_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(e.code, HEP_EIO);
    e = (struct hep_error){ 0 };
    hep_volume_free(v);
    hep_volume_free(away);
    hep_volume_free(skew);
    hep_labels_free(mask);
    hep_labels_free(other);
    hep_labels_free(none);
    hep_test_rmdir(folder);
}

/* ---- measures */

static void test_information(void **state)
{
    struct hep_grid g = hep_test_grid(40, 40, 40, 1.0, 1.0, 1.0);
    struct hep_volume *a = NULL, *b = NULL;
    struct hep_labels *all = NULL;
    struct hep_rng rng;
    double mi = 0.0;
    size_t n = 0;

    (void)state;
    rng = (struct hep_rng){ .seed = 3 };
    assert_ok(hep_volume_new(&a, &g, 1, &e), e);
    assert_ok(hep_volume_new(&b, &g, 1, &e), e);
    assert_ok(hep_labels_new(&all, &g, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        all->data[i] = 1;
        a->data[i] = (float)(i % 2);
        b->data[i] = (float)(5 - 3 * (int)(i % 2));
    }
    b->data[0] = NAN;
    /* Two values of equal share that determine each other: ln 2. */
    assert_ok(hep_mutual_information(&mi, &n, a, b, all, 32, &e), e);
    assert_close(mi, 0.69314718056, 0.0, 1e-4);
    assert_int_equal(n, hep_grid_voxels(&g) - 1);
    /* Independent: 0 within the spread sqrt(2 * 31 * 31) / 2n = 0.0003 and what Miller's correction
     * leaves. */
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        a->data[i] = (float)hep_rng_next_normal(&rng);
        b->data[i] = (float)hep_rng_next_normal(&rng);
    }
    assert_ok(hep_mutual_information(&mi, NULL, a, b, all, 32, &e), e);
    assert_close(mi, 0.0, 0.0, 0.003);
    /* Joint normal with correlation r: -ln(1 - r^2) / 2 = 0.2231 for r = 0.6. */
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        b->data[i] = 0.6F * a->data[i] + 0.8F * b->data[i];
    assert_ok(hep_mutual_information(&mi, NULL, a, b, all, 64, &e), e);
    assert_close(mi, 0.22314355, 0.05, 0.0);
    assert_fails(hep_mutual_information(&mi, NULL, a, b, all, 1, &e), e, HEP_EINVAL, "1 bins");
    b->grid.to_world[0][3] += 1.0;
    assert_fails(hep_mutual_information(&mi, NULL, a, b, all, 32, &e), e, HEP_EGEOM, NULL);
    hep_volume_free(a);
    hep_volume_free(b);
    hep_labels_free(all);
}

static void test_jacobian(void **state)
{
    struct hep_grid g = hep_test_grid(12, 10, 8, 2.0, 3.0, 5.0);
    struct hep_volume *d = NULL;
    struct hep_labels *all = NULL;
    struct hep_transform t = { .displacement = NULL };
    struct hep_jacobian j;

    (void)state;
    g.to_world[0][0] = -2.0;
    (void)memcpy(t.affine, identity, sizeof identity);
    assert_ok(hep_volume_new(&d, &g, 3, &e), e);
    assert_ok(hep_labels_new(&all, &g, &e), e);
    assert_fails(hep_register_jacobian(&j, &t, all, &e), e, HEP_EGEOM, NULL);
    t.displacement = d;
    /* x + 0.25 x, z - 0.1 z: 1.25 * 0.9. */
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        double p[3];

        world_of(p, &g, i);
        all->data[i] = 1;
        hep_volume_at(d, 0)[i] = (float)(0.25 * p[0]);
        hep_volume_at(d, 2)[i] = (float)(-0.1 * p[2]);
    }
    assert_ok(hep_register_jacobian(&j, &t, all, &e), e);
    assert_close(j.min, 1.125, 1e-5, 0.0);
    assert_close(j.max, 1.125, 1e-5, 0.0);
    assert_close(j.folded_frac, 0.0, 0.0, 0.0);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        hep_volume_at(d, 0)[i] *= -6.0F; /* x - 1.5 x */
    assert_ok(hep_register_jacobian(&j, &t, all, &e), e);
    assert_close(j.min, -0.45, 1e-5, 0.0);
    assert_close(j.folded_frac, 1.0, 0.0, 0.0);
    hep_volume_free(d);
    hep_labels_free(all);
}

/* b maps the reference to B by a bend and a turn; a by a shift. From B to A and point by point. */
static void test_chain(void **state)
{
    struct hep_grid g = hep_test_grid(40, 40, 40, 4.0, 4.0, 4.0);
    struct hep_grid target = hep_test_grid(20, 18, 16, 5.0, 5.0, 5.0);
    struct hep_transform a = { .displacement = NULL }, b = { .displacement = NULL }, out;
    struct hep_volume *bend = NULL, *made = NULL;

    (void)state;
    skew_motion(a.affine, 0.0, 9.0);
    skew_motion(b.affine, 6.0, 3.0);
    assert_ok(hep_transform_chain(&out, &made, &a, &b, &target, &e), e);
    assert_null(made);
    assert_ok(hep_volume_new(&bend, &g, 3, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        double p[3];

        world_of(p, &g, i);
        for (size_t k = 0; k < 3; k++)
            hep_volume_at(bend, k)[i] = (float)(5.0 * sin((p[k] + 2.0 * p[(k + 1) % 3]) / 45.0));
    }
    b.displacement = bend;
    assert_ok(hep_transform_chain(&out, &made, &a, &b, &target, &e), e);
    assert_non_null(made);
    for (int k = 0; k < 40; k++) {
        const double x[3] = { k - 20.0, 15.0 - 0.7 * k, 0.8 * k - 16.0 };
        double in_b[3], in_a[3], got[3];

        assert_ok(hep_transform_apply(in_b, &b, x, &e), e);
        assert_ok(hep_transform_apply(in_a, &a, x, &e), e);
        assert_ok(hep_transform_apply(got, &out, in_b, &e), e);
        for (int i = 0; i < 3; i++)
            assert_close(got[i], in_a[i], 0.0, 0.05); /* linear between points 5 mm apart */
    }
    hep_volume_free(made);
    for (size_t i = 0; i < 3 * hep_grid_voxels(&g); i++)
        bend->data[i] *= 20.0F;
    assert_fails(hep_transform_chain(&out, &made, &a, &b, &target, &e), e, HEP_EGEOM, "no inverse");
    b.affine[0][0] = b.affine[0][1] = b.affine[0][2] = 0.0;
    assert_fails(hep_transform_chain(&out, &made, &a, &b, &target, &e), e, HEP_EGEOM, NULL);
    hep_volume_free(bend);
}

#define N_OF(x) (sizeof(x) / sizeof(x)[0])
#define ROWS(table, function)                                                                      \
    for (size_t i = 0; i < N_OF(table); i++)                                                       \
        tests[n++] = (struct CMUnitTest)                                                           \
        {                                                                                          \
            .name = (table)[i].name, .test_func = (function),                                      \
            .initial_state = (void *)(uintptr_t) & (table)[i]                                      \
        }

int main(void)
{
    struct CMUnitTest tests[N_OF(recoveries) + N_OF(eulers) + N_OF(engines) + 6];
    size_t n = 0;

    make_blobs();
    ROWS(recoveries, test_recovery);
    ROWS(eulers, test_euler);
    ROWS(engines, test_engine);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_start_and_repeat);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_parameters);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_refusals);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_information);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_jacobian);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_chain);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
