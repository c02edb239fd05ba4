#include "sequences/candidate.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "sequences/lines.h"
#include "sequences/sidecar.h"

enum { MAX_FILES = 5000, MAX_DEPTH = 6, MAX_FOLDERS = 5000, LONGEST_NAME = 256 };

/* A quaternion rounds to hundredths of a millimetre; half a small voxel is another place. */
static const double forms_apart_max_mm = 0.5;

static void candidate_release(struct hep_study_file *c)
{
    free(c->path);
    free(c->rel);
    free(c->stem);
    free(c->bval);
    free(c->bvec);
    free(c->fault);
    hep_acquisition_release(&c->acquisition);
    for (int r = 0; r < HEP_ROLE_COUNT; r++)
        hep_lines_release(&c->reasons[r]);
    hep_lines_release(&c->warnings);
}

void hep_study_files_release(struct hep_study_files *c)
{
    for (size_t i = 0; i < c->n; i++)
        candidate_release(&c->item[i]);
    free(c->item);
    hep_lines_release(&c->left_out);
    *c = (struct hep_study_files){ 0 };
}

static int leave_out(struct hep_study_files *c, const char *rel, struct hep_error *err)
{
    return hep_lines_addf(&c->left_out, err, "%s is not a regular file: left out", rel);
}

/** A symbolic link to something that is not below `bounds`. */
static bool leads_out(const char *path, const char *bounds)
{
    char *real = bounds != NULL && hep_is_link(path) ? realpath(path, NULL) : NULL;
    size_t n = bounds != NULL ? strlen(bounds) : 0;
    bool out = real != NULL && n > 1 &&
               (strncmp(real, bounds, n) != 0 || (real[n] != '/' && real[n] != '\0'));

    free(real);
    return out;
}

int hep_study_files_add(struct hep_study_files *out, const char *path, const char *rel,
                        bool derivative, struct hep_error *err)
{
    struct hep_study_file *c;

    if (out->n >= MAX_FILES)
        return HEP_FAIL(err, HEP_EDATA, "%s: more than %d NIfTI files: not one study", path,
                        MAX_FILES);
    if (HEP_GROW(out->item, out->n, err) != HEP_OK)
        return HEP_ENOMEM;
    c = &out->item[out->n++];
    c->derivative = derivative;
    hep_acquisition_init(&c->acquisition);
    c->path = hep_strdup(path, err);
    c->rel = hep_strdup(rel, err);
    c->stem = hep_nifti_base(hep_path_base(path), err);
    if (c->path == NULL || c->rel == NULL || c->stem == NULL)
        return HEP_ENOMEM;
    if (hep_bids_name_parse(&c->bids, c->stem))
        hep_bids_settle_suffix(&c->bids);
    return HEP_OK;
}

void hep_study_files_drop(struct hep_study_files *c, const char *rel)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->item[i].rel, rel) == 0)
            candidate_release(&c->item[i]);
        else
            c->item[kept++] = c->item[i];
    }
    c->n = kept;
}

/** A dataset whose description says that Hepar made it: results and truth, never input. */
static int made_by_hepar(bool *made, const char *dir, struct hep_error *err)
{
    char *path = hep_path_join(dir, "dataset_description.json", err);
    struct hep_error local = { 0 };
    struct hep_json *root = NULL;
    int rc = path ? HEP_OK : HEP_ENOMEM;

    *made = false;
    if (rc == HEP_OK && hep_is_file(path) && hep_json_read(&root, path, &local) != HEP_OK)
        rc = local.code;
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(hep_json_get(root, "GeneratedBy")); i++) {
        const struct hep_json *by = hep_json_at(hep_json_get(root, "GeneratedBy"), i);
        const char *name = hep_json_string(hep_json_get(by, "Name"));

        *made = *made || (name != NULL && hep_contains_nocase(name, "hepar"));
    }
    hep_json_free(root);
    free(path);
    if (rc == HEP_ENOMEM)
        return HEP_FAIL(err, rc, "no memory to look at %s", dir);
    return HEP_OK; /* a description that cannot be read is not one of Hepar's */
}

static int is_left_out(bool *out, const char *name, const char *path, struct hep_error *err)
{
    *out = true;
    if (name[0] == '.' || strcmp(name, "derivatives") == 0 || strcmp(name, "sourcedata") == 0)
        return HEP_OK;
    return made_by_hepar(out, path, err);
}

