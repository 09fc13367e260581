/*
 * signal.c - what the signals do to an actor: links, monitors, exits, and their ends.
 *
 * The rules are those of Erlang's reference manual (Processes: links, monitors, signals); an unlink
 * is acknowledged, so that after wtl_unlink no exit signal of that link is ever seen, also not when
 * both sides link and unlink at the same time.
 */
#include "actor/room.h"
#include "actor/runtime.h"

#include "base/pool.h"

static void send_back(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope,
                      enum wtl__kind kind)
{
    struct wtl_pid to = envelope->msg.from;
    envelope->msg.kind_ = (uint8_t)kind;
    envelope->msg.from = wtl__pid_of(x->runtime, cell);
    (void)wtl__deliver(x->runtime, x, to, envelope);
}

void wtl__cell_fail(struct wtl__cell *cell, struct wtl_reason reason)
{
    if ((cell->flags & WTL__CELL_ENDING) == 0) {
        cell->flags |= WTL__CELL_ENDING;
        /* the first reason wins: whatever goes wrong while it stops, it ends for why it stopped */
        if (cell->state_now != WTL__CELL_STOPPING) {
            cell->reason = reason;
        }
    }
}

void wtl__cell_kill(struct wtl__cell *cell, struct wtl_reason reason)
{
    cell->flags |= WTL__CELL_ENDING | WTL__CELL_BRUTAL;
    cell->reason = reason; /* also while it was stopping: that did not come to its end */
}

void wtl__exit_signal(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope,
                      bool linked)
{
    struct wtl_reason reason = wtl__get_reason(envelope);
    bool own = wtl_pid_equal(envelope->msg.from, wtl__pid_of(x->runtime, cell));
    /* what its parent's end or its supervisor's order says is not for it to trap (OTP: gen_server)
     */
    bool order = linked ? wtl_pid_equal(envelope->msg.from, cell->parent)
                        : (envelope->msg.flags_ & WTL__FLAG_STOP) != 0;
    if (!linked && reason.class_ == WTL_EXIT_KILL) {
        wtl__cell_kill(cell, WTL_REASON(WTL_EXIT_KILLED, "killed"));
    } else if ((cell->flags & WTL__CELL_TRAPS) != 0 && !order) {
        envelope->msg.kind_ = WTL__EXIT;
        envelope->msg.request = linked; /* which of them wtl_unlink takes back */
        wtl__fifo_notice(cell, envelope);
        return;
    } else if (cell->state_now == WTL__CELL_STOPPING) {
        /* it is ending already; only a kill is faster */
    } else if (reason.class_ != WTL_EXIT_NORMAL || (own && !linked) ||
               (linked && (cell->flags & WTL__CELL_TRAPS) != 0)) {
        wtl__cell_fail(cell, reason);
    }
    wtl__envelope_free(envelope);
}

static void on_link(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl_pid peer = envelope->msg.from;
    if (wtl__ties_find(&cell->ties, WTL__TIE_LINK, peer, 0) != NULL) {
        /* linked already; or this side's unlink is under way, which the peer will answer */
        wtl__envelope_free(envelope);
        return;
    }
    wtl__tie_to(x->runtime, cell, peer);
    envelope->msg.request = 0;
    wtl__ties_add(&cell->ties, WTL__TIE_LINK, envelope);
}

static void on_unlink(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_LINK, envelope->msg.from, 0);
    if (tie != NULL && tie->msg.request == 0) {
        wtl__envelope_free(wtl__ties_take(&cell->ties, WTL__TIE_LINK, envelope->msg.from, 0));
    }
    send_back(x, cell, envelope, WTL__UNLINK_ACK);
}

static void on_unlink_ack(struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_LINK, envelope->msg.from, 0);
    if (tie != NULL && tie->msg.request != 0 && tie->msg.request == envelope->msg.request) {
        wtl__envelope_free(wtl__ties_take(&cell->ties, WTL__TIE_LINK, envelope->msg.from, 0));
    }
    wtl__envelope_free(envelope);
}

static void on_exit(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl__envelope *tie = wtl__ties_take(&cell->ties, WTL__TIE_LINK, envelope->msg.from, 0);
    bool active = tie != NULL && tie->msg.request == 0;
    if (tie != NULL) {
        wtl__envelope_free(tie);
    }
    if (active) {
        wtl__exit_signal(x, cell, envelope, true);
    } else {
        wtl__envelope_free(envelope);
    }
}

