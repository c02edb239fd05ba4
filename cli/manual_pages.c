/* Manual pages and completions of shells, from the tables of commands. */
#include "cli/manual.h"

#include "base/file.h"
#include "cli/help.h"
#include "terms/exit_codes.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- man ------------------------------------------------------------------------------------- */

/* Text of a manual page: a backslash and a hyphen are not themselves, and a line that begins with a
 * point would be a request. */
static void add_roff(struct hep_str *out, const char *text)
{
    bool line_start = true;

    for (; *text != '\0'; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            hep_str_add(out, "\\&");
        line_start = *text == '\n';
        if (*text == '\\')
            hep_str_add(out, "\\e");
        else if (*text == '-')
            hep_str_add(out, "\\-");
        else if (line_start && text[1] == '\n')
            hep_str_add(out, "\n.PP");
        else
            hep_str_addn(out, text, 1);
    }
}

/* "hepar-protocol-check" */
static void add_page_name(struct hep_str *out, const struct hep_command *c)
{
    hep_str_add(out, "hepar");
    for (const char *s = c != NULL ? c->name : ""; *s != '\0'; s++)
        hep_str_addf(out, "%s%c", s == c->name ? "-" : "", *s == ' ' ? '-' : *s);
}

static void add_item(struct hep_str *out, const char *left, const char *right)
{
    hep_str_add(out, ".TP\n.B ");
    add_roff(out, left);
    hep_str_add(out, "\n");
    add_roff(out, right);
    hep_str_add(out, "\n");
}

static void add_options(struct hep_str *out, const struct hep_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        struct hep_str left = { 0 }, right = { 0 };

        hep_help_option(&left, &right, o);
        add_item(out, hep_str_part(out, &left), hep_str_part(out, &right));
        hep_str_release(&left);
        hep_str_release(&right);
    }
}

static void add_head(struct hep_str *out, const struct hep_command *c, const char *summary)
{
    struct hep_str name = { 0 };

    add_page_name(&name, c);
    hep_str_add(out, ".TH ");
    for (const char *s = hep_str_part(out, &name); *s != '\0'; s++)
        hep_str_addf(out, "%c", toupper((unsigned char)*s));
    hep_str_addf(out, " 1 \"\" \"Hepar %s\" \"Hepar\"\n.SH NAME\n", HEP_VERSION);
    add_roff(out, hep_str_part(out, &name));
    hep_str_add(out, " \\- ");
    add_roff(out, summary);
    hep_str_add(out, "\n");
    hep_str_release(&name);
}

static void add_exit_codes(struct hep_str *out)
{
    char code[16];

    hep_str_add(out, ".SH EXIT STATUS\n");
    for (const struct hep_exit_code *e = hep_exit_codes(); e->meaning != NULL; e++) {
        (void)snprintf(code, sizeof code, "%d", e->code);
        add_item(out, code, e->meaning);
    }
}

void hep_man_command(struct hep_str *out, const struct hep_command *c)
{
    struct hep_str usage = { 0 };

    add_head(out, c, c->summary);
    hep_help_usage(&usage, c);
    hep_str_add(out, ".SH SYNOPSIS\n.B ");
    add_roff(out, hep_str_part(out, &usage));
    hep_str_release(&usage);
    if (c->detail != NULL) {
        hep_str_add(out, "\n.SH DESCRIPTION\n");
        add_roff(out, c->detail);
    }
    if (c->positionals != NULL && c->positionals->name != NULL)
        hep_str_add(out, "\n.SH ARGUMENTS");
    hep_str_add(out, "\n");
    for (const struct hep_positional *p = c->positionals; p != NULL && p->name != NULL; p++)
        add_item(out, p->name, p->doc);
    hep_str_add(out, ".SH OPTIONS\n");
    add_options(out, c->options);
    add_options(out, hep_common_table());
    for (size_t i = 0; c->examples != NULL && c->examples[i] != NULL; i++) {
        hep_str_add(out, i == 0 ? ".SH EXAMPLES\n.nf\n" : "");
        add_roff(out, c->examples[i]);
        hep_str_add(out, c->examples[i + 1] == NULL ? "\n.fi\n" : "\n");
    }
    hep_str_add(out, ".SH SEE ALSO\n.BR hepar (1)\n");
}

