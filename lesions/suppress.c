#include "lesions/suppress.h"

#include "image/filter.h"

#include <math.h>

/* A spot goes on in a direction when the image stays half as unlike liver from its border to 1.6
 * radii, at five places; a ball has lost all of its contrast there. */
#define BEYOND_RADII 1.6
#define TIED_SHARE 0.5
#define TIE_STEPS 4
/* Ways that come less deep than this and than the spot end at the surface and tell nothing; where
 * they are most, the share is of a quarter of all. */
#define SURFACE_MM 4.0
#define INWARDS_MIN 0.25
/* z at b = 0 over z at the lowest b-value that T2 alone explains: the lowest is b = 50 to 100. */
#define T2_RATIO 2.0
#define MILD_SHARE 0.5  /* of T2 beside arterial enhancement: two signs of one nodule */
#define CROP_SIGMA 3.0  /* a Gaussian holds nothing beyond three of its sigma */
#define VESSEL_SCALES 4 /* from the smallest to the largest, each 1.7 times the one before */

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

        /* A direction counts when the image stays unlike liver all the way: a vessel that crosses it
         * further out is not connected. The outermost place is looked at first, as most fail there. */
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

double hep_suppress_ramp(double x, struct hep_span s)
{
    return fmin(fmax((x - s.lo) / (s.hi - s.lo), 0.0), 1.0);
}

static double saturated(double strength, const struct hep_lesion_limits *l)
{
    return strength > 0.0 ? l->saturation * strength / (strength + l->saturation) : 0.0;
}

/* z above what speaks for nothing beside a liver with iron. */
static double beyond_body(const struct hep_spot *s, enum hep_image image,
                          const struct hep_lesion_limits *l)
{
    return s->z[image] - l->body_share * s->body_z[image];
}

/* The lower of the z of diffusion weighting at high and low b-values, or the higher one. */
static double diffusion_z(const struct hep_spot *s, const struct hep_lesion_limits *l, bool lower)
{
    const double high = beyond_body(s, HEP_IMAGE_B_HIGH, l);
    const double low = beyond_body(s, HEP_IMAGE_B_LOW, l);

    return lower ? fmin(high, low) : fmax(high, low);
}

double hep_suppress_iron_free(const struct hep_spot *s, enum hep_image image,
                              const struct hep_lesion_limits *l)
{
    return s->body_z[image] > 0.0 && s->z[image] > 0.0
               ? fmax(beyond_body(s, image, l), 0.0) / s->z[image]
               : 1.0;
}

/* How little it looks like a piece of a vessel or duct, 0..1. */
static double shape_factor(const struct hep_spot *s, const struct hep_lesion_limits *l)
{
    if (s->large) /* its compactness was judged */
        return 1.0;
    return hep_suppress_ramp(s->roundness, l->roundness) *
           (1.0 - hep_suppress_ramp(s->ties, l->ties));
}

/* Brighter than liver before contrast, and more so than anything dark within reach. */
static double bright_before_contrast(const struct hep_spot *s, const struct hep_lesion_limits *l)
{
    const double dark = s->z[HEP_IMAGE_PRECONTRAST];
    const double brighter = s->t1_bright_z - (isnan(dark) ? 0.0 : fmax(dark, 0.0));

    return isnan(s->t1_bright_z)
               ? 0.0
               : hep_suppress_ramp(brighter, (struct hep_span){ l->noise_z, l->shown_z.hi });
}

/* What diffusion and the portal venous phase say against blood, 0..1: blood gives no signal at
 * b >= 50 s/mm2, so it is darker than liver there, the more so where it was bright at b = 0, and it
 * is brighter than liver in the portal venous phase, but not before contrast. */
static double not_blood(const struct hep_spot *s, const struct hep_lesion_limits *l)
{
    const double b = diffusion_z(s, l, false);
    const double portal = -s->z[HEP_IMAGE_PORTAL_VENOUS];
    const double lost = s->z[HEP_IMAGE_B_ZERO] - T2_RATIO * fmax(s->z[HEP_IMAGE_B_LOW], 0.0);
    double share = isnan(b) ? 1.0 : hep_suppress_ramp(b, (struct hep_span){ -l->noise_z, 0.0 });

    if (!isnan(portal))
        share *= 1.0 - (1.0 - bright_before_contrast(s, l)) * hep_suppress_ramp(portal, l->shown_z);
    if (!isnan(s->z[HEP_IMAGE_B_ZERO]) && !isnan(s->z[HEP_IMAGE_B_LOW]))
        share *= 1.0 - hep_suppress_ramp(lost, l->lost_z);
    return share;
}

