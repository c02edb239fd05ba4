/* Segmentations (DICOM SEG) of a study as label maps of its images, where hepar run -d finds them. */
#include "dicom/import_study.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "dicom/export_parts.h"
#include "dicom/frame_times.h"
#include "dicom/seg_read.h"
#include "image/nifti.h"
#include "sequences/lines.h"
#include "sequences/bids_name.h"

static const char folder_name[] = "derivatives/dicom-seg";

/* Codes and words by which a segment is a lesion: SNOMED CT and the older SRT codes of its category "morphologically
 * altered structure" and of its type (lesion, mass, neoplasm, secondary neoplasm), else a word of its label. */
static const char *const lesion_codes[] = { "49755003", "M-01000", "52988006",  "M-01100",
                                            "4147007",  "M-03000", "108369006", "M-8FFFF",
                                            "14799000", "M-80006" };
static const char *const lesion_words[] = { "lesion", "tumor",     "tumour",  "metasta", "mass",
                                            "nodule", "cyst",      "angioma", "adenoma", "fnh",
                                            "hcc",    "carcinoma", "abscess" };

/* A segmentation on its way to the images that it was drawn on. */
struct drawing {
    struct hep_import_work *w;
    size_t series;
    const struct hep_dicom_object *object;
    struct hep_seg_object seg;
    struct hep_lines images; /* relative to the dataset, the likeliest first */
    const char *image;       /* the one that has its voxels; borrowed */
    struct hep_grid grid;    /* of that */
    char *begin;             /* path up to "_label-"; owned */
    char desc[32];           /* "_desc-seg2" where there are several */
};

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

static bool is_lesion(const struct hep_seg_segment *s)
{
    const size_t n = sizeof lesion_codes / sizeof lesion_codes[0];

    if (is_one_of(s->category, lesion_codes, n) || is_one_of(s->type, lesion_codes, n))
        return true;
    for (size_t i = 0; i < sizeof lesion_words / sizeof lesion_words[0]; i++)
        if (hep_contains_nocase(s->label, lesion_words[i]))
            return true;
    return false;
}

static enum hep_anatomy organ_of(const struct hep_seg_segment *s)
{
    if (is_lesion(s))
        return HEP_ANATOMY_NONE;
    if (strcmp(s->type, "T-62000") == 0) /* SRT: liver */
        return HEP_ANATOMY_LIVER;
    for (int o = HEP_ANATOMY_LIVER; o < HEP_ANATOMY_COUNT; o++)
        if (strcmp(s->type, hep_export_organ((enum hep_anatomy)o).value) == 0)
            return (enum hep_anatomy)o;
    return hep_anatomy_from_name(s->label);
}

/* ---- the images that it was drawn on -------------------------------------------------------- */

static bool is_drawn_on(const struct hep_seg_object *seg, const struct hep_dicom_series *series,
                        double clock_s)
{
    for (size_t i = 0; i < series->n; i++) {
        const char *uid = hep_dicom_text(series->object[i], HEP_DICOM_SOP_INSTANCE);

        for (size_t k = 0; k < seg->sources->n; k++)
            if (strcmp(uid, seg->sources->line[k]) == 0)
                return hep_dicom_clock(series->object[i]) == clock_s;
    }
    return false;
}

/* Files of this import: those of the time of its source images, then those of the series that it refers to, then all. */
static int images_of_import(struct drawing *d, struct hep_error *err)
{
    const struct hep_import_work *w = d->w;
    int rc = HEP_OK;

    for (int likely = 0; rc == HEP_OK && likely < 3; likely++)
        for (size_t i = 0; rc == HEP_OK && i < w->n; i++) {
            const struct hep_import_file *f = &w->file[i];
            const struct hep_dicom_series *series = &w->study->series[f->series];
            const bool is_series =
                strcmp(hep_dicom_text(series->object[0], HEP_DICOM_SERIES_UID), d->seg.series) == 0;

            if (f->target != NULL &&
                (likely == 2 ||
                 (is_series && (likely == 1 || is_drawn_on(&d->seg, series, f->clock_s)))))
                rc = hep_lines_addf(&d->images, err, "%s", f->target);
        }
    return rc;
}

