/*
 * run.c - one batch of one actor: signals first, then messages in order, then what the result says.
 *
 * A batch may be one message, so that each test on the way counts: all of it is inline, and
 * compiled twice, for actors with a ring or a cap (`special`) and for all others.
 *
 * Thread: the holder of the cell's run token; see cell.h for the states.
 */
#include "actor/ask.h"
#include "actor/deadline.h"
#include "actor/drafts.h"
#include "actor/memory.h"
#include "actor/report.h"
#include "actor/room.h"
#include "actor/runtime.h"
#include "actor/sys.h"
#include "actor/tables.h"
#include "actor/take.h"
#include "actor/upgrade.h"
#include "base/cap.h"

/* Turns around what was taken, newest first. Messages alone, and all of this life, go behind what
 * waits in one piece. */
static WTL_ALWAYS_INLINE void take_in(struct wtl__ctx *x, struct wtl__cell *cell,
                                      struct wtl__envelope *taken)
{
    struct wtl__envelope *last = taken;
    struct wtl__envelope *first = NULL;
    uint16_t generation = (uint16_t)cell->generation;
    bool plain = true;
    while (taken != NULL) {
        struct wtl__envelope *next = taken->next;
        plain &= taken->msg.runtime_ == generation;
        plain &= taken->msg.kind_ <= WTL__KIND_LAST_COUNTED;
        taken->next = first;
        first = taken;
        taken = next;
    }
    if (WTL_UNLIKELY(!plain)) {
        wtl__sort_in(x, cell, first);
        return;
    }
    if (cell->fifo == NULL) {
        cell->fifo = first;
    } else {
        cell->fifo_last->next = first;
    }
    cell->fifo_last = last;
}

/* Takes in what has come, and tells the mailbox what was handled. */
static WTL_ALWAYS_INLINE void take(struct wtl__ctx *x, struct wtl__cell *cell, bool special)
{
    struct wtl__envelope *taken;
    uint32_t handled = cell->handled;
    cell->handled = 0;
    cell->handled_total += handled;
    taken = special ? wtl__take_special(x, cell, handled) : wtl__inbox_take(&cell->inbox, handled);
    if (taken != NULL) {
        take_in(x, cell, taken);
    }
}

static void tell_started(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__envelope *started = cell->started;
    cell->started = NULL;
    cell->flags &= ~(WTL__CELL_ACK | WTL__CELL_INITING);
    if (started != NULL) {
        (void)wtl__deliver(x->runtime, x, cell->parent, started);
    }
}

void wtl__started(struct wtl__ctx *x, struct wtl__cell *cell, enum wtl_status status)
{
    if (status == WTL_OK) {
        tell_started(x, cell);
    } else if (status == WTL_IGNORE) {
        wtl__cell_fail(cell, WTL_REASON(WTL_EXIT_NORMAL, "ignore"));
    } else {
        wtl__cell_fail(cell, wtl_reason_of(status));
    }
}

void wtl__cell_returned(struct wtl__cell *cell, enum wtl_status status,
                        const struct wtl__envelope *current)
{
    struct wtl_reason reason = wtl_reason_of(status);
    if (cell->state_now == WTL__CELL_STOPPING && !wtl_reason_is_quiet(reason)) {
        wtl__stop_report(cell, reason, current != NULL ? &current->msg : NULL);
    }
    wtl__cell_fail(cell, reason);
}

static void start_with(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *args)
{
    const struct wtl_actor *type = cell->type;
    enum wtl_status status = WTL_OK;
    cell->state_now = WTL__CELL_LIVE;
    x->current = args;
    if (type->init != NULL) {
        static const struct wtl_msg none;
        cell->flags |= WTL__CELL_INITING;
        wtl__cell_turn(cell);
        status =
            type->init(&x->pub, cell->state, cell->settings, args != NULL ? &args->msg : &none);
    }
    if (x->current != NULL) { /* not kept */
        x->current = NULL;
        wtl__envelope_free(args);
    }
    if (status != WTL_LATER) {
        wtl__started(x, cell, status);
    }
}

/* Before anything is taken: its queue holds its arguments, or nothing. */
static void start(struct wtl__ctx *x, struct wtl__cell *cell)
{
    if (WTL_UNLIKELY((cell->flags & WTL__CELL_UPGRADING) != 0)) {
        return; /* it waits, and what is in its queue came later */
    }
    struct wtl__envelope *args = cell->fifo;
    if (args != NULL) {
        cell->fifo = args->next;
    }
    if (WTL_UNLIKELY(wtl__runtime_has_versions(x->runtime)) &&
        !wtl__upgrade_may_start(x, cell, args)) {
        return;
    }
    start_with(x, cell, args);
}

