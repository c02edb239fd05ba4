/* How it was made: methods with their sources, settings in force, hashes. */
#include "report/page.h"

static const char *text_of(const struct hep_json *object, const char *key)
{
    return hep_json_string(hep_json_get(object, key));
}

/* Each shown when its product is there. Sources as in the headers of the code that computes it. */
static const struct {
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
    { "liver",
      "Liver mask, given or found; every measure of the liver is its median over this mask.",
      "Grady, CVPR 2005 (random walker); Huynh et al., AJR 2014;202:152 (accuracy to be "
      "expected)" },
    { "lesions",
      "Focal lesions: candidates in every image, shells of rim, core and surrounding liver, flags "
      "by "
      "limits, evidence as likelihood ratios.",
      "Taouli and Koh, Radiology 2010;254:47\xe2\x80\x93"
      "66; ACR LI-RADS v2018 as a dictionary of signs only; Maino et al., World J Gastroenterol "
      "2023;29:5180" },
};

static void method_list(struct hep_page *p)
{
    hep_html_table(p->out, "Methods of the results in this report", "Method|Source");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (!hep_run_has(p->run, methods[i].product))
            continue;
        hep_str_addf(p->out, "<tr><td>%s</td><td>%s</td></tr>\n", methods[i].what,
                     methods[i].source);
    }
    hep_html_table_end(p->out);
}

static int settings(struct hep_page *p)
{
    const struct hep_json *all = hep_json_get(p->record, "settings");
    const char **keys = NULL;
    size_t n = 0;
    int rc = hep_json_keys(&keys, &n, all, p->err);

    if (rc != HEP_OK)
        return rc;
    hep_str_addf(p->out, "<details><summary>All %zu settings in force</summary>\n", n);
    hep_html_table(p->out, "Settings as they would be written in a protocol", "Setting|Value");
    for (size_t i = 0; i < n; i++) {
        hep_str_add(p->out, "<tr><th scope=\"row\"><code>");
        hep_html_text(p->out, keys[i]);
        hep_str_add(p->out, "</code></th><td>");
        hep_html_text(p->out, hep_json_string(hep_json_get(all, keys[i])));
        hep_str_add(p->out, "</td></tr>\n");
    }
    hep_html_table_end(p->out);
    hep_str_add(p->out, "</details>\n");
    free((void *)keys);
    return HEP_OK;
}

int hep_page_methods(struct hep_page *p)
{
    int rc;

    hep_html_section(p->out, "methods", "Methods");
    method_list(p);
    rc = settings(p);
    hep_html_section_end(p->out);
    return rc;
}

static void hashes(struct hep_page *p, const char *caption, const char *list_name,
                   const char *second)
{
    const struct hep_json *list = hep_json_get(p->record, list_name);

    hep_str_addf(p->out, "<details><summary>%s</summary>\n", caption);
    hep_html_table(p->out, caption,
                   strcmp(second, "role") == 0 ? "File|Role|SHA-256" : "File|Stage|SHA-256");
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const struct hep_json *o = hep_json_at(list, i);
        const char *stage = text_of(o, "stage");

        if (stage != NULL && strcmp(stage, "report") == 0)
            continue;
        hep_str_add(p->out, "<tr><td class=\"file\">");
        hep_html_text(p->out, text_of(o, "path"));
        hep_str_add(p->out, "</td><td>");
        hep_html_words(p->out, text_of(o, second));
        hep_str_add(p->out, "</td><td class=\"hash\">");
        hep_html_text(p->out, text_of(o, "sha256"));
        hep_str_add(p->out, "</td></tr>\n");
    }
    hep_html_table_end(p->out);
    hep_str_add(p->out, "</details>\n");
}

int hep_page_provenance(struct hep_page *p)
{
    hep_html_section(p->out, "provenance", "Provenance");
    hep_str_add(p->out, "<p>Made by Hepar ");
    hep_html_text(p->out, text_of(p->record, "version"));
    hep_str_add(p->out, " from the files below. This page holds nothing that depends on the time, "
                        "the computer or its folders.</p>\n");
    hashes(p, "Input files", "inputs", "role");
    hashes(p, "Maps and masks", "outputs", "stage");
    hep_html_section_end(p->out);
    return HEP_OK;
}
