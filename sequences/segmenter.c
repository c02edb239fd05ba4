#include "sequences/segmenter.h"

#include <stddef.h>
#include <string.h>

/* Names of the values 1, 2, ... */
static const char *const total_mr[] = {
    "spleen",
    "kidney_right",
    "kidney_left",
    "gallbladder",
    "liver",
    "stomach",
    "pancreas",
    "adrenal_gland_right",
    "adrenal_gland_left",
    "lung_left",
    "lung_right",
    "esophagus",
    "small_bowel",
    "duodenum",
    "colon",
    "urinary_bladder",
    "prostate",
    "sacrum",
    "vertebrae",
    "intervertebral_discs",
    "spinal_cord",
    "heart",
    "aorta",
    "inferior_vena_cava",
    "portal_vein_and_splenic_vein",
    "iliac_artery_left",
    "iliac_artery_right",
    "iliac_vena_left",
    "iliac_vena_right",
    "humerus_left",
    "humerus_right",
    "scapula_left",
    "scapula_right",
    "clavicula_left",
    "clavicula_right",
    "femur_left",
    "femur_right",
    "hip_left",
    "hip_right",
    "gluteus_maximus_left",
    "gluteus_maximus_right",
    "gluteus_medius_left",
    "gluteus_medius_right",
    "gluteus_minimus_left",
    "gluteus_minimus_right",
    "autochthon_left",
    "autochthon_right",
    "iliopsoas_left",
    "iliopsoas_right",
    "brain",
};
static const char *const liver_segments[] = {
    "liver_segment_1", "liver_segment_2", "liver_segment_3", "liver_segment_4",
    "liver_segment_5", "liver_segment_6", "liver_segment_7", "liver_segment_8",
};
static const char *const liver_lesions[] = {
    "liver_lesions",
};
static const char *const liver_vessels[] = {
    "liver_vessels",
    "liver_tumor",
};

#define TASK(name, table)                                                                          \
    {                                                                                              \
        name, table, sizeof(table) / sizeof(table)[0]                                              \
    }
static const struct task {
    const char *name;
    const char *const *class;
    size_t n;
} tasks[] = {
    TASK("total_mr", total_mr),
    TASK("liver_segments", liver_segments),
    TASK("liver_segments_mr", liver_segments),
    TASK("liver_lesions", liver_lesions),
    TASK("liver_lesions_mr", liver_lesions),
    TASK("liver_vessels", liver_vessels),
};

const char *hep_segmenter_class(const char *task, int32_t value)
{
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
        if (strcmp(tasks[i].name, task) == 0 && value >= 1 && (size_t)value <= tasks[i].n)
            return tasks[i].class[value - 1];
    return NULL;
}
