#include "datasets/study.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "dicom/folder.h"
#include "image/nifti.h"

#include <math.h>
#include <stdlib.h>

/* Numbers in a header are rounded to a hundredth at worst; another size of voxels differs by more. */
#define SPACING_TOLERANCE 0.05
/* Slices may be further apart than they are thick: gaps of two-dimensional sequences reach half a slice. */
#define GAP_MAX 0.5

void hep_study_work_release(struct hep_study_work *w)
{
    for (size_t i = 0; i < w->n_placed; i++)
        free(w->placed[i].relative);
    free(w->placed);
    free(w->study);
    free(w->truth);
    free(w->given);
    *w = (struct hep_study_work){ 0 };
}

/* ---- grids ----------------------------------------------------------------------------------- */

static bool agrees(double header, double stated, bool across)
{
    const double ratio = header / stated;

    return ratio >= 1.0 - SPACING_TOLERANCE &&
           ratio <= 1.0 + SPACING_TOLERANCE + (across ? GAP_MAX : 0.0);
}

int hep_stated_grid(struct hep_grid *grid, double spacing_mm[3], char differs[200],
                    const struct hep_case_series *s, enum hep_spacing_trust trust,
                    struct hep_error *err)
{
    struct hep_nifti_info info;
    double header[3];
    int rc = hep_nifti_info(&info, s->path, err);

    differs[0] = '\0';
    if (rc != HEP_OK)
        return rc;
    *grid = info.grid;
    hep_grid_spacing(header, grid);
    for (int k = 0; k < 3; k++)
        spacing_mm[k] = isfinite(s->spacing_mm[k]) ? header[k] : (double)NAN;
    if (!isfinite(s->spacing_mm[0] + s->spacing_mm[1] + s->spacing_mm[2]) ||
        (agrees(header[0], s->spacing_mm[0], false) && agrees(header[1], s->spacing_mm[1], false) &&
         agrees(header[2], s->spacing_mm[2], true)))
        return HEP_OK;
    (void)snprintf(
        differs, 200,
        "the header has voxels of %.3g x %.3g x %.3g mm, the boxes' file %.3g x %.3g x %.3g mm",
        header[0], header[1], header[2], s->spacing_mm[0], s->spacing_mm[1], s->spacing_mm[2]);
    for (int k = 0; trust == HEP_SPACING_ANNOTATION && k < 3; k++) {
        spacing_mm[k] = s->spacing_mm[k];
        for (int i = 0; i < 3; i++)
            grid->to_world[i][k] *= s->spacing_mm[k] / header[k];
    }
    return HEP_OK;
}

/* ---- images ---------------------------------------------------------------------------------- */

/* Folder and end of the BIDS name of a role. */
static const char *suffix_of(enum hep_role role, const char **folder)
{
    *folder = role == HEP_ROLE_DWI ? "dwi" : "anat";
    if (role == HEP_ROLE_DWI)
        return "dwi";
    if (role == HEP_ROLE_T2)
        return "T2w";
    if (role == HEP_ROLE_OPPOSED)
        return "acq-opposed_T1w";
    return role == HEP_ROLE_IN_PHASE ? "acq-inphase_T1w" : NULL;
}

/* "anat/sub-01_acq-pv_T1w", without its ending. */
static char *stem_of(const struct hep_study_work *w, const struct hep_case_series *s,
                     struct hep_error *err)
{
    const enum hep_role role = s->row->role;
    const char *folder, *suffix = suffix_of(role, &folder);
    const char *series = hep_captures_get(&s->words, "series");

    if (suffix != NULL)
        return hep_asprintf(err, "%s/%s_%s", folder, w->label, suffix);
    if (hep_role_acq(role) != NULL)
        return hep_asprintf(err, "anat/%s_acq-%s_T1w", w->label, hep_role_acq(role));
    /* No name of BIDS: a suffix would tell the inventory what it has to find. */
    return hep_asprintf(err, "anat/series%s", series != NULL ? series : "");
}