/** Only masks and label maps count in derivatives; label maps of lesions are somebody's reading. */
static bool is_wanted_derivative(const char *name)
{
    struct hep_bids_name b;
    char stem[LONGEST_NAME];
    size_t n = strlen(name) - strlen(hep_nifti_extension(name));

    if (n >= sizeof stem)
        return false;
    (void)memcpy(stem, name, n);
    stem[n] = '\0';
    if (!hep_bids_name_parse(&b, stem))
        return false;
    return (strcmp(b.suffix, "mask") == 0 && strcmp(b.label, "liver") == 0) ||
           (strcmp(b.suffix, "dseg") == 0 && (b.label[0] == '\0' || strcmp(b.label, "liver") == 0));
}

/** Folders that are still to be looked at. */
struct pending {
    char *path, *rel;
    int depth;
};
struct walk {
    struct hep_study_files *out;
    bool derivative;
    struct pending *pending;
    size_t n, done;
    struct hep_error *err;
};

/** Takes the texts over, also when it fails. */
static int push_folder(struct walk *w, char *path, char *rel, int depth)
{
    int rc = path == NULL || rel == NULL ? HEP_ENOMEM : HEP_GROW(w->pending, w->n, w->err);

    if (rc == HEP_OK && w->n >= MAX_FOLDERS)
        rc = HEP_FAIL(w->err, HEP_EDATA, "%s: more than %d folders: not one study", path,
                      MAX_FOLDERS);
    if (rc == HEP_OK) {
        w->pending[w->n++] = (struct pending){ path, rel, depth };
        return HEP_OK;
    }
    free(path);
    free(rel);
    return rc;
}

static int walk_entry(struct walk *w, const struct pending *in, const char *name, bool is_dir,
                      bool is_special)
{
    bool left_out = !is_dir || in->depth >= MAX_DEPTH;
    char *path = hep_path_join(in->path, name, w->err);
    char *inner = *in->rel ? hep_path_join(in->rel, name, w->err) : hep_strdup(name, w->err);
    int rc = HEP_OK;

    if (path == NULL || inner == NULL)
        rc = HEP_ENOMEM;
    else if (!left_out)
        rc = is_left_out(&left_out, name, path, w->err);
    if (rc == HEP_OK && (is_dir ? !left_out : hep_nifti_extension(name) != NULL && !is_special) &&
        leads_out(path, w->out->bounds)) {
        rc = hep_lines_addf(&w->out->left_out, w->err,
                            "%s is a link that leads out of the study: left out (--follow-links "
                            "reads it)",
                            inner);
        free(path);
        free(inner);
        return rc;
    }
    if (rc == HEP_OK && !left_out)
        return push_folder(w, path, inner, in->depth + 1);
    if (rc == HEP_OK && !is_dir && name[0] != '.' && hep_nifti_extension(name) != NULL &&
        (!w->derivative || is_wanted_derivative(name)))
        rc = is_special ? leave_out(w->out, inner, w->err)
                        : hep_study_files_add(w->out, path, inner, w->derivative, w->err);
    if (rc == HEP_OK && !is_dir && !w->derivative && name[0] != '.' && hep_ends_with(name, ".hdr"))
        rc = hep_lines_addf(&w->out->left_out, w->err,
                            "%s: a .hdr/.img pair is not read: convert it to one .nii file", inner);
    free(path);
    free(inner);
    return rc;
}

static int walk_folder(struct hep_study_files *out, const char *dir, const char *rel,
                       bool derivative, struct hep_error *err)
{
    struct walk w = { .out = out, .derivative = derivative, .err = err };
    int rc = push_folder(&w, hep_strdup(dir, err), hep_strdup(rel, err), 0);

    while (rc == HEP_OK && w.done < w.n) {
        struct hep_listing list = { 0 };
        struct pending in = w.pending[w.done++];

        rc = hep_listing_read(&list, in.path, err);
        for (size_t i = 0; rc == HEP_OK && i < list.n; i++)
            rc = walk_entry(&w, &in, list.names[i], list.is_dir[i], list.is_special[i]);
        hep_listing_release(&list);
    }
    for (size_t i = 0; i < w.n; i++) {
        free(w.pending[i].path);
        free(w.pending[i].rel);
    }
    free(w.pending);
    return rc;
}

int hep_study_files_collect(struct hep_study_files *out, const char *study, struct hep_error *err)
{
    return walk_folder(out, study, "", false, err);
}

/** Name the images of one folder that belong to no session. */
static int note_folder(struct hep_study_files *c, const char *subject, const char *folder,
                       struct hep_error *err)
{
    char *dir = hep_path_join(subject, folder, err);
    struct hep_listing list = { 0 };
    int rc = dir == NULL ? HEP_ENOMEM : hep_listing_read(&list, dir, err);

