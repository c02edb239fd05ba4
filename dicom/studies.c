#include "dicom/studies.h"

#include "base/alloc.h"
#include "base/text.h"

/* ---- order ---------------------------------------------------------------------------------- */

static int by_tag(const struct hep_dicom_object *a, const struct hep_dicom_object *b,
                  enum hep_dicom_tag tag)
{
    return hep_natural_cmp(hep_dicom_text(a, tag), hep_dicom_text(b, tag));
}

/* A patient is an identifier and its issuer; without one a name and a date of birth. */
static int by_patient(const struct hep_dicom_object *a, const struct hep_dicom_object *b)
{
    int order = by_tag(a, b, HEP_DICOM_PATIENT_ID);

    if (order == 0)
        order = by_tag(a, b, HEP_DICOM_ID_ISSUER);
    if (order != 0 || a->text[HEP_DICOM_PATIENT_ID] != NULL)
        return order;
    order = by_tag(a, b, HEP_DICOM_PATIENT_NAME);
    return order != 0 ? order : by_tag(a, b, HEP_DICOM_BIRTH_DATE);
}

static int by_place(const void *pa, const void *pb)
{
    static const enum hep_dicom_tag tags[] = { HEP_DICOM_STUDY_DATE, HEP_DICOM_STUDY_TIME,
                                               HEP_DICOM_STUDY_UID, HEP_DICOM_SERIES_NUMBER,
                                               HEP_DICOM_SERIES_UID };
    const struct hep_dicom_object *a = pa, *b = pb;
    int order = by_patient(a, b);

    for (size_t i = 0; order == 0 && i < sizeof tags / sizeof tags[0]; i++)
        order = by_tag(a, b, tags[i]);
    return order != 0 ? order : hep_natural_cmp(a->path, b->path);
}

/* ---- what is not converted ------------------------------------------------------------------ */

bool hep_is_segmentation(const char *sop_class)
{
    static const char seg[] = "1.2.840.10008.5.1.4.1.1.66.4",
                      map[] = "1.2.840.10008.5.1.4.1.1.66.7";

    return strcmp(sop_class, seg) == 0 || strcmp(sop_class, map) == 0;
}

static const char *why_not(const struct hep_dicom_object *o)
{
    static const char mr[] = "1.2.840.10008.5.1.4.1.1.4"; /* and .4.1, .4.3, .4.4: enhanced */
    static const char capture[] = "1.2.840.10008.5.1.4.1.1.7";
    const char *sop = hep_dicom_text(o, HEP_DICOM_SOP_CLASS);

    if (hep_is_segmentation(sop))
        return "segmentation without a lesion or organ that is used";
    if (hep_starts_with(sop, capture) &&
        (sop[sizeof capture - 1] == '\0' || sop[sizeof capture - 1] == '.'))
        return "secondary capture, such as a screenshot: may show who the patient is";
    if (!hep_starts_with(sop, mr) || (sop[sizeof mr - 1] != '\0' && sop[sizeof mr - 1] != '.') ||
        strcmp(sop + sizeof mr - 1, ".2") == 0)
        return "no MR image";
    if (hep_contains_nocase(hep_dicom_text(o, HEP_DICOM_IMAGE_TYPE), "LOCALIZER"))
        return "localiser: not part of a liver protocol";
    return NULL;
}

/* ---- groups --------------------------------------------------------------------------------- */

