#include "image/align_pair.h"

#include "base/file.h"
#include "image/mask.h"
#include "image/itk_transform.h"
#include "image/register_compose.h"
#include "image/register_predict.h"

#include <math.h>
#include <stdlib.h>

/* A smaller region, or a thinner stack, holds too little to fit six parameters to. */
#define MIN_REGION_ML 96.0
#define VOXEL_ML (HEP_ALIGN_MM * HEP_ALIGN_MM * HEP_ALIGN_MM / 1000.0)
#define MIN_EXTENT_MM 40.0
/* The region, from the middle of the body: to the left as far as the liver reaches, without the
 * spine and what lies beside it. Expert values. */
#define LEFT_MM 50.0
#define SPINE_HALF_WIDTH_MM 45.0
#define SPINE_FRONT_MM 10.0
/* Breath-holds differ by at most this along the body; respiration is 10 to 25 mm. */
#define SEARCH_RANGE_MM 36.0
#define SEARCH_STEP_MM 6.0
#define SEARCH_GAIN 0.05
/* Beyond this a result is an error, not motion between two breath-holds. */
#define MAX_MOTION_MM 80.0
#define MAX_ROTATION_DEG 20.0
/* Images with less in common [nat] are not of the same body. Independent noise has 0 +- 0.002. */
#define MIN_INFORMATION_NAT 0.02
#define RAD_TO_DEG 57.29577951308232

static const double identity[4][4] = {
    { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 }
};

const char *hep_align_method_name(enum hep_align_method method)
{
    static const char *const names[] = { "scanner", "rigid", "deformable", "same" };

    return names[method];
}

double hep_align_expected_residual_mm(enum hep_align_method method)
{
    return method == HEP_ALIGN_DEFORMABLE ? 1.0 : method == HEP_ALIGN_RIGID ? 2.0 : (double)NAN;
}

void hep_align_pair_release(struct hep_align_pair *p)
{
    hep_volume_free(p->displacement);
    free(p->log);
    p->displacement = NULL;
    p->log = NULL;
}

void hep_align_target_release(struct hep_align_target *t)
{
    hep_volume_free(t->fixed);
    hep_labels_free(t->region);
    t->fixed = NULL;
    t->region = NULL;
}

static bool orthogonal(const struct hep_grid *g)
{
    double mm[3];

    hep_grid_spacing(mm, g);
    for (int a = 0; a < 3; a++) {
        double dot = 0.0;

        for (int k = 0; k < 3; k++)
            dot += g->to_world[k][a] * g->to_world[k][(a + 1) % 3];
        if (!(fabs(dot) <= 1e-4 * mm[a] * mm[(a + 1) % 3]))
            return false;
    }
    return true;
}

/* A box along the world's axes around a grid whose own axes are not orthogonal. */
static void world_box(struct hep_grid *out, const struct hep_grid *g, double mm)
{
    double lo[3] = { INFINITY, INFINITY, INFINITY }, hi[3] = { -INFINITY, -INFINITY, -INFINITY };

    for (unsigned corner = 0; corner < 8; corner++) {
        double world[3];
        const double voxel[3] = { corner & 1U ? (double)g->n[0] - 1.0 : 0.0,
                                  corner & 2U ? (double)g->n[1] - 1.0 : 0.0,
                                  corner & 4U ? (double)g->n[2] - 1.0 : 0.0 };

        hep_grid_to_world(world, g, voxel);
        for (int k = 0; k < 3; k++) {
            lo[k] = fmin(lo[k], world[k]);
            hi[k] = fmax(hi[k], world[k]);
        }
    }
    *out = (struct hep_grid){ .to_world = { [3] = { 0, 0, 0, 1 } } };
    for (int k = 0; k < 3; k++) {
        out->n[k] = (size_t)ceil((hi[k] - lo[k]) / mm) + 1;
        out->to_world[k][k] = mm;
        out->to_world[k][3] = lo[k];
    }
}

