/* One subject stored LAS, oblique and as int16: signals, truth on top of images, sidecars. */
#include "phantom/study.h"

#include "base/json.h"
#include "base/text.h"
#include "image/nifti.h"
#include "image/resample.h"
#include "image/stats.h"

/* Subject 6 is stored LAS, oblique, int16. */
#define SUBJECT 6

struct fixture {
    struct small_study study;
    struct hep_volume *pre, *hbp, *t2, *dwi, *field, *dwi_field;
    struct hep_labels *liver, *lesions;
    struct hep_json *truth;
};

static struct hep_volume *read_image(const struct fixture *f, const char *name)
{
    char *path = hep_asprintf(NULL, "%s/%s", f->study.dir, name);
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_nifti_read(&v, path, &e), e);
    free(path);
    return v;
}

static struct hep_labels *read_labels(const struct fixture *f, const char *name)
{
    char *path = hep_asprintf(NULL, "%s/%s", f->study.dir, name);
    struct hep_labels *l = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_nifti_read_labels(&l, path, &e), e);
    free(path);
    return l;
}

static struct hep_json *read_json(const struct fixture *f, const char *name)
{
    char *path = hep_asprintf(NULL, "%s/%s", f->study.dir, name);
    struct hep_json *j = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_json_read(&j, path, &e), e);
    free(path);
    return j;
}

#define TRUTH "derivatives/truth/sub-06/"

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hep_error e = { 0 };

    small_study_open(&f->study, SUBJECT, "cyst:30mm,net:26mm,met:34mm,net:12mm", "shift");
    f->study.s.variation = 0.0;
    f->study.s.nthreads = 2;
    assert_ok(hep_simulate_subject(f->study.dir, &f->study.s, NULL, &e), e);
    f->pre = read_image(f, "sub-06/anat/sub-06_acq-pre_T1w.nii.gz");
    f->hbp = read_image(f, "sub-06/anat/sub-06_acq-hbp_ce-gadoxetate_T1w.nii.gz");
    f->t2 = read_image(f, "sub-06/anat/sub-06_acq-fatsat_T2w.nii.gz");
    f->dwi = read_image(f, "sub-06/dwi/sub-06_dwi.nii.gz");
    f->field = read_image(f, TRUTH "sub-06_desc-t2_displacement.nii.gz");
    f->dwi_field = read_image(f, TRUTH "sub-06_desc-dwi_displacement.nii.gz");
    f->liver = read_labels(f, TRUTH "anat/sub-06_label-liver_mask.nii.gz");
    f->lesions = read_labels(f, TRUTH "anat/sub-06_label-lesions_dseg.nii.gz");
    f->truth = read_json(f, TRUTH "sub-06_lesions.json");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hep_volume_free(f->pre);
    hep_volume_free(f->hbp);
    hep_volume_free(f->t2);
    hep_volume_free(f->dwi);
    hep_volume_free(f->field);
    hep_volume_free(f->dwi_field);
    hep_labels_free(f->liver);
    hep_labels_free(f->lesions);
    hep_json_free(f->truth);
    small_study_close(&f->study);
    free(f);
    return 0;
}

/* Lesions stand in the order of their size. */
static const struct hep_json *nth_of_type(const struct fixture *f, const char *type, size_t nth)
{
    const struct hep_json *list = hep_json_get(f->truth, "lesions");

    for (size_t i = 0; i < hep_json_size(list); i++) {
        const struct hep_json *l = hep_json_at(list, i);

        if (strcmp(hep_json_string(hep_json_get(l, "type")), type) == 0 && nth-- == 0)
            return l;
    }
    fail_msg("no lesion %s", type);
    return NULL;
}

static const struct hep_json *lesion_of_type(const struct fixture *f, const char *type)
{
    return nth_of_type(f, type, 0);
}

static void centre_of(double p[3], const struct hep_json *lesion)
{
    for (size_t k = 0; k < 3; k++)
        p[k] = hep_json_number(hep_json_at(hep_json_get(lesion, "centre_mm"), k));
}

static double median_in(const struct hep_volume *v, size_t t, const struct hep_labels *m, int label)
{
    struct hep_stats s;
    struct hep_error e = { 0 };

    assert_ok(hep_stats_masked(&s, v, t, m, label, &e), e);
    return s.median;
}

/* Parenchyma: voxels of the liver without lesions. */
static double liver_median(const struct fixture *f, const struct hep_volume *v)
{
    const size_t n = hep_grid_voxels(&v->grid);
    struct hep_labels *m = NULL;
    struct hep_error e = { 0 };
    double value;

    assert_ok(hep_labels_copy(&m, f->liver, &e), e);
    for (size_t i = 0; i < n; i++)
        m->data[i] = f->liver->data[i] != 0 && f->lesions->data[i] == 0;
    value = median_in(v, 0, m, 1);
    hep_labels_free(m);
    return value;
}

