#include "dicom/library.h"

#include "base/alloc.h"
#include "base/text.h"
#include "dicom/frame_times.h"

#include <math.h>

static const double same_time_s = 0.5; /* headers give seconds, with or without a fraction */

static int add(struct hep_library *l, const struct hep_dicom_series *s, struct hep_error *err)
{
    int rc;

    for (size_t i = 0; i < l->n; i++)
        if (l->series[i] == s)
            return HEP_OK;
    rc = hep_grow(&l->series, l->n, sizeof(struct hep_dicom_series *), err);
    if (rc == HEP_OK)
        l->series[l->n++] = s;
    return rc;
}

int hep_library_add_original(struct hep_library *l, const struct hep_original *o,
                             struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t k = 0; rc == HEP_OK && k < o->n; k++)
        for (size_t s = 0; rc == HEP_OK && s < o->study->n; s++)
            if (strcmp(hep_dicom_text(o->slice[k].object, HEP_DICOM_SERIES_UID),
                       hep_dicom_text(o->study->series[s].object[0], HEP_DICOM_SERIES_UID)) == 0)
                rc = add(l, &o->study->series[s], err);
    return rc;
}

/* Time of day of the injection [s]: images before it do not name it. NaN when no image of the study does. */
static double injection_of(const struct hep_dicom_study *study)
{
    for (size_t s = 0; s < study->n; s++)
        for (size_t i = 0; i < study->series[s].n; i++) {
            const struct hep_dicom_object *o = study->series[s].object[i];
            const double clock_s = hep_dicom_clock(o) - hep_dicom_since_injection(o, 0);

            if (o->frame_times.n == 0 && isfinite(clock_s))
                return clock_s;
        }
    return (double)NAN;
}

static bool is_acquired_at(const struct hep_dicom_series *s, double clock_s)
{
    for (size_t i = 0; i < s->n; i++) {
        const size_t n = s->object[i]->frame_times.n;

        for (size_t f = 0; f < (n > 0 ? n : 1); f++)
            if (fabs(hep_dicom_frame_clock(s->object[i], f) - clock_s) <= same_time_s)
                return true;
    }
    return false;
}

int hep_library_add_time(struct hep_library *l, const struct hep_dicom_study *study, double time_s,
                         struct hep_error *err)
{
    const double clock_s = injection_of(study) + time_s;
    int rc = HEP_OK;

    for (size_t s = 0; rc == HEP_OK && s < study->n; s++)
        if (study->series[s].reason == NULL &&
            !hep_starts_with(hep_dicom_text(study->series[s].object[0], HEP_DICOM_IMAGE_TYPE),
                             "DERIVED") &&
            is_acquired_at(&study->series[s], clock_s))
            rc = add(l, &study->series[s], err);
    return rc;
}
