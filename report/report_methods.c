/* How it was made: methods with their sources, settings in force, hashes. */
#include "base/alloc.h"
#include "pipeline/results/alignment.h"
#include "report/html_table.h"
#include "report/page.h"

#include <math.h>
#include <stdlib.h>

static const char *text_of(const struct hep_json *object, const char *key)
{
    return hep_json_string(hep_json_get(object, key));
}

/* Each shown when its product is there. Sources as in the headers of the code that computes it. */
static const struct method {
    const char *product, *what, *source;
} methods[] = {
    { "ff",
      "Fat fraction from two echoes by the signals' sizes; negative fractions are kept, since "
      "they are the sign of iron.",
      "Dixon, Radiology 1984;153:189\xe2\x80\x93"
      "194; Guiu et al., Radiology 2009;250:95\xe2\x80\x93"
      "102" },
    { "pdff",
      "Proton density fat fraction and R2* from three or more echo magnitudes, six or more fat "
      "peaks, one R2*.",
      "Bydder et al., Magn Reson Imaging 2008;26:347\xe2\x80\x93"
      "359; Hamilton et al., NMR Biomed 2011;24:784\xe2\x80\x93"
      "790" },
    { "adc", "ADC of the b-values that the settings name, one exponential.",
      "Le Bihan et al., Radiology 1986;161:401\xe2\x80\x93"
      "407" },
    { "ivim_d",
      "IVIM: tissue diffusion D, perfusion fraction f, and D* where the b-values allow it.",
      "Le Bihan et al., Radiology 1988;168:497\xe2\x80\x93"
      "505" },
    { "dki_k", "Kurtosis of diffusion, direction-averaged.",
      "Jensen et al., Magn Reson Med 2005;53:1432\xe2\x80\x93"
      "1440" },
    { "enhancement",
      "Relative enhancement (S \xe2\x88\x92 S before) / S before of each phase, refused "
      "where the sequences differ; each phase graded by its time and by the signals of "
      "liver and vessels.",
      "Bashir et al., Acad Radiol 2014 (hepatobiliary adequacy); Pietryga et al., Radiology "
      "2014;271:426 (arterial motion)" },
    { "kinetics",
      "Uptake and excretion rates of the liver by a dual-inlet model, from a dynamic series or "
      "several phases; reduction of T1; extracellular volume where the haematocrit is given.",
      "Georgiou et al., Invest Radiol 2017;52:111\xe2\x80\x93"
      "119; Haimerl et al., Sci Rep 2014;4:5621; Flett et al., Circulation 2010;122:138\xe2\x80\x93"
      "144" },
    { "parenchyma",
      "Signs of diffuse disease, each held against a limit; what lies within its error of the "
      "limit, or was not measured, is not assessable.",
      "Tang et al., Radiology 2013;267:422; Wood et al., Blood 2005;106:1460; Bastati et al., "
      "Radiology 2020;294:98; Smith et al., Radiology 2016;280:771; Prassopoulos et al., Eur "
      "Radiol 1997;7:246" },
    { "liver",
      "Liver mask, given or found; every measure of the liver is its median over this mask.",
      "Grady, CVPR 2005 (random walker); Huynh et al., AJR 2014;202:152 (accuracy to be "
      "expected)" },
    { "lesions",
      "Focal lesions: candidates in every image, shells of rim, core and surrounding liver, flags "
      "by "
      "limits, evidence as likelihood ratios. Tables of detection, flags and evidence are fitted "
      "to "
      "simulated studies; their model cards: docs/model-cards.md.",
      "Taouli and Koh, Radiology 2010;254:47\xe2\x80\x93"
      "66; ACR LI-RADS v2018 as a dictionary of signs only; Maino et al., World J Gastroenterol "
      "2023;29:5180" },
};

#define S struct method
static const struct hep_column method_columns[] = {
    { NULL, HEP_TEXT(S, what), "Method" },
    { NULL, HEP_TEXT(S, source), "Source" },
    { 0 },
};
#undef S

static void method_list(struct hep_page *p)
{
    struct method rows[sizeof methods / sizeof methods[0]];
    struct hep_table t =
        HEP_TABLE("Methods of the results in this report", method_columns, rows, 0);

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (hep_run_has(p->run, methods[i].product))
            rows[t.n++] = methods[i];
    hep_html_rows(p->out, &t);
}

/* Members of run.json as rows: a setting, or a file with what it served. */
struct record_row {
    const char *name, *value, *hash;
};
#define S struct record_row
static void code_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    hep_str_add(out, "<code>");
    hep_html_text(out, hep_column_value(column, row).text);
    hep_str_add(out, "</code>");
}

static const struct hep_column setting_columns[] = {
    { NULL, HEP_TEXT(S, name), "Setting", .html = code_cell },
    { NULL, HEP_TEXT(S, value), "Value" },
    { 0 },
};

static const struct hep_column file_columns[] = {
    { NULL, HEP_TEXT(S, name), "File", .html = hep_html_cell_file },
    { NULL, HEP_TEXT(S, value), "For", .html = hep_html_cell_words },
    { NULL, HEP_TEXT(S, hash), "SHA-256", .html = hep_html_cell_hash },
    { 0 },
};

