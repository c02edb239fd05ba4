/* One person: organ volumes, vessel trees, lesions, texture, and independence of threads. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "image/mask.h"
#include "phantom/anatomy.h"

#include <math.h>

#define PI 3.14159265358979323846

struct fixture {
    struct hep_sim_settings settings;
    struct hep_tissue_table table;
    struct hep_study_tissues tissues;
    struct hep_anatomy *a;
};

static const char wishes[] = "met:24mm,necrotic:18mm,haemangioma:20mm,cyst:14mm,net:12mm,fnh:22mm,"
                             "fat:24mm,sparing:20mm,met:8mm";

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hep_error e = { 0 };

    hep_sim_defaults(&f->settings);
    f->settings.fast = true;
    f->settings.nthreads = 2;
    assert_ok(hep_sim_parse_lesions(&f->settings, wishes, &e), e);
    assert_ok(hep_tissue_table_read(&f->table, HEP_CONFIGS "/tissues.yml", &e), e);
    hep_study_tissues_draw(&f->tissues, &f->table, 3.0, 1.0, 1.0,
                           hep_lesions_min_liver_ff(&f->settings), 11);
    assert_ok(hep_anatomy_new(&f->a, &f->settings, &f->tissues, 11, &e), e);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hep_anatomy_free(f->a);
    free(f);
    return 0;
}

static double label_ml(const struct hep_anatomy *a, enum hep_label label)
{
    const size_t n = hep_grid_voxels(&a->grid);
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += a->label[i] == (uint8_t)label;
    return (double)count * pow(a->step_mm, 3.0) / 1000.0;
}

/* Adult organs: liver 1100-1800 mL; spleen 80-350, both kidneys 100-450, gallbladder 5-60 mL. */
static void test_volumes(void **state)
{
    const struct fixture *f = *state;
    const double kidneys =
        label_ml(f->a, HEP_LABEL_KIDNEY_CORTEX) + label_ml(f->a, HEP_LABEL_KIDNEY_MEDULLA);

    assert_in_range((uintmax_t)hep_anatomy_liver_ml(f->a), 1100, 1800);
    assert_in_range((uintmax_t)label_ml(f->a, HEP_LABEL_SPLEEN), 80, 350);
    assert_in_range((uintmax_t)kidneys, 100, 450);
    assert_in_range((uintmax_t)label_ml(f->a, HEP_LABEL_GALLBLADDER), 5, 60);
    assert_close(hep_anatomy_liver_ml(f->a), f->a->shape->liver_ml, 0.03, 0.0);
}

/* The solved volume over several people, on the implicit function alone. */
static void test_population(void **state)
{
    struct hep_error e = { 0 };

    (void)state;
    for (uint64_t seed = 100; seed < 104; seed++) {
        struct hep_shape *s = NULL;
        size_t count = 0;

        assert_ok(hep_shape_new(&s, seed, &e), e);
        for (double z = -130.0; z < 130.0; z += 6.0)
            for (double y = -130.0; y < 124.0; y += 6.0)
                for (double x = -186.0; x < 186.0; x += 6.0)
                    count += hep_shape_label(s, (const double[3]){ x, y, z }) == HEP_LABEL_LIVER;
        assert_in_range((uintmax_t)((double)count * 0.216), 1060, 1830);
        hep_shape_free(s);
    }
}

/* Trees without gaps: a branch begins where its parent ends, and nothing hangs on a cut branch. */
static void check_tree(const struct hep_tree *t, double root_mm)
{
    size_t kept = 0;

    assert_true(t->n > 100);
    for (size_t i = 0; i < t->n; i++) {
        const struct hep_branch *b = &t->branch[i];

        kept += !b->cut;
        if (b->parent < 0) {
            assert_close(b->radius_mm, root_mm, 0.0, 1e-9);
            continue;
        }
        for (int k = 0; k < 3; k++)
            assert_close(b->a[k], t->branch[b->parent].b[k], 0.0, 1e-12);
        assert_true(b->radius_mm <= t->branch[b->parent].radius_mm + 1e-12);
        assert_true(b->cut || !t->branch[b->parent].cut);
    }
    assert_true(kept > t->n / 2);
}

