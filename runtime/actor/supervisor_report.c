/*
 * supervisor_report.c - what supervisors say in the log: OTP's supervisor and progress reports, as
 * events with fields.
 *
 * Progress is a line for each child that is ready, so it is of the level that nobody sees unless he
 * asks for it; the children of a pool have none, as in OTP.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

#include <stdio.h>

#include "actor/report.h"
#include "base/log.h"

/* The texts of what both reports say about a child. */
struct about {
    char supervisor[40];
    char pid[40];
    char shutdown[16];
};

static const char *supervisor_name(struct wtl_ctx *x, struct about *about)
{
    const struct wtl__cell *cell = wtl__ctx_of(x)->cell;
    return cell->name != NULL ? cell->name
                              : wtl__local_text(wtl__cell_local(cell), about->supervisor);
}

static const char *shutdown_text(const struct wtl_child *spec, struct about *about)
{
    uint32_t ms = wtl__shutdown_ms(spec);
    if (ms == WTL_SHUTDOWN_BRUTAL || ms == WTL_SHUTDOWN_INFINITY) {
        return ms == WTL_SHUTDOWN_BRUTAL ? "brutal_kill" : "infinity";
    }
    (void)snprintf(about->shutdown, sizeof about->shutdown, "%u", (unsigned)ms);
    return about->shutdown;
}

/* The fields of a child, for both reports. */
#define CHILD_FIELDS(sup, member, spec, about)                                                     \
    WTL__LOG_TEXT("child", wtl__member_id(sup, member)),                                           \
        WTL__LOG_TEXT("pid", wtl__local_text(wtl__member_has_actor(member) ? (member)->local       \
                                                                           : (member)->was,        \
                                             (about)->pid)),                                       \
        WTL__LOG_TEXT("type", (spec)->tree != NULL ? wtl__supervisor.name : (spec)->type->name),   \
        WTL__LOG_TEXT("kind", (spec)->tree != NULL ? "supervisor" : "worker"),                     \
        WTL__LOG_TEXT("restart", wtl__restart_word((spec)->restart)),                              \
        WTL__LOG_FLAG("significant", (spec)->significant),                                         \
        WTL__LOG_TEXT("shutdown", shutdown_text(spec, about)),                                     \
        WTL__LOG_NUMBER("restarts", (member)->restarts)

void wtl__supervisor_report(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                            const char *context, const struct wtl__member *member,
                            const char *reason)
{
    struct about about;
    const struct wtl_child *spec = wtl__member_spec(sup, member);
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "supervisor_report",
             WTL__LOG_TEXT("supervisor", supervisor_name(x, &about)),
             WTL__LOG_TEXT("context", context), WTL__LOG_TEXT("reason", reason),
             CHILD_FIELDS(sup, member, spec, &about));
}

void wtl__progress_report(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                          const struct wtl__member *member)
{
    struct about about;
    const struct wtl_child *spec = wtl__member_spec(sup, member);
    if (sup->pool == NULL) {
        wtl__log(wtl__log_process(), WTL__LOG_DEBUG, "progress_report",
                 WTL__LOG_TEXT("supervisor", supervisor_name(x, &about)),
                 CHILD_FIELDS(sup, member, spec, &about));
    }
}

void wtl__supervisor_refused(const char *event, const struct wtl_error *error)
{
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, event, WTL__LOG_TEXT("error", error->text));
}
