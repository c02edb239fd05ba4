/* Degradations one by one: statistics, where they act, and that no switch moves another draw. */
#include "support/support.h"

#include "base/rng.h"
#include "phantom/degrade.h"

#include <math.h>

static struct hep_volume *constant(size_t nx, size_t ny, size_t nz, size_t nt, double value)
{
    const struct hep_grid g = hep_test_grid(nx, ny, nz, 4.0, 4.0, 4.0);
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_volume_new(&v, &g, nt, &e), e);
    for (size_t i = 0; i < nx * ny * nz * nt; i++)
        v->data[i] = (float)value;
    return v;
}

static void moments(double *mean, double *sd, const struct hep_volume *v)
{
    const size_t n = hep_grid_voxels(&v->grid) * v->nt;
    double s = 0.0, q = 0.0;

    for (size_t i = 0; i < n; i++)
        s += (double)v->data[i];
    *mean = s / (double)n;
    for (size_t i = 0; i < n; i++)
        q += pow((double)v->data[i] - *mean, 2.0);
    *sd = sqrt(q / (double)n);
}

/* Gudbjartsson and Patz 1995: without signal the mean is sigma sqrt(pi/2) = 1.2533 sigma and the SD
 * sigma sqrt(2 - pi/2) = 0.6551 sigma; far above the noise the mean is sqrt(A^2 + sigma^2), the SD
 * sigma. */
static void test_rician(void **state)
{
    struct hep_volume *v = constant(64, 64, 32, 1, 0.0);
    double mean, sd;

    (void)state;
    hep_degrade_noise(v, 3.0, 7, "t2", 2);
    moments(&mean, &sd, v);
    assert_close(mean, 1.2533 * 3.0, 0.006, 0.0);
    assert_close(sd, 0.6551 * 3.0, 0.012, 0.0);
    hep_volume_free(v);
    v = constant(64, 64, 32, 1, 90.0);
    hep_degrade_noise(v, 3.0, 7, "t2", 2);
    moments(&mean, &sd, v);
    assert_close(mean, sqrt(90.0 * 90.0 + 9.0), 0.0005, 0.0);
    assert_close(sd, 3.0, 0.012, 0.0);
    hep_volume_free(v);
}

static void test_noise_streams(void **state)
{
    struct hep_volume *a = constant(20, 20, 10, 2, 5.0), *b = constant(20, 20, 10, 2, 5.0);
    struct hep_volume *c = constant(20, 20, 10, 2, 5.0);
    double both = 0.0;

    (void)state;
    hep_degrade_noise(a, 1.0, 7, "dwi", 1);
    hep_degrade_noise(b, 1.0, 7, "dwi", 3);
    hep_degrade_noise(c, 1.0, 7, "t2", 1);
    assert_memory_equal(a->data, b->data, 8000 * sizeof *a->data);
    for (size_t i = 0; i < 8000; i++)
        both += ((double)a->data[i] - 5.1) * ((double)c->data[i] - 5.1) / 8000.0;
    assert_close(both, 0.0, 0.0, 0.05); /* covariance of independent values, 4 SE */
    assert_true(memcmp(a->data, a->data + 4000, 4000 * sizeof *a->data) != 0);
    hep_volume_free(a);
    hep_volume_free(b);
    hep_volume_free(c);
}

static void test_gain(void **state)
{
    struct hep_volume *v = constant(4, 4, 4, 1, 8.0);

    (void)state;
    hep_degrade_gain(v, 1.25);
    assert_close((double)v->data[63], 10.0, 1e-6, 0.0);
    hep_volume_free(v);
}

