#include "dicom/frame_times.h"

#include "base/alloc.h"
#include "base/text.h"

#include <math.h>

/* One image: its temporal position, its time of day, its b-value, and its place among all. */
struct moment {
    double position, clock_s, b_s_per_mm2;
    size_t at;
};

static int by_moment(const void *pa, const void *pb)
{
    const struct moment *a = pa, *b = pb;

    if (a->position != b->position)
        return a->position < b->position ? -1 : 1;
    if (a->clock_s != b->clock_s && !isnan(a->clock_s) && !isnan(b->clock_s))
        return a->clock_s < b->clock_s ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static double clock_of(const char *text)
{
    struct hep_error none = { 0 };
    double s = (double)NAN;

    return hep_parse_clock(&s, text, &none) == HEP_OK ? s : (double)NAN;
}

static double number_of(const char *text, double otherwise)
{
    struct hep_error none = { 0 };
    double value = 0.0;

    return hep_parse_double(&value, text, &none) == HEP_OK ? value : otherwise;
}

double hep_dicom_clock(const struct hep_dicom_object *o)
{
    double s = clock_of(hep_dicom_text(o, HEP_DICOM_ACQUISITION_TIME));

    if (isnan(s))
        s = clock_of(hep_dicom_text(o, HEP_DICOM_ACQUISITION_DATE_TIME));
    if (isnan(s) && o->frame_times.n > 0)
        s = clock_of(o->frame_times.line[0]);
    return s;
}

double hep_dicom_frame_clock(const struct hep_dicom_object *o, size_t frame)
{
    return frame < o->frame_times.n ? clock_of(o->frame_times.line[frame]) : hep_dicom_clock(o);
}

double hep_dicom_since_injection(const struct hep_dicom_object *o, size_t frame)
{
    return hep_dicom_frame_clock(o, frame) - clock_of(hep_dicom_text(o, HEP_DICOM_CONTRAST_START));
}

static size_t images_of(const struct hep_dicom_object *o)
{
    double n = number_of(hep_dicom_text(o, HEP_DICOM_FRAMES), 1.0);

    return n >= 1.0 && n < 1e6 ? (size_t)n : 1;
}

/* The moments of all images of a series; 0 where their number is not n or a frame has none. */
static size_t collect(struct moment *out, const struct hep_dicom_series *series, size_t n)
{
    size_t at = 0;

    for (size_t i = 0; i < series->n; i++) {
        const struct hep_dicom_object *o = series->object[i];
        const size_t images = images_of(o);
        const bool each = o->frame_times.n == images && images > 1;

        if (images > n - at)
            return 0;
        for (size_t f = 0; f < images; f++) {
            const char *position = o->frame_positions.n == images
                                       ? o->frame_positions.line[f]
                                       : hep_dicom_text(o, HEP_DICOM_TEMPORAL_POSITION);
            const char *b =
                o->frame_b.n == images ? o->frame_b.line[f] : hep_dicom_text(o, HEP_DICOM_B_VALUE);

            out[at] = (struct moment){ number_of(position, 0.0),
                                       each ? clock_of(o->frame_times.line[f]) : hep_dicom_clock(o),
                                       number_of(b, (double)NAN), at };
            at++;
        }
    }
    return at;
}

bool hep_dicom_volume_clocks(double *clock_s, const struct hep_dicom_series *series, size_t nz,
                             size_t nt)
{
    const double day_s = 86400.0;
    struct moment *m = hep_calloc(nz * nt, sizeof *m, NULL);
    bool is_known = m != NULL && collect(m, series, nz * nt) == nz * nt;

    for (size_t i = 0; is_known && i < nz * nt; i++)
        is_known = !isnan(m[i].clock_s);
    if (is_known)
        qsort(m, nz * nt, sizeof *m, by_moment);
    for (size_t v = 0; is_known && v < nt; v++) {
        clock_s[v] = m[v * nz].clock_s;
        if (v > 0 && clock_s[v] < clock_s[v - 1] - 0.5 * day_s)
            clock_s[v] += day_s;
        is_known = v == 0 || (clock_s[v] > clock_s[v - 1] &&
                              m[v * nz].position == m[v * nz + nz - 1].position);
    }
    free(m);
    return is_known;
}

bool hep_dicom_volume_b(double *b_s_per_mm2, const struct hep_dicom_series *series, size_t nz,
                        size_t nt)
{
    struct moment *m = hep_calloc(nz * nt, sizeof *m, NULL);
    bool is_known = m != NULL && collect(m, series, nz * nt) == nz * nt;

    if (is_known)
        qsort(m, nz * nt, sizeof *m, by_moment);
    for (size_t v = 0; is_known && v < nt; v++) {
        b_s_per_mm2[v] = m[v * nz].b_s_per_mm2;
        for (size_t k = 0; k < nz; k++)
            is_known = is_known && m[v * nz + k].b_s_per_mm2 == b_s_per_mm2[v] &&
                       m[v * nz + k].position == m[v * nz].position;
        is_known = is_known && (v == 0 || m[v * nz].position > m[v * nz - 1].position);
    }
    free(m);
    return is_known;
}

bool hep_dicom_has_b(const struct hep_dicom_series *series, double b_s_per_mm2)
{
    bool any = false;

    for (size_t i = 0; i < series->n; i++) {
        const struct hep_dicom_object *o = series->object[i];
        const char *own = hep_dicom_text(o, HEP_DICOM_B_VALUE);

        any = any || *own != '\0' || o->frame_b.n > 0;
        if (fabs(number_of(own, (double)INFINITY) - b_s_per_mm2) <= 1.0)
            return true;
        for (size_t f = 0; f < o->frame_b.n; f++)
            if (fabs(number_of(o->frame_b.line[f], (double)INFINITY) - b_s_per_mm2) <= 1.0)
                return true;
    }
    return !any;
}
