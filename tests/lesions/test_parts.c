/* The estimator of a lesion's parts: closed forms, spread against stated error, and odd lesions. */
#include "lesions/lesion_study.h"

#include "base/number.h"
#include "image/filter.h"
#include "lesions/part_field.h"
#include "lesions/parts.h"
#include "lesions/series_share.h"
#include "lesions/series_solve.h"

enum { SIDE = 12, VOXELS = SIDE * SIDE * SIDE };

/* ---- least squares --------------------------------------------------------------------------- */

struct known {
    float part[3][VOXELS], signal[VOXELS];
    struct hep_series_problem problem;
};
static const double truth[3] = { 3.0, -1.0, 2.0 };

/** Three shares that vary smoothly and add up to 1. */
static void known_shares(struct known *k)
{
    memset(k, 0, sizeof *k);
    for (size_t i = 0; i < VOXELS; i++) {
        const double x = (double)(i % SIDE) / SIDE, y = (double)(i / SIDE % SIDE) / SIDE;

        k->part[0][i] = (float)(x * y);
        k->part[1][i] = (float)(x * (1.0 - y));
        k->part[2][i] = (float)(1.0 - x);
    }
    k->problem = (struct hep_series_problem){ .box = { SIDE, SIDE, SIDE },
                                              .signal = k->signal,
                                              .column = { k->part[0], k->part[1], k->part[2] },
                                              .n = 3,
                                              .sd = 1.0 };
}

/** Variance 1, of which noise_share is of every voxel for itself; of the rest the corr of neighbours
 * along x is 0.4, 0 beyond, from e(i) + e(i - 1) / 2. */
static void add_noise(struct known *k, uint64_t seed)
{
    const double own = sqrt(k->problem.noise_share), texture = sqrt(1.0 - k->problem.noise_share);

    for (size_t i = 0; i < VOXELS; i++) {
        double now[2], before[2];

        hep_rng_normal2(now, seed, 1, i + 1);
        hep_rng_normal2(before, seed, 1, i);
        k->signal[i] = (float)(own * now[1] + texture * (now[0] + 0.5 * before[0]) / sqrt(1.25));
        for (int p = 0; p < 3; p++)
            k->signal[i] += (float)truth[p] * k->part[p][i];
    }
}

static void test_exact(void **state)
{
    struct hep_series_solution s;
    struct hep_error e = { 0 };
    static struct known k;

    (void)state;
    known_shares(&k);
    for (size_t i = 0; i < VOXELS; i++)
        for (int p = 0; p < 3; p++)
            k.signal[i] += (float)truth[p] * k.part[p][i];
    k.signal[7] = NAN;
    assert_ok(hep_series_solve(&s, &k.problem, &e), e);
    for (int p = 0; p < 3; p++)
        assert_close(s.value[p], truth[p], 0, 1e-5);
    k.problem.column[1] = k.part[0];
    assert_fails(hep_series_solve(&s, &k.problem, &e), e, HEP_EDATA, "told apart");
}

/* Mean over 600 trials within 4 of its errors of the truth; variance over the stated one within
 * 15 %, 2.6 of its own errors sqrt(2 / 600). */
static void test_errors(void **state)
{
    enum { TRIALS = 600 };
    static struct known k;

    (void)state;
    for (int row = 0; row < 3; row++) {
        double sum[3] = { 0 }, square[3] = { 0 }, stated[3] = { 0 };

        known_shares(&k);
        k.problem.rho[0] = 0.4;
        k.problem.noise_share = 0.5 * row;
        for (uint64_t t = 0; t < TRIALS; t++) {
            struct hep_series_solution s;
            struct hep_error e = { 0 };

            add_noise(&k, 100 + t);
            assert_ok(hep_series_solve(&s, &k.problem, &e), e);
            for (int p = 0; p < 3; p++) {
                sum[p] += s.value[p] - truth[p];
                square[p] += pow(s.value[p] - truth[p], 2.0);
                stated[p] = s.cov[p][p];
            }
        }
        for (int p = 0; p < 3; p++) {
            assert_close(sum[p] / TRIALS, 0.0, 0, 4.0 * sqrt(stated[p] / TRIALS));
            assert_close(square[p] / TRIALS, stated[p], 0.15, 0);
        }
    }
}

