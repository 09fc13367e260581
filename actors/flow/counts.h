/*
 * counts.h - what a unit has done, over all its restarts: written by the unit, read by its host.
 *
 * Relaxed everywhere: each number is right by itself, and no other memory hangs on it.
 */
#ifndef WTL_FLOW_COUNTS_H
#define WTL_FLOW_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

enum wtl_flow_count {
    WTL_FLOW_IN = 0,      /* messages that came; of an outbox: that were accepted */
    WTL_FLOW_OUT,         /* that were sent on, redelivered ones again */
    WTL_FLOW_ACKED,       /* that are done */
    WTL_FLOW_DROPPED,     /* that were dropped on purpose */
    WTL_FLOW_REDELIVERED, /* that came once more */
    WTL_FLOW_LOST,        /* of an outbox: accepted, and lost with it */
    WTL_FLOW_STARTS,      /* how often it was started */
    WTL_FLOW_WAITING,     /* messages that are held here now */
    WTL_FLOW_COUNTS
};

struct wtl_flow_counts {
    _Atomic(uint64_t) of[WTL_FLOW_COUNTS];
};

static inline uint64_t wtl__count_get(struct wtl_flow_counts *counts, enum wtl_flow_count which)
{
    return atomic_load_explicit(&counts->of[which], memory_order_relaxed);
}

/* Thread: the unit's. */
static inline void wtl__count_set(struct wtl_flow_counts *counts, enum wtl_flow_count which,
                                  uint64_t value)
{
    atomic_store_explicit(&counts->of[which], value, memory_order_relaxed);
}

static inline void wtl__count_add(struct wtl_flow_counts *counts, enum wtl_flow_count which,
                                  uint64_t more)
{
    wtl__count_set(counts, which, wtl__count_get(counts, which) + more);
}

#endif
