#include "cli/commands.h"

#include "cli/print.h"
#include "base/file.h"
#include "protocols/against.h"
#include "protocols/check.h"
#include "protocols/show.h"

struct protocol_options {
    struct hep_common_options common;
    const char *protocol, *svg, *against;
    struct hep_args set;
    bool json, documented, changed;
};

static const struct hep_positional positionals[] = {
    HEP_POS(TEXT, struct protocol_options, protocol, "protocol",
            "path or name of a shipped protocol"),
    { 0 },
};

static int open_protocol(struct hep_config_bundle *b, const struct protocol_options *o,
                         struct hep_error *err)
{
    struct hep_str caret = { 0 };
    int rc = hep_config_open(b, o->protocol, o->set.items, o->set.n, &caret, err);

    if (rc != HEP_OK && caret.len > 0)
        (void)fprintf(stderr, "%s", caret.s);
    hep_str_release(&caret);
    return rc;
}

static const struct hep_option check_options[] = {
    HEP_OPT_REPEAT(struct protocol_options, set, "set", 0, "KEY=VALUE", "change a setting"),
    HEP_OPT_FLAG(struct protocol_options, json, "json", 0, "print JSON"),
    HEP_OPT(DIR_IN, struct protocol_options, against, "against", 0, "BIDS_DIR", NULL,
            "which studies of this dataset (or which single study) satisfy the protocol, and which "
            "phases are off by how many seconds, instead of a check of the protocol itself"),
    { 0 },
};

static int check_against(const struct protocol_options *o, const struct hep_config_bundle *b,
                         FILE *out, struct hep_error *err)
{
    struct hep_against a = { 0 };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = hep_against_folder(&a, &b->config, b->agents, &b->agent, o->against, err);

    if (rc == HEP_OK && o->json) {
        rc = hep_against_json(&json, &b->config, &a, err);
        if (rc == HEP_OK)
            rc = hep_print_json(out, json, err);
    } else if (rc == HEP_OK) {
        hep_against_text(&text, &b->config, &a);
        rc = hep_print_text(out, &text, err);
    }
    if (rc == HEP_OK && a.n_satisfied < a.n)
        rc = HEP_FAIL(err, HEP_EDATA, "%zu of %zu studies do not satisfy %s", a.n - a.n_satisfied,
                      a.n, o->protocol);
    hep_against_release(&a);
    return rc;
}

static int run_check(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct protocol_options *o = given;
    struct hep_config_bundle b = { 0 };
    struct hep_check_result result = { 0 };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = open_protocol(&b, o, err);

    if (rc == HEP_OK && o->against != NULL) {
        rc = check_against(o, &b, cli->out, err);
        goto out;
    }
    if (rc == HEP_OK)
        rc = hep_protocol_check(&result, &b.config, b.agents, err);
    if (rc == HEP_OK && o->json) {
        rc = hep_check_json(&json, &b.config, &result, err);
        if (rc == HEP_OK)
            rc = hep_print_json(cli->out, json, err);
    } else if (rc == HEP_OK) {
        hep_check_text(&text, &b.config, &result);
        rc = hep_print_text(cli->out, &text, err);
    }
    if (rc == HEP_OK && result.errors > 0)
        rc = HEP_FAIL(err, HEP_ECONFIG, "%s: %zu error%s", o->protocol, result.errors,
                      result.errors == 1 ? "" : "s");
out:
    hep_check_release(&result);
    hep_config_close(&b);
    return rc;
}

static const char *const check_examples[] = { "hepar protocol check eob-full",
                                              "hepar protocol check mine.yml --json",
                                              "hepar protocol check eob-full --against bids",
                                              NULL };

const struct hep_command hep_cmd_protocol_check = {
    "protocol check",
    "is a protocol valid, and does it make sense",
    "Every finding says what is wrong, why it matters, where that is known from, and how to mend "
    "it. "
    "The exit code is 0 without errors and 65 with errors. With --against it is 0 when every study "
    "satisfies the protocol.",
    check_options,
    positionals,
    sizeof(struct protocol_options),
    run_check,
    check_examples
};

static const struct hep_option show_options[] = {
    HEP_OPT_REPEAT(struct protocol_options, set, "set", 0, "KEY=VALUE", "change a setting"),
    HEP_OPT_FLAG(struct protocol_options, json, "json", 0, "print the timeline as JSON"),
    HEP_OPT_FLAG(struct protocol_options, documented, "documented", 0,
                 "explain every setting in a comment"),
    HEP_OPT_FLAG(struct protocol_options, changed, "changed", 0,
                 "only the series and what differs from the defaults"),
    HEP_OPT(FILE_OUT, struct protocol_options, svg, "svg", 0, "FILE", NULL,
            "write the timeline as a picture"),
    { 0 },
};

static int write_svg(const struct hep_config *cfg, const struct hep_timeline *t, const char *path,
                     struct hep_error *err)
{
    struct hep_str svg = { 0 };
    int rc;

    hep_timeline_svg(&svg, cfg, t);
    rc = hep_str_check(&svg, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, svg.s, svg.len, err);
    hep_str_release(&svg);
    return rc;
}

/* As comments, so that all of the output is a protocol. */
static void add_timeline(struct hep_str *out, const struct hep_config *cfg,
                         const struct hep_timeline *t)
{
    struct hep_str text = { 0 };

    hep_timeline_text(&text, cfg, t);
    for (const char *line = hep_str_part(out, &text); *line != '\0';) {
        const size_t n = strcspn(line, "\n");

        hep_str_add(out, n > 0 ? "# " : "#");
        hep_str_addn(out, line, n);
        hep_str_add(out, "\n");
        line += n + (line[n] == '\n');
    }
    hep_str_release(&text);
}

static int run_show(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct protocol_options *o = given;
    struct hep_config_bundle b = { 0 };
    struct hep_timeline t;
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = open_protocol(&b, o, err);

    if (rc != HEP_OK)
        goto out;
    hep_timeline_make(&t, &b.config);
    if (o->json) {
        rc = hep_timeline_json(&json, &b.config, &t, err);
        if (rc == HEP_OK)
            rc = hep_print_json(cli->out, json, err);
    } else {
        hep_config_print(&text, &b.config,
                         o->documented ? HEP_CONFIG_DOCUMENTED
                         : o->changed  ? HEP_CONFIG_CHANGED
                                       : HEP_CONFIG_PLAIN);
        hep_str_add(&text, "\n");
        add_timeline(&text, &b.config, &t);
        rc = hep_print_text(cli->out, &text, err);
    }
    if (rc == HEP_OK && o->svg != NULL)
        rc = write_svg(&b.config, &t, o->svg, err);
out:
    hep_config_close(&b);
    return rc;
}

static const char *const show_examples[] = { "hepar protocol show amri-hbp --svg timeline.svg",
                                             NULL };

const struct hep_command hep_cmd_protocol_show = {
    "protocol show",
    "effective settings, scan time and timeline of a protocol",
    "The output is the effective file: saved, it gives the same settings. At its end, as comments, "
    "the time of each series by a model of its parameters and the timeline around the injection.",
    show_options,
    positionals,
    sizeof(struct protocol_options),
    run_show,
    show_examples
};