/* +-30 % of slow variation over the body's middle; brighter at the surface; silent at level 0. */
static void test_bias(void **state)
{
    struct hep_sim_settings s;
    struct hep_event *e = calloc(1, sizeof *e);
    struct hep_volume *v = constant(8, 8, 8, 1, 50.0);
    struct hep_error err = { 0 };
    double lo = 10.0, hi = 0.0;

    (void)state;
    hep_sim_defaults(&s);
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_T2, (double)NAN, &err), err);
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_ok(hep_event_draw(e, &s, seed, &err), err);
        for (int i = 0; i < 200; i++) {
            const double p[3] = { 120.0 * sin(i), 60.0 * cos(1.7 * i), 90.0 * sin(2.3 * i) };

            lo = fmin(lo, hep_bias_at(e, p));
            hi = fmax(hi, hep_bias_at(e, p));
        }
        hep_event_release(e);
    }
    assert_true(lo > 0.65 && lo < 0.90);
    assert_true(hi < 1.60 && hi > 1.15);
    s.degrade[HEP_SIM_BIAS] = 0.0;
    assert_ok(hep_event_draw(e, &s, 3, &err), err);
    hep_degrade_bias(v, e, 1);
    assert_close((double)v->data[100], 50.0, 0.0, 0.0);
    hep_event_release(e);
    hep_volume_free(v);
    free(e);
}

/* A bright point throws ghosts along index axis 1 and nowhere else. */
static void test_ghosts(void **state)
{
    struct hep_volume *v = constant(16, 64, 4, 1, 0.0);
    struct hep_error err = { 0 };
    const size_t x = 5, y = 32, z = 2, at = (z * 64 + y) * 16 + x;
    size_t ghosts = 0;
    double sum = 0.0;

    (void)state;
    v->data[at] = 100.0F;
    assert_ok(hep_degrade_transient(v, 5, 2, &err), err);
    for (size_t i = 0; i < (size_t)16 * 64 * 4; i++) {
        const size_t row = i / 16 % 64;
        const bool own_line = i % 16 == x && i / (16 * 64) == z;

        sum += (double)v->data[i];
        if (!own_line)
            assert_close((double)v->data[i], 0.0, 0.0, 0.0);
        else if (row + 3 < y || row > y + 3)
            ghosts += v->data[i] > 1.0F;
    }
    assert_in_range(ghosts, 3, 5);
    assert_true(v->data[at] > 70.0F && v->data[at] < 90.0F);
    assert_true(sum > 115.0 && sum < 190.0);
    hep_volume_free(v);
}

/* The heart lies above the left lobe: loss there at b = 400 and more, none in the right lobe. */
static void test_cardiac(void **state)
{
    struct hep_shape *shape = NULL;
    struct hep_series_event e = { .gain = 1.0 };
    struct hep_volume *v = constant(80, 60, 60, 2, 1.0);
    struct hep_error err = { 0 };
    double q[3] = { -28.0, 30.0, 40.0 }, p[3], far[3] = { 110.0, -40.0, -40.0 };
    size_t near_i, far_i;

    (void)state;
    assert_ok(hep_shape_new(&shape, 9, &err), err);
    e.cardiac_loss[1] = 0.4;
    hep_degrade_cardiac(v, shape, &e, 2);
    hep_shape_world(p, shape, q);
    near_i = ((size_t)lrint(p[2] / 4.0 + 29.5) * 60 + (size_t)lrint(p[1] / 4.0 + 29.5)) * 80 +
             (size_t)lrint(p[0] / 4.0 + 39.5);
    far_i = ((size_t)lrint(far[2] / 4.0 + 29.5) * 60 + (size_t)lrint(far[1] / 4.0 + 29.5)) * 80 +
            (size_t)lrint(far[0] / 4.0 + 39.5);
    assert_close((double)v->data[near_i], 1.0, 0.0, 0.0);
    assert_true(hep_volume_at(v, 1)[near_i] < 0.85F);
    assert_true(hep_volume_at(v, 1)[near_i] >= 0.6F - 1e-6F);
    assert_true(hep_volume_at(v, 1)[far_i] > 0.97F);
    hep_volume_free(v);
    hep_shape_free(shape);
}

