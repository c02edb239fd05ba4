#include "lesions/suppress.h"

#include "image/filter.h"

#include <math.h>

/* Beyond its own size and the blur of a voxel. */
#define BEYOND_RADII 1.6
#define TIED_SHARE 0.5
#define TIE_STEPS 4
/* Ways that come less deep than this and than the spot end at the surface and tell nothing. */
#define SURFACE_MM 4.0
#define INWARDS_MIN 0.25
/* Strengths saturate: beyond this a stronger one says little more. */
#define SATURATION 15.0
/* Support by which diffusion shows that it is not blood. */
#define NOT_BLOOD 5.0
/* A lesion of 3 to 5 mm fills about this much of a diffusion voxel; so does the border of something
 * that holds no iron. */
#define BODY_SHARE 0.3
/* Roundness of a tube and of a ball; share of directions of one and of two branches. */
#define ROUND_LOW 0.2
#define ROUND_HIGH 0.6
#define TIES_LOW 0.02
#define TIES_HIGH 0.12
/* z of blood: darker than this with diffusion weighting, brighter than these after contrast. */
#define DARK_BLOOD (-1.5)
#define BRIGHT_BLOOD_LOW 1.0
#define BRIGHT_BLOOD_HIGH 3.0
/* Before contrast blood is darker than liver; what is brighter then is none. */
#define BRIGHT_BEFORE_LOW 1.5
#define BRIGHT_BEFORE_HIGH 3.0
/* A supporter is only one where the spot itself is this unlike liver. */
#define HERE_LOW 0.0
#define HERE_HIGH 1.5
/* A blob is curved the same way on all sides and itself unlike liver. */
#define BLOB_ROUND 0.25
#define BLOB_Z_LOW 0.5
#define BLOB_Z_HIGH 2.0
/* Blood: z lost between b = 0 and the lowest b. */
#define LOST_LOW 3.0
#define LOST_HIGH 8.0
/* Bile: not dark in the hepatobiliary phase, and most of its contrast is gone at the highest b. */
#define UPTAKE_LOW 1.0
#define UPTAKE_HIGH 3.0
#define FREE_LOW 2.0
#define FREE_HIGH 5.0
#define FADING 0.3
#define LASTING 0.6
#define BRIGHT_LOW 3.0
#define BRIGHT_HIGH 6.0
#define BRIGHT_FACTOR 0.7
#define HYPERVASCULAR_WEIGHT 0.6
/* Few lesions are bright before contrast: it speaks for them, its absence against none. */
#define T1_BRIGHT_WEIGHT 0.6
#define MILD_LOW 1.0
#define MILD_HIGH 3.0
#define SOLID_LOW 2.0
#define SOLID_HIGH 4.0
#define BILE_FACTOR 0.4
/* Fat, arterial enhancement or brightness before contrast as the only finding. */
#define ALONE_FACTOR 0.7
#define CROP_MM 15.0

double hep_suppress_ties(const struct hep_spot *s, const struct hep_candidate_frame *f,
                         const struct hep_volume *z, int sign)
{
    const double surface = fmax(fmin(s->depth_mm - f->mm, SURFACE_MM), 0.0);
    const double first = (s->radius_mm + f->mm) / f->mm;
    const double last = (BEYOND_RADII * s->radius_mm + f->mm) / f->mm;
    const double level = TIED_SHARE * (double)sign * hep_frame_value(z, s->voxel);
    int tied = 0, inwards = 0;

    for (int i = 0; i < HEP_DIRECTIONS; i++) {
        double direction[3];
        bool in = true, on = true;

        /* All the way: a vessel that only passes at that distance is none of its own. The furthest
         * comes first, for it is where most ways end. */
        hep_frame_direction(direction, i);
        for (int step = TIE_STEPS; step >= 0 && in && on; step--) {
            const double distance = first + (last - first) * step / TIE_STEPS;
            double at[3];

            for (int k = 0; k < 3; k++)
                at[k] = s->voxel[k] + distance * direction[k];
            in = hep_frame_value(f->depth, at) > surface;
            on = (double)sign * hep_frame_value(z, at) >= level;
        }
        inwards += in;
        tied += in && on;
    }
    return (double)tied / fmax(inwards, INWARDS_MIN * HEP_DIRECTIONS);
}

