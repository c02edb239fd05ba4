/* The two truths of a lesion: its tissue, and what noise-free images of the acquisition show. */
#include "support/support.h"

#include "base/rng.h"
#include "contrast/agent.h"
#include "phantom/true_flag.h"

#include <math.h>

/* ---- definitions: a table of measures made by hand -------------------------------------------- */

/* A metastasis with gadoxetate that shows every sign of flags.def but fat and blood pool: liver ADC
 * 1.2e-3 (so that 1.1e-3 decides), rim 0.9e-3, core 1.6e-3. */
static struct hep_true_measures typical(void)
{
    struct hep_true_measures m;

    hep_true_measures_clear(&m);
    m.images = (1U << HEP_IMAGE_COUNT) - 1U;
    m.adc_liver = 1.2e-3;
    m.ff = m.ff_liver = 0.03;
    for (int z = 0; z < (int)HEP_N_ZONES; z++) {
        const double by_zone = z == (int)HEP_ZONE_RIM ? -1.0 : z == (int)HEP_ZONE_CORE ? 1.0 : 0.0;

        m.adc[z] = 1.25e-3 + by_zone * 0.35e-3;
        m.b_high[z] = 1.8 - by_zone * 0.5;
        m.t2[z] = 2.0 - by_zone * 0.3;
        for (int p = 0; p < (int)HEP_PHASE_COUNT; p++) {
            m.ratio[z][p] = p == (int)HEP_PHASE_PRECONTRAST ? 0.8 : 0.7 + by_zone * 0.1;
            m.re[z][p] = 0.6 - by_zone * 0.4;
        }
        m.ratio[z][HEP_PHASE_ARTERIAL] = 1.3 - by_zone * 0.2;
    }
    for (int p = 0; p < (int)HEP_PHASE_COUNT; p++) {
        m.re_liver[p] = 0.3;
        m.over_portal[p] = 0.5;
        m.ring_cover[p] = 0.9;
    }
    return m;
}

enum change {
    AS_IT_IS,
    RIM_AT_LIMIT,
    RIM_ABOVE_LIMIT,
    RIM_DARK,
    COVER_70,
    COVER_75,
    NO_CORE,
    NO_B,
    FOLLOWS_BLOOD,
    NOTHING_GAINED,
    RIM_WASHES_LATE
};
struct flag_case {
    const char *name;
    enum change change;
    enum hep_flag flag;
    enum hep_flag_state state;
};
#define P HEP_FLAG_PRESENT
#define A HEP_FLAG_ABSENT
#define X HEP_FLAG_NOT_ASSESSABLE
static const struct flag_case cases[] = {
    { "restricted rim", AS_IT_IS, HEP_FLAG_RESTRICTED_DIFFUSION, P },
    { "rim at the limit of 1.1e-3", RIM_AT_LIMIT, HEP_FLAG_RESTRICTED_DIFFUSION, P },
    { "rim above it", RIM_ABOVE_LIMIT, HEP_FLAG_RESTRICTED_DIFFUSION, A },
    { "rim not bright at high b", RIM_DARK, HEP_FLAG_RESTRICTED_DIFFUSION, A },
    { "core of 1.6e-3 shines through", AS_IT_IS, HEP_FLAG_T2_SHINE_THROUGH, P },
    { "no diffusion", NO_B, HEP_FLAG_RESTRICTED_DIFFUSION, X },
    { "no diffusion, no target", NO_B, HEP_FLAG_TARGETOID_DWI, X },
    { "ring", AS_IT_IS, HEP_FLAG_RING_ENHANCEMENT, P },
    { "ring of 75 %", COVER_75, HEP_FLAG_RING_ENHANCEMENT, P },
    { "nodules on 70 %", COVER_70, HEP_FLAG_RING_ENHANCEMENT, A },
    { "no core, no ring", NO_CORE, HEP_FLAG_RING_ENHANCEMENT, A },
    { "no core, no target", NO_CORE, HEP_FLAG_TARGETOID_DWI, A },
    { "no core, no T2 target", NO_CORE, HEP_FLAG_T2_TARGET, A },
    { "targetoid diffusion", AS_IT_IS, HEP_FLAG_TARGETOID_DWI, P },
    { "T2 target", AS_IT_IS, HEP_FLAG_T2_TARGET, P },
    { "targetoid hepatobiliary", AS_IT_IS, HEP_FLAG_TARGETOID_HBP, P },
    { "washout in the portal venous phase", AS_IT_IS, HEP_FLAG_WASHOUT, P },
    { "peripheral washout", AS_IT_IS, HEP_FLAG_PERIPHERAL_WASHOUT, P },
    /* With gadoxetate the portal venous phase alone shows washout (Maino 2023). */
    { "washout only later", RIM_WASHES_LATE, HEP_FLAG_WASHOUT, A },
    /* A cyst falls behind the liver, which enhances, and washes nothing out. */
    { "no enhancement, no washout", NOTHING_GAINED, HEP_FLAG_WASHOUT, A },
    { "no enhancement, no peripheral washout", NOTHING_GAINED, HEP_FLAG_PERIPHERAL_WASHOUT, A },
    { "follows blood, no washout", FOLLOWS_BLOOD, HEP_FLAG_WASHOUT, A },
    { "follows blood", FOLLOWS_BLOOD, HEP_FLAG_BLOOD_POOL, P },
    { "no fat", AS_IT_IS, HEP_FLAG_FAT, A },
};
#define N_CASES (sizeof cases / sizeof cases[0])