/* Files of an earlier import, as its provenance lists them. */
static int images_of_dataset(struct drawing *d, struct hep_error *err)
{
    char *name = hep_import_provenance(d->w->study, err), *path = NULL, uid[HEP_SHA256_HEX + 8];
    struct hep_json *root = NULL;
    const struct hep_json *series;
    int rc = hep_import_hide_uid(uid, d->w, d->seg.series, err);

    if (rc == HEP_OK && name != NULL)
        path = hep_path_join(d->w->settings->bids_dir, name, err);
    if (rc == HEP_OK && path == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && hep_is_file(path))
        rc = hep_json_read(&root, path, err);
    series = hep_json_get(root, "Series");
    for (int likely = 0; rc == HEP_OK && likely < 2; likely++)
        for (size_t i = 0; rc == HEP_OK && i < hep_json_size(series); i++) {
            const struct hep_json *one = hep_json_at(series, i),
                                  *files = hep_json_get(one, "Files");
            const char *own = hep_json_string(hep_json_get(one, "SeriesInstanceUID"));

            for (size_t k = 0; rc == HEP_OK && k < hep_json_size(files); k++) {
                const char *file = hep_json_string(hep_json_at(files, k));

                if (file != NULL && strstr(file, "..") == NULL &&
                    !hep_starts_with(file, folder_name) &&
                    (likely == 1 ||
                     (own != NULL && (strcmp(own, uid) == 0 || strcmp(own, d->seg.series) == 0))))
                    rc = hep_lines_addf(&d->images, err, "%s", file);
            }
        }
    hep_json_free(root);
    free(path);
    free(name);
    return rc;
}

static bool lies_on(const struct hep_seg_object *seg, const struct hep_grid *grid)
{
    double inverse[4][4];
    struct hep_plane p;

    if (hep_grid_inverse(inverse, grid, NULL) != HEP_OK)
        return false;
    for (size_t f = 0; f < seg->n_frames; f++)
        if (!hep_plane_of(&p, &seg->frame[f].plane, grid, HEP_AFFINE(inverse)))
            return false;
    return true;
}

static int find_image(struct drawing *d, bool is_only, struct hep_error *err)
{
    int rc = is_only ? images_of_dataset(d, err) : images_of_import(d, err);

    for (size_t i = 0; rc == HEP_OK && d->image == NULL && i < d->images.n; i++) {
        char *path = hep_asprintf(err, "%s/%s.nii.gz", d->w->settings->bids_dir, d->images.line[i]);
        struct hep_nifti_info info;

        rc = path != NULL ? HEP_OK : HEP_ENOMEM;
        if (rc == HEP_OK && hep_is_file(path) && hep_nifti_info(&info, path, NULL) == HEP_OK &&
            lies_on(&d->seg, &info.grid)) {
            d->image = d->images.line[i];
            d->grid = info.grid;
        }
        free(path);
    }
    if (rc == HEP_OK && d->image == NULL)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "segmentation whose frames lie on no image of the study within 0.05 mm");
    return rc;
}

/* ---- label maps ----------------------------------------------------------------------------- */

/* Voxels of a segment that no other has become `label`. @return how many */
static size_t draw(struct hep_labels *to, const struct drawing *d, const struct hep_seg_segment *s,
                   int32_t label)
{
    double inverse[4][4];
    struct hep_plane p;
    size_t drawn = 0;

    if (hep_grid_inverse(inverse, &d->grid, NULL) != HEP_OK)
        return 0;
    for (size_t f = 0; f < d->seg.n_frames; f++) {
        if ((d->seg.frame[f].segment != 0 && d->seg.frame[f].segment != s->number) ||
            !hep_plane_of(&p, &d->seg.frame[f].plane, &d->grid, HEP_AFFINE(inverse)))
            continue;
        for (size_t r = 0; r < p.rows; r++)
            for (size_t c = 0; c < p.columns; c++) {
                size_t at[3], i;

                if (!hep_seg_has(&d->seg, f, r, c, s->number))
                    continue;
                for (int k = 0; k < 3; k++)
                    at[k] = (size_t)(p.origin[k] + (long)r * p.row[k] + (long)c * p.column[k]);
                i = (at[2] * d->grid.n[1] + at[1]) * d->grid.n[0] + at[0];
                drawn += to->data[i] == 0;
                to->data[i] = to->data[i] == 0 ? label : to->data[i];
            }
    }
    return drawn;
}

/* What is odd about a segment goes to the log, by its number: its label may name somebody. */
static void warn(const struct drawing *d, const struct hep_seg_segment *s, const char *what)
{
    hep_log_write(d->w->log, HEP_LOG_WARNING, "segment", "%s: series %s, segment %ld %s",
                  d->w->begin, hep_dicom_text(d->object, HEP_DICOM_SERIES_NUMBER), s->number, what);
}