/* A prior of SD s around m beside data of SD d and mean x: (x / d^2 + m / s^2) / (1/d^2 + 1/s^2). */
static void test_prior(void **state)
{
    struct hep_series_solution s;
    struct hep_error e = { 0 };
    static struct known k;

    (void)state;
    known_shares(&k);
    for (size_t i = 0; i < VOXELS; i++) {
        k.part[0][i] = 1.0F;
        k.signal[i] = 5.0F;
    }
    k.problem.n = 1;
    k.problem.precision[0][0] = VOXELS;
    k.problem.pull[0] = 3.0 * VOXELS;
    assert_ok(hep_series_solve(&s, &k.problem, &e), e);
    assert_close(s.value[0], 4.0, 0, 1e-9);
    assert_close(s.cov[0][0], 0.5 / VOXELS, 1e-9, 0);
}

/* ---- shares ---------------------------------------------------------------------------------- */

/** Sum, centroid and mean square distance of a map along one axis, in voxels. */
static void moments(double out[3], const float *map, const struct hep_grid *g, int axis)
{
    const size_t stride = axis == 0 ? 1 : (axis == 1 ? g->n[0] : g->n[0] * g->n[1]);

    out[0] = out[1] = out[2] = 0.0;
    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        const double x = (double)(i / stride % g->n[axis]);

        out[0] += (double)map[i];
        out[1] += x * (double)map[i];
        out[2] += x * x * (double)map[i];
    }
    out[1] /= out[0];
    out[2] = out[2] / out[0] - out[1] * out[1];
}

/* Nothing is lost, the shift moves the centroid, and the variance is that of the box and of linear
 * interpolation: (h^2 - g^2) / 12 + h^2 / 6, beside the 0.16 of a border; in the plane of slices of 6 mm,
 * 0.25 h^2 of the point spread more. */
static void test_shares(void **state)
{
    const struct hep_grid g = hep_test_grid(31, 31, 31, 1.5, 1.5, 3.0);
    const struct hep_lesion_image image = { .native_mm = { 2.0, 1.5, 6.0 }, .moved = true };
    const double h[3] = { 1.5, 1.5, 3.0 }, shift_mm[3] = { 2.1, -0.7, 0.4 };
    float *map = hep_calloc(3 * hep_grid_voxels(&g), sizeof *map, NULL);
    float *out = map + hep_grid_voxels(&g), *scratch = out + hep_grid_voxels(&g);

    (void)state;
    map[15 + 31 * (15 + 31 * 15)] = 1.0F;
    hep_series_share(out, map, &g, &image, shift_mm, 0.25, scratch);
    for (int k = 0; k < 3; k++) {
        const double native = image.native_mm[k];
        const double variance = (native * native - h[k] * h[k]) / 12.0 +
                                native * native * (1.0 / 6.0 + (k < 2 ? 0.25 : 0.0));
        double is[3];

        moments(is, out, &g, k);
        assert_close(is[0], 1.0, 0, 1e-5);
        assert_close(is[1], 15.0 + shift_mm[k] / h[k], 0, 1e-4);
        assert_close(is[2], 0.16 + variance / (h[k] * h[k]), 0.02, 0);
    }
    free(map);
}

/* A map smoothed by a little more is the map and its curvature times that: of exp(-x^2 / 2 s^2) the
 * second derivative is (x^2 / s^2 - 1) / s^2 of it, along both axes of the plane. */
static void test_curvature(void **state)
{
    enum { N = 21 };
    const struct hep_grid g = hep_test_grid(N, N, N, 1.0, 1.0, 1.0);
    const struct hep_lesion_image image = { .native_mm = { 1.4, 1.0, 4.0 } };
    const double s2 = 16.0;
    static float map[N * N * N], out[N * N * N];

    (void)state;
    for (size_t i = 0; i < N * N * N; i++) {
        const double x = (double)(i % N) - 10.0, y = (double)(i / N % N) - 10.0;

        map[i] = (float)exp(-(x * x + y * y) / (2.0 * s2));
    }
    hep_series_curvature(out, map, &g, &image);
    for (size_t i = 0; i < N * N * N; i++) {
        const double x = (double)(i % N) - 10.0, y = (double)(i / N % N) - 10.0;

        if (fabs(x) < 9.5 && fabs(y) < 9.5)
            assert_close(out[i],
                         0.5 * (double)map[i] * (1.96 * (x * x / s2 - 1.0) + (y * y / s2 - 1.0)) /
                             s2,
                         0, 0.004);
    }
}

