/* calls_ask.c - the calls that are answered later, and the one that waits for its answer. */
#include <stdlib.h>

#include "base/clock.h"
#include "process/host/host.h"
#include "process/tree.h"

static const struct wtl_call_options defaults;

/* ---- requests ------------------------------------------------------------------------------ */

struct wtl__asked *wtl__host_asked(struct wtl__host_ctx *x, uint64_t request,
                                   const struct wtl_call_options *options)
{
    options = options != NULL ? options : &defaults;
    WTL_ASSERT(options->context_size <= WTL_CONTEXT_MAX);
    struct wtl__asked *asked = malloc(sizeof *asked + options->context_size);
    if (asked == NULL) {
        wtl_stop(&x->pub, wtl_reason_of(WTL_NO_MEMORY));
        return NULL;
    }
    *asked = (struct wtl__asked){
        .guest = x->guest, .on_answer = options->on_answer, .context_size = options->context_size};
    if (options->deadline_ms != WTL_CALL_FOREVER) {
        asked->scope = x->scope;
    }
    if (options->context_size > 0) {
        memcpy(asked->context, options->context, options->context_size);
    }
    asked->tie.msg.request = request;
    wtl__ties_add(&x->guest->ties, WTL__TIE_PENDING, &asked->tie);
    x->guest->calls++;
    if (options->hold) {
        x->guest->held = request;
    }
    return asked;
}

void wtl__asked_free(struct wtl__host *host, struct wtl__asked *asked)
{
    (void)wtl__wheel_remove(&host->wheel, &asked->timer);
    asked->guest->calls--;
    free(asked);
}

void wtl__host_answer(struct wtl__host *host, struct wtl__guest *guest, struct wtl__asked *asked,
                      enum wtl_status status, struct wtl_pid pid, struct wtl_reason reason,
                      const void *bytes, uint32_t size)
{
    struct wtl__item *item = wtl__item_new(WTL__ITEM_ANSWER, bytes, size);
    if (item == NULL) {
        abort(); /* the failed allocation is on the board */
    }
    (void)wtl__wheel_remove(&host->wheel, &asked->timer);
    item->asked = asked;
    item->status = status;
    item->reason = reason;
    item->msg.from = pid;
    wtl__guest_push(host, guest, item, guest->held == asked->tie.msg.request);
}

/* Answers at once what never got out of here; it comes by message all the same. */
static void answer_here(struct wtl__host_ctx *x, struct wtl__asked *asked, enum wtl_status status)
{
    struct wtl_reason none = {0};
    (void)wtl__ties_take(&x->guest->ties, WTL__TIE_PENDING, WTL_PID_NONE, asked->tie.msg.request);
    wtl__host_answer(x->host, x->guest, asked, status, WTL_PID_NONE, none, NULL, 0);
}

static bool put_name(struct wtl__pipe_frame *frame, const char *name)
{
    size_t size = name != NULL ? strnlen(name, WTL_NAME_MAX + 1) : 0;
    if (size == 0 || size > WTL_NAME_MAX) {
        return false;
    }
    memcpy(frame->name, name, size + 1);
    return true;
}

/* Sends a request, whose kind, addressee and tag are in the frame. */
static uint64_t ask(struct wtl_ctx *pub, struct wtl__pipe_frame *frame, struct wtl_writer *body,
                    const struct wtl_call_options *options, bool good)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    bool over = x->guest->calls >= WTL__PIPE_CALLS_MAX;
    bool failed = body != NULL && body->failed;
    options = options != NULL ? options : &defaults;
    frame->request = wtl__host_ref(x->host);
    frame->count = wtl__host_bounded_ms(x, options->deadline_ms);
    frame->flags |= options->hold ? WTL__PIPE_HOLD : 0;
    struct wtl__asked *asked = wtl__host_asked(x, frame->request, options);
    if (asked != NULL && failed) {
        answer_here(x, asked, wtl__message_fault(body));
    } else if (asked != NULL) {
        if (body != NULL) {
            frame->body = body->begin;
            frame->size = (uint32_t)wtl_written(body);
        }
        if (over || !wtl__guest_may_send(x->host, x->guest, frame->size)) {
            answer_here(x, asked, WTL_FULL);
        } else if (frame->count == 0) {
            answer_here(x, asked, WTL_TIMEOUT);
        } else if (!good) {
            answer_here(x, asked, WTL_NOT_FOUND);
        } else {
            wtl__guest_send(x->host, x->guest, frame);
        }
    }
    wtl__message_drop(body);
    return asked != NULL ? frame->request : 0;
}