static double ramp(double x, double low, double high)
{
    return fmin(fmax((x - low) / (high - low), 0.0), 1.0);
}

static double saturated(double strength)
{
    return strength > 0.0 ? SATURATION * strength / (strength + SATURATION) : 0.0;
}

/* z above what speaks for nothing beside a liver with iron. */
static double beyond_body(const struct hep_spot *s, enum hep_image image)
{
    return s->z[image] - BODY_SHARE * s->body_z[image];
}

double hep_suppress_iron_free(const struct hep_spot *s, enum hep_image image)
{
    return s->body_z[image] > 0.0 && s->z[image] > 0.0
               ? fmax(beyond_body(s, image), 0.0) / s->z[image]
               : 1.0;
}

/* How little it looks like a piece of a vessel or duct, 0..1. */
static double shape_factor(const struct hep_spot *s)
{
    if (s->large) /* its compactness was judged */
        return 1.0;
    return ramp(s->roundness, ROUND_LOW, ROUND_HIGH) * (1.0 - ramp(s->ties, TIES_LOW, TIES_HIGH));
}

/* Brighter than liver before contrast, and more so than anything dark within reach. */
static double bright_before_contrast(const struct hep_spot *s)
{
    const double dark = s->z[HEP_IMAGE_PRECONTRAST];

    return isnan(s->t1_bright_z) ? 0.0
                                 : ramp(s->t1_bright_z - (isnan(dark) ? 0.0 : fmax(dark, 0.0)),
                                        BRIGHT_BEFORE_LOW, BRIGHT_BEFORE_HIGH);
}

/* What diffusion and the portal venous phase say against blood, 0..1: blood gives no signal at
 * b >= 50 s/mm2, so it is darker than liver there, the more so where it was bright at b = 0, and it
 * is brighter than liver in the portal venous phase, but not before contrast. */
static double not_blood(const struct hep_spot *s)
{
    const double b = fmax(beyond_body(s, HEP_IMAGE_B_HIGH), beyond_body(s, HEP_IMAGE_B_LOW));
    const double portal = -s->z[HEP_IMAGE_PORTAL_VENOUS];
    const double bright_before = bright_before_contrast(s);
    double share = isnan(b) ? 1.0 : ramp(b, DARK_BLOOD, 0.0);

    if (!isnan(portal))
        share *= 1.0 - (1.0 - bright_before) * ramp(portal, BRIGHT_BLOOD_LOW, BRIGHT_BLOOD_HIGH);
    if (!isnan(s->z[HEP_IMAGE_B_ZERO]) && !isnan(s->z[HEP_IMAGE_B_LOW]))
        share *= 1.0 - ramp(s->z[HEP_IMAGE_B_ZERO] - 2.0 * fmax(s->z[HEP_IMAGE_B_LOW], 0.0),
                            LOST_LOW, LOST_HIGH);
    return share;
}

/* What the hepatobiliary phase and the highest b say against bile, 0..1. A mass without hepatocytes
 * is darker than liver in that phase, a nodule with them is solid: it stays bright at the highest b
 * and its water is no freer than the liver's. Bile is neither, and brighter than liver where it
 * holds agent. Bile that holds none is as dark as a cyst, but in ducts: free water, which loses its
 * contrast from low to high b, must be round. In ducts it is never bright before contrast. */
static double not_bile(const struct hep_spot *s, const struct hep_channel *t1)
{
    const double dark = s->z[HEP_IMAGE_HEPATOBILIARY];
    const double high = s->z[HEP_IMAGE_B_HIGH];
    const double low = s->z[HEP_IMAGE_B_LOW];
    const double lasting =
        isnan(low) || isnan(high) || low <= 0.0 ? 1.0 : ramp(high / low, FADING, LASTING);
    const double duct = s->large ? 1.0 : lasting + (1.0 - lasting) * shape_factor(s);
    const double bright_before = bright_before_contrast(s);
    double free_water, solid, holds_agent;

    if (t1->image != HEP_IMAGE_HEPATOBILIARY || isnan(dark) || isnan(high))
        return fmax(duct, bright_before);
    free_water = isnan(s->z[HEP_IMAGE_ADC]) ? 0.0 : ramp(-s->z[HEP_IMAGE_ADC], FREE_LOW, FREE_HIGH);
    solid = ramp(high, SOLID_LOW, SOLID_HIGH) * lasting * (1.0 - free_water);
    holds_agent = free_water * ramp(-dark, UPTAKE_LOW, UPTAKE_HIGH);
    solid =
        fmax(fmax(solid, ramp(dark, UPTAKE_LOW, UPTAKE_HIGH)), BILE_FACTOR * (1.0 - holds_agent));
    return fmax(duct * solid, bright_before);
}

