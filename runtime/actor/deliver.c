/*
 * deliver.c - how an envelope gets to its actor, and what becomes of one that cannot.
 *
 * What cannot be delivered is answered where its sender waits for something: a call, a link, a
 * monitor, an unlink, a blocked sender. Everything else is counted and dropped.
 */
#include "actor/deliver.h"

#include "actor/sys.h"
#include "base/pool.h"

/* Turns a refused envelope into the answer that its sender waits for, or frees it. */
static void bounce(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                   struct wtl__envelope *envelope, struct wtl_reason reason)
{
    struct wtl_pid sender = envelope->msg.from;
    enum wtl__kind answer = 0;
    switch ((enum wtl__kind)envelope->msg.kind_) {
    case WTL__CALL:
    case WTL__MONITOR:
        answer = WTL__DOWN;
        break;
    case WTL__LINK:
        answer = WTL__EXIT;
        break;
    case WTL__UNLINK:
        answer = WTL__UNLINK_ACK;
        break;
    case WTL__WAIT:
        answer = WTL__RESUME;
        break;
    case WTL__BOUND: /* whoever was called by name need not answer */
        answer = WTL__CANCEL;
        break;
    case WTL__ALARM:
        wtl__alarm_free(WTL_CONTAINER(envelope, struct wtl__alarm, signal));
        return;
    case WTL__FD: {
        struct wtl__watch *watch = WTL_CONTAINER(envelope, struct wtl__watch, signal);
        watch->told = false;
        if (watch->dead) {
            runtime->host->fd_unwatch(x, watch);
        }
        return;
    }
    case WTL__CONTROL: {
        struct wtl__control *control = WTL_CONTAINER(envelope, struct wtl__control, signal);
        control->run(control, x, NULL);
        return;
    }
    default:
        break;
    }
    if (answer == 0 || wtl_pid_is_none(sender)) {
        wtl__envelope_free(envelope);
        return;
    }
    wtl__body_release(envelope);
    envelope->msg.kind_ = (uint8_t)answer;
    envelope->msg.from = to;
    wtl__set_reason(envelope, reason);
    (void)wtl__deliver(runtime, x, sender, envelope);
}

/* A call that the mailbox refuses is answered `busy`. */
static void refuse_full(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                        struct wtl__envelope *envelope)
{
    wtl__count(runtime, WTL__COUNT_DROPPED_FULL);
    if (envelope->msg.kind_ != WTL__CALL || wtl_pid_is_none(envelope->msg.from)) {
        wtl__envelope_free(envelope);
        return;
    }
    struct wtl_pid sender = envelope->msg.from;
    wtl__body_release(envelope);
    envelope->msg.kind_ = WTL__REPLY;
    envelope->msg.from = to;
    wtl__set_status(envelope, WTL_BUSY);
    (void)wtl__deliver(runtime, x, sender, envelope);
}

static enum wtl_status deliver_remote(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                      struct wtl_pid to, struct wtl__envelope *envelope)
{
    if (runtime->port != NULL) {
        return runtime->port->send(runtime->port_self, x, to, envelope);
    }
    wtl__count(runtime, WTL__COUNT_DROPPED_REMOTE);
    bounce(runtime, x, to, envelope, WTL_REASON(WTL_EXIT_NOCONNECTION, "noconnection"));
    return WTL_NO_CONNECTION;
}

void wtl__refuse(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                 struct wtl__envelope *envelope, struct wtl_reason reason)
{
    bounce(runtime, x, to, envelope, reason);
}

/* Over the bound of a blocking mailbox: OK while the overdraft lasts. */
static bool overdraft(struct wtl__ctx *x, struct wtl_pid to)
{
    if (x == NULL || x->cell == NULL || x->overdraft >= WTL_OVERDRAFT_MAX) {
        return false;
    }
    x->overdraft++;
    x->blocked_on = to;
    return true;
}