/* ---- switches -------------------------------------------------------------------------------- */

static void fill(struct hep_sim_settings *s, const struct hep_agent *agent)
{
    static const enum hep_role roles[] = { HEP_ROLE_OPPOSED, HEP_ROLE_T2, HEP_ROLE_DWI,
                                           HEP_ROLE_PRECONTRAST };
    struct hep_error e = { 0 };

    hep_sim_defaults(s);
    s->agent = agent;
    for (size_t i = 0; i < 4; i++)
        assert_ok(hep_sim_add_role(s, roles[i], (double)NAN, &e), e);
    assert_ok(hep_sim_add_role(s, HEP_ROLE_ARTERIAL, 32.0, &e), e);
    assert_ok(hep_sim_add_role(s, HEP_ROLE_PORTAL_VENOUS, 70.0, &e), e);
    assert_ok(hep_sim_add_role(s, HEP_ROLE_HEPATOBILIARY, 1200.0, &e), e);
    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++)
        s->degrade[d] = 100.0; /* every event happens */
    s->degrade[HEP_SIM_MISSING] = 3.0;
}

/* What each degradation drew, as one number: a line for each. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity) */
static double drawn(const struct hep_event *e, const struct hep_sim_settings *s, uint64_t seed,
                    int d)
{
    double sum = 0.0;

    for (size_t i = 0; i < s->n_series; i++) {
        const struct hep_series_event *r = &e->series[i];
        const double w = 1.0 + 0.1 * (double)i;
        double part = 0.0;

        if (d == (int)HEP_SIM_NOISE)
            part = r->noise_sd_of_liver;
        if (d == (int)HEP_SIM_SHIFT)
            part =
                r->motion.shift_mm[0] + 2.0 * r->motion.shift_mm[1] + 3.0 * r->motion.shift_mm[2];
        if (d == (int)HEP_SIM_DEFORM)
            part = r->bend != NULL ? r->motion.bend_mm * (1.0 + (double)r->bend->data[1000]) : 0.0;
        if (d == (int)HEP_SIM_TRANSIENT)
            part = r->transient;
        for (size_t v = 0; d == (int)HEP_SIM_CARDIAC && v < 4; v++)
            part += r->cardiac_loss[v];
        if (d == (int)HEP_SIM_GAIN)
            part = log(r->gain);
        if (d == (int)HEP_SIM_GAP)
            part = 1.0 - r->slice_share;
        if (d == (int)HEP_SIM_CROP)
            part = hep_role_is_t1_phase(s->series[i].role) ? 0.0
                                                           : (double)(r->crop[0] + 2 * r->crop[1]);
        if (d == (int)HEP_SIM_PARTIAL)
            part = hep_role_is_t1_phase(s->series[i].role) ? (double)(r->crop[0] + 2 * r->crop[1])
                                                           : 0.0;
        if (d == (int)HEP_SIM_PSF)
            part = r->psf_sd_voxels[0] + 2.0 * r->psf_sd_voxels[1] + 3.0 * r->psf_sd_voxels[2];
        if (d == (int)HEP_SIM_FATSAT)
            part = r->fat_field != NULL ? r->fat_gain * (double)r->fat_field->data[1000] : 0.0;
        if (d == (int)HEP_SIM_FLOW)
            part = r->ghost + log(r->artery_flow) + 2.0 * log(r->vein_flow);
        for (size_t v = 0; d == (int)HEP_SIM_HEART && v < 4; v++)
            part += r->heart_exponent[v];
        if (d == (int)HEP_SIM_DRIFT)
            part = r->drift_mm[2] + r->slice_sd_mm[2];
        if (d == (int)HEP_SIM_SWAP)
            part = r->labelled_as != s->series[i].role;
        if (d == (int)HEP_SIM_MISSING)
            part = r->missing;
        sum += w * part;
    }
    if (d == (int)HEP_SIM_BIAS)
        sum = e->bias_level * (e->bias[0] + e->hot[0]);
    if (d == (int)HEP_SIM_EPI)
        sum = e->epi ? e->epi_peak_hz : 0.0;
    if (d == (int)HEP_SIM_IRON)
        sum = hep_event_iron(s, seed) - 1.0;
    return sum;
}

