#include "dicom/header.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "dicom/program.h"
#include "sequences/lines.h"

#include <unistd.h>

/* Files of one call: their names must fit the kernel's limit of a command line, 2 MiB. */
enum { BATCH = 300 };
#define MAX_DUMP_BYTES ((size_t)512 << 20)

static const char *const tag_numbers[HEP_DICOM_TAG_COUNT] = {
#define X(name, tag, personal) tag,
    HEP_DICOM_TAGS(X)
#undef X
};
/* Of every frame: PS3.3 C.7.6.16.2.2, FrameAcquisitionDateTime and TemporalPositionIndex. */
static const char frame_time_tag[] = "0018,9074", frame_position_tag[] = "0020,9128",
                  b_value_tag[] = "0018,9087";
static const char functional_groups[] = "(5200,92"; /* shared 9229, per frame 9230 */

bool hep_dicom_is_personal(enum hep_dicom_tag tag)
{
    static const bool personal_tags[HEP_DICOM_TAG_COUNT] = {
#define X(name, tag, personal) personal,
        HEP_DICOM_TAGS(X)
#undef X
    };

    return personal_tags[tag];
}

const char *hep_dicom_text(const struct hep_dicom_object *o, enum hep_dicom_tag tag)
{
    return o->text[tag] != NULL ? o->text[tag] : "";
}

const char *hep_transfer_syntax_name(const char *uid)
{
    /* PS3.6 table A-1 */
    static const char *const names[][2] = {
        { "1.2.840.10008.1.2", "implicit VR little endian" },
        { "1.2.840.10008.1.2.1", "explicit VR little endian" },
        { "1.2.840.10008.1.2.1.99", "deflated explicit VR little endian" },
        { "1.2.840.10008.1.2.2", "explicit VR big endian" },
        { "1.2.840.10008.1.2.4.50", "JPEG baseline" },
        { "1.2.840.10008.1.2.4.51", "JPEG extended" },
        { "1.2.840.10008.1.2.4.57", "JPEG lossless" },
        { "1.2.840.10008.1.2.4.70", "JPEG lossless, first-order prediction" },
        { "1.2.840.10008.1.2.4.80", "JPEG-LS lossless" },
        { "1.2.840.10008.1.2.4.81", "JPEG-LS near-lossless" },
        { "1.2.840.10008.1.2.4.90", "JPEG 2000 lossless" },
        { "1.2.840.10008.1.2.4.91", "JPEG 2000" },
        { "1.2.840.10008.1.2.4.201", "High-throughput JPEG 2000 lossless" },
        { "1.2.840.10008.1.2.5", "RLE lossless" },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(uid, names[i][0]) == 0)
            return names[i][1];
    return *uid != '\0' ? uid : "unknown";
}

static void release_object(struct hep_dicom_object *o)
{
    free(o->path);
    for (int t = 0; t < HEP_DICOM_TAG_COUNT; t++)
        free(o->text[t]);
    hep_lines_release(&o->frame_times);
    hep_lines_release(&o->frame_positions);
    hep_lines_release(&o->frame_b);
    hep_lines_release(&o->frame_places);
}

void hep_dicom_objects_release(struct hep_dicom_objects *list)
{
    for (size_t i = 0; i < list->n; i++)
        release_object(&list->item[i]);
    free(list->item);
    hep_lines_release(&list->unreadable);
    *list = (struct hep_dicom_objects){ 0 };
}

char *hep_dicom_dump_value(char *after_tag)
{
    char *s = after_tag, *end = strrchr(after_tag, '#');

    if (end == NULL || strlen(s) < 4)
        return NULL;
    s += 4; /* " TM " */
    while (end > s && end[-1] == ' ')
        end--;
    *end = '\0';
    if (*s == '[' && end > s && end[-1] == ']') {
        s++;
        *--end = '\0';
    } else if (hep_starts_with(s, "(no value")) {
        return NULL;
    }
    while (*s == ' ')
        s++;
    while (end > s && end[-1] == ' ')
        *--end = '\0';
    return *s != '\0' ? s : NULL;
}

static int take_line(struct hep_dicom_object *o, char *line, struct hep_error *err)
{
    char *blank = strchr(line, ' '), *tag = blank;
    bool in_groups = hep_starts_with(line, functional_groups);
    char *value;

    if (blank == NULL || *line != '(')
        return HEP_OK;
    while (tag > line && *tag != '(')
        tag--;
    /* a nested attribute counts in the functional groups only, elsewhere it is of another object */
    if ((tag != line && !in_groups) || blank - tag != 11)
        return HEP_OK;
    value = hep_dicom_dump_value(blank);
    if (value == NULL)
        return HEP_OK;
    if (strncmp(tag + 1, frame_time_tag, 9) == 0)
        return hep_lines_addf(&o->frame_times, err, "%s", value);
    if (strncmp(tag + 1, frame_position_tag, 9) == 0)
        return hep_lines_addf(&o->frame_positions, err, "%s", value);
    if (in_groups && strncmp(tag + 1, b_value_tag, 9) == 0)
        return hep_lines_addf(&o->frame_b, err, "%s", value);
    if (in_groups && strncmp(tag + 1, tag_numbers[HEP_DICOM_POSITION], 9) == 0 &&
        hep_lines_addf(&o->frame_places, err, "%s", value) != HEP_OK)
        return HEP_ENOMEM;
    for (int t = 0; t < HEP_DICOM_TAG_COUNT; t++)
        if (o->text[t] == NULL && strncmp(tag + 1, tag_numbers[t], 9) == 0) {
            o->text[t] = hep_strdup(value, err);
            return o->text[t] != NULL ? HEP_OK : HEP_ENOMEM;
        }
    return HEP_OK;
}

