/*
 * cli.c - one call of the command, from argv to an exit code; and the commands that need nothing:
 * version and explain.
 *
 * Thread: one.
 */
#include <stdlib.h>
#include <string.h>

#include <wattle/actor.h>

#include "cli/command.h"

/* Columns of a paragraph. */
#define PARAGRAPH_WIDTH 80

enum wtl__end wtl__cli_run(struct wtl__cli *cli, int argc, char *const argv[])
{
    cli->command = NULL;
    cli->given_count = 0;
    cli->operands_count = 0;
    cli->report = (struct wtl__report){.file = cli->err, .color = cli->may_color};
    enum wtl__end end = wtl__parse(cli, argc, argv);
    if (end != WTL__END_OK || cli->command == NULL) {
        return end;
    }
    if (wtl__is_given(cli, "no-color")) {
        cli->may_color = false;
        cli->report.color = false;
    }
    return cli->command->run(cli);
}

enum wtl__end wtl__run_version(struct wtl__cli *cli)
{
    if (wtl__is_given(cli, "json")) {
        (void)fprintf(cli->out,
                      "{\"version\":\"%s\",\"abi_major\":%d,\"abi_minor\":%d,"
                      "\"licence\":\"MIT\",\"modules\":[",
                      WTL__VERSION, WTL_ABI_MAJOR, WTL_ABI_MINOR);
        for (size_t i = 0; i < cli->modules_count; i++) {
            const struct wtl_module *module = cli->modules[i]();
            (void)fprintf(cli->out, "%s{\"name\":\"%s\",\"version\":\"%s\"}", i > 0 ? "," : "",
                          module->name, module->version);
        }
        (void)fputs("]}\n", cli->out);
        return WTL__END_OK;
    }
    (void)fprintf(cli->out, "wattle %s, module ABI %d.%d, licence MIT (see NOTICE)\n", WTL__VERSION,
                  WTL_ABI_MAJOR, WTL_ABI_MINOR);
    for (size_t i = 0; i < cli->modules_count; i++) {
        const struct wtl_module *module = cli->modules[i]();
        (void)fprintf(cli->out, "with the module %s %s\n", module->name, module->version);
    }
    return WTL__END_OK;
}

/* Prints a paragraph, broken between words. */
static void print_wrapped(FILE *file, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column > 0 && column + 1 + word > PARAGRAPH_WIDTH) {
            (void)fputc('\n', file);
            column = 0;
        }
        (void)fprintf(file, "%s%.*s", column > 0 ? " " : "", (int)word, text);
        column += word + (column > 0 ? 1 : 0);
        text += word;
        text += strspn(text, " ");
    }
    (void)fputc('\n', file);
}

enum wtl__end wtl__run_explain(struct wtl__cli *cli)
{
    const char *word = cli->operands[0];
    const char *digits = word + (*word == 'E' || *word == 'e' || *word == 'W' || *word == 'w');
    char *end = NULL;
    unsigned long number = strtoul(digits, &end, 10);
    bool is_number = *digits >= '0' && *digits <= '9' && *end == '\0' && number < 10000;
    const char *title = is_number ? wtl__failure_title((unsigned)number) : NULL;
    if (title == NULL) {
        (void)wtl__fail(&cli->report, WTL__FAILURE_NOT_FOUND, NULL, "there is no error code \"%s\"",
                        word);
        wtl__fail_line(&cli->report, "help", "codes look like E0209, and are printed with errors");
        return WTL__END_NO;
    }
    (void)fprintf(cli->out, "E%04lu: %s\n\n", number, title);
    print_wrapped(cli->out, wtl__failure_explain((unsigned)number));
    return WTL__END_OK;
}
