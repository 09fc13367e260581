/* bonds.c - see bonds.h. */
#include "actor/bonds.h"

#include "actor/names.h"

void wtl__bond_signal(struct wtl__ctx *x, struct wtl_pid to, enum wtl__kind kind, uint64_t request,
                      const struct wtl_reason *reason)
{
    struct wtl__envelope *signal = wtl__envelope_new(kind);
    if (signal == NULL) {
        wtl__cell_fail(x->cell, wtl_reason_of(WTL_NO_MEMORY));
        return;
    }
    signal->msg.from = wtl__pid_of(x->runtime, x->cell);
    signal->msg.request = request;
    if (reason != NULL) {
        wtl__set_reason(signal, *reason);
    }
    (void)wtl__deliver(x->runtime, x, to, signal);
}

bool wtl__notices_flush(struct wtl__cell *cell, enum wtl__kind kind, struct wtl_pid from,
                        uint64_t ref)
{
    struct wtl__envelope **slot = &cell->fifo;
    struct wtl__envelope *last = NULL;
    uint32_t found = 0;
    if (cell->notices == 0) {
        return false; /* a queue may be long, and nearly always has none */
    }
    while (*slot != NULL) {
        struct wtl__envelope *envelope = *slot;
        bool match = envelope->msg.kind_ == kind &&
                     (kind != WTL__EXIT || wtl_pid_equal(envelope->msg.from, from)) &&
                     envelope->msg.request == ref;
        if (match) {
            *slot = envelope->next;
            wtl__envelope_free(envelope);
            found++;
        } else {
            last = envelope;
            slot = &envelope->next;
        }
    }
    cell->fifo_last = last;
    found += cell->ring != NULL ? wtl__ring_flush(cell, kind, from, ref) : 0;
    cell->notices -= found;
    return found > 0;
}

/* ---- links --------------------------------------------------------------------------------- */

void wtl__link(struct wtl_ctx *pub, struct wtl_pid to)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    if (wtl_pid_equal(to, wtl__pid_of(x->runtime, x->cell)) || wtl_pid_is_none(to)) {
        return;
    }
    struct wtl__envelope *tie = wtl__ties_find(&x->cell->ties, WTL__TIE_LINK, to, 0);
    if (tie != NULL) {
        if (tie->msg.request == 0) {
            return;
        }
        tie->msg.request = 0; /* its unlink is under way: linked anew, the late answer is ignored */
    } else {
        tie = wtl__envelope_new(WTL__LINK);
        if (tie == NULL) {
            wtl__cell_fail(x->cell, wtl_reason_of(WTL_NO_MEMORY));
            return;
        }
        tie->msg.from = to;
        wtl__ties_add(&x->cell->ties, WTL__TIE_LINK, tie);
        wtl__tie_to(x->runtime, x->cell, to);
    }
    wtl__bond_signal(x, to, WTL__LINK, 0, NULL);
}

void wtl__unlink(struct wtl_ctx *pub, struct wtl_pid to)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *tie = wtl__ties_find(&x->cell->ties, WTL__TIE_LINK, to, 0);
    if (tie != NULL && tie->msg.request == 0) {
        tie->msg.request = wtl__ref(x);
        wtl__bond_signal(x, to, WTL__UNLINK, tie->msg.request, NULL);
    }
    if (tie == NULL || (x->cell->flags & WTL__CELL_TRAPS) != 0) {
        (void)wtl__notices_flush(x->cell, WTL__EXIT, to, true); /* not what wtl_exit has sent */
    }
}

/* ---- monitors ------------------------------------------------------------------------------ */

/* A monitor of this actor's; `to` may not be known yet. NULL when memory is exhausted. */
static struct wtl__envelope *monitor_new(struct wtl__ctx *x, struct wtl_pid to)
{
    struct wtl__envelope *tie = wtl__envelope_new(WTL__MONITOR);
    if (tie == NULL) {
        wtl__cell_fail(x->cell, wtl_reason_of(WTL_NO_MEMORY));
        return NULL;
    }
    tie->msg.from = to;
    tie->msg.request = wtl__ref(x);
    wtl__ties_add(&x->cell->ties, WTL__TIE_MONITOR, tie);
    wtl__tie_to(x->runtime, x->cell, to);
    return tie;
}

