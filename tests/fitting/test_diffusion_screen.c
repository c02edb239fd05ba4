/* What a diffusion series holds that is no diffusion-weighted image, and what contradicts its
 * b-values. The series are made by hand: four tissues, S = S0 exp(-b D), complex noise of known SD. */
#include "fitting/diffusion_noise.h"
#include "fitting/diffusion_sample.h"
#include "fitting/diffusion_screen.h"
#include "fitting/diffusion_support.h"
#include "image/stats.h"

enum { NX = 24, NY = 24, NZ = 6, NVOX = NX * NY * NZ, MOST = 16 };
static const size_t size[3] = { NX, NY, NZ };
static const double rise_max = 1.25, noise_sd = 10.0;

/* Liver, spleen, kidney, muscle; the outer frame is air. */
static const struct tissue {
    double s0, d;
} tissues[] = { { 1000, 1.2e-3 }, { 1500, 0.8e-3 }, { 1300, 2.0e-3 }, { 800, 1.5e-3 } };

static size_t tissue_of(size_t v)
{
    size_t x = v % NX, y = v / NX % NY;

    if (x < 4 || y < 4 || x >= NX - 4 || y >= NY - 4)
        return SIZE_MAX;
    return (x >= NX / 2 ? (size_t)1 : 0) + (y >= NY / 2 ? (size_t)2 : 0);
}

struct series {
    float signal[MOST * NVOX];
    int32_t body[NVOX];
    double b[MOST];
    size_t nb;
    struct hep_diffusion_input in;
};

static double noise_of(size_t volume, size_t v, size_t part)
{
    double pair[2];

    hep_rng_normal2(pair, 17, volume, v);
    return noise_sd * pair[part];
}

/** Volumes of these true b-values. */
static struct series *make(const double *b, size_t nb)
{
    struct series *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->nb = nb;
    for (size_t k = 0; k < nb; k++) {
        s->b[k] = b[k];
        for (size_t v = 0; v < NVOX; v++) {
            const size_t t = tissue_of(v);
            const double a = t == SIZE_MAX ? 0.0 : tissues[t].s0 * exp(-b[k] * tissues[t].d);

            s->body[v] = t != SIZE_MAX;
            s->signal[k * NVOX + v] = (float)hypot(a + noise_of(k, v, 0), noise_of(k, v, 1));
        }
    }
    s->in = (struct hep_diffusion_input){ s->signal, NVOX, nb, s->b, s->body };
    return s;
}

static struct hep_diffusion_screen look(struct series *s)
{
    struct hep_diffusion_screen screen;
    struct hep_error e = { 0 };

    assert_ok(hep_diffusion_screen(&screen, &s->in, size, rise_max, &e), e);
    return screen;
}

static const double clean_b[] = { 0, 0, 50, 50, 50, 400, 400, 400, 800, 800, 800 };
enum { N_CLEAN = sizeof clean_b / sizeof clean_b[0] };

static void test_clean(void **state)
{
    static const double single[] = { 0, 50, 400, 800 };
    char text[HEP_SCREEN_TEXT];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct series *s = i == 0 ? make(clean_b, N_CLEAN) : make(single, 4);
        struct hep_diffusion_screen screen = look(s);

        assert_int_equal(screen.n_left_out, 0);
        assert_int_equal(screen.n_lost, 0);
        assert_null(screen.lost);
        assert_false(hep_screen_contradicts(text, &screen, rise_max));
        hep_diffusion_screen_release(&screen);
        free(s);
    }
}

/* The last volume becomes: the mean of the volumes of b = 800, a copy of the first of b = 400, or
 * the ADC in three units with noise of its own; listed with some b-value. */
