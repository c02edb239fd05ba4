/**
 * @file  lesions/suppress.h
 * @brief What looks like a lesion and is none: vessels, ducts, the gallbladder, fissures, partial
 * volume at the surface. Each rule has a physical reason and lowers the support of the mechanism
 * that it explains away.
 *
 * Surface: a voxel at the border holds some of what lies outside, and a mask may be too wide. When
 *          the image just outside is nearly as unlike liver as the spot, or more, and in the same
 *          sense, it may explain the spot: by the share of it that a voxel at that depth holds, and
 *          by what the image shows elsewhere at the same depth. Only what the spot has beyond both
 *          counts.
 * Blood:   vessels are dark in T1 phases with little blood signal, may be bright on T2, and give
 *          no signal at b >= 50 s/mm2 (black blood). A spot without support of diffusion, where that
 *          was measured, must therefore not look like a piece of a tree: neither tubular nor
 *          continued beyond its own size. Without diffusion the shape decides alone, more mildly.
 * Ducts:   bright on T2 and, with a hepatobiliary agent, not dark; tubular. The same shape rule.
 * Source:  vesselness, Frangi et al., MICCAI 1998; rules as radiologists apply them (expert)
 */
#ifndef HEP_LESIONS_SUPPRESS_H
#define HEP_LESIONS_SUPPRESS_H

#include "lesions/candidate_spot.h"

/** Share of a mechanism's response that the outside of the liver does not explain, 0..1; s->ties is
 * known by then. `alone`: no other mechanism is measured that could tell the end of a vessel at the
 * surface from a lesion. */
double hep_suppress_surface(const struct hep_spot *s, const struct hep_candidate_frame *f,
                            const struct hep_lesion_image *image, const struct hep_volume *z,
                            int sign, bool alone);

/** Share of directions, of those that do not lead to the surface, in which the image stays half as
 * unlike liver well beyond the spot. */
double hep_suppress_ties(const struct hep_spot *s, const struct hep_candidate_frame *f,
                         const struct hep_volume *z, int sign);

/**
 * What of an image's brightness speaks for a lesion, 0..1: beside a liver dark with iron all that
 * holds none is bright, vessels, ducts and fat; a lesion keeps a share of what the body has.
 */
double hep_suppress_iron_free(const struct hep_spot *s, enum hep_image image,
                              const struct hep_lesion_limits *l);
/** Share of another mechanism's support that counts at a spot where its image has this z: all of it
 * when the spot itself differs from liver, none when it does not. NaN counts fully. */
double hep_suppress_here(double z, const struct hep_lesion_limits *l);

/** Share of a blob's strength that counts: a maximum of the Laplacian between dark vessels is not
 * itself bright, or not on all sides. z is signed. */
double hep_suppress_blob(double roundness, double z, const struct hep_lesion_limits *l);

/** Detection strength from the supports and the shape; see the file's comment. Sets s->score. */
void hep_suppress_score(struct hep_spot *s, const struct hep_lesion_study *study,
                        const struct hep_channel channels[HEP_MECHANISM_COUNT]);

/** 0 up to the first end of a span, 1 from the second on, linear between. */
double hep_suppress_ramp(double x, struct hep_span s);

/** Mean Frangi vesselness of sign * z over the spot's ball; 0 when it cannot be had.
 *  HEP_ENOMEM. */
int hep_suppress_vesselness(double *out, const struct hep_spot *s,
                            const struct hep_candidate_frame *f, const struct hep_volume *z,
                            int sign, struct hep_error *err) HEP_MUST_CHECK;

#endif
