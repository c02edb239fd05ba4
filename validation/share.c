#include "validation/share.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz.h"
#include "base/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- archive: POSIX.1-1988 ustar, one header of 512 bytes before each file ------------------------------------- */

enum { BLOCK = 512, GZIP_LEVEL = 6 };

static void put_octal(char *field, size_t width, size_t value)
{
    char digits[32];

    (void)snprintf(digits, sizeof digits, "%0*zo", (int)width - 1, value);
    memcpy(field, digits, width - 1);
}

static void add_file(struct hep_str *out, const struct hep_shared_file *f)
{
    static const char zeros[BLOCK];
    char head[BLOCK] = { 0 };
    size_t sum = 0;

    (void)snprintf(head, 100, "%s", f->name);
    put_octal(head + 100, 8, 0644);
    put_octal(head + 108, 8, 0);
    put_octal(head + 116, 8, 0);
    put_octal(head + 124, 12, f->n);
    put_octal(head + 136, 12, 0);
    head[156] = '0';
    (void)snprintf(head + 257, 8, "ustar"); /* and two digits of the version, without an end */
    head[263] = '0';
    head[264] = '0';
    memset(head + 148, ' ', 8); /* the sum counts its own field as blanks */
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)head[i];
    put_octal(head + 148, 7, sum);
    hep_str_addn(out, head, BLOCK);
    hep_str_addn(out, f->data, f->n);
    hep_str_addn(out, zeros, (BLOCK - f->n % BLOCK) % BLOCK);
}

int hep_share_write(const char *path, const struct hep_shared_file *files, size_t n,
                    struct hep_error *err)
{
    static const char end[2 * BLOCK];
    struct hep_str tar = { 0 };
    unsigned char *packed = NULL;
    size_t n_packed = 0;
    int rc;

    for (size_t i = 0; i < n; i++)
        add_file(&tar, &files[i]);
    hep_str_addn(&tar, end, sizeof end);
    rc = hep_str_check(&tar, err);
    if (rc == HEP_OK)
        rc = hep_gz_deflate(&packed, &n_packed, tar.s, tar.len, GZIP_LEVEL, 1, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, packed, n_packed, err);
    free(packed);
    hep_str_release(&tar);
    return rc;
}

/* ---- lesions --------------------------------------------------------------------------------- */

struct shared_row {
    size_t study, person;
    const char *kind, *word, *class, *called;
    double long_axis_mm, probability, score;
    size_t assessable;
};

#define S struct shared_row
static const struct hep_column columns[] = {
    { "study", HEP_COUNT(S, study) },
    { "person", HEP_COUNT(S, person) },
    { "kind", HEP_TEXT(S, kind) },
    { "class_of_the_set", HEP_TEXT(S, word) },
    { "class", HEP_TEXT(S, class) },
    { "called", HEP_TEXT(S, called) },
    { "long_axis_mm", HEP_NUMBER(S, long_axis_mm) },
    { "probability_metastasis", HEP_NUMBER(S, probability) },
    { "detection_score", HEP_NUMBER(S, score) },
    { "flags_assessable", HEP_COUNT(S, assessable) },
    { 0 },
};
#undef S

static void add_finding(struct shared_row *r, const struct hep_eval_finding *f)
{
    r->called = f->class != HEP_CLASS_COUNT ? hep_class_name(f->class) : NULL;
    r->probability = f->probability;
    r->score = f->detection_score;
    r->assessable = 0;
    for (int k = 0; k < HEP_FLAG_COUNT; k++)
        r->assessable += f->flags.given[k] && f->flags.state[k] != HEP_FLAG_NOT_ASSESSABLE;
}

static struct shared_row row_of(const struct hep_evaluated *e, size_t study, const char *kind)
{
    return (struct shared_row){ .study = study + 1,
                                .person = e->study[study].patient + 1,
                                .kind = kind,
                                .long_axis_mm = (double)NAN,
                                .probability = (double)NAN,
                                .score = (double)NAN,
                                .assessable = HEP_NO_COUNT };
}

int hep_share_lesions(struct hep_str *tsv, const struct hep_evaluated *e, struct hep_error *err)
{
    struct shared_row *rows = NULL;
    size_t n = 0;
    int rc = HEP_NEW(rows, e->n_lesions + e->n_findings + 1, err);
    struct hep_table table;

    if (rc != HEP_OK)
        return rc;
    for (size_t l = 0; l < e->n_lesions; l++) {
        const struct hep_eval_lesion *lesion = &e->lesion[l];
        const bool found = lesion->finding != HEP_NO_MATCH;

        rows[n] = row_of(e, lesion->study, found ? "found" : "missed");
        rows[n].word = e->lesion_note[l].given_class;
        rows[n].class = lesion->class != HEP_CLASS_COUNT ? hep_class_name(lesion->class) : NULL;
        rows[n].long_axis_mm = lesion->diameter_mm;
        if (found)
            add_finding(&rows[n], &e->finding[lesion->finding]);
        n++;
    }
    for (size_t i = 0; i < e->n_findings; i++) {
        if (e->finding[i].fate != HEP_FATE_FALSE)
            continue;
        rows[n] = row_of(e, e->finding[i].study, "false_positive");
        add_finding(&rows[n++], &e->finding[i]);
    }
    table = (struct hep_table)HEP_TABLE(NULL, columns, rows, n);
    hep_table_tsv(tsv, &table);
    free(rows);
    return hep_str_check(tsv, err);
}
