#include "pipeline/stages/stages.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "contrast/phase.h"
#include "image/itk_transform.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/align_dwi.h"
#include "pipeline/results/alignment.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

#define NAME(name, label) name,
#define LABEL(name, label) label,
/* In the order in which a series is taken as reference, and as their files call them. */
static const char *const candidates[] = { HEP_ALIGNED_SERIES(NAME) };
static const char *const file_labels[] = { HEP_ALIGNED_SERIES(LABEL) };
#define N_CANDIDATES (sizeof candidates / sizeof candidates[0])

static const struct hep_slot inputs[] = {
    HEP_READS_SERIES("hepatobiliary"),     HEP_READS_SERIES("portal_venous"),
    HEP_READS_SERIES("delayed"),           HEP_READS_SERIES("transitional"),
    HEP_READS_SERIES("arterial"),          HEP_READS_SERIES("precontrast"),
    HEP_READS_SERIES("in_phase"),          HEP_READS_SERIES("opposed"),
    HEP_READS_SERIES_4D("echoes", "xyze"), HEP_READS_SERIES("t2"),
    HEP_READS_SERIES_4D("dwi", "xyzb"),    { 0 }
};

static const struct hep_slot outputs[] = {
    HEP_MAKES_STRUCT(alignment, "the reference series, and how each other series reaches it"),
    HEP_ALIGNED_SERIES(HEP_XFM_SLOT) HEP_SLOT(
        "dwi_aligned", HEP_SLOT_VOLUME, "xyzb", HEP_UNIT_ARBITRARY,
        .file = "dwi/%s_desc-aligned_dwi",
        .doc = "diffusion series with the volumes of each b-value brought to the lowest one"),
    { 0 }
};

/* Everything that one run of the stage holds. */
struct align {
    struct hep_run *run;
    const struct hep_cfg_align *cfg;
    const char *reference;
    struct hep_align_target target, dwi_target;
    struct hep_b_shells shells;
    size_t *all; /* 0, 1, 2, ...: volumes of a series that count together */
    struct hep_align_pair *pairs;
    const char *names[N_CANDIDATES]; /* of the pairs that bring a series to the reference */
    size_t n_series, n_pairs;        /* the rest are shells of the diffusion series */
    char *rigid, *bspline, *folder;
};

/* A hepatobiliary image outside its window is a bad map of the liver: the next series serves
 * better. */
static bool usable(const struct hep_run *run, const struct hep_series *series)
{
    const struct hep_agent *agent = hep_run_agent(run);
    struct hep_phase_timing timing;

    if (series->role != HEP_ROLE_HEPATOBILIARY || agent == NULL)
        return true;
    hep_phase_judge(&timing, agent, HEP_PHASE_HEPATOBILIARY, series->time_since_injection_s);
    return hep_phase_grade_usable(timing.grade);
}

static const char *choose_reference(const struct hep_run *run)
{
    for (size_t i = 0; i < N_CANDIDATES; i++) {
        const struct hep_series *s = hep_run_series(run, candidates[i]);

        if (s != NULL && usable(run, s))
            return candidates[i];
    }
    return NULL;
}

/* The volumes of a series that show it best: the lowest b, the first echo, else all. */
static void volumes_of(const size_t **volumes, size_t *n, const struct align *a, const char *name,
                       const struct hep_volume *v)
{
    *volumes = a->all;
    *n = strcmp(name, "echoes") == 0 ? 1 : v->nt;
    if (strcmp(name, "dwi") == 0 && a->shells.n > 0) {
        *volumes = &a->shells.order[a->shells.first[0]];
        *n = a->shells.count[0];
    }
}

static int prepare_shells(struct align *a, struct hep_error *err)
{
    const struct hep_series *dwi = hep_run_series(a->run, "dwi");

    if (dwi == NULL || dwi->gradients.n != dwi->nt)
        return HEP_OK;
    return hep_b_shells_group(&a->shells, dwi->gradients.b_s_per_mm2, dwi->nt, err);
}