/* What a full mailbox does with the message, by its policy. */
static enum wtl_status over_bound(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                  struct wtl_pid to, struct wtl__cell *cell,
                                  struct wtl__envelope *envelope)
{
    uint32_t before;
    switch (wtl__mailbox_policy(cell)) {
    case WTL_MAILBOX_DROP_NEWEST:
        refuse_full(runtime, x, to, envelope);
        return WTL_OK;
    case WTL_MAILBOX_BLOCK:
        if (overdraft(x, to)) {
            enum wtl__push pushed =
                wtl__inbox_push(&cell->inbox, envelope, 1, WTL__INBOX_COUNT_MAX, &before);
            if (pushed == WTL__WOKE) {
                runtime->host->ready(runtime, x, cell);
            }
            if (pushed == WTL__PUSHED || pushed == WTL__WOKE) {
                return WTL_BUSY;
            }
        }
        break;
    case WTL_MAILBOX_REJECT:
    case WTL_MAILBOX_DROP_OLDEST: /* these have a ring */
    case WTL_MAILBOX_LATEST:
        break;
    }
    refuse_full(runtime, x, to, envelope);
    return WTL_FULL;
}

void wtl__drop(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
               struct wtl__dropped dropped)
{
    while (dropped.list != NULL) {
        struct wtl__envelope *envelope = dropped.list;
        dropped.list = envelope->next;
        if (dropped.replaced) {
            wtl__count(runtime, WTL__COUNT_REPLACED);
            wtl__envelope_free(envelope);
        } else {
            refuse_full(runtime, x, to, envelope);
        }
    }
}

/* Nobody is there, or not any more. */
static enum wtl_status deliver_to_nobody(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                         struct wtl_pid to, struct wtl__envelope *envelope)
{
    if (envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED) {
        wtl__count(runtime, WTL__COUNT_DROPPED_NOPROC);
    }
    bounce(runtime, x, to, envelope, WTL_REASON(WTL_EXIT_NOPROC, "noproc"));
    return WTL_NO_PROCESS;
}

/* To an actor with a ring. */
static enum wtl_status deliver_to_ring(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                       struct wtl_pid to, struct wtl__cell *cell,
                                       struct wtl__envelope *envelope)
{
    struct wtl__dropped dropped;
    enum wtl__push pushed = wtl__ring_push(cell, to.local, envelope, &dropped);
    if (pushed == WTL__WOKE) {
        runtime->host->ready(runtime, x, cell);
    }
    if (pushed == WTL__REFUSED_FULL) {
        refuse_full(runtime, x, to, envelope);
        return WTL_FULL;
    }
    wtl__drop(runtime, x, to, dropped);
    return pushed <= WTL__WOKE ? WTL_OK : deliver_to_nobody(runtime, x, to, envelope);
}

/* What goes to no mailbox of this node costs its sender nothing of its batch. */
static void count_elsewhere(struct wtl__ctx *x, const struct wtl__envelope *envelope)
{
    if (x != NULL && x->cell != NULL) {
        wtl__sys_sent(x->cell, envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED);
    }
}

enum wtl_status wtl__deliver_slow(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                  struct wtl_pid to, struct wtl__envelope *envelope)
{
    if (x != NULL && x->near == WTL__NEAR_TRACED) {
        wtl__trace_out(x, to, envelope);
    }
    if (to.node != runtime->node) {
        count_elsewhere(x, envelope);
        return deliver_remote(runtime, x, to, envelope);
    }
    struct wtl__cell *cell = wtl__cells_find(&runtime->cells, to.local);
    if (cell == NULL) {
        count_elsewhere(x, envelope);
        return deliver_to_nobody(runtime, x, to, envelope);
    }
    uint32_t counted = envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED;
    uint32_t before;
    envelope->msg.runtime_ = (uint16_t)(to.local >> WTL_PID_SLOT_BITS); /* see wtl__deliver_hot */
    if (x != NULL) {
        x->sent += counted;
    }
    switch (wtl__inbox_push(&cell->inbox, envelope, counted, wtl__mailbox_max(cell), &before)) {
    case WTL__PUSHED:
        return WTL_OK;
    case WTL__WOKE:
        return wtl__deliver_woke(runtime, x, cell);
    case WTL__REFUSED_FULL:
        return over_bound(runtime, x, to, cell, envelope);
    case WTL__REFUSED_RING:
        return deliver_to_ring(runtime, x, to, cell, envelope);
    case WTL__REFUSED_CLOSED:
        break;
    }
    return deliver_to_nobody(runtime, x, to, envelope);
}