static void test_storage(void **state)
{
    const struct fixture *f = *state;
    char *path = hep_asprintf(NULL, "%s/%s", f->study.dir, "sub-06/anat/sub-06_acq-pre_T1w.nii.gz");
    struct hep_nifti_info info;
    struct hep_error e = { 0 };

    assert_ok(hep_nifti_info(&info, path, &e), e);
    assert_int_equal(info.datatype, 4); /* DT_INT16 */
    assert_true(f->hbp->grid.to_world[0][0] < 0.0);
    assert_true(fabs(f->hbp->grid.to_world[1][2]) > 0.1);
    assert_true(hep_grid_same(&f->hbp->grid, &f->liver->grid, HEP_GRID_TOL_MM));
    assert_true(hep_grid_same(&f->hbp->grid, &f->lesions->grid, HEP_GRID_TOL_MM));
    assert_int_equal(f->dwi->nt, 4);
    free(path);
}

/* Centroid of the label in the world against the centre in the JSON; volume against both. */
static void test_truth_aligned(void **state)
{
    const struct fixture *f = *state;
    const struct hep_json *list = hep_json_get(f->truth, "lesions");
    const size_t nx = f->lesions->grid.n[0], ny = f->lesions->grid.n[1];

    assert_int_equal(hep_json_size(list), 4);
    for (size_t i = 0; i < 3; i++) { /* the fourth is four voxels wide */
        const struct hep_json *l = hep_json_at(list, i);
        const double id = hep_json_number(hep_json_get(l, "id"));
        const double ml = hep_json_number(hep_json_get(l, "volume_ml"));
        const double d = hep_json_number(hep_json_get(l, "diameter_mm"));
        double c[3], sum[3] = { 0.0, 0.0, 0.0 }, n = 0.0;

        centre_of(c, l);
        for (size_t k = 0; k < hep_grid_voxels(&f->lesions->grid); k++) {
            double p[3];

            if (f->lesions->data[k] != (int32_t)id)
                continue;
            hep_grid_to_world(p, &f->lesions->grid,
                              (const double[3]){ (double)(k % nx), (double)(k / nx % ny),
                                                 (double)(k / (nx * ny)) });
            for (int a = 0; a < 3; a++)
                sum[a] += p[a];
            n += 1.0;
        }
        for (int a = 0; a < 3; a++)
            assert_close(sum[a] / n, c[a], 0.0, 1.5);
        assert_close(n * hep_grid_voxel_mm3(&f->lesions->grid) / 1000.0, ml, 0.08, 0.0);
        assert_close(ml, 3.14159265 / 6000.0 * d * d * d, 0.05, 0.0);
    }
}

/* Published ratios at 3 T (SPGR, 20 min): liver RE 90 %, cyst 0.15, solid NET 0.43 of liver, which
 * is the rim of a large one, 0.66 of its volume and darker than the rest; so its median; here
 * with proton densities of the table (1 and 0.95 to 0.9), 3 % of fat and T2* at TE 1.3 ms:
 * 0.15 x 1/0.9 / 0.97 x 1.06 = 0.18; 0.43 x 1.056 / 0.97 x 1.03 = 0.48. 15 %. */
static void test_enhancement(void **state)
{
    const struct fixture *f = *state;
    const double pre = liver_median(f, f->pre), hbp = liver_median(f, f->hbp);
    const int cyst = (int)hep_json_number(hep_json_get(lesion_of_type(f, "cyst"), "id"));
    const int net = (int)hep_json_number(hep_json_get(lesion_of_type(f, "net"), "id"));

    assert_close(hbp / pre, 1.90, 0.06, 0.0);
    assert_close(median_in(f->hbp, 0, f->lesions, cyst) / hbp, 0.18, 0.15, 0.0);
    assert_close(median_in(f->hbp, 0, f->lesions, net) / hbp, 0.48, 0.15, 0.0);
}

/* Through another grid: where the displacement says, the cyst shines in T2 and the NET at b = 800.
 */
static void test_displacement(void **state)
{
    const struct fixture *f = *state;
    double c[3], q[3], there, length = 0.0;

    centre_of(c, lesion_of_type(f, "cyst"));
    for (size_t k = 0; k < 3; k++) {
        const double d = hep_sample_world(f->field, k, c, HEP_INTERP_LINEAR);

        q[k] = c[k] + d;
        length += d * d;
    }
    assert_true(sqrt(length) > 0.5);
    there = hep_sample_world(f->t2, 0, q, HEP_INTERP_LINEAR);
    for (int k = 0; k < 3; k++) { /* 21 mm further along either way lies something else */
        for (int side = -1; side <= 1; side += 2) {
            double p[3] = { q[0], q[1], q[2] };

            p[k] += side * 24.0;
            assert_true(there > 1.5 * hep_sample_world(f->t2, 0, p, HEP_INTERP_LINEAR));
        }
    }
}