static int prepare(struct align *a, struct hep_error *err)
{
    size_t longest = 1;
    int rc = prepare_shells(a, err);

    for (size_t i = 0; i < N_CANDIDATES; i++) {
        const struct hep_series *s = hep_run_series(a->run, candidates[i]);

        if (s != NULL && s->nt > longest)
            longest = s->nt;
    }
    a->all = hep_calloc(longest, sizeof *a->all, err);
    a->pairs = hep_calloc(N_CANDIDATES + a->shells.n, sizeof *a->pairs, err);
    a->folder = hep_path_join(hep_run_folder(a->run), "registration", err);
    if (rc == HEP_OK && (a->all == NULL || a->pairs == NULL || a->folder == NULL))
        rc = HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < longest; i++)
        a->all[i] = i;
    if (rc == HEP_OK)
        rc = hep_config_find(&a->rigid, "registration/rigid.txt", err);
    if (rc == HEP_OK && a->cfg->deformable)
        rc = hep_config_find(&a->bspline, "registration/bspline.txt", err);
    return rc;
}

static void finish(struct align *a)
{
    for (size_t i = 0; a->pairs != NULL && i < a->n_pairs; i++)
        hep_align_pair_release(&a->pairs[i]);
    hep_align_target_release(&a->target);
    hep_align_target_release(&a->dwi_target);
    hep_b_shells_release(&a->shells);
    if (a->folder != NULL && hep_is_dir(a->folder) && hep_remove_tree(a->folder, NULL) != HEP_OK)
        hep_log_write(hep_run_log(a->run), HEP_LOG_WARNING, "align", "%s could not be removed",
                      a->folder);
    free(a->pairs);
    free(a->all);
    free(a->rigid);
    free(a->bspline);
    free(a->folder);
}

static struct hep_align_pair *add_pair(struct align *a, const struct hep_align_target *target,
                                       const struct hep_volume *source, const char *name)
{
    struct hep_align_pair *p = &a->pairs[a->n_pairs++];

    *p = (struct hep_align_pair){
        .target = target,
        .source = source,
        .jacobian = a->cfg->jacobian,
        .settings = { .rigid_path = a->rigid,
                      .bspline_path = a->bspline,
                      .bspline_mm = a->cfg->bspline_mm,
                      .resolutions = a->cfg->resolutions,
                      .bins = a->cfg->bins,
                      .samples = a->cfg->samples,
                      .rigid_iterations = a->cfg->rigid_iterations,
                      .iterations = a->cfg->iterations,
                      .timeout_s = a->cfg->timeout_s },
        .min_motion_mm = a->cfg->min_motion_mm,
        .predicted_share = a->cfg->predicted_share,
        .min_gain_se = a->cfg->min_gain_se,
    };
    if ((size_t)snprintf(p->folder, sizeof p->folder, "%s/%s", a->folder, name) >= sizeof p->folder)
        p->folder[0] = '\0';
    return p;
}

/* In phase and opposed phase come from one breath-hold. */
static bool same_breath_hold(const struct hep_run *run, const char *a, const char *b)
{
    const struct hep_series *sa = hep_run_series(run, a), *sb = hep_run_series(run, b);

    return ((strcmp(a, "opposed") == 0 && strcmp(b, "in_phase") == 0) ||
            (strcmp(b, "opposed") == 0 && strcmp(a, "in_phase") == 0)) &&
           sa != NULL && sb != NULL && hep_grid_same(&sa->grid, &sb->grid, HEP_GRID_TOL_MM);
}

/* The reference, what was acquired with it, and the opposed phase of an in-phase series that is
 * brought there itself need no registration of their own. */
static bool needs_registration(const struct align *a, const char *name)
{
    return hep_run_series(a->run, name) != NULL && strcmp(name, a->reference) != 0 &&
           !same_breath_hold(a->run, name, a->reference) &&
           !(strcmp(name, "opposed") == 0 && same_breath_hold(a->run, name, "in_phase"));
}