static enum wtl_status status_of(struct wtl_reason reason)
{
    switch (reason.class_) {
    case WTL_EXIT_NOPROC:
        return WTL_NO_PROCESS;
    case WTL_EXIT_NOCONNECTION:
        return WTL_NO_CONNECTION;
    default:
        return WTL_CLOSED;
    }
}

/* A peer may speak for the actors of its own node, and it may guess the number of a monitor or
 * call: does the signal come from the node that the tie goes to? */
static bool comes_from_there(const struct wtl__envelope *envelope, const struct wtl__envelope *tie)
{
    return envelope->msg.from.node == tie->msg.from.node;
}

/* The pending request that this reply or end is for, and may be for; NULL otherwise. */
static struct wtl__pending *take_pending(struct wtl__ctx *x, struct wtl__cell *cell,
                                         const struct wtl__envelope *envelope)
{
    uint64_t request = envelope->msg.request;
    struct wtl__envelope *tie =
        wtl__ties_find(&cell->ties, WTL__TIE_PENDING, WTL_PID_NONE, request);
    if (tie == NULL) {
        return NULL;
    }
    struct wtl__pending *pending = WTL_CONTAINER(tie, struct wtl__pending, tie);
    /* an actor of this node may reply for the callee */
    if (envelope->msg.kind_ != WTL__ANSWER && !pending->by_name &&
        !comes_from_there(envelope, tie) && envelope->msg.from.node != x->runtime->node) {
        return NULL;
    }
    (void)wtl__ties_take(&cell->ties, WTL__TIE_PENDING, WTL_PID_NONE, request);
    return pending;
}

/* The end of a watched actor, or of one that was called. */
static void on_down(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    uint64_t ref = envelope->msg.request;
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_MONITOR, WTL_PID_NONE, ref);
    if (tie != NULL && comes_from_there(envelope, tie)) {
        (void)wtl__ties_take(&cell->ties, WTL__TIE_MONITOR, WTL_PID_NONE, ref);
        envelope->msg.from = tie->msg.from;
        wtl__envelope_free(tie);
        wtl__fifo_notice(cell, envelope);
        return;
    }
    struct wtl__pending *pending = take_pending(x, cell, envelope);
    if (pending != NULL) {
        pending->reason = wtl__get_reason(envelope);
        wtl__pending_answer(x, cell, pending, status_of(pending->reason), NULL);
    }
    wtl__envelope_free(envelope);
}

static void on_monitor(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl_pid watcher = envelope->msg.from;
    if (wtl__ties_find(&cell->ties, WTL__TIE_WATCHER, watcher, envelope->msg.request) != NULL) {
        wtl__envelope_free(envelope); /* only a peer that repeats itself gets here */
        return;
    }
    wtl__tie_to(x->runtime, cell, watcher);
    wtl__ties_add(&cell->ties, WTL__TIE_WATCHER, envelope);
}

static void drop_tie(struct wtl__cell *cell, enum wtl__tie kind, struct wtl__envelope *envelope)
{
    struct wtl__envelope *tie =
        wtl__ties_take(&cell->ties, kind, envelope->msg.from, envelope->msg.request);
    if (tie != NULL) {
        wtl__envelope_free(tie);
    }
    wtl__envelope_free(envelope);
}

/* Nobody of that node waits any more. */
static void owe_nobody_of(struct wtl__cell *cell, uint64_t node)
{
    struct wtl__envelope *tie = wtl__ties_take_all(&cell->ties);
    while (tie != NULL) {
        struct wtl__envelope *next = tie->next;
        enum wtl__tie kind = wtl__tie_of(tie);
        if (kind == WTL__TIE_OWED && tie->msg.from.node == node) {
            wtl__envelope_free(tie);
        } else {
            wtl__ties_add(&cell->ties, kind, tie);
        }
        tie = next;
    }
}

void wtl__cancelled(struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    if (envelope->msg.kind_ == WTL__CANCEL) {
        drop_tie(cell, WTL__TIE_OWED, envelope);
    } else {
        owe_nobody_of(cell, envelope->msg.from.node);
        wtl__envelope_free(envelope);
    }
}

