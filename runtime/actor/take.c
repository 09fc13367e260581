/* take.c - see take.h. */
#include "actor/take.h"

#include "actor/memory.h"

/* The actor that had this cell before and for which an envelope was meant: the latest generation
 * with those low bits. A push is never late by 2^16 lives of a cell. */
static struct wtl_pid former_pid(const struct wtl__ctx *x, const struct wtl__cell *cell,
                                 uint16_t low)
{
    uint64_t behind = (uint16_t)(cell->generation - low);
    return (struct wtl_pid){.node = x->runtime->node,
                            .local = wtl__cell_local(cell) - (behind << WTL_PID_SLOT_BITS)};
}

void wtl__sort_in(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    uint16_t generation = (uint16_t)cell->generation;
    while (envelope != NULL) {
        struct wtl__envelope *next = envelope->next;
        if (WTL_UNLIKELY(envelope->msg.runtime_ != generation)) {
            cell->handled += envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED;
            wtl__count(x->runtime, WTL__COUNT_STALE);
            wtl__refuse(x->runtime, x, former_pid(x, cell, envelope->msg.runtime_), envelope,
                        WTL_REASON(WTL_EXIT_NOPROC, "noproc"));
        } else if (WTL_LIKELY(envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED)) {
            wtl__fifo_append(cell, envelope);
        } else {
            wtl__signal(x, cell, envelope);
        }
        envelope = next;
    }
}

/* The same for a ring: what does not act at once goes back to it, but for what the actor waits for.
 * What waits in cell->fifo is in front of all that. */
static void sort_ring(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *taken)
{
    struct wtl__envelope *front = cell->fifo;
    struct wtl__envelope *front_last = cell->fifo_last;
    struct wtl__envelope *awaited = NULL; /* the last of them first */
    cell->fifo = NULL;
    wtl__sort_in(x, cell, taken);
    while (wtl__is_awaited(cell)) {
        struct wtl__envelope *envelope = cell->fifo;
        cell->fifo = envelope->next;
        envelope->next = awaited;
        awaited = envelope;
    }
    struct wtl__dropped dropped = wtl__ring_return(cell, cell->fifo);
    cell->fifo = front;
    cell->fifo_last = front_last;
    while (awaited != NULL) {
        struct wtl__envelope *envelope = awaited;
        awaited = envelope->next;
        wtl__fifo_front(cell, envelope);
    }
    wtl__drop(x->runtime, x, wtl__pid_of(x->runtime, cell), dropped);
}

struct wtl__envelope *wtl__take_special(struct wtl__ctx *x, struct wtl__cell *cell,
                                        uint32_t handled)
{
    struct wtl__envelope *taken;
    if (cell->ring == NULL) {
        taken = wtl__inbox_take(&cell->inbox, handled);
        wtl__memory_enters(cell, taken);
        return taken;
    }
    taken = wtl__ring_take(cell, handled);
    if (taken != NULL) {
        sort_ring(x, cell, taken);
    }
    wtl__memory_check(cell);
    return NULL;
}
