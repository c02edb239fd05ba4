#include "phantom/phantom.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "phantom/bids.h"
#include "phantom/degrade.h"
#include "phantom/session.h"
#include "phantom/truth.h"
#include "sequences/fat_spectrum.h"

#include <math.h>

/* Receiver scale: signals of some hundreds, as scanners store them. */
#define T1_SCALE 8000.0
#define SPIN_ECHO_SCALE 1500.0
#define FAT_PPM 3.4

struct study {
    const struct hep_sim_settings *s;
    const char *bids_dir;
    uint64_t seed;
    struct hep_anatomy *anatomy; /* owned */
    struct hep_event event;      /* owned */
    struct hep_field *offset_hz; /* owned; NULL without distortion */
    struct hep_course *course;   /* owned, one per series */
    struct hep_lut *lut;         /* owned, scratch */
};

static void study_release(struct study *st)
{
    hep_anatomy_free(st->anatomy);
    hep_event_release(&st->event);
    hep_field_free(st->offset_hz);
    free(st->course);
    free(st->lut);
}

static int prepare_anatomy(struct study *st, struct hep_error *err)
{
    const struct hep_sim_settings *s = st->s;
    const uint64_t person = hep_event_person(s);
    struct hep_study_tissues tissues;
    struct hep_tissue_table *table = hep_calloc(1, sizeof *table, err);
    int rc;

    if (table == NULL)
        return HEP_ENOMEM;
    rc = hep_tissue_table_read(table, s->tissues_path, err);
    if (rc == HEP_OK) {
        hep_study_tissues_draw(&tissues, table, s->field_t, s->variation, hep_event_iron(s, person),
                               hep_lesions_min_liver_ff(s), person);
        rc = hep_anatomy_new(&st->anatomy, s, &tissues, person, err);
    }
    free(table);
    return rc;
}

