/*
 * supervisor_watch.c - a child that makes no progress is a failed child.
 *
 * Children with a progress_ms are looked at WTL__WATCH_LOOKS times within it. One that has begun a
 * function since the last look, or for which nothing waits, is well. One that runs and has not is
 * still in the same function. One that does not run although messages wait is sent a probe, which
 * runs on it all the same and comes back as a message: held for the same answer as the last time,
 * it waits in vain; suspended, or parked before somebody else's full mailbox, it is not at fault.
 * Nor is one whose save or upgrade runs: when that does not return the upgrade fails, which has a
 * deadline, and the actor goes on as it was.
 *
 * What is counted is looks, not time by the clock: when the whole process was stopped, everybody
 * was. Hung for progress_ms, a child is killed, which acts when its function returns. If it does
 * not, whoever stands around modules' code is asked to end it (runtime->interrupt), at each look;
 * where that cannot be, it is said once that its worker is lost.
 *
 * Thread: the holder of the supervisor's run token, but for the probe, which runs on the child.
 */
#include "actor/supervisor_private.h"

#include <stdio.h>

#include "base/pool.h"

/* ---- the probe ----------------------------------------------------------------------------- */

/* The request whose answer keeps the actor from what waits in its queue; 0: none does. */
static uint64_t held_for(const struct wtl__cell *cell)
{
    bool held = (cell->flags & WTL__CELL_HELD) != 0 && cell->fifo != NULL &&
                (cell->flags & (WTL__CELL_PARKED | WTL__CELL_SUSPENDED | WTL__CELL_UPGRADING)) == 0;
    return held && !wtl__held_is_answered(cell) ? cell->held_request : 0;
}

static void probe_run(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__envelope *probe = &control->signal;
    struct wtl_pid supervisor = probe->msg.from;
    if (cell == NULL) {
        wtl__envelope_free(probe);
        return;
    }
    probe->msg.kind_ = WTL__LOCAL;
    probe->msg.tag = WTL__TAG_PROBE;
    probe->msg.from = wtl__pid_of(x->runtime, cell);
    probe->msg.request = held_for(cell);
    (void)wtl__deliver(x->runtime, x, supervisor, probe);
}

/* Without memory there is no probe, and the child is looked at again. */
static void send_probe(struct wtl_ctx *pub, const struct wtl__member *member,
                       struct wtl__care *care)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__control *probe = wtl__pool_take(sizeof *probe);
    if (probe == NULL) {
        return;
    }
    *probe = (struct wtl__control){.run = probe_run};
    probe->signal.msg.kind_ = WTL__CONTROL;
    probe->signal.msg.from = wtl_self(pub);
    care->probed = true;
    (void)wtl__deliver(x->runtime, x,
                       (struct wtl_pid){.node = x->runtime->node, .local = member->local},
                       &probe->signal);
}

void wtl__watch_answered(const struct wtl__supervisor *sup, struct wtl__member *member,
                         uint64_t held)
{
    struct wtl__care *care = wtl__member_care(sup, member);
    if (care != NULL && care->probed) {
        care->probed = false;
        care->stuck_ms = held != 0 && held == care->held ? care->stuck_ms : 0;
        care->held = held;
    }
}

/* ---- looking ------------------------------------------------------------------------------- */

static void found_hung(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                       struct wtl__member *member, const struct wtl__care *care)
{
    char text[48];
    (void)snprintf(text, sizeof text, "no progress for %u ms", (unsigned)care->stuck_ms);
    wtl__supervisor_report(x, sup, "child_hung", member, text);
    member->flags |= WTL__MEMBER_HUNG;
    wtl__member_kill(x, member);
}

/* It was killed, and is still there. At the second look that sees it so, a function of it does not
 * return. */
static void found_alive(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                        struct wtl__member *member, struct wtl__care *care, uint32_t progress_ms)
{
    if (care->killed_ms > 0) {
        wtl__interrupt(wtl__ctx_of(x)->runtime, member->local, 0);
    }
    care->killed_ms += sup->watch_ms;
    if (care->killed_ms >= progress_ms && (member->flags & WTL__MEMBER_STUCK) == 0) {
        member->flags |= WTL__MEMBER_STUCK;
        wtl__supervisor_report(x, sup, "child_stuck", member,
                               "killed, and its function does not return: one worker is lost to it "
                               "until it does; find where it blocks, or restart the node");
    }
}

/* Counts how long it has made no progress. */
static void see(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                const struct wtl__member *member, const struct wtl__cell *cell,
                struct wtl__care *care)
{
    enum wtl__activity activity = wtl__inbox_activity(&cell->inbox);
    uint32_t turns = wtl__cell_turns(cell);
    if (turns != care->turns || activity == WTL__RESTS || (turns & WTL__CELL_TRIES) != 0) {
        care->turns = turns;
        care->stuck_ms = 0;
        care->held = 0;
    } else if (activity == WTL__RUNS || care->held != 0) {
        care->stuck_ms += sup->watch_ms;
    }
    if (activity == WTL__WAITS && !care->probed) {
        send_probe(x, member, care);
    }
}

static void look(struct wtl_ctx *x, const struct wtl__supervisor *sup, struct wtl__member *member,
                 uint32_t progress_ms)
{
    struct wtl__care *care = wtl__member_care(sup, member);
    const struct wtl__cells *cells = &wtl__ctx_of(x)->runtime->cells;
    const struct wtl__cell *cell = wtl__cells_find(cells, member->local);
    if (cell == NULL) {
        return; /* the word of its end is on its way */
    }
    if ((member->flags & WTL__MEMBER_KILLED) != 0) {
        found_alive(x, sup, member, care, progress_ms);
    } else if (member->state == WTL__MEMBER_RUNNING) { /* the others have times of their own */
        see(x, sup, member, cell, care);
        if (care->stuck_ms >= progress_ms) {
            found_hung(x, sup, member, care);
        }
    }
}

static void arm(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    sup->watch_timer = wtl_after(x, sup->watch_ms, WTL__TAG_WATCH, NULL);
    if (sup->watch_timer == 0) {
        wtl_stop(x, wtl_reason_of(WTL_NO_MEMORY));
    }
}

static void disarm(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    if (sup->watch_timer != 0) {
        (void)wtl_timer_cancel(x, sup->watch_timer);
        sup->watch_timer = 0;
    }
}

void wtl__watch_begin(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    uint32_t progress_ms = wtl__member_spec(sup, member)->progress_ms;
    if (progress_ms == 0) {
        return;
    }
    struct wtl__care *care = wtl__member_care(sup, member);
    uint32_t ms = progress_ms < WTL__WATCH_LOOKS ? 1 : progress_ms / WTL__WATCH_LOOKS;
    care->stuck_ms = 0;
    care->killed_ms = 0;
    care->held = 0;
    care->turns = 0;
    care->probed = false;
    if (sup->watch_ms == 0 || ms < sup->watch_ms) {
        sup->watch_ms = ms;
        disarm(x, sup);
    }
    if (sup->watch_timer == 0) {
        arm(x, sup);
    }
}

void wtl__watch_look(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    bool some = false;
    WTL_LIST_EACH (link, &sup->order) {
        struct wtl__member *member = WTL_LIST_ITEM(link, struct wtl__member, order);
        uint32_t progress_ms = wtl__member_spec(sup, member)->progress_ms;
        if (progress_ms != 0 && wtl__member_has_actor(member)) {
            look(x, sup, member, progress_ms);
            some = true;
        }
    }
    disarm(x, sup); /* a look at the old pace may come behind what has set this one */
    if (some) {
        arm(x, sup);
    }
}