/* ---- lesions --------------------------------------------------------------------------------- */

struct found {
    struct hep_baseline baseline;
    struct hep_shells box;
    struct hep_parts parts;
    struct hep_series_set series;
};

static void find(struct found *out, const struct fixture *f)
{
    struct hep_error e = { 0 };

    memset(out, 0, sizeof *out);
    assert_ok(hep_baseline_init(&out->baseline, &f->study, f->candidates.labels, &e), e);
    assert_ok(
        hep_shells_init(&out->box, &f->study, f->candidates.labels, 1, &out->baseline.around, &e),
        e);
    assert_ok(hep_parts_and_series(&out->parts, &out->series, &f->study, &out->box, &e), e);
}

static void forget(struct found *f)
{
    hep_series_set_release(&f->series);
    hep_parts_release(&f->parts);
    hep_shells_release(&f->box);
    hep_baseline_release(&f->baseline);
}

/** A part's signal within `sigma` of its errors, or within 3 %. */
static void assert_part(const struct found *f, enum hep_image image, enum hep_part part,
                        double want)
{
    const struct hep_series *s = &f->series.of[image];

    assert_close(s->value[part], want, 0.03, 3.0 * sqrt(s->cov[part][part]));
}

static const struct lesion_spec metastasis = { 11, 0.6, &t_rim, &t_necrotic, 0 };
static const struct lesion_spec solid = { 9, 0, &t_net, &t_net, 0 };
/* On T2 and in diffusion the rim lies 6/10 of the way from liver to core, as a mixture of them would;
 * in the arterial phase it does not. */
static const struct tissue t_between = { 74, 152, 126, 109, 84, 436, 160, 1.05, 0.0 };
static const struct lesion_spec lively = { 10, 0.6, &t_between, &t_necrotic, 0 };
/* The core reaches the lesion's border on one side, so that it lies no deeper than the rim. */
static const struct lesion_spec eccentric = { 10, 0.4, &t_rim, &t_necrotic, 1.6 };

static void test_two_parts(void **state)
{
    struct fixture f;
    struct found is;

    (void)state;
    fixture_init(&f, &metastasis, NULL);
    find(&is, &f);
    assert_int_equal(is.parts.n, 2);
    /* 0.6^3 of the volume */
    assert_close(is.parts.voxels[HEP_PART_CORE] /
                     (is.parts.voxels[HEP_PART_CORE] + is.parts.voxels[HEP_PART_RIM]),
                 0.216, 0, 0.04);
    assert_part(&is, HEP_IMAGE_T2, HEP_PART_RIM, t_rim.t2);
    assert_part(&is, HEP_IMAGE_T2, HEP_PART_CORE, t_necrotic.t2);
    assert_part(&is, HEP_IMAGE_ARTERIAL, HEP_PART_RIM, t_rim.art);
    assert_part(&is, HEP_IMAGE_ARTERIAL, HEP_PART_CORE, t_necrotic.art);
    assert_part(&is, HEP_IMAGE_HEPATOBILIARY, HEP_PART_LIVER, t_liver.hbp);
    forget(&is);
    fixture_release(&f);
}

/** Texture of 4 % of liver, wide as vessels and portal tracts: neighbours 1.25 mm apart correlate by
 * exp(-1.25^2 / (4 2^2)) = 0.91. */
static void add_texture(struct fixture *f)
{
    struct hep_error e = { 0 };
    struct hep_volume *texture;

    for (size_t k = 0; k < N_MADE; k++) {
        struct hep_volume *v = f->volume[made_images[k]];
        const size_t n = hep_grid_voxels(&v->grid);
        double square = 0.0;

        assert_ok(hep_volume_new(&texture, &v->grid, 1, &e), e);
        for (size_t i = 0; i < n; i++) {
            double normal[2];

            hep_rng_normal2(normal, 8, (uint64_t)k, i);
            texture->data[i] = (float)normal[0];
        }
        assert_ok(hep_filter_gauss(texture, 2.0, 1, &e), e);
        for (size_t i = 0; i < n; i++)
            square += (double)(texture->data[i] * texture->data[i]) / (double)n;
        for (size_t i = 0; i < n; i++)
            v->data[i] += (float)(0.04 * value_in(&t_liver, made_images[k]) / sqrt(square)) *
                          texture->data[i];
        hep_volume_free(texture);
    }
}

