/**
 * @file  phantom/tree.h
 * @brief Vessel trees of the liver, grown from a root towards random end points in the parenchyma.
 * Model:   the set of end points is halved again and again across its longest axis; each branch
 * runs a part of the way to the centroid of its set; radius r of a branch that feeds n of N ends is
 *          root (n/N)^(1/3)
 * Source:  Murray, PNAS 1926;12:207-214 (r^3 = sum of the children's r^3)
 * Valid:   branches stay inside the liver: what would leave it is cut with all that hangs on it
 */
#ifndef HEP_PHANTOM_TREE_H
#define HEP_PHANTOM_TREE_H

#include "phantom/shape.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_branch {
    double a[3], b[3]; /* world mm; a joins the parent's b */
    double radius_mm;
    long parent; /* index, -1 at the root */
    bool cut;    /* not there: left the liver, or taken by a lesion */
};

struct hep_tree {
    struct hep_branch *branch; /* owned; a parent stands before its children */
    size_t n;
};

struct hep_tree_wish {
    const double *root; /* world mm */
    double root_radius_mm, end_radius_mm;
    double first_reach; /* share of the way to the centroid for the first two generations, 0..1 */
    double free_mm;     /* branches may run outside the liver this near the root */
    const char *stream;
};

/** @param[out] out the caller's; hep_tree_release(). HEP_EINVAL for radii out of order, HEP_ENOMEM
 */
int hep_tree_grow(struct hep_tree *out, const struct hep_shape *s, const struct hep_tree_wish *wish,
                  uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;
void hep_tree_release(struct hep_tree *t);

/** Cut every branch that comes nearer than radius_mm to a point, and all that hangs on it. */
void hep_tree_cut_near(struct hep_tree *t, const double centre[3], double radius_mm);
/** Distance of a point to the surface of the nearest branch at least this thick; INFINITY if none.
 */
double hep_tree_clearance(const struct hep_tree *t, const double p[3], double min_radius_mm);

#endif