static int mean_of(struct hep_volume **out, const struct hep_volume *v, const size_t *volumes,
                   size_t n, struct hep_error *err)
{
    size_t voxels = hep_grid_voxels(&v->grid);
    int rc = hep_volume_new(out, &v->grid, 1, err);

    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        double sum = 0.0;

        for (size_t k = 0; k < n; k++)
            sum += (double)hep_volume_at(v, volumes[k])[i];
        (*out)->data[i] = (float)(sum / (double)n);
    }
    return rc;
}

/* The mean of some volumes on isotropic voxels, finite everywhere. */
static int working_volume(struct hep_volume **out, const struct hep_volume *v,
                          const size_t *volumes, size_t n, struct hep_error *err)
{
    struct hep_volume one = *v, *mean = NULL;
    struct hep_grid grid;
    int rc = n > 1 ? mean_of(&mean, v, volumes, n, err) : HEP_OK;

    one.data = hep_volume_at(v, volumes[0]);
    one.nt = 1;

    if (orthogonal(&v->grid))
        hep_grid_isotropic(&grid, &v->grid, HEP_ALIGN_MM);
    else
        world_box(&grid, &v->grid, HEP_ALIGN_MM);
    if (rc == HEP_OK)
        rc = hep_resample_area(out, mean != NULL ? mean : &one, &grid, 1, err);
    hep_volume_free(mean);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++) {
        if (!isfinite((*out)->data[i]))
            (*out)->data[i] = 0.0F;
    }
    return HEP_OK;
}

/* The part of the body where the liver lies. */
static void keep_upper_right(struct hep_labels *m)
{
    double centre[3];

    hep_mask_centre(centre, m);
    for (size_t i = 0; i < hep_grid_voxels(&m->grid); i++) {
        double world[3];

        hep_grid_world_of(world, &m->grid, i);
        if (world[0] < centre[0] - LEFT_MM || (fabs(world[0] - centre[0]) < SPINE_HALF_WIDTH_MM &&
                                               world[1] < centre[1] - SPINE_FRONT_MM))
            m->data[i] = 0;
    }
}

static double region_ml(const struct hep_labels *region)
{
    return VOXEL_ML * (double)hep_labels_count(region, -1);
}

/* The liver's part of the inner body; the inner body, or the body, where the image is too small for
 * that. */
static int make_region(struct hep_labels **out, const struct hep_volume *fixed, double margin_mm,
                       struct hep_error *err)
{
    struct hep_labels *step[3] = { NULL, NULL, NULL };
    struct hep_error e = { 0 };
    int chosen = 2, rc = hep_body_mask(&step[0], fixed, 0, &e);

    if (rc == HEP_EDATA)
        return HEP_FAIL(err, HEP_EDATA, "shows no body");
    if (rc != HEP_OK)
        return HEP_FAIL(err, e.code, "%s", e.msg);
    rc = hep_mask_keep_largest(step[0], 6, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&step[1], step[0], err);
    if (rc == HEP_OK)
        rc = hep_mask_erode(step[1], margin_mm, 1, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&step[2], step[1], err);
    if (rc == HEP_OK)
        keep_upper_right(step[2]);
    while (rc == HEP_OK && chosen > 0 && region_ml(step[chosen]) < MIN_REGION_ML)
        chosen--;
    if (rc == HEP_OK && region_ml(step[chosen]) < MIN_REGION_ML)
        rc = HEP_FAIL(err, HEP_EDATA, "shows too little of a body: %.0f mL",
                      region_ml(step[chosen]));
    for (int i = 0; i < 3; i++) {
        if (rc == HEP_OK && i == chosen)
            *out = step[i];
        else
            hep_labels_free(step[i]);
    }
    return rc;
}

static int check_extent(const struct hep_grid *g, struct hep_error *err)
{
    double mm[3];

    hep_grid_spacing(mm, g);
    for (int k = 0; k < 3; k++) {
        double extent = mm[k] * (double)g->n[k];

        if (extent < MIN_EXTENT_MM)
            return HEP_FAIL(err, HEP_EDATA, "is %g mm thick, registration needs %g mm", extent,
                            MIN_EXTENT_MM);
    }
    return HEP_OK;
}

