/* Of several T2-weighted series the one that serves is taken, whatever its file number: names as
 * Siemens, GE and Philips scanners give them, with and without sidecars. */
#include "sequences/study_files.h"

enum { MAX_FILES = 7 };

struct image {
    const char *name, *sidecar;
    enum { AXIAL, CORONAL, AXIAL_THIRD } plane; /* the last covers a third of the height */
    double distance_mm;                         /* of slices */
};

struct choice_case {
    const char *name;
    struct image file[MAX_FILES];
    const char *role, *taken;   /* file that is used for the role; NULL: none */
    const char *reason, *other; /* part of a reason of a file, and that file; or NULL */
    const char *warning;        /* part of a warning of the study; or NULL */
};

#define SE ", \"ScanningSequence\": \"SE\"}"
#define SIEMENS_T1                                                                                 \
    { "9_t1_vibe_hbp", "{\"SeriesDescription\": \"t1_vibe_fs_tra_hbp\"}", AXIAL, 3 },              \
    {                                                                                              \
        "8_t1_vibe_pv", "{\"SeriesDescription\": \"t1_vibe_fs_tra_pv\"}", AXIAL, 3                 \
    }
#define SIEMENS_T2                                                                                 \
    { "2_haste_cor", "{\"SeriesDescription\": \"t2_haste_cor_bh\", \"EchoTime\": 0.092" SE,        \
      CORONAL, 6 },                                                                                \
        { "3_haste_tra", "{\"SeriesDescription\": \"t2_haste_tra_bh\", \"EchoTime\": 0.092" SE,    \
          AXIAL, 6 },                                                                              \
        { "4_tse",                                                                                 \
          "{\"SeriesDescription\": \"t2_tse_tra_trig\", \"EchoTime\": 0.084, "                     \
          "\"ScanOptions\": \"PFP\\\\FS\", \"EchoTrainLength\": 15" SE,                            \
          AXIAL, 6 },                                                                              \
    {                                                                                              \
        "5_mrcp", "{\"SeriesDescription\": \"t2_space_cor_p2_trig\", \"EchoTime\": 0.7" SE,        \
            CORONAL, 1                                                                             \
    }

