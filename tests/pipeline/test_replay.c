/* Replay: what a protocol sees of a study, and what its transforms do to an image. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "fitting/noise.h"
#include "pipeline/replay.h"
#include "pipeline/replay_transform.h"

#include <math.h>
#include <stdlib.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static struct hep_replay_change no_change(void)
{
    return (struct hep_replay_change){ .slice_thickness_mm = (double)NAN,
                                       .in_plane_mm = (double)NAN,
                                       .snr_factor = (double)NAN,
                                       .averages_share = (double)NAN,
                                       .noise_sd = (double)NAN };
}

/* ---- noise ----------------------------------------------------------------------------------- */

static struct hep_volume *noisy(double signal, double sd, const char *stream)
{
    struct hep_grid grid = hep_test_grid(64, 64, 24, 1.0, 1.0, 1.0);
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_volume_new(&v, &grid, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        double n[2];

        hep_rng_normal2(n, 7, hep_rng_stream(stream), (uint64_t)i);
        v->data[i] = (float)hypot(signal + sd * n[0], sd * n[1]);
    }
    return v;
}

static void moments(double *mean, double *sd, const struct hep_volume *v)
{
    size_t n = hep_grid_voxels(&v->grid);
    double sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)v->data[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((double)v->data[i] - *mean) * ((double)v->data[i] - *mean);
    *sd = sqrt(squares / (double)(n - 1));
}

/* Rician moments: at 100 SD normal; at signal 0 Rayleigh, mean SD sqrt(pi/2), variance
 * SD^2 (4 - pi) / 2. */
struct noise_case {
    const char *name;
    double signal, snr_factor, averages_share, mean, sd;
};

static const struct noise_case noise_cases[] = {
    { "half the SNR", 2000.0, 0.5, (double)NAN, 2000.0, 20.0 },
    { "a quarter of the averages", 2000.0, (double)NAN, 0.25, 2000.0, 20.0 },
    { "both", 4000.0, 0.5, 0.25, 4000.0, 40.0 },
    { "air, half the SNR", 0.0, 0.5, (double)NAN, 25.0662827, 13.1027282 },
};

static void test_noise(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(noise_cases); i++) {
        const struct noise_case *c = &noise_cases[i];
        struct hep_volume *v = noisy(c->signal, 10.0, "own noise");
        struct hep_replay_change change = no_change();
        struct hep_error e = { 0 };
        double mean, sd;

        change.snr_factor = c->snr_factor;
        change.averages_share = c->averages_share;
        change.noise_sd = 10.0;
        assert_ok(hep_replay_transform(&v, &change, 3, hep_rng_stream("t2"), 2, &e), e);
        moments(&mean, &sd, v);
        print_message("%s: %.2f, %.2f\n", c->name, mean, sd);
        assert_close(mean, c->mean, 0.0, 0.3);
        assert_close(sd, c->sd, 0.015, 0.0);
        hep_volume_free(v);
    }
}

static void test_noise_is_reproducible(void **state)
{
    struct hep_replay_change change = no_change();
    struct hep_volume *a = noisy(100.0, 5.0, "x"), *b = noisy(100.0, 5.0, "x"),
                      *c = noisy(100.0, 5.0, "x");
    struct hep_error e = { 0 };
    size_t n = hep_grid_voxels(&a->grid), equal = 0;

    (void)state;
    change.snr_factor = 0.5;
    change.noise_sd = 5.0;
    assert_ok(hep_replay_transform(&a, &change, 1, 2, 1, &e), e);
    assert_ok(hep_replay_transform(&b, &change, 1, 2, 2, &e), e);
    assert_ok(hep_replay_transform(&c, &change, 2, 2, 2, &e), e);
    assert_memory_equal(a->data, b->data, n * sizeof *a->data);
    for (size_t i = 0; i < n; i++)
        equal += a->data[i] == c->data[i];
    assert_true(equal < n / 100);
    hep_volume_free(a);
    hep_volume_free(b);
    hep_volume_free(c);
}

static void test_noise_measured(void **state)
{
    struct hep_volume *v = noisy(500.0, 12.0, "measured");
    struct hep_error e = { 0 };
    double sd = 0.0;
    size_t n = hep_grid_voxels(&v->grid);

    (void)state;
    /* An object with a slope, in air. */
    for (size_t i = 0; i < n; i++)
        v->data[i] = i % 64 < 32 ? v->data[i] + (float)(i % 64) * 5.0F : 0.0F;
    assert_ok(hep_noise_sd(&sd, v, &e), e);
    assert_close(sd, 12.0, 0.03, 0.0);
    for (size_t i = 0; i < n; i++)
        v->data[i] = 1.0F;
    assert_fails(hep_noise_sd(&sd, v, &e), e, HEP_EDATA, "uniform");
    hep_volume_free(v);
}