/* An errand of an upgrade, which may be that it begins now. */
static void do_errand(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__envelope *args = NULL;
    if (wtl__upgrade_turn(x, cell, &args) && wtl__upgrade_may_start(x, cell, args)) {
        start_with(x, cell, args);
    }
}

static WTL_ALWAYS_INLINE enum wtl_status handle(struct wtl__ctx *x, struct wtl__cell *cell,
                                                const struct wtl__envelope *envelope)
{
    const struct wtl_actor *type = cell->type;
    return type->handle != NULL ? type->handle(&x->pub, cell->state, &envelope->msg) : WTL_OK;
}

/* The function of the actor that this envelope is for. */
static enum wtl_status dispatch(struct wtl__ctx *x, struct wtl__cell *cell,
                                struct wtl__envelope *envelope)
{
    const struct wtl_actor *type = cell->type;
    switch ((enum wtl__kind)envelope->msg.kind_) {
    case WTL__EXIT: {
        struct wtl_exit exit = {.from = envelope->msg.from, .reason = wtl__get_reason(envelope)};
        return type->exited != NULL ? type->exited(&x->pub, cell->state, &exit) : WTL_OK;
    }
    case WTL__DOWN: {
        struct wtl_down down = {.ref = envelope->msg.request,
                                .pid = envelope->msg.from,
                                .reason = wtl__get_reason(envelope)};
        return type->down != NULL ? type->down(&x->pub, cell->state, &down) : WTL_OK;
    }
    default:
        return handle(x, cell, envelope);
    }
}

/* A call that its handler has not answered stays owed; everything else is over. */
static void finish(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    if (envelope->msg.kind_ == WTL__CALL) {
        if (!wtl_pid_is_none(envelope->msg.from) &&
            wtl__ties_find(&cell->ties, WTL__TIE_OWED, envelope->msg.from, envelope->msg.request) ==
                NULL) {
            wtl__tie_to(x->runtime, cell, envelope->msg.from);
            wtl__ties_add(&cell->ties, WTL__TIE_OWED, envelope);
            return;
        }
    } else if (envelope->msg.kind_ == WTL__REPLY) {
        wtl__call_return(x, cell, envelope);
        return;
    }
    wtl__envelope_free(envelope);
}

static void rearm(struct wtl__ctx *x, struct wtl__cell *cell, uint64_t fd)
{
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_FD, WTL_PID_NONE, fd);
    if (tie != NULL) {
        x->runtime->host->fd_rearm(x, WTL_CONTAINER(tie, struct wtl__watch, tie));
    }
}

/* What is no message leaves the queue; a number that is nobody's business is hidden. Returns the
 * file descriptor if it is its readiness. */
static uint64_t notice_leaves(struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    uint64_t number = envelope->msg.request;
    switch ((enum wtl__kind)envelope->msg.kind_) {
    case WTL__EXIT:
    case WTL__DOWN:
        cell->notices--;
        break;
    case WTL__FD:
        cell->notices--;
        envelope->msg.request = 0;
        return number;
    case WTL__TICK:
        wtl__timer_ticks(cell, number);
        envelope->msg.request = 0;
        break;
    default:
        break;
    }
    return 0;
}

/* Is it for the actor's functions, and not for what runs them elsewhere? */
static bool is_its_own(enum wtl__kind kind)
{
    return kind != WTL__CANCEL && kind != WTL__BACK;
}

/* All but an ordinary message. */
static __attribute__((noinline)) void handle_other(struct wtl__ctx *x, struct wtl__cell *cell,
                                                   struct wtl__envelope *envelope)
{
    enum wtl__kind kind = (enum wtl__kind)envelope->msg.kind_;
    enum wtl_status status;
    uint64_t fd = 0;
    if (kind == WTL__CALL) {
        cell->handled++;
        if (wtl__has_until(envelope) && !wtl__deadline_begin(x, envelope)) {
            wtl__envelope_free(envelope);
            return;
        }
    } else {
        fd = notice_leaves(cell, envelope);
        cell->handled_total += is_its_own(kind);
    }
    if (kind == WTL__CANCEL || kind == WTL__NODE_DOWN) {
        wtl__cancelled(cell, envelope);
        return;
    }
    x->current = envelope; /* where a fault leaves it */
    if (kind == WTL__ANSWER) {
        status = wtl__pending_run(x, WTL_CONTAINER(envelope, struct wtl__pending, tie));
        x->current = NULL; /* it is freed */
        if (WTL_UNLIKELY(status != WTL_OK)) {
            wtl__cell_returned(cell, status, NULL);
        }
        return;
    }
    status = dispatch(x, cell, envelope);
    if (WTL_UNLIKELY(status != WTL_OK)) {
        wtl__cell_returned(cell, status, x->current);
    }
    if (WTL_LIKELY(x->current != NULL)) {
        x->current = NULL;
        finish(x, cell, envelope);
    }
    if (kind == WTL__FD) {
        rearm(x, cell, fd);
    }
}

