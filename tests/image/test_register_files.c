/* The files of elastix 5.0.1 (Debian 12) and 5.2.0 (Debian 13), written by both from the same two
 * images: tests/data/elastix. What one version writes differently must not change what is read. */
#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "image/register.h"
#include "image/register_bspline.h"
#include "image/register_log.h"

#include <stdlib.h>

static struct hep_error e;

static char *path_of(const char *version, const char *file)
{
    return hep_asprintf(NULL, "%s/elastix/%s/%s", HEP_TEST_DATA, version, file);
}

/* ---- transforms */

struct transform {
    const char *name, *version, *file;
    double out[3]; /* of the LPS point 17 -23 41, by transformix of that version, in LPS, mm */
    const char *fails;
};

static const struct transform transforms[] = {
    { "rigid, 5.0.1", "5.0.1", "rigid.txt", { 13.560366, -18.760752, 44.945759 }, NULL },
    { "rigid, 5.2.0", "5.2.0", "rigid.txt", { 13.560367, -18.760757, 44.945757 }, NULL },
    { "rigid after another, 5.0.1",
      "5.0.1",
      "rigid-after-rigid.txt",
      { 0 },
      "has an initial transform" },
    { "rigid after another, 5.2.0",
      "5.2.0",
      "rigid-after-rigid.txt",
      { 0 },
      "has an initial transform" },
    { "B-spline, 5.0.1", "5.0.1", "bspline.txt", { 0 }, "not an EulerTransform" },
    { "B-spline, 5.2.0", "5.2.0", "bspline.txt", { 0 }, "not an EulerTransform" },
};

static void test_transform(void **state)
{
    const struct transform *c = *state;
    const double in[3] = { -17.0, 23.0, 41.0 }, lps[3] = { -1.0, -1.0, 1.0 };
    char *path = path_of(c->version, c->file), *text = NULL;
    double ras[4][4], out[3];
    size_t n = 0;
    int rc;

    assert_ok(hep_file_read(&text, &n, path, 1 << 20, &e), e);
    rc = hep_register_parse_euler(ras, text, n, c->file, &e);
    if (c->fails != NULL) {
        assert_fails(rc, e, HEP_EFORMAT, c->fails);
    } else {
        assert_ok(rc, e);
        hep_affine_apply(out, HEP_AFFINE(ras), in);
        for (int k = 0; k < 3; k++) /* transformix prints six decimals */
            assert_close(out[k], lps[k] * c->out[k], 0.0, 1e-6);
    }
    free(text);
    free(path);
}

/* ---- the B-spline */

struct bend {
    const char *name, *version, *order;
    double at[3], u[3]; /* LPS; by transformix 5.0.1, which prints six decimals, mm */
};

static const struct bend bends[] = {
    { "5.0.1", "5.0.1", "3", { 17.0, -23.0, 41.0 }, { 0.000546, -0.029215, 0.191557 } },
    { "5.0.1, elsewhere",
      "5.0.1",
      "3",
      { -60.0, 50.0, -30.0 },
      { -0.320530, 0.172659, -0.220326 } },
    { "5.2.0", "5.2.0", "3", { 17.0, -23.0, 41.0 }, { 0.000546, -0.029215, 0.191557 } },
    { "order 2", "5.0.1", "2", { 17.0, -23.0, 41.0 }, { 0.053274, -0.057076, 0.287358 } },
    { "order 2, elsewhere",
      "5.0.1",
      "2",
      { -60.0, 50.0, -30.0 },
      { -0.430084, 0.250184, -0.337678 } },
    /* Two distances beyond the first control point, at (-386, 392, -357). */
    { "far away", "5.0.1", "3", { -900.0, 50.0, -30.0 }, { 0.0, 0.0, 0.0 } },
};

