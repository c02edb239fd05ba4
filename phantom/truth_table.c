#include "phantom/truth_table.h"

#include "base/file.h"
#include "base/table.h"

#define S struct hep_truth_row
HEP_GETTER(class_of, S, hep_value_of_text(hep_class_name(r->f.lesion_class)));
HEP_GETTER(place_of, S, hep_value_of_number(r->f.centre_mm[column->offset]));
HEP_GETTER(volume_of, S, hep_value_of_number(hep_finding_get(&r->f, HEP_M_VOLUME)));
/* The column's offset counts flags and their truths. */
HEP_GETTER(
    state_of, S,
    hep_value_of_text(hep_flag_state_name((column->offset % HEP_TRUTH_COLUMNS == HEP_TRUTH_TISSUE
                                               ? r->f.flag
                                               : r->f.visible)[column->offset / HEP_TRUTH_COLUMNS]
                                              .state)));

#define PLACE(name, k)                                                                             \
    {                                                                                              \
        name "_mm", HEP_CELL(NUMBER, k),                                                           \
            .unit = "mm", .meaning = "Centre in world space (RAS+): " name, .get = place_of        \
    }
static const struct hep_column first_columns[] = {
    { "lesion_id", HEP_INTEGER(S, f.id),
      .meaning = "Number of the lesion: its value in the label map" },
    { "class", HEP_CELL(TEXT, 0), .meaning = "Its class", .get = class_of },
    { "type", HEP_TEXT(S, type), .meaning = "What was simulated" },
    PLACE("x", 0),
    PLACE("y", 1),
    PLACE("z", 2),
    { "diameter_mm", HEP_NUMBER(S, diameter_mm), .unit = "mm", .meaning = "Diameter asked for" },
    { "volume_ml", HEP_CELL(NUMBER, 0), .unit = "mL", .meaning = "Volume in the liver",
      .get = volume_of },
};
#define N_FIRST (sizeof first_columns / sizeof first_columns[0])
#define N_STATES ((size_t)HEP_FLAG_COUNT * HEP_TRUTH_COLUMNS)

static const struct hep_level states[] = { { "present", "By definition and limit" },
                                           { "absent", "By definition and limit" },
                                           { "not_assessable", "Its images were not simulated" },
                                           { NULL, NULL } };

int hep_truth_table_write(const char *path, struct hep_json *root, const struct hep_truth_row *rows,
                          size_t n, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_column columns[N_FIRST + N_STATES + 1] = { { 0 } };
    char names[N_STATES][64];
    const struct hep_table table = HEP_TABLE(NULL, columns, rows, n);
    struct hep_str tsv = { 0 };
    int rc;

    memcpy(columns, first_columns, sizeof first_columns);
    for (size_t k = 0; k < N_STATES; k++) {
        const enum hep_flag flag = (enum hep_flag)(k / HEP_TRUTH_COLUMNS);

        (void)snprintf(names[k], sizeof names[k], "%s_%s", hep_flag_name(flag),
                       hep_flag_truth_name((enum hep_flag_truth)(k % HEP_TRUTH_COLUMNS)));
        columns[N_FIRST + k] = (struct hep_column){ .id = names[k],
                                                    .cell = HEP_CELL_TEXT,
                                                    .offset = k,
                                                    .meaning = hep_flag_row(flag)->meaning,
                                                    .levels = states,
                                                    .get = state_of };
    }
    hep_table_tsv(&tsv, &table);
    rc = hep_str_check(&tsv, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, tsv.s, tsv.len, err);
    hep_table_describe(&put, root, &table);
    hep_str_release(&tsv);
    return rc == HEP_OK ? put.rc : rc;
}
#undef S