    for (size_t i = 0; rc == HEP_OK && i < list.n; i++)
        if (!list.is_dir[i] && list.names[i][0] != '.' &&
            hep_nifti_extension(list.names[i]) != NULL)
            rc = hep_lines_addf(&c->left_out, err,
                                "../%s%s%s lies beside the sessions of the subject, in none of "
                                "them: left out",
                                folder, folder[0] != '\0' ? "/" : "", list.names[i]);
    hep_listing_release(&list);
    free(dir);
    return rc;
}

int hep_study_files_note_beside(struct hep_study_files *c, const char *session,
                                struct hep_error *err)
{
    char *subject = hep_path_join(session, "..", err);
    struct hep_listing list = { 0 };
    int rc = subject == NULL ? HEP_ENOMEM : note_folder(c, subject, "", err);

    if (rc == HEP_OK)
        rc = hep_listing_read(&list, subject, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++)
        if (list.is_dir[i] && list.names[i][0] != '.' && !hep_starts_with(list.names[i], "ses-"))
            rc = note_folder(c, subject, list.names[i], err);
    hep_listing_release(&list);
    free(subject);
    return rc;
}

static int collect_one_derivative(struct hep_study_files *out, const char *dataset,
                                  const char *name, const char *subject, const char *session,
                                  struct hep_error *err)
{
    char *dir = hep_path_join(dataset, name, err);
    char *rel = NULL, *folder = NULL;
    bool left_out = true;
    int rc;

    if (dir == NULL)
        return HEP_ENOMEM;
    rc = is_left_out(&left_out, name, dir, err);
    if (rc != HEP_OK || left_out || strcmp(name, "truth") == 0)
        goto out;
    folder = session ? hep_asprintf(err, "%s/sub-%s/ses-%s", dir, subject, session)
                     : hep_asprintf(err, "%s/sub-%s", dir, subject);
    rel = session ? hep_asprintf(err, "../../derivatives/%s/sub-%s/ses-%s", name, subject, session)
                  : hep_asprintf(err, "../derivatives/%s/sub-%s", name, subject);
    if (folder == NULL || rel == NULL)
        rc = HEP_ENOMEM;
    else if (hep_is_dir(folder))
        rc = walk_folder(out, folder, rel, true, err);
out:
    free(dir);
    free(rel);
    free(folder);
    return rc;
}

int hep_study_files_collect_derivatives(struct hep_study_files *out, const char *root,
                                        const char *subject, const char *session,
                                        struct hep_error *err)
{
    struct hep_listing list = { 0 };
    char *dir = hep_path_join(root, "derivatives", err);
    int rc = HEP_OK;

    if (dir == NULL)
        return HEP_ENOMEM;
    if (hep_is_dir(dir))
        rc = hep_listing_read(&list, dir, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++)
        if (list.is_dir[i])
            rc = collect_one_derivative(out, dir, list.names[i], subject, session, err);
    hep_listing_release(&list);
    free(dir);
    return rc;
}

/** The message without the folder that holds the study, or without the folders of a file of the
 * dataset above it: nothing of where they lie gets into a result. */
static int set_fault(struct hep_study_file *file, const char *message, struct hep_error *err)
{
    const size_t folder = (size_t)(hep_path_base(file->path) - file->path),
                 inside = (size_t)(hep_path_base(file->rel) - file->rel);
    const char *at = message;

    while (folder > 0 && *at != '\0' && strncmp(at, file->path, folder) != 0)
        at++;
    if (folder > 0 && *at != '\0') {
        file->fault = hep_asprintf(err, "%.*s%.*s%s", (int)(at - message), message, (int)inside,
                                   file->rel, at + folder);
    } else {
        const char *path = strchr(message, '/'), *name = path;
        size_t n = path != NULL && (path == message || path[-1] == ' ') ? strcspn(path, ":") : 0;

        for (size_t i = 0; i < n; i++)
            name = path[i] == '/' ? path + i + 1 : name;
        file->fault = n == 0 ? hep_strdup(message, err)
                             : hep_asprintf(err, "%.*s%s", (int)(path - message), message, name);
    }
    return file->fault ? HEP_OK : HEP_ENOMEM;
}

/** The companions of an image that are links out of the study. */
static int check_companions(const struct hep_study_file *file, const char *bounds,
                            struct hep_error *broken)
{
    static const char *const extensions[] = { ".json", ".bval", ".bvec" };
    const char *extension = hep_nifti_extension(file->path);
    const int stem = (int)(strlen(file->path) - (extension != NULL ? strlen(extension) : 0));
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof extensions / sizeof *extensions; i++) {
        char *path = hep_asprintf(broken, "%.*s%s", stem, file->path, extensions[i]);

        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (leads_out(path, bounds))
            rc = HEP_FAIL(broken, HEP_EDATA,
                          "%s: a link that leads out of the study (--follow-links reads it)", path);
        free(path);
    }
    return rc;
}

