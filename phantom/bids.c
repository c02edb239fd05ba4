#include "phantom/bids.h"

#include "base/file.h"
#include "base/json_put.h"
#include "base/number.h"
#include "base/text.h"
#include "image/nifti.h"

#include <math.h>

#define DEGREES (180.0 / HEP_PI)
/* The clock of every simulated study. */
#define SCAN_BEGIN_S (10.0 * 3600.0)
#define INJECTION_S (10.0 * 3600.0 + 20.0 * 60.0)

void hep_bids_subject(char out[HEP_SUBJECT_LABEL], unsigned subject)
{
    (void)snprintf(out, HEP_SUBJECT_LABEL, "sub-%02u", subject);
}

void hep_bids_label(char out[HEP_STUDY_LABEL], const struct hep_sim_settings *s)
{
    char subject[HEP_SUBJECT_LABEL];

    hep_bids_subject(subject, s->subject);
    if (s->session > 0)
        (void)snprintf(out, HEP_STUDY_LABEL, "%s_ses-%u", subject, s->session);
    else
        (void)snprintf(out, HEP_STUDY_LABEL, "%s", subject);
}

void hep_bids_folder(char out[HEP_STUDY_LABEL], const struct hep_sim_settings *s)
{
    char *underscore;

    hep_bids_label(out, s);
    underscore = strchr(out, '_');
    if (underscore != NULL)
        *underscore = '/';
}

