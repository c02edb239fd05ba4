/**
 * @file  phantom/shape.h
 * @brief The organs of the upper abdomen as implicit functions: negative inside, about mm near the
 *        surface, in RAS mm with the origin in the middle of the body at the height of the liver
 *        hilum.
 * Model:   superquadrics, capsules and half-spaces joined by polynomial smooth maxima; the whole is
 *          scaled per person and bent by a smooth field of a few mm
 * Source:  sizes are ordinary adult ones; the liver's volume is solved for the one that was drawn
 *          (1100-1750 mL: Johnson et al., Transplantation 2005;79:1421)
 * Threads: constant after hep_shape_new()
 */
#ifndef HEP_PHANTOM_SHAPE_H
#define HEP_PHANTOM_SHAPE_H

#include "phantom/field.h"
#include "phantom/tissue.h"

struct hep_shape {
    double scale[3];        /* person / standard */
    struct hep_field *bend; /* 3 components, SD 1; owned */
    double bend_mm;
    struct hep_field *gut; /* 1 component: where bowel lies; owned */
    double fat_mm;         /* subcutaneous, mean */
    double wall_mm;        /* muscles of the trunk */
    double dome_mm;        /* height of the right dome */
    double left_mm;        /* reach of the left lobe to the left of the midline */
    double liver_grow_mm;  /* solved for the volume */
    double liver_ml;       /* drawn volume, without gallbladder, caval groove and fissures */
    double stomach_mm[3], spleen_scale, gallbladder_scale;
    double rib_phase_mm;
};

/** The phantom's space: every organ lies inside, with room for respiratory shifts. */
struct hep_box hep_shape_box(void);

/** Draw a person. HEP_ENOMEM. */
int hep_shape_new(struct hep_shape **out, uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;
void hep_shape_free(struct hep_shape *s);

/** Point in the standard person for a world point. */
void hep_shape_standard(double q[3], const struct hep_shape *s, const double p[3]);
/** Approximate inverse of hep_shape_standard(), to well below 0.1 mm. */
void hep_shape_world(double p[3], const struct hep_shape *s, const double q[3]);

/** Label of a world point, without vessels of the liver and lesions. */
enum hep_label hep_shape_label(const struct hep_shape *s, const double p[3]);
/** Liver surface, at a world point: negative inside. Includes the places that vessels will take. */
double hep_shape_liver(const struct hep_shape *s, const double p[3]);

/* Parts, at standard points. */
double hep_body_surface(const double q[3]);
double hep_body_cavity(const struct hep_shape *s, const double q[3]);
double hep_body_diaphragm_mm(const struct hep_shape *s, double x, double y);
/** Walls, spine and muscles; HEP_LABEL_AIR where none of these is. */
enum hep_label hep_body_label(const struct hep_shape *s, const double q[3]);
double hep_organ_liver(const struct hep_shape *s, const double q[3]);
double hep_organ_gallbladder(const struct hep_shape *s, const double q[3]);
double hep_organ_hilum(const double q[3]);
double hep_organ_heart(const double q[3]);
double hep_organ_stomach(const struct hep_shape *s, const double q[3]);

/** Centre line of the inferior vena cava at height z, standard mm. */
void hep_shape_ivc_centre(double xy[2], double z);
/** Standard points at which the liver's trees start and their trunks come from. */
extern const double hep_shape_hilum[3], hep_shape_confluence[3], hep_shape_caval_outlet[3],
    hep_shape_duct_end[3], hep_shape_celiac[3];

/* Small geometry. */
double hep_smooth_max(double a, double b, double radius_mm);
/** About the distance to an ellipsoid's surface. */
double hep_ellipsoid(const double q[3], const double centre[3], const double semi_mm[3]);
/** Capsule with radius going from ra at a to rb at b. */
double hep_capsule(const double q[3], const double a[3], const double b[3], double ra, double rb);

#endif
