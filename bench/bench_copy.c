/* What Hepar takes to read an image and to write its values again, in one thread, as the commands do.
 * usage: bench_copy IN OUT    (.nii or .nii.gz) */
#include "image/nifti.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct hep_error e = { 0 };
    struct hep_volume *v = NULL;
    int rc;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: bench_copy IN OUT\n");
        return 64;
    }
    rc = hep_nifti_read(&v, argv[1], &e);
    if (rc == HEP_OK)
        rc = hep_nifti_write(argv[2], v, &(struct hep_nifti_write_opts){ .nthreads = 1 }, &e);
    if (rc != HEP_OK)
        (void)fprintf(stderr, "bench_copy: %s\n", e.msg);
    hep_volume_free(v);
    return rc == HEP_OK ? 0 : 1;
}