/* Murray: the cubes of two children's radii add up to the parent's, but for ends at 1 mm. */
static void check_murray(const struct hep_tree *t)
{
    double *sum = calloc(t->n, sizeof *sum);
    size_t forks = 0;

    for (size_t i = 0; i < t->n; i++)
        if (t->branch[i].parent >= 0)
            sum[t->branch[i].parent] += pow(t->branch[i].radius_mm, 3.0);
    for (size_t i = 0; i < t->n; i++) {
        if (t->branch[i].radius_mm < 1.5 || !(sum[i] > 0.0))
            continue;
        assert_close(cbrt(sum[i]), t->branch[i].radius_mm, 0.02, 0.0);
        forks++;
    }
    assert_true(forks > 20);
    free(sum);
}

static void test_trees(void **state)
{
    const struct fixture *f = *state;

    check_tree(&f->a->portal, 6.5);
    check_tree(&f->a->hepatic, 5.6);
    check_murray(&f->a->portal);
    check_murray(&f->a->hepatic);
}

/* Painted portal veins hang on the trunk. Branches of the other tree may cross a few thin ones. */
static void test_vessels_connected(void **state)
{
    struct fixture *f = *state;
    struct hep_labels *m = NULL, *parts = NULL;
    struct hep_error e = { 0 };
    size_t count, n = hep_grid_voxels(&f->a->grid), portal = 0, joined = 0;
    int32_t trunk = 0;

    assert_ok(hep_labels_new(&m, &f->a->grid, &e), e);
    for (size_t i = 0; i < n; i++)
        m->data[i] =
            f->a->label[i] == HEP_LABEL_PORTAL_TRUNK || f->a->label[i] == HEP_LABEL_PORTAL_VEIN;
    assert_ok(hep_mask_components(&parts, &count, m, 26, &e), e);
    for (size_t i = 0; i < n; i++)
        if (f->a->label[i] == HEP_LABEL_PORTAL_TRUNK && trunk == 0)
            trunk = parts->data[i];
    for (size_t i = 0; i < n; i++) {
        if (f->a->label[i] != HEP_LABEL_PORTAL_VEIN)
            continue;
        portal++;
        joined += parts->data[i] == trunk;
    }
    assert_true(portal > 1000);
    assert_true((double)joined > 0.9 * (double)portal);
    hep_labels_free(m);
    hep_labels_free(parts);
}

/* Every lesion voxel, halo and fat included, was liver. */
static void test_lesions_inside(void **state)
{
    const struct fixture *f = *state;
    const size_t n = hep_grid_voxels(&f->a->grid), nx = f->a->grid.n[0], ny = f->a->grid.n[1];
    size_t lesion = 0;

    assert_int_equal(f->a->lesions.n, 9);
    for (size_t i = 0; i < n; i++) {
        double p[3];

        if (f->a->label[i] < HEP_LABEL_LESION)
            continue;
        hep_grid_to_world(
            p, &f->a->grid,
            (const double[3]){ (double)(i % nx), (double)(i / nx % ny), (double)(i / (nx * ny)) });
        assert_int_equal(hep_shape_label(f->a->shape, p), HEP_LABEL_LIVER);
        lesion++;
    }
    assert_true(lesion > 1000);
}

/* Volume of the sphere of the wished diameter: exact by construction, here within what 2 mm voxels
 * allow; fat and sparing leave vessels out. */
static void test_lesion_size(void **state)
{
    const struct fixture *f = *state;

    for (size_t i = 0; i < f->a->lesions.n; i++) {
        const struct hep_lesion *l = &f->a->lesions.item[i];
        const double sphere = PI / 6000.0 * pow(l->diameter_mm, 3.0);
        double long_mm, short_mm;
        const double rel = !l->mass ? 0.4 : l->diameter_mm < 10.0 ? 0.25 : 0.08;

        assert_close(hep_anatomy_lesion_ml(f->a, i), sphere, rel, 0.0);
        if (!l->mass)
            continue;
        hep_lesion_axes_mm(&long_mm, &short_mm, l);
        assert_true(long_mm >= short_mm);
        assert_true(long_mm > 0.85 * l->diameter_mm && long_mm < 1.45 * l->diameter_mm);
        assert_true(short_mm > 0.65 * l->diameter_mm && short_mm < 1.2 * l->diameter_mm);
    }
}