/* Masses: long T1 or no uptake, restricted or long-T2 water. Independent evidence adds, evidence
 * that is not there where it could be counts against. */
static double mass_score(const struct hep_spot *s, double arterial_weight)
{
    static const enum hep_mechanism mass[] = { HEP_MECHANISM_T1, HEP_MECHANISM_DIFFUSION,
                                               HEP_MECHANISM_T2 };
    const double diffusion = s->support[HEP_MECHANISM_DIFFUSION];
    double bright;
    double sum = 0.0;
    int n = 0;

    for (int i = 0; i < 3; i++) {
        if (isnan(s->support[mass[i]]))
            continue;
        sum += saturated(s->support[mass[i]]);
        n++;
    }
    if (n == 0)
        return 0.0;
    /* Hypervascular lesions may be like liver in T1 and T2; arteries have no diffusion signal. */
    if (!isnan(diffusion) && !isnan(s->support[HEP_MECHANISM_ARTERIAL]))
        sum += HYPERVASCULAR_WEIGHT * arterial_weight *
               ramp(diffusion, 0.4 * NOT_BLOOD, NOT_BLOOD) *
               saturated(s->support[HEP_MECHANISM_ARTERIAL]);
    if (!isnan(s->support[HEP_MECHANISM_T1_BRIGHT]))
        sum += T1_BRIGHT_WEIGHT * saturated(s->support[HEP_MECHANISM_T1_BRIGHT]);
    sum /= sqrt((double)n);
    if (isnan(diffusion))
        return sum * shape_factor(s) * not_blood(s);
    /* A small lesion at a vessel may have no peak of its own there, but it is bright. */
    bright = BRIGHT_FACTOR *
             ramp(fmin(beyond_body(s, HEP_IMAGE_B_HIGH), beyond_body(s, HEP_IMAGE_B_LOW)),
                  BRIGHT_LOW, BRIGHT_HIGH);
    return sum * fmax(fmax(shape_factor(s) * not_blood(s), bright),
                      ramp(diffusion, 0.4 * NOT_BLOOD, NOT_BLOOD));
}

/* A hypervascular nodule like liver in uptake and diffusion is often a little brighter on T2. */
static double mild_t2(const struct hep_spot *s)
{
    const double z = s->z[HEP_IMAGE_T2];

    return isnan(z) || isnan(s->support[HEP_MECHANISM_T2])
               ? 0.0
               : 0.5 * saturated(s->support[HEP_MECHANISM_T2]) * ramp(z, MILD_LOW, MILD_HIGH);
}

/* What is bright before contrast still is in the arterial phase: two images of one thing, each with
 * its own noise. */
static double still_bright(const struct hep_spot *s)
{
    const double arterial = s->support[HEP_MECHANISM_ARTERIAL];

    return hypot(s->support[HEP_MECHANISM_T1_BRIGHT], isnan(arterial) ? 0.0 : arterial);
}

double hep_suppress_blob(double roundness, double z)
{
    return ramp(roundness, 0.0, BLOB_ROUND) * ramp(z, BLOB_Z_LOW, BLOB_Z_HIGH);
}

double hep_suppress_here(double z)
{
    return isnan(z) ? 1.0 : ramp(z, HERE_LOW, HERE_HIGH);
}

