#include "image/nifti_header.h"

#include "base/alloc.h"

#include <math.h>
#include <nifti2_io.h>
#include <pthread.h>

_Static_assert(sizeof(nifti_1_header) == 348, "NIfTI-1 header");
_Static_assert(sizeof(nifti_2_header) == HEP_NIFTI_HEADER_BYTES, "NIfTI-2 header");

/* The fields of either version that are checked here, in this machine's byte order. */
struct raw {
    int64_t dim[8];
    double pixdim[8], quatern[3], qoffset[3], srow[3][4];
    double vox_offset, slope, inter;
    int datatype, bitpix, units, qform_code, sform_code;
};

static void quiet(void)
{
    nifti_set_debug_level(0);
}

void hep_nifti_type_size(size_t *component, size_t *per_voxel, int datatype)
{
    *per_voxel = datatype == DT_COMPLEX64 || datatype == DT_COMPLEX128 ? 2 : 1;
    switch (datatype) {
    case DT_UINT8:
    case DT_INT8:
        *component = 1;
        break;
    case DT_INT16:
    case DT_UINT16:
        *component = 2;
        break;
    case DT_INT32:
    case DT_UINT32:
    case DT_FLOAT32:
    case DT_COMPLEX64:
        *component = 4;
        break;
    case DT_INT64:
    case DT_UINT64:
    case DT_FLOAT64:
    case DT_COMPLEX128:
        *component = 8;
        break;
    default:
        *component = 0;
        break;
    }
}

static void raw_from_n1(struct raw *r, const nifti_1_header *h)
{
    for (int i = 0; i < 8; i++) {
        r->dim[i] = h->dim[i];
        r->pixdim[i] = (double)h->pixdim[i];
    }
    for (int c = 0; c < 4; c++) {
        r->srow[0][c] = (double)h->srow_x[c];
        r->srow[1][c] = (double)h->srow_y[c];
        r->srow[2][c] = (double)h->srow_z[c];
    }
    r->quatern[0] = (double)h->quatern_b;
    r->quatern[1] = (double)h->quatern_c;
    r->quatern[2] = (double)h->quatern_d;
    r->qoffset[0] = (double)h->qoffset_x;
    r->qoffset[1] = (double)h->qoffset_y;
    r->qoffset[2] = (double)h->qoffset_z;
    r->vox_offset = (double)h->vox_offset;
    r->slope = (double)h->scl_slope;
    r->inter = (double)h->scl_inter;
    r->datatype = h->datatype;
    r->bitpix = h->bitpix;
    r->units = (unsigned char)h->xyzt_units;
    r->qform_code = h->qform_code;
    r->sform_code = h->sform_code;
}

static void raw_from_n2(struct raw *r, const nifti_2_header *h)
{
    for (int i = 0; i < 8; i++) {
        r->dim[i] = h->dim[i];
        r->pixdim[i] = h->pixdim[i];
    }
    (void)memcpy(r->srow[0], h->srow_x, sizeof h->srow_x);
    (void)memcpy(r->srow[1], h->srow_y, sizeof h->srow_y);
    (void)memcpy(r->srow[2], h->srow_z, sizeof h->srow_z);
    r->quatern[0] = h->quatern_b;
    r->quatern[1] = h->quatern_c;
    r->quatern[2] = h->quatern_d;
    r->qoffset[0] = h->qoffset_x;
    r->qoffset[1] = h->qoffset_y;
    r->qoffset[2] = h->qoffset_z;
    r->vox_offset = (double)h->vox_offset;
    r->slope = h->scl_slope;
    r->inter = h->scl_inter;
    r->datatype = h->datatype;
    r->bitpix = h->bitpix;
    r->units = h->xyzt_units;
    r->qform_code = h->qform_code;
    r->sform_code = h->sform_code;
}

/* nifticlib 3.0.1 leaves the last four bytes of a NIfTI-2 signature at 0, so both forms are met. */
static bool good_tail(const char *magic)
{
    return memcmp(magic + 4, "\r\n\032\n", 4) == 0 || memcmp(magic + 4, "\0\0\0\0", 4) == 0;
}

