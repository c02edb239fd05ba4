/**
 * @file  lesions/lesion_study.h
 * @brief A study in memory with one lesion of two layers, for the tests of measurements and flags.
 *
 * Signals: liver 100 before contrast; enhancement of each tissue from the two-compartment model
 * with gadoxetate 0.025 mmol/kg at 3 T (SPGR TR 4 ms, 12 degrees) at 35 s, 70 s, 3 min and 20 min;
 * T2-weighted exp(-85 ms / T2) with T2 of the same table; b = 800 over liver at TE 65 ms.
 */
#ifndef HEP_TESTS_LESION_STUDY_H
#define HEP_TESTS_LESION_STUDY_H

#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "lesions/assess.h"
#include "lesions/liver_measures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct tissue {
    double pre, art, pv, trans, hbp; /* liver before contrast is 100 */
    double t2, b800;                 /* liver is 100 */
    double adc;                      /* 1e-3 mm2/s */
    double fat;
};

static const struct tissue t_liver = { 100, 130, 158, 160, 190, 100, 100, 1.07, 0.03 };
static const struct tissue t_rim = { 74, 152, 126, 109, 84, 310, 300, 0.93, 0.0 };
static const struct tissue t_fibrous = { 72, 94, 103, 115, 91, 235, 140, 1.22, 0.0 };
static const struct tissue t_necrotic = { 53, 56, 58, 62, 68, 660, 200, 2.00, 0.0 };
static const struct tissue t_net = { 72, 156, 119, 104, 82, 410, 300, 0.94, 0.0 };
static const struct tissue t_edge = { 59, 187, 166, 131, 82, 660, 260, 1.75, 0.0 };
static const struct tissue t_centre = { 59, 86, 100, 114, 84, 660, 260, 1.75, 0.0 };
static const struct tissue t_fnh = { 91, 185, 160, 166, 200, 184, 110, 1.20, 0.0 };
static const struct tissue t_cyst = { 29, 29, 29, 29, 29, 1020, 190, 2.70, 0.0 };
static const struct tissue t_blood = { 54, 209, 175, 131, 78, 400, 5, 3.0, 0.0 };
static const struct tissue t_aorta = { 54, 330, 190, 135, 80, 400, 5, 3.0, 0.0 };
static const struct tissue t_spleen = { 60, 150, 140, 110, 79, 335, 340, 0.85, 0.0 };
static const struct tissue t_muscle = { 90, 102, 102, 102, 94.5, 72, 60, 1.45, 0.02 };

/** Radius of the core relative to the lesion's; 0: rim alone. */
struct lesion_spec {
    double radius_mm, core;
    const struct tissue *rim, *shell_core;
    double gap_rad; /* the rim is core tissue over this azimuth */
};

struct fixture {
    struct hep_lesion_study study;
    struct hep_lesion_limits limits;
    struct hep_agents *agents;
    struct hep_evidence_table *evidence;
    struct hep_flag_table *flags;
    struct hep_volume *volume[HEP_IMAGE_COUNT];
    struct hep_labels *liver, *anatomy;
    struct hep_candidates candidates;
    struct hep_candidate candidate;
    struct hep_findings findings;
};

static inline struct hep_lesion_limits test_limits(void)
{
    struct hep_lesion_limits limits = hep_lesion_limits_default;

    limits.context = HEP_CONTEXT_COLORECTAL;
    return limits;
}

static inline double value_in(const struct tissue *t, enum hep_image image)
{
    switch ((int)image) {
    case HEP_IMAGE_PRECONTRAST:
        return t->pre;
    case HEP_IMAGE_ARTERIAL:
        return t->art;
    case HEP_IMAGE_PORTAL_VENOUS:
        return t->pv;
    case HEP_IMAGE_TRANSITIONAL:
        return t->trans;
    case HEP_IMAGE_HEPATOBILIARY:
        return t->hbp;
    case HEP_IMAGE_T2:
        return t->t2;
    case HEP_IMAGE_B_HIGH:
        return t->b800;
    case HEP_IMAGE_B_ZERO:
        return 4.0 * t->t2;
    case HEP_IMAGE_B_LOW: /* b = 50, back from b = 800 */
        return t->b800 * exp(0.75 * t->adc);
    case HEP_IMAGE_ADC:
        return 1e-3 * t->adc;
    case HEP_IMAGE_ADC_SE:
        return 0.05e-3;
    case HEP_IMAGE_FAT_FRACTION:
        return t->fat;
    default:
        return (double)NAN;
    }
}

