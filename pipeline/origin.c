#include "pipeline/origin.h"

#include "base/file.h"
#include "base/text.h"
#include "terms/role.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NAME_BYTES 256

int hep_origin_folder(char hex[HEP_SHA256_HEX], const char *study, struct hep_error *err)
{
    char real[PATH_MAX];

    if (realpath(study, real) == NULL)
        return HEP_FAIL(err, HEP_EIO, "%s: cannot be resolved: %s", study, strerror(errno));
    return hep_sha256_memory(hex, real, strlen(real), err);
}

/* ---- what is in the folder ----------------------------------------------------------------- */

struct holdings {
    bool exists, is_folder;
    bool has_record;          /* there is a LABEL_run.json */
    struct hep_json *record;  /* owned; NULL when it cannot be read, or is none of Hepar's */
    bool is_result;           /* the record is that of a run that succeeded */
    char session[NAME_BYTES]; /* a folder ses-*; empty when there is none */
    char other[NAME_BYTES];   /* the first name that is no record of a run; empty: none */
};

static void holdings_release(struct holdings *h)
{
    hep_json_free(h->record);
    *h = (struct holdings){ 0 };
}

static void note_name(char out[NAME_BYTES], const char *name)
{
    if (out[0] == '\0')
        (void)snprintf(out, NAME_BYTES, "%s", name);
}

static void read_record(struct holdings *h, const char *folder, const char *name)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(folder, name, &e);
    const char *state;

    h->has_record = true;
    if (path == NULL || hep_json_read(&h->record, path, &e) != HEP_OK)
        h->record = NULL;
    state = hep_json_string(hep_json_get(h->record, "state"));
    h->is_result = state != NULL && strcmp(state, "done") == 0;
    if (state == NULL || (!h->is_result && strcmp(state, "failed") != 0)) {
        hep_json_free(h->record);
        h->record = NULL;
    }
    free(path);
}

static int look(struct holdings *h, const char *folder, const char *label, struct hep_error *err)
{
    char *run = hep_asprintf(err, "%s_run.json", label);
    char *failed = hep_asprintf(err, "%s_failed.json", label);
    struct hep_listing list = { 0 };
    struct stat st;
    int rc = HEP_OK;

    *h = (struct holdings){ 0 };
    h->exists = lstat(folder, &st) == 0;
    h->is_folder = h->exists && hep_is_dir(folder);
    if (run == NULL || failed == NULL)
        rc = HEP_ENOMEM;
    else if (h->is_folder)
        rc = hep_listing_read(&list, folder, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        const char *name = list.names[i];

        if (strcmp(name, run) == 0)
            read_record(h, folder, name);
        else if (list.is_dir[i] && hep_starts_with(name, "ses-"))
            note_name(h->session, name);
        else if (strcmp(name, failed) != 0 && !(name[0] == '.' && hep_ends_with(name, ".tmp")))
            note_name(h->other, name);
    }
    hep_listing_release(&list);
    free(run);
    free(failed);
    return rc;
}

/* ---- whose it is --------------------------------------------------------------------------- */

/* The images of a run, from its record or from the run.json of an earlier one. */
struct images {
    const struct hep_record *record; /* one of the two is set */
    const struct hep_json *inputs;
    size_t n; /* entries, masks included */
};

/* Hash of the i-th entry; NULL when it is a mask, or says nothing. */
static const char *image_hash(const struct images *m, size_t i, const char **name)
{
    const struct hep_json *entry = hep_json_at(m->inputs, i);
    const char *role = m->record != NULL ? m->record->inputs[i].role
                                         : hep_json_string(hep_json_get(entry, "role"));
    const char *hash = m->record != NULL ? m->record->inputs[i].sha256
                                         : hep_json_string(hep_json_get(entry, "sha256"));
    enum hep_role known = HEP_ROLE_UNKNOWN;

    *name = m->record != NULL ? m->record->inputs[i].path
                              : hep_json_string(hep_json_get(entry, "path"));
    if (role == NULL || hash == NULL || strlen(hash) != HEP_SHA256_HEX - 1 ||
        hep_role_from_name(&known, role, NULL) != HEP_OK || hep_role_is_mask(known))
        return NULL;
    return hash;
}

static bool has_image(const struct images *m, const char *hash)
{
    const char *name;

    for (size_t i = 0; i < m->n; i++) {
        const char *own = image_hash(m, i, &name);

        if (own != NULL && strcmp(own, hash) == 0)
            return true;
    }
    return false;
}

static bool is_same_study(const struct hep_record *mine, const struct hep_json *record,
                          const struct images *my_images, const struct images *its_images)
{
    const char *folder = hep_json_string(hep_json_get(record, "study_folder_sha256")), *name;

    if (folder != NULL && mine->study_folder_sha256[0] != '\0' &&
        strcmp(folder, mine->study_folder_sha256) == 0)
        return true;
    for (size_t i = 0; i < my_images->n; i++) {
        const char *hash = image_hash(my_images, i, &name);

        if (hash != NULL && has_image(its_images, hash))
            return true;
    }
    return false;
}

/* A study by its images: "dwi.nii.gz 3f2a91c0 and 8 more". */
static void describe(char *out, size_t n, const struct images *m)
{
    const char *first = NULL, *first_name = NULL;
    size_t count = 0;

    for (size_t i = 0; i < m->n; i++) {
        const char *name, *hash = image_hash(m, i, &name);

        if (hash == NULL)
            continue;
        if (count++ == 0) {
            first = hash;
            first_name = name;
        }
    }
    if (first == NULL)
        (void)snprintf(out, n, "no images");
    else if (count == 1)
        (void)snprintf(out, n, "%.60s %.8s", first_name != NULL ? first_name : "?", first);
    else
        (void)snprintf(out, n, "%.60s %.8s and %zu more", first_name != NULL ? first_name : "?",
                       first, count - 1);
}

