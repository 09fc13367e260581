/*
 * life.c - the begin and the end of actors.
 *
 * Thread: spawn from any; the end by the holder of the run token.
 */
#include "actor/runtime.h"

#include <stdlib.h>

#include "actor/ask.h"
#include "actor/drafts.h"
#include "actor/memory.h"
#include "actor/names.h"
#include "actor/report.h"
#include "actor/settings.h"
#include "actor/sys.h"
#include "actor/tables.h"
#include "actor/upgrade.h"
#include "base/cap.h"
#include "base/pool.h"

/* Fills the parts of a fresh cell that the spawner decides. */
static void cell_setup(struct wtl__runtime *runtime, struct wtl__cell *cell,
                       const struct wtl_actor *type, struct wtl_pid parent, uint32_t flags)
{
    (void)runtime;
    uint32_t bound = type->mailbox_max == 0 ? WTL_MAILBOX_DEFAULT : type->mailbox_max;
    uint32_t slot = cell->slot;
    uint64_t generation = cell->generation;
    char *begin = (char *)&cell->flags;
    memset(begin, 0, offsetof(struct wtl__cell, turns) - offsetof(struct wtl__cell, flags));
    cell->slot = slot;
    cell->generation = generation;
    wtl__cell_reset(cell, bound, type->mailbox_policy, type->priority);
    cell->flags = flags | (type->memory_max > 0 ? WTL__CELL_CAPPED : 0);
    cell->type = type;
    cell->parent = parent;
    cell->state_now = WTL__CELL_NEW;
}

/* State and settings; false when memory is exhausted or a setting is mandatory and missing. `given`
 * is the type whose settings they are: an older version's, perhaps. */
static enum wtl_status cell_blocks(struct wtl__cell *cell, const struct wtl_actor *given,
                                   const void *settings)
{
    const struct wtl_actor *type = cell->type;
    if (type->state_size > 0) {
        cell->state = wtl__pool_take(type->state_size);
        if (cell->state == NULL) {
            return WTL_NO_MEMORY;
        }
        memset(cell->state, 0, type->state_size);
    }
    if (WTL_UNLIKELY(given != type) && settings != NULL) {
        struct wtl_error error;
        enum wtl_status status =
            wtl__settings_carry(NULL, given, settings, type, &cell->settings, &error);
        if (status != WTL_OK) {
            wtl__upgrade_report(cell, error.text);
        }
        return status;
    }
    if (type->settings_size > 0) {
        cell->settings = wtl__pool_take(wtl__settings_size(type, settings));
        if (cell->settings == NULL) {
            return WTL_NO_MEMORY;
        }
        if (settings != NULL) {
            wtl__settings_copy(type, settings, cell->settings);
            return WTL_OK;
        }
        memset(cell->settings, 0, type->settings_size);
        return wtl__settings_default(type, cell->settings, NULL);
    }
    return WTL_OK;
}

/* The two halves of the link between a spawner and its child; both exist before either runs. */
static bool link_both(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_pid pid)
{
    struct wtl__envelope *here = wtl__envelope_new(WTL__LINK);
    struct wtl__envelope *there = wtl__envelope_new(WTL__LINK);
    if (here == NULL || there == NULL) {
        if (here != NULL) {
            wtl__envelope_free(here);
        }
        if (there != NULL) {
            wtl__envelope_free(there);
        }
        return false;
    }
    here->msg.from = pid;
    there->msg.from = wtl__pid_of(x->runtime, x->cell);
    wtl__ties_add(&x->cell->ties, WTL__TIE_LINK, here);
    wtl__ties_add(&cell->ties, WTL__TIE_LINK, there);
    return true;
}

static bool watch_child(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_pid pid,
                        uint64_t *ref_out)
{
    struct wtl__envelope *here = wtl__envelope_new(WTL__MONITOR);
    struct wtl__envelope *there = wtl__envelope_new(WTL__MONITOR);
    uint64_t ref = wtl__ref(x);
    if (here == NULL || there == NULL) {
        if (here != NULL) {
            wtl__envelope_free(here);
        }
        if (there != NULL) {
            wtl__envelope_free(there);
        }
        return false;
    }
    here->msg.from = pid;
    here->msg.request = ref;
    there->msg.from = wtl__pid_of(x->runtime, x->cell);
    there->msg.request = ref;
    wtl__ties_add(&x->cell->ties, WTL__TIE_MONITOR, here);
    wtl__ties_add(&cell->ties, WTL__TIE_WATCHER, there);
    if (ref_out != NULL) {
        *ref_out = ref;
    }
    return true;
}