static int add_series(struct align *a, struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    const size_t *volumes = NULL;
    size_t n = 0, wanted = 0;
    int rc;

    for (size_t i = 0; i < N_CANDIDATES; i++)
        wanted += needs_registration(a, candidates[i]);
    if (wanted == 0)
        return HEP_OK;
    rc = hep_run_volume(a->run, a->reference, &v, err);
    if (rc == HEP_OK) {
        volumes_of(&volumes, &n, a, a->reference, v);
        rc = hep_align_target_new(&a->target, v, volumes, n, a->cfg->mask_margin_mm, err);
    }
    for (size_t i = 0; rc == HEP_OK && i < N_CANDIDATES; i++) {
        const char *name = candidates[i];
        struct hep_align_pair *p;

        if (!needs_registration(a, name))
            continue;
        rc = hep_run_volume(a->run, name, &v, err);
        if (rc != HEP_OK)
            break;
        a->names[a->n_series++] = name;
        p = add_pair(a, &a->target, v, name);
        volumes_of(&p->volumes, &p->n_volumes, a, name, v);
    }
    return rc;
}

static int add_shells(struct align *a, struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    int rc = hep_run_volume(a->run, "dwi", &v, err);

    if (rc == HEP_OK)
        rc = hep_align_target_new(&a->dwi_target, v, &a->shells.order[a->shells.first[0]],
                                  a->shells.count[0], a->cfg->mask_margin_mm, err);
    for (size_t s = 1; rc == HEP_OK && s < a->shells.n; s++) {
        char name[32];
        struct hep_align_pair *p;

        (void)snprintf(name, sizeof name, "shell-%zu", s);
        p = add_pair(a, &a->dwi_target, v, name);
        p->volumes = &a->shells.order[a->shells.first[s]];
        p->n_volumes = a->shells.count[s];
        p->settings.bspline_path = NULL;
        p->min_motion_mm = a->cfg->dwi_min_motion_mm;
    }
    return rc;
}

/* Independent of each other: as many at a time as there are threads, with one thread each. */
static int run_pairs(struct align *a, struct hep_error *err)
{
    struct hep_error *errors = hep_calloc(a->n_pairs + 1, sizeof *errors, err);
    int rc = HEP_OK;

    if (errors == NULL)
        return HEP_ENOMEM;
#pragma omp parallel for schedule(dynamic, 1) num_threads(hep_run_nthreads(a->run))
    for (size_t i = 0; i < a->n_pairs; i++) {
        if (hep_align_pair_run(&a->pairs[i], &errors[i]) != HEP_OK)
            a->pairs[i].failed = true;
    }
    for (size_t i = 0; rc == HEP_OK && i < a->n_pairs; i++) {
        if (errors[i].code != HEP_OK)
            rc = HEP_FAIL(err, errors[i].code, "%s", errors[i].msg);
    }
    free(errors);
    return rc;
}

/* A target that cannot be registered to leaves the others of its kind in scanner geometry. */
static int tolerate(struct align *a, int rc, const char *name, struct hep_error *e,
                    struct hep_error *err)
{
    if (rc == HEP_OK)
        return HEP_OK;
    if (rc != HEP_EDATA)
        return HEP_FAIL(err, e->code, "%s", e->msg);
    hep_log_write(hep_run_log(a->run), HEP_LOG_WARNING, "align",
                  "%s %s: series stay in scanner geometry", name, e->msg);
    return HEP_OK;
}

static int save_field(struct align *a, const char *name, struct hep_align_pair *p,
                      struct hep_error *err)
{
    const char *reference = hep_run_series(a->run, a->reference)->name;
    struct hep_json *sidecar = hep_json_new_object();
    char product[64];
    int rc = hep_json_set(sidecar, "SpatialReference", hep_json_new_string(reference), err);