int hep_align_target_new(struct hep_align_target *out, const struct hep_volume *v,
                         const size_t *volumes, size_t n, double margin_mm, struct hep_error *err)
{
    int rc = check_extent(&v->grid, err);

    *out = (struct hep_align_target){ .grid = &v->grid };
    if (rc == HEP_OK)
        rc = working_volume(&out->fixed, v, volumes, n, err);
    if (rc == HEP_OK)
        rc = make_region(&out->region, out->fixed, margin_mm, err);
    if (rc != HEP_OK)
        hep_align_target_release(out);
    return rc;
}

int hep_align_target_within(struct hep_align_target *out, const struct hep_volume *v,
                            const struct hep_labels *region, double margin_mm,
                            struct hep_error *err)
{
    const size_t first = 0;
    int rc = check_extent(&v->grid, err);

    *out = (struct hep_align_target){ .grid = &v->grid };
    if (rc == HEP_OK)
        rc = working_volume(&out->fixed, v, &first, 1, err);
    if (rc == HEP_OK)
        rc = hep_resample_labels(&out->region, region, &out->fixed->grid, NULL, err);
    if (rc == HEP_OK)
        rc = hep_mask_dilate(out->region, margin_mm, 1, err);
    if (rc == HEP_OK && region_ml(out->region) < MIN_REGION_ML)
        rc = HEP_FAIL(err, HEP_EDATA, "shows too little of the region: %.0f mL",
                      region_ml(out->region));
    if (rc != HEP_OK)
        hep_align_target_release(out);
    return rc;
}

/* How a transform moves the region: mean shift, mean and largest length. */
static int measure_motion(struct hep_align_pair *p, const struct hep_transform *t, double *largest,
                          struct hep_error *err)
{
    const struct hep_labels *region = p->target->region;
    double sum = 0.0, trace = t->affine[0][0] + t->affine[1][1] + t->affine[2][2];
    struct hep_moved way;
    size_t n = 0;
    int rc = hep_moved_init(&way, p->target->fixed, t, err);

    if (rc != HEP_OK)
        return rc;
    *largest = 0.0;
    p->translation_mm[0] = p->translation_mm[1] = p->translation_mm[2] = 0.0;
    for (size_t i = 0; i < hep_grid_voxels(&region->grid); i++) {
        double x[3], y[3], length = 0.0;

        if (region->data[i] == 0)
            continue;
        hep_grid_world_of(x, &region->grid, i);
        hep_moved_way(y, &way, x);
        n++;
        for (size_t k = 0; k < 3; k++) {
            length += (y[k] - x[k]) * (y[k] - x[k]);
            p->translation_mm[k] += (y[k] - x[k] - p->translation_mm[k]) / (double)n;
        }
        length = sqrt(length);
        sum += length;
        *largest = fmax(*largest, length);
    }
    p->motion_mm = n > 0 ? sum / (double)n : 0.0;
    p->rotation_deg = acos(fmin(1.0, fmax(-1.0, 0.5 * (trace - 1.0)))) * RAD_TO_DEG;
    return HEP_OK;
}

static void stay(struct hep_align_pair *p, bool failed, const char *reason)
{
    p->method = HEP_ALIGN_SCANNER;
    p->failed = failed;
    (void)snprintf(p->reason, sizeof p->reason, "%.*s", (int)sizeof p->reason - 1, reason);
    (void)memcpy(p->transform.affine, identity, sizeof identity);
    p->transform.displacement = NULL;
    p->translation_mm[0] = p->translation_mm[1] = p->translation_mm[2] = 0.0;
    p->rotation_deg = p->motion_mm = 0.0;
}

/* The deformed geometry where it brings the edges closer to each other than the rigid one does, by more than chance:
 * noise has edges, and a B-spline has many ways to lay some of them on each other. */
static enum hep_align_method better_of(const struct hep_align_pair *p)
{
    const struct hep_jacobian *j = &p->volume_change;
    const struct hep_edge_agreement *bent = &p->edges[HEP_ALIGN_DEFORMABLE];
    const bool smooth =
        j->folded_frac == 0.0 && j->q01 >= p->jacobian.lo && j->q99 <= p->jacobian.hi;