struct derived_case {
    const char *name;
    enum hep_screen_cause cause;
    double b, unit;
};
static const struct derived_case derived_cases[] = {
    { "trace", HEP_SCREEN_MEAN, 800, 0 },
    { "trace listed as b = 0", HEP_SCREEN_MEAN, 0, 0 },
    { "mean of all listed as b = 50", HEP_SCREEN_MEAN, 50, -1 },
    { "copy", HEP_SCREEN_COPY, 400, 0 },
    { "ADC in um2/s as b = 0", HEP_SCREEN_ADC_MAP, 0, 1e6 },
    { "ADC in um2/s as b = 800", HEP_SCREEN_ADC_MAP, 800, 1e6 },
    { "ADC in um2/ms as b = 50", HEP_SCREEN_ADC_MAP, 50, 1e3 },
    { "ADC in mm2/s as b = 400", HEP_SCREEN_ADC_MAP, 400, 1.0 },
};

static void test_derived(void **state)
{
    static const double copied_b[] = { 0, 50, 400, 800, 0 };
    const struct derived_case *c = *state;
    const bool copy = c->cause == HEP_SCREEN_COPY;
    struct series *s = copy ? make(copied_b, 5) : make(clean_b, N_CLEAN);
    float *last = s->signal + (s->nb - (copy ? 1 : 0)) * NVOX;
    struct hep_diffusion_screen screen;
    struct hep_screened used;
    struct hep_error e = { 0 };

    if (!copy)
        s->in.nb = ++s->nb;
    s->b[s->nb - 1] = c->b;
    for (size_t v = 0; v < NVOX; v++) {
        const float *at = s->signal + v;
        const size_t t = tissue_of(v);

        if (c->unit < 0.0)
            for (size_t k = 0; k < N_CLEAN; k++)
                last[v] += at[k * NVOX] / (float)N_CLEAN;
        else if (c->cause == HEP_SCREEN_MEAN)
            last[v] = cbrtf(at[(size_t)8 * NVOX] * at[(size_t)9 * NVOX] * at[(size_t)10 * NVOX]);
        else if (copy)
            last[v] = at[(size_t)2 * NVOX];
        else
            last[v] = t == SIZE_MAX
                          ? 0.0F
                          : (float)(c->unit * tissues[t].d * (1.0 + 0.005 * noise_of(99, v, 0)));
    }
    screen = look(s);
    assert_int_equal(screen.n_left_out, 1);
    assert_int_equal(screen.left_out[0].volume, s->nb - 1);
    assert_int_equal(screen.left_out[0].cause, c->cause);
    assert_ok(hep_screen_apply(&used, &screen, &s->in, &e), e);
    assert_int_equal(used.in.nb, s->nb - 1);
    assert_memory_equal(used.in.signal, s->signal, (s->nb - 1) * NVOX * sizeof(float));
    hep_screened_release(&used);
    hep_diffusion_screen_release(&screen);
    free(s);
}

/* True b-values in the order of the volumes, and what the file says. */
struct contradiction_case {
    const char *name;
    size_t nb;
    double truth[8], listed[8];
    const char *part;
};
static const struct contradiction_case contradictions[] = {
    { "shuffled volumes", 4, { 800, 0, 400, 50 }, { 0, 50, 400, 800 }, "signal rises" },
    { "sorted .bval",
      8,
      { 0, 50, 400, 800, 0, 50, 400, 800 },
      { 0, 0, 50, 50, 400, 400, 800, 800 },
      "signal rises" },
    { "interchanged repeats",
      8,
      { 0, 0, 800, 50, 50, 400, 400, 800 },
      { 0, 0, 50, 50, 400, 400, 800, 800 },
      "have one b-value, 50 s/mm2" },
    { "b-values of another series",
      4,
      { 0, 50, 400, 800 },
      { 0, 1000, 1000, 1000 },
      "have one b-value, 1000 s/mm2" },
    { "b-values ten times too large",
      8,
      { 0, 0, 50, 50, 400, 400, 800, 800 },
      { 0, 0, 500, 500, 4000, 4000, 8000, 8000 },
      "the b-values are too large" },
};

static void test_contradiction(void **state)
{
    const struct contradiction_case *c = *state;
    struct series *s = make(c->truth, c->nb);
    struct hep_diffusion_screen screen;
    char text[HEP_SCREEN_TEXT];

    (void)memcpy(s->b, c->listed, c->nb * sizeof *s->b);
    screen = look(s);
    assert_int_equal(screen.n_left_out, 0);
    assert_true(hep_screen_contradicts(text, &screen, rise_max));
    assert_non_null(strstr(text, c->part));
    hep_diffusion_screen_release(&screen);
    free(s);
}

