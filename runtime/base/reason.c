/*
 * reason.c - exit reasons as text.
 *
 * Apart from the runtime, because modules have a copy of their own. Any thread, owns nothing.
 */
#include <stdio.h>

#include <wattle/types.h>

#include "base/attr.h"

char *wtl_reason_text(struct wtl_reason reason, char text_out[40])
{
    static const char *const classes[] = {"normal", "shutdown", "error",        "kill",
                                          "killed", "noproc",   "noconnection", "fault"};
    const char *class_name =
        (unsigned)reason.class_ < WTL_COUNT(classes) ? classes[reason.class_] : "unknown";
    char word[16];
    (void)wtl_tag_text(reason.word, word);
    if (word[0] == '\0' || strcmp(word, class_name) == 0) {
        (void)snprintf(text_out, 40, "%s", class_name);
    } else {
        (void)snprintf(text_out, 40, "%s:%s", class_name, word);
    }
    return text_out;
}
