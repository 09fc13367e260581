/* effects_stage.c - what a stage of a flow does. See effects.c. */
#include "process/effects_private.h"

#include "base/log.h"

/* The frame is about a message that was left open, or about none. False: that is open no more. */
static bool turn_to(struct wtl_ctx *x, const struct wtl__pipe_frame *frame)
{
    return frame->key.seq == 0 || x->stage->api->about(x, &frame->key) == WTL_OK;
}

static void log_refused(struct wtl_ctx *x, const char *what, enum wtl_status status)
{
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "stage_refused",
             WTL__LOG_TEXT("type", wtl__ctx_of(x)->cell->type->name), WTL__LOG_TEXT("what", what),
             WTL__LOG_TEXT("status", wtl_status_word(status)));
}

static enum wtl__effect on_emit(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    bool producer = proxy->type->actor.kind == WTL_PRODUCER;
    const char *port = (frame->flags & WTL__PIPE_NAMED) != 0 ? frame->name : NULL;
    if (!wtl__frame_is_value(frame)) {
        return WTL__EFFECT_WRONG;
    }
    if (!turn_to(x, frame)) {
        return WTL__EFFECT_DONE; /* it will be delivered again, and this be made of it again */
    }
    enum wtl_status status =
        x->stage->api->emit(x, NULL, port, frame->tag, wtl__frame_body(x, frame, &writer));
    bool waits = producer && (status == WTL_BUSY || status == WTL_FULL || status == WTL_NO_MEMORY ||
                              status == WTL_NO_CONNECTION);
    if (waits && !proxy->doomed) {
        /* the child was told that it is accepted: so it waits here for flow_ready */
        proxy->stalled = true;
        return WTL__EFFECT_WAITS;
    }
    if (status != WTL_OK) {
        log_refused(x, "emit", status);
    }
    proxy->emitted += producer;
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_send_back(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    (void)proxy;
    if (!wtl__frame_is_value(frame)) {
        return WTL__EFFECT_WRONG;
    }
    if (turn_to(x, frame)) {
        enum wtl_status status = wtl_back_as(x, frame->tag, wtl__frame_body(x, frame, &writer));
        if (status != WTL_OK) {
            log_refused(x, "back", status);
        }
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_drop(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    char why[WTL__EFFECT_TEXT_MAX + 1];
    size_t size = frame->size < WTL__EFFECT_TEXT_MAX ? frame->size : WTL__EFFECT_TEXT_MAX;
    (void)proxy;
    if (size > 0) {
        memcpy(why, frame->body, size);
    }
    why[size] = '\0';
    if (turn_to(x, frame)) {
        wtl_drop(x, why);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_close(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                 const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    (void)!wtl_done_key(x, &frame->key);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_ask(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    if (frame->count > WTL_FLOW_ASK_MAX) {
        return WTL__EFFECT_WRONG;
    }
    enum wtl_status status = wtl_ask(x, (uint32_t)frame->count);
    if (status != WTL_OK) {
        log_refused(x, "ask", status);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_want_room(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    (void)frame;
    wtl__proxy_room(x, proxy, true);
    return WTL__EFFECT_DONE;
}

const wtl__effect_fn wtl__stage_effects[WTL__PIPE_LAST + 1] = {
    [WTL__PIPE_EMIT] = on_emit, [WTL__PIPE_SEND_BACK] = on_send_back,
    [WTL__PIPE_DROP] = on_drop, [WTL__PIPE_CLOSE] = on_close,
    [WTL__PIPE_ASK] = on_ask,   [WTL__PIPE_WANT_ROOM] = on_want_room,
};
