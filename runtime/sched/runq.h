/*
 * runq.h - the run queue of one worker: a ring of 256 pointers that others may steal from.
 *
 * First in, first out. The owner pushes and pops; any other worker takes half of it at once into
 * its own queue. Not unbounded: when the ring is full the owner sheds half of it to the inject
 * queue (inject.h).
 *
 * Thread: push, pop and shed by the owner; steal by the owner of `thief`; the rest by any.
 * Owns:   nothing; items are pointers, never NULL, and each comes out exactly once.
 * Bounds: WTL__RUNQ_MAX items.
 * Order:  what was written before push is seen by whoever gets the item. A worker that parks must
 *         look at the queues after it has announced that, and a pusher at the announcement after
 *         its push, all four seq_cst: wtl__runq_push_wake is the push for that, wtl__runq_count the
 *         look. wtl__runq_push is cheaper and enough when the owner itself will run the item.
 */
#ifndef WTL_SCHED_RUNQ_H
#define WTL_SCHED_RUNQ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WTL__RUNQ_MAX = 256, WTL__RUNQ_HALF = WTL__RUNQ_MAX / 2 };

struct wtl__runq {
    /* Written by everyone who takes. Counts for ever; the slot is the count modulo the size. */
    __attribute__((aligned(128))) _Atomic(uint64_t) head;

    /* Written by the owner. */
    __attribute__((aligned(128))) _Atomic(uint64_t) tail;
    _Atomic(void *) slots[WTL__RUNQ_MAX];
};

void wtl__runq_init(struct wtl__runq *queue);

/* Appends an item. False: the ring is full, shed first. */
bool wtl__runq_push(struct wtl__runq *queue, void *item) __attribute__((warn_unused_result));
bool wtl__runq_push_wake(struct wtl__runq *queue, void *item) __attribute__((warn_unused_result));

/* Takes the oldest item; NULL when there is none. */
void *wtl__runq_pop(struct wtl__runq *queue);

/* Takes the older half, at most WTL__RUNQ_HALF items, oldest first; returns how many. */
uint32_t wtl__runq_shed(struct wtl__runq *queue, void *items_out[WTL__RUNQ_HALF]);

/* Takes the older half of the victim's items: the oldest is returned, the others go to the thief's
 * queue, as far as there is room. NULL when there was nothing, or when others took it first. */
void *wtl__runq_steal(struct wtl__runq *thief, struct wtl__runq *victim);

/* How many items have ever been taken: the same at two looks means no progress. Thread: any. */
static inline uint64_t wtl__runq_head(const struct wtl__runq *queue)
{
    return atomic_load_explicit(&queue->head, memory_order_relaxed);
}

/* How many items there are; a guess on any thread but the owner's while others take. */
uint32_t wtl__runq_count(const struct wtl__runq *queue);

#endif
