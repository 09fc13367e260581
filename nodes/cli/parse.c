/*
 * parse.c - from argv to a command with its options and operands, or to a usage error.
 *
 * The common options may stand anywhere, also in front of the noun; what belongs to one command
 * stands behind it. getopt_long reads both, first up to the noun and the verb, and then the rest.
 *
 * Thread: one: getopt_long keeps its place in globals.
 */
#include "cli/command.h"

#include <getopt.h>
#include <string.h>

#include <wattle/settings.h>

#include "flow/text.h"

/* Long options, and behind 255 the numbers by which getopt_long returns them. */
#define FIRST_NUMBER 256
/* Words of one call. */
#define WORDS_MAX 256

static const struct wtl__option common[] = {
    {.name = "node", .value = "NAME", .help = "ask that node of the mesh, through the local one"},
    {.name = "control", .value = "PATH", .help = "the control socket of the local node"},
    {.name = "timeout", .value = "TIME", .help = "how long to wait for an answer (5s)"},
    {.name = "watch",
     .value = "TIME",
     .is_optional = true,
     .help = "ask again and again (every 2s) until interrupted"},
    {.name = "sort", .value = "COLUMN", .help = "sort by that column, numbers largest first"},
    {.name = "json", .help = "for programs: the same data as JSON"},
    {.name = "no-color", .help = "no colours, as with $NO_COLOR"},
    {.name = "quiet", .letter = 'q', .help = "print results and errors, nothing else"},
    {.name = "help", .letter = 'h', .help = "say how this command is used"},
};

/* The flag that a common option needs; 0: every command takes it. */
static uint32_t flag_of(const struct wtl__option *option)
{
    static const struct {
        const char *name;
        uint32_t flag;
    } flags[] = {
        {"node", WTL__ASKS_A_NODE}, {"control", WTL__ASKS_A_NODE}, {"timeout", WTL__ASKS_A_NODE},
        {"watch", WTL__MAY_WATCH},  {"sort", WTL__PRINTS_TABLE},   {"json", WTL__PRINTS_JSON},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(option->name, flags[i].name) == 0) {
            return flags[i].flag;
        }
    }
    return 0;
}

uint32_t wtl__options_of(const struct wtl__command *command,
                         const struct wtl__option *options_out[WTL__OPTIONS_MAX])
{
    uint32_t count = 0;
    if (command != NULL && command->options != NULL) {
        for (const struct wtl__option *own = command->options; own->name != NULL; own++) {
            options_out[count++] = own;
        }
    }
    for (uint32_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        uint32_t flag = flag_of(&common[i]);
        /* in front of the noun nobody knows yet which of them the command takes */
        if (command == NULL || flag == 0 || (command->flags & flag) != 0) {
            options_out[count++] = &common[i];
        }
    }
    return count;
}

const struct wtl__command *wtl__command_find(const char *noun, const char *verb)
{
    for (uint32_t i = 0; i < wtl__commands_count; i++) {
        const struct wtl__command *command = &wtl__commands[i];
        bool same_verb = verb == NULL || command->verb == NULL
                             ? verb == NULL && command->verb == NULL
                             : strcmp(command->verb, verb) == 0;
        if (strcmp(command->noun, noun) == 0 && same_verb) {
            return command;
        }
    }
    return NULL;
}

/* ---- getopt ------------------------------------------------------------------------------- */

/* What getopt_long needs to know, for one command or for the words in front of the noun. */
struct reader {
    const struct wtl__option *options[WTL__OPTIONS_MAX];
    struct option longs[WTL__OPTIONS_MAX + 1];
    char shorts[2 * WTL__OPTIONS_MAX + 3];
};

static void reader_init(struct reader *reader, const struct wtl__command *command, bool in_front)
{
    memset(reader, 0, sizeof *reader);
    uint32_t count = wtl__options_of(command, reader->options);
    char *at = reader->shorts;
    if (in_front) {
        *at++ = '+'; /* stop at the first word that is no option */
    }
    *at++ = ':'; /* tell a missing value from an unknown option */
    for (uint32_t i = 0; i < count; i++) {
        const struct wtl__option *option = reader->options[i];
        int argument = option->value == NULL ? no_argument
                       : option->is_optional ? optional_argument
                                             : required_argument;
        reader->longs[i] = (struct option){
            .name = option->name, .has_arg = argument, .val = FIRST_NUMBER + (int)i};
        if (option->letter != '\0') {
            *at++ = option->letter;
            if (argument == required_argument) {
                *at++ = ':';
            }
        }
    }
}

