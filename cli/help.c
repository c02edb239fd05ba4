/* --help, from the tables. */
#include "cli/help.h"

#include "terms/exit_codes.h"
#include "cli/options.h"

#define WIDTH 80
#define COLUMN 28 /* where explanations start */

/* Words of `text` filled into lines from `indent` to WIDTH; the first line stands at column `at`.
 */
static void fill(struct hep_str *out, const char *text, size_t at, size_t indent)
{
    while (*text) {
        size_t n = strcspn(text, " \n");

        if (at > indent && at + 1 + n > WIDTH) {
            hep_str_addf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            hep_str_add(out, " ");
            at++;
        }
        hep_str_addn(out, text, n);
        at += n;
        text += n;
        if (*text == '\n' && text[1] == '\n') {
            hep_str_addf(out, "\n\n%*s", (int)indent, "");
            at = indent;
        }
        text += strspn(text, " \n");
    }
    hep_str_add(out, "\n");
}

static void two_columns(struct hep_str *out, const char *left, const char *right)
{
    size_t n = strlen(left) + 2;

    hep_str_addf(out, "  %s", left);
    if (n + 1 > COLUMN)
        hep_str_addf(out, "\n%*s", COLUMN, "");
    else
        hep_str_addf(out, "%*s", (int)(COLUMN - n), "");
    fill(out, right, COLUMN, COLUMN);
}

static void add_choices(struct hep_str *out, const char *const *choices, const char *separator)
{
    for (size_t i = 0; choices[i]; i++)
        hep_str_addf(out, "%s%s", i ? separator : "", choices[i]);
}

static void option_left(struct hep_str *out, const struct hep_option *o)
{
    if (o->letter)
        hep_str_addf(out, "-%c, ", o->letter);
    hep_str_addf(out, "--%s", o->name);
    if (o->arg)
        hep_str_addf(out, " %s%s", o->arg, o->type == HEP_OPTION_LIST ? " ..." : "");
}

static void option_right(struct hep_str *out, const struct hep_option *o)
{
    hep_str_add(out, o->doc);
    if (o->type == HEP_OPTION_CHOICE) {
        hep_str_add(out, "; one of ");
        add_choices(out, o->choices, ", ");
    }
    if (o->type == HEP_OPTION_INTEGER || o->type == HEP_OPTION_NUMBER)
        hep_str_addf(out, "; %.10g to %.10g", o->min, o->max);
    if (o->type == HEP_OPTION_REPEAT)
        hep_str_add(out, "; may be given again");
    if (o->preset)
        hep_str_addf(out, "; default %s", o->preset);
}

static void options_help(struct hep_str *out, const struct hep_option *o)
{
    for (; o && o->name; o++) {
        struct hep_str left = { 0 }, right = { 0 };

        option_left(&left, o);
        option_right(&right, o);
        two_columns(out, hep_str_part(out, &left), hep_str_part(out, &right));
        hep_str_release(&left);
        hep_str_release(&right);
    }
}

static void positional_help(struct hep_str *out, const struct hep_positional *p)
{
    struct hep_str right = { 0 };

    hep_str_add(&right, p->doc);
    if (p->type == HEP_OPTION_CHOICE) {
        hep_str_add(&right, "; one of ");
        add_choices(&right, p->choices, ", ");
    }
    two_columns(out, p->name, hep_str_part(out, &right));
    hep_str_release(&right);
}

/* "hepar fit adc DWI [options]" */
static void usage(struct hep_str *out, const struct hep_command *command)
{
    hep_str_addf(out, "hepar %s", command->name);
    for (const struct hep_positional *p = command->positionals; p && p->name; p++) {
        hep_str_add(out, p->optional ? " [" : " ");
        if (p->type == HEP_OPTION_CHOICE) {
            hep_str_add(out, "{");
            add_choices(out, p->choices, ",");
            hep_str_add(out, "}");
        } else {
            hep_str_addf(out, "%s%s", p->name, p->many ? "..." : "");
        }
        hep_str_add(out, p->optional ? "]" : "");
    }
    hep_str_add(out, " [options]");
}

void hep_command_help(struct hep_str *out, const struct hep_command *command)
{
    const struct hep_positional *p = command->positionals;

    hep_str_add(out, "usage: ");
    usage(out, command);
    hep_str_add(out, "\n\n");
    fill(out, command->summary, 0, 0);
    if (command->detail) {
        hep_str_add(out, "\n");
        fill(out, command->detail, 0, 0);
    }
    if (p && p->name)
        hep_str_add(out, "\narguments\n");
    for (; p && p->name; p++)
        positional_help(out, p);
    hep_str_add(out, "\noptions\n");
    options_help(out, command->options);
    options_help(out, hep_common_table());
    for (size_t i = 0; command->examples && command->examples[i]; i++)
        hep_str_addf(out, "%s  %s\n", i ? "" : "\nexamples\n", command->examples[i]);
}

bool hep_group_help(struct hep_str *out, const struct hep_command *const *commands,
                    const char *group)
{
    bool any = false;

    for (; *commands; commands++) {
        if (!hep_command_in_group(*commands, group))
            continue;
        if (!any)
            hep_str_addf(out, "usage: hepar %s COMMAND [arguments] [options]\n\ncommands\n", group);
        any = true;
        two_columns(out, (*commands)->name, (*commands)->summary);
    }
    if (any)
        hep_str_addf(out, "\n  hepar %s COMMAND --help    options and examples of a command\n",
                     group);
    return any;
}

void hep_commands_help(struct hep_str *out, const struct hep_command *const *commands)
{
    char code[16];

    hep_str_add(out, "usage: hepar COMMAND [arguments] [options]\n\n");
    fill(out,
         "Quantitative liver MRI: maps, measurements, explained findings. Research software: a "
         "flag is evidence with its number and reason, never a diagnosis.",
         0, 0);
    hep_str_add(out, "\ncommands\n");
    for (; *commands; commands++)
        two_columns(out, (*commands)->name, (*commands)->summary);
    hep_str_add(out, "\n  hepar COMMAND --help        options and examples of a command\n"
                     "  hepar --version             version\n\nexit codes\n");
    for (const struct hep_exit_code *e = hep_exit_codes(); e->meaning; e++) {
        (void)snprintf(code, sizeof code, "%d", e->code);
        two_columns(out, code, e->meaning);
    }
}

/* ---- manual ---------------------------------------------------------------------------------- */

void hep_help_usage(struct hep_str *out, const struct hep_command *command)
{
    usage(out, command);
}

void hep_help_option(struct hep_str *left, struct hep_str *right, const struct hep_option *o)
{
    option_left(left, o);
    option_right(right, o);
}