/* Rims that could be taken for a border, and cores for a rim: each part reads its own tissue within a
 * tenth; the two differ by a third or more. */
static void test_rim_and_core_are_not_exchanged(void **state)
{
    static const struct lesion_spec *const specs[] = { &lively, &eccentric };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        struct found is;

        fixture_init(&f, specs[i], NULL);
        add_texture(&f);
        find(&is, &f);
        assert_int_equal(is.parts.n, 2);
        for (int k = 0; k < 2; k++) {
            const struct hep_series *in = &is.series.of[k == 0 ? HEP_IMAGE_T2 : HEP_IMAGE_ARTERIAL];

            assert_close(in->value[HEP_PART_RIM], k == 0 ? specs[i]->rim->t2 : specs[i]->rim->art,
                         0.1, 0);
            assert_close(in->value[HEP_PART_CORE],
                         k == 0 ? specs[i]->shell_core->t2 : specs[i]->shell_core->art, 0.1, 0);
        }
        forget(&is);
        fixture_release(&f);
    }
}

/* Two series whose noise is independent, 20 independent voxels: a second part costs 2 ln 20 = 6.0. Core
 * and rim that differ by 4 and 0 standard errors are 16, told apart; by 2 and 0 they are 4, not. Where
 * errors are small, differences of 60 % of the contrast with liver are 6 errors of the share (a tenth) in
 * each series. Of z = (6, 6) an outline that is wrong by a fifth of the contrast (2 errors) explains, with
 * the inverse I - 4 J / 9 of I + 4 J, all but 72 (1 - 8/9) = 8: told apart; of (3, 3) all but 2: not.
 * Differences of 30 % to either side, of a contrast of 100 and of 130, are z = (3, -2.3) and 14, which no
 * outline explains; of 10 % they are 2. */
static void test_parts_that_differ(void **state)
{
    static const struct {
        double contrast, difference[2], se;
        bool differ;
    } rows[] = {
        { 0.0, { 4.0, 0.0 }, 1.0, true },       { 0.0, { 2.0, 0.0 }, 1.0, false },
        { 100.0, { 60.0, 60.0 }, 0.01, true },  { 100.0, { 30.0, 30.0 }, 0.01, false },
        { 100.0, { 30.0, -30.0 }, 0.01, true }, { 100.0, { 10.0, -10.0 }, 0.01, false },
    };
    static const enum hep_image images[2] = { HEP_IMAGE_T2, HEP_IMAGE_ARTERIAL };
    const struct hep_parts parts = { .n = 2, .samples = 20.0 };
    const struct hep_shells box = { 0 };
    static struct hep_series_set set;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int k = 0; k < HEP_IMAGE_COUNT; k++)
            set.of[k] = (struct hep_series){ .share_max = (double)NAN };
        for (int k = 0; k < 2; k++) {
            struct hep_series *s = &set.of[images[k]];

            s->share_max = 1.0;
            s->value[HEP_PART_CORE] =
                rows[i].contrast > 0.0 ? rows[i].contrast : 0.5 * rows[i].difference[k];
            s->value[HEP_PART_RIM] = s->value[HEP_PART_CORE] - rows[i].difference[k];
            s->cov[HEP_PART_RIM][HEP_PART_RIM] = s->cov[HEP_PART_CORE][HEP_PART_CORE] =
                0.5 * rows[i].se * rows[i].se;
        }
        assert_int_equal(hep_parts_differ(&parts, &set, &box, &hep_lesion_limits_default),
                         rows[i].differ);
    }
}

/** Weights of 1/4, 1/2, 1/4 along both axes of the plane: 0.5 voxels^2. */
static void blur_plane(struct hep_volume *v)
{
    const size_t n = hep_grid_voxels(&v->grid);
    float *before = hep_calloc(n, sizeof *before, NULL);

    for (int axis = 0; axis < 2; axis++) {
        const size_t stride = axis == 0 ? 1 : v->grid.n[0];

        memcpy(before, v->data, n * sizeof *before);
        for (size_t i = stride; i + stride < n; i++)
            v->data[i] = 0.5F * before[i] + 0.25F * (before[i - stride] + before[i + stride]);
    }
    free(before);
}

/* A series blurred in its plane by 0.5 voxels^2, and the same one sharp: both read the tissues, with
 * the point spread unknown, and the blurred one has the wider. */
