#include "cli/manual.h"

#include "terms/exit_codes.h"
#include "cli/help.h"
#include "pipeline/config/config.h"

/* A cell of a table: '|' would end it, '<' would be read as HTML. */
static void add_cell(struct hep_str *out, const char *text)
{
    for (; text && *text; text++) {
        if (*text == '|')
            hep_str_add(out, "\\|");
        else if (*text == '<')
            hep_str_add(out, "&lt;");
        else
            hep_str_addn(out, text, 1);
    }
}

static void option_rows(struct hep_str *out, const struct hep_option *o)
{
    for (; o && o->name; o++) {
        struct hep_str left = { 0 }, right = { 0 };

        hep_help_option(&left, &right, o);
        hep_str_add(out, "| `");
        add_cell(out, hep_str_part(out, &left));
        hep_str_add(out, "` | ");
        add_cell(out, hep_str_part(out, &right));
        hep_str_add(out, " |\n");
        hep_str_release(&left);
        hep_str_release(&right);
    }
}

static void command_section(struct hep_str *out, const struct hep_command *c)
{
    hep_str_addf(out, "\n## %s\n\n%s.\n\n```\n", c->name, c->summary);
    hep_help_usage(out, c);
    hep_str_add(out, "\n```\n");
    if (c->detail)
        hep_str_addf(out, "\n%s\n", c->detail);
    if (c->positionals && c->positionals->name)
        hep_str_add(out, "\n| argument | meaning |\n|---|---|\n");
    for (const struct hep_positional *p = c->positionals; p && p->name; p++) {
        hep_str_addf(out, "| `%s` | ", p->name);
        add_cell(out, p->doc);
        hep_str_add(out, " |\n");
    }
    if (c->options && c->options->name) {
        hep_str_add(out, "\n| option | meaning |\n|---|---|\n");
        option_rows(out, c->options);
    }
    for (size_t i = 0; c->examples && c->examples[i]; i++)
        hep_str_addf(out, "%s%s\n%s", i ? "" : "\n```\n", c->examples[i],
                     c->examples[i + 1] ? "" : "```\n");
}

void hep_manual_commands(struct hep_str *out, const struct hep_command *const *commands)
{
    hep_str_add(
        out, "# Commands\n\nGenerated from the tables of the program; `hepar COMMAND --help` "
             "shows the same.\n\nOptions of every command:\n\n| option | meaning |\n|---|---|\n");
    option_rows(out, hep_common_table());
    for (; *commands; commands++)
        command_section(out, *commands);
    hep_str_add(out, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (const struct hep_exit_code *e = hep_exit_codes(); e->meaning; e++)
        hep_str_addf(out, "| %d | %s |\n", e->code, e->meaning);
}

/* Settings that adapt the search for the liver and for lesions to other sequences stand below
 * "advanced." and have tables of their own, so that the everyday ones can be read. */
static bool is_advanced(const struct hep_field *f)
{
    return strstr(f->key, ".advanced.") != NULL;
}

static void setting_rows(struct hep_str *out, const struct hep_field *first, const char *group,
                         bool advanced)
{
    size_t n = strlen(group);

    hep_str_add(out, "\n| key | default | allowed | meaning |\n|---|---|---|---|\n");
    for (const struct hep_field *f = first; f->key; f++) {
        struct hep_str allowed = { 0 };
        const char *dot = strchr(f->key, '.');

        if (is_advanced(f) != advanced ||
            (n == 0 ? dot != NULL : strncmp(f->key, group, n) != 0 || f->key[n] != '.'))
            continue;
        hep_field_describe(&allowed, f);
        hep_str_addf(out, "| `%s` | `%s` | ", f->key, f->preset[0] ? f->preset : "\"\"");
        add_cell(out, hep_str_part(out, &allowed));
        hep_str_add(out, " | ");
        add_cell(out, f->doc);
        hep_str_add(out, " |\n");
        hep_str_release(&allowed);
    }
}

/* A table for each group that has such settings, under its heading. */
static void setting_groups(struct hep_str *out, const struct hep_field *fields, bool advanced)
{
    char group[64] = "", previous[64] = "";

    for (const struct hep_field *f = fields; f->key; f++) {
        const char *dot = strchr(f->key, '.');

        if (dot == NULL || is_advanced(f) != advanced)
            continue;
        (void)snprintf(group, sizeof group, "%.*s", (int)(dot - f->key), f->key);
        if (strcmp(group, previous) == 0)
            continue;
        hep_str_addf(out, "\n%s %s\n", advanced ? "###" : "##", group);
        setting_rows(out, fields, group, advanced);
        (void)snprintf(previous, sizeof previous, "%s", group);
    }
}

void hep_manual_settings(struct hep_str *out)
{
    const struct hep_field *fields = hep_config_fields();

    hep_str_add(
        out, "# Settings\n\nGenerated from the table of settings. A protocol file holds any of "
             "these keys, nested or dotted; on the command line `--set key=value` does the same. "
             "What is left out has its default. `none` stands for \"not given\".\n\nProtocols are "
             "looked up by name in the folder that the environment variable `HEPAR_CONFIGS` "
             "names, then in `share/hepar/configs` of the folder that the program was installed "
             "to, then in the source folder that it was built from. A name with a slash, or ending "
             "in `.yml` or `.yaml`, is a "
             "path.\n\n## Protocol\n");
    setting_rows(out, fields, "", false);
    hep_str_add(out, "\n## Series\n\nKeys below `series.NAME`, where NAME is one of ");
    for (int i = 0; i < HEP_SERIES_COUNT; i++)
        hep_str_addf(out, "%s`%s`", i ? ", " : "", hep_planned_name((enum hep_planned)i));
    hep_str_add(out, ".\n");
    setting_rows(out, hep_planned_fields(), "", false);
    hep_str_add(out, "\nTransforms: how a replay (`hepar run --only-planned`, `hepar protocol "
                     "compare`) makes the series worse than the study's.\n");
    setting_rows(out, hep_planned_fields(), "transform", false);
    hep_str_add(out, "\nDefaults that depend on the series (expert values for 3 T):\n\n"
                     "| series | key | default |\n|---|---|---|\n");
    for (const struct hep_planned_preset *p = hep_planned_presets(); p->key; p++)
        hep_str_addf(out, "| `%s` | `%s` | `%s` |\n", hep_planned_name(p->series), p->key,
                     p->preset);
    setting_groups(out, fields, false);
    hep_str_add(out,
                "\n## Advanced settings\n\nNumbers that adapt the search for the liver and for "
                "lesions to sequences that differ much from those of the shipped protocols. "
                "They take part in the keys of their stages as every setting does.\n");
    setting_groups(out, fields, true);
}
