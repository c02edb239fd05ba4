#include "review/answers.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/gz.h"
#include "base/text.h"
#include "image/nifti.h"
#include "report/review_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NIFTI_HEADER_BYTES 352

static const char *const decisions[] = { NULL, "accept", "reject" };
static const char *const replies[] = { NULL, "present", "absent", "cannot_say" };

const char *hep_decision_name(enum hep_decision decision)
{
    return decisions[decision];
}

const char *hep_reply_name(enum hep_reply reply)
{
    return replies[reply];
}

void hep_answers_release(struct hep_answers *a)
{
    hep_labels_free(a->lesions);
    hep_labels_free(a->liver_mask);
    free(a->list);
    hep_json_free(a->root);
    *a = (struct hep_answers){ 0 };
}

const struct hep_answer *hep_answer_of(const struct hep_answers *a, int32_t id)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->list[i].id == id)
            return &a->list[i];
    }
    return NULL;
}

/* ---- does it belong to this result? ---------------------------------------------------------- */

static int check_result(const struct hep_answers *a, const char *path,
                        const struct hep_answers_of *of, struct hep_error *err)
{
    const struct {
        const char *key, *want, *what;
    } same[] = { { "study", of->study, "the study" },
                 { "version", of->version, "Hepar" },
                 { "labels_sha256", of->labels_sha256, "the lesion label map with SHA-256" } };
    const char *format = hep_json_string(hep_json_get(a->root, "format"));
    const double version = hep_json_number(hep_json_get(a->root, "format_version"));

    if (format == NULL || strcmp(format, HEP_REVIEW_FORMAT) != 0)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: not a file that the page of hepar review saved",
                        path);
    if (version != HEP_REVIEW_FORMAT_VERSION)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: format_version %g, this program reads %d", path,
                        version, HEP_REVIEW_FORMAT_VERSION);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const char *got = hep_json_string(hep_json_get(a->root, same[i].key));

        if (got == NULL || same[i].want == NULL || strcmp(got, same[i].want) != 0)
            return HEP_FAIL(err, HEP_EDATA, "%s: of %s %.70s, the result is of %.70s", path,
                            same[i].what, got != NULL ? got : "(none)",
                            same[i].want != NULL ? same[i].want : "(none)");
    }
    return HEP_OK;
}

/* ---- one lesion ------------------------------------------------------------------------------ */

static bool is_given(const struct hep_json *node)
{
    return hep_json_type(node) != HEP_JSON_MISSING && hep_json_type(node) != HEP_JSON_NULL;
}

/* Index of a word in a table that begins with NULL; 0 when nothing is given. */
static int read_word(int *out, const struct hep_json *node, const char *const *words, int n,
                     const char *where, const char *key, struct hep_error *err)
{
    const char *word = hep_json_string(node);

    *out = 0;
    if (!is_given(node))
        return HEP_OK;
    for (int i = 1; word != NULL && i < n; i++) {
        if (strcmp(word, words[i]) == 0)
            *out = i;
    }
    return *out > 0 ? HEP_OK
                    : HEP_FAIL(err, HEP_EFORMAT, "%s: %s '%.40s' is not known", where, key,
                               word != NULL ? word : hep_json_type_name(hep_json_type(node)));
}

static int read_flags(struct hep_answer *a, const struct hep_json *flags, const char *where,
                      struct hep_error *err)
{
    const char **keys = NULL;
    size_t n = 0;
    int rc = hep_json_keys(&keys, &n, flags, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        int flag = 0, reply = 0;

        while (flag < HEP_FLAG_COUNT && strcmp(hep_flag_name((enum hep_flag)flag), keys[i]) != 0)
            flag++;
        if (flag == HEP_FLAG_COUNT)
            rc = HEP_FAIL(err, HEP_EFORMAT, "%s: flag '%.40s' is not known", where, keys[i]);
        if (rc == HEP_OK)
            rc = read_word(&reply, hep_json_get(flags, keys[i]), replies, 4, where, keys[i], err);
        if (rc == HEP_OK)
            a->flag[flag] = (enum hep_reply)reply;
    }
    free((void *)keys);
    return rc;
}

static int read_class(struct hep_answer *a, const struct hep_json *node, const char *where,
                      struct hep_error *err)
{
    const char *word = hep_json_string(node);