static inline double noise_in(enum hep_image image)
{
    switch ((int)image) {
    case HEP_IMAGE_T2:
    case HEP_IMAGE_B_HIGH:
    case HEP_IMAGE_B_LOW:
        return 6.0;
    case HEP_IMAGE_ADC:
        return 0.04e-3;
    case HEP_IMAGE_ADC_SE:
        return 1e-6;
    case HEP_IMAGE_FAT_FRACTION:
        return 0.01;
    default:
        return 2.0;
    }
}

/** Organs at fixed places; NULL means liver. */
static inline const struct tissue *organ_at(int32_t *code, const double w[3])
{
    static const struct {
        double x;
        enum hep_anatomy organ;
        const struct tissue *tissue;
    } blocks[] = { { -30.0, HEP_ANATOMY_AORTA, &t_aorta },
                   { -15.0, HEP_ANATOMY_SPLEEN, &t_spleen },
                   { 0.0, HEP_ANATOMY_MUSCLE, &t_muscle },
                   { 15.0, HEP_ANATOMY_IVC, &t_blood } };

    *code = HEP_ANATOMY_NONE;
    if (w[1] < -25.0) {
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
            if (fabs(w[0] - blocks[i].x) < 5.0) {
                *code = (int32_t)blocks[i].organ;
                return blocks[i].tissue;
            }
        }
        return &t_muscle;
    }
    if (hypot(w[0] + 28.0, w[1] + 12.0) < 5.0) {
        *code = HEP_ANATOMY_PORTAL_VEIN;
        return &t_blood;
    }
    *code = HEP_ANATOMY_LIVER;
    return NULL;
}

static const double lesion_centre_mm[3] = { 6.0, 10.0, 0.5 };

/** The tissue of the lesion at a point; NULL outside. */
static inline const struct tissue *lesion_at(const struct lesion_spec *spec, const double w[3],
                                             const double shift_mm[3])
{
    double d[3], r, azimuth;

    for (int k = 0; k < 3; k++)
        d[k] = w[k] - lesion_centre_mm[k] - shift_mm[k];
    r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / spec->radius_mm;
    azimuth = atan2(d[1], d[0]) + 3.14159265358979;
    if (r > 1.0)
        return NULL;
    return r < spec->core || azimuth < spec->gap_rad ? spec->shell_core : spec->rim;
}

/** Mean over the voxel of 3 x 3 x 3 points near the lesion; its centre elsewhere. */
static inline double voxel_mean(const struct hep_grid *g, size_t i, const struct lesion_spec *spec,
                                enum hep_image image, const double shift_mm[3])
{
    const double at[3] = { (double)(i % g->n[0]), (double)(i / g->n[0] % g->n[1]),
                           (double)(i / (g->n[0] * g->n[1])) };
    double centre[3], sum = 0.0, away = 0.0;
    int32_t unused;

    hep_grid_to_world(centre, g, at);
    for (int k = 0; k < 3; k++)
        away += pow(centre[k] - lesion_centre_mm[k] - shift_mm[k], 2.0);
    if (sqrt(away) > spec->radius_mm + 4.0) {
        const struct tissue *plain = organ_at(&unused, centre);

        return value_in(plain != NULL ? plain : &t_liver, image);
    }
    for (int s = 0; s < 27; s++) {
        const double v[3] = { (double)(i % g->n[0]) + (s % 3 - 1) / 3.0,
                              (double)(i / g->n[0] % g->n[1]) + (s / 3 % 3 - 1) / 3.0,
                              (double)(i / (g->n[0] * g->n[1])) + (s / 9 - 1) / 3.0 };
        const struct tissue *t;
        int32_t code;
        double w[3];

        hep_grid_to_world(w, g, v);
        t = lesion_at(spec, w, shift_mm);
        if (t == NULL)
            t = organ_at(&code, w);
        sum += value_in(t != NULL ? t : &t_liver, image);
    }
    return sum / 27.0;
}