static int check_magic(const char *magic, bool nifti2, struct hep_error *err)
{
    const char version = nifti2 ? '2' : '1';

    if (memcmp(magic, "n+", 2) == 0 && magic[2] == version && magic[3] == '\0' &&
        (!nifti2 || good_tail(magic)))
        return HEP_OK;
    if (memcmp(magic, "ni", 2) == 0 && magic[2] == version)
        return HEP_FAIL(err, HEP_EFORMAT,
                        "a .hdr/.img pair is not read: convert it to a single .nii file");
    return HEP_FAIL(
        err, HEP_EFORMAT,
        "no NIfTI signature: an ANALYZE header or not an image (it has no orientation)");
}

static int check_sizes(struct hep_nifti_layout *out, const struct raw *r, struct hep_error *err)
{
    size_t component = 0;
    size_t per_voxel = 0;
    size_t n[5] = { 1, 1, 1, 1, 1 };
    size_t bytes;

    hep_nifti_type_size(&component, &per_voxel, r->datatype);
    if (component == 0)
        return HEP_FAIL(
            err, HEP_EFORMAT,
            "data type code %d is not read (integers, float32, float64 and complex are)",
            r->datatype);
    if ((size_t)r->bitpix != 8 * component * per_voxel)
        return HEP_FAIL(err, HEP_EFORMAT, "bitpix %d does not fit data type code %d", r->bitpix,
                        r->datatype);
    if (r->dim[0] < 3 || r->dim[0] > 7)
        return HEP_FAIL(err, HEP_EFORMAT, "%lld axes: 3 to 5 are read", (long long)r->dim[0]);
    bytes = component * per_voxel;
    for (int i = 1; i <= (int)r->dim[0]; i++) {
        if (r->dim[i] <= 0)
            return HEP_FAIL(err, HEP_EFORMAT, "size of axis %d is %lld", i, (long long)r->dim[i]);
        if (i > 5 && r->dim[i] != 1)
            return HEP_FAIL(err, HEP_EFORMAT, "axis %d has %lld steps: 3 to 5 axes are read", i,
                            (long long)r->dim[i]);
        if ((uint64_t)r->dim[i] > SIZE_MAX || !hep_mul_size(&bytes, bytes, (size_t)r->dim[i]))
            return HEP_FAIL(err, HEP_EFORMAT, "the sizes of the axes overflow");
        if (i <= 5)
            n[i - 1] = (size_t)r->dim[i];
    }
    if (!(r->vox_offset >= (out->info.nifti2 ? 544.0 : 352.0) && r->vox_offset < 0x1p53 &&
          floor(r->vox_offset) == r->vox_offset))
        return HEP_FAIL(err, HEP_EFORMAT, "vox_offset is %g", r->vox_offset);
    out->offset = (size_t)r->vox_offset;
    if (bytes / (component * per_voxel) > HEP_GRID_VALUES_MAX)
        return HEP_FAIL(err, HEP_EFORMAT, "%zu values, at most %zu are read",
                        bytes / (component * per_voxel), HEP_GRID_VALUES_MAX);
    if (bytes > SIZE_MAX - out->offset)
        return HEP_FAIL(err, HEP_EFORMAT, "the sizes of the axes overflow");
    out->bytes = bytes;
    out->info.datatype = r->datatype;
    out->info.is_complex = per_voxel == 2;
    out->info.nt = n[3] * n[4];
    (void)memcpy(out->info.grid.n, n, sizeof out->info.grid.n);
    return HEP_OK;
}

static int check_values(struct hep_nifti_layout *out, const struct raw *r, struct hep_error *err)
{
    if (!isfinite(r->slope) || !isfinite(r->inter))
        return HEP_FAIL(err, HEP_EFORMAT, "scl_slope %g, scl_inter %g: not finite", r->slope,
                        r->inter);
    out->slope = r->slope != 0.0 ? r->slope : 1.0;
    out->inter = r->slope != 0.0 ? r->inter : 0.0;
    for (int i = 0; i <= 3; i++) {
        if (!isfinite(r->pixdim[i]))
            return HEP_FAIL(err, HEP_EFORMAT, "pixdim[%d] is %g", i, r->pixdim[i]);
    }
    return HEP_OK;
}

