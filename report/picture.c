#include "report/picture.h"

#include "base/alloc.h"
#include "image/resample.h"
#include "pipeline/stages/aligned.h"

#include <math.h>

#define LEVELS 160 /* shades in a picture: small files, no visible steps */

void hep_picture_size(size_t *w, size_t *h, const struct hep_view *view, double mm_per_pixel)
{
    *w = (size_t)fmin(fmax(view->width_mm / mm_per_pixel + 0.5, 1.0), 1024.0);
    *h = (size_t)fmin(fmax(view->height_mm / mm_per_pixel + 0.5, 1.0), 1024.0);
}

void hep_picture_grid(struct hep_grid *g, const struct hep_view *view, size_t w, size_t h, size_t n,
                      double step_mm)
{
    int right, down, normal;
    const double dx = view->width_mm / (double)w, dy = view->height_mm / (double)h;

    hep_plane_axes(&right, &down, &normal, view->plane);
    *g = (struct hep_grid){ .n = { w, h, n } };
    g->to_world[right][0] = -dx;
    g->to_world[down][1] = -dy;
    g->to_world[normal][2] = step_mm;
    g->to_world[right][3] = view->centre_mm[right] + 0.5 * (view->width_mm - dx);
    g->to_world[down][3] = view->centre_mm[down] + 0.5 * (view->height_mm - dy);
    g->to_world[normal][3] = view->centre_mm[normal] - 0.5 * step_mm * (double)(n - 1);
    g->to_world[3][3] = 1.0;
}

int hep_picture_sample(struct hep_volume **out, struct hep_page *p, const struct hep_volume *v,
                       const char *space, const struct hep_grid *g)
{
    return hep_aligned_volume(out, p->run, v, space, p->reference, g, p->err);
}

int hep_picture_sample_unaligned(struct hep_volume **out, struct hep_page *p,
                                 const struct hep_volume *v, const struct hep_grid *g)
{
    return hep_resample(out, v, g, NULL, HEP_INTERP_LINEAR, NAN, 1, p->err);
}

int hep_picture_data(struct hep_page *p, const struct hep_volume *sampled, size_t k, double lo,
                     double hi, enum hep_colormap map)
{
    const size_t w = sampled->grid.n[0], h = sampled->grid.n[1];
    const float *x = sampled->data + k * w * h;
    const double scale = hi > lo ? 1.0 / (hi - lo) : 0.0;
    struct hep_canvas *c = NULL;
    unsigned char *png = NULL;
    size_t n = 0;
    int rc = hep_canvas_new(&c, w, h, p->err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < w * h; i++) {
        double level = fmin(fmax(((double)x[i] - lo) * scale, 0.0), 1.0);

        if (isnan(x[i]))
            level = map == HEP_CMAP_GREY ? 0.0 : (double)NAN;
        c->px[i] = hep_colormap(map, round(level * (LEVELS - 1)) / (LEVELS - 1));
    }
    rc = hep_canvas_png(&png, &n, c, p->err);
    if (rc == HEP_OK)
        hep_html_data(p->out, "image/png", png, n);
    free(png);
    hep_canvas_free(c);
    return rc;
}

/* Draw the borders between set and unset pixels along one direction, neighbouring ones as one stroke. There is no
 * border where the mask goes on beyond the picture. */
static size_t strokes(struct hep_str *out, const bool *in, size_t w, size_t h, bool vertical)
{
    const size_t lines = vertical ? w : h, along = vertical ? h : w;
    size_t count = 0;

    for (size_t a = 1; a < lines; a++) {
        size_t run = 0;

        for (size_t b = 0; b <= along; b++) {
            bool before = false, after = false;

            if (b < along) {
                before = in[vertical ? b * w + a - 1 : (a - 1) * w + b];
                after = in[vertical ? b * w + a : a * w + b];
            }
            if (before != after) {
                run++;
            } else if (run > 0) {
                hep_str_addf(out, "M%zu %zu%c%zu", vertical ? a : b - run, vertical ? b - run : a,
                             vertical ? 'v' : 'h', run);
                count++;
                run = 0;
            }
        }
    }
    return count;
}

