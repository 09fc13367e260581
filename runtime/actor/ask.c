/*
 * ask.c - calls and replies, and everything else that is answered later.
 *
 * A call needs no monitor: the callee holds the call itself among its ties until it has replied,
 * and its end turns the call into a `down` for the caller. The caller holds a pending request; what
 * comes for a request that is not pending any more is a late reply, and is dropped.
 *
 * Thread: the holder of the run token.
 */
#include "actor/ask.h"

#include "actor/deadline.h"
#include "actor/memory.h"
#include "actor/room.h"
#include "base/pool.h"

static const struct wtl_call_options defaults;

static void cancel_at(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_pid callee,
                      uint64_t request)
{
    if (wtl_pid_is_none(callee)) {
        return;
    }
    struct wtl__envelope *cancel = wtl__envelope_new(WTL__CANCEL);
    if (cancel != NULL) {
        cancel->msg.from = wtl__pid_of(x->runtime, cell);
        cancel->msg.request = request;
        (void)wtl__deliver(x->runtime, x, callee, cancel);
    }
}

struct wtl__pending *wtl__pending_new(struct wtl__ctx *x, struct wtl_pid to,
                                      const struct wtl_call_options *options)
{
    options = options != NULL ? options : &defaults;
    WTL_ASSERT(options->context_size <= WTL_CONTEXT_MAX);
    struct wtl__pending *pending = wtl__pool_take(sizeof *pending + options->context_size);
    struct wtl__alarm *alarm = NULL;
    uint64_t request = wtl__ref(x);
    uint32_t deadline = options->deadline_ms == 0 ? WTL_CALL_DEADLINE_MS : options->deadline_ms;
    if (pending != NULL && deadline != WTL_CALL_FOREVER) {
        alarm = wtl__deadline_start(x, request, deadline);
    }
    if (pending == NULL || (alarm == NULL && deadline != WTL_CALL_FOREVER)) {
        wtl__pool_give(pending);
        wtl__cell_fail(x->cell, wtl_reason_of(WTL_NO_MEMORY));
        return NULL;
    }
    *pending = (struct wtl__pending){.alarm = alarm,
                                     .on_answer = options->on_answer,
                                     .carries = deadline <= WTL__UNTIL_MAX_MS,
                                     .context_size = options->context_size};
    if (deadline != WTL_CALL_FOREVER) {
        wtl__deadline_keep(x, pending);
    }
    pending->tie.msg.from = to;
    pending->tie.msg.request = request;
    if (options->context_size > 0) {
        memcpy(pending->context, options->context, options->context_size);
    }
    wtl__ties_add(&x->cell->ties, WTL__TIE_PENDING, &pending->tie);
    wtl__tie_to(x->runtime, x->cell, to);
    if (options->hold) {
        x->cell->flags |= WTL__CELL_HELD;
        x->cell->held_request = request;
        if (WTL_UNLIKELY(x->cell->waiters != NULL)) {
            wtl__room_spare(x, x->cell, to);
        }
    }
    return pending;
}

static void deadline_stop(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__pending *pending)
{
    if (pending->alarm != NULL) {
        wtl__deadline_stop(x, cell, pending->alarm);
        pending->alarm = NULL;
    }
}

void wtl__pending_answer(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__pending *pending,
                         enum wtl_status status, struct wtl__envelope *reply)
{
    deadline_stop(x, cell, pending);
    pending->status = status;
    pending->pid = reply != NULL ? reply->msg.from : pending->tie.msg.from;
    if (pending->pid.local == 0) { /* a node alone: nobody, see wtl__reply_about */
        pending->pid = WTL_PID_NONE;
    }
    pending->reply = reply;
    if (reply != NULL) {
        wtl__memory_replied(cell, reply);
    }
    pending->tie.msg.kind_ = WTL__ANSWER;
    pending->tie.msg.runtime_ = WTL__TIE_PENDING;
    if ((cell->flags & WTL__CELL_HELD) != 0 && cell->held_request == pending->tie.msg.request) {
        wtl__fifo_front(cell, &pending->tie); /* the actor waits for just this */
    } else {
        wtl__fifo_append(cell, &pending->tie);
    }
}

void wtl__pending_free(struct wtl__pending *pending)
{
    WTL_ASSERT(pending->alarm == NULL);
    if (pending->reply != NULL) {
        wtl__envelope_free(pending->reply);
    }
    wtl__pool_give(pending);
}

