#include "cli/print.h"

int hep_print_json(FILE *out, struct hep_json *json, struct hep_error *err)
{
    char *text = NULL;
    int rc = hep_json_dump(&text, json, err);

    if (rc == HEP_OK)
        (void)fputs(text, out);
    free(text);
    hep_json_free(json);
    return rc;
}

int hep_print_text(FILE *out, struct hep_str *text, struct hep_error *err)
{
    int rc = hep_str_check(text, err);

    if (rc == HEP_OK && text->s != NULL)
        (void)fputs(text->s, out);
    hep_str_release(text);
    return rc;
}
