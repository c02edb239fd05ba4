#include "visits/session.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/number.h"
#include "image/mask.h"
#include "image/register_compose.h"

#include <math.h>
#include <stdlib.h>

/* The registration looks at the liver and this far around it: its border is the clearest thing to fit. Expert value. */
#define MARGIN_MM 10.0
/* A distance from the liver's surface of more than this tells nothing of how it lies. */
#define OUTLINE_MM 20.0
/* Livers that overlap less in the scanner's coordinates are those of a patient who lies elsewhere on the table, and livers
 * that overlap less once they are registered are not registered. */
#define START_DICE 0.4
/* Less of the baseline's liver in the images of another session is no common field of view. */
#define COMMON_SHARE 0.05
/* A liver whose area on an outermost slice is more than this of its largest is cut off there. Expert value. */
#define CUT_SHARE 0.25

static const struct hep_transform identity = {
    .affine = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }
};

/* Everything that the reference images of a session show, as a mask on its own grid. */
static int shown_by(struct hep_labels **out, const struct hep_session *s, struct hep_error *err)
{
    const struct hep_grid *g = hep_session_grid(s);
    int rc = hep_labels_new(out, g, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(g); i++)
        (*out)->data[i] = s->image == NULL || !hep_grid_same(g, &s->image->grid, HEP_GRID_TOL_MM) ||
                                  isfinite(s->image->data[i])
                              ? 1
                              : 0;
    return rc;
}

/* The baseline's liver where another session shows its place; *share is how much of it. */
static int shown_liver(struct hep_labels **out, double *share, const struct hep_session *baseline,
                       const struct hep_labels *shown, struct hep_error *err)
{
    const struct hep_labels *liver = baseline->liver;
    size_t n = 0, common = 0;
    int rc = hep_labels_new(out, &liver->grid, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&liver->grid); i++) {
        (*out)->data[i] = liver->data[i] != 0 && shown->data[i] != 0 ? 1 : 0;
        n += liver->data[i] != 0 ? 1 : 0;
        common += (size_t)(*out)->data[i];
    }
    *share = n > 0 ? (double)common / (double)n : 0.0;
    return rc;
}

/* Is a large part of the liver beyond the edge of its images? Its area on an outermost slice along any axis is compared
 * with the largest of that axis: a tip that is cut off moves the centre little, half a liver by half its length. */
static int find_cut(bool *is_cut, const struct hep_labels *liver, struct hep_error *err)
{
    const struct hep_grid *g = &liver->grid;
    int rc = HEP_OK;

    *is_cut = false;
    for (int k = 0; k < 3 && rc == HEP_OK; k++) {
        size_t *area = NULL, largest = 0, outermost;

        rc = HEP_NEW(area, g->n[k], err);
        for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(g); i++) {
            size_t at[3];

            if (liver->data[i] == 0)
                continue;
            hep_grid_place(at, g, i);
            area[at[k]]++;
            largest = area[at[k]] > largest ? area[at[k]] : largest;
        }
        if (rc == HEP_OK && largest > 0) {
            outermost = area[0] > area[g->n[k] - 1] ? area[0] : area[g->n[k] - 1];
            *is_cut = *is_cut || (double)outermost > CUT_SHARE * (double)largest;
        }
        free(area);
    }
    return rc;
}

/* Where the registration starts: where the scanner put it, when the livers overlap there as far as both are shown or one of
 * them is cut off, for the centre of a part is not that of the whole; else the shift of their centres. */
static int find_start(double shift[3], const struct hep_session *baseline,
                      const struct hep_session *s, struct hep_error *err)
{
    const struct hep_grid *g = &baseline->liver->grid;
    struct hep_labels *there = NULL, *own = NULL, *shown = NULL, *common = NULL;
    double a[3], b[3], share = 0.0;
    bool cut_before = false, cut_now = false;
    int rc = hep_resample_labels(&there, s->liver, g, NULL, err);

    shift[0] = shift[1] = shift[2] = 0.0;
    if (rc == HEP_OK)
        rc = shown_by(&own, s, err);
    if (rc == HEP_OK)
        rc = hep_resample_labels(&shown, own, g, NULL, err);
    if (rc == HEP_OK)
        rc = shown_liver(&common, &share, baseline, shown, err);
    if (rc == HEP_OK)
        rc = find_cut(&cut_before, baseline->liver, err);
    if (rc == HEP_OK)
        rc = find_cut(&cut_now, s->liver, err);
    if (rc == HEP_OK && !cut_before && !cut_now &&
        !(share >= COMMON_SHARE && hep_mask_dice(common, there) >= START_DICE)) {
        hep_mask_centre(a, baseline->liver);
        hep_mask_centre(b, s->liver);
        for (int k = 0; k < 3; k++)
            shift[k] = b[k] - a[k];
    }
    hep_labels_free(there);
    hep_labels_free(own);
    hep_labels_free(shown);
    hep_labels_free(common);
    return rc;
}

/* How deep inside the liver, or how far outside: an image that shows nothing but its outline. */
static int outline_image(struct hep_volume **out, const struct hep_labels *liver,
                         struct hep_error *err)
{
    struct hep_volume *outside = NULL;
    int rc = hep_mask_distance(out, liver, true, 1, err);

