/* Statistics of maps as tables: over the regions of a study, and over what the user gave. */
#include "report/measure.h"

#include "base/alloc.h"

/* A row of either table. */
struct row {
    const char *study, *region;
    const struct hep_label *label; /* NULL: a region of the study */
    int map;
    const struct hep_measured *measured;
};
#define S struct row
static const struct hep_level statuses[] = {
    { "ok", "Measured" },
    { "not_assessable", "Not measured, as the reason says" },
    { NULL, NULL },
};
static const struct hep_level kinds[] = {
    { "lesion", "Given as a lesion" },
    { "organ", "Given as an organ or any other region" },
    { NULL, NULL },
};
/* The column's offset is that of the number in its statistics, or in the label. */
static double number_in(const void *base, const struct hep_column *column)
{
    return *(const double *)(const void *)((const char *)base + column->offset);
}
HEP_GETTER(number_of, S, hep_value_of_number(number_in(r->measured, column)));
HEP_GETTER(size_of, S, hep_value_of_number(number_in(r->label, column)));
static bool is_measured(const struct hep_measured *m)
{
    return m->state != HEP_MEASURED_WITHHELD && (m->reason == NULL || m->n > 0);
}
HEP_GETTER(status_of, S, hep_value_of_text(statuses[is_measured(r->measured) ? 0 : 1].word));
HEP_GETTER(reason_of, S, hep_value_of_text(r->measured->reason));
HEP_GETTER(unit_of, S, hep_value_of_text(hep_unit_text(hep_measure_unit(hep_measure_map(r->map)))));
HEP_GETTER(map_of, S, hep_value_of_text(hep_measure_name(hep_measure_map(r->map))));
HEP_GETTER(voxels_of, S, hep_value_of_number((double)r->measured->n));
HEP_GETTER(id_of, S, hep_value_of_whole(r->label->id, false));
HEP_GETTER(kind_of, S, hep_value_of_text(hep_label_kind_name(r->label->kind)));
HEP_GETTER(value_of, S, hep_value_of_whole(r->label->given_label, r->label->given_label == 0));
HEP_GETTER(name_of, S, hep_value_of_text(r->label->name));
HEP_GETTER(file_of, S, hep_value_of_text(r->label->file));
HEP_GETTER(drawn_on_of, S, hep_value_of_text(r->label->drawn_on));
HEP_GETTER(label_voxels_of, S, hep_value_of_whole((long long)r->label->voxels, false));
HEP_GETTER(note_of, S, hep_value_of_text(r->label->note));
#define NUMBER(member)                                                                             \
    HEP_CELL(NUMBER, HEP_MEMBER(double, struct hep_measured, member)), .get = number_of
#define SIZE(member) HEP_CELL(NUMBER, HEP_MEMBER(double, struct hep_label, member)), .get = size_of
#define MAP_COLUMNS                                                                                \
    { "map", HEP_CELL(TEXT, 0), .meaning = "Name of the map that is measured", .get = map_of },    \
        { "unit", HEP_CELL(TEXT, 0), .meaning = "Unit of the statistics of this row",              \
          .get = unit_of },                                                                        \
        { "median", NUMBER(median), .meaning = "Median over the voxels of the region" },           \
        { "iqr", NUMBER(iqr), .meaning = "Distance of the quartiles" },                            \
        { "q25", NUMBER(q25), .meaning = "Lower quartile" },                                       \
        { "q75", NUMBER(q75), .meaning = "Upper quartile" },                                       \
        { "mean", NUMBER(mean), .meaning = "Mean" },                                               \
        { "sd", NUMBER(sd), .meaning = "Standard deviation" },                                     \
        { "n", HEP_CELL(NUMBER, 0), .meaning = "Voxels of the map with a value",                   \
          .get = voxels_of },                                                                      \
        { "status", HEP_CELL(TEXT, 0), .meaning = "Whether the numbers are a result",              \
          .levels = statuses, .get = status_of },                                                  \
        { "reason", HEP_CELL(TEXT, 0),                                                             \
          .meaning = "Why nothing was measured, or what to know of the numbers",                   \
          .get = reason_of },                                                                      \
        { "q05", NUMBER(q05), .meaning = "5th percentile" },                                       \
        { "q95", NUMBER(q95), .meaning = "95th percentile" },                                      \
        { "skewness", NUMBER(skewness),                                                            \
          .meaning = "Third central moment over the second one to the power 3/2" },                \
        { "kurtosis", NUMBER(kurtosis),                                                            \
          .meaning = "Fourth central moment over the square of the second one, less 3: 0 for a "   \
                     "normal distribution" },                                                      \
    {                                                                                              \
        0                                                                                          \
    }