/* ---- voxels ---------------------------------------------------------------------------------- */

static void test_thickness(void **state)
{
    struct hep_grid grid = hep_test_grid(4, 4, 13, 2.0, 2.0, 3.0);
    struct hep_replay_change change = no_change();
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };
    double mm[3], world[3], first[3];

    (void)state;
    assert_ok(hep_volume_new(&v, &grid, 2, &e), e);
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < hep_grid_voxels(&grid); i++)
            hep_volume_at(v, t)[i] = (float)((double)(i / 16) + 100.0 * (double)t);
    change.slice_thickness_mm = 6.0;
    assert_ok(hep_replay_transform(&v, &change, 1, 1, 1, &e), e);
    assert_int_equal(v->grid.n[0], 4);
    assert_int_equal(v->grid.n[2], 6);
    hep_grid_spacing(mm, &v->grid);
    assert_close(mm[0], 2.0, 1e-9, 0.0);
    assert_close(mm[2], 6.0, 1e-9, 0.0);
    /* 39 mm hold six slices of 6 mm and 3 mm over, 1.5 mm at each end: the first new slice covers
     * half of slice 0, slice 1, and half of slice 2; its middle is that of slice 1. */
    assert_close(v->data[0], 1.0, 0.0, 1e-5);
    assert_close(v->data[16], 3.0, 0.0, 1e-5);
    assert_close(hep_volume_at(v, 1)[0], 101.0, 0.0, 1e-4);
    hep_grid_to_world(world, &grid, (const double[3]){ 0.0, 0.0, 1.0 });
    hep_grid_to_world(first, &v->grid, (const double[3]){ 0.0, 0.0, 0.0 });
    for (size_t k = 0; k < 3; k++)
        assert_close(first[k], world[k], 0.0, 1e-9);
    hep_volume_free(v);
}

/* Four voxels to one: the mean, and half of the noise. */
static void test_in_plane(void **state)
{
    struct hep_volume *v = noisy(5000.0, 10.0, "in plane");
    struct hep_replay_change change = no_change();
    struct hep_error e = { 0 };
    double mean, sd;

    (void)state;
    change.in_plane_mm = 2.0;
    assert_ok(hep_replay_transform(&v, &change, 1, 1, 2, &e), e);
    assert_int_equal(v->grid.n[0], 32);
    assert_int_equal(v->grid.n[1], 32);
    assert_int_equal(v->grid.n[2], 24);
    moments(&mean, &sd, v);
    assert_close(mean, 5000.0, 0.0, 0.3);
    assert_close(sd, 5.0, 0.03, 0.0);
    hep_volume_free(v);
}

static void test_bad_voxels(void **state)
{
    struct hep_grid grid = hep_test_grid(4, 4, 5, 2.0, 2.0, 3.0), out;
    struct hep_replay_change change = no_change();
    struct hep_error e = { 0 };

    (void)state;
    change.slice_thickness_mm = 2.0;
    assert_fails(hep_replay_grid(&out, &grid, &change, &e), e, HEP_EDATA, "slices of 2 mm");
    change.slice_thickness_mm = 16.0;
    assert_fails(hep_replay_grid(&out, &grid, &change, &e), e, HEP_EDATA, "whole image is 15 mm");
    change.slice_thickness_mm = 3.0;
    change.in_plane_mm = 1.5;
    assert_fails(hep_replay_grid(&out, &grid, &change, &e), e, HEP_EDATA, "pixels of 1.5 mm");
    change.in_plane_mm = 2.0;
    assert_ok(hep_replay_grid(&out, &grid, &change, &e), e);
    assert_true(hep_grid_same(&out, &grid, 0.0));
}

/* ---- series ---------------------------------------------------------------------------------- */

/* A study of six series; DWI with b = 0, 50, 400, 800, each along two directions. */
struct study {
    struct hep_series series[6];
    struct hep_inventory inventory;
    struct hep_frame frames[8];
    double b[8], direction[8][3];
};

static void make_study(struct study *s)
{
    static const enum hep_role roles[] = { HEP_ROLE_IN_PHASE, HEP_ROLE_OPPOSED,
                                           HEP_ROLE_T2,       HEP_ROLE_DWI,
                                           HEP_ROLE_DELAYED,  HEP_ROLE_HEPATOBILIARY };
    static const double b[] = { 0.0, 51.0, 400.0, 800.0, 0.0, 51.0, 400.0, 800.0 };

    (void)memset(s, 0, sizeof *s);
    for (size_t i = 0; i < 6; i++) {
        s->series[i] = (struct hep_series){ .name = (char *)(uintptr_t) "series",
                                            .frame = s->frames,
                                            .nt = roles[i] == HEP_ROLE_DWI ? 8 : 1,
                                            .whole = true,
                                            .role = roles[i],
                                            .selected = true };
        s->series[i].grid = hep_test_grid(8, 8, 10, 2.0, 2.0, 4.0);
    }
    for (size_t t = 0; t < 8; t++) {
        s->frames[t] = (struct hep_frame){ .volume = t, .b_s_per_mm2 = b[t] };
        s->b[t] = b[t];
        s->direction[t][t % 3] = 1.0;
    }
    s->series[3].gradients = (struct hep_gradients){ 8, s->b, s->direction, false };
    s->inventory = (struct hep_inventory){ .series = s->series, .n_series = 6 };
}