static int check_units(struct hep_nifti_layout *out, const struct raw *r, struct hep_error *err)
{
    const int space = XYZT_TO_SPACE(r->units);
    const int time = XYZT_TO_TIME(r->units);
    double to_s = 0.0;

    if (space != NIFTI_UNITS_MM && space != NIFTI_UNITS_UNKNOWN)
        return HEP_FAIL(err, HEP_EGEOM, "lengths are in %s, only mm are read",
                        nifti_units_string(space));
    out->info.unit_assumed = space == NIFTI_UNITS_UNKNOWN;
    if (time == NIFTI_UNITS_SEC || time == NIFTI_UNITS_UNKNOWN)
        to_s = 1.0;
    else if (time == NIFTI_UNITS_MSEC)
        to_s = 1e-3;
    else if (time == NIFTI_UNITS_USEC)
        to_s = 1e-6;
    if (isfinite(r->pixdim[4]) && r->pixdim[4] > 0.0)
        out->info.tr_s = r->pixdim[4] * to_s;
    return HEP_OK;
}

static int check_spacing(const struct raw *r, struct hep_error *err)
{
    for (int i = 0; i < 3; i++) {
        if (!(r->pixdim[i + 1] > 0.0 && isfinite(r->pixdim[i + 1])))
            return HEP_FAIL(err, HEP_EGEOM, "pixdim[%d] is %g mm", i + 1, r->pixdim[i + 1]);
    }
    return HEP_OK;
}

static int check_orientation(const struct raw *r, bool unplaced_too, struct hep_error *err)
{
    if (r->sform_code <= 0 && r->qform_code <= 0) {
        if (unplaced_too)
            return check_spacing(r, err);
        return HEP_FAIL(
            err, HEP_EGEOM,
            "no orientation: sform_code %d and qform_code %d, one must be above 0 (hepar "
            "fit needs none)",
            r->sform_code, r->qform_code);
    }
    if (r->sform_code > 0) {
        for (int i = 0; i < 12; i++) {
            if (!isfinite(r->srow[i / 4][i % 4]))
                return HEP_FAIL(err, HEP_EGEOM, "the sform holds %g", r->srow[i / 4][i % 4]);
        }
        return HEP_OK;
    }
    for (int i = 0; i < 3; i++) {
        if (!isfinite(r->quatern[i]) || fabs(r->quatern[i]) > 1.0 + 1e-5 ||
            !isfinite(r->qoffset[i]))
            return HEP_FAIL(err, HEP_EGEOM, "the qform holds %g and %g", r->quatern[i],
                            r->qoffset[i]);
    }
    return check_spacing(r, err);
}

/* Largest distance of a corner voxel between the two places that a header gives. */
static double forms_apart_mm(const nifti_image *nim, const size_t n[3])
{
    double apart = 0.0;

    for (int corner = 0; corner < 8; corner++) {
        double square = 0.0;

        for (int w = 0; w < 3; w++) {
            double d = nim->sto_xyz.m[w][3] - nim->qto_xyz.m[w][3];

            for (int a = 0; a < 3; a++)
                d += (nim->sto_xyz.m[w][a] - nim->qto_xyz.m[w][a]) *
                     ((corner >> a) & 1 ? (double)(n[a] - 1) : 0.0);
            square += d * d;
        }
        apart = fmax(apart, sqrt(square));
    }
    return apart;
}

