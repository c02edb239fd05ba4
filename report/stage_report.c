#include "report/stage_table.h"

#include "base/json_put.h"
#include "base/text.h"
#include "pipeline/config/config.h"
#include "pipeline/results/findings.h"
#include "pipeline/results/kinetics.h"
#include "pipeline/results/parenchyma.h"
#include "report/lesions_tsv.h"
#include "report/measure.h"
#include "report/put_files.h"
#include "report/report.h"
#include "report/report_radiomics.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/stages.h"
#include "terms/finding_json.h"

#include <stdlib.h>

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
                                          HEP_READS_STRUCT("roles"),
                                          HEP_READS_ALIGNMENT,
                                          HEP_READS_STRUCT("fat"),
                                          HEP_READS_STRUCT("diffusion"),
                                          HEP_READS_STRUCT("liver_quality"),
                                          HEP_READS_STRUCT("enhancement"),
                                          HEP_READS_STRUCT("kinetics"),
                                          HEP_READS_STRUCT("parenchyma"),
                                          HEP_READS_MAP("khe", HEP_UNIT_PER_S),
                                          HEP_READS_LABELS("lesions"),
                                          HEP_READS_STRUCT("findings"),
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_STRUCT(measures, "statistics of every map over the liver and over named regions"),
    { 0 }
};

/* The liver's statistics, and what the lesions stage knows of it beyond them. */
static struct hep_json *liver_json(struct hep_put *put, const struct hep_measures_liver *liver,
                                   const struct hep_found *found)
{
    struct hep_json *o = NULL;

    if (put->rc == HEP_OK)
        put->rc = hep_struct_json(&o, liver, &hep_measures_liver_type, false, put->err);
    if (found != NULL)
        hep_liver_measures_put(put, o, &found->liver);
    return o;
}

/* What is left out where the study has none. */
static void put_whole_liver(struct hep_put *put, struct hep_json *o, struct hep_run *run)
{
    const struct hep_kinetics *kinetics = NULL;
    const struct hep_parenchyma *parenchyma = NULL;
    struct hep_json *json = NULL;

    if (put->rc == HEP_OK)
        put->rc = hep_run_kinetics(run, &kinetics, put->err);
    if (put->rc == HEP_OK && kinetics != NULL) {
        put->rc = hep_struct_json(&json, kinetics, &hep_kinetics_type, false, put->err);
        hep_put(put, o, "kinetics", json);
    }
    if (put->rc == HEP_OK)
        put->rc = hep_run_parenchyma(run, &parenchyma, put->err);
    if (put->rc == HEP_OK && parenchyma != NULL) {
        put->rc = hep_struct_json(&json, parenchyma, &hep_parenchyma_type, false, put->err);
        hep_put(put, o, "parenchyma", json);
    }
}

static struct hep_json *document(struct hep_put *put, struct hep_run *run,
                                 const struct hep_measures_liver *liver,
                                 const struct hep_found *found)
{
    struct hep_json *o = hep_json_new_object();
    const struct hep_agent *agent = hep_run_agent(run);

    hep_put_text(put, o, "study", hep_run_label(run));
    hep_put_text(put, o, "protocol", hep_run_config(run)->name.s);
    hep_put_text(put, o, "agent", agent != NULL ? agent->name : "none");
    hep_put_text(put, o, "reference", hep_reference_name(run));
    hep_put(put, o, "liver", liver_json(put, liver, found));
    put_whole_liver(put, o, run);
    if (found != NULL) {
        hep_found_put_tables(put, o, found);
        hep_put(put, o, "lesions", hep_findings_json(put, &found->findings));
        hep_put(put, o, "rejected_candidates", hep_rejected_json(put, &found->rejected));
    } else {
        hep_put(put, o, "lesions", hep_json_new_array());
        hep_put_text(put, o, "lesions_absent_reason", hep_run_reason(run, "findings"));
    }
    return o;
}

/* lesions.json holds the results themselves, and describes the columns of lesions.tsv beside it. */
static int put_lesions(struct hep_run *run, const struct hep_found *found, struct hep_json *doc,
                       struct hep_error *err)
{
    const struct hep_study_findings one = { hep_run_label(run),
                                            found != NULL ? &found->findings : NULL };
    struct hep_table lesions = { 0 }, flags = { 0 }, measures = { 0 };
    struct hep_put put = { HEP_OK, err };
    int rc = hep_lesions_table(&lesions, &one, 1, false, err);

    if (rc == HEP_OK)
        rc = hep_flags_table(&flags, one.findings, err);
    if (rc == HEP_OK)
        rc = hep_measures_table(&measures, one.findings, err);
    if (rc == HEP_OK) {
        hep_table_describe(&put, doc, &lesions);
        rc = put.rc;
    }
    if (rc == HEP_OK)
        rc = hep_put_tsv_file(run, "lesions.tsv", &lesions, err);
    if (rc == HEP_OK)
        rc = hep_put_json_file(run, "lesions.json", doc, err);
    if (rc == HEP_OK)
        rc = hep_put_table(run, "flags", &flags, err);
    if (rc == HEP_OK)
        rc = hep_put_table(run, "measures", &measures, err);
    hep_table_release(&lesions);
    hep_table_release(&flags);
    hep_table_release(&measures);
    return rc;
}

static int put_page(struct hep_run *run, const struct hep_map_measures *measures,
                    struct hep_error *err)
{
    struct hep_report_source source = { .run = run, .measures = measures };
    struct hep_json *record = NULL;
    struct hep_str html = { 0 };
    int rc = hep_run_record(&record, run, err);

    source.record = record;
    if (rc == HEP_OK)
        rc = hep_report_html(&html, &source, err);
    if (rc == HEP_OK)
        rc = hep_put_text_file(run, "report.html", html.s, err);
    hep_str_release(&html);
    hep_json_free(record);
    return rc;
}

static int put_all(struct hep_run *run, struct hep_map_measures *measures, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    const struct hep_study_measures one = { hep_run_label(run), measures };
    struct hep_table regions = { 0 };
    const struct hep_found *found = NULL;
    struct hep_json *doc = NULL;
    int rc = hep_run_findings(run, &found, err);

    hep_struct_settle(measures, &hep_measures_type);
    if (rc == HEP_OK) {
        doc = document(&put, run, &measures->liver, found);
        rc = put.rc;
    }
    if (rc == HEP_OK)
        rc = put_lesions(run, found, doc, err);
    if (rc == HEP_OK)
        rc = hep_regions_table(&regions, &one, 1, false, err);
    if (rc == HEP_OK)
        rc = hep_put_table(run, "regions", &regions, err);
    hep_table_release(&regions);
    if (rc == HEP_OK && hep_run_config(run)->outputs.radiomics)
        rc = hep_put_radiomics(run, err);
    if (rc == HEP_OK && hep_run_config(run)->report.html)
        rc = put_page(run, measures, err);
    hep_json_free(doc);
    return rc;
}

static int run_report(struct hep_run *run, struct hep_error *err)
{
    struct hep_map_measures *measures = NULL;
    int rc = hep_measure(&measures, run, err);

    if (rc == HEP_OK)
        rc = put_all(run, measures, err);
    if (rc == HEP_OK)
        return hep_run_put_measures(run, measures, err);
    hep_struct_release(measures, &hep_measures_type);
    free(measures);
    return rc;
}

static const char *const settings[] = { "name",     "title", "agent", "report.",
                                        "outputs.", "fat.",  NULL };

const struct hep_stage hep_stage_report = {
    .name = "report",
    .typical_share = 5,
    .summary = "Measurements, tables and pages for people.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_report,
};