static void test_lesions_apart(void **state)
{
    const struct fixture *f = *state;

    for (size_t i = 0; i < f->a->lesions.n; i++)
        for (size_t j = 0; j < i; j++) {
            const struct hep_lesion *a = &f->a->lesions.item[i], *b = &f->a->lesions.item[j];
            double d = 0.0;

            for (int k = 0; k < 3; k++)
                d += pow(a->centre_mm[k] - b->centre_mm[k], 2.0);
            assert_true(sqrt(d) > 0.5 * (a->diameter_mm + b->diameter_mm));
        }
}

/* Shells in order: core inside mid inside rim, and a typical metastasis has all of them. */
static void test_layers(void **state)
{
    const struct fixture *f = *state;
    const struct hep_lesion *l = NULL;
    int last = HEP_LAYER_CORE;

    for (size_t i = 0; i < f->a->lesions.n; i++)
        if (f->a->lesions.item[i].type == HEP_SIM_MET_FIBROUS && l == NULL)
            l = &f->a->lesions.item[i];
    assert_non_null(l);
    for (double r = 0.05; r < 12.0; r += 0.1) {
        const double p[3] = { l->centre_mm[0] + r, l->centre_mm[1], l->centre_mm[2] };
        double rho;
        const int layer = hep_lesion_layer_at(&rho, l, p, 0.0);

        if (rho >= 1.0)
            break;
        assert_true(layer <= last);
        assert_true(layer == HEP_LAYER_CORE || layer == HEP_LAYER_MID || layer == HEP_LAYER_RIM);
        last = layer;
    }
    assert_int_equal(last, HEP_LAYER_RIM);
}

/* A neuroendocrine metastasis below 14 mm is solid; a larger one has a rim of three tenths of its
 * radius around a core of its own tissue. */
static void test_net_layers(void **state)
{
    const struct fixture *f = *state;
    const struct hep_tissue_values *core = &f->tissues.row[HEP_TISSUE_NET_CORE];

    for (int i = 0; i < 2; i++) {
        const double diameter_mm = i == 0 ? 13.0 : 26.0;
        struct hep_rng rng = { 5, hep_rng_stream("lesion"), 0 };
        struct hep_lesion l;

        hep_lesion_make(&l, HEP_SIM_NET, diameter_mm, &f->tissues, 0.0, &rng);
        assert_close(l.mid_rho, i == 0 ? 0.0 : 0.7, 0.0, 1e-12);
        assert_true(i == 0 ? !(l.core_rho > 0.0) : l.core_rho > 0.5 && l.core_rho < 0.7);
        if (i == 0)
            continue;
        assert_close(l.layer[HEP_LAYER_RIM].ve, f->tissues.row[HEP_TISSUE_NET].ve, 1e-12, 0.0);
        assert_close(l.layer[HEP_LAYER_CORE].ve, core->ve, 1e-12, 0.0);
    }
}

/* 0.8 tile + 0.6 coarse field of SD 1 each: SD 1, mean 0, over all tissue. */
static void test_texture(void **state)
{
    const struct fixture *f = *state;
    const size_t n = hep_grid_voxels(&f->a->grid);
    double sum = 0.0, sq = 0.0, count = 0.0;

    for (size_t i = 0; i < n; i++) {
        const double t = HEP_TEXTURE_UNIT * f->a->texture[i];

        if (f->a->label[i] == HEP_LABEL_AIR)
            continue;
        sum += t;
        sq += t * t;
        count += 1.0;
    }
    assert_close(sum / count, 0.0, 0.0, 0.05);
    assert_close(sqrt(sq / count), 1.0, 0.06, 0.0);
}

