#include "dicom/clean.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz.h"
#include "base/json_put.h"
#include "base/number.h"
#include "base/text.h"
#include "sequences/lines.h"

#include <ctype.h>
#include <math.h>

/* Words of a name count from two letters on; of institutions, addresses and numbers from four, for
 * shorter ones are words of descriptions as well (MR, der, T2). */
enum { SHORTEST_NAME = 2, SHORTEST_OTHER = 4, SHORTEST_INSIDE = 5 };
#define MAX_IMAGE_BYTES ((size_t)16 << 30)

/* ---- words that are personal ---------------------------------------------------------------- */

static bool is_name(enum hep_dicom_tag tag)
{
    return tag == HEP_DICOM_PATIENT_NAME || tag == HEP_DICOM_OTHER_NAMES ||
           tag == HEP_DICOM_MOTHERS_NAME || tag == HEP_DICOM_REFERRING ||
           tag == HEP_DICOM_PERFORMING || tag == HEP_DICOM_READING || tag == HEP_DICOM_OPERATORS ||
           tag == HEP_DICOM_REQUESTING || tag == HEP_DICOM_SCHEDULED_PERFORMER;
}

static bool is_word_byte(char c)
{
    return hep_is_letter(c) || hep_is_digit(c) || (unsigned char)c >= 0x80;
}

static int add_word(struct hep_personal *p, const char *s, size_t n, struct hep_error *err)
{
    char *word = hep_asprintf(err, "%.*s", (int)n, s);

    if (word == NULL)
        return HEP_ENOMEM;
    for (char *c = word; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    for (size_t i = 0; i < p->words.n; i++)
        if (strcmp(p->words.line[i], word) == 0) {
            free(word);
            return HEP_OK;
        }
    return hep_lines_push(&p->words, word, err);
}

int hep_personal_add(struct hep_personal *p, const struct hep_dicom_object *o,
                     struct hep_error *err)
{
    int rc = HEP_OK;

    for (int t = 0; rc == HEP_OK && t < HEP_DICOM_TAG_COUNT; t++) {
        enum hep_dicom_tag tag = (enum hep_dicom_tag)t;
        const char *text = hep_dicom_text(o, tag);
        const size_t shortest = is_name(tag) ? SHORTEST_NAME : SHORTEST_OTHER;

        if (!hep_dicom_is_personal(tag))
            continue;
        if (strlen(text) >= shortest)
            rc = add_word(p, text, strlen(text), err);
        while (rc == HEP_OK && *text != '\0') {
            size_t n = 0;

            while (is_word_byte(text[n]))
                n++;
            if (n >= shortest)
                rc = add_word(p, text, n, err);
            text += n + (text[n] != '\0');
        }
    }
    return rc;
}

void hep_personal_release(struct hep_personal *p)
{
    hep_lines_release(&p->words);
}

static bool same_letters(const char *text, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)text[i]) != word[i])
            return false;
    return true;
}

/* Bytes of the word at text[at], 0 when none stands there. Short words must stand alone. */
static size_t personal_at(const struct hep_personal *p, const char *text, size_t at)
{
    const size_t left = strlen(text + at);
    size_t longest = 0;

    for (size_t i = 0; i < p->words.n; i++) {
        const char *word = p->words.line[i];
        const size_t n = strlen(word);
        bool alone = (at == 0 || !is_word_byte(text[at - 1])) &&
                     !is_word_byte(text[at + n <= at + left ? at + n : at + left]);

        if (n > longest && n <= left && (n >= SHORTEST_INSIDE || alone) &&
            same_letters(text + at, word, n))
            longest = n;
    }
    return longest;
}

void hep_personal_remove(const struct hep_personal *p, char *text)
{
    size_t to = 0;

    for (size_t i = 0; text[i] != '\0';) {
        size_t n = personal_at(p, text, i);

        i += n;
        if (n > 0)
            continue;
        if (text[i] != ' ' || (to > 0 && text[to - 1] != ' '))
            text[to++] = text[i];
        i++;
    }
    while (to > 0 && text[to - 1] == ' ')
        to--;
    text[to] = '\0';
}

