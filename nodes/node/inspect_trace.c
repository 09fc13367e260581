/*
 * inspect_trace.c - `actor trace`: the messages of one actor, as they go in and out, for so long or
 * until there are so many.
 *
 * The question has the actor, a number of events and a time in ms. One question at a time traces an
 * actor; what it has seen when its time is over is the answer.
 */
#include "node/inspect_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <wattle/sys.h>

#define EVENTS_DEFAULT 100u
#define TIME_DEFAULT   5000u
/* Of the asker's time, what is left for the way back. */
#define WAY_BACK_MS 500u

struct wtl__trace {
    uint64_t local;
    uint64_t begin_ns;
    bool is_begun; /* what comes before the actor has said so is of a trace before this one */
    uint32_t capacity;
    uint32_t count;
    struct wtl_trace_event events[];
};

static const struct wtl__column trace_columns[] = {
    {"AT", WTL__COLUMN_US, false},     {"WAY", WTL__COLUMN_TEXT, false},
    {"KIND", WTL__COLUMN_TEXT, false}, {"TAG", WTL__COLUMN_TEXT, false},
    {"PEER", WTL__COLUMN_TEXT, false}, {"REQUEST", WTL__COLUMN_COUNT, false},
    {"SIZE", WTL__COLUMN_BYTES, true},
};