/* An object without a series is none that holds an image, such as a DICOMDIR; one without any
 * attribute could not be read. */
static int keep_object(struct hep_dicom_objects *out, struct hep_dicom_object *o,
                       struct hep_error *err)
{
    bool is_empty = true;
    int rc = HEP_OK;

    for (int t = 0; t < HEP_DICOM_TAG_COUNT; t++)
        is_empty = is_empty && o->text[t] == NULL;
    if (is_empty)
        rc = hep_lines_addf(&out->unreadable, err, "%s", o->path);
    else if (o->text[HEP_DICOM_SERIES_UID] != NULL)
        rc = HEP_GROW(out->item, out->n, err);
    if (rc == HEP_OK && !is_empty && o->text[HEP_DICOM_SERIES_UID] != NULL) {
        out->item[out->n++] = *o;
        *o = (struct hep_dicom_object){ 0 };
    }
    release_object(o);
    *o = (struct hep_dicom_object){ 0 };
    return rc;
}

/* dcmdump begins each file with "# dcmdump (3/300): path". */
static int parse_dump(struct hep_dicom_objects *out, char *text, const struct hep_lines *paths,
                      size_t first, struct hep_error *err)
{
    static const char head[] = "# dcmdump (";
    struct hep_dicom_object o = { 0 };
    int rc = HEP_OK;

    for (char *line = text, *next; rc == HEP_OK && line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (hep_starts_with(line, head)) {
            size_t i = first + strtoul(line + sizeof head - 1, NULL, 10) - 1;

            if (o.path != NULL)
                rc = keep_object(out, &o, err);
            if (rc == HEP_OK && i < paths->n)
                o.path = hep_strdup(paths->line[i], err);
            if (rc == HEP_OK && o.path == NULL)
                rc = err != NULL && err->code != HEP_OK
                         ? (int)err->code
                         : HEP_FAIL(err, HEP_EFORMAT,
                                    "dcmdump wrote a file number that was not asked for");
        } else if (o.path != NULL) {
            rc = take_line(&o, line, err);
        }
    }
    if (rc == HEP_OK && o.path != NULL)
        rc = keep_object(out, &o, err);
    release_object(&o);
    return rc;
}

static int dump(const char *output, const struct hep_lines *paths, size_t first, size_t n,
                struct hep_error *err)
{
    static const char *const options[] = { "dcmdump", "-q", "-M", "-Un", "+p", "+F", "+L" };
    enum { N_OPTIONS = sizeof options / sizeof options[0] };
    const size_t n_tags = HEP_DICOM_TAG_COUNT + 2;
    const char **argv = hep_calloc(N_OPTIONS + 2 * n_tags + n + 1, sizeof *argv, err);
    struct hep_process_end end;
    size_t k = 0;
    int rc;

    if (argv == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < N_OPTIONS; i++)
        argv[k++] = options[i];
    for (size_t t = 0; t < n_tags; t++) {
        argv[k++] = "+P";
        argv[k++] = t < HEP_DICOM_TAG_COUNT    ? tag_numbers[t]
                    : t == HEP_DICOM_TAG_COUNT ? frame_time_tag
                                               : frame_position_tag;
    }
    for (size_t i = 0; i < n; i++)
        argv[k++] = paths->line[first + i];
    rc = hep_program_run(&end, argv, output, "dcmtk", err);
    free((void *)argv);
    return rc;
}

int hep_dicom_read_headers(struct hep_dicom_objects *out, const struct hep_lines *paths,
                           const char *work, struct hep_error *err)
{
    char *output = hep_path_join(work, "headers.txt", err);
    int rc = output != NULL ? HEP_OK : HEP_ENOMEM;

    for (size_t first = 0; rc == HEP_OK && first < paths->n; first += BATCH) {
        size_t n = paths->n - first < BATCH ? paths->n - first : BATCH, length = 0;
        char *text = NULL;

        rc = dump(output, paths, first, n, err);
        if (rc == HEP_OK)
            rc = hep_file_read(&text, &length, output, MAX_DUMP_BYTES, err);
        if (rc == HEP_OK)
            rc = parse_dump(out, text, paths, first, err);
        free(text);
        (void)unlink(output);
    }
    free(output);
    return rc;
}