/** What the filter and the interpolation of a scanner do in plane: each voxel takes this of each of its
 * four neighbours' signal, so that the variance of the point spread along an axis is twice it, 0.2
 * voxel^2, which `lesions.series` expects of images. */
#define STUDY_NEIGHBOUR 0.1

static inline double blurred(const float *plane, const size_t n[3], size_t x, size_t y)
{
    static const double weight[3] = { STUDY_NEIGHBOUR, 1.0 - 2.0 * STUDY_NEIGHBOUR,
                                      STUDY_NEIGHBOUR };
    double sum = 0.0;

    for (size_t k = 0; k < 9; k++) {
        const size_t to_x = x + k % 3, to_y = y + k / 3; /* one further, so that none is below 0 */
        const size_t at_x = to_x == 0 ? 0 : to_x > n[0] ? n[0] - 1 : to_x - 1;
        const size_t at_y = to_y == 0 ? 0 : to_y > n[1] ? n[1] - 1 : to_y - 1;

        sum += weight[k % 3] * weight[k / 3] * (double)plane[at_y * n[0] + at_x];
    }
    return sum;
}

static inline void fill_image(struct fixture *f, const struct lesion_spec *spec,
                              enum hep_image image, const double shift_mm[3], double noise)
{
    const struct hep_grid *g = &f->study.grid;
    const size_t n = hep_grid_voxels(g), plane = g->n[0] * g->n[1];
    float *sharp = calloc(n, sizeof *sharp);
    struct hep_error e = { 0 };

    assert_non_null(sharp);
    if (f->volume[image] == NULL)
        assert_ok(hep_volume_new(&f->volume[image], g, 1, &e), e);
    for (size_t i = 0; i < n; i++)
        sharp[i] = (float)voxel_mean(g, i, spec, image, shift_mm);
    for (size_t i = 0; i < n; i++) {
        const size_t z = i / plane, x = i % g->n[0], y = i % plane / g->n[0];
        double normal[2];

        hep_rng_normal2(normal, 7, (uint64_t)image, i);
        f->volume[image]->data[i] =
            (float)(blurred(sharp + z * plane, g->n, x, y) + noise * noise_in(image) * normal[0]);
    }
    free(sharp);
    f->study.image[image].volume = f->volume[image];
    hep_grid_spacing(f->study.image[image].native_mm, g);
    f->study.image[image].registration_mm = 2.0;
}

static inline void fill_labels(struct fixture *f, const struct lesion_spec *spec)
{
    static const double still[3] = { 0 };
    const struct hep_grid *g = &f->study.grid;
    struct hep_error e = { 0 };

    assert_ok(hep_labels_new(&f->liver, g, &e), e);
    assert_ok(hep_labels_new(&f->anatomy, g, &e), e);
    assert_ok(hep_labels_new(&f->candidates.labels, g, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        const double v[3] = { (double)(i % g->n[0]), (double)(i / g->n[0] % g->n[1]),
                              (double)(i / (g->n[0] * g->n[1])) };
        double w[3];

        hep_grid_to_world(w, g, v);
        (void)organ_at(&f->anatomy->data[i], w);
        f->liver->data[i] = f->anatomy->data[i] == HEP_ANATOMY_LIVER ||
                            f->anatomy->data[i] == HEP_ANATOMY_PORTAL_VEIN;
        f->candidates.labels->data[i] = lesion_at(spec, w, still) != NULL;
    }
    f->candidate.id = 1;
    f->candidates.list = &f->candidate;
    f->candidates.n = 1;
}

/** Times of a well-timed gadoxetate study. */
static inline void fill_timing(struct fixture *f)
{
    static const double time_s[HEP_PHASE_COUNT] = { -60.0, 35.0, 70.0, 180.0, (double)NAN, 1200.0 };
    struct hep_error e = { 0 };

    assert_ok(hep_agents_read(&f->agents, HEP_CONFIGS "/agents.yml", &e), e);
    assert_ok(hep_agents_find(&f->study.agent, f->agents, "gadoxetate", &e), e);
    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        hep_phase_judge(&f->study.timing[p], f->study.agent, (enum hep_phase)p, time_s[p]);
        f->study.comparable[p] = true;
    }
    f->study.arterial.grade = f->study.hepatobiliary.grade = f->study.motion.grade = HEP_ADEQUATE;
    f->study.arterial_weight = 1.0;
}

