/*
 * supervisor_report.c - what supervisors say in the log.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

#include <stdio.h>

#include "base/log.h"

static const char *cell_name(const struct wtl__cell *cell, char text_out[40])
{
    if (cell->name != NULL) {
        return cell->name;
    }
    (void)snprintf(text_out, 40, "%u.%llu", (unsigned)cell->slot,
                   (unsigned long long)cell->generation);
    return text_out;
}

void wtl__supervisor_report(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                            const char *context, const struct wtl__member *member,
                            const char *reason)
{
    char text[40];
    const struct wtl_child *spec = wtl__member_spec(sup, member);
    const struct wtl_actor *type = spec->tree != NULL ? &wtl__supervisor : spec->type;
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "supervisor_report",
             WTL__LOG_TEXT("supervisor", cell_name(wtl__ctx_of(x)->cell, text)),
             WTL__LOG_TEXT("context", context), WTL__LOG_TEXT("child", wtl__member_id(sup, member)),
             WTL__LOG_TEXT("type", type->name), WTL__LOG_TEXT("reason", reason),
             WTL__LOG_NUMBER("restarts", member->restarts));
}

void wtl__supervisor_refused(const char *event, const struct wtl_error *error)
{
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, event, WTL__LOG_TEXT("error", error->text));
}
