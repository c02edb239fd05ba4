#include "pipeline/plan.h"

#include "base/json_put.h"
#include "sequences/inventory.h"

#include <stdarg.h>

#define NAMED_MAX 3 /* of each kind; the others are counted */

/* Reasons between semicolons. */
struct reasons {
    struct hep_str *out;
    size_t n; /* of this kind */
};

static void add(struct reasons *r, const char *fmt, ...) HEP_PRINTF(2, 3);
static void add(struct reasons *r, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    if (r->n++ >= NAMED_MAX)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    hep_str_addf(r->out, "%s%s", r->out->len > 0 ? "; " : "", text);
}

static void end_kind(struct reasons *r)
{
    if (r->n > NAMED_MAX)
        hep_str_addf(r->out, " and %zu more", r->n - NAMED_MAX);
    r->n = 0;
}

static const char *text_of(const struct hep_json *o, const char *key)
{
    const char *text = hep_json_string(hep_json_get(o, key));

    return text != NULL ? text : "";
}

/* Hash of an input of this path; NULL when there is none. */
static const char *earlier_hash(const struct hep_json *inputs, const char *path)
{
    for (size_t i = 0; i < hep_json_size(inputs); i++) {
        const struct hep_json *input = hep_json_at(inputs, i);

        if (strcmp(text_of(input, "path"), path) == 0)
            return text_of(input, "sha256");
    }
    return NULL;
}

static bool is_read(const struct hep_record *mine, const char *path)
{
    for (size_t i = 0; i < mine->n_inputs; i++) {
        if (strcmp(mine->inputs[i].path, path) == 0)
            return true;
    }
    return false;
}

static void compare_inputs(struct reasons *r, const struct hep_record *mine,
                           const struct hep_json *inputs)
{
    for (size_t i = 0; i < mine->n_inputs; i++) {
        const char *hash = earlier_hash(inputs, mine->inputs[i].path);

        if (hash == NULL)
            add(r, "new input %s", mine->inputs[i].path);
        else if (strcmp(hash, mine->inputs[i].sha256) != 0)
            add(r, "changed input %s", mine->inputs[i].path);
    }
    for (size_t i = 0; i < hep_json_size(inputs); i++) {
        const char *path = text_of(hep_json_at(inputs, i), "path");

        if (!is_read(mine, path))
            add(r, "input %s is gone", path);
    }
    end_kind(r);
}

/* Sidecars, b-values and study.yml are no inputs of their own: what they say of the series is compared. */
static int compare_inventory(struct reasons *r, const struct hep_inventory *inventory,
                             const struct hep_json *earlier, struct hep_error *err)
{
    struct hep_json *now = NULL;
    char *is = NULL, *was = NULL;
    int rc = hep_inventory_json(&now, inventory, err);

    if (rc == HEP_OK)
        rc = hep_json_dump_line(&is, now, err);
    if (rc == HEP_OK && earlier != NULL)
        rc = hep_json_dump_line(&was, earlier, err);
    if (rc == HEP_OK && (was == NULL || strcmp(is, was) != 0))
        add(r, "sidecars, b-values or study.yml say something else of the series");
    end_kind(r);
    hep_json_free(now);
    free(is);
    free(was);
    return rc;
}

static int compare_settings(struct reasons *r, const struct hep_config *cfg,
                            const struct hep_json *earlier, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *now = hep_record_settings(cfg, &put);

    for (size_t i = 0; put.rc == HEP_OK && i < hep_json_size(now); i++) {
        const struct hep_json *value = NULL;
        const char *key = hep_json_key_at(now, i, &value), *is = hep_json_string(value),
                   *was = text_of(earlier, key);

        if (is != NULL && strcmp(is, was) != 0)
            add(r, "changed setting %s (%s, now %s)", key, was[0] != '\0' ? was : "none", is);
    }
    end_kind(r);
    hep_json_free(now);
    return put.rc;
}

int hep_plan_why(struct hep_str *out, const struct hep_run *run, const struct hep_record *mine,
                 const struct hep_json *earlier, bool force, struct hep_error *err)
{
    struct reasons r = { .out = out };
    int rc = HEP_OK;

    if (force)
        add(&r, "everything is asked for again");
    else if (earlier == NULL)
        add(&r, "new");
    else if (strcmp(text_of(earlier, "state"), "done") != 0)
        add(&r, "the run before failed: %s", text_of(earlier, "error"));
    end_kind(&r);
    if (out->len == 0) {
        if (strcmp(text_of(earlier, "version"), HEP_VERSION) != 0)
            add(&r, "made by version %s, this is %s", text_of(earlier, "version"), HEP_VERSION);
        end_kind(&r);
        compare_inputs(&r, mine, hep_json_get(earlier, "inputs"));
        if (out->len == 0)
            rc = compare_inventory(&r, run->inventory, hep_json_get(earlier, "inventory"), err);
        if (rc == HEP_OK)
            rc = compare_settings(&r, run->cfg, hep_json_get(earlier, "settings"), err);
        if (out->len == 0)
            add(&r, "a file of the result is missing or damaged, or a program or table that it was "
                    "made with is "
                    "another");
    }
    return rc == HEP_OK ? hep_str_check(out, err) : rc;
}
