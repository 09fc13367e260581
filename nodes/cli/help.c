/* help.c - help texts, made from the table of commands. Pure: they go into a FILE. */
#include <string.h>

#include "cli/command.h"

/* Where the second column of a help text begins, at least. */
#define HELP_INDENT 30

void wtl__help_usage(FILE *file, const struct wtl__command *command)
{
    (void)fprintf(file, "wattle %s", command->noun);
    if (command->verb != NULL) {
        (void)fprintf(file, " %s", command->verb);
    }
    if (command->operands[0] != '\0') {
        (void)fprintf(file, " %s", command->operands);
    }
    for (const struct wtl__option *option = command->options;
         option != NULL && option->name != NULL; option++) {
        if (option->is_mandatory) {
            (void)fprintf(file, " --%s %s", option->name, option->value);
        }
    }
    (void)fputs(" [options]", file);
}

static void print_option(FILE *file, const struct wtl__option *option)
{
    int used = option->letter != '\0' ? fprintf(file, "  -%c, --%s", option->letter, option->name)
                                      : fprintf(file, "      --%s", option->name);
    if (option->value != NULL) {
        used += fprintf(file, option->is_optional ? "[=%s]" : " %s", option->value);
    }
    if (option->may_repeat) {
        used += fprintf(file, " ...");
    }
    (void)fprintf(file, "%*s%s%s\n", used < HELP_INDENT ? HELP_INDENT - used : 1, "",
                  option->is_mandatory ? "(needed) " : "", option->help);
}

void wtl__help_command(FILE *file, const struct wtl__command *command)
{
    const struct wtl__option *options[WTL__OPTIONS_MAX];
    uint32_t count = wtl__options_of(command, options);
    (void)fputs("usage: ", file);
    wtl__help_usage(file, command);
    (void)fprintf(file, "\n\n%s.\n", command->summary);
    if (command->details != NULL) {
        (void)fprintf(file, "\n%s\n", command->details);
    }
    (void)fputs("\noptions:\n", file);
    for (uint32_t i = 0; i < count; i++) {
        print_option(file, options[i]);
    }
}

static void print_command(FILE *file, const struct wtl__command *command)
{
    int used = fprintf(file, "  %s%s%s%s%s", command->noun, command->verb != NULL ? " " : "",
                       command->verb != NULL ? command->verb : "",
                       command->operands[0] != '\0' ? " " : "", command->operands);
    (void)fprintf(file, "%*s%s\n", used < HELP_INDENT ? HELP_INDENT - used : 1, "",
                  command->summary);
}

void wtl__help_noun(FILE *file, const char *noun)
{
    (void)fprintf(file, "wattle %s: %s\n\n", noun, wtl__noun_summary(noun));
    for (uint32_t i = 0; i < wtl__commands_count; i++) {
        if (strcmp(wtl__commands[i].noun, noun) == 0) {
            print_command(file, &wtl__commands[i]);
        }
    }
    (void)fprintf(file, "\n`wattle help %s VERB` says more about one of them.\n", noun);
}

void wtl__help_all(FILE *file)
{
    (void)fputs("usage: wattle NOUN VERB [options]\n\n"
                "wattle runs actors on devices, edge boxes and cloud machines, joined in one "
                "mesh.\n",
                file);
    for (uint32_t i = 0; i < wtl__commands_count; i++) {
        const struct wtl__command *command = &wtl__commands[i];
        if (i == 0 || strcmp(command->noun, wtl__commands[i - 1].noun) != 0) {
            const char *summary = wtl__noun_summary(command->noun);
            if (summary != NULL) {
                (void)fprintf(file, "\n%s\n", summary);
            } else if (i > 0 && wtl__noun_summary(wtl__commands[i - 1].noun) != NULL) {
                (void)fputc('\n', file);
            }
        }
        print_command(file, command);
    }
    (void)fputs("\noptions that commands share; `wattle help NOUN VERB` says which one takes "
                "which:\n",
                file);
    const struct wtl__option *options[WTL__OPTIONS_MAX];
    uint32_t count = wtl__options_of(NULL, options);
    for (uint32_t i = 0; i < count; i++) {
        print_option(file, options[i]);
    }
    (void)fputs("\nexit codes: 0 ok, 1 no, 64 usage, 65 bad flow or module, 69 unreachable,\n"
                "  75 timed out, 77 not allowed, 78 bad configuration\n",
                file);
}

enum wtl__end wtl__run_help(struct wtl__cli *cli)
{
    if (cli->operands_count == 0) {
        wtl__help_all(cli->out);
        return WTL__END_OK;
    }
    const char *noun = cli->operands[0];
    const char *verb = cli->operands_count > 1 ? cli->operands[1] : NULL;
    const struct wtl__command *command = wtl__command_find(noun, verb);
    if (command == NULL && verb != NULL) {
        command = wtl__command_find(noun, NULL);
    }
    if (command != NULL) {
        wtl__help_command(cli->out, command);
        return WTL__END_OK;
    }
    if (wtl__noun_summary(noun) != NULL && verb != NULL) {
        return wtl__unknown_verb(cli, noun, verb);
    }
    if (wtl__noun_summary(noun) != NULL) {
        wtl__help_noun(cli->out, noun);
        return WTL__END_OK;
    }
    /* parsed like a command, so that the error and what was meant are the same */
    char *words[] = {(char *)(uintptr_t) "wattle", (char *)(uintptr_t)noun, NULL};
    struct wtl__cli again = *cli;
    again.given_count = 0;
    return wtl__parse(&again, 2, words);
}