/* The sidecar: which image it belongs to (its name as a BIDS URI of the dataset above), and where it came from. */
static int write_sidecar(const struct drawing *d, const char *path, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object(), *sources = hep_json_new_array();
    char *uri = hep_asprintf(err, "bids:raw:%s.nii.gz", d->image), uid[HEP_SHA256_HEX + 8];

    if (uri == NULL)
        put.rc = HEP_ENOMEM;
    if (put.rc == HEP_OK)
        put.rc =
            hep_import_hide_uid(uid, d->w, hep_dicom_text(d->object, HEP_DICOM_SOP_INSTANCE), err);
    if (put.rc == HEP_OK) {
        hep_put_text(&put, o, "Description", "Segments of a DICOM Segmentation");
        hep_put_text(&put, o, "SpatialReference", uri);
        hep_put_item(&put, sources, hep_json_new_string(uri));
        hep_put_text(&put, o, "SOPInstanceUID", uid);
        hep_put_text(&put, o, "SeriesNumber", hep_dicom_text(d->object, HEP_DICOM_SERIES_NUMBER));
    }
    hep_put(&put, o, "Sources", sources);
    if (put.rc == HEP_OK)
        put.rc = hep_json_write(path, o, err);
    hep_json_free(o);
    free(uri);
    return put.rc;
}

static int describe_folder(const struct hep_import_work *w, struct hep_error *err)
{
    static const char text[] =
        "{\n  \"Name\": \"Segmentations that came as DICOM\",\n"
        "  \"BIDSVersion\": \"" HEP_BIDS_VERSION "\",\n  \"DatasetType\": \"derivative\",\n"
        "  \"DatasetLinks\": {\"raw\": \"../..\"},\n"
        "  \"GeneratedBy\": [{\"Name\": \"Hepar\", \"Version\": \"" HEP_VERSION
        "\", \"Description\": \"hepar import\"}]\n}\n";
    char *path =
        hep_asprintf(err, "%s/%s/dataset_description.json", w->settings->bids_dir, folder_name);
    int rc = path != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK && !hep_is_file(path)) {
        rc = hep_import_make_parent(path, err);
        if (rc == HEP_OK)
            rc = hep_file_write(path, text, sizeof text - 1, err);
    }
    free(path);
    return rc;
}

/* BEGIN_label-NAME_SUFFIX with its sidecar and its table, where it has one. */
static int write_map(struct drawing *d, const char *name, const char *suffix,
                     const struct hep_labels *map, const struct hep_str *table,
                     struct hep_error *err)
{
    char *stem = hep_asprintf(err, "%s_label-%s%s_%s", d->begin, name, d->desc, suffix),
         *path = NULL;
    int rc = stem != NULL ? describe_folder(d->w, err) : HEP_ENOMEM;

    for (int part = 0; rc == HEP_OK && part < 3; part++) {
        static const char *const extension[] = { "nii.gz", "json", "tsv" };

        path = hep_asprintf(err, "%s/%s.%s", d->w->settings->bids_dir, stem, extension[part]);
        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (part == 0)
            rc = hep_import_make_parent(path, err);
        if (rc == HEP_OK && part == 0)
            rc = hep_nifti_write_labels(path, map, NULL, err);
        else if (rc == HEP_OK && part == 1)
            rc = write_sidecar(d, path, err);
        else if (rc == HEP_OK && table != NULL)
            rc = hep_file_write(path, table->s, table->len, err);
        free(path);
    }
    if (rc == HEP_OK)
        rc = hep_lines_addf(&d->w->segmentations[d->series], err, "%s", stem);
    free(stem);
    return rc;
}

static int write_organ(struct drawing *d, enum hep_anatomy organ, struct hep_error *err)
{
    struct hep_labels *mask = NULL;
    size_t n = 0;
    bool any = false;
    int rc = HEP_OK;

    for (size_t i = 0; i < d->seg.n_segments; i++)
        any = any || organ_of(&d->seg.segment[i]) == organ;
    if (!any)
        return HEP_OK;
    rc = hep_labels_new(&mask, &d->grid, err);
    for (size_t i = 0; rc == HEP_OK && i < d->seg.n_segments; i++)
        if (organ_of(&d->seg.segment[i]) == organ)
            n += draw(mask, d, &d->seg.segment[i], 1);
    if (rc == HEP_OK && n > 0)
        rc = write_map(d, hep_anatomy_name(organ), "mask", mask, NULL, err);
    hep_labels_free(mask);
    return rc;
}

