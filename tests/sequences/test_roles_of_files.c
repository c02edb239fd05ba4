/* Which role a file gets, by its name and sidecar: one row per pitfall of vendors and converters.
 */
#include "sequences/study_files.h"

#include <math.h>

enum { MAX_FILES = 7 };

struct role_case {
    const char *name;
    struct study_file file[MAX_FILES];
    const char *want[MAX_FILES]; /* role of the i-th file; NULL: part of another series */
    const char *warning;         /* part of a warning of the first file */
};

#define OPP "{\"ImageType\": [\"ORIGINAL\", \"PRIMARY\", \"OPP\", \"PHASE\", \"PHASE\"]"
#define INP "{\"ImageType\": [\"ORIGINAL\", \"PRIMARY\", \"IN\", \"PHASE\", \"PHASE\"]"
#define T3 "\"MagneticFieldStrength\": 3"
#define VIBE "\"TR\": 0, \"RepetitionTime\": 0.004, \"EchoTime\": 0.0018, \"FlipAngle\": 12"

static const struct role_case cases[] = {
    { "BIDS names",
      { { "sub-1_acq-pre_T1w", 1, NULL },
        { "sub-1_acq-art_ce-gadoxetate_T1w", 1, NULL },
        { "sub-1_acq-trans_ce-gadoxetate_T1w", 1, NULL },
        { "sub-1_acq-hbp_ce-gadoxetate_T1w", 1, NULL },
        { "sub-1_acq-del_ce-gadoxetate_T1w", 1, NULL },
        { "sub-1_acq-pv_ce-gadoxetate_T1w", 1, NULL },
        { "sub-1_acq-fatsat_T2w", 1, NULL } },
      { "precontrast", "arterial", "transitional", "hepatobiliary", "delayed", "portal_venous",
        "t2" },
      NULL },
    { "suffixes in other capitals, and some that BIDS does not know",
      { { "sub-1_acq-pre_t1w", 1, NULL },
        { "sub-1_acq-art_ce-gadoxetate_T1W", 1, NULL },
        { "sub-1_acq-pv_ce-gadoxetate_VIBE", 1, NULL },
        { "sub-1_acq-hbp_ce-gadoxetate_LAVA", 1, NULL },
        { "sub-1_acq-fatsat_TSE", 1, NULL },
        { "sub-1_T1map", 1, NULL } },
      { "precontrast", "arterial", "portal_venous", "hepatobiliary", "t2", "unknown" },
      NULL },
    { "_ph and _phMag of IN_PHASE and OPP_PHASE are no phase images",
      { { "5_dixon_e1_ph", 1, OPP ", \"EchoTime\": 0.00115, " T3 "}" },
        { "5_dixon_e2_phMag", 1, INP ", \"EchoTime\": 0.0023, " T3 "}" } },
      { "opposed", "in_phase" },
      NULL },
    { "tokens alone, no TE, no field",
      { { "5_a_ph", 1, OPP "}" }, { "6_a_phMag", 1, INP "}" } },
      { "opposed", "in_phase" },
      NULL },
    { "WATER and FAT alone are one series",
      { { "7_dixon_w", 1,
          "{\"ImageType\": [\"DERIVED\", \"WATER\"], \"SeriesDescription\": \"t1_dixon\"," T3
          ", \"EchoTime\": 0.0023}" },
        { "8_dixon_f", 1,
          "{\"ImageType\": [\"DERIVED\", \"FAT\"], \"SeriesDescription\": \"t1_dixon\"," T3
          ", \"EchoTime\": 0.0023}" } },
      { "echoes", NULL },
      NULL },
    { "WATER and FAT beside their echoes are not used",
      { { "7_dixon_w", 1,
          "{\"ImageType\": [\"DERIVED\", \"WATER\"], \"SeriesDescription\": \"t1_dixon\"," T3
          ", \"EchoTime\": 0.0023}" },
        { "8_dixon_f", 1,
          "{\"ImageType\": [\"DERIVED\", \"FAT\"], \"SeriesDescription\": \"t1_dixon\"," T3
          ", \"EchoTime\": 0.0023}" },
        { "9_a_ph", 1, OPP "}" },
        { "9_b_phMag", 1, INP "}" } },
      { "unknown", "unknown", "opposed", "in_phase" },
      "water image of a Dixon series: not an echo" },
    { "echoes named after the map that is made of them are echoes, the map is a map",
      { { "R2_map_e1", 1,
          "{\"SeriesDescription\": \"R2 map\", \"EchoTime\": 0.0023, \"MagneticFieldStrength\": "
          "3}" },
        { "R2_map_e2", 1,
          "{\"SeriesDescription\": \"R2 map\", \"EchoTime\": 0.00345, \"MagneticFieldStrength\": "
          "3}" },
        { "7_R2_map", 1,
          "{\"SeriesDescription\": \"R2 map\", \"EchoTime\": 0.0023, \"MagneticFieldStrength\": "
          "3}" } },
      { "in_phase", "opposed", "unknown" },
      NULL },
    { "a water image of the arterial phase is a phase",
      { { "7_w", 1,
          "{\"ImageType\": [\"DERIVED\", \"WATER\"], \"SeriesDescription\": "
          "\"t1_vibe_dixon_art_W\"}" } },
      { "arterial" },
      "not an echo" },
    { "four contrasts of one series: 4-D WATER is suspect",
      { { "9_dixon_e1_phMag", 1, OPP ", \"EchoTime\": 0.00115, " T3 "}" },
        { "9_dixon_e1_phMaga", 1, INP ", \"EchoTime\": 0.0023, " T3 "}" },
        { "9_dixon", 2, "{\"ImageType\": [\"DERIVED\", \"WATER\"], \"EchoTime\": 0.0023}" } },
      { "opposed", "in_phase", "unknown" },
      NULL },
    { "4-D Dixon",
      { { "dixon", 2, "{\"SeriesDescription\": \"t1 dixon\", \"EchoTime\": 0.0023}" } },
      { "unknown" },
      "suspect" },
    { "two echoes in one series, TE decides at 1.5 T",
      { { "4_gre_e1", 1, "{\"EchoTime\": 0.0023, \"MagneticFieldStrength\": 1.5}" },
        { "4_gre_e2", 1, "{\"EchoTime\": 0.0046, \"MagneticFieldStrength\": 1.5}" } },
      { "opposed", "in_phase" },
      NULL },
    { "the same TE at 3 T are in phase both: e1 is no longer opposed",
      { { "4_gre_e1", 1, "{\"EchoTime\": 0.0023, " T3 "}" },
        { "4_gre_e2", 1, "{\"EchoTime\": 0.00345, " T3 "}" } },
      { "in_phase", "opposed" },
      NULL },
    { "2.89 T, opposed third and in phase",
      { { "4_gre_e1", 1, "{\"EchoTime\": 0.00239, \"MagneticFieldStrength\": 2.89}" },
        { "4_gre_e2", 1, "{\"EchoTime\": 0.00358, \"MagneticFieldStrength\": 2.89}" } },
      { "in_phase", "opposed" },
      NULL },
    { "6.907 in phase and 5.756 opposed in two breath-holds",
      { { "11_B0_map_delTEinphase", 1,
          "{\"SeriesDescription\": \"B0_map_delTEinphase\", \"EchoTime\": 0.006907, "
          "\"ScanningSequence\": \"GR\", " T3 "}" },
        { "12_B0_map_delTEoutphase", 1,
          "{\"SeriesDescription\": \"B0_map_delTEoutphase\", \"EchoTime\": 0.005756, "
          "\"ScanningSequence\": \"GR\", " T3 "}" } },
      { "in_phase", "opposed" },
      NULL },
    { "BIDS MEGRE with two echoes, opposed second",
      { { "sub-1_acq-dixon_echo-1_MEGRE", 1, "{\"EchoTime\": 0.0023, " T3 "}" },
        { "sub-1_acq-dixon_echo-2_MEGRE", 1, "{\"EchoTime\": 0.00345, " T3 "}" } },
      { "in_phase", "opposed" },
      NULL },
    { "MEGRE without EchoTime says so",
      { { "sub-1_acq-dixon_echo-1_MEGRE", 1, "{" T3 "}" } },
      { "unknown" },
      "EchoTime is missing" },
    { "TE between the two states",
      { { "sub-1_acq-dixon_echo-1_MEGRE", 1, "{\"EchoTime\": 0.00176, " T3 "}" } },
      { "unknown" },
      "between opposed and in phase" },
    { "three echoes",
      { { "sub-1_acq-dixon_echo-1_MEGRE", 1, "{\"EchoTime\": 0.00115, " T3 "}" },
        { "sub-1_acq-dixon_echo-2_MEGRE", 1, "{\"EchoTime\": 0.0023, " T3 "}" },
        { "sub-1_acq-dixon_echo-3_MEGRE", 1, "{\"EchoTime\": 0.00345, " T3 "}" } },
      { "echoes", NULL, NULL },
      NULL },
    { "three dcm2niix echoes",
      { { "3_mgre_e1", 1, "{\"EchoTime\": 0.0012, " T3 "}" },
        { "3_mgre_e2", 1, "{\"EchoTime\": 0.0022, " T3 "}" },
        { "3_mgre_e3", 1, "{\"EchoTime\": 0.0032, " T3 "}" } },
      { "echoes", NULL, NULL },
      NULL },
    { "spin echoes are T2, not fat-water echoes",
      { { "t2_e1", 1, "{\"EchoTime\": 0.0129, \"ScanningSequence\": \"SE\", " T3 "}" },
        { "t2_e2", 1, "{\"EchoTime\": 0.0387, \"ScanningSequence\": \"SE\", " T3 "}" },
        { "t2_e3", 1, "{\"EchoTime\": 0.0903, \"ScanningSequence\": \"SE\", " T3 "}" } },
      { "t2", "t2", "t2" },
      NULL },
    { "descriptions of phases",
      { { "1", 1, "{\"SeriesDescription\": \"t1_vibe_fs_tra_NATIV\", " VIBE "}" },
        { "2", 1, "{\"SeriesDescription\": \"LAVA Arterial Phase\"}" },
        { "3", 1, "{\"ProtocolName\": \"eTHRIVE portal venous\"}" },
        { "4", 1, "{\"SeriesDescription\": \"t1_vibe_equilibrium\"}" },
        { "5", 1, "{\"SeriesDescription\": \"VIBE transitional 3D\"}" },
        { "6", 1, "{\"SeriesDescription\": \"t1_vibe_dyn_20min\"}" },
        { "7", 1, "{\"SeriesDescription\": \"T2 HASTE cor\"}" } },
      { "precontrast", "arterial", "portal_venous", "delayed", "transitional", "hepatobiliary",
        "t2" },
      NULL },
    { "delayed as far as the hepatobiliary phase, Siemens and GE Dixon names",
      { { "1", 1, "{\"SeriesDescription\": \"vibe delayed 20 min\"}" },
        { "2", 1, "{\"SeriesDescription\": \"t1_vibe_dixon_tra_bh_in\"}" },
        { "3", 1, "{\"SeriesDescription\": \"t1_vibe_dixon_tra_bh_opp\"}" },
        { "4", 1, "{\"SeriesDescription\": \"InPhase: LAVA-Flex\"}" },
        { "5", 1, "{\"SeriesDescription\": \"OutPhase: LAVA-Flex\"}" },
        { "6", 1, "{\"SeriesDescription\": \"FAT: LAVA-Flex\"}" } },
      { "hepatobiliary", "in_phase", "opposed", "in_phase", "opposed", "unknown" },
      NULL },
    { "file names only",
      { { "arterial", 1, NULL },
        { "opposed", 1, NULL },
        { "in_phase", 1, NULL },
        { "t2", 1, NULL },
        { "hbp", 1, NULL },
        { "portal_venous", 1, NULL },
        { "trans", 1, NULL } },
      { "arterial", "opposed", "in_phase", "t2", "hepatobiliary", "portal_venous", "transitional" },
      NULL },
    { "transverse is not transitional",
      { { "1", 1, "{\"SeriesDescription\": \"t1_vibe_trans\"}" } },
      { "unknown" },
      NULL },
    { "computed and planning images",
      { { "1", 1,
          "{\"SeriesDescription\": \"ep2d_diff_ADC\", \"ImageType\": [\"DERIVED\", \"ADC\"]}" },
        { "2", 1, "{\"SeriesDescription\": \"localizer\"}" },
        { "3", 1, "{\"SeriesDescription\": \"t1_vibe_art_SUB\"}" },
        { "sub-1_T1map", 1, NULL },
        { "4_t1_art_real", 1, NULL } },
      { "unknown", "unknown", "unknown", "unknown", "unknown" },
      NULL },
    { "a phase image that is no Dixon",
      { { "5_vibe_art_ph", 1,
          "{\"ImageType\": [\"ORIGINAL\", \"P\"], \"SeriesDescription\": \"vibe art\"}" },
        { "sub-1_part-phase_echo-1_MEGRE", 1, "{\"EchoTime\": 0.0023, " T3 "}" } },
      { "unknown", "unknown" },
      NULL },
    { "as likely one as the other",
      { { "1", 1, "{\"SeriesDescription\": \"t1 arterial portal\"}" } },
      { "unknown" },
      "as likely portal_venous as arterial" },
    { "ImageType and TE against each other",
      { { "1_dixon", 1,
          OPP ", \"EchoTime\": 0.0023, " T3 ", \"SeriesDescription\": \"dixon opp\"}" } },
      { "opposed" },
      "contradiction: opposed" },
    { "Siemens 4-D with frame times, GE 4-D without",
      { { "1", 4,
          "{\"SeriesDescription\": \"t1_vibe_dyn\", \"FrameTimesStart\": [0, 30, 60, 180]}" } },
      { "dynamic" },
      "unknown" },
    { "GE 4-D without times",
      { { "1", 4, "{\"SeriesDescription\": \"LAVA dyn\"}" } },
      { "dynamic" },
      "times of its 4 volumes after injection are unknown" },
    { "a single-b series of its own",
      { { "1", 1, "{\"SequenceName\": \"ep_b50t\", \"ScanningSequence\": \"EP\"}" } },
      { "dwi" },
      NULL },
    { "dwi without b-values", { { "dwi", 4, NULL } }, { "dwi" }, "no b-values" },
    { "order of acquisition after a precontrast image that is named",
      { { "a", 1, "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:5:0\", " VIBE "}" },
        { "b_pre", 1,
          "{\"SeriesDescription\": \"vibe nativ\", \"AcquisitionTime\": \"9:0:0\", " VIBE "}" },
        { "c", 1, "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:4:30\", " VIBE "}" },
        { "d", 1, "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:7:0\", " VIBE "}" },
        { "e", 1,
          "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:24:0\", " VIBE "}" } },
      { "portal_venous", "precontrast", "arterial", "delayed", "hepatobiliary" },
      "order of acquisition only" },
    { "order of acquisition",
      { { "a", 1, "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:5:0\", " VIBE "}" },
        { "b", 1, "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:0:0\", " VIBE "}" },
        { "c", 1, "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:4:30\", " VIBE "}" },
        { "d", 1, "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:7:0\", " VIBE "}" },
        { "e", 1,
          "{\"SeriesDescription\": \"vibe\", \"AcquisitionTime\": \"9:24:0\", " VIBE "}" } },
      { "portal_venous", "precontrast", "arterial", "delayed", "hepatobiliary" },
      "order of acquisition only" },
    { "Philips phases by trigger delay in ms",
      { { "dyn_t60000", 1,
          "{\"SeriesDescription\": \"eTHRIVE\", \"AcquisitionTime\": \"9:0:0\", "
          "\"TriggerDelayTime\": 60000, " VIBE "}" },
        { "dyn_t0", 1,
          "{\"SeriesDescription\": \"eTHRIVE\", \"AcquisitionTime\": \"9:0:0\", "
          "\"TriggerDelayTime\": 0, " VIBE "}" },
        { "dyn_t30000", 1,
          "{\"SeriesDescription\": \"eTHRIVE\", \"AcquisitionTime\": \"9:0:0\", "
          "\"TriggerDelayTime\": 30000, " VIBE "}" } },
      { "portal_venous", "precontrast", "arterial" },
      NULL },
    { "a time since injection names an unnamed phase",
      { { "a", 1, "{\"SeriesDescription\": \"vibe\", \"TimeSinceInjection\": 33}" },
        { "b", 1, "{\"SeriesDescription\": \"vibe\", \"TimeSinceInjection\": 70}" },
        { "c", 1, "{\"SeriesDescription\": \"vibe\", \"TimeSinceInjection\": 1200}" },
        { "d", 1, "{\"SeriesDescription\": \"vibe\", \"TimeSinceInjection\": -60}" } },
      { "arterial", "portal_venous", "hepatobiliary", "precontrast" },
      NULL },
    { "phase before injection is a contradiction",
      { { "a", 1, "{\"SeriesDescription\": \"vibe arterial\", \"TimeSinceInjection\": -20}" } },
      { "arterial" },
      "before injection" },
};

static void test_case(void **state)
{
    const struct role_case *c = *state;
    struct hep_error e = { 0 };
    struct hep_inventory *inv = NULL;
    char *dir = hep_test_mkdir();

    study_write(dir, c->file, MAX_FILES);
    assert_ok(hep_inventory_scan(&inv, dir, &e), e);
    for (int i = 0; i < MAX_FILES && c->file[i].path != NULL; i++) {
        const struct hep_series *s;

        if (c->want[i] == NULL)
            continue;
        s = study_series(inv, c->file[i].path);
        if (strcmp(hep_role_name(s->role), c->want[i]) != 0)
            print_error("%s: got %s, want %s\n", c->file[i].path, hep_role_name(s->role),
                        c->want[i]);
        assert_string_equal(hep_role_name(s->role), c->want[i]);
        assert_true(s->reasons.n > 0);
    }
    if (c->warning != NULL)
        assert_true(study_says(&study_series(inv, c->file[0].path)->warnings, c->warning));
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