static void test_switches(void **state)
{
    struct hep_agent agent = { .name = "gadoxetate" };
    struct hep_sim_settings on, off;
    struct hep_event *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    struct hep_error err = { 0 };
    const uint64_t seed = 77;

    (void)state;
    fill(&on, &agent);
    assert_ok(hep_event_draw(a, &on, seed, &err), err);
    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++) {
        /* what is drawn with the person or its b-values: test_forms.c */
        if (d >= (int)HEP_SIM_OUTLINE && d <= (int)HEP_SIM_BSETS)
            continue;
        off = on;
        off.degrade[d] = 0.0;
        assert_ok(hep_event_draw(b, &off, seed, &err), err);
        for (int k = 0; k < (int)HEP_SIM_N_DEGRADATIONS; k++) {
            const double before = drawn(a, &on, seed, k), after = drawn(b, &off, seed, k);

            if (k != d) {
                assert_close(after, before, 0.0, 0.0);
                continue;
            }
            assert_true(fabs(before) > 1e-6);
            assert_close(after, 0.0, 0.0, 1e-12);
        }
        for (size_t i = 0; i < on.n_series; i++)
            assert_close(b->series[i].time_s, a->series[i].time_s, 0.0, 0.0);
        hep_event_release(b);
    }
    hep_event_release(a);
    free(a);
    free(b);
}

/* Frequencies: transient motion 0.11 with gadoxetate and never without; both echoes move as one. */
static void test_frequencies(void **state)
{
    struct hep_agent agent = { .name = "gadoxetate" }, other = { .name = "extracellular" };
    struct hep_sim_settings s;
    struct hep_event *e = calloc(1, sizeof *e);
    struct hep_error err = { 0 };
    size_t transient = 0;
    double si = 0.0;

    (void)state;
    fill(&s, &agent);
    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++)
        s.degrade[d] = d == (int)HEP_SIM_TRANSIENT || d == (int)HEP_SIM_SHIFT ? 1.0 : 0.0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        assert_ok(hep_event_draw(e, &s, seed, &err), err);
        transient += e->series[5].transient;
        si += pow(e->series[2].motion.shift_mm[2], 2.0) / 1000.0;
        assert_close(e->series[0].motion.shift_mm[2], e->series[1].motion.shift_mm[2], 0.0, 0.0);
        assert_close(e->series[e->reference].motion.shift_mm[2], 0.0, 0.0, 0.0);
        hep_event_release(e);
    }
    assert_close((double)transient, 110.0, 0.0, 40.0); /* 4 SE of a binomial */
    assert_close(sqrt(si), 6.0, 0.10, 0.0);
    s.agent = &other;
    s.degrade[HEP_SIM_TRANSIENT] = 100.0;
    assert_ok(hep_event_draw(e, &s, 1, &err), err);
    assert_false(e->series[5].transient);
    hep_event_release(e);
    free(e);
}

/* ---- grids ----------------------------------------------------------------------------------- */

