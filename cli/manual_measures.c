/* The chapter of measures, flags and classes. */
#include "cli/manual.h"

#include "terms/feature.h"
#include "terms/flag.h"
#include "terms/lesion_class.h"
#include "terms/measure.h"

static void add_images(struct hep_str *out, uint32_t images, const char *between)
{
    const char *separator = "";

    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        if ((images & 1U << i) == 0)
            continue;
        hep_str_addf(out, "%s`%s`", separator, hep_image_name((enum hep_image)i));
        separator = between;
    }
}

static void measure_line(struct hep_str *out, const struct hep_measure_row *row)
{
    const struct hep_unit_row *unit =
        row->unit == HEP_UNIT_OF_IMAGE ? NULL : hep_unit_row((enum hep_unit)row->unit);

    hep_str_addf(out, "| `%s` | ", row->name);
    if (row->subject == HEP_SUBJECT_LESION)
        hep_str_addf(out, "%s | `%s` `%s` `%s` | ", row->is_main ? "yes" : "", row->place.region,
                     row->place.map[0] != '\0' ? row->place.map : "n/a", row->place.statistic);
    else if (row->n == 1)
        hep_str_addf(out, "`%s` | ", hep_measure_column(row->first));
    else
        hep_str_addf(out, "`liver_%s` | ", row->name);
    hep_str_addf(out, "%s | %s |", unit != NULL ? unit->text : "of the image", row->meaning);
    if (row->source[0] != '\0')
        hep_str_addf(out, " %s", row->source);
    if (row->concept->value != NULL)
        hep_str_addf(out, "%s %s %s", row->source[0] != '\0' ? ";" : "", row->concept->scheme,
                     row->concept->value);
    hep_str_add(out, " |\n");
}

static void subject_section(struct hep_str *out, enum hep_subject subject, const char *text)
{
    int n;
    const struct hep_measure_row *rows = hep_measure_rows(&n);

    const bool lesion = subject == HEP_SUBJECT_LESION;

    hep_str_addf(out,
                 "\n## Of a %s\n\n%s\n\n| member | %s | unit | meaning | source; concept |\n"
                 "|---|---|---|---|---|%s\n",
                 hep_subject_name(subject), text,
                 lesion ? "in lesions.tsv | region, map, statistic in measures.tsv" : "column",
                 lesion ? "---|" : "");
    for (int i = 0; i < n; i++)
        if (rows[i].subject == subject)
            measure_line(out, &rows[i]);
}

static void flags_section(struct hep_str *out)
{
    hep_str_add(out, "\n## Flags\n\nA flag is `present`, `absent` or `not_assessable`, with its "
                     "probability, whether that is certain (at least 0.9 or at most 0.1), value, "
                     "standard error, limit, unit and reason. Where an image that it needs is "
                     "missing it is not assessable. Its state is the column of its name in "
                     "`lesions.tsv`, everything stands in `flags.tsv`; `configs/evidence.yml` "
                     "and `configs/flags.yml` name it so, too. Truth is how `hepar simulate` "
                     "judges its lesions by "
                     "the same definition and limits, twice: in `flags` (`tissue`) on the "
                     "noise-free signals of their tissues, in `flags_visible` on noise-free images "
                     "of the acquisition at rest inside the true outline.\n\n| flag | needs | unit "
                     "| meaning | source | settings | truth |\n"
                     "|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const struct hep_flag_row *row = hep_flag_row((enum hep_flag)i);

        hep_str_addf(out, "| `%s` | ", row->name);
        add_images(out, row->needs, ", ");
        hep_str_add(out, row->needs != 0 && row->needs_one_of != 0 ? ", and " : "");
        add_images(out, row->needs_one_of, " or ");
        hep_str_addf(out, " | %s | %s | %s | ", hep_unit_text(row->unit), row->meaning,
                     row->source);
        for (const char *key = row->settings; *key != '\0';) {
            const size_t n = strcspn(key, " ");

            hep_str_addf(out, "%s`%.*s`", key == row->settings ? "" : " ", (int)n, key);
            key += n + strspn(key + n, " ");
        }
        hep_str_addf(out, " | %s |\n", row->truth);
    }
}

static void features_section(struct hep_str *out)
{
    hep_str_add(out,
                "\n## Features of candidates\n\nWhat decides whether a candidate is a lesion "
                "(`configs/detection.yml`), in `detection_features` of each entry of "
                "`lesions` and of `rejected_candidates`, which lists what was judged and not "
                "kept. z is the contrast to noise of the liver around, positive where it "
                "speaks for a lesion. More of a feature speaks for a lesion, against one, or for "
                "either, by physics; a fit may not turn that round.\n\n| feature | unit | "
                "speaks | meaning |\n|---|---|---|---|\n");
    for (int i = 0; i < HEP_FEATURE_COUNT; i++) {
        const struct hep_feature_row *row = hep_feature_row((enum hep_feature)i);

        hep_str_addf(out, "| `%s` | %s | %s | %s |\n", row->name, row->unit,
                     row->sense == HEP_SENSE_FOR       ? "for"
                     : row->sense == HEP_SENSE_AGAINST ? "against"
                                                       : "for either",
                     row->meaning);
    }
}

void hep_manual_measures(struct hep_str *out)
{
    hep_str_add(
        out, "# Measures\n\nGenerated from the dictionary, `terms/measures.def` and "
             "`terms/flags.def`: every number that Hepar writes, with its unit, meaning and "
             "source. A family is one line: `{image}` stands for the images and `{phase}` for the "
             "contrast phases below, `{shell}` for `whole`, `rim`, `core` and `ring`, which is the "
             "liver around a lesion. `sub-XX_lesions.json` holds the members, TSV files the "
             "columns; what a study lacks has no member, what could not be measured is `null` or "
             "`n/a`. Fractions and ratios have the unit 1. Concepts are codes of DICOM.\n\n"
             "Images: ");
    add_images(out, (1U << HEP_IMAGE_COUNT) - 1U, ", ");
    hep_str_add(out, ".\n");
    subject_section(out, HEP_SUBJECT_LESION,
                    "Members of an entry of `lesions`: sizes and probabilities stand in the entry "
                    "itself, the others in `measurements` as `{\"value\", \"unit\"}`. "
                    "`sub-XX_lesions.tsv` has one row per lesion and the main measures as columns, "
                    "the same for every study; `sub-XX_measures.tsv` has every measure in a row of "
                    "its own. The statistics `n` and `se` are columns there.");
    subject_section(out, HEP_SUBJECT_LIVER,
                    "Members of `liver`. Of a map it holds `median`, `iqr`, `q25`, `q75`, `mean`, "
                    "`sd`, `n` and `n_nonfinite`, and the column has the median.");
    subject_section(out, HEP_SUBJECT_STUDY, "Columns of `studies.tsv`, counted there.");
    flags_section(out);
    features_section(out);
    hep_str_add(out, "\n## Classes\n\n| class | meaning |\n|---|---|\n");
    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        hep_str_addf(out, "| `%s` | %s |\n", hep_class_name((enum hep_lesion_class)c),
                     hep_class_row((enum hep_lesion_class)c)->meaning);
}