static int inspect(struct hep_study_file *file, const char *bounds, struct hep_error *err)
{
    struct hep_error broken = { 0 };
    int rc = check_companions(file, bounds, &broken);

    if (rc == HEP_OK && hep_is_dangling(file->path))
        rc = HEP_FAIL(&broken, HEP_ENOENT, "%s: a link to a file that is not there", file->path);
    if (rc == HEP_OK)
        rc = hep_nifti_info_unplaced(&file->info, file->path, &broken);
    if (rc == HEP_OK && file->info.forms_apart_mm > forms_apart_max_mm)
        rc = hep_lines_addf(&file->warnings, &broken,
                            "sform and qform place it %.0f mm apart: the sform counts",
                            file->info.forms_apart_mm);
    if (rc == HEP_OK)
        rc = hep_nifti_check_whole(file->path, &broken);
    if (rc == HEP_OK)
        rc = hep_sidecar_best(&file->bval, file->path, ".bval", &broken);
    if (rc == HEP_OK)
        rc = hep_sidecar_best(&file->bvec, file->path, ".bvec", &broken);
    if (rc == HEP_OK)
        rc = hep_sidecar_read(&file->acquisition, &file->has_sidecar, file->path, &broken);
    if (rc == HEP_ENOMEM)
        return HEP_FAIL(err, HEP_ENOMEM, "%s", broken.msg);
    return rc == HEP_OK ? HEP_OK : set_fault(file, broken.msg, err);
}

static bool is_unplaced(const struct hep_study_file *file)
{
    return file->fault == NULL && file->info.grid.unplaced;
}

static int refuse_place(struct hep_study_file *file, const char *why, struct hep_error *err)
{
    char text[400];

    (void)snprintf(text, sizeof text, "%s: no orientation: sform_code %d and qform_code %d%s",
                   file->path, file->info.sform_code, file->info.qform_code, why);
    return set_fault(file, text, err);
}

/* The file on whose grid most files without orientation lie; SIZE_MAX where one has an orientation, which others can only
 * be combined with by theirs. */
static size_t find_common_grid(const struct hep_study_files *c)
{
    size_t best = SIZE_MAX, most = 0;

    for (size_t i = 0; i < c->n; i++) {
        size_t same = 0;

        if (c->item[i].fault == NULL && !c->item[i].info.grid.unplaced)
            return SIZE_MAX;
        for (size_t k = 0; is_unplaced(&c->item[i]) && k < c->n; k++)
            same += is_unplaced(&c->item[k]) &&
                    hep_grid_same(&c->item[i].info.grid, &c->item[k].info.grid, HEP_GRID_TOL_MM);
        if (same > most) {
            most = same;
            best = i;
        }
    }
    return best;
}

/* Images of one grid need no orientation to be combined, and a single one needs none at all. */
static int settle_places(struct hep_study_files *c, struct hep_error *err)
{
    const size_t best = find_common_grid(c);
    struct hep_grid grid = { 0 };
    int rc = HEP_OK;

    if (best != SIZE_MAX)
        grid = c->item[best].info.grid;
    for (size_t i = 0; rc == HEP_OK && i < c->n; i++) {
        struct hep_study_file *file = &c->item[i];

        if (!is_unplaced(file))
            continue;
        if (best == SIZE_MAX) {
            rc = refuse_place(file, ", one must be above 0 (hepar fit needs none)", err);
        } else if (!hep_grid_same(&grid, &file->info.grid, HEP_GRID_TOL_MM)) {
            rc = refuse_place(file,
                              ", and another grid than the other images, with which it cannot be "
                              "brought together (hepar fit needs none)",
                              err);
        } else {
            file->info.grid.unplaced = false;
            c->places_assumed = true;
        }
    }
    if (rc == HEP_OK && c->places_assumed)
        rc = hep_lines_addf(
            &c->left_out, err,
            "no image has an orientation (sform_code and qform_code 0): those of one "
            "grid are used as if their axes led to the right, to the front and up; "
            "left and right may be exchanged");
    return rc;
}

int hep_study_files_inspect(struct hep_study_files *c, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < c->n; i++)
        rc = inspect(&c->item[i], c->bounds, err);
    return rc == HEP_OK ? settle_places(c, err) : rc;
}