/* A converter writes the image of b = 0 again for every direction of b = 1000: the ADC would read 0.
 * With one true image among them the copies are left out, and the rest is a series. */
static void test_copies(void **state)
{
    static const double b[] = { 0, 1000, 1000, 1000, 1000, 1000, 1000, 1000 };
    char text[HEP_SCREEN_TEXT];

    (void)state;
    for (size_t n_true = 0; n_true < 2; n_true++) {
        struct series *s = make(b, 8);
        struct hep_diffusion_screen screen;

        for (size_t k = 1 + n_true; k < 8; k++)
            (void)memcpy(s->signal + k * NVOX, s->signal, NVOX * sizeof *s->signal);
        screen = look(s);
        assert_int_equal(hep_screen_contradicts(text, &screen, rise_max), n_true == 0);
        if (n_true == 0)
            assert_non_null(strstr(text, "7 of 8 volumes are copies of volume 0 (b = 0 s/mm2)"));
        else
            assert_int_equal(screen.n_left_out, 6);
        hep_diffusion_screen_release(&screen);
        free(s);
    }
}

/* One volume of five has lost half of its signal to motion: the others agree. A second one of
 * less signal is more than motion explains. */
static void test_moved(void **state)
{
    static const double b[] = { 0, 500, 500, 500, 500, 500 };
    struct series *s = make(b, 6);
    struct hep_diffusion_screen screen;
    char text[HEP_SCREEN_TEXT];

    (void)state;
    for (size_t k = 3; k < 5; k++) {
        for (size_t i = 0; i < NVOX; i++)
            s->signal[k * NVOX + i] *= 0.5F;
        screen = look(s);
        assert_int_equal(hep_screen_contradicts(text, &screen, rise_max), k == 4);
        hep_diffusion_screen_release(&screen);
    }
    free(s);
}

/* A series that was stopped: its last volumes hold nothing. */
static void test_empty(void **state)
{
    static const double b[] = { 0, 50, 400, 800, 1000 };
    struct series *s = make(b, 5);
    struct hep_diffusion_screen screen;
    char text[HEP_SCREEN_TEXT], all[2 * HEP_SCREEN_TEXT], short_of_room[16];

    (void)state;
    (void)memset(s->signal + (size_t)3 * NVOX, 0, (size_t)2 * NVOX * sizeof *s->signal);
    screen = look(s);
    assert_int_equal(screen.n_left_out, 2);
    assert_int_equal(screen.left_out[0].volume, 3);
    assert_int_equal(screen.left_out[1].volume, 4);
    assert_false(hep_screen_contradicts(text, &screen, rise_max));
    hep_screen_volume_text(text, &screen.left_out[1]);
    assert_string_equal(text,
                        "volume 4 (b = 1000 s/mm2) is left out: it has no signal in the body");
    hep_screen_left_out_text(all, sizeof all, &screen);
    assert_string_equal(all, "volume 3 (b = 800 s/mm2) is left out: it has no signal in the body; "
                             "volume 4 (b = 1000 s/mm2) is left out: it has no signal in the body");
    hep_screen_left_out_text(short_of_room, sizeof short_of_room, &screen);
    assert_string_equal(short_of_room, "volume 3 (b = 8");
    hep_diffusion_screen_release(&screen);
    free(s);
}

/* A negative scl_slope turns every signal: nothing to look at, and said so. */
static void test_negative(void **state)
{
    struct series *s = make(clean_b, N_CLEAN);
    struct hep_diffusion_screen screen;
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < (size_t)N_CLEAN * NVOX; i++)
        s->signal[i] = -s->signal[i];
    assert_int_equal(hep_diffusion_screen(&screen, &s->in, size, rise_max, &e), HEP_EDATA);
    assert_non_null(strstr(e.msg, "scl_slope"));
    free(s);
}