/* A tie to the child cannot be made, so the spawner would never hear of its end: as with wtl_link,
 * it is the spawner that fails. */
static enum wtl_status no_tie(struct wtl__ctx *x)
{
    wtl__cell_fail(x->cell, wtl_reason_of(WTL_NO_MEMORY));
    return WTL_NO_MEMORY;
}

/* What the options ask for; the status becomes the child's reason when it is not OK. */
static enum wtl_status apply_options(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                     struct wtl__cell *cell, struct wtl_pid pid,
                                     const struct wtl_spawn_options *options)
{
    bool inside = x != NULL && x->cell != NULL;
    if (options->link && inside && !link_both(x, cell, pid)) {
        return no_tie(x);
    }
    if (options->monitor && inside && !watch_child(x, cell, pid, options->ref_out)) {
        return no_tie(x);
    }
    if (options->ack && inside) {
        cell->started = wtl__envelope_new(WTL__LOCAL);
        if (cell->started == NULL) {
            return no_tie(x);
        }
        cell->started->msg.tag = WTL_TAG("started");
        cell->started->msg.from = pid;
        cell->flags |= WTL__CELL_ACK;
    }
    if (options->args != NULL) {
        struct wtl__envelope *args = wtl__message_take(options->args, WTL__LOCAL);
        if (args == NULL) {
            return wtl__message_fault(options->args);
        }
        args->msg.tag = WTL_TAG("args");
        wtl__fifo_append(cell, args);
    }
    if (options->name != NULL) {
        return wtl__name_hold(runtime, cell, pid, options->name);
    }
    return WTL_OK;
}

/* Is no actor of that type to be started, or of the one inside of it? */
static bool is_refused(const struct wtl__runtime *runtime, const struct wtl_actor *type,
                       const void *settings)
{
    const struct wtl_around *around = wtl__type_around(type);
    if (around != NULL && settings != NULL) {
        type = wtl__version_now(runtime, around->look(NULL, settings).type);
    }
    return wtl__type_is_refused(runtime, type);
}

struct wtl_pid wtl__spawn_at(struct wtl__runtime *runtime, struct wtl__ctx *x,
                             struct wtl__cell *cell, const struct wtl_actor *type,
                             const struct wtl_spawn_options *options, uint32_t flags)
{
    struct wtl_pid parent = WTL_PID_NONE;
    if (x != NULL && x->cell != NULL) {
        parent = wtl__pid_of(runtime, x->cell);
    }
    const struct wtl_actor *given = type;
    type = wtl__version_now(runtime, given);
    cell_setup(runtime, cell, type, parent, flags);
    struct wtl_pid pid = wtl__pid_of(runtime, cell);
    bool has_mailbox = wtl__ring_open(cell);
    wtl__cell_open(cell); /* before it has a name: whoever finds that reaches the actor */
    enum wtl_status status = cell_blocks(cell, given, options != NULL ? options->settings : NULL);
    if (!has_mailbox) {
        status = WTL_NO_MEMORY;
    }
    if (is_refused(runtime, type, cell->settings)) {
        status = WTL_FAULT;
    }
    if (options != NULL) {
        enum wtl_status asked = apply_options(runtime, x, cell, pid, options);
        wtl__message_drop(options->args); /* when it did not come to them */
        status = status == WTL_OK ? asked : status;
    }
    if (status != WTL_OK) {
        wtl__cell_fail(cell, wtl_reason_of(status));
    }
    wtl__count_spawned(runtime, 1);
    runtime->host->ready(runtime, x, cell);
    return pid;
}

struct wtl_pid wtl__spawn(struct wtl__runtime *runtime, struct wtl__ctx *x,
                          const struct wtl_actor *type, const struct wtl_spawn_options *options,
                          uint32_t flags)
{
    struct wtl__cell *cell = wtl__cells_take(&runtime->cells, x != NULL ? &x->free_cells : NULL);
    if (cell == NULL) {
        if (options != NULL) {
            wtl__message_drop(options->args);
        }
        wtl__count(runtime, WTL__COUNT_DROPPED_MEMORY);
        return WTL_PID_NONE;
    }
    return wtl__spawn_at(runtime, x, cell, type, options, flags);
}

