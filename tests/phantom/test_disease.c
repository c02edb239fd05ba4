/* One person at several sessions: what stays and what changes. Bounds follow from the formulas in
 * phantom/disease.h and session.h. */
#include "support/support.h"

#include "phantom/anatomy.h"
#include "phantom/disease.h"
#include "phantom/session.h"

#include <math.h>

struct person {
    struct hep_sim_settings s;
    struct hep_tissue_table table;
    struct hep_study_tissues tissues;
    struct hep_anatomy *first; /* the first session is the same in every course */
};

static struct hep_anatomy *at(const struct person *p, enum hep_sim_course course, unsigned session,
                              double interval_days)
{
    struct hep_sim_settings s = p->s;
    struct hep_anatomy *a = NULL;
    struct hep_error e = { 0 };

    s.course = course;
    s.session = session;
    s.interval_days = interval_days;
    assert_ok(hep_anatomy_new(&a, &s, &p->tissues, 11, &e), e);
    return a;
}

static int setup(void **state)
{
    struct person *p = calloc(1, sizeof *p);
    struct hep_error e = { 0 };

    hep_sim_defaults(&p->s);
    p->s.fast = true;
    p->s.nthreads = 2;
    p->s.sessions = 3;
    p->s.new_per_56_days = p->s.vanishing_per_56_days = 0.0;
    assert_ok(
        hep_sim_parse_lesions(&p->s, "met:24mm,necrotic:18mm,cyst:14mm,net:12mm,fat:20mm", &e), e);
    assert_ok(hep_sim_parse_degradations(&p->s, "none", &e), e);
    assert_ok(hep_tissue_table_read(&p->table, HEP_CONFIGS "/tissues.yml", &e), e);
    hep_study_tissues_draw(&p->tissues, &p->table, 3.0, 1.0, 1.0, 0.0, 11);
    p->first = at(p, HEP_SIM_COURSE_STABLE, 1, 56.0);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct person *p = *state;

    hep_anatomy_free(p->first);
    free(p);
    return 0;
}

static const struct hep_lesion *find(const struct hep_lesion_list *list, unsigned identity)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->item[i].identity == identity)
            return &list->item[i];
    fail_msg("lesion %u is not there", identity);
    return &list->item[0];
}

/* The lesions alone, in the first session's liver: what hep_anatomy_new() paints. */
struct told {
    struct hep_lesion_list list, gone;
};

static struct told *tell(const struct person *p, enum hep_sim_course course, unsigned session,
                         double interval_days)
{
    struct told *told = calloc(1, sizeof *told);
    const struct hep_lesion_ground ground = { p->first->shape, &p->first->portal,
                                              &p->first->hepatic, &told->list };
    struct hep_sim_settings s = p->s;
    struct hep_error e = { 0 };

    s.course = course;
    s.session = session;
    s.interval_days = interval_days;
    told->list = p->first->lesions;
    assert_ok(hep_disease_progress(&ground, &told->gone, &s, &p->tissues, 11, &e), e);
    return told;
}

static bool is_met(const struct hep_lesion *l)
{
    return hep_sim_lesion_class(l->type) == HEP_CLASS_METASTASIS;
}

/* Without motion, and within a day, the same person is the same node by node. */
static void test_stable(void **state)
{
    const struct person *p = *state;
    const struct hep_anatomy *a = p->first;
    struct hep_anatomy *b = at(p, HEP_SIM_COURSE_STABLE, 2, 0.02);
    const size_t n = hep_grid_voxels(&a->grid);

    assert_int_equal(a->lesions.n, 5);
    assert_memory_equal(a->label, b->label, n);
    assert_memory_equal(a->texture, b->texture, n);
    assert_memory_equal(&a->tissues, &b->tissues, sizeof a->tissues);
    hep_anatomy_free(b);
}

