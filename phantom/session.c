#include "phantom/session.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "phantom/bids.h"
#include "phantom/disease.h"
#include "phantom/render.h"

#include <math.h>

static struct hep_rng rng_of(const char *what, const struct hep_sim_settings *s, uint64_t person)
{
    return (struct hep_rng){ person, hep_rng_stream(what), (uint64_t)s->session << 32 };
}

/* Nothing changes within a day, and nothing before the second session. */
static bool has_changed(const struct hep_sim_settings *s)
{
    return s->session > 1 && s->interval_days >= 1.0;
}

void hep_session_weigh(struct hep_shape *shape, const struct hep_sim_settings *s, uint64_t person)
{
    struct hep_rng rng = rng_of("session weight", s, person);
    double added;

    if (!has_changed(s))
        return;
    added = 0.1 * fmin(s->variation, 1.0) * hep_rng_next_range(&rng, -1.0, 1.0) * shape->fat_mm;
    shape->fat_mm += added;
    shape->wall_mm -= added;
}

void hep_session_change_liver(struct hep_study_tissues *tissues, struct hep_lesion_list *lesions,
                              const struct hep_sim_settings *s, uint64_t person)
{
    struct hep_rng rng = rng_of("session liver", s, person);
    struct hep_tissue_values *liver = &tissues->row[HEP_TISSUE_LIVER];
    const double before = liver->ff;
    const double more = 0.03 * s->variation * hep_rng_next_range(&rng, -1.0, 1.0);
    const double uptake = 1.0 + 0.1 * s->variation * hep_rng_next_range(&rng, -1.0, 1.0);

    if (!has_changed(s))
        return;
    liver->ff = fmin(fmax(before + more, 0.01), 0.5);
    liver->ki_per_min *= uptake;
    for (size_t i = 0; i < lesions->n; i++)
        for (int k = 0; k < (int)HEP_N_LAYERS && !lesions->item[i].mass; k++) {
            struct hep_tissue_values *t = &lesions->item[i].layer[k];

            t->ff = fmin(fmax(t->ff + liver->ff - before, 0.01), 0.5);
            t->ki_per_min *= uptake;
        }
}

/* ---- pose ------------------------------------------------------------------------------------ */

static int draw_pose(struct hep_motion *m, struct hep_field **bend,
                     const struct hep_sim_settings *s, uint64_t person, struct hep_error *err)
{
    static const double sd_mm[3] = { 1.0, 2.0, 6.0 }; /* LR, AP, SI */
    struct hep_rng rng = rng_of("session shift", s, person);
    const struct hep_box box = hep_shape_box();
    int rc;

    memset(m, 0, sizeof *m);
    for (int k = 0; k < 3; k++)
        m->shift_mm[k] =
            s->degrade[HEP_SIM_SHIFT] * sd_mm[k] * fmin(fmax(hep_rng_next_normal(&rng), -2.5), 2.5);
    if (!(s->degrade[HEP_SIM_DEFORM] > 0.0))
        return HEP_OK;
    rc = hep_field_new(bend, &box, 60.0, 3, person ^ (uint64_t)s->session << 48, "session bend",
                       err);
    m->bend = *bend;
    m->bend_mm = fmin(1.5 * s->degrade[HEP_SIM_DEFORM], 6.0);
    return rc;
}

/* Node of the anatomy nearest to a point, or at the border of its space. */
static size_t nearest_node(const struct hep_anatomy *a, const double p[3])
{
    size_t i[3];

    for (int k = 0; k < 3; k++) {
        const double v = (p[k] - a->grid.to_world[k][3]) / a->step_mm;

        i[k] = (size_t)lrint(fmin(fmax(v, 0.0), (double)(a->grid.n[k] - 1)));
    }
    return (i[2] * a->grid.n[1] + i[1]) * a->grid.n[0] + i[0];
}

static void displace_nodes(uint8_t *label, int8_t *texture, const struct hep_anatomy *a,
                           const struct hep_motion *m, int nthreads)
{
    const size_t nz = a->grid.n[2];

#pragma omp parallel for schedule(dynamic, 4) num_threads(nthreads)
    for (size_t z = 0; z < nz; z++)
        for (size_t y = 0; y < a->grid.n[1]; y++)
            for (size_t x = 0; x < a->grid.n[0]; x++) {
                const double at[3] = { (double)x, (double)y, (double)z };
                const size_t i = (z * a->grid.n[1] + y) * a->grid.n[0] + x;
                double q[3], p[3];
                size_t from;

                hep_grid_to_world(q, &a->grid, at);
                hep_motion_undo(p, m, q);
                from = nearest_node(a, p);
                label[i] = a->label[from];
                texture[i] = a->texture[from];
            }
}

