/**
 * @file  sequences/study_files.h
 * @brief Small synthetic studies for tests: files by a table of names and sidecar texts.
 */
#ifndef HEP_TESTS_STUDY_FILES_H
#define HEP_TESTS_STUDY_FILES_H

#include "base/file.h"
#include "base/text.h"
#include "image/nifti.h"
#include "sequences/inventory.h"
#include "support/support.h"

/** A file of a study: an image (nt > 0) with an optional sidecar, or a text (nt = 0). */
struct study_file {
    const char *path; /* without extension for images */
    size_t nt;
    const char *text; /* sidecar, or content */
};

static inline void study_write_text(const char *dir, const char *name, const char *text)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(dir, name, NULL);
    char *slash = strrchr(path, '/');

    *slash = '\0';
    assert_ok(hep_mkdir_p(path, &e), e);
    *slash = '/';
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    free(path);
}

/** A float image whose voxels of volume t hold 10 + t. */
static inline void study_write_image(const char *dir, const char *name, size_t nt, size_t nx)
{
    struct hep_error e = { 0 };
    struct hep_grid grid = hep_test_grid(nx, 3, 2, 2.0, 2.0, 4.0);
    struct hep_volume *v = NULL;
    char *path = hep_asprintf(NULL, "%s/%s.nii.gz", dir, name);
    char *slash = strrchr(path, '/');

    *slash = '\0';
    assert_ok(hep_mkdir_p(path, &e), e);
    *slash = '/';
    assert_ok(hep_volume_new(&v, &grid, nt, &e), e);
    for (size_t t = 0; t < nt; t++)
        for (size_t i = 0; i < hep_grid_voxels(&grid); i++)
            hep_volume_at(v, t)[i] = 10.0F + (float)t;
    assert_ok(hep_nifti_write(path, v, NULL, &e), e);
    hep_volume_free(v);
    free(path);
}

static inline void study_write_labels(const char *dir, const char *name, int32_t value)
{
    struct hep_error e = { 0 };
    struct hep_grid grid = hep_test_grid(4, 3, 2, 2.0, 2.0, 4.0);
    struct hep_labels *l = NULL;
    char *path = hep_asprintf(NULL, "%s/%s.nii.gz", dir, name);
    char *slash = strrchr(path, '/');

    *slash = '\0';
    assert_ok(hep_mkdir_p(path, &e), e);
    *slash = '/';
    assert_ok(hep_labels_new(&l, &grid, &e), e);
    l->data[0] = value;
    l->data[1] = 1;
    assert_ok(hep_nifti_write_labels(path, l, NULL, &e), e);
    hep_labels_free(l);
    free(path);
}

static inline void study_write(const char *dir, const struct study_file *file, size_t n)
{
    for (size_t i = 0; i < n && file[i].path != NULL; i++) {
        if (file[i].nt == 0) {
            study_write_text(dir, file[i].path, file[i].text);
            continue;
        }
        study_write_image(dir, file[i].path, file[i].nt, 4);
        if (file[i].text != NULL) {
            char *name = hep_asprintf(NULL, "%s.json", file[i].path);

            study_write_text(dir, name, file[i].text);
            free(name);
        }
    }
}

/** Series whose first file is called this; fails the test when there is none. */
static inline const struct hep_series *study_series(const struct hep_inventory *inv,
                                                    const char *name)
{
    char *full = hep_asprintf(NULL, "%s.nii.gz", name);
    const struct hep_series *found = NULL;

    for (size_t i = 0; i < inv->n_series; i++)
        if (strcmp(inv->series[i].name, full) == 0)
            found = &inv->series[i];
    if (found == NULL)
        print_error("no series called %s\n", full);
    free(full);
    assert_non_null(found);
    return found;
}

static inline bool study_says(const struct hep_lines *lines, const char *part)
{
    for (size_t i = 0; i < lines->n; i++)
        if (strstr(lines->line[i], part) != NULL)
            return true;
    for (size_t i = 0; i < lines->n; i++)
        print_message("  said: %s\n", lines->line[i]);
    return false;
}

/** What is found in a folder, or below it. */
static inline struct hep_inventory *study_scan(const char *dir, const char *sub)
{
    struct hep_error e = { 0 };
    struct hep_inventory *inv = NULL;
    char *path = sub ? hep_path_join(dir, sub, NULL) : hep_strdup(dir, NULL);

    assert_ok(hep_inventory_scan(&inv, path, &e), e);
    free(path);
    return inv;
}

#endif