static int settings(struct hep_page *p)
{
    const struct hep_json *all = hep_json_get(p->record, "settings");
    const char **keys = NULL;
    size_t n = 0;
    S *rows = NULL;
    int rc = hep_json_keys(&keys, &n, all, p->err);

    if (rc == HEP_OK)
        rc = HEP_NEW(rows, n + 1, p->err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rows[i] = (S){ .name = keys[i], .value = hep_json_string(hep_json_get(all, keys[i])) };
    if (rc == HEP_OK) {
        const struct hep_table t =
            HEP_TABLE("Settings as they would be written in a protocol", setting_columns, rows, n);

        hep_str_addf(p->out, "<details><summary>All %zu settings in force</summary>\n", n);
        hep_html_rows(p->out, &t);
        hep_str_add(p->out, "</details>\n");
    }
    free(rows);
    free((void *)keys);
    return rc;
}

static int aligned_sentence(struct hep_page *p)
{
    const struct hep_alignment *a = NULL;
    int rc = hep_run_alignment(p->run, &a, p->err);

    if (rc != HEP_OK || a == NULL)
        return rc;
    if (a->engine == HEP_ALIGNMENT_ELASTIX) {
        hep_str_add(p->out, "Series were registered to the ");
        hep_html_words(p->out, hep_page_series_title(p->reference));
        hep_str_add(p->out,
                    " series with elastix, by mutual information, and moved only where that "
                    "rose (Klein et al., IEEE Trans Med Imaging 2010;29:196\xe2\x80\x93"
                    "205). ");
    } else {
        hep_str_add(p->out, "Series were compared in scanner coordinates, without registration. ");
    }
    return HEP_OK;
}

/* One paragraph of what was done, with its sources, for a paper. */
static int paragraph(struct hep_page *p)
{
    const double field =
        hep_json_number(hep_json_get(hep_json_get(p->record, "inventory"), "field_t"));
    const char *agent = text_of(p->record, "agent");
    int rc;

    hep_str_add(p->out, "<h3>Text for a paper</h3><blockquote id=\"methods-text\"><p>Images of the "
                        "liver");
    if (isfinite(field))
        hep_str_addf(p->out, " at %.3g T", field);
    if (agent != NULL && strcmp(agent, "none") != 0) {
        hep_str_add(p->out, ", with ");
        hep_html_text(p->out, agent);
    }
    hep_str_add(p->out, ", were analysed with Hepar ");
    hep_html_text(p->out, text_of(p->record, "version"));
    hep_str_add(p->out, " (research software, protocol ");
    hep_html_text(p->out, text_of(p->record, "protocol"));
    hep_str_add(p->out, "). ");
    rc = aligned_sentence(p);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (!hep_run_has(p->run, methods[i].product))
            continue;
        hep_html_text(p->out, methods[i].what);
        hep_str_add(p->out, " (");
        hep_html_text(p->out, methods[i].source);
        hep_str_add(p->out, ") ");
    }
    hep_str_add(p->out,
                "Settings that differ from the defaults of this version stand in the record "
                "of the run.</p></blockquote>\n");
    return rc;
}

int hep_page_methods(struct hep_page *p)
{
    int rc;

    hep_html_section(p->out, "methods", "Methods");
    method_list(p);
    rc = paragraph(p);
    if (rc == HEP_OK)
        rc = settings(p);
    hep_html_section_end(p->out);
    return rc;
}

/* All files but those of the report itself. */
static int add_hashes(struct hep_page *p, const char *caption, const char *list_name,
                      const char *second)
{
    const struct hep_json *list = hep_json_get(p->record, list_name);
    S *rows = hep_calloc(hep_json_size(list) + 1, sizeof *rows, p->err);
    struct hep_table t = HEP_TABLE(caption, file_columns, rows, 0);

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const struct hep_json *o = hep_json_at(list, i);
        const char *what = text_of(o, second);

        if (what == NULL || strcmp(what, "report") != 0)
            rows[t.n++] = (S){ text_of(o, "path"), what, text_of(o, "sha256") };
    }
    hep_str_addf(p->out, "<details><summary>%s</summary>\n", caption);
    hep_html_rows(p->out, &t);
    hep_str_add(p->out, "</details>\n");
    free(rows);
    return HEP_OK;
}

int hep_page_provenance(struct hep_page *p)
{
    int rc;

    hep_html_section(p->out, "provenance", "Provenance");
    hep_str_add(p->out, "<p>Made by Hepar ");
    hep_html_text(p->out, text_of(p->record, "version"));
    hep_str_add(p->out, " from the files below. This page holds nothing that depends on the time, "
                        "the computer or its folders.</p>\n");
    rc = add_hashes(p, "Input files", "inputs", "role");
    if (rc == HEP_OK)
        rc = add_hashes(p, "Maps and masks", "outputs", "stage");
    hep_html_section_end(p->out);
    return rc;
}
