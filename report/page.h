/**
 * @file  report/page.h
 * @brief What every section of a study's report is given. Internal to pipeline/report.
 *
 * Words and numbers come from `record` (run.json, or the record of the run as it stands) and from the
 * run's results. Pictures come from the run's series, maps and masks, each brought into the space of
 * the reference series at the resolution at which it is shown. A section that has nothing to show
 * says why.
 */
#ifndef HEP_REPORT_PAGE_H
#define HEP_REPORT_PAGE_H

#include "report/html.h"
#include "report/quantity.h"
#include "pipeline/results/findings.h"
#include "pipeline/run.h"
#include "report/measures.h"

#define HEP_PAGE_SERIES_MAX 12

/** A series as the report draws it: one 3-D volume, grey values from lo to hi. */
struct hep_page_series {
    const char *name;           /* product: "arterial" */
    const char *title;          /* "Arterial" */
    const struct hep_volume *v; /* borrowed from the run, or `own` */
    struct hep_volume *own;
    double lo, hi;
};

struct hep_page {
    struct hep_str *out;
    struct hep_run *run;
    const struct hep_json *record;
    const struct hep_map_measures *measures; /* NULL when there are none */
    const struct hep_found *found;           /* NULL when no lesions were looked for */
    const char *reference;           /* series of the reference grid; NULL when there is none */
    const struct hep_labels *liver;  /* on the reference grid; NULL */
    const struct hep_labels *labels; /* lesions by id, on the reference grid; NULL */
    struct hep_page_series series[HEP_PAGE_SERIES_MAX];
    size_t n_series;
    /* Columns: directions, in world space, of the right-left, back-front and feet-head axes along
     * which the reference was acquired. Places of views are along these, in mm from the world's
     * origin, so that oblique slices are shown as they are. The world's own where nothing is oblique. */
    double axes[3][3];
    struct hep_view view; /* holds the body, in the plane in which the reference was acquired */
    double span_mm[2];    /* extent across that plane: of the liver, else of the reference volume */
    struct hep_view across; /* the same body in another plane: coronal, or axial beside coronal */
    double across_span_mm[2];
    bool pictures;    /* wanted: set by the caller, else by the setting report.pictures */
    bool has_view;    /* pictures can be drawn, and are wanted */
    size_t n_figures; /* so far */
    size_t left_out;  /* pictures that the limit of size kept out */
    struct hep_error *err;
};

/** Text of a setting in force; NULL when there is none. */
const char *hep_page_setting(const struct hep_page *p, const char *key);
/** Words for a series: "Portal venous". Static; the name itself when unknown. */
const char *hep_page_series_title(const char *name);

/** Open the run's series, find the field of view and the windows of grey. */
int hep_page_prepare(struct hep_page *p);
void hep_page_release(struct hep_page *p);

/** World to the page's axes. */
void hep_page_place(double out[3], const struct hep_page *p, const double world_mm[3]);
/** hep_picture_grid() of a view along the page's axes. */
void hep_page_grid(struct hep_grid *g, const struct hep_page *p, const struct hep_view *view,
                   size_t w, size_t h, size_t n, double step_mm);

/* The sections, in the order of the page. */
int hep_page_summary(struct hep_page *p);
int hep_page_series_table(struct hep_page *p);
int hep_page_function(struct hep_page *p);
int hep_page_diffuse(struct hep_page *p);
int hep_page_quality(struct hep_page *p);
int hep_page_montage(struct hep_page *p);
int hep_page_maps(struct hep_page *p);
int hep_page_lesions(struct hep_page *p);
int hep_page_methods(struct hep_page *p);
int hep_page_provenance(struct hep_page *p);

#endif