static WTL_ALWAYS_INLINE void handle_one(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__envelope *envelope = cell->fifo;
    cell->fifo = envelope->next;
    wtl__cell_turn(cell);
    if (WTL_UNLIKELY(envelope->msg.kind_ != WTL__MESSAGE)) {
        handle_other(x, cell, envelope);
        return;
    }
    cell->handled++;
    x->current = envelope;
    enum wtl_status status = handle(x, cell, envelope);
    if (WTL_UNLIKELY(status != WTL_OK)) {
        wtl__cell_returned(cell, status, x->current);
    }
    if (WTL_LIKELY(x->current != NULL)) { /* it was not kept */
        x->current = NULL;
        wtl__envelope_free(envelope);
    }
}

/* What one of the actor's functions has left to be done when it has returned. */
static void after_function(struct wtl__ctx *x, struct wtl__cell *cell)
{
    bool over_a_bound = x->overdraft != 0;
    if (x->borrowed != 0) {
        wtl__tables_return(x);
    }
    x->after = 0;
    if (over_a_bound) {
        wtl__room_wait(x, cell);
    }
}

/* An actor that handles nothing now but signals, and what it waits for: the answer that it is held
 * for, what has come back. */
static inline bool is_blocked(const struct wtl__cell *cell)
{
    return (cell->flags & (WTL__CELL_ENDING | WTL__CELL_SUSPENDED | WTL__CELL_PARKED |
                           WTL__CELL_HELD | WTL__CELL_AWAY | WTL__CELL_UPGRADING)) != 0;
}

/* The queue is empty: the next message of a ring, if the actor has one. */
static bool next_of_ring(struct wtl__cell *cell)
{
    if (cell->ring == NULL || is_blocked(cell) || !wtl__ring_next(cell)) {
        return false;
    }
    wtl__memory_enters(cell, cell->fifo);
    return true;
}

static WTL_ALWAYS_INLINE bool may_handle(struct wtl__cell *cell, bool special)
{
    if (cell->fifo == NULL && (!special || !next_of_ring(cell))) {
        return false;
    }
    if (WTL_LIKELY(!is_blocked(cell))) {
        return true;
    }
    if ((cell->flags & (WTL__CELL_ENDING | WTL__CELL_UPGRADING)) != 0) {
        return false;
    }
    /* what has come back was done before it was suspended, and is to be sent on where there is room
     */
    uint32_t waits = cell->fifo->msg.kind_ == WTL__BACK ? WTL__CELL_PARKED : WTL__CELL_SUSPENDED;
    return wtl__is_awaited(cell) && (cell->flags & waits) == 0;
}

/* A message sent costs as much of a batch as so many that are handled: whoever floods gives way
 * before what it sends has left the processor's cache, and its receiver keeps up with it. */
#define SEND_COST 3u

/* Handles what may be handled, until the budget is used up. */
static WTL_ALWAYS_INLINE void handle_some(struct wtl__ctx *x, struct wtl__cell *cell, int *budget,
                                          bool special)
{
    for (;;) {
        if (WTL_UNLIKELY(x->after != 0)) { /* of a handler, or of init */
            after_function(x, cell);
        }
        if (*budget <= 0 || !may_handle(cell, special)) {
            break;
        }
        if (special) {
            wtl__memory_leaves(cell, cell->fifo);
            wtl__trace_in(x, cell);
        }
        handle_one(x, cell);
        if (special) {
            x->near = x->runtime->node;
            wtl__sys_sent(cell, x->sent);
        }
        *budget -= (int)(1 + SEND_COST * x->sent);
        x->sent = 0;
    }
    if (WTL_UNLIKELY(cell->waiters != NULL)) {
        wtl__room_give(x, cell);
    }
}