    a->lesion_class = HEP_CLASS_COUNT;
    if (!is_given(node))
        return HEP_OK;
    if (word != NULL)
        a->lesion_class = hep_class_from_name(word);
    return a->lesion_class != HEP_CLASS_COUNT
               ? HEP_OK
               : HEP_FAIL(err, HEP_EFORMAT, "%s: class '%.40s' is not known", where,
                          word != NULL ? word : "");
}

static int read_comment(const char **out, const struct hep_json *node, const char *where,
                        struct hep_error *err)
{
    const char *text = hep_json_string(node);

    if (is_given(node) && text == NULL)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: the comment is no text", where);
    if (text != NULL && strlen(text) > 4 * (size_t)HEP_COMMENT_MAX)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: a comment of %zu bytes, %d letters are allowed",
                        where, strlen(text), HEP_COMMENT_MAX);
    *out = text != NULL && *text != '\0' ? text : NULL;
    return HEP_OK;
}

static int read_numbers(struct hep_answer *a, const struct hep_json *o, const char *where,
                        struct hep_error *err)
{
    const double confidence = hep_json_number(hep_json_get(o, "confidence"));

    a->seconds = hep_json_number(hep_json_get(o, "seconds"));
    if (a->seconds < 0.0)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: %g seconds", where, a->seconds);
    if (!is_given(hep_json_get(o, "confidence")))
        return HEP_OK;
    if (!(confidence >= 1.0 && confidence <= 5.0) || floor(confidence) != confidence)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: confidence %g is none of 1 to 5", where, confidence);
    a->confidence = (int)confidence;
    return HEP_OK;
}

static bool was_found(const struct hep_findings *findings, int32_t id)
{
    for (size_t i = 0; i < findings->n; i++) {
        if (findings->list[i].id == id)
            return true;
    }
    return false;
}

static int read_one(struct hep_answers *out, const struct hep_json *o, const char *path,
                    const struct hep_answers_of *of, struct hep_error *err)
{
    const double id = hep_json_number(hep_json_get(o, "id"));
    struct hep_answer a = { .id = id >= 1.0 && id <= 65535.0 ? (int32_t)id : 0 };
    const char *origin = hep_json_string(hep_json_get(o, "origin"));
    char where[400];
    int decision = 0, rc;

    (void)snprintf(where, sizeof where, "%.300s: lesion %g", path, id);
    a.added = origin != NULL && strcmp(origin, "added") == 0;
    if (a.id == 0 || (double)a.id != id || hep_answer_of(out, a.id) != NULL)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: an id is a whole number from 1 to 65535, once",
                        where);
    if (was_found(of->findings, a.id) == a.added)
        return HEP_FAIL(err, HEP_EDATA, "%s: %s", where,
                        a.added ? "is called new, but the result has it" : "is not in the result");
    rc = read_word(&decision, hep_json_get(o, "decision"), decisions, 3, where, "decision", err);
    a.decision = (enum hep_decision)decision;
    if (rc == HEP_OK)
        rc = read_class(&a, hep_json_get(o, "class"), where, err);
    if (rc == HEP_OK)
        rc = read_flags(&a, hep_json_get(o, "flags"), where, err);
    if (rc == HEP_OK)
        rc = read_numbers(&a, o, where, err);
    if (rc == HEP_OK)
        rc = read_comment(&a.comment, hep_json_get(o, "comment"), where, err);
    if (rc == HEP_OK)
        rc = HEP_GROW(out->list, out->n, err);
    if (rc == HEP_OK)
        out->list[out->n++] = a;
    return rc;
}

/* ---- drawings -------------------------------------------------------------------------------- */

static int read_labels(struct hep_labels **out, const unsigned char *bytes, size_t n,
                       const struct hep_answers_of *of, struct hep_error *err)
{
    char *file = hep_path_join(of->scratch, "drawing.nii", err);
    int rc = file == NULL ? HEP_ENOMEM : hep_file_write(file, bytes, n, err);

    if (rc == HEP_OK)
        rc = hep_nifti_read_labels(out, file, err);
    free(file);
    return rc;
}

