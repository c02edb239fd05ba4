#include "dicom/export_parts.h"

const char hep_seg_class[] = "1.2.840.10008.5.1.4.1.1.66.4",
           hep_sr_class[] = "1.2.840.10008.5.1.4.1.1.88.22";

struct hep_code hep_export_organ(enum hep_anatomy organ)
{
    /* SNOMED CT, as DICOM PS3.16 annex L and context group 7140 use them */
    static const struct hep_code codes[HEP_ANATOMY_COUNT] = {
        [HEP_ANATOMY_NONE] = { "52988006", "SCT", "Lesion" },
        [HEP_ANATOMY_LIVER] = { "10200004", "SCT", "Liver" },
        [HEP_ANATOMY_AORTA] = { "15825003", "SCT", "Aorta" },
        [HEP_ANATOMY_PORTAL_VEIN] = { "32764006", "SCT", "Portal vein" },
        [HEP_ANATOMY_IVC] = { "64131007", "SCT", "Inferior vena cava" },
        [HEP_ANATOMY_HEPATIC_VEINS] = { "8993003", "SCT", "Hepatic vein" },
        [HEP_ANATOMY_VESSELS] = { "59820001", "SCT", "Blood vessel" },
        [HEP_ANATOMY_SPLEEN] = { "78961009", "SCT", "Spleen" },
        [HEP_ANATOMY_MUSCLE] = { "127954009", "SCT", "Skeletal muscle" },
        [HEP_ANATOMY_KIDNEY] = { "64033007", "SCT", "Kidney" },
        [HEP_ANATOMY_GALLBLADDER] = { "28231008", "SCT", "Gallbladder" },
        [HEP_ANATOMY_BILE_DUCTS] = { "28273000", "SCT", "Bile duct" },
    };

    return codes[organ];
}

static int derived_uid(char uid[HEP_UID_BYTES], const struct hep_export_source *s, const char *what,
                       int number, struct hep_error *err)
{
    const struct hep_dicom_object *o = s->original->slice[0].object;
    char *text = hep_asprintf(err, "hepar/%s/%s/%s/%s/%d", HEP_VERSION,
                              hep_dicom_text(o, HEP_DICOM_STUDY_UID), s->content, what, number);
    int rc = text != NULL ? hep_dicom_uid(uid, text, err) : HEP_ENOMEM;

    free(text);
    return rc;
}

int hep_export_uids(struct hep_export_uids *out, const struct hep_export_source *s,
                    const char *what, struct hep_error *err)
{
    int rc = derived_uid(out->series, s, what, 0, err);

    return rc == HEP_OK ? derived_uid(out->instance, s, what, 1, err) : rc;
}

int hep_export_slice_uids(struct hep_export_uids *out, const struct hep_export_source *s,
                          const char *what, size_t slice, struct hep_error *err)
{
    int rc = derived_uid(out->series, s, what, 0, err);

    return rc == HEP_OK ? derived_uid(out->instance, s, what, 1 + (int)slice, err) : rc;
}

int hep_export_tracking_uid(char uid[HEP_UID_BYTES], const struct hep_export_source *s,
                            const struct hep_finding *lesion, struct hep_error *err)
{
    return derived_uid(uid, s, "lesion", lesion->id, err);
}

static void copy(struct hep_dump *d, const char *tag, const char *vr,
                 const struct hep_dicom_object *o, enum hep_dicom_tag from)
{
    hep_dump_put(d, tag, vr, hep_dicom_text(o, from));
}

void hep_export_header(struct hep_dump *d, const struct hep_export_source *s,
                       const struct hep_export_uids *uids, const char *sop_class,
                       const char *modality, unsigned series_number, const char *description)
{
    const struct hep_dicom_object *o = s->original->slice[0].object;

    hep_str_add(&d->text, "# Dicom-Data-Set\n");
    if (o->text[HEP_DICOM_CHARSET] != NULL)
        copy(d, "0008,0005", "CS", o, HEP_DICOM_CHARSET);
    hep_dump_put(d, "0008,0016", "UI", sop_class);
    hep_dump_put(d, "0008,0018", "UI", uids->instance);
    copy(d, "0008,0020", "DA", o, HEP_DICOM_STUDY_DATE);
    copy(d, "0008,0030", "TM", o, HEP_DICOM_STUDY_TIME);
    copy(d, "0008,0050", "SH", o, HEP_DICOM_ACCESSION);
    copy(d, "0008,0090", "PN", o, HEP_DICOM_REFERRING);
    copy(d, "0010,0010", "PN", o, HEP_DICOM_PATIENT_NAME);
    copy(d, "0010,0020", "LO", o, HEP_DICOM_PATIENT_ID);
    copy(d, "0010,0030", "DA", o, HEP_DICOM_BIRTH_DATE);
    copy(d, "0010,0040", "CS", o, HEP_DICOM_SEX);
    copy(d, "0020,000d", "UI", o, HEP_DICOM_STUDY_UID);
    copy(d, "0020,0010", "SH", o, HEP_DICOM_STUDY_ID);
    hep_dump_put(d, "0020,000e", "UI", uids->series);
    hep_dump_put(d, "0008,0060", "CS", modality);
    hep_dump_putf(d, "0020,0011", "IS", "%u", series_number);
    hep_dump_put(d, "0020,0013", "IS", "1"); /* the first of its series, unless said otherwise */
    hep_dump_put(d, "0008,103e", "LO", description);
    /* The time of the images, not of the export: the same results give the same object. */
    copy(d, "0008,0023", "DA", o, HEP_DICOM_STUDY_DATE);
    copy(d, "0008,0033", "TM", o, HEP_DICOM_STUDY_TIME);
    hep_dump_put(d, "0008,0070", "LO", "Hepar");
    hep_dump_put(d, "0008,1090", "LO", "Hepar");
    hep_dump_put(d, "0018,1000", "LO", "none");
    hep_dump_put(d, "0018,1020", "LO", HEP_VERSION);
}

