/*
 * trace.c - the messages of one actor, as they go in and out, told to whoever asked. See
 * <wattle/sys.h>.
 *
 * A message of a trace is counted against no bound, so the number of them is.
 */
#include "actor/sys_private.h"
#include "actor/version.h"

/* Sends one event. False: the tracer is no more. */
static bool tell(struct wtl__ctx *x, const struct wtl__cell *cell,
                 const struct wtl_trace_event *event)
{
    bool is_told = true;
    struct wtl_writer body;
    (void)wtl__message_open(&body, 96);
    wtl_put_array(&body, WTL_TRACE_FIELDS);
    wtl_put_u64(&body, event->what);
    wtl_put_u64(&body, event->kind);
    wtl_put_u64(&body, event->at_ns);
    wtl_put_u64(&body, event->tag.word[0]);
    wtl_put_u64(&body, event->tag.word[1]);
    wtl_put_u64(&body, event->peer.node);
    wtl_put_u64(&body, event->peer.local);
    wtl_put_u64(&body, event->request);
    wtl_put_u64(&body, event->size);
    struct wtl__envelope *message = wtl__message_take(&body, WTL__LOCAL);
    if (message != NULL) {
        message->msg.tag = WTL_TAG_TRACE;
        message->msg.from = wtl__pid_of(x->runtime, cell);
        is_told = wtl__deliver(x->runtime, x, cell->sys->tracer, message) == WTL_OK;
    }
    return is_told;
}

void wtl__trace_end(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__sys *sys = cell->sys;
    if (!wtl_pid_is_none(sys->tracer)) {
        (void)tell(x, cell, &(struct wtl_trace_event){.what = WTL_TRACE_OVER});
        sys->tracer = WTL_PID_NONE;
        sys->trace_left = 0;
    }
}

static void stop(struct wtl__ctx *x, struct wtl__cell *cell)
{
    x->near = x->runtime->node;
    cell->flags &= ~WTL__CELL_TRACED;
    wtl__trace_end(x, cell);
}

enum wtl_status wtl__trace_set(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_pid tracer,
                               uint64_t count)
{
    struct wtl__sys *sys = wtl__sys_of(cell);
    if (sys == NULL) {
        return WTL_NO_MEMORY;
    }
    if (wtl_pid_equal(tracer, wtl__pid_of(x->runtime, cell))) {
        return WTL_INVALID; /* each event would be one more */
    }
    /* one whose tracer has ended is free again */
    bool is_traced = !wtl_pid_is_none(sys->tracer) &&
                     wtl__cells_find(&x->runtime->cells, sys->tracer.local) != NULL;
    if (is_traced && !wtl_pid_equal(sys->tracer, tracer)) {
        return WTL_EXISTS;
    }
    if (count == 0) {
        stop(x, cell);
        return WTL_OK;
    }
    sys->tracer = tracer;
    sys->trace_left = count > WTL_TRACE_MAX ? WTL_TRACE_MAX : count;
    cell->flags |= WTL__CELL_TRACED;
    return WTL_OK;
}

static enum wtl_trace_kind kind_of(const struct wtl__envelope *envelope)
{
    switch ((enum wtl__kind)envelope->msg.kind_) {
    case WTL__CALL:
        return WTL_TRACE_CALL;
    case WTL__REPLY:
    case WTL__ANSWER:
        return WTL_TRACE_REPLY;
    case WTL__EXIT:
    case WTL__EXIT_SEND:
        return WTL_TRACE_EXIT;
    case WTL__DOWN:
        return WTL_TRACE_DOWN;
    case WTL__TICK:
        return WTL_TRACE_TIMER;
    default:
        return WTL_TRACE_MESSAGE;
    }
}

static void event(struct wtl__ctx *x, struct wtl__cell *cell, enum wtl_trace_what what,
                  enum wtl_trace_kind kind, struct wtl_pid peer, const struct wtl_msg *message)
{
    struct wtl__sys *sys = cell->sys;
    struct wtl_trace_event told = {.what = what,
                                   .kind = kind,
                                   .at_ns = x->runtime->host->now_ns(x->runtime),
                                   .tag = message->tag,
                                   .peer = peer,
                                   .request = message->request,
                                   .size = message->size};
    sys->trace_left--;
    if (!tell(x, cell, &told) || sys->trace_left == 0) {
        stop(x, cell);
    }
}

/* Is it no message, or one that is passed on? Functions that run elsewhere say themselves when they
 * handle it, but for those of a behaviour inside of another one, which this is a message of. */
static bool is_told_there(const struct wtl__cell *cell, const struct wtl__envelope *envelope)
{
    enum wtl__kind kind = (enum wtl__kind)envelope->msg.kind_;
    return kind == WTL__BACK || kind == WTL__CANCEL || kind == WTL__NODE_DOWN ||
           (wtl__type_around(cell->type) == NULL && wtl__far_of(cell) != NULL);
}

void wtl__trace_in(struct wtl__ctx *x, struct wtl__cell *cell)
{
    const struct wtl__envelope *envelope = cell->fifo;
    if ((cell->flags & WTL__CELL_TRACED) == 0) {
        return;
    }
    x->near = WTL__NEAR_TRACED;
    if (is_told_there(cell, envelope)) {
        return;
    }
    if (envelope->msg.kind_ == WTL__ANSWER) { /* in the queue it is the request that was answered */
        const struct wtl__pending *pending = WTL_CONTAINER(envelope, struct wtl__pending, tie);
        envelope = pending->reply != NULL ? pending->reply : envelope;
        event(x, cell, WTL_TRACE_IN, kind_of(envelope), pending->pid, &envelope->msg);
        return;
    }
    event(x, cell, WTL_TRACE_IN, kind_of(envelope), envelope->msg.from, &envelope->msg);
}

void wtl__trace_far(struct wtl__ctx *x, struct wtl__cell *cell, enum wtl_trace_kind kind,
                    const struct wtl_msg *message)
{
    if ((cell->flags & WTL__CELL_TRACED) != 0) {
        event(x, cell, WTL_TRACE_IN, kind, message->from, message);
    }
}

void wtl__trace_out(struct wtl__ctx *x, struct wtl_pid to, const struct wtl__envelope *envelope)
{
    if (envelope->msg.kind_ <= WTL__REPLY || envelope->msg.kind_ == WTL__EXIT_SEND) {
        event(x, x->cell, WTL_TRACE_OUT, kind_of(envelope), to, &envelope->msg);
    }
}