static void apply(struct hep_true_measures *m, enum change change)
{
    for (int p = 0; p < (int)HEP_PHASE_COUNT; p++) {
        if (change == COVER_70 || change == COVER_75)
            m->ring_cover[p] = change == COVER_70 ? 0.70 : 0.75;
        if (change == FOLLOWS_BLOOD)
            m->over_portal[p] = 0.9;
    }
    if (change == RIM_AT_LIMIT || change == RIM_ABOVE_LIMIT)
        m->adc[HEP_ZONE_RIM] = change == RIM_AT_LIMIT ? 1.1e-3 : 1.11e-3;
    if (change == NOTHING_GAINED)
        for (int z = 0; z < (int)HEP_N_ZONES; z++)
            m->re[z][HEP_PHASE_ARTERIAL] = 0.05;
    if (change == RIM_DARK)
        m->b_high[HEP_ZONE_RIM] = 1.1;
    if (change == NO_B)
        m->images &= ~(1U << HEP_IMAGE_B_HIGH | 1U << HEP_IMAGE_ADC);
    if (change == RIM_WASHES_LATE)
        for (int z = 0; z < (int)HEP_N_ZONES; z++)
            m->ratio[z][HEP_PHASE_PORTAL_VENOUS] = 1.0;
    if (change == NO_CORE)
        for (int z = 0; z < (int)HEP_ZONE_WHOLE; z++) {
            m->adc[z] = m->b_high[z] = m->t2[z] = (double)NAN;
            for (int p = 0; p < (int)HEP_PHASE_COUNT; p++)
                m->ratio[z][p] = m->re[z][p] = (double)NAN;
        }
}

static struct hep_agents *agents;

static const struct hep_agent *gadoxetate(void)
{
    const struct hep_agent *agent = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_agents_find(&agent, agents, "gadoxetate", &e), e);
    return agent;
}

static void test_case(void **state)
{
    const struct flag_case *c = *state;
    struct hep_true_measures m = typical();
    struct hep_flag_result out[HEP_FLAG_COUNT] = { { 0 } };

    apply(&m, c->change);
    hep_true_flags(out, gadoxetate(), &m);
    for (int f = 0; f < (int)HEP_FLAG_COUNT; f++)
        assert_true(out[f].given);
    assert_string_equal(hep_flag_state_name(out[c->flag].state), hep_flag_state_name(c->state));
}

/* ---- what an acquisition shows ----------------------------------------------------------------- */

enum { N = 64 };

/* A ball of 40 mm with a core in a cube of liver; the rim is rim_mm thick. */
static struct hep_anatomy *ball(double rim_mm)
{
    struct hep_anatomy *a = calloc(1, sizeof *a);
    struct hep_tissue_table *table = calloc(1, sizeof *table);
    struct hep_lesion *l = &a->lesions.item[0];
    struct hep_rng rng = { 1, 2, 0 };
    struct hep_error e = { 0 };

    assert_ok(hep_tissue_table_read(table, HEP_CONFIGS "/tissues.yml", &e), e);
    hep_study_tissues_draw(&a->tissues, table, 3.0, 0.0, 1.0, 0.0, 1);
    free(table);
    a->step_mm = 1.0;
    a->grid = hep_test_grid(N, N, N, 1.0, 1.0, 1.0);
    a->label = calloc((size_t)N * N * N, 1);
    a->texture = calloc((size_t)N * N * N, 1);
    hep_lesion_make(l, HEP_SIM_MET_NECROTIC, 40.0, &a->tissues, 0.0, &rng);
    l->scale = 1.0;
    l->exponent = 2.0;
    l->jitter = l->halo_mm = 0.0;
    for (int k = 0; k < 3; k++)
        l->axes[k] = 1.0;
    l->core_rho = l->mid_rho = 1.0 - rim_mm / 20.0;
    a->lesions.n = 1;
    for (size_t k = 0; k < (size_t)N * N * N; k++) {
        const double p[3] = { (double)(k % N) - 31.5, (double)(k / N % N) - 31.5,
                              (double)(k / ((size_t)N * N)) - 31.5 };
        double rho;
        const int layer = hep_lesion_layer_at(&rho, l, p, 0.0);

        a->label[k] = layer == HEP_LAYER_NONE ? HEP_LABEL_LIVER : hep_lesion_label(0, layer);
        a->count[0][layer == HEP_LAYER_NONE ? 0 : layer] += layer != HEP_LAYER_NONE;
    }
    return a;
}