    if (rc == HEP_OK)
        rc = hep_mask_distance(&outside, liver, false, 1, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&liver->grid); i++) {
        const double depth = (double)(*out)->data[i] - (double)outside->data[i];

        (*out)->data[i] = (float)fmin(fmax(depth, -OUTLINE_MM), OUTLINE_MM);
    }
    hep_volume_free(outside);
    return rc;
}

/* The image of a session that is registered: a copy, so that its place can be shifted. */
static int image_of(struct hep_volume **out, const struct hep_session *s, bool outline,
                    struct hep_error *err)
{
    return outline ? outline_image(out, s->liver, err) : hep_volume_pick(out, s->image, 0, err);
}

static int run_pair(struct hep_session *s, const struct hep_session *baseline,
                    const struct hep_volume *fixed, struct hep_volume *moving,
                    const struct hep_config *config, const char *folder, struct hep_error *err)
{
    const struct hep_cfg_align *c = &config->align;
    static const size_t first = 0;
    struct hep_align_target target = { 0 };
    char *rigid = NULL, *bspline = NULL;
    struct hep_align_pair p;
    double shift[3];
    int rc = find_start(shift, baseline, s, err);

    if (rc == HEP_OK)
        rc = hep_config_find(&rigid, "registration/rigid.txt", err);
    if (rc == HEP_OK)
        rc = hep_config_find(&bspline, "registration/bspline.txt", err);
    if (rc == HEP_OK)
        rc = hep_align_target_within(&target, fixed, baseline->liver, MARGIN_MM, err);
    for (int k = 0; k < 3; k++)
        moving->grid.to_world[k][3] -= shift[k];
    p = (struct hep_align_pair){ .target = &target,
                                 .source = moving,
                                 .volumes = &first,
                                 .n_volumes = 1,
                                 .settings = { rigid, c->deformable ? bspline : NULL, c->bspline_mm,
                                               c->resolutions, c->bins, c->samples,
                                               c->rigid_iterations, c->iterations, c->timeout_s },
                                 .jacobian = c->jacobian };
    (void)snprintf(p.folder, sizeof p.folder, "%.500s", folder);
    if (rc == HEP_OK)
        rc = hep_align_pair_run(&p, err);
    if (rc == HEP_OK) {
        s->from_baseline = p.transform;
        for (int k = 0; k < 3; k++)
            s->from_baseline.affine[k][3] += shift[k];
        s->displacement = p.displacement;
        p.displacement = NULL;
        s->method = p.method;
        s->failed = p.failed;
        s->motion_mm =
            p.motion_mm + sqrt(shift[0] * shift[0] + shift[1] * shift[1] + shift[2] * shift[2]);
        (void)snprintf(s->quality, sizeof s->quality, "%s%.150s",
                       shift[0] * shift[0] + shift[1] * shift[1] + shift[2] * shift[2] > 0.0
                           ? "from where the livers' centres coincide: "
                           : "",
                       p.reason);
        hep_align_pair_release(&p);
    }
    hep_align_target_release(&target);
    free(rigid);
    free(bspline);
    return rc;
}

static int register_to(struct hep_session *s, const struct hep_session *baseline,
                       const struct hep_config *config, const char *folder, struct hep_error *err)
{
    const bool outline = s->image == NULL || baseline->image == NULL;
    struct hep_volume *fixed = NULL, *moving = NULL;
    double shift[3];
    int rc;

    s->from_baseline = identity;
    s->method = HEP_ALIGN_SCANNER;
    if (config->align.engine == HEP_ALIGN_NONE || !hep_register_available()) {
        s->failed = true;
        (void)snprintf(s->quality, sizeof s->quality, "not registered: %s",
                       config->align.engine == HEP_ALIGN_NONE ? "alignment is switched off"
                                                              : "elastix is not installed");
        rc = find_start(shift, baseline, s, err);
        for (int k = 0; k < 3; k++)
            s->from_baseline.affine[k][3] += shift[k];
        return rc;
    }
    s->images = outline ? HEP_IMAGES_OUTLINE : HEP_IMAGES_SERIES;
    rc = image_of(&fixed, baseline, outline, err);
    if (rc == HEP_OK)
        rc = image_of(&moving, s, outline, err);
    if (rc == HEP_OK)
        rc = run_pair(s, baseline, fixed, moving, config, folder, err);
    if (hep_is_dir(folder) && hep_remove_tree(folder, NULL) != HEP_OK && rc == HEP_OK)
        rc = HEP_FAIL(err, HEP_EIO, "%s cannot be removed", folder);
    hep_volume_free(fixed);
    hep_volume_free(moving);
    return rc;
}

/* Label maps of a session on the baseline's grid. */
static int bring(struct hep_session *s, const struct hep_session *baseline, struct hep_error *err)
{
    const struct hep_grid *g = hep_session_grid(baseline);
    struct hep_labels *shown = NULL;
    int rc = shown_by(&shown, s, err);

    if (rc == HEP_OK && s->labels != NULL)
        rc = hep_resample_labels(&s->on_baseline[0], s->labels, g, &s->from_baseline, err);
    if (rc == HEP_OK)
        rc = hep_resample_labels(&s->on_baseline[1], s->liver, g, &s->from_baseline, err);
    if (rc == HEP_OK)
        rc = hep_resample_labels(&s->on_baseline[2], shown, g, &s->from_baseline, err);
    hep_labels_free(shown);
    return rc;
}

