/**
 * @file  pipeline/origin.h
 * @brief Whose result an output folder holds, and whether a study may take its place.
 *
 * A result is replaced only by the study that made it. The same study is one in the same folder
 * (its canonical path, of which run.json holds a hash, and not even that with --reproducible), or
 * one that has an image in common with the earlier run: a file with the same SHA-256. So a
 * corrected sidecar, one more series, a dataset that was moved and new images in the same folder
 * are still the same study; another folder without any image in common is another study, whatever
 * its label. Masks do not count: one mask may serve many studies.
 */
#ifndef HEP_PIPELINE_ORIGIN_H
#define HEP_PIPELINE_ORIGIN_H

#include "base/json.h"
#include "pipeline/record.h"

/** Hash of a folder's canonical path, for hep_record.study_folder_sha256. HEP_EIO. */
int hep_origin_folder(char hex[HEP_SHA256_HEX], const char *study,
                      struct hep_error *err) HEP_MUST_CHECK;

/**
 * May this study's result take the place of what is in `folder`? To be asked with the lock held.
 * What is never replaced: a folder that holds the study itself, a file that this run reads and that
 * Hepar did not write, or results of sessions below a subject; and unless `replace`: the result of another study, a result whose run.json cannot be
 * read, and anything that Hepar has not written.
 * @param[out] earlier run.json of what is there, the caller's; NULL when there is none to read
 * @param[in]  mine    the study's images with their hashes, and the hash of its folder
 * @param[in]  study   the study's folder
 * @param[in]  folder  OUT/sub-01[/ses-1]
 * @return HEP_ECREAT with one line that names both studies
 */
int hep_origin_check(struct hep_json **earlier, const struct hep_record *mine, const char *study,
                     const char *folder, const char *label, bool replace,
                     struct hep_error *err) HEP_MUST_CHECK;

/** Heap path of the file that takes the reason of a failure: LABEL_run.json where there is no
 * result, LABEL_failed.json beside one; NULL where the folder is somebody else's. */
char *hep_origin_failure_path(const char *folder, const char *label);

#endif