static const struct hep_column region_columns[] = {
    { "study", HEP_TEXT(S, study), .meaning = "Label of the study" },
    { "region", HEP_TEXT(S, region),
      .meaning = "Name of the region: liver, or a label of the label map" },
    MAP_COLUMNS,
};
static const struct hep_column label_columns[] = {
    { "label_id", HEP_CELL(INTEGER, 0), .meaning = "Number of the region, from 1, over all files",
      .get = id_of },
    { "kind", HEP_CELL(TEXT, 0), .meaning = "What its file was given as", .levels = kinds,
      .get = kind_of },
    { "given_label", HEP_CELL(INTEGER, 0), .meaning = "Value in its file; none for a point",
      .get = value_of },
    { "name", HEP_CELL(TEXT, 0), .meaning = "Name in the table beside the file, or of the point",
      .get = name_of },
    { "file", HEP_CELL(TEXT, 0), .meaning = "Name of its file", .get = file_of },
    { "drawn_on", HEP_CELL(TEXT, 0),
      .meaning = "Series in whose space it was drawn; volume, axes and centre are those there",
      .get = drawn_on_of },
    { "voxels", HEP_CELL(INTEGER, 0),
      .meaning = "Voxels in its file; of a point, those that Hepar outlined on the reference",
      .get = label_voxels_of },
    { "volume_ml", SIZE(volume_ml), .unit = "mL", .meaning = "Volume of these voxels" },
    { "long_axis_mm", SIZE(long_axis_mm), .unit = "mm",
      .meaning = "Longest diameter in an axial slice" },
    { "short_axis_mm", SIZE(short_axis_mm), .unit = "mm",
      .meaning = "Largest extent at right angles to it" },
    { "x", SIZE(centre_mm[0]), .unit = "mm", .meaning = "Centre to the right" },
    { "y", SIZE(centre_mm[1]), .unit = "mm", .meaning = "Centre to the front" },
    { "z", SIZE(centre_mm[2]), .unit = "mm", .meaning = "Centre to the head" },
    { "note", HEP_CELL(TEXT, 0), .meaning = "What has to be said of the region", .get = note_of },
    MAP_COLUMNS,
};

int hep_regions_table(struct hep_table *out, const struct hep_study_measures *studies, size_t n,
                      bool with_study, struct hep_error *err)
{
    size_t regions = 0, used = 0;
    S *rows;

    for (size_t i = 0; i < n; i++)
        regions += studies[i].measures != NULL ? studies[i].measures->n_regions : 0;
    rows = hep_calloc(regions + 1, sizeof *rows, err);
    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; studies[i].measures != NULL && k < studies[i].measures->n_regions; k++) {
            const struct hep_measures_region *r = &studies[i].measures->region[k];

            rows[used++] = (S){ studies[i].study, r->region, NULL, r->map, &r->measured };
        }
    }
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, region_columns + (with_study ? 0 : 1), rows,
                                             regions);
    return HEP_OK;
}

int hep_labels_table(struct hep_table *out, const struct hep_label_measures *measures,
                     struct hep_error *err)
{
    S *rows = hep_calloc(measures->n * HEP_MEASURE_MAPS + 1, sizeof *rows, err);
    size_t n = 0;

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < measures->n; i++)
        for (int k = 0; k < HEP_MEASURE_MAPS; k++)
            rows[n++] = (S){ NULL, NULL, &measures->label[i], k, &measures->label[i].map[k] };
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, label_columns, rows, n);
    return HEP_OK;
}
#undef S