enum wtl_status wtl__pending_run(struct wtl__ctx *x, struct wtl__pending *pending)
{
    struct wtl__cell *cell = x->cell;
    enum wtl_status status = WTL_OK;
    if (cell->held_request == pending->tie.msg.request) {
        cell->flags &= ~WTL__CELL_HELD;
        cell->held_request = 0;
    }
    if (pending->on_answer != NULL) {
        if (WTL_UNLIKELY(pending->scope.until_ms != 0)) {
            wtl__deadline_resume(x, pending);
        }
        struct wtl_answer answer = {.status = pending->status,
                                    .reason = pending->reason,
                                    .pid = pending->pid,
                                    .request = pending->tie.msg.request};
        if (pending->reply != NULL) {
            answer.message = pending->reply->msg;
            answer.message.request = 0;
            if (answer.message.size == 0) { /* a refused call comes back in its own block */
                answer.message.bytes = NULL;
            }
        }
        status = pending->on_answer(&x->pub, cell->state, &answer, pending->context);
    }
    wtl__pending_free(pending);
    return status;
}

/* Queues the failure of a request that never got to the callee. */
static void answer_here(struct wtl__ctx *x, struct wtl__pending *pending, enum wtl_status status)
{
    struct wtl__envelope *tie =
        wtl__ties_take(&x->cell->ties, WTL__TIE_PENDING, WTL_PID_NONE, pending->tie.msg.request);
    WTL_ASSERT(tie == &pending->tie);
    wtl__pending_answer(x, x->cell, pending, status, NULL);
}

/* An actor that waits for its own answer, and handles nothing meanwhile (OTP: calling_self). */
static bool pending_deadlocks(const struct wtl__ctx *x, struct wtl_pid to,
                              const struct wtl_call_options *options)
{
    return options != NULL && options->hold && wtl_pid_equal(to, wtl__pid_of(x->runtime, x->cell));
}

static uint64_t call_with(struct wtl__ctx *x, struct wtl_pid to, const char *name,
                          struct wtl_tag tag, struct wtl_writer *body,
                          const struct wtl_call_options *options)
{
    struct wtl__pending *pending = wtl__pending_new(x, to, options);
    if (pending == NULL) {
        wtl__message_drop(body);
        return 0;
    }
    uint64_t request = pending->tie.msg.request;
    struct wtl__envelope *envelope =
        body != NULL ? wtl__message_take(body, WTL__CALL) : wtl__call_new();
    if (envelope == NULL) {
        answer_here(x, pending, wtl__message_fault(body));
        return request;
    }
    if (pending_deadlocks(x, to, options)) {
        wtl__envelope_free(envelope);
        answer_here(x, pending, WTL_INVALID);
        return request;
    }
    if (pending->scope.until_ms != 0 && wtl__deadline_is_over(x)) {
        wtl__envelope_free(envelope);
        answer_here(x, pending, WTL_TIMEOUT);
        return request;
    }
    wtl__deadline_put(envelope, pending);
    pending->by_name = name != NULL;
    envelope->msg.tag = tag;
    envelope->msg.from = wtl__pid_of(x->runtime, x->cell);
    envelope->msg.request = request;
    if (name == NULL) {
        (void)wtl__deliver(x->runtime, x, to, envelope);
        return request;
    }
    if (x->runtime->port == NULL) {
        wtl__envelope_free(envelope);
        answer_here(x, pending, WTL_NOT_FOUND);
        return request;
    }
    enum wtl_status status = x->runtime->port->send_name(x->runtime->port_self, x, name, envelope);
    if (status == WTL_NOT_FOUND) {
        answer_here(x, pending, WTL_NOT_FOUND);
    }
    return request;
}

uint64_t wtl__call(struct wtl_ctx *pub, struct wtl_pid to, struct wtl_tag tag,
                   struct wtl_writer *body, const struct wtl_call_options *options)
{
    return call_with(wtl__ctx_of(pub), to, NULL, tag, body, options);
}

uint64_t wtl__call_name(struct wtl_ctx *pub, const char *name, struct wtl_tag tag,
                        struct wtl_writer *body, const struct wtl_call_options *options)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl_pid to = wtl__name_find(x->runtime, name);
    return call_with(x, to, wtl_pid_is_none(to) ? name : NULL, tag, body, options);
}

