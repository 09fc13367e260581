/*
 * inspect_module.c - `module ls` and `module upgrade`, which the node's desk does (desk.h).
 *
 * An upgrade is asked for at the node's own control socket, by the user who runs it: code for a
 * node does not come from another one.
 */
#include <stdio.h>

#include "node/desk.h"
#include "node/inspect_job.h"

static const struct wtl__column columns[] = {
    {"MODULE", WTL__COLUMN_TEXT, false}, {"VERSION", WTL__COLUMN_TEXT, false},
    {"STATE", WTL__COLUMN_TEXT, false},  {"ACTORS", WTL__COLUMN_COUNT, true},
    {"ABI", WTL__COLUMN_TEXT, false},    {"BYTES", WTL__COLUMN_BYTES, true},
    {"LOADED", WTL__COLUMN_AGE, false},
};

static bool has_desk(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    if (self->config->desk == NULL) {
        wtl__job_refuse(x, self, job, WTL_UNSUPPORTED, "node %s runs no modules",
                        self->config->name);
        return false;
    }
    return true;
}

/* ---- module.ls ---------------------------------------------------------------------------------
 */

/* All are counted, or the time for it is over: then with what there is. */
static void reply_list(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl__desk *desk = self->config->desk;
    struct wtl_writer rows;
    struct wtl_writer reply;
    (void)wtl_message_open(x, &rows, 1024);
    uint32_t count = desk->put(desk, job->look, &rows);
    desk->end(desk, job->look);
    job->look = NULL;
    (void)wtl_message_open(x, &reply, 512 + wtl_written(&rows));
    wtl__reply_begin(&reply, WTL__SHAPE_TABLE, columns, WTL_COUNT(columns), count, count);
    wtl_put_raw(&reply, rows.begin, wtl_written(&rows));
    wtl_message_drop(x, &rows);
    wtl__job_reply(x, self, job, &reply);
}

static enum wtl_status on_counted(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                                  void *context)
{
    struct wtl__inspect *self = state;
    struct wtl__inspect_job *job = wtl__job_of(self, context);
    (void)answer;
    if (job != NULL && job->look != NULL) {
        reply_list(x, self, job);
    }
    return WTL_OK;
}

void wtl__inspect_modules(struct wtl_ctx *x, struct wtl__inspect *self,
                          struct wtl__inspect_job *job)
{
    uint32_t part_ms = job->request.timeout_ms * 3 / 4;
    struct wtl_call_options options = {
        .deadline_ms = part_ms > WTL__INSPECT_PART_MS ? WTL__INSPECT_PART_MS : part_ms,
        .on_answer = on_counted,
        .context = &job->id,
        .context_size = sizeof job->id};
    if (!has_desk(x, self, job)) {
        return;
    }
    struct wtl__pending *pending = wtl__pending_new(wtl__ctx_of(x), WTL_PID_NONE, &options);
    if (pending == NULL) {
        return;
    }
    struct wtl__desk *desk = self->config->desk;
    job->look = desk->look(desk, wtl__ctx_of(x), wtl_self(x), pending->tie.msg.request);
    if (job->look == NULL) {
        wtl__job_refuse(x, self, job, WTL_NO_MEMORY, "no memory to count actors");
    }
}

/* ---- module.upgrade ----------------------------------------------------------------------------
 */

/* What goes to a thread that may read files. */
struct errand {
    struct wtl__desk *desk;
    struct wtl_pid asker;
    uint64_t request;
    uint32_t within_ms;
    char name[WTL__CONTROL_ARG_MAX + 1];
    char path[WTL__CONTROL_ARG_MAX + 1];
};

static enum wtl_status run_errand(void *argument, struct wtl_writer *result)
{
    const struct errand *errand = argument;
    const struct wtl__desk_order order = {.name = errand->name,
                                          .path = errand->path,
                                          .within_ms = errand->within_ms,
                                          .asker = errand->asker,
                                          .request = errand->request};
    (void)result;
    errand->desk->upgrade(errand->desk, &order);
    return WTL_OK;
}

static enum wtl_status on_upgraded(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                                   void *context)
{
    struct wtl__inspect *self = state;
    struct wtl__inspect_job *job = wtl__job_of(self, context);
    struct wtl_writer reply;
    size_t size = 0;
    const char *text = NULL;
    if (job == NULL) {
        return WTL_OK;
    }
    if (answer->message.size > 0) {
        struct wtl_reader reader = wtl_read(&answer->message);
        text = wtl_get_str(&reader, &size);
    }
    (void)wtl_message_open(x, &reply, 512);
    if (text == NULL) {
        wtl__reply_text(&reply, answer->status, "the upgrade has not ended in time: %s",
                        wtl_status_text(answer->status));
    } else {
        wtl__reply_text(&reply, answer->status, "%.*s", (int)(size > 470 ? 470 : size), text);
    }
    wtl__job_reply(x, self, job, &reply);
    return WTL_OK;
}

void wtl__inspect_upgrade(struct wtl_ctx *x, struct wtl__inspect *self,
                          struct wtl__inspect_job *job)
{
    struct wtl_call_options options = {.deadline_ms = job->request.timeout_ms,
                                       .on_answer = on_upgraded,
                                       .context = &job->id,
                                       .context_size = sizeof job->id};
    if (!has_desk(x, self, job)) {
        return;
    }
    if (!job->origin.is_control) {
        wtl__job_refuse(x, self, job, WTL_DENIED,
                        "node %s is upgraded at its own control socket, by the user who runs it",
                        self->config->name);
        return;
    }
    struct wtl__pending *pending = wtl__pending_new(wtl__ctx_of(x), WTL_PID_NONE, &options);
    if (pending == NULL) {
        return;
    }
    struct errand errand = {.desk = self->config->desk,
                            .asker = wtl_self(x),
                            .request = pending->tie.msg.request,
                            .within_ms = job->request.timeout_ms * 3 / 4};
    (void)snprintf(errand.name, sizeof errand.name, "%s", job->request.args[0]);
    (void)snprintf(errand.path, sizeof errand.path, "%s", job->request.args[1]);
    (void)wtl_work(x, run_errand, &errand, sizeof errand, NULL);
}