/* ADC from the files: cyst 2.7e-3; centre of the NET by hand from D 1.1e-3, f 0.12, D* 0.04:
 * ln((0.88 e^(-0.055) + 0.12 e^(-2)) / (0.88 e^(-0.88) + 0.12 e^(-32))) / 750 = 1.126e-3. */
static void test_adc(void **state)
{
    const struct fixture *f = *state;
    const char *const types[2] = { "cyst", "net" };
    const double want[2] = { 2.7e-3, 1.126e-3 };

    for (int i = 0; i < 2; i++) {
        const struct hep_json *l = lesion_of_type(f, types[i]);
        double c[3], q[3], s50, s800;

        centre_of(c, l);
        centre_of(q, l);
        for (size_t k = 0; k < 3; k++)
            c[k] += hep_sample_world(f->dwi_field, k, q, HEP_INTERP_LINEAR);
        s50 = hep_sample_world(f->dwi, 1, c, HEP_INTERP_LINEAR);
        s800 = hep_sample_world(f->dwi, 3, c, HEP_INTERP_LINEAR);
        assert_close(log(s50 / s800) / 750.0, want[i], 0.06, 0.0);
    }
}

static const struct hep_json *flag(const struct hep_json *lesion, const char *name)
{
    return hep_json_get(hep_json_get(lesion, "flags"), name);
}

static void assert_state(const struct hep_json *lesion, const char *name, const char *state)
{
    assert_string_equal(hep_json_string(hep_json_get(flag(lesion, name), "state")), state);
}

/* What radiology says of these four with gadoxetate. */
static void test_flags(void **state)
{
    const struct fixture *f = *state;
    const struct hep_json *cyst = lesion_of_type(f, "cyst"), *net = lesion_of_type(f, "net");
    const struct hep_json *met = lesion_of_type(f, "met"), *solid = nth_of_type(f, "net", 1);
    static const char *const none[] = { "restricted_diffusion", "ring_enhancement", "washout",
                                        "peripheral_washout",   "targetoid_dwi",    "fat",
                                        "blood_pool",           "t1_hyperintensity" };

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_state(cyst, none[i], "absent");
    assert_state(cyst, "t2_shine_through", "present");
    assert_state(cyst, "hbp_hypointensity", "present");
    assert_state(net, "arterial_hyperenhancement", "present");
    assert_state(net, "ring_enhancement", "present");
    assert_state(net, "peripheral_washout", "present");
    assert_state(net, "blood_pool", "absent");
    assert_state(net, "hbp_hypointensity", "present");
    assert_state(solid, "arterial_hyperenhancement", "present");
    assert_state(solid, "washout", "present");
    assert_state(solid, "peripheral_washout", "absent");
    assert_state(solid, "ring_enhancement", "absent");
    assert_state(met, "restricted_diffusion", "present");
    assert_state(met, "ring_enhancement", "present");
    assert_state(met, "peripheral_washout", "absent");
    assert_state(met, "targetoid_dwi", "present");
    assert_state(met, "hbp_hypointensity", "present");
    assert_state(met, "t1_hyperintensity", "absent");
    assert_string_equal(hep_json_string(hep_json_get(met, "class")), "metastasis");
    assert_string_equal(hep_json_string(hep_json_get(cyst, "class")), "cyst");
    assert_string_equal(hep_json_string(hep_json_get(f->truth, "reference")), "hepatobiliary");
}

static void test_sidecars(void **state)
{
    const struct fixture *f = *state;
    struct hep_json *hbp = read_json(f, "sub-06/anat/sub-06_acq-hbp_ce-gadoxetate_T1w.json");
    struct hep_json *pre = read_json(f, "sub-06/anat/sub-06_acq-pre_T1w.json");

    assert_close(hep_json_number(hep_json_get(hbp, "TimeSinceInjection")), 1200.0, 0.0, 1e-9);
    assert_close(hep_json_number(hep_json_get(hbp, "EchoTime")), 0.0013, 1e-6, 0.0);
    assert_close(hep_json_number(hep_json_get(hbp, "FlipAngle")), 12.0, 1e-6, 0.0);
    assert_close(hep_json_number(hep_json_get(hbp, "MagneticFieldStrength")), 3.0, 0.0, 0.0);
    assert_string_equal(hep_json_string(hep_json_get(hbp, "ContrastBolusAgent")), "gadoxetate");
    /* injection at 10:20:00 */
    assert_string_equal(hep_json_string(hep_json_get(hbp, "AcquisitionTime")), "10:40:00.000000");
    assert_int_equal(hep_json_type(hep_json_get(pre, "TimeSinceInjection")), HEP_JSON_MISSING);
    hep_json_free(hbp);
    hep_json_free(pre);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage),     cmocka_unit_test(test_truth_aligned),
        cmocka_unit_test(test_enhancement), cmocka_unit_test(test_displacement),
        cmocka_unit_test(test_adc),         cmocka_unit_test(test_flags),
        cmocka_unit_test(test_sidecars),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
