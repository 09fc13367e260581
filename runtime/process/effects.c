/*
 * effects.c - what an actor has done in its process, done here, as that actor.
 *
 * Every frame was read field by field (pipe.h), and what a field means is checked here: numbers of
 * requests are of the child's block and go up, a body is one msgpack value, a reply answers a call
 * that this very actor owes. The rest is what any actor may do, with the same bounds.
 *
 * Thread: the holder of the actor's run token. See proxy.h.
 */
#include "process/effects_private.h"

#include "actor/memory.h"
#include "base/log.h"

/* Is the frame from before its stop function? That it wants to end is known then: it does, and that
 * function runs to its end. Nor does it wait for an answer any more. */
static bool is_late(const struct wtl__proxy *proxy)
{
    return proxy->stopping && !proxy->stopped;
}

/* ---- runs ---------------------------------------------------------------------------------- */

static void run_is_over(struct wtl_ctx *x, struct wtl__proxy *proxy)
{
    proxy->seat.away--;
    wtl__process_ran(proxy->process);
    if (proxy->seat.away < WTL__PIPE_WINDOW) {
        wtl__ctx_of(x)->cell->flags &= ~WTL__CELL_AWAY;
    }
}

/* Ends the message of a flow as its handler has returned. */
static enum wtl_status close_input(struct wtl_ctx *x, const struct wtl__pipe_frame *frame)
{
    if (frame->key.seq == 0 || x->stage == NULL) {
        return frame->status;
    }
    if (frame->status == WTL_OK) {
        (void)x->stage->api->done(x, &frame->key); /* it may be open no more, and come again */
    }
    return frame->status == WTL_LATER ? WTL_OK : frame->status;
}

static enum wtl__effect on_ran(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame, enum wtl_status *status_out)
{
    if (proxy->seat.away == 0) {
        return WTL__EFFECT_WRONG;
    }
    run_is_over(x, proxy);
    enum wtl_status status = close_input(x, frame);
    *status_out = is_late(proxy) ? WTL_OK : status;
    return WTL__EFFECT_DONE;
}