/* On another day liver fat differs by at most 3 points and the cavity's contents hardly move. */
static void test_weeks(void **state)
{
    const struct person *p = *state;
    const struct hep_anatomy *a = p->first;
    struct hep_anatomy *b = at(p, HEP_SIM_COURSE_STABLE, 2, 56.0);
    const double fat = b->tissues.row[HEP_TISSUE_LIVER].ff - a->tissues.row[HEP_TISSUE_LIVER].ff;

    assert_true(fabs(fat) > 0.0 && fabs(fat) <= 0.03);
    assert_close(b->shape->fat_mm + b->shape->wall_mm, a->shape->fat_mm + a->shape->wall_mm, 1e-12,
                 0.0);
    assert_true(b->shape->fat_mm != a->shape->fat_mm);
    assert_close(hep_anatomy_liver_ml(b), hep_anatomy_liver_ml(a), 0.03, 0.0);
    for (size_t i = 0; i < a->lesions.n; i++)
        assert_close(find(&b->lesions, a->lesions.item[i].identity)->diameter_mm,
                     a->lesions.item[i].diameter_mm, 1e-12, 0.0);
    hep_anatomy_free(b);
}

/* At 7 days D has risen by (0.2 to 0.6)(1 - exp(-1.4)) and the diameter fallen by at most
 * 0.6 (1 - exp(-0.0544)); at 56 days by (0.1 to 0.6)(1 - exp(-3.484)). */
static void test_response(void **state)
{
    const struct person *p = *state;
    const struct hep_anatomy *first = p->first;
    struct told *early = tell(p, HEP_SIM_COURSE_RESPONSE, 2, 7.0);
    struct told *late = tell(p, HEP_SIM_COURSE_RESPONSE, 2, 56.0);

    for (size_t i = 0; i < first->lesions.n; i++) {
        const struct hep_lesion *l = &first->lesions.item[i];
        const struct hep_lesion *e = find(&early->list, l->identity),
                                *f = find(&late->list, l->identity);
        const double d = e->layer[HEP_LAYER_RIM].d_mm2_per_s / l->layer[HEP_LAYER_RIM].d_mm2_per_s;

        if (!is_met(l)) {
            assert_close(f->diameter_mm, l->diameter_mm, 1e-12, 0.0);
            continue;
        }
        assert_true(d >= 1.15 && d <= 1.453);
        assert_true(e->diameter_mm / l->diameter_mm >= 0.968);
        assert_true(f->diameter_mm / l->diameter_mm >= 0.418);
        assert_true(f->diameter_mm / l->diameter_mm <= 0.904);
    }
    free(early);
    free(late);
}

/* One grows by at most 2^(56/100), the others shrink; identities are kept. */
static void test_oligoprogression(void **state)
{
    const struct person *p = *state;
    const struct hep_anatomy *a = p->first;
    struct told *b = tell(p, HEP_SIM_COURSE_OLIGOPROGRESSION, 2, 56.0);
    size_t grown = 0, shrunk = 0;

    for (size_t i = 0; i < a->lesions.n; i++) {
        const struct hep_lesion *l = &a->lesions.item[i], *m = find(&b->list, l->identity);

        assert_int_equal(m->type, l->type);
        grown += m->diameter_mm > l->diameter_mm;
        shrunk += m->diameter_mm < l->diameter_mm;
        assert_true(m->diameter_mm / l->diameter_mm <= 1.475);
    }
    assert_int_equal(grown, 1);
    assert_int_equal(shrunk, 2);
    free(b);
}

static void test_new_and_vanished(void **state)
{
    struct person many = *(const struct person *)*state;
    struct told *a, *b;

    many.s.vanishing_per_56_days = 1.0;
    a = tell(&many, HEP_SIM_COURSE_RESPONSE, 2, 56.0);
    assert_int_equal(a->gone.n, 1); /* the 12 mm one; 18 and 24 mm are above 15 mm */
    assert_int_equal(a->gone.item[0].identity, 5);
    many.s.new_per_56_days = 4.0;
    b = tell(&many, HEP_SIM_COURSE_STABLE, 3, 56.0);
    assert_true(b->list.n > 6);
    assert_int_equal(b->list.item[5].identity, 6);
    assert_true(b->list.item[5].diameter_mm >= 5.0);
    free(a);
    free(b);
}