static const struct choice_case cases[] = {
    { "Siemens: the coronal HASTE has the lowest number",
      { SIEMENS_T2, SIEMENS_T1 },
      "t2",
      "4_tse",
      "coronal, most other series are axial",
      "2_haste_cor",
      NULL },
    { "an MRCP never serves", { SIEMENS_T2, SIEMENS_T1 }, "t2", "4_tse", "MRCP", "5_mrcp", NULL },
    { "GE names",
      { { "2_cor", "{\"SeriesDescription\": \"COR SSFSE\", \"EchoTime\": 0.09" SE, CORONAL, 7 },
        { "3_ax", "{\"SeriesDescription\": \"AX SSFSE BH\", \"EchoTime\": 0.09" SE, AXIAL, 7 },
        { "4_fr", "{\"SeriesDescription\": \"AX T2 FRFSE FS RT\", \"EchoTime\": 0.085" SE, AXIAL,
          6 },
        { "5_m", "{\"SeriesDescription\": \"3D MRCP RT\", \"EchoTime\": 0.71" SE, CORONAL, 1 },
        { "6_a", "{\"SeriesDescription\": \"AX LAVA ART\"}", AXIAL, 3 } },
      "t2",
      "4_fr",
      "single shot",
      "3_ax",
      NULL },
    { "Philips names",
      { { "301", "{\"SeriesDescription\": \"T2W_SSh_COR\", \"EchoTime\": 0.08" SE, CORONAL, 6 },
        { "401", "{\"SeriesDescription\": \"T2W_SSh_TRA\", \"EchoTime\": 0.08" SE, AXIAL, 6 },
        { "501", "{\"SeriesDescription\": \"T2W_SPAIR_RT\", \"EchoTime\": 0.08" SE, AXIAL, 6 },
        { "601", "{\"SeriesDescription\": \"sMRCP_3D_HR\", \"EchoTime\": 0.74" SE, CORONAL, 1 },
        { "701", "{\"SeriesDescription\": \"eTHRIVE portal\"}", AXIAL, 3 } },
      "t2",
      "501",
      "fat-saturated",
      "501",
      NULL },
    { "names alone",
      { { "1_t2_haste_cor", NULL, CORONAL, 6 },
        { "2_t2_tse_fs_tra", NULL, AXIAL, 6 },
        { "3_mrcp_t2", NULL, CORONAL, 1 },
        { "4_t1_vibe_art", NULL, AXIAL, 3 } },
      "t2",
      "2_t2_tse_fs_tra",
      "MRCP",
      "3_mrcp_t2",
      NULL },
    { "only an MRCP: no T2",
      { { "1_mrcp", "{\"SeriesDescription\": \"t2 space\", \"EchoTime\": 0.7" SE, AXIAL, 1 },
        { "2_t1_vibe_art", NULL, AXIAL, 3 } },
      "t2",
      NULL,
      "MRCP",
      "1_mrcp",
      NULL },
    { "a coronal study takes the coronal one",
      { { "1_t2_tse_fs_tra", NULL, AXIAL, 6 },
        { "2_t2_haste_cor", NULL, CORONAL, 6 },
        { "3_t1_art", NULL, CORONAL, 3 },
        { "4_t1_pv", NULL, CORONAL, 3 } },
      "t2",
      "2_t2_haste_cor",
      "axial, most other series are coronal",
      "1_t2_tse_fs_tra",
      NULL },
    { "half of the liver missing outweighs fat saturation",
      { { "1_t2_tse_fs_tra", NULL, AXIAL_THIRD, 6 },
        { "2_t2_haste_tra", NULL, AXIAL, 6 },
        { "3_t1_art", NULL, AXIAL, 3 } },
      "t2",
      "2_t2_haste_tra",
      "% of the inner region of another series (arterial)",
      "1_t2_tse_fs_tra",
      NULL },
    { "slices of 10 mm with gaps of 4 mm",
      { { "1_t2", "{\"SeriesDescription\": \"t2_tse\", \"SliceThickness\": 6}", AXIAL, 10 },
        { "2_t2", "{\"SeriesDescription\": \"t2_tse\", \"SliceThickness\": 5}", AXIAL, 6 } },
      "t2",
      "2_t2",
      "gaps are 40 %",
      "1_t2",
      NULL },
    { "two that serve equally well are said",
      { { "1_t2_tse_fs", NULL, AXIAL, 6 }, { "2_t2_blade_fs", NULL, AXIAL, 6 } },
      "t2",
      "1_t2_tse_fs",
      NULL,
      NULL,
      "serve equally well as t2" },
    { "a coronal hepatobiliary phase does not take the place of the axial one",
      { { "1_t1_hbp_cor", NULL, CORONAL, 3 },
        { "2_t1_hbp_tra", NULL, AXIAL, 3 },
        { "3_t1_art", NULL, AXIAL, 3 },
        { "4_t2", NULL, AXIAL, 6 } },
      "hepatobiliary",
      "2_t1_hbp_tra",
      NULL,
      NULL,
      NULL },
    { "a repeated run without sidecar does not beat one with a known time",
      { { "sub-1_acq-hbp_ce-gadoxetate_run-1_T1w", "{\"TimeSinceInjection\": 1200}", AXIAL, 3 },
        { "sub-1_acq-hbp_ce-gadoxetate_run-2_T1w", NULL, AXIAL, 3 } },
      "hepatobiliary",
      "sub-1_acq-hbp_ce-gadoxetate_run-1_T1w",
      NULL,
      NULL,
      NULL },
    { "nor one with known parameters",
      { { "sub-1_run-1_T2w", "{\"EchoTime\": 0.08}", AXIAL, 6 },
        { "sub-1_run-2_T2w", NULL, AXIAL, 6 } },
      "t2",
      "sub-1_run-1_T2w",
      NULL,
      NULL,
      NULL },
    { "a repeated run that is as well known is the better one",
      { { "sub-1_run-1_T2w", "{\"EchoTime\": 0.08}", AXIAL, 6 },
        { "sub-1_run-2_T2w", "{\"EchoTime\": 0.08}", AXIAL, 6 } },
      "t2",
      "sub-1_run-2_T2w",
      NULL,
      NULL,
      "the later run" },
    { "_SUB in the name alone is a subtraction",
      { { "1_t1_vibe_art_SUB", NULL, AXIAL, 3 }, { "sub-7_2_t1_vibe_pv", NULL, AXIAL, 3 } },
      "arterial",
      NULL,
      "computed or planning image",
      "1_t1_vibe_art_SUB",
      NULL },
    { "sub- before a subject's label is none",
      { { "sub-7_2_t1_vibe_pv", NULL, AXIAL, 3 } },
      "portal_venous",
      "sub-7_2_t1_vibe_pv",
      NULL,
      NULL,
      NULL },
    { "an apparent diffusion coefficient is a map",
      { { "6_Apparent_Diffusion_Coefficient_mm2_s", NULL, AXIAL, 6 },
        { "7_x", "{\"SeriesDescription\": \"Apparent Diffusion Coefficient (mm2/s)\"}", AXIAL,
          6 } },
      "dwi",
      NULL,
      "computed or planning image",
      "6_Apparent_Diffusion_Coefficient_mm2_s",
      NULL },
};