/* ---- sidecars ------------------------------------------------------------------------------- */

/* What dcm2niix 1.0.20220720 writes about the acquisition; persons, places, dates, comments and UIDs
 * are not among it. */
static const char *const kept_keys[] = {
    "AccelFactPE",
    "AcquisitionDuration",
    "AcquisitionMatrixPE",
    "AcquisitionNumber",
    "AcquisitionTime",
    "BandwidthPerPixelPhaseEncode",
    "BaseResolution",
    "BodyPartExamined",
    "CoilCombinationMethod",
    "ConversionSoftware",
    "ConversionSoftwareVersion",
    "DerivedVendorReportedEchoSpacing",
    "DiffusionScheme",
    "DwellTime",
    "EchoNumber",
    "EchoTime",
    "EchoTrainLength",
    "EffectiveEchoSpacing",
    "EstimatedEffectiveEchoSpacing",
    "EstimatedTotalReadoutTime",
    "FlipAngle",
    "FrameTimesStart",
    "ImageOrientationPatientDICOM",
    "ImageType",
    "ImageTypeText",
    "ImagingFrequency",
    "InPlanePhaseEncodingDirectionDICOM",
    "InversionTime",
    "MRAcquisitionType",
    "MagneticFieldStrength",
    "Manufacturer",
    "ManufacturersModelName",
    "MatrixCoilMode",
    "Modality",
    "MultibandAccelerationFactor",
    "NumberOfAverages",
    "ParallelAcquisitionTechnique",
    "ParallelReductionFactorInPlane",
    "PartialFourier",
    "PartialFourierDirection",
    "PatientPosition",
    "PercentPhaseFOV",
    "PercentSampling",
    "PhaseEncodingAxis",
    "PhaseEncodingDirection",
    "PhaseEncodingPolarityGE",
    "PhaseEncodingSteps",
    "PhaseEncodingStepsNoPartialFourier",
    "PhaseOversampling",
    "PhaseResolution",
    "PhilipsRescaleIntercept",
    "PhilipsRescaleSlope",
    "PhilipsRWVIntercept",
    "PhilipsRWVSlope",
    "PhilipsScaleSlope",
    "PixelBandwidth",
    "ProtocolName",
    "PulseSequenceDetails",
    "PulseSequenceName",
    "ReceiveCoilName",
    "ReconMatrixPE",
    "RefLinesPE",
    "RepetitionTime",
    "RepetitionTimeExcitation",
    "RepetitionTimeInversion",
    "SAR",
    "ScanOptions",
    "ScanningSequence",
    "SequenceName",
    "SequenceVariant",
    "SeriesDescription",
    "SeriesNumber",
    "SliceThickness",
    "SliceTiming",
    "SoftwareVersions",
    "SpacingBetweenSlices",
    "SpoilingState",
    "TotalReadoutTime",
    "TotalScanTimeSec",
    "TriggerDelayTime",
    "TriggerTime",
    "TxRefAmp",
    "UsePhilipsFloatNotDisplayScaling",
    "WaterFatShift",
};

static bool is_kept(const char *key)
{
    for (size_t i = 0; i < sizeof kept_keys / sizeof kept_keys[0]; i++)
        if (strcmp(key, kept_keys[i]) == 0)
            return true;
    return false;
}

/* These tell of all volumes: of one of them they are wrong. */
static bool is_of_all(const char *key)
{
    return strcmp(key, "FrameTimesStart") == 0 || strcmp(key, "AcquisitionTime") == 0 ||
           strcmp(key, "TriggerDelayTime") == 0 || strcmp(key, "TriggerTime") == 0;
}