static int hash_patient(char hex[HEP_SHA256_HEX], const struct hep_ledger *ledger,
                        const struct hep_dicom_object *o, struct hep_error *err)
{
    const bool has_id = o->text[HEP_DICOM_PATIENT_ID] != NULL;
    char *text = hep_asprintf(err, "%s\n%s\n%s\n%s", hep_dicom_text(o, HEP_DICOM_PATIENT_ID),
                              hep_dicom_text(o, HEP_DICOM_ID_ISSUER),
                              has_id ? "" : hep_dicom_text(o, HEP_DICOM_PATIENT_NAME),
                              has_id ? "" : hep_dicom_text(o, HEP_DICOM_BIRTH_DATE));
    int rc = text != NULL ? hep_ledger_hash(hex, ledger, text, err) : HEP_ENOMEM;

    free(text);
    return rc;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One hash of all objects of a study, in whatever folders they lay. */
static int hash_images(char hex[HEP_SHA256_HEX], const struct hep_ledger *ledger,
                       const struct hep_dicom_object *first, size_t n, struct hep_error *err)
{
    struct hep_str all = { 0 };
    const char **uid;
    int rc = HEP_NEW(uid, n, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        uid[i] = hep_dicom_text(&first[i], HEP_DICOM_SOP_INSTANCE);
    qsort((void *)uid, n, sizeof(char *), compare_texts);
    for (size_t i = 0; i < n; i++)
        hep_str_addf(&all, "%s\n", uid[i]);
    rc = hep_str_check(&all, err);
    if (rc == HEP_OK)
        rc = hep_ledger_hash(hex, ledger, all.s, err);
    hep_str_release(&all);
    free((void *)uid);
    return rc;
}

static int fill_series(struct hep_dicom_study *s, const struct hep_dicom_object *first, size_t n,
                       struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        struct hep_dicom_series *last;

        if (i == 0 || by_tag(&first[i], &first[i - 1], HEP_DICOM_SERIES_UID) != 0) {
            rc = HEP_GROW(s->series, s->n, err);
            if (rc != HEP_OK)
                return rc;
            s->series[s->n++].reason = why_not(&first[i]);
        }
        last = &s->series[s->n - 1];
        rc = hep_grow(&last->object, last->n, sizeof(struct hep_dicom_object *), err);
        if (rc == HEP_OK)
            last->object[last->n++] = &first[i];
    }
    return rc;
}

static int fill_study(struct hep_dicom_study *s, const struct hep_ledger *ledger,
                      const struct hep_dicom_object *first, size_t n, struct hep_error *err)
{
    int rc = hash_patient(s->patient, ledger, first, err);

    if (rc == HEP_OK)
        rc = hep_ledger_hash(s->study, ledger, hep_dicom_text(first, HEP_DICOM_STUDY_UID), err);
    if (rc == HEP_OK)
        rc = hash_images(s->images, ledger, first, n, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = hep_personal_add(&s->personal, &first[i], err);
    return rc == HEP_OK ? fill_series(s, first, n, err) : rc;
}

int hep_dicom_group(struct hep_dicom_studies *out, struct hep_dicom_objects *objects,
                    const struct hep_ledger *ledger, struct hep_error *err)
{
    int rc = HEP_OK;

    if (objects->n > 0)
        qsort(objects->item, objects->n, sizeof *objects->item, by_place);
    for (size_t i = 0, next; rc == HEP_OK && i < objects->n; i = next) {
        const struct hep_dicom_object *first = &objects->item[i];

        for (next = i + 1; next < objects->n && by_patient(first, &objects->item[next]) == 0 &&
                           by_tag(first, &objects->item[next], HEP_DICOM_STUDY_UID) == 0;)
            next++;
        rc = HEP_GROW(out->item, out->n, err);
        if (rc != HEP_OK)
            break;
        out->n_patients += i == 0 || by_patient(first, first - 1) != 0;
        rc = fill_study(&out->item[out->n++], ledger, first, next - i, err);
    }
    return rc;
}

void hep_dicom_studies_release(struct hep_dicom_studies *studies)
{
    for (size_t i = 0; i < studies->n; i++) {
        struct hep_dicom_study *s = &studies->item[i];

        for (size_t k = 0; k < s->n; k++)
            free((void *)s->series[k].object);
        free(s->series);
        hep_personal_release(&s->personal);
    }
    free(studies->item);
    *studies = (struct hep_dicom_studies){ 0 };
}
