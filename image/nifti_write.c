#include "image/nifti_header.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz.h"
#include "base/text.h"

#include <math.h>
#include <nifti2_io.h>

#define GZIP_LEVEL 1
#define N1_DATA_OFFSET 352 /* header, then 4 bytes that say "no extension" */
#define N2_DATA_OFFSET 544
#define INT16_SPAN 65535.0

/* One image on its way out. */
struct source {
    const struct hep_grid *grid;
    size_t nt, count;
    int datatype;
    double slope, inter; /* of int16 */
    const float *values; /* one of the two is set */
    const int32_t *labels;
};

static size_t type_bytes(int datatype)
{
    size_t component = 0;
    size_t per_voxel = 0;

    hep_nifti_type_size(&component, &per_voxel, datatype);
    return component;
}

/* Quaternion form of the affine; true when it stands for the same grid, as it cannot for a sheared
 * one. */
static bool set_qform(nifti_image *nim, const struct hep_grid *g)
{
    struct hep_grid back = *g;
    nifti_dmat44 m;
    double mm[3];

    for (int r = 0; r < 4; r++) {
        for (int c = 0; c < 4; c++)
            m.m[r][c] = g->to_world[r][c];
    }
    hep_grid_spacing(mm, g);
    nifti_dmat44_to_quatern(m, &nim->quatern_b, &nim->quatern_c, &nim->quatern_d, &nim->qoffset_x,
                            &nim->qoffset_y, &nim->qoffset_z, NULL, NULL, NULL, &nim->qfac);
    nim->qto_xyz =
        nifti_quatern_to_dmat44(nim->quatern_b, nim->quatern_c, nim->quatern_d, nim->qoffset_x,
                                nim->qoffset_y, nim->qoffset_z, mm[0], mm[1], mm[2], nim->qfac);
    for (int r = 0; r < 3; r++) {
        for (int c = 0; c < 4; c++)
            back.to_world[r][c] = nim->qto_xyz.m[r][c];
    }
    return hep_grid_same(g, &back, HEP_GRID_TOL_MM);
}

static void set_orientation(nifti_image *nim, const struct hep_grid *g, enum hep_nifti_form form)
{
    const bool rigid = set_qform(nim, g);

    if (g->unplaced) {
        nim->qform_code = nim->sform_code = NIFTI_XFORM_UNKNOWN;
        return;
    }
    nim->qform_code = rigid && form != HEP_FORM_SFORM_ONLY ? NIFTI_XFORM_SCANNER_ANAT : 0;
    nim->sform_code =
        !rigid || form != HEP_FORM_QFORM_ONLY ? NIFTI_XFORM_SCANNER_ANAT : NIFTI_XFORM_UNKNOWN;
    if (nim->sform_code == 0)
        return;
    for (int r = 0; r < 4; r++) {
        for (int c = 0; c < 4; c++)
            nim->sto_xyz.m[r][c] = g->to_world[r][c];
    }
}