void hep_export_reference(struct hep_dump *d, const char *sop_class, const char *instance)
{
    hep_dump_put(d, "0008,1150", "UI", sop_class);
    hep_dump_put(d, "0008,1155", "UI", instance);
}

void hep_export_image(struct hep_dump *d, const struct hep_original_slice *image)
{
    hep_export_reference(d, hep_dicom_text(image->object, HEP_DICOM_SOP_CLASS),
                         hep_dicom_text(image->object, HEP_DICOM_SOP_INSTANCE));
    if (image->frame > 0)
        hep_dump_putf(d, "0008,1160", "IS", "%zu", image->frame);
}

/* Pixel size and orientation are the original's texts, digit by digit. */
void hep_export_geometry(struct hep_dump *d, const struct hep_original *o,
                         const struct hep_grid *grid)
{
    const struct hep_dicom_object *first = o->slice[0].object;
    double mm[3];

    hep_grid_spacing(mm, grid);
    hep_dump_open(d, "0028,9110");
    copy(d, "0018,0050", "DS", first, HEP_DICOM_THICKNESS);
    hep_dump_putf(d, "0018,0088", "DS", "%.9g", mm[o->axis]);
    copy(d, "0028,0030", "DS", first, HEP_DICOM_SPACING);
    hep_dump_close(d);
    hep_dump_open(d, "0020,9116");
    copy(d, "0020,0037", "DS", first, HEP_DICOM_ORIENTATION);
    hep_dump_close(d);
}

void hep_export_plane(struct hep_dump *d, const struct hep_original_slice *from)
{
    hep_dump_open(d, "0020,9113");
    hep_dump_put(d, "0020,0032", "DS", from->position);
    hep_dump_close(d);
}

void hep_export_derivation(struct hep_dump *d, const struct hep_original_slice *from,
                           const char *code, const char *meaning)
{
    hep_dump_open(d, "0008,9124");
    hep_dump_open(d, "0008,2112");
    hep_export_image(d, from);
    hep_dump_code(d, "0040,a170", "121322", "DCM", "Source image for image processing operation");
    hep_dump_close(d);
    hep_dump_code(d, "0008,9215", code, "DCM", meaning);
    hep_dump_close(d);
}

void hep_export_instances(struct hep_dump *d, const struct hep_original *o)
{
    hep_dump_open(d, "0008,1115");
    copy(d, "0020,000e", "UI", o->slice[0].object, HEP_DICOM_SERIES_UID);
    for (size_t k = 0; k < o->n; k++) {
        if (k > 0 && o->slice[k].object == o->slice[k - 1].object)
            continue; /* another frame of it */
        if (k == 0)
            hep_dump_open(d, "0008,114a");
        else
            hep_dump_next(d);
        hep_export_reference(d, hep_dicom_text(o->slice[k].object, HEP_DICOM_SOP_CLASS),
                             hep_dicom_text(o->slice[k].object, HEP_DICOM_SOP_INSTANCE));
    }
    hep_dump_close(d);
    hep_dump_close(d);
}

int hep_export_dimensions(struct hep_dump *d, const char *content, const char *tag,
                          const char *group, const char *label, struct hep_error *err)
{
    char *text = hep_asprintf(err, "hepar/dimensions/%s/%s", content, tag != NULL ? tag : "");
    char uid[HEP_UID_BYTES];
    int rc = text != NULL ? hep_dicom_uid(uid, text, err) : HEP_ENOMEM;

    free(text);
    if (rc != HEP_OK)
        return rc;
    hep_dump_open(d, "0020,9221");
    hep_dump_put(d, "0020,9164", "UI", uid);
    hep_dump_close(d);
    hep_dump_open(d, "0020,9222");
    if (tag != NULL) {
        hep_dump_put(d, "0020,9164", "UI", uid);
        hep_dump_put(d, "0020,9165", "AT", tag);
        hep_dump_put(d, "0020,9167", "AT", group);
        hep_dump_put(d, "0020,9421", "LO", label);
        hep_dump_next(d);
    }
    hep_dump_put(d, "0020,9164", "UI", uid);
    hep_dump_put(d, "0020,9165", "AT", "(0020,0032)");
    hep_dump_put(d, "0020,9167", "AT", "(0020,9113)");
    hep_dump_put(d, "0020,9421", "LO", "Position");
    hep_dump_close(d);
    return HEP_OK;
}