/* The cell is ending: runs its stop function once, and tells whether it is over now. */
static bool stop_is_over(struct wtl__ctx *x, struct wtl__cell *cell)
{
    bool brutal = (cell->flags & WTL__CELL_BRUTAL) != 0;
    if (WTL_UNLIKELY((cell->flags & WTL__CELL_UPGRADING) != 0)) {
        wtl__upgrade_leave(x, cell); /* as the version that it is */
    }
    if (brutal || cell->state_now == WTL__CELL_NEW) {
        return true;
    }
    if (cell->state_now == WTL__CELL_LIVE) {
        cell->state_now = WTL__CELL_STOPPING;
        if ((cell->flags & WTL__CELL_INITING) != 0) { /* there is nothing whole to be stopped */
            cell->flags |= WTL__CELL_BRUTAL;
            return true;
        }
        if (cell->type->stop == NULL) {
            return true;
        }
        cell->flags &=
            ~(WTL__CELL_ENDING | WTL__CELL_HELD | WTL__CELL_PARKED | WTL__CELL_SUSPENDED);
        wtl__cell_turn(cell);
        enum wtl_status status = cell->type->stop(&x->pub, cell->state, cell->reason);
        if (status != WTL_LATER) {
            wtl__cell_returned(cell, status, NULL);
        }
        return (cell->flags & WTL__CELL_ENDING) != 0;
    }
    return true; /* wtl_done has come, or another end */
}

/* Gives the run token back. After true, another worker may hold it: the cell is not touched. */
static WTL_ALWAYS_INLINE bool goes_idle(struct wtl__cell *cell, bool special)
{
    uint32_t handled = cell->handled;
    cell->handled = 0;
    cell->handled_total += handled;
    if (special && cell->ring != NULL) {
        return wtl__ring_idle(cell, handled, is_blocked(cell));
    }
    bool idle = cell->fifo == NULL ? wtl__inbox_idle(&cell->inbox, handled)
                                   : wtl__inbox_idle_with(&cell->inbox, handled);
    if (!idle) {
        cell->handled = handled;
        cell->handled_total -= handled;
    }
    return idle;
}

static WTL_ALWAYS_INLINE enum wtl__run run_batch(struct wtl__ctx *x, struct wtl__cell *cell,
                                                 unsigned messages, bool special)
{
    int budget = (int)messages;
    x->cell = cell;
    x->sent = 0;
    x->after = 0; /* what the actor before this one sent as its last */
    if (WTL_UNLIKELY(cell->state_now == WTL__CELL_NEW && (cell->flags & WTL__CELL_ENDING) == 0)) {
        start(x, cell);
    }
    for (;;) {
        take(x, cell, special);
        handle_some(x, cell, &budget, special);
        if (WTL_UNLIKELY(x->drafts != NULL)) {
            wtl__drafts_keep(x, cell); /* for later, maybe on another thread */
        }
        if (WTL_UNLIKELY((cell->flags & WTL__CELL_ERRANDS) != 0)) {
            if ((cell->flags & WTL__CELL_ASKED) != 0) {
                wtl__sys_serve(x, cell);
            }
            if ((cell->flags & (WTL__CELL_ENDING | WTL__CELL_ERRAND)) == WTL__CELL_ERRAND) {
                do_errand(x, cell);
                continue;
            }
            if ((cell->flags & WTL__CELL_ENDING) != 0 && stop_is_over(x, cell)) {
                wtl__cell_end(x, cell);
                return WTL__RUN_ENDED;
            }
            continue;
        }
        if (budget <= 0 && may_handle(cell, special)) {
            return WTL__RUN_AGAIN;
        }
        if (goes_idle(cell, special)) {
            return WTL__RUN_IDLE;
        }
        if (budget <= 0) {
            return WTL__RUN_AGAIN;
        }
    }
}

static __attribute__((noinline, cold)) enum wtl__run
run_special(struct wtl__ctx *x, struct wtl__cell *cell, unsigned messages)
{
    /* the runtime's own goes on when memory is scarce */
    bool is_system = (cell->flags & WTL__CELL_SYSTEM) != 0;
    enum wtl__need before = wtl__cap_enter(is_system ? WTL__NEED_RUNTIME : WTL__NEED_ACTOR);
    enum wtl__run result = run_batch(x, cell, messages, true);
    wtl__cap_leave(before);
    return result;
}

enum wtl__run wtl__cell_run(struct wtl__ctx *x, struct wtl__cell *cell, unsigned messages)
{
    enum wtl__run result = WTL_LIKELY((cell->flags & WTL__CELL_SPECIAL) == 0)
                               ? run_batch(x, cell, messages, false)
                               : run_special(x, cell, messages);
    x->cell = NULL;
    return result;
}