static int convert(char **path, struct hep_study_work *w, const struct hep_case_series *s,
                   const char *stem, struct hep_error *err)
{
    char *work = hep_asprintf(err, "%s/.converting", w->study);
    char *full = hep_path_join(w->study, stem, err);
    int rc = work != NULL && full != NULL ? hep_dicom_folder(s->path, full, work, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        *path = hep_asprintf(err, "%s.nii.gz", full);
    free(work);
    free(full);
    return rc == HEP_OK && *path == NULL ? HEP_ENOMEM : rc;
}

static int carry(char **path, struct hep_study_work *w, const struct hep_case_series *s,
                 const char *stem, struct hep_error *err)
{
    enum hep_carry done = HEP_CARRY_AUTO;
    int rc;

    *path = hep_asprintf(err, "%s/%s%s", w->study, stem,
                         hep_ends_with(s->path, ".gz") ? ".nii.gz" : ".nii");
    rc = *path != NULL ? hep_carry_file(&done, s->path, *path, w->q->way, err) : HEP_ENOMEM;
    w->way = done > w->way ? done : w->way;
    return rc;
}

static int place_one(struct hep_study_work *w, const struct hep_case_series *s,
                     struct hep_error *err)
{
    struct hep_placed_series *p = &w->placed[w->n_placed];
    struct hep_case_series there = *s;
    char differs[200], *path = NULL, *stem = stem_of(w, s, err);
    int rc = stem == NULL                    ? HEP_ENOMEM
             : s->row->form == HEP_SET_DICOM ? convert(&path, w, s, stem, err)
                                             : carry(&path, w, s, stem, err);

    *p = (struct hep_placed_series){ .from = s };
    there.path = path;
    if (rc == HEP_OK)
        rc = hep_stated_grid(&p->grid, p->spacing_mm, differs, &there, w->q->spacing, err);
    if (rc == HEP_OK) {
        p->relative = hep_strdup(path + strlen(w->study) + 1, err);
        rc = p->relative != NULL ? HEP_OK : HEP_ENOMEM;
    }
    w->n_placed += rc == HEP_OK;
    free(stem);
    free(path);
    return rc;
}

/* ---- study.yml ------------------------------------------------------------------------------- */

static void add_series(struct hep_str *text, const struct hep_placed_series *p)
{
    if (p->from->row->role == HEP_ROLE_UNKNOWN)
        return;
    hep_str_addf(text, "  - path: %s\n    role: %s\n", p->relative,
                 hep_role_name(p->from->row->role));
    if (isfinite(p->spacing_mm[0] + p->spacing_mm[1] + p->spacing_mm[2]))
        hep_str_addf(text, "    spacing_mm: [%.6g, %.6g, %.6g]\n", p->spacing_mm[0],
                     p->spacing_mm[1], p->spacing_mm[2]);
    if (p->from->row->assumed)
        hep_str_add(text, "    # the set does not state what this series is\n");
}

/* Roles that a set does not give are the inventory's to find: no study.yml then. */
static int write_study_yml(const struct hep_study_work *w, struct hep_error *err)
{
    struct hep_str text = { 0 };
    bool any = false;

    hep_str_addf(&text, "# %s, case of %s\nagent: unknown\nothers: ignore\nseries:\n", w->label,
                 w->q->set->name);
    for (size_t i = 0; i < w->n_placed; i++) {
        any = any || w->placed[i].from->row->role != HEP_ROLE_UNKNOWN;
        add_series(&text, &w->placed[i]);
    }
    if (any)
        return hep_str_write(&text, w->study, "study.yml", err);
    hep_str_release(&text);
    return HEP_OK;
}

int hep_study_place(struct hep_study_work *w, struct hep_error *err)
{
    int rc = HEP_NEW(w->placed, w->c->n_series + 1, err);

    if (rc == HEP_OK)
        rc = hep_mkdir_p(w->study, err);
    for (size_t i = 0; rc == HEP_OK && i < w->c->n_series; i++) {
        const struct hep_case_series *s = &w->c->series[i];
        struct hep_error own = { 0 };
        const int failed = place_one(w, s, &own);

        if (failed == HEP_OK)
            continue;
        /* One bad series costs that series; a disk that is full costs everything. */
        if (failed != HEP_EFORMAT && failed != HEP_EGEOM && failed != HEP_EDATA)
            return HEP_FAIL(err, own.code, "%s", own.msg);
        rc = hep_lines_addf(&w->c->notes, err, "%s is left out: %s", hep_role_name(s->row->role),
                            own.msg);
    }
    if (rc == HEP_OK && w->n_placed == 0)
        (void)snprintf(w->c->excluded, sizeof w->c->excluded, "%.250s",
                       w->c->notes.n > 0 ? w->c->notes.line[w->c->notes.n - 1] : "no image");
    return rc == HEP_OK && w->n_placed > 0 ? write_study_yml(w, err) : rc;
}