/* A tie is over because the actor is: whoever waits at the other end is told. */
static void tie_end(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *tie)
{
    struct wtl_pid to = tie->msg.from;
    struct wtl_pid self = wtl__pid_of(x->runtime, cell);
    enum wtl__kind kind = 0;
    switch (wtl__tie_of(tie)) {
    case WTL__TIE_LINK:
        kind = tie->msg.request == 0 ? WTL__EXIT : 0;
        break;
    case WTL__TIE_WATCHER:
    case WTL__TIE_OWED:
        kind = WTL__DOWN;
        break;
    case WTL__TIE_MONITOR:
        kind = WTL__DEMONITOR;
        break;
    case WTL__TIE_PENDING: {
        struct wtl__pending *pending = WTL_CONTAINER(tie, struct wtl__pending, tie);
        struct wtl__envelope *cancel = wtl_pid_is_none(to) ? NULL : wtl__envelope_new(WTL__CANCEL);
        if (cancel != NULL) {
            cancel->msg.from = self;
            cancel->msg.request = tie->msg.request;
            (void)wtl__deliver(x->runtime, x, to, cancel);
        }
        wtl__pending_free(pending);
        return;
    }
    default:
        break;
    }
    if (kind == 0) {
        wtl__envelope_free(tie);
        return;
    }
    wtl__body_release(tie);
    tie->msg.kind_ = (uint8_t)kind;
    tie->msg.from = self;
    wtl__set_reason(tie, cell->reason);
    (void)wtl__deliver(x->runtime, x, to, tie);
}

static void deadline_end(struct wtl__ctx *x, struct wtl__alarm **alarm)
{
    if (*alarm != NULL) {
        wtl__alarm_stop(x, *alarm);
        *alarm = NULL;
    }
}

/* Names and tables go before anyone hears of the end (OTP: they are freed before DOWN). What the
 * host holds (alarms, watches) is stopped while their signals can still arrive. */
static struct wtl__envelope *release_quiet_ties(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__envelope *tie = wtl__ties_take_all(&cell->ties);
    struct wtl__envelope *loud = NULL;
    while (tie != NULL) {
        struct wtl__envelope *next = tie->next;
        switch (wtl__tie_of(tie)) {
        case WTL__TIE_NAME:
            wtl__name_release(x->runtime, tie);
            break;
        case WTL__TIE_ALARM:
            wtl__alarm_stop(x, WTL_CONTAINER(tie, struct wtl__alarm, tie));
            break;
        case WTL__TIE_FD:
            wtl__watch_stop(x, WTL_CONTAINER(tie, struct wtl__watch, tie));
            break;
        case WTL__TIE_KEPT:
            wtl__envelope_free(tie);
            break;
        case WTL__TIE_END: {
            struct wtl__ending *ending = WTL_CONTAINER(tie, struct wtl__ending, tie);
            ending->run(ending, x, cell);
            break;
        }
        case WTL__TIE_TRIAL:
            wtl__trial_drop(x, cell, tie);
            break;
        case WTL__TIE_DRAFTS:
            wtl__drafts_end(cell, tie);
            break;
        case WTL__TIE_FAR: /* it is a part of the actor's state */
            break;
        case WTL__TIE_TABLE:
            wtl__table_leave_owner(x, tie, wtl__pid_of(x->runtime, cell));
            break;
        case WTL__TIE_PENDING:
            deadline_end(x, &WTL_CONTAINER(tie, struct wtl__pending, tie)->alarm);
            tie->next = loud;
            loud = tie;
            break;
        default:
            tie->next = loud;
            loud = tie;
            break;
        }
        tie = next;
    }
    deadline_end(x, &cell->spare);
    if ((cell->flags & WTL__CELL_NAMES) != 0 && x->runtime->port != NULL) {
        x->runtime->port->names_drop(x->runtime->port_self, wtl__pid_of(x->runtime, cell));
    }
    return loud;
}

/* A message that was never handled: a call's caller hears how the actor ended. */
static void refuse_unhandled(struct wtl__ctx *x, struct wtl__cell *cell,
                             struct wtl__envelope *envelope)
{
    switch ((enum wtl__kind)envelope->msg.kind_) {
    case WTL__ANSWER: /* in the queue it is the pending request that was answered */
        wtl__pending_free(WTL_CONTAINER(envelope, struct wtl__pending, tie));
        return;
    case WTL__REPLY: /* after a fault */
        wtl__call_return(x, cell, envelope);
        return;
    case WTL__EXIT:
    case WTL__DOWN:
    case WTL__FD:
    case WTL__TICK:
    case WTL__LOCAL:
        break;
    default:
        wtl__refuse(x->runtime, x, wtl__pid_of(x->runtime, cell), envelope, cell->reason);
        return;
    }
    wtl__envelope_free(envelope);
}

