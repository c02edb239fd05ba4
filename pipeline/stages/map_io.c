#include "pipeline/stages/map_io.h"

#include "image/mask.h"

#include <math.h>
#include <string.h>

int hep_maps_new(struct hep_map *maps, const struct hep_grid *grid, struct hep_error *err)
{
    int rc = HEP_OK;

    for (; rc == HEP_OK && maps->product != NULL; maps++)
        rc = hep_volume_new(&maps->volume, grid, 1, err);
    return rc;
}

void hep_maps_free(struct hep_map *maps)
{
    for (; maps->product != NULL; maps++) {
        hep_volume_free(maps->volume);
        maps->volume = NULL;
    }
}

float *hep_maps_data(const struct hep_map *maps, const char *product)
{
    for (; maps->product != NULL; maps++) {
        if (strcmp(maps->product, product) == 0)
            return maps->volume->data;
    }
    return NULL;
}

void hep_maps_blank(struct hep_map *maps, const struct hep_labels *mask)
{
    const size_t n = hep_grid_voxels(&mask->grid);

    for (; maps->product != NULL; maps++) {
        for (size_t i = 0; i < n; i++) {
            if (mask->data[i] == 0)
                maps->volume->data[i] = NAN;
        }
    }
}

int hep_maps_body(struct hep_labels **out, const float *signal, const struct hep_grid *grid,
                  struct hep_error *err)
{
    struct hep_volume *v = NULL;
    struct hep_error none = { 0 };
    int rc = hep_volume_new_unset(&v, grid, 1, err);

    *out = NULL;
    if (rc != HEP_OK)
        return rc;
    (void)memcpy(v->data, signal, hep_grid_voxels(grid) * sizeof *signal);
    rc = hep_body_mask(out, v, 0, &none);
    hep_volume_free(v);
    return rc == HEP_ENOMEM ? HEP_FAIL(err, HEP_ENOMEM, "%s", none.msg) : HEP_OK;
}

void hep_maps_count(struct hep_fit_counts *out, const uint8_t *status, size_t n)
{
    *out = (struct hep_fit_counts){ { 0 } };
    for (size_t i = 0; i < n; i++)
        out->n[status[i]]++;
}

void hep_maps_clear_air(struct hep_map *maps, uint8_t *status, const struct hep_labels *body)
{
    if (body == NULL)
        return;
    hep_maps_blank(maps, body);
    for (size_t i = 0; status != NULL && i < hep_grid_voxels(&body->grid); i++) {
        if (body->data[i] == 0)
            status[i] = HEP_FIT_OUTSIDE;
    }
}

static bool has_a_value(const struct hep_volume *v)
{
    for (size_t i = 0; i < hep_grid_voxels(&v->grid) * v->nt; i++) {
        if (!isnan(v->data[i]))
            return true;
    }
    return false;
}

/* A map without a value is no file; the record says why. Owns volume and sidecar. */
static int put_map(struct hep_run *run, const char *product, struct hep_volume *v,
                   struct hep_json *sidecar, struct hep_error *err)
{
    const char *method = hep_json_string(hep_json_get(sidecar, "Method"));

    if (has_a_value(v))
        return hep_run_put_volume(run, product, v, sidecar, err);
    hep_volume_free(v);
    hep_run_put_absent(run, product, "no voxel has a value%s%s%s: the map is not written",
                       method != NULL ? " (method " : "", method != NULL ? method : "",
                       method != NULL ? ")" : "");
    hep_json_free(sidecar);
    return HEP_OK;
}

int hep_sidecar_copy(struct hep_json **out, const struct hep_json *sidecar, struct hep_error *err)
{
    *out = hep_json_copy(sidecar);
    if (*out == NULL && sidecar != NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for a sidecar");
    return HEP_OK;
}

int hep_maps_put(struct hep_run *run, struct hep_map *maps, const struct hep_json *sidecar,
                 struct hep_error *err)
{
    int rc = HEP_OK;

    for (; rc == HEP_OK && maps->product != NULL; maps++) {
        struct hep_volume *v = maps->volume;
        struct hep_json *own = NULL;

        rc = hep_sidecar_copy(&own, sidecar, err);
        if (rc != HEP_OK)
            break;
        maps->volume = NULL;
        rc = put_map(run, maps->product, v, own, err);
    }
    return rc;
}

int hep_maps_put_status(struct hep_run *run, const char *product, const struct hep_volume *status,
                        const struct hep_json *sidecar, struct hep_error *err)
{
    struct hep_labels *codes = NULL;
    struct hep_json *own = hep_json_copy(sidecar), *meaning = hep_json_new_object();
    struct hep_put put = { hep_labels_from_volume(&codes, status, err), err };
    char key[16];

    for (int i = 0; i < HEP_FIT_STATUS_COUNT; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        hep_put_text(&put, meaning, key, hep_fit_status_name((enum hep_fit_status)i));
    }
    hep_put(&put, own, "StatusCodes", meaning);
    if (put.rc == HEP_OK)
        return hep_run_put_labels(run, product, codes, own, err);
    hep_labels_free(codes);
    hep_json_free(own);
    return put.rc;
}

void hep_maps_absent(struct hep_run *run, const char *const *products, const char *reason)
{
    for (; *products != NULL; products++)
        hep_run_put_absent(run, *products, "%s", reason);
}