    return smooth && p->mi_nat[HEP_ALIGN_DEFORMABLE] > p->mi_nat[HEP_ALIGN_RIGID] &&
                   bent->step > p->min_gain_se * bent->step_se
               ? HEP_ALIGN_DEFORMABLE
               : HEP_ALIGN_RIGID;
}

/* Is it better than the scanner's geometry? */
static enum hep_align_method judge(struct hep_align_pair *p)
{
    const double *mi = p->mi_nat, still = mi[HEP_ALIGN_SCANNER];
    const enum hep_align_method best = better_of(p);
    const struct hep_edge_agreement *edges = &p->edges[best];
    char text[160];

    if (!(fmax(still, fmax(mi[HEP_ALIGN_RIGID], mi[HEP_ALIGN_DEFORMABLE])) >=
          MIN_INFORMATION_NAT)) {
        stay(p, true, "the two images have nothing in common");
    } else if (!(mi[best] > still && edges->gain > p->min_gain_se * edges->gain_se)) {
        (void)snprintf(text, sizeof text,
                       "the scanner's geometry fits as well: edges agree by %.4f (standard error "
                       "%.4f) more when moved",
                       edges->gain, edges->gain_se);
        stay(p, false, text);
    } else {
        p->method = best;
        (void)snprintf(p->reason, sizeof p->reason,
                       "mutual information rises from %.3f to %.3f, edges agree by %.1f standard "
                       "errors more",
                       still, mi[best], edges->gain / edges->gain_se);
    }
    return p->method;
}

/* Motion of the accepted transform, refused when no body moves like that. */
static int check_motion(struct hep_align_pair *p, const struct hep_transform *t,
                        struct hep_error *err)
{
    char text[160];
    double largest = 0.0;
    int rc = measure_motion(p, t, &largest, err);

    if (rc != HEP_OK)
        return rc;
    if (largest > MAX_MOTION_MM || p->rotation_deg > MAX_ROTATION_DEG) {
        (void)snprintf(text, sizeof text,
                       "registration found a motion of %.0f mm and %.0f degrees; at most %.0f mm "
                       "and %.0f degrees are plausible",
                       largest, p->rotation_deg, MAX_MOTION_MM, MAX_ROTATION_DEG);
        stay(p, true, text);
    } else if (p->motion_mm < p->min_motion_mm) {
        (void)snprintf(text, sizeof text, "moved by %.1f mm only: not worth an interpolation",
                       p->motion_mm);
        stay(p, false, text);
    }
    return HEP_OK;
}

/* How the bend changes volumes over the region. */
static int measure_bend(struct hep_align_pair *p, const struct hep_transform *bent,
                        struct hep_error *err)
{
    struct hep_labels *region = NULL;
    int rc = hep_resample_labels(&region, p->target->region, &bent->displacement->grid, NULL, err);

    if (rc == HEP_OK)
        rc = hep_register_jacobian(&p->volume_change, bent, region, err);
    hep_labels_free(region);
    return rc;
}

static int accept(struct hep_align_pair *p, const struct hep_volume *moving,
                  const struct hep_registration *r, struct hep_error *err)
{
    struct hep_transform still = { .displacement = NULL }, rigid, bent;
    const struct hep_transform *const all[] = { &still, &rigid, &bent };
    size_t n = r->displacement != NULL ? 3 : 2;
    int rc;

    (void)memcpy(still.affine, identity, sizeof identity);
    (void)memcpy(rigid.affine, r->rigid, sizeof rigid.affine);
    rigid.displacement = NULL;
    bent = rigid;
    bent.displacement = r->displacement;
    rc = hep_register_compare(p->mi_nat, p->overlap, p->target->fixed, moving, p->target->region,
                              all, n, (int)p->settings.bins, err);
    if (rc == HEP_OK)
        rc = hep_edges_compare(p->edges, p->target->fixed, moving, p->target->region, all, n, err);
    if (rc == HEP_OK && r->displacement != NULL)
        rc = measure_bend(p, &bent, err);
    if (rc != HEP_OK || judge(p) == HEP_ALIGN_SCANNER)
        return rc;
    rc = check_motion(p, all[p->method], err);
    if (rc == HEP_OK && p->method == HEP_ALIGN_RIGID)
        p->transform = rigid;
    if (rc == HEP_OK && p->method == HEP_ALIGN_DEFORMABLE)
        rc =
            hep_transform_chain(&p->transform, &p->displacement, &bent, NULL, p->target->grid, err);
    if (rc == HEP_OK && p->displacement != NULL)
        hep_transform_fold(&p->transform, p->displacement);
    return rc;
}

