/* report.c - see report.h. */
#include "actor/report.h"

#include <stdio.h>

#include "base/log.h"

char *wtl__local_text(uint64_t local, char text_out[40])
{
    text_out[0] = '\0';
    if (local != 0) {
        (void)snprintf(text_out, 40, "%u.%llu", (unsigned)(local & WTL_PID_SLOT_MAX),
                       (unsigned long long)(local >> WTL_PID_SLOT_BITS));
    }
    return text_out;
}

struct ends {
    uint32_t links;
    uint32_t watchers;
    uint32_t owed;
};

static void count_tie(struct wtl__envelope *tie, void *context)
{
    struct ends *ends = context;
    enum wtl__tie kind = wtl__tie_of(tie);
    ends->links += kind == WTL__TIE_LINK;
    ends->watchers += kind == WTL__TIE_WATCHER;
    ends->owed += kind == WTL__TIE_OWED;
}

void wtl__crash_report(void *context, struct wtl__runtime *runtime, const struct wtl__cell *cell,
                       const struct wtl_msg *message)
{
    char pid[40];
    char parent[40];
    char reason[40];
    char tag[16] = "";
    struct ends ends = {0};
    (void)context;
    (void)runtime;
    if (cell->reason.class_ == WTL_EXIT_KILLED ||
        !wtl__log_is_on(wtl__log_process(), WTL__LOG_ERROR)) {
        return;
    }
    if (message != NULL) {
        (void)wtl_tag_text(message->tag, tag);
    }
    wtl__ties_each(&cell->ties, count_tie, &ends);
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "crash_report",
             WTL__LOG_TEXT("pid", wtl__local_text(wtl__cell_local(cell), pid)),
             WTL__LOG_TEXT("name", cell->name), WTL__LOG_TEXT("type", cell->type->name),
             WTL__LOG_TEXT("reason", wtl_reason_text(cell->reason, reason)),
             WTL__LOG_TEXT("message", tag),
             WTL__LOG_TEXT("parent", wtl__local_text(cell->parent.local, parent)),
             WTL__LOG_NUMBER("mailbox", wtl__inbox_count(&cell->inbox) - cell->handled),
             WTL__LOG_NUMBER("handled", cell->handled_total + cell->handled),
             WTL__LOG_NUMBER("memory_bytes", cell->memory_used),
             WTL__LOG_NUMBER("links", ends.links), WTL__LOG_NUMBER("watchers", ends.watchers),
             WTL__LOG_NUMBER("owed", ends.owed),
             WTL__LOG_FLAG("traps_exits", (cell->flags & WTL__CELL_TRAPS) != 0));
}

void wtl__stop_report(const struct wtl__cell *cell, struct wtl_reason failed,
                      const struct wtl_msg *message)
{
    char pid[40];
    char reason[40];
    char error[40];
    char tag[16] = "";
    if (message != NULL) {
        (void)wtl_tag_text(message->tag, tag);
    }
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "stop_report",
             WTL__LOG_TEXT("pid", wtl__local_text(wtl__cell_local(cell), pid)),
             WTL__LOG_TEXT("name", cell->name), WTL__LOG_TEXT("type", cell->type->name),
             WTL__LOG_TEXT("reason", wtl_reason_text(cell->reason, reason)),
             WTL__LOG_TEXT("error", wtl_reason_text(failed, error)), WTL__LOG_TEXT("message", tag));
}

void wtl__memory_report(const struct wtl__cell *cell, uint64_t used)
{
    char pid[40];
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "memory_report",
             WTL__LOG_TEXT("pid", wtl__local_text(wtl__cell_local(cell), pid)),
             WTL__LOG_TEXT("name", cell->name), WTL__LOG_TEXT("type", cell->type->name),
             WTL__LOG_NUMBER("memory_max", cell->type->memory_max),
             WTL__LOG_NUMBER("memory_bytes", used),
             WTL__LOG_NUMBER("waiting_bytes", cell->waiting_bytes),
             WTL__LOG_NUMBER("mailbox", wtl__inbox_count(&cell->inbox) - cell->handled));
}

void wtl__upgrade_report(const struct wtl__cell *cell, const char *text)
{
    char pid[40];
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "upgrade_start_failed",
             WTL__LOG_TEXT("pid", wtl__local_text(wtl__cell_local(cell), pid)),
             WTL__LOG_TEXT("name", cell->name), WTL__LOG_TEXT("type", cell->type->name),
             WTL__LOG_TEXT("error", text));
}
