/* Names of the vessels inside the liver, on two tubes of 7 mm radius. Levels relative to liver from
 * contrast/kinetics.h (bolus of 8 s, r1 of the agents) as in the header. */
#include "liver/vessel_names.h"
#include "support/support.h"

#include <math.h>

enum { N = 56 };
#define LOW_Z 14.0 /* slices */
#define HIGH_Z 46.0
#define LIVER_LOG 5.0F

struct name_case {
    const char *name;
    double arterial[2], portal[2]; /* ln(tube / liver); NaN: no such image */
    double z[2];
    enum hep_anatomy want[2];
};
#define NO_IMAGE                                                                                   \
    {                                                                                              \
        (double)NAN, (double)NAN                                                                   \
    }
#define PV HEP_ANATOMY_PORTAL_VEIN
#define HV HEP_ANATOMY_HEPATIC_VEINS
#define NONE HEP_ANATOMY_VESSELS

static const struct name_case cases[] = {
    { "35 s at 1.5 T", { 0.15, -0.58 }, { 0.14, 0.12 }, { LOW_Z, LOW_Z }, { PV, HV } },
    { "40 s at 3 T", { 0.56, -0.17 }, { 0.24, 0.22 }, { LOW_Z, LOW_Z }, { PV, HV } },
    { "a portal branch high up", { 0.56, -0.17 }, { 0.24, 0.22 }, { HIGH_Z, HIGH_Z }, { PV, HV } },
    { "45 s, other agents: both bright, the veins may be anything",
      { 0.65, 0.20 },
      { 0.40, 0.39 },
      { LOW_Z, LOW_Z },
      { PV, NONE } },
    { "30 s: nothing has arrived, so by height",
      { -0.37, -0.65 },
      { 0.24, 0.22 },
      { LOW_Z, HIGH_Z },
      { PV, HV } },
    { "no arterial phase: by height", NO_IMAGE, { 0.24, 0.22 }, { LOW_Z, HIGH_Z }, { PV, HV } },
    { "no phase at all: by height", NO_IMAGE, NO_IMAGE, { LOW_Z, HIGH_Z }, { PV, HV } },
    { "late and not brighter than liver: a lesion",
      { 0.56, -0.17 },
      { 0.24, 0.01 },
      { LOW_Z, LOW_Z },
      { PV, NONE } },
    { "early and darker than liver later: washout, no vessel",
      { 0.56, -0.17 },
      { -0.25, 0.22 },
      { LOW_Z, LOW_Z },
      { NONE, HV } },
};
#define N_CASES (sizeof cases / sizeof cases[0])

struct scene {
    struct hep_liver_images im;
    struct hep_labels *mask, *map, *liver;
};

static int tube_at(const struct name_case *c, size_t i)
{
    const double x = (double)(i % N), z = (double)(i / (N * N));

    for (int k = 0; k < 2; k++)
        if (hypot(x - (k == 0 ? 16.0 : 40.0), z - c->z[k]) * HEP_LIVER_FINE_MM < 7.0)
            return k;
    return -1;
}

static void add_channel(struct scene *s, const struct name_case *c, enum hep_image image,
                        const double *level)
{
    struct hep_liver_channel *to = &s->im.channel[s->im.n];
    struct hep_error e = { 0 };

    if (isnan(level[0]))
        return;
    to->image = image;
    assert_ok(hep_volume_new(&to->fine, &s->im.fine, 1, &e), e);
    assert_ok(hep_volume_new(&to->coarse, &s->im.coarse, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&s->im.fine); i++) {
        const int k = tube_at(c, i);

        to->fine->data[i] = LIVER_LOG + (k >= 0 ? (float)level[k] : 0.0F);
    }
    for (size_t i = 0; i < hep_grid_voxels(&s->im.coarse); i++)
        to->coarse->data[i] = LIVER_LOG;
    s->im.n++;
}

static void scene_open(struct scene *s, const struct name_case *c)
{
    struct hep_error e = { 0 };

    memset(s, 0, sizeof *s);
    s->im.settings = &hep_liver_settings_default;
    s->im.nthreads = 1;
    s->im.fine = hep_test_grid(N, N, N, HEP_LIVER_FINE_MM, HEP_LIVER_FINE_MM, HEP_LIVER_FINE_MM);
    s->im.coarse = hep_test_grid(N / 2, N / 2, N / 2, HEP_LIVER_COARSE_MM, HEP_LIVER_COARSE_MM,
                                 HEP_LIVER_COARSE_MM);
    assert_ok(hep_labels_new(&s->mask, &s->im.fine, &e), e);
    assert_ok(hep_labels_new(&s->map, &s->im.fine, &e), e);
    assert_ok(hep_labels_new(&s->liver, &s->im.coarse, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&s->im.coarse); i++)
        s->liver->data[i] = 1;
    for (size_t i = 0; i < hep_grid_voxels(&s->im.fine); i++) {
        s->mask->data[i] = tube_at(c, i) >= 0;
        s->map->data[i] = s->mask->data[i] != 0 ? HEP_ANATOMY_VESSELS : HEP_ANATOMY_LIVER;
    }
    add_channel(s, c, HEP_IMAGE_ARTERIAL, c->arterial);
    add_channel(s, c, HEP_IMAGE_PORTAL_VENOUS, c->portal);
}

static void scene_close(struct scene *s)
{
    for (size_t k = 0; k < s->im.n; k++) {
        hep_volume_free(s->im.channel[k].fine);
        hep_volume_free(s->im.channel[k].coarse);
    }
    hep_labels_free(s->mask);
    hep_labels_free(s->map);
    hep_labels_free(s->liver);
}

/* The inside of a named tube has its name and no other; nothing else is named. */
static void test_name(void **state)
{
    const struct name_case *c = *state;
    struct hep_error e = { 0 };
    struct scene s;
    size_t named[2] = { 0, 0 };

    scene_open(&s, c);
    assert_ok(hep_vessels_name(s.map, s.mask, &s.im, s.liver, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&s.im.fine); i++) {
        const int k = tube_at(c, i);

        if (k < 0) {
            assert_int_equal(s.map->data[i], HEP_ANATOMY_LIVER);
            continue;
        }
        if (s.map->data[i] == HEP_ANATOMY_VESSELS)
            continue;
        assert_int_equal(s.map->data[i], c->want[k]);
        named[k]++;
    }
    for (int k = 0; k < 2; k++)
        assert_true(c->want[k] == NONE ? named[k] == 0 : named[k] > 5 * (size_t)N);
    scene_close(&s);
}

int main(void)
{
    struct CMUnitTest tests[N_CASES];

    for (size_t i = 0; i < N_CASES; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_name,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