static int check_study(const struct hep_record *mine, const char *study, const char *folder,
                       const struct hep_json *record, struct hep_error *err)
{
    const struct hep_json *inputs = hep_json_get(record, "inputs");
    const struct images my_images = { .record = mine, .n = mine->n_inputs },
                        its_images = { .inputs = inputs, .n = hep_json_size(inputs) };
    char me[128], it[128];

    if (is_same_study(mine, record, &my_images, &its_images))
        return HEP_OK;
    describe(me, sizeof me, &my_images);
    describe(it, sizeof it, &its_images);
    return HEP_FAIL(
        err, HEP_ECREAT,
        "%s holds the result of another study (%s), which has no image in common with "
        "%s (%s): not replaced (--label gives this one another name, --replace replaces it)",
        folder, it, study, me);
}

/* Where `inner` lies below `outer`: "" when they are the same, NULL when it lies elsewhere. Points
 * into `real`. */
static const char *path_below(char real[PATH_MAX], const char *inner, const char *outer)
{
    char out[PATH_MAX];
    size_t n;

    if (realpath(inner, real) == NULL || realpath(outer, out) == NULL)
        return NULL;
    n = strlen(out);
    if (strncmp(real, out, n) != 0 || (real[n] != '\0' && real[n] != '/' && out[n - 1] != '/'))
        return NULL;
    return real + n + (real[n] == '/');
}

static bool is_output(const struct hep_json *record, const char *relative)
{
    const struct hep_json *outputs = hep_json_get(record, "outputs");

    for (size_t i = 0; i < hep_json_size(outputs); i++) {
        const char *path = hep_json_string(hep_json_get(hep_json_at(outputs, i), "path"));

        if (path != NULL && strcmp(path, relative) == 0)
            return true;
    }
    return false;
}

/* A mask that somebody drew and left in the result's folder would be removed with the result. What
 * Hepar wrote there itself is written again. */
static int check_inputs(const struct holdings *h, const struct hep_record *mine, const char *folder,
                        struct hep_error *err)
{
    char real[PATH_MAX];

    for (size_t i = 0; i < mine->n_inputs; i++) {
        const char *below = path_below(real, mine->inputs[i].file, folder);

        if (below != NULL && !is_output(h->record, below))
            return HEP_FAIL(err, HEP_ECREAT,
                            "%s holds %s, which this run reads and which would be removed with the "
                            "earlier result: move it elsewhere",
                            folder, below);
    }
    return HEP_OK;
}

/* What --replace does not replace either. */
static int check_never(const struct holdings *h, const struct hep_record *mine, const char *study,
                       const char *folder, struct hep_error *err)
{
    char real[PATH_MAX];

    if (!h->is_folder)
        return HEP_FAIL(err, HEP_ECREAT, "%s: a file is in the way of the study's folder", folder);
    if (path_below(real, study, folder) != NULL)
        return HEP_FAIL(err, HEP_ECREAT,
                        "%s holds the study itself (%s): name another output folder", folder,
                        study);
    if (h->session[0] != '\0')
        return HEP_FAIL(err, HEP_ECREAT,
                        "%s holds a session (%s): the result of %s, which names no session, would "
                        "take its place; name another output folder",
                        folder, h->session, study);
    return check_inputs(h, mine, folder, err);
}

static int check_holdings(const struct holdings *h, const struct hep_record *mine,
                          const char *study, const char *folder, const char *label,
                          struct hep_error *err)
{
    if (h->is_result)
        return check_study(mine, study, folder, h->record, err);
    if (h->has_record && h->record == NULL)
        return HEP_FAIL(err, HEP_ECREAT,
                        "%s: %s_run.json cannot be read, so nothing tells that the result is one "
                        "of %s: not replaced (--replace replaces it)",
                        folder, label, study);
    if (h->other[0] != '\0')
        return HEP_FAIL(err, HEP_ECREAT,
                        "%s holds files (%s) and no result of Hepar: the result of %s does not "
                        "take their place (--replace replaces them)",
                        folder, h->other, study);
    return HEP_OK;
}

int hep_origin_check(struct hep_json **earlier, const struct hep_record *mine, const char *study,
                     const char *folder, const char *label, bool replace, struct hep_error *err)
{
    struct holdings h;
    int rc = look(&h, folder, label, err);

    *earlier = NULL;
    if (rc == HEP_OK && h.exists)
        rc = check_never(&h, mine, study, folder, err);
    if (rc == HEP_OK && h.exists && !replace)
        rc = check_holdings(&h, mine, study, folder, label, err);
    if (rc == HEP_OK) {
        *earlier = h.record;
        h.record = NULL;
    }
    holdings_release(&h);
    return rc;
}

char *hep_origin_failure_path(const char *folder, const char *label)
{
    struct holdings h;
    struct hep_error e = { 0 };
    char *path = NULL;

    if (look(&h, folder, label, &e) == HEP_OK &&
        (!h.exists || (h.is_folder && (h.has_record || (h.other[0] == '\0' && !h.session[0])))))
        path = hep_asprintf(&e, "%s/%s_%s.json", folder, label,
                            h.is_result || (h.has_record && h.record == NULL) ? "failed" : "run");
    holdings_release(&h);
    return path;
}
