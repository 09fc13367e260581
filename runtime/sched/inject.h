/*
 * inject.h - the global queue: actors made runnable by threads that are no workers, and what does
 * not fit into a worker's run queue.
 *
 * First in, first out for the items of one pusher. A push never waits, not for a worker either. One
 * worker takes at a time; another one that tries meanwhile gets nothing and looks elsewhere.
 *
 * Thread: any, everything but init.
 * Owns:   nothing; the link of an item is the queue's from push to take.
 * Bounds: none of its own: an actor is in at most one queue, so there are at most as many items as
 *         actors.
 * Order:  what was written before push is seen by whoever takes the item. push and
 *         wtl__inject_count are sequentially consistent, for the handshake with parking workers
 *         (runq.h).
 */
#ifndef WTL_SCHED_INJECT_H
#define WTL_SCHED_INJECT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/list.h"

struct wtl__inject {
    /* Written by pushers. */
    __attribute__((aligned(128))) _Atomic(struct wtl__fifo_link *) incoming; /* newest first */
    _Atomic(uint64_t) count; /* raised before a push, lowered after a take: never too low */

    /* Written by the worker that holds `is_taken`. */
    __attribute__((aligned(128))) _Atomic(int) is_taken; /* 0 free, 1 a worker takes */
    struct wtl__fifo waiting;                            /* oldest first */
};

void wtl__inject_init(struct wtl__inject *queue);

void wtl__inject_push(struct wtl__inject *queue, struct wtl__fifo_link *link);

/* Pushes all items of a FIFO, in its order and with one operation; the FIFO is empty afterwards. */
void wtl__inject_push_all(struct wtl__inject *queue, struct wtl__fifo *items);

/* Moves up to `max` of the oldest items behind those of `items_out`; returns how many. 0 also when
 * another worker takes just now. */
uint32_t wtl__inject_take(struct wtl__inject *queue, uint32_t max, struct wtl__fifo *items_out);

/* How many items there are; never 0 while one is there. */
uint64_t wtl__inject_count(const struct wtl__inject *queue);

#endif
