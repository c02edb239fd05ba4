#include "support/support.h"

#include "contrast/motion.h"

#include <math.h>

/* A body of 10 x 10 voxels in a field of 40 x 40 x 5, values given by a function of the voxel. */
struct scene {
    struct hep_volume *pre, *arterial, *portal;
    struct hep_labels *body;
};

static bool in_body(size_t i)
{
    size_t x = i % 40, y = i / 40 % 40;

    return x >= 10 && x < 20 && y >= 10 && y < 20;
}

static void make(struct scene *s)
{
    struct hep_grid g = hep_test_grid(40, 40, 5, 2, 2, 4);
    struct hep_error e = { 0 };

    assert_ok(hep_volume_new(&s->pre, &g, 1, &e), e);
    assert_ok(hep_volume_new(&s->arterial, &g, 1, &e), e);
    assert_ok(hep_volume_new(&s->portal, &g, 1, &e), e);
    assert_ok(hep_labels_new(&s->body, &g, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++) {
        float base = in_body(i) ? (float)(100 + i % 7) : 2.0F;

        s->body->data[i] = in_body(i);
        s->pre->data[i] = base;
        s->portal->data[i] = in_body(i) ? 2.0F * base : 4.0F;
        s->arterial->data[i] = s->portal->data[i];
    }
}

static void release(struct scene *s)
{
    hep_volume_free(s->pre);
    hep_volume_free(s->arterial);
    hep_volume_free(s->portal);
    hep_labels_free(s->body);
}

static void test_still(void **state)
{
    struct hep_motion_input m;
    struct hep_error e = { 0 };
    struct scene s;

    (void)state;
    make(&s);
    assert_ok(hep_motion_measure(&m, s.pre, s.arterial, s.portal, s.body, &e), e);
    assert_close(m.ghost_ratio, 1.0, 1e-6, 0.0); /* gain cancels */
    assert_close(m.ncc_drop, 0.0, 0.0, 1e-6);
    release(&s);
}

static void test_ghosts_and_blur(void **state)
{
    struct hep_motion_input m;
    struct hep_error e = { 0 };
    struct scene s;

    (void)state;
    make(&s);
    for (size_t i = 0; i < hep_grid_voxels(&s.pre->grid); i++) {
        if (!in_body(i))
            s.arterial->data[i] = 12.0F; /* three times the air of the portal venous phase */
        else
            s.arterial->data[i] = (float)(200 + (i + 3) % 7);
    }
    assert_ok(hep_motion_measure(&m, s.pre, s.arterial, s.portal, s.body, &e), e);
    assert_close(m.ghost_ratio, 3.0 * (206.0 / 203.0), 0.01, 0.0);
    assert_true(m.ncc_drop > 0.5);
    assert_ok(hep_motion_measure(&m, s.pre, s.arterial, NULL, s.body, &e), e);
    assert_true(isnan(m.ncc_drop));
    release(&s);
}

static void test_other_grid(void **state)
{
    struct hep_grid g = hep_test_grid(4, 4, 4, 1, 1, 1);
    struct hep_volume *other = NULL;
    struct hep_motion_input m;
    struct hep_error e = { 0 };
    struct scene s;

    (void)state;
    make(&s);
    assert_ok(hep_volume_new(&other, &g, 1, &e), e);
    assert_fails(hep_motion_measure(&m, s.pre, other, s.portal, s.body, &e), e, HEP_EGEOM, "grid");
    hep_volume_free(other);
    release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_still),
                                        cmocka_unit_test(test_ghosts_and_blur),
                                        cmocka_unit_test(test_other_grid) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