static int prepare(struct study *st, struct hep_error *err)
{
    const struct hep_sim_settings *s = st->s;
    int rc = prepare_anatomy(st, err);

    if (rc == HEP_OK)
        rc = hep_event_draw(&st->event, s, st->seed, err);
    if (rc == HEP_OK && st->event.epi)
        rc = hep_offset_field_new(&st->offset_hz, st->anatomy, st->event.epi_peak_hz, err);
    if (rc != HEP_OK)
        return rc;
    if (HEP_NEW(st->course, s->n_series, err) != HEP_OK || HEP_NEW(st->lut, 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < s->n_series; i++)
        st->course[i].time_s =
            hep_role_is_post_contrast(s->series[i].role) ? st->event.series[i].time_s : (double)NAN;
    return hep_course_solve(st->course, s->n_series, st->anatomy, s->agent, s->field_t,
                            &st->event.bolus, err);
}

static void scale_lut(struct hep_lut *lut, double scale)
{
    for (int label = 0; label < HEP_N_LABELS; label++)
        for (size_t v = 0; v < lut->n_values; v++)
            lut->value[label][v] = (float)(scale * (double)lut->value[label][v]);
}

static double scale_of(enum hep_role role)
{
    return role == HEP_ROLE_T2 || role == HEP_ROLE_DWI ? SPIN_ECHO_SCALE : T1_SCALE;
}

/* Noise SD: of the liver's signal before contrast, so that all phases share one receiver. */
static int noise_sd(double *sd, struct study *st, size_t i, struct hep_error *err)
{
    struct hep_sim_series r = st->s->series[i];
    struct hep_course *before = hep_calloc(1, sizeof *before, err);
    int rc;

    if (before == NULL)
        return HEP_ENOMEM;
    before->time_s = (double)NAN;
    rc = hep_course_solve(before, 1, st->anatomy, NULL, st->s->field_t, &st->event.bolus, err);
    if (rc == HEP_OK)
        rc = hep_lut_signal(st->lut, &r, st->anatomy, before, st->s->field_t, HEP_LUT_ALL, err);
    if (rc == HEP_OK) {
        const float *liver = st->lut->value[HEP_LABEL_LIVER];
        const double signal =
            st->lut->is_complex ? hypot((double)liver[0], (double)liver[1]) : (double)liver[0];

        *sd = st->event.series[i].noise_sd_of_liver * scale_of(r.role) * signal;
    }
    free(before);
    return rc;
}

/* Fill the table of signals of a series, one per tissue; that of blood is changed by its flow. */
static int series_lut(struct hep_lut *lut, const struct study *st, size_t i, enum hep_lut_part part,
                      struct hep_error *err)
{
    const struct hep_series_event *e = &st->event.series[i];
    const int rc = hep_lut_signal(lut, &st->s->series[i], st->anatomy, &st->course[i],
                                  st->s->field_t, part, err);

    if (rc != HEP_OK)
        return rc;
    scale_lut(lut, scale_of(st->s->series[i].role));
    for (int label = (int)HEP_LABEL_AORTA; label <= (int)HEP_LABEL_PORTAL_VEIN; label++) {
        const double factor =
            label <= (int)HEP_LABEL_HEPATIC_ARTERY ? e->artery_flow : e->vein_flow;

        for (size_t v = 0; v < lut->n_values; v++)
            lut->value[label][v] = (float)(factor * (double)lut->value[label][v]);
    }
    return HEP_OK;
}

/* Render one table of signals. Slices of a 2-D series are displaced as they were during this volume. */
static int render_lut(struct hep_volume **out, const struct study *st, size_t i,
                      const struct hep_lut *lut, const struct hep_grid *grid,
                      const struct hep_epi *epi, size_t volume, struct hep_error *err)
{
    const struct hep_series_event *e = &st->event.series[i];
    struct hep_render r = { .anatomy = st->anatomy,
                            .grid = grid,
                            .lut = lut,
                            .motion = &e->motion,
                            .epi = epi,
                            .texture = st->s->texture,
                            .slice_share = e->slice_share,
                            .nthreads = st->s->nthreads };
    double(*slices)[3] = NULL;
    int rc;

    memcpy(r.drift_mm, e->drift_mm, sizeof r.drift_mm);
    if (e->slice_sd_mm[2] > 0.0) {
        if (HEP_NEW(slices, grid->n[2], err) != HEP_OK)
            return HEP_ENOMEM;
        for (size_t z = 0; z < grid->n[2]; z++)
            hep_event_slice_shift(slices[z], e, st->s->series[i].role, st->seed, z, volume);
        r.slice_mm = (const double(*)[3])slices;
    }
    rc = hep_render_volume(out, &r, err);
    free(slices);
    return rc;
}

/* Diffusion-weighted volumes, each at its own time when slices move. */
static int render_volumes(struct hep_volume **out, struct study *st, size_t i,
                          const struct hep_grid *grid, const struct hep_epi *epi,
                          struct hep_error *err)
{
    const size_t n = st->lut->n_values, voxels = hep_grid_voxels(grid);
    struct hep_volume *all = NULL, *one = NULL;
    struct hep_lut *lut = NULL;
    int rc;

    if (!(st->event.series[i].slice_sd_mm[2] > 0.0))
        return render_lut(out, st, i, st->lut, grid, epi, 0, err);
    rc = hep_volume_new(&all, grid, n, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(lut, 1, err);
    for (size_t v = 0; rc == HEP_OK && v < n; v++) {
        *lut = *st->lut;
        lut->n_values = 1;
        for (int label = 0; label < HEP_N_LABELS; label++)
            lut->value[label][0] = st->lut->value[label][v];
        rc = render_lut(&one, st, i, lut, grid, epi, v, err);
        if (rc == HEP_OK)
            memcpy(all->data + v * voxels, one->data, voxels * sizeof *one->data);
        hep_volume_free(one);
        one = NULL;
    }
    free(lut);
    if (rc == HEP_OK)
        *out = all;
    else
        hep_volume_free(all);
    return rc;
}

/* Diffusion: in an echo-planar series the chemical shift displaces what is left of fat, so water and fat are rendered
 * apart. */
static int render_diffusion(struct hep_volume **out, struct study *st, size_t i,
                            const struct hep_grid *grid, struct hep_error *err)
{
    const struct hep_sim_settings *s = st->s;
    const struct hep_series_event *e = &st->event.series[i];
    const double readout = st->event.epi_readout_s, voxel = s->series[i].spacing_mm[1];
    struct hep_epi epi = { .offset_hz = st->offset_hz, .mm_per_hz = readout * voxel };
    const struct hep_epi *used = st->event.epi ? &epi : NULL;
    struct hep_volume *water = NULL, *fat = NULL;
    size_t n;
    int rc;

    for (int k = 0; k < 3; k++)
        epi.direction[k] = grid->to_world[k][1] / voxel;
    rc = series_lut(st->lut, st, i, HEP_LUT_WATER, err);
    if (rc == HEP_OK)
        rc = render_volumes(&water, st, i, grid, used, err);
    epi.fat_shift_mm = -fabs(hep_shift_hz(FAT_PPM, s->field_t)) * epi.mm_per_hz *
                       fmin(s->degrade[HEP_SIM_EPI], 1.0);
    if (rc == HEP_OK)
        rc = series_lut(st->lut, st, i, HEP_LUT_FAT, err);
    if (rc == HEP_OK)
        rc = render_lut(&fat, st, i, st->lut, grid, used, 0, err);
    if (rc != HEP_OK) {
        hep_volume_free(water);
        return rc;
    }
    hep_degrade_fat(fat, e, s->nthreads);
    n = hep_grid_voxels(grid) * water->nt;
    for (size_t k = 0; k < n; k++)
        water->data[k] += fat->data[k];
    hep_volume_free(fat);
    *out = water;
    return HEP_OK;
}

/* Render water, fat and aorta of one volume separately: fat saturation and ghosts change one of them alone. */
static int render_parts(struct hep_volume **out, struct study *st, size_t i,
                        const struct hep_grid *grid, struct hep_error *err)
{
    const struct hep_series_event *e = &st->event.series[i];
    const size_t n = hep_grid_voxels(grid);
    struct hep_volume *v = NULL, part;
    struct hep_lut *fat = NULL;
    int rc = HEP_NEW(fat, 1, err);

    if (rc == HEP_OK)
        rc = series_lut(fat, st, i, HEP_LUT_FAT, err);
    if (rc == HEP_OK)
        rc = series_lut(st->lut, st, i, HEP_LUT_WATER, err);
    for (int label = 0; rc == HEP_OK && label < HEP_N_LABELS; label++) {
        float *value = st->lut->value[label];

        value[1] = fat->value[label][0];
        value[2] = label == (int)HEP_LABEL_AORTA ? value[0] : 0.0F;
    }
    st->lut->n_values = 3;
    if (rc == HEP_OK)
        rc = render_lut(&v, st, i, st->lut, grid, NULL, 0, err);
    free(fat);
    if (rc != HEP_OK)
        return rc;
    part = *v;
    part.nt = 1;
    part.data = v->data + n;
    hep_degrade_fat(&part, e, st->s->nthreads);
    for (size_t k = 0; k < n; k++)
        v->data[k] += v->data[n + k];
    v->nt = 1;
    if (e->ghost > 0.0)
        hep_degrade_pulsation(v, v->data + 2 * n, e->ghost, e->ghost_shift, st->s->nthreads);
    *out = v;
    return HEP_OK;
}

static int render_series(struct hep_volume **out, struct study *st, size_t i,
                         const struct hep_grid *grid, struct hep_error *err)
{
    const struct hep_series_event *e = &st->event.series[i];
    const enum hep_role role = st->s->series[i].role;
    int rc;

    if (role == HEP_ROLE_DWI && (st->event.epi || e->fat_gain > 0.0))
        return render_diffusion(out, st, i, grid, err);
    if (role != HEP_ROLE_DWI && (e->fat_gain > 0.0 || e->ghost > 0.0))
        return render_parts(out, st, i, grid, err);
    rc = series_lut(st->lut, st, i, HEP_LUT_ALL, err);
    return rc == HEP_OK ? render_volumes(out, st, i, grid, NULL, err) : rc;
}

static int degrade(struct hep_volume *v, struct study *st, size_t i, struct hep_error *err)
{
    const struct hep_sim_settings *s = st->s;
    const struct hep_series_event *e = &st->event.series[i];
    double sd;
    int rc = hep_degrade_psf(v, e->psf_sd_voxels, s->nthreads, err);

    if (rc != HEP_OK)
        return rc;
    if (s->series[i].role == HEP_ROLE_DWI)
        hep_degrade_cardiac(v, st->anatomy->shape, e, s->nthreads);
    if (e->transient)
        rc = hep_degrade_transient(v, st->seed, s->nthreads, err);
    if (rc == HEP_OK)
        rc = noise_sd(&sd, st, i, err);
    if (rc != HEP_OK)
        return rc;
    hep_degrade_bias(v, &st->event, s->nthreads);
    hep_degrade_noise(v, sd, st->seed, hep_role_name(s->series[i].role), s->nthreads);
    hep_degrade_gain(v, e->gain);
    return HEP_OK;
}

static int make_series(struct study *st, size_t i, struct hep_error *err)
{
    const struct hep_sim_settings *s = st->s;
    struct hep_volume *v = NULL;
    struct hep_grid grid;
    int rc;

    hep_event_grid(&grid, &st->event, s, i, st->seed);
    rc = render_series(&v, st, i, &grid, err);
    if (rc == HEP_OK)
        rc = degrade(v, st, i, err);
    if (rc == HEP_OK)
        rc = hep_bids_write_series(st->bids_dir, v, s, &st->event, i, err);
    hep_volume_free(v);
    return rc;
}

/* Remove the files that an earlier run wrote for this subject. */
static int clear_subject(const char *bids_dir, unsigned subject, struct hep_error *err)
{
    char label[HEP_SUBJECT_LABEL];
    char *raw, *truth;
    int rc = HEP_OK;

    hep_bids_subject(label, subject);
    raw = hep_asprintf(err, "%s/%s", bids_dir, label);
    truth = hep_asprintf(err, "%s/derivatives/truth/%s", bids_dir, label);
    if (raw == NULL || truth == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && hep_is_dir(raw))
        rc = hep_remove_tree(raw, err);
    if (rc == HEP_OK && hep_is_dir(truth))
        rc = hep_remove_tree(truth, err);
    free(raw);
    free(truth);
    return rc;
}

static int simulate_study(const char *bids_dir, const struct hep_sim_settings *s,
                          struct hep_true_session *sessions, struct hep_log *log,
                          struct hep_error *err)
{
    struct hep_sim_settings own = *s;
    struct study st = { .s = &own, .bids_dir = bids_dir };
    int rc;

    st.seed = hep_event_seed(s);
    hep_event_b_values(&own, hep_event_person(s));
    rc = prepare(&st, err);
    if (rc == HEP_OK && s->session < 2)
        rc = clear_subject(bids_dir, s->subject, err);
    if (rc == HEP_OK && st.anatomy->lesions.n_unplaced > 0)
        hep_log_write(log, HEP_LOG_WARNING, "lesions-unplaced",
                      "subject %u: %zu drawn lesions found no room and were left out", s->subject,
                      st.anatomy->lesions.n_unplaced);
    for (size_t i = 0; rc == HEP_OK && i < s->n_series; i++) {
        if (st.event.series[i].missing)
            continue;
        rc = make_series(&st, i, err);
        hep_log_progress(log, "simulate", (double)(i + 1) / (double)(s->n_series + 1));
    }
    if (rc == HEP_OK)
        rc = hep_truth_write(bids_dir, &own, st.anatomy, &st.event, st.seed, sessions, err);
    hep_log_progress(log, "simulate", 1.0);
    study_release(&st);
    return rc;
}

static int simulate_sessions(const char *bids_dir, const struct hep_sim_settings *s,
                             struct hep_log *log, struct hep_error *err)
{
    const uint64_t person = hep_event_person(s);
    struct hep_sim_settings one = *s;
    struct hep_true_session *sessions = NULL;
    int rc = HEP_NEW(sessions, s->sessions, err);

    for (one.session = 1; rc == HEP_OK && one.session <= s->sessions; one.session++)
        rc = simulate_study(bids_dir, &one, sessions, log, err);
    if (rc == HEP_OK)
        rc = hep_session_write_table(bids_dir, s, person, err);
    if (rc == HEP_OK)
        rc = hep_true_course_write(bids_dir, s, sessions, person, err);
    free(sessions);
    return rc;
}

int hep_simulate_subject(const char *bids_dir, const struct hep_sim_settings *s,
                         struct hep_log *log, struct hep_error *err)
{
    int rc = hep_sim_check(s, err);

    if (rc != HEP_OK)
        return rc;
    return s->sessions > 0 ? simulate_sessions(bids_dir, s, log, err)
                           : simulate_study(bids_dir, s, NULL, log, err);
}

int hep_simulate_dataset(const char *bids_dir, const struct hep_sim_settings *s, unsigned n,
                         struct hep_log *log, struct hep_error *err)
{
    struct hep_sim_settings one = *s;
    int rc;

    if (n < 1 || n > 99999)
        return HEP_FAIL(err, HEP_EINVAL, "%u subjects, want 1 to 99999", n);
    rc = hep_sim_check(s, err);
    if (rc == HEP_OK)
        rc = hep_bids_may_write(bids_dir, err);
    if (rc == HEP_OK)
        rc = hep_bids_write_dataset(bids_dir, s, n, err);
    for (unsigned i = 0; rc == HEP_OK && i < n; i++) {
        one.subject = s->subject + i;
        hep_log_write(log, HEP_LOG_INFO, "simulate", "subject %u (%u of %u)", one.subject, i + 1,
                      n);
        rc = hep_simulate_subject(bids_dir, &one, log, err);
    }
    return rc;
}