void hep_bids_store(struct hep_nifti_write_opts *out, const struct hep_event *e, int nthreads)
{
    memset(out, 0, sizeof *out);
    out->store = e->int16 ? HEP_STORE_INT16_SCALED : HEP_STORE_FLOAT32;
    out->form = e->qform_only ? HEP_FORM_QFORM_ONLY : HEP_FORM_BOTH;
    out->unit = HEP_UNIT_ARBITRARY;
    out->gzip_level = 3;
    out->nthreads = nthreads;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Number of an echo among those of its kind, in order of echo time. */
static size_t echo_number(const struct hep_sim_settings *s, size_t series, size_t echo)
{
    const struct hep_sim_series *r = &s->series[series];
    size_t number = echo + 1;

    if (r->role == HEP_ROLE_ECHOES)
        return number;
    for (size_t i = 0; i < s->n_series; i++)
        if (i != series &&
            (s->series[i].role == HEP_ROLE_OPPOSED || s->series[i].role == HEP_ROLE_IN_PHASE) &&
            s->series[i].te_s[0] < r->te_s[0])
            number++;
    return number;
}

/* "anat/sub-01_acq-art_ce-gadoxetate_T1w", relative to the study's folder. */
static char *series_stem(const struct hep_sim_settings *s, const struct hep_event *e, size_t series,
                         size_t echo, struct hep_error *err)
{
    const struct hep_sim_series *r = &s->series[series];
    const enum hep_role role = e->series[series].labelled_as;
    char subject[HEP_STUDY_LABEL];

    hep_bids_label(subject, s);
    if (role == HEP_ROLE_DWI)
        return hep_asprintf(err, "dwi/%s_dwi", subject);
    if (role == HEP_ROLE_T2)
        return hep_asprintf(err, "anat/%s%s_T2w", subject, r->fat_saturated ? "_acq-fatsat" : "");
    if (role == HEP_ROLE_PRECONTRAST)
        return hep_asprintf(err, "anat/%s_acq-pre_T1w", subject);
    if (hep_role_is_post_contrast(role))
        return hep_asprintf(err, "anat/%s_acq-%s_ce-%s_T1w", subject, hep_role_acq(role),
                            s->agent->name);
    return hep_asprintf(err, "anat/%s_acq-%s_echo-%zu_MEGRE", subject,
                        role == HEP_ROLE_ECHOES && hep_sim_has_role(s, HEP_ROLE_OPPOSED) ? "multi"
                                                                                         : "dixon",
                        echo_number(s, series, echo));
}

/* ---- sidecars -------------------------------------------------------------------------------- */

static void add_clock(struct hep_put *put, struct hep_json *o, double s)
{
    const int h = (int)(s / 3600.0), m = (int)(fmod(s, 3600.0) / 60.0);
    char text[32];

    (void)snprintf(text, sizeof text, "%02d:%02d:%09.6f", h, m, fmod(s, 60.0));
    hep_put_text(put, o, "AcquisitionTime", text);
}

static const char *description(enum hep_role role)
{
    static const char *const words[HEP_ROLE_COUNT] = {
        [HEP_ROLE_OPPOSED] = "T1 GRE opposed phase",
        [HEP_ROLE_IN_PHASE] = "T1 GRE in phase",
        [HEP_ROLE_ECHOES] = "GRE multi-echo low flip angle",
        [HEP_ROLE_T2] = "T2 FSE",
        [HEP_ROLE_DWI] = "DWI EPI trace",
        [HEP_ROLE_PRECONTRAST] = "T1 3D GRE pre",
        [HEP_ROLE_ARTERIAL] = "T1 3D GRE arterial",
        [HEP_ROLE_PORTAL_VENOUS] = "T1 3D GRE portal venous",
        [HEP_ROLE_DELAYED] = "T1 3D GRE delayed",
        [HEP_ROLE_TRANSITIONAL] = "T1 3D GRE transitional",
        [HEP_ROLE_HEPATOBILIARY] = "T1 3D GRE hepatobiliary",
    };

    return words[role] != NULL ? words[role] : "series";
}

static void add_image_type(struct hep_put *put, struct hep_json *o, enum hep_role role)
{
    struct hep_json *list = hep_json_new_array();

    hep_put_item(put, list, hep_json_new_string("ORIGINAL"));
    hep_put_item(put, list, hep_json_new_string("PRIMARY"));
    if (role == HEP_ROLE_OPPOSED)
        hep_put_item(put, list, hep_json_new_string("OPP_PHASE"));
    if (role == HEP_ROLE_IN_PHASE)
        hep_put_item(put, list, hep_json_new_string("IN_PHASE"));
    hep_put(put, o, "ImageType", list);
}

static void add_sequence(struct hep_put *put, struct hep_json *o, const struct hep_sim_settings *s,
                         const struct hep_sim_series *r, size_t echo)
{
    const bool spin_echo = r->role == HEP_ROLE_T2 || r->role == HEP_ROLE_DWI;

    hep_put_number(put, o, "EchoTime", r->te_s[echo]);
    hep_put_number(put, o, "RepetitionTime", r->tr_s);
    hep_put_number(put, o, "FlipAngle", spin_echo ? 90.0 : r->flip_rad * DEGREES);
    hep_put_number(put, o, "MagneticFieldStrength", s->field_t);
    hep_put_text(put, o, "ScanningSequence",
                 r->role == HEP_ROLE_DWI ? "EP"
                 : spin_echo             ? "SE"
                                         : "GR");
    hep_put_text(put, o, "MRAcquisitionType", spin_echo ? "2D" : "3D");
    if (r->fat_saturated || r->role == HEP_ROLE_DWI)
        hep_put_text(put, o, "ScanOptions", "FS");
}

static void add_time(struct hep_put *put, struct hep_json *o, const struct hep_sim_settings *s,
                     const struct hep_event *e, size_t series)
{
    const enum hep_role role = e->series[series].labelled_as;
    double time_s = e->series[series].time_s;

    if (!hep_role_is_post_contrast(role)) {
        add_clock(put, o, SCAN_BEGIN_S + 120.0 * (double)series);
        return;
    }
    /* after a swap the times go with the labels */
    for (size_t i = 0; i < s->n_series; i++)
        if (s->series[i].role == role)
            time_s = e->series[i].time_s;
    add_clock(put, o, INJECTION_S + time_s);
    hep_put_number(put, o, "TimeSinceInjection", time_s);
    hep_put_text(put, o, "ContrastBolusAgent", s->agent->name);
}

static int write_sidecar(const char *path, const struct hep_sim_settings *s,
                         const struct hep_event *e, size_t series, size_t echo,
                         struct hep_error *err)
{
    const struct hep_sim_series *r = &s->series[series];
    const enum hep_role role = e->series[series].labelled_as;
    struct hep_json *o = hep_json_new_object();
    struct hep_put put = { HEP_OK, err };

    hep_put_text(&put, o, "BodyPart", "LIVER");
    hep_put_text(&put, o, "Manufacturer", "Hepar simulator");
    hep_put_text(&put, o, "Modality", "MR");
    hep_put_text(&put, o, "SeriesDescription", description(role));
    hep_put_text(&put, o, "ProtocolName", s->protocol[0] != '\0' ? s->protocol : "simulated");
    add_image_type(&put, o, role);
    add_sequence(&put, o, s, r, echo);
    add_time(&put, o, s, e, series);
    if (r->role == HEP_ROLE_DWI) {
        hep_put_text(&put, o, "PhaseEncodingDirection", "j");
        hep_put_number(&put, o, "TotalReadoutTime", e->epi_readout_s);
    }
    hep_put_number(&put, o, "SliceThickness", r->spacing_mm[2] * e->series[series].slice_share);
    hep_put_number(&put, o, "SpacingBetweenSlices", r->spacing_mm[2]);
    if (put.rc == HEP_OK)
        put.rc = hep_json_write(path, o, err);
    hep_json_free(o);
    return put.rc;
}

/* b-values, and the all-zero directions that mean trace-weighted images. */
static int write_b_table(const char *stem, const struct hep_sim_series *r, struct hep_error *err)
{
    struct hep_str bval = { 0 }, bvec = { 0 };
    char *bval_path = hep_asprintf(err, "%s.bval", stem),
         *bvec_path = hep_asprintf(err, "%s.bvec", stem);
    int rc;

    for (size_t v = 0; v < r->n_b; v++) {
        hep_str_add(&bval, v > 0 ? " " : "");
        hep_str_add_number(&bval, r->b_s_per_mm2[v]);
    }
    hep_str_add(&bval, "\n");
    for (int row = 0; row < 3; row++) {
        for (size_t v = 0; v < r->n_b; v++)
            hep_str_add(&bvec, v > 0 ? " 0" : "0");
        hep_str_add(&bvec, "\n");
    }
    rc = hep_str_check(&bval, err);
    if (rc == HEP_OK)
        rc = hep_str_check(&bvec, err);
    if (rc == HEP_OK && (bval_path == NULL || bvec_path == NULL))
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_file_write(bval_path, bval.s, bval.len, err);
    if (rc == HEP_OK)
        rc = hep_file_write(bvec_path, bvec.s, bvec.len, err);
    hep_str_release(&bval);
    hep_str_release(&bvec);
    free(bval_path);
    free(bvec_path);
    return rc;
}

/* Image and sidecar of one file; echo picks a volume of echoes. */
static int write_one(const char *bids_dir, const struct hep_volume *v,
                     const struct hep_sim_settings *s, const struct hep_event *e, size_t series,
                     size_t echo, struct hep_error *err)
{
    const struct hep_sim_series *r = &s->series[series];
    char subject[HEP_STUDY_LABEL];
    char *stem = series_stem(s, e, series, echo, err);
    char *full = NULL, *image = NULL, *sidecar = NULL, *folder = NULL;
    struct hep_nifti_write_opts opts;
    int rc;

    hep_bids_folder(subject, s);
    if (stem != NULL) {
        full = hep_asprintf(err, "%s/%s/%s", bids_dir, subject, stem);
        folder = hep_asprintf(err, "%s/%s/%s", bids_dir, subject,
                              r->role == HEP_ROLE_DWI ? "dwi" : "anat");
    }
    if (full != NULL) {
        image = hep_asprintf(err, "%s.nii.gz", full);
        sidecar = hep_asprintf(err, "%s.json", full);
    }
    if (image == NULL || sidecar == NULL || folder == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    hep_bids_store(&opts, e, s->nthreads);
    opts.tr_s = r->role == HEP_ROLE_DWI ? r->tr_s : 0.0;
    rc = hep_mkdir_p(folder, err);
    if (rc == HEP_OK)
        rc = hep_nifti_write(image, v, &opts, err);
    if (rc == HEP_OK)
        rc = write_sidecar(sidecar, s, e, series, echo, err);
    if (rc == HEP_OK && r->role == HEP_ROLE_DWI)
        rc = write_b_table(full, r, err);
out:
    free(stem);
    free(full);
    free(folder);
    free(image);
    free(sidecar);
    return rc;
}

int hep_bids_write_series(const char *bids_dir, const struct hep_volume *v,
                          const struct hep_sim_settings *s, const struct hep_event *e,
                          size_t series, struct hep_error *err)
{
    struct hep_volume *one = NULL;
    int rc = HEP_OK;

    if (s->series[series].role != HEP_ROLE_ECHOES)
        return write_one(bids_dir, v, s, e, series, 0, err);
    for (size_t echo = 0; echo < v->nt && rc == HEP_OK; echo++) {
        rc = hep_volume_pick(&one, v, echo, err);
        if (rc == HEP_OK)
            rc = write_one(bids_dir, one, s, e, series, echo, err);
        hep_volume_free(one);
        one = NULL;
    }
    return rc;
}

int hep_bids_truth_dir(char **out, const char *bids_dir, const struct hep_sim_settings *s,
                       const char *folder, struct hep_error *err)
{
    char label[HEP_STUDY_LABEL];
    char *path;
    int rc;

    hep_bids_folder(label, s);
    path = hep_asprintf(err, "%s/derivatives/truth/%s%s%s", bids_dir, label,
                        folder[0] != '\0' ? "/" : "", folder);
    if (path == NULL)
        return HEP_ENOMEM;
    rc = hep_mkdir_p(path, err);
    if (rc != HEP_OK) {
        free(path);
        return rc;
    }
    *out = path;
    return HEP_OK;
}