static const char *kind_word(enum wtl_trace_kind kind)
{
    switch (kind) {
    case WTL_TRACE_CALL:
        return "call";
    case WTL_TRACE_REPLY:
        return "reply";
    case WTL_TRACE_EXIT:
        return "exit";
    case WTL_TRACE_DOWN:
        return "down";
    case WTL_TRACE_TIMER:
        return "timer";
    case WTL_TRACE_MESSAGE:
        break;
    }
    return "message";
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void put_event(struct wtl_writer *reply, struct wtl_ctx *x, const struct wtl__inspect *self,
                      const struct wtl__trace *trace, const struct wtl_trace_event *event)
{
    char text[WTL__PID_TEXT];
    char tag[WTL_TAG_MAX + 1];
    uint64_t ns = event->at_ns > trace->begin_ns ? event->at_ns - trace->begin_ns : 0;
    wtl_put_array(reply, WTL_COUNT(trace_columns));
    wtl_put_u64(reply, ns / 1000);
    wtl_put_strz(reply, event->what == WTL_TRACE_IN ? "in" : "out");
    wtl_put_strz(reply, kind_word(event->kind));
    size_t size = wtl_tag_text(event->tag, tag);
    wtl__put_look_text(reply, (struct wtl__look_text){.text = tag, .size = size});
    if (wtl_pid_is_none(event->peer)) {
        wtl_put_nil(reply);
    } else {
        wtl_put_strz(reply, wtl__any_pid_text(self, wtl_self(x), event->peer, text));
    }
    wtl__put_known(reply, event->request != 0 ? (int64_t)event->request : -1);
    wtl_put_u64(reply, event->size);
}

static void reply_trace(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    const struct wtl__trace *trace = job->trace;
    struct wtl_writer reply;
    (void)wtl_message_open(x, &reply, 256 + (size_t)trace->count * 96);
    wtl__reply_begin(&reply, WTL__SHAPE_TABLE, trace_columns, WTL_COUNT(trace_columns),
                     trace->count, trace->count);
    for (uint32_t i = 0; i < trace->count; i++) {
        put_event(&reply, x, self, trace, &trace->events[i]);
    }
    wtl__job_reply(x, self, job, &reply);
}

static void expired(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl_pid to = {.node = wtl_self(x).node, .local = job->trace->local};
    (void)wtl_sys_trace(x, to, 0, NULL); /* nobody waits for the answer */
    reply_trace(x, self, job);
}

void wtl__inspect_traced(struct wtl_ctx *x, struct wtl__inspect *self,
                         const struct wtl_msg *message)
{
    struct wtl_trace_event event;
    if (!wtl_trace_read(message, &event)) {
        return;
    }
    WTL_LIST_EACH (link, &self->jobs) {
        struct wtl__inspect_job *job = WTL_LIST_ITEM(link, struct wtl__inspect_job, link);
        struct wtl__trace *trace = job->trace;
        if (trace == NULL || trace->local != event.actor.local || !trace->is_begun) {
            continue;
        }
        if (event.what != WTL_TRACE_OVER && trace->count < trace->capacity) {
            trace->events[trace->count++] = event;
        } else {
            reply_trace(x, self, job);
        }
        return;
    }
}

/* ---- the question ---------------------------------------------------------------------------- */

static enum wtl_status on_answer(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl__inspect *self = state;
    struct wtl__inspect_job *job = wtl__job_of(self, context);
    char pid[WTL__PID_TEXT];
    if (job == NULL) {
        return WTL_OK;
    }
    if (answer->status == WTL_OK) {
        job->trace->is_begun = true;
        return WTL_OK;
    }
    uint64_t local = job->trace->local;
    (void)wtl__pid_text(self->config->name, local, pid);
    switch (answer->status) {
    case WTL_EXISTS:
        wtl__job_refuse(x, self, job, WTL_BUSY, "%s is being traced by another actor", pid);
        break;
    case WTL_TIMEOUT:
        wtl__job_refuse_busy(x, self, job, local);
        break;
    case WTL_INVALID:
        wtl__job_refuse_reserved(x, self, job, local);
        break;
    default:
        wtl__job_refuse_ended(x, self, job, local);
        break;
    }
    return WTL_OK;
}

static bool is_traced(const struct wtl__inspect *self, uint64_t local)
{
    WTL_LIST_EACH (link, &self->jobs) {
        const struct wtl__inspect_job *job = WTL_LIST_ITEM(link, struct wtl__inspect_job, link);
        if (job->trace != NULL && job->trace->local == local) {
            return true;
        }
    }
    return false;
}

/* A number of the question; false when it is none, or not within the bounds. */
static bool get_number(const struct wtl__inspect_job *job, uint32_t at, uint32_t absent,
                       uint32_t max, uint32_t *number_out)
{
    char *end = NULL;
    *number_out = absent;
    if (at >= job->request.args_count) {
        return true;
    }
    const char *text = job->request.args[at];
    unsigned long long number = strtoull(text, &end, 10);
    *number_out = (uint32_t)number;
    return *text >= '0' && *text <= '9' && *end == '\0' && number >= 1 && number <= max;
}

void wtl__inspect_trace(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    uint64_t local = wtl__job_actor(x, self, job);
    uint32_t count = 0;
    uint32_t for_ms = 0;
    char pid[WTL__PID_TEXT];
    if (local == 0) {
        return;
    }
    if (!get_number(job, 1, EVENTS_DEFAULT, WTL__INSPECT_ROWS_MAX, &count) ||
        !get_number(job, 2, TIME_DEFAULT, WTL__CONTROL_TIMEOUT_MS_MAX, &for_ms)) {
        wtl__job_refuse(x, self, job, WTL_INVALID,
                        "a trace has 1 to %u events and takes 1 to %u ms", WTL__INSPECT_ROWS_MAX,
                        WTL__CONTROL_TIMEOUT_MS_MAX);
        return;
    }
    if (is_traced(self, local)) {
        wtl__job_refuse(x, self, job, WTL_BUSY, "%s is being traced for another question",
                        wtl__pid_text(self->config->name, local, pid));
        return;
    }
    job->trace = wtl_alloc(x, sizeof *job->trace + count * sizeof job->trace->events[0]);
    if (job->trace == NULL) {
        wtl__job_refuse(x, self, job, WTL_NO_MEMORY, "no memory for %u events", (unsigned)count);
        return;
    }
    *job->trace = (struct wtl__trace){.local = local, .capacity = count, .begin_ns = wtl_now_ns(x)};
    uint32_t most = job->request.timeout_ms > 2 * WAY_BACK_MS
                        ? job->request.timeout_ms - WAY_BACK_MS
                        : job->request.timeout_ms / 2;
    wtl__job_limit_ms(x, job, for_ms < most ? for_ms : most, expired);
    (void)wtl_sys_trace(x, (struct wtl_pid){.node = wtl_self(x).node, .local = local}, count,
                        &(struct wtl_call_options){.deadline_ms = wtl__job_part_ms(job),
                                                   .on_answer = on_answer,
                                                   .context = &job->id,
                                                   .context_size = sizeof job->id});
}
