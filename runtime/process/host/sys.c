/*
 * sys.c - somebody looks into a guest, or holds it (see <wattle/sys.h>). The node asks one thing of
 * a guest at a time, and has checked already whether there is a state yet.
 *
 * What needs none of its functions is done before all that waits; its state is shown and replaced
 * behind what was sent to it before, or at once when it may not handle that.
 */
#include <stdlib.h>

#include "base/attr.h"
#include "process/host/host.h"

void wtl__host_on_sys(struct wtl__host *host, struct wtl__guest *guest,
                      const struct wtl__pipe_frame *frame)
{
    struct wtl__item *item = wtl__item_new(WTL__ITEM_SYS, frame->body, frame->size);
    if (item == NULL) {
        abort(); /* the failed allocation is on the board */
    }
    item->verb = (enum wtl_sys_verb)frame->count;
    item->msg.request = frame->request;
    item->msg.tag = WTL_TAG("state");
    guest->asked = true;
    wtl__guest_push(host, guest, item,
                    item->verb != WTL_SYS_STATE && item->verb != WTL_SYS_REPLACE);
}

/* A stage of a flow is none while it shows or replaces its state: nothing is emitted for that. */
static void enter(struct wtl__host *host, struct wtl__guest *guest,
                  enum wtl__board_function function)
{
    wtl__host_enter(host, guest, function, WTL_TAG("state"));
    host->x.pub.stage = NULL;
}

static enum wtl_status show(struct wtl__host *host, struct wtl__guest *guest,
                            struct wtl_writer *state)
{
    const struct wtl_actor *type = guest->type;
    if (!WTL_HAS(type, show) || type->show == NULL) {
        return WTL_UNSUPPORTED;
    }
    if (guest->state != WTL__GUEST_LIVE) { /* its stop function has run since it was asked */
        return WTL_CLOSED;
    }
    (void)wtl__message_open(state, 256);
    enter(host, guest, WTL__IN_SHOW);
    type->show(&host->x.pub, guest->data, state);
    wtl__host_leave(host);
    return state->failed ? wtl__message_fault(state) : WTL_OK;
}

static enum wtl_status replace(struct wtl__host *host, struct wtl__guest *guest,
                               const struct wtl_msg *state)
{
    const struct wtl_actor *type = guest->type;
    if (!WTL_HAS(type, replace) || type->replace == NULL) {
        return WTL_UNSUPPORTED;
    }
    if (guest->state != WTL__GUEST_LIVE) {
        return WTL_CLOSED;
    }
    enter(host, guest, WTL__IN_REPLACE);
    enum wtl_status status = type->replace(&host->x.pub, guest->data, state);
    wtl__host_leave(host);
    return status;
}

/* ---- trace ---------------------------------------------------------------------------------- */

static uint32_t count_of(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    uint64_t count = wtl_get_u64(&reader);
    return count < WTL_TRACE_MAX ? (uint32_t)count : WTL_TRACE_MAX;
}

static enum wtl_trace_kind kind_of(const struct wtl__item *item)
{
    switch (item->kind) {
    case WTL__ITEM_RUN:
        return item->msg.request != 0 ? WTL_TRACE_CALL : WTL_TRACE_MESSAGE;
    case WTL__ITEM_OWN:
        return item->tick != 0 ? WTL_TRACE_TIMER : WTL_TRACE_MESSAGE;
    case WTL__ITEM_DOWN:
        return WTL_TRACE_DOWN;
    case WTL__ITEM_EXITED:
        return WTL_TRACE_EXIT;
    case WTL__ITEM_ANSWER:
        return WTL_TRACE_REPLY;
    case WTL__ITEM_SYS:
        break;
    }
    return WTL_TRACE_MESSAGE;
}

void wtl__host_trace(struct wtl__host *host, struct wtl__guest *guest, const struct wtl__item *item)
{
    bool is_end = item->kind == WTL__ITEM_DOWN || item->kind == WTL__ITEM_EXITED;
    if (guest->is_stage && item->kind != WTL__ITEM_OWN) {
        return; /* its flow has handled it, in the node */
    }
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_HANDLES,
                                    .pid = item->msg.from,
                                    .tag = is_end ? item->reason.word : item->msg.tag,
                                    .request = item->asked != NULL ? item->asked->tie.msg.request
                                               : item->tick != 0   ? item->tick
                                                                   : item->msg.request,
                                    .count = item->msg.size,
                                    .flags = (uint32_t)kind_of(item) << WTL__PIPE_VERB_SHIFT};
    guest->trace_left--;
    wtl__guest_send(host, guest, &frame);
}

/* ---- what was asked ------------------------------------------------------------------------- */

void wtl__host_run_sys(struct wtl__host *host, struct wtl__guest *guest, struct wtl__item *item)
{
    struct wtl__pipe_frame frame = {
        .kind = WTL__PIPE_SYS_DONE, .pid = guest->self, .request = item->msg.request};
    struct wtl_writer state = {.owner = NULL};
    guest->asked = false;
    switch (item->verb) {
    case WTL_SYS_SUSPEND:
        guest->suspended = guest->state != WTL__GUEST_STOPPING; /* it could not come to its end */
        break;
    case WTL_SYS_RESUME:
        guest->suspended = false;
        break;
    case WTL_SYS_STATISTICS:
        frame.count = guest->memory_used + guest->type->state_size + guest->type->settings_size;
        break;
    case WTL_SYS_STATE:
        frame.status = show(host, guest, &state);
        if (frame.status == WTL_OK) {
            frame.body = state.begin;
            frame.size = (uint32_t)wtl_written(&state);
        }
        break;
    case WTL_SYS_REPLACE:
        frame.status = replace(host, guest, &item->msg);
        break;
    case WTL_SYS_TRACE:
        guest->trace_left = count_of(&item->msg);
        break;
    }
    (void)wtl__host_put(host, &frame);
    wtl__message_drop(&state);
    wtl__item_free(item);
}