/* What the hepatobiliary phase and the highest b say against bile, 0..1. A mass without hepatocytes
 * is darker than liver in that phase, a nodule with them is solid: it stays bright at the highest b
 * and its water is no freer than the liver's. Bile is neither, and brighter than liver where it
 * holds agent. Bile that holds none is as dark as a cyst, but in ducts: free water, which loses its
 * contrast from low to high b, must be round. In ducts it is never bright before contrast. */
static double not_bile(const struct hep_spot *s, const struct hep_channel *t1,
                       const struct hep_lesion_limits *l)
{
    const double dark = s->z[HEP_IMAGE_HEPATOBILIARY];
    const double high = s->z[HEP_IMAGE_B_HIGH];
    const double low = s->z[HEP_IMAGE_B_LOW];
    const double lasting = isnan(low) || isnan(high) || low <= 0.0
                               ? 1.0
                               : hep_suppress_ramp(high / low, l->lasting_share);
    const double duct = s->large ? 1.0 : lasting + (1.0 - lasting) * shape_factor(s, l);
    const double bright_before = bright_before_contrast(s, l);
    double free_water, solid, holds_agent;

    if (t1->image != HEP_IMAGE_HEPATOBILIARY || isnan(dark) || isnan(high))
        return fmax(duct, bright_before);
    free_water =
        isnan(s->z[HEP_IMAGE_ADC]) ? 0.0 : hep_suppress_ramp(-s->z[HEP_IMAGE_ADC], l->diffusion_z);
    solid = hep_suppress_ramp(high, l->solid_z) * lasting * (1.0 - free_water);
    holds_agent = free_water * hep_suppress_ramp(-dark, l->shown_z);
    solid = fmax(fmax(solid, hep_suppress_ramp(dark, l->shown_z)),
                 l->bile_factor * (1.0 - holds_agent));
    return fmax(duct * solid, bright_before);
}

/* Masses: long T1 or no uptake, restricted or long-T2 water. Independent evidence adds, evidence
 * that is not there where it could be counts against. */
static double mass_score(const struct hep_spot *s, double arterial_weight,
                         const struct hep_lesion_limits *l)
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
        sum += saturated(s->support[mass[i]], l);
        n++;
    }
    if (n == 0)
        return 0.0;
    /* Hypervascular lesions may be like liver in T1 and T2; arteries have no diffusion signal. */
    if (!isnan(diffusion) && !isnan(s->support[HEP_MECHANISM_ARTERIAL]))
        sum += l->minor_weight * arterial_weight * hep_suppress_ramp(diffusion, l->diffusion_z) *
               saturated(s->support[HEP_MECHANISM_ARTERIAL], l);
    if (!isnan(s->support[HEP_MECHANISM_T1_BRIGHT]))
        sum += l->minor_weight * saturated(s->support[HEP_MECHANISM_T1_BRIGHT], l);
    sum /= sqrt((double)n);
    if (isnan(diffusion))
        return sum * shape_factor(s, l) * not_blood(s, l);
    /* A small lesion at a vessel may have no peak of its own there, but it is bright. */
    bright = l->alone_factor *
             hep_suppress_ramp(diffusion_z(s, l, true),
                               (struct hep_span){ l->shown_z.hi, l->trusted_strength });
    return sum * fmax(fmax(shape_factor(s, l) * not_blood(s, l), bright),
                      hep_suppress_ramp(diffusion, l->diffusion_z));
}

/* A hypervascular nodule like liver in uptake and diffusion is often a little brighter on T2. */
static double mild_t2(const struct hep_spot *s, const struct hep_lesion_limits *l)
{
    const double z = s->z[HEP_IMAGE_T2];

    return isnan(z) || isnan(s->support[HEP_MECHANISM_T2])
               ? 0.0
               : MILD_SHARE * saturated(s->support[HEP_MECHANISM_T2], l) *
                     hep_suppress_ramp(z, l->shown_z);
}

/* What is bright before contrast still is in the arterial phase: two images of one thing, each with
 * its own noise. */