bool wtl__call_cancel(struct wtl_ctx *pub, uint64_t request)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *tie =
        wtl__ties_take(&x->cell->ties, WTL__TIE_PENDING, WTL_PID_NONE, request);
    if (tie == NULL) {
        return false;
    }
    if (x->cell->held_request == request) {
        x->cell->held_request = 0;
        x->cell->flags &= ~WTL__CELL_HELD;
    }
    cancel_at(x, x->cell, tie->msg.from, request);
    struct wtl__pending *pending = WTL_CONTAINER(tie, struct wtl__pending, tie);
    deadline_stop(x, x->cell, pending);
    wtl__pending_free(pending);
    return true;
}

void wtl__deadline_passed(struct wtl__ctx *x, struct wtl__cell *cell, uint64_t request)
{
    struct wtl__envelope *tie =
        wtl__ties_take(&cell->ties, WTL__TIE_PENDING, WTL_PID_NONE, request);
    if (tie != NULL) {
        struct wtl__pending *pending = WTL_CONTAINER(tie, struct wtl__pending, tie);
        pending->alarm = NULL; /* it is the one whose signal has come; alarm.c frees it */
        cancel_at(x, cell, tie->msg.from, request);
        wtl__pending_answer(x, cell, pending, WTL_TIMEOUT, NULL);
    }
}

/* Gives up the call that is being answered. False: it was answered or cancelled already.
 * `owed_out`: its envelope, which is the caller's now; NULL when it is what the handler handles. */
static bool settle(struct wtl__ctx *x, struct wtl_from from, struct wtl__envelope **owed_out)
{
    struct wtl__envelope *current = x->current;
    if (current != NULL && current->msg.kind_ == WTL__CALL &&
        current->msg.request == from.request && wtl_pid_equal(current->msg.from, from.caller)) {
        current->msg.kind_ = WTL__MESSAGE; /* what is no call any more is freed, not owed */
        return true;
    }
    *owed_out = wtl__ties_take(&x->cell->ties, WTL__TIE_OWED, from.caller, from.request);
    return *owed_out != NULL;
}

/* There is no memory for a reply: the call itself goes back, now or when its handler is done. */
static struct wtl__envelope *reply_of_call(struct wtl__ctx *x, struct wtl_from from,
                                           struct wtl__envelope *owed)
{
    if (owed != NULL) {
        wtl__body_release(owed);
        owed->msg.kind_ = WTL__REPLY;
    } else if (wtl_pid_equal(from.callee, wtl__pid_of(x->runtime, x->cell))) {
        wtl__set_status(x->current, WTL_NO_MEMORY);
        x->current->msg.kind_ = WTL__REPLY;
    }
    return owed;
}

enum wtl_status wtl__reply(struct wtl_ctx *pub, struct wtl_from from, enum wtl_status status,
                           struct wtl_writer *body)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    return wtl__reply_about(pub, from, status, wtl__pid_of(x->runtime, x->cell), body);
}

enum wtl_status wtl__reply_about(struct wtl_ctx *pub, struct wtl_from from, enum wtl_status status,
                                 struct wtl_pid about, struct wtl_writer *body)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl_pid self = wtl__pid_of(x->runtime, x->cell);
    struct wtl__envelope *owed = NULL;
    if (from.request == 0 || wtl_pid_is_none(from.caller)) {
        wtl__message_drop(body);
        return WTL_OK;
    }
    if (wtl_pid_equal(from.callee, self) && !settle(x, from, &owed)) {
        wtl__message_drop(body);
        wtl__count(x->runtime, WTL__COUNT_LATE_REPLIES);
        return WTL_NOT_FOUND;
    }
    wtl__deadline_settled(x, from);
    struct wtl__envelope *reply = wtl__message_take(body, WTL__REPLY);
    if (reply == NULL) {
        reply = wtl__envelope_new(WTL__REPLY);
        status = wtl__message_fault(body);
    }
    if (reply == NULL) {
        reply = reply_of_call(x, from, owed);
        owed = NULL;
        status = WTL_NO_MEMORY;
    }
    if (owed != NULL) {
        wtl__envelope_free(owed);
    }
    if (reply == NULL) {
        return WTL_NO_MEMORY;
    }
    reply->msg.from = about;
    if (wtl_pid_is_none(about)) { /* the caller takes it from this node alone */
        bool is_near = from.caller.node == self.node;
        reply->msg.from = is_near ? (struct wtl_pid){.node = self.node} : self;
    }
    reply->msg.request = from.request;
    wtl__set_status(reply, status);
    return wtl__deliver(x->runtime, x, from.caller, reply);
}