static struct hep_json *clean_text(struct hep_put *put, const char *text,
                                   const struct hep_personal *p)
{
    char *copy = hep_strdup(text, put->err);
    struct hep_json *out;

    if (copy == NULL) {
        put->rc = HEP_ENOMEM;
        return NULL;
    }
    hep_personal_remove(p, copy);
    out = hep_json_new_string(copy);
    free(copy);
    return out;
}

static struct hep_json *clean_value(struct hep_put *put, const struct hep_json *value,
                                    const struct hep_personal *p)
{
    struct hep_json *list;

    if (hep_json_string(value) != NULL)
        return clean_text(put, hep_json_string(value), p);
    if (hep_json_type(value) != HEP_JSON_ARRAY)
        return hep_json_copy(value);
    list = hep_json_new_array();
    for (size_t i = 0; i < hep_json_size(value); i++) {
        const struct hep_json *item = hep_json_at(value, i);

        hep_put_item(put, list,
                     hep_json_string(item) != NULL ? clean_text(put, hep_json_string(item), p)
                                                   : hep_json_copy(item));
    }
    return list;
}

/* The mean gap between the volumes stands as RepetitionTime where the true one is the other. */
static void put_true_repetition(struct hep_put *put, struct hep_json *o, const struct hep_json *in)
{
    const struct hep_json *excitation = hep_json_get(in, "RepetitionTimeExcitation");

    if (hep_json_type(excitation) == HEP_JSON_NUMBER)
        hep_put(put, o, "RepetitionTime", hep_json_copy(excitation));
}

static void put_more(struct hep_put *put, struct hep_json *o, const struct hep_sidecar_more *more,
                     const struct hep_personal *p)
{
    if (isfinite(more->clock_s)) {
        const double s = fmod(more->clock_s, 86400.0);
        char text[40];

        (void)snprintf(text, sizeof text, "%02d:%02d:%09.6f", (int)(s / 3600.0),
                       (int)(fmod(s, 3600.0) / 60.0), fmod(s, 60.0));
        hep_put_text(put, o, "AcquisitionTime", text);
    }
    if (isfinite(more->b_s_per_mm2))
        hep_put_number(put, o, "DiffusionBValue", more->b_s_per_mm2);
    if (more->injection != NULL)
        hep_put_text(put, o, "ContrastBolusStartTime", more->injection);
    if (more->agent != NULL)
        hep_put(put, o, "ContrastBolusAgent", clean_text(put, more->agent, p));
}

int hep_clean_sidecar(struct hep_json **out, const char *path, const struct hep_sidecar_more *more,
                      const struct hep_personal *p, struct hep_error *err)
{
    struct hep_json *in = NULL, *o = hep_json_new_object();
    struct hep_put put = { HEP_OK, err };
    const char **keys = NULL;
    size_t n = 0;

    if (hep_is_file(path))
        put.rc = hep_json_read(&in, path, err);
    if (put.rc == HEP_OK && in != NULL)
        put.rc = hep_json_keys(&keys, &n, in, err);
    for (size_t i = 0; put.rc == HEP_OK && i < n; i++)
        if (is_kept(keys[i]) && !(more->is_part && is_of_all(keys[i])))
            hep_put(&put, o, keys[i], clean_value(&put, hep_json_get(in, keys[i]), p));
    if (more->is_part)
        put_true_repetition(&put, o, in);
    put_more(&put, o, more, p);
    free((void *)keys);
    hep_json_free(in);
    return hep_put_done(&put, out, o);
}

/* ---- images --------------------------------------------------------------------------------- */

/* nifti1.h: offsets of the header's members. */
enum {
    HEADER_BYTES = 348,
    DATA_TYPE_AT = 4,
    DB_NAME_AT = 14,
    DIM_AT = 40,
    BITPIX_AT = 72,
    VOX_OFFSET_AT = 108,
    DESCRIP_AT = 148,
    INTENT_NAME_AT = 328
};

static int16_t short_at(const unsigned char *bytes, size_t at)
{
    int16_t value;

    (void)memcpy(&value, bytes + at, sizeof value);
    return value;
}