/* The call itself, or one of the lost node, may still wait in the queue: then its end waits behind
 * it, so that what its handler leaves unanswered is not owed for ever. */
static void wait_behind_calls(struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    if (cell->fifo == NULL && cell->ring == NULL) {
        wtl__envelope_free(envelope);
    } else {
        wtl__fifo_append(cell, envelope);
    }
}

static void on_cancel(struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl__envelope *owed =
        wtl__ties_find(&cell->ties, WTL__TIE_OWED, envelope->msg.from, envelope->msg.request);
    if (owed != NULL) {
        wtl__cancelled(cell, envelope);
    } else {
        wait_behind_calls(cell, envelope);
    }
}

static void on_reply(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl__pending *pending = take_pending(x, cell, envelope);
    if (pending == NULL) {
        wtl__count(x->runtime, WTL__COUNT_LATE_REPLIES);
        wtl__envelope_free(envelope);
        return;
    }
    const struct wtl__envelope *tie = &pending->tie;
    if (envelope->msg.kind_ == WTL__REPLY && !wtl_pid_equal(envelope->msg.from, tie->msg.from)) {
        /* another actor has answered for the callee, which still holds the call */
        struct wtl__envelope *cancel = wtl__envelope_new(WTL__CANCEL);
        if (cancel != NULL) {
            cancel->msg.from = wtl__pid_of(x->runtime, cell);
            cancel->msg.request = tie->msg.request;
            (void)wtl__deliver(x->runtime, x, tie->msg.from, cancel);
        }
    }
    wtl__pending_answer(x, cell, pending, wtl__get_status(envelope), envelope);
}

/* Is the actor held until that one has answered? */
static bool is_held_for(const struct wtl__cell *cell, struct wtl_pid callee)
{
    const struct wtl__envelope *tie =
        (cell->flags & WTL__CELL_HELD) != 0
            ? wtl__ties_find(&cell->ties, WTL__TIE_PENDING, WTL_PID_NONE, cell->held_request)
            : NULL;
    return tie != NULL && wtl_pid_equal(tie->msg.from, callee);
}

static void on_wait(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    uint32_t waiting = wtl__inbox_count(&cell->inbox) - cell->handled;
    if (waiting < wtl__mailbox_low(cell) || is_held_for(cell, envelope->msg.from)) {
        send_back(x, cell, envelope, WTL__RESUME);
        return;
    }
    /* whoever is waited for must run, or two actors could wait for each other for ever */
    cell->flags &= ~WTL__CELL_PARKED;
    envelope->next = cell->waiters;
    cell->waiters = envelope;
}

/* One tie to the lost node: what its actor sees of it. True when the tie is over. */
static bool tie_is_lost(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *tie)
{
    struct wtl_reason reason = WTL_REASON(WTL_EXIT_NOCONNECTION, "noconnection");
    switch (wtl__tie_of(tie)) {
    case WTL__TIE_LINK:
        wtl__set_reason(tie, reason);
        if (tie->msg.request == 0) {
            tie->msg.kind_ = WTL__EXIT;
            wtl__exit_signal(x, cell, tie, true);
        } else {
            wtl__envelope_free(tie);
        }
        return true;
    case WTL__TIE_MONITOR:
        wtl__set_reason(tie, reason);
        tie->msg.kind_ = WTL__DOWN;
        wtl__fifo_notice(cell, tie);
        return true;
    case WTL__TIE_PENDING: {
        struct wtl__pending *pending = WTL_CONTAINER(tie, struct wtl__pending, tie);
        pending->reason = reason;
        wtl__pending_answer(x, cell, pending, WTL_NO_CONNECTION, NULL);
        return true;
    }
    case WTL__TIE_WATCHER:
    case WTL__TIE_OWED:
        wtl__envelope_free(tie);
        return true;
    default:
        return false;
    }
}

static void on_node_down(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    uint64_t node = envelope->msg.from.node;
    struct wtl__envelope *tie = wtl__ties_take_all(&cell->ties);
    wait_behind_calls(cell, envelope);
    while (tie != NULL) {
        struct wtl__envelope *next = tie->next;
        enum wtl__tie kind = wtl__tie_of(tie);
        bool remote = kind <= WTL__TIE_PENDING && tie->msg.from.node == node;
        if (!remote || !tie_is_lost(x, cell, tie)) {
            wtl__ties_add(&cell->ties, kind, tie);
        }
        tie = next;
    }
}