    (void)snprintf(product, sizeof product, "xfm_%s", name);
    if (rc == HEP_OK)
        rc = hep_run_put_volume(a->run, product, p->displacement, sidecar, err);
    else
        hep_json_free(sidecar);
    p->displacement = NULL;
    p->transform.displacement = NULL;
    return rc;
}

/* The way of every series that is not bent, and of one that stays where the scanner put it. */
static int save_linear(struct align *a, const char *name, const struct hep_align_pair *p,
                       struct hep_error *err)
{
    struct hep_str text = { 0 };
    const char *label = name;
    char *file;
    int rc;

    for (size_t i = 0; i < N_CANDIDATES; i++)
        if (strcmp(candidates[i], name) == 0)
            label = file_labels[i];
    file = hep_asprintf(err, "xfm/%s_from-%s_to-reference_mode-image_xfm.txt",
                        hep_run_label(a->run), label);
    hep_itk_affine_text(&text, HEP_AFFINE(p->transform.affine));
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK && file == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_run_put_file(a->run, file, text.s, text.len, err);
    hep_str_release(&text);
    free(file);
    return rc;
}

static int save_way(struct align *a, const char *name, struct hep_align_pair *p,
                    struct hep_error *err)
{
    return p->method == HEP_ALIGN_DEFORMABLE ? save_field(a, name, p, err)
                                             : save_linear(a, name, p, err);
}

/* The opposed phase goes the way of the in-phase series that it was acquired with. */
static int save_opposed(struct align *a, const struct hep_align_pair *in_phase,
                        struct hep_error *err)
{
    struct hep_align_pair opposed = *in_phase;
    int rc = HEP_OK;

    if (in_phase->displacement != NULL)
        rc = hep_volume_copy(&opposed.displacement, in_phase->displacement, err);
    return rc == HEP_OK ? save_way(a, "opposed", &opposed, err) : rc;
}

static int save_ways(struct align *a, struct hep_error *err)
{
    const bool both = same_breath_hold(a->run, "opposed", "in_phase");
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < a->n_series; i++) {
        if (both && strcmp(a->names[i], "in_phase") == 0)
            rc = save_opposed(a, &a->pairs[i], err);
        if (rc == HEP_OK)
            rc = save_way(a, a->names[i], &a->pairs[i], err);
    }
    return rc;
}

static int save_dwi(struct align *a, bool *moved, struct hep_error *err)
{
    const struct hep_volume *dwi = NULL;
    struct hep_volume *joined = NULL;
    int rc;

    *moved = false;
    for (size_t i = a->n_series; i < a->n_pairs; i++)
        *moved = *moved || a->pairs[i].method != HEP_ALIGN_SCANNER;
    if (!*moved)
        return HEP_OK;
    rc = hep_run_volume(a->run, "dwi", &dwi, err);
    if (rc == HEP_OK)
        rc = hep_align_dwi_join(&joined, dwi, &a->shells, &a->pairs[a->n_series],
                                hep_run_nthreads(a->run), err);
    if (rc == HEP_OK)
        rc = hep_run_put_volume(a->run, "dwi_aligned", joined, NULL, err);
    return rc;
}

static void report_pair(const struct align *a, const char *name, const struct hep_align_pair *p)
{
    enum hep_log_level level = p->failed ? HEP_LOG_WARNING : HEP_LOG_INFO;

    if (p->method == HEP_ALIGN_SCANNER)
        hep_log_write(hep_run_log(a->run), level, "align", "%s: stays in scanner geometry: %s",
                      name, p->reason);
    else
        hep_log_write(hep_run_log(a->run), HEP_LOG_INFO, "align",
                      "%s: %s, moved by %.1f mm on average: %s", name,
                      hep_align_method_name(p->method), p->motion_mm, p->reason);
}

