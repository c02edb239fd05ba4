/**
 * @file  sequences/segmenter.h
 * @brief What the values of label maps of known segmentation programs mean.
 * Source:  TotalSegmentator 2, totalsegmentator/map_to_binary.py; Wasserthal et al., Radiol Artif Intell 2023;5:e230024,
 *          and D'Antonoli et al., Radiology 2025;314:e241613 (MR)
 */
#ifndef HEP_SEQUENCES_SEGMENTER_H
#define HEP_SEQUENCES_SEGMENTER_H

#include <stdint.h>

/** Name of a value in the label map of a task ("total_mr", "liver_segments_mr", ...); NULL when task or value is not
 * known. Static. */
const char *hep_segmenter_class(const char *task, int32_t value);

#endif
