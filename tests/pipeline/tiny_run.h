/**
 * @file  pipeline/tiny_run.h
 * @brief Three made-up stages and a study of one small T2 series: the engine without the science.
 *
 * find (the series, and a struct of facts) -> make (a map, twice the series) -> tell (a file).
 */
#ifndef HEP_TESTS_TINY_RUN_H
#define HEP_TESTS_TINY_RUN_H

#include "sequences/study_files.h"
#include "support/support.h"

#include "base/json.h"
#include "pipeline/run.h"
#include "pipeline/stage.h"
#include "pipeline/study.h"

#include <math.h>
#include <stdlib.h>

struct tiny_facts {
    double third, unknown;
    char *note;
};
static const struct hep_member tiny_rows[] = {
    { HEP_IS_NUMBER(struct tiny_facts, third, "third", NULL, NULL) },
    { HEP_IS_NUMBER(struct tiny_facts, unknown, "unknown", NULL, NULL) },
    { HEP_IS_STRING(struct tiny_facts, note, "note", NULL) },
    { 0 }
};
static const struct hep_struct_type tiny_type = HEP_STRUCT_TYPE(struct tiny_facts, tiny_rows);

#define TINY_STRUCT .kind = HEP_SLOT_STRUCT, .shape = "-", .unit = HEP_UNIT_DIMENSIONLESS
static const struct hep_slot tiny_nothing[] = { { 0 } };
#define TINY_T2                                                                                    \
    {                                                                                              \
        .name = "t2", .kind = HEP_SLOT_SERIES, .shape = "xyz", .unit = HEP_UNIT_ARBITRARY,         \
        .optional = true                                                                           \
    }
static const struct hep_slot tiny_found[] = {
    TINY_T2, { .name = "facts", TINY_STRUCT, .optional = true, .type = &tiny_type }, { 0 }
};
static const struct hep_slot tiny_read[] = { TINY_T2,
                                             { .name = "facts", TINY_STRUCT, .optional = true },
                                             { 0 } };
static const struct hep_slot tiny_made[] = {
    { .name = "double",
      .kind = HEP_SLOT_VOLUME,
      .shape = "xyz",
      .unit = HEP_UNIT_S,
      .optional = true,
      .file = "anat/%s_desc-double_T2map",
      .doc = "twice the series" },
    { .name = "never", TINY_STRUCT, .optional = true, .type = &tiny_type },
    { 0 }
};
static const struct hep_slot tiny_last[] = { { .name = "double",
                                               .kind = HEP_SLOT_VOLUME,
                                               .shape = "xyz",
                                               .unit = HEP_UNIT_S,
                                               .optional = true },
                                             { .name = "facts", TINY_STRUCT, .optional = true },
                                             { 0 } };

/* What the stages did, and what they are to do. */
static struct {
    int found, made, told;
    bool fail;
    double third; /* as the last stage read it */
} tiny;

static int tiny_find(struct hep_run *run, struct hep_error *err)
{
    struct tiny_facts *f = hep_struct_new(&tiny_type, err);

    tiny.found++;
    f->third = 1.0 / 3.0;
    f->unknown = (double)INFINITY;
    f->note = hep_strdup("a note", err);
    hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "tiny", "found with doubt");
    return hep_run_put_struct(run, "facts", &tiny_type, f, err);
}

static int tiny_make(struct hep_run *run, struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    struct hep_volume *twice = NULL;
    int rc = hep_run_volume(run, "t2", &v, err);

    tiny.made++;
    if (tiny.fail)
        return HEP_FAIL(err, HEP_EDATA, "made to fail: with a colon");
    if (rc == HEP_OK)
        rc = hep_volume_copy(&twice, v, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&v->grid); i++)
        twice->data[i] *= 2.0F;
    hep_run_put_absent(run, "never", "nobody asked for it");
    return rc == HEP_OK ? hep_run_put_volume(run, "double", twice, NULL, err) : rc;
}

static int tiny_tell(struct hep_run *run, struct hep_error *err)
{
    const void *data = NULL;
    int rc = hep_run_struct(run, "facts", &tiny_type, &data, err);

    tiny.told++;
    tiny.third = data != NULL ? ((const struct tiny_facts *)data)->third : (double)NAN;
    return rc == HEP_OK ? hep_run_put_file(run, "told.txt", "abc", 3, err) : rc;
}

static const char *const tiny_fat[] = { "fat.", NULL };
static const char *const tiny_none[] = { NULL };
static const struct hep_stage tiny_find_stage = { .name = "find",
                                                  .summary = "",
                                                  .inputs = tiny_nothing,
                                                  .outputs = tiny_found,
                                                  .settings = tiny_none,
                                                  .run = tiny_find };
static const struct hep_stage tiny_make_stage = { .name = "make",
                                                  .summary = "",
                                                  .inputs = tiny_read,
                                                  .outputs = tiny_made,
                                                  .settings = tiny_fat,
                                                  .run = tiny_make };
static const struct hep_stage tiny_tell_stage = { .name = "tell",
                                                  .summary = "",
                                                  .inputs = tiny_last,
                                                  .outputs = tiny_nothing,
                                                  .settings = tiny_none,
                                                  .run = tiny_tell };
static const struct hep_stage *const tiny_stages[] = { &tiny_find_stage, &tiny_make_stage,
                                                       &tiny_tell_stage };

static char *tiny_dir;

static inline char *tiny_path(const char *name)
{
    return hep_path_join(tiny_dir, name, NULL);
}

static inline int tiny_setup(void **state)
{
    static const struct study_file files[] = {
        { "bids/sub-01/anat/sub-01_T2w", 1, "{\"EchoTime\": 0.08, \"RepetitionTime\": 3.5}" }
    };

    (void)state;
    tiny_dir = hep_test_mkdir();
    memset(&tiny, 0, sizeof tiny);
    study_write(tiny_dir, files, 1);
    return tiny_dir == NULL;
}

static inline int tiny_teardown(void **state)
{
    (void)state;
    hep_test_rmdir(tiny_dir);
    return 0;
}

/** Run the study into `out`; one setting "key=value" or NULL. */
static inline int tiny_run(struct hep_study_outcome *o, const char *out, const char *setting,
                           const volatile bool *stop, struct hep_error *err)
{
    char *study = tiny_path("bids/sub-01"), *to = tiny_path(out);
    const struct hep_study_request q = { .study = study,
                                         .stages = tiny_stages,
                                         .n_stages = 3,
                                         .protocol = "amri-noncontrast",
                                         .out = to,
                                         .settings = &setting,
                                         .n_settings = setting != NULL,
                                         .nthreads = 1,
                                         .reproducible = true,
                                         .stop = stop };
    int rc = hep_study_run(o, &q, NULL, NULL, err);

    free(study);
    free(to);
    return rc;
}

static inline struct hep_json *tiny_json(const char *name)
{
    char *path = tiny_path(name);
    struct hep_error e = { 0 };
    struct hep_json *json = NULL;

    assert_ok(hep_json_read(&json, path, &e), e);
    free(path);
    return json;
}

/** Entry of a list by the text of one of its members. */
static inline const struct hep_json *tiny_entry(const struct hep_json *list, const char *member,
                                                const char *text)
{
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const char *its = hep_json_string(hep_json_get(hep_json_at(list, i), member));

        if (its != NULL && strcmp(its, text) == 0)
            return hep_json_at(list, i);
    }
    fail_msg("no entry with %s %s", member, text);
    return NULL;
}

#endif