static const struct wtl__option *option_of(const struct reader *reader, int number)
{
    if (number >= FIRST_NUMBER) {
        return reader->options[number - FIRST_NUMBER];
    }
    for (uint32_t i = 0; reader->longs[i].name != NULL; i++) {
        if (reader->options[i]->letter == (char)number) {
            return reader->options[i];
        }
    }
    return NULL;
}

/* Keeps one option. */
static enum wtl__end keep(struct wtl__cli *cli, const struct wtl__command *command,
                          const struct wtl__option *option, const char *value)
{
    if (!option->may_repeat && wtl__is_given(cli, option->name) && option->value != NULL) {
        enum wtl__end end =
            wtl__fail(&cli->report, WTL__FAILURE_OPTION, NULL,
                      "--%s is given twice, and stands for one thing", option->name);
        wtl__usage_line(cli, command);
        return end;
    }
    if (cli->given_count >= WTL__GIVEN_MAX) {
        return wtl__fail(&cli->report, WTL__FAILURE_OPTION, NULL,
                         "more than %u options in one call", WTL__GIVEN_MAX);
    }
    cli->given[cli->given_count++] = (struct wtl__given){.option = option, .value = value};
    return WTL__END_OK;
}

/* Reads options until getopt_long has no more. */
static enum wtl__end read_options(struct wtl__cli *cli, const struct wtl__command *command,
                                  int argc, char **argv, bool in_front)
{
    struct reader reader;
    reader_init(&reader, command, in_front);
    opterr = 0;
    optind = 0; /* glibc: begin anew */
    for (;;) {
        int number = getopt_long(argc, argv, reader.shorts, reader.longs, NULL);
        if (number == -1) {
            return WTL__END_OK;
        }
        if (number == ':') {
            enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                                          "%s wants a value", argv[optind - 1]);
            wtl__usage_line(cli, command);
            return end;
        }
        if (number == '?') {
            char letter[3] = {'-', (char)optopt, '\0'};
            bool is_letter = optopt > 0 && optopt < FIRST_NUMBER;
            return wtl__unknown_option(cli, command, is_letter ? letter : argv[optind - 1]);
        }
        const struct wtl__option *option = option_of(&reader, number);
        enum wtl__end end = keep(cli, command, option, optarg);
        if (end != WTL__END_OK) {
            return end;
        }
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* What was read so far, for the command that is known now: a common option that it does not take is
 * an error after all. */
static enum wtl__end check_front(struct wtl__cli *cli)
{
    const struct wtl__option *options[WTL__OPTIONS_MAX];
    uint32_t count = wtl__options_of(cli->command, options);
    for (uint32_t i = 0; i < cli->given_count; i++) {
        bool taken = false;
        for (uint32_t j = 0; j < count; j++) {
            taken = taken || options[j] == cli->given[i].option;
        }
        if (!taken) {
            char word[64];
            (void)snprintf(word, sizeof word, "--%s", cli->given[i].option->name);
            return wtl__unknown_option(cli, cli->command, word);
        }
    }
    return WTL__END_OK;
}

/* The words that a command takes behind the first `count` of them. */
static const char *operands_behind(const struct wtl__command *command, uint32_t count)
{
    const char *words = command->operands;
    for (; count > 0; count--) {
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    return words;
}

static enum wtl__end check_rest(struct wtl__cli *cli)
{
    const struct wtl__command *command = cli->command;
    for (const struct wtl__option *option = command->options;
         option != NULL && option->name != NULL; option++) {
        if (option->is_mandatory && !wtl__is_given(cli, option->name)) {
            enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_OPTION, NULL,
                                          "--%s %s is missing", option->name, option->value);
            wtl__usage_line(cli, command);
            return end;
        }
    }
    if (cli->operands_count < command->operands_min) {
        enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_OPERANDS, NULL, "%s is missing",
                                      operands_behind(command, cli->operands_count));
        wtl__usage_line(cli, command);
        return end;
    }
    return WTL__END_OK;
}