static void test_threads(void **state)
{
    struct fixture *f = *state;
    const size_t n = hep_grid_voxels(&f->a->grid);
    struct hep_sim_settings one = f->settings;
    struct hep_anatomy *a = NULL;
    struct hep_error e = { 0 };

    one.nthreads = 1;
    assert_ok(hep_anatomy_new(&a, &one, &f->tissues, 11, &e), e);
    assert_memory_equal(a->label, f->a->label, n);
    assert_memory_equal(a->texture, f->a->texture, n);
    hep_anatomy_free(a);
}

/* World and standard person are inverse to each other. */
static void test_spaces(void **state)
{
    const struct fixture *f = *state;
    struct hep_rng rng = { 3, 4, 0 };

    for (int i = 0; i < 50; i++) {
        double q[3], p[3], back[3];

        for (int k = 0; k < 3; k++)
            q[k] = hep_rng_next_range(&rng, -100.0, 100.0);
        hep_shape_world(p, f->a->shape, q);
        hep_shape_standard(back, f->a->shape, p);
        for (int k = 0; k < 3; k++)
            assert_close(back[k], q[k], 0.0, 0.02);
    }
}

/* More large lesions than a liver can hold. */
static void test_no_room(void **state)
{
    struct fixture *f = *state;
    struct hep_sim_settings s = f->settings;
    struct hep_lesion_list *list = calloc(1, sizeof *list);
    struct hep_error e = { 0 };

    s.n_wishes = 12;
    for (size_t i = 0; i < s.n_wishes; i++)
        s.wishes[i] = (struct hep_sim_wish){ HEP_SIM_CYST, 75.0 };
    assert_fails(
        hep_lesions_plan(list, &s, f->a->shape, &f->a->portal, &f->a->hepatic, &f->tissues, 5, &e),
        e, HEP_EDATA, "cyst of 75 mm");
    free(list);
}

/* Eleven lesions are one of each type that a fatty liver can have, in every liver and from any start. */
static void test_even_types(void **state)
{
    struct fixture *f = *state;
    struct hep_sim_settings s = f->settings;
    struct hep_study_tissues fatty = f->tissues;
    struct hep_lesion_list *list = calloc(1, sizeof *list);
    struct hep_error e = { 0 };

    fatty.row[HEP_TISSUE_LIVER].ff = 0.25;
    assert_ok(hep_sim_parse_lesions(&s, "even:11:4-6mm", &e), e);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        size_t n[HEP_SIM_N_LESION_TYPES] = { 0 };

        assert_ok(hep_lesions_plan(list, &s, f->a->shape, &f->a->portal, &f->a->hepatic, &fatty,
                                   seed, &e),
                  e);
        assert_int_equal(list->n, 11);
        for (size_t i = 0; i < list->n; i++)
            n[list->item[i].type]++;
        for (int t = 0; t < (int)HEP_SIM_N_LESION_TYPES; t++)
            assert_int_equal(n[t], t == (int)HEP_SIM_ABLATION ? 0 : 1);
    }
    free(list);
}

static void test_tree_wish(void **state)
{
    struct fixture *f = *state;
    const double root[3] = { 30.0, 0.0, 0.0 };
    const struct hep_tree_wish wish = { root, 1.0, 2.0, 0.3, 10.0, "wrong" };
    struct hep_tree t = { 0 };
    struct hep_error e = { 0 };

    assert_fails(hep_tree_grow(&t, f->a->shape, &wish, 1, &e), e, HEP_EINVAL, "radii");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_volumes),        cmocka_unit_test(test_population),
        cmocka_unit_test(test_trees),          cmocka_unit_test(test_vessels_connected),
        cmocka_unit_test(test_lesions_inside), cmocka_unit_test(test_lesion_size),
        cmocka_unit_test(test_lesions_apart),  cmocka_unit_test(test_layers),
        cmocka_unit_test(test_net_layers),     cmocka_unit_test(test_texture),
        cmocka_unit_test(test_threads),        cmocka_unit_test(test_spaces),
        cmocka_unit_test(test_no_room),        cmocka_unit_test(test_even_types),
        cmocka_unit_test(test_tree_wish),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