static bool is_ours(int rc)
{
    return rc == HEP_ENOMEM || rc == HEP_EIO || rc == HEP_ECREAT || rc == HEP_ETEMP;
}

/* Where a motion is predicted that is not worth an interpolation by far, no registration is needed to find it. */
static int predict(bool *still, struct hep_align_pair *p, const struct hep_volume *moving,
                   struct hep_error *err)
{
    const struct hep_transform *const none = NULL;
    double mm = 0.0;
    char text[160];
    int rc;

    *still = false;
    if (p->settings.bspline_path != NULL || !(p->min_motion_mm > 0.0))
        return HEP_OK;
    rc = hep_register_predict(&mm, p->target->fixed, moving, p->target->region,
                              (int)p->settings.bins, err);
    *still = rc == HEP_OK && mm < p->predicted_share * p->min_motion_mm;
    if (!*still)
        return rc;
    (void)snprintf(text, sizeof text,
                   "a shift of %.2f mm at most is predicted, from the fall of mutual information "
                   "to either side: not registered",
                   mm);
    stay(p, false, text);
    return hep_register_compare(p->mi_nat, p->overlap, p->target->fixed, moving, p->target->region,
                                &none, 1, (int)p->settings.bins, err);
}

static int engine(struct hep_align_pair *p, const struct hep_volume *moving, struct hep_error *err)
{
    struct hep_registration r = { .log = NULL };
    struct hep_grid lattice;
    double start_mm[3];
    int rc = hep_register_search(start_mm, p->target->fixed, moving, p->target->region,
                                 SEARCH_RANGE_MM, SEARCH_STEP_MM, SEARCH_GAIN, err);

    hep_transform_lattice(&lattice, p->target->grid);
    if (rc == HEP_OK)
        rc = hep_mkdir_p(p->folder, err);
    if (rc == HEP_OK)
        rc = hep_register(&r, p->target->fixed, moving, p->target->region, start_mm, &p->settings,
                          &lattice, p->folder, err);
    p->log = r.log;
    r.log = NULL;
    if (rc == HEP_OK)
        rc = accept(p, moving, &r, err);
    hep_registration_release(&r);
    return rc;
}

int hep_align_pair_run(struct hep_align_pair *p, struct hep_error *err)
{
    struct hep_volume *moving = NULL;
    struct hep_error e = { 0 };
    bool still = false;
    int rc;

    stay(p, false, "");
    for (int i = 0; i < 3; i++) {
        p->mi_nat[i] = p->overlap[i] = (double)NAN;
        p->edges[i] = (struct hep_edge_agreement){ (double)NAN, (double)NAN, (double)NAN,
                                                   (double)NAN, (double)NAN };
    }
    p->volume_change =
        (struct hep_jacobian){ (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN };
    rc = check_extent(&p->source->grid, &e);
    if (rc == HEP_OK)
        rc = working_volume(&moving, p->source, p->volumes, p->n_volumes, &e);
    if (rc == HEP_OK)
        rc = predict(&still, p, moving, &e);
    if (rc == HEP_OK && !still)
        rc = engine(p, moving, &e);
    hep_volume_free(moving);
    if (rc == HEP_OK)
        return HEP_OK;
    if (is_ours(rc))
        return HEP_FAIL(err, e.code, "%s", e.msg);
    stay(p, true, e.msg);
    return HEP_OK;
}
