/**
 * @file  dicom/header.h
 * @brief What the headers of DICOM objects say, read by dcmdump of dcmtk in a process of its own.
 *
 * Texts are as they stand in the file, without the blanks that pad them. Attributes of an enhanced
 * object that lie in its functional groups are taken from the first frame; times and positions of
 * every frame are lists. Sequences that name other objects are not looked into.
 */
#ifndef HEP_DICOM_HEADER_H
#define HEP_DICOM_HEADER_H

#include "sequences/acquisition.h"

/* X(name, "group,element", personal): a personal text reaches no output, nor do its words in others. */
#define HEP_DICOM_TAGS(X)                                                                          \
    X(TRANSFER_SYNTAX, "0002,0010", false)                                                         \
    X(IMAGE_TYPE, "0008,0008", false)                                                              \
    X(CHARSET, "0008,0005", false)                                                                 \
    X(SEX, "0010,0040", false)                                                                     \
    X(THICKNESS, "0018,0050", false)                                                               \
    X(PATIENT_POSITION, "0018,5100", false)                                                        \
    X(POSITION, "0020,0032", false)                                                                \
    X(ORIENTATION, "0020,0037", false)                                                             \
    X(ROWS, "0028,0010", false)                                                                    \
    X(COLUMNS, "0028,0011", false)                                                                 \
    X(SPACING, "0028,0030", false)                                                                 \
    X(SOP_CLASS, "0008,0016", false)                                                               \
    X(SOP_INSTANCE, "0008,0018", false)                                                            \
    X(STUDY_DATE, "0008,0020", false)                                                              \
    X(ACQUISITION_DATE, "0008,0022", false)                                                        \
    X(ACQUISITION_DATE_TIME, "0008,002a", false)                                                   \
    X(STUDY_TIME, "0008,0030", false)                                                              \
    X(ACQUISITION_TIME, "0008,0032", false)                                                        \
    X(ACCESSION, "0008,0050", true)                                                                \
    X(MODALITY, "0008,0060", false)                                                                \
    X(INSTITUTION, "0008,0080", true)                                                              \
    X(INSTITUTION_ADDRESS, "0008,0081", true)                                                      \
    X(REFERRING, "0008,0090", true)                                                                \
    X(STATION, "0008,1010", true)                                                                  \
    X(SERIES_DESCRIPTION, "0008,103e", false)                                                      \
    X(DEPARTMENT, "0008,1040", true)                                                               \
    X(PERFORMING, "0008,1050", true)                                                               \
    X(READING, "0008,1060", true)                                                                  \
    X(OPERATORS, "0008,1070", true)                                                                \
    X(PATIENT_NAME, "0010,0010", true)                                                             \
    X(PATIENT_ID, "0010,0020", true)                                                               \
    X(ID_ISSUER, "0010,0021", true)                                                                \
    X(BIRTH_DATE, "0010,0030", true)                                                               \
    X(OTHER_IDS, "0010,1000", true)                                                                \
    X(OTHER_NAMES, "0010,1001", true)                                                              \
    X(ADDRESS, "0010,1040", true)                                                                  \
    X(MOTHERS_NAME, "0010,1060", true)                                                             \
    X(TELEPHONE, "0010,2154", true)                                                                \
    X(CONTRAST_AGENT, "0018,0010", false)                                                          \
    X(SERIAL, "0018,1000", true)                                                                   \
    X(CONTRAST_START, "0018,1042", false)                                                          \
    X(B_VALUE, "0018,9087", false)                                                                 \
    X(B_VALUE_SIEMENS, "0019,100c", false)                                                         \
    X(B_VALUE_GE, "0043,1039", false)                                                              \
    X(STUDY_UID, "0020,000d", false)                                                               \
    X(SERIES_UID, "0020,000e", false)                                                              \
    X(STUDY_ID, "0020,0010", true)                                                                 \
    X(SERIES_NUMBER, "0020,0011", false)                                                           \
    X(FRAME_OF_REFERENCE, "0020,0052", false)                                                      \
    X(TEMPORAL_POSITION, "0020,0100", false)                                                       \
    X(FRAMES, "0028,0008", false)                                                                  \
    X(REQUESTING, "0032,1032", true)                                                               \
    X(SCHEDULED_PERFORMER, "0040,0006", true)

enum hep_dicom_tag {
#define X(name, tag, personal) HEP_DICOM_##name,
    HEP_DICOM_TAGS(X)
#undef X
        HEP_DICOM_TAG_COUNT
};
bool hep_dicom_is_personal(enum hep_dicom_tag tag);

struct hep_dicom_object {
    char *path;                       /* owned */
    char *text[HEP_DICOM_TAG_COUNT];  /* NULL when absent or empty; owned */
    struct hep_lines frame_times;     /* FrameAcquisitionDateTime of each frame */
    struct hep_lines frame_positions; /* TemporalPositionIndex of each frame */
    struct hep_lines frame_b;         /* DiffusionBValue of each frame */
    struct hep_lines frame_places;    /* ImagePositionPatient of each frame */
};

struct hep_dicom_objects {
    struct hep_dicom_object *item;
    size_t n;
    struct hep_lines unreadable; /* paths of files that begin as DICOM does and cannot be read */
};

/**
 * Read headers.
 * @param[in] paths files that begin as DICOM does
 * @param[in] work  folder for the text that dcmdump writes; it is removed again
 * @return HEP_ENOENT without dcmdump; HEP_EIO, HEP_ENOMEM. Damaged files are listed as unreadable.
 */
int hep_dicom_read_headers(struct hep_dicom_objects *out, const struct hep_lines *paths,
                           const char *work, struct hep_error *err) HEP_MUST_CHECK;
void hep_dicom_objects_release(struct hep_dicom_objects *list);

/** The text of a tag, "" when it is absent. Borrowed. */
const char *hep_dicom_text(const struct hep_dicom_object *o, enum hep_dicom_tag tag);
/** The value in a line of dcmdump, "(0008,0032) TM [153511.42]   #  10, 1 AcquisitionTime", given from the blank behind
 * the tag: what stands between the type and the last '#', cut in place; NULL for an empty one. */
char *hep_dicom_dump_value(char *after_tag);
/** "explicit VR little endian", "JPEG 2000": words for a transfer syntax, else its UID. Borrowed. */
const char *hep_transfer_syntax_name(const char *uid);

#endif