static const enum hep_image made_images[] = {
    HEP_IMAGE_PRECONTRAST,   HEP_IMAGE_ARTERIAL, HEP_IMAGE_PORTAL_VENOUS, HEP_IMAGE_TRANSITIONAL,
    HEP_IMAGE_HEPATOBILIARY, HEP_IMAGE_T2,       HEP_IMAGE_B_ZERO,        HEP_IMAGE_B_HIGH,
    HEP_IMAGE_ADC,           HEP_IMAGE_ADC_SE,   HEP_IMAGE_FAT_FRACTION,
};
#define N_MADE (sizeof made_images / sizeof made_images[0])

/** On a grid of the caller's; NULL for the usual one. Release with fixture_release(). */
static inline void fixture_init(struct fixture *f, const struct lesion_spec *spec,
                                const struct hep_grid *grid)
{
    static const double still[3] = { 0 };
    struct hep_error e = { 0 };

    memset(f, 0, sizeof *f);
    f->study.grid = grid != NULL ? *grid : hep_test_grid(60, 60, 30, 1.25, 1.25, 2.0);
    f->limits = test_limits();
    f->study.limits = &f->limits;
    f->study.nthreads = 1;
    f->study.field_t = 3.0;
    f->study.b_high_s_per_mm2 = 800.0;
    f->study.b_low_s_per_mm2 = 50.0;
    fill_labels(f, spec);
    fill_timing(f);
    f->study.liver = f->liver;
    f->study.anatomy = f->anatomy;
    for (size_t i = 0; i < N_MADE; i++)
        fill_image(f, spec, made_images[i], still, 1.0);
    assert_ok(hep_evidence_read(&f->evidence, HEP_CONFIGS "/evidence.yml", &e), e);
    assert_ok(hep_flag_table_read(&f->flags, HEP_CONFIGS "/expert/flags.yml", &e), e);
}

/* Baseline and assessment in one. */
static inline int try_assess(struct hep_findings *out, const struct fixture *f, struct hep_error *e)
{
    struct hep_baseline baseline = { 0 };
    int rc = hep_baseline_init(&baseline, &f->study, f->candidates.labels, e);

    if (rc == HEP_OK)
        rc = hep_assess(out, &f->study, &f->candidates, &baseline, f->evidence, f->flags, e);
    hep_baseline_release(&baseline);
    return rc;
}

/* Baseline and measures of the liver in one; candidates may be NULL. */
static inline int try_liver_measure(struct hep_liver_measures *out, const struct fixture *f,
                                    const struct hep_candidates *candidates,
                                    const struct hep_labels *remnant, struct hep_error *e)
{
    struct hep_baseline baseline = { 0 };
    int rc = hep_baseline_init(&baseline, &f->study, candidates ? candidates->labels : NULL, e);

    if (rc == HEP_OK)
        rc = hep_liver_measure(out, &f->study, candidates, &baseline, remnant, e);
    hep_baseline_release(&baseline);
    return rc;
}

static inline const struct hep_finding *fixture_assess(struct fixture *f)
{
    struct hep_error e = { 0 };

    hep_findings_release(&f->findings);
    assert_ok(try_assess(&f->findings, f, &e), e);
    assert_int_equal(f->findings.n, f->candidates.n);
    return &f->findings.list[0];
}

static inline void fixture_release(struct fixture *f)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        hep_volume_free(f->volume[i]);
    hep_labels_free(f->liver);
    hep_labels_free(f->anatomy);
    hep_labels_free(f->candidates.labels);
    hep_agents_free(f->agents);
    hep_evidence_free(f->evidence);
    hep_flag_table_free(f->flags);
    hep_findings_release(&f->findings);
}

#endif