/* b = 0, 5, 10 and 20 stored as 0: with f = 0.2 and D* = 0.06 mm2/s the signals are 1000, 946, 906
 * and 850 (by hand), the SE of their mean ln is 3.5 %; true repeats have noise alone. */
static void test_rounded(void **state)
{
    static const double zeros[] = { 0, 0, 0, 0, 800 };
    static const double lowered[] = { 1.0, 0.946, 0.906, 0.850 };
    struct series *s = make(zeros, 5);
    struct hep_diffusion_screen screen = look(s);

    (void)state;
    assert_int_equal(screen.n_lowest, 4);
    assert_close(screen.lowest_error, 0.0, 0.0, 0.002);
    hep_diffusion_screen_release(&screen);
    for (size_t i = 0; i < (size_t)4 * NVOX; i++)
        s->signal[i] = (float)((double)s->signal[i] * lowered[i / NVOX]);
    screen = look(s);
    assert_close(screen.lowest_error, 0.0348, 0.0, 0.002);
    hep_diffusion_screen_release(&screen);
    free(s);
}

/* Slices of single volumes at a tenth, half and 70 % of their signal, one of them b = 0 without a
 * repeat: exactly those. 90 % is left to the weights. */
static void test_lost_slices(void **state)
{
    static const struct {
        size_t volume, slice;
        double left;
    } lost[] = { { 2, 3, 0.1 }, { 5, 3, 0.5 }, { 8, 0, 0.7 }, { 10, 5, 0.5 }, { 9, 4, 0.9 } };
    static const double single[] = { 0, 50, 400, 800 };
    struct series *s = make(clean_b, N_CLEAN);
    struct hep_diffusion_screen screen;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (size_t v = lost[i].slice * NX * NY; v < (lost[i].slice + 1) * NX * NY; v++)
            s->signal[lost[i].volume * NVOX + v] *= (float)lost[i].left;
    screen = look(s);
    assert_int_equal(screen.n_lost, 4);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(screen.lost[lost[i].volume * NZ + lost[i].slice], i < 4);
    hep_diffusion_screen_release(&screen);
    free(s);
    s = make(single, 4);
    for (size_t v = (size_t)2 * NX * NY; v < (size_t)3 * NX * NY; v++)
        s->signal[v] = 0.0F;
    screen = look(s);
    assert_int_equal(screen.n_lost, 1);
    assert_int_equal(screen.lost[2], 1);
    hep_diffusion_screen_release(&screen);
    free(s);
}

/* Above some slice another organ begins, whose ADC is 0.9e-3 mm2/s higher, as the heart's above the
 * liver's: without repeats, its slices are lower at high b than those below, and lower than the
 * middle of their neighbours beside the border. A step is not a loss, wherever it lies; a slice that
 * is lost beside it is one. */
static void test_step_of_anatomy(void **state)
{
    static const double single[] = { 0, 50, 400, 800 };

    (void)state;
    for (size_t step = 1; step < NZ; step++) {
        struct series *s = make(single, 4);
        struct hep_diffusion_screen screen;

        for (size_t i = 0; i < (size_t)4 * NVOX; i++)
            if (i % NVOX >= step * NX * NY)
                s->signal[i] *= (float)exp(-single[i / NVOX] * 0.9e-3);
        screen = look(s);
        assert_int_equal(screen.n_lost, 0);
        hep_diffusion_screen_release(&screen);
        if (step == 3) {
            for (size_t v = (size_t)2 * NX * NY; v < (size_t)3 * NX * NY; v++)
                s->signal[3 * NVOX + v] *= 0.2F;
            screen = look(s);
            assert_int_equal(screen.n_lost, 1);
            assert_int_equal(screen.lost[3 * NZ + 2], 1);
            hep_diffusion_screen_release(&screen);
        }
        free(s);
    }
}

/* Air gives sigma; a background set to 0 is recognised, and repeats give it; without them the
 * residuals. Their errors: 1 % and 3 %. */
