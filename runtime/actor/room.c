/* room.c - see room.h. */
#include "actor/room.h"

void wtl__room_wait(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl_pid receiver = x->blocked_on;
    x->blocked_on = WTL_PID_NONE;
    uint32_t waiting = wtl__inbox_count(&cell->inbox) - cell->handled;
    if ((cell->flags & (WTL__CELL_SYSTEM | WTL__CELL_ENDING)) != 0 || cell->waiters != NULL ||
        waiting >= wtl__mailbox_max(cell)) {
        return;
    }
    struct wtl__envelope *wait = wtl__envelope_new(WTL__WAIT);
    if (wait != NULL) {
        wait->msg.from = wtl__pid_of(x->runtime, cell);
        cell->flags |= WTL__CELL_PARKED;
        (void)wtl__deliver(x->runtime, x, receiver, wait);
    }
}

static void resume(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *waiter)
{
    struct wtl_pid to = waiter->msg.from;
    waiter->msg.kind_ = WTL__RESUME;
    waiter->msg.from = wtl__pid_of(x->runtime, cell);
    (void)wtl__deliver(x->runtime, x, to, waiter);
}

void wtl__room_spare(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_pid callee)
{
    struct wtl__envelope **slot = &cell->waiters;
    while (*slot != NULL) {
        struct wtl__envelope *waiter = *slot;
        if (wtl_pid_equal(waiter->msg.from, callee)) {
            *slot = waiter->next;
            resume(x, cell, waiter);
        } else {
            slot = &waiter->next;
        }
    }
}

void wtl__room_give(struct wtl__ctx *x, struct wtl__cell *cell)
{
    uint32_t waiting = wtl__inbox_count(&cell->inbox) - cell->handled;
    if (waiting >= wtl__mailbox_low(cell)) {
        return;
    }
    struct wtl__envelope *waiter = cell->waiters;
    cell->waiters = NULL;
    while (waiter != NULL) {
        struct wtl__envelope *next = waiter->next;
        resume(x, cell, waiter);
        waiter = next;
    }
}
