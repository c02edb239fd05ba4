#include "dicom/seg_read.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "dicom/header.h"
#include "dicom/program.h"
#include "sequences/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* X(name, tag that dcmdump looks for, end of the path of tags that leads to it) */
#define VALUES(X)                                                                                  \
    X(SYNTAX, "0002,0010", "(0002,0010)")                                                          \
    X(FRAMES, "0028,0008", "(0028,0008)")                                                          \
    X(ROWS, "0028,0010", "(0028,0010)")                                                            \
    X(COLUMNS, "0028,0011", "(0028,0011)")                                                         \
    X(BITS, "0028,0100", "(0028,0100)")                                                            \
    X(KIND, "0062,0001", "(0062,0001)")                                                            \
    X(MAXIMUM, "0062,000e", "(0062,000e)")                                                         \
    X(SERIES, "0020,000e", "(0008,1115).(0020,000e)")                                              \
    X(NUMBER, "0062,0004", "(0062,0002).(0062,0004)")                                              \
    X(LABEL, "0062,0005", "(0062,0002).(0062,0005)")                                               \
    X(CATEGORY, "0008,0100", "(0062,0002).(0062,0003).(0008,0100)")                                \
    X(TYPE, "0008,0100", "(0062,0002).(0062,000f).(0008,0100)")                                    \
    X(POSITION, "0020,0032", ".(0020,9113).(0020,0032)")                                           \
    X(ORIENTATION, "0020,0037", ".(0020,9116).(0020,0037)")                                        \
    X(SPACING, "0028,0030", ".(0028,9110).(0028,0030)")                                            \
    X(SEGMENT, "0062,000b", ".(0062,000a).(0062,000b)")                                            \
    X(SOURCE, "0008,1155", ".(0008,9124).(0008,2112).(0008,1155)")

enum value {
#define X(name, tag, end) name,
    VALUES(X)
#undef X
        VALUE_COUNT
};
static const struct {
    const char *tag, *end;
} wanted[VALUE_COUNT] = {
#define X(name, tag, end) { tag, end },
    VALUES(X)
#undef X
};

#define MAX_DUMP_BYTES ((size_t)512 << 20)
#define MAX_PIXEL_BYTES ((size_t)2 << 30)
#define MOST_FRAMES 1000000 /* a thousand segments on a thousand slices */

void hep_seg_release(struct hep_seg_object *o)
{
    for (size_t v = 0; o->value != NULL && v < VALUE_COUNT; v++)
        hep_lines_release(&o->value[v]);
    free(o->value);
    free(o->segment);
    free(o->frame);
    free(o->pixels);
    *o = (struct hep_seg_object){ 0 };
}

/* ---- attributes ----------------------------------------------------------------------------- */

static int take_line(struct hep_seg_object *o, char *line, struct hep_error *err)
{
    char *blank = strchr(line, ' '), *value;

    if (blank == NULL || *line != '(')
        return HEP_OK;
    *blank = '\0';
    for (size_t v = 0; v < VALUE_COUNT; v++) {
        if (!hep_ends_with(line, wanted[v].end) ||
            (wanted[v].end[0] == '(' && strcmp(line, wanted[v].end) != 0))
            continue;
        *blank = ' ';
        value = hep_dicom_dump_value(blank);
        return hep_lines_addf(&o->value[v], err, "%s", value != NULL ? value : "");
    }
    return HEP_OK;
}

static int read_values(struct hep_seg_object *o, const char *path, const char *work,
                       struct hep_error *err)
{
    static const char *const options[] = { "dcmdump", "-q", "-M", "-Un", "+p", "+L" };
    enum { N_OPTIONS = sizeof options / sizeof options[0] };
    const char *argv[N_OPTIONS + 2 * VALUE_COUNT + 2];
    char *output = hep_path_join(work, "seg.txt", err), *text = NULL;
    struct hep_process_end end;
    size_t k = 0, length = 0;
    int rc = output != NULL ? HEP_NEW(o->value, VALUE_COUNT, err) : HEP_ENOMEM;