/* LAS is the RAS grid with its first axis turned: the same voxels in the world. */
static void test_grids(void **state)
{
    struct hep_agent agent = { .name = "gadoxetate" };
    struct hep_sim_settings s;
    struct hep_event *e = calloc(1, sizeof *e);
    struct hep_grid ras, las, cropped;
    struct hep_error err = { 0 };
    double a[3], b[3], spacing[3];

    (void)state;
    fill(&s, &agent);
    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++)
        s.degrade[d] = 0.0;
    assert_ok(hep_event_draw(e, &s, 5, &err), err);
    e->oblique = true;
    e->las = false;
    hep_event_grid(&ras, e, &s, 3, 5);
    e->las = true;
    hep_event_grid(&las, e, &s, 3, 5);
    hep_grid_to_world(a, &ras, (const double[3]){ 0.0, 7.0, 3.0 });
    hep_grid_to_world(b, &las, (const double[3]){ (double)las.n[0] - 1.0, 7.0, 3.0 });
    for (int k = 0; k < 3; k++)
        assert_close(a[k], b[k], 0.0, 1e-9);
    assert_true(las.to_world[0][0] < 0.0 && ras.to_world[0][0] > 0.0);
    assert_true(fabs(ras.to_world[1][2]) > 0.05);
    hep_grid_spacing(spacing, &ras);
    for (int k = 0; k < 3; k++)
        assert_close(spacing[k], s.series[3].spacing_mm[k], 1e-9, 0.0);
    e->series[3].crop[0] = 4;
    e->series[3].crop[1] = 3;
    hep_event_grid(&cropped, e, &s, 3, 5);
    assert_int_equal(cropped.n[2], las.n[2] - 7);
    hep_grid_to_world(a, &las, (const double[3]){ 1.0, 2.0, 4.0 });
    hep_grid_to_world(b, &cropped, (const double[3]){ 1.0, 2.0, 0.0 });
    for (int k = 0; k < 3; k++)
        assert_close(a[k], b[k], 0.0, 1e-9);
    hep_event_release(e);
    free(e);
}

/* Undoing a displacement gives the point back. */
static void test_motion(void **state)
{
    const struct hep_box box = hep_shape_box();
    struct hep_motion m = { { 1.0, -2.0, 6.0 }, NULL, 1.5 };
    struct hep_field *bend = NULL;
    struct hep_error err = { 0 };

    (void)state;
    assert_ok(hep_field_new(&bend, &box, 60.0, 3, 4, "x", &err), err);
    m.bend = bend;
    for (int i = 0; i < 40; i++) {
        const double p[3] = { 90.0 * sin(i), 70.0 * cos(1.3 * i), 80.0 * sin(2.1 * i) };
        double d[3], q[3], back[3];

        hep_motion_displacement(d, &m, p);
        for (int k = 0; k < 3; k++)
            q[k] = p[k] + d[k];
        hep_motion_undo(back, &m, q);
        for (int k = 0; k < 3; k++)
            assert_close(back[k], p[k], 0.0, 0.03);
    }
    hep_field_free(bend);
}

/* A field: SD 1 over many draws at a point, and no step where lattice cells meet. */
static void test_field(void **state)
{
    const struct hep_box box = { { -50.0, -50.0, -50.0 }, { 50.0, 50.0, 50.0 } };
    struct hep_field *f = NULL;
    struct hep_error err = { 0 };
    double sq = 0.0;
    float *tile = NULL;

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        assert_ok(hep_field_new(&f, &box, 40.0, 1, seed, "x", &err), err);
        sq += pow(hep_field_value(f, (const double[3]){ 3.0, -11.0, 17.0 }), 2.0) / 300.0;
        hep_field_free(f);
    }
    assert_close(sqrt(sq), 1.0, 0.2, 0.0); /* phase of the spline +-10 %, 4 SE */
    assert_fails(hep_field_new(&f, &box, 0.0, 1, 1, "x", &err), err, HEP_EINVAL, "step");
    assert_fails(hep_tile_new(&tile, 40.0, 1, "x", &err), err, HEP_EINVAL, "40");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rician),   cmocka_unit_test(test_noise_streams),
        cmocka_unit_test(test_gain),     cmocka_unit_test(test_bias),
        cmocka_unit_test(test_ghosts),   cmocka_unit_test(test_cardiac),
        cmocka_unit_test(test_switches), cmocka_unit_test(test_frequencies),
        cmocka_unit_test(test_grids),    cmocka_unit_test(test_motion),
        cmocka_unit_test(test_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