static int save_log(struct align *a, struct hep_error *err)
{
    struct hep_str text = { 0 };
    char *file = hep_asprintf(err, "xfm/%s_registration.log", hep_run_label(a->run));
    int rc;

    for (size_t i = 0; i < a->n_pairs; i++) {
        const struct hep_align_pair *p = &a->pairs[i];

        if (i < a->n_series)
            hep_str_addf(&text, "# %s to %s: ", a->names[i], a->reference);
        else
            hep_str_addf(&text,
                         "# b = %g to b = %g s/mm2: ", a->shells.b_s_per_mm2[i - a->n_series + 1],
                         a->shells.b_s_per_mm2[0]);
        hep_str_addf(&text, "%s; %s\n%s\n", hep_align_method_name(p->method), p->reason,
                     p->log != NULL ? p->log : "");
    }
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK && file == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && text.len > 0)
        rc = hep_run_put_file(a->run, file, text.s, text.len, err);
    hep_str_release(&text);
    free(file);
    return rc;
}

/* @param[in] name of the series whose product xfm_NAME holds the displacement; NULL for a shell */
static void fill_row(struct hep_alignment_row *row, const char *name,
                     const struct hep_align_pair *p)
{
    row->present = true;
    row->method = p->method;
    row->accepted = p->method != HEP_ALIGN_SCANNER;
    row->failed = p->failed;
    memcpy(row->reason, p->reason, sizeof row->reason);
    memcpy(row->reference_to_series, p->transform.affine, sizeof row->reference_to_series);
    memcpy(row->translation_mm, p->translation_mm, sizeof row->translation_mm);
    row->rotation_deg = p->rotation_deg;
    row->mean_motion_mm = p->motion_mm;
    row->expected_residual_mm = hep_align_expected_residual_mm(p->method);
    row->metric = (struct hep_alignment_metric){ .before_nat = p->mi_nat[HEP_ALIGN_SCANNER],
                                                 .rigid_nat = p->mi_nat[HEP_ALIGN_RIGID],
                                                 .deformable_nat = p->mi_nat[HEP_ALIGN_DEFORMABLE],
                                                 .after_nat = p->mi_nat[p->method],
                                                 .overlap = p->overlap[p->method] };
    row->edges = (struct hep_alignment_edges){
        .before = p->edges[HEP_ALIGN_SCANNER].value,
        .rigid = p->edges[HEP_ALIGN_RIGID].value,
        .rigid_gain_se = p->edges[HEP_ALIGN_RIGID].gain_se,
        .deformable = p->edges[HEP_ALIGN_DEFORMABLE].value,
        .deformable_gain_se = p->edges[HEP_ALIGN_DEFORMABLE].gain_se,
    };
    row->jacobian.present = isfinite(p->volume_change.min);
    row->jacobian.of = p->volume_change;
    if (name != NULL && p->method == HEP_ALIGN_DEFORMABLE)
        (void)snprintf(row->displacement, sizeof row->displacement, "xfm_%s", name);
}

static int fill_series(struct hep_alignment *out, const struct align *a, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < a->n_series; i++) {
        enum hep_role role = HEP_ROLE_UNKNOWN;

        report_pair(a, a->names[i], &a->pairs[i]);
        rc = hep_role_from_name(&role, a->names[i], err);
        fill_row(&out->series[role], a->names[i], &a->pairs[i]);
        if (role == HEP_ROLE_IN_PHASE && same_breath_hold(a->run, "opposed", "in_phase"))
            fill_row(&out->series[HEP_ROLE_OPPOSED], "opposed", &a->pairs[i]);
    }
    return rc;
}