void wtl__call_return(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *call)
{
    struct wtl_pid caller = call->msg.from;
    wtl__body_release(call);
    call->msg.from = wtl__pid_of(x->runtime, cell);
    (void)wtl__deliver(x->runtime, x, caller, call);
}

const struct wtl_msg *wtl__keep(struct wtl_ctx *pub, const struct wtl_msg *message)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *envelope = x->current;
    if (envelope == NULL || &envelope->msg != message ||
        envelope->msg.kind_ == WTL__REPLY) { /* it is needed: there is no memory for another one */
        return NULL;
    }
    if (envelope->msg.kind_ == WTL__CALL) {
        struct wtl__envelope *owed = wtl__envelope_new(WTL__CALL);
        if (owed == NULL) {
            return NULL;
        }
        owed->msg.from = envelope->msg.from;
        owed->msg.request = envelope->msg.request;
        wtl__tie_to(x->runtime, x->cell, owed->msg.from);
        wtl__ties_add(&x->cell->ties, WTL__TIE_OWED, owed);
        envelope->msg.kind_ = WTL__MESSAGE;
    }
    x->current = NULL;
    wtl__ties_add(&x->cell->ties, WTL__TIE_KEPT, envelope);
    wtl__memory_keeps(x->cell, envelope);
    return message;
}

void wtl__release(struct wtl_ctx *pub, const struct wtl_msg *message)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    if (message == NULL) {
        return;
    }
    struct wtl__envelope *tie = wtl__ties_take(&x->cell->ties, WTL__TIE_KEPT, WTL_PID_NONE,
                                               (uint64_t)(uintptr_t)wtl__envelope_of(message));
    WTL_ASSERT(tie != NULL); /* released twice, or never kept */
    wtl__memory_releases(x->cell, tie);
    wtl__envelope_free(tie);
}

void wtl__work_run(struct wtl__work *work)
{
    if (wtl__message_open(&work->result, 64)) {
        work->status = work->fn(work->argument, &work->result);
    } else {
        work->status = WTL_NO_MEMORY;
    }
}

void wtl__work_finish(struct wtl__work *work, struct wtl__ctx *x)
{
    struct wtl__envelope *result = wtl__message_take(&work->result, WTL__ANSWER);
    enum wtl_status status = work->status;
    if (result == NULL) {
        result = work->answer;
        status = wtl__message_fault(&work->result);
    } else {
        wtl__envelope_free(work->answer);
    }
    wtl__answer(work->runtime, x, work->owner, work->request, status, work->owner, result);
    wtl__pool_give(work);
}

uint64_t wtl__work_ask(struct wtl_ctx *pub, wtl_work_fn fn, const void *argument, size_t size,
                       const struct wtl_call_options *options)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__pending *pending = wtl__pending_new(x, WTL_PID_NONE, options);
    if (pending == NULL) {
        return 0;
    }
    uint64_t request = pending->tie.msg.request;
    struct wtl__work *work = wtl__pool_take(sizeof *work + size);
    struct wtl__envelope *answer = wtl__envelope_new(WTL__ANSWER);
    if (work == NULL || answer == NULL) {
        wtl__pool_give(work);
        wtl__pool_give(answer);
        answer_here(x, pending, WTL_NO_MEMORY);
        return request;
    }
    *work = (struct wtl__work){.runtime = x->runtime,
                               .owner = wtl__pid_of(x->runtime, x->cell),
                               .request = request,
                               .fn = fn,
                               .answer = answer,
                               .size = size};
    if (size > 0) {
        memcpy(work->argument, argument, size);
    }
    if (!x->runtime->host->work(x, work)) {
        wtl__pool_give(work);
        wtl__pool_give(answer);
        answer_here(x, pending, WTL_SHUTDOWN);
    }
    return request;
}

/* An answer that is known at once comes by message all the same, and in order. */
uint64_t wtl__ask_now(struct wtl__ctx *x, const struct wtl_call_options *options,
                      enum wtl_status status, struct wtl_pid pid)
{
    struct wtl__pending *pending = wtl__pending_new(x, pid, options);
    if (pending == NULL) {
        return 0;
    }
    uint64_t request = pending->tie.msg.request;
    answer_here(x, pending, status);
    return request;
}