static int write_lesions(struct drawing *d, struct hep_error *err)
{
    struct hep_labels *map = NULL;
    struct hep_str table = { 0 };
    int32_t n = 0;
    int rc = hep_labels_new(&map, &d->grid, err);

    hep_str_add(&table, "index\tname\tsegment\n");
    for (size_t i = 0; rc == HEP_OK && i < d->seg.n_segments; i++) {
        const struct hep_seg_segment *s = &d->seg.segment[i];
        char *label;

        if (!is_lesion(s)) {
            if (organ_of(s) == HEP_ANATOMY_NONE)
                warn(d, s,
                     "is left out: by code and label neither a lesion nor an organ that is used");
            continue;
        }
        if (draw(map, d, s, n + 1) == 0) {
            warn(d, s, "has no voxel that no segment before it has: left out");
            continue;
        }
        label = hep_strdup(s->label, err);
        if (label == NULL) {
            rc = HEP_ENOMEM;
            break;
        }
        hep_personal_remove(&d->w->study->personal, label);
        hep_str_addf(&table, "%d\t", ++n);
        hep_str_add_tsv(&table, label);
        hep_str_addf(&table, "\t%ld\n", s->number);
        free(label);
    }
    if (rc == HEP_OK)
        rc = hep_str_check(&table, err);
    if (rc == HEP_OK && n > 0)
        rc = write_map(d, "lesions", "dseg", map, &table, err);
    hep_str_release(&table);
    hep_labels_free(map);
    return rc;
}

/* ---- objects -------------------------------------------------------------------------------- */

static bool is_segmentation(const struct hep_dicom_series *s)
{
    return hep_is_segmentation(hep_dicom_text(s->object[0], HEP_DICOM_SOP_CLASS));
}

static size_t count_segmentations(const struct hep_dicom_study *study)
{
    size_t n = 0;

    for (size_t k = 0; k < study->n; k++)
        n += is_segmentation(&study->series[k]) ? study->series[k].n : 0;
    return n;
}

static int import_one(struct drawing *d, size_t number, size_t of, bool is_only,
                      struct hep_error *err)
{
    const struct hep_dicom_study *s = d->w->study;
    int rc = hep_seg_read(&d->seg, d->object->path, d->w->folder, err);

    if (of > 1)
        (void)snprintf(d->desc, sizeof d->desc, "_desc-seg%zu", number);
    d->begin = hep_asprintf(err, "%s/sub-%s/ses-%s/anat/%s", folder_name, s->participant,
                            s->session, d->w->begin);
    if (rc == HEP_OK && d->begin == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = find_image(d, is_only, err);
    for (int organ = HEP_ANATOMY_LIVER; rc == HEP_OK && organ < HEP_ANATOMY_COUNT; organ++)
        rc = write_organ(d, (enum hep_anatomy)organ, err);
    return rc == HEP_OK ? write_lesions(d, err) : rc;
}

int hep_import_segmentations(struct hep_import_work *w, bool is_only, struct hep_error *err)
{
    const size_t of = count_segmentations(w->study);
    size_t number = 0;
    int rc = HEP_OK;

    for (size_t k = 0; rc == HEP_OK && k < w->study->n; k++)
        for (size_t i = 0;
             rc == HEP_OK && is_segmentation(&w->study->series[k]) && i < w->study->series[k].n;
             i++) {
            struct drawing d = { .w = w, .series = k, .object = w->study->series[k].object[i] };
            struct hep_error unfit = { 0 };

            rc = import_one(&d, ++number, of, is_only, &unfit);
            if ((rc == HEP_EDATA || rc == HEP_EFORMAT) && w->failed[k] == NULL) {
                w->failed[k] = hep_strdup(unfit.msg, err);
                rc = w->failed[k] != NULL ? HEP_OK : HEP_ENOMEM;
            } else if (rc == HEP_EDATA || rc == HEP_EFORMAT) {
                rc = HEP_OK;
            } else if (rc != HEP_OK) {
                rc = HEP_FAIL(err, unfit.code, "%s", unfit.msg);
            }
            free(d.begin);
            hep_lines_release(&d.images);
            hep_seg_release(&d.seg);
        }
    return rc;
}