void hep_man_program(struct hep_str *out, const struct hep_command *const *commands)
{
    add_head(out, NULL, "quantitative liver MRI: maps, measurements, explained findings");
    hep_str_add(out, ".SH SYNOPSIS\n.B hepar COMMAND [arguments] [options]\n.PP\n.B hepar\\-bids "
                     "bids_dir output_dir {participant,group} [options]\n.SH DESCRIPTION\nResearch "
                     "software: a flag is evidence with its number and reason, never a diagnosis. "
                     "Every command has a page of its own, such as\n.BR hepar\\-run (1).\n"
                     ".B hepar\\-bids\nis\n.B hepar batch\nunder the name of a BIDS App.\n.SH "
                     "COMMANDS\n");
    for (; *commands != NULL; commands++)
        add_item(out, (*commands)->name, (*commands)->summary);
    hep_str_add(out, ".SH OPTIONS\n");
    add_options(out, hep_common_table());
    add_item(out, "--version", "print the version");
    add_exit_codes(out);
}

/* ---- completion ------------------------------------------------------------------------------ */

static void add_choices(struct hep_str *out, const char *const *choices)
{
    for (size_t i = 0; choices[i] != NULL; i++)
        hep_str_addf(out, "%s%s", i > 0 ? " " : "", choices[i]);
}

static void bash_options(struct hep_str *out, const struct hep_option *o)
{
    for (; o != NULL && o->name != NULL; o++)
        hep_str_addf(out, " --%s", o->name);
}

/* Words that may follow: "check show ..." after "protocol". */
static void bash_second_words(struct hep_str *out, const struct hep_command *const *commands)
{
    for (const struct hep_command *const *c = commands; *c != NULL; c++) {
        const char *space = strchr((*c)->name, ' ');
        const size_t n = space != NULL ? (size_t)(space - (*c)->name) : 0;

        if (space == NULL || (c != commands && strncmp(c[-1]->name, (*c)->name, n + 1) == 0))
            continue;
        hep_str_addf(out, "    %.*s) words=\"", (int)n, (*c)->name);
        for (const struct hep_command *const *k = commands; *k != NULL; k++)
            if (strncmp((*k)->name, (*c)->name, n + 1) == 0)
                hep_str_addf(out, "%s ", (*k)->name + n + 1);
        hep_str_add(out, "\" ;;\n");
    }
}

static void bash_first_words(struct hep_str *out, const struct hep_command *const *commands)
{
    for (const struct hep_command *const *c = commands; *c != NULL; c++) {
        const size_t n = strcspn((*c)->name, " ");

        if (c == commands || strncmp(c[-1]->name, (*c)->name, n) != 0 ||
            (c[-1]->name[n] != ' ' && c[-1]->name[n] != '\0'))
            hep_str_addf(out, "%.*s ", (int)n, (*c)->name);
    }
}

void hep_completion_bash(struct hep_str *out, const struct hep_command *const *commands)
{
    hep_str_add(out, "# Completion of hepar for bash, made by `hepar manual pages`.\n_hepar() {\n"
                     "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "    local one=${COMP_WORDS[1]} name words=\"\" options=\"\"\n"
                     "    [ \"${1##*/}\" = hepar-bids ] && one=batch\n"
                     "    case $one in\n");
    bash_second_words(out, commands);
    hep_str_add(out, "    esac\n    name=$one\n    if [ -n \"$words\" ]; then\n"
                     "        [ \"$COMP_CWORD\" = 2 ] && COMPREPLY=($(compgen -W \"$words\" -- "
                     "\"$cur\")) && return\n        name=\"$one ${COMP_WORDS[2]}\"\n    fi\n"
                     "    if [ \"$COMP_CWORD\" = 1 ] && [ \"${1##*/}\" != hepar-bids ]; then\n"
                     "        COMPREPLY=($(compgen -W \"--help --version ");
    bash_first_words(out, commands);
    hep_str_add(out, "\" -- \"$cur\"))\n        return\n    fi\n    case \"$name $prev\" in\n");
    for (const struct hep_command *const *c = commands; *c != NULL; c++)
        for (const struct hep_option *o = (*c)->options; o != NULL && o->name != NULL; o++)
            if (o->choices != NULL) {
                hep_str_addf(out, "    \"%s --%s\") words=\"", (*c)->name, o->name);
                add_choices(out, o->choices);
                hep_str_add(out,
                            "\"; COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return ;;\n");
            }
    hep_str_add(out, "    esac\n    case $name in\n");
    for (const struct hep_command *const *c = commands; *c != NULL; c++) {
        hep_str_addf(out, "    \"%s\") options=\"", (*c)->name);
        bash_options(out, (*c)->options);
        hep_str_add(out, "\" ;;\n");
    }
    hep_str_add(out, "    esac\n    if [[ $cur == -* ]]; then\n"
                     "        COMPREPLY=($(compgen -W \"$options");
    bash_options(out, hep_common_table());
    hep_str_add(out, "\" -- \"$cur\"))\n    else\n        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                     "    fi\n}\ncomplete -o filenames -F _hepar hepar hepar-bids\n");
}

