#include "phantom/event.h"

#include "base/number.h"
#include "base/rng.h"

#include <math.h>

#define SD_OF_FWHM 0.4247 /* 1 / (2 sqrt(2 ln 2)) */

static struct hep_rng stream(uint64_t seed, const char *what, enum hep_role role)
{
    /* echoes of one breath-hold share their draws */
    const char *name =
        role == HEP_ROLE_OPPOSED || role == HEP_ROLE_IN_PHASE ? "dual echo" : hep_role_name(role);

    return (struct hep_rng){ seed,
                             hep_rng_stream(what) ^ (hep_rng_stream(name) * 0x9E3779B97F4A7C15ULL),
                             0 };
}

static bool is_2d(enum hep_role role)
{
    return role == HEP_ROLE_T2 || role == HEP_ROLE_DWI;
}

/* Full width at half maximum in voxels: 1 where the matrix is stored as acquired, up to 2 where it
 * is filtered and interpolated, most along phase encoding; slices of 3-D images overlap, too. */
static void draw_psf(struct hep_series_event *e, double level, const struct hep_sim_series *r,
                     uint64_t seed)
{
    struct hep_rng rng = stream(seed, "psf", r->role);
    const double read = hep_rng_next_range(&rng, 0.8, 1.5);
    const double phase = hep_rng_next_range(&rng, 1.0, 2.0);
    const double slice = hep_rng_next_range(&rng, 0.8, 1.5);

    e->psf_sd_voxels[0] = fmin(level, 3.0) * SD_OF_FWHM * read;
    e->psf_sd_voxels[1] = fmin(level, 3.0) * SD_OF_FWHM * phase;
    e->psf_sd_voxels[2] = is_2d(r->role) ? 0.0 : fmin(level, 3.0) * SD_OF_FWHM * slice;
}

/* Fat saturation fails where the main field differs from its mean: there up to all of the fat signal is left. */
static int draw_fat(struct hep_series_event *e, double level, const struct hep_sim_series *r,
                    uint64_t seed, struct hep_error *err)
{
    const struct hep_box box = hep_shape_box();
    struct hep_rng rng = stream(seed, "fatsat", r->role);
    const double gain = exp(hep_rng_next_range(&rng, log(0.5), log(8.0)));

    if (!(level > 0.0) || !(r->fat_saturated || r->role == HEP_ROLE_DWI))
        return HEP_OK;
    e->fat_gain = fmin(level * gain, 15.0);
    return hep_field_new(&e->fat_field, &box, 90.0, 1, seed ^ rng.stream, "fat field", err);
}

/* Inflow raises and voids lower the signal of blood; the pulsation of the aorta makes ghosts along phase encoding. */
static void draw_flow(struct hep_series_event *e, double level, const struct hep_sim_series *r,
                      uint64_t seed)
{
    struct hep_rng rng = stream(seed, "flow", r->role);
    const double share = fmin(level, 2.0);
    const double artery = hep_rng_next_range(&rng, -1.0, 1.0);
    const double vein = hep_rng_next_range(&rng, -1.0, 1.0);
    const double ghost = hep_rng_next_range(&rng, 0.01, 0.08);
    const double shift = hep_rng_next_range(&rng, 0.07, 0.2);
    /* T2: slow blood is bright in some, fast blood dark in all; T1 after contrast: little inflow */
    const double width = r->role == HEP_ROLE_T2               ? 1.0
                         : hep_role_is_post_contrast(r->role) ? 0.1
                         : hep_role_is_t1_phase(r->role)      ? 0.5
                                                              : 0.0;

    e->artery_flow = exp(share * width * artery);
    e->vein_flow = exp(share * width * (r->role == HEP_ROLE_T2 ? 1.2 * (vein + 0.5) : vein));
    e->ghost = width > 0.0 ? fmin(level * ghost, 0.3) : 0.0;
    e->ghost_shift = shift;
}

/* The heart's beat moves the left lobe: more loss the higher b, as if water diffused faster. */
static void draw_heart(struct hep_series_event *e, double level, const struct hep_sim_series *r,
                       uint64_t seed)
{
    struct hep_rng rng = stream(seed, "heart", r->role);
    const double d = level * hep_rng_next_range(&rng, 0.2e-3, 1.0e-3);

    for (size_t v = 0; r->role == HEP_ROLE_DWI && v < r->n_b; v++)
        e->heart_exponent[v] =
            fmin(d * hep_rng_next_range(&rng, 0.6, 1.4) * r->b_s_per_mm2[v], 3.0);
}

static void draw_drift(struct hep_series_event *e, double level, const struct hep_sim_series *r,
                       uint64_t seed)
{
    static const double sd_mm[3] = { 0.2, 0.5, 1.2 }; /* LR, AP, SI */
    struct hep_rng rng = stream(seed, "drift", r->role);

    for (int k = 0; k < 3; k++) {
        const double way = fmin(level, 5.0) * sd_mm[k] * hep_rng_next_normal(&rng);

        e->drift_mm[k] = is_2d(r->role) ? 0.0 : way;
        e->slice_sd_mm[k] = is_2d(r->role) ? fmin(level, 5.0) * sd_mm[k] : 0.0;
    }
}

int hep_event_draw_image(struct hep_series_event *e, const struct hep_sim_settings *s,
                         const struct hep_sim_series *r, uint64_t seed, struct hep_error *err)
{
    draw_psf(e, s->degrade[HEP_SIM_PSF], r, seed);
    draw_flow(e, s->degrade[HEP_SIM_FLOW], r, seed);
    draw_heart(e, s->degrade[HEP_SIM_HEART], r, seed);
    draw_drift(e, s->degrade[HEP_SIM_DRIFT], r, seed);
    return draw_fat(e, s->degrade[HEP_SIM_FATSAT], r, seed, err);
}

void hep_event_slice_shift(double out[3], const struct hep_series_event *e, enum hep_role role,
                           uint64_t seed, size_t slice, size_t volume)
{
    struct hep_rng rng = stream(seed, "slice motion", role);

    rng.counter = 8 * ((uint64_t)volume * 4096 + slice);
    for (int k = 0; k < 3; k++)
        out[k] = e->slice_sd_mm[k] * fmin(fmax(hep_rng_next_normal(&rng), -2.5), 2.5);
}

void hep_event_b_values(struct hep_sim_settings *s, uint64_t seed)
{
    /* As published protocols of the liver have them, from two values to an IVIM series; not every
     * one begins at 0. */
    static const struct {
        size_t n;
        double b[10];
    } sets[] = {
        { 2, { 0, 800 } },
        { 2, { 50, 800 } },
        { 2, { 0, 500 } },
        { 3, { 0, 50, 800 } },
        { 3, { 50, 400, 800 } },
        { 3, { 0, 150, 500 } },
        { 4, { 0, 50, 400, 800 } },
        { 4, { 0, 100, 500, 1000 } },
        { 9, { 0, 10, 20, 40, 80, 150, 300, 500, 800 } },
    };
    const size_t n_sets = sizeof sets / sizeof sets[0];
    struct hep_rng rng = stream(seed, "bsets", HEP_ROLE_DWI);
    const double u = hep_rng_next(&rng);
    const size_t k = (size_t)(hep_rng_next(&rng) * (double)n_sets);

    for (size_t i = 0; i < s->n_series && u < 0.7 * s->degrade[HEP_SIM_BSETS]; i++)
        if (s->series[i].role == HEP_ROLE_DWI) {
            memcpy(s->series[i].b_s_per_mm2, sets[k].b, sets[k].n * sizeof sets[k].b[0]);
            s->series[i].n_b = sets[k].n;
        }
}