uint64_t wtl__monitor(struct wtl_ctx *pub, struct wtl_pid to)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *tie = monitor_new(x, to);
    if (tie == NULL) {
        return 0;
    }
    uint64_t ref = tie->msg.request; /* the answer may end the tie at once */
    wtl__bond_signal(x, to, WTL__MONITOR, ref, NULL);
    return ref;
}

/* There is nobody to watch: that is its end. */
static void monitor_nobody(struct wtl__ctx *x, uint64_t ref, enum wtl_status status)
{
    struct wtl__envelope *tie = wtl__ties_take(&x->cell->ties, WTL__TIE_MONITOR, WTL_PID_NONE, ref);
    bool unknown = status == WTL_NOT_FOUND || status == WTL_INVALID;
    if (tie != NULL) {
        tie->msg.kind_ = WTL__DOWN;
        wtl__set_reason(tie, unknown ? WTL_REASON(WTL_EXIT_NOPROC, "noproc")
                                     : WTL_REASON(WTL_EXIT_NOCONNECTION, "noconnection"));
        wtl__fifo_notice(x->cell, tie);
    }
}

/* The holder of a name that is to be watched is known, or that there is none. */
static enum wtl_status on_holder(struct wtl_ctx *pub, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    uint64_t ref;
    (void)self;
    memcpy(&ref, context, sizeof ref);
    if (answer->status != WTL_OK) {
        monitor_nobody(x, ref, answer->status);
        return WTL_OK;
    }
    struct wtl__envelope *tie = wtl__ties_find(&x->cell->ties, WTL__TIE_MONITOR, WTL_PID_NONE, ref);
    if (tie != NULL) { /* the actor has not changed its mind meanwhile */
        tie->msg.from = answer->pid;
        wtl__tie_to(x->runtime, x->cell, answer->pid);
        wtl__bond_signal(x, answer->pid, WTL__MONITOR, ref, NULL);
    }
    return WTL_OK;
}

uint64_t wtl__monitor_name(struct wtl_ctx *pub, const char *name)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl_pid pid = wtl__name_find(x->runtime, name);
    if (!wtl_pid_is_none(pid)) {
        return wtl__monitor(pub, pid);
    }
    struct wtl__envelope *tie = monitor_new(x, WTL_PID_NONE);
    if (tie == NULL) {
        return 0;
    }
    uint64_t ref = tie->msg.request;
    if (x->runtime->port == NULL || !wtl__name_is_valid(name)) {
        monitor_nobody(x, ref, WTL_NOT_FOUND);
        return ref;
    }
    const struct wtl_call_options options = {
        .on_answer = on_holder, .context = &ref, .context_size = sizeof ref};
    struct wtl__pending *pending = wtl__pending_new(x, WTL_PID_NONE, &options);
    if (pending != NULL) {
        x->runtime->port->name_whereis(x->runtime->port_self, wtl__pid_of(x->runtime, x->cell),
                                       pending->tie.msg.request, name);
    }
    return ref;
}

bool wtl__demonitor(struct wtl_ctx *pub, uint64_t ref)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *tie = wtl__ties_take(&x->cell->ties, WTL__TIE_MONITOR, WTL_PID_NONE, ref);
    if (tie == NULL) {
        return wtl__notices_flush(x->cell, WTL__DOWN, WTL_PID_NONE, ref);
    }
    struct wtl_pid target = tie->msg.from;
    wtl__envelope_free(tie);
    if (!wtl_pid_is_none(target)) {
        wtl__bond_signal(x, target, WTL__DEMONITOR, ref, NULL);
    }
    return true;
}