static void test_noise(void **state)
{
    static const double single[] = { 0, 200, 400, 800 };
    struct series *s = make(clean_b, N_CLEAN);
    struct hep_diffusion_settings set;
    struct hep_diffusion_noise noise;
    double each[MOST];
    struct hep_error e = { 0 };

    (void)state;
    hep_diffusion_settings_init(&set, HEP_DIFFUSION_ADC);
    assert_ok(hep_diffusion_noise(&noise, each, &s->in, size, &set, &e), e);
    assert_int_equal(noise.source, HEP_NOISE_AIR);
    assert_close(noise.sigma, noise_sd, 0.03, 0.0);
    for (size_t i = 0; i < (size_t)N_CLEAN * NVOX; i++)
        s->signal[i] = s->body[i % NVOX] > 0 ? s->signal[i] : 0.0F;
    assert_ok(hep_diffusion_noise(&noise, each, &s->in, size, &set, &e), e);
    assert_int_equal(noise.source, HEP_NOISE_REPEATS);
    assert_true(noise.background_cut);
    assert_close(noise.sigma, noise_sd, 0.06, 0.0);
    free(s);
    s = make(single, 4);
    for (size_t i = 0; i < (size_t)4 * NVOX; i++)
        s->signal[i] = s->body[i % NVOX] > 0 ? s->signal[i] : 0.0F;
    assert_ok(hep_diffusion_noise(&noise, each, &s->in, size, &set, &e), e);
    assert_int_equal(noise.source, HEP_NOISE_RESIDUALS);
    assert_close(noise.sigma, noise_sd, 0.15, 0.0);
    set.sigma = 3.0;
    assert_ok(hep_diffusion_noise(&noise, each, &s->in, size, &set, &e), e);
    assert_int_equal(noise.source, HEP_NOISE_GIVEN);
    assert_close(noise.sigma, 3.0, 0.0, 0.0);
    free(s);
}

/* Volumes of b = 700 and 1000 are averages of four acquisitions before the magnitude is taken: sigma
 * 5 where b = 0 and 300 have 10. S0 100 and D 1.5e-3: the signal of b = 1000 is 22, with its mean at
 * 22.9 (by sqrt(S^2 + s^2), Koay and Basser), which 10 for all volumes would take for 20.2. Air
 * tells each, and D reads true. */
static void test_noise_of_volumes(void **state)
{
    static const double b[] = { 0, 300, 700, 1000 }, d = 1.5e-3;
    struct series *s = make(b, 4);
    struct hep_diffusion_noise noise;
    struct hep_diffusion_settings set;
    struct hep_error e = { 0 };
    double each[4], read[2];
    float *map = calloc(NVOX, sizeof *map);

    (void)state;
    assert_non_null(map);
    for (size_t i = 0; i < (size_t)4 * NVOX; i++) {
        const size_t k = i / NVOX, v = i % NVOX;
        const double sd = k < 2 ? 1.0 : 0.5, a = s->body[v] > 0 ? 100.0 * exp(-b[k] * d) : 0.0;

        s->signal[i] = (float)hypot(a + sd * noise_of(k, v, 0), sd * noise_of(k, v, 1));
    }
    hep_diffusion_settings_init(&set, HEP_DIFFUSION_MONO);
    assert_ok(hep_diffusion_noise(&noise, each, &s->in, size, &set, &e), e);
    for (size_t k = 0; k < 4; k++)
        assert_close(each[k], k < 2 ? 10.0 : 5.0, 0.05, 0.0);
    assert_close(noise.most / noise.least, 2.0, 0.08, 0.0);
    set.rician = HEP_RICIAN_MEAN;
    for (int of_volumes = 0; of_volumes < 2; of_volumes++) {
        struct hep_diffusion_maps maps = { .d = map };
        size_t n = 0;

        set.sigma = 10.0;
        set.sigma_of_volume = of_volumes != 0 ? each : NULL;
        assert_ok(hep_diffusion_fit(&maps, NULL, &s->in, &set, &e), e);
        for (size_t v = 0; v < NVOX; v++)
            if (s->body[v] > 0)
                map[n++] = map[v];
        read[of_volumes] = hep_quantile(map, n, 0.5);
    }
    assert_close(read[1], d, 0.02, 0.0);
    assert_true(read[0] > 1.03 * d);
    free(map);
    free(s);
}