/* Everything in the mailbox, which is closed from now on. */
static void refuse_all(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__envelope *late;
    if (cell->ring != NULL) {
        struct wtl__envelope *seen = wtl__ring_close(cell, &late);
        while (seen != NULL) {
            struct wtl__envelope *next = seen->next;
            wtl__fifo_append(cell, seen);
            seen = next;
        }
    } else {
        late = wtl__inbox_reverse(wtl__inbox_close(&cell->inbox));
    }
    while (cell->fifo != NULL) {
        struct wtl__envelope *envelope = cell->fifo;
        cell->fifo = envelope->next;
        refuse_unhandled(x, cell, envelope);
    }
    while (late != NULL) {
        struct wtl__envelope *envelope = late;
        late = envelope->next;
        wtl__refuse(x->runtime, x, wtl__pid_of(x->runtime, cell), envelope, cell->reason);
    }
}

/* It has ended before its init was over: whoever wanted "started" hears why it does not come. */
static void tell_not_started(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__envelope *message = cell->started;
    struct wtl_writer body;
    char word[16];
    if (message == NULL) {
        return;
    }
    cell->started = NULL;
    if (wtl__message_open(&body, sizeof word)) { /* without memory it goes without the word */
        wtl__envelope_free(message);
        wtl_put_str(&body, word, wtl_tag_text(cell->reason.word, word));
        message = wtl__message_take(&body, WTL__LOCAL);
        message->msg.from = wtl__pid_of(x->runtime, cell);
    }
    message->msg.tag = WTL_TAG("not_started");
    (void)wtl__deliver(x->runtime, x, cell->parent, message);
}

void wtl__cell_end(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__runtime *runtime = x->runtime;
    cell->state_now = WTL__CELL_DEAD;
    if (WTL_UNLIKELY(x->borrowed != 0)) { /* by its stop function */
        wtl__tables_return(x);
    }
    if ((cell->flags & WTL__CELL_BRUTAL) != 0) {
        wtl__drafts_free(&x->drafts);
    } else {
        wtl__drafts_forget(&x->drafts); /* what its stop function has left open */
    }
    x->cell = NULL; /* nothing that follows is sent, spawned or parked by the actor itself */
    if (!wtl_reason_is_quiet(cell->reason)) {
        wtl__count(runtime, WTL__COUNT_CRASHED);
        runtime->crash(runtime->crash_context, runtime, cell,
                       x->current != NULL ? &x->current->msg : NULL);
    }
    if (x->current != NULL) { /* a fault has left it in the middle of a message */
        struct wtl__envelope *current = x->current;
        x->current = NULL;
        refuse_unhandled(x, cell, current);
    }
    struct wtl__envelope *ties = release_quiet_ties(x, cell);
    wtl__cell_vanish(cell);
    refuse_all(x, cell);
    tell_not_started(x, cell);
    while (ties != NULL) {
        struct wtl__envelope *next = ties->next;
        tie_end(x, cell, ties);
        ties = next;
    }
    while (cell->waiters != NULL) {
        struct wtl__envelope *waiter = cell->waiters;
        cell->waiters = waiter->next;
        wtl__refuse(runtime, x, wtl__pid_of(runtime, cell), waiter, cell->reason);
    }
    wtl__sys_end(x, cell);
    wtl__memory_free_all(cell);
    wtl__pool_give(cell->state);
    wtl__pool_give(cell->settings);
    wtl__cells_give(&runtime->cells, &x->free_cells, cell);
}

void wtl__cell_fault(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_reason reason)
{
    /* what it sent past blocking bounds before: an actor that is gone is not parked */
    x->overdraft = 0;
    wtl__tables_return(x); /* also what a select was about to show it */
    x->blocked_on = WTL_PID_NONE;
    x->near = x->runtime->node;
    x->pub.stage = NULL; /* a flow sets both around a stage's functions, in the stage's memory */
    x->pub.api = &wtl__api;
    wtl__cap_leave(WTL__NEED_ACTOR); /* the batch was left in its middle */
    cell->flags |= WTL__CELL_ENDING | WTL__CELL_BRUTAL;
    cell->reason = reason;
    wtl__cell_end(x, cell);
}