static int fill_shells(struct hep_alignment *out, const struct align *a, struct hep_error *err)
{
    const size_t n = a->n_pairs - a->n_series;

    if (n == 0)
        return HEP_OK;
    if (HEP_NEW(out->within_dwi, n, err) != HEP_OK)
        return HEP_ENOMEM;
    out->n_within_dwi = n;
    for (size_t i = 0; i < n; i++) {
        struct hep_alignment_row *row = &out->within_dwi[i];
        char name[64];

        row->b_s_per_mm2 = a->shells.b_s_per_mm2[i + 1];
        (void)snprintf(name, sizeof name, "dwi, b = %g", row->b_s_per_mm2);
        report_pair(a, name, &a->pairs[a->n_series + i]);
        fill_row(row, NULL, &a->pairs[a->n_series + i]);
    }
    return HEP_OK;
}

/* Give the results to the run: fields, corrected diffusion series, log, and what `out` says. */
static int save(struct align *a, struct hep_alignment *out, struct hep_error *err)
{
    int rc = save_dwi(a, &out->dwi_corrected, err);

    if (rc == HEP_OK)
        rc = fill_series(out, a, err);
    if (rc == HEP_OK)
        rc = fill_shells(out, a, err);
    if (rc == HEP_OK)
        rc = save_ways(a, err);
    return rc == HEP_OK ? save_log(a, err) : rc;
}

static int align_all(struct hep_run *run, const char *reference, struct hep_alignment *out,
                     struct hep_error *err)
{
    struct align a = { .run = run, .cfg = &hep_run_config(run)->align, .reference = reference };
    struct hep_error e = { 0 };
    int rc = prepare(&a, err);

    if (rc == HEP_OK)
        rc = tolerate(&a, add_series(&a, &e), reference, &e, err);
    if (rc == HEP_OK && a.cfg->within_dwi && a.shells.n > 1) {
        e = (struct hep_error){ 0 };
        rc = tolerate(&a, add_shells(&a, &e), "dwi", &e, err);
    }
    if (rc == HEP_OK)
        rc = run_pairs(&a, err);
    if (rc == HEP_OK)
        rc = save(&a, out, err);
    finish(&a);
    return rc;
}

/* Why nothing is registered; NULL when it is. */
static const char *no_engine(const struct hep_run *run)
{
    if (hep_run_config(run)->align.engine == HEP_ALIGN_NONE)
        return "alignment is switched off: series are in scanner coordinates";
    if (!hep_register_available())
        return "elastix is not installed: series are in scanner coordinates";
    return NULL;
}

static const char *engine(void)
{
    return hep_register_available() ? "elastix" : "none";
}

static int run_align(struct hep_run *run, struct hep_error *err)
{
    const char *reference = choose_reference(run), *without = no_engine(run);
    struct hep_alignment *out = NULL;
    int rc;

    if (reference == NULL)
        return HEP_FAIL(err, HEP_EDATA, "the study has no series that Hepar can use");
    if (without != NULL && hep_run_config(run)->align.engine == HEP_ALIGN_ELASTIX)
        return HEP_FAIL(err, HEP_ENOENT, "align.engine asks for elastix, which is not in PATH");
    out = hep_alignment_new(err);
    if (out == NULL)
        return HEP_ENOMEM;
    rc = hep_role_from_name(&out->reference, reference, err);
    out->engine = without != NULL ? HEP_ALIGNMENT_SCANNER : HEP_ALIGNMENT_ELASTIX;
    if (rc == HEP_OK && (out->file = hep_strdup(hep_run_series(run, reference)->name, err)) == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && without != NULL && (out->warning = hep_strdup(without, err)) == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && without != NULL)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "align", "%s", without);
    else if (rc == HEP_OK)
        rc = align_all(run, reference, out, err);
    if (rc == HEP_OK)
        return hep_run_put_alignment(run, out, err);
    hep_struct_release(out, &hep_alignment_type);
    free(out);
    return rc;
}

static const char *const settings[] = { "align.", NULL };
static const char *const files[] = { "registration/rigid.txt", "registration/bspline.txt", NULL };

const struct hep_stage hep_stage_align = {
    .name = "align",
    .typical_share = 20,
    .summary = "Chooses the reference series and brings every other series to it.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_align,
    .files = files,
    .engine = engine,
};