/* The zone holds the lesion with at most 10 mm around it and takes up nothing. */
static void test_ablation(void **state)
{
    const struct person *p = *state;
    const struct hep_anatomy *a = p->first;
    struct told *b = tell(p, HEP_SIM_COURSE_ABLATION, 2, 56.0);
    size_t zones = 0;

    for (size_t i = 0; i < b->list.n; i++) {
        const struct hep_lesion *zone = &b->list.item[i], *l;

        if (zone->fate != HEP_SIM_FATE_ABLATED)
            continue;
        l = find(&a->lesions, zone->identity);
        zones++;
        assert_true(is_met(l));
        assert_int_equal(hep_sim_lesion_class(zone->type), HEP_CLASS_OTHER);
        assert_true(zone->diameter_mm >= l->diameter_mm);
        assert_true(zone->diameter_mm <= l->diameter_mm + 20.0);
        assert_true(zone->layer[HEP_LAYER_CORE].t1_s < l->layer[HEP_LAYER_CORE].t1_s);
        assert_close(zone->layer[HEP_LAYER_CORE].flow_per_min, 0.0, 0.0, 1e-12);
    }
    assert_int_equal(zones, 1);
    free(b);
}

/* Of another breath-hold: all lesions move together but for a bend whose SD is 1.5 mm. */
static void test_pose(void **state)
{
    struct person p = *(const struct person *)*state;
    const struct hep_anatomy *a = p.first;
    struct hep_anatomy *b;
    double way[5][3];

    p.s.degrade[HEP_SIM_SHIFT] = p.s.degrade[HEP_SIM_DEFORM] = 1.0;
    b = at(&p, HEP_SIM_COURSE_STABLE, 2, 0.02);
    for (size_t i = 0; i < 5; i++)
        for (int k = 0; k < 3; k++)
            way[i][k] = b->lesions.item[i].centre_mm[k] - a->lesions.item[i].centre_mm[k];
    for (size_t i = 1; i < 5; i++)
        for (int k = 0; k < 3; k++)
            assert_true(fabs(way[i][k] - way[0][k]) <= 6.0 * 1.5);
    assert_true(fabs(way[0][0]) + fabs(way[0][1]) + fabs(way[0][2]) > 0.5);
    assert_close(hep_anatomy_lesion_ml(b, 0), hep_anatomy_lesion_ml(a, 0), 0.05, 0.0);
    hep_anatomy_free(b);
}

/* 56 days apart across the end of a month and of a leap year's February, in a year before 1925. */
static void test_dates(void **state)
{
    struct person p = *(const struct person *)*state;
    char first[HEP_SESSION_DATE], second[HEP_SESSION_DATE];
    int y[2], m[2], d[2];
    static const int before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    long days[2];

    for (uint64_t seed = 1; seed < 200; seed++) {
        hep_session_date(first, &p.s, 1, seed);
        hep_session_date(second, &p.s, 2, seed);
        for (int k = 0; k < 2; k++) {
            char *at = k == 0 ? first : second;

            y[k] = (int)strtol(at, &at, 10);
            assert_int_equal(*at++, '-');
            m[k] = (int)strtol(at, &at, 10);
            assert_int_equal(*at++, '-');
            d[k] = (int)strtol(at, &at, 10);
            assert_int_equal(*at, '\0');
            assert_true(y[k] >= 1900 && y[k] <= 1910);
            days[k] = 365L * y[k] + (y[k] - 1) / 4 + before[m[k] - 1] + d[k] +
                      (y[k] % 4 == 0 && y[k] != 1900 && m[k] > 2) - (y[k] > 1900);
        }
        assert_int_equal(days[1] - days[0], 56);
    }
    p.s.interval_days = 0.02;
    hep_session_date(second, &p.s, 2, 1);
    assert_string_equal(second + 10, "T10:29:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stable),
        cmocka_unit_test(test_weeks),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_oligoprogression),
        cmocka_unit_test(test_new_and_vanished),
        cmocka_unit_test(test_ablation),
        cmocka_unit_test(test_pose),
        cmocka_unit_test(test_dates),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