static void displace_lesions(struct hep_lesion_list *list, const struct hep_motion *m)
{
    for (size_t i = 0; i < list->n; i++) {
        double d[3];

        hep_motion_displacement(d, m, list->item[i].centre_mm);
        for (int k = 0; k < 3; k++)
            list->item[i].centre_mm[k] += d[k];
    }
}

int hep_session_pose(struct hep_anatomy *a, struct hep_lesion_list *gone,
                     const struct hep_sim_settings *s, uint64_t person, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&a->grid);
    struct hep_field *bend = NULL;
    struct hep_motion motion;
    uint8_t *label = NULL;
    int8_t *texture = NULL;
    int rc;

    if (s->session < 2)
        return HEP_OK;
    rc = draw_pose(&motion, &bend, s, person, err);
    if (rc != HEP_OK)
        return rc;
    label = hep_alloc_aligned(n, sizeof *label, err);
    texture = hep_calloc(n, sizeof *texture, err);
    if (label == NULL || texture == NULL) {
        free(label);
        free(texture);
        rc = HEP_ENOMEM;
        goto out;
    }
    displace_nodes(label, texture, a, &motion, s->nthreads);
    displace_lesions(&a->lesions, &motion);
    displace_lesions(gone, &motion);
    free(a->label);
    free(a->texture);
    a->label = label;
    a->texture = texture;
out:
    hep_field_free(bend);
    return rc;
}

/* ---- dates ----------------------------------------------------------------------------------- */

/* Civil date of a day counted from 1970-01-01 (Hinnant, "chrono-compatible low-level date
 * algorithms", civil_from_days). */
static void civil_date(long *year, long *month, long *day, long days)
{
    const long z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    const long doe = z - era * 146097;
    const long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
}

void hep_session_date(char out[HEP_SESSION_DATE], const struct hep_sim_settings *s,
                      unsigned session, uint64_t person)
{
    /* BIDS has shifted dates lie before 1925, so that nobody takes them for real ones. */
    const long first = -25567; /* 1900-01-01 */
    const double u = hep_rng_uniform(person, hep_rng_stream("date"), 0);
    const bool has_time = s->interval_days < 1.0;
    const double after = hep_sim_session_day(s, session) + (has_time ? 10.0 / 24.0 : 0.0);
    const double minutes = floor((after - floor(after)) * 24.0 * 60.0 + 0.5);
    long year, month, day;

    civil_date(&year, &month, &day, first + (long)(3652.0 * u) + (long)floor(after));
    (void)snprintf(out, HEP_SESSION_DATE, "%04ld-%02ld-%02ld", year, month, day);
    if (has_time)
        (void)snprintf(out + 10, HEP_SESSION_DATE - 10, "T%02d:%02d:00", (int)(minutes / 60.0),
                       (int)fmod(minutes, 60.0));
}

int hep_session_write_table(const char *bids_dir, const struct hep_sim_settings *s, uint64_t person,
                            struct hep_error *err)
{
    static const char columns[] =
        "{\n"
        "  \"session_id\": {\"Description\": \"label of the session\"},\n"
        "  \"acq_time\": {\"Description\": \"day of the simulated scan: fictitious, drawn from the "
        "seed\"}\n"
        "}\n";
    char subject[HEP_SUBJECT_LABEL], date[HEP_SESSION_DATE];
    struct hep_str tsv = { 0 };
    char *table, *dictionary;
    int rc;

    hep_bids_subject(subject, s->subject);
    table = hep_asprintf(err, "%s/%s/%s_sessions.tsv", bids_dir, subject, subject);
    dictionary = hep_asprintf(err, "%s/%s/%s_sessions.json", bids_dir, subject, subject);
    hep_str_add(&tsv, "session_id\tacq_time\n");
    for (unsigned k = 1; k <= s->sessions; k++) {
        hep_session_date(date, s, k, person);
        hep_str_addf(&tsv, "ses-%u\t%s\n", k, date);
    }
    rc = table == NULL || dictionary == NULL ? HEP_ENOMEM : hep_str_check(&tsv, err);
    if (rc == HEP_OK)
        rc = hep_file_write(table, tsv.s, tsv.len, err);
    if (rc == HEP_OK)
        rc = hep_file_write(dictionary, columns, sizeof columns - 1, err);
    hep_str_release(&tsv);
    free(table);
    free(dictionary);
    return rc;
}