/* ---- the calls ----------------------------------------------------------------------------- */

uint64_t wtl__host_call(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                        struct wtl_writer *body, const struct wtl_call_options *options)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_CALL, .pid = to, .tag = tag};
    return ask(x, &frame, body, options, true);
}

uint64_t wtl__host_call_name(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                             struct wtl_writer *body, const struct wtl_call_options *options)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_CALL_NAME, .tag = tag};
    bool good = put_name(&frame, name);
    return ask(x, &frame, body, options, good);
}

bool wtl__host_call_cancel(struct wtl_ctx *pub, uint64_t request)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_CANCEL, .request = request};
    struct wtl__envelope *tie =
        wtl__ties_take(&x->guest->ties, WTL__TIE_PENDING, WTL_PID_NONE, request);
    if (tie == NULL) {
        return false;
    }
    if (x->guest->held == request) {
        x->guest->held = 0;
    }
    wtl__asked_free(x->host, WTL_CONTAINER(tie, struct wtl__asked, tie));
    wtl__guest_send(x->host, x->guest, &frame);
    return true;
}

void wtl__host_register(struct wtl_ctx *x, const char *name, enum wtl_scope scope,
                        const struct wtl_call_options *options)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_REGISTER,
                                    .flags = scope == WTL_GLOBAL ? WTL__PIPE_GLOBAL : 0};
    bool good = put_name(&frame, name);
    (void)ask(x, &frame, NULL, options, good);
}

void wtl__host_unregister(struct wtl_ctx *pub, const char *name, enum wtl_scope scope)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_UNREGISTER,
                                    .flags = scope == WTL_GLOBAL ? WTL__PIPE_GLOBAL : 0};
    if (put_name(&frame, name)) {
        wtl__guest_send(x->host, x->guest, &frame);
    }
}

void wtl__host_whereis(struct wtl_ctx *x, const char *name, const struct wtl_call_options *options)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_WHEREIS};
    bool good = put_name(&frame, name);
    (void)ask(x, &frame, NULL, options, good);
}

uint64_t wtl__host_supervisor_ask(struct wtl_ctx *x, struct wtl_pid supervisor, int verb,
                                  const char *id, struct wtl_pid pid,
                                  const struct wtl_call_options *options)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_SUPERVISOR,
                                    .pid = supervisor,
                                    .other = pid,
                                    .flags = (uint32_t)verb << WTL__PIPE_VERB_SHIFT};
    bool good = verb >= 0 && verb <= WTL_CHILD_SHOW && (id == NULL || put_name(&frame, id));
    return ask(x, &frame, NULL, options, good);
}

uint64_t wtl__host_supervisor_add(struct wtl_ctx *pub, struct wtl_pid supervisor,
                                  const struct wtl_child *child,
                                  const struct wtl_call_options *options)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_ADD, .pid = supervisor};
    struct wtl_writer body;
    (void)wtl__message_open(&body, 256);
    bool good = child == NULL || /* whatever the pool has */
                wtl__child_put(&body, wtl__host_ctx_of(pub)->host->module, child);
    if (!good) {
        wtl_log(
            pub, WTL_LOG_ERROR,
            "wtl_supervisor_add: the child is too large, or its type is not in WTL_MODULE; of a "
            "pool it needs the type when it has settings");
    }
    return ask(pub, &frame, &body, options, good);
}

/* Who looks into other actors runs in the node. */
uint64_t wtl__host_sys(struct wtl_ctx *pub, struct wtl_pid to, int verb,
                       struct wtl_writer *argument, const struct wtl_call_options *options)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__asked *asked = wtl__host_asked(x, wtl__host_ref(x->host), options);
    (void)to;
    (void)verb;
    wtl__message_drop(argument);
    if (asked == NULL) {
        return 0;
    }
    uint64_t request = asked->tie.msg.request;
    answer_here(x, asked, WTL_UNSUPPORTED);
    return request;
}

/* ---- the one that waits --------------------------------------------------------------------- */

static bool is_found(const struct wtl__host *host, uint64_t request)
{
    return host->found_request == request;
}

struct wtl_pid wtl__host_whereis_local(struct wtl_ctx *pub, const char *name)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_FIND, .request = wtl__host_ref(x->host)};
    if (!put_name(&frame, name)) {
        return WTL_PID_NONE;
    }
    (void)wtl__host_put(x->host, &frame);
    return wtl__host_await(x->host, is_found, frame.request, x->host->orders.budget_ms / 4)
               ? x->host->found
               : WTL_PID_NONE;
}