void hep_suppress_score(struct hep_spot *s, const struct hep_lesion_study *study,
                        const struct hep_channel channels[HEP_MECHANISM_COUNT])
{
    const double arterial = s->support[HEP_MECHANISM_ARTERIAL];
    const double fat = s->support[HEP_MECHANISM_FAT];

    if (s->mechanism == HEP_MECHANISM_ARTERIAL)
        s->score = ALONE_FACTOR * study->arterial_weight * (saturated(arterial) + mild_t2(s)) *
                   shape_factor(s) * not_blood(s);
    else if (s->mechanism == HEP_MECHANISM_T1_BRIGHT)
        s->score =
            fmax(ALONE_FACTOR * saturated(still_bright(s)) * shape_factor(s) * not_blood(s),
                 mass_score(s, study->arterial_weight) * not_bile(s, &channels[HEP_MECHANISM_T1]));
    else if (s->mechanism == HEP_MECHANISM_FAT)
        /* Blood holds no fat; fat-suppressed series show fat as dark as they show blood. */
        s->score = ALONE_FACTOR * saturated(fat) * shape_factor(s) *
                   (s->polarity > 0 ? 1.0 : not_blood(s));
    else
        s->score = mass_score(s, study->arterial_weight) * not_bile(s, &channels[HEP_MECHANISM_T1]);
}

/* Part of z times sign around the spot, 0 where there is no value. */
static int crop(struct hep_volume **out, const struct hep_spot *s, const struct hep_volume *z,
                double mm, double reach_mm, int sign, struct hep_error *err)
{
    const size_t *n = z->grid.n;
    struct hep_grid g = z->grid;
    double first[3];
    int rc;

    for (int k = 0; k < 3; k++) {
        const double lo = fmax(floor(s->voxel[k] - reach_mm / mm), 0.0);
        const double hi = fmin(ceil(s->voxel[k] + reach_mm / mm), (double)(n[k] - 1));

        first[k] = lo;
        g.n[k] = (size_t)(hi - lo) + 1;
    }
    rc = hep_volume_new_unset(out, &g, 1, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&g); i++) {
        const size_t x = (size_t)first[0] + i % g.n[0];
        const size_t y = (size_t)first[1] + i / g.n[0] % g.n[1];
        const size_t w = (size_t)first[2] + i / (g.n[0] * g.n[1]);
        const float value = z->data[x + n[0] * (y + n[1] * w)];

        (*out)->data[i] = isnan(value) ? 0.0F : (float)sign * value;
    }
    return rc;
}

#define SCALES 4
int hep_suppress_vesselness(double *out, const struct hep_spot *s,
                            const struct hep_candidate_frame *f, const struct hep_volume *z,
                            int sign, const struct hep_lesion_limits *limits, struct hep_error *err)
{
    const double reach = CROP_MM + s->radius_mm;
    struct hep_volume *part = NULL, *vessel = NULL;
    double sigma[SCALES];
    double sum = 0.0;
    size_t n = 0;
    int rc = crop(&part, s, z, f->mm, reach, sign, err);

    for (int i = 0; i < SCALES; i++)
        sigma[i] = limits->vessel_scale_min_mm *
                   pow(limits->vessel_scale_max_mm / limits->vessel_scale_min_mm,
                       (double)i / (SCALES - 1));
    if (rc == HEP_OK)
        rc = hep_filter_vesselness(&vessel, part, sigma, SCALES, 1, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&part->grid); i++) {
        const size_t slice = part->grid.n[0] * part->grid.n[1];
        const size_t row = i / part->grid.n[0];
        const size_t plane = i / slice;
        const double at[3] = { (double)(i % part->grid.n[0]), (double)(row % part->grid.n[1]),
                               (double)plane };
        double d2 = 0.0;

        for (int k = 0; k < 3; k++) {
            const double lo = fmax(floor(s->voxel[k] - reach / f->mm), 0.0);

            d2 += (at[k] + lo - s->voxel[k]) * (at[k] + lo - s->voxel[k]);
        }
        if (sqrt(d2) * f->mm <= fmax(s->radius_mm, f->mm)) {
            sum += (double)vessel->data[i];
            n++;
        }
    }
    hep_volume_free(part);
    hep_volume_free(vessel);
    if (rc == HEP_OK)
        *out = n > 0 ? sum / (double)n : 0.0;
    return rc;
}