enum wtl_status wtl__deliver_woke(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                  struct wtl__cell *cell)
{
    runtime->host->ready(runtime, x, cell);
    return WTL_OK;
}

enum wtl_status wtl__deliver(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                             struct wtl__envelope *envelope)
{
    return wtl__deliver_hot(runtime, x, to, envelope, (enum wtl__kind)envelope->msg.kind_);
}

enum wtl_status wtl__deliver_named(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                   struct wtl_pid to, struct wtl__envelope *envelope)
{
    struct wtl__envelope *bound =
        envelope->msg.kind_ == WTL__CALL ? wtl__envelope_new(WTL__BOUND) : NULL;
    if (bound != NULL) { /* without memory the call has its deadline alone */
        bound->msg.from = to;
        bound->msg.request = envelope->msg.request;
        if (wtl__deliver(runtime, x, envelope->msg.from, bound) == WTL_NO_PROCESS) {
            wtl__count(runtime, WTL__COUNT_EXPIRED); /* the caller has ended */
            wtl__envelope_free(envelope);
            return WTL_NO_PROCESS;
        }
    }
    return wtl__deliver(runtime, x, to, envelope);
}

void wtl__deliver_arrived(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                          struct wtl__envelope *envelope)
{
    enum wtl__kind kind = (enum wtl__kind)envelope->msg.kind_;
    bool ties = kind == WTL__CALL || kind == WTL__LINK || kind == WTL__MONITOR;
    struct wtl__cell *cell = ties ? wtl__cells_find(&runtime->cells, to.local) : NULL;
    if (cell != NULL && !wtl__cell_is_remote(cell, WTL__REMOTE_TIES)) {
        wtl__cell_set_remote(cell, WTL__REMOTE_TIES, true);
    }
    (void)wtl__deliver(runtime, x, to, envelope);
}

void wtl__answer(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                 uint64_t request, enum wtl_status status, struct wtl_pid about,
                 struct wtl__envelope *envelope)
{
    if (envelope == NULL) {
        envelope = wtl__envelope_new(WTL__ANSWER);
        if (envelope == NULL) {
            return; /* the request's deadline answers it */
        }
    }
    envelope->msg.kind_ = WTL__ANSWER;
    envelope->msg.from = about;
    envelope->msg.request = request;
    wtl__set_status(envelope, status);
    (void)wtl__deliver(runtime, x, to, envelope);
}

void wtl__node_down(struct wtl__runtime *runtime, uint64_t node)
{
    uint32_t used = wtl__cells_used(&runtime->cells);
    for (uint32_t slot = 0; slot < used; slot++) {
        struct wtl__cell *cell = wtl__cells_at(&runtime->cells, slot);
        /* a tie that is being made meets the broken connection by itself */
        uint64_t local = wtl__cell_now(cell);
        if (local == 0 || !wtl__cell_is_remote(cell, WTL__REMOTE_TIES)) {
            continue;
        }
        struct wtl__envelope *signal = wtl__envelope_new(WTL__NODE_DOWN);
        if (signal != NULL) {
            signal->msg.from.node = node;
            (void)wtl__deliver(runtime, NULL,
                               (struct wtl_pid){.node = runtime->node, .local = local}, signal);
        }
    }
}
