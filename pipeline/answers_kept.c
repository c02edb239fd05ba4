#include "pipeline/answers_kept.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static int keep_one(const struct hep_outdir *d, const char *relative, struct hep_error *err)
{
    char *path = hep_path_join(d->final, relative, err);
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && hep_is_file(path) && !hep_is_link(path))
        rc = hep_outdir_reuse(d, relative, err);
    free(path);
    return rc;
}

/* The files of one reader; `n` letters of `reader` are the name. */
static int keep_reader(const struct hep_outdir *d, const char *label, const char *reader, int n,
                       struct hep_error *err)
{
    char *const files[] = {
        hep_asprintf(err, "%s_desc-%.*s_lesions.json", label, n, reader),
        hep_asprintf(err, "%s_desc-%.*s_lesions.tsv", label, n, reader),
        hep_asprintf(err, "anat/%s_label-lesions_desc-%.*s_dseg.nii.gz", label, n, reader),
        hep_asprintf(err, "anat/%s_label-liver_desc-%.*s_mask.nii.gz", label, n, reader),
    };
    int rc = HEP_OK;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (rc == HEP_OK)
            rc = files[i] == NULL ? HEP_ENOMEM : keep_one(d, files[i], err);
        free(files[i]);
    }
    return rc;
}

int hep_answers_keep(const struct hep_outdir *d, const char *label, struct hep_error *err)
{
    static const char ending[] = "_lesions.json";
    struct hep_outdir own = *d;
    struct hep_listing list = { 0 };
    char *mark = hep_asprintf(err, "%s_desc-", label);
    int rc = mark == NULL ? HEP_ENOMEM : HEP_OK;

    own.source = NULL; /* the earlier result itself, not what is shared */
    if (rc == HEP_OK && hep_is_dir(d->final))
        rc = hep_listing_read(&list, d->final, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        const char *name = list.names[i];

        if (hep_starts_with(name, mark) && hep_ends_with(name, ending))
            rc = keep_reader(&own, label, name + strlen(mark),
                             (int)(strlen(name) - strlen(mark) - strlen(ending)), err);
    }
    hep_listing_release(&list);
    free(mark);
    return rc;
}