/* The grid as nifticlib understands the header. */
static int copy_grid(struct hep_nifti_layout *out, const nifti_image *nim, struct hep_error *err)
{
    const nifti_dmat44 *m;
    double inverse[4][4];

    if (nim == NULL)
        return HEP_FAIL(err, HEP_EFORMAT, "nifticlib refuses the header");
    m = nim->sform_code > 0 ? &nim->sto_xyz : &nim->qto_xyz;
    for (int r = 0; r < 3; r++) {
        for (int c = 0; c < 4; c++)
            out->info.grid.to_world[r][c] = m->m[r][c];
    }
    out->info.grid.to_world[3][3] = 1.0;
    out->info.grid.unplaced = nim->sform_code <= 0 && nim->qform_code <= 0;
    out->info.qform_code = nim->qform_code;
    out->info.sform_code = nim->sform_code;
    if (nim->sform_code > 0 && nim->qform_code > 0)
        out->info.forms_apart_mm = forms_apart_mm(nim, out->info.grid.n);
    (void)memcpy(out->info.descrip, nim->descrip, sizeof nim->descrip);
    out->info.descrip[80] = '\0';
    if (hep_grid_inverse(inverse, &out->info.grid, err) != HEP_OK)
        return HEP_EGEOM;
    return hep_grid_check(&out->info.grid, err);
}

/* Raw header in native order, and nifticlib's reading of it. */
static int load(struct raw *r, nifti_image **nim, struct hep_nifti_layout *out,
                const unsigned char *bytes, size_t n, bool unplaced_too, struct hep_error *err)
{
    nifti_1_header h1 = { 0 };
    nifti_2_header h2 = { 0 };
    int32_t size = 0;
    int32_t swapped;
    int rc;

    if (n < sizeof h1)
        return HEP_FAIL(err, HEP_EFORMAT, "%zu bytes are too few for a NIfTI header", n);
    (void)memcpy(&size, bytes, sizeof size);
    swapped = size;
    nifti_swap_4bytes(1, &swapped);
    out->swapped = swapped == (int32_t)sizeof h1 || swapped == (int32_t)sizeof h2;
    size = out->swapped ? swapped : size;
    if (size != (int32_t)sizeof h1 && size != (int32_t)sizeof h2)
        return HEP_FAIL(err, HEP_EFORMAT, "not a NIfTI file: header size is %d", (int)size);
    out->info.nifti2 = size == (int32_t)sizeof h2;
    if (n < (size_t)size)
        return HEP_FAIL(err, HEP_EFORMAT, "%zu bytes are too few for a NIfTI-2 header", n);
    if (out->info.nifti2) {
        (void)memcpy(&h2, bytes, sizeof h2);
        if (out->swapped)
            nifti_swap_as_nifti2(&h2);
        raw_from_n2(r, &h2);
        rc = check_magic(h2.magic, true, err);
    } else {
        (void)memcpy(&h1, bytes, sizeof h1);
        if (out->swapped)
            nifti_swap_as_nifti1(&h1);
        raw_from_n1(r, &h1);
        rc = check_magic(h1.magic, false, err);
    }
    if (rc == HEP_OK)
        rc = check_sizes(out, r, err);
    if (rc == HEP_OK)
        rc = check_values(out, r, err);
    if (rc == HEP_OK)
        rc = check_units(out, r, err);
    if (rc == HEP_OK)
        rc = check_orientation(r, unplaced_too, err);
    if (rc != HEP_OK)
        return rc;
    *nim = out->info.nifti2 ? nifti_convert_n2hdr2nim(h2, NULL) : nifti_convert_n1hdr2nim(h1, NULL);
    return HEP_OK;
}

int hep_nifti_layout_parse(struct hep_nifti_layout *out, const unsigned char *bytes, size_t n,
                           bool unplaced_too, struct hep_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct hep_nifti_layout layout = { .slope = 1.0 };
    struct raw r = { .dim = { 0 } };
    nifti_image *nim = NULL;
    int rc;

    (void)pthread_once(&once, quiet);
    rc = load(&r, &nim, &layout, bytes, n, unplaced_too, err);
    if (rc == HEP_OK)
        rc = copy_grid(&layout, nim, err);
    nifti_image_free(nim);
    if (rc == HEP_OK)
        *out = layout;
    return rc;
}