static int sample_plane(struct hep_labels **out, struct hep_page *p,
                        const struct hep_labels *labels, const struct hep_grid *g, size_t k)
{
    struct hep_grid plane = *g;

    plane.n[2] = 1;
    for (int i = 0; i < 3; i++)
        plane.to_world[i][3] += (double)k * g->to_world[i][2];
    return hep_resample_labels(out, labels, &plane, NULL, p->err);
}

int hep_picture_outline(struct hep_page *p, const struct hep_labels *labels,
                        const struct hep_grid *g, size_t k, int32_t label, const char *css_class)
{
    const size_t w = g->n[0], h = g->n[1];
    struct hep_labels *here = NULL;
    struct hep_str path = { 0 };
    bool *in = hep_calloc(w * h, sizeof *in, p->err);
    size_t n = 0;
    int rc = in == NULL ? HEP_ENOMEM : sample_plane(&here, p, labels, g, k);

    for (size_t i = 0; rc == HEP_OK && i < w * h; i++)
        in[i] = label < 0 ? here->data[i] != 0 : here->data[i] == label;
    if (rc == HEP_OK)
        n = strokes(&path, in, w, h, false) + strokes(&path, in, w, h, true);
    if (n > 0)
        hep_str_addf(p->out, "<path class=\"ol %s\" d=\"%s\"/>", css_class,
                     hep_str_part(p->out, &path));
    hep_labels_free(here);
    free(in);
    hep_str_release(&path);
    return rc;
}

/* The number of each lesion to the right of what plane k shows of it. */
static int number_lesions(struct hep_page *p, const struct hep_grid *g, size_t k)
{
    const size_t w = g->n[0], n = w * g->n[1];
    struct {
        double right, down, n;
    } *at = NULL;
    struct hep_labels *here = NULL;
    int32_t last = 0;
    int rc = sample_plane(&here, p, p->labels, g, k);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        last = here->data[i] > last ? here->data[i] : last;
    if (rc == HEP_OK)
        rc = HEP_NEW(at, (size_t)last + 1, p->err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const int32_t label = here->data[i];
        const size_t row = i / w;

        if (label <= 0)
            continue;
        at[label].right = fmax(at[label].right, (double)(i - row * w) + 1.0);
        at[label].down += (double)row + 0.5;
        at[label].n += 1.0;
    }
    for (int32_t label = 1; rc == HEP_OK && label <= last; label++) {
        const double size = fmax((double)g->n[1] / 14.0, 5.0);

        if (at[label].n > 0.0)
            hep_str_addf(p->out,
                         "<text class=\"ol no\" font-size=\"%.1f\" x=\"%.1f\" y=\"%.1f\">%d</text>",
                         size, at[label].right + 0.2 * size,
                         at[label].down / at[label].n + 0.35 * size, (int)label);
    }
    hep_labels_free(here);
    free(at);
    return rc;
}

bool hep_picture_full(struct hep_page *p)
{
    const bool full = p->out->len > HEP_PICTURES_MAX_BYTES;

    p->left_out += full;
    return full;
}

/* Letter of the patient's side that a direction of the picture points away from: of the left edge for
 * the axis to the right, of the upper edge for the axis down. */
static char side_of(const struct hep_grid *g, int axis)
{
    static const char ends[3][2] = { { 'L', 'R' }, { 'P', 'A' }, { 'I', 'S' } };
    int world = 0;

    for (int w = 1; w < 3; w++)
        if (fabs(g->to_world[w][axis]) > fabs(g->to_world[world][axis]))
            world = w;
    return ends[world][g->to_world[world][axis] < 0.0];
}