/* nifticlib's image without data; HEP_EINVAL when the sizes do not fit the version. */
static int make_nim(nifti_image **out, const struct source *src,
                    const struct hep_nifti_write_opts *opts, struct hep_error *err)
{
    const size_t *n = src->grid->n;
    const size_t limit = opts->nifti2 ? (size_t)INT32_MAX : (size_t)INT16_MAX;
    const int64_t along = (int64_t)src->nt;
    const int64_t dims[8] = { opts->vectors ? 5
                              : src->nt > 1 ? 4
                                            : 3,
                              (int64_t)n[0],
                              (int64_t)n[1],
                              (int64_t)n[2],
                              opts->vectors ? 1 : along,
                              opts->vectors ? along : 1,
                              1,
                              1 };
    double mm[3];
    nifti_image *nim;

    for (int i = 1; i <= 4; i++) {
        if ((uint64_t)dims[i] > limit)
            return HEP_FAIL(err, HEP_EINVAL, "axis %d has %lld steps, this format holds %zu", i,
                            (long long)dims[i], limit);
    }
    nim = nifti_make_new_nim(dims, src->datatype, 0);
    if (nim == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for an image header");
    hep_grid_spacing(mm, src->grid);
    nim->dx = nim->pixdim[1] = mm[0];
    nim->dy = nim->pixdim[2] = mm[1];
    nim->dz = nim->pixdim[3] = mm[2];
    nim->dt = nim->pixdim[4] = opts->tr_s;
    nim->xyz_units = NIFTI_UNITS_MM;
    nim->time_units = opts->tr_s > 0.0 ? NIFTI_UNITS_SEC : NIFTI_UNITS_UNKNOWN;
    nim->intent_code = opts->vectors ? NIFTI_INTENT_VECTOR : NIFTI_INTENT_NONE;
    nim->scl_slope = src->slope;
    nim->scl_inter = src->inter;
    nim->nifti_type = opts->nifti2 ? NIFTI_FTYPE_NIFTI2_1 : NIFTI_FTYPE_NIFTI1_1;
    nim->iname_offset = opts->nifti2 ? N2_DATA_OFFSET : N1_DATA_OFFSET;
    (void)snprintf(nim->descrip, sizeof nim->descrip, "Hepar %s; unit %s", HEP_VERSION,
                   hep_unit_text(opts->unit));
    set_orientation(nim, src->grid, opts->form);
    *out = nim;
    return HEP_OK;
}

static int write_header(unsigned char *bytes, const nifti_image *nim, bool nifti2,
                        struct hep_error *err)
{
    nifti_1_header h1;
    nifti_2_header h2;

    if (nifti2 ? nifti_convert_nim2n2hdr(nim, &h2) : nifti_convert_nim2n1hdr(nim, &h1))
        return HEP_FAIL(err, HEP_EINVAL, "nifticlib refuses the header");
    if (nifti2) {
        h2.vox_offset = N2_DATA_OFFSET;
        /* nifticlib 3.0.1 leaves out the second half, which the standard asks for. */
        (void)memcpy(h2.magic, "n+2\0\r\n\032\n", 8);
        (void)memcpy(bytes, &h2, sizeof h2);
    } else {
        h1.vox_offset = N1_DATA_OFFSET;
        (void)memcpy(bytes, &h1, sizeof h1);
    }
    return HEP_OK;
}

/* Components of vectors along the first two axes have the other sign in LPS. */
static void flip_components(unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x;

        (void)memcpy(&x, bytes + i * sizeof x, sizeof x);
        x = -x;
        (void)memcpy(bytes + i * sizeof x, &x, sizeof x);
    }
}

static void copy_values(unsigned char *bytes, const struct source *src, int nthreads)
{
    const size_t n = src->count;
    const double per_step = src->slope > 0.0 ? 1.0 / src->slope : 0.0;

    (void)nthreads; /* builds without OpenMP */
#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t i = 0; i < n; i++) {
        if (src->datatype == DT_FLOAT32) {
            (void)memcpy(bytes + i * sizeof(float), &src->values[i], sizeof(float));
        } else if (src->datatype == DT_INT16) {
            const double steps = nearbyint(((double)src->values[i] - src->inter) * per_step);
            const int16_t x = (int16_t)fmin(fmax(steps, INT16_MIN), INT16_MAX);

            (void)memcpy(bytes + i * sizeof x, &x, sizeof x);
        } else if (src->datatype == DT_INT32) {
            (void)memcpy(bytes + i * sizeof(int32_t), &src->labels[i], sizeof(int32_t));
        } else {
            bytes[i] = (unsigned char)src->labels[i];
        }
    }
}

