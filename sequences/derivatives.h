/**
 * @file  sequences/derivatives.h
 * @brief Masks of a study that another program left in a folder of derivatives.
 *
 * Looked for in ROOT/sub-L[/ses-S], ROOT/sub-L_ses-S and their folders anat and dwi:
 * BIDS names sub-L[_ses-S]_..._label-{liver,lesion,lesions,resection,ablation,ORGAN}[_desc-NAME]_{mask,dseg,probseg}
 * .nii[.gz], or label-lesions_{points,boxes}.tsv (sequences/lesion_points.h), where ORGAN is one of terms/anatomy.h; the files of TotalSegmentator: one per class (liver.nii.gz,
 * liver_lesions.nii.gz, liver_tumor.nii.gz, ORGAN.nii.gz), or one of several values that has the name of its task
 * (total_mr, total, liver_segments_mr, liver_segments, liver_lesions_mr, liver_lesions, liver_vessels).
 */
#ifndef HEP_SEQUENCES_DERIVATIVES_H
#define HEP_SEQUENCES_DERIVATIVES_H

#include "base/error.h"
#include "terms/role.h"

#include <stddef.h>
#include <stdint.h>

/* What a mask of several values means, where no single one is named. */
#define HEP_VALUE_ONLY (-1) /* the one value that it holds; several are an error */
#define HEP_VALUE_ANY (-2)  /* every value but 0 */

struct hep_derivative {
    enum hep_role role; /* liver_mask, lesion_mask, resection_mask; labels: organs, ablations */
    char *path;         /* owned */
    int32_t value;      /* that counts; HEP_VALUE_ONLY, HEP_VALUE_ANY */
};

/**
 * @param[out] out  heap list, in the order of folders, then of names; hep_derivatives_release()
 * @param[in]  root "PATH" or "NAME=PATH": with a name, BIDS files must have desc-NAME
 * @param[in]  label "sub-01" or "sub-01_ses-1"
 * @return HEP_ENOENT when there is no such folder; a study that it does not know is an empty list
 */
int hep_derivatives_find(struct hep_derivative **out, size_t *n, const char *root,
                         const char *label, struct hep_error *err) HEP_MUST_CHECK;
void hep_derivatives_release(struct hep_derivative *list, size_t n);

#endif