static void test_bend(void **state)
{
    const struct bend *c = *state;
    const double lps[3] = { -1.0, -1.0, 1.0 };
    const char *key = "BSplineTransformSplineOrder";
    char *path = path_of(c->version, "bspline.txt"), *text = NULL, *own = NULL;
    struct hep_bspline b;
    double in[3], u[3];
    size_t n = 0;

    assert_ok(hep_file_read(&text, &n, path, 1 << 20, &e), e);
    assert_ok(hep_register_parameters(&own, text, &key, &c->order, 1, &e), e);
    assert_ok(hep_register_parse_bspline(&b, own, "bspline.txt", &e), e);
    for (int k = 0; k < 3; k++)
        in[k] = lps[k] * c->at[k];
    hep_bspline_at(u, &b, in);
    for (int k = 0; k < 3; k++)
        assert_close(u[k], lps[k] * c->u[k], 0.0, 1e-6);
    hep_bspline_release(&b);
    free(own);
    free(text);
    free(path);
}

/* ---- logs */

/* The log without the line of the final metric, which 5.0 prints with six decimals and 5.2 with six
 * digits. */
static char *steps_of(const char *version)
{
    char *path = path_of(version, "elastix.log"), *log = hep_register_log(path, 1 << 20), *line;

    assert_non_null(log);
    assert_null(strstr(log, "[ms]"));
    while ((line = strstr(log, "Final metric value")) != NULL) {
        size_t length = strcspn(line, "\n") + 1;

        (void)memmove(line, line + length, strlen(line + length) + 1);
    }
    free(path);
    return log;
}

static void test_logs_agree(void **state)
{
    char *old = steps_of("5.0.1"), *new = steps_of("5.2.0");

    (void)state;
    assert_string_equal(old, new);
    assert_non_null(strstr(new, "\nResolution: 1\n"));
    assert_non_null(strstr(new, "\nStopping condition: Maximum number of iterations has been"));
    /* A step of the rigid and one of the B-spline part, without their last columns, the times. */
    assert_non_null(strstr(new, "\n1\t-0.977748\t0.000000\t36.062454\t0.087350\n"));
    assert_non_null(strstr(new, "\n0\t-1.424461\t-1.424461\t0.000000\t0.000000\t469.854600\t"
                                "0.028093\t0.000000\t0.028093\n"));
    free(old);
    free(new);
}

/* ---- why a registration failed */

struct failure {
    const char *name, *version;
};

static const struct failure failures[] = {
    { "volumes far apart, 5.0.1", "5.0.1" },
    { "volumes far apart, 5.2.0", "5.2.0" },
};

/* The console holds the addresses of objects, which differ from run to run; the reason does not. */
static void test_last_words(void **state)
{
    const struct failure *c = *state;
    char *path = path_of(c->version, "no-overlap.txt"), said[160], few[20];

    hep_register_last_words(said, sizeof said, path);
    assert_string_equal(said, "Description: ITK ERROR: AdvancedMattesMutualInformationMetric: Too "
                              "many samples map outside moving image buffer: 0 / 2887");
    hep_register_last_words(few, sizeof few, path);
    assert_string_equal(few, "Description: ITK ER");
    free(path);
}

#define N_OF(x) (sizeof(x) / sizeof(x)[0])

int main(void)
{
    struct CMUnitTest tests[N_OF(transforms) + N_OF(bends) + N_OF(failures) + 1];
    size_t n = 0;

    for (size_t i = 0; i < N_OF(transforms); i++)
        tests[n++] = (struct CMUnitTest){ .name = transforms[i].name,
                                          .test_func = test_transform,
                                          .initial_state = (void *)(uintptr_t)&transforms[i] };
    for (size_t i = 0; i < N_OF(bends); i++)
        tests[n++] = (struct CMUnitTest){ .name = bends[i].name,
                                          .test_func = test_bend,
                                          .initial_state = (void *)(uintptr_t)&bends[i] };
    for (size_t i = 0; i < N_OF(failures); i++)
        tests[n++] = (struct CMUnitTest){ .name = failures[i].name,
                                          .test_func = test_last_words,
                                          .initial_state = (void *)(uintptr_t)&failures[i] };
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_logs_agree);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
