#include "dicom/import_study.h"

#include "base/file.h"
#include "base/text.h"

char *hep_import_folder(const char *bids_dir, const struct hep_dicom_study *study,
                        struct hep_error *err)
{
    return hep_asprintf(err, "%s/sub-%s/ses-%s", bids_dir, study->participant, study->session);
}

char *hep_import_provenance(const struct hep_dicom_study *study, struct hep_error *err)
{
    return hep_asprintf(err, "sourcedata/sub-%s/ses-%s/sub-%s_ses-%s_dicom.json",
                        study->participant, study->session, study->participant, study->session);
}

int hep_import_make_parent(const char *path, struct hep_error *err)
{
    char *folder = hep_asprintf(err, "%.*s", (int)(hep_path_base(path) - path), path);
    int rc = folder != NULL ? hep_mkdir_p(folder, err) : HEP_ENOMEM;

    free(folder);
    return rc;
}

int hep_import_hide_uid(char out[HEP_SHA256_HEX + 8], const struct hep_import_work *w,
                        const char *uid, struct hep_error *err)
{
    char hex[HEP_SHA256_HEX];
    int rc = HEP_OK;

    if (w->settings->keep_dates) {
        (void)snprintf(out, HEP_SHA256_HEX + 8, "%s", uid);
        return HEP_OK;
    }
    rc = hep_ledger_hash(hex, w->ledger, uid, err);
    if (rc == HEP_OK)
        (void)snprintf(out, HEP_SHA256_HEX + 8, "sha256:%s", hex);
    return rc;
}