/* A text between brackets and single quotes of zsh. */
static void add_zsh(struct hep_str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            hep_str_add(out, "'\\''");
        else if (strchr("[]:\\", *text) != NULL)
            hep_str_addf(out, "\\%c", *text);
        else
            hep_str_addn(out, *text == '\n' ? " " : text, 1);
    }
}

static void zsh_options(struct hep_str *out, const struct hep_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        hep_str_addf(out, " \\\n        '%s--%s[",
                     o->type == HEP_OPTION_REPEAT || o->type == HEP_OPTION_LIST ? "*" : "",
                     o->name);
        add_zsh(out, o->doc);
        hep_str_add(out, "]");
        if (o->arg != NULL) {
            hep_str_addf(out, ":%s:", o->arg);
            if (o->choices != NULL) {
                hep_str_add(out, "(");
                add_choices(out, o->choices);
                hep_str_add(out, ")");
            } else {
                hep_str_add(out, "_files");
            }
        }
        hep_str_add(out, "'");
    }
}

void hep_completion_zsh(struct hep_str *out, const struct hep_command *const *commands)
{
    hep_str_add(out, "#compdef hepar hepar-bids\n# Completion of hepar for zsh, made by `hepar "
                     "manual pages`.\nlocal -a commands=(\n");
    for (const struct hep_command *const *c = commands; *c != NULL; c++) {
        hep_str_add(out, "    '");
        add_zsh(out, (*c)->name);
        hep_str_add(out, ":");
        add_zsh(out, (*c)->summary);
        hep_str_add(out, "'\n");
    }
    hep_str_add(out, ")\nlocal name=$words[2] skip=1\n"
                     "if [[ $service == hepar-bids ]]; then\n    name=batch skip=0\n"
                     "elif (( CURRENT == 2 )); then\n    _describe command commands\n    return\n"
                     "elif [[ -n ${(M)commands:#$name $words[3]:*} ]]; then\n"
                     "    name=\"$name $words[3]\" skip=2\nfi\n"
                     "words=(hepar ${words[2+skip,-1]}); (( CURRENT -= skip ))\ncase $name in\n");
    for (const struct hep_command *const *c = commands; *c != NULL; c++) {
        hep_str_addf(out, "    '%s')\n        _arguments -s", (*c)->name);
        zsh_options(out, (*c)->options);
        zsh_options(out, hep_common_table());
        hep_str_add(out, " \\\n        '*:file:_files' ;;\n");
    }
    hep_str_add(out, "    *) _files ;;\nesac\n");
}

/* ---- files ----------------------------------------------------------------------------------- */

static int write_text(const struct hep_str *text, const char *dir, const char *name,
                      struct hep_error *err)
{
    char *path = hep_path_join(dir, name, err);
    int rc = path == NULL ? HEP_ENOMEM : hep_str_check(text, err);

    if (rc == HEP_OK)
        rc = hep_file_write(path, text->s, text->len, err);
    free(path);
    return rc;
}

static int write_pages(const char *dir, const struct hep_command *const *commands,
                       struct hep_error *err)
{
    struct hep_str text = { 0 }, name = { 0 };
    int rc;

    hep_man_program(&text, commands);
    rc = write_text(&text, dir, "hepar.1", err);
    for (; rc == HEP_OK && *commands != NULL; commands++) {
        hep_str_release(&text);
        hep_str_release(&name);
        hep_man_command(&text, *commands);
        add_page_name(&name, *commands);
        hep_str_add(&name, ".1");
        rc = hep_str_check(&name, err);
        if (rc == HEP_OK)
            rc = write_text(&text, dir, name.s, err);
    }
    hep_str_release(&text);
    hep_str_release(&name);
    return rc;
}

int hep_manual_pages(const char *dir, const struct hep_command *const *commands,
                     struct hep_error *err)
{
    struct hep_str bash = { 0 }, zsh = { 0 };
    int rc = hep_mkdir_p(dir, err);

    if (rc == HEP_OK)
        rc = write_pages(dir, commands, err);
    hep_completion_bash(&bash, commands);
    hep_completion_zsh(&zsh, commands);
    if (rc == HEP_OK)
        rc = write_text(&bash, dir, "hepar.bash", err);
    if (rc == HEP_OK)
        rc = write_text(&zsh, dir, "_hepar", err);
    hep_str_release(&bash);
    hep_str_release(&zsh);
    return rc;
}