/* Its caller has been told, and has told this actor, or will. */
static enum wtl__effect on_late(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    (void)frame;
    if (proxy->seat.away == 0) {
        return WTL__EFFECT_WRONG;
    }
    run_is_over(x, proxy);
    wtl__count(wtl__ctx_of(x)->runtime, WTL__COUNT_EXPIRED);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_ready(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                 const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    if ((wtl__ctx_of(x)->cell->flags & WTL__CELL_INITING) == 0) {
        return WTL__EFFECT_WRONG;
    }
    if (frame->status != WTL_LATER) {
        wtl_done(x, frame->status);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_stopped(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                   const struct wtl__pipe_frame *frame)
{
    if (!is_late(proxy)) {
        return WTL__EFFECT_WRONG;
    }
    proxy->stopped = true;
    if (frame->status != WTL_LATER) {
        wtl_done(x, frame->status);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_done(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    if (!is_late(proxy)) {
        wtl_done(x, frame->status);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_end(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame)
{
    if (!is_late(proxy)) {
        wtl_stop(x, frame->reason);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_log(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame)
{
    char text[WTL__EFFECT_TEXT_MAX + 1];
    size_t size = frame->size < WTL__EFFECT_TEXT_MAX ? frame->size : WTL__EFFECT_TEXT_MAX;
    (void)proxy;
    if (size > 0) {
        memcpy(text, frame->body, size);
    }
    text[size] = '\0';
    wtl_log(x, frame->count <= WTL_LOG_ERROR ? (enum wtl_log_level)frame->count : WTL_LOG_INFO,
            text);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_handles(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                   const struct wtl__pipe_frame *frame)
{
    uint32_t kind = frame->flags >> WTL__PIPE_VERB_SHIFT;
    (void)proxy;
    if (kind < WTL_TRACE_MESSAGE || kind > WTL_TRACE_TIMER || frame->count > WTL_BODY_MAX) {
        return WTL__EFFECT_WRONG;
    }
    const struct wtl_msg message = {.from = frame->pid,
                                    .tag = frame->tag,
                                    .request = frame->request,
                                    .size = (uint32_t)frame->count};
    wtl__trace_far(wtl__ctx_of(x), wtl__ctx_of(x)->cell, (enum wtl_trace_kind)kind, &message);
    return WTL__EFFECT_DONE;
}

/* ---- messages ------------------------------------------------------------------------------ */

static enum wtl__effect on_tell(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    (void)proxy;
    if (!wtl__frame_is_value(frame)) {
        return WTL__EFFECT_WRONG;
    }
    wtl_tell(x, frame->pid, frame->tag, wtl__frame_body(x, frame, &writer));
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_tell_name(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    (void)proxy;
    if (!wtl__frame_is_value(frame)) {
        return WTL__EFFECT_WRONG;
    }
    (void)!wtl_tell_name(x, frame->name, frame->tag, wtl__frame_body(x, frame, &writer));
    return WTL__EFFECT_DONE;
}

static enum wtl_status answered(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl__proxy *proxy = self;
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_ANSWER,
                                    .pid = answer->pid,
                                    .request = answer->request,
                                    .status = answer->status,
                                    .reason = answer->reason,
                                    .body = answer->message.bytes,
                                    .size = answer->message.size};
    (void)context;
    proxy->calls--;
    wtl__proxy_send(x, proxy, &frame);
    return WTL_OK;
}

bool wtl__proxy_asks(struct wtl__proxy *proxy, const struct wtl__pipe_frame *frame,
                     struct wtl_call_options *options_out)
{
    if (!wtl__proxy_take_ref(proxy, frame->request) || proxy->calls >= WTL__PIPE_CALLS_MAX ||
        frame->count > UINT32_MAX) {
        return false;
    }
    proxy->calls++;
    bool holds = (frame->flags & WTL__PIPE_HOLD) != 0;
    *options_out = (struct wtl_call_options){.deadline_ms = (uint32_t)frame->count,
                                             .hold = holds && !is_late(proxy),
                                             .on_answer = answered};
    return true;
}

static enum wtl__effect on_call(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    struct wtl_call_options options;
    if (!wtl__frame_is_value(frame) || !wtl__proxy_asks(proxy, frame, &options)) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl_writer *body = wtl__frame_body(x, frame, &writer);
    struct wtl__lent lent = wtl__ref_lend(x, frame->request);
    if (frame->kind == WTL__PIPE_CALL) {
        (void)wtl_call(x, frame->pid, frame->tag, body, &options);
    } else {
        (void)wtl_call_name(x, frame->name, frame->tag, body, &options);
    }
    wtl__ref_return(x, lent);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_cancel(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                  const struct wtl__pipe_frame *frame)
{
    if (!wtl__proxy_has_ref(proxy, frame->request)) {
        return WTL__EFFECT_WRONG;
    }
    if (wtl_call_cancel(x, frame->request)) {
        proxy->calls--;
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_reply(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                 const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    struct wtl_from from = {.caller = frame->pid, .request = frame->request, .callee = wtl_self(x)};
    (void)proxy;
    if (!wtl__frame_is_value(frame)) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl_writer *body = wtl__frame_body(x, frame, &writer);
    if (frame->status == WTL_OK) {
        wtl_reply_to(x, from, body);
    } else {
        wtl_reply_error_to(x, from, frame->status, body);
    }
    return WTL__EFFECT_DONE;
}

/* ---- which does what ------------------------------------------------------------------------ */

static const wtl__effect_fn effects[WTL__PIPE_LAST + 1] = {
    [WTL__PIPE_READY] = on_ready,
    [WTL__PIPE_STOPPED] = on_stopped,
    [WTL__PIPE_LOG] = on_log,
    [WTL__PIPE_TELL] = on_tell,
    [WTL__PIPE_TELL_NAME] = on_tell_name,
    [WTL__PIPE_CALL] = on_call,
    [WTL__PIPE_CALL_NAME] = on_call,
    [WTL__PIPE_CANCEL] = on_cancel,
    [WTL__PIPE_REPLY] = on_reply,
    [WTL__PIPE_DONE] = on_done,
    [WTL__PIPE_END] = on_end,
    [WTL__PIPE_LATE] = on_late,
    [WTL__PIPE_HANDLES] = on_handles,
};

enum wtl__effect wtl__effect_do(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame, enum wtl_status *status_out)
{
    if (frame->kind == WTL__PIPE_RAN) {
        return on_ran(x, proxy, frame, status_out);
    }
    wtl__effect_fn effect =
        effects[frame->kind] != NULL ? effects[frame->kind] : wtl__tie_effects[frame->kind];
    if (effect != NULL) {
        return effect(x, proxy, frame);
    }
    effect = wtl__stage_effects[frame->kind];
    if (effect == NULL || x->stage == NULL) {
        return WTL__EFFECT_WRONG;
    }
    enum wtl__effect done = effect(x, proxy, frame);
    (void)x->stage->api->about(x, NULL);
    return done;
}
