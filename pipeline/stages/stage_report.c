#include "pipeline/stages/stages.h"

#include "base/text.h"
#include "pipeline/config/config.h"
#include "pipeline/report/measure.h"
#include "pipeline/stages/aligned.h"

#define FRACTION HEP_UNIT_FRACTION
#define MM2S HEP_UNIT_MM2_PER_S

static const struct hep_slot inputs[] = { HEP_READS_SERIES("opposed"),
                                          HEP_READS_SERIES("in_phase"),
                                          HEP_READS_SERIES_4D("echoes", "xyze"),
                                          HEP_READS_SERIES("t2"),
                                          HEP_READS_SERIES_4D("dwi", "xyzb"),
                                          HEP_READS_SERIES("precontrast"),
                                          HEP_READS_SERIES("arterial"),
                                          HEP_READS_SERIES("portal_venous"),
                                          HEP_READS_SERIES("delayed"),
                                          HEP_READS_SERIES("transitional"),
                                          HEP_READS_SERIES("hepatobiliary"),
                                          HEP_READS_SERIES("labels"),
                                          HEP_READS_MAP("ff", FRACTION),
                                          HEP_READS_MAP("pdff", FRACTION),
                                          HEP_READS_MAP("r2star", HEP_UNIT_PER_S),
                                          HEP_READS_MAP("adc", MM2S),
                                          HEP_READS_MAP("adc_all", MM2S),
                                          HEP_READS_MAP("ivim_d", MM2S),
                                          HEP_READS_MAP("ivim_f", FRACTION),
                                          HEP_READS_MAP("ivim_dstar", MM2S),
                                          HEP_READS_MAP("dki_d", MM2S),
                                          HEP_READS_MAP("dki_k", FRACTION),
                                          HEP_READS_MAP("re_art", FRACTION),
                                          HEP_READS_MAP("re_pv", FRACTION),
                                          HEP_READS_MAP("re_del", FRACTION),
                                          HEP_READS_MAP("re_trans", FRACTION),
                                          HEP_READS_MAP("re_hbp", FRACTION),
                                          HEP_READS_LABELS("liver"),
                                          HEP_READS_LABELS("anatomy"),
                                          HEP_READS_JSON("roles"),
                                          HEP_READS_JSON("alignment"),
                                          HEP_READS_JSON("fat"),
                                          HEP_READS_JSON("diffusion"),
                                          HEP_READS_JSON("liver_quality"),
                                          HEP_READS_JSON("enhancement"),
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_JSON("measures", "statistics of every map over the liver and over named regions"),
    { 0 }
};

static int put_text_file(struct hep_run *run, const char *suffix, const char *text,
                         struct hep_error *err)
{
    char *path = hep_asprintf("%s_%s", hep_run_label(run), suffix);
    int rc = path == NULL ? HEP_FAIL(err, HEP_ENOMEM, "no memory for a path")
                          : hep_run_put_file(run, path, text, strlen(text), err);

    free(path);
    return rc;
}

static int put_json_file(struct hep_run *run, const char *suffix, const struct hep_json *json,
                         struct hep_error *err)
{
    char *text = NULL;
    int rc = hep_json_dump(&text, json, err);

    if (rc == HEP_OK)
        rc = put_text_file(run, suffix, text, err);
    free(text);
    return rc;
}

static struct hep_json *document(struct hep_put *put, struct hep_run *run,
                                 const struct hep_json *liver)
{
    struct hep_json *o = hep_json_new_object();
    const struct hep_agent *agent = hep_run_agent(run);

    hep_put_text(put, o, "study", hep_run_label(run));
    hep_put_text(put, o, "protocol", hep_run_config(run)->name.s);
    hep_put_text(put, o, "agent", agent != NULL ? agent->name : "none");
    hep_put_text(put, o, "reference", hep_reference_name(run));
    hep_put(put, o, "liver", hep_json_copy(liver));
    hep_put(put, o, "lesions", hep_json_new_array());
    return o;
}

static int run_report(struct hep_run *run, struct hep_error *err)
{
    struct hep_json *liver = NULL, *regions = NULL, *doc = NULL, *measures = hep_json_new_object();
    struct hep_put put = { HEP_OK, err };
    struct hep_str tsv = { 0 };
    int rc = hep_measure(&liver, &regions, run, err);

    if (rc == HEP_OK) {
        doc = document(&put, run, liver);
        rc = put.rc;
    }
    if (rc == HEP_OK)
        rc = put_json_file(run, "lesions.json", doc, err);
    if (rc == HEP_OK)
        rc = hep_measure_tsv(&tsv, regions, err);
    if (rc == HEP_OK)
        rc = put_text_file(run, "regions.tsv", tsv.s, err);
    hep_put(&put, measures, "liver", liver);
    hep_put(&put, measures, "regions", regions);
    if (rc == HEP_OK)
        rc = put.rc;
    hep_str_release(&tsv);
    hep_json_free(doc);
    if (rc == HEP_OK)
        return hep_run_put_json(run, "measures", measures, err);
    hep_json_free(measures);
    return rc;
}

static const char *const settings[] = { "name", "title", "agent", "report.", "fat.", NULL };

const struct hep_stage hep_stage_report = {
    .name = "report",
    .summary = "Measurements, tables and pages for people.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_report,
};