/* The sides of the patient, and a bar of a round length. */
static void marks(struct hep_str *out, const struct hep_grid *g)
{
    double mm[3];
    const double w = (double)g->n[0], h = (double)g->n[1], size = fmax(h / 14.0, 5.0);
    double length, bar;

    hep_grid_spacing(mm, g);
    length = w * mm[0] > 150.0 ? 50.0 : 10.0;
    bar = length / mm[0];
    hep_str_addf(out,
                 "<g class=\"mk\" font-size=\"%.1f\"><text x=\"%.1f\" y=\"%.1f\">%c</text>"
                 "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%c</text>"
                 "<path d=\"M%.1f %.1fh%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">"
                 "%.0f mm</text></g>",
                 size, 0.3 * size, 0.5 * h + 0.4 * size, side_of(g, 0), 0.5 * w, size,
                 side_of(g, 1), w - bar - 0.4 * size, h - 0.4 * size, bar, w - 0.4 * size,
                 h - 0.8 * size, length);
}

int hep_picture_figure(struct hep_page *p, const struct hep_figure *f)
{
    const struct hep_grid *g = &f->sampled->grid;
    const size_t number = ++p->n_figures;
    int rc;

    if (hep_picture_full(p))
        return HEP_OK;
    hep_str_addf(p->out,
                 "<figure class=\"pic\" id=\"fig-%zu\"><a class=\"zoom\" href=\"#fig-%zu\" "
                 "aria-label=\"enlarge: ",
                 number, number);
    hep_html_text(p->out, f->caption);
    hep_str_addf(p->out, "\"></a><a class=\"back\" id=\"at-%zu\" href=\"#at-%zu\">close</a>",
                 number, number);
    hep_str_addf(p->out,
                 "<svg viewBox=\"0 0 %zu %zu\" role=\"img\" "
                 "aria-label=\"",
                 g->n[0], g->n[1]);
    hep_html_text(p->out, f->alt);
    hep_str_addf(p->out, "\"><image width=\"%zu\" height=\"%zu\" href=\"", g->n[0], g->n[1]);
    rc = hep_picture_data(p, f->sampled, f->plane, f->lo, f->hi, f->map);
    hep_str_add(p->out, "\"/>");
    if (rc == HEP_OK && f->liver && p->liver != NULL)
        rc = hep_picture_outline(p, p->liver, g, f->plane, -1, "liver");
    if (rc == HEP_OK && f->lesions && p->labels != NULL)
        rc = hep_picture_outline(p, p->labels, g, f->plane, f->lesion > 0 ? f->lesion : -1,
                                 "lesion");
    if (rc == HEP_OK && f->lesions && f->lesion == 0 && p->labels != NULL)
        rc = number_lesions(p, g, f->plane);
    marks(p->out, g);
    hep_str_add(p->out, "</svg><figcaption>");
    hep_html_text(p->out, f->caption);
    hep_str_add(p->out, "</figcaption></figure>\n");
    return rc;
}

void hep_picture_bar(struct hep_str *out, enum hep_colormap map, double lo, double hi, int digits,
                     const char *plain_unit)
{
    const int steps = 32;

    hep_str_addf(out,
                 "<svg class=\"bar\" viewBox=\"0 0 320 30\" role=\"img\" aria-label=\"colour "
                 "bar from %.*f to %.*f ",
                 digits, lo, digits, hi);
    hep_str_add_html(out, plain_unit);
    hep_str_add(out, "\">");
    for (int i = 0; i < steps; i++) {
        struct hep_rgb c = hep_colormap(map, (i + 0.5) / steps);

        hep_str_addf(out, "<rect x=\"%d\" width=\"10.5\" height=\"12\" fill=\"#%02x%02x%02x\"/>",
                     i * 10, c.r, c.g, c.b);
    }
    hep_str_addf(out,
                 "<text x=\"0\" y=\"26\">%.*f</text><text x=\"160\" y=\"26\" "
                 "text-anchor=\"middle\">%.*f ",
                 digits, lo, digits, 0.5 * (lo + hi));
    hep_str_add_html(out, plain_unit);
    hep_str_addf(out, "</text><text x=\"320\" y=\"26\" text-anchor=\"end\">%.*f</text></svg>\n",
                 digits, hi);
}