/** An image of 192 mm in both directions of its plane and of its slices, about the same centre. */
static void write_image(const char *dir, const struct image *f)
{
    const size_t in_plane = 96,
                 slices = (size_t)((f->plane == AXIAL_THIRD ? 60 : 180) / f->distance_mm);
    const double mm[3] = { 2, 2, f->distance_mm };
    struct hep_grid g = { .n = { in_plane, in_plane, slices },
                          .to_world = { [3] = { 0, 0, 0, 1 } } };
    struct hep_error e = { 0 };
    struct hep_volume *v = NULL;
    char *path = hep_asprintf(NULL, "%s/%s.nii.gz", dir, f->name);

    for (int a = 0; a < 3; a++) {
        const int world = f->plane == CORONAL ? (int[]){ 0, 2, 1 }[a] : a;

        g.to_world[world][a] = mm[a];
        g.to_world[world][3] = -0.5 * mm[a] * (double)(g.n[a] - 1);
    }
    assert_ok(hep_volume_new(&v, &g, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&g); i++)
        v->data[i] = 10.0F;
    assert_ok(hep_nifti_write(path, v, NULL, &e), e);
    hep_volume_free(v);
    free(path);
    if (f->sidecar != NULL) {
        char *name = hep_asprintf(NULL, "%s.json", f->name);

        study_write_text(dir, name, f->sidecar);
        free(name);
    }
}

static const char *taken_for(const struct hep_inventory *inv, const char *role)
{
    for (size_t i = 0; i < inv->n_series; i++)
        if (inv->series[i].selected && strcmp(hep_role_name(inv->series[i].role), role) == 0)
            return inv->series[i].name;
    return NULL;
}

static void test_case(void **state)
{
    const struct choice_case *c = *state;
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;
    const char *taken;

    for (int i = 0; i < MAX_FILES && c->file[i].name != NULL; i++)
        write_image(dir, &c->file[i]);
    inv = study_scan(dir, NULL);
    taken = taken_for(inv, c->role);
    if (c->taken == NULL) {
        assert_null(taken);
    } else {
        assert_non_null(taken);
        assert_memory_equal(taken, c->taken, strlen(c->taken));
    }
    if (c->reason != NULL)
        assert_true(study_says(&study_series(inv, c->other)->reasons, c->reason));
    if (c->warning != NULL)
        assert_true(study_says(&inv->warnings, c->warning));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_case,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