static void test_point_spread(void **state)
{
    double found[2];

    (void)state;
    for (int blurred = 0; blurred < 2; blurred++) {
        struct fixture f;
        struct found is;

        fixture_init(&f, &metastasis, NULL);
        for (size_t k = 0; blurred && k < N_MADE; k++) {
            blur_plane(f.volume[made_images[k]]);
        }
        find(&is, &f);
        assert_int_equal(is.parts.n, 2);
        assert_part(&is, HEP_IMAGE_T2, HEP_PART_RIM, t_rim.t2);
        assert_part(&is, HEP_IMAGE_T2, HEP_PART_CORE, t_necrotic.t2);
        assert_part(&is, HEP_IMAGE_ARTERIAL, HEP_PART_RIM, t_rim.art);
        assert_part(&is, HEP_IMAGE_ARTERIAL, HEP_PART_CORE, t_necrotic.art);
        found[blurred] = is.series.of[HEP_IMAGE_T2].blur;
        forget(&is);
        fixture_release(&f);
    }
    assert_true(found[1] > found[0] + 0.2);
}

/* One tissue is one part, and its layers by depth read the same. */
static void test_one_part(void **state)
{
    struct fixture f;
    struct found is;

    (void)state;
    fixture_init(&f, &solid, NULL);
    find(&is, &f);
    assert_int_equal(is.parts.n, 1);
    assert_part(&is, HEP_IMAGE_PORTAL_VENOUS, HEP_PART_RIM, t_net.pv);
    assert_part(&is, HEP_IMAGE_PORTAL_VENOUS, HEP_PART_CORE, t_net.pv);
    forget(&is);
    fixture_release(&f);
}

/* Without all but two series, beside the image's end, and with a neighbour: values or NaN, never
 * another lesion's. */
static void test_odd_places(void **state)
{
    struct hep_grid cut = hep_test_grid(34, 60, 30, 1.25, 1.25, 2.0);
    struct fixture f;
    struct found is;

    (void)state;
    cut.to_world[0][3] = lesion_centre_mm[0] - 5.0; /* the box ends 5 mm from the centre */
    fixture_init(&f, &metastasis, &cut);
    for (size_t i = 0; i < hep_grid_voxels(&cut); i++)
        if (f.candidates.labels->data[i] == 0 && i % cut.n[0] > 18)
            f.candidates.labels->data[i] = 2;
    for (int k = 0; k < HEP_IMAGE_COUNT; k++)
        if (k != HEP_IMAGE_HEPATOBILIARY && k != HEP_IMAGE_B_HIGH)
            f.study.image[k].volume = NULL;
    find(&is, &f);
    assert_part(&is, HEP_IMAGE_B_HIGH, HEP_PART_RIM, t_rim.b800);
    /* Two series alone show where rim and core part: 7 % of the contrast to the liver. */
    assert_close(is.series.of[HEP_IMAGE_HEPATOBILIARY].value[HEP_PART_RIM], t_rim.hbp, 0,
                 0.07 * (t_liver.hbp - t_rim.hbp));
    assert_true(isnan(is.series.of[HEP_IMAGE_T2].value[HEP_PART_RIM]));
    forget(&is);
    fixture_release(&f);
}

/* A lesion of one voxel: rim and core have an error as large as the lesion's own signal, or none. */
static void test_below_a_voxel(void **state)
{
    static const struct lesion_spec dot = { 1.3, 0, &t_rim, &t_rim, 0 };
    const struct hep_series *s;
    struct fixture f;
    struct found is;

    (void)state;
    fixture_init(&f, &dot, NULL);
    find(&is, &f);
    s = &is.series.of[HEP_IMAGE_HEPATOBILIARY];
    assert_int_equal(is.parts.n, 1);
    assert_true(s->share_max < 0.9);
    assert_false(sqrt(s->cov[HEP_PART_CORE][HEP_PART_CORE]) < 5.0);
    forget(&is);
    fixture_release(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),         cmocka_unit_test(test_errors),
        cmocka_unit_test(test_prior),         cmocka_unit_test(test_shares),
        cmocka_unit_test(test_curvature),     cmocka_unit_test(test_point_spread),
        cmocka_unit_test(test_two_parts),     cmocka_unit_test(test_rim_and_core_are_not_exchanged),
        cmocka_unit_test(test_one_part),      cmocka_unit_test(test_odd_places),
        cmocka_unit_test(test_below_a_voxel), cmocka_unit_test(test_parts_that_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
