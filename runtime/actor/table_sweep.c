/*
 * table_sweep.c - the memory of what has expired is taken back by the owner of the table.
 *
 * What has expired is not found any more, from that very moment; this is about its bytes alone. A
 * writer that brings an earlier end than any before asks the owner, by a signal, to set its alarm;
 * the alarm sweeps some, and is set again for the next. Neither is seen by the actor. Ends are
 * rounded up, so that many entries need one alarm.
 */
#include "actor/tables.h"

#include "base/pool.h"
#include "table/table.h"

/* What is swept together, in milliseconds. */
#define ROUND_MS 1024u

/* Asks the owner to look at the table again. */
struct ask {
    struct wtl__control control;
    uint64_t id;
};

static uint64_t round_up(uint64_t ms)
{
    return ms < WTL__WHEEL_NEVER - ROUND_MS ? (ms / ROUND_MS + 1) * ROUND_MS : WTL__WHEEL_NEVER - 1;
}

/* Makes the sweep due by then. True: it was not due that early before. */
static bool make_due(struct wtl__owned *owned, uint64_t due_ms)
{
    uint64_t before_ms = atomic_load(&owned->sweep_ms);
    while (due_ms < before_ms) {
        /* seq_cst, as in sweep_due: the entry is in the wheel before this is read, there the wheel
         * is read after this was written, so that one of the two sees the other */
        if (atomic_compare_exchange_weak(&owned->sweep_ms, &before_ms, due_ms)) {
            return true;
        }
    }
    return false;
}

static struct wtl__owned *owned_by(struct wtl__cell *cell, uint64_t id)
{
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_TABLE, WTL_PID_NONE, id);
    return tie != NULL ? WTL_CONTAINER(tie, struct wtl__owned, tie) : NULL;
}

/* A table that has changed hands meanwhile has been looked at when it arrived. */
static void asked(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct ask *ask = WTL_CONTAINER(control, struct ask, control);
    struct wtl__owned *owned = cell != NULL ? owned_by(cell, ask->id) : NULL;
    if (owned != NULL) {
        wtl__table_arm_sweep(x, owned);
    }
    wtl__pool_give(ask);
}

void wtl__table_arrange_sweep(struct wtl__ctx *x, struct wtl__owned *owned)
{
    uint64_t due_ms = wtl__table_take_due(owned->table);
    if (due_ms == WTL__WHEEL_NEVER || !make_due(owned, round_up(due_ms))) {
        return;
    }
    struct ask *ask = wtl__pool_take(sizeof *ask);
    if (ask == NULL) {
        atomic_store(&owned->sweep_ms, WTL__WHEEL_NEVER); /* whoever comes next asks */
        return;
    }
    *ask =
        (struct ask){.control = {.run = asked, .signal.msg.kind_ = WTL__CONTROL}, .id = owned->id};
    struct wtl_pid owner = {
        .node = x->runtime->node,
        .local = atomic_load_explicit(&owned->owner, memory_order_relaxed),
    };
    (void)wtl__deliver(x->runtime, x, owner, &ask->control.signal);
}

static void arm(struct wtl__ctx *x, struct wtl__owned *owned, uint64_t due_ms)
{
    owned->sweep->deadline_ms = due_ms;
    owned->sweep_is_armed = true;
    x->runtime->host->alarm_arm(x, owned->sweep);
}

/* The alarm has come to the owner. */
static void sweep_due(struct wtl__alarm *alarm, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__owned *owned = owned_by(cell, alarm->request);
    owned->sweep_is_armed = false;
    atomic_store(&owned->sweep_ms, WTL__WHEEL_NEVER);
    wtl__table_enter();
    uint64_t next_ms = wtl__table_sweep(owned->table);
    wtl__table_leave();
    if (next_ms != WTL__WHEEL_NEVER) {
        uint64_t now_ms = x->runtime->host->now_ns(x->runtime) / WTL__NS_PER_MS;
        (void)make_due(owned, next_ms <= now_ms ? now_ms + 1 : round_up(next_ms));
    }
    wtl__table_arm_sweep(x, owned);
}

void wtl__table_arm_sweep(struct wtl__ctx *x, struct wtl__owned *owned)
{
    uint64_t due_ms = atomic_load(&owned->sweep_ms);
    if (due_ms == WTL__WHEEL_NEVER) {
        return;
    }
    if (owned->sweep == NULL) {
        owned->sweep = wtl__alarm_new(x, owned->id, 0);
        if (owned->sweep == NULL) {
            atomic_store(&owned->sweep_ms, WTL__WHEEL_NEVER);
            return;
        }
        owned->sweep->run = sweep_due;
    } else if (owned->sweep_is_armed) {
        if (due_ms >= owned->sweep->deadline_ms ||
            !x->runtime->host->alarm_disarm(x, owned->sweep)) {
            return; /* early enough, or its signal is under way */
        }
    }
    arm(x, owned, due_ms);
}

void wtl__table_stop_sweep(struct wtl__ctx *x, struct wtl__owned *owned)
{
    if (owned->sweep == NULL) {
        return;
    }
    if (owned->sweep_is_armed) {
        wtl__alarm_stop(x, owned->sweep);
    } else {
        wtl__alarm_free(owned->sweep);
    }
    owned->sweep = NULL;
    owned->sweep_is_armed = false;
}