static double still_bright(const struct hep_spot *s)
{
    const double arterial = s->support[HEP_MECHANISM_ARTERIAL];

    return hypot(s->support[HEP_MECHANISM_T1_BRIGHT], isnan(arterial) ? 0.0 : arterial);
}

double hep_suppress_blob(double roundness, double z, const struct hep_lesion_limits *l)
{
    return hep_suppress_ramp(roundness, (struct hep_span){ 0.0, l->blob_roundness }) *
           hep_suppress_ramp(z, l->blob_z);
}

double hep_suppress_here(double z, const struct hep_lesion_limits *l)
{
    return isnan(z) ? 1.0 : hep_suppress_ramp(z, (struct hep_span){ 0.0, l->noise_z });
}

void hep_suppress_score(struct hep_spot *s, const struct hep_lesion_study *study,
                        const struct hep_channel channels[HEP_MECHANISM_COUNT])
{
    const struct hep_lesion_limits *l = study->limits;
    const double shape = shape_factor(s, l), blood = not_blood(s, l);
    const double mass =
        mass_score(s, study->arterial_weight, l) * not_bile(s, &channels[HEP_MECHANISM_T1], l);

    if (s->mechanism == HEP_MECHANISM_ARTERIAL)
        s->score = l->alone_factor * study->arterial_weight *
                   (saturated(s->support[HEP_MECHANISM_ARTERIAL], l) + mild_t2(s, l)) * shape *
                   blood;
    else if (s->mechanism == HEP_MECHANISM_T1_BRIGHT)
        s->score = fmax(l->alone_factor * saturated(still_bright(s), l) * shape * blood, mass);
    else if (s->mechanism == HEP_MECHANISM_FAT)
        /* Blood holds no fat; fat-suppressed series show fat as dark as they show blood. */
        s->score = l->alone_factor * saturated(s->support[HEP_MECHANISM_FAT], l) * shape *
                   (s->polarity > 0 ? 1.0 : blood);
    else
        s->score = mass;
}

/* Part of z times sign around the spot, 0 where there is no value. */
static int crop(struct hep_volume **out, const struct hep_spot *s, const struct hep_volume *z,
                double mm, double reach_mm, int sign, struct hep_error *err)
{
    const size_t *n = z->grid.n;
    struct hep_grid g = z->grid;
    size_t first[3];
    int rc;

    for (int k = 0; k < 3; k++) {
        const double lo = fmax(floor(s->voxel[k] - reach_mm / mm), 0.0);
        const double hi = fmin(ceil(s->voxel[k] + reach_mm / mm), (double)(n[k] - 1));

        first[k] = (size_t)lo;
        g.n[k] = (size_t)(hi - lo) + 1;
    }
    rc = hep_volume_new_unset(out, &g, 1, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&g); i++) {
        size_t at[3];
        float value;

        hep_grid_place(at, &g, i);
        value = z->data[at[0] + first[0] + n[0] * (at[1] + first[1] + n[1] * (at[2] + first[2]))];

        (*out)->data[i] = isnan(value) ? 0.0F : (float)sign * value;
    }
    return rc;
}

int hep_suppress_vesselness(double *out, const struct hep_spot *s,
                            const struct hep_candidate_frame *f, const struct hep_volume *z,
                            int sign, struct hep_error *err)
{
    const double smallest = f->limits->vessel_scale_min_mm,
                 largest = f->limits->vessel_scale_max_mm;
    const double reach = CROP_SIGMA * largest + s->radius_mm;
    struct hep_volume *part = NULL, *vessel = NULL;
    double sigma[VESSEL_SCALES];
    double sum = 0.0;
    size_t n = 0;
    int rc = crop(&part, s, z, f->mm, reach, sign, err);

    for (int i = 0; i < VESSEL_SCALES; i++)
        sigma[i] = smallest * pow(largest / smallest, (double)i / (VESSEL_SCALES - 1));
    if (rc == HEP_OK)
        rc = hep_filter_vesselness(&vessel, part, sigma, VESSEL_SCALES, 1, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&part->grid); i++) {
        double d2 = 0.0;
        size_t at[3];

        hep_grid_place(at, &part->grid, i);
        for (int k = 0; k < 3; k++) {
            const double lo = fmax(floor(s->voxel[k] - reach / f->mm), 0.0);
            const double d = (double)at[k] + lo - s->voxel[k];

            d2 += d * d;
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