/* How well the livers fit where both are shown, and what that says of a lesion's place. */
static int judge_fit(struct hep_session *s, const struct hep_session *baseline,
                     const struct hep_config *config, struct hep_error *err)
{
    struct hep_overlap o = { 0 };
    struct hep_labels *common = NULL;
    double share = 0.0;
    int rc = shown_liver(&common, &share, baseline, s->on_baseline[2], err);

    if (rc == HEP_OK && share < COMMON_SHARE)
        rc = HEP_FAIL(err, HEP_EGEOM, "the images of %s and %s show no common part of the liver",
                      baseline->place->session, s->place->session);
    if (rc == HEP_OK)
        rc = hep_mask_overlap(&o, common, s->on_baseline[1], err);
    hep_labels_free(common);
    if (rc != HEP_OK)
        return rc;
    if (!(o.dice >= START_DICE))
        (void)snprintf(
            s->cannot, sizeof s->cannot,
            "not aligned: its liver and that of %s overlap by %.2f (Dice) where both are "
            "shown, %.2f are asked for",
            baseline->place->session, o.dice, START_DICE);
    s->liver_dice = o.dice;
    s->surface_mm = o.mean_surface_mm;
    /* Where the scanner's geometry fits as well as any, it is as good as a rigid one. */
    s->residual_mm = hep_align_expected_residual_mm(
        s->method == HEP_ALIGN_SCANNER && !s->failed ? HEP_ALIGN_RIGID : s->method);
    if (s->images == HEP_IMAGES_OUTLINE)
        s->residual_mm = fmax(s->residual_mm, config->followup.outline_residual_mm);
    if (!isfinite(s->residual_mm))
        s->residual_mm = config->followup.unaligned_residual_mm;
    if (isfinite(o.mean_surface_mm))
        s->residual_mm =
            fmax(s->residual_mm, fmin(o.mean_surface_mm, config->followup.unaligned_residual_mm));
    return rc;
}

/* Where the lesions and candidates lie in the baseline's space. */
static int place_lesions(struct hep_session *s, struct hep_error *err)
{
    const struct hep_findings *lists[] = { &s->file.findings, &s->file.rejected };
    struct hep_transform back = identity;
    struct hep_volume *field = NULL;
    size_t n = 0;
    int rc = HEP_NEW(s->lesions, lists[0]->n + lists[1]->n + 1, err);

    if (rc == HEP_OK)
        rc = hep_transform_chain(&back, &field, NULL, &s->from_baseline, hep_session_grid(s), err);
    for (size_t k = 0; rc == HEP_OK && k < 2; k++) {
        for (size_t i = 0; rc == HEP_OK && i < lists[k]->n; i++) {
            struct hep_visit_lesion *l = &s->lesions[n];

            if (!isfinite(lists[k]->list[i].centre_mm[0]))
                continue;
            l->finding = &lists[k]->list[i];
            l->kept = k == 0;
            rc = hep_transform_apply(l->place_mm, &back, l->finding->centre_mm, err);
            n++;
        }
    }
    hep_volume_free(field);
    s->visit.lesions = s->lesions;
    s->visit.n = n;
    return rc;
}

/* The slices lie across the longest side of the voxels; the longer of the other two is that within them. */
static void voxel_of(struct hep_visit *v, const struct hep_grid *g)
{
    double mm[3];

    hep_grid_spacing(mm, g);
    qsort(mm, 3, sizeof mm[0], hep_compare_doubles);
    v->slice_mm = mm[2];
    v->voxel_mm = mm[1];
}

int hep_session_align(struct hep_session *s, const struct hep_session *baseline,
                      const struct hep_config *config, const char *folder, struct hep_error *err)
{
    int rc = HEP_OK;

    s->visit.session = s->place->session;
    s->visit.days = s->place->days;
    if (s->cannot[0] != '\0') {
        s->visit.cannot = s->cannot;
        return HEP_OK;
    }
    voxel_of(&s->visit, hep_session_grid(s));
    if (s == baseline) {
        s->from_baseline = identity;
        s->method = HEP_ALIGN_SAME;
        s->residual_mm = 0.0;
    } else {
        rc = register_to(s, baseline, config, folder, err);
    }
    if (rc == HEP_OK)
        rc = bring(s, baseline, err);
    if (rc == HEP_OK && s != baseline)
        rc = judge_fit(s, baseline, config, err);
    if (rc == HEP_OK)
        rc = place_lesions(s, err);
    s->visit.cannot = s->cannot[0] != '\0' ? s->cannot : NULL;
    s->visit.residual_mm = s->residual_mm;
    s->visit.labels = s->on_baseline[0];
    s->visit.liver = s->on_baseline[1];
    s->visit.seen = s->on_baseline[2];
    return rc;
}