/* Voxels that have lost b = 0 are bad input, whichever b-values are fitted. */
static void test_lost_b0(void **state)
{
    static const double b[] = { 0, 50, 200, 400, 800 };
    static const float lost[] = { 0.0F, -32000.0F, (float)NAN };
    static const enum hep_diffusion_model models[] = { HEP_DIFFUSION_ADC, HEP_DIFFUSION_MONO,
                                                       HEP_DIFFUSION_IVIM };

    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct hep_error e = { 0 };
        struct rig r;

        rig_init(&r, models[m], 4, b, 5);
        for (size_t i = 0; i < 20; i++)
            r.signal[i] =
                (float)(800.0 * (0.8 * exp(-b[i / 4] * 1.3e-3) + 0.2 * exp(-b[i / 4] * 0.06)));
        for (size_t v = 0; v < 3; v++)
            r.signal[v] = lost[v];
        assert_ok(hep_diffusion_fit(&r.maps, &r.report, &r.in, &r.set, &e), e);
        for (size_t v = 0; v < 4; v++)
            assert_int_equal((int)r.maps.status[v] == HEP_FIT_BAD_INPUT, v < 3);
        rig_release(&r);
    }
}

/* Means of two volumes by hand: 75 and 225 in turn, 100 / 2 where the second has no signal, NaN outside the mask and
 * where none has any. More than half of the region have 225. */
static void test_mean(void **state)
{
    enum { FEW = 64 };
    static const size_t n[3] = { 8, 4, 2 };
    static const double b[2] = { 0, 800 };
    float signal[2 * FEW];
    int32_t mask[FEW];
    const struct hep_diffusion_input in = { signal, FEW, 2, b, mask };
    struct hep_diffusion_sample s = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    for (size_t v = 0; v < FEW; v++) {
        signal[v] = v % 2 == 0 ? 100.0F : 300.0F;
        signal[FEW + v] = 0.5F * signal[v];
        mask[v] = 1;
    }
    signal[FEW + 2] = -5.0F;
    signal[4] = signal[FEW + 4] = 0.0F;
    mask[6] = 0;
    assert_ok(hep_sample_take(&s, &in, n, &e), e);
    for (size_t v = 0; v < FEW; v++) {
        if (v == 4 || v == 6)
            assert_true(isnan(s.mean[v]));
        else
            assert_close(s.mean[v], v == 2 ? 50.0 : v % 2 == 0 ? 75.0 : 225.0, 0.0, 0.0);
    }
    assert_close(s.bright, 225.0, 0.0, 0.0); /* 32 of 62 are */
    assert_int_equal(s.n, 32);
    hep_sample_release(&s);
}

int main(void)
{
    enum {
        N = sizeof derived_cases / sizeof derived_cases[0],
        M = sizeof contradictions / sizeof contradictions[0],
        OTHERS = 12
    };
    struct CMUnitTest tests[OTHERS + N + M] = {
        cmocka_unit_test(test_clean),       cmocka_unit_test(test_rounded),
        cmocka_unit_test(test_lost_slices), cmocka_unit_test(test_step_of_anatomy),
        cmocka_unit_test(test_noise),       cmocka_unit_test(test_lost_b0),
        cmocka_unit_test(test_copies),      cmocka_unit_test(test_noise_of_volumes),
        cmocka_unit_test(test_negative),    cmocka_unit_test(test_empty),
        cmocka_unit_test(test_moved),       cmocka_unit_test(test_mean),
    };

    for (size_t i = 0; i < N; i++)
        tests[OTHERS + i] =
            (struct CMUnitTest){ .name = derived_cases[i].name,
                                 .test_func = test_derived,
                                 .initial_state = (void *)(uintptr_t)&derived_cases[i] };
    for (size_t i = 0; i < M; i++)
        tests[OTHERS + N + i] =
            (struct CMUnitTest){ .name = contradictions[i].name,
                                 .test_func = test_contradiction,
                                 .initial_state = (void *)(uintptr_t)&contradictions[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