/* The whole uncompressed file in memory. */
static int make_file(unsigned char **out, size_t *n, const struct source *src,
                     const struct hep_nifti_write_opts *opts, struct hep_error *err)
{
    const size_t offset = opts->nifti2 ? N2_DATA_OFFSET : N1_DATA_OFFSET;
    unsigned char *bytes = NULL;
    nifti_image *nim = NULL;
    size_t size = 0;
    int rc = make_nim(&nim, src, opts, err);

    if (rc != HEP_OK)
        goto out;
    if (hep_mul_size(&size, src->count, type_bytes(src->datatype)) && size < SIZE_MAX - offset)
        bytes = hep_alloc_aligned(size + offset, 1, err);
    if (bytes == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    (void)memset(bytes, 0, offset);
    rc = write_header(bytes, nim, opts->nifti2, err);
    if (rc != HEP_OK)
        goto out;
    copy_values(bytes + offset, src, opts->nthreads);
    if (opts->vectors)
        flip_components(bytes + offset, src->count / src->nt * 2);
    *out = bytes;
    *n = size + offset;
    bytes = NULL;
out:
    free(bytes);
    nifti_image_free(nim);
    return rc;
}

static int write_file(const char *path, const struct source *src,
                      const struct hep_nifti_write_opts *given, struct hep_error *err)
{
    struct hep_nifti_write_opts opts = { .unit = HEP_UNIT_ARBITRARY };
    const bool gzip = hep_ends_with(path, ".nii.gz");
    unsigned char *bytes = NULL;
    unsigned char *packed = NULL;
    size_t n = 0;
    size_t packed_n = 0;
    int rc;

    if (given != NULL)
        opts = *given;
    opts.nthreads = opts.nthreads > 0 ? opts.nthreads : 1;
    opts.gzip_level = opts.gzip_level != 0 ? opts.gzip_level : GZIP_LEVEL;
    if (opts.vectors && (src->nt != 3 || src->datatype != DT_FLOAT32))
        return HEP_FAIL(err, HEP_EINVAL, "%s: vectors have 3 components of float32, not %zu", path,
                        src->nt);
    if (!gzip && !hep_ends_with(path, ".nii"))
        return HEP_FAIL(err, HEP_EINVAL, "%s: the name of an image ends in .nii or .nii.gz", path);
    rc = make_file(&bytes, &n, src, &opts, err);
    if (rc == HEP_OK && gzip)
        rc = hep_gz_deflate(&packed, &packed_n, bytes, n, opts.gzip_level, opts.nthreads, err);
    if (rc == HEP_OK)
        rc = gzip ? hep_file_write(path, packed, packed_n, err)
                  : hep_file_write(path, bytes, n, err);
    else
        (void)hep_error_prefix(err, "%s", path);
    free(packed);
    free(bytes);
    return rc;
}

/* Slope and intercept that spread the values over the whole of int16. */
static int scale_int16(struct source *src, struct hep_error *err)
{
    float lo = src->values[0];
    float hi = src->values[0];

    for (size_t i = 0; i < src->count; i++) {
        if (!isfinite(src->values[i]))
            return HEP_FAIL(err, HEP_EINVAL, "value %zu is %g: int16 cannot hold it", i,
                            (double)src->values[i]);
        lo = src->values[i] < lo ? src->values[i] : lo;
        hi = src->values[i] > hi ? src->values[i] : hi;
    }
    src->datatype = DT_INT16;
    /* As the file will hold them, so that the steps are counted with the numbers a reader has. */
    src->slope = (double)(float)(((double)hi - (double)lo) / INT16_SPAN);
    if (!(src->slope > 0.0) || !isfinite((float)src->slope))
        src->slope = 1.0;
    src->inter = (double)(float)((double)lo - src->slope * (double)INT16_MIN);
    return HEP_OK;
}

int hep_nifti_write(const char *path, const struct hep_volume *v,
                    const struct hep_nifti_write_opts *opts, struct hep_error *err)
{
    struct source src = { .grid = &v->grid,
                          .nt = v->nt,
                          .count = hep_grid_voxels(&v->grid) * v->nt,
                          .datatype = DT_FLOAT32,
                          .slope = 1.0,
                          .values = v->data };

    if (opts != NULL && opts->store == HEP_STORE_INT16_SCALED) {
        int rc = scale_int16(&src, err);

        if (rc != HEP_OK) {
            (void)hep_error_prefix(err, "%s", path);
            return rc;
        }
    }
    return write_file(path, &src, opts, err);
}

int hep_nifti_write_labels(const char *path, const struct hep_labels *l,
                           const struct hep_nifti_write_opts *opts, struct hep_error *err)
{
    struct hep_nifti_write_opts mine = { .unit = HEP_UNIT_DIMENSIONLESS };
    struct source src = { .grid = &l->grid,
                          .nt = 1,
                          .count = hep_grid_voxels(&l->grid),
                          .datatype = DT_UINT8,
                          .slope = 1.0,
                          .labels = l->data };

    for (size_t i = 0; i < src.count; i++) {
        if (l->data[i] < 0 || l->data[i] > UINT8_MAX)
            src.datatype = DT_INT32;
    }
    return write_file(path, &src, opts != NULL ? opts : &mine, err);
}
