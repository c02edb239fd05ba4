/**
 * @file  report/assets.h
 * @brief Texts of the files in report/assets, put into the program when it is built (cmake/embed.cmake).
 *
 * report.css is the style sheet of the report and of the group page: light and dark, desktop, phone, A4. Colours of
 * text reach a contrast of 4.5 to 1 on both backgrounds (WCAG 2.1, 1.4.3); a mark is told by its shape first.
 */
#ifndef HEP_REPORT_ASSETS_H
#define HEP_REPORT_ASSETS_H

extern const char hep_asset_report_css[]; /* of every page */
extern const char hep_asset_plot_css[];   /* of plots, beside the colours of their series */
extern const char hep_asset_sort_js[];    /* of pages with hep_html_sortable_rows() */
/* The page of hepar report --viewer and hepar review (report/review_page.c): its style, its body, and its program in the
 * order in which the parts need each other. */
extern const char hep_asset_review_css[];
extern const char hep_asset_review_html[];
extern const char hep_asset_review_study_js[];
extern const char hep_asset_review_answers_js[];
extern const char hep_asset_review_views_js[];
extern const char hep_asset_review_draw_js[];
extern const char hep_asset_review_form_js[];
extern const char hep_asset_review_start_js[];

#endif
