#include "batch/truth_list.h"

#include "base/file.h"
#include "batch/truth_space.h"

#include <stdlib.h>

/* Whoever names the dataset means the truth within it. */
static int check_truth(const struct hep_dataset *truth, const char *dir, struct hep_error *err)
{
    int rc = HEP_OK;
    char *inner = hep_path_join(dir, "derivatives/truth", err);

    for (size_t i = 0; rc == HEP_OK && i < truth->n; i++) {
        const struct hep_eval_folder f = { truth->list[i].path, truth->list[i].label, NULL };
        char *path = hep_eval_path(&f, "", "lesions.json", err);

        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (!hep_is_file(path))
            rc = HEP_FAIL(err, HEP_ENOENT, "%s: no such file%s", path,
                          inner != NULL && hep_is_dir(inner)
                              ? "; the truth of this dataset is in derivatives/truth"
                              : ": every study of the truth needs one, though its list be empty");
        free(path);
    }
    free(inner);
    return rc;
}

/* Only the studies that a reader has read. */
static int keep_read(struct hep_dataset *truth, const char *dir, const char *desc,
                     struct hep_error *err)
{
    for (size_t i = truth->n; i-- > 0;) {
        const struct hep_eval_folder f = { truth->list[i].path, truth->list[i].label, desc };
        char *path = hep_truth_file(&f, err);

        if (path == NULL)
            return HEP_ENOMEM;
        if (!hep_is_file(path))
            hep_dataset_drop(truth, i);
        free(path);
    }
    return truth->n > 0
               ? HEP_OK
               : HEP_FAIL(err, HEP_ENOENT, "%s: no study has a *_desc-%s_lesions.json", dir, desc);
}

int hep_truth_list(struct hep_dataset *truth, const char *dir, const char *desc,
                   struct hep_error *err)
{
    const struct hep_dataset_filter all = { .skip_validation = true };
    int rc = hep_dataset_list(truth, dir, &all, err);

    if (rc == HEP_OK)
        rc = desc != NULL ? keep_read(truth, dir, desc, err) : check_truth(truth, dir, err);
    if (rc != HEP_OK)
        hep_dataset_release(truth);
    return rc;
}