    for (size_t i = 0; i < N_OPTIONS; i++)
        argv[k++] = options[i];
    for (size_t v = 0; v < VALUE_COUNT; v++) {
        if (v > 0 && strcmp(wanted[v].tag, wanted[v - 1].tag) == 0)
            continue; /* asked for twice, an element is printed twice */
        argv[k++] = "+P";
        argv[k++] = wanted[v].tag;
    }
    argv[k++] = path;
    argv[k] = NULL;
    if (rc == HEP_OK)
        rc = hep_program_run(&end, argv, output, "dcmtk", err);
    if (rc == HEP_OK)
        rc = hep_file_read(&text, &length, output, MAX_DUMP_BYTES, err);
    for (char *line = text, *next; rc == HEP_OK && line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        rc = take_line(o, line, err);
    }
    if (output != NULL)
        (void)unlink(output);
    free(text);
    free(output);
    return rc;
}

/* The value of one of n things: each has its own, or all share the one that is there. */
static const char *text_of(const struct hep_seg_object *o, enum value v, size_t i, size_t n)
{
    const struct hep_lines *list = &o->value[v];

    if (list->n == n)
        return list->line[i];
    return list->n == 1 ? list->line[0] : "";
}

static size_t count_of(const struct hep_seg_object *o, enum value v)
{
    const long x = strtol(text_of(o, v, 0, 1), NULL, 10);

    return x > 0 ? (size_t)x : 0;
}