/* Now it is known whose end, and whose node's, ends the call, and who is told if it was given up.
 */
static void on_bound(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl__envelope *tie =
        wtl__ties_find(&cell->ties, WTL__TIE_PENDING, WTL_PID_NONE, envelope->msg.request);
    if (tie == NULL) {
        send_back(x, cell, envelope, WTL__CANCEL);
        return;
    }
    tie->msg.from = envelope->msg.from;
    WTL_CONTAINER(tie, struct wtl__pending, tie)->by_name = false;
    wtl__tie_to(x->runtime, cell, envelope->msg.from);
    if (is_held_for(cell, envelope->msg.from)) {
        wtl__room_spare(x, cell, envelope->msg.from);
    }
    wtl__envelope_free(envelope);
}

static void on_fd(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    struct wtl__watch *watch = WTL_CONTAINER(envelope, struct wtl__watch, signal);
    struct wtl_writer body;
    watch->told = false;
    if (watch->dead) {
        x->runtime->host->fd_unwatch(x, watch);
        return;
    }
    if (!wtl__message_open(&body, 32)) {
        x->runtime->host->fd_rearm(x, watch);
        return;
    }
    wtl_put_map(&body, 2);
    WTL_PUT_KEY(&body, "fd");
    wtl_put_i64(&body, watch->fd);
    WTL_PUT_KEY(&body, "events");
    wtl_put_u64(&body, watch->ready);
    struct wtl__envelope *message = wtl__message_take(&body, WTL__FD);
    message->msg.tag = WTL_TAG("fd");
    /* which one to rearm when it was handled; hidden from the handler, see run.c */
    message->msg.request = (uint64_t)watch->fd;
    wtl__fifo_notice(cell, message);
}

static void signal_of_runtime(struct wtl__ctx *x, struct wtl__cell *cell,
                              struct wtl__envelope *envelope)
{
    switch ((enum wtl__kind)envelope->msg.kind_) {
    case WTL__ALARM:
        wtl__alarm_signal(x, cell, WTL_CONTAINER(envelope, struct wtl__alarm, signal));
        return;
    case WTL__CONTROL: {
        struct wtl__control *control = WTL_CONTAINER(envelope, struct wtl__control, signal);
        control->run(control, x, cell);
        return;
    }
    case WTL__FD:
        on_fd(x, cell, envelope);
        return;
    case WTL__WAIT:
        on_wait(x, cell, envelope);
        return;
    case WTL__RESUME:
        cell->flags &= ~WTL__CELL_PARKED;
        break;
    case WTL__NODE_DOWN:
        on_node_down(x, cell, envelope);
        return;
    case WTL__BOUND:
        on_bound(x, cell, envelope);
        return;
    case WTL__LOCAL:
        wtl__fifo_append(cell, envelope);
        return;
    case WTL__BACK:
        wtl__fifo_front(cell, envelope);
        return;
    default:
        break;
    }
    wtl__envelope_free(envelope);
}

void wtl__signal(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    switch ((enum wtl__kind)envelope->msg.kind_) {
    case WTL__REPLY:
    case WTL__ANSWER:
        on_reply(x, cell, envelope);
        return;
    case WTL__EXIT:
        on_exit(x, cell, envelope);
        return;
    case WTL__EXIT_SEND:
        wtl__exit_signal(x, cell, envelope, false);
        return;
    case WTL__DOWN:
        on_down(x, cell, envelope);
        return;
    case WTL__LINK:
        on_link(x, cell, envelope);
        return;
    case WTL__UNLINK:
        on_unlink(x, cell, envelope);
        return;
    case WTL__UNLINK_ACK:
        on_unlink_ack(cell, envelope);
        return;
    case WTL__MONITOR:
        on_monitor(x, cell, envelope);
        return;
    case WTL__DEMONITOR:
        drop_tie(cell, WTL__TIE_WATCHER, envelope);
        return;
    case WTL__CANCEL:
        on_cancel(cell, envelope);
        return;
    default:
        signal_of_runtime(x, cell, envelope);
        return;
    }
}
