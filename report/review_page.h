/**
 * @file  report/review_page.h
 * @brief The reading room: one HTML file with the images of a study inside, in which a person looks at the findings and
 *        answers them. Without the form it is the viewer of `hepar report --viewer`.
 *
 * Everything lies on the reference grid, cropped to the body and packed (report/review_pack.h). The page asks nothing
 * of any network, which its content security policy enforces, and runs no script but the two that it was made with: its
 * own (report/assets/review_*.js) and NiiVue, for the view in three dimensions. What a reader answers leaves the page
 * as a file, which review/answers.h reads.
 */
#ifndef HEP_REPORT_REVIEW_PAGE_H
#define HEP_REPORT_REVIEW_PAGE_H

#include "report/report.h"

/** Version of the form of the answers; a file of another one is refused. */
#define HEP_REVIEW_FORMAT "hepar-review"
#define HEP_REVIEW_FORMAT_VERSION 1

/** An image beside the study's own, on the reference grid. */
struct hep_review_image {
    char *name, *title; /* name: letters, digits and dashes, unlike those of other images */
    struct hep_volume *volume;
    double lo, hi; /* window, unless the study has a series `like`: then its window times `ratio` */
    const char *like; /* static; NULL */
    double ratio;
};

struct hep_review_page {
    bool form;           /* the reader can answer, draw and save */
    bool blind;          /* Hepar's answers stay hidden until the reader has answered */
    bool timed;          /* time spent per lesion is recorded */
    const char *reader;  /* name or code; NULL: the reader types it */
    const char *session; /* stands before the titles of the study's own series; NULL */
    const struct hep_review_image *further;
    size_t n_further;
};

/** A reader is called by letters and digits, as in desc-READER of file names. HEP_EUSAGE. */
int hep_review_check_reader(const char *reader, struct hep_error *err) HEP_MUST_CHECK;

/** Is NiiVue installed? HEP_ENOENT with one line that says how to install it. */
int hep_review_page_check(struct hep_error *err) HEP_MUST_CHECK;

/**
 * SHA-256 of the lesion label map of a result, by which answers know their result; "none" where it has none.
 * @param[in] run of hep_reopen()
 */
int hep_review_labels_hash(char hex[], const struct hep_run *run,
                           struct hep_error *err) HEP_MUST_CHECK;

/**
 * @param[out] out appended to
 * @return HEP_EDATA without any grid to show; as hep_report_html() otherwise
 */
int hep_review_page_html(struct hep_str *out, const struct hep_report_source *source,
                         const struct hep_review_page *how, struct hep_error *err) HEP_MUST_CHECK;

#endif
