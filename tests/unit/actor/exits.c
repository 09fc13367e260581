/* exits.c - see exits.h. */
#include "exits.h"

const struct exit_row exit_rows[] = {
    {"link normal", true, WTL_EXIT_NORMAL, false, NULL, NULL},
    {"link normal, trapping", true, WTL_EXIT_NORMAL, true, NULL, "normal"},
    {"link crash", true, WTL_EXIT_ERROR, false, "error:crash", NULL},
    {"link crash, trapping", true, WTL_EXIT_ERROR, true, NULL, "error:crash"},
    {"link shutdown", true, WTL_EXIT_SHUTDOWN, false, "shutdown", NULL},
    {"link shutdown, trapping", true, WTL_EXIT_SHUTDOWN, true, NULL, "shutdown"},
    {"link kill as a reason", true, WTL_EXIT_KILL, false, "kill", NULL},
    {"link kill as a reason, trapping", true, WTL_EXIT_KILL, true, NULL, "kill"},
    {"link killed", true, WTL_EXIT_KILLED, false, "killed", NULL},
    {"link killed, trapping", true, WTL_EXIT_KILLED, true, NULL, "killed"},
    {"exit normal", false, WTL_EXIT_NORMAL, false, NULL, NULL},
    {"exit normal, trapping", false, WTL_EXIT_NORMAL, true, NULL, "normal"},
    {"exit crash", false, WTL_EXIT_ERROR, false, "error:crash", NULL},
    {"exit crash, trapping", false, WTL_EXIT_ERROR, true, NULL, "error:crash"},
    {"exit shutdown", false, WTL_EXIT_SHUTDOWN, false, "shutdown", NULL},
    {"exit shutdown, trapping", false, WTL_EXIT_SHUTDOWN, true, NULL, "shutdown"},
    {"exit kill", false, WTL_EXIT_KILL, false, "killed", NULL},
    {"exit kill, trapping", false, WTL_EXIT_KILL, true, "killed", NULL},
};

const size_t exit_rows_count = sizeof exit_rows / sizeof exit_rows[0];

struct wtl_reason exit_reason(enum wtl_exit_class class_)
{
    static const char *const words[] = {"normal", "shutdown", "crash", "kill", "killed"};
    return (struct wtl_reason){.class_ = class_,
                               .word = wtl_tag_make(words[class_], strlen(words[class_]))};
}
