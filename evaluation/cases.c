#include "evaluation/cases.h"

#include <math.h>

#define CALLED_FROM 0.5

const char *hep_eval_task_name(enum hep_eval_task task)
{
    return task == HEP_TASK_DETECTION ? "detection" : "metastasis";
}

enum hep_size_class hep_size_class(double diameter_mm)
{
    if (!isfinite(diameter_mm))
        return HEP_SIZE_UNKNOWN;
    if (diameter_mm < 3.0)
        return HEP_SIZE_BELOW_3;
    if (diameter_mm < 5.0)
        return HEP_SIZE_3_5;
    if (diameter_mm < 10.0)
        return HEP_SIZE_5_10;
    return diameter_mm <= 20.0 ? HEP_SIZE_10_20 : HEP_SIZE_ABOVE_20;
}

const char *hep_size_class_name(enum hep_size_class size)
{
    static const char *const names[HEP_SIZE_COUNT] = { "<3",    "3-5", "5-10",
                                                       "10-20", ">20", "unknown" };

    return names[size];
}

const char *hep_eval_score_name(enum hep_eval_score score)
{
    static const char *const names[] = { "detection_score", "probability_metastasis", "none" };

    return names[score];
}

bool hep_eval_is_called(const struct hep_eval_finding *f)
{
    if (f->class != HEP_CLASS_COUNT)
        return f->class == HEP_CLASS_METASTASIS;
    return f->probability >= CALLED_FROM;
}