static int see(const struct hep_series **out, struct hep_replay *r, struct study *s,
               const char *protocol, const char *set, size_t index, struct hep_error *e)
{
    /* A view borrows its change from the settings. */
    static struct hep_config kept;
    struct hep_config_bundle b = { 0 };
    enum hep_role role = s->series[index].role;
    int rc = hep_config_open(&b, protocol, &set, set != NULL ? 1 : 0, NULL, e);

    /* The runner has renamed it already. */
    if (role == HEP_ROLE_DELAYED)
        role = HEP_ROLE_TRANSITIONAL;
    kept = b.config;
    if (rc == HEP_OK)
        rc = hep_replay_series(out, r, &kept, strcmp(b.agent.name, "none") == 0 ? NULL : &b.agent,
                               &s->inventory, &s->series[index], role, "sub-01", e);
    hep_config_close(&b);
    return rc;
}

struct seen_case {
    const char *name, *protocol, *set;
    size_t series, nt; /* nt 0: absent */
    bool whole;        /* the very series */
};

static const struct seen_case seen_cases[] = {
    { "all of the DWI", "eob-full", NULL, 3, 8, true },
    { "two b-values of four", "eob-full", "series.dwi.b_values_s_per_mm2=[0, 800]", 3, 4, false },
    { "no list, no choice", "eob-full", "series.dwi.b_values_s_per_mm2=[]", 3, 8, true },
    { "two volumes dropped", "eob-full", "series.dwi.transform.drop_volumes=[1, 5]", 3, 6, false },
    { "thicker T2", "eob-full", "series.t2.transform.slice_thickness_mm=8", 2, 1, false },
    { "the same thickness", "eob-full", "series.t2.transform.slice_thickness_mm=4", 2, 1, false },
    { "a phase that is not planned", "amri-noncontrast", NULL, 5, 0, false },
    { "in phase is planned there", "amri-noncontrast", NULL, 0, 1, true },
    { "in phase is not planned here", "amri-hbp", NULL, 0, 0, false },
    { "delayed as transitional", "eob-full", NULL, 4, 1, true },
    { "taken out", "eob-full", "series.t2.expected=false", 2, 0, false },
};

static void test_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(seen_cases); i++) {
        const struct seen_case *c = &seen_cases[i];
        const struct hep_series *out = NULL;
        struct hep_replay r = { 0 };
        struct hep_error e = { 0 };
        struct study s;

        print_message("%s\n", c->name);
        make_study(&s);
        assert_ok(see(&out, &r, &s, c->protocol, c->set, c->series, &e), e);
        if (c->nt == 0)
            assert_null(out);
        else
            assert_int_equal(out->nt, c->nt);
        if (c->nt > 0)
            assert_int_equal(out == &s.series[c->series], c->whole);
        hep_replay_release(&r);
    }
}

static void test_view(void **state)
{
    const struct hep_series *out = NULL;
    struct hep_replay r = { 0 };
    struct hep_error e = { 0 };
    struct hep_str text = { 0 };
    struct study s;

    (void)state;
    make_study(&s);
    assert_ok(see(&out, &r, &s, "eob-full", "series.dwi.b_values_s_per_mm2=[0, 50]", 3, &e), e);
    assert_int_equal(out->nt, 4);
    assert_int_equal(out->gradients.n, 4);
    assert_false(out->whole);
    assert_close(out->gradients.b_s_per_mm2[1], 51.0, 0.0, 0.0);
    assert_int_equal(out->frame[2].volume, 4);
    assert_close(out->gradients.direction[2][1], 1.0, 0.0, 0.0); /* volume 4 points along y */
    hep_replay_describe(&text, hep_replay_find(&r, out));
    assert_string_equal(text.s, "4 of 8 volumes");
    assert_null(hep_replay_find(&r, &s.series[3]));
    hep_str_release(&text);
    hep_replay_release(&r);

    assert_ok(see(&out, &r, &s, "eob-full", "series.t2.transform.slice_thickness_mm=8", 2, &e), e);
    assert_int_equal(out->grid.n[2], 5);
    hep_replay_describe(&text, hep_replay_find(&r, out));
    assert_string_equal(text.s, "slice_thickness_mm 8");
    hep_str_release(&text);
    hep_replay_release(&r);
}