static int describe(struct hep_seg_object *o, struct hep_error *err)
{
    const char *kind = text_of(o, KIND, 0, 1), *maximum = text_of(o, MAXIMUM, 0, 1);
    const bool is_map = strcmp(kind, "LABELMAP") == 0,
               is_fractional = strcmp(kind, "FRACTIONAL") == 0;
    int rc;

    o->n_segments = o->value[NUMBER].n;
    o->n_frames = count_of(o, FRAMES);
    o->rows = count_of(o, ROWS);
    o->columns = count_of(o, COLUMNS);
    o->bits = count_of(o, BITS);
    o->inside = is_fractional && *maximum != '\0' ? 0.5 * strtod(maximum, NULL) : 1.0;
    o->series = text_of(o, SERIES, 0, 1);
    o->sources = &o->value[SOURCE];
    if (o->n_segments == 0 || o->n_frames == 0 || o->rows == 0 || o->columns == 0 ||
        o->rows > 65535 || o->columns > 65535 || o->n_frames > MOST_FRAMES ||
        (o->bits != 1 && o->bits != 8 && !(is_map && o->bits == 16)) ||
        (!is_map && !is_fractional && strcmp(kind, "BINARY") != 0))
        return HEP_FAIL(err, HEP_EDATA,
                        "segmentation with %zu segments in %zu frames of %zu x %zu pixels of %zu "
                        "bits, type '%s': cannot be read",
                        o->n_segments, o->n_frames, o->rows, o->columns, o->bits, kind);
    rc = HEP_NEW(o->segment, o->n_segments, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(o->frame, o->n_frames, err);
    for (size_t s = 0; rc == HEP_OK && s < o->n_segments; s++)
        o->segment[s] = (struct hep_seg_segment){ strtol(o->value[NUMBER].line[s], NULL, 10),
                                                  text_of(o, LABEL, s, o->n_segments),
                                                  text_of(o, CATEGORY, s, o->n_segments),
                                                  text_of(o, TYPE, s, o->n_segments) };
    for (size_t f = 0; rc == HEP_OK && f < o->n_frames; f++)
        o->frame[f] = (struct hep_seg_frame){
            { text_of(o, POSITION, f, o->n_frames), text_of(o, ORIENTATION, f, o->n_frames),
              text_of(o, SPACING, f, o->n_frames), text_of(o, ROWS, 0, 1),
              text_of(o, COLUMNS, 0, 1) },
            is_map ? 0 : strtol(text_of(o, SEGMENT, f, o->n_frames), NULL, 10)
        };
    return rc;
}

/* ---- pixels --------------------------------------------------------------------------------- */

/* A copy without compression, where dcmtk has a program for it. @param[out] plain the path to read; owned */
static int decompress(char **plain, const struct hep_seg_object *o, const char *path,
                      const char *work, struct hep_error *err)
{
    static const char rle[] = "1.2.840.10008.1.2.5";
    const char *syntax = text_of(o, SYNTAX, 0, 1);
    struct hep_process_end end;
    int rc;

    if (strcmp(syntax, rle) != 0 && strncmp(syntax, "1.2.840.10008.1.2.4", 19) == 0)
        return HEP_FAIL(err, HEP_EDATA, "segmentation in transfer syntax %s: cannot be read",
                        hep_transfer_syntax_name(syntax));
    *plain =
        strcmp(syntax, rle) != 0 ? hep_strdup(path, err) : hep_path_join(work, "plain.dcm", err);
    if (*plain == NULL)
        return HEP_ENOMEM;
    if (strcmp(syntax, rle) != 0)
        return HEP_OK;
    rc = hep_program_run(&end, (const char *const[]){ "dcmdrle", "-q", path, *plain, NULL }, NULL,
                         "dcmtk", err);
    if (rc == HEP_OK && end.code != 0)
        rc = HEP_FAIL(err, HEP_EDATA, "segmentation whose RLE compression cannot be undone");
    return rc;
}

/* dcmdump writes the pixels to a file of its own naming, the only one of the folder. */
static int read_pixels(struct hep_seg_object *o, const char *path, const char *work,
                       struct hep_error *err)
{
    const size_t bits = o->n_frames * o->rows * o->columns * o->bits;
    char *folder = hep_path_join(work, "pixels", err), *plain = NULL, *raw = NULL, *bytes = NULL;
    struct hep_listing list = { 0 };
    struct hep_process_end end;
    int rc = folder != NULL ? hep_mkdir_p(folder, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = decompress(&plain, o, path, work, err);
    if (rc == HEP_OK)
        rc = hep_program_run(&end,
                             (const char *const[]){ "dcmdump", "-q", "+W", folder, plain, NULL },
                             NULL, "dcmtk", err);
    if (rc == HEP_OK)
        rc = hep_listing_read(&list, folder, err);
    if (rc == HEP_OK && list.n == 1) {
        raw = hep_path_join(folder, list.names[0], err);
        rc = raw != NULL ? hep_file_read(&bytes, &o->n_bytes, raw, MAX_PIXEL_BYTES, err)
                         : HEP_ENOMEM;
    }
    o->pixels = (unsigned char *)bytes;
    if (rc == HEP_OK && (o->pixels == NULL || o->n_bytes < (bits + 7) / 8))
        rc = HEP_FAIL(err, HEP_EDATA, "segmentation with %zu bytes of pixels, its frames need %zu",
                      o->n_bytes, (bits + 7) / 8);
    hep_listing_release(&list);
    if (folder != NULL && hep_is_dir(folder) &&
        hep_remove_tree(folder, rc == HEP_OK ? err : NULL) != HEP_OK && rc == HEP_OK)
        rc = HEP_EIO;
    free(raw);
    free(plain);
    free(folder);
    return rc;
}

int hep_seg_read(struct hep_seg_object *out, const char *path, const char *work,
                 struct hep_error *err)
{
    struct hep_seg_object o = { 0 };
    int rc = read_values(&o, path, work, err);

    if (rc == HEP_OK)
        rc = describe(&o, err);
    if (rc == HEP_OK)
        rc = read_pixels(&o, path, work, err);
    if (rc == HEP_OK)
        *out = o;
    else
        hep_seg_release(&o);
    return rc;
}

bool hep_seg_has(const struct hep_seg_object *o, size_t frame, size_t r, size_t c, long segment)
{
    const size_t i = (frame * o->rows + r) * o->columns + c;
    const struct hep_seg_frame *f = &o->frame[frame];
    long value;

    if (o->bits == 1) /* the first pixel in the lowest bit, PS3.5 8.1.1 */
        value = o->pixels[i / 8] >> i % 8 & 1;
    else
        value = o->bits == 8 ? o->pixels[i] : o->pixels[2 * i] | o->pixels[2 * i + 1] << 8;
    return f->segment == 0 ? value == segment : f->segment == segment && (double)value >= o->inside;
}
