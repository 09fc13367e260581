/* usage.c - what is said when a command was not typed as it is used: what was meant, or how it is.
 */
#include <string.h>

#include "cli/command.h"
#include "flow/text.h"

void wtl__usage_line(const struct wtl__cli *cli, const struct wtl__command *command)
{
    (void)fputs("  = usage: ", cli->err);
    if (command != NULL) {
        wtl__help_usage(cli->err, command);
    } else {
        (void)fputs("wattle NOUN VERB [options]; `wattle help` lists the commands", cli->err);
    }
    (void)fputc('\n', cli->err);
}

enum wtl__end wtl__unknown_noun(const struct wtl__cli *cli, const char *word)
{
    struct wtl__nearest nearest = wtl__nearest_to(word, strlen(word));
    for (uint32_t i = 0; i < wtl__commands_count; i++) {
        wtl__nearest_offer(&nearest, wtl__commands[i].noun);
    }
    enum wtl__end end =
        wtl__fail(&cli->report, WTL__FAILURE_COMMAND, NULL, "there is no command \"%s\"", word);
    if (nearest.best != NULL) {
        wtl__fail_line(&cli->report, "help", "did you mean `wattle %s`?", nearest.best);
    } else {
        wtl__usage_line(cli, NULL);
    }
    return end;
}

enum wtl__end wtl__unknown_verb(const struct wtl__cli *cli, const char *noun, const char *verb)
{
    char verbs[128] = "";
    size_t used = 0;
    struct wtl__nearest nearest =
        wtl__nearest_to(verb != NULL ? verb : "", verb != NULL ? strlen(verb) : 0);
    for (uint32_t i = 0; i < wtl__commands_count; i++) {
        const struct wtl__command *command = &wtl__commands[i];
        if (strcmp(command->noun, noun) == 0 && command->verb != NULL && used < sizeof verbs - 1) {
            wtl__nearest_offer(&nearest, command->verb);
            used += (size_t)snprintf(verbs + used, sizeof verbs - used, "%s%s",
                                     used > 0 ? ", " : "", command->verb);
        }
    }
    enum wtl__end end =
        verb == NULL ? wtl__fail(&cli->report, WTL__FAILURE_COMMAND, NULL,
                                 "`wattle %s` wants a verb: %s", noun, verbs)
                     : wtl__fail(&cli->report, WTL__FAILURE_COMMAND, NULL,
                                 "`wattle %s` has no verb \"%s\"; it has: %s", noun, verb, verbs);
    if (nearest.best != NULL) {
        wtl__fail_line(&cli->report, "help", "did you mean `wattle %s %s`?", noun, nearest.best);
    } else {
        wtl__fail_line(&cli->report, "help", "wattle help %s", noun);
    }
    return end;
}

enum wtl__end wtl__unknown_option(const struct wtl__cli *cli, const struct wtl__command *command,
                                  const char *word)
{
    const struct wtl__option *options[WTL__OPTIONS_MAX];
    uint32_t count = wtl__options_of(command, options);
    const char *name = word + strspn(word, "-");
    struct wtl__nearest nearest = wtl__nearest_to(name, strcspn(name, "="));
    for (uint32_t i = 0; i < count; i++) {
        wtl__nearest_offer(&nearest, options[i]->name);
    }
    enum wtl__end end =
        command == NULL
            ? wtl__fail(&cli->report, WTL__FAILURE_OPTION, NULL, "there is no option %s", word)
            : wtl__fail(&cli->report, WTL__FAILURE_OPTION, NULL, "`wattle %s%s%s` has no option %s",
                        command->noun, command->verb != NULL ? " " : "",
                        command->verb != NULL ? command->verb : "", word);
    if (nearest.best != NULL) {
        wtl__fail_line(&cli->report, "help", "did you mean --%s?", nearest.best);
    } else {
        wtl__usage_line(cli, command);
    }
    return end;
}