/* Free texts: data_type and db_name, descrip and aux_file, intent_name. */
static void empty_texts(unsigned char *header)
{
    (void)memset(header + DATA_TYPE_AT, 0, 10);
    (void)memset(header + DB_NAME_AT, 0, 18);
    (void)memset(header + DESCRIP_AT, 0, 80 + 24);
    (void)memset(header + INTENT_NAME_AT, 0, 16);
}

static int measure(struct hep_plain_nifti *f, const char *path, struct hep_error *err)
{
    int32_t size = 0;
    float offset = 0.0F;
    size_t voxels = 1, bits;
    bool is_possible = f->n > HEADER_BYTES + 4;

    if (is_possible) {
        (void)memcpy(&size, f->bytes, sizeof size);
        (void)memcpy(&offset, f->bytes + VOX_OFFSET_AT, sizeof offset);
    }
    is_possible = is_possible && size == HEADER_BYTES && offset >= (float)(HEADER_BYTES + 4) &&
                  (double)offset <= (double)f->n;
    for (size_t k = 1; is_possible && k <= 3; k++) {
        int16_t d = short_at(f->bytes, DIM_AT + 2 * k);

        is_possible = d > 0 && hep_mul_size(&voxels, voxels, (size_t)d);
    }
    if (!is_possible)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: dcm2niix wrote no NIfTI-1 file", path);
    bits = (size_t)(uint16_t)short_at(f->bytes, BITPIX_AT);
    f->offset = (size_t)offset;
    f->nz = (size_t)short_at(f->bytes, DIM_AT + 6);
    f->nt = short_at(f->bytes, DIM_AT) > 3 && short_at(f->bytes, DIM_AT + 8) > 0
                ? (size_t)short_at(f->bytes, DIM_AT + 8)
                : 1;
    if (!hep_mul_size(&f->volume_bytes, voxels, bits / 8) || f->volume_bytes == 0 ||
        f->nt > (f->n - f->offset) / f->volume_bytes)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: dcm2niix wrote a truncated file", path);
    return HEP_OK;
}

int hep_plain_nifti_read(struct hep_plain_nifti *out, const char *path, struct hep_error *err)
{
    char *bytes = NULL;
    int rc = hep_file_read(&bytes, &out->n, path, MAX_IMAGE_BYTES, err);

    out->bytes = (unsigned char *)bytes;
    return rc == HEP_OK ? measure(out, path, err) : rc;
}

void hep_plain_nifti_release(struct hep_plain_nifti *f)
{
    free(f->bytes);
    *f = (struct hep_plain_nifti){ 0 };
}

int hep_plain_nifti_write(const struct hep_plain_nifti *f, long volume, const char *path,
                          struct hep_error *err)
{
    const size_t first = volume < 0 ? 0 : (size_t)volume, count = volume < 0 ? f->nt : 1;
    const size_t n = HEADER_BYTES + 4 + count * f->volume_bytes;
    const float offset = (float)(HEADER_BYTES + 4);
    unsigned char *bytes = hep_calloc(n, 1, err), *packed = NULL;
    const int level = 6;
    size_t n_packed = 0;
    int rc;

    if (bytes == NULL)
        return HEP_ENOMEM;
    (void)memcpy(bytes, f->bytes, HEADER_BYTES);
    empty_texts(bytes);
    (void)memcpy(bytes + VOX_OFFSET_AT, &offset, sizeof offset);
    if (volume >= 0) {
        const int16_t three = 3, one = 1;

        (void)memcpy(bytes + DIM_AT, &three, sizeof three);
        (void)memcpy(bytes + DIM_AT + 8, &one, sizeof one);
    }
    (void)memcpy(bytes + HEADER_BYTES + 4, f->bytes + f->offset + first * f->volume_bytes,
                 count * f->volume_bytes);
    rc = hep_gz_deflate(&packed, &n_packed, bytes, n, level, 1, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, packed, n_packed, err);
    free(packed);
    free(bytes);
    return rc;
}