static void test_bad_replay(void **state)
{
    static const struct {
        const char *set;
        size_t series;
        const char *part;
    } cases[] = {
        { "series.dwi.b_values_s_per_mm2=[0, 600]", 3, "b = 600 s/mm2" },
        { "series.dwi.b_values_s_per_mm2=[0, 90]", 3, "b = 90 s/mm2" },
        { "series.dwi.transform.drop_volumes=[8]", 3, "volume 8 is to be left out of 8" },
        { "series.dwi.transform.drop_volumes=[0, 1, 2, 3, 4, 5, 6, 7]", 3, "nothing is left" },
        { "series.t2.transform.slice_thickness_mm=3", 2, "cannot make them smaller" },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(cases); i++) {
        const struct hep_series *out = NULL;
        struct hep_replay r = { 0 };
        struct hep_error e = { 0 };
        struct study s;

        make_study(&s);
        assert_fails(see(&out, &r, &s, "eob-full", cases[i].set, cases[i].series, &e), e, HEP_EDATA,
                     cases[i].part);
        hep_replay_release(&r);
    }
}

/* ---- transforms in a protocol ---------------------------------------------------------------- */

static int parse(struct hep_config *cfg, const char *text, struct hep_error *e)
{
    return hep_config_parse(cfg, text, strlen(text), "p.yml", e);
}

static void test_protocol_text(void **state)
{
    struct hep_config cfg, again;
    struct hep_str text = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(parse(&cfg,
                    "series:\n  t2: {transform: {slice_thickness_mm: 8, snr_factor: 0.5}}\n"
                    "  dwi: {transform.averages_share: 0.5}\n",
                    &e),
              e);
    assert_close(cfg.series[HEP_SERIES_T2].transform.slice_thickness_mm, 8.0, 0.0, 0.0);
    assert_close(cfg.series[HEP_SERIES_T2].transform.snr_factor, 0.5, 0.0, 0.0);
    assert_close(cfg.series[HEP_SERIES_DWI].transform.averages_share, 0.5, 0.0, 0.0);
    assert_true(isnan(cfg.series[HEP_SERIES_DWI].transform.in_plane_mm));
    hep_config_print(&text, &cfg, HEP_CONFIG_CHANGED);
    assert_ok(parse(&again, text.s, &e), e);
    assert_close(again.series[HEP_SERIES_T2].transform.slice_thickness_mm, 8.0, 0.0, 0.0);
    hep_str_release(&text);
    assert_fails(parse(&cfg, "series: {t2: {transform: {thickness: 8}}}\n", &e), e, HEP_ECONFIG,
                 "unknown key 'series.t2.transform.thickness'");
    assert_fails(parse(&cfg, "series: {t2: {transform: {slice_thicknes_mm: 8}}}\n", &e), e,
                 HEP_ECONFIG, "did you mean slice_thickness_mm");
    assert_fails(parse(&cfg, "series: {t2: {transform: 8}}\n", &e), e, HEP_ECONFIG, "mapping");
    assert_fails(parse(&cfg, "series: {t2: {transform: {snr_factor: 2}}}\n", &e), e, HEP_ECONFIG,
                 "snr_factor");
}

/* A mask follows the series that it was drawn on. */
static void test_labels(void **state)
{
    const struct hep_series *out = NULL;
    struct hep_replay r = { 0 };
    struct hep_labels *labels = NULL;
    struct hep_error e = { 0 };
    struct study s;

    (void)state;
    make_study(&s);
    assert_ok(see(&out, &r, &s, "eob-full", "series.t2.transform.slice_thickness_mm=8", 2, &e), e);
    assert_ok(hep_labels_new(&labels, &s.series[2].grid, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&labels->grid); i++)
        labels->data[i] = 3;
    assert_ok(hep_replay_labels(&labels, &r, &e), e);
    assert_true(hep_grid_same(&labels->grid, &out->grid, 1e-9));
    assert_int_equal(hep_labels_count(labels, 3), hep_grid_voxels(&out->grid));
    hep_labels_free(labels);
    hep_replay_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise),          cmocka_unit_test(test_noise_is_reproducible),
        cmocka_unit_test(test_noise_measured), cmocka_unit_test(test_thickness),
        cmocka_unit_test(test_in_plane),       cmocka_unit_test(test_bad_voxels),
        cmocka_unit_test(test_seen),           cmocka_unit_test(test_view),
        cmocka_unit_test(test_bad_replay),     cmocka_unit_test(test_protocol_text),
        cmocka_unit_test(test_labels),
    };

    (void)setenv("HEPAR_CONFIGS", HEP_CONFIGS, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
