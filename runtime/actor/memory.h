/*
 * memory.h - what an actor may hold: blocks of its own, and the cap on all that is its.
 *
 * A type with a memory_max is capped: wtl_alloc, messages and replies that wait, and messages that
 * it keeps count together. One that comes over its cap is killed when its function returns or
 * before the next message, with a report (OTP: max_heap_size). Without a cap nothing is counted but
 * wtl_alloc.
 *
 * Thread: the holder of the run token. Owns: a cell owns its blocks until free_all.
 */
#ifndef WTL_ACTOR_MEMORY_H
#define WTL_ACTOR_MEMORY_H

#include "actor/cell.h"

/* May it have so much more, by its cap? */
bool wtl__memory_has_room(const struct wtl__cell *cell, size_t size);
/* NULL when memory is exhausted, or over the cap: then the actor is ending. */
void *wtl__memory_take(struct wtl__cell *cell, size_t size);
void wtl__memory_give(struct wtl__cell *cell, void *block);
void wtl__memory_free_all(struct wtl__cell *cell);

/* It is over its cap, with `used` bytes of its own: it is killed, and that is reported. */
void wtl__memory_over(struct wtl__cell *cell, uint64_t used);

/* ---- of capped actors; of others these do nothing, unless it says otherwise -------------------
 */

/* Envelopes have come to its queue. */
void wtl__memory_enters(struct wtl__cell *cell, const struct wtl__envelope *list);
/* Is it over its cap, with what waits in its ring? */
void wtl__memory_check(struct wtl__cell *cell);
/* The reply to a call has come. */
void wtl__memory_replied(struct wtl__cell *cell, const struct wtl__envelope *reply);
/* The head of the queue is going to be handled: a message, or the request that was answered. */
void wtl__memory_leaves(struct wtl__cell *cell, const struct wtl__envelope *head);
/* A message is kept beyond its handler, and released again. */
void wtl__memory_keeps(struct wtl__cell *cell, const struct wtl__envelope *kept);
void wtl__memory_releases(struct wtl__cell *cell, const struct wtl__envelope *kept);

#endif
