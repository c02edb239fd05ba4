#include "sequences/inventory.h"

const struct hep_series *hep_inventory_find(const struct hep_inventory *inv, enum hep_role role)
{
    for (size_t i = 0; i < inv->n_series; i++)
        if (inv->series[i].role == role && inv->series[i].selected)
            return &inv->series[i];
    return NULL;
}

const char *hep_inventory_left_out(const struct hep_inventory *inv, enum hep_role role)
{
    if (hep_inventory_find(inv, role) != NULL)
        return NULL;
    for (size_t i = 0; i < inv->n_series; i++)
        if (inv->series[i].role == role && inv->series[i].left_out != NULL)
            return inv->series[i].left_out;
    return NULL;
}