struct seen {
    struct hep_true_measures tissue, visible;
};

static struct seen see(double rim_mm, double voxel_mm, bool dwi_missing)
{
    struct hep_truth_study *t = calloc(1, sizeof *t);
    struct hep_sim_settings s;
    struct hep_event *event = calloc(1, sizeof *event);
    struct hep_anatomy *a = ball(rim_mm);
    struct hep_error e = { 0 };
    struct seen seen;

    hep_sim_defaults(&s);
    s.agent = gadoxetate();
    s.variation = 0.0;
    assert_ok(hep_sim_parse_degradations(&s, "none", &e), e);
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_T2, (double)NAN, &e), e);
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_DWI, (double)NAN, &e), e);
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_PRECONTRAST, (double)NAN, &e), e);
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_ARTERIAL, 30.0, &e), e);
    for (size_t i = 0; i < s.n_series; i++)
        for (int k = 0; k < 3; k++) {
            s.series[i].spacing_mm[k] = voxel_mm;
            s.series[i].n[k] = (size_t)(56.0 / voxel_mm);
        }
    assert_ok(hep_event_draw(event, &s, hep_event_seed(&s), &e), e);
    event->series[1].missing = dwi_missing;
    assert_ok(hep_truth_study_init(t, &s, a, event, &e), e);
    hep_true_measure(&seen.tissue, t, 0);
    assert_ok(hep_visible_measure(&seen.visible, t, 0, &e), e);
    hep_event_release(event);
    free(event);
    free(t);
    hep_anatomy_free(a);
    return seen;
}

/* Half of the voxels of a rim of 12 mm lie wholly in it, so both truths measure the same. */
static void test_thick_rim(void **state)
{
    const struct seen s = see(12.0, 2.0, false);

    (void)state;
    for (int z = 0; z < (int)HEP_ZONE_WHOLE; z++) {
        assert_close(s.visible.adc[z], s.tissue.adc[z], 1e-4, 0.0);
        assert_close(s.visible.t2[z], s.tissue.t2[z], 1e-4, 0.0);
        assert_close(s.visible.re[z][HEP_PHASE_ARTERIAL], s.tissue.re[z][HEP_PHASE_ARTERIAL], 1e-4,
                     0.0);
    }
    assert_close(s.visible.ring_cover[HEP_PHASE_ARTERIAL], 1.0, 0.0, 0.0);
    /* The whole mixes with liver at its border, the less the smaller the voxels. */
    assert_close(s.visible.adc[HEP_ZONE_WHOLE], s.tissue.adc[HEP_ZONE_WHOLE], 0.06, 0.0);
}

/* A rim of 1 mm fills no voxel of 4 mm by half: the tissue has it, the images do not. */
static void test_thin_rim(void **state)
{
    const struct seen s = see(1.0, 4.0, false);

    (void)state;
    assert_true(isfinite(s.tissue.adc[HEP_ZONE_RIM]));
    assert_true(isnan(s.visible.adc[HEP_ZONE_RIM]));
    assert_true(isfinite(s.visible.adc[HEP_ZONE_CORE]));
}

/* What was not acquired is not visible; the tissue is what it is. */
static void test_missing(void **state)
{
    const struct seen s = see(8.0, 3.0, true);
    const uint32_t dwi = 1U << HEP_IMAGE_B_HIGH | 1U << HEP_IMAGE_ADC;

    (void)state;
    assert_int_equal(s.tissue.images & dwi, dwi);
    assert_int_equal(s.visible.images & dwi, 0);
    assert_int_equal(s.visible.images & 1U << HEP_IMAGE_PORTAL_VENOUS, 0);
    assert_int_not_equal(s.visible.images & 1U << HEP_IMAGE_ARTERIAL, 0);
}

int main(void)
{
    struct CMUnitTest tests[N_CASES + 3];
    struct hep_error e = { 0 };
    int failed;

    assert_ok(hep_agents_read(&agents, HEP_CONFIGS "/agents.yml", &e), e);
    for (size_t i = 0; i < N_CASES; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_case,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    tests[N_CASES] = (struct CMUnitTest)cmocka_unit_test(test_thick_rim);
    tests[N_CASES + 1] = (struct CMUnitTest)cmocka_unit_test(test_thin_rim);
    tests[N_CASES + 2] = (struct CMUnitTest)cmocka_unit_test(test_missing);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    hep_agents_free(agents);
    return failed;
}