static enum wtl__end take_operands(struct wtl__cli *cli, int argc, char **argv)
{
    for (int i = optind; i < argc; i++) {
        if (cli->operands_count >= cli->command->operands_max) {
            enum wtl__end end =
                wtl__fail(&cli->report, WTL__FAILURE_OPERANDS, NULL,
                          cli->command->operands_max == 0 ? "\"%s\": no word is expected here"
                                                          : "\"%s\" is one word too many",
                          argv[i]);
            wtl__usage_line(cli, cli->command);
            return end;
        }
        cli->operands[cli->operands_count++] = argv[i];
    }
    return WTL__END_OK;
}

/* Takes the next word that is no option out of `words` and reads the options in front of it. */
static enum wtl__end take_word(struct wtl__cli *cli, int *count, char **words,
                               const char **word_out)
{
    enum wtl__end end = read_options(cli, NULL, *count, words, true);
    *word_out = NULL;
    if (end != WTL__END_OK) {
        return end;
    }
    int rest = *count - optind;
    memmove(words + 1, words + optind, (size_t)rest * sizeof *words);
    *count = rest + 1;
    words[*count] = NULL;
    if (rest > 0) {
        *word_out = words[1];
        memmove(words + 1, words + 2, (size_t)rest * sizeof *words);
        (*count)--;
    }
    return WTL__END_OK;
}

/* No command at all: help, if that was what was asked for. */
static enum wtl__end no_command(struct wtl__cli *cli)
{
    bool asked = wtl__is_given(cli, "help");
    wtl__help_all(asked ? cli->out : cli->err);
    return asked ? WTL__END_OK : WTL__END_USAGE;
}

/* The command that the first one or two words name; none when help was all that was asked for. */
static enum wtl__end find_command(struct wtl__cli *cli, int *count, char **words)
{
    const char *noun = NULL;
    const char *verb = NULL;
    enum wtl__end end = take_word(cli, count, words, &noun);
    if (end != WTL__END_OK) {
        return end;
    }
    if (noun == NULL) {
        return no_command(cli);
    }
    cli->command = wtl__command_find(noun, NULL);
    if (cli->command != NULL) {
        return WTL__END_OK;
    }
    if (wtl__noun_summary(noun) == NULL) {
        return wtl__unknown_noun(cli, noun);
    }
    end = take_word(cli, count, words, &verb);
    if (end != WTL__END_OK) {
        return end;
    }
    if (verb == NULL && wtl__is_given(cli, "help")) {
        wtl__help_noun(cli->out, noun);
        return WTL__END_OK;
    }
    cli->command = verb != NULL ? wtl__command_find(noun, verb) : NULL;
    return cli->command != NULL ? WTL__END_OK : wtl__unknown_verb(cli, noun, verb);
}

enum wtl__end wtl__parse(struct wtl__cli *cli, int argc, char *const argv[])
{
    static char *words[WORDS_MAX + 1];
    int count = argc;
    if (argc > WORDS_MAX) {
        return wtl__fail(&cli->report, WTL__FAILURE_OPERANDS, NULL,
                         "more than %d words in one call", WORDS_MAX);
    }
    memcpy(words, argv, (size_t)argc * sizeof *words);
    words[argc] = NULL;
    enum wtl__end end = find_command(cli, &count, words);
    if (end != WTL__END_OK || cli->command == NULL) {
        return end;
    }
    end = check_front(cli);
    if (end == WTL__END_OK) {
        end = read_options(cli, cli->command, count, words, false);
    }
    if (end != WTL__END_OK) {
        return end;
    }
    if (wtl__is_given(cli, "help")) {
        wtl__help_command(cli->out, cli->command);
        cli->command = NULL;
        return WTL__END_OK;
    }
    end = take_operands(cli, count, words);
    return end == WTL__END_OK ? check_rest(cli) : end;
}