/* A drawing: NIfTI, gzip, base64. Its size is bounded by the grid that it must have. */
static int read_drawing(struct hep_labels **out, const struct hep_json *node, const char *path,
                        const char *name, const struct hep_answers_of *of, struct hep_error *err)
{
    const size_t most = NIFTI_HEADER_BYTES + 2 * hep_grid_voxels(of->grid);
    const char *text = hep_json_string(node);
    unsigned char *gz = NULL, *bytes = NULL;
    size_t n_gz = 0, n = 0;
    struct hep_error why = { 0 };
    int rc;

    if (!is_given(node))
        return HEP_OK;
    rc = text == NULL ? HEP_FAIL(&why, HEP_EFORMAT, "no text")
                      : hep_base64_decode(&gz, &n_gz, text, &why);
    if (rc == HEP_OK)
        rc = hep_gz_inflate(&bytes, &n, gz, n_gz, SIZE_MAX, most, &why);
    if (rc == HEP_OK)
        rc = read_labels(out, bytes, n, of, &why);
    if (rc == HEP_OK && !hep_grid_same(&(*out)->grid, of->grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(&why, HEP_EGEOM, "not on the grid of the lesion label map");
    free(gz);
    free(bytes);
    return rc == HEP_OK ? HEP_OK
                        : HEP_FAIL(err, (enum hep_status)rc, "%s: the drawing of %s: %.120s", path,
                                   name, why.msg);
}

/* Every label that was drawn is listed, and every lesion that is kept has voxels. */
static int check_drawn(const struct hep_answers *a, const char *path, struct hep_error *err)
{
    for (size_t i = 0; a->lesions != NULL && i < hep_grid_voxels(&a->lesions->grid); i++) {
        if (a->lesions->data[i] != 0 && hep_answer_of(a, a->lesions->data[i]) == NULL)
            return HEP_FAIL(err, HEP_EDATA, "%s: the drawing has a lesion %d that is not listed",
                            path, (int)a->lesions->data[i]);
    }
    for (size_t i = 0; i < a->n; i++) {
        const struct hep_answer *one = &a->list[i];
        const bool drawn =
            a->lesions != NULL ? hep_labels_count(a->lesions, one->id) > 0 : !one->added;

        if (one->decision != HEP_REJECTED && !drawn)
            return HEP_FAIL(err, HEP_EDATA, "%s: lesion %d has no outline and is not rejected",
                            path, (int)one->id);
    }
    return HEP_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static int read_whole(struct hep_answers *a, const char *path, struct hep_error *err)
{
    const char *liver = hep_json_string(hep_json_get(a->root, "liver"));

    a->reader = hep_json_string(hep_json_get(a->root, "reader"));
    a->blind = hep_json_bool(hep_json_get(a->root, "blind"), false);
    if (is_given(hep_json_get(a->root, "liver")) &&
        (liver == NULL || (strcmp(liver, "right") != 0 && strcmp(liver, "wrong") != 0)))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: liver '%.40s' is neither right nor wrong", path,
                        liver != NULL ? liver : "");
    a->liver = liver;
    return read_comment(&a->comment, hep_json_get(a->root, "comment"), path, err);
}

int hep_answers_read(struct hep_answers *out, const char *path, const struct hep_answers_of *of,
                     struct hep_error *err)
{
    const struct hep_json *lesions, *drawing;
    int rc = hep_json_read(&out->root, path, err);

    if (rc == HEP_OK)
        rc = check_result(out, path, of, err);
    if (rc == HEP_OK)
        rc = read_whole(out, path, err);
    if (rc == HEP_OK)
        rc = hep_review_check_reader(out->reader != NULL ? out->reader : "", err);
    lesions = hep_json_get(out->root, "lesions");
    drawing = hep_json_get(out->root, "drawing");
    if (rc == HEP_OK && hep_json_type(lesions) != HEP_JSON_ARRAY)
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: no list of lesions", path);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(lesions); i++)
        rc = read_one(out, hep_json_at(lesions, i), path, of, err);
    if (rc == HEP_OK)
        rc = read_drawing(&out->lesions, hep_json_get(drawing, "lesions"), path, "the lesions", of,
                          err);
    if (rc == HEP_OK)
        rc = read_drawing(&out->liver_mask, hep_json_get(drawing, "liver"), path, "the liver", of,
                          err);
    return rc == HEP_OK ? check_drawn(out, path, err) : rc;
}
