/**
 * @file  report/picture.h
 * @brief Slices as figures: the image as an inline PNG, outlines as vectors over it that can be
 * turned off, a caption, an alternative text. Internal to pipeline/report.
 */
#ifndef HEP_REPORT_PICTURE_H
#define HEP_REPORT_PICTURE_H

#include "report/page.h"

/** Most of the 5 MB that a report may have, so that text still fits. */
#define HEP_PICTURES_MAX_BYTES 4300000

/** Pixel centres of n parallel pictures of w x h, from `view`, `step_mm` apart along its normal;
 * x to the right and y down in the picture. */
void hep_picture_grid(struct hep_grid *g, const struct hep_view *view, size_t w, size_t h, size_t n,
                      double step_mm);
/** A view in pixels of about mm_per_pixel. */
void hep_picture_size(size_t *w, size_t *h, const struct hep_view *view, double mm_per_pixel);

/** A volume in the space of series `space` on a grid in the space of the reference. */
int hep_picture_sample(struct hep_volume **out, struct hep_page *p, const struct hep_volume *v,
                       const char *space, const struct hep_grid *g) HEP_MUST_CHECK;
/** As hep_picture_sample(), in scanner coordinates: no alignment. */
int hep_picture_sample_unaligned(struct hep_volume **out, struct hep_page *p,
                                 const struct hep_volume *v,
                                 const struct hep_grid *g) HEP_MUST_CHECK;

/** "data:image/png;base64,..." of plane k of a sampled volume. */
int hep_picture_data(struct hep_page *p, const struct hep_volume *sampled, size_t k, double lo,
                     double hi, enum hep_colormap map) HEP_MUST_CHECK;

/** SVG path of the borders of a label (< 0: any) in plane k of a sampled label map; class is
 * "liver" or "lesion". Nothing when the label is not in the plane. */
int hep_picture_outline(struct hep_page *p, const struct hep_labels *labels,
                        const struct hep_grid *g, size_t k, int32_t label, const char *css_class);

/** True, and counted, when the page has no room for more pictures. */
bool hep_picture_full(struct hep_page *p);

/** One figure. */
struct hep_figure {
    const struct hep_volume *sampled;
    size_t plane;
    double lo, hi;
    enum hep_colormap map;
    bool liver, lesions; /* outlines */
    int32_t lesion;      /* outline of this one only; 0: all */
    const char *caption; /* plain text, escaped here */
    const char *alt;     /* plain text, escaped here */
};
int hep_picture_figure(struct hep_page *p, const struct hep_figure *f) HEP_MUST_CHECK;

/** A colour bar with its ends, middle and unit, as SVG. */
void hep_picture_bar(struct hep_str *out, enum hep_colormap map, double lo, double hi, int digits,
                     const char *plain_unit);

#endif
